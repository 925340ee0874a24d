//! `mailthrottle init`: looks for the mail log in a database, proposes a mapping with reasons, and writes a config.

use std::io::ErrorKind;
use std::path::Path;

use anyhow::{Context, Result, anyhow};
use chrono::Utc;

use super::{ask, atomic_file, candidates, format, print, print_settled, print_view};
use crate::cli::{Global, Init as Args};
use crate::config::start::{Start, storable};
use crate::config::{Config, Database};
use crate::db::Db;
use crate::exit::Exit;
use crate::output::Format;
use crate::output::config_file::{self, ConfigFile, DatabaseKeys};
use crate::output::init::Proposed;
use crate::resend::ledger::Ledger;

/// Runs the command.
///
/// # Errors
/// A config that is there, no connection, no table that looks like a mail log, or several alike.
pub async fn run(flags: &Global, args: &Args) -> Result<Exit> {
    if args.ledger {
        return make_ledger(flags).await;
    }
    let Start { database, url, kept, file } = Start::find(flags)?;
    let writes = !args.print && !flags.print_sql;
    if writes {
        check_free(&file, args.force)?;
    }
    let mut db = Db::open(&Database::target(database)?).await?;
    let zone = db.server().await?.zone;
    if flags.print_sql {
        db.dry_run();
    }
    let chosen = candidates::find(&mut db, flags).await?;
    let (name, keys) = (db.name(), DatabaseKeys { url: storable(&url), kept, zone });
    let path = file.display().to_string();
    let proposed = Proposed {
        file: ConfigFile {
            now: Utc::now().timestamp_millis(),
            database: name,
            keys: &keys,
            proposal: &chosen.proposal,
            rows: chosen.rows,
            has_naive_times: chosen.has_naive_times,
            time_zone: chosen.time_zone,
        },
        candidates: &chosen.candidates,
        path: writes.then_some(path.as_str()),
    };
    deliver(&db, flags, args, &proposed, &file).await?;
    Ok(Exit::Fine)
}

/// Makes the ledger's tables, for those who resend and may not make tables.
async fn make_ledger(flags: &Global) -> Result<Exit> {
    let config = Config::load(flags)?;
    let mut target = Database::target(config.database)?;
    // a file of its own may be made, the log's database has to be there
    let is_separate = config.ledger.is_some();
    target.url = config.ledger.unwrap_or(target.url);
    let mut store = Db::open_to_write(&target, is_separate).await?;
    let was_made = Ledger::is_current(&mut store).await?;
    Ledger::make(&mut store, Utc::now().timestamp_millis()).await?;
    store.close().await;
    let said =
        if was_made { "The ledger is there already." } else { "Made the ledger: the tables mailthrottle_*." };
    print(&format!("{said}\n"))?;
    Ok(Exit::Fine)
}

/// Prints the proposal, and writes the file unless it is only to be printed or a person says no.
async fn deliver(db: &Db, flags: &Global, args: &Args, proposed: &Proposed<'_>, file: &Path) -> Result<()> {
    let is_text = format(flags) == Format::Table;
    let text = config_file::text(&proposed.file);
    if proposed.path.is_none() && (flags.print_sql || !is_text) {
        return print_settled(db, flags, proposed);
    }
    db.settle()?;
    if proposed.path.is_none() {
        return print(&text);
    }
    let asks = is_text && ask::can_ask();
    if asks {
        print_view(flags, proposed)?;
        if !ask::agrees(&format!("\nWrite {}?", file.display())).await? {
            return ask::say("Nothing was written.");
        }
    }
    write(file, &text, args.force)?;
    if !asks {
        print_view(flags, proposed)?;
    }
    if is_text {
        print(&format!("\nWrote {}. Look it over, then run: mailthrottle doctor\n", file.display()))?;
    }
    Ok(())
}

fn check_free(file: &Path, is_forced: bool) -> Result<()> {
    if !is_forced && file.symlink_metadata().is_ok() {
        return Err(is_there(file));
    }
    Ok(())
}

/// Writes the file, so that it is there whole or not at all.
fn write(file: &Path, text: &str, is_forced: bool) -> Result<()> {
    let written = match is_forced {
        true => atomic_file::write(file, text),
        false => atomic_file::write_new(file, text).map_err(|error| match error.kind() {
            ErrorKind::AlreadyExists => is_there(file),
            _ => error.into(),
        }),
    };
    written.with_context(|| {
        format!("{} cannot be written; name another file by --config, or see it with --print", file.display())
    })
}

fn is_there(file: &Path) -> anyhow::Error {
    anyhow!("{} is there already; --force writes over it, --print only prints", file.display())
}
