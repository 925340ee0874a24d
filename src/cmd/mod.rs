//! The commands, a file each: load, call, print. Here is what they share.

mod explain;
mod failures;
mod import;
mod report;
mod test_rules;

use std::io::{self, IsTerminal, Write};
use std::thread;

use anyhow::{Context, Result, anyhow};
use chrono::Utc;
use clap::error::ErrorKind;

use crate::cli::{Cli, Command, Global, Rows, When};
use crate::config::{Config, Database};
use crate::db::Db;
use crate::exit::Exit;
use crate::mapping::Mapping;
use crate::model::{Meaning, Millis};
use crate::output::escape;
use crate::output::text::Look;
use crate::provider::Profile;
use crate::reply::Classifier;
use crate::window::Window;

/// Columns of text where there is no terminal to ask.
const STABLE_WIDTH: u16 = 100;

/// Narrower than this nothing can be laid out.
const LEAST_WIDTH: u16 = 40;

/// Runs a command.
///
/// # Errors
/// Whatever kept it from finding out; nothing was changed.
pub fn run(cli: &Cli) -> Result<Exit> {
    speak_up(&cli.global);
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().context("cannot start")?;
    let ran = runtime.block_on(async {
        tokio::select! {
            // asked first, so that it is listened for before anything begins
            biased;
            _ = tokio::signal::ctrl_c() => Ok(Exit::Interrupted),
            ran = command(cli) => ran,
        }
    });
    // a thread that still waits, for stdin or for a lock, is not waited for
    runtime.shutdown_background();
    ran
}

async fn command(cli: &Cli) -> Result<Exit> {
    match &cli.command {
        Command::Report(args) => report::run(&cli.global, args).await,
        Command::Failures(args) => failures::run(&cli.global, args).await,
        Command::Explain(args) => explain::run(&cli.global, args).await,
        Command::Import(args) => import::run(&cli.global, args).await,
    }
}

/// Answers a usage error, or a wish for help, which is no error.
pub fn usage(error: &clap::Error) -> Exit {
    let is_mistake =
        error.use_stderr() && error.kind() != ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand;
    if is_mistake {
        let text = error.to_string();
        let reason = text.split("Usage:").next().unwrap_or_default().trim_start_matches("error:");
        let reason = reason.split("For more information").next().unwrap_or_default().trim();
        complain(&anyhow!("{}; see --help", reason.replace("\n\n  tip:", ";")));
    } else {
        if error.print().is_err() {
            return Exit::Unknown;
        }
    }
    if error.use_stderr() { Exit::Unknown } else { Exit::Fine }
}

/// Prints an error as one line on stderr.
pub fn complain(error: &anyhow::Error) {
    let line = escape::line(&format!("mailthrottle: {error:#}"));
    let _ = writeln!(io::stderr(), "{line}");
}

/// Sends what the program says of its own doings to stderr.
fn speak_up(flags: &Global) {
    let level = match (flags.quiet, flags.verbose) {
        (true, _) => tracing::Level::ERROR,
        (false, 0) => tracing::Level::WARN,
        (false, 1) => tracing::Level::INFO,
        (false, _) => tracing::Level::DEBUG,
    };
    tracing_subscriber::fmt()
        .with_max_level(level)
        .with_writer(io::stderr)
        .with_ansi(look(flags).color && io::stderr().is_terminal())
        .without_time()
        .with_target(false)
        .init();
}

/// How text may look on stdout.
fn look(flags: &Global) -> Look {
    let terminal = io::stdout().is_terminal();
    let width = if terminal { terminal_size::terminal_size().map(|(width, _)| width.0) } else { None };
    let color = match flags.color {
        When::Always => true,
        When::Never => false,
        When::Auto => terminal && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty()),
    };
    Look { width: width.unwrap_or(STABLE_WIDTH).max(LEAST_WIDTH), color }
}

/// Prints a result. A reader that has seen enough and closed the pipe is no error.
fn print(text: &str) -> Result<()> {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        written => written.context("cannot write to stdout"),
    }
}

/// The rules, being compiled while the database works: that takes as long as a small report.
struct Rules(thread::JoinHandle<Result<Classifier>>);

impl Rules {
    fn ready(self) -> Result<Classifier> {
        self.0.join().map_err(|_| anyhow!("the rules cannot be compiled"))?
    }
}

/// What every command on the log begins with.
struct Log {
    profile: &'static Profile,
    db: Db,
    mapping: Mapping,
    window: Window,
    /// The moment the command was given.
    now: Millis,
}

impl Log {
    /// Opens the log, and begins to compile the rules to read its errors with. Without `--since` the window has the
    /// `usual` length in milliseconds, or begins with the log.
    async fn open(
        flags: &Global,
        config: Config,
        rows: &Rows,
        usual: Option<Millis>,
    ) -> Result<(Self, Rules)> {
        let rules = Rules(thread::spawn(|| config.rules.compile()));
        let now = Utc::now().timestamp_millis();
        let window =
            Window::read(rows.since.as_deref(), rows.until.as_deref(), usual, now, config.wanted.zone);
        let window = window.map_err(|error| anyhow!(error))?;
        let mut db = Db::open(&Database::target(config.database)?).await?;
        let mapping = db.mapping(&config.wanted).await?;
        if flags.print_sql {
            db.rehearse();
        }
        Ok((Self { profile: config.profile, db, mapping, window, now }, rules))
    }

    /// Prints the answer, or with `--print-sql` what would have been asked for it.
    fn print(&self, flags: &Global, answer: &str) -> Result<()> {
        self.db.settle()?;
        if !flags.print_sql {
            return print(answer);
        }
        let statements: Vec<String> = self.db.rehearsed().iter().map(ToString::to_string).collect();
        print(&statements.join("\n"))
    }

    /// The words of failed mails that are asked for: those the mapping says, but for a wish of the user's.
    fn failed_words(&self, rows: &Rows) -> Vec<String> {
        self.mapping
            .words
            .of(Meaning::Failed)
            .map(str::to_owned)
            .filter(|word| wanted(rows.status.as_deref(), Some(word)))
            .collect()
    }
}

/// Whether a value is the one wished for, if one is.
fn wanted(wish: Option<&str>, value: Option<&str>) -> bool {
    wish.is_none_or(|wish| value == Some(wish))
}
