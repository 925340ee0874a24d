//! Rows of answers whose cells are texts and whole numbers.

/// A row of an answer: each cell as bytes of text, or NULL.
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
}
