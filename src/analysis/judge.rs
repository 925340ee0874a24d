//! Finds the verdict.
//!
//! The kinds are tried in a fixed order, and the first that holds is the verdict; a class group decides when it has at
//! least half of the failures. Network errors that follow from a throttle count to the throttle.

use super::failures::{Cause, Failures, is_throttle};
use super::input::ReportInput;
use super::names::NameId;
use super::phrases;
use super::report::{BlockedSender, Report, rate};
use super::scan::ScanTotals;
use super::verdict::{Verdict, VerdictKind};
use crate::model::{Class, Disposition, Millis};

const THROTTLES: &[Class] = &[Class::ThrottleConcurrency, Class::ThrottleRate];

/// Class groups in the order they are asked, after throttling.
const GROUPS: [(VerdictKind, &[Class]); 6] = [
    (VerdictKind::QuotaExhausted, &[Class::Quota]),
    (VerdictKind::MailboxFull, &[Class::MailboxFull]),
    (VerdictKind::ProviderTrouble, &[Class::ServerBusy, Class::Greylisted, Class::Network, Class::Tls]),
    (VerdictKind::RecipientProblems, &[Class::Recipient, Class::Message, Class::Policy]),
    (VerdictKind::ApplicationErrors, &[Class::Application]),
    (VerdictKind::Unexplained, &[Class::Unknown]),
];

/// Rows whose status word has no meaning make a verdict from this part of all rows on: one in so many.
const UNMAPPED: u64 = 10;

/// Judges the figures of a report.
pub fn judge(report: &Report, parts: &ReportInput<'_>) -> Verdict {
    let (kind, confidence) = kind(report, parts.failures);
    let blocked = blocked_senders(parts.failures, parts.swept);
    let leading = match kind {
        VerdictKind::AccountBlocked => blocked.first().map(|(_, cause)| *cause),
        _ => leading_cause(kind, parts.failures),
    };
    Verdict {
        kind,
        confidence,
        summary: phrases::summary(kind, confidence, leading, report, parts),
        evidence: phrases::evidence(kind, confidence, report, parts),
        advice: phrases::advice(kind, leading, report, parts),
    }
}

fn kind(report: &Report, failures: &Failures<'_>) -> (VerdictKind, f64) {
    let (failed, totals) = (failures.rows.len() as u64, &report.totals);
    if !report.blocked_senders.is_empty() {
        return (VerdictKind::AccountBlocked, 1.0);
    }
    if is_unmapped(report) {
        return (VerdictKind::Unmapped, 1.0);
    }
    if totals.rows == 0 {
        return (VerdictKind::Empty, 1.0);
    }
    if totals.failed == 0 && failed == 0 && totals.unreadable == 0 {
        return (VerdictKind::Quiet, 1.0);
    }
    let collateral: u64 = report.clusters.iter().map(|cluster| cluster.collateral).sum();
    let is_burst = report.clusters.iter().any(|cluster| cluster.burst && is_throttle(cluster.class));
    let throttled = failures.count(THROTTLES) + collateral;
    let by_rate = failures.count(&[Class::ThrottleRate]);
    let rows_of = |classes: &[Class]| {
        let rows = failures.count(classes);
        if classes.contains(&Class::Network) { rows - collateral } else { rows }
    };
    let throttling = if is_burst {
        (VerdictKind::BurstThrottling, throttled)
    } else {
        (VerdictKind::RateLimited, by_rate)
    };
    let groups = GROUPS.map(|(kind, classes)| (kind, rows_of(classes)));
    let decided = std::iter::once(throttling).chain(groups).find(|(_, rows)| *rows > 0 && rows * 2 >= failed);
    match decided {
        Some((kind, rows)) => (kind, rate(rows, failed)),
        None if is_burst => (VerdictKind::BurstThrottling, rate(throttled, failed)),
        None => {
            let others = [throttled, rows_of(&[Class::Auth])];
            let largest = groups.iter().map(|(_, rows)| *rows).chain(others).max();
            (VerdictKind::Mixed, rate(largest.unwrap_or(0), failed))
        }
    }
}

/// Whether so many rows have a status word without a meaning that nothing can be said of failures.
pub fn is_unmapped(report: &Report) -> bool {
    let (totals, unmapped) = (&report.totals, report.unmapped());
    unmapped > 0 && (unmapped * UNMAPPED >= totals.rows || totals.sent + totals.failed == 0)
}

/// Whether such a failure speaks of the account as a whole.
fn blocks(cause: &Cause<'_>) -> bool {
    cause.disposition == Disposition::Stop && matches!(cause.class, Class::Auth | Class::Policy)
}

/// The mailboxes that are refused as a whole and from which nothing went since, each with the last cause; the one with most
/// refusals first.
pub fn blocked_senders<'f>(
    failures: &'f Failures<'_>,
    swept: &ScanTotals,
) -> Vec<(BlockedSender, &'f Cause<'f>)> {
    let mut blocked: Vec<(NameId, BlockedSender, &Cause<'_>)> = Vec::new();
    for failure in failures.rows.iter().filter(|failure| !failure.recovered) {
        let cause = failures.cause_of(failure);
        let last_sent = swept.by_sender.get(failure.sender as usize).and_then(|sender| sender.last_sent);
        // of two attempts of the same moment nobody knows which was the later one
        let went_since = last_sent.is_some_and(|sent| failure.at.unwrap_or(Millis::MIN) <= sent);
        if !blocks(cause) || went_since || failure.sender == failures.senders.others_id() {
            continue;
        }
        match blocked.iter_mut().find(|(sender, ..)| *sender == failure.sender) {
            Some((_, row, last)) => (row.rows, *last) = (row.rows + 1, cause),
            None => {
                let sender = failures.senders.name(failure.sender).map(str::to_owned);
                blocked.push((failure.sender, BlockedSender { sender, rows: 1, since: failure.at }, cause));
            }
        }
    }
    blocked.sort_by_key(|(_, row, _)| std::cmp::Reverse(row.rows));
    blocked.into_iter().map(|(_, row, cause)| (row, cause)).collect()
}

/// The commonest of the causes that the verdict rests on.
fn leading_cause<'a>(kind: VerdictKind, failures: &'a Failures<'_>) -> Option<&'a Cause<'a>> {
    let of_group = |cause: &Cause<'_>| match kind {
        VerdictKind::Quiet | VerdictKind::Empty | VerdictKind::Unmapped => false,
        VerdictKind::BurstThrottling | VerdictKind::RateLimited => THROTTLES.contains(&cause.class),
        VerdictKind::Mixed => true,
        _ => GROUPS.iter().any(|(of, classes)| *of == kind && classes.contains(&cause.class)),
    };
    failures.causes.iter().filter(|cause| of_group(cause)).max_by_key(|cause| cause.rows)
}
