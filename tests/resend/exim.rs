//! Whole runs against Exim with the configuration that its authors ship, a server that nobody here wrote: it ends a session
//! after ten commands that are no mail, checks senders, and refuses long lines.

use std::collections::BTreeSet;

use crate::support::exim::Exim;
use crate::support::{Ran, TestLog};
use serde_json::json;

fn resend(log: &TestLog, exim: &Exim, more: &[&str]) -> Ran {
    let url = format!("smtp://127.0.0.1:{}", exim.port);
    let args = ["-q", "--format", "json", "resend", "--smtp", &url, "--rate", "60000/1m", "--yes"];
    log.run(&[&args[..], more].concat())
}

fn answer(ran: &Ran) -> serde_json::Value {
    serde_json::from_str(&ran.stdout).unwrap_or_else(|_| panic!("{ran:?}"))
}

/// The recipients of what was accepted, each as often as it was.
fn recipients(exim: &Exim) -> Vec<String> {
    let to = |message: Vec<u8>| {
        let text = String::from_utf8(message).unwrap();
        text.lines().find_map(|line| line.strip_prefix("To: ")).unwrap().to_owned()
    };
    let mut all: Vec<_> = exim.accepted().into_iter().map(to).collect();
    all.sort();
    all
}

#[test]
fn every_mail_arrives_once_over_one_connection_and_over_three() {
    for cap in ["1", "3"] {
        let (exim, log) = (Exim::start(), TestLog::empty());
        log.make_throttled(60);
        let ran = resend(&log, &exim, &["--cap", cap]);
        let said = answer(&ran);
        assert_eq!(([&said["sent"], &said["throttled"]], ran.code), ([&json!(60), &json!(0)], 0), "{ran:?}");
        let arrived = recipients(&exim);
        assert_eq!((arrived.len(), arrived.iter().collect::<BTreeSet<_>>().len()), (60, 60));
        assert!(!exim.log().contains("nonmail"), "{}", exim.log());
    }
}

/// Refused rows between those that go: each refusal is followed by a RSET or the like, of which Exim bears ten.
#[test]
fn refusals_of_single_rows_cost_no_other_row() {
    let (exim, log) = (Exim::start(), TestLog::empty());
    log.make_throttled(60);
    // no such user here, as Exim finds when it checks the sender; what another sender may do makes none of them final
    log.sql("UPDATE email_log SET sender = 'ghost' || id || '@contoso.example' WHERE id % 2 = 1");
    let ran = resend(&log, &exim, &["--cap", "1"]);
    let said = answer(&ran);
    assert_eq!([&said["sent"], &said["refused"], &said["deferred"]], [30, 0, 30], "{ran:?}");
    assert_eq!(recipients(&exim).len(), 30);
    assert_eq!(log.value("SELECT count(*) FROM email_log WHERE status = 'S' AND id % 2 = 0"), "30");
}

/// A sender that nobody may use is about the account: the run ends, and all rows stay.
#[test]
fn an_unknown_sender_burns_no_row() {
    let (exim, log) = (Exim::start(), TestLog::empty());
    log.make_throttled(12);
    log.sql("UPDATE email_log SET sender = 'ghost@contoso.example'");
    let ran = resend(&log, &exim, &[]);
    assert_eq!(ran.code, 3, "{ran:?}");
    assert!(ran.stderr.contains("Sender verify failed"), "{}", ran.stderr);
    let said = answer(&ran);
    assert_eq!([&said["sent"], &said["refused"], &said["deferred"]], [0, 0, 12], "{said}");
    log.sql("UPDATE email_log SET sender = 'reports@contoso.example'");
    assert_eq!(answer(&resend(&log, &exim, &[]))["sent"], json!(12));
    assert_eq!(recipients(&exim).len(), 12);
}
