//! `explain`, as a user runs it: one text, and the bench of all rules.

use std::io::Write;
use std::process::Stdio;

use crate::support::{Ran, TestLog};
use serde_json::{Value, json};

const INCIDENT: &str = "4.3.2 Concurrent connections limit exceeded.\n      Visit https://aka.ms/concurrent_sending for more \
                        information.\n      [Hostname=DM4PR18MB4126.namprd18.prod.outlook.com]";

#[test]
fn a_person_is_told_what_it_means_whether_to_send_again_what_to_do_which_rule_and_where_to_read() {
    let shown = TestLog::empty().run_bare(&["explain", INCIDENT]).stdout;
    let heads: Vec<&str> =
        shown.lines().filter_map(|line| line.split("  ").next()).filter(|head| !head.is_empty()).collect();
    assert_eq!(heads, ["Means", "Again", "Do", "Rule", "Read"]);
    assert!(shown.contains("Again  Yes, later and more slowly."), "{shown}");
}

#[test]
fn the_json_follows_the_contract() {
    let ran = TestLog::empty().run_bare(&["--format", "json", "explain", INCIDENT]);
    let explained: Value = serde_json::from_str(&ran.stdout).unwrap();
    for key in "schema text reply enhanced class disposition stage fingerprint rule meaning advice".split(' ')
    {
        assert!(explained.get(key).is_some(), "{key}");
    }
    assert_eq!(explained["schema"], "mailthrottle/explain/1");
    assert_eq!((&explained["reply"], &explained["enhanced"]), (&Value::Null, &json!("4.3.2")));
    assert_eq!(
        (&explained["class"], &explained["disposition"]),
        (&json!("throttle-concurrency"), &json!("retry"))
    );
}

#[test]
fn a_wait_that_the_server_asks_for_is_told() {
    let shown =
        TestLog::empty().run_bare(&["explain", "450 4.2.0 Greylisted, try again in 5 minutes"]).stdout;
    assert!(shown.contains("after 300 s, as the server asks"), "{shown}");
    let quota = "554 5.2.0 STOREDRV.Submission.Exception:SubmissionQuotaExceededException";
    let shown = TestLog::empty().run_bare(&["explain", quota]).stdout;
    assert!(shown.contains("Not before the counted window frees; not before: rolling 1day."), "{shown}");
}

#[test]
fn a_doubt_is_explained_without_the_promise_of_a_retry() {
    let lost = "System.Net.Mail.SmtpException: The operation has timed out.";
    let shown = TestLog::empty().run_bare(&["explain", lost]).stdout;
    assert!(shown.contains("Again  Only when a person has made sure that it did not arrive."), "{shown}");
    assert!(
        shown.contains("Do     Ask a recipient, or look at the server's log, before sending it again."),
        "{shown}"
    );
    let refused = TestLog::empty().run_bare(&["explain", "connect ECONNREFUSED 192.0.2.25:587"]).stdout;
    assert!(refused.contains("Again  Yes, later and more slowly."), "{refused}");
    assert!(refused.contains("nothing was handed over"), "{refused}");
}

#[test]
fn a_dash_reads_stdin_whatever_bytes_come() {
    let log = TestLog::empty();
    let mut child = log
        .command(&["--format", "json", "explain", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(b"550 5.1.1 unbekannter Empf\xe4nger\r\n").unwrap();
    let ran: Ran = child.wait_with_output().unwrap().into();
    let explained: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!((&explained["reply"], &explained["class"]), (&json!(550), &json!("recipient")));
}

#[test]
fn all_rules_pass_their_bench() {
    let ran = TestLog::empty().run_bare(&["--format", "json", "explain", "--test-rules"]);
    let tested: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!((ran.code, &tested["problems"], &tested["log"]), (0, &json!([]), &Value::Null));
    assert!(tested["rules"].as_u64() > Some(90) && tested["examples"].as_u64() > tested["rules"].as_u64());
}

#[test]
fn the_bench_says_what_the_rules_make_of_the_users_own_log() {
    let log = TestLog::with_rows(&[
        ("'F'", "'2026-11-20 08:00:00'", "'432 4.3.2 Concurrent connections limit exceeded'"),
        ("'F'", "'2026-11-20 08:00:01'", "'the frobnicator of host a1.example.com is out of tune'"),
        ("'F'", "'2026-11-20 08:00:02'", "'the frobnicator of host b2.example.com is out of tune'"),
        ("'F'", "'2026-11-20 08:00:03'", "'the frobnicator of host c3.example.com is out of tune'"),
    ]);
    let tested = log.json(&["explain", "--test-rules"]);
    assert_eq!(tested["log"]["failed"], 4);
    assert_eq!(
        tested["log"]["shares"][0],
        json!({ "rule": "unknown", "class": "unknown", "rows": 3, "share": 0.75 })
    );
    assert_eq!(tested["log"]["unclassified"].as_array().unwrap().len(), 1);
    assert_eq!(tested["log"]["unclassified"][0]["rows"], 3);
    // the suggestion is a rule that can be used as it stands
    let rules = log.write("own.toml", tested["log"]["suggestion"].as_str().unwrap());
    let tested = log.json(&["explain", "--test-rules", rules.to_str().unwrap()]);
    assert_eq!((&tested["log"]["unclassified"], &tested["problems"]), (&json!([]), &json!([])));
}

#[test]
fn every_problem_of_the_users_rules_is_listed() {
    let log = TestLog::empty();
    let rule = |name: &str, text: &str, example: &str| {
        format!("[[rules]]\nname = '{name}'\ntext = '{text}'\nclass = 'quota'\nexample = '{example}'\n")
    };
    let rules = [rule("wide", "foo", "foo"), rule("narrow", "foo bar", "foo bar"), rule("off", "baz", "qux")]
        .concat();
    log.write("own.toml", rules);
    let ran = log.run_bare(&["--format", "json", "explain", "--test-rules", "own.toml"]);
    let tested: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(
        (ran.code, &tested["problems"]),
        (
            1,
            &json!([
                "rule 'narrow': its example 'foo bar' is taken by the earlier rule 'wide'; put 'narrow' before it or narrow 'wide'",
                "rule 'off': its example 'qux' does not fit it; change text or the codes, or the example",
            ])
        )
    );
}

#[test]
fn a_rule_that_cannot_be_compiled_is_named_with_its_file() {
    let log = TestLog::empty();
    log.write("own.toml", "[[rules]]\nname = 'x'\ntext = 'foo('\nclass = 'quota'\nexample = 'bar'\n");
    let error = log.run_bare(&["explain", "--test-rules", "own.toml"]).error();
    assert!(
        error.starts_with("mailthrottle: own.toml: rule 'x': text is not a regular expression: "),
        "{error}"
    );
}
