//! The bytes between this end and the server: written in one go, read in bounds, every wait with an end.
//!
//! What goes wrong here is a `WireError`; the caller knows at which step, and makes a `SendFailure` of it.

use std::io;
use std::time::Duration;

use futures_util::FutureExt;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::time::timeout;
use tracing::debug;

use super::reply::{Assembler, NoReply};
use crate::model::Stage;
use crate::resend::transport::{FailureKind, Reply, SendFailure};
use crate::secret::Veil;

/// A TCP connection, with or without TLS around it.
pub trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

/// One end of an SMTP dialogue.
pub struct SmtpWire {
    stream: Box<dyn Stream>,
    /// Read and not yet used; at most one read's worth.
    inbox: Vec<u8>,
    /// Over all that the server says.
    veil: Veil,
}

/// What can go wrong on the wire.
#[derive(Debug)]
pub enum WireError {
    /// The server closed the connection.
    Closed,
    /// The connection broke.
    Broken(io::Error),
    /// Nothing happened for this long.
    TimedOut(Duration),
    /// What came is no reply.
    Garbled(String),
}

/// How long to wait for words that may be there already.
const AT_ONCE: Duration = Duration::from_secs(1);

/// The most that is read in one go.
const READ: usize = 4096;

impl SmtpWire {
    pub fn over(stream: Box<dyn Stream>, veil: Veil) -> SmtpWire {
        SmtpWire { stream, inbox: Vec::new(), veil }
    }

    /// Sends commands; `shown` is what the log sees of them.
    pub async fn say(&mut self, commands: &str, shown: &str, limit: Duration) -> Result<(), WireError> {
        for line in shown.lines() {
            debug!("C: {line}");
        }
        self.put(commands.as_bytes(), limit).await?;
        self.flush(limit).await
    }

    /// Gives bytes to the stream. An error means that it did not take all of them: TCP and TLS keep the order, so that the
    /// server cannot have the last one either.
    pub async fn put(&mut self, bytes: &[u8], limit: Duration) -> Result<(), WireError> {
        within(limit, self.stream.write_all(bytes)).await
    }

    /// Waits until everything taken has left; after an error nobody knows how much did.
    pub async fn flush(&mut self, limit: Duration) -> Result<(), WireError> {
        within(limit, self.stream.flush()).await
    }

    /// The next reply.
    pub async fn reply(&mut self, limit: Duration) -> Result<Reply, WireError> {
        let reply = timeout(limit, self.assemble()).await.map_err(|_| WireError::TimedOut(limit))??;
        debug!("S: {reply}");
        Ok(reply)
    }

    /// A reply that is already on its way, though nobody asked.
    pub async fn unasked(&mut self) -> Result<Option<Reply>, WireError> {
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
    pub async fn last_words(&mut self) -> Result<Reply, WireError> {
        self.reply(AT_ONCE).await
    }

    async fn assemble(&mut self) -> Result<Reply, WireError> {
        let mut assembler = Assembler::default();
        loop {
            let (used, done) = assembler.push(&self.inbox);
            self.inbox.drain(..used);
            match done {
                Some(Ok(reply)) => {
                    return Ok(Reply { text: self.veil.apply(&reply.text).into_owned(), ..reply });
                }
                Some(Err(NoReply(seen))) => {
                    return Err(WireError::Garbled(self.veil.apply(&seen).into_owned()));
                }
                None => self.read().await?,
            }
        }
    }

    async fn read(&mut self) -> Result<(), WireError> {
        let mut bytes = [0; READ];
        match self.stream.read(&mut bytes).await? {
            0 => Err(WireError::Closed),
            read => {
                self.inbox.extend_from_slice(&bytes[..read]);
                Ok(())
            }
        }
    }

    /// The stream itself, to put TLS around it.
    ///
    /// Bytes that came before are refused: they were not encrypted, and would be read as if they had been.
    pub fn into_stream(self) -> Result<Box<dyn Stream>, WireError> {
        if self.inbox.is_empty() {
            return Ok(self.stream);
        }
        let seen: String = String::from_utf8_lossy(&self.inbox).chars().take(80).collect();
        Err(WireError::Garbled(format!("{seen:?} in the clear before TLS")))
    }

    /// Ends the connection from this side.
    pub async fn close(mut self, limit: Duration) {
        let _ = within(limit, self.stream.shutdown()).await;
    }
}

async fn within<T>(limit: Duration, work: impl Future<Output = io::Result<T>>) -> Result<T, WireError> {
    Ok(timeout(limit, work).await.map_err(|_| WireError::TimedOut(limit))??)
}

impl From<io::Error> for WireError {
    fn from(error: io::Error) -> Self {
        // TLS reports a connection that ends without farewell as an error
        if error.kind() == io::ErrorKind::UnexpectedEof {
            WireError::Closed
        } else {
            WireError::Broken(error)
        }
    }
}

impl WireError {
    /// The failure of a step; `place` says where it was, as in "after MAIL FROM".
    pub fn at(&self, stage: Stage, place: &str) -> SendFailure {
        let (kind, what, detail) = match self {
            WireError::Closed => (FailureKind::Network, "connection closed", String::new()),
            WireError::Broken(error) => (FailureKind::Network, "connection lost", format!(": {error}")),
            WireError::TimedOut(limit) => (
                FailureKind::TimedOut,
                "timed out",
                format!(": no answer within {}", humantime::format_duration(*limit)),
            ),
            WireError::Garbled(seen) => (FailureKind::Garbled, "garbled reply", format!(": {seen}")),
        };
        SendFailure::new(stage, kind, &format!("{what} {place}{detail}"))
    }
}

/// The failure of a step that the server answered with something else than asked for. A refusal leaves the connection
/// usable, but for 421, by which the server takes leave (RFC 5321, 3.8).
pub fn refused(stage: Stage, place: &str, reply: Reply) -> SendFailure {
    if !reply.is_refusal() {
        return WireError::Garbled(format!("unexpected {reply}")).at(stage, place);
    }
    SendFailure {
        connection_is_usable: reply.code != 421,
        ..SendFailure::new(stage, FailureKind::Refused, &format!("{place}: {reply}"))
    }
    .with(reply)
}

impl SendFailure {
    fn with(mut self, reply: Reply) -> SendFailure {
        self.reply = Some(reply);
        self
    }
}
