//! What the engine does when the server says no, the connection fails or a person says stop.

use super::*;
use crate::resend::backoff::Schedule;
use crate::resend::state::RowState;

/// A server that answers some messages in its own way.
fn server(on_message: impl FnMut(u32, Millis) -> Option<AttemptOutcome> + 'static) -> Server {
    Server { on_message: Box::new(on_message), ..Server::default() }
}

/// A server that refuses to open some connections.
fn closed_server(on_open: impl Fn(Millis) -> Option<AttemptOutcome> + 'static) -> Server {
    Server { on_open: Box::new(move |_, now| on_open(now)), ..Server::default() }
}

#[test]
fn a_limit_lowered_while_sending_costs_a_few_refusals_and_no_row() {
    let lowered = Server { places: |now| if now < 2 * SECOND { 3 } else { 2 }, ..Server::default() };
    let run = Run::new(1_000, fast(), lowered).done();
    assert_eq!(run.counts().sent, 1_000);
    assert!(run.server.throttled <= 10, "{} refusals", run.server.throttled);
    let ideal = 2 * SECOND + 880 * 50 / 2;
    assert!(run.last_finish() < ideal * 3 / 2, "{} ms instead of {ideal}", run.last_finish());
}

/// A server that counts thirty a minute at the end of messages that take a second and up to 300 ms more.
fn strict_counter() -> Server {
    let (mut random, mut taken) = (Random::new(3), Vec::new());
    server(move |_, now| {
        let end = now + SECOND + (random.draw() % 300).cast_signed();
        let is_full = taken.iter().filter(|at| **at > end - MINUTE).count() >= 30;
        taken.push(end);
        is_full.then(throttle)
    })
}

#[test]
fn a_server_that_counts_the_same_rate_elsewhere_refuses_a_message_or_two_in_an_hour() {
    let run = Run::new(1_800, SendLimits::default(), strict_counter()).done();
    assert_eq!(run.counts().sent, 1_800);
    assert!(run.server.throttled <= 2, "{} refusals", run.server.throttled);
    assert!(run.last_finish() <= HOUR + 2 * MINUTE);
}

#[test]
fn a_throttled_row_goes_again_first() {
    let run = Run::new(
        4,
        SendLimits { cap: 1, ..fast() },
        server(|row, now| (row == 1 && now < SECOND).then(throttle)),
    );
    assert_eq!(order(&run.done()), [0, 1, 1, 2, 3]);
}

#[test]
fn a_storm_of_refusals_is_sat_out() {
    let run =
        Run::new(500, fast(), server(|_, now| (SECOND..90 * SECOND).contains(&now).then(throttle))).done();
    assert_eq!(run.counts().sent, 500);
    assert!(run.server.throttled <= 20, "{} refusals", run.server.throttled);
}

#[test]
fn pauses_grow_while_the_server_refuses() {
    let settings = SendLimits { cap: 1, ..fast() };
    let run = Run::new(5, settings, server(|_, now| (now < 20 * SECOND).then(throttle))).done();
    let pauses: Vec<_> = run.spacings().into_iter().take(5).map(|spacing| spacing - 50).collect();
    for (pause, expected) in pauses.into_iter().zip([1_000, 2_000, 4_000, 8_000, 10_000]) {
        assert!((pause - expected).abs() <= expected / 10, "{pause} instead of {expected}");
    }
}

#[test]
fn a_storm_without_end_is_left_to_a_later_run() {
    let run = Run::new(500, fast(), server(|_, _| Some(throttle()))).done();
    assert_eq!((run.counts().deferred, run.reason()), (500, EndReason::RefusalsInARow));
    assert_eq!(run.started.len(), 20);
}

#[test]
fn a_row_that_alone_is_throttled_does_not_hold_up_the_others() {
    let run = Run::new(50, fast(), server(|row, _| (row == 3).then(throttle))).done();
    assert_eq!((run.counts().sent, run.counts().deferred), (49, 1));
    assert_eq!(run.endings[&3].state, RowState::Deferred);
}

#[test]
fn a_wait_the_server_asks_for_is_kept() {
    let asks = |seconds: Millis| {
        let reply = AttemptOutcome::Throttled { retry_after: Some(seconds * SECOND) };
        server(move |_, now| (now < SECOND).then_some(reply))
    };
    let short = Run::new(2, SendLimits { cap: 1, ..fast() }, asks(15)).done();
    assert_eq!(short.started[1], (100 + 50 + 15 * SECOND, 0));
    let long = Run::new(2, SendLimits { cap: 1, ..fast() }, asks(600)).done();
    assert_eq!(long.endings[&1], Fate::deferred(100 + 50 + 600 * SECOND));
    assert_eq!((long.started.len(), long.reason()), (1, EndReason::ServerAsksToWait));
}

#[test]
fn the_schedule_decides_when_a_row_goes_again() {
    let schedule: Schedule = "10s, 20s*2".parse().unwrap();
    let run = Run::new(1, SendLimits { schedule, ..fast() }, server(|_, _| Some(retry()))).done();
    assert_eq!(run.endings[&0], Fate::ended(RowState::Refused));
    let waits: Vec<_> = run.spacings().into_iter().map(|spacing| spacing - 50).collect();
    assert_eq!(waits.len(), 3);
    for (wait, expected) in waits.into_iter().zip([10_000, 20_000, 20_000]) {
        assert!((wait - expected).abs() <= expected / 10, "{wait}");
    }
}

#[test]
fn a_row_due_later_than_the_run_lasts_is_deferred() {
    let schedule: Schedule = "5m".parse().unwrap();
    let run = Run::new(2, SendLimits { schedule, ..fast() }, server(|row, _| (row == 0).then(retry))).done();
    let Fate { state: RowState::Deferred, next_at: Some(next_at), .. } = run.endings[&0] else {
        panic!("not deferred")
    };
    assert!((270 * SECOND..=331 * SECOND).contains(&next_at));
    assert_eq!(run.counts().sent, 1);
}

#[test]
fn a_row_waits_at_least_as_long_as_the_reply_asks() {
    let asks = AttemptOutcome::Retry { retry_after: Some(10 * MINUTE) };
    let run = Run::new(1, fast(), server(move |_, _| Some(asks))).done();
    assert_eq!(run.endings[&0], Fate::deferred(100 + 50 + 10 * MINUTE));
}

#[test]
fn attempts_of_earlier_runs_count() {
    let mut run = Run::new(0, fast(), server(|_, _| Some(retry())));
    run.engine.add(7, 1, 7);
    run.engine.add(8, 1, 8);
    let run = run.done();
    assert_eq!(order(&run), [7]);
    assert!(run.endings.values().all(|ending| *ending == Fate::ended(RowState::Refused)));
}

#[test]
fn a_due_row_goes_before_the_fresh_ones() {
    let schedule: Schedule = "5s".parse().unwrap();
    let settings = SendLimits { schedule, cap: 1, ..SendLimits::default() };
    let run = Run::new(6, settings, server(|row, now| (row == 0 && now < SECOND).then(retry))).done();
    assert_eq!(order(&run), [0, 1, 2, 0, 3, 4, 5]);
}

#[test]
fn a_quota_of_the_account_defers_all_that_is_left() {
    let until = DAY;
    let quota = AttemptOutcome::Wait { until, scope: CapScope::Account };
    let run =
        Run::new(10, SendLimits { cap: 1, ..fast() }, server(move |row, _| (row == 2).then_some(quota)))
            .done();
    assert_eq!((run.counts().sent, run.counts().deferred, run.started.len()), (2, 8, 3));
    assert_eq!(run.endings[&9], Fate::deferred(until));
}

#[test]
fn a_quota_that_frees_soon_is_waited_for() {
    let quota = AttemptOutcome::Wait { until: 30 * SECOND, scope: CapScope::Account };
    let settings = SendLimits { cap: 1, ..fast() };
    let run = Run::new(3, settings, server(move |_, now| (now < SECOND).then_some(quota))).done();
    assert_eq!((run.counts().sent, order(&run)), (3, vec![0, 0, 1, 2]));
    assert!(run.started[1].0 >= 30 * SECOND);
}

#[test]
fn a_quota_of_one_recipient_defers_only_that_row() {
    let quota = AttemptOutcome::Wait { until: HOUR, scope: CapScope::Row };
    let run = Run::new(10, fast(), server(move |row, _| (row == 2).then_some(quota))).done();
    assert_eq!((run.counts().sent, run.endings[&2]), (9, Fate::deferred(HOUR)));
}

#[test]
fn a_refused_account_ends_the_run_and_leaves_the_rows_as_they_were() {
    let settings = SendLimits { cap: 1, ..fast() };
    let run = Run::new(10, settings, server(|row, _| (row == 2).then_some(AttemptOutcome::Stop))).done();
    assert_eq!((run.counts().sent, run.counts().untouched, run.reason()), (2, 8, EndReason::AccountRefused));
    assert_eq!(run.started.len(), 3);
}

#[test]
fn a_wrong_password_is_tried_once() {
    let run = Run::new(10, fast(), closed_server(|_| Some(AttemptOutcome::Stop))).done();
    assert_eq!((run.counts().untouched, run.counts().peak_connections), (10, 1));
    assert_eq!(run.now, 100);
}

#[test]
fn refusals_for_good_end_the_row_and_many_in_a_row_end_the_run() {
    let some = Run::new(100, fast(), server(|row, _| (row % 2 == 0).then_some(AttemptOutcome::Never))).done();
    assert_eq!((some.counts().sent, some.counts().refused), (50, 50));
    let all =
        Run::new(100, SendLimits { cap: 1, ..fast() }, server(|_, _| Some(AttemptOutcome::Never))).done();
    assert_eq!(
        (all.counts().refused, all.counts().deferred, all.reason()),
        (20, 80, EndReason::RefusalsInARow)
    );
}

#[test]
fn a_row_in_doubt_is_never_sent_again_and_few_are_risked() {
    let run = Run::new(10, fast(), server(|row, _| (row == 4).then_some(AttemptOutcome::Doubt))).done();
    assert_eq!((run.counts().sent, run.endings[&4]), (9, Fate::ended(RowState::Doubt)));
    let all =
        Run::new(100, SendLimits { cap: 1, ..fast() }, server(|_, _| Some(AttemptOutcome::Doubt))).done();
    assert_eq!(
        (all.counts().doubt, all.counts().deferred, all.reason()),
        (8, 92, EndReason::ConnectionFailures)
    );
}

#[test]
fn a_server_that_is_down_for_a_while_is_waited_for() {
    let run =
        Run::new(10, fast(), closed_server(|now| (now < 20 * SECOND).then_some(AttemptOutcome::Lost))).done();
    assert_eq!(run.counts().sent, 10);
}

#[test]
fn a_server_that_stays_down_is_not_hammered() {
    let run = Run::new(10, fast(), closed_server(|_| Some(AttemptOutcome::Lost))).done();
    assert_eq!((run.counts().deferred, run.reason()), (10, EndReason::ConnectionFailures));
    assert!(run.now >= 40 * SECOND);
    assert_eq!(run.counts().peak_connections, 1);
}

#[test]
fn a_connection_lost_before_the_message_costs_the_row_no_attempt() {
    let settings = SendLimits { max_attempts: 1, ..fast() };
    let run =
        Run::new(9, settings, server(|_, now| (now < 2 * SECOND).then_some(AttemptOutcome::Lost))).done();
    assert_eq!(run.counts().sent, 9);
}

#[test]
fn connections_lost_now_and_then_do_not_end_the_run() {
    let mut lost = std::collections::BTreeSet::new();
    let lossy = server(move |row, _| (row % 5 == 0 && lost.insert(row)).then_some(AttemptOutcome::Lost));
    let run = Run::new(100, fast(), lossy).done();
    assert_eq!((run.counts().sent, run.started.len()), (100, 120));
}

#[test]
fn recipients_of_a_refused_message_do_not_count_for_the_day() {
    let settings = SendLimits { recipients_per_day: Some(3), cap: 1, ..fast() };
    let run = Run::new(3, settings, server(|row, now| (row == 1 && now < 5 * SECOND).then(throttle))).done();
    assert_eq!((run.counts().sent, run.counts().throttled), (3, 3));
}

#[test]
fn a_stop_defers_rows_that_were_tried_and_leaves_the_others_as_they_were() {
    let mut run = Run::new(3, SendLimits { cap: 1, ..fast() }, server(|row, _| (row == 1).then(throttle)));
    run.at(500, Event::Stop);
    let run = run.done();
    assert!(run.endings[&1].next_at.is_some_and(|next_at| next_at > 1_000));
    assert_eq!(
        (run.endings[&0], run.endings[&2]),
        (Fate::ended(RowState::Sent), Fate::ended(RowState::Untouched))
    );
}

#[test]
fn too_many_connections_at_the_door_count_as_a_throttle() {
    let run = Run::new(30, fast(), closed_server(|now| (now < 5 * SECOND).then(throttle))).done();
    assert_eq!((run.counts().sent, run.counts().throttled), (30, 3));
}

#[test]
fn after_a_stop_nothing_starts_and_what_is_under_way_is_settled() {
    for stop in (0..=1_200).step_by(7) {
        let mut run = Run::new(60, fast(), server(|row, now| (row % 5 == 0 && now < 700).then(throttle)));
        run.at(stop, Event::Stop);
        let run = run.done();
        assert!(run.started.iter().all(|(at, _)| *at <= stop), "stopped at {stop}");
        assert!(run.now <= stop + 60, "{} after {stop}", run.now);
        assert!(run.counts().sent + run.counts().deferred + run.counts().untouched == 60);
    }
}
