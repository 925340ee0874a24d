//! mailthrottle reads an application's mail log and says which mails failed, why, and what to do.

pub mod address;
pub mod analysis;
pub mod cli;
pub mod cmd;
mod config;
pub mod db;
pub mod digest;
pub mod exit;
mod http;
pub mod import;
mod log;
pub mod mapping;
pub mod model;
pub mod output;
pub mod provider;
pub mod reply;
pub mod resend;
pub mod secret;
mod window;
pub mod zone;
