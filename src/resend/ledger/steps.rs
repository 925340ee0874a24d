//! The steps of mails through the ledger: claimed, about to be handed over, settled. Each takes several mails at once, and is to
//! be called within a transaction.

use anyhow::{Result, bail};

use super::{Answer, Handing, Key, Ledger, Settlement, Stage, Wish};
use crate::db::store::Row;
use crate::mapping::Dialect;
use crate::mapping::sql::{Bind, Selection};
use crate::model::{Class, Millis};
use crate::resend::message::Stored;

const ATTEMPT: &str = include_str!("../../../queries/ledger/attempt.sql");
const CLAIM: &str = include_str!("../../../queries/ledger/claim.sql");
const CLAIM_ON_ORACLE: &str = include_str!("../../../queries/oracle/ledger/claim.sql");
const HAND_OVER: &str = include_str!("../../../queries/ledger/hand_over.sql");
const MESSAGE: &str = include_str!("../../../queries/message.sql");
const SETTLE: &str = include_str!("../../../queries/ledger/settle.sql");
const STATUS: &str = include_str!("../../../queries/status.sql");

impl Ledger {
    /// What a query says of mails in the log, of those that have these status words still.
    async fn in_log<'a>(
        &mut self,
        query: &str,
        mails: impl Iterator<Item = (&'a Key, &'a str)> + Clone,
    ) -> Result<Vec<Option<Row>>> {
        let by_id = |id: &str| Selection { id: Some(id.to_owned()), ..Selection::default() };
        let statements =
            mails.clone().map(|(key, _)| self.mapping.statement(&by_id(&key.id), query)).collect();
        let answers = self.log().rows_of_each(statements).await?;
        let the_row = |((key, status), mut rows): ((&Key, &str), Vec<Row>)| {
            only_one(rows.len() as u64, &key.id)?;
            let has_status =
                |row: &Row| row.text(1).is_some_and(|there| self.mapping.words.known(&there) == status);
            Ok(rows.pop().filter(has_status))
        };
        mails.zip(answers).map(the_row).collect()
    }

    /// Changes the status of mails in the log from one word to another; `false`: it has another one by now.
    pub(super) async fn set_status(&mut self, mails: &[(&str, String, &str)]) -> Result<Vec<bool>> {
        let statements = mails.iter().filter_map(|(id, from, to)| self.mapping.set_status(id, from, to));
        let statements: Vec<_> = statements.collect();
        if statements.is_empty() {
            return Ok(vec![true; mails.len()]);
        }
        let changed = self.log().execute_each(statements).await?;
        let is_changed =
            |((id, ..), rows): (&(&str, String, &str), u64)| only_one(rows, id).map(|()| rows == 1);
        mails.iter().zip(changed).map(is_changed).collect()
    }

    /// Claims mails and gives what the log keeps of them.
    pub(super) async fn claim(&mut self, wishes: &[&Wish]) -> Result<Vec<Answer<Stored>>> {
        let rows = self.in_log(MESSAGE, wishes.iter().map(|wish| (&wish.key, &*wish.status))).await?;
        let there = wishes.iter().zip(&rows).filter(|(_, row)| row.is_some()).map(|(wish, _)| *wish);
        let mut taken = self.take(&there.collect::<Vec<_>>()).await?.into_iter();
        let answer = |(wish, row): (&&Wish, Option<Row>)| {
            let Some((row, taken)) = row.and_then(|row| Some((row, taken.next()?))) else {
                return Answer::No(format!("its status is not '{}' any more", wish.status));
            };
            match taken {
                Answer::Yes(()) => Answer::Yes(self.stored(&wish.key, &row)),
                Answer::No(reason) => Answer::No(reason),
            }
        };
        Ok(wishes.iter().zip(rows).map(answer).collect())
    }

    /// Claims mails that have the status in the log with which they are wanted.
    async fn take(&mut self, wishes: &[&Wish]) -> Result<Vec<Answer<()>>> {
        let claim = if self.store.dialect() == Dialect::Oracle { CLAIM_ON_ORACLE } else { CLAIM };
        let statement = |wish: &&Wish| {
            let rest = vec![
                Bind::Text(self.run.clone()),
                Bind::Text(wish.status.to_string()),
                Bind::Int(i64::from(wish.attempts)),
                Bind::Int(i64::from(wish.recipients)),
                Bind::Int(wish.now),
            ];
            self.about_mail(claim, &wish.key, rest)
        };
        let taken = self.store.execute_each(wishes.iter().map(statement).collect()).await?;
        let answer = |taken| match taken {
            0 => Answer::No("another run has it, or is done with it".to_owned()),
            _ => Answer::Yes(()),
        };
        let mut answers: Vec<_> = taken.into_iter().map(answer).collect();
        if let Some(held) = self.claim_status.clone() {
            self.show_claims(wishes, &held, &mut answers).await?;
        }
        Ok(answers)
    }

    /// Gives mails that were claimed the status in the log that says so; where that is refused, the claim is given back.
    async fn show_claims(&mut self, wishes: &[&Wish], held: &str, answers: &mut [Answer<()>]) -> Result<()> {
        let claims = wishes.iter().zip(answers).filter(|(_, answer)| matches!(answer, Answer::Yes(())));
        let claims: Vec<_> = claims.collect();
        let words: Vec<_> =
            claims.iter().map(|(wish, _)| (&*wish.key.id, wish.status.to_string(), held)).collect();
        let changed = self.set_status(&words).await?;
        for ((wish, answer), _) in claims.into_iter().zip(changed).filter(|(_, changed)| !changed) {
            self.release(&wish.key, wish.now).await?;
            *answer = Answer::No("its status was changed by somebody else".to_owned());
        }
        Ok(())
    }

    /// Gives a claim back.
    async fn release(&mut self, key: &Key, now: Millis) -> Result<()> {
        let rest = vec![
            Bind::Text(self.run.clone()),
            Bind::Text(Stage::Deferred.as_str().to_owned()),
            Bind::Int(0),
            Bind::Null,
            Bind::Null,
            Bind::Null,
            Bind::Int(now),
            Bind::Null,
        ];
        self.ask(SETTLE, key, rest).await.map(drop)
    }

    fn stored(&self, key: &Key, row: &Row) -> Stored {
        let text = |column| row.text(column).unwrap_or_default();
        let some = |column| row.text(column).filter(|text| !text.trim().is_empty());
        Stored {
            table: self.table.clone(),
            id: key.id.clone(),
            first_sent: key.sent_date,
            sender: text(2),
            to: text(3),
            cc: text(4),
            bcc: text(5),
            reply_to: text(6),
            subject: text(7),
            body_text: some(8),
            body_html: some(9),
            raw: row.bytes(10).filter(|raw| !raw.is_empty()).map(<[u8]>::to_vec),
            attachments: Vec::new(),
            message_id: some(12),
            named_attachments: text(11),
        }
    }

    /// Writes down that messages are about to be handed over, where claim and status still hold.
    pub(super) async fn hand_over(&mut self, handings: &[&Handing]) -> Result<Vec<Answer<()>>> {
        let held: Vec<_> = handings.iter().map(|handing| self.held(&handing.status).to_owned()).collect();
        let mails = handings.iter().zip(&held).map(|(handing, held)| (&handing.key, &**held));
        let rows = self.in_log(STATUS, mails).await?;
        let there = handings.iter().zip(&rows).filter(|(_, row)| row.is_some()).map(|(handing, _)| {
            let rest = vec![
                Bind::Text(self.run.clone()),
                Bind::Text(handing.message_id.clone()),
                Bind::Int(handing.now),
            ];
            self.about_mail(HAND_OVER, &handing.key, rest)
        });
        let mut changed = self.store.execute_each(there.collect()).await?.into_iter();
        let answer = |(held, row): (String, Option<Row>)| match row.and_then(|_| changed.next()) {
            None => Answer::No(format!("its status is not '{held}' any more")),
            Some(0) => Answer::No("the claim was lost".to_owned()),
            Some(_) => Answer::Yes(()),
        };
        Ok(held.into_iter().zip(rows).map(answer).collect())
    }

    /// Writes down how attempts ended, and for each the status that the log still has to get.
    pub(super) async fn settle(&mut self, ends: &[&Settlement], log_due: &[Option<String>]) -> Result<()> {
        let text = |text: Option<&str>| text.map_or(Bind::Null, |text| Bind::Text(text.to_owned()));
        let settled = ends.iter().zip(log_due).map(|(end, log_due)| {
            let rest = vec![
                Bind::Text(self.run.clone()),
                Bind::Text(end.stage.as_str().to_owned()),
                Bind::Int(i64::from(end.attempts)),
                end.next_at.map_or(Bind::Null, Bind::Int),
                text(end.reply.as_deref()),
                text(end.class.map(Class::as_str)),
                Bind::Int(end.now),
                text(log_due.as_deref()),
            ];
            self.about_mail(SETTLE, &end.key, rest)
        });
        let settled = self.store.execute_each(settled.collect()).await?;
        if let Some((end, _)) = ends.iter().zip(settled).find(|(_, changed)| *changed == 0) {
            bail!("the claim on the row {} was lost; look at it before it is sent again", end.key.id);
        }
        let attempts = ends.iter().map(|end| {
            let rest = vec![
                Bind::Text(self.run.clone()),
                Bind::Int(end.now),
                Bind::Text(end.stage.as_str().to_owned()),
                text(end.reply.as_deref()),
                text(end.class.map(Class::as_str)),
                text(end.message_id.as_deref()),
            ];
            self.about_mail(ATTEMPT, &end.key, rest)
        });
        self.store.execute_each(attempts.collect()).await.map(drop)
    }
}

/// Refuses to go on where a key is that of several rows.
fn only_one(rows: u64, id: &str) -> Result<()> {
    match rows {
        0 | 1 => Ok(()),
        several => bail!("the log has {several} rows with the id {id}; map id to a column that is unique"),
    }
}
