//! The rows that wait for their turn, oldest first.
//!
//! A row that comes back goes before all that were never tried: it is the older one.

use std::collections::{BTreeMap, VecDeque};

use crate::model::Millis;

/// One row to be sent. It moves from hand to hand and is never copied, so it cannot be in two places at once.
#[derive(Debug)]
pub(super) struct QueuedRow<K> {
    pub key: K,
    pub recipients: u32,
    /// Attempts used up, in this run and before.
    pub attempts: u32,
    /// Not before this time.
    pub due: Millis,
    /// The server has answered to it in this run.
    pub tried: bool,
    /// How often a throttle has sent it back.
    pub throttles: u32,
    /// Its place among all rows by age.
    pub order: u64,
}

#[derive(Debug)]
pub(super) struct RowQueue<K> {
    fresh: VecDeque<QueuedRow<K>>,
    /// Came back and may go at once.
    again: BTreeMap<u64, QueuedRow<K>>,
    /// Came back and must wait.
    later: BTreeMap<(Millis, u64), QueuedRow<K>>,
    added: u64,
    recipients: u64,
}

impl<K> RowQueue<K> {
    pub fn new() -> Self {
        let (fresh, again, later) = (VecDeque::new(), BTreeMap::new(), BTreeMap::new());
        Self { fresh, again, later, added: 0, recipients: 0 }
    }

    pub fn add(&mut self, key: K, recipients: u32, attempts: u32) {
        let row =
            QueuedRow { key, recipients, attempts, due: Millis::MIN, tried: false, throttles: 0, order: 0 };
        self.put_last(row);
    }

    /// Behind all rows that were never tried.
    pub fn put_last(&mut self, row: QueuedRow<K>) {
        self.added += 1;
        self.recipients += u64::from(row.recipients);
        self.fresh.push_back(QueuedRow { order: self.added, ..row });
    }

    /// In the order of age, as soon as it is due.
    pub fn put_back(&mut self, row: QueuedRow<K>) {
        self.recipients += u64::from(row.recipients);
        self.later.insert((row.due, row.order), row);
    }

    /// Lets those that are due take their turn.
    pub fn wake(&mut self, now: Millis) {
        while let Some(first) = self.later.first_entry().filter(|first| first.key().0 <= now) {
            let row = first.remove();
            self.again.insert(row.order, row);
        }
    }

    /// The row whose turn it is.
    pub fn first(&self) -> Option<&QueuedRow<K>> {
        self.again.values().next().or_else(|| self.fresh.front())
    }

    /// The rows that could go now, in their order.
    pub fn in_turn(&self) -> impl Iterator<Item = &QueuedRow<K>> {
        self.again.values().chain(&self.fresh)
    }

    /// Takes the row whose turn it is.
    pub fn take(&mut self) -> Option<QueuedRow<K>> {
        let row = self.again.pop_first().map(|(_, row)| row).or_else(|| self.fresh.pop_front())?;
        self.recipients -= u64::from(row.recipients);
        Some(row)
    }

    /// Takes any row, those that must wait last.
    pub fn take_any(&mut self) -> Option<QueuedRow<K>> {
        self.wake(Millis::MAX);
        self.take()
    }

    /// When the next of those that must wait is due.
    pub fn next_due(&self) -> Option<Millis> {
        self.later.keys().next().map(|(due, _)| *due)
    }

    /// How many could go now.
    pub fn ready(&self) -> usize {
        self.again.len() + self.fresh.len()
    }

    pub fn len(&self) -> usize {
        self.ready() + self.later.len()
    }

    /// The recipients of all rows together.
    pub fn recipients(&self) -> u64 {
        self.recipients
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order(rows: &mut RowQueue<&&'static str>) -> Vec<&'static str> {
        std::iter::from_fn(|| rows.take()).map(|row| *row.key).collect()
    }

    #[test]
    fn a_row_that_came_back_goes_before_the_fresh_ones_by_age() {
        let mut rows = RowQueue::new();
        ["a", "b", "c", "d"].iter().for_each(|key| rows.add(key, 2, 0));
        let (a, b) = (rows.take().unwrap(), rows.take().unwrap());
        rows.put_back(QueuedRow { due: 20, ..b });
        rows.put_back(QueuedRow { due: 10, ..a });
        assert_eq!((rows.next_due(), rows.ready(), rows.len(), rows.recipients()), (Some(10), 2, 4, 8));
        rows.wake(9);
        assert_eq!(*rows.first().unwrap().key, "c");
        rows.wake(20);
        assert_eq!(order(&mut rows), ["a", "b", "c", "d"]);
        assert_eq!((rows.len(), rows.recipients()), (0, 0));
    }

    #[test]
    fn a_row_put_last_goes_after_the_fresh_ones() {
        let mut rows = RowQueue::new();
        ["a", "b"].iter().for_each(|key| rows.add(key, 1, 0));
        let a = rows.take().unwrap();
        rows.put_last(a);
        assert_eq!(order(&mut rows), ["b", "a"]);
    }
}
