//! Questions of the log that are only written down, for a person to read.

use crate::mapping::sql::Statement;

/// What would have been asked of the log; nothing while questions are asked.
#[derive(Debug, Default)]
pub struct DryRun(Option<Vec<Statement>>);

impl DryRun {
    /// From now on questions are only written down.
    pub fn begin(&mut self) {
        self.0 = Some(Vec::new());
    }

    /// Whether they are.
    pub fn is_on(&self) -> bool {
        self.0.is_some()
    }

    /// Writes a question down, if it is not to be asked.
    pub fn keeps(&mut self, statement: &Statement) -> bool {
        if let Some(kept) = &mut self.0 {
            kept.push(statement.clone());
        }
        self.is_on()
    }

    /// What was written down.
    pub fn statements(&self) -> &[Statement] {
        self.0.as_deref().unwrap_or_default()
    }
}
