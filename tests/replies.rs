//! The labelled texts of public test sets, and the built-in rules on their own examples.

use mailthrottle::reply::{Classifier, bench};
use serde::Deserialize;

#[derive(Deserialize)]
struct Labelled {
    text: String,
    classes: Vec<String>,
}

fn labelled() -> Vec<Labelled> {
    let lines = include_str!("../fixtures/replies.jsonl").lines();
    lines
        .map(|line| serde_json::from_str(line).expect("a line of the labelled set"))
        .collect()
}

#[test]
fn labelled_texts_get_a_class_that_may_count_as_right() {
    let classifier = Classifier::built_in();
    let rows = labelled();
    let right = rows.iter().filter(|row| {
        let class = classifier.read(&row.text).class;
        row.classes.is_empty() || row.classes.iter().any(|right| right == class.as_str())
    });
    let share = right.count() as f64 / rows.len() as f64;
    assert!(share >= 0.90, "only {share:.3} are right");
}

#[test]
fn every_rule_takes_its_own_examples_and_none_is_in_the_shadow() {
    let bench = bench::run(&Classifier::built_in());
    assert!(bench.problems.is_empty(), "{:#?}", bench.problems);
    assert!(bench.examples >= bench.rules);
}
