//! The questions, asked of PostgreSQL.
//!
//! Everything is read in one read-only transaction with one snapshot, so the numbers of a report agree. Rows are streamed:
//! a report keeps those that failed and counts the others. `connect` and `params` reach the server, `tables` finds what the
//! mapping names, `index` how a window is best asked for, `values` reads cells, `survey` looks at the database itself.

mod connect;
mod copy;
mod error;
mod grants;
mod index;
mod params;
mod service;
mod session;
mod survey;
mod tables;
mod values;

use anyhow::Result;
use futures_util::{Stream, TryStreamExt};
use sqlx::postgres::{PgConnection, PgRow};
use sqlx::{Connection, Row as _};

use crate::db::row::Row;
use crate::db::statement::query;
use crate::db::{MAILS, Order, Target, Which, has_more, recipients};
use crate::mapping::sql::{self, Bind, Selection, Statement};
use crate::mapping::{Column, Dialect, Mapping};
use crate::model::{Attempt, Mail, Millis};
use crate::window::Window;
use index::{Index, everything};
use values::{Cells, Times};

pub use connect::{Asked, open_to_write};
pub use session::check_own_session;

const ATTEMPTS: &str = include_str!("../../../queries/attempts.sql");
const ATTEMPTS_IN_ORDER: &str = include_str!("../../../queries/attempts_in_order.sql");
const EXTENT: &str = include_str!("../../../queries/extent.sql");
const SETTINGS: &str = include_str!("../../../queries/postgres/settings.sql");

/// What is left out of the attempts where the log has none of these columns.
const MORE_COLUMNS: &str = ", cc, bcc, finished_at";

/// An open connection.
pub struct Postgres {
    connection: PgConnection,
    asked: Asked,
    rehearsal: Option<Vec<Statement>>,
}

impl Postgres {
    /// Connects and begins a read-only snapshot.
    ///
    /// # Errors
    /// One line that names the server and says what to do.
    pub async fn open(target: &Target) -> Result<Self> {
        let (connection, asked) = connect::connect(target).await?;
        let mut db = Self { connection, asked, rehearsal: None };
        db.all(plain("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")).await?;
        db.all(Statement { binds: vec![db.asked.limit_in_millis()], ..plain(SETTINGS) }).await?;
        Ok(db)
    }

    /// `postgres://HOST:PORT/DATABASE`.
    pub fn name(&self) -> String {
        self.asked.name.clone()
    }

    /// Lets go of the connection.
    pub async fn close(self) {
        let _ = self.connection.close().await;
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

    /// The mail of a key.
    ///
    /// # Errors
    /// The server's refusal.
    pub async fn mail(&mut self, mapping: &Mapping, id: &str) -> Result<Vec<Mail>> {
        let selection = Selection { ids: Some(vec![id.to_owned()]), ..Selection::default() };
        let (mut mails, mut sent_date) = (Vec::new(), Times::of(mapping, Column::SentDate));
        self.each(mapping.statement(&selection, MAILS), &mut |cells| {
            mails.push(cells.mail(mapping, &mut sent_date)?);
            Ok(true)
        })
        .await?;
        Ok(mails)
    }

    /// Every row of an answer, its cells as text.
    ///
    /// # Errors
    /// The database's refusal.
    pub async fn rows(&mut self, statement: Statement) -> Result<Vec<Row>> {
        let rows = self.all(statement).await?;
        rows.iter().map(|row| Ok(Row::of(cells(row)?))).collect()
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
        let window = which.window;
        let mut sent_date = Times::of(mapping, Column::SentDate);
        for mut selection in self.of_words(mapping, which.words, window).await? {
            selection.among = which.among.cloned();
            self.each(mapping.statement(&selection, query), &mut |cells| {
                let mail = cells.mail(mapping, &mut sent_date)?;
                if mail.at.is_none_or(|at| window.contains(at)) {
                    each(mail);
                }
                Ok(true)
            })
            .await?;
        }
        Ok(())
    }

    /// Gives every attempt of the window, and every one whose time cannot be placed.
    ///
    /// # Errors
    /// The server's refusal.
    pub async fn attempts(
        &mut self,
        mapping: &Mapping,
        window: Window,
        order: Order,
        each: &mut dyn FnMut(Attempt<'_>) -> bool,
    ) -> Result<()> {
        let query = match order {
            Order::AsStored => ATTEMPTS,
            Order::Sorted => ATTEMPTS_IN_ORDER,
        };
        let has_more = has_more(mapping);
        let query = if has_more { query.to_owned() } else { query.replace(MORE_COLUMNS, "") };
        let selections = match order {
            Order::AsStored => self.parts(mapping, window).await?,
            Order::Sorted => vec![everything(window)],
        };
        let mut sent_date = Times::of(mapping, Column::SentDate);
        let mut finished_at = Times::of(mapping, Column::FinishedAt);
        for selection in selections {
            let mut go_on = true;
            self.each(mapping.statement(&selection, &query), &mut |cells| {
                let at = sent_date.read(cells.bytes(1)?)?;
                if at.is_some_and(|at| !window.contains(at)) {
                    return Ok(true);
                }
                let (status, sender) = (cells.text(0)?, cells.text(2)?);
                let mut to = cells.bytes(3)?.map_or(0, recipients);
                if has_more {
                    to += cells.bytes(4)?.map_or(0, recipients) + cells.bytes(5)?.map_or(0, recipients);
                }
                go_on = each(Attempt {
                    status: status.as_deref().map(|status| mapping.words.known(status)),
                    at,
                    sender: sender.as_deref(),
                    recipients: to,
                    finished_at: if has_more { finished_at.read(cells.bytes(6)?)? } else { None },
                });
                Ok(go_on)
            })
            .await?;
            if !go_on {
                break;
            }
        }
        Ok(())
    }

    /// The first and the last time in the whole table.
    ///
    /// # Errors
    /// The server's refusal.
    pub async fn extent(&mut self, mapping: &Mapping) -> Result<Option<(Millis, Millis)>> {
        let window = Window { since: Some(0), until: Some(crate::db::YEAR_2200), zone: mapping.zone };
        let words = match self.index(mapping, window).await? {
            Some(Index::OfStatusAndTime(words)) => {
                words.into_iter().chain([Bind::Null]).map(|word| Some(vec![word])).collect()
            }
            _ => vec![None],
        };
        let mut sent_date = Times::of(mapping, Column::SentDate);
        let mut ends: Vec<Millis> = Vec::new();
        for words in words {
            let selection = Selection { words, time: sql::Times::Placed(window), ..Selection::default() };
            self.each(mapping.statement(&selection, EXTENT), &mut |cells| {
                for end in [cells.bytes(0)?, cells.bytes(1)?] {
                    ends.extend(sent_date.read(end)?);
                }
                Ok(true)
            })
            .await?;
        }
        Ok(ends.iter().min().copied().zip(ends.iter().max().copied()))
    }

    async fn all(&mut self, statement: Statement) -> Result<Vec<PgRow>> {
        self.asked.answer(query(statement).persistent(false).fetch_all(&mut self.connection)).await
    }

    /// Gives each row of the log to `each`, which answers whether to go on.
    async fn each(
        &mut self,
        statement: Statement,
        each: &mut dyn FnMut(&Cells<'_>) -> Result<bool>,
    ) -> Result<()> {
        if let Some(kept) = &mut self.rehearsal {
            kept.push(statement);
            return Ok(());
        }
        if statement.binds.is_empty() {
            return self.each_in_bulk(&statement.sql, each).await;
        }
        let mut rows = query(statement).persistent(false).fetch(&mut self.connection);
        while let Some(row) = next(&mut rows, &self.asked).await? {
            if !each(&Cells::Row(&row))? {
                break;
            }
        }
        Ok(())
    }

    async fn each_in_bulk(
        &mut self,
        sql: &str,
        each: &mut dyn FnMut(&Cells<'_>) -> Result<bool>,
    ) -> Result<()> {
        let copy = copy::statement(sql);
        let mut pieces = self.asked.answer(self.connection.copy_out_raw(&copy)).await?;
        let (mut rows, mut go_on) = (copy::Rows::default(), true);
        // to its end also where nobody listens any more, or the connection could not be asked again
        while let Some(piece) = next(&mut pieces, &self.asked).await? {
            if go_on {
                rows.take(&piece, &mut |tuple| {
                    go_on = go_on && each(&Cells::Tuple(tuple))?;
                    Ok(())
                })?;
            }
        }
        Ok(())
    }
}

async fn next<T>(
    rows: &mut (impl Stream<Item = Result<T, sqlx::Error>> + Unpin),
    asked: &Asked,
) -> Result<Option<T>> {
    asked.answer(rows.try_next()).await
}

/// Every cell of a row as bytes of text.
pub(super) fn cells(row: &PgRow) -> Result<Vec<Option<Vec<u8>>>> {
    (0..row.len()).map(|column| values::cell(row, column)).collect()
}

fn plain(sql: &str) -> Statement {
    Statement::plain(Dialect::Postgres, sql)
}
