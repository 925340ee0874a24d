//! One message on its way: claimed, built, handed over.

use std::sync::{Arc, OnceLock};
use std::time::Instant;

use anyhow::Error;

use super::elapsed;
use super::judge::{self, Attempted};
use crate::model::Millis;
use crate::reply::Classifier;
use crate::resend::attachments::Attachments;
use crate::resend::failpoints;
use crate::resend::ledger::{ClaimAnswer, LedgerHandle, Objection, Outgoing, Pending};
use crate::resend::message::{self, SendingOrigin, Stored};
use crate::resend::selection::Hold;
use crate::resend::transport::{FailureKind, Mailer};

/// What came of a row's turn.
pub enum Turn {
    /// The row is not to be had; nothing was sent.
    NotClaimed(Objection),
    /// The ledger could not be written; nothing was sent.
    LedgerFailed(Error),
    /// The row was taken back just before it was handed over; nothing was sent.
    TakenBack(Objection),
    /// It was tried.
    Attempted(Attempted),
}

/// What an attempt works with.
pub struct Trying<'d> {
    pub mail: Arc<Outgoing>,
    pub ledger: LedgerHandle,
    pub attachments: Arc<Attachments>,
    pub account: Option<&'d str>,
    pub run: String,
    pub attempt: u32,
    pub classifier: &'d Classifier,
    pub now: Millis,
}

impl Trying<'_> {
    /// Sends the message over a connection once the claim is granted, and gives the connection back if it can be used on.
    pub async fn send<M: Mailer>(
        self,
        claim: Pending<ClaimAnswer<Stored>>,
        mut mailer: M,
    ) -> (Option<M>, Turn) {
        let began = Instant::now();
        let stored = match claim.answer().await {
            Err(error) => return (Some(mailer), Turn::LedgerFailed(error)),
            Ok(ClaimAnswer::No(objection)) => return (Some(mailer), Turn::NotClaimed(objection)),
            Ok(ClaimAnswer::Yes(stored)) => stored,
        };
        failpoints::pass("after the claim");
        let built = match self.build(stored).await {
            Ok(built) => built,
            Err(hold) => return (Some(mailer), Turn::Attempted(judge::held(&hold))),
        };
        // why the message was taken back, in more than words
        let why = OnceLock::new();
        let (commit, confirm) =
            (self.hand_over(&built.message_id, &why), self.confirm(&built.message_id, &why));
        let sent = mailer.send(&built, commit, confirm).await;
        failpoints::pass("after the answer");
        let usable = sent.as_ref().map_or_else(|failure| failure.connection_is_usable, |_| true);
        let attempted = match (why.into_inner(), sent) {
            (Some(turn), Err(failure)) if failure.kind == FailureKind::TakenBack => {
                return (usable.then_some(mailer), turn);
            }
            (_, Ok(accepted)) => judge::accepted(&accepted),
            (_, Err(failure)) => judge::failure(self.classifier, &failure, self.now + elapsed(began)),
        };
        let sender = built.envelope.sender.to_lowercase();
        let attempted = Attempted { message_id: Some(built.message_id), sender, ..attempted };
        (usable.then_some(mailer), Turn::Attempted(attempted))
    }

    async fn build(&self, mut stored: Stored) -> Result<message::Message, Hold> {
        if stored.sender.trim().is_empty() {
            stored.sender = self.account.unwrap_or_default().to_owned();
        }
        let (attachments, named, size) =
            (self.attachments.clone(), stored.named_attachments.clone(), stored.size());
        if !named.trim().is_empty() {
            let loading = tokio::task::spawn_blocking(move || attachments.load(&named, size));
            let loaded = loading.await.unwrap_or_else(|error| Err(error.to_string()));
            stored.attachments = loaded.map_err(Hold::Attachment)?;
        }
        let sending = SendingOrigin { run: self.run.clone(), attempt: self.attempt, at: self.now };
        message::build(&stored, &sending).map_err(Hold::Message)
    }

    /// Whether the mail is still this run's to hand over; else `why` gets what came of it.
    async fn confirm(&self, message_id: &str, why: &OnceLock<Turn>) -> Result<(), String> {
        let now = chrono::Utc::now().timestamp_millis();
        let objection =
            match self.ledger.confirm(self.mail.clone(), message_id.to_owned(), now).answer().await {
                Ok(ClaimAnswer::Yes(())) => return Ok(()),
                Ok(ClaimAnswer::No(objection)) => objection,
                Err(error) => Objection { reason: format!("{error:#}"), is_for_now: true },
            };
        let reason = objection.reason.clone();
        let _ = why.set(Turn::TakenBack(objection));
        Err(reason)
    }

    /// Writes down that the message is about to be handed over; else `why` gets what came of it.
    async fn hand_over(&self, message_id: &str, why: &OnceLock<Turn>) -> Result<(), String> {
        failpoints::pass("before it is committed that it is handed over");
        let answer = self.ledger.hand_over(self.mail.clone(), message_id.to_owned(), self.now).answer().await;
        failpoints::pass("after it is committed that it is handed over");
        let (reason, turn) = match answer {
            Ok(ClaimAnswer::Yes(())) => return Ok(()),
            Ok(ClaimAnswer::No(objection)) => (objection.reason.clone(), Turn::TakenBack(objection)),
            Err(error) => (format!("{error:#}"), Turn::LedgerFailed(error)),
        };
        let _ = why.set(turn);
        Err(reason)
    }
}
