//! What a person decides about mails that did not go: `resend --drop` lets failed mails go no more, `resend --free` lets mails go
//! again that were refused or dropped.

use anyhow::{Result, bail};

use super::decide::{has_filter, has_ledger, open, settle_dead_runs, settled};
use super::plan::{self, row};
use super::{now, who};
use crate::analysis::mails::SameMailBy;
use crate::analysis::phrases::count;
use crate::cli::{Global, Resend as Args};
use crate::cmd::{ask, format, print, print_view};
use crate::config::Config;
use crate::config::smtp::SmtpSettings;
use crate::db::Target;
use crate::exit::Exit;
use crate::log::Considered;
use crate::output::Format;
use crate::output::resend::{ResendOutput, ResendRows, SCHEMA};
use crate::resend::ledger::{Decision, Doubted, MailKey, MailRecord, Origin, Past};
use crate::resend::state::RowState;

/// Lets failed mails go no more that resend would send, hold or send later.
///
/// # Errors
/// A row that is not one of them, or nobody agreed; nothing was changed then.
pub async fn drop_mails(
    flags: &Global,
    args: &Args,
    config: Config,
    sending: &SmtpSettings,
    target: &Target,
    ids: &[String],
) -> Result<Exit> {
    if ids.is_empty() && !has_filter(args) {
        bail!("--drop: name the rows, such as --drop 17 23, or a filter such as --class throttle-rate");
    }
    let wanted = config.wanted.clone();
    settle_dead_runs(&wanted, sending, target).await?;
    let (plan, past) = plan::with_past(flags, args, config, sending).await?;
    let selected = plan.selected;
    let put_off = selected.skipped.into_iter().filter(|(_, skip)| skip.next_at().is_some());
    let mut waiting: Vec<Considered> = selected.chosen.into_iter().map(|chosen| chosen.mail).collect();
    waiting.extend(selected.held.into_iter().map(|(mail, _)| mail).chain(put_off.map(|(mail, _)| mail)));
    let has = |mail: &Considered, id: &String| {
        mail.stands.key.id == *id || mail.further.iter().any(|row| row.key.id == *id)
    };
    if let Some(id) = ids.iter().find(|id| !waiting.iter().any(|mail| has(mail, id))) {
        bail!(
            "--drop: row {} does not wait to be sent again; see resend --dry-run, and --max-age for older rows",
            id.escape_debug()
        );
    }
    waiting.retain(|mail| ids.is_empty() || ids.iter().any(|id| has(mail, id)));
    if waiting.is_empty() {
        bail!("--drop: no failed mail that waits to be sent again is one of those that the filters ask for");
    }
    let mails = count(waiting.len() as u64, "mail");
    agree(args, &format!("Drop {mails}, so that resend leaves them alone?")).await?;
    let dropped: Vec<Doubted> = waiting.iter().flat_map(|mail| rows_of(mail, &past)).collect();
    let mut ledger = open(&wanted, sending, target).await?;
    let by = who();
    ledger.drop_mails(&dropped, &by, now()).await?;
    ledger.close().await;
    if matches!(format(flags), Format::Table | Format::Markdown) {
        print(&format!("{mails} {}\n", settled(Decision::Drop, waiting.len() == 1)))?;
        return Ok(Exit::Fine);
    }
    let reason = format!("dropped by {by}; resend --free takes that back");
    let rows =
        ResendRows::made_by(|| waiting.iter().map(|mail| row(&mail.stands, "skipped", Some(reason.clone()))));
    let answer =
        ResendOutput { schema: SCHEMA, skipped: waiting.len() as u64, rows, ..ResendOutput::default() };
    print_view(flags, &answer)?;
    Ok(Exit::Fine)
}

/// The failed rows of a mail, as the ledger knows them or as the log has them; what the ledger has settled already is left out.
fn rows_of(mail: &Considered, past: &Past) -> Vec<Doubted> {
    let stands = &mail.stands;
    let of_mail = |key: &MailKey, status: &str, join: Option<SameMailBy>| match past.of(key) {
        Some(known) if known.state == RowState::Deferred => {
            let key = MailKey { id: key.id.clone(), sent_date: known.sent_date };
            Some(Doubted { key, origin: Origin::Ours(Box::new(known.clone())) })
        }
        Some(_) => None,
        None => {
            let same_as = join.map(|join| (stands.key.id.clone(), join));
            let origin = Origin::Log { status: status.to_owned(), recipients: stands.recipients, same_as };
            Some(Doubted { key: key.clone(), origin })
        }
    };
    let own = of_mail(&stands.key, &stands.status, None);
    let further = mail.further.iter().filter(|row| row.is_failed);
    own.into_iter().chain(further.filter_map(|row| of_mail(&row.key, &row.status, Some(row.join)))).collect()
}

/// Lets rows go again that were refused or dropped.
///
/// # Errors
/// A row that is neither, or nobody agreed; nothing was changed then.
pub async fn free(
    args: &Args,
    config: Config,
    sending: &SmtpSettings,
    target: &Target,
    ids: &[String],
) -> Result<Exit> {
    if !has_ledger(sending, target).await? {
        bail!("--free: nothing was ever sent again here, so nothing is refused or dropped");
    }
    let mut ledger = open(&config.wanted, sending, target).await?;
    let past = ledger.past().await?;
    let mut rows: Vec<(MailKey, MailRecord)> = Vec::new();
    for id in ids {
        let mail = past.mail_of(id, |known| matches!(known.state, RowState::Refused | RowState::Dropped));
        if mail.is_empty() {
            bail!("--free: row {} is neither refused nor dropped; see resend --dry-run", id.escape_debug());
        }
        rows.extend(
            mail.into_iter()
                .filter(|(key, _)| !rows.iter().any(|(there, _)| there == key))
                .collect::<Vec<_>>(),
        );
    }
    let number = count(rows.len() as u64, "row");
    agree(args, &format!("Free {number}?")).await?;
    ledger.set_free(&rows, &who(), now()).await?;
    ledger.close().await;
    let dropped = rows.iter().filter(|(_, known)| known.state == RowState::Dropped).count() as u64;
    let refused = rows.len() as u64 - dropped;
    let said = [
        (refused, "may go again; resend sends what nothing else speaks against."),
        (
            dropped,
            "not dropped any more; resend --dry-run shows what becomes of it, resend --doubt what is in doubt.",
        ),
    ];
    for (rows, what) in said.into_iter().filter(|(rows, _)| *rows > 0) {
        print(&format!("{} {what}\n", count(rows, "row")))?;
    }
    Ok(Exit::Fine)
}

async fn agree(args: &Args, question: &str) -> Result<()> {
    if args.yes {
        return Ok(());
    }
    if !ask::can_ask() {
        bail!("nothing was changed; agree by --yes");
    }
    if !ask::agrees_expressly(question).await? {
        bail!("nothing was changed");
    }
    Ok(())
}
