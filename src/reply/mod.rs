//! What a server said: SMTP text to reply code, enhanced code, class, disposition, stage and fingerprint.
//!
//! The rules are data (`rules.toml`): ordered, each with examples that it must take. A text is walked over once for its
//! codes and once for the words of all rules and stages together; then the first rule whose conditions hold decides.
//! The last rule takes everything, so there is always one. Nothing here reads a clock or a file, or prints.

pub mod bench;
mod codes;
mod fingerprint;
mod lead;
mod matcher;
mod prepare;
mod required_literals;
mod retry_after;
mod rule_error;
mod rules;
mod stage;
mod words;

use std::collections::HashMap;
use std::time::Duration;

use serde::Deserialize;

use crate::model::{Class, Disposition, Enhanced, Stage};

pub use codes::{Codes, scan};
pub use fingerprint::{TextFingerprint, fingerprint};
pub use rule_error::RuleError;
pub use rules::{NotBefore, RawRule, Rule};

use matcher::Matcher;
use rules::{ClassWords, Defaults};

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
    /// The stages' cues, then those of a server's reply and of a named wait, then the texts of all rules.
    patterns: Matcher,
    /// For each pattern after the cues, its rule.
    owners: Vec<usize>,
    /// The rules without a text, which decide by the codes and the stage alone.
    wordless: Vec<usize>,
}

/// `rules.toml` as a whole.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RuleFile {
    classes: HashMap<Class, ClassWords>,
    doubt: ClassWords,
    rules: Vec<RawRule>,
}

impl RuleFile {
    fn built_in() -> RuleFile {
        toml::from_str(include_str!("rules.toml")).expect("rules.toml is part of the program and tested")
    }

    fn words(&self, class: Class) -> Defaults<'_> {
        Defaults { class: &self.classes[&class], doubt: &self.doubt }
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
        let classifier = Self::for_bench(raw)?;
        bench::first_problem_of_user(&classifier).map_or(Ok(classifier), Err)
    }

    /// The same for the bench, which is to find what else is wrong: examples that a rule does not take, rules in the
    /// shadow of others.
    ///
    /// # Errors
    /// Names the first rule of the user's that cannot even be compiled.
    pub fn for_bench(raw: Vec<RawRule>) -> Result<Self, RuleError> {
        let mut file = RuleFile::built_in();
        let built_in = std::mem::take(&mut file.rules);
        let of_user = raw.len();
        let raw = raw.into_iter().chain(built_in).enumerate();
        let checked = raw.map(|(i, rule)| rule.check(i < of_user, |class| file.words(class)));
        let rules = checked.collect::<Result<Vec<Rule>, RuleError>>()?;
        rules[..of_user].iter().try_for_each(check_texts)?;
        Self::over(rules)
    }

    fn over(rules: Vec<Rule>) -> Result<Self, RuleError> {
        let cues = stage::CUES.iter().map(|(_, cue)| *cue).chain([stage::REPLY_CUE, retry_after::CUE]);
        let texts = rules.iter().flat_map(|rule| rule.text.iter().map(String::as_str));
        let patterns = Matcher::new(cues.chain(texts)).ok_or(RuleError::TooLarge)?;
        let owners =
            rules.iter().enumerate().flat_map(|(i, rule)| rule.text.iter().map(move |_| i)).collect();
        let wordless = (0..rules.len()).filter(|i| rules[*i].text.is_empty()).collect();
        Ok(Classifier { rules, patterns, owners, wordless })
    }

    /// All rules in the order in which they are tried.
    pub fn rules(&self) -> &[Rule] {
        &self.rules
    }

    /// Reads one error text. The time grows with the length of the text and not faster.
    pub fn read(&self, text: &str) -> Reading<'_> {
        let codes = codes::scan(text);
        let quotes_reply = prepare::quotes_reply(text);
        let text = prepare::prepare(text, codes);
        let candidates = self.patterns.candidates(&text);
        let (cues, texts) = candidates.split_at(candidates.partition_point(|c| *c <= WAIT_CUE));
        let waits = cues.last() == Some(&WAIT_CUE);
        let stage = self.stage(cues, &text).or_else(|| stage::of_reply(codes.reply));
        let rule = self.decide(codes, stage, texts, &text);
        let answered = || is_refusal(codes) || quotes_reply || self.is_there(REPLY_CUE, cues, &text);
        Reading {
            reply: codes.reply,
            enhanced: codes.enhanced,
            stage,
            class: rule.class,
            disposition: rule.disposition.unwrap_or_else(|| by_digit(codes, rule.class, stage, answered)),
            rule,
            retry_after: if waits { retry_after::named_in(&text) } else { None },
        }
    }

    fn stage(&self, cues: &[u32], text: &str) -> Option<Stage> {
        let cue = cues.iter().find(|cue| **cue < REPLY_CUE && self.patterns.is_match(**cue, text))?;
        stage::CUES.get(*cue as usize).map(|(stage, _)| *stage)
    }

    fn is_there(&self, cue: u32, candidates: &[u32], text: &str) -> bool {
        candidates.contains(&cue) && self.patterns.is_match(cue, text)
    }

    /// The first rule whose conditions all hold, of those whose text is there and of those without a text.
    fn decide(&self, codes: Codes, stage: Option<Stage>, candidates: &[u32], text: &str) -> &Rule {
        let holds = |rule: &usize| self.rules[*rule].when.hold(codes, stage);
        let owned =
            candidates.iter().map(|pattern| (*pattern, self.owners[(*pattern - WAIT_CUE - 1) as usize]));
        let worded = owned
            .filter(|(pattern, rule)| holds(rule) && self.patterns.is_match(*pattern, text))
            .map(|(_, rule)| rule)
            .next()
            .unwrap_or(self.rules.len());
        let mut earlier = self.wordless.iter().take_while(|rule| **rule < worded);
        &self.rules[*earlier.find(|rule| holds(rule)).unwrap_or(&worded)]
    }
}

/// The place of the cue of a server's reply among all patterns.
#[allow(clippy::cast_possible_truncation)]
const REPLY_CUE: u32 = stage::CUES.len() as u32;

/// The place of the cue of a named wait among all patterns.
const WAIT_CUE: u32 = REPLY_CUE + 1;

/// What may be done where the rule leaves it to the first digit; without digits the class says it.
fn by_digit(
    codes: Codes,
    class: Class,
    stage: Option<Stage>,
    answered: impl FnOnce() -> bool,
) -> Disposition {
    match (rules::is_permanent(codes), class) {
        (Some(true), _) => Disposition::Never,
        (_, Class::Network) if !is_before_the_dot(codes, stage) && !answered() => Disposition::Doubt,
        (Some(false), _) => Disposition::Retry,
        (None, Class::Recipient | Class::MailboxFull | Class::Policy | Class::Message) => Disposition::Never,
        (None, Class::Auth | Class::Tls) => Disposition::Stop,
        (None, Class::Quota) => Disposition::Wait,
        (None, _) => Disposition::Retry,
    }
}

/// A server's complete reply is a clear no; a code of 2 or 3 in the text is none.
fn is_refusal(codes: Codes) -> bool {
    codes.reply.is_some_and(|reply| reply >= 400)
}

/// The server cannot have the whole message: the stage says so, or X.4.1, "no answer from host", which RFC 3463 has for
/// the attempt to connect.
fn is_before_the_dot(codes: Codes, stage: Option<Stage>) -> bool {
    stage.is_some_and(|stage| stage != Stage::Dot)
        || codes.enhanced.is_some_and(|code| (code.subject, code.detail) == (4, 1))
}

/// Compiles a rule's texts, so that a mistake is blamed on the right rule.
fn check_texts(rule: &Rule) -> Result<(), RuleError> {
    let name = || rule.name.clone();
    rule.text.iter().try_for_each(|text| {
        let regex = matcher::compile(text)
            .map_err(|error| RuleError::BadRegex { rule: name(), reason: last_line(&error.to_string()) })?;
        if regex.is_match(b"") {
            return Err(RuleError::MatchesEverything { rule: name() });
        }
        if required_literals::cannot_match(text) {
            Err(RuleError::MatchesNothing { rule: name() })
        } else {
            Ok(())
        }
    })
}

/// The regex engine explains over several lines; the last says what is wrong.
fn last_line(text: &str) -> String {
    text.lines().last().unwrap_or_default().trim().trim_start_matches("error: ").to_owned()
}
