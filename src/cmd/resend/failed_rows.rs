//! The failed rows of the log: which are read, what their errors mean, and which of them are one mail.

use std::collections::HashSet;
use std::sync::Arc;

use anyhow::{Result, anyhow, bail};

use super::select::Considered;
use crate::address;
use crate::analysis::failures::Filter;
use crate::analysis::mails::{ALIKE, FailedFate, JudgedFailures, MailRow, SameMailBy};
use crate::cli::Resend as Args;
use crate::db::Which;
use crate::log::{Log, Sought, wanted};
use crate::model::{Disposition, HOUR, Mail, Meaning, Millis};
use crate::reply::{Classifier, NotBefore};
use crate::resend::ledger::{Further, MailKey, MailRecord, Past};
use crate::resend::selection::{Against, Candidate, SharedTexts, StoredError};
use crate::resend::state::RowState;
use crate::window::Window;

/// Which mails are asked for.
pub(super) struct MailSelector<'a> {
    pub(super) args: &'a Args,
    pub(super) status: Option<String>,
    pub(super) window: Window,
    pub(super) filter: Filter,
}

impl MailSelector<'_> {
    fn takes(&self, mail: &Candidate) -> bool {
        self.takes_row(&mail.key.id, mail.key.sent_date, mail.sender.as_deref(), &mail.reading)
            && wanted(self.status.as_deref(), Some(&mail.status))
    }

    fn takes_row(&self, id: &str, at: Option<Millis>, sender: Option<&str>, reading: &StoredError) -> bool {
        if !self.args.id.is_empty() {
            return self.args.id.iter().any(|named| named == id);
        }
        at.is_none_or(|at| self.window.contains(at))
            && wanted(self.args.rows.sender.as_deref(), sender)
            && self.filter.takes(reading.reply, reading.enhanced, reading.class)
    }
}

/// The failed rows: those young enough or named, in full, and of the older ones what may be attempts of the same mails.
#[derive(Default)]
pub(super) struct FailedRows {
    pub(super) young: Vec<Candidate>,
    older: Vec<Older>,
    pub(super) sought: Sought,
}

/// A row that is too old to go itself.
struct Older {
    row: MailRow,
    status: Arc<str>,
    is_doubt: bool,
    /// Whether it counts as failed still; else only the ledger has it.
    is_failed: bool,
    /// Whether it would go were it not for its age.
    is_missed: bool,
}

/// Reads all failed rows: the attempt that represents a mail decides whether the mail is requested.
pub(super) async fn gather(
    log: &mut Log,
    classifier: &Classifier,
    wish: &MailSelector<'_>,
    against: &Against<'_>,
    claim_status: Option<&str>,
) -> Result<FailedRows> {
    let mut words = words(log, wish.args)?;
    words.extend(claim_status.map(str::to_owned));
    let (mut failed, mut common) = (FailedRows::default(), SharedTexts::default());
    let oldest = log.now.saturating_sub(against.max_age);
    let mut add = |mut mail: Mail| {
        // what is claimed is a failed mail still, and nobody else's to take
        if mail.status.as_deref() == claim_status && claim_status.is_some() {
            let known = against.past.of(&MailKey { id: mail.id.clone(), sent_date: mail.at });
            let is_ours = |known: &&MailRecord| {
                matches!(known.state, RowState::Claimed | RowState::HandedOver | RowState::Doubt)
            };
            let Some(known) = known.filter(is_ours) else { return };
            mail.status = Some(known.status.clone());
        }
        let reading = read(classifier, &mail);
        let is_old = mail.at.is_some_and(|at| at < oldest) && !against.named.contains(&mail.id);
        if !is_old {
            let (row, recipients) = (MailRow::of(&mail), recipients(&mail));
            failed.sought.add_row(row.clone(), &mail);
            failed.young.push(Candidate::new(mail, row, recipients, reading, &mut common));
            return;
        }
        let key = MailKey { id: mail.id.clone(), sent_date: mail.at };
        let may_go = matches!(reading.disposition, Disposition::Retry | Disposition::Wait);
        let is_asked_for = wish.takes_row(&mail.id, mail.at, mail.sender.as_deref(), &reading)
            && wanted(wish.status.as_deref(), mail.status.as_deref());
        failed.older.push(Older {
            is_missed: may_go && is_asked_for && !against.past.is_done(&key),
            is_doubt: reading.disposition == Disposition::Doubt,
            is_failed: true,
            status: common.one(mail.status.as_deref().unwrap_or_default()),
            row: MailRow::of(&mail),
        });
    };
    let all = Window { since: None, until: None, zone: log.window.zone };
    log.db.mails(&log.mapping, &Which { window: all, words: &words, among: None }, &mut add).await?;
    // what is further back than a look-alike can be matches only by its Message-ID
    let first = oldest.saturating_sub(ALIKE);
    for older in &failed.older {
        let is_near = older.row.at.is_some_and(|at| at >= first) || older.row.has_message_id();
        failed.sought.add_known(if is_near { older.row.clone() } else { older.row.without_ties() });
    }
    Ok(failed)
}

/// The status words of the rows that are read.
fn words(log: &Log, args: &Args) -> Result<Vec<String>> {
    let mut words: Vec<String> = log.mapping.words.of(Meaning::Failed).map(str::to_owned).collect();
    if let Some(status) = &args.rows.status {
        if log.mapping.words.meaning(Some(status)) == Meaning::Sent {
            bail!("--status {}: that means sent, and what was sent does not go again", status.escape_debug());
        }
        if !words.contains(status) {
            words.push(status.clone());
        }
    }
    Ok(words)
}

fn recipients(mail: &Mail) -> u32 {
    let lists = [&mail.recipient, &mail.cc, &mail.bcc].into_iter().filter_map(|list| list.as_deref());
    u32::try_from(lists.map(|list| address::entries(list).len()).sum::<usize>()).unwrap_or(u32::MAX)
}

/// What the stored error of a mail means for sending it again.
pub fn read(classifier: &Classifier, mail: &Mail) -> StoredError {
    let text = mail.error.as_deref().unwrap_or_default();
    let reading = classifier.read(text);
    let window = reading.retry_after.or(match &reading.rule.not_before {
        Some(NotBefore::Rolling(window) | NotBefore::After(window)) => Some(*window),
        Some(NotBefore::NextHour) => Some(std::time::Duration::from_millis(HOUR as u64)),
        None => None,
    });
    StoredError {
        reply: reading.reply,
        enhanced: reading.enhanced,
        class: reading.class,
        disposition: reading.disposition,
        window: window.and_then(|window| Millis::try_from(window.as_millis()).ok()),
        has_text: !text.trim().is_empty(),
    }
}

/// Every row that a person named has to be there and failed.
pub(super) async fn check_named(log: &mut Log, args: &Args, failed: &FailedRows) -> Result<()> {
    let there: HashSet<&str> = failed.young.iter().map(|mail| mail.key.id.as_str()).collect();
    let missing = args.id.iter().find(|id| !there.contains(id.as_str()));
    let Some(id) = missing.filter(|_| !log.is_dry_run) else {
        return Ok(());
    };
    let shown = id.escape_debug();
    Err(match log.db.mail(&log.mapping, id).await.unwrap_or_default().first() {
        Some(mail) => anyhow!(
            "--id {shown}: its status is '{}', which does not mean failed; nothing was sent",
            mail.status.as_deref().unwrap_or("NULL").escape_debug()
        ),
        None => anyhow!("--id {shown}: no row of this id; see mailthrottle failures"),
    })
}

impl FailedRows {
    /// The older rows that would go but for their age, further attempts of younger mails left out.
    pub(super) fn too_old(&self, fates: &[FailedFate]) -> (u64, Option<Millis>) {
        let fates = &fates[self.young.len()..];
        let is_own = |fate: &FailedFate| !matches!(fate, FailedFate::SameAs(..) | FailedFate::Went(_));
        let missed = self.older.iter().zip(fates).filter(|(older, fate)| older.is_missed && is_own(fate));
        missed.fold((0, None), |(count, oldest): (u64, Option<Millis>), (older, _)| {
            (count + 1, oldest.into_iter().chain(older.row.at).min())
        })
    }

    /// The rows that the ledger has under way, in doubt or sent, and that do not count as failed any more: attempts of their mails
    /// are kept by them all the same.
    pub(super) fn add_entries(&mut self, past: &Past) {
        let there: HashSet<&str> = self.young.iter().map(|mail| mail.key.id.as_str()).collect();
        let older: HashSet<Box<str>> = self.older.iter().map(|older| older.row.id.clone()).collect();
        let is_open = |known: &MailRecord| {
            matches!(known.state, RowState::Claimed | RowState::HandedOver | RowState::Doubt | RowState::Sent)
                && known.same_as.is_none()
        };
        let gone = past.entries().filter(|(key, known)| {
            is_open(known) && !there.contains(key.id.as_str()) && !older.contains(key.id.as_str())
        });
        let entries: Vec<Older> = gone
            .map(|(key, known)| Older {
                row: MailRow::of_ties(&key.id, key.sent_date, known.ties),
                status: known.status.as_str().into(),
                is_doubt: false,
                is_failed: false,
                is_missed: false,
            })
            .collect();
        for entry in entries {
            self.sought.add_known(entry.row.clone());
            self.older.push(entry);
        }
    }

    /// The mails of which a young attempt is requested, with what other rows say. If an older one would
    /// represent a mail, the newest young one does.
    pub(super) fn into_mails(
        self,
        judged: JudgedFailures,
        wish: &MailSelector<'_>,
        named: &HashSet<String>,
    ) -> Vec<(Considered, FailedFate)> {
        let all: Vec<Further> =
            self.young.iter().map(further_of).chain(self.older.iter().map(older_of)).collect();
        let is_young = |place: usize| place < self.young.len();
        let mut mails = Vec::new();
        for (place, fate) in
            judged.fates.iter().enumerate().filter(|(_, fate)| !matches!(fate, FailedFate::SameAs(..)))
        {
            let further = judged.further.get(&place).map_or(&[][..], Vec::as_slice);
            let mut rows = vec![(place, SameMailBy::MessageId)];
            rows.extend(further);
            let newest = rows.iter().filter(|(place, _)| is_young(*place));
            let newest =
                newest.max_by_key(|(place, _)| (*place == rows[0].0, self.young[*place].key.sent_date));
            let Some((stands, join)) = newest.copied() else { continue };
            let is_asked_for =
                |(place, _): &(usize, SameMailBy)| is_young(*place) && wish.takes(&self.young[*place]);
            if !rows.iter().any(is_asked_for) {
                continue;
            }
            // the row that would represent it is a further attempt of the young one, by what joined them
            let further = rows.iter().filter(|(place, _)| *place != stands).map(|(further, own)| {
                let join = if *further == place { join } else { *own };
                Further { join, ..all[*further].clone() }
            });
            let stands = &self.young[stands];
            let is_named = named.contains(&stands.key.id);
            mails.push((
                Considered { stands: stands.clone(), further: further.collect(), is_named },
                fate.clone(),
            ));
        }
        mails
    }
}

fn further_of(mail: &Candidate) -> Further {
    Further {
        key: mail.key.clone(),
        status: mail.status.clone(),
        join: SameMailBy::Content,
        is_doubt: mail.reading.disposition == Disposition::Doubt,
        is_failed: true,
    }
}

fn older_of(older: &Older) -> Further {
    Further {
        key: MailKey { id: older.row.id.to_string(), sent_date: older.row.at },
        status: older.status.clone(),
        join: SameMailBy::Content,
        is_doubt: older.is_doubt,
        is_failed: older.is_failed,
    }
}
