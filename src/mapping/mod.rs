//! The user's table in the canonical terms of `queries/README.md`.
//!
//! What the config says (`RawMapping`) is checked against the columns that are there and becomes a `Mapping`;
//! from a mapping and a `Selection` of rows, [`sql`] makes the relation `email_log` that every query file reads.
//! Names are looked up before they are quoted; values are bound.

pub mod sql;
pub mod time;

use std::collections::BTreeMap;
use std::str::FromStr;

use chrono_tz::Tz;
use serde::Deserialize;

use crate::model::Meaning;

/// The columns of the canonical relation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Column {
    /// The row's key.
    Id,
    /// The application's own status word.
    Status,
    /// When the attempt was made.
    SentDate,
    /// The stored error text.
    ErrorMessage,
    /// The mailbox the mail went out from.
    Sender,
    /// To whom.
    Recipient,
    /// Copies.
    Cc,
    /// Blind copies.
    Bcc,
    /// Where answers go.
    ReplyTo,
    /// The subject.
    Subject,
    /// The text.
    BodyText,
    /// The text as HTML.
    BodyHtml,
    /// A whole RFC 5322 message.
    Raw,
    /// Files, as paths.
    Attachments,
    /// The Message-ID.
    MessageId,
    /// When the mail was put in the queue.
    QueuedAt,
    /// When the attempt ended.
    FinishedAt,
    /// How often it was tried.
    Attempts,
    /// The batch it belongs to.
    Job,
}

/// Every canonical column with its name and the names it goes by where the config does not say.
const COLUMNS: &[(Column, &str, &[&str])] = &[
    (Column::Id, "id", &["id"]),
    (Column::Status, "status", &["status"]),
    (Column::SentDate, "sent_date", &["sent_date"]),
    (Column::ErrorMessage, "error_message", &["error_message"]),
    (Column::Sender, "sender", &["sender"]),
    (Column::Recipient, "recipient", &["recipient"]),
    (Column::Cc, "cc", &["cc"]),
    (Column::Bcc, "bcc", &["bcc"]),
    (Column::ReplyTo, "reply_to", &["reply_to"]),
    (Column::Subject, "subject", &["subject"]),
    (Column::BodyText, "body_text", &["body_text", "body"]),
    (Column::BodyHtml, "body_html", &["body_html"]),
    (Column::Raw, "raw", &["raw"]),
    (Column::Attachments, "attachments", &["attachments"]),
    (Column::MessageId, "message_id", &["message_id"]),
    (Column::QueuedAt, "queued_at", &["queued_at"]),
    (Column::FinishedAt, "finished_at", &["finished_at"]),
    (Column::Attempts, "attempts", &["attempts"]),
    (Column::Job, "job", &["job"]),
];

impl Column {
    /// Every canonical column.
    pub fn all() -> impl Iterator<Item = Column> {
        COLUMNS.iter().map(|(column, ..)| *column)
    }

    /// The name in the canonical relation and in the config.
    pub fn name(self) -> &'static str {
        COLUMNS[self as usize].1
    }

    fn usual_names(self) -> &'static [&'static str] {
        COLUMNS[self as usize].2
    }

    fn is_required(self) -> bool {
        matches!(self, Column::Id | Column::Status | Column::SentDate)
    }
}

impl FromStr for Column {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        let known = || Column::all().map(Column::name).collect::<Vec<_>>();
        Column::all()
            .find(|column| column.name() == name)
            .ok_or_else(|| format!("'{name}' is none of the columns {}", known().join(", ")))
    }
}

/// The preset of a table with the canonical names.
const GENERIC: &str = "generic";

/// The words for sent, failed and pending where the config does not name them.
const USUAL_WORDS: [(Meaning, &str); 3] =
    [(Meaning::Sent, "S"), (Meaning::Failed, "F"), (Meaning::Pending, "P")];

/// The section `[email_log]` as written.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawMapping {
    /// A table known by name; the other keys go before it.
    pub preset: Option<String>,
    /// The table, with its schema where it needs one.
    pub table: Option<String>,
    /// The zone of naive times, by its IANA name.
    pub time_zone: Option<String>,
    /// Canonical column to the user's column or columns.
    #[serde(default)]
    pub columns: BTreeMap<String, OneOrMany>,
    /// Words that mean sent.
    pub sent: Option<Vec<String>>,
    /// Words that mean failed.
    pub failed: Option<Vec<String>>,
    /// Words that mean pending.
    pub pending: Option<Vec<String>>,
}

/// One name, or several of which the first that is not NULL counts.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged, expecting = "expected a column's name or a list of names")]
pub enum OneOrMany {
    /// A single column.
    One(String),
    /// Several columns, in the order they are asked.
    Many(Vec<String>),
}

impl OneOrMany {
    fn names(&self) -> &[String] {
        match self {
            OneOrMany::One(name) => std::slice::from_ref(name),
            OneOrMany::Many(names) => names,
        }
    }
}

/// The checked wishes for a mapping, before the table has been looked at.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// The table as the user wrote it.
    pub table: String,
    /// The zone of naive times.
    pub zone: Tz,
    /// What each status word means.
    pub words: Words,
    columns: Vec<(Column, Vec<String>)>,
}

/// Which of the application's status words mean what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Words(Vec<(String, Meaning)>);

impl Words {
    /// The meaning of a stored status word.
    pub fn meaning(&self, word: Option<&str>) -> Meaning {
        self.0
            .iter()
            .find(|(known, _)| Some(known.as_str()) == word)
            .map_or(Meaning::Other, |(_, meaning)| *meaning)
    }

    /// All words.
    pub fn all(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|(word, _)| word.as_str())
    }

    /// The words of one meaning.
    pub fn of(&self, meaning: Meaning) -> impl Iterator<Item = &str> {
        self.0.iter().filter(move |(_, of)| *of == meaning).map(|(word, _)| word.as_str())
    }
}

impl RawMapping {
    /// Checks all that can be checked without the database; `table` and `time_zone` are flags, which win.
    ///
    /// # Errors
    /// One line that names the key and says what is wrong with it.
    pub fn check(&self, table: Option<&str>, time_zone: Option<&str>) -> Result<Wanted, String> {
        let zone = match (time_zone, &self.time_zone) {
            (Some(flag), _) => zone(flag).map_err(|error| format!("--time-zone: {error}"))?,
            (None, Some(key)) => zone(key).map_err(|error| format!("[email_log] time_zone: {error}"))?,
            (None, None) => Tz::UTC,
        };
        if let Some(preset) = self.preset.as_deref().filter(|preset| *preset != GENERIC) {
            return Err(format!("[email_log] preset: '{}' is none of {GENERIC}", preset.escape_debug()));
        }
        let mut columns = Vec::new();
        for (name, users) in &self.columns {
            let column = name.parse().map_err(|error| format!("[email_log] columns: {error}"))?;
            if users.names().is_empty() {
                return Err(format!("[email_log] columns: {name} names no column"));
            }
            columns.push((column, users.names().to_vec()));
        }
        let table = table.or(self.table.as_deref()).unwrap_or("email_log").to_owned();
        Ok(Wanted { table, zone, words: self.words()?, columns })
    }

    fn words(&self) -> Result<Words, String> {
        let given = [&self.sent, &self.failed, &self.pending];
        let mut words: Vec<(String, Meaning)> = Vec::new();
        for ((meaning, usual), given) in USUAL_WORDS.into_iter().zip(given) {
            let of_meaning = given.clone().unwrap_or_else(|| vec![usual.to_owned()]);
            for word in of_meaning {
                if let Some((_, other)) = words.iter().find(|(known, _)| *known == word) {
                    return Err(format!(
                        "[email_log] '{word}' stands under both {other} and {meaning}; keep one"
                    ));
                }
                words.push((word, meaning));
            }
            if meaning == Meaning::Failed && !words.iter().any(|(_, of)| *of == meaning) {
                return Err(
                    "[email_log] failed names no word, so nothing could ever be found to fail; name one"
                        .to_owned(),
                );
            }
        }
        Ok(Words(words))
    }
}

fn zone(name: &str) -> Result<Tz, String> {
    name.parse().or_else(|_| Tz::from_str_insensitive(name).map_err(|_| ())).map_err(|()| {
        format!("'{}' is no time zone; write an IANA name such as Europe/Berlin or UTC", name.escape_debug())
    })
}

/// The user's table, found, with its columns in canonical terms.
#[derive(Debug, Clone)]
pub struct Mapping {
    /// Schema and name, both looked up.
    pub table: (String, String),
    /// The zone of naive times.
    pub zone: Tz,
    /// What each status word means.
    pub words: Words,
    /// How the columns of `sent_date` write times.
    pub form: time::Form,
    columns: Vec<(Column, Vec<String>)>,
}

impl Mapping {
    /// Joins the wishes to the columns that are there. Names match whatever their case where exactly one fits.
    ///
    /// # Errors
    /// A column that is not there, with those that are and the nearest name.
    pub fn resolve(wanted: &Wanted, table: (String, String), present: &[String]) -> Result<Self, String> {
        let mut columns = Vec::new();
        for column in Column::all() {
            let names = match wanted.columns.iter().find(|(of, _)| *of == column) {
                Some((_, names)) => look_up_all(column, names, &table.1, present)?,
                None => {
                    column.usual_names().iter().find_map(|name| look_up(name, present)).into_iter().collect()
                }
            };
            if names.is_empty() && column.is_required() {
                return Err(missing(column, column.name(), &table.1, present));
            }
            if !names.is_empty() {
                columns.push((column, names));
            }
        }
        let (zone, words) = (wanted.zone, wanted.words.clone());
        Ok(Self { table, zone, words, form: time::Form::Text, columns })
    }

    /// The user's columns behind a canonical one; none where the table has no such thing.
    pub fn columns(&self, column: Column) -> &[String] {
        self.columns.iter().find(|(of, _)| *of == column).map_or(&[], |(_, names)| names)
    }
}

fn look_up_all(
    column: Column,
    names: &[String],
    table: &str,
    present: &[String],
) -> Result<Vec<String>, String> {
    names
        .iter()
        .map(|name| look_up(name, present).ok_or_else(|| missing(column, name, table, present)))
        .collect()
}

fn look_up(name: &str, present: &[String]) -> Option<String> {
    let mut alike = present.iter().filter(|there| there.eq_ignore_ascii_case(name));
    match (present.iter().find(|there| *there == name), alike.next(), alike.next()) {
        (Some(exact), ..) => Some(exact.clone()),
        (None, Some(only), None) => Some(only.clone()),
        _ => None,
    }
}

fn missing(column: Column, name: &str, table: &str, present: &[String]) -> String {
    let nearest =
        nearest(name, present).map_or_else(String::new, |near| format!(" (did you mean '{near}'?)"));
    format!(
        "column '{name}' ({canonical}) is not in table {table}, which has {there}{nearest}; \
         set [email_log] columns = {{ {canonical} = \"...\" }}",
        canonical = column.name(),
        there = present.join(", "),
    )
}

/// The name most like the one asked for, if any is like it at all.
pub fn nearest<'a>(name: &str, present: &'a [String]) -> Option<&'a str> {
    let likeness = |there: &str| strsim::jaro_winkler(&name.to_lowercase(), &there.to_lowercase());
    present
        .iter()
        .map(|there| (likeness(there), there))
        .filter(|(likeness, _)| *likeness > 0.7)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, there)| there.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn present() -> Vec<String> {
        ["id", "state", "Sent_Date", "created", "error_message", "body"].map(String::from).to_vec()
    }

    fn resolve(toml: &str) -> Result<Mapping, String> {
        let raw: RawMapping = toml::from_str(toml).unwrap();
        Mapping::resolve(&raw.check(None, None)?, ("main".into(), "email_log".into()), &present())
    }

    #[test]
    fn columns_of_the_usual_names_need_no_config() {
        let mapping =
            resolve("columns = { status = 'state', sent_date = ['sent_date', 'created'] }").unwrap();
        assert_eq!(mapping.columns(Column::SentDate), ["Sent_Date", "created"]);
        assert_eq!(mapping.columns(Column::BodyText), ["body"]);
        assert!(mapping.columns(Column::Sender).is_empty());
    }

    #[test]
    fn a_missing_column_is_answered_with_those_there_are() {
        assert_eq!(
            resolve("columns = { status = 'stat' }").unwrap_err(),
            "column 'stat' (status) is not in table email_log, which has id, state, Sent_Date, created, \
             error_message, body (did you mean 'state'?); set [email_log] columns = { status = \"...\" }"
        );
    }

    #[test]
    fn a_word_means_one_thing() {
        let words =
            RawMapping { failed: Some(vec!["F".into(), "S".into()]), ..RawMapping::default() }.words();
        assert_eq!(words.unwrap_err(), "[email_log] 'S' stands under both sent and failed; keep one");
    }

    #[test]
    fn a_word_is_what_the_mapping_says_to_the_letter() {
        let words = RawMapping::default().words().unwrap();
        assert_eq!(words.meaning(Some("F")), Meaning::Failed);
        assert_eq!(words.meaning(Some("f")), Meaning::Other);
        assert_eq!(words.meaning(Some("F ")), Meaning::Other);
        assert_eq!(words.meaning(None), Meaning::Other);
    }
}
