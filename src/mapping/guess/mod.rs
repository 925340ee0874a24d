//! Which table is the mail log, and what its columns and words mean: proposals with reasons, for a person to look over.
//!
//! Guessed from the catalogue and a sample alone. Known real-world schemas are in `known.toml` and the presets.

pub mod columns;
mod known;
pub mod words;

pub use columns::FoundColumn;
pub use words::GuessedWord;

use crate::mapping::described::{Described, Sample};
use crate::mapping::preset::{self, Preset};
use crate::mapping::raw::RawMapping;
use crate::mapping::resolve::ColumnSource;
use crate::mapping::wanted::Flags;
use crate::mapping::words::RawWord;
use crate::mapping::{Column, Dialect, Mapping, StatusWords};
use crate::model::OneOrMany;
use crate::model::{Meaning, WordCount};
use known::known;

/// A table with fewer points than this does not look like a mail log.
pub const LEAST_SCORE: u32 = 55;

/// Tables whose points differ by less look equally like one.
const MARGIN: u32 = 5;

/// The points of a table that a preset fits.
const OF_A_PRESET: u32 = 100;

/// What each canonical column that was found adds to a table's points.
const POINTS: &[(Column, u32)] = &[
    (Column::Id, 5),
    (Column::Status, 10),
    (Column::SentDate, 15),
    (Column::ErrorMessage, 10),
    (Column::Sender, 5),
    (Column::Recipient, 15),
    (Column::Subject, 10),
];

/// What init proposes for a table.
#[derive(Debug, Clone, PartialEq)]
pub struct Proposal {
    /// The table as the config names it.
    pub table: String,
    /// The preset that fits it.
    pub preset: Option<&'static str>,
    /// The canonical columns that were found.
    pub columns: Vec<FoundColumn>,
    /// The table's other columns.
    pub others: Vec<String>,
    /// Whether a row failed when its error text is not empty.
    pub failed_when_not_empty: bool,
    /// The status words.
    pub words: Vec<GuessedWord>,
    /// About how many rows it has, where that is known without counting.
    pub rows: Option<i64>,
    /// How much it looks like a mail log, up to 100.
    pub score: u32,
}

/// What is known while guessing.
#[derive(Debug, Clone, Copy)]
pub struct Catalogue<'t> {
    /// Whose it is.
    pub dialect: Dialect,
    /// Every table.
    pub tables: &'t [Described],
}

impl Catalogue<'_> {
    /// The tables that are worth a look inside, the likeliest first.
    pub fn likeliest(&self, most: usize) -> Vec<&Described> {
        let score = |described: &Described| self.propose(described, &Sample::default()).score;
        let mut ranked: Vec<_> = self.tables.iter().map(|described| (score(described), described)).collect();
        ranked.sort_by_key(|(score, _)| std::cmp::Reverse(*score));
        ranked.into_iter().take(most).map(|(_, described)| described).collect()
    }

    /// What a table and a sample of its rows seem to be.
    pub fn propose(&self, described: &Described, sample: &Sample) -> Proposal {
        let columns = columns::find(described, sample);
        let mut proposal = Proposal {
            table: described.name(self.dialect),
            preset: None,
            others: others(described, &columns),
            failed_when_not_empty: !has(&columns, Column::Status) && has(&columns, Column::ErrorMessage),
            words: Vec::new(),
            columns,
            rows: if sample.is_whole { i64::try_from(sample.rows.len()).ok() } else { described.estimate },
            score: 0,
        };
        proposal.take_words(counted(described, sample, &proposal.columns), None);
        proposal.preset = self.preset(described, &proposal).map(|preset| preset.name.as_str());
        proposal.score = if proposal.preset.is_some() { OF_A_PRESET } else { score(described, &proposal) };
        proposal
    }

    /// The preset of this table's name and columns, if its words are the table's as well.
    fn preset(&self, described: &Described, proposal: &Proposal) -> Option<&'static Preset> {
        preset::all().iter().find(|preset| {
            let mapping = self.by_preset(described, preset);
            mapping.is_some_and(|mapping| {
                let shown = |found: &FoundColumn| mapping.has(found.column);
                let says_columns = !preset.mapping.columns.is_empty();
                (says_columns || proposal.columns.iter().all(shown))
                    && lacks(&mapping, preset) <= 1
                    && knows_words(&mapping, proposal)
            })
        })
    }

    fn by_preset(&self, described: &Described, preset: &Preset) -> Option<Mapping> {
        let wanted = preset.mapping.check(Flags::default()).ok()?;
        let bare = |name: &str| name.rsplit('.').next().unwrap_or_default().to_lowercase();
        let is_called = |described: &Described, name: &str| described.table.name.to_lowercase() == bare(name);
        // WordPress tables begin with what the site's administrator chose
        let is_of_another_site = wanted
            .table
            .strip_prefix("wp")
            .is_some_and(|rest| rest.starts_with('_') && described.table.name.to_lowercase().ends_with(rest));
        if !is_called(described, &wanted.table) && !is_of_another_site {
            return None;
        }
        let further = wanted.joins.iter().map(|join| {
            let there = |other: &&Described| {
                is_called(other, &join.table) && other.table.schema == described.table.schema
            };
            self.tables.iter().find(there).map(|other| other.table.clone())
        });
        let further: Vec<_> = further.collect::<Option<_>>()?;
        Mapping::resolve(&wanted, self.dialect, &described.table, &further).ok()
    }
}

impl Proposal {
    /// Takes in how many rows have which status word; what they mean is guessed where nobody knows.
    pub fn take_words(&mut self, counted: Vec<WordCount>, known: Option<&StatusWords>) {
        let column = self.names(Column::Status).first().cloned().unwrap_or_default();
        self.words = words::guess(counted, &column);
        for word in self.words.iter_mut().filter(|_| known.is_some()) {
            let meaning = known.map(|known| known.meaning(word.counted.word.as_deref()));
            word.meaning = meaning.filter(|meaning| *meaning != Meaning::Other);
            word.reason =
                if word.meaning.is_some() { "as the preset says" } else { "not named by the preset" };
        }
    }

    /// Takes in what a mapping says, where a preset knows better than a guess.
    pub fn take_preset(&mut self, mapping: &Mapping) {
        let mut all: Vec<String> = self.columns.iter().flat_map(|found| found.names.clone()).collect();
        all.append(&mut self.others);
        let found = |column| {
            let name = |source: &ColumnSource| match source {
                ColumnSource::Own(field) | ColumnSource::Json(_, _, field) => field.name.clone(),
                ColumnSource::Joined(place, field) => {
                    format!("{}.{}", mapping.joins[*place].table.1, field.name)
                }
            };
            let names: Vec<_> = mapping.sources(column).iter().map(name).collect();
            let reason = "as the preset says".to_owned();
            (!names.is_empty()).then_some(FoundColumn { column, names, reason })
        };
        self.columns = Column::all().filter_map(found).collect();
        self.failed_when_not_empty = mapping.failed_when_not_empty;
        let is_taken = |name: &String| self.columns.iter().any(|found| found.names.contains(name));
        self.others = all.into_iter().filter(|name| !is_taken(name)).collect();
    }

    /// The user's columns behind a canonical one.
    pub fn names(&self, column: Column) -> &[String] {
        self.columns.iter().find(|found| found.column == column).map_or(&[], |found| &found.names)
    }

    /// Whether there is enough to read the table as a mail log.
    pub fn is_usable(&self) -> bool {
        let has = |column| has(&self.columns, column);
        self.preset.is_some()
            || (has(Column::Id)
                && has(Column::SentDate)
                && (has(Column::Status) || has(Column::ErrorMessage)))
    }

    /// The words of one meaning as the config is to name them; there is always one for failed.
    pub fn words_of(&self, meaning: Meaning) -> Vec<String> {
        match words::of(&self.words, meaning) {
            none if none.is_empty() && meaning == Meaning::Failed => {
                vec![words::likely_failed(&self.words).to_owned()]
            }
            words => words,
        }
    }

    /// The section `[email_log]` that it produces.
    pub fn mapping(&self) -> RawMapping {
        let table = Some(self.table.clone());
        if let Some(preset) = self.preset {
            return RawMapping { preset: Some(preset.to_owned()), table, ..RawMapping::default() };
        }
        let columns = self.columns.iter().map(|found| {
            let names = OneOrMany::Many(found.names.clone());
            (found.column.name().to_owned(), names)
        });
        let words = |meaning| {
            let words: Vec<_> = self.words_of(meaning).into_iter().map(RawWord::Text).collect();
            Some(words.into()).filter(|_| !self.failed_when_not_empty)
        };
        RawMapping {
            table,
            columns: columns.collect(),
            sent: words(Meaning::Sent),
            failed: words(Meaning::Failed),
            pending: words(Meaning::Pending),
            failed_when: self.failed_when_not_empty.then(|| "not empty".to_owned()),
            ..RawMapping::default()
        }
    }
}

/// Which of the proposals it is; the best first, of those that look like a mail log at all.
#[derive(Debug, PartialEq)]
pub enum Choice<'p> {
    /// One is clearly the best.
    Clear(&'p Proposal),
    /// These look equally like one.
    Equal(Vec<&'p Proposal>),
    /// None does.
    None,
}

/// Puts the proposals in order, the best first.
pub fn rank(proposals: &mut [Proposal]) {
    proposals.sort_by(|a, b| b.score.cmp(&a.score).then_with(|| a.table.cmp(&b.table)));
}

/// Chooses among ranked proposals.
pub fn choose(proposals: &[Proposal]) -> Choice<'_> {
    let good: Vec<_> = proposals.iter().filter(|proposal| is_good(proposal)).collect();
    let Some(best) = good.first() else {
        return Choice::None;
    };
    let equal: Vec<_> =
        good.iter().copied().filter(|proposal| proposal.score + MARGIN > best.score).collect();
    if equal.len() > 1 { Choice::Equal(equal) } else { Choice::Clear(best) }
}

/// Whether a table looks like a mail log.
pub fn is_good(proposal: &Proposal) -> bool {
    proposal.is_usable() && proposal.score >= LEAST_SCORE
}

fn has(columns: &[FoundColumn], column: Column) -> bool {
    columns.iter().any(|found| found.column == column)
}

fn others(described: &Described, columns: &[FoundColumn]) -> Vec<String> {
    let is_taken = |name: &String| columns.iter().any(|found| found.names.contains(name));
    let names = described.table.columns.iter().map(|field| field.name.clone());
    names.filter(|name| !is_taken(name) && name != "rowid").collect()
}

/// The words of a sample's status column.
fn counted(described: &Described, sample: &Sample, columns: &[FoundColumn]) -> Vec<WordCount> {
    let place = |column| {
        let found = columns.iter().find(|found| found.column == column)?;
        described.place(&found.names[0])
    };
    let Some(status) = place(Column::Status) else {
        return Vec::new();
    };
    let error = place(Column::ErrorMessage);
    let mut words: Vec<WordCount> = Vec::new();
    for row in &sample.rows {
        let text = error.and_then(|error| row[error].as_deref()).unwrap_or_default().trim();
        let is_error = !text.is_empty() && !text.starts_with('2');
        let known = words.iter().position(|counted| counted.word == row[status]).unwrap_or_else(|| {
            words.push(WordCount { word: row[status].clone(), rows: 0, with_error: 0 });
            words.len() - 1
        });
        words[known].rows += 1;
        words[known].with_error += u64::from(is_error);
    }
    words
}

/// How many of the columns that a preset speaks of the table does not have; another version may lack one.
fn lacks(mapping: &Mapping, preset: &Preset) -> usize {
    let columns = preset.mapping.columns.iter().filter(|(_, names)| !names.as_slice().is_empty());
    columns.filter(|(name, _)| name.parse().is_ok_and(|column| !mapping.has(column))).count()
}

/// Whether a preset's words are those of nearly all rows.
fn knows_words(mapping: &Mapping, proposal: &Proposal) -> bool {
    let is_other =
        |word: &&GuessedWord| mapping.words.meaning(word.counted.word.as_deref()) == Meaning::Other;
    mapping.failed_when_not_empty
        || proposal.words.iter().filter(is_other).map(|word| word.share).sum::<f64>() <= 0.2
}

fn score(described: &Described, proposal: &Proposal) -> u32 {
    let parts = known::parts(&described.table.name);
    // `maillog` is one word that holds two
    let holds = |words: &[String]| {
        parts.iter().any(|part| {
            words.iter().any(|word| part == word || (word.len() >= 4 && part.contains(word.as_str())))
        })
    };
    let tables = &known().tables;
    let of_columns: u32 =
        POINTS.iter().filter(|(column, _)| has(&proposal.columns, *column)).map(|(_, points)| points).sum();
    let has_body =
        [Column::BodyText, Column::BodyHtml, Column::Raw].iter().any(|body| has(&proposal.columns, *body));
    let understood: f64 =
        proposal.words.iter().filter(|word| word.meaning.is_some()).map(|word| word.share).sum();
    let points = [
        (holds(&tables.mail), 15),
        (holds(&tables.log), 5),
        (has_body, 5),
        (proposal.failed_when_not_empty || understood >= 0.9, 5),
    ];
    let points: u32 = points.iter().filter(|(counts, _)| *counts).map(|(_, points)| points).sum();
    (of_columns + points).saturating_sub(if holds(&tables.aside) { 10 } else { 0 })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mapping::resolve::{ColumnKind, Field, TableDescription};

    fn table(name: &str, columns: &[&str]) -> Described {
        let field = |name: &&str| Field { name: (*name).into(), kind: ColumnKind::Any };
        let columns: Vec<Field> = columns.iter().map(field).collect();
        Described {
            keys: vec![columns[0].name.clone()],
            table: TableDescription { schema: "main".into(), name: name.into(), columns },
            is_visible: true,
            estimate: None,
        }
    }

    fn ranked(tables: &[Described]) -> Vec<Proposal> {
        let catalogue = Catalogue { dialect: Dialect::Sqlite, tables };
        let mut proposals: Vec<_> =
            tables.iter().map(|table| catalogue.propose(table, &Sample::default())).collect();
        rank(&mut proposals);
        proposals
    }

    const LOG: &[&str] = &["no", "state", "created", "mail_to", "betreff", "fehler"];

    #[test]
    fn the_mail_log_is_found_among_other_tables() {
        let proposals = ranked(&[
            table("users", &["id", "email", "status", "created_at"]),
            table("orders", &["id", "customer_email", "status", "created_at", "comment"]),
            table("outbox", LOG),
            table("outbox_archive", LOG),
            table("settings", &["key", "value"]),
        ]);
        let Choice::Clear(best) = choose(&proposals) else { panic!("{proposals:?}") };
        assert_eq!(best.table, "outbox");
        assert!(proposals.iter().filter(|proposal| is_good(proposal)).count() <= 2, "{proposals:?}");
    }

    #[test]
    fn two_alike_are_not_chosen_from() {
        let proposals = ranked(&[table("mails_b", LOG), table("mails_a", LOG)]);
        let Choice::Equal(equal) = choose(&proposals) else { panic!("{proposals:?}") };
        assert_eq!(
            equal.iter().map(|proposal| proposal.table.as_str()).collect::<Vec<_>>(),
            ["mails_a", "mails_b"]
        );
        assert_eq!(choose(&ranked(&[table("users", &["id", "email", "created_at"])])), Choice::None);
    }

    #[test]
    fn a_preset_is_proposed_where_its_table_columns_and_words_are_there() {
        let generic = ["id", "status", "sent_date", "recipient", "error_message"];
        let described = table("email_log", &generic);
        let tables = std::slice::from_ref(&described);
        let catalogue = Catalogue { dialect: Dialect::Sqlite, tables };
        let sample = |word: &str| Sample {
            rows: vec![
                ["1", word, "2026-11-20", "a@x.example", ""].map(|value| Some(value.to_owned())).to_vec(),
            ],
            is_whole: true,
        };
        assert_eq!(catalogue.propose(&described, &sample("S")).preset, Some("generic"));
        assert_eq!(catalogue.propose(&described, &sample("sent")).preset, None);
        let renamed = table("email_log", &["id", "status", "sent_date", "mail_to"]);
        assert_eq!(catalogue.propose(&renamed, &Sample::default()).preset, None);
    }

    #[test]
    fn without_a_status_the_error_text_decides() {
        let proposal = &ranked(&[table("mail_log", &["id", "receiver", "subject", "timestamp", "error"])])[0];
        assert!(proposal.failed_when_not_empty && is_good(proposal));
        assert!(proposal.mapping().check(Flags::default()).is_ok());
    }
}
