//! Oracle's sessions: where they commit, and what is said where there is no client library, no login, no right, no answer in
//! time, or where the program is interrupted.

use std::process::{Command, Stdio};

use crate::smtp_server::{Settings, SmtpServer};
use crate::support::oracle::PASSWORD;
use crate::support::oracle_log::{Asked, at, database, place, resend, small, traced};
use crate::support::postgres::server;
use crate::support::{Ran, TestLog, blocking};

/// The claim is on the disk before all else, that it is handed over before the message goes, and how it ended together with
/// the log's status.
#[test]
fn a_resend_commits_where_it_has_to() {
    if crate::support::oracle::is_real() {
        return;
    }
    let log = small();
    log.write("mailthrottle.toml", "[resend]\nclaim_status = 'R'\n");
    let server = SmtpServer::start(Settings::default());
    let smtp = format!("smtp://127.0.0.1:{}", server.port);
    let (trace, args) = (
        log.path("trace"),
        ["-q", "resend", "--smtp", &smtp, "--yes", "--since", "all", "--max-age", "100y"],
    );
    let output = log.command(&args).env("ORACLE_STANDIN_TRACE", &trace).output().unwrap();
    let ran = Ran::from(output);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let is_write =
        |sql: &str| ["INSERT", "UPDATE", "DELETE", "MERGE"].iter().any(|word| sql.starts_with(word));
    // the writes of each transaction, in the order in which they were committed
    let mut open: std::collections::BTreeMap<u64, Vec<String>> = std::collections::BTreeMap::new();
    let mut committed = Vec::new();
    for Asked { session, sql, is_refused, .. } in traced(&trace) {
        let writes = open.entry(session).or_default();
        if sql.starts_with("COMMIT") {
            assert_eq!(sql, "COMMIT WRITE IMMEDIATE WAIT");
            committed.push(std::mem::take(writes));
        } else if is_write(&sql) && !is_refused {
            let words: Vec<_> = sql.split(' ').collect();
            let what = match words.as_slice() {
                ["UPDATE", table, ..] if sql.contains("SET stage = 'data'") => format!("{table} data"),
                ["UPDATE", table, ..] => (*table).to_owned(),
                [_, _, table, ..] => (*table).to_owned(),
                _ => sql.clone(),
            };
            writes.push(format!("{} {what}", words[0]));
        } else if !sql.starts_with("ROLLBACK") {
            // what defines a table commits what was open
            assert!(!sql.starts_with("CREATE") || writes.is_empty(), "{sql}");
        }
    }
    assert!(open.values().all(Vec::is_empty), "not committed: {open:?}");
    committed.retain(|writes| !writes.is_empty());
    let log_table = "UPDATE \"MAIL\".\"EMAIL_LOG\"";
    let claim = committed
        .iter()
        .position(|writes| writes.get(1).is_some_and(|write| write == "INSERT mailthrottle_mail"))
        .unwrap();
    let expected = [
        vec!["UPDATE mailthrottle_mail", "INSERT mailthrottle_mail", log_table],
        vec!["UPDATE mailthrottle_mail data"],
        vec!["UPDATE mailthrottle_mail", "INSERT mailthrottle_attempt", log_table],
    ];
    assert_eq!(committed[claim..claim + 3], expected, "{committed:#?}");
    // nothing else writes to the log but the trial, which changes no row
    let others = committed.iter().enumerate().filter(|(place, _)| !(claim..claim + 3).contains(place));
    let on_log: Vec<_> = others.filter(|(_, writes)| writes.iter().any(|write| write == log_table)).collect();
    assert_eq!(on_log.len(), 1, "{on_log:?}");
}

/// What the program says without a client library, or with something that is none.
#[test]
fn without_a_client_library_it_says_how_to_get_one() {
    if crate::support::oracle::is_real() {
        return;
    }
    let log = small();
    let none = log.path("none");
    let text = log.path("text");
    let other = log.path("other");
    for folder in [&none, &text, &other] {
        std::fs::create_dir(folder).unwrap();
    }
    std::fs::write(text.join("libclntsh.so"), "this is no library").unwrap();
    std::fs::write(log.path("other.c"), "int other(void) { return 1; }").unwrap();
    let mut build = Command::new("cc");
    build.args(["-shared", "-fPIC", "-o"]).arg(other.join("libclntsh.so")).arg(log.path("other.c"));
    assert!(build.status().unwrap().success());
    let get = "mailthrottle: get Instant Client Basic from \
               https://www.oracle.com/database/technologies/instant-client.html, unpack it, and start mailthrottle with \
               LD_LIBRARY_PATH=its folder, or name its folder in /etc/ld.so.conf.d/oracle.conf and run ldconfig\n";
    let cases = [
        (&none, "{}/libclntsh.so: cannot open shared object file: No such file or directory"),
        (&text, "{}/libclntsh.so: file too short"),
        (&other, "DPI Error: DPI-1072: the Oracle Client library version is unsupported"),
    ];
    for (folder, reason) in cases {
        let folder = folder.to_str().unwrap();
        let ran = at(&log, &log.url(), &["--oracle-client", folder, "report"]);
        let expected = format!(
            "mailthrottle: Oracle's client library cannot be loaded: {}\n\
             mailthrottle: it was looked for in {folder}\n{get}",
            reason.replace("{}", folder)
        );
        assert_eq!((ran.code, ran.stdout.as_str(), ran.stderr), (3, "", expected));
    }
    // the folder has the library, and the one that it needs is found by the loader's path alone
    let folder = crate::support::oracle::home().join("lib");
    let folder = folder.to_str().unwrap();
    let mut command = log.command(&["--oracle-client", folder, "report"]);
    let ran: Ran =
        command.env("MAILTHROTTLE_DB", log.url()).env_remove("LD_LIBRARY_PATH").output().unwrap().into();
    let expected = format!(
        "mailthrottle: Oracle's client library cannot be loaded: libclntshcore.so: cannot open shared object file: No such \
         file or directory\nmailthrottle: it was looked for in {folder}\nmailthrottle: \
         libclntshcore.so is there, but the loader does not look there for it: start mailthrottle with \
         LD_LIBRARY_PATH={folder}, or name {folder} in /etc/ld.so.conf.d/oracle.conf and run ldconfig\n"
    );
    assert_eq!((ran.code, ran.stdout.as_str(), ran.stderr), (3, "", expected));
    // as the message says
    let ran = at(&log, &log.url(), &["--oracle-client", folder, "report", "--since", "all"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let mut command = log.command(&["report"]);
    let ran: Ran = command.env_remove("ORACLE_HOME").env_remove("LD_LIBRARY_PATH").output().unwrap().into();
    let expected = format!(
        "mailthrottle: Oracle's client library cannot be loaded: libclntsh.so: cannot open shared object file: No such file \
         or directory\nmailthrottle: it was looked for beside this program, in the system's library path (LD_LIBRARY_PATH), \
         and by ORACLE_HOME: ORACLE_HOME is not set\n{get}"
    );
    assert_eq!((ran.code, ran.stdout.as_str(), ran.stderr), (3, "", expected));
    // all else goes without it
    let sqlite = log.run_bare(&["--db", "none.db", "report"]);
    assert!(sqlite.error().contains("none.db: no such file"));
}

/// Runs a report that is refused, and says how often it tried to log in in vain.
fn refused(log: &TestLog, url: &str, table: &str, expected: &str) -> usize {
    let trace = log.path("trace");
    let _ = std::fs::remove_file(&trace);
    let mut command = log.command(&["--table", table, "report"]);
    let command = command.env("MAILTHROTTLE_DB", url).env("ORACLE_STANDIN_TRACE", &trace);
    assert_eq!(Ran::from(command.output().unwrap()).error(), format!("mailthrottle: {expected}"));
    traced(&trace).iter().filter(|asked| asked.sql.starts_with("(login")).count()
}

/// What is wrong with a login is said in one line, which says what to do.
#[test]
fn a_login_that_is_refused_is_tried_once() {
    if crate::support::oracle::is_real() {
        return;
    }
    let log = small();
    let name = database(&log).name().to_owned();
    let port = server().port;
    log.sql(&format!(
        "CREATE USER locked IDENTIFIED BY \"{PASSWORD}\"; GRANT CREATE SESSION TO locked; \
         CREATE USER nobody IDENTIFIED BY \"{PASSWORD}\""
    ));
    database(&log).behind(&format!("ALTER ROLE \"locked@{name}\" NOLOGIN"));
    let (url, place) = (log.url(), place(&log));
    let cases = [
        (
            url.replace("pa%40ss", "wrong"),
            format!(
                "{place}: ORA-01017: invalid username/password; logon denied; check user and password before another try, \
                 since accounts get locked"
            ),
        ),
        (
            database(&log).url_of("locked"),
            format!("{place}: ORA-28000: The account is locked.; ask for: ALTER USER LOCKED ACCOUNT UNLOCK"),
        ),
        (
            database(&log).url_of("nobody"),
            format!(
                "{place}: ORA-01045: user lacks CREATE SESSION privilege; logon denied; ask for: GRANT CREATE SESSION TO NOBODY"
            ),
        ),
        (
            url.replace(&format!("/{name}"), "/nowhere"),
            format!(
                "oracle://127.0.0.1:{port}/nowhere: ORA-12514: TNS:listener does not currently know of service requested in \
                 connect descriptor; name another service in --db; lsnrctl services lists them"
            ),
        ),
        (
            url.replace(&port.to_string(), "1"),
            format!("oracle://127.0.0.1:1/{name}: ORA-12541: TNS:no listener; check host and port, and that the listener runs"),
        ),
        (
            "oracle://mail:x@NOWHERE".to_owned(),
            "oracle://NOWHERE: ORA-12154: TNS:could not resolve the connect identifier specified; name the alias as \
             tnsnames.ora has it (TNS_ADMIN), or write oracle://USER@HOST:1521/SERVICE"
                .to_owned(),
        ),
    ];
    for (url, expected) in cases {
        let tries = usize::from(!expected.contains("ORA-12154"));
        assert_eq!(refused(&log, &url, "email_log", &expected), tries, "{expected}");
    }
}

#[test]
fn a_table_that_may_not_be_read_is_said_with_the_right_to_it() {
    if crate::support::oracle::is_real() {
        return;
    }
    let log = small();
    log.sql(&format!("CREATE USER reader IDENTIFIED BY \"{PASSWORD}\"; GRANT CREATE SESSION TO reader"));
    let (url, reader, place) = (log.url(), database(&log).url_of("reader"), place(&log));
    let cases = [
        (
            reader.clone(),
            "mail.email_log",
            format!(
                "no table 'mail.email_log' that this user may read in {place}; ask for: GRANT SELECT ON MAIL.EMAIL_LOG TO \
                 READER, or name another by --table or [email_log] table"
            ),
        ),
        (
            reader.clone(),
            "email_log",
            format!(
                "no table 'email_log' that this user may read in {place}; name it with its schema by --table or [email_log] table"
            ),
        ),
        (
            url.clone(),
            "email_lgo",
            format!(
                "no table 'email_lgo' in {place}, which has EMAIL_LOG (did you mean 'EMAIL_LOG'?); name it by --table or \
                 [email_log] table"
            ),
        ),
    ];
    for (url, table, expected) in cases {
        assert_eq!(refused(&log, &url, table, &expected), 0);
    }
    log.sql("GRANT SELECT ON email_log TO reader");
    let expected = format!(
        "no table 'email_log' in {place}, which has MAIL.EMAIL_LOG (did you mean 'MAIL.EMAIL_LOG'?); name it by --table or \
         [email_log] table"
    );
    refused(&log, &reader, "email_log", &expected);
    let ran = at(&log, &reader, &["--table", "mail.email_log", "report"]);
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""));
}

/// Who may read and not write is told so before the first mail.
#[test]
fn who_may_not_write_sends_nothing() {
    if crate::support::oracle::is_real() {
        return;
    }
    let log = small();
    log.sql(&format!(
        "CREATE USER reader IDENTIFIED BY \"{PASSWORD}\"; GRANT CREATE SESSION TO reader; GRANT SELECT ON email_log TO reader"
    ));
    let (smtp, reader) = (SmtpServer::start(Settings::default()), database(&log).url_of("reader"));
    let place = place(&log);
    log.write("mailthrottle.toml", "[email_log]\ntable = 'mail.email_log'");
    let refused = "ORA-01031: insufficient privileges; ask for:";
    assert_eq!(
        resend(&log, smtp.port, &reader, &[]).error(),
        format!(
            "mailthrottle: {place}: {refused} GRANT CREATE TABLE TO READER (or use --ledger sqlite:PATH)"
        )
    );
    assert_eq!(
        resend(&log, smtp.port, &reader, &["--ledger", "sqlite:ledger.db"]).error(),
        format!(
            "mailthrottle: the log's status cannot be written: {place}: {refused} GRANT UPDATE ON MAIL.EMAIL_LOG TO READER"
        )
    );
    assert_eq!(smtp.seen().connections, 0);
    log.sql("GRANT UPDATE ON email_log TO reader");
    assert_eq!(resend(&log, smtp.port, &reader, &["--ledger", "sqlite:ledger.db"]).code, 0);
    assert_eq!(log.value("SELECT status FROM email_log WHERE id = 1"), "S");
}

/// A log whose questions are answered after minutes.
fn slow() -> TestLog {
    let log = small();
    database(&log).behind(
        "CREATE VIEW mail.slow_log AS SELECT e.* FROM mail.email_log e, pg_catalog.pg_sleep(600); \
         GRANT SELECT ON mail.slow_log TO PUBLIC",
    );
    log
}

/// How many questions to the slow log the server is about to answer; each time it is asked, some more of them are ended.
fn questions(log: &TestLog, what: &str) -> i64 {
    blocking(async {
        let mut connection = server().connect(database(log).name()).await;
        let sql = format!(
            "SELECT count({what}) FROM pg_stat_activity WHERE datname = current_database() AND state = 'active' \
             AND query ILIKE '%slow_log%' AND pid <> pg_backend_pid()"
        );
        sqlx::query_scalar(crate::support::leaked(&sql)).fetch_one(&mut connection).await.unwrap()
    })
}

/// Asks again and again; each question takes its time at the server.
fn wait_for(condition: impl Fn() -> bool) {
    while !condition() {}
}

fn ask_slowly(log: &TestLog) -> std::process::Child {
    let mut command = log.command(&["--table", "slow_log", "report", "--since", "all"]);
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    wait_for(|| questions(log, "*") == 1);
    child
}

#[test]
fn ctrl_c_ends_at_once_and_breaks_the_query() {
    if crate::support::oracle::is_real() {
        return;
    }
    let log = slow();
    let child = ask_slowly(&log);
    Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    let ran: Ran = child.wait_with_output().unwrap().into();
    assert_eq!((ran.code, ran.stdout.as_str()), (130, ""), "{}", ran.stderr);
    wait_for(|| questions(&log, "*") == 0);
}

#[test]
fn a_server_that_goes_away_is_said() {
    if crate::support::oracle::is_real() {
        return;
    }
    let log = slow();
    let child = ask_slowly(&log);
    assert_eq!(questions(&log, "pg_terminate_backend(pid)"), 1);
    let ran: Ran = child.wait_with_output().unwrap().into();
    assert_eq!(
        ran.error(),
        format!(
            "mailthrottle: {}: DPI-1080: connection was closed by ORA-00028; the connection was lost, what was not committed \
             is undone; check the server and run this again",
            place(&log)
        )
    );
}

#[test]
fn a_statement_that_takes_too_long_is_ended() {
    if crate::support::oracle::is_real() {
        return;
    }
    let log = slow();
    let ran = at(
        &log,
        &log.url(),
        &["--statement-timeout", "1s", "--table", "slow_log", "report", "--since", "all"],
    );
    assert_eq!(
        ran.error(),
        format!(
            "mailthrottle: {}: DPI-1067: call timeout of 1000 ms exceeded with ORA-03136; the limit is 1s \
             (--statement-timeout): take a shorter window, add an index on (status, sent_date), or raise the limit",
            place(&log)
        )
    );
    wait_for(|| questions(&log, "*") == 0);
}
