//! What all sessions of a server share: places, the rate, the day's recipients, and the record of what happened.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use mailthrottle::model::Stage;

use super::fault::Fault;
use super::settings::{Settings, WhenFull};

/// A message that was accepted.
#[derive(Clone, Debug)]
pub struct Mail {
    pub message_id: String,
    pub sender: String,
    /// After the address of MAIL.
    pub parameters: String,
    pub recipients: Vec<String>,
    /// Headers and body, dots no longer stuffed.
    pub bytes: Vec<u8>,
    /// The connection, from 1.
    pub connection: u64,
    pub at: Instant,
}

/// The record.
#[derive(Clone, Debug, Default)]
pub struct Seen {
    pub accepted: Vec<Mail>,
    /// How often each refusal was given.
    pub refusals: BTreeMap<String, usize>,
    pub connections: u64,
    /// How often something was read, that is, how many round trips were needed.
    pub turns: u32,
    /// How many messages were begun with MAIL.
    pub begun: u64,
    /// How many came to their end.
    pub contents: u64,
    /// When each was begun.
    pub begins: Vec<Instant>,
    pub peak_connections: usize,
    pub peak_sending: usize,
    /// All commands; of AUTH only the mechanism.
    pub commands: Vec<String>,
    /// What a client must not do.
    pub violations: Vec<String>,
    /// How many dialogues were left without an answer.
    pub stalled: usize,
    /// Connections that have not ended.
    pub open: usize,
    /// The connections that have a place among those that may send.
    pub sending: BTreeSet<u64>,
    limit: usize,
    recent: VecDeque<Instant>,
    recipients: usize,
    faults: Vec<Fault>,
}

pub struct Shared {
    pub settings: Settings,
    seen: Mutex<Seen>,
    /// A message was begun, came to its end or was accepted, a dialogue left without an answer, or a connection has ended.
    progress: Condvar,
}

/// A test that waits for longer has failed.
const PATIENCE: Duration = Duration::from_secs(120);

impl Shared {
    pub fn new(settings: Settings) -> Shared {
        let seen = Seen { limit: settings.limit, faults: settings.faults.clone(), ..Seen::default() };
        Shared { settings, seen: Mutex::new(seen), progress: Condvar::new() }
    }

    pub fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap()
    }

    /// Waits until what was seen is as wished for.
    pub fn wait_until(&self, is_reached: impl Fn(&Seen) -> bool) {
        let waited = self.progress.wait_timeout_while(self.seen(), PATIENCE, |seen| !is_reached(seen));
        assert!(!waited.unwrap().1.timed_out(), "what the test waits for has not come");
    }

    pub fn set_limit(&self, limit: usize) {
        self.seen().limit = limit;
    }

    pub fn add_fault(&self, fault: Fault) {
        self.seen().faults.push(fault);
    }

    /// A new connection's number.
    pub fn arrives(&self) -> u64 {
        let mut seen = self.seen();
        seen.connections += 1;
        seen.open += 1;
        seen.peak_connections = seen.peak_connections.max(seen.open);
        seen.connections
    }

    /// A connection has ended; its place becomes free later.
    pub fn leaves(self: &Arc<Self>, connection: u64) {
        self.seen().open -= 1;
        self.progress.notify_all();
        let shared = self.clone();
        tokio::spawn(async move {
            tokio::time::sleep(shared.settings.place_freed_after).await;
            shared.seen().sending.remove(&connection);
            shared.progress.notify_all();
        });
    }

    /// Whether the connection has a place among those that may send, or gets one now.
    pub fn may_send(&self, connection: u64) -> bool {
        let mut seen = self.seen();
        if !seen.sending.contains(&connection) && seen.sending.len() >= seen.limit {
            return false;
        }
        seen.sending.insert(connection);
        seen.peak_sending = seen.peak_sending.max(seen.sending.len());
        true
    }

    /// The next message's number.
    pub fn begins(&self) -> u64 {
        let mut seen = self.seen();
        seen.begun += 1;
        seen.begins.push(Instant::now());
        self.progress.notify_all();
        seen.begun
    }

    pub fn fault(&self, stage: Stage, number: u64, in_content: Option<usize>) -> Option<Fault> {
        let reached = |fault: &Fault| match (fault.in_content, in_content) {
            (Some(after), Some(came)) => came >= after,
            (after, came) => after.is_none() && came.is_none(),
        };
        let seen = self.seen();
        let mut faults = seen.faults.iter().filter(|fault| fault.stage == stage && reached(fault));
        faults.find(|fault| fault.nth == 0 || fault.nth == number).cloned()
    }

    /// How long the next message has to wait for the rate; it counts from now on.
    pub fn wait_for_rate(&self, when_full: WhenFull) -> Duration {
        let Some(rate) = self.settings.rate.filter(|rate| rate.when_full == when_full) else {
            return Duration::ZERO;
        };
        let mut seen = self.seen();
        let now = Instant::now();
        while seen.recent.front().is_some_and(|at| *at + rate.per <= now) {
            seen.recent.pop_front();
        }
        let wait = match seen.recent.len().checked_sub(rate.messages) {
            Some(surplus) => {
                let oldest = seen.recent.get(surplus).copied().unwrap_or(now);
                (oldest + rate.per).saturating_duration_since(now)
            }
            None => Duration::ZERO,
        };
        if wait.is_zero() || when_full == WhenFull::Delay {
            seen.recent.push_back(now + wait);
        }
        wait
    }

    /// Whether the day has room for these recipients; if so, they count.
    pub fn has_quota(&self, recipients: usize) -> bool {
        let mut seen = self.seen();
        let fits = self.settings.recipients_per_day.is_none_or(|most| seen.recipients + recipients <= most);
        seen.recipients += if fits { recipients } else { 0 };
        fits
    }

    pub fn accepts(&self, mail: Mail) {
        self.report(&format!("accepted {} from connection {}", mail.message_id, mail.connection));
        self.seen().accepted.push(mail);
        self.progress.notify_all();
    }

    /// A content came to its end.
    pub fn receives(&self) {
        self.seen().contents += 1;
        self.progress.notify_all();
    }

    pub fn stalls(&self) {
        self.seen().stalled += 1;
        self.progress.notify_all();
    }

    pub fn refuses(&self, reply: &str) {
        self.report(&format!("refused {reply}"));
        *self.seen().refusals.entry(reply.to_owned()).or_default() += 1;
    }

    pub fn turns(&self) {
        self.seen().turns += 1;
    }

    pub fn violates(&self, what: &str) {
        self.seen().violations.push(what.to_owned());
    }

    fn report(&self, line: &str) {
        if let Some(report) = self.settings.report {
            report(line);
        }
    }
}
