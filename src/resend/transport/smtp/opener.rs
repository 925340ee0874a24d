//! Connections to a server, with an access token where the login needs one.

use super::{Smtp, SmtpConnection};
use crate::model::Stage;
use crate::resend::transport::oauth2::{NoToken, Tokens};
use crate::resend::transport::{FailureKind, SendFailure};
use crate::secret::Secret;

/// Opens connections to a server, with a token where the login needs one.
#[derive(Debug)]
pub struct Opener {
    /// The server; where there are tokens, the secret of its login is replaced.
    pub smtp: Smtp,
    /// Where the token comes from.
    pub tokens: Option<Tokens>,
}

impl Opener {
    /// The host and port it opens connections to.
    pub fn place(&self) -> String {
        format!("{}:{}", self.smtp.host, self.smtp.port)
    }

    /// Makes sure that there is a token, where one is needed.
    ///
    /// # Errors
    /// The token server cannot be reached, or gives none.
    pub async fn prepare(&self) -> Result<(), NoToken> {
        match &self.tokens {
            Some(tokens) => tokens.current().await.map(drop),
            None => Ok(()),
        }
    }

    /// Opens a connection and logs in; if the token is not taken, once more with another.
    ///
    /// # Errors
    /// Says at which step it failed.
    pub async fn open(&self) -> Result<SmtpConnection, SendFailure> {
        let Some(tokens) = &self.tokens else {
            return SmtpConnection::open(&self.smtp).await;
        };
        let token = tokens.current().await.map_err(failure_of)?;
        match SmtpConnection::open(&self.with(token.clone())).await {
            Err(failure) if failure.reply.as_ref().is_some_and(|reply| reply.code == 535) => {
                let other = tokens.other_than(Some(&token)).await.map_err(failure_of)?;
                if other == token { Err(failure) } else { SmtpConnection::open(&self.with(other)).await }
            }
            opened => opened,
        }
    }

    fn with(&self, token: Secret) -> Smtp {
        let mut smtp = self.smtp.clone();
        if let Some(login) = &mut smtp.login {
            login.secret = token;
        }
        smtp
    }
}

fn failure_of(no_token: NoToken) -> SendFailure {
    let kind = if no_token.is_refusal { FailureKind::Unsupported } else { FailureKind::Network };
    SendFailure::new(Stage::Auth, kind, &no_token.to_string())
}
