//! How the server behaves; the default takes everything at once.

use std::time::Duration;

use mailthrottle::model::Stage;

use super::certificates::Certificate;
use super::fault::Fault;

#[derive(Clone, Debug)]
pub struct Settings {
    /// 0: any free one.
    pub port: u16,
    pub ipv6: bool,
    /// Sessions that may send at once.
    pub limit: usize,
    /// Where surplus sessions are refused.
    pub refuse_at: RefuseAt,
    /// A session's place becomes free so long after its end.
    pub place_freed_after: Duration,
    pub rate: Option<Rate>,
    pub recipients_per_day: Option<usize>,
    /// The sender's mailbox is full.
    pub mailbox_full: bool,
    /// Recipients that do not exist.
    pub unknown: Vec<String>,
    /// Between a client's words and the answers to them, however many there are.
    pub round_trip: Duration,
    /// Before the answer at a stage.
    pub latency: Vec<(Stage, Duration)>,
    pub pipelining: bool,
    pub eight_bit_mime: bool,
    pub smtputf8: bool,
    pub size: Option<usize>,
    /// Who may log in; nobody else may send then.
    pub account: Option<Account>,
    pub tls: Tls,
    /// Said in the clear together with the answer to STARTTLS.
    pub injected: String,
    /// DATA is taken although nobody is there to get the message (RFC 2920 allows that).
    pub data_for_nobody: bool,
    /// RCPT is taken although MAIL was refused.
    pub ignores_order: bool,
    pub faults: Vec<Fault>,
    /// Gets a line for each message.
    pub report: Option<fn(&str)>,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            port: 0,
            ipv6: false,
            limit: usize::MAX,
            refuse_at: RefuseAt::Dot,
            place_freed_after: Duration::ZERO,
            rate: None,
            recipients_per_day: None,
            mailbox_full: false,
            unknown: Vec::new(),
            round_trip: Duration::ZERO,
            latency: Vec::new(),
            pipelining: true,
            eight_bit_mime: true,
            smtputf8: true,
            size: None,
            account: None,
            tls: Tls::None,
            injected: String::new(),
            data_for_nobody: false,
            ignores_order: false,
            faults: Vec::new(),
            report: None,
        }
    }
}

/// Where a session beyond the limit hears of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RefuseAt {
    Banner,
    Mail,
    Dot,
}

/// So many messages in a sliding window.
#[derive(Clone, Copy, Debug)]
pub struct Rate {
    pub messages: usize,
    pub per: Duration,
    pub when_full: WhenFull,
}

/// What happens to a message beyond the rate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WhenFull {
    /// It is accepted when the window has room.
    Delay,
    /// MAIL is refused and the connection closed.
    Refuse,
}

#[derive(Clone, Debug)]
pub struct Account {
    pub user: String,
    pub secret: String,
    /// What EHLO offers, such as `PLAIN LOGIN`.
    pub mechanisms: String,
    /// What comes with AUTH is passed over and asked for again.
    pub ignores_initial: bool,
}

#[derive(Clone, Debug)]
pub enum Tls {
    None,
    Implicit(Certificate),
    Upgrade(Certificate),
}

pub mod text {
    //! Refusals, as Exchange Online words them.

    pub const CONCURRENT: &str = "432 4.3.2 Concurrent connections limit exceeded. Visit https://aka.ms/concurrent_sending for more information. [Hostname=LOOPBACK.EXAMPLE]";
    pub const BANNER: &str = "421 4.3.2 The maximum number of concurrent connections has exceeded a limit, closing transmission channel";
    pub const RATE: &str =
        "421 4.4.2 Message submission rate for this client has exceeded the configured limit";
    pub const QUOTA: &str = "554 5.2.0 STOREDRV.Submission.Exception:SubmissionQuotaExceededException; Failed to process message due to a permanent exception";
    pub const FULL: &str = "554 5.2.2 mailbox full; STOREDRV.Submission.Exception:QuotaExceededException.MapiExceptionShutoffQuotaExceeded";
    pub const UNKNOWN: &str =
        "550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found by SMTP address lookup";
    pub const ANONYMOUS: &str = "530 5.7.57 Client not authenticated to send mail";
    pub const BAD_LOGIN: &str = "535 5.7.3 Authentication unsuccessful";
    pub const TOO_LARGE: &str = "552 5.3.4 Message size exceeds fixed maximum message size";
}
