//! What the ledger knows of a log: the one in a file of its own where one is named, else the one beside the log. A log of which
//! nothing was sent again has none.

use anyhow::Result;

use super::{Log, wanted};
use crate::cli::RowFilter;
use crate::db::{Db, Location, Target};
use crate::mapping::Mapping;
use crate::model::{Mail, Meaning, Millis};
use crate::resend::ledger::{MailKey, Past, PastAttempt, read_attempts, read_past};

/// What the ledger knows of a log: the one in a file of its own if it is named, else the one beside the log.
pub async fn past(db: &mut Db, mapping: &Mapping, ledger: Option<&str>) -> Result<Past> {
    let past = match separate_ledger(ledger).await? {
        Some(mut ledger) => read_past(&mut ledger, &mapping.table).await?,
        None => read_past(db, &mapping.table).await?,
    };
    if past.is_closed {
        tracing::warn!("what resend has done is not known here: {CLOSED}");
    }
    Ok(past)
}

/// The grant that lets a role read a ledger that another role created.
pub const CLOSED: &str = "the ledger may not be read; ask for: GRANT SELECT ON mailthrottle_mail, mailthrottle_migration, mailthrottle_attempt TO you";

/// The ledger in a file of its own, if there is one and it has been made.
async fn separate_ledger(url: Option<&str>) -> Result<Option<Db>> {
    let Some(url) = url.filter(|url| !is_missing(url)) else {
        return Ok(None);
    };
    let target = Target { url: url.to_owned(), ..Target::default() };
    Db::open(&target).await.map(Some)
}

/// Whether the file of a separate ledger is not there yet; one that is empty was about to be made.
pub fn is_missing(url: &str) -> bool {
    let is_filled = |path: &str| std::fs::metadata(path).is_ok_and(|file| file.len() > 0);
    !matches!(Location::of(url), Ok(Location::File(path)) if is_filled(path))
}

impl Log {
    /// What the ledger knows of this log; nothing where there is none.
    pub async fn past(&mut self) -> Result<Past> {
        past(&mut self.db, &self.mapping, self.ledger.as_deref()).await
    }

    /// How sending a mail again went so far.
    pub async fn attempts(&mut self, id: &str, at: Option<Millis>) -> Result<Vec<PastAttempt>> {
        let (table, key) = (self.mapping.table.clone(), MailKey { id: id.to_owned(), sent_date: at });
        match separate_ledger(self.ledger.as_deref()).await? {
            Some(mut ledger) => read_attempts(&mut ledger, &table, &key).await,
            None => read_attempts(&mut self.db, &table, &key).await,
        }
    }

    /// The mails of the window that failed and were sent again, whose status says so by now.
    pub async fn recovered(&mut self, past: &Past, rows: &RowFilter) -> Result<Vec<Mail>> {
        let mut recovered = Vec::new();
        for id in past.sent_within(self.window) {
            for mail in self.db.mail(&self.mapping, &id).await? {
                let is_asked_for = wanted(rows.status.as_deref(), mail.status.as_deref())
                    && wanted(rows.sender.as_deref(), mail.sender.as_deref());
                let says_sent = self.mapping.words.meaning(mail.status.as_deref()) == Meaning::Sent;
                if is_asked_for && says_sent && past.is_sent(&mail.id, mail.at) {
                    recovered.push(mail);
                }
            }
        }
        Ok(recovered)
    }
}
