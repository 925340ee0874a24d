//! The crash proof: the program is killed, interrupted or disturbed in the middle of a batch, and started again until it is
//! done; nothing is lost or sent twice, and what may have been delivered is listed as in doubt.
#![allow(missing_docs, clippy::unwrap_used)]

mod disturbed;
mod killed;
mod proof;
#[path = "../smtp_server/mod.rs"]
mod smtp_server;
#[path = "../support/mod.rs"]
mod support;
