//! What the log says: failures and their causes, clusters, one scan over all attempts, the verdict.
//!
//! Pure: no clock, no database, no printing. [`failures`] reads the failed mails, [`clusters`] joins them, [`scan`]
//! counts the attempts around them, [`judge`] finds the verdict and [`phrases`] its sentences,
//! and [`report`] is all of it as the JSON contract has it. [`alert`] says whether a person is needed.

pub mod alert;
pub mod around;
pub mod build;
pub mod clusters;
pub mod doctor;
pub mod failures;
pub mod input;
pub mod judge;
pub mod mails;
pub mod names;
pub mod newest;
pub mod order;
pub mod phrases;
pub mod report;
pub mod running;
pub mod scan;
pub mod verdict;
