//! What `init` and `doctor` ask of a database: of itself, of the rights in it, and of tables nobody has mapped yet.
//!
//! Nothing here writes, and no answer costs more than a bounded number of rows.

use anyhow::{Result, bail};
use chrono::Utc;

use crate::db::Db;
use crate::db::catalogue::Indexes;
use crate::db::index::{serves, wanted_columns};
use crate::db::read;
use crate::db::row::Cells;
use crate::db::wire::Wire;
use crate::mapping::Mapping;
use crate::mapping::described::{Described, Sample, TableEnd};
use crate::mapping::resolve::TableDescription;
use crate::mapping::sql::{Bind, Selection, TimeBounds};
use crate::model::{ConditionCounts, DAY, DatabaseServer, Indexing, Millis, Proof, Rights, WordCount};
use crate::window::Window;
use crate::zone;

const COUNT: &str = include_str!("../../queries/count.sql");
const DUPLICATES: &str = include_str!("../../queries/duplicates.sql");
const STATUS_COUNTS: &str = include_str!("../../queries/status_counts.sql");

impl Db {
    /// What the database says of itself and of the connection.
    ///
    /// # Errors
    /// The database's refusal.
    pub async fn server(&mut self) -> Result<DatabaseServer> {
        let (version, encryption) = match &self.wire {
            Wire::Oracle(server) => (Some(server.version().await?), server.encryption().await?),
            _ => (None, Some(Vec::new())),
        };
        let before = Utc::now().timestamp_millis();
        let rows = self.rows(self.statement(self.product.server, Vec::new())).await?;
        // the server looked at its clock somewhere between
        let here = Millis::midpoint(before, Utc::now().timestamp_millis());
        let Some(row) = rows.first() else {
            return Ok(DatabaseServer::default());
        };
        // a place by its name, or an offset
        let zone = |text: String| match zone::offset(&text) {
            Some(_) => zone::steady(&text).map(|zone| zone.name().to_owned()),
            None => Some(text),
        };
        Ok(DatabaseServer {
            version: version.or_else(|| row.text(0)).unwrap_or_default(),
            is_remote: row.is_true(1),
            tls: row.text(2),
            shows_encryption: encryption.is_some(),
            encryption: encryption.and_then(|by| by.into_iter().next()),
            tls_by: self.product.tls_by,
            role: row.text(3),
            clock_ahead: row.number::<Millis>(4).map(|there| there - here),
            zone: row.text(5).and_then(zone),
        })
    }

    /// What of Oracle's ways can be proved on this server. `mapping`: of a log, or why there is none; `prefix`: also by tables that are dropped again, whose names begin so.
    ///
    /// # Errors
    /// It is another database, or it does not answer any more.
    pub async fn oracle_selfcheck(
        &mut self,
        mapping: std::result::Result<&Mapping, &str>,
        prefix: Option<&str>,
    ) -> Result<Vec<Proof>> {
        match &mut self.wire {
            Wire::Oracle(server) => {
                let selections = mapping.map_or_else(|_| Vec::new(), of_no_row);
                server.selfcheck(mapping.map(|mapping| (mapping, &*selections)), prefix).await
            }
            _ => bail!("--oracle-selfcheck: {} is no Oracle database; name one by --db", self.name),
        }
    }

    /// What may be done with these tables, the log first.
    ///
    /// # Errors
    /// The database's refusal.
    pub async fn rights(&mut self, tables: &[TableDescription]) -> Result<Rights> {
        let role = self.server().await?.role.unwrap_or_default();
        self.wire.rights(tables, &role).await
    }

    /// Every table and view with the columns that may be read, and the names of those of which none may.
    ///
    /// # Errors
    /// The database's refusal.
    pub async fn catalogue(&mut self) -> Result<(Vec<Described>, Vec<String>)> {
        self.wire.catalogue().await
    }

    /// Rows of both ends of a table.
    ///
    /// # Errors
    /// The database's refusal, after which it can be asked other things.
    pub async fn sample(&mut self, described: &Described) -> Result<Sample> {
        let newest = self.sampled(described, TableEnd::Newest).await?;
        let mut sample = Sample::of_newest(described, newest);
        if !sample.is_whole {
            let oldest = self.sampled(described, TableEnd::Oldest).await?;
            sample.add_oldest(described, oldest);
        }
        Ok(sample)
    }

    async fn sampled(&mut self, described: &Described, end: TableEnd) -> Result<Vec<Vec<Option<String>>>> {
        let is_guarded = self.product.refusal_ends_transaction;
        if is_guarded {
            self.rows(self.statement("SAVEPOINT sample", Vec::new())).await?;
        }
        let mut rows = Vec::new();
        let columns = described.table.columns.len();
        let statement = described.sample(self.dialect(), end);
        let mut add = |row: &dyn Cells| {
            rows.push((0..columns).map(|column| read::text(row, column)).collect::<Result<_>>()?);
            Ok(true)
        };
        let sampled = self.each(statement, &mut add).await;
        if is_guarded && sampled.is_err() {
            self.rows(self.statement("ROLLBACK TO SAVEPOINT sample", Vec::new())).await?;
        }
        sampled.map(|()| rows)
    }

    /// How many of so many rows have which status word; of the newest rows where the id is a key.
    ///
    /// # Errors
    /// The database's refusal.
    pub async fn status_counts(
        &mut self,
        mapping: &Mapping,
        by_key: bool,
        most: u32,
    ) -> Result<Vec<WordCount>> {
        let mut counted = Vec::new();
        let selection = Selection { limit: Some(most.into()), newest_first: by_key, ..Selection::default() };
        self.each(mapping.statement(&selection, STATUS_COUNTS), &mut |row| {
            let count = |column| Ok::<_, anyhow::Error>(u64::try_from(row.int(column)?.unwrap_or(0))?);
            counted.push(WordCount { word: read::text(row, 0)?, rows: count(1)?, with_error: count(2)? });
            Ok(true)
        })
        .await?;
        Ok(counted)
    }

    /// Whether a row has this status word.
    ///
    /// # Errors
    /// The database's refusal.
    pub async fn has_status(&mut self, mapping: &Mapping, word: &str) -> Result<bool> {
        let all = Window { since: None, until: None, zone: mapping.zone };
        let mut rows = 0;
        for mut selection in self.of_words(mapping, &[word.to_owned()], all).await? {
            (selection.limit, selection.own_only) = (Some(1), true);
            self.each(mapping.statement(&selection, COUNT), &mut |row| {
                rows += row.int(0)?.unwrap_or(0);
                Ok(true)
            })
            .await?;
        }
        Ok(rows > 0)
    }

    /// The number of rows, or one more than `most`.
    ///
    /// # Errors
    /// The database's refusal.
    pub async fn count(&mut self, mapping: &Mapping, most: u32) -> Result<u64> {
        let mut rows = 0;
        let selection =
            Selection { limit: Some(i64::from(most) + 1), own_only: true, ..Selection::default() };
        self.each(mapping.statement(&selection, COUNT), &mut |row| {
            rows = u64::try_from(row.int(0)?.unwrap_or(0))?;
            Ok(true)
        })
        .await?;
        Ok(rows)
    }

    /// Ids that have several rows, among so many rows.
    ///
    /// # Errors
    /// The database's refusal.
    pub async fn duplicates(&mut self, mapping: &Mapping, most: u32) -> Result<Vec<String>> {
        let mut ids = Vec::new();
        let selection = Selection { limit: Some(most.into()), own_only: true, ..Selection::default() };
        self.each(mapping.statement(&selection, DUPLICATES), &mut |row| {
            ids.push(read::text(row, 0)?.unwrap_or_default());
            Ok(true)
        })
        .await?;
        Ok(ids)
    }

    /// How many of so many rows fulfil each condition of the config; `None`: it has none.
    ///
    /// # Errors
    /// The database's refusal.
    pub async fn condition_counts(
        &mut self,
        mapping: &Mapping,
        most: u32,
    ) -> Result<Option<ConditionCounts>> {
        let Some((statement, written)) = mapping.condition_counts(most) else {
            return Ok(None);
        };
        let mut counts = ConditionCounts::default();
        self.each(statement, &mut |row| {
            let count = |column| Ok::<_, anyhow::Error>(u64::try_from(row.int(column)?.unwrap_or(0))?);
            counts.rows = count(0)?;
            let each = written.iter().zip(1..).map(|(written, column)| Ok((written.clone(), count(column)?)));
            counts.each = each.collect::<Result<_>>()?;
            counts.both = count(written.len() + 1)?;
            Ok(true)
        })
        .await?;
        Ok(Some(counts))
    }

    /// How the day before `now` would be found, and what makes that quick.
    ///
    /// # Errors
    /// The database's refusal.
    pub async fn indexing(&mut self, mapping: &Mapping, now: Millis) -> Result<Indexing> {
        let day = Window { since: Some(now - DAY), until: Some(now), zone: mapping.zone };
        let word = mapping.words.all().next().map(|word| vec![Bind::Text(word.to_owned())]);
        let mut indexing = Indexing { plan: self.plan(mapping, word, day).await?, ..Indexing::default() };
        let is_planned = self.product.status_words.is_some() && self.index(mapping, day).await?.is_some();
        let log = wanted_columns(mapping);
        let there = self.indexes(&mapping.table, log.as_deref().unwrap_or_default()).await?;
        // the planner may leave an index aside that it will use once there are more rows
        indexing.serves = is_planned || log.is_some_and(|log| serves(&there.columns, &log));
        if !indexing.serves {
            indexing.create.extend(there.create);
        }
        for join in &mapping.joins {
            let there = self.indexes(&join.table, &[&join.on]).await?;
            if !serves(&there.columns, &[&join.on]) {
                indexing.unserved.push(join.table.1.clone());
                indexing.create.extend(there.create);
            }
        }
        Ok(indexing)
    }

    async fn indexes(&mut self, table: &(String, String), wanted: &[&str]) -> Result<Indexes> {
        let mut indexes = self.wire.indexes(table, wanted).await?;
        indexes.create = indexes.create.filter(|_| !wanted.is_empty());
        Ok(indexes)
    }
}

/// Every way of choosing rows of a log, under a condition that none fulfils.
fn of_no_row(mapping: &Mapping) -> Vec<Selection> {
    let window = Window { since: Some(0), until: Some(1), zone: mapping.zone };
    let none = || Selection { ids: Some(Vec::new()), ..Selection::default() };
    let words = mapping.words.all().flat_map(|word| mapping.dialect.stored_word(word)).collect();
    let times = [
        TimeBounds::Any,
        TimeBounds::Inside(window),
        TimeBounds::InsideOrUnplaced(window),
        TimeBounds::Unplaced(window),
        TimeBounds::Missing,
        TimeBounds::Placed(window),
    ];
    let of_words = Selection { words: Some(words), with_kept_status: true, limit: Some(1), ..none() };
    let newest = Selection { own_only: true, newest_first: true, ..none() };
    times.map(|time| Selection { time, ..none() }).into_iter().chain([of_words, newest]).collect()
}
