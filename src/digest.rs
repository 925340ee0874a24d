//! A digest by which contents are compared without keeping them.

use std::fmt;
use std::str::FromStr;

use sha2::{Digest as _, Sha256};

/// The first half of the SHA-256 of some parts.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Digest(u128);

impl Digest {
    /// The digest of parts in their order. A part that is absent differs from an empty one, and no two lists of parts are taken
    /// for each other.
    ///
    /// ```
    /// # use mailthrottle::digest::Digest;
    /// let of = |parts: &[Option<&[u8]>]| Digest::of(parts.iter().copied());
    /// assert_eq!(of(&[Some(b"a"), None]), of(&[Some(b"a"), None]));
    /// assert_ne!(of(&[Some(b"ab"), Some(b"")]), of(&[Some(b"a"), Some(b"b")]));
    /// assert_ne!(of(&[None]), of(&[Some(b"")]));
    /// ```
    pub fn of<'p>(parts: impl IntoIterator<Item = Option<&'p [u8]>>) -> Self {
        let mut hash = Sha256::new();
        for part in parts {
            let length = part.map_or(u64::MAX, |part| part.len() as u64);
            hash.update(length.to_be_bytes());
            hash.update(part.unwrap_or_default());
        }
        let whole = hash.finalize();
        let mut half = [0; 16];
        half.copy_from_slice(&whole[..16]);
        Self(u128::from_be_bytes(half))
    }
}

impl fmt::Display for Digest {
    /// In 32 hexadecimal digits.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

impl FromStr for Digest {
    type Err = std::num::ParseIntError;

    fn from_str(digits: &str) -> Result<Self, Self::Err> {
        u128::from_str_radix(digits, 16).map(Self)
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
