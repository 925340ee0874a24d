//! The report as typed results; as JSON they are the contract `mailthrottle/report/1`.
//!
//! Keys may be added, never changed. Times are instants in UTC, absent values are null, rates lie between 0 and 1.

use serde::Serialize;

use super::clusters::Cluster;
use super::failures::{Failures, is_throttle};
use super::running::Overlap;
use super::sweep::{Around, Swept};
use super::verdict::{self, Verdict};
use crate::mapping::Words;
use crate::model::{Class, Disposition, Enhanced, Meaning, Millis};
use crate::provider::Profile;
use crate::window::Window;
use crate::zone::{self, Step};

/// A cluster's surge from which it is a burst, when its cause is unknown.
const BURST_SURGE: f64 = 5.0;

/// Failures a cluster of unknown cause needs to be a burst.
const BURST_FAILURES: u64 = 3;

/// Ids listed for a cluster.
const MOST_IDS: usize = 20;

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
    pub source: Source,
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
    /// What it all means.
    pub verdict: Verdict,
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
pub struct Source {
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
}

/// One status word.
#[derive(Debug, Clone, Serialize)]
pub struct StatusRow {
    /// The application's word.
    pub status: Option<String>,
    /// What it means.
    pub meaning: Meaning,
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
    /// Whether it is a burst: throttling, or an unknown cause in a surge.
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
    /// Attempts in the busiest minute of the clock.
    pub peak_per_minute: u64,
    /// Recipients in the busiest 24 hours.
    pub recipients_24h: u64,
}

/// One step of the timeline.
#[derive(Debug, Clone, Serialize)]
pub struct StepRow {
    /// Its start.
    #[serde(serialize_with = "zone::serialize")]
    pub start: Millis,
    /// Attempts.
    pub attempts: u64,
    /// Failed ones.
    pub failed: u64,
    /// Throttled ones.
    pub throttled: u64,
}

/// What a report is made of.
pub struct Parts<'a> {
    /// The moment it is made.
    pub now: Millis,
    /// What was asked about.
    pub window: Window,
    /// Where it was read.
    pub source: Source,
    /// The provider whose limits count.
    pub profile: &'a Profile,
    /// Whether a mail server wrote the log, which tries again by itself.
    pub tries_again: bool,
    /// What each status word means.
    pub words: &'a Words,
    /// The step of the timeline.
    pub step: Step,
    /// The failed mails, sorted.
    pub failures: &'a Failures<'a>,
    /// Clusters among them.
    pub clusters: &'a [Cluster],
    /// What the pass over all attempts found.
    pub swept: &'a Swept,
}

impl Report {
    /// Joins the parts.
    pub fn new(parts: &Parts<'_>) -> Self {
        let clusters: Vec<_> = parts
            .clusters
            .iter()
            .zip(&parts.swept.around)
            .map(|(c, around)| cluster(parts, c, *around))
            .collect();
        let statuses = statuses(parts);
        let totals = totals(parts, &statuses);
        let senders = senders(parts);
        let mut report = Self {
            schema: "mailthrottle/report/1",
            generated_at: parts.now,
            window: parts.window.into(),
            source: parts.source.clone(),
            limits: parts.profile.into(),
            totals,
            statuses,
            causes: causes(parts.failures),
            clusters,
            senders,
            timeline: timeline(parts),
            overlap: parts.swept.overlap.clone(),
            verdict: Verdict::default(),
        };
        report.verdict = verdict::judge(&report, parts);
        report
    }
}

fn totals(parts: &Parts<'_>, statuses: &[StatusRow]) -> Totals {
    let of =
        |meaning| -> u64 { statuses.iter().filter(|row| row.meaning == meaning).map(|row| row.rows).sum() };
    // what was sent again counts as the failure it was, whatever its status says by now
    let again = parts.swept.recovered;
    let rows: u64 = statuses.iter().map(|row| row.rows).sum();
    let failed = of(Meaning::Failed) + again;
    Totals {
        rows,
        sent: of(Meaning::Sent).saturating_sub(again),
        failed,
        pending: of(Meaning::Pending),
        other: of(Meaning::Other),
        recovered: parts.failures.causes.iter().map(|cause| cause.recovered).sum(),
        failure_rate: rate(failed, rows),
        unclassified: parts.failures.count(&[Class::Unknown]),
        unreadable: parts.swept.unplaced + parts.failures.garbled,
        doubt: parts.failures.in_doubt,
    }
}

fn statuses(parts: &Parts<'_>) -> Vec<StatusRow> {
    let row = |(status, rows): &(Option<String>, u64)| StatusRow {
        meaning: parts.words.meaning(status.as_deref()),
        status: status.clone(),
        rows: *rows,
    };
    let mut rows: Vec<_> = parts.swept.statuses.iter().map(row).collect();
    rows.sort_by(|a, b| b.rows.cmp(&a.rows).then_with(|| a.status.cmp(&b.status)));
    rows
}

fn causes(failures: &Failures<'_>) -> Vec<CauseRow> {
    let mut rows: Vec<_> = failures
        .causes
        .iter()
        .map(|cause| CauseRow {
            class: cause.class,
            disposition: cause.disposition,
            reply: cause.reply,
            enhanced: cause.enhanced,
            fingerprint: cause.fingerprint.clone(),
            rows: cause.rows,
            recovered: cause.recovered,
            first_at: cause.first_at,
            last_at: cause.last_at,
            example: cause.example.clone(),
        })
        .collect();
    let key = |row: &CauseRow| (row.class, row.fingerprint.clone(), row.reply, row.enhanced, row.disposition);
    rows.sort_by(|a, b| b.rows.cmp(&a.rows).then_with(|| key(a).cmp(&key(b))));
    rows
}

fn cluster(parts: &Parts<'_>, cluster: &Cluster, around: Around) -> ClusterRow {
    let member = |place: &u32| &parts.failures.rows[*place as usize];
    let failures = cluster.members.len() as u64;
    let span_ms = cluster.end - cluster.start;
    let surge = surge(around, span_ms);
    let unknown_burst = cluster.class == Class::Unknown && failures >= BURST_FAILURES && surge >= BURST_SURGE;
    ClusterRow {
        class: cluster.class,
        disposition: cluster.disposition,
        reply: cluster.reply,
        enhanced: cluster.enhanced,
        start: cluster.start,
        end: cluster.end,
        span_ms,
        failures,
        recovered: cluster.members.iter().filter(|place| member(place).recovered).count() as u64,
        attempts: around.attempts,
        failure_rate: rate(failures, around.attempts),
        peak_per_second: around.peak_per_second,
        surge,
        burst: is_throttle(cluster.class) || unknown_burst,
        collateral: cluster.collateral.len() as u64,
        senders: senders_of(parts, cluster),
        row_ids: cluster.members.iter().take(MOST_IDS).map(|place| member(place).id.to_string()).collect(),
    }
}

/// How many times more attempts a second than in the hour before, which counts as at least one.
fn surge(around: Around, span_ms: Millis) -> f64 {
    let now = around.attempts as f64 / ((span_ms + 1000) as f64 / 1000.0);
    let before = around.hour_before.max(1) as f64 / 3600.0;
    now / before
}

fn senders_of(parts: &Parts<'_>, cluster: &Cluster) -> Vec<String> {
    let mut counts: Vec<(u32, u64)> = Vec::new();
    for place in &cluster.members {
        let sender = parts.failures.rows[*place as usize].sender;
        match counts.iter_mut().find(|(known, _)| *known == sender) {
            Some((_, count)) => *count += 1,
            None => counts.push((sender, 1)),
        }
    }
    counts.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    counts
        .into_iter()
        .filter_map(|(sender, _)| parts.failures.senders.name(sender).map(str::to_owned))
        .collect()
}

fn senders(parts: &Parts<'_>) -> Vec<SenderRow> {
    let mut failed = vec![(0, 0); parts.swept.by_sender.len()];
    for failure in &parts.failures.rows {
        if let Some((failed, throttled)) = failed.get_mut(failure.sender as usize) {
            *failed += 1;
            *throttled += u64::from(is_throttle(parts.failures.cause_of(failure).class));
        }
    }
    let swept = parts.swept.by_sender.iter().zip(failed).zip(0u32..);
    let mut rows: Vec<_> = swept
        .filter(|((swept, _), _)| swept.attempts > 0)
        .map(|((swept, (failed, throttled)), id)| SenderRow {
            sender: parts.swept.senders.name(id).map(str::to_owned),
            attempts: swept.attempts,
            failed,
            throttled,
            peak_per_minute: swept.peak_per_minute,
            recipients_24h: swept.recipients_24h,
        })
        .collect();
    rows.sort_by(|a, b| b.attempts.cmp(&a.attempts).then_with(|| a.sender.cmp(&b.sender)));
    rows
}

fn timeline(parts: &Parts<'_>) -> Vec<StepRow> {
    let row = |(start, attempts): &(Millis, u64)| StepRow {
        start: *start,
        attempts: *attempts,
        failed: 0,
        throttled: 0,
    };
    let mut rows: Vec<StepRow> = parts.swept.timeline.iter().map(row).collect();
    for failure in &parts.failures.rows {
        let Some(at) = failure.at else { continue };
        let after = rows.partition_point(|row| row.start <= at);
        if let Some(row) = after.checked_sub(1).and_then(|place| rows.get_mut(place)) {
            row.failed += 1;
            row.throttled += u64::from(is_throttle(parts.failures.cause_of(failure).class));
        }
    }
    rows
}

/// A share between 0 and 1; of nothing, 0.
pub fn rate(part: u64, whole: u64) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
}
