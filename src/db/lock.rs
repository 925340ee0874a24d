//! Locks that die with whoever holds them.

use crate::db::oracle::RowLock;
use crate::db::sqlite::FileLock;

/// A lock that dies with the process or the session that holds it.
#[derive(Debug)]
pub enum Lock {
    /// The locked file of a run.
    File(FileLock),
    /// A lock of the session of the connection it was taken through.
    Session,
    /// A row that a session of its own holds.
    Row(RowLock),
}
