//! The sections `[smtp]` and `[resend]`, and the flags that go before them, as checked settings of a run.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Result, anyhow, bail};
use serde::Deserialize;
use url::Url;

use super::oauth2::{CheckedOauth2, RawOauth2};
use super::password::{Password, RawPassword};
use crate::cli;
use crate::mapping::StatusWords;
use crate::mapping::wanted::WrittenValue;
use crate::mapping::words::RawWord;
use crate::model::{Meaning, Millis, millis};
use crate::provider::{self, Profile};
use crate::resend::attachments::Attachments;
use crate::resend::engine::SendLimits;
use crate::resend::pace::Rate;
use crate::resend::transport::oauth2::Tokens;
use crate::resend::transport::smtp::{Login, Method, Opener, Security, Smtp, Timeouts, Trust, is_loopback};
use crate::secret::Secret;

/// The variable a password is looked for in where the config names no way to get one.
const PASSWORD_VARIABLE: &str = "MAILTHROTTLE_SMTP_PASSWORD";

/// The word for a ledger in the log's own database.
pub const SAME: &str = "same";

/// Failed mails older than this do not go where nobody says otherwise.
const MAX_AGE: Duration = Duration::from_secs(7 * 86_400);

/// How long a run waits for another by default.
const WAIT: Duration = Duration::from_secs(30);

/// Bytes of the largest message where nobody says otherwise; hardly any provider takes a larger one.
const MAX_MESSAGE_SIZE: u64 = 35 * 1024 * 1024;

/// `[smtp]` as written.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawSmtp {
    url: Option<String>,
    auth: Option<Auth>,
    password_file: Option<PathBuf>,
    password_command: Option<String>,
    password_env: Option<String>,
    ca_file: Option<PathBuf>,
    oauth2: Option<RawOauth2>,
}

/// `[resend]` as written.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawResend {
    cap: Option<u32>,
    rate: Option<String>,
    recipients_per_day: Option<u32>,
    reserve: Option<u32>,
    retry: Option<String>,
    max_attempts: Option<u32>,
    max_age: Option<String>,
    claim_status: Option<String>,
    /// Where the ledger is.
    pub ledger: Option<String>,
    attachments_under: Option<PathBuf>,
    max_message_size: Option<u64>,
    sent_word: Option<String>,
    log: Option<WritesLog>,
    /// What the columns of a row get.
    write: Option<RawWrite>,
}

/// `[resend.write]` as written.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawWrite {
    /// Once its mail went.
    sent: BTreeMap<String, RawWord>,
}

impl RawResend {
    /// What the columns of a row get once its mail went.
    ///
    /// # Errors
    /// One line that names the key.
    pub fn written(&self) -> Result<Vec<(String, WrittenValue)>, String> {
        let sent = self.write.iter().flat_map(|write| &write.sent);
        let value = |(column, raw): (&String, &RawWord)| {
            let value =
                WrittenValue::of(raw).map_err(|error| format!("[resend.write] sent: {column}: {error}"))?;
            Ok((column.clone(), value))
        };
        sent.map(value).collect()
    }
}

/// What of the log is written, in the words of the config.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum WritesLog {
    /// The status of the rows that went.
    #[default]
    Status,
    /// Nothing: the ledger alone knows.
    Nothing,
}

/// The ways to log in, in the words of the config.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Auth {
    Plain,
    Login,
    XOauth2,
    None,
}

/// Settings of sending, checked as far as that goes without a server.
#[derive(Debug)]
pub struct SmtpSettings {
    server: Option<ServerSettings>,
    /// Caps, pace and patience.
    pub engine: SendLimits,
    /// Older mails do not go, in milliseconds.
    pub max_age: Millis,
    /// What of the log is written.
    pub log: LogWriting,
    /// The ledger: none for the log's own database.
    pub ledger: Option<String>,
    /// How long to wait for another run that sends for the same account.
    pub wait: Duration,
    /// Where attachments come from, and how large a message may be.
    pub attachments: Attachments,
    /// The provider whose limits are the ceiling, where it is known.
    pub profile: Option<&'static Profile>,
}

/// What of the log is written.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LogWriting {
    /// Whether anything is.
    pub what: WritesLog,
    /// The status while a mail is being sent.
    pub claim_status: Option<String>,
    /// The status of a mail that went, where the mapping has several words for that.
    pub sent_word: Option<String>,
    /// Whether the config says what columns such a mail gets, whatever the word.
    pub has_columns: bool,
}

impl LogWriting {
    /// The status that a mail which went gets; none where nothing is written.
    ///
    /// # Errors
    /// The mapping has several words for that and nobody says which, or none that is this one.
    pub fn sent_word(&self, words: &StatusWords) -> Result<Option<String>> {
        let known: Vec<&str> = words.of(Meaning::Sent).collect();
        match (self.what, &self.sent_word, known.as_slice()) {
            (WritesLog::Nothing, ..) | (_, None, []) => Ok(None),
            (_, Some(word), known) if known.contains(&word.as_str()) => Ok(Some(word.clone())),
            (_, Some(word), known) => bail!(
                "[resend] sent_word: '{}' is not one of the words for sent in [email_log] ({}); choose one of them",
                word.escape_debug(),
                known.join(", ")
            ),
            (_, None, [only]) => Ok(Some((*only).to_owned())),
            (_, None, [first, ..]) if self.has_columns => Ok(Some((*first).to_owned())),
            (_, None, several) => bail!(
                "[email_log] sent has several words ({}), and which of them a mail gets that resend has sent is not known; say it \
                 by sent_word in [resend], or leave the log alone by log = \"nothing\"",
                several.join(", ")
            ),
        }
    }
}

#[derive(Debug)]
struct ServerSettings {
    url: Url,
    auth: Option<Auth>,
    password: Option<Password>,
    oauth2: Option<CheckedOauth2>,
    ca_file: Option<PathBuf>,
    insecure: bool,
}

/// What the file says about sending.
#[derive(Debug, Default)]
pub struct Raw {
    /// `[smtp]`.
    pub smtp: RawSmtp,
    /// `[resend]`.
    pub resend: RawResend,
    /// The provider the config names.
    pub profile: Option<&'static Profile>,
    /// The file, for errors and for whose hands it is in.
    pub file: Option<PathBuf>,
}

impl Raw {
    /// How old a mail may be that is sent again, in milliseconds.
    ///
    /// # Errors
    /// It is no duration.
    pub fn max_age(&self) -> Result<Millis> {
        max_age(&self.resend)
    }

    /// Where attachments come from.
    pub fn attachments(&self) -> Attachments {
        Attachments {
            under: self.resend.attachments_under.clone(),
            max_message_size: self.resend.max_message_size.unwrap_or(MAX_MESSAGE_SIZE),
        }
    }

    /// The log's status of a row while it is sent.
    pub fn claim_status(&self) -> Option<String> {
        self.resend.claim_status.clone()
    }

    /// Checks everything that can be checked without the server; flags win.
    ///
    /// # Errors
    /// One line that names the flag or the key.
    pub fn check(self, flags: &cli::Resend) -> Result<SmtpSettings> {
        let attachments = self.attachments();
        let url = flags.smtp.clone().or_else(|| self.smtp.url.clone());
        let password = RawPassword {
            file: self.smtp.password_file,
            command: self.smtp.password_command,
            variable: self.smtp.password_env,
        };
        let password = password.check("smtp", self.file.as_deref())?;
        let (auth, ca_file, insecure) = (self.smtp.auth, self.smtp.ca_file, flags.insecure_plaintext);
        let oauth2 = self.smtp.oauth2.map(|oauth2| oauth2.check(self.file.as_deref())).transpose()?;
        if oauth2.is_some() && auth != Some(Auth::XOauth2) {
            bail!(
                "[smtp.oauth2] is for logging in by access token; set auth = \"xoauth2\" in [smtp], or take the section out"
            );
        }
        if oauth2.is_some() && password.is_some() {
            bail!("[smtp] has both a password and [smtp.oauth2], which fetches the token; keep one");
        }
        let server = url.map(|url| {
            Ok::<_, anyhow::Error>(ServerSettings {
                url: smtp_url(&url)?,
                auth,
                password,
                oauth2,
                ca_file,
                insecure,
            })
        });
        let server = server.transpose()?;
        let host = server.as_ref().and_then(|server| server.url.host_str());
        let profile = self.profile.or_else(|| provider::by_host(host?));
        let raw = self.resend;
        let max_age = match &flags.max_age {
            Some(flag) => millis(**flag),
            None => max_age(&raw)?,
        };
        let ledger = ledger(flags, &raw)?;
        Ok(SmtpSettings {
            server,
            engine: engine(&raw, flags, profile)?,
            max_age,
            log: LogWriting {
                what: raw.log.unwrap_or_default(),
                claim_status: raw.claim_status,
                sent_word: raw.sent_word,
                has_columns: raw.write.is_some(),
            },
            ledger,
            wait: flags.wait.map_or(WAIT, |wait| *wait),
            attachments,
            profile,
        })
    }
}

/// Where the ledger is, checked against what may be written to the log.
fn ledger(flags: &cli::Resend, raw: &RawResend) -> Result<Option<String>> {
    let ledger = flags.ledger.clone().or_else(|| raw.ledger.clone()).filter(|ledger| ledger != SAME);
    if ledger.as_ref().is_some_and(|ledger| !ledger.starts_with("sqlite:")) {
        bail!("--ledger: give sqlite:PATH, or same for the log's own database");
    }
    if ledger.is_some() && raw.claim_status.is_some() {
        bail!(
            "[resend] claim_status needs the ledger in the log's own database; take out one of claim_status and ledger"
        );
    }
    if let Some(write) = &raw.write {
        if write.sent.is_empty() {
            bail!(
                "[resend.write] sent names no column; name what a mail that went gets, or take the section out"
            );
        }
        if raw.log == Some(WritesLog::Nothing) || raw.sent_word.is_some() {
            bail!(
                "[resend.write] says what the log gets, as do log = \"nothing\" and sent_word in [resend]; keep one of them"
            );
        }
    }
    if raw.log == Some(WritesLog::Nothing) && raw.claim_status.is_some() {
        bail!(
            "[resend] claim_status writes into the log, which log = \"nothing\" forbids; take one of them out"
        );
    }
    Ok(ledger)
}

fn max_age(raw: &RawResend) -> Result<Millis> {
    let age = raw.max_age.as_ref().map_or(Ok(MAX_AGE), |key| {
        humantime::parse_duration(key)
            .map_err(|error| anyhow!("[resend] max_age: '{}': {error}; write 7d", key.escape_debug()))
    });
    age.map(millis)
}

impl SmtpSettings {
    /// What opens connections to the server, with its password or where tokens come from; none is fetched yet.
    ///
    /// # Errors
    /// No server was named, or the password or the certificates cannot be had.
    pub fn opener(&self) -> Result<Opener> {
        let oauth2 = self.server()?.oauth2.as_ref().map(CheckedOauth2::fetch).transpose()?;
        Ok(Opener { smtp: self.smtp()?, tokens: oauth2.map(Tokens::new) })
    }

    fn smtp(&self) -> Result<Smtp> {
        let server = self.server()?;
        let host = server.url.host_str().unwrap_or_default().to_owned();
        let implicit = server.url.scheme() == "smtps";
        let trust = || Trust::load(server.ca_file.as_deref());
        let security = match (implicit, server.insecure) {
            (true, _) => Security::ImplicitTls(trust()?),
            (false, true) => Security::InsecurePlaintext,
            (false, false) if is_loopback(&host) => Security::Plaintext,
            (false, false) => Security::StartTls(trust()?),
        };
        let port = server.url.port().unwrap_or(if implicit { 465 } else { 587 });
        Ok(Smtp { host, port, security, login: server.login()?, hello: None, timeouts: Timeouts::default() })
    }

    /// The account and the server, as the caps count them.
    ///
    /// # Errors
    /// No server was named.
    pub fn identity(&self) -> Result<String> {
        let server = self.server()?;
        let host = server.url.host_str().unwrap_or_default();
        Ok(match server.user()? {
            Some(user) => format!("{user} at {host}"),
            None => host.to_owned(),
        })
    }

    /// The account, where it is a mailbox.
    ///
    /// # Errors
    /// No server was named.
    pub fn account(&self) -> Result<Option<String>> {
        Ok(self.server()?.user()?.filter(|user| user.contains('@')))
    }

    /// The server's URL, without any password.
    ///
    /// # Errors
    /// No server was named.
    pub fn url(&self) -> Result<&str> {
        Ok(self.server()?.url.as_str())
    }

    fn server(&self) -> Result<&ServerSettings> {
        self.server.as_ref().ok_or_else(|| {
            anyhow!(
                "no server to send through: give --smtp smtp://USER@HOST:PORT, or url in [smtp] of the config; nothing \
                 is sent without it"
            )
        })
    }
}

impl ServerSettings {
    fn user(&self) -> Result<Option<String>> {
        let user = percent_encoding::percent_decode_str(self.url.username()).decode_utf8();
        let user = user.map_err(|_| anyhow!("--smtp: the user is not UTF-8; write an @ as %40"))?;
        Ok(Some(user.into_owned()).filter(|user| !user.is_empty()))
    }

    fn login(&self) -> Result<Option<Login>> {
        let method = match self.auth {
            Some(Auth::None) => return Ok(None),
            Some(Auth::Plain) => Method::Plain,
            Some(Auth::Login) => Method::Login,
            Some(Auth::XOauth2) => Method::XOauth2,
            None => Method::Password,
        };
        let Some(user) = self.user()? else {
            if self.auth.is_some() {
                bail!("[smtp] auth needs a user; write it into the URL: smtp://USER@HOST, an @ in it as %40");
            }
            return Ok(None);
        };
        let secret = match &self.password {
            // a token takes its place
            _ if self.oauth2.is_some() => Secret::new(""),
            Some(password) => password.fetch("smtp")?,
            None => std::env::var(PASSWORD_VARIABLE).ok().filter(|value| !value.is_empty()).map(Secret::new).ok_or_else(
                || anyhow!("no password for {user}: set password_file, password_command or password_env in [smtp], [smtp.oauth2], or {PASSWORD_VARIABLE}; without a login, auth = \"none\""),
            )?,
        };
        Ok(Some(Login { user, secret, method }))
    }
}

fn smtp_url(text: &str) -> Result<Url> {
    let wanted = "write smtp://USER@HOST:PORT or smtps://USER@HOST, an @ in the user as %40";
    let url = Url::parse(text).map_err(|error| anyhow!("--smtp: no URL of a server ({error}); {wanted}"))?;
    if !matches!(url.scheme(), "smtp" | "smtps") || url.host_str().is_none_or(str::is_empty) {
        bail!("--smtp: '{}:' is no server for mail; {wanted}", url.scheme());
    }
    if url.password().is_some() {
        bail!(
            "--smtp: a password in the URL can be seen by others; set password_file or password_env in [smtp]"
        );
    }
    if !matches!(url.path(), "" | "/") || url.query().is_some() {
        bail!("--smtp: nothing may follow the port; {wanted}");
    }
    Ok(url)
}

/// The profile of a known provider is the ceiling; flags and keys only lower it.
fn engine(raw: &RawResend, flags: &cli::Resend, profile: Option<&Profile>) -> Result<SendLimits> {
    let usual = SendLimits::default();
    let at_most = |wanted: u32, ceiling: Option<u32>, name: &str| match ceiling {
        Some(ceiling) if wanted > ceiling => {
            tracing::warn!("{name} is lowered from {wanted} to the provider's {ceiling}");
            ceiling
        }
        _ => wanted,
    };
    let connections = profile.and_then(|profile| profile.connections);
    let cap = flags.cap.or(raw.cap).unwrap_or(connections.unwrap_or(usual.cap));
    let rate = match (flags.rate, &raw.rate) {
        (Some(flag), _) => Some(flag),
        (None, Some(key)) => Some(key.parse().map_err(|error| anyhow!("[resend] rate: {error}"))?),
        (None, None) => None,
    };
    let ceiling = profile.and_then(|profile| profile.messages_per_minute).map(Rate::per_minute);
    let rate = match (rate, ceiling) {
        (Some(wanted), Some(ceiling)) if wanted.spacing() < ceiling.spacing() => {
            tracing::warn!("the rate is lowered from {wanted} to the provider's {ceiling}");
            ceiling
        }
        (wanted, ceiling) => wanted.or(ceiling).unwrap_or(usual.rate),
    };
    let per_day = profile.and_then(|profile| profile.recipients_per_day);
    let wanted_per_day = flags.recipients_per_day.or(raw.recipients_per_day);
    let schedule = raw.retry.as_ref().map(|retry| retry.parse()).transpose();
    Ok(SendLimits {
        cap: at_most(cap, connections, "--cap"),
        reserve: flags.reserve.or(raw.reserve).unwrap_or(usual.reserve),
        rate,
        recipients_per_day: wanted_per_day
            .map(|wanted| at_most(wanted, per_day, "--recipients-per-day"))
            .or(per_day),
        schedule: schedule.map_err(|error| anyhow!("[resend] retry: {error}"))?.unwrap_or_default(),
        max_attempts: flags.max_attempts.or(raw.max_attempts).unwrap_or(usual.max_attempts),
        messages_per_connection: profile.and_then(|profile| profile.messages_per_connection),
        ..usual
    })
}
