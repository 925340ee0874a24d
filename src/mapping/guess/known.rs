//! What tables, columns and words are called in the wild: `known.toml`.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::Deserialize;

use crate::mapping::Column;
use crate::model::Meaning;

/// From this rank on, only the end of a column's name is a known one.
pub const BY_ITS_END: usize = 1000;

/// The file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GuessFile {
    /// Words in the names of tables.
    pub tables: Tables,
    columns: BTreeMap<String, Vec<String>>,
    /// Status words.
    pub words: GuessWords,
}

/// Words in the names of tables.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tables {
    /// It keeps mail.
    pub mail: Vec<String>,
    /// It keeps what happened.
    pub log: Vec<String>,
    /// It is another one's past or copy, or something beside a log.
    pub aside: Vec<String>,
}

/// Status words.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GuessWords {
    sent: Vec<String>,
    failed: Vec<String>,
    pending: Vec<String>,
    /// Words for "it is so".
    pub yes: Vec<String>,
    /// Words for "it is not so".
    pub no: Vec<String>,
    /// Words in the name of a column in which "it is so" means failed.
    pub inverted: Vec<String>,
    pairs: Vec<[String; 2]>,
}

static KNOWN: LazyLock<GuessFile> =
    LazyLock::new(|| toml::from_str(include_str!("known.toml")).expect("known.toml is tested to be valid"));

/// All of it.
pub fn known() -> &'static GuessFile {
    &KNOWN
}

impl GuessFile {
    /// How likely a column of this name is a canonical one: 0 is likeliest, `None` not at all.
    pub fn rank(&self, name: &str, column: Column) -> Option<usize> {
        let names = self.columns.get(column.name())?;
        let parts = parts(name);
        (0..parts.len()).find_map(|skipped| {
            let end = parts[skipped..].concat();
            let place = names.iter().position(|known| folded(known) == end)?;
            Some(skipped * BY_ITS_END + place)
        })
    }
}

impl GuessWords {
    /// What a word means in every application.
    pub fn meaning(&self, word: &str) -> Option<Meaning> {
        let lists =
            [(Meaning::Sent, &self.sent), (Meaning::Failed, &self.failed), (Meaning::Pending, &self.pending)];
        let is_known = |list: &[String]| list.iter().any(|known| folded(known) == folded(word));
        lists.into_iter().find(|(_, list)| is_known(list)).map(|(meaning, _)| meaning)
    }

    /// The word for failed that goes with one for sent.
    pub fn opposite(&self, sent: &str) -> Option<&str> {
        self.pairs.iter().find(|[yes, _]| yes == sent).map(|[_, no]| no.as_str())
    }
}

/// A name without case, blanks and underscores.
fn folded(name: &str) -> String {
    name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// The words a name is made of, in lower case: divided by what is neither letter nor digit, and before a capital letter.
pub fn parts(name: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    let mut before = ' ';
    for letter in name.chars() {
        let begins = !letter.is_alphanumeric() || (letter.is_uppercase() && before.is_lowercase());
        if begins && parts.last().is_some_and(|part| !part.is_empty()) {
            parts.push(String::new());
        }
        if letter.is_alphanumeric() {
            parts.last_mut().expect("it begins with one").extend(letter.to_lowercase());
        }
        before = letter;
    }
    parts.retain(|part| !part.is_empty());
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_made_of_words() {
        assert_eq!(parts("MailTo"), ["mail", "to"]);
        assert_eq!(parts("MAIL_TO"), ["mail", "to"]);
        assert_eq!(parts("_sent at "), ["sent", "at"]);
        assert_eq!(parts("smtp2"), ["smtp2"]);
    }

    #[test]
    fn a_column_is_known_by_its_name_or_the_end_of_it() {
        let rank = |name, column| known().rank(name, column);
        assert_eq!(rank("recipient", Column::Recipient), Some(0));
        assert_eq!(rank("ToAddress", Column::Recipient), rank("to_address", Column::Recipient));
        assert_eq!(rank("eml_status", Column::Status), Some(BY_ITS_END));
        assert_eq!(rank("colour", Column::Status), None);
    }

    #[test]
    fn every_list_is_of_a_canonical_column_and_no_word_means_two_things() {
        for name in known().columns.keys() {
            assert!(name.parse::<Column>().is_ok(), "{name}");
        }
        let words = &known().words;
        let mut all: Vec<_> = [&words.sent, &words.failed, &words.pending]
            .into_iter()
            .flatten()
            .map(|word| folded(word))
            .collect();
        let count = all.len();
        all.sort();
        all.dedup();
        assert_eq!(all.len(), count);
    }
}
