//! Views of the typed results; nothing is computed here.
//!
//! A result becomes a [`document`] for people, which [`text`] and [`markdown`] write, or is written as it is by [`json`]
//! and [`csv`]. Values from outside go through [`escape`] first.

pub mod chart;
pub mod csv;
pub mod document;
pub mod escape;
pub mod explain;
pub mod failures;
pub mod import;
pub mod json;
pub mod markdown;
pub mod report;
pub mod test_rules;
pub mod text;

/// How a result is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub enum Format {
    /// Text for people.
    #[default]
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
