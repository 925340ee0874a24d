//! What texts mean: the labelled texts of public test sets, hand-written cases of every hazard, and any text at all.

use mailthrottle::model::{Class, Disposition};
use mailthrottle::reply::{Classifier, bench, fingerprint};
use proptest::prelude::*;
use serde::Deserialize;

#[derive(Deserialize)]
struct Labelled {
    text: String,
    classes: Vec<String>,
}

/// A text of the second set: its codes are given where they are part of what is tested.
#[derive(Deserialize)]
struct Collected {
    #[serde(flatten)]
    labelled: Labelled,
    #[serde(default, deserialize_with = "given")]
    reply: Option<Option<u16>>,
    #[serde(default, deserialize_with = "given")]
    enhanced: Option<Option<String>>,
}

/// A key that is there, were it null, apart from a key that is not.
fn given<'de, T: Deserialize<'de>, D: serde::Deserializer<'de>>(value: D) -> Result<Option<T>, D::Error> {
    T::deserialize(value).map(Some)
}

/// Texts of the second set that get another class than their label, and why.
const DISPUTED_MORE: &[(&str, &str)] = &[(
    "421 4.3.2 Your server sent us too much, we are under heavy load",
    "the sender is asked to send less, whatever the server's load: throttle-rate, retry",
)];

/// The beginnings of labelled texts whose label is held to be wrong, and why.
const DISPUTED: &[(&str, &str)] = &[
    (
        "SMTP error from remote mail server after initial connection: host email-22",
        "'daily relay quota' is a counted allowance: quota",
    ),
    (
        "procmail: Couldn't create \"/var/spool/mail/neko\"",
        "'No such user' says why it could not be created: recipient",
    ),
    (
        "host mfsmax.docomo.ne.jp[198.51.100.202] said: 552 Too many recipients",
        "the recipients of one message: message",
    ),
    (
        "host mta6.am0.yahoodns.net[67.195.204.72] said: 421 4.7.0 [TSS04]",
        "put off for its volume: throttle-rate, retry",
    ),
    ("542 kijitora@example.com Rejected", "nothing in it speaks of the recipient's address"),
    ("452 Insufficient disk space; try again later", "the server's disk, not a mailbox: server-busy"),
    ("There is no sample email", "a remark of the test set's authors, not a reply"),
    ("452 This message contains too many recipients", "the recipients of one message: message"),
    ("454 4.7.0 Too many login attempts", "too much in too short a time: throttle-rate, retry"),
    ("452 Too many recipients", "RFC 5321 has this very reply for the recipients of one message: message"),
];

fn labelled() -> Vec<Labelled> {
    let lines = include_str!("../fixtures/replies.jsonl").lines();
    lines.map(|line| serde_json::from_str(line).expect("a line of the labelled set")).collect()
}

fn collected() -> Vec<Collected> {
    let lines = include_str!("../fixtures/replies-more.jsonl").lines();
    lines.map(|line| serde_json::from_str(line).expect("a line of the second set")).collect()
}

fn is_right(classifier: &Classifier, row: &Labelled) -> bool {
    let class = classifier.read(&row.text).class;
    row.classes.is_empty() || row.classes.iter().any(|right| right == class.as_str())
}

fn is_disputed(row: &Labelled) -> bool {
    DISPUTED.iter().any(|(start, _)| row.text.starts_with(start))
}

#[test]
fn labelled_texts_get_a_class_that_may_count_as_right() {
    let classifier = Classifier::built_in();
    let rows = labelled();
    let wrong: Vec<_> = rows.iter().filter(|row| !is_right(&classifier, row)).collect();
    let share = 1.0 - wrong.len() as f64 / rows.len() as f64;
    assert!(share >= 0.97, "only {share:.3} are right");
    let undisputed: Vec<_> = wrong.iter().filter(|row| !is_disputed(row)).map(|row| &row.text).collect();
    assert!(undisputed.is_empty(), "{undisputed:#?}");
}

#[test]
fn a_disputed_label_is_still_disputed() {
    let classifier = Classifier::built_in();
    for (start, reason) in DISPUTED {
        let rows: Vec<_> = labelled().into_iter().filter(|row| row.text.starts_with(start)).collect();
        assert!(!rows.is_empty(), "no row begins with '{start}'");
        assert!(
            rows.iter().all(|row| !is_right(&classifier, row)),
            "agreed by now, take it out: {start} ({reason})"
        );
    }
}

#[test]
fn every_throttle_and_quota_is_known() {
    let classifier = Classifier::built_in();
    let limits = ["throttle-concurrency", "throttle-rate", "quota"];
    let only_limits =
        |row: &Labelled| !row.classes.is_empty() && row.classes.iter().all(|c| limits.contains(&c.as_str()));
    let rows: Vec<_> = labelled().into_iter().filter(|row| only_limits(row) && !is_disputed(row)).collect();
    assert!(rows.len() >= 9);
    let wrong: Vec<_> = rows.iter().filter(|row| !is_right(&classifier, row)).map(|row| &row.text).collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn texts_of_every_kind_and_language_get_a_class_that_may_count_as_right() {
    let classifier = Classifier::built_in();
    let rows = collected();
    let wrong: Vec<_> = rows
        .iter()
        .map(|row| &row.labelled)
        .filter(|row| !is_right(&classifier, row))
        .map(|row| row.text.as_str())
        .collect();
    let share = 1.0 - wrong.len() as f64 / rows.len() as f64;
    assert!(share >= 0.99, "only {share:.3} are right: {wrong:#?}");
    let disputed: Vec<_> = DISPUTED_MORE.iter().map(|(text, _)| *text).collect();
    assert_eq!(wrong, disputed);
}

#[test]
fn the_codes_of_texts_of_every_kind_are_read() {
    let classifier = Classifier::built_in();
    for row in collected() {
        let text = &row.labelled.text;
        let got = classifier.read(text);
        if let Some(reply) = row.reply {
            assert_eq!(got.reply, reply, "{text}");
        }
        if let Some(enhanced) = row.enhanced {
            assert_eq!(got.enhanced.map(|code| code.to_string()), enhanced, "{text}");
        }
    }
}

/// Whatever the first digit says: a limit passes.
#[test]
fn a_message_refused_by_a_limit_may_be_sent_later() {
    let classifier = Classifier::built_in();
    for row in collected() {
        let got = classifier.read(&row.labelled.text);
        let expected = match got.class {
            Class::ThrottleConcurrency | Class::ThrottleRate | Class::Greylisted => Disposition::Retry,
            Class::Quota => Disposition::Wait,
            _ => continue,
        };
        assert_eq!(got.disposition, expected, "{}", row.labelled.text);
    }
}

#[test]
fn codes_stage_and_class_are_read_out_of_every_form() {
    let classifier = Classifier::built_in();
    let mut cases = 0;
    for line in include_str!("../fixtures/extraction.jsonl").lines() {
        let case: serde_json::Value = serde_json::from_str(line).expect("a line of the hand-written cases");
        let expected = case.as_object().expect("a case is an object");
        let text = expected["text"].as_str().expect("a case has a text");
        let got = classifier.read(text);
        for (key, value) in expected {
            let actual = match key.as_str() {
                "text" => continue,
                "reply" => serde_json::json!(got.reply),
                "enhanced" => serde_json::json!(got.enhanced),
                "stage" => serde_json::json!(got.stage),
                "class" => serde_json::json!(got.class),
                "disposition" => serde_json::json!(got.disposition),
                "retry_after_s" => serde_json::json!(got.retry_after.map(|wait| wait.as_secs())),
                _ => panic!("unknown key '{key}'"),
            };
            assert_eq!(&actual, value, "{key} of '{text}' by the rule '{}'", got.rule.name);
        }
        cases += 1;
    }
    assert!(cases >= 120, "{cases} cases");
}

#[test]
fn every_rule_takes_its_own_examples_and_none_is_in_the_shadow() {
    let bench = bench::run(&Classifier::built_in());
    assert!(bench.problems.is_empty(), "{:#?}", bench.problems);
    assert!(bench.examples >= bench.rules);
}

#[test]
fn every_rule_says_what_it_means_and_what_to_do() {
    for rule in Classifier::built_in().rules() {
        assert!(rule.meaning.ends_with('.') && rule.advice.ends_with('.'), "{}", rule.name);
        let (meaning, advice) = (rule.meaning_for(Disposition::Doubt), rule.advice_for(Disposition::Doubt));
        assert!(meaning.ends_with('.') && advice.ends_with('.'), "{}", rule.name);
        assert!(rule.links.iter().all(|link| link.starts_with("https://")), "{}", rule.name);
    }
}

#[test]
fn without_text_and_codes_the_meaning_is_unknown() {
    let classifier = Classifier::built_in();
    for text in ["", " ", "\n", "null", "error", "-"] {
        assert_eq!(classifier.read(text).class, Class::Unknown, "'{text}'");
    }
}

#[test]
fn one_classifier_serves_all_threads() {
    fn shared<T: Send + Sync>(_: &T) {}
    shared(&Classifier::built_in());
}

/// These hashes are written into people's notes and alerts; a release that changes one breaks them.
#[test]
fn fingerprints_stay_the_same_between_releases() {
    let held = [
        ("", "4fd0bfc1"),
        (
            "432 4.3.2 Concurrent connections limit exceeded. Visit https://aka.ms/concurrent_sending for more information. [Hostname=DM4PR18MB4126.namprd18.prod.outlook.com]",
            "b97f850a",
        ),
        ("4.3.2 Concurrent connections limit exceeded.", "c77f987d"),
        (
            "554 5.2.0 STOREDRV.Submission.Exception:SubmissionQuotaExceededException; Failed to process message",
            "6c26ba0f",
        ),
        (
            "421 4.7.0 [TSS04] Messages from 192.0.2.1 temporarily deferred due to unexpected volume or user complaints - 4.16.55.1",
            "7a5c753a",
        ),
        (
            "550 5.1.1 <ann@example.com>: Recipient address rejected: User unknown in virtual mailbox table",
            "2b07e4b7",
        ),
        ("ORA-29278: SMTP transient error: 421 Service not available", "1a57bbe9"),
        ("(432, b'4.3.2 Concurrent connections limit exceeded.')", "7813c867"),
        (
            "Sep 30 08:30:12 mx postfix/smtp[2550]: 4XyzAB12CD: to=<ann@example.com>, relay=none, delay=760, status=deferred (connect to mx.example.com[192.0.2.1]:25: Connection timed out)",
            "9461077f",
        ),
        ("450 4.2.0 <ann@example.com>: Recipient address rejected: Greylisted for 300 seconds", "b53144c5"),
        ("Postfach überfüllt", "061b7b00"),
    ];
    for (text, hash) in held {
        assert_eq!(fingerprint(text).hash, hash, "{text}");
    }
}

#[test]
fn a_fingerprint_joins_the_rows_of_one_cause() {
    let row = |host: &str, id: &str, minute: u32| {
        format!(
            "host {host}[192.0.2.{minute}] said: 432 4.3.2 Concurrent connections limit exceeded at 2026-11-20T08:{minute}:12Z ({id})"
        )
    };
    let one = fingerprint(&row("am0.prod.outlook.com", "4XyzAB12CD", 10));
    assert_eq!(one, fingerprint(&row("dm4.prod.outlook.com", "9QrsTU77EF", 59)));
    assert_ne!(one, fingerprint("432 4.3.2 STOREDRV.ClientSubmit; sender thread limit exceeded"));
}

/// By construction: each byte is walked over a fixed number of times, and what is looked at around a number or a word is
/// bounded. These texts would show it if it were not so: the test would not come to its end.
#[test]
fn a_text_of_a_megabyte_is_no_matter() {
    for piece in [
        "1:",
        "550 ",
        "550-5.1.1 ",
        "5.",
        "a.b@",
        "user ",
        "too many ",
        "{",
        "12-",
        "((",
        "http://",
        "mon, ",
        "\n",
        "ü ",
    ] {
        let text = piece.repeat(1_000_000 / piece.len());
        let reading = classifier().read(&text);
        assert!(!reading.rule.name.is_empty() && fingerprint(&text).text.len() <= 160, "{piece}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn any_text_gets_a_reading(text in "\\PC{0,300}") {
        let classifier = classifier();
        let reading = classifier.read(&text);
        prop_assert!(reading.reply.is_none_or(|reply| (200..600).contains(&reply)));
    }

    #[test]
    fn any_mixture_of_codes_and_marks_gets_a_reading(text in "([245][0-9]{0,3}[-. :#]?|[<>()\\[\\]'\"=;,|\r\n]| said: | code |b'|[a-zü]{1,4}){0,60}") {
        let reading = classifier().read(&text);
        prop_assert!(reading.enhanced.is_none_or(|code| matches!(code.class, 2 | 4 | 5)));
    }

    #[test]
    fn a_reply_with_its_enhanced_code_in_front_is_always_found(first in 4_u16..6, rest in 0_u16..60, subject in 0_u16..8, detail in 0_u16..1000, tail in "[a-z ]{0,40}") {
        let reply = first * 100 + rest;
        let text = format!("{reply} {first}.{subject}.{detail} {tail}");
        let reading = classifier().read(&text);
        prop_assert_eq!(reading.reply, Some(reply));
        prop_assert_eq!(reading.enhanced.map(|code| code.to_string()), Some(format!("{first}.{subject}.{detail}")));
    }

    #[test]
    fn any_text_has_a_short_fingerprint_that_is_its_own(text in "\\PC{0,400}") {
        let print = fingerprint(&text);
        prop_assert!(print.text.len() <= 160);
        prop_assert_eq!(print.hash.len(), 8);
        prop_assert_eq!(fingerprint(&text), print);
    }
}

fn classifier() -> &'static Classifier {
    static CLASSIFIER: std::sync::LazyLock<Classifier> = std::sync::LazyLock::new(Classifier::built_in);
    &CLASSIFIER
}
