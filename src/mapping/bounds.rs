//! The window as conditions on the user's own time column, so that an index on it serves.
//!
//! Bounds may be wider than the window where the column's form cannot say it exactly (texts, naive times around a change
//! of clocks, dates); the reader decides. A row whose time cannot be placed anywhere belongs to every window.

use chrono::{Datelike, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta};

use crate::mapping::resolve::ColumnKind;
use crate::mapping::sql::{Bind, Binds, TimeBounds};
use crate::mapping::time::{Form, LAST_NUMBER, LEAST_MILLIS, LEAST_NUMBER};
use crate::mapping::time_format::TimeFormat;
use crate::mapping::{Column, Mapping};
use crate::model::{DAY, MINUTE, Millis};
use crate::window::Window;
use crate::zone;

/// Further than clocks are ever put back.
const CHANGE_OF_CLOCKS: Millis = 3 * 3_600_000;

/// A time before and one after all that a log may hold, as texts and as times.
const BEFORE_ALL: [&str; 2] = ["", "-infinity"];
const AFTER_ALL: [&str; 2] = ["9999-12-31~", "infinity"];

/// The same where times know no infinity.
const FIRST_DAY: NaiveDateTime = NaiveDate::from_ymd_opt(1, 1, 1).expect("a date").and_time(NaiveTime::MIN);
const LAST_DAY: NaiveDateTime =
    NaiveDate::from_ymd_opt(9999, 12, 31).expect("a date").and_time(NaiveTime::MIN);

impl Mapping {
    /// The parts in which an index gives the window and all that cannot be placed, no row twice.
    pub fn parts_by_index(&self, window: Window) -> Vec<TimeBounds> {
        let (inside, unplaced) = (TimeBounds::Inside(window), TimeBounds::Unplaced(window));
        if self.dialect.asks_apart() {
            vec![inside, unplaced, TimeBounds::Missing]
        } else if self.dialect.has_types() {
            vec![inside, unplaced]
        } else {
            vec![inside, TimeBounds::OtherwiseWritten(window), unplaced, TimeBounds::Missing]
        }
    }

    /// The condition for these times, if they need one.
    pub(super) fn with_times(&self, times: TimeBounds, binds: &mut Binds) -> Option<String> {
        if times == TimeBounds::Any {
            return None;
        }
        let time = self.compared_time(binds);
        match times {
            TimeBounds::Any => None,
            TimeBounds::Inside(window) => self.inside(&time, window, 0, binds),
            // a look at every row can afford a day more, for rows that are written otherwise than most
            TimeBounds::InsideOrUnplaced(window) => self
                .inside(&time, window, 1, binds)
                .map(|inside| format!("(({inside}) OR {})", self.missing_or_odd(&time, binds))),
            TimeBounds::Unplaced(window) => Some(self.unplaced_outside(&time, window, binds)),
            TimeBounds::OtherwiseWritten(window) => Some(self.otherwise_written(&time, window, binds)),
            TimeBounds::Missing => Some(self.missing(&time, binds)),
            // of times that are of a type of their own, both ends leave out what is missing or odd
            TimeBounds::Placed(window)
                if self.kind_of_sent_date().is_time() && window.since.is_some() && window.until.is_some() =>
            {
                self.inside(&time, window, 0, binds)
            }
            TimeBounds::Placed(window) => {
                let inside = self.inside(&time, window, 0, binds).map(|inside| format!("{inside} AND "));
                Some(format!("{}NOT {}", inside.unwrap_or_default(), self.missing_or_odd(&time, binds)))
            }
        }
    }

    fn kind_of_sent_date(&self) -> &ColumnKind {
        self.kind_of_time(Column::SentDate).unwrap_or(&ColumnKind::Instant)
    }

    fn compared_time(&self, binds: &mut Binds) -> String {
        let time = self.time(Column::SentDate, binds);
        // a text that sorts is compared as it is kept, and a number by larger bounds
        let time = match &self.time_format {
            Some(TimeFormat::Text(format)) if !format.sorts() => format.in_order(&time),
            _ => time,
        };
        self.dialect.compared_time(&time, self.kind_of_sent_date())
    }

    /// A condition that holds for every row of the window, with bounds on texts so many days wider than needed.
    fn inside(&self, time: &str, window: Window, days: i64, binds: &mut Binds) -> Option<String> {
        let since = window.since.map(|at| self.lower(at, days));
        let until = window.until.map(|at| self.upper(at, days));
        let ends = [(" >= ", since), (" < ", until)];
        let parts: Vec<_> = ends
            .into_iter()
            .filter_map(|(sign, end)| {
                let end = self.dialect.bound(binds.add(end?), self.kind_of_sent_date());
                Some(format!("{time}{sign}{end}"))
            })
            .collect();
        (!parts.is_empty()).then(|| parts.join(" AND "))
    }

    /// Those that cannot be placed, but for those the window's bounds take in.
    fn unplaced_outside(&self, time: &str, window: Window, binds: &mut Binds) -> String {
        let inside = self.inside(time, window, 0, binds);
        let outside =
            inside.map_or_else(String::new, |inside| format!(" AND {}", self.dialect.fails(&inside)));
        if self.dialect.asks_apart() {
            format!("({}){outside}", self.odd(time))
        } else if self.dialect.has_types() {
            format!("{}{outside}", self.missing_or_odd(time, binds))
        } else {
            format!("{time} >= gap.lower AND {time} < gap.upper{outside}")
        }
    }

    /// A blank sorts before a `T`: of the rows written otherwise than most, those of the window's last day lie above a
    /// bound with a blank, those of its first day below one with a `T`.
    fn otherwise_written(&self, time: &str, window: Window, binds: &mut Binds) -> String {
        let (day, marks) = match (self.form, window.since, window.until) {
            (Form::Text, _, Some(until)) => (self.near(until, self.margin(until)), ["T", "U"]),
            (Form::TextWithT, Some(since), _) => (self.near(since, -self.margin(since)), [" ", "!"]),
            _ => return "FALSE".to_owned(),
        };
        let day = day.format("%Y-%m-%d").to_string();
        let ends = marks.map(|mark| binds.add(Bind::Text(format!("{day}{mark}"))));
        format!("{time} >= {} AND {time} < {}", ends[0], ends[1])
    }

    /// A bound at or below every stored form of the instant.
    fn lower(&self, at: Millis, days: i64) -> Bind {
        match self.form {
            Form::Seconds => Bind::Int(at.div_euclid(1000)),
            Form::Millis => Bind::Int(at.saturating_mul(self.parts())),
            Form::Instant => self.bound_text(zone::utc(at).naive_utc(), self.dialect.instant_format()),
            Form::Text | Form::WallClock
                if (days == 0 && self.shows_minutes()) || self.form == Form::WallClock =>
            {
                self.bound_text(self.near(at, -self.margin(at)), "%Y-%m-%d %H:%M")
            }
            Form::TextWithT if days == 0 => {
                self.bound_text(self.near(at, -self.margin(at)), "%Y-%m-%dT%H:%M")
            }
            _ => self.bound_text(self.near(at, -(days + 1) * DAY), "%Y-%m-%d"),
        }
    }

    /// A bound above every stored form of the instants before this one.
    fn upper(&self, at: Millis, days: i64) -> Bind {
        match self.form {
            Form::Seconds if *self.kind_of_sent_date() == ColumnKind::Integer => {
                Bind::Int((at + 999).div_euclid(1000))
            }
            Form::Seconds => Bind::Real(at as f64 / 1000.0),
            Form::Millis => Bind::Int(at.saturating_mul(self.parts())),
            Form::Instant => self.bound_text(zone::utc(at).naive_utc(), self.dialect.instant_format()),
            Form::Text | Form::WallClock
                if (days == 0 && self.shows_minutes()) || self.form == Form::WallClock =>
            {
                self.bound_text(self.near(at, self.margin(at)), "%Y-%m-%d %H:%M")
            }
            Form::TextWithT if days == 0 => self.bound_text(self.near(at, self.margin(at)), "%Y-%m-%dT%H:%M"),
            _ => self.bound_text(self.near(at, (days + 2) * DAY), "%Y-%m-%d"),
        }
    }

    /// How many of a number's parts make a millisecond.
    fn parts(&self) -> i64 {
        match self.time_format {
            Some(TimeFormat::Parts(parts)) => parts,
            _ => 1,
        }
    }

    /// Whether the texts of times say the minute, so that a bound may.
    fn shows_minutes(&self) -> bool {
        !matches!(&self.time_format, Some(TimeFormat::Text(format)) if !format.shows_minutes())
    }

    /// A compared text with its date in the order of ISO 8601.
    fn dated(&self, time: &str) -> String {
        match &self.time_format {
            Some(TimeFormat::Text(format)) if format.sorts() => format.in_order(time),
            _ => time.to_owned(),
        }
    }

    /// How far a bound on naive times has to lie outside the window: around a change of clocks, where they do not sort
    /// as the instants do, further than elsewhere.
    fn margin(&self, at: Millis) -> Millis {
        let wall = |at| zone::local(at, self.zone).naive_local();
        let steady = wall(at + DAY) - wall(at - DAY) == TimeDelta::milliseconds(2 * DAY);
        if steady { MINUTE } else { CHANGE_OF_CLOCKS }
    }

    /// The wall clock some milliseconds from the instant.
    fn near(&self, at: Millis, distance: Millis) -> NaiveDateTime {
        zone::local(at + distance, self.zone).naive_local()
    }

    /// A bound as text. Years of five digits would sort before all others, and no calendar has a year 0.
    fn bound_text(&self, wall: NaiveDateTime, form: &str) -> Bind {
        let typed = usize::from(self.kind_of_sent_date().is_time());
        let is_finite = typed == 1 && !self.dialect.knows_infinity();
        let form = match &self.time_format {
            Some(TimeFormat::Text(format)) if format.sorts() => format.strftime(),
            _ => form,
        };
        Bind::Text(match wall.year() {
            ..1 if is_finite => FIRST_DAY.format(form).to_string(),
            ..1 => BEFORE_ALL[typed].to_owned(),
            10_000.. if is_finite => LAST_DAY.format(form).to_string(),
            10_000.. => AFTER_ALL[typed].to_owned(),
            _ => wall.format(form).to_string(),
        })
    }

    fn missing_or_odd(&self, time: &str, binds: &mut Binds) -> String {
        format!("({} OR {})", self.missing(time, binds), self.odd(time))
    }

    /// A condition that holds where there is no time, or what stands for none.
    fn missing(&self, time: &str, binds: &mut Binds) -> String {
        let nulls = match self.sources(Column::SentDate) {
            [only] => self.nulls(&only.field().kind, binds),
            _ => Vec::new(),
        };
        match nulls.as_slice() {
            [] => format!("{time} IS NULL"),
            some => format!("({time} IS NULL OR {time} IN ({}))", some.join(", ")),
        }
    }

    /// A condition that holds for what is there and has no place in time.
    fn odd(&self, time: &str) -> String {
        match self.form {
            Form::Text | Form::TextWithT | Form::TextOfManyForms => self.dialect.no_date(&self.dated(time)),
            Form::Seconds => self.odd_number(time, LEAST_NUMBER, LEAST_MILLIS),
            Form::Millis => {
                let parts = self.parts();
                self.odd_number(time, LEAST_MILLIS * parts, LAST_NUMBER.saturating_mul(parts))
            }
            Form::Instant | Form::WallClock | Form::Day => {
                self.dialect.no_time(time, self.kind_of_sent_date())
            }
        }
    }

    /// Numbers below or above those of the column's form are read as well, but bounds cannot place them.
    fn odd_number(&self, time: &str, least: i64, last: i64) -> String {
        let is_text = self.dialect.is_text(time).map(|is_text| format!("{is_text} OR ")).unwrap_or_default();
        format!("{is_text}{time} < {least} OR {time} >= {last}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mapping::sql::tests::mapping;

    fn bounds(form: Form) -> (Bind, Bind) {
        let mapping = mapping(form);
        (mapping.lower(1_795_159_800_000, 0), mapping.upper(1_795_132_800_000, 0))
    }

    #[test]
    fn bounds_on_texts_hold_whatever_clocks_and_offsets_do() {
        let texts = |lower: &str, upper: &str| (Bind::Text(lower.into()), Bind::Text(upper.into()));
        assert_eq!(bounds(Form::Text), texts("2026-11-20 07:29", "2026-11-20 00:01"));
        assert_eq!(bounds(Form::TextWithT), texts("2026-11-20T07:29", "2026-11-20T00:01"));
        assert_eq!(bounds(Form::TextOfManyForms), texts("2026-11-19", "2026-11-22"));
    }

    #[test]
    fn bounds_on_typed_times_are_exact_or_wider() {
        let texts = |lower: &str, upper: &str| (Bind::Text(lower.into()), Bind::Text(upper.into()));
        assert_eq!(bounds(Form::Instant), texts("2026-11-20T07:30:00.000Z", "2026-11-20T00:00:00.000Z"));
        assert_eq!(bounds(Form::WallClock), texts("2026-11-20 07:29", "2026-11-20 00:01"));
        assert_eq!(bounds(Form::Day), texts("2026-11-19", "2026-11-22"));
    }
}
