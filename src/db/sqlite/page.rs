//! A page of attempts: many rows in one value, column after column, as `attempt_pages.sql` gives them.

const DIVIDER: u8 = b'|';
const NULL: &[u8] = "␀".as_bytes();

/// The columns of a page: status, sent_date, sender, recipient.
pub const FEW_COLUMNS: usize = 4;
/// The same and cc, bcc, finished_at, where the log has any of them.
pub const ALL_COLUMNS: usize = 7;

/// One row of a page.
#[derive(Debug, PartialEq)]
pub struct PageRow<'p> {
    pub status: Option<&'p [u8]>,
    pub sent_date: &'p [u8],
    pub sender: Option<&'p [u8]>,
    pub recipient: &'p [u8],
    pub cc: &'p [u8],
    pub bcc: &'p [u8],
    pub finished_at: &'p [u8],
}

/// The rows of a page, walked through with one finger in each column.
pub struct Page<'p> {
    rows: usize,
    columns: [&'p [u8]; ALL_COLUMNS],
}

impl<'p> Page<'p> {
    /// Finds the columns of a page that is one value; `None` where the dividers do not add up, since a value holds one
    /// itself.
    pub fn read(page: &'p [u8], columns: usize) -> Option<Self> {
        let (count, values) = split(page);
        let rows: usize = std::str::from_utf8(count).ok()?.parse().ok()?;
        if rows == 0 || memchr::memchr_iter(DIVIDER, page).count() != rows * columns {
            return None;
        }
        let mut fingers: [&[u8]; ALL_COLUMNS] = [&[]; ALL_COLUMNS];
        let mut ends = memchr::memchr_iter(DIVIDER, values).skip(rows - 1).step_by(rows);
        let mut start = 0;
        for finger in fingers.iter_mut().take(columns) {
            *finger = &values[start..];
            start = ends.next().map_or(values.len(), |end| end + 1);
        }
        Some(Self { rows, columns: fingers })
    }

    /// A page whose columns came apart; `None` as above. The columns beyond the first `given` are empty.
    pub fn of(rows: usize, columns: [&'p [u8]; ALL_COLUMNS], given: usize) -> Option<Self> {
        let divided = |column: &&[u8]| memchr::memchr_iter(DIVIDER, column).count() + 1 == rows;
        (rows == 0 || columns.iter().take(given).all(divided)).then_some(Self { rows, columns })
    }
}

impl<'p> Iterator for Page<'p> {
    type Item = PageRow<'p>;

    fn next(&mut self) -> Option<PageRow<'p>> {
        self.rows = self.rows.checked_sub(1)?;
        let mut value = |column: usize| {
            let (value, rest) = split(self.columns[column]);
            self.columns[column] = rest;
            value
        };
        let null = |value: &'p [u8]| Some(value).filter(|value| *value != NULL);
        Some(PageRow {
            status: null(value(0)),
            sent_date: value(1),
            sender: null(value(2)),
            recipient: value(3),
            cc: value(4),
            bcc: value(5),
            finished_at: value(6),
        })
    }
}

fn split(values: &[u8]) -> (&[u8], &[u8]) {
    let end = memchr::memchr(DIVIDER, values).unwrap_or(values.len());
    (&values[..end], values.get(end + 1..).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_become_rows_again() {
        let mut page = Page::read("2|S|␀|t1|t2|a|␀|x|y".as_bytes(), FEW_COLUMNS).unwrap();
        let (first, second) = (page.next().unwrap(), page.next().unwrap());
        assert_eq!(
            (first.status, first.sender, first.recipient),
            (Some(&b"S"[..]), Some(&b"a"[..]), &b"x"[..])
        );
        assert_eq!((second.status, second.sent_date, second.sender), (None, &b"t2"[..], None));
        assert_eq!((second.cc, page.next()), (&b""[..], None));
    }

    #[test]
    fn a_divider_inside_a_value_is_noticed() {
        assert!(Page::read(b"2|S|S|t1|t2|a|b|x|y|z", FEW_COLUMNS).is_none());
        assert!(Page::read(b"1|S|2026|a|x", FEW_COLUMNS).is_some());
        assert!(Page::read(b"1|S|2026|a|x|c|b|e", ALL_COLUMNS).is_some());
        assert!(Page::read(b"1|S|2026|a|x|c|b|e", FEW_COLUMNS).is_none());
    }
}
