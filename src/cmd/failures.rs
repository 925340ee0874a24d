//! `mailthrottle failures`: the last failed mails, newest first, with what each error means.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use anyhow::Result;

use super::{Log, look, wanted};
use crate::analysis::failures::Filter;
use crate::cli::{Failures as Args, Global};
use crate::config::Config;
use crate::db::Failed;
use crate::exit::Exit;
use crate::model::{FailedMail, Millis};
use crate::output;
use crate::output::failures::Row;

/// Runs the command.
///
/// # Errors
/// Config, window, database.
pub async fn run(flags: &Global, args: &Args) -> Result<Exit> {
    let (mut log, rules) = Log::open(flags, Config::load(flags)?, &args.rows, None).await?;
    let rules = rules.ready()?;
    let words = match &args.rows.status {
        Some(status) => vec![status.clone()],
        None => log.failed_words(&args.rows),
    };
    let filter = Filter { code: args.rows.code, class: args.rows.class };
    let mut newest = Newest { limit: args.limit as usize, kept: BinaryHeap::new() };
    let mut add = |mail: FailedMail| {
        let reading = rules.read(mail.error.as_deref().unwrap_or_default());
        if wanted(args.rows.sender.as_deref(), mail.sender.as_deref())
            && filter.takes(reading.reply, reading.enhanced, reading.class)
        {
            newest.add(mail);
        }
    };
    log.db
        .failed(&log.mapping, &Failed { window: log.window, words: &words, to_send: false }, &mut add)
        .await?;
    let rows: Vec<Row> = newest.into_rows().into_iter().map(|mail| Row::new(mail, &rules)).collect();
    log.print(flags, &output::failures::render(&rows, log.window, flags.format, look(flags))?)?;
    Ok(Exit::Fine)
}

/// The newest mails, the oldest of them on top, to be thrown out first. A mail without a readable time counts as the
/// newest: it must not drop out of sight.
struct Newest {
    limit: usize,
    kept: BinaryHeap<Reverse<ByTime>>,
}

struct ByTime(FailedMail);

impl ByTime {
    fn key(&self) -> (Millis, Option<i64>, &str) {
        (self.0.at.unwrap_or(Millis::MAX), self.0.id.parse().ok(), &self.0.id)
    }
}

impl Ord for ByTime {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.key().cmp(&other.key())
    }
}

impl PartialOrd for ByTime {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for ByTime {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for ByTime {}

impl Newest {
    fn add(&mut self, mail: FailedMail) {
        self.kept.push(Reverse(ByTime(mail)));
        if self.kept.len() > self.limit {
            self.kept.pop();
        }
    }

    fn into_rows(self) -> Vec<FailedMail> {
        self.kept.into_sorted_vec().into_iter().map(|Reverse(ByTime(mail))| mail).collect()
    }
}
