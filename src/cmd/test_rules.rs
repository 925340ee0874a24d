//! `mailthrottle explain --test-rules`: every rule on its own examples, and on the failed mails of the log.

use std::path::Path;

use anyhow::Result;

use super::{print_settled, print_view};
use crate::cli::{Global, RowFilter};
use crate::config::{Config, UserRules};
use crate::db::Which;
use crate::exit::Exit;
use crate::log::Log;
use crate::model::Mail;
use crate::output::test_rules::{OnLog, Tested};
use crate::reply::bench::{self, Tally};

/// Runs the command.
///
/// # Errors
/// A rule that cannot be used, config, database.
pub async fn run(flags: &Global, config: Config, file: Option<&Path>) -> Result<Exit> {
    let mut rules = file.map_or(Ok(config.rules), UserRules::read)?;
    rules.for_bench = true;
    let config = Config { rules, ..config };
    if config.database.is_some() {
        return on_log(flags, config).await;
    }
    let tested = Tested::new(&bench::run(&config.rules.compile()?), None);
    print_view(flags, &tested)?;
    Ok(exit(&tested))
}

/// The same with the log's failed mails, of whatever time.
async fn on_log(flags: &Global, config: Config) -> Result<Exit> {
    let everything = RowFilter::default();
    let (mut log, rules) = Log::open(flags, config, &everything, None).await?;
    let rules = rules.ready()?;
    let mut tally = Tally::new(&rules);
    let words = log.failed_words(&everything);
    let failed = Which { window: log.window, words: &words, among: None };
    let mut add = |mail: Mail| tally.add(mail.error.as_deref().unwrap_or_default(), 1);
    log.db.mails(&log.mapping, &failed, &mut add).await?;
    let tested = Tested::new(&bench::run(&rules), Some(OnLog::new(&tally)));
    print_settled(&log.db, flags, &tested)?;
    Ok(exit(&tested))
}

fn exit(tested: &Tested) -> Exit {
    if tested.problems.is_empty() { Exit::Fine } else { Exit::Warning }
}
