//! Parse, run, print the error, exit.

use std::process::ExitCode;

use clap::Parser;
use mailthrottle::cli::Cli;
use mailthrottle::cmd;
use mailthrottle::exit::Exit;

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return cmd::usage(&error).into(),
    };
    match cmd::run(&cli) {
        Ok(exit) => exit.into(),
        Err(error) => {
            cmd::print_error(&error);
            Exit::Unknown.into()
        }
    }
}
