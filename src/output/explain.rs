//! One error text explained.

use anyhow::Result;
use serde::Serialize;
use serde_json::Value;

use super::document::{Block, Document};
use super::report::code;
use super::{Values, View, escape, values};
use crate::model::{Class, Disposition, Enhanced, Stage};
use crate::reply::{Classifier, fingerprint};

const KEYS: &[&str] = &[
    "text",
    "reply",
    "enhanced",
    "class",
    "disposition",
    "stage",
    "fingerprint",
    "rule",
    "meaning",
    "advice",
    "retry_after_s",
    "not_before",
    "links",
];

/// What a text means; as JSON `mailthrottle/explain/1`.
#[derive(Debug, Serialize)]
pub struct Explanation {
    schema: &'static str,
    text: String,
    reply: Option<u16>,
    enhanced: Option<Enhanced>,
    class: Class,
    disposition: Disposition,
    stage: Option<Stage>,
    fingerprint: String,
    rule: String,
    meaning: String,
    advice: String,
    /// Seconds that the text itself asks to wait.
    retry_after_s: Option<u64>,
    /// When to send again at the earliest, as the rule says.
    not_before: Option<String>,
    /// Where to read more.
    links: Vec<String>,
}

impl Explanation {
    /// Reads a text.
    pub fn new(text: &str, classifier: &Classifier) -> Self {
        let reading = classifier.read(text);
        Self {
            schema: "mailthrottle/explain/1",
            text: text.to_owned(),
            reply: reading.reply,
            enhanced: reading.enhanced,
            class: reading.class,
            disposition: reading.disposition,
            stage: reading.stage,
            fingerprint: fingerprint(text).to_string(),
            rule: reading.rule.name.clone(),
            meaning: reading.rule.meaning_for(reading.disposition).to_owned(),
            advice: reading.rule.advice_for(reading.disposition).to_owned(),
            retry_after_s: reading.retry_after.map(|wait| wait.as_secs()),
            not_before: reading.rule.not_before.as_ref().map(ToString::to_string),
            links: reading.rule.links.clone(),
        }
    }
}

impl View for Explanation {
    fn document(&self, _: u16) -> Document {
        document(self)
    }

    fn object(&self) -> Result<Value> {
        Ok(serde_json::to_value(self)?)
    }

    fn rows(&self) -> (&'static [&'static str], Values<'_>) {
        (KEYS, values([self]))
    }
}

fn document(it: &Explanation) -> Document {
    let codes = Some(code(it.reply, it.enhanced)).filter(|code| !code.is_empty());
    let stage = it.stage.map(|stage| format!("at {stage}"));
    let kind =
        [Some(it.class.to_string()), codes, stage].into_iter().flatten().collect::<Vec<_>>().join(", ");
    let mut rows = vec![
        ("Means", it.meaning.clone()),
        ("Again", again(it)),
        ("Do", it.advice.clone()),
        ("Rule", format!("{} ({kind})", it.rule)),
    ];
    rows.extend(it.links.first().map(|link| ("Read", link.clone())));
    let facts = rows.into_iter().map(|(head, text)| (head.to_owned(), escape::line(&text))).collect();
    Document { blocks: vec![Block::Facts(facts)] }
}

fn again(it: &Explanation) -> String {
    let named = it.retry_after_s.map(|wait| format!("after {wait} s, as the server asks"));
    let when = named.or_else(|| it.not_before.as_ref().map(|when| format!("not before: {when}")));
    let answer = match it.disposition {
        Disposition::Retry => "Yes, later and more slowly",
        Disposition::Wait => "Not before the counted window frees",
        Disposition::Never => "No, not without a change to message or address",
        Disposition::Stop => "No, and nothing else from this account either, until it is settled",
        Disposition::Doubt => "Only when a person has made sure that it did not arrive",
    };
    when.map_or_else(|| format!("{answer}."), |when| format!("{answer}; {when}."))
}
