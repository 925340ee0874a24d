//! Rows of answers, and the cells in them.

use std::borrow::Cow;

use anyhow::Result;

use crate::mapping::resolve::ColumnKind;
use crate::mapping::sql::Bind;
use crate::model::Millis;

/// A row of an answer as its database gives it, its cells read as the question makes them.
pub trait Cells {
    /// A cell as bytes of text; `None` is NULL.
    ///
    /// # Errors
    /// The driver's, where the cell is not what the question makes it.
    fn bytes(&self, column: usize) -> Result<Option<Cow<'_, [u8]>>>;

    /// A cell that is a whole number; `None` is NULL.
    ///
    /// # Errors
    /// As above.
    fn int(&self, column: usize) -> Result<Option<i64>>;

    /// A cell of a column of times of this kind, or of instants where there is no one kind; `None` where it is no time.
    ///
    /// # Errors
    /// As above.
    fn time(&self, column: usize, kind: Option<&ColumnKind>) -> Result<Option<Time<'_>>>;

    /// A cell as a value to ask for again.
    ///
    /// # Errors
    /// As above.
    fn bind(&self, column: usize) -> Result<Option<Bind>> {
        let bytes = self.bytes(column)?;
        Ok(bytes.map(|bytes| Bind::Text(String::from_utf8_lossy(&bytes).into_owned())))
    }
}

/// A time as a column holds it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Time<'r> {
    /// An instant.
    Instant(Millis),
    /// A naive time, in milliseconds of the wall clock since 1970.
    Wall(Millis),
    /// A number, of seconds or milliseconds since 1970.
    Number(f64),
    /// A text.
    Text(&'r [u8]),
}

/// A row that is kept: each cell as bytes of text, or NULL.
pub struct Row(Vec<Option<Vec<u8>>>);

impl Row {
    /// A row of these cells.
    pub(super) fn of(cells: Vec<Option<Vec<u8>>>) -> Self {
        Self(cells)
    }

    /// A cell as text; what is not UTF-8 is replaced.
    pub fn text(&self, column: usize) -> Option<String> {
        self.bytes(column).map(|bytes| String::from_utf8_lossy(bytes).into_owned())
    }

    /// A cell as it is.
    pub fn bytes(&self, column: usize) -> Option<&[u8]> {
        self.0.get(column)?.as_deref()
    }

    /// A cell as a whole number.
    pub fn number<N: std::str::FromStr>(&self, column: usize) -> Option<N> {
        std::str::from_utf8(self.bytes(column)?).ok()?.parse().ok()
    }

    /// A cell that answers a question: whether it says yes, in whatever way its database does.
    pub fn is_true(&self, column: usize) -> bool {
        matches!(self.bytes(column), Some(b"1" | b"t" | b"true"))
    }

    /// Every cell as text.
    pub fn texts(&self) -> Vec<Option<String>> {
        (0..self.0.len()).map(|column| self.text(column)).collect()
    }
}
