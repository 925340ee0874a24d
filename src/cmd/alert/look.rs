//! Finds out: reads the log for each scope of the checks, within a time limit.
//!
//! A thread of its own does the reading, so that nothing in it, a password command or a name that does not resolve, can
//! keep the limit from being held.

use std::collections::HashSet;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow, bail};
use tokio::sync::oneshot;

use crate::analysis::alert::figures::{Recipients, Unseen};
use crate::analysis::alert::outcome::{AlertSource, ScopeFindings};
use crate::analysis::alert::{AlertOutcome, CheckScope, Figures, Metric, MetricCheck};
use crate::analysis::clusters::{self, Joining};
use crate::analysis::failures::{Failures, Filter};
use crate::analysis::input::ReportInput;
use crate::analysis::judge::is_unmapped;
use crate::analysis::phrases;
use crate::analysis::report::{Backlog, Report, ReportSource};
use crate::analysis::running::SESSION;
use crate::analysis::scan::CLOCKS_DIFFER;
use crate::cli::{Global, RowFilter};
use crate::config::Config;
use crate::db::Which;
use crate::log::{self, Confined, Counted, Failed, Log, ScanOptions, wanted};
use crate::model::{DAY, Mail, Meaning, Millis};
use crate::reply::Classifier;
use crate::resend::ledger::Past;
use crate::window::Window;
use crate::zone::{self, TimelineStep};

/// Rows that have been pending for longer are forgotten ones, and would raise an alert for ever.
const FORGOTTEN: Millis = 7 * DAY;

/// What there is to find out.
#[derive(Debug, Clone)]
pub struct Question {
    /// Flags of every command.
    pub flags: Global,
    /// The checks to make.
    pub checks: Vec<MetricCheck>,
    /// End of the windows; without it, now.
    pub at: Option<Millis>,
}

/// What was found.
#[derive(Debug)]
pub struct Observations {
    /// The outcome of all checks.
    pub outcome: AlertOutcome,
    /// With `--print-sql`, what would have been asked.
    pub statements: Option<String>,
    /// How long the log was read, and what would have made it quicker.
    pub slow: Option<(Duration, String)>,
}

/// Finds out, or says after the limit that it could not.
///
/// # Errors
/// Config, window, database, time.
pub async fn within(limit: Duration, question: Question, mut config: Config) -> Result<Observations> {
    if let Some(database) = &mut config.database {
        // so that the server does not go on for nobody
        database.hurry(limit + Duration::from_secs(1));
    }
    let (answer, answered) = oneshot::channel();
    thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let found =
            runtime.context("cannot start").and_then(|runtime| runtime.block_on(find(&question, config)));
        // nobody waits any more when the limit is over
        let _ = answer.send(found);
    });
    match tokio::time::timeout(limit, answered).await {
        Ok(found) => found.map_err(|_| anyhow!("alert: the reading of the log broke off"))?,
        Err(_) => bail!(
            "alert: no answer from the database within {}; raise --timeout, or look with -v at what takes so long",
            humantime::format_duration(limit)
        ),
    }
}

async fn find(question: &Question, config: Config) -> Result<Observations> {
    let (mut log, rules) = Log::open(&question.flags, config, &RowFilter::default(), None).await?;
    let rules = rules.ready()?;
    let at = question.at.unwrap_or(log.now);
    log.now = at;
    let start = Instant::now();
    let mut known = Known::of(&mut log, &rules).await?;
    let mut found: Vec<(&CheckScope, ScopeFindings)> = Vec::new();
    for check in &question.checks {
        if found.iter().all(|(scope, _)| **scope != check.scope) {
            let metrics = question.checks.iter().filter(|other| other.scope == check.scope);
            let metrics: Vec<Metric> = metrics.map(|check| check.metric).collect();
            found.push((&check.scope, scope(&mut log, &rules, &check.scope, &metrics, &mut known).await?));
        }
    }
    let took = start.elapsed();
    log.db.settle()?;
    let statements: Vec<String> = log.db.would_ask().iter().map(ToString::to_string).collect();
    let slow = match question.flags.verbose {
        0 => None,
        _ => log.db.missing_index(&log.mapping, log.window).await?.map(|index| (took, index)),
    };
    let place = AlertSource { database: log.db.name().to_owned(), table: log.mapping.table.1.clone() };
    let of =
        |check: &MetricCheck| found.iter().find(|(scope, _)| **scope == check.scope).map(|(_, found)| found);
    let checks: Vec<_> = question.checks.iter().filter_map(|check| Some((check, of(check)?))).collect();
    let outcome = AlertOutcome::new(log.clock, place, known.backlog, &checks)
        .context("alert: there is no check to make")?;
    let statements = question.flags.print_sql.then(|| statements.join("\n"));
    Ok(Observations { outcome, statements, slow })
}

/// What is known of the log as a whole, whatever the scope of a check.
struct Known {
    past: Past,
    /// What should go again and has not; none for an imported log.
    backlog: Option<Backlog>,
    /// The keys of failed rows whose mail went after all.
    went: HashSet<Box<str>>,
}

impl Known {
    async fn of(log: &mut Log, rules: &Classifier) -> Result<Self> {
        let mut past = log.past().await?;
        let Counted { backlog, went, .. } = counted(log, rules, &mut past, &Confined::default()).await?;
        Ok(Self { past, backlog: Some(backlog).filter(|_| !log.is_imported), went })
    }

    /// The backlog of a scope, where a check asks for it.
    async fn backlog_of(
        &mut self,
        log: &mut Log,
        rules: &Classifier,
        scope: &CheckScope,
        metrics: &[Metric],
    ) -> Result<Option<Backlog>> {
        let filter = Filter { code: scope.code, class: scope.class };
        let confined = Confined { status: None, sender: scope.sender.as_deref(), filter };
        let is_whole = scope.sender.is_none() && scope.code.is_none() && scope.class.is_none();
        let is_asked =
            metrics.iter().any(|metric| matches!(metric, Metric::BacklogRows | Metric::BacklogAge));
        match self.backlog {
            Some(_) if is_asked && !is_whole => {
                Ok(Some(counted(log, rules, &mut self.past, &confined).await?.backlog))
            }
            whole => Ok(whole),
        }
    }
}

async fn counted(
    log: &mut Log,
    rules: &Classifier,
    past: &mut Past,
    confined: &Confined<'_>,
) -> Result<Counted> {
    let terms = log.terms();
    let since = log::begin_of_backlog((&mut log.db, &log.mapping), &terms).await?;
    let place = (&mut log.db, &log.mapping);
    log::backlog(place, &terms, rules, past, confined, Failed::Since(since)).await
}

/// All that the checks of one scope need.
async fn scope(
    log: &mut Log,
    rules: &Classifier,
    scope: &CheckScope,
    metrics: &[Metric],
    known: &mut Known,
) -> Result<ScopeFindings> {
    let at = log.now;
    log.window = Window { since: Some(at - scope.window), until: Some(at), zone: log.window.zone };
    let rows = RowFilter { sender: scope.sender.clone(), ..RowFilter::default() };
    let mut failures = Failures::new(rules, Filter { code: scope.code, class: scope.class });
    let timeless = log::failures_for_alert(log, &rows, &mut failures).await?;
    if !scope.count_healed {
        failures.recover(&known.went);
    }
    let sent_since = known.past.sent_within(log.window).into_iter().map(String::into_boxed_str).collect();
    failures.recover(&sent_since);
    let backlog = known.backlog_of(log, rules, scope, metrics).await?;
    // as a report finds them
    let joining = Joining::default();
    let clusters = clusters::find(&failures, joining);
    let options = ScanOptions { rows: &rows, gap: joining.gap, session: SESSION, step: TimelineStep::Hour };
    let mut swept = log::scan(log, &options, &failures, &clusters).await?;
    swept.future = future(log, scope, at).await?;
    let report = Report::new(&ReportInput {
        now: log.now,
        window: log.window,
        source: ReportSource::default(),
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
    let mut figures = Figures::of(&report, &failures, swept.unplaced, scope.count_healed);
    (figures.timeless, figures.doubts) = (timeless, known.past.in_doubt() as u64);
    if metrics.contains(&Metric::Pending) {
        figures.pending = pending(log, scope, at).await?;
    }
    if metrics.contains(&Metric::Silence) {
        figures.usual_rows = usual_rows(log, scope).await?;
    }
    if metrics.contains(&Metric::Quota) {
        figures.allowed_a_day = log.profile.recipients_per_day;
        figures.busiest = busiest(log, scope, at).await?;
    }
    if metrics.contains(&Metric::NewCauses) {
        figures.new_causes = new_causes(log, scope, &failures).await?;
    }
    let blind = blind(log, scope, &report);
    Ok(ScopeFindings { figures, report, max_age: log.max_age, blind })
}

/// Why nothing can be said of a window, where that is so.
fn blind(log: &Log, scope: &CheckScope, report: &Report) -> Option<String> {
    if is_unmapped(report) {
        return phrases::unmapped(report).map(|words| format!("status words without a meaning: {words}"));
    }
    (log.mapping.has_dates_only && scope.window < DAY).then(|| {
        "the log has dates without a time of day, so less than a day cannot be judged; give --window 1d"
            .to_owned()
    })
}

/// Rows that were tried at a time that is still to come, and the last of these times; unknown where an earlier moment is looked at.
async fn future(log: &mut Log, scope: &CheckScope, at: Millis) -> Result<(u64, Option<Millis>)> {
    let since = at.saturating_add(CLOCKS_DIFFER + 1);
    let (mut rows, mut last) = (0, None);
    if at < log.clock {
        return Ok((rows, last));
    }
    let window = Window { since: Some(since), until: None, zone: log.window.zone };
    let words = log.mapping.words.clone();
    log::each_attempt(log, scope.sender.as_deref(), window, &mut |attempt| {
        if matches!(words.meaning(attempt.status), Meaning::Sent | Meaning::Failed) {
            (rows, last) = (rows + 1, last.max(attempt.at));
        }
    })
    .await?;
    Ok((rows, last))
}

/// Rows that wait for longer than they should.
async fn pending(log: &mut Log, scope: &CheckScope, at: Millis) -> Result<u64> {
    let words: Vec<String> = log.mapping.words.of(Meaning::Pending).map(str::to_owned).collect();
    let until = at - scope.pending_age;
    let window = Window { since: Some(until - FORGOTTEN), until: Some(until), ..log.window };
    let mut rows = 0;
    let mut count = |mail: Mail| {
        let is_wanted = wanted(scope.sender.as_deref(), mail.sender.as_deref());
        rows += u64::from(mail.at.is_some() && is_wanted);
    };
    log.db.mails(&log.mapping, &Which { window, words: &words, among: None }, &mut count).await?;
    Ok(rows)
}

/// The fewer rows of the same time of day one and two weeks before: a holiday in one of them raises no alarm.
async fn usual_rows(log: &mut Log, scope: &CheckScope) -> Result<u64> {
    let mut fewest = u64::MAX;
    for weeks in [1, 2] {
        let zone = log.window.zone;
        let earlier = |at: Option<Millis>| at.map(|at| zone::days_before(at, 7 * weeks, zone));
        let window = Window { since: earlier(log.window.since), until: earlier(log.window.until), zone };
        let mut rows = 0;
        log::each_attempt(log, scope.sender.as_deref(), window, &mut |_| rows += 1).await?;
        fewest = fewest.min(rows);
    }
    Ok(fewest)
}

/// The mailbox with most recipients in the day that ends now.
async fn busiest(log: &mut Log, scope: &CheckScope, at: Millis) -> Result<(u64, Option<String>)> {
    let window = Window { since: Some(at - DAY), until: Some(at), ..log.window };
    let mut recipients = Recipients::default();
    log::each_attempt(log, scope.sender.as_deref(), window, &mut |attempt| recipients.add(attempt)).await?;
    Ok(recipients.busiest())
}

/// Causes of the window that the time before it did not have; asked only where there are failures.
async fn new_causes(log: &mut Log, scope: &CheckScope, failures: &Failures<'_>) -> Result<u64> {
    let mut unseen = Unseen::of(failures, scope.count_healed);
    if unseen.count() == 0 && !log.is_dry_run {
        return Ok(0);
    }
    let since = log.window.since.map(|since| since - scope.baseline);
    let window = Window { since, until: log.window.since, ..log.window };
    let words = log.failed_words(&RowFilter::default());
    let mut seen = |mail: Mail| unseen.seen(mail.error.as_deref().unwrap_or_default());
    log.db.mails(&log.mapping, &Which { window, words: &words, among: None }, &mut seen).await?;
    Ok(unseen.count())
}
