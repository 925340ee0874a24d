//! What a row means, as the config says it: words of the status column, conditions on columns, or what is left.
//!
//! The meanings are tried in the order sent, failed, pending. A condition is a table of which every entry must hold; of several
//! conditions one must.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::mapping::words::RawWord;
use crate::model::Meaning;

/// What makes a meaning of what is left.
const ELSE: &str = "else";

/// The meanings that have conditions, in the order in which they are tried.
pub const TRIED: [Meaning; 3] = [Meaning::Sent, Meaning::Failed, Meaning::Pending];

/// What `sent`, `failed` or `pending` says.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(
    untagged,
    expecting = "expected a list of status words and conditions, one condition such as { sent_at = \"set\" }, or \"else\""
)]
pub enum RawMeaning {
    /// `"else"`.
    Rest(String),
    /// One condition.
    One(RawCondition),
    /// Words and conditions, of which one must hold.
    Several(Vec<RawAlternative>),
}

/// A word or a condition.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(untagged, expecting = "expected a status word, or a condition such as { sent_at = \"set\" }")]
pub enum RawAlternative {
    /// A word of the status column.
    Word(RawWord),
    /// A condition.
    Condition(RawCondition),
}

/// What each of some columns must be.
pub type RawCondition = BTreeMap<String, RawTest>;

/// What a column must be.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(
    untagged,
    expecting = "expected \"set\", \"empty\", a word, a list of words, or a comparison such as \">= 3\""
)]
pub enum RawTest {
    /// A word, or a comparison written as text.
    One(RawWord),
    /// One of some words.
    Several(Vec<RawWord>),
}

impl From<Vec<RawWord>> for RawMeaning {
    fn from(words: Vec<RawWord>) -> Self {
        RawMeaning::Several(words.into_iter().map(RawAlternative::Word).collect())
    }
}

/// When a row has a meaning. `C` is a column: its name, or what was found by that.
#[derive(Debug, Clone, PartialEq)]
pub enum When<C> {
    /// One of these conditions holds; none at all: never.
    Any(Vec<Condition<C>>),
    /// It has no other meaning.
    Rest,
}

/// Tests that must all hold.
pub type Condition<C> = Vec<Test<C>>;

/// What a column must be.
#[derive(Debug, Clone, PartialEq)]
pub struct Test<C> {
    /// Which.
    pub column: Tested<C>,
    /// What it must be.
    pub comparison: Comparison,
}

/// What is tested.
#[derive(Debug, Clone, PartialEq)]
pub enum Tested<C> {
    /// The status column of the mapping.
    Status,
    /// A column.
    Column(C),
}

/// What a column must be.
#[derive(Debug, Clone, PartialEq)]
pub enum Comparison {
    /// Neither NULL nor empty.
    Set,
    /// NULL or empty.
    Empty,
    /// One of these words.
    In(Vec<String>),
    /// None of these words; NULL is none.
    NotIn(Vec<String>),
    /// A number on this side of another.
    Number(&'static str, f64),
}

/// When a row is sent, failed or pending, and the words that are known to mean none of them.
#[derive(Debug, Clone, PartialEq)]
pub struct Meanings<C> {
    /// In the order of `TRIED`.
    pub when: [When<C>; 3],
    /// Words of the status column.
    pub other: Vec<String>,
}

/// A list of words, where a meaning is nothing else.
pub fn words_alone(raw: &RawMeaning) -> Option<Vec<RawWord>> {
    let RawMeaning::Several(all) = raw else {
        return None;
    };
    let word = |alternative: &RawAlternative| match alternative {
        RawAlternative::Word(word) => Some(word.clone()),
        RawAlternative::Condition(_) => None,
    };
    all.iter().map(word).collect()
}

/// Checks what the config says of the three meanings.
///
/// # Errors
/// One line that names the key.
pub fn check(
    raw: [(Meaning, Option<&RawMeaning>); 3],
    other: &[RawWord],
) -> Result<Meanings<String>, String> {
    let has_rest = raw.iter().any(|(_, raw)| matches!(raw, Some(RawMeaning::Rest(_))));
    for (meaning, raw) in raw {
        if let Some(RawMeaning::Rest(word)) = raw
            && word != ELSE
        {
            let word = word.escape_debug();
            return Err(format!("{meaning}: write a list, [\"{word}\"], or \"else\" for what is left"));
        }
    }
    for (meaning, raw) in raw {
        if raw.is_none() && (has_rest || meaning != Meaning::Pending) {
            let beside = if has_rest { "\"else\"" } else { "a condition" };
            return Err(format!("{meaning} is not said; beside {beside} say it too, [] for never"));
        }
    }
    let mut rest = None;
    let mut when = Vec::new();
    for (meaning, raw) in raw {
        let checked = match raw {
            None => When::Any(Vec::new()),
            Some(RawMeaning::Rest(_)) => {
                if let Some(first) = rest.replace(meaning) {
                    return Err(format!(
                        "both {first} and {meaning} are \"else\"; only one of them can be what is left"
                    ));
                }
                When::Rest
            }
            Some(RawMeaning::One(condition)) => {
                When::Any(vec![self::condition(condition).map_err(|error| format!("{meaning}: {error}"))?])
            }
            Some(RawMeaning::Several(all)) => When::Any(
                all.iter()
                    .map(alternative)
                    .collect::<Result<_, _>>()
                    .map_err(|error| format!("{meaning}: {error}"))?,
            ),
        };
        if meaning == Meaning::Failed && checked == When::Any(Vec::new()) {
            return Err(
                "failed is never, so nothing could ever be found to fail; say when a row failed".to_owned()
            );
        }
        when.push(checked);
    }
    let [sent, failed, pending] = <[_; 3]>::try_from(when).expect("one of each");
    Ok(Meanings {
        when: [sent, failed, pending],
        other: other.iter().cloned().map(RawWord::into_text).collect(),
    })
}

fn alternative(raw: &RawAlternative) -> Result<Condition<String>, String> {
    match raw {
        RawAlternative::Word(word) => {
            let comparison = Comparison::In(vec![word.clone().into_text()]);
            Ok(vec![Test { column: Tested::Status, comparison }])
        }
        RawAlternative::Condition(condition) => self::condition(condition),
    }
}

/// Checks a condition.
///
/// # Errors
/// What is wrong with it.
pub fn condition(raw: &RawCondition) -> Result<Condition<String>, String> {
    if raw.is_empty() {
        return Err("a condition without a column holds for every row; name one".to_owned());
    }
    let test = |(column, test): (&String, &RawTest)| {
        let comparison = comparison(test).map_err(|error| format!("{column}: {error}"))?;
        Ok(Test { column: Tested::Column(column.clone()), comparison })
    };
    raw.iter().map(test).collect()
}

/// The signs of comparisons, the longer ones first.
const SIGNS: [&str; 4] = [">=", "<=", ">", "<"];

fn comparison(raw: &RawTest) -> Result<Comparison, String> {
    let words = |words: &[RawWord]| words.iter().cloned().map(RawWord::into_text).collect();
    let text = match raw {
        RawTest::Several(several) if several.is_empty() => {
            return Err("a list without a word holds for no row".to_owned());
        }
        RawTest::Several(several) => return Ok(Comparison::In(words(several))),
        RawTest::One(RawWord::Text(text)) => text.trim(),
        RawTest::One(word) => return Ok(Comparison::In(words(std::slice::from_ref(word)))),
    };
    if let Some(word) = text.strip_prefix("!=") {
        return Ok(Comparison::NotIn(vec![word.trim().to_owned()]));
    }
    if text.starts_with("<>") {
        return Err(format!("'{}' is no comparison; write != for another word", text.escape_debug()));
    }
    if let Some(sign) = SIGNS.into_iter().find(|sign| text.starts_with(sign)) {
        let number = text[sign.len()..].trim();
        let parsed = number.parse().ok().filter(|number: &f64| number.is_finite());
        return Ok(Comparison::Number(
            sign,
            parsed.ok_or_else(|| format!("'{}' is no number to compare with", number.escape_debug()))?,
        ));
    }
    if text.starts_with(['=', '!']) {
        return Err(format!("'{}' is no comparison; write >=, >, <=, <, != or a word", text.escape_debug()));
    }
    Ok(match text {
        "set" => Comparison::Set,
        "empty" | "" => Comparison::Empty,
        word => Comparison::In(vec![word.to_owned()]),
    })
}

impl<C> Meanings<C> {
    /// The same with columns that were found by what is given for each.
    ///
    /// # Errors
    /// What the finder says, with the meaning before it.
    pub fn find<D>(
        &self,
        mut column: impl FnMut(&Test<C>) -> Result<Test<D>, String>,
    ) -> Result<Meanings<D>, String> {
        let mut when = Vec::new();
        for (meaning, of) in TRIED.into_iter().zip(&self.when) {
            when.push(match of {
                When::Rest => When::Rest,
                When::Any(all) => When::Any(
                    all.iter()
                        .map(|condition| condition.iter().map(&mut column).collect())
                        .collect::<Result<_, String>>()
                        .map_err(|error| format!("[email_log] {meaning}: {error}"))?,
                ),
            });
        }
        let [sent, failed, pending] =
            <[_; 3]>::try_from(when).unwrap_or_else(|_| unreachable!("one of each meaning"));
        Ok(Meanings { when: [sent, failed, pending], other: self.other.clone() })
    }

    /// Whether a word of the status column decides anything.
    pub fn asks_status(&self) -> bool {
        let of_status = |test: &Test<C>| matches!(test.column, Tested::Status);
        let asks = |when: &When<C>| match when {
            When::Any(all) => all.iter().flatten().any(of_status),
            When::Rest => false,
        };
        !self.other.is_empty() || self.when.iter().any(asks)
    }
}

/// A condition as the config writes it; `column`: how a column is called.
pub fn written<C>(condition: &Condition<C>, column: impl Fn(&C) -> String) -> String {
    let one = |word: &String| format!("\"{word}\"");
    let test = |test: &Test<C>| {
        let value = match &test.comparison {
            Comparison::Set => "\"set\"".to_owned(),
            Comparison::Empty => "\"empty\"".to_owned(),
            Comparison::In(words) => match words.as_slice() {
                [only] => one(only),
                several => format!("[{}]", several.iter().map(one).collect::<Vec<_>>().join(", ")),
            },
            Comparison::NotIn(words) => format!("\"!= {}\"", words.join(" ")),
            Comparison::Number(sign, number) => format!("\"{sign} {number}\""),
        };
        match &test.column {
            Tested::Status => value,
            Tested::Column(of) => format!("{} = {value}", column(of)),
        }
    };
    let tests: Vec<_> = condition.iter().map(test).collect();
    match condition.as_slice() {
        [Test { column: Tested::Status, .. }] => tests.concat(),
        _ => format!("{{ {} }}", tests.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Deserialize)]
    struct Section {
        sent: Option<RawMeaning>,
        failed: Option<RawMeaning>,
        pending: Option<RawMeaning>,
    }

    fn checked(toml: &str) -> Result<Meanings<String>, String> {
        let section: Section = toml::from_str(toml).map_err(|error| error.message().to_owned())?;
        let all = [&section.sent, &section.failed, &section.pending].map(Option::as_ref);
        let [sent, failed, pending] = all;
        check([(Meaning::Sent, sent), (Meaning::Failed, failed), (Meaning::Pending, pending)], &[])
    }

    fn one(column: &str, comparison: Comparison) -> When<String> {
        When::Any(vec![vec![Test { column: Tested::Column(column.into()), comparison }]])
    }

    #[test]
    fn what_a_column_must_be_is_written_in_a_word() {
        let of = |written: &str| {
            checked(&format!("sent = []\nfailed = {{ x = {written} }}")).unwrap().when[1].clone()
        };
        assert_eq!(of("'set'"), one("x", Comparison::Set));
        assert_eq!(of("'empty'"), one("x", Comparison::Empty));
        assert_eq!(of("'E'"), one("x", Comparison::In(vec!["E".into()])));
        assert_eq!(of("3"), one("x", Comparison::In(vec!["3".into()])));
        assert_eq!(
            of("['E', 2, true]"),
            one("x", Comparison::In(["E", "2", "true"].map(String::from).into()))
        );
        assert_eq!(of("'!= S'"), one("x", Comparison::NotIn(vec!["S".into()])));
        assert_eq!(of("'>= 3'"), one("x", Comparison::Number(">=", 3.0)));
        assert_eq!(of("'<0.5'"), one("x", Comparison::Number("<", 0.5)));
    }

    #[test]
    fn what_no_row_could_be_told_by_is_refused() {
        let cases = [
            (
                "sent = 'else'\nfailed = 'else'\npending = []",
                "both sent and failed are \"else\"; only one of them can be what is left",
            ),
            (
                "sent = []\nfailed = 'E'\npending = []",
                "failed: write a list, [\"E\"], or \"else\" for what is left",
            ),
            ("sent = []\nfailed = { x = '>= many' }", "failed: x: 'many' is no number to compare with"),
            ("sent = []\nfailed = { x = [] }", "failed: x: a list without a word holds for no row"),
            ("sent = []\nfailed = {}", "failed: a condition without a column holds for every row; name one"),
            ("sent = { a = 'set' }", "failed is not said; beside a condition say it too, [] for never"),
            ("failed = { a = 'set' }", "sent is not said; beside a condition say it too, [] for never"),
            ("sent = []\nfailed = 'else'", "pending is not said; beside \"else\" say it too, [] for never"),
            (
                "sent = []\nfailed = { x = '== 3' }",
                "failed: x: '== 3' is no comparison; write >=, >, <=, <, != or a word",
            ),
            (
                "sent = []\nfailed = { x = '<> 3' }",
                "failed: x: '<> 3' is no comparison; write != for another word",
            ),
            (
                "sent = { a = 'set' }\nfailed = []",
                "failed is never, so nothing could ever be found to fail; say when a row failed",
            ),
        ];
        for (toml, expected) in cases {
            assert_eq!(checked(toml).unwrap_err(), expected, "{toml}");
        }
        assert!(checked("failed = { x = { y = 1 } }").unwrap_err().starts_with("expected "));
    }
}
