//! Tables as the catalogue and a few of their rows describe them, to guess from.
//!
//! A sample is bounded, since the table may have ten million rows: the newest and the oldest by its key, or any.

use crate::mapping::Dialect;
use crate::mapping::resolve::{ColumnKind, TableDescription};
use crate::mapping::sql::{Statement, body, quoted, quoted_table};

/// Rows from each end of a table.
pub const SAMPLED: u32 = 200;

/// Characters of a value that are looked at.
const CUT: u32 = 200;

const SAMPLE: &str = include_str!("../../queries/sample.sql");

/// A table or view of the catalogue, with the columns that may be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Described {
    /// Its names and columns.
    pub table: TableDescription,
    /// Whether it is found without its schema.
    pub is_visible: bool,
    /// Columns that are a key by themselves, the primary one first.
    pub keys: Vec<String>,
    /// About how many rows it has, where the database knows without counting.
    pub estimate: Option<i64>,
}

impl Described {
    /// The name as the config writes it.
    pub fn name(&self, dialect: Dialect) -> String {
        let TableDescription { schema, name, .. } = &self.table;
        let part = |part: &str| {
            if part.contains(['.', '"']) { quoted(part) } else { part.to_owned() }
        };
        match (dialect, self.is_visible) {
            (Dialect::Sqlite, _) => name.clone(),
            (_, true) => part(name),
            (_, false) => format!("{}.{}", part(schema), part(name)),
        }
    }

    /// The statement that gives rows of one end of the table, as text.
    pub fn sample(&self, dialect: Dialect, end: TableEnd) -> Statement {
        let columns: Vec<_> = self
            .table
            .columns
            .iter()
            .map(|field| {
                let value = dialect.sampled(&format!("t.{}", quoted(&field.name)), &field.kind, CUT);
                format!("{value} AS {}", quoted(&field.name))
            })
            .collect();
        let order = match (self.keys.first(), end) {
            (Some(key), TableEnd::Newest) => format!(" ORDER BY t.{} DESC", quoted(key)),
            (Some(key), TableEnd::Oldest) => format!(" ORDER BY t.{}", quoted(key)),
            (None, _) => String::new(),
        };
        let rows = if self.keys.is_empty() { 2 * SAMPLED } else { SAMPLED };
        let mut binds = Vec::new();
        let (hint, first) = dialect.first_in_order(rows.into(), |rows| {
            binds.push(rows);
            format!("{}1", dialect.mark())
        });
        let table = quoted_table(&(self.table.schema.clone(), self.table.name.clone()));
        let sql = format!(
            "WITH email_log AS (\n  SELECT {hint}{}\n  FROM {table} t{order}{first}\n)\n{}",
            columns.join(",\n    "),
            body(SAMPLE)
        );
        Statement { dialect, sql, binds }
    }
}

/// An end of a table, by its key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TableEnd {
    /// The rows with the highest keys.
    Newest,
    /// The rows with the lowest keys.
    Oldest,
}

/// Some rows of a table, all values as text.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sample {
    /// A value for each column of the table in each row.
    pub rows: Vec<Vec<Option<String>>>,
    /// Whether these are all rows there are.
    pub is_whole: bool,
}

impl Sample {
    /// The rows of the newest end; those of the other are asked for unless these are all.
    pub fn of_newest(described: &Described, rows: Vec<Vec<Option<String>>>) -> Self {
        let asked = if described.keys.is_empty() { 2 * SAMPLED } else { SAMPLED };
        Self { is_whole: rows.len() < asked as usize, rows }
    }

    /// The rows of the other end, but for those that are there already.
    pub fn add_oldest(&mut self, described: &Described, rows: Vec<Vec<Option<String>>>) {
        let Some(key) = described.keys.first().and_then(|key| described.place(key)) else {
            return;
        };
        let newest = self.rows.len();
        let oldest = rows.len();
        for row in rows {
            if !self.rows[..newest].iter().any(|there| there[key] == row[key]) {
                self.rows.push(row);
            }
        }
        self.is_whole = self.rows.len() < newest + oldest;
    }

    /// The values of a column that are neither NULL nor blank.
    pub fn values(&self, place: usize) -> impl Iterator<Item = &str> {
        let values = self.rows.iter().filter_map(move |row| row.get(place)?.as_deref());
        values.filter(|value| !value.trim().is_empty())
    }

    /// The share of a column's values, 0 to 1, of which something holds; `None` where it has none.
    pub fn share(&self, place: usize, holds: impl Fn(&str) -> bool) -> Option<f64> {
        let (mut all, mut held) = (0_u32, 0_u32);
        for value in self.values(place) {
            all += 1;
            held += u32::from(holds(value));
        }
        (all > 0).then(|| f64::from(held) / f64::from(all))
    }
}

impl Described {
    /// The place of a column.
    pub fn place(&self, column: &str) -> Option<usize> {
        self.table.columns.iter().position(|field| field.name == column)
    }

    /// What a column holds, by its place.
    pub fn kind(&self, place: usize) -> &ColumnKind {
        &self.table.columns[place].kind
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mapping::resolve::Field;

    fn described(keys: &[&str]) -> Described {
        let field = |name: &str| Field { name: name.into(), kind: ColumnKind::Bytes };
        Described {
            table: TableDescription {
                schema: "Mail Box".into(),
                name: "sent.items".into(),
                columns: vec![field("id"), field("to")],
            },
            is_visible: false,
            keys: keys.iter().map(|key| (*key).to_owned()).collect(),
            estimate: None,
        }
    }

    fn rows(ids: std::ops::Range<u32>) -> Vec<Vec<Option<String>>> {
        ids.map(|id| vec![Some(id.to_string()), None]).collect()
    }

    #[test]
    fn both_ends_are_asked_for_in_the_order_of_the_key() {
        let sql = described(&["id"]).sample(Dialect::Postgres, TableEnd::Newest).sql;
        assert!(
            sql.contains("\n  FROM \"Mail Box\".\"sent.items\" t ORDER BY t.\"id\" DESC LIMIT $1\n"),
            "{sql}"
        );
        assert_eq!(described(&[]).name(Dialect::Postgres), "Mail Box.\"sent.items\"");
    }

    #[test]
    fn where_the_ends_meet_the_sample_is_the_whole_table() {
        let described = described(&["id"]);
        let mut sample = Sample::of_newest(&described, rows(100..300));
        assert!(!sample.is_whole);
        sample.add_oldest(&described, rows(0..200));
        assert_eq!((sample.rows.len(), sample.is_whole), (300, true));
        let mut sample = Sample::of_newest(&described, rows(900..1100));
        sample.add_oldest(&described, rows(0..200));
        assert_eq!((sample.rows.len(), sample.is_whole), (400, false));
        assert!(Sample::of_newest(&described, rows(0..7)).is_whole);
    }
}
