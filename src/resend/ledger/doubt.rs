//! Mails in doubt, and what a person decides about them. The ledger keeps who and when.

use anyhow::{Result, bail};

use super::{Key, Known, Ledger, Stage};
use crate::db::store::Store;
use crate::mapping::sql::Bind;
use crate::model::Millis;
use crate::zone;

const HISTORY: &str = include_str!("../../../queries/ledger/history.sql");
const SETTLE_DOUBT: &str = include_str!("../../../queries/ledger/settle_doubt.sql");

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
    fn stage(self) -> Stage {
        match self {
            Decision::Delivered => Stage::Sent,
            Decision::Again => Stage::Deferred,
            Decision::Drop => Stage::Dropped,
        }
    }
}

/// A mail in doubt.
#[derive(Debug, Clone)]
pub struct Doubted {
    /// Which mail.
    pub key: Key,
    /// What the ledger knows of it.
    pub known: Known,
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

impl Ledger {
    /// The mails in doubt, the longest first.
    ///
    /// # Errors
    /// The database's refusal.
    pub async fn doubts(&mut self) -> Result<Vec<Doubted>> {
        let past = self.past().await?.into_all();
        let mut doubts: Vec<_> = past
            .filter(|(_, known)| known.stage == Stage::Doubt)
            .map(|((id, time), known)| Doubted {
                key: Key { id, sent_date: zone::read_rfc3339(&time) },
                known,
            })
            .collect();
        doubts.sort_by(|a, b| (a.known.changed_at, &a.key.id).cmp(&(b.known.changed_at, &b.key.id)));
        Ok(doubts)
    }

    /// Writes down a decision about a mail in doubt, and tells the log.
    ///
    /// # Errors
    /// It is not in doubt any more, or the database's refusal.
    pub async fn decide(
        &mut self,
        doubted: &Doubted,
        decision: Decision,
        who: &str,
        now: Millis,
    ) -> Result<()> {
        let stage = decision.stage();
        let due = self.due(stage, &doubted.known.status);
        let rest = vec![
            Bind::Text(stage.as_str().to_owned()),
            due.map_or(Bind::Null, Bind::Text),
            Bind::Text(who.to_owned()),
            Bind::Int(now),
        ];
        if self.ask(SETTLE_DOUBT, &doubted.key, rest).await? == 0 {
            bail!("row {} is not in doubt any more; look with resend --doubt", doubted.key.id);
        }
        Ok(())
    }

    /// The runs of a ledger, the latest first.
    ///
    /// # Errors
    /// The database's refusal.
    pub async fn history(store: &mut Store) -> Result<Vec<PastRun>> {
        let statement = store.statement(HISTORY, Vec::new());
        let rows = store.rows(statement).await?;
        let run = |row: &crate::db::store::Row| PastRun {
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
