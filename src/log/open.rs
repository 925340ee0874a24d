//! Opens a log, and begins to compile the rules to read its errors with.

use std::thread;

use anyhow::{Result, anyhow};
use chrono::Utc;
use chrono_tz::Tz;

use super::{imported, wanted};
use crate::cli::{Global, RowFilter};
use crate::config::{Config, Database, UserRules};
use crate::db::Db;
use crate::mapping::{Mapping, Wanted};
use crate::model::{Meaning, Millis};
use crate::provider::Profile;
use crate::reply::Classifier;
use crate::window::{self, Window};

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
    /// The database.
    pub db: Db,
    /// The table, its columns and words.
    pub mapping: Mapping,
    /// The window that the command covers.
    pub window: Window,
    /// The moment the command was given.
    pub now: Millis,
    /// Where the ledger is; none: in the log's own database.
    pub ledger: Option<String>,
    /// Older mails are not sent again, in milliseconds.
    pub max_age: Millis,
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
        let max_age = config.sending.max_age()?;
        let rules = Rules::compiling(config.rules);
        let clock = Utc::now().timestamp_millis();
        let window = |zone| {
            let now = at.map_or(Ok(clock), |at| window::end("--at", at, clock, zone))?;
            let window = Window::read(rows.since.as_deref(), rows.until.as_deref(), usual, now, zone)?;
            Ok::<_, String>((now, window))
        };
        // a mistake is reported before anything is opened
        window(config.wanted.zone.unwrap_or_default()).map_err(|error| anyhow!(error))?;
        let mut wanted = config.wanted;
        let (mut db, zone) = open(config.database, &mut wanted).await?;
        let mapping = db.mapping(&wanted).await?;
        let (now, window) = window(zone).map_err(|error| anyhow!(error))?;
        let server = imported::mail_server(&mut db).await?;
        let profile = server.filter(|_| !config.has_profile).unwrap_or(config.profile);
        if flags.print_sql {
            db.dry_run();
        }
        let is_dry_run = flags.print_sql;
        let ledger = config.ledger;
        let tries_again = server.is_some();
        Ok((Self { profile, tries_again, db, mapping, window, now, ledger, max_age, is_dry_run }, rules))
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
