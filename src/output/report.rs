//! The report for people, and its rows for programs.

use anyhow::Result;
use serde::Serialize;
use serde_json::{Value, json};

use super::document::{Block, ColumnHead, Document, Table, Tone};
use super::{Values, View, chart, escape};
use crate::analysis::phrases::seconds;
use crate::analysis::report::{CauseRow, ClusterRow, Report, SenderRow, StepRow};
use crate::analysis::verdict::VerdictKind;
use crate::model::{Disposition, Enhanced, Millis};
use crate::window::{self, Window};

/// Rows shown of a long table where nobody says how many; JSON has them all.
pub const MOST_ROWS: u32 = 15;

/// Status words shown.
const MOST_WORDS: usize = 15;

/// Characters shown of an example text.
const EXAMPLE: usize = 100;

/// Columns of the chart at most, those its labels take, and those of the names among them.
const CHART: u64 = 100;
const NAME: usize = 10;
const LABELS: u16 = 26;

/// The columns of `report --format csv`: a row a cluster.
const CLUSTER_KEYS: &[&str] = &[
    "verdict",
    "class",
    "disposition",
    "reply",
    "enhanced",
    "start",
    "end",
    "span_ms",
    "failures",
    "recovered",
    "attempts",
    "failure_rate",
    "peak_per_second",
    "surge",
    "burst",
    "collateral",
    "senders",
    "row_ids",
];

/// A report, with its times as the window shows them.
#[derive(Debug, Clone, Copy)]
pub struct Reported<'r> {
    /// The report.
    pub report: &'r Report,
    /// What it is about.
    pub window: Window,
    /// Rows shown of each table.
    pub top: u32,
}

impl View for Reported<'_> {
    fn document(&self, columns: u16) -> Document {
        document(self, columns)
    }

    fn object(&self) -> Result<Value> {
        Ok(serde_json::to_value(self.report)?)
    }

    /// The verdict, the totals, and each row of each table; `record` says which.
    fn lines(&self) -> Values<'_> {
        let report = self.report;
        let one = |name, value| std::iter::once(record(name, value));
        Box::new(
            one("verdict", serde_json::to_value(&report.verdict))
                .chain(one("totals", serde_json::to_value(&report.totals)))
                .chain(records("status", &report.statuses))
                .chain(records("cause", &report.causes))
                .chain(records("cluster", &report.clusters))
                .chain(records("sender", &report.senders))
                .chain(records("step", &report.timeline))
                .chain(one("overlap", serde_json::to_value(&report.overlap)))
                .chain(one("backlog", serde_json::to_value(report.backlog))),
        )
    }

    /// Every cluster with the verdict's kind beside it.
    fn rows(&self) -> (&'static [&'static str], Values<'_>) {
        let row = |cluster: &ClusterRow| {
            let mut row = serde_json::to_value(cluster)?;
            row["verdict"] = self.report.verdict.kind.as_str().into();
            Ok(row)
        };
        (CLUSTER_KEYS, Box::new(self.report.clusters.iter().map(row)))
    }
}

fn records<'r, T: Serialize>(name: &'static str, rows: &'r [T]) -> impl Iterator<Item = Result<Value>> + 'r {
    rows.iter().map(move |row| record(name, serde_json::to_value(row)))
}

fn record(name: &str, row: serde_json::Result<Value>) -> Result<Value> {
    let mut line = json!({ "record": name });
    if let (Value::Object(line), Value::Object(row)) = (&mut line, row?) {
        line.extend(row);
    }
    Ok(line)
}

fn document(reported: &Reported<'_>, width: u16) -> Document {
    let Reported { report, window, top } = *reported;
    let most = top as usize;
    let mut blocks = vec![Block::Verdict(escape::line(&report.verdict.summary), tone(report.verdict.kind))];
    blocks.push(Block::Line(String::new()));
    blocks.extend(header(report, window).into_iter().map(Block::Line));
    let list = |lines: &[String]| Block::List(lines.iter().map(|line| escape::line(line)).collect());
    let sections = [
        ("Causes", report.causes.len(), Block::Table(causes(&report.causes, window, most))),
        ("Clusters", report.clusters.len(), Block::Table(clusters(&report.clusters, window, most))),
        ("Senders", report.senders.len(), Block::Table(senders(&report.senders, most))),
        ("Timeline", report.timeline.len(), Block::Chart(timeline(&report.timeline, window, width))),
        ("Evidence", report.verdict.evidence.len(), list(&report.verdict.evidence)),
        ("Advice", report.verdict.advice.len(), list(&report.verdict.advice)),
    ];
    for (title, rows, block) in sections.into_iter().filter(|(_, rows, _)| *rows > 0) {
        let is_cut = matches!(block, Block::Table(_)) && rows > most;
        let shown =
            if is_cut { format!("{title} ({most} of {rows}, the worst first)") } else { title.to_owned() };
        blocks.extend([Block::Heading(shown), block]);
        if is_cut {
            blocks.push(Block::Line(format!("{} more: report --top {rows}, or --format json.", rows - most)));
        }
    }
    Document { blocks }
}

fn tone(kind: VerdictKind) -> Tone {
    match kind {
        VerdictKind::Quiet => Tone::Good,
        VerdictKind::AccountBlocked
        | VerdictKind::BurstThrottling
        | VerdictKind::QuotaExhausted
        | VerdictKind::MailboxFull => Tone::Bad,
        _ => Tone::Warning,
    }
}

fn header(report: &Report, window: Window) -> Vec<String> {
    let source = &report.source;
    let mut lines = vec![
        escape::line(&format!("{} in {}, {}", source.table, source.database, asked(report, window))),
        escape::line(&statuses(report)),
    ];
    if report.timeline.is_empty() {
        lines.push(match (source.first_at, source.last_at) {
            (Some(first), Some(last)) => format!(
                "No row lies in the window. The table's own times run from {} to {}; give --since all, or a time within.",
                window::show(first, window.zone),
                window::show(last, window.zone)
            ),
            _ => "The table holds no row with a readable time.".to_owned(),
        });
    }
    lines
}

fn asked(report: &Report, window: Window) -> String {
    let show = |at: Millis| window::show(at, window.zone);
    match (window.since, window.until) {
        (None, None) => format!("all times, zone {}", window.zone),
        (None, Some(until)) => format!("up to {}", show(until)),
        (Some(since), Some(until)) => format!("{} to {}", show(since), show(until)),
        (Some(since), None) => format!("since {} (now {})", show(since), show(report.generated_at)),
    }
}

fn statuses(report: &Report) -> String {
    let totals = &report.totals;
    let word = |row: &crate::analysis::report::StatusRow| {
        format!("{} {} ({})", row.rows, row.meaning, row.status.as_deref().unwrap_or("NULL"))
    };
    let mut words: Vec<String> = report.statuses.iter().take(MOST_WORDS).map(word).collect();
    let counts = [
        (totals.recovered, "recovered"),
        (totals.unclassified, "unclassified"),
        (totals.unreadable, "unreadable"),
    ];
    words.extend(counts.iter().filter(|(rows, _)| *rows > 0).map(|(rows, what)| format!("{rows} {what}")));
    let failed =
        if totals.failed > 0 { format!(", {} failed", percent(totals.failure_rate)) } else { String::new() };
    let colon = if words.is_empty() { "" } else { ": " };
    format!(
        "{} row{}{failed}{colon}{}",
        totals.rows,
        if totals.rows == 1 { "" } else { "s" },
        words.join(", ")
    )
}

fn causes(causes: &[CauseRow], window: Window, most: usize) -> Table {
    let columns = vec![
        ColumnHead::numbers("rows"),
        ColumnHead::words("class"),
        ColumnHead::words("again"),
        ColumnHead::words("code"),
        ColumnHead::words("last").if_wide(),
        ColumnHead::words("text").flexible(),
    ];
    let row = |cause: &CauseRow| {
        let example = cause.example.as_deref().map_or("(no text)".to_owned(), escape::line);
        vec![
            cause.rows.to_string(),
            cause.class.to_string(),
            again(cause.disposition).to_owned(),
            code(cause.reply, cause.enhanced),
            cause.last_at.map_or_else(String::new, |at| window::show(at, window.zone)),
            escape::short(&example, EXAMPLE),
        ]
    };
    Table { columns, rows: causes.iter().take(most).map(row).collect(), ..Table::default() }
}

/// A disposition as the answer to "send it again?".
pub fn again(disposition: Disposition) -> &'static str {
    match disposition {
        Disposition::Retry => "yes",
        Disposition::Wait => "wait",
        Disposition::Never => "no",
        Disposition::Stop => "stop",
        Disposition::Doubt => "doubt",
    }
}

/// Reply and enhanced code as a server writes them.
pub fn code(reply: Option<u16>, enhanced: Option<Enhanced>) -> String {
    let parts = reply.map(|reply| reply.to_string()).into_iter().chain(enhanced.map(|code| code.to_string()));
    parts.collect::<Vec<_>>().join(" ")
}

/// In the order of time, or where not all are shown, the worst first: those with most failures, of equal ones the newest.
fn clusters(clusters: &[ClusterRow], window: Window, most: usize) -> Table {
    let columns = vec![
        ColumnHead::words("start"),
        ColumnHead::numbers("span").if_room(),
        ColumnHead::numbers("failed"),
        ColumnHead::numbers("rate").if_wide(),
        ColumnHead::words("class"),
        ColumnHead::words("code").if_wide(),
        ColumnHead::numbers("peak/s").if_wide(),
        ColumnHead::numbers("surge").if_wide(),
        ColumnHead::words("burst").if_room(),
        ColumnHead::words("sender").if_wide().flexible(),
    ];
    let row = |cluster: &ClusterRow| {
        vec![
            window::show(cluster.start, window.zone),
            seconds(cluster.span_ms),
            format!("{} of {}", cluster.failures, cluster.attempts),
            percent(cluster.failure_rate),
            cluster.class.to_string(),
            code(cluster.reply, cluster.enhanced),
            cluster.peak_per_second.to_string(),
            format!("{:.0}x", cluster.surge),
            if cluster.burst { "yes" } else { "no" }.to_owned(),
            escape::line(&cluster.senders.join(", ")),
        ]
    };
    let mut shown: Vec<&ClusterRow> = clusters.iter().collect();
    if shown.len() > most {
        shown.sort_by_key(|cluster| std::cmp::Reverse((cluster.failures, cluster.start)));
        shown.truncate(most);
    }
    let notes =
        vec![("surge", "attempts a second in the cluster, in multiples of those of the hour before it")];
    Table { columns, rows: shown.into_iter().map(row).collect(), notes }
}

fn senders(senders: &[SenderRow], most: usize) -> Table {
    let columns = vec![
        ColumnHead::words("sender").flexible(),
        ColumnHead::numbers("attempts"),
        ColumnHead::numbers("failed"),
        ColumnHead::numbers("throttled"),
        ColumnHead::numbers("peak/min"),
        ColumnHead::numbers("opened/h").if_room(),
        ColumnHead::numbers("rcpt/24h"),
    ];
    let peak = |peak: Option<u64>| peak.map_or_else(String::new, |peak| peak.to_string());
    let row = |sender: &SenderRow| {
        vec![
            sender.sender.as_deref().map_or("(none)".to_owned(), escape::line),
            sender.attempts.to_string(),
            sender.failed.to_string(),
            sender.throttled.to_string(),
            peak(sender.peak_per_minute),
            peak(sender.opened_per_hour),
            sender.recipients_24h.to_string(),
        ]
    };
    let notes =
        vec![("opened/h", "connections opened in the busiest hour, one for each attempt, as without reuse")];
    Table { columns, rows: senders.iter().take(most).map(row).collect(), notes }
}

fn timeline(steps: &[StepRow], window: Window, width: u16) -> Vec<String> {
    let (Some(first), Some(last)) = (steps.first(), steps.last()) else {
        return Vec::new();
    };
    let columns = CHART.min(u64::from(width.saturating_sub(LABELS)));
    // steps without any attempt are not listed, and days and hours may be longer or shorter than others
    let step = steps.iter().map(|step| step.end - step.start).min().unwrap_or(1).max(1);
    let place = |row: &StepRow| u64::try_from((row.start - first.start + step / 2) / step).unwrap_or(0);
    let length = place(last) + 1;
    let line = |name: &str, value: fn(&StepRow) -> u64| {
        let values: Vec<_> = steps.iter().map(|row| (place(row), value(row))).collect();
        let (bars, most) = chart::bars(&values, length, columns);
        format!("{name:<NAME$}{bars} at most {most}")
    };
    let [start, end] = [first.start, last.end].map(|at| window::show(at, window.zone));
    let ends = match usize::from(width) < NAME + start.len() + 4 + end.len() {
        true => format!("{start}\n{:NAME$}to {end}", ""),
        false => format!("{start} to {end}"),
    };
    vec![
        line("attempts", |row| row.attempts),
        line("failed", |row| row.failed),
        line("throttled", |row| row.throttled),
        format!("{:NAME$}{ends}", ""),
    ]
}

fn percent(rate: f64) -> String {
    format!("{:.1} %", rate * 100.0)
}
