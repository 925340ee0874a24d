//! The figures that checks are made on, taken from the report of a window and from what else was asked of the log.

use std::collections::{BTreeSet, HashMap, HashSet};

use super::check::{CheckScope, Metric, MetricCheck};
use super::range::shown;
use crate::analysis::failures::{Cause, Failures, is_throttle};
use crate::analysis::phrases;
use crate::analysis::report::{Backlog, ClusterRow, Report, SenderRow};
use crate::model::{Attempt, Class, HOUR, MINUTE, SECOND};

/// All that was counted for one scope.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Figures {
    /// Rows of any status.
    pub rows: u64,
    /// Rows whose status word the mapping does not name.
    pub unmapped: u64,
    /// Failures that count.
    pub failures: u64,
    /// Failures that succeeded later, and do not count.
    pub healed: u64,
    /// Of the failures that count, those by a throttle.
    pub throttled: u64,
    /// Of these, those whose text no rule knows.
    pub unclassified: u64,
    /// Of these, those that were refused because of an account from which nothing went since.
    pub blocked: u64,
    /// Bursts with a failure that counts; none where the log has no time of day.
    pub bursts: Option<u64>,
    /// The classes of the failures in them.
    pub classes_of_bursts: BTreeSet<Class>,
    /// What should go again and has not, of the scope; none for an imported log.
    pub backlog: Option<Backlog>,
    /// Rows that were tried at a time that is still to come.
    pub future: u64,
    /// Connections of the busiest mailbox in a minute and in an hour; none where the log has no time of day.
    pub opened: Option<(u64, u64)>,
    /// Failed rows without a readable time, which belong to no window.
    pub timeless: u64,
    /// Rows that have been pending for too long.
    pub pending: u64,
    /// The fewer rows of the same hours a week and two weeks before.
    pub usual_rows: u64,
    /// Recipients of the busiest mailbox within a day, and the mailbox.
    pub busiest: (u64, Option<String>),
    /// Recipients a day that the provider allows.
    pub allowed_a_day: Option<u32>,
    /// Rows in doubt.
    pub doubts: u64,
    /// Causes that the time before did not have.
    pub new_causes: u64,
}

/// A figure, or why it says nothing.
#[derive(Debug, Clone, PartialEq)]
pub struct Measured {
    /// The figure; none where it cannot be had.
    pub value: Option<f64>,
    /// Whether it may be held against ranges.
    pub counts: bool,
    /// What a reader has to know of it.
    pub note: Option<String>,
}

impl Figures {
    /// The figures of a report; rows `unplaced` in time belong to no window.
    pub fn of(report: &Report, failures: &Failures<'_>, unplaced: u64, count_healed: bool) -> Self {
        let counting = |takes: &dyn Fn(&Cause<'_>) -> bool| {
            let left = |cause: &Cause<'_>| cause.rows - if count_healed { 0 } else { cause.recovered };
            failures.causes.iter().filter(|cause| takes(cause)).map(left).sum()
        };
        let counts =
            |cluster: &&ClusterRow| cluster.burst && (count_healed || cluster.recovered < cluster.failures);
        let bursts: Vec<_> = report.clusters.iter().filter(counts).collect();
        let most = |of: fn(&SenderRow) -> Option<u64>| report.senders.iter().filter_map(of).max();
        let opened = most(|sender| sender.opened_per_minute).zip(most(|sender| sender.opened_per_hour));
        Self {
            rows: report.totals.rows.saturating_sub(unplaced),
            unmapped: report.unmapped(),
            failures: counting(&|_| true),
            healed: if count_healed { 0 } else { report.totals.recovered },
            throttled: counting(&|cause| is_throttle(cause.class)),
            unclassified: counting(&|cause| cause.class == Class::Unknown),
            blocked: report.blocked_senders.iter().map(|sender| sender.rows).sum(),
            bursts: report.has_time_of_day.then_some(bursts.len() as u64),
            classes_of_bursts: bursts.iter().map(|burst| burst.class).collect(),
            backlog: report.backlog,
            future: report.totals.future,
            opened: if report.senders.is_empty() { Some((0, 0)) } else { opened },
            ..Self::default()
        }
    }

    /// The figure that a check asks for.
    pub fn measure(&self, check: &MetricCheck) -> Measured {
        let scope = &check.scope;
        match check.metric {
            Metric::AccountBlocked => count(self.blocked),
            Metric::Bursts => self.bursts(),
            Metric::Throttled => count(self.throttled),
            Metric::Failures => count(self.failures),
            Metric::Rate => percent(self.failures, self.rows, scope, "mails"),
            Metric::Pending => count(self.pending),
            Metric::Silence => self.silence(scope),
            Metric::Rows => count(self.rows),
            Metric::Quota => self.quota(),
            Metric::Doubt => count(self.doubts),
            Metric::BacklogRows => self.backlog(|backlog| Some(backlog.rows as f64)),
            Metric::BacklogAge => self.backlog_age(),
            Metric::Future => count(self.future),
            Metric::OpenedPerMinute => counted(self.opened.map(|(minute, _)| minute), NO_TIME_OF_DAY),
            Metric::OpenedPerHour => counted(self.opened.map(|(_, hour)| hour), NO_TIME_OF_DAY),
            Metric::Unclassified => percent(self.unclassified, self.failures, scope, "failed mails"),
            Metric::NewCauses => count(self.new_causes),
        }
    }

    /// Bursts that are not of throttling are named by their classes.
    fn bursts(&self) -> Measured {
        let classes: Vec<_> = self.classes_of_bursts.iter().map(|class| class.as_str()).collect();
        let is_throttling = self.classes_of_bursts.iter().all(|class| is_throttle(*class));
        let measured = counted(self.bursts, NO_TIME_OF_DAY);
        Measured { note: measured.note.or_else(|| (!is_throttling).then(|| classes.join(", "))), ..measured }
    }

    fn backlog_age(&self) -> Measured {
        match self.backlog {
            Some(backlog) if backlog.rows > 0 && backlog.oldest_age_s.is_none() => {
                let mails = phrases::count(backlog.rows, "failed mail");
                counted(None, &format!("{mails} without a readable time"))
            }
            Some(backlog) if backlog.rows > 0 => {
                let age = backlog.oldest_age_s.map(|age| age as f64);
                Measured { value: age, counts: true, note: Some(waiting(backlog)) }
            }
            _ => self.backlog(|_| None),
        }
    }

    fn backlog(&self, of: impl Fn(&Backlog) -> Option<f64>) -> Measured {
        match &self.backlog {
            None => counted(None, "this log was imported, so nothing of it is sent again"),
            Some(backlog) => Measured { value: Some(of(backlog).unwrap_or(0.0)), counts: true, note: None },
        }
    }

    fn silence(&self, scope: &CheckScope) -> Measured {
        let measured = percent(self.rows, self.usual_rows, scope, "mails are usual");
        let note = format!("usually {}", self.usual_rows);
        if measured.counts { Measured { note: Some(note), ..measured } } else { measured }
    }

    fn quota(&self) -> Measured {
        let (recipients, sender) = &self.busiest;
        let Some(allowed) = self.allowed_a_day else {
            let note = Some("the provider's profile has no limit of recipients a day".to_owned());
            return Measured { value: None, counts: false, note };
        };
        let value = *recipients as f64 * 100.0 / f64::from(allowed.max(1));
        let note = sender.as_ref().map(|sender| format!("{sender} {recipients} of {allowed}"));
        Measured { value: Some(value), counts: true, note }
    }
}

/// How many mails wait, and for how long the oldest does in words: `4 failed mails, the oldest for 5h 12m`.
fn waiting(backlog: Backlog) -> String {
    let age = backlog.oldest_age_s.unwrap_or(0) * SECOND;
    // seconds say nothing of what is hours old
    let age = if age < HOUR { age } else { age / MINUTE * MINUTE };
    format!("{}, the oldest for {}", phrases::count(backlog.rows, "failed mail"), phrases::length(age))
}

/// Why peaks and bursts cannot be had.
const NO_TIME_OF_DAY: &str = "the log has dates without a time of day";

/// A count, or why there is none.
fn counted(number: Option<u64>, why_not: &str) -> Measured {
    match number {
        Some(number) => count(number),
        None => Measured { value: None, counts: false, note: Some(why_not.to_owned()) },
    }
}

fn count(number: u64) -> Measured {
    Measured { value: Some(number as f64), counts: true, note: None }
}

/// A share in percent, which says nothing where the whole is small.
fn percent(part: u64, whole: u64, scope: &CheckScope, what: &str) -> Measured {
    let value = if whole == 0 { 0.0 } else { part as f64 * 100.0 / whole as f64 };
    let counts = whole > 0 && whole >= scope.min_sample;
    let note = format!("not judged: {} {what}, {} are needed", whole, shown(scope.min_sample as f64));
    Measured { value: Some(value), counts, note: (!counts).then_some(note) }
}

/// Recipients by mailbox.
#[derive(Debug, Default)]
pub struct Recipients(HashMap<Option<Box<str>>, u64>);

impl Recipients {
    /// More mailboxes than this are noise.
    const MOST: usize = 10_000;

    /// Counts an attempt.
    pub fn add(&mut self, attempt: &Attempt<'_>) {
        let recipients = u64::from(attempt.recipients);
        if let Some(known) = self.0.get_mut(&attempt.sender.map(Box::from) as &Option<Box<str>>) {
            *known += recipients;
        } else if self.0.len() < Self::MOST {
            self.0.insert(attempt.sender.map(Box::from), recipients);
        }
    }

    /// The mailbox with most recipients; of several, the first by name.
    pub fn busiest(self) -> (u64, Option<String>) {
        let most = self.0.into_iter().max_by(|a, b| a.1.cmp(&b.1).then_with(|| b.0.cmp(&a.0)));
        most.map_or((0, None), |(sender, recipients)| (recipients, sender.map(String::from)))
    }
}

/// The causes of a window, less those that the time before had.
#[derive(Debug, Default)]
pub struct Unseen(HashSet<String>);

impl Unseen {
    /// The causes of failures that count.
    pub fn of(failures: &Failures<'_>, count_healed: bool) -> Self {
        let counted = failures.causes.iter().filter(|cause| count_healed || cause.rows > cause.recovered);
        Self(counted.map(|cause| cause.fingerprint.clone().unwrap_or_default()).collect())
    }

    /// Takes in a failure of the time before, by its error text.
    pub fn seen(&mut self, text: &str) {
        if !self.0.is_empty() {
            let text = text.trim();
            let print =
                if text.is_empty() { String::new() } else { crate::reply::fingerprint(text).to_string() };
            self.0.remove(&print);
        }
    }

    /// How many are left.
    pub fn count(&self) -> u64 {
        self.0.len() as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(metric: Metric) -> MetricCheck {
        let scope = CheckScope { min_sample: 20, ..CheckScope::default() };
        MetricCheck { name: "c".into(), metric, warning: None, critical: None, scope }
    }

    #[test]
    fn a_share_of_few_says_nothing() {
        let of = |rows| Figures { rows, failures: 10, ..Figures::default() }.measure(&check(Metric::Rate));
        assert_eq!((of(20).value, of(20).counts), (Some(50.0), true));
        assert!(!of(19).counts && !of(0).counts);
        assert_eq!(of(19).note.as_deref(), Some("not judged: 19 mails, 20 are needed"));
    }

    #[test]
    fn silence_is_held_against_what_is_usual() {
        let figures = Figures { rows: 3, usual_rows: 120, ..Figures::default() };
        let measured = figures.measure(&check(Metric::Silence));
        assert_eq!((measured.value, measured.note.as_deref()), (Some(2.5), Some("usually 120")));
        let never_busy = Figures { rows: 0, usual_rows: 4, ..Figures::default() };
        assert!(!never_busy.measure(&check(Metric::Silence)).counts);
    }

    #[test]
    fn a_provider_without_a_limit_has_no_quota() {
        let measured = Figures::default().measure(&check(Metric::Quota));
        assert_eq!((measured.value, measured.counts), (None, false));
    }

    #[test]
    fn the_busiest_mailbox_is_named() {
        let mut recipients = Recipients::default();
        for (sender, count) in [(Some("b"), 3), (Some("a"), 2), (Some("b"), 4), (None, 1)] {
            recipients.add(&Attempt { status: None, at: None, sender, recipients: count, finished_at: None });
        }
        assert_eq!(recipients.busiest(), (7, Some("b".to_owned())));
    }

    #[test]
    fn a_cause_is_new_until_it_was_seen() {
        let mut unseen = Unseen(["550 5.1.1 <{address}> unknown".to_owned()].into());
        let print = crate::reply::fingerprint("550 5.1.1 <a@b.example> unknown").to_string();
        unseen.0.insert(print);
        unseen.seen("550 5.1.1 <c@d.example> unknown");
        assert_eq!(unseen.count(), 1);
    }
}
