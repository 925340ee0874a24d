//! Sending again, slowly enough and exactly once.

pub mod backoff;
pub mod engine;
pub mod pace;
