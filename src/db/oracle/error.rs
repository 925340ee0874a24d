//! What Oracle refused, in one line that says what to do. The server's own words are kept, in its own language; what to do
//! follows from the number. Source: <https://docs.oracle.com/en/error-help/db/>

use std::time::Duration;

use anyhow::{Error, anyhow};

use super::grants;

/// What an error has to name: whom was asked, and how long an answer may take.
#[derive(Debug, Clone)]
pub struct Asked {
    /// The place.
    pub name: String,
    /// The user.
    pub role: String,
    /// The tables in question, by schema and name.
    pub tables: Vec<(String, String)>,
    /// How long an answer may take; zero: as long as it likes.
    pub limit: Duration,
    /// What would make statements quicker.
    pub indexes: String,
}

/// Refusals for a right that is missing: 942 also where there is nothing, 41900 from 23ai on.
pub const NO_RIGHT: [i32; 3] = [942, 1031, 41900];

/// Explains an error of the driver.
pub fn explain(error: &oracle::Error, asked: &Asked) -> Error {
    let role = grants::identifier(&asked.role);
    explained(error, asked, &grants::needed(&asked.tables, &role))
}

/// Explains why a statement that writes was refused.
pub fn explain_write(error: &oracle::Error, asked: &Asked, sql: &str) -> Error {
    explained(error, asked, &grants::to_write(sql, &grants::identifier(&asked.role)))
}

/// What the server or the driver said, in one line.
pub fn words(error: &oracle::Error) -> String {
    let text = error.db_error().map_or_else(|| error.to_string(), |refusal| refusal.message().to_owned());
    // what follows is where in the program text, or a link
    text.lines().next().unwrap_or_default().trim().to_owned()
}

/// `rights`: what makes the rights that may be missing.
fn explained(error: &oracle::Error, asked: &Asked, rights: &[String]) -> Error {
    let (name, number) = (&asked.name, error.oci_code().unwrap_or(0));
    let words = words(error);
    match (number, error.dpi_code()) {
        (0, Some(1067)) => slow(&words, asked),
        (0, Some(1010 | 1080)) => anyhow!("{name}: {words}; {LOST}"),
        (0, _) => anyhow!("{name}: {words}; check the URL in --db"),
        (1013 | 3136, _) => slow(&words, asked),
        _ => anyhow!("{name}: {words}; {}", advice(number, asked, rights)),
    }
}

const LOST: &str =
    "the connection was lost, what was not committed is undone; check the server and run this again";

/// The session's thread is gone.
pub fn ended(asked: &Asked) -> Error {
    anyhow!("{}: {LOST}", asked.name)
}

/// The server said nothing for longer than a call may take, not even that it was broken.
pub fn silence(asked: &Asked) -> Error {
    let limit = humantime::format_duration(asked.limit);
    anyhow!(
        "{}: no answer within {limit} (--statement-timeout); check the server and the network",
        asked.name
    )
}

fn slow(words: &str, asked: &Asked) -> Error {
    anyhow!(
        "{}: {words}; the limit is {} (--statement-timeout): take a shorter window, add {}, or raise the limit",
        asked.name,
        humantime::format_duration(asked.limit),
        asked.indexes
    )
}

fn advice(number: i32, asked: &Asked, rights: &[String]) -> String {
    let role = grants::identifier(&asked.role);
    match number {
        right if NO_RIGHT.contains(&right) && rights.is_empty() => {
            "name another table, or ask for the right to it".to_owned()
        }
        right if NO_RIGHT.contains(&right) => format!("ask for: {}", rights.join("; ")),
        1 => "another run wrote the same; run this again".to_owned(),
        28 | 1012 | 1033 | 1034 | 1089 | 1090 | 1092 | 2396 | 3113 | 3114 | 3135 | 12537 | 12547 | 12570 | 12571 => {
            LOST.to_owned()
        }
        54 | 60 | 8177 | 30006 => "somebody else holds the row; run this again".to_owned(),
        257 => "the server's archive is full; free it, then run this again".to_owned(),
        1017 => "check user and password before another try, since accounts get locked".to_owned(),
        1045 => format!("ask for: GRANT CREATE SESSION TO {role}"),
        1555 => "the server forgot what rows were; take a shorter window, or have its undo retention raised"
            .to_owned(),
        1536 | 1652 | 1653 | 1654 | 1658 | 30036 => {
            "have room made in the tablespace, then run this again".to_owned()
        }
        1950 => format!(
            "ask for: ALTER USER {role} QUOTA UNLIMITED ON the tablespace, or use --ledger sqlite:PATH"
        ),
        16000 => "the database is open for reading only; use --ledger sqlite:PATH, or the primary".to_owned(),
        28000 => format!("ask for: ALTER USER {role} ACCOUNT UNLOCK"),
        28001 | 28002 => "set a new password".to_owned(),
        12154 => {
            "name the alias as tnsnames.ora has it (TNS_ADMIN), or write oracle://USER@HOST:1521/SERVICE"
                .to_owned()
        }
        12505 | 12514 => "name another service in --db; lsnrctl services lists them".to_owned(),
        2391 => "the user has too many sessions; end one, or have SESSIONS_PER_USER raised (a run of resend takes two)"
            .to_owned(),
        3134 | 28040 => "server and client are too far apart; for a server of 12.1 to 18c take Instant Client 19 or 21"
            .to_owned(),
        12516 | 12518..=12520 => "the server takes no more sessions now; try again later".to_owned(),
        12737 => "this client lacks the server's character set; take Instant Client Basic in place of Basic Light"
            .to_owned(),
        12541 | 12543 | 12545 | 12170 | 12535 | 12560 | 12606 => {
            "check host and port, and that the listener runs".to_owned()
        }
        28759 | 28860 | 29002 | 29024 => "check wallet_location and the server's certificate".to_owned(),
        _ => "--print-sql shows what was asked".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_right_that_is_missing_is_named_whatever_the_server_calls_it() {
        let asked = Asked {
            name: "oracle://db/erp".to_owned(),
            role: "REPORT".to_owned(),
            tables: Vec::new(),
            limit: Duration::ZERO,
            indexes: String::new(),
        };
        let rights = ["GRANT SELECT ON ERP.EMAIL_LOG TO REPORT".to_owned()];
        for number in NO_RIGHT {
            assert_eq!(advice(number, &asked, &rights), format!("ask for: {}", rights[0]), "{number}");
            assert_eq!(advice(number, &asked, &[]), "name another table, or ask for the right to it");
        }
        assert!(advice(28040, &asked, &[]).contains("Instant Client 19 or 21"));
    }
}
