//! Whether the way is open: looked at before any row is claimed, and by doctor.

use mailthrottle::model::Stage;
use serde_json::json;

use crate::smtp_server::{Account, Fault, Settings, SmtpServer};
use crate::support::TestLog;
use crate::table::statuses;
use crate::{answer, resend};

fn send(log: &TestLog, url: &str) -> crate::support::Ran {
    log.run(&["-q", "--format", "json", "resend", "--smtp", url, "--yes"])
}

fn nothing_was_touched(log: &TestLog) {
    assert_eq!(statuses(log), "FF");
    assert_eq!(log.value("SELECT count(*) FROM mailthrottle_mail"), "0");
    assert_eq!(log.value("SELECT count(*) FROM mailthrottle_run"), "0");
}

#[test]
fn a_closed_port_or_a_name_that_is_none_ends_it_at_once() {
    let log = TestLog::empty();
    log.make_throttled(2);
    let error = send(&log, "smtp://127.0.0.1:9").error();
    let expected = "mailthrottle: nothing was sent, no row was touched: connect to 127.0.0.1:9: Connection refused (os error 111); \
                    check host and port in --smtp or [smtp] url, and that the server runs";
    assert_eq!(error, expected);
    let error = send(&log, "smtp://nowhere.invalid").error();
    assert!(
        error.contains("connect to nowhere.invalid:587: ") && error.contains("; check host and port"),
        "{error}"
    );
    nothing_was_touched(&log);
}

#[test]
fn a_wrong_password_ends_it_and_is_told() {
    let log = TestLog::empty();
    log.make_throttled(2);
    let account = Account {
        user: "reports@contoso.example".into(),
        secret: "right".into(),
        mechanisms: "PLAIN LOGIN".into(),
        ignores_initial: false,
    };
    let server = SmtpServer::start(Settings { account: Some(account), ..Settings::default() });
    let url = format!("smtp://reports%40contoso.example@127.0.0.1:{}", server.port);
    let run = |password: &str, args: &[&str]| -> crate::support::Ran {
        let all = [&["--db", "log.db"], args].concat();
        log.command(&all).env("MAILTHROTTLE_SMTP_PASSWORD", password).output().unwrap().into()
    };
    let ran = run("wrong", &["-q", "resend", "--smtp", &url, "--yes"]);
    let error = ran.error();
    assert!(error.contains("535 5.7.3 Authentication unsuccessful"), "{error}");
    assert!(error.ends_with("check user and password, token or auth in [smtp]"), "{error}");
    nothing_was_touched(&log);
    let visit = run("wrong", &["doctor", "--smtp", &url]);
    assert_eq!(visit.code, 2);
    assert!(visit.stdout.contains("resend cannot send:"), "{}", visit.stdout);
    let visit = run("right", &["doctor", "--smtp", &url]);
    // the mails that wait to be sent again are a warning
    assert_eq!(visit.code, 1, "{}", visit.stdout);
    assert!(visit.stdout.contains("the mail server lets resend in; nothing was sent"), "{}", visit.stdout);
    assert!(server.seen().accepted.is_empty());
    let ran = run("right", &["-q", "resend", "--smtp", &url, "--yes", "--rate", "60000/1m"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    // the connection that was looked with is the first one used
    assert_eq!(server.seen().accepted.len(), 2);
}

#[test]
fn a_refusal_for_a_moment_is_waited_out() {
    let log = TestLog::empty();
    log.make_throttled(2);
    let faults = vec![Fault::says(Stage::Connect, crate::smtp_server::text::BANNER).nth(1)];
    let server = SmtpServer::start(Settings { faults, ..Settings::default() });
    let ran = resend(&log, &server, &["--cap", "1"]);
    let said = answer(&ran);
    assert_eq!((ran.code, &said["sent"], &said["throttled"]), (0, &json!(2), &json!(1)), "{ran:?}");
}

#[test]
fn an_account_that_is_refused_on_the_way_ends_the_run_with_the_reason() {
    let log = TestLog::empty();
    log.make_throttled(3);
    let faults = vec![Fault::says(Stage::Mail, "550 5.7.30 Basic authentication is not supported").nth(2)];
    let server = SmtpServer::start(Settings { faults, ..Settings::default() });
    let ran = resend(&log, &server, &["--cap", "1"]);
    assert_eq!(ran.code, 3, "{ran:?}");
    assert_eq!(answer(&ran)["sent"], json!(1));
    let last = ran.stderr.lines().last().unwrap();
    assert!(last.contains("the account was refused: ") && last.contains("550 5.7.30"), "{last}");
    assert_eq!(statuses(&log), "SFF");
}
