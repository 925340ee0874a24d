//! Whether a person is needed: checks on the figures of a window that ends now, each with its ranges.
//!
//! A [`check::Check`] asks for one figure of [`figures`]; [`range`] says from where on that is a warning or critical;
//! [`outcome`] is all of it as the JSON contract has it. [`memory`] decides whether the outcome is news.

pub mod check;
pub mod figures;
pub mod memory;
pub mod outcome;
pub mod range;
pub mod state;

pub use check::{Check, Metric, Scope};
pub use figures::Figures;
pub use outcome::Outcome;
pub use range::Range;
pub use state::State;
