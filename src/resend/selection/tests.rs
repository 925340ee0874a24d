use super::*;
use crate::model::HOUR;
use crate::resend::ledger::MailRecord;
use crate::resend::state::RowState;

const NOW: Millis = 1_795_159_800_000;

fn candidate(disposition: Disposition) -> Candidate {
    let mail = Mail {
        id: "1".into(),
        status: Some("F".into()),
        at: Some(NOW - HOUR),
        recipient: Some("a@example.com".into()),
        subject: Some("Invoice".into()),
        error: Some("text".into()),
        ..Mail::default()
    };
    let reading = StoredError {
        reply: None,
        enhanced: None,
        class: Class::Quota,
        disposition,
        window: None,
        has_text: true,
    };
    Candidate::new(mail.clone(), MailRow::of(&mail), 1, reading, &mut SharedTexts::default())
}

fn known(id: &str, state: RowState) -> (String, MailRecord) {
    let known = MailRecord {
        run: "r1".into(),
        state,
        status: "F".into(),
        attempts: 1,
        message_id: None,
        next_at: None,
        reply: Some("550 no".into()),
        changed_at: NOW,
        recipients: 1,
        settled_by: None,
        same_as: None,
        same_by: None,
        sent_date: Some(NOW - HOUR),
        content: None,
        ties: [None; 2],
    };
    (id.to_owned(), known)
}

fn further(id: &str, is_doubt: bool) -> Further {
    let key = MailKey { id: id.into(), sent_date: Some(NOW - HOUR) };
    Further { key, status: "F".into(), join: SameMailBy::Content, is_doubt, is_failed: true }
}

/// What becomes of a mail; `named`: a person named row 1.
fn judged(mail: &Candidate, rows: &[Further], fate: &FailedFate, past: &Past, named: bool) -> Standing {
    let named: HashSet<String> = named.then(|| "1".to_owned()).into_iter().collect();
    standing(mail, rows, fate, &Against { past, max_age: 7 * DAY, named: &named, now: NOW })
}

fn alone(mail: &Candidate, past: &Past) -> Standing {
    judged(mail, &[], &FailedFate::Stands, past, false)
}

fn skipped(skip: Skip) -> Standing {
    Standing::Skipped(skip)
}

#[test]
fn only_what_may_be_retried_goes() {
    let none = Past::default();
    let by_disposition = |disposition| alone(&candidate(disposition), &none);
    assert_eq!(by_disposition(Disposition::Retry), Standing::Goes);
    assert_eq!(by_disposition(Disposition::Never), skipped(Skip::Never(Class::Quota)));
    assert_eq!(by_disposition(Disposition::Stop), Standing::Held(Hold::Account(Class::Quota)));
    assert_eq!(by_disposition(Disposition::Doubt), skipped(Skip::InDoubtByLog(None)));
    assert_eq!(by_disposition(Disposition::Wait), skipped(Skip::Wait(NOW + 23 * HOUR)));
    let mut freed = candidate(Disposition::Wait);
    freed.reading.window = Some(HOUR);
    assert_eq!(alone(&freed, &none), Standing::Goes);
}

#[test]
fn what_the_ledger_knows_comes_first() {
    let deferred = |next_at| {
        let (key, known) = known("1", RowState::Deferred);
        (key, MailRecord { next_at, ..known })
    };
    let cases = [
        (known("1", RowState::Sent), skipped(Skip::Sent("r1".into()))),
        (known("1", RowState::HandedOver), skipped(Skip::UnderWay("r1".into()))),
        (known("1", RowState::Doubt), skipped(Skip::InDoubt)),
        (known("1", RowState::Refused), skipped(Skip::Refused("550 no".into()))),
        (known("1", RowState::Dropped), skipped(Skip::Dropped)),
        (deferred(Some(NOW + 1)), skipped(Skip::NotBefore(NOW + 1))),
        (deferred(Some(NOW)), Standing::Goes),
        (deferred(None), Standing::Goes),
    ];
    for (entry, expected) in cases {
        let past: Past = [entry.clone()].into_iter().collect();
        assert_eq!(alone(&candidate(Disposition::Retry), &past), expected, "{:?}", entry.1.state);
    }
}

#[test]
fn what_speaks_against_any_attempt_speaks_against_the_mail() {
    let (mail, rows) = (candidate(Disposition::Retry), [further("2", false)]);
    let fate = FailedFate::Stands;
    for (state, expected) in [
        (RowState::Claimed, skipped(Skip::Claimed("r1".into()))),
        (RowState::Sent, skipped(Skip::Sent("r1".into()))),
        (RowState::Doubt, skipped(Skip::InDoubt)),
        (RowState::Dropped, skipped(Skip::Dropped)),
        // the application has tried again since then
        (RowState::Refused, Standing::Goes),
    ] {
        let past: Past = [known("2", state)].into_iter().collect();
        assert_eq!(judged(&mail, &rows, &fate, &past, false), expected, "{state:?}");
        // of one that went only the content says that it is the same mail
        let expected = if state == RowState::Sent { Standing::Goes } else { expected };
        assert_eq!(judged(&mail, &rows, &fate, &past, true), expected, "{state:?}, named");
    }
}

#[test]
fn a_doubt_in_any_attempt_makes_the_mail_a_doubt_until_it_is_settled() {
    let (mail, rows) = (candidate(Disposition::Retry), [further("2", true)]);
    let fate = FailedFate::Stands;
    let open = skipped(Skip::InDoubtByLog(Some("2".into())));
    assert_eq!(judged(&mail, &rows, &fate, &Past::default(), true), open);
    let again: Past = [known("2", RowState::Deferred)].into_iter().collect();
    assert_eq!(judged(&mail, &rows, &fate, &again, false), Standing::Goes);
    let own: Past = [known("1", RowState::Deferred)].into_iter().collect();
    assert_eq!(alone(&candidate(Disposition::Doubt), &own), Standing::Goes);
}

#[test]
fn content_that_went_as_another_row_goes_once_more_only_if_it_is_named() {
    let entry = |same_by| {
        let (key, known) = known("1", RowState::Sent);
        [(key, MailRecord { same_as: Some("9".into()), same_by: Some(same_by), ..known })]
            .into_iter()
            .collect::<Past>()
    };
    let (mail, fate) = (candidate(Disposition::Retry), FailedFate::Stands);
    let went = skipped(Skip::SentAs("9".into()));
    assert_eq!(judged(&mail, &[], &fate, &entry(SameMailBy::Content), false), went);
    assert_eq!(judged(&mail, &[], &fate, &entry(SameMailBy::Content), true), Standing::Goes);
    assert_eq!(judged(&mail, &[], &fate, &entry(SameMailBy::MessageId), true), went);
}

#[test]
fn what_could_go_once_somebody_says_so_is_held_and_goes_by_name() {
    let none = Past::default();
    let retry = candidate(Disposition::Retry);
    let stands = FailedFate::Stands;
    let timeless = Candidate { key: MailKey { id: "1".into(), sent_date: None }, ..retry.clone() };
    let mut silent = candidate(Disposition::Never);
    silent.reading.has_text = false;
    let alike = FailedFate::LooksLike("7".into(), Likeness::Sent);
    let cases = [
        (timeless, stands.clone(), Hold::NoTime),
        (silent, stands, Hold::NoError),
        (retry, alike, Hold::LooksLike("7".into(), Likeness::Sent)),
    ];
    for (mail, fate, hold) in cases {
        assert_eq!(judged(&mail, &[], &fate, &none, false), Standing::Held(hold));
        assert_eq!(judged(&mail, &[], &fate, &none, true), Standing::Goes);
    }
}

#[test]
fn a_mail_of_long_ago_goes_only_by_name() {
    let old = Candidate {
        key: MailKey { id: "1".into(), sent_date: Some(NOW - 8 * DAY) },
        ..candidate(Disposition::Retry)
    };
    assert_eq!(alone(&old, &Past::default()), Standing::TooOld);
    assert_eq!(judged(&old, &[], &FailedFate::Stands, &Past::default(), true), Standing::Goes);
}

#[test]
fn a_mail_that_went_or_is_about_to_does_not_go() {
    let mail = candidate(Disposition::Retry);
    for (fate, skip) in [
        (FailedFate::Went("7".into()), Skip::Went("7".into())),
        (FailedFate::Waits("7".into()), Skip::Pending("7".into())),
        (FailedFate::InDoubt("7".into()), Skip::InDoubtByLog(Some("7".into()))),
    ] {
        assert_eq!(judged(&mail, &[], &fate, &Past::default(), true), skipped(skip));
        assert_eq!(standing_meanwhile(&fate), judged(&mail, &[], &fate, &Past::default(), true));
    }
    let alike = |likeness| standing_meanwhile(&FailedFate::LooksLike("7".into(), likeness));
    assert_eq!(alike(Likeness::Failed), Standing::Goes);
    assert_eq!(alike(Likeness::Sent), Standing::Held(Hold::LooksLike("7".into(), Likeness::Sent)));
}
