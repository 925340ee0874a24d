//! The verdict: what it all means, in a sentence, with the evidence and what to do.

use serde::Serialize;

/// What kind of trouble the log shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum VerdictKind {
    /// A mailbox is refused as a whole, and nothing went from it since.
    AccountBlocked,
    /// Too many rows have a status word without a meaning, so that nothing can be said of them.
    Unmapped,
    /// No row in the window.
    Empty,
    /// No failed and no unreadable row.
    #[default]
    Quiet,
    /// Too much at once, in bursts.
    BurstThrottling,
    /// Too much over a longer time.
    RateLimited,
    /// A counted allowance was used up.
    QuotaExhausted,
    /// A mailbox was full.
    MailboxFull,
    /// The provider or the way to it.
    ProviderTrouble,
    /// Addresses, messages, policy.
    RecipientProblems,
    /// The application failed before any server was asked.
    ApplicationErrors,
    /// Texts that no rule knows.
    Unexplained,
    /// Nothing has the upper hand.
    Mixed,
}

impl VerdictKind {
    /// The word in JSON and tables.
    pub fn as_str(self) -> &'static str {
        match self {
            VerdictKind::AccountBlocked => "account-blocked",
            VerdictKind::Unmapped => "unmapped",
            VerdictKind::Empty => "empty",
            VerdictKind::Quiet => "quiet",
            VerdictKind::BurstThrottling => "burst-throttling",
            VerdictKind::RateLimited => "rate-limited",
            VerdictKind::QuotaExhausted => "quota-exhausted",
            VerdictKind::MailboxFull => "mailbox-full",
            VerdictKind::ProviderTrouble => "provider-trouble",
            VerdictKind::RecipientProblems => "recipient-problems",
            VerdictKind::ApplicationErrors => "application-errors",
            VerdictKind::Unexplained => "unexplained",
            VerdictKind::Mixed => "mixed",
        }
    }
}

/// The judgement.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Verdict {
    /// What kind of trouble.
    pub kind: VerdictKind,
    /// The share of failures that it rests on, 0 to 1.
    pub confidence: f64,
    /// One sentence.
    pub summary: String,
    /// What it rests on, a sentence a line.
    pub evidence: Vec<String>,
    /// What to do, a sentence a line.
    pub advice: Vec<String>,
}
