//! What SQLite says of itself and of tables nobody has mapped yet.

use anyhow::Result;
use sqlx::Row;
use sqlx::sqlite::SqliteRow;

use super::{Sqlite, TABLES, plain, values};
use crate::db::Which;
use crate::db::survey::Columns;
use crate::mapping::described::{Described, End};
use crate::mapping::resolve::{Field, Kind, Table};
use crate::mapping::sql::{Bind, Selection, Statement, quoted};
use crate::mapping::{Dialect, Mapping, Wanted};
use crate::model::{Counted, Mail, Server};
use crate::window::Window;

const COUNT: &str = include_str!("../../../queries/count.sql");
const DESCRIBED_COLUMNS: &str = include_str!("../../../queries/sqlite/described_columns.sql");
const INDEXES: &str = include_str!("../../../queries/sqlite/indexes.sql");
const SERVER: &str = include_str!("../../../queries/sqlite/server.sql");
const STATUS_COUNTS: &str = include_str!("../../../queries/status_counts.sql");
const WITH_ERROR: &str = include_str!("../../../queries/with_error.sql");

impl Sqlite {
    /// Its version; it has no clock of its own, and the file is on this host.
    pub async fn server(&mut self) -> Result<Server> {
        let rows = self.all(plain(SERVER)).await?;
        let version = rows.first().map_or(Ok(String::new()), |row| row.try_get(0))?;
        Ok(Server { version, ..Server::default() })
    }

    /// The log and the further tables.
    pub async fn tables(&mut self, wanted: &Wanted) -> Result<Vec<Table>> {
        let mut tables = vec![self.table(&wanted.table, "--table or [email_log] table").await?.0];
        for join in &wanted.joins {
            tables.push(self.table(&join.table, "[email_log]").await?.0);
        }
        Ok(tables)
    }

    /// Every table; a view that is broken is left out.
    pub async fn catalogue(&mut self) -> Result<Vec<Described>> {
        let mut tables = Vec::new();
        for row in self.all(plain(TABLES)).await? {
            let (name, has_key) = (self.text(&row, 0)?.unwrap_or_default(), row.try_get::<bool, _>(1)?);
            match self.described(name, has_key).await {
                Ok(described) => tables.push(described),
                Err(error) => tracing::info!("left out: {error:#}"),
            }
        }
        Ok(tables)
    }

    async fn described(&mut self, name: String, has_key: bool) -> Result<Described> {
        let (mut columns, mut keys) = (Vec::new(), Vec::new());
        let binds = vec![Bind::Text(name.clone())];
        for row in self.all(Statement { binds, ..plain(DESCRIBED_COLUMNS) }).await? {
            let name = self.text(&row, 0)?.unwrap_or_default();
            keys.extend(row.try_get::<Option<i64>, _>(1)?.map(|rank| (rank, name.clone())));
            columns.push(Field { name, kind: Kind::Any });
        }
        keys.sort_by_key(|(rank, _)| -rank);
        let is_hidden = columns.iter().any(|field| field.name.eq_ignore_ascii_case("rowid"));
        if keys.is_empty() && has_key && !is_hidden {
            keys.push((0, "rowid".to_owned()));
            columns.push(Field { name: "rowid".to_owned(), kind: Kind::Any });
        }
        Ok(Described {
            table: Table { schema: "main".to_owned(), name, columns },
            is_visible: true,
            keys: keys.into_iter().map(|(_, name)| name).collect(),
            estimate: None,
        })
    }

    /// Rows of one end of a table.
    pub async fn sampled(&mut self, described: &Described, end: End) -> Result<Vec<Vec<Option<String>>>> {
        let mut rows = Vec::new();
        let columns = described.table.columns.len();
        self.each(described.sample(Dialect::Sqlite, end), &mut |row| {
            let value = |column| Ok(values::text(row, column)?.map(|(text, _)| text));
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
        self.each(mapping.statement(&selection, STATUS_COUNTS), &mut |row| {
            let number = |column| Ok::<_, anyhow::Error>(u64::try_from(row.try_get::<i64, _>(column)?)?);
            let word = values::text(row, 0)?.map(|(text, _)| text);
            counted.push(Counted { word, rows: number(1)?, with_error: number(2)? });
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
        self.each(mapping.statement(&selection, COUNT), &mut |row| {
            rows = u64::try_from(row.try_get::<i64, _>(0)?)?;
            Ok(true)
        })
        .await?;
        Ok(rows)
    }

    /// How the failed mails of a day would be found, and whether by an index.
    pub async fn plan_of(&mut self, mapping: &Mapping, day: Window) -> Result<(Vec<String>, bool)> {
        let word = mapping.words.all().next().map(|word| vec![Bind::Text(word.to_owned())]);
        let plan = self.plan(mapping, word, day).await?;
        Ok((plan.lines().map(str::to_owned).collect(), self.index(mapping, day).await?.is_some()))
    }

    /// The columns of each index of a table; its integer key needs none.
    pub async fn indexes(&mut self, (_, table): &(String, String)) -> Result<Columns> {
        let of_table = |sql| Statement { binds: vec![Bind::Text(table.clone())], ..plain(sql) };
        let mut columns = vec![("key".to_owned(), Some("rowid".to_owned()))];
        for row in self.all(of_table(DESCRIBED_COLUMNS)).await? {
            if row.try_get::<Option<i64>, _>(1)?.is_some() {
                let name = self.text(&row, 0)?.unwrap_or_default();
                columns.push((format!("key {name}"), Some(name)));
            }
        }
        for row in self.all(of_table(INDEXES)).await? {
            columns.push((self.text(&row, 0)?.unwrap_or_default(), self.text(&row, 1)?));
        }
        Ok(columns)
    }

    /// The statement that makes an index, if the table can have one.
    pub async fn create_index(
        &mut self,
        (_, table): &(String, String),
        columns: &[&str],
    ) -> Result<Option<String>> {
        let tables = self.all(plain(TABLES)).await?;
        let can_have = |row: &&SqliteRow| {
            row.try_get::<&str, _>(0).is_ok_and(|name| name == table)
                && row.try_get::<bool, _>(1).unwrap_or(false)
        };
        let name = quoted(&format!("{table}_{}", columns.join("_")));
        let columns: Vec<_> = columns.iter().map(|column| quoted(column)).collect();
        let create = || format!("CREATE INDEX {name} ON {} ({})", quoted(table), columns.join(", "));
        Ok(tables.iter().find(can_have).map(|_| create()))
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
