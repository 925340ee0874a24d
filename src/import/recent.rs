//! What was learnt lately, in bounded memory: the older half is forgotten when the newer half is full.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hash};

use twox_hash::XxHash3_64;

type Fast = BuildHasherDefault<XxHash3_64>;

/// A map of bounded size.
#[derive(Debug)]
pub struct Recent<K, V> {
    half: usize,
    newer: HashMap<K, V, Fast>,
    older: HashMap<K, V, Fast>,
}

impl<K: Hash + Eq + Clone, V: Clone + Default> Recent<K, V> {
    /// A map of at most so many entries.
    pub fn of(most: usize) -> Self {
        Self { half: most / 2, newer: HashMap::default(), older: HashMap::default() }
    }

    /// The entry of a key, made where there is none.
    pub fn entry(&mut self, key: &K) -> &mut V {
        if self.newer.len() >= self.half && !self.newer.contains_key(key) {
            self.older = std::mem::take(&mut self.newer);
        }
        let older = &mut self.older;
        self.newer.entry(key.clone()).or_insert_with(|| older.remove(key).unwrap_or_default())
    }

    /// What is known of a key.
    pub fn get(&self, key: &K) -> Option<&V> {
        self.newer.get(key).or_else(|| self.older.get(key))
    }

    /// Nothing more will be asked of this key.
    pub fn forget(&mut self, key: &K) {
        self.newer.remove(key);
        self.older.remove(key);
    }
}

/// Distinguishes events with identical text: by how often the text came before, in the same file and lately.
#[derive(Debug)]
pub struct Repeats(Recent<u64, u64>);

impl Repeats {
    /// So many texts are remembered; the same text again has the same time in it, so it comes soon or never.
    const REMEMBERED: usize = 1 << 17;

    /// Nothing has come yet.
    pub fn new() -> Self {
        Self(Recent::of(Self::REMEMBERED))
    }

    /// The hash of an event: of its text, and of its turn among those with the same text.
    pub fn turn(&mut self, key: u64) -> i64 {
        let turn = self.0.entry(&key);
        *turn += 1;
        Self::hash(key, *turn)
    }

    /// What `turn` will say of this event, which is not complete yet.
    pub fn next_turn(&self, key: u64) -> i64 {
        Self::hash(key, self.0.get(&key).map_or(0, |turns| *turns) + 1)
    }

    fn hash(key: u64, turn: u64) -> i64 {
        let hash = if turn == 1 { key } else { XxHash3_64::oneshot_with_seed(turn, &key.to_le_bytes()) };
        i64::from_le_bytes(hash.to_le_bytes())
    }
}

impl Default for Repeats {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_old_is_forgotten_and_what_is_used_stays() {
        let mut recent: Recent<u32, u32> = Recent::of(8);
        *recent.entry(&1) = 10;
        for key in 2..=4 {
            recent.entry(&key);
        }
        assert_eq!(recent.entry(&5), &0);
        assert_eq!(recent.entry(&1), &10);
        for key in 6..=9 {
            recent.entry(&key);
        }
        assert_eq!((recent.get(&1), recent.get(&2)), (Some(&10), None));
    }

    #[test]
    fn the_same_text_twice_is_two_events_in_the_same_way_each_time() {
        let turns = || {
            let mut repeats = Repeats::new();
            [7, 7, 8].map(|key| repeats.turn(key))
        };
        assert_eq!(turns(), turns());
        assert_ne!(turns()[0], turns()[1]);
    }
}
