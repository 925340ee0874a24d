//! Brings the engine, the server and the ledger together: does what the engine says, and reports the result to it.
//!
//! Each message goes the same way: claimed in the ledger, built, offered to the server, committed as about to be handed
//! over, handed over, and what came of it committed. The rows that go next are claimed while those before them are under
//! way. If the ledger or the log cannot be written, nothing more is sent.

pub mod judge;
mod message;
mod suspects;

use std::collections::HashMap;
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Error, anyhow};
use futures_util::stream::FuturesUnordered;
use futures_util::{StreamExt, future};
use tokio::sync::watch;

use crate::model::{Millis, millis};
use crate::reply::Classifier;
use crate::resend::attachments::Attachments;
use crate::resend::engine::{
    AttemptOutcome, ConnectionId, EndReason, Engine, NextStep, Progress, RunCounts, Sending,
};
use crate::resend::ledger::{
    ClaimAnswer, ClaimRequest, LedgerHandle, Objection, Outgoing, Pause, Pending, Settlement,
};
use crate::resend::message::Stored;
use crate::resend::state::{RowEnd, RowState};
use crate::resend::transport::{Mailer, SendFailure};

use judge::Attempted;
use message::Turn;
use suspects::{Suspects, Suspicion};

/// How often progress is reported while nothing else happens.
const BEAT: Duration = Duration::from_millis(500);

/// How often progress is reported at most; computing it reads every row.
const TELLING: Duration = Duration::from_millis(200);

const UNWRITTEN: &str = "the ledger could not be written, so sending was ended";

/// How a run went.
#[derive(Debug)]
pub struct RunResult {
    /// Every row, in the order they were given.
    pub rows: Vec<RowEnd>,
    /// Totals.
    pub counts: RunCounts,
    /// Why it ended.
    pub reason: Option<EndReason>,
    /// What kept the ledger or the log from being written, if that ended it.
    pub broken: Option<Error>,
    /// Rows that were accepted, which nothing could record.
    pub unrecorded: Vec<String>,
    /// The last refusal or failure, which may have ended it.
    pub trouble: Option<String>,
}

/// What is seen in the log while it is sent.
#[derive(Debug, Clone, Default)]
pub struct WatchedRows {
    /// Whether the application is sending itself.
    pub is_sending: bool,
    /// Mails that must not go any more, by their places: how they end, and why.
    pub kept: HashMap<usize, (RowState, String)>,
}

/// What a run works with.
pub struct Driver<'d, O> {
    /// Decides.
    pub engine: Engine<usize>,
    /// The mails that go, in the order they were added to the engine.
    pub mails: &'d [Arc<Outgoing>],
    /// Where the ledger is written.
    pub ledger: LedgerHandle,
    /// Opens a connection.
    pub opener: O,
    /// Says what replies mean.
    pub classifier: &'d Classifier,
    /// Loads attachments.
    pub attachments: &'d Arc<Attachments>,
    /// The name of the run.
    pub run: &'d str,
    /// The mailbox for rows that name none.
    pub account: Option<&'d str>,
    /// What is seen in the log during sending, while the log is being watched.
    pub seen: watch::Receiver<WatchedRows>,
    /// The time of day when the run began; the clock goes on from there whatever happens to the time of day.
    pub started_at: Millis,
}

type Task<'d, M> = Pin<Box<dyn Future<Output = DriverEvent<M>> + 'd>>;

enum DriverEvent<M> {
    Opened(ConnectionId, Result<M, SendFailure>),
    /// The opening was broken off, or the connection was closed.
    Gone(ConnectionId),
    Taken(Sending<usize>, Option<M>, Box<Turn>),
    Written(usize, bool, Result<Option<String>, Error>),
    Paused(Result<(), Error>),
}

/// What is under way.
struct Work<'d, M> {
    tasks: FuturesUnordered<Task<'d, M>>,
    idle: HashMap<ConnectionId, M>,
    opening: HashMap<ConnectionId, future::AbortHandle>,
    /// Claims asked for in advance, by row.
    claims: HashMap<usize, Pending<ClaimAnswer<Stored>>>,
    ends: Vec<RowEnd>,
    broken: Option<Error>,
    unrecorded: Vec<String>,
    trouble: Option<String>,
    /// The latest pause that was written down.
    paused_until: Millis,
    suspects: Suspects,
}

impl<'d, M, O, F> Driver<'d, O>
where
    M: Mailer + 'd,
    O: Fn() -> F,
    F: Future<Output = Result<M, SendFailure>> + 'd,
{
    /// Sends until the engine is done. `stop` is awaited all the while: when it is ready nothing new is started. `watch` is
    /// told how it is getting on.
    pub async fn run(
        mut self,
        stop: impl Future<Output = ()>,
        watch: &mut dyn FnMut(Progress, RunCounts),
    ) -> RunResult {
        let began = Instant::now();
        let mut work = Work {
            tasks: FuturesUnordered::new(),
            idle: HashMap::new(),
            opening: HashMap::new(),
            claims: HashMap::new(),
            ends: vec![RowEnd::without_answer(RowState::Untouched, 0, None); self.mails.len()],
            broken: None,
            unrecorded: Vec::new(),
            trouble: None,
            paused_until: self.engine.paused_until().unwrap_or(0),
            suspects: Suspects::default(),
        };
        self.engine.application_is_sending(self.seen.borrow().is_sending);
        let mut stop = std::pin::pin!(stop);
        let (mut is_stopped, mut told) = (false, Instant::now());
        loop {
            let now = self.now(began);
            let until = match self.engine.next(now) {
                NextStep::Done if work.tasks.is_empty() => break,
                NextStep::Done | NextStep::WaitForEvent => None,
                NextStep::Wait { until } => Some(until),
                step => {
                    self.start(step, now, &mut work);
                    continue;
                }
            };
            let wait = until.map_or(BEAT, |until| duration(until - now).min(BEAT));
            tokio::select! {
                Some(event) = work.tasks.next(), if !work.tasks.is_empty() => {
                    let now = self.now(began);
                    self.take(event, now, &mut work);
                }
                Ok(()) = self.seen.changed() => {
                    let is_sending = self.seen.borrow_and_update().is_sending;
                    self.engine.application_is_sending(is_sending);
                }
                () = &mut stop, if !is_stopped => {
                    is_stopped = true;
                    self.engine.stop_requested();
                }
                () = tokio::time::sleep(wait) => {}
            }
            if told.elapsed() >= TELLING {
                told = Instant::now();
                let now = self.now(began);
                watch(self.engine.progress(now), self.engine.counts());
            }
        }
        self.finish(work)
    }

    fn now(&self, began: Instant) -> Millis {
        self.started_at + elapsed(began)
    }

    fn finish(self, work: Work<'d, M>) -> RunResult {
        RunResult {
            rows: work.ends,
            counts: self.engine.counts(),
            reason: self.engine.reason(),
            broken: work.broken,
            unrecorded: work.unrecorded,
            trouble: work.trouble,
        }
    }

    fn start(&mut self, step: NextStep<usize>, now: Millis, work: &mut Work<'d, M>) {
        match step {
            NextStep::Open(id) => {
                let (opening, handle) = future::abortable((self.opener)());
                work.opening.insert(id, handle);
                work.tasks.push(Box::pin(async move {
                    opening.await.map_or(DriverEvent::Gone(id), |opened| DriverEvent::Opened(id, opened))
                }));
            }
            NextStep::Send(sending) => self.send(sending, now, work),
            NextStep::Close(id) => {
                if let Some(handle) = work.opening.get(&id) {
                    handle.abort();
                } else if let Some(mailer) = work.idle.remove(&id) {
                    work.tasks.push(Box::pin(async move {
                        mailer.close().await;
                        DriverEvent::Gone(id)
                    }));
                }
            }
            NextStep::End { key, attempts, fate } => {
                let end = RowEnd::without_answer(fate.state, attempts, None);
                work.ends[key] = RowEnd { next_at: fate.next_at, ..end };
            }
            NextStep::Wait { .. } | NextStep::WaitForEvent | NextStep::Done => {}
        }
    }

    fn send(&mut self, sending: Sending<usize>, now: Millis, work: &mut Work<'d, M>) {
        let Some(mailer) = work.idle.remove(&sending.connection()) else {
            // the engine sends on idle connections only
            self.engine.skipped(sending, now);
            return;
        };
        let row = *sending.key();
        if let Some((outcome, reason)) = self.seen.borrow().kept.get(&row).cloned() {
            // a claim in advance is given back when the run ends
            work.claims.remove(&row);
            work.idle.insert(sending.connection(), mailer);
            self.engine.skipped(sending, now);
            self.note_left(row, outcome, reason, work);
            return;
        }
        let claim = work.claims.remove(&row).unwrap_or_else(|| {
            super::failpoints::pass("before the claim");
            self.ledger.claim(self.wish(row, sending.attempt() - 1, now))
        });
        let trying = message::Trying {
            mail: self.mails[row].clone(),
            ledger: self.ledger.clone(),
            attachments: self.attachments.clone(),
            account: self.account,
            run: self.run.to_owned(),
            attempt: sending.attempt(),
            classifier: self.classifier,
            now,
        };
        work.tasks.push(Box::pin(async move {
            let (mailer, turn) = trying.send(claim, mailer).await;
            DriverEvent::Taken(sending, mailer, Box::new(turn))
        }));
        self.claim_ahead(now, work);
    }

    /// Asks for the claims of the rows that go next.
    fn claim_ahead(&mut self, now: Millis, work: &mut Work<'d, M>) {
        let upcoming: Vec<_> =
            self.engine.upcoming(now).into_iter().map(|(row, attempts)| (*row, attempts)).collect();
        for (row, attempts) in upcoming {
            work.claims.entry(row).or_insert_with(|| {
                super::failpoints::pass("before a claim in advance");
                self.ledger.claim_ahead(self.wish(row, attempts, now))
            });
        }
    }

    fn wish(&self, row: usize, attempts: u32, now: Millis) -> ClaimRequest {
        ClaimRequest { mail: self.mails[row].clone(), attempts, now }
    }

    fn take(&mut self, event: DriverEvent<M>, now: Millis, work: &mut Work<'d, M>) {
        match event {
            DriverEvent::Opened(id, opened) => {
                work.opening.remove(&id);
                match opened {
                    Ok(mailer) => {
                        work.idle.insert(id, mailer);
                        self.engine.opened(id, now);
                    }
                    Err(failure) => {
                        tracing::warn!("{failure}");
                        work.trouble = Some(failure.to_string());
                        let attempted = judge::failure(self.classifier, &failure, now);
                        self.engine.open_failed(id, attempted.outcome, now);
                        self.note_pause(&failure.to_string(), work);
                    }
                }
            }
            DriverEvent::Gone(id) => {
                work.opening.remove(&id);
                self.engine.closed(id, now);
            }
            DriverEvent::Taken(sending, mailer, turn) => self.taken(sending, mailer, *turn, now, work),
            DriverEvent::Written(row, was_sent, written) => self.written(row, was_sent, written, work),
            DriverEvent::Paused(Ok(())) => {}
            DriverEvent::Paused(Err(error)) => self.break_off(error.context(UNWRITTEN), work),
        }
    }

    fn taken(
        &mut self,
        sending: Sending<usize>,
        mailer: Option<M>,
        turn: Turn,
        now: Millis,
        work: &mut Work<'d, M>,
    ) {
        let row = *sending.key();
        let id = sending.connection();
        let usable = mailer.is_some();
        if let Some(mailer) = mailer {
            work.idle.insert(id, mailer);
        }
        match turn {
            Turn::NotClaimed(objection) => {
                self.engine.skipped(sending, now);
                self.note_left(row, left_as(&objection), objection.reason, work);
            }
            Turn::LedgerFailed(error) => {
                self.engine.skipped(sending, now);
                if !usable {
                    self.engine.closed(id, now);
                }
                self.note_left(row, RowState::Deferred, "the ledger could not be written".to_owned(), work);
                self.break_off(error.context(UNWRITTEN), work);
            }
            Turn::TakenBack(objection) => {
                // it goes back as it was
                let settled = self.engine.finished(sending, AttemptOutcome::Lost, usable, now);
                let end =
                    RowEnd::without_answer(left_as(&objection), settled.attempts, Some(objection.reason));
                self.write(row, end, false, now, work);
            }
            Turn::Attempted(mut attempted) => {
                self.suspect(row, &mut attempted, now, work);
                // report what ended the run, not what came after it
                let is_told = self.engine.reason().is_some();
                if !is_told && !matches!(attempted.outcome, AttemptOutcome::Delivered | AttemptOutcome::Held)
                {
                    work.trouble.clone_from(&attempted.text);
                }
                let settled = self.engine.finished(sending, attempted.outcome, usable, now);
                self.note_pause(attempted.text.as_deref().unwrap_or_default(), work);
                let end = RowEnd {
                    next_at: settled.fate.next_at,
                    reply: attempted.reply,
                    enhanced: attempted.enhanced,
                    class: attempted.class,
                    message_id: attempted.message_id.map(Into::into),
                    ..RowEnd::without_answer(settled.fate.state, settled.attempts, attempted.text)
                };
                self.write(row, end, false, now, work);
            }
        }
    }

    /// A refusal for good that may be about the account is not final for its row before another mail of its sender was delivered.
    fn suspect(&mut self, row: usize, attempted: &mut Attempted, now: Millis, work: &mut Work<'d, M>) {
        if attempted.outcome == AttemptOutcome::Delivered {
            for row in work.suspects.cleared(&attempted.sender) {
                let end = RowEnd { state: RowState::Refused, next_at: None, ..work.ends[row].clone() };
                self.write(row, end, true, now, work);
            }
        }
        let Some(fingerprint) = attempted.suspicion() else { return };
        if self.mails[row].refused_before.as_deref() != Some(fingerprint.as_str()) {
            attempted.outcome = match work.suspects.add(row, &attempted.sender, fingerprint) {
                Suspicion::Noted => AttemptOutcome::Noted,
                Suspicion::AboutTheAccount => AttemptOutcome::Stop,
            };
        }
    }

    /// Has the ledger write down a pause that the server asks for, so that later runs keep to it.
    fn note_pause(&self, said: &str, work: &mut Work<'d, M>) {
        if let Some(until) = self.engine.paused_until().filter(|until| *until > work.paused_until) {
            work.paused_until = until;
            let written = self.ledger.pause(Pause { until, reason: said.to_owned() });
            work.tasks.push(Box::pin(async move { DriverEvent::Paused(written.answer().await) }));
        }
    }

    fn note_left(&self, row: usize, outcome: RowState, reason: String, work: &mut Work<'d, M>) {
        tracing::info!("row {}: {reason}", self.mails[row].key.id);
        work.ends[row] = RowEnd::without_answer(outcome, 0, Some(reason));
    }

    /// Has the ledger write down how an attempt ended, or corrects what was written of it.
    fn write(&mut self, row: usize, end: RowEnd, is_correction: bool, now: Millis, work: &mut Work<'d, M>) {
        let was_sent = end.state == RowState::Sent;
        let settlement = Settlement { mail: self.mails[row].clone(), end: end.clone(), is_correction, now };
        work.ends[row] = end;
        super::failpoints::pass("before the outcome is committed");
        let settled = self.ledger.settle(settlement);
        work.tasks.push(Box::pin(async move {
            let written = settled.answer().await;
            super::failpoints::pass("after the outcome is committed");
            DriverEvent::Written(row, was_sent, written)
        }));
    }

    fn written(
        &mut self,
        row: usize,
        was_sent: bool,
        written: Result<Option<String>, Error>,
        work: &mut Work<'d, M>,
    ) {
        let id = &self.mails[row].key.id;
        match written {
            Ok(None) => {}
            Ok(Some(refused)) => {
                let said = "the log could not be told how a mail ended, so sending was ended; the ledger knows, and the next \
                            resend tells the log first";
                self.break_off(anyhow!(refused).context(said), work);
            }
            Err(error) => {
                if was_sent {
                    work.unrecorded.push(id.clone());
                }
                self.break_off(error.context(UNWRITTEN), work);
            }
        }
    }

    fn break_off(&mut self, error: Error, work: &mut Work<'d, M>) {
        work.broken.get_or_insert(error);
        self.engine.stop_requested();
    }
}

/// How a row is left that was not to be had.
fn left_as(objection: &Objection) -> RowState {
    if objection.is_for_now { RowState::Deferred } else { RowState::Skipped }
}

fn elapsed(began: Instant) -> Millis {
    millis(began.elapsed())
}

fn duration(wait: Millis) -> Duration {
    Duration::from_millis(u64::try_from(wait).unwrap_or(0))
}
