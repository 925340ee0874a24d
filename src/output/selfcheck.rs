//! What could be proved on an Oracle server.

use anyhow::Result;
use serde_json::{Value, json};

use super::document::{Block, Document, Tone};
use super::{Values, View, escape, values};
use crate::model::Proof;

const KEYS: &[&str] = &["what", "holds", "said"];

/// What was proved, in the order in which it was asked.
#[derive(Debug)]
pub struct Selfcheck<'p> {
    /// One for each question.
    pub proofs: &'p [Proof],
}

impl Selfcheck<'_> {
    /// Whether something is not as the program takes it to be.
    pub fn fails(&self) -> bool {
        self.proofs.iter().any(|proof| proof.holds == Some(false))
    }

    fn list(&self) -> Vec<Value> {
        let proof = |proof: &Proof| json!({ "what": proof.what, "holds": proof.holds, "said": proof.said });
        self.proofs.iter().map(proof).collect()
    }
}

impl View for Selfcheck<'_> {
    fn document(&self, _: u16) -> Document {
        let of = |holds| self.proofs.iter().filter(|proof| proof.holds == Some(holds)).count();
        let verdict = match of(false) {
            0 => format!("{} proofs hold on this server.", of(true)),
            failed => format!("{failed} of {} proofs fail on this server.", failed + of(true)),
        };
        let tone = if self.fails() { Tone::Bad } else { Tone::Good };
        let fact = |proof: &Proof| {
            let word = match proof.holds {
                Some(true) => "holds",
                Some(false) => "FAILS",
                None => "told",
            };
            (word.to_owned(), escape::line(&format!("{}: {}", proof.what, proof.said)))
        };
        let version = concat!("mailthrottle ", env!("CARGO_PKG_VERSION"), ", doctor --oracle-selfcheck");
        Document {
            blocks: vec![
                Block::Verdict(verdict, tone),
                Block::Line(String::new()),
                Block::Line(version.to_owned()),
                Block::Facts(self.proofs.iter().map(fact).collect()),
                Block::Line(String::new()),
                Block::Line(
                    "Refusals may name your tables; look it over before you send it to anybody.".to_owned(),
                ),
            ],
        }
    }

    fn object(&self) -> Result<Value> {
        Ok(json!({
            "schema": "mailthrottle/oracle-selfcheck/1",
            "version": env!("CARGO_PKG_VERSION"),
            "fails": self.fails(),
            "proofs": self.list(),
        }))
    }

    fn lines(&self) -> Values<'_> {
        values(self.list())
    }

    fn rows(&self) -> (&'static [&'static str], Values<'_>) {
        (KEYS, self.lines())
    }
}
