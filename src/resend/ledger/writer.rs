//! The one writer of a run's ledger. What several workers ask at the same time is committed together, since a commit that
//! reaches the disk takes longer than all else. What no message waits for, outcomes and claims in advance, is put off for
//! a moment: so that it shares a commit with the next message that does where commits are what limits the run, else so that
//! that message goes first.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, anyhow};
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, timeout_at};

use super::steps::LogIs;
use super::{ClaimAnswer, ClaimRequest, Ledger, Outgoing, Settlement};
use crate::db::Db;
use crate::model::Millis;
use crate::resend::failpoints;
use crate::resend::message::Stored;

/// How many requests share a commit at most.
const TOGETHER: usize = 64;

/// How long a commit is put off at most if no message waits for it.
const PUT_OFF: Duration = Duration::from_millis(2);

/// A commit waits for messages that are under way half as long as the last one took, and not at all if it took
/// less than the shortest wait, which is what the runtime's timer can do.
const SHORTEST_WAIT: Duration = Duration::from_millis(1);
const LONGEST_WAIT: Duration = Duration::from_millis(5);

/// After a wait to which nobody came, so many commits wait for nobody.
const NO_WAITS: u32 = 16;

/// While commits take less than this part of the time they need not be spared.
const BUSY: f64 = 0.5;

/// The weight of the last commit in that; older ones count less.
const WEIGHT: f64 = 0.1;

/// How often it tries to record outcomes while another process holds the database, each time as long as it waits
/// for another's lock.
const TRIES: u32 = 12;

/// How long a server that cannot be reached is left alone.
const REST: Duration = Duration::from_secs(5);

type WriteResult<T> = oneshot::Sender<Result<T>>;

/// What a worker may ask.
enum Request {
    Claim(ClaimRequest, Priority, WriteResult<ClaimAnswer<Stored>>),
    HandOver(Handing, WriteResult<ClaimAnswer<()>>),
    Settle(Settlement, WriteResult<Option<String>>),
    Pause(Pause, WriteResult<()>),
}

/// Nothing goes for the run's identity before a time.
#[derive(Debug, Clone)]
pub struct Pause {
    /// Before which time.
    pub until: Millis,
    /// What the server said.
    pub reason: String,
}

/// Whether a message waits for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Priority {
    Now,
    Soon,
}

/// A message about to be handed over.
#[derive(Debug, Clone)]
pub struct Handing {
    /// Which mail.
    pub(super) mail: Arc<Outgoing>,
    /// Its Message-ID.
    pub(super) message_id: String,
    /// The time now.
    pub(super) now: Millis,
    /// Whether most of it has been handed over already.
    pub(super) has_begun: bool,
}

/// What is sent back once the commit is done.
enum Done {
    Claim(Box<ClaimAnswer<Stored>>),
    HandOver(ClaimAnswer<()>),
    Settle(Option<String>),
    Pause,
}

/// Where the workers ask. Cheap to copy. Requests are served in order.
#[derive(Clone)]
pub struct LedgerHandle(mpsc::UnboundedSender<Request>);

/// An answer that is still to come.
pub struct Pending<T>(oneshot::Receiver<Result<T>>);

impl<T> Pending<T> {
    /// Waits for it.
    ///
    /// # Errors
    /// The ledger cannot be written.
    pub async fn answer(self) -> Result<T> {
        self.0.await.map_err(|_| anyhow!("the ledger is closed"))?
    }
}

impl LedgerHandle {
    /// Claims a mail that goes now; the answer is on the disk. An error: nothing may be sent any more.
    pub fn claim(&self, wish: ClaimRequest) -> Pending<ClaimAnswer<Stored>> {
        self.ask(|reply| Request::Claim(wish, Priority::Now, reply))
    }

    /// Claims a mail that goes soon.
    pub fn claim_ahead(&self, wish: ClaimRequest) -> Pending<ClaimAnswer<Stored>> {
        self.ask(|reply| Request::Claim(wish, Priority::Soon, reply))
    }

    /// Writes down that a message is about to be handed over; the answer is on the disk. An error: it must not be handed
    /// over.
    pub fn hand_over(
        &self,
        mail: Arc<Outgoing>,
        message_id: String,
        now: Millis,
    ) -> Pending<ClaimAnswer<()>> {
        self.ask(|reply| Request::HandOver(Handing { mail, message_id, now, has_begun: false }, reply))
    }

    /// Makes sure that a message which took long is still to be handed over to its end. An error: it must not be.
    pub fn confirm(&self, mail: Arc<Outgoing>, message_id: String, now: Millis) -> Pending<ClaimAnswer<()>> {
        self.ask(|reply| Request::HandOver(Handing { mail, message_id, now, has_begun: true }, reply))
    }

    /// Records how an attempt ended. `Some`: the ledger knows, but the log was not updated, and why. An error: not
    /// even the ledger could be updated.
    pub fn settle(&self, end: Settlement) -> Pending<Option<String>> {
        self.ask(|reply| Request::Settle(end, reply))
    }

    /// Writes down that nothing goes before a time, for later runs as well.
    pub fn pause(&self, pause: Pause) -> Pending<()> {
        self.ask(|reply| Request::Pause(pause, reply))
    }

    fn ask<T>(&self, request: impl FnOnce(WriteResult<T>) -> Request) -> Pending<T> {
        let (reply, answer) = oneshot::channel();
        // if the writer is gone, so is the reply, and that is the answer
        let _ = self.0.send(request(reply));
        Pending(answer)
    }
}

/// The writer.
pub struct LedgerWriter {
    ledger: Ledger,
    requests: mpsc::UnboundedReceiver<Request>,
    /// Messages handed over and not settled yet.
    under_way: usize,
    /// How long the last commit took.
    took: Duration,
    /// When it was done.
    done_at: Instant,
    /// Which part of the time commits took lately.
    busy: f64,
    no_waits: u32,
}

impl LedgerWriter {
    /// A writer for a ledger, and where to ask it.
    pub fn new(ledger: Ledger) -> (Self, LedgerHandle) {
        let (sender, requests) = mpsc::unbounded_channel();
        let (took, done_at) = (Duration::ZERO, Instant::now());
        (Self { ledger, requests, under_way: 0, took, done_at, busy: 0.0, no_waits: 0 }, LedgerHandle(sender))
    }

    /// Writes until nobody can ask any more; gives the ledger back.
    pub async fn work(mut self) -> Ledger {
        let mut batch = Vec::with_capacity(TOGETHER);
        loop {
            // what was set aside once is not set aside again
            let is_new = batch.is_empty();
            if is_new && self.requests.recv_many(&mut batch, TOGETHER).await == 0 {
                return self.ledger;
            }
            self.put_off(&mut batch).await;
            let later = if is_new && self.busy < BUSY { set_aside(&mut batch) } else { Vec::new() };
            let (handed_over, settled) = handed_over_and_settled(&batch);
            self.under_way = (self.under_way + handed_over).saturating_sub(settled);
            let begun = Instant::now();
            self.answer(&mut batch).await;
            self.took = begun.elapsed();
            let since = self.done_at.elapsed().as_secs_f64().max(f64::MIN_POSITIVE);
            self.busy += WEIGHT * (self.took.as_secs_f64() / since - self.busy);
            self.done_at = Instant::now();
            batch = later;
        }
    }

    /// Lets a batch grow: until a message waits for it, then, unless commits need not be spared, for those whose outcome and
    /// next message could share a commit that takes much longer than they do; each wait is short.
    async fn put_off(&mut self, batch: &mut Vec<Request>) {
        let begun = Instant::now();
        let wait = (self.took / 2).clamp(SHORTEST_WAIT, LONGEST_WAIT);
        let may_wait = self.busy >= BUSY && self.no_waits == 0 && self.took >= SHORTEST_WAIT;
        loop {
            let is_urgent = batch.iter().any(Request::is_urgent);
            let until = match is_urgent {
                false => begun + PUT_OFF,
                true if may_wait && self.awaits(batch) => begun + wait,
                true => break,
            };
            let room = TOGETHER.saturating_sub(batch.len());
            match timeout_at(until, self.requests.recv_many(batch, room)).await {
                Ok(more) if more > 0 => {}
                Ok(_) => break,
                Err(_) => {
                    self.no_waits = if is_urgent { NO_WAITS } else { self.no_waits };
                    break;
                }
            }
        }
        self.no_waits = self.no_waits.saturating_sub(1);
    }

    /// Whether messages are under way whose outcome, or the next message after it, is not in the batch.
    fn awaits(&self, batch: &[Request]) -> bool {
        let (handed_over, settled) = handed_over_and_settled(batch);
        self.under_way.max(settled) > handed_over
    }

    async fn answer(&mut self, batch: &mut Vec<Request>) {
        if let Err(error) = self.begin(batch).await {
            for request in batch.drain(..) {
                let done = match request.settlement().filter(|_| self.ledger.store.is_server()) {
                    Some(end) => self.ledger_alone(end, &error).await,
                    None => Err(anyhow!("{error:#}")),
                };
                request.reply_with(done);
            }
            return;
        }
        match self.commit_batch(batch).await {
            Ok(done) => batch.drain(..).zip(done).for_each(|(request, done)| request.reply(done)),
            // one of them is to blame, so each is tried by itself
            Err(_) => {
                for request in batch.drain(..) {
                    let done = self.alone(&request).await;
                    request.reply_with(done);
                }
            }
        }
    }

    /// Begins a transaction. While another process holds the database, nothing more is sent, but outcomes are worth a
    /// longer wait.
    async fn begin(&mut self, batch: &mut Vec<Request>) -> Result<()> {
        self.ledger.check_place()?;
        // each outcome reconnects to a server that does not answer
        let tries = if self.ledger.store.is_server() { 1 } else { TRIES };
        for _ in 1..tries {
            let Err(error) = self.ledger.store.begin().await else {
                return Ok(());
            };
            // what was asked meanwhile gets its answer now as well, and not only after the last try
            while let Ok(request) = self.requests.try_recv() {
                batch.push(request);
            }
            for request in batch.extract_if(.., |request| request.settlement().is_none()) {
                request.reply_with(Err(anyhow!("{error:#}")));
            }
            if batch.is_empty() {
                return Err(error);
            }
        }
        self.ledger.store.begin().await
    }

    /// Serves a batch and commits, in a transaction that has begun.
    async fn commit_batch(&mut self, batch: &[Request]) -> Result<Vec<Done>> {
        let tried = self.within_transaction(batch).await;
        if tried.is_err() {
            self.ledger.roll_back().await;
        }
        let done = tried?;
        self.ledger.follow(batch.iter().filter_map(Request::settlement)).await?;
        Ok(done)
    }

    async fn within_transaction(&mut self, batch: &[Request]) -> Result<Vec<Done>> {
        let served = self.ledger.serve(batch).await;
        let done = match batch {
            [only] => served.with_context(|| only.subject())?,
            _ => served?,
        };
        failpoints::pass("before a commit of the ledger");
        self.ledger.store.commit().await?;
        failpoints::pass("after a commit of the ledger");
        Ok(done)
    }

    async fn alone(&mut self, request: &Request) -> Result<Done> {
        let tried = match self.ledger.store.begin().await {
            Ok(()) => self.commit_batch(std::slice::from_ref(request)).await,
            Err(error) => Err(error),
        };
        match (tried, request) {
            (Err(refused), Request::Settle(end, _)) => self.ledger_alone(end, &refused).await,
            (tried, _) => tried?.pop().context("each request is served once"),
        }
    }

    /// What is done is done: if the log cannot be updated, the ledger records that it is due.
    async fn ledger_alone(&mut self, end: &Settlement, refused: &anyhow::Error) -> Result<Done> {
        let mut settled = self.settle_in_ledger(end).await;
        for _ in 1..TRIES {
            if settled.is_ok() || !self.ledger.store.is_server() {
                break;
            }
            // the server ended the session, or is gone for a while
            match self.ledger.store.reconnect().await {
                Ok(()) => settled = self.settle_in_ledger(end).await,
                Err(_) => tokio::time::sleep(REST).await,
            }
        }
        settled.map(|()| Done::Settle(Some(format!("{refused:#}"))))
    }

    async fn settle_in_ledger(&mut self, end: &Settlement) -> Result<()> {
        let settled = async {
            self.ledger.store.begin().await?;
            self.ledger.settle(&[end], LogIs::Due).await?;
            self.ledger.store.commit().await
        };
        let settled = settled.await;
        if settled.is_err() {
            self.ledger.roll_back().await;
        }
        settled
    }
}

/// Leaves messages that are to be handed over in a batch, and gives the rest of it, for which nothing waits or which can wait
/// that long; nothing of it is about the same mail.
fn set_aside(batch: &mut Vec<Request>) -> Vec<Request> {
    match batch.iter().any(|request| request.handing().is_some()) {
        true => batch.extract_if(.., |request| request.handing().is_none()).collect(),
        false => Vec::new(),
    }
}

fn handed_over_and_settled(batch: &[Request]) -> (usize, usize) {
    let is_first = |request: &&Request| request.handing().is_some_and(|handing| !handing.has_begun);
    let handed_over = batch.iter().filter(is_first).count();
    (handed_over, batch.iter().filter_map(Request::settlement).count())
}

impl Ledger {
    fn check_place(&self) -> Result<()> {
        self.store.check_place()?;
        self.log.as_ref().map_or(Ok(()), Db::check_place)
    }

    async fn roll_back(&mut self) {
        self.store.roll_back().await;
    }

    /// Serves each request, those of one kind together. An attempt ends before its mail is claimed again, and a mail is
    /// claimed before it is handed over.
    async fn serve(&mut self, batch: &[Request]) -> Result<Vec<Done>> {
        self.settle_with_log(&batch.iter().filter_map(Request::settlement).collect::<Vec<_>>()).await?;
        self.pause(batch.iter().filter_map(Request::pause)).await?;
        let wishes: Vec<_> = batch.iter().filter_map(Request::wish).collect();
        let mut claimed = self.claim(&wishes).await?.into_iter();
        let handings: Vec<_> = batch.iter().filter_map(Request::handing).collect();
        let mut handed_over = self.hand_over(&handings).await?.into_iter();
        let done = batch.iter().map(|request| match request {
            Request::Claim(..) => claimed.next().map(|answer| Done::Claim(Box::new(answer))),
            Request::HandOver(..) => handed_over.next().map(Done::HandOver),
            Request::Settle(..) => Some(Done::Settle(None)),
            Request::Pause(..) => Some(Done::Pause),
        });
        done.collect::<Option<_>>().context("each request is served once")
    }

    /// Settles in the ledger, and in the log in the same transaction; in another database the log is due.
    async fn settle_with_log(&mut self, ends: &[&Settlement]) -> Result<()> {
        if self.log.is_some() {
            return self.settle(ends, LogIs::Due).await;
        }
        self.settle(ends, LogIs::Told).await?;
        let rows: Vec<_> = ends.iter().flat_map(|end| self.in_log_of(end)).collect();
        let words: Vec<_> = rows.iter().map(|row| (&*row.key.id, row.from.clone(), &*row.to)).collect();
        for (row, is_set) in rows.iter().zip(self.set_status(&words).await?) {
            if !is_set && row.is_sent {
                tracing::warn!(
                    "row {} was sent, but its status was changed by somebody else meanwhile",
                    row.key.id
                );
            }
        }
        Ok(())
    }

    /// Copies what the ledger has just committed to a log in another database.
    async fn follow(&mut self, ends: impl Iterator<Item = &Settlement>) -> Result<()> {
        if self.log.is_none() {
            return Ok(());
        }
        for row in ends.flat_map(|end| self.in_log_of(end)).collect::<Vec<_>>() {
            match self.set_status(&[(&row.key.id, row.from.clone(), &*row.to)]).await {
                Ok(_) => self.learnt(&row.key).await?,
                Err(error) => tracing::warn!("row {}: the log cannot be told yet: {error:#}", row.key.id),
            }
        }
        Ok(())
    }
}

impl Request {
    fn settlement(&self) -> Option<&Settlement> {
        match self {
            Request::Settle(end, _) => Some(end),
            Request::Claim(..) | Request::HandOver(..) | Request::Pause(..) => None,
        }
    }

    fn wish(&self) -> Option<&ClaimRequest> {
        match self {
            Request::Claim(wish, ..) => Some(wish),
            Request::HandOver(..) | Request::Settle(..) | Request::Pause(..) => None,
        }
    }

    fn handing(&self) -> Option<&Handing> {
        match self {
            Request::HandOver(handing, _) => Some(handing),
            Request::Claim(..) | Request::Settle(..) | Request::Pause(..) => None,
        }
    }

    fn pause(&self) -> Option<&Pause> {
        match self {
            Request::Pause(pause, _) => Some(pause),
            Request::Claim(..) | Request::HandOver(..) | Request::Settle(..) => None,
        }
    }

    /// What it is about, for an error.
    fn subject(&self) -> String {
        match self {
            Request::Claim(wish, ..) => format!("row {}", wish.mail.key.id),
            Request::HandOver(handing, _) => format!("row {}", handing.mail.key.id),
            Request::Settle(end, _) => format!("row {}", end.mail.key.id),
            Request::Pause(..) => "the pause that the server asks for".to_owned(),
        }
    }

    fn is_urgent(&self) -> bool {
        matches!(self, Request::Claim(_, Priority::Now, _) | Request::HandOver(..))
    }

    fn reply(self, done: Done) {
        self.reply_with(Ok(done));
    }

    /// Whoever asked may be gone; then nobody needs the answer.
    fn reply_with(self, done: Result<Done>) {
        match (self, done) {
            (Request::Claim(.., reply), Ok(Done::Claim(answer))) => drop(reply.send(Ok(*answer))),
            (Request::HandOver(_, reply), Ok(Done::HandOver(answer))) => drop(reply.send(Ok(answer))),
            (Request::Settle(_, reply), Ok(Done::Settle(answer))) => drop(reply.send(Ok(answer))),
            (Request::Pause(_, reply), Ok(Done::Pause)) => drop(reply.send(Ok(()))),
            (Request::Pause(_, reply), Err(error)) => drop(reply.send(Err(error))),
            (Request::Claim(.., reply), Err(error)) => drop(reply.send(Err(error))),
            (Request::HandOver(_, reply), Err(error)) => drop(reply.send(Err(error))),
            (Request::Settle(_, reply), Err(error)) => drop(reply.send(Err(error))),
            (_, Ok(_)) => unreachable!("each request is served by its own kind"),
        }
    }
}
