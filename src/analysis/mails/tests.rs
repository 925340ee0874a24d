use std::collections::{HashMap, HashSet};

use super::*;
use crate::model::{DAY, MINUTE};

/// Far enough from 1970 for times before it, and an hour after the last row.
const NOW: Millis = 1_795_159_800_000;

/// A row: key, minutes before now, Message-ID, recipients, content.
type Written<'w> = (&'w str, Millis, &'w str, &'w str, &'w str);

fn mail(&(id, minutes_ago, message_id, recipient, _): &Written<'_>) -> Mail {
    let some = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
    Mail {
        id: id.to_owned(),
        at: Some(NOW - minutes_ago * MINUTE),
        sender: some("Reports <reports@contoso.example>"),
        recipient: some(recipient),
        subject: some("Invoice"),
        message_id: some(message_id),
        ..Mail::default()
    }
}

fn judge(failed: &[Written<'_>], others: &[(Other, Written<'_>)], named: &[&str]) -> JudgedFailures {
    let mut mails = Mails::of(failed.iter().map(|row| MailRow::of(&mail(row))).collect());
    others.iter().for_each(|(other, row)| mails.add(*other, MailRow::of(&mail(row))));
    let undecided = mails.undecided();
    let all = failed.iter().chain(others.iter().map(|(_, row)| row));
    let contents: HashMap<Box<str>, Digest> = all
        .filter(|row| undecided.contains(row.0))
        .map(|row| (row.0.into(), Digest::of([Some(row.4.as_bytes())])))
        .collect();
    let named: HashSet<String> = named.iter().map(|id| (*id).to_owned()).collect();
    mails.judge(&contents, &named, NOW)
}

/// The fates in short: what a person would say of each row.
fn said(failed: &[Written<'_>], others: &[(Other, Written<'_>)], named: &[&str]) -> Vec<String> {
    let judged = judge(failed, others, named);
    let short = |(place, fate): (usize, &FailedFate)| match fate {
        FailedFate::Stands => format!("goes for {}", 1 + judged.further.get(&place).map_or(0, Vec::len)),
        FailedFate::SameAs(place, SameMailBy::MessageId) => format!("same mail as {}", failed[*place].0),
        FailedFate::SameAs(place, SameMailBy::Content) => format!("same content as {}", failed[*place].0),
        FailedFate::Went(id) => format!("went as {id}"),
        FailedFate::Waits(id) => format!("waits as {id}"),
        FailedFate::InDoubt(id) => format!("in doubt as {id}"),
        FailedFate::LooksLike(id, Likeness::Sent) => format!("like sent {id}"),
        FailedFate::LooksLike(id, Likeness::Failed) => format!("like failed {id}"),
    };
    judged.fates.iter().enumerate().map(short).collect()
}

#[test]
fn attempts_with_one_message_id_are_one_mail_whatever_their_distance() {
    let failed = [
        ("1", 9000, "<m>", "a@x.example", "one"),
        ("2", 10, "m", "A@x.example", "two"),
        ("3", 20, "<m>", "b@x.example", "one"),
    ];
    assert_eq!(said(&failed, &[], &[]), ["same mail as 2", "goes for 2", "goes for 1"]);
    assert_eq!(said(&failed, &[], &["1"]), ["goes for 2", "same mail as 1", "goes for 1"]);
    assert_eq!(said(&failed, &[], &["1", "2"]), ["same mail as 2", "goes for 2", "goes for 1"]);
}

#[test]
fn without_a_message_id_equal_content_within_an_hour_is_one_mail() {
    let to = "a@x.example";
    let failed = [
        ("1", 60, "", to, "text"),
        ("2", 0, "", to, "text"),
        ("3", 61, "", to, "text"),
        ("4", 30, "", to, "other"),
        ("5", 30, "", "b@x.example", "text"),
    ];
    let expected = ["same content as 2", "goes for 2", "like failed 1", "goes for 1", "goes for 1"];
    assert_eq!(said(&failed, &[], &[]), expected);
    assert_eq!(said(&failed, &[], &["3"])[2], "goes for 1");
    let named = ["goes for 1", "goes for 1", "like failed 1", "goes for 1", "goes for 1"];
    assert_eq!(said(&failed, &[], &["1", "2"]), named);
    assert_eq!(said(&failed, &[], &["1"])[..2], ["goes for 2", "same content as 1"]);
}

#[test]
fn of_look_alikes_that_failed_the_newest_goes() {
    let to = "a@x.example";
    let daily = |id, day: Millis| (id, day * DAY / MINUTE, "", to, "text");
    let failed = [daily("1", 3), daily("2", 2), ("3", 2 * DAY / MINUTE - 60 * 25, "", to, "text")];
    assert_eq!(said(&failed, &[], &[]), ["like failed 2", "goes for 1", "goes for 1"]);
}

#[test]
fn a_sent_row_decides_by_message_id_older_or_newer() {
    for minutes in [1, 100_000] {
        let failed = [("1", 50, "<m>", "a@x.example", "x"), ("2", 60, "<n>", "a@x.example", "x")];
        let others = [(Other::Sent, ("9", minutes, "m", "a@x.example", "y"))];
        assert_eq!(said(&failed, &others, &[]), ["went as 9", "goes for 1"]);
        // whoever names it does not make it another mail
        assert_eq!(said(&failed, &others, &["1"])[0], "went as 9");
        let to_another = [(Other::Sent, ("9", minutes, "m", "b@x.example", "x"))];
        assert_eq!(said(&failed, &to_another, &[])[0], "goes for 1");
    }
}

#[test]
fn a_sent_row_of_equal_content_heals_within_the_hour_and_is_a_look_alike_else() {
    let failed = [("5", 3000, "", "a@x.example", "text")];
    let cases = [
        (2999, "9", "went as 9"),
        (2940, "9", "went as 9"),
        (2939, "9", "like sent 9"),
        (3000 - 1440, "9", "like sent 9"),
        (3000 - 1441, "9", "goes for 1"),
        (3000, "9", "went as 9"),
        (3000, "4", "like sent 4"),
        (3001, "9", "like sent 9"),
        (300_000, "9", "like sent 9"),
    ];
    for (minutes, id, expected) in cases {
        let sent = [(Other::Sent, (id, minutes, "", "a@x.example", "text"))];
        assert_eq!(said(&failed, &sent, &[]), [expected], "{minutes}");
        let other_text = [(Other::Sent, (id, minutes, "", "a@x.example", "other"))];
        assert_eq!(said(&failed, &other_text, &[]), ["goes for 1"], "{minutes}");
        let named = said(&failed, &sent, &["5"]);
        assert_eq!(named, [if expected.starts_with("like") { "goes for 1" } else { expected }]);
    }
}

#[test]
fn what_went_is_judged_attempt_by_attempt() {
    let to = "a@x.example";
    let failed = [("1", 70, "", to, "text"), ("2", 20, "", to, "text")];
    let sent = [(Other::Sent, ("3", 5, "", to, "text"))];
    assert_eq!(said(&failed, &sent, &[]), ["like sent 3", "went as 3"]);
    let between = [(Other::Sent, ("3", 30, "", to, "text"))];
    assert_eq!(said(&failed, &between, &[]), ["went as 3", "like sent 3"]);
}

/// What is said of a row does not change when the newest of its like has gone.
#[test]
fn a_row_that_is_held_stays_held_when_the_newest_went() {
    let row = |id, minutes| (id, minutes, "", "a@x.example", "text");
    let before = [row("1", 150), row("2", 100), row("3", 50)];
    assert_eq!(said(&before, &[], &[]), ["like failed 2", "same content as 3", "goes for 2"]);
    let after = said(&before[..2], &[(Other::Sent, row("3", 50))], &[]);
    assert_eq!(after, ["like sent 3", "went as 3"]);
}

#[test]
fn attempts_of_a_look_alike_are_known_as_such() {
    let row = |id, minutes| (id, minutes, "", "a@x.example", "text");
    let failed = [row("1", 200), row("2", 160), row("3", 120), row("4", 80)];
    let expected = ["same content as 2", "like failed 3", "same content as 4", "goes for 2"];
    assert_eq!(said(&failed, &[], &[]), expected);
}

/// A mail with a Message-ID of its own is no look-alike of one without.
#[test]
fn a_message_id_of_its_own_keeps_a_mail_from_being_a_look_alike() {
    let row = |id, minutes, message_id| (id, minutes, message_id, "a@x.example", "text");
    let failed = [row("1", 12, "<1>"), row("2", 11, ""), row("3", 10, "<2>")];
    assert_eq!(said(&failed, &[], &[]), ["goes for 1", "same content as 3", "goes for 2"]);
    assert_eq!(said(&failed[..1], &[(Other::Sent, row("9", 100, ""))], &[]), ["goes for 1"]);
}

#[test]
fn a_young_pending_row_keeps_its_mail_from_going() {
    let failed = [("1", 90, "<m>", "a@x.example", "x"), ("2", 30, "", "b@x.example", "x")];
    let pending = |minutes| {
        [
            (Other::Pending, ("8", minutes, "<m>", "a@x.example", "x")),
            (Other::Pending, ("9", minutes, "", "b@x.example", "x")),
        ]
    };
    assert_eq!(said(&failed, &pending(59), &[]), ["waits as 8", "waits as 9"]);
    assert_eq!(said(&failed, &pending(60), &[]), ["goes for 1", "goes for 1"]);
}

#[test]
fn what_a_row_does_not_have_tells_nothing() {
    let bare = |id: &str, subject: Option<&str>, recipient: Option<&str>| Mail {
        id: id.into(),
        at: Some(NOW),
        subject: subject.map(Into::into),
        recipient: recipient.map(Into::into),
        ..Mail::default()
    };
    let fates = |subject, recipient, content: Digest| {
        let mails = Mails::of(["1", "2"].map(|id| MailRow::of(&bare(id, subject, recipient))).to_vec());
        let contents = ["1", "2"].map(|id| (id.into(), content)).into_iter().collect();
        mails.judge(&contents, &HashSet::new(), NOW).fates
    };
    let (text, apart) = (Digest::of([Some(&b"text"[..])]), vec![FailedFate::Stands; 2]);
    assert_eq!(fates(Some("x"), None, text), apart);
    // nothing but the recipient is the same
    assert_eq!(fates(None, Some("a@x.example"), nothing()), apart);
    assert_ne!(fates(None, Some("a@x.example"), text), apart);
    assert_ne!(fates(Some("x"), Some("a@x.example"), nothing()), apart);
    // content is compared only where something is known of it
    let failed = [("1", 20, "", "a@x.example", "x"), ("2", 10, "", "a@x.example", "x")];
    let mails = Mails::of(failed.iter().map(|row| MailRow::of(&mail(row))).collect());
    assert_eq!(mails.undecided().len(), 2);
    assert_eq!(mails.judge(&HashMap::new(), &HashSet::new(), NOW).fates, vec![FailedFate::Stands; 2]);
}

#[test]
fn two_message_ids_are_two_mails_whatever_their_content() {
    let failed = [("1", 20, "<m>", "a@x.example", "x"), ("2", 10, "<n>", "a@x.example", "x")];
    assert_eq!(said(&failed, &[], &[]), ["goes for 1", "goes for 1"]);
    let one_without = [("1", 20, "<m>", "a@x.example", "x"), ("2", 10, "", "a@x.example", "x")];
    assert_eq!(said(&one_without, &[], &[]), ["same content as 2", "goes for 2"]);
}

/// An attempt whose error leaves open what came of it keeps its mail; what lies further away is another mail.
#[test]
fn an_attempt_in_doubt_keeps_its_mail() {
    let failed = [
        ("1", 0, "<m>", "a@x.example", "x"),
        ("2", 0, "", "b@x.example", "x"),
        ("3", 0, "", "c@x.example", "x"),
    ];
    let others = [
        (Other::InDoubt, ("7", 500, "<m>", "a@x.example", "y")),
        (Other::InDoubt, ("8", 60, "", "b@x.example", "x")),
        (Other::InDoubt, ("9", 61, "", "c@x.example", "x")),
        (Other::Pending, ("10", 0, "<m>", "a@x.example", "y")),
    ];
    assert_eq!(said(&failed, &others, &[]), ["in doubt as 7", "in doubt as 8", "goes for 1"]);
}
