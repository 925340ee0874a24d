//! Values on their way to the driver, and statements as it takes them: one value to each mark, in the order of the marks.

use oracle::sql_type::{OracleType, ToSql};
use oracle::{Connection, SqlValue};

use crate::db::statement::with_marks;
use crate::mapping::sql::{Bind, Statement, body};

/// Longer texts no column of the ledger takes. Source: the manual of 19c, data types: VARCHAR2 of 4000 bytes.
const LONGEST: usize = 4000;

/// A statement's text with its marks numbered by position, and a value for each of them: a mark that occurs twice, as
/// `:1` or `$1`, has two values.
pub fn positional(statement: &Statement) -> (String, Vec<Bind>) {
    let mut values = Vec::new();
    let sql = with_marks(body(&statement.sql), |place| {
        values.push(place.checked_sub(1).and_then(|place| statement.binds.get(place)).cloned());
        format!(":{}", values.len())
    });
    (sql, values.into_iter().map(|value| value.unwrap_or(Bind::Null)).collect())
}

/// A text of the database's own character set. The driver by itself binds every text in the national one, and then Oracle
/// converts the column it is compared with, which no index serves, and refuses to mix the two (ORA-12704).
struct Varchar2(String);

impl ToSql for Varchar2 {
    fn oratype(&self, _: &Connection) -> oracle::Result<OracleType> {
        Ok(OracleType::Varchar2(u32::try_from(self.0.len()).unwrap_or(u32::MAX)))
    }

    fn to_sql(&self, value: &mut SqlValue<'_>) -> oracle::Result<()> {
        value.set(&self.0)
    }
}

/// The values as the driver takes them.
pub fn parameters(values: Vec<Bind>) -> Vec<Box<dyn ToSql>> {
    let parameter = |value| -> Box<dyn ToSql> {
        match value {
            Bind::Text(text) => Box::new(Varchar2(cut(text))),
            Bind::National(text) => Box::new(cut(text)),
            Bind::Null => Box::new(OracleType::Varchar2(1)),
            Bind::Int(number) => Box::new(number),
            Bind::Real(number) => Box::new(number),
            Bind::Blob(bytes) => Box::new(bytes),
        }
    };
    values.into_iter().map(parameter).collect()
}

fn cut(mut text: String) -> String {
    if text.len() > LONGEST {
        let end = (0..=LONGEST).rev().find(|end| text.is_char_boundary(*end)).unwrap_or(0);
        text.truncate(end);
    }
    text
}

/// What the driver is given for them.
pub fn lent(parameters: &[Box<dyn ToSql>]) -> Vec<&dyn ToSql> {
    parameters.iter().map(AsRef::as_ref).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mapping::Dialect;

    #[test]
    fn each_mark_has_a_value_of_its_own() {
        let binds = ["a", "b"].map(|text| Bind::Text(text.to_owned())).to_vec();
        let sql =
            "-- what $1 is\nUPDATE t SET x = $2, y = $2, z = ':1 \"' WHERE \"a:1\" = :1 AND s = 'it''s $2';";
        let (sql, values) = positional(&Statement { dialect: Dialect::Oracle, sql: sql.to_owned(), binds });
        assert_eq!(sql, "UPDATE t SET x = :1, y = :2, z = ':1 \"' WHERE \"a:1\" = :3 AND s = 'it''s $2'");
        assert_eq!(values, ["b", "b", "a"].map(|text| Bind::Text(text.to_owned())));
    }

    #[test]
    fn a_long_text_is_cut_between_letters() {
        assert_eq!(cut("ä".repeat(3000)).len(), 4000);
        assert_eq!(cut("aä".repeat(2000)).len(), 4000);
        assert_eq!(cut(format!("a{}", "ä".repeat(3000))).len(), 3999);
    }
}
