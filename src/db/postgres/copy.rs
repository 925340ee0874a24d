//! Rows in bulk: `COPY (...) TO STDOUT (FORMAT binary)`, which costs the driver a third of what rows cost.
//!
//! A COPY takes no bound values, so it serves only statements without any, which are those that read the whole log.
//! Source of the format: <https://www.postgresql.org/docs/current/sql-copy.html>, "Binary Format".

use anyhow::{Result, bail};

/// Signature, flags and the length of an extension that nobody uses.
const HEADER: &[u8] = b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0";

/// The most columns a query file asks for.
pub const WIDEST: usize = 10;

/// Where the cells of a row are; those beyond its columns are NULL.
pub type Tuple<'b> = [Option<&'b [u8]>; WIDEST];

/// The answer to a statement, as a COPY.
pub fn statement(sql: &str) -> String {
    format!("COPY (\n{sql}\n) TO STDOUT (FORMAT binary)")
}

/// Puts the pieces that arrive together to rows, wherever they are cut.
#[derive(Debug, Default)]
pub struct CopyRows {
    rest: Vec<u8>,
    has_begun: bool,
}

impl CopyRows {
    /// Takes in a piece and gives each whole row to `each`.
    ///
    /// # Errors
    /// The piece is not what the format says, or what `each` says.
    pub fn take(&mut self, piece: &[u8], each: &mut dyn FnMut(&Tuple<'_>) -> Result<()>) -> Result<()> {
        // the server sends a row a piece, so there is hardly ever a rest
        let together = (!self.rest.is_empty()).then(|| [&self.rest, piece].concat());
        let mut bytes = together.as_deref().unwrap_or(piece);
        if !self.has_begun {
            match bytes.get(..HEADER.len()) {
                Some(header) if header != HEADER => bail!("the server's answer is no binary COPY"),
                Some(_) => bytes = &bytes[HEADER.len()..],
                None => {
                    self.rest = bytes.to_owned();
                    return Ok(());
                }
            }
            self.has_begun = true;
        }
        while let Some((tuple, after)) = row(bytes)? {
            tuple.map_or(Ok(()), |tuple| each(&tuple))?;
            bytes = after;
        }
        self.rest = bytes.to_owned();
        Ok(())
    }
}

/// A row, or none for the sign that ends them, and what follows; nothing where the row is not whole yet.
fn row(bytes: &[u8]) -> Result<Option<(Option<Tuple<'_>>, &[u8])>> {
    let Some((columns, mut rest)) = bytes.split_first_chunk() else {
        return Ok(None);
    };
    let columns = i16::from_be_bytes(*columns);
    if columns == -1 {
        return Ok(Some((None, rest)));
    }
    let mut tuple = [None; WIDEST];
    let Some(cells) = usize::try_from(columns).ok().and_then(|columns| tuple.get_mut(..columns)) else {
        bail!("the server's answer has a row of {columns} columns");
    };
    for cell in cells {
        let Some((length, after)) = rest.split_first_chunk() else {
            return Ok(None);
        };
        rest = after;
        // a negative length is NULL
        if let Ok(length) = usize::try_from(i32::from_be_bytes(*length)) {
            let Some((value, after)) = rest.split_at_checked(length) else {
                return Ok(None);
            };
            *cell = Some(value);
            rest = after;
        }
    }
    Ok(Some((Some(tuple), rest)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer() -> Vec<u8> {
        let mut bytes = HEADER.to_vec();
        bytes.extend([0, 2, 0, 0, 0, 1, b'S', 255, 255, 255, 255]);
        bytes.extend([0, 2, 0, 0, 0, 0, 0, 0, 0, 2, b'a', b'b']);
        bytes.extend([255, 255]);
        bytes
    }

    #[test]
    fn rows_come_whole_wherever_the_answer_is_cut() {
        for length in 1..answer().len() {
            let (mut rows, mut seen) = (CopyRows::default(), Vec::new());
            for piece in answer().chunks(length) {
                let mut each = |tuple: &Tuple<'_>| {
                    seen.push((tuple[0].map(<[u8]>::to_vec), tuple[1].map(<[u8]>::to_vec)));
                    Ok(())
                };
                rows.take(piece, &mut each).unwrap();
            }
            assert_eq!(
                seen,
                [(Some(b"S".to_vec()), None), (Some(Vec::new()), Some(b"ab".to_vec()))],
                "{length}"
            );
        }
    }

    #[test]
    fn what_is_no_copy_is_an_error() {
        assert!(CopyRows::default().take(&[0; 30], &mut |_| Ok(())).is_err());
        let wide = [HEADER, &[0, 99]].concat();
        assert!(CopyRows::default().take(&wide, &mut |_| Ok(())).is_err());
    }
}
