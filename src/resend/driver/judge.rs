//! What an answer means for the engine: the fields of the failure decide where they can, the classifier where words do.

use crate::model::{Class, Disposition, Enhanced, Millis, Stage};
use crate::reply::{Classifier, fingerprint};
use crate::resend::engine::{CapScope, Outcome};
use crate::resend::selection::Hold;
use crate::resend::transport::{Accepted, FailureKind, SendFailure};

const DAY: Millis = 86_400_000;

/// A mail that was taken back before it was handed over goes back as it was.
pub const TAKEN_BACK: Outcome = Outcome::Lost;

/// What came of trying to send a message.
#[derive(Debug)]
pub enum Answered {
    /// It could not be built, which somebody may mend.
    Held(Hold),
    /// The server, or the connection to it, answered.
    Server(Result<Accepted, SendFailure>),
}

/// What it means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judged {
    /// For the engine.
    pub outcome: Outcome,
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
}

impl Judged {
    /// The fingerprint of a refusal for good that may be about the account, the host or the config: not one that speaks of this
    /// recipient or this message.
    pub fn suspicion(&self) -> Option<String> {
        let text =
            self.text.as_deref().filter(|_| self.outcome == Outcome::Never && !self.is_about_the_row())?;
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
        matches!(self.outcome, Outcome::Stop | Outcome::Never)
    }
}

/// Judges what came of a message.
pub fn answered(classifier: &Classifier, answered: &Answered, now: Millis) -> Judged {
    match answered {
        Answered::Held(hold) => Judged {
            outcome: Outcome::Held,
            reply: None,
            enhanced: None,
            class: None,
            stage: None,
            text: Some(hold.to_string()),
        },
        Answered::Server(Ok(accepted)) => Judged {
            outcome: Outcome::Delivered,
            reply: Some(accepted.reply.code),
            enhanced: accepted.reply.enhanced(),
            class: None,
            stage: None,
            text: Some(accepted.reply.to_string()),
        },
        Answered::Server(Err(failure)) => self::failure(classifier, failure, now),
    }
}

/// Judges a failure.
pub fn failure(classifier: &Classifier, failure: &SendFailure, now: Millis) -> Judged {
    let reading = classifier.read(&failure.message);
    let code = failure.reply.as_ref().map(|reply| reply.code);
    let outcome = match failure.kind {
        _ if failure.may_have_been_accepted => Outcome::Doubt,
        // a server that does not greet back is met by another connection
        FailureKind::Refused if failure.stage == Stage::Ehlo && code.is_some_and(|code| code >= 500) => {
            Outcome::Retry { retry_after: None }
        }
        FailureKind::Refused => {
            let retry_after = reading.retry_after.map(|wait| millis(wait.as_secs() * 1000));
            refused(reading.class, reading.disposition, code, retry_after, now)
        }
        FailureKind::Unsupported if failure.stage == Stage::Mail => Outcome::Held,
        FailureKind::Unsupported => Outcome::Stop,
        FailureKind::Tls => Outcome::Stop,
        FailureKind::Network | FailureKind::TimedOut | FailureKind::Garbled | FailureKind::TakenBack => {
            Outcome::Lost
        }
    };
    Judged {
        outcome,
        reply: code,
        enhanced: failure.reply.as_ref().and_then(|reply| reply.enhanced()).or(reading.enhanced),
        class: Some(reading.class),
        stage: Some(failure.stage),
        text: Some(failure.message.clone()),
    }
}

/// A complete no of the server's: its words say what may be done, its first digit where they say nothing.
fn refused(
    class: Class,
    disposition: Disposition,
    code: Option<u16>,
    retry_after: Option<Millis>,
    now: Millis,
) -> Outcome {
    let is_temporary = code.is_some_and(|code| code < 500);
    match disposition {
        Disposition::Stop => Outcome::Stop,
        Disposition::Wait => {
            let scope = if class == Class::Quota { CapScope::Account } else { CapScope::Row };
            Outcome::Wait { until: now + retry_after.unwrap_or(DAY), scope }
        }
        Disposition::Retry if matches!(class, Class::ThrottleConcurrency | Class::ThrottleRate) => {
            Outcome::Throttled { retry_after }
        }
        Disposition::Retry => Outcome::Retry { retry_after },
        Disposition::Never | Disposition::Doubt if is_temporary => Outcome::Retry { retry_after },
        Disposition::Never | Disposition::Doubt => Outcome::Never,
    }
}

fn millis(wait: u64) -> Millis {
    Millis::try_from(wait).unwrap_or(Millis::MAX / 4)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resend::transport::Reply;

    const NOW: Millis = 1_795_159_800_000;

    fn judged(stage: Stage, kind: FailureKind, reply: Option<(u16, &str)>) -> Outcome {
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
            Outcome::Throttled { retry_after: None }
        );
        assert_eq!(
            refused(554, "5.2.0 STOREDRV.Submission.Exception:SubmissionQuotaExceededException"),
            Outcome::Wait { until: NOW + DAY, scope: CapScope::Account }
        );
        assert_eq!(refused(550, "5.1.1 User unknown"), Outcome::Never);
        assert_eq!(refused(550, "5.7.30 Basic authentication is not supported"), Outcome::Stop);
        assert_eq!(refused(451, "something odd"), Outcome::Retry { retry_after: None });
    }

    #[test]
    fn a_broken_connection_is_no_refusal_and_a_lost_answer_is_a_doubt() {
        assert_eq!(judged(Stage::Mail, FailureKind::Network, None), Outcome::Lost);
        assert_eq!(judged(Stage::Connect, FailureKind::TimedOut, None), Outcome::Lost);
        let lost = SendFailure {
            may_have_been_accepted: true,
            ..SendFailure::new(Stage::Dot, FailureKind::TimedOut, "no reply")
        };
        assert_eq!(failure(&Classifier::built_in(), &lost, NOW).outcome, Outcome::Doubt);
    }
}
