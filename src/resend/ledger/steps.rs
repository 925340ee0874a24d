//! The steps of mails through the ledger: claimed, about to be handed over, settled. Each takes several mails at once, and is to
//! be called within a transaction. The further attempts of a mail go through every step with it.

use anyhow::{Result, bail};

use super::past::join_word;
use super::{ClaimAnswer, ClaimRequest, Handing, Ledger, MailKey, Objection, Outgoing, Pause, Settlement};
use crate::analysis::mails::SameMailBy;
use crate::db::row::Row;
use crate::digest::Digest;
use crate::mapping::sql::{Bind, Selection, Statement};
use crate::model::{Class, Millis};
use crate::resend::fingerprint::MailFingerprint;
use crate::resend::kept::{Kept, MESSAGE};
use crate::resend::message::Stored;
use crate::resend::state::RowState;

const ATTEMPT: &str = include_str!("../../../queries/ledger/attempt.sql");
const CORRECT_ATTEMPT: &str = include_str!("../../../queries/ledger/correct_attempt.sql");
const HAND_OVER: &str = include_str!("../../../queries/ledger/hand_over.sql");
const OTHER_TIMES: &str = include_str!("../../../queries/ledger/other_times.sql");
const SETTLE: &str = include_str!("../../../queries/ledger/settle.sql");
const STATUS: &str = include_str!("../../../queries/status.sql");
const STILL_OURS: &str = include_str!("../../../queries/ledger/still_ours.sql");

/// How the log gets to know how a mail ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum LogIs {
    /// In the same transaction.
    Told,
    /// Later: the ledger remembers it.
    Due,
}

/// A row of the log whose status is to change.
pub(super) struct InLog {
    pub(super) key: MailKey,
    pub(super) from: String,
    pub(super) to: String,
    pub(super) is_sent: bool,
}

/// A row of a mail: the one that is sent, or a further attempt.
#[derive(Clone, Copy)]
struct Part<'m> {
    key: &'m MailKey,
    status: &'m str,
    /// For a further attempt, the row that is sent and by what they are known to be one mail.
    of: Option<(&'m MailKey, SameMailBy)>,
}

impl Part<'_> {
    /// Whether its status in the log follows: not where the content alone says that it is the same mail.
    fn follows(self) -> bool {
        self.of.is_none_or(|(_, join)| join == SameMailBy::MessageId)
    }
}

/// All rows of a mail, the one that is sent first.
fn parts(mail: &Outgoing) -> impl Iterator<Item = Part<'_>> {
    let further = mail.further.iter().map(|row| Part {
        key: &row.key,
        status: &row.status,
        of: Some((&mail.key, row.join)),
    });
    std::iter::once(Part { key: &mail.key, status: &mail.status, of: None }).chain(further)
}

impl Ledger {
    /// What a query says of rows in the log, for each of them.
    pub(super) async fn in_log<'a>(
        &mut self,
        query: &str,
        keys: impl Iterator<Item = &'a MailKey>,
    ) -> Result<Vec<Vec<Row>>> {
        let by_id = |key: &MailKey| Selection { ids: Some(vec![key.id.clone()]), ..Selection::default() };
        let statements = keys.map(|key| self.mapping.statement(&by_id(key), query)).collect();
        self.log().rows_of_each(statements).await
    }

    /// The one row with a status word, or why there is none.
    fn only<'r>(&self, rows: &'r [Row], status: &str) -> Result<&'r Row, Objection> {
        match rows {
            [] => Err(Objection::over("it is not in the log any more")),
            [row] => {
                let has_status = self.mapping.status_word(row.text(1).as_deref()) == Some(status);
                let changed = || Objection::over(format!("its status is not '{status}' any more"));
                has_status.then_some(row).ok_or_else(changed)
            }
            several => Err(Objection::for_now(format!(
                "{} rows have this id; map id to a column that is unique",
                several.len()
            ))),
        }
    }

    /// Changes the status of rows in the log from one word to another; `false`: it has another one by now.
    pub(super) async fn set_status(&mut self, rows: &[(&str, String, &str)]) -> Result<Vec<bool>> {
        let now = chrono::Utc::now().timestamp_millis();
        let statements = rows.iter().filter_map(|(id, from, to)| self.mapping.set_status(id, from, to, now));
        let statements: Vec<_> = statements.collect();
        if statements.is_empty() {
            return Ok(vec![true; rows.len()]);
        }
        let changed = self.log().execute_each(statements).await?;
        let is_changed = |((id, ..), changed): (&(&str, String, &str), u64)| match changed {
            0 | 1 => Ok(changed == 1),
            several => {
                bail!("the log has {several} rows with the id {id}; map id to a column that is unique")
            }
        };
        rows.iter().zip(changed).map(is_changed).collect()
    }

    /// Writes down that nothing goes before some times.
    pub(super) async fn pause<'p>(&mut self, pauses: impl Iterator<Item = &'p Pause>) -> Result<()> {
        let sql = self.store.product().pause;
        let pause = |pause: &Pause| {
            let texts = [self.identity.clone(), pause.reason.clone()].map(Bind::Text);
            let [identity, reason] = texts;
            self.store.statement(sql, vec![identity, Bind::Int(pause.until), reason])
        };
        let statements = pauses.map(pause).collect();
        self.store.execute_each(statements).await.map(drop)
    }

    /// Claims mails and gives what the log keeps of them.
    pub(super) async fn claim(&mut self, requests: &[&ClaimRequest]) -> Result<Vec<ClaimAnswer<Stored>>> {
        let kept = self.in_log(MESSAGE, requests.iter().map(|request| &request.mail.key)).await?;
        let mut answers = Vec::with_capacity(requests.len());
        let others =
            requests.iter().map(|request| self.about_mail(OTHER_TIMES, &request.mail.key, Vec::new()));
        let others = self.store.rows_of_each(others.collect()).await?;
        for ((request, rows), others) in requests.iter().zip(&kept).zip(&others) {
            let unchanged = self.unchanged(request, rows);
            answers.push(
                match unchanged.and_then(|row| not_known_otherwise(request, others).map(|()| row)) {
                    Ok(row) => self
                        .further_changed(&request.mail, false)
                        .await?
                        .map_or(ClaimAnswer::Yes(self.stored(row, &request.mail)), ClaimAnswer::No),
                    Err(objection) => ClaimAnswer::No(objection),
                },
            );
        }
        self.take(requests, &mut answers).await?;
        Ok(answers)
    }

    /// What goes, under the Message-ID it had before where the log has none.
    fn stored(&self, row: &Row, mail: &Outgoing) -> Stored {
        let stored = Kept(row).stored(&self.table, &mail.key.id);
        Stored {
            identity: format!("{} {}", self.database, mail.content),
            message_id: stored.message_id.clone().or_else(|| mail.message_id.clone()),
            ..stored
        }
    }

    /// The row of the log, if it is as it was when it was planned.
    fn unchanged<'r>(&self, request: &ClaimRequest, rows: &'r [Row]) -> Result<&'r Row, Objection> {
        let row = self.only(rows, &request.mail.status)?;
        match Kept(row).version().change_since(&request.mail.version) {
            Some(change) => Err(Objection::for_now(change)),
            None => Ok(row),
        }
    }

    /// Why a further attempt keeps a mail from being claimed or handed over, if one does: it has another status than it should.
    async fn further_changed(&mut self, mail: &Outgoing, is_claimed: bool) -> Result<Option<Objection>> {
        if mail.further.is_empty() {
            return Ok(None);
        }
        let rows = self.in_log(STATUS, mail.further.iter().map(|row| &row.key)).await?;
        let changed = parts(mail).skip(1).zip(&rows).find_map(|(part, rows)| {
            let status = if is_claimed && part.follows() { self.held(part.status) } else { part.status };
            let reason = self.only(rows, status).err()?.reason;
            let reason = format!("row {} is an attempt of the same mail, and {reason}", part.key.id);
            Some(Objection::for_now(reason))
        });
        Ok(changed)
    }

    /// Claims the mails that may be claimed so far.
    async fn take(&mut self, requests: &[&ClaimRequest], answers: &mut [ClaimAnswer<Stored>]) -> Result<()> {
        let wanted: Vec<usize> = (0..requests.len()).filter(|place| answers[*place].is_yes()).collect();
        let statements: Vec<_> = wanted.iter().flat_map(|place| self.claims(requests[*place])).collect();
        let mut taken = self.store.execute_each(statements).await?.into_iter();
        for place in wanted {
            let taken: Vec<u64> = taken.by_ref().take(1 + requests[place].mail.further.len()).collect();
            let shown = match taken.contains(&0) {
                true => Err("another run has it, or is done with it"),
                false => self.show_claim(&requests[place].mail).await?,
            };
            if let Err(reason) = shown {
                let own = parts(&requests[place].mail).zip(taken).filter(|(_, taken)| *taken > 0);
                self.release(own.map(|(part, _)| part.key), requests[place]).await?;
                answers[place] = ClaimAnswer::No(Objection::over(reason));
            }
        }
        Ok(())
    }

    fn claims(&self, request: &ClaimRequest) -> Vec<Statement> {
        let sql = self.store.product().claim;
        let claim = |part: Part<'_>| {
            let rest = vec![
                Bind::Text(self.run.clone()),
                Bind::Text(part.status.to_owned()),
                Bind::Int(i64::from(request.attempts)),
                Bind::Int(i64::from(request.mail.recipients)),
                Bind::Int(request.now),
                text(part.of.map(|(key, _)| key.id.as_str())),
                text(part.of.map(|(_, join)| join_word(join))),
                Bind::Int(i64::from(request.mail.is_named)),
                text(part.of.is_none().then(|| request.mail.content.to_string()).as_deref()),
                tie(request.mail.ties[0]),
                tie(request.mail.ties[1]),
            ];
            self.about_mail(sql, part.key, rest)
        };
        parts(&request.mail).map(claim).collect()
    }

    /// Gives the rows of a claimed mail the status in the log that says so; refused where one has another status by now.
    async fn show_claim(&mut self, mail: &Outgoing) -> Result<Result<(), &'static str>> {
        let Some(held) = self.claim_status.clone() else {
            return Ok(Ok(()));
        };
        let rows: Vec<Part<'_>> = parts(mail).filter(|part| part.follows()).collect();
        let words: Vec<_> = rows.iter().map(|part| (&*part.key.id, part.status.to_owned(), &*held)).collect();
        let changed = self.set_status(&words).await?;
        if !changed.contains(&false) {
            return Ok(Ok(()));
        }
        let back = rows.iter().zip(changed).filter(|(_, changed)| *changed).map(|(part, _)| part);
        let back: Vec<_> = back.map(|part| (&*part.key.id, held.clone(), part.status)).collect();
        self.set_status(&back).await?;
        Ok(Err("its status was changed by somebody else"))
    }

    /// Gives claims back.
    async fn release<'k>(
        &mut self,
        keys: impl Iterator<Item = &'k MailKey>,
        request: &ClaimRequest,
    ) -> Result<()> {
        let release = |key| {
            let rest = vec![
                Bind::Text(self.run.clone()),
                Bind::Text(RowState::Deferred.as_str().to_owned()),
                Bind::Int(i64::from(request.attempts)),
                Bind::Null,
                Bind::Null,
                Bind::Null,
                Bind::Int(request.now),
                Bind::Null,
            ];
            self.about_mail(SETTLE, key, rest)
        };
        let statements = keys.map(release).collect();
        self.store.execute_each(statements).await.map(drop)
    }

    /// Writes down that messages are about to be handed over, where claim, status and what is sent still hold.
    pub(super) async fn hand_over(&mut self, handings: &[&Handing]) -> Result<Vec<ClaimAnswer<()>>> {
        let rows = self.in_log(MESSAGE, handings.iter().map(|handing| &handing.mail.key)).await?;
        let mut answers: Vec<_> =
            handings.iter().zip(&rows).map(|(handing, rows)| self.still_holds(handing, rows)).collect();
        for (handing, answer) in handings.iter().zip(&mut answers).filter(|(_, answer)| answer.is_yes()) {
            if let Some(objection) = self.further_changed(&handing.mail, true).await? {
                *answer = ClaimAnswer::No(objection);
            }
        }
        let wanted: Vec<usize> = (0..handings.len()).filter(|place| answers[*place].is_yes()).collect();
        let statements: Vec<_> = wanted.iter().flat_map(|place| self.handed_over(handings[*place])).collect();
        let mut changed = self.store.execute_each(statements).await?.into_iter();
        for place in wanted {
            let mut changed = changed.by_ref().take(1 + handings[place].mail.further.len());
            if changed.any(|changed| changed == 0) {
                answers[place] = ClaimAnswer::No(Objection::for_now("the claim was lost"));
            }
            changed.for_each(drop);
        }
        Ok(answers)
    }

    fn still_holds(&self, handing: &Handing, rows: &[Row]) -> ClaimAnswer<()> {
        let mail = &handing.mail;
        let row = match self.only(rows, self.held(&mail.status)) {
            Ok(row) => row,
            Err(objection) => return ClaimAnswer::No(objection),
        };
        let now = Kept(row).version();
        // where the claim is written into the log, the application may have noted when
        let is_ours = self.claim_status.is_some() && now.is_sent_alike(&mail.version);
        match now.change_since(&mail.version).filter(|_| !is_ours) {
            Some(change) => ClaimAnswer::No(Objection::for_now(change)),
            None => ClaimAnswer::Yes(()),
        }
    }

    fn handed_over(&self, handing: &Handing) -> Vec<Statement> {
        let rest = vec![
            Bind::Text(self.run.clone()),
            Bind::Text(handing.message_id.clone()),
            Bind::Int(handing.now),
        ];
        let sql = if handing.has_begun { STILL_OURS } else { HAND_OVER };
        parts(&handing.mail).map(|part| self.about_mail(sql, part.key, rest.clone())).collect()
    }

    /// Writes down how attempts ended, and whether the log has still to learn it.
    pub(super) async fn settle(&mut self, settlements: &[&Settlement], log: LogIs) -> Result<()> {
        let settled: Vec<_> =
            settlements.iter().flat_map(|settlement| self.settled(settlement, log)).collect();
        let keys = settlements.iter().flat_map(|settlement| parts(&settlement.mail)).map(|part| part.key);
        let changed = self.store.execute_each(settled).await?;
        if let Some((key, _)) = keys.zip(changed).find(|(_, changed)| *changed == 0) {
            bail!("the claim on the row {} was lost; look at it before it is sent again", key.id);
        }
        let attempts = settlements.iter().map(|settlement| {
            if settlement.is_correction {
                let state = Bind::Text(settlement.end.state.in_ledger().as_str().to_owned());
                return self.about_mail(
                    CORRECT_ATTEMPT,
                    &settlement.mail.key,
                    vec![Bind::Text(self.run.clone()), state],
                );
            }
            let rest = vec![
                Bind::Text(self.run.clone()),
                Bind::Int(settlement.now),
                Bind::Text(settlement.end.state.in_ledger().as_str().to_owned()),
                text(settlement.end.reason.as_deref()),
                text(settlement.end.class.map(Class::as_str)),
                text(settlement.end.message_id.as_deref()),
            ];
            self.about_mail(ATTEMPT, &settlement.mail.key, rest)
        });
        self.store.execute_each(attempts.collect()).await.map(drop)
    }

    fn settled(&self, settlement: &Settlement, log: LogIs) -> Vec<Statement> {
        let settled = |part: Part<'_>| {
            let due =
                self.due(settlement.end.state, part.status).filter(|_| log == LogIs::Due && part.follows());
            let rest = vec![
                Bind::Text(self.run.clone()),
                Bind::Text(settlement.end.state.in_ledger().as_str().to_owned()),
                Bind::Int(i64::from(settlement.end.attempts)),
                time(settlement.end.next_at),
                text(settlement.end.reason.as_deref()),
                text(settlement.end.class.map(Class::as_str)),
                Bind::Int(settlement.now),
                text(due.as_deref()),
            ];
            self.about_mail(SETTLE, part.key, rest)
        };
        parts(&settlement.mail).map(settled).collect()
    }

    /// The rows of the log whose status an end changes.
    pub(super) fn in_log_of(&self, settlement: &Settlement) -> Vec<InLog> {
        let row = |part: Part<'_>| {
            let to = self.due(settlement.end.state, part.status)?;
            let from = self.held(part.status).to_owned();
            Some(InLog { key: part.key.clone(), from, to, is_sent: settlement.end.state == RowState::Sent })
        };
        parts(&settlement.mail).filter(|part| part.follows()).filter_map(row).collect()
    }
}

/// Refuses a row that the ledger has under another time, unless what is sent says that its key was used again.
fn not_known_otherwise(request: &ClaimRequest, others: &[Row]) -> Result<(), Objection> {
    let is_same = |row: &&Row| {
        let content = row.text(1).and_then(|content| content.parse::<MailFingerprint>().ok());
        content.is_some_and(|content| !content.is_of_another(&request.mail.content))
    };
    match others.iter().find(is_same) {
        Some(row) => Err(Objection::for_now(format!(
            "the ledger has it under another time as {}; look at resend --dry-run",
            row.text(0).unwrap_or_default()
        ))),
        None => Ok(()),
    }
}

fn tie(tie: Option<Digest>) -> Bind {
    tie.map_or(Bind::Null, |tie| Bind::Text(tie.to_string()))
}

fn text(text: Option<&str>) -> Bind {
    text.map_or(Bind::Null, |text| Bind::Text(text.to_owned()))
}

fn time(at: Option<Millis>) -> Bind {
    at.map_or(Bind::Null, Bind::Int)
}
