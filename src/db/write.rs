//! Writing: the ledger, and the status in the log. Reading commands never open a database for it.
//!
//! The ledger's statements are the same in every database: texts and whole numbers, `$1` and so on for values. A commit is
//! on the disk when it returns.

use std::collections::HashSet;

use anyhow::{Context, Result};

use crate::db::lock::Lock;
use crate::db::row::Row;
use crate::db::statement::{WriteStep, statements};
use crate::db::target::{Access, Target};
use crate::db::wire::Wire;
use crate::db::{Db, TablePresence};
use crate::mapping::Dialect;
use crate::mapping::sql::{Bind, Statement, body};

impl Db {
    /// Opens a database for writing; a SQLite file that is not there is made only where `make` says so.
    ///
    /// # Errors
    /// One line that names the database and says what to do.
    pub async fn open_to_write(target: &Target, make: bool) -> Result<Self> {
        Self::open_for(target, Access::Write { make }).await
    }

    /// Makes sure that a lock which is taken through this connection is its own as long as it lasts.
    ///
    /// # Errors
    /// A pooler that lends the server's session to others.
    pub async fn check_own_session(&mut self) -> Result<()> {
        match &mut self.wire {
            Wire::Postgres(server) => server.check_own_session(&self.target).await,
            // a lock there has a file, or a session, of its own
            _ => Ok(()),
        }
    }

    /// Which database it is, by whatever name it was reached.
    ///
    /// # Errors
    /// The database's refusal.
    pub async fn identity(&mut self) -> Result<String> {
        let asked = match (&self.wire, self.product.identity) {
            (Wire::Sqlite(file), _) => Some(file.identity()),
            (_, Some(sql)) => {
                let rows = self.rows(self.statement(body(sql), Vec::new())).await?;
                rows.first().and_then(|row| row.text(0))
            }
            _ => None,
        };
        asked.context("the database does not say which it is")
    }

    /// Makes sure that what is written still is the database of its name.
    ///
    /// # Errors
    /// The file was removed or replaced: whatever is written now is lost.
    pub fn check_place(&self) -> Result<()> {
        match &self.wire {
            Wire::Sqlite(file) => file.check_place(),
            _ => Ok(()),
        }
    }

    /// Begins a transaction that will write.
    ///
    /// # Errors
    /// Another process holds the database, or it is gone.
    pub async fn begin(&mut self) -> Result<()> {
        self.wire.transact(WriteStep::Begin).await
    }

    /// Ends the transaction; all of it is on the disk then.
    ///
    /// # Errors
    /// Not one change is on the disk.
    pub async fn commit(&mut self) -> Result<()> {
        self.wire.transact(WriteStep::Commit).await
    }

    /// Takes back the transaction, if there is one.
    pub async fn roll_back(&mut self) {
        // without a transaction this is refused, and nothing is to be taken back
        let _ = self.wire.transact(WriteStep::RollBack).await;
    }

    /// Runs a statement and says how many rows it changed.
    ///
    /// # Errors
    /// The database's refusal.
    pub async fn execute(&mut self, statement: Statement) -> Result<u64> {
        self.wire.execute(statement).await
    }

    /// Runs statements one after the other and says how many rows each changed.
    ///
    /// # Errors
    /// The database's first refusal; statements after it do not run.
    pub async fn execute_each(&mut self, statements: Vec<Statement>) -> Result<Vec<u64>> {
        if let Wire::Sqlite(file) = &mut self.wire {
            return Ok(file.run_each(&statements).await?.into_iter().map(|ran| ran.changed).collect());
        }
        let mut changed = Vec::with_capacity(statements.len());
        for statement in statements {
            changed.push(self.execute(statement).await?);
        }
        Ok(changed)
    }

    /// Runs queries one after the other.
    ///
    /// # Errors
    /// The database's first refusal.
    pub async fn rows_of_each(&mut self, statements: Vec<Statement>) -> Result<Vec<Vec<Row>>> {
        if let Wire::Sqlite(file) = &mut self.wire {
            return Ok(file.run_each(&statements).await?.into_iter().map(|ran| ran.rows).collect());
        }
        let mut rows = Vec::with_capacity(statements.len());
        for statement in statements {
            rows.push(self.rows(statement).await?);
        }
        Ok(rows)
    }

    /// Runs the statements of a file that makes tables, one after the other, in one transaction, and a last one that says
    /// that they were run.
    ///
    /// # Errors
    /// The database's refusal; then not one of them was run. Oracle ends the transaction at each: there what is made
    /// stays, and running them again goes on.
    pub async fn run_file(&mut self, file: &str, last: Statement) -> Result<()> {
        self.begin().await?;
        match self.run_all(file, last).await {
            Ok(()) => self.commit().await,
            Err(error) => {
                self.roll_back().await;
                Err(error)
            }
        }
    }

    async fn run_all(&mut self, file: &str, last: Statement) -> Result<()> {
        for part in statements(file) {
            self.execute(self.statement(part, Vec::new())).await?;
        }
        self.execute(last).await.map(drop)
    }

    /// Whether a table of the program's own is there, and may be read.
    ///
    /// # Errors
    /// The database's refusal.
    pub async fn there(&mut self, table: &str) -> Result<TablePresence> {
        let question = self.statement(self.product.is_there, vec![Bind::Text(table.to_owned())]);
        let rows = self.rows(question).await?;
        Ok(match rows.first().and_then(|row| row.text(0)).as_deref() {
            None => TablePresence::No,
            Some("closed") => TablePresence::Closed,
            Some(_) => TablePresence::Yes,
        })
    }

    /// Whether a table of the program's own is there, be it that it may not be read.
    ///
    /// # Errors
    /// The database's refusal.
    pub async fn has_table(&mut self, table: &str) -> Result<bool> {
        Ok(self.there(table).await? != TablePresence::No)
    }

    /// The tables and views that a view reads, through further views too; none for a table. Names are `schema.name`.
    ///
    /// # Errors
    /// The database's refusal.
    pub async fn reads(&mut self, view: &str) -> Result<HashSet<String>> {
        let sql = body(self.product.reads);
        let (mut all, mut next) = (HashSet::new(), vec![view.to_owned()]);
        while let Some(view) = next.pop() {
            let rows = self.rows(self.statement(sql, vec![Bind::Text(view)])).await?;
            let names = rows.iter().filter_map(|row| row.text(0)).filter(|name| all.insert(name.clone()));
            next.extend(names.collect::<Vec<_>>());
        }
        Ok(all)
    }

    /// Whether one of two tables or views is made of those that the other is made of, or of some of them.
    ///
    /// # Errors
    /// The database's refusal.
    pub async fn is_of_same_tables(&mut self, one: &str, other: &str) -> Result<bool> {
        let (of_one, of_other) = (self.made_of(one).await?, self.made_of(other).await?);
        Ok(of_one.is_subset(&of_other) || of_other.is_subset(&of_one))
    }

    /// The tables that a view is made of; a table is made of itself.
    async fn made_of(&mut self, name: &str) -> Result<HashSet<String>> {
        let mut tables = HashSet::new();
        for read in self.reads(name).await? {
            if self.reads(&read).await?.is_empty() {
                tables.insert(read);
            }
        }
        if tables.is_empty() {
            tables.insert(name.to_owned());
        }
        Ok(tables)
    }

    /// Whether a server keeps the database, and may end the session of a run that lives on.
    pub fn is_server(&self) -> bool {
        self.dialect() != Dialect::Sqlite
    }

    /// Reconnects to the server.
    ///
    /// # Errors
    /// It cannot be reached.
    pub async fn reconnect(&mut self) -> Result<()> {
        if self.is_server() {
            self.wire = Wire::open(&self.target, self.access).await?.0;
        }
        Ok(())
    }

    /// Takes the lock of a run; `None`: it is held, so the run is alive.
    ///
    /// # Errors
    /// The lock's file cannot be made, or the server's refusal.
    pub async fn lock(&mut self, run: &str) -> Result<Option<Lock>> {
        self.wire.lock(run).await
    }

    /// Lets go of the lock of a run.
    ///
    /// # Errors
    /// The server's refusal.
    pub async fn unlock(&mut self, run: &str, lock: Lock) -> Result<()> {
        self.wire.unlock(run, lock).await
    }
}
