//! The message built from subject, bodies and attachments.
//!
//! lettre writes it. What it would draw at random, the boundaries between parts, comes from the content here.

use std::time::{Duration, UNIX_EPOCH};

use lettre::address::Envelope;
use lettre::message::header::{ContentTransferEncoding, ContentType, HeaderName, HeaderValue};
use lettre::message::{Attachment as Part, Body, MessageBuilder, MultiPart, SinglePart};

use super::addresses::People;
use super::{Attachment, MARK, SendingOrigin, Stored, Unbuildable, crlf, header, mark, stable_hash};

/// Headers and body with CRLF line ends.
pub fn compose(
    stored: &Stored,
    people: &People,
    sending: &SendingOrigin,
    message_id: &str,
) -> Result<Vec<u8>, Unbuildable> {
    let builder = headers(stored, people, sending, message_id);
    let boundary = boundary(stored, message_id);
    let text = stored.body_text.as_deref().filter(|text| !text.is_empty());
    let html = stored.body_html.as_deref().filter(|html| !html.is_empty());
    let content = content(text, html, &boundary);
    let ends_line = text.or(html).is_some_and(|text| text.ends_with(['\r', '\n']));
    let is_alone = stored.attachments.is_empty() && matches!(content, ReadablePart::One(_));
    let built = if stored.attachments.is_empty() {
        match content {
            ReadablePart::One(part) => builder.singlepart(part),
            ReadablePart::Both(parts) => builder.multipart(parts),
        }
    } else {
        builder.multipart(with_files(content, &stored.attachments, &boundary)?)
    };
    let mut bytes = built.expect("sender and recipients are there").formatted();
    // a text that ends with a line end has it, and lettre adds another one
    if is_alone && ends_line && bytes.ends_with(b"\r\n\r\n") {
        bytes.truncate(bytes.len() - 2);
    }
    Ok(bytes)
}

/// A placeholder for the value of a header that is written without lettre; it is never sent.
const READ_BY_LETTRE: &str = "a@example.org";

fn headers(stored: &Stored, people: &People, sending: &SendingOrigin, message_id: &str) -> MessageBuilder {
    let everyone = people.to.iter().chain(&people.cc).chain(&people.bcc);
    let envelope =
        Envelope::new(Some(people.sender.email.clone()), everyone.map(|p| p.email.clone()).collect())
            .expect("there is a recipient");
    let mark = HeaderValue::new(HeaderName::new_from_ascii_str(MARK), mark(sending));
    let at = Duration::from_millis(u64::try_from(sending.at).unwrap_or_default());
    let mut builder = lettre::Message::builder()
        .raw_header(mark)
        .envelope(envelope)
        .date(UNIX_EPOCH + at)
        .message_id(Some(message_id.to_owned()));
    let sender = std::slice::from_ref(&people.sender);
    let lists = [("From", sender), ("To", &people.to), ("Cc", &people.cc), ("Reply-To", &people.reply_to)];
    for (name, list) in lists.into_iter().filter(|(_, list)| !list.is_empty()) {
        builder = builder.raw_header(encoded(name, header::people(name, list)));
    }
    if stored.subject.is_empty() {
        return builder;
    }
    builder.raw_header(encoded("Subject", header::text("Subject", &stored.subject)))
}

/// A header whose value is written already. What lettre reads of it by itself is whether there is a sender, in a form that it knows.
fn encoded(name: &'static str, value: String) -> HeaderValue {
    HeaderValue::dangerous_new_pre_encoded(
        HeaderName::new_from_ascii_str(name),
        READ_BY_LETTRE.to_owned(),
        value,
    )
}

/// The readable part of a message.
enum ReadablePart {
    One(SinglePart),
    Both(MultiPart),
}

fn content(text: Option<&str>, html: Option<&str>, boundary: &str) -> ReadablePart {
    let plain = |text: &str| readable(text, ContentType::TEXT_PLAIN);
    let html_of = |html: &str| readable(html, ContentType::TEXT_HTML);
    match (text, html) {
        (text, None) => ReadablePart::One(plain(text.unwrap_or_default())),
        (None, Some(html)) => ReadablePart::One(html_of(html)),
        (Some(text), Some(html)) => ReadablePart::Both(
            MultiPart::alternative()
                .boundary(format!("a.{boundary}"))
                .singlepart(plain(text))
                .singlepart(html_of(html)),
        ),
    }
}

/// A text with CRLF line ends. Characters that SMTP does not carry as they are, NUL above all, are encoded.
fn readable(text: &str, content_type: ContentType) -> SinglePart {
    let has_control = text.contains(|c: char| c.is_ascii_control() && !matches!(c, '\t' | '\r' | '\n'));
    let text = String::from_utf8(crlf(text.as_bytes())).expect("only ASCII was put in");
    let body = match has_control {
        true => Body::new_with_encoding(text, ContentTransferEncoding::Base64)
            .expect("everything can be written in Base64"),
        false => Body::new(text),
    };
    SinglePart::builder().header(content_type).body(body)
}

fn with_files(content: ReadablePart, files: &[Attachment], boundary: &str) -> Result<MultiPart, Unbuildable> {
    let mixed = MultiPart::mixed().boundary(format!("m.{boundary}"));
    let mixed = match content {
        ReadablePart::One(part) => mixed.singlepart(part),
        ReadablePart::Both(parts) => mixed.multipart(parts),
    };
    files.iter().try_fold(mixed, |mixed, file| Ok(mixed.singlepart(part(file)?)))
}

/// Always Base64, or the line ends of a text file would be changed on the way.
fn part(file: &Attachment) -> Result<SinglePart, Unbuildable> {
    let media_type = if file.media_type.is_empty() { media_type(&file.name) } else { &file.media_type };
    let content_type = ContentType::parse(media_type).map_err(|_| Unbuildable::MediaType {
        name: file.name.clone(),
        media_type: file.media_type.clone(),
    })?;
    let body = Body::new_with_encoding(file.bytes.clone(), ContentTransferEncoding::Base64)
        .expect("everything can be written in Base64");
    Ok(Part::new(file.name.clone()).body(body, content_type))
}

/// The media type by the name's ending. A message in a message may not be in Base64 (RFC 2046, 5.2.1), so that it goes as a file.
fn media_type(name: &str) -> &'static str {
    let guess = mime_guess::from_path(name).first_raw();
    let is_whole =
        |media_type: &&str| !media_type.starts_with("message/") && !media_type.starts_with("multipart/");
    guess.filter(is_whole).unwrap_or("application/octet-stream")
}

/// A line that occurs in no body, short of a body made to hold it.
fn boundary(stored: &Stored, message_id: &str) -> String {
    let bodies = [&stored.body_text, &stored.body_html].map(|body| body.as_deref().unwrap_or_default());
    format!("{:032x}", stable_hash([message_id.as_bytes(), bodies[0].as_bytes(), bodies[1].as_bytes()]))
}
