//! The few statements that change the user's log: its status, of one row, and only from one word to another.
//!
//! What is written goes to the table itself, so a status computed or stored elsewhere cannot be written, nor most
//! views: then the ledger alone records what was done.

use crate::mapping::resolve::Field;
use crate::mapping::sql::{Bind, Binds, Statement, quoted, quoted_table};
use crate::mapping::{Column, Mapping};

impl Mapping {
    /// Whether the log's status can be written.
    pub fn can_write_status(&self) -> bool {
        self.target().is_some()
    }

    /// Changes the status of a row from one word to another; no row changed: it has another status by now.
    pub fn set_status(&self, id: &str, from: &str, to: &str) -> Option<Statement> {
        let (key, status) = self.target()?;
        let mut binds = Binds::new(self.dialect);
        let table = quoted_table(&self.table);
        let name = quoted(&status.name);
        let value = self.written(to, status, &mut binds);
        let (is_row, is_from) =
            (self.is_key(&quoted(&key.name), id, key, &mut binds), self.is_word(from, status, &mut binds));
        let sql = format!("UPDATE {table}\nSET {name} = {value}\nWHERE {is_row} AND {is_from}");
        Some(binds.statement(sql))
    }

    /// A statement that changes nothing, to learn before the first send whether one that does would be let through.
    pub fn trial_update(&self) -> Option<Statement> {
        let (_, status) = self.target()?;
        let (table, name) = (quoted_table(&self.table), quoted(&status.name));
        let sql = format!("UPDATE {table}\nSET {name} = {name}\nWHERE 1 = 0");
        Some(Statement::plain(self.dialect, sql))
    }

    /// The condition that a key of the log's is this one, in the type of its column.
    pub(super) fn is_key(&self, column: &str, id: &str, key: &Field, binds: &mut Binds) -> String {
        let text = binds.add(Bind::Text(id.to_owned()).for_column(&key.kind));
        if self.dialect.has_types() {
            return self.dialect.is_key(column, text, &key.kind);
        }
        // a text such as 007 is no number
        let number = id.parse().ok().filter(|number: &i64| number.to_string() == id);
        let number = number.map(|number| binds.add(Bind::Int(number)));
        let several: Vec<_> = [text].into_iter().chain(number).collect();
        format!("{column} IN ({})", several.join(", "))
    }

    /// Key and status, where both are columns of the log's own.
    fn target(&self) -> Option<(&Field, &Field)> {
        Some((self.own(Column::Id)?, self.own(Column::Status)?))
    }

    fn is_word(&self, word: &str, status: &Field, binds: &mut Binds) -> String {
        let name = quoted(&status.name);
        if word.is_empty() && self.dialect.takes_empty_for_null() {
            return format!("{name} IS NULL");
        }
        if self.dialect.has_types() {
            let bind = Bind::Text(word.to_owned()).for_column(&status.kind);
            return format!("{name} = {}", self.dialect.word(binds.add(bind), &status.kind));
        }
        let words: Vec<_> = stored(word).map(|word| binds.add(word)).collect();
        format!("{name} IN ({})", words.join(", "))
    }

    /// A word in the type that the row's status has.
    fn written(&self, word: &str, status: &Field, binds: &mut Binds) -> String {
        let text = binds.add(Bind::Text(word.to_owned()).for_column(&status.kind));
        match truth(word) {
            _ if self.dialect.has_types() => self.dialect.written_word(text, &status.kind),
            Some(number) => {
                let number = binds.add(Bind::Int(number));
                format!("CASE typeof({}) WHEN 'integer' THEN {number} ELSE {text} END", quoted(&status.name))
            }
            None => text,
        }
    }
}

/// How SQLite may hold a status word.
fn stored(word: &str) -> impl Iterator<Item = Bind> {
    let spellings = crate::mapping::words::spellings(word);
    spellings.flat_map(|word| [Some(Bind::Text(word.to_owned())), word.parse().ok().map(Bind::Int)]).flatten()
}

fn truth(word: &str) -> Option<i64> {
    match word {
        "true" | "t" => Some(1),
        "false" | "f" => Some(0),
        other => other.parse().ok(),
    }
}
