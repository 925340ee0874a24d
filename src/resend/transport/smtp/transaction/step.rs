//! The commands of a transaction and what is expected of each.

use std::time::Duration;

use super::super::content;
use super::super::wire::{WireError, refused};
use super::super::{Capabilities, Timeouts};
use crate::model::Stage;
use crate::resend::message::Message;
use crate::resend::transport::{FailureKind, Reply, SendFailure};

/// So many commands may go out before their replies are read: few enough that neither side's buffers are ever full with
/// both waiting for each other (RFC 2920, 3.1).
pub const GROUP: usize = 50;

/// One command.
#[derive(Debug, Clone)]
pub struct SmtpCommand {
    pub stage: Stage,
    /// With its line end.
    pub line: String,
    /// How long to wait for the reply.
    pub limit: Duration,
    /// What a failure says of where it happened.
    place: String,
}

impl SmtpCommand {
    fn new(stage: Stage, command: String, limit: Duration) -> SmtpCommand {
        let place = match stage {
            Stage::Mail if command.starts_with("MAIL") => "after MAIL FROM".to_owned(),
            _ => format!("after {command}"),
        };
        SmtpCommand { stage, line: command + "\r\n", limit, place }
    }

    /// Whether the reply is the one hoped for: 3yz for DATA, 2yz for all else.
    pub fn is_taken_by(&self, reply: &Reply) -> bool {
        reply.code / 100 == if self.stage == Stage::Data { 3 } else { 2 }
    }

    /// A server that refuses RSET says nothing of the message: the connection is over.
    pub fn refused(&self, reply: Reply) -> SendFailure {
        let is_for_good = reply.code >= 500;
        let failure = refused(self.stage, &self.place, reply);
        if !self.line.starts_with("RSET") {
            return failure;
        }
        let kind = if is_for_good { FailureKind::Network } else { failure.kind };
        SendFailure { kind, connection_is_usable: false, ..failure }
    }

    pub fn lost(&self, trouble: &WireError) -> SendFailure {
        trouble.at(self.stage, &self.place)
    }
}

pub fn reset(timeouts: &Timeouts) -> SmtpCommand {
    SmtpCommand::new(Stage::Mail, "RSET".to_owned(), timeouts.mail)
}

/// The commands for a message, DATA last.
pub fn all(
    message: &Message,
    capabilities: &Capabilities,
    timeouts: &Timeouts,
    owes_reset: bool,
) -> Vec<SmtpCommand> {
    let mail = SmtpCommand::new(Stage::Mail, mail_from(message, capabilities), timeouts.mail);
    let rcpt =
        |address: &String| SmtpCommand::new(Stage::Rcpt, format!("RCPT TO:<{address}>"), timeouts.rcpt);
    let data = SmtpCommand::new(Stage::Data, "DATA".to_owned(), timeouts.data);
    let recipients = message.envelope.recipients.iter().map(rcpt);
    owes_reset.then(|| reset(timeouts)).into_iter().chain([mail]).chain(recipients).chain([data]).collect()
}

/// MAIL with the parameters that the message needs and the server knows.
fn mail_from(message: &Message, capabilities: &Capabilities) -> String {
    let envelope = &message.envelope;
    let mut command = format!("MAIL FROM:<{}>", envelope.sender);
    if capabilities.takes_size {
        command += &format!(" SIZE={}", content::size(&message.bytes));
    }
    if envelope.has_8bit && capabilities.eight_bit_mime {
        command += " BODY=8BITMIME";
    }
    if envelope.needs_smtputf8 {
        command += " SMTPUTF8";
    }
    command
}
