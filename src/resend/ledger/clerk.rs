//! The one writer of a run's ledger. What several workers ask at the same time is committed together, since a commit that
//! reaches the disk takes longer than all else.

use anyhow::{Context, Result, anyhow};
use tokio::sync::{mpsc, oneshot};

use super::{Answer, Key, Ledger, Settlement, Wish, with_row};
use crate::model::Millis;
use crate::resend::ledger::Stage;
use crate::resend::message::Stored;
use crate::resend::points;

/// So many requests at most share a commit.
const TOGETHER: usize = 64;

type Reply<T> = oneshot::Sender<Result<T>>;

/// What a worker may ask.
enum Request {
    Claim(Wish, Reply<Answer<Stored>>),
    HandOver(Handing, Reply<Answer<()>>),
    Settle(Settlement, Reply<Option<String>>),
}

/// A message about to be handed over.
#[derive(Debug, Clone)]
pub struct Handing {
    key: Key,
    status: String,
    message_id: String,
    now: Millis,
}

/// What is sent back once the commit is done.
enum Done {
    Claim(Box<Answer<Stored>>),
    HandOver(Answer<()>),
    Settle(Option<String>),
}

/// Where the workers ask. Cheap to copy.
#[derive(Clone)]
pub struct Desk(mpsc::Sender<Request>);

impl Desk {
    /// Claims a mail; the answer is on the disk.
    ///
    /// # Errors
    /// The ledger cannot be written: nothing may be sent any more.
    pub async fn claim(&self, wish: Wish) -> Result<Answer<Stored>> {
        self.ask(|reply| Request::Claim(wish, reply)).await
    }

    /// Writes down that a message is about to be handed over; the answer is on the disk.
    ///
    /// # Errors
    /// The ledger cannot be written: the message must not be handed over.
    pub async fn hand_over(
        &self,
        key: Key,
        status: String,
        message_id: String,
        now: Millis,
    ) -> Result<Answer<()>> {
        self.ask(|reply| Request::HandOver(Handing { key, status, message_id, now }, reply)).await
    }

    /// Writes down how an attempt ended. `Some`: the ledger knows, but the log could not be told, and why.
    ///
    /// # Errors
    /// Not even the ledger could be told.
    pub async fn settle(&self, end: Settlement) -> Result<Option<String>> {
        self.ask(|reply| Request::Settle(end, reply)).await
    }

    async fn ask<T>(&self, request: impl FnOnce(Reply<T>) -> Request) -> Result<T> {
        let (reply, answer) = oneshot::channel();
        let gone = || anyhow!("the ledger is closed");
        self.0.send(request(reply)).await.map_err(|_| gone())?;
        answer.await.map_err(|_| gone())?
    }
}

/// The writer.
pub struct Clerk {
    ledger: Ledger,
    requests: mpsc::Receiver<Request>,
}

impl Clerk {
    /// A writer for a ledger, and where to ask it.
    pub fn new(ledger: Ledger) -> (Self, Desk) {
        let (sender, requests) = mpsc::channel(TOGETHER);
        (Self { ledger, requests }, Desk(sender))
    }

    /// Writes until nobody can ask any more; gives the ledger back.
    pub async fn work(mut self) -> Ledger {
        let mut batch = Vec::with_capacity(TOGETHER);
        while self.requests.recv_many(&mut batch, TOGETHER).await > 0 {
            self.answer(&mut batch).await;
        }
        self.ledger
    }

    async fn answer(&mut self, batch: &mut Vec<Request>) {
        match self.together(batch).await {
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

    async fn together(&mut self, batch: &[Request]) -> Result<Vec<Done>> {
        let tried = self.within_transaction(batch).await;
        if tried.is_err() {
            self.ledger.roll_back().await;
        }
        let done = tried?;
        self.ledger.follow(batch.iter().filter_map(Request::settlement)).await?;
        Ok(done)
    }

    async fn within_transaction(&mut self, batch: &[Request]) -> Result<Vec<Done>> {
        self.ledger.store.begin().await?;
        let mut done = Vec::with_capacity(batch.len());
        for request in batch {
            done.push(self.ledger.serve(request).await?);
        }
        points::pass("before a commit of the ledger");
        self.ledger.store.commit().await?;
        points::pass("after a commit of the ledger");
        Ok(done)
    }

    async fn alone(&mut self, request: &Request) -> Result<Done> {
        let tried = self.together(std::slice::from_ref(request)).await;
        match (tried, request) {
            (Err(refused), Request::Settle(end, _)) => self.ledger_alone(end, &refused).await,
            (tried, _) => tried?.pop().context("each request is served once"),
        }
    }

    /// What is done is done: where the log cannot be told, the ledger remembers that it has to be.
    async fn ledger_alone(&mut self, end: &Settlement, refused: &anyhow::Error) -> Result<Done> {
        let due = self.ledger.due(end.stage, &end.status);
        let settled = async {
            self.ledger.store.begin().await?;
            self.ledger.settle(end, due.as_deref()).await?;
            self.ledger.store.commit().await
        };
        match settled.await {
            Ok(()) => Ok(Done::Settle(Some(format!("{refused:#}")))),
            Err(error) => {
                self.ledger.roll_back().await;
                Err(error)
            }
        }
    }
}

impl Ledger {
    async fn roll_back(&mut self) {
        self.store.roll_back().await;
    }

    async fn serve(&mut self, request: &Request) -> Result<Done> {
        match request {
            Request::Claim(wish, _) => {
                with_row(self.claim(wish).await, &wish.key).map(|answer| Done::Claim(Box::new(answer)))
            }
            Request::HandOver(handing, _) => {
                let Handing { key, status, message_id, now } = handing;
                with_row(self.hand_over(key, status, message_id, *now).await, key).map(Done::HandOver)
            }
            Request::Settle(end, _) => {
                with_row(self.settle_with_log(end).await, &end.key).map(|()| Done::Settle(None))
            }
        }
    }

    /// Settles in the ledger, and in the log in the same transaction; in another database the log is due.
    async fn settle_with_log(&mut self, end: &Settlement) -> Result<()> {
        let due = self.due(end.stage, &end.status);
        if self.log.is_some() {
            return self.settle(end, due.as_deref()).await;
        }
        self.settle(end, None).await?;
        let Some(due) = due else {
            return Ok(());
        };
        let held = self.held(&end.status).to_owned();
        if !self.set_status(&end.key.id, &held, &due).await? && end.stage == Stage::Sent {
            tracing::warn!(
                "row {} was sent, but its status was changed by somebody else meanwhile",
                end.key.id
            );
        }
        Ok(())
    }

    /// Tells a log in another database what the ledger has just committed.
    async fn follow(&mut self, ends: impl Iterator<Item = &Settlement>) -> Result<()> {
        if self.log.is_none() {
            return Ok(());
        }
        for end in ends {
            if let Some(due) = self.due(end.stage, &end.status) {
                let held = self.held(&end.status).to_owned();
                match self.set_status(&end.key.id, &held, &due).await {
                    Ok(_) => self.learnt(&end.key).await?,
                    Err(error) => tracing::warn!("row {}: the log cannot be told yet: {error:#}", end.key.id),
                }
            }
        }
        Ok(())
    }
}

impl Request {
    fn settlement(&self) -> Option<&Settlement> {
        match self {
            Request::Settle(end, _) => Some(end),
            Request::Claim(..) | Request::HandOver(..) => None,
        }
    }

    fn reply(self, done: Done) {
        self.reply_with(Ok(done));
    }

    /// Whoever asked may be gone; then nobody needs the answer.
    fn reply_with(self, done: Result<Done>) {
        match (self, done) {
            (Request::Claim(_, reply), Ok(Done::Claim(answer))) => drop(reply.send(Ok(*answer))),
            (Request::HandOver(_, reply), Ok(Done::HandOver(answer))) => drop(reply.send(Ok(answer))),
            (Request::Settle(_, reply), Ok(Done::Settle(answer))) => drop(reply.send(Ok(answer))),
            (Request::Claim(_, reply), Err(error)) => drop(reply.send(Err(error))),
            (Request::HandOver(_, reply), Err(error)) => drop(reply.send(Err(error))),
            (Request::Settle(_, reply), Err(error)) => drop(reply.send(Err(error))),
            (_, Ok(_)) => unreachable!("each request is served by its own kind"),
        }
    }
}
