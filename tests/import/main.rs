//! Logs of applications and mail servers, made into a table.
#![allow(missing_docs, clippy::unwrap_used)]

mod follow;
mod input;
mod mail_servers;
#[path = "../support/mod.rs"]
mod support;
mod table;
