//! What the section `[email_log]`, flags and a preset want together, checked as far as that goes without the database.

use chrono_tz::Tz;

use crate::mapping::Column;
use crate::mapping::meaning::{self, Condition, Meanings, words_alone};
use crate::mapping::preset;
use crate::mapping::raw::{RawMapping, RawNewest};
use crate::mapping::time_format::TimeFormat;
use crate::mapping::words::{RawWord, StatusWords};
use crate::model::{Meaning, OneOrMany};

/// The one condition that `failed_when` knows.
const NOT_EMPTY: &str = "not empty";

/// The name of the join that `error_join` makes.
pub const ERROR_JOIN: &str = "error_join";

/// The checked wishes for a mapping, before the table has been looked at.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// The table as the user wrote it.
    pub table: String,
    /// How the system whose table it is sends a mail again itself, where a preset says it.
    pub own_way: Option<&'static str>,
    /// The zone of naive times, where one is named.
    pub zone: Option<Tz>,
    /// How texts and numbers are times.
    pub time_format: Option<TimeFormat>,
    /// What each status word means.
    pub words: StatusWords,
    /// When a row means what, where words of one column do not say it.
    pub meanings: Option<Meanings<String>>,
    /// What every row must be to be mail; nothing: all are.
    pub only: Condition<String>,
    /// The columns of the key, where `columns` does not say it.
    pub key: WantedKey,
    /// Texts that stand for nothing.
    pub null_values: Vec<String>,
    /// By what rows are of one mail, and which of them is the newest.
    pub newest_of: Option<RawNewest>,
    /// What the columns of a row get once its mail went, where that is more than the word of its status.
    pub written: Vec<(String, WrittenValue)>,
    /// Whether a row failed when its error text is not empty.
    pub failed_when_not_empty: bool,
    /// Further tables.
    pub joins: Vec<WantedJoin>,
    /// Canonical columns with what the user says of them; no name says that the log has no such thing.
    pub columns: Vec<(Column, Vec<String>)>,
    /// The columns that only a preset speaks of: a table may be of a version that has some of them not.
    pub lent: Vec<Column>,
}

/// What a column of a row gets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WrittenValue {
    /// The time now, in the form that the column holds.
    Now,
    /// NULL.
    Null,
    /// A word.
    Word(String),
}

impl WrittenValue {
    /// As the config writes it.
    ///
    /// # Errors
    /// A word that begins like one of the two and is none.
    pub fn of(raw: &RawWord) -> Result<Self, String> {
        match raw.clone().into_text().as_str() {
            ":now" => Ok(WrittenValue::Now),
            ":null" => Ok(WrittenValue::Null),
            other if other.starts_with(':') => {
                Err(format!("'{}' is not one of :now and :null", other.escape_debug()))
            }
            word => Ok(WrittenValue::Word(word.to_owned())),
        }
    }
}

/// What identifies a mail.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum WantedKey {
    /// The column of the id.
    #[default]
    Id,
    /// These columns together.
    Columns(Vec<String>),
    /// The place of the row in the database.
    RowId,
}

/// A further table, not yet looked up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WantedJoin {
    /// The part before the dot in a column's name.
    pub name: String,
    /// The table as the user wrote it.
    pub table: String,
    /// Its column that names the mail.
    pub on: String,
    /// The log's column it names the mail by; the id without it.
    pub to: Option<String>,
    /// The further table that has that column, where the log has not.
    pub from: Option<String>,
    /// Its column that says which row is the newest.
    pub newest_by: Option<String>,
}

impl WantedJoin {
    /// What the config says of it.
    pub fn key(&self) -> String {
        match self.name.as_str() {
            ERROR_JOIN => "[email_log] error_join".to_owned(),
            other => format!("[email_log.joins.{other}]"),
        }
    }
}

/// Flags that go before the section.
#[derive(Debug, Clone, Copy, Default)]
pub struct Flags<'f> {
    /// `--preset`.
    pub preset: Option<&'f str>,
    /// `--table`.
    pub table: Option<&'f str>,
    /// `--time-zone`.
    pub time_zone: Option<&'f str>,
}

impl RawMapping {
    /// Checks all that can be checked without the database; flags win over keys, keys over the preset.
    ///
    /// # Errors
    /// One line that names the key or the flag and says what is wrong with it.
    pub fn check(&self, flags: Flags<'_>) -> Result<Wanted, String> {
        let whole = match (flags.preset, &self.preset) {
            (Some(flag), _) => {
                self.over(preset::mapping(flag).map_err(|error| format!("--preset: {error}"))?)
            }
            (None, Some(key)) => {
                self.over(preset::mapping(key).map_err(|error| format!("[email_log] preset: {error}"))?)
            }
            (None, None) => self.clone(),
        };
        let preset = flags.preset.or(self.preset.as_deref()).and_then(preset::by_name);
        let own_way = preset.and_then(|preset| preset.again.as_deref());
        Ok(Wanted { own_way, ..whole.check_whole(flags)? })
    }

    /// These keys, and where they say nothing those of the preset.
    fn over(&self, preset: &RawMapping) -> Self {
        let own = self.clone();
        let says_error = own.error_join.is_some() || own.columns.contains_key(Column::ErrorMessage.name());
        // a condition of one's own says when a row failed, whatever the preset does
        let says_when = own.failed.as_ref().is_some_and(|failed| words_alone(failed).is_none());
        let mut columns = preset.columns.clone();
        if own.error_join.is_some() {
            columns.remove(Column::ErrorMessage.name());
        }
        let lent = columns.keys().filter(|name| !own.columns.contains_key(*name)).cloned().collect();
        columns.extend(own.columns);
        let mut joins = preset.joins.clone();
        // a table of the preset's that nothing is taken from any more need not be there
        joins.retain(|name, _| {
            columns.values().flat_map(OneOrMany::as_slice).any(|column| stands_in(column, name))
        });
        joins.extend(own.joins);
        Self {
            preset: own.preset,
            table: own.table.or_else(|| preset.table.clone()),
            time_zone: own.time_zone.or_else(|| preset.time_zone.clone()),
            time_format: own.time_format.or_else(|| preset.time_format.clone()),
            columns,
            sent: own.sent.or_else(|| preset.sent.clone()),
            failed: own.failed.or_else(|| preset.failed.clone()),
            pending: own.pending.or_else(|| preset.pending.clone()),
            other: own.other.or_else(|| preset.other.clone()),
            only: own.only.or_else(|| preset.only.clone()),
            key: own.key.or_else(|| preset.key.clone()),
            null_values: own.null_values.or_else(|| preset.null_values.clone()),
            newest_of: own.newest_of.or_else(|| preset.newest_of.clone()),
            failed_when: own.failed_when.or_else(|| preset.failed_when.clone().filter(|_| !says_when)),
            error_join: if says_error { own.error_join } else { preset.error_join.clone() },
            joins,
            lent,
        }
    }

    fn check_whole(&self, flags: Flags<'_>) -> Result<Wanted, String> {
        let zone = match (flags.time_zone, &self.time_zone) {
            (Some(flag), _) => Some(zone(flag).map_err(|error| format!("--time-zone: {error}"))?),
            (None, Some(key)) => Some(zone(key).map_err(|error| format!("[email_log] time_zone: {error}"))?),
            (None, None) => None,
        };
        let (words, meanings) = self.meanings().map_err(|error| format!("[email_log] {error}"))?;
        let time_format = self.time_format.as_deref().map(TimeFormat::of).transpose();
        let only = self.only.as_ref().map(meaning::condition).transpose();
        let text = |words: &Vec<RawWord>| words.iter().cloned().map(RawWord::into_text).collect();
        Ok(Wanted {
            table: flags.table.or(self.table.as_deref()).unwrap_or("email_log").to_owned(),
            own_way: None,
            zone,
            time_format: time_format.map_err(|error| format!("[email_log] time_format: {error}"))?,
            words,
            meanings,
            only: only.map_err(|error| format!("[email_log] only: {error}"))?.unwrap_or_default(),
            key: self.key()?,
            null_values: self.null_values.as_ref().map(text).unwrap_or_default(),
            newest_of: self.newest_of.clone(),
            written: Vec::new(),
            failed_when_not_empty: self.failed_when()?,
            joins: self.joins(),
            columns: self.columns()?,
            lent: self.lent.iter().filter_map(|name| name.parse().ok()).collect(),
        })
    }

    /// The words of the status, and the conditions where a meaning is more than words.
    fn meanings(&self) -> Result<(StatusWords, Option<Meanings<String>>), String> {
        let raw = [&self.sent, &self.failed, &self.pending];
        let words = raw.map(|raw| raw.as_ref().map(words_alone));
        let other = self.other.as_deref();
        if let [Some(None), ..] | [_, Some(None), _] | [.., Some(None)] = words {
            if self.failed_when.is_some() {
                return Err("both failed_when and a condition say when a row failed; keep one".to_owned());
            }
            let [sent, failed, pending] = raw.map(Option::as_ref);
            let raw = [(Meaning::Sent, sent), (Meaning::Failed, failed), (Meaning::Pending, pending)];
            return Ok((StatusWords::computed(), Some(meaning::check(raw, other.unwrap_or_default())?)));
        }
        let [sent, failed, pending] = words.map(Option::flatten);
        let words = [sent.as_deref(), failed.as_deref(), pending.as_deref(), other];
        Ok((StatusWords::check(words)?, None))
    }

    fn key(&self) -> Result<WantedKey, String> {
        let Some(key) = &self.key else {
            return Ok(WantedKey::Id);
        };
        if self.columns.contains_key(Column::Id.name()) && !self.lent.contains(Column::Id.name()) {
            return Err("[email_log] both key and columns.id say what identifies a mail; keep one".to_owned());
        }
        match key.as_slice() {
            [] => Err("[email_log] key names no column".to_owned()),
            [only] if only.eq_ignore_ascii_case("rowid") => Ok(WantedKey::RowId),
            columns => Ok(WantedKey::Columns(columns.to_vec())),
        }
    }

    fn failed_when(&self) -> Result<bool, String> {
        match self.failed_when.as_deref() {
            None => Ok(false),
            Some(NOT_EMPTY) => Ok(true),
            Some(other) => Err(format!(
                "[email_log] failed_when: '{}' is not one of '{NOT_EMPTY}'; for status words use failed = [...]",
                other.escape_debug()
            )),
        }
    }

    fn joins(&self) -> Vec<WantedJoin> {
        let of_error = self.error_join.iter().map(|join| WantedJoin {
            name: ERROR_JOIN.to_owned(),
            table: join.table.clone(),
            on: join.on.clone(),
            to: None,
            from: None,
            newest_by: join.newest_by.clone(),
        });
        let others = self.joins.iter().map(|(name, join)| WantedJoin {
            name: name.clone(),
            table: join.table.clone(),
            on: join.on.clone(),
            to: join.to.clone(),
            from: join.from.clone(),
            newest_by: join.newest_by.clone(),
        });
        of_error.chain(others).collect()
    }

    fn columns(&self) -> Result<Vec<(Column, Vec<String>)>, String> {
        let mut columns = Vec::new();
        for (name, users) in &self.columns {
            let column: Column = name.parse().map_err(|error| format!("[email_log] columns: {error}"))?;
            if users.as_slice().is_empty() && column.is_required() {
                return Err(format!("[email_log] columns: {name} names no column"));
            }
            if column == Column::ErrorMessage && self.error_join.is_some() {
                return Err(
                    "[email_log] both error_join and columns.error_message say where the error text is; \
                            keep one"
                        .to_owned(),
                );
            }
            columns.push((column, users.as_slice().to_vec()));
        }
        if let Some(join) = &self.error_join {
            let names = join.column.as_slice().iter().map(|name| format!("{ERROR_JOIN}.{name}")).collect();
            columns.push((Column::ErrorMessage, names));
        }
        Ok(columns)
    }
}

/// Whether a column is written as one of the further table of a name.
fn stands_in(column: &str, join: &str) -> bool {
    column.split_once('.').is_some_and(|(table, _)| table == join)
}

fn zone(name: &str) -> Result<Tz, String> {
    name.parse().or_else(|_| Tz::from_str_insensitive(name).map_err(|_| ())).map_err(|()| {
        format!("'{}' is no time zone; write an IANA name such as Europe/Berlin or UTC", name.escape_debug())
    })
}
