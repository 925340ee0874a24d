//! What a server said: SMTP text to reply code, enhanced code, class, disposition, stage and fingerprint.
//!
//! The rules are data (`rules.toml`): ordered, each with examples that it must take. A text is walked over once for its
//! codes and once for the words of all rules and stages together; then the first rule whose conditions hold decides.
//! The last rule takes everything, so there is always one. Nothing here reads a clock or a file, or prints.

pub mod bench;
mod codes;
mod fingerprint;
mod retry_after;
mod rules;
mod stage;
mod words;

use std::borrow::Cow;
use std::collections::HashMap;
use std::time::Duration;

use regex::bytes::{RegexSet, RegexSetBuilder};
use serde::Deserialize;

use crate::model::{Class, Disposition, Enhanced, Stage};

pub use codes::{Codes, scan};
pub use fingerprint::{Fingerprint, fingerprint};
pub use rules::{NotBefore, OneOrMany, RawRule, Rule, RuleError};

use rules::ClassWords;

/// What one error text means.
#[derive(Debug, Clone, Copy)]
pub struct Reading<'c> {
    /// The three digits.
    pub reply: Option<u16>,
    /// `class.subject.detail`.
    pub enhanced: Option<Enhanced>,
    /// The step of the dialogue that failed.
    pub stage: Option<Stage>,
    /// What kind of trouble it is.
    pub class: Class,
    /// What may be done.
    pub disposition: Disposition,
    /// The rule that decided.
    pub rule: &'c Rule,
    /// The wait that the text itself asks for.
    pub retry_after: Option<Duration>,
}

/// The rules, ready to read texts; one for the whole program, shared between threads.
#[derive(Debug)]
pub struct Classifier {
    rules: Vec<Rule>,
    /// The place of each rule's text in `words`; none if it has no text.
    slots: Vec<Option<usize>>,
    words: RegexSet,
}

/// `rules.toml` as a whole.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RuleFile {
    classes: HashMap<Class, ClassWords>,
    rules: Vec<RawRule>,
}

impl RuleFile {
    fn built_in() -> RuleFile {
        toml::from_str(include_str!("rules.toml")).expect("rules.toml is part of the program and tested")
    }

    fn words(&self, class: Class) -> ClassWords {
        self.classes[&class].clone()
    }
}

impl Classifier {
    /// The rules that come with the program.
    pub fn built_in() -> Self {
        Self::with_user_rules(Vec::new()).expect("the built-in rules are tested")
    }

    /// The user's rules first, then those that come with the program.
    ///
    /// # Errors
    /// Names the first rule of the user's that cannot be used, and what to change.
    pub fn with_user_rules(raw: Vec<RawRule>) -> Result<Self, RuleError> {
        let mut file = RuleFile::built_in();
        let built_in = std::mem::take(&mut file.rules);
        let of_user = raw.len();
        let raw = raw.into_iter().chain(built_in).enumerate();
        let checked = raw.map(|(i, rule)| rule.check(i < of_user, |class| file.words(class)));
        let rules = checked.collect::<Result<Vec<Rule>, RuleError>>()?;
        for rule in &rules[..of_user] {
            compile_one(rule)?;
        }
        let classifier = Self::compile(rules)?;
        bench::first_problem_of_user(&classifier).map_or(Ok(classifier), Err)
    }

    fn compile(rules: Vec<Rule>) -> Result<Self, RuleError> {
        let mut patterns: Vec<String> = stage::CUES.iter().map(|(_, cue)| pattern(cue)).collect();
        patterns.push(pattern(retry_after::CUE));
        let mut slots = Vec::with_capacity(rules.len());
        for rule in &rules {
            slots.push(rule.text.as_ref().map(|_| patterns.len()));
            patterns.extend(rule.text.as_deref().map(pattern));
        }
        let words = RegexSetBuilder::new(&patterns)
            .unicode(false)
            .case_insensitive(true)
            .dot_matches_new_line(true)
            .size_limit(64 << 20)
            .dfa_size_limit(32 << 20)
            .build()
            .map_err(|_| RuleError::TooLarge)?;
        Ok(Classifier { rules, slots, words })
    }

    /// All rules in the order in which they are tried.
    pub fn rules(&self) -> &[Rule] {
        &self.rules
    }

    /// Reads one error text. The time grows with the length of the text and not faster.
    pub fn read(&self, text: &str) -> Reading<'_> {
        let codes = codes::scan(text);
        let folded = if codes.repeated {
            fold(text, codes)
        } else {
            Cow::Borrowed(text)
        };
        let matched = self.words.matches(folded.as_bytes());
        let cue = stage::CUES
            .iter()
            .enumerate()
            .find(|(i, _)| matched.matched(*i))
            .map(|(_, (stage, _))| *stage);
        let stage = cue.or_else(|| stage::of_reply(codes.reply));
        let rule = self
            .rules
            .iter()
            .zip(&self.slots)
            .find(|(rule, slot)| slot.is_none_or(|i| matched.matched(i)) && rule.when.hold(codes, stage))
            .map(|(rule, _)| rule)
            .expect("the last rule has no condition");
        let retry_after = if matched.matched(stage::CUES.len()) {
            retry_after::named_in(&folded)
        } else {
            None
        };
        Reading {
            reply: codes.reply,
            enhanced: codes.enhanced,
            stage,
            class: rule.class,
            disposition: rule.disposition.unwrap_or_else(|| by_digit(codes, rule.class)),
            rule,
            retry_after,
        }
    }
}

/// What may be done where the rule leaves it to the first digit; without digits the class says it.
fn by_digit(codes: Codes, class: Class) -> Disposition {
    match (rules::is_permanent(codes), class) {
        (Some(false), _) => Disposition::Retry,
        (Some(true), _) => Disposition::Never,
        (None, Class::Recipient | Class::MailboxFull | Class::Policy | Class::Message) => Disposition::Never,
        (None, Class::Auth | Class::Tls) => Disposition::Stop,
        (None, Class::Quota) => Disposition::Wait,
        (None, _) => Disposition::Retry,
    }
}

/// A rule's text as the regex engine gets it: a blank stands for any white space, also for a line break.
fn pattern(text: &str) -> String {
    let spaced = text.replace(" ?", r"\s*").replace(' ', r"\s+");
    // Letters beyond ASCII need the slower Unicode tables, so only the patterns that have them pay for them.
    if spaced.is_ascii() {
        spaced
    } else {
        format!("(?u:{spaced})")
    }
}

/// Compiles one rule alone, so that a mistake is blamed on the right one.
fn compile_one(rule: &Rule) -> Result<(), RuleError> {
    let Some(text) = &rule.text else { return Ok(()) };
    let name = || rule.name.clone();
    let regex = regex::bytes::RegexBuilder::new(&pattern(text))
        .unicode(false)
        .case_insensitive(true)
        .dot_matches_new_line(true)
        .build()
        .map_err(|error| RuleError::BadRegex {
            rule: name(),
            reason: last_line(&error.to_string()),
        })?;
    if regex.is_match(b"") {
        Err(RuleError::MatchesEverything { rule: name() })
    } else {
        Ok(())
    }
}

/// The regex engine explains over several lines; the last says what is wrong.
fn last_line(text: &str) -> String {
    text.lines()
        .last()
        .unwrap_or_default()
        .trim()
        .trim_start_matches("error: ")
        .to_owned()
}

/// A reply of several lines repeats its codes within a sentence: takes out all but the first.
fn fold(text: &str, codes: Codes) -> Cow<'_, str> {
    let Some(reply) = codes.reply.map(|n| n.to_string()) else {
        return Cow::Borrowed(text);
    };
    let enhanced = codes.enhanced.map(|code| code.to_string());
    let mut parts = text.split(reply.as_str());
    let mut folded = String::with_capacity(text.len());
    folded.push_str(parts.next().unwrap_or_default());
    folded.push_str(&reply);
    folded.push_str(parts.next().unwrap_or_default());
    for part in parts {
        let rest = part.strip_prefix(['-', ' ']);
        match rest.filter(|_| folded.ends_with(char::is_whitespace)) {
            Some(rest) => {
                let tail = enhanced
                    .as_deref()
                    .and_then(|code| rest.strip_prefix(code))
                    .unwrap_or(rest);
                folded.push_str(tail.trim_start());
            }
            None => {
                folded.push_str(&reply);
                folded.push_str(part);
            }
        }
    }
    Cow::Owned(folded)
}
