//! `mailthrottle import`: logs of applications and mail servers become an `email_log` in a SQLite file.

mod importing;

use std::io::IsTerminal;

use anyhow::{Context, Result, anyhow, bail};
use tokio::sync::watch;

use super::interrupt::interrupted;
use super::print_view;
use crate::cli::{Global, ImportArgs as Args};
use crate::config::{Config, Database};
use crate::exit::Exit;
use crate::import::LogFormat;
use crate::mapping::wanted::Flags;
use crate::mapping::{RawMapping, Wanted};
use crate::output::import::Formats;
use crate::output::import::Imported;
use importing::{ImportRequest, Importing, UnparsedFile};

/// Runs the command.
///
/// # Errors
/// Config, database, a file that cannot be read.
pub async fn run(flags: &Global, args: &Args) -> Result<Exit> {
    if args.list {
        print_view(flags, &Formats::all())?;
        return Ok(Exit::Fine);
    }
    let mut config = Config::load(flags)?;
    for column in &args.column {
        let (name, own) = column.split_once('=').with_context(|| {
            format!("--column '{}': write NAME=COLUMN, such as time=Received", column.escape_debug())
        })?;
        config.import.columns.set(name, own).map_err(|error| anyhow!("--column: {error}"))?;
    }
    if args.follow && (args.files.len() > 1 || args.files[0] == "-") {
        bail!("--follow: give one file to follow; start one import for each");
    }
    let wish =
        ImportRequest { format: args.format_of_log, follow: args.follow, is_shown: shows_progress(flags) };
    let path = if args.dry_run { None } else { Some(sqlite_path(config.database.take())?) };
    let mut importing = Importing::start(wish, &config, path.as_deref()).await?;
    importing.left = args.unparsed.as_deref().map(UnparsedFile::open).transpose()?;
    importing.stop = stop_at_interrupt();
    let clean = importing.files(&args.files).await?;
    let is_stopped = importing.is_stopped();
    let database = path.map(|path| format!("sqlite:{path}"));
    let imported = Imported::new(database, importing.close().await?);
    print_view(flags, &imported)?;
    Ok(match clean {
        _ if is_stopped => Exit::Interrupted,
        true => Exit::Fine,
        false => Exit::Unknown,
    })
}

/// Becomes true when a person wants no more.
fn stop_at_interrupt() -> watch::Receiver<bool> {
    let (stop, stopped) = watch::channel(false);
    tokio::spawn(async move {
        interrupted().await;
        stop.send_replace(true);
        // whoever waits for it must not see it closed
        stop.closed().await;
    });
    stopped
}

/// The path of the file to import into.
fn sqlite_path(database: Option<Database>) -> Result<String> {
    let url = Database::target(database)?.url;
    let path =
        url.strip_prefix("sqlite:").map_or(url.as_str(), |path| path.strip_prefix("//").unwrap_or(path));
    if path.contains("://") {
        bail!("import writes SQLite files only; give one of its own, as --db sqlite:imported.db");
    }
    Ok(path.to_owned())
}

/// Logs in a database that is gone when this is.
pub struct Temporary {
    folder: tempfile::TempDir,
    /// What the files are called together.
    pub name: String,
    /// Whether all of them could be read whole.
    pub clean: bool,
}

impl Temporary {
    /// Takes log files in, for one command.
    ///
    /// # Errors
    /// The temporary folder's, or the only file's.
    pub async fn of(
        flags: &Global,
        config: &Config,
        files: &[String],
        format: Option<LogFormat>,
    ) -> Result<Self> {
        let folder = tempfile::tempdir().context("no temporary folder can be made; set TMPDIR to one")?;
        let wish = ImportRequest { format, follow: false, is_shown: shows_progress(flags) };
        let path = folder.path().join("log.db");
        let mut importing = Importing::start(wish, config, path.to_str()).await?;
        let clean = importing.files(files).await?;
        importing.close().await?;
        Ok(Self { folder, name: files.join(", "), clean })
    }

    /// The config that reads them.
    ///
    /// # Errors
    /// None: the table is the program's own.
    pub fn config(&self, config: Config) -> Result<Config> {
        let own = RawMapping::default().check(Flags::default()).map_err(|error| anyhow!(error))?;
        let wanted = Wanted { zone: config.wanted.zone, ..own };
        Ok(Config { wanted, database: Some(Database::file(&self.folder.path().join("log.db"))), ..config })
    }
}

fn shows_progress(flags: &Global) -> bool {
    !flags.quiet && std::io::stderr().is_terminal()
}
