//! What a report is made of.

use super::clusters::Cluster;
use super::failures::Failures;
use super::report::{Backlog, ReportSource};
use super::scan::ScanTotals;
use crate::mapping::StatusWords;
use crate::model::Millis;
use crate::provider::Profile;
use crate::window::Window;

/// The parts of a report, found one by one.
pub struct ReportInput<'a> {
    /// The moment it is made.
    pub now: Millis,
    /// What was asked about.
    pub window: Window,
    /// Where it was read.
    pub source: ReportSource,
    /// The provider whose limits count.
    pub profile: &'a Profile,
    /// Whether a mail server wrote the log, which tries again by itself.
    pub tries_again: bool,
    /// What each status word means.
    pub words: &'a StatusWords,
    /// The failed mails, sorted.
    pub failures: &'a Failures<'a>,
    /// Clusters among them.
    pub clusters: &'a [Cluster],
    /// What the pass over all attempts found.
    pub swept: &'a ScanTotals,
    /// The longest pause inside a cluster, in milliseconds.
    pub gap: Millis,
    /// Older mails are not sent again, in milliseconds.
    pub max_age: Millis,
    /// What should go again and has not; none for an imported log.
    pub backlog: Option<Backlog>,
}
