//! What the application's own status words mean.
//!
//! Status words are taken to the letter. Only truth has several spellings, since one database says `true` where another keeps
//! `1` for the same column: a word of the config means all of them.

use serde::Deserialize;

use crate::model::Meaning;

/// The words for sent, failed, pending and none of them where the config does not name them.
const USUAL_WORDS: [(Meaning, &[&str]); 4] =
    [(Meaning::Sent, &["S"]), (Meaning::Failed, &["F"]), (Meaning::Pending, &["P"]), (Meaning::Other, &[])];

/// The spellings of each truth value.
const TRUTHS: [[&str; 3]; 2] = [["true", "1", "t"], ["false", "0", "f"]];

/// What a computed status says of a row that has none of the meanings.
pub const NO_MEANING: &str = "none";

/// A word as the config may write it: text, a number, or true and false.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(untagged, expecting = "expected a status word: text, a whole number, true or false")]
pub enum RawWord {
    /// Text.
    Text(String),
    /// A whole number.
    Number(i64),
    /// A truth value.
    Truth(bool),
}

impl RawWord {
    /// The word.
    pub fn into_text(self) -> String {
        match self {
            RawWord::Text(text) => text,
            RawWord::Number(number) => number.to_string(),
            RawWord::Truth(truth) => truth.to_string(),
        }
    }
}

/// Which of the application's status words mean what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatusWords(Vec<(String, Meaning)>);

impl StatusWords {
    /// Checks the words of the config: those for sent, failed, pending and none of them, the usual ones where it has none.
    ///
    /// # Errors
    /// A word with two meanings, or none that means failed.
    pub fn check(given: [Option<&[RawWord]>; 4]) -> Result<Self, String> {
        let mut words = StatusWords(Vec::new());
        for ((meaning, usual), given) in USUAL_WORDS.into_iter().zip(given) {
            let of_meaning: Vec<String> = match given {
                Some(raw) => raw.iter().cloned().map(RawWord::into_text).collect(),
                None => usual.iter().map(|word| (*word).to_owned()).collect(),
            };
            if of_meaning.is_empty() && meaning == Meaning::Failed {
                return Err(
                    "failed names no word, so nothing could ever be found to fail; name one".to_owned()
                );
            }
            for word in of_meaning {
                if let Some(other) = words.find(&word) {
                    return Err(format!("'{word}' stands under both {} and {meaning}; keep one", other.1));
                }
                words.0.push((word, meaning));
            }
        }
        Ok(words)
    }

    /// The words of a status that is computed: each meaning's own.
    pub fn computed() -> Self {
        let word = |meaning: &Meaning| (meaning.as_str().to_owned(), *meaning);
        StatusWords(
            [Meaning::Sent, Meaning::Failed, Meaning::Pending, Meaning::Other].iter().map(word).collect(),
        )
    }

    fn find(&self, stored: &str) -> Option<&(String, Meaning)> {
        let exact = self.0.iter().find(|(known, _)| known == stored);
        exact.or_else(|| {
            let truth = truth(stored)?;
            self.0.iter().find(|(known, _)| truth.contains(&known.as_str()))
        })
    }

    /// The word of the config that a stored one is, or the stored one itself.
    pub fn known<'w>(&'w self, stored: &'w str) -> &'w str {
        self.find(stored).map_or(stored, |(known, _)| known)
    }

    /// The meaning of a stored status word.
    pub fn meaning(&self, word: Option<&str>) -> Meaning {
        word.and_then(|word| self.find(word)).map_or(Meaning::Other, |(_, meaning)| *meaning)
    }

    /// Whether a stored status word has a meaning, or is known to have none.
    pub fn is_named(&self, word: Option<&str>) -> bool {
        word.is_some_and(|word| self.find(word).is_some())
    }

    /// All words.
    pub fn all(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|(word, _)| word.as_str())
    }

    /// The words of one meaning.
    pub fn of(&self, meaning: Meaning) -> impl Iterator<Item = &str> {
        self.0.iter().filter(move |(_, of)| *of == meaning).map(|(word, _)| word.as_str())
    }
}

/// How a word may be stored: as it is, and where it is a truth value in every spelling of that.
pub fn spellings(word: &str) -> impl Iterator<Item = &str> {
    let others = truth(word).into_iter().flatten().copied().filter(move |spelling| *spelling != word);
    std::iter::once(word).chain(others)
}

fn truth(word: &str) -> Option<&'static [&'static str; 3]> {
    TRUTHS.iter().find(|spellings| spellings.contains(&word))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn raw(words: &[&str]) -> Vec<RawWord> {
        words.iter().map(|word| RawWord::Text((*word).into())).collect()
    }

    #[test]
    fn a_word_means_one_thing() {
        let words = StatusWords::check([None, Some(&raw(&["F", "S"])), None, None]);
        assert_eq!(words.unwrap_err(), "'S' stands under both sent and failed; keep one");
        let words = StatusWords::check([Some(&raw(&["1"])), Some(&[RawWord::Truth(true)]), None, None]);
        assert_eq!(words.unwrap_err(), "'true' stands under both sent and failed; keep one");
    }

    #[test]
    fn a_word_is_what_the_mapping_says_to_the_letter() {
        let words = StatusWords::check([None; 4]).unwrap();
        assert_eq!(words.meaning(Some("F")), Meaning::Failed);
        assert_eq!(words.meaning(Some("f")), Meaning::Other);
        assert_eq!(words.meaning(Some("F ")), Meaning::Other);
        assert_eq!(words.meaning(None), Meaning::Other);
    }

    #[test]
    fn truth_is_the_same_however_it_is_stored() {
        let words =
            StatusWords::check([Some(&[RawWord::Truth(true)]), Some(&[RawWord::Number(0)]), None, None])
                .unwrap();
        assert_eq!(
            ["1", "t", "true", "f", "0"].map(|stored| words.known(stored)),
            ["true", "true", "true", "0", "0"]
        );
        assert_eq!(words.meaning(Some("false")), Meaning::Failed);
        assert_eq!(spellings("0").collect::<Vec<_>>(), ["0", "false", "f"]);
        assert_eq!(spellings("F").collect::<Vec<_>>(), ["F"]);
    }
}
