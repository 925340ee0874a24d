//! Puts rows that come nearly in the order of time into that order, with bounded memory.
//!
//! Logs are written as mails are tried, so the order of keys is the order of time but for a few seconds. A buffer of
//! some hundred thousand rows repairs that. A row too late for the buffer is reported to the caller,
//! who then lets the database sort.

use crate::model::Millis;

/// Rows held back: 8 MB of them.
const CAPACITY: usize = 1 << 18;

/// A thing with a time.
pub trait Timed {
    /// Its time.
    fn at(&self) -> Millis;
}

/// The buffer.
#[derive(Debug)]
pub struct InOrder<T> {
    held: Vec<T>,
    capacity: usize,
    released: Millis,
}

impl<T: Timed> Default for InOrder<T> {
    fn default() -> Self {
        Self::holding(CAPACITY)
    }
}

impl<T: Timed> InOrder<T> {
    /// A buffer that holds back up to so many rows.
    pub fn holding(capacity: usize) -> Self {
        Self { held: Vec::new(), capacity, released: Millis::MIN }
    }

    /// Takes a row in, and gives earlier ones to `next` when the buffer is full. `false`: it came too late to be put
    /// in order, and was given on at once.
    pub fn add(&mut self, row: T, next: &mut impl FnMut(T)) -> bool {
        if row.at() < self.released {
            next(row);
            return false;
        }
        self.held.push(row);
        if self.held.len() >= self.capacity {
            self.release(self.capacity / 2, next);
        }
        true
    }

    /// Gives on all that is left.
    pub fn finish(&mut self, next: &mut impl FnMut(T)) {
        self.release(self.held.len(), next);
    }

    fn release(&mut self, rows: usize, next: &mut impl FnMut(T)) {
        self.held.sort_by_key(Timed::at);
        for row in self.held.drain(..rows) {
            self.released = row.at();
            next(row);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    impl Timed for Millis {
        fn at(&self) -> Millis {
            *self
        }
    }

    fn ordered(rows: &[Millis], capacity: usize) -> (Vec<Millis>, bool) {
        let (mut given, mut in_time) = (Vec::new(), true);
        let mut order = InOrder::holding(capacity);
        for row in rows {
            in_time &= order.add(*row, &mut |row| given.push(row));
        }
        order.finish(&mut |row| given.push(row));
        (given, in_time)
    }

    #[test]
    fn small_disorder_is_repaired() {
        assert_eq!(ordered(&[3, 1, 2, 5, 4, 7, 6, 9, 8], 4), (vec![1, 2, 3, 4, 5, 6, 7, 8, 9], true));
    }

    #[test]
    fn a_row_too_late_is_told_and_not_lost() {
        let (given, in_time) = ordered(&[5, 6, 7, 8, 9, 1], 4);
        assert_eq!(given.len(), 6);
        assert!(!in_time);
    }
}
