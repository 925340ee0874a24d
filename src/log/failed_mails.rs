//! The failed mails of a log and whether they go again: which rows are read, what their errors mean, which of them are one mail,
//! and what other rows and the ledger say of it. Resend takes them from here, and report, alert and doctor count them here.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use anyhow::Result;

use super::{Purpose, Sought, each_message, wanted};
use crate::address;
use crate::analysis::failures::Filter;
use crate::analysis::mails::{ALIKE, FailedFate, JudgedFailures, MailRow, SameMailBy};
use crate::db::{Db, Which};
use crate::mapping::Mapping;
use crate::model::{Disposition, HOUR, Mail, Meaning, Millis};
use crate::reply::{Classifier, NotBefore};
use crate::resend::ledger::{Further, MailKey, MailRecord, Past};
use crate::resend::selection::{self, Against, Candidate, Hold, SharedTexts, Skip, Standing, StoredError};
use crate::resend::state::RowState;
use crate::window::Window;

/// When it is, and what of the config decides whether a mail goes again.
#[derive(Debug, Clone)]
pub struct Terms {
    /// The moment that is looked at.
    pub now: Millis,
    /// The time by this machine's clock; later than `now` where an earlier moment is looked at.
    pub clock: Millis,
    /// Older mails do not go, in milliseconds.
    pub max_age: Millis,
    /// The log's status of a row while it is sent, or in doubt.
    pub claim_status: Option<String>,
}

impl Terms {
    /// Where an earlier moment is looked at, nothing is known of what came after it.
    fn until(&self) -> Option<Millis> {
        (self.now < self.clock).then_some(self.now)
    }
}

/// Which mails are asked for.
pub struct MailSelector<'a> {
    /// Rows that a person named; if there are any, nothing else counts.
    pub ids: &'a [String],
    /// A status word, as the mapping has it. It may be one that does not mean failed.
    pub status: Option<&'a str>,
    /// A mailbox.
    pub sender: Option<&'a str>,
    /// When they were tried.
    pub window: Window,
    /// Codes and class.
    pub filter: Filter,
}

impl MailSelector<'_> {
    fn takes(&self, mail: &Candidate) -> bool {
        self.takes_row(&mail.key.id, mail.key.sent_date, mail.sender.as_deref(), &mail.reading)
            && wanted(self.status, Some(&mail.status))
    }

    fn takes_row(&self, id: &str, at: Option<Millis>, sender: Option<&str>, reading: &StoredError) -> bool {
        if !self.ids.is_empty() {
            return self.ids.iter().any(|named| named == id);
        }
        at.is_none_or(|at| self.window.contains(at))
            && wanted(self.sender, sender)
            && self.filter.takes(reading.reply, reading.enhanced, reading.class)
    }
}

/// A mail that was looked at: the attempt that represents it, and the further ones.
pub struct Considered {
    /// The attempt that represents it.
    pub stands: Candidate,
    /// The further ones.
    pub further: Vec<Further>,
    /// Whether a person named it.
    pub is_named: bool,
}

/// The failed mails that are asked for, by whether they go again.
#[derive(Default)]
pub struct FailedMails {
    /// Those that go, in no certain order; of their messages nothing is known yet.
    pub go: Vec<Considered>,
    /// Those that do not, and why.
    pub skipped: Vec<(Considered, Skip)>,
    /// Those that could go once a person fixes something or says so.
    pub held: Vec<(Considered, Hold)>,
    /// How many are too old, and the time of the oldest.
    pub too_old: (u64, Option<Millis>),
    /// The keys of the rows, asked for or not, whose mail went after all.
    pub went: HashSet<Box<str>>,
}

/// The failed rows that are looked at.
pub enum Failed {
    /// Those in the database: all, or from a moment on.
    Since(Option<Millis>),
    /// These, which have been read already.
    Read(Vec<Mail>),
}

/// Decides about the failed mails that are asked for; nothing is known of mails that are not among the rows that are looked at.
///
/// # Errors
/// The database's refusal.
pub async fn failed_mails(
    (db, mapping): (&mut Db, &Mapping),
    terms: &Terms,
    classifier: &Classifier,
    wish: &MailSelector<'_>,
    past: &mut Past,
    (purpose, failed): (Purpose, Failed),
) -> Result<FailedMails> {
    let named: HashSet<String> = wish.ids.iter().cloned().collect();
    let against = Against { past, max_age: terms.max_age, named: &named, now: terms.now };
    let mut rows = gather((db, mapping), terms, classifier, wish, &against, failed).await?;
    settle_times((db, mapping), past, &rows.young).await?;
    rows.add_entries(past);
    let against = Against { past, max_age: terms.max_age, named: &named, now: terms.now };
    let sought = std::mem::take(&mut rows.sought);
    let judged = sought.judge(db, mapping, purpose, &named, (terms.now, terms.until())).await?;
    let (too_old, went) = (rows.too_old(&judged.fates), rows.went(&judged.fates));
    let mut mails = FailedMails { too_old, went, ..FailedMails::default() };
    for (mail, fate) in rows.into_mails(judged, wish, &named) {
        match selection::standing(&mail.stands, &mail.further, &fate, &against) {
            Standing::Goes => mails.go.push(mail),
            Standing::Skipped(skip) => mails.skipped.push((mail, skip)),
            Standing::Held(hold) => mails.held.push((mail, hold)),
            Standing::TooOld => mails.count_too_old(mail.stands.key.sent_date),
        }
    }
    Ok(mails)
}

impl FailedMails {
    /// The keys of all rows of these mails.
    pub fn ids(&self) -> impl Iterator<Item = &str> {
        let skipped = self.skipped.iter().map(|(mail, _)| mail);
        let held = self.held.iter().map(|(mail, _)| mail);
        let mails = self.go.iter().chain(skipped).chain(held);
        mails
            .flat_map(|mail| std::iter::once(&mail.stands.key).chain(mail.further.iter().map(|row| &row.key)))
            .map(|key| key.id.as_str())
    }

    fn count_too_old(&mut self, at: Option<Millis>) {
        self.too_old.0 += 1;
        self.too_old.1 = self.too_old.1.into_iter().chain(at).min();
    }
}

/// The failed rows: those young enough or named, in full, and of the older ones what may be attempts of the same mails.
#[derive(Default)]
struct FailedRows {
    young: Vec<Candidate>,
    older: Vec<Older>,
    sought: Sought,
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
async fn gather(
    (db, mapping): (&mut Db, &Mapping),
    terms: &Terms,
    classifier: &Classifier,
    wish: &MailSelector<'_>,
    against: &Against<'_>,
    rows: Failed,
) -> Result<FailedRows> {
    let claim_status = terms.claim_status.as_deref();
    let mut words: Vec<String> = mapping.words.of(Meaning::Failed).map(str::to_owned).collect();
    words.extend(wish.status.filter(|status| !words.iter().any(|word| word == status)).map(str::to_owned));
    words.extend(claim_status.map(str::to_owned));
    let (mut failed, mut common) = (FailedRows::default(), SharedTexts::default());
    let oldest = terms.now.saturating_sub(terms.max_age);
    let until = terms.until();
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
            && wanted(wish.status, mail.status.as_deref());
        failed.older.push(Older {
            is_missed: may_go && is_asked_for && !against.past.is_done(&key),
            is_doubt: reading.disposition == Disposition::Doubt,
            is_failed: true,
            status: common.one(mail.status.as_deref().unwrap_or_default()),
            row: MailRow::of(&mail),
        });
    };
    match rows {
        Failed::Since(since) => {
            let window = Window { since, until, zone: mapping.zone };
            db.mails(mapping, &Which { window, words: &words, among: None }, &mut add).await?;
        }
        Failed::Read(mails) => mails.into_iter().for_each(add),
    }
    // what is further back than a look-alike can be matches only by its Message-ID
    let first = oldest.saturating_sub(ALIKE);
    for older in &failed.older {
        let is_near = older.row.at.is_some_and(|at| at >= first) || older.row.has_message_id();
        failed.sought.add_known(if is_near { older.row.clone() } else { older.row.without_ties() });
    }
    Ok(failed)
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

impl FailedRows {
    /// The older rows that would go but for their age, further attempts of younger mails left out.
    fn too_old(&self, fates: &[FailedFate]) -> (u64, Option<Millis>) {
        let fates = &fates[self.young.len()..];
        let is_own = |fate: &FailedFate| !matches!(fate, FailedFate::SameAs(..) | FailedFate::Went(_));
        let missed = self.older.iter().zip(fates).filter(|(older, fate)| older.is_missed && is_own(fate));
        missed.fold((0, None), |(count, oldest): (u64, Option<Millis>), (older, _)| {
            (count + 1, oldest.into_iter().chain(older.row.at).min())
        })
    }

    /// The keys of the rows whose mail went after all.
    fn went(&self, fates: &[FailedFate]) -> HashSet<Box<str>> {
        let has_gone = |fate: &FailedFate| match fate {
            FailedFate::Went(_) => true,
            FailedFate::SameAs(first, SameMailBy::MessageId) => matches!(fates[*first], FailedFate::Went(_)),
            _ => false,
        };
        let gone = self.young.iter().zip(fates).filter(|(_, fate)| has_gone(fate));
        gone.map(|(mail, _)| mail.key.id.as_str().into()).collect()
    }

    /// The rows that the ledger has under way, in doubt or sent, and that do not count as failed any more: attempts of their mails
    /// are kept by them all the same.
    fn add_entries(&mut self, past: &Past) {
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
    fn into_mails(
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

/// Finds out of the rows whose key the ledger knows under another time whether they are the same mails.
async fn settle_times(
    (db, mapping): (&mut Db, &Mapping),
    past: &mut Past,
    mails: &[Candidate],
) -> Result<()> {
    let ambiguous: HashMap<&str, &MailKey> = mails
        .iter()
        .filter(|mail| past.is_ambiguous(&mail.key))
        .map(|mail| (mail.key.id.as_str(), &mail.key))
        .collect();
    let ids: Vec<String> = ambiguous.keys().map(|id| (*id).to_owned()).collect();
    let mut contents = Vec::new();
    each_message(db, mapping, &ids, &mut |kept| contents.push((kept.id(), kept.fingerprint()))).await?;
    for (id, content) in contents {
        if let Some(key) = ambiguous.get(id.as_str()) {
            past.settle_time(key, &content);
        }
    }
    Ok(())
}
