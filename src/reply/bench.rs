//! The rule bench: does every rule take its own examples, is none in another's shadow, and what do the rules leave over?
//!
//! It runs over plain values and returns plain values; the command that shows them does the printing. The same checks
//! run over a user's rules when they are read.

use std::collections::{HashMap, HashSet};

use serde::Serialize;

use super::{Classifier, Rule, RuleError, TextFingerprint, check_texts, fingerprint, scan};
use crate::model::{Class, Disposition};

/// What the bench found.
#[derive(Debug, Default)]
pub struct Bench {
    /// Rules tried.
    pub rules: usize,
    /// Examples run.
    pub examples: usize,
    /// What is wrong, in the order of the rules.
    pub problems: Vec<RuleError>,
}

/// Runs every rule's examples and compares all rules with each other.
pub fn run(classifier: &Classifier) -> Bench {
    let rules = classifier.rules();
    let examples = rules.iter().map(|rule| rule.examples.len()).sum();
    Bench { rules: rules.len(), examples, problems: problems(classifier, rules) }
}

/// The first mistake in a rule of the user's.
pub(super) fn first_problem_of_user(classifier: &Classifier) -> Option<RuleError> {
    let of_user = classifier.rules().iter().take_while(|rule| rule.by_user).count();
    problems(classifier, &classifier.rules()[..of_user]).into_iter().next()
}

fn problems(classifier: &Classifier, rules: &[Rule]) -> Vec<RuleError> {
    let texts = rules.iter().filter_map(|rule| check_texts(rule).err());
    let examples =
        rules.iter().flat_map(|rule| rule.examples.iter().filter_map(|text| example(classifier, rule, text)));
    texts.chain(duplicates(rules)).chain(examples).collect()
}

fn example(classifier: &Classifier, rule: &Rule, text: &str) -> Option<RuleError> {
    let taken = classifier.read(text).rule;
    let (name, example) = (rule.name.clone(), text.to_owned());
    // a user's rule is there to take what a built-in one took
    if std::ptr::eq(taken, rule) || taken.by_user && !rule.by_user {
        None
    } else if place(classifier, taken) < place(classifier, rule) {
        Some(RuleError::Shadowed { rule: name, example, by: taken.name.clone() })
    } else {
        Some(RuleError::ExampleMisses { rule: name, example })
    }
}

fn place(classifier: &Classifier, rule: &Rule) -> Option<usize> {
    classifier.rules().iter().position(|other| std::ptr::eq(other, rule))
}

fn duplicates(rules: &[Rule]) -> Vec<RuleError> {
    let mut names = HashSet::new();
    let mut found = Vec::new();
    for (i, rule) in rules.iter().enumerate() {
        if !names.insert(&rule.name) {
            found.push(RuleError::Duplicate { rule: rule.name.clone(), what: "name" });
        } else if rules[..i].iter().any(|other| other.text == rule.text && other.when == rule.when) {
            found.push(RuleError::Duplicate { rule: rule.name.clone(), what: "conditions" });
        }
    }
    found
}

/// How many rows of a log a rule took.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Share {
    /// The rule's name.
    pub rule: String,
    /// Its class.
    pub class: Class,
    /// The rows.
    pub rows: u64,
}

/// Texts of one kind that no rule matched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unclassified {
    /// What they have in common.
    pub fingerprint: TextFingerprint,
    /// The rows.
    pub count: u64,
    /// One of them.
    pub example: String,
}

/// Counts, over the failed rows of a log, what each rule takes and what is left over.
#[derive(Debug)]
pub struct Tally<'c> {
    classifier: &'c Classifier,
    taken: HashMap<&'c str, Share>,
    left: HashMap<String, Unclassified>,
}

impl<'c> Tally<'c> {
    /// Starts with nothing counted.
    pub fn new(classifier: &'c Classifier) -> Self {
        Tally { classifier, taken: HashMap::new(), left: HashMap::new() }
    }

    /// Counts `rows` rows with this text.
    pub fn add(&mut self, text: &str, rows: u64) {
        let reading = self.classifier.read(text);
        let none = || Share { rule: reading.rule.name.clone(), class: reading.class, rows: 0 };
        self.taken.entry(&reading.rule.name).or_insert_with(none).rows += rows;
        if reading.class == Class::Unknown {
            let fingerprint = fingerprint(text);
            let none =
                || Unclassified { fingerprint: fingerprint.clone(), count: 0, example: text.to_owned() };
            self.left.entry(fingerprint.hash.clone()).or_insert_with(none).count += rows;
        }
    }

    /// What each rule took, the greatest first.
    pub fn shares(&self) -> Vec<Share> {
        let mut shares: Vec<_> = self.taken.values().cloned().collect();
        shares.sort_by(|a, b| b.rows.cmp(&a.rows).then_with(|| a.rule.cmp(&b.rule)));
        shares
    }

    /// What no rule matched, the largest first.
    pub fn unclassified(&self) -> Vec<Unclassified> {
        let mut left: Vec<_> = self.left.values().cloned().collect();
        left.sort_by(|a, b| b.count.cmp(&a.count).then_with(|| a.fingerprint.cmp(&b.fingerprint)));
        left
    }
}

/// Writes `[[rules]]` for the `most` greatest of what is left over, ready for the config once a person has set the class.
pub fn suggest(unclassified: &[Unclassified], most: usize) -> String {
    let mut greatest: Vec<_> = unclassified.iter().collect();
    greatest.sort_by_key(|left| std::cmp::Reverse(left.count));
    let rules = greatest.into_iter().filter_map(|left| Some((left, pattern(left)?))).take(most);
    rules.map(|(left, pattern)| suggestion(left, &pattern)).collect::<Vec<_>>().join("\n")
}

fn suggestion(left: &Unclassified, pattern: &str) -> String {
    let (class, disposition) = match super::rules::is_permanent(scan(&left.example)) {
        Some(true) => (Class::Policy, Disposition::Never),
        _ => (Class::ServerBusy, Disposition::Retry),
    };
    format!(
        "# {} rows; class and disposition are a guess by the first digit: set them\n[[rules]]\nname = {}\ntext = {}\nclass = \"{class}\"\ndisposition = \"{disposition}\"\nexample = {}\n",
        left.count,
        quoted(&format!("own {}", left.fingerprint.hash)),
        quoted(pattern),
        quoted(&left.example),
    )
}

fn quoted(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}

/// The words of the fingerprint that tell the most: its longest stretch between what was taken out.
fn pattern(left: &Unclassified) -> Option<String> {
    const LONGEST: usize = 60;
    let stretches =
        left.fingerprint.text.split(|c: char| !(c.is_alphabetic() || matches!(c, ' ' | '\'' | '-')));
    let telling =
        stretches.map(|words| words.trim_matches([' ', '-', '\''])).max_by_key(|words| words.len())?;
    let cut =
        telling.char_indices().map(|(i, c)| i + c.len_utf8()).take_while(|end| *end <= LONGEST).last()?;
    (telling.len() >= 4).then(|| regex::escape(&telling[..cut]))
}
