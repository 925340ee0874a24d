//! How results and errors are shown: results on stdout, all else on stderr.

use std::io::{self, IsTerminal, Write};

use anyhow::{Context, Result};

use crate::cli::{Global, When};
use crate::db::Db;
use crate::db::oracle::NoClient;
use crate::output::text::TextStyle;
use crate::output::{self, Format, Pieces, View, escape};

/// Columns of text where there is no terminal to ask, and COLUMNS says nothing.
const STABLE_WIDTH: u16 = 100;

/// Narrower than this nothing can be laid out.
const LEAST_WIDTH: u16 = 40;

/// Prints an error on stderr, as one line.
pub fn print_error(error: &anyhow::Error) {
    // how to get a library that is missing takes more than a line
    let lines = match error.downcast_ref::<NoClient>() {
        Some(NoClient(lines)) => lines.to_vec(),
        None => vec![format!("{error:#}")],
    };
    for line in lines {
        let _ = writeln!(io::stderr(), "{}", escape::line(&format!("mailthrottle: {line}")));
    }
}

/// How text may look on stdout.
pub fn look(flags: &Global) -> TextStyle {
    let terminal = io::stdout().is_terminal();
    let of_terminal = || terminal_size::terminal_size().map(|(width, _)| width.0);
    let said = || std::env::var("COLUMNS").ok().and_then(|columns| columns.trim().parse().ok());
    let width = if terminal { of_terminal().or_else(said) } else { said() };
    let color = match flags.color {
        When::Always => true,
        When::Never => false,
        When::Auto => terminal && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty()),
    };
    TextStyle { width: width.unwrap_or(STABLE_WIDTH).max(LEAST_WIDTH), color }
}

/// Prints a result. A reader that has seen enough and closed the pipe is no error.
pub fn print(text: &str) -> Result<()> {
    let mut out = io::stdout().lock();
    printed(out.write_all(text.as_bytes()).and_then(|()| out.flush()))
}

/// Prints a result in the format that is asked for.
pub fn print_view(flags: &Global, view: &impl View) -> Result<()> {
    print_pieces(output::written(view, format(flags), look(flags))?)
}

/// The format that is asked for; what only monitors read was refused before.
pub fn format(flags: &Global) -> Format {
    flags.format.of_every_command().unwrap_or_default()
}

fn print_pieces(pieces: Pieces<'_>) -> Result<()> {
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
pub fn print_settled(db: &Db, flags: &Global, answer: &impl View) -> Result<()> {
    db.settle()?;
    if flags.print_sql { print_statements(db) } else { print_view(flags, answer) }
}

/// Prints what would have been asked.
pub fn print_statements(db: &Db) -> Result<()> {
    let statements: Vec<String> = db.would_ask().iter().map(ToString::to_string).collect();
    print(&statements.join("\n"))
}
