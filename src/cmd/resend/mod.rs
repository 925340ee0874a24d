//! `mailthrottle resend`: sends failed mails again, each once and slowly enough; lists and settles what is in doubt.

mod decide;
mod drop;
mod messages;
mod plan;
mod select;
mod send;
mod watch;

pub use messages::held;
pub use send::closed;

use anyhow::{Result, bail};
use chrono::Utc;

use super::print_view;
use crate::cli::{Global, Resend as Args};
use crate::config::Config;
use crate::config::smtp::{SmtpSettings, WritesLog};
use crate::db::{Db, Location, Target};
use crate::exit::Exit;
use crate::log;
use crate::mapping::Mapping;
use crate::model::Meaning;
use crate::output;
use crate::output::resend::{History, ResendOutput};
use crate::resend::ledger::{Ledger, PastRun};

/// Runs the command.
///
/// # Errors
/// Config, database, ledger, no server; nothing was sent then.
pub async fn run(flags: &Global, args: &Args) -> Result<Exit> {
    let mut config = Config::load(flags)?;
    let sending = std::mem::take(&mut config.sending).check(args)?;
    config.ledger.clone_from(&sending.ledger);
    let target = crate::config::Database::target(config.database.clone())?;
    if args.history {
        return history(flags, &sending, &target).await;
    }
    if let Some(words) = &args.doubt {
        return decide::doubt(flags, args, config, &sending, &target, words).await;
    }
    if let Some(ids) = &args.drop {
        return drop::drop_mails(flags, args, config, &sending, &target, ids).await;
    }
    if let Some(ids) = &args.free {
        return drop::free(args, config, &sending, &target, ids).await;
    }
    if !args.dry_run && !flags.print_sql {
        tidy_up(&config, &sending, &target).await?;
    }
    let planned = plan::make(flags, args, config, &sending).await?;
    if flags.print_sql {
        return Ok(Exit::Fine);
    }
    if args.dry_run || planned.selected.chosen.is_empty() {
        let answer = ResendOutput { dry_run: args.dry_run, ..planned.answer() };
        print_view(flags, &answer)?;
        let left = answer.held + answer.deferred + planned.with_others();
        return Ok(match (args.dry_run, answer.doubts, left) {
            (true, ..) | (false, 0, 0) => Exit::Fine,
            (false, 0, _) => Exit::Warning,
            (false, ..) => Exit::Critical,
        });
    }
    sending.url()?;
    if !args.yes {
        plan::agree(flags, &planned).await?;
    }
    send::run(flags, planned, &sending, &target).await
}

/// Lets SQLite undo what a run that was killed in the middle of a commit left in the log, which no reader could open before.
async fn undo_broken_commit(sending: &SmtpSettings, target: &Target) -> Result<()> {
    let is_written = sending.log.what == WritesLog::Status && sending.ledger.is_some();
    if is_written && matches!(Location::of(&target.url)?, Location::File(_)) {
        Db::open_to_write(target, false).await?.close().await;
    }
    Ok(())
}

/// Settles what dead runs left, and writes to the log what it is missing, before anything is planned.
async fn tidy_up(config: &Config, sending: &SmtpSettings, target: &Target) -> Result<()> {
    undo_broken_commit(sending, target).await?;
    if sending.ledger.as_deref().is_some_and(log::is_missing) {
        return Ok(());
    }
    let mut store = open_store(sending, target, false).await?;
    let is_made = Ledger::is_made(&mut store).await?;
    store.close().await;
    if !is_made {
        return Ok(());
    }
    let mut db = Db::open(target).await?;
    let mapping = db.mapping(&config.wanted).await?;
    db.close().await;
    let sent_word = sending.log.sent_word(&mapping.words)?;
    let mut ledger = open_ledger(sending, target, mapping, sent_word).await?;
    ledger.release_dead_runs(now()).await?;
    ledger.sync_log().await?;
    ledger.close().await;
    Ok(())
}

async fn history(flags: &Global, sending: &SmtpSettings, target: &Target) -> Result<Exit> {
    let mut store = open_store(sending, target, false).await?;
    let (runs, alive) = match Ledger::is_made(&mut store).await? {
        true => (Ledger::history(&mut store).await?, Ledger::alive(&mut store).await?),
        false => (Vec::new(), Vec::new()),
    };
    store.close().await;
    let past = |run: PastRun| {
        let is_alive = alive.contains(&run.id);
        past_run(run, is_alive)
    };
    print_view(flags, &History(runs.into_iter().map(past).collect()))?;
    Ok(Exit::Fine)
}

fn past_run(run: PastRun, is_alive: bool) -> output::resend::HistoryRow {
    let [sent, deferred, refused, doubt] = run.ended;
    let state = match (run.ended_at, is_alive) {
        (Some(_), _) => None,
        (None, true) => Some("at work"),
        (None, false) => Some("died, or was killed; the next resend takes up what it left"),
    };
    output::resend::HistoryRow {
        run_id: run.id,
        identity: run.identity,
        started_by: run.started_by,
        started_at: Some(run.started_at),
        ended_at: run.ended_at,
        reason: run.reason.or(state.map(str::to_owned)),
        sent,
        deferred,
        refused,
        doubt,
    }
}

/// Opens the database that the ledger is in.
async fn open_store(sending: &SmtpSettings, target: &Target, make: bool) -> Result<Db> {
    match &sending.ledger {
        None => Db::open_to_write(target, false).await,
        Some(url) => Db::open_to_write(&Target { url: url.clone(), ..target.clone() }, make).await,
    }
}

/// Opens the ledger for writing, with its tables made where they are missing.
async fn open_ledger(
    sending: &SmtpSettings,
    target: &Target,
    mapping: Mapping,
    sent_word: Option<String>,
) -> Result<Ledger> {
    let mut store = open_store(sending, target, true).await?;
    if sending.ledger.is_none() {
        store.check_own_session().await?;
    }
    if !Ledger::is_current(&mut store).await? {
        Ledger::make(&mut store, now()).await?;
    }
    let log = match sending.ledger {
        Some(_) => Some(Db::open_to_write(target, false).await?),
        None => None,
    };
    let claim_status = sending.log.claim_status.clone();
    if claim_status.is_some() && !mapping.can_write_word() {
        bail!(
            "[resend] claim_status: the log's status is no column of its own that could be written; take the key out"
        );
    }
    if let Some(word) =
        claim_status.as_deref().filter(|word| mapping.words.meaning(Some(word)) != Meaning::Other)
    {
        bail!(
            "[resend] claim_status: '{}' means {} in [email_log]; choose a word that means nothing else, and that the application's job \
             does not send",
            word.escape_debug(),
            mapping.words.meaning(Some(word))
        );
    }
    if claim_status.is_some() && mapping.word_of_null().is_some() {
        bail!(
            "[resend] claim_status: a status '' is NULL on this database, and a row would not get it back after a run that died; \
             take the key out"
        );
    }
    let mut ledger = Ledger::new(store, log, mapping, claim_status, sent_word);
    ledger.belong(sending.log.what == WritesLog::Status, now()).await?;
    Ok(ledger)
}

fn now() -> i64 {
    Utc::now().timestamp_millis()
}

/// Who is at work, for the ledger: user, host and process.
fn who() -> String {
    let user =
        std::env::var("USER").or_else(|_| std::env::var("LOGNAME")).unwrap_or_else(|_| "somebody".to_owned());
    let host = rustix::system::uname().nodename().to_string_lossy().into_owned();
    format!("{user}@{host} process {}", std::process::id())
}
