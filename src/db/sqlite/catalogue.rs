//! The tables of a SQLite file, their columns and indexes.

use anyhow::{Result, bail};

use super::{Sqlite, plain};
use crate::db::catalogue::Indexes;
use crate::db::names::{Name, no_table};
use crate::db::row::Row;
use crate::mapping::described::Described;
use crate::mapping::resolve::{ColumnKind, Field, MappingError, TableDescription};
use crate::mapping::sql::{Bind, Statement, quoted};

const COLUMNS: &str = include_str!("../../../queries/sqlite/columns.sql");
const DESCRIBED_COLUMNS: &str = include_str!("../../../queries/sqlite/described_columns.sql");
const INDEXES: &str = include_str!("../../../queries/sqlite/indexes.sql");
const TABLES: &str = include_str!("../../../queries/sqlite/tables.sql");

/// The name of the key that a table has without a column of its own.
const KEY: &str = "rowid";

impl Sqlite {
    /// A table by its name, whatever the case the user wrote it in.
    ///
    /// # Errors
    /// A `MappingError` where it is not there, or SQLite's refusal.
    pub async fn table(&mut self, wanted: &str, key: &str) -> Result<TableDescription> {
        let (name, has_key) = self.find(wanted, key).await?;
        let mut columns: Vec<_> =
            self.of_table(COLUMNS, &name).await?.iter().map(|row| field(text(row))).collect();
        // a column of that name hides the key
        if has_key && !has_column(&columns, KEY) {
            columns.push(field(KEY.to_owned()));
            self.keyed.insert(name.clone());
        }
        Ok(TableDescription { schema: "main".to_owned(), name, columns })
    }

    async fn find(&mut self, wanted: &str, key: &str) -> Result<(String, bool)> {
        let tables = self.tables().await?;
        let bare = match wanted.split_once('.') {
            Some((schema, name)) if schema.eq_ignore_ascii_case("main") => name,
            _ => wanted,
        };
        let find = |name: &str| tables.iter().find(|(there, _)| there.eq_ignore_ascii_case(name));
        if let Some(found) = find(wanted).or_else(|| find(bare)) {
            return Ok(found.clone());
        }
        let file = self.path.display().to_string();
        if tables.is_empty() {
            bail!(MappingError(format!("{file} holds no table at all; give another file to --db")));
        }
        let name = |(name, _)| Name { schema: "main".to_owned(), name, is_visible: true };
        bail!(no_table(wanted, key, &file, &tables.into_iter().map(name).collect::<Vec<_>>()))
    }

    /// Every table and view, and whether it has a key to page by.
    async fn tables(&mut self) -> Result<Vec<(String, bool)>> {
        Ok(self.rows(plain(TABLES)).await?.iter().map(|row| (text(row), row.is_true(1))).collect())
    }

    async fn of_table(&mut self, sql: &str, table: &str) -> Result<Vec<Row>> {
        self.rows(Statement { binds: vec![Bind::Text(table.to_owned())], ..plain(sql) }).await
    }

    /// Every table; a view that is broken is left out.
    ///
    /// # Errors
    /// SQLite's refusal.
    pub async fn catalogue(&mut self) -> Result<Vec<Described>> {
        let mut tables = Vec::new();
        for (name, has_key) in self.tables().await? {
            match self.described(name, has_key).await {
                Ok(described) => tables.push(described),
                Err(error) => tracing::info!("left out: {error:#}"),
            }
        }
        Ok(tables)
    }

    async fn described(&mut self, name: String, has_key: bool) -> Result<Described> {
        let rows = self.of_table(DESCRIBED_COLUMNS, &name).await?;
        let mut columns: Vec<_> = rows.iter().map(|row| field(text(row))).collect();
        let mut keys: Vec<_> =
            rows.iter().filter_map(|row| Some((-row.number::<i64>(1)?, text(row)))).collect();
        keys.sort_by_key(|(rank, _)| *rank);
        if keys.is_empty() && has_key && !has_column(&columns, KEY) {
            keys.push((0, KEY.to_owned()));
            columns.push(field(KEY.to_owned()));
        }
        Ok(Described {
            table: TableDescription { schema: "main".to_owned(), name, columns },
            is_visible: true,
            keys: keys.into_iter().map(|(_, name)| name).collect(),
            estimate: None,
        })
    }

    /// The indexes of a table, its integer key, which needs none, among them.
    ///
    /// # Errors
    /// SQLite's refusal.
    pub async fn indexes(&mut self, (_, table): &(String, String), wanted: &[&str]) -> Result<Indexes> {
        let mut columns = vec![("key".to_owned(), Some(KEY.to_owned()))];
        for row in self.of_table(DESCRIBED_COLUMNS, table).await? {
            if row.number::<i64>(1).is_some() {
                let name = text(&row);
                columns.push((format!("key {name}"), Some(name)));
            }
        }
        columns.extend(self.of_table(INDEXES, table).await?.iter().map(|row| (text(row), row.text(1))));
        let can_have = self.tables().await?.iter().any(|(name, has_key)| name == table && *has_key);
        let create = can_have.then(|| {
            let name = quoted(&format!("{table}_{}", wanted.join("_")));
            let wanted: Vec<_> = wanted.iter().map(|column| quoted(column)).collect();
            format!("CREATE INDEX {name} ON {} ({})", quoted(table), wanted.join(", "))
        });
        Ok(Indexes { columns, create })
    }
}

fn text(row: &Row) -> String {
    row.text(0).unwrap_or_default()
}

fn field(name: String) -> Field {
    Field { name, kind: ColumnKind::Any }
}

fn has_column(columns: &[Field], name: &str) -> bool {
    columns.iter().any(|field| field.name.eq_ignore_ascii_case(name))
}
