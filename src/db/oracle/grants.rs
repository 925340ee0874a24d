//! The statements that a person runs to put rights and indexes right, in the words of the user's own tables.

use crate::mapping::sql::quoted;

/// What a user who may only read is called where a new one is proposed.
const READER: &str = "MAILTHROTTLE_READER";

/// Words that are no names unless quoted.
/// Source: <https://docs.oracle.com/en/database/oracle/oracle-database/19/sqlrf/Oracle-SQL-Reserved-Words.html>
const RESERVED: &str = " ACCESS ADD ALL ALTER AND ANY AS ASC AUDIT BETWEEN BY CHAR CHECK CLUSTER COLUMN COLUMN_VALUE COMMENT \
    COMPRESS CONNECT CREATE CURRENT DATE DECIMAL DEFAULT DELETE DESC DISTINCT DROP ELSE EXCLUSIVE EXISTS FILE FLOAT FOR FROM \
    GRANT GROUP HAVING IDENTIFIED IMMEDIATE IN INCREMENT INDEX INITIAL INSERT INTEGER INTERSECT INTO IS LEVEL LIKE LOCK LONG \
    MAXEXTENTS MINUS MLSLABEL MODE MODIFY NESTED_TABLE_ID NOAUDIT NOCOMPRESS NOT NOWAIT NULL NUMBER OF OFFLINE ON ONLINE \
    OPTION OR ORDER PCTFREE PRIOR PUBLIC RAW RENAME RESOURCE REVOKE ROW ROWID ROWNUM ROWS SELECT SESSION SET SHARE SIZE \
    SMALLINT START SUCCESSFUL SYNONYM SYSDATE TABLE THEN TO TRIGGER UID UNION UNIQUE UPDATE USER VALIDATE VALUES VARCHAR \
    VARCHAR2 VIEW WHENEVER WHERE WITH ";

/// What lets a user read tables, given by schema and name.
pub fn needed(tables: &[(String, String)], role: &str) -> Vec<String> {
    tables.iter().map(|table| format!("GRANT SELECT ON {} TO {role}", qualified(table))).collect()
}

/// What lets a user run a statement that writes: to a table that it names with its schema, or to make one.
pub fn to_write(sql: &str, role: &str) -> Vec<String> {
    let line = sql.lines().next().unwrap_or_default();
    let right = match line.split_once(' ') {
        Some(("UPDATE", table)) => table.split_once("\".\"").map(|(schema, name)| {
            let table = (schema.trim_matches('"').to_owned(), name.trim_matches('"').to_owned());
            format!("GRANT UPDATE ON {} TO {role}", qualified(&table))
        }),
        Some(("CREATE", _)) => Some(format!("GRANT CREATE TABLE TO {role} (or use --ledger sqlite:PATH)")),
        _ => None,
    };
    right.into_iter().collect()
}

/// What takes the right to write to a table from a user that it was given to.
pub fn revoke(table: &(String, String), rights: &[String], role: &str) -> String {
    format!("REVOKE {} ON {} FROM {}", rights.join(", "), qualified(table), identifier(role))
}

/// What makes a user who may only read.
pub fn reader(tables: &[(String, String)]) -> Vec<String> {
    let create = format!("CREATE USER {READER} IDENTIFIED BY \"...\"");
    let login = format!("GRANT CREATE SESSION TO {READER}");
    [create, login].into_iter().chain(needed(tables, READER)).collect()
}

/// Bytes of a name, up to 12.1. Source: <https://docs.oracle.com/en/database/oracle/oracle-database/19/sqlrf/Database-Object-Names-and-Qualifiers.html>
const LONGEST_NAME: usize = 30;

/// What makes an index.
pub fn index(table: &(String, String), columns: &[&str]) -> String {
    let names: Vec<_> = columns.iter().map(|column| identifier(column)).collect();
    let name = format!("{}_{}", table.1, columns.last().copied().unwrap_or_default());
    let name = format!("{}_IX", &name[..name.floor_char_boundary(LONGEST_NAME - "_IX".len())]);
    format!(
        "CREATE INDEX {}.{} ON {} ({}) /* Enterprise Edition: add ONLINE, so that writers go on meanwhile */",
        identifier(&table.0),
        identifier(&name),
        qualified(table),
        names.join(", ")
    )
}

fn qualified((schema, table): &(String, String)) -> String {
    format!("{}.{}", identifier(schema), identifier(table))
}

/// A name as a person writes it in SQL: in quotes only where it needs them.
pub fn identifier(name: &str) -> String {
    let is_plain = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || matches!(c, '_' | '$' | '#');
    let begins = name.starts_with(|c: char| c.is_ascii_uppercase());
    if begins && name.chars().all(is_plain) && !RESERVED.contains(&format!(" {name} ")) {
        name.to_owned()
    } else {
        quoted(name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stand_in_quotes_only_where_they_must() {
        let names = ["EMAIL_LOG", "TO", "Mail Box", "email_log", "X$1", "1X", ""];
        assert_eq!(
            names.map(identifier),
            ["EMAIL_LOG", "\"TO\"", "\"Mail Box\"", "\"email_log\"", "X$1", "\"1X\"", "\"\""]
        );
    }

    #[test]
    fn the_right_that_a_write_needs_is_told_by_its_statement() {
        let needed = |sql| to_write(sql, "REPORT").join(" ");
        assert_eq!(
            needed("UPDATE \"ERP\".\"Mail Log\"\nSET x = 1"),
            "GRANT UPDATE ON ERP.\"Mail Log\" TO REPORT"
        );
        assert_eq!(needed("CREATE TABLE x"), "GRANT CREATE TABLE TO REPORT (or use --ledger sqlite:PATH)");
        assert_eq!(needed("UPDATE mailthrottle_mail SET x = 1"), "");
    }

    #[test]
    fn statements_are_in_oracles_words() {
        let table = ("ERP".to_owned(), "EMAIL_LOG".to_owned());
        assert_eq!(
            needed(std::slice::from_ref(&table), "REPORT"),
            ["GRANT SELECT ON ERP.EMAIL_LOG TO REPORT"]
        );
        assert_eq!(
            index(&table, &["STATUS", "SENT_DATE"]),
            "CREATE INDEX ERP.EMAIL_LOG_SENT_DATE_IX ON ERP.EMAIL_LOG (STATUS, SENT_DATE) \
             /* Enterprise Edition: add ONLINE, so that writers go on meanwhile */"
        );
        let long = ("ERP".to_owned(), "OUTGOING_CUSTOMER_NOTIFICATIONS_ÄÄ".to_owned());
        assert!(index(&long, &["AT"]).starts_with("CREATE INDEX ERP.OUTGOING_CUSTOMER_NOTIFICAT_IX ON "));
    }
}
