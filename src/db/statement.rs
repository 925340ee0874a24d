//! Statements on their way to a driver.

use sqlx::query::Query;
use sqlx::{AssertSqlSafe, Database, Encode, Type};

use crate::mapping::sql::{Bind, Statement, body};

/// A step of a transaction that writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WriteStep {
    /// It begins.
    Begin,
    /// It ends; all of it is on the disk then.
    Commit,
    /// It ends, and nothing of it was done.
    RollBack,
}

/// Safe, since a statement is made of query files, of names that were looked up and quoted, and of binds.
pub fn query<DB>(statement: Statement) -> Query<'static, DB, DB::Arguments>
where
    DB: Database,
    String: Encode<'static, DB> + Type<DB>,
    i64: Encode<'static, DB> + Type<DB>,
    f64: Encode<'static, DB> + Type<DB>,
    Vec<u8>: Encode<'static, DB> + Type<DB>,
    Option<String>: Encode<'static, DB> + Type<DB>,
{
    statement.binds.into_iter().fold(sqlx::query(AssertSqlSafe(statement.sql)), |query, bind| match bind {
        Bind::Text(text) | Bind::National(text) => query.bind(text),
        Bind::Int(number) => query.bind(number),
        Bind::Real(number) => query.bind(number),
        Bind::Blob(bytes) => query.bind(bytes),
        Bind::Null => query.bind(None::<String>),
    })
}

/// The statements of a file, each without the comments before it.
pub fn statements(file: &str) -> impl Iterator<Item = &str> {
    body(file).split(";\n").map(str::trim).filter(|statement| !statement.is_empty())
}

/// A statement's text in which each mark, as `:1`, `$1` or `?1`, is what `mark` makes of its number. Quoted text has
/// no mark.
pub fn with_marks(sql: &str, mut mark: impl FnMut(usize) -> String) -> String {
    let (mut written, mut rest) = (String::with_capacity(sql.len()), sql);
    while let Some(place) = rest.find(['\'', '"', ':', '$', '?']) {
        let (before, after) = rest.split_at(place + 1);
        written.push_str(before);
        rest = after;
        if before.ends_with(['\'', '"']) {
            let quoted = rest.find(&before[place..]).map_or(rest.len(), |end| end + 1);
            written.push_str(&rest[..quoted]);
            rest = &rest[quoted..];
            continue;
        }
        let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        if digits > 0 {
            written.pop();
            written.push_str(&mark(rest[..digits].parse().unwrap_or(0)));
            rest = &rest[digits..];
        }
    }
    written.push_str(rest);
    written
}
