//! What the ledger knows of the mails that were dealt with before, for whoever plans or reports.

use std::collections::HashMap;

use anyhow::Result;

use super::{Ledger, MailKey};
use crate::analysis::mails::SameMailBy;
use crate::db::row::Row;
use crate::db::{Db, TablePresence};
use crate::digest::Digest;
use crate::mapping::sql::Bind;
use crate::model::Millis;
use crate::resend::fingerprint::MailFingerprint;
use crate::resend::state::RowState;
use crate::window::Window;
use crate::zone;

const ATTEMPTS: &str = include_str!("../../../queries/ledger/attempts.sql");
/// Which migrations a ledger has.
pub(super) const VERSION: &str = "SELECT max(\"number\") FROM mailthrottle_migration";

/// What a ledger of the first version does not have.
const NOTHING_OF_2: &str = "NULL AS same_as, NULL AS same_by, NULL AS content, NULL AS m, NULL AS o";

const MAILS: &str = include_str!("../../../queries/ledger/mails.sql");

/// What the ledger knows of a mail.
#[derive(Debug, Clone)]
pub struct MailRecord {
    /// The run that dealt with it last.
    pub run: String,
    /// How far that came.
    pub state: RowState,
    /// The status word it was claimed with.
    pub status: String,
    /// The attempts it has used up.
    pub attempts: u32,
    /// The Message-ID it was handed over with.
    pub message_id: Option<String>,
    /// Not before this time.
    pub next_at: Option<Millis>,
    /// What was answered last.
    pub reply: Option<String>,
    /// When that was.
    pub changed_at: Millis,
    /// How many recipients it has.
    pub recipients: u32,
    /// Who decided about it, if a person has.
    pub settled_by: Option<String>,
    /// The row that represents this one, where it is a further attempt of the same mail.
    pub same_as: Option<String>,
    /// By what that is known.
    pub same_by: Option<SameMailBy>,
    /// The time of the row under which the ledger has it.
    pub sent_date: Option<Millis>,
    /// What was sent of it, where that was written down.
    pub content: Option<MailFingerprint>,
    /// What other attempts of the same mail have in common with it.
    pub ties: [Option<Digest>; 2],
}

/// What the ledger in a database that is only read knows of a log; nothing where there is no ledger.
///
/// # Errors
/// The database's refusal.
pub async fn read_past(db: &mut Db, table: &(String, String)) -> Result<Past> {
    match db.there("mailthrottle_mail").await? {
        TablePresence::No => return Ok(Past::default()),
        // a question would end the transaction of those that follow
        TablePresence::Closed => return Ok(Past { is_closed: true, ..Past::default() }),
        TablePresence::Yes => {}
    }
    let version = db.rows(db.statement(VERSION, Vec::new())).await?;
    let sql = match version.first().and_then(|row| row.number(0)) {
        // only who sends again changes its tables
        Some(2) => {
            MAILS.replace("content, message_tie, outside_tie", "NULL AS content, NULL AS m, NULL AS o")
        }
        Some(1) => MAILS.replace("same_as, same_by, content, message_tie, outside_tie", NOTHING_OF_2),
        _ => MAILS.to_owned(),
    };
    let table = vec![Bind::Text(format!("{}.{}", table.0, table.1))];
    past_of(&db.rows(db.statement(&sql, table)).await?)
}

/// The word in the ledger for how two rows are known to be one mail.
pub(super) fn join_word(join: SameMailBy) -> &'static str {
    match join {
        SameMailBy::MessageId => "message-id",
        SameMailBy::Content => "content",
    }
}

fn join_of(word: &str) -> Option<SameMailBy> {
    [SameMailBy::MessageId, SameMailBy::Content].into_iter().find(|join| join_word(*join) == word)
}

/// How an attempt to send a mail again ended.
#[derive(Debug, Clone)]
pub struct PastAttempt {
    /// The run.
    pub run: String,
    /// When it ended.
    pub ended_at: Option<Millis>,
    /// The word for how.
    pub outcome: String,
    /// What was answered.
    pub reply: Option<String>,
    /// What that means.
    pub class: Option<String>,
    /// The Message-ID it went with.
    pub message_id: Option<String>,
}

/// The attempts of a mail, from a database that is only read; none where there is no ledger.
///
/// # Errors
/// The database's refusal.
pub async fn read_attempts(db: &mut Db, table: &(String, String), key: &MailKey) -> Result<Vec<PastAttempt>> {
    if db.there("mailthrottle_attempt").await? != TablePresence::Yes {
        return Ok(Vec::new());
    }
    let binds = vec![Bind::Text(format!("{}.{}", table.0, table.1)), Bind::Text(key.id.clone())];
    let rows = db.rows(db.statement(ATTEMPTS, binds)).await?;
    let of_key = rows.iter().filter(|row| row.text(0).unwrap_or_default() == key.time());
    let attempt = |row: &Row| PastAttempt {
        run: row.text(1).unwrap_or_default(),
        ended_at: row.number(2),
        outcome: row.text(3).unwrap_or_default(),
        reply: row.text(4),
        class: row.text(5),
        message_id: row.text(6),
    };
    Ok(of_key.map(attempt).collect())
}

fn past_of(rows: &[Row]) -> Result<Past> {
    let mut past: HashMap<String, Vec<MailRecord>> = HashMap::new();
    for row in rows {
        let text = |column| row.text(column).unwrap_or_default();
        let known = MailRecord {
            run: text(2),
            state: text(3).parse()?,
            status: text(4),
            attempts: row.number(5).unwrap_or(0),
            message_id: row.text(6),
            next_at: row.number(7),
            reply: row.text(8),
            changed_at: row.number(10).unwrap_or(0),
            recipients: row.number(11).unwrap_or(1),
            settled_by: row.text(12),
            same_as: row.text(13),
            same_by: row.text(14).and_then(|word| join_of(&word)),
            sent_date: zone::read_rfc3339(&text(1)),
            content: row.text(15).and_then(|content| content.parse().ok()),
            ties: [16, 17].map(|column| row.text(column).and_then(|tie| tie.parse().ok())),
        };
        past.entry(text(0)).or_default().push(known);
    }
    Ok(Past { by_id: past, ..Past::default() })
}

/// What the ledger knows of the mails of a log.
#[derive(Debug, Default)]
pub struct Past {
    by_id: HashMap<String, Vec<MailRecord>>,
    /// Rows whose time has changed since, with the time under which the ledger has them.
    moved: HashMap<MailKey, Option<Millis>>,
    /// There is a ledger that may not be read.
    pub is_closed: bool,
}

impl Past {
    /// What is known of a mail. Times are compared to the second, which is what some logs keep.
    pub fn of(&self, key: &MailKey) -> Option<&MailRecord> {
        let at = self.moved.get(key).copied().unwrap_or(key.sent_date);
        let second = |at: Option<Millis>| at.map(|at| at.div_euclid(1000));
        let all = self.by_id.get(&key.id)?;
        let exact = all.iter().find(|known| known.sent_date == at);
        exact.or_else(|| all.iter().find(|known| second(known.sent_date) == second(at)))
    }

    /// Whether something is known of a row's key, but not of its time: what is sent shows whether it is the same mail.
    pub fn is_ambiguous(&self, key: &MailKey) -> bool {
        self.of(key).is_none() && self.by_id.contains_key(&key.id)
    }

    /// Takes a row for the mail that the ledger has under another time, if what is sent does not say otherwise.
    pub fn settle_time(&mut self, key: &MailKey, content: &MailFingerprint) {
        let is_same =
            |known: &&MailRecord| known.content.as_ref().is_some_and(|there| !there.is_of_another(content));
        let same = self.by_id.get(&key.id).and_then(|all| all.iter().rfind(is_same));
        if let Some(sent_date) = same.map(|known| known.sent_date) {
            self.moved.insert(key.clone(), sent_date);
        }
    }

    /// Whether a mail of the same sender was delivered after a moment.
    pub fn is_delivered_since(&self, at: Millis, content: &MailFingerprint) -> bool {
        let is_delivered = |known: &MailRecord| known.state == RowState::Sent && known.settled_by.is_none();
        let is_of_sender =
            |known: &MailRecord| known.content.as_ref().is_none_or(|other| other.is_from_sender_of(content));
        self.entries().any(|(_, known)| is_delivered(known) && known.changed_at > at && is_of_sender(known))
    }

    /// Whether nothing more is to be done about a row: it went, or will not go, or a person has decided.
    pub fn is_done(&self, key: &MailKey) -> bool {
        let is_open = |known: &MailRecord| {
            matches!(known.state, RowState::Deferred | RowState::Claimed | RowState::HandedOver)
        };
        self.of(key).is_some_and(|known| !is_open(known))
    }

    /// Whether a mail went out by the ledger.
    pub fn is_sent(&self, id: &str, at: Option<Millis>) -> bool {
        // a report on a log without a ledger asks this for every row
        if self.by_id.is_empty() {
            return false;
        }
        let key = MailKey { id: id.to_owned(), sent_date: at };
        self.of(&key).is_some_and(|known| known.state == RowState::Sent)
    }

    /// The keys of the mails of a window that went out by the ledger, in order.
    pub fn sent_within(&self, window: Window) -> Vec<String> {
        let is_in = |known: &MailRecord| known.sent_date.is_none_or(|at| window.contains(at));
        let sent = self.entries().filter(|(_, known)| known.state == RowState::Sent && is_in(known));
        let mut ids: Vec<_> = sent.map(|(key, _)| key.id).collect();
        ids.sort();
        ids.dedup();
        ids
    }

    /// How many mails are in doubt.
    pub fn in_doubt(&self) -> usize {
        self.entries().filter(|(_, known)| known.state == RowState::Doubt && known.same_as.is_none()).count()
    }

    /// Every row that the ledger knows, with the time under which it has it.
    pub fn entries(&self) -> impl Iterator<Item = (MailKey, &MailRecord)> {
        let key = |id: &str, known: &MailRecord| MailKey { id: id.to_owned(), sent_date: known.sent_date };
        self.by_id.iter().flat_map(move |(id, all)| all.iter().map(move |known| (key(id, known), known)))
    }

    /// All rows of a row's mail for which `holds` is true: its representative row and its further attempts.
    pub fn mail_of(&self, id: &str, holds: impl Fn(&MailRecord) -> bool) -> Vec<(MailKey, MailRecord)> {
        let stands = self.entries().find(|(key, known)| key.id == id && holds(known));
        let stands = stands.and_then(|(_, known)| known.same_as.clone()).unwrap_or_else(|| id.to_owned());
        let is_of_it = |key: &MailKey, known: &MailRecord| {
            key.id == id || key.id == stands || known.same_as.as_deref() == Some(stands.as_str())
        };
        let all = self.entries().filter(|(key, known)| is_of_it(key, known) && holds(known));
        all.map(|(key, known)| (key, known.clone())).collect()
    }
}

impl FromIterator<(String, MailRecord)> for Past {
    fn from_iter<I: IntoIterator<Item = (String, MailRecord)>>(known: I) -> Self {
        let mut past = Self::default();
        known.into_iter().for_each(|(id, known)| past.by_id.entry(id).or_default().push(known));
        past
    }
}

impl Ledger {
    /// What is known of the mails of this log.
    ///
    /// # Errors
    /// The database's refusal.
    pub async fn past(&mut self) -> Result<Past> {
        let statement = self.store.statement(MAILS, vec![Bind::Text(self.table.clone())]);
        past_of(&self.store.rows(statement).await?)
    }
}
