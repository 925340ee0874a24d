//! Every attempt of a window, in few answers of the server's.
//!
//! The client keeps room for the longest text of each row of an answer, so an answer with texts holds few rows. Therefore the
//! pairs of status and sender are asked for first, each with a number of its own, and then every attempt comes as three
//! numbers. Where that does not serve (times that are texts or numbers, pairs that share a number, too many pairs) the
//! attempts come with their texts, and say the same.

use std::borrow::Cow;
use std::collections::HashMap;

use anyhow::{Result, bail};

use super::Oracle;
use super::session::{NARROW, NUMBERS, PAIRS};
use super::values::Fetched;
use crate::db::dry_run::DryRun;
use crate::db::read::{ReadAttempt, Sink};
use crate::db::row::Cells;
use crate::mapping::resolve::ColumnKind;
use crate::mapping::sql::{Selection, body};
use crate::mapping::{Column, Mapping};

const ATTEMPTS: &str = include_str!("../../../queries/oracle/attempts.sql");
const ATTEMPTS_AS_TEXTS: &str = include_str!("../../../queries/oracle/attempts_as_texts.sql");
const ATTEMPT_PAIRS: &str = include_str!("../../../queries/oracle/attempt_pairs.sql");

/// With more pairs than this nearly every mail has a sender of its own, and keeping them all costs memory.
const MOST_PAIRS: usize = 10_000;

/// A pair's number is multiplied by this, which leaves seven digits for recipients.
const RECIPIENTS: i64 = 10_000_000;

impl Oracle {
    /// Gives every attempt of some selections; `is_sorted`: in the order of time.
    ///
    /// # Errors
    /// The server's refusal.
    pub async fn attempts(
        &mut self,
        mapping: &Mapping,
        parts: &[Selection],
        is_sorted: bool,
        sink: &mut Sink<'_>,
        dry_run: &mut DryRun,
    ) -> Result<()> {
        let order = if is_sorted { "\nORDER BY sent_date" } else { "" };
        let query = format!("{}{order}", body(ATTEMPTS));
        for part in parts {
            let go_on = match self.pairs(mapping, part, dry_run).await? {
                Some(pairs) => self.numbers(mapping, part, &query, &pairs, sink, dry_run).await?,
                None => self.texts(mapping, part, sink, dry_run).await?,
            };
            if !go_on {
                break;
            }
        }
        Ok(())
    }

    /// The pairs of a selection; `None` where its attempts have to come as texts.
    async fn pairs(
        &mut self,
        mapping: &Mapping,
        selection: &Selection,
        dry_run: &mut DryRun,
    ) -> Result<Option<Pairs>> {
        let is_typed = |column| mapping.kind_of_time(column).is_none_or(ColumnKind::is_time);
        if !is_typed(Column::SentDate) || !is_typed(Column::FinishedAt) {
            return Ok(None);
        }
        let (mut pairs, mut serve) = (Pairs::default(), true);
        let statement = mapping.statement(selection, ATTEMPT_PAIRS);
        if !dry_run.keeps(&statement) {
            let mut add = |row: &Fetched| {
                serve = pairs.add(row)? && pairs.known.len() <= MOST_PAIRS;
                Ok(serve)
            };
            self.session.each(statement, PAIRS, &mut add).await?;
        }
        Ok(serve.then_some(pairs))
    }

    async fn numbers(
        &mut self,
        mapping: &Mapping,
        selection: &Selection,
        query: &str,
        pairs: &Pairs,
        sink: &mut Sink<'_>,
        dry_run: &mut DryRun,
    ) -> Result<bool> {
        let statement = mapping.statement(selection, query);
        if dry_run.keeps(&statement) || pairs.attempts == 0 {
            return Ok(true);
        }
        // room for one row more than will come: then the answer that is not full says that it is the last
        let array = NUMBERS.min(u32::try_from(pairs.attempts + 1).unwrap_or(NUMBERS));
        let mut go_on = true;
        let mut each = |row: &Fetched| {
            let number = row.int(1)?.unwrap_or_default();
            let Some(pair) = pairs.known.get(&(number / RECIPIENTS)) else {
                bail!(
                    "{} gives other rows each time it is read; name a table by --table or [email_log] table",
                    mapping.table.1
                );
            };
            go_on = sink.take(ReadAttempt {
                status: pair.status.as_deref(),
                sent_date: row.time(0, mapping.kind_of_time(Column::SentDate))?,
                sender: pair.sender.as_deref(),
                recipients: u32::try_from(number % RECIPIENTS).unwrap_or_default(),
                finished_at: row.time(2, mapping.kind_of_time(Column::FinishedAt))?,
            });
            Ok(go_on)
        };
        self.session.each(statement, array, &mut each).await?;
        Ok(go_on)
    }

    async fn texts(
        &mut self,
        mapping: &Mapping,
        selection: &Selection,
        sink: &mut Sink<'_>,
        dry_run: &mut DryRun,
    ) -> Result<bool> {
        let statement = mapping.statement(selection, ATTEMPTS_AS_TEXTS);
        if dry_run.keeps(&statement) {
            return Ok(true);
        }
        let mut go_on = true;
        let mut each = |row: &Fetched| {
            let (status, sender) = (row.bytes(0)?, row.bytes(2)?);
            go_on = sink.take(ReadAttempt {
                status: status.as_deref(),
                sent_date: row.time(1, mapping.kind_of_time(Column::SentDate))?,
                sender: sender.as_deref(),
                recipients: row.int(3)?.and_then(|count| u32::try_from(count).ok()).unwrap_or_default(),
                finished_at: row.time(4, mapping.kind_of_time(Column::FinishedAt))?,
            });
            Ok(go_on)
        };
        self.session.each(statement, NARROW, &mut each).await?;
        Ok(go_on)
    }
}

/// A status word and a mailbox, as bytes of text.
#[derive(Debug, PartialEq)]
struct Pair {
    status: Option<Vec<u8>>,
    sender: Option<Vec<u8>>,
}

/// The pairs by their numbers.
#[derive(Debug, Default)]
struct Pairs {
    known: HashMap<i64, Pair>,
    /// How many attempts they represent.
    attempts: u64,
}

impl Pairs {
    /// Takes a row of `attempt_pairs.sql`; `false` where several pairs share its number.
    fn add(&mut self, row: &Fetched) -> Result<bool> {
        let text = |column| Ok::<_, anyhow::Error>(row.bytes(column)?.map(Cow::into_owned));
        self.attempts += row.int(3)?.and_then(|count| u64::try_from(count).ok()).unwrap_or_default();
        let Some(number) = row.int(0)? else {
            return Ok(false);
        };
        self.known.insert(number, Pair { status: text(1)?, sender: text(2)? });
        Ok(row.int(4)? == Some(0))
    }
}
