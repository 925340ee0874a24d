//! The step of the SMTP dialogue that a text names.
//!
//! Clients and servers name it in their own ways: a phrase, an exception, a field. Each way is one pattern here, tried in
//! order, in the same single pass as the rules. Where no pattern fits, only a reply that exists for one step alone tells it.

use crate::model::Stage;

/// Patterns and the stage each stands for; the first that fits decides. Blanks match any white space.
pub const CUES: &[(Stage, &str)] = &[
    (
        Stage::Dot,
        r"in reply to end of data|after (pipelined )?(end of data|sending data block)|(while )?sending end of data",
    ),
    (
        Stage::Dot,
        r"data end command failed|\bmessage failed: |MessageNotAccepted|SMTPDataError|failed after I sent the message",
    ),
    (
        Stage::Dot,
        r"failed to send data|for text command|\bafter the (final )?dot\b|end[- ]of[- ](data|message)",
    ),
    (Stage::Dot, r"SMTPTransport\.finishData|SmtpClient\.Data(Async)?\("),
    (Stage::Rcpt, r"SMTPTransport\.rcptTo|SmtpClient\.RcptTo(Async)?\("),
    (Stage::Mail, r"SMTPTransport\.mailFrom|SmtpClient\.MailFrom(Async)?\("),
    (
        Stage::Connect,
        r"refused to talk to me|after initial connection|initial server greeting|invalid greeting",
    ),
    (
        Stage::Connect,
        r"SMTPConnectError|but greeting failed|expected response code .?220|command: ?['\x22]CONN",
    ),
    (
        Stage::Connect,
        r"connection could not be established|(could not|couldn.t) connect to|MailConnectException|failed to connect|cannot connect to|unable to connect",
    ),
    (
        Stage::Connect,
        r"smtp connect\(\) failed|connection refused|ECONNREFUSED|connect E[A-Z]+\b|no route to host|\bconnect to \S+: ",
    ),
    (Stage::Connect, r"ENOTFOUND|getaddrinfo|name or service not known|connection actively refused"),
    (
        Stage::Tls,
        r"(in reply to|after|command:) ?['\x22]?STARTTLS|starttls command failed|cannot start tls|tls handshake|ssl handshake",
    ),
    (Stage::Tls, r"SSLHandshakeException|SSL_connect|certificate verify failed|tls negotiation failed"),
    (
        Stage::Auth,
        r"SMTPAuthenticationError|AuthenticationFailedException|AuthenticationException|invalid login|could not authenticate",
    ),
    (
        Stage::Auth,
        r"(in reply to|after|command:) ?['\x22]?AUTH\b|(username|password|auth \w+|auth) command failed|failed to authenticate",
    ),
    (
        Stage::Auth,
        r"expected response code .?(235|334)|sasl authentication failed|authentication unsuccessful",
    ),
    (Stage::Auth, r"basic authentication is (not supported|disabled)|authentication failure \[smtp"),
    (
        Stage::Rcpt,
        r"(in reply to|after (pipelined )?|sending|did not like our|for|command:) ?['\x22]?RCPT\b|\[RCPT_TO\]|smtp:rcpt",
    ),
    (
        Stage::Rcpt,
        r"rcpt to command failed|recipient command failed|all recipients were rejected|does not like recipient",
    ),
    (
        Stage::Rcpt,
        r"SMTPRecipientsRefused|SMTPAddressFailedException|RecipientNotAccepted|SmtpFailedRecipient|recipients failed",
    ),
    (Stage::Rcpt, r"failed to add recipient|recipient was rejected"),
    (
        Stage::Mail,
        r"(in reply to|after (pipelined )?|sending|did not like our|for|during|command:) ?['\x22]?MAIL FROM|\[MAIL_FROM\]",
    ),
    (
        Stage::Mail,
        r"mail from command failed|\bmail command failed|SMTPSenderRefused|SMTPSenderFailedException|SenderNotAccepted",
    ),
    (
        Stage::Mail,
        r"failed to set sender|sender was rejected|following from address failed|does not like sender|\(MAIL\)|for MAIL command",
    ),
    (
        Stage::Ehlo,
        r"(in reply to|after|performing the|sending|command:) ?['\x22]?(EHLO|HELO)|(ehlo|helo) command failed|SMTPHeloError",
    ),
    (Stage::Ehlo, r"my name was rejected|\((EHLO|HELO)\)"),
    (
        Stage::Data,
        r"(in reply to|after (pipelined )?|sending|for|command:) ?['\x22]?DATA\b|data command failed|failed on data command",
    ),
    (Stage::Data, r"expected response code .?354|sending message body|data not accepted"),
];

/// The stage that a reply code alone tells: only AUTH is answered with these (RFC 4954).
pub fn of_reply(reply: Option<u16>) -> Option<Stage> {
    matches!(reply, Some(534 | 535 | 538)).then_some(Stage::Auth)
}
