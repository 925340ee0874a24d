//! The runs of the past.

use anyhow::Result;
use serde::Serialize;
use serde_json::Value;

use super::SCHEMA;
use crate::model::Millis;
use crate::output::document::{Block, ColumnHead, Document, Table};
use crate::output::{Values, View, escape, values};
use crate::zone;

/// A run of the past.
#[derive(Debug, Serialize)]
pub struct HistoryRow {
    /// Its name.
    pub run_id: String,
    /// The account and the server.
    pub identity: String,
    /// Who began it, where.
    pub started_by: String,
    /// When.
    #[serde(serialize_with = "zone::serialize")]
    pub started_at: Option<Millis>,
    /// When it ended.
    #[serde(serialize_with = "zone::serialize")]
    pub ended_at: Option<Millis>,
    /// Why; of one that did not end, whether it is alive.
    pub reason: Option<String>,
    /// Attempts that ended as sent.
    pub sent: u64,
    /// As deferred.
    pub deferred: u64,
    /// As refused.
    pub refused: u64,
    /// In doubt.
    pub doubt: u64,
}

const RUN_KEYS: &[&str] = &[
    "run_id",
    "identity",
    "started_by",
    "started_at",
    "ended_at",
    "reason",
    "sent",
    "deferred",
    "refused",
    "doubt",
];

/// The runs of the past.
#[derive(Debug)]
pub struct History(pub Vec<HistoryRow>);

impl View for History {
    fn document(&self, _: u16) -> Document {
        runs_document(&self.0)
    }

    fn object(&self) -> Result<Value> {
        Ok(serde_json::json!({ "schema": SCHEMA, "runs": self.0 }))
    }

    fn lines(&self) -> Values<'_> {
        values(&self.0)
    }

    fn rows(&self) -> (&'static [&'static str], Values<'_>) {
        (RUN_KEYS, self.lines())
    }
}

fn runs_document(runs: &[HistoryRow]) -> Document {
    if runs.is_empty() {
        return Document { blocks: vec![Block::Line("No run yet.".to_owned())] };
    }
    let row = |run: &HistoryRow| {
        vec![
            run.started_at.map(zone::rfc3339).unwrap_or_default(),
            escape::line(&run.run_id),
            escape::line(&run.identity),
            run.sent.to_string(),
            run.deferred.to_string(),
            run.refused.to_string(),
            run.doubt.to_string(),
            escape::line(run.reason.as_deref().unwrap_or_default()),
        ]
    };
    let columns = vec![
        ColumnHead::words("started"),
        ColumnHead::words("run"),
        ColumnHead::words("account and server").flexible().if_wide(),
        ColumnHead::numbers("sent"),
        ColumnHead::numbers("deferred"),
        ColumnHead::numbers("refused"),
        ColumnHead::numbers("doubt"),
        ColumnHead::words("ended").flexible(),
    ];
    Document {
        blocks: vec![Block::Table(Table {
            columns,
            rows: runs.iter().map(row).collect(),
            ..Table::default()
        })],
    }
}
