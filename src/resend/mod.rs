//! Sending failed mail again, exactly once and under the provider's caps.
//!
//! What thinks here is pure.

pub mod message;
