//! The commands, a file each: load, call, print.

mod alert;
mod ask;
mod atomic_file;
mod candidates;
mod doctor;
mod explain;
mod failures;
mod import;
mod init;
mod interrupt;
mod print;
mod report;
mod resend;
mod selfcheck;
mod test_rules;

use std::io::{self, IsTerminal, Write};

use anyhow::{Context, Result, anyhow, bail};
use clap::error::ErrorKind;

use crate::cli::{Cli, Command, Global};
use crate::exit::Exit;
pub use print::print_error;
use print::{format, look, print, print_settled, print_statements, print_view};

/// Runs a command.
///
/// # Errors
/// Whatever kept it from finding out; nothing was changed.
pub fn run(cli: &Cli) -> Result<Exit> {
    init_logging(&cli.global);
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
    if cli.global.format.of_every_command().is_none() && !matches!(cli.command, Command::Alert(_)) {
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
            print_error(&reason);
        }
    } else {
        if error.print().is_err() {
            return Exit::Unknown;
        }
    }
    if error.use_stderr() { Exit::Unknown } else { Exit::Fine }
}

/// Sends what the program says of its own doings to stderr.
fn init_logging(flags: &Global) {
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
            // over a line of progress that may be there
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
