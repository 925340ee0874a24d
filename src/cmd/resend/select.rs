//! Decides which of the failed mails go: what their errors mean, which rows are one mail, what the ledger knows, and at last
//! whether a message can be made of what the log keeps.

use std::collections::{HashMap, HashSet, VecDeque};

use anyhow::Result;

use super::failed_rows::{MailSelector, check_named, gather};
use super::messages::{Checking, check_messages};
use crate::analysis::failures::Filter;
use crate::cli::Resend as Args;
use crate::log::{Log, Purpose, each_message};
use crate::model::Millis;
use crate::reply::{self, Classifier};
use crate::resend::fingerprint::MailFingerprint;
use crate::resend::kept::Version;
use crate::resend::ledger::{Further, MailKey, MailRecord, Past};
use crate::resend::selection::{self, Against, Candidate, Hold, Skip, Standing};
use crate::resend::state::RowState;

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
pub(super) fn noted(known: &MailRecord) -> Option<String> {
    let reply = known.reply.as_deref().filter(|_| known.state == RowState::Deferred)?;
    let is_for_good = reply::scan(reply).reply.is_some_and(|code| code >= 500);
    is_for_good.then(|| reply::fingerprint(reply).hash)
}

/// The oldest first, of the same moment the lowest number.
fn in_turn(a: &Candidate, b: &Candidate) -> std::cmp::Ordering {
    let key = |mail: &Candidate| (mail.key.sent_date.unwrap_or(Millis::MAX), mail.key.id.parse::<i64>().ok());
    key(a).cmp(&key(b)).then_with(|| a.key.id.cmp(&b.key.id))
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
