//! The failed mails that should go again and have not, and those that went after all.

use std::collections::HashSet;

use anyhow::Result;

use super::Purpose;
use super::failed_mails::{Considered, Failed, MailSelector, Terms, failed_mails};
use crate::analysis::failures::Filter;
use crate::analysis::mails::ALIKE;
use crate::analysis::report::Backlog;
use crate::db::Db;
use crate::mapping::Mapping;
use crate::model::{Meaning, Millis, SECOND};
use crate::reply::Classifier;
use crate::resend::ledger::Past;
use crate::window::Window;

/// A log with more rows than this is not read as a whole to count what has become too old.
const FEW_ROWS: u32 = 100_000;

/// What a count of the backlog is confined to.
#[derive(Debug, Clone, Default)]
pub struct Confined<'a> {
    /// A status word.
    pub status: Option<&'a str>,
    /// A mailbox.
    pub sender: Option<&'a str>,
    /// Codes and class.
    pub filter: Filter,
}

/// From when on failed rows matter for what should go again; in a log of few rows all of them do, for what has become too old.
///
/// # Errors
/// The database's refusal.
pub async fn begin((db, mapping): (&mut Db, &Mapping), terms: &Terms) -> Result<Option<Millis>> {
    let is_large = db.count(mapping, FEW_ROWS).await? > u64::from(FEW_ROWS);
    // a mail may look like one that failed up to a day before it
    Ok(is_large.then(|| terms.now.saturating_sub(terms.max_age).saturating_sub(ALIKE)))
}

/// What still has to go.
#[derive(Default)]
pub struct Counted {
    /// The numbers. Of the messages of the mails nothing is known: what they lack is not held yet.
    pub backlog: Backlog,
    /// The mails that go if their messages can be made.
    pub go: Vec<Considered>,
    /// The keys of the failed rows whose mail went after all.
    pub went: HashSet<Box<str>>,
}

/// Counts the failed mails that resend would select or hold, whenever they failed.
///
/// # Errors
/// The database's refusal.
pub async fn backlog(
    (db, mapping): (&mut Db, &Mapping),
    terms: &Terms,
    classifier: &Classifier,
    past: &mut Past,
    confined: &Confined<'_>,
    failed: Failed,
) -> Result<Counted> {
    let Confined { status, sender, filter } = *confined;
    let window = Window { since: None, until: None, zone: mapping.zone };
    let is_of_failed = status.is_none_or(|word| mapping.words.meaning(Some(word)) == Meaning::Failed);
    let status = status.filter(|_| is_of_failed);
    let wish = MailSelector { ids: &[], status, sender, window, filter };
    let mut mails =
        failed_mails((db, mapping), terms, classifier, &wish, past, (Purpose::Count, failed)).await?;
    let went = std::mem::take(&mut mails.went);
    // a row that did not fail does not go again, whatever its word
    if !is_of_failed {
        return Ok(Counted { went, ..Counted::default() });
    }
    let waiting = || mails.go.iter().chain(mails.held.iter().map(|(mail, _)| mail));
    let oldest_at = waiting().filter_map(|mail| mail.stands.key.sent_date).min();
    let rows = waiting().count() as u64;
    let (doubt, other): (Vec<_>, Vec<_>) = mails.skipped.iter().partition(|(_, skip)| skip.is_doubt());
    let backlog = Backlog {
        rows,
        oldest_at,
        oldest_age_s: oldest_at.map(|at| (terms.now - at).max(0) / SECOND),
        doubt: doubt.len() as u64,
        held: mails.held.len() as u64,
        deferred: other.iter().filter(|(_, skip)| skip.next_at().is_some()).count() as u64,
        too_old: mails.too_old.0,
    };
    Ok(Counted { backlog, go: mails.go, went })
}
