//! The ledger knows whose log it is and which mail it means.

use serde_json::json;

use mailthrottle::model::Stage;

use crate::smtp_server::{Fault, Settings, SmtpServer};
use crate::support::{Ran, TestLog, on_every_database};
use crate::table::{MAIL, Mail, make, statuses};
use crate::{answer, resend};

fn with_ledger(log: &TestLog, server: &SmtpServer, ledger: &str) -> Ran {
    resend(log, server, &["--ledger", ledger])
}

#[test]
fn a_ledger_of_its_own_serves_one_log() {
    let server = SmtpServer::start(Settings::default());
    let (one, other) = (TestLog::empty(), TestLog::empty());
    one.make_throttled(3);
    other.make_throttled(3);
    let ledger = format!("sqlite:{}", one.path("ledger.db").display());
    assert_eq!(answer(&with_ledger(&one, &server, &ledger))["sent"], json!(3));
    let error = with_ledger(&other, &server, &ledger).error();
    assert!(error.contains("the ledger belongs to another log (sqlite:"), "{error}");
    assert_eq!((server.seen().accepted.len(), statuses(&other).as_str()), (3, "FFF"));
}

#[test]
fn a_log_has_one_ledger() {
    on_every_database(|log| {
        log.make_throttled(2);
        let server = SmtpServer::start(Settings::default());
        let at = |name: &str| format!("sqlite:{}", log.path(name).display());
        assert_eq!(answer(&with_ledger(log, &server, &at("a.db")))["sent"], json!(2));
        log.sql("UPDATE email_log SET status = 'F'");
        for other in ["same", &at("b.db")] {
            let error = with_ledger(log, &server, other).error();
            assert!(error.contains("this log has a ledger already: sqlite:"), "{error}");
        }
        assert_eq!(answer(&with_ledger(log, &server, &at("a.db")))["selected"], json!(0));
        assert_eq!(server.seen().accepted.len(), 2);
    });
}

#[test]
fn a_log_with_a_ledger_beside_it_takes_no_other() {
    on_every_database(|log| {
        log.make_throttled(2);
        let server = SmtpServer::start(Settings::default());
        assert_eq!(answer(&resend(log, &server, &[]))["sent"], json!(2));
        log.sql(
            "INSERT INTO email_log SELECT 9, 'F', sent_date, sender, 'u9@example.com', subject, body, error_message FROM email_log \
             WHERE id = 2",
        );
        let error = with_ledger(log, &server, &format!("sqlite:{}", log.path("b.db").display())).error();
        assert!(error.contains("this log has its ledger beside it; leave out --ledger"), "{error}");
        assert_eq!(server.seen().accepted.len(), 2);
    });
}

/// A ledger's file that was lost is not made anew in silence: it would know nothing of what was sent or is in doubt.
#[test]
fn a_lost_ledger_is_not_begun_again() {
    on_every_database(|log| {
        log.make_throttled(3);
        let fault = Fault::hang_up(Stage::Dot).nth(2).accepting();
        let server = SmtpServer::start(Settings { faults: vec![fault], ..Settings::default() });
        let ledger = format!("sqlite:{}", log.path("ledger.db").display());
        assert_eq!(answer(&resend(log, &server, &["--cap", "1", "--ledger", &ledger]))["doubt"], json!(1));
        std::fs::remove_file(log.path("ledger.db")).unwrap();
        for _ in 0..2 {
            let error = with_ledger(log, &server, &ledger).error();
            assert!(
                error.contains("was lost and made anew") && error.contains("mailthrottle_elsewhere"),
                "{error}"
            );
        }
        assert_eq!(server.seen().accepted.len(), 3);
    });
}

/// A run that was killed while it made the ledger's file may leave it empty.
#[test]
fn a_ledger_whose_file_is_empty_is_made() {
    let log = TestLog::empty();
    log.make_throttled(2);
    log.write("ledger.db", "");
    let server = SmtpServer::start(Settings::default());
    let ledger = format!("sqlite:{}", log.path("ledger.db").display());
    assert_eq!(answer(&with_ledger(&log, &server, &ledger))["sent"], json!(2));
}

/// Each role makes its tables in a schema of its own.
#[test]
fn two_roles_share_one_ledger_or_are_refused() {
    let log = TestLog::on_postgres();
    log.make_throttled(3);
    let crate::support::Database::Postgres(database) = log.database().clone() else { unreachable!() };
    for role in ["one", "two"] {
        log.sql(&format!(
            "CREATE ROLE {role}_{database} LOGIN PASSWORD 'x'; CREATE SCHEMA {role}_{database} AUTHORIZATION {role}_{database}; \
             GRANT SELECT, UPDATE ON email_log TO {role}_{database}; REVOKE CREATE ON SCHEMA public FROM PUBLIC"
        ));
    }
    let server = SmtpServer::start(Settings::default());
    let url = crate::url(&server);
    let run = |role: &str| -> Ran {
        let login = crate::support::postgres::server().tcp_url(&format!("{role}_{database}:x"), &database);
        let args = ["-q", "--format", "json", "resend", "--smtp", &url, "--rate", "60000/1m", "--yes"];
        log.command(&args).env("MAILTHROTTLE_DB", login).output().unwrap().into()
    };
    assert_eq!(answer(&run("one"))["sent"], json!(3));
    log.sql("UPDATE email_log SET status = 'F'");
    let error = run("two").error();
    assert!(
        error.contains(&format!("this log has a ledger already, in the schema one_{database}")),
        "{error}"
    );
    assert_eq!(answer(&run("one"))["selected"], json!(0));
    assert_eq!(server.seen().accepted.len(), 3);
}

/// A view of the log, a view of that, a further view and a copy give the same mails other names.
#[test]
fn a_view_of_the_log_is_not_another_log() {
    on_every_database(|log| {
        log.make_throttled(2);
        log.sql("CREATE VIEW failed_mails AS SELECT * FROM email_log WHERE status = 'F'");
        log.sql("CREATE VIEW mails_to_send AS SELECT * FROM failed_mails");
        log.sql("CREATE VIEW all_mails AS SELECT * FROM email_log");
        let columns = "status, sent_date, sender, recipient, subject, body, error_message";
        log.sql(&format!("CREATE VIEW renumbered AS SELECT id + 1000 AS id, {columns} FROM email_log"));
        log.sql("CREATE TABLE copied AS SELECT * FROM email_log");
        log.sql("CREATE TABLE email_log_2 AS SELECT * FROM email_log");
        log.sql("UPDATE email_log_2 SET recipient = 'x' || recipient");
        log.sql("CREATE VIEW mails_2 AS SELECT * FROM email_log_2");
        let server = SmtpServer::start(Settings::default());
        assert_eq!(answer(&resend(log, &server, &["--table", "mails_to_send"]))["sent"], json!(2));
        let error = resend(log, &server, &[]).error().to_lowercase();
        assert!(
            error.contains("mails_to_send, and one of ") && error.contains("is a view of the other"),
            "{error}"
        );
        for (same, why) in [
            ("all_mails", "or both are of one table"),
            ("renumbered", "or both are of one table"),
            ("copied", "the two show the same mails"),
        ] {
            let error = resend(log, &server, &["--table", same]).error().to_lowercase();
            assert!(error.contains(why) && error.contains("; give --table "), "{same}: {error}");
        }
        // another table is another log, whatever its name begins with
        assert_eq!(resend(log, &server, &["--table", "mails_2"]).code, 0);
        assert_eq!(server.seen().accepted.len(), 4);
    });
}

/// A mail that was sent stays sent under whatever time, zone and columns the log is read.
#[test]
fn a_mail_is_known_whatever_its_time_and_its_columns() {
    on_every_database(|log| {
        make(log, &[Mail { id: 1, ..MAIL }, Mail { id: 2, recipient: "b@example.com", ..MAIL }]);
        let server = SmtpServer::start(Settings::default());
        assert_eq!(answer(&resend(log, &server, &[]))["sent"], json!(2));
        log.sql("UPDATE email_log SET status = 'F'");
        let nothing = |more: &[&str]| {
            let said = answer(&resend(log, &server, more));
            assert_eq!([&said["selected"], &said["skipped"]], [0, 2], "{more:?}: {said}");
        };
        nothing(&["--time-zone", "Europe/Berlin"]);
        log.write("mailthrottle.toml", "[email_log]\ncolumns = { sender = [] }\n[smtp]\nurl = 'smtp://a%40x.example@127.0.0.1'\nauth = 'none'\n");
        nothing(&[]);
        log.write("mailthrottle.toml", "");
        log.sql(&format!("UPDATE email_log SET sent_date = '{}'", crate::table::time(5)));
        nothing(&[]);
        assert_eq!(server.seen().accepted.len(), 2);
        // another mail got the key
        log.sql(&format!(
            "UPDATE email_log SET sent_date = '{}', subject = 'Another', body = 'mail' WHERE id = 2",
            crate::table::time(4)
        ));
        let said = answer(&resend(log, &server, &[]));
        assert_eq!([&said["sent"], &said["skipped"]], [1, 1], "{said}");
    });
}

/// What the log has still to learn is not told to another mail that got the key meanwhile.
#[test]
fn catching_up_marks_no_other_mail() {
    let log = TestLog::empty();
    log.make_throttled(2);
    let server = SmtpServer::start(Settings::default());
    let ledger = format!("sqlite:{}", log.path("ledger.db").display());
    assert_eq!(answer(&with_ledger(&log, &server, &ledger))["sent"], json!(2));
    let due = std::process::Command::new("sqlite3")
        .arg(log.path("ledger.db"))
        .arg("UPDATE mailthrottle_mail SET log_due = 'S'")
        .status()
        .unwrap();
    assert!(due.success());
    log.sql("UPDATE email_log SET status = 'F'");
    log.sql("UPDATE email_log SET subject = 'Another', body = 'mail', error_message = '550 5.1.1 User unknown' WHERE id = 2");
    with_ledger(&log, &server, &ledger);
    assert_eq!(statuses(&log), "SF");
}

/// A database in which the first release sent (1 to 4), lost an answer (5), had two more settled by a person (6 dropped, 7
/// delivered), was refused (8) and told to wait (9), and was killed while it handed over (10); 11 it never touched.
#[test]
fn a_ledger_of_the_first_version_is_migrated() {
    let log = TestLog::empty();
    std::fs::copy(crate::support::fixture("ledger-1.db"), log.path("log.db")).unwrap();
    assert_eq!(log.value("SELECT max(number) FROM mailthrottle_migration"), "1");
    log.sql("UPDATE mailthrottle_mail SET next_at = 1 WHERE next_at IS NOT NULL");
    let server = SmtpServer::start(Settings::default());
    let outcomes = |said: &serde_json::Value| -> Vec<String> {
        let word = |row: &serde_json::Value| {
            format!("{} {}", row["id"].as_str().unwrap(), row["outcome"].as_str().unwrap())
        };
        let mut all: Vec<_> = said["rows"].as_array().unwrap().iter().map(word).collect();
        all.sort();
        all
    };
    // whoever only reads changes nothing
    let before = log.files();
    let plan = log.json(&["resend", "--dry-run", "--max-age", "36500d"]);
    assert_eq!(
        outcomes(&plan),
        ["10 skipped", "11 selected", "5 skipped", "6 skipped", "8 skipped", "9 selected"]
    );
    assert_eq!(log.report()["totals"]["recovered"], json!(5));
    assert_eq!(log.files(), before);
    let ran = resend(&log, &server, &["--max-age", "36500d"]);
    assert_eq!((ran.code, &answer(&ran)["sent"]), (2, &json!(2)), "{ran:?}");
    assert_eq!(log.value("SELECT max(number) FROM mailthrottle_migration"), "3");
    let stages = "SELECT group_concat(row_id || ' ' || stage, ', ') FROM (SELECT * FROM mailthrottle_mail ORDER BY row_id + 0)";
    assert_eq!(
        log.value(stages),
        "1 sent, 2 sent, 3 sent, 4 sent, 5 doubt, 6 dropped, 7 sent, 8 refused, 9 sent, 10 doubt, 11 sent"
    );
    // a refusal is freed, a doubt goes again or is over
    assert_eq!(log.run(&["resend", "--free", "8", "--yes"]).code, 0);
    assert_eq!(log.run(&["resend", "--doubt", "delivered", "5", "10"]).code, 0);
    log.sql("UPDATE email_log SET sender = 'reports@contoso.example'");
    assert_eq!(answer(&resend(&log, &server, &["--max-age", "36500d"]))["sent"], json!(1));
    assert_eq!(server.seen().accepted.len(), 3);
}
