//! What a person with a real server can prove about it: that binds, times, names, plans and locks are there what the program
//! takes them for, and that the server accepts every statement of the program. `scratch` has what needs tables.

mod scratch;
mod statements;

use anyhow::Result;

use super::session::{NUMBERS, Session, WIDE};
use super::values::Cell;
use super::{Oracle, binds, error, plain};
use crate::mapping::Mapping;
use crate::mapping::sql::{Bind, Selection, Statement, body, quoted};
use crate::model::Proof;
use scratch::Scratch;
use statements::{File, OF_CATALOGUE, OF_LOG};

/// A public synonym, DUAL if it is one.
const SYNONYM: &str = "SELECT synonym_name FROM all_synonyms WHERE owner = 'PUBLIC' AND db_link IS NULL
    ORDER BY CASE synonym_name WHEN 'DUAL' THEN 0 ELSE 1 END, synonym_name FETCH FIRST 1 ROWS ONLY";

/// Rows that are fetched in arrays.
const MANY: usize = 200_000;

/// The rows of an answer as texts, or the server's refusal in a line.
type Answer = std::result::Result<Vec<Vec<String>>, String>;

/// 2026-07-01T10:00:00Z, in milliseconds.
const NOON_IN_BERLIN: &str = "1782900000000";

impl Oracle {
    /// Proves what can be proved. `log`: with selections that give no row of it, or why
    /// there is none; `prefix`: what needs tables of its own
    /// makes them under names that begin so, and drops them again.
    ///
    /// # Errors
    /// The server does not answer any more. What it refuses is said.
    pub async fn selfcheck(
        &mut self,
        log: std::result::Result<(&Mapping, &[Selection]), &str>,
        prefix: Option<&str>,
    ) -> Result<Vec<Proof>> {
        let mut proofs = vec![Proof::told("versions", self.version().await?)];
        self.tell_about_server(&mut proofs).await?;
        self.prove_binds(&mut proofs).await?;
        self.prove_times(&mut proofs).await?;
        self.prove_names(&mut proofs).await?;
        proofs.push(self.prove_fetching().await?);
        proofs.push(accepted("statements to the catalogue", of_catalogue(&self.session).await?));
        proofs.push(match log {
            Ok(log) => accepted("statements to the log", of_log(&self.session, log).await?),
            Err(why) => Proof::told("statements to the log", format!("left out: {why}")),
        });
        match prefix {
            Some(prefix) => Scratch::open(&self.target, prefix).await?.prove(&mut proofs).await?,
            None => proofs.push(Proof::told(
                "plans, ledger, claims and locks",
                "left out: they need tables; --yes makes MT_CHECK_ tables in this schema and drops them again",
            )),
        }
        Ok(proofs)
    }

    async fn tell_about_server(&mut self, proofs: &mut Vec<Proof>) -> Result<()> {
        let questions = [
            (
                "character sets",
                "SELECT parameter, value FROM nls_database_parameters
                 WHERE parameter IN ('NLS_CHARACTERSET', 'NLS_NCHAR_CHARACTERSET', 'NLS_LENGTH_SEMANTICS') ORDER BY parameter",
            ),
            ("time zone file", "SELECT filename, version FROM v$timezone_file"),
            (
                "zones of session, database and host",
                "SELECT SESSIONTIMEZONE, DBTIMEZONE, TO_CHAR(SYSTIMESTAMP, 'TZH:TZM') FROM dual",
            ),
            (
                "protocol and role",
                "SELECT SYS_CONTEXT('USERENV', 'NETWORK_PROTOCOL'), SYS_CONTEXT('USERENV', 'DATABASE_ROLE') FROM dual",
            ),
        ];
        for (what, sql) in questions {
            proofs.push(Proof::told(what, told(&answer(&self.session, plain(sql)).await?)));
        }
        let encryption = match self.encryption().await? {
            None => "not shown to this user".to_owned(),
            Some(by) if by.is_empty() => "none by the server itself".to_owned(),
            Some(by) => by.join("; "),
        };
        proofs.push(Proof::told("encryption", encryption));
        Ok(())
    }

    async fn prove_binds(&mut self, proofs: &mut Vec<Proof>) -> Result<()> {
        let dump = |value| Statement { binds: vec![value], ..plain("SELECT DUMP(:1, 1017) FROM dual") };
        let text = answer(&self.session, dump(Bind::Text("fä".to_owned()))).await?;
        let set = answer(
            &self.session,
            plain("SELECT value FROM nls_database_parameters WHERE parameter = 'NLS_CHARACTERSET'"),
        );
        let set = told(&set.await?);
        let is_own = |rows: &[Vec<String>]| {
            let dump = rows.concat().concat();
            dump.contains("Typ=1 ") && dump.contains(&format!("CharacterSet={set}:"))
        };
        proofs.push(Proof::of("a text is bound as VARCHAR2", text.as_deref().is_ok_and(is_own), told(&text)));
        let national = answer(&self.session, dump(Bind::National("fä".to_owned()))).await?;
        proofs.push(Proof::told("a national text is bound as", told(&national)));
        let mixed = Statement {
            binds: vec![Bind::Text("F".to_owned()), Bind::Text("S".to_owned())],
            ..plain(
                "SELECT CASE WHEN dummy IS NULL THEN RTRIM(:1) ELSE coalesce(RTRIM(dummy), RTRIM(:2)) END FROM dual",
            )
        };
        let mixed = answer(&self.session, mixed).await?;
        proofs.push(Proof::of("binds go with columns in CASE and coalesce", mixed.is_ok(), told(&mixed)));
        Ok(())
    }

    async fn prove_times(&mut self, proofs: &mut Vec<Proof>) -> Result<()> {
        let noon = "FROM_TZ(TIMESTAMP '2026-07-01 12:00:00', 'Europe/Berlin')";
        let utc = answer(&self.session, plain(&format!("SELECT SYS_EXTRACT_UTC({noon}) FROM dual"))).await?;
        let is_right = utc.as_ref().is_ok_and(|rows| *rows == [[NOON_IN_BERLIN]]);
        proofs.push(Proof::of("a time of a named zone comes in UTC", is_right, told(&utc)));
        let raw = answer(&self.session, plain(&format!("SELECT {noon} FROM dual"))).await?;
        proofs.push(Proof::told("the same as it is, which the program does not ask for", told(&raw)));
        let gap = "SELECT TO_CHAR(FROM_TZ(TIMESTAMP '2026-03-29 02:30:00', 'Europe/Berlin')) FROM dual";
        let gap = answer(&self.session, plain(gap)).await?;
        proofs.push(Proof::told("a time that summer time leaves out, likewise", told(&gap)));
        Ok(())
    }

    async fn prove_names(&mut self, proofs: &mut Vec<Proof>) -> Result<()> {
        let there = answer(&self.session, plain(SYNONYM)).await?;
        let Some(name) = there.as_ref().ok().and_then(|rows| rows.first()?.first()) else {
            let said = if there.is_ok() { "left out: there is none".to_owned() } else { told(&there) };
            proofs.push(Proof::told("a public synonym is found", said));
            return Ok(());
        };
        let found = self.table(name, "--table").await;
        let said = match &found {
            Ok(table) => format!("{name} is {}.{}", table.schema, table.name),
            Err(refused) => format!("{refused:#}"),
        };
        proofs.push(Proof::of("a public synonym is found", found.is_ok(), said));
        let quoted = format!("SELECT 1 FROM \"PUBLIC\".{} WHERE 1 = 0", quoted(name));
        let quoted = answer(&self.session, plain(&quoted)).await?;
        proofs.push(Proof::told("the same by \"PUBLIC\", which the program does not write", told(&quoted)));
        Ok(())
    }

    async fn prove_fetching(&mut self) -> Result<Proof> {
        let sql = plain(&format!("SELECT LEVEL AS n FROM dual CONNECT BY LEVEL <= {MANY}"));
        let mut rows = 0;
        let mut each = |_: &super::values::Fetched| {
            rows += 1;
            Ok(true)
        };
        let fetched = self.session.each(sql, NUMBERS, &mut each).await;
        let said =
            fetched.as_ref().map_or_else(|refused| format!("{refused:#}"), |()| format!("{rows} rows"));
        Ok(Proof::of("an array of 200,000 rows is fetched", rows == MANY, said))
    }
}

/// What the server says to a statement; of one that is no query, how many rows it changed.
async fn answer(session: &Session, statement: Statement) -> Result<Answer> {
    let answered = session.tried(move |connection| {
        let (sql, values) = binds::positional(&statement);
        let values = binds::parameters(values);
        let mut prepared = connection.statement(&sql).fetch_array_size(WIDE).build()?;
        if !prepared.is_query() {
            prepared.execute(&binds::lent(&values))?;
            return Ok(vec![vec![prepared.row_count()?.to_string()]]);
        }
        let text = |cell: Cell| cell.into_bytes().map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
        let rows = prepared.query_as::<super::values::Fetched>(&binds::lent(&values))?;
        rows.map(|row| row.map(|row| row.0.into_iter().map(|cell| text(cell).unwrap_or_default()).collect()))
            .collect()
    });
    Ok(answered.await?.map_err(|refused| error::words(&refused)))
}

fn told(answer: &Answer) -> String {
    match answer {
        Ok(rows) => rows.iter().map(|row| row.join(" ")).collect::<Vec<_>>().join("; "),
        Err(refusal) => refusal.clone(),
    }
}

/// Statements, each with what the server refused it for.
type Tried = Vec<(&'static str, Option<String>)>;

/// How many statements the server accepted, and which not.
fn accepted(what: &str, tried: Tried) -> Proof {
    let count = tried.iter().filter(|(_, refusal)| refusal.is_none()).count();
    let refused = tried.iter().filter_map(|(name, refusal)| Some(format!("; {name}: {}", refusal.as_ref()?)));
    Proof::of(
        what,
        count == tried.len(),
        format!("{count} of {} accepted{}", tried.len(), refused.collect::<String>()),
    )
}

async fn of_catalogue(session: &Session) -> Result<Tried> {
    let mut tried = Vec::new();
    for file in OF_CATALOGUE {
        let sql = format!("SELECT * FROM (\n{}\n) WHERE 1 = 0", body(file.text()));
        let statement = Statement { binds: file.binds(), ..plain(&sql) };
        tried.push((file.name, answer(session, statement).await?.err()));
    }
    Ok(tried)
}

/// Every question about the log in every way of choosing its rows.
async fn of_log(session: &Session, (mapping, selections): (&Mapping, &[Selection])) -> Result<Tried> {
    let mut tried = Vec::new();
    for file in OF_LOG {
        let mut refusal = None;
        for selection in selections {
            let statement = mapping.statement(selection, file.text());
            refusal = refusal.or(answer(session, statement).await?.err());
        }
        tried.push((file.name, refusal));
    }
    Ok(tried)
}

/// Runs the statements of a file on tables whose names begin so; the first refusal.
async fn run_file(session: &Session, file: &File, prefix: &str) -> Result<Option<String>> {
    for sql in crate::db::statement::statements(&file.with(prefix)) {
        let statement = Statement { binds: file.binds(), ..plain(sql) };
        if let Err(refusal) = answer(session, statement).await? {
            return Ok(Some(refusal));
        }
    }
    Ok(None)
}
