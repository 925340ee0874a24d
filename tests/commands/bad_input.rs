//! What goes wrong before a report: each one clear line on stderr, exit 3, and nothing changed on disk.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use crate::support::{TestLog, blocking, leaked};
use sqlx::Connection;

const FORMS: &str = "write 2026-11-20, '2026-11-20 08:30', 2026-11-20T08:30:00+01:00, today, yesterday, or an age such as \
                     90s, 15m, 24h, 7d";

/// Runs `report` and gives its error, after which every file is as it was.
fn error(log: &TestLog, args: &[&str]) -> String {
    let before = log.files();
    let error = log.run_bare(args).error();
    assert!(log.files() == before, "{args:?} changed a file");
    error
}

#[test]
fn a_database_that_is_none() {
    let log = TestLog::empty();
    log.write(
        "text.db",
        "this is no database, whatever its name says; it is only some text of a hundred bytes or more......",
    );
    log.write("empty.db", "");
    std::fs::create_dir(log.path("folder")).unwrap();
    let cases = [
        ("none.db", "mailthrottle: none.db: no such file; give the path of a SQLite database to --db"),
        ("folder", "mailthrottle: folder is a directory; give the path of a SQLite database to --db"),
        (
            "empty.db",
            "mailthrottle: empty.db is empty, so there is no table in it; give the path of a SQLite database to --db",
        ),
        (
            "text.db",
            "mailthrottle: text.db is not a SQLite database; give the file of one, as --db sqlite:PATH",
        ),
        (
            "mysql://host/db",
            "mailthrottle: --db: 'mysql:' databases cannot be read by this version; give sqlite:PATH, a path, postgres://... or oracle://...",
        ),
    ];
    for (db, expected) in cases {
        assert_eq!(error(&log, &["--db", db, "report"]), expected);
    }
    assert_eq!(
        error(&log, &["report"]),
        "mailthrottle: no database: give --db sqlite:PATH, postgres://USER@HOST/DATABASE or oracle://USER@HOST/SERVICE, or set MAILTHROTTLE_DB, or url in [database] of the config"
    );
    assert!(!log.path("none.db").exists());
}

/// What is mistyped may be taken for the name of a file, and is not printed with the password in it.
#[test]
fn a_mistyped_address_shows_no_password() {
    let log = TestLog::incident();
    let addresses = [
        "postgres:/u:pw-marker@h/d",
        "postgres//u:pw-marker@h/d",
        "postgres:u:pw-marker@h",
        "postgres://u:pw@mar/ker@h",
        "oracle:u:pw-marker@h",
        "mysql://u:pw-marker@h/d",
        "u:pw-marker@h/d",
        "smtp:/u:pw-marker@h",
        "smtps//u:pw-marker@h",
        "./x/u:pw-marker@h",
    ];
    for address in addresses {
        for args in [
            ["--db", address, "report"].as_slice(),
            &["--db", address, "import", "-"],
            &["resend", "--yes", "--smtp", "smtp://127.0.0.1:9", "--ledger", address],
            &["resend", "--yes", "--smtp", address],
            &["-vv", "doctor", "--db", address],
        ] {
            let ran = log.run(args);
            let said = ran.stdout + &ran.stderr;
            assert!(
                !["pw-marker", "ker@h", "mar:"].iter().any(|part| said.contains(part)),
                "{args:?}: {said}"
            );
        }
    }
}

#[test]
fn a_file_that_may_not_be_read() {
    let log = TestLog::incident();
    std::fs::set_permissions(log.db(), std::os::unix::fs::PermissionsExt::from_mode(0o000)).unwrap();
    let ran = log.run_as_nobody(&["--db", "log.db", "report"]);
    let expected = "mailthrottle: log.db cannot be read; check its rights: Permission denied (os error 13)";
    assert_eq!(ran.error(), expected);
}

#[test]
fn a_table_that_is_not_there() {
    let log = TestLog::of(
        "CREATE TABLE mail_log (id, status, sent_date); CREATE VIEW \"it's; odd\" AS SELECT * FROM mail_log;",
    );
    let names = "which has it's; odd, mail_log";
    for (table, shown, near) in [
        ("email_log", "email_log", " (did you mean 'mail_log'?)"),
        ("x; DROP TABLE mail_log; --", "x; DROP TABLE mail_log; --", ""),
        ("\"quoted\"", "\\\"quoted\\\"", ""),
        ("two words", "two words", ""),
        ("", "", ""),
    ] {
        assert_eq!(
            error(&log, &["--db", "log.db", "--table", table, "report"]),
            format!(
                "mailthrottle: no table '{shown}' in log.db, {names}{near}; name it by --table or [email_log] table"
            )
        );
    }
    let odd = log.run(&["--table", "it's; odd", "report"]);
    assert_eq!((odd.code, odd.stderr.as_str()), (0, ""));
    log.sql("DROP VIEW \"it's; odd\"; DROP TABLE mail_log");
    assert_eq!(
        log.error(&["report"]),
        "mailthrottle: log.db holds no table at all; give another file to --db"
    );
}

#[test]
fn a_column_that_is_not_there() {
    let log = TestLog::of("CREATE TABLE email_log (id, state, sent_date)");
    assert_eq!(
        log.error(&["report"]),
        "mailthrottle: column 'status' (status) is not in table email_log, which has id, state, sent_date, rowid \
         (did you mean 'state'?); set [email_log] columns = { status = \"...\" }"
    );
}

#[test]
fn a_time_that_is_none() {
    let log = TestLog::incident();
    assert_eq!(
        log.error(&["report", "--since", "last week"]),
        format!("mailthrottle: --since 'last week' is no time; {FORMS}")
    );
    assert_eq!(
        log.error(&["report", "--until", "2026-02-30"]),
        format!("mailthrottle: --until '2026-02-30' is no time; {FORMS}")
    );
    assert_eq!(
        log.error(&["report", "--since", "2026-11-20", "--until", "2026-11-19"]),
        "mailthrottle: --since (2026-11-20 00:00:00 +00:00) is not before --until (2026-11-19 00:00:00 +00:00); \
         exchange them"
    );
}

#[test]
fn a_config_with_a_mistake() {
    let log = TestLog::incident();
    let cases = [
        (
            "[email_log]\ntabel = 'x'",
            "line 2: unknown field `tabel`, expected one of `preset`, `table`, `time_zone`, `time_format`, `columns`, `sent`, `failed`",
        ),
        ("[email_log]\nsent = 'S'", "[email_log] sent: write a list, [\"S\"], or \"else\" for what is left"),
        ("[email_log\n", "line 1: "),
        (
            "[email_log]\ntime_zone = 'Mars/Base'",
            "[email_log] time_zone: 'Mars/Base' is no time zone; write an IANA name such as Europe/Berlin or UTC",
        ),
        ("[email_log]\npreset = 'x'", "[email_log] preset: 'x' is not one of generic"),
        (
            "[email_log]\ncolumns = { when = 'x' }",
            "[email_log] columns: 'when' is not one of the columns id, status, sent_date, ",
        ),
        ("[provider]\nprofile = 'x'", "[provider] profile: 'x' is not one of exchange-online, "),
        (
            "[[rules]]\nname = 'mine'\ntext = 'a('\nclass = 'quota'\nexample = 'a('",
            "rule 'mine': text is not a regular expression: ",
        ),
    ];
    for (toml, expected) in cases {
        log.write("c.toml", toml);
        let error = error(&log, &["--config", "c.toml", "--db", "log.db", "report"]);
        let line = if expected.starts_with("line") { ", " } else { ": " };
        assert!(error.starts_with(&format!("mailthrottle: c.toml{line}{expected}")), "{error}");
    }
    assert_eq!(
        error(&log, &["--config", "none.toml", "report"]),
        "mailthrottle: --config none.toml: no such file"
    );
    assert_eq!(
        error(&log, &["--db", "log.db", "--time-zone", "Nowhere", "report"]),
        "mailthrottle: --time-zone: 'Nowhere' is no time zone; write an IANA name such as Europe/Berlin or UTC"
    );
}

#[test]
fn a_flag_that_is_mistyped_is_3_and_never_2() {
    let log = TestLog::incident();
    let cases = [
        (
            &["report", "--sinec", "all"][..],
            "unexpected argument '--sinec' found; a similar argument exists: '--since'",
        ),
        (
            &["repoort"],
            "unrecognized subcommand 'repoort'; some similar subcommands exist: 'import', 'report'",
        ),
        (&["explain"], "the following required arguments were not provided: <TEXT>"),
        (
            &["report", "--min-failures", "0"],
            "invalid value '0' for '--min-failures <N>': 0 is not in 1..=4294967295",
        ),
        (
            &["report", "--class", "often"],
            "invalid value 'often' for '--class <CLASS>': 'often' is not one of throttle-concurrency, throttle-rate, quota, \
             server-busy, greylisted, mailbox-full, auth, policy, recipient, message, network, tls, application, unknown",
        ),
    ];
    for (args, expected) in cases {
        assert_eq!(log.error(args), format!("mailthrottle: {expected}; see --help"));
    }
    let nothing = log.run_bare(&[]);
    assert_eq!((nothing.code, nothing.stdout.as_str()), (3, ""));
    let help = log.run(&["--help"]);
    assert_eq!((help.code, help.stderr.as_str()), (0, ""));
}

#[test]
fn a_locked_database_is_waited_for_and_then_named() {
    let log = TestLog::incident();
    blocking(async {
        let mut writer = log.connect().await;
        sqlx::raw_sql("BEGIN EXCLUSIVE").execute(&mut writer).await.unwrap();
        assert_eq!(
            log.error(&["report"]),
            "mailthrottle: log.db is locked: another process has held it for 5 s; wait for it to finish and run this again"
        );
        sqlx::raw_sql("ROLLBACK").execute(&mut writer).await.unwrap();
        writer.close().await.unwrap();
    });
    assert_eq!(log.run(&["report", "--since", "all"]).code, 0);
}

#[test]
fn an_interrupt_ends_a_wait_at_once() {
    let log = TestLog::incident();
    blocking(async {
        let mut writer = log.connect().await;
        sqlx::raw_sql("BEGIN EXCLUSIVE").execute(&mut writer).await.unwrap();
        let mut child = log
            .command(&["-vv", "--db", "log.db", "report"])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // it says so when it begins to wait
        let mut said = BufReader::new(child.stderr.take().unwrap()).lines();
        assert_eq!(said.next().unwrap().unwrap(), "DEBUG opening log.db");
        let pid = child.id().to_string();
        assert!(Command::new("kill").args(["-INT", &pid]).status().unwrap().success());
        let output = child.wait_with_output().unwrap();
        assert_eq!((output.status.code(), output.stdout.as_slice()), (Some(130), &b""[..]));
        assert_eq!(said.count(), 0);
        sqlx::raw_sql("ROLLBACK").execute(&mut writer).await.unwrap();
        writer.close().await.unwrap();
    });
}

#[test]
fn a_writer_that_died_left_a_hot_journal() {
    let log = TestLog::incident();
    let crashed = TestLog::empty();
    blocking(async {
        let mut writer = log.connect().await;
        // a cache of one page makes the change reach the file before the commit
        for sql in
            ["PRAGMA cache_size = 1", "BEGIN IMMEDIATE", "UPDATE email_log SET subject = subject || 'x'"]
        {
            sqlx::raw_sql(leaked(sql)).execute(&mut writer).await.unwrap();
        }
        for name in ["log.db", "log.db-journal"] {
            std::fs::copy(log.path(name), crashed.path(name)).unwrap();
        }
        sqlx::raw_sql("ROLLBACK").execute(&mut writer).await.unwrap();
        writer.close().await.unwrap();
    });
    assert_eq!(
        error(&crashed, &["--db", "log.db", "report"]),
        "mailthrottle: log.db was left by a writer that died in the middle of a change, which only a writer can undo; \
         open it once for writing, for example: sqlite3 'log.db' 'SELECT count(*) FROM sqlite_schema'"
    );
    crashed.sql("SELECT count(*) FROM sqlite_schema");
    assert_eq!(crashed.report()["totals"]["rows"], 673);
}

#[test]
fn the_wal_of_a_live_writer_is_read_and_left_alone() {
    let log = TestLog::incident();
    blocking(async {
        let mut writer = log.connect().await;
        let insert =
            "INSERT INTO email_log (id, status, sent_date) VALUES (99999, 'S', '2026-11-19 12:00:00')";
        for sql in ["PRAGMA journal_mode = WAL", "PRAGMA wal_autocheckpoint = 0", insert] {
            sqlx::raw_sql(leaked(sql)).execute(&mut writer).await.unwrap();
        }
        let wal = std::fs::read(log.path("log.db-wal")).unwrap();
        assert_eq!(log.report()["totals"]["rows"], 674);
        assert!(std::fs::read(log.path("log.db-wal")).unwrap() == wal);
        writer.close().await.unwrap();
    });
    let before = log.files();
    assert_eq!(log.report()["totals"]["rows"], 674);
    assert!(log.files() == before, "{:?}", log.files().iter().map(|(path, _)| path).collect::<Vec<_>>());
}

#[test]
fn a_file_written_to_while_it_is_read_at_rest_is_no_answer() {
    let log = TestLog::incident();
    log.sql("PRAGMA journal_mode = WAL");
    let target = mailthrottle::db::Target {
        url: log.db().to_str().unwrap().to_owned(),
        password: None,
        statement_timeout: std::time::Duration::ZERO,
        ..mailthrottle::db::Target::default()
    };
    let db = blocking(mailthrottle::db::Db::open(&target)).unwrap();
    assert!(db.settle().is_ok());
    log.sql("UPDATE email_log SET subject = 'x'");
    let error = db.settle().unwrap_err().to_string();
    assert_eq!(error, format!("{} was written to while it was read; run this again", log.db().display()));
}

#[test]
fn explain_without_a_text() {
    let log = TestLog::empty();
    assert_eq!(
        log.run_bare(&["explain", " "]).error(),
        "mailthrottle: explain: the text is empty; give an error text, or - to read one from stdin"
    );
}
