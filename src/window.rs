//! The window a question is asked about, and the ways a person may write its ends.
//!
//! A window takes in its start and leaves out its end, so that two windows that touch share no row.

use chrono::{DateTime, Days, NaiveDate, NaiveDateTime};
use chrono_tz::Tz;

use crate::model::Millis;
use crate::zone;

/// How times may be written, for help texts and errors.
pub const FORMS: &str = "2026-11-20, '2026-11-20 08:30', 2026-11-20T08:30:00+01:00, today, yesterday, \
                         or an age such as 90s, 15m, 24h, 7d";

/// A span of time, open at either end where it is not given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// First instant that belongs to it.
    pub since: Option<Millis>,
    /// First instant that does not belong to it any more.
    pub until: Option<Millis>,
    /// The zone of naive times, in which times are shown.
    pub zone: Tz,
}

impl Window {
    /// Reads `--since` and `--until` as a person wrote them; `all` leaves the start open. Without `--since`, the window
    /// begins so many milliseconds before its end or now, or is open.
    ///
    /// # Errors
    /// One line that names the flag and shows the accepted forms.
    pub fn read(
        since: Option<&str>,
        until: Option<&str>,
        usual: Option<Millis>,
        now: Millis,
        zone: Tz,
    ) -> Result<Self, String> {
        let until = until.map(|text| end("--until", text, now, zone)).transpose()?;
        let since = match since {
            Some("all") => None,
            Some(text) => Some(end("--since", text, now, zone)?),
            None => usual.map(|span| until.unwrap_or(now) - span),
        };
        match (since, until) {
            (Some(since), Some(until)) if since >= until => Err(format!(
                "--since ({}) is not before --until ({}); exchange them",
                show(since, zone),
                show(until, zone)
            )),
            _ => Ok(Self { since, until, zone }),
        }
    }

    /// Whether the instant lies inside.
    pub fn contains(&self, at: Millis) -> bool {
        self.since.is_none_or(|since| at >= since) && self.until.is_none_or(|until| at < until)
    }

    /// Whether it leaves out nothing.
    pub fn is_all(&self) -> bool {
        self.since.is_none() && self.until.is_none()
    }
}

/// An instant as people read it: wall clock of the zone, with the offset.
pub fn show(at: Millis, zone: Tz) -> String {
    zone::local(at, zone).format("%Y-%m-%d %H:%M:%S %:z").to_string()
}

/// The years a window may lie in, 1 to 9999: those that are written with four digits.
const YEARS: std::ops::Range<Millis> = -62_135_596_800_000..253_402_300_800_000;

/// Reads one end of a window, given by a flag.
///
/// # Errors
/// One line that names the flag and shows the accepted forms.
pub fn end(flag: &str, text: &str, now: Millis, zone: Tz) -> Result<Millis, String> {
    parse(text.trim(), now, zone)
        .filter(|at| YEARS.contains(at))
        .ok_or_else(|| format!("{flag} '{}' is no time; write {FORMS}", text.escape_debug()))
}

fn parse(text: &str, now: Millis, zone: Tz) -> Option<Millis> {
    let today = zone::local(now, zone).date_naive();
    match text {
        "today" => return Some(zone::day_start(today, zone)),
        "yesterday" => return Some(zone::day_start(today.checked_sub_days(Days::new(1))?, zone)),
        _ => {}
    }
    if let Ok(time) = DateTime::parse_from_rfc3339(text) {
        return Some(time.timestamp_millis());
    }
    if let Ok(day) = NaiveDate::parse_from_str(text, "%Y-%m-%d") {
        return Some(zone::day_start(day, zone));
    }
    let forms = ["%Y-%m-%d %H:%M", "%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S%.f"];
    let naive = forms.iter().find_map(|form| NaiveDateTime::parse_from_str(text, form).ok());
    if let Some(local) = naive {
        return Some(zone::instant(local, zone));
    }
    let age = humantime::parse_duration(text).ok()?;
    now.checked_sub(i64::try_from(age.as_millis()).ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono_tz::Europe::Berlin;

    /// 2026-11-20 08:30:00 in Berlin.
    const NOW: Millis = 1_795_159_800_000;

    #[test]
    fn every_form_of_a_time_is_understood() {
        let cases = [
            ("2026-11-20", "2026-11-20 00:00:00 +01:00"),
            ("2026-11-20 08:30", "2026-11-20 08:30:00 +01:00"),
            ("2026-11-20T08:30:15.5", "2026-11-20 08:30:15 +01:00"),
            ("2026-11-20T08:30:00Z", "2026-11-20 09:30:00 +01:00"),
            ("today", "2026-11-20 00:00:00 +01:00"),
            ("yesterday", "2026-11-19 00:00:00 +01:00"),
            ("90s", "2026-11-20 08:28:30 +01:00"),
            ("7d", "2026-11-13 08:30:00 +01:00"),
        ];
        for (text, expected) in cases {
            assert_eq!(
                parse(text, NOW, Berlin).map(|at| show(at, Berlin)).as_deref(),
                Some(expected),
                "{text}"
            );
        }
    }

    #[test]
    fn what_is_no_time_is_answered_with_the_forms() {
        for text in ["", "tomorrow-ish", "2026-13-01", "25:00", "-5m", "99999999999999999d"] {
            let error = Window::read(Some(text), None, None, NOW, Berlin).unwrap_err();
            assert_eq!(error, format!("--since '{text}' is no time; write {FORMS}"));
        }
    }

    #[test]
    fn the_usual_window_ends_where_the_window_ends() {
        let window = Window::read(None, Some("2026-11-20"), Some(86_400_000), NOW, Berlin).unwrap();
        assert_eq!(window.since.map(|at| show(at, Berlin)).as_deref(), Some("2026-11-19 00:00:00 +01:00"));
        assert!(Window::read(Some("all"), None, Some(1), NOW, Berlin).unwrap().is_all());
    }

    #[test]
    fn a_window_that_ends_before_it_begins_is_refused() {
        let error = Window::read(Some("today"), Some("yesterday"), None, NOW, Berlin).unwrap_err();
        assert_eq!(
            error,
            "--since (2026-11-20 00:00:00 +01:00) is not before --until (2026-11-19 00:00:00 +01:00); exchange them"
        );
    }
}
