//! Where to connect, by the URL: user, password and the connect string the client library understands.
//!
//! `oracle://user[:password]@host[:port]/service[?key=value&...]`, `oracles://` for TLS, an alias of `tnsnames.ora` in place
//! of host and service, or a whole `(DESCRIPTION=...)`. What the URL writes with `%` is decoded. Without a user the client
//! logs in by what it has: a wallet, or the user of the operating system.
//! Source: <https://docs.oracle.com/en/database/oracle/oracle-database/19/netag/configuring-naming-methods.html>

use anyhow::{Result, anyhow, bail};
use percent_encoding::percent_decode_str;

use crate::db::target::Target;
use crate::secret::Secret;

/// A connection as it is asked for.
#[derive(Debug, Clone)]
pub struct Address {
    /// Who connects; empty: the client knows by itself.
    pub user: String,
    /// With which password.
    pub password: Option<Secret>,
    place: ConnectString,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum ConnectString {
    /// `//host:port/service` with parameters, perhaps by TLS.
    Server { is_tls: bool, host: String, service: String, parameters: Vec<(String, String)> },
    /// An alias, or a description.
    Named(String),
}

/// Seconds for a connection as a whole and for its transport, where the URL says nothing.
const TIMEOUTS: [(&str, &str); 2] = [("connect_timeout", "10"), ("transport_connect_timeout", "5")];

impl Address {
    /// Reads the URL of a target.
    ///
    /// # Errors
    /// One line that says what is wrong with it, without any password.
    pub fn of(target: &Target) -> Result<Self> {
        let (is_tls, rest) = match target.url.split_once("://") {
            Some(("oracle", rest)) => (false, rest),
            Some(("oracles", rest)) => (true, rest),
            // a description is complete by itself
            _ => (false, target.url.as_str()),
        };
        let end = rest.find(['?', '(']).unwrap_or(rest.len());
        let (login, place) = match rest[..end].rfind('@') {
            Some(at) => (&rest[..at], &rest[at + 1..]),
            None => ("", rest),
        };
        let (user, password) = login.split_once(':').map_or((login, None), |(user, word)| (user, Some(word)));
        let user = decoded(user.trim_start_matches('/'))?;
        let password = password.filter(|word| !word.is_empty()).map(decoded).transpose()?;
        let password = password.map(Secret::new).or_else(|| target.password.clone());
        let place = ConnectString::of(is_tls, place)?;
        match (user.is_empty(), &password) {
            (false, None) => bail!(
                "--db: no password for {user}; set password_file, password_command or password_env in [database], or write \
                 oracle:///@ALIAS to log in by a wallet or the operating system"
            ),
            (true, Some(_)) => bail!("--db: a password without a user; write oracle://USER@HOST/SERVICE"),
            _ => Ok(Self { user, password, place }),
        }
    }

    /// What the client library is given. An old client does not know parameters after the service.
    pub fn connect_string(&self, knows_parameters: bool) -> String {
        match &self.place {
            ConnectString::Named(name) => name.clone(),
            ConnectString::Server { is_tls, host, service, parameters } => {
                let protocol = if *is_tls { "tcps:" } else { "" };
                let said = |key: &str| parameters.iter().any(|(known, _)| known.eq_ignore_ascii_case(key));
                let usual = TIMEOUTS.iter().filter(|(key, _)| knows_parameters && !said(key));
                let usual = usual.map(|(key, value)| format!("{key}={value}"));
                let given = parameters.iter().map(|(key, value)| format!("{key}={value}"));
                let all: Vec<_> = given.chain(usual).collect();
                let mark = if all.is_empty() { "" } else { "?" };
                format!("{protocol}//{host}/{service}{mark}{}", all.join("&"))
            }
        }
    }

    /// `oracle://HOST:PORT/SERVICE`, without user, password and parameters.
    pub fn name(&self) -> String {
        match &self.place {
            ConnectString::Named(name) => format!("oracle://{name}"),
            ConnectString::Server { is_tls, host, service, .. } => {
                format!("{}://{host}/{service}", if *is_tls { "oracles" } else { "oracle" })
            }
        }
    }
}

impl ConnectString {
    fn of(is_tls: bool, text: &str) -> Result<Self> {
        if text.starts_with('(') {
            return Ok(ConnectString::Named(text.to_owned()));
        }
        let (place, parameters) = text.split_once('?').unwrap_or((text, ""));
        let place = place.trim_start_matches('/');
        if place.is_empty() {
            bail!("--db: no place; write oracle://USER@HOST:1521/SERVICE or oracle://USER@ALIAS");
        }
        let Some((host, service)) = place.split_once('/') else {
            if is_tls {
                bail!("--db: oracles:// wants HOST:PORT/SERVICE; an alias says by itself that it is by TLS");
            }
            return Ok(ConnectString::Named(decoded(place)?));
        };
        if service.is_empty() {
            bail!("--db: no service after '{host}/'; write oracle://USER@HOST:1521/SERVICE");
        }
        let port = host.rsplit_once(':').filter(|(_, port)| !port.ends_with(']')).map(|(_, port)| port);
        if let Some(port) = port.filter(|port| port.parse::<u16>().is_err()) {
            bail!("--db: '{}' is no port; write oracle://USER@HOST:1521/SERVICE", port.escape_debug());
        }
        let pair = |pair: &str| {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            Ok((decoded(key)?, decoded(value)?))
        };
        let parameters = parameters.split('&').filter(|pair| !pair.is_empty());
        Ok(ConnectString::Server {
            is_tls,
            host: decoded(host)?,
            service: decoded(service)?,
            parameters: parameters.map(pair).collect::<Result<_>>()?,
        })
    }
}

fn decoded(text: &str) -> Result<String> {
    let decoded = percent_decode_str(text).decode_utf8();
    Ok(decoded
        .map_err(|_| anyhow!("--db: what the URL writes with % is not UTF-8; write it anew"))?
        .into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(url: &str) -> Result<Address> {
        let password = url.contains("report@").then(|| Secret::new("kept".to_owned()));
        Address::of(&Target { url: url.to_owned(), password, ..Target::default() })
    }

    #[test]
    fn a_url_becomes_what_the_client_understands() {
        let cases = [
            (
                "oracle://report:p%40ss@db.example:1522/erp",
                "report p@ss //db.example:1522/erp oracle://db.example:1522/erp",
            ),
            ("oracle://report@db.example/erp", "report kept //db.example/erp oracle://db.example/erp"),
            ("oracle://report@[::1]:1521/erp", "report kept //[::1]:1521/erp oracle://[::1]:1521/erp"),
            ("oracle://report@ERP_PROD", "report kept ERP_PROD oracle://ERP_PROD"),
            ("oracle:///@ERP_PROD", "- - ERP_PROD oracle://ERP_PROD"),
            ("oracle://@ERP_PROD", "- - ERP_PROD oracle://ERP_PROD"),
            (
                "oracles://report:x@db:2484/erp?wallet_location=/w@llet&ssl_server_dn_match=on",
                "report x tcps://db:2484/erp?wallet_location=/w@llet&ssl_server_dn_match=on oracles://db:2484/erp",
            ),
            (
                "oracle://report@(DESCRIPTION=(ADDRESS=(HOST=db)))",
                "report kept (DESCRIPTION=(ADDRESS=(HOST=db))) oracle://(DESCRIPTION=(ADDRESS=(HOST=db)))",
            ),
            ("(DESCRIPTION=(X=@))", "- - (DESCRIPTION=(X=@)) oracle://(DESCRIPTION=(X=@))"),
        ];
        for (url, expected) in cases {
            let address = address(url).unwrap();
            let or = |text: &str| if text.is_empty() { "-".to_owned() } else { text.to_owned() };
            let password = address.password.as_ref().map_or("-", Secret::expose);
            let parts = [&or(&address.user), password, &address.connect_string(false), &address.name()];
            assert_eq!(parts.join(" "), expected, "{url}");
        }
    }

    #[test]
    fn a_new_client_gets_time_limits_that_the_url_does_not_set() {
        let string = |url| address(url).unwrap().connect_string(true);
        assert_eq!(
            string("oracle://report@db/erp"),
            "//db/erp?connect_timeout=10&transport_connect_timeout=5"
        );
        assert_eq!(
            string("oracle://report@db/erp?connect_timeout=3"),
            "//db/erp?connect_timeout=3&transport_connect_timeout=5"
        );
    }

    #[test]
    fn what_is_no_address_is_said_without_its_password() {
        for url in [
            "oracle://u:secret@",
            "oracle://u:secret@h/",
            "oracle://u:secret@h:x/erp",
            "oracles://u:secret@A",
        ] {
            let error = address(url).unwrap_err().to_string();
            assert!(error.starts_with("--db: ") && !error.contains("secret"), "{error}");
        }
        assert!(address("oracle://u@h/erp").unwrap_err().to_string().starts_with("--db: no password for u"));
    }
}
