//! Rules of the user's own: tried first, and checked when they are read.

use mailthrottle::model::{Class, Disposition};
use mailthrottle::reply::{Classifier, RawRule, bench};
use serde::Deserialize;

#[derive(Deserialize)]
struct Config {
    rules: Vec<RawRule>,
}

fn classifier(config: &str) -> Result<Classifier, String> {
    let config: Config = toml::from_str(config).map_err(|error| error.to_string())?;
    Classifier::with_user_rules(config.rules).map_err(|error| error.to_string())
}

const GATEWAY: &str = r#"
[[rules]]
name = "our gateway is full"
text = "gateway .* full"
class = "throttle-concurrency"
disposition = "retry"
example = "451 gateway 7 full, later please"
"#;

#[test]
fn a_users_rule_comes_before_the_built_in_ones() {
    let classifier = classifier(GATEWAY).unwrap();
    let reading = classifier.read("451 4.3.2 Gateway 12\r\n is FULL, later please");
    assert_eq!((reading.class, reading.disposition), (Class::ThrottleConcurrency, Disposition::Retry));
    assert_eq!(reading.rule.name, "our gateway is full");
    assert!(reading.rule.by_user);
    assert!(bench::run(&classifier).problems.is_empty());
}

#[test]
fn a_users_rule_may_decide_by_codes_alone() {
    let rule = r#"
        [[rules]]
        name = "our 471"
        reply = ["471", "480-489"]
        enhanced = "x.9.x"
        kind = "temporary"
        class = "quota"
        disposition = "wait"
        not_before = "rolling 24h"
        example = "471 4.9.1 come tomorrow"
    "#;
    let classifier = classifier(rule).unwrap();
    assert_eq!(classifier.read("485 4.9.7 x").rule.not_before.unwrap().to_string(), "rolling 1day");
    assert_ne!(classifier.read("490 4.9.7 x").rule.name, "our 471");
}

#[test]
fn a_users_rule_states_its_own_disposition_or_leaves_it_open() {
    let rule = |disposition: &str| {
        format!(
            "[[rules]]\nname = 'our gateway hung up'\ntext = 'gateway hung up'\nclass = 'network'\n\
             advice = 'Call the gateway team.'\n{disposition}\nexample = 'gateway hung up'\n"
        )
    };
    for (stated, lost, connecting) in [
        ("", Disposition::Doubt, Disposition::Retry),
        ("disposition = 'retry'", Disposition::Retry, Disposition::Retry),
    ] {
        let classifier = classifier(&rule(stated)).unwrap();
        let reading = classifier.read("the gateway hung up: lost connection");
        assert_eq!(reading.disposition, lost, "{stated}");
        assert_eq!(reading.rule.advice_for(reading.disposition), "Call the gateway team.");
        let text = "the gateway hung up: connect ETIMEDOUT 192.0.2.1:25";
        assert_eq!(classifier.read(text).disposition, connecting, "{stated}");
    }
}

#[test]
fn letters_beyond_ascii_match_in_both_cases() {
    let rule = r#"
        [[rules]]
        name = "voll"
        text = "relais überlastet"
        class = "server-busy"
        example = "451 RELAIS ÜBERLASTET"
    "#;
    assert_eq!(classifier(rule).unwrap().read("451 Relais Überlastet").rule.name, "voll");
}

#[test]
fn every_mistake_is_named_with_its_rule_and_what_to_do() {
    for (rule, message) in [
        (
            r#"text = "gateway (full""#,
            "rule 'r': text is not a regular expression: unclosed group; put a backslash before ( ) [ ] { } . * + ? | that stand for themselves",
        ),
        (
            r#"text = "(gateway)?""#,
            "rule 'r': text matches the empty text and so everything; name at least one word that must be there",
        ),
        (
            r#"text = "gateway  full""#,
            "rule 'r': text can match nothing; a text is read with one blank for any white space, so write one blank",
        ),
        ("", "rule 'r': no condition; give at least one of text, reply, enhanced, stage or kind"),
        (
            r#"text = "other words""#,
            "rule 'r': its example 'gateway full' does not fit it; change text or the codes, or the example",
        ),
        (
            r#"reply = "4321""#,
            "rule 'r': reply: '4321' is no reply code; write \"421\", \"4xx\" or \"550-554\"",
        ),
        (
            r#"enhanced = "4.3""#,
            "rule 'r': enhanced: '4.3' is no enhanced code; write \"4.3.2\", \"x.3.2\", \"5.7.x\" or \"5.2.251-255\"",
        ),
        (
            r#"stage = "dots""#,
            "rule 'r': stage: 'dots' is not one of connect, ehlo, tls, auth, mail, rcpt, data, dot",
        ),
        (r#"kind = "often""#, "rule 'r': kind: 'often' is not one of temporary, permanent, no code"),
        (
            "text = \"gateway\"\nnot_before = \"soon\"",
            "rule 'r': not_before: 'soon' is no time; write \"rolling 24h\", \"next hour\" or \"5m\"",
        ),
    ] {
        let config =
            format!("[[rules]]\nname = \"r\"\nclass = \"unknown\"\nexample = \"gateway full\"\n{rule}\n");
        assert_eq!(classifier(&config).unwrap_err(), message);
    }
}

#[test]
fn an_unknown_class_is_answered_with_the_known_ones() {
    let config = "[[rules]]\nname = \"r\"\ntext = \"x y\"\nclass = \"full\"\nexample = \"x y\"\n";
    let error = classifier(config).unwrap_err();
    assert!(
        error.starts_with("rule 'r': class: 'full' is not one of throttle-concurrency, throttle-rate, quota"),
        "{error}"
    );
}

#[test]
fn a_rule_without_an_example_is_refused() {
    let config = "[[rules]]\nname = \"r\"\ntext = \"x y\"\nclass = \"quota\"\n";
    let message = "rule 'r': no example; add example = \"...\" with a text that the rule must take";
    assert_eq!(classifier(config).unwrap_err(), message);
}

#[test]
fn a_rule_in_the_shadow_of_an_earlier_one_is_refused() {
    let config = format!(
        "{GATEWAY}\n{}",
        GATEWAY.replace("our gateway is full", "again").replace(".* full", "7 full")
    );
    let message = "rule 'again': its example '451 gateway 7 full, later please' is taken by the earlier rule 'our gateway is full'; put 'again' before it or narrow 'our gateway is full'";
    assert_eq!(classifier(&config).unwrap_err(), message);
}

#[test]
fn two_rules_of_one_name_or_the_same_conditions_are_refused() {
    let twice = format!("{GATEWAY}{GATEWAY}");
    let message = "rule 'our gateway is full': there is another rule with the same name; remove one of them";
    assert_eq!(classifier(&twice).unwrap_err(), message);
    let twice = format!("{GATEWAY}{}", GATEWAY.replace("our gateway is full", "again"));
    let message = "rule 'again': there is another rule with the same conditions; remove one of them";
    assert_eq!(classifier(&twice).unwrap_err(), message);
}

#[test]
fn a_mistyped_key_is_refused() {
    let error = classifier(&GATEWAY.replace("disposition", "dispositon")).err().unwrap();
    assert!(error.contains("unknown field `dispositon`"), "{error}");
}

#[test]
fn what_is_left_over_is_counted_and_a_rule_for_it_suggested() {
    let built_in = Classifier::built_in();
    let mut tally = bench::Tally::new(&built_in);
    for i in 0..20 {
        tally.add(&format!("554 Flux capacitor {i} out of line on mx{i}.example.com"), 1);
    }
    tally.add("554 wibble", 3);
    tally.add("550 5.1.1 User unknown", 7);
    assert_eq!(tally.shares()[0].rows, 23);
    let left = tally.unclassified();
    assert_eq!((left.len(), left[0].count), (2, 20));
    let suggested = bench::suggest(&left, 5);
    let classifier = classifier(&suggested).unwrap();
    let reading = classifier.read("554 flux capacitor 99 out of line on mx99.example.com");
    assert!(reading.rule.by_user, "{suggested}");
}
