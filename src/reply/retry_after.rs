//! The wait that a text itself names: "try again in 5 minutes", "retry after 300 seconds".
//!
//! Only a number with a unit beside words that speak of trying again counts; what is longer than a week is no wait but an error.

use std::sync::LazyLock;
use std::time::Duration;

use regex::Regex;

/// Tells, within the one pass over all patterns, whether it is worth looking closer.
pub const CUE: &str = r"(again|retry|return|back|wait|resend|delayed|for|erneut|wieder|warten|plus tard|dans|de nouveau|nuevo|dentro de)[^0-9]{0,30}[0-9]+ ?(s\b|sec|min|hour|h\b|std|stunde|heure|hora|seg|m\b)|retry-after[^0-9a-z]{1,4}[0-9]";

static WAIT: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(concat!(
        r"(?i-u:(?:again|retry|return|back|wait|resend|delayed|greylisted for|erneut|wieder|warten|plus tard|dans|nouveau|nuevo|dentro de)",
        r"(?:[ \r\n]+(?:in|after|for|at|least|about|another|approximately|time|later|request|please|minimum|de|dans|en|nach|d'ici))*[ :=(\r\n~]*",
        r"([0-9]{1,6})\s*(s\b|sec|sek|seg|min|m\b|h\b|hour|heure|hora|std|stunde)",
        r"|retry-after[\x22']?[:=\s]{1,3}[\x22']?([0-9]{1,6}))",
    ))
    .expect("a constant pattern")
});

const WEEK: u64 = 7 * 24 * 3600;

/// The wait named in `text`, if any.
pub fn named_in(text: &str) -> Option<Duration> {
    let found = WAIT.captures(text)?;
    let amount = found
        .get(1)
        .or_else(|| found.get(3))?
        .as_str()
        .parse::<u64>()
        .ok()?;
    let unit = found
        .get(2)
        .map_or('s', |unit| unit.as_str().chars().next().unwrap_or('s'));
    let unit_s = match unit.to_ascii_lowercase() {
        'm' => 60,
        'h' => 3600,
        's' if found
            .get(2)
            .is_some_and(|u| u.as_str().to_ascii_lowercase().starts_with("st")) =>
        {
            3600
        }
        _ => 1,
    };
    Some(amount * unit_s)
        .filter(|s| (1..=WEEK).contains(s))
        .map(Duration::from_secs)
}
