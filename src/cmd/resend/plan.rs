//! What will be sent: the rows that go and why the others do not, under which caps, and how long that takes.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use anyhow::{Result, bail};

use crate::cli::{Global, Resend as Args};
use crate::cmd::{Log, ask, imported, look, wanted};
use crate::config::Config;
use crate::config::smtp::Sending;
use crate::db::store::is_there;
use crate::db::{Db, Failed, Order};
use crate::mapping::Mapping;
use crate::model::{Attempt, FailedMail, Meaning, Millis};
use crate::output;
use crate::output::resend::{Answer, Row, Rows, SCHEMA};
use crate::reply::{Classifier, NotBefore};
use crate::resend::ledger::Past;
use crate::resend::pace::Earlier;
use crate::resend::selection::{self, Candidate, Delivered, Held, Reading, Skip, Successors, Words};
use crate::window::Window;

const DAY: Millis = 86_400_000;
const MINUTE: Millis = 60_000;

/// The application is sending while it has rows that are no older.
const SHARING: Millis = 2 * MINUTE;

/// How long a message is taken to need, where nothing has been sent yet.
const SESSION: Millis = 1_500;

/// What will be sent.
pub struct Plan {
    /// The user's table in canonical terms.
    pub mapping: Mapping,
    /// The rules.
    pub classifier: Classifier,
    /// The rows that go, oldest first.
    pub chosen: Vec<Candidate>,
    /// The attempts each has used up.
    pub attempts: Vec<u32>,
    /// The rows that do not.
    pub skipped: Vec<(Candidate, Skip)>,
    /// How many more would go but for `--limit`.
    pub beyond_limit: u64,
    /// What the application sent lately.
    pub earlier: Earlier,
    /// Whether the application is sending now.
    pub is_shared: bool,
    server: Option<String>,
    caps: String,
    estimate: Millis,
}

/// Reads the log and the ledger, and decides.
pub async fn make(flags: &Global, args: &Args, config: Config, sending: &Sending) -> Result<Plan> {
    let usual = sending.max_age;
    let (mut log, rules) = Log::open(flags, config, &args.rows, Some(usual)).await?;
    let classifier = rules.ready()?;
    if !log.db.rows(is_there(log.mapping.dialect, imported::TABLE)).await?.is_empty() {
        bail!(
            "this log was imported, and whoever wrote it may have sent the mails later; nothing of it is sent again"
        );
    }
    let candidates = candidates(&mut log, &classifier, args).await?;
    let past = log.past().await?;
    let named: HashSet<String> = args.id.iter().cloned().collect();
    let superseded = superseded(&mut log, &candidates).await?;
    // a window that a person names is as old as it says
    let max_age =
        if args.rows.since.is_some() && args.max_age.is_none() { Millis::MAX } else { sending.max_age };
    let held = Held { past: &past, superseded: &superseded, max_age, named: &named, now: log.now };
    let mut chosen = candidates;
    let mut reasons = Vec::new();
    let mut is_skipped = |mail: &mut Candidate| {
        let skip = selection::skip(mail, &held);
        let is_some = skip.is_some();
        reasons.extend(skip);
        is_some
    };
    let skipped: Vec<_> = chosen.extract_if(.., &mut is_skipped).collect();
    let skipped = skipped.into_iter().zip(reasons).collect();
    let most = args.limit.map_or(usize::MAX, |limit| limit as usize);
    let beyond_limit = chosen.len().saturating_sub(most) as u64;
    chosen.truncate(most);
    let attempts = chosen.iter().map(|mail| attempts(mail, &past)).collect();
    let (earlier, is_shared) = earlier(&mut log, &chosen).await?;
    let recipients = chosen.iter().map(|mail| u64::from(mail.recipients)).sum();
    let estimate = sending.engine.estimate(chosen.len() as u64, recipients, SESSION);
    if flags.print_sql {
        log.print(flags, "")?;
    }
    let Log { db, mapping, .. } = log;
    // what is read holds up what is to be written
    db.close().await;
    Ok(Plan {
        mapping,
        classifier,
        chosen,
        attempts,
        skipped,
        beyond_limit,
        earlier,
        is_shared,
        server: sending.url().ok().map(str::to_owned),
        caps: caps(sending),
        estimate,
    })
}

fn attempts(mail: &Candidate, past: &Past) -> u32 {
    past.of(&mail.key).map_or(0, |known| known.attempts)
}

/// The failed mails asked for, oldest first.
async fn candidates(log: &mut Log, classifier: &Classifier, args: &Args) -> Result<Vec<Candidate>> {
    let words = match &args.rows.status {
        Some(status) => vec![status.clone()],
        None => log.failed_words(&args.rows),
    };
    let filter = crate::analysis::failures::Filter { code: args.rows.code, class: args.rows.class };
    let named: HashSet<&str> = args.id.iter().map(String::as_str).collect();
    let (mut candidates, mut common) = (Vec::new(), Words::default());
    let mut add = |mail: FailedMail| {
        let reading = read(classifier, &mail);
        let is_asked_for = (named.is_empty() || named.contains(mail.id.as_str()))
            && wanted(args.rows.sender.as_deref(), mail.sender.as_deref())
            && filter.takes(reading.reply, reading.enhanced, reading.class);
        if is_asked_for {
            candidates.push(Candidate::new(mail, reading, &mut common));
        }
    };
    let failed = Failed { window: log.window, words: &words, to_send: true };
    log.db.failed(&log.mapping, &failed, &mut add).await?;
    let missing = named.iter().find(|id| !candidates.iter().any(|mail: &Candidate| mail.key.id == **id));
    if let Some(id) = missing.filter(|_| log.db.rehearsed().is_empty()) {
        bail!(
            "--id {}: no failed row of this id in the window; see mailthrottle failures",
            id.escape_debug()
        );
    }
    let number = |mail: &Candidate| mail.key.id.parse::<i64>().ok();
    candidates.sort_by(|a, b| {
        let key = |mail: &Candidate| (mail.key.sent_date.unwrap_or(Millis::MAX), number(mail));
        key(a).cmp(&key(b)).then_with(|| a.key.id.cmp(&b.key.id))
    });
    Ok(candidates)
}

fn read(classifier: &Classifier, mail: &FailedMail) -> Reading {
    let reading = classifier.read(mail.error.as_deref().unwrap_or_default());
    let window = reading.retry_after.or(match &reading.rule.not_before {
        Some(NotBefore::Rolling(window) | NotBefore::After(window)) => Some(*window),
        Some(NotBefore::NextHour) => Some(std::time::Duration::from_secs(3600)),
        None => None,
    });
    Reading {
        reply: reading.reply,
        enhanced: reading.enhanced,
        class: reading.class,
        disposition: reading.disposition,
        window: window.and_then(|window| Millis::try_from(window.as_millis()).ok()),
    }
}

/// The candidates that went out later, with the row that did.
async fn superseded(log: &mut Log, candidates: &[Candidate]) -> Result<HashMap<String, String>> {
    let first = candidates.iter().filter_map(|mail| mail.key.sent_date).min();
    let words: Vec<String> = log.mapping.words.of(Meaning::Sent).map(str::to_owned).collect();
    let (Some(first), false) = (first, words.is_empty()) else {
        return Ok(HashMap::new());
    };
    let successors = Successors::of(candidates.iter());
    let mut met = Vec::new();
    let mut add = |mail: FailedMail| {
        if let Some(at) = mail.at {
            let FailedMail { id, recipient, subject, message_id, .. } = mail;
            met.extend(successors.met_by(&Delivered { id, at, recipient, subject, message_id }));
        }
    };
    let window = Window { since: Some(first), until: None, zone: log.window.zone };
    log.db.failed(&log.mapping, &Failed { window, words: &words, to_send: true }, &mut add).await?;
    let mut superseded = HashMap::new();
    for successor in met {
        if successor.is_certain || have_one_body(log, &successor.of, &successor.id).await? {
            superseded.entry(successor.of).or_insert(successor.id);
        }
    }
    Ok(superseded)
}

const BODIES: &str = include_str!("../../../queries/message.sql");

/// Whether two rows have the same text, HTML and raw message.
async fn have_one_body(log: &mut Log, first: &str, second: &str) -> Result<bool> {
    let mut bodies = Vec::new();
    for id in [first, second] {
        let selection = crate::mapping::sql::Selection { id: Some(id.to_owned()), ..Default::default() };
        let rows = log.db.rows(log.mapping.statement(&selection, BODIES)).await?;
        let body = rows.first().map(|row| [7, 8, 9].map(|column| row.bytes(column).map(<[u8]>::to_vec)));
        bodies.push(body);
    }
    Ok(bodies[0] == bodies[1])
}

/// What went out by the application in the last day, and whether it is sending now.
async fn earlier(log: &mut Log, chosen: &[Candidate]) -> Result<(Earlier, bool)> {
    let (senders, now) = (senders(chosen), log.now);
    let mut earlier = Earlier::default();
    let mut is_shared = false;
    let words = &log.mapping.words;
    let mut add = |attempt: &Attempt<'_>, at: Millis| {
        is_shared |= at >= now - SHARING;
        if words.meaning(attempt.status) == Meaning::Sent {
            earlier.recipients.push((at, attempt.recipients));
            if at >= now - MINUTE {
                earlier.messages.push(at);
            }
        }
    };
    attempts_since(&mut log.db, &log.mapping, &senders, (now - DAY, now), &mut add).await?;
    Ok((earlier, is_shared))
}

/// The mailboxes of these mails.
pub fn senders(mails: &[Candidate]) -> HashSet<Option<Arc<str>>> {
    mails.iter().map(|mail| mail.sender.clone()).collect()
}

/// Whether the application is sending itself for one of these mailboxes.
pub async fn is_sending(
    db: &mut Db,
    mapping: &Mapping,
    senders: &HashSet<Option<Arc<str>>>,
    now: Millis,
) -> Result<bool> {
    let mut is_sending = false;
    let mut add = |_: &Attempt<'_>, _| is_sending = true;
    attempts_since(db, mapping, senders, (now - SHARING, now), &mut add).await?;
    Ok(is_sending)
}

/// Gives the attempts for these mailboxes in a time that is past.
async fn attempts_since(
    db: &mut Db,
    mapping: &Mapping,
    senders: &HashSet<Option<Arc<str>>>,
    (since, until): (Millis, Millis),
    add: &mut dyn FnMut(&Attempt<'_>, Millis),
) -> Result<()> {
    let senders: HashSet<Option<&str>> = senders.iter().map(Option::as_deref).collect();
    let window = Window { since: Some(since), until: None, zone: mapping.zone };
    let mut each = |attempt: Attempt<'_>| {
        let is_ours = senders.contains(&attempt.sender);
        if let Some(at) = attempt.at.filter(|at| is_ours && (since..=until).contains(at)) {
            add(&attempt, at);
        }
        true
    };
    db.attempts(mapping, window, Order::AsStored, &mut each).await
}

fn caps(sending: &Sending) -> String {
    let engine = &sending.engine;
    let day = engine.recipients_per_day.map_or_else(String::new, |day| format!(", {day} recipients a day"));
    let profile =
        sending.profile.map_or_else(|| "an unknown provider".to_owned(), |profile| profile.title.clone());
    format!("{} connections, {} messages{day} ({profile})", engine.cap, engine.rate)
}

impl Plan {
    /// The plan as the command answers it.
    pub fn answer(&self) -> Answer<'_> {
        Answer {
            schema: SCHEMA,
            dry_run: true,
            selected: self.chosen.len() as u64,
            skipped: self.skipped.len() as u64,
            beyond_limit: self.beyond_limit,
            duration_ms: self.estimate,
            server: self.server.clone(),
            caps: Some(self.caps.clone()),
            rows: Rows::made_by(|| {
                let chosen = self.chosen.iter().zip(&self.attempts);
                chosen.map(|(mail, attempts)| row(mail, "selected", *attempts, None)).chain(self.skipped())
            }),
            ..Answer::default()
        }
    }

    /// The rows that do not go, as the command answers them.
    pub fn skipped(&self) -> impl Iterator<Item = Row> {
        self.skipped.iter().map(|(mail, skip)| {
            let next_at = match skip {
                Skip::NotBefore(at) | Skip::Wait(at) => Some(*at),
                _ => None,
            };
            Row { next_at, group: skip.group(), ..row(mail, "skipped", 0, Some(skip.to_string())) }
        })
    }

    /// Under which caps.
    pub fn caps(&self) -> &str {
        &self.caps
    }

    /// Forgets what only the plan shows of the rows that go.
    pub fn forget_looks(&mut self) {
        for mail in &mut self.chosen {
            (mail.recipient, mail.subject, mail.message_id) = (None, None, None);
        }
    }
}

fn row(mail: &Candidate, outcome: &'static str, attempts: u32, reason: Option<String>) -> Row {
    Row {
        id: mail.key.id.clone(),
        outcome,
        attempts,
        next_at: None,
        reply: mail.reading.reply,
        enhanced: mail.reading.enhanced,
        class: Some(mail.reading.class),
        message_id: mail.message_id.clone(),
        reason,
        group: "",
        about: about(mail),
    }
}

/// To whom and about what.
fn about(mail: &Candidate) -> String {
    let text = |text: &Option<String>| text.clone().unwrap_or_else(|| "(none)".to_owned());
    format!("{}: {}", text(&mail.recipient), text(&mail.subject))
}

/// Shows the plan and asks whether to go on; where nobody can be asked, nothing goes.
pub async fn agree(flags: &Global, plan: &Plan) -> Result<()> {
    let rows = plan.chosen.len();
    if !ask::can_ask() {
        bail!("nothing was sent: {rows} rows would go; agree by --yes, or look first with --dry-run");
    }
    ask::say(&output::resend::plan(&plan.answer(), look(flags)))?;
    if !ask::agrees_expressly(&format!("Send {rows} rows now?")).await? {
        bail!("nothing was sent");
    }
    Ok(())
}
