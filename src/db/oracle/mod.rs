//! The questions, asked of Oracle, through its own client library.
//!
//! Everything is read in one read-only transaction, which sees one state of the database. Rows are streamed: a report keeps
//! those that failed and counts the others (`attempts`). `session` owns the connection, on a thread of its own; `address` and
//! `client` reach the server, `tables` finds what the mapping names by describing it, `values` reads cells, `survey` looks at
//! the database itself, `store` writes.

mod address;
mod attempts;
mod binds;
mod client;
mod error;
mod grants;
mod session;
pub mod store;
mod survey;
mod tables;
mod values;

use anyhow::Result;
use chrono_tz::Tz;

use crate::db::row::Row;
use crate::db::{MAILS, Target, Which, YEAR_2200};
use crate::mapping::sql::{Bind, Selection, Statement, Times as Asking};
use crate::mapping::words::spellings;
use crate::mapping::{Column, Dialect, Mapping};
use crate::model::{Mail, Millis};
use crate::window::Window;
use session::{Session, WIDE};
use values::{Cell, Times, mail};

pub use client::NoClient;

const EXTENT: &str = include_str!("../../../queries/oracle/extent.sql");
const ZONE: &str = include_str!("../../../queries/oracle/zone.sql");

/// An open connection.
pub struct Oracle {
    session: Session,
    rehearsal: Option<Vec<Statement>>,
}

impl Oracle {
    /// Connects and begins a read-only transaction.
    ///
    /// # Errors
    /// One line that names the server and says what to do; three where the client library is missing.
    pub async fn open(target: &Target) -> Result<Self> {
        let session = Session::open(target).await?;
        session.execute(plain("SET TRANSACTION READ ONLY")).await?;
        Ok(Self { session, rehearsal: None })
    }

    /// `oracle://HOST:PORT/SERVICE`.
    pub fn name(&self) -> String {
        self.session.asked.name.clone()
    }

    /// Lets go of the connection.
    pub async fn close(self) {
        self.session.close().await;
    }

    /// From now on only says what it would ask of the log.
    pub fn rehearse(&mut self) {
        self.rehearsal = Some(Vec::new());
    }

    /// Whether it only says what it would ask.
    pub fn is_rehearsing(&self) -> bool {
        self.rehearsal.is_some()
    }

    /// What was kept since `rehearse`.
    pub fn rehearsed(&self) -> &[Statement] {
        self.rehearsal.as_deref().unwrap_or_default()
    }

    /// The zone of the database's host, as its clock has it now: what SYSDATE means.
    ///
    /// # Errors
    /// The server's refusal, or an offset that no zone without summer time has.
    pub async fn zone(&mut self) -> Result<Tz> {
        let rows = self.session.all(plain(ZONE)).await?;
        let offset = rows.first().and_then(|row| row[0].text()).unwrap_or_default().into_owned();
        survey::steady_zone(&offset)
            .ok_or_else(|| anyhow::anyhow!("the database's clock is at {offset}; say which zone that is by --time-zone or [email_log] time_zone"))
    }

    /// The mail of a key.
    ///
    /// # Errors
    /// The server's refusal.
    pub async fn mail(&mut self, mapping: &Mapping, id: &str) -> Result<Vec<Mail>> {
        let selection = Selection { ids: Some(vec![id.to_owned()]), ..Selection::default() };
        let (mut mails, mut sent_date) = (Vec::new(), Times::of(mapping, Column::SentDate));
        self.each(mapping.statement(&selection, MAILS), WIDE, &mut |row| {
            mails.push(mail(row, mapping, &mut sent_date));
            true
        })
        .await?;
        Ok(mails)
    }

    /// Every row of an answer, its cells as text.
    ///
    /// # Errors
    /// The database's refusal.
    pub async fn rows(&mut self, statement: Statement) -> Result<Vec<Row>> {
        store::rows(&self.session, statement).await
    }

    /// The mails of these status words that a query of the columns of `mails.sql` gives.
    ///
    /// # Errors
    /// The database's refusal.
    pub async fn mails(
        &mut self,
        mapping: &Mapping,
        which: &Which<'_>,
        query: &str,
        each: &mut dyn FnMut(Mail),
    ) -> Result<()> {
        let mut sent_date = Times::of(mapping, Column::SentDate);
        let selection = Selection { among: which.among.cloned(), ..of_words(which.words, which.window) };
        let statement = mapping.statement(&selection, query);
        self.each(statement, WIDE, &mut |row| {
            let mail = mail(row, mapping, &mut sent_date);
            if mail.at.is_none_or(|at| which.window.contains(at)) {
                each(mail);
            }
            true
        })
        .await
    }

    /// The first and the last time in the whole table.
    ///
    /// # Errors
    /// The server's refusal.
    pub async fn extent(&mut self, mapping: &Mapping) -> Result<Option<(Millis, Millis)>> {
        let window = Window { since: Some(0), until: Some(YEAR_2200), zone: mapping.zone };
        let selection = Selection { time: Asking::Placed(window), ..Selection::default() };
        let mut sent_date = Times::of(mapping, Column::SentDate);
        let mut ends = None;
        self.each(mapping.statement(&selection, EXTENT), WIDE, &mut |row| {
            ends = sent_date.read(&row[0]).zip(sent_date.read(&row[1]));
            true
        })
        .await?;
        Ok(ends)
    }

    /// Gives each row of the log to `each`, which answers whether to go on.
    async fn each(
        &mut self,
        statement: Statement,
        array: u32,
        each: &mut dyn FnMut(&[Cell]) -> bool,
    ) -> Result<()> {
        if let Some(kept) = &mut self.rehearsal {
            kept.push(statement);
            return Ok(());
        }
        self.session.each(statement, array, &mut |row| Ok(each(&row))).await
    }
}

/// The rows with one of some status words that a window may hold: an index on status and time serves the words alone.
fn of_words(words: &[String], window: Window) -> Selection {
    let words = words.iter().flat_map(|word| spellings(word)).map(|word| Bind::Text(word.to_owned()));
    Selection { words: Some(words.collect()), time: Asking::InsideOrUnplaced(window), ..Selection::default() }
}

fn plain(sql: &str) -> Statement {
    Statement::plain(Dialect::Oracle, sql)
}
