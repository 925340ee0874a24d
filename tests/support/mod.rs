//! What the tests share: a folder with a log in it, and the program run on it.
#![allow(dead_code, missing_docs, clippy::unwrap_used, reason = "each test file uses its own part")]

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::Value;
use sqlx::{ConnectOptions, Connection, Row, SqliteConnection};

pub mod exim;
pub mod oracle;
pub mod oracle_log;
mod oracle_words;
pub mod postgres;

use oracle::OracleDatabase;

pub const INCIDENT: &str = include_str!("../../fixtures/incident.sql");

/// The columns of the generic table, for tests that fill it themselves.
pub const TABLE: &str = "CREATE TABLE email_log (id INTEGER PRIMARY KEY, status TEXT, sent_date TEXT, sender TEXT, \
                         recipient TEXT, subject TEXT, body TEXT, error_message TEXT);";

/// A folder of its own with a log in it, or with a database of its own on the server; gone when the test ends.
pub struct TestLog {
    folder: tempfile::TempDir,
    database: Database,
    server: Option<&'static postgres::Server>,
}

/// Where the log is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Database {
    /// In the file `log.db` of the folder.
    Sqlite,
    /// In this database of the server.
    Postgres(String),
    /// In this database behind the stand-in for Oracle's client library.
    Oracle(OracleDatabase),
}

/// Runs a test on a fresh, empty database of every kind.
pub fn on_every_database(test: impl Fn(&TestLog)) {
    for log in [TestLog::empty(), TestLog::on_postgres(), TestLog::on_oracle()] {
        println!("on {:?}", log.database);
        test(&log);
    }
}

/// Runs a command on every database after the same setting up, and compares what it says; gives that.
pub fn same(set_up: impl Fn(&TestLog), args: &[&str]) -> Value {
    let answers = std::cell::RefCell::new(Vec::new());
    on_every_database(|log| {
        set_up(log);
        answers.borrow_mut().push(without_source(log.json(args)));
    });
    let answers = answers.into_inner();
    assert_eq!(answers[0], answers[1], "SQLite, PostgreSQL");
    assert_eq!(answers[0], answers[2], "SQLite, Oracle");
    answers[0].clone()
}

/// What a report says but for where and when.
pub fn without_source(mut report: Value) -> Value {
    if report.get("source").is_some() {
        report["source"] = Value::Null;
        report["generated_at"] = Value::Null;
    }
    report
}

/// A file of the folder `fixtures`.
pub fn fixture(name: &str) -> String {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures").join(name).display().to_string()
}

/// A line of Postfix' about a mail that was sent, each number another mail.
pub fn delivered(number: u32) -> String {
    format!(
        "2026-11-18T21:30:04Z mx1 postfix/smtp[1]: A{number:08X}: to=<u{number}@b.example>, relay=none, delay=1, dsn=2.0.0, \
         status=sent (250 2.0.0 ok {})\n",
        u64::from(number) * 7919
    )
}

/// How a run of the program ended.
#[derive(Debug)]
pub struct Ran {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

impl TestLog {
    /// A log made by SQL.
    pub fn of(sql: &str) -> Self {
        let log = Self::empty();
        log.sql(sql);
        log
    }

    /// A log with these rows in the generic table: status, sent_date, error_message, each as SQL.
    pub fn with_rows(rows: &[(&str, &str, &str)]) -> Self {
        let rows: Vec<_> =
            rows.iter().map(|(status, date, error)| format!("({status}, {date}, {error})")).collect();
        let insert =
            format!("INSERT INTO email_log (status, sent_date, error_message) VALUES {};", rows.join(", "));
        Self::of(&format!("{TABLE} {insert}"))
    }

    pub fn incident() -> Self {
        Self::of(INCIDENT)
    }

    /// Makes the incident's table in whatever database it is.
    pub fn make_incident(&self) {
        if let Database::Oracle(database) = &self.database {
            return database.make_incident("VARCHAR2(40)", ":3");
        }
        self.sql(&INCIDENT.replace("char(", self.word("char(", "chr(")));
    }

    /// Every row of the log as text, by columns.
    pub fn all(&self, columns: &[&str]) -> Vec<Vec<Option<String>>> {
        let list: Vec<_> = columns.iter().map(|column| format!("CAST({column} AS text)")).collect();
        let sql = format!("SELECT {} FROM email_log ORDER BY id", list.join(", "));
        blocking(async {
            let mut connection = self.connect().await;
            let rows = sqlx::query(leaked(&sql)).fetch_all(&mut connection).await.unwrap();
            rows.iter().map(|row| (0..columns.len()).map(|place| row.get(place)).collect()).collect()
        })
    }

    /// Makes the generic table with so many mails that were throttled ten minutes ago.
    pub fn make_throttled(&self, rows: usize) {
        self.sql(
            "CREATE TABLE email_log (id integer PRIMARY KEY, status text, sent_date text, sender text, recipient text, \
             subject text, body text, error_message text)",
        );
        let at =
            (chrono::Utc::now() - chrono::TimeDelta::minutes(10)).format("%Y-%m-%d %H:%M:%S").to_string();
        for chunk in (1..=rows).collect::<Vec<_>>().chunks(5000) {
            let row = |id: &usize| {
                format!(
                    "({id}, 'F', '{at}', 'reports@contoso.example', 'user{id}@example.com', 'Invoice {id}', 'Text {id}', \
                     '432 4.3.2 Concurrent connections limit exceeded')"
                )
            };
            let rows: Vec<_> = chunk.iter().map(row).collect();
            self.sql(&format!("INSERT INTO email_log VALUES {}", rows.join(", ")));
        }
    }

    /// A folder without a log.
    pub fn empty() -> Self {
        Self { folder: tempfile::tempdir().unwrap(), database: Database::Sqlite, server: None }
    }

    /// A database of its own on the server.
    pub fn on_postgres() -> Self {
        Self { database: Database::Postgres(postgres::server().database()), ..Self::empty() }
    }

    /// A database of its own that is taken for Oracle.
    pub fn on_oracle() -> Self {
        Self { database: Database::Oracle(OracleDatabase::fresh()), ..Self::empty() }
    }

    /// Another empty one of the same kind.
    pub fn another(&self) -> Self {
        match self.database {
            Database::Sqlite => Self::empty(),
            Database::Postgres(_) => Self::on_postgres(),
            Database::Oracle(_) => Self::on_oracle(),
        }
    }

    /// What its kind of database is called.
    pub fn kind(&self) -> &'static str {
        match self.database {
            Database::Sqlite => "SQLite",
            Database::Postgres(_) => "PostgreSQL",
            Database::Oracle(_) => "Oracle",
        }
    }

    pub fn is_on_oracle(&self) -> bool {
        matches!(self.database, Database::Oracle(_))
    }

    /// A database on a server that the test has for itself.
    pub fn on_own_postgres(server: &'static postgres::Server) -> Self {
        Self { database: Database::Postgres(server.database()), server: Some(server), ..Self::empty() }
    }

    fn server(&self) -> &'static postgres::Server {
        self.server.unwrap_or_else(postgres::server)
    }

    pub fn database(&self) -> &Database {
        &self.database
    }

    /// What `--db` is given.
    pub fn url(&self) -> String {
        match &self.database {
            Database::Sqlite => "log.db".to_owned(),
            Database::Postgres(name) => self.server().url(name),
            Database::Oracle(database) => database.url(),
        }
    }

    /// The words of the kind of database: the first for SQLite, the second for PostgreSQL, and for Oracle, for which they are
    /// reworded.
    pub fn word<'w>(&self, sqlite: &'w str, postgres: &'w str) -> &'w str {
        if self.database == Database::Sqlite { sqlite } else { postgres }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn db(&self) -> PathBuf {
        self.path("log.db")
    }

    pub fn write(&self, name: &str, text: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        std::fs::write(&path, text).unwrap();
        path
    }

    /// Runs SQL on the log, as its application would.
    pub fn sql(&self, sql: &str) {
        match &self.database {
            Database::Postgres(name) => return self.server().sql(name, sql),
            Database::Oracle(database) => return database.run(&oracle_words::statements(sql)),
            Database::Sqlite => {}
        }
        blocking(async {
            let mut connection = self.connect().await;
            sqlx::raw_sql(leaked(sql)).execute(&mut connection).await.unwrap();
            connection.close().await.unwrap();
        });
    }

    /// Runs a query as it stands, in the database's own words.
    pub fn ask(&self, query: &str) {
        match &self.database {
            Database::Oracle(database) => database.ask(query),
            _ => self.sql(query),
        }
    }

    /// The one value of a query, as text.
    pub fn value(&self, sql: &str) -> String {
        if let Database::Oracle(database) = &self.database {
            return database.value(&format!("SELECT TO_CHAR(({sql})) FROM dual"));
        }
        let sql = format!("SELECT CAST(({sql}) AS text)");
        blocking(async {
            match &self.database {
                Database::Postgres(name) => {
                    let mut connection = self.server().connect(name).await;
                    sqlx::query_scalar(leaked(&sql)).fetch_one(&mut connection).await.unwrap()
                }
                _ => {
                    let mut connection = self.connect().await;
                    let value = sqlx::query_scalar(leaked(&sql)).fetch_one(&mut connection).await.unwrap();
                    connection.close().await.unwrap();
                    value
                }
            }
        })
    }

    /// A connection of the application's, to be held while the program runs.
    pub async fn connect(&self) -> SqliteConnection {
        sqlx::sqlite::SqliteConnectOptions::new()
            .filename(self.db())
            .create_if_missing(true)
            .disable_statement_logging()
            .connect()
            .await
            .unwrap()
    }

    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(assert_cmd::cargo::cargo_bin!("mailthrottle"));
        command.current_dir(self.folder.path()).env_clear().env("HOME", self.folder.path()).args(args);
        if self.is_on_oracle() {
            // the password in the URL is known here anyway, which the program then does not warn of
            command.envs(oracle::environment()).env("MAILTHROTTLE_DB", self.url());
        }
        command.stdin(Stdio::null());
        command
    }

    /// Runs the program on the log.
    pub fn run(&self, args: &[&str]) -> Ran {
        let url = self.url();
        let mut all = vec!["--db", &url];
        all.extend(args);
        self.run_bare(&all)
    }

    /// Runs the program without telling it where the log is.
    pub fn run_bare(&self, args: &[&str]) -> Ran {
        self.command(args).output().unwrap().into()
    }

    /// Runs the program as somebody to whom rights apply: root may read everything.
    pub fn run_as_nobody(&self, args: &[&str]) -> Ran {
        let program = self.command(&[]).get_program().to_owned();
        let is_root = Command::new("id").arg("-u").output().unwrap().stdout == b"0\n";
        std::fs::set_permissions(self.folder(), std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
        let mut command = if is_root { Command::new("setpriv") } else { Command::new("env") };
        if is_root {
            let copy = self.path("program");
            std::fs::copy(program, &copy).unwrap();
            command.args(["--reuid=65534", "--regid=65534", "--clear-groups"]).arg(copy);
        } else {
            command.arg(program);
        }
        command.args(args).current_dir(self.folder()).output().unwrap().into()
    }

    /// Takes a log in, and sees to it that each of its lines was counted as one thing.
    pub fn import(&self, file: &str) -> Value {
        let imported = self.json(&["import", file]);
        for file in imported["files"].as_array().unwrap() {
            let kinds = ["events", "continuations", "noise", "unparsed"];
            let sum: u64 = kinds.map(|kind| file[kind].as_u64().unwrap()).iter().sum();
            assert_eq!(file["lines"].as_u64(), Some(sum), "{file}");
        }
        imported
    }

    /// The JSON that a command prints.
    pub fn json(&self, args: &[&str]) -> Value {
        let mut all = vec!["--format", "json"];
        all.extend(args);
        let ran = self.run(&all);
        assert_eq!(ran.code, 0, "{}", ran.stderr);
        serde_json::from_str(&ran.stdout).unwrap()
    }

    /// The report on everything.
    pub fn report(&self) -> Value {
        self.json(&["report", "--since", "all"])
    }

    /// The statements that `--print-sql` prints for a command, each with its values put in.
    pub fn printed(&self, args: &[&str]) -> Vec<String> {
        let ran = self.run(&[&["--print-sql"], args].concat());
        assert_eq!((ran.code, ran.stderr.as_str()), (0, ""));
        let mark = if self.is_on_oracle() { "-- :" } else { self.word("-- ?", "-- $") };
        let statements = ran.stdout.split(";\n").filter(|statement| !statement.trim().is_empty());
        let with_values = |statement: &str| {
            let (comments, sql): (Vec<&str>, Vec<&str>) =
                statement.lines().partition(|line| line.starts_with(mark));
            let values: Vec<_> =
                comments.iter().filter_map(|line| line.strip_prefix("-- ")?.split_once(" = ")).collect();
            // the last first, so that ?1 is not taken for the beginning of ?12
            values.iter().rev().fold(sql.join("\n"), |sql, (name, value)| sql.replace(name, value))
        };
        statements.map(with_values).collect()
    }

    /// The single line of an error, after which nothing else was said and nothing was printed.
    pub fn error(&self, args: &[&str]) -> String {
        self.run(args).error()
    }

    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Every file in the folder with its content, to see that nothing changed.
    pub fn files(&self) -> Vec<(PathBuf, Vec<u8>)> {
        let entries = std::fs::read_dir(self.folder.path()).unwrap().map(|entry| entry.unwrap().path());
        let mut files: Vec<_> = entries
            .filter(|path| path.is_file())
            .map(|path| (path.clone(), std::fs::read(path).unwrap()))
            .collect();
        files.sort();
        files
    }
}

impl Ran {
    /// The one line of an error: exit 3, nothing on stdout.
    pub fn error(&self) -> String {
        assert_eq!((self.code, self.stdout.as_str()), (3, ""), "{}", self.stderr);
        assert_eq!(self.stderr.lines().count(), 1, "{}", self.stderr);
        self.stderr.trim_end().to_owned()
    }
}

impl From<Output> for Ran {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

pub fn blocking<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

/// sqlx runs only text that lives as long as the program; a test's may.
pub fn leaked(sql: &str) -> &'static str {
    Box::leak(sql.to_owned().into_boxed_str())
}
