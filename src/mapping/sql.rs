//! The relation `email_log` in SQL: the user's table, columns and rows in front of a query file.
//!
//! A query file runs on its own against a table with the canonical names; here it gets
//! `WITH email_log AS (SELECT ... FROM "schema"."table" t WHERE ...)` before it. Only this part holds binds.
//! The table is written with its schema, or one that is itself called email_log would refer to itself.

use std::fmt;

use crate::mapping::resolve::{ColumnKind, ColumnSource, Join};
use crate::mapping::time::Form;
use crate::mapping::time_format::TimeFormat;
use crate::mapping::{Column, Dialect, Key, Mapping};
use crate::model::Meaning;
use crate::window::Window;

pub use crate::mapping::bind::Bind;

/// A statement with the values for `?1`, `?2`, ... or `$1`, `$2`, ...
#[derive(Debug, Clone, PartialEq)]
pub struct Statement {
    /// Whose SQL it is.
    pub dialect: Dialect,
    /// The text, made of query files, quoted names and place holders.
    pub sql: String,
    /// The values.
    pub binds: Vec<Bind>,
}

impl Statement {
    /// A statement without values.
    pub fn plain(dialect: Dialect, sql: impl Into<String>) -> Self {
        Self { dialect, sql: sql.into(), binds: Vec::new() }
    }
}

/// The values of a statement that is being written.
#[derive(Debug)]
pub(super) struct Binds {
    dialect: Dialect,
    values: Vec<Bind>,
}

impl Binds {
    pub(super) fn new(dialect: Dialect) -> Self {
        Self { dialect, values: Vec::new() }
    }

    /// The statement they are the values of.
    pub(super) fn statement(self, sql: String) -> Statement {
        Statement { dialect: self.dialect, sql, binds: self.values }
    }

    /// Adds a value and gives its place holder.
    pub(super) fn add(&mut self, value: Bind) -> String {
        self.values.push(value);
        format!("{}{}", self.dialect.mark(), self.values.len())
    }
}

impl fmt::Display for Statement {
    /// As a person may run it: the values in a comment before it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, value) in (1..).zip(&self.binds) {
            writeln!(f, "-- {}{number} = {value}", self.dialect.mark())?;
        }
        writeln!(f, "{};", self.sql)
    }
}

/// Which rows of the user's table are asked for.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Selection {
    /// Rows with one of these status words; none means every row.
    pub words: Option<Vec<Bind>>,
    /// Rows of this time.
    pub time: TimeBounds,
    /// The rows of these keys, as the relation shows them.
    pub ids: Option<Vec<String>>,
    /// Rows with one of these Message-IDs or subjects.
    pub among: Option<Among>,
    /// Rows with a key between these, both included.
    pub keys: Option<(i64, i64)>,
    /// At most so many rows.
    pub limit: Option<i64>,
    /// Whether the relation also shows the table's integer key, as `rowid`.
    pub with_key: bool,
    /// Whether the relation shows the status as it is kept, and not as text, so that an index on it serves.
    pub with_kept_status: bool,
    /// Whether columns of further tables are NULL: each costs a look into its table, even where nobody asks for it.
    pub own_only: bool,
    /// Whether the rows with the highest ids come first, where the id is a column of the log.
    pub newest_first: bool,
}

impl Selection {
    /// Whether it can give a row whose time lies in a window.
    pub fn is_timely(&self) -> bool {
        !matches!(self.time, TimeBounds::Unplaced(_) | TimeBounds::Missing)
    }
}

/// Rows with one of these Message-IDs or one of these subjects. Where a text cannot be compared in the database, all rows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Among {
    /// Message-IDs as the log may write them.
    pub message_ids: Vec<String>,
    /// Subjects, to the letter.
    pub subjects: Vec<String>,
}

/// Values in one list; Oracle takes a thousand (ORA-01795).
const IN_A_LIST: usize = 500;

/// Which times are asked for. Bounds on texts are whole days, wider than the window: the reader decides exactly.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub enum TimeBounds {
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

const GAPS_BETWEEN_TEXTS: &str = include_str!("../../queries/sqlite/gaps_between_texts.sql");
const GAPS_BETWEEN_SECONDS: &str = include_str!("../../queries/sqlite/gaps_between_seconds.sql");
const GAPS_BETWEEN_MILLIS: &str = include_str!("../../queries/sqlite/gaps_between_millis.sql");

/// The condition that no row fulfils.
pub(super) const NEVER: &str = "1 = 0";

impl Mapping {
    /// Puts the selected rows in front of a query file.
    pub fn statement(&self, selection: &Selection, query: &str) -> Statement {
        let mut binds = Binds::new(self.dialect);
        let condition = match self.conditions(selection, &mut binds).join(" AND ") {
            none if none.is_empty() => none,
            some => format!(" WHERE {some}"),
        };
        let order = self.own(Column::Id).filter(|_| selection.newest_first);
        let limit = selection.limit.map(|rows| match order {
            Some(_) => self.dialect.first_in_order(rows, |rows| binds.add(rows)),
            None => ("", self.dialect.first(&binds.add(Bind::Int(rows)))),
        });
        let (hint, limit) = limit.unwrap_or_default();
        let order = order.map_or_else(String::new, |id| format!(" ORDER BY t.{} DESC", quoted(&id.name)));
        let columns = self.select_list(selection, &mut binds).join(",\n    ");
        let (gaps, from) = self.from(selection);
        let relation = format!(
            "{gaps}email_log AS {}(\n  SELECT {hint}{columns}\n  FROM {from}{condition}{order}{limit}\n)",
            self.dialect.inlined()
        );
        let sql = match body(query).strip_prefix("WITH RECURSIVE ") {
            Some(own) => format!("WITH RECURSIVE {relation},\n{own}"),
            None => format!("WITH {relation}\n{}", body(query)),
        };
        binds.statement(sql)
    }

    fn conditions(&self, selection: &Selection, binds: &mut Binds) -> Vec<String> {
        let mut conditions = self.with_kind(binds);
        if let Some(words) = &selection.words {
            conditions.push(self.with_words(words, binds));
        }
        conditions.extend(self.with_times(selection.time, binds));
        if let Some(ids) = &selection.ids {
            conditions.push(self.with_ids(ids, binds));
        }
        conditions.extend(selection.among.as_ref().and_then(|among| self.with_texts(among, binds)));
        if let Some((first, last)) = selection.keys {
            let ends = [first, last].map(|key| binds.add(Bind::Int(key)));
            conditions.push(format!("t.rowid BETWEEN {}", ends.join(" AND ")));
        }
        conditions
    }

    fn with_ids(&self, ids: &[String], binds: &mut Binds) -> String {
        let is_one = |id: &String| match self.own(Column::Id) {
            Some(key) => self.is_key(&format!("t.{}", quoted(&key.name)), id, key, binds),
            None if self.key != Key::Id => self.has_key("t.", id, binds),
            None => format!("{} = {}", self.value(Column::Id, binds), binds.add(Bind::Text(id.to_owned()))),
        };
        let each: Vec<_> = ids.iter().map(is_one).collect();
        match each.as_slice() {
            [] => NEVER.to_owned(),
            [only] => only.clone(),
            several => format!("({})", several.join(" OR ")),
        }
    }

    /// The condition that a row has one of some texts; none where a column of them cannot be compared.
    fn with_texts(&self, among: &Among, binds: &mut Binds) -> Option<String> {
        let mut either = Vec::new();
        for (column, texts) in [(Column::MessageId, &among.message_ids), (Column::Subject, &among.subjects)] {
            let sources = self.sources(column);
            if sources
                .iter()
                .map(|source| &source.field().kind)
                .any(|kind| kind.is_long() || *kind == ColumnKind::Bytes)
            {
                return None;
            }
            if sources.is_empty() || texts.is_empty() {
                continue;
            }
            let value = match (self.dialect.has_types(), sources) {
                // unchanged, so that an index can be used
                (true, [only]) if matches!(only.field().kind, ColumnKind::Text | ColumnKind::National) => {
                    self.raw(only)
                }
                (false, _) if column == Column::Subject => {
                    format!("CAST({} AS TEXT)", self.value(column, binds))
                }
                _ => self.value(column, binds),
            };
            either.extend(texts.chunks(IN_A_LIST).map(|texts| {
                let kind = sources.first().map_or(&ColumnKind::Text, |source| &source.field().kind);
                let marks = texts.iter().map(|text| binds.add(kind.value(Bind::Text(text.clone()))));
                format!("{value} IN ({})", marks.collect::<Vec<_>>().join(", "))
            }));
        }
        Some(if either.is_empty() { NEVER.to_owned() } else { format!("({})", either.join(" OR ")) })
    }

    /// The table, and where SQLite looks into the gaps between times, those.
    fn from(&self, selection: &Selection) -> (String, String) {
        let table = format!("{} t", quoted_table(&self.table));
        if self.dialect != Dialect::Sqlite || !matches!(selection.time, TimeBounds::Unplaced(_)) {
            return (String::new(), table);
        }
        let gaps = match self.form {
            Form::Seconds => GAPS_BETWEEN_SECONDS,
            Form::Millis => GAPS_BETWEEN_MILLIS,
            _ => GAPS_BETWEEN_TEXTS,
        };
        (format!("gap AS (\n{}\n),\n", body(gaps)), format!("gap CROSS JOIN {table}"))
    }

    fn select_list(&self, selection: &Selection, binds: &mut Binds) -> Vec<String> {
        let mut list = Vec::new();
        if self.dialect == Dialect::Sqlite {
            list.push(format!("{} AS rowid", if selection.with_key { "t.rowid" } else { "NULL" }));
        }
        for column in Column::all() {
            let value = match column {
                Column::Status if selection.with_kept_status => self.kept_status(binds),
                _ if selection.own_only && self.is_joined(column) => self.dialect.nothing().to_owned(),
                _ => self.value(column, binds),
            };
            // a word that not every database takes for a name
            let is_reserved = column == Column::Raw;
            let name = if is_reserved { quoted(column.name()) } else { column.name().to_owned() };
            list.push(format!("{value} AS {name}"));
        }
        list
    }

    /// Whether a column needs a look into a further table.
    fn is_joined(&self, column: Column) -> bool {
        let by_error = column == Column::Status && self.failed_when_not_empty;
        let column = if by_error { Column::ErrorMessage } else { column };
        self.sources(column).iter().any(|source| matches!(source, ColumnSource::Joined(..)))
    }

    /// A canonical column as the relation shows it.
    fn value(&self, column: Column, binds: &mut Binds) -> String {
        match (column, self.sources(column)) {
            (Column::Status, _) if self.meanings.is_some() => self.computed_status(binds),
            (Column::Status, _) if self.failed_when_not_empty => self.status_by_error(binds),
            (Column::Id, _) if self.key != Key::Id => self.key_text("t."),
            (_, []) => self.dialect.nothing().to_owned(),
            // a whole message is handed over to the byte
            (Column::Raw, [only]) if only.field().kind == ColumnKind::Bytes => self.raw(only),
            (Column::ErrorMessage, [first, rest @ ..]) => self.one_text(first, rest),
            (Column::SentDate | Column::QueuedAt | Column::FinishedAt, _) => {
                let kind = self.kind_of_time(column).unwrap_or(&ColumnKind::Instant);
                let time = self.time(column, binds);
                // of several columns each was asked already
                let time = match self.sources(column) {
                    [only] => self.unless_nothing(time, &only.field().kind, binds),
                    _ => time,
                };
                self.dialect.shown_time(&self.in_order(time, column), kind)
            }
            (Column::Status, _) => self.status_text(binds),
            (_, several) => {
                let kinds: Vec<_> = several.iter().map(|source| &source.field().kind).collect();
                let texts = several.iter().map(|source| self.text(source)).collect();
                coalesced(self.dialect.alike(texts, &kinds))
            }
        }
    }

    /// The column itself, or the column of the newest row of a further table.
    fn raw(&self, source: &ColumnSource) -> String {
        self.raw_in("t", source)
    }

    /// The same, of a row of the log that goes by this name.
    pub(super) fn raw_in(&self, alias: &str, source: &ColumnSource) -> String {
        match source {
            ColumnSource::Own(field) => format!("{alias}.{}", quoted(&field.name)),
            ColumnSource::Joined(place, field) => self.joined(alias, *place, &field.name),
            ColumnSource::Json(document, path, _) => self.dialect.json(&self.raw_in(alias, document), path),
        }
    }

    fn joined(&self, alias: &str, place: usize, column: &str) -> String {
        let Join { table, on, to, from, order } = &self.joins[place];
        let of = match from {
            Some(outer) => self.joined(alias, *outer, to),
            None => format!("{alias}.{}", quoted(to)),
        };
        let order: Vec<_> = order.iter().map(|name| format!("j.{} DESC NULLS LAST", quoted(name))).collect();
        let order = if order.is_empty() { order } else { vec![format!(" ORDER BY {}", order.join(", "))] };
        format!(
            "(SELECT j.{} FROM {} j WHERE j.{} = {of}{}{})",
            quoted(column),
            quoted_table(table),
            quoted(on),
            order.concat(),
            self.dialect.first("1")
        )
    }

    fn text(&self, source: &ColumnSource) -> String {
        self.dialect.text(&self.raw(source), &source.field().kind)
    }

    /// The status column or columns as one text.
    pub(super) fn status_text(&self, _: &mut Binds) -> String {
        let sources = self.sources(Column::Status).iter();
        let (texts, kinds): (Vec<_>, Vec<_>) = sources.map(|source| self.short_text(source)).unzip();
        coalesced(self.dialect.alike(texts, &kinds))
    }

    /// A status as a text that can be compared and counted.
    fn short_text<'s>(&self, source: &'s ColumnSource) -> (String, &'s ColumnKind) {
        let kind = &source.field().kind;
        match self.dialect.short(&self.text(source)) {
            Some(short) if kind.is_long() => (short, &ColumnKind::Text),
            _ => (self.text(source), kind),
        }
    }

    /// Several columns as one text, `first: second`, without those that are empty.
    fn one_text(&self, first: &ColumnSource, rest: &[ColumnSource]) -> String {
        let mut texts = [first].into_iter().chain(rest).map(|source| self.text(source)).collect::<Vec<_>>();
        let Some(last) = texts.pop().filter(|_| !texts.is_empty()) else {
            return self.text(first);
        };
        let last = self.dialect.filled(&last);
        let is_national = [first].into_iter().chain(rest).any(|source| source.field().kind.is_national());
        let whole =
            texts.iter().rev().fold(last, |rest, text| self.dialect.prefixed(text, &rest, is_national));
        self.dialect.trimmed(&whole)
    }

    /// The time of a row: the first column that is not NULL, each made the same where they are of several kinds.
    pub(super) fn time(&self, column: Column, binds: &mut Binds) -> String {
        let sources = self.sources(column);
        let raw: Vec<_> = match sources {
            [only] => vec![self.raw(only)],
            several => {
                let each = several.iter().map(|source| (self.raw(source), &source.field().kind));
                each.map(|(raw, kind)| self.unless_nothing(raw, kind, binds)).collect()
            }
        };
        let made = match self.kind_of_time(column) {
            Some(made) if self.is_mixed(column) => made,
            _ => return coalesced(raw),
        };
        let mut zone = || binds.add(Bind::Text(self.zone.name().to_owned()));
        let kinds = sources.iter().map(|source| &source.field().kind);
        let mut one = |(raw, kind): (String, _)| self.dialect.one_of_mixed(&raw, kind, made, &mut zone);
        coalesced(raw.into_iter().zip(kinds).map(&mut one).collect())
    }

    /// A time as the program reads it, where the config says how the column writes it.
    pub(super) fn in_order(&self, time: String, column: Column) -> String {
        match &self.time_format {
            // other columns may be times of a type of their own
            _ if column != Column::SentDate && !self.is_written_alike(column) => time,
            Some(TimeFormat::Text(format)) => format.in_order(&time),
            Some(TimeFormat::Parts(parts)) => format!("({time} / {parts})"),
            None => time,
        }
    }

    /// Whether a time is of the kind of the log's own.
    fn is_written_alike(&self, column: Column) -> bool {
        self.kind_of_time(column) == self.kind_of_time(Column::SentDate)
    }

    /// A value, NULL where it is one that stands for nothing.
    fn unless_nothing(&self, value: String, kind: &ColumnKind, binds: &mut Binds) -> String {
        let nulls = self.nulls(kind, binds);
        if nulls.is_empty() {
            return value;
        }
        format!("CASE WHEN {value} NOT IN ({}) THEN {value} END", nulls.join(", "))
    }

    /// The status where the error text decides: the first word for failed, else the one for sent, or what a status column
    /// says.
    fn status_by_error(&self, binds: &mut Binds) -> String {
        let own = self.sources(Column::Status).iter().map(|source| self.short_text(source));
        let (mut texts, mut kinds): (Vec<_>, Vec<_>) = own.unzip();
        let kind = *kinds.first().unwrap_or(&&ColumnKind::Text);
        let mut word = |meaning| {
            let word = self.words.of(meaning).next().map_or(Bind::Null, |word| Bind::Text(word.to_owned()));
            self.dialect.text(&binds.add(kind.value(word)), &ColumnKind::Padded)
        };
        let (failed, sent) = (word(Meaning::Failed), word(Meaning::Sent));
        let error = match self.sources(Column::ErrorMessage) {
            [first, rest @ ..] => self.one_text(first, rest),
            [] => "NULL".to_owned(),
        };
        texts.extend([sent, failed]);
        kinds.extend([kind; 2]);
        let mut texts = self.dialect.alike(texts, &kinds);
        let failed = texts.pop().unwrap_or_default();
        format!("CASE WHEN length(trim({error})) > 0 THEN {failed} ELSE {} END", coalesced(texts))
    }

    /// The status column as it is kept, where it is one.
    fn kept_status(&self, binds: &mut Binds) -> String {
        match self.own(Column::Status) {
            Some(field) => format!("t.{}", quoted(&field.name)),
            None => self.value(Column::Status, binds),
        }
    }

    pub(super) fn with_words(&self, words: &[Bind], binds: &mut Binds) -> String {
        if self.meanings.is_some() {
            return self.has_meaning(words, binds);
        }
        let kind = self.own(Column::Status).map(|field| &field.kind);
        let kind = kind.filter(|kind| self.dialect.compares_words(kind));
        let status = match kind {
            Some(_) => self.kept_status(binds),
            None => self.value(Column::Status, binds),
        };
        if let (Dialect::Sqlite, [word]) = (self.dialect, words) {
            return format!("{status} IS {}", binds.add(word.clone()));
        }
        // what is put together of several columns is national if one of them is
        let is_national = |source: &ColumnSource| source.field().kind.is_national();
        let kind = match kind {
            Some(kind) => kind,
            None if self.sources(Column::Status).iter().any(is_national) => &ColumnKind::National,
            None => &ColumnKind::Text,
        };
        self.in_words((&status, kind), words, binds)
    }

    /// The condition that a value is one of some words, NULL perhaps among them.
    pub(super) fn in_words(
        &self,
        (value, kind): (&str, &ColumnKind),
        words: &[Bind],
        binds: &mut Binds,
    ) -> String {
        let is_compared = self.dialect.compares_words(kind);
        let value = if is_compared { value.to_owned() } else { self.dialect.text(value, kind) };
        let kind = match kind {
            kind if is_compared => kind,
            kind if kind.is_national() => &ColumnKind::National,
            _ => &ColumnKind::Text,
        };
        let is_null = words.contains(&Bind::Null).then(|| self.dialect.has_no_word(&value, kind));
        let fits = |word: &&Bind| match word {
            Bind::Text(word) => self.dialect.takes_word(word, kind),
            other => **other != Bind::Null,
        };
        let mut mark = |word: &Bind| self.dialect.word(binds.add(kind.value(word.clone())), kind);
        let marks: Vec<_> = words.iter().filter(fits).map(&mut mark).collect();
        let is_word = (!marks.is_empty()).then(|| format!("{value} IN ({})", marks.join(", ")));
        match (is_word, is_null) {
            (Some(is_word), Some(is_null)) => format!("({is_word} OR {is_null})"),
            (Some(one), None) | (None, Some(one)) => one,
            (None, None) => NEVER.to_owned(),
        }
    }
}

/// The first of some values that is not NULL.
fn coalesced(values: Vec<String>) -> String {
    match values.as_slice() {
        [only] => only.clone(),
        several => format!("coalesce({})", several.join(", ")),
    }
}

/// A table with its schema, as SQL writes it.
pub fn quoted_table((schema, name): &(String, String)) -> String {
    format!("{}.{}", quoted(schema), quoted(name))
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
pub(super) mod tests {
    use super::*;
    use crate::mapping::RawMapping;
    use crate::mapping::resolve::tests::table;
    use crate::mapping::wanted::Flags;

    /// A mapping whose time is in two columns.
    pub fn mapping(form: Form) -> Mapping {
        let time = match form {
            Form::Instant => ColumnKind::Instant,
            Form::WallClock => ColumnKind::WallClock,
            Form::Day => ColumnKind::Day,
            _ => ColumnKind::Any,
        };
        let dialect = if time.is_time() { Dialect::Postgres } else { Dialect::Sqlite };
        let toml = "columns = { sent_date = ['sent', 'made'] }";
        let columns = [
            ("id", ColumnKind::Any),
            ("status", ColumnKind::Any),
            ("sent", time.clone()),
            ("made", time),
            ("sen\"der", ColumnKind::Any),
        ];
        Mapping { form, ..resolved(toml, dialect, &columns) }
    }

    fn resolved(toml: &str, dialect: Dialect, columns: &[(&str, ColumnKind)]) -> Mapping {
        let raw: RawMapping = toml::from_str(toml).unwrap();
        let wanted = raw.check(Flags::default()).unwrap();
        let further = table(
            "mail_error",
            &[
                ("mail_id", ColumnKind::Integer),
                ("kind", ColumnKind::Text),
                ("text", ColumnKind::Text),
                ("at", ColumnKind::Instant),
            ],
        );
        let further: Vec<_> = wanted.joins.iter().map(|_| further.clone()).collect();
        Mapping::resolve(&wanted, dialect, &table("email_log", columns), &further).unwrap()
    }

    /// A mapping on Oracle whose status is of a kind.
    pub fn on_oracle(status: ColumnKind) -> Mapping {
        let columns =
            [("id", ColumnKind::Integer), ("status", status), ("sent_date", ColumnKind::WallSecond)];
        resolved("", Dialect::Oracle, &columns)
    }

    fn failed(words: &[&str], time: TimeBounds) -> Selection {
        let words = words.iter().map(|word| Bind::Text((*word).into())).collect();
        Selection { words: Some(words), time, ..Selection::default() }
    }

    #[test]
    fn the_window_stands_on_the_users_own_column() {
        let window = Window { since: Some(1_795_159_800_000), until: None, zone: chrono_tz::UTC };
        let selection = failed(&["F"], TimeBounds::Inside(window));
        let statement = mapping(Form::Seconds).statement(&selection, "-- why\nSELECT 1 FROM email_log;\n");
        assert!(statement.sql.ends_with(
            "\n  FROM \"main\".\"email_log\" t WHERE t.\"status\" IS ?1 AND \
             coalesce(t.\"sent\", t.\"made\") >= ?2\n)\nSELECT 1 FROM email_log"
        ));
        assert_eq!(statement.binds, [Bind::Text("F".into()), Bind::Int(1_795_159_800)]);
    }

    /// The condition on rows that Postgres gets for a status column of a kind.
    fn condition(kind: ColumnKind, words: &[&str]) -> String {
        let columns = [("id", ColumnKind::Integer), ("status", kind), ("sent_date", ColumnKind::Instant)];
        let mapping = Mapping { form: Form::Instant, ..resolved("", Dialect::Postgres, &columns) };
        let sql = mapping.statement(&failed(words, TimeBounds::Any), "SELECT 1").sql;
        sql.split(" WHERE ").nth(1).unwrap().trim_end_matches("\n)\nSELECT 1").to_owned()
    }

    #[test]
    fn a_word_is_cast_to_the_type_of_its_column() {
        assert_eq!(condition(ColumnKind::Text, &["F", "E"]), "t.\"status\" IN ($1, $2)");
        assert_eq!(condition(ColumnKind::Padded, &["F"]), "t.\"status\" IN ($1::bpchar)");
        assert_eq!(condition(ColumnKind::Truth, &["0", "maybe"]), "t.\"status\" IN ($1::boolean)");
        assert_eq!(condition(ColumnKind::Integer, &["F"]), "1 = 0");
        assert_eq!(condition(ColumnKind::Other("citext".into()), &["F"]), "t.\"status\"::text IN ($1)");
    }

    #[test]
    fn an_error_text_of_a_further_table_is_that_of_its_newest_row() {
        let toml = "error_join = { table = 'mail_error', on = 'mail_id', column = ['kind', 'text'], newest_by = 'at' }";
        let columns =
            [("id", ColumnKind::Integer), ("status", ColumnKind::Text), ("sent_date", ColumnKind::Instant)];
        let sql =
            resolved(toml, Dialect::Postgres, &columns).statement(&Selection::default(), "SELECT 1").sql;
        let text = |column: &str| {
            format!(
                "(SELECT j.\"{column}\" FROM \"main\".\"mail_error\" j WHERE j.\"mail_id\" = t.\"id\" \
                 ORDER BY j.\"at\" DESC NULLS LAST LIMIT 1)"
            )
        };
        let expected = format!(
            "nullif(rtrim(coalesce(nullif({}, '') || ': ', '') || coalesce({}, ''), ': '), '') AS error_message",
            text("kind"),
            text("text")
        );
        assert!(sql.contains(&expected), "{sql}");
        let own_only = Selection { own_only: true, ..Selection::default() };
        let sql = resolved(toml, Dialect::Postgres, &columns).statement(&own_only, "SELECT 1").sql;
        assert!(sql.contains("NULL AS error_message") && !sql.contains("mail_error"), "{sql}");
    }

    #[test]
    fn names_are_quoted() {
        assert_eq!(quoted("a\"; DROP TABLE x; --"), "\"a\"\"; DROP TABLE x; --\"");
    }
}
