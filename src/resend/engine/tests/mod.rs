//! A day of sending in milliseconds: the engine against a simulated server.

mod faults;
mod limits;
mod run;
mod server;
mod troubles;

use super::*;
use crate::model::{DAY, HOUR, MINUTE, SECOND};
use run::{Event, Run};
use server::Server;

/// As many messages as the connections can carry.
fn fast() -> SendLimits {
    SendLimits { rate: "1000/1s".parse().unwrap(), ..SendLimits::default() }
}

fn throttle() -> AttemptOutcome {
    AttemptOutcome::Throttled { retry_after: None }
}

fn retry() -> AttemptOutcome {
    AttemptOutcome::Retry { retry_after: None }
}

/// The rows in the order in which they started.
fn order(run: &Run) -> Vec<u32> {
    run.started.iter().map(|(_, row)| *row).collect()
}
