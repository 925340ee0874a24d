//! A stand-in for an Oracle database: the client library of `tests/oracle-client`, built once, and for each log a
//! database of its own behind it, on the PostgreSQL server of the test. See `tests/oracle-client/README.md`.
#![allow(dead_code, missing_docs, clippy::unwrap_used, reason = "each test file uses its own part")]

use std::ffi::OsString;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, OnceLock};

use oracle::sql_type::{OracleType, ToSql};
use oracle::{Connection, InitParams};

use super::oracle_words::Worded;
use super::postgres::{self, server};
use super::{TestLog, oracle_words};

/// The owner of every log, and the password of every user.
pub const OWNER: &str = "MAIL";
pub const PASSWORD: &str = "pa@ss/wörd";

/// What makes a database one that the client library can work with, in this order.
const SET_UP: [&str; 4] = [
    include_str!("../oracle-client/types.sql"),
    include_str!("../oracle-client/functions.sql"),
    include_str!("../oracle-client/moments.sql"),
    include_str!("../oracle-client/catalogue.sql"),
];

/// A real server to run on in place of the stand-in: `oracle://ADMIN:PASSWORD@HOST[:PORT]/SERVICE`, whose administrator may
/// make and drop users. `ORACLE_HOME` names its client library.
const REAL: &str = "MAILTHROTTLE_TEST_ORACLE";

/// The administrator of the real server, the password as it is, and the server's place; `None`: the stand-in serves.
fn real() -> Option<(String, String, String)> {
    let url = std::env::var(REAL).ok().filter(|url| !url.is_empty())?;
    let parts = url.strip_prefix("oracle://").and_then(|rest| rest.rsplit_once('@'));
    let (login, place) = parts.unwrap_or_else(|| panic!("{REAL} is no oracle://ADMIN:PASSWORD@HOST/SERVICE"));
    let (admin, password) = login.split_once(':').unwrap_or((login, ""));
    let password = percent_encoding::percent_decode_str(password).decode_utf8().unwrap();
    Some((admin.to_owned(), password.into_owned(), place.to_owned()))
}

/// Whether a real server is used.
pub fn has_server() -> bool {
    real().is_some()
}

/// Whether a real server is used, on which a test that needs what only the stand-in can do is left out.
pub fn is_real() -> bool {
    if has_server() {
        println!("left out: it needs what only the stand-in can do");
    }
    has_server()
}

/// A database with an owner and nothing in it; on a real server a user of its own with nothing in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OracleDatabase {
    name: String,
    place: String,
    user: Arc<User>,
    /// Who may read what he was let read, once somebody was.
    reader: Arc<OnceLock<User>>,
}

/// A user, by his name; on a real server gone with all that is his when the last of those who use him is.
#[derive(Debug, PartialEq, Eq)]
struct User(String);

impl Drop for User {
    fn drop(&mut self) {
        if has_server() {
            administer(&[format!("DROP USER {} CASCADE", self.0)]);
        }
    }
}

/// Runs statements on the real server as its administrator.
fn administer(statements: &[String]) {
    load();
    let (admin, password, place) = real().unwrap();
    let connection = Connection::connect(admin, password, format!("//{place}")).unwrap();
    statements.iter().for_each(|sql| execute(&connection, sql, &[]));
}

impl OracleDatabase {
    /// Makes a fresh one.
    pub fn fresh() -> Self {
        if let Some((_, _, place)) = real() {
            return Self::on_server(place);
        }
        let name = server().database_from(template());
        let owner = OWNER.to_lowercase();
        let role = format!("\"{owner}@{name}\"");
        server().sql(
            &name,
            &format!(
                "CREATE ROLE {role} LOGIN CREATEROLE PASSWORD '{PASSWORD}';
                 CREATE SCHEMA {owner} AUTHORIZATION {role}; GRANT USAGE ON SCHEMA {owner} TO PUBLIC;
                 REVOKE CONNECT ON DATABASE {name} FROM PUBLIC; GRANT CONNECT ON DATABASE {name} TO {role};
                 GRANT CREATE ON SCHEMA public TO {role}"
            ),
        );
        let place = format!("127.0.0.1:{}/{name}", server().port);
        Self { name, place, user: Arc::new(User(OWNER.to_owned())), reader: Arc::default() }
    }

    fn on_server(place: String) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let user = format!("MAILTHROTTLE_{}_{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        administer(&[
            format!(
                "CREATE USER {user} IDENTIFIED BY \"{PASSWORD}\" DEFAULT TABLESPACE users QUOTA UNLIMITED ON users"
            ),
            format!(
                "GRANT CREATE SESSION, CREATE TABLE, CREATE VIEW, CREATE SEQUENCE, CREATE SYNONYM TO {user}"
            ),
        ]);
        let name = place.rsplit('/').next().unwrap_or_default().to_owned();
        Self { name, place, user: Arc::new(User(user)), reader: Arc::default() }
    }

    /// Who owns the log.
    pub fn owner(&self) -> &str {
        &self.user.0
    }

    /// Who may log in, and read what he was let read. The owner of a log may not make users on a real server.
    pub fn reader(&self) -> &str {
        let make = || {
            let name = if has_server() { format!("{}_R", self.owner()) } else { "READER".to_owned() };
            let make = [
                format!("CREATE USER {name} IDENTIFIED BY \"{PASSWORD}\""),
                format!("GRANT CREATE SESSION, CREATE SYNONYM TO {name}"),
            ];
            if has_server() {
                administer(&make);
            } else {
                let connection = self.connect();
                make.iter().for_each(|sql| execute(&connection, sql, &[]));
            }
            User(name)
        };
        &self.reader.get_or_init(make).0
    }

    /// Lets the reader read a table, which he finds by its mere name.
    pub fn let_read(&self, table: &str) {
        let reader = self.reader();
        self.sql(&format!("GRANT SELECT ON {table} TO {reader}"));
        let synonym = format!("CREATE OR REPLACE SYNONYM {table} FOR {}.{table}", self.owner());
        execute(&self.connect_as(reader).unwrap(), &synonym, &[]);
    }

    /// The name of the database, which is the service's.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What `--db` is given, as the owner.
    pub fn url(&self) -> String {
        self.url_of(&self.user.0)
    }

    /// The same for another user with the same password.
    pub fn url_of(&self, user: &str) -> String {
        format!("oracle://{}:pa%40ss%2Fw%C3%B6rd@{}", user.to_lowercase(), self.place)
    }

    /// What the client library itself is given.
    pub fn connect_string(&self) -> String {
        format!("//{}", self.place)
    }

    /// A connection of the application's, as the owner.
    pub fn connect(&self) -> Connection {
        self.connect_as(&self.user.0).unwrap()
    }

    pub fn connect_as(&self, user: &str) -> oracle::Result<Connection> {
        load();
        Connection::connect(user, PASSWORD, self.connect_string())
    }

    /// Runs Oracle's SQL as the owner: statements that end with a `;` at the end of a line.
    pub fn sql(&self, script: &str) {
        self.run(&statements(script).into_iter().map(Worded::Plain).collect::<Vec<_>>());
    }

    /// Runs statements as the owner.
    pub fn run(&self, statements: &[Worded]) {
        let connection = self.connect();
        for statement in statements {
            match statement {
                Worded::Plain(sql) => execute(&connection, sql, &[]),
                Worded::Rows { table, columns, rows } => {
                    let into = Into::of(&connection, table, columns.as_deref());
                    into.insert(&connection, rows);
                }
                Worded::Query { table, columns, list, from } => {
                    let into = Into::of(&connection, table, columns.as_deref());
                    let list: Vec<_> =
                        list.iter().zip(&into.kinds).map(|(sql, kind)| timely(sql, kind)).collect();
                    execute(&connection, &format!("{} SELECT {} {from}", into.head, list.join(", ")), &[]);
                }
            }
        }
        connection.commit().unwrap();
    }

    /// Makes the incident's table, its times in a type, each made of the text `:3`, as `2026-11-09 08:03:12.593`.
    pub fn make_incident(&self, time_type: &str, time: &str) {
        let columns = [
            "id",
            "status",
            "sent_date",
            "sender",
            "recipient",
            "subject",
            "body",
            "attachments",
            "error_message",
        ];
        let rows = TestLog::incident().all(&columns);
        let connection = self.connect();
        let table = format!(
            "CREATE TABLE email_log (id NUMBER(10) PRIMARY KEY, status VARCHAR2(1) NOT NULL, sent_date {time_type} NOT NULL, \
             sender VARCHAR2(200), recipient VARCHAR2(2000), subject VARCHAR2(400), body CLOB, \
             attachments VARCHAR2(2000), error_message VARCHAR2(4000))"
        );
        connection.execute(&table, &[]).unwrap();
        let insert =
            format!("INSERT INTO email_log VALUES (TO_NUMBER(:1), :2, {time}, :4, :5, :6, :7, :8, :9)");
        for row in rows {
            let values: Vec<&dyn ToSql> = row.iter().map(|value| value as &dyn ToSql).collect();
            connection.execute(&insert, &values).unwrap();
        }
        connection.commit().unwrap();
    }

    /// Runs a query to its last row.
    pub fn ask(&self, sql: &str) {
        let connection = self.connect();
        let rows = connection.query(sql, &[]).unwrap_or_else(|error| panic!("{error}: {sql}"));
        rows.for_each(|row| drop(row.unwrap()));
    }

    /// The one value of a query as text; of NULL the empty text.
    pub fn value(&self, sql: &str) -> String {
        let connection = self.connect();
        let row = connection.query_row(sql, &[]).unwrap_or_else(|error| panic!("{error}: {sql}"));
        row.get::<_, Option<String>>(0).unwrap().unwrap_or_default()
    }

    /// Runs PostgreSQL's SQL behind the back of the stand-in: a trigger, a killed session.
    pub fn behind(&self, sql: &str) {
        server().sql(&self.name, sql);
    }
}

/// Where rows go.
struct Into {
    /// `INSERT INTO table (columns)`.
    head: String,
    kinds: Vec<OracleType>,
}

impl Into {
    fn of(connection: &Connection, table: &str, columns: Option<&[String]>) -> Self {
        let list = columns.map_or_else(|| "*".to_owned(), |columns| columns.join(", "));
        let sql = format!("SELECT {list} FROM {table} WHERE 1 = 0");
        let described = connection.query(&sql, &[]).unwrap_or_else(|error| panic!("{error}: {sql}"));
        let kinds = described.column_info().iter().map(|column| column.oracle_type().clone()).collect();
        let columns = columns.map_or_else(String::new, |columns| format!(" ({})", columns.join(", ")));
        Self { head: format!("INSERT INTO {table}{columns}"), kinds }
    }

    /// Rows of mere literals go together, as values; others by themselves.
    fn insert(&self, connection: &Connection, rows: &[Vec<String>]) {
        let literals =
            |row: &Vec<String>| row.iter().zip(&self.kinds).map(|(sql, kind)| value(sql, kind)).collect();
        let Some(all) = rows.iter().map(literals).collect::<Option<Vec<Vec<Option<String>>>>>() else {
            for row in rows {
                let list: Vec<_> = row.iter().zip(&self.kinds).map(|(sql, kind)| timely(sql, kind)).collect();
                execute(connection, &format!("{} VALUES ({})", self.head, list.join(", ")), &[]);
            }
            return;
        };
        let marks: Vec<_> =
            self.kinds.iter().enumerate().map(|(place, kind)| mark(place + 1, kind)).collect();
        let sql = format!("{} VALUES ({})", self.head, marks.join(", "));
        let mut batch = connection.batch(&sql, all.len()).build().unwrap();
        let longest = |place: usize| all.iter().filter_map(|row| row[place].as_ref()).map(String::len).max();
        for place in 0..self.kinds.len() {
            let length = u32::try_from(longest(place).unwrap_or(1).max(1)).unwrap();
            batch.set_type(place + 1, &OracleType::Varchar2(length)).unwrap();
        }
        for row in &all {
            let values: Vec<_> = row.iter().map(|value| value as &dyn ToSql).collect();
            // the driver sends the batch when it is full
            let added = batch.append_row(&values);
            assert!(added.is_ok(), "{}: {sql}", added.unwrap_err());
        }
        let ran = batch.execute();
        assert!(ran.is_ok(), "{}: {sql}", ran.unwrap_err());
    }
}

/// The value of a literal, if it is one: a text, a number, NULL.
fn value(sql: &str, kind: &OracleType) -> Option<Option<String>> {
    let text = match sql {
        "NULL" => return Some(None),
        text if text.starts_with('\'') => text[1..text.len() - 1].replace("''", "\0"),
        number => number.parse::<f64>().ok().map(|_| number.to_owned())?,
    };
    if text.contains('\'') {
        return None;
    }
    let text = text.replace('\0', "'");
    Some(Some(match is_time(kind) {
        true if has_zone(kind) => format!("{} +00:00", utc(&text)),
        true => utc(&text),
        false => text,
    }))
}

/// A time of UTC, written with or without saying so, with a fraction.
fn utc(text: &str) -> String {
    let naive = text.trim_end_matches('Z').trim_end_matches("+00:00").trim_end_matches("+00");
    let fraction = if naive.contains('.') { "" } else { ".0" };
    format!("{}{fraction}", naive.replace('T', " "))
}

/// The place of a value in a statement.
fn mark(place: usize, kind: &OracleType) -> String {
    match kind {
        kind if has_zone(kind) => {
            format!("TO_TIMESTAMP_TZ(:{place}, 'YYYY-MM-DD HH24:MI:SS.FF TZH:TZM')")
        }
        kind if is_time(kind) => format!("TO_TIMESTAMP(:{place}, 'YYYY-MM-DD HH24:MI:SS.FF')"),
        _ => format!(":{place}"),
    }
}

fn has_zone(kind: &OracleType) -> bool {
    matches!(kind, OracleType::TimestampTZ(_) | OracleType::TimestampLTZ(_))
}

fn is_time(kind: &OracleType) -> bool {
    kind.to_string().starts_with("TIMESTAMP") || *kind == OracleType::Date
}

/// A value as SQL for a column: a literal as a time where the column holds times.
fn timely(sql: &str, kind: &OracleType) -> String {
    if is_time(kind) && sql.starts_with('\'') { oracle_words::instant(sql) } else { sql.to_owned() }
}

fn execute(connection: &Connection, sql: &str, values: &[&dyn ToSql]) {
    let ran = connection.execute(sql, values);
    assert!(ran.is_ok(), "{}: {sql}", ran.unwrap_err());
}

/// The statements of a script, without their `;`.
fn statements(script: &str) -> Vec<String> {
    let mut all = vec![String::new()];
    for line in script.lines() {
        let whole = line.trim_end();
        let last = all.last_mut().unwrap();
        last.push_str(whole.strip_suffix(';').unwrap_or(whole));
        last.push('\n');
        if whole.ends_with(';') {
            all.push(String::new());
        }
    }
    all.retain(|statement| !statement.trim().is_empty());
    all
}

/// The folder for `ORACLE_HOME`: in its `lib` is the client library, whose second library only the loader's path finds.
pub fn home() -> &'static Path {
    static HOME: OnceLock<PathBuf> = OnceLock::new();
    HOME.get_or_init(build)
}

/// What the program is given of the environment: where the client library is, what it refuses, and where the trace goes.
pub fn environment() -> Vec<(&'static str, OsString)> {
    if has_server() {
        let kept = ["ORACLE_HOME", "LD_LIBRARY_PATH", "TNS_ADMIN"];
        return kept.into_iter().filter_map(|name| Some((name, std::env::var_os(name)?))).collect();
    }
    let trace = std::env::var_os("ORACLE_STANDIN_TRACE").map(|path| ("ORACLE_STANDIN_TRACE", path));
    let refuse = ("ORACLE_STANDIN_REFUSE", "national,zones".into());
    let path = ("LD_LIBRARY_PATH", home().join("lib").into());
    trace.into_iter().chain([("ORACLE_HOME", home().into()), path, refuse]).collect()
}

/// Loads the client library into the test itself, whose loader's path stays what it was at the start.
pub fn load() {
    static LOADED: OnceLock<()> = OnceLock::new();
    LOADED.get_or_init(|| {
        let mut client = InitParams::new();
        if !has_server() {
            client.oracle_client_lib_dir(home().join("lib/linked")).unwrap();
        }
        client.init().unwrap();
    });
}

/// Builds the client library unless its sources are those of the last build; one test process at a time.
fn build() -> PathBuf {
    let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/oracle-client");
    let home = Path::new(env!("CARGO_TARGET_TMPDIR")).join("oracle-client");
    fs::create_dir_all(&home).unwrap();
    let lock = File::create(home.join("lock")).unwrap();
    lock.lock().unwrap();
    let state = sources_as_text(&sources);
    let stamp = home.join("sources");
    if !home.join("lib/libclntsh.so").exists() || fs::read_to_string(&stamp).ok().as_ref() != Some(&state) {
        let ran = Command::new(sources.join("build.sh")).arg(home.join("lib")).output().unwrap();
        let said = String::from_utf8_lossy(&ran.stderr);
        assert!(
            ran.status.success(),
            "the stand-in for Oracle's client library does not build: install the packages gcc and libpq-dev\n{said}"
        );
        fs::write(stamp, state).unwrap();
    }
    home
}

fn sources_as_text(folder: &Path) -> String {
    let mut files: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|kind| kind == "c" || kind == "h" || kind == "sh"));
    files.sort();
    files.iter().map(|path| fs::read_to_string(path).unwrap()).collect()
}

/// A database that is set up, for others to be made from.
fn template() -> &'static str {
    static TEMPLATE: OnceLock<String> = OnceLock::new();
    TEMPLATE.get_or_init(|| {
        let name = postgres::server().database();
        for part in SET_UP {
            server().sql(&name, part);
        }
        name
    })
}
