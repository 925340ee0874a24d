//! Whether a person is needed: checks on the figures of a window that ends now, each with its ranges.
//!
//! A [`check::MetricCheck`] asks for one figure of [`figures`]; [`range`] says from where on that is a warning or critical;
//! [`outcome`] is all of it as the JSON contract has it. [`memory`] decides whether the outcome is news.

pub mod check;
pub mod figures;
pub mod memory;
pub mod outcome;
pub mod range;
pub mod state;

pub use check::{CheckScope, Metric, MetricCheck};
pub use figures::Figures;
pub use outcome::AlertOutcome;
pub use range::Range;
pub use state::AlertState;
