//! What needs tables: plans, the ledger's statements, claims and locks by two sessions. The tables are those of a ledger under
//! names of their own, and one like a log; all of them are dropped at the end.

use std::time::Duration;

use anyhow::{Context, Result};

use super::statements::{File, MAKING, OF_LEDGER};
use super::{Answer, accepted, answer, run_file, told};
use crate::db::oracle::{COMMIT, Oracle, plain};
use crate::db::statement::WriteStep;
use crate::db::target::{Access, Target};
use crate::mapping::sql::{Bind, Statement};
use crate::model::Proof;

/// A log with one failed mail in a thousand, an index of it, and the plan of a window of its failed mails.
const MAKE_LOG: &str =
    "CREATE TABLE {log} (id NUMBER(10) NOT NULL PRIMARY KEY, status VARCHAR2(10 BYTE), sent_date DATE)";
const FILL_LOG: &str = "INSERT INTO {log} (id, status, sent_date)
    SELECT LEVEL, CASE WHEN MOD(LEVEL, 1000) = 0 THEN 'F' ELSE 'S' END, DATE '2026-01-01' + LEVEL / 1440
    FROM dual CONNECT BY LEVEL <= 50000";
const MAKE_INDEX: &str = "CREATE INDEX {log}_ix ON {log} (status, sent_date)";
const WINDOW: &str = "EXPLAIN PLAN FOR SELECT id FROM {log}
    WHERE status IN ('F') AND sent_date >= TO_DATE('2026-02-01 00:00', 'YYYY-MM-DD HH24:MI')";
const PLAN: &str = "SELECT plan_table_output FROM TABLE(DBMS_XPLAN.DISPLAY(NULL, NULL, 'BASIC +PREDICATE'))";

/// No such table: it was not made.
const NOT_THERE: &str = "ORA-00942";

/// No right to make a table, no quota for it.
const NOT_ALLOWED: [&str; 2] = ["ORA-01031", "ORA-01950"];

/// How long a session holds a claim that another waits for.
const HELD: Duration = Duration::from_millis(500);

/// Two sessions and tables of their own.
pub(super) struct Scratch<'p> {
    one: Oracle,
    other: Oracle,
    /// What the names of the tables begin with.
    prefix: &'p str,
    /// The table like a log.
    log: String,
}

impl<'p> Scratch<'p> {
    /// Connects twice.
    ///
    /// # Errors
    /// The server's refusal.
    pub async fn open(target: &Target, prefix: &'p str) -> Result<Self> {
        let access = Access::Write { make: false };
        let (one, other) = (Oracle::open(target, access).await?, Oracle::open(target, access).await?);
        Ok(Self { one, other, prefix, log: format!("{prefix}outgoing") })
    }

    /// Makes the tables, proves what they are needed for, and drops them.
    ///
    /// # Errors
    /// The server does not answer any more; the message says what may be left.
    pub async fn prove(mut self, proofs: &mut Vec<Proof>) -> Result<()> {
        let proved = self.with_tables(proofs).await;
        let dropped = self.drop_tables().await;
        let left = || format!("tables named {}... may be left; drop them", self.prefix.to_uppercase());
        let refused = dropped.with_context(left)?;
        let said = if refused.is_empty() { "all of them".to_owned() } else { refused.join("; ") };
        proofs.push(Proof::of("tables are dropped", refused.is_empty(), said));
        self.one.close().await;
        self.other.close().await;
        proved
    }

    /// Drops what may have been made; the refusals but for what is not there.
    async fn drop_tables(&mut self) -> Result<Vec<String>> {
        // whatever was left open would hold the tables
        for wire in [&mut self.other, &mut self.one] {
            wire.transact(WriteStep::RollBack).await?;
        }
        let mut refused = Vec::new();
        let tables = MAKING.iter().flat_map(|file| file.tables(self.prefix));
        for table in tables.chain([self.log.clone()]) {
            let dropped = answer(&self.one.session, plain(&format!("DROP TABLE {table} PURGE"))).await?;
            refused.extend(dropped.err().filter(|said| !said.starts_with(NOT_THERE)));
        }
        Ok(refused)
    }

    async fn with_tables(&mut self, proofs: &mut Vec<Proof>) -> Result<()> {
        let mut made = Vec::new();
        for file in MAKING {
            let refusal = run_file(&self.one.session, file, self.prefix).await?;
            if let Some(said) =
                refusal.as_ref().filter(|said| NOT_ALLOWED.iter().any(|no| said.starts_with(no)))
            {
                let said = format!("left out: this user may not make tables: {said}");
                proofs.push(Proof::told("plans, ledger, claims and locks", said));
                return Ok(());
            }
            made.push((file.name, refusal));
        }
        let is_made = made.iter().all(|(_, refusal)| refusal.is_none());
        proofs.push(accepted("tables are made", made));
        if !is_made {
            return Ok(());
        }
        self.prove_plans(proofs).await?;
        let mut tried = Vec::new();
        for file in OF_LEDGER {
            tried.push((file.name, run_file(&self.one.session, file, self.prefix).await?));
            self.one.transact(WriteStep::RollBack).await?;
        }
        proofs.push(accepted("statements to the ledger", tried));
        self.prove_claims(proofs).await?;
        self.prove_lock(proofs).await?;
        self.prove_long_reply(proofs).await
    }

    async fn prove_plans(&mut self, proofs: &mut Vec<Proof>) -> Result<()> {
        for sql in [MAKE_LOG, FILL_LOG] {
            if let Err(refusal) = self.on_log(sql).await? {
                proofs.push(Proof::of("a log is made", false, refusal));
                return Ok(());
            }
        }
        self.on_log(COMMIT).await?.ok();
        proofs.push(Proof::told("the plan of a window without an index", told(&self.plan().await?)));
        let by_index = match self.on_log(MAKE_INDEX).await? {
            Ok(_) => self.plan().await?,
            refused => refused,
        };
        let what = "the plan of a window with an index";
        proofs.push(match &by_index {
            Ok(lines) => {
                let index = format!("{}_ix", self.log).to_uppercase();
                Proof::of(what, lines.concat().concat().to_uppercase().contains(&index), told(&by_index))
            }
            // where no plan can be had, nothing is proved and nothing contradicted
            Err(refusal) => Proof::told(what, refusal.as_str()),
        });
        Ok(())
    }

    async fn plan(&mut self) -> Result<Answer> {
        let plan = match self.on_log(WINDOW).await? {
            Ok(_) => self.on_log(PLAN).await?,
            refused => refused,
        };
        self.one.transact(WriteStep::RollBack).await?;
        Ok(plan)
    }

    async fn on_log(&self, sql: &str) -> Result<Answer> {
        answer(&self.one.session, plain(&sql.replace("{log}", &self.log))).await
    }

    /// Of two sessions that claim the same mail one gets it, also where the other has to wait for the end of its transaction.
    async fn prove_claims(&mut self, proofs: &mut Vec<Proof>) -> Result<()> {
        let claim = File::of("oracle/ledger/claim.sql").statement(self.prefix);
        for (end, expected) in [(WriteStep::RollBack, "1"), (WriteStep::Commit, "0")] {
            self.one.transact(WriteStep::Begin).await?;
            let first = self.one.execute(claim.clone()).await;
            let one = &mut self.one;
            let ended = async {
                tokio::time::sleep(HELD).await;
                one.transact(end).await
            };
            let (ended, second) = tokio::join!(ended, self.other.execute(claim.clone()));
            ended?;
            let said = |claimed: &Result<u64>| {
                claimed.as_ref().map_or_else(|refused| format!("{refused:#}"), u64::to_string)
            };
            let (first, second) = (said(&first), said(&second));
            let (what, word) = match end {
                WriteStep::Commit => ("of two sessions one claims a mail", "commits"),
                _ => ("a claim that is taken back is free", "takes it back"),
            };
            let is_right = first == "1" && second == expected;
            proofs.push(Proof::of(
                what,
                is_right,
                format!("the first claims {first} and {word}; the second, which waited, claims {second}"),
            ));
            // the next is about a mail that nobody has
            let other = &mut self.other;
            let forget = plain(&format!("DELETE FROM {}mail", self.prefix));
            answer(&other.session, forget).await?.ok();
            other.transact(WriteStep::Commit).await?;
        }
        Ok(())
    }

    /// Of two sessions that want the same lock one gets it, and the other does not wait.
    async fn prove_lock(&mut self, proofs: &mut Vec<Proof>) -> Result<()> {
        let run = |name| File::of(name).statement(self.prefix);
        let there = answer(&self.one.session, run("oracle/ledger/add_lock.sql")).await?;
        self.one.transact(WriteStep::Commit).await?;
        let held = answer(&self.one.session, run("oracle/ledger/take_lock.sql")).await?;
        let refused = answer(&self.other.session, run("oracle/ledger/take_lock.sql")).await?;
        let is_busy = refused.as_ref().is_err_and(|said| said.contains("ORA-00054"));
        let said = format!("the first: {}; the second: {}", told(&held), told(&refused));
        let is_right = there.is_ok() && held.is_ok() && is_busy;
        proofs.push(Proof::of("of two sessions one holds a lock", is_right, said));
        self.one.transact(WriteStep::RollBack).await?;
        self.other.transact(WriteStep::RollBack).await
    }

    /// A text of 4,000 bytes, of letters that take two, goes in as it is.
    async fn prove_long_reply(&mut self, proofs: &mut Vec<Proof>) -> Result<()> {
        let table = format!("{}attempt", self.prefix);
        let sql = format!(
            "INSERT INTO {table} (log_table, row_id, sent_date, run_id, ended_at, outcome, reply)
             VALUES ('x', 'x', 'x', 'x', 0, 'x', :1)"
        );
        let statement = Statement { binds: vec![Bind::Text("ä".repeat(2000))], ..plain(&sql) };
        let written = answer(&self.one.session, statement).await?;
        let read = plain(&format!("SELECT MAX(LENGTH(reply)) FROM {table}"));
        let read = answer(&self.one.session, read).await?;
        self.one.transact(WriteStep::RollBack).await?;
        let is_right = written.is_ok() && read.as_ref().is_ok_and(|rows| *rows == [["2000"]]);
        let said = format!("{} row; {} letters", told(&written), told(&read));
        proofs.push(Proof::of("a reply of 4,000 bytes is kept", is_right, said));
        Ok(())
    }
}
