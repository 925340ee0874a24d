//! Every attempt of a window, in few answers of the server's.
//!
//! The client keeps room for the longest text of each row of an answer, so an answer with texts holds few rows. Therefore the
//! pairs of status and sender are asked for first, each with a number of its own, and then every attempt comes as three
//! numbers. Where that does not serve (times that are texts or numbers, pairs that share a number, too many pairs) the
//! attempts come with their texts, and say the same.

use std::collections::HashMap;

use anyhow::{Result, ensure};

use super::Oracle;
use super::session::{NARROW, NUMBERS, PAIRS};
use super::values::{Cell, Times};
use crate::db::Order;
use crate::mapping::resolve::Kind;
use crate::mapping::sql::{Selection, Times as Asking, body};
use crate::mapping::{Column, Mapping};
use crate::model::Attempt;
use crate::window::Window;

const ATTEMPTS: &str = include_str!("../../../queries/oracle/attempts.sql");
const ATTEMPTS_AS_TEXTS: &str = include_str!("../../../queries/oracle/attempts_as_texts.sql");
const ATTEMPT_PAIRS: &str = include_str!("../../../queries/oracle/attempt_pairs.sql");

/// With more pairs than this the sender tells nearly every mail from every other, and to keep them all costs memory.
const MOST_PAIRS: usize = 10_000;

/// A pair's number stands before so many digits of recipients.
const RECIPIENTS: i64 = 10_000_000;

impl Oracle {
    /// Gives every attempt of the window, and every one whose time cannot be placed.
    ///
    /// # Errors
    /// The server's refusal.
    pub async fn attempts(
        &mut self,
        mapping: &Mapping,
        window: Window,
        order: Order,
        each: &mut dyn FnMut(Attempt<'_>) -> bool,
    ) -> Result<()> {
        let (query, times) = match order {
            Order::Sorted => {
                let in_order = format!("{}\nORDER BY sent_date", body(ATTEMPTS));
                (in_order, vec![Asking::InsideOrUnplaced(window)])
            }
            Order::AsStored if window.is_all() => (ATTEMPTS.to_owned(), vec![Asking::Any]),
            Order::AsStored => (ATTEMPTS.to_owned(), mapping.parts_by_index(window)),
        };
        let mut taker = Taker::new(mapping, window, each);
        for time in times {
            let selection = Selection { time, ..Selection::default() };
            match self.pairs(mapping, &selection).await? {
                Some(pairs) => self.numbers(mapping, &selection, &query, &pairs, &mut taker).await?,
                None => self.texts(mapping, &selection, &mut taker).await?,
            }
            if !taker.go_on {
                break;
            }
        }
        Ok(())
    }

    /// The pairs of a selection; `None` where its attempts have to come as texts.
    async fn pairs(&mut self, mapping: &Mapping, selection: &Selection) -> Result<Option<Pairs>> {
        // where a column is not there, or several were made instants, there is no kind of all
        let is_typed = |column| mapping.kind_of_time(column).is_none_or(Kind::is_time);
        if !is_typed(Column::SentDate) || !is_typed(Column::FinishedAt) {
            return Ok(None);
        }
        let (mut pairs, mut serve) = (Pairs::default(), true);
        self.each(mapping.statement(selection, ATTEMPT_PAIRS), PAIRS, &mut |row| {
            serve = pairs.add(row) && pairs.known.len() <= MOST_PAIRS;
            serve
        })
        .await?;
        Ok(serve.then_some(pairs))
    }

    async fn numbers(
        &mut self,
        mapping: &Mapping,
        selection: &Selection,
        query: &str,
        pairs: &Pairs,
        taker: &mut Taker<'_, '_>,
    ) -> Result<()> {
        if pairs.attempts == 0 && self.rehearsal.is_none() {
            return Ok(());
        }
        // room for one row more than will come: then the answer that is not full says that it is the last
        let array = NUMBERS.min(u32::try_from(pairs.attempts + 1).unwrap_or(NUMBERS));
        let mut is_known = true;
        self.each(mapping.statement(selection, query), array, &mut |row| {
            let number = row[1].int().unwrap_or_default();
            let pair = pairs.known.get(&(number / RECIPIENTS));
            is_known = pair.is_some();
            pair.is_some_and(|pair| {
                let recipients = u32::try_from(number % RECIPIENTS).unwrap_or_default();
                taker.take(pair, [&row[0], &row[2]], recipients)
            })
        })
        .await?;
        ensure!(
            is_known,
            "{} gives other rows each time it is read; name a table by --table or [email_log] table",
            mapping.table.1
        );
        Ok(())
    }

    async fn texts(
        &mut self,
        mapping: &Mapping,
        selection: &Selection,
        taker: &mut Taker<'_, '_>,
    ) -> Result<()> {
        self.each(mapping.statement(selection, ATTEMPTS_AS_TEXTS), NARROW, &mut |row| {
            let pair = Pair::of(&row[0], &row[2]);
            taker.take(&pair, [&row[1], &row[4]], row[3].count().unwrap_or(0))
        })
        .await
    }
}

/// A status word and a mailbox.
#[derive(Debug, PartialEq)]
struct Pair {
    status: Option<String>,
    sender: Option<String>,
}

impl Pair {
    fn of(status: &Cell, sender: &Cell) -> Self {
        Self { status: status.owned(), sender: sender.owned() }
    }
}

/// The pairs by their numbers.
#[derive(Debug, Default)]
struct Pairs {
    known: HashMap<i64, Pair>,
    /// How many attempts they stand for.
    attempts: u64,
}

impl Pairs {
    /// Takes a row of `attempt_pairs.sql`; `false` where several pairs share its number.
    fn add(&mut self, row: &[Cell]) -> bool {
        self.attempts += row[3].count::<u64>().unwrap_or(0);
        let known = row[0].int().map(|number| self.known.insert(number, Pair::of(&row[1], &row[2])));
        known.is_some() && row[4].count() == Some(0)
    }
}

/// Hands attempts over, those outside the window aside.
struct Taker<'t, 'e> {
    mapping: &'t Mapping,
    window: Window,
    sent_date: Times,
    finished_at: Times,
    each: &'e mut dyn FnMut(Attempt<'_>) -> bool,
    /// What it was last answered.
    go_on: bool,
}

impl<'t, 'e> Taker<'t, 'e> {
    fn new(mapping: &'t Mapping, window: Window, each: &'e mut dyn FnMut(Attempt<'_>) -> bool) -> Self {
        let [sent_date, finished_at] =
            [Column::SentDate, Column::FinishedAt].map(|column| Times::of(mapping, column));
        Self { mapping, window, sent_date, finished_at, each, go_on: true }
    }

    /// `times`: when it was tried and when that ended. Answers whether to go on.
    fn take(&mut self, pair: &Pair, times: [&Cell; 2], recipients: u32) -> bool {
        let at = self.sent_date.read(times[0]);
        if at.is_some_and(|at| !self.window.contains(at)) {
            return true;
        }
        self.go_on = (self.each)(Attempt {
            status: pair.status.as_deref().map(|status| self.mapping.words.known(status)),
            at,
            sender: pair.sender.as_deref(),
            recipients,
            finished_at: self.finished_at.read(times[1]),
        });
        self.go_on
    }
}
