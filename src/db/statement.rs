//! A statement on its way to a driver.

use sqlx::query::Query;
use sqlx::{AssertSqlSafe, Database, Encode, Type};

use crate::mapping::sql::{Bind, Statement};

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
        Bind::Text(text) => query.bind(text),
        Bind::Int(number) => query.bind(number),
        Bind::Real(number) => query.bind(number),
        Bind::Blob(bytes) => query.bind(bytes),
        Bind::Null => query.bind(None::<String>),
    })
}
