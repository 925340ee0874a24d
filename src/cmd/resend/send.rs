//! The sending itself: ledger, engine, server and what the person sees of it.

use std::io::{self, IsTerminal, Write};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow, bail};

use super::plan::{self, ResendPlan};
use super::watch;
use super::{now, open_ledger, who};
use crate::cli::Global;
use crate::cmd::interrupt::interrupted;
use crate::cmd::print_view;
use crate::config::smtp::SmtpSettings;
use crate::db::Target;
use crate::db::lock::Lock;
use crate::exit::Exit;
use crate::log::Considered;
use crate::model::{DAY, MINUTE, Millis, Stage, millis};
use crate::output::resend::{ResendOutput, ResendRow, ResendRows, length};
use crate::resend::driver::{Driver, RunResult, WatchedRows, judge};
use crate::resend::engine::{EndReason, Engine, Progress, RunCounts};
use crate::resend::failpoints;
use crate::resend::ledger::{Ledger, LedgerWriter};
use crate::resend::pace::Earlier;
use crate::resend::state::{RowEnd, RowState};
use crate::resend::transport::smtp::{Opener, SmtpConnection};
use crate::resend::transport::{FailureKind, SendFailure};

/// How soon a waiting run looks whether the other one is done, and how seldom it does so in the end: each look costs the database a
/// session.
const FIRST_LOOK: Duration = Duration::from_secs(1);
const LAST_LOOK: Duration = Duration::from_secs(8);

/// How long it may take to find out whether the server lets this program in.
const LONGEST_OPENING: Duration = Duration::from_secs(60);

/// How often progress is reported where there is no terminal.
const INTERVAL: Duration = Duration::from_secs(30);

/// Sends what was planned.
///
/// # Errors
/// The ledger or the server's settings; nothing was sent then.
pub async fn run(
    flags: &Global,
    mut plan: ResendPlan,
    sending: &SmtpSettings,
    target: &Target,
) -> Result<Exit> {
    let opener = sending.opener()?;
    opener.prepare().await.context("[smtp.oauth2]")?;
    let identity = sending.identity()?;
    plan.forget_looks();
    let (mut ledger, turn) = match turn(&plan, sending, target, &identity).await? {
        LockedLedger::Ours(ledger, turn) => (*ledger, turn),
        LockedLedger::Theirs(runs) => return no_turn(flags, &plan, sending, &runs),
    };
    ledger.release_dead_runs(now()).await?;
    ledger.sync_log().await?;
    ledger.try_log().await?;
    let (earlier, told) = earlier(&mut ledger, &plan, sending, now()).await?;
    let is_paused = earlier.paused_until.is_some_and(|until| until > now());
    let ready =
        async { Ok((watch::look(&plan, target).await?, open_first(&opener, &plan, is_paused).await?)) };
    let (seen, first) = match ready.await {
        Ok(ready) => ready,
        Err(error) => {
            let freed = ledger.leave_turn(&identity, turn).await;
            ledger.close().await;
            return Err(freed.err().unwrap_or(error));
        }
    };
    let run = run_name();
    failpoints::pass("before the run begins");
    let lock = ledger.begin_run(&run, &identity, &who(), now()).await?;
    let began = Instant::now();
    failpoints::pass("after the run has begun");
    let way = Way { opener, first, earlier, seen };
    let (mut ran, mut ledger) = drive(flags, &plan, sending, way, ledger, target).await?;
    ran.trouble = ran.trouble.or(told.filter(|_| is_paused));
    let reason = reason(&ran);
    let is_interrupted = ran.reason == Some(EndReason::StopRequested) && ran.broken.is_none();
    let broken = ran.broken.take();
    failpoints::pass("before the run ends");
    let ended = ledger.end_run(lock, &reason, now()).await;
    failpoints::pass("after the run has ended");
    let freed = ledger.leave_turn(&identity, turn).await;
    ledger.close().await;
    let answer =
        ResendOutput { is_interrupted, ..answer(&plan, &ran, &run, &reason, sending, began.elapsed()) };
    print_view(flags, &answer)?;
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
    exit(&answer, &ran, &reason)
}

/// Says that another run is at it, and that nothing was sent.
fn no_turn(flags: &Global, plan: &ResendPlan, sending: &SmtpSettings, runs: &str) -> Result<Exit> {
    let reason = format!(
        "another run has been sending for the same account for longer than {} (--wait): {runs}",
        length(millis(sending.wait))
    );
    print_view(flags, &plan.left_by(&reason))?;
    tracing::error!("nothing was sent: {reason}; what is left goes with the next resend");
    Ok(Exit::Warning)
}

/// The ledger, and the turn to send for an account: its caps hold for all runs together.
enum LockedLedger {
    /// It is this run's.
    Ours(Box<Ledger>, Lock),
    /// Another run has it for longer than this one waits.
    Theirs(String),
}

/// Waits for the turn. While another run has it, the database is left alone: many may wait.
async fn turn(
    plan: &ResendPlan,
    sending: &SmtpSettings,
    target: &Target,
    identity: &str,
) -> Result<LockedLedger> {
    let sent_word = sending.log.sent_word(&plan.mapping.words)?;
    let began = Instant::now();
    let (mut is_told, mut look) = (false, FIRST_LOOK);
    loop {
        let mut ledger = open_ledger(sending, target, plan.mapping.clone(), sent_word.clone()).await?;
        if let Some(lock) = ledger.lock_identity(identity).await? {
            return Ok(LockedLedger::Ours(Box::new(ledger), lock));
        }
        let runs = ledger.release_dead_runs(now()).await?.join(", ");
        ledger.close().await;
        if began.elapsed() >= sending.wait {
            return Ok(LockedLedger::Theirs(runs));
        }
        if !is_told {
            let which = if runs.is_empty() { String::new() } else { format!(": {runs}") };
            tracing::warn!("another run is sending for {identity}; waiting for it to end{which}");
            is_told = true;
        }
        tokio::time::sleep(look.min(sending.wait.saturating_sub(began.elapsed()))).await;
        look = LAST_LOOK.min(look * 2);
    }
}

/// The first connection, or a temporary refusal.
type FirstConnection = Result<SmtpConnection, SendFailure>;

/// How messages leave, and what went out and was said before.
struct Way {
    opener: Opener,
    first: Option<FirstConnection>,
    earlier: Earlier,
    seen: WatchedRows,
}

/// Looks whether the way is open, before any row is claimed; the connection is the first one that is used. A refusal for a
/// moment is left to the run, which waits and tries again.
async fn open_first(opener: &Opener, plan: &ResendPlan, is_paused: bool) -> Result<Option<FirstConnection>> {
    // a server that asked to be left alone is not asked whether it would let us in
    if is_paused {
        return Ok(None);
    }
    let opened = tokio::time::timeout(LONGEST_OPENING, opener.open()).await;
    let failure = match opened {
        Err(_) => {
            bail!(
                "nothing was sent, no row was touched: no answer from {} within {}; check host and port in --smtp or [smtp] url, and that a mail \
             server runs there",
                opener.place(),
                length(millis(LONGEST_OPENING))
            )
        }
        Ok(Ok(connection)) => return Ok(Some(Ok(connection))),
        Ok(Err(failure)) => failure,
    };
    let is_for_a_moment = failure.reply.as_ref().is_some_and(|reply| (400..500).contains(&reply.code));
    if is_for_a_moment && !judge::failure(&plan.classifier, &failure, now()).ends_the_run() {
        return Ok(Some(Err(failure)));
    }
    Err(closed(&failure).context("nothing was sent, no row was touched"))
}

/// Why the server does not let this program in, and what to do.
pub fn closed(failure: &SendFailure) -> anyhow::Error {
    let advice = match (failure.stage, failure.kind) {
        (Stage::Auth, _) => "check user and password, token or auth in [smtp]",
        (_, FailureKind::Tls) => "check the host's name, its certificate, or ca_file in [smtp]",
        (Stage::Connect, FailureKind::Network | FailureKind::TimedOut) => {
            "check host and port in --smtp or [smtp] url, and that the server runs"
        }
        _ => "check --smtp or [smtp] url",
    };
    anyhow!("{failure}; {advice}")
}

async fn drive(
    flags: &Global,
    plan: &ResendPlan,
    sending: &SmtpSettings,
    Way { opener, first, earlier, seen }: Way,
    ledger: Ledger,
    target: &Target,
) -> Result<(RunResult, Ledger)> {
    let started_at = now();
    let run = ledger.run().to_owned();

    let seed = u64::try_from(started_at).unwrap_or(0) ^ u64::from(std::process::id());
    let mut engine = Engine::new(sending.engine.clone(), earlier, seed, started_at);
    for (row, chosen) in plan.selected.chosen.iter().enumerate() {
        engine.add(row, chosen.mail.stands.recipients, chosen.attempts);
    }
    engine.all_added();
    let account = sending.account()?;
    let attachments = Arc::new(sending.attachments.clone());
    let mails = plan.outgoing();
    let (writer, ledger) = LedgerWriter::new(ledger);
    let writer = tokio::spawn(writer.work());
    let opener = Arc::new(opener);
    let first = Arc::new(Mutex::new(first));
    let (tell_seen, seen) = tokio::sync::watch::channel(seen);
    let driver = Driver {
        engine,
        mails: &mails,
        ledger,
        opener: || {
            let opener = Arc::clone(&opener);
            let first = first.lock().ok().and_then(|mut first| first.take());
            async move {
                match first {
                    Some(opened) => opened,
                    None => opener.open().await,
                }
            }
        },
        classifier: &plan.classifier,
        attachments: &attachments,
        run: &run,
        account: account.as_deref(),
        seen,
        started_at,
    };
    let mut teller = Teller::new(flags);
    let mut tell = |progress, counts| teller.tell(progress, counts);
    let driving = driver.run(interrupted(), &mut tell);
    let ran = tokio::select! {
        ran = driving => ran,
        never = watch::look_again(plan, target, tell_seen) => match never {},
    };
    teller.end();
    let ledger = writer.await.context("the ledger's writer failed")?;
    Ok((ran, ledger))
}

/// What went out lately, by the application and by earlier runs, and what the server asked those to do.
async fn earlier(
    ledger: &mut Ledger,
    plan: &ResendPlan,
    sending: &SmtpSettings,
    now: Millis,
) -> Result<(Earlier, Option<String>)> {
    let mut earlier = plan.earlier.clone();
    let identity = sending.identity()?;
    earlier.recipients.extend(ledger.recent(&identity, now - DAY).await?);
    let since = now - sending.engine.rate.period().max(MINUTE);
    earlier.messages.extend(ledger.recent_attempts(&identity, since).await?);
    let (until, told) = ledger.paused(&identity).await?.unzip();
    earlier.paused_until = until;
    Ok((earlier, told))
}

/// A name that no other run has: the time and the process.
fn run_name() -> String {
    format!("{:x}-{:x}", now(), std::process::id())
}

fn reason(ran: &RunResult) -> String {
    let trouble = ran.trouble.as_deref().map_or_else(String::new, |trouble| format!(": {trouble}"));
    match (&ran.broken, ran.reason) {
        (Some(error), _) => format!("{error:#}"),
        (None, None | Some(EndReason::NoRowsLeft)) => "every row had its turn".to_owned(),
        (None, Some(EndReason::StopRequested)) => "interrupted".to_owned(),
        (None, Some(EndReason::AccountRefused)) => format!("the account was refused{trouble}"),
        (None, Some(EndReason::ServerAsksToWait)) => format!("the server asks to wait{trouble}"),
        (None, Some(EndReason::RefusalsInARow)) => format!("too many refusals in a row{trouble}"),
        (None, Some(EndReason::ConnectionFailures)) => {
            format!("too many failed connections in a row{trouble}")
        }
    }
}

fn answer<'r>(
    plan: &'r ResendPlan,
    ran: &'r RunResult,
    run: &str,
    reason: &'r str,
    sending: &SmtpSettings,
    took: Duration,
) -> ResendOutput<'r> {
    let count = |state| ran.rows.iter().filter(|row| row.state == state).count() as u64;
    let planned = plan.answer();
    ResendOutput {
        run_id: Some(run.to_owned()),
        dry_run: false,
        sent: count(RowState::Sent),
        deferred: planned.deferred + count(RowState::Deferred) + count(RowState::Untouched),
        refused: count(RowState::Refused),
        doubt: count(RowState::Doubt),
        skipped: planned.skipped + count(RowState::Skipped),
        held: planned.held + count(RowState::Held),
        throttled: ran.counts.throttled,
        connections_opened: ran.counts.connections_opened,
        peak_connections: ran.counts.peak_connections,
        duration_ms: millis(took),
        server: sending.url().ok().map(str::to_owned),
        rows: ResendRows::made_by(move || {
            let sent = plan.selected.chosen.iter().zip(&ran.rows);
            sent.flat_map(move |(chosen, end)| rows(&chosen.mail, end, reason)).chain(plan.left())
        }),
        ..planned
    }
}

/// What became of a mail: of the row that was to be sent, and the same of its further attempts.
fn rows(mail: &Considered, end: &RowEnd, reason: &str) -> impl Iterator<Item = ResendRow> {
    let is_left = matches!(end.state, RowState::Deferred | RowState::Untouched);
    let said = end.reason.as_deref().map(str::to_owned);
    let own = ResendRow {
        id: mail.stands.key.id.clone(),
        attempts: end.attempts,
        next_at: end.next_at,
        reply: end.reply,
        enhanced: end.enhanced,
        class: end.class,
        message_id: end.message_id.as_deref().map(str::to_owned),
        reason: said.or_else(|| is_left.then(|| format!("its turn did not come: {reason}"))),
        sender: mail.stands.sender.as_deref().map(str::to_owned),
        recipient: mail.stands.recipient.clone(),
        group: if end.state == RowState::Skipped { "dealt with by others meanwhile" } else { "" },
        ..ResendRow::bare(end.state.as_str(), String::new())
    };
    std::iter::once(own).chain(plan::further_rows(mail, end.state.as_str()))
}

/// How the command ends. What nothing was sent for at the last is an error, reported last.
fn exit(answer: &ResendOutput<'_>, ran: &RunResult, reason: &str) -> Result<Exit> {
    if ran.reason == Some(EndReason::AccountRefused) {
        bail!("{reason}; the rows that were left are as they were; mend it, then run resend again");
    }
    Ok(match (ran.reason, answer.refused + answer.doubt + answer.doubts, answer.deferred + answer.held) {
        (Some(EndReason::StopRequested), ..) => Exit::Interrupted,
        (_, 0, 0) => Exit::Fine,
        (_, 0, _) => Exit::Warning,
        _ => Exit::Critical,
    })
}

/// Reports progress: in one line that changes on a terminal, in a line now and then elsewhere.
struct Teller {
    is_terminal: bool,
    is_quiet: bool,
    last: Instant,
}

impl Teller {
    fn new(flags: &Global) -> Self {
        Self { is_terminal: io::stderr().is_terminal(), is_quiet: flags.quiet, last: Instant::now() }
    }

    fn tell(&mut self, progress: Progress, counts: RunCounts) {
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
