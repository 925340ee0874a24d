//! Sending failed mail again, exactly once and under the provider's caps.
//!
//! The `engine` decides what goes when, by `pace` and `backoff`; `message` builds what goes. They are pure; only `transport`
//! touches the network.

pub mod backoff;
pub mod engine;
pub mod message;
pub mod pace;
pub mod transport;
