//! AUTH PLAIN, LOGIN and XOAUTH2 from the server's side.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use mailthrottle::model::Stage;

use super::super::settings::{Account, text};
use super::{End, Session, Step};

impl Session {
    pub(super) async fn log_in(&mut self, line: &str) -> Step {
        let mut words = line.split(' ').skip(1);
        let mechanism = words.next().unwrap_or_default().to_ascii_uppercase();
        self.shared.seen().commands.push(format!("AUTH {mechanism}"));
        let Some(account) = self.shared.settings.account.clone() else {
            return self.say("502 5.5.1 not offered");
        };
        let initial = words.next().filter(|_| !account.ignores_initial);
        let right = match mechanism.as_str() {
            "PLAIN" => {
                let expected = format!("\0{}\0{}", account.user, account.secret);
                self.token(initial).await? == expected
            }
            "LOGIN" => self.name_and_password(&account).await?,
            "XOAUTH2" => self.xoauth2(initial, &account).await?,
            _ => return self.say("504 5.5.4 unknown mechanism"),
        };
        let answer = if right { "235 2.7.0 welcome" } else { text::BAD_LOGIN };
        self.logged_in = self.answer(Stage::Auth, answer).await?;
        Ok(())
    }

    async fn token(&mut self, initial: Option<&str>) -> Result<String, End> {
        match initial {
            Some(token) => Ok(decoded(token)),
            None => self.ask("").await,
        }
    }

    async fn name_and_password(&mut self, account: &Account) -> Result<bool, End> {
        let user = self.ask("Username:").await?;
        let password = self.ask("Password:").await?;
        Ok(user == account.user && password == account.secret)
    }

    async fn xoauth2(&mut self, initial: Option<&str>, account: &Account) -> Result<bool, End> {
        let expected = format!("user={}\x01auth=Bearer {}\x01\x01", account.user, account.secret);
        if self.token(initial).await? == expected {
            return Ok(true);
        }
        // the reason comes only after an empty answer to this
        if !self.ask(r#"{"status":"400","schemes":"Bearer"}"#).await?.is_empty() {
            self.shared.violates("answered the challenge of a failed XOAUTH2");
        }
        Ok(false)
    }

    async fn ask(&mut self, challenge: &str) -> Result<String, End> {
        self.say(&format!("334 {}", STANDARD.encode(challenge)))?;
        Ok(decoded(&self.line().await?))
    }
}

fn decoded(token: &str) -> String {
    STANDARD.decode(token).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default()
}
