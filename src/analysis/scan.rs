//! One pass over all attempts in the order of time.
//!
//! Everything that needs the rows that did not fail is counted here: totals by status, attempts around each cluster,
//! peaks and recipients by sender, the timeline, and how many ran at once. What it holds grows with the failures, the
//! senders and the steps of the timeline, never with the attempts.

use std::collections::{HashMap, VecDeque};

use chrono_tz::Tz;

use super::around::{Around, ClusterCounts};
use super::clusters::Cluster;
use super::failures::{Failure, Failures, is_throttle};
use super::names::{DistinctNames, NameId};
use super::order::{InOrder, Timed};
use super::running::{AttemptResult, ByRunning, Overlap, Running};
use crate::mapping::StatusWords;
use crate::model::{Attempt, Class, DAY, HOUR, MINUTE, Meaning, Millis, SECOND};
use crate::zone::{self, TimelineStep};

const SECONDS_OF_A_DAY: Millis = 24 * 60 * 60;

/// More status words than this are noise, and counted together.
const MOST_WORDS: usize = 1000;

/// What the pass needs to know beforehand.
#[derive(Debug, Clone, Copy)]
pub struct ScanSettings {
    /// The longest pause inside a cluster, in milliseconds.
    pub gap: Millis,
    /// The start of the window. Rows before it only tell what went on before its first clusters.
    pub since: Option<Millis>,
    /// How long an attempt is taken to last where the log has no end, in milliseconds.
    pub session: Millis,
    /// Whether the log has the end of each attempt.
    pub has_end: bool,
    /// Whether the log is known to have dates without a time of day.
    pub has_dates_only: bool,
    /// The step of the timeline.
    pub step: TimelineStep,
    /// The zone of the timeline's steps.
    pub zone: Tz,
    /// The time by this machine's clock: what was tried later than that carries a wrong time.
    pub clock: Millis,
}

/// How far clocks differ at most, in milliseconds: a time that is so far ahead is no fault.
pub const CLOCKS_DIFFER: Millis = 5 * MINUTE;

/// What one mailbox sent.
#[derive(Debug, Default)]
pub struct SenderSwept {
    /// Attempts.
    pub attempts: u64,
    /// Attempts in the busiest minute of the clock.
    pub peak_per_minute: u64,
    /// Connections opened in the busiest minute of the clock: one for each attempt that asked a server.
    pub opened_per_minute: u64,
    /// The same in the busiest hour of the clock.
    pub opened_per_hour: u64,
    /// Recipients in the busiest 24 hours, counted in whole seconds.
    pub recipients_24h: u64,
    /// The time of the newest attempt whose status says sent and that had not failed before.
    pub last_sent: Option<Millis>,
    minute: ClockCount,
    opened_minute: ClockCount,
    opened_hour: ClockCount,
    day: VecDeque<(Millis, u64)>,
    day_recipients: u64,
    running: Running,
}

/// Attempts in one minute or hour of the clock.
#[derive(Debug, Default)]
struct ClockCount(Millis, u64);

impl ClockCount {
    /// Counts one in a minute or hour by its number, gives how many it has by now.
    fn add(&mut self, number: Millis) -> u64 {
        if self.0 != number {
            *self = Self(number, 0);
        }
        self.1 += 1;
        self.1
    }
}

/// What the pass found.
#[derive(Debug)]
pub struct ScanTotals {
    /// Rows by status word.
    pub statuses: Vec<(Option<String>, u64)>,
    /// Rows whose time cannot be read.
    pub unplaced: u64,
    /// Attempts by sender, with the ids of `Failures::senders` continued in `senders`.
    pub by_sender: Vec<SenderSwept>,
    /// The senders' names.
    pub senders: DistinctNames,
    /// For each cluster, in their order.
    pub around: Vec<Around>,
    /// Each step that has attempts: its start, its end, and how many.
    pub timeline: Vec<(Millis, Millis, u64)>,
    /// How many ran at once.
    pub overlap: Overlap,
    /// Rows whose status says sent and which failed before.
    pub recovered: u64,
    /// Rows that were tried at a time that is still to come, and the last of these times.
    pub future: (u64, Option<Millis>),
    /// Whether the rows have a date and no time of day.
    pub has_dates_only: bool,
}

/// An attempt with its time, as the pass holds it.
#[derive(Debug, Clone, Copy)]
struct Timely {
    at: Millis,
    end: Millis,
    sender: NameId,
    recipients: u32,
    became: Became,
}

/// What became of an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Became {
    Sent,
    Failed,
    /// It was not tried yet.
    Waits,
    Else,
}

impl Timed for Timely {
    fn at(&self) -> Millis {
        self.at
    }
}

/// The pass.
#[derive(Debug)]
pub struct Scan {
    settings: ScanSettings,
    statuses: DistinctNames,
    status_rows: Vec<u64>,
    meanings: Vec<Meaning>,
    senders: DistinctNames,
    unplaced: u64,
    order: InOrder<Timely>,
    counts: AttemptCounts,
    /// Recovered failures by time and sender, not met yet.
    recovered: HashMap<(Millis, NameId), u32>,
    /// How many were met with a status that says sent.
    met: u64,
    future: (u64, Option<Millis>),
    days: Days,
}

/// What is counted once the attempts are in order.
#[derive(Debug)]
struct AttemptCounts {
    settings: ScanSettings,
    /// Throttled failures by time and sender.
    throttled: HashMap<(Millis, NameId), u32>,
    /// Failures of the application, which asked no server, likewise.
    by_application: HashMap<(Millis, NameId), u32>,
    /// The id of the senders beyond the bound.
    others: NameId,
    by_sender: Vec<SenderSwept>,
    clusters: ClusterCounts,
    step: (Millis, Millis),
    timeline: Vec<(Millis, Millis, u64)>,
    by_running: ByRunning,
}

/// Whether all times so far are the beginnings of days.
#[derive(Debug)]
struct Days {
    first: Option<Millis>,
    are_several: bool,
    /// In UTC, and in the zone of the log.
    are: [bool; 2],
}

impl Days {
    fn add(&mut self, at: Millis, zone: Tz) {
        self.are_several |= *self.first.get_or_insert(at) != at;
        if self.are != [false; 2] {
            let in_zone = || zone::day_start(zone::local(at, zone).date_naive(), zone) == at;
            self.are = [self.are[0] && at.rem_euclid(DAY) == 0, self.are[1] && in_zone()];
        }
    }

    /// One midnight may be that of a batch.
    fn only(&self) -> bool {
        self.are_several && self.are != [false; 2]
    }
}

impl Scan {
    /// A pass for these failures and the clusters found among them.
    pub fn new(
        settings: ScanSettings,
        words: &StatusWords,
        failures: &Failures<'_>,
        clusters: &[Cluster],
    ) -> Self {
        let throttled = by_time_and_sender(failures, |failure| is_throttle(failures.cause_of(failure).class));
        let by_application =
            by_time_and_sender(failures, |failure| failures.cause_of(failure).class == Class::Application);
        let counts = AttemptCounts {
            settings,
            throttled,
            by_application,
            others: failures.senders.others_id(),
            by_sender: Vec::new(),
            clusters: ClusterCounts::new(clusters, settings.gap),
            step: (Millis::MIN, Millis::MIN),
            timeline: Vec::new(),
            by_running: ByRunning::default(),
        };
        let mut statuses = DistinctNames::at_most(MOST_WORDS);
        // words with a meaning have their places, whatever noise comes before them
        for word in words.all() {
            statuses.id(Some(word));
        }
        Self {
            settings,
            status_rows: vec![0; statuses.list().len()],
            meanings: words.all().map(|word| words.meaning(Some(word))).collect(),
            statuses,
            senders: failures.senders.clone(),
            unplaced: 0,
            order: InOrder::default(),
            counts,
            recovered: by_time_and_sender(failures, |failure| failure.recovered),
            met: 0,
            future: (0, None),
            days: Days { first: None, are_several: false, are: [true; 2] },
        }
    }

    /// Whether an attempt is one that failed although its status says sent by now.
    fn take_recovered(&mut self, at: Millis, sender: NameId) -> bool {
        match self.recovered.get_mut(&(at, sender)) {
            Some(left) if *left > 0 => {
                *left -= 1;
                self.met += 1;
                true
            }
            _ => false,
        }
    }

    /// Takes in a row. `false`: it came too late to be put in order, so the pass has to be made again, sorted.
    pub fn add(&mut self, attempt: &Attempt<'_>) -> bool {
        let is_before = |since| attempt.at.is_some_and(|at| at < since);
        if self.settings.since.is_some_and(is_before) {
            let before = Timely {
                at: attempt.at.unwrap_or_default(),
                end: 0,
                sender: 0,
                recipients: 0,
                became: Became::Else,
            };
            return self.order.add(before, &mut |row| self.counts.count(row));
        }
        let status = self.statuses.id(attempt.status) as usize;
        if status >= self.status_rows.len() {
            self.status_rows.push(0);
            self.meanings.push(Meaning::Other);
        }
        self.status_rows[status] += 1;
        let Some(at) = attempt.at else {
            self.unplaced += 1;
            return true;
        };
        let sender = self.senders.id(attempt.sender);
        let meaning = self.meanings[status];
        self.days.add(at, self.settings.zone);
        let is_tried = matches!(meaning, Meaning::Sent | Meaning::Failed);
        if is_tried && at > self.settings.clock.saturating_add(CLOCKS_DIFFER) {
            self.future = (self.future.0 + 1, self.future.1.max(Some(at)));
        }
        let became = match meaning {
            Meaning::Failed => Became::Failed,
            Meaning::Sent if self.take_recovered(at, sender) => Became::Failed,
            Meaning::Sent => Became::Sent,
            Meaning::Pending => Became::Waits,
            Meaning::Other => Became::Else,
        };
        let timely = Timely {
            at,
            end: attempt.finished_at.unwrap_or(at + self.settings.session),
            sender,
            recipients: attempt.recipients,
            became,
        };
        self.order.add(timely, &mut |row| self.counts.count(row))
    }

    /// Ends the pass.
    pub fn finish(mut self) -> ScanTotals {
        self.order.finish(&mut |row| self.counts.count(row));
        let mut counts = self.counts;
        counts.by_sender.iter_mut().for_each(|sender| sender.running.settle(&mut counts.by_running));
        let basis = match self.settings.has_end {
            true => "start and end of each attempt of one sender".to_owned(),
            false => format!("attempts of one sender within {} s", self.settings.session as f64 / 1000.0),
        };
        ScanTotals {
            statuses: self.statuses.list().iter().cloned().zip(self.status_rows).collect(),
            unplaced: self.unplaced,
            by_sender: counts.by_sender,
            senders: self.senders,
            around: counts.clusters.finish(),
            timeline: counts.timeline,
            overlap: counts.by_running.overlap(basis),
            recovered: self.met,
            future: self.future,
            has_dates_only: self.settings.has_dates_only || self.days.only(),
        }
    }
}

/// How many failures of a kind there are by time and sender.
fn by_time_and_sender(
    failures: &Failures<'_>,
    takes: impl Fn(&Failure) -> bool,
) -> HashMap<(Millis, NameId), u32> {
    let mut counted = HashMap::new();
    for failure in failures.rows.iter().filter(|failure| takes(failure)) {
        if let Some(at) = failure.at {
            *counted.entry((at, failure.sender)).or_default() += 1;
        }
    }
    counted
}

impl AttemptCounts {
    fn count(&mut self, row: Timely) {
        self.clusters.count(row.at);
        if self.settings.since.is_some_and(|since| row.at < since) {
            return;
        }
        let became = match row.became {
            Became::Sent => AttemptResult::Went,
            Became::Failed if take(&mut self.throttled, row) => AttemptResult::Throttled,
            Became::Failed if take(&mut self.by_application, row) => AttemptResult::NotTried,
            Became::Waits => AttemptResult::Waits,
            Became::Failed | Became::Else => AttemptResult::Else,
        };
        let sender = row.sender as usize;
        if sender >= self.by_sender.len() {
            self.by_sender.resize_with(sender + 1, SenderSwept::default);
        }
        let of_many = row.sender == self.others;
        self.by_sender[sender].count(row, became, of_many, &mut self.by_running);
        if row.at >= self.step.1 {
            let (start, end) = self.settings.step.around(row.at, self.settings.zone);
            // where clocks go back by less than an hour, two hours overlap
            self.step = (start.max(self.step.1), end);
            self.timeline.push((self.step.0, self.step.1, 0));
        }
        if let Some((.., attempts)) = self.timeline.last_mut() {
            *attempts += 1;
        }
    }
}

/// Whether a row is one of those that are counted by time and sender; each is taken once.
fn take(counted: &mut HashMap<(Millis, NameId), u32>, row: Timely) -> bool {
    match counted.get_mut(&(row.at, row.sender)) {
        Some(left) if *left > 0 => {
            *left -= 1;
            true
        }
        _ => false,
    }
}

impl SenderSwept {
    /// Counts an attempt; those `of_many` senders counted as one have no peaks in common.
    fn count(&mut self, row: Timely, became: AttemptResult, of_many: bool, by_running: &mut ByRunning) {
        self.attempts += 1;
        if became == AttemptResult::Went {
            self.last_sent = self.last_sent.max(Some(row.at));
        }
        if of_many {
            return;
        }
        if became != AttemptResult::NotTried {
            self.running.start(row.at, row.end, became, by_running);
        }
        self.peak_per_minute = self.peak_per_minute.max(self.minute.add(row.at.div_euclid(MINUTE)));
        if !matches!(became, AttemptResult::NotTried | AttemptResult::Waits) {
            let (minute, hour) = (row.at.div_euclid(MINUTE), row.at.div_euclid(HOUR));
            self.opened_per_minute = self.opened_per_minute.max(self.opened_minute.add(minute));
            self.opened_per_hour = self.opened_per_hour.max(self.opened_hour.add(hour));
        }
        self.count_recipients(row.at.div_euclid(SECOND), u64::from(row.recipients));
    }

    fn count_recipients(&mut self, second: Millis, recipients: u64) {
        match self.day.back_mut() {
            Some((last, count)) if *last == second => *count += recipients,
            _ => self.day.push_back((second, recipients)),
        }
        self.day_recipients += recipients;
        while let Some((_, left)) = self.day.pop_front_if(|(first, _)| *first <= second - SECONDS_OF_A_DAY) {
            self.day_recipients -= left;
        }
        self.recipients_24h = self.recipients_24h.max(self.day_recipients);
    }
}
