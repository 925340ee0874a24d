//! What an answer means for the engine: the fields of the failure decide where they can, the classifier where words do.

use std::time::Duration;

use crate::model::{Class, DAY, Disposition, Enhanced, Millis, Stage, millis};
use crate::reply::{Classifier, fingerprint};
use crate::resend::engine::{AttemptOutcome, CapScope};
use crate::resend::selection::Hold;
use crate::resend::transport::{Accepted, FailureKind, SendFailure};

/// What became of an attempt to send a message or to open a connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempted {
    /// For the engine.
    pub outcome: AttemptOutcome,
    /// The reply code.
    pub reply: Option<u16>,
    /// The enhanced code.
    pub enhanced: Option<Enhanced>,
    /// What kind of trouble; none where there was none.
    pub class: Option<Class>,
    /// At which step.
    pub stage: Option<Stage>,
    /// For a person.
    pub text: Option<String>,
    /// The Message-ID, once there was a message.
    pub message_id: Option<String>,
    /// The address it goes out from in small letters, likewise.
    pub sender: String,
}

impl Attempted {
    /// The fingerprint of a refusal for good that may be about the account, the host or the config: not one that speaks of this
    /// recipient or this message.
    pub fn suspicion(&self) -> Option<String> {
        let text = self
            .text
            .as_deref()
            .filter(|_| self.outcome == AttemptOutcome::Never && !self.is_about_the_row())?;
        Some(fingerprint(text).hash)
    }

    fn is_about_the_row(&self) -> bool {
        // neither recipient nor content has been named before the answer to MAIL
        if self.stage == Some(Stage::Mail) {
            return false;
        }
        // the middle of an enhanced code (RFC 3463): 3 the mail system, 5 the protocol, 7 what is allowed
        let subject = self.enhanced.map(|enhanced| enhanced.subject);
        match self.class {
            Some(Class::Recipient) => subject != Some(7) && self.reply != Some(521),
            Some(Class::MailboxFull) => self.stage == Some(Stage::Rcpt),
            // commands and parameters that the server does not know, or not at this point (RFC 5321, 4.2.2)
            Some(Class::Message) => {
                !matches!(self.reply, Some(500..=504 | 521 | 555)) && !matches!(subject, Some(3 | 5))
            }
            _ => false,
        }
    }

    /// Whether nothing of this account will go.
    pub fn ends_the_run(&self) -> bool {
        matches!(self.outcome, AttemptOutcome::Stop | AttemptOutcome::Never)
    }
}

/// A message that could not be built, which a person may fix.
pub fn held(hold: &Hold) -> Attempted {
    without_reply(AttemptOutcome::Held, Some(hold.to_string()))
}

/// A message that was accepted.
pub fn accepted(accepted: &Accepted) -> Attempted {
    let reply = &accepted.reply;
    Attempted {
        reply: Some(reply.code),
        enhanced: reply.enhanced(),
        ..without_reply(AttemptOutcome::Delivered, Some(reply.to_string()))
    }
}

fn without_reply(outcome: AttemptOutcome, text: Option<String>) -> Attempted {
    Attempted {
        outcome,
        reply: None,
        enhanced: None,
        class: None,
        stage: None,
        text,
        message_id: None,
        sender: String::new(),
    }
}

/// Judges a failure.
pub fn failure(classifier: &Classifier, failure: &SendFailure, now: Millis) -> Attempted {
    let reading = classifier.read(&failure.message);
    let code = failure.reply.as_ref().map(|reply| reply.code);
    let outcome = match failure.kind {
        _ if failure.may_have_been_accepted => AttemptOutcome::Doubt,
        // a server that does not greet back is met by another connection
        FailureKind::Refused if failure.stage == Stage::Ehlo && code.is_some_and(|code| code >= 500) => {
            AttemptOutcome::Retry { retry_after: None }
        }
        FailureKind::Refused => {
            let retry_after = reading.retry_after.map(|wait| millis(Duration::from_secs(wait.as_secs())));
            refused(reading.class, reading.disposition, code, retry_after, now)
        }
        FailureKind::Unsupported if failure.stage == Stage::Mail => AttemptOutcome::Held,
        FailureKind::Unsupported => AttemptOutcome::Stop,
        FailureKind::Tls => AttemptOutcome::Stop,
        FailureKind::Network | FailureKind::TimedOut | FailureKind::Garbled | FailureKind::TakenBack => {
            AttemptOutcome::Lost
        }
    };
    Attempted {
        reply: code,
        enhanced: failure.reply.as_ref().and_then(|reply| reply.enhanced()).or(reading.enhanced),
        class: Some(reading.class),
        stage: Some(failure.stage),
        ..without_reply(outcome, Some(failure.message.clone()))
    }
}

/// A complete no of the server's: its words say what may be done, its first digit where they say nothing.
fn refused(
    class: Class,
    disposition: Disposition,
    code: Option<u16>,
    retry_after: Option<Millis>,
    now: Millis,
) -> AttemptOutcome {
    let is_temporary = code.is_some_and(|code| code < 500);
    match disposition {
        Disposition::Stop => AttemptOutcome::Stop,
        Disposition::Wait => {
            let scope = if class == Class::Quota { CapScope::Account } else { CapScope::Row };
            AttemptOutcome::Wait { until: now + retry_after.unwrap_or(DAY), scope }
        }
        Disposition::Retry if matches!(class, Class::ThrottleConcurrency | Class::ThrottleRate) => {
            AttemptOutcome::Throttled { retry_after }
        }
        Disposition::Retry => AttemptOutcome::Retry { retry_after },
        Disposition::Never | Disposition::Doubt if is_temporary => AttemptOutcome::Retry { retry_after },
        Disposition::Never | Disposition::Doubt => AttemptOutcome::Never,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resend::transport::Reply;

    const NOW: Millis = 1_795_159_800_000;

    fn judged(stage: Stage, kind: FailureKind, reply: Option<(u16, &str)>) -> AttemptOutcome {
        let classifier = Classifier::built_in();
        let reply = reply.map(|(code, text)| Reply { code, text: text.to_owned() });
        let message = reply.as_ref().map_or_else(|| "connection reset".to_owned(), ToString::to_string);
        let failed = SendFailure { reply, ..SendFailure::new(stage, kind, &message) };
        failure(&classifier, &failed, NOW).outcome
    }

    #[test]
    fn a_refusal_means_what_its_words_say() {
        let refused = |code, text| judged(Stage::Dot, FailureKind::Refused, Some((code, text)));
        assert_eq!(
            refused(432, "4.3.2 Concurrent connections limit exceeded"),
            AttemptOutcome::Throttled { retry_after: None }
        );
        assert_eq!(
            refused(554, "5.2.0 STOREDRV.Submission.Exception:SubmissionQuotaExceededException"),
            AttemptOutcome::Wait { until: NOW + DAY, scope: CapScope::Account }
        );
        assert_eq!(refused(550, "5.1.1 User unknown"), AttemptOutcome::Never);
        assert_eq!(refused(550, "5.7.30 Basic authentication is not supported"), AttemptOutcome::Stop);
        assert_eq!(refused(451, "something odd"), AttemptOutcome::Retry { retry_after: None });
    }

    #[test]
    fn a_broken_connection_is_no_refusal_and_a_lost_answer_is_a_doubt() {
        assert_eq!(judged(Stage::Mail, FailureKind::Network, None), AttemptOutcome::Lost);
        assert_eq!(judged(Stage::Connect, FailureKind::TimedOut, None), AttemptOutcome::Lost);
        let lost = SendFailure {
            may_have_been_accepted: true,
            ..SendFailure::new(Stage::Dot, FailureKind::TimedOut, "no reply")
        };
        assert_eq!(failure(&Classifier::built_in(), &lost, NOW).outcome, AttemptOutcome::Doubt);
    }
}
