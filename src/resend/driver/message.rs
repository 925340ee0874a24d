//! One message on its way: claimed, built, handed over.

use std::path::{Path, PathBuf};

use anyhow::Error;

use super::Answered;
use crate::model::Millis;
use crate::resend::ledger::{Answer, Desk, Pending};
use crate::resend::message::{self, Attachment, Sending, Stored};
use crate::resend::points;
use crate::resend::selection::Candidate;
use crate::resend::transport::{Failure, Kind, Mailer};

/// How an attempt went.
pub struct Attempt {
    /// What came of it.
    pub tried: Tried,
    /// The Message-ID, once there was a message.
    pub message_id: Option<String>,
}

/// What came of an attempt.
pub enum Tried {
    /// Somebody else has the row; nothing was sent.
    Claimed(String),
    /// The ledger could not be written; nothing was sent.
    LedgerFailed(Error),
    /// The row was taken back just before it was handed over; nothing was sent.
    TakenBack(String),
    /// It was tried.
    Answered(Answered),
}

impl From<Tried> for Attempt {
    fn from(tried: Tried) -> Self {
        Attempt { tried, message_id: None }
    }
}

/// What an attempt works with.
pub struct Trying<'d> {
    pub mail: &'d Candidate,
    pub desk: Desk,
    pub attachments: &'d Attachments,
    pub account: Option<&'d str>,
    pub run: String,
    pub attempt: u32,
    pub now: Millis,
}

impl Trying<'_> {
    /// Sends the message over a connection once the claim is granted, and gives the connection back if it can be used on.
    pub async fn send<M: Mailer>(
        self,
        claim: Pending<Answer<Stored>>,
        mut mailer: M,
    ) -> (Option<M>, Attempt) {
        let stored = match claim.answer().await {
            Err(error) => return (Some(mailer), Tried::LedgerFailed(error).into()),
            Ok(Answer::No(reason)) => return (Some(mailer), Tried::Claimed(reason).into()),
            Ok(Answer::Yes(stored)) => stored,
        };
        points::pass("after the claim");
        let built = match self.build(stored) {
            Ok(built) => built,
            Err(answered) => return (Some(mailer), Tried::Answered(answered).into()),
        };
        let mut broken = None;
        let sent = mailer.send(&built, self.hand_over(&built.message_id, &mut broken)).await;
        points::pass("after the answer");
        let usable = sent.as_ref().map_or_else(|failure| failure.connection_is_usable, |_| true);
        let tried = match (broken, sent) {
            (Some(error), Err(failure)) if is_taken_back(&failure) => Tried::LedgerFailed(error),
            (_, Err(failure)) if is_taken_back(&failure) => Tried::TakenBack(failure.message),
            (_, sent) => Tried::Answered(Answered::Server(sent)),
        };
        (usable.then_some(mailer), Attempt { tried, message_id: Some(built.message_id) })
    }

    fn build(&self, mut stored: Stored) -> Result<message::Message, Answered> {
        if stored.sender.trim().is_empty() {
            stored.sender = self.account.unwrap_or_default().to_owned();
        }
        stored.attachments =
            self.attachments.load(&stored.named_attachments).map_err(Answered::NoAttachment)?;
        let sending = Sending { run: self.run.clone(), attempt: self.attempt, at: self.now };
        message::build(&stored, &sending).map_err(Answered::Unbuilt)
    }

    async fn hand_over(&self, message_id: &str, broken: &mut Option<Error>) -> Result<(), String> {
        points::pass("before it is committed that it is handed over");
        let (key, status) = (self.mail.key.clone(), self.mail.status.clone());
        let answer = self.desk.hand_over(key, status, message_id.to_owned(), self.now).answer().await;
        points::pass("after it is committed that it is handed over");
        match answer {
            Ok(Answer::Yes(())) => Ok(()),
            Ok(Answer::No(reason)) => Err(reason),
            Err(error) => {
                let reason = format!("{error:#}");
                *broken = Some(error);
                Err(reason)
            }
        }
    }
}

fn is_taken_back(failure: &Failure) -> bool {
    failure.kind == Kind::TakenBack
}

/// Loads attachments from files, only below one folder.
#[derive(Debug, Clone, Default)]
pub struct Attachments {
    /// The folder; without one no file is loaded.
    pub under: Option<PathBuf>,
}

impl Attachments {
    /// Loads the files that a row names: a path, or a JSON list of paths.
    ///
    /// # Errors
    /// A file that is not below the folder, or cannot be read.
    pub fn load(&self, named: &str) -> Result<Vec<Attachment>, String> {
        paths(named)?.iter().map(|path| self.load_one(path)).collect()
    }

    fn load_one(&self, path: &str) -> Result<Attachment, String> {
        let Some(under) = &self.under else {
            return Err(format!(
                "the attachment {path:?} is a file, and no folder is allowed; set [resend] attachments_under"
            ));
        };
        let real = |path: &Path| {
            std::fs::canonicalize(path)
                .map_err(|error| format!("the attachment {:?}: {error}", path.display()))
        };
        let (folder, file) = (real(under)?, real(&under.join(path))?);
        if !file.starts_with(&folder) {
            return Err(format!("the attachment {path:?} is not below {}", under.display()));
        }
        let bytes = std::fs::read(&file).map_err(|error| format!("the attachment {path:?}: {error}"))?;
        let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
        Ok(Attachment { name, media_type: String::new(), bytes })
    }
}

fn paths(named: &str) -> Result<Vec<String>, String> {
    match named.trim() {
        "" => Ok(Vec::new()),
        list if list.starts_with('[') => serde_json::from_str(list)
            .map_err(|_| format!("the attachments are no JSON list of paths: {list:?}")),
        path => Ok(vec![path.to_owned()]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_loaded_only_from_below_the_folder() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("out")).unwrap();
        std::fs::write(folder.path().join("out/a.pdf"), "A").unwrap();
        std::fs::write(folder.path().join("secret"), "S").unwrap();
        std::os::unix::fs::symlink(folder.path().join("secret"), folder.path().join("out/link")).unwrap();
        let attachments = Attachments { under: Some(folder.path().join("out")) };
        let loaded = attachments.load("[\"a.pdf\"]").unwrap();
        assert_eq!((loaded[0].name.as_str(), loaded[0].bytes.as_slice()), ("a.pdf", &b"A"[..]));
        let absolute = folder.path().join("out/a.pdf");
        assert_eq!(attachments.load(absolute.to_str().unwrap()).unwrap().len(), 1);
        for outside in ["../secret", "link", "/etc/hostname"] {
            assert!(attachments.load(outside).is_err(), "{outside}");
        }
        assert!(attachments.load("[1]").is_err());
        assert!(Attachments::default().load("a.pdf").is_err());
        assert!(attachments.load(" ").unwrap().is_empty());
    }
}
