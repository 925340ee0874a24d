//! `resend --doubt`: the rows that may have been delivered, and what a person decides about them.

use anyhow::{Result, anyhow, bail};

use super::{now, open_ledger, open_store, who};
use crate::cli::Global;
use crate::cmd::{look, print_pieces};
use crate::config::Config;
use crate::config::smtp::Sending;
use crate::db::{Db, Target};
use crate::exit::Exit;
use crate::output;
use crate::output::resend::{Answer, Row, Rows, SCHEMA};
use crate::resend::ledger::{Decision, Doubted, Ledger};

/// Lists the rows in doubt, or settles some.
///
/// # Errors
/// An unknown decision, a row that is not in doubt, one whose run is alive; nothing was changed then.
pub async fn run(
    flags: &Global,
    config: Config,
    sending: &Sending,
    target: &Target,
    words: &[String],
) -> Result<Exit> {
    let decision = decision(words)?;
    let mut store = open_store(sending, target, false).await?;
    if !Ledger::is_made(&mut store).await? {
        store.close().await;
        return tell(flags, &[]);
    }
    store.close().await;
    let mut db = Db::open(target).await?;
    let mapping = db.mapping(&config.wanted).await?;
    db.close().await;
    let mut ledger = open_ledger(sending, target, mapping).await?;
    let alive = ledger.bury_the_dead(now()).await?;
    let doubts = ledger.doubts().await?;
    if let Some((decision, ids)) = decision {
        settle(&mut ledger, &doubts, decision, ids, &alive).await?;
        ledger.catch_up().await?;
    }
    let left = ledger.doubts().await?;
    ledger.close().await;
    tell(flags, &left)
}

/// The decision and the rows it is about; none where the rows are only to be listed.
fn decision(words: &[String]) -> Result<Option<(Decision, &[String])>> {
    let Some((word, ids)) = words.split_first() else {
        return Ok(None);
    };
    let decision = match word.as_str() {
        "delivered" => Decision::Delivered,
        "again" => Decision::Again,
        "drop" => Decision::Drop,
        other => bail!("--doubt: '{}' is none of delivered, again, drop", other.escape_debug()),
    };
    if ids.is_empty() {
        bail!("--doubt {word}: name the rows, such as --doubt {word} 17 23");
    }
    Ok(Some((decision, ids)))
}

async fn settle(
    ledger: &mut Ledger,
    doubts: &[Doubted],
    decision: Decision,
    ids: &[String],
    alive: &[String],
) -> Result<()> {
    let find = |id: &String| {
        doubts.iter().find(|doubted| doubted.key.id == *id).ok_or_else(|| {
            let running = if alive.is_empty() {
                String::new()
            } else {
                format!("; a run is alive and may have it: {}", alive.join(", "))
            };
            anyhow!(
                "--doubt: row {} is not in doubt{running}; list them with resend --doubt",
                id.escape_debug()
            )
        })
    };
    // all of them, or none
    let found: Vec<&Doubted> = ids.iter().map(find).collect::<Result<_>>()?;
    for doubted in found {
        ledger.decide(doubted, decision, &who(), now()).await?;
    }
    Ok(())
}

fn tell(flags: &Global, doubts: &[Doubted]) -> Result<Exit> {
    let row = |doubted: &Doubted| Row {
        id: doubted.key.id.clone(),
        outcome: "doubt",
        attempts: doubted.known.attempts,
        next_at: None,
        reply: None,
        enhanced: None,
        class: None,
        message_id: doubted.known.message_id.clone(),
        reason: Some(match &doubted.known.reply {
            Some(reply) => format!("{}: {reply}", crate::zone::rfc3339(doubted.known.changed_at)),
            None => format!(
                "{}: the run died after it had begun to hand it over",
                crate::zone::rfc3339(doubted.known.changed_at)
            ),
        }),
        group: "",
        about: String::new(),
    };
    let rows = Rows::made_by(|| doubts.iter().map(row));
    let answer = Answer { schema: SCHEMA, doubt: doubts.len() as u64, rows, ..Answer::default() };
    print_pieces(output::resend::doubts(&answer, flags.format, look(flags))?)?;
    Ok(if doubts.is_empty() { Exit::Fine } else { Exit::Critical })
}
