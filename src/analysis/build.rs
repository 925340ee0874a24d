//! Joins what was found to a report.

use super::around::Around;
use super::clusters::Cluster;
use super::failures::{Failures, is_throttle};
use super::input::ReportInput;
use super::judge::{blocked_senders, judge};
use super::report::{CauseRow, ClusterRow, Report, SenderRow, StatusRow, StepRow, Totals, rate};
use super::running::Overlap;
use super::verdict::Verdict;
use crate::model::{Class, Meaning, Millis};

/// A cluster's surge from which it is a burst of failures, when no throttle is its cause.
const BURST_SURGE: f64 = 5.0;

/// Failures that such a cluster needs to be a burst.
const BURST_FAILURES: u64 = 3;

/// What stands in for the counts of what ran at once where they cannot be had.
const DATES_ONLY: &str = "nothing, for the log has no time of day";

/// Ids listed for a cluster.
const MOST_IDS: usize = 20;

impl Report {
    /// Joins the parts.
    pub fn new(parts: &ReportInput<'_>) -> Self {
        let has_times = !parts.swept.has_dates_only;
        let found = parts.clusters.iter().zip(&parts.swept.around).filter(|_| has_times);
        let clusters: Vec<_> = found.map(|(found, around)| cluster(parts, found, *around)).collect();
        let overlap = match has_times {
            true => parts.swept.overlap.clone(),
            false => Overlap { basis: DATES_ONLY.to_owned(), ..Overlap::default() },
        };
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
            overlap,
            backlog: parts.backlog,
            has_time_of_day: has_times,
            blocked_senders: blocked_senders(parts.failures, parts.swept)
                .into_iter()
                .map(|(row, _)| row)
                .collect(),
            verdict: Verdict::default(),
        };
        report.verdict = judge(&report, parts);
        report
    }
}

fn totals(parts: &ReportInput<'_>, statuses: &[StatusRow]) -> Totals {
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
        future: parts.swept.future.0,
    }
}

fn statuses(parts: &ReportInput<'_>) -> Vec<StatusRow> {
    let row = |(status, rows): &(Option<String>, u64)| StatusRow {
        meaning: parts.words.meaning(status.as_deref()),
        mapped: parts.words.is_named(status.as_deref()),
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

fn cluster(parts: &ReportInput<'_>, cluster: &Cluster, around: Around) -> ClusterRow {
    let member = |place: &u32| &parts.failures.rows[*place as usize];
    let failures = cluster.members.len() as u64;
    let span_ms = cluster.end - cluster.start;
    let surge = surge(around, span_ms);
    let is_surge = failures >= BURST_FAILURES && surge >= BURST_SURGE;
    let is_burst_of_failures = is_surge && matches!(cluster.class, Class::Unknown | Class::Application);
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
        burst: is_throttle(cluster.class) || is_burst_of_failures,
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

fn senders_of(parts: &ReportInput<'_>, cluster: &Cluster) -> Vec<String> {
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

fn senders(parts: &ReportInput<'_>) -> Vec<SenderRow> {
    let mut failed = vec![(0, 0); parts.swept.by_sender.len()];
    for failure in &parts.failures.rows {
        if let Some((failed, throttled)) = failed.get_mut(failure.sender as usize) {
            *failed += 1;
            *throttled += u64::from(is_throttle(parts.failures.cause_of(failure).class));
        }
    }
    let has_times = !parts.swept.has_dates_only;
    let swept = parts.swept.by_sender.iter().zip(failed).zip(0u32..);
    let mut rows: Vec<_> = swept
        .filter(|((swept, _), _)| swept.attempts > 0)
        .map(|((swept, (failed, throttled)), id)| SenderRow {
            sender: parts.swept.senders.name(id).map(str::to_owned),
            attempts: swept.attempts,
            failed,
            throttled,
            peak_per_minute: has_times.then_some(swept.peak_per_minute),
            opened_per_minute: has_times.then_some(swept.opened_per_minute),
            opened_per_hour: has_times.then_some(swept.opened_per_hour),
            recipients_24h: swept.recipients_24h,
        })
        .collect();
    rows.sort_by(|a, b| b.attempts.cmp(&a.attempts).then_with(|| a.sender.cmp(&b.sender)));
    rows
}

fn timeline(parts: &ReportInput<'_>) -> Vec<StepRow> {
    let row = |(start, end, attempts): &(Millis, Millis, u64)| StepRow {
        start: *start,
        end: *end,
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
