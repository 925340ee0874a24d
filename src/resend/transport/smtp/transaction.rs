//! One message over an open connection: MAIL, RCPT, DATA, the content, the final dot (RFC 5321, 3.3).
//!
//! A message is offered first and delivered second, so that the caller can write down in between that the content is about
//! to go out. Before the content has left completely a failure means that the server cannot have the message; after that,
//! only its reply shows. With several recipients it is all or none: one refused and the content stays here.

use tokio::time::Instant;
use tracing::debug;

use super::content::{self, ContentPieces};
use super::wire::{SmtpWire, WireError, refused};
use super::{Capabilities, Timeouts};
use crate::model::Stage;
use crate::resend::message::{Envelope, Message};
use crate::resend::transport::{Accepted, FailureKind, Mailer, Reply, SendFailure};

mod step;

use step::SmtpCommand;

/// A connection on which messages can be sent, one after the other.
pub struct SmtpConnection {
    wire: SmtpWire,
    timeouts: Timeouts,
    capabilities: Capabilities,
    state: DialogueState,
    sent: u64,
    resets: u32,
    opened_at: Instant,
    last_used: Instant,
}

/// What may be said next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum DialogueState {
    /// A new transaction.
    Idle,
    /// RSET, then a new transaction: the last one was refused halfway.
    OwesReset,
    /// Nothing that could be relied on: something is under way, was given up, or went wrong.
    Over,
}

/// The content is written in pieces of this size; a usual message is one.
const PIECE: usize = 64 * 1024;

/// So many times a connection is used on after a transaction that RSET ended: Exim hangs up on the eleventh command that is part
/// of no mail (`smtp_accept_max_nonmail`, 10 by default), and drops the mail it would have begun.
const MOST_RESETS: u32 = 8;

const AFTER_DOT: &str = "after the final dot";

impl SmtpConnection {
    pub(super) fn over(wire: SmtpWire, capabilities: Capabilities, timeouts: Timeouts) -> SmtpConnection {
        let now = Instant::now();
        SmtpConnection {
            wire,
            timeouts,
            capabilities,
            state: DialogueState::Idle,
            sent: 0,
            resets: 0,
            opened_at: now,
            last_used: now,
        }
    }

    /// What the server can do.
    pub fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    /// How many messages it has taken over this connection.
    pub fn sent(&self) -> u64 {
        self.sent
    }

    /// When the connection was ready for the first message.
    pub fn opened_at(&self) -> Instant {
        self.opened_at
    }

    /// When the last message was settled.
    pub fn last_used(&self) -> Instant {
        self.last_used
    }

    /// Whether another message may be offered.
    pub fn is_usable(&self) -> bool {
        self.state != DialogueState::Over
    }

    /// Says who sends to whom, up to the server's readiness for the content.
    ///
    /// If the offer is dropped without being delivered, the connection is over: SMTP has no way back from there.
    ///
    /// # Errors
    /// Says which command was refused or lost, and for RCPT which address; nothing was handed over.
    pub async fn offer<'c, 'm>(&'c mut self, message: &'m Message) -> Result<Ready<'c, 'm>, SendFailure> {
        if self.state == DialogueState::Over {
            return Err(SendFailure::new(
                Stage::Mail,
                FailureKind::Network,
                "connection closed when sending MAIL FROM",
            ));
        }
        self.check(message)?;
        let owes_reset = std::mem::replace(&mut self.state, DialogueState::Over) == DialogueState::OwesReset;
        self.hears_nothing(Stage::Mail, "when sending MAIL FROM").await?;
        for group in self.groups(message, owes_reset) {
            if let Err(failure) = self.run(&group).await {
                return Err(self.after_refusal(failure));
            }
        }
        Ok(Ready { connection: self, message })
    }

    /// What is to be done before the next message: a refused MAIL has begun no transaction, and a server that has taken many a
    /// RSET is left for a new connection.
    fn after_refusal(&mut self, failure: SendFailure) -> SendFailure {
        if !failure.connection_is_usable {
            return failure;
        }
        if failure.stage == Stage::Mail {
            self.state = DialogueState::Idle;
            return failure;
        }
        self.resets += 1;
        if self.resets > MOST_RESETS {
            return failure.and_over();
        }
        self.state = DialogueState::OwesReset;
        failure
    }

    /// What this end knows before it asks: that the server takes no such message.
    fn check(&self, message: &Message) -> Result<(), SendFailure> {
        let Envelope { sender, recipients, needs_smtputf8, .. } = &message.envelope;
        let mut addresses = std::iter::once(sender).chain(recipients);
        let unfit = |c: char| c.is_control() || matches!(c, '<' | '>');
        let size = content::size(&message.bytes) as u64;
        let problem = if let Some(address) = addresses.find(|address| address.contains(unfit)) {
            format!("the address {address:?} cannot be written in SMTP")
        } else if recipients.is_empty() {
            "there is no recipient".to_owned()
        } else if let Some(most) = self.capabilities.size.filter(|most| size > *most) {
            format!("the message has {size} bytes, the server takes {most}")
        } else if *needs_smtputf8 && !self.capabilities.smtputf8 {
            "an address has characters beyond ASCII and the server does not offer SMTPUTF8".to_owned()
        } else {
            return Ok(());
        };
        let failure =
            SendFailure::new(Stage::Mail, FailureKind::Unsupported, &format!("not sent: {problem}"));
        Err(SendFailure { connection_is_usable: true, ..failure })
    }

    /// The server keeps silent when it is its turn to listen. What it says then is a farewell, or a reply that would be
    /// taken for that to the next command.
    async fn hears_nothing(&mut self, stage: Stage, place: &str) -> Result<(), SendFailure> {
        match self.wire.unasked().await {
            Ok(None) => Ok(()),
            Ok(Some(reply)) => Err(refused(stage, place, reply).and_over()),
            Err(trouble) => Err(trouble.at(stage, place)),
        }
    }

    /// The commands, in groups that go out together. DATA waits for its own turn where one of several recipients could be
    /// refused and the others not.
    fn groups(&self, message: &Message, owes_reset: bool) -> Vec<Vec<SmtpCommand>> {
        let mut steps = step::all(message, &self.capabilities, &self.timeouts, owes_reset);
        if !self.capabilities.pipelining {
            return steps.into_iter().map(|step| vec![step]).collect();
        }
        let alone = (message.envelope.recipients.len() > 1).then(|| steps.split_off(steps.len() - 1));
        let mut groups: Vec<Vec<SmtpCommand>> =
            steps.chunks(step::GROUP).map(<[SmtpCommand]>::to_vec).collect();
        groups.extend(alone);
        groups
    }

    /// Sends a group and reads its replies; the first refusal is the result.
    async fn run(&mut self, group: &[SmtpCommand]) -> Result<(), SendFailure> {
        let text: String = group.iter().map(|step| step.line.as_str()).collect();
        let first = &group[0];
        self.wire.say(&text, &text, first.limit).await.map_err(|trouble| first.lost(&trouble))?;
        let mut refusal: Option<SendFailure> = None;
        let mut recipients = 0;
        for step in group {
            let reply = match self.wire.reply(step.limit).await {
                Ok(reply) => reply,
                Err(trouble) => return Err(refusal.unwrap_or_else(|| step.lost(&trouble)).and_over()),
            };
            if !step.is_taken_by(&reply) {
                let failure = step.refused(reply);
                let is_over = !failure.connection_is_usable;
                let first = refusal.unwrap_or(failure);
                if is_over {
                    return Err(first.and_over());
                }
                refusal = Some(first);
            } else if step.stage == Stage::Rcpt {
                recipients += 1;
            } else if step.stage == Stage::Data
                && let Some(refusal) = refusal
            {
                return Err(self.end_empty(refusal, recipients).await);
            }
        }
        refusal.map_or(Ok(()), Err)
    }

    /// The server waits for content though it refused the sender or the recipient (RFC 2920, 3.1). An empty message for
    /// nobody ends that; if a recipient was accepted, it would be delivered, and only hanging up helps.
    async fn end_empty(&mut self, refusal: SendFailure, recipients: usize) -> SendFailure {
        let ended = recipients == 0
            && self.wire.say(".\r\n", ".", self.timeouts.data).await.is_ok()
            && self.wire.reply(self.timeouts.dot).await.is_ok_and(|reply| reply.code != 421);
        SendFailure { connection_is_usable: ended, ..refusal }
    }

    /// Gives up a transaction, or makes sure that the connection still works.
    ///
    /// # Errors
    /// Says what happened to the connection, which is then over.
    pub async fn reset(&mut self) -> Result<(), SendFailure> {
        if self.state == DialogueState::Over {
            return Err(SendFailure::new(
                Stage::Mail,
                FailureKind::Network,
                "connection closed when sending RSET",
            ));
        }
        self.state = DialogueState::Over;
        self.hears_nothing(Stage::Mail, "when sending RSET").await?;
        self.run(&[step::reset(&self.timeouts)]).await?;
        self.state = DialogueState::Idle;
        Ok(())
    }

    /// Takes leave. The server's answer changes nothing and is waited for only briefly.
    pub async fn quit(mut self) {
        let limit = self.timeouts.quit;
        if self.is_usable() && self.wire.say("QUIT\r\n", "QUIT", limit).await.is_ok() {
            let _ = self.wire.reply(limit).await;
            self.wire.close(limit).await;
        }
    }

    /// Writes the content; from its last byte on the message is in doubt.
    async fn write(
        &mut self,
        bytes: &[u8],
        confirm: impl Future<Output = Result<(), String>>,
    ) -> Result<(), SendFailure> {
        debug!("C: ({} bytes of content)", bytes.len());
        let (began, mut confirm) = (Instant::now(), Some(confirm));
        let mut content = ContentPieces::of(bytes);
        let mut piece = Vec::with_capacity(PIECE);
        while content.fill(&mut piece) {
            let is_late = content.is_given_out() && began.elapsed() >= self.timeouts.confirm;
            if let Some(confirm) = confirm.take_if(|_| is_late) {
                confirm.await.map_err(|reason| taken_back(&reason))?;
            }
            if let Err(trouble) = self.wire.put(&piece, self.timeouts.block).await {
                return Err(self.cut_off(&trouble).await);
            }
        }
        self.wire.flush(self.timeouts.block).await.map_err(|trouble| doubt(&trouble))
    }

    /// The server did not take the content to its end; it may have said why before it hung up.
    async fn cut_off(&mut self, trouble: &WireError) -> SendFailure {
        match self.wire.last_words().await {
            Ok(reply) if reply.is_refusal() => {
                refused(Stage::Data, "after DATA, within the content", reply).and_over()
            }
            _ => trouble.at(Stage::Data, "after DATA"),
        }
    }

    fn settle(&mut self, reply: Reply) -> Result<Accepted, SendFailure> {
        self.last_used = Instant::now();
        match reply.code {
            200..=299 => {
                self.sent += 1;
                self.state = DialogueState::Idle;
                Ok(Accepted { reply })
            }
            400..=599 => {
                // the end of the content ends the transaction, whatever the answer (RFC 5321, 4.1.1.4)
                let failure = refused(Stage::Dot, AFTER_DOT, reply);
                if failure.connection_is_usable {
                    self.state = DialogueState::Idle;
                }
                Err(failure)
            }
            _ => Err(doubt(&WireError::Garbled(format!("unexpected {reply}")))),
        }
    }
}

fn taken_back(reason: &str) -> SendFailure {
    SendFailure::new(Stage::Data, FailureKind::TakenBack, reason)
}

/// The content was handed over and no answer came to it.
fn doubt(trouble: &WireError) -> SendFailure {
    let failure = trouble.at(Stage::Dot, AFTER_DOT);
    let message =
        format!("{}; it may have been accepted (possible duplicate if sent again)", failure.message);
    SendFailure { message, may_have_been_accepted: true, ..failure }
}

/// The server waits for the content.
#[must_use = "an offer that is not delivered ends the connection"]
pub struct Ready<'c, 'm> {
    connection: &'c mut SmtpConnection,
    message: &'m Message,
}

impl Ready<'_, '_> {
    /// Hands over the content and waits for the server's word on it.
    ///
    /// # Errors
    /// A refusal is a clear no. Where no reply came after the final dot, `may_have_been_accepted` is set.
    pub async fn deliver(self) -> Result<Accepted, SendFailure> {
        self.deliver_if(async { Ok(()) }).await
    }

    /// The same, if `confirm` allows the last piece of a content that took long.
    ///
    /// # Errors
    /// As for [`Self::deliver`]; where it was not confirmed, nothing was handed over.
    pub async fn deliver_if(
        self,
        confirm: impl Future<Output = Result<(), String>>,
    ) -> Result<Accepted, SendFailure> {
        let connection = self.connection;
        connection.hears_nothing(Stage::Data, "after DATA").await?;
        connection.write(&self.message.bytes, confirm).await?;
        let reply = connection.wire.reply(connection.timeouts.dot).await;
        connection.settle(reply.map_err(|trouble| doubt(&trouble))?)
    }
}

impl Mailer for SmtpConnection {
    async fn send(
        &mut self,
        message: &Message,
        commit: impl Future<Output = Result<(), String>> + Send,
        confirm: impl Future<Output = Result<(), String>> + Send,
    ) -> Result<Accepted, SendFailure> {
        let ready = self.offer(message).await?;
        commit.await.map_err(|reason| taken_back(&reason))?;
        ready.deliver_if(confirm).await
    }

    async fn close(self) {
        self.quit().await;
    }
}

#[cfg(test)]
mod tests;
