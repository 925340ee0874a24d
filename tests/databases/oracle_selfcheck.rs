//! `doctor --oracle-selfcheck`: what it says of the stand-in, and that it leaves nothing behind.

use crate::support::oracle::PASSWORD;
use crate::support::oracle_log::{database, small, sql};
use crate::support::{Ran, TestLog};
use regex::Regex;
use serde_json::Value;

/// What the stand-in answers; that of a real server belongs beside it, once somebody has sent one.
const ANSWER: &str = include_str!("../../fixtures/oracle-selfcheck/stand-in.txt");

/// The check on the stand-in as it is, which then refuses nothing that it is told to.
fn checked(log: &TestLog, args: &[&str]) -> Ran {
    let mut command = log.command(&[&["doctor", "--oracle-selfcheck"], args].concat());
    // some of what it asks the grammars do not know, such as plans; the rest are the statements of the query files again
    command.env_remove("ORACLE_STANDIN_TRACE");
    command.env("ORACLE_STANDIN_REFUSE", "").env("COLUMNS", "140").output().unwrap().into()
}

fn tables(log: &TestLog) -> String {
    log.value("SELECT count(*) FROM user_tables WHERE table_name LIKE 'MT%'")
}

#[test]
fn what_is_proved_on_the_stand_in() {
    let log = small();
    if !crate::support::oracle::is_real() {
        sql(&log, "CREATE PUBLIC SYNONYM mails FOR email_log;");
    }
    let ran = checked(&log, &["--yes"]);
    assert_eq!(ran.code, 0, "{}", ran.stdout);
    assert!(ran.stderr.contains("It makes tables named MT_CHECK_"), "{}", ran.stderr);
    assert_eq!(tables(&log), "0");
    if crate::support::oracle::is_real() {
        println!("{}", ran.stdout);
        return;
    }
    let said = ran.stdout.replace(env!("CARGO_PKG_VERSION"), "VERSION");
    // of each run its own
    let said =
        Regex::new("(?i)mt_check_[0-9a-f]{4}").unwrap().replace_all(&said, "MT_CHECK_NNNN").into_owned();
    if std::env::var_os("MAILTHROTTLE_BLESS").is_some() {
        std::fs::write("fixtures/oracle-selfcheck/stand-in.txt", &said).unwrap();
    }
    assert_eq!(said, ANSWER, "MAILTHROTTLE_BLESS=yes writes it anew");
}

#[test]
fn nothing_is_made_without_a_yes() {
    let log = small();
    let ran = checked(&log, &["--format", "json"]);
    let answer: Value = serde_json::from_str(&ran.stdout).unwrap();
    let proofs = answer["proofs"].as_array().unwrap();
    let last = proofs.last().unwrap();
    assert_eq!((ran.code, &last["holds"]), (0, &Value::Null));
    assert!(last["said"].as_str().unwrap().contains("--yes makes MT_CHECK_ tables"), "{last}");
    assert!(!proofs.iter().any(|proof| proof["what"] == "tables are made"));
    assert_eq!(tables(&log), "0");
}

#[test]
fn what_does_not_hold_is_said_and_ends_with_2() {
    if crate::support::oracle::is_real() {
        return;
    }
    let log = small();
    // a user who may not make tables
    sql(
        &log,
        &format!(
            "CREATE USER guest IDENTIFIED BY \"{PASSWORD}\";
             GRANT CREATE SESSION TO guest;
             GRANT SELECT ON email_log TO guest;"
        ),
    );
    let url = database(&log).url_of("guest");
    let mut command = log.command(&["doctor", "--oracle-selfcheck", "--yes"]);
    let ran: Ran =
        command.env_remove("ORACLE_STANDIN_TRACE").env("MAILTHROTTLE_DB", url).output().unwrap().into();
    assert_eq!(ran.code, 0, "{}", ran.stdout);
    assert!(
        ran.stdout.contains("told   plans, ledger, claims and locks: left out: this user may not make"),
        "{}",
        ran.stdout
    );
    let error = log.error(&["--print-sql", "doctor", "--oracle-selfcheck", "--yes"]);
    assert!(error.contains("--print-sql: "), "{error}");
    // a server that takes texts for others, refuses to claim by a row that is there, and is without an index
    let log = small();
    database(&log).behind(
        "CREATE OR REPLACE FUNCTION oracle.dump(text, numeric) RETURNS text LANGUAGE sql AS \
         'SELECT ''Typ=1 Len=4 CharacterSet=AL16UTF16: 0,f,0,e4''::text'",
    );
    let ran = checked(&log, &[]);
    assert_eq!(ran.code, 2);
    assert!(
        ran.stdout.contains("FAILS  a text is bound as VARCHAR2: Typ=1 Len=4 CharacterSet=AL16UTF16"),
        "{}",
        ran.stdout
    );
}

#[test]
fn it_is_for_oracle_alone() {
    let log = TestLog::incident();
    let error = log.error(&["doctor", "--oracle-selfcheck"]);
    assert!(
        error.contains("--oracle-selfcheck: ") && error.contains("is no Oracle database; name one by --db"),
        "{error}"
    );
    let error = log.run(&["doctor", "--yes"]).stderr;
    assert!(error.contains("--oracle-selfcheck"), "{error}");
}

/// A session that is killed: what may be left is named, and nothing is said to hold.
#[test]
fn a_server_that_goes_away_leaves_the_names_of_the_tables() {
    if crate::support::oracle::is_real() {
        return;
    }
    let log = small();
    // the last of the tables is made only once the session is gone
    database(&log).behind(
        "CREATE FUNCTION kill_after() RETURNS event_trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
         BEGIN
           IF EXISTS (SELECT FROM pg_class WHERE relname ~ '^mt_check_.*_log$') THEN
             PERFORM pg_terminate_backend(pg_backend_pid());
           END IF;
         END $$;
         CREATE EVENT TRIGGER kill_after ON ddl_command_end WHEN tag IN ('CREATE TABLE') EXECUTE FUNCTION kill_after()",
    );
    let ran = checked(&log, &["--yes"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (3, ""));
    assert!(ran.stderr.contains("... may be left; drop them: "), "{}", ran.stderr);
}
