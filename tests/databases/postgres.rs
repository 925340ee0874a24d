//! Connecting to PostgreSQL as its users expect, and every way in which that fails: one line, exit 3, no password in it.

use std::net::TcpListener;
use std::process::Command;
use std::thread;

use crate::support::postgres::{PASSWORD, Server, server};
use crate::support::{Ran, TestLog};

/// Stands in every place where a password may stand, and must show up nowhere.
const MARKER: &str = "mArKeR-7391";

fn incident() -> (TestLog, String) {
    let log = TestLog::on_postgres();
    log.make_incident();
    let crate::support::Database::Postgres(name) = log.database().clone() else { unreachable!() };
    (log, name)
}

/// A role that may log in with the marker password and read what it is granted.
fn role(database: &str, grants: &str) -> String {
    let role = format!("reader_{database}");
    server().sql(
        database,
        &format!("CREATE ROLE {role} LOGIN PASSWORD '{MARKER}'; {}", grants.replace("ROLE", &role)),
    );
    role
}

fn with_env(log: &TestLog, env: &[(&str, &str)], args: &[&str]) -> Ran {
    let ran: Ran = log.command(args).envs(env.iter().copied()).output().unwrap().into();
    assert!(!ran.stderr.contains(MARKER) && !ran.stdout.contains(MARKER), "{}", ran.stderr);
    ran
}

fn reads(ran: &Ran) {
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""));
    assert!(ran.stdout.contains("54"), "{}", ran.stdout);
}

const REPORT: [&str; 3] = ["report", "--since", "all"];

#[test]
fn the_environment_of_psql_is_understood() {
    let (log, database) = incident();
    let (host, port) = (server().socket().to_str().unwrap(), server().port.to_string());
    let place = [
        ("PGHOST", host),
        ("PGPORT", port.as_str()),
        ("PGUSER", "postgres"),
        ("PGDATABASE", database.as_str()),
    ];
    reads(&with_env(&log, &place, &[&["--db", "postgres://"], &REPORT[..]].concat()));
    let url = [("DATABASE_URL", server().url(&database))];
    reads(&with_env(&log, &url.each_ref().map(|(key, url)| (*key, url.as_str())), &REPORT));
    let encoded = host.replace('/', "%2F");
    reads(&with_env(
        &log,
        &[],
        &[&["--db", &format!("postgresql://postgres@{encoded}:{port}/{database}")], &REPORT[..]].concat(),
    ));
}

#[test]
fn a_password_comes_from_wherever_psql_or_the_config_has_it() {
    let (log, database) = incident();
    let role = role(&database, "GRANT SELECT ON email_log TO ROLE");
    let url = server().tcp_url(&role, &database);
    let args = [&["--db", url.as_str()], &REPORT[..]].concat();
    reads(&with_env(&log, &[("PGPASSWORD", MARKER)], &args));
    let pgpass = log.write(".pgpass", format!("127.0.0.1:*:*:{role}:{MARKER}\n"));
    Command::new("chmod").arg("600").arg(&pgpass).status().unwrap();
    reads(&with_env(&log, &[], &args));
    std::fs::remove_file(&pgpass).unwrap();
    log.write("secret", format!("{MARKER}\n"));
    let config = |way: &str| log.write("mailthrottle.toml", format!("[database]\nurl = '{url}'\n{way}\n"));
    config("password_file = 'secret'");
    reads(&with_env(&log, &[], &REPORT));
    config("password_file = 'db'");
    log.write("db", MARKER);
    reads(&with_env(&log, &[("CREDENTIALS_DIRECTORY", log.folder().to_str().unwrap())], &REPORT));
    config("password_env = 'MAIL_DB'");
    reads(&with_env(&log, &[("MAIL_DB", MARKER)], &REPORT));
    config(&format!("password_command = 'echo {MARKER}'"));
    reads(&with_env(&log, &[("PATH", "/bin:/usr/bin")], &REPORT));
    config("password_command = 'exit 7'");
    let error = with_env(&log, &[("PATH", "/bin:/usr/bin")], &REPORT).error();
    assert_eq!(
        error,
        "mailthrottle: [database] password_command: it failed (exit status: 7); run it by hand to see why"
    );
    Command::new("chmod").arg("666").arg(log.path("mailthrottle.toml")).status().unwrap();
    let error = with_env(&log, &[], &REPORT).error();
    assert_eq!(
        error,
        "mailthrottle: mailthrottle.toml: [database] password_command: mailthrottle.toml names a command and is in the \
         hands of others; make it belong to you or root, and chmod go-w"
    );
}

#[test]
fn a_password_on_the_command_line_earns_one_warning() {
    let (log, database) = incident();
    let role = role(&database, "GRANT SELECT ON email_log TO ROLE");
    let url = server().tcp_url(&format!("{role}:{MARKER}"), &database);
    let ran = with_env(&log, &[], &[&["--db", url.as_str()], &REPORT[..]].concat());
    assert_eq!(
        (ran.code, ran.stderr.trim_end()),
        (0, " WARN others on this host can see the password in --db; better: password_file in the config")
    );
    reads(&with_env(&log, &[("MAILTHROTTLE_DB", &url)], &REPORT));
}

#[test]
fn a_service_names_the_parameters() {
    let (log, database) = incident();
    let service = format!(
        "[other]\nhost=nowhere.invalid\n[erp]\nhost={}\nport={}\nuser=postgres\ndbname={database}\napplication_name=x\n",
        server().socket().display(),
        server().port
    );
    log.write(".pg_service.conf", &service);
    reads(&with_env(&log, &[("PGSERVICE", "erp")], &[&["--db", "postgres://"], &REPORT[..]].concat()));
    reads(&with_env(&log, &[], &[&["--db", "postgres:///?service=erp"], &REPORT[..]].concat()));
    let file = log.write("services", service);
    std::fs::remove_file(log.path(".pg_service.conf")).unwrap();
    let env = [("PGSERVICEFILE", file.to_str().unwrap())];
    reads(&with_env(&log, &env, &[&["--db", "postgres:///?service=erp"], &REPORT[..]].concat()));
    let error = with_env(&log, &env, &["--db", "postgres:///?service=crm", "report"]).error();
    assert!(error.starts_with("mailthrottle: --db: no service 'crm' in "), "{error}");
}

/// Each wrong connection with what is said about it; `HOST`, `PORT`, `DB` and `ROLE` stand for those of the test.
#[test]
#[expect(clippy::too_many_lines, reason = "a table of cases")]
fn what_keeps_it_from_connecting_is_said_in_one_line() {
    let (log, database) = incident();
    let role = role(&database, "SELECT 1");
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let port = server().port;
    let tcp = |login: &str, database: &str| server().tcp_url(login, database);
    let cases = [
        (
            tcp(&format!("{role}:{MARKER}x"), &database),
            format!(
                "postgres://127.0.0.1:{port}/{database}: password authentication failed for user \"{role}\"; \
                 check user and password (URL, password_file, PGPASSWORD, ~/.pgpass)"
            ),
        ),
        (
            tcp(&format!("{role}:{MARKER}"), "nosuch"),
            format!(
                "postgres://127.0.0.1:{port}/nosuch: database \"nosuch\" does not exist; name another database in --db"
            ),
        ),
        (
            format!("postgres://u:{MARKER}@127.0.0.1:{free}/db"),
            format!(
                "postgres://127.0.0.1:{free}/db: connection refused; check host and port, and that the server runs"
            ),
        ),
        (
            format!("postgres://u:{MARKER}@127.0.0.1:{free}x/db"),
            "--db: no URL of a database (invalid port number); write postgres://USER@HOST:PORT/DATABASE, with %40 for \
             an @ and %2F for a / in user or password"
                .to_owned(),
        ),
        (
            format!("{}&sslmode=require", tcp(&format!("{role}:{MARKER}"), &format!("{database}?")).trim_end_matches('&')),
            format!(
                "postgres://127.0.0.1:{port}/{database}: no TLS: server does not support TLS; check sslmode and sslrootcert"
            ),
        ),
        (
            format!("postgres://u:{MARKER}@127.0.0.1/db?passwrd={MARKER}"),
            "--db: the parameter 'passwrd' is not supported; take it out".to_owned(),
        ),
        (
            format!("postgres://u:{MARKER}@127.0.0.1/db?sslmode=on"),
            "--db: sslmode 'on' is not one of disable, allow, prefer, require, verify-ca, verify-full".to_owned(),
        ),
        (
            format!("postgres://u:{MARKER}@a,b/db?host=a,b"),
            "--db: several hosts are not supported; name one".to_owned(),
        ),
        (
            format!("postgres:///db?host=/nonexistent&password={MARKER}"),
            "postgres:///db?host=/nonexistent&port=5432: no server's socket there; check host and port, and that the \
             server runs"
                .to_owned(),
        ),
    ];
    for (url, expected) in cases {
        // by the environment, so that no warning about the command line comes before
        assert_eq!(
            with_env(&log, &[("MAILTHROTTLE_DB", &url)], &["report"]).error(),
            format!("mailthrottle: {expected}")
        );
    }
    let url = format!("postgres://u:{MARKER}@nowhere.invalid/db");
    let error = with_env(&log, &[("MAILTHROTTLE_DB", &url)], &["report"]).error();
    assert!(error.starts_with("mailthrottle: postgres://nowhere.invalid:5432/db: "), "{error}");
    assert!(error.ends_with("; check host and port"), "{error}");
}

#[test]
fn a_host_that_says_nothing_is_given_up() {
    let log = TestLog::empty();
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = silent.local_addr().unwrap().port();
    let url = format!("postgres://u:{MARKER}@127.0.0.1:{port}/db?connect_timeout=1");
    let error = with_env(&log, &[("MAILTHROTTLE_DB", &url)], &["report"]).error();
    assert_eq!(
        error,
        format!(
            "mailthrottle: postgres://127.0.0.1:{port}/db: no connection within 1s; check host, port and firewall"
        )
    );
}

#[test]
fn a_missing_right_is_answered_with_the_grant_to_ask_for() {
    let log = TestLog::on_postgres();
    let crate::support::Database::Postgres(database) = log.database().clone() else { unreachable!() };
    log.sql("CREATE SCHEMA erp; CREATE TABLE erp.\"Mails\" (id int, status text, sent_date timestamp, error_message text)");
    let role = role(&database, "SELECT 1");
    let url = server().tcp_url(&format!("{role}:{MARKER}"), &database);
    let ask = || with_env(&log, &[("MAILTHROTTLE_DB", &url)], &["--table", "erp.mails", "report"]);
    let expected = |what: &str| {
        format!(
            "mailthrottle: postgres://127.0.0.1:{}/{database}: permission denied for {what}; ask for: \
             GRANT USAGE ON SCHEMA erp TO {role}; GRANT SELECT ON erp.\"Mails\" TO {role}",
            server().port
        )
    };
    assert_eq!(ask().error(), expected("schema erp"));
    log.sql(&format!("GRANT USAGE ON SCHEMA erp TO {role}"));
    assert_eq!(ask().error(), expected("table Mails"));
    log.sql(&format!("GRANT SELECT (id, status, sent_date, error_message) ON erp.\"Mails\" TO {role}"));
    assert_eq!(ask().code, 0);
}

/// A view that takes for ever.
const SLOW: &str = "CREATE VIEW email_log AS SELECT g AS id, 'F' AS status, timestamp '2026-11-20' + g * interval '1 s' AS sent_date, \
                    pg_sleep(0.05)::text AS error_message FROM generate_series(1, 10000) AS g";

#[test]
fn a_statement_that_takes_too_long_is_ended() {
    let log = TestLog::on_postgres();
    log.sql(SLOW);
    let error = log.error(&["--statement-timeout", "300ms", "report", "--since", "all"]);
    assert!(
        error.contains(
            ": canceling statement due to statement timeout; the limit is 300ms (--statement-timeout): "
        ),
        "{error}"
    );
    log.write("mailthrottle.toml", "[database]\nstatement_timeout = '200ms'");
    assert!(log.error(&["failures"]).contains("the limit is 200ms"));
    log.write("mailthrottle.toml", "[database]\nstatement_timeout = 'soon'");
    assert_eq!(
        log.error(&["failures"]),
        "mailthrottle: mailthrottle.toml: [database] statement_timeout: 'soon': expected number at 0; write 60s"
    );
}

#[test]
fn a_statement_of_sqlite_that_takes_too_long_is_ended() {
    let log = TestLog::of(
        "CREATE VIEW email_log AS WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000000000) \
         SELECT i AS id, 'S' AS status, '2026-11-20' AS sent_date FROM n",
    );
    assert_eq!(
        log.error(&["--statement-timeout", "300ms", "failures"]),
        "mailthrottle: log.db: a statement took longer than 300ms (--statement-timeout): take a shorter window, add an \
         index on (status, sent_date), or raise the limit"
    );
}

#[test]
fn a_server_that_ends_the_connection_is_no_empty_result() {
    let log = TestLog::on_postgres();
    let crate::support::Database::Postgres(database) = log.database().clone() else { unreachable!() };
    log.sql(SLOW);
    let url = log.url();
    let ran = thread::scope(|scope| {
        let ran = scope.spawn(|| log.run(&["failures"]));
        let kill = format!(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{database}' AND application_name = 'mailthrottle' \
             AND query LIKE '%pg_sleep%' OR datname = '{database}' AND application_name = 'mailthrottle' AND query LIKE '%email_log%'"
        );
        while !ran.is_finished() {
            server().sql("postgres", &kill);
        }
        ran.join().unwrap()
    });
    assert_eq!(
        ran.error(),
        format!(
            "mailthrottle: {}: terminating connection due to administrator command; the server ended the connection, \
             nothing was changed; run this again",
            url.replace("&user=postgres", "")
        )
    );
}

/// Nothing is written, whatever the role may do, and all numbers are of one moment.
#[test]
fn it_reads_in_one_read_only_snapshot_under_its_own_name() {
    let log = TestLog::on_postgres();
    log.sql(
        "CREATE TABLE seen (name text, isolation text, read_only text, zone text); \
         CREATE TABLE rows (id int, status text, sent_date timestamp, error_message text); INSERT INTO rows VALUES (1, 'S', '2026-11-20', NULL); \
         CREATE VIEW email_log AS SELECT *, current_setting('application_name') || '/' || current_setting('transaction_isolation') \
           || '/' || current_setting('transaction_read_only') || '/' || current_setting('TimeZone') AS sender FROM rows",
    );
    let report = log.json(&["report", "--since", "all"]);
    assert_eq!(report["senders"][0]["sender"], "mailthrottle/repeatable read/on/UTC");
}

/// TLS as `sslmode` says: a certificate is taken only from whom it has to be, and for the host it is for.
#[test]
fn a_certificate_that_does_not_fit_is_refused() {
    let made = |name: &str| rcgen::generate_simple_self_signed(vec![name.to_owned()]).unwrap();
    let (own, other) = (made("localhost"), made("localhost"));
    let tls = Server::start(Some((&own.cert.pem(), &own.signing_key.serialize_pem())));
    tls.sql("postgres", "CREATE TABLE email_log (id int, status text, sent_date timestamp)");
    let log = TestLog::empty();
    let (own, other) = (log.write("own.crt", own.cert.pem()), log.write("other.crt", other.cert.pem()));
    let ask = |host: &str, parameters: &str| {
        let url = format!("postgres://postgres@{host}:{}/postgres?{parameters}", tls.port);
        with_env(&log, &[("PGPASSWORD", PASSWORD)], &["--db", &url, "report"])
    };
    let file = |file: &std::path::Path| format!("sslmode=verify-full&sslrootcert={}", file.display());
    assert_eq!(ask("localhost", &file(&own)).code, 0);
    assert_eq!(ask("127.0.0.1", "sslmode=require").code, 0);
    let place = |host: &str| format!("mailthrottle: postgres://{host}:{}/postgres: no TLS: ", tls.port);
    for (host, parameters) in [
        ("localhost", file(&other)),
        ("localhost", "sslmode=verify-full".to_owned()),
        ("127.0.0.1", file(&own)),
    ] {
        let error = ask(host, &parameters).error();
        assert!(error.starts_with(&place(host)), "{error}");
        assert!(error.ends_with("; check sslmode and sslrootcert"), "{error}");
    }
    assert_eq!(
        ask("localhost", "sslrootcert=/nonexistent.crt").error(),
        "mailthrottle: --db: sslrootcert: /nonexistent.crt cannot be read; name the file of a certificate or key"
    );
}
