//! `mailthrottle report`: what failed, why, in which bursts, and whether that was throttling.

use anyhow::Result;

use super::import::Temporary;
use super::mails::Young;
use super::{Log, look, wanted};
use crate::analysis::clusters::{self, Cluster, Joining};
use crate::analysis::failures::{Failures, Filter};
use crate::analysis::input::ReportInput;
use crate::analysis::report::{Report, Source};
use crate::analysis::sweep::{Settings, Sweep, Swept};
use crate::cli::{Global, Report as Args, Rows};
use crate::config::Config;
use crate::db::{Order, Which};
use crate::exit::Exit;
use crate::mapping::Column;
use crate::model::Millis;
use crate::output;
use crate::reply::Classifier;
use crate::window::Window;
use crate::zone::Step;

const HOUR: Millis = 3_600_000;

/// How far back a report looks when nobody says otherwise.
const USUAL_WINDOW: Millis = 24 * HOUR;

/// How the attempts around the failures are gone over.
pub(super) struct Going<'a> {
    /// Whose and which.
    pub rows: &'a Rows,
    /// Longest pause inside a cluster.
    pub gap: Millis,
    /// How long an attempt is taken to last.
    pub session: Millis,
    /// The step of the timeline.
    pub step: Step,
}

/// Runs the command.
///
/// # Errors
/// Config, window, database.
pub async fn run(flags: &Global, args: &Args) -> Result<Exit> {
    let mut config = Config::load(flags)?;
    let taken_in = match args.log.as_slice() {
        [] => None,
        files => Some(Temporary::of(flags, &config, files, args.format_of_log).await?),
    };
    if let Some(logs) = &taken_in {
        config = logs.config(config)?;
    }
    let usual = if taken_in.is_some() { None } else { Some(USUAL_WINDOW) };
    let (mut log, rules) = Log::open(flags, config, &args.rows, usual).await?;
    let around = around(log.window, millis(args.gap));
    log.db.fetch_ahead(&log.mapping, around).await?;
    let rules = rules.ready()?;
    let failures = failures(&mut log, &rules, &args.rows).await?;
    let joining = Joining { gap: millis(args.gap), min_failures: args.min_failures as usize };
    let clusters = clusters::find(&failures, joining);
    let step = args.by.unwrap_or_else(|| step(&failures, log.window, log.now));
    let session = millis(args.session);
    let going = Going { rows: &args.rows, gap: joining.gap, session, step };
    let swept = sweep(&mut log, &going, &failures, &clusters).await?;
    let mut source = source(&mut log, &swept).await?;
    if let Some(logs) = &taken_in {
        source.database.clone_from(&logs.name);
    }
    let report = Report::new(&ReportInput {
        now: log.now,
        window: log.window,
        source,
        profile: log.profile,
        tries_again: log.tries_again,
        words: &log.mapping.words,
        step,
        failures: &failures,
        clusters: &clusters,
        swept: &swept,
    });
    log.print(flags, &output::report::render(&report, log.window, flags.format, look(flags))?)?;
    Ok(if taken_in.is_none_or(|logs| logs.clean) { Exit::Fine } else { Exit::Unknown })
}

async fn failures<'c>(log: &mut Log, classifier: &'c Classifier, rows: &Rows) -> Result<Failures<'c>> {
    let filter = Filter { code: rows.code, class: rows.class };
    let mut failures = Failures::new(classifier, filter);
    let words = log.failed_words(rows);
    let past = log.past().await?;
    let mut young = Young::of(log, log.now);
    if !words.is_empty() {
        let failed = Which { window: log.window, words: &words, among: None };
        let mut add = |mail: crate::model::Mail| {
            if wanted(rows.sender.as_deref(), mail.sender.as_deref()) {
                let is_sent = past.is_sent(&mail.id, mail.at);
                failures.add(&mail, is_sent);
                if !is_sent {
                    young.add(&mail);
                }
            }
        };
        log.db.mails(&log.mapping, &failed, &mut add).await?;
    }
    failures.recover(&young.gone(log).await?);
    for mail in log.recovered(&past, rows).await? {
        failures.add(&mail, true);
    }
    failures.in_doubt = past.in_doubt() as u64;
    failures.sort();
    Ok(failures)
}

/// The pass over all attempts; made a second time, sorted by the database, where the log is far out of order.
pub(super) async fn sweep(
    log: &mut Log,
    going: &Going<'_>,
    failures: &Failures<'_>,
    clusters: &[Cluster],
) -> Result<Swept> {
    let settings = Settings {
        gap: going.gap,
        since: log.window.since,
        session: going.session,
        has_end: log.mapping.has(Column::FinishedAt),
        step: going.step,
        zone: log.window.zone,
    };
    let around = around(log.window, going.gap);
    let mut order = Order::AsStored;
    loop {
        let mut sweep = Sweep::new(settings, &log.mapping.words, failures, clusters);
        let mut in_time = true;
        let mut add = |attempt: crate::model::Attempt<'_>| {
            let asked = wanted(going.rows.status.as_deref(), attempt.status)
                && wanted(going.rows.sender.as_deref(), attempt.sender);
            in_time &= !asked || sweep.add(&attempt);
            in_time || order == Order::Sorted
        };
        log.db.attempts(&log.mapping, around, order, &mut add).await?;
        if !in_time && order == Order::Sorted {
            tracing::warn!(
                "times are written in so many ways that the rows cannot be put in order; peaks may be off"
            );
        }
        if in_time || order == Order::Sorted {
            return Ok(sweep.finish());
        }
        tracing::info!("the rows are far from the order of time, so the database sorts them");
        order = Order::Sorted;
    }
}

/// The window, and what the first clusters want to know of the time before it.
fn around(window: Window, gap: Millis) -> Window {
    let before = |since: Millis| since.saturating_sub(HOUR + gap);
    Window { since: window.since.map(before), ..window }
}

async fn source(log: &mut Log, swept: &Swept) -> Result<Source> {
    let rows: u64 = swept.statuses.iter().map(|(_, rows)| rows).sum();
    let is_empty = rows == swept.unplaced;
    let extent = if is_empty { log.db.extent(&log.mapping).await? } else { None };
    Ok(Source {
        database: log.db.name(),
        table: log.mapping.table.1.clone(),
        first_at: extent.map(|(first, _)| first),
        last_at: extent.map(|(_, last)| last),
    })
}

/// The step that gives a chart of some dozen to some hundred bars: minutes for hours, hours for days, days for more.
fn step(failures: &Failures<'_>, window: Window, now: Millis) -> Step {
    let times = || failures.rows.iter().filter_map(|failure| failure.at);
    // where nobody says from when on, the failures do, and say until when
    let (start, end) = match window.since {
        Some(since) => (since, now),
        None => (times().min().unwrap_or(0), times().max().unwrap_or(now)),
    };
    match window.until.unwrap_or(end) - start {
        span if span <= 3 * HOUR => Step::Minute,
        span if span <= 14 * 24 * HOUR => Step::Hour,
        _ => Step::Day,
    }
}

pub(super) fn millis(duration: humantime::Duration) -> Millis {
    Millis::try_from(duration.as_millis()).unwrap_or(Millis::MAX / 4)
}
