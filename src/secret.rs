//! Values that must never be shown: passwords and tokens. A server may repeat what it was told, so that foreign text passes through
//! a [`Veil`] before it goes anywhere, and the process leaves no core file once it knows one.

use std::borrow::Cow;
use std::fmt;
use std::sync::LazyLock;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use regex::Regex;

/// The text in place of a secret.
const HIDDEN: &str = "***";

/// A shorter value is not looked for: it would be found everywhere.
const SHORTEST: usize = 3;

/// So many characters of a secret's Base64 are hidden also where the rest of it is missing.
const SHORTEST_PIECE: usize = 8;

/// A password or token; formatting it in any way shows nothing of it.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Wraps a value, and has the system keep no core file of this process from now on.
    pub fn new(value: impl Into<String>) -> Self {
        #[cfg(any(target_os = "linux", target_os = "android"))]
        let _ = rustix::process::set_dumpable_behavior(rustix::process::DumpableBehavior::NotDumpable);
        Self(value.into())
    }

    /// The value, for the one place that has to send it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(HIDDEN)
    }
}

/// Takes secrets out of foreign text: as they are, and in Base64, whole or in pieces.
#[derive(Clone, Default)]
pub struct Veil {
    plain: Vec<String>,
    /// In small letters: some servers repeat a command in capitals.
    base64: Vec<String>,
}

impl Veil {
    /// Over a secret, and over messages in which it is sent.
    pub fn over(secret: &Secret, messages: impl IntoIterator<Item = String>) -> Self {
        let secret = secret.expose().to_owned();
        // as forms write it
        let percent: String = url::form_urlencoded::byte_serialize(secret.as_bytes()).collect();
        let lower = percent.to_ascii_lowercase();
        let base64 = std::iter::once(secret.clone()).chain(messages).map(|text| STANDARD.encode(text));
        let base64 = base64.chain((1..3).map(|before| within_base64(&secret, before)));
        Self {
            base64: base64.map(|text| text.to_ascii_lowercase()).collect(),
            plain: [secret, percent, lower].into_iter().filter(|secret| secret.len() >= SHORTEST).collect(),
        }
    }

    /// The text without what is to be hidden.
    pub fn apply<'t>(&self, text: &'t str) -> Cow<'t, str> {
        let mut shown = Cow::Borrowed(text);
        for secret in &self.plain {
            if shown.contains(secret) {
                shown = Cow::Owned(shown.replace(secret, HIDDEN));
            }
        }
        match shown.split(|c| !is_base64(c)).find(|run| self.is_of_secret(run)) {
            None => shown,
            Some(_) => Cow::Owned(self.without_base64(&shown)),
        }
    }

    fn without_base64(&self, text: &str) -> String {
        let mut out = String::with_capacity(text.len());
        for part in text.split_inclusive(|c| !is_base64(c)) {
            let run = part.trim_end_matches(|c| !is_base64(c));
            out.push_str(if self.is_of_secret(run) { HIDDEN } else { run });
            out.push_str(&part[run.len()..]);
        }
        out
    }

    /// Whether a run of characters is a secret in Base64, a piece of one, or holds one.
    fn is_of_secret(&self, run: &str) -> bool {
        let run = run.trim_end_matches('=').to_ascii_lowercase();
        let is_piece = |secret: &String| {
            let whole = secret.trim_end_matches('=');
            (run.len() >= SHORTEST_PIECE && whole.contains(&run))
                || (whole.len() >= SHORTEST_PIECE && run.contains(whole))
        };
        run.len() >= SHORTEST
            && self.base64.iter().any(|secret| is_piece(secret) || secret.trim_end_matches('=') == run)
    }
}

impl fmt::Debug for Veil {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Veil")
    }
}

/// The characters of Base64 that a secret has to itself where this many bytes precede it.
fn within_base64(secret: &str, before: usize) -> String {
    let encoded = STANDARD.encode("x".repeat(before) + secret);
    // those that share bits with what comes before and after
    let (start, end) = (before * 8 / 6 + 1, (before + secret.len()) * 8 / 6);
    encoded.get(start..end).unwrap_or_default().to_owned()
}

fn is_base64(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '+' | '/' | '=')
}

/// What was meant as an address, without the password that may be in it: all between the user and the last `@`.
///
/// ```
/// # use mailthrottle::secret::without_password;
/// assert_eq!(without_password("postgres:/report:hunter2@db/erp"), "postgres:/report:***@db/erp");
/// assert_eq!(without_password("/var/lib/app/mail.db"), "/var/lib/app/mail.db");
/// ```
pub fn without_password(address: &str) -> Cow<'_, str> {
    static NAMED: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?i)\b(password|passwd|pwd|pass)(\s*=\s*)[^\s;&]+").expect("it is tested")
    });
    let address = NAMED.replace_all(address, format!("$1$2{HIDDEN}"));
    let Some((before, host)) = address.rsplit_once('@') else {
        return address;
    };
    // the name of a scheme ends with a colon too, which slashes follow, as many as were typed
    let scheme = before.find(":/").map_or(0, |end| end + 1);
    // Oracle's own tools divide user and password by a slash; in a path it divides folders
    let may_divide = scheme == 0 && !before.starts_with(['/', '.']);
    let bytes = before.as_bytes();
    let divides = |place: usize| match bytes[place] {
        b':' => true,
        b'/' => may_divide && bytes.get(place + 1) != Some(&b'/') && (place == 0 || bytes[place - 1] != b'/'),
        _ => false,
    };
    let user = (scheme..bytes.len()).find(|place| divides(*place));
    match user.filter(|end| *end > scheme) {
        Some(user) => Cow::Owned(format!("{}{HIDDEN}@{host}", &before[..=user])),
        None => address,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_hidden_as_it_is_and_in_base64_whole_or_cut() {
        let veil = Veil::over(&Secret::new("pa55wörd"), ["\0me@x.example\0pa55wörd".to_owned()]);
        for (told, shown) in [
            ("535 user me@x.example password pa55wörd!", "535 user me@x.example password ***!"),
            ("cGE1NXfDtnJk", "***"),
            ("501 bad AUTH PLAIN AG1lQHguZXhhbXBsZQBwYTU1d8O2cmQ=.", "501 bad AUTH PLAIN ***."),
            ("501 AUTH PLAIN AG1LQHGUZXHHBXBSZQBWYTU1D8O2CMQ=", "501 AUTH PLAIN ***"),
            ("501 cannot decode <hbXBsZQBwYTU1d8O2c>", "501 cannot decode <***>"),
            ("535 login of x=bWVwYTU1d8O2cmR4 failed", "535 login of *** failed"),
            ("535 secret=pa55w%C3%B6rd&x, pa55w%c3%b6rd", "535 secret=***&x, ***"),
            ("535 5.7.8 Authentication credentials invalid", "535 5.7.8 Authentication credentials invalid"),
        ] {
            assert_eq!(veil.apply(told), shown);
        }
        assert_eq!(Veil::default().apply("nothing to hide"), "nothing to hide");
        assert_eq!(Veil::over(&Secret::new(""), [String::new()]).apply("a b"), "a b");
    }

    #[test]
    fn a_mistyped_address_shows_no_password() {
        for (given, shown) in [
            ("postgres:/u:P@W:x@h/d", "postgres:/u:***@h/d"),
            ("postgres//u:PW@h", "postgres//u:***@h"),
            ("u:PW@h/d", "u:***@h/d"),
            ("oracle:u:PW@h", "oracle:***@h"),
            ("smtp://u%40x:PW@h:25", "smtp://u%40x:***@h:25"),
            ("scott/tiger@host/svc", "scott/***@host/svc"),
            ("./x/a@b.db", "./x/a@b.db"),
            ("./x/u:PW@h", "./x/u:***@h"),
            ("host=h password=PW dbname=x", "host=h password=*** dbname=x"),
            ("Server=h;User Id=u;Pwd = PW;", "Server=h;User Id=u;Pwd = ***;"),
            ("smtp://u@h", "smtp://u@h"),
            ("a@b", "a@b"),
        ] {
            assert_eq!(without_password(given), shown);
        }
    }
}
