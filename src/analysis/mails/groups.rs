//! The failed rows among themselves: which are attempts of one mail, and which represents it.

use std::cmp::Ordering;
use std::collections::{HashMap, HashSet};

use super::{ALIKE, FailedFate, JudgedFailures, Likeness, MailRow, Mails, SameMailBy, TOGETHER, content};
use crate::digest::Digest;

/// What is known of the failed rows, given what other rows have decided about them.
pub fn judge(
    mails: &Mails,
    decided: Vec<Option<FailedFate>>,
    contents: &HashMap<Box<str>, Digest>,
    named: &HashSet<String>,
) -> JudgedFailures {
    let rows = mails.failed();
    let mut grouping = Grouping { rows, named, joined: vec![None; rows.len()], decided };
    mails.by_message.values().for_each(|places| grouping.join_by_message_id(places));
    for places in mails.by_outside.values().filter(|places| places.len() > 1) {
        let mut by_content: HashMap<Digest, Vec<usize>> = HashMap::new();
        // what went after all represents nothing that failed
        let is_open = |place: &&usize| {
            grouping.joined[**place].is_none()
                && !matches!(grouping.decided[**place], Some(FailedFate::Went(_)))
        };
        for place in places.iter().filter(is_open) {
            if let Some(content) = content(contents, &rows[*place]) {
                by_content.entry(content).or_default().push(*place);
            }
        }
        by_content.into_values().for_each(|places| grouping.join_by_content(places));
    }
    grouping.finish()
}

struct Grouping<'m> {
    rows: &'m [MailRow],
    named: &'m HashSet<String>,
    /// The attempt that represents a row, and how that is known.
    joined: Vec<Option<(usize, SameMailBy)>>,
    decided: Vec<Option<FailedFate>>,
}

impl Grouping<'_> {
    fn is_named(&self, place: usize) -> bool {
        self.named.contains(&*self.rows[place].id)
    }

    /// The newest first.
    fn newest_first(&self, one: usize, other: usize) -> Ordering {
        let (one, other) = (&self.rows[one], &self.rows[other]);
        other
            .at
            .cmp(&one.at)
            .then_with(|| other.number().cmp(&one.number()))
            .then_with(|| other.id.cmp(&one.id))
    }

    /// The newest that a person named, else the newest, represents all.
    fn join_by_message_id(&mut self, places: &[usize]) {
        let mut places = places.to_vec();
        places.sort_by(|a, b| {
            (!self.is_named(*a)).cmp(&!self.is_named(*b)).then_with(|| self.newest_first(*a, *b))
        });
        if let Some((first, rest)) = places.split_first() {
            rest.iter().for_each(|place| self.joined[*place] = Some((*first, SameMailBy::MessageId)));
        }
    }

    /// Rows of equal content: those within an hour before the newest are attempts of one mail; a newer one within a day
    /// makes the next such group a look-alike.
    fn join_by_content(&mut self, mut places: Vec<usize>) {
        places.sort_by(|a, b| self.newest_first(*a, *b));
        let mut newer: Vec<usize> = Vec::new();
        while let Some(newest) = places.first().copied() {
            let rows = self.rows;
            let is_within = |place: &usize, limit| {
                let (row, newest) = (&rows[*place], &rows[newest]);
                row.is_comparable(newest) && row.distance(newest).is_some_and(|distance| distance <= limit)
            };
            let group: Vec<usize> =
                places.extract_if(.., |place| *place == newest || is_within(place, TOGETHER)).collect();
            let alike = newer.iter().rfind(|place| is_within(place, ALIKE)).copied();
            self.stand(&group, alike);
            newer.extend(group);
        }
    }

    /// Each row that a person named, or else the newest, represents itself; the others match the newest of these.
    fn stand(&mut self, group: &[usize], alike: Option<usize>) {
        let mut standing: Vec<usize> = group.iter().copied().filter(|place| self.is_named(*place)).collect();
        if standing.is_empty() {
            standing.extend(group.first());
        }
        for place in group.iter().filter(|place| !standing.contains(place)) {
            self.joined[*place] = Some((standing[0], SameMailBy::Content));
        }
        let may_be_alike = !self.is_named(standing[0]) && !self.rows[standing[0]].has_message_id();
        if let Some(alike) = alike.filter(|_| may_be_alike) {
            let like = FailedFate::LooksLike(self.rows[alike].id.clone(), Likeness::Failed);
            self.decided[standing[0]].get_or_insert(like);
        }
    }

    /// The attempt that represents a row in the end.
    fn standing(&self, place: usize) -> Option<(usize, SameMailBy)> {
        let (first, join) = self.joined[place]?;
        Some(match self.joined[first] {
            Some((second, further)) => (second, if join == further { join } else { SameMailBy::Content }),
            None => (first, join),
        })
    }

    fn finish(mut self) -> JudgedFailures {
        let standing: Vec<_> = (0..self.rows.len()).map(|place| self.standing(place)).collect();
        let mut further: HashMap<usize, Vec<(usize, SameMailBy)>> = HashMap::new();
        for (place, joined) in standing.iter().enumerate() {
            if let Some((first, join)) = joined {
                further.entry(*first).or_default().push((place, *join));
            }
        }
        let fate = |(place, joined): (usize, &Option<(usize, SameMailBy)>)| match (
            self.decided[place].take(),
            joined,
        ) {
            (Some(FailedFate::Went(id)), None) => FailedFate::Went(id),
            (_, Some((first, join))) => FailedFate::SameAs(*first, *join),
            (Some(fate), None) => fate,
            (None, None) => FailedFate::Stands,
        };
        JudgedFailures { fates: standing.iter().enumerate().map(fate).collect(), further }
    }
}
