//! Opens a log, and begins to compile the rules to read its errors with.

use std::thread;

use anyhow::{Result, anyhow, bail};
use chrono::Utc;
use chrono_tz::Tz;

use super::{Terms, imported, wanted};
use crate::cli::{Global, RowFilter};
use crate::config::{Config, Database, UserRules};
use crate::db::Db;
use crate::mapping::{Column, Mapping, Wanted};
use crate::model::{Meaning, Millis, WordCount};
use crate::provider::Profile;
use crate::reply::Classifier;
use crate::window::{self, Window};

/// Rows that are counted to name the status words there are, and words that are named.
const MOST_COUNTED: u32 = 1_000_000;
const MOST_WORDS: usize = 10;

/// The rules, being compiled while the database works: that takes as long as a small report.
pub struct Rules(thread::JoinHandle<Result<Classifier>>);

impl Rules {
    /// Begins to compile them.
    pub fn compiling(rules: UserRules) -> Self {
        Self(thread::spawn(|| rules.compile()))
    }

    /// Waits for them.
    ///
    /// # Errors
    /// A rule that cannot be used.
    pub fn ready(self) -> Result<Classifier> {
        self.0.join().map_err(|_| anyhow!("the rules cannot be compiled"))?
    }
}

/// Opens the database that was named, and learns from it the zone of naive times where the config names none.
///
/// # Errors
/// No database, or its refusal.
pub async fn open(named: Option<Database>, wanted: &mut Wanted) -> Result<(Db, Tz)> {
    let mut db = Db::open(&Database::target(named)?).await?;
    let zone = db.zone(wanted.zone).await?;
    wanted.zone = Some(zone);
    Ok((db, zone))
}

/// What every command on the log begins with.
pub struct Log {
    /// The provider whose limits count.
    pub profile: &'static Profile,
    /// Whether a mail server wrote it, which tries again by itself.
    pub tries_again: bool,
    /// Whether it was imported, so that nothing of it is sent again.
    pub is_imported: bool,
    /// The database.
    pub db: Db,
    /// The table, its columns and words.
    pub mapping: Mapping,
    /// The window that the command covers.
    pub window: Window,
    /// The moment that is looked at: now, or what `--at` says.
    pub now: Millis,
    /// The time by this machine's clock.
    pub clock: Millis,
    /// Where the ledger is; none: in the log's own database.
    pub ledger: Option<String>,
    /// Older mails are not sent again, in milliseconds.
    pub max_age: Millis,
    /// The log's status of a row while it is sent.
    pub claim_status: Option<String>,
    /// Whether questions are only written down.
    pub is_dry_run: bool,
}

impl Log {
    /// Opens the log, and begins to compile the rules to read its errors with. Without `--since` the window has the
    /// `usual` length in milliseconds, or begins with the log.
    ///
    /// # Errors
    /// Config, window, database.
    pub async fn open(
        flags: &Global,
        config: Config,
        rows: &RowFilter,
        usual: Option<Millis>,
    ) -> Result<(Self, Rules)> {
        Self::open_at(flags, config, rows, usual, None).await
    }

    /// The same as if it were another time.
    ///
    /// # Errors
    /// Config, window, database.
    pub async fn open_at(
        flags: &Global,
        config: Config,
        rows: &RowFilter,
        usual: Option<Millis>,
        at: Option<&str>,
    ) -> Result<(Self, Rules)> {
        let (max_age, claim_status) = (config.sending.max_age()?, config.sending.claim_status());
        let rules = Rules::compiling(config.rules);
        let clock = Utc::now().timestamp_millis();
        let window = |zone| {
            let now = at.map_or(Ok(clock), |at| window::end("--at", at, clock, zone))?;
            let until = rows.until.as_deref().or(at);
            let window = Window::read(rows.since.as_deref(), until, usual, now, zone)?;
            Ok::<_, String>((now, window))
        };
        // a mistake is reported before anything is opened
        window(config.wanted.zone.unwrap_or_default()).map_err(|error| anyhow!(error))?;
        let mut wanted = config.wanted;
        let (mut db, zone) = open(config.database, &mut wanted).await?;
        let mapping = db.mapping(&wanted).await?;
        let (now, window) = window(zone).map_err(|error| anyhow!(error))?;
        let is_imported = imported::is_imported(&mut db).await?;
        let server = if is_imported { imported::mail_server(&mut db).await? } else { None };
        let profile = server.filter(|_| !config.has_profile).unwrap_or(config.profile);
        if flags.print_sql {
            db.dry_run();
        }
        let is_dry_run = flags.print_sql;
        let ledger = config.ledger;
        let tries_again = server.is_some();
        let log = Self {
            profile,
            tries_again,
            is_imported,
            db,
            mapping,
            window,
            now,
            clock,
            ledger,
            max_age,
            claim_status,
            is_dry_run,
        };
        Ok((log, rules))
    }

    /// When it is, and what decides whether a mail goes again.
    pub fn terms(&self) -> Terms {
        let (now, clock, max_age) = (self.now, self.clock, self.max_age);
        Terms { now, clock, max_age, claim_status: self.claim_status.clone() }
    }

    /// Refuses a status word that is neither in the mapping nor in the log.
    ///
    /// # Errors
    /// It is such a word, with those that there are; or the database's refusal.
    pub async fn check_status(&mut self, status: Option<&str>) -> Result<()> {
        let Some(word) = status.filter(|_| !self.is_dry_run && self.mapping.has(Column::Status)) else {
            return Ok(());
        };
        let is_mapped = self.mapping.words.all().any(|known| known == self.mapping.words.known(word));
        if is_mapped || self.db.has_status(&self.mapping, word).await? {
            return Ok(());
        }
        let counts = self.db.status_counts(&self.mapping, false, MOST_COUNTED).await?;
        let show = |count: WordCount| {
            let word =
                count.word.map_or_else(|| "NULL".to_owned(), |word| format!("'{}'", word.escape_debug()));
            format!("{word} ({})", count.rows)
        };
        let words: Vec<String> = counts.into_iter().take(MOST_WORDS).map(show).collect();
        bail!(
            "--status {}: no row of {} has this status; its words are {}",
            word.escape_debug(),
            self.mapping.table.1,
            if words.is_empty() { "none, for it has no rows".to_owned() } else { words.join(", ") }
        )
    }

    /// The words of failed mails that are asked for: those the mapping says, but for a wish of the user's.
    pub fn failed_words(&self, rows: &RowFilter) -> Vec<String> {
        self.mapping
            .words
            .of(Meaning::Failed)
            .map(str::to_owned)
            .filter(|word| wanted(rows.status.as_deref(), Some(word)))
            .collect()
    }
}
