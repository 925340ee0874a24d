//! What rows mean in tables of every make: flags, leftover errors, counters, jobs, documents, events, one row per recipient.
//! Each model is told by the mapping alone, the same on every database.

use crate::smtp_server::{Settings, SmtpServer};
use crate::support::{Database, Ran, TestLog, on_every_database};
use serde_json::Value;

const FAILED: &str = "432 4.3.2 Concurrent connections limit exceeded";

/// A table, its rows, the section `[email_log]`, and how many rows are sent, failed, pending and something else.
struct Model {
    name: &'static str,
    sql: &'static str,
    mapping: &'static str,
    counts: [u64; 4],
}

const MODELS: &[Model] = &[
    Model {
        name: "an error text that stays after success: the time of sending decides",
        sql: "CREATE TABLE queue (id bigint PRIMARY KEY, made timestamp, sent_at timestamp, last_error text, tries bigint);
              INSERT INTO queue VALUES (1, '2026-11-20 08:00:00', '2026-11-20 08:05:00', '<failed>', 2),
                (2, '2026-11-20 08:00:01', NULL, '<failed>', 1), (3, '2026-11-20 08:00:02', NULL, NULL, 0),
                (4, '2026-11-20 08:00:03', NULL, '', 0);",
        mapping: "table = 'queue'
                  columns = { sent_date = ['sent_at', 'made'], error_message = 'last_error' }
                  sent = { sent_at = 'set' }
                  failed = { last_error = 'set' }
                  pending = 'else'",
        counts: [1, 1, 2, 0],
    },
    Model {
        name: "two flags",
        sql: "CREATE TABLE mails (id bigint PRIMARY KEY, sent_date timestamp, e_sent bigint, e_success bigint, error_message text);
              INSERT INTO mails VALUES (1, '2026-11-20 08:00:00', 1, 1, NULL), (2, '2026-11-20 08:00:01', 1, 0, '<failed>'),
                (3, '2026-11-20 08:00:02', 0, 0, NULL), (4, '2026-11-20 08:00:03', NULL, NULL, NULL);",
        mapping: "table = 'mails'
                  sent = { e_sent = 1, e_success = 1 }
                  failed = { e_sent = 1, e_success = 0 }
                  pending = { e_sent = 0 }",
        counts: [1, 1, 1, 1],
    },
    Model {
        name: "a status that is NULL while a mail waits",
        sql: "CREATE TABLE mails (id bigint PRIMARY KEY, sent_date timestamp, status text, error_message text);
              INSERT INTO mails VALUES (1, '2026-11-20 08:00:00', 'ok', NULL), (2, '2026-11-20 08:00:01', 'bad', '<failed>'),
                (3, '2026-11-20 08:00:02', NULL, NULL), (4, '2026-11-20 08:00:03', 'off', NULL);",
        mapping: "table = 'mails'
                  sent = ['ok']
                  failed = ['bad']
                  pending = { status = 'empty' }
                  other = ['off']",
        counts: [1, 1, 1, 1],
    },
    Model {
        name: "deleted when sent, with a counter of tries",
        sql: "CREATE TABLE notices (id bigint PRIMARY KEY, create_time timestamp, is_deleted bigint, sent_try bigint, error text);
              INSERT INTO notices VALUES (1, '2026-11-20 08:00:00', 1, 1, NULL), (2, '2026-11-20 08:00:01', 0, 3, '<failed>'),
                (3, '2026-11-20 08:00:02', 0, 2, NULL), (4, '2026-11-20 08:00:03', 1, 4, '<failed>');",
        mapping: "table = 'notices'
                  columns = { sent_date = 'create_time', error_message = 'error' }
                  sent = { is_deleted = 1 }
                  failed = { sent_try = '>= 3' }
                  pending = 'else'",
        counts: [2, 1, 1, 0],
    },
    Model {
        name: "a word for success, every other one is an error",
        sql: "CREATE TABLE logs (id bigint PRIMARY KEY, at timestamp, success text);
              INSERT INTO logs VALUES (1, '2026-11-20 08:00:00', '1'), (2, '2026-11-20 08:00:01', '<failed>'),
                (3, '2026-11-20 08:00:02', '550 5.1.1 no such user'), (4, '2026-11-20 08:00:03', 'in queue');",
        mapping: "table = 'logs'
                  columns = { sent_date = 'at', status = 'success', error_message = 'success' }
                  sent = ['1']
                  failed = 'else'
                  pending = ['in queue']",
        counts: [1, 2, 1, 0],
    },
    Model {
        name: "jobs of which some are mails",
        sql: "CREATE TABLE jobs (id bigint PRIMARY KEY, kind text, run_at timestamp, failed_at timestamp, done_at timestamp, error text);
              INSERT INTO jobs VALUES (1, 'mail', '2026-11-20 08:00:00', NULL, '2026-11-20 08:00:09', NULL),
                (2, 'mail', '2026-11-20 08:00:01', '2026-11-20 08:00:10', NULL, '<failed>'),
                (3, 'report', '2026-11-20 08:00:02', '2026-11-20 08:00:11', NULL, 'no paper'),
                (4, 'mail', '2026-11-20 08:00:03', NULL, NULL, NULL), (5, NULL, '2026-11-20 08:00:03', NULL, NULL, NULL);",
        mapping: "table = 'jobs'
                  only = { kind = ['mail', 'newsletter'] }
                  columns = { sent_date = 'run_at', error_message = 'error' }
                  sent = { done_at = 'set' }
                  failed = { failed_at = 'set' }
                  pending = 'else'",
        counts: [1, 1, 1, 0],
    },
    Model {
        name: "a document with the state in it",
        sql: "CREATE TABLE events (id bigint PRIMARY KEY, at timestamp, doc jsonb);
              INSERT INTO events VALUES (1, '2026-11-20 08:00:00', '{\"mail\": {\"state\": \"sent\"}, \"to\": [\"a@x.example\"]}'),
                (2, '2026-11-20 08:00:01', '{\"mail\": {\"state\": \"failed\", \"error\": \"<failed>\"}, \"to\": [\"b@x.example\", \"c@x.example\"]}'),
                (3, '2026-11-20 08:00:02', '{\"to\": []}'), (4, '2026-11-20 08:00:03', NULL);",
        mapping: "table = 'events'
                  columns = { sent_date = 'at', recipient = 'doc -> to', error_message = 'doc -> mail.error' }
                  sent = { 'doc -> mail.state' = 'sent' }
                  failed = { 'doc -> mail.state' = 'failed' }
                  pending = { doc = 'set', 'doc -> mail.state' = 'empty' }",
        counts: [1, 1, 1, 1],
    },
    Model {
        name: "one row per event of a mail, the newest counts",
        sql: "CREATE TABLE job_log (id bigint PRIMARY KEY, job bigint, at timestamp, state text, error_message text, kind text);
              INSERT INTO job_log VALUES (1, 7, '2026-11-20 08:00:00', 'made', NULL, 'mail'),
                (2, 7, '2026-11-20 08:00:05', 'failed', '<failed>', 'mail'), (3, 7, '2026-11-20 08:01:00', 'done', NULL, 'mail'),
                (4, 8, '2026-11-20 08:00:00', 'made', NULL, 'mail'), (5, 8, '2026-11-20 08:00:06', 'failed', '<failed>', 'mail'),
                (6, 9, '2026-11-20 08:00:00', 'made', NULL, 'mail'), (7, 8, '2026-11-20 09:00:00', 'done', NULL, 'print'),
                (8, 10, '2026-11-20 08:00:00', 'failed', '<failed>', 'mail'), (9, 10, '2026-11-20 08:00:00', 'done', NULL, 'mail');",
        mapping: "table = 'job_log'
                  only = { kind = 'mail' }
                  newest_of = { group = 'job', by = 'at' }
                  columns = { sent_date = 'at', status = 'state' }
                  sent = ['done']
                  failed = ['failed']
                  pending = ['made']",
        counts: [2, 1, 1, 0],
    },
    Model {
        name: "one row per recipient, the mail and its account in tables of their own, the status a number of a third",
        sql: "CREATE TABLE account (id bigint PRIMARY KEY, address text);
              CREATE TABLE letter (id bigint PRIMARY KEY, account_id bigint, subject text, body text);
              CREATE TABLE stage (no bigint PRIMARY KEY, word text);
              CREATE TABLE receiver (id bigint PRIMARY KEY, letter_id bigint, state_no bigint, recipient text, at timestamp, error_message text);
              INSERT INTO account VALUES (1, 'erp@x.example');
              INSERT INTO letter VALUES (5, 1, 'Invoice', 'text');
              INSERT INTO stage VALUES (0, 'open'), (1, 'sent'), (2, 'error');
              INSERT INTO receiver VALUES (1, 5, 1, 'a@x.example', '2026-11-20 08:00:00', NULL),
                (2, 5, 2, 'b@x.example', '2026-11-20 08:00:01', '<failed>'), (3, 5, 0, 'c@x.example', '2026-11-20 08:00:02', NULL),
                (4, 5, 9, 'd@x.example', '2026-11-20 08:00:03', NULL);",
        mapping: "table = 'receiver'
                  columns = { sent_date = 'at', status = 'state.word', sender = 'account.address', subject = 'letter.subject' }
                  sent = ['sent']
                  failed = ['error']
                  pending = ['open']
                  [email_log.joins]
                  letter = { table = 'letter', on = 'id', to = 'letter_id' }
                  account = { table = 'account', on = 'id', to = 'account_id', from = 'letter' }
                  state = { table = 'stage', on = 'no', to = 'state_no' }",
        counts: [1, 1, 1, 1],
    },
    Model {
        name: "values that stand for nothing",
        sql: "CREATE TABLE mails (id bigint PRIMARY KEY, made timestamp, sent_at timestamp, error_message text);
              INSERT INTO mails VALUES (1, '2026-11-20 08:00:00', '2026-11-20 08:00:05', '-'),
                (2, '2026-11-20 08:00:01', '1900-01-01 00:00:00', '<failed>'), (3, '2026-11-20 08:00:02', '1900-01-01 00:00:00', '-');",
        mapping: "table = 'mails'
                  null_values = ['1900-01-01', '1900-01-01 00:00:00', '-']
                  columns = { sent_date = ['sent_at', 'made'] }
                  sent = { sent_at = 'set' }
                  failed = { error_message = 'set' }
                  pending = 'else'",
        counts: [1, 1, 1, 0],
    },
    Model {
        name: "conditions and words, and a word that is not another",
        sql: "CREATE TABLE mails (id bigint PRIMARY KEY, sent_date timestamp, status text, tries numeric, error_message text);
              INSERT INTO mails VALUES (1, '2026-11-20 08:00:00', 'ok', 1, NULL), (2, '2026-11-20 08:00:01', 'retry', 5, '<failed>'),
                (3, '2026-11-20 08:00:02', 'retry', 2.5, NULL), (4, '2026-11-20 08:00:03', 'dead', 1, '<failed>'),
                (5, '2026-11-20 08:00:04', NULL, 1, NULL);",
        mapping: "table = 'mails'
                  sent = ['ok']
                  failed = ['dead', { status = 'retry', tries = '> 2.5' }]
                  pending = { status = '!= dead' }",
        counts: [1, 2, 2, 0],
    },
];

fn make(log: &TestLog, model: &Model) {
    log.sql(&model.sql.replace("<failed>", FAILED));
    log.write("mailthrottle.toml", format!("[email_log]\n{}\n", model.mapping));
}

fn counts(report: &Value) -> [u64; 4] {
    ["sent", "failed", "pending", "other"].map(|key| report["totals"][key].as_u64().unwrap())
}

#[test]
fn what_rows_mean_in_every_model() {
    for model in MODELS {
        on_every_database(|log| {
            make(log, model);
            let all = log.json(&["report", "--since", "all"]);
            assert_eq!(counts(&all), model.counts, "{}: {all:#}", model.name);
            // a window, with and without an index on the first column of its time
            let window = ["report", "--since", "2026-11-20T07:00:00Z", "--until", "2026-11-20T10:00:00Z"];
            assert_eq!(counts(&log.json(&window)), model.counts, "{}", model.name);
            let failures = log.json(&["failures", "--since", "all"]);
            let failed = failures["rows"].as_array().unwrap();
            assert_eq!(failed.len() as u64, model.counts[1], "{}: {failures:#}", model.name);
            assert!(
                failed.iter().any(|mail| mail["class"] == "throttle-concurrency"),
                "{}: {failures:#}",
                model.name
            );
            // the other questions can be asked as well
            for args in
                [&["alert"][..], &["doctor", "--since", "all"], &["resend", "--dry-run", "--since", "all"]]
            {
                let ran =
                    log.run(&[args, &["--max-age", "100y"][..usize::from(args[0] == "resend") * 2]].concat());
                // of a table of events nothing is sent
                let is_refused = args[0] == "resend" && model.mapping.contains("newest_of");
                assert_eq!(ran.code == 3, is_refused, "{}: {args:?}: {}", model.name, ran.stderr);
            }
            assert!(!log.printed(&["report"]).is_empty());
        });
    }
}

#[test]
fn a_document_gives_recipients_and_texts() {
    on_every_database(|log| {
        make(log, &MODELS[6]);
        let failures = log.json(&["failures", "--since", "all"]);
        let recipients: Value =
            serde_json::from_str(failures["rows"][0]["recipient"].as_str().unwrap()).unwrap();
        assert_eq!(recipients, serde_json::json!(["b@x.example", "c@x.example"]));
        assert_eq!(failures["rows"][0]["error_message"], FAILED);
    });
}

#[test]
fn a_table_that_hangs_on_another_is_read_through_it() {
    on_every_database(|log| {
        make(log, &MODELS[8]);
        let failures = log.json(&["failures", "--since", "all"]);
        let mail = &failures["rows"][0];
        assert_eq!(
            [&mail["sender"], &mail["subject"], &mail["recipient"]],
            ["erp@x.example", "Invoice", "b@x.example"]
        );
    });
}

fn resend(log: &TestLog, server: &SmtpServer) -> Ran {
    let smtp = format!("smtp://127.0.0.1:{}", server.port);
    log.run(&[
        "-q",
        "resend",
        "--smtp",
        &smtp,
        "--rate",
        "60000/1m",
        "--yes",
        "--since",
        "all",
        "--max-age",
        "100y",
    ])
}

/// A mail that is known by several columns goes again, once, and its own row says so.
#[test]
fn a_key_of_several_columns() {
    on_every_database(|log| {
        let rows = [("a", 1, "F"), ("a", 2, "S"), ("b", 1, "F"), ("c/d", 1, "F")].map(|(tenant, no, status)| {
            let to = format!("{}{no}@y.example", tenant.replace('/', ""));
            format!("('{tenant}', {no}, '{status}', '2026-11-20 08:00:00', 'erp@x.example', '{to}', '{FAILED}')")
        });
        log.sql(&format!(
            "CREATE TABLE email_log (tenant text, no bigint, status text, sent_date timestamp, sender text, recipient text, \
             error_message text, body text, PRIMARY KEY (tenant, no));
             INSERT INTO email_log (tenant, no, status, sent_date, sender, recipient, error_message) VALUES {};
             UPDATE email_log SET body = 'text';",
            rows.join(", ")
        ));
        log.write("mailthrottle.toml", "[email_log]\nkey = ['tenant', 'no']\n");
        let failures = log.json(&["failures", "--since", "all"]);
        let rows = failures["rows"].as_array().unwrap();
        let mut ids: Vec<_> = rows.iter().map(|mail| mail["id"].as_str().unwrap()).collect();
        ids.sort_unstable();
        assert_eq!(ids, ["a/1", "b/1", "c/d/1"]);
        let server = SmtpServer::start(Settings::default());
        let ran = resend(log, &server);
        assert_eq!(ran.code, 0, "{}", ran.stderr);
        assert_eq!(server.seen().accepted.len(), 3);
        assert_eq!(log.value("SELECT count(*) FROM email_log WHERE status = 'S'"), "4");
        assert_eq!(resend(log, &server).code, 0);
        assert_eq!(server.seen().accepted.len(), 3, "nothing goes twice");
    });
}

/// Where there is no key a table can be read, and nothing is sent.
#[test]
fn the_place_of_a_row_is_for_reading() {
    on_every_database(|log| {
        log.sql(&format!(
            "CREATE TABLE email_log (status text, sent_date timestamp, sender text, recipient text, error_message text);
             INSERT INTO email_log VALUES ('F', '2026-11-20 08:00:00', 'erp@x.example', 'a@y.example', '{FAILED}'), \
             ('S', '2026-11-20 08:00:01', 'erp@x.example', 'b@y.example', NULL);"
        ));
        log.write("mailthrottle.toml", "[email_log]\nkey = 'rowid'\n");
        assert_eq!(counts(&log.json(&["report", "--since", "all"])), [1, 1, 0, 0]);
        let failures = log.json(&["failures", "--since", "all"]);
        assert!(!failures["rows"][0]["id"].as_str().unwrap().is_empty());
        let server = SmtpServer::start(Settings::default());
        let error = resend(log, &server).error();
        assert!(error.contains("[email_log] key: rowid is the place of a row"), "{error}");
        assert_eq!(server.seen().connections, 0);
    });
}

/// Mails of a log whose meanings are conditions go again, and the ledger alone knows of it.
#[test]
fn conditions_leave_the_log_alone() {
    on_every_database(|log| {
        let more = ", sender text, recipient text, body text)";
        let model = MODELS[0].sql.replace("tries bigint)", &format!("tries bigint{more}"));
        let model =
            model.replace("INTO queue VALUES", "INTO queue (id, made, sent_at, last_error, tries) VALUES");
        log.sql(&model.replace("<failed>", FAILED));
        log.sql("UPDATE queue SET sender = 'erp@x.example', recipient = 'a@y.example', body = 'text'");
        log.write("mailthrottle.toml", format!("[email_log]\n{}\n", MODELS[0].mapping));
        let server = SmtpServer::start(Settings::default());
        let ran = resend(log, &server);
        assert_eq!((ran.code, server.seen().accepted.len()), (0, 1), "{}", ran.stderr);
        assert_eq!(log.value("SELECT count(*) FROM queue WHERE sent_at IS NULL"), "3");
        resend(log, &server);
        assert_eq!(server.seen().accepted.len(), 1, "nothing goes twice");
    });
}

/// A mail that went gets what the config says, in the form of its columns, and only where it still has not gone.
#[test]
fn a_mail_that_went_gets_its_columns() {
    on_every_database(|log| {
        log.sql(&format!(
            "CREATE TABLE queue (id bigint PRIMARY KEY, made timestamp, sent_at timestamp, last_error text, tries bigint, note text, \
             sender text, recipient text, body text);
             INSERT INTO queue VALUES (1, '2026-11-20 08:00:00', NULL, '{FAILED}', 2, 'x', 'erp@x.example', 'a@y.example', 'text'), \
             (2, '2026-11-20 08:00:01', NULL, NULL, 0, 'x', 'erp@x.example', 'b@y.example', 'text');"
        ));
        let section = |write: &str| {
            let mapping = MODELS[0].mapping;
            log.write(
                "mailthrottle.toml",
                format!("[email_log]\n{mapping}\n[resend.write]\nsent = {write}\n"),
            );
        };
        section("{ sent_at = ':now', last_error = ':null', tries = 0, note = 'again' }");
        let server = SmtpServer::start(Settings::default());
        let ran = resend(log, &server);
        assert_eq!((ran.code, server.seen().accepted.len()), (0, 1), "{}", ran.stderr);
        let is_told = "id = 1 AND sent_at > made AND last_error IS NULL AND tries = 0 AND note = 'again'";
        assert_eq!(log.value(&format!("SELECT count(*) FROM queue WHERE {is_told}")), "1");
        assert_eq!(
            log.value("SELECT count(*) FROM queue WHERE note = 'x'"),
            "1",
            "the other row is as it was"
        );
        assert_eq!(counts(&log.json(&["report", "--since", "all"])), [1, 0, 1, 0]);
        resend(log, &server);
        assert_eq!(server.seen().accepted.len(), 1);
        // mistakes
        for (write, expected) in [
            ("{ sent_at = ':null' }", "[resend.write] sent: a row that gets this would still not mean sent"),
            ("{ sent_at = ':now', id = 7 }", "[resend.write] sent: column '"),
            ("{ sent_at = ':now', note = ':now' }", "writes times is not known"),
            ("{}", "[resend.write] sent names no column"),
            ("{ sent_on = ':now' }", "column 'sent_on' (sent) is not in table"),
            ("{ sent_at = ':today' }", "[resend.write] sent: sent_at: ':today' is not one of :now and :null"),
        ] {
            section(write);
            let error = resend(log, &server).error();
            assert!(error.contains(expected), "{write}: {error}");
        }
    });
}

/// Times in forms that the config names say the same as in the usual one.
#[test]
fn times_are_written_as_the_config_says() {
    let forms = [
        (
            "text",
            "DD.MM.YYYY HH24:MI:SS",
            "'19.11.2026 23:59:59'",
            "'20.11.2026 08:00:00'",
            "'20.11.2026 08:30:00'",
        ),
        (
            "text",
            "YYYY/MM/DD HH24:MI:SS",
            "'2026/11/19 23:59:59'",
            "'2026/11/20 08:00:00'",
            "'2026/11/20 08:30:00'",
        ),
        ("text", "YYYYMMDDHH24MI", "'202611192359'", "'202611200800'", "'202611200830'"),
        ("text", "MM/DD/YYYY", "'11/19/2026'", "'11/20/2026'", "'11/20/2026'"),
        ("text", "YYYY/MM/DD", "'2026/11/19'", "'2026/11/20'", "'2026/11/20'"),
        ("bigint", "us", "1795132799000000", "1795161600000000", "1795163400000000"),
        ("bigint", "ns", "1795132799000000000", "1795161600000000000", "1795163400000000000"),
    ];
    for (kind, form, before, one, two) in forms {
        for index in ["", "CREATE INDEX email_log_at ON email_log (sent_date);"] {
            on_every_database(|log| {
                log.sql(&format!(
                    "CREATE TABLE email_log (id bigint PRIMARY KEY, status text, sent_date {kind}, error_message text);
                     INSERT INTO email_log VALUES (1, 'S', {before}, NULL), (2, 'F', {one}, '{FAILED}'), (3, 'F', {two}, '{FAILED}'), \
                     (4, 'S', {two}, NULL);
                     {index}"
                ));
                log.write("mailthrottle.toml", format!("[email_log]\ntime_format = '{form}'\n"));
                let window = ["report", "--since", "2026-11-20", "--until", "2026-11-21"];
                let report = log.json(&window);
                assert_eq!(counts(&report), [1, 2, 0, 0], "{form}: {report:#}");
                assert_eq!(report["totals"]["unreadable"], 0, "{form}");
                let failures = log.json(&["failures", "--since", "2026-11-20T08:15:00Z"]);
                let dates_only = !form.contains("MI") && kind == "text";
                assert_eq!(failures["rows"].as_array().unwrap().len(), usize::from(!dates_only), "{form}");
                if let [mail] = failures["rows"].as_array().unwrap().as_slice() {
                    assert_eq!(mail["sent_date"], "2026-11-20T08:30:00.000Z", "{form}");
                }
            });
        }
    }
    let log = TestLog::incident();
    for (form, expected) in [
        (
            "DD.MM.YY",
            "[email_log] time_format: 'YY' is none of YYYY, MM, DD, HH24, MI, SS; for numbers write us or ns",
        ),
        ("MM.YYYY", "[email_log] time_format: it needs YYYY, MM and DD"),
    ] {
        log.write("mailthrottle.toml", format!("[email_log]\ntime_format = '{form}'\n"));
        let error = log.error(&["report"]);
        assert!(error.contains(expected), "{error}");
    }
}

/// Mails whose text is not in the log are held, and where the preset knows how the system sends them itself that is said.
#[test]
fn what_cannot_be_sent_is_held_with_the_systems_own_way() {
    let log = TestLog::empty();
    log.sql(&format!(
        "CREATE TABLE apex_mail_log (mail_id bigint PRIMARY KEY, mail_message_created text, mail_message_send_end text, \
         mail_to text, mail_from text, mail_subj text, mail_send_error text);
         INSERT INTO apex_mail_log VALUES (1, NULL, '2026-11-20 08:00:00', 'a@y.example', 'erp@x.example', 'Invoice', '{FAILED}');"
    ));
    let server = SmtpServer::start(Settings::default());
    let smtp = format!("smtp://127.0.0.1:{}", server.port);
    let args =
        ["--preset", "apex", "resend", "--smtp", &smtp, "--yes", "--since", "all", "--max-age", "100y"];
    let ran = log.run(&args);
    assert_eq!((ran.code, server.seen().connections), (1, 0), "{}", ran.stderr);
    let said = ran.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(
        said.contains("The system's own way: mails that APEX has not given up yet stand in APEX_MAIL_QUEUE"),
        "{said}"
    );
}

/// What the doctor says of conditions.
#[test]
fn the_doctor_tries_the_conditions() {
    on_every_database(|log| {
        log.sql(&format!(
            "CREATE TABLE email_log (id bigint PRIMARY KEY, sent_date timestamp, kind text, tries bigint, error_message text);
             INSERT INTO email_log VALUES (1, '2026-11-20 08:00:00', 'ok', 1, NULL), (2, '2026-11-20 08:00:01', 'ok', 4, NULL), \
             (3, '2026-11-20 08:00:02', 'bad', 1, '{FAILED}'), (4, '2026-11-20 08:00:03', 'odd', 1, NULL);"
        ));
        let said = |mapping: &str| {
            log.write("mailthrottle.toml", format!("[email_log]\n{mapping}"));
            let ran = log.run(&["--format", "json", "doctor", "--since", "all"]);
            let answer: Value = serde_json::from_str(&ran.stdout).unwrap();
            let checks = answer["checks"].as_array().unwrap();
            let check = checks.iter().find(|check| check["name"] == "status-words").unwrap();
            let message = check["message"].as_str().unwrap().to_owned();
            // names are as the database has them
            let message = if log.is_on_oracle() { message.replace("KIND", "kind") } else { message };
            (check["state"].as_str().unwrap().to_owned(), message)
        };
        let conditions =
            "sent = { kind = 'ok' }\nfailed = [{ kind = 'bad' }, { tries = '>= 3' }, { kind = 'dead' }]\n";
        let expected = "1 of 4 rows in the window meet no condition; 1 of 4 rows meet the conditions of two meanings; \
                        of 4 rows none meets failed = { kind = \"dead\" }";
        let (state, message) = said(conditions);
        assert_eq!((state.as_str(), message.as_str()), ("warning", expected));
        let (state, message) = said("sent = { kind = 'ok' }\nfailed = { kind = 'bad' }\npending = 'else'\n");
        assert_eq!((state.as_str(), message.as_str()), ("ok", "each of 4 rows meets one condition"));
    });
}

/// Ids with several rows are named, three of them.
#[test]
fn a_key_that_is_not_one_is_told_with_examples() {
    on_every_database(|log| {
        let rows =
            |id: u32| format!("('m{id}', 'S', '2026-11-20 08:00:00'), ('m{id}', 'S', '2026-11-20 08:00:01')");
        let rows: Vec<_> = (1..=4).map(rows).collect();
        log.sql(&format!(
            "CREATE TABLE email_log (id text, status text, sent_date timestamp);
             INSERT INTO email_log VALUES ('once', 'S', '2026-11-20 08:00:00'), {};",
            rows.join(", ")
        ));
        let ran = log.run(&["--format", "json", "doctor", "--since", "all"]);
        let answer: Value = serde_json::from_str(&ran.stdout).unwrap();
        let check = answer["checks"].as_array().unwrap().iter().find(|check| check["name"] == "key").unwrap();
        assert_eq!(check["state"], "problem");
        assert_eq!(check["message"], "4 ids have more than one row: 'm1', 'm2', 'm3', ...");
        assert!(check["advice"].as_str().unwrap().contains("newest_of"), "{check}");
    });
}

/// Mistakes are said in a line that names the key.
#[test]
fn mistakes_in_conditions_are_named() {
    on_every_database(|log| {
        log.sql(
            "CREATE TABLE email_log (id bigint PRIMARY KEY, sent_date timestamp, kind text, tries bigint, error_message text);
             CREATE TABLE other (id bigint PRIMARY KEY, email_id bigint, word text);",
        );
        let of = |mapping: &str, expected: &str| {
            log.write("mailthrottle.toml", format!("[email_log]\n{mapping}\n"));
            let error = log.error(&["report"]);
            assert!(error.contains(expected), "{mapping}: {error}");
        };
        let join = |from: &str| {
            format!(
                "columns = {{ status = 'a.word' }}\njoins = {{ a = {{ table = 'other', on = 'id', to = 'email_id', from = '{from}' }}, \
                 b = {{ table = 'other', on = 'id', to = 'email_id', from = 'a' }} }}"
            )
        };
        of(
            "sent = []\nfailed = { stat = 'set' }",
            "[email_log] failed: column 'stat' (a condition) is not in table",
        );
        of("sent = 'else'\nfailed = 'else'\npending = []", "[email_log] both sent and failed are \"else\"");
        of("sent = []\nfailed = 'F'\npending = []", "[email_log] failed: write a list, [\"F\"], or \"else\"");
        of(
            "sent = []\nfailed = { tries = '>= x' }",
            "[email_log] failed: tries: 'x' is no number to compare with",
        );
        of("sent = []\nfailed = { 'kind -> ' = 'x' }", "is no path into a JSON column");
        of(
            "sent = []\nfailed = { kind = 'F' }\nonly = { kin = 'mail' }",
            "[email_log] only: column 'kin' (a condition)",
        );
        of(
            "sent = []\nfailed = { kind = 'F' }\nfailed_when = 'not empty'",
            "[email_log] both failed_when and a condition",
        );
        of("sent = []\nfailed = { kind = 'F' }\nkey = ['id', 'nr']", "column 'nr' (key) is not in table");
        of("key = 'id'\ncolumns = { id = 'id' }", "[email_log] both key and columns.id");
        of(
            "sent = []\nfailed = { kind = 'F' }\nnewest_of = { group = 'mail', by = 'sent_date' }",
            "column 'mail' (group) is not in",
        );
        of("newest_of = { group = 'id' }", "newest_of: missing field `by`");
        of(&join("b"), "[email_log.joins.a]: from leads back to itself");
        of(&join("c"), "[email_log.joins.a]: from: 'c' is not one of the joins a, b");
        // where a column has a type, it decides what it can be compared with
        if !matches!(log.database(), Database::Sqlite) {
            of(
                "sent = []\nfailed = { kind = '> 3' }",
                "is of type text, which cannot be compared with a number",
            );
        }
        if matches!(log.database(), Database::Postgres(_)) {
            of("sent = []\nfailed = { 'kind -> a' = 'x' }", "is of type text, into which no path leads");
        }
    });
}

/// Every section of docs/mapping.md is a config that is understood.
#[test]
fn the_models_of_the_docs_are_understood() {
    let log = TestLog::empty();
    log.sql("CREATE TABLE another (id bigint)");
    let docs = include_str!("../../docs/mapping.md");
    let sections: Vec<_> =
        docs.split("```toml\n").skip(1).filter_map(|rest| rest.split("```").next()).collect();
    assert!(sections.len() > 9);
    for section in sections {
        log.write("mailthrottle.toml", section);
        let error = log.error(&["report"]);
        assert!(error.contains("no table '"), "{section}: {error}");
    }
}
