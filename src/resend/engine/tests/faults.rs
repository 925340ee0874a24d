//! The rules hold against any server, with any faults at any time; [`Run`] checks them at every step.

use proptest::prelude::*;

use super::*;

/// A world that goes wrong in its own way.
#[derive(Debug, Clone)]
struct World {
    rows: u32,
    recipients: u32,
    settings: SendLimits,
    places: usize,
    login: Millis,
    session: (Millis, Millis),
    freed_late: Millis,
    /// In a thousand, how often a message or a login goes wrong.
    faults: u64,
    seed: u64,
    clock: usize,
    events: Vec<(Millis, u8)>,
}

const CLOCKS: [fn(Millis) -> Millis; 3] = [
    |now| now,
    |now| if now < 3 * SECOND { now } else { now - HOUR },
    |now| if (now / 700) % 2 == 0 { now } else { now + HOUR },
];

fn settings() -> impl Strategy<Value = SendLimits> {
    let rate = prop::sample::select(vec!["1000/1s", "7/1s", "30/1m"]);
    let schedule = prop::sample::select(vec!["1s*3", "1m, 5m*2", "10s, 50s*9"]);
    let limits = (1_u32..6, 0_u32..4, rate, prop::option::of(1_u32..200), prop::option::of(1_u32..9));
    (limits, schedule, 1_u32..9).prop_map(
        |((cap, reserve, rate, day, per_connection), schedule, max_attempts)| SendLimits {
            cap,
            reserve,
            rate: rate.parse().unwrap(),
            recipients_per_day: day,
            messages_per_connection: per_connection,
            schedule: schedule.parse().unwrap(),
            max_attempts,
            ..SendLimits::default()
        },
    )
}

prop_compose! {
    fn world()(
        rows in 0_u32..120,
        recipients in 1_u32..5,
        settings in settings(),
        places in 0..PLACES.len(),
        login in 0..3 * SECOND,
        session in (1..3 * SECOND, 0..500_i64),
        freed_late in 0..2 * SECOND,
        faults in prop::sample::select(vec![0, 20, 300, 1_000]),
        seed: u64,
        clock in 0..CLOCKS.len(),
        events in prop::collection::vec((0..2 * MINUTE, 0_u8..20), 0..12),
    ) -> World {
        World { rows, recipients, settings, places, login, session, freed_late, faults, seed, clock, events }
    }
}

impl World {
    fn server(&self) -> Server {
        let (faults, mut messages, mut logins) =
            (self.faults, Random::new(self.seed), Random::new(!self.seed));
        Server {
            places: PLACES[self.places],
            login: self.login,
            session: self.session.0,
            session_varies_by: self.session.1,
            freed_late: self.freed_late,
            on_open: Box::new(move |_, now| fault(&mut logins, faults, now)),
            on_message: Box::new(move |_, now| fault(&mut messages, faults, now)),
            ..Server::default()
        }
    }

    fn run(&self) -> Run {
        let earlier = Earlier::default();
        let mut run = Run::of(self.rows, self.recipients, self.settings.clone(), self.server(), earlier);
        (run.clock, run.clock_jumps) = (CLOCKS[self.clock], self.clock > 0);
        run.claimed = |row| row % 11 == 5;
        for (i, (at, event)) in self.events.iter().enumerate() {
            run.at(*at, event_of(*event, i));
        }
        run.done()
    }
}

const PLACES: [fn(Millis) -> usize; 7] =
    [|_| 0, |_| 1, |_| 2, |_| 3, |_| 4, |_| 5, |now| if now < MINUTE { 5 } else { 1 }];

fn event_of(number: u8, i: usize) -> Event {
    match number {
        0 => Event::Stop,
        1..6 => Event::Sharing(true),
        6..10 => Event::Sharing(false),
        10..15 => Event::Add(10_000 + u32::try_from(i).unwrap()),
        _ => Event::Cut,
    }
}

/// Any outcome, in so many of a thousand cases.
fn fault(random: &mut Random, in_thousand: u64, now: Millis) -> Option<AttemptOutcome> {
    if random.draw() % 1_000 >= in_thousand {
        return None;
    }
    let asked = [None, Some(0), Some(3 * SECOND), Some(HOUR)][(random.draw() % 4) as usize];
    let scope = if random.draw().is_multiple_of(2) { CapScope::Row } else { CapScope::Account };
    Some(match random.draw() % 16 {
        0..5 => throttle(),
        5 => AttemptOutcome::Throttled { retry_after: asked },
        6..9 => AttemptOutcome::Retry { retry_after: asked },
        9 => AttemptOutcome::Wait { until: now + asked.unwrap_or(-5), scope },
        10..12 => AttemptOutcome::Never,
        12 => AttemptOutcome::Doubt,
        13 if random.draw().is_multiple_of(4) => AttemptOutcome::Stop,
        _ => AttemptOutcome::Lost,
    })
}

/// The most recipients of any 24 hours and the shortest time between two messages.
fn extremes(run: &Run, recipients: u32) -> (u32, Millis) {
    let in_day =
        |(i, start): (usize, &Millis)| run.taken[i..].iter().take_while(|at| *at - start < DAY).count();
    let most = run.taken.iter().enumerate().map(in_day).max().unwrap_or(0);
    (u32::try_from(most).unwrap() * recipients, run.spacings().into_iter().min().unwrap_or(Millis::MAX))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn any_world_comes_to_an_end_within_the_limits(world in world()) {
        let run = world.run();
        let (in_day, spacing) = extremes(&run, world.recipients);
        if world.clock == 0 {
            prop_assert!(spacing >= world.settings.rate.spacing(), "{spacing} ms apart");
            prop_assert!(in_day <= world.settings.recipients_per_day.unwrap_or(u32::MAX));
        }
    }

    #[test]
    fn without_faults_every_row_is_delivered(world in world()) {
        let settings = SendLimits { recipients_per_day: None, reserve: 0, ..world.settings.clone() };
        let places = settings.cap as usize;
        let freed_late = world.freed_late.min(settings.replace_after - 10);
        let world = World { settings, places, freed_late, faults: 0, clock: 0, events: Vec::new(), ..world };
        let run = world.run();
        prop_assert_eq!(run.counts().sent + run.counts().skipped, u64::from(world.rows));
        prop_assert_eq!(run.server.throttled, 0);
    }

    #[test]
    fn the_same_world_gives_the_same_run(world in world()) {
        let (one, other) = (world.run(), world.run());
        prop_assert_eq!(one.started, other.started);
        prop_assert_eq!(one.endings, other.endings);
    }
}
