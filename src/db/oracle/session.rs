//! A session with the server, on a thread of its own: the driver blocks.
//!
//! Requests run there one after the other; rows come back in batches over a bounded channel. Whoever stops waiting for
//! an answer breaks the call that makes it, so that an interrupted report does not go on at the server.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use anyhow::{Error, Result};
use oracle::{Connection, Connector, Version};
use tokio::sync::{mpsc, oneshot};

use super::address::Address;
use super::error::Asked;
use super::values::Fetched;
use super::{binds, client, error};
use crate::db::statement::statements;
use crate::db::target::Target;
use crate::mapping::sql::Statement;

/// The settings of a session that nothing may depend on.
const SETTINGS: &str = include_str!("../../../queries/oracle/settings.sql");

/// How many batches of rows may wait.
const AHEAD: usize = 4;

/// Rows of a batch: an answer of many rows is handed on in pieces, so that it is not all kept twice.
const PIECE: usize = 1_000;

/// Rows of one answer of the server's where they are a few numbers: five answers for a million rows. The driver and the client
/// keep 46 bytes for each number, 28 megabytes for such an answer of three columns.
pub const NUMBERS: u32 = 200_000;

/// Rows of one answer of the server's where rows are narrow: a hundred answers for a million rows.
pub const NARROW: u32 = 10_000;

/// Rows of one answer of the server's where each has a status word and a sender.
pub const PAIRS: u32 = 2_000;

/// Rows of one answer of the server's where they hold texts: each text has a place of its full length there.
pub const WIDE: u32 = 250;

/// How much longer than the call's own limit the program waits before it breaks the call.
const GRACE: Duration = Duration::from_secs(5);

/// How long a broken call has to report it.
const LAST_WORDS: Duration = Duration::from_secs(3);

type Job = Box<dyn FnOnce(&Connection) + Send>;

/// Some rows of an answer, or why there are no more.
type RowBatch = oracle::Result<Vec<Fetched>>;

/// An open session.
pub struct Session {
    connection: Arc<Connection>,
    /// The thread ends with it.
    jobs: std::sync::mpsc::Sender<Job>,
    /// Let go of after `jobs`, which ends the thread.
    _at_work: AtWork,
    /// What errors name.
    pub asked: Asked,
    /// The version of the client library.
    pub client: Version,
}

/// Breaks the call that nobody waits for any more.
struct Waiting(Option<Arc<Connection>>);

impl Waiting {
    fn is_over(&mut self) {
        self.0 = None;
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        if let Some(connection) = &self.0 {
            let _ = connection.break_execution();
        }
    }
}

/// A thread that may be within the client library; closed when it is at its end. The program may end after this is let go of, which
/// takes the library down: no thread may be within it then, not even one that connects for a caller that has left.
struct AtWork(Mutex<std::sync::mpsc::Receiver<()>>);

impl Drop for AtWork {
    fn drop(&mut self) {
        if let Ok(ended) = self.0.lock() {
            let _ = ended.recv_timeout(LAST_WORDS);
        }
    }
}

impl Session {
    /// Connects, and sets what answers must not depend on.
    ///
    /// # Errors
    /// One line that names the server and says what to do.
    pub async fn open(target: &Target) -> Result<Self> {
        let address = Address::of(target)?;
        let limit = target.statement_timeout;
        let client = client::load(target.oracle_client.as_deref())?;
        let (name, role) = (address.name(), known_as(&address.user));
        let asked = Asked { name, role, tables: Vec::new(), limit, indexes: "an index".to_owned() };
        tracing::debug!("connecting to {} with client {client}", asked.name);
        // let go of last, also by whoever waits no more
        let (working, ended) = std::sync::mpsc::channel::<()>();
        let at_work = AtWork(Mutex::new(ended));
        let (jobs, waiting) = std::sync::mpsc::channel::<Job>();
        let (connected, connection) = oneshot::channel();
        let version = (client.major(), client.minor());
        std::thread::spawn(move || {
            // let go of last
            let _working = working;
            let connection = match connect(&address, version, limit) {
                Ok(connection) => Arc::new(connection),
                Err(refused) => {
                    let _ = connected.send(Err(refused));
                    return;
                }
            };
            if connected.send(Ok(Arc::clone(&connection))).is_ok() {
                waiting.into_iter().for_each(|job| job(&connection));
            }
        });
        let connection = connection.await.map_err(|_| error::ended(&asked))?;
        let connection = connection.map_err(|cause| error::explain(&cause, &asked))?;
        Ok(Self { connection, jobs, _at_work: at_work, asked, client })
    }

    /// Runs something on the session's thread.
    ///
    /// # Errors
    /// The server's refusal, or its silence.
    pub async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> oracle::Result<T> + Send + 'static,
    ) -> Result<T> {
        self.tried(work).await?.map_err(|cause| error::explain(&cause, &self.asked))
    }

    /// The same, with the server's refusal as it is.
    ///
    /// # Errors
    /// The server's silence.
    pub async fn tried<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> oracle::Result<T> + Send + 'static,
    ) -> Result<oracle::Result<T>> {
        let (answer, answered) = oneshot::channel();
        let job = Box::new(move |connection: &Connection| drop(answer.send(work(connection))));
        self.give(job)?;
        self.answer(answered).await?.map_err(|_| error::ended(&self.asked))
    }

    /// Runs a statement and says how many rows it changed.
    ///
    /// # Errors
    /// The server's refusal.
    pub async fn execute(&self, statement: Statement) -> Result<u64> {
        let asked = statement.sql.clone();
        let ran = self.tried(move |connection| {
            let (sql, values) = binds::positional(&statement);
            let mut prepared = connection.statement(&sql).build()?;
            prepared.execute(&binds::lent(&binds::parameters(values)))?;
            prepared.row_count()
        });
        ran.await?.map_err(|cause| error::explain_write(&cause, &self.asked, &asked))
    }

    /// Runs a statement and says how many rows it changed or gave, or for which of the reasons looked for it was refused.
    ///
    /// # Errors
    /// The server's refusal for another reason.
    pub async fn execute_unless(
        &self,
        statement: Statement,
        reasons: &'static [i32],
    ) -> Result<Result<u64, i32>> {
        let asked = binds::positional(&statement).0;
        let ran = self.tried(move |connection| {
            let (sql, values) = binds::positional(&statement);
            let values = binds::parameters(values);
            let mut prepared = connection.statement(&sql).build()?;
            let ran = if prepared.is_query() {
                prepared.query(&binds::lent(&values)).map(|rows| rows.count() as u64)
            } else {
                prepared.execute(&binds::lent(&values)).and_then(|()| prepared.row_count())
            };
            let known = |cause: &oracle::Error| cause.oci_code().filter(|code| reasons.contains(code));
            match ran {
                Err(cause) => known(&cause).map(Err).ok_or(cause),
                Ok(rows) => Ok(Ok(rows)),
            }
        });
        ran.await?.map_err(|cause| error::explain_write(&cause, &self.asked, &asked))
    }

    /// Every row of an answer.
    ///
    /// # Errors
    /// The server's refusal.
    pub async fn all(&self, statement: Statement) -> Result<Vec<Fetched>> {
        let (mut answer, mut all) = (self.ask(statement, WIDE)?, Vec::new());
        while let Some(batch) = self.next(&mut answer).await? {
            all.extend(batch);
        }
        Ok(all)
    }

    /// Gives each row of an answer to `each`, which says whether to go on. `array`: so many rows the server sends at once.
    ///
    /// # Errors
    /// The server's refusal, or that of `each`.
    pub async fn each(
        &self,
        statement: Statement,
        array: u32,
        each: &mut dyn FnMut(&Fetched) -> Result<bool>,
    ) -> Result<()> {
        let mut answer = self.ask(statement, array)?;
        while let Some(batch) = self.next(&mut answer).await? {
            for row in batch {
                if !each(&row)? {
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    fn ask(&self, statement: Statement, array: u32) -> Result<mpsc::Receiver<RowBatch>> {
        let (batches, answer) = mpsc::channel(AHEAD);
        let job: Job = Box::new(move |connection| {
            if let Err(cause) = fetch(connection, &statement, array, &batches) {
                let _ = batches.blocking_send(Err(cause));
            }
        });
        self.give(job)?;
        Ok(answer)
    }

    async fn next(&self, answer: &mut mpsc::Receiver<RowBatch>) -> Result<Option<Vec<Fetched>>> {
        let batch = self.answer(answer.recv()).await?;
        batch.transpose().map_err(|cause| error::explain(&cause, &self.asked))
    }

    /// Waits for an answer, for little longer than a call may take; who stops to wait breaks the call.
    async fn answer<T>(&self, answer: impl Future<Output = T>) -> Result<T> {
        let mut waiting = Waiting(Some(Arc::clone(&self.connection)));
        let mut answer = std::pin::pin!(answer);
        let limit = self.asked.limit;
        let answered = match limit {
            Duration::ZERO => Some(answer.await),
            limit => match tokio::time::timeout(limit.saturating_add(GRACE), &mut answer).await {
                Ok(answered) => Some(answered),
                Err(_) => {
                    let _ = self.connection.break_execution();
                    tokio::time::timeout(LAST_WORDS, answer).await.ok()
                }
            },
        };
        waiting.is_over();
        answered.ok_or_else(|| self.silence())
    }

    fn silence(&self) -> Error {
        error::silence(&self.asked)
    }

    /// Has something done on the session's thread.
    fn give(&self, job: Job) -> Result<()> {
        let given = self.jobs.send(job).ok();
        given.ok_or_else(|| error::ended(&self.asked))
    }

    /// Takes leave.
    pub async fn close(self) {
        let _ = self.run(|connection| connection.close()).await;
    }
}

/// A user's name as the database has it: in upper case, unless it is quoted.
fn known_as(user: &str) -> String {
    let quoted = user.strip_prefix('"').and_then(|user| user.strip_suffix('"'));
    quoted.map_or_else(|| user.to_uppercase(), str::to_owned)
}

fn connect(address: &Address, client: (i32, i32), limit: Duration) -> oracle::Result<Connection> {
    // the first client that takes parameters after the service. Source: the manual of 19c's Net Services, EZConnect Plus
    let knows_parameters = client >= (19, 3);
    let password = address.password.as_ref().map_or("", |password| password.expose());
    let mut connector = Connector::new(&address.user, password, address.connect_string(knows_parameters));
    connector.external_auth(address.user.is_empty());
    connector.driver_name("mailthrottle");
    let connection = connector.connect()?;
    if !limit.is_zero() && client.0 >= 18 {
        connection.set_call_timeout(Some(limit))?;
    }
    for setting in statements(SETTINGS) {
        connection.execute(setting, &[])?;
    }
    Ok(connection)
}

fn fetch(
    connection: &Connection,
    statement: &Statement,
    array: u32,
    batches: &mpsc::Sender<RowBatch>,
) -> oracle::Result<()> {
    let (sql, values) = binds::positional(statement);
    // a short answer comes with the first call; where many follow, the client would only keep room for them twice
    let prefetched = if array < NARROW { array + 1 } else { 2 };
    let mut prepared =
        connection.statement(&sql).fetch_array_size(array).prefetch_rows(prefetched).build()?;
    let values = binds::parameters(values);
    let rows = prepared.query_as::<Fetched>(&binds::lent(&values))?;
    let mut batch = Vec::new();
    for row in rows {
        batch.push(row?);
        if batch.len() == PIECE && batches.blocking_send(Ok(std::mem::take(&mut batch))).is_err() {
            return Ok(());
        }
    }
    let _ = batches.blocking_send(Ok(batch));
    Ok(())
}
