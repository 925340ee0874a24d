//! Conditions in SQL: which rows are mail, which of several rows of a mail counts, and what a row means.
//!
//! They stand on the user's own columns in their own types, so that an index on those serves.

use crate::mapping::meaning::{Comparison, Condition, TRIED, Test, Tested, When};
use crate::mapping::resolve::{ColumnKind, ColumnSource, NewestOf};
use crate::mapping::sql::{Bind, Binds, NEVER, quoted, quoted_table};
use crate::mapping::{Column, Key, Mapping};
use crate::model::Meaning;

/// A condition that every row fulfils.
const ALWAYS: &str = "1 = 1";

/// What a computed status says of a row that has none of the meanings.
const NONE: &str = "none";

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

    /// No row of the same mail is newer; of rows of one time the one with the higher key counts.
    fn is_newest(&self, NewestOf { group, by }: &NewestOf, binds: &mut Binds) -> String {
        let [same, newer] =
            [group, by].map(|name| (format!("n.{}", quoted(name)), format!("t.{}", quoted(name))));
        let mut later = format!("{} > {}", newer.0, newer.1);
        if let Some(key) = self.own(Column::Id).map(|field| quoted(&field.name)) {
            later = format!("({later} OR {} = {} AND n.{key} > t.{key})", newer.0, newer.1);
        }
        let only = match self.only.as_slice() {
            [] => String::new(),
            only => format!(" AND {}", self.holds("n", only, binds)),
        };
        format!(
            "NOT EXISTS (SELECT 1 FROM {} n WHERE {} = {} AND {later}{only})",
            quoted_table(&self.table),
            same.0,
            same.1
        )
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

    /// The status of a log whose meanings are conditions: the meaning itself.
    pub(super) fn computed_status(&self, binds: &mut Binds) -> String {
        let mut arms = String::new();
        for meaning in self.tried() {
            let condition = self.own_condition(meaning, binds);
            if condition != NEVER {
                arms += &format!(" WHEN {condition} THEN '{meaning}'");
            }
        }
        let left = self.rest().map_or(NONE, Meaning::as_str);
        if arms.is_empty() { format!("'{left}'") } else { format!("CASE{arms} ELSE '{left}' END") }
    }

    /// How many of the selected rows fulfil each condition of the config, and how many two meanings: columns for a count.
    pub(super) fn counted(&self, binds: &mut Binds) -> Vec<String> {
        let mut columns = Vec::new();
        let Some(meanings) = &self.meanings else {
            return columns;
        };
        for when in &meanings.when {
            if let When::Any(all) = when {
                columns.extend(all.iter().map(|condition| self.holds("t", condition, binds)));
            }
        }
        let own: Vec<_> =
            self.tried().into_iter().map(|meaning| self.own_condition(meaning, binds)).collect();
        let mut both = Vec::new();
        for (place, one) in own.iter().enumerate() {
            both.extend(own[place + 1..].iter().map(|other| format!("({one} AND {other})")));
        }
        columns.push(either(both));
        columns
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

    /// The condition that a row has this id, where the key is several columns; `None`: it is not, or the id is none of theirs.
    pub(super) fn has_key(&self, alias: &str, id: &str, binds: &mut Binds) -> Option<String> {
        let Key::Several(fields) = &self.key else {
            return None;
        };
        let parts: Vec<_> = id.split('/').collect();
        // a part may have the separator in it
        if parts.len() != fields.len() {
            return None;
        }
        let each: Vec<_> = fields
            .iter()
            .zip(parts)
            .map(|(field, part)| self.is_key(&format!("{alias}{}", quoted(&field.name)), part, field, binds))
            .collect();
        Some(format!("({})", each.join(" AND ")))
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
