//! The words around a number that say what it is: a code, an amount, a place, a version.
//!
//! The lists are plain sentences of words; a word is looked up in all of them at once, in lower case, in a buffer on the
//! stack.

use std::collections::HashMap;
use std::sync::LazyLock;

/// How far to look back for the word before a number.
pub const LOOK_BACK: usize = 32;

/// What follows is the reply of another server.
const REPORTING: &str = "led said says was response returned reason reports reported replied responded answered with lautete \
    antwortete réponse reponse respuesta risposta";

/// What follows is a code.
const ANNOUNCING: &str = "code error err status smtp reply got failed failure dsn fehler fehlercode erreur codigo errore \
    codice esmtp responsecode statuscode replycode smtpcode permanent temporary transient rejected \
    message because";

/// What follows is an amount, a place or an identity.
const COUNTING: &str = "port line state after than exceeds of over limit last within in to for max maximum id user uid pid \
    size rfc attempt attempts row record job build errno http https delay delays by at about only up \
    expected wanted used usage total count remaining current per and or is are more sent zeile ligne version release apache iis nginx";

/// What follows is a version, or a number of a chapter.
const PRODUCTS: &str = "version ver v release exim postfix sendmail php phpmailer nodemailer mailer python java javamail \
    jakarta jdk node ruby rails wordpress wp drupal openssl linux kernel debian ubuntu apache nginx \
    tomcat mailkit mimekit oracle symfony laravel django perl section rfc net build windows server \
    library driver plugin module ip haraka zimbra dovecot spamassassin amavisd clamav rspamd mimedefang \
    magicmail using joomla typo";

/// The number before it is an amount.
const UNITS: &str = "s ms sec secs second seconds min mins minute minutes hour hours day days b kb mb gb byte bytes \
    messages mails emails recipients connections attempts times characters chars users per of rows \
    lines percent items sekunden minuten";

/// What a word says of the number beside it.
#[derive(Debug, Clone, Copy, Default)]
pub struct Hints {
    /// What follows is the reply of another server.
    pub reporting: bool,
    /// What follows is a code.
    pub announcing: bool,
    /// What follows is an amount, a place or an identity.
    pub counting: bool,
    /// What follows is a version.
    pub product: bool,
    /// The number before it is an amount.
    pub unit: bool,
}

static HINTS: LazyLock<HashMap<&str, Hints>> = LazyLock::new(|| {
    let mut hints: HashMap<&str, Hints> = HashMap::new();
    let mut add = |list: &'static str, set: fn(&mut Hints)| {
        list.split_whitespace().for_each(|word| set(hints.entry(word).or_default()));
    };
    add(REPORTING, |h| h.reporting = true);
    add(ANNOUNCING, |h| h.announcing = true);
    add(COUNTING, |h| h.counting = true);
    add(PRODUCTS, |h| h.product = true);
    add(UNITS, |h| h.unit = true);
    hints
});

/// The longest word that is looked at; of a longer one the end counts, as in `SMTPSendFailedException`.
const LONGEST: usize = 16;

/// What the last word of `before` says, over blanks, quotes and brackets.
pub fn last(before: &[u8]) -> Hints {
    let tail = &before[before.len().saturating_sub(LOOK_BACK)..];
    let end = tail.iter().rposition(u8::is_ascii_alphabetic).map_or(0, |last| last + 1);
    // Only marks may come between the word and the number.
    if tail[end..].iter().any(|b| b.is_ascii_digit() || *b >= 0x80) {
        return Hints::default();
    }
    let letters = tail[..end].iter().rev();
    look_up(&tail[end - letters.take_while(|b| b.is_ascii_alphabetic()).count()..end])
}

/// What the word says that `rest` begins with.
pub fn first(rest: &[u8]) -> Hints {
    let letters = rest.iter().take(LOOK_BACK);
    let end = letters.take_while(|b| b.is_ascii_alphabetic()).count();
    // A word that goes on beyond ASCII is another word than its beginning.
    if rest.get(end).is_some_and(|b| *b >= 0x80) {
        return Hints::default();
    }
    look_up(&rest[..end])
}

fn look_up(word: &[u8]) -> Hints {
    let mut buffer = [0; LONGEST];
    let tail = &word[word.len().saturating_sub(LONGEST)..];
    let letters = &mut buffer[..tail.len()];
    letters.copy_from_slice(tail);
    letters.make_ascii_lowercase();
    let lower = std::str::from_utf8(letters).unwrap_or_default();
    let known = HINTS.get(lower).copied().unwrap_or_default();
    Hints { announcing: known.announcing || lower.ends_with("exception"), ..known }
}
