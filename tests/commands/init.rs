//! `init`, as a user runs it: which table it finds, what it proposes for it, and the file it writes.

use std::cell::RefCell;
use std::process::{Command, Stdio};

use crate::support::postgres::server;
use crate::support::{Database, Ran, TestLog, on_every_database};
use serde_json::{Value, json};

/// A table that nobody knows by name, with 98 sent rows, one failed and one pending.
fn make_outbox(log: &TestLog) {
    log.sql(&format!(
        "CREATE TABLE outbox (no INTEGER PRIMARY KEY, state text, sent_at {time}, created_at {time}, absender text, \
         empfaenger text, betreff text, fehler text); \
         INSERT INTO outbox SELECT n, CASE WHEN n = 7 THEN 'F' WHEN n = 8 THEN 'P' ELSE 'S' END, \
         CASE WHEN n NOT IN (7, 8) THEN {at} END, {at}, 'erp@x.example', 'a' || n || '@y.example', 'Invoice', \
         CASE WHEN n = 7 THEN '432 4.3.2 Concurrent connections limit exceeded' END FROM {numbers} AS g; \
         CREATE TABLE users (id INTEGER PRIMARY KEY, email text, status text, created_at {time}); \
         CREATE TABLE settings (name text PRIMARY KEY, value text);",
        time = log.word("text", "timestamp"),
        at = log.word("'2026-11-20 08:00:00'", "timestamp '2026-11-20 08:00:00'"),
        numbers = log.word(
            "(WITH RECURSIVE c (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < 100) SELECT n FROM c)",
            "(SELECT generate_series(1, 100) AS n)"
        )
    ));
}

fn init(log: &TestLog, args: &[&str]) -> Value {
    let ran = log.run(&[&["init", "--format", "json", "--print"], args].concat());
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""));
    serde_json::from_str(&folded(log, &ran.stdout)).unwrap()
}

/// What is said, with the names as they stand in the tests, for Oracle keeps them in upper case.
fn folded(log: &TestLog, said: &str) -> String {
    if log.is_on_oracle() { lowered(said) } else { said.to_owned() }
}

fn lowered(said: &str) -> String {
    let name = regex::Regex::new(r"\b[A-Z][A-Z0-9_]+\b").unwrap();
    let known = ["NULL", "UTC", "MAILTHROTTLE_DB", "DATABASE_URL", "ERP_PASSWORD", "PGPASSWORD", "SELECT"];
    let lower = |found: &regex::Captures<'_>| match &found[0] {
        known_word if known.contains(&known_word) => known_word.to_owned(),
        word => word.to_lowercase(),
    };
    name.replace_all(said, lower).into_owned()
}

/// The answer but for where and when, which is the same on every database.
fn same(set_up: impl Fn(&TestLog), args: &[&str]) -> Value {
    let answers = RefCell::new(Vec::new());
    on_every_database(|log| {
        set_up(log);
        let mut answer = init(log, args);
        (answer["source"], answer["generated_at"]) = (Value::Null, Value::Null);
        answers.borrow_mut().push(answer);
    });
    let mut answers = answers.into_inner();
    assert_eq!(answers[0], answers[1], "SQLite, PostgreSQL");
    assert_eq!(lowered(&answers[0].to_string()), lowered(&answers[2].to_string()), "SQLite, Oracle");
    answers.remove(0)
}

/// Canonical columns with the table's own, `status=state`.
fn columns(answer: &Value) -> Vec<String> {
    let columns = answer["columns"].as_array().unwrap().iter();
    let names = |column: &Value| -> Vec<String> {
        column["names"].as_array().unwrap().iter().map(|name| name.as_str().unwrap().to_owned()).collect()
    };
    columns
        .map(|column| format!("{}={}", column["column"].as_str().unwrap(), names(column).join("+")))
        .collect()
}

/// Status words with what they mean, `S=sent`.
fn words(answer: &Value) -> Vec<String> {
    let words = answer["statuses"].as_array().unwrap().iter();
    words
        .map(|word| {
            format!(
                "{}={}",
                word["status"].as_str().unwrap_or("NULL"),
                word["meaning"].as_str().unwrap_or("?")
            )
        })
        .collect()
}

#[test]
fn a_table_that_nobody_knows_is_found_and_understood() {
    let answer = same(make_outbox, &[]);
    assert_eq!((&answer["schema"], &answer["table"]), (&json!("mailthrottle/init/1"), &json!("outbox")));
    assert_eq!(
        columns(&answer),
        [
            "id=no",
            "status=state",
            "sent_date=sent_at+created_at",
            "error_message=fehler",
            "sender=absender",
            "recipient=empfaenger",
            "subject=betreff",
            "queued_at=created_at"
        ]
    );
    assert_eq!(words(&answer), ["S=sent", "F=failed", "P=pending"]);
    assert_eq!((&answer["rows"], &answer["rows_are_all"]), (&json!(100), &json!(true)));
    let tables: Vec<_> = answer["candidates"].as_array().unwrap().iter().map(|one| &one["table"]).collect();
    assert_eq!(tables[0], "outbox");
    assert_eq!(tables.len(), 3);
}

#[test]
fn the_incident_is_the_generic_table() {
    let answer = same(TestLog::make_incident, &[]);
    assert_eq!(answer["preset"], "generic");
    assert_eq!(words(&answer), ["S=sent", "F=failed", "P=pending", "X=?"]);
}

#[test]
fn from_nothing_to_a_report_in_three_commands() {
    on_every_database(|log| {
        make_outbox(log);
        let ran = log.run(&["init"]);
        assert_eq!((ran.code, ran.stderr.as_str()), (0, ""));
        assert!(
            ran.stdout.ends_with("\nWrote mailthrottle.toml. Look it over, then run: mailthrottle doctor\n"),
            "{}",
            ran.stdout
        );
        let doctor = log.run_bare(&["doctor", "--since", "all"]);
        assert!(doctor.code <= 1, "{doctor:?}");
        let report = log.run_bare(&["report", "--since", "all", "--format", "json"]);
        assert_eq!((report.code, report.stderr.as_str()), (0, ""));
        let report: Value = serde_json::from_str(&report.stdout).unwrap();
        assert_eq!(report["totals"]["sent"], 98);
        assert_eq!(report["causes"][0]["class"], "throttle-concurrency");
    });
}

#[test]
fn every_line_of_the_file_can_be_put_to_use() {
    on_every_database(|log| {
        make_outbox(log);
        let text =
            init(log, &["--time-zone", "europe/berlin"])["source"]["config"].as_str().unwrap().to_owned();
        let lines: Vec<&str> = text.lines().collect();
        assert!(
            lines.contains(
                &"time_zone = \"Europe/Berlin\"       # of times that name none, and of reports; UTC without it"
            ),
            "{text}"
        );
        assert!(
            lines.contains(&"sent = [\"S\"]                      # 98 rows (98.0 %), by its name"),
            "{text}"
        );
        assert!(
            lines.contains(
                &"sent_date = [\"sent_at\", \"created_at\"] # where 'sent_at' is empty, 'created_at'"
            ),
            "{text}"
        );
        // keys that are commented out are keys, once they are not
        for line in &lines {
            let Some((key, _)) = line.strip_prefix("# ").and_then(|line| line.split_once(" = ")) else {
                continue;
            };
            if key.starts_with("password")
                || matches!(key, "preset" | "error_join" | "sent_date")
                || line.contains("\"...\"")
                || key.contains(' ')
            {
                continue;
            }
            let changed = text.replace(line, line.trim_start_matches("# "));
            log.write("mailthrottle.toml", changed);
            let ran = log.run_bare(&["report", "--since", "all"]);
            assert_eq!(ran.code, 0, "{line}: {ran:?}");
        }
    });
}

/// A table found in the wild: its SQL, its name, the columns and the words that are found.
type Wild = (&'static str, &'static str, &'static [&'static str], &'static [&'static str]);

const WILD: &[Wild] = &[
    (
        "CREATE TABLE wp_wpml_mails (mail_id INTEGER PRIMARY KEY, timestamp text, receiver text, subject text, \
             message text, error varchar(400)); \
             INSERT INTO wp_wpml_mails VALUES (1, '2026-11-20 08:00:00', 'a@x.example', 'x', 'hello', ''), \
             (2, '2026-11-20 08:00:00', 'a@x.example', 'x', 'hello', '432 4.3.2 no')",
        "wp_wpml_mails",
        &[
            "id=mail_id",
            "sent_date=timestamp",
            "error_message=error",
            "recipient=receiver",
            "subject=subject",
            "body_text=message",
        ],
        &["F=failed", "S=sent"],
    ),
    (
        "CREATE TABLE wp_email_log (id INTEGER PRIMARY KEY, to_email text, subject text, message text, sent_date text, \
             result integer, error_message varchar(1000)); \
             INSERT INTO wp_email_log VALUES (1, 'a@x.example', 'x', '<p>1</p>', '2026-11-20 08:00:00', 1, ''), \
             (2, 'a@x.example', 'x', '<p>1</p>', '2026-11-20 08:00:00', 1, ''), \
             (3, 'a@x.example', 'x', '<p>1</p>', '2026-11-20 08:00:00', 0, '432 4.3.2 no')",
        "wp_email_log",
        &[
            "id=id",
            "status=result",
            "sent_date=sent_date",
            "error_message=error_message",
            "recipient=to_email",
            "subject=subject",
            "body_html=message",
        ],
        &["1=sent", "0=failed"],
    ),
    (
        "CREATE TABLE wp_fsmpt_email_logs (id INTEGER PRIMARY KEY, \"to\" text, \"from\" text, subject text, body text, \
             status text, response text, retries integer, created_at text); \
             INSERT INTO wp_fsmpt_email_logs VALUES \
             (1, 'a@x.example', 'b@x.example', 'x', 'y', 'sent', '250 OK', 0, '2026-11-20 08:00:00'), \
             (2, 'a@x.example', 'b@x.example', 'x', 'y', 'failed', '432 4.3.2 no', 2, '2026-11-20 08:00:00'), \
             (3, 'a@x.example', 'b@x.example', 'x', 'y', 'pending', NULL, 0, '2026-11-20 08:00:00')",
        "wp_fsmpt_email_logs",
        &[
            "id=id",
            "status=status",
            "sent_date=created_at",
            "error_message=response",
            "sender=from",
            "recipient=to",
            "subject=subject",
            "body_text=body",
            "attempts=retries",
        ],
        &["failed=failed", "pending=pending", "sent=sent"],
    ),
    (
        "CREATE TABLE wp_mail_catcher_logs (id INTEGER PRIMARY KEY, time bigint, email_to text, subject text, message text, \
             status integer, error text); \
             INSERT INTO wp_mail_catcher_logs VALUES (1, 1795159800, 'a@x.example', 'x', 'y', 1, NULL), \
             (2, 1795159801, 'a@x.example', 'x', 'y', 0, '432 4.3.2 no'), (3, 1795159801, 'a@x.example', 'x', 'y', 1, NULL)",
        "wp_mail_catcher_logs",
        &[
            "id=id",
            "status=status",
            "sent_date=time",
            "error_message=error",
            "recipient=email_to",
            "subject=subject",
            "body_text=message",
        ],
        &["1=sent", "0=failed"],
    ),
    (
        "CREATE TABLE mail_mail (id INTEGER PRIMARY KEY, mail_message_id integer, state text, failure_reason text, \
             email_to text, email_cc text, body_html text, subject text, email_from text, date text); \
             INSERT INTO mail_mail VALUES (1, 8, 'sent', NULL, 'a@x.example', NULL, '<p>', 'x', 'b@x.example', '2026-11-20 08:00:00'), \
             (2, 9, 'exception', 'no', 'a@x.example', NULL, '<p>', 'x', 'b@x.example', '2026-11-20 08:00:00'), \
             (3, 9, 'cancel', NULL, 'a@x.example', NULL, '<p>', 'x', 'b@x.example', '2026-11-20 08:00:00'), \
             (4, 9, 'outgoing', NULL, 'a@x.example', NULL, '<p>', 'x', 'b@x.example', '2026-11-20 08:00:00')",
        "mail_mail",
        &[
            "id=id",
            "status=state",
            "sent_date=date",
            "error_message=failure_reason",
            "sender=email_from",
            "recipient=email_to",
            "cc=email_cc",
            "subject=subject",
            "body_html=body_html",
        ],
        &["cancel=?", "exception=failed", "outgoing=pending", "sent=sent"],
    ),
];

#[test]
fn tables_found_in_the_wild() {
    for (sql, table, found, meanings) in WILD {
        let answer = same(|log| log.sql(sql), &[]);
        assert_eq!(answer["table"], *table);
        if answer["preset"].is_null() {
            assert_eq!(columns(&answer), *found, "{table}");
            assert_eq!(words(&answer), *meanings, "{table}");
        }
        on_every_database(|log| {
            log.sql(sql);
            assert_eq!(log.run(&["init"]).code, 0, "{table}");
            let report = log.run_bare(&["report", "--since", "all", "--format", "json"]);
            let report: Value = serde_json::from_str(&report.stdout).unwrap_or_else(|_| panic!("{report:?}"));
            assert_eq!(report["totals"]["failed"], 1, "{table}");
        });
    }
}

#[test]
fn every_preset_is_proposed_for_the_table_it_is_made_for() {
    for preset in mailthrottle::mapping::preset::all() {
        let name = preset.name.as_str();
        let sql =
            std::fs::read_to_string(format!("{}/fixtures/presets/{name}.sql", env!("CARGO_MANIFEST_DIR")));
        let sql = sql.unwrap();
        let answer = same(|log| log.sql(&sql), &[]);
        assert_eq!(answer["preset"], name);
        on_every_database(|log| {
            log.sql(&sql);
            let ran = log.run(&["init"]);
            assert_eq!((ran.code, ran.stderr.as_str()), (0, ""), "{name}");
            let by_preset = log.json(&["--preset", name, "report", "--since", "all"])["totals"].clone();
            assert_eq!(log.report()["totals"], by_preset, "{name}");
        });
    }
}

#[test]
fn a_wordpress_site_has_a_prefix_of_its_own() {
    let sql =
        include_str!("../../fixtures/presets/wp-email-log.sql").replace("wp_email_log", "shop7_email_log");
    let answer = same(|log| log.sql(&sql), &[]);
    assert_eq!((&answer["preset"], &answer["table"]), (&json!("wp-email-log"), &json!("shop7_email_log")));
}

#[test]
fn a_table_without_a_row_is_judged_by_its_names() {
    on_every_database(|log| {
        log.sql(&format!(
            "CREATE TABLE mail_log (id INTEGER PRIMARY KEY, mail_to text, mail_status text, sent_date {})",
            log.word("text", "timestamp")
        ));
        let answer = init(log, &[]);
        assert_eq!(
            columns(&answer),
            ["id=id", "status=mail_status", "sent_date=sent_date", "recipient=mail_to"]
        );
        assert!(words(&answer).is_empty());
        let config = answer["source"]["config"].as_str().unwrap();
        assert!(
            config.contains(
                "\nfailed = [\"F\"]                    # no row failed so far: a guess, to be made sure of\n"
            ),
            "{config}"
        );
        assert_eq!(log.run(&["init"]).code, 0);
        assert_eq!(log.run_bare(&["report"]).code, 0);
    });
}

#[test]
fn several_alike_and_none_at_all() {
    let columns = "(id INTEGER PRIMARY KEY, recipient text, status text, sent_date text, subject text)";
    on_every_database(|log| {
        let name = if log.is_on_oracle() {
            format!("oracle://{}", log.url().split_once('@').unwrap().1)
        } else {
            log.word("sqlite:log.db", &log.url()).to_owned()
        };
        log.sql(&format!(
            "CREATE TABLE mails_a {columns}; CREATE TABLE mails_b {columns}; CREATE TABLE mails_old {columns}"
        ));
        assert_eq!(
            folded(log, &log.error(&["init"])),
            "mailthrottle: these tables look equally like the mail log: mails_a, mails_b; choose one by --table"
        );
        assert_eq!(init(log, &["--table", "MAILS_B"])["table"], "mails_b");
        log.sql("DROP TABLE mails_a; DROP TABLE mails_b; DROP TABLE mails_old; CREATE TABLE users (id INTEGER PRIMARY KEY, email text)");
        // a real server's service may be in upper case as well
        let name = folded(log, name.split("&user=").next().unwrap());
        assert_eq!(
            folded(log, &log.error(&["init"])),
            format!(
                "mailthrottle: no table in {name} looks like a mail log; name it by --table (it has users)"
            )
        );
        assert_eq!(
            folded(log, &log.error(&["init", "--table", "users"])),
            "mailthrottle: table 'users' has no column that looks like its sent_date, status or error_message; write a \
             config that names it under [email_log] columns"
        );
        assert!(log.error(&["init", "--table", "none"]).starts_with("mailthrottle: no table 'none' in "));
        assert_eq!(
            log.error(&["init", "--preset", "none"]).split(" of ").next().unwrap(),
            "mailthrottle: --preset: 'none' is not one"
        );
        log.sql("DROP TABLE users");
        assert_eq!(
            log.error(&["init"]),
            format!("mailthrottle: {name} holds no table that can be read; name another database in --db")
        );
        assert!(!log.path("mailthrottle.toml").exists());
    });
}

#[test]
fn a_config_that_is_there_is_not_written_over() {
    let log = TestLog::incident();
    log.write("mailthrottle.toml", "mine = true");
    assert_eq!(
        log.error(&["init"]),
        "mailthrottle: mailthrottle.toml is there already; --force writes over it, --print only prints"
    );
    assert_eq!(std::fs::read_to_string(log.path("mailthrottle.toml")).unwrap(), "mine = true");
    assert_eq!(log.run(&["init", "--print"]).code, 0);
    assert_eq!(std::fs::read_to_string(log.path("mailthrottle.toml")).unwrap(), "mine = true");
    assert_eq!(log.run(&["--config", "other.toml", "init"]).code, 0);
    assert_eq!(log.run(&["init", "--force"]).code, 0);
    let names: Vec<_> = log.files().into_iter().map(|(path, _)| path).collect();
    assert_eq!(names, ["log.db", "mailthrottle.toml", "other.toml"].map(|name| log.path(name)));
    let text = std::fs::read_to_string(log.path("mailthrottle.toml")).unwrap();
    assert_eq!(std::fs::read_to_string(log.path("other.toml")).unwrap(), text);
    assert_eq!(log.run_bare(&["report", "--since", "all"]).code, 0);
}

#[test]
fn what_a_config_says_of_the_database_is_kept() {
    let log = TestLog::incident();
    let url = format!("sqlite:{}", log.db().display());
    log.write(
        "mailthrottle.toml",
        format!("[database]\nurl = '{url}'\npassword_env = 'SECRET'\nstatement_timeout = '5s'\n[email_log]\ntable = 'wrong'"),
    );
    assert_eq!(log.run_bare(&["init", "--force"]).code, 0);
    let text = std::fs::read_to_string(log.path("mailthrottle.toml")).unwrap();
    assert!(text.contains("\npassword_env = \"SECRET\""), "{text}");
    assert!(text.contains("\nstatement_timeout = \"5s\""), "{text}");
    assert!(text.contains(&format!("\nurl = \"{url}\"")), "{text}");
}

#[test]
fn a_file_that_cannot_be_written() {
    let log = TestLog::incident();
    assert_eq!(
        log.error(&["--config", "none/here.toml", "init"]),
        "mailthrottle: none/here.toml cannot be written; name another file by --config, or see it with --print: No such \
         file or directory (os error 2)"
    );
    std::fs::create_dir(log.path("folder")).unwrap();
    assert!(
        log.error(&["--config", "folder", "init", "--force"]).starts_with("mailthrottle: folder cannot be ")
    );
    assert_eq!(log.files().len(), 1);
}

#[test]
fn a_password_is_written_nowhere() {
    let log = TestLog::on_postgres();
    make_outbox(&log);
    let Database::Postgres(name) = log.database() else { unreachable!() };
    let secret = crate::support::postgres::PASSWORD;
    let tcp = server().tcp_url(&format!("postgres:{}", secret.replace(' ', "%20")), name);
    for url in [tcp.clone(), format!("{}&password={}", log.url(), secret.replace(' ', "+"))] {
        for args in [&["init", "--force"][..], &["init", "--force", "--format", "json"], &["init", "--print"]]
        {
            let ran = log.run_bare(&[&["--db", &url], args].concat());
            assert_eq!(ran.code, 0, "{ran:?}");
            let text = std::fs::read_to_string(log.path("mailthrottle.toml")).unwrap();
            for shown in [&ran.stdout, &ran.stderr, &text] {
                assert!(!shown.contains("correct"), "{shown}");
            }
            assert!(text.contains("# password_file = "), "{text}");
        }
    }
    let output = log.command(&["report"]).env("PGPASSWORD", secret).output();
    assert_eq!(Ran::from(output.unwrap()).code, 0);
}

#[test]
fn odd_names_and_words_do_no_harm() {
    on_every_database(|log| {
        // Oracle takes no quote in a name
        let name = if log.is_on_oracle() { "\"Mail `Log`.x\"" } else { "\"Mail \"\"Log\"\".x\"" };
        log.sql(&format!(
            "CREATE TABLE {name} (\"Id\" INTEGER PRIMARY KEY, \"Status\" text, \"Sent.At\" {}, \"to\" text, \
             \"select\" text, \"Error\nText\" text); \
             INSERT INTO {name} VALUES (1, 'sent', '2026-11-20 08:00:00', 'a@x.example', 'x', NULL), \
             (2, 'it''s \"odd\"\nfailed = [\"x\"]', '2026-11-20 08:00:00', 'a@x.example', 'x', '432 4.3.2 no')",
            log.word("text", "timestamp")
        ));
        let answer = init(log, &["--table", log.word("Mail \"Log\".x", name)]);
        assert_eq!(
            columns(&answer),
            ["id=Id", "status=Status", "sent_date=Sent.At", "error_message=Error\nText", "recipient=to"]
        );
        let ran = log.run(&["init"]);
        assert_eq!(ran.code, 0, "{ran:?}");
        assert!(ran.stdout.contains("Error Text"), "{}", ran.stdout);
        let report = log.run_bare(&["report", "--since", "all", "--format", "json"]);
        let report: Value = serde_json::from_str(&report.stdout).unwrap_or_else(|_| panic!("{report:?}"));
        assert_eq!((&report["totals"]["sent"], &report["totals"]["failed"]), (&json!(1), &json!(1)));
    });
}

#[test]
fn a_table_of_another_schema_and_one_that_may_not_be_read() {
    let log = TestLog::on_postgres();
    make_outbox(&log);
    let Database::Postgres(name) = log.database() else { unreachable!() };
    log.sql(&format!(
        "CREATE SCHEMA \"Mail Box\"; ALTER TABLE outbox SET SCHEMA \"Mail Box\"; CREATE ROLE init_{name} LOGIN; \
         GRANT SELECT ON users TO init_{name}"
    ));
    let answer = init(&log, &[]);
    assert_eq!(answer["table"], "Mail Box.outbox");
    assert_eq!(log.run(&["init"]).code, 0);
    assert_eq!(log.run_bare(&["report"]).code, 0);
    let url = log.url().replace("user=postgres", &format!("user=init_{name}"));
    let error = log.run_bare(&["--db", &url, "--config", "x", "init"]).error();
    assert!(
        error.ends_with("(it has users); not looked into, since the right to SELECT is missing: Mail Box.outbox, public.settings"),
        "{error}"
    );
    log.sql(&format!("GRANT USAGE ON SCHEMA \"Mail Box\" TO init_{name}; GRANT SELECT ON \"Mail Box\".outbox TO init_{name}"));
    assert_eq!(log.run_bare(&["--db", &url, "--config", "x", "init"]).code, 0);
}

#[test]
fn a_table_that_cannot_be_looked_into_is_judged_by_its_names() {
    let log = TestLog::on_postgres();
    make_outbox(&log);
    log.sql("CREATE VIEW mail_queue AS SELECT no AS id, state AS status, created_at AS sent_date, 1 / (no - no) AS x FROM outbox");
    let ran = log.run(&["init"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(ran.stderr.contains("mail_queue is judged by its names alone: "), "{}", ran.stderr);
    assert!(
        ran.stdout.starts_with("outbox looks like the mail log: 8 of 19 columns found"),
        "{}",
        ran.stdout
    );
}

#[test]
fn of_a_large_table_a_sample_is_taken() {
    on_every_database(|log| {
        make_outbox(log);
        let insert = "INSERT INTO outbox SELECT n + 1000, 'S', {at}, {at}, 'erp@x.example', 'a@y.example', 'x', NULL FROM {numbers} AS g";
        let insert = insert
            .replace("{at}", log.word("'2026-11-20 09:00:00'", "timestamp '2026-11-20 09:00:00'"))
            .replace(
                "{numbers}",
                log.word(
                    "(WITH RECURSIVE c (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < 100000) SELECT n FROM c)",
                    "(SELECT generate_series(1, 100000) AS n)",
                ),
            );
        log.sql(&insert);
        let answer = init(log, &[]);
        assert_eq!((&answer["rows"], &answer["rows_are_all"]), (&json!(100_000), &json!(false)));
        // the oldest rows are none of the 100,000 newest, and tell of the empty times still
        assert!(columns(&answer).contains(&"sent_date=sent_at+created_at".to_owned()));
        assert!(answer["source"]["config"].as_str().unwrap().contains("in the newest 100000 rows:"));
    });
}

#[test]
fn nothing_is_changed_in_the_database_and_what_would_be_asked_can_be_seen() {
    let log = TestLog::incident();
    let before = log.files();
    let printed = log.run(&["init", "--print-sql"]);
    assert_eq!((printed.code, printed.stderr.as_str()), (0, ""));
    assert!(printed.stdout.contains("ORDER BY t.\"id\" DESC LIMIT ?1"), "{}", printed.stdout);
    assert!(log.files() == before);
    for format in ["csv", "ndjson", "markdown"] {
        let ran = log.run(&["init", "--print", "--format", format]);
        assert_eq!((ran.code, ran.stdout.is_empty()), (0, false), "{format}");
    }
    assert!(log.files() == before);
}

#[test]
fn on_a_terminal_it_asks() {
    let log = TestLog::incident();
    let program = assert_cmd::cargo::cargo_bin!("mailthrottle").display().to_string();
    let asked = |answer: &str| -> String {
        let mut child = Command::new("script")
            .args(["-qec", &format!("{program} --db log.db init"), "/dev/null"])
            .current_dir(log.folder())
            .env("HOME", log.folder())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        std::io::Write::write_all(child.stdin.as_mut().unwrap(), answer.as_bytes()).unwrap();
        String::from_utf8(child.wait_with_output().unwrap().stdout).unwrap()
    };
    let no = asked("perhaps\nno\n");
    assert_eq!(no.matches("Write mailthrottle.toml? [Y/n] ").count(), 2, "{no}");
    assert!(no.contains("Nothing was written.") && !log.path("mailthrottle.toml").exists(), "{no}");
    let yes = asked("\n");
    assert!(yes.contains("Wrote mailthrottle.toml.") && log.path("mailthrottle.toml").exists(), "{yes}");
    log.sql("CREATE TABLE mails (id INTEGER PRIMARY KEY, recipient, status, sent_date, subject, error)");
    std::fs::remove_file(log.path("mailthrottle.toml")).unwrap();
    let chosen = asked("2\ny\n");
    assert!(chosen.contains("Which table is the mail log? [1] "), "{chosen}");
    assert!(std::fs::read_to_string(log.path("mailthrottle.toml")).unwrap().contains("table = \"mails\""));
}
