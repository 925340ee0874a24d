//! `mailthrottle alert`: whether a person is needed, by exit code.
//!
//! It finds out within a time limit, then writes, and sends notifications of changes. What was found decides the
//! exit code; a notification that fails raises it to 1 at least, and changes nothing else.

mod look;
mod notify;
mod state;

use std::path::Path;

use anyhow::{Context, Result, anyhow, bail};
use chrono::Utc;

use super::{atomic_file, look as look_of, print, print_error, print_view};
use crate::analysis::alert::memory::{self, AlertEvent, Found, Notices};
use crate::analysis::alert::{AlertOutcome, AlertState};
use crate::cli::{Alert as Args, Global};
use crate::config::Config;
use crate::config::alert::AlertPlan;
use crate::exit::Exit;
use crate::model::Millis;
use crate::output::alert::{Extent, Told, explained, for_monitor};
use crate::output::{AnyFormat, Format, Monitor, escape, nagios, prometheus};
use crate::{window, zone};
use look::{Observations, Question};
use state::Keeper;

const NAGIOS: AnyFormat = AnyFormat::For(Monitor::Nagios);
const PROMETHEUS: AnyFormat = AnyFormat::For(Monitor::Prometheus);

/// Runs the command.
///
/// # Errors
/// Flags, config, another run, database; a monitor gets them on stdout instead.
pub async fn run(flags: &Global, args: &Args) -> Result<Exit> {
    match checked(flags, args).await {
        Err(error) if flags.format == NAGIOS => {
            print(&nagios::unknown(&format!("{error:#}")))?;
            Ok(Exit::Unknown)
        }
        ended => ended,
    }
}

/// Reports unreadable flags to a monitor on stdout, if one asked: the flags cannot say so themselves.
pub fn answers_monitor(error: &anyhow::Error) -> bool {
    let words: Vec<_> = std::env::args_os().collect();
    let asks = |pair: &[std::ffi::OsString]| pair[0] == "--format" && pair[1] == "nagios";
    let is_asked = words.windows(2).any(asks) || words.iter().any(|word| word == "--format=nagios");
    is_asked
        && words.iter().any(|word| word == "alert")
        && print(&nagios::unknown(&format!("{error:#}"))).is_ok()
}

async fn checked(flags: &Global, args: &Args) -> Result<Exit> {
    if args.cron && flags.format == NAGIOS {
        bail!(
            "--cron: it prints nothing while all is well, and a monitor wants its line; drop one of --cron and --format nagios"
        );
    }
    let mut config = Config::load(flags)?;
    let plan = std::mem::take(&mut config.alert).plan(args)?;
    let (now, zone) = (Utc::now().timestamp_millis(), config.wanted.zone.unwrap_or_default());
    let at = args.at.as_deref().map(|text| window::end("--at", text, now, zone)).transpose();
    let at = at.map_err(|error| anyhow!(error))?;
    if args.explain {
        print(&explained(&plan.checks, look_of(flags)))?;
        return Ok(Exit::Fine);
    }
    if let Some(file) = &args.textfile {
        atomic_file::try_out(file).context("--textfile")?;
    }
    let is_told = (args.cron || plan.has_listener()) && !flags.print_sql;
    let identity = identity(flags, &config, &plan);
    let keeper = is_told.then(|| Keeper::open(plan.state.as_deref(), &identity)).transpose()?;
    let question = Question { flags: flags.clone(), checks: plan.checks.clone(), at };
    let seen = look::within(*args.timeout, question, config).await;
    match seen {
        Ok(Observations { statements: Some(statements), .. }) => {
            print(&statements)?;
            Ok(Exit::Fine)
        }
        seen => Run { flags, args, plan, keeper, zone }.tell(seen).await,
    }
}

/// What distinguishes two sets of checks.
fn identity(flags: &Global, config: &Config, plan: &AlertPlan) -> String {
    let place = config.database.as_ref().map_or("", |database| database.place());
    format!("{place} {} {:?} {:?}", config.wanted.table, flags.config, plan.checks)
}

/// A run that has found out, or has not.
struct Run<'a> {
    flags: &'a Global,
    args: &'a Args,
    plan: AlertPlan,
    keeper: Option<Keeper>,
    zone: chrono_tz::Tz,
}

impl Run<'_> {
    async fn tell(mut self, seen: Result<Observations>) -> Result<Exit> {
        let now = Utc::now().timestamp_millis();
        let (mut outcome, error) = self.outcome(seen, now);
        let written = self.write_textfile(&outcome, error.is_some());
        let turn = self.turn(&outcome, now);
        outcome.event = turn.as_ref().and_then(|turn| turn.print);
        let before = self.keeper.as_ref().and_then(|keeper| keeper.before);
        outcome.given_up = before.map_or(0, |before| outcome.too_old().saturating_sub(before.too_old));
        if !self.args.cron || outcome.event.is_some() {
            self.print(&outcome, error.as_ref())?;
        }
        let mut exit = exit(outcome.state);
        if let Some(turn) = turn {
            outcome.event = turn.deliver;
            let is_told = self.deliver(&outcome, turn).await;
            exit = if is_told || exit != Exit::Fine { exit } else { Exit::Warning };
            // without a state on disk, notifications come too often, or not at all
            let is_broken = self.keeper.is_some_and(|keeper| keeper.is_broken);
            exit = if is_broken && exit == Exit::Fine { Exit::Unknown } else { exit };
        }
        // notifications go out even if writing failed
        written.map(|()| exit)
    }

    /// What was found, or that nothing could be, with the reason.
    fn outcome(&self, seen: Result<Observations>, now: Millis) -> (AlertOutcome, Option<anyhow::Error>) {
        match seen {
            Ok(mut seen) => {
                seen.outcome.resend = resend(self.flags, &seen.outcome);
                if let Some((took, index)) = &seen.slow {
                    tracing::info!(
                        "reading took {} ms, for no index serves the window; with {index} it is a matter of milliseconds",
                        took.as_millis()
                    );
                }
                (seen.outcome, None)
            }
            Err(error) => {
                let why = escape::line(&format!("{error:#}"));
                (AlertOutcome::unknown(now, why, self.zone), Some(error))
            }
        }
    }

    fn write_textfile(&self, outcome: &AlertOutcome, is_unknown: bool) -> Result<()> {
        let Some(file) = &self.args.textfile else {
            return Ok(());
        };
        let metrics = match is_unknown {
            true => prometheus::failed(outcome.generated_at),
            false => prometheus::metrics(outcome),
        };
        atomic_file::write(file, &metrics).context("--textfile")
    }

    fn turn(&self, outcome: &AlertOutcome, now: Millis) -> Option<Notices> {
        let repeat = Millis::try_from(self.plan.repeat.as_millis()).unwrap_or(Millis::MAX);
        let (is_all_well, too_old) = (outcome.is_all_well(), outcome.too_old());
        let found = Found { state: outcome.state, is_all_well, too_old };
        self.keeper.as_ref().map(|keeper| memory::turn(keeper.before, found, now, repeat))
    }

    fn print(&self, outcome: &AlertOutcome, error: Option<&anyhow::Error>) -> Result<()> {
        let is_in_file = self.args.textfile.is_some() && self.flags.format == PROMETHEUS;
        match (error, self.flags.format) {
            (Some(error), NAGIOS) => print(&nagios::unknown(&format!("{error:#}"))),
            (Some(error), format) => {
                print_error(error);
                let metrics = prometheus::failed(outcome.generated_at);
                if format == PROMETHEUS && !is_in_file { print(&metrics) } else { Ok(()) }
            }
            (None, _) if is_in_file => Ok(()),
            (None, AnyFormat::For(monitor)) => print(&for_monitor(outcome, monitor)),
            (None, AnyFormat::Of(format)) => {
                let is_news = self.args.cron && outcome.event != Some(AlertEvent::Recovered);
                let is_ticket = format == Format::Markdown;
                let extent =
                    if is_news || is_ticket || self.flags.verbose > 0 { Extent::Full } else { Extent::Line };
                print_view(self.flags, &Told { outcome, zone: self.zone, extent })
            }
        }
    }

    /// Sends the notifications and remembers them; whether all were sent.
    async fn deliver(&mut self, outcome: &AlertOutcome, mut turn: Notices) -> bool {
        let mut errors = Vec::new();
        if outcome.event.is_some() {
            errors = notify::all(&self.plan, outcome, *self.args.notify_timeout).await;
        }
        errors.iter().for_each(print_error);
        turn.memory.undelivered = outcome.event.filter(|_| !errors.is_empty());
        if let Some(keeper) = &mut self.keeper {
            keeper.keep(&turn.memory);
        }
        errors.is_empty()
    }
}

fn exit(state: AlertState) -> Exit {
    match state {
        AlertState::Ok => Exit::Fine,
        AlertState::Warning => Exit::Warning,
        AlertState::Critical => Exit::Critical,
        AlertState::Unknown => Exit::Unknown,
    }
}

/// The command that sends again what was refused temporarily, to the same log.
fn resend(flags: &Global, outcome: &AlertOutcome) -> Option<String> {
    let window = match outcome.has_retry() {
        true => format!(
            " --since {} --until {}",
            zone::rfc3339(outcome.window.since?),
            zone::rfc3339(outcome.window.until?)
        ),
        // what waits failed before the window
        false if outcome.backlog.is_some_and(|backlog| backlog.rows > 0) => String::new(),
        false => return None,
    };
    let config = flags.config.as_deref().map(Path::to_string_lossy);
    // a password that was given once need not be seen again
    let database = flags.db.as_deref().filter(|url| !url.contains('@') && !url.contains("password="));
    let given = [
        ("--config", config.as_deref()),
        ("--db", database),
        ("--table", flags.table.as_deref()),
        ("--preset", flags.preset.as_deref()),
    ];
    let given = given.into_iter().filter_map(|(flag, value)| Some(format!(" {flag} {}", quoted(value?))));
    Some(format!("mailthrottle{} resend{window}", given.collect::<String>()))
}

/// A word as a shell takes it.
fn quoted(word: &str) -> String {
    let is_plain = word.chars().all(|c| c.is_ascii_alphanumeric() || "-_./:=@%,+".contains(c));
    if is_plain && !word.is_empty() { word.to_owned() } else { format!("'{}'", word.replace('\'', r"'\''")) }
}
