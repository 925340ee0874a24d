//! Sending failed mail again, exactly once and under the provider's caps.
//!
//! What thinks here is pure; only `transport` touches the network.

pub mod message;
pub mod transport;
