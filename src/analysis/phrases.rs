//! The sentences of a verdict: what happened, what it rests on, what to do.

use super::failures::{Cause, is_throttle};
use super::input::ReportInput;
use super::report::{Backlog, ClusterRow, Report, StatusRow};
use super::verdict::VerdictKind;
use crate::model::{Class, Disposition, Millis};
use crate::window;

/// A share of the limit from which a mailbox's recipients a day are worth a word.
const NEAR_LIMIT: f64 = 0.8;

/// Evidence lines about mailboxes; the table has them all.
const MOST_SENDER_LINES: usize = 5;

/// Below this confidence a verdict says how sure it is, and why.
const SURE: f64 = 0.8;

/// Status words that a sentence names.
const MOST_WORDS: usize = 10;

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
        VerdictKind::Empty => "No mail in this window.".to_owned(),
        VerdictKind::Unmapped => format!(
            "Nobody can say how many mails failed: {} of {} a status word without a meaning.",
            report.unmapped(),
            count(rows, "row") + if report.unmapped() == 1 { " has" } else { " have" }
        ),
        VerdictKind::Quiet => match report.unmapped() {
            0 => format!("Quiet: {}, none failed.", count(rows, "mail")),
            unmapped => format!(
                "Quiet: none of {} failed whose status has a meaning; {unmapped} have one without.",
                count(rows - unmapped, "mail")
            ),
        },
        VerdictKind::AccountBlocked => blocked(leading, report, parts),
        VerdictKind::BurstThrottling => throttling_bursts(report, parts, failed),
        VerdictKind::RateLimited => mostly("The provider slowed the sender down, without a burst"),
        VerdictKind::QuotaExhausted => mostly("The provider's allowance of an hour or a day was used up"),
        VerdictKind::MailboxFull => mostly("A mailbox was full"),
        VerdictKind::ProviderTrouble => mostly("The provider, or the way to it, was in trouble"),
        VerdictKind::RecipientProblems => mostly("Recipients or messages were refused"),
        VerdictKind::ApplicationErrors => {
            let what = "The application failed before it asked a mail server";
            format!("{}{}", mostly(what), burst_of(Class::Application, report, parts))
        }
        VerdictKind::Unexplained => {
            let what = "Failures with a text that no rule knows, or with none at all";
            format!("{}{}", mostly(what), burst_of(Class::Unknown, report, parts))
        }
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

/// Whose account is refused, since when, and what the server said last.
fn blocked(leading: Option<&Cause<'_>>, report: &Report, parts: &ReportInput<'_>) -> String {
    let rows: u64 = report.blocked_senders.iter().map(|sender| sender.rows).sum();
    let who = match report.blocked_senders.as_slice() {
        [only] => only.sender.clone().unwrap_or_else(|| "mail without a sender".to_owned()),
        several => count(several.len() as u64, "mailbox"),
    };
    let since = report.blocked_senders.iter().filter_map(|sender| sender.since).min();
    let since =
        since.map_or_else(String::new, |at| format!(" since {}", window::show(at, parts.window.zone)));
    let refused =
        if rows == 1 { "1 mail was refused so".to_owned() } else { format!("{rows} mails were refused so") };
    let meaning = leading.map_or("", |cause| cause.rule.meaning_for(cause.disposition));
    format!(
        "The account is blocked ({who}): {refused}{since}, and nothing went from it after that. {meaning}"
    )
}

/// Failures that no kind of cause has half of, or of a kind that has no verdict of its own.
fn mixed(report: &Report, parts: &ReportInput<'_>, failed: u64) -> String {
    let throttled = parts.failures.count(&[Class::ThrottleConcurrency, Class::ThrottleRate]);
    let mails = count(failed, "failed mail");
    if throttled * 2 >= failed {
        let has_times = !parts.swept.has_dates_only && parts.failures.rows.iter().all(|row| row.at.is_some());
        let bursts = if has_times { ", none of them in a burst" } else { "" };
        return format!("{throttled} of {mails} met a throttle{bursts}.");
    }
    let mut classes: Vec<(u64, Class)> = Class::ALL
        .iter()
        .map(|class| (parts.failures.count(&[*class]), *class))
        .filter(|(rows, _)| *rows > 0)
        .collect();
    classes.sort_by_key(|(rows, _)| std::cmp::Reverse(*rows));
    match classes.as_slice() {
        [(_, class)] => format!("{mails}, class {class}.{}", went_since(report, parts)),
        several => {
            let list: Vec<String> = several.iter().map(|(rows, class)| format!("{rows} {class}")).collect();
            format!("{mails} of several kinds: {}.", list.join(", "))
        }
    }
}

/// That mail went from an account after it was refused.
fn went_since(report: &Report, parts: &ReportInput<'_>) -> &'static str {
    let refused = parts.failures.rows.iter().filter(|row| !row.recovered);
    let mut refused =
        refused.filter(|row| parts.failures.cause_of(row).disposition == Disposition::Stop).peekable();
    let has_sent = |sender: u32| {
        parts.swept.by_sender.get(sender as usize).is_some_and(|sender| sender.last_sent.is_some())
    };
    let is_named = |sender: u32| parts.failures.senders.name(sender).is_some();
    let is_said = refused.peek().is_some() && refused.all(|row| has_sent(row.sender) && is_named(row.sender));
    if is_said && report.blocked_senders.is_empty() {
        " Other mail of the same sender went after that."
    } else {
        ""
    }
}

fn throttling_bursts(report: &Report, parts: &ReportInput<'_>, failed: u64) -> String {
    let bursts: Vec<&ClusterRow> =
        report.clusters.iter().filter(|cluster| cluster.burst && is_throttle(cluster.class)).collect();
    let refused: u64 = bursts.iter().map(|burst| burst.failures).sum();
    format!(
        "Burst throttling: {refused} of {} were refused {}.",
        count(failed, "failed mail"),
        worst_of(&bursts, parts)
    )
}

/// A sentence of the bursts of failures of a class, where there are any.
fn burst_of(class: Class, report: &Report, parts: &ReportInput<'_>) -> String {
    let bursts: Vec<&ClusterRow> =
        report.clusters.iter().filter(|cluster| cluster.burst && cluster.class == class).collect();
    let rows: u64 = bursts.iter().map(|burst| burst.failures).sum();
    match rows {
        0 => String::new(),
        rows => format!(" {rows} of them failed {}.", worst_of(&bursts, parts)),
    }
}

/// `in one burst, at 08:00: 4 within 0.9 s, of 20 attempts from 10 s before on`; of several the worst.
fn worst_of(bursts: &[&ClusterRow], parts: &ReportInput<'_>) -> String {
    let worst = bursts.iter().max_by_key(|burst| (burst.failures, std::cmp::Reverse(burst.start)));
    let place = match bursts.len() {
        1 => "in one burst,".to_owned(),
        several => format!("in {several} bursts, the worst"),
    };
    worst.map_or_else(String::new, |worst| {
        let span = match worst.span_ms {
            0 => "at the same moment".to_owned(),
            span => format!("within {}", seconds(span)),
        };
        let start = window::show(worst.start, parts.window.zone);
        let attempts = count(worst.attempts, "attempt");
        format!(
            "{place} at {start}: {} {span}, of {attempts} from {} before on",
            worst.failures,
            length(parts.gap)
        )
    })
}

/// What the verdict rests on, and what the figures alone do not say.
pub fn evidence(kind: VerdictKind, confidence: f64, report: &Report, parts: &ReportInput<'_>) -> Vec<String> {
    let mut lines: Vec<String> = doubts(kind, confidence, report, parts).into_iter().collect();
    if parts.swept.has_dates_only {
        lines.push(
            "The times of this log are dates without a time of day, so bursts, peaks and how many ran at once cannot be told."
                .to_owned(),
        );
    }
    lines.extend(future(parts));
    lines.extend(overlap(report));
    let busy = report.senders.iter().flat_map(|sender| {
        let name = sender.sender.as_deref().unwrap_or("Mail without a sender");
        [minute(report, name, sender.peak_per_minute), day(report, name, sender.recipients_24h)]
    });
    lines.extend(busy.flatten().take(MOST_SENDER_LINES));
    let collateral: u64 = report.clusters.iter().map(|cluster| cluster.collateral).sum();
    let totals = &report.totals;
    let counted = [
        (totals.recovered, "failed mail", "went after all."),
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
    if kind != VerdictKind::Unmapped {
        lines.extend(unmapped(report).map(|words| {
            format!(
                "Status words without a meaning: {words}; name them in [email_log] sent, failed or pending."
            )
        }));
    }
    lines.extend(report.backlog.and_then(|backlog| too_old(backlog, parts)));
    lines
}

/// How sure the verdict is, where it is not.
fn doubts(kind: VerdictKind, confidence: f64, report: &Report, parts: &ReportInput<'_>) -> Option<String> {
    let failed = parts.failures.rows.len() as u64;
    if confidence >= SURE || failed == 0 {
        return None;
    }
    let sure = format!("Confidence {confidence:.2}");
    Some(match kind {
        VerdictKind::Mixed => {
            format!(
                "{sure}: the commonest kind of cause has {:.0} % of {}.",
                confidence * 100.0,
                count(failed, "failed mail")
            )
        }
        _ => {
            let others = failed - (confidence * failed as f64).round() as u64;
            let unknown = match report.totals.unclassified {
                0 => String::new(),
                _ if kind == VerdictKind::Unexplained => String::new(),
                unknown => format!(", {unknown} of which no rule knows"),
            };
            format!(
                "{sure}: {} of {} have causes of another kind{unknown}.",
                others,
                count(failed, "failed mail")
            )
        }
    })
}

/// That times lie ahead of the clock.
fn future(parts: &ReportInput<'_>) -> Option<String> {
    let (rows, last) = parts.swept.future;
    let last = last?;
    let (verb, zone) = (if rows == 1 { "was" } else { "were" }, parts.window.zone);
    Some(format!(
        "Warning: {} {verb} tried at a time that is still to come, up to {}: the times are read in {zone}; if the application \
         writes them in another zone, set time_zone in [email_log].",
        count(rows, "row"),
        window::show(last, zone)
    ))
}

fn overlap(report: &Report) -> Option<String> {
    let overlap = &report.overlap;
    let (begin, most) = (overlap.limit_shows_at?, overlap.max_at_failure?);
    let free = overlap
        .max_without_failure
        .map_or_else(String::new, |free| format!("; without a refusal at most {free} ran"));
    let unharmed = match overlap.sent_from_limit {
        0 => String::new(),
        went => format!(", {went} of as many went"),
    };
    Some(format!(
        "Throttling began at {begin} running at once ({} of {} refusals at that number or above{unharmed}), up to {most}{free}. Counted: {}.",
        overlap.throttled_from_limit, overlap.failures, overlap.basis
    ))
}

/// Rows that resend leaves out for their age.
fn too_old(backlog: Backlog, parts: &ReportInput<'_>) -> Option<String> {
    let age = length(parts.max_age);
    (backlog.too_old > 0).then(|| {
        let (verb, them) = if backlog.too_old == 1 { ("is", "it") } else { ("are", "them") };
        let rows = count(backlog.too_old, "failed row");
        format!("{rows} {verb} older than {age}, so resend leaves {them} out; resend --max-age takes {them}.")
    })
}

fn minute(report: &Report, name: &str, peak: Option<u64>) -> Option<String> {
    let peak = peak?;
    let limit = report.limits.messages_per_minute.filter(|limit| peak > u64::from(*limit))?;
    Some(format!(
        "{name} had {peak} attempts in its busiest minute; above {limit} {} may delay mail without any failure.",
        report.limits.profile
    ))
}

fn day(report: &Report, name: &str, recipients: u64) -> Option<String> {
    let near = |limit: &u32| recipients as f64 >= NEAR_LIMIT * f64::from(*limit);
    let limit = report.limits.recipients_per_day.filter(near)?;
    Some(format!("{name} had {recipients} recipients in its busiest 24 hours; {limit} are allowed."))
}

/// The status words without a meaning, each with its rows, the commonest first.
pub fn unmapped(report: &Report) -> Option<String> {
    let words: Vec<_> = report.statuses.iter().filter(|row| !row.mapped).collect();
    let show = |row: &&StatusRow| {
        format!("{} ({})", row.status.as_ref().map_or("NULL".into(), |word| format!("'{word}'")), row.rows)
    };
    let shown: Vec<String> = words.iter().take(MOST_WORDS).map(show).collect();
    let more = if words.len() > MOST_WORDS {
        format!(" and {} more", words.len() - MOST_WORDS)
    } else {
        String::new()
    };
    (!words.is_empty()).then(|| shown.join(", ") + &more)
}

/// What to do.
pub fn advice(
    kind: VerdictKind,
    leading: Option<&Cause<'_>>,
    report: &Report,
    parts: &ReportInput<'_>,
) -> Vec<String> {
    let advice = leading.map(|cause| cause.rule.advice_for(cause.disposition).to_owned());
    let mut lines: Vec<String> = advice.into_iter().collect();
    if kind == VerdictKind::Unmapped {
        lines.extend(unmapped(report).map(|words| {
            format!("In the config, add each word to sent, failed or pending of [email_log], whichever it means: {words}.")
        }));
        lines.push("mailthrottle init looks at the rows of each word and proposes what it means.".to_owned());
    }
    if kind == VerdictKind::Unexplained {
        lines.push(
            "mailthrottle explain --test-rules shows the texts and suggests rules for them.".to_owned(),
        );
    }
    lines.extend(again(report, parts));
    if matches!(kind, VerdictKind::BurstThrottling | VerdictKind::RateLimited) {
        lines.extend(parts.profile.advice.iter().cloned());
    }
    if matches!(kind, VerdictKind::BurstThrottling | VerdictKind::RateLimited | VerdictKind::QuotaExhausted) {
        lines.extend(parts.profile.docs.iter().map(|docs| format!("Read {docs}")));
    } else {
        lines.extend(leading.iter().flat_map(|cause| &cause.rule.links).map(|link| format!("Read {link}")));
    }
    lines
}

/// What should go again: what resend would take, or what a mail server has in its queue.
fn again(report: &Report, parts: &ReportInput<'_>) -> Option<String> {
    let Some(backlog) = report.backlog else {
        let temporary = parts.failures.causes.iter().filter(|cause| cause.disposition == Disposition::Retry);
        let again: u64 = temporary.map(|cause| cause.rows - cause.recovered).sum();
        return (again > 0).then(|| {
            let mails = count(again, "failed mail");
            format!("The mail server itself tries again what it put off, up to {mails}; its queue shows which still wait.")
        });
    };
    let oldest = backlog
        .oldest_at
        .map_or_else(String::new, |at| format!(", the oldest of {}", window::show(at, parts.window.zone)));
    (backlog.rows > 0).then(|| {
        let verb = if backlog.rows == 1 { "waits" } else { "wait" };
        let held = match (backlog.held, backlog.rows) {
            (0, _) => String::new(),
            (_, 1) => "; resend holds it until you decide".to_owned(),
            (held, rows) if held == rows => "; resend holds them until you decide".to_owned(),
            (1, _) => "; resend holds 1 of them until you decide".to_owned(),
            (held, _) => format!("; resend holds {held} of them until you decide"),
        };
        format!(
            "{} {verb} to be sent again{oldest}{held}: mailthrottle resend --dry-run shows which.",
            count(backlog.rows, "failed mail")
        )
    })
}

/// A span in seconds, for people.
pub fn seconds(span: Millis) -> String {
    format!("{:.1} s", span as f64 / 1000.0)
}

/// A length of time in words: `1h`, `7 days`.
pub fn length(span: Millis) -> String {
    let span = std::time::Duration::from_millis(span.unsigned_abs());
    let words = humantime::format_duration(span).to_string();
    ["day", "month", "year"].iter().fold(words, |words, unit| words.replace(unit, &format!(" {unit}")))
}

/// A number with its noun.
pub fn count(number: u64, noun: &str) -> String {
    match (number, noun.strip_suffix('y')) {
        (1, _) => format!("1 {noun}"),
        (_, Some(stem)) if !stem.ends_with(['a', 'e', 'o']) => format!("{number} {stem}ies"),
        _ => format!("{number} {noun}s"),
    }
}
