//! Messages, and how they are handed to a server.
#![allow(missing_docs, clippy::unwrap_used)]

mod dialogue;
mod faults;
mod login;
mod message;
mod sink;
#[path = "../smtp_server/mod.rs"]
mod smtp_server;
#[path = "../support/mod.rs"]
mod support;
