//! Access tokens by client credentials (RFC 6749, 4.4).
//!
//! A token is fetched before the first connection, kept until shortly before it expires, and fetched again when a server
//! does not take it. Secret and token are in no error and no log, and go to the token server alone: over TLS or on this
//! machine, and to no other address that it may name.

use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::Value;
use thiserror::Error;
use tokio::sync::Mutex;
use url::Url;

use crate::http;
use crate::output::escape;
use crate::secret::{Secret, Veil};

/// How long the token server may take.
const LIMIT: Duration = Duration::from_secs(30);

/// How long before it expires a token is no longer used, or half its life if that is short.
const MARGIN: Duration = Duration::from_secs(120);

/// The life of a token whose server does not say it.
const USUAL_LIFE: u64 = 600;

/// No answer with a token is longer.
const MOST_BYTES: u64 = 256 * 1024;

/// No reason is longer.
const MOST_CHARACTERS: usize = 300;

/// What is needed to get a token.
#[derive(Debug, Clone)]
pub struct Oauth2 {
    /// Where tokens are given out: `https`, or on this machine.
    pub token_url: Url,
    /// The application's id.
    pub client_id: String,
    /// Its secret.
    pub client_secret: Secret,
    /// What the token is for.
    pub scope: String,
}

/// Why there is no token.
#[derive(Debug, Clone, Error)]
#[error("no access token from {host}: {why}")]
pub struct NoToken {
    host: String,
    why: String,
    /// Asking again will not help.
    pub is_refusal: bool,
}

/// The tokens of a run.
#[derive(Debug)]
pub struct Tokens {
    oauth2: Arc<Oauth2>,
    held: Mutex<Option<Token>>,
}

#[derive(Debug, Clone)]
struct Token {
    secret: Secret,
    until: Instant,
}

impl Tokens {
    /// None is fetched yet.
    pub fn new(oauth2: Oauth2) -> Self {
        Self { oauth2: Arc::new(oauth2), held: Mutex::new(None) }
    }

    /// A token that has not expired.
    ///
    /// # Errors
    /// The token server cannot be reached, or gives none.
    pub async fn current(&self) -> Result<Secret, NoToken> {
        self.other_than(None).await
    }

    /// A token that is not the one which was not taken.
    ///
    /// # Errors
    /// The token server cannot be reached, or gives none.
    pub async fn other_than(&self, refused: Option<&Secret>) -> Result<Secret, NoToken> {
        // whoever comes meanwhile waits for the same one
        let mut held = self.held.lock().await;
        let good = |token: &&Token| token.until > Instant::now() && Some(&token.secret) != refused;
        if let Some(token) = held.as_ref().filter(good) {
            return Ok(token.secret.clone());
        }
        let oauth2 = self.oauth2.clone();
        let fetched = tokio::task::spawn_blocking(move || oauth2.fetch()).await;
        let token = fetched.map_err(|_| self.oauth2.none("the request failed", false))??;
        *held = Some(token.clone());
        Ok(token.secret)
    }
}

impl Oauth2 {
    fn fetch(&self) -> Result<Token, NoToken> {
        let form = [
            ("grant_type", "client_credentials"),
            ("client_id", &self.client_id),
            ("client_secret", self.client_secret.expose()),
            ("scope", &self.scope),
        ];
        let asked_at = Instant::now();
        let answered = http::agent(LIMIT)
            .post(self.token_url.as_str())
            .header("Accept", "application/json")
            .send_form(form);
        let mut answer = answered
            .map_err(|error| self.none(&format!("{error}; check token_url and the network"), false))?;
        let status = answer.status();
        let text = answer.body_mut().with_config().limit(MOST_BYTES).read_to_string();
        let text = text.map_err(|error| self.none(&error.to_string(), false))?;
        if status.is_redirection() {
            return Err(self.none(
                &format!("it answered {status}, and the secret goes nowhere else; check token_url"),
                true,
            ));
        }
        self.read(&text, status.as_u16(), asked_at)
    }

    fn read(&self, text: &str, status: u16, asked_at: Instant) -> Result<Token, NoToken> {
        let is_refusal = (400..500).contains(&status) && !matches!(status, 408 | 429);
        let Ok(answer) = serde_json::from_str::<Value>(text) else {
            return Err(self.none(&format!("it answered {status} and no JSON; check token_url"), is_refusal));
        };
        let word = |key: &str| answer[key].as_str().filter(|word| !word.is_empty());
        if let Some(error) = word("error") {
            let more = word("error_description").map(|more| format!(": {more}")).unwrap_or_default();
            let why = format!("{error}{more}; check client_id, client_secret and scope");
            return Err(self.none(&why, is_refusal));
        }
        let token = word("access_token").filter(|token| token.chars().all(|c| c.is_ascii_graphic()));
        let Some(token) = token.filter(|_| status == 200) else {
            return Err(self.none(
                &format!("it answered {status} without an access_token; check token_url"),
                is_refusal,
            ));
        };
        let life = match &answer["expires_in"] {
            Value::String(seconds) => seconds.parse().ok(),
            seconds => seconds.as_u64(),
        };
        let life = Duration::from_secs(life.unwrap_or(USUAL_LIFE).min(86_400));
        Ok(Token { secret: Secret::new(token), until: asked_at + life - MARGIN.min(life / 2) })
    }

    /// An error without the secret, though the server may have repeated it.
    fn none(&self, why: &str, is_refusal: bool) -> NoToken {
        let why = escape::line(&Veil::over(&self.client_secret, []).apply(why));
        let host = self.token_url.host_str().unwrap_or_default().to_owned();
        NoToken { host, why: escape::short(&why, MOST_CHARACTERS), is_refusal }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(status: u16, text: &str) -> Result<(String, u64), String> {
        let oauth2 = Oauth2 {
            token_url: Url::parse("https://login.example/t").unwrap(),
            client_id: "app".to_owned(),
            client_secret: Secret::new("s3cret"),
            scope: "mail".to_owned(),
        };
        let now = Instant::now();
        let token = oauth2.read(text, status, now).map_err(|none| none.to_string())?;
        Ok((token.secret.expose().to_owned(), (token.until - now).as_secs()))
    }

    #[test]
    fn a_token_is_good_until_shortly_before_it_expires() {
        for (life, good) in [("3600", 3480), ("\"3600\"", 3480), ("100", 50), ("null", 480), ("0", 0)] {
            let text = format!(r#"{{"access_token":"abc","token_type":"Bearer","expires_in":{life}}}"#);
            assert_eq!(read(200, &text), Ok(("abc".to_owned(), good)), "{life}");
        }
    }

    #[test]
    fn an_answer_without_a_token_says_what_to_check() {
        for (status, text, why) in [
            (
                401,
                r#"{"error":"invalid_client","error_description":"no 's3cret'\nhere"}"#,
                "invalid_client: no '***' here; check client_id, client_secret and scope",
            ),
            (400, r#"{"error":"invalid_scope"}"#, "invalid_scope; check client_id, client_secret and scope"),
            (200, "<html>", "it answered 200 and no JSON; check token_url"),
            (502, "", "it answered 502 and no JSON; check token_url"),
            (200, "{}", "it answered 200 without an access_token; check token_url"),
            (200, r#"{"access_token":"a b"}"#, "it answered 200 without an access_token; check token_url"),
        ] {
            assert_eq!(read(status, text), Err(format!("no access token from login.example: {why}")));
        }
    }
}
