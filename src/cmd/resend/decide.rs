//! What a person decides about mails that may have been delivered: `resend --doubt` lists and settles them.

use std::collections::HashMap;

use anyhow::{Result, anyhow, bail};

use super::plan::{self, row};
use super::{now, open_ledger, open_store, undo_broken_commit, who};
use crate::analysis::phrases::count;
use crate::cli::{Global, Resend as Args, RowFilter as Filters};
use crate::cmd::{format, print, print_view};
use crate::config::Config;
use crate::config::smtp::SmtpSettings;
use crate::db::{Db, Target};
use crate::exit::Exit;
use crate::log;
use crate::log::Considered;
use crate::mapping::Wanted;
use crate::output::Format;
use crate::output::resend::{Doubts, ResendOutput, ResendRow, ResendRows, SCHEMA};
use crate::resend::ledger::{Decision, Doubted, Ledger, MailKey, MailRecord, Origin, Past};
use crate::resend::selection::Skip;
use crate::resend::state::RowState;

/// A mail in doubt: all its rows that are, and what is shown of it.
struct InDoubt {
    rows: Vec<Doubted>,
    shown: ResendRow,
}

/// Lists the mails in doubt, or settles some.
///
/// # Errors
/// An unknown decision, a row that is not in doubt; nothing was changed then.
pub async fn doubt(
    flags: &Global,
    args: &Args,
    config: Config,
    sending: &SmtpSettings,
    target: &Target,
    words: &[String],
) -> Result<Exit> {
    let decision = decision(words, args)?;
    let wanted = config.wanted.clone();
    let alive = settle_dead_runs(&wanted, sending, target).await?;
    let doubts = doubts(flags, args, config, sending).await?;
    let Some((decision, ids)) = decision else {
        let is_text = matches!(format(flags), Format::Table | Format::Markdown);
        if doubts.is_empty() && args.rows.is_given() && is_text {
            print("No row in doubt fits these filters; resend --doubt alone lists all.\n")?;
            return Ok(Exit::Fine);
        }
        return tell(flags, &doubts);
    };
    let chosen = chosen(doubts, ids, &alive)?;
    let mails = chosen.len() as u64;
    let rows: Vec<Doubted> = chosen.into_iter().flat_map(|mail| mail.rows).collect();
    let mut ledger = open(&wanted, sending, target).await?;
    ledger.decide(&rows, decision, &who(), now()).await?;
    ledger.sync_log().await?;
    ledger.close().await;
    if matches!(format(flags), Format::Table | Format::Markdown) {
        print(&format!("{} {}\n\n", count(mails, "mail"), settled(decision, mails == 1)))?;
    }
    let everything = Args { max_age: args.max_age, ..Args::default() };
    tell(flags, &self::doubts(flags, &everything, Config::load(flags)?, sending).await?)
}

/// What becomes of the mails by the decision.
pub const fn settled(decision: Decision, is_one: bool) -> &'static str {
    match (decision, is_one) {
        (Decision::Delivered, true) => "counts as sent; resend leaves it alone.",
        (Decision::Delivered, false) => "count as sent; resend leaves them alone.",
        (Decision::Again, _) => {
            "may go again with resend, 11 minutes after it was handed over at the earliest."
        }
        (Decision::Drop, true) => "dropped; resend leaves it alone until --free.",
        (Decision::Drop, false) => "dropped; resend leaves them alone until --free.",
    }
}

/// Whether there is a ledger.
///
/// # Errors
/// The database's refusal.
pub async fn has_ledger(sending: &SmtpSettings, target: &Target) -> Result<bool> {
    if sending.ledger.as_deref().is_some_and(log::is_missing) {
        return Ok(false);
    }
    let mut store = open_store(sending, target, false).await?;
    let is_made = Ledger::is_made(&mut store).await?;
    store.close().await;
    Ok(is_made)
}

/// Opens the ledger, with its tables made where they are missing.
///
/// # Errors
/// The database's refusal.
pub async fn open(wanted: &Wanted, sending: &SmtpSettings, target: &Target) -> Result<Ledger> {
    let mut db = Db::open(target).await?;
    let mapping = db.mapping(wanted).await?;
    db.close().await;
    let sent_word = sending.log.sent_word(&mapping.words)?;
    open_ledger(sending, target, mapping, sent_word).await
}

/// Settles what dead runs left, and gives those that are alive.
pub async fn settle_dead_runs(
    wanted: &Wanted,
    sending: &SmtpSettings,
    target: &Target,
) -> Result<Vec<String>> {
    undo_broken_commit(sending, target).await?;
    if !has_ledger(sending, target).await? {
        return Ok(Vec::new());
    }
    let mut db = Db::open(target).await?;
    let mapping = db.mapping(wanted).await?;
    db.close().await;
    let mut ledger = open_ledger(sending, target, mapping, None).await?;
    let alive = ledger.release_dead_runs(now()).await?;
    ledger.close().await;
    Ok(alive)
}

/// The decision and the rows it is about; missing where the filters say which.
fn decision<'w>(words: &'w [String], args: &Args) -> Result<Option<(Decision, &'w [String])>> {
    let Some((word, ids)) = words.split_first() else {
        return Ok(None);
    };
    let decision = match word.as_str() {
        "delivered" => Decision::Delivered,
        "again" => Decision::Again,
        "drop" => Decision::Drop,
        other => bail!("--doubt: '{}' is not one of delivered, again, drop", other.escape_debug()),
    };
    if ids.is_empty() && !has_filter(args) {
        bail!(
            "--doubt {word}: name the rows, such as --doubt {word} 17 23, or a filter such as --class network"
        );
    }
    Ok(Some((decision, ids)))
}

/// The mails in doubt that the filters ask for, the longest first.
async fn doubts(flags: &Global, args: &Args, config: Config, sending: &SmtpSettings) -> Result<Vec<InDoubt>> {
    let (plan, past) = plan::with_past(flags, args, config, sending).await?;
    let in_doubt = plan.selected.skipped.into_iter().filter(|(_, skip)| skip.is_doubt());
    let mut doubts: Vec<InDoubt> = in_doubt.map(|(mail, skip)| shown(mail, &skip, &past)).collect();
    // report what the ledger has in doubt, whatever the log says of it by now
    let is_shown = |key: &MailKey| doubts.iter().any(|mail| mail.rows.iter().any(|row| row.key == *key));
    let lost: Vec<_> = past
        .entries()
        .filter(|(_, known)| known.state == RowState::Doubt)
        .filter(|(key, known)| !has_filter(args) && known.same_as.is_none() && !is_shown(key))
        .map(|(key, known)| not_in_log(key, known, &past))
        .collect();
    doubts.extend(lost);
    doubts.sort_by(|a, b| {
        a.rows[0].key.sent_date.cmp(&b.rows[0].key.sent_date).then(a.shown.id.cmp(&b.shown.id))
    });
    Ok(doubts)
}

/// Whether a flag says which mails are asked for.
pub fn has_filter(args: &Args) -> bool {
    let Filters { since, until, status, code, class, sender } = &args.rows;
    [since, until, status, sender].into_iter().any(Option::is_some)
        || code.is_some()
        || class.is_some()
        || !args.id.is_empty()
}

/// A mail in doubt with all its rows that are: those the ledger has in doubt, and those whose error says so.
fn shown(mail: Considered, skip: &Skip, past: &Past) -> InDoubt {
    let stands = &mail.stands;
    let mut keys = vec![(stands.key.clone(), stands.status.to_string(), is_doubt(&mail), None)];
    let further = mail.further.iter();
    keys.extend(further.map(|row| (row.key.clone(), row.status.to_string(), row.is_doubt, Some(row.join))));
    let of_ledger = |key: &MailKey| past.of(key).filter(|known| known.state == RowState::Doubt).cloned();
    let rows = keys.into_iter().filter_map(|(key, status, is_doubt, join)| {
        let key_of = |known: &MailRecord| MailKey { id: key.id.clone(), sent_date: known.sent_date };
        let (key, origin) = match of_ledger(&key) {
            Some(known) => (key_of(&known), Origin::Ours(Box::new(known))),
            None if is_doubt && past.of(&key).is_none() => {
                let same_as = join.map(|join| (stands.key.id.clone(), join));
                (key, Origin::Log { status, recipients: stands.recipients, same_as })
            }
            None => return None,
        };
        Some(Doubted { key, origin })
    });
    let rows: Vec<Doubted> = rows.collect();
    let known = rows.iter().find_map(|row| match &row.origin {
        Origin::Ours(known) => Some(&**known),
        Origin::Log { .. } => None,
    });
    let mut shown = ResendRow { origin: skip.origin(), ..row(stands, "doubt", Some(said(known, &mail))) };
    if let Some(known) = known {
        (shown.attempts, shown.message_id) = (known.attempts, known.message_id.clone().or(shown.message_id));
    }
    InDoubt { rows, shown }
}

fn is_doubt(mail: &Considered) -> bool {
    mail.stands.reading.disposition == crate::model::Disposition::Doubt
}

/// When it was handed over, and what was last said.
fn said(known: Option<&MailRecord>, mail: &Considered) -> String {
    match known {
        Some(known) => said_by_ledger(known),
        None => {
            let at = mail.stands.key.sent_date.map_or_else(|| "no time".to_owned(), crate::zone::rfc3339);
            format!(
                "{at}: {}",
                mail.stands.doubt.as_deref().unwrap_or("the error of a further attempt says so")
            )
        }
    }
}

fn said_by_ledger(known: &MailRecord) -> String {
    let at = crate::zone::rfc3339(known.changed_at);
    match &known.reply {
        Some(reply) => format!("{at}: {reply}"),
        None => format!("{at}: the run died after it had begun to hand it over"),
    }
}

/// A mail in doubt whose row is not a failed one of the log any more.
fn not_in_log(key: MailKey, known: &MailRecord, past: &Past) -> InDoubt {
    let shown = ResendRow {
        id: key.id.clone(),
        attempts: known.attempts,
        message_id: known.message_id.clone(),
        origin: Some("ours"),
        about: "(not a failed row of the log any more)".to_owned(),
        ..ResendRow::bare("doubt", said_by_ledger(known))
    };
    let rows = past.mail_of(&key.id, |known| known.state == RowState::Doubt).into_iter();
    let rows = rows.map(|(key, known)| Doubted { key, origin: Origin::Ours(Box::new(known)) }).collect();
    InDoubt { rows, shown }
}

/// Those that a decision is about; without ids it is about all.
fn chosen(doubts: Vec<InDoubt>, ids: &[String], alive: &[String]) -> Result<Vec<InDoubt>> {
    if ids.is_empty() {
        if doubts.is_empty() {
            bail!(
                "--doubt: no row in doubt is one of those that the filters ask for; list them with resend --doubt"
            );
        }
        return Ok(doubts);
    }
    let by_id: HashMap<&str, usize> = doubts
        .iter()
        .enumerate()
        .flat_map(|(place, mail)| mail.rows.iter().map(move |row| (row.key.id.as_str(), place)))
        .collect();
    // all of them, or none
    let chosen: Vec<usize> = ids
        .iter()
        .map(|id| {
            by_id.get(id.as_str()).copied().ok_or_else(|| {
                let running = match alive {
                    [] => String::new(),
                    runs => format!("; a run is alive and may have it: {}", runs.join(", ")),
                };
                anyhow!(
                    "--doubt: row {} is not in doubt{running}; list them with resend --doubt",
                    id.escape_debug()
                )
            })
        })
        .collect::<Result<_>>()?;
    let places = doubts.into_iter().enumerate().filter(|(place, _)| chosen.contains(place));
    Ok(places.map(|(_, mail)| mail).collect())
}

fn tell(flags: &Global, doubts: &[InDoubt]) -> Result<Exit> {
    let rows = ResendRows::made_by(|| doubts.iter().map(|mail| mail.shown.clone()));
    let answer = ResendOutput { schema: SCHEMA, doubt: doubts.len() as u64, rows, ..ResendOutput::default() };
    print_view(flags, &Doubts(answer))?;
    Ok(if doubts.is_empty() { Exit::Fine } else { Exit::Critical })
}
