//! The outcome as typed results; as JSON they are the contract `mailthrottle/alert/1`.
//!
//! Keys may be added, never changed. The worst check is named first.

use chrono_tz::Tz;
use serde::Serialize;

use super::check::{Metric, MetricCheck, future as future_check};
use super::figures::{Figures, Measured};
use super::memory::AlertEvent;
use super::range::{Range, shown};
use super::state::AlertState;
use crate::analysis::phrases::{self, length};
use crate::analysis::report::{Backlog, CauseRow, ClusterRow, Report, Totals, WindowView};
use crate::analysis::verdict::{Verdict, VerdictKind};
use crate::model::{Disposition, Millis};
use crate::window::Window;
use crate::zone;

/// Name and version of the contract.
const SCHEMA: &str = "mailthrottle/alert/1";

/// One check.
#[derive(Debug, Clone, Serialize)]
pub struct MetricRow {
    /// Its name: the metric's, or the one it has in the config.
    pub name: String,
    /// What was measured.
    pub metric: &'static str,
    /// The figure.
    pub value: Option<f64>,
    /// `%`, or nothing for a count.
    pub unit: &'static str,
    /// The range for a warning, as it was written.
    pub warning: Option<Range>,
    /// The range for critical.
    pub critical: Option<Range>,
    /// How bad it is.
    pub state: AlertState,
    /// What a reader has to know of the figure.
    pub note: Option<String>,
    /// Length of its window, in milliseconds.
    pub window_ms: Millis,
}

/// All that an alert says.
#[derive(Debug, Clone, Serialize)]
pub struct AlertOutcome {
    /// Name and version of the contract.
    pub schema: &'static str,
    /// When it was made.
    #[serde(serialize_with = "zone::serialize")]
    pub generated_at: Millis,
    /// The worst state of all checks.
    pub state: AlertState,
    /// The exit code for it.
    pub exit_code: u8,
    /// One sentence.
    pub summary: String,
    /// Why it is reported, where a notification is sent.
    pub event: Option<AlertEvent>,
    /// Where it was read.
    pub source: AlertSource,
    /// The window of the worst check.
    pub window: WindowView,
    /// The checks, the worst first.
    pub metrics: Vec<MetricRow>,
    /// Sums over that window.
    pub totals: Totals,
    /// Failures that succeeded later.
    pub healed: u64,
    /// Failed rows without a readable time, which belong to no window.
    pub timeless: u64,
    /// Failures of that window by cause.
    pub causes: Vec<CauseRow>,
    /// Clusters of that window.
    pub clusters: Vec<ClusterRow>,
    /// What it all means.
    pub verdict: Verdict,
    /// What should go again and has not, of the whole log; none for an imported log.
    pub backlog: Option<Backlog>,
    /// Connections that the busiest mailbox opened in a minute, each attempt counted as one; none where the log has no time of day.
    pub opened_per_minute: Option<u64>,
    /// The same in an hour.
    pub opened_per_hour: Option<u64>,
    /// Older mails are not sent again, in milliseconds.
    pub max_age_ms: Millis,
    /// Failed rows that have become too old since all was well last.
    #[serde(skip)]
    pub given_up: u64,
    /// The command that sends again what was refused temporarily; none where nothing is to be sent.
    pub resend: Option<String>,
}

/// Where the rows were read.
#[derive(Debug, Clone, Default, Serialize)]
pub struct AlertSource {
    /// Kind and place of the database, without any password.
    pub database: String,
    /// The table.
    pub table: String,
}

/// What was found for one scope.
#[derive(Debug, Clone)]
pub struct ScopeFindings {
    /// The figures.
    pub figures: Figures,
    /// The report on its window.
    pub report: Report,
    /// Older mails are not sent again, in milliseconds.
    pub max_age: Millis,
    /// Why nothing can be said of the window, where that is so.
    pub blind: Option<String>,
}

impl AlertOutcome {
    /// What is reported where nothing could be found out.
    pub fn unknown(now: Millis, why: String, zone: Tz) -> Self {
        Self {
            schema: SCHEMA,
            generated_at: now,
            state: AlertState::Unknown,
            exit_code: AlertState::Unknown.code(),
            summary: why,
            event: None,
            source: AlertSource::default(),
            window: Window { since: None, until: None, zone }.into(),
            metrics: Vec::new(),
            totals: Totals::default(),
            healed: 0,
            timeless: 0,
            causes: Vec::new(),
            clusters: Vec::new(),
            verdict: Verdict::default(),
            backlog: None,
            opened_per_minute: None,
            opened_per_hour: None,
            max_age_ms: 0,
            given_up: 0,
            resend: None,
        }
    }

    /// Whether some of the failures can be sent again.
    pub fn has_retry(&self) -> bool {
        self.verdict.kind != VerdictKind::AccountBlocked
            && self
                .causes
                .iter()
                .any(|cause| cause.disposition == Disposition::Retry && cause.rows > cause.recovered)
    }

    /// Whether nothing is left to do: no check is bad, and all that failed went or cannot go.
    pub fn is_all_well(&self) -> bool {
        let is_done = |backlog: Backlog| backlog.rows + backlog.deferred + backlog.doubt == 0;
        self.state == AlertState::Ok && self.backlog.is_none_or(is_done)
    }

    /// Failed rows that are too old to go again.
    pub fn too_old(&self) -> u64 {
        self.backlog.map_or(0, |backlog| backlog.too_old)
    }

    /// Judges each check by what was found for it; there is at least one.
    pub fn new(
        now: Millis,
        source: AlertSource,
        backlog: Option<Backlog>,
        checks: &[(&MetricCheck, &ScopeFindings)],
    ) -> Option<Self> {
        let future = checks.iter().find(|(_, found)| found.figures.future > 0);
        let future = future.filter(|_| checks.iter().all(|(check, _)| check.metric != Metric::Future));
        let named_if_bad = future.map(|(check, found)| (future_check(&check.scope), *found));
        let all = checks.iter().copied().chain(named_if_bad.iter().map(|(check, found)| (check, *found)));
        let mut rows: Vec<_> = all.map(|(check, found)| (row(check, &found.figures), check, found)).collect();
        rows.sort_by_key(|(row, check, _)| (std::cmp::Reverse(row.state.badness()), check.metric));
        let blind = rows.iter().find(|(_, _, found)| found.blind.is_some());
        let hides_more = blind.filter(|_| rows[0].0.state != AlertState::Critical);
        let (worst, check, found) = hides_more.or(rows.first())?;
        let state = if hides_more.is_some() { AlertState::Unknown } else { worst.state };
        let (figures, report) = (&found.figures, &found.report);
        let why = blind.and_then(|(_, _, found)| found.blind.clone());
        let bad = rows.iter().filter(|(row, ..)| row.state != AlertState::Ok).map(|(row, ..)| named(row));
        let named: Vec<String> = why.into_iter().chain(bad).collect();
        Some(Self {
            schema: SCHEMA,
            generated_at: now,
            state,
            exit_code: state.code(),
            summary: summary(&named, figures, check.scope.window),
            event: None,
            source,
            window: report.window.clone(),
            totals: report.totals.clone(),
            healed: figures.healed,
            timeless: figures.timeless,
            causes: report.causes.clone(),
            clusters: report.clusters.clone(),
            verdict: report.verdict.clone(),
            backlog,
            opened_per_minute: figures.opened.map(|(minute, _)| minute),
            opened_per_hour: figures.opened.map(|(_, hour)| hour),
            max_age_ms: found.max_age,
            given_up: 0,
            resend: None,
            metrics: rows.into_iter().map(|(row, ..)| row).collect(),
        })
    }
}

fn row(check: &MetricCheck, figures: &Figures) -> MetricRow {
    let Measured { value, counts, note } = figures.measure(check);
    MetricRow {
        name: check.name.clone(),
        metric: check.metric.as_str(),
        value,
        unit: check.metric.unit(),
        warning: check.warning.clone(),
        critical: check.critical.clone(),
        state: value.filter(|_| counts).map_or(AlertState::Ok, |value| check.state(value)),
        note,
        window_ms: check.scope.window,
    }
}

/// A check with its figure, for a sentence.
fn named(row: &MetricRow) -> String {
    let value = row.value.map_or_else(|| "?".to_owned(), shown);
    let note = row.note.as_ref().map_or_else(String::new, |note| format!(" ({note})"));
    format!("{} {value}{}{note}", row.name, row.unit)
}

fn summary(named: &[String], figures: &Figures, window: Millis) -> String {
    let worst = if named.is_empty() { String::new() } else { format!("{}; ", named.join(", ")) };
    let window = length(window);
    let known = figures.rows.saturating_sub(figures.unmapped);
    let of_known = if figures.unmapped > 0 { " with a known status" } else { "" };
    let mails = format!("{}{of_known}", phrases::count(known, "mail"));
    let mails = match (figures.rows, known, figures.failures) {
        (0, ..) => format!("no mail in {window}"),
        (rows, 0, _) => format!("nothing is known of {} in {window}", phrases::count(rows, "mail")),
        (.., 0) => format!("none of {mails} in {window} failed"),
        (.., failed) => format!("{failed} of {mails} in {window} failed"),
    };
    let healed = if figures.healed > 0 { format!(", {} went later", figures.healed) } else { String::new() };
    format!("{worst}{mails}{healed}")
}
