//! Which table is the mail log: the catalogue and samples from the database, the guessing from `mapping::guess`, and where
//! it is not clear the person's choice.

use anyhow::{Result, anyhow, bail};
use chrono_tz::Tz;

use super::{ask, look};
use crate::cli::Global;
use crate::db::Db;
use crate::mapping::described::{Described, Sample};
use crate::mapping::guess::{self, Catalogue, Choice, Proposal};
use crate::mapping::raw::RawMapping;
use crate::mapping::wanted::Flags;
use crate::mapping::{Column, preset};
use crate::output::config_file::RowCount;
use crate::output::init::list;

/// Tables that are looked into.
const LOOKED_INTO: usize = 12;

/// Tables that a question or an error names.
const NAMED: usize = 9;

/// Rows whose status words are counted; fewer where each needs a look into a further table.
const COUNTED: u32 = 100_000;
const COUNTED_JOINED: u32 = 2_000;

/// The table that was chosen, and all that were looked into.
pub struct ChosenTable {
    /// What is proposed for it.
    pub proposal: Proposal,
    /// The rows whose status words were counted.
    pub rows: RowCount,
    /// Whether some of its times name no zone.
    pub has_naive_times: bool,
    /// The zone that was asked for.
    pub time_zone: Option<Tz>,
    /// Every table that was looked into, the likeliest first.
    pub candidates: Vec<Proposal>,
}

/// Finds the mail log.
///
/// # Errors
/// No table that looks like one, several alike, or the database's refusal.
pub async fn find(db: &mut Db, flags: &Global) -> Result<ChosenTable> {
    let (tables, closed) = db.catalogue().await?;
    if tables.is_empty() {
        bail!("{} holds no table that can be read; name another database in --db", db.name());
    }
    let catalogue = Catalogue { dialect: db.dialect(), tables: &tables };
    let named = named(flags)?;
    let looked_into = match &named {
        Some(name) => vec![by_name(db, &tables, name).await?],
        None => catalogue.likeliest(LOOKED_INTO),
    };
    let mut candidates = Vec::new();
    for described in looked_into {
        candidates.push(propose(db, &catalogue, described).await);
    }
    guess::rank(&mut candidates);
    let mut proposal = match &named {
        Some(_) => candidates[0].clone(),
        None => choose(&candidates, &closed, db, flags).await?,
    };
    if let Some(name) = &flags.preset {
        proposal.preset = preset::by_name(name).map(|preset| preset.name.as_str());
    }
    let described = tables.iter().find(|table| table.name(catalogue.dialect) == proposal.table);
    let keys = described.map_or(&[][..], |described| &described.keys);
    let (rows, has_naive_times, time_zone) = count(db, flags, keys, &mut proposal).await?;
    let same = candidates.iter_mut().filter(|other| other.table == proposal.table);
    same.for_each(|other| *other = proposal.clone());
    Ok(ChosenTable { proposal, rows, has_naive_times, time_zone, candidates })
}

/// The table that a flag names.
fn named(flags: &Global) -> Result<Option<String>> {
    let preset = flags.preset.as_deref().map(preset::mapping).transpose();
    let preset = preset.map_err(|error| anyhow!("--preset: {error}"))?;
    Ok(flags.table.clone().or_else(|| preset.and_then(|preset| preset.table.clone())))
}

async fn by_name<'t>(db: &mut Db, tables: &'t [Described], name: &str) -> Result<&'t Described> {
    let raw = RawMapping { table: Some(name.to_owned()), ..RawMapping::default() };
    let wanted = raw.check(Flags::default()).map_err(|error| anyhow!(error))?;
    let found = db.tables(&wanted).await?.swap_remove(0);
    let same = |table: &&Described| (&table.table.schema, &table.table.name) == (&found.schema, &found.name);
    tables.iter().find(same).ok_or_else(|| {
        anyhow!("table '{}' may not be read; have the right to SELECT granted", name.escape_debug())
    })
}

/// A table that cannot be looked into is judged by its names.
async fn propose(db: &mut Db, catalogue: &Catalogue<'_>, described: &Described) -> Proposal {
    let sample = db.sample(described).await.unwrap_or_else(|error| {
        tracing::warn!("{} is judged by its names alone: {error:#}", described.name(catalogue.dialect));
        Sample::default()
    });
    catalogue.propose(described, &sample)
}

async fn choose(candidates: &[Proposal], closed: &[String], db: &Db, flags: &Global) -> Result<Proposal> {
    let good: Vec<_> = candidates.iter().filter(|proposal| guess::is_good(proposal)).take(NAMED).collect();
    if good.len() > 1 && ask::can_ask() {
        ask::say(&list(&good, look(flags)))?;
        return Ok(good[ask::choose("Which table is the mail log?", good.len()).await?].clone());
    }
    match guess::choose(candidates) {
        Choice::Clear(best) => Ok(best.clone()),
        Choice::Equal(equal) => bail!(
            "these tables look equally like the mail log: {}; choose one by --table",
            names(equal.into_iter().map(|proposal| &proposal.table))
        ),
        Choice::None => bail!(
            "no table in {} looks like a mail log; name it by --table (it has {}){}",
            db.name(),
            names(candidates.iter().map(|proposal| &proposal.table)),
            unread(closed)
        ),
    }
}

fn unread(closed: &[String]) -> String {
    if closed.is_empty() {
        return String::new();
    }
    format!("; not looked into, since the right to SELECT is missing: {}", names(closed.iter()))
}

fn names<'n>(names: impl Iterator<Item = &'n String>) -> String {
    let mut names: Vec<_> = names.take(NAMED + 1).map(String::as_str).collect();
    if names.len() > NAMED {
        names[NAMED] = "...";
    }
    names.join(", ")
}

/// Counts the status words of many rows, through the mapping as the other commands will use it.
async fn count(
    db: &mut Db,
    flags: &Global,
    keys: &[String],
    proposal: &mut Proposal,
) -> Result<(RowCount, bool, Option<Tz>)> {
    if !proposal.is_usable() {
        bail!(unusable(proposal));
    }
    let given = Flags { time_zone: flags.time_zone.as_deref(), ..Flags::default() };
    let wanted = proposal.mapping().check(given).map_err(|error| anyhow!(error))?;
    let mapping = db.mapping(&wanted).await?;
    let by_key = mapping.own(Column::Id).is_some_and(|id| keys.contains(&id.name));
    let most = if mapping.joins.is_empty() { COUNTED } else { COUNTED_JOINED };
    let counted = db.status_counts(&mapping, by_key, most).await?;
    let rows = counted.iter().map(|word| word.rows).sum();
    if proposal.preset.is_some() {
        proposal.take_preset(&mapping);
    }
    proposal.take_words(counted, Some(&mapping.words).filter(|_| proposal.preset.is_some()));
    let rows = RowCount { counted: rows, are_all: rows < u64::from(most) };
    Ok((rows, mapping.has_naive_times(), wanted.zone))
}

fn unusable(proposal: &Proposal) -> String {
    let has = |column| !proposal.names(column).is_empty();
    let missing = [
        (has(Column::Id), "id"),
        (has(Column::SentDate), "sent_date"),
        (has(Column::Status) || has(Column::ErrorMessage), "status or error_message"),
    ];
    let missing: Vec<_> = missing.into_iter().filter(|(there, _)| !there).map(|(_, what)| what).collect();
    format!(
        "table '{}' has no column that looks like its {}; write a config that names it under [email_log] columns",
        proposal.table.escape_debug(),
        missing.join(", ")
    )
}
