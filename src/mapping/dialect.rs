//! What the databases write differently, in one place each.
//!
//! SQLite lets every row hold its own type, so there values are compared as they are. Elsewhere a column has a type:
//! bound texts are cast to it, never the column to text, so that an index on the column serves.

use crate::mapping::bind::Bind;
use crate::mapping::path::Step;
use crate::mapping::resolve::{ColumnKind, JSON};
use crate::mapping::words::{StatusWords, spellings};

/// Whose SQL is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    /// SQLite's.
    Sqlite,
    /// PostgreSQL's.
    Postgres,
    /// Oracle's, as it was before 23ai.
    Oracle,
}

/// A date that the calendar has, at the start of a text, from the year 0001 on.
const VALID_DATE: &str = "^([0-9]{4}-((0[13578]|1[02])-(0[1-9]|[12][0-9]|3[01])|(0[469]|11)-(0[1-9]|[12][0-9]|30)\
    |02-(0[1-9]|1[0-9]|2[0-8]))|([0-9]{2}(0[48]|[2468][048]|[13579][26])|([02468][048]|[13579][26])00)-02-29)";

/// The type of a key that is a GUID.
pub const RAW: &str = "RAW";

impl Dialect {
    /// Whether a column has one type for all its rows.
    pub(super) fn has_types(self) -> bool {
        self != Dialect::Sqlite
    }

    /// What times of several kinds are made, to be of one. Oracle ends a query that makes an instant of a naive time which a
    /// change of clocks leaves out (ORA-01878), so there the two become texts, and the reader makes instants of them.
    pub(super) fn mixed_times<'k>(
        self,
        mut kinds: impl Iterator<Item = &'k ColumnKind> + Clone,
    ) -> &'static ColumnKind {
        match self {
            Dialect::Sqlite | Dialect::Postgres => &ColumnKind::Instant,
            Dialect::Oracle if kinds.clone().all(ColumnKind::is_instant) => &ColumnKind::Instant,
            Dialect::Oracle if kinds.any(ColumnKind::is_instant) => &ColumnKind::Text,
            Dialect::Oracle => &ColumnKind::WallClock,
        }
    }

    /// Whether an empty text is NULL.
    pub(super) fn takes_empty_for_null(self) -> bool {
        self == Dialect::Oracle
    }

    /// Whether rows of a window, rows without a time and those of odd times are each found by an index only where they are
    /// asked for by themselves.
    pub(super) fn asks_apart(self) -> bool {
        self == Dialect::Oracle
    }

    /// Whether columns of this kind can be read as text. A LONG is taken by no function, and objects, XML and vectors are not
    /// what the driver reads.
    pub fn reads(self, kind: &ColumnKind) -> bool {
        match (self, kind) {
            (Dialect::Oracle, ColumnKind::Other(name)) => {
                matches!(name.as_str(), RAW | JSON | "ROWID" | "UROWID" | "BOOLEAN")
                    || name.starts_with("INTERVAL")
            }
            _ => true,
        }
    }

    /// Whether there are times before and after all others.
    pub(super) fn knows_infinity(self) -> bool {
        self == Dialect::Postgres
    }

    /// The sign before the number of a bound value.
    pub fn mark(self) -> char {
        match self {
            Dialect::Sqlite => '?',
            Dialect::Postgres => '$',
            Dialect::Oracle => ':',
        }
    }

    /// What makes a statement's relation one that is not worked out by itself where it is used twice.
    pub(super) fn inlined(self) -> &'static str {
        match self {
            Dialect::Sqlite | Dialect::Postgres => "NOT MATERIALIZED ",
            Dialect::Oracle => "",
        }
    }

    /// What keeps a selection to its first rows, at the end of it; their number may be the mark of a bound value.
    pub(super) fn first(self, rows: &str) -> String {
        match self {
            Dialect::Sqlite | Dialect::Postgres => format!(" LIMIT {rows}"),
            Dialect::Oracle => format!(" FETCH FIRST {rows} ROWS ONLY"),
        }
    }

    /// The first of some rows in order: what comes before the columns, and after the order, by an index on it. Before 19c Oracle
    /// numbers all rows and sorts them for that, unless it is told so, and plans by a number that is written.
    /// Source: <https://docs.oracle.com/en/database/oracle/oracle-database/19/sqlrf/Comments.html>
    pub(super) fn first_in_order(
        self,
        rows: i64,
        add: impl FnOnce(Bind) -> String,
    ) -> (&'static str, String) {
        match self {
            Dialect::Sqlite | Dialect::Postgres => ("", self.first(&add(Bind::Int(rows)))),
            Dialect::Oracle => ("/*+ FIRST_ROWS(200) */ ", self.first(&rows.to_string())),
        }
    }

    /// A column that is not there.
    pub(super) fn nothing(self) -> &'static str {
        match self {
            Dialect::Sqlite | Dialect::Postgres => "NULL",
            Dialect::Oracle => "CAST(NULL AS VARCHAR2(1))",
        }
    }

    /// A text that can be joined to others where it is NULL.
    pub(super) fn filled(self, text: &str) -> String {
        match self {
            Dialect::Sqlite | Dialect::Postgres => format!("coalesce({text}, '')"),
            Dialect::Oracle => text.to_owned(),
        }
    }

    /// Two texts as `first: second`, without those that are empty. Oracle joins them as long texts: of others it ends the query
    /// where they are more than 4,000 bytes together (ORA-01489).
    pub(super) fn prefixed(self, first: &str, rest: &str, is_national: bool) -> String {
        match self {
            Dialect::Sqlite | Dialect::Postgres => {
                format!("coalesce(nullif({first}, '') || ': ', '') || {rest}")
            }
            Dialect::Oracle => {
                let long = if is_national { "TO_NCLOB" } else { "TO_CLOB" };
                format!("CASE WHEN LENGTH({first}) > 0 THEN {long}({first}) || ': ' END || {rest}")
            }
        }
    }

    /// A text made by `prefixed`, without the separator at its end.
    pub(super) fn trimmed(self, text: &str) -> String {
        match self {
            Dialect::Sqlite | Dialect::Postgres => format!("nullif(rtrim({text}, ': '), '')"),
            Dialect::Oracle => format!("RTRIM({text}, ': ')"),
        }
    }

    /// A value as text.
    pub(super) fn text(self, value: &str, kind: &ColumnKind) -> String {
        match (self, kind) {
            (Dialect::Sqlite, _)
            | (_, ColumnKind::Any | ColumnKind::Text | ColumnKind::National | ColumnKind::LongText) => {
                value.to_owned()
            }
            (Dialect::Postgres, ColumnKind::Bytes) => format!("encode({value}, 'escape')"),
            (Dialect::Postgres, _) => format!("{value}::text"),
            (Dialect::Oracle, ColumnKind::Bytes) => value.to_owned(),
            (Dialect::Oracle, ColumnKind::Padded | ColumnKind::NationalPadded) => format!("RTRIM({value})"),
            (Dialect::Oracle, ColumnKind::Other(name)) if name == JSON => {
                format!("JSON_SERIALIZE({value} RETURNING CLOB)")
            }
            (Dialect::Oracle, ColumnKind::Other(name)) if name == RAW => format!("RAWTOHEX({value})"),
            (Dialect::Oracle, kind) if kind.is_instant() => {
                format!("TO_CHAR({value}, 'YYYY-MM-DD HH24:MI:SS.FF3TZH:TZM')")
            }
            (Dialect::Oracle, kind) if kind.is_time() => format!("TO_CHAR({value}, 'YYYY-MM-DD HH24:MI:SS')"),
            (Dialect::Oracle, _) => format!("TO_CHAR({value})"),
        }
    }

    /// Texts of several kinds, normalised so that one can replace another: Oracle mixes neither long texts with others
    /// (ORA-00932) nor the two character sets (ORA-12704).
    pub(super) fn alike(self, texts: Vec<String>, kinds: &[&ColumnKind]) -> Vec<String> {
        let is_mixed = |holds: fn(&ColumnKind) -> bool| {
            let there = kinds.iter().filter(|kind| holds(kind)).count();
            self == Dialect::Oracle && there > 0 && there < kinds.len()
        };
        let of_all = |function: &str, texts: Vec<String>| {
            texts.into_iter().map(|text| format!("{function}({text})")).collect()
        };
        if is_mixed(ColumnKind::is_long) {
            of_all("TO_CLOB", texts)
        } else if is_mixed(ColumnKind::is_national) {
            of_all("TO_NCHAR", texts)
        } else {
            texts
        }
    }

    /// The beginning of a long text, to be compared, where long ones are not.
    pub(super) fn short(self, text: &str) -> Option<String> {
        (self == Dialect::Oracle).then(|| format!("TO_CHAR(SUBSTR({text}, 1, 1000))"))
    }

    /// A time as the relation shows it: of its own type, numbers with a fraction as the program reads them. Oracle's client
    /// cannot take a time with a zone whose rules it has in another version than the server (ORA-01805), so it gets UTC.
    pub(super) fn shown_time(self, value: &str, kind: &ColumnKind) -> String {
        match (self, kind) {
            (Dialect::Postgres, ColumnKind::Decimal) => {
                format!("(CASE WHEN {value} BETWEEN 0 AND 1e15 THEN {value} END)::float8")
            }
            (Dialect::Oracle, ColumnKind::Instant) => format!("SYS_EXTRACT_UTC({value})"),
            _ => value.to_owned(),
        }
    }

    /// A time as it is compared: texts byte by byte, whatever the database's language.
    pub(super) fn compared_time(self, value: &str, kind: &ColumnKind) -> String {
        match (self, kind) {
            (Dialect::Postgres, ColumnKind::Text | ColumnKind::Padded) => format!("{value} COLLATE \"C\""),
            _ => value.to_owned(),
        }
    }

    /// One of several times of different kinds, made what `mixed_times` says; `zone` gives the mark of the zone of naive times.
    pub(super) fn one_of_mixed(
        self,
        value: &str,
        kind: &ColumnKind,
        made: &ColumnKind,
        zone: &mut dyn FnMut() -> String,
    ) -> String {
        match (self, made, kind) {
            (Dialect::Oracle, ColumnKind::Instant, _) => format!("CAST({value} AS TIMESTAMP WITH TIME ZONE)"),
            (Dialect::Oracle, ColumnKind::WallClock, _) => format!("CAST({value} AS TIMESTAMP)"),
            (Dialect::Oracle, _, kind) if kind.is_instant() => {
                format!("TO_CHAR({}, 'YYYY-MM-DD HH24:MI:SS.FF3\"Z\"')", self.shown_time(value, kind))
            }
            (Dialect::Oracle, _, ColumnKind::WallClock) => {
                format!("TO_CHAR({value}, 'YYYY-MM-DD HH24:MI:SS.FF3')")
            }
            (Dialect::Oracle, ..) => format!("TO_CHAR({value}, 'YYYY-MM-DD HH24:MI:SS')"),
            (_, _, ColumnKind::Instant) => value.to_owned(),
            _ => format!("({value}::timestamp AT TIME ZONE {})", zone()),
        }
    }

    /// A bound time in the type of the column it is compared with.
    pub(super) fn bound(self, mark: String, kind: &ColumnKind) -> String {
        match (self, kind) {
            (Dialect::Postgres, ColumnKind::Instant) => mark + "::timestamptz",
            (Dialect::Postgres, ColumnKind::WallClock) => mark + "::timestamp",
            (Dialect::Postgres, ColumnKind::Day) => mark + "::date",
            (Dialect::Postgres, ColumnKind::Integer) => mark + "::bigint",
            (Dialect::Postgres, ColumnKind::Decimal) => mark + "::numeric",
            (Dialect::Oracle, ColumnKind::WallSecond) => format!("TO_DATE({mark}, 'YYYY-MM-DD HH24:MI')"),
            (Dialect::Oracle, ColumnKind::WallClock) => format!("TO_TIMESTAMP({mark}, 'YYYY-MM-DD HH24:MI')"),
            (Dialect::Oracle, ColumnKind::Instant) => oracle_instant(&mark),
            (Dialect::Oracle, ColumnKind::LocalInstant) => {
                format!("CAST({} AS TIMESTAMP WITH LOCAL TIME ZONE)", oracle_instant(&mark))
            }
            _ => mark,
        }
    }

    /// How a bound on instants is written.
    pub(super) fn instant_format(self) -> &'static str {
        match self {
            Dialect::Sqlite | Dialect::Postgres => "%Y-%m-%dT%H:%M:%S%.3fZ",
            Dialect::Oracle => "%Y-%m-%d %H:%M:%S%.3f",
        }
    }

    /// A condition that holds for times that are there and mean no time: the infinities, or years before the first.
    pub(super) fn no_time(self, value: &str, kind: &ColumnKind) -> String {
        match (self, kind) {
            (Dialect::Oracle, ColumnKind::Instant) => {
                format!("{value} < TIMESTAMP '0001-01-01 00:00:00 +00:00'")
            }
            // beside a time with a zone Oracle would convert the column; the session's zone is UTC
            (Dialect::Oracle, ColumnKind::LocalInstant) => {
                format!("{value} < TIMESTAMP '0001-01-01 00:00:00'")
            }
            (Dialect::Oracle, _) => format!("{value} < DATE '0001-01-01'"),
            _ => format!("{value} = 'infinity' OR {value} = '-infinity'"),
        }
    }

    /// A condition that holds where another does not, or is unknown.
    pub(super) fn fails(self, condition: &str) -> String {
        match self {
            Dialect::Sqlite | Dialect::Postgres => format!("({condition}) IS NOT TRUE"),
            Dialect::Oracle => format!("CASE WHEN {condition} THEN 'yes' ELSE 'no' END = 'no'"),
        }
    }

    /// A bound status word in the type of its column; a word the type has not becomes NULL.
    pub(super) fn word(self, mark: String, kind: &ColumnKind) -> String {
        match (self, kind) {
            (Dialect::Postgres, ColumnKind::Padded) => mark + "::bpchar",
            (Dialect::Postgres, ColumnKind::Integer) => mark + "::bigint",
            (Dialect::Postgres, ColumnKind::Decimal) => mark + "::numeric",
            (Dialect::Postgres, ColumnKind::Truth) => mark + "::boolean",
            (Dialect::Postgres, ColumnKind::Enum(name)) => {
                format!(
                    "(SELECT word FROM unnest(enum_range(NULL::{name})) AS word WHERE word::text = {mark})"
                )
            }
            // a CHAR is compared without its blanks only to another
            (Dialect::Oracle, ColumnKind::Padded) => format!("CAST({mark} AS CHAR(255))"),
            (Dialect::Oracle, ColumnKind::Integer | ColumnKind::Decimal) => format!("TO_NUMBER({mark})"),
            (Dialect::Oracle, ColumnKind::Other(name)) if name == RAW => format!("HEXTORAW({mark})"),
            _ => mark,
        }
    }

    /// The condition that a key in a column of this kind is a bound text.
    pub(super) fn is_key(self, column: &str, mark: String, kind: &ColumnKind) -> String {
        match (self, kind) {
            (Dialect::Sqlite, _) => format!("{column} = {mark}"),
            (
                _,
                ColumnKind::Text
                | ColumnKind::National
                | ColumnKind::Padded
                | ColumnKind::Integer
                | ColumnKind::Decimal,
            ) => format!("{column} = {}", self.word(mark, kind)),
            (Dialect::Oracle, ColumnKind::Other(name)) if name == RAW => {
                format!("{column} = {}", self.word(mark, kind))
            }
            (Dialect::Postgres, ColumnKind::Other(name)) if name == "uuid" => {
                format!("{column} = {mark}::uuid")
            }
            (Dialect::Postgres, _) => format!("{column}::text = {mark}"),
            (Dialect::Oracle, kind) => format!("{} = {mark}", self.text(column, kind)),
        }
    }

    /// A bound status word as it is written into its column.
    pub(super) fn written_word(self, mark: String, kind: &ColumnKind) -> String {
        match (self, kind) {
            (Dialect::Oracle, ColumnKind::Padded) => mark,
            // a word that the type has not is refused, and not NULL
            (Dialect::Postgres, ColumnKind::Enum(name)) => format!("{mark}::text::{name}"),
            _ => self.word(mark, kind),
        }
    }

    /// Whether a column of this kind can hold a status word at all.
    pub(super) fn takes_word(self, word: &str, kind: &ColumnKind) -> bool {
        match (self, kind) {
            (Dialect::Postgres | Dialect::Oracle, ColumnKind::Integer) => word.parse::<i64>().is_ok(),
            (Dialect::Postgres | Dialect::Oracle, ColumnKind::Decimal) => {
                word.parse::<f64>().is_ok_and(f64::is_finite)
            }
            (Dialect::Postgres, ColumnKind::Truth) => {
                matches!(word, "true" | "t" | "1" | "false" | "f" | "0")
            }
            _ => true,
        }
    }

    /// Whether a status column is compared as it is, and not as text.
    pub(super) fn compares_words(self, kind: &ColumnKind) -> bool {
        self == Dialect::Sqlite
            || matches!(
                kind,
                ColumnKind::Text
                    | ColumnKind::National
                    | ColumnKind::Padded
                    | ColumnKind::Integer
                    | ColumnKind::Decimal
                    | ColumnKind::Truth
                    | ColumnKind::Enum(_)
            )
    }

    /// The beginning of a value as text, to guess from.
    pub(super) fn sampled(self, value: &str, kind: &ColumnKind, cut: u32) -> String {
        match (self, kind) {
            (Dialect::Sqlite, _) => format!("substr(CAST({value} AS TEXT), 1, {cut})"),
            (Dialect::Postgres, ColumnKind::Bytes) => {
                format!("CASE WHEN {value} IS NOT NULL THEN '(bytes)' END")
            }
            (Dialect::Postgres, _) => format!("left({value}::text, {cut})"),
            (Dialect::Oracle, ColumnKind::Bytes) => {
                format!("CASE WHEN {value} IS NOT NULL THEN '(bytes)' END")
            }
            (Dialect::Oracle, kind) if kind.is_long() => {
                format!("TO_CHAR(SUBSTR({}, 1, {cut}))", self.text(value, kind))
            }
            (Dialect::Oracle, kind) => format!("SUBSTR({}, 1, {cut})", self.text(value, kind)),
        }
    }

    /// A condition that holds where a status is NULL, or is blank where that is the empty text.
    pub(super) fn has_no_word(self, value: &str, kind: &ColumnKind) -> String {
        match (self, kind) {
            // a literal is compared with a CHAR whatever the blanks
            (Dialect::Oracle, ColumnKind::Padded) => format!("({value} IS NULL OR {value} = ' ')"),
            (Dialect::Oracle, ColumnKind::NationalPadded) => format!("RTRIM({value}) IS NULL"),
            _ => format!("{value} IS NULL"),
        }
    }

    /// Whether a status can be written into a column of this kind.
    pub(super) fn writes(self, kind: &ColumnKind) -> bool {
        let is_document = matches!(kind, ColumnKind::Other(name) if name.to_uppercase().starts_with("JSON"));
        !is_document && *kind != ColumnKind::Bytes
    }

    /// A condition that holds where a text does not begin with a valid date.
    pub(super) fn no_date(self, text: &str) -> String {
        match self {
            Dialect::Sqlite => format!("substr({text}, 1, 10) IS NOT date(substr({text}, 1, 10))"),
            Dialect::Postgres => format!("{text} !~ '{VALID_DATE}' OR {text} LIKE '0000%'"),
            Dialect::Oracle => format!("NOT REGEXP_LIKE({text}, '{VALID_DATE}') OR {text} LIKE '0000%'"),
        }
    }

    /// A condition that holds where a value is a text in a column of numbers.
    pub(super) fn is_text(self, value: &str) -> Option<String> {
        (self == Dialect::Sqlite).then(|| format!("typeof({value}) IN ('text', 'blob')"))
    }
}

/// Conditions on columns.
impl Dialect {
    /// Whether a column of this kind can be compared with a number.
    pub(super) fn compares_numbers(self, kind: &ColumnKind) -> bool {
        self == Dialect::Sqlite || matches!(kind, ColumnKind::Integer | ColumnKind::Decimal)
    }

    /// A column as a number.
    pub(super) fn number(self, value: &str) -> String {
        match self {
            // a text that is no number would count as 0
            Dialect::Sqlite => format!(
                "CASE WHEN typeof({value}) IN ('integer', 'real') THEN {value} \
                 WHEN {value} GLOB '[-+.0-9]*' AND {value} NOT GLOB '*[^-+.0-9eE]*' THEN CAST({value} AS NUMERIC) END"
            ),
            Dialect::Postgres | Dialect::Oracle => value.to_owned(),
        }
    }

    /// A bound number to compare with.
    pub(super) fn bound_number(self, mark: String) -> String {
        if self == Dialect::Postgres { mark + "::numeric" } else { mark }
    }

    /// A condition that holds where a column is NULL or empty, or one of the values that stand for nothing.
    pub(super) fn is_empty(self, value: &str, kind: &ColumnKind, nulls: &[String]) -> String {
        let mut either = vec![format!("{value} IS NULL")];
        either.extend(self.blank(value, kind).map(|(value, sign)| format!("{value} {sign}")));
        if !nulls.is_empty() {
            either.push(format!("{} IN ({})", self.compared(value, kind), nulls.join(", ")));
        }
        match either.as_slice() {
            [only] => only.clone(),
            several => format!("({})", several.join(" OR ")),
        }
    }

    /// The opposite.
    pub(super) fn is_set(self, value: &str, kind: &ColumnKind, nulls: &[String]) -> String {
        let mut all = vec![format!("{value} IS NOT NULL")];
        let opposite = |sign: &str| sign.replace("IS NULL", "IS NOT NULL").replace("= ", "<> ");
        all.extend(self.blank(value, kind).map(|(value, sign)| format!("{value} {}", opposite(sign))));
        if !nulls.is_empty() {
            all.push(format!("{} NOT IN ({})", self.compared(value, kind), nulls.join(", ")));
        }
        match all.as_slice() {
            [only] => only.clone(),
            several => format!("({})", several.join(" AND ")),
        }
    }

    /// A value as it can be compared with short texts.
    fn compared(self, value: &str, kind: &ColumnKind) -> String {
        self.short(value).filter(|_| *kind == ColumnKind::LongText).unwrap_or_else(|| value.to_owned())
    }

    /// What is compared, and with what, to find an empty text that is not NULL.
    fn blank(self, value: &str, kind: &ColumnKind) -> Option<(String, &'static str)> {
        match (self, kind) {
            (Dialect::Oracle, ColumnKind::Padded | ColumnKind::NationalPadded) => {
                Some((format!("RTRIM({value})"), "IS NULL"))
            }
            (Dialect::Oracle, ColumnKind::LongText) => Some((format!("LENGTH({value})"), "= 0")),
            (Dialect::Sqlite, _)
            | (Dialect::Postgres, ColumnKind::Text | ColumnKind::Padded | ColumnKind::LongText) => {
                Some((value.to_owned(), "= ''"))
            }
            _ => None,
        }
    }

    /// A text that stands for nothing, as values of a column; none where it is none of them.
    pub(super) fn null_values(self, text: &str, kind: &ColumnKind) -> Vec<Bind> {
        let whole = || text.parse().ok().map(Bind::Int);
        let real = || text.parse().ok().filter(|number: &f64| number.is_finite()).map(Bind::Real);
        let number = || whole().or_else(real);
        match kind {
            ColumnKind::Any => [Some(Bind::Text(text.to_owned())), number()].into_iter().flatten().collect(),
            ColumnKind::Text
            | ColumnKind::LongText
            | ColumnKind::Padded
            | ColumnKind::National
            | ColumnKind::NationalPadded => {
                vec![kind.value(Bind::Text(text.to_owned()))]
            }
            ColumnKind::Integer => whole().into_iter().collect(),
            ColumnKind::Decimal => number().into_iter().collect(),
            kind if kind.is_time() => moment(text).map(Bind::Text).into_iter().collect(),
            _ => Vec::new(),
        }
    }

    /// Such a bound value in the type of the column.
    pub(super) fn null_value(self, mark: String, kind: &ColumnKind) -> String {
        match (self, kind) {
            (Dialect::Oracle, kind) if kind.is_time() => {
                format!("TO_TIMESTAMP({mark}, 'YYYY-MM-DD HH24:MI:SS')")
            }
            (Dialect::Postgres, kind) if kind.is_time() || *kind == ColumnKind::Integer => {
                self.bound(mark, kind)
            }
            (_, ColumnKind::Decimal) => self.bound_number(mark),
            _ => self.word(mark, kind),
        }
    }

    /// What a value inside a document of this kind is; `None`: no path leads into it.
    pub(super) fn kind_in_json(self, kind: &ColumnKind) -> Option<ColumnKind> {
        match (self, kind) {
            (Dialect::Sqlite, _) => Some(ColumnKind::Any),
            (Dialect::Postgres, ColumnKind::Other(name)) if matches!(name.as_str(), "json" | "jsonb") => {
                Some(ColumnKind::Text)
            }
            (Dialect::Oracle, ColumnKind::Text | ColumnKind::LongText) => Some(ColumnKind::Text),
            (Dialect::Oracle, ColumnKind::Other(name)) if name == JSON => Some(ColumnKind::Text),
            _ => None,
        }
    }

    /// A value inside a document, as text; a list or an object is JSON, and what is not there is NULL.
    pub(super) fn json(self, document: &str, path: &[Step]) -> String {
        // a name is in quotes only where it needs them
        let is_plain = |name: &str| {
            let is_word = name.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '_');
            is_word && !name.starts_with(|first: char| first.is_ascii_digit())
        };
        let of = |step: &Step| match step {
            Step::Member(name) if is_plain(name) => format!(".{name}"),
            Step::Member(name) => format!(".\"{name}\""),
            Step::Element(place) => format!("[{place}]"),
        };
        let written = format!("${}", path.iter().map(of).collect::<String>());
        match self {
            // what is no JSON would end the query
            Dialect::Sqlite => {
                format!("CASE WHEN json_valid({document}) THEN json_extract({document}, '{written}') END")
            }
            Dialect::Postgres => {
                let of = |step: &Step| match step {
                    Step::Member(name) => format!("\"{name}\""),
                    Step::Element(place) => place.to_string(),
                };
                format!("({document} #>> '{{{}}}')", path.iter().map(of).collect::<Vec<_>>().join(","))
            }
            Dialect::Oracle => {
                format!("coalesce(JSON_VALUE({document}, '{written}'), JSON_QUERY({document}, '{written}'))")
            }
        }
    }

    /// What gives a table of a change another name.
    pub(super) fn alias(self, name: &str) -> String {
        match self {
            Dialect::Sqlite | Dialect::Postgres => format!(" AS {name}"),
            Dialect::Oracle => format!(" {name}"),
        }
    }

    /// A bound time as it is written into a column.
    pub(super) fn written_time(self, mark: String, kind: &ColumnKind) -> String {
        match (self, kind) {
            (Dialect::Oracle, ColumnKind::WallSecond | ColumnKind::WallClock) => {
                format!("TO_TIMESTAMP({mark}, 'YYYY-MM-DD HH24:MI:SS')")
            }
            _ => self.bound(mark, kind),
        }
    }

    /// The place of a row, as text. `alias`: what precedes a column.
    pub(super) fn row_id(self, alias: &str) -> String {
        match self {
            Dialect::Sqlite => format!("{alias}rowid"),
            Dialect::Postgres => format!("{alias}ctid::text"),
            Dialect::Oracle => format!("ROWIDTOCHAR({alias}ROWID)"),
        }
    }
}

/// A date with or without a time of day, as `2026-11-20 00:00:00`.
fn moment(text: &str) -> Option<String> {
    let text = text.trim().replace('T', " ");
    let midnight = format!("{text} 00:00:00");
    let read = |text: &str| chrono::NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M:%S%.f").ok();
    read(&text).or_else(|| read(&midnight)).map(|at| at.format("%Y-%m-%d %H:%M:%S").to_string())
}

/// How a database is asked for a window.
impl Dialect {
    /// A status word in each way it may be stored: on SQLite as text, as bytes, and where it looks like a number as one.
    pub fn stored_word(self, word: &str) -> Vec<Bind> {
        let stored = |word: &str| {
            let is_null = word.is_empty() && self.takes_empty_for_null();
            let text = [if is_null { Bind::Null } else { Bind::Text(word.to_owned()) }];
            let bytes = (self == Dialect::Sqlite).then(|| Bind::Blob(word.as_bytes().to_vec()));
            let whole = word.parse().ok().map(Bind::Int).filter(|_| self == Dialect::Sqlite);
            let fraction = word.parse().ok().map(Bind::Real).filter(|_| self == Dialect::Sqlite);
            text.into_iter().chain(bytes).chain(whole).chain(fraction).collect::<Vec<_>>()
        };
        spellings(word).flat_map(stored).collect()
    }

    /// Whether a comparison by the database may take a status word for another, as a column's collation says.
    pub fn may_fold_words(self) -> bool {
        self == Dialect::Sqlite
    }

    /// The words with which the planner is asked whether an index serves a window within a status word.
    pub fn probed_words(self, words: &StatusWords) -> Option<Vec<Bind>> {
        match self {
            Dialect::Sqlite => Some(vec![Bind::Null]),
            Dialect::Postgres | Dialect::Oracle => words.all().next().map(|word| self.stored_word(word)),
        }
    }

    /// Status words, NULL among them, in groups that one statement asks an index for.
    pub fn words_together(self, words: Vec<Bind>) -> Vec<Vec<Bind>> {
        match self {
            Dialect::Sqlite => words.into_iter().map(|word| vec![word]).collect(),
            // an index does not serve a choice between NULL and words
            Dialect::Postgres | Dialect::Oracle => {
                let (nothing, words): (Vec<_>, Vec<_>) =
                    words.into_iter().partition(|word| *word == Bind::Null);
                vec![words, nothing]
            }
        }
    }

    /// What asks how a statement would be run, where that can be asked without writing anything.
    pub fn explained(self, sql: &str) -> Option<String> {
        match self {
            Dialect::Sqlite => Some(format!("EXPLAIN QUERY PLAN {sql}")),
            Dialect::Postgres => Some(format!("EXPLAIN {sql}")),
            // a plan would have to be written into a table
            Dialect::Oracle => None,
        }
    }

    /// Whether a line of such an answer says that an index on these columns, in their order, is looked into.
    pub fn looks_up(self, line: &str, columns: &[&str]) -> bool {
        match (self, columns) {
            (Dialect::Sqlite, [before @ .., last]) => {
                let before: String = before.iter().map(|column| format!("{column}=? AND ")).collect();
                line.contains(&format!("({before}{last}"))
            }
            // a condition names its columns in the order of the index
            (Dialect::Postgres, columns) => {
                let condition = line.trim_start().strip_prefix("Index Cond:");
                let after = |rest: Option<_>, name: &&str| {
                    rest.and_then(|rest: &str| Some(rest.split_once(*name)?.1))
                };
                columns.iter().fold(condition, after).is_some()
            }
            _ => false,
        }
    }

    /// Whether an index has texts in the order of their bytes, in which times are compared.
    pub fn sorts_texts_by_bytes(self) -> bool {
        self != Dialect::Postgres
    }
}

/// A bound instant, written in UTC.
fn oracle_instant(mark: &str) -> String {
    format!("FROM_TZ(TO_TIMESTAMP({mark}, 'YYYY-MM-DD HH24:MI:SS.FF3'), 'UTC')")
}
