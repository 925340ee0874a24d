//! Which failed rows of the log are attempts of one mail, which went after all, and which look alike: what
//! `analysis::mails` decides, with the rows and contents it asks for. Report, alert and resend ask it here.

use std::collections::{HashMap, HashSet};

use anyhow::Result;

use crate::analysis::mails::{
    self, FailedFate, JudgedFailures, MailRow, Mails, Other, PENDING_AGE, TOGETHER,
};
use crate::db::{Db, Which};
use crate::digest::Digest;
use crate::mapping::Mapping;
use crate::mapping::sql::{Among, Selection};
use crate::model::{Mail, Meaning, Millis};
use crate::resend::kept::{Kept, MESSAGE};
use crate::window::Window;

/// More texts than this are not looked for one by one: all rows are gone over instead.
const MOST_TEXTS: usize = 10_000;

/// Windows that are asked about one by one.
const MOST_WINDOWS: usize = 24;

/// Messages that are read at once, each of which may be large.
const AT_ONCE: usize = 16;

/// Failed rows that are looked into, and by what the other rows of their mails are found.
#[derive(Default)]
pub struct Sought {
    rows: Vec<MailRow>,
    message_ids: HashSet<String>,
    subjects: HashSet<String>,
    /// The times of the rows.
    times: Vec<Millis>,
}

/// For what it is asked, which says how far the log has to be looked through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// To know what went and what still has to go: rows with the same Message-ID, those of the hour after each failure, and those that
    /// the application is about to send.
    Count,
    /// To send: whatever looks alike, at any distance.
    Send,
}

impl Sought {
    /// Looks into a failed row.
    pub fn add_row(&mut self, row: MailRow, mail: &Mail) {
        if let Some(id) = mail.message_id.as_deref().filter(|_| row.has_message_id()) {
            self.message_ids.extend(spellings(id));
        }
        if let Some(at) = row.at {
            self.subjects.extend(mail.subject.clone());
            self.times.push(at);
        }
        self.rows.push(row);
    }

    /// Looks into a row for the sake of the others alone: nothing like it is looked for.
    pub fn add_known(&mut self, row: MailRow) {
        self.rows.push(row);
    }

    /// What each row is, in the order they were added. `named` are rows that a person named; rows from `until` on are not looked at.
    ///
    /// # Errors
    /// The database's refusal.
    pub async fn judge(
        self,
        db: &mut Db,
        mapping: &Mapping,
        purpose: Purpose,
        named: &HashSet<String>,
        (now, until): (Millis, Option<Millis>),
    ) -> Result<JudgedFailures> {
        let all = Window { since: None, until: None, zone: mapping.zone };
        // without an index each question goes over all rows
        let is_quick =
            purpose == Purpose::Count && !db.is_dry_run() && db.missing_index(mapping, all).await?.is_none();
        let windows = windows(&self.times, now, if is_quick { MOST_WINDOWS } else { 1 });
        let questions = self.questions(mapping, purpose, windows, db.is_dry_run());
        let mut mails = Mails::of(self.rows);
        let words = words(mapping);
        for (window, among) in questions.iter().filter(|_| !words.is_empty()) {
            let end = window.until.into_iter().chain(until).min();
            let which =
                Which { window: Window { until: end, ..*window }, words: &words, among: among.as_ref() };
            let mut add = |mail: Mail| {
                if let Some(other) = other(mapping, &mail) {
                    mails.add(other, MailRow::of(&mail));
                }
            };
            db.mails(mapping, &which, &mut add).await?;
        }
        let contents = contents(db, mapping, &mails).await?;
        Ok(mails.judge(&contents, named, now))
    }

    /// Which rows to go over: of which time, and with which texts.
    fn questions(
        &self,
        mapping: &Mapping,
        purpose: Purpose,
        windows: Vec<(Millis, Option<Millis>)>,
        is_dry_run: bool,
    ) -> Vec<(Window, Option<Among>)> {
        let window = |since, until| Window { since, until, zone: mapping.zone };
        let list = |texts: &HashSet<String>| {
            let mut texts: Vec<String> = texts.iter().cloned().collect();
            texts.sort();
            texts
        };
        let among = |message_ids: Vec<String>, subjects: Vec<String>| {
            let is_short = message_ids.len() + subjects.len() <= MOST_TEXTS;
            (is_short && !is_dry_run).then_some(Among { message_ids, subjects })
        };
        let (ids, subjects) = (list(&self.message_ids), list(&self.subjects));
        let (has_ids, has_subjects) = (!ids.is_empty(), !subjects.is_empty());
        let is_asked = has_ids || has_subjects || is_dry_run;
        match purpose {
            Purpose::Send => {
                is_asked.then(|| (window(None, None), among(ids, subjects))).into_iter().collect()
            }
            Purpose::Count => {
                let by_id = has_ids.then(|| (window(None, None), among(ids, Vec::new())));
                let windows = windows.into_iter().map(|(since, until)| window(Some(since), until));
                let windows = if is_dry_run { vec![window(None, None)] } else { windows.collect() };
                let by_subject = windows.into_iter().filter(|_| has_subjects || is_dry_run);
                let by_subject = by_subject.map(|window| (window, among(Vec::new(), subjects.clone())));
                by_id.into_iter().chain(by_subject).collect()
            }
        }
    }
}

/// The hours after each of some times and the hour before now, where rows of the same mails may be; at most so many windows, so that
/// those that lie close together are one.
fn windows(times: &[Millis], now: Millis, most: usize) -> Vec<(Millis, Option<Millis>)> {
    let mut times = times.to_vec();
    times.sort_unstable();
    let mut gap = TOGETHER;
    loop {
        let mut windows: Vec<(Millis, Millis)> = Vec::new();
        for at in &times {
            let end = at.saturating_add(TOGETHER + 1);
            match windows.last_mut() {
                Some((_, last)) if at.saturating_sub(*last) <= gap => *last = end,
                _ => windows.push((*at, end)),
            }
        }
        if windows.len() > most {
            gap = gap.saturating_mul(2);
            continue;
        }
        let pending = now.saturating_sub(PENDING_AGE);
        let mut windows: Vec<_> = windows.into_iter().map(|(start, end)| (start, Some(end))).collect();
        match windows.last_mut() {
            None => {}
            // what follows close by, or may follow nothing else, is one with it
            Some((_, end)) if most == 1 || end.is_some_and(|end| end >= pending) => *end = None,
            Some(_) => windows.push((pending, None)),
        }
        return windows;
    }
}

/// Rows that a plan has chosen, for a look at what happened since.
pub struct PlannedRows<'c> {
    /// The rows that represent their mails.
    pub rows: Vec<MailRow>,
    /// All rows of those mails, by their keys.
    pub ids: HashSet<&'c str>,
    /// Rows that a person named.
    pub named: HashSet<String>,
    /// Whether a failed row's error leaves open if it was delivered.
    pub is_doubt: &'c dyn Fn(&Mail) -> bool,
}

impl PlannedRows<'_> {
    /// What attempts of the application's since a moment say of the rows, by their places; those of which they say nothing are
    /// left out.
    ///
    /// # Errors
    /// The database's refusal.
    pub async fn since(
        &self,
        db: &mut Db,
        mapping: &Mapping,
        since: Millis,
        now: Millis,
    ) -> Result<Vec<(usize, FailedFate)>> {
        let failed = mapping.words.of(Meaning::Failed).map(str::to_owned);
        let words: Vec<String> = words(mapping).into_iter().chain(failed).collect();
        let window = Window { since: Some(since), until: None, zone: mapping.zone };
        let mut others: Vec<(Other, MailRow)> = Vec::new();
        let mut add = |mail: Mail| {
            if let Some(other) = self.other(mapping, &mail).filter(|_| mail.at.is_some()) {
                others.push((other, MailRow::of(&mail)));
            }
        };
        db.mails(mapping, &Which { window, words: &words, among: None }, &mut add).await?;
        // most rows have nothing to do with them
        let ties: HashSet<Digest> = others.iter().flat_map(|(_, row)| row.ties()).flatten().collect();
        let is_met = |row: &MailRow| row.ties().into_iter().flatten().any(|tie| ties.contains(&tie));
        let met: Vec<usize> = (0..self.rows.len()).filter(|place| is_met(&self.rows[*place])).collect();
        let mut mails = Mails::of(met.iter().map(|place| self.rows[*place].clone()).collect());
        others.into_iter().for_each(|(other, row)| mails.add(other, row));
        let contents = contents(db, mapping, &mails).await?;
        Ok(met.into_iter().zip(mails.judge(&contents, &self.named, now).fates).collect())
    }

    fn other(&self, mapping: &Mapping, mail: &Mail) -> Option<Other> {
        let is_new_doubt = |mail: &Mail| {
            let meaning = mapping.words.meaning(mail.status.as_deref());
            meaning == Meaning::Failed && !self.ids.contains(mail.id.as_str()) && (self.is_doubt)(mail)
        };
        other(mapping, mail).or_else(|| is_new_doubt(mail).then_some(Other::InDoubt))
    }
}

/// How the log may write a Message-ID.
fn spellings(id: &str) -> impl Iterator<Item = String> {
    let inner = mails::message_id(id).unwrap_or_default();
    [id.to_owned(), inner.to_owned(), format!("<{inner}>")].into_iter()
}

/// The words of rows that went or are about to.
fn words(mapping: &Mapping) -> Vec<String> {
    let of = |meaning| mapping.words.of(meaning).map(str::to_owned).collect::<Vec<_>>();
    [of(Meaning::Sent), of(Meaning::Pending)].concat()
}

fn other(mapping: &Mapping, mail: &Mail) -> Option<Other> {
    match mapping.words.meaning(mail.status.as_deref()) {
        Meaning::Sent => Some(Other::Sent),
        Meaning::Pending => Some(Other::Pending),
        Meaning::Failed | Meaning::Other => None,
    }
}

/// The digests of the contents that have to be compared.
async fn contents(db: &mut Db, mapping: &Mapping, mails: &Mails) -> Result<HashMap<Box<str>, Digest>> {
    let undecided: Vec<String> = mails.undecided().into_iter().map(String::from).collect();
    let (mut contents, mut ambiguous) = (HashMap::<Box<str>, Digest>::new(), Vec::new());
    each_message(db, mapping, &undecided, &mut |kept| {
        if contents.insert(kept.id().into(), kept.content()).is_some() {
            ambiguous.push(kept.id());
        }
    })
    .await?;
    // where a key is that of several rows, nothing is known of any of them
    for id in &ambiguous {
        contents.remove(&**id);
    }
    Ok(contents)
}

/// Gives what the log keeps of the mails of some keys; several times where keys are not unique, not at all where the row is gone.
///
/// # Errors
/// The database's refusal.
pub async fn each_message(
    db: &mut Db,
    mapping: &Mapping,
    ids: &[String],
    each: &mut dyn FnMut(&Kept<'_>),
) -> Result<()> {
    for ids in ids.chunks(AT_ONCE) {
        let selection = Selection { ids: Some(ids.to_vec()), ..Selection::default() };
        for row in &db.rows(mapping.statement(&selection, MESSAGE)).await? {
            each(&Kept(row));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: Millis = 3_600_000;

    #[test]
    fn windows_follow_the_failures_and_end_with_the_hour_before_now() {
        let now = 100 * HOUR;
        let shown = |times: &[Millis], most| windows(times, now, most);
        // two bursts that are hours apart, and what is about to be sent
        let (early, late) = (10 * HOUR, 50 * HOUR);
        let end = |at: Millis| Some(at + HOUR + 1);
        assert_eq!(
            shown(&[late, early, early + 5], 24),
            [(early, end(early + 5)), (late, end(late)), (now - HOUR, None)]
        );
        // close together they are one, and so they are where there would be too many
        assert_eq!(shown(&[early, early + 2 * HOUR], 24)[0], (early, end(early + 2 * HOUR)));
        assert_eq!(shown(&[early, late], 1), [(early, None)]);
        assert_eq!(shown(&[now - HOUR], 24), [(now - HOUR, None)]);
        assert_eq!(shown(&[], 24), []);
    }
}
