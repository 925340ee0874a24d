//! What a server says it can do, in its reply to EHLO (RFC 5321, 4.1.1.1).

/// The service extensions that matter here; everything else is passed over.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Capabilities {
    /// The largest message in bytes (RFC 1870); `None` where no limit is said.
    pub size: Option<u64>,
    /// SIZE is understood as a parameter.
    pub takes_size: bool,
    /// Commands may be sent without waiting for each reply (RFC 2920).
    pub pipelining: bool,
    /// Bytes beyond ASCII in the content (RFC 6152).
    pub eight_bit_mime: bool,
    /// Characters beyond ASCII in addresses and headers (RFC 6531).
    pub smtputf8: bool,
    /// The connection can be encrypted (RFC 3207).
    pub starttls: bool,
    /// The ways to log in, in capitals (RFC 4954).
    pub auth: Vec<String>,
}

impl Capabilities {
    /// Reads the text of the reply, whose first line is the server's name.
    pub fn of(text: &str) -> Capabilities {
        let mut found = Capabilities::default();
        for line in text.lines().skip(1) {
            found.take(&line.to_ascii_uppercase());
        }
        found
    }

    fn take(&mut self, line: &str) {
        // `AUTH=LOGIN` is the form from before there was a standard
        let mut words = line.split(|c: char| c.is_whitespace() || c == '=').filter(|word| !word.is_empty());
        match words.next() {
            Some("SIZE") => {
                self.takes_size = true;
                self.size = words.next().and_then(|size| size.parse().ok()).filter(|size| *size > 0);
            }
            Some("PIPELINING") => self.pipelining = true,
            Some("8BITMIME") => self.eight_bit_mime = true,
            Some("SMTPUTF8") => self.smtputf8 = true,
            Some("STARTTLS") => self.starttls = true,
            Some("AUTH") => self.auth.extend(words.map(str::to_owned)),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_extensions_are_read_from_the_reply() {
        let found = Capabilities::of(
            "mx.example\nSIZE 157286400\npipelining\n8BITMIME\nSMTPUTF8\nSTARTTLS\nAUTH LOGIN xoauth2\nAUTH=PLAIN\nDSN",
        );
        let auth = ["LOGIN", "XOAUTH2", "PLAIN"].map(str::to_owned).to_vec();
        let expected = Capabilities {
            size: Some(157_286_400),
            takes_size: true,
            pipelining: true,
            eight_bit_mime: true,
            smtputf8: true,
            starttls: true,
            auth,
        };
        assert_eq!(found, expected);
    }

    #[test]
    fn a_name_that_reads_like_an_extension_is_none() {
        assert_eq!(Capabilities::of("PIPELINING"), Capabilities::default());
        assert_eq!(Capabilities::of(""), Capabilities::default());
    }

    #[test]
    fn a_size_of_nothing_is_no_limit() {
        for text in ["x\nSIZE", "x\nSIZE 0", "x\nSIZE many"] {
            let found = Capabilities::of(text);
            assert_eq!((found.takes_size, found.size), (true, None), "{text}");
        }
    }
}
