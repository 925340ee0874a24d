//! What a person decides about mails: of those in doubt whether they were delivered, of those refused or dropped that they may
//! go again. The ledger keeps who and when.

use anyhow::{Result, bail};

use super::past::join_word;
use super::{Ledger, MailKey, MailRecord};
use crate::analysis::mails::SameMailBy;
use crate::db::Db;
use crate::mapping::sql::{Bind, Statement};
use crate::model::Millis;
use crate::resend::state::RowState;

const DECIDE: &str = include_str!("../../../queries/ledger/decide.sql");
const DROP: &str = include_str!("../../../queries/ledger/drop.sql");
const HISTORY: &str = include_str!("../../../queries/ledger/history.sql");
const SETTLE_DOUBT: &str = include_str!("../../../queries/ledger/settle_doubt.sql");
const SET_FREE: &str = include_str!("../../../queries/ledger/set_free.sql");
const UNDO_DECISION: &str = include_str!("../../../queries/ledger/undo_decision.sql");

/// A server answers the final dot within ten minutes (RFC 5321, 4.5.3.2.6), so a mail in doubt waits this long after it
/// was handed over, whoever may still wait for the answer.
const AGAIN_AFTER: Millis = 11 * 60_000;

/// The value in place of a run where only a person has decided about a row.
const BY_HAND: &str = "by hand";

/// What a person may decide about a mail in doubt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// It was delivered.
    Delivered,
    /// It was not: send it again.
    Again,
    /// Leave it as it is.
    Drop,
}

impl Decision {
    fn state(self) -> RowState {
        match self {
            Decision::Delivered => RowState::Sent,
            Decision::Again => RowState::Deferred,
            Decision::Drop => RowState::Dropped,
        }
    }

    /// When a mail that was handed over at a moment goes again, at the earliest.
    fn next_at(self, handed_over: Option<Millis>) -> Option<Millis> {
        handed_over.filter(|_| self == Decision::Again).map(|at| at.saturating_add(AGAIN_AFTER))
    }
}

/// A row in doubt.
#[derive(Debug, Clone)]
pub struct Doubted {
    /// Which row.
    pub key: MailKey,
    /// Whose doubt it is.
    pub origin: Origin,
}

/// Whose doubt it is.
#[derive(Debug, Clone)]
pub enum Origin {
    /// This program handed the mail over, and nothing was answered; what the ledger knows of it.
    Ours(Box<MailRecord>),
    /// The application did: its error text in the log says so.
    Log {
        /// The status word.
        status: String,
        /// How many recipients it has.
        recipients: u32,
        /// For a further attempt, the row that represents its mail, and how that is known.
        same_as: Option<(String, SameMailBy)>,
    },
}

/// A run of the past.
#[derive(Debug, Clone)]
pub struct PastRun {
    /// Its name.
    pub id: String,
    /// The account and the server it sent through.
    pub identity: String,
    /// Who began it, where.
    pub started_by: String,
    /// When.
    pub started_at: Millis,
    /// When it ended; `None`: it is alive, or died and nobody has looked yet.
    pub ended_at: Option<Millis>,
    /// Why.
    pub reason: Option<String>,
    /// Attempts that ended as sent, deferred, refused and in doubt.
    pub ended: [u64; 4],
}

impl AsRef<MailKey> for MailKey {
    fn as_ref(&self) -> &MailKey {
        self
    }
}

impl AsRef<MailKey> for Doubted {
    fn as_ref(&self) -> &MailKey {
        &self.key
    }
}

impl Ledger {
    /// Writes down a decision about rows in doubt, about all of them or none; the log learns it from `sync_log`.
    ///
    /// # Errors
    /// One of them is not in doubt any more, or the database's refusal.
    pub async fn decide(
        &mut self,
        doubted: &[Doubted],
        decision: Decision,
        who: &str,
        now: Millis,
    ) -> Result<()> {
        let statements = doubted.iter().map(|row| (row, self.decided(row, decision, who, now))).collect();
        self.all_or_none(statements, "is not in doubt any more; look with resend --doubt").await
    }

    /// Writes down that mails which could go shall not: all of them or none. The log is left as it is.
    ///
    /// # Errors
    /// One of them was taken by a run meanwhile, or the database's refusal.
    pub async fn drop_mails(&mut self, mails: &[Doubted], who: &str, now: Millis) -> Result<()> {
        let drop = |mail: &Doubted| match &mail.origin {
            Origin::Ours(_) => {
                self.about_mail(DROP, &mail.key, vec![Bind::Text(who.to_owned()), Bind::Int(now)])
            }
            Origin::Log { .. } => self.decided(mail, Decision::Drop, who, now),
        };
        let statements = mails.iter().map(|mail| (mail, drop(mail))).collect();
        self.all_or_none(statements, "does not wait to be sent again any more; look with resend --dry-run")
            .await
    }

    /// Lets rows go again that were refused, and takes back that rows in doubt were dropped: all of them or none.
    ///
    /// # Errors
    /// One of them is neither any more, or the database's refusal.
    pub async fn set_free(&mut self, rows: &[(MailKey, MailRecord)], who: &str, now: Millis) -> Result<()> {
        let free = |(key, known): &(MailKey, MailRecord)| match known.run == BY_HAND {
            true => self.about_mail(UNDO_DECISION, key, Vec::new()),
            false => self.about_mail(SET_FREE, key, vec![Bind::Text(who.to_owned()), Bind::Int(now)]),
        };
        let statements = rows.iter().map(|row| (&row.0, free(row))).collect();
        self.all_or_none(statements, "is neither refused nor dropped any more").await
    }

    fn decided(&self, row: &Doubted, decision: Decision, who: &str, now: Millis) -> Statement {
        let state = decision.state();
        let text = |text: Option<String>| text.map_or(Bind::Null, Bind::Text);
        let time = |at: Option<Millis>| at.map_or(Bind::Null, Bind::Int);
        let (state_word, who) = (Bind::Text(state.as_str().to_owned()), Bind::Text(who.to_owned()));
        match &row.origin {
            Origin::Ours(known) => {
                let due =
                    self.due(state, &known.status).filter(|_| known.same_by != Some(SameMailBy::Content));
                let next_at = decision.next_at(Some(known.changed_at));
                let rest = vec![state_word, text(due), who, Bind::Int(now), time(next_at)];
                self.about_mail(SETTLE_DOUBT, &row.key, rest)
            }
            Origin::Log { status, recipients, same_as } => {
                // such a row was never claimed, so only that it went is news for the log
                let due = self.due(state, status).filter(|_| state == RowState::Sent);
                let next_at = decision.next_at(row.key.sent_date);
                let about = [state_word, Bind::Text(status.clone()), Bind::Int(i64::from(*recipients))];
                let (same_as, same_by) = same_as.clone().unzip();
                let same_by = same_by.map(|join| join_word(join).to_owned());
                let rest = [text(due), who, Bind::Int(now), time(next_at), text(same_as), text(same_by)];
                self.about_mail(DECIDE, &row.key, [about.to_vec(), rest.to_vec()].concat())
            }
        }
    }

    /// Runs all statements, each of which changes one row of the ledger, or not one of them.
    async fn all_or_none<K: AsRef<MailKey>>(
        &mut self,
        statements: Vec<(K, Statement)>,
        otherwise: &str,
    ) -> Result<()> {
        self.store.begin().await?;
        let ran = async {
            for (key, statement) in statements {
                if self.store.execute(statement).await? == 0 {
                    bail!("row {} {otherwise}", key.as_ref().id.escape_debug());
                }
            }
            self.store.commit().await
        };
        let ran = ran.await;
        if ran.is_err() {
            self.store.roll_back().await;
        }
        ran
    }

    /// The runs of a ledger, the latest first.
    ///
    /// # Errors
    /// The database's refusal.
    pub async fn history(store: &mut Db) -> Result<Vec<PastRun>> {
        let statement = store.statement(HISTORY, Vec::new());
        let rows = store.rows(statement).await?;
        let run = |row: &crate::db::row::Row| PastRun {
            id: row.text(0).unwrap_or_default(),
            identity: row.text(1).unwrap_or_default(),
            started_by: row.text(2).unwrap_or_default(),
            started_at: row.number(3).unwrap_or(0),
            ended_at: row.number(4),
            reason: row.text(5),
            ended: [6, 7, 8, 9].map(|column| row.number(column).unwrap_or(0)),
        };
        Ok(rows.iter().map(run).collect())
    }
}
