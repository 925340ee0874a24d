//! The report as typed results; as JSON they are the contract `mailthrottle/report/1`.
//!
//! Keys may be added, never changed. Times are instants in UTC, absent values are null, rates lie between 0 and 1.

use serde::Serialize;

use super::running::Overlap;
use super::verdict::Verdict;
use crate::model::{Class, Disposition, Enhanced, Meaning, Millis};
use crate::provider::Profile;
use crate::window::Window;
use crate::zone;

/// All that a report says.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    /// Name and version of the contract.
    pub schema: &'static str,
    /// When it was made.
    #[serde(serialize_with = "zone::serialize")]
    pub generated_at: Millis,
    /// What was asked about.
    pub window: WindowView,
    /// Where it was read.
    pub source: ReportSource,
    /// The provider's limits that the figures are held against.
    pub limits: Limits,
    /// Sums over the window.
    pub totals: Totals,
    /// Rows by status word.
    pub statuses: Vec<StatusRow>,
    /// Failures by cause, the commonest first.
    pub causes: Vec<CauseRow>,
    /// Clusters in the order of time.
    pub clusters: Vec<ClusterRow>,
    /// Figures by mailbox, the busiest first.
    pub senders: Vec<SenderRow>,
    /// Attempts and failures over time; steps without any attempt are left out.
    pub timeline: Vec<StepRow>,
    /// How many ran at once when mails were throttled.
    pub overlap: Overlap,
    /// Failed mails that should go again and have not, of whatever time; none for an imported log.
    pub backlog: Option<Backlog>,
    /// Whether the times of the log are more than dates; else bursts and peaks cannot be told.
    pub has_time_of_day: bool,
    /// Mailboxes that are refused as a whole, and from which nothing went since.
    pub blocked_senders: Vec<BlockedSender>,
    /// What it all means.
    pub verdict: Verdict,
}

impl Report {
    /// Rows whose status word the mapping does not name.
    pub fn unmapped(&self) -> u64 {
        self.statuses.iter().filter(|row| !row.mapped).map(|row| row.rows).sum()
    }
}

/// The window.
#[derive(Debug, Clone, Serialize)]
pub struct WindowView {
    /// Its start, included.
    #[serde(serialize_with = "zone::serialize")]
    pub since: Option<Millis>,
    /// Its end, not included.
    #[serde(serialize_with = "zone::serialize")]
    pub until: Option<Millis>,
    /// The zone of naive times.
    pub time_zone: String,
}

impl From<Window> for WindowView {
    fn from(window: Window) -> Self {
        Self { since: window.since, until: window.until, time_zone: window.zone.name().to_owned() }
    }
}

/// Where the rows were read.
#[derive(Debug, Clone, Default, Serialize)]
pub struct ReportSource {
    /// Kind and place of the database, without any password.
    pub database: String,
    /// The table.
    pub table: String,
    /// First time in the whole table; asked only when the window is empty.
    #[serde(serialize_with = "zone::serialize")]
    pub first_at: Option<Millis>,
    /// Last time in the whole table; asked only when the window is empty.
    #[serde(serialize_with = "zone::serialize")]
    pub last_at: Option<Millis>,
}

/// Limits per mailbox.
#[derive(Debug, Clone, Serialize)]
pub struct Limits {
    /// The provider's profile.
    pub profile: String,
    /// Messages a minute.
    pub messages_per_minute: Option<u32>,
    /// Recipients a rolling day.
    pub recipients_per_day: Option<u32>,
}

impl From<&Profile> for Limits {
    fn from(profile: &Profile) -> Self {
        Self {
            profile: profile.name.clone(),
            messages_per_minute: profile.messages_per_minute,
            recipients_per_day: profile.recipients_per_day,
        }
    }
}

/// Sums over the window.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Totals {
    /// Rows, those with unreadable times included.
    pub rows: u64,
    /// Rows that mean sent.
    pub sent: u64,
    /// Rows that mean failed.
    pub failed: u64,
    /// Rows that mean pending.
    pub pending: u64,
    /// Rows whose status word nobody mapped.
    pub other: u64,
    /// Failed rows that were sent later.
    pub recovered: u64,
    /// Failed rows by all rows.
    pub failure_rate: f64,
    /// Failures whose text no rule knows.
    pub unclassified: u64,
    /// Rows with a time or an error text that cannot be read.
    pub unreadable: u64,
    /// Mails of the log that were sent again and may have been delivered, whatever the window: a person decides.
    pub doubt: u64,
    /// Rows that were tried, by their time, more than 5 minutes after now: the zone of the log or a clock is wrong.
    pub future: u64,
}

/// Failed mails that should go again and have not: mails, not attempts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Backlog {
    /// What resend would select or hold now.
    pub rows: u64,
    /// The time of the oldest.
    #[serde(serialize_with = "zone::serialize")]
    pub oldest_at: Option<Millis>,
    /// Its age in whole seconds.
    pub oldest_age_s: Option<i64>,
    /// Mails that may have been delivered: a person decides, and they are no part of `rows`.
    pub doubt: u64,
    /// Of `rows`, those that a person has to decide about first. Where more than 1,000 would go, and in alert and doctor, what the
    /// messages of the mails lack is not looked at.
    pub held: u64,
    /// Mails whose time has not come yet: resend takes them later. They are no part of `rows`.
    pub deferred: u64,
    /// Mails that would go but for their age, and are no part of `rows`. In a log of more than 100,000 rows, only those of the last
    /// day before that age.
    pub too_old: u64,
}

/// A mailbox that is refused as a whole.
#[derive(Debug, Clone, Serialize)]
pub struct BlockedSender {
    /// Its address.
    pub sender: Option<String>,
    /// Mails that were refused so since the last one went.
    pub rows: u64,
    /// The first of them.
    #[serde(serialize_with = "zone::serialize")]
    pub since: Option<Millis>,
}

/// One status word.
#[derive(Debug, Clone, Serialize)]
pub struct StatusRow {
    /// The application's word.
    pub status: Option<String>,
    /// What it means.
    pub meaning: Meaning,
    /// Whether the mapping names it, if only as a word that means none of the three.
    pub mapped: bool,
    /// How many rows have it.
    pub rows: u64,
}

/// One cause.
#[derive(Debug, Clone, Serialize)]
pub struct CauseRow {
    /// What kind of trouble.
    pub class: Class,
    /// What may be done.
    pub disposition: Disposition,
    /// Reply code.
    pub reply: Option<u16>,
    /// Enhanced code.
    pub enhanced: Option<Enhanced>,
    /// The text without what differs from row to row, and its hash.
    pub fingerprint: Option<String>,
    /// Failed rows.
    pub rows: u64,
    /// Of these, sent later.
    pub recovered: u64,
    /// First time.
    #[serde(serialize_with = "zone::serialize")]
    pub first_at: Option<Millis>,
    /// Last time.
    #[serde(serialize_with = "zone::serialize")]
    pub last_at: Option<Millis>,
    /// The first text met.
    pub example: Option<String>,
}

/// One cluster.
#[derive(Debug, Clone, Serialize)]
pub struct ClusterRow {
    /// What kind of trouble.
    pub class: Class,
    /// What may be done.
    pub disposition: Disposition,
    /// The commonest reply code.
    pub reply: Option<u16>,
    /// Enhanced code.
    pub enhanced: Option<Enhanced>,
    /// First failure.
    #[serde(serialize_with = "zone::serialize")]
    pub start: Millis,
    /// Last failure.
    #[serde(serialize_with = "zone::serialize")]
    pub end: Millis,
    /// From the first to the last failure.
    pub span_ms: Millis,
    /// Failed rows.
    pub failures: u64,
    /// Of these, sent later.
    pub recovered: u64,
    /// Rows of any status from `gap` before the start to the end.
    pub attempts: u64,
    /// Failures by attempts.
    pub failure_rate: f64,
    /// Attempts in the busiest second of the clock.
    pub peak_per_second: u64,
    /// How many times busier than the hour before.
    pub surge: f64,
    /// Whether it is a burst: of throttling, or of failures by the application or of an unknown cause in a surge.
    pub burst: bool,
    /// Network errors that followed from it.
    pub collateral: u64,
    /// Mailboxes, the one with most failures first.
    pub senders: Vec<String>,
    /// Keys of the first failed rows, at most 20.
    pub row_ids: Vec<String>,
}

/// One mailbox.
#[derive(Debug, Clone, Serialize)]
pub struct SenderRow {
    /// Its address.
    pub sender: Option<String>,
    /// Attempts.
    pub attempts: u64,
    /// Failed ones.
    pub failed: u64,
    /// Throttled ones.
    pub throttled: u64,
    /// Attempts in the busiest minute of the clock; none where the log has no time of day.
    pub peak_per_minute: Option<u64>,
    /// Connections opened in the busiest minute of the clock, one for each attempt that asked a server; none where the log has no
    /// time of day.
    pub opened_per_minute: Option<u64>,
    /// The same in the busiest hour of the clock.
    pub opened_per_hour: Option<u64>,
    /// Recipients in the busiest 24 hours.
    pub recipients_24h: u64,
}

/// One step of the timeline.
#[derive(Debug, Clone, Serialize)]
pub struct StepRow {
    /// Its start.
    #[serde(serialize_with = "zone::serialize")]
    pub start: Millis,
    /// Its end, not included.
    #[serde(serialize_with = "zone::serialize")]
    pub end: Millis,
    /// Attempts.
    pub attempts: u64,
    /// Failed ones.
    pub failed: u64,
    /// Throttled ones.
    pub throttled: u64,
}

/// A share between 0 and 1; of nothing, 0.
pub fn rate(part: u64, whole: u64) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
}
