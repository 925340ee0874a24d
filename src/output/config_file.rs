//! A proposal as the text of a config file: every key with its reason, what else could stand there commented out.
//!
//! Values from the database are in quotes, with all that is no plain letter escaped, in comments too: a line break in
//! a status word must not become a line of the config.

use chrono_tz::Tz;

use super::escape;
use crate::mapping::guess::{GuessedWord, Proposal};
use crate::mapping::{Column, preset};
use crate::model::{Meaning, Millis};
use crate::zone;

/// Where comments behind a key begin, if the key is not longer.
const COMMENT: usize = 33;

/// What the file is to say of the database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DatabaseKeys {
    /// The URL, without any password.
    pub url: String,
    /// Further keys, kept from the config that was there.
    pub kept: Vec<(&'static str, String)>,
    /// The zone its server lives in.
    pub zone: Option<String>,
}

/// All that the file is made of.
#[derive(Debug, Clone, Copy)]
pub struct ConfigFile<'p> {
    /// The moment it is written.
    pub now: Millis,
    /// What a report calls the database.
    pub database: &'p str,
    /// The section `[database]`.
    pub keys: &'p DatabaseKeys,
    /// The section `[email_log]`.
    pub proposal: &'p Proposal,
    /// The rows whose status words were counted.
    pub rows: RowCount,
    /// Whether some of the log's times name no zone.
    pub has_naive_times: bool,
    /// The zone that was asked for.
    pub time_zone: Option<Tz>,
}

/// How many rows were counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RowCount {
    /// So many.
    pub counted: u64,
    /// Whether these are all.
    pub are_all: bool,
}

impl RowCount {
    /// `all 673 rows`, or the newest of more.
    pub fn in_words(self) -> String {
        let which = if self.are_all { "all" } else { "the newest" };
        format!("{which} {} rows", self.counted)
    }
}

/// Writes the file.
pub fn text(file: &ConfigFile<'_>) -> String {
    let mut lines = vec![
        format!("# Proposed by mailthrottle init on {} for what it", day(file.now)),
        format!("# found in {}.", escape::line(file.database)),
        "# Look it over and change what is wrong, then run: mailthrottle doctor".to_owned(),
        String::new(),
    ];
    lines.extend(database(file.keys));
    lines.push(String::new());
    lines.extend(email_log(file));
    lines.join("\n") + "\n"
}

fn day(at: Millis) -> String {
    zone::utc(at).format("%Y-%m-%d").to_string()
}

fn database(keys: &DatabaseKeys) -> Vec<String> {
    let mut lines = vec![
        "[database]".to_owned(),
        key("url", &quoted(&keys.url), "or --db, MAILTHROTTLE_DB, DATABASE_URL"),
    ];
    if keys.url.contains("://") {
        let known = if keys.url.starts_with("postgres") { " in PGPASSWORD and ~/.pgpass, or" } else { "" };
        lines.push(format!("# The password does not stand here. It is looked for{known} in one of:"));
    }
    let alternatives = [
        ("password_file", "/etc/mailthrottle/db.password", "its first line"),
        ("password_command", "pass show erp/mail", "the first line it prints"),
        ("password_env", "ERP_PASSWORD", "a variable of the environment"),
        ("statement_timeout", "60s", "how long a statement may take"),
    ];
    for (name, example, why) in alternatives {
        let kept = keys.kept.iter().find(|(kept, _)| *kept == name);
        match kept {
            Some((_, value)) => lines.push(key(name, &quoted(value), why)),
            None if name.starts_with("password") && !keys.url.contains("://") => {}
            None => lines.push(possible(name, &quoted(example), why)),
        }
    }
    lines
}

fn email_log(file: &ConfigFile<'_>) -> Vec<String> {
    let proposal = file.proposal;
    let names: Vec<_> = preset::all().iter().map(|preset| preset.name.as_str()).collect();
    let mut lines = vec!["[email_log]".to_owned()];
    let note = proposal.preset.and_then(preset::by_name).and_then(|preset| preset.note.as_deref());
    lines.extend(note.map(|note| format!("# {note}")));
    match proposal.preset {
        Some(name) => {
            lines.push(key("preset", &quoted(name), "its table, columns and words; keys below go before it"));
        }
        None => lines.push(possible(
            "preset",
            &quoted(names.first().unwrap_or(&"generic")),
            &format!("a table known by name: {}", names.join(", ")),
        )),
    }
    lines.push(key("table", &quoted(&proposal.table), "with its schema where it needs one: schema.table"));
    lines.push(time_zone(file));
    lines.extend(words(file));
    lines.push(possible(
        "error_join",
        "{ table = \"mail_error\", on = \"mail_id\", column = \"message\", newest_by = \"created\" }",
        "",
    ));
    lines.push("#   where the error texts stand in a table of their own".to_owned());
    lines.push(String::new());
    lines.extend(columns(proposal));
    lines
}

fn time_zone(file: &ConfigFile<'_>) -> String {
    let why = match file.has_naive_times {
        true => "of times that name none, and of reports; UTC without it",
        false => "of reports; the log's own times name theirs",
    };
    match (file.time_zone, &file.keys.zone) {
        (Some(zone), _) => key("time_zone", &quoted(zone.name()), why),
        (None, Some(zone)) if zone.parse::<Tz>().is_ok() => {
            possible("time_zone", &quoted(zone), &format!("{why}; this is the server's"))
        }
        (None, _) => possible("time_zone", &quoted("Europe/Berlin"), why),
    }
}

fn words(file: &ConfigFile<'_>) -> Vec<String> {
    let proposal = file.proposal;
    if proposal.failed_when_not_empty {
        return vec![key(
            "failed_when",
            &quoted("not empty"),
            "a row failed when its error text is not empty",
        )];
    }
    // what a preset says need not be said again
    let write = if proposal.preset.is_some() { possible } else { key };
    let mut lines = vec![format!("# What the status words mean, in {}:", file.rows.in_words())];
    for (name, meaning) in
        [("sent", Meaning::Sent), ("failed", Meaning::Failed), ("pending", Meaning::Pending)]
    {
        let words: Vec<_> = proposal.words_of(meaning).iter().map(|word| quoted(word)).collect();
        lines.push(write(name, &format!("[{}]", words.join(", ")), &shares(proposal, meaning)));
    }
    let unknown: Vec<_> = proposal.words.iter().filter(|word| word.meaning.is_none()).collect();
    if !unknown.is_empty() {
        lines.push("# Not understood, and counted as neither; add each to one of the three:".to_owned());
        lines.extend(unknown.into_iter().map(|word| {
            let shown = word.counted.word.as_deref().map_or_else(|| "NULL".to_owned(), quoted);
            format!("#   {shown}: {}, {}", rows(word), word.reason)
        }));
    }
    lines.push(possible(
        "failed_when",
        &quoted("not empty"),
        "a row failed when its error text is not empty",
    ));
    lines
}

/// How many rows each word of a meaning has, and why it is taken for it.
fn shares(proposal: &Proposal, meaning: Meaning) -> String {
    let words = proposal.words.iter().filter(|word| word.meaning == Some(meaning));
    let words: Vec<_> = words.map(|word| format!("{}, {}", rows(word), word.reason)).collect();
    match (words.as_slice(), meaning) {
        ([], Meaning::Failed) => "no row failed so far: a guess, to be made sure of".to_owned(),
        ([], _) => "no row so far".to_owned(),
        (words, _) => words.join("; "),
    }
}

fn rows(word: &GuessedWord) -> String {
    let s = if word.counted.rows == 1 { "" } else { "s" };
    format!("{} row{s} ({:.1} %)", word.counted.rows, word.share * 100.0)
}

fn columns(proposal: &Proposal) -> Vec<String> {
    let knows = proposal.preset.is_some();
    let write = if knows { possible } else { key };
    let line = |column: Column| match proposal.columns.iter().find(|found| found.column == column) {
        Some(found) => write(column.name(), &names(&found.names), &escape::line(&found.reason)),
        None => possible(column.name(), "\"...\"", purpose(column)),
    };
    let mut lines = match knows {
        true => {
            vec!["# The preset says which column is which; name here where yours is another one.".to_owned()]
        }
        false => vec!["# Which of the table's columns is which.".to_owned()],
    };
    lines.push("[email_log.columns]".to_owned());
    for column in Column::all() {
        lines.push(line(column));
        lines.extend(one_time(proposal).filter(|_| column == Column::SentDate));
    }
    if !proposal.others.is_empty() {
        let others: Vec<_> = proposal.others.iter().map(|name| quoted(name)).collect();
        lines.push(format!("# Further columns of the table: {}", others.join(", ")));
    }
    lines
}

/// Of two columns for the time an index serves none, so the one that is always filled may do better.
fn one_time(proposal: &Proposal) -> Option<String> {
    let [_, always] = proposal.names(Column::SentDate) else {
        return None;
    };
    let why = "of a large log: only one column can have an index";
    Some(possible(Column::SentDate.name(), &quoted(always), why))
}

fn names(names: &[String]) -> String {
    let quoted: Vec<_> = names.iter().map(|name| quoted(name)).collect();
    match quoted.as_slice() {
        [one] => one.clone(),
        several => format!("[{}]", several.join(", ")),
    }
}

/// What a column is good for.
fn purpose(column: Column) -> &'static str {
    match column {
        Column::Id => "the row's key",
        Column::Status => "the application's word for sent, failed and pending",
        Column::SentDate => "when it was tried; of several the first that is not empty",
        Column::ErrorMessage => "what the server said; without it no failure can be classified",
        Column::Sender => "the mailbox it went out from: limits are per mailbox",
        Column::Recipient | Column::Subject => "to find a mail, and to send it again",
        Column::Cc | Column::Bcc | Column::ReplyTo => "to send it again as it was",
        Column::BodyText | Column::BodyHtml => "to send it again; one of body_text, body_html and raw",
        Column::Raw => "the whole message, to send it again as it was",
        Column::Attachments => "files, to send them again",
        Column::MessageId => "to send it again under the same",
        Column::QueuedAt => "when it was put in the queue",
        Column::FinishedAt => "when the attempt ended: how many ran at once",
        Column::Attempts => "how often it was tried",
        Column::Job => "the batch it belongs to",
    }
}

fn key(name: &str, value: &str, why: &str) -> String {
    explained(format!("{name} = {value}"), why)
}

/// A key that takes effect once the mark before it is taken away.
fn possible(name: &str, value: &str, why: &str) -> String {
    explained(format!("# {name} = {value}"), why)
}

fn explained(line: String, why: &str) -> String {
    if why.is_empty() { line } else { format!("{line:COMMENT$} # {why}") }
}

/// A text as TOML writes it on one line.
fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            c if c.is_control() || escape::is_obeyed(c) => out.push_str(&format!("\\u{:04X}", u32::from(c))),
            c => out.push(c),
        }
    }
    out + "\""
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_quoted_is_read_back() {
        for text in ["plain", "it's \"odd\"", "back\\slash", "line\nbreak\u{7f}\u{1b}[31m\u{202e}", ""] {
            let table: toml::Table = toml::from_str(&format!("x = {}", quoted(text))).unwrap();
            assert_eq!(table["x"].as_str(), Some(text));
            assert_eq!(quoted(text).lines().count(), 1);
        }
    }
}
