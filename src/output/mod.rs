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
pub mod test_rules;
pub mod text;

/// How a result is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
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
    /// One line for Nagios, Icinga and their kin; of `alert` alone.
    Nagios,
    /// Metrics in Prometheus' text format; of `alert` alone.
    Prometheus,
}

impl Format {
    /// Whether monitors read it, and only `alert` writes it.
    pub fn is_for_monitors(self) -> bool {
        matches!(self, Format::Nagios | Format::Prometheus)
    }
}
