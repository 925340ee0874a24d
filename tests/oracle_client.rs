//! The stand-in for Oracle's client library, under the driver as it is.
#![allow(missing_docs, clippy::unwrap_used, reason = "a test file")]

mod support;

use support::oracle::OracleDatabase;

#[test]
fn first_steps() {
    let log = OracleDatabase::fresh();
    assert_eq!(log.value("SELECT 1 + 1 FROM dual"), "2");
    log.sql(
        "CREATE TABLE t (id NUMBER(19) PRIMARY KEY, name VARCHAR2(20), sent DATE, body CLOB, at TIMESTAMP WITH TIME ZONE);
         INSERT INTO t VALUES (1, 'wörld', DATE '2026-03-04', 'a long text', TIMESTAMP '2026-01-02 03:04:05.678 +02:00');",
    );
    let connection = log.connect();
    let mut statement = connection.statement("SELECT id, name AS n, sent, body, at, sent + 1, MAX(sent) OVER () m, COUNT(*) OVER (), name || 'x' FROM t WHERE id = :1 AND name IN (:2, :3) AND sent >= :4").build().unwrap();
    let date = oracle::sql_type::Timestamp::new(2026, 3, 4, 0, 0, 0, 0).unwrap();
    let rows = statement.query(&[&1, &"wörld", &"x", &(&date, &oracle::sql_type::OracleType::Date)]).unwrap();
    for column in rows.column_info() {
        println!("{} {}", column.name(), column.oracle_type());
    }
    for row in rows {
        println!("{:?}", row.unwrap().sql_values());
    }
}
