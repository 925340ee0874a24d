//! Every preset on a table like that of its system: the same exact figures from SQLite and from PostgreSQL.
//!
//! `fixtures/presets/NAME.sql` makes the table; each lost some mails in one burst at 21:30 on 18 November 2026.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use crate::support::{TestLog, on_every_database, same};
use mailthrottle::mapping::preset;
use serde_json::{Value, json};

/// The hour of the burst.
const HOUR: [&str; 4] = ["--since", "2026-11-18T21:00:00Z", "--until", "2026-11-18T22:00:00Z"];

/// What has to be found in a fixture.
struct Expected {
    preset: &'static str,
    /// Rows, sent, failed, pending, other.
    totals: [u64; 5],
    /// Failed rows by class.
    classes: &'static [(&'static str, u64)],
    /// Attempts in the burst, and its failures by id.
    burst: (u64, &'static [&'static str]),
    /// Rows tried in the hour of the burst.
    in_hour: u64,
    /// Of its last failure: time, sender, recipient, subject.
    last: [&'static str; 4],
}

/// What a table does not say.
const NOBODY: &str = "";

const EXPECTED: &[Expected] = &[
    Expected {
        preset: "generic",
        totals: [16, 9, 6, 1, 0],
        classes: &[("network", 1), ("recipient", 1), ("throttle-concurrency", 4)],
        burst: (8, &["9", "11", "12", "14"]),
        in_hour: 8,
        last: [
            "2026-11-18T21:30:08.377Z",
            "reports@contoso.example",
            "returns@contoso.example",
            "Returns of the day",
        ],
    },
    Expected {
        preset: "apex",
        totals: [15, 9, 6, 0, 0],
        classes: &[("message", 1), ("network", 1), ("recipient", 1), ("throttle-concurrency", 3)],
        burst: (7, &["88310122", "88310123", "88310125"]),
        in_hour: 7,
        last: [
            "2026-11-18T21:30:08.000Z",
            "apex@contoso.example",
            "board@contoso.example,cfo@contoso.example",
            "Budget against actual: all",
        ],
    },
    Expected {
        preset: "django-post-office",
        totals: [15, 6, 6, 2, 1],
        classes: &[("recipient", 1), ("throttle-concurrency", 4), ("unknown", 1)],
        burst: (4, &["105", "106", "107", "109"]),
        in_hour: 8,
        last: ["2026-11-18T21:30:09.115Z", "news@contoso.example", "g.adu@example.org", "November news"],
    },
    Expected {
        preset: "odoo",
        totals: [15, 5, 6, 2, 2],
        classes: &[("recipient", 1), ("throttle-concurrency", 4), ("unknown", 1)],
        burst: (7, &["705", "707", "708", "714"]),
        in_hour: 7,
        last: [
            "2026-11-18T21:30:06.988Z",
            "\"Contoso\" <billing@contoso.example>",
            "ap@proseware.example",
            "Invoice INV/2026/00880",
        ],
    },
    Expected {
        preset: "wp-mail-logging",
        totals: [16, 8, 8, 0, 0],
        classes: &[("network", 1), ("recipient", 2), ("throttle-concurrency", 4), ("unknown", 1)],
        burst: (7, &["2206", "2207", "2209", "2210"]),
        in_hour: 8,
        last: ["2026-11-18T21:30:08.000Z", NOBODY, "g.adu@example.org", "November at Contoso"],
    },
    Expected {
        preset: "wp-email-log",
        totals: [15, 8, 6, 0, 1],
        classes: &[("message", 1), ("recipient", 1), ("throttle-concurrency", 3), ("unknown", 1)],
        burst: (6, &["516", "518", "519"]),
        in_hour: 8,
        last: ["2026-11-18T21:30:12.000Z", NOBODY, "e.kim@example.org", "Winter offers"],
    },
    Expected {
        preset: "fluent-smtp",
        totals: [15, 9, 5, 1, 0],
        classes: &[("network", 1), ("recipient", 1), ("throttle-concurrency", 3)],
        burst: (5, &["65", "66", "68"]),
        in_hour: 6,
        last: [
            "2026-11-18T21:30:03.000Z",
            "Contoso <news@contoso.example>",
            "a:1:{i:0;a:1:{s:5:\"email\";s:17:\"g.adu@example.org\";}}",
            "Courses in winter",
        ],
    },
    Expected {
        preset: "wp-mail-catcher",
        totals: [15, 10, 5, 0, 0],
        classes: &[("network", 1), ("recipient", 1), ("throttle-concurrency", 3)],
        burst: (6, &["36", "38", "39"]),
        in_hour: 8,
        last: ["2026-11-18T21:30:06.000Z", NOBODY, "g.adu@example.org", "You are invited"],
    },
    Expected {
        preset: "django-mailer",
        totals: [16, 9, 6, 0, 1],
        classes: &[("network", 2), ("recipient", 1), ("throttle-concurrency", 3)],
        burst: (6, &["807", "808", "810"]),
        in_hour: 10,
        last: ["2026-11-18T21:30:06.604Z", NOBODY, NOBODY, NOBODY],
    },
    Expected {
        preset: "postal",
        totals: [15, 5, 8, 2, 0],
        classes: &[("network", 1), ("recipient", 2), ("throttle-concurrency", 4), ("unknown", 1)],
        burst: (6, &["405", "406", "408", "416"]),
        in_hour: 9,
        last: ["2026-11-18T21:30:06.500Z", "news@contoso.example", "l.vega@tailspin.example", "November"],
    },
    Expected {
        preset: "mautic",
        totals: [16, 9, 7, 0, 0],
        classes: &[("recipient", 1), ("throttle-concurrency", 4), ("unknown", 2)],
        burst: (7, &["9006", "9007", "9009", "9010"]),
        in_hour: 8,
        last: ["2026-11-18T21:30:02.000Z", NOBODY, "g.adu@example.org", NOBODY],
    },
];

/// Makes the table of a preset's system.
fn make(log: &TestLog, preset: &str) {
    let fixture = folder().join(format!("{preset}.sql"));
    let sql = fs::read_to_string(&fixture).unwrap_or_else(|_| panic!("no {}", fixture.display()));
    // times without an offset are in UTC, whatever the server's own zone
    log.sql(&format!("{}{sql}", log.word("", "SET TIME ZONE 'UTC';\n")));
}

fn folder() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/presets")
}

/// The view of APEX has its times as DATE in old releases and with a zone in new ones, its texts as CLOB where it is copied.
#[test]
fn apex_in_oracles_own_types() {
    let text = fs::read_to_string(folder().join("apex.sql")).unwrap();
    let commands = [&["report", "--since", "all"][..], &[&["report"], &HOUR[..]].concat(), &["failures"]];
    let args = |command: &[&'static str]| [&["--preset", "apex"], command].concat();
    let expected: Vec<_> = commands.iter().map(|command| answer("apex", command)).collect();
    for (time, error) in [
        ("DATE", "varchar(4000)"),
        ("timestamp with time zone", "varchar(4000)"),
        ("timestamp WITH LOCAL TIME ZONE", "CLOB"),
    ] {
        let log = TestLog::on_oracle();
        let columns = text.replace("timestamp", time);
        log.sql(
            &columns
                .replace("\"MAIL_SEND_ERROR\"       varchar(4000)", &format!("\"MAIL_SEND_ERROR\" {error}")),
        );
        for (command, expected) in commands.iter().zip(&expected) {
            assert_eq!(
                &crate::support::without_source(log.json(&args(command))),
                expected,
                "{time} {command:?}"
            );
        }
    }
}

/// What a command says on the fixture, the same from every database.
fn answer(preset: &str, args: &[&str]) -> Value {
    same(|log| make(log, preset), &[&["--preset", preset], args].concat())
}

fn names() -> Vec<&'static str> {
    preset::all().iter().map(|preset| preset.name.as_str()).collect()
}

#[test]
fn every_preset_gives_the_figures_of_its_table() {
    for expected in EXPECTED {
        let report = answer(expected.preset, &["report", "--since", "all"]);
        let keys = ["rows", "sent", "failed", "pending", "other"];
        let totals = keys.map(|key| report["totals"][key].as_u64().unwrap());
        assert_eq!(totals, expected.totals, "{}", expected.preset);
        assert_eq!(report["totals"]["unreadable"], json!(0), "{}", expected.preset);
        assert_eq!(report["verdict"]["kind"], json!("burst-throttling"), "{}", expected.preset);
        let mut classes = BTreeMap::new();
        for cause in report["causes"].as_array().unwrap() {
            *classes.entry(cause["class"].as_str().unwrap()).or_default() += cause["rows"].as_u64().unwrap();
        }
        assert_eq!(classes.into_iter().collect::<Vec<_>>(), expected.classes, "{}", expected.preset);
    }
}

#[test]
fn every_preset_shows_the_burst() {
    for expected in EXPECTED {
        let report = answer(expected.preset, &["report", "--since", "all"]);
        let mut bursts =
            report["clusters"].as_array().unwrap().iter().filter(|it| it["burst"] == json!(true));
        let burst = bursts.next().unwrap_or_else(|| panic!("{}: no burst", expected.preset));
        let found = json!([burst["class"], burst["attempts"], burst["row_ids"]]);
        let (attempts, ids) = expected.burst;
        assert_eq!(found, json!(["throttle-concurrency", attempts, ids]), "{}", expected.preset);
        assert!(bursts.next().is_none(), "{}", expected.preset);
    }
}

#[test]
fn every_preset_finds_the_rows_of_an_hour() {
    for expected in EXPECTED {
        let report = answer(expected.preset, &[&["report"], &HOUR[..]].concat());
        assert_eq!(report["totals"]["rows"], json!(expected.in_hour), "{}", expected.preset);
        assert_eq!(report["clusters"][0]["row_ids"], json!(expected.burst.1), "{}", expected.preset);
    }
}

#[test]
fn every_preset_tells_who_sent_what_to_whom() {
    for expected in EXPECTED {
        let args = [&["failures", "--class", "throttle-concurrency", "--limit", "1"], &HOUR[..]].concat();
        let row = &answer(expected.preset, &args)["rows"][0];
        let said = ["sent_date", "sender", "recipient", "subject"]
            .map(|key| row[key].as_str().unwrap_or(NOBODY).to_owned());
        assert_eq!(said, expected.last, "{}", expected.preset);
        assert_eq!(row["id"], json!(expected.burst.1.last()), "{}", expected.preset);
    }
}

#[test]
fn what_a_preset_prints_is_what_would_run() {
    for name in names() {
        on_every_database(|log| {
            make(log, name);
            for args in [&["report", "--since", "all"][..], &[&["report"], &HOUR[..]].concat()] {
                let statements = log.printed(&[&["--preset", name], args].concat());
                assert!(!statements.is_empty(), "{name}");
                for statement in statements {
                    log.ask(&statement);
                }
            }
        });
    }
}

#[test]
fn every_preset_has_a_fixture_and_every_fixture_a_preset() {
    let files = fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().path());
    let mut fixtures: Vec<_> =
        files.map(|file| file.file_stem().unwrap().to_str().unwrap().to_owned()).collect();
    fixtures.sort();
    let mut presets = names();
    presets.sort_unstable();
    assert_eq!(fixtures, presets);
    let mut expected: Vec<_> = EXPECTED.iter().map(|expected| expected.preset).collect();
    expected.sort_unstable();
    assert_eq!(expected, presets);
}

#[test]
fn the_documentation_has_a_row_for_every_preset() {
    let text = include_str!("../../docs/presets.md");
    let rows: Vec<_> = text
        .lines()
        .filter_map(|line| line.strip_prefix("| `")?.split_once('`'))
        .map(|(name, _)| name)
        .collect();
    assert_eq!(rows, names());
}

#[test]
fn a_preset_nobody_knows_is_answered_with_those_there_are() {
    let known = "not one of generic, apex, django-post-office, odoo, wp-mail-logging, wp-email-log, fluent-smtp, \
                 wp-mail-catcher, django-mailer, postal, mautic";
    let log = TestLog::of("CREATE TABLE email_log (id INTEGER PRIMARY KEY, status, sent_date)");
    let error = log.error(&["--preset", "nonsense", "report"]);
    assert_eq!(error, format!("mailthrottle: --preset: 'nonsense' is {known}"));
    log.write("mailthrottle.toml", "[email_log]\npreset = \"nonsense\"");
    let error = log.error(&["report"]);
    assert!(error.ends_with(&format!("[email_log] preset: 'nonsense' is {known}")), "{error}");
}

/// A key of the user's own goes before the preset's, as where WordPress has another prefix and its own zone.
#[test]
fn a_key_of_the_users_own_goes_before_the_preset() {
    let log = TestLog::empty();
    make(&log, "wp-email-log");
    log.sql("ALTER TABLE wp_email_log RENAME TO shop_email_log");
    log.write("mailthrottle.toml", "[email_log]\npreset = \"wp-email-log\"\ntime_zone = \"Europe/Berlin\"");
    let report = log.json(&["--table", "shop_email_log", "report", "--since", "all"]);
    assert_eq!(report["totals"]["failed"], json!(6));
    assert_eq!(report["clusters"][0]["start"], json!("2026-11-18T20:30:11.000Z"));
}

/// A version of a system, or an export, that has not every column the preset knows.
#[test]
fn a_column_that_a_version_has_not_is_left_out() {
    let report = same(
        |log| {
            log.sql(
                "CREATE TABLE messages (id integer PRIMARY KEY, timestamp numeric(18, 6), rcpt_to text, mail_from text, subject text); \
                 CREATE TABLE deliveries (id integer PRIMARY KEY, message_id integer, status text, output text, timestamp numeric(18, 6)); \
                 INSERT INTO messages VALUES (1, 1795159800.25, 'a@example.com', 'erp@contoso.example', 'A'), \
                   (2, 1795159801.5, 'b@example.com', 'erp@contoso.example', 'B'); \
                 INSERT INTO deliveries VALUES (1, 1, 'SoftFail', '421 4.3.2 too many', 1795159801), (2, 1, 'Sent', '250 ok', 1795159900), \
                   (3, 2, 'SoftFail', '432 4.3.2 Concurrent connections limit exceeded', 1795159802)",
            );
        },
        &["--preset", "postal", "report", "--since", "all"],
    );
    let totals = &report["totals"];
    assert_eq!([&totals["rows"], &totals["sent"], &totals["failed"]], [2, 1, 1]);
    assert_eq!(report["causes"][0]["first_at"], json!("2026-11-20T07:30:02.000Z"));
}

#[test]
fn a_preset_on_a_table_of_another_kind_says_what_is_missing() {
    let log = TestLog::of(
        "CREATE TABLE messages (id integer); CREATE TABLE deliveries (id integer, message_id integer)",
    );
    let error = log.error(&["--preset", "postal", "report"]);
    assert!(
        error.starts_with("mailthrottle: column 'status' (status) is not in table messages, which has id"),
        "{error}"
    );
}
