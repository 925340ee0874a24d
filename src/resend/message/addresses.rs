//! The people of a message: what its address fields hold, as mailboxes. What is no address refuses the message.

use lettre::Address;
use lettre::message::Mailbox;

use crate::address;

use super::{Envelope, Stored, Unbuildable};

/// Everyone a message is from and for.
pub struct People {
    pub sender: Mailbox,
    pub to: Vec<Mailbox>,
    pub cc: Vec<Mailbox>,
    pub bcc: Vec<Mailbox>,
    pub reply_to: Vec<Mailbox>,
}

impl People {
    /// Reads all address fields of the log.
    pub fn of(stored: &Stored) -> Result<People, Unbuildable> {
        let mut senders = list("sender", &stored.sender)?;
        let (Some(sender), true) = (senders.pop(), senders.is_empty()) else {
            return Err(Unbuildable::NotOneSender(stored.sender.clone()));
        };
        check_names([("sender", std::slice::from_ref(&sender))])?;
        let people = People {
            sender,
            to: list("recipient", &stored.to)?,
            cc: list("cc", &stored.cc)?,
            bcc: list("bcc", &stored.bcc)?,
            reply_to: list("reply_to", &stored.reply_to)?,
        };
        check_names([
            ("recipient", &people.to[..]),
            ("cc", &people.cc),
            ("bcc", &people.bcc),
            ("reply_to", &people.reply_to),
        ])?;
        if people.recipients().next().is_none() { Err(Unbuildable::NoRecipient) } else { Ok(people) }
    }

    fn recipients(&self) -> impl Iterator<Item = &Mailbox> {
        self.to.iter().chain(&self.cc).chain(&self.bcc)
    }

    /// The envelope, each address in it once.
    pub fn envelope(&self, has_8bit: bool) -> Envelope {
        let mut recipients: Vec<String> = Vec::new();
        for address in self.recipients().map(|person| person.email.to_string()) {
            if !recipients.iter().any(|known| is_same(known, &address)) {
                recipients.push(address);
            }
        }
        let sender = self.sender.email.to_string();
        // an address in a header needs it as well (RFC 6532)
        let answers = self.reply_to.iter().map(|person| person.email.to_string());
        let mut all = recipients.iter().cloned().chain(answers).chain([sender.clone()]);
        let needs_smtputf8 = all.any(|address| !address.is_ascii());
        Envelope { sender, recipients, needs_smtputf8, has_8bit }
    }
}

/// Whether two addresses are one: the case of a domain does not matter.
fn is_same(one: &str, other: &str) -> bool {
    match (one.rsplit_once('@'), other.rsplit_once('@')) {
        (Some((own, domain)), Some((others, of_other))) => {
            own == others && domain.eq_ignore_ascii_case(of_other)
        }
        _ => one == other,
    }
}

/// A list in JSON may write a line break into a name.
fn check_names<const N: usize>(lists: [(&'static str, &[Mailbox]); N]) -> Result<(), Unbuildable> {
    let all = lists.into_iter().flat_map(|(field, people)| people.iter().map(move |person| (field, person)));
    let mut names = all.filter_map(|(field, person)| Some((field, person.name.as_deref()?)));
    match names.find(|(_, name)| name.contains(char::is_control)) {
        Some((field, name)) => Err(Unbuildable::ControlCharacter { field, value: name.to_owned() }),
        None => Ok(()),
    }
}

fn list(field: &'static str, text: &str) -> Result<Vec<Mailbox>, Unbuildable> {
    let no_address = |entry: &String| Unbuildable::NoAddress { field, value: entry.clone() };
    address::entries(text).iter().map(|entry| mailbox(entry).ok_or_else(|| no_address(entry))).collect()
}

/// `Name <address>`, `"Name" <address>`, `<address>` or `address`.
fn mailbox(entry: &str) -> Option<Mailbox> {
    let (name, email) = address::parts(entry);
    // else another address would be taken for a part of the name, and get nothing
    if !is_whole_quote(name) && (name.contains(['<', '>']) || name.matches('"').count() % 2 == 1) {
        return None;
    }
    Some(Mailbox::new(Some(unquoted(name)).filter(|name| !name.is_empty()), parsed(email)?))
}

/// The address, a domain beyond ASCII in the form that every server takes (RFC 5890).
fn parsed(text: &str) -> Option<Address> {
    let (user, domain) = text.rsplit_once('@')?;
    let domain = if domain.is_ascii() { domain.to_owned() } else { idna::domain_to_ascii(domain).ok()? };
    Address::new(user, domain).ok()
}

/// Whether a name is one text in quotes, to its end.
fn is_whole_quote(name: &str) -> bool {
    let Some(inner) = name.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) else {
        return false;
    };
    let mut is_escaped = false;
    let ends_early = inner.chars().any(|c| {
        let was_escaped = is_escaped;
        is_escaped = c == '\\' && !was_escaped;
        c == '"' && !was_escaped
    });
    !ends_early && !is_escaped
}

fn unquoted(name: &str) -> String {
    let quote = ['"', '\''].into_iter().find(|quote| name.len() > 1 && name.starts_with(*quote));
    match quote.and_then(|quote| name.strip_prefix(quote)?.strip_suffix(quote)) {
        Some(inner) => inner.replace("\\\"", "\"").replace("\\\\", "\\"),
        None => name.to_owned(),
    }
}
