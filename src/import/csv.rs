//! Rows with a head, divided by commas, semicolons or tabs; a quoted value may go over several lines.

use super::columns::{Columns, UserColumns};
use super::stamp::Clock;
use super::{Line, Parsed, ParsedAttempt, text};

/// A row longer than this has an open quote by mistake.
const LONGEST_ROW: usize = 1 << 20;

/// Reads rows with a head.
#[derive(Debug)]
pub struct Csv {
    clock: Clock,
    names: UserColumns,
    head: Option<CsvHead>,
    /// A row whose last value is not closed yet, and where it began.
    open: Option<(Vec<u8>, u64, u64)>,
}

#[derive(Debug)]
struct CsvHead {
    divider: u8,
    columns: Columns,
}

/// Whether a line is a head with columns that report mails.
pub fn recognises(names: &UserColumns, line: Line<'_>) -> bool {
    head(names, line.text).is_some_and(|head| head.columns.suffice())
}

fn head(names: &UserColumns, line: &[u8]) -> Option<CsvHead> {
    let line = line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(line);
    let divider = divider(line);
    let values = values(line, divider);
    (values.len() > 1).then(|| CsvHead { divider, columns: Columns::find(&values, names) })
}

fn divider(line: &[u8]) -> u8 {
    let count = |divider: u8| memchr::memchr_iter(divider, line).count();
    [b',', b';', b'\t'].into_iter().rev().max_by_key(|divider| count(*divider)).unwrap_or(b',')
}

fn values(row: &[u8], divider: u8) -> Vec<String> {
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(divider)
        .buffer_capacity(1024)
        .from_reader(row);
    let mut record = csv::ByteRecord::new();
    match reader.read_byte_record(&mut record) {
        Ok(true) => record.iter().map(text).collect(),
        _ => Vec::new(),
    }
}

impl Csv {
    /// Nothing has been read yet.
    pub fn new(clock: Clock, names: UserColumns) -> Self {
        Self { clock, names, head: None, open: None }
    }

    /// Takes the next line.
    pub fn line(&mut self, line: Line<'_>, found: &mut Parsed) {
        let Some(head) = &self.head else {
            self.head = head(&self.names, line.text).filter(|head| head.columns.suffice());
            return if self.head.is_some() { found.noise() } else { found.unparsed(line.text) };
        };
        let divider = head.divider;
        let (row, start, number) = match self.open.take() {
            Some((mut row, start, number)) => {
                found.continuation();
                row.push(b'\n');
                row.extend_from_slice(line.text);
                (row, start, number)
            }
            None => (line.text.to_owned(), line.start, line.number),
        };
        let is_open = memchr::memchr_iter(b'"', &row).count() % 2 == 1;
        if is_open && row.len() < LONGEST_ROW {
            self.open = Some((row, start, number));
            return;
        }
        self.row(&row, Line { text: &row, start, number }, divider, found);
    }

    /// A row is an event, noise, or not of the format; its first line is counted here.
    fn row(&mut self, row: &[u8], line: Line<'_>, divider: u8, found: &mut Parsed) {
        let values = values(row, divider);
        let Some(head) = self.head.as_ref().filter(|_| values.len() > 1) else {
            return found.unparsed(row);
        };
        let rows: Vec<ParsedAttempt> = head.columns.rows(&values, &mut self.clock, line);
        if rows.is_empty() {
            return found.noise();
        }
        found.event();
        rows.into_iter().for_each(|row| found.row(row));
    }

    /// Where the row begins that is not closed yet, and the number of its first line.
    pub fn open_entry(&self) -> Option<(u64, u64)> {
        self.open.as_ref().map(|(_, start, number)| (*start, *number))
    }

    /// No line follows.
    pub fn finish(&mut self, found: &mut Parsed) {
        if let (Some((row, start, number)), Some(head)) = (self.open.take(), &self.head) {
            let divider = head.divider;
            self.row(&row, Line { text: &row, start, number }, divider, found);
        }
    }
}
