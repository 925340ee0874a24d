//! Finds the tables that the mapping names, and what their columns hold.
//!
//! The server's catalogue is open to every role, so a name that is not there is answered with those that are.

use anyhow::{Result, bail};

use super::{Postgres, grants, plain};
use crate::db::catalogue::{self, Indexes};
use crate::db::names::{Name, no_table};
use crate::db::row::Row;
use crate::mapping::described::Described;
use crate::mapping::name_parts;
use crate::mapping::resolve::{ColumnKind, Field, MappingError, TableDescription};
use crate::mapping::sql::{Bind, Statement};
use crate::model::Rights;

const CATALOGUE: &str = include_str!("../../../queries/postgres/catalogue.sql");
const COLUMNS: &str = include_str!("../../../queries/postgres/columns.sql");
const INDEXES: &str = include_str!("../../../queries/postgres/indexes.sql");
const RIGHTS: &str = include_str!("../../../queries/postgres/rights.sql");
const TABLES: &str = include_str!("../../../queries/postgres/tables.sql");

/// Kinds of tables that can have an index: tables, partitioned tables, materialised views.
const CAN_HAVE_INDEX: [&str; 3] = ["r", "p", "m"];

/// What a role may do with a table.
struct Right {
    may_read: bool,
    may_write: bool,
    /// Whether the right to write was given to the role itself.
    is_granted: bool,
    is_owner: bool,
    kind: String,
}

impl Postgres {
    /// A table or view by the name the user wrote.
    ///
    /// # Errors
    /// A `MappingError` where it is not there, or the server's refusal.
    pub async fn table(&mut self, wanted: &str, key: &str) -> Result<TableDescription> {
        let there: Vec<_> = self.rows(plain(TABLES)).await?.iter().map(name).collect();
        let Some((schema, name)) = find(wanted, &there) else {
            let place = &self.asked.name;
            if there.is_empty() {
                bail!(MappingError(format!("{place} holds no table at all; name another database in --db")));
            }
            bail!(no_table(wanted, key, place, &there))
        };
        let named = (schema.clone(), name.clone());
        let field = |row: &Row| Field { name: text(row, 0), kind: kind(text(row, 1), row.is_true(2)) };
        let columns = self.of_table(COLUMNS, &named).await?.iter().map(field).collect();
        if !self.asked.tables.contains(&named) {
            self.asked.tables.push(named);
        }
        Ok(TableDescription { schema, name, columns })
    }

    async fn of_table(&mut self, sql: &str, (schema, name): &(String, String)) -> Result<Vec<Row>> {
        let binds = vec![Bind::Text(schema.clone()), Bind::Text(name.clone())];
        self.rows(Statement { binds, ..plain(sql) }).await
    }

    /// Every table with the columns that may be read, and those of which none may.
    ///
    /// # Errors
    /// The server's refusal.
    pub async fn catalogue(&mut self) -> Result<(Vec<Described>, Vec<String>)> {
        let rows = self.rows(plain(CATALOGUE)).await?;
        Ok(catalogue::tables(&rows, |row| kind(text(row, 7), row.is_true(8))))
    }

    /// What a role may do with these tables, the log first.
    ///
    /// # Errors
    /// The server's refusal.
    pub async fn rights(&mut self, tables: &[TableDescription], role: &str) -> Result<Rights> {
        let names: Vec<_> = tables.iter().map(|table| (table.schema.clone(), table.name.clone())).collect();
        let (mut rights, mut closed) = (Rights::default(), Vec::new());
        for (place, table) in names.iter().enumerate() {
            let Some(right) = self.right(table).await? else {
                continue;
            };
            if !right.may_read {
                closed.push(table.clone());
            }
            if place == 0 && right.may_write {
                rights.may_write = true;
                // a right that comes with ownership or from elsewhere cannot be taken from the role alone
                let can_be_revoked = right.is_granted && !right.is_owner;
                let revoke = || vec![grants::revoke(table, role)];
                rights.revokes = if can_be_revoked { revoke() } else { grants::reader(&names) };
            }
        }
        rights.grants = grants::needed(&closed, role);
        Ok(rights)
    }

    async fn right(&mut self, table: &(String, String)) -> Result<Option<Right>> {
        let rows = self.of_table(RIGHTS, table).await?;
        Ok(rows.first().map(|row| Right {
            may_read: row.is_true(0) && row.is_true(1),
            may_write: row.is_true(2),
            is_granted: row.is_true(3),
            is_owner: row.is_true(4),
            kind: text(row, 5),
        }))
    }

    /// The indexes of a table.
    ///
    /// # Errors
    /// The server's refusal.
    pub async fn indexes(&mut self, table: &(String, String), wanted: &[&str]) -> Result<Indexes> {
        let rows = self.of_table(INDEXES, table).await?;
        let kind = self.right(table).await?.map(|right| right.kind).unwrap_or_default();
        let can_have = CAN_HAVE_INDEX.contains(&kind.as_str());
        Ok(Indexes {
            columns: rows.iter().map(|row| (text(row, 0), row.text(1))).collect(),
            create: can_have.then(|| grants::index(table, wanted, kind == "p")),
        })
    }
}

fn text(row: &Row, column: usize) -> String {
    row.text(column).unwrap_or_default()
}

fn name(row: &Row) -> Name {
    Name { schema: text(row, 0), name: text(row, 1), is_visible: row.is_true(2) }
}

/// What a column of this type holds.
fn kind(name: String, is_enum: bool) -> ColumnKind {
    match name.as_str() {
        _ if is_enum => ColumnKind::Enum(name),
        "text" | "character varying" | "name" => ColumnKind::Text,
        "character" => ColumnKind::Padded,
        "smallint" | "integer" | "bigint" => ColumnKind::Integer,
        "numeric" | "real" | "double precision" => ColumnKind::Decimal,
        "boolean" => ColumnKind::Truth,
        "timestamp with time zone" => ColumnKind::Instant,
        "timestamp without time zone" => ColumnKind::WallClock,
        "date" => ColumnKind::Day,
        "bytea" => ColumnKind::Bytes,
        _ => ColumnKind::Other(name),
    }
}

/// A table by the name the user wrote: to the letter, else with its schema or found without it, whatever the case where
/// just one fits.
fn find(wanted: &str, tables: &[Name]) -> Option<(String, String)> {
    let parts = name_parts(wanted);
    let same = |a: &str, b: &str, exact: bool| if exact { a == b } else { a.eq_ignore_ascii_case(b) };
    let fits = |Name { schema, name, is_visible }: &Name, exact| match parts.as_slice() {
        [bare] => *is_visible && same(bare, name, exact),
        [of, bare] => same(of, schema, exact) && same(bare, name, exact),
        _ => false,
    };
    let whole = tables.iter().find(|table| table.is_visible && table.name == wanted);
    let by_parts = || {
        [true, false].into_iter().find_map(|exact| {
            let mut found = tables.iter().filter(|table| fits(table, exact));
            found.next().filter(|_| found.next().is_none())
        })
    };
    whole.or_else(by_parts).map(|table| (table.schema.clone(), table.name.clone()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_is_found_by_the_name_a_user_writes() {
        let table = |schema: &str, name: &str, is_visible| Name {
            schema: schema.to_owned(),
            name: name.to_owned(),
            is_visible,
        };
        let tables = [
            table("public", "email_log", true),
            table("erp", "email_log", false),
            table("Mail Box", "Sent.Items", false),
            table("public", "Twice", true),
            table("public", "the \"log\"", true),
            table("public", "twice", true),
        ];
        let found = |wanted| find(wanted, &tables).map(|(schema, name)| format!("{schema}/{name}"));
        assert_eq!(found("email_log").as_deref(), Some("public/email_log"));
        assert_eq!(found("EMAIL_LOG").as_deref(), Some("public/email_log"));
        assert_eq!(found("ERP.email_log").as_deref(), Some("erp/email_log"));
        assert_eq!(found("\"Mail Box\".\"Sent.Items\"").as_deref(), Some("Mail Box/Sent.Items"));
        assert_eq!(found("\"the \"\"log\"\"\"").as_deref(), Some("public/the \"log\""));
        assert_eq!(found("twice").as_deref(), Some("public/twice"));
        assert_eq!(found("TWICE"), None);
        assert_eq!(found("other.email_log"), None);
    }
}
