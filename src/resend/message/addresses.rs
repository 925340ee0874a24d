//! Mail addresses out of the free text in which applications store them.
//!
//! Lists are separated by `,` or `;`, outside quotes and angle brackets. A piece without an `@` belongs to the next one:
//! `Weiss, Karl <k@x.example>` is one person, as Outlook writes it. What then is no address refuses the message.

use lettre::Address;
use lettre::message::Mailbox;

use super::{Envelope, Refusal, Stored};

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
    pub fn of(stored: &Stored) -> Result<People, Refusal> {
        let mut senders = list("sender", &stored.sender)?;
        let (Some(sender), true) = (senders.pop(), senders.is_empty()) else {
            return Err(Refusal::NotOneSender(stored.sender.clone()));
        };
        let people = People {
            sender,
            to: list("recipient", &stored.to)?,
            cc: list("cc", &stored.cc)?,
            bcc: list("bcc", &stored.bcc)?,
            reply_to: list("reply_to", &stored.reply_to)?,
        };
        if people.recipients().next().is_none() { Err(Refusal::NoRecipient) } else { Ok(people) }
    }

    fn recipients(&self) -> impl Iterator<Item = &Mailbox> {
        self.to.iter().chain(&self.cc).chain(&self.bcc)
    }

    /// The envelope, each address in it once.
    pub fn envelope(&self, has_8bit: bool) -> Envelope {
        let mut recipients: Vec<String> = Vec::new();
        for address in self.recipients().map(|person| person.email.to_string()) {
            if !recipients.contains(&address) {
                recipients.push(address);
            }
        }
        let sender = self.sender.email.to_string();
        let needs_smtputf8 = !sender.is_ascii() || recipients.iter().any(|address| !address.is_ascii());
        Envelope { sender, recipients, needs_smtputf8, has_8bit }
    }
}

fn list(field: &'static str, text: &str) -> Result<Vec<Mailbox>, Refusal> {
    let no_address = |piece: &String| Refusal::NoAddress { field, value: piece.clone() };
    pieces(text).iter().map(|piece| mailbox(piece).ok_or_else(|| no_address(piece))).collect()
}

/// The entries of a list, each with its name and address still together.
fn pieces(text: &str) -> Vec<String> {
    let mut pieces: Vec<String> = vec![String::new()];
    for part in split(text) {
        let last = pieces.last_mut().expect("there is always one");
        if !last.is_empty() && !last.contains('@') {
            last.push_str(", ");
        } else if !last.is_empty() {
            pieces.push(String::new());
        }
        pieces.last_mut().expect("there is always one").push_str(part);
    }
    pieces.retain(|piece| !piece.is_empty());
    pieces
}

/// The parts between separators that stand outside quotes and angle brackets.
fn split(text: &str) -> impl Iterator<Item = &str> {
    let (mut quoted, mut escaped, mut angle) = (false, false, false);
    let separates = move |c: char| {
        let was_escaped = escaped;
        escaped = c == '\\' && quoted && !was_escaped;
        match c {
            '"' if !was_escaped => quoted = !quoted,
            '<' if !quoted => angle = true,
            '>' if !quoted => angle = false,
            _ => {}
        }
        matches!(c, ',' | ';') && !quoted && !angle
    };
    text.split(separates).map(str::trim).filter(|part| !part.is_empty())
}

/// `Name <address>`, `"Name" <address>`, `<address>` or `address`.
fn mailbox(piece: &str) -> Option<Mailbox> {
    let (name, email) = match piece.strip_suffix('>').and_then(|rest| rest.rsplit_once('<')) {
        Some((name, email)) => (unquoted(name.trim()), email),
        None => (String::new(), piece),
    };
    Some(Mailbox::new(Some(name).filter(|name| !name.is_empty()), address(email.trim())?))
}

/// The address, a domain beyond ASCII in the form that every server takes (RFC 5890).
fn address(text: &str) -> Option<Address> {
    let (user, domain) = text.rsplit_once('@')?;
    let domain = if domain.is_ascii() { domain.to_owned() } else { idna::domain_to_ascii(domain).ok()? };
    Address::new(user, domain).ok()
}

fn unquoted(name: &str) -> String {
    let quote = ['"', '\''].into_iter().find(|quote| name.len() > 1 && name.starts_with(*quote));
    match quote.and_then(|quote| name.strip_prefix(quote)?.strip_suffix(quote)) {
        Some(inner) => inner.replace("\\\"", "\"").replace("\\\\", "\\"),
        None => name.to_owned(),
    }
}
