//! Which of several thousand words occur in a text, found in one pass over it.
//!
//! Of each word the four letters are taken that are rarest among all words (of a short one, its three), and kept in a table
//! by their hash. At each byte of a text the table says, mostly by one bit, that no word has its four letters here; where
//! one has, the whole word is compared. This is faster here than an automaton, whose thousands of states do not fit into
//! the nearest cache, and ready in a fraction of the time.

/// The words, ready to be looked for.
#[derive(Debug)]
pub struct Finder {
    words: Vec<Box<[u8]>>,
    long: WordTable,
    short: WordTable,
}

/// A word shorter than this cannot be looked for.
pub const SHORTEST: usize = 3;

impl Finder {
    /// Prepares the words, each at least [`SHORTEST`] bytes long; they are known by their place in the list.
    pub fn new(words: Vec<String>) -> Finder {
        let words: Vec<Box<[u8]>> =
            words.into_iter().map(|word| word.into_bytes().into_boxed_slice()).collect();
        let (long, short): (Vec<_>, Vec<_>) =
            (0..words.len()).partition(|word| words[*word].len() > SHORTEST);
        let common = Common::among(long.iter().map(|word| &*words[*word]));
        let rarest =
            |word: &usize| WordEntry::new(*word, common.rarest_in(&words[*word]), &words[*word], LONG);
        let whole = |word: &usize| WordEntry::new(*word, 0, &words[*word], SHORT);
        let (long, short) = (
            WordTable::new(long.iter().map(rarest).collect()),
            WordTable::new(short.iter().map(whole).collect()),
        );
        Finder { words, long, short }
    }

    /// Calls `found` with each word in `text`, once per occurrence.
    pub fn each(&self, text: &[u8], mut found: impl FnMut(usize)) {
        let fours = text.windows(4).map(|four| u32::from_le_bytes([four[0], four[1], four[2], four[3]]));
        let last = text.len().checked_sub(SHORTEST).map(|at| letters(text, at));
        for (at, letters) in fours.chain(last).enumerate() {
            for (table, mask) in [(&self.long, LONG), (&self.short, SHORT)] {
                let letters = letters & mask;
                if table.may_have(letters) {
                    let here = table.with(letters).filter(|entry| self.stands(entry, text, at));
                    here.for_each(|entry| found(entry.word as usize));
                }
            }
        }
    }

    fn stands(&self, entry: &WordEntry, text: &[u8], at: usize) -> bool {
        at.checked_sub(entry.offset as usize)
            .is_some_and(|start| text[start..].starts_with(&self.words[entry.word as usize]))
    }
}

/// Of four letters all, or the first three.
const LONG: u32 = u32::MAX;
const SHORT: u32 = 0x00ff_ffff;

/// The four bytes from `at`; zeros beyond the end.
fn letters(text: &[u8], at: usize) -> u32 {
    match text[at..].first_chunk::<4>() {
        Some(four) => u32::from_le_bytes(*four),
        None => text[at..].iter().rev().fold(0, |letters, byte| letters << 8 | u32::from(*byte)),
    }
}

/// Spread over 16 bits.
fn hash(letters: u32) -> usize {
    (letters.wrapping_mul(0x9e37_79b1) >> 16) as usize
}

/// How often four letters occur in the words: a guess at how often they do in texts.
struct Common(Vec<u16>);

impl Common {
    fn among<'w>(words: impl Iterator<Item = &'w [u8]>) -> Common {
        let mut counts = vec![0_u16; 1 << 16];
        for four in words.flat_map(|word| word.windows(4)) {
            let count = &mut counts[hash(letters(four, 0))];
            *count = count.saturating_add(1);
        }
        Common(counts)
    }

    fn rarest_in(&self, word: &[u8]) -> usize {
        let places = 0..=word.len() - 4;
        places.min_by_key(|at| self.0[hash(letters(word, *at))]).unwrap_or_default()
    }
}

/// One word in a table.
#[derive(Debug, Clone, Copy)]
struct WordEntry {
    letters: u32,
    word: u32,
    /// Where in the word its letters are.
    offset: u32,
}

impl WordEntry {
    #[allow(clippy::cast_possible_truncation)]
    fn new(place: usize, offset: usize, word: &[u8], mask: u32) -> WordEntry {
        WordEntry { letters: letters(word, offset) & mask, word: place as u32, offset: offset as u32 }
    }
}

/// Words by the hash of their letters.
#[derive(Debug)]
struct WordTable {
    bits: Box<[u64; 1 << 10]>,
    /// The entries of bucket `b` are those from `starts[b]` to `starts[b + 1]`.
    starts: Vec<u32>,
    entries: Vec<WordEntry>,
}

/// So many values of the hash share a bucket.
const SHARED: usize = 1 << 4;

impl WordTable {
    #[allow(clippy::cast_possible_truncation)]
    fn new(mut entries: Vec<WordEntry>) -> WordTable {
        let bucket = |entry: &WordEntry| hash(entry.letters) / SHARED;
        entries.sort_by_key(bucket);
        let mut bits = Box::new([0; 1 << 10]);
        for entry in &entries {
            let hash = hash(entry.letters);
            bits[hash / 64] |= 1 << (hash % 64);
        }
        let buckets = (1 << 16) / SHARED;
        let starts = (0..=buckets).map(|b| entries.partition_point(|entry| bucket(entry) < b) as u32);
        WordTable { bits, starts: starts.collect(), entries }
    }

    fn may_have(&self, letters: u32) -> bool {
        let hash = hash(letters);
        self.bits[hash / 64] & (1 << (hash % 64)) != 0
    }

    fn with(&self, letters: u32) -> impl Iterator<Item = &WordEntry> {
        let bucket = hash(letters) / SHARED;
        let entries = self.starts[bucket] as usize..self.starts[bucket + 1] as usize;
        self.entries[entries].iter().filter(move |entry| entry.letters == letters)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn found(words: &[String], text: &str) -> Vec<usize> {
        let mut found = Vec::new();
        Finder::new(words.to_vec()).each(text.as_bytes(), |word| found.push(word));
        found.sort_unstable();
        found.dedup();
        found
    }

    #[test]
    fn words_of_every_length_are_found_wherever_they_stand() {
        let words = ["not", "note", "mailbox full", "full", "ü", "boîte"]
            .map(String::from)
            .into_iter()
            .filter(|word| word.len() >= SHORTEST)
            .collect::<Vec<_>>();
        assert_eq!(found(&words, "mailbox full"), [2, 3]);
        assert_eq!(found(&words, "a note"), [0, 1]);
        assert_eq!(found(&words, "not"), [0]);
        assert_eq!(found(&words, "la boîte"), [4]);
        assert!(found(&words, "no").is_empty() && found(&words, "").is_empty());
    }

    proptest! {
        #[test]
        fn what_is_found_is_what_the_text_contains(
            words in prop::collection::vec("[a-c ü]{3,7}", 0..40),
            text in "[a-c ü]{0,60}",
        ) {
            let expected: Vec<_> = (0..words.len()).filter(|word| text.contains(&words[*word])).collect();
            prop_assert_eq!(found(&words, &text), expected);
        }
    }
}
