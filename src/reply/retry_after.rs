//! The wait that a text itself names: "try again in 5 minutes", "retry after 300 seconds".
//!
//! Only a number with a unit beside words that speak of trying again counts; what is longer than a week is no wait but an error.

use std::sync::LazyLock;
use std::time::Duration;

use regex::Regex;

/// Reports, within the one pass over all patterns, whether a closer look is worth it.
pub const CUE: &str = r"again|retry|return|come back|call back|wait|resend|delayed|greylisted for|erneut|wieder|plus tard|nouveau|nuevo|dentro de";

static WAIT: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r"(?ix-u)
        # 'in 15 Minuten erneut': the words come after the number
        \b in \s+ (?<turned> [0-9]{1,5}) \s+ (?<turned_unit> min|sek|stunde) [a-z]* \s+ (?: erneut|wieder|noch )
        # 'try again in 5 minutes', 'retry after 300 seconds'
        | (?: again|retry|return|back|wait|resend|delayed|greylisted\ for|erneut|wieder|plus\ tard|nouveau|nuevo|dentro\ de )
          (?: \s+ (?: in|after|for|at|least|about|another|approximately|time|later|request|please|minimum|de|dans|en|nach ) )*
          [\ :=(~]* (?<after> [0-9]{1,6}) \s* (?<unit> s\b|sec|sek|seg|min|m\b|h\b|hour|heure|hora|std|stunde )
        # a header of HTTP
        | retry-after [\x22']? [:=\s]{1,3} [\x22']? (?<header> [0-9]{1,6})",
    )
    .expect("a constant pattern")
});

const WEEK: u64 = 7 * 24 * 3600;

/// The wait named in `text`, if any.
pub fn named_in(text: &str) -> Option<Duration> {
    let found = WAIT.captures(text)?;
    let amount = ["turned", "after", "header"].iter().find_map(|name| found.name(name))?;
    let unit = found.name("turned_unit").or_else(|| found.name("unit")).map_or("s", |unit| unit.as_str());
    let wait = amount.as_str().parse::<u64>().ok()? * seconds(unit);
    (1..=WEEK).contains(&wait).then(|| Duration::from_secs(wait))
}

/// The seconds in a unit, known by its first letters.
fn seconds(unit: &str) -> u64 {
    let unit = unit.to_ascii_lowercase();
    match unit.as_bytes() {
        [b'm', ..] => 60,
        [b'h', ..] | [b's', b't', ..] => 3600,
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_is_read_with_its_unit() {
        for (text, seconds) in [
            ("try again in 5 minutes", Some(300)),
            ("please retry after 300 seconds", Some(300)),
            ("Retry-After: 120", Some(120)),
            ("wait 30s", Some(30)),
            ("try again in 1 hour", Some(3600)),
            ("versuchen Sie es in 15 Minuten erneut", Some(900)),
            ("try again later", None),
            ("more than 100 messages in 1 hour", None),
            ("try again in 99999 hours", None),
            ("retry 3 of 5", None),
        ] {
            assert_eq!(named_in(text), seconds.map(Duration::from_secs), "{text}");
        }
    }
}
