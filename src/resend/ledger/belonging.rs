//! Which log a ledger belongs to, and that a log has one ledger: a second one would send the same mails again.
//!
//! A ledger remembers the database of its log; a database whose ledger is elsewhere remembers where, if it lets itself be
//! written. On PostgreSQL, where each role may have a schema of its own, the ledger's table says in a comment whose it is.

use anyhow::{Result, bail};

use super::{Ledger, MailKey};
use crate::db::Db;
use crate::mapping::Dialect;
use crate::mapping::sql::{Bind, body};
use crate::model::Millis;
use crate::resend::fingerprint::MailFingerprint;
use crate::resend::kept::{Kept, MESSAGE};

const ELSEWHERE: &str = include_str!("../../../queries/ledger/elsewhere.sql");
const ENTRIES: &str = include_str!("../../../queries/ledger/entries.sql");
const LOG: &str = include_str!("../../../queries/ledger/log.sql");
const MAKE_ELSEWHERE: &str = include_str!("../../../queries/ledger/make_elsewhere.sql");
const NEWEST: &str = include_str!("../../../queries/ledger/newest.sql");
const NOTE_ELSEWHERE: &str = include_str!("../../../queries/ledger/note_elsewhere.sql");
const NOTE_LOG: &str = include_str!("../../../queries/ledger/note_log.sql");
const OTHER_LEDGERS: &str = include_str!("../../../queries/postgres/other_ledgers.sql");
const OTHER_TABLES: &str = include_str!("../../../queries/ledger/other_tables.sql");

/// The table by which a database remembers that its ledger is elsewhere.
const MARK: &str = "mailthrottle_elsewhere";

impl Ledger {
    /// Makes sure that this is the ledger of this log, and its only one. `may_mark`: the log's database may be written to.
    ///
    /// # Errors
    /// It is the ledger of another log, the log has another ledger, or the database's refusal.
    pub async fn belong(&mut self, may_mark: bool, now: Millis) -> Result<()> {
        let is_new = self.noted_log().await?.is_none();
        // before it is noted whose it is: a second run would not know any more that it is new
        if is_new && self.log.is_some() {
            self.check_elsewhere(false, is_new).await?;
        }
        self.check_log(now).await?;
        self.check_other_names().await?;
        match self.log.is_some() {
            true => self.check_elsewhere(may_mark, false).await,
            false => self.check_beside().await,
        }
    }

    /// Whose log it is. A ledger beside its log goes wherever that goes; one elsewhere stays that of its log.
    async fn check_log(&mut self, now: Millis) -> Result<()> {
        let is_beside = self.log.is_none();
        let here = self.log().identity().await?;
        let noted = match self.noted_log().await? {
            Some(noted) => noted,
            None => {
                let binds = vec![Bind::Text(here.clone()), Bind::Int(now)];
                let noted = self.store.execute(self.store.statement(NOTE_LOG, binds)).await;
                // another run may just have done so
                match self.noted_log().await? {
                    Some(noted) => noted,
                    None => return noted.map(drop),
                }
            }
        };
        if noted != here && !is_beside {
            bail!(
                "the ledger belongs to another log ({noted}, and this is {here}); give this one a ledger of its own by --ledger; if it is \
                 the same log that was moved, empty the ledger's table mailthrottle_log first"
            );
        }
        self.database = noted;
        Ok(())
    }

    /// A view's rows are mails of the table that it reads, and those of a copy are its too: whoever names now the one and now the
    /// other has two ledgers in one.
    async fn check_other_names(&mut self) -> Result<()> {
        let statement = self.store.statement(OTHER_TABLES, vec![Bind::Text(self.table.clone())]);
        let rows = self.store.rows(statement).await?;
        for other in rows.iter().filter_map(|row| row.text(0)) {
            let here = self.table.clone();
            if self.log().is_of_same_tables(&here, &other).await? {
                bail!(
                    "the ledger knows these mails as rows of {other}, and one of {other} and {here} is a view of the other, or both are of \
                     one table; give --table {other}, or no mail would be known again"
                );
            }
            if let Some(id) = self.mail_in_common(&other).await? {
                bail!(
                    "the ledger knows row {id} of {here} as row {id} of {other}: the two show the same mails; give --table {other}, or \
                     no mail would be known again"
                );
            }
        }
        Ok(())
    }

    /// A mail that the ledger knows under another table's name, and that this log has under the same key.
    async fn mail_in_common(&mut self, other: &str) -> Result<Option<String>> {
        let newest = self.store.statement(NEWEST, vec![Bind::Text(other.to_owned())]);
        let known = self.store.rows(newest).await?;
        let known = known
            .iter()
            .filter_map(|row| Some((row.text(0)?, row.text(1)?.parse::<MailFingerprint>().ok()?)));
        let (keys, contents): (Vec<MailKey>, Vec<MailFingerprint>) =
            known.map(|(id, content)| (MailKey { id, sent_date: None }, content)).unzip();
        let here = self.in_log(MESSAGE, keys.iter()).await?;
        let same =
            keys.into_iter().zip(&contents).zip(&here).find(|((_, content), rows)| {
                rows.iter().any(|row| Kept(row).fingerprint().is_of_same(content))
            });
        Ok(same.map(|((key, _), _)| key.id))
    }

    async fn noted_log(&mut self) -> Result<Option<String>> {
        let noted = self.store.rows(self.store.statement(LOG, Vec::new())).await?;
        Ok(noted.first().and_then(|row| row.text(0)))
    }

    /// A ledger elsewhere: the log must have none beside it, and none at a third place.
    async fn check_elsewhere(&mut self, may_mark: bool, is_new: bool) -> Result<()> {
        let place = self.store.identity().await?;
        let table = Bind::Text(self.table.clone());
        let log = self.log();
        if log.has_table("mailthrottle_mail").await? {
            let entries = log.rows(log.statement(ENTRIES, vec![table])).await?;
            if entries.first().and_then(|row| row.number(0)).unwrap_or(0_u64) > 0 {
                bail!(
                    "this log has its ledger beside it; leave out --ledger and [resend] ledger, or say same"
                );
            }
        }
        match noted_place(log).await? {
            Some(noted) if noted != place => bail!(other_place(&noted)),
            Some(_) if is_new => bail!(
                "the ledger of this log, {place}, was lost and made anew: it knows nothing of what was sent; put the old one back, or look \
                 what it had sent, then drop the log's table {MARK}"
            ),
            None if may_mark => mark(log, &place).await,
            _ => Ok(()),
        }
    }

    /// A ledger beside the log: the log must have none elsewhere.
    async fn check_beside(&mut self) -> Result<()> {
        if let Some(noted) = noted_place(&mut self.store).await? {
            bail!(other_place(&noted));
        }
        if self.store.dialect() != Dialect::Postgres {
            return Ok(());
        }
        let comment = Bind::Text(format!("mailthrottle: the ledger of {}", self.table));
        let others = self.store.statement(body(OTHER_LEDGERS), vec![comment.clone()]);
        if let Some(schema) = self.store.rows(others).await?.first().and_then(|row| row.text(0)) {
            bail!(
                "this log has a ledger already, in the schema {schema}; use the role that made it, or have that schema in your \
                 search_path with the rights on its tables mailthrottle_*"
            );
        }
        let comment = format!("COMMENT ON TABLE mailthrottle_mail IS {comment}");
        // only the owner of the tables may, and has done so before
        let _ = self.store.execute(self.store.statement(&comment, Vec::new())).await;
        Ok(())
    }
}

async fn noted_place(log: &mut Db) -> Result<Option<String>> {
    if !log.has_table(MARK).await? {
        return Ok(None);
    }
    let rows = log.rows(log.statement(ELSEWHERE, Vec::new())).await?;
    Ok(rows.first().and_then(|row| row.text(0)))
}

fn other_place(noted: &str) -> String {
    format!(
        "this log has a ledger already: {noted}; give that one to --ledger; if it is gone for good, look what it had sent, then drop \
         the table {MARK}"
    )
}

/// Who may not make a table there goes without: the ledger knows its log.
async fn mark(log: &mut Db, place: &str) -> Result<()> {
    let made = log.execute(log.statement(body(MAKE_ELSEWHERE), Vec::new())).await;
    match made {
        Ok(_) => {
            log.execute(log.statement(NOTE_ELSEWHERE, vec![Bind::Text(place.to_owned())])).await.map(drop)
        }
        Err(refused) => {
            tracing::debug!("the log's database does not remember where its ledger is: {refused:#}");
            Ok(())
        }
    }
}
