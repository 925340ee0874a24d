//! One rule: what must hold of a text, and what it then means.
//!
//! A rule is data, in `rules.toml` or in the user's config: conditions on the text, the codes and the stage, a class, and
//! what to do. This module turns the words of the file into a checked [`Rule`]; every mistake is named with its rule.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::codes::Codes;
use super::rule_error::RuleError;
use crate::model::{Class, Disposition, Enhanced, OneOrMany, Stage};

fn list(value: Option<OneOrMany>) -> Vec<String> {
    value.map(OneOrMany::into_vec).unwrap_or_default()
}

/// One rule as it is written in `rules.toml` or under `[[rules]]` in the config.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawRule {
    /// What the rule is called in results.
    pub name: String,
    /// Regular expressions over the text, one of which must match; upper and lower case alike, a blank is any white space.
    pub text: Option<OneOrMany>,
    /// Reply codes: `"421"`, `"4xx"`, `"550-554"`, or a list of them.
    pub reply: Option<OneOrMany>,
    /// Enhanced codes: `"4.3.2"`, `"x.3.2"`, `"5.7.x"`, `"5.2.251-255"`, or a list of them.
    pub enhanced: Option<OneOrMany>,
    /// Steps of the dialogue, one or a list.
    pub stage: Option<OneOrMany>,
    /// `temporary` or `permanent`: what the first digit says; `no code`: there is none.
    pub kind: Option<String>,
    /// The class of what the rule takes.
    pub class: String,
    /// What may be done; where it is left out, the first digit says it.
    pub disposition: Option<String>,
    /// When to try again at the earliest: `"rolling 24h"`, `"next hour"`, `"5m"`.
    pub not_before: Option<String>,
    /// The provider whose words these are.
    pub provider: Option<String>,
    /// Texts that the rule must take.
    #[serde(alias = "examples")]
    pub example: Option<OneOrMany>,
    /// Where the words were seen.
    pub seen: Option<String>,
    /// What it means, in one sentence.
    pub meaning: Option<String>,
    /// What to do about it.
    pub advice: Option<String>,
    /// Where to read more.
    #[serde(alias = "links")]
    pub link: Option<OneOrMany>,
}

/// When a mail may be tried again at the earliest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum NotBefore {
    /// As soon as the window of this length, which moves along with the clock, has room again.
    Rolling(Duration),
    /// At the start of the next hour.
    NextHour,
    /// After this long.
    After(Duration),
}

impl std::fmt::Display for NotBefore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            NotBefore::Rolling(window) => write!(f, "rolling {}", humantime::format_duration(*window)),
            NotBefore::NextHour => f.write_str("next hour"),
            NotBefore::After(wait) => write!(f, "{}", humantime::format_duration(*wait)),
        }
    }
}

/// A checked rule.
#[derive(Debug, Clone)]
pub struct Rule {
    /// What the rule is called in results.
    pub name: String,
    /// The class of what it takes.
    pub class: Class,
    /// What may be done; `None` where the first digit says it.
    pub disposition: Option<Disposition>,
    /// What it means, in one sentence.
    pub meaning: String,
    /// What to do about it.
    pub advice: String,
    /// When to try again at the earliest.
    pub not_before: Option<NotBefore>,
    /// The provider whose words these are.
    pub provider: Option<String>,
    /// Where to read more.
    pub links: Vec<String>,
    /// Texts that the rule must take.
    pub examples: Vec<String>,
    /// Where the words were seen.
    pub seen: Option<String>,
    /// Written by the user, not built in.
    pub by_user: bool,
    /// The regular expressions over the text, as they were written.
    pub text: Vec<String>,
    pub(super) when: Conditions,
    /// Its words for a mail that may have been delivered.
    in_doubt: ClassWords,
}

impl Rule {
    /// What it means, in one sentence, where this may be done.
    pub fn meaning_for(&self, disposition: Disposition) -> &str {
        if disposition == Disposition::Doubt { &self.in_doubt.meaning } else { &self.meaning }
    }

    /// What to do about it, where this may be done.
    pub fn advice_for(&self, disposition: Disposition) -> &str {
        if disposition == Disposition::Doubt { &self.in_doubt.advice } else { &self.advice }
    }
}

/// What must hold of codes and stage.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Conditions {
    replies: Vec<(u16, u16)>,
    enhanced: Vec<EnhancedRange>,
    stages: Vec<Stage>,
    kind: Option<Kind>,
}

/// What the first digit of a text's codes says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Temporary,
    Permanent,
    /// The text has no code.
    NoCode,
}

impl Kind {
    fn holds(self, codes: Codes) -> bool {
        match self {
            Kind::Temporary => is_permanent(codes) == Some(false),
            Kind::Permanent => is_permanent(codes) == Some(true),
            Kind::NoCode => codes.reply.is_none() && codes.enhanced.is_none(),
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct EnhancedRange {
    class: Option<u8>,
    subject: Option<u16>,
    detail: (u16, u16),
}

impl EnhancedRange {
    fn holds(self, code: Enhanced) -> bool {
        self.class.is_none_or(|class| class == code.class)
            && self.subject.is_none_or(|subject| subject == code.subject)
            && (self.detail.0..=self.detail.1).contains(&code.detail)
    }
}

impl Conditions {
    pub(super) fn hold(&self, codes: Codes, stage: Option<Stage>) -> bool {
        let reply = self.replies.is_empty()
            || codes
                .reply
                .is_some_and(|code| self.replies.iter().any(|(low, high)| (*low..=*high).contains(&code)));
        reply
            && (self.enhanced.is_empty()
                || codes.enhanced.is_some_and(|code| self.enhanced.iter().any(|r| r.holds(code))))
            && (self.stages.is_empty() || stage.is_some_and(|s| self.stages.contains(&s)))
            && self.kind.is_none_or(|kind| kind.holds(codes))
    }

    fn is_empty(&self) -> bool {
        *self == Conditions::default()
    }
}

/// What the first digit says; the reply's digit counts before the enhanced code's.
pub(super) fn is_permanent(codes: Codes) -> Option<bool> {
    match codes.reply.map(|reply| reply / 100).or(codes.enhanced.map(|code| u16::from(code.class))) {
        Some(4) => Some(false),
        Some(5) => Some(true),
        _ => None,
    }
}

/// Meaning and advice, for a person.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ClassWords {
    pub(super) meaning: String,
    pub(super) advice: String,
}

/// The words that stand in where a rule gives no meaning or advice of its own.
#[derive(Debug, Clone, Copy)]
pub(super) struct Defaults<'f> {
    /// Those of the rule's class.
    pub(super) class: &'f ClassWords,
    /// Those of a mail that may have been delivered, whatever its class.
    pub(super) doubt: &'f ClassWords,
}

impl RawRule {
    /// Checks the words of the file.
    pub(super) fn check<'f>(
        self,
        by_user: bool,
        words: impl Fn(Class) -> Defaults<'f>,
    ) -> Result<Rule, RuleError> {
        let name = self.name.trim().to_owned();
        let bad = |key: &'static str, reason: String| RuleError::BadValue { rule: name.clone(), key, reason };
        if name.is_empty() {
            return Err(bad("name", "is empty; give the rule a name".into()));
        }
        let class = self.class.parse::<Class>().map_err(|reason| bad("class", reason))?;
        let disposition = self
            .disposition
            .map(|word| word.parse())
            .transpose()
            .map_err(|reason| bad("disposition", reason))?;
        let not_before =
            self.not_before.map(|text| not_before(&text)).transpose().map_err(|r| bad("not_before", r))?;
        let when = Conditions {
            replies: parse_all(list(self.reply), reply_range).map_err(|r| bad("reply", r))?,
            enhanced: parse_all(list(self.enhanced), enhanced_range).map_err(|r| bad("enhanced", r))?,
            stages: parse_all(list(self.stage), |s| s.parse()).map_err(|r| bad("stage", r))?,
            kind: self.kind.map(|word| kind(&word)).transpose().map_err(|r| bad("kind", r))?,
        };
        let text = list(self.text);
        if text.is_empty() && when.is_empty() && (by_user || name != UNKNOWN) {
            return Err(RuleError::NoCondition { rule: name });
        }
        let examples = list(self.example);
        if examples.is_empty() {
            return Err(RuleError::NoExample { rule: name });
        }
        let words = words(class);
        let own = |default: &ClassWords| ClassWords {
            meaning: self.meaning.as_ref().unwrap_or(&default.meaning).clone(),
            advice: self.advice.as_ref().unwrap_or(&default.advice).clone(),
        };
        let usual = own(words.class);
        // a built-in rule that leaves the disposition open has its words for the other outcomes
        let speaks_of_doubt = by_user || disposition == Some(Disposition::Doubt);
        let in_doubt = if speaks_of_doubt { own(words.doubt) } else { words.doubt.clone() };
        Ok(Rule {
            class,
            disposition,
            meaning: usual.meaning,
            advice: usual.advice,
            in_doubt,
            not_before,
            provider: self.provider,
            links: list(self.link),
            examples,
            seen: self.seen,
            by_user,
            text,
            when,
            name,
        })
    }
}

/// The last built-in rule, which takes what no other rule takes.
pub(super) const UNKNOWN: &str = "unknown";

fn parse_all<T>(words: Vec<String>, parse: impl Fn(&str) -> Result<T, String>) -> Result<Vec<T>, String> {
    words.iter().map(|word| parse(word.trim())).collect()
}

fn kind(word: &str) -> Result<Kind, String> {
    match word {
        "temporary" => Ok(Kind::Temporary),
        "permanent" => Ok(Kind::Permanent),
        "no code" => Ok(Kind::NoCode),
        _ => Err(format!("'{word}' is not one of temporary, permanent, no code")),
    }
}

fn not_before(text: &str) -> Result<NotBefore, String> {
    let duration = |t: &str| {
        humantime::parse_duration(t.trim())
            .map_err(|_| format!("'{text}' is no time; write \"rolling 24h\", \"next hour\" or \"5m\""))
    };
    match text.strip_prefix("rolling ") {
        Some(window) => Ok(NotBefore::Rolling(duration(window)?)),
        None if text == "next hour" => Ok(NotBefore::NextHour),
        None => Ok(NotBefore::After(duration(text)?)),
    }
}

fn reply_range(word: &str) -> Result<(u16, u16), String> {
    let wrong = || format!("'{word}' is no reply code; write \"421\", \"4xx\" or \"550-554\"");
    let one = |w: &str| w.trim().parse::<u16>().ok().filter(|n| (200..600).contains(n));
    if let Some(digit) = word.strip_suffix("xx") {
        let first = digit.parse::<u16>().ok().filter(|d| (2..=5).contains(d)).ok_or_else(wrong)?;
        return Ok((first * 100, first * 100 + 99));
    }
    let (low, high) = word.split_once('-').unwrap_or((word, word));
    one(low).zip(one(high)).filter(|(low, high)| low <= high).ok_or_else(wrong)
}

fn enhanced_range(word: &str) -> Result<EnhancedRange, String> {
    let parse = || {
        let mut parts = word.split('.');
        let class = wild(parts.next()?)?;
        let subject = wild(parts.next()?)?;
        let detail = detail_range(parts.next()?)?;
        parts.next().is_none().then_some(EnhancedRange { class, subject, detail })
    };
    parse().ok_or_else(|| {
        format!("'{word}' is no enhanced code; write \"4.3.2\", \"x.3.2\", \"5.7.x\" or \"5.2.251-255\"")
    })
}

fn wild<T: std::str::FromStr>(word: &str) -> Option<Option<T>> {
    if word == "x" { Some(None) } else { word.parse().ok().map(Some) }
}

fn detail_range(word: &str) -> Option<(u16, u16)> {
    if word == "x" {
        return Some((0, 999));
    }
    let (low, high) = word.split_once('-').unwrap_or((word, word));
    low.parse().ok().zip(high.parse().ok()).filter(|(low, high)| low <= high)
}
