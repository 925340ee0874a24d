//! The few statements that change the user's log: of one row the status, and only from one word to another, or the columns that
//! the config names for a mail that went.
//!
//! What is written goes to the table itself, so a status computed or stored elsewhere cannot be written, nor most
//! views: then the ledger alone records what was done.

use crate::mapping::resolve::{ColumnKind, Field};
use crate::mapping::sql::{Bind, Binds, Statement, quoted, quoted_table};
use crate::mapping::time::Form;
use crate::mapping::time_format::TimeFormat;
use crate::mapping::wanted::WrittenValue;
use crate::mapping::{Column, Key, Mapping};
use crate::model::{Meaning, Millis};
use crate::zone;

impl Mapping {
    /// Whether the log can be told that a mail went.
    pub fn can_write_status(&self) -> bool {
        self.has_key_to_write() && (self.target().is_some() || !self.written.is_empty())
    }

    /// Whether the log's status can get another word.
    pub fn can_write_word(&self) -> bool {
        self.has_key_to_write() && self.target().is_some()
    }

    /// Changes the status of a row from one word to another, or what the config says of a mail that went; no row changed: it has
    /// another status by now. `now`: the time, in milliseconds.
    pub fn set_status(&self, id: &str, from: &str, to: &str, now: Millis) -> Option<Statement> {
        let mut binds = Binds::new(self.dialect);
        let assigned = self.assigned(to, now, &mut binds)?;
        let is_row = match self.own(Column::Id) {
            Some(key) => self.is_key(&format!("t.{}", quoted(&key.name)), id, key, &mut binds),
            None => self.has_key("t.", id, &mut binds),
        };
        let is_from = self.is_still(from, &mut binds)?;
        Some(binds.statement(self.update(&assigned, &format!("{is_row} AND {is_from}"))))
    }

    /// A statement that changes nothing, to learn before the first send whether one that does would be let through.
    pub fn trial_update(&self, now: Millis) -> Option<Statement> {
        let mut binds = Binds::new(self.dialect);
        let sent = self.words.of(Meaning::Sent).next().unwrap_or_default().to_owned();
        let assigned = self.assigned(&sent, now, &mut binds)?;
        let is_from = self.is_still(self.words.of(Meaning::Failed).next()?, &mut binds)?;
        Some(binds.statement(self.update(&assigned, &format!("{is_from} AND 1 = 0"))))
    }

    fn update(&self, assigned: &str, condition: &str) -> String {
        let table = quoted_table(&self.table);
        // the table has a line of its own, from which the right to it is told where that is missing
        format!("UPDATE {table}\n {}\nSET {assigned}\nWHERE {condition}", self.dialect.alias("t"))
    }

    /// What a row gets whose status becomes a word.
    fn assigned(&self, word: &str, now: Millis, binds: &mut Binds) -> Option<String> {
        if !self.has_key_to_write() {
            return None;
        }
        if self.written.is_empty() || self.words.meaning(Some(word)) != Meaning::Sent {
            let status = self.target()?;
            return Some(format!("{} = {}", quoted(&status.name), self.written(word, status, binds)));
        }
        let column = |(field, value): &(Field, WrittenValue)| {
            let value = match value {
                WrittenValue::Null => "NULL".to_owned(),
                WrittenValue::Word(word) => self.written(word, field, binds),
                WrittenValue::Now => self.now_for(field, now, binds),
            };
            format!("{} = {value}", quoted(&field.name))
        };
        Some(self.written.iter().map(column).collect::<Vec<_>>().join(", "))
    }

    /// The time now in the form that a column holds: that of the log's time where it is one of its columns.
    fn now_for(&self, field: &Field, now: Millis, binds: &mut Binds) -> String {
        let is_sent_date = self.names(Column::SentDate).contains(&field.name.as_str());
        let local = zone::local(now, self.zone);
        let (utc, local) = (zone::utc(now).naive_utc(), local.naive_local());
        let form = Some(self.form).filter(|_| is_sent_date);
        let written = |time: chrono::NaiveDateTime, form: &str| Bind::Text(time.format(form).to_string());
        let value = match (&field.kind, form) {
            (kind, _) if kind.is_instant() => written(utc, self.dialect.instant_format()),
            (_, Some(form)) if !field.kind.is_time() => match (&self.time_format, form) {
                (Some(TimeFormat::Text(format)), _) => written(local, format.strftime()),
                (Some(TimeFormat::Parts(parts)), _) => Bind::Int(now.saturating_mul(*parts)),
                (None, Form::Millis) => Bind::Int(now),
                (None, Form::Seconds) => Bind::Int(now.div_euclid(1000)),
                (None, Form::TextOfManyForms) => written(utc, "%Y-%m-%dT%H:%M:%SZ"),
                (None, _) if self.has_dates_only => written(local, "%Y-%m-%d"),
                (None, Form::TextWithT) => written(local, "%Y-%m-%dT%H:%M:%S"),
                (None, _) => written(local, "%Y-%m-%d %H:%M:%S"),
            },
            (ColumnKind::Day, _) => written(local, "%Y-%m-%d"),
            _ => written(local, "%Y-%m-%d %H:%M:%S"),
        };
        self.dialect.written_time(binds.add(value), &field.kind)
    }

    /// The condition that a row still has this word.
    fn is_still(&self, word: &str, binds: &mut Binds) -> Option<String> {
        if self.meanings.is_some() || self.failed_when_not_empty {
            return Some(self.with_words(&[Bind::Text(word.to_owned())], binds));
        }
        Some(self.is_word(word, self.own(Column::Status)?, binds))
    }

    /// Whether a row is a mail, and known by columns of its own.
    fn has_key_to_write(&self) -> bool {
        let is_known = self.own(Column::Id).is_some() || matches!(self.key, Key::Several(_));
        is_known && self.newest_of.is_none()
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

    /// The status, where it is a column of the log's own.
    fn target(&self) -> Option<&Field> {
        self.own(Column::Status).filter(|status| self.dialect.writes(&status.kind))
    }

    fn is_word(&self, word: &str, status: &Field, binds: &mut Binds) -> String {
        let name = format!("t.{}", quoted(&status.name));
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
        let of = |kind| on_oracle(kind).set_status("7", "F", "S", 0).unwrap();
        let national = of(ColumnKind::NationalPadded);
        assert!(national.sql.ends_with("AND RTRIM(t.\"status\") = :3"), "{}", national.sql);
        assert_eq!(national.binds[2], Bind::National("F".to_owned()));
        let long = of(ColumnKind::LongText);
        assert!(long.sql.ends_with("AND TO_CHAR(SUBSTR(t.\"status\", 1, 1000)) = :3"), "{}", long.sql);
        assert!(of(ColumnKind::Text).sql.ends_with("AND t.\"status\" = :3"));
        // what is tried before the first send is what is written
        let trial = on_oracle(ColumnKind::NationalPadded).trial_update(0).unwrap().sql;
        assert!(trial.ends_with("RTRIM(t.\"status\") = :2 AND 1 = 0"), "{trial}");
    }
}
