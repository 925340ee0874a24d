//! What status words mean: by their name, by whether their rows have an error text, and by their share.

use super::known::{known, parts};
use crate::model::{Meaning, WordCount};

/// What a word seems to mean, and why.
#[derive(Debug, Clone, PartialEq)]
pub struct GuessedWord {
    /// The word, and how many rows have it.
    pub counted: WordCount,
    /// Its share of the rows, 0 to 1.
    pub share: f64,
    /// What it seems to mean; `None` if unknown.
    pub meaning: Option<Meaning>,
    /// Why.
    pub reason: &'static str,
}

/// Guesses the words of a status column, the commonest first.
pub fn guess(mut counted: Vec<WordCount>, column: &str) -> Vec<GuessedWord> {
    counted.sort_by(|a, b| b.rows.cmp(&a.rows).then_with(|| a.word.cmp(&b.word)));
    let all: u64 = counted.iter().map(|word| word.rows).sum();
    let share = |rows: u64| if all == 0 { 0.0 } else { rows as f64 / all as f64 };
    let context = Context {
        is_inverted: parts(column).iter().any(|part| known().words.inverted.contains(part)),
        knows_errors: counted.iter().any(|word| word.with_error > 0),
    };
    let mut words: Vec<_> = counted
        .into_iter()
        .map(|counted| {
            let (meaning, reason) = context.meaning(&counted, share(counted.rows));
            GuessedWord { share: share(counted.rows), meaning, reason, counted }
        })
        .collect();
    let has_sent = words.iter().any(|word| word.meaning == Some(Meaning::Sent));
    let commonest = words.first_mut().filter(|word| !has_sent && word.is_mostly_sent());
    if let Some(word) = commonest {
        (word.meaning, word.reason) = (Some(Meaning::Sent), "most rows have it, and no error text");
    }
    words
}

/// The words of one meaning.
pub fn of(words: &[GuessedWord], meaning: Meaning) -> Vec<String> {
    let words = words.iter().filter(|word| word.meaning == Some(meaning));
    words.filter_map(|word| word.counted.word.clone()).collect()
}

/// The word for failed, where no row failed so far: what goes with the word for sent.
pub fn likely_failed(words: &[GuessedWord]) -> &'static str {
    let opposites = of(words, Meaning::Sent).into_iter().filter_map(|word| known().words.opposite(&word));
    let is_free = |word: &&str| {
        words.iter().all(|other| other.meaning.is_none() || other.counted.word.as_deref() != Some(*word))
    };
    opposites.chain(["F", "failed"]).find(is_free).unwrap_or("failed")
}

impl GuessedWord {
    fn is_mostly_sent(&self) -> bool {
        self.meaning.is_none()
            && self.counted.word.is_some()
            && self.share >= 0.5
            && self.counted.with_error == 0
    }
}

struct Context {
    /// Whether the column says that a mail failed, not that it was sent.
    is_inverted: bool,
    /// Whether any row has an error text, so that none means something.
    knows_errors: bool,
}

impl Context {
    fn meaning(&self, counted: &WordCount, share: f64) -> (Option<Meaning>, &'static str) {
        let Some(word) = counted.word.as_deref() else {
            return (None, "not a word");
        };
        let words = &known().words;
        let truth = word.trim().to_lowercase();
        let is_no = words.no.contains(&truth) || (self.is_inverted && truth == "f");
        if words.yes.contains(&truth) || is_no {
            return self.truth(counted, share, is_no);
        }
        if let Some(meaning) = words.meaning(word) {
            return (Some(meaning), "by its name");
        }
        if counted.with_error * 2 > counted.rows {
            return (Some(Meaning::Failed), "most of its rows have an error text");
        }
        (None, "not a known word")
    }

    /// A truth value means little by itself: another application counts its states from 0.
    fn truth(&self, counted: &WordCount, share: f64, is_no: bool) -> (Option<Meaning>, &'static str) {
        if counted.with_error * 2 > counted.rows {
            return (Some(Meaning::Failed), "most of its rows have an error text");
        }
        let failed = is_no != self.is_inverted;
        match (failed, self.knows_errors && counted.rows > 0) {
            (true, true) if share >= 0.5 => (Some(Meaning::Sent), "most rows have it, and no error text"),
            (true, true) => (None, "its rows have no error text"),
            (true, false) if share >= 0.5 => (None, "most rows have it"),
            (true, false) => (Some(Meaning::Failed), "by its name"),
            (false, _) => (Some(Meaning::Sent), "by its name"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Meaning::{Failed, Pending, Sent};

    /// Word, rows and rows with an error text to meanings.
    fn meanings(column: &str, words: &[(&str, u64, u64)]) -> Vec<(String, Option<Meaning>)> {
        let counted = |(word, rows, with_error): &(&str, u64, u64)| WordCount {
            word: Some((*word).to_owned()),
            rows: *rows,
            with_error: *with_error,
        };
        let guessed = guess(words.iter().map(counted).collect(), column);
        guessed.into_iter().map(|word| (word.counted.word.unwrap(), word.meaning)).collect()
    }

    fn check(column: &str, words: &[(&str, u64, u64)], expected: &[(&str, Option<Meaning>)]) {
        let expected: Vec<_> =
            expected.iter().map(|(word, meaning)| ((*word).to_owned(), *meaning)).collect();
        assert_eq!(meanings(column, words), expected);
    }

    #[test]
    fn words_are_known_by_their_name() {
        check(
            "status",
            &[("S", 989, 0), ("F", 10, 9), ("P", 1, 0)],
            &[("S", Some(Sent)), ("F", Some(Failed)), ("P", Some(Pending))],
        );
        check(
            "state",
            &[("Delivered", 5, 0), ("SoftFail", 4, 4)],
            &[("Delivered", Some(Sent)), ("SoftFail", Some(Failed))],
        );
        check(
            "state",
            &[("exception", 2, 0), ("cancel", 1, 0)],
            &[("exception", Some(Failed)), ("cancel", None)],
        );
    }

    #[test]
    fn a_word_whose_rows_have_an_error_text_means_failed() {
        check("status", &[("A", 90, 0), ("B", 10, 8)], &[("A", Some(Sent)), ("B", Some(Failed))]);
        check(
            "status",
            &[("D", 40, 0), ("X", 30, 0), ("Z", 30, 0)],
            &[("D", None), ("X", None), ("Z", None)],
        );
    }

    #[test]
    fn numbers_mean_what_their_rows_say() {
        // 1 sent, 0 failed
        check("result", &[("1", 90, 0), ("0", 10, 10)], &[("1", Some(Sent)), ("0", Some(Failed))]);
        check("result", &[("1", 90, 0), ("0", 10, 0)], &[("1", Some(Sent)), ("0", Some(Failed))]);
        // 0 sent, 1 failed, 2 queued
        check(
            "status",
            &[("0", 90, 0), ("1", 9, 9), ("2", 1, 0)],
            &[("0", Some(Sent)), ("1", Some(Failed)), ("2", None)],
        );
        check("status", &[("0", 90, 0), ("2", 1, 0)], &[("0", Some(Sent)), ("2", None)]);
    }

    #[test]
    fn in_a_column_of_failures_yes_means_failed() {
        check("is_failed", &[("0", 90, 0), ("1", 10, 0)], &[("0", Some(Sent)), ("1", Some(Failed))]);
        check("failed", &[("false", 9, 0), ("true", 1, 1)], &[("false", Some(Sent)), ("true", Some(Failed))]);
    }

    #[test]
    fn where_nothing_failed_the_word_is_the_one_that_goes_with_sent() {
        let sent = |word: &str| {
            likely_failed(&guess(
                vec![WordCount { word: Some(word.to_owned()), rows: 3, with_error: 0 }],
                "status",
            ))
        };
        assert_eq!(["S", "sent", "1", "gesendet"].map(sent), ["F", "failed", "0", "F"]);
    }
}
