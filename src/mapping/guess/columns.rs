//! Which column of a table is which canonical one: by its name, held against what a sample of its values says, and where
//! no name fits by the values alone.

use std::collections::{BTreeSet, HashSet};

use super::known::{BY_ITS_END, known};
use crate::mapping::Column;
use crate::mapping::described::{Described, Sample};
use crate::mapping::resolve::ColumnKind;
use crate::mapping::time::Reader;

/// Values that most of a column's have to be alike.
const MOST: f64 = 0.8;

/// More words than this are no states.
const MOST_WORDS: usize = 20;

/// A canonical column, found.
#[derive(Debug, Clone, PartialEq)]
pub struct FoundColumn {
    /// Which.
    pub column: Column,
    /// The table's columns, by their own names.
    pub names: Vec<String>,
    /// Why, in a few words.
    pub reason: String,
}

/// The columns in the order they are looked for: one that is taken is not looked at again.
const ORDER: &[Column] = &[
    Column::Status,
    Column::ErrorMessage,
    Column::Recipient,
    Column::Sender,
    Column::Cc,
    Column::Bcc,
    Column::ReplyTo,
    Column::Subject,
    Column::BodyHtml,
    Column::BodyText,
    Column::Raw,
    Column::Attachments,
    Column::MessageId,
    Column::Attempts,
    Column::Job,
];

/// Finds what can be found.
pub fn find(described: &Described, sample: &Sample) -> Vec<FoundColumn> {
    let mut search = Search { described, sample, taken: HashSet::new(), found: Vec::new() };
    search.id();
    search.times();
    for column in ORDER {
        search.by_name(*column);
    }
    search.by_values(Column::Status, "its values are words such as sent and failed", is_state_word);
    search.by_values(Column::ErrorMessage, "its values are replies of a server", is_reply);
    search.by_values(Column::Recipient, "its values are addresses", is_address);
    search.by_values(Column::Sender, "its values are addresses", is_address);
    search.html();
    search.found.sort_by_key(|found| found.column);
    search.found
}

struct Search<'t> {
    described: &'t Described,
    sample: &'t Sample,
    taken: HashSet<usize>,
    found: Vec<FoundColumn>,
}

impl Search<'_> {
    fn id(&mut self) {
        let key = self.described.keys.first().map(|key| (key.clone(), "a key by itself"));
        let by_name = self.ranked(Column::Id).into_iter().find(|place| self.is_unique(*place));
        let by_name = by_name.map(|place| (self.name(place), "by its name"));
        // SQLite may give a row another number of its own, so a column is better
        let is_number_of_row = key.as_ref().is_some_and(|(name, _)| name == "rowid");
        let found = if is_number_of_row { by_name.or(key) } else { key.or(by_name) };
        if let Some((name, reason)) = found {
            self.take(Column::Id, vec![name], reason.to_owned());
        }
    }

    fn is_unique(&self, place: usize) -> bool {
        let mut seen = HashSet::new();
        let values = self.sample.values(place).filter(|value| seen.insert(*value)).count();
        values == self.sample.rows.len()
    }

    /// The time of sending, and where that may be missing the time of making after it.
    fn times(&mut self) {
        let best = |column| self.ranked(column).into_iter().find(|place| self.can_be_time(*place));
        let (sent, made, end) = (best(Column::SentDate), best(Column::QueuedAt), best(Column::FinishedAt));
        let only = |search: &Self| search.places().find(|place| search.holds_times(*place));
        let first = sent.or(made).or_else(|| only(self));
        let Some(first) = first else {
            return;
        };
        let (names, reason) = match made.filter(|made| *made != first && self.is_of_one_kind(first, *made)) {
            Some(made) if self.has_gaps(first) => {
                let reason = format!("where '{}' is empty, '{}'", self.name(first), self.name(made));
                (vec![self.name(first), self.name(made)], reason)
            }
            _ => (vec![self.name(first)], self.reason_of_time(first, sent == Some(first))),
        };
        self.take(Column::SentDate, names, reason);
        for (column, place) in [(Column::QueuedAt, made), (Column::FinishedAt, end)] {
            if let Some(place) = place.filter(|place| *place != first) {
                self.take(column, vec![self.name(place)], "by its name".to_owned());
            }
        }
    }

    fn reason_of_time(&self, place: usize, is_sent: bool) -> String {
        match (is_sent, self.sample.values(place).next().is_some()) {
            (true, true) => "by its name, and its values are times".to_owned(),
            (true, false) => "by its name".to_owned(),
            (false, _) => "the time there is; none of sending was found".to_owned(),
        }
    }

    /// Whether a time may be missing: it is in some row, or there are no rows.
    fn has_gaps(&self, place: usize) -> bool {
        self.sample.values(place).count() < self.sample.rows.len() || self.sample.rows.is_empty()
    }

    fn is_of_one_kind(&self, a: usize, b: usize) -> bool {
        let (a, b) = (self.described.kind(a), self.described.kind(b));
        a == b || (a.is_time() && b.is_time())
    }

    fn can_be_time(&self, place: usize) -> bool {
        let kind = self.described.kind(place);
        let readable = self.sample.share(place, is_time);
        kind.is_time() || (kind.can_be_time() && readable.is_none_or(|share| share >= MOST))
    }

    /// Whether the values alone say that they are times; numbers may be anything.
    fn holds_times(&self, place: usize) -> bool {
        let readable = self.sample.share(place, |value| value.contains('-') && is_time(value));
        self.described.kind(place).is_time() || readable.is_some_and(|share| share >= MOST)
    }

    fn by_name(&mut self, column: Column) {
        let place = self.ranked(column).into_iter().find(|place| self.is_plausible(column, *place));
        if let Some(place) = place {
            self.take(column, vec![self.name(place)], "by its name".to_owned());
        }
    }

    /// The untaken column of whose values something holds; of several the one with the most different ones.
    fn by_values(&mut self, column: Column, reason: &str, holds: fn(&str) -> bool) {
        if self.has(column) {
            return;
        }
        let fits = |place: &usize| {
            !self.taken.contains(place) && self.sample.share(*place, holds).is_some_and(|share| share >= MOST)
        };
        let variety = |place: &usize| self.sample.values(*place).collect::<BTreeSet<_>>().len();
        let place = self.places().filter(fits).max_by_key(|place| (variety(place), usize::MAX - place));
        if let Some(place) = place {
            self.take(column, vec![self.name(place)], reason.to_owned());
        }
    }

    /// A body that is HTML in most rows is one, whatever its name.
    fn html(&mut self) {
        let is_html = |found: &FoundColumn| {
            let place = self.described.place(&found.names[0]);
            let share =
                place.and_then(|place| self.sample.share(place, |value| value.trim_start().starts_with('<')));
            found.column == Column::BodyText && share.is_some_and(|share| share >= MOST)
        };
        if !self.has(Column::BodyHtml)
            && let Some(place) = self.found.iter().position(is_html)
        {
            self.found[place].column = Column::BodyHtml;
            self.found[place].reason = "by its name, and its values are HTML".to_owned();
        }
    }

    /// Whether what a column holds speaks against its name.
    fn is_plausible(&self, column: Column, place: usize) -> bool {
        let share = |holds: fn(&str) -> bool| self.sample.share(place, holds);
        let most = |holds| share(holds).is_none_or(|share| share >= MOST);
        let few = |holds| share(holds).is_none_or(|share| share < 1.0 - MOST);
        let is_number = |value: &str| value.trim().parse::<f64>().is_ok();
        match column {
            Column::Status => self.is_state(place),
            Column::Recipient | Column::Sender | Column::Cc | Column::Bcc | Column::ReplyTo => {
                self.is_words(place) && few(is_number) && share(is_address).is_none_or(|share| share >= 0.5)
            }
            Column::MessageId => self.is_words(place) && most(|value| value.contains('@')),
            Column::ErrorMessage | Column::Subject => {
                self.is_words(place) && few(is_number) && few(is_time) && few(is_address)
            }
            Column::BodyText | Column::BodyHtml => self.is_words(place) && few(is_number) && few(is_time),
            Column::Raw => share(|value| value.contains(": ")).is_none_or(|share| share >= MOST),
            Column::Attempts => most(is_number) && self.described.kind(place) != &ColumnKind::Truth,
            _ => !self.described.kind(place).is_time(),
        }
    }

    /// A few short words, or truth values, or small numbers.
    fn is_state(&self, place: usize) -> bool {
        let mut words = HashSet::new();
        let is_short = self.sample.values(place).all(|value| {
            words.insert(value);
            value.len() <= 40 && !is_time(value) && !is_address(value)
        });
        !self.described.kind(place).is_time() && is_short && words.len() <= MOST_WORDS
    }

    fn is_words(&self, place: usize) -> bool {
        let kind = self.described.kind(place);
        !kind.is_time() && !matches!(kind, ColumnKind::Integer | ColumnKind::Decimal | ColumnKind::Truth)
    }

    /// The untaken columns of a known name, the likeliest first. A state and a key by the end of a name may be another
    /// thing's.
    fn ranked(&self, column: Column) -> Vec<usize> {
        let strict = matches!(column, Column::Id | Column::Job | Column::Raw);
        let mut ranked: Vec<_> = self
            .places()
            .filter(|place| !self.taken.contains(place))
            .filter_map(|place| Some((known().rank(&self.name(place), column)?, place)))
            .filter(|(rank, _)| !strict || *rank < BY_ITS_END)
            .collect();
        ranked.sort();
        ranked.into_iter().map(|(_, place)| place).collect()
    }

    fn places(&self) -> std::ops::Range<usize> {
        0..self.described.table.columns.len()
    }

    fn name(&self, place: usize) -> String {
        self.described.table.columns[place].name.clone()
    }

    fn has(&self, column: Column) -> bool {
        self.found.iter().any(|found| found.column == column)
    }

    fn take(&mut self, column: Column, names: Vec<String>, reason: String) {
        self.taken.extend(names.iter().filter_map(|name| self.described.place(name)));
        self.found.push(FoundColumn { column, names, reason });
    }
}

/// Whether a value is a known status word, and not just a letter or two.
fn is_state_word(value: &str) -> bool {
    value.len() >= 4 && known().words.meaning(value).is_some()
}

fn is_address(value: &str) -> bool {
    value.split_once('@').is_some_and(|(user, host)| !user.is_empty() && host.contains('.'))
}

fn is_time(value: &str) -> bool {
    Reader::new(chrono_tz::UTC).read(value.as_bytes()).is_some()
}

/// Whether a text looks like a server's refusal: a reply code at its start, or an enhanced one anywhere.
fn is_reply(value: &str) -> bool {
    let is_code = |word: &str| {
        let digits: Vec<&str> = word.trim_matches(|c: char| !c.is_ascii_digit()).split('.').collect();
        let is_number = |part: &&str| {
            !part.is_empty() && part.len() <= 3 && part.bytes().all(|byte| byte.is_ascii_digit())
        };
        matches!(digits.as_slice(), ["4" | "5", rest @ ..] if rest.len() == 2 && rest.iter().all(is_number))
    };
    let begins = value
        .get(..3)
        .is_some_and(|code| code.starts_with(['4', '5']) && code.bytes().all(|byte| byte.is_ascii_digit()))
        && value.get(3..4).is_some_and(|next| matches!(next, " " | "-"));
    begins || value.split_whitespace().any(is_code)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mapping::resolve::{Field, TableDescription};

    /// Columns of one kind and rows of them; an empty value is NULL.
    fn found(columns: &[&str], rows: &[&[&str]]) -> Vec<String> {
        let field = |name: &&str| Field { name: (*name).into(), kind: ColumnKind::Any };
        let table = TableDescription {
            schema: "main".into(),
            name: "t".into(),
            columns: columns.iter().map(field).collect(),
        };
        let described =
            Described { table, is_visible: true, keys: vec![columns[0].to_owned()], estimate: None };
        let value = |value: &&str| (!value.is_empty()).then(|| (*value).to_owned());
        let rows = rows.iter().map(|row| row.iter().map(value).collect()).collect();
        let found = find(&described, &Sample { rows, is_whole: true });
        found.iter().map(|found| format!("{}={}", found.column.name(), found.names.join("+"))).collect()
    }

    #[test]
    fn columns_are_found_by_their_names() {
        assert_eq!(
            found(
                &["mail_id", "mail_to", "mail_from", "mail_subj", "mail_send_error", "mail_message_created"],
                &[]
            ),
            [
                "id=mail_id",
                "sent_date=mail_message_created",
                "error_message=mail_send_error",
                "sender=mail_from",
                "recipient=mail_to",
                "subject=mail_subj"
            ]
        );
        assert_eq!(
            found(&["Id", "ToAddress", "Betreff", "SentDate", "MailStatus", "RetryCount"], &[]),
            [
                "id=Id",
                "status=MailStatus",
                "sent_date=SentDate",
                "recipient=ToAddress",
                "subject=Betreff",
                "attempts=RetryCount"
            ]
        );
    }

    #[test]
    fn what_a_column_holds_goes_before_its_name() {
        let rows: &[&[&str]] = &[
            &["1", "17", "a@x.example", "432 4.3.2 busy", "2026-11-20 08:00:00", "<p>hello</p>", "failed"],
            &["2", "18", "b@x.example", "432 4.3.2 busy", "2026-11-20 08:00:01", "<p>hello</p>", "sent"],
        ];
        assert_eq!(
            found(&["n", "recipient", "c3", "c4", "c5", "message", "sender"], rows),
            [
                "id=n",
                "status=sender",
                "sent_date=c5",
                "error_message=c4",
                "recipient=c3",
                "body_html=message"
            ]
        );
    }

    #[test]
    fn a_failed_row_has_often_no_time_of_sending() {
        let rows: &[&[&str]] =
            &[&["1", "2026-11-20 08:00:00", "2026-11-20 07:59:59"], &["2", "", "2026-11-20 07:59:59"]];
        assert_eq!(
            found(&["id", "sent_at", "created_at"], rows),
            ["id=id", "sent_date=sent_at+created_at", "queued_at=created_at"]
        );
        assert_eq!(
            found(&["id", "sent_at", "created_at"], &rows[..1]),
            ["id=id", "sent_date=sent_at", "queued_at=created_at"]
        );
    }

    #[test]
    fn a_reply_is_known_by_its_codes() {
        for (text, expected) in [
            ("432 4.3.2 Concurrent connections limit exceeded", true),
            ("4.3.2 Concurrent connections limit exceeded", true),
            ("SmtpCommandException: (5.7.30): no", true),
            ("550-no such user", true),
            ("connected to 10.4.3.2 in 4.3 s", false),
            ("432", false),
            ("", false),
        ] {
            assert_eq!(is_reply(text), expected, "{text}");
        }
    }
}
