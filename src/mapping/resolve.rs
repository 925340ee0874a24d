//! The wishes of the config, joined to the tables and columns that are there.
//!
//! Names match whatever their case where exactly one fits; a name that is not there is answered with those that are.

use chrono_tz::Tz;

use crate::mapping::bind::Bind;
use crate::mapping::meaning::{Comparison, Condition, Meanings, Test, Tested};
use crate::mapping::path::{self, JsonPath};
use crate::mapping::time::Form;
use crate::mapping::time_format::TimeFormat;
use crate::mapping::wanted::{ERROR_JOIN, Wanted, WantedJoin, WantedKey, WrittenValue};
use crate::mapping::{Column, Dialect, StatusWords, nearest};

/// Oracle's type of a document, from 21c on.
pub(super) const JSON: &str = "JSON";

/// What the config wants is not in the database; the sentence says what is, and what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct MappingError(pub String);

/// A table or view as the database describes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableDescription {
    /// The schema it was found in.
    pub schema: String,
    /// Its own name.
    pub name: String,
    /// Its columns in their order.
    pub columns: Vec<Field>,
}

/// A column as the database describes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    /// Its own name.
    pub name: String,
    /// What it holds.
    pub kind: ColumnKind,
}

/// What a column holds, as far as that changes how it is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ColumnKind {
    /// Each row its own type, as in SQLite.
    Any,
    /// Text.
    Text,
    /// Text in Oracle's national character set: NVARCHAR2.
    National,
    /// The same filled up with blanks: NCHAR.
    NationalPadded,
    /// Text too long to be compared: Oracle's CLOB.
    LongText,
    /// Text filled up with blanks.
    Padded,
    /// One of a list of words: the type's name, quoted.
    Enum(String),
    /// A whole number.
    Integer,
    /// A number with a fraction.
    Decimal,
    /// True or false.
    Truth,
    /// An instant: a time with its zone.
    Instant,
    /// An instant that is kept in the database's zone: Oracle's TIMESTAMP WITH LOCAL TIME ZONE.
    LocalInstant,
    /// A naive time.
    WallClock,
    /// A naive time of whole seconds: Oracle's DATE.
    WallSecond,
    /// A date.
    Day,
    /// Bytes.
    Bytes,
    /// Anything else: the type's name.
    Other(String),
}

impl ColumnKind {
    /// Whether times can be kept in it.
    pub(super) fn can_be_time(&self) -> bool {
        !matches!(
            self,
            ColumnKind::Enum(_)
                | ColumnKind::Truth
                | ColumnKind::LongText
                | ColumnKind::Bytes
                | ColumnKind::Other(_)
        )
    }

    /// Whether every value in it is a time.
    pub fn is_time(&self) -> bool {
        self.is_instant() || matches!(self, ColumnKind::WallClock | ColumnKind::WallSecond | ColumnKind::Day)
    }

    /// Whether every value in it says when it was, whatever the zone.
    pub fn is_instant(&self) -> bool {
        matches!(self, ColumnKind::Instant | ColumnKind::LocalInstant)
    }

    /// Whether its texts may be longer than what Oracle compares.
    pub(super) fn is_long(&self) -> bool {
        match self {
            ColumnKind::LongText => true,
            ColumnKind::Other(name) => name == JSON,
            _ => false,
        }
    }

    /// Whether its texts are in Oracle's national character set.
    pub fn is_national(&self) -> bool {
        matches!(self, ColumnKind::National | ColumnKind::NationalPadded)
    }

    /// A value for such a column: a text in the character set that the column has. Oracle converts a text of the database's own
    /// set without a loss only to what that set knows, and a column that is compared with a national text, which costs its index.
    pub(super) fn value(&self, value: Bind) -> Bind {
        match value {
            Bind::Text(text) if self.is_national() => Bind::National(text),
            other => other,
        }
    }

    fn name(&self) -> &str {
        match self {
            ColumnKind::Enum(name) | ColumnKind::Other(name) => name,
            ColumnKind::Truth => "boolean",
            ColumnKind::Bytes => "bytes",
            ColumnKind::Integer | ColumnKind::Decimal => "number",
            ColumnKind::Any
            | ColumnKind::Text
            | ColumnKind::Padded
            | ColumnKind::National
            | ColumnKind::NationalPadded => "text",
            ColumnKind::LongText => "long text",
            ColumnKind::Instant
            | ColumnKind::LocalInstant
            | ColumnKind::WallClock
            | ColumnKind::WallSecond
            | ColumnKind::Day => "time",
        }
    }
}

/// Where a canonical column comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ColumnSource {
    /// A column of the log.
    Own(Field),
    /// A column of a further table, by its place among the joins.
    Joined(usize, Field),
    /// A value inside a document, with what it is as a column.
    Json(Box<ColumnSource>, JsonPath, Field),
}

impl ColumnSource {
    /// The column.
    pub fn field(&self) -> &Field {
        match self {
            ColumnSource::Own(field) | ColumnSource::Joined(_, field) | ColumnSource::Json(_, _, field) => {
                field
            }
        }
    }
}

/// A further table, looked up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Join {
    /// Schema and name.
    pub table: (String, String),
    /// Its column that names the mail.
    pub on: String,
    /// The column it names the mail by, of the log or of a further table.
    pub to: String,
    /// The further table, by its place among the joins.
    pub from: Option<usize>,
    /// Its columns by which the newest row comes last.
    pub order: Vec<String>,
}

/// What identifies a mail.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Key {
    /// The column of the id.
    #[default]
    Id,
    /// Several columns of the log; the id is their values with `/` between.
    Several(Vec<Field>),
    /// The place of the row in the database, which may change: good for reading only.
    RowId,
}

/// By what rows are of one mail, and which of them is the newest: columns of the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewestOf {
    /// The same for all rows of a mail.
    pub group: String,
    /// The highest for the newest.
    pub by: String,
}

/// The user's table, found, with its columns in canonical terms.
#[derive(Debug, Clone)]
pub struct Mapping {
    /// Whose SQL it is asked in.
    pub dialect: Dialect,
    /// Schema and name, both looked up.
    pub table: (String, String),
    /// How the system whose table it is sends a mail again itself, where that is known.
    pub own_way: Option<&'static str>,
    /// The zone of naive times.
    pub zone: Tz,
    /// How texts and numbers are times, where the config says it.
    pub time_format: Option<TimeFormat>,
    /// What each status word means.
    pub words: StatusWords,
    /// When a row means what, where words of its status do not say it.
    pub meanings: Option<Meanings<ColumnSource>>,
    /// What every row must be to be mail.
    pub only: Condition<ColumnSource>,
    /// What identifies a mail.
    pub key: Key,
    /// Texts that stand for nothing.
    pub null_values: Vec<String>,
    /// Of several rows for one mail the newest counts.
    pub newest_of: Option<NewestOf>,
    /// What the columns of a row get once its mail went; nothing: its status gets the word for that.
    pub written: Vec<(Field, WrittenValue)>,
    /// Whether a row failed when its error text is not empty.
    pub failed_when_not_empty: bool,
    /// How the columns of `sent_date` write times.
    pub form: Form,
    /// Whether the times are dates without a time of day.
    pub has_dates_only: bool,
    /// Further tables.
    pub joins: Vec<Join>,
    pub(super) columns: Vec<(Column, Vec<ColumnSource>)>,
}

impl Mapping {
    /// Joins the wishes to the log and the further tables, given in the order of `wanted.joins`.
    ///
    /// # Errors
    /// A column that is not there, with those that are and the nearest name, or one that cannot be what it is to be.
    pub fn resolve(
        wanted: &Wanted,
        dialect: Dialect,
        log: &TableDescription,
        further: &[TableDescription],
    ) -> Result<Self, String> {
        let there = ResolveContext { wanted, dialect, log, further };
        let mut columns = Vec::new();
        for column in Column::all() {
            let sources = there.sources(column)?;
            if sources.is_empty() && there.requires(column) {
                return Err(missing(column.name(), column.name(), log, &hint(column)));
            }
            if !sources.is_empty() {
                columns.push((column, sources));
            }
        }
        let mut mapping = Self {
            dialect,
            table: (log.schema.clone(), log.name.clone()),
            own_way: wanted.own_way,
            zone: wanted.zone.unwrap_or_default(),
            time_format: wanted.time_format.clone(),
            words: wanted.words.clone(),
            meanings: there.meanings()?,
            only: there.condition(&wanted.only, "only")?,
            key: there.key()?,
            null_values: wanted.null_values.clone(),
            newest_of: there.newest_of()?,
            written: there.written()?,
            failed_when_not_empty: wanted.failed_when_not_empty,
            form: Form::Text,
            has_dates_only: false,
            joins: Vec::new(),
            columns,
        };
        mapping.check_readable()?;
        mapping.check_written()?;
        mapping.check_times()?;
        for (join, table) in wanted.joins.iter().zip(further) {
            mapping.joins.push(there.join(join, table, &mapping)?);
        }
        Ok(mapping)
    }

    /// Where a canonical column comes from; empty where the table has no such thing.
    pub fn sources(&self, column: Column) -> &[ColumnSource] {
        self.columns.iter().find(|(of, _)| *of == column).map_or(&[], |(_, sources)| sources)
    }

    /// Whether the log has a canonical column.
    pub fn has(&self, column: Column) -> bool {
        let is_computed = match column {
            Column::Status => self.meanings.is_some(),
            Column::Id => self.key != Key::Id,
            _ => false,
        };
        is_computed || !self.sources(column).is_empty()
    }

    /// The one column of the log that a canonical one is, if it is just that.
    pub fn own(&self, column: Column) -> Option<&Field> {
        match self.sources(column) {
            [ColumnSource::Own(field)] => {
                let is_computed = self.failed_when_not_empty || self.meanings.is_some();
                (column != Column::Status || !is_computed).then_some(field)
            }
            _ => None,
        }
    }

    /// The indexes that make a window of the log quick to read, for a person to read.
    pub fn indexes(&self) -> String {
        let of_join = |join: &Join| format!(" and one on {} ({})", join.table.1, join.on);
        format!("an index on (status, sent_date){}", self.joins.iter().map(of_join).collect::<String>())
    }

    /// The names of the user's columns behind a canonical one.
    pub fn names(&self, column: Column) -> Vec<&str> {
        self.sources(column).iter().map(|source| source.field().name.as_str()).collect()
    }

    /// The kind of a time as it is asked for: that of its columns, or where they differ what each of them is made.
    pub fn kind_of_time(&self, column: Column) -> Option<&ColumnKind> {
        let kinds = self.sources(column).iter().map(|source| &source.field().kind);
        let first = kinds.clone().next()?;
        Some(if self.is_mixed(column) { self.dialect.mixed_times(kinds) } else { first })
    }

    /// Whether the columns of a time are of several kinds.
    pub fn is_mixed(&self, column: Column) -> bool {
        let mut kinds = self.sources(column).iter().map(|source| &source.field().kind);
        kinds.next().is_some_and(|first| kinds.any(|kind| kind != first))
    }

    /// Whether some of the log's times name no zone, so that the mapping's zone decides what they are.
    pub fn has_naive_times(&self) -> bool {
        match self.kind_of_time(Column::SentDate) {
            None => false,
            // of several kinds one is naive, unless all are instants
            Some(_) if self.is_mixed(Column::SentDate) => {
                let mut sources = self.sources(Column::SentDate).iter();
                sources.any(|source| !source.field().kind.is_instant())
            }
            Some(kind) if kind.is_time() => !kind.is_instant(),
            Some(_) => matches!(self.form, Form::Text | Form::TextWithT | Form::TextOfManyForms),
        }
    }

    /// The word of the config that a status is, or the status itself.
    pub fn status_word<'w>(&'w self, stored: Option<&'w str>) -> Option<&'w str> {
        stored.or(self.word_of_null()).map(|stored| self.words.known(stored))
    }

    /// What a row without a status has: where an empty text is NULL, the empty word of the config if there is one.
    pub fn word_of_null(&self) -> Option<&'static str> {
        (self.dialect.takes_empty_for_null() && self.words.is_named(Some(""))).then_some("")
    }

    /// What is written once a mail went has to make the row say so, and to leave what it is known by.
    fn check_written(&self) -> Result<(), String> {
        if self.written.is_empty() {
            return Ok(());
        }
        let keys: Vec<&str> = match &self.key {
            Key::Several(fields) => fields.iter().map(|field| field.name.as_str()).collect(),
            Key::Id | Key::RowId => self.names(Column::Id),
        };
        for (field, value) in &self.written {
            let is_sent_date = self.names(Column::SentDate).contains(&field.name.as_str());
            if keys.contains(&field.name.as_str()) {
                return Err(format!(
                    "[resend.write] sent: column '{}' is what a mail is known by; take it out",
                    field.name
                ));
            }
            if *value == WrittenValue::Now && !field.kind.is_time() && !is_sent_date {
                return Err(format!(
                    "[resend.write] sent: how column '{}' writes times is not known; take :now for a column of sent_date or of a type \
                     for times",
                    field.name
                ));
            }
        }
        if !self.would_be_sent(&self.written) {
            return Err(
                "[resend.write] sent: a row that gets this would still not mean sent; name all that makes it mean that".to_owned(),
            );
        }
        Ok(())
    }

    fn check_readable(&self) -> Result<(), String> {
        for (column, sources) in &self.columns {
            let mut fields = sources.iter().map(ColumnSource::field);
            if let Some(field) = fields.find(|field| !self.dialect.reads(&field.kind)) {
                return Err(format!(
                    "column '{}' ({column}) is of type {}, which cannot be read as text; set [email_log.columns] {column} \
                     to another, to [] to do without, or name a view in which it is text",
                    field.name,
                    field.kind.name(),
                    column = column.name()
                ));
            }
        }
        Ok(())
    }

    fn check_times(&self) -> Result<(), String> {
        for (column, sources) in self.columns.iter().filter(|(column, _)| column.is_time()) {
            let fields = || sources.iter().map(ColumnSource::field);
            if let Some(field) = fields().find(|field| !field.kind.can_be_time()) {
                return Err(format!(
                    "column '{}' ({column}) is of type {}, which cannot be a time; {}",
                    field.name,
                    field.kind.name(),
                    hint(*column),
                    column = column.name()
                ));
            }
            let fits = |kind: &ColumnKind| match self.time_format {
                Some(TimeFormat::Text(_)) => {
                    matches!(
                        kind,
                        ColumnKind::Any | ColumnKind::Text | ColumnKind::National | ColumnKind::Padded
                    )
                }
                Some(TimeFormat::Parts(_)) => {
                    matches!(kind, ColumnKind::Any | ColumnKind::Integer | ColumnKind::Decimal)
                }
                None => true,
            };
            if let Some(field) = fields().find(|field| *column == Column::SentDate && !fits(&field.kind)) {
                return Err(format!(
                    "[email_log] time_format: column '{}' ({}) is of type {}, which is not written so; take time_format out",
                    field.name,
                    column.name(),
                    field.kind.name()
                ));
            }
            if self.is_mixed(*column) && !fields().all(|field| field.kind.is_time()) {
                let kinds: Vec<_> =
                    fields().map(|field| format!("{} ({})", field.name, field.kind.name())).collect();
                return Err(format!(
                    "the columns of {} keep times in different ways: {}; name columns of one type",
                    column.name(),
                    kinds.join(", ")
                ));
            }
        }
        Ok(())
    }
}

/// The wishes and what is there.
struct ResolveContext<'t> {
    wanted: &'t Wanted,
    dialect: Dialect,
    log: &'t TableDescription,
    further: &'t [TableDescription],
}

impl ResolveContext<'_> {
    fn requires(&self, column: Column) -> bool {
        match column {
            Column::Id => self.wanted.key == WantedKey::Id,
            Column::SentDate => true,
            Column::Status => match &self.wanted.meanings {
                Some(meanings) => meanings.asks_status(),
                None => !self.wanted.failed_when_not_empty,
            },
            Column::ErrorMessage => self.wanted.failed_when_not_empty,
            _ => false,
        }
    }

    fn sources(&self, column: Column) -> Result<Vec<ColumnSource>, String> {
        match self.wanted.columns.iter().find(|(of, _)| *of == column) {
            _ if column == Column::Id && self.wanted.key != WantedKey::Id => match &self.wanted.key {
                WantedKey::Columns(only) if only.len() == 1 => {
                    Ok(vec![ColumnSource::Own(self.own(&only[0], "key", "set [email_log] key")?)])
                }
                _ => Ok(Vec::new()),
            },
            Some((_, names)) => self.named(column, names),
            // a status of the usual name says nothing where the error text decides
            None if column == Column::Status && self.wanted.failed_when_not_empty => Ok(Vec::new()),
            None => {
                // one that cannot be read is asked for by nobody
                let usual = column.usual_names().iter().find_map(|name| look_up(name, self.log));
                let usual = usual.filter(|field| self.dialect.reads(&field.kind));
                Ok(usual.cloned().map(ColumnSource::Own).into_iter().collect())
            }
        }
    }

    /// The columns of these names; those of a preset only as far as they are there.
    fn named(&self, column: Column, names: &[String]) -> Result<Vec<ColumnSource>, String> {
        let mut found: Vec<_> = names.iter().map(|name| self.source(column, name)).collect();
        let is_there = found.iter().any(Result::is_ok);
        if self.wanted.lent.contains(&column) && (is_there || !self.requires(column)) {
            found.retain(Result::is_ok);
        }
        found.into_iter().collect()
    }

    /// When a row means what.
    fn meanings(&self) -> Result<Option<Meanings<ColumnSource>>, String> {
        let found = |meanings: &Meanings<String>| meanings.find(|test| self.test(test, "a condition"));
        self.wanted.meanings.as_ref().map(found).transpose()
    }

    /// A condition under a key of the section.
    fn condition(&self, wanted: &Condition<String>, key: &str) -> Result<Condition<ColumnSource>, String> {
        let tests = wanted.iter().map(|test| self.test(test, "a condition"));
        tests.collect::<Result<_, _>>().map_err(|error| format!("[email_log] {key}: {error}"))
    }

    fn test(&self, wanted: &Test<String>, what: &str) -> Result<Test<ColumnSource>, String> {
        let comparison = wanted.comparison.clone();
        let Tested::Column(name) = &wanted.column else {
            return Ok(Test { column: Tested::Status, comparison });
        };
        let source = self.column(name, what, "name one of them")?;
        let kind = &source.field().kind;
        if matches!(comparison, Comparison::Number(..)) && !self.dialect.compares_numbers(kind) {
            return Err(format!(
                "column '{name}' is of type {}, which cannot be compared with a number; write the words it may have",
                kind.name()
            ));
        }
        if !self.dialect.reads(kind) {
            return Err(format!(
                "column '{name}' is of type {}, which no condition can look into",
                kind.name()
            ));
        }
        Ok(Test { column: Tested::Column(source), comparison })
    }

    fn key(&self) -> Result<Key, String> {
        let WantedKey::Columns(names) = &self.wanted.key else {
            return Ok(if self.wanted.key == WantedKey::RowId { Key::RowId } else { Key::Id });
        };
        if names.len() < 2 {
            return Ok(Key::Id);
        }
        let own = |name: &String| self.own(name, "key", "set [email_log] key");
        Ok(Key::Several(names.iter().map(own).collect::<Result<_, _>>()?))
    }

    fn newest_of(&self) -> Result<Option<NewestOf>, String> {
        let found = |newest: &crate::mapping::raw::RawNewest| {
            let own = |name, what| {
                let found: Field = self.own(name, what, "set [email_log] newest_of")?;
                Ok::<_, String>(found.name)
            };
            Ok(NewestOf { group: own(&newest.group, "group")?, by: own(&newest.by, "by")? })
        };
        self.wanted.newest_of.as_ref().map(found).transpose()
    }

    /// What is written once a mail went.
    fn written(&self) -> Result<Vec<(Field, WrittenValue)>, String> {
        let column = |(name, value): &(String, WrittenValue)| {
            let found = self.own(name, "sent", "set [resend.write] sent")?;
            if *value == WrittenValue::Now && !found.kind.can_be_time() {
                return Err(format!(
                    "[resend.write] sent: column '{name}' is of type {}, which holds no time; take :now for another",
                    found.kind.name()
                ));
            }
            if let WrittenValue::Word(word) = value
                && !self.dialect.takes_word(word, &found.kind)
            {
                return Err(format!(
                    "[resend.write] sent: column '{name}' is of type {}, which cannot hold '{}'",
                    found.kind.name(),
                    word.escape_debug()
                ));
            }
            Ok((found, value.clone()))
        };
        self.wanted.written.iter().map(column).collect()
    }

    /// A column of the log itself.
    fn own(&self, name: &str, what: &str, hint: &str) -> Result<Field, String> {
        look_up(name, self.log).cloned().ok_or_else(|| missing(name, what, self.log, hint))
    }

    /// A column behind a canonical one.
    fn source(&self, column: Column, name: &str) -> Result<ColumnSource, String> {
        self.column(name, column.name(), &hint(column))
    }

    /// A column of the log, of a further table where its name precedes a dot, or a value inside one of these.
    fn column(&self, name: &str, what: &str, hint: &str) -> Result<ColumnSource, String> {
        if let Some(own) = look_up(name, self.log) {
            return Ok(ColumnSource::Own(own.clone()));
        }
        if let Some(split) = path::split(name) {
            let (document, path) = split.map_err(|error| format!("{what}: {error}"))?;
            let document = self.column(document, what, hint)?;
            let Some(kind) = self.dialect.kind_in_json(&document.field().kind) else {
                return Err(format!(
                    "{what}: column '{}' is of type {}, into which no path leads; name a column of JSON, or the column itself",
                    document.field().name,
                    document.field().kind.name()
                ));
            };
            return Ok(ColumnSource::Json(Box::new(document), path, Field { name: name.to_owned(), kind }));
        }
        let joined = name.split_once('.').and_then(|(join, rest)| {
            let place = self.wanted.joins.iter().position(|wanted| wanted.name == join)?;
            Some((place, rest))
        });
        let Some((place, rest)) = joined else {
            let further = name.split_once('.').map(|(join, _)| format!(" or [email_log.joins.{join}]"));
            let hint = hint.to_owned() + &further.unwrap_or_default();
            return Err(missing(name, what, self.log, &hint));
        };
        let (table, join) = (&self.further[place], &self.wanted.joins[place]);
        let hint = match join.name.as_str() {
            ERROR_JOIN => format!("set {}", join.key()),
            join => hint.replace("\"...\"", &format!("\"{join}.COLUMN\"")),
        };
        let field = look_up(rest, table).ok_or_else(|| missing(rest, what, table, &hint))?;
        Ok(ColumnSource::Joined(place, field.clone()))
    }

    /// The place of the further table that another hangs on; joins do not hang on one another in a circle.
    fn place(&self, name: &str, of: &WantedJoin) -> Result<usize, String> {
        let joins = &self.wanted.joins;
        let place = |name: &str| joins.iter().position(|join| join.name == name);
        let known = || joins.iter().map(|join| join.name.as_str()).collect::<Vec<_>>().join(", ");
        let found = place(name).ok_or_else(|| {
            format!("{}: from: '{}' is not one of the joins {}", of.key(), name.escape_debug(), known())
        })?;
        let mut next = Some(found);
        for _ in 0..=joins.len() {
            let Some(join) = next.map(|place| &joins[place]) else {
                return Ok(found);
            };
            if join.name == of.name {
                break;
            }
            next = join.from.as_deref().and_then(place);
        }
        Err(format!("{}: from leads back to itself; hang the first table on the log", of.key()))
    }

    fn join(&self, wanted: &WantedJoin, table: &TableDescription, mapping: &Mapping) -> Result<Join, String> {
        let hint = format!("set {}", wanted.key());
        let find = |name: &str, what: &str, table: &TableDescription| {
            look_up(name, table)
                .map(|field| field.name.clone())
                .ok_or_else(|| missing(name, what, table, &hint))
        };
        let from = wanted.from.as_ref().map(|name| self.place(name, wanted)).transpose()?;
        let to = match (&wanted.to, mapping.own(Column::Id)) {
            (Some(to), _) => find(to, "to", from.map_or(self.log, |place| &self.further[place]))?,
            (None, _) if from.is_some() => {
                return Err(format!("{}: from wants to, the column of that table; name it", wanted.key()));
            }
            (None, Some(id)) => id.name.clone(),
            (None, None) => {
                return Err(format!("the id is not one column of the log; {hint}, with to = \"...\""));
            }
        };
        let newest = wanted.newest_by.as_ref().map(|name| find(name, "newest_by", table)).transpose()?;
        // of rows of one time the last one written counts
        let id = [Column::Id.name(), "rowid"].into_iter().find_map(|name| look_up(name, table));
        let id = id.map(|field| field.name.clone());
        let order = newest.map_or_else(Vec::new, |newest| [Some(newest), id].into_iter().flatten().collect());
        Ok(Join {
            table: (table.schema.clone(), table.name.clone()),
            on: find(&wanted.on, "on", table)?,
            to,
            from,
            order,
        })
    }
}

pub(super) fn look_up<'t>(name: &str, table: &'t TableDescription) -> Option<&'t Field> {
    let mut alike = table.columns.iter().filter(|there| there.name.eq_ignore_ascii_case(name));
    match (table.columns.iter().find(|there| there.name == name), alike.next(), alike.next()) {
        (Some(exact), ..) => Some(exact),
        (None, Some(only), None) => Some(only),
        _ => None,
    }
}

fn hint(column: Column) -> String {
    format!("set [email_log] columns = {{ {} = \"...\" }}", column.name())
}

fn missing(name: &str, what: &str, table: &TableDescription, hint: &str) -> String {
    let present: Vec<String> = table.columns.iter().map(|field| field.name.clone()).collect();
    let nearest =
        nearest(name, &present).map_or_else(String::new, |near| format!(" (did you mean '{near}'?)"));
    format!(
        "column '{name}' ({what}) is not in table {}, which has {}{nearest}; {hint}",
        table.name,
        present.join(", "),
    )
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::mapping::RawMapping;
    use crate::mapping::wanted::Flags;

    /// A table with these columns.
    pub fn table(name: &str, columns: &[(&str, ColumnKind)]) -> TableDescription {
        let field = |(name, kind): &(&str, ColumnKind)| Field { name: (*name).into(), kind: kind.clone() };
        TableDescription {
            schema: "main".into(),
            name: name.into(),
            columns: columns.iter().map(field).collect(),
        }
    }

    fn resolve(toml: &str) -> Result<Mapping, String> {
        let raw: RawMapping = toml::from_str(toml).unwrap();
        let names = ["id", "state", "Sent_Date", "created", "error_message", "body"];
        let columns: Vec<_> = names
            .into_iter()
            .map(|name| (name, ColumnKind::Any))
            .chain([("key", ColumnKind::Other("uuid".into()))])
            .collect();
        let errors = table(
            "mail_error",
            &[
                ("id", ColumnKind::Any),
                ("mail_id", ColumnKind::Any),
                ("message", ColumnKind::Any),
                ("at", ColumnKind::Any),
            ],
        );
        let wanted = raw.check(Flags::default())?;
        let further: Vec<_> = wanted.joins.iter().map(|_| errors.clone()).collect();
        Mapping::resolve(&wanted, Dialect::Sqlite, &table("email_log", &columns), &further)
    }

    #[test]
    fn columns_of_the_usual_names_need_no_config() {
        let mapping =
            resolve("columns = { status = 'state', sent_date = ['sent_date', 'created'] }").unwrap();
        assert_eq!(mapping.names(Column::SentDate), ["Sent_Date", "created"]);
        assert_eq!(mapping.names(Column::BodyText), ["body"]);
        assert!(!mapping.has(Column::Sender));
    }

    #[test]
    fn a_missing_column_is_answered_with_those_there_are() {
        assert_eq!(
            resolve("columns = { status = 'stat' }").unwrap_err(),
            "column 'stat' (status) is not in table email_log, which has id, state, Sent_Date, created, \
             error_message, body, key (did you mean 'state'?); set [email_log] columns = { status = \"...\" }"
        );
        assert_eq!(
            resolve("columns = { status = 'state' }\nerror_join = { table = 'e', on = 'mail', column = 'message' }")
                .unwrap_err(),
            "column 'mail' (on) is not in table mail_error, which has id, mail_id, message, at \
             (did you mean 'mail_id'?); set [email_log] error_join"
        );
    }

    #[test]
    fn the_newest_row_of_a_further_table_is_told_by_its_time_and_id() {
        let toml = "columns = { status = 'state' }\n\
                    error_join = { table = 'e', on = 'mail_id', column = 'message', newest_by = 'AT' }";
        let mapping = resolve(toml).unwrap();
        assert_eq!(mapping.joins[0].order, ["at", "id"]);
        assert_eq!(mapping.joins[0].to, "id");
    }

    #[test]
    fn a_missing_column_of_a_further_table_names_the_key_that_names_it() {
        let join = "joins = { try = { table = 't', on = 'mail_id' } }\n";
        let with = "which has id, mail_id, message, at";
        let refused = |columns: &str| resolve(&format!("{join}columns = {columns}")).unwrap_err();
        assert_eq!(
            refused("{ status = 'try.state' }"),
            format!(
                "column 'state' (status) is not in table mail_error, {with}; \
                 set [email_log] columns = {{ status = \"try.COLUMN\" }}"
            )
        );
        assert!(
            refused("{ status = 'tray.state' }")
                .ends_with("; set [email_log] columns = { status = \"...\" } or [email_log.joins.tray]")
        );
        let toml = "joins = { try = { table = 't', on = 'mail_id', to = 'number' } }\ncolumns = { status = 'state' }";
        let error = resolve(toml).unwrap_err();
        assert!(error.starts_with("column 'number' (to) is not in table email_log, "), "{error}");
        assert!(error.ends_with("; set [email_log.joins.try]"), "{error}");
    }

    #[test]
    fn a_column_may_be_said_not_to_be_what_its_name_says() {
        let mapping = resolve("columns = { status = 'state', body_text = [], error_message = [] }").unwrap();
        assert!(!mapping.has(Column::BodyText) && !mapping.has(Column::ErrorMessage));
        let error = resolve("columns = { status = [] }").unwrap_err();
        assert_eq!(error, "[email_log] columns: status names no column");
    }

    #[test]
    fn a_status_is_not_needed_where_the_error_text_decides() {
        let mapping = resolve("failed_when = 'not empty'").unwrap();
        assert!(mapping.own(Column::Status).is_none());
        assert_eq!(
            resolve("failed_when = 'never'").unwrap_err(),
            "[email_log] failed_when: 'never' is not one of 'not empty'; for status words use failed = [...]"
        );
    }

    #[test]
    fn what_cannot_be_a_time_is_refused() {
        assert_eq!(
            resolve("columns = { status = 'state', sent_date = 'key' }").unwrap_err(),
            "column 'key' (sent_date) is of type uuid, which cannot be a time; \
             set [email_log] columns = { sent_date = \"...\" }"
        );
    }
}
