//! Reads the failures of a log, and what still has to go again of them and of earlier ones.

use anyhow::Result;

use super::backlog::{self, Confined, Counted};
use super::failed_mails::Failed;
use super::{Log, wanted};
use crate::analysis::failures::{Failures, Filter};
use crate::cli::RowFilter;
use crate::db::Which;
use crate::model::{Mail, Millis};
use crate::reply::Classifier;
use crate::resend::ledger::Past;

/// Reads the failures that are asked for, with what the ledger and later rows say of them.
///
/// # Errors
/// The database's refusal.
pub async fn failures<'c>(
    log: &mut Log,
    classifier: &'c Classifier,
    rows: &RowFilter,
    past: &mut Past,
) -> Result<(Failures<'c>, Counted)> {
    let filter = Filter { code: rows.code, class: rows.class };
    let mut failures = Failures::new(classifier, filter);
    let words = log.failed_words(rows);
    let terms = log.terms();
    let since = backlog::begin((&mut log.db, &log.mapping), &terms).await?;
    let mut recent = covers(log, rows, since).then(Vec::new);
    if !words.is_empty() {
        let failed = Which { window: log.window, words: &words, among: None };
        let mut add = |mail: Mail| {
            if wanted(rows.sender.as_deref(), mail.sender.as_deref()) {
                failures.add(&mail, past.is_sent(&mail.id, mail.at));
            }
            let is_recent = since.is_none_or(|since| mail.at.is_none_or(|at| at >= since));
            if let Some(recent) = recent.as_mut().filter(|_| is_recent) {
                recent.push(mail);
            }
        };
        log.db.mails(&log.mapping, &failed, &mut add).await?;
    }
    let confined = Confined { status: rows.status.as_deref(), sender: rows.sender.as_deref(), filter };
    let failed = recent.map_or(Failed::Since(since), Failed::Read);
    let place = (&mut log.db, &log.mapping);
    let counted = backlog::backlog(place, &terms, classifier, past, &confined, failed).await?;
    failures.recover(&counted.went);
    for mail in log.recovered(past, rows).await? {
        failures.add(&mail, true);
    }
    failures.in_doubt = past.in_doubt() as u64;
    failures.sort();
    Ok((failures, counted))
}

/// Whether the failed rows of the window are all that matter for what should go again.
fn covers(log: &Log, rows: &RowFilter, since: Option<Millis>) -> bool {
    let begins_before = match (log.window.since, since) {
        (None, _) => true,
        (Some(of_window), Some(since)) => of_window <= since,
        (Some(_), None) => false,
    };
    let ends_after = match log.window.until {
        None => log.now >= log.clock,
        Some(until) => until == log.now && log.now < log.clock,
    };
    begins_before && ends_after && rows.status.is_none() && log.claim_status.is_none() && !log.is_dry_run
}

/// Reads the failures of the window for an alert, and counts those without a readable time.
///
/// # Errors
/// The database's refusal.
pub async fn failures_for_alert(log: &mut Log, rows: &RowFilter, failures: &mut Failures<'_>) -> Result<u64> {
    let mut timeless = 0;
    let words = log.failed_words(rows);
    let mut add = |mail: Mail| match mail.at {
        _ if !wanted(rows.sender.as_deref(), mail.sender.as_deref()) => {}
        None => timeless += 1,
        Some(_) => failures.add(&mail, false),
    };
    log.db.mails(&log.mapping, &Which { window: log.window, words: &words, among: None }, &mut add).await?;
    failures.sort();
    Ok(timeless)
}
