//! Wall-clock time: naive local times to instants and back, and the hours and days of a zone.
//!
//! A local time that exists twice (clocks go back) is taken as the first of the two; one that does not exist
//! (clocks go forward) is read with the offset in force before the change. Both are what databases do.

use chrono::{
    DateTime, Days, Duration, LocalResult, NaiveDate, NaiveDateTime, NaiveTime, SecondsFormat, TimeZone, Utc,
};
use chrono_tz::Tz;
use serde::{Serialize, Serializer};

use crate::model::{HOUR, MINUTE, Millis};

/// The instant of a naive local time in `zone`.
pub fn instant(local: NaiveDateTime, zone: Tz) -> Millis {
    match zone.from_local_datetime(&local) {
        LocalResult::Single(time) | LocalResult::Ambiguous(time, _) => time.timestamp_millis(),
        LocalResult::None => {
            let before = zone.from_local_datetime(&(local - Duration::hours(3))).earliest();
            before.map_or_else(
                || local.and_utc().timestamp_millis(),
                |time| (time + Duration::hours(3)).timestamp_millis(),
            )
        }
    }
}

/// The wall-clock time of an instant in `zone`.
pub fn local(at: Millis, zone: Tz) -> DateTime<Tz> {
    utc(at).with_timezone(&zone)
}

/// The instant as a chrono time; instants outside chrono's range become its nearest end.
pub fn utc(at: Millis) -> DateTime<Utc> {
    let nearest = if at < 0 { DateTime::<Utc>::MIN_UTC } else { DateTime::<Utc>::MAX_UTC };
    DateTime::from_timestamp_millis(at).unwrap_or(nearest)
}

/// An instant as JSON has it: RFC 3339 in UTC with milliseconds.
pub fn rfc3339(at: Millis) -> String {
    utc(at).to_rfc3339_opts(SecondsFormat::Millis, true)
}

/// Reads an instant as [`rfc3339`] writes it.
pub fn read_rfc3339(text: &str) -> Option<Millis> {
    DateTime::parse_from_rfc3339(text).ok().map(|time| time.timestamp_millis())
}

/// Writes an instant, or none, into JSON.
///
/// # Errors
/// The serializer's.
pub fn serialize<S: Serializer>(
    at: &(impl Copy + Into<Option<Millis>>),
    serializer: S,
) -> Result<S::Ok, S::Error> {
    (*at).into().map(rfc3339).serialize(serializer)
}

/// The instant a day begins in `zone`.
pub fn day_start(day: NaiveDate, zone: Tz) -> Millis {
    instant(day.and_time(NaiveTime::MIN), zone)
}

/// The same time of the wall clock some days before.
///
/// ```
/// use mailthrottle::zone::days_before;
/// // clocks went back on 2026-10-25: a week before, the same hour was an hour earlier in UTC
/// assert_eq!(days_before(1_793_268_000_000, 7, chrono_tz::Europe::Berlin), 1_793_268_000_000 - 169 * 3_600_000);
/// ```
pub fn days_before(at: Millis, days: u64, zone: Tz) -> Millis {
    let wall = local(at, zone).naive_local();
    wall.checked_sub_days(Days::new(days)).map_or(at, |earlier| instant(earlier, zone))
}

/// The length of a timeline's steps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum TimelineStep {
    /// One minute.
    Minute,
    /// One hour of the wall clock.
    Hour,
    /// One day of the wall clock: 23, 24 or 25 hours.
    Day,
}

impl TimelineStep {
    /// Start and end (not included) of the step that contains `at`.
    ///
    /// ```
    /// use mailthrottle::zone::TimelineStep;
    /// // 2026-10-25 in Berlin: clocks go back, the day has 25 hours
    /// let (start, end) = TimelineStep::Day.around(1_792_922_400_000, chrono_tz::Europe::Berlin);
    /// assert_eq!((end - start) / 3_600_000, 25);
    /// ```
    pub fn around(self, at: Millis, zone: Tz) -> (Millis, Millis) {
        match self {
            TimelineStep::Minute => even(at, zone, MINUTE),
            TimelineStep::Hour => even(at, zone, HOUR),
            TimelineStep::Day => {
                let day = local(at, zone).date_naive();
                let next = day.checked_add_days(Days::new(1)).unwrap_or(NaiveDate::MAX);
                (day_start(day, zone), day_start(next, zone))
            }
        }
    }
}

/// Steps of a fixed length, aligned to the wall clock.
fn even(at: Millis, zone: Tz, length: Millis) -> (Millis, Millis) {
    let wall = local(at, zone).naive_local().and_utc().timestamp_millis();
    let start = at - wall.rem_euclid(length);
    (start, start + length)
}

/// Zones of half and quarter hours that have no summer time, by their offset in minutes.
const ODD_ZONES: [(Millis, Tz); 9] = [
    (-570, Tz::Pacific__Marquesas),
    (210, Tz::Asia__Tehran),
    (270, Tz::Asia__Kabul),
    (330, Tz::Asia__Kolkata),
    (345, Tz::Asia__Kathmandu),
    (390, Tz::Asia__Yangon),
    (525, Tz::Australia__Eucla),
    (570, Tz::Australia__Darwin),
    (0, Tz::UTC),
];

/// The zone without summer time that always has an offset, as `+02:00`.
pub fn steady(text: &str) -> Option<Tz> {
    let at = offset(text)?;
    if at % HOUR != 0 || at == 0 {
        return ODD_ZONES.into_iter().find(|(minutes, _)| minutes * MINUTE == at).map(|(_, zone)| zone);
    }
    // these names count to the west
    format!("Etc/GMT{:+}", -at / HOUR).parse().ok()
}

/// A zone's offset in whole minutes, from `+05:30`.
pub fn offset(text: &str) -> Option<Millis> {
    let (hours, minutes) = text.get(1..)?.split_once(':')?;
    let minutes: Millis = hours.parse::<Millis>().ok()? * 60 + minutes.parse::<Millis>().ok()?;
    match text.as_bytes()[0] {
        b'+' => Some(minutes * MINUTE),
        b'-' => Some(-minutes * MINUTE),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono_tz::{Asia::Kolkata, Europe::Berlin};

    fn naive(text: &str) -> NaiveDateTime {
        NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M:%S").unwrap()
    }

    fn utc_text(at: Millis) -> String {
        utc(at).format("%m-%d %H:%M").to_string()
    }

    #[test]
    fn local_times_around_the_change_of_clocks() {
        let cases = [
            ("2026-03-29 01:59:00", "03-29 00:59"),
            ("2026-03-29 02:30:00", "03-29 01:30"), // does not exist
            ("2026-03-29 03:00:00", "03-29 01:00"),
            ("2026-10-25 02:30:00", "10-25 00:30"), // exists twice: the first
            ("2026-10-25 03:00:00", "10-25 02:00"),
        ];
        for (local, expected) in cases {
            assert_eq!(utc_text(instant(naive(local), Berlin)), expected, "{local}");
        }
    }

    #[test]
    fn a_day_has_as_many_hours_as_the_clock_says() {
        for (noon, hours) in
            [("2026-03-29 12:00:00", 23), ("2026-10-25 12:00:00", 25), ("2026-11-20 12:00:00", 24)]
        {
            let (start, end) = TimelineStep::Day.around(instant(naive(noon), Berlin), Berlin);
            assert_eq!((end - start) / 3_600_000, hours, "{noon}");
        }
    }

    #[test]
    fn hours_follow_the_wall_clock_where_the_offset_is_half_an_hour() {
        let at = instant(naive("2026-11-20 10:45:00"), Kolkata);
        assert_eq!(TimelineStep::Hour.around(at, Kolkata).0, instant(naive("2026-11-20 10:00:00"), Kolkata));
    }

    #[test]
    fn the_hosts_offset_becomes_a_zone_without_summer_time() {
        let zone = |text| steady(text).map(|zone| zone.name());
        assert_eq!(zone("+00:00"), Some("UTC"));
        assert_eq!(zone("+02:00"), Some("Etc/GMT-2"));
        assert_eq!(zone("-05:00"), Some("Etc/GMT+5"));
        assert_eq!(zone("+05:30"), Some("Asia/Kolkata"));
        assert_eq!(zone("-03:30"), None);
        assert_eq!(zone("Europe/Berlin"), None);
    }
}
