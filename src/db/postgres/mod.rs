//! The questions, asked of PostgreSQL.
//!
//! Everything is read in one read-only transaction with one snapshot, so the numbers of a report agree. Rows are streamed:
//! a report keeps those that failed and counts the others. `params` finds out where to connect, `values` reads cells, `survey` looks
//! at the database itself.

mod copy;
mod error;
mod grants;
mod params;
mod service;
mod survey;
mod values;

use std::pin::pin;
use std::time::Duration;

use anyhow::{Result, bail};
use futures_util::{FutureExt, Stream, TryStreamExt};
use sqlx::postgres::{PgConnection, PgRow};
use sqlx::{ConnectOptions, Connection, Row as _};

use crate::db::statement::query;
use crate::db::store::Row;
use crate::db::{Failed, Order, Target, has_more, recipients};
use crate::mapping::resolve::{Field, Kind, Misfit, Source, Table};
use crate::mapping::sql::{self, Bind, Selection, Statement};
use crate::mapping::time::{Form, Sampled};
use crate::mapping::words::spellings;
use crate::mapping::{Column, Dialect, Mapping, Wanted, nearest};
use crate::model::{Attempt, FailedMail, Millis, SentMail};
use crate::window::Window;
use params::Params;
use values::{Cells, Times};

const ATTEMPTS: &str = include_str!("../../../queries/attempts.sql");
const ATTEMPTS_IN_ORDER: &str = include_str!("../../../queries/attempts_in_order.sql");
const COLUMNS: &str = include_str!("../../../queries/postgres/columns.sql");
const EXTENT: &str = include_str!("../../../queries/extent.sql");
const CANDIDATES: &str = include_str!("../../../queries/candidates.sql");
const FAILED: &str = include_str!("../../../queries/failed.sql");
const SENT: &str = include_str!("../../../queries/sent.sql");
const SETTINGS: &str = include_str!("../../../queries/postgres/settings.sql");
const WRITE_SETTINGS: &str = include_str!("../../../queries/postgres/write_settings.sql");
const STATUS_WORDS: &str = include_str!("../../../queries/postgres/status_words.sql");
const TABLES: &str = include_str!("../../../queries/postgres/tables.sql");
const TIME_SAMPLE: &str = include_str!("../../../queries/postgres/time_sample.sql");

/// What is left out of the attempts where the log has none of these columns.
const MORE_COLUMNS: &str = ", cc, bcc, finished_at";

/// So much longer than the server's own limit the program waits for it to say something.
const GRACE: Duration = Duration::from_secs(5);

/// A message lists so many tables at most.
const LISTED: usize = 20;

/// An open connection.
pub struct Postgres {
    connection: PgConnection,
    asked: Asked,
    rehearsal: Option<Vec<Statement>>,
}

/// What an error has to name: whom was asked, and how long an answer may take.
pub struct Asked {
    name: String,
    role: String,
    /// The tables in question, by schema and name.
    tables: Vec<(String, String)>,
    limit: Duration,
    /// What would make statements quicker.
    indexes: String,
}

impl Asked {
    fn limit_in_millis(&self) -> Bind {
        Bind::Text(self.limit.as_millis().to_string())
    }

    /// Waits for an answer, for little longer than the server may take for it.
    pub(super) async fn answer<T>(&self, answer: impl Future<Output = Result<T, sqlx::Error>>) -> Result<T> {
        let mut answer = pin!(answer);
        // most rows are there already, and a look at the clock for each would cost more than they do
        if let Some(answer) = answer.as_mut().now_or_never() {
            return answer.map_err(|cause| error::explain(&cause, self));
        }
        let answered = match self.limit {
            Duration::ZERO => Ok(answer.await),
            limit => tokio::time::timeout(limit.saturating_add(GRACE), answer).await,
        };
        match answered {
            Ok(answer) => answer.map_err(|cause| error::explain(&cause, self)),
            Err(_) => Err(error::silence(self)),
        }
    }
}

/// What an index can find without a look at every row.
enum Index {
    /// A window within one status word; these are the words there are, beside NULL.
    OfStatusAndTime(Vec<Bind>),
    /// A window.
    OfTime,
}

impl Postgres {
    /// Connects and begins a read-only snapshot.
    ///
    /// # Errors
    /// One line that names the server and says what to do.
    pub async fn open(target: &Target) -> Result<Self> {
        let (connection, asked) = connect(target).await?;
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

    /// What was kept since `rehearse`.
    pub fn rehearsed(&self) -> &[Statement] {
        self.rehearsal.as_deref().unwrap_or_default()
    }

    /// Finds the tables and their columns, and looks at how the times are written.
    ///
    /// # Errors
    /// No such table or column, or the server's refusal.
    pub async fn mapping(&mut self, wanted: &Wanted) -> Result<Mapping> {
        let log = self.table(&wanted.table, "--table or [email_log] table").await?;
        let mut further = Vec::new();
        for join in &wanted.joins {
            further.push(self.table(&join.table, &format!("{} table", join.key())).await?);
        }
        let mut mapping = Mapping::resolve(wanted, Dialect::Postgres, &log, &further).map_err(Misfit)?;
        self.asked.indexes = mapping.indexes();
        mapping.form = self.form(&mapping).await?;
        let time = mapping.names(Column::SentDate).join(", ");
        tracing::info!("times in {time} are read as {}; naive ones in {}", mapping.form, mapping.zone);
        Ok(mapping)
    }

    async fn table(&mut self, wanted: &str, key: &str) -> Result<Table> {
        let mut tables = Vec::new();
        for row in self.all(plain(TABLES)).await? {
            tables.push((row.try_get(0)?, row.try_get(1)?, row.try_get(2)?));
        }
        let Some((schema, name)) = find(wanted, &tables) else {
            bail!(Misfit(no_table(wanted, key, &tables, &self.asked.name)))
        };
        let columns = self.columns(&schema, &name).await?;
        let named = (schema.clone(), name.clone());
        if !self.asked.tables.contains(&named) {
            self.asked.tables.push(named);
        }
        Ok(Table { schema, name, columns })
    }

    async fn columns(&mut self, schema: &str, table: &str) -> Result<Vec<Field>> {
        let binds = vec![Bind::Text(schema.to_owned()), Bind::Text(table.to_owned())];
        let rows = self.all(Statement { binds, ..plain(COLUMNS) }).await?;
        rows.iter()
            .map(|row| Ok(Field { name: row.try_get(0)?, kind: kind(row.try_get(1)?, row.try_get(2)?) }))
            .collect()
    }

    async fn form(&mut self, mapping: &Mapping) -> Result<Form> {
        match mapping.kind_of_time(Column::SentDate) {
            None | Some(Kind::Instant) => return Ok(Form::Instant),
            Some(Kind::WallClock) => return Ok(Form::WallClock),
            Some(Kind::Day) => return Ok(Form::Day),
            Some(_) => {}
        }
        let is_number = matches!(mapping.kind_of_time(Column::SentDate), Some(Kind::Integer | Kind::Decimal));
        let rows = self.all(mapping.statement(&Selection::default(), TIME_SAMPLE)).await?;
        let sample: Vec<_> = rows
            .iter()
            .map(|row| Ok(Sampled { is_number, text: values::text(row, 0)?.unwrap_or_default() }))
            .collect::<Result<_>>()?;
        Ok(match Form::of(&sample) {
            // a column without a row says nothing, but its type does
            Form::Text if is_number => Form::Seconds,
            form => form,
        })
    }

    /// The mail of a key.
    ///
    /// # Errors
    /// The server's refusal.
    pub async fn mail(&mut self, mapping: &Mapping, id: &str) -> Result<Vec<FailedMail>> {
        let selection = Selection { id: Some(id.to_owned()), ..Selection::default() };
        let (mut mails, mut sent_date) = (Vec::new(), Times::of(mapping, Column::SentDate));
        self.each(mapping.statement(&selection, FAILED), &mut |cells| {
            mails.push(cells.failed_mail(mapping, &mut sent_date)?);
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

    /// Gives every failed mail of the window, and every one whose time cannot be placed.
    ///
    /// # Errors
    /// The server's refusal.
    pub async fn failed(
        &mut self,
        mapping: &Mapping,
        failed: &Failed<'_>,
        each: &mut dyn FnMut(FailedMail),
    ) -> Result<()> {
        let query = if failed.to_send { CANDIDATES } else { FAILED };
        self.mails(mapping, failed, query, each).await
    }

    /// The mails of these status words that a query of the columns of `failed.sql` gives.
    async fn mails(
        &mut self,
        mapping: &Mapping,
        failed: &Failed<'_>,
        query: &str,
        each: &mut dyn FnMut(FailedMail),
    ) -> Result<()> {
        let window = failed.window;
        let mut sent_date = Times::of(mapping, Column::SentDate);
        for selection in self.of_words(mapping, failed.words, window).await? {
            self.each(mapping.statement(&selection, query), &mut |cells| {
                let mail = cells.failed_mail(mapping, &mut sent_date)?;
                if mail.at.is_none_or(|at| window.contains(at)) {
                    each(mail);
                }
                Ok(true)
            })
            .await?;
        }
        Ok(())
    }

    /// Gives every mail of the window with one of these status words.
    ///
    /// # Errors
    /// The server's refusal.
    pub async fn sent(
        &mut self,
        mapping: &Mapping,
        words: &[String],
        window: Window,
        each: &mut dyn FnMut(SentMail),
    ) -> Result<()> {
        let mut sent_date = Times::of(mapping, Column::SentDate);
        let selections = self.of_words(mapping, words, window).await?;
        for selection in selections.into_iter().filter(Selection::is_timely) {
            self.each(mapping.statement(&selection, SENT), &mut |cells| {
                let mail = cells.sent_mail(&mut sent_date)?;
                if mail.at.is_some_and(|at| window.contains(at)) {
                    each(mail);
                }
                Ok(true)
            })
            .await?;
        }
        Ok(())
    }

    /// The selections that give the rows of a window with one of some status words, each by the way an index serves.
    async fn of_words(
        &mut self,
        mapping: &Mapping,
        words: &[String],
        window: Window,
    ) -> Result<Vec<Selection>> {
        let words: Vec<Bind> = words.iter().flat_map(|word| spelled(word)).collect();
        let times = match self.index(mapping, window).await? {
            Some(_) => mapping.parts_by_index(window),
            None => vec![sql::Times::InsideOrUnplaced(window)],
        };
        let selection = |time| Selection { words: Some(words.clone()), time, ..Selection::default() };
        Ok(times.into_iter().map(selection).collect())
    }

    /// What would make questions about a window quicker, where no index serves them.
    ///
    /// # Errors
    /// The server's refusal.
    pub async fn missing_index(&mut self, mapping: &Mapping, window: Window) -> Result<Option<String>> {
        Ok(self.index(mapping, window).await?.is_none().then(|| mapping.indexes()))
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

    /// The selections that give a window, each by the way an index serves.
    async fn parts(&mut self, mapping: &Mapping, window: Window) -> Result<Vec<Selection>> {
        let words = match self.index(mapping, window).await? {
            None => return Ok(vec![everything(window)]),
            Some(Index::OfTime) => vec![None],
            // NULL for itself: an index does not serve a choice between it and words
            Some(Index::OfStatusAndTime(words)) => vec![Some(words), Some(vec![Bind::Null])],
        };
        let selection = |words: &Option<Vec<Bind>>, time| Selection {
            words: words.clone(),
            time,
            ..Selection::default()
        };
        let times = mapping.parts_by_index(window);
        Ok(words.iter().flat_map(|words| times.iter().map(|time| selection(words, *time))).collect())
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

    /// Which index serves a window, asked of the server's own planner.
    async fn index(&mut self, mapping: &Mapping, window: Window) -> Result<Option<Index>> {
        let ([Source::Own(time)], true) =
            (mapping.sources(Column::SentDate), can_be_bounded(mapping, window))
        else {
            return Ok(None);
        };
        if let (Some(status), Some(word)) = (mapping.own(Column::Status), mapping.words.all().next()) {
            // asked first: for a short window the planner would rather walk through the whole of such an index
            let word = spelled(word).collect();
            if self.is_served(mapping, Some(word), window, &[&status.name, &time.name]).await? {
                return Ok(Some(Index::OfStatusAndTime(self.status_words(mapping).await?)));
            }
        }
        Ok(self.is_served(mapping, None, window, &[&time.name]).await?.then_some(Index::OfTime))
    }

    /// Whether the planner looks up a window in an index on these columns in this order.
    async fn is_served(
        &mut self,
        mapping: &Mapping,
        words: Option<Vec<Bind>>,
        window: Window,
        columns: &[&str],
    ) -> Result<bool> {
        // a condition names its columns in the order of the index
        let serves = |line: &String| {
            let condition = line.trim_start().strip_prefix("Index Cond:");
            let after =
                |rest: Option<_>, name: &&str| rest.and_then(|rest: &str| Some(rest.split_once(*name)?.1));
            columns.iter().fold(condition, after).is_some()
        };
        Ok(self.plan(mapping, words, window).await?.iter().any(serves))
    }

    /// How the server would look for the failed mails of a window.
    async fn plan(
        &mut self,
        mapping: &Mapping,
        words: Option<Vec<Bind>>,
        window: Window,
    ) -> Result<Vec<String>> {
        let selection = Selection { words, time: sql::Times::Inside(window), ..Selection::default() };
        let statement = mapping.statement(&selection, FAILED);
        let plan = self.all(Statement { sql: format!("EXPLAIN {}", statement.sql), ..statement }).await?;
        plan.iter().map(|row| Ok(row.try_get(0)?)).collect()
    }

    async fn status_words(&mut self, mapping: &Mapping) -> Result<Vec<Bind>> {
        let kept = Selection { with_kept_status: true, ..Selection::default() };
        let mut words = Vec::new();
        for row in self.all(mapping.statement(&kept, STATUS_WORDS)).await? {
            words.extend(values::text(&row, 0)?.map(Bind::Text));
        }
        Ok(words)
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

/// Connects to a target.
async fn connect(target: &Target) -> Result<(PgConnection, Asked)> {
    let params = Params::find(target)?;
    let limit = target.statement_timeout;
    let (name, role) = (params.name(), params.role());
    let asked = Asked { name, role, tables: Vec::new(), limit, indexes: "an index".to_owned() };
    tracing::debug!("connecting to {}", asked.name);
    let options = params.options()?.disable_statement_logging();
    let connecting = tokio::time::timeout(params.connect_timeout, options.connect());
    let connection = match connecting.await {
        Ok(connected) => connected.map_err(|cause| error::explain(&cause, &asked))?,
        Err(_) => return Err(error::no_connection(&asked, params.connect_timeout)),
    };
    Ok((connection, asked))
}

/// Connects to a target to write to it. What is set holds for the session: commits are on the disk, times are UTC, and a
/// transaction may stay open while a server takes its time.
pub(super) async fn open_to_write(target: &Target) -> Result<(PgConnection, Asked)> {
    let (mut connection, asked) = connect(target).await?;
    let settings = Statement { binds: vec![asked.limit_in_millis()], ..plain(WRITE_SETTINGS) };
    asked.answer(query(settings).persistent(false).execute(&mut connection)).await?;
    Ok((connection, asked))
}

/// Every cell of a row as bytes of text.
pub(super) fn cells(row: &PgRow) -> Result<Vec<Option<Vec<u8>>>> {
    (0..row.len()).map(|column| Ok(values::bytes(row, column)?.map(<[u8]>::to_vec))).collect()
}

fn plain(sql: &str) -> Statement {
    Statement::plain(Dialect::Postgres, sql)
}

fn everything(window: Window) -> Selection {
    Selection { time: sql::Times::InsideOrUnplaced(window), ..Selection::default() }
}

/// Whether the window's bounds are such that an index on the column serves: texts are compared byte by byte, in which
/// they are not sorted.
fn can_be_bounded(mapping: &Mapping, window: Window) -> bool {
    let is_text = matches!(mapping.form, Form::Text | Form::TextWithT | Form::TextOfManyForms);
    !window.is_all() && !is_text
}

/// What a column of this type holds.
fn kind(name: String, is_enum: bool) -> Kind {
    match name.as_str() {
        _ if is_enum => Kind::Enum(name),
        "text" | "character varying" | "name" => Kind::Text,
        "character" => Kind::Padded,
        "smallint" | "integer" | "bigint" => Kind::Integer,
        "numeric" | "real" | "double precision" => Kind::Decimal,
        "boolean" => Kind::Truth,
        "timestamp with time zone" => Kind::Instant,
        "timestamp without time zone" => Kind::WallClock,
        "date" => Kind::Day,
        "bytea" => Kind::Bytes,
        _ => Kind::Other(name),
    }
}

/// A status word in each way it may be stored.
fn spelled(word: &str) -> impl Iterator<Item = Bind> {
    spellings(word).map(|spelling| Bind::Text(spelling.to_owned()))
}

/// A table by the name the user wrote: to the letter, else with its schema or found without it, whatever the case where
/// just one fits.
fn find(wanted: &str, tables: &[(String, String, bool)]) -> Option<(String, String)> {
    let parts = parts(wanted);
    let same = |a: &str, b: &str, exact: bool| if exact { a == b } else { a.eq_ignore_ascii_case(b) };
    let fits = |(schema, name, is_visible): &(String, String, bool), exact| match parts.as_slice() {
        [bare] => *is_visible && same(bare, name, exact),
        [of, bare] => same(of, schema, exact) && same(bare, name, exact),
        _ => false,
    };
    let whole = tables.iter().find(|(_, name, is_visible)| *is_visible && name == wanted);
    let by_parts = || {
        [true, false].into_iter().find_map(|exact| {
            let mut found = tables.iter().filter(|table| fits(table, exact));
            found.next().filter(|_| found.next().is_none())
        })
    };
    whole.or_else(by_parts).map(|(schema, name, _)| (schema.clone(), name.clone()))
}

/// `schema.table`, each part perhaps in double quotes, in which a quote is doubled.
fn parts(wanted: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    let mut is_quoted = false;
    let mut letters = wanted.chars().peekable();
    while let Some(letter) = letters.next() {
        let part = parts.last_mut().expect("it begins with one");
        match letter {
            '"' if is_quoted && letters.next_if_eq(&'"').is_some() => part.push('"'),
            '"' => is_quoted = !is_quoted,
            '.' if !is_quoted => parts.push(String::new()),
            letter => part.push(letter),
        }
    }
    parts
}

fn no_table(wanted: &str, key: &str, tables: &[(String, String, bool)], database: &str) -> String {
    let name = |(schema, name, is_visible): &(String, String, bool)| {
        if *is_visible { name.clone() } else { format!("{schema}.{name}") }
    };
    let names: Vec<String> = tables.iter().map(name).collect();
    if names.is_empty() {
        return format!("{database} holds no table at all; name another database in --db");
    }
    let bare = parts(wanted).pop().unwrap_or_default();
    let elsewhere = tables.iter().find(|(_, name, _)| name.eq_ignore_ascii_case(&bare)).map(name);
    let near = elsewhere.or_else(|| nearest(&bare, &names).map(str::to_owned));
    let near = near.map_or_else(String::new, |near| format!(" (did you mean '{near}'?)"));
    let more =
        if names.len() > LISTED { format!(" and {} more", names.len() - LISTED) } else { String::new() };
    format!(
        "no table '{}' in {database}, which has {}{more}{near}; name it by {key}",
        wanted.escape_debug(),
        names.iter().take(LISTED).cloned().collect::<Vec<_>>().join(", ")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_is_found_by_the_name_a_user_writes() {
        let table = |schema: &str, name: &str, visible| (schema.to_owned(), name.to_owned(), visible);
        let tables = [
            table("public", "email_log", true),
            table("erp", "email_log", false),
            table("Mail Box", "Sent.Items", false),
            table("public", "Twice", true),
            table("public", "the \"log\"", true),
            table("public", "twice", true),
        ];
        let found = |wanted| find(wanted, &tables).map(|(schema, name)| format!("{schema}/{name}"));
        assert_eq!(found("email_log").as_deref(), Some("public/email_log"));
        assert_eq!(found("EMAIL_LOG").as_deref(), Some("public/email_log"));
        assert_eq!(found("ERP.email_log").as_deref(), Some("erp/email_log"));
        assert_eq!(found("\"Mail Box\".\"Sent.Items\"").as_deref(), Some("Mail Box/Sent.Items"));
        assert_eq!(found("\"the \"\"log\"\"\"").as_deref(), Some("public/the \"log\""));
        assert_eq!(found("twice").as_deref(), Some("public/twice"));
        assert_eq!(found("TWICE"), None);
        assert_eq!(found("other.email_log"), None);
    }
}
