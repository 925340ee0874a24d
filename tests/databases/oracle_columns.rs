//! Columns and tables that Oracle treats in ways of their own: the national character set, NULL for the empty text, types that
//! the driver does not know, texts longer than SQL compares, several times of one mail, public synonyms.

use crate::smtp_server::{Fault, Settings, SmtpServer};
use crate::support::oracle_log::{database, place, resend, small, sql};
use crate::support::{Ran, TestLog};
use mailthrottle::model::Stage;
use serde_json::Value;

const FAILED: &str = "432 4.3.2 Concurrent connections limit exceeded";

/// A run with binds of the national form let through.
fn national(log: &TestLog, args: &[&str]) -> Ran {
    let mut command = log.command(args);
    command.env("MAILTHROTTLE_DB", log.url()).env("ORACLE_STANDIN_REFUSE", "zones").output().unwrap().into()
}

fn totals(ran: &Ran) -> [u64; 3] {
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let report: Value = serde_json::from_str(&ran.stdout).unwrap();
    ["rows", "failed", "sent"].map(|key| report["totals"][key].as_u64().unwrap())
}

const REPORT: [&str; 5] = ["--format", "json", "report", "--since", "all"];

/// Texts of both character sets in one log, alone and mixed, in every way that the mapping puts them together.
#[test]
fn columns_of_the_national_character_set() {
    let log = TestLog::on_oracle();
    sql(
        &log,
        &format!(
            "CREATE TABLE email_log (id NVARCHAR2(20) PRIMARY KEY, status NVARCHAR2(10), word VARCHAR2(10), padded NCHAR(10), \
             sent_date DATE, sender NVARCHAR2(200), mailbox VARCHAR2(200), recipient NVARCHAR2(200), subject NVARCHAR2(200), \
             body CLOB, code VARCHAR2(10), error_message NVARCHAR2(400));
             INSERT INTO email_log VALUES ('ключ-1', 'ошибка', 'F', 'ошибка', DATE '2026-11-20', 'erp@contoso.example', NULL, \
             'a@example.com', 'Счёт 1', 'x', '432', '{FAILED}');
             INSERT INTO email_log VALUES ('ключ-2', 'да', 'S', 'да', DATE '2026-11-20' + 1 / 24, NULL, 'erp@contoso.example', \
             'b@example.com', 'Счёт 2', 'y', NULL, NULL);"
        ),
    );
    let words = "sent = ['да', 'S']\nfailed = ['ошибка', 'F']\n";
    let mappings = [
        "",
        "[email_log.columns]\nstatus = 'word'\nerror_message = ['code', 'error_message']",
        "[email_log.columns]\nstatus = ['status', 'word']\nsender = ['sender', 'mailbox']",
        "[email_log.columns]\nstatus = 'padded'\nsender = ['mailbox', 'sender']",
        "failed_when = 'not empty'",
        "failed_when = 'not empty'\n[email_log.columns]\nstatus = 'word'",
    ];
    for mapping in mappings {
        log.write("mailthrottle.toml", format!("[email_log]\n{words}{mapping}\n"));
        assert_eq!(totals(&national(&log, &REPORT)), [2, 1, 1], "{mapping}");
        let ran = national(&log, &["--format", "json", "failures", "--since", "all"]);
        assert!(ran.stdout.contains("Счёт 1") && ran.stdout.contains("ключ-1"), "{mapping}: {}", ran.stderr);
    }
    log.write(
        "mailthrottle.toml",
        format!("[email_log]\n{words}[resend]\nsent_word = 'да'\nclaim_status = 'ждёт'\n"),
    );
    let server = SmtpServer::start(Settings::default());
    let smtp = format!("smtp://127.0.0.1:{}", server.port);
    let ran =
        national(&log, &["-q", "resend", "--smtp", &smtp, "--yes", "--since", "all", "--max-age", "100y"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert_eq!(log.value("SELECT count(*) FROM email_log WHERE status = 'да'"), "2");
    assert_eq!(server.seen().accepted.len(), 1);
}

/// No bind is national where no column is: the tests' stand-in refuses it, and says so here.
#[test]
fn texts_are_bound_in_the_databases_own_character_set() {
    if crate::support::oracle::is_real() {
        return;
    }
    let log = small();
    let trace = log.path("trace");
    for args in [
        &REPORT[..],
        &["failures", "--since", "all"],
        &["doctor", "--since", "all"],
        &["resend", "--dry-run"],
    ] {
        let ran: Ran = log.command(args).env("ORACLE_STANDIN_TRACE", &trace).output().unwrap().into();
        assert!(ran.code < 3, "{}", ran.stderr);
    }
    let text = std::fs::read_to_string(&trace).unwrap();
    let asked: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(asked.iter().any(|asked| asked["binds"].as_u64().unwrap() > 0));
    assert!(asked.iter().all(|asked| asked["national"] == 0));
}

/// Where an empty text is NULL, a row without a status has the empty word of the config.
#[test]
fn a_status_that_is_null_is_the_empty_word() {
    let make = |kind: &str, nothing: &str| {
        let log = TestLog::on_oracle();
        sql(
            &log,
            &format!(
                "CREATE TABLE email_log (id NUMBER(10) PRIMARY KEY, status {kind}, sent_date DATE, sender VARCHAR2(200), \
                 recipient VARCHAR2(200), subject VARCHAR2(200), body CLOB, error_message CLOB);
                 INSERT INTO email_log VALUES (1, {nothing}, DATE '2026-11-20' + 8 / 24, 'erp@contoso.example', 'a@example.com', 'A', \
                 'x', '{FAILED}');
                 INSERT INTO email_log VALUES (2, 'ok', DATE '2026-11-20' + 9 / 24, 'erp@contoso.example', 'b@example.com', 'B', \
                 'y', NULL);"
            ),
        );
        log.write("mailthrottle.toml", "[email_log]\nsent = ['ok']\nfailed = ['', 'bad']\n");
        log
    };
    for (kind, nothing) in [("VARCHAR2(10)", "NULL"), ("CHAR(2)", "' '"), ("CHAR(2)", "NULL")] {
        let log = make(kind, nothing);
        assert_eq!(totals(&log.run(&REPORT)), [2, 1, 1]);
        let failures = log.json(&["failures", "--since", "all"]);
        assert_eq!(failures["rows"][0]["status"], "", "{failures}");
        // a failure for a moment is put off in the ledger and goes with the next run
        let server = SmtpServer::start(Settings {
            faults: vec![Fault::says(Stage::Data, "432 4.3.2 slow down").nth(1)],
            ..Settings::default()
        });
        let first = resend(&log, server.port, &log.url(), &[]);
        assert_eq!(first.code, 0, "{}", first.stderr);
        assert_eq!(log.value("SELECT count(*) FROM email_log WHERE status = 'ok'"), "2");
        assert_eq!(server.seen().accepted.len(), 1);
    }
    // taken away from under a run, it would not come back
    let log = make("VARCHAR2(10)", "NULL");
    let server = SmtpServer::start(Settings::default());
    let config = "[email_log]\nsent = ['ok']\nfailed = ['']\n[resend]\nclaim_status = 'busy'\n";
    log.write("mailthrottle.toml", config);
    let ran = resend(&log, server.port, &log.url(), &[]);
    assert!(ran.error().contains(" [resend] claim_status: a status '' is NULL"), "{}", ran.stderr);
    assert_eq!((ran.code, server.seen().accepted.len()), (3, 0));
}

/// Times of a mail in columns with a zone and without one; summer time leaves one of them out.
#[test]
fn times_of_several_kinds_are_put_together_here() {
    let log = TestLog::on_oracle();
    sql(
        &log,
        &format!(
            "CREATE TABLE email_log (id NUMBER(10) PRIMARY KEY, status VARCHAR2(10), sent TIMESTAMP(3) WITH TIME ZONE, queued DATE, \
             error_message CLOB);
             INSERT INTO email_log VALUES (1, 'F', TIMESTAMP '2026-03-29 00:59:59.5 +00:00', DATE '2026-03-29', '{FAILED}');
             INSERT INTO email_log VALUES (2, 'F', NULL, DATE '2026-03-29' + 150 / 1440, '{FAILED}');
             INSERT INTO email_log VALUES (3, 'F', NULL, DATE '2026-03-29' + 240 / 1440, '{FAILED}');
             INSERT INTO email_log VALUES (4, 'S', NULL, NULL, NULL);"
        ),
    );
    log.write(
        "mailthrottle.toml",
        "[email_log]\ntime_zone = 'Europe/Berlin'\ncolumns = { sent_date = ['sent', 'queued'] }\n",
    );
    assert_eq!(totals(&log.run(&REPORT)), [4, 3, 1]);
    let failures = log.json(&["failures", "--since", "all"]);
    let mut times: Vec<_> =
        failures["rows"].as_array().unwrap().iter().map(|mail| mail["sent_date"].clone()).collect();
    times.sort_by_key(ToString::to_string);
    assert_eq!(times, ["2026-03-29T00:59:59.500Z", "2026-03-29T01:30:00.000Z", "2026-03-29T02:00:00.000Z"]);
    let window =
        ["--format", "json", "report", "--since", "2026-03-29T01:00:00Z", "--until", "2026-03-29T01:59:00Z"];
    assert_eq!(totals(&log.run(&window)), [2, 1, 1], "the one in it, and the one without a time");
}

/// A sender and a status that are CLOBs, longer than what they are cut to.
#[test]
fn long_texts_are_cut_before_they_are_compared() {
    let log = TestLog::on_oracle();
    let sender = format!("{}@contoso.example", "ä".repeat(500));
    sql(
        &log,
        &format!(
            "CREATE TABLE email_log (id NUMBER(10) PRIMARY KEY, status CLOB, sent_date DATE, sender CLOB, error_message CLOB);
             INSERT INTO email_log VALUES (1, 'F', DATE '2026-11-20' + 8 / 24, '{sender}', '{FAILED}');
             INSERT INTO email_log VALUES (2, '{}', DATE '2026-11-20' + 9 / 24, 'b@contoso.example', NULL);",
            "lang ".repeat(100)
        ),
    );
    log.write("mailthrottle.toml", "[email_log]\nfailed_when = 'not empty'\n");
    assert_eq!(totals(&log.run(&REPORT))[..2], [2, 1]);
    // of such a table init says what it can
    let ran = log.run(&["init", "--print"]);
    assert!(!ran.stderr.contains("ORA-"), "{}", ran.stderr);
}

/// Error texts of several columns, together longer than a text that is no CLOB.
#[test]
fn error_texts_of_several_columns_may_be_long_together() {
    let log = TestLog::on_oracle();
    sql(
        &log,
        "CREATE TABLE email_log (id NUMBER(10) PRIMARY KEY, status VARCHAR2(1), sent_date DATE, code VARCHAR2(20), text VARCHAR2(4000), \
         kind NVARCHAR2(20));
         INSERT INTO email_log VALUES (1, 'F', DATE '2026-11-20', '432', RPAD('4.3.2 slow down ', 4000, 'x'), 'ж');
         INSERT INTO email_log VALUES (2, 'F', DATE '2026-11-20', NULL, '432 4.3.2 slow down', NULL);",
    );
    for columns in ["['code', 'text']", "['kind', 'code', 'text']"] {
        log.write("mailthrottle.toml", format!("[email_log.columns]\nerror_message = {columns}\n"));
        assert_eq!(totals(&log.run(&REPORT)), [2, 2, 0], "{columns}");
        let failures = log.json(&["failures", "--since", "all"]);
        let texts = failures["rows"].as_array().unwrap().iter();
        let mut texts: Vec<_> = texts.map(|mail| mail["error_message"].as_str().unwrap()).collect();
        texts.sort_by_key(|text| text.len());
        assert_eq!(texts[0], "432 4.3.2 slow down");
        assert!(texts[1].contains("432: 4.3.2 slow down") && texts[1].len() > 4000, "{columns}");
    }
}

/// A public synonym is asked by what it refers to, also where it has the name that the program gives its own relation.
#[test]
fn a_public_synonym_is_asked_by_its_table() {
    if crate::support::oracle::is_real() {
        return;
    }
    let log = small();
    sql(
        &log,
        "ALTER TABLE email_log RENAME TO apex_mail_log_1;
         CREATE PUBLIC SYNONYM email_log FOR apex_mail_log_1;
         CREATE PUBLIC SYNONYM outer_log FOR email_log;",
    );
    for name in ["email_log", "OUTER_LOG"] {
        assert_eq!(totals(&log.run(&[&["--table", name], &REPORT[..]].concat())), [2, 1, 1], "{name}");
        let printed = log.run(&["--print-sql", "--table", name, "report"]).stdout;
        assert!(printed.contains("FROM \"MAIL\".\"APEX_MAIL_LOG_1\" t"), "{printed}");
        assert!(!printed.contains("\"PUBLIC\""), "{printed}");
    }
}

/// What the server itself encrypts is seen by those who may look.
#[test]
fn encryption_by_the_server_is_told_or_said_to_be_hidden() {
    if crate::support::oracle::is_real() {
        return;
    }
    let log = small();
    let connection = || {
        let ran = log.run(&["--format", "json", "doctor", "--since", "all"]);
        let answer: Value = serde_json::from_str(&ran.stdout).unwrap();
        let check = &answer["checks"][0];
        (check["message"].as_str().unwrap().to_owned(), answer["source"]["connection"]["encryption"].clone())
    };
    let open = "the connection is TCP without TLS, so whoever is on the way can read along";
    assert_eq!(connection(), (open.to_owned(), Value::Null));
    let set = |name: &str, value: &str| {
        database(&log).behind(&format!("ALTER DATABASE {} SET {name} = '{value}'", database(&log).name()));
    };
    set("oracle.may_see_connections", "no");
    let hidden =
        "the connection is TCP without TLS, and whether the server encrypts it by itself cannot be seen";
    assert_eq!(connection(), (hidden.to_owned(), Value::Null));
    set("oracle.may_see_connections", "yes");
    set("oracle.encryption", "AES256");
    let (message, by) = connection();
    assert_eq!(message, "the database answers");
    assert!(by.as_str().unwrap().starts_with("AES256 Encryption service adapter"), "{by}");
}

/// Columns of types that the driver does not know stop nobody who does not map them, and a document is read.
#[test]
fn columns_of_types_that_the_driver_does_not_know() {
    let log = small();
    if crate::support::oracle::is_real() {
        return;
    }
    sql(
        &log,
        "CREATE TABLE typed AS SELECT * FROM email_log;
         ALTER TABLE typed ADD (doc JSON, near VECTOR, old LONG, page XMLTYPE);
         UPDATE typed SET doc = '{\"to\": [\"a@example.com\"]}' WHERE id = 1;",
    );
    let typed = |args: &[&str]| log.run(&[&["--table", "typed"], args].concat());
    assert_eq!(totals(&typed(&REPORT)), [2, 1, 1]);
    assert_eq!(typed(&["doctor", "--since", "all"]).code, 1, "a warning for the network alone");
    assert!(!log.run(&["init", "--print"]).stderr.contains("ORA-"));
    // a column that is only guessed by its name is left alone
    sql(
        &log,
        "CREATE TABLE guessed AS SELECT id, status, sent_date, sender, recipient, error_message FROM email_log;
         ALTER TABLE guessed ADD (subject XMLTYPE, body LONG);",
    );
    for args in [&["report", "--since", "all"][..], &["failures", "--since", "all"], &["init", "--print"]] {
        let ran = log.run(&[&["--table", "guessed"], args].concat());
        assert_eq!((ran.code, ran.stderr.as_str()), (0, ""), "{args:?}");
        assert!(!ran.stdout.contains("\"BODY\""), "{}", ran.stdout);
    }
    for (column, kind) in [("near", "VECTOR"), ("old", "LONG"), ("page", "XMLTYPE")] {
        log.write("mailthrottle.toml", format!("[email_log.columns]\nsubject = '{column}'\n"));
        let error = typed(&["report"]).error();
        let expected = format!(
            "column '{}' (subject) is of type {kind}, which cannot be read as text; set [email_log.columns] subject to another, to [] \
             to do without, or name a view in which it is text",
            column.to_uppercase()
        );
        assert_eq!(error, format!("mailthrottle: {expected}"));
    }
    log.write("mailthrottle.toml", "[email_log.columns]\nrecipient = 'doc'\nsubject = ['doc', 'subject']\n");
    let failures = log.json(&["--table", "typed", "failures", "--since", "all"]);
    let mail = &failures["rows"][0];
    assert!(mail["recipient"].as_str().unwrap().contains("a@example.com"), "{failures}");
    // whatever else is asked for
    assert_eq!(typed(&["doctor", "--since", "all"]).code, 1);
    assert!(place(&log).starts_with("oracle://"));
}
