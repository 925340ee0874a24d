//! What `resend` is going to do, what it did, what is in doubt, and the runs of the past.

use std::fmt;

use anyhow::Result;
use serde::Serialize;

use super::document::{Block, Column, Document, Table, Tone};
use super::{Format, csv, escape, json, markdown, text};
use crate::analysis::wording::count;
use crate::model::{Class, Enhanced, Millis};
use crate::zone;

/// Rows shown of a longer list.
const SHOWN: usize = 20;

const KEYS: &[&str] =
    &["id", "outcome", "attempts", "next_at", "reply", "enhanced", "class", "message_id", "reason"];

/// A row of `mailthrottle/resend/1`.
#[derive(Debug, Clone, Serialize)]
pub struct Row {
    /// The row's key.
    pub id: String,
    /// `sent`, `deferred`, `refused`, `doubt`, `skipped`, `untouched`; before sending `selected`.
    pub outcome: &'static str,
    /// Attempts used up, those of earlier runs included.
    pub attempts: u32,
    /// Not before this time.
    #[serde(serialize_with = "zone::serialize")]
    pub next_at: Option<Millis>,
    /// The reply code of the last answer.
    pub reply: Option<u16>,
    /// Its enhanced code.
    pub enhanced: Option<Enhanced>,
    /// What it means.
    pub class: Option<Class>,
    /// The Message-ID it went with.
    pub message_id: Option<String>,
    /// What was answered, or why it does not go.
    pub reason: Option<String>,
    /// The reason without what differs from row to row.
    #[serde(skip)]
    pub group: &'static str,
    /// To whom and about what.
    #[serde(skip)]
    pub about: String,
}

/// Rows, made one by one as they are written: there may be hundreds of thousands.
pub struct Rows<'r>(Box<dyn Fn() -> RowsIter<'r> + 'r>);

type RowsIter<'r> = Box<dyn Iterator<Item = Row> + 'r>;

impl<'r> Rows<'r> {
    /// The rows that `make` gives, the same ones each time.
    pub fn made_by<I: Iterator<Item = Row> + 'r>(make: impl Fn() -> I + 'r) -> Self {
        Self(Box::new(move || Box::new(make())))
    }

    fn iter(&self) -> RowsIter<'r> {
        (self.0)()
    }
}

impl Default for Rows<'_> {
    fn default() -> Self {
        Self::made_by(std::iter::empty)
    }
}

impl fmt::Debug for Rows<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

/// `mailthrottle/resend/1`.
#[derive(Debug, Default, Serialize)]
pub struct Answer<'r> {
    /// The version of this form.
    pub schema: &'static str,
    /// The run; none before it has begun.
    pub run_id: Option<String>,
    /// Whether nothing was to be done.
    pub dry_run: bool,
    /// Rows that go.
    pub selected: u64,
    /// Accepted by the server.
    pub sent: u64,
    /// Left for a later run.
    pub deferred: u64,
    /// Refused for good.
    pub refused: u64,
    /// In doubt.
    pub doubt: u64,
    /// Rows that did not go.
    pub skipped: u64,
    /// Rows that would go but for `--limit`; they are not listed.
    pub beyond_limit: u64,
    /// Throttle replies met.
    pub throttled: u64,
    /// Connections opened.
    pub connections_opened: u64,
    /// Connections at once, at most.
    pub peak_connections: u64,
    /// How long it took, or will take as far as can be known.
    pub duration_ms: Millis,
    /// Through which server; none where nothing is sent.
    pub server: Option<String>,
    /// Under which caps.
    pub caps: Option<String>,
    /// Every row; written last, one by one.
    #[serde(skip)]
    pub rows: Rows<'r>,
}

/// The name of the form.
pub const SCHEMA: &str = "mailthrottle/resend/1";

/// What will be done, or was done, in pieces to be printed one after the other.
///
/// # Errors
/// None for the types of this program.
pub fn render<'a>(answer: &'a Answer<'_>, format: Format, look: text::Look) -> Result<Pieces<'a>> {
    Ok(match format {
        Format::Table | Format::Nagios | Format::Prometheus => one(text::render(&document(answer), look)),
        Format::Markdown => one(markdown::render(&document(answer))),
        Format::Json => Box::new(json::with_list(answer, "rows", answer.rows.iter())?),
        Format::Ndjson => Box::new(answer.rows.iter().map(|row| Ok(json::line(&row)?))),
        Format::Csv => Box::new(csv::one_by_one(KEYS, answer.rows.iter())),
    })
}

/// Pieces of an answer.
pub type Pieces<'a> = Box<dyn Iterator<Item = Result<String>> + 'a>;

fn one<'a>(text: String) -> Pieces<'a> {
    Box::new(std::iter::once(Ok(text)))
}

/// The plan, for a person who is asked to agree to it.
pub fn plan(answer: &Answer<'_>, look: text::Look) -> String {
    text::render(&document(answer), look)
}

fn document(answer: &Answer<'_>) -> Document {
    let mut blocks = vec![verdict(answer)];
    if answer.run_id.is_none() && answer.selected > 0 {
        let note = "The application's own job must not send these rows meanwhile, unless claim_status keeps it from them.";
        blocks.push(Block::Line(note.to_owned()));
    }
    if let (Some(server), Some(caps)) = (&answer.server, &answer.caps) {
        blocks.push(Block::Line(format!("Server: {server}. Caps: {caps}.")));
    }
    if answer.run_id.is_some() {
        let per_connection = answer.sent as f64 / answer.connections_opened.max(1) as f64;
        blocks.push(Block::Line(format!(
            "{} opened, {} at once at most, {per_connection:.1} messages per connection, {} met, {}.",
            count(answer.connections_opened, "connection"),
            answer.peak_connections,
            count(answer.throttled, "throttle reply"),
            length(answer.duration_ms)
        )));
    }
    blocks.extend(reasons(answer));
    blocks.extend(rows(answer.rows.iter()));
    Document { blocks }
}

fn verdict(answer: &Answer<'_>) -> Block {
    if answer.run_id.is_none() {
        let sentence = match answer.selected {
            0 => format!("Nothing to send: no row goes, {} are skipped.", answer.skipped),
            selected => format!(
                "{selected} rows go again, {} are skipped{}; that takes about {}.",
                answer.skipped,
                match answer.beyond_limit {
                    0 => String::new(),
                    beyond => format!(", {beyond} are left beyond --limit"),
                },
                length(answer.duration_ms)
            ),
        };
        return Block::Verdict(sentence, Tone::Good);
    }
    let tone = match (answer.refused + answer.doubt, answer.deferred) {
        (0, 0) => Tone::Good,
        (0, _) => Tone::Warning,
        _ => Tone::Bad,
    };
    let sentence = format!(
        "{} sent, {} deferred, {} refused, {} in doubt, {} skipped.",
        answer.sent, answer.deferred, answer.refused, answer.doubt, answer.skipped
    );
    Block::Verdict(sentence, tone)
}

/// How many rows are skipped for which reason.
fn reasons(answer: &Answer<'_>) -> Vec<Block> {
    let beyond = (answer.beyond_limit > 0).then_some(("beyond --limit", answer.beyond_limit));
    let mut counts: Vec<(&str, u64)> = beyond.into_iter().collect();
    for row in answer.rows.iter().filter(|row| row.outcome == "skipped") {
        match counts.iter_mut().find(|(known, _)| *known == row.group) {
            Some((_, count)) => *count += 1,
            None => counts.push((row.group, 1)),
        }
    }
    counts.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(b.0)));
    if counts.is_empty() {
        return Vec::new();
    }
    let facts = counts.into_iter().map(|(reason, count)| (count.to_string(), reason.to_owned()));
    vec![Block::Heading("Skipped".to_owned()), Block::Facts(facts.collect())]
}

/// The outcomes that need a look, before those that are fine.
const WEIGHTY: [&str; 4] = ["doubt", "refused", "deferred", "untouched"];

/// The first rows of those that go or went, weighty ones first, how many there are in all, and whether none has a reason.
fn first_rows(rows: impl Iterator<Item = Row>) -> (Vec<Row>, usize, bool) {
    let mut by_weight: [Vec<Row>; WEIGHTY.len() + 1] = Default::default();
    let (mut all, mut is_plan) = (0, true);
    for row in rows.filter(|row| row.outcome != "skipped") {
        all += 1;
        is_plan &= row.reason.is_none();
        let weight = WEIGHTY.iter().position(|outcome| *outcome == row.outcome).unwrap_or(WEIGHTY.len());
        if by_weight[weight].len() < SHOWN {
            by_weight[weight].push(row);
        }
    }
    (by_weight.into_iter().flatten().take(SHOWN).collect(), all, is_plan)
}

/// The rows that go or went, the first of them.
fn rows(rows: impl Iterator<Item = Row>) -> Vec<Block> {
    let (shown, all, is_plan) = first_rows(rows);
    if shown.is_empty() {
        return Vec::new();
    }
    let table = Table {
        columns: vec![
            Column::words("row"),
            Column::words("outcome"),
            Column::words("next at").if_wide(),
            Column::words(if is_plan { "mail" } else { "answer" }).flexible(),
        ],
        rows: shown
            .iter()
            .map(|row| {
                vec![
                    escape::line(&row.id),
                    row.outcome.to_owned(),
                    row.next_at.map(zone::rfc3339).unwrap_or_default(),
                    escape::short(&escape::line(row.reason.as_deref().unwrap_or(&row.about)), 200),
                ]
            })
            .collect(),
    };
    let mut blocks = vec![Block::Heading("Rows".to_owned()), Block::Table(table)];
    if all > SHOWN {
        blocks.push(Block::Line(format!("and {} more; --format json lists all", all - SHOWN)));
    }
    blocks
}

/// The rows in doubt, in pieces.
///
/// # Errors
/// None for the types of this program.
pub fn doubts<'a>(answer: &'a Answer<'_>, format: Format, look: text::Look) -> Result<Pieces<'a>> {
    if !matches!(format, Format::Table | Format::Markdown) {
        return render(answer, format, look);
    }
    let mut blocks = match answer.doubt {
        0 => vec![Block::Verdict("No row is in doubt.".to_owned(), Tone::Good)],
        count => vec![
            Block::Verdict(
                format!("{count} rows may have been delivered; none goes again by itself."),
                Tone::Bad,
            ),
            Block::Line(
                "Look for their Message-IDs at the provider, then: resend --doubt delivered|again|drop ID..."
                    .to_owned(),
            ),
        ],
    };
    let fact = |row: Row| {
        let message_id = row.message_id.as_deref().unwrap_or("(no Message-ID)");
        let reason = row.reason.as_deref().unwrap_or_default();
        (escape::line(&row.id), escape::line(&format!("{message_id}  {reason}")))
    };
    blocks.extend((answer.doubt > 0).then(|| Block::Facts(answer.rows.iter().map(fact).collect())));
    let document = Document { blocks };
    Ok(one(if format == Format::Markdown {
        markdown::render(&document)
    } else {
        text::render(&document, look)
    }))
}

/// A time span as people say it.
pub fn length(millis: Millis) -> String {
    let seconds = u64::try_from((millis + 999) / 1000).unwrap_or(0);
    humantime::format_duration(std::time::Duration::from_secs(seconds.max(1))).to_string()
}

/// A run of the past.
#[derive(Debug, Serialize)]
pub struct PastRun {
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
    /// Why.
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

/// Writes the runs of the past.
///
/// # Errors
/// None for the types of this program.
pub fn history(runs: &[PastRun], format: Format, look: text::Look) -> Result<String> {
    Ok(match format {
        Format::Table | Format::Nagios | Format::Prometheus => text::render(&runs_document(runs), look),
        Format::Markdown => markdown::render(&runs_document(runs)),
        Format::Json => json::object(&serde_json::json!({ "schema": SCHEMA, "runs": runs }))?,
        Format::Ndjson => runs.iter().map(json::line).collect::<serde_json::Result<String>>()?,
        Format::Csv => csv::rows(RUN_KEYS, runs)?,
    })
}

fn runs_document(runs: &[PastRun]) -> Document {
    if runs.is_empty() {
        return Document { blocks: vec![Block::Line("No run yet.".to_owned())] };
    }
    let row = |run: &PastRun| {
        vec![
            run.started_at.map(zone::rfc3339).unwrap_or_default(),
            escape::line(&run.run_id),
            escape::line(&run.identity),
            run.sent.to_string(),
            run.deferred.to_string(),
            run.refused.to_string(),
            run.doubt.to_string(),
            escape::line(run.reason.as_deref().unwrap_or("not ended")),
        ]
    };
    let columns = vec![
        Column::words("started"),
        Column::words("run"),
        Column::words("account and server").flexible(),
        Column::numbers("sent"),
        Column::numbers("deferred"),
        Column::numbers("refused"),
        Column::numbers("doubt"),
        Column::words("ended").if_wide(),
    ];
    Document { blocks: vec![Block::Table(Table { columns, rows: runs.iter().map(row).collect() })] }
}
