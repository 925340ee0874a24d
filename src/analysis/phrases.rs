//! The sentences of a verdict: what happened, what it rests on, what to do.

use super::failures::Cause;
use super::input::ReportInput;
use super::report::{ClusterRow, Report};
use super::verdict::VerdictKind;
use crate::model::{Class, Disposition, Meaning, Millis};
use crate::window;

/// A share of the limit from which a mailbox's recipients a day are worth a word.
const NEAR_LIMIT: f64 = 0.8;

/// Evidence lines about mailboxes; the table has them all.
const MOST_SENDER_LINES: usize = 5;

/// What happened, in a sentence or two.
pub fn summary(
    kind: VerdictKind,
    share: f64,
    leading: Option<&Cause<'_>>,
    report: &Report,
    parts: &ReportInput<'_>,
) -> String {
    let (rows, failed) = (report.totals.rows, parts.failures.rows.len() as u64);
    let mostly = |what: &str| format!("{what}: {:.0} % of {}.", share * 100.0, count(failed, "failed mail"));
    match kind {
        VerdictKind::Quiet if rows == 0 => "No mail in this window.".to_owned(),
        VerdictKind::Quiet if report.totals.other == rows => {
            "No status word of this log is mapped, so nothing can be said of failures.".to_owned()
        }
        VerdictKind::Quiet => format!("Quiet: {}, none failed.", count(rows, "mail")),
        VerdictKind::AccountBlocked => {
            let meaning = leading.map_or("", |cause| cause.rule.meaning_for(cause.disposition));
            format!("The account is blocked, and nothing from it will go until that is settled. {meaning}")
        }
        VerdictKind::BurstThrottling => bursts(report, parts, failed),
        VerdictKind::RateLimited => mostly("The provider slowed the sender down, without a burst"),
        VerdictKind::QuotaExhausted => mostly("The provider's allowance of an hour or a day was used up"),
        VerdictKind::MailboxFull => mostly("A mailbox was full"),
        VerdictKind::ProviderTrouble => mostly("The provider, or the way to it, was in trouble"),
        VerdictKind::RecipientProblems => mostly("Recipients or messages were refused"),
        VerdictKind::Mixed if failed == 0 && report.totals.failed > 0 => {
            format!(
                "None of {} is of the class or code asked for.",
                count(report.totals.failed, "failed mail")
            )
        }
        VerdictKind::Mixed if failed == 0 => {
            format!(
                "No failed mail among what could be read, but {} could not be.",
                count(report.totals.unreadable, "row")
            )
        }
        VerdictKind::Mixed => mixed(report, parts, failed),
    }
}

fn mixed(report: &Report, parts: &ReportInput<'_>, failed: u64) -> String {
    let throttled = parts.failures.count(&[Class::ThrottleConcurrency, Class::ThrottleRate]);
    let mails = count(failed, "failed mail");
    if failed == 1 && throttled == 0 {
        return "1 mail failed.".to_owned();
    }
    if throttled * 2 >= failed {
        format!("{throttled} of {mails} met a throttle, none of them in a burst.")
    } else if report.totals.unclassified * 2 >= failed {
        format!("{} of {mails} have a text that no rule knows, or none at all.", report.totals.unclassified)
    } else {
        format!("{mails}, and no kind of cause has half of them.")
    }
}

fn bursts(report: &Report, parts: &ReportInput<'_>, failed: u64) -> String {
    let bursts: Vec<&ClusterRow> = report.clusters.iter().filter(|cluster| cluster.burst).collect();
    let Some(worst) = bursts.iter().max_by_key(|burst| (burst.failures, std::cmp::Reverse(burst.start)))
    else {
        return String::new();
    };
    let refused: u64 = bursts.iter().map(|burst| burst.failures).sum();
    let place = if bursts.len() == 1 {
        "in one burst,".to_owned()
    } else {
        format!("in {} bursts, the worst", bursts.len())
    };
    format!(
        "Burst throttling: {refused} of {} were refused {place} at {}: {} of {} within {}.",
        count(failed, "failed mail"),
        window::show(worst.start, parts.window.zone),
        worst.failures,
        count(worst.attempts, "attempt"),
        seconds(worst.span_ms),
    )
}

/// What the verdict rests on, and what the figures alone do not say.
pub fn evidence(report: &Report) -> Vec<String> {
    let mut lines: Vec<String> = overlap(report).into_iter().collect();
    let busy = report.senders.iter().flat_map(|sender| {
        let name = sender.sender.as_deref().unwrap_or("Mail without a sender");
        [minute(report, name, sender.peak_per_minute), day(report, name, sender.recipients_24h)]
    });
    lines.extend(busy.flatten().take(MOST_SENDER_LINES));
    let collateral: u64 = report.clusters.iter().map(|cluster| cluster.collateral).sum();
    let totals = &report.totals;
    let counted = [
        (totals.recovered, "failed mail", "went out when it was sent again."),
        (
            totals.doubt,
            "mail",
            "may have been delivered when it was sent again: settle it with resend --doubt.",
        ),
        (collateral, "network error", "followed from a throttle: the server had closed the connection."),
        (
            totals.unreadable,
            "row",
            "with a time or an error text that cannot be read: counted, and without a time in no cluster.",
        ),
        (totals.unclassified, "failure", "with a text that no rule knows, or with none at all."),
    ];
    lines.extend(
        counted
            .iter()
            .filter(|(n, ..)| *n > 0)
            .map(|(n, what, which)| format!("{} {which}", count(*n, what))),
    );
    lines.extend(unmapped(report));
    lines
}

fn overlap(report: &Report) -> Option<String> {
    let overlap = &report.overlap;
    let (begin, most) = (overlap.failures_begin_at?, overlap.max_at_failure?);
    let free = overlap
        .max_without_failure
        .map_or_else(String::new, |free| format!("; without a refusal at most {free} ran"));
    Some(format!(
        "Throttling began at {begin} running at once ({} of {} refusals) and was met at up to {most}{free}. Counted: {}.",
        overlap.failures_at_begin, overlap.failures, overlap.basis
    ))
}

fn minute(report: &Report, name: &str, peak: u64) -> Option<String> {
    let limit = report.limits.messages_per_minute.filter(|limit| peak > u64::from(*limit))?;
    Some(format!(
        "{name} sent {peak} in its busiest minute; above {limit} the provider may delay mail without any failure."
    ))
}

fn day(report: &Report, name: &str, recipients: u64) -> Option<String> {
    let near = |limit: &u32| recipients as f64 >= NEAR_LIMIT * f64::from(*limit);
    let limit = report.limits.recipients_per_day.filter(near)?;
    Some(format!("{name} had {recipients} recipients in its busiest 24 hours; {limit} are allowed."))
}

fn unmapped(report: &Report) -> Option<String> {
    let words: Vec<String> = report
        .statuses
        .iter()
        .filter(|row| row.meaning == Meaning::Other)
        .map(|row| {
            format!(
                "{} ({})",
                row.status.as_ref().map_or("NULL".into(), |word| format!("'{word}'")),
                row.rows
            )
        })
        .collect();
    (!words.is_empty()).then(|| {
        format!(
            "Status words without a meaning: {}; name them in [email_log] sent, failed or pending.",
            words.join(", ")
        )
    })
}

/// What to do.
pub fn advice(kind: VerdictKind, leading: Option<&Cause<'_>>, parts: &ReportInput<'_>) -> Vec<String> {
    let advice = leading.map(|cause| cause.rule.advice_for(cause.disposition).to_owned());
    let mut lines: Vec<String> = advice.into_iter().collect();
    let temporary = parts.failures.causes.iter().filter(|cause| cause.disposition == Disposition::Retry);
    let again: u64 = temporary.map(|cause| cause.rows - cause.recovered).sum();
    if again > 0 && kind != VerdictKind::AccountBlocked {
        let mails = count(again, "failed mail");
        lines.push(match parts.tries_again {
            true => {
                format!("The mail server itself tries again what it put off, up to {mails}; its queue shows which still wait.")
            }
            false => format!("Send {mails} again: the refusal was for the moment only."),
        });
    }
    if matches!(kind, VerdictKind::BurstThrottling | VerdictKind::RateLimited | VerdictKind::QuotaExhausted) {
        lines.extend(parts.profile.advice.iter().cloned());
        lines.extend(parts.profile.docs.iter().map(|docs| format!("Read {docs}")));
    } else {
        lines.extend(leading.iter().flat_map(|cause| &cause.rule.links).map(|link| format!("Read {link}")));
    }
    lines
}

/// A span in seconds, for people.
pub fn seconds(span: Millis) -> String {
    format!("{:.1} s", span as f64 / 1000.0)
}

/// A number with its noun.
pub fn count(number: u64, noun: &str) -> String {
    match (number, noun.strip_suffix('y')) {
        (1, _) => format!("1 {noun}"),
        (_, Some(stem)) if !stem.ends_with(['a', 'e', 'o']) => format!("{number} {stem}ies"),
        _ => format!("{number} {noun}s"),
    }
}
