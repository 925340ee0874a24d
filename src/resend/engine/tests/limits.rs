//! Limits that are known are kept, and cost no more time than they must.

use super::*;
use crate::resend::state::RowState;

#[test]
fn three_connections_are_kept_busy_and_provoke_no_refusal() {
    let run = Run::new(300, fast(), Server::default()).done();
    assert_eq!((run.counts().sent, run.server.throttled, run.counts().peak_connections), (300, 0, 3));
    let (ideal, took) = (300 / 3 * 50, run.last_finish());
    assert!(ideal * 100 >= took * 95, "{took} ms instead of {ideal}");
}

#[test]
fn places_that_are_freed_late_are_waited_for() {
    let settings = SendLimits { messages_per_connection: Some(10), ..fast() };
    let run = Run::new(300, settings, Server { freed_late: 100, ..Server::default() }).done();
    assert_eq!((run.counts().sent, run.server.throttled), (300, 0));
    assert_eq!(run.counts().connections_opened, 30);
}

#[test]
fn thirty_a_minute_are_never_exceeded_and_evenly_spaced() {
    let settings = SendLimits { connection_age: DAY, ..SendLimits::default() };
    let server = Server { per_minute: Some(30), session: 1_200, ..Server::default() };
    let run = Run::new(1_800, settings, server).done();
    let (spacings, took) = (run.spacings(), run.last_finish());
    let (least, most) = (spacings.iter().min().unwrap(), spacings.iter().max().unwrap());
    println!("| 30 a minute, on virtual time | sent | refused | took | least spacing | most spacing |");
    println!("| --- | ---: | ---: | ---: | ---: | ---: |");
    let (sent, refused) = (run.counts().sent, run.server.throttled);
    println!("| 1,800 messages | {sent} | {refused} | {} s | {least} ms | {most} ms |", took / SECOND);
    assert_eq!((sent, refused), (1_800, 0));
    assert!(*least >= 2_000 && *most <= 2_020);
    assert!(took <= HOUR);
    assert_eq!(run.counts().peak_connections, 1, "one connection carries 30 a minute");
}

#[test]
fn slow_sessions_get_further_connections() {
    let run = Run::new(300, SendLimits::default(), Server { session: 5_000, ..Server::default() }).done();
    assert_eq!((run.counts().sent, run.counts().peak_connections), (300, 3));
    assert!(run.last_finish() <= 10 * MINUTE + 10 * SECOND);
}

#[test]
fn a_day_takes_its_recipients_and_defers_the_rest_to_the_next() {
    let settings = SendLimits { recipients_per_day: Some(10_000), ..SendLimits::default() };
    let server = || Server { per_day: Some(10_000), ..Server::default() };
    let run = Run::of(120, 100, settings.clone(), server(), Earlier::default()).done();
    assert_eq!((run.counts().sent, run.counts().deferred), (100, 20));
    let Fate { state: RowState::Deferred, next_at: Some(next_at), .. } = run.endings[&119] else {
        panic!("not deferred")
    };
    assert!((DAY..DAY + 2 * MINUTE).contains(&next_at));

    let starts = run.started.iter().map(|(at, _)| at - next_at);
    let recipients = starts.clone().map(|at| (at, 100)).collect();
    let earlier = Earlier { messages: starts.collect(), recipients, ..Earlier::default() };
    let next = Run::of(20, 100, settings, server(), earlier).done();
    assert_eq!((next.counts().sent, next.reason()), (20, EndReason::NoRowsLeft));
}

#[test]
fn a_day_at_the_limit_of_the_server_is_not_exceeded_by_one_recipient() {
    let settings = SendLimits { recipients_per_day: Some(10_000), ..fast() };
    let server = Server { per_day: Some(10_000), ..Server::default() };
    let run = Run::new(10_100, settings, server).done();
    assert_eq!(
        (run.counts().sent, run.counts().deferred, run.reason()),
        (10_000, 100, EndReason::NoRowsLeft)
    );
}

#[test]
fn a_message_larger_than_a_day_is_refused_and_the_others_go() {
    let settings = SendLimits { recipients_per_day: Some(10), ..fast() };
    let mut run = Run::new(2, settings, Server::default());
    run.engine.add(9, 11, 0);
    let run = run.done();
    assert_eq!(run.endings[&9], Fate::ended(RowState::Refused));
    assert_eq!(run.counts().sent, 2);
}

#[test]
fn a_restart_makes_no_burst() {
    let earlier = Earlier { messages: (-29..=0).map(|i| i * 2_000).collect(), ..Earlier::default() };
    let run = Run::of(3, 1, SendLimits::default(), Server::default(), earlier).done();
    assert_eq!(run.started, [(2_100, 0), (4_100, 1), (6_100, 2)]);
}

#[test]
fn connections_are_left_to_the_application_while_it_is_sending() {
    let mut run = Run::new(600, fast(), Server::default());
    run.at(0, Event::Sharing(true));
    run.at(2_000, Event::Sharing(false));
    run.at(4_000, Event::Sharing(true));
    let run = run.done();
    let in_second = |n| run.started.iter().filter(|(at, _)| at / SECOND == n).count();
    assert_eq!([in_second(1), in_second(3), in_second(5)], [40, 60, 40]);
}

#[test]
fn a_cap_of_one_is_left_to_nobody() {
    let mut run = Run::new(5, SendLimits { cap: 1, ..fast() }, Server::default());
    run.at(0, Event::Sharing(true));
    assert_eq!(run.done().counts().sent, 5);
}

#[test]
fn a_clock_set_back_or_forward_by_an_hour_makes_no_burst_and_no_gap() {
    let clocks: [fn(Millis) -> Millis; 3] = [
        |now| if now < 10 * MINUTE { now } else { now - HOUR },
        |now| if now < 10 * MINUTE { now } else { now + HOUR },
        |now| if (now / MINUTE) % 2 == 0 { now } else { now + HOUR },
    ];
    for clock in clocks {
        let server = Server { per_minute: Some(30), ..Server::default() };
        let mut run = Run::new(600, SendLimits::default(), server);
        (run.clock, run.clock_jumps) = (clock, true);
        let run = run.done();
        assert_eq!((run.counts().sent, run.server.throttled), (600, 0));
        assert!(run.spacings().iter().all(|spacing| (2_000..=4_000).contains(spacing)));
        assert!(run.last_finish() <= 20 * MINUTE + 30 * SECOND, "{}", run.last_finish());
    }
}

#[test]
fn rows_claimed_by_others_cost_no_time_of_the_pace() {
    let mut run = Run::new(10_000, SendLimits::default(), Server::default());
    run.claimed = |row| row % 1_000 != 0;
    let run = run.done();
    assert_eq!((run.counts().sent, run.counts().skipped), (10, 9_990));
    assert!(run.last_finish() < MINUTE);
    assert!(run.spacings().iter().all(|spacing| *spacing >= 2_000));
}

#[test]
fn a_hundred_thousand_rows_are_cheap() {
    let settings = SendLimits { cap: 50, ..fast() };
    let run = Run::new(100_000, settings, Server { places: |_| 50, ..Server::default() }).done();
    assert_eq!((run.counts().sent, run.server.throttled), (100_000, 0));
}

#[test]
fn rows_may_come_while_sending_and_idle_connections_are_closed_in_between() {
    let mut run = Run::new(0, SendLimits::default(), Server::default());
    run.engine = Engine::new(SendLimits::default(), Earlier::default(), 1, 0);
    for (at, row) in [(0, 0), (10 * SECOND, 1), (5 * MINUTE, 2)] {
        run.at(at, Event::Add(row));
    }
    run.at(10 * MINUTE, Event::AllAdded);
    let run = run.done();
    assert_eq!(run.started, [(100, 0), (10 * SECOND, 1), (5 * MINUTE + 100, 2)]);
    assert_eq!((run.counts().connections_opened, run.now), (2, 10 * MINUTE));
}

#[test]
fn an_old_connection_is_replaced_before_the_server_cuts_it_off() {
    let run = Run::new(900, SendLimits::default(), Server::default()).done();
    assert_eq!((run.counts().sent, run.counts().connections_opened), (900, 2));
    assert!(run.spacings().iter().all(|spacing| (2_000..=2_100).contains(spacing)));
}

#[test]
fn progress_says_how_long_it_still_takes() {
    let mut engine = Engine::new(SendLimits::default(), Earlier::default(), 1, 0);
    (0..31).for_each(|row| engine.add(row, 1, 0));
    let progress = engine.progress(0);
    assert_eq!(
        progress,
        Progress { connections: 0, cap: 3, sent_last_minute: 0, left: 31, time_left: 61_000 }
    );
}

#[test]
fn the_rows_that_go_next_are_known_as_long_as_they_go_soon() {
    let engine = |settings, messages| {
        let mut engine = Engine::new(settings, Earlier { messages, ..Earlier::default() }, 1, 0);
        (0..10).for_each(|row| engine.add(row, 1, row % 2));
        engine
    };
    let upcoming = |engine: &mut Engine<u32>, now| -> Vec<(u32, u32)> {
        engine.upcoming(now).into_iter().map(|(row, attempts)| (*row, attempts)).collect()
    };
    let mut fast = engine(fast(), Vec::new());
    assert_eq!(upcoming(&mut fast, 0), [(0, 0), (1, 1), (2, 0)]);
    fast.stop_requested();
    assert_eq!(upcoming(&mut fast, 0), []);
    let mut slow = engine(SendLimits::default(), vec![0]);
    assert_eq!(upcoming(&mut slow, 0), []);
    assert_eq!(upcoming(&mut slow, 1_000), [(0, 0)]);
    let mut given_up = engine(SendLimits { max_attempts: 1, ..super::fast() }, Vec::new());
    assert_eq!(upcoming(&mut given_up, 0), [(0, 0)], "the next one has used up its attempts");
}
