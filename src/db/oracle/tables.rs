//! Finds the tables that the mapping names by describing them, and what their columns hold. The catalogue is asked only for
//! the words of an error: a user who may read one table may not be let into it.

use anyhow::{Result, bail};
use oracle::sql_type::OracleType;

use super::error::Asked;
use super::{Oracle, grants, plain, values};
use crate::mapping::dialect::RAW;
use crate::mapping::resolve::{Field, Kind, Misfit, Table};
use crate::mapping::sql::{Selection, quoted_table};
use crate::mapping::time::{Form, Sampled};
use crate::mapping::{Column, Dialect, Mapping, Wanted, name_parts, nearest};

const SCHEMA: &str = include_str!("../../../queries/oracle/schema.sql");
const TABLES: &str = include_str!("../../../queries/oracle/tables.sql");
const TIME_SAMPLE: &str = include_str!("../../../queries/oracle/time_sample.sql");

/// A message lists so many tables at most.
const LISTED: usize = 20;

/// The numbers of refusals that say that a name is none of the user's tables.
const NO_TABLE: [i32; 4] = [903, 942, 4043, 980];

impl Oracle {
    /// Finds the tables and their columns, and looks at how the times are written.
    ///
    /// # Errors
    /// No such table or column, or the server's refusal.
    pub async fn mapping(&mut self, wanted: &Wanted) -> Result<Mapping> {
        let tables = self.tables(wanted).await?;
        let (log, further) = (&tables[0], &tables[1..]);
        let mut mapping = Mapping::resolve(wanted, Dialect::Oracle, log, further).map_err(Misfit)?;
        self.session.asked.indexes = mapping.indexes();
        mapping.form = self.form(&mapping).await?;
        let time = mapping.names(Column::SentDate).join(", ");
        tracing::info!("times in {time} are read as {}; naive ones in {}", mapping.form, mapping.zone);
        Ok(mapping)
    }

    /// The log and the further tables.
    pub async fn tables(&mut self, wanted: &Wanted) -> Result<Vec<Table>> {
        let mut tables = vec![self.table(&wanted.table, "--table or [email_log] table").await?];
        for join in &wanted.joins {
            tables.push(self.table(&join.table, &format!("{} table", join.key())).await?);
        }
        Ok(tables)
    }

    async fn table(&mut self, wanted: &str, key: &str) -> Result<Table> {
        let own = self.schema().await?;
        for (schema, name) in candidates(wanted, &own) {
            if let Some(columns) = self.columns(&schema, &name).await? {
                return Ok(self.found(schema, name, columns));
            }
        }
        // the catalogue knows names of mixed case; who may not ask it is told what was looked for
        let there = self.there().await.unwrap_or_default();
        if let Some((schema, name, _)) = alike(wanted, &there).cloned()
            && let Some(columns) = self.columns(&schema, &name).await?
        {
            return Ok(self.found(schema, name, columns));
        }
        bail!(Misfit(no_table(wanted, key, &there, &self.session.asked)))
    }

    fn found(&mut self, schema: String, name: String, columns: Vec<Field>) -> Table {
        let named = (schema.clone(), name.clone());
        if !self.session.asked.tables.contains(&named) {
            self.session.asked.tables.push(named);
        }
        Table { schema, name, columns }
    }

    /// The tables of the catalogue: schema, name, and whether it is found without its schema.
    async fn there(&mut self) -> Result<Vec<(String, String, bool)>> {
        let rows = self.session.all(plain(TABLES)).await?;
        let text = |cell: &values::Cell| cell.text().unwrap_or_default().into_owned();
        Ok(rows.iter().map(|row| (text(&row[0]), text(&row[1]), row[2] != values::Cell::Null)).collect())
    }

    /// The schema in which names without one are looked up.
    pub(super) async fn schema(&mut self) -> Result<String> {
        let rows = self.session.all(plain(SCHEMA)).await?;
        Ok(rows.first().and_then(|row| row[0].text()).unwrap_or_default().into_owned())
    }

    /// The columns of a table or view; `None` where there is none of that name for this user.
    async fn columns(&mut self, schema: &str, name: &str) -> Result<Option<Vec<Field>>> {
        let table = quoted_table(&(schema.to_owned(), name.to_owned()));
        let sql = format!("SELECT *\nFROM {table}\nWHERE 1 = 0");
        self.session
            .run(move |connection| {
                let described = match connection.query(&sql, &[]) {
                    Ok(described) => described,
                    Err(refused) if refused.oci_code().is_some_and(|code| NO_TABLE.contains(&code)) => {
                        return Ok(None);
                    }
                    Err(refused) => return Err(refused),
                };
                let field = |column: &oracle::ColumnInfo| Field {
                    name: column.name().to_owned(),
                    kind: kind(column.oracle_type()),
                };
                Ok(Some(described.column_info().iter().map(field).collect()))
            })
            .await
    }

    async fn form(&mut self, mapping: &Mapping) -> Result<Form> {
        match mapping.kind_of_time(Column::SentDate) {
            None => return Ok(Form::Instant),
            Some(kind) if kind.is_instant() => return Ok(Form::Instant),
            Some(kind) if kind.is_time() => return Ok(Form::WallClock),
            Some(_) => {}
        }
        let is_number = matches!(mapping.kind_of_time(Column::SentDate), Some(Kind::Integer | Kind::Decimal));
        let rows = self.session.all(mapping.statement(&Selection::default(), TIME_SAMPLE)).await?;
        let text = |row: &Vec<values::Cell>| row[0].text().unwrap_or_default().into_owned();
        let sample: Vec<_> = rows.iter().map(|row| Sampled { is_number, text: text(row) }).collect();
        Ok(match Form::of(&sample) {
            // a column without a row says nothing, but its type does
            Form::Text if is_number => Form::Seconds,
            form => form,
        })
    }
}

/// The one table whose name differs by case alone.
fn alike<'t>(wanted: &str, there: &'t [(String, String, bool)]) -> Option<&'t (String, String, bool)> {
    let parts = name_parts(wanted);
    let fits = |(schema, name, is_own): &&(String, String, bool)| match parts.as_slice() {
        [bare] => *is_own && name.eq_ignore_ascii_case(bare),
        [of, bare] => schema.eq_ignore_ascii_case(of) && name.eq_ignore_ascii_case(bare),
        _ => false,
    };
    let mut found = there.iter().filter(fits);
    found.next().filter(|_| found.next().is_none())
}

fn no_table(wanted: &str, key: &str, there: &[(String, String, bool)], asked: &Asked) -> String {
    let place = &asked.name;
    let name = |(schema, name, is_own): &(String, String, bool)| {
        if *is_own { name.clone() } else { format!("{schema}.{name}") }
    };
    let names: Vec<String> = there.iter().map(name).collect();
    if let ([schema, table], true) = (name_parts(wanted).as_slice(), names.is_empty()) {
        let table = (schema.to_uppercase(), table.to_uppercase());
        let grant = grants::needed(&[table], &grants::identifier(&asked.role)).concat();
        return format!(
            "no table '{}' that this user may read in {place}; ask for: {grant}, or name another by {key}",
            wanted.escape_debug()
        );
    }
    if names.is_empty() {
        return format!(
            "no table '{}' that this user may read in {place}; name it with its schema by {key}",
            wanted.escape_debug()
        );
    }
    let bare = name_parts(wanted).pop().unwrap_or_default();
    let elsewhere = there.iter().find(|(_, name, _)| name.eq_ignore_ascii_case(&bare)).map(name);
    let near = elsewhere.or_else(|| nearest(&bare, &names).map(str::to_owned));
    let near = near.map_or_else(String::new, |near| format!(" (did you mean '{near}'?)"));
    let more =
        if names.len() > LISTED { format!(" and {} more", names.len() - LISTED) } else { String::new() };
    format!(
        "no table '{}' in {place}, which has {}{more}{near}; name it by {key}",
        wanted.escape_debug(),
        names.iter().take(LISTED).cloned().collect::<Vec<_>>().join(", ")
    )
}

/// The tables a name may mean: in upper case, as Oracle takes what stands in no quotes, then to the letter; without a schema
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
            [name] => found.extend([own, "PUBLIC"].map(|schema| (schema.to_owned(), name.clone()))),
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

/// What a column of this type holds.
pub(super) fn kind(of: &OracleType) -> Kind {
    match of {
        OracleType::Varchar2(_) | OracleType::NVarchar2(_) | OracleType::Long => Kind::Text,
        OracleType::Char(_) | OracleType::NChar(_) => Kind::Padded,
        OracleType::CLOB | OracleType::NCLOB => Kind::LongText,
        OracleType::Number(digits, 0) if *digits > 0 => Kind::Integer,
        OracleType::Number(..)
        | OracleType::Float(_)
        | OracleType::BinaryFloat
        | OracleType::BinaryDouble => Kind::Decimal,
        OracleType::Int64 | OracleType::UInt64 => Kind::Integer,
        OracleType::Date => Kind::WallSecond,
        OracleType::Timestamp(_) => Kind::WallClock,
        OracleType::TimestampTZ(_) => Kind::Instant,
        OracleType::TimestampLTZ(_) => Kind::LocalInstant,
        OracleType::BLOB | OracleType::LongRaw => Kind::Bytes,
        OracleType::Raw(_) => Kind::Other(RAW.to_owned()),
        other => Kind::Other(other.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
