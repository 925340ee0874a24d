//! What a run finds when it begins: the ledger's tables, runs that died, and a log that has still to learn.

use std::time::Duration;

use anyhow::{Context, Result, bail};

use super::past::VERSION;
use super::{Ledger, MailKey};
use crate::db::Db;
use crate::db::lock::Lock;
use crate::db::row::Row;
use crate::mapping::sql::Bind;
use crate::model::Millis;
use crate::resend::fingerprint::MailFingerprint;
use crate::resend::kept::{Kept, MESSAGE};

const BEGIN_RUN: &str = include_str!("../../../queries/ledger/begin_run.sql");
const DUE_IN_LOG: &str = include_str!("../../../queries/ledger/due_in_log.sql");
const END_RUN: &str = include_str!("../../../queries/ledger/end_run.sql");
const FREE_DEAD: &str = include_str!("../../../queries/ledger/free_dead.sql");
const LEARNT: &str = include_str!("../../../queries/ledger/learnt.sql");
const OPEN_RUNS: &str = include_str!("../../../queries/ledger/open_runs.sql");
const PAUSED: &str = include_str!("../../../queries/ledger/paused.sql");
const RECENT: &str = include_str!("../../../queries/ledger/recent.sql");
const RECENT_ATTEMPTS: &str = include_str!("../../../queries/ledger/recent_attempts.sql");

/// The lock of whoever makes the ledger's tables, and how often it is looked for.
const MAKING: &str = "making";
const LOOK: Duration = Duration::from_millis(50);

/// The name of an account's lock, of letters that a file's name may have.
fn turn(identity: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() || matches!(c, '@' | '.' | '-') { c } else { '_' };
    format!("for-{}", identity.chars().map(plain).collect::<String>())
}

impl Ledger {
    /// Whether the ledger's tables are there, be they of an earlier version.
    ///
    /// # Errors
    /// They are of a later version, or cannot be read.
    pub async fn is_made(store: &mut Db) -> Result<bool> {
        Ok(Self::version(store).await? > 0)
    }

    /// Whether they are of this version.
    ///
    /// # Errors
    /// They are of a later version, or cannot be read.
    pub async fn is_current(store: &mut Db) -> Result<bool> {
        Ok(Self::version(store).await? == store.product().migrations.len())
    }

    async fn version(store: &mut Db) -> Result<usize> {
        if !store.has_table("mailthrottle_migration").await? {
            return Ok(0);
        }
        let statement = store.statement(VERSION, Vec::new());
        let rows = store.rows(statement).await?;
        let version = rows.first().and_then(|row| row.number(0)).unwrap_or(0);
        if version > store.product().migrations.len() {
            bail!("the ledger was made by a later version of this program ({version}); use that one");
        }
        Ok(version)
    }

    /// Makes the ledger's tables, or what is missing of them.
    ///
    /// # Errors
    /// No right to make tables, or the database's refusal.
    pub async fn make(store: &mut Db, now: Millis) -> Result<()> {
        // one at a time, whoever comes first
        let lock = loop {
            if let Some(lock) = store.lock(MAKING).await? {
                break lock;
            }
            tokio::time::sleep(LOOK).await;
        };
        let made = Self::make_missing(store, now).await;
        store.unlock(MAKING, lock).await?;
        made
    }

    async fn make_missing(store: &mut Db, now: Millis) -> Result<()> {
        let files = store.product().migrations;
        for (place, file) in files.iter().enumerate().skip(Self::version(store).await?) {
            let number = i64::try_from(place + 1).unwrap_or(i64::MAX);
            let remember = store.statement(
                "INSERT INTO mailthrottle_migration (\"number\", applied_at) VALUES ($1, $2)",
                vec![Bind::Int(number), Bind::Int(now)],
            );
            store
                .run_file(file, remember)
                .await
                .context("the ledger's tables cannot be made; have them made by init --ledger, or use --ledger sqlite:PATH")?;
        }
        Ok(())
    }

    /// Settles what dead runs left: what they had claimed is free, what they were handing over is in doubt.
    ///
    /// # Errors
    /// The database's refusal.
    pub async fn release_dead_runs(&mut self, now: Millis) -> Result<Vec<String>> {
        let mut alive = Vec::new();
        let open = self.store.statement(OPEN_RUNS, Vec::new());
        for row in self.store.rows(open).await? {
            let (run, who) = (row.text(0).unwrap_or_default(), row.text(1).unwrap_or_default());
            match self.store.lock(&run).await? {
                None => alive.push(format!("{run} ({who})")),
                Some(lock) => {
                    tracing::info!("the run {run} ({who}) died; what it had claimed is free");
                    self.free(&run, now).await?;
                    self.store.unlock(&run, lock).await?;
                }
            }
        }
        Ok(alive)
    }

    /// The runs that have not ended and are alive.
    ///
    /// # Errors
    /// The database's refusal.
    pub async fn alive(store: &mut Db) -> Result<Vec<String>> {
        let mut alive = Vec::new();
        let open = store.statement(OPEN_RUNS, Vec::new());
        for row in store.rows(open).await? {
            let run = row.text(0).unwrap_or_default();
            match store.lock(&run).await? {
                None => alive.push(run),
                Some(lock) => store.unlock(&run, lock).await?,
            }
        }
        Ok(alive)
    }

    async fn free(&mut self, run: &str, now: Millis) -> Result<()> {
        let run = Bind::Text(run.to_owned());
        let free = self.store.statement(FREE_DEAD, vec![run.clone(), Bind::Int(now)]);
        let end = vec![run, Bind::Int(now), Bind::Text("died".to_owned())];
        let end = self.store.statement(END_RUN, end);
        self.store.begin().await?;
        self.store.execute(free).await?;
        self.store.execute(end).await?;
        self.store.commit().await
    }

    /// Writes to the log what it is still missing.
    ///
    /// # Errors
    /// The log cannot be written, so nothing may be sent.
    pub async fn sync_log(&mut self) -> Result<()> {
        let binds = vec![Bind::Text(self.table.clone())];
        let due = self.store.statement(DUE_IN_LOG, binds);
        for row in self.store.rows(due).await? {
            let (id, sent_date) = (row.text(0).unwrap_or_default(), row.text(1).unwrap_or_default());
            let (status, to) = (row.text(2).unwrap_or_default(), row.text(3).unwrap_or_default());
            let content = row.text(5).and_then(|content| content.parse().ok());
            let from = self.held(&status).to_owned();
            if from != to && self.is_same_mail(&id, content).await? {
                self.set_status(&[(&id, from, &to)])
                    .await
                    .with_context(|| {
                        format!(
                            "row {id} was sent, and the log does not let itself be told (status '{to}'); let it, or set log = \
                             \"nothing\" in [resend], before anything more is sent"
                        )
                    })?;
            }
            self.learnt_at(&id, &sent_date).await?;
        }
        Ok(())
    }

    /// Whether a row of the log still is the mail that the ledger has of it, and not another one that got its key.
    async fn is_same_mail(&mut self, id: &str, content: Option<MailFingerprint>) -> Result<bool> {
        let Some(content) = content else {
            return Ok(true);
        };
        let key = MailKey { id: id.to_owned(), sent_date: None };
        let rows = self.in_log(MESSAGE, std::iter::once(&key)).await?;
        let is_same = |row: &Row| !Kept(row).fingerprint().is_of_another(&content);
        Ok(rows.iter().flatten().all(is_same))
    }

    pub(super) async fn learnt(&mut self, key: &MailKey) -> Result<()> {
        self.learnt_at(&key.id, &key.time()).await
    }

    async fn learnt_at(&mut self, id: &str, time: &str) -> Result<()> {
        let binds = [&self.table, id, time].map(|text| Bind::Text(text.to_owned())).to_vec();
        let statement = self.store.statement(LEARNT, binds);
        self.store.execute(statement).await.map(drop)
    }

    /// When runs of an identity handed over messages since a time, and to how many recipients each.
    ///
    /// # Errors
    /// The database's refusal.
    pub async fn recent(&mut self, identity: &str, since: Millis) -> Result<Vec<(Millis, u32)>> {
        let binds = vec![Bind::Text(identity.to_owned()), Bind::Int(since)];
        let statement = self.store.statement(RECENT, binds);
        let rows = self.store.rows(statement).await?;
        Ok(rows.iter().filter_map(|row| row.number(0).zip(row.number(1))).collect())
    }

    /// When runs of an identity offered messages to the server since a time, whatever became of them.
    ///
    /// # Errors
    /// The database's refusal.
    pub async fn recent_attempts(&mut self, identity: &str, since: Millis) -> Result<Vec<Millis>> {
        let binds = vec![Bind::Text(identity.to_owned()), Bind::Int(since)];
        let statement = self.store.statement(RECENT_ATTEMPTS, binds);
        let rows = self.store.rows(statement).await?;
        Ok(rows.iter().filter_map(|row| row.number(0)).collect())
    }

    /// Before which time nothing may go for an identity, and why, as a server said to an earlier run.
    ///
    /// # Errors
    /// The database's refusal.
    pub async fn paused(&mut self, identity: &str) -> Result<Option<(Millis, String)>> {
        let statement = self.store.statement(PAUSED, vec![Bind::Text(identity.to_owned())]);
        let rows = self.store.rows(statement).await?;
        let paused = |row: &crate::db::row::Row| Some((row.number(0)?, row.text(1).unwrap_or_default()));
        Ok(rows.first().and_then(paused))
    }

    /// Takes the turn to send for an account; `None`: another run has it.
    ///
    /// # Errors
    /// The lock cannot be had.
    pub async fn lock_identity(&mut self, identity: &str) -> Result<Option<Lock>> {
        self.store.lock(&turn(identity)).await
    }

    /// Gives the turn to the next.
    ///
    /// # Errors
    /// The database's refusal.
    pub async fn leave_turn(&mut self, identity: &str, lock: Lock) -> Result<()> {
        self.store.unlock(&turn(identity), lock).await
    }

    /// Begins a run: takes its lock first, so that nobody takes it for dead.
    ///
    /// # Errors
    /// The lock or the ledger cannot be had.
    pub async fn begin_run(&mut self, run: &str, identity: &str, who: &str, now: Millis) -> Result<Lock> {
        let Some(lock) = self.store.lock(run).await? else {
            bail!("there is a run {run} already; run this again");
        };
        let texts = [run, identity, who].map(|text| Bind::Text(text.to_owned()));
        let binds = texts.into_iter().chain([Bind::Int(now)]).collect();
        let statement = self.store.statement(BEGIN_RUN, binds);
        self.store.execute(statement).await?;
        run.clone_into(&mut self.run);
        identity.clone_into(&mut self.identity);
        Ok(lock)
    }

    /// Ends the run and lets go of its lock.
    ///
    /// # Errors
    /// The database's refusal.
    pub async fn end_run(&mut self, lock: Lock, reason: &str, now: Millis) -> Result<()> {
        let run = self.run.clone();
        // what was claimed and never tried is free again
        let free = self.store.statement(FREE_DEAD, vec![Bind::Text(run.clone()), Bind::Int(now)]);
        self.store.execute(free).await?;
        let binds = vec![Bind::Text(run.clone()), Bind::Int(now), Bind::Text(reason.to_owned())];
        let statement = self.store.statement(END_RUN, binds);
        self.store.execute(statement).await?;
        if self.claim_status.is_some()
            && let Err(error) = self.sync_log().await
        {
            tracing::warn!("the next start will tell the log what it has not learnt: {error:#}");
        }
        self.store.unlock(&run, lock).await
    }

    /// Makes sure that the log lets its status be written, before the first mail goes. Where it is a view that cannot be
    /// written to, the ledger alone records what was done.
    ///
    /// # Errors
    /// No right to write.
    pub async fn try_log(&mut self) -> Result<()> {
        let now = chrono::Utc::now().timestamp_millis();
        let Some(trial) = self.mapping.trial_update(now).filter(|_| self.sent_word.is_some()) else {
            return Ok(());
        };
        match self.log().execute(trial).await {
            Ok(_) => Ok(()),
            Err(refused) if cannot_be_written_to(&format!("{refused:#}")) => {
                if self.claim_status.is_some() {
                    return Err(refused.context(
                        "[resend] claim_status: the log's status cannot be written; take the key out",
                    ));
                }
                self.sent_word = None;
                Ok(())
            }
            Err(refused) => Err(refused.context("the log's status cannot be written")),
        }
    }

    /// Takes leave of the databases.
    pub async fn close(self) {
        self.store.close().await;
        if let Some(log) = self.log {
            log.close().await;
        }
    }
}

/// Whether a refusal says that what is written to is a view, or a column of one that is worked out.
fn cannot_be_written_to(refusal: &str) -> bool {
    // Oracle names its codes, and says "table or view" of what is not there
    let by_code = ["ORA-01732", "ORA-01733", "ORA-01779"].iter().any(|code| refusal.contains(code));
    by_code || (refusal.contains("view") && !refusal.contains("table or view"))
}
