//! The bytes between this end and the server: written in one go, read in bounds, every wait with an end.
//!
//! What goes wrong here is a `Trouble`; the caller knows at which step, and makes a `Failure` of it.

use std::io;
use std::time::Duration;

use futures_util::FutureExt;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::time::timeout;
use tracing::debug;

use super::reply::{Assembler, NoReply};
use crate::model::Stage;
use crate::resend::transport::{Failure, Kind, Reply};
use crate::secret::Veil;

/// A TCP connection, with or without TLS around it.
pub trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

/// One end of an SMTP dialogue.
pub struct Wire {
    stream: Box<dyn Stream>,
    /// Read and not yet used; at most one read's worth.
    inbox: Vec<u8>,
    /// Over all that the server says.
    veil: Veil,
}

/// What can go wrong on the wire.
#[derive(Debug)]
pub enum Trouble {
    /// The server closed the connection.
    Closed,
    /// The connection broke.
    Broken(io::Error),
    /// Nothing happened for so long.
    TimedOut(Duration),
    /// What came is no reply.
    Garbled(String),
}

/// How long to wait for words that may be there already.
const AT_ONCE: Duration = Duration::from_secs(1);

/// The most that is read in one go.
const READ: usize = 4096;

impl Wire {
    pub fn over(stream: Box<dyn Stream>, veil: Veil) -> Wire {
        Wire { stream, inbox: Vec::new(), veil }
    }

    /// Sends commands; `shown` is what the log sees of them.
    pub async fn say(&mut self, commands: &str, shown: &str, limit: Duration) -> Result<(), Trouble> {
        for line in shown.lines() {
            debug!("C: {line}");
        }
        self.put(commands.as_bytes(), limit).await?;
        self.flush(limit).await
    }

    /// Gives bytes to the stream. An error means that it did not take all of them: TCP and TLS keep the order, so that the
    /// server cannot have the last one either.
    pub async fn put(&mut self, bytes: &[u8], limit: Duration) -> Result<(), Trouble> {
        within(limit, self.stream.write_all(bytes)).await
    }

    /// Waits until everything taken has left; after an error nobody knows how much did.
    pub async fn flush(&mut self, limit: Duration) -> Result<(), Trouble> {
        within(limit, self.stream.flush()).await
    }

    /// The next reply.
    pub async fn reply(&mut self, limit: Duration) -> Result<Reply, Trouble> {
        let reply = timeout(limit, self.assemble()).await.map_err(|_| Trouble::TimedOut(limit))??;
        debug!("S: {reply}");
        Ok(reply)
    }

    /// A reply that is already on its way, though nobody asked.
    pub async fn unasked(&mut self) -> Result<Option<Reply>, Trouble> {
        // the runtime learns only when the task rests that something came
        tokio::task::yield_now().await;
        if self.inbox.is_empty() {
            match self.read().now_or_never() {
                None => return Ok(None),
                Some(read) => read?,
            }
        }
        self.last_words().await.map(Some)
    }

    /// What the server had to say before it hung up.
    pub async fn last_words(&mut self) -> Result<Reply, Trouble> {
        self.reply(AT_ONCE).await
    }

    async fn assemble(&mut self) -> Result<Reply, Trouble> {
        let mut assembler = Assembler::default();
        loop {
            let (used, done) = assembler.push(&self.inbox);
            self.inbox.drain(..used);
            match done {
                Some(Ok(reply)) => {
                    return Ok(Reply { text: self.veil.apply(&reply.text).into_owned(), ..reply });
                }
                Some(Err(NoReply(seen))) => {
                    return Err(Trouble::Garbled(self.veil.apply(&seen).into_owned()));
                }
                None => self.read().await?,
            }
        }
    }

    async fn read(&mut self) -> Result<(), Trouble> {
        let mut bytes = [0; READ];
        match self.stream.read(&mut bytes).await? {
            0 => Err(Trouble::Closed),
            read => {
                self.inbox.extend_from_slice(&bytes[..read]);
                Ok(())
            }
        }
    }

    /// The stream itself, to put TLS around it.
    ///
    /// Bytes that came before are refused: they were not encrypted, and would be read as if they had been.
    pub fn into_stream(self) -> Result<Box<dyn Stream>, Trouble> {
        if self.inbox.is_empty() {
            return Ok(self.stream);
        }
        let seen: String = String::from_utf8_lossy(&self.inbox).chars().take(80).collect();
        Err(Trouble::Garbled(format!("{seen:?} in the clear before TLS")))
    }

    /// Ends the connection from this side.
    pub async fn close(mut self, limit: Duration) {
        let _ = within(limit, self.stream.shutdown()).await;
    }
}

async fn within<T>(limit: Duration, work: impl Future<Output = io::Result<T>>) -> Result<T, Trouble> {
    Ok(timeout(limit, work).await.map_err(|_| Trouble::TimedOut(limit))??)
}

impl From<io::Error> for Trouble {
    fn from(error: io::Error) -> Self {
        // TLS reports a connection that ends without farewell as an error
        if error.kind() == io::ErrorKind::UnexpectedEof { Trouble::Closed } else { Trouble::Broken(error) }
    }
}

impl Trouble {
    /// The failure of a step; `place` says where it was, as in "after MAIL FROM".
    pub fn at(&self, stage: Stage, place: &str) -> Failure {
        let (kind, what, detail) = match self {
            Trouble::Closed => (Kind::Network, "connection closed", String::new()),
            Trouble::Broken(error) => (Kind::Network, "connection lost", format!(": {error}")),
            Trouble::TimedOut(limit) => (
                Kind::TimedOut,
                "timed out",
                format!(": no answer within {}", humantime::format_duration(*limit)),
            ),
            Trouble::Garbled(seen) => (Kind::Garbled, "garbled reply", format!(": {seen}")),
        };
        Failure::new(stage, kind, &format!("{what} {place}{detail}"))
    }
}

/// The failure of a step that the server answered with something else than asked for. A refusal leaves the connection
/// usable, but for 421, by which the server takes leave (RFC 5321, 3.8).
pub fn refused(stage: Stage, place: &str, reply: Reply) -> Failure {
    if !reply.is_refusal() {
        return Trouble::Garbled(format!("unexpected {reply}")).at(stage, place);
    }
    Failure {
        connection_is_usable: reply.code != 421,
        ..Failure::new(stage, Kind::Refused, &format!("{place}: {reply}"))
    }
    .with(reply)
}

impl Failure {
    fn with(mut self, reply: Reply) -> Failure {
        self.reply = Some(reply);
        self
    }
}
