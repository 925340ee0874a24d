//! What needs tables: plans, the ledger's statements, claims and locks by two sessions. The tables are those of a ledger under
//! names of their own, and one like a log; all of them are dropped at the end.

use anyhow::Result;

use super::statements::{File, MAKING, OF_LEDGER};
use super::{Answer, PREFIX, accepted, answer, run_file, told};
use crate::db::oracle::{COMMIT, Oracle, plain};
use crate::db::target::{Access, Target};
use crate::mapping::sql::{Bind, Statement};
use crate::model::Proof;

/// Whether a table may be made, and which of the names are taken.
const TAKEN: &str = "SELECT table_name FROM user_tables WHERE table_name LIKE 'MT\\_CHECK\\_%' ESCAPE '\\' ORDER BY table_name";

/// A log with one failed mail in a thousand.
const LOG: [&str; 2] = [
    "CREATE TABLE mt_check_outgoing (id NUMBER(10) NOT NULL PRIMARY KEY, status VARCHAR2(10 BYTE), sent_date DATE)",
    "INSERT INTO mt_check_outgoing (id, status, sent_date)
     SELECT LEVEL, CASE WHEN MOD(LEVEL, 1000) = 0 THEN 'F' ELSE 'S' END, DATE '2026-01-01' + LEVEL / 1440
     FROM dual CONNECT BY LEVEL <= 50000",
];
const INDEX: &str = "CREATE INDEX mt_check_outgoing_ix ON mt_check_outgoing (status, sent_date)";
const WINDOW: &str = "EXPLAIN PLAN FOR SELECT id FROM mt_check_outgoing
    WHERE status IN ('F') AND sent_date >= TO_DATE('2026-02-01 00:00', 'YYYY-MM-DD HH24:MI')";
const PLAN: &str = "SELECT plan_table_output FROM TABLE(DBMS_XPLAN.DISPLAY(NULL, NULL, 'BASIC +PREDICATE'))";

/// Makes the tables, proves what they are needed for, and drops them.
///
/// # Errors
/// The server does not answer any more.
pub(super) async fn prove(target: &Target, proofs: &mut Vec<Proof>) -> Result<()> {
    let access = Access::Write { make: false };
    let (mut one, mut other) = (Oracle::open(target, access).await?, Oracle::open(target, access).await?);
    let taken = answer(&one.session, plain(TAKEN)).await?;
    match taken {
        Ok(names) if names.is_empty() => {}
        there => {
            let said = format!("left out: drop what is there first: {}", told(&there));
            proofs.push(Proof::of("tables are made", false, said));
            return Ok(());
        }
    }
    let proved = with_tables(&mut one, &mut other, proofs).await;
    // whatever was left open would hold the tables
    let _ = answer(&other.session, plain("ROLLBACK")).await;
    let _ = answer(&one.session, plain("ROLLBACK")).await;
    let mut left = Vec::new();
    for name in answer(&one.session, plain(TAKEN)).await?.unwrap_or_default().concat() {
        left.extend(answer(&one.session, plain(&format!("DROP TABLE {name} PURGE"))).await?.err());
    }
    let said = if left.is_empty() { "all of them".to_owned() } else { left.join("; ") };
    proofs.push(Proof::of("tables are dropped", left.is_empty(), said));
    one.close().await;
    other.close().await;
    proved
}

async fn with_tables(one: &mut Oracle, other: &mut Oracle, proofs: &mut Vec<Proof>) -> Result<()> {
    let mut made = Vec::new();
    for file in MAKING {
        made.push((file.name, run_file(&one.session, file).await?));
    }
    let is_made = made.iter().all(|(_, refusal)| refusal.is_none());
    proofs.push(accepted("tables are made", made));
    if !is_made {
        return Ok(());
    }
    prove_plans(one, proofs).await?;
    let mut tried = Vec::new();
    for file in OF_LEDGER {
        tried.push((file.name, run_file(&one.session, file).await?));
        answer(&one.session, plain("ROLLBACK")).await?.ok();
    }
    proofs.push(accepted("statements to the ledger", tried));
    prove_claim(one, other, proofs).await?;
    prove_lock(one, other, proofs).await?;
    prove_long_reply(one, proofs).await
}

async fn prove_plans(one: &Oracle, proofs: &mut Vec<Proof>) -> Result<()> {
    for sql in LOG {
        if let Err(refusal) = answer(&one.session, plain(sql)).await? {
            proofs.push(Proof::of("a log is made", false, refusal));
            return Ok(());
        }
    }
    answer(&one.session, plain(COMMIT)).await?.ok();
    proofs.push(Proof::told("the plan of a window without an index", told(&plan(one).await?)));
    let made = answer(&one.session, plain(INDEX)).await?;
    let by_index = match made {
        Ok(_) => plan(one).await?,
        refused => refused,
    };
    let is_served = by_index
        .as_ref()
        .is_ok_and(|rows| rows.concat().concat().to_uppercase().contains("MT_CHECK_OUTGOING_IX"));
    // where no plan can be had, nothing is proved and nothing contradicted
    let what = "the plan of a window with an index";
    proofs.push(match &by_index {
        Ok(_) => Proof::of(what, is_served, told(&by_index)),
        Err(refusal) => Proof::told(what, refusal.as_str()),
    });
    Ok(())
}

async fn plan(one: &Oracle) -> Result<Answer> {
    let explained = answer(&one.session, plain(WINDOW)).await?;
    let plan = match explained {
        Ok(_) => answer(&one.session, plain(PLAN)).await?,
        refused => refused,
    };
    answer(&one.session, plain("ROLLBACK")).await?.ok();
    Ok(plan)
}

/// Of two sessions that claim the same mail one gets it.
async fn prove_claim(one: &mut Oracle, other: &mut Oracle, proofs: &mut Vec<Proof>) -> Result<()> {
    let claim = File::of("oracle/ledger/claim.sql");
    let (first, second) = (one.execute(claim.statement()).await, other.execute(claim.statement()).await);
    let said = |claimed: &Result<u64>| {
        claimed.as_ref().map_or_else(|refused| format!("{refused:#}"), u64::to_string)
    };
    let is_right = matches!((&first, &second), (Ok(1), Ok(0)));
    let said = format!("the first changes {} row, the second {}", said(&first), said(&second));
    proofs.push(Proof::of("of two sessions one claims a mail", is_right, said));
    Ok(())
}

/// Of two sessions that want the same lock one gets it, and the other does not wait.
async fn prove_lock(one: &Oracle, other: &Oracle, proofs: &mut Vec<Proof>) -> Result<()> {
    let run = |name| File::of(name).statement();
    let there = answer(&one.session, run("oracle/ledger/add_lock.sql")).await?;
    answer(&one.session, plain(COMMIT)).await?.ok();
    let held = answer(&one.session, run("oracle/ledger/take_lock.sql")).await?;
    let refused = answer(&other.session, run("oracle/ledger/take_lock.sql")).await?;
    let is_right =
        there.is_ok() && held.is_ok() && refused.as_ref().is_err_and(|said| said.contains("ORA-00054"));
    let said = format!("the first: {}; the second: {}", told(&held), told(&refused));
    proofs.push(Proof::of("of two sessions one holds a lock", is_right, said));
    for session in [&one.session, &other.session] {
        answer(session, plain("ROLLBACK")).await?.ok();
    }
    Ok(())
}

/// A text of 4,000 bytes, of letters that take two, goes in as it is.
async fn prove_long_reply(one: &Oracle, proofs: &mut Vec<Proof>) -> Result<()> {
    let sql = format!(
        "INSERT INTO {PREFIX}attempt (log_table, row_id, sent_date, run_id, ended_at, outcome, reply)
         VALUES ('x', 'x', 'x', 'x', 0, 'x', :1)"
    );
    let statement = Statement { binds: vec![Bind::Text("ä".repeat(2000))], ..plain(&sql) };
    let written = answer(&one.session, statement).await?;
    let read =
        answer(&one.session, plain(&format!("SELECT MAX(LENGTH(reply)) FROM {PREFIX}attempt"))).await?;
    answer(&one.session, plain("ROLLBACK")).await?.ok();
    let is_right = written.is_ok() && read.as_ref().is_ok_and(|rows| *rows == [["2000"]]);
    let said = format!("{} row; {} letters", told(&written), told(&read));
    proofs.push(Proof::of("a reply of 4,000 bytes is kept", is_right, said));
    Ok(())
}
