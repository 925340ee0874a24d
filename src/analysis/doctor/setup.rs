//! The checks of the setup: connection, tables, rights, columns, clock and index.

use super::{Finding, SMTP};
use crate::analysis::phrases::count;
use crate::mapping::described::{Described, Sample};
use crate::mapping::guess::columns;
use crate::mapping::resolve::TableDescription;
use crate::mapping::{Column, Mapping};
use crate::model::{DatabaseServer, Indexing, Millis, Rights, SECOND};

/// From here on two clocks differ, and from there on nothing that goes by them is right.
const CLOCK_OFF: Millis = 5 * SECOND;
const CLOCK_WRONG: Millis = 300 * SECOND;

/// With no more rows than this a log needs no index.
pub const SMALL: u32 = 10_000;

/// With more rows than this nobody counts them.
pub const MANY: u32 = 100_000;

/// How the database is reached.
pub fn connection(server: &DatabaseServer) -> Finding {
    let is_open = server.is_remote && server.tls.is_none() && server.encryption.is_none();
    let check = if is_open && !server.shows_encryption {
        Finding::warning(
            "connection",
            "the connection is TCP without TLS, and whether the server encrypts it by itself cannot be seen",
            server.tls_by,
        )
    } else if is_open {
        Finding::warning(
            "connection",
            "the connection is TCP without TLS, so whoever is on the way can read along",
            server.tls_by,
        )
    } else {
        Finding::ok("connection", "the database answers")
    };
    check
        .with("version", server.version.as_str())
        .with("tls", server.tls.as_deref())
        .with("encryption", server.encryption.as_deref())
        .with("role", server.role.as_deref())
}

/// Whether the tables of the mapping are there; the reason is the database's own.
pub fn table(tables: Result<&[TableDescription], &str>) -> Finding {
    match tables {
        Ok(tables) => {
            let names: Vec<_> =
                tables.iter().map(|table| format!("{}.{}", table.schema, table.name)).collect();
            let message = match tables.len() {
                1 => "the table is there".to_owned(),
                more => format!("the {more} tables are there"),
            };
            Finding::ok("table", message).with("tables", names)
        }
        Err(reason) => Finding::problem(
            "table",
            "the table that the config names is not there",
            "name it by --table or [email_log] table, or have mailthrottle init look for it",
        )
        .with("reason", reason),
    }
}

/// Whether the role may read the log, and no more.
pub fn rights(rights: &Rights) -> Finding {
    if !rights.grants.is_empty() {
        return Finding::problem(
            "rights",
            "the log cannot be read: the right to SELECT is missing",
            "have it granted by whoever owns the tables",
        )
        .with("statements", rights.grants.clone());
    }
    if rights.may_write {
        return Finding::warning(
            "rights",
            "the role may write to the log, and reading commands need no more than SELECT",
            "unless it also sends again: take that right away, or use a role that may only read",
        )
        .with("statements", rights.revokes.clone());
    }
    Finding::ok("rights", "the log can be read")
}

/// Whether the mapping's columns are there, and what the others would be good for.
pub fn columns(mapping: Result<&Mapping, &str>, log: &TableDescription) -> Finding {
    let mapping = match mapping {
        Ok(mapping) => mapping,
        Err(reason) => {
            return Finding::problem(
                "columns",
                "the mapping does not fit the table's columns",
                "correct [email_log] in the config, or have mailthrottle init propose it anew",
            )
            .with("reason", reason);
        }
    };
    let alike = alike(mapping, log);
    if !alike.is_empty() {
        let names: Vec<_> =
            alike.iter().map(|(column, name)| format!("'{name}' ({})", column.name())).collect();
        let keys: Vec<_> =
            alike.iter().map(|(column, name)| format!("{} = \"{name}\"", column.name())).collect();
        return Finding::warning(
            "columns",
            format!("the table has columns that look like ones that are not mapped: {}", names.join(", ")),
            format!("if they are, set [email_log] columns = {{ {} }}", keys.join(", ")),
        );
    }
    if !mapping.has(Column::ErrorMessage) {
        return Finding::warning(
            "columns",
            "no column is mapped to error_message, so no failure can be classified",
            "name the column, or with error_join the table, that keeps the server's replies",
        );
    }
    let there: Vec<_> = Column::all().filter(|column| mapping.has(*column)).map(Column::name).collect();
    Finding::ok("columns", format!("mapped are {}{}", there.join(", "), lacking(mapping)))
}

/// Columns that are not mapped, with the column of the table whose name says that it is one.
fn alike(mapping: &Mapping, log: &TableDescription) -> Vec<(Column, String)> {
    let mapped: Vec<&str> = Column::all().flat_map(|column| mapping.names(column)).collect();
    let free = log.columns.iter().filter(|field| !mapped.contains(&field.name.as_str())).cloned();
    let described = Described {
        table: TableDescription { columns: free.collect(), ..log.clone() },
        is_visible: true,
        keys: Vec::new(),
        estimate: None,
    };
    let wanted = [Column::ErrorMessage, Column::Sender, Column::Recipient, Column::Subject];
    columns::find(&described, &Sample::default())
        .into_iter()
        .filter(|found| wanted.contains(&found.column) && !mapping.has(found.column))
        .map(|found| (found.column, found.names[0].clone()))
        .collect()
}

/// What cannot be done without the columns that are not there.
fn lacking(mapping: &Mapping) -> String {
    let has_body = [Column::BodyText, Column::BodyHtml].iter().any(|column| mapping.has(*column))
        && mapping.has(Column::Recipient);
    let lacks = [
        (!mapping.has(Column::Sender), "without sender there are no figures for each mailbox"),
        (
            !has_body && !mapping.has(Column::Raw),
            "without recipient and body, or raw, resend cannot build messages",
        ),
    ];
    lacks.iter().filter(|(lacks, _)| *lacks).map(|(_, what)| format!("; {what}")).collect()
}

/// Whether the mail server lets this program in; `opened` says why it does not.
pub fn smtp(url: &str, opened: Result<(), String>) -> Finding {
    let check = match opened {
        Ok(()) => Finding::ok(SMTP, "the mail server lets resend in; nothing was sent"),
        Err(reason) => {
            Finding::problem(SMTP, format!("resend cannot send: {reason}"), "mend that before resend is run")
        }
    };
    check.with("server", url)
}

/// Whether the database's clock is this host's.
pub fn clock(server: &DatabaseServer) -> Finding {
    let ahead = server.clock_ahead.unwrap_or(0);
    let advice = "have both set their clocks by NTP: ages and windows are reckoned from this host's clock, and the \
                  application may write the database's";
    let check = match ahead.abs() {
        CLOCK_WRONG.. => {
            Finding::problem("clock", "the clocks of database and host differ by more than 5 minutes", advice)
        }
        CLOCK_OFF.. => {
            Finding::warning("clock", "the clocks of database and host differ by more than 5 s", advice)
        }
        _ => Finding::ok("clock", "the clocks of database and host agree"),
    };
    check.with("database_ahead_ms", server.clock_ahead)
}

/// Whether indexes find a day, and what further tables say of it, without a look at every row. Of the log so many rows were
/// counted.
pub fn index(indexing: &Indexing, rows: u64, last_day: u64) -> Finding {
    let name = "index";
    let is_small = rows <= u64::from(SMALL);
    if indexing.serves && indexing.unserved.is_empty() {
        return Finding::ok(name, "an index finds a window without a look at every row")
            .with("plan", indexing.plan.clone());
    }
    if is_small {
        let message = format!("with {} the log needs no index", count(rows, "row"));
        return Finding::ok(name, message).with("plan", indexing.plan.clone());
    }
    let all = if rows > u64::from(MANY) { format!("more than {MANY}") } else { rows.to_string() };
    let message = match indexing.serves {
        false => format!(
            "no index serves status and time: a question about the last day reads {all} rows, with an index its {last_day}"
        ),
        true => format!(
            "no index finds the rows of a mail in {}: each mail reads the whole table",
            indexing.unserved.join(", ")
        ),
    };
    let advice = match indexing.create.as_slice() {
        [] => {
            "map sent_date to one column of the log, of a type for times, that can have an index with the status"
        }
        _ => "have it made, at a quiet hour",
    };
    Finding::warning(name, message, advice)
        .with("plan", indexing.plan.clone())
        .with("create", indexing.create.clone())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::doctor::Severity;

    fn server(is_remote: bool, tls: Option<&str>, clock_ahead: Option<Millis>) -> DatabaseServer {
        let tls = tls.map(str::to_owned);
        DatabaseServer {
            version: "X 1".into(),
            is_remote,
            tls,
            encryption: None,
            shows_encryption: true,
            tls_by: "by this",
            role: None,
            clock_ahead,
            zone: None,
        }
    }

    #[test]
    fn a_connection_over_a_network_wants_tls() {
        let state = |is_remote, tls| connection(&server(is_remote, tls, None)).state;
        assert_eq!(state(false, None), Severity::Ok);
        assert_eq!(state(true, Some("TLSv1.3")), Severity::Ok);
        assert_eq!(state(true, None), Severity::Warning);
        let by_itself = DatabaseServer { encryption: Some("AES256".into()), ..server(true, None, None) };
        assert_eq!(connection(&by_itself).state, Severity::Ok);
        let unseen = DatabaseServer { shows_encryption: false, ..server(true, None, None) };
        assert!(connection(&unseen).message.ends_with("cannot be seen"));
    }

    #[test]
    fn clocks_may_differ_by_some_seconds() {
        let state = |ahead| clock(&server(true, None, ahead)).state;
        let cases = [
            (None, Severity::Ok),
            (Some(4_999), Severity::Ok),
            (Some(-5_000), Severity::Warning),
            (Some(299_999), Severity::Warning),
            (Some(-300_000), Severity::Problem),
        ];
        for (ahead, expected) in cases {
            assert_eq!(state(ahead), expected, "{ahead:?}");
        }
    }

    #[test]
    fn only_a_large_log_needs_an_index() {
        let none = Indexing::default();
        assert_eq!(index(&none, 10_000, 7).state, Severity::Ok);
        assert_eq!(
            index(&none, 10_001, 7).message,
            "no index serves status and time: a question about the last day reads 10001 rows, with an index its 7"
        );
        assert!(index(&none, 100_001, 7).message.contains("reads more than 100000 rows"));
        assert_eq!(index(&Indexing { serves: true, ..none }, 100_001, 7).state, Severity::Ok);
    }
}
