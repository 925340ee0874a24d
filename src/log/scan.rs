//! Goes over all attempts of a log.

use anyhow::Result;

use super::{Log, wanted};
use crate::analysis::clusters::Cluster;
use crate::analysis::failures::Failures;
use crate::analysis::report::ReportSource;
use crate::analysis::scan::{Scan, ScanSettings, ScanTotals};
use crate::cli::RowFilter;
use crate::db::Order;
use crate::mapping::Column;
use crate::model::{Attempt, HOUR, Millis};
use crate::window::Window;
use crate::zone::TimelineStep;

/// How the attempts around the failures are gone over.
pub struct ScanOptions<'a> {
    /// Whose and which.
    pub rows: &'a RowFilter,
    /// Longest pause inside a cluster.
    pub gap: Millis,
    /// How long an attempt is taken to last.
    pub session: Millis,
    /// The step of the timeline.
    pub step: TimelineStep,
}

/// The pass over all attempts; made a second time, sorted by the database, where the log is far out of order.
///
/// # Errors
/// The database's refusal.
pub async fn scan(
    log: &mut Log,
    options: &ScanOptions<'_>,
    failures: &Failures<'_>,
    clusters: &[Cluster],
) -> Result<ScanTotals> {
    let settings = ScanSettings {
        gap: options.gap,
        since: log.window.since,
        session: options.session,
        has_end: log.mapping.has(Column::FinishedAt),
        has_dates_only: log.mapping.has_dates_only,
        step: options.step,
        zone: log.window.zone,
        clock: log.clock,
    };
    let around = around(log.window, options.gap);
    let mut order = Order::AsStored;
    loop {
        let mut scan = Scan::new(settings, &log.mapping.words, failures, clusters);
        let mut in_time = true;
        let mut add = |attempt: Attempt<'_>| {
            let asked = wanted(options.rows.status.as_deref(), attempt.status)
                && wanted(options.rows.sender.as_deref(), attempt.sender);
            in_time &= !asked || scan.add(&attempt);
            in_time || order == Order::Sorted
        };
        log.db.attempts(&log.mapping, around, order, &mut add).await?;
        if !in_time && order == Order::Sorted {
            tracing::warn!(
                "times are written in so many ways that the rows cannot be put in order; peaks may be off"
            );
        }
        if in_time || order == Order::Sorted {
            return Ok(scan.finish());
        }
        tracing::info!("the rows are far from the order of time, so the database sorts them");
        order = Order::Sorted;
    }
}

/// The window, and what the first clusters want to know of the time before it.
pub fn around(window: Window, gap: Millis) -> Window {
    let before = |since: Millis| since.saturating_sub(HOUR + gap);
    Window { since: window.since.map(before), ..window }
}

/// Where the log is, and how far it reaches where the window holds nothing.
///
/// # Errors
/// The database's refusal.
pub async fn source(log: &mut Log, swept: &ScanTotals) -> Result<ReportSource> {
    let rows: u64 = swept.statuses.iter().map(|(_, rows)| rows).sum();
    let is_empty = rows == swept.unplaced;
    let extent = if is_empty { log.db.extent(&log.mapping).await? } else { None };
    Ok(ReportSource {
        database: log.db.name().to_owned(),
        table: log.mapping.table.1.clone(),
        first_at: extent.map(|(first, _)| first),
        last_at: extent.map(|(_, last)| last),
    })
}

/// Every attempt of a window with a readable time, of a sender if one is wanted.
///
/// # Errors
/// The database's refusal.
pub async fn each_attempt(
    log: &mut Log,
    sender: Option<&str>,
    window: Window,
    each: &mut dyn FnMut(&Attempt<'_>),
) -> Result<()> {
    let mut take = |attempt: Attempt<'_>| {
        if attempt.at.is_some() && wanted(sender, attempt.sender) {
            each(&attempt);
        }
        true
    };
    log.db.attempts(&log.mapping, window, Order::AsStored, &mut take).await
}
