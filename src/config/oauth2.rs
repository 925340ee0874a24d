//! `[smtp.oauth2]`: where the access token for the login comes from.

use std::path::{Path, PathBuf};

use anyhow::{Result, anyhow, bail};
use serde::Deserialize;
use url::Url;

use super::password::{Password, RawPassword};
use crate::resend::transport::oauth2::Oauth2;
use crate::resend::transport::smtp::is_loopback;

const SECTION: &str = "smtp.oauth2";

/// The section as written.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawOauth2 {
    token_url: Option<String>,
    client_id: Option<String>,
    client_secret_file: Option<PathBuf>,
    client_secret_command: Option<String>,
    client_secret_env: Option<String>,
    scope: Option<String>,
}

/// The section, checked; the secret is looked at only when it is needed.
#[derive(Debug)]
pub struct CheckedOauth2 {
    token_url: Url,
    client_id: String,
    client_secret: Password,
    scope: String,
}

impl RawOauth2 {
    /// Checks it.
    ///
    /// # Errors
    /// One line that names the key.
    pub fn check(self, config: Option<&Path>) -> Result<CheckedOauth2> {
        let secret = RawPassword {
            file: self.client_secret_file,
            command: self.client_secret_command,
            variable: self.client_secret_env,
        };
        let secret = secret.check_named(SECTION, "client_secret", config)?;
        Ok(CheckedOauth2 {
            token_url: token_url(&given(self.token_url, "token_url", "https://HOST/PATH")?)?,
            client_id: given(self.client_id, "client_id", "the application's id")?,
            client_secret: secret
                .ok_or_else(|| missing("client_secret_file", "a file that holds the secret"))?,
            scope: given(self.scope, "scope", "https://outlook.office365.com/.default for Microsoft 365")?,
        })
    }
}

impl CheckedOauth2 {
    /// The section with its secret.
    ///
    /// # Errors
    /// The secret cannot be had.
    pub fn fetch(&self) -> Result<Oauth2> {
        Ok(Oauth2 {
            token_url: self.token_url.clone(),
            client_id: self.client_id.clone(),
            client_secret: self.client_secret.fetch_named(SECTION, "client_secret")?,
            scope: self.scope.clone(),
        })
    }
}

fn given(value: Option<String>, key: &str, wanted: &str) -> Result<String> {
    value.filter(|value| !value.trim().is_empty()).ok_or_else(|| missing(key, wanted))
}

fn missing(key: &str, wanted: &str) -> anyhow::Error {
    anyhow!("[{SECTION}] {key} is missing; give {wanted}")
}

/// The secret goes there, so it must not be read on the way.
fn token_url(text: &str) -> Result<Url> {
    let url = Url::parse(text)
        .map_err(|error| anyhow!("[{SECTION}] token_url: no address ({error}); write https://HOST/PATH"))?;
    let is_here = url.host_str().is_some_and(is_loopback);
    if url.scheme() != "https" && !(url.scheme() == "http" && is_here) {
        bail!("[{SECTION}] token_url: the secret may only go over https; write https://HOST/PATH");
    }
    if url.password().is_some() || !url.username().is_empty() {
        bail!(
            "[{SECTION}] token_url: take the user out of the address; client_id and client_secret_file are for that"
        );
    }
    Ok(url)
}
