//! Finds the tables that the mapping names, and what their columns hold.
//!
//! The server's catalogue is open to every role, so a name that is not there is answered with those that are.

use anyhow::{Result, bail};
use sqlx::Row as _;

use super::{Postgres, plain, values};
use crate::mapping::resolve::{Field, Kind, Misfit, Table};
use crate::mapping::sql::{Bind, Selection, Statement};
use crate::mapping::time::{Form, Sampled};
use crate::mapping::{Column, Dialect, Mapping, Wanted, name_parts, nearest};

const COLUMNS: &str = include_str!("../../../queries/postgres/columns.sql");
const TABLES: &str = include_str!("../../../queries/postgres/tables.sql");
const TIME_SAMPLE: &str = include_str!("../../../queries/postgres/time_sample.sql");

/// A message lists so many tables at most.
const LISTED: usize = 20;

impl Postgres {
    /// Finds the tables and their columns, and looks at how the times are written.
    ///
    /// # Errors
    /// No such table or column, or the server's refusal.
    pub async fn mapping(&mut self, wanted: &Wanted) -> Result<Mapping> {
        let log = self.table(&wanted.table, "--table or [email_log] table").await?;
        let mut further = Vec::new();
        for join in &wanted.joins {
            further.push(self.table(&join.table, &format!("{} table", join.key())).await?);
        }
        let mut mapping = Mapping::resolve(wanted, Dialect::Postgres, &log, &further).map_err(Misfit)?;
        self.asked.indexes = mapping.indexes();
        mapping.form = self.form(&mapping).await?;
        let time = mapping.names(Column::SentDate).join(", ");
        tracing::info!("times in {time} are read as {}; naive ones in {}", mapping.form, mapping.zone);
        Ok(mapping)
    }

    pub(super) async fn table(&mut self, wanted: &str, key: &str) -> Result<Table> {
        let mut tables = Vec::new();
        for row in self.all(plain(TABLES)).await? {
            tables.push((row.try_get(0)?, row.try_get(1)?, row.try_get(2)?));
        }
        let Some((schema, name)) = find(wanted, &tables) else {
            bail!(Misfit(no_table(wanted, key, &tables, &self.asked.name)))
        };
        let columns = self.columns(&schema, &name).await?;
        let named = (schema.clone(), name.clone());
        if !self.asked.tables.contains(&named) {
            self.asked.tables.push(named);
        }
        Ok(Table { schema, name, columns })
    }

    pub(super) async fn columns(&mut self, schema: &str, table: &str) -> Result<Vec<Field>> {
        let binds = vec![Bind::Text(schema.to_owned()), Bind::Text(table.to_owned())];
        let rows = self.all(Statement { binds, ..plain(COLUMNS) }).await?;
        rows.iter()
            .map(|row| Ok(Field { name: row.try_get(0)?, kind: kind(row.try_get(1)?, row.try_get(2)?) }))
            .collect()
    }

    async fn form(&mut self, mapping: &Mapping) -> Result<Form> {
        match mapping.kind_of_time(Column::SentDate) {
            None | Some(Kind::Instant | Kind::LocalInstant) => return Ok(Form::Instant),
            Some(Kind::WallClock | Kind::WallSecond) => return Ok(Form::WallClock),
            Some(Kind::Day) => return Ok(Form::Day),
            Some(_) => {}
        }
        let is_number = matches!(mapping.kind_of_time(Column::SentDate), Some(Kind::Integer | Kind::Decimal));
        let rows = self.all(mapping.statement(&Selection::default(), TIME_SAMPLE)).await?;
        let sample: Vec<_> = rows
            .iter()
            .map(|row| Ok(Sampled { is_number, text: values::text(row, 0)?.unwrap_or_default() }))
            .collect::<Result<_>>()?;
        Ok(match Form::of(&sample) {
            // a column without a row says nothing, but its type does
            Form::Text if is_number => Form::Seconds,
            form => form,
        })
    }
}

/// What a column of this type holds.
pub(super) fn kind(name: String, is_enum: bool) -> Kind {
    match name.as_str() {
        _ if is_enum => Kind::Enum(name),
        "text" | "character varying" | "name" => Kind::Text,
        "character" => Kind::Padded,
        "smallint" | "integer" | "bigint" => Kind::Integer,
        "numeric" | "real" | "double precision" => Kind::Decimal,
        "boolean" => Kind::Truth,
        "timestamp with time zone" => Kind::Instant,
        "timestamp without time zone" => Kind::WallClock,
        "date" => Kind::Day,
        "bytea" => Kind::Bytes,
        _ => Kind::Other(name),
    }
}

/// A table by the name the user wrote: to the letter, else with its schema or found without it, whatever the case where
/// just one fits.
fn find(wanted: &str, tables: &[(String, String, bool)]) -> Option<(String, String)> {
    let parts = name_parts(wanted);
    let same = |a: &str, b: &str, exact: bool| if exact { a == b } else { a.eq_ignore_ascii_case(b) };
    let fits = |(schema, name, is_visible): &(String, String, bool), exact| match parts.as_slice() {
        [bare] => *is_visible && same(bare, name, exact),
        [of, bare] => same(of, schema, exact) && same(bare, name, exact),
        _ => false,
    };
    let whole = tables.iter().find(|(_, name, is_visible)| *is_visible && name == wanted);
    let by_parts = || {
        [true, false].into_iter().find_map(|exact| {
            let mut found = tables.iter().filter(|table| fits(table, exact));
            found.next().filter(|_| found.next().is_none())
        })
    };
    whole.or_else(by_parts).map(|(schema, name, _)| (schema.clone(), name.clone()))
}

fn no_table(wanted: &str, key: &str, tables: &[(String, String, bool)], database: &str) -> String {
    let name = |(schema, name, is_visible): &(String, String, bool)| {
        if *is_visible { name.clone() } else { format!("{schema}.{name}") }
    };
    let names: Vec<String> = tables.iter().map(name).collect();
    if names.is_empty() {
        return format!("{database} holds no table at all; name another database in --db");
    }
    let bare = name_parts(wanted).pop().unwrap_or_default();
    let elsewhere = tables.iter().find(|(_, name, _)| name.eq_ignore_ascii_case(&bare)).map(name);
    let near = elsewhere.or_else(|| nearest(&bare, &names).map(str::to_owned));
    let near = near.map_or_else(String::new, |near| format!(" (did you mean '{near}'?)"));
    let more =
        if names.len() > LISTED { format!(" and {} more", names.len() - LISTED) } else { String::new() };
    format!(
        "no table '{}' in {database}, which has {}{more}{near}; name it by {key}",
        wanted.escape_debug(),
        names.iter().take(LISTED).cloned().collect::<Vec<_>>().join(", ")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_is_found_by_the_name_a_user_writes() {
        let table = |schema: &str, name: &str, visible| (schema.to_owned(), name.to_owned(), visible);
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
