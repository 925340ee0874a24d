//! A message that the log keeps whole.
//!
//! It goes as it is: line ends become CRLF, Bcc and Resent-Bcc are taken out, the mark of this sending is put on top, and a Message-ID is
//! added where there is none. Everything else, wrong or not, was the application's choice.

use super::{MARK, Unbuildable, crlf};

/// # Errors
/// It does not begin with a header, or mail cannot carry it.
pub fn check(raw: &[u8]) -> Result<(), Unbuildable> {
    if memchr::memchr(0, raw).is_some() {
        return Err(Unbuildable::NulInRaw);
    }
    let text = crlf(raw);
    match headers(split(&text).0).first() {
        Some(first) if name(first).is_none() => Err(Unbuildable::RawWithoutHeader(short(first))),
        _ => Ok(()),
    }
}

/// The bytes to send and the Message-ID they carry.
pub fn prepare(raw: &[u8], message_id: String, mark: &str) -> (Vec<u8>, String) {
    let text = crlf(raw);
    let (head, body) = split(&text);
    let headers = headers(head);
    let own = headers.iter().find(|header| is(header, "message-id")).map(|header| value(header));
    let own = own.filter(|id| !id.is_empty());
    let mut out = format!("{MARK}: {mark}\r\n").into_bytes();
    if own.is_none() {
        out.extend_from_slice(format!("Message-ID: {message_id}\r\n").as_bytes());
    }
    let is_hidden = |header: &&[u8]| ["bcc", "resent-bcc"].iter().any(|name| is(header, name));
    for header in headers.into_iter().filter(|header| !is_hidden(header)) {
        out.extend_from_slice(header);
    }
    out.extend_from_slice(body);
    (out, own.unwrap_or(message_id))
}

/// What identifies it: the Message-ID, else all but the headers that each sending generates.
pub fn identifying(raw: &[u8]) -> Vec<u8> {
    let text = crlf(raw);
    let (head, body) = split(&text);
    let headers = headers(head);
    if let Some(id) = headers.iter().find(|header| is(header, "message-id")).map(|header| value(header)) {
        return id.into_bytes();
    }
    let stays = |header: &&&[u8]| !["date", "received"].iter().any(|name| is(header, name));
    let stay: Vec<&[u8]> = headers.iter().filter(stays).copied().chain([body]).collect();
    stay.concat()
}

/// The headers, and the body with the empty line before it.
fn split(text: &[u8]) -> (&[u8], &[u8]) {
    match memchr::memmem::find(text, b"\r\n\r\n") {
        Some(end) => text.split_at(end + 2),
        None => (text, b""),
    }
}

/// Each header with the lines that continue it.
fn headers(head: &[u8]) -> Vec<&[u8]> {
    let ends = memchr::memmem::find_iter(head, b"\r\n").map(|end| end + 2);
    let starts_one = |end: &usize| !matches!(head.get(*end), Some(b' ' | b'\t'));
    let mut start = 0;
    let all = ends.filter(starts_one).chain([head.len()]);
    let cut = all.map(|end| &head[std::mem::replace(&mut start, end)..end]);
    cut.filter(|header| !header.is_empty()).collect()
}

/// The header's name (RFC 5322, 3.6.8: printable ASCII but for the colon).
fn name(header: &[u8]) -> Option<&[u8]> {
    let name = header[..memchr::memchr(b':', header)?].trim_ascii_end();
    (!name.is_empty() && name.iter().all(u8::is_ascii_graphic)).then_some(name)
}

fn is(header: &[u8], wanted: &str) -> bool {
    name(header).is_some_and(|name| name.eq_ignore_ascii_case(wanted.as_bytes()))
}

/// What follows the colon, on one line.
fn value(header: &[u8]) -> String {
    let value = header.splitn(2, |byte| *byte == b':').nth(1).unwrap_or_default();
    String::from_utf8_lossy(value).split_whitespace().collect::<Vec<_>>().join(" ")
}

fn short(line: &[u8]) -> String {
    String::from_utf8_lossy(line).trim_end().chars().take(60).collect()
}
