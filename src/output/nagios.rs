//! One line for Nagios, Icinga and their kin: state, sentence, and after a bar the figures with their ranges.
//!
//! Source: <https://www.monitoring-plugins.org/doc/guidelines.html#PLUGOUTPUT> and the section on performance data.

use super::escape;
use crate::analysis::alert::outcome::MetricRow;
use crate::analysis::alert::range::shown;
use crate::analysis::alert::{AlertOutcome, AlertState};

/// Writes an outcome.
pub fn line(outcome: &AlertOutcome) -> String {
    let figures: Vec<String> = outcome.metrics.iter().map(figure).collect();
    format!("{} | {}\n", sentence(outcome.state, &outcome.summary), figures.join(" "))
}

/// What is said where nothing could be found out.
///
/// ```
/// use mailthrottle::output::nagios;
/// assert_eq!(nagios::unknown("no such\nfile"), "MAILTHROTTLE UNKNOWN - no such file\n");
/// ```
pub fn unknown(why: &str) -> String {
    sentence(AlertState::Unknown, why) + "\n"
}

/// A bar would end the sentence.
fn sentence(state: AlertState, text: &str) -> String {
    format!("MAILTHROTTLE {} - {}", state.word(), escape::line(text).replace('|', "/"))
}

/// `label=value[unit];[warn];[crit];[min];[max]`
fn figure(row: &MetricRow) -> String {
    let value = row.value.map_or("U".to_owned(), |value| format!("{}{}", shown(value), row.unit));
    let [warning, critical] = [&row.warning, &row.critical]
        .map(|range| range.as_ref().map_or_else(String::new, ToString::to_string));
    format!("{}={value};{warning};{critical};0", label(&row.name))
}

/// In quotes where it has anything but letters, digits and marks that mean nothing; an equals sign may never be in it.
fn label(name: &str) -> String {
    let name = escape::line(name).replace('=', "_");
    let is_plain = name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'));
    if is_plain { name } else { format!("'{}'", name.replace('\'', "''")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_is_quoted_where_it_must_be() {
        assert_eq!(
            ["new-causes", "two words", "it's", "a=b", "|"].map(label),
            ["new-causes", "'two words'", "'it''s'", "a_b", "'|'"]
        );
    }

    #[test]
    fn an_error_stays_one_line_without_a_bar() {
        assert_eq!(unknown("a | b\nc"), "MAILTHROTTLE UNKNOWN - a / b c\n");
    }
}
