//! An SMTP server on the loopback that throttles like a provider, to try `mailthrottle resend` against.
//!
//! It prints a line for each message it accepts or refuses, delivers nothing, and on Ctrl-C says what it has seen:
//! `cargo run --example smtp_server -- --port 2525 --limit 3`
#![allow(clippy::unwrap_used)]

#[path = "../tests/smtp_server/mod.rs"]
mod smtp_server;

use std::time::Duration;

use clap::{Parser, ValueEnum};
use mailthrottle::model::Stage;
use smtp_server::{Fault, Rate, RefuseAt, Settings, SmtpServer, WhenFull};

/// Throttles like a provider, delivers nothing
#[derive(Parser)]
struct Args {
    /// Port on 127.0.0.1; 0 takes a free one
    #[arg(long, default_value_t = 2525)]
    port: u16,
    /// Connections that may send at once
    #[arg(long, default_value_t = 3)]
    limit: usize,
    /// Where connections beyond the limit are refused
    #[arg(long, value_enum, default_value = "dot")]
    refuse_at: Place,
    /// How long after its end a connection still counts
    #[arg(long, value_parser = humantime::parse_duration, default_value = "100ms")]
    freed_after: Duration,
    /// Messages in a window, as in 30/1m; more are delayed
    #[arg(long, value_parser = rate)]
    rate: Option<(usize, Duration)>,
    /// Refuse with 421 what is beyond the rate, and hang up
    #[arg(long, requires = "rate")]
    refuse_rate: bool,
    /// Recipients until the quota is used up
    #[arg(long)]
    recipients_per_day: Option<usize>,
    /// The sender's mailbox is full
    #[arg(long)]
    mailbox_full: bool,
    /// Answers take so long
    #[arg(long, value_parser = humantime::parse_duration, default_value = "0s")]
    round_trip: Duration,
    /// The answer to each message takes so much longer
    #[arg(long, value_parser = humantime::parse_duration, default_value = "50ms")]
    dot: Duration,
    /// Accept the message with this number and hang up without an answer
    #[arg(long)]
    lose_reply: Option<u64>,
    /// Do not offer PIPELINING
    #[arg(long)]
    no_pipelining: bool,
}

#[derive(Clone, Copy, ValueEnum)]
enum Place {
    Banner,
    Mail,
    Dot,
}

fn rate(text: &str) -> Result<(usize, Duration), String> {
    let (messages, per) = text.split_once('/').ok_or("a rate is written as 30/1m")?;
    let messages = messages.parse().map_err(|_| format!("{messages:?} is no number"))?;
    Ok((messages, humantime::parse_duration(per).map_err(|error| error.to_string())?))
}

impl Args {
    fn settings(&self) -> Settings {
        let when_full = if self.refuse_rate { WhenFull::Refuse } else { WhenFull::Delay };
        Settings {
            port: self.port,
            limit: self.limit,
            refuse_at: match self.refuse_at {
                Place::Banner => RefuseAt::Banner,
                Place::Mail => RefuseAt::Mail,
                Place::Dot => RefuseAt::Dot,
            },
            place_freed_after: self.freed_after,
            rate: self.rate.map(|(messages, per)| Rate { messages, per, when_full }),
            recipients_per_day: self.recipients_per_day,
            mailbox_full: self.mailbox_full,
            round_trip: self.round_trip,
            latency: vec![(Stage::Dot, self.dot)],
            pipelining: !self.no_pipelining,
            faults: self
                .lose_reply
                .map(|nth| Fault::hang_up(Stage::Dot).accepting().nth(nth))
                .into_iter()
                .collect(),
            report: Some(|line| println!("{line}")),
            ..Settings::default()
        }
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let server = SmtpServer::start(Args::parse().settings());
    println!("listening on 127.0.0.1:{}", server.port);
    tokio::signal::ctrl_c().await.unwrap();
    let accepted = server.accepted();
    let seen = server.seen();
    println!(
        "{} accepted, {} of them more than once, {} refused, {} connections, at most {} sending",
        seen.accepted.len(),
        accepted.values().filter(|count| **count > 1).count(),
        seen.refusals.values().sum::<usize>(),
        seen.connections,
        seen.peak_sending
    );
}
