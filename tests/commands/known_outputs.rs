//! What is written is fit to be read: tables, CSV, refusals of what cannot be meant, earlier moments.

use crate::known::{alert, every_fifth, log, report, wave};
use crate::support::{TABLE, TestLog};

#[test]
fn a_status_word_that_is_nowhere_is_refused_with_those_that_are() {
    let log = TestLog::incident();
    for command in [&["report"][..], &["failures"], &["resend", "--dry-run"]] {
        let error = log.error(&[command, &["--status", "Q"]].concat());
        assert!(
            error.starts_with(
                "mailthrottle: --status Q: no row of email_log has this status; its words are 'F' (54)"
            ),
            "{error}"
        );
    }
    // a word of the log that nobody mapped, and one of the mapping that no row has
    assert_eq!(log.json(&["report", "--since", "all", "--status", "X"])["totals"]["rows"], 1);
    log.sql("UPDATE email_log SET status = 'S' WHERE status = 'F'");
    assert_eq!(log.json(&["report", "--since", "all", "--status", "F"])["totals"]["rows"], 0);
}

#[test]
fn an_error_in_the_config_names_the_key_in_the_words_of_the_config() {
    let log = TestLog::incident();
    for (config, error) in [
        ("database = \"x\"", "line 1: [database] must be a table, not string \"x\""),
        ("email_log = [1]", "mailthrottle.toml: [email_log] must be a table, not array"),
        ("[resend]\ncap = -1", "line 2: [resend] cap: must be a whole number, not integer `-1`"),
        ("[resend]\ncap = \"three\"", "line 2: [resend] cap: must be a whole number, not string \"three\""),
        ("[smtp]\noauth2 = 4", "line 2: [smtp.oauth2] must be a table, not integer `4`"),
        ("[alert.checks]\nmine = 1", "line 2: [alert.checks.mine] must be a table, not integer `1`"),
    ] {
        log.write("mailthrottle.toml", config);
        let said = log.error(&["report"]);
        assert!(said.ends_with(error), "{said}");
    }
}

#[test]
fn cells_of_csv_are_no_formulas() {
    let log = TestLog::of(&format!(
        "{TABLE} INSERT INTO email_log (status, sent_date, sender, recipient, subject, error_message) VALUES \
         ('F', '2026-11-20 08:00:00', '+1@x.example', '@x', '=cmd|''/c calc''!A1', '-2'), \
         ('F', '2026-11-20 08:00:01', 'a@x.example', 'b@x.example', '\u{1f468}\u{200d}\u{1f469}\u{200d}\u{1f467} na\u{200c}me', \
          '- x');"
    ));
    let shown = log.run(&["--format", "csv", "failures"]).stdout;
    let rows: Vec<&str> = shown.lines().collect();
    assert_eq!(
        rows[2],
        "1,F,2026-11-20T08:00:00.000Z,'+1@x.example,'@x,'=cmd|'/c calc'!A1,,,unknown,never,,-2"
    );
    // joiners are part of what they join
    assert!(rows[1].contains("\u{1f468}\u{200d}\u{1f469}\u{200d}\u{1f467} na\u{200c}me"), "{}", rows[1]);
    assert!(rows[1].ends_with(",'- x"), "{}", rows[1]);
}

#[test]
fn tables_fit_from_sixty_columns_on_and_name_what_they_leave_out() {
    let log = TestLog::incident();
    for columns in ["60", "80", "100", "140"] {
        for command in [
            &["report", "--since", "all"][..],
            &["alert", "-v", "--window", "9999d"],
            &["failures"],
            &["doctor"],
        ] {
            let output = log
                .command(&[&["--db", "log.db"], command].concat())
                .env("COLUMNS", columns)
                .output()
                .unwrap();
            let text = String::from_utf8(output.stdout).unwrap();
            let width: usize = columns.parse().unwrap();
            assert!(text.lines().count() > 4, "{command:?} {text}");
            // a command and a word that is longer than half a line stay whole
            let is_long = |word: &str| word.chars().count() > width / 2 && !word.starts_with('─');
            let is_whole = |line: &&str| line.starts_with("mailthrottle ") || line.split(' ').any(is_long);
            for line in text.lines().filter(|line| !is_whole(line)) {
                assert!(line.chars().count() <= width, "{columns} {command:?}: {line}");
            }
        }
    }
    let shown = |columns: &str| {
        let output = log
            .command(&["--db", "log.db", "report", "--since", "all"])
            .env("COLUMNS", columns)
            .output()
            .unwrap();
        String::from_utf8(output.stdout).unwrap()
    };
    assert!(
        shown("80").contains("\nNot shown at this width: rate, code, peak/s, surge, sender.\n"),
        "{}",
        shown("80")
    );
    assert!(shown("160").contains("\nsurge: attempts a second in the cluster"), "{}", shown("160"));
}

#[test]
fn the_worst_clusters_come_first_where_not_all_are_shown() {
    let rows: Vec<_> = (1..=6)
        .flat_map(|number| wave(3000.0 - 60.0 * f64::from(number), 1, if number == 2 { 9 } else { 2 }))
        .collect();
    let log = log(&rows);
    let shown = log.run(&["report", "--since", "all", "--top", "2"]).stdout;
    assert!(shown.contains("\nClusters (2 of 6, the worst first)\n"), "{shown}");
    let table: Vec<&str> =
        shown.lines().skip_while(|line| !line.starts_with("Clusters")).skip(3).take(4).collect();
    assert!(table[0].contains("9 of 10") && table[1].contains("2 of 3"), "{table:?}");
    assert!(shown.contains("\n4 more: report --top 6, or --format json.\n"), "{shown}");
    let all = log.run(&["report", "--since", "all", "--top", "6"]).stdout;
    assert!(all.contains("\nClusters\n"), "{all}");
}

#[test]
fn the_timeline_names_its_edges() {
    let log = log(&[("S", 7300.0, "a@x.example", ""), ("S", 100.0, "a@x.example", "")]);
    let shown = log.run(&["report", "--at", "2026-11-20 12:00", "--by", "hour"]).stdout;
    assert!(shown.contains("2026-11-20 09:00:00 +00:00 to 2026-11-20 12:00:00 +00:00"), "{shown}");
}

#[test]
fn connections_opened_are_counted_by_sender_and_have_metrics() {
    let log = log(&[wave(3000.0, 40, 2), wave(2900.0, 9, 0), wave(600.0, 5, 0)].concat());
    let sender = &report(&log)["senders"][0];
    assert_eq!([&sender["opened_per_minute"], &sender["opened_per_hour"]], [42, 56]);
    // what the application could not make asked no server
    let made = report(&every_fifth(20, "Template invoice.html not found"));
    assert_eq!([&made["senders"][0]["peak_per_minute"], &made["senders"][0]["opened_per_minute"]], [19, 16]);
    let json = log.json(&[
        "alert",
        "--at",
        "2026-11-20 12:00",
        "--opened-per-minute-warning",
        "1000",
        "--opened-per-hour-warning",
        "1000",
    ]);
    let value = |name: &str| {
        let row = json["metrics"].as_array().unwrap().iter().find(|row| row["name"] == name).unwrap();
        row["value"].clone()
    };
    assert_eq!([value("opened-per-minute"), value("opened-per-hour")], [42.0, 56.0]);
    assert_eq!(alert(&log, &["--opened-per-minute-critical", "40"]).code, 2);
}

#[test]
fn an_earlier_moment_can_be_looked_at() {
    let log = log(&[wave(7200.0, 3, 2), wave(600.0, 3, 4)].concat());
    let rows = |at: &str| {
        let report = log.json(&["report", "--at", at]);
        [report["totals"]["rows"].clone(), report["backlog"]["rows"].clone()]
    };
    assert_eq!(rows("2026-11-20 11:00"), [5, 2]);
    assert_eq!(rows("2026-11-20 12:00"), [12, 6]);
    let doctor = log.run(&["doctor", "--at", "2026-11-20 11:00"]).stdout;
    assert!(doctor.contains("backlog: 2 failed mails wait"), "{doctor}");
    let plan = log.json(&["resend", "--dry-run", "--at", "2026-11-20 11:00"]);
    assert_eq!(plan["selected"], 2);
}

#[test]
fn explain_takes_words_without_quotes() {
    let log = TestLog::empty();
    let said = log.json(&["explain", "432", "4.3.2", "Concurrent", "connections", "limit", "exceeded"]);
    assert_eq!(
        [&said["class"], &said["text"]],
        ["throttle-concurrency", "432 4.3.2 Concurrent connections limit exceeded"]
    );
}

#[test]
fn formats_of_alert_alone_are_offered_by_alert_alone() {
    let log = TestLog::empty();
    assert!(!log.run_bare(&["report", "--help"]).stdout.contains("nagios"));
    assert!(log.run_bare(&["alert", "--help"]).stdout.contains("--format also takes nagios"));
}

#[test]
fn failures_as_markdown_are_one_table() {
    let shown = TestLog::incident().run(&["--format", "markdown", "failures", "--limit", "5"]).stdout;
    let lines: Vec<&str> = shown.lines().collect();
    assert_eq!(lines.len(), 7, "{shown}");
    let cells = |line: &str| line.replace("\\|", "").matches('|').count();
    assert!(lines.iter().all(|line| cells(line) == cells(lines[0])), "{shown}");
}
