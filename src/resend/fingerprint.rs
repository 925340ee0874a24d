//! What was sent of a row, as a few digits for each field: whether the row's key was given to another mail since.
//!
//! Fields are compared one by one, and only those that both sides have: whoever maps a column more or less, or reads the table
//! through a view, still finds the same mail.

use std::fmt;
use std::str::FromStr;

use crate::digest::Digest;

/// The fields that are compared, by their words in the ledger.
const FIELDS: [&str; 11] =
    ["from", "to", "cc", "bcc", "reply", "subject", "text", "html", "raw", "files", "id"];

/// How many equal fields show that two rows are one mail.
const ENOUGH: usize = 3;

/// Hexadecimal digits kept of each field.
const DIGITS: usize = 8;

/// The fingerprint of a mail.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MailFingerprint(Vec<(&'static str, String)>);

impl MailFingerprint {
    /// Of these fields, in the order of a message; those that are empty say nothing.
    pub fn of<'f>(fields: impl IntoIterator<Item = Option<&'f [u8]>>) -> Self {
        let field = |(name, field): (&'static str, Option<&[u8]>)| {
            let field = field.filter(|field| !field.is_empty())?;
            let mut digits = Digest::of([Some(field)]).to_string();
            digits.truncate(DIGITS);
            Some((name, digits))
        };
        Self(FIELDS.into_iter().zip(fields).filter_map(field).collect())
    }

    /// Whether it is that of another mail: some field that both have differs.
    pub fn is_of_another(&self, other: &Self) -> bool {
        self.in_common(other).any(|is_equal| !is_equal)
    }

    /// Whether it surely is that of the same mail: no field that both have differs, and they have enough of them.
    pub fn is_of_same(&self, other: &Self) -> bool {
        !self.is_of_another(other) && self.in_common(other).count() >= ENOUGH
    }

    /// Whether nothing says that it is that of a mail of another sender.
    pub fn is_from_sender_of(&self, other: &Self) -> bool {
        let sender =
            |of: &Self| of.0.iter().find(|(name, _)| *name == FIELDS[0]).map(|(_, digits)| digits.clone());
        sender(self).zip(sender(other)).is_none_or(|(own, others)| own == others)
    }

    /// Of each field that both have, whether it is equal.
    fn in_common(&self, other: &Self) -> impl Iterator<Item = bool> {
        let of_other = |name: &str| other.0.iter().find(|(there, _)| *there == name);
        self.0.iter().filter_map(move |(name, digits)| Some(of_other(name)?.1 == *digits))
    }
}

impl fmt::Display for MailFingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let fields: Vec<_> = self.0.iter().map(|(name, digits)| format!("{name}:{digits}")).collect();
        f.write_str(&fields.join(" "))
    }
}

impl FromStr for MailFingerprint {
    type Err = std::convert::Infallible;

    /// What is not known is passed over: a later version may have more fields.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let field = |word: &str| {
            let (name, digits) = word.split_once(':')?;
            let name = FIELDS.into_iter().find(|known| *known == name)?;
            Some((name, digits.to_owned()))
        };
        Ok(Self(text.split(' ').filter_map(field).collect()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(fields: &[&str]) -> MailFingerprint {
        MailFingerprint::of(fields.iter().map(|field| Some(field.as_bytes())))
    }

    #[test]
    fn only_what_both_have_tells_mails_apart() {
        let mail = of(&["a@x", "b@y", "", "", "", "Invoice", "Text"]);
        assert!(!mail.is_of_another(&mail));
        assert!(!mail.is_of_another(&of(&["a@x", "", "", "", "", "Invoice", "Text", "<p>"])));
        assert!(mail.is_of_another(&of(&["a@x", "b@y", "", "", "", "Invoice", "Other"])));
        assert!(!mail.is_of_another(&MailFingerprint::default()));
        assert!(
            mail.is_from_sender_of(&of(&["a@x", "c@z"])) && !mail.is_from_sender_of(&of(&["c@x", "b@y"]))
        );
        assert!(mail.is_of_same(&of(&["a@x", "b@y", "", "", "", "Invoice"])));
        assert!(
            !mail.is_of_same(&of(&["a@x", "b@y"]))
                && !mail.is_of_same(&of(&["a@x", "b@y", "", "", "", "Other"]))
        );
    }

    #[test]
    fn it_is_read_as_it_was_written() {
        let mail = of(&["a@x", "b@y", "", "", "", "Invoice"]);
        let written = mail.to_string();
        assert!(written.starts_with("from:") && written.len() < 80, "{written}");
        assert_eq!(written.parse(), Ok(mail));
        assert_eq!("later:0 x".parse(), Ok(MailFingerprint::default()));
    }
}
