//! A pooler between the program and the server: by session it is none that matters, by transaction nothing is sent.

use std::net::TcpListener;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};

use crate::smtp_server::{Settings, SmtpServer};
use crate::support::{Database, Ran, TestLog, postgres};

/// `nobody`, for it will not run as root.
const NOBODY: u32 = 65534;

/// A running pgbouncer; it ends when this is dropped.
struct Pooler {
    port: u16,
    process: Child,
    _folder: tempfile::TempDir,
}

impl Pooler {
    /// In front of the server of the tests, which lets everybody in through its socket.
    fn start(mode: &str) -> Self {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let folder = tempfile::Builder::new().prefix("mailthrottle-pool-").tempdir().unwrap();
        let config = folder.path().join("pool.ini");
        let (socket, server_port) = (postgres::server().socket().display(), postgres::server().port);
        let text = format!(
            "[databases]\n* = host={socket} port={server_port} user=postgres\n[pgbouncer]\nlisten_addr=127.0.0.1\n\
             listen_port={port}\nunix_socket_dir=\nauth_type=any\npool_mode={mode}\n\
             ignore_startup_parameters=extra_float_digits\n"
        );
        std::fs::write(&config, text).unwrap();
        let open = std::os::unix::fs::PermissionsExt::from_mode;
        std::fs::set_permissions(folder.path(), open(0o755)).unwrap();
        let mut command = Command::new("sh");
        command
            .args(["-c", "PATH=$PATH:/usr/sbin exec pgbouncer -q \"$0\""])
            .arg(&config)
            .stderr(Stdio::null());
        if rustix::process::geteuid().is_root() {
            command.uid(NOBODY).gid(NOBODY);
        }
        let process = command.spawn().unwrap();
        let mut pooler = Self { port, process, _folder: folder };
        pooler.wait();
        pooler
    }

    fn wait(&mut self) {
        while std::net::TcpStream::connect(("127.0.0.1", self.port)).is_err() {
            let ended = self.process.try_wait().unwrap();
            assert!(ended.is_none(), "pgbouncer does not start ({ended:?}): install the package pgbouncer");
        }
    }
}

impl Drop for Pooler {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn resend(log: &TestLog, pooler: &Pooler, server: &SmtpServer) -> Ran {
    let Database::Postgres(name) = log.database() else { unreachable!() };
    let (url, smtp) = (
        format!("postgres://postgres@127.0.0.1:{}/{name}", pooler.port),
        format!("smtp://127.0.0.1:{}", server.port),
    );
    log.run_bare(&["--db", &url, "-q", "resend", "--smtp", &smtp, "--rate", "60000/1m", "--yes"])
}

#[test]
fn a_pool_by_transaction_is_refused_and_one_by_session_is_not() {
    let log = TestLog::on_postgres();
    log.make_throttled(5);
    let server = SmtpServer::start(Settings::default());
    let pooler = Pooler::start("transaction");
    let expected = format!(
        "mailthrottle: postgres://127.0.0.1:{}/{}: a pooler stands in between that hands out sessions by transaction, so \
         that no lock would show whether a run is alive; give the address of the server itself, or of a pool by session",
        pooler.port,
        match log.database() {
            Database::Postgres(name) => name,
            Database::Sqlite | Database::Oracle(_) => unreachable!(),
        }
    );
    assert_eq!(resend(&log, &pooler, &server).error(), expected);
    assert_eq!(server.seen().connections, 0);
    let pooler = Pooler::start("session");
    let ran = resend(&log, &pooler, &server);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert_eq!(server.accepted().len(), 5);
}
