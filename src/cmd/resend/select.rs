//! Decides which of the failed mails go: what their errors mean, which rows are one mail, what the ledger knows, and at last
//! whether a message can be made of what the log keeps.

use std::collections::{HashSet, VecDeque};

use anyhow::{Result, anyhow, bail};

use super::messages::{Checking, ChosenMail, check_messages, noted};
use crate::analysis::failures::Filter;
use crate::cli::Resend as Args;
use crate::log::{self, Considered, Failed, FailedMails, Log, MailSelector, Purpose, Terms};
use crate::model::{Meaning, Millis};
use crate::reply::Classifier;
use crate::resend::ledger::Past;
use crate::resend::selection::{Candidate, Hold, Skip};

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
    let status = args.rows.status.as_deref().map(|word| log.mapping.words.known(word).to_owned());
    if let Some(status) = &status
        && log.mapping.words.meaning(Some(status)) == Meaning::Sent
    {
        bail!("--status {}: that means sent, and what was sent does not go again", status.escape_debug());
    }
    log.check_status(status.as_deref()).await?;
    let wish = MailSelector {
        ids: &args.id,
        status: status.as_deref(),
        sender: args.rows.sender.as_deref(),
        window: log.window,
        filter: Filter { code: args.rows.code, class: args.rows.class },
    };
    let terms = Terms { max_age: checking.max_age, ..log.terms() };
    let all = (Purpose::Send, Failed::Since(None));
    let failed = log::failed_mails((&mut log.db, &log.mapping), &terms, classifier, &wish, past, all).await?;
    check_named(log, args, &failed).await?;
    let past = &*past;
    let FailedMails { go, skipped, held, too_old, .. } = failed;
    let mut go = VecDeque::from(go);
    let mut selected = Selected { skipped, held, too_old, ..Selected::default() };
    // what an earlier run was refused goes last
    let is_noted = |mail: &Considered| past.of(&mail.stands.key).and_then(noted).is_some();
    go.make_contiguous()
        .sort_by(|a, b| is_noted(a).cmp(&is_noted(b)).then_with(|| in_turn(&a.stands, &b.stands)));
    let most = args.limit.map_or(usize::MAX, |limit| limit as usize);
    while !go.is_empty() && selected.chosen.len() < most {
        let room = (most - selected.chosen.len()).min(AT_ONCE).min(go.len());
        let some: Vec<Considered> = go.drain(..room).collect();
        for checked in check_messages(log, past, checking, some).await? {
            match checked {
                Ok(mail) => selected.chosen.push(mail),
                Err(held) => selected.held.push(*held),
            }
        }
    }
    selected.beyond_limit = go.len() as u64;
    Ok(selected)
}

/// The oldest first, of the same moment the lowest number.
fn in_turn(a: &Candidate, b: &Candidate) -> std::cmp::Ordering {
    let key = |mail: &Candidate| (mail.key.sent_date.unwrap_or(Millis::MAX), mail.key.id.parse::<i64>().ok());
    key(a).cmp(&key(b)).then_with(|| a.key.id.cmp(&b.key.id))
}

/// Every row that a person named has to be there and failed.
async fn check_named(log: &mut Log, args: &Args, failed: &FailedMails) -> Result<()> {
    let there: HashSet<&str> = failed.ids().collect();
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
