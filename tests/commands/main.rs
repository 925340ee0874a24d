//! What the commands say of a log, and what they do with bad input.
#![allow(missing_docs, clippy::unwrap_used)]

mod alert;
mod alert_cron;
mod alert_histories;
mod bad_input;
mod doctor;
mod explain;
mod failures;
mod incident;
mod init;
mod joins;
mod known;
mod known_histories;
mod known_outputs;
mod odd_logs;
mod presets;
mod readme;
mod recipes;
mod replies;
mod report;
#[path = "../support/mod.rs"]
mod support;
mod truth;
mod user_rules;
