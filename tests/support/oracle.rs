//! A stand-in for an Oracle database: the client library of `tests/oracle-client`, built once, and for each log a
//! database of its own behind it, on the PostgreSQL server of the test. See `tests/oracle-client/README.md`.
#![allow(dead_code, missing_docs, clippy::unwrap_used, reason = "each test file uses its own part")]

use std::ffi::OsString;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use oracle::{Connection, InitParams};

use super::postgres::{self, server};

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

/// A database with an owner and nothing in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OracleDatabase {
    name: String,
}

impl OracleDatabase {
    /// Makes a fresh one.
    pub fn fresh() -> Self {
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
        Self { name }
    }

    /// The name of the database, which is the service's.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What `--db` is given, as the owner.
    pub fn url(&self) -> String {
        self.url_of(OWNER)
    }

    /// The same for another user with the same password.
    pub fn url_of(&self, user: &str) -> String {
        let user = user.to_lowercase();
        format!("oracle://{user}:pa%40ss%2Fw%C3%B6rd@127.0.0.1:{}/{}", server().port, self.name)
    }

    /// What the client library itself is given.
    pub fn connect_string(&self) -> String {
        format!("//127.0.0.1:{}/{}", server().port, self.name)
    }

    /// A connection of the application's, as the owner.
    pub fn connect(&self) -> Connection {
        self.connect_as(OWNER).unwrap()
    }

    pub fn connect_as(&self, user: &str) -> oracle::Result<Connection> {
        load();
        Connection::connect(user, PASSWORD, self.connect_string())
    }

    /// Runs Oracle's SQL as the owner: statements that end with a `;` at the end of a line.
    pub fn sql(&self, script: &str) {
        let connection = self.connect();
        for statement in statements(script) {
            let ran = connection.execute(&statement, &[]);
            assert!(ran.is_ok(), "{}: {statement}", ran.unwrap_err());
        }
        connection.commit().unwrap();
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

/// The folder for `ORACLE_HOME`: in its `lib` the program finds the client library.
pub fn home() -> &'static Path {
    static HOME: OnceLock<PathBuf> = OnceLock::new();
    HOME.get_or_init(build)
}

/// What the program is given of the environment: where the client library is, and where the trace goes.
pub fn environment() -> Vec<(&'static str, OsString)> {
    let trace = std::env::var_os("ORACLE_STANDIN_TRACE").map(|path| ("ORACLE_STANDIN_TRACE", path));
    trace.into_iter().chain([("ORACLE_HOME", home().into())]).collect()
}

/// Loads the client library into the test itself.
pub fn load() {
    static LOADED: OnceLock<()> = OnceLock::new();
    LOADED.get_or_init(|| {
        InitParams::new().oracle_client_lib_dir(home().join("lib")).unwrap().init().unwrap();
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
