//! The database: this program's questions, and nothing general.
//!
//! A [`Db`] asks them, each once for all databases: of the log (`mails`), of the ledger and what it writes (`write`), of tables
//! that nobody has mapped yet (`survey`). It asks by a `wire`, which each database has of its own kind; `product` holds the
//! questions that a database is asked in words of its own. Reading commands open it read-only and ask within one transaction, so
//! that the numbers of a report agree with each other. Rows leave this layer with their times read; a row whose time or text
//! cannot be read leaves it too, and says so. A query that fails is an error, never an empty result.

mod catalogue;
mod dry_run;
mod index;
pub mod lock;
mod mails;
mod names;
pub mod oracle;
mod postgres;
mod product;
mod read;
pub mod row;
pub mod sqlite;
mod statement;
mod survey;
mod target;
mod wire;
mod write;

use anyhow::Result;
use chrono_tz::Tz;

use crate::mapping::Dialect;
use crate::mapping::sql::{Among, Bind, Statement};
use crate::window::Window;
use crate::zone;
use dry_run::DryRun;
use product::Product;
use row::{Cells, Row};
pub use target::{Access, Location, Target};
use wire::Wire;

const MAILS: &str = include_str!("../../queries/mails.sql");

/// In which order attempts are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// However the table gives them fastest; most logs are written in the order of time, or nearly so.
    AsStored,
    /// Sorted by the database.
    Sorted,
}

/// Which mails `Db::mails` gives.
#[derive(Debug, Clone)]
pub struct Which<'a> {
    /// Mails of this window, and those whose time cannot be placed.
    pub window: Window,
    /// Mails with one of these status words.
    pub words: &'a [String],
    /// Only those with one of these Message-IDs or subjects.
    pub among: Option<&'a Among>,
}

/// Whether a table is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TablePresence {
    /// It is not.
    No,
    /// It may not be read.
    Closed,
    /// It is.
    Yes,
}

/// An open database.
pub struct Db {
    target: Target,
    access: Access,
    wire: Wire,
    name: String,
    product: &'static Product,
    dry_run: DryRun,
    /// Whether an index of the log may serve a window, where the planner is not asked and once that is known.
    may_be_served: Option<bool>,
}

impl Db {
    /// Opens the database of a target read-only, and begins a snapshot.
    ///
    /// # Errors
    /// One line that names the database and says what to do.
    pub async fn open(target: &Target) -> Result<Self> {
        Self::open_for(target, Access::Read).await
    }

    async fn open_for(target: &Target, access: Access) -> Result<Self> {
        let (wire, name, product) = Wire::open(target, access).await?;
        let dry_run = DryRun::default();
        Ok(Self { target: target.clone(), access, wire, name, product, dry_run, may_be_served: None })
    }

    /// Lets go of the database and of the snapshot.
    pub async fn close(self) {
        self.wire.close().await;
    }

    /// Whose SQL it understands.
    pub fn dialect(&self) -> Dialect {
        self.product.dialect
    }

    /// What is particular to it.
    pub fn product(&self) -> &'static Product {
        self.product
    }

    /// What a report calls the database: its kind and place, without any password.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The zone of the log's naive times: the one the config names, else UTC, on Oracle that of the database's host, since
    /// its applications write SYSDATE.
    ///
    /// # Errors
    /// The database's refusal, or an offset that no zone without summer time has.
    pub async fn zone(&mut self, named: Option<Tz>) -> Result<Tz> {
        let (None, Some(question)) = (named, self.product.zone) else {
            return Ok(named.unwrap_or(Tz::UTC));
        };
        let rows = self.rows(self.statement(question, Vec::new())).await?;
        let offset = rows.first().and_then(|row| row.text(0)).unwrap_or_default();
        zone::steady(&offset)
            .ok_or_else(|| anyhow::anyhow!("the database's clock is at {offset}; say which zone that is by --time-zone or [email_log] time_zone"))
    }

    /// From now on only says what it would ask of the log, and answers that it holds nothing. What finds out about table and
    /// columns is asked still.
    pub fn dry_run(&mut self) {
        self.dry_run.begin();
    }

    /// Whether it only says what it would ask.
    pub fn is_dry_run(&self) -> bool {
        self.dry_run.is_on()
    }

    /// What it would have asked since `dry_run`.
    pub fn would_ask(&self) -> &[Statement] {
        self.dry_run.statements()
    }

    /// A statement in the database's own SQL.
    pub fn statement(&self, sql: &str, binds: Vec<Bind>) -> Statement {
        Statement { dialect: self.dialect(), sql: sql.to_owned(), binds }
    }

    /// Every row of an answer, its cells as text.
    ///
    /// # Errors
    /// The database's refusal.
    pub async fn rows(&mut self, statement: Statement) -> Result<Vec<Row>> {
        self.wire.rows(statement).await
    }

    /// Gives each row of the log to `each`, which answers whether to go on.
    async fn each(
        &mut self,
        statement: Statement,
        each: &mut dyn FnMut(&dyn Cells) -> Result<bool>,
    ) -> Result<()> {
        if self.dry_run.keeps(&statement) {
            return Ok(());
        }
        self.wire.each(statement, each).await
    }

    /// Makes sure that all answers came from one state of the database; to be called before they are shown.
    ///
    /// # Errors
    /// It changed meanwhile.
    pub fn settle(&self) -> Result<()> {
        match &self.wire {
            Wire::Sqlite(file) => file.settle(),
            // one snapshot of the server's own
            _ => Ok(()),
        }
    }
}
