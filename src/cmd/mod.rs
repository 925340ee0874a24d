//! The commands, a file each: load, call, print. Here is what they share.

mod alert;
mod ask;
mod candidates;
mod doctor;
mod explain;
mod failures;
mod import;
mod imported;
mod init;
mod interrupt;
mod mails;
mod report;
mod resend;
mod test_rules;

use std::io::{self, IsTerminal, Write};
use std::thread;

use anyhow::{Context, Result, anyhow, bail};
use chrono::Utc;
use chrono_tz::Tz;
use clap::error::ErrorKind;

use crate::cli::{Cli, Command, Global, Rows, When};
use crate::config::{Config, Database, UserRules};
use crate::db::oracle::NoClient;
use crate::db::{Db, Place, Target};
use crate::exit::Exit;
use crate::mapping::{Dialect, Mapping, Wanted};
use crate::model::{Mail, Meaning, Millis};
use crate::output::escape;
use crate::output::failures::Attempt;
use crate::output::text::Look;
use crate::provider::Profile;
use crate::reply::Classifier;
use crate::resend::ledger::{Key, Past, PastAttempt, read_attempts, read_past};
use crate::window::{self, Window};

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
    // what sends or takes in has to settle what is under way first
    let settles_itself = matches!(cli.command, Command::Resend(_) | Command::Import(_));
    let ran = runtime.block_on(async {
        tokio::select! {
            // asked first, so that it is listened for before anything begins
            biased;
            _ = tokio::signal::ctrl_c(), if !settles_itself => Ok(Exit::Interrupted),
            ran = command(cli) => ran,
        }
    });
    // a thread that still waits, for stdin or for a lock, is not waited for
    runtime.shutdown_background();
    ran
}

async fn command(cli: &Cli) -> Result<Exit> {
    if cli.global.format.is_for_monitors() && !matches!(cli.command, Command::Alert(_)) {
        bail!(
            "--format: nagios and prometheus are written by alert alone; choose table, json, ndjson, csv or markdown"
        );
    }
    match &cli.command {
        Command::Report(args) => report::run(&cli.global, args).await,
        Command::Failures(args) => failures::run(&cli.global, args).await,
        Command::Explain(args) => explain::run(&cli.global, args).await,
        Command::Resend(args) => resend::run(&cli.global, args).await,
        Command::Init(args) => init::run(&cli.global, args).await,
        Command::Doctor(args) => doctor::run(&cli.global, args).await,
        Command::Alert(args) => alert::run(&cli.global, args).await,
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
        let reason = anyhow!("{}; see --help", reason.replace("\n\n  tip:", ";"));
        if !alert::answers_monitor(&reason) {
            complain(&reason);
        }
    } else {
        if error.print().is_err() {
            return Exit::Unknown;
        }
    }
    if error.use_stderr() { Exit::Unknown } else { Exit::Fine }
}

/// Prints an error on stderr, as one line.
pub fn complain(error: &anyhow::Error) {
    // how to get a library that is missing takes more than a line
    let lines = match error.downcast_ref::<NoClient>() {
        Some(NoClient(lines)) => lines.to_vec(),
        None => vec![format!("{error:#}")],
    };
    for line in lines {
        let _ = writeln!(io::stderr(), "{}", escape::line(&format!("mailthrottle: {line}")));
    }
}

/// Sends what the program says of its own doings to stderr.
fn speak_up(flags: &Global) {
    let level = match (flags.quiet, flags.verbose) {
        (true, _) => tracing::Level::ERROR,
        (false, 0) => tracing::Level::WARN,
        (false, 1) => tracing::Level::INFO,
        (false, _) => tracing::Level::DEBUG,
    };
    let is_terminal = io::stderr().is_terminal();
    let writer = move || {
        let mut stderr = io::stderr();
        if is_terminal {
            // over a line of progress that may stand there
            let _ = stderr.write_all(b"\r\x1b[K");
        }
        stderr
    };
    tracing_subscriber::fmt()
        .with_max_level(level)
        .with_writer(writer)
        .with_ansi(look(flags).color && is_terminal)
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
    printed(out.write_all(text.as_bytes()).and_then(|()| out.flush()))
}

/// Prints a result that comes in pieces.
fn print_pieces(pieces: impl Iterator<Item = Result<String>>) -> Result<()> {
    let mut out = io::BufWriter::new(io::stdout().lock());
    for piece in pieces {
        let piece = piece?;
        if out.write_all(piece.as_bytes()).is_err() {
            break;
        }
    }
    printed(out.flush())
}

fn printed(written: io::Result<()>) -> Result<()> {
    match written {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        written => written.context("cannot write to stdout"),
    }
}

/// Prints an answer, once it is sure that it came from one state of the database, or with `--print-sql` what would have
/// been asked for it.
fn print_settled(db: &Db, flags: &Global, answer: &str) -> Result<()> {
    db.settle()?;
    if !flags.print_sql {
        return print(answer);
    }
    let statements: Vec<String> = db.rehearsed().iter().map(ToString::to_string).collect();
    print(&statements.join("\n"))
}

/// The rules, being compiled while the database works: that takes as long as a small report.
struct Rules(thread::JoinHandle<Result<Classifier>>);

impl Rules {
    fn compiling(rules: UserRules) -> Self {
        Self(thread::spawn(|| rules.compile()))
    }

    fn ready(self) -> Result<Classifier> {
        self.0.join().map_err(|_| anyhow!("the rules cannot be compiled"))?
    }
}

/// What the ledger knows of a log: the one in a file of its own if it is named, else the one beside the log.
async fn past(db: &mut Db, mapping: &Mapping, ledger: Option<&str>) -> Result<Past> {
    let past = match separate_ledger(ledger).await? {
        Some(mut ledger) => read_past(&mut ledger, &mapping.table, Dialect::Sqlite).await?,
        None => read_past(db, &mapping.table, mapping.dialect).await?,
    };
    if past.is_closed {
        tracing::warn!("what resend has done is not known here: {CLOSED}");
    }
    Ok(past)
}

/// What lets somebody read a ledger that another role has made.
const CLOSED: &str = "the ledger may not be read; ask for: GRANT SELECT ON mailthrottle_mail, mailthrottle_migration, mailthrottle_attempt TO you";

/// The ledger in a file of its own, if there is one and it has been made.
async fn separate_ledger(url: Option<&str>) -> Result<Option<Db>> {
    let Some(url) = url.filter(|url| !ledger_is_missing(url)) else {
        return Ok(None);
    };
    let target = Target { url: url.to_owned(), ..Target::default() };
    Db::open(&target).await.map(Some)
}

/// Whether the file of a separate ledger is not there yet.
fn ledger_is_missing(url: &str) -> bool {
    !matches!(Place::of(url), Ok(Place::File(path)) if std::path::Path::new(path).exists())
}

/// Opens the database that was named, and learns from it the zone of naive times where the config names none.
async fn open(named: Option<Database>, wanted: &mut Wanted) -> Result<(Db, Tz)> {
    let mut db = Db::open(&Database::target(named)?).await?;
    let zone = db.zone(wanted.zone).await?;
    wanted.zone = Some(zone);
    Ok((db, zone))
}

/// What every command on the log begins with.
struct Log {
    profile: &'static Profile,
    /// Whether a mail server wrote it, which tries again by itself.
    tries_again: bool,
    db: Db,
    mapping: Mapping,
    window: Window,
    /// The moment the command was given.
    now: Millis,
    /// Where the ledger is; none: in the log's own database.
    ledger: Option<String>,
    /// Older mails are not sent again, in milliseconds.
    max_age: Millis,
    /// Whether questions are only written down.
    is_rehearsal: bool,
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
        Self::open_at(flags, config, rows, usual, None).await
    }

    /// The same as if it were another time.
    async fn open_at(
        flags: &Global,
        config: Config,
        rows: &Rows,
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
        // a mistake is told before anything is opened
        window(config.wanted.zone.unwrap_or_default()).map_err(|error| anyhow!(error))?;
        let mut wanted = config.wanted;
        let (mut db, zone) = open(config.database, &mut wanted).await?;
        let mapping = db.mapping(&wanted).await?;
        let (now, window) = window(zone).map_err(|error| anyhow!(error))?;
        let server = imported::mail_server(&mut db, mapping.dialect).await?;
        let profile = server.filter(|_| !config.has_profile).unwrap_or(config.profile);
        if flags.print_sql {
            db.rehearse();
        }
        let is_rehearsal = flags.print_sql;
        let ledger = config.ledger;
        let tries_again = server.is_some();
        Ok((Self { profile, tries_again, db, mapping, window, now, ledger, max_age, is_rehearsal }, rules))
    }

    fn print(&self, flags: &Global, answer: &str) -> Result<()> {
        print_settled(&self.db, flags, answer)
    }

    /// What the ledger knows of this log; nothing where there is none.
    async fn past(&mut self) -> Result<Past> {
        past(&mut self.db, &self.mapping, self.ledger.as_deref()).await
    }

    /// How sending a mail again went so far.
    async fn attempts(&mut self, id: &str, at: Option<Millis>) -> Result<Vec<Attempt>> {
        let (table, key) = (self.mapping.table.clone(), Key { id: id.to_owned(), sent_date: at });
        let past = match separate_ledger(self.ledger.as_deref()).await? {
            Some(mut ledger) => read_attempts(&mut ledger, &table, Dialect::Sqlite, &key).await?,
            None => read_attempts(&mut self.db, &table, self.mapping.dialect, &key).await?,
        };
        let attempt = |past: PastAttempt| Attempt {
            run_id: past.run,
            ended_at: past.ended_at,
            outcome: past.outcome,
            reply: past.reply,
            class: past.class,
            message_id: past.message_id,
        };
        Ok(past.into_iter().map(attempt).collect())
    }

    /// The mails of the window that failed and were sent again, whose status says so by now.
    async fn recovered(&mut self, past: &Past, rows: &Rows) -> Result<Vec<Mail>> {
        let mut recovered = Vec::new();
        for id in past.sent_within(self.window) {
            for mail in self.db.mail(&self.mapping, &id).await? {
                let is_asked_for = wanted(rows.status.as_deref(), mail.status.as_deref())
                    && wanted(rows.sender.as_deref(), mail.sender.as_deref());
                let says_sent = self.mapping.words.meaning(mail.status.as_deref()) == Meaning::Sent;
                if is_asked_for && says_sent && past.is_sent(&mail.id, mail.at) {
                    recovered.push(mail);
                }
            }
        }
        Ok(recovered)
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
