//! Reads the failures of a log.

use anyhow::Result;

use super::{Log, Young, wanted};
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
    past: &Past,
) -> Result<Failures<'c>> {
    let filter = Filter { code: rows.code, class: rows.class };
    let mut failures = Failures::new(classifier, filter);
    let words = log.failed_words(rows);
    let mut young = Young::of(log, log.now);
    if !words.is_empty() {
        let failed = Which { window: log.window, words: &words, among: None };
        let mut add = |mail: Mail| {
            if wanted(rows.sender.as_deref(), mail.sender.as_deref()) {
                let is_sent = past.is_sent(&mail.id, mail.at);
                failures.add(&mail, is_sent);
                if !is_sent {
                    young.add(&mail);
                }
            }
        };
        log.db.mails(&log.mapping, &failed, &mut add).await?;
    }
    failures.recover(&young.gone(log).await?);
    for mail in log.recovered(past, rows).await? {
        failures.add(&mail, true);
    }
    failures.in_doubt = past.in_doubt() as u64;
    failures.sort();
    Ok(failures)
}

/// Reads the failures of the window, marks those whose mail went after all, and counts those without a readable time.
///
/// # Errors
/// The database's refusal.
pub async fn failures_for_alert(
    log: &mut Log,
    rows: &RowFilter,
    failures: &mut Failures<'_>,
    count_healed: bool,
    at: Millis,
) -> Result<u64> {
    let (mut timeless, mut young) = (0, Young::of(log, at));
    let words = log.failed_words(rows);
    let mut add = |mail: Mail| match mail.at {
        _ if !wanted(rows.sender.as_deref(), mail.sender.as_deref()) => {}
        None => timeless += 1,
        Some(_) => {
            young.add(&mail);
            failures.add(&mail, false);
        }
    };
    log.db.mails(&log.mapping, &Which { window: log.window, words: &words, among: None }, &mut add).await?;
    failures.sort();
    if !count_healed {
        failures.recover(&young.gone(log).await?);
    }
    Ok(timeless)
}
