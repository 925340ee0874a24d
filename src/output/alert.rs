//! An alert for people, for programs, and for notifications of changes.

use anyhow::Result;
use chrono_tz::Tz;
use serde_json::{Value, json};

use super::document::{Block, ColumnHead, Document, Table, Tone};
use super::report::code;
use super::{Monitor, Values, View, escape, nagios, prometheus, text, values};
use crate::analysis::alert::memory::AlertEvent;
use crate::analysis::alert::outcome::MetricRow;
use crate::analysis::alert::range::shown;
use crate::analysis::alert::{AlertOutcome, AlertState, MetricCheck, Range};
use crate::analysis::phrases::{count, length, seconds};
use crate::analysis::report::ClusterRow;
use crate::window;

/// Bursts shown; JSON has them all.
const MOST_BURSTS: usize = 5;

/// The columns of `--format csv`: a row a check.
const KEYS: &[&str] =
    &["name", "metric", "value", "unit", "warning", "critical", "state", "note", "window_ms"];

/// How much of it is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Extent {
    /// One line.
    Line,
    /// What a person needs to act.
    Full,
}

/// An outcome, as much of it as is wanted.
#[derive(Debug, Clone, Copy)]
pub struct Told<'o> {
    /// The outcome.
    pub outcome: &'o AlertOutcome,
    /// In which times are shown.
    pub zone: Tz,
    /// How much of it.
    pub extent: Extent,
}

impl View for Told<'_> {
    fn document(&self, _: u16) -> Document {
        document(self.outcome, self.zone, self.extent)
    }

    fn object(&self) -> Result<Value> {
        Ok(serde_json::to_value(self.outcome)?)
    }

    fn rows(&self) -> (&'static [&'static str], Values<'_>) {
        (KEYS, values(&self.outcome.metrics))
    }
}

/// Writes an outcome for a monitor.
pub fn for_monitor(outcome: &AlertOutcome, monitor: Monitor) -> String {
    match monitor {
        Monitor::Nagios => nagios::line(outcome),
        Monitor::Prometheus => prometheus::metrics(outcome),
    }
}

/// Writes the checks that would be made.
pub fn explained(checks: &[MetricCheck], look: text::TextStyle) -> String {
    let columns = vec![
        ColumnHead::words("check"),
        ColumnHead::words("warning unless"),
        ColumnHead::words("critical unless"),
        ColumnHead::words("window").if_room(),
        ColumnHead::words("counts").if_room().flexible(),
    ];
    let allowed = |range: &Option<Range>| range.as_ref().map_or_else(String::new, Range::allowed);
    let row = |check: &MetricCheck| {
        vec![
            escape::line(&check.name),
            allowed(&check.warning),
            allowed(&check.critical),
            length(check.scope.window),
            check.metric.meaning().to_owned(),
        ]
    };
    let table = Table { columns, rows: checks.iter().map(row).collect(), ..Table::default() };
    text::render(&Document { blocks: vec![Block::Table(table)] }, look)
}

fn document(outcome: &AlertOutcome, zone: Tz, extent: Extent) -> Document {
    let mut blocks = vec![Block::Verdict(sentence(outcome), tone(outcome.state))];
    if extent == Extent::Line {
        return Document { blocks };
    }
    blocks.push(Block::Line(String::new()));
    blocks.push(Block::Line(place(outcome, zone)));
    if outcome.state != AlertState::Ok {
        blocks.push(Block::Line(escape::line(&outcome.verdict.summary)));
    }
    blocks.extend([Block::Heading("Checks".to_owned()), Block::Table(checks(&outcome.metrics))]);
    let bursts: Vec<&ClusterRow> = outcome.clusters.iter().filter(|cluster| cluster.burst).collect();
    if !bursts.is_empty() {
        blocks.extend([Block::Heading("Bursts".to_owned()), Block::Table(burst_table(&bursts, zone))]);
    }
    let advice: Vec<String> = outcome.verdict.advice.iter().map(|line| escape::line(line)).collect();
    if outcome.state != AlertState::Ok && !advice.is_empty() {
        blocks.extend([Block::Heading("Advice".to_owned()), Block::List(advice)]);
    }
    if let Some(command) = &outcome.resend {
        blocks
            .extend([Block::Heading("To send again".to_owned()), Block::Chart(vec![escape::line(command)])]);
    }
    Document { blocks }
}

/// State and summary, and whether that is news.
pub fn sentence(outcome: &AlertOutcome) -> String {
    let news = match outcome.event {
        Some(AlertEvent::Recovered) => " again",
        Some(AlertEvent::Repeated) => " still",
        Some(AlertEvent::Changed) | None => "",
    };
    format!("{}{news}: {}{}", outcome.state.word(), escape::line(&outcome.summary), given_up(outcome))
}

/// What has become too old to go, once it is told that all is well again.
fn given_up(outcome: &AlertOutcome) -> String {
    let rows = outcome.given_up;
    if rows == 0 || outcome.event != Some(AlertEvent::Recovered) {
        return String::new();
    }
    let verb = if rows == 1 { "has" } else { "have" };
    let age = length(outcome.max_age_ms);
    format!("; {} {verb} become older than {age}, so resend leaves them out", count(rows, "failed row"))
}

fn tone(state: AlertState) -> Tone {
    match state {
        AlertState::Ok => Tone::Good,
        AlertState::Warning | AlertState::Unknown => Tone::Warning,
        AlertState::Critical => Tone::Bad,
    }
}

fn place(outcome: &AlertOutcome, zone: Tz) -> String {
    let end = |at: Option<i64>| at.map_or_else(String::new, |at| window::show(at, zone));
    let timeless = match outcome.timeless {
        0 => String::new(),
        rows => {
            format!("; {rows} failed without a readable time are left out, map another column as sent_date")
        }
    };
    escape::line(&format!(
        "{} in {}, {} to {}{timeless}",
        outcome.source.table,
        outcome.source.database,
        end(outcome.window.since),
        end(outcome.window.until)
    ))
}

fn checks(rows: &[MetricRow]) -> Table {
    let columns = vec![
        ColumnHead::words("state"),
        ColumnHead::words("check"),
        ColumnHead::numbers("value"),
        ColumnHead::words("warning unless").if_room(),
        ColumnHead::words("critical unless").if_room(),
        ColumnHead::words("note").if_room().flexible(),
    ];
    let allowed = |range: &Option<Range>| range.as_ref().map_or_else(String::new, Range::allowed);
    let row = |row: &MetricRow| {
        vec![
            row.state.word().to_owned(),
            escape::line(&row.name),
            row.value.map_or("?".to_owned(), |value| format!("{}{}", shown(value), row.unit)),
            allowed(&row.warning),
            allowed(&row.critical),
            row.note.as_deref().map_or_else(String::new, escape::line),
        ]
    };
    Table { columns, rows: rows.iter().map(row).collect(), ..Table::default() }
}

/// The bursts, the newest last.
fn burst_table(bursts: &[&ClusterRow], zone: Tz) -> Table {
    let columns = vec![
        ColumnHead::words("start"),
        ColumnHead::numbers("span").if_room(),
        ColumnHead::numbers("failed"),
        ColumnHead::numbers("went later").if_room(),
        ColumnHead::words("class"),
        ColumnHead::words("code").if_wide(),
        ColumnHead::words("sender").if_wide().flexible(),
    ];
    let row = |burst: &&ClusterRow| {
        vec![
            window::show(burst.start, zone),
            seconds(burst.span_ms),
            format!("{} of {}", burst.failures, burst.attempts),
            burst.recovered.to_string(),
            burst.class.to_string(),
            code(burst.reply, burst.enhanced),
            escape::line(&burst.senders.join(", ")),
        ]
    };
    let shown = bursts.iter().skip(bursts.len().saturating_sub(MOST_BURSTS));
    Table { columns, rows: shown.map(row).collect(), ..Table::default() }
}

/// What a Slack webhook takes. Source: <https://api.slack.com/messaging/webhooks>
pub fn slack(outcome: &AlertOutcome) -> Value {
    // these three have a meaning in a message
    let plain = |line: String| line.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    json!({ "text": message(outcome).into_iter().map(plain).collect::<Vec<_>>().join("\n") })
}

/// What a webhook of Microsoft Teams takes: a message with one card.
/// Source: <https://learn.microsoft.com/microsoftteams/platform/webhooks-and-connectors/how-to/connectors-using>
pub fn teams(outcome: &AlertOutcome) -> Value {
    let block = |line: String| json!({ "type": "TextBlock", "text": line, "wrap": true });
    let body: Vec<Value> = message(outcome).into_iter().map(block).collect();
    let card = json!({
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "body": body,
    });
    let attachment = json!({ "contentType": "application/vnd.microsoft.card.adaptive", "content": card });
    json!({ "type": "message", "attachments": [attachment] })
}

/// The lines of a chat message.
fn message(outcome: &AlertOutcome) -> Vec<String> {
    let mut lines = vec![format!("mailthrottle {}", sentence(outcome))];
    if !outcome.source.table.is_empty() {
        lines.push(format!("{} in {}", outcome.source.table, outcome.source.database));
    }
    if !matches!(outcome.state, AlertState::Ok | AlertState::Unknown) {
        lines.push(outcome.verdict.summary.clone());
        lines.extend(outcome.resend.clone());
    }
    lines.iter().map(|line| escape::line(line)).collect()
}
