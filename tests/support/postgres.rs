//! A PostgreSQL server of the test's own: in a temporary folder, on a socket in it and on a free loopback port, as a user
//! that is not root. It ends with the test process, however that ends: a shell beside it waits for a pipe to close.
#![allow(dead_code, missing_docs, clippy::unwrap_used, reason = "each test file uses its own part")]

use std::fs;
use std::io::Read;
use std::net::TcpListener;
use std::os::unix::fs::{PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{ConnectOptions, Connection};

use super::{blocking, leaked};

/// `nobody`, for a server may not run as root.
const NOBODY: u32 = 65534;

/// Starts the server, says so when it answers, and stops it when stdin closes.
const GUARD: &str = r#"
"$1/initdb" -D "$2/data" -U postgres --auth-local=trust --auth-host=scram-sha-256 --pwfile="$2/password" -E UTF8 \
  --locale=C --no-sync > "$2/initdb.log" 2>&1 || { cat "$2/initdb.log" >&2; exit 1; }
"$1/postgres" -D "$2/data" -k "$2" -p "$3" -c listen_addresses=127.0.0.1 -c fsync=off -c max_connections=50 \
  -c shared_buffers=32MB -c logging_collector=off -c ssl="$4" -c ssl_cert_file="$2/server.crt" \
  -c ssl_key_file="$2/server.key" > "$2/server.log" 2>&1 &
server=$!
trap 'kill -QUIT $server 2>/dev/null; wait $server; cd /; rm -rf "$2"' EXIT
while ! "$1/pg_isready" -q -h "$2" -p "$3"; do
  kill -0 $server 2>/dev/null || { cat "$2/server.log" >&2; exit 1; }
  sleep 0.05
done
echo ready
cat > /dev/null
"#;

/// A running server.
pub struct Server {
    folder: PathBuf,
    pub port: u16,
    _guard: Child,
}

/// The server of this test process, started when it is first asked for.
pub fn server() -> &'static Server {
    static SERVER: OnceLock<Server> = OnceLock::new();
    SERVER.get_or_init(|| Server::start(None))
}

/// The password of the user `postgres` over TCP.
pub const PASSWORD: &str = "correct horse";

impl Server {
    /// Starts one; with a certificate and its key it offers TLS.
    pub fn start(tls: Option<(&str, &str)>) -> Self {
        let bin = programs();
        let folder = tempfile::Builder::new().prefix("mailthrottle-pg-").tempdir().unwrap().keep();
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o755)).unwrap();
        let (certificate, key) = tls.unwrap_or_default();
        for (name, text) in [("password", PASSWORD), ("server.crt", certificate), ("server.key", key)] {
            fs::write(folder.join(name), text).unwrap();
            fs::set_permissions(folder.join(name), fs::Permissions::from_mode(0o600)).unwrap();
        }
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let mut command = Command::new("sh");
        let ssl = if tls.is_some() { "on" } else { "off" };
        command.args(["-c", GUARD, "guard"]).arg(&bin).arg(&folder).arg(port.to_string()).arg(ssl);
        command.env("LC_ALL", "C").current_dir(&folder).stdin(Stdio::piped()).stdout(Stdio::piped());
        if fs::metadata("/proc/self").is_ok_and(|own| std::os::unix::fs::MetadataExt::uid(&own) == 0) {
            for path in [".", "password", "server.crt", "server.key"] {
                chown(folder.join(path), Some(NOBODY), Some(NOBODY)).unwrap();
            }
            command.uid(NOBODY).gid(NOBODY);
        }
        let mut guard = command.spawn().unwrap();
        let mut ready = [0; 5];
        let started = guard.stdout.as_mut().unwrap().read_exact(&mut ready);
        assert!(started.is_ok(), "the PostgreSQL server of the test does not start, see above");
        Self { folder, port, _guard: guard }
    }

    /// The folder of the socket.
    pub fn socket(&self) -> &Path {
        &self.folder
    }

    /// The URL of a database through the socket.
    pub fn url(&self, database: &str) -> String {
        format!("postgres:///{database}?host={}&port={}&user=postgres", self.folder.display(), self.port)
    }

    /// The URL of a database over TCP, with a user and maybe `:` and a password.
    pub fn tcp_url(&self, login: &str, database: &str) -> String {
        format!("postgres://{login}@127.0.0.1:{}/{database}", self.port)
    }

    /// Makes a fresh database and gives its name.
    pub fn database(&self) -> String {
        self.database_from("template1")
    }

    /// Makes one as a copy of another.
    pub fn database_from(&self, template: &str) -> String {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let name = format!("t{}", COUNT.fetch_add(1, Ordering::Relaxed));
        self.sql("postgres", &format!("CREATE DATABASE {name} TEMPLATE {template}"));
        name
    }

    /// Runs SQL as the owner of everything.
    pub fn sql(&self, database: &str, sql: &str) {
        blocking(async {
            let mut connection = self.connect(database).await;
            let ran = sqlx::raw_sql(leaked(sql)).execute(&mut connection).await;
            assert!(ran.is_ok(), "{ran:?}: {sql}");
            connection.close().await.unwrap();
        });
    }

    /// Kills a session from outside, upon which the server ends all others, recovers and starts anew; waits for that.
    pub fn crash(&self) {
        blocking(async {
            let mut connection = self.connect("postgres").await;
            let pid: i32 =
                sqlx::query_scalar("SELECT pg_backend_pid()").fetch_one(&mut connection).await.unwrap();
            Command::new("kill").args(["-9", &pid.to_string()]).status().unwrap();
            while sqlx::query("SELECT 1").execute(&mut connection).await.is_ok() {}
            let options: PgConnectOptions = self.url("postgres").parse().unwrap();
            while options.clone().disable_statement_logging().connect().await.is_err() {
                tokio::time::sleep(std::time::Duration::from_millis(20)).await;
            }
        });
    }

    /// A connection of the application's.
    pub async fn connect(&self, database: &str) -> PgConnection {
        let options: PgConnectOptions = self.url(database).parse().unwrap();
        options.disable_statement_logging().connect().await.unwrap()
    }
}

/// The folder of the server's programs: where the machine keeps them.
fn programs() -> PathBuf {
    let asked = Command::new("pg_config").arg("--bindir").output().ok();
    let told = asked.map(|output| PathBuf::from(String::from_utf8_lossy(&output.stdout).trim()));
    let debian = fs::read_dir("/usr/lib/postgresql").into_iter().flatten();
    let mut debian: Vec<_> = debian.map(|version| version.unwrap().path().join("bin")).collect();
    debian.sort();
    let path = std::env::var_os("PATH").unwrap_or_default();
    let path: Vec<_> = std::env::split_paths(&path).collect();
    let mut folders = told.into_iter().chain(debian.into_iter().rev()).chain(path);
    folders
        .find(|folder| folder.join("initdb").exists() && folder.join("postgres").exists())
        .expect("no PostgreSQL server here: install the package postgresql")
}
