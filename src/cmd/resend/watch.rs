//! The looks at the log while it is sent: whether the application is sending itself, and which mails went meanwhile.

use std::collections::{HashMap, HashSet};
use std::convert::Infallible;
use std::time::{Duration, Instant};

use anyhow::Result;
use tokio::sync::watch;

use super::now;
use super::plan::{self, Plan};
use crate::analysis::mails::Row;
use crate::cmd::mails::sent_since;
use crate::db::{Db, Target};
use crate::model::Millis;
use crate::resend::driver::Seen;
use crate::resend::points;
use crate::resend::selection::keeps_from_going;

/// How long it is between two looks: the longer a look takes, the longer.
const SHORTEST_REST: Duration = Duration::from_secs(2);
const LONGEST_REST: Duration = Duration::from_secs(30);
const REST_PER_LOOK: u32 = 20;

/// How long a look may take while it is sent.
const LONGEST_LOOK: Duration = Duration::from_secs(2);

/// Rows of the application's may carry a time that is so far behind, in milliseconds.
const SLACK: Millis = 5 * 60_000;

/// Looks again and again, as long as it is sent.
pub async fn look_again(plan: &Plan, target: &Target, tell: watch::Sender<Seen>) -> Infallible {
    // a look holds up the ledger's writer in some databases, so that it must be short
    let target = Target { statement_timeout: LONGEST_LOOK, ..target.clone() };
    let longest = points::interval(LONGEST_REST, "MAILTHROTTLE_LOOK_AGAIN");
    let mut took = Duration::ZERO;
    loop {
        tokio::time::sleep(longest.min(SHORTEST_REST.max(took * REST_PER_LOOK))).await;
        let began = Instant::now();
        match look(plan, &target).await {
            Ok(seen) => drop(tell.send_replace(seen)),
            Err(error) => tracing::debug!("what the application is doing is not known: {error:#}"),
        }
        took = began.elapsed();
    }
}

/// Looks once. A plan may be old when the sending begins: a person thought about it, or another run had the turn.
///
/// # Errors
/// The database's refusal.
pub async fn look(plan: &Plan, target: &Target) -> Result<Seen> {
    let rows: Vec<Row> = plan.selected.chosen.iter().map(|chosen| chosen.mail.stands.row.clone()).collect();
    let named: HashSet<String> = plan.named().map(str::to_owned).collect();
    let mut db = Db::open(target).await?;
    let senders = plan::senders(&plan.selected);
    let is_sending = plan::is_sending(&mut db, &plan.mapping, &senders, now()).await?;
    let fates = sent_since(&mut db, &plan.mapping, &rows, plan.now - SLACK, &named, now()).await?;
    db.close().await;
    let gone = fates.iter().filter_map(|(place, fate)| Some((*place, keeps_from_going(fate)?)));
    Ok(Seen { is_sending, gone: gone.collect::<HashMap<_, _>>() })
}
