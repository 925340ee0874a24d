//! Two hundred histories whose truth is known: of each it is stated what may be said and what may not, and every sentence of
//! report and alert is held against that.

use std::fmt::Write;

use regex::Regex;
use serde_json::Value;

use crate::support::{TABLE, TestLog};

const THROTTLED: &str = "432 4.3.2 Concurrent connections limit exceeded.";
const APPLICATION: [&str; 4] = [
    "Template invoice.html not found",
    "System.NullReferenceException: Object reference not set to an instance of an object.",
    "ORA-00942: table or view does not exist",
    "java.io.IOException: No space left on device",
];
const UNKNOWN: [&str; 3] = ["frobnicator said no", "error 17", "see log"];
const REFUSED: &str = "535 5.7.3 Authentication unsuccessful";

/// What happened in a history.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Quiet,
    /// The window has no row, an earlier time has.
    Empty,
    /// Refusals within a minute, whose mails still wait.
    Throttled,
    /// The same five hours ago.
    ThrottledBefore,
    /// The same, and the mails went since.
    Healed,
    /// Errors of the application within a minute.
    Application,
    /// Errors of the application, minutes apart.
    ApplicationSlowly,
    /// Texts that no rule knows within a minute.
    Unknown,
    /// As many refusals as texts that no rule knows.
    Mixed,
    /// Words that nobody mapped.
    Unmapped,
    /// Times an hour ahead.
    WrongZone,
    /// Nothing goes from an account since.
    Blocked,
    /// A refused login among mails that go.
    RefusedOnce,
    /// Refusals, and a log of dates.
    Dates,
}

use Kind::*;

const KINDS: [(Kind, usize); 14] = [
    (Quiet, 20),
    (Empty, 5),
    (Throttled, 25),
    (ThrottledBefore, 15),
    (Healed, 15),
    (Application, 25),
    (ApplicationSlowly, 10),
    (Unknown, 15),
    (Mixed, 15),
    (Unmapped, 15),
    (WrongZone, 10),
    (Blocked, 10),
    (RefusedOnce, 10),
    (Dates, 10),
];

/// Numbers that look like chance and are the same every time.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, low: u64, high: u64) -> i64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (low + (self.0 >> 33) % (high - low + 1)).cast_signed()
    }

    fn one<'t>(&mut self, texts: &[&'t str]) -> &'t str {
        texts[usize::try_from(self.roll(0, texts.len() as u64 - 1)).unwrap()]
    }
}

/// A row: status, milliseconds before the end, sender, number of its mail, error.
struct Row(&'static str, i64, &'static str, usize, String);

/// What is true of a history.
#[derive(Debug, Default)]
struct Truth {
    kind: &'static str,
    rows: usize,
    failed: usize,
    throttled: usize,
    unmapped: usize,
    blocked: usize,
    future: usize,
    backlog: usize,
    is_burst: bool,
    /// The exit code of the alert, where it is certain.
    code: Option<i32>,
}

struct History {
    rows: Vec<Row>,
    truth: Truth,
}

const SENDER: &str = "app@contoso.example";

impl History {
    fn of(kind: Kind, dice: &mut Dice) -> Self {
        let mut history = Self { rows: Vec::new(), truth: Truth::default() };
        let sent = if kind == Empty { 0 } else { dice.roll(60, 150) };
        for _ in 0..sent {
            let at = dice.roll(1_000, 3_590_000);
            history.add("S", at, "");
        }
        history.happen(kind, dice);
        let truth = &mut history.truth;
        (truth.kind, truth.code) = match kind {
            Quiet => ("quiet", Some(0)),
            Empty => ("empty", Some(0)),
            Throttled | Mixed => ("burst-throttling", Some(2)),
            ThrottledBefore => ("burst-throttling", Some(1)),
            Healed => ("burst-throttling", Some(0)),
            Application | ApplicationSlowly => ("application-errors", None),
            Unknown => ("unexplained", None),
            Unmapped => ("unmapped", Some(3)),
            WrongZone => ("quiet", Some(1)),
            Blocked => ("account-blocked", Some(2)),
            RefusedOnce => ("mixed", Some(0)),
            Dates => ("mixed", None),
        };
        history
    }

    fn happen(&mut self, kind: Kind, dice: &mut Dice) {
        match kind {
            Quiet => {}
            Empty => {
                // beyond the day that a report looks at
                self.rows.push(Row("S", 100_000_000, SENDER, 1_000_000, String::new()));
            }
            Throttled => self.throttle(0, dice),
            ThrottledBefore => self.throttle(4 * 3_600_000, dice),
            Healed => {
                self.throttle(0, dice);
                let went = |row: &Row| Row("S", row.1 - 300_000, row.2, row.3, String::new());
                let again: Vec<Row> = self.rows.iter().filter(|row| row.0 == "F").map(went).collect();
                self.truth.rows += again.len();
                self.rows.extend(again);
                self.truth.backlog = 0;
            }
            Application | Unknown => {
                let text = if kind == Unknown { dice.one(&UNKNOWN) } else { dice.one(&APPLICATION) };
                // many enough within few seconds to be a burst whatever the hour before was like
                let (failures, start) = (dice.roll(8, 30), dice.roll(700_000, 3_000_000));
                (0..failures).for_each(|number| self.add("F", start - number * 100, text));
                self.truth.is_burst = true;
            }
            ApplicationSlowly => {
                let text = dice.one(&APPLICATION);
                (0..dice.roll(2, 6)).for_each(|number| self.add("F", 300_000 + number * 400_000, text));
            }
            Mixed => {
                self.throttle(0, dice);
                let text = dice.one(&UNKNOWN);
                (0..self.truth.throttled)
                    .for_each(|number| self.add("F", 60_000 + number as i64 * 15_000, text));
            }
            Unmapped => {
                let word = dice.one(&["DELIVERED", "ok", "2", "Fehler"]);
                let word: &'static str =
                    ["DELIVERED", "ok", "2", "Fehler"].into_iter().find(|known| *known == word).unwrap();
                (0..dice.roll(30, 90)).for_each(|number| self.add(word, 5_000 + number * 30_000, ""));
            }
            WrongZone => {
                let ahead = dice.roll(1, 40);
                (0..ahead).for_each(|number| self.add("S", -(600_000 + number * 60_000), ""));
                self.truth.future = usize::try_from(ahead).unwrap();
            }
            Blocked | RefusedOnce => {
                let sender = if kind == Blocked { "other@contoso.example" } else { SENDER };
                let refused = if kind == Blocked { dice.roll(2, 20) } else { 1 };
                for number in 0..refused {
                    let at = if kind == Blocked { 60_000 + number * 20_000 } else { 3_595_000 };
                    self.add("F", at, REFUSED);
                    self.rows.last_mut().unwrap().2 = sender;
                }
                let refused = usize::try_from(refused).unwrap();
                self.truth.blocked = if kind == Blocked { refused } else { 0 };
                // what could go once the account is mended
                self.truth.backlog = refused;
            }
            Dates => {
                let failures = dice.roll(3, 30);
                (0..failures).for_each(|_| self.add("F", 1_000, THROTTLED));
                self.truth.backlog = usize::try_from(failures).unwrap();
            }
        }
    }

    /// Refusals within a minute, the more within the hour.
    fn throttle(&mut self, before: i64, dice: &mut Dice) {
        let failures = dice.roll(2, 40);
        // each within the ten seconds that join it to the one before
        let span = dice.roll(1, 60).min(failures * 4) * 1_000;
        let start = before + dice.roll(700_000, 3_500_000);
        for number in 0..failures {
            self.add("F", start - span * number / failures.max(1), THROTTLED);
        }
        (self.truth.backlog, self.truth.is_burst) = (self.truth.throttled, true);
    }

    fn add(&mut self, status: &'static str, before: i64, error: &str) {
        let number = self.rows.len();
        self.rows.push(Row(status, before, SENDER, number, error.to_owned()));
        self.truth.rows += 1;
        self.truth.failed += usize::from(status == "F");
        self.truth.throttled += usize::from(error == THROTTLED);
        self.truth.unmapped += usize::from(!["S", "F"].contains(&status));
    }

    fn log(&self, kind: Kind) -> TestLog {
        let end = if kind == WrongZone { "now" } else { "2026-11-20 12:00:00" };
        let form = if kind == Dates { "%Y-%m-%d" } else { "%Y-%m-%d %H:%M:%f" };
        let mut sql = format!(
            "{TABLE} INSERT INTO email_log (status, sent_date, sender, recipient, subject, body, error_message) VALUES "
        );
        for (place, Row(status, before, sender, number, error)) in self.rows.iter().enumerate() {
            let comma = if place > 0 { "," } else { "" };
            let seconds = -*before as f64 / 1000.0;
            write!(
                sql,
                "{comma}('{status}', strftime('{form}', '{end}', '{seconds:+} seconds'), '{sender}', 'u{number}@example.com', \
                 'Report {number}', 'Text {number}', '{error}')"
            )
            .unwrap();
        }
        TestLog::of(&sql)
    }
}

/// The numbers of a sentence, where it is said.
fn numbers(text: &str, form: &str) -> Option<Vec<usize>> {
    let found = Regex::new(form).unwrap().captures(text)?;
    Some(found.iter().skip(1).flatten().map(|number| number.as_str().parse().unwrap()).collect())
}

fn check(history: &History, kind: Kind, report: &Value, code: i32, alert: &Value) {
    let Truth { rows, failed, throttled, unmapped, blocked, future, backlog, is_burst, .. } = history.truth;
    let verdict = &report["verdict"];
    let lines = |list: &str| -> Vec<String> {
        verdict[list].as_array().unwrap().iter().map(|line| line.as_str().unwrap().to_owned()).collect()
    };
    let summary = verdict["summary"].as_str().unwrap();
    let text = [vec![summary.to_owned()], lines("evidence"), lines("advice")]
        .concat()
        .join("\n")
        .replace("mailthrottle", "mt");
    let line = alert["summary"].as_str().unwrap();
    let said = format!("{kind:?} {:?}\n{text}\n{code} {line}", history.truth);
    assert_eq!(verdict["kind"], history.truth.kind, "{said}");
    // nothing is called throttling, and no provider's cap advised, that no throttle had a part in
    assert!(throttled > 0 || !(text.contains("hrottl") || text.contains("3 connections")), "{said}");
    assert!(throttled > 0 || !line.contains("hrottl"), "{said}");
    if let Some(counted) = numbers(&text, r"Burst throttling: (\d+) of (\d+) failed mails? were refused") {
        assert_eq!(counted, [throttled, failed], "{said}");
    }
    if let Some(counted) = numbers(&text, r"(\d+) of (\d+) failed mails? met a throttle") {
        assert_eq!(counted, [throttled, failed], "{said}");
    }
    if let Some(counted) =
        numbers(&text, r"Throttling began at (\d+) running at once \((\d+) of (\d+) refusals")
    {
        assert!(counted[0] > 1 && counted[1] >= 3 && counted[2] == throttled, "{said}");
    }
    let is_burst_said = summary.contains("in one burst") || summary.contains(" bursts, the worst");
    assert_eq!(is_burst_said, is_burst, "{said}");
    assert_eq!(
        numbers(&text, r"Quiet: (\d+) mails"),
        (failed == 0 && unmapped == 0 && rows > 0).then(|| vec![rows]),
        "{said}"
    );
    assert_eq!(summary == "No mail in this window.", rows == 0, "{said}");
    let words = numbers(&text, r"(\d+) of (\d+) rows have a status word without a meaning");
    assert_eq!(words, (unmapped > 0).then(|| vec![unmapped, rows]), "{said}");
    assert_eq!(
        numbers(&text, r"account is blocked \(\S+\): (\d+) mails"),
        (blocked > 0).then(|| vec![blocked]),
        "{said}"
    );
    assert_eq!(
        numbers(&text, r"(\d+) rows? w\w+ tried at a time that is still to come"),
        (future > 0).then(|| vec![future]),
        "{said}"
    );
    let waiting = numbers(&text, r"(\d+) failed mails? waits? to be sent again");
    assert_eq!(waiting, (backlog > 0).then(|| vec![backlog]), "{said}");
    assert_eq!(text.contains("dates without a time of day"), kind == Dates, "{said}");
    assert_eq!(
        text.contains("Confidence"),
        verdict["confidence"].as_f64().unwrap() < 0.8 && failed > 0,
        "{said}"
    );
    // the monitor says the same, and does not say that all is well while something is not
    let metric =
        alert["metrics"].as_array().unwrap().iter().find(|row| row["name"] == "backlog_rows").unwrap();
    assert_eq!(metric["value"], backlog as f64, "{said}");
    assert!(history.truth.code.is_none_or(|certain| certain == code), "{said}");
    assert_eq!(alert["exit_code"], code, "{said}");
    assert_eq!(line.contains("status words without a meaning"), unmapped > 0, "{said}");
}

#[test]
fn no_sentence_is_false() {
    let mut dice = Dice(20_261_129);
    for (kind, count) in KINDS {
        for _ in 0..count {
            let history = History::of(kind, &mut dice);
            let log = history.log(kind);
            let at: &[&str] = if kind == WrongZone { &[] } else { &["--at", "2026-11-20 12:00"] };
            let report = log.json(&[&["report"], at].concat());
            let ran = log.run(&[&["--format", "json", "alert"], at].concat());
            assert_eq!(ran.stderr, "");
            check(&history, kind, &report, ran.code, &serde_json::from_str(&ran.stdout).unwrap());
        }
    }
}
