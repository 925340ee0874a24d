//! `mailthrottle resend`: sends failed mails again, slowly enough and exactly once; lists and settles what is in doubt.

mod doubt;
mod plan;
mod send;

use anyhow::{Result, bail};
use chrono::Utc;

use super::{ledger_is_missing, look, print, print_pieces};
use crate::cli::{Global, Resend as Args};
use crate::config::Config;
use crate::config::smtp::Sending;
use crate::db::store::Store;
use crate::db::{Db, Target};
use crate::exit::Exit;
use crate::mapping::Mapping;
use crate::output;
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
        return doubt::run(flags, config, &sending, &target, words).await;
    }
    if !args.dry_run && !flags.print_sql {
        tidy_up(&config, &sending, &target).await?;
    }
    let planned = plan::make(flags, args, config, &sending).await?;
    if flags.print_sql {
        return Ok(Exit::Fine);
    }
    if args.dry_run || planned.chosen.is_empty() {
        print_pieces(output::resend::render(&planned.answer(), flags.format, look(flags))?)?;
        return Ok(Exit::Fine);
    }
    sending.url()?;
    if !args.yes {
        plan::agree(flags, &planned).await?;
    }
    send::run(flags, planned, &sending, &target).await
}

/// Settles what dead runs left, and tells the log what it has not learnt, before anything is planned.
async fn tidy_up(config: &Config, sending: &Sending, target: &Target) -> Result<()> {
    if sending.ledger.as_deref().is_some_and(ledger_is_missing) {
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
    let mut ledger = open_ledger(sending, target, mapping).await?;
    ledger.bury_the_dead(now()).await?;
    ledger.catch_up().await?;
    ledger.close().await;
    Ok(())
}

async fn history(flags: &Global, sending: &Sending, target: &Target) -> Result<Exit> {
    let mut store = open_store(sending, target, false).await?;
    let runs =
        if Ledger::is_made(&mut store).await? { Ledger::history(&mut store).await? } else { Vec::new() };
    store.close().await;
    let runs: Vec<_> = runs.into_iter().map(past_run).collect();
    print(&output::resend::history(&runs, flags.format, look(flags))?)?;
    Ok(Exit::Fine)
}

fn past_run(run: PastRun) -> output::resend::PastRun {
    let [sent, deferred, refused, doubt] = run.ended;
    output::resend::PastRun {
        run_id: run.id,
        identity: run.identity,
        started_by: run.started_by,
        started_at: Some(run.started_at),
        ended_at: run.ended_at,
        reason: run.reason,
        sent,
        deferred,
        refused,
        doubt,
    }
}

/// Opens the database that the ledger is in.
async fn open_store(sending: &Sending, target: &Target, make: bool) -> Result<Store> {
    match &sending.ledger {
        None => Store::open(target, false).await,
        Some(url) => Store::open(&Target { url: url.clone(), ..target.clone() }, make).await,
    }
}

/// Opens the ledger for writing, with its tables made where they are missing.
async fn open_ledger(sending: &Sending, target: &Target, mapping: Mapping) -> Result<Ledger> {
    let mut store = open_store(sending, target, true).await?;
    if sending.ledger.is_none() {
        store.check_own_session(target).await?;
    }
    if !Ledger::is_made(&mut store).await? {
        Ledger::make(&mut store, now()).await?;
    }
    let log = match sending.ledger {
        Some(_) => Some(Store::open(target, false).await?),
        None => None,
    };
    if sending.claim_status.is_some() && !mapping.can_write_status() {
        bail!(
            "[resend] claim_status: the log's status is no column of its own that could be written; take the key out"
        );
    }
    Ok(Ledger::new(store, log, mapping, sending.claim_status.clone()))
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
