//! Several statements at once: the driver keeps SQLite on a thread of its own, and to hand a statement over and to fetch its
//! answer takes longer than to run it.

use std::path::Path;

use anyhow::Result;
use futures_util::TryStreamExt;
use sqlx::{Either, Executor, SqliteConnection};

use super::error;
use super::values::cells;
use crate::db::row::Row;
use crate::db::statement::{query, with_marks};
use crate::mapping::sql::{Statement, body};

/// What came of a statement.
#[derive(Default)]
pub struct StatementResult {
    /// The rows of its answer.
    pub rows: Vec<Row>,
    /// How many rows it changed, if it does change rows.
    pub changed: u64,
}

/// Runs statements one after the other. Those that follow each other with the same text are handed over at once, and are
/// prepared only when so many of them first come together.
///
/// # Errors
/// The first refusal; statements after it do not run.
pub async fn run_each(
    connection: &mut SqliteConnection,
    path: &Path,
    statements: &[Statement],
) -> Result<Vec<StatementResult>> {
    let mut all = Vec::with_capacity(statements.len());
    for alike in statements.chunk_by(|one, next| one.sql == next.sql) {
        let mut answers = connection.fetch_many(query(joined(alike)));
        let mut ran = StatementResult::default();
        while let Some(part) = answers.try_next().await.map_err(|cause| error::writing(cause, path))? {
            match part {
                Either::Right(row) => ran.rows.push(Row::of(cells(&row)?)),
                Either::Left(done) => {
                    ran.changed = done.rows_affected();
                    all.push(std::mem::take(&mut ran));
                }
            }
        }
    }
    Ok(all)
}

/// Statements as one text, the marks of each numbered on from those before it. They are written `$9`, since a `?9` makes SQLite
/// count nine marks in its statement, and the driver would give values to all of them.
fn joined(statements: &[Statement]) -> Statement {
    let (mut texts, mut binds) = (Vec::with_capacity(statements.len()), Vec::new());
    for statement in statements {
        texts.push(with_marks(body(&statement.sql), |place| format!("${}", binds.len() + place)));
        binds.extend_from_slice(&statement.binds);
    }
    Statement { sql: texts.join(";\n"), binds, ..statements[0].clone() }
}

#[cfg(test)]
mod tests {
    use sqlx::Connection;

    use super::*;
    use crate::mapping::Dialect;
    use crate::mapping::sql::Bind;

    fn statement(sql: &str, binds: &[i64]) -> Statement {
        let binds = binds.iter().copied().map(Bind::Int).collect();
        Statement { dialect: Dialect::Sqlite, sql: sql.to_owned(), binds }
    }

    #[tokio::test]
    async fn each_statement_has_its_own_values_and_its_own_answer() {
        let mut connection = SqliteConnection::connect("sqlite::memory:").await.unwrap();
        let insert = "-- a comment\nINSERT INTO t SELECT $1, '?1 $2' WHERE $2 > $1;\n";
        let select = "SELECT a, b FROM t WHERE a >= ?1";
        let statements = [
            statement("CREATE TABLE t (a, b)", &[]),
            statement(insert, &[1, 2]),
            statement(insert, &[3, 2]),
            statement(insert, &[4, 9]),
            statement(insert, &[5, 9]),
            statement(select, &[2]),
            statement(select, &[5]),
            statement("UPDATE t SET a = a + $1", &[1]),
        ];
        let ran = run_each(&mut connection, Path::new("t.db"), &statements).await.unwrap();
        assert_eq!([1, 2, 3, 4, 7].map(|place| ran[place].changed), [1, 0, 1, 1, 3]);
        let row = &ran[5].rows[0];
        assert_eq!((row.text(0).as_deref(), row.text(1).as_deref()), (Some("4"), Some("?1 $2")));
        assert_eq!((ran.len(), ran[5].rows.len(), ran[6].rows.len()), (8, 2, 1));
    }

    #[tokio::test]
    async fn what_stands_after_a_refusal_is_not_run() {
        let mut connection = SqliteConnection::connect("sqlite::memory:").await.unwrap();
        let insert = "INSERT INTO t VALUES ($1)";
        let make = statement("CREATE TABLE t (a UNIQUE)", &[]);
        let twice = [make, statement(insert, &[1]), statement(insert, &[1]), statement(insert, &[2])];
        assert!(run_each(&mut connection, Path::new("t.db"), &twice).await.is_err());
        let count = [statement("SELECT count(*) FROM t", &[])];
        let ran = run_each(&mut connection, Path::new("t.db"), &count).await.unwrap();
        assert_eq!(ran[0].rows[0].number(0), Some(1));
    }
}
