//! Metrics in Prometheus' text format, for a scrape or the node exporter's textfile collector.
//!
//! No time stamps: with one the collector leaves out the whole file. Counts of a window are gauges. Labels are names of
//! checks, classes and codes, never an address or a text; codes beyond a bound are counted together.
//! Source: <https://prometheus.io/docs/instrumenting/exposition_formats/>

use std::collections::BTreeMap;

use crate::analysis::alert::outcome::MetricRow;
use crate::analysis::alert::range::shown;
use crate::analysis::alert::{AlertOutcome, AlertState};
use crate::model::Millis;

/// More pairs of class and code than this are one.
const MOST_CODES: usize = 50;

/// Writes an outcome.
pub fn metrics(outcome: &AlertOutcome) -> String {
    let mut text = String::new();
    let checks = |value: &dyn Fn(&MetricRow) -> Option<String>| {
        let sample =
            |row: &MetricRow| Some((labels(&[("check", &row.name), ("metric", row.metric)]), value(row)?));
        outcome.metrics.iter().filter_map(sample).collect::<Vec<_>>()
    };
    family(&mut text, "alert_state", STATE, &[(String::new(), outcome.state.code().to_string())]);
    family(&mut text, "check_state", STATE, &checks(&|row| Some(row.state.code().to_string())));
    family(&mut text, "check_value", "Figure of a check.", &checks(&|row| row.value.map(shown)));
    let totals = &outcome.totals;
    let meanings = [
        ("sent", totals.sent),
        ("failed", totals.failed),
        ("pending", totals.pending),
        ("other", totals.other),
    ];
    let rows = meanings.map(|(meaning, rows)| (labels(&[("meaning", meaning)]), rows.to_string()));
    family(&mut text, "rows", "Rows of the window by what their status means.", &rows);
    family(&mut text, "failures", "Failed mails of the window by class and code.", &failures(outcome));
    let backlog = outcome.backlog.as_ref();
    let age = backlog.map(|backlog| backlog.oldest_age_s.unwrap_or(0).unsigned_abs());
    let single = [
        ("healed_failures", "Failed mails of the window that succeeded later.", Some(outcome.healed)),
        (
            "unclassified_failures",
            "Failed mails of the window that no rule knows.",
            Some(totals.unclassified),
        ),
        ("timeless_failures", "Failed rows without a readable time.", Some(outcome.timeless)),
        (
            "backlog_rows",
            "Failed mails that should go again and have not.",
            backlog.map(|backlog| backlog.rows),
        ),
        ("backlog_oldest_age_seconds", "Age of the oldest of them.", age),
        (
            "opened_per_minute",
            "Connections of the busiest mailbox in a minute, one for each mail.",
            outcome.opened_per_minute,
        ),
        (
            "opened_per_hour",
            "Connections of the busiest mailbox in an hour, one for each mail.",
            outcome.opened_per_hour,
        ),
    ];
    for (name, help, value) in single.into_iter().filter_map(|(name, help, value)| Some((name, help, value?)))
    {
        family(&mut text, name, help, &[(String::new(), value.to_string())]);
    }
    text + &last_run(outcome.generated_at, outcome.state != AlertState::Unknown)
}

/// What is written where nothing could be found out.
pub fn failed(now: Millis) -> String {
    let mut text = String::new();
    family(&mut text, "alert_state", STATE, &[(String::new(), AlertState::Unknown.code().to_string())]);
    text + &last_run(now, false)
}

const STATE: &str = "0 OK, 1 warning, 2 critical, 3 unknown.";

fn last_run(now: Millis, success: bool) -> String {
    let mut text = String::new();
    let at = [(String::new(), now.div_euclid(1000).to_string())];
    family(&mut text, "last_run_timestamp_seconds", "When the last run ended.", &at);
    let success = [(String::new(), u8::from(success).to_string())];
    family(&mut text, "last_run_success", "Whether the last run could find out.", &success);
    text
}

/// Failures by class and code, those of the rarest pairs together.
fn failures(outcome: &AlertOutcome) -> Vec<(String, String)> {
    let mut counts: BTreeMap<(String, String), u64> = BTreeMap::new();
    // causes come with the commonest first
    for cause in &outcome.causes {
        let code = cause.enhanced.map(|code| code.to_string()).or(cause.reply.map(|reply| reply.to_string()));
        let key = (cause.class.to_string(), code.unwrap_or_else(|| "none".to_owned()));
        let is_full = counts.len() >= MOST_CODES && !counts.contains_key(&key);
        let key = if is_full { ("other".to_owned(), "other".to_owned()) } else { key };
        *counts.entry(key).or_default() += cause.rows;
    }
    let sample = |((class, code), rows): ((String, String), u64)| {
        (labels(&[("class", &class), ("code", &code)]), rows.to_string())
    };
    counts.into_iter().map(sample).collect()
}

/// A metric with its samples; one without samples is left out.
fn family(text: &mut String, name: &str, help: &str, samples: &[(String, String)]) {
    if samples.is_empty() {
        return;
    }
    text.push_str(&format!("# HELP mailthrottle_{name} {help}\n# TYPE mailthrottle_{name} gauge\n"));
    for (labels, value) in samples {
        text.push_str(&format!("mailthrottle_{name}{labels} {value}\n"));
    }
}

fn labels(pairs: &[(&str, &str)]) -> String {
    let escaped = |value: &str| value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
    let pairs: Vec<_> = pairs.iter().map(|(name, value)| format!("{name}=\"{}\"", escaped(value))).collect();
    format!("{{{}}}", pairs.join(","))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_is_escaped() {
        assert_eq!(labels(&[("check", "a\"b\\c\nd")]), r#"{check="a\"b\\c\nd"}"#);
    }

    #[test]
    fn a_failed_run_still_says_when_it_was() {
        assert_eq!(
            failed(1_795_159_800_999),
            "# HELP mailthrottle_alert_state 0 OK, 1 warning, 2 critical, 3 unknown.\n\
             # TYPE mailthrottle_alert_state gauge\n\
             mailthrottle_alert_state 3\n\
             # HELP mailthrottle_last_run_timestamp_seconds When the last run ended.\n\
             # TYPE mailthrottle_last_run_timestamp_seconds gauge\n\
             mailthrottle_last_run_timestamp_seconds 1795159800\n\
             # HELP mailthrottle_last_run_success Whether the last run could find out.\n\
             # TYPE mailthrottle_last_run_success gauge\n\
             mailthrottle_last_run_success 0\n"
        );
    }
}
