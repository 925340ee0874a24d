//! Two hundred histories whose truth is known, looked at with the usual checks: none of their bursts is missed, and none of
//! the quiet ones raises an alarm.

use std::fmt::Write;

use crate::support::{TABLE, TestLog};

const THROTTLED: &str = "432 4.3.2 Concurrent connections limit exceeded";
const UNKNOWN_USER: &str = "550 5.1.1 <ann@example.com>: Recipient address rejected: User unknown";

/// What happened in the last hour of a history.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Quiet,
    /// One mail to a user that does not exist.
    SingleFailure,
    /// 2 to 40 refusals within 1 to 60 seconds.
    Burst,
    /// One refusal every few minutes.
    SlowDrip,
    /// No mail, though there are many at other times.
    Silence,
    /// A burst whose mails all went within the hour.
    HealedBurst,
}

use Kind::{Burst, HealedBurst, Quiet, Silence, SingleFailure, SlowDrip};

const KINDS: [(Kind, usize); 6] =
    [(Quiet, 40), (SingleFailure, 30), (Burst, 60), (SlowDrip, 25), (Silence, 20), (HealedBurst, 25)];

/// Numbers that look like chance and are the same every time.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, low: u64, high: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        low + (self.0 >> 33) % (high - low + 1)
    }
}

/// A history as rows, `at` being seconds before its end.
struct History {
    rows: Vec<(i64, String, String)>,
}

impl History {
    fn of(kind: Kind, dice: &mut Dice) -> Self {
        let mut history = Self { rows: Vec::new() };
        let an_hour = dice.roll(25, 120);
        for day in [0, 7, 14] {
            if day > 0 || kind != Silence {
                (0..an_hour).for_each(|_| history.sent(day * 86_400 + dice.roll(1, 3599) as i64));
            }
        }
        match kind {
            Quiet | Silence => {}
            SingleFailure => history.failed(dice.roll(1, 3599) as i64, UNKNOWN_USER),
            SlowDrip => {
                (0..dice.roll(4, 12)).for_each(|drip| history.failed(100 + drip as i64 * 280, THROTTLED))
            }
            Burst | HealedBurst => history.burst(kind == HealedBurst, dice),
        }
        history
    }

    /// The first and the last refusal lie the whole span apart.
    fn burst(&mut self, heals: bool, dice: &mut Dice) {
        let (failures, span) = (dice.roll(2, 40) as i64, dice.roll(1, 60) as i64);
        let start = dice.roll(700, 3500) as i64;
        for number in 0..failures {
            let at = start - span * number / (failures - 1);
            self.failed(at, THROTTLED);
            if heals {
                let recipient = self.rows.last().unwrap().1.clone();
                self.rows.push((at - 600, recipient, String::new()));
            }
        }
    }

    fn sent(&mut self, at: i64) {
        self.rows.push((at, format!("u{}@example.com", self.rows.len()), String::new()));
    }

    fn failed(&mut self, at: i64, error: &str) {
        self.rows.push((at, format!("u{}@example.com", self.rows.len()), error.to_owned()));
    }

    fn log(&self) -> TestLog {
        let mut sql = format!(
            "{TABLE} INSERT INTO email_log (status, sent_date, sender, recipient, subject, error_message) VALUES "
        );
        for (place, (at, to, error)) in self.rows.iter().enumerate() {
            let (comma, status) =
                (if place > 0 { "," } else { "" }, if error.is_empty() { "S" } else { "F" });
            write!(
                sql,
                "{comma}('{status}', datetime('2026-11-20 12:00:00', '-{at} seconds'), 'app@example.com', '{to}', 'Report', '{error}')"
            )
            .unwrap();
        }
        TestLog::of(&sql)
    }
}

#[test]
fn no_burst_is_missed_and_no_quiet_hour_raises_an_alarm() {
    let mut dice = Dice(20_261_120);
    let mut table =
        "| history | histories | OK | WARNING | CRITICAL |\n| --- | ---: | ---: | ---: | ---: |\n".to_owned();
    for (kind, count) in KINDS {
        let mut codes = [0; 4];
        for _ in 0..count {
            let ran = History::of(kind, &mut dice).log().run(&["alert", "--at", "2026-11-20 12:00"]);
            assert_eq!(ran.stderr, "");
            codes[usize::try_from(ran.code).unwrap()] += 1;
        }
        writeln!(table, "| {kind:?} | {count} | {} | {} | {} |", codes[0], codes[1], codes[2]).unwrap();
        let needs_nobody = matches!(kind, Quiet | SingleFailure | HealedBurst);
        assert_eq!(codes[0], if needs_nobody { count } else { 0 }, "{kind:?} {table}");
    }
    println!("{table}");
}
