//! What PostgreSQL says of itself, of the rights in it, and of tables nobody has mapped yet.

use std::borrow::Cow;

use anyhow::Result;
use chrono::Utc;
use sqlx::Row;
use sqlx::postgres::PgRow;

use super::tables::kind;
use super::{Postgres, grants, plain};
use crate::db::Which;
use crate::db::survey::Columns;
use crate::mapping::described::{Described, End};
use crate::mapping::resolve::{Field, Table};
use crate::mapping::sql::{Bind, Selection, Statement};
use crate::mapping::{Dialect, Mapping, Wanted};
use crate::model::{Counted, Mail, Millis, Rights, Server};
use crate::window::Window;

const CATALOGUE: &str = include_str!("../../../queries/postgres/catalogue.sql");
const COUNT: &str = include_str!("../../../queries/count.sql");
const INDEXES: &str = include_str!("../../../queries/postgres/indexes.sql");
const RIGHTS: &str = include_str!("../../../queries/postgres/rights.sql");
const SERVER: &str = include_str!("../../../queries/postgres/server.sql");
const STATUS_COUNTS: &str = include_str!("../../../queries/status_counts.sql");
const WITH_ERROR: &str = include_str!("../../../queries/with_error.sql");

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
    /// Version, connection, role and clock.
    pub async fn server(&mut self) -> Result<Server> {
        let before = Utc::now().timestamp_millis();
        let rows = self.all(plain(SERVER)).await?;
        // the server looked at its clock somewhere between
        let here = Millis::midpoint(before, Utc::now().timestamp_millis());
        let row = &rows[0];
        Ok(Server {
            version: row.try_get(0)?,
            is_remote: row.try_get(1)?,
            tls: row.try_get(2)?,
            tls_by: "add sslmode=verify-full to the URL, or connect through the server's socket where it is on this host",
            role: row.try_get(3)?,
            clock_ahead: Some(row.try_get::<Millis, _>(4)? - here),
            zone: row.try_get(5)?,
        })
    }

    /// The log and the further tables.
    pub async fn tables(&mut self, wanted: &Wanted) -> Result<Vec<Table>> {
        let mut tables = vec![self.table(&wanted.table, "--table or [email_log] table").await?];
        for join in &wanted.joins {
            tables.push(self.table(&join.table, "[email_log]").await?);
        }
        Ok(tables)
    }

    /// What the role may do with these tables.
    pub async fn rights(&mut self, tables: &[Table]) -> Result<Rights> {
        let role = self.server().await?.role.unwrap_or_default();
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
                let revoke = || vec![grants::revoke(table, &role)];
                rights.revokes = if can_be_revoked { revoke() } else { grants::reader(&names) };
            }
        }
        rights.grants = grants::needed(&closed, &role);
        Ok(rights)
    }

    async fn right(&mut self, (schema, name): &(String, String)) -> Result<Option<Right>> {
        let binds = vec![Bind::Text(schema.to_owned()), Bind::Text(name.to_owned())];
        let rows = self.all(Statement { binds, ..plain(RIGHTS) }).await?;
        let right = |row: &PgRow| {
            Ok::<_, sqlx::Error>(Right {
                may_read: row.try_get(0)? && row.try_get(1)?,
                may_write: row.try_get(2)?,
                is_granted: row.try_get(3)?,
                is_owner: row.try_get(4)?,
                kind: row.try_get(5)?,
            })
        };
        Ok(rows.first().map(right).transpose()?)
    }

    /// Every table with the columns that may be read, and those of which none may.
    pub async fn catalogue(&mut self) -> Result<(Vec<Described>, Vec<String>)> {
        let (mut tables, mut closed): (Vec<Described>, Vec<String>) = (Vec::new(), Vec::new());
        let mut keys: Vec<(i32, String)> = Vec::new();
        for row in self.all(plain(CATALOGUE)).await? {
            let (schema, name): (String, String) = (row.try_get(0)?, row.try_get(1)?);
            if !row.try_get::<bool, _>(3)? {
                closed.push(format!("{schema}.{name}"));
                continue;
            }
            let is_next =
                tables.last().is_none_or(|last| (&last.table.schema, &last.table.name) != (&schema, &name));
            if is_next {
                keys.clear();
                tables.push(Described {
                    table: Table { schema, name, columns: Vec::new() },
                    is_visible: row.try_get(2)?,
                    keys: Vec::new(),
                    estimate: row.try_get(4)?,
                });
            }
            let column: String = row.try_get(5)?;
            keys.extend(row.try_get::<Option<i32>, _>(8)?.map(|rank| (-rank, column.clone())));
            keys.sort_by_key(|(rank, _)| *rank);
            let last = tables.last_mut().expect("one was just added, or was there");
            last.keys = keys.iter().map(|(_, key)| key.clone()).collect();
            last.table.columns.push(Field { name: column, kind: kind(row.try_get(6)?, row.try_get(7)?) });
        }
        closed.dedup();
        // one of which some columns may be read is open
        let name = |open: &Described| format!("{}.{}", open.table.schema, open.table.name);
        closed.retain(|closed| !tables.iter().any(|open| name(open) == *closed));
        Ok((tables, closed))
    }

    /// Rows of one end of a table. A refusal would end the transaction, so it goes back to where it was before.
    pub async fn sampled(&mut self, described: &Described, end: End) -> Result<Vec<Vec<Option<String>>>> {
        self.all(plain("SAVEPOINT sample")).await?;
        let sampled = self.try_to_sample(described, end).await;
        if sampled.is_err() {
            self.all(plain("ROLLBACK TO SAVEPOINT sample")).await?;
        }
        sampled
    }

    async fn try_to_sample(&mut self, described: &Described, end: End) -> Result<Vec<Vec<Option<String>>>> {
        let mut rows = Vec::new();
        let columns = described.table.columns.len();
        self.each(described.sample(Dialect::Postgres, end), &mut |cells| {
            let value = |column| Ok(cells.text(column)?.map(Cow::into_owned));
            rows.push((0..columns).map(value).collect::<Result<_>>()?);
            Ok(true)
        })
        .await?;
        Ok(rows)
    }

    /// How many of so many rows have which status word.
    pub async fn status_counts(
        &mut self,
        mapping: &Mapping,
        by_key: bool,
        most: u32,
    ) -> Result<Vec<Counted>> {
        let mut counted = Vec::new();
        let selection = Selection { limit: Some(most.into()), newest_first: by_key, ..Selection::default() };
        self.each(mapping.statement(&selection, STATUS_COUNTS), &mut |cells| {
            let word = cells.text(0)?.map(Cow::into_owned);
            counted.push(Counted { word, rows: cells.count(1)?, with_error: cells.count(2)? });
            Ok(true)
        })
        .await?;
        Ok(counted)
    }

    /// The number of rows, or one more than `most`.
    pub async fn count(&mut self, mapping: &Mapping, most: u32) -> Result<u64> {
        let mut rows = 0;
        let selection =
            Selection { limit: Some(i64::from(most) + 1), own_only: true, ..Selection::default() };
        self.each(mapping.statement(&selection, COUNT), &mut |cells| {
            rows = cells.count(0)?;
            Ok(true)
        })
        .await?;
        Ok(rows)
    }

    /// How the failed mails of a day would be found, and whether by an index.
    pub async fn plan_of(&mut self, mapping: &Mapping, day: Window) -> Result<(Vec<String>, bool)> {
        let word = mapping.words.all().next().map(|word| vec![Bind::Text(word.to_owned())]);
        let plan = self.plan(mapping, word, day).await?;
        Ok((plan, self.index(mapping, day).await?.is_some()))
    }

    /// The columns of each index of a table.
    pub async fn indexes(&mut self, (schema, table): &(String, String)) -> Result<Columns> {
        let binds = vec![Bind::Text(schema.clone()), Bind::Text(table.clone())];
        let rows = self.all(Statement { binds, ..plain(INDEXES) }).await?;
        rows.iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?))).collect()
    }

    /// The statement that makes an index, if the table can have one.
    pub async fn create_index(
        &mut self,
        table: &(String, String),
        columns: &[&str],
    ) -> Result<Option<String>> {
        let kind = self.right(table).await?.map(|right| right.kind).unwrap_or_default();
        let can_have = CAN_HAVE_INDEX.contains(&kind.as_str());
        Ok(can_have.then(|| grants::index(table, columns, kind == "p")))
    }

    /// Mails with an error text.
    pub async fn with_error(
        &mut self,
        mapping: &Mapping,
        mails: &Which<'_>,
        each: &mut dyn FnMut(Mail),
    ) -> Result<()> {
        self.mails(mapping, mails, WITH_ERROR, each).await
    }
}
