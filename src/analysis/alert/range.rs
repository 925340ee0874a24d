//! Ranges of thresholds, in the grammar of monitoring plugins: `[@]start:end`.
//!
//! A value outside the range, its ends not included, raises an alert; with `@` one inside, its ends included. `start:`
//! may be left out if it is 0, `~` is minus infinity, a missing end is infinity.
//! Source: <https://www.monitoring-plugins.org/doc/guidelines.html#THRESHOLDFORMAT>

use std::fmt;
use std::str::FromStr;

use serde::{Serialize, Serializer};

/// A range, kept with the text it was written as.
#[derive(Debug, Clone, PartialEq)]
pub struct Range {
    start: f64,
    end: f64,
    inside: bool,
    text: String,
}

impl Range {
    /// Whether a value raises an alert.
    ///
    /// ```
    /// use mailthrottle::analysis::alert::Range;
    /// let range: Range = "10:20".parse().unwrap();
    /// assert!(range.alerts(9.9) && range.alerts(20.1) && !range.alerts(10.0) && !range.alerts(20.0));
    /// ```
    pub fn alerts(&self, value: f64) -> bool {
        let is_inside = self.start <= value && value <= self.end;
        is_inside == self.inside
    }

    /// What is allowed, for people: `at most 5`, `at least 10`.
    pub fn allowed(&self) -> String {
        let (start, end) = (shown(self.start), shown(self.end));
        match (self.inside, self.start.is_finite() && self.start != 0.0, self.end.is_finite()) {
            (true, ..) => format!("not {start} to {end}"),
            (false, true, true) => format!("{start} to {end}"),
            (false, true, false) => format!("at least {start}"),
            (false, false, true) => format!("at most {end}"),
            (false, false, false) => "anything".to_owned(),
        }
    }
}

/// A number without a useless fraction.
pub fn shown(number: f64) -> String {
    let text = format!("{number:.2}");
    let text = if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { &text };
    if text == "-0" { "0".to_owned() } else { text.to_owned() }
}

impl Range {
    /// A range of ages, whose ends are seconds or lengths of time such as `90m` or `1d`.
    ///
    /// # Errors
    /// Which part is neither, and how ranges are written.
    pub fn of_age(text: &str) -> Result<Self, String> {
        Self::read(text, |end| {
            let length = || humantime::parse_duration(end).ok().map(|length| length.as_secs_f64());
            number(end).or_else(length)
        })
    }

    fn read(text: &str, number: impl Fn(&str) -> Option<f64>) -> Result<Self, String> {
        let written = text.trim();
        let refuse = |why: String| format!("range '{}': {why}; write {FORMS}", written.escape_debug());
        let (inside, ends) = match written.strip_prefix('@') {
            Some(ends) => (true, ends),
            None => (false, written),
        };
        let (start, end) = match ends.split_once(':') {
            Some((start, end)) => (start, end),
            None => ("", ends),
        };
        if start.is_empty() && end.is_empty() {
            return Err(refuse("it has neither start nor end".to_owned()));
        }
        let start = match start {
            "" => 0.0,
            "~" => f64::NEG_INFINITY,
            start => number(start).ok_or_else(|| refuse(format!("start '{start}' is no number")))?,
        };
        let end = match end {
            "" => f64::INFINITY,
            end => number(end).ok_or_else(|| refuse(format!("end '{end}' is no number")))?,
        };
        if start > end {
            return Err(refuse(format!("start {} is above end {}", shown(start), shown(end))));
        }
        Ok(Self { start, end, inside, text: written.to_owned() })
    }
}

impl FromStr for Range {
    type Err = String;

    /// # Errors
    /// Which part is no number, and how ranges are written.
    fn from_str(text: &str) -> Result<Self, String> {
        Self::read(text, number)
    }
}

/// How ranges may be written, for errors.
const FORMS: &str = "10 (alert above 10), 10: (below 10), ~:10, 10:20 (outside) or @10:20 (inside)";

/// Plain decimal numbers: no exponent, no infinity.
fn number(text: &str) -> Option<f64> {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    let is_plain = digits.chars().all(|c| c.is_ascii_digit() || c == '.');
    text.parse().ok().filter(|number: &f64| is_plain && number.is_finite())
}

impl fmt::Display for Range {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Serialize for Range {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The examples of the plugin guidelines and the borders of each: range, values that alert, values that do not.
    const TABLE: &[(&str, &[f64], &[f64])] = &[
        ("10", &[-0.1, -5.0, 10.1], &[0.0, 5.0, 10.0]),
        ("10:", &[9.9, 0.0, -1.0], &[10.0, 1e12]),
        ("~:10", &[10.1, 1e12], &[10.0, 0.0, -1e12]),
        ("10:20", &[9.9, 20.1], &[10.0, 15.0, 20.0]),
        ("@10:20", &[10.0, 15.0, 20.0], &[9.9, 20.1]),
        ("1", &[1.1, -1.0], &[0.0, 1.0]),
        ("20:", &[19.9], &[20.0]),
        ("0", &[0.1, 1.0, -1.0], &[0.0]),
        ("@0:0", &[0.0], &[1.0, -1.0]),
        ("-10:-5", &[-11.0, -4.0, 0.0], &[-10.0, -5.0]),
        ("0.5:1.5", &[0.4, 1.6], &[0.5, 1.5]),
        ("@~:10", &[10.0, -1e12], &[10.1]),
        ("@10", &[0.0, 10.0], &[-0.1, 10.1]),
        (":5", &[5.1, -1.0], &[0.0, 5.0]),
        ("~:", &[], &[-1e12, 0.0, 1e12]),
    ];

    #[test]
    fn every_example_of_the_guidelines() {
        for (text, alert, fine) in TABLE {
            let range: Range = text.parse().unwrap();
            assert!(alert.iter().all(|value| range.alerts(*value)), "{text}");
            assert!(!fine.iter().any(|value| range.alerts(*value)), "{text}");
            assert_eq!(range.to_string(), *text);
        }
    }

    #[test]
    fn a_mistake_is_answered_with_the_part_it_is_in() {
        for (text, why) in [
            ("", "it has neither start nor end"),
            ("@", "it has neither start nor end"),
            (":", "it has neither start nor end"),
            ("ten", "end 'ten' is no number"),
            ("a:10", "start 'a' is no number"),
            ("10:b", "end 'b' is no number"),
            ("10:~", "end '~' is no number"),
            ("1:2:3", "end '2:3' is no number"),
            ("@@1", "end '@1' is no number"),
            ("10%", "end '10%' is no number"),
            ("1e3", "end '1e3' is no number"),
            ("nan", "end 'nan' is no number"),
            ("~", "end '~' is no number"),
            ("20:10", "start 20 is above end 10"),
        ] {
            assert_eq!(
                text.parse::<Range>().unwrap_err(),
                format!("range '{text}': {why}; write {FORMS}"),
                "{text}"
            );
        }
    }

    #[test]
    fn what_is_allowed_reads_as_words() {
        let allowed = |text: &str| text.parse::<Range>().unwrap().allowed();
        assert_eq!(
            ["5", "10:", "10:20", "@1:2", "~:3.50", "~:"].map(allowed),
            ["at most 5", "at least 10", "10 to 20", "not 1 to 2", "at most 3.5", "anything"]
        );
    }

    proptest! {
        #[test]
        fn inside_is_the_opposite_of_outside(start in -1000i32..1000, length in 0i32..1000, value in -3000i32..3000) {
            let ends = format!("{start}:{}", start + length);
            let (outside, inside): (Range, Range) = (ends.parse().unwrap(), format!("@{ends}").parse().unwrap());
            let is_inside = (start..=start + length).contains(&value);
            prop_assert_eq!(outside.alerts(value.into()), !is_inside);
            prop_assert_eq!(inside.alerts(value.into()), is_inside);
        }

        #[test]
        fn no_text_makes_it_fall_over(text in "\\PC*") {
            let _ = text.parse::<Range>();
        }
    }
}
