//! Where to connect: what the URL says, then the service, then the environment and files that psql users have.
//!
//! The driver reads `PGHOST` etc. and `.pgpass` itself, but not services or the user's root certificate.
//! A parameter that would be ignored although it makes a connection safer is an error.

use std::time::Duration;

use anyhow::{Result, anyhow, bail};
use sqlx::postgres::PgConnectOptions;
use url::Url;

use super::service;
use crate::db::target::Target;
use crate::secret::Secret;

/// How long connecting may take where nobody says it.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// Parameters that the driver understands.
const KNOWN: &[&str] =
    &["host", "hostaddr", "port", "dbname", "user", "sslmode", "sslrootcert", "sslcert", "sslkey", "options"];

/// Parameters that change nothing here.
const IDLE: &[&str] = &[
    "application_name",
    "fallback_application_name",
    "client_encoding",
    "gssencmode",
    "keepalives",
    "keepalives_idle",
    "keepalives_interval",
    "keepalives_count",
    "tcp_user_timeout",
    "sslcompression",
    "sslsni",
    "target_session_attrs",
];

/// The modes of `sslmode`; the driver would not notice a wrong one in the environment.
const SSL_MODES: &[&str] = &["disable", "allow", "prefer", "require", "verify-ca", "verify-full"];

/// Checked parameters of a connection.
pub struct Params {
    given: Vec<(String, String)>,
    password: Option<Secret>,
    /// How long connecting may take.
    pub connect_timeout: Duration,
}

impl Params {
    /// Reads the URL, and the service it or `PGSERVICE` names.
    ///
    /// # Errors
    /// One line that names what is wrong, without any password.
    pub fn find(target: &Target) -> Result<Self> {
        check_environment()?;
        let mut given = of_url(&target.url)?;
        let service = take(&mut given, "service").or_else(|| variable("PGSERVICE"));
        for (key, value) in service.map_or_else(|| Ok(Vec::new()), |name| service::parameters(&name))? {
            if !given.iter().any(|(known, _)| *known == key) {
                given.push((key, value));
            }
        }
        let password = take(&mut given, "password").map(Secret::new).or_else(|| target.password.clone());
        let wait = take(&mut given, "connect_timeout").or_else(|| variable("PGCONNECT_TIMEOUT"));
        given.retain(|(key, _)| !IDLE.contains(&key.as_str()));
        if let Some((key, _)) = given.iter().find(|(key, _)| !KNOWN.contains(&key.as_str())) {
            bail!("--db: the parameter '{}' is not supported; take it out", key.escape_debug());
        }
        if let Some((_, mode)) = given.iter().find(|(key, _)| key == "sslmode") {
            check_ssl_mode("--db: sslmode", mode)?;
        }
        let mut params = Self { given, password, connect_timeout: connect_timeout(wait.as_deref())? };
        params.add_root_certificate();
        params.check_files()?;
        Ok(params)
    }

    /// What the driver makes of it.
    ///
    /// # Errors
    /// A value it cannot read.
    pub fn options(&self) -> Result<PgConnectOptions> {
        let mut url = Url::parse("postgres://").expect("a scheme is a URL");
        url.query_pairs_mut().extend_pairs(&self.given);
        let options: PgConnectOptions = url.as_str().parse().map_err(|error: sqlx::Error| {
            let reason = match error {
                sqlx::Error::Configuration(reason) => reason.to_string(),
                other => other.to_string(),
            };
            anyhow!("--db: {reason}; check the URL's parameters")
        })?;
        // a pooler between may not know these
        let options =
            options.extra_float_digits(None).statement_cache_capacity(0).application_name("mailthrottle");
        Ok(match &self.password {
            Some(password) => options.password(password.expose()),
            None => options,
        })
    }

    /// `postgres://HOST:PORT/DATABASE`, or with the folder of a socket.
    pub fn name(&self) -> String {
        let Ok(options) = self.options() else {
            return "postgres://".to_owned();
        };
        let socket = options.get_socket().map(|folder| folder.display().to_string());
        let host = socket.unwrap_or_else(|| options.get_host().to_owned());
        let database = options.get_database().unwrap_or(options.get_username());
        match host.starts_with('/') {
            true => format!("postgres:///{database}?host={host}&port={}", options.get_port()),
            false => format!("postgres://{host}:{}/{database}", options.get_port()),
        }
    }

    /// The user.
    pub fn role(&self) -> String {
        self.options().map_or_else(|_| String::new(), |options| options.get_username().to_owned())
    }

    fn value(&self, key: &str) -> Option<String> {
        self.given.iter().find(|(known, _)| known == key).map(|(_, value)| value.clone())
    }

    fn check_files(&self) -> Result<()> {
        for (key, name) in
            [("sslrootcert", "PGSSLROOTCERT"), ("sslcert", "PGSSLCERT"), ("sslkey", "PGSSLKEY")]
        {
            let file = self.value(key).or_else(|| variable(name));
            if let Some(file) = file.filter(|file| std::fs::File::open(file).is_err()) {
                bail!(
                    "--db: {key}: {} cannot be read; name the file of a certificate or key",
                    file.escape_debug()
                );
            }
        }
        Ok(())
    }

    /// The root certificate in its usual place, or the platform's for `system`, as psql takes them.
    fn add_root_certificate(&mut self) {
        let named = self.value("sslrootcert").or_else(|| variable("PGSSLROOTCERT"));
        if named.as_deref() == Some("system") {
            self.given.retain(|(key, _)| key != "sslrootcert");
        }
        let mode = self.value("sslmode").or_else(|| variable("PGSSLMODE")).unwrap_or_default();
        let usual = std::env::home_dir().map(|home| home.join(".postgresql/root.crt"));
        if let (None, true, Some(file)) =
            (named, mode.starts_with("verify-"), usual.filter(|file| file.is_file()))
        {
            self.given.push(("sslrootcert".to_owned(), file.display().to_string()));
        }
    }
}

/// The parameters in a URL.
fn of_url(text: &str) -> Result<Vec<(String, String)>> {
    let wrong = |why: &str| {
        anyhow!(
            "--db: no URL of a database ({why}); write postgres://USER@HOST:PORT/DATABASE, \
             with %40 for an @ and %2F for a / in user or password"
        )
    };
    let url = Url::parse(text).map_err(|error| wrong(&error.to_string()))?;
    // else a part of the password would be shown as host and database
    if url.path().contains('@') {
        return Err(wrong("there is an @ after the host"));
    }
    let decoded = |text: &str| {
        percent_encoding::percent_decode_str(text)
            .decode_utf8()
            .map(|text| text.into_owned())
            .map_err(|_| anyhow!("--db: what the URL writes with % is not UTF-8; write it anew"))
    };
    let mut given = Vec::new();
    let mut add = |key: &str, value: Option<&str>| {
        if let Some(value) = value.filter(|value| !value.is_empty()) {
            given.push((key.to_owned(), decoded(value)?));
        }
        Ok::<_, anyhow::Error>(())
    };
    add("user", Some(url.username()))?;
    add("password", url.password())?;
    add("host", url.host_str())?;
    add("port", url.port().map(|port| port.to_string()).as_deref())?;
    add("dbname", Some(url.path().trim_start_matches('/')))?;
    for (key, value) in url.query_pairs() {
        given.retain(|(known, _)| *known != key);
        given.push((key.into_owned(), value.into_owned()));
    }
    if given.iter().any(|(key, value)| key == "host" && value.contains(',')) {
        bail!("--db: several hosts are not supported; name one");
    }
    Ok(given)
}

fn check_environment() -> Result<()> {
    if let Some(mode) = variable("PGSSLMODE") {
        check_ssl_mode("PGSSLMODE:", &mode)?;
    }
    if let Some(port) = variable("PGPORT").filter(|port| port.parse::<u16>().is_err()) {
        bail!("PGPORT: '{}' is no port", port.escape_debug());
    }
    for name in ["PGCHANNELBINDING", "PGREQUIREPEER", "PGREQUIREAUTH"] {
        if variable(name).is_some_and(|value| !matches!(value.as_str(), "prefer" | "disable")) {
            bail!("{name} is not supported; unset it");
        }
    }
    Ok(())
}

fn check_ssl_mode(key: &str, mode: &str) -> Result<()> {
    if !SSL_MODES.contains(&mode) {
        bail!("{key} '{}' is not one of {}", mode.escape_debug(), SSL_MODES.join(", "));
    }
    Ok(())
}

fn connect_timeout(wait: Option<&str>) -> Result<Duration> {
    match wait.map(str::parse) {
        None => Ok(CONNECT_TIMEOUT),
        Some(Ok(0)) => Ok(Duration::MAX),
        Some(Ok(seconds)) => Ok(Duration::from_secs(seconds)),
        Some(Err(_)) => bail!("--db: connect_timeout is no number of seconds"),
    }
}

fn take(given: &mut Vec<(String, String)>, key: &str) -> Option<String> {
    let place = given.iter().position(|(known, _)| known == key)?;
    Some(given.remove(place).1)
}

fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(url: &str) -> Vec<(String, String)> {
        of_url(url).unwrap()
    }

    #[test]
    fn a_url_is_read_as_psql_reads_it() {
        let pair = |key: &str, value: &str| (key.to_owned(), value.to_owned());
        assert_eq!(
            pairs("postgres://re%40port:p%2Fw@db.example:5433/erp?sslmode=require"),
            [
                pair("user", "re@port"),
                pair("password", "p/w"),
                pair("host", "db.example"),
                pair("port", "5433"),
                pair("dbname", "erp"),
                pair("sslmode", "require")
            ]
        );
        assert_eq!(
            pairs("postgresql:///?host=/run/pg&service=erp"),
            [pair("host", "/run/pg"), pair("service", "erp")]
        );
        assert_eq!(pairs("postgres://%2Frun%2Fpg/erp"), [pair("host", "/run/pg"), pair("dbname", "erp")]);
        assert!(pairs("postgres://").is_empty());
    }

    #[test]
    fn what_is_no_url_is_said_without_its_password() {
        let error = of_url("postgres://u:secret/1@h/db").unwrap_err().to_string();
        assert!(error.starts_with("--db: no URL of a database (invalid port number)"), "{error}");
        assert!(!error.contains("secret"), "{error}");
    }
}
