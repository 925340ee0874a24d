//! Finds the tables that the mapping names by describing them, and what their columns hold. The catalogue is asked only for
//! the words of an error, and by `init` and `doctor`: a user who may read one table may not be let into it.

use anyhow::{Result, bail};
use oracle::sql_type::OracleType;

use super::error::{self, Asked};
use super::{Oracle, grants, plain};
use crate::db::catalogue::{self, Indexes};
use crate::db::names::{Name, no_table};
use crate::db::row::Row;
use crate::mapping::Dialect;
use crate::mapping::described::Described;
use crate::mapping::dialect::RAW;
use crate::mapping::name_parts;
use crate::mapping::resolve::{ColumnKind, Field, MappingError, TableDescription};
use crate::mapping::sql::{Bind, Statement, quoted_table};
use crate::model::Rights;

const CATALOGUE: &str = include_str!("../../../queries/oracle/catalogue.sql");
const COLUMNS: &str = include_str!("../../../queries/oracle/columns.sql");
const INDEXES: &str = include_str!("../../../queries/oracle/indexes.sql");
const IS_TABLE: &str = include_str!("../../../queries/oracle/is_table.sql");
const RIGHTS: &str = include_str!("../../../queries/oracle/rights.sql");
const SCHEMA: &str = include_str!("../../../queries/oracle/schema.sql");
const SYNONYM: &str = include_str!("../../../queries/oracle/synonym.sql");
const TABLES: &str = include_str!("../../../queries/oracle/tables.sql");

/// Who is said to own the synonyms that all have.
const PUBLIC: &str = "PUBLIC";

/// How many synonyms may refer to one another.
const MOST_SYNONYMS: usize = 8;

/// The numbers of refusals for a name that is not one of the user's tables.
const NO_TABLE: [i32; 4] = [903, 942, 4043, 980];

impl Oracle {
    /// A table or view by the name the user wrote.
    ///
    /// # Errors
    /// A `MappingError` where it is not there, or the server's refusal.
    pub async fn table(&mut self, wanted: &str, key: &str) -> Result<TableDescription> {
        let own = self.schema().await?;
        for candidate in candidates(wanted, &own) {
            // what a synonym refers to is asked, so that a log has one name; PUBLIC is a schema only by name
            let table = self.meant(&candidate).await?;
            if table.0 != PUBLIC
                && let Some(columns) = self.columns(&table).await?
            {
                return Ok(self.found(table, columns));
            }
        }
        // the catalogue knows names of mixed case; without access to it, the error says what was looked for
        let there: Vec<_> = self.rows(plain(TABLES)).await.unwrap_or_default().iter().map(name).collect();
        let named = alike(wanted, &there).map(|Name { schema, name, .. }| (schema.clone(), name.clone()));
        if let Some(named) = named
            && let Some(columns) = self.columns(&named).await?
        {
            return Ok(self.found(named, columns));
        }
        let asked = &self.session.asked;
        if there.is_empty() {
            bail!(nothing_to_read(wanted, key, asked));
        }
        bail!(no_table(wanted, key, &asked.name, &there))
    }

    fn found(&mut self, table: (String, String), columns: Vec<Field>) -> TableDescription {
        if !self.session.asked.tables.contains(&table) {
            self.session.asked.tables.push(table.clone());
        }
        TableDescription { schema: table.0, name: table.1, columns }
    }

    /// The schema in which names without one are looked up.
    async fn schema(&mut self) -> Result<String> {
        Ok(self.rows(plain(SCHEMA)).await?.first().map(|row| text(row, 0)).unwrap_or_default())
    }

    /// The columns of a table or view; `None` if this user has none by that name.
    async fn columns(&mut self, table: &(String, String)) -> Result<Option<Vec<Field>>> {
        let sql = format!("SELECT *\nFROM {}\nWHERE 1 = 0", quoted_table(table));
        let described = self.session.tried(move |connection| {
            let described = connection.query(&sql, &[])?;
            let field = |column: &oracle::ColumnInfo| Field {
                name: column.name().to_owned(),
                kind: kind_of_type(column.oracle_type()),
            };
            Ok(described.column_info().iter().map(field).collect())
        });
        match described.await? {
            Ok(fields) => Ok(Some(fields)),
            Err(refused) if refused.oci_code().is_some_and(|code| NO_TABLE.contains(&code)) => Ok(None),
            Err(refused) => {
                let asked = Asked { tables: vec![table.clone()], ..self.session.asked.clone() };
                let is_closed = refused.oci_code().is_some_and(|code| error::NO_RIGHT.contains(&code));
                // of a type that the driver does not know, or that this user may not look into, the catalogue has the name
                let fields = if is_closed { Vec::new() } else { self.columns_by_name(table).await? };
                if fields.is_empty() { Err(error::explain(&refused, &asked)) } else { Ok(Some(fields)) }
            }
        }
    }

    /// The columns of a table, or of the one that a synonym refers to, as the catalogue has them.
    async fn columns_by_name(&mut self, table: &(String, String)) -> Result<Vec<Field>> {
        let table = self.meant(table).await?;
        let rows = self.of_table(COLUMNS, &table).await?;
        let field =
            |row: &Row| Field { name: text(row, 0), kind: kind_of_name(&text(row, 1), row.number(2)) };
        Ok(rows.iter().map(field).collect())
    }

    async fn of_table(&mut self, sql: &str, (schema, name): &(String, String)) -> Result<Vec<Row>> {
        let binds = vec![Bind::Text(schema.clone()), Bind::Text(name.clone())];
        self.rows(Statement { binds, ..plain(sql) }).await
    }

    /// What the user may do with these tables, the log first; they are described already, so they may be read.
    ///
    /// # Errors
    /// The server's refusal.
    pub async fn rights(&mut self, tables: &[TableDescription], role: &str) -> Result<Rights> {
        let mut names = Vec::new();
        for table in tables {
            names.push(self.meant(&(table.schema.clone(), table.name.clone())).await?);
        }
        let mut rights = Rights::default();
        let Some(log) = names.first() else {
            return Ok(rights);
        };
        let rows = self.of_table(RIGHTS, log).await?;
        rights.may_write = !rows.is_empty();
        // a right that comes with ownership, a role or the whole system cannot be taken from the user alone
        if rights.may_write && rows.iter().all(|row| text(row, 0) == "granted") {
            let granted: Vec<_> = rows.iter().map(|row| text(row, 1)).collect();
            rights.revokes = vec![grants::revoke(log, &granted, role)];
        } else if rights.may_write {
            rights.revokes = grants::reader(&names);
        }
        Ok(rights)
    }

    /// The table that a synonym refers to, perhaps through others; a name that is no synonym refers to itself.
    async fn meant(&mut self, name: &(String, String)) -> Result<(String, String)> {
        let mut found = name.clone();
        for _ in 0..MOST_SYNONYMS {
            match self.of_table(SYNONYM, &found).await?.first() {
                Some(row) => found = (text(row, 0), text(row, 1)),
                None => break,
            }
        }
        Ok(found)
    }

    /// Every table with the columns that may be read, and can be; of others the catalogue does not speak.
    ///
    /// # Errors
    /// The server's refusal.
    pub async fn catalogue(&mut self) -> Result<(Vec<Described>, Vec<String>)> {
        let rows = self.rows(plain(CATALOGUE)).await?;
        let (mut tables, closed) = catalogue::tables(&rows, |row| kind_of_name(&text(row, 7), row.number(8)));
        for described in &mut tables {
            described.table.columns.retain(|field| Dialect::Oracle.reads(&field.kind));
        }
        Ok((tables, closed))
    }

    /// The indexes of a table, or of the one that a synonym refers to.
    ///
    /// # Errors
    /// The server's refusal.
    pub async fn indexes(&mut self, table: &(String, String), wanted: &[&str]) -> Result<Indexes> {
        let table = self.meant(table).await?;
        let rows = self.of_table(INDEXES, &table).await?;
        let is_table = !self.of_table(IS_TABLE, &table).await?.is_empty();
        Ok(Indexes {
            columns: rows.iter().map(|row| (text(row, 0), indexed(row.text(1), row.text(2)))).collect(),
            create: is_table.then(|| grants::index(&table, wanted)),
        })
    }
}

fn text(row: &Row, column: usize) -> String {
    row.text(column).unwrap_or_default()
}

/// The column that a part of an index is of: itself, or where it is computed the one that is sorted alike.
fn indexed(column: Option<String>, expression: Option<String>) -> Option<String> {
    let Some(expression) = expression else {
        return column;
    };
    let of_utc = expression.strip_prefix("SYS_EXTRACT_UTC(").and_then(|rest| rest.strip_suffix(')'));
    let name = of_utc.unwrap_or(&expression).strip_prefix('"')?.strip_suffix('"')?;
    Some(name.replace("\"\"", "\"")).filter(|name| !name.contains('"'))
}

fn name(row: &Row) -> Name {
    Name { schema: text(row, 0), name: text(row, 1), is_visible: row.is_true(2) }
}

/// The one table whose name differs by case alone.
fn alike<'t>(wanted: &str, there: &'t [Name]) -> Option<&'t Name> {
    let parts = name_parts(wanted);
    let fits = |Name { schema, name, is_visible }: &&Name| match parts.as_slice() {
        [bare] => *is_visible && name.eq_ignore_ascii_case(bare),
        [of, bare] => schema.eq_ignore_ascii_case(of) && name.eq_ignore_ascii_case(bare),
        _ => false,
    };
    let mut found = there.iter().filter(fits);
    found.next().filter(|_| found.next().is_none())
}

/// What is said where this user may read no table at all, or may not ask which there are.
fn nothing_to_read(wanted: &str, key: &str, asked: &Asked) -> MappingError {
    let advice = match name_parts(wanted).as_slice() {
        [schema, table] => {
            let table = (schema.to_uppercase(), table.to_uppercase());
            let grant = grants::needed(&[table], &grants::identifier(&asked.role)).concat();
            format!("ask for: {grant}, or name another by {key}")
        }
        _ => format!("name it with its schema by {key}"),
    };
    MappingError(format!(
        "no table '{}' that this user may read in {}; {advice}",
        wanted.escape_debug(),
        asked.name
    ))
}

/// The tables a name may mean: in upper case, as Oracle takes unquoted names, then to the letter; without a schema
/// in the user's own, then among the synonyms that all have.
fn candidates(wanted: &str, own: &str) -> Vec<(String, String)> {
    let letters = name_parts(wanted);
    let upper: Vec<_> = letters.iter().map(|part| part.to_uppercase()).collect();
    let is_quoted = wanted.contains('"');
    let ways = if is_quoted { vec![letters.clone(), upper] } else { vec![upper, letters.clone()] };
    let mut found: Vec<(String, String)> = Vec::new();
    for way in &ways {
        match way.as_slice() {
            [schema, name] => found.push((schema.clone(), name.clone())),
            [name] => found.extend([own, PUBLIC].map(|schema| (schema.to_owned(), name.clone()))),
            _ => {}
        }
    }
    // a schema in upper case with a name to the letter, as `erp."Mail Log"` means it
    if let ([schema, name], true) = (letters.as_slice(), is_quoted) {
        found.push((schema.to_uppercase(), name.clone()));
    }
    found.dedup();
    found
}

/// What a column holds that the driver describes so.
fn kind_of_type(of: &OracleType) -> ColumnKind {
    match of {
        OracleType::Varchar2(_) => ColumnKind::Text,
        OracleType::NVarchar2(_) => ColumnKind::National,
        OracleType::Char(_) => ColumnKind::Padded,
        OracleType::NChar(_) => ColumnKind::NationalPadded,
        OracleType::CLOB | OracleType::NCLOB => ColumnKind::LongText,
        OracleType::Number(digits, 0) if *digits > 0 => ColumnKind::Integer,
        OracleType::Number(..)
        | OracleType::Float(_)
        | OracleType::BinaryFloat
        | OracleType::BinaryDouble => ColumnKind::Decimal,
        OracleType::Int64 | OracleType::UInt64 => ColumnKind::Integer,
        OracleType::Date => ColumnKind::WallSecond,
        OracleType::Timestamp(_) => ColumnKind::WallClock,
        OracleType::TimestampTZ(_) => ColumnKind::Instant,
        OracleType::TimestampLTZ(_) => ColumnKind::LocalInstant,
        OracleType::BLOB => ColumnKind::Bytes,
        OracleType::Raw(_) => ColumnKind::Other(RAW.to_owned()),
        OracleType::Xml => ColumnKind::Other("XMLTYPE".to_owned()),
        other => ColumnKind::Other(other.to_string()),
    }
}

/// What a column of this type of the catalogue holds.
fn kind_of_name(name: &str, scale: Option<i64>) -> ColumnKind {
    match name {
        "VARCHAR2" => ColumnKind::Text,
        "NVARCHAR2" => ColumnKind::National,
        "CHAR" => ColumnKind::Padded,
        "NCHAR" => ColumnKind::NationalPadded,
        "CLOB" | "NCLOB" => ColumnKind::LongText,
        "NUMBER" if scale == Some(0) => ColumnKind::Integer,
        "NUMBER" | "FLOAT" | "BINARY_FLOAT" | "BINARY_DOUBLE" => ColumnKind::Decimal,
        "DATE" => ColumnKind::WallSecond,
        "BLOB" => ColumnKind::Bytes,
        "RAW" => ColumnKind::Other(RAW.to_owned()),
        time if time.starts_with("TIMESTAMP") && time.ends_with("WITH LOCAL TIME ZONE") => {
            ColumnKind::LocalInstant
        }
        time if time.starts_with("TIMESTAMP") && time.ends_with("WITH TIME ZONE") => ColumnKind::Instant,
        time if time.starts_with("TIMESTAMP") => ColumnKind::WallClock,
        other => ColumnKind::Other(other.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_computed_column_of_an_index_is_that_which_is_sorted_alike() {
        let of = |expression: &str| indexed(Some("SYS_NC00005$".to_owned()), Some(expression.to_owned()));
        assert_eq!(of("SYS_EXTRACT_UTC(\"SENT_DATE\")").as_deref(), Some("SENT_DATE"));
        assert_eq!(of("\"SENT_DATE\"").as_deref(), Some("SENT_DATE"), "descending");
        assert_eq!(of("TRUNC(\"SENT_DATE\")"), None);
        assert_eq!(of("\"A\"||\"B\""), None);
        assert_eq!(indexed(Some("STATUS".to_owned()), None).as_deref(), Some("STATUS"));
    }

    #[test]
    fn a_table_is_looked_for_by_what_a_user_may_mean() {
        let found = |wanted| {
            let all = candidates(wanted, "REPORT");
            all.iter().map(|(schema, name)| format!("{schema}/{name}")).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(found("email_log"), "REPORT/EMAIL_LOG PUBLIC/EMAIL_LOG REPORT/email_log PUBLIC/email_log");
        assert_eq!(found("erp.email_log"), "ERP/EMAIL_LOG erp/email_log");
        assert_eq!(found("erp.\"Mail.Log\""), "erp/Mail.Log ERP/MAIL.LOG ERP/Mail.Log");
    }
}
