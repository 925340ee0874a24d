//! The checks of the log itself: its words, its times, its errors, and whether it is accurate.

use super::tally::{Attempts, FailedTally, Odd};
use super::{Finding, Severity};
use crate::analysis::phrases::count;
use crate::analysis::report::{Backlog, rate};
use crate::mapping::words::NO_MEANING;
use crate::mapping::{Key, Mapping};
use crate::model::{ConditionCounts, Millis};
use crate::window;

/// The share of texts that no rule knows from which it is worth a look.
const UNCLASSIFIED: f64 = 0.1;

/// Words that a finding names.
const MOST_WORDS: usize = 10;

/// Whether the mapping says what each status word means.
pub fn status_words(attempts: &Attempts, mapping: &Mapping) -> Finding {
    let name = "status-words";
    if attempts.rows == 0 {
        return Finding::ok(name, "no row lies in the window, so there is no word to look at");
    }
    let unmapped: Vec<_> =
        attempts.statuses().into_iter().filter(|(word, _)| !mapping.words.is_named(*word)).collect();
    let rows: u64 = unmapped.iter().map(|(_, rows)| rows).sum();
    if rows == 0 {
        return Finding::ok(name, format!("the status of all {} is mapped", count(attempts.rows, "row")));
    }
    let words: Vec<_> = unmapped
        .iter()
        .take(MOST_WORDS)
        .map(|(word, rows)| {
            format!("{} ({rows})", word.map_or("NULL".to_owned(), |word| format!("'{word}'")))
        })
        .collect();
    let more = if unmapped.len() > MOST_WORDS { ", ..." } else { "" };
    let verb = if rows == 1 { "has" } else { "have" };
    let message = format!(
        "{rows} of {} {verb} a status that is not mapped: {}{more}",
        count(attempts.rows, "row"),
        words.join(", ")
    );
    let advice =
        "add each word to sent, failed or pending in [email_log]; until then its rows count as other";
    if rows * 2 >= attempts.rows {
        Finding::problem(name, message, advice)
    } else {
        Finding::warning(name, message, advice)
    }
}

/// Ids that a finding names.
const MOST_IDS: usize = 3;

/// Whether an id has one row: what has several cannot be sent again.
pub fn key(duplicates: &[String], mapping: &Mapping) -> Finding {
    let name = "key";
    if mapping.key == Key::RowId {
        return Finding::ok(name, "the place of a row is its id, which is good for reading");
    }
    if duplicates.is_empty() {
        return Finding::ok(name, "every id has one row");
    }
    let named: Vec<_> = duplicates.iter().take(MOST_IDS).map(|id| format!("'{id}'")).collect();
    let more = if duplicates.len() > MOST_IDS { ", ..." } else { "" };
    let several = if duplicates.len() == 1 { "id has" } else { "ids have" };
    Finding::problem(
        name,
        format!("{} {several} more than one row: {}{more}", duplicates.len(), named.join(", ")),
        "name what identifies a mail by key in [email_log], several columns where it takes them, or newest_of where the rows are the \
         history of one; until then resend holds these rows",
    )
}

/// Whether the conditions of the mapping say what each row means. Of rows beyond those that were looked at nothing is said.
pub fn conditions(attempts: &Attempts, counts: &ConditionCounts) -> Finding {
    let name = "status-words";
    if counts.rows == 0 {
        return Finding::ok(name, "the table has no row, so there is none to try the conditions on");
    }
    let none: u64 = attempts
        .statuses()
        .into_iter()
        .filter(|(word, _)| *word == Some(NO_MEANING))
        .map(|(_, rows)| rows)
        .sum();
    let never: Vec<_> =
        counts.each.iter().filter(|(_, rows)| *rows == 0).map(|(written, _)| written.as_str()).collect();
    let mut wrong = Vec::new();
    if none > 0 {
        wrong.push(format!("{none} of {} in the window meet no condition", count(attempts.rows, "row")));
    }
    if counts.both > 0 {
        wrong.push(format!(
            "{} of {} meet the conditions of two meanings",
            counts.both,
            count(counts.rows, "row")
        ));
    }
    if !never.is_empty() {
        wrong.push(format!("of {} none meets {}", count(counts.rows, "row"), never.join(", ")));
    }
    let each = counts.each.iter().map(|(written, rows)| format!("{written}: {rows}")).collect::<Vec<_>>();
    let finding = if wrong.is_empty() {
        Finding::ok(name, format!("each of {} meets one condition", count(counts.rows, "row")))
    } else {
        let advice = "rows that meet none count as other, add a condition or make one meaning \"else\"; of two meanings the first of \
                      sent, failed, pending counts; a condition that no row meets may have a wrong word";
        let is_problem = none * 2 >= attempts.rows && none > 0;
        let message = wrong.join("; ");
        if is_problem {
            Finding::problem(name, message, advice)
        } else {
            Finding::warning(name, message, advice)
        }
    };
    finding.with("conditions", each)
}

/// Whether the times can be read, and lie where times lie.
pub fn times(attempts: &Attempts, mapping: &Mapping, extent: Option<(Millis, Millis)>) -> Finding {
    let show = |at| window::show(at, mapping.zone);
    let check = if attempts.rows == 0 {
        let message = match extent {
            Some((first, last)) => {
                format!(
                    "no row lies in the window; the times of the log run from {} to {}",
                    show(first),
                    show(last)
                )
            }
            None => "the log holds no row with a readable time".to_owned(),
        };
        Finding::warning(
            "times",
            message,
            "give --since all, or see whether the application still writes to it",
        )
    } else if attempts.unreadable > 0 {
        let state =
            if attempts.unreadable * 2 >= attempts.rows { Severity::Problem } else { Severity::Warning };
        let message = format!(
            "{} of {} without a readable time, so no window leaves them out",
            attempts.unreadable,
            count(attempts.rows, "row")
        );
        let advice = "name a second column in sent_date that is never empty, such as the one of creation";
        Finding { state, ..Finding::warning("times", message, advice) }
    } else if attempts.future > 0 {
        let message = format!(
            "{} of {} lie in the future, read in {}",
            attempts.future,
            count(attempts.rows, "row"),
            mapping.zone
        );
        let advice = "set time_zone in [email_log] to the zone the application writes its times in";
        Finding::warning("times", message, advice)
    } else if mapping.has_dates_only {
        Finding::warning(
            "times",
            "the times are dates without a time of day: bursts, peaks and less than a day cannot be judged",
            "name a column with the time in sent_date, and give alert --window 1d until then",
        )
    } else {
        let read = count(attempts.rows, "row");
        Finding::ok("times", format!("the times of all {read} can be read; {}", zones(mapping)))
    };
    check.with("form", mapping.form.to_string())
}

fn zones(mapping: &Mapping) -> String {
    match mapping.has_naive_times() {
        true => format!("those that name no zone are taken as {}", mapping.zone),
        false => "they are the same in every zone".to_owned(),
    }
}

/// Whether the rules know what the errors mean: how many texts were read, and how many of them no rule knows.
pub fn unclassified((read, unknown): (u64, u64)) -> Finding {
    let name = "unclassified";
    if read == 0 {
        return Finding::ok(name, "there is no error text to read");
    }
    if unknown == 0 {
        return Finding::ok(name, format!("all error texts are classified ({read} read)"));
    }
    let share = rate(unknown, read);
    let message =
        format!("no rule knows {unknown} of {} ({:.1} %)", count(read, "error text"), share * 100.0);
    if share < UNCLASSIFIED {
        return Finding::ok(name, message);
    }
    Finding::warning(name, message, "mailthrottle explain --test-rules shows them and suggests rules")
}

/// Whether mails wait for longer than an hour.
pub fn pending(waiting: Odd, mapping: &Mapping) -> Finding {
    let name = "pending";
    let advice = "see whether the application's own sender runs; until it does, nobody sends them";
    match waiting.oldest {
        Some(oldest) => {
            let rows = waiting.rows - waiting.without_time;
            let verb = if rows == 1 { "has" } else { "have" };
            let message = format!(
                "{} {verb} been pending for more than an hour, the oldest since {}: {}",
                count(rows, "row"),
                window::show(oldest, mapping.zone),
                waiting.ids()
            );
            Finding::warning(name, message, advice)
        }
        None if waiting.rows > 0 => Finding::warning(
            name,
            format!(
                "{} pending without a time, so nobody can say for how long: {}",
                count(waiting.rows, "row"),
                waiting.ids()
            ),
            "name a second column in sent_date that is never empty, such as the one of creation",
        ),
        None => Finding::ok(name, "no row has been pending for more than an hour"),
    }
}

/// Whether failed mails should go again and have not; none for an imported log.
pub fn backlog(backlog: Option<Backlog>, mapping: &Mapping) -> Finding {
    let name = "backlog";
    let Some(backlog) = backlog else {
        return Finding::ok(name, "this log was imported, so nothing of it is sent again");
    };
    let also = [
        (backlog.doubt, "may have been delivered"),
        (backlog.deferred, "later, since their time has not come yet"),
        (backlog.too_old, "too old to go unless resend --max-age says so"),
    ];
    let also: Vec<String> =
        also.iter().filter(|(rows, _)| *rows > 0).map(|(rows, what)| format!("{rows} {what}")).collect();
    let also = if also.is_empty() { String::new() } else { format!("; besides: {}", also.join(", ")) };
    if backlog.rows == 0 {
        return Finding::ok(name, format!("no failed mail waits to be sent again{also}"));
    }
    let oldest = backlog
        .oldest_at
        .map_or_else(String::new, |at| format!(", the oldest of {}", window::show(at, mapping.zone)));
    let verb = if backlog.rows == 1 { "waits" } else { "wait" };
    let message = format!("{} {verb} to be sent again{oldest}{also}", count(backlog.rows, "failed mail"));
    Finding::warning(
        name,
        message,
        "mailthrottle resend --dry-run shows which go and which are held, and why",
    )
}

/// Whether a mail that counts as sent has an error text.
pub fn sent_with_error(odd: Odd) -> Finding {
    let name = "sent-with-error";
    if odd.rows == 0 {
        return Finding::ok(name, "no row that counts as sent has an error text");
    }
    let verb = if odd.rows == 1 { "counts as sent but has" } else { "count as sent but have" };
    let message = format!("{} {verb} an error text: {}", count(odd.rows, "row"), odd.ids());
    Finding::warning(
        name,
        message,
        "see whether these mails arrived, and whether the words under sent are right",
    )
}

/// Whether every failed mail has an error text.
pub fn failed_without_text(failed: &FailedTally) -> Finding {
    let name = "failed-without-text";
    if failed.rows == 0 {
        return Finding::ok(name, "no row of the window failed");
    }
    if failed.without_text == 0 {
        return Finding::ok(
            name,
            format!("every failed row has an error text ({})", count(failed.rows, "row")),
        );
    }
    let verb = if failed.without_text == 1 { "has" } else { "have" };
    let message =
        format!("{} of {} {verb} no error text", failed.without_text, count(failed.rows, "failed row"));
    Finding::warning(
        name,
        message,
        "have the application store what the server replied; nothing else tells why a mail failed",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn some_texts_that_no_rule_knows_are_no_harm() {
        assert_eq!(unclassified((0, 0)).state, Severity::Ok);
        assert_eq!(unclassified((54, 2)).message, "no rule knows 2 of 54 error texts (3.7 %)");
        assert_eq!(unclassified((54, 2)).state, Severity::Ok);
        assert_eq!(unclassified((10, 1)).state, Severity::Warning);
    }
}
