//! The time a statement may take.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use anyhow::Result;
use sqlx::SqliteConnection;

/// The time a statement may take; SQLite asks now and then whether it is over.
pub struct Limit {
    pub(super) length: Duration,
    start: Arc<Mutex<Instant>>,
    /// What would make statements quicker.
    pub(super) indexes: String,
}

impl Limit {
    /// So many of SQLite's own steps lie between two questions: some milliseconds.
    const STEPS: i32 = 1_000_000;

    pub(super) fn of(length: Duration) -> Self {
        Self { length, start: Arc::new(Mutex::new(Instant::now())), indexes: "an index".to_owned() }
    }

    pub(super) async fn watch(&self, connection: &mut SqliteConnection) -> Result<()> {
        let (asked, length) = (Arc::clone(&self.start), self.length);
        let goes_on = move || asked.lock().is_ok_and(|start| start.elapsed() < length);
        if !length.is_zero() {
            connection.lock_handle().await?.set_progress_handler(Self::STEPS, goes_on);
        }
        Ok(())
    }

    pub(super) fn restart(&self) {
        if let Ok(mut start) = self.start.lock() {
            *start = Instant::now();
        }
    }
}
