//! Conditions in SQL: which rows are mail, which of several rows of a mail counts, and what a row means.
//!
//! They stand on the user's own columns in their own types, so that an index on those serves.

use crate::mapping::meaning::{self, Comparison, TRIED, Test, Tested, When};
use crate::mapping::resolve::{ColumnKind, ColumnSource, Field, NewestOf};
use crate::mapping::sql::{Bind, Binds, NEVER, Statement, quoted, quoted_table};
use crate::mapping::wanted::WrittenValue;
use crate::mapping::words::NO_MEANING;
use crate::mapping::{Column, Key, Mapping};
use crate::model::Meaning;

/// A condition that every row fulfils.
const ALWAYS: &str = "1 = 1";

impl Mapping {
    /// The conditions that every row of the log fulfils: it is mail, and the newest of its kind.
    pub(super) fn with_kind(&self, binds: &mut Binds) -> Vec<String> {
        let mut conditions = Vec::new();
        if !self.only.is_empty() {
            conditions.push(self.holds("t", &self.only, binds));
        }
        conditions.extend(self.newest_of.as_ref().map(|newest| self.is_newest(newest, binds)));
        conditions
    }

    /// No row of the same mail is newer: one without a time is older than all, and of rows of one time the one with the higher
    /// key counts.
    fn is_newest(&self, NewestOf { group, by }: &NewestOf, binds: &mut Binds) -> String {
        let [group, by] = [group, by].map(|name| quoted(name));
        let mut later = format!("n.{by} > t.{by} OR (t.{by} IS NULL AND n.{by} IS NOT NULL)");
        let key = match self.own(Column::Id) {
            Some(field) => Some(["n.", "t."].map(|alias| format!("{alias}{}", quoted(&field.name)))),
            None => (self.key != Key::Id).then(|| ["n.", "t."].map(|alias| self.key_text(alias))),
        };
        if let Some([newer, own]) = key {
            later += &format!(
                " OR ((n.{by} = t.{by} OR (n.{by} IS NULL AND t.{by} IS NULL)) AND {newer} > {own})"
            );
        }
        let only = match self.only.as_slice() {
            [] => String::new(),
            only => format!(" AND {}", self.holds("n", only, binds)),
        };
        let table = quoted_table(&self.table);
        format!("NOT EXISTS (SELECT 1 FROM {table} n WHERE n.{group} = t.{group} AND ({later}){only})")
    }

    /// The condition that a computed status is one of these words.
    pub(super) fn has_meaning(&self, words: &[Bind], binds: &mut Binds) -> String {
        let is_word = |word: &Bind, binds: &mut Binds| match word {
            Bind::Text(word) => match word.parse() {
                Ok(meaning) => self.means(meaning, binds),
                Err(_) => {
                    let status = self.computed_status(binds);
                    format!("{status} = {}", binds.add(Bind::Text(word.clone())))
                }
            },
            _ => NEVER.to_owned(),
        };
        either(words.iter().map(|word| is_word(word, binds)).collect())
    }

    /// The condition that a row means this: its own holds and none that is tried before; of what is left, none at all.
    fn means(&self, meaning: Meaning, binds: &mut Binds) -> String {
        let (tried, mut all) = (self.tried(), Vec::new());
        if tried.contains(&meaning) {
            all.push(self.own_condition(meaning, binds));
        }
        for earlier in tried.into_iter().take_while(|earlier| *earlier != meaning) {
            let condition = self.own_condition(earlier, binds);
            if condition != NEVER {
                all.push(self.dialect.fails(&condition));
            }
        }
        match all.as_slice() {
            [] => ALWAYS.to_owned(),
            [only] => only.clone(),
            several => format!("({})", several.join(" AND ")),
        }
    }

    /// The meanings that have a condition, in the order in which they are tried.
    fn tried(&self) -> Vec<Meaning> {
        let rest = self.rest();
        TRIED.into_iter().chain([Meaning::Other]).filter(|meaning| Some(*meaning) != rest).collect()
    }

    /// The meaning that is what is left.
    fn rest(&self) -> Option<Meaning> {
        let when = self.meanings.as_ref().map(|meanings| &meanings.when)?;
        let (meaning, _) = TRIED.into_iter().zip(when).find(|(_, when)| **when == When::Rest)?;
        Some(meaning)
    }

    /// What the config says of a meaning, whatever is tried before it.
    fn own_condition(&self, meaning: Meaning, binds: &mut Binds) -> String {
        let Some(meanings) = &self.meanings else {
            return NEVER.to_owned();
        };
        let Some((_, when)) = TRIED.into_iter().zip(&meanings.when).find(|(of, _)| *of == meaning) else {
            let words = Comparison::In(meanings.other.clone());
            let test = Test { column: Tested::Status, comparison: words };
            return if meanings.other.is_empty() {
                NEVER.to_owned()
            } else {
                self.holds("t", &[test], binds)
            };
        };
        match when {
            When::Any(all) => either(all.iter().map(|condition| self.holds("t", condition, binds)).collect()),
            When::Rest => NEVER.to_owned(),
        }
    }

    /// Whether a row that gets these values means sent then, whatever else it has.
    pub(super) fn would_be_sent(&self, written: &[(Field, WrittenValue)]) -> bool {
        let Some(meanings) = &self.meanings else {
            let status = self.own(Column::Status).map(|field| &field.name);
            let is_sent = |(field, value): &(Field, WrittenValue)| match value {
                WrittenValue::Word(word) => {
                    Some(&field.name) == status && self.words.meaning(Some(word)) == Meaning::Sent
                }
                WrittenValue::Now | WrittenValue::Null => false,
            };
            return written.iter().any(is_sent);
        };
        let becomes = |test: &Test<ColumnSource>| {
            let source = match &test.column {
                Tested::Column(source) => Some(source),
                Tested::Status => self.sources(Column::Status).first(),
            };
            let name = source.map(|source| &source.field().name);
            let (_, value) = written.iter().find(|(field, _)| Some(&field.name) == name)?;
            Some(holds_for(&test.comparison, value))
        };
        let is_made =
            |condition: &Vec<Test<ColumnSource>>| condition.iter().all(|test| becomes(test) == Some(true));
        let is_unmade =
            |condition: &Vec<Test<ColumnSource>>| condition.iter().any(|test| becomes(test) == Some(false));
        let [sent, others @ ..] = &meanings.when;
        match sent {
            When::Any(all) => all.iter().any(is_made),
            When::Rest => others.iter().all(|when| match when {
                When::Any(all) => all.iter().all(is_unmade),
                When::Rest => false,
            }),
        }
    }

    /// The status of a log whose meanings are conditions: the meaning itself.
    pub(super) fn computed_status(&self, binds: &mut Binds) -> String {
        let mut arms = String::new();
        for meaning in self.tried() {
            let condition = self.own_condition(meaning, binds);
            if condition != NEVER {
                arms += &format!(" WHEN {condition} THEN '{meaning}'");
            }
        }
        let left = self.rest().map_or(NO_MEANING, Meaning::as_str);
        if arms.is_empty() { format!("'{left}'") } else { format!("CASE{arms} ELSE '{left}' END") }
    }

    /// Counts, among so many rows, those that fulfil each condition of the config, and those that have two meanings: the
    /// statement, whose answer is the number of rows and these counts, and the conditions as the config writes them.
    pub fn condition_counts(&self, most: u32) -> Option<(Statement, Vec<String>)> {
        let (mut binds, meanings) = (Binds::new(self.dialect), self.meanings.as_ref()?);
        let (mut conditions, mut written) = (Vec::new(), Vec::new());
        for (meaning, when) in TRIED.into_iter().zip(&meanings.when) {
            let When::Any(all) = when else { continue };
            for condition in all {
                conditions.push(self.holds("t", condition, &mut binds));
                let column = |source: &ColumnSource| source.field().name.clone();
                written.push(format!("{meaning} = {}", meaning::written(condition, column)));
            }
        }
        let tried = self.tried().into_iter();
        let own: Vec<_> = tried.map(|meaning| self.own_condition(meaning, &mut binds)).collect();
        let mut both = Vec::new();
        for (place, one) in own.iter().enumerate() {
            both.extend(
                own[place + 1..]
                    .iter()
                    .filter(|other| *other != NEVER && one != NEVER)
                    .map(|other| format!("({one} AND {other})")),
            );
        }
        conditions.push(either(both));
        let only = match self.with_kind(&mut binds).join(" AND ") {
            none if none.is_empty() => none,
            some => format!(" WHERE {some}"),
        };
        let (mut columns, mut sums) = (Vec::new(), vec!["count(*)".to_owned()]);
        for (place, condition) in conditions.iter().enumerate() {
            columns.push(format!("CASE WHEN {condition} THEN 1 ELSE 0 END AS c{place}"));
            sums.push(format!("sum(c{place})"));
        }
        let sql = format!(
            "WITH email_log AS (\n  SELECT {}\n  FROM {} t{only}{}\n)\nSELECT {}\nFROM email_log",
            columns.join(",\n    "),
            quoted_table(&self.table),
            self.dialect.first(&most.to_string()),
            sums.join(", ")
        );
        Some((binds.statement(sql), written))
    }

    fn holds(&self, alias: &str, condition: &[Test<ColumnSource>], binds: &mut Binds) -> String {
        let tests: Vec<_> = condition.iter().map(|test| self.test(alias, test, binds)).collect();
        match tests.as_slice() {
            [only] => only.clone(),
            several => format!("({})", several.join(" AND ")),
        }
    }

    fn test(&self, alias: &str, test: &Test<ColumnSource>, binds: &mut Binds) -> String {
        let (value, kind) = match &test.column {
            Tested::Column(source) => (self.raw_in(alias, source), &source.field().kind),
            Tested::Status => match self.sources(Column::Status) {
                [only] => (self.raw_in(alias, only), &only.field().kind),
                _ => (self.status_text(binds), &ColumnKind::Text),
            },
        };
        let words = |words: &[String], binds: &mut Binds| {
            let stored: Vec<_> = words.iter().flat_map(|word| self.dialect.stored_word(word)).collect();
            self.in_words((&value, kind), &stored, binds)
        };
        match &test.comparison {
            Comparison::In(of) => words(of, binds),
            Comparison::NotIn(of) => self.dialect.fails(&words(of, binds)),
            Comparison::Number(sign, number) => {
                let bind =
                    if number.fract() == 0.0 { Bind::Int(*number as i64) } else { Bind::Real(*number) };
                format!(
                    "{} {sign} {}",
                    self.dialect.number(&value),
                    self.dialect.bound_number(binds.add(bind))
                )
            }
            Comparison::Empty => self.is_empty(&value, kind, binds),
            Comparison::Set => {
                let nulls = self.nulls(kind, binds);
                self.dialect.is_set(&value, kind, &nulls)
            }
        }
    }

    fn is_empty(&self, value: &str, kind: &ColumnKind, binds: &mut Binds) -> String {
        let nulls = self.nulls(kind, binds);
        self.dialect.is_empty(value, kind, &nulls)
    }

    /// The texts that stand for nothing, as values of a column.
    pub(super) fn nulls(&self, kind: &ColumnKind, binds: &mut Binds) -> Vec<String> {
        let values = self.null_values.iter().flat_map(|text| self.dialect.null_values(text, kind));
        values.map(|value| self.dialect.null_value(binds.add(value), kind)).collect()
    }

    /// The condition that a row has this id, where the key is not one column. `alias`: what precedes a column.
    pub(super) fn has_key(&self, alias: &str, id: &str, binds: &mut Binds) -> String {
        let parts: Vec<_> = id.split('/').collect();
        match &self.key {
            Key::Several(fields) if fields.len() == parts.len() => {
                let each = fields.iter().zip(parts).map(|(field, part)| {
                    let column = format!("{alias}{}", quoted(&field.name));
                    match part {
                        "" => self.dialect.is_empty(&column, &field.kind, &[]),
                        part => self.is_key(&column, part, field, binds),
                    }
                });
                format!("({})", each.collect::<Vec<_>>().join(" AND "))
            }
            // a part has the separator in it
            _ => format!("{} = {}", self.key_text(alias), binds.add(Bind::Text(id.to_owned()))),
        }
    }

    /// The key where it is not one column: the values of several, or the row's place.
    pub(super) fn key_text(&self, alias: &str) -> String {
        let part = |field: &Field| {
            let text = self.dialect.text(&format!("{alias}{}", quoted(&field.name)), &field.kind);
            self.dialect.filled(&text)
        };
        match &self.key {
            Key::Several(fields) => fields.iter().map(part).collect::<Vec<_>>().join(" || '/' || "),
            Key::Id | Key::RowId => self.dialect.row_id(alias),
        }
    }
}

/// Whether a value that is written is what a column must be.
fn holds_for(comparison: &Comparison, value: &WrittenValue) -> bool {
    let word = match value {
        WrittenValue::Null => None,
        WrittenValue::Now => Some(":now"),
        WrittenValue::Word(word) => Some(word.as_str()).filter(|word| !word.is_empty()),
    };
    match comparison {
        Comparison::Set => word.is_some(),
        Comparison::Empty => word.is_none(),
        Comparison::In(words) => word.is_some_and(|word| words.iter().any(|known| known == word)),
        Comparison::NotIn(words) => word.is_none_or(|word| words.iter().all(|known| known != word)),
        Comparison::Number(sign, number) => {
            let is = |word: f64| match *sign {
                ">=" => word >= *number,
                "<=" => word <= *number,
                ">" => word > *number,
                _ => word < *number,
            };
            word.and_then(|word| word.parse().ok()).is_some_and(is)
        }
    }
}

fn either(conditions: Vec<String>) -> String {
    let some: Vec<_> = conditions.into_iter().filter(|condition| condition != NEVER).collect();
    match some.as_slice() {
        [] => NEVER.to_owned(),
        [only] => only.clone(),
        several => format!("({})", several.join(" OR ")),
    }
}
