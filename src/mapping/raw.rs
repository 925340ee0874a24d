//! The section `[email_log]` as written.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use crate::mapping::meaning::{RawCondition, RawMeaning};
use crate::mapping::words::RawWord;
use crate::model::OneOrMany;

/// The section `[email_log]` as written.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawMapping {
    /// A table known by name; the other keys go before what it says.
    pub preset: Option<String>,
    /// The table, with its schema where it needs one.
    pub table: Option<String>,
    /// The zone of naive times, by its IANA name.
    pub time_zone: Option<String>,
    /// How the columns of times write them, where a look at them does not tell.
    pub time_format: Option<String>,
    /// Canonical column to the user's column or columns; none at all where a column of that name holds something else.
    #[serde(default)]
    pub columns: BTreeMap<String, OneOrMany>,
    /// When a row was sent.
    pub sent: Option<RawMeaning>,
    /// When it failed.
    pub failed: Option<RawMeaning>,
    /// When it still waits.
    pub pending: Option<RawMeaning>,
    /// Status words that are known and mean none of the three.
    pub other: Option<Vec<RawWord>>,
    /// Which rows are mail at all.
    pub only: Option<RawCondition>,
    /// The column or columns that identify a mail, or `rowid`.
    pub key: Option<OneOrMany>,
    /// Texts that stand for nothing.
    pub null_values: Option<Vec<RawWord>>,
    /// Of several rows for one mail the newest counts.
    pub newest_of: Option<RawNewest>,
    /// `not empty`: a row failed when its error text is not empty.
    pub failed_when: Option<String>,
    /// The table that holds the error texts.
    pub error_join: Option<RawErrorJoin>,
    /// Further tables, by the name before the dot in `columns`.
    #[serde(default)]
    pub joins: BTreeMap<String, RawJoin>,
    /// The columns that only a preset speaks of.
    #[serde(skip)]
    pub lent: BTreeSet<String>,
}

/// By what rows are of one mail, and which of them is the newest.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawNewest {
    /// The column that is the same for all rows of a mail.
    pub group: String,
    /// The column that says which row is the newest.
    pub by: String,
}

/// A table that holds something of each mail; of several rows for one mail the newest counts.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawJoin {
    /// The table.
    pub table: String,
    /// Its column that names the mail.
    pub on: String,
    /// The column of the log it names the mail by; the log's id without it.
    pub to: Option<String>,
    /// The further table that has that column, where the log has not.
    pub from: Option<String>,
    /// Its column that says which row is the newest.
    pub newest_by: Option<String>,
}

/// A table with the error texts.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawErrorJoin {
    /// The table.
    pub table: String,
    /// Its column that names the mail.
    pub on: String,
    /// Its column or columns with the text.
    pub column: OneOrMany,
    /// Its column that says which row is the newest.
    pub newest_by: Option<String>,
}
