//! What can be checked, and the checks that are made when nobody says which.

use std::fmt;
use std::str::FromStr;

use super::range::Range;
use super::state::AlertState;
use crate::model::{Class, Code, HOUR, Millis};

/// How far back a check looks when nobody says otherwise.
pub const USUAL_WINDOW: Millis = HOUR;

/// Fewer rows than this say nothing in percent.
pub const USUAL_SAMPLE: u64 = 20;

/// A figure that ranges can be given for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Metric {
    /// Mails that were refused because of the account, where none of it went since.
    AccountBlocked,
    /// Bursts of failures.
    Bursts,
    /// Failures by the provider's throttle.
    Throttled,
    /// Failures of any kind.
    Failures,
    /// Failures in percent of all rows.
    Rate,
    /// Rows that have been waiting for too long.
    Pending,
    /// Rows of any status in percent of the same hours a week and two weeks before.
    Silence,
    /// Rows of any status.
    Rows,
    /// Recipients of the busiest mailbox in a rolling day, in percent of what its provider allows.
    Quota,
    /// Rows that a resend left in doubt.
    Doubt,
    /// Failed mails that should go again and have not.
    BacklogRows,
    /// The age of the oldest of them, in seconds.
    BacklogAge,
    /// Rows that were tried at a time that is still to come.
    Future,
    /// Connections opened by the busiest mailbox in a minute.
    OpenedPerMinute,
    /// Connections opened by the busiest mailbox in an hour.
    OpenedPerHour,
    /// Failures that no rule knows, in percent of all failures.
    Unclassified,
    /// Causes that the time before did not have.
    NewCauses,
}

impl Metric {
    /// Every metric with its word and what it counts; the order in which equally bad ones are named.
    const TABLE: &[(Metric, &str, &str, &str)] = &[
        (
            Metric::AccountBlocked,
            "account-blocked",
            "",
            "mails that were refused because of the account, where none of it went since",
        ),
        (Metric::Bursts, "bursts", "", "bursts of failed mails"),
        (Metric::Throttled, "throttled", "", "mails refused by the provider's throttle"),
        (Metric::Failures, "failures", "", "failed mails"),
        (Metric::Rate, "rate", "%", "failed mails in percent of all"),
        (Metric::Pending, "pending", "", "mails that wait for too long"),
        (Metric::Silence, "silence", "%", "mails in percent of the same time a week and two weeks before"),
        (Metric::Rows, "rows", "", "mails of any status"),
        (
            Metric::Quota,
            "quota",
            "%",
            "recipients of the busiest mailbox in a day, in percent of the allowed",
        ),
        (Metric::Doubt, "doubt", "", "mails that a resend left in doubt"),
        (Metric::BacklogRows, "backlog_rows", "", "failed mails that should go again and have not"),
        (Metric::BacklogAge, "backlog_age", "s", "the age of the oldest of them in seconds"),
        (Metric::Future, "future", "", "mails tried at a time that is still to come: the zone is wrong"),
        (
            Metric::OpenedPerMinute,
            "opened-per-minute",
            "",
            "connections of the busiest mailbox in a minute, one for each mail",
        ),
        (Metric::OpenedPerHour, "opened-per-hour", "", "the same in an hour"),
        (Metric::Unclassified, "unclassified", "%", "failed mails that no rule knows, in percent"),
        (Metric::NewCauses, "new-causes", "", "causes that the time before did not have"),
    ];

    /// Every metric, in the order in which equally bad ones are named.
    pub fn all() -> impl Iterator<Item = Metric> {
        Self::TABLE.iter().map(|(metric, ..)| *metric)
    }

    fn row(self) -> &'static (Metric, &'static str, &'static str, &'static str) {
        &Self::TABLE[self as usize]
    }

    /// The word in flags, config and results.
    pub fn as_str(self) -> &'static str {
        self.row().1
    }

    /// `%`, or nothing for a count.
    pub fn unit(self) -> &'static str {
        self.row().2
    }

    /// What it counts, for people.
    pub fn meaning(self) -> &'static str {
        self.row().3
    }
}

impl fmt::Display for Metric {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for Metric {
    type Err = String;

    /// # Errors
    /// Names the words that would have been understood.
    fn from_str(word: &str) -> Result<Self, String> {
        let is_same = |metric: &Metric| metric.as_str().replace('_', "-") == word.replace('_', "-");
        Self::all().find(is_same).ok_or_else(|| {
            let known: Vec<_> = Self::all().map(Metric::as_str).collect();
            format!("'{}' is not one of {}", word.escape_debug(), known.join(", "))
        })
    }
}

/// Which rows a check looks at.
#[derive(Debug, Clone, PartialEq)]
pub struct CheckScope {
    /// Length of the window before the end, in milliseconds.
    pub window: Millis,
    /// Only failures of this code.
    pub code: Option<Code>,
    /// Only failures of this class.
    pub class: Option<Class>,
    /// Only rows of this sender.
    pub sender: Option<String>,
    /// Whether failures count that succeeded later.
    pub count_healed: bool,
    /// Pending rows count when they are older, in milliseconds.
    pub pending_age: Millis,
    /// How long before the window a cause counts as known, in milliseconds.
    pub baseline: Millis,
    /// Rows, or failures, below which a percentage says nothing.
    pub min_sample: u64,
}

impl Default for CheckScope {
    fn default() -> Self {
        Self {
            window: USUAL_WINDOW,
            code: None,
            class: None,
            sender: None,
            count_healed: false,
            pending_age: HOUR,
            baseline: 14 * 24 * HOUR,
            min_sample: USUAL_SAMPLE,
        }
    }
}

/// One figure with its ranges.
#[derive(Debug, Clone, PartialEq)]
pub struct MetricCheck {
    /// What results call it: its metric, or the name it has in the config.
    pub name: String,
    /// The figure.
    pub metric: Metric,
    /// Outside of which it is a warning.
    pub warning: Option<Range>,
    /// Outside of which it is critical.
    pub critical: Option<Range>,
    /// Which rows.
    pub scope: CheckScope,
}

impl MetricCheck {
    /// How bad a value is: critical is asked before warning.
    pub fn state(&self, value: f64) -> AlertState {
        let alerts = |range: &Option<Range>| range.as_ref().is_some_and(|range| range.alerts(value));
        match (alerts(&self.critical), alerts(&self.warning)) {
            (true, _) => AlertState::Critical,
            (false, true) => AlertState::Warning,
            (false, false) => AlertState::Ok,
        }
    }

    /// A check called after its metric.
    fn usual(metric: Metric, warning: &str, critical: &str, scope: &CheckScope) -> Self {
        let range = |text: &str| text.parse().ok();
        let (warning, critical) = (range(warning), range(critical));
        Self { name: metric.as_str().to_owned(), metric, warning, critical, scope: scope.clone() }
    }
}

/// The ranges where nobody gives any: warning and critical, empty for none. Mails that were throttled and did not go later
/// are lost unless a person sends them again, so the first is a warning, and a burst of them critical.
const USUAL: &[(Metric, &str, &str)] = &[
    (Metric::AccountBlocked, "", "0"),
    (Metric::Bursts, "", "0"),
    (Metric::Throttled, "0", "5"),
    (Metric::Rate, "5", "20"),
    (Metric::Pending, "0", ""),
    (Metric::Silence, "10:", ""),
    (Metric::Quota, "80", "95"),
    (Metric::Doubt, "0", ""),
    (Metric::BacklogRows, "", ""),
    (Metric::BacklogAge, "3600", "86400"),
];

/// The checks that are made when nobody says which.
pub fn usual(scope: &CheckScope) -> Vec<MetricCheck> {
    USUAL
        .iter()
        .map(|(metric, warning, critical)| MetricCheck::usual(*metric, warning, critical, scope))
        .collect()
}

/// The check that is made whatever else is asked for: it looks at every row of the window.
pub fn blocked(scope: &CheckScope) -> MetricCheck {
    let scope = CheckScope { code: None, class: None, ..scope.clone() };
    MetricCheck::usual(Metric::AccountBlocked, "", "0", &scope)
}

/// The check that is named where it is bad, whatever else is asked for: with wrong times no other one can be believed.
pub fn future(scope: &CheckScope) -> MetricCheck {
    MetricCheck::usual(Metric::Future, "0", "", scope)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_metric_has_its_own_row() {
        for (place, metric) in Metric::all().enumerate() {
            assert_eq!(metric as usize, place);
            assert_eq!(metric.as_str().parse(), Ok(metric));
        }
    }

    #[test]
    fn the_usual_ranges_can_be_read() {
        for ((metric, warning, critical), check) in USUAL.iter().zip(usual(&CheckScope::default())) {
            let text = |range: Option<Range>| range.map_or(String::new(), |range| range.to_string());
            assert_eq!(
                (text(check.warning), text(check.critical)),
                ((*warning).into(), (*critical).into()),
                "{metric}"
            );
        }
    }

    #[test]
    fn critical_is_asked_before_warning() {
        let scope = CheckScope::default();
        let check = MetricCheck::usual(Metric::Failures, "10:", "20", &scope);
        let states = [5.0, 10.0, 20.0, 21.0, -1.0].map(|value| check.state(value));
        assert_eq!(
            states,
            [AlertState::Warning, AlertState::Ok, AlertState::Ok, AlertState::Critical, AlertState::Critical]
        );
    }
}
