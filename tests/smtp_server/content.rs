//! The content of a message as a server reads it.

/// Where the final dot ends, if it is there.
pub fn end(bytes: &[u8]) -> Option<usize> {
    if bytes.starts_with(b".\r\n") {
        return Some(3);
    }
    memchr::memmem::find(bytes, b"\r\n.\r\n").map(|at| at + 5)
}

/// The message, without the final dot and the dots that were stuffed.
pub fn unstuffed(content: &[u8]) -> Vec<u8> {
    let body = content.strip_suffix(b".\r\n").unwrap_or(content);
    let mut message = Vec::with_capacity(body.len());
    for line in body.split_inclusive(|byte| *byte == b'\n') {
        message.extend_from_slice(line.strip_prefix(b".").unwrap_or(line));
    }
    message
}

/// The value of Message-ID.
pub fn message_id(message: &[u8]) -> String {
    let text = String::from_utf8_lossy(message);
    let headers = text.split("\r\n\r\n").next().unwrap_or_default();
    let named = |line: &&str| line.to_ascii_lowercase().starts_with("message-id:");
    headers.split("\r\n").find(named).map(|line| line[11..].trim().to_owned()).unwrap_or_default()
}
