//! What the databases write differently, in one place each.
//!
//! SQLite lets every row hold its own type, so there values are compared as they stand. Elsewhere a column has a type:
//! bound texts are cast to it, never the column to text, so that an index on the column serves.

use crate::mapping::resolve::Kind;

/// Whose SQL is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    /// SQLite's.
    Sqlite,
    /// PostgreSQL's.
    Postgres,
}

/// A date that the calendar has, at the start of a text, from the year 0001 on.
const VALID_DATE: &str = "^(?!0000)([0-9]{4}-((0[13578]|1[02])-(0[1-9]|[12][0-9]|3[01])|(0[469]|11)-(0[1-9]|[12][0-9]|30)\
    |02-(0[1-9]|1[0-9]|2[0-8]))|([0-9]{2}(0[48]|[2468][048]|[13579][26])|([02468][048]|[13579][26])00)-02-29)";

impl Dialect {
    /// The sign before the number of a bound value.
    pub fn mark(self) -> char {
        match self {
            Dialect::Sqlite => '?',
            Dialect::Postgres => '$',
        }
    }

    /// A value as text.
    pub(super) fn text(self, value: &str, kind: &Kind) -> String {
        match (self, kind) {
            (Dialect::Sqlite, _) | (_, Kind::Any | Kind::Text) => value.to_owned(),
            (Dialect::Postgres, Kind::Bytes) => format!("encode({value}, 'escape')"),
            (Dialect::Postgres, _) => format!("{value}::text"),
        }
    }

    /// A time as the relation shows it: of its own type, numbers with a fraction as the program reads them.
    pub(super) fn shown_time(self, value: &str, kind: &Kind) -> String {
        match (self, kind) {
            (Dialect::Postgres, Kind::Decimal) => {
                format!("(CASE WHEN {value} BETWEEN 0 AND 1e15 THEN {value} END)::float8")
            }
            _ => value.to_owned(),
        }
    }

    /// A time as it is compared: texts byte by byte, whatever the database's language.
    pub(super) fn compared_time(self, value: &str, kind: &Kind) -> String {
        match (self, kind) {
            (Dialect::Postgres, Kind::Text | Kind::Padded) => format!("{value} COLLATE \"C\""),
            _ => value.to_owned(),
        }
    }

    /// A naive time of a zone as an instant.
    pub(super) fn instant(self, value: &str, kind: &Kind, zone: &str) -> String {
        match kind {
            Kind::Instant => value.to_owned(),
            _ => format!("({value}::timestamp AT TIME ZONE {zone})"),
        }
    }

    /// A bound time in the type of the column it is compared with.
    pub(super) fn bound(self, mark: String, kind: &Kind) -> String {
        match (self, kind) {
            (Dialect::Postgres, Kind::Instant) => mark + "::timestamptz",
            (Dialect::Postgres, Kind::WallClock) => mark + "::timestamp",
            (Dialect::Postgres, Kind::Day) => mark + "::date",
            (Dialect::Postgres, Kind::Integer) => mark + "::bigint",
            (Dialect::Postgres, Kind::Decimal) => mark + "::numeric",
            _ => mark,
        }
    }

    /// A bound status word in the type of its column; a word the type has not becomes NULL.
    pub(super) fn word(self, mark: String, kind: &Kind) -> String {
        match (self, kind) {
            (Dialect::Postgres, Kind::Padded) => mark + "::bpchar",
            (Dialect::Postgres, Kind::Integer) => mark + "::bigint",
            (Dialect::Postgres, Kind::Decimal) => mark + "::numeric",
            (Dialect::Postgres, Kind::Truth) => mark + "::boolean",
            (Dialect::Postgres, Kind::Enum(name)) => {
                format!(
                    "(SELECT word FROM unnest(enum_range(NULL::{name})) AS word WHERE word::text = {mark})"
                )
            }
            _ => mark,
        }
    }

    /// Whether a status word can stand in a column of this kind at all.
    pub(super) fn takes_word(self, word: &str, kind: &Kind) -> bool {
        match (self, kind) {
            (Dialect::Postgres, Kind::Integer) => word.parse::<i64>().is_ok(),
            (Dialect::Postgres, Kind::Decimal) => word.parse::<f64>().is_ok_and(f64::is_finite),
            (Dialect::Postgres, Kind::Truth) => matches!(word, "true" | "t" | "1" | "false" | "f" | "0"),
            _ => true,
        }
    }

    /// Whether a status column is compared as it stands, and not as text.
    pub(super) fn compares_words(self, kind: &Kind) -> bool {
        self == Dialect::Sqlite
            || matches!(
                kind,
                Kind::Text | Kind::Padded | Kind::Integer | Kind::Decimal | Kind::Truth | Kind::Enum(_)
            )
    }

    /// The beginning of a value as text, to guess from.
    pub(super) fn sampled(self, value: &str, kind: &Kind, cut: u32) -> String {
        match (self, kind) {
            (Dialect::Sqlite, _) => format!("substr(CAST({value} AS TEXT), 1, {cut})"),
            (Dialect::Postgres, Kind::Bytes) => format!("CASE WHEN {value} IS NOT NULL THEN '(bytes)' END"),
            (Dialect::Postgres, _) => format!("left({value}::text, {cut})"),
        }
    }

    /// A condition that holds where a text does not begin with a valid date.
    pub(super) fn no_date(self, text: &str) -> String {
        match self {
            Dialect::Sqlite => format!("substr({text}, 1, 10) IS NOT date(substr({text}, 1, 10))"),
            Dialect::Postgres => format!("{text} !~ '{VALID_DATE}'"),
        }
    }

    /// A condition that holds where a value is a text in a column of numbers.
    pub(super) fn is_text(self, value: &str) -> Option<String> {
        (self == Dialect::Sqlite).then(|| format!("typeof({value}) IN ('text', 'blob')"))
    }
}
