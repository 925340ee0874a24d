//! Values of statements.

use std::fmt;

/// A bound value.
#[derive(Debug, Clone, PartialEq)]
pub enum Bind {
    /// Text.
    Text(String),
    /// Text for a column in Oracle's national character set.
    National(String),
    /// A whole number.
    Int(i64),
    /// A number with a fraction.
    Real(f64),
    /// Bytes.
    Blob(Vec<u8>),
    /// NULL.
    Null,
}

impl fmt::Display for Bind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Bind::Text(text) => write!(f, "'{}'", text.replace('\'', "''")),
            Bind::National(text) => write!(f, "N'{}'", text.replace('\'', "''")),
            Bind::Int(number) => write!(f, "{number}"),
            Bind::Real(number) => write!(f, "{number}"),
            Bind::Blob(bytes) => {
                f.write_str("x'")?;
                bytes.iter().try_for_each(|byte| write!(f, "{byte:02x}"))?;
                f.write_str("'")
            }
            Bind::Null => f.write_str("NULL"),
        }
    }
}
