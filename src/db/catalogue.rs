//! The tables and views of a database, with the columns that may be read, and their indexes.

use crate::db::row::Row;
use crate::mapping::described::Described;
use crate::mapping::resolve::{ColumnKind, Field, TableDescription};

/// The indexes of a table.
pub struct Indexes {
    /// Their columns, each under the name of its index and in its order; an expression is none.
    pub columns: Vec<(String, Option<String>)>,
    /// The statement that would make one of the wanted columns, if the table can have it.
    pub create: Option<String>,
}

/// The columns of `catalogue.sql`.
mod column {
    pub const SCHEMA: usize = 0;
    pub const TABLE: usize = 1;
    pub const IS_VISIBLE: usize = 2;
    pub const IS_READABLE: usize = 3;
    pub const ROWS: usize = 4;
    pub const NAME: usize = 5;
    pub const KEY: usize = 6;
}

/// Puts the answer to `catalogue.sql`, a row a column of a table, together to tables, and to the names of those of which
/// nothing may be read. `kind` says what a column holds.
pub fn tables(rows: &[Row], kind: impl Fn(&Row) -> ColumnKind) -> (Vec<Described>, Vec<String>) {
    let (mut open, mut closed) = (Vec::new(), Vec::new());
    let names = |row: &Row| [column::SCHEMA, column::TABLE].map(|of| row.text(of).unwrap_or_default());
    for of_table in rows.chunk_by(|one, next| names(one) == names(next)) {
        let [schema, name] = names(&of_table[0]);
        let readable: Vec<_> = of_table.iter().filter(|row| row.is_true(column::IS_READABLE)).collect();
        let Some(first) = readable.first() else {
            closed.push(format!("{schema}.{name}"));
            continue;
        };
        let field = |row: &&Row| Field { name: row.text(column::NAME).unwrap_or_default(), kind: kind(row) };
        let columns: Vec<_> = readable.iter().map(field).collect();
        let ranks = readable.iter().map(|row| row.number::<i64>(column::KEY));
        let mut keys: Vec<_> =
            ranks.zip(&columns).filter_map(|(rank, field)| Some((-rank?, field.name.clone()))).collect();
        keys.sort_by_key(|(rank, _)| *rank);
        open.push(Described {
            is_visible: first.is_true(column::IS_VISIBLE),
            keys: keys.into_iter().map(|(_, key)| key).collect(),
            estimate: first.number(column::ROWS),
            table: TableDescription { schema, name, columns },
        });
    }
    (open, closed)
}
