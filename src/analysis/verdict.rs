//! The verdict: what it all means, in a sentence, with the evidence and what to do.
//!
//! The kinds are tried in a fixed order, and the first that holds is the verdict; a class group decides when it has at
//! least half of the failures. Network errors that follow from a throttle count to the throttle.

use serde::Serialize;

use super::failures::{Cause, Failures};
use super::report::{Parts, Report, rate};
use super::wording;
use crate::model::{Class, Disposition};

/// What kind of trouble the log shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// Nothing from the account will go.
    AccountBlocked,
    /// No failed and no unreadable row.
    #[default]
    Quiet,
    /// Too much at once, in bursts.
    BurstThrottling,
    /// Too much over a longer time.
    RateLimited,
    /// A counted allowance was used up.
    QuotaExhausted,
    /// A mailbox was full.
    MailboxFull,
    /// The provider or the way to it.
    ProviderTrouble,
    /// Addresses, messages, policy.
    RecipientProblems,
    /// Nothing has the upper hand.
    Mixed,
}

impl Kind {
    /// The word in JSON and tables.
    pub fn as_str(self) -> &'static str {
        match self {
            Kind::AccountBlocked => "account-blocked",
            Kind::Quiet => "quiet",
            Kind::BurstThrottling => "burst-throttling",
            Kind::RateLimited => "rate-limited",
            Kind::QuotaExhausted => "quota-exhausted",
            Kind::MailboxFull => "mailbox-full",
            Kind::ProviderTrouble => "provider-trouble",
            Kind::RecipientProblems => "recipient-problems",
            Kind::Mixed => "mixed",
        }
    }
}

/// The judgement.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Verdict {
    /// What kind of trouble.
    pub kind: Kind,
    /// The share of failures that it rests on, 0 to 1.
    pub confidence: f64,
    /// One sentence.
    pub summary: String,
    /// What it rests on, a sentence a line.
    pub evidence: Vec<String>,
    /// What to do, a sentence a line.
    pub advice: Vec<String>,
}

const THROTTLES: &[Class] = &[Class::ThrottleConcurrency, Class::ThrottleRate];

/// Class groups in the order they are asked, after throttling.
const GROUPS: [(Kind, &[Class]); 4] = [
    (Kind::QuotaExhausted, &[Class::Quota]),
    (Kind::MailboxFull, &[Class::MailboxFull]),
    (Kind::ProviderTrouble, &[Class::ServerBusy, Class::Greylisted, Class::Network, Class::Tls]),
    (Kind::RecipientProblems, &[Class::Recipient, Class::Message, Class::Policy]),
];

/// Judges the figures of a report.
pub fn judge(report: &Report, parts: &Parts<'_>) -> Verdict {
    let (kind, confidence) = kind(report, parts.failures);
    let leading = leading_cause(kind, parts.failures);
    Verdict {
        kind,
        confidence,
        summary: wording::summary(kind, confidence, leading, report, parts),
        evidence: wording::evidence(report),
        advice: wording::advice(kind, leading, parts),
    }
}

fn kind(report: &Report, failures: &Failures<'_>) -> (Kind, f64) {
    let failed = failures.rows.len() as u64;
    if failures.causes.iter().any(blocks) {
        return (Kind::AccountBlocked, 1.0);
    }
    if report.totals.failed == 0 && failed == 0 && report.totals.unreadable == 0 {
        return (Kind::Quiet, if report.totals.rows > 0 { 1.0 } else { 0.0 });
    }
    let collateral: u64 = report.clusters.iter().map(|cluster| cluster.collateral).sum();
    let is_burst = report.clusters.iter().any(|cluster| cluster.burst);
    let throttled = failures.count(THROTTLES) + collateral;
    let by_rate = failures.count(&[Class::ThrottleRate]);
    let rows_of = |classes: &[Class]| {
        let rows = failures.count(classes);
        if classes.contains(&Class::Network) { rows - collateral } else { rows }
    };
    let throttling = if is_burst { (Kind::BurstThrottling, throttled) } else { (Kind::RateLimited, by_rate) };
    let groups = GROUPS.map(|(kind, classes)| (kind, rows_of(classes)));
    let decided = std::iter::once(throttling).chain(groups).find(|(_, rows)| *rows > 0 && rows * 2 >= failed);
    match decided {
        Some((kind, rows)) => (kind, rate(rows, failed)),
        None if is_burst => (Kind::BurstThrottling, rate(throttled, failed)),
        None => (Kind::Mixed, rate(groups.iter().map(|(_, rows)| *rows).max().unwrap_or(0), failed)),
    }
}

/// Whether after such a failure nothing from the account will go.
pub fn blocks(cause: &Cause<'_>) -> bool {
    cause.disposition == Disposition::Stop && matches!(cause.class, Class::Auth | Class::Policy)
}

/// The commonest of the causes that the verdict rests on.
fn leading_cause<'a>(kind: Kind, failures: &'a Failures<'_>) -> Option<&'a Cause<'a>> {
    let of_group = |cause: &Cause<'_>| match kind {
        Kind::Quiet => false,
        Kind::AccountBlocked => blocks(cause),
        Kind::BurstThrottling | Kind::RateLimited => THROTTLES.contains(&cause.class),
        Kind::Mixed => true,
        _ => GROUPS.iter().any(|(of, classes)| *of == kind && classes.contains(&cause.class)),
    };
    failures.causes.iter().filter(|cause| of_group(cause)).max_by_key(|cause| cause.rows)
}
