//! Finds the verdict.
//!
//! The kinds are tried in a fixed order, and the first that holds is the verdict; a class group decides when it has at
//! least half of the failures. Network errors that follow from a throttle count to the throttle.

use super::failures::{Cause, Failures};
use super::input::ReportInput;
use super::phrases;
use super::report::{Report, rate};
use super::verdict::{Verdict, VerdictKind};
use crate::model::{Class, Disposition};

const THROTTLES: &[Class] = &[Class::ThrottleConcurrency, Class::ThrottleRate];

/// Class groups in the order they are asked, after throttling.
const GROUPS: [(VerdictKind, &[Class]); 4] = [
    (VerdictKind::QuotaExhausted, &[Class::Quota]),
    (VerdictKind::MailboxFull, &[Class::MailboxFull]),
    (VerdictKind::ProviderTrouble, &[Class::ServerBusy, Class::Greylisted, Class::Network, Class::Tls]),
    (VerdictKind::RecipientProblems, &[Class::Recipient, Class::Message, Class::Policy]),
];

/// Judges the figures of a report.
pub fn judge(report: &Report, parts: &ReportInput<'_>) -> Verdict {
    let (kind, confidence) = kind(report, parts.failures);
    let leading = leading_cause(kind, parts.failures);
    Verdict {
        kind,
        confidence,
        summary: phrases::summary(kind, confidence, leading, report, parts),
        evidence: phrases::evidence(report),
        advice: phrases::advice(kind, leading, parts),
    }
}

fn kind(report: &Report, failures: &Failures<'_>) -> (VerdictKind, f64) {
    let failed = failures.rows.len() as u64;
    if failures.causes.iter().any(blocks) {
        return (VerdictKind::AccountBlocked, 1.0);
    }
    if report.totals.failed == 0 && failed == 0 && report.totals.unreadable == 0 {
        return (VerdictKind::Quiet, if report.totals.rows > 0 { 1.0 } else { 0.0 });
    }
    let collateral: u64 = report.clusters.iter().map(|cluster| cluster.collateral).sum();
    let is_burst = report.clusters.iter().any(|cluster| cluster.burst);
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
        None => (VerdictKind::Mixed, rate(groups.iter().map(|(_, rows)| *rows).max().unwrap_or(0), failed)),
    }
}

/// Whether after such a failure nothing from the account will go.
pub fn blocks(cause: &Cause<'_>) -> bool {
    cause.disposition == Disposition::Stop && matches!(cause.class, Class::Auth | Class::Policy)
}

/// The commonest of the causes that the verdict rests on.
fn leading_cause<'a>(kind: VerdictKind, failures: &'a Failures<'_>) -> Option<&'a Cause<'a>> {
    let of_group = |cause: &Cause<'_>| match kind {
        VerdictKind::Quiet => false,
        VerdictKind::AccountBlocked => blocks(cause),
        VerdictKind::BurstThrottling | VerdictKind::RateLimited => THROTTLES.contains(&cause.class),
        VerdictKind::Mixed => true,
        _ => GROUPS.iter().any(|(of, classes)| *of == kind && classes.contains(&cause.class)),
    };
    failures.causes.iter().filter(|cause| of_group(cause)).max_by_key(|cause| cause.rows)
}
