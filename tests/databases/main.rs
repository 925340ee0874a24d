//! The same answers from every database, and what is particular to each.
#![allow(missing_docs, clippy::unwrap_used)]

mod conformance;
mod models;
mod oracle_attempts;
mod oracle_client;
mod oracle_columns;
mod oracle_selfcheck;
mod oracle_sessions;
mod oracle_values;
mod postgres;
mod queries;
#[path = "../smtp_server/mod.rs"]
mod smtp_server;
#[path = "../support/mod.rs"]
mod support;
