//! Reads the failed rows of the log and decides which mails go: what their errors mean, which rows are one mail, what the ledger
//! knows, and at last whether a message can be made of what the log keeps.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::Arc;

use anyhow::{Result, anyhow, bail};

use crate::address;
use crate::analysis::failures::Filter;
use crate::analysis::mails::{ALIKE, FailedFate, JudgedFailures, MailRow, SameMailBy};
use crate::cli::Resend as Args;
use crate::db::Which;
use crate::log::{Log, wanted};
use crate::log::{Purpose, Sought, each_message};
use crate::model::{Disposition, Mail, Meaning, Millis};
use crate::reply::{self, Classifier, NotBefore};
use crate::resend::attachments::Attachments;
use crate::resend::fingerprint::MailFingerprint;
use crate::resend::kept::Version;
use crate::resend::ledger::{Further, MailKey, MailRecord, Past};
use crate::resend::message::{self, Stored};
use crate::resend::selection::{self, Against, Candidate, Hold, SharedTexts, Skip, Standing, StoredError};
use crate::resend::state::RowState;
use crate::window::Window;

/// Mails whose messages are looked at together.
const AT_ONCE: usize = 64;

/// What was decided about the failed mails that were asked for.
#[derive(Default)]
pub struct Selected {
    /// The mails that go, oldest first.
    pub chosen: Vec<ChosenMail>,
    /// The mails that do not, and why.
    pub skipped: Vec<(Considered, Skip)>,
    /// The mails that could go once a person fixes something or says so.
    pub held: Vec<(Considered, Hold)>,
    /// How many are too old, and the time of the oldest.
    pub too_old: (u64, Option<Millis>),
    /// How many more would go but for `--limit`.
    pub beyond_limit: u64,
}

/// A mail that goes.
pub struct ChosenMail {
    /// The mail.
    pub mail: Considered,
    /// What the log keeps of it.
    pub version: Version,
    /// What of it is sent.
    pub content: MailFingerprint,
    /// The time under which the ledger has it, and the Message-ID it was handed over with before.
    pub known_as: (Option<Millis>, Option<String>),
    /// Attempts used up by earlier runs.
    pub attempts: u32,
    /// The fingerprint of a refusal that an earlier run noted, where mails were delivered since.
    pub refused_before: Option<String>,
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

/// What a message is checked with.
pub struct Checking<'c> {
    /// Where attachments come from.
    pub attachments: &'c Attachments,
    /// The mailbox for rows that name none.
    pub account: Option<&'c str>,
    /// Whether a mail goes whose text speaks of an attachment that the log does not hold.
    pub without_attachment: bool,
    /// How old a mail may be.
    pub max_age: Millis,
    /// The log's status of a row while it is sent, or in doubt.
    pub claim_status: Option<&'c str>,
}

/// Decides about the failed mails that are asked for.
///
/// # Errors
/// A wish that no row fulfils, or the database's refusal.
pub async fn select(
    log: &mut Log,
    classifier: &Classifier,
    args: &Args,
    past: &mut Past,
    checking: &Checking<'_>,
) -> Result<Selected> {
    let named: HashSet<String> = args.id.iter().cloned().collect();
    let wish = MailSelector {
        args,
        status: args.rows.status.as_deref().map(|word| log.mapping.words.known(word).to_owned()),
        window: log.window,
        filter: Filter { code: args.rows.code, class: args.rows.class },
    };
    let against = Against { past, max_age: checking.max_age, named: &named, now: log.now };
    let mut failed = gather(log, classifier, &wish, &against, checking.claim_status).await?;
    check_named(log, args, &failed).await?;
    settle_times(log, past, &failed.young).await?;
    let past = &*past;
    let against = Against { past, max_age: checking.max_age, named: &named, now: log.now };
    failed.add_entries(past);
    let sought = std::mem::take(&mut failed.sought);
    let judged = sought.judge(&mut log.db, &log.mapping, Purpose::Send, &named, log.now).await?;
    let mut selected = Selected { too_old: failed.too_old(&judged.fates), ..Selected::default() };
    let mut go: VecDeque<Considered> = VecDeque::new();
    for (mail, fate) in failed.into_mails(judged, &wish, &named) {
        match selection::standing(&mail.stands, &mail.further, &fate, &against) {
            Standing::Goes => go.push_back(mail),
            Standing::Skipped(skip) => selected.skipped.push((mail, skip)),
            Standing::Held(hold) => selected.held.push((mail, hold)),
            Standing::TooOld => selected.count_too_old(mail.stands.key.sent_date),
        }
    }
    // what an earlier run was refused goes last
    let is_noted = |mail: &Considered| past.of(&mail.stands.key).and_then(noted).is_some();
    go.make_contiguous()
        .sort_by(|a, b| is_noted(a).cmp(&is_noted(b)).then_with(|| in_turn(&a.stands, &b.stands)));
    let most = args.limit.map_or(usize::MAX, |limit| limit as usize);
    while !go.is_empty() && selected.chosen.len() < most {
        let room = (most - selected.chosen.len()).min(AT_ONCE).min(go.len());
        let some: Vec<Considered> = go.drain(..room).collect();
        check_messages(log, past, checking, some, &mut selected).await?;
    }
    selected.beyond_limit = go.len() as u64;
    Ok(selected)
}

impl Selected {
    fn count_too_old(&mut self, at: Option<Millis>) {
        self.too_old.0 += 1;
        self.too_old.1 = self.too_old.1.into_iter().chain(at).min();
    }
}

/// The fingerprint of a refusal that was only noted.
fn noted(known: &MailRecord) -> Option<String> {
    let reply = known.reply.as_deref().filter(|_| known.state == RowState::Deferred)?;
    let is_for_good = reply::scan(reply).reply.is_some_and(|code| code >= 500);
    is_for_good.then(|| reply::fingerprint(reply).hash)
}

/// The oldest first, of the same moment the lowest number.
fn in_turn(a: &Candidate, b: &Candidate) -> std::cmp::Ordering {
    let key = |mail: &Candidate| (mail.key.sent_date.unwrap_or(Millis::MAX), mail.key.id.parse::<i64>().ok());
    key(a).cmp(&key(b)).then_with(|| a.key.id.cmp(&b.key.id))
}

/// Which mails are asked for.
struct MailSelector<'a> {
    args: &'a Args,
    status: Option<String>,
    window: Window,
    filter: Filter,
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
        Some(NotBefore::NextHour) => Some(std::time::Duration::from_secs(3600)),
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

/// Finds out of the rows whose key the ledger knows under another time whether they are the same mails.
async fn settle_times(log: &mut Log, past: &mut Past, mails: &[Candidate]) -> Result<()> {
    let ambiguous: HashMap<&str, &MailKey> = mails
        .iter()
        .filter(|mail| past.is_ambiguous(&mail.key))
        .map(|mail| (mail.key.id.as_str(), &mail.key))
        .collect();
    let ids: Vec<String> = ambiguous.keys().map(|id| (*id).to_owned()).collect();
    let mut contents = Vec::new();
    each_message(&mut log.db, &log.mapping, &ids, &mut |kept| contents.push((kept.id(), kept.fingerprint())))
        .await?;
    for (id, content) in contents {
        if let Some(key) = ambiguous.get(id.as_str()) {
            past.settle_time(key, &content);
        }
    }
    Ok(())
}

/// Every row that a person named has to be there and failed.
async fn check_named(log: &mut Log, args: &Args, failed: &FailedRows) -> Result<()> {
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
    fn too_old(&self, fates: &[FailedFate]) -> (u64, Option<Millis>) {
        let fates = &fates[self.young.len()..];
        let is_own = |fate: &FailedFate| !matches!(fate, FailedFate::SameAs(..) | FailedFate::Went(_));
        let missed = self.older.iter().zip(fates).filter(|(older, fate)| older.is_missed && is_own(fate));
        missed.fold((0, None), |(count, oldest): (u64, Option<Millis>), (older, _)| {
            (count + 1, oldest.into_iter().chain(older.row.at).min())
        })
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

/// What the log keeps of a mail, and how often a row has its key.
struct LoggedKey {
    rows: usize,
    status: Option<String>,
    version: Version,
    content: MailFingerprint,
    stored: Stored,
}

/// Looks whether a message can be made of each mail, and puts it where it belongs.
async fn check_messages(
    log: &mut Log,
    past: &Past,
    checking: &Checking<'_>,
    mails: Vec<Considered>,
    selected: &mut Selected,
) -> Result<()> {
    let ids: Vec<String> = mails.iter().map(|mail| mail.stands.key.id.clone()).collect();
    let table = log.mapping.table.1.clone();
    let mut found: HashMap<String, LoggedKey> = HashMap::new();
    each_message(&mut log.db, &log.mapping, &ids, &mut |kept| {
        let id = kept.id();
        let (status, version) = (kept.status(), kept.version());
        let content = kept.fingerprint();
        let new = || LoggedKey { rows: 0, status, version, content, stored: kept.stored(&table, &id) };
        found.entry(id.clone()).or_insert_with(new).rows += 1;
    })
    .await?;
    for mail in mails {
        let checked = match found.get_mut(&mail.stands.key.id) {
            None => Err(Hold::Gone),
            Some(found) => {
                let status = found.status.as_deref().map(|status| log.mapping.words.known(status));
                let is_as_read = status.is_some_and(|status| status == &*mail.stands.status);
                check(found, checking).and(if is_as_read {
                    Ok((found.version, found.content.clone()))
                } else {
                    Err(Hold::Gone)
                })
            }
        };
        match checked {
            Ok((version, content)) => {
                let known = past.of(&mail.stands.key);
                let attempts = known.map_or(0, |known| known.attempts);
                let refused_before =
                    known.filter(|known| past.is_delivered_since(known.changed_at, &content));
                let refused_before = refused_before.and_then(noted);
                let at = known.map_or(mail.stands.key.sent_date, |known| known.sent_date);
                let known_as = (at, known.and_then(|known| known.message_id.clone()));
                selected.chosen.push(ChosenMail {
                    mail,
                    version,
                    content,
                    known_as,
                    attempts,
                    refused_before,
                });
            }
            Err(hold) => selected.held.push((mail, hold)),
        }
    }
    Ok(())
}

fn check(found: &mut LoggedKey, checking: &Checking<'_>) -> Result<(), Hold> {
    if found.rows > 1 {
        return Err(Hold::SeveralRows(found.rows));
    }
    let stored = &mut found.stored;
    if stored.sender.trim().is_empty() {
        stored.sender = checking.account.unwrap_or_default().to_owned();
    }
    message::check(stored).map_err(Hold::Message)?;
    if !stored.has_content() {
        return Err(Hold::NoContent);
    }
    checking.attachments.look(&stored.named_attachments, stored.size()).map_err(Hold::Attachment)?;
    if !checking.without_attachment && stored.lacks_attachment() {
        return Err(Hold::LacksAttachment);
    }
    Ok(())
}
