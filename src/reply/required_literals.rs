//! The words that must occur in every text a regular expression matches.
//!
//! They come in groups: of each group at least one word must be there. `(user|mailbox)( \w+)? not found` has the groups
//! {user, mailbox} and {not found}. Words are in lower case, as are the texts they are looked for in.

use std::borrow::Cow;

use regex_syntax::ParserBuilder;
use regex_syntax::hir::{Class, Hir, HirKind};

/// A shorter word turns up everywhere and tells nothing.
const SHORTEST: usize = 3;

/// The words of one pattern.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct RequiredLiterals {
    /// Of each group one word must be there; no groups where nothing can be said.
    pub groups: Vec<Vec<String>>,
    /// The pattern is nothing but the words of its one group.
    pub exact: bool,
}

/// The most words in a group; a pattern that means more is cut into several groups.
const MOST: usize = 200;

/// Letters beyond ASCII need the slower Unicode tables, so only the patterns that have them pay for them.
pub fn with_mode(pattern: &str) -> Cow<'_, str> {
    if pattern.is_ascii() { Cow::Borrowed(pattern) } else { Cow::Owned(format!("(?u:{pattern})")) }
}

/// The words of `pattern`; none if it is no regular expression.
pub fn of(pattern: &str) -> RequiredLiterals {
    if is_plain(pattern) {
        return RequiredLiterals { exact: true, groups: vec![vec![pattern.to_lowercase()]] };
    }
    let Some(hir) = parse(pattern) else {
        return RequiredLiterals::default();
    };
    if let Some(words) = words(&hir).filter(|words| words.iter().all(|word| word.len() >= SHORTEST)) {
        return RequiredLiterals { exact: !looks_around(&hir), groups: vec![words] };
    }
    RequiredLiterals { groups: groups(&hir), exact: false }
}

/// A literal word without any regular expression syntax; most patterns are that.
fn is_plain(pattern: &str) -> bool {
    const SPECIAL: [char; 14] = ['\\', '.', '+', '*', '?', '(', ')', '|', '[', ']', '{', '}', '^', '$'];
    pattern.len() >= SHORTEST && !pattern.contains(SPECIAL)
}

/// Whether no text that was made ready can match `pattern`: it takes nothing at all, or wants white space other than one
/// blank.
pub fn cannot_match(pattern: &str) -> bool {
    let nothing = parse(pattern).is_some_and(|hir| hir.properties().minimum_len().is_none());
    let odd = |word: &String| word.contains("  ") || word.contains(['\n', '\r', '\t']);
    nothing || of(pattern).groups.iter().any(|group| group.iter().all(odd))
}

fn parse(pattern: &str) -> Option<Hir> {
    let mut parser = ParserBuilder::new();
    parser.utf8(false).unicode(false).dot_matches_new_line(true).build().parse(&with_mode(pattern)).ok()
}

fn looks_around(hir: &Hir) -> bool {
    !hir.properties().look_set().is_empty()
}

/// All the words that `hir` takes, if they are few.
fn words(hir: &Hir) -> Option<Vec<String>> {
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => Some(vec![String::new()]),
        HirKind::Literal(literal) => Some(vec![std::str::from_utf8(&literal.0).ok()?.to_lowercase()]),
        HirKind::Class(class) => letters(class),
        HirKind::Capture(capture) => words(&capture.sub),
        HirKind::Repetition(repeated) if (repeated.min, repeated.max) == (0, Some(1)) => {
            let mut words = words(&repeated.sub)?;
            words.push(String::new());
            Some(words)
        }
        HirKind::Repetition(_) => None,
        HirKind::Concat(parts) => {
            parts.iter().try_fold(vec![String::new()], |before, part| cross(&before, &words(part)?))
        }
        HirKind::Alternation(parts) => few(parts.iter().map(words).collect::<Option<Vec<_>>>()?.concat()),
    }
}

fn few(mut words: Vec<String>) -> Option<Vec<String>> {
    words.sort_unstable();
    words.dedup();
    (words.len() <= MOST).then_some(words)
}

fn cross(before: &[String], after: &[String]) -> Option<Vec<String>> {
    if before.len() * after.len() > MOST * 4 {
        return None;
    }
    few(before.iter().flat_map(|a| after.iter().map(move |b| [a.as_str(), b].concat())).collect())
}

fn letters(class: &Class) -> Option<Vec<String>> {
    const FEW: usize = 8;
    let letters: Vec<char> = match class {
        Class::Unicode(class) => {
            class.iter().flat_map(|range| range.start()..=range.end()).take(FEW + 1).collect()
        }
        Class::Bytes(class) if class.is_ascii() => {
            class.iter().flat_map(|range| range.start()..=range.end()).map(char::from).take(FEW + 1).collect()
        }
        Class::Bytes(_) => return None,
    };
    let white = letters.contains(&'\t');
    (letters.len() <= FEW && !white)
        .then(|| letters.iter().flat_map(|c| c.to_lowercase()).map(String::from).collect())
}

/// The groups that hold for every text `hir` takes.
fn groups(hir: &Hir) -> Vec<Vec<String>> {
    match hir.kind() {
        HirKind::Capture(capture) => groups(&capture.sub),
        HirKind::Repetition(repeated) if repeated.min > 0 => groups(&repeated.sub),
        HirKind::Concat(parts) => of_sequence(parts),
        HirKind::Alternation(parts) => of_choice(parts).into_iter().collect(),
        _ => words(hir).and_then(telling).into_iter().collect(),
    }
}

/// Neighbours that are words grow together to longer words; what lies between ends a group.
fn of_sequence(parts: &[Hir]) -> Vec<Vec<String>> {
    let mut found = Vec::new();
    let mut open = vec![String::new()];
    for part in parts {
        let part_words = words(part);
        if let Some(longer) = part_words.as_ref().and_then(|after| cross(&open, after)) {
            open = longer;
            continue;
        }
        found
            .extend(telling(std::mem::replace(&mut open, part_words.unwrap_or_else(|| vec![String::new()]))));
        if open.len() == 1 && open[0].is_empty() {
            found.extend(groups(part));
        }
    }
    found.extend(telling(open));
    found
}

/// Of every branch its best group, all together.
fn of_choice(parts: &[Hir]) -> Option<Vec<String>> {
    let best = |part: &Hir| match words(part).and_then(telling) {
        Some(words) => Some(words),
        None => groups(part).into_iter().max_by_key(|group| group.iter().map(String::len).min()),
    };
    let all: Option<Vec<_>> = parts.iter().map(best).collect();
    all.map(|groups| groups.concat()).and_then(telling_many)
}

fn telling(words: Vec<String>) -> Option<Vec<String>> {
    words.iter().all(|word| word.len() >= SHORTEST).then_some(words)
}

/// A choice may have more words than one pattern's group.
fn telling_many(mut words: Vec<String>) -> Option<Vec<String>> {
    words.sort_unstable();
    words.dedup();
    telling(words)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn groups_of(pattern: &str) -> Vec<Vec<String>> {
        of(pattern).groups
    }

    #[test]
    fn plain_words_decide_alone() {
        assert_eq!(
            of("mailbox full"),
            RequiredLiterals { groups: vec![vec!["mailbox full".into()]], exact: true }
        );
        assert!(of("mail ?box (is )?full").exact);
        assert!(!of(r"\bspam").exact);
    }

    #[test]
    fn what_lies_between_parts_the_groups() {
        assert_eq!(
            groups_of(r"(user|mailbox)( \w+){0,2} not found"),
            [vec!["mailbox", "user"], vec![" not found"]]
        );
        assert_eq!(groups_of(r"Quota.*Exceeded"), [vec!["quota"], vec!["exceeded"]]);
    }

    #[test]
    fn of_a_choice_one_word_of_each_branch_must_be_there() {
        assert_eq!(groups_of(r"rate \d+|\bflood"), [vec!["flood", "rate "]]);
        assert!(groups_of(r"\d+|flood").is_empty());
    }

    #[test]
    fn what_no_text_can_match_is_known() {
        assert!(cannot_match("too  many"));
        assert!(cannot_match("too\\nmany"));
        assert!(cannot_match(r"[^\s\S]"));
        assert!(!cannot_match(r"too many|too  many"));
        assert!(!cannot_match(r"too\s+many"));
    }

    #[test]
    fn letters_beyond_ascii_are_words_as_well() {
        assert_eq!(groups_of("Postfach.*VOLL"), [vec!["postfach"], vec!["voll"]]);
        assert_eq!(groups_of("Überfüllt"), [vec!["überfüllt"]]);
    }
}
