//! Names that many rows share, kept once: senders, status words.

use std::collections::HashMap;

/// A name's place in its list.
pub type NameId = u32;

/// The name in place of every name beyond the bound.
const OTHERS: &str = "(others)";

/// A bounded list of distinct names; NULL is one of them.
#[derive(Debug, Clone)]
pub struct DistinctNames {
    most: usize,
    list: Vec<Option<String>>,
    ids: HashMap<Option<String>, NameId>,
    last: NameId,
}

impl DistinctNames {
    /// A list of at most `most` names, so that a column of noise cannot fill the memory; the rest are "(others)".
    pub fn at_most(most: usize) -> Self {
        Self { most, list: Vec::new(), ids: HashMap::new(), last: 0 }
    }

    /// The id of a name, new or known. Rows of one sender are adjacent, so the last one is asked first.
    pub fn id(&mut self, name: Option<&str>) -> NameId {
        if self.list.get(self.last as usize).is_some_and(|known| known.as_deref() == name) {
            return self.last;
        }
        let key = name.map(str::to_owned);
        let known = self.ids.get(&key).copied();
        self.last =
            known.unwrap_or_else(|| if self.list.len() < self.most { self.add(key) } else { self.others() });
        self.last
    }

    /// The id of all names beyond the bound.
    pub fn others_id(&self) -> NameId {
        NameId::try_from(self.most).unwrap_or(NameId::MAX)
    }

    /// The one name beyond the bound; it has the last place, and no key that a name could have.
    fn others(&mut self) -> NameId {
        if self.list.len() == self.most {
            self.list.push(Some(OTHERS.to_owned()));
        }
        self.others_id()
    }

    fn add(&mut self, name: Option<String>) -> NameId {
        let id = NameId::try_from(self.list.len()).unwrap_or(NameId::MAX);
        self.list.push(name.clone());
        self.ids.insert(name, id);
        id
    }

    /// The name behind an id.
    pub fn name(&self, id: NameId) -> Option<&str> {
        self.list.get(id as usize)?.as_deref()
    }

    /// All names in the order they were met.
    pub fn list(&self) -> &[Option<String>] {
        &self.list
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_beyond_the_bound_share_one_place() {
        let mut names = DistinctNames::at_most(2);
        let ids: Vec<_> =
            [Some("a"), None, Some("b"), Some("c"), Some("a")].map(|name| names.id(name)).to_vec();
        assert_eq!(ids, [0, 1, 2, 2, 0]);
        assert_eq!(names.name(2), Some("(others)"));
        assert_eq!(names.others_id(), 2);
    }
}
