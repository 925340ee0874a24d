//! Logs of a few mails, each told by what matters about it.

use crate::support::TestLog;

/// The error that may be sent again.
pub const THROTTLED: &str = "432 4.3.2 Concurrent connections limit exceeded.";

/// A row of the log.
#[derive(Clone)]
pub struct Mail {
    pub id: u32,
    pub status: &'static str,
    pub minutes_ago: i64,
    pub sender: &'static str,
    pub recipient: &'static str,
    pub cc: &'static str,
    pub subject: &'static str,
    pub body: &'static str,
    pub raw: &'static str,
    pub attachments: &'static str,
    pub message_id: &'static str,
    pub error: &'static str,
}

/// A mail that was throttled half an hour ago; empty fields are NULL.
pub const MAIL: Mail = Mail {
    id: 1,
    status: "F",
    minutes_ago: 30,
    sender: "reports@contoso.example",
    recipient: "user@example.com",
    cc: "",
    subject: "Daily sales",
    body: "Good morning",
    raw: "",
    attachments: "",
    message_id: "",
    error: THROTTLED,
};

type Field = fn(&Mail) -> &'static str;

/// Makes the table with these rows. Where no row has a Message-ID, a copy, a raw message or an attachment, neither has the table.
pub fn make(log: &TestLog, mails: &[Mail]) {
    let has = |field: Field| mails.iter().any(|mail| !field(mail).is_empty());
    let optional: [(&str, Field); 4] = [
        ("cc", |mail| mail.cc),
        ("raw", |mail| mail.raw),
        ("attachments", |mail| mail.attachments),
        ("message_id", |mail| mail.message_id),
    ];
    let columns: Vec<_> = optional.into_iter().filter(|(_, field)| has(*field)).collect();
    let names: String = columns.iter().map(|(name, _)| format!(", {name} text")).collect();
    log.sql(&format!(
        "CREATE TABLE email_log (id integer PRIMARY KEY, status text, sent_date text, sender text, recipient text, subject text, \
         body text, error_message text{names})"
    ));
    let listed: String = columns.iter().map(|(name, _)| format!(", {name}")).collect();
    for mail in mails {
        let fields = [mail.sender, mail.recipient, mail.subject, mail.body, mail.error];
        let more = columns.iter().map(|(_, field)| field(mail));
        let values: String =
            fields.into_iter().chain(more).map(|value| format!(", {}", quoted(value))).collect();
        log.sql(&format!(
            "INSERT INTO email_log (id, status, sent_date, sender, recipient, subject, body, error_message{listed}) \
             VALUES ({}, '{}', '{}'{values})",
            mail.id,
            mail.status,
            time(mail.minutes_ago)
        ));
    }
}

/// The time so many minutes ago, as the log writes it.
pub fn time(minutes_ago: i64) -> String {
    let at = chrono::Utc::now() - chrono::TimeDelta::minutes(minutes_ago);
    at.format("%Y-%m-%d %H:%M:%S").to_string()
}

fn quoted(value: &str) -> String {
    if value.is_empty() { "NULL".to_owned() } else { format!("'{}'", value.replace('\'', "''")) }
}

/// The status of each row, in the order of their keys.
pub fn statuses(log: &TestLog) -> String {
    let count = |condition: &str| log.value(&format!("SELECT count(*) FROM email_log WHERE {condition}"));
    let last: u32 = log.value("SELECT max(id) FROM email_log").parse().unwrap();
    let there = (1..=last).filter(|id| count(&format!("id = {id}")) == "1");
    there.map(|id| log.value(&format!("SELECT status FROM email_log WHERE id = {id}"))).collect()
}
