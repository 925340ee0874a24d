//! What the ledger knows of the mails that were dealt with before, for whoever plans or reports.

use std::collections::HashMap;
use std::str::FromStr;

use anyhow::{Context, Result};

use super::{Key, Ledger};
use crate::analysis::mails::Join;
use crate::db::Db;
use crate::db::store::{Row, is_there};
use crate::mapping::Dialect;
use crate::mapping::sql::{Bind, Statement};
use crate::model::Millis;
use crate::window::Window;
use crate::zone;

const ATTEMPTS: &str = include_str!("../../../queries/ledger/attempts.sql");
/// Which migrations a ledger has.
pub(super) const VERSION: &str = "SELECT max(\"number\") FROM mailthrottle_migration";

const MAILS: &str = include_str!("../../../queries/ledger/mails.sql");

/// How far the last attempt of a mail came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// Taken by a run, nothing handed over.
    Claimed,
    /// About to be handed over, or handed over and not answered yet.
    Data,
    /// Accepted.
    Sent,
    /// May be claimed again.
    Deferred,
    /// Refused for good.
    Refused,
    /// Handed over and never answered.
    Doubt,
    /// A person decided that it shall not go.
    Dropped,
}

const STAGES: [Stage; 7] =
    [Stage::Claimed, Stage::Data, Stage::Sent, Stage::Deferred, Stage::Refused, Stage::Doubt, Stage::Dropped];

impl Stage {
    /// The word in the ledger.
    pub fn as_str(self) -> &'static str {
        match self {
            Stage::Claimed => "claimed",
            Stage::Data => "data",
            Stage::Sent => "sent",
            Stage::Deferred => "deferred",
            Stage::Refused => "refused",
            Stage::Doubt => "doubt",
            Stage::Dropped => "dropped",
        }
    }
}

impl FromStr for Stage {
    type Err = anyhow::Error;

    fn from_str(word: &str) -> Result<Self> {
        let known = STAGES.into_iter().find(|stage| stage.as_str() == word);
        known.with_context(|| format!("the ledger has a stage '{word}' that this version does not know"))
    }
}

/// What the ledger knows of a mail.
#[derive(Debug, Clone)]
pub struct Known {
    /// The run that dealt with it last.
    pub run: String,
    /// How far that came.
    pub stage: Stage,
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
    /// The row that stands for this one, where it is a further attempt of the same mail.
    pub same_as: Option<String>,
    /// By what that is known.
    pub same_by: Option<Join>,
}

/// What the ledger in a database that is only read knows of a log; nothing where there is no ledger.
///
/// # Errors
/// The database's refusal.
pub async fn read_past(db: &mut Db, table: &(String, String), dialect: Dialect) -> Result<Past> {
    if db.rows(is_there(dialect, "mailthrottle_mail")).await?.is_empty() {
        return Ok(Past::default());
    }
    let plain = |sql: &str| Statement::plain(dialect, sql);
    let version = db.rows(plain(VERSION)).await?;
    let sql = match version.first().and_then(|row| row.number(0)) {
        // only who sends again changes its tables
        Some(1) => MAILS.replace("same_as, same_by", "NULL AS same_as, NULL AS same_by"),
        _ => MAILS.to_owned(),
    };
    let table = vec![Bind::Text(format!("{}.{}", table.0, table.1))];
    past_of(&db.rows(Statement { binds: table, ..plain(&sql) }).await?)
}

/// The word in the ledger for how two rows are known to be one mail.
pub(super) fn join_word(join: Join) -> &'static str {
    match join {
        Join::MessageId => "message-id",
        Join::Content => "content",
    }
}

fn join_of(word: &str) -> Option<Join> {
    [Join::MessageId, Join::Content].into_iter().find(|join| join_word(*join) == word)
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
pub async fn read_attempts(
    db: &mut Db,
    table: &(String, String),
    dialect: Dialect,
    key: &Key,
) -> Result<Vec<PastAttempt>> {
    if db.rows(is_there(dialect, "mailthrottle_attempt")).await?.is_empty() {
        return Ok(Vec::new());
    }
    let binds = vec![Bind::Text(format!("{}.{}", table.0, table.1)), Bind::Text(key.id.clone())];
    let rows = db.rows(Statement { dialect, sql: ATTEMPTS.to_owned(), binds }).await?;
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
    let mut past = HashMap::new();
    for row in rows {
        let text = |column| row.text(column).unwrap_or_default();
        let known = Known {
            run: text(2),
            stage: text(3).parse()?,
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
        };
        past.insert((text(0), text(1)), known);
    }
    Ok(Past(past))
}

/// What the ledger knows of the mails of a log, by key and time.
#[derive(Debug, Default)]
pub struct Past(HashMap<(String, String), Known>);

impl Past {
    /// What is known of a mail.
    pub fn of(&self, key: &Key) -> Option<&Known> {
        self.0.get(&(key.id.clone(), key.time()))
    }

    /// Whether a mail was delivered after a moment.
    pub fn is_delivered_since(&self, at: Millis) -> bool {
        let is_delivered = |known: &Known| known.stage == Stage::Sent && known.settled_by.is_none();
        self.0.values().any(|known| is_delivered(known) && known.changed_at > at)
    }

    /// Whether nothing more is to be done about a row: it went, or will not go, or a person has decided.
    pub fn is_done(&self, key: &Key) -> bool {
        let is_open = |known: &Known| matches!(known.stage, Stage::Deferred | Stage::Claimed | Stage::Data);
        self.of(key).is_some_and(|known| !is_open(known))
    }

    /// Whether a mail went out by the ledger.
    pub fn is_sent(&self, id: &str, at: Option<Millis>) -> bool {
        // a report on a log without a ledger asks this for every row
        if self.0.is_empty() {
            return false;
        }
        let key = Key { id: id.to_owned(), sent_date: at };
        self.of(&key).is_some_and(|known| known.stage == Stage::Sent)
    }

    /// The keys of the mails of a window that went out by the ledger, in order.
    pub fn sent_within(&self, window: Window) -> Vec<String> {
        let is_in = |time: &str| zone::read_rfc3339(time).is_none_or(|at| window.contains(at));
        let sent = self.0.iter().filter(|((_, time), known)| known.stage == Stage::Sent && is_in(time));
        let mut ids: Vec<_> = sent.map(|((id, _), _)| id.clone()).collect();
        ids.sort();
        ids.dedup();
        ids
    }

    /// The mails in doubt.
    pub fn in_doubt(&self) -> usize {
        self.0.values().filter(|known| known.stage == Stage::Doubt && known.same_as.is_none()).count()
    }

    /// Every row that the ledger knows.
    pub fn entries(&self) -> impl Iterator<Item = (Key, &Known)> {
        let key = |(id, time): &(String, String)| Key { id: id.clone(), sent_date: zone::read_rfc3339(time) };
        self.0.iter().map(move |(place, known)| (key(place), known))
    }

    /// The rows of an id, whatever their time, of which something holds.
    pub fn rows_of(&self, id: &str, holds: impl Fn(&Known) -> bool) -> Vec<Key> {
        self.entries().filter(|(key, known)| key.id == id && holds(known)).map(|(key, _)| key).collect()
    }
}

impl FromIterator<((String, String), Known)> for Past {
    fn from_iter<I: IntoIterator<Item = ((String, String), Known)>>(known: I) -> Self {
        Self(known.into_iter().collect())
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
