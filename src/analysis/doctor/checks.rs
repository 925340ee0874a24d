//! The checks themselves.

use super::tally::{Attempts, Failed, Odd};
use super::{Check, State};
use crate::analysis::report::rate;
use crate::analysis::wording::count;
use crate::mapping::described::{Described, Sample};
use crate::mapping::guess::columns;
use crate::mapping::resolve::Table;
use crate::mapping::time::Form;
use crate::mapping::{Column, Mapping};
use crate::model::{Indexing, Meaning, Millis, Rights, Server};
use crate::window;

const SECOND: Millis = 1000;

/// From here on two clocks differ, and from there on nothing that goes by them is right.
const CLOCK_OFF: Millis = 5 * SECOND;
const CLOCK_WRONG: Millis = 300 * SECOND;

/// With no more rows than this a log needs no index.
pub const SMALL: u32 = 10_000;

/// With more rows than this nobody counts them.
pub const MANY: u32 = 100_000;

/// The share of texts that no rule knows from which it is worth a look.
const UNCLASSIFIED: f64 = 0.1;

/// Words that a finding names.
const MOST_WORDS: usize = 10;

/// How the database is reached.
pub fn connection(server: &Server) -> Check {
    let check = if server.is_remote && server.tls.is_none() {
        Check::warning(
            "connection",
            "the connection is TCP without TLS, so whoever is on the way can read along",
            "add sslmode=verify-full to the URL, or connect through the server's socket where it is on this host",
        )
    } else {
        Check::ok("connection", "the database answers")
    };
    check
        .with("version", server.version.as_str())
        .with("tls", server.tls.as_deref())
        .with("role", server.role.as_deref())
}

/// Whether the tables of the mapping are there; the reason is the database's own.
pub fn table(tables: Result<&[Table], &str>) -> Check {
    match tables {
        Ok(tables) => {
            let names: Vec<_> =
                tables.iter().map(|table| format!("{}.{}", table.schema, table.name)).collect();
            let message = match tables.len() {
                1 => "the table is there".to_owned(),
                more => format!("the {more} tables are there"),
            };
            Check::ok("table", message).with("tables", names)
        }
        Err(reason) => Check::problem(
            "table",
            "the table that the config names is not there",
            "name it by --table or [email_log] table, or have mailthrottle init look for it",
        )
        .with("reason", reason),
    }
}

/// Whether the role may read the log, and no more.
pub fn rights(rights: &Rights) -> Check {
    if !rights.grants.is_empty() {
        return Check::problem(
            "rights",
            "the log cannot be read: the right to SELECT is missing",
            "have it granted by whoever owns the tables",
        )
        .with("statements", rights.grants.clone());
    }
    if rights.may_write {
        return Check::warning(
            "rights",
            "the role may write to the log, and reading commands need no more than SELECT",
            "unless it also sends again: take that right away, or use a role that may only read",
        )
        .with("statements", rights.revokes.clone());
    }
    Check::ok("rights", "the log can be read")
}

/// Whether the mapping's columns are there, and what the others would be good for.
pub fn columns(mapping: Result<&Mapping, &str>, log: &Table) -> Check {
    let mapping = match mapping {
        Ok(mapping) => mapping,
        Err(reason) => {
            return Check::problem(
                "columns",
                "the mapping does not fit the table's columns",
                "correct [email_log] in the config, or have mailthrottle init propose it anew",
            )
            .with("reason", reason);
        }
    };
    let alike = alike(mapping, log);
    if !alike.is_empty() {
        let names: Vec<_> =
            alike.iter().map(|(column, name)| format!("'{name}' ({})", column.name())).collect();
        let keys: Vec<_> =
            alike.iter().map(|(column, name)| format!("{} = \"{name}\"", column.name())).collect();
        return Check::warning(
            "columns",
            format!("the table has columns that look like ones that are not mapped: {}", names.join(", ")),
            format!("if they are, set [email_log] columns = {{ {} }}", keys.join(", ")),
        );
    }
    if !mapping.has(Column::ErrorMessage) {
        return Check::warning(
            "columns",
            "no column is mapped to error_message, so no failure can be classified",
            "name the column, or with error_join the table, that keeps the server's replies",
        );
    }
    let there: Vec<_> = Column::all().filter(|column| mapping.has(*column)).map(Column::name).collect();
    Check::ok("columns", format!("mapped are {}{}", there.join(", "), lacking(mapping)))
}

/// Columns that are not mapped, with the column of the table whose name says that it is one.
fn alike(mapping: &Mapping, log: &Table) -> Vec<(Column, String)> {
    let mapped: Vec<&str> = Column::all().flat_map(|column| mapping.names(column)).collect();
    let free = log.columns.iter().filter(|field| !mapped.contains(&field.name.as_str())).cloned();
    let described = Described {
        table: Table { columns: free.collect(), ..log.clone() },
        is_visible: true,
        keys: Vec::new(),
        estimate: None,
    };
    let wanted = [Column::ErrorMessage, Column::Sender, Column::Recipient, Column::Subject];
    columns::find(&described, &Sample::default())
        .into_iter()
        .filter(|found| wanted.contains(&found.column) && !mapping.has(found.column))
        .map(|found| (found.column, found.names[0].clone()))
        .collect()
}

/// What cannot be done without the columns that are not there.
fn lacking(mapping: &Mapping) -> String {
    let has_body = [Column::BodyText, Column::BodyHtml].iter().any(|column| mapping.has(*column))
        && mapping.has(Column::Recipient);
    let lacks = [
        (!mapping.has(Column::Sender), "without sender there are no figures for each mailbox"),
        (
            !has_body && !mapping.has(Column::Raw),
            "without recipient and body, or raw, resend cannot build messages",
        ),
    ];
    lacks.iter().filter(|(lacks, _)| *lacks).map(|(_, what)| format!("; {what}")).collect()
}

/// Whether the mapping says what each status word means.
pub fn status_words(attempts: &Attempts, mapping: &Mapping) -> Check {
    let name = "status-words";
    if attempts.rows == 0 {
        return Check::ok(name, "no row lies in the window, so there is no word to look at");
    }
    let unmapped: Vec<_> = attempts
        .statuses()
        .into_iter()
        .filter(|(word, _)| mapping.words.meaning(*word) == Meaning::Other)
        .collect();
    let rows: u64 = unmapped.iter().map(|(_, rows)| rows).sum();
    if rows == 0 {
        return Check::ok(name, format!("the status of all {} is mapped", count(attempts.rows, "row")));
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
        Check::problem(name, message, advice)
    } else {
        Check::warning(name, message, advice)
    }
}

/// Whether the times can be read, and lie where times lie.
pub fn times(attempts: &Attempts, mapping: &Mapping, extent: Option<(Millis, Millis)>) -> Check {
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
        Check::warning(
            "times",
            message,
            "give --since all, or see whether the application still writes to it",
        )
    } else if attempts.unreadable > 0 {
        let state = if attempts.unreadable * 2 >= attempts.rows { State::Problem } else { State::Warning };
        let message = format!(
            "{} of {} without a readable time, so no window leaves them out",
            attempts.unreadable,
            count(attempts.rows, "row")
        );
        let advice = "name a second column in sent_date that is never empty, such as the one of creation";
        Check { state, ..Check::warning("times", message, advice) }
    } else if attempts.future > 0 {
        let message = format!(
            "{} of {} lie in the future, read in {}",
            attempts.future,
            count(attempts.rows, "row"),
            mapping.zone
        );
        let advice = "set time_zone in [email_log] to the zone the application writes its times in";
        Check::warning("times", message, advice)
    } else {
        let read = count(attempts.rows, "row");
        Check::ok("times", format!("the times of all {read} can be read; {}", zones(mapping)))
    };
    check.with("form", mapping.form.to_string())
}

fn zones(mapping: &Mapping) -> String {
    match mapping.form {
        Form::Text | Form::TextWithT | Form::WallClock | Form::Day => {
            format!("they name no zone and are taken as {}", mapping.zone)
        }
        Form::TextOfManyForms => format!("those that name no zone are taken as {}", mapping.zone),
        Form::Seconds | Form::Millis | Form::Instant => "they are the same in every zone".to_owned(),
    }
}

/// Whether the rules know what the errors mean: how many texts were read, and how many of them no rule knows.
pub fn unclassified((read, unknown): (u64, u64)) -> Check {
    let name = "unclassified";
    if read == 0 {
        return Check::ok(name, "there is no error text to read");
    }
    if unknown == 0 {
        return Check::ok(name, format!("all error texts are classified ({read} read)"));
    }
    let share = rate(unknown, read);
    let message =
        format!("no rule knows {unknown} of {} ({:.1} %)", count(read, "error text"), share * 100.0);
    if share < UNCLASSIFIED {
        return Check::ok(name, message);
    }
    Check::warning(name, message, "mailthrottle explain --test-rules shows them and suggests rules")
}

/// Whether the database's clock is this host's.
pub fn clock(server: &Server) -> Check {
    let ahead = server.clock_ahead.unwrap_or(0);
    let advice = "have both set their clocks by NTP: ages and windows are reckoned from this host's clock, and the \
                  application may write the database's";
    let check = match ahead.abs() {
        CLOCK_WRONG.. => {
            Check::problem("clock", "the clocks of database and host differ by more than 5 minutes", advice)
        }
        CLOCK_OFF.. => {
            Check::warning("clock", "the clocks of database and host differ by more than 5 s", advice)
        }
        _ => Check::ok("clock", "the clocks of database and host agree"),
    };
    check.with("database_ahead_ms", server.clock_ahead)
}

/// Whether an index finds a day without a look at every row. Of the log so many rows were counted.
pub fn index(indexing: &Indexing, rows: u64, last_day: u64) -> Check {
    let is_small = rows <= u64::from(SMALL);
    let check = if indexing.serves {
        Check::ok("index", "an index finds a window without a look at every row")
    } else if is_small {
        Check::ok("index", format!("with {} the log needs no index", count(rows, "row")))
    } else {
        let all = if rows > u64::from(MANY) { format!("more than {MANY}") } else { rows.to_string() };
        let message = format!(
            "no index serves status and time: a question about the last day reads {all} rows, with an index its {last_day}"
        );
        let advice = match indexing.create {
            Some(_) => "have the index made, at a quiet hour",
            None => {
                "map sent_date to one column of the log, of a type for times, that can have an index with the status"
            }
        };
        Check::warning("index", message, advice)
    };
    check.with("plan", indexing.plan.clone()).with("create", indexing.create.as_deref().filter(|_| !is_small))
}

/// Whether mails wait for longer than an hour.
pub fn pending(waiting: Odd, mapping: &Mapping) -> Check {
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
            Check::warning(name, message, advice)
        }
        None if waiting.rows > 0 => Check::warning(
            name,
            format!(
                "{} pending without a time, so nobody can say for how long: {}",
                count(waiting.rows, "row"),
                waiting.ids()
            ),
            "name a second column in sent_date that is never empty, such as the one of creation",
        ),
        None => Check::ok(name, "no row has been pending for more than an hour"),
    }
}

/// Whether a mail that counts as sent has an error text.
pub fn sent_with_error(odd: Odd) -> Check {
    let name = "sent-with-error";
    if odd.rows == 0 {
        return Check::ok(name, "no row that counts as sent has an error text");
    }
    let verb = if odd.rows == 1 { "counts as sent but has" } else { "count as sent but have" };
    let message = format!("{} {verb} an error text: {}", count(odd.rows, "row"), odd.ids());
    Check::warning(
        name,
        message,
        "see whether these mails arrived, and whether the words under sent are right",
    )
}

/// Whether every failed mail has an error text.
pub fn failed_without_text(failed: &Failed) -> Check {
    let name = "failed-without-text";
    if failed.rows == 0 {
        return Check::ok(name, "no row of the window failed");
    }
    if failed.without_text == 0 {
        return Check::ok(
            name,
            format!("every failed row has an error text ({})", count(failed.rows, "row")),
        );
    }
    let verb = if failed.without_text == 1 { "has" } else { "have" };
    let message =
        format!("{} of {} {verb} no error text", failed.without_text, count(failed.rows, "failed row"));
    Check::warning(
        name,
        message,
        "have the application store what the server replied; nothing else tells why a mail failed",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn server(is_remote: bool, tls: Option<&str>, clock_ahead: Option<Millis>) -> Server {
        let tls = tls.map(str::to_owned);
        Server { version: "X 1".into(), is_remote, tls, role: None, clock_ahead, zone: None }
    }

    #[test]
    fn a_connection_over_a_network_wants_tls() {
        let state = |is_remote, tls| connection(&server(is_remote, tls, None)).state;
        assert_eq!(state(false, None), State::Ok);
        assert_eq!(state(true, Some("TLSv1.3")), State::Ok);
        assert_eq!(state(true, None), State::Warning);
    }

    #[test]
    fn clocks_may_differ_by_some_seconds() {
        let state = |ahead| clock(&server(true, None, ahead)).state;
        let cases = [
            (None, State::Ok),
            (Some(4_999), State::Ok),
            (Some(-5_000), State::Warning),
            (Some(299_999), State::Warning),
            (Some(-300_000), State::Problem),
        ];
        for (ahead, expected) in cases {
            assert_eq!(state(ahead), expected, "{ahead:?}");
        }
    }

    #[test]
    fn only_a_large_log_needs_an_index() {
        let none = Indexing::default();
        assert_eq!(index(&none, 10_000, 7).state, State::Ok);
        assert_eq!(
            index(&none, 10_001, 7).message,
            "no index serves status and time: a question about the last day reads 10001 rows, with an index its 7"
        );
        assert!(index(&none, 100_001, 7).message.contains("reads more than 100000 rows"));
        assert_eq!(index(&Indexing { serves: true, ..none }, 100_001, 7).state, State::Ok);
    }

    #[test]
    fn some_texts_that_no_rule_knows_are_no_harm() {
        assert_eq!(unclassified((0, 0)).state, State::Ok);
        assert_eq!(unclassified((54, 2)).message, "no rule knows 2 of 54 error texts (3.7 %)");
        assert_eq!(unclassified((54, 2)).state, State::Ok);
        assert_eq!(unclassified((10, 1)).state, State::Warning);
    }
}
