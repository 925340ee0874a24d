//! What Oracle says of itself, of the rights in it, and of tables nobody has mapped yet. Only here the catalogue is asked.

use std::borrow::Cow;

use anyhow::Result;
use chrono::Utc;
use chrono_tz::Tz;

use super::values::{Cell, offset};
use super::{Oracle, WIDE, grants, plain};
use crate::db::Which;
use crate::db::survey::Columns;
use crate::mapping::described::{Described, End};
use crate::mapping::dialect::RAW;
use crate::mapping::resolve::{Field, Kind, Table};
use crate::mapping::sql::{Bind, Selection, Statement};
use crate::mapping::{Dialect, Mapping};
use crate::model::{Counted, Mail, Millis, Rights, Server};
use crate::window::Window;

const CATALOGUE: &str = include_str!("../../../queries/oracle/catalogue.sql");
const COUNT: &str = include_str!("../../../queries/count.sql");
const INDEXES: &str = include_str!("../../../queries/oracle/indexes.sql");
const RIGHTS: &str = include_str!("../../../queries/oracle/rights.sql");
const SERVER: &str = include_str!("../../../queries/oracle/server.sql");
const STATUS_COUNTS: &str = include_str!("../../../queries/status_counts.sql");
const SYNONYM: &str = include_str!("../../../queries/oracle/synonym.sql");
const WITH_ERROR: &str = include_str!("../../../queries/with_error.sql");

/// So many synonyms may stand for one another.
const MOST_SYNONYMS: usize = 8;

const HOUR: Millis = 3_600_000;

/// Zones of half and quarter hours that have no summer time, by their offset in minutes.
const ODD_ZONES: [(Millis, Tz); 9] = [
    (-570, Tz::Pacific__Marquesas),
    (210, Tz::Asia__Tehran),
    (270, Tz::Asia__Kabul),
    (330, Tz::Asia__Kolkata),
    (345, Tz::Asia__Kathmandu),
    (390, Tz::Asia__Yangon),
    (525, Tz::Australia__Eucla),
    (570, Tz::Australia__Darwin),
    (0, Tz::UTC),
];

/// The zone that always has an offset, as `+02:00`.
pub fn steady_zone(text: &str) -> Option<Tz> {
    let at = offset(text)?;
    if at % HOUR != 0 || at == 0 {
        return ODD_ZONES.into_iter().find(|(minutes, _)| minutes * 60_000 == at).map(|(_, zone)| zone);
    }
    // these names count to the west
    format!("Etc/GMT{:+}", -at / HOUR).parse().ok()
}

impl Oracle {
    /// Versions, connection, user and clock.
    pub async fn server(&mut self) -> Result<Server> {
        let version = self.session.run(|connection| connection.server_version()).await?.0;
        let before = Utc::now().timestamp_millis();
        let rows = self.session.all(plain(SERVER)).await?;
        // the server looked at its clock somewhere between
        let here = Millis::midpoint(before, Utc::now().timestamp_millis());
        let row = &rows[0];
        let text = |place: usize| row[place].text().map(Cow::into_owned);
        let clock = match &row[2] {
            Cell::Wall(at) | Cell::Instant(at) => Some(at - here),
            _ => None,
        };
        Ok(Server {
            version: format!("Oracle {version}, client {}", self.session.client),
            is_remote: true,
            tls: text(1).filter(|protocol| protocol.eq_ignore_ascii_case("tcps")),
            tls_by: "have the listener offer TCPS and write oracles://HOST:2484/SERVICE, or have the server encrypt by itself (SQLNET.ENCRYPTION_SERVER)",
            role: text(0),
            clock_ahead: clock,
            zone: text(3).and_then(|offset| steady_zone(&offset)).map(|zone| zone.name().to_owned()),
        })
    }

    /// What the user may do with these tables; they are described already, so they may be read.
    pub async fn rights(&mut self, tables: &[Table]) -> Result<Rights> {
        let mut names = Vec::new();
        for table in tables {
            names.push(self.meant(&(table.schema.clone(), table.name.clone())).await?);
        }
        let role = self.server().await?.role.unwrap_or_default();
        let mut rights = Rights::default();
        let Some(log) = names.first() else {
            return Ok(rights);
        };
        let rows = self.session.all(of_table(RIGHTS, log)).await?;
        let text = |row: &Vec<Cell>, place: usize| row[place].text().unwrap_or_default().into_owned();
        rights.may_write = !rows.is_empty();
        // a right that comes with ownership, a role or the whole system cannot be taken from the user alone
        if rights.may_write && rows.iter().all(|row| text(row, 0) == "granted") {
            let granted: Vec<_> = rows.iter().map(|row| text(row, 1)).collect();
            rights.revokes = vec![grants::revoke(log, &granted, &role)];
        } else if rights.may_write {
            rights.revokes = grants::reader(&names);
        }
        Ok(rights)
    }

    /// The table that a synonym stands for, perhaps by way of others; what is no synonym stands for itself.
    async fn meant(&mut self, name: &(String, String)) -> Result<(String, String)> {
        let mut found = name.clone();
        for _ in 0..MOST_SYNONYMS {
            let rows = self.session.all(of_table(SYNONYM, &found)).await?;
            let text = |cell: &Cell| cell.text().map(Cow::into_owned).unwrap_or_default();
            match rows.first() {
                Some(row) => found = (text(&row[0]), text(&row[1])),
                None => break,
            }
        }
        Ok(found)
    }

    /// Every table with the columns that may be read; of others the catalogue does not speak.
    pub async fn catalogue(&mut self) -> Result<(Vec<Described>, Vec<String>)> {
        let mut tables: Vec<Described> = Vec::new();
        let mut keys: Vec<(i32, String)> = Vec::new();
        for row in self.session.all(plain(CATALOGUE)).await? {
            let text = |place: usize| row[place].text().map(Cow::into_owned).unwrap_or_default();
            let (schema, name) = (text(0), text(1));
            let is_next =
                tables.last().is_none_or(|last| (&last.table.schema, &last.table.name) != (&schema, &name));
            if is_next {
                keys.clear();
                tables.push(Described {
                    table: Table { schema, name, columns: Vec::new() },
                    is_visible: text(2) == "own",
                    keys: Vec::new(),
                    estimate: row[3].count(),
                });
            }
            let column = text(4);
            keys.extend(row[7].count::<i32>().map(|rank| (-rank, column.clone())));
            keys.sort_by_key(|(rank, _)| *rank);
            let last = tables.last_mut().expect("one was just added, or was there");
            last.keys = keys.iter().map(|(_, key)| key.clone()).collect();
            last.table.columns.push(Field { name: column, kind: kind(&text(5), row[6].count()) });
        }
        Ok((tables, Vec::new()))
    }

    /// Rows of one end of a table.
    pub async fn sampled(&mut self, described: &Described, end: End) -> Result<Vec<Vec<Option<String>>>> {
        let mut rows = Vec::new();
        self.each(described.sample(Dialect::Oracle, end), WIDE, &mut |row| {
            rows.push(row.iter().map(|cell| cell.text().map(Cow::into_owned)).collect());
            true
        })
        .await?;
        Ok(rows)
    }

    /// How many of so many rows have which status word.
    pub async fn status_counts(
        &mut self,
        mapping: &Mapping,
        by_key: bool,
        most: u32,
    ) -> Result<Vec<Counted>> {
        let mut counted = Vec::new();
        let selection = Selection { limit: Some(most.into()), newest_first: by_key, ..Selection::default() };
        self.each(mapping.statement(&selection, STATUS_COUNTS), WIDE, &mut |row| {
            let (rows, with_error) = (row[1].count().unwrap_or(0), row[2].count().unwrap_or(0));
            counted.push(Counted { word: row[0].text().map(Cow::into_owned), rows, with_error });
            true
        })
        .await?;
        Ok(counted)
    }

    /// The number of rows, or one more than `most`.
    pub async fn count(&mut self, mapping: &Mapping, most: u32) -> Result<u64> {
        let mut rows = 0;
        let selection =
            Selection { limit: Some(i64::from(most) + 1), own_only: true, ..Selection::default() };
        self.each(mapping.statement(&selection, COUNT), WIDE, &mut |row| {
            rows = row[0].count().unwrap_or(0);
            true
        })
        .await?;
        Ok(rows)
    }

    /// The columns of each index of a table.
    pub async fn indexes(&mut self, table: &(String, String)) -> Result<Columns> {
        let table = self.meant(table).await?;
        let rows = self.session.all(of_table(INDEXES, &table)).await?;
        let text = |cell: &Cell| cell.text().map(Cow::into_owned);
        Ok(rows.iter().map(|row| (text(&row[0]).unwrap_or_default(), text(&row[1]))).collect())
    }

    /// The statement that makes an index, if the table can have one.
    pub async fn create_index(
        &mut self,
        table: &(String, String),
        columns: &[&str],
    ) -> Result<Option<String>> {
        let table = self.meant(table).await?;
        let is_table = !self.session.all(of_table(IS_TABLE, &table)).await?.is_empty();
        Ok(is_table.then(|| grants::index(&table, columns)))
    }

    /// What would make questions about a window quicker, where no index begins with the time, or with status and time.
    ///
    /// # Errors
    /// The server's refusal.
    pub async fn missing_index(&mut self, mapping: &Mapping, _window: Window) -> Result<Option<String>> {
        let Some(wanted) = crate::db::survey::wanted_columns(mapping) else {
            return Ok(Some(mapping.indexes()));
        };
        let there = self.indexes(&mapping.table).await?;
        Ok((!crate::db::survey::serves(&there, &wanted)).then(|| mapping.indexes()))
    }

    /// Mails with an error text.
    pub async fn with_error(
        &mut self,
        mapping: &Mapping,
        mails: &Which<'_>,
        each: &mut dyn FnMut(Mail),
    ) -> Result<()> {
        self.mails(mapping, mails, WITH_ERROR, each).await
    }
}

const IS_TABLE: &str = include_str!("../../../queries/oracle/is_table.sql");

fn of_table(sql: &str, (schema, name): &(String, String)) -> Statement {
    let binds = vec![Bind::Text(schema.clone()), Bind::Text(name.clone())];
    Statement { binds, ..plain(sql) }
}

/// What a column of this type of the catalogue holds.
fn kind(name: &str, scale: Option<i64>) -> Kind {
    match name {
        "VARCHAR2" | "NVARCHAR2" | "LONG" => Kind::Text,
        "CHAR" | "NCHAR" => Kind::Padded,
        "CLOB" | "NCLOB" => Kind::LongText,
        "NUMBER" if scale == Some(0) => Kind::Integer,
        "NUMBER" | "FLOAT" | "BINARY_FLOAT" | "BINARY_DOUBLE" => Kind::Decimal,
        "DATE" => Kind::WallSecond,
        "BLOB" | "LONG RAW" => Kind::Bytes,
        "RAW" => Kind::Other(RAW.to_owned()),
        time if time.starts_with("TIMESTAMP") && time.ends_with("WITH LOCAL TIME ZONE") => Kind::LocalInstant,
        time if time.starts_with("TIMESTAMP") && time.ends_with("WITH TIME ZONE") => Kind::Instant,
        time if time.starts_with("TIMESTAMP") => Kind::WallClock,
        other => Kind::Other(other.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hosts_offset_becomes_a_zone_without_summer_time() {
        let zone = |text| steady_zone(text).map(|zone| zone.name());
        assert_eq!(zone("+00:00"), Some("UTC"));
        assert_eq!(zone("+02:00"), Some("Etc/GMT-2"));
        assert_eq!(zone("-05:00"), Some("Etc/GMT+5"));
        assert_eq!(zone("+05:30"), Some("Asia/Kolkata"));
        assert_eq!(zone("-03:30"), None);
        assert_eq!(zone("Europe/Berlin"), None);
    }
}
