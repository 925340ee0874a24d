//! Values from a database or a server, made safe to look at.
//!
//! A subject may hold a terminal's escapes, an error text line breaks. On a screen the first are shown and not obeyed,
//! and white space is folded, so that one value stays one line.

use std::borrow::Cow;

/// One line without control characters: white space folded, everything a terminal would obey written as `\u{1b}`.
///
/// ```
/// assert_eq!(mailthrottle::output::escape::line("4.3.2 busy\n   \u{1b}[31mred"), r"4.3.2 busy \u{1b}[31mred");
/// ```
pub fn line(text: &str) -> String {
    text.split_whitespace().map(visible).collect::<Vec<_>>().join(" ")
}

/// The text with its line breaks and tabs, everything else a terminal would obey written out.
pub fn visible(text: &str) -> Cow<'_, str> {
    if !text.contains(is_obeyed) {
        return Cow::Borrowed(text);
    }
    let write = |c: char| {
        if is_obeyed(c) { c.escape_unicode().to_string() } else { c.to_string() }
    };
    Cow::Owned(text.chars().map(write).collect())
}

/// Control characters, and those that turn the direction of writing around. Joiners stay: emoji and several scripts need them.
pub fn is_obeyed(c: char) -> bool {
    (c.is_control() && !matches!(c, '\n' | '\r' | '\t'))
        || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// At most so many characters, with a mark where something was cut off.
pub fn short(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        None => text.to_owned(),
        Some(_) => text.chars().take(most.saturating_sub(1)).chain(['…']).collect(),
    }
}
