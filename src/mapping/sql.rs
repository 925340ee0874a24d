//! The relation `email_log` in SQL: the user's table, columns and rows in front of a query file.
//!
//! A query file stands on its own against a table with the canonical names; here it gets
//! `WITH email_log AS (SELECT ... FROM "schema"."table" AS t WHERE ...)` before it. Only this part holds binds.
//! The table is written with its schema, or one that is itself called email_log would refer to itself.

use std::{fmt, iter};

use chrono::{Datelike, NaiveDateTime, TimeDelta};

use crate::mapping::time::{Form, LAST_NUMBER, LEAST_MILLIS, LEAST_NUMBER};
use crate::mapping::{Column, Mapping};
use crate::model::Millis;
use crate::window::Window;
use crate::zone;

/// A bound value.
#[derive(Debug, Clone, PartialEq)]
pub enum Bind {
    /// Text.
    Text(String),
    /// A whole number.
    Int(i64),
    /// A number with a fraction.
    Real(f64),
    /// Bytes.
    Blob(Vec<u8>),
    /// NULL.
    Null,
}

/// A statement with the values for `?1`, `?2`, ...
#[derive(Debug, Clone, PartialEq)]
pub struct Statement {
    /// The text, made of query files, quoted names and place holders.
    pub sql: String,
    /// The values.
    pub binds: Vec<Bind>,
}

impl Statement {
    /// A statement without values.
    pub fn plain(sql: impl Into<String>) -> Self {
        Self { sql: sql.into(), binds: Vec::new() }
    }
}

impl fmt::Display for Bind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Bind::Text(text) => write!(f, "'{}'", text.replace('\'', "''")),
            Bind::Int(number) => write!(f, "{number}"),
            Bind::Real(number) => write!(f, "{number}"),
            Bind::Blob(bytes) => {
                f.write_str("x'")?;
                bytes.iter().try_for_each(|byte| write!(f, "{byte:02x}"))?;
                f.write_str("'")
            }
            Bind::Null => f.write_str("NULL"),
        }
    }
}

impl fmt::Display for Statement {
    /// As a person may run it: the values in a comment before it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, value) in (1..).zip(&self.binds) {
            writeln!(f, "-- ?{number} = {value}")?;
        }
        writeln!(f, "{};", self.sql)
    }
}

/// Which rows of the user's table are asked for.
#[derive(Debug, Clone, Default)]
pub struct Selection {
    /// Rows with one of these status words; none means every row.
    pub words: Option<Vec<Bind>>,
    /// Rows of this time.
    pub time: Times,
    /// Rows with a key between these, both included.
    pub keys: Option<(i64, i64)>,
    /// At most so many rows.
    pub limit: Option<i64>,
    /// Whether the relation also shows the table's integer key, as `rowid`.
    pub with_key: bool,
}

/// Which times are asked for. Bounds on texts are whole days, wider than the window: the reader decides exactly.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub enum Times {
    /// Whatever the time.
    #[default]
    Any,
    /// Rows an index on the time can find: inside the window.
    Inside(Window),
    /// Inside the window, or with a time that cannot be placed anywhere; needs a look at every row.
    InsideOrUnplaced(Window),
    /// Outside the window's bounds, those with a time that cannot be placed, found by an index through the gaps
    /// between valid times.
    Unplaced(Window),
    /// Outside the window's bounds, those on its first or last day that are written with `T` where most have a blank, or
    /// the other way round.
    OtherwiseWritten(Window),
    /// Only rows that have no time at all.
    Missing,
    /// Inside the window, and with a time that can be placed.
    Placed(Window),
}

impl Times {
    /// The parts in which an index gives the window and all that cannot be placed, no row twice.
    pub fn by_index(window: Window) -> [Times; 4] {
        [Times::Inside(window), Times::OtherwiseWritten(window), Times::Unplaced(window), Times::Missing]
    }
}

const GAPS_BETWEEN_TEXTS: &str = include_str!("../../queries/sqlite/gaps_between_texts.sql");
const GAPS_BETWEEN_SECONDS: &str = include_str!("../../queries/sqlite/gaps_between_seconds.sql");
const GAPS_BETWEEN_MILLIS: &str = include_str!("../../queries/sqlite/gaps_between_millis.sql");

const DAY: Millis = 86_400_000;

/// Bounds on texts are whole minutes.
const MINUTE: Millis = 60_000;

/// Further than clocks are ever put back.
const CHANGE_OF_CLOCKS: Millis = 3 * 3_600_000;

impl Mapping {
    /// Puts the selected rows in front of a query file.
    pub fn statement(&self, selection: &Selection, query: &str) -> Statement {
        let mut binds = Vec::new();
        let mut conditions = Vec::new();
        if let Some(words) = &selection.words {
            conditions.push(self.with_words(words, &mut binds));
        }
        conditions.extend(self.with_times(selection.time, &mut binds));
        if let Some((first, last)) = selection.keys {
            let ends = [first, last].map(|key| bind(&mut binds, Bind::Int(key)));
            conditions.push(format!("t.rowid BETWEEN {}", ends.join(" AND ")));
        }
        let mut sql = String::from("WITH ");
        let mut from = format!("{}.{} AS t", quoted(&self.table.0), quoted(&self.table.1));
        if matches!(selection.time, Times::Unplaced(_)) {
            let gaps = match self.form {
                Form::Text | Form::TextWithT | Form::TextOfManyForms => GAPS_BETWEEN_TEXTS,
                Form::Seconds => GAPS_BETWEEN_SECONDS,
                Form::Millis => GAPS_BETWEEN_MILLIS,
            };
            sql.push_str(&format!("gap AS (\n{}\n),\n", body(gaps)));
            from = format!("gap CROSS JOIN {from}");
        }
        let condition = match conditions.join(" AND ") {
            none if none.is_empty() => none,
            some => format!(" WHERE {some}"),
        };
        let limit = selection.limit.map(|rows| format!(" LIMIT {}", bind(&mut binds, Bind::Int(rows))));
        let limit = limit.unwrap_or_default();
        let columns = self.select_list(selection.with_key);
        sql.push_str(&format!(
            "email_log AS NOT MATERIALIZED (\n  SELECT {columns}\n  FROM {from}{condition}{limit}\n)"
        ));
        match body(query).strip_prefix("WITH RECURSIVE ") {
            Some(own) => sql.push_str(&format!(",\n{own}")),
            None => sql.push_str(&format!("\n{}", body(query))),
        }
        Statement { sql, binds }
    }

    fn select_list(&self, with_key: bool) -> String {
        let key = if with_key { "t.rowid" } else { "NULL" };
        let columns = Column::all().map(|column| format!("{} AS {}", self.value(column), column.name()));
        iter::once(format!("{key} AS rowid")).chain(columns).collect::<Vec<_>>().join(",\n    ")
    }

    /// The user's own column, or the first of several that is not NULL.
    fn value(&self, column: Column) -> String {
        let names: Vec<_> = self.columns(column).iter().map(|name| format!("t.{}", quoted(name))).collect();
        match names.as_slice() {
            [] => "NULL".to_owned(),
            [only] => only.clone(),
            several => format!("coalesce({})", several.join(", ")),
        }
    }

    fn with_words(&self, words: &[Bind], binds: &mut Vec<Bind>) -> String {
        let status = self.value(Column::Status);
        match words {
            [word] => format!("{status} IS {}", bind(binds, word.clone())),
            several => {
                let marks: Vec<_> = several.iter().map(|word| bind(binds, word.clone())).collect();
                format!("{status} IN ({})", marks.join(", "))
            }
        }
    }

    fn with_times(&self, times: Times, binds: &mut Vec<Bind>) -> Option<String> {
        let time = self.value(Column::SentDate);
        match times {
            Times::Any => None,
            Times::Inside(window) => self.inside(&time, window, 0, binds),
            // a look at every row can afford a day more, for rows that are written otherwise than most
            Times::InsideOrUnplaced(window) => self
                .inside(&time, window, 1, binds)
                .map(|inside| format!("(({inside}) OR {})", self.unplaced(&time))),
            Times::Unplaced(window) => {
                let outside =
                    self.inside(&time, window, 0, binds).map(|inside| format!(" AND NOT ({inside})"));
                Some(format!("{time} >= gap.lower AND {time} < gap.upper{}", outside.unwrap_or_default()))
            }
            Times::OtherwiseWritten(window) => Some(self.otherwise_written(&time, window, binds)),
            Times::Missing => Some(format!("{time} IS NULL")),
            Times::Placed(window) => {
                let inside = self.inside(&time, window, 0, binds).map(|inside| format!("{inside} AND "));
                Some(format!("{}NOT {}", inside.unwrap_or_default(), self.unplaced(&time)))
            }
        }
    }

    /// A condition that holds for every row of the window, with bounds on texts so many days wider than needed.
    fn inside(&self, time: &str, window: Window, days: i64, binds: &mut Vec<Bind>) -> Option<String> {
        let since = window.since.map(|at| self.lower(at, days));
        let until = window.until.map(|at| self.upper(at, days));
        let ends = [(" >= ", since), (" < ", until)];
        let parts: Vec<_> = ends
            .into_iter()
            .filter_map(|(sign, end)| Some(format!("{time}{sign}{}", bind(binds, end?))))
            .collect();
        (!parts.is_empty()).then(|| parts.join(" AND "))
    }

    /// A blank sorts before a `T`: of the rows written otherwise than most, those of the window's last day lie above a
    /// bound with a blank, those of its first day below one with a `T`.
    fn otherwise_written(&self, time: &str, window: Window, binds: &mut Vec<Bind>) -> String {
        let (day, marks) = match (self.form, window.since, window.until) {
            (Form::Text, _, Some(until)) => (self.near(until, self.margin(until)), ["T", "U"]),
            (Form::TextWithT, Some(since), _) => (self.near(since, -self.margin(since)), [" ", "!"]),
            _ => return "FALSE".to_owned(),
        };
        let day = day.format("%Y-%m-%d").to_string();
        let ends = marks.map(|mark| bind(binds, Bind::Text(format!("{day}{mark}"))));
        format!("{time} >= {} AND {time} < {}", ends[0], ends[1])
    }

    /// A bound at or below every stored form of the instant.
    fn lower(&self, at: Millis, days: i64) -> Bind {
        match self.form {
            Form::Text if days == 0 => text(self.near(at, -self.margin(at)), "%Y-%m-%d %H:%M"),
            Form::TextWithT if days == 0 => text(self.near(at, -self.margin(at)), "%Y-%m-%dT%H:%M"),
            Form::Text | Form::TextWithT | Form::TextOfManyForms => {
                text(self.near(at, -(days + 1) * DAY), "%Y-%m-%d")
            }
            Form::Seconds => Bind::Int(at.div_euclid(1000)),
            Form::Millis => Bind::Int(at),
        }
    }

    /// A bound above every stored form of the instants before this one.
    fn upper(&self, at: Millis, days: i64) -> Bind {
        match self.form {
            Form::Text if days == 0 => text(self.near(at, self.margin(at)), "%Y-%m-%d %H:%M"),
            Form::TextWithT if days == 0 => text(self.near(at, self.margin(at)), "%Y-%m-%dT%H:%M"),
            Form::Text | Form::TextWithT | Form::TextOfManyForms => {
                text(self.near(at, (days + 2) * DAY), "%Y-%m-%d")
            }
            Form::Seconds => Bind::Real(at as f64 / 1000.0),
            Form::Millis => Bind::Int(at),
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

    fn unplaced(&self, time: &str) -> String {
        match self.form {
            Form::Text | Form::TextWithT | Form::TextOfManyForms => {
                format!("({time} IS NULL OR substr({time}, 1, 10) IS NOT date(substr({time}, 1, 10)))")
            }
            Form::Seconds => self.unplaced_number(time, LEAST_NUMBER, LEAST_MILLIS),
            Form::Millis => self.unplaced_number(time, LEAST_MILLIS, LAST_NUMBER),
        }
    }

    /// Numbers below or above those of the column's form are read as well, but bounds cannot place them.
    fn unplaced_number(&self, time: &str, least: i64, last: i64) -> String {
        format!(
            "({time} IS NULL OR typeof({time}) IN ('text', 'blob') OR {time} < {least} OR {time} >= {last})"
        )
    }
}

/// A bound as text. Years of five digits would sort before all others.
fn text(wall: NaiveDateTime, form: &str) -> Bind {
    Bind::Text(if wall.year() > 9999 { "9999-12-31~".to_owned() } else { wall.format(form).to_string() })
}

fn bind(binds: &mut Vec<Bind>, value: Bind) -> String {
    binds.push(value);
    format!("?{}", binds.len())
}

/// A name that was looked up, as SQL writes it.
pub fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// A query file without the comment that opens it and the semicolon that ends it.
pub fn body(query: &str) -> &str {
    let mut rest = query.trim_start();
    while rest.starts_with("--") {
        rest = rest.split_once('\n').map_or("", |(_, after)| after).trim_start();
    }
    rest.trim_end().trim_end_matches(';')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mapping::RawMapping;

    fn mapping(form: Form) -> Mapping {
        let raw: RawMapping = toml::from_str("columns = { sent_date = ['sent', 'made'] }").unwrap();
        let present = ["id", "status", "sent", "made", "sen\"der"].map(String::from);
        let table = ("main".to_owned(), "email_log".to_owned());
        let mapping = Mapping::resolve(&raw.check(None, None).unwrap(), table, &present).unwrap();
        Mapping { form, ..mapping }
    }

    #[test]
    fn the_window_stands_on_the_users_own_column() {
        let window = Window { since: Some(1_795_159_800_000), until: None, zone: chrono_tz::UTC };
        let selection = Selection {
            words: Some(vec![Bind::Text("F".into())]),
            time: Times::Inside(window),
            ..Selection::default()
        };
        let statement = mapping(Form::Seconds).statement(&selection, "-- why\nSELECT 1 FROM email_log;\n");
        assert!(statement.sql.ends_with(
            "\n  FROM \"main\".\"email_log\" AS t WHERE t.\"status\" IS ?1 AND \
             coalesce(t.\"sent\", t.\"made\") >= ?2\n)\nSELECT 1 FROM email_log"
        ));
        assert_eq!(statement.binds, [Bind::Text("F".into()), Bind::Int(1_795_159_800)]);
    }

    #[test]
    fn bounds_on_texts_hold_whatever_clocks_and_offsets_do() {
        let bounds =
            |form| (mapping(form).lower(1_795_159_800_000, 0), mapping(form).upper(1_795_132_800_000, 0));
        let texts = |lower: &str, upper: &str| (Bind::Text(lower.into()), Bind::Text(upper.into()));
        assert_eq!(bounds(Form::Text), texts("2026-11-20 07:29", "2026-11-20 00:01"));
        assert_eq!(bounds(Form::TextWithT), texts("2026-11-20T07:29", "2026-11-20T00:01"));
        assert_eq!(bounds(Form::TextOfManyForms), texts("2026-11-19", "2026-11-22"));
    }

    #[test]
    fn names_are_quoted() {
        assert_eq!(quoted("a\"; DROP TABLE x; --"), "\"a\"\"; DROP TABLE x; --\"");
    }
}
