//! Limits and advice per mail provider, kept as data in `profiles.toml`.
//!
//! A profile is the ceiling for sending: a number that is there is kept to, one that is not known is absent. Numbers that
//! were checked against the provider's own pages are marked `verified`; the others are said to be unverified.

use std::sync::LazyLock;

use serde::{Deserialize, Serialize};

/// What a provider allows and what it advises.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Profile {
    /// The profile's name in config and results.
    pub name: String,
    /// The provider's name for people.
    pub title: String,
    /// Hosts it covers; `*.example.com` covers every host below `example.com`.
    #[serde(default)]
    pub hosts: Vec<String>,
    /// Connections at once, for one account.
    pub connections: Option<u32>,
    /// Messages in a minute, for one account.
    pub messages_per_minute: Option<u32>,
    /// Recipients in a rolling day, for one account.
    pub recipients_per_day: Option<u32>,
    /// Recipients of one message.
    pub recipients_per_message: Option<u32>,
    /// Messages over one connection before it should be closed.
    pub messages_per_connection: Option<u32>,
    /// Ways to log in, in the words of the config: `xoauth2`, `plain`, `login`, `none`.
    #[serde(default)]
    pub auth: Vec<String>,
    /// What to do about the limits, a sentence a line.
    #[serde(default)]
    pub advice: Vec<String>,
    /// The provider's own documentation.
    #[serde(default)]
    pub docs: Vec<String>,
    /// The numbers were checked against the provider's own pages.
    #[serde(default)]
    pub verified: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ProviderFile {
    profiles: Vec<Profile>,
}

static PROFILES: LazyLock<Vec<Profile>> = LazyLock::new(|| {
    let file: ProviderFile = toml::from_str(include_str!("profiles.toml"))
        .expect("profiles.toml is part of the program and tested");
    file.profiles
});

/// All profiles, in the order of the file.
pub fn profiles() -> &'static [Profile] {
    &PROFILES
}

/// The profile of this name.
pub fn by_name(name: &str) -> Option<&'static Profile> {
    profiles().iter().find(|profile| profile.name.eq_ignore_ascii_case(name.trim()))
}

/// The profile for this SMTP host; a port and a final dot do not matter.
///
/// ```
/// use mailthrottle::provider::by_host;
/// assert_eq!(by_host("SMTP.Office365.com:587").unwrap().connections, Some(3));
/// assert!(by_host("mail.example.com").is_none());
/// ```
pub fn by_host(host: &str) -> Option<&'static Profile> {
    let host = host.trim().split(':').next().unwrap_or_default().trim_end_matches('.').to_ascii_lowercase();
    profiles().iter().find(|profile| profile.hosts.iter().any(|pattern| stands_for(pattern, &host)))
}

fn stands_for(pattern: &str, host: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == host,
        Some((before, after)) => {
            host.len() > before.len() + after.len() && host.starts_with(before) && host.ends_with(after)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn names_are_unique_and_lead_back() {
        let names: HashSet<_> = profiles().iter().map(|p| &p.name).collect();
        assert_eq!(names.len(), profiles().len());
        assert!(profiles().iter().all(|p| by_name(&p.name) == Some(p)));
    }

    #[test]
    fn a_host_finds_its_provider() {
        for (host, name) in [
            ("smtp.office365.com", "exchange-online"),
            ("outlook.office365.com:587", "exchange-online"),
            ("contoso-com.mail.protection.outlook.com", "exchange-online-direct"),
            ("smtp-hve.office365.com", "exchange-online-hve"),
            ("smtp.gmail.com", "gmail"),
            ("SMTP-relay.gmail.com.", "google-workspace-relay"),
            ("email-smtp.eu-west-1.amazonaws.com", "amazon-ses"),
            ("smtp.sendgrid.net", "sendgrid"),
            ("smtppro.zoho.eu", "zoho"),
        ] {
            assert_eq!(by_host(host).map(|p| p.name.as_str()), Some(name), "{host}");
        }
        assert!(by_host("").is_none());
        assert!(by_host("office365.com.example.org").is_none());
    }

    #[test]
    fn every_profile_advises_and_says_where_to_read() {
        for profile in profiles() {
            assert!(!profile.advice.is_empty() && !profile.docs.is_empty(), "{}", profile.name);
            assert!(profile.docs.iter().all(|address| address.starts_with("https://")), "{}", profile.name);
        }
    }

    #[test]
    fn a_number_is_never_zero() {
        let zero = |n: Option<u32>| n == Some(0);
        assert!(!profiles().iter().any(|p| {
            zero(p.connections)
                || zero(p.messages_per_minute)
                || zero(p.recipients_per_day)
                || zero(p.recipients_per_message)
        }));
    }
}
