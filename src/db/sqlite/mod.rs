//! The questions, asked of SQLite.
//!
//! The file is opened read-only, never made, and read within one transaction; a live writer's WAL is respected.
//! `attempts` reads every row of a window, `index` finds out how it is best asked for, `values` reads single values whatever
//! their type or encoding, `survey` looks at the database itself.

mod at_rest;
mod attempts;
pub(super) mod error;
pub mod import;
mod index;
mod limit;
mod page;
mod survey;
pub mod together;
mod values;

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Result, anyhow, bail};
use futures_util::TryStreamExt;
use sqlx::sqlite::{SqliteConnectOptions, SqliteRow};
use sqlx::{ConnectOptions, Connection, Row as _, SqliteConnection};

use crate::db::row::Row;
use crate::db::statement::query;
use crate::db::{MAILS, Which, YEAR_2200};
use crate::mapping::resolve::{Field, Kind, Misfit, Table};
use crate::mapping::sql::{Bind, Selection, Statement, Times};
use crate::mapping::time::{Form, Reader, Sampled};
use crate::mapping::{Column, Dialect, Mapping, Wanted, nearest};
use crate::model::{Mail, Millis};
use crate::window::Window;
use at_rest::AtRest;
use index::Index;
use limit::Limit;

const COLUMNS: &str = include_str!("../../../queries/sqlite/columns.sql");
const EXTENT: &str = include_str!("../../../queries/extent.sql");
const TABLES: &str = include_str!("../../../queries/sqlite/tables.sql");
const TIME_SAMPLE: &str = include_str!("../../../queries/sqlite/time_sample.sql");

/// An open SQLite file.
pub struct Sqlite {
    path: PathBuf,
    connection: SqliteConnection,
    limit: Limit,
    is_utf8: bool,
    width: usize,
    has_key: bool,
    at_rest: Option<AtRest>,
    rehearsal: Option<Vec<Statement>>,
    ahead: Option<attempts::Few>,
}

impl Sqlite {
    /// Opens the file read-only, never making it, and begins a snapshot.
    ///
    /// # Errors
    /// One line that names the file and says what to do.
    pub async fn open(path: &str, limit: Duration) -> Result<Self> {
        let path = PathBuf::from(path);
        error::check_file(&path)?;
        // the files beside it have the name of the file itself, not of a link to it
        let file =
            std::fs::canonicalize(&path).map_err(|error| anyhow!("{}: {error}", error::shown(&path)))?;
        let at_rest = AtRest::of(&file)?;
        // being absolute, a name such as `file:x` or `:memory:` is a name and nothing more
        let options = SqliteConnectOptions::new()
            .filename(file)
            .read_only(true)
            .create_if_missing(false)
            // pages of wide rows are large, so few of them wait in memory
            .row_buffer_size(16)
            .immutable(at_rest.is_some())
            .busy_timeout(error::LOCK_WAIT)
            .disable_statement_logging();
        tracing::debug!("opening {}", path.display());
        let limit = Limit::of(limit);
        let mut connection = options.connect().await.map_err(|cause| error::sqlite(cause, &path, &limit))?;
        limit.watch(&mut connection).await?;
        let mut db = Self {
            path,
            connection,
            limit,
            is_utf8: true,
            width: 0,
            has_key: false,
            at_rest,
            rehearsal: None,
            ahead: None,
        };
        for start in ["PRAGMA query_only = ON", "BEGIN", "SELECT count(*) FROM sqlite_schema"] {
            db.all(plain(start)).await?;
        }
        let encoding = db.all(plain("PRAGMA encoding")).await?;
        db.is_utf8 =
            encoding.first().map_or(Ok(true), |row| row.try_get::<&str, _>(0).map(|name| name == "UTF-8"))?;
        Ok(db)
    }

    /// `sqlite:PATH`, as the user wrote the path.
    pub fn name(&self) -> String {
        format!("sqlite:{}", self.path.display())
    }

    /// Lets go of the connection.
    pub async fn close(self) {
        let _ = self.connection.close().await;
    }

    /// From now on only says what it would ask: statements that read rows are kept and answered with none. What finds
    /// out about table and columns is asked still.
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

    /// Makes sure that all answers came from one state of the file.
    ///
    /// # Errors
    /// It was written to meanwhile.
    pub fn settle(&self) -> Result<()> {
        self.at_rest.as_ref().map_or(Ok(()), |before| before.check(&self.path))
    }

    /// Finds the table and its columns, and looks at how the times are written.
    ///
    /// # Errors
    /// No such table or column, or SQLite's refusal.
    pub async fn mapping(&mut self, wanted: &Wanted) -> Result<Mapping> {
        let (log, has_key) = self.table(&wanted.table, "--table or [email_log] table").await?;
        self.has_key = has_key;
        let mut further = Vec::new();
        for join in &wanted.joins {
            further.push(self.table(&join.table, &format!("{} table", join.key())).await?.0);
        }
        let mut mapping = Mapping::resolve(wanted, Dialect::Sqlite, &log, &further).map_err(Misfit)?;
        self.limit.indexes = mapping.indexes();
        mapping.form = self.form(&mapping).await?;
        let time = mapping.names(Column::SentDate).join(", ");
        tracing::info!("times in {time} are read as {}; naive ones in {}", mapping.form, mapping.zone);
        Ok(mapping)
    }

    /// A table by its name, whatever the case the user wrote it in, and whether it has a key to page by.
    async fn table(&mut self, wanted: &str, key: &str) -> Result<(Table, bool)> {
        let (name, has_key) = self.find(wanted, key).await?;
        let mut columns = self.columns(&name).await?;
        // a column of that name hides the key
        let has_key = has_key && !columns.iter().any(|field| field.name.eq_ignore_ascii_case("rowid"));
        columns.extend(has_key.then(|| Field { name: "rowid".to_owned(), kind: Kind::Any }));
        Ok((Table { schema: "main".to_owned(), name, columns }, has_key))
    }

    async fn find(&mut self, wanted: &str, key: &str) -> Result<(String, bool)> {
        let mut tables = Vec::new();
        for row in self.all(plain(TABLES)).await? {
            tables.push((self.text(&row, 0)?.unwrap_or_default(), row.try_get::<bool, _>(1)?));
        }
        let bare = match wanted.split_once('.') {
            Some((schema, name)) if schema.eq_ignore_ascii_case("main") => name,
            _ => wanted,
        };
        let find = |name: &str| tables.iter().find(|(there, _)| there.eq_ignore_ascii_case(name));
        if let Some(found) = find(wanted).or_else(|| find(bare)) {
            return Ok(found.clone());
        }
        let names: Vec<String> = tables.into_iter().map(|(name, _)| name).collect();
        let file = self.path.display();
        if names.is_empty() {
            bail!(Misfit(format!("{file} holds no table at all; give another file to --db")));
        }
        let near =
            nearest(bare, &names).map_or_else(String::new, |near| format!(" (did you mean '{near}'?)"));
        bail!(Misfit(format!(
            "no table '{}' in {file}, which has {}{near}; name it by {key}",
            wanted.escape_debug(),
            names.join(", ")
        )))
    }

    async fn columns(&mut self, table: &str) -> Result<Vec<Field>> {
        let binds = vec![Bind::Text(table.to_owned())];
        let rows = self.all(Statement { binds, ..plain(COLUMNS) }).await?;
        let field = |row| Ok(Field { name: self.text(row, 0)?.unwrap_or_default(), kind: Kind::Any });
        rows.iter().map(field).collect()
    }

    async fn form(&mut self, mapping: &Mapping) -> Result<Form> {
        let selection = Selection { with_key: self.has_key, ..Selection::default() };
        let mut sample = Vec::new();
        for row in self.all(mapping.statement(&selection, TIME_SAMPLE)).await? {
            let text = self.text(&row, 1)?.unwrap_or_default();
            self.width = self.width.max(usize::try_from(row.try_get::<i64, _>(2)?).unwrap_or(usize::MAX));
            sample.push(Sampled { is_number: row.try_get(0)?, text });
        }
        Ok(Form::of(&sample))
    }

    /// The mail of a key.
    ///
    /// # Errors
    /// SQLite's refusal.
    pub async fn mail(&mut self, mapping: &Mapping, id: &str) -> Result<Vec<Mail>> {
        let selection = Selection { ids: Some(vec![id.to_owned()]), ..Selection::default() };
        let (mut mails, mut reader) = (Vec::new(), Reader::new(mapping.zone));
        self.each(mapping.statement(&selection, MAILS), &mut |row| {
            mails.push(values::mail(row, mapping, &mut reader)?);
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
        let mut reader = Reader::new(mapping.zone);
        for mut selection in self.of_words(mapping, which.words, window).await? {
            selection.among = which.among.cloned();
            self.each(mapping.statement(&selection, query), &mut |row| {
                let mail = values::mail(row, mapping, &mut reader)?;
                // a column's collation may take a word for another
                let is_wanted = mail.status.as_ref().is_some_and(|status| which.words.contains(status));
                if is_wanted && mail.at.is_none_or(|at| window.contains(at)) {
                    each(mail);
                }
                Ok(true)
            })
            .await?;
        }
        Ok(())
    }

    /// The first and the last time in the whole table.
    ///
    /// # Errors
    /// SQLite's refusal.
    pub async fn extent(&mut self, mapping: &Mapping) -> Result<Option<(Millis, Millis)>> {
        let window = Window { since: Some(0), until: Some(YEAR_2200), zone: mapping.zone };
        let words = match self.index(mapping, window).await? {
            Some(Index::OfStatusAndTime(words)) => words.into_iter().map(|word| Some(vec![word])).collect(),
            _ => vec![None],
        };
        let mut reader = Reader::new(mapping.zone);
        let mut ends: Vec<Millis> = Vec::new();
        for words in words {
            let selection = Selection { words, time: Times::Placed(window), ..Selection::default() };
            for row in self.all(mapping.statement(&selection, EXTENT)).await? {
                let both = [self.text(&row, 0)?, self.text(&row, 1)?];
                ends.extend(both.iter().flatten().filter_map(|end| reader.read(end.as_bytes())));
            }
        }
        Ok(ends.iter().min().copied().zip(ends.iter().max().copied()))
    }

    fn text(&self, row: &SqliteRow, column: usize) -> Result<Option<String>> {
        Ok(values::text(row, column)?.map(|(text, _)| text))
    }

    fn refusal(&self, cause: sqlx::Error) -> anyhow::Error {
        refusal(&self.path, self.at_rest.as_ref(), &self.limit, cause)
    }

    async fn all(&mut self, statement: Statement) -> Result<Vec<SqliteRow>> {
        self.limit.restart();
        let rows = query(statement).fetch_all(&mut self.connection).await;
        rows.map_err(|cause| self.refusal(cause))
    }

    /// Gives each row of the log to `each`, which answers whether to go on.
    async fn each(
        &mut self,
        statement: Statement,
        each: &mut dyn FnMut(&SqliteRow) -> Result<bool>,
    ) -> Result<()> {
        if let Some(kept) = &mut self.rehearsal {
            kept.push(statement);
            return Ok(());
        }
        self.limit.restart();
        let mut rows = query(statement).fetch(&mut self.connection);
        while let Some(row) = rows
            .try_next()
            .await
            .map_err(|cause| refusal(&self.path, self.at_rest.as_ref(), &self.limit, cause))?
        {
            if !each(&row)? {
                break;
            }
        }
        Ok(())
    }
}

/// Explains an error. A file that was read as one at rest, and was written to, may look damaged.
fn refusal(path: &Path, at_rest: Option<&AtRest>, limit: &Limit, cause: sqlx::Error) -> anyhow::Error {
    match at_rest.map(|before| before.check(path)) {
        Some(Err(changed)) => changed,
        _ => error::sqlite(cause, path, limit),
    }
}

/// Every cell of a row as bytes of text.
pub(super) fn cells(row: &SqliteRow) -> Result<Vec<Option<Vec<u8>>>> {
    (0..row.len()).map(|column| Ok(values::bytes(row, column)?.map(<[u8]>::to_vec))).collect()
}

fn plain(sql: &str) -> Statement {
    Statement::plain(Dialect::Sqlite, sql)
}
