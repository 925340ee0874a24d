//! What will be sent: the mails that go and why the others do not, under which caps, and how long that takes.

use std::collections::HashSet;
use std::sync::Arc;

use anyhow::{Result, anyhow, bail};

use super::messages::{Checking, ChosenMail};
use super::select::{Selected, select};
use crate::analysis::phrases::count;
use crate::cli::{Global, Resend as Args};
use crate::cmd::{ask, look, print_statements};
use crate::config::Config;
use crate::config::smtp::SmtpSettings;
use crate::db::{Db, Order};
use crate::log::Considered;
use crate::log::{CLOSED, Log};
use crate::mapping::{Key, Mapping};
use crate::model::{Attempt, DAY, MINUTE, Meaning, Millis};
use crate::output;
use crate::output::resend::{ResendOutput, ResendRow, ResendRows, SCHEMA};
use crate::reply::Classifier;
use crate::resend::ledger::{Further, MailKey, Outgoing, Past};
use crate::resend::pace::Earlier;
use crate::resend::selection::{Candidate, Skip};
use crate::window::Window;

/// The application is sending while it has rows that are no older.
const SHARING: Millis = 2 * MINUTE;

/// How long a message is taken to need, where nothing has been sent yet.
const SESSION: Millis = 1_500;

/// What will be sent.
pub struct ResendPlan {
    /// The user's table in canonical terms.
    pub mapping: Mapping,
    /// The rules.
    pub classifier: Classifier,
    /// What was decided about each mail.
    pub selected: Selected,
    /// What the application sent lately.
    pub earlier: Earlier,
    /// The time for which it was planned.
    pub now: Millis,
    max_age: Millis,
    hides_claims: bool,
    server: Option<String>,
    caps: String,
    estimate: Millis,
}

/// Reads the log and the ledger, and decides.
///
/// # Errors
/// Config, window, database.
pub async fn make(flags: &Global, args: &Args, config: Config, sending: &SmtpSettings) -> Result<ResendPlan> {
    let (plan, _) = with_past(flags, args, config, sending).await?;
    // which word is written has to be known before anything is promised
    sending.log.sent_word(&plan.mapping.words)?;
    Ok(plan)
}

/// The same with what the ledger knows, for whoever sends nothing.
///
/// # Errors
/// Config, window, database.
pub async fn with_past(
    flags: &Global,
    args: &Args,
    config: Config,
    sending: &SmtpSettings,
) -> Result<(ResendPlan, Past)> {
    let (mut log, rules) = Log::open_at(flags, config, &args.rows, None, args.at.as_deref()).await?;
    if log.mapping.newest_of.is_some() {
        bail!(
            "[email_log] newest_of: where a mail has several rows, a later one of them would be taken for another mail, so such a log is \
             for reading only; name a view that has one row for each mail"
        );
    }
    if log.mapping.key == Key::RowId {
        bail!(
            "[email_log] key: rowid is the place of a row, which may change, so it is for reading only; name the column or columns \
             by which the application knows a mail"
        );
    }
    let classifier = rules.ready()?;
    if log.is_imported {
        bail!(
            "this log was imported, and whoever wrote it may have sent the mails later; nothing of it is sent again"
        );
    }
    let mut past = log.past().await?;
    if past.is_closed {
        bail!("nothing can be planned: {CLOSED}");
    }
    let account = sending.account().ok().flatten();
    let checking = Checking {
        attachments: &sending.attachments,
        account: account.as_deref(),
        without_attachment: args.without_attachment,
        max_age: sending.max_age,
    };
    let selected = select(&mut log, &classifier, args, &mut past, &checking).await?;
    let earlier = earlier(&mut log, &selected).await?;
    let recipients = selected.chosen.iter().map(|chosen| u64::from(chosen.mail.stands.recipients)).sum();
    let estimate = sending.engine.estimate(selected.chosen.len() as u64, recipients, SESSION);
    if flags.print_sql {
        print_statements(&log.db)?;
    }
    let Log { db, mapping, now, .. } = log;
    // what is read holds up what is to be written
    db.close().await;
    let plan = ResendPlan {
        mapping,
        classifier,
        selected,
        earlier,
        now,
        max_age: sending.max_age,
        hides_claims: sending.log.claim_status.is_none(),
        server: sending.url().ok().map(str::to_owned),
        caps: caps(sending),
        estimate,
    };
    Ok((plan, past))
}

/// What went out by the application in the last day.
async fn earlier(log: &mut Log, selected: &Selected) -> Result<Earlier> {
    let (senders, now) = (senders(selected), log.now);
    let mut earlier = Earlier::default();
    let words = &log.mapping.words;
    let mut add = |attempt: &Attempt<'_>, at: Millis| {
        if words.meaning(attempt.status) == Meaning::Sent {
            earlier.recipients.push((at, attempt.recipients));
            if at >= now - MINUTE {
                earlier.messages.push(at);
            }
        }
    };
    attempts_since(&mut log.db, &log.mapping, &senders, (now - DAY, now), &mut add).await?;
    Ok(earlier)
}

/// The mailboxes of the mails that go.
pub fn senders(selected: &Selected) -> HashSet<Option<Arc<str>>> {
    selected.chosen.iter().map(|chosen| chosen.mail.stands.sender.clone()).collect()
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

fn caps(sending: &SmtpSettings) -> String {
    let engine = &sending.engine;
    let day = engine.recipients_per_day.map_or_else(String::new, |day| format!(", {day} recipients a day"));
    let profile =
        sending.profile.map_or_else(|| "an unknown provider".to_owned(), |profile| profile.title.clone());
    let connections = if engine.cap == 1 { "connection" } else { "connections" };
    format!("{} {connections}, {} messages{day} ({profile})", engine.cap, engine.rate)
}

impl ResendPlan {
    /// The plan as the command answers it.
    pub fn answer(&self) -> ResendOutput<'_> {
        let (deferred, skipped): (Vec<_>, Vec<_>) =
            self.selected.skipped.iter().partition(|(_, skip)| skip.next_at().is_some());
        ResendOutput {
            schema: SCHEMA,
            dry_run: true,
            selected: self.selected.chosen.len() as u64,
            deferred: deferred.len() as u64,
            skipped: skipped.len() as u64,
            doubts: skipped.iter().filter(|(_, skip)| skip.is_doubt()).count() as u64,
            held: self.selected.held.len() as u64,
            too_old: self.selected.too_old.0,
            oldest_age_ms: self.selected.too_old.1.map(|oldest| self.now - oldest),
            max_age_ms: self.max_age,
            beyond_limit: self.selected.beyond_limit,
            hides_claims: self.hides_claims,
            own_way: self.mapping.own_way,
            duration_ms: self.estimate,
            server: self.server.clone(),
            caps: Some(self.caps.clone()),
            rows: ResendRows::made_by(|| {
                let chosen = self.selected.chosen.iter().flat_map(|chosen| {
                    let own =
                        ResendRow { attempts: chosen.attempts, ..row(&chosen.mail.stands, "selected", None) };
                    std::iter::once(own).chain(further_rows(&chosen.mail, "skipped"))
                });
                chosen.chain(self.left())
            }),
            ..ResendOutput::default()
        }
    }

    /// The same where the run did not come to its turn.
    pub fn left_by<'r>(&'r self, reason: &'r str) -> ResendOutput<'r> {
        let planned = self.answer();
        ResendOutput {
            dry_run: false,
            deferred: planned.deferred + planned.selected,
            rows: ResendRows::made_by(move || {
                let chosen = self.selected.chosen.iter();
                let untouched = |mail| row(mail, "untouched", Some(reason.to_owned()));
                chosen.map(move |chosen| untouched(&chosen.mail.stands)).chain(self.left())
            }),
            ..planned
        }
    }

    /// How many mails other runs have in hand.
    pub fn with_others(&self) -> u64 {
        let is_in_hand = |skip: &Skip| matches!(skip, Skip::Claimed(_) | Skip::UnderWay(_));
        self.selected.skipped.iter().filter(|(_, skip)| is_in_hand(skip)).count() as u64
    }

    /// The mails that do not go, as the command answers them.
    pub fn left(&self) -> impl Iterator<Item = ResendRow> {
        let skipped = self.selected.skipped.iter().flat_map(|(mail, skip)| {
            let outcome = if skip.next_at().is_some() { "deferred" } else { "skipped" };
            let origin = skip.origin();
            let own = ResendRow {
                next_at: skip.next_at(),
                group: skip.group(),
                origin,
                ..row(&mail.stands, outcome, Some(skip.to_string()))
            };
            std::iter::once(own).chain(further_rows(mail, "skipped"))
        });
        let held = self.selected.held.iter().flat_map(|(mail, hold)| {
            let own = ResendRow { group: hold.group(), ..row(&mail.stands, "held", Some(hold.to_string())) };
            std::iter::once(own).chain(further_rows(mail, "skipped"))
        });
        skipped.chain(held)
    }

    /// The mails that go, as the ledger takes them.
    pub fn outgoing(&self) -> Vec<Arc<Outgoing>> {
        let outgoing = |chosen: &ChosenMail| {
            let Considered { stands, further, is_named } = &chosen.mail;
            let refused_before = chosen.refused_before.clone();
            Arc::new(Outgoing {
                key: MailKey { id: stands.key.id.clone(), sent_date: chosen.known_as.0 },
                status: stands.status.clone(),
                recipients: stands.recipients,
                version: chosen.version,
                content: chosen.content.clone(),
                ties: stands.row.ties(),
                message_id: chosen.known_as.1.clone(),
                further: further.iter().filter(|row| row.is_failed).cloned().collect(),
                is_named: *is_named,
                refused_before,
            })
        };
        self.selected.chosen.iter().map(outgoing).collect()
    }

    /// The rows that a person named.
    pub fn named(&self) -> impl Iterator<Item = &str> {
        let named = self.selected.chosen.iter().filter(|chosen| chosen.mail.is_named);
        named.map(|chosen| chosen.mail.stands.key.id.as_str())
    }

    /// Forgets what only the plan shows of the mails that go.
    pub fn forget_looks(&mut self) {
        for chosen in &mut self.selected.chosen {
            (chosen.mail.stands.subject, chosen.mail.stands.message_id) = (None, None);
        }
    }
}

/// A mail as the command answers it.
pub fn row(mail: &Candidate, outcome: &'static str, reason: Option<String>) -> ResendRow {
    ResendRow {
        id: mail.key.id.clone(),
        outcome,
        attempts: 0,
        next_at: None,
        reply: mail.reading.reply,
        enhanced: mail.reading.enhanced,
        class: Some(mail.reading.class),
        message_id: mail.message_id.clone(),
        reason,
        sender: mail.sender.as_deref().map(str::to_owned),
        recipient: mail.recipient.clone(),
        same_as: None,
        origin: None,
        group: "",
        about: about(mail),
    }
}

/// The further attempts of a mail, which have its outcome once that is known.
pub fn further_rows(mail: &Considered, outcome: &'static str) -> impl Iterator<Item = ResendRow> {
    mail.further.iter().filter(|row| row.is_failed).map(move |further: &Further| ResendRow {
        id: further.key.id.clone(),
        same_as: Some(mail.stands.key.id.clone()),
        message_id: mail.stands.message_id.clone(),
        sender: mail.stands.sender.as_deref().map(str::to_owned),
        recipient: mail.stands.recipient.clone(),
        ..ResendRow::bare(outcome, format!("an attempt of the same mail as row {}", mail.stands.key.id))
    })
}

/// To whom and about what.
fn about(mail: &Candidate) -> String {
    let text = |text: &Option<String>| text.clone().unwrap_or_else(|| "(none)".to_owned());
    format!("{}: {}", text(&mail.recipient), text(&mail.subject))
}

/// Shows the plan and asks whether to go on; where nobody can be asked, nothing goes.
///
/// # Errors
/// Nobody agreed.
pub async fn agree(flags: &Global, plan: &ResendPlan) -> Result<()> {
    let rows = count(plan.selected.chosen.len() as u64, "row");
    if !ask::can_ask() {
        return Err(anyhow!(
            "nothing was sent: {rows} would go; agree by --yes, or look first with --dry-run"
        ));
    }
    ask::say(&output::resend::plan(&plan.answer(), look(flags)))?;
    if !ask::agrees_expressly(&format!("Send {rows} now?")).await? {
        bail!("nothing was sent");
    }
    Ok(())
}
