//! Named values, from a row with a head or from a JSON object, become an attempt.
//!
//! Which name is which is said by the user, or known from the exports there are: names count without case, blanks and
//! signs. Where no column says how a mail fared, the text decides as in an application log.

use serde::Deserialize;

use super::failure::{self, Level};
use super::stamp::Clock;
use super::{Line, ParsedAttempt, Status, cut, hash};

/// The user's own names, as `[import.columns]` has them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UserColumns {
    /// The column with the time.
    pub time: Option<String>,
    /// The column that says how the mail fared.
    pub status: Option<String>,
    /// The column with the sender.
    pub sender: Option<String>,
    /// The column with the recipient.
    pub recipient: Option<String>,
    /// The column with the subject.
    pub subject: Option<String>,
    /// The column with the Message-ID.
    pub message_id: Option<String>,
    /// The column with the error text.
    pub error: Option<String>,
    /// The column with the level of the entry.
    pub level: Option<String>,
}

impl UserColumns {
    /// Takes `NAME=COLUMN` from the command line.
    ///
    /// # Errors
    /// Says which names there are.
    pub fn set(&mut self, name: &str, column: &str) -> Result<(), String> {
        let field = match name {
            "time" => &mut self.time,
            "status" => &mut self.status,
            "sender" => &mut self.sender,
            "recipient" => &mut self.recipient,
            "subject" => &mut self.subject,
            "message_id" => &mut self.message_id,
            "error" => &mut self.error,
            "level" => &mut self.level,
            _ => return Err(format!("'{name}' is not one of {}", KNOWN.map(|(field, _)| field).join(", "))),
        };
        *field = Some(column.to_owned());
        Ok(())
    }

    fn of(&self, field: &str) -> Option<&str> {
        let name = match field {
            "time" => &self.time,
            "status" => &self.status,
            "sender" => &self.sender,
            "recipient" => &self.recipient,
            "subject" => &self.subject,
            "message_id" => &self.message_id,
            "error" => &self.error,
            _ => &self.level,
        };
        name.as_deref()
    }
}

/// What each value is called in the exports there are, the surest name first.
const KNOWN: [(&str, &[&str]); 8] = [
    (
        "time",
        &[
            "received",
            "origintimestamputc",
            "datetimeutc",
            "receiveddate",
            "timestamp",
            "time",
            "datetime",
            "date",
            "ts",
            "t",
            "instant",
            "sentdate",
            "sentat",
            "senton",
            "createdat",
            "createdon",
            "timeoflog",
            "datereceived",
            "zeit",
            "datum",
        ],
    ),
    ("status", &["status", "deliverystatus", "recipientstatus", "deliveryresult", "result", "state"]),
    ("sender", &["senderaddress", "sender", "fromaddress", "from", "mailfrom", "returnpath", "absender"]),
    (
        "recipient",
        &["recipientaddress", "recipient", "recipients", "toaddress", "to", "rcptto", "rcpt", "empfanger"],
    ),
    ("subject", &["subject", "messagesubject", "betreff", "objet"]),
    ("message_id", &["messageid", "internetmessageid", "msgid"]),
    (
        "error",
        &[
            "errresponse",
            "errorresponse",
            "errmessage",
            "errormessage",
            "error",
            "err",
            "exceptionmessage",
            "exception",
            "x",
            "errorinfo",
            "reason",
            "response",
            "detail",
            "details",
            "statusdetail",
            "lasterror",
        ],
    ),
    ("level", &["level", "severity", "loglevel", "levelname", "severitytext", "l", "severitylevel"]),
];

/// What an entry says, where that is not the error itself.
const MESSAGES: &[&str] = &["message", "msg", "mt", "m", "text", "body", "event"];

/// Which columns there are; each by its place.
#[derive(Debug, Clone, Default)]
pub struct Columns {
    places: [Option<usize>; 8],
    message: Option<usize>,
}

impl Columns {
    /// Finds the columns among the names of a head.
    pub fn find(names: &[String], users: &UserColumns) -> Self {
        let plain: Vec<String> = names.iter().map(|name| folded(name)).collect();
        let known =
            |known: &[&str]| known.iter().find_map(|name| plain.iter().position(|there| there == name));
        let place = |(field, usual): (&str, &[&str])| match users.of(field) {
            Some(own) => plain.iter().position(|there| *there == folded(own)),
            None => known(usual),
        };
        Self { places: KNOWN.map(place), message: known(MESSAGES) }
    }

    /// Whether they are enough to report mails.
    pub fn suffice(&self) -> bool {
        let [time, status, _, recipient, .., error, _] = self.places;
        time.is_some() && (status.or(recipient).or(error).or(self.message)).is_some()
    }

    /// The attempts that a row reports: none, one, or one for each recipient with a status of its own.
    pub fn rows(&self, values: &[String], clock: &mut Clock, line: Line<'_>) -> Vec<ParsedAttempt> {
        let value = |place: Option<usize>| {
            place
                .and_then(|place| values.get(place))
                .map(|value| value.trim())
                .filter(|value| !value.is_empty())
        };
        let [time, status, sender, recipient, subject, message_id, error, level] = self.places.map(value);
        let message = value(self.message);
        let text = whole_text(message, error);
        let word = status.filter(|status| !status.chars().all(|c| c.is_ascii_digit()) || status.len() == 1);
        let row = ParsedAttempt {
            at: time.and_then(|time| clock.value(time)),
            sender: sender.map(str::to_owned),
            recipient: recipient.map(str::to_owned),
            subject: subject.map(str::to_owned),
            message_id: message_id.map(str::to_owned),
            ..ParsedAttempt::at(line)
        };
        match word {
            Some(list) if list.contains("##") => of_each(list, &row),
            Some(word) => {
                let status = status_of(word);
                let error = if status == Status::Sent { None } else { text };
                vec![ParsedAttempt { status, error, ..row }]
            }
            None => of_text(text, level, row).into_iter().collect(),
        }
    }
}

/// Letters and digits alone, without case.
fn folded(name: &str) -> String {
    let plain = name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase);
    plain.map(|c| if c == 'ä' { 'a' } else { c }).collect()
}

fn whole_text(message: Option<&str>, error: Option<&str>) -> Option<String> {
    let text = match (message, error) {
        (Some(message), Some(error)) if !message.contains(error) => format!("{message}: {error}"),
        (message, error) => message.or(error)?.to_owned(),
    };
    Some(cut(&text, 4096).replace('\0', ""))
}

/// An entry without a status: a failure if its text says so.
fn of_text(text: Option<String>, level: Option<&str>, row: ParsedAttempt) -> Option<ParsedAttempt> {
    let text = text.filter(|text| failure::speaks_of_mail(text.as_bytes()))?;
    failure::is_of_sending(&text, level.map_or(Level::Unsaid, level_of)).then(|| ParsedAttempt {
        status: Status::Failed,
        sender: row.sender.clone().or_else(|| failure::sender(&text)),
        recipient: row.recipient.clone().or_else(|| failure::recipient(&text)),
        error: Some(text),
        ..row
    })
}

/// Words, and the numbers that Node's loggers write.
fn level_of(word: &str) -> Level {
    if let Ok(number) = word.parse::<u32>() {
        return if number >= 40 { Level::Wrong } else { Level::Fine };
    }
    let is_wrong = ["err", "warn", "fatal", "crit", "severe", "fail", "emerg", "alert"];
    let word = word.to_lowercase();
    if is_wrong.iter().any(|wrong| word.starts_with(wrong)) { Level::Wrong } else { Level::Fine }
}

/// `a@example.com##Receive, Deliver;b@example.com##Receive, Fail`.
fn of_each(list: &str, row: &ParsedAttempt) -> Vec<ParsedAttempt> {
    let each = list.split(';').filter_map(|one| one.split_once("##"));
    let one = |(address, words): (&str, &str)| ParsedAttempt {
        recipient: Some(address.trim().to_owned())
            .filter(|address| !address.is_empty())
            .or(row.recipient.clone()),
        status: status_of(words.rsplit(',').next().unwrap_or_default().trim()),
        key: row.key ^ hash(address.as_bytes()),
        ..row.clone()
    };
    each.map(one).collect()
}

/// What a status word means.
fn status_of(word: &str) -> Status {
    match folded(word).as_str() {
        "s" | "sent" | "send" | "delivered" | "deliver" | "success" | "successful" | "succeeded" | "ok"
        | "true" | "accepted" | "zugestellt" => Status::Sent,
        "f" | "failed" | "fail" | "failure" | "error" | "bounced" | "rejected" | "undeliverable"
        | "false" | "exception" => Status::Failed,
        "deferred" | "defer" | "delayed" => Status::Deferred,
        "p" | "pending" | "queued" | "gettingstatus" | "new" | "none" => Status::Pending,
        _ => Status::Other(word.to_owned()),
    }
}
