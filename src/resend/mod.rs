//! Sending failed mail again, each mail once and under the provider's caps.
//!
//! The `engine` decides what goes when, by `pace` and `backoff`; `message` builds what goes; `selection` says which rows
//! go at all. They are pure. `transport` touches the network, `ledger` the database, and `driver` brings them together.

pub mod attachments;
pub mod backoff;
pub mod driver;
pub mod engine;
pub mod failpoints;
pub mod fingerprint;
pub mod kept;
pub mod ledger;
pub mod message;
pub mod pace;
pub mod selection;
pub mod state;
pub mod transport;
