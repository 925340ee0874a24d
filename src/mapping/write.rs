//! The few statements that change the user's log: its status, of one row, and only from one word to another.
//!
//! What is written goes to the table itself, so a status computed or stored elsewhere cannot be written, nor most
//! views: then the ledger alone records what was done.

use crate::mapping::resolve::Field;
use crate::mapping::sql::{Bind, Binds, Statement, quoted, quoted_table};
use crate::mapping::{Column, Key, Mapping};

impl Mapping {
    /// Whether the log's status can be written.
    pub fn can_write_status(&self) -> bool {
        self.target().is_some()
    }

    /// Changes the status of a row from one word to another; no row changed: it has another status by now.
    pub fn set_status(&self, id: &str, from: &str, to: &str) -> Option<Statement> {
        let status = self.target()?;
        let mut binds = Binds::new(self.dialect);
        let table = quoted_table(&self.table);
        let name = quoted(&status.name);
        let value = self.written(to, status, &mut binds);
        let is_row = match self.own(Column::Id) {
            Some(key) => self.is_key(&quoted(&key.name), id, key, &mut binds),
            None => self.has_key("", id, &mut binds),
        };
        let is_from = self.is_word(from, status, &mut binds);
        let sql = format!("UPDATE {table}\nSET {name} = {value}\nWHERE {is_row} AND {is_from}");
        Some(binds.statement(sql))
    }

    /// A statement that changes nothing, to learn before the first send whether one that does would be let through.
    pub fn trial_update(&self) -> Option<Statement> {
        let status = self.target()?;
        let (table, name, mut binds) =
            (quoted_table(&self.table), quoted(&status.name), Binds::new(self.dialect));
        let is_from = self.is_word(self.words.all().next()?, status, &mut binds);
        let sql = format!("UPDATE {table}\nSET {name} = {name}\nWHERE {is_from} AND 1 = 0");
        Some(binds.statement(sql))
    }

    /// The condition that a key of the log's is this one, in the type of its column.
    pub(super) fn is_key(&self, column: &str, id: &str, key: &Field, binds: &mut Binds) -> String {
        let text = binds.add(key.kind.value(Bind::Text(id.to_owned())));
        if self.dialect.has_types() {
            return self.dialect.is_key(column, text, &key.kind);
        }
        // a text such as 007 is no number
        let number = id.parse().ok().filter(|number: &i64| number.to_string() == id);
        let number = number.map(|number| binds.add(Bind::Int(number)));
        let several: Vec<_> = [text].into_iter().chain(number).collect();
        format!("{column} IN ({})", several.join(", "))
    }

    /// The status, where it and the key are columns of the log's own and a row is a mail.
    fn target(&self) -> Option<&Field> {
        let has_key = self.own(Column::Id).is_some() || matches!(self.key, Key::Several(_));
        let status = self.own(Column::Status).filter(|status| self.dialect.writes(&status.kind));
        status.filter(|_| has_key && self.newest_of.is_none())
    }

    fn is_word(&self, word: &str, status: &Field, binds: &mut Binds) -> String {
        let name = quoted(&status.name);
        if word.is_empty() && self.dialect.takes_empty_for_null() {
            return self.dialect.has_no_word(&name, &status.kind);
        }
        if self.dialect.has_types() && !self.dialect.compares_words(&status.kind) {
            let text = self.dialect.text(&name, &status.kind);
            let text = self.dialect.short(&text).filter(|_| status.kind.is_long()).unwrap_or(text);
            return format!("{text} = {}", binds.add(status.kind.value(Bind::Text(word.to_owned()))));
        }
        if self.dialect.has_types() {
            let bind = status.kind.value(Bind::Text(word.to_owned()));
            return format!("{name} = {}", self.dialect.word(binds.add(bind), &status.kind));
        }
        let words: Vec<_> = stored(word).map(|word| binds.add(word)).collect();
        format!("{name} IN ({})", words.join(", "))
    }

    /// A word in the type that the row's status has.
    fn written(&self, word: &str, status: &Field, binds: &mut Binds) -> String {
        let text = binds.add(status.kind.value(Bind::Text(word.to_owned())));
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mapping::resolve::ColumnKind;
    use crate::mapping::sql::tests::on_oracle;

    #[test]
    fn a_status_that_is_not_compared_as_it_is_kept_is_compared_as_text() {
        let of = |kind| on_oracle(kind).set_status("7", "F", "S").unwrap();
        let national = of(ColumnKind::NationalPadded);
        assert!(national.sql.ends_with("AND RTRIM(\"status\") = :3"), "{}", national.sql);
        assert_eq!(national.binds[2], Bind::National("F".to_owned()));
        let long = of(ColumnKind::LongText);
        assert!(long.sql.ends_with("AND TO_CHAR(SUBSTR(\"status\", 1, 1000)) = :3"), "{}", long.sql);
        assert!(of(ColumnKind::Text).sql.ends_with("AND \"status\" = :3"));
        // what is tried before the first send is what is written
        let trial = on_oracle(ColumnKind::NationalPadded).trial_update().unwrap().sql;
        assert!(trial.ends_with("RTRIM(\"status\") = :1 AND 1 = 0"), "{trial}");
    }
}
