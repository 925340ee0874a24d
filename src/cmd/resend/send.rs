//! The sending itself: ledger, engine, server and what the person sees of it.

use std::convert::Infallible;
use std::io::{self, IsTerminal, Write};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use tokio::sync::watch;

use super::plan::{self, Plan};
use super::{now, open_ledger, who};
use crate::cli::Global;
use crate::cmd::interrupt::interrupted;
use crate::cmd::{look, print_pieces};
use crate::config::smtp::Sending;
use crate::db::store::Lock;
use crate::db::{Db, Target};
use crate::exit::Exit;
use crate::model::Millis;
use crate::output;
use crate::output::resend::{Answer, Row, Rows, SCHEMA, length};
use crate::resend::driver::{Attachments, Driver, Outcome, Ran, RowEnd};
use crate::resend::engine::{Counts, Engine, Progress, Reason};
use crate::resend::ledger::{Clerk, Ledger};
use crate::resend::pace::Earlier;
use crate::resend::points;
use crate::resend::selection::Candidate;
use crate::resend::transport::smtp::Opener;

const DAY: Millis = 86_400_000;

/// How often a waiting run looks whether the other one is done.
const LOOK: Duration = Duration::from_millis(500);

/// How often it is looked whether the application is sending itself, and how long a look may take.
const LOOK_AGAIN: Duration = Duration::from_secs(30);
const LONGEST_LOOK: Duration = Duration::from_secs(2);

/// How often progress is told where there is no terminal.
const INTERVAL: Duration = Duration::from_secs(30);

/// Sends what was planned.
///
/// # Errors
/// The ledger or the server's settings; nothing was sent then.
pub async fn run(flags: &Global, mut plan: Plan, sending: &Sending, target: &Target) -> Result<Exit> {
    let opener = sending.opener()?;
    opener.prepare().await.context("[smtp.oauth2]")?;
    let identity = sending.identity()?;
    plan.forget_looks();
    let mut ledger = open_ledger(sending, target, plan.mapping.clone()).await?;
    ledger.bury_the_dead(now()).await?;
    ledger.catch_up().await?;
    ledger.try_log().await?;
    let turn = turn(&mut ledger, &identity).await?;
    let run = run_name();
    points::pass("before the run begins");
    let lock = ledger.begin_run(&run, &identity, &who(), now()).await?;
    let began = Instant::now();
    points::pass("after the run has begun");
    let (mut ran, mut ledger) = drive(flags, &plan, sending, opener, ledger, target).await?;
    let reason = reason(&ran);
    let broken = ran.broken.take();
    points::pass("before the run ends");
    let ended = ledger.end_run(lock, &reason, now()).await;
    points::pass("after the run has ended");
    let freed = ledger.leave_turn(&identity, turn).await;
    ledger.close().await;
    let answer = answer(&plan, &ran, &run, sending, began.elapsed());
    print_pieces(output::resend::render(&answer, flags.format, look(flags))?)?;
    if !ran.unrecorded.is_empty() {
        tracing::error!(
            "accepted by the server, and nothing could record it: rows {}",
            ran.unrecorded.join(", ")
        );
    }
    if let Some(error) = broken {
        return Err(error);
    }
    ended.and(freed)?;
    Ok(exit(&answer, ran.reason))
}

/// Waits until no other run sends for the same account: its caps hold for all of them together.
async fn turn(ledger: &mut Ledger, identity: &str) -> Result<Lock> {
    let mut is_told = false;
    loop {
        if let Some(lock) = ledger.take_turn(identity).await? {
            return Ok(lock);
        }
        if !is_told {
            tracing::warn!("another run is sending for {identity}; waiting for it to end");
            is_told = true;
        }
        tokio::time::sleep(LOOK).await;
    }
}

async fn drive(
    flags: &Global,
    plan: &Plan,
    sending: &Sending,
    opener: Opener,
    mut ledger: Ledger,
    target: &Target,
) -> Result<(Ran, Ledger)> {
    let started_at = now();
    let run = ledger.run().to_owned();
    let earlier = earlier(&mut ledger, plan, &sending.identity()?, started_at).await?;
    let seed = u64::try_from(started_at).unwrap_or(0) ^ u64::from(std::process::id());
    let mut engine = Engine::new(sending.engine.clone(), earlier, seed, started_at);
    for (row, (mail, attempts)) in plan.chosen.iter().zip(&plan.attempts).enumerate() {
        engine.add(row, mail.recipients, *attempts);
    }
    engine.all_added();
    let account = sending.account()?;
    let attachments = Attachments { under: sending.attachments_under.clone() };
    let (clerk, desk) = Clerk::new(ledger);
    let clerk = tokio::spawn(clerk.work());
    let opener = Arc::new(opener);
    let (shares, sharing) = watch::channel(plan.is_shared);
    let driver = Driver {
        engine,
        mails: &plan.chosen,
        desk,
        opener: || {
            let opener = Arc::clone(&opener);
            async move { opener.open().await }
        },
        classifier: &plan.classifier,
        attachments: &attachments,
        run: &run,
        account: account.as_deref(),
        sharing,
        started_at,
    };
    let mut teller = Teller::new(flags);
    let mut tell = |progress, counts| teller.tell(progress, counts);
    let driving = driver.run(interrupted(), &mut tell);
    let ran = tokio::select! {
        ran = driving => ran,
        never = watch_application(plan, target, shares) => match never {},
    };
    teller.end();
    let ledger = clerk.await.context("the ledger's writer failed")?;
    Ok((ran, ledger))
}

/// Looks again and again whether the application is sending itself.
async fn watch_application(plan: &Plan, target: &Target, shares: watch::Sender<bool>) -> Infallible {
    // a look holds up the ledger's writer in some databases, so that it must be short
    let target = Target { statement_timeout: LONGEST_LOOK, ..target.clone() };
    let senders = plan::senders(&plan.chosen);
    let interval = points::interval(LOOK_AGAIN, "MAILTHROTTLE_LOOK_AGAIN");
    loop {
        tokio::time::sleep(interval).await;
        let look = async {
            let mut db = Db::open(&target).await?;
            let is_sending = plan::is_sending(&mut db, &plan.mapping, &senders, now()).await;
            db.close().await;
            is_sending
        };
        match look.await {
            Ok(is_sending) => drop(shares.send_replace(is_sending)),
            Err(error) => tracing::debug!("whether the application is sending is not known: {error:#}"),
        }
    }
}

/// What went out lately: by the application, and by earlier runs.
async fn earlier(ledger: &mut Ledger, plan: &Plan, identity: &str, now: Millis) -> Result<Earlier> {
    let mut earlier = plan.earlier.clone();
    for (at, recipients) in ledger.recent(identity, now - DAY).await? {
        earlier.recipients.push((at, recipients));
        if at >= now - 60_000 {
            earlier.messages.push(at);
        }
    }
    Ok(earlier)
}

/// A name that no other run has: the time and the process.
fn run_name() -> String {
    format!("{:x}-{:x}", now(), std::process::id())
}

fn reason(ran: &Ran) -> String {
    match (&ran.broken, ran.reason) {
        (Some(error), _) => format!("{error:#}"),
        (None, None | Some(Reason::NoRowsLeft)) => "every row had its turn".to_owned(),
        (None, Some(Reason::StopRequested)) => "interrupted".to_owned(),
        (None, Some(Reason::AccountRefused)) => "the account was refused".to_owned(),
        (None, Some(Reason::ServerAsksToWait)) => "the server asks to wait".to_owned(),
        (None, Some(Reason::RefusalsInARow)) => "too many refusals in a row".to_owned(),
        (None, Some(Reason::ConnectionFailures)) => "too many failed connections in a row".to_owned(),
    }
}

fn answer<'r>(plan: &'r Plan, ran: &'r Ran, run: &str, sending: &Sending, took: Duration) -> Answer<'r> {
    let count = |outcome| ran.rows.iter().filter(|row| row.outcome == outcome).count() as u64;
    Answer {
        schema: SCHEMA,
        run_id: Some(run.to_owned()),
        dry_run: false,
        selected: plan.chosen.len() as u64,
        sent: count(Outcome::Sent),
        deferred: count(Outcome::Deferred) + count(Outcome::Untouched),
        refused: count(Outcome::Refused),
        doubt: count(Outcome::Doubt),
        skipped: count(Outcome::Skipped) + plan.skipped.len() as u64,
        beyond_limit: plan.beyond_limit,
        throttled: ran.counts.throttled,
        connections_opened: ran.counts.connections_opened,
        peak_connections: ran.counts.peak_connections,
        duration_ms: Millis::try_from(took.as_millis()).unwrap_or(Millis::MAX),
        server: sending.url().ok().map(str::to_owned),
        caps: Some(plan.caps().to_owned()),
        rows: Rows::made_by(|| {
            plan.chosen.iter().zip(&ran.rows).map(|(mail, end)| row(mail, end)).chain(plan.skipped())
        }),
    }
}

fn row(mail: &Candidate, end: &RowEnd) -> Row {
    Row {
        id: mail.key.id.clone(),
        outcome: end.outcome.as_str(),
        attempts: end.attempts,
        next_at: end.next_at,
        reply: end.reply,
        enhanced: end.enhanced,
        class: end.class,
        message_id: end.message_id.as_deref().map(str::to_owned),
        reason: end.reason.as_deref().map(str::to_owned),
        group: "taken by somebody else meanwhile",
        about: String::new(),
    }
}

fn exit(answer: &Answer<'_>, reason: Option<Reason>) -> Exit {
    match (reason, answer.refused + answer.doubt, answer.deferred) {
        (Some(Reason::StopRequested), ..) => Exit::Interrupted,
        (_, 0, 0) => Exit::Fine,
        (_, 0, _) => Exit::Warning,
        _ => Exit::Critical,
    }
}

/// Tells how it is getting on: in one line that changes on a terminal, in a line now and then elsewhere.
struct Teller {
    is_terminal: bool,
    is_quiet: bool,
    last: Instant,
}

impl Teller {
    fn new(flags: &Global) -> Self {
        Self { is_terminal: io::stderr().is_terminal(), is_quiet: flags.quiet, last: Instant::now() }
    }

    fn tell(&mut self, progress: Progress, counts: Counts) {
        let interval = if self.is_terminal { Duration::from_millis(200) } else { INTERVAL };
        if self.is_quiet || self.last.elapsed() < interval {
            return;
        }
        self.last = Instant::now();
        let line = format!(
            "{} sent, {} deferred, {} refused, {} in doubt; {} of {} connections, {}/min; {} left, {}",
            counts.sent,
            counts.deferred,
            counts.refused,
            counts.doubt,
            progress.connections,
            progress.cap,
            progress.sent_last_minute,
            progress.left,
            length(progress.time_left)
        );
        let mut err = io::stderr().lock();
        let _ = match self.is_terminal {
            true => write!(err, "\r\u{1b}[K{}", self.fitting(&line)).and_then(|()| err.flush()),
            false => writeln!(err, "{line}"),
        };
    }

    /// As much as fits into a line of the terminal, which would not be written over else.
    fn fitting(&self, line: &str) -> String {
        let width =
            terminal_size::terminal_size_of(io::stderr()).map_or(80, |(width, _)| usize::from(width.0));
        line.chars().take(width.saturating_sub(1)).collect()
    }

    fn end(&self) {
        if self.is_terminal && !self.is_quiet {
            let _ = write!(io::stderr(), "\r\u{1b}[K");
        }
    }
}
