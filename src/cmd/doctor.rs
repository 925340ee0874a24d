//! `mailthrottle doctor`: whether connection, rights, mapping, clock, index and log are as they should be.

use std::time::Duration;

use anyhow::{Result, anyhow};
use chrono::Utc;

use super::print_settled;
use crate::analysis::doctor::tally::{Attempts, FailedTally, Odd, contradicts};
use crate::analysis::doctor::{Finding, Severity, log, setup};
use crate::cli::{DoctorArgs as Args, Global};
use crate::config::{Config, smtp};
use crate::db::{self, Db, Order};
use crate::exit::Exit;
use crate::log::{Confined, Failed, Rules, Terms, backlog, begin_of_backlog, is_imported, open, past};
use crate::mapping::resolve::{MappingError, TableDescription};
use crate::mapping::{Column, Mapping, Wanted};
use crate::model::{HOUR, Meaning, Millis};
use crate::output::doctor::{Visit, worst};
use crate::reply::Classifier;
use crate::resend::transport::Mailer;
use crate::window::{self, Window};

/// How far back rows are looked at when nobody says otherwise.
const USUAL_WINDOW: Millis = 7 * 24 * HOUR;

/// How long the mail server may take to let this program in.
const LONGEST_KNOCK: Duration = Duration::from_secs(60);

/// Runs the command.
///
/// # Errors
/// Config, window, connection, a statement that the database refuses.
pub async fn run(flags: &Global, args: &Args) -> Result<Exit> {
    if args.oracle_selfcheck {
        return super::selfcheck::run(flags, args).await;
    }
    let mut config = Config::load(flags)?;
    let server =
        args.smtp.as_ref().map(|url| server(std::mem::take(&mut config.sending), url.clone())).transpose()?;
    let rules = Rules::compiling(config.rules);
    let clock = Utc::now().timestamp_millis();
    let window = |zone| {
        let at = args.at.as_deref();
        let now = at.map_or(Ok(clock), |at| window::end("--at", at, clock, zone));
        let window = now.and_then(|now| {
            Ok((now, Window::read(args.since.as_deref(), at, Some(USUAL_WINDOW), now, zone)?))
        });
        window.map_err(|error| anyhow!(error))
    };
    // a mistake is reported before anything is opened
    window(config.wanted.zone.unwrap_or_default())?;
    let (db, zone) = open(config.database, &mut config.wanted).await?;
    let (now, window) = window(zone)?;
    let (max_age, claim_status) = (config.sending.max_age()?, config.sending.claim_status());
    let terms = Terms { now, clock, max_age, claim_status };
    let mut doctor = Doctor { db, ledger: config.ledger, now, terms, window, checks: Vec::new() };
    doctor.examine(&config.wanted, rules, flags.print_sql).await?;
    if let Some(server) = server {
        doctor.checks.push(knock(&server).await);
    }
    let visit = Visit { now, window: doctor.window, database: doctor.db.name(), checks: &doctor.checks };
    print_settled(&doctor.db, flags, &visit)?;
    Ok(match worst(&doctor.checks) {
        _ if flags.print_sql => Exit::Fine,
        Severity::Ok => Exit::Fine,
        Severity::Warning => Exit::Warning,
        Severity::Problem => Exit::Critical,
    })
}

/// The server that mail would go through, as resend would reach it.
fn server(raw: smtp::Raw, url: Option<String>) -> Result<smtp::SmtpSettings> {
    let sending = raw.check(&crate::cli::Resend { smtp: url, ..Default::default() })?;
    sending.url()?;
    Ok(sending)
}

/// Connects and logs in, and sends nothing.
async fn knock(server: &smtp::SmtpSettings) -> Finding {
    let url = server.url().unwrap_or_default();
    let opened = async {
        let opener = server.opener()?;
        opener.prepare().await?;
        match tokio::time::timeout(LONGEST_KNOCK, opener.open()).await {
            Ok(Ok(connection)) => {
                connection.close().await;
                Ok(())
            }
            Ok(Err(failure)) => Err(super::resend::closed(&failure)),
            Err(_) => Err(anyhow!("no answer within {}", humantime::format_duration(LONGEST_KNOCK))),
        }
    };
    setup::smtp(url, opened.await.map_err(|error| format!("{error:#}")))
}

struct Doctor {
    db: Db,
    /// Where the ledger is, if not beside the log.
    ledger: Option<String>,
    now: Millis,
    terms: Terms,
    window: Window,
    checks: Vec<Finding>,
}

impl Doctor {
    /// Makes the checks in their order, up to one without which the next ones say nothing.
    async fn examine(&mut self, wanted: &Wanted, rules: Rules, is_dry_run: bool) -> Result<()> {
        let server = self.db.server().await?;
        self.checks.push(setup::connection(&server));
        let Some(mapping) = self.mapping(wanted).await? else {
            return Ok(());
        };
        if is_dry_run {
            self.db.dry_run();
        }
        let rules = rules.ready()?;
        let attempts = self.attempts(&mapping).await?;
        let extent = if attempts.rows == 0 { self.db.extent(&mapping).await? } else { None };
        let has_text = mapping.has(Column::ErrorMessage);
        let failed = self.failed(&mapping).await?;
        let without_text = log::failed_without_text(&failed);
        let duplicates = self.db.duplicates(&mapping, setup::MANY).await?;
        self.checks.push(log::key(&duplicates, &mapping));
        self.checks.push(match self.db.condition_counts(&mapping, setup::MANY).await? {
            Some(counts) => log::conditions(&attempts, &counts),
            None => log::status_words(&attempts, &mapping),
        });
        self.checks.push(log::times(&attempts, &mapping, extent));
        self.checks.extend(has_text.then(|| log::unclassified(failed.read(&rules))));
        self.checks.push(setup::clock(&server));
        let rows = self.db.count(&mapping, setup::MANY).await?;
        let indexing = self.db.indexing(&mapping, self.now).await?;
        self.checks.push(setup::index(&indexing, rows, attempts.last_day));
        let waiting = self.waiting(&mapping).await?;
        self.checks.push(log::pending(waiting, &mapping));
        if is_imported(&mut self.db).await? {
            self.checks.push(log::backlog(None, &mapping));
        } else {
            let mut past = past(&mut self.db, &mapping, self.ledger.as_deref()).await?;
            let since = begin_of_backlog((&mut self.db, &mapping), &self.terms).await?;
            let (place, failed) = ((&mut self.db, &mapping), Failed::Since(since));
            let counted =
                backlog(place, &self.terms, &rules, &mut past, &Confined::default(), failed).await?;
            self.checks.push(log::backlog(Some(counted.backlog), &mapping));
        }
        if has_text {
            let odd = self.sent_with_error(&mapping, &rules).await?;
            self.checks.extend([log::sent_with_error(odd), without_text]);
        }
        Ok(())
    }

    /// The mapping, if its tables are there, may be read and have its columns.
    async fn mapping(&mut self, wanted: &Wanted) -> Result<Option<Mapping>> {
        let tables = fits(self.db.tables(wanted).await)?;
        self.checks.push(setup::table(tables.as_deref().map_err(String::as_str)));
        let Ok(tables) = tables else {
            return Ok(None);
        };
        let rights = self.db.rights(&tables).await?;
        self.checks.push(setup::rights(&rights));
        if !rights.grants.is_empty() {
            return Ok(None);
        }
        let mapping = fits(self.db.mapping(wanted).await)?;
        let log: &TableDescription = &tables[0];
        self.checks.push(setup::columns(mapping.as_ref().map_err(String::as_str), log));
        Ok(mapping.ok())
    }

    async fn attempts(&mut self, mapping: &Mapping) -> Result<Attempts> {
        let mut attempts = Attempts::until(self.now);
        let mut add = |attempt: crate::model::Attempt<'_>| {
            attempts.add(&attempt, mapping.words.meaning(attempt.status));
            true
        };
        self.db.attempts(mapping, self.window, Order::AsStored, &mut add).await?;
        Ok(attempts)
    }

    async fn failed(&mut self, mapping: &Mapping) -> Result<FailedTally> {
        let mut failed = FailedTally::default();
        let words = words(mapping, Meaning::Failed);
        let wanted = db::Which { window: self.window, words: &words, among: None };
        self.db.mails(mapping, &wanted, &mut |mail| failed.add(mail)).await?;
        Ok(failed)
    }

    /// The mails that have been pending for more than an hour, however old.
    async fn waiting(&mut self, mapping: &Mapping) -> Result<Odd> {
        let mut waiting = Odd::default();
        let words = words(mapping, Meaning::Pending);
        // where the error text alone decides, nothing is ever pending
        if !words.is_empty() && mapping.has(Column::Status) {
            let window = Window { since: None, until: Some(self.now - HOUR), zone: mapping.zone };
            let wanted = db::Which { window, words: &words, among: None };
            self.db.mails(mapping, &wanted, &mut |mail| waiting.add(mail)).await?;
        }
        Ok(waiting)
    }

    async fn sent_with_error(&mut self, mapping: &Mapping, rules: &Classifier) -> Result<Odd> {
        let mut odd = Odd::default();
        let words = words(mapping, Meaning::Sent);
        // where one column says both, a word for sent is no error
        let says_both = mapping.names(Column::Status) == mapping.names(Column::ErrorMessage);
        if !words.is_empty() && !mapping.failed_when_not_empty && !says_both {
            // what was sent again keeps its error text, and that is no contradiction
            let past = past(&mut self.db, mapping, self.ledger.as_deref()).await?;
            let wanted = db::Which { window: self.window, words: &words, among: None };
            let mut add = |mail| {
                if contradicts(&mail, rules) && !past.is_sent(&mail.id, mail.at) {
                    odd.add(mail);
                }
            };
            self.db.with_error(mapping, &wanted, &mut add).await?;
        }
        Ok(odd)
    }
}

fn words(mapping: &Mapping, meaning: Meaning) -> Vec<String> {
    mapping.words.of(meaning).map(str::to_owned).collect()
}

/// Separates a config that does not fit the database, which is a finding, from a query that could not run.
fn fits<T>(answer: Result<T>) -> Result<Result<T, String>> {
    match answer {
        Ok(answer) => Ok(Ok(answer)),
        Err(error) => error.downcast::<MappingError>().map(|misfit| Err(misfit.0)),
    }
}
