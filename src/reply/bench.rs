//! The rule bench: does every rule take its own examples, is none in another's shadow?
//!
//! It runs over plain data and returns plain data; the command that shows it does the printing.

use std::collections::HashMap;

use super::{Classifier, Rule, RuleError};

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
    Bench {
        rules: rules.len(),
        examples,
        problems: problems(classifier, rules),
    }
}

/// The first mistake in a rule of the user's.
pub(super) fn first_problem_of_user(classifier: &Classifier) -> Option<RuleError> {
    let of_user = classifier.rules().iter().take_while(|rule| rule.by_user).count();
    problems(classifier, &classifier.rules()[..of_user])
        .into_iter()
        .next()
}

fn problems(classifier: &Classifier, rules: &[Rule]) -> Vec<RuleError> {
    let examples = rules.iter().flat_map(|rule| {
        rule.examples
            .iter()
            .filter_map(|text| example(classifier, rule, text))
    });
    duplicates(rules).into_iter().chain(examples).collect()
}

fn example(classifier: &Classifier, rule: &Rule, text: &str) -> Option<RuleError> {
    let taken = classifier.read(text).rule;
    let (name, example) = (rule.name.clone(), text.to_owned());
    if taken.name == rule.name {
        None
    } else if position(classifier, taken) < position(classifier, rule) {
        Some(RuleError::Shadowed {
            rule: name,
            example,
            by: taken.name.clone(),
        })
    } else {
        Some(RuleError::ExampleMisses { rule: name, example })
    }
}

fn position(classifier: &Classifier, rule: &Rule) -> Option<usize> {
    classifier.rules().iter().position(|r| std::ptr::eq(r, rule))
}

fn duplicates(rules: &[Rule]) -> Vec<RuleError> {
    let mut names = HashMap::new();
    let mut found = Vec::new();
    for (i, rule) in rules.iter().enumerate() {
        if names.insert(&rule.name, i).is_some() {
            found.push(RuleError::Duplicate {
                rule: rule.name.clone(),
                what: "name",
            });
        } else if rules[..i]
            .iter()
            .any(|other| other.text == rule.text && other.when == rule.when)
        {
            found.push(RuleError::Duplicate {
                rule: rule.name.clone(),
                what: "conditions",
            });
        }
    }
    found
}
