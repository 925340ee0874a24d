//! The looks at the log while it is sent: whether the application is sending itself, and which mails went meanwhile.

use std::collections::HashMap;
use std::convert::Infallible;
use std::time::{Duration, Instant};

use anyhow::Result;
use tokio::sync::watch;

use super::now;
use super::plan::{self, ResendPlan};
use crate::db::{Db, Target};
use crate::log::PlannedRows;
use crate::log::read;
use crate::model::{Disposition, Mail, Millis};
use crate::resend::driver::WatchedRows;
use crate::resend::failpoints;
use crate::resend::selection::{Standing, standing_meanwhile};
use crate::resend::state::RowState;

/// How long it is between two looks: the longer a look takes, the longer.
const SHORTEST_REST: Duration = Duration::from_secs(2);
const LONGEST_REST: Duration = Duration::from_secs(30);
const REST_PER_LOOK: u32 = 20;

/// How long a look may take while it is sent.
const LONGEST_LOOK: Duration = Duration::from_secs(2);

/// Rows of the application's may carry a time that is so far behind, in milliseconds.
const SLACK: Millis = 5 * 60_000;

/// Looks again and again, as long as it is sent.
pub async fn look_again(plan: &ResendPlan, target: &Target, tell: watch::Sender<WatchedRows>) -> Infallible {
    // a look holds up the ledger's writer in some databases, so that it must be short
    let target = Target { statement_timeout: LONGEST_LOOK, ..target.clone() };
    let longest = failpoints::interval(LONGEST_REST, "MAILTHROTTLE_LOOK_AGAIN");
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
pub async fn look(plan: &ResendPlan, target: &Target) -> Result<WatchedRows> {
    let mails = || plan.selected.chosen.iter().map(|chosen| &chosen.mail);
    let further = mails().flat_map(|mail| mail.further.iter().map(|row| row.key.id.as_str()));
    let chosen = PlannedRows {
        rows: mails().map(|mail| mail.stands.row.clone()).collect(),
        ids: mails().map(|mail| mail.stands.key.id.as_str()).chain(further).collect(),
        named: plan.named().map(str::to_owned).collect(),
        is_doubt: &|mail: &Mail| read(&plan.classifier, mail).disposition == Disposition::Doubt,
    };
    let mut db = Db::open(target).await?;
    let senders = plan::senders(&plan.selected);
    let is_sending = plan::is_sending(&mut db, &plan.mapping, &senders, now()).await?;
    let fates = chosen.since(&mut db, &plan.mapping, plan.now - SLACK, now()).await?;
    db.close().await;
    let kept = fates.iter().filter_map(|(place, fate)| Some((*place, kept(standing_meanwhile(fate))?)));
    Ok(WatchedRows { is_sending, kept: kept.collect::<HashMap<_, _>>() })
}

/// How a mail ends that must not go any more, and why.
fn kept(standing: Standing) -> Option<(RowState, String)> {
    match standing {
        Standing::Skipped(skip) if skip.is_doubt() => Some((RowState::Doubt, skip.to_string())),
        Standing::Skipped(skip) => Some((RowState::Skipped, skip.to_string())),
        Standing::Held(hold) => Some((RowState::Held, hold.to_string())),
        Standing::Goes | Standing::TooOld => None,
    }
}
