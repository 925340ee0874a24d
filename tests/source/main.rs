//! The source itself: which way the arrows between its parts point.
#![allow(missing_docs, clippy::unwrap_used)]

mod layers;
mod modules;
