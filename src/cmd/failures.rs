//! `mailthrottle failures`: the last failed mails, newest first, with what each error means.

use anyhow::Result;

use super::print_settled;
use crate::analysis::failures::Filter;
use crate::analysis::newest::Newest;
use crate::cli::{FailuresArgs as Args, Global};
use crate::config::Config;
use crate::db::Which;
use crate::exit::Exit;
use crate::log::{Log, wanted};
use crate::model::Mail;
use crate::output::failures::{FailureRow, FailureRows, ResendAttempt};
use crate::resend::ledger::PastAttempt;

/// Runs the command.
///
/// # Errors
/// Config, window, database.
pub async fn run(flags: &Global, args: &Args) -> Result<Exit> {
    let (mut log, rules) = Log::open(flags, Config::load(flags)?, &args.rows, None).await?;
    log.check_status(args.rows.status.as_deref()).await?;
    let rules = rules.ready()?;
    let words = match &args.rows.status {
        Some(status) => vec![status.clone()],
        None => log.failed_words(&args.rows),
    };
    let filter = Filter { code: args.rows.code, class: args.rows.class };
    let mut newest = Newest::at_most(args.limit as usize);
    let mut add = |mail: Mail| {
        let reading = rules.read(mail.error.as_deref().unwrap_or_default());
        if wanted(args.rows.sender.as_deref(), mail.sender.as_deref())
            && filter.takes(reading.reply, reading.enhanced, reading.class)
        {
            newest.add(mail);
        }
    };
    log.db.mails(&log.mapping, &Which { window: log.window, words: &words, among: None }, &mut add).await?;
    let mut rows = Vec::new();
    for mail in newest.into_rows() {
        let attempts = log.attempts(&mail.id, mail.at).await?.into_iter().map(attempt).collect();
        rows.push(FailureRow::new(mail, &rules, attempts));
    }
    print_settled(&log.db, flags, &FailureRows { rows: &rows, window: log.window })?;
    Ok(Exit::Fine)
}

fn attempt(past: PastAttempt) -> ResendAttempt {
    ResendAttempt {
        run_id: past.run,
        ended_at: past.ended_at,
        outcome: past.outcome,
        reply: past.reply,
        class: past.class,
        message_id: past.message_id,
    }
}
