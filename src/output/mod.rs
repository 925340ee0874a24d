//! Views of the typed results; nothing is computed here.
//!
//! A result becomes a [`document`] for people, which [`text`] and [`markdown`] write, or is written as it is by [`json`]
//! and [`csv`]; [`nagios`] and [`prometheus`] are for monitors. Values from outside go through [`escape`] first.

pub mod alert;
pub mod chart;
pub mod config_file;
pub mod csv;
pub mod doctor;
pub mod document;
pub mod escape;
pub mod explain;
pub mod failures;
pub mod import;
pub mod init;
pub mod json;
pub mod markdown;
pub mod nagios;
pub mod prometheus;
pub mod report;
pub mod resend;
pub mod selfcheck;
pub mod test_rules;
pub mod text;

use anyhow::Result;
use clap::ValueEnum;
use clap::builder::PossibleValue;
use serde_json::Value;

use document::Document;

/// How a result is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum Format {
    /// Text for people.
    #[default]
    #[value(alias = "text")]
    Table,
    /// One JSON object.
    Json,
    /// A JSON object a line.
    Ndjson,
    /// Rows with a head.
    Csv,
    /// For tickets.
    Markdown,
}

/// What monitors read; `alert` alone writes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Monitor {
    /// One line for Nagios, Icinga and their kin; of `alert` alone.
    Nagios,
    /// Metrics in Prometheus' text format; of `alert` alone.
    Prometheus,
}

/// What `--format` may name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AnyFormat {
    /// Of every command.
    Of(Format),
    /// Of `alert`.
    For(Monitor),
}

impl Default for AnyFormat {
    fn default() -> Self {
        AnyFormat::Of(Format::default())
    }
}

impl AnyFormat {
    /// The format, if every command writes it.
    pub fn of_every_command(self) -> Option<Format> {
        match self {
            AnyFormat::Of(format) => Some(format),
            AnyFormat::For(_) => None,
        }
    }
}

impl ValueEnum for AnyFormat {
    fn value_variants<'a>() -> &'a [Self] {
        const ALL: [AnyFormat; 7] = [
            AnyFormat::Of(Format::Table),
            AnyFormat::Of(Format::Json),
            AnyFormat::Of(Format::Ndjson),
            AnyFormat::Of(Format::Csv),
            AnyFormat::Of(Format::Markdown),
            AnyFormat::For(Monitor::Nagios),
            AnyFormat::For(Monitor::Prometheus),
        ];
        &ALL
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        match self {
            AnyFormat::Of(format) => format.to_possible_value(),
            // offered by the help of `alert`, which alone writes them
            AnyFormat::For(monitor) => monitor.to_possible_value().map(|value| value.hide(true)),
        }
    }
}

/// Values that come one by one.
pub type Values<'v> = Box<dyn Iterator<Item = Result<Value>> + 'v>;

/// What is written, in pieces.
pub type Pieces<'v> = Box<dyn Iterator<Item = Result<String>> + 'v>;

/// A result, in all that its forms are made of.
pub trait View {
    /// For people, on so many columns.
    fn document(&self, columns: u16) -> Document;

    /// For a ticket.
    fn ticket(&self) -> Document {
        self.document(u16::MAX)
    }

    /// Its contract in JSON.
    ///
    /// # Errors
    /// None for the types of this program.
    fn object(&self) -> Result<Value>;

    /// A list that is the last key of the object, where it may be too long to be kept.
    fn list(&self) -> Option<(&'static str, Values<'_>)> {
        None
    }

    /// The same as an object a line.
    fn lines(&self) -> Values<'_> {
        Box::new(std::iter::once_with(|| self.object()))
    }

    /// The same as rows under a head, which names keys of theirs.
    fn rows(&self) -> (&'static [&'static str], Values<'_>);
}

/// Each of some values in JSON.
pub fn values<'v, T: serde::Serialize + 'v>(list: impl IntoIterator<Item = T, IntoIter: 'v>) -> Values<'v> {
    Box::new(list.into_iter().map(|item| Ok(serde_json::to_value(item)?)))
}

/// Writes a result.
///
/// # Errors
/// None for the types of this program.
pub fn written<'v>(view: &'v impl View, format: Format, look: text::TextStyle) -> Result<Pieces<'v>> {
    let one = |text: String| -> Pieces<'v> { Box::new(std::iter::once(Ok(text))) };
    Ok(match format {
        Format::Table => one(text::render(&view.document(look.width), look)),
        Format::Markdown => one(markdown::render(&view.ticket())),
        Format::Json => match view.list() {
            Some((key, list)) => Box::new(json::with_list(&view.object()?, key, list)?),
            None => one(json::object(&view.object()?)?),
        },
        Format::Ndjson => Box::new(view.lines().map(|line| Ok(json::line(&line?)?))),
        Format::Csv => {
            let (keys, rows) = view.rows();
            Box::new(csv::one_by_one(keys, rows))
        }
    })
}
