//! `mailthrottle report`: what failed, why, in which bursts, and whether that was throttling.

use anyhow::Result;

use super::import::Temporary;
use super::print_settled;
use super::resend::held;
use crate::analysis::clusters::{self, Joining};
use crate::analysis::failures::Failures;
use crate::analysis::input::ReportInput;
use crate::analysis::report::Report;
use crate::cli::{Global, ReportArgs as Args};
use crate::config::Config;
use crate::exit::Exit;
use crate::log::{self, Counted, Log, ScanOptions};
use crate::model::{HOUR, Millis, millis};
use crate::output::report::Reported;
use crate::window::Window;
use crate::zone::TimelineStep;

/// How far back a report looks when nobody says otherwise.
const USUAL_WINDOW: Millis = 24 * HOUR;

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
    let attachments = config.sending.attachments();
    let usual = if taken_in.is_some() { None } else { Some(USUAL_WINDOW) };
    let (mut log, rules) = Log::open_at(flags, config, &args.rows, usual, args.at.as_deref()).await?;
    log.check_status(args.rows.status.as_deref()).await?;
    let around = log::around(log.window, millis(*args.gap));
    log.db.fetch_ahead(&log.mapping, around).await?;
    let rules = rules.ready()?;
    let mut past = log.past().await?;
    let (failures, Counted { mut backlog, go, .. }) =
        log::failures(&mut log, &rules, &args.rows, &mut past).await?;
    backlog.held += held(&mut log, &past, &attachments, go).await?;
    let backlog = Some(backlog).filter(|_| !log.is_imported);
    let joining = Joining { gap: millis(*args.gap), min_failures: args.min_failures };
    let clusters = clusters::find(&failures, joining);
    let step = args.by.unwrap_or_else(|| step(&failures, log.window, log.now));
    let session = millis(*args.session);
    let options = ScanOptions { rows: &args.rows, gap: joining.gap, session, step };
    let swept = log::scan(&mut log, &options, &failures, &clusters).await?;
    let mut source = log::source(&mut log, &swept).await?;
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
        failures: &failures,
        clusters: &clusters,
        swept: &swept,
        gap: joining.gap,
        max_age: log.max_age,
        backlog,
    });
    print_settled(&log.db, flags, &Reported { report: &report, window: log.window, top: args.top })?;
    Ok(if taken_in.is_none_or(|logs| logs.clean) { Exit::Fine } else { Exit::Unknown })
}

/// The step that gives a chart of some dozen to some hundred bars: minutes for hours, hours for days, days for more.
fn step(failures: &Failures<'_>, window: Window, now: Millis) -> TimelineStep {
    let times = || failures.rows.iter().filter_map(|failure| failure.at);
    // where nobody says from when on, the failures do, and say until when
    let (start, end) = match window.since {
        Some(since) => (since, now),
        None => (times().min().unwrap_or(0), times().max().unwrap_or(now)),
    };
    match window.until.unwrap_or(end) - start {
        span if span <= 3 * HOUR => TimelineStep::Minute,
        span if span <= 14 * 24 * HOUR => TimelineStep::Hour,
        _ => TimelineStep::Day,
    }
}
