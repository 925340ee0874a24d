//! The statements that a person runs to put rights and indexes right, in the words of the user's own tables.

use crate::mapping::sql::quoted;

/// What a role that may only read is called where a new one is proposed.
const READER: &str = "mailthrottle_reader";

/// Words that are no names unless quoted.
/// Source: <https://www.postgresql.org/docs/current/sql-keywords-appendix.html>
const RESERVED: &str = " all analyse analyze and any array as asc asymmetric authorization binary both case cast check collate \
    collation column concurrently constraint create cross current_catalog current_date current_role current_schema \
    current_time current_timestamp current_user default deferrable desc distinct do else end except false fetch for foreign \
    freeze from full grant group having ilike in initially inner intersect into is isnull join lateral leading left like \
    limit localtime localtimestamp natural not notnull null offset on only or order outer overlaps placing primary \
    references returning right select session_user similar some symmetric system_user table tablesample then to trailing \
    true union unique user using variadic verbose when where window with ";

/// What lets a role read tables, given by schema and name.
pub fn needed(tables: &[(String, String)], role: &str) -> Vec<String> {
    let (role, mut grants) = (identifier(role), Vec::new());
    for table in tables {
        let usage = format!("GRANT USAGE ON SCHEMA {} TO {role}", identifier(&table.0));
        if !grants.contains(&usage) {
            grants.push(usage);
        }
        grants.push(format!("GRANT SELECT ON {} TO {role}", qualified(table)));
    }
    grants
}

/// What lets a role run a statement that writes: to a table that it names with its schema, or to make one.
pub fn to_write(sql: &str, role: &str) -> Vec<String> {
    let (line, role) =
        (sql.lines().find(|line| !line.starts_with("--")).unwrap_or_default(), identifier(role));
    let right = match line.split_once(' ') {
        Some(("UPDATE", table)) => table.split_once("\".\"").map(|(schema, name)| {
            let table = (schema.trim_matches('"').to_owned(), name.trim_matches('"').to_owned());
            format!(
                "GRANT UPDATE ON {} TO {role}; or leave the log alone by log = \"nothing\" in [resend]",
                qualified(&table)
            )
        }),
        Some(("CREATE" | "ALTER", _)) => Some(format!(
            "GRANT CREATE ON SCHEMA public TO {role}, or on the first schema of its search_path"
        )),
        _ => None,
    };
    right.into_iter().collect()
}

/// What takes the right to write to a table from a role that it was given to.
pub fn revoke(table: &(String, String), role: &str) -> String {
    format!("REVOKE INSERT, UPDATE, DELETE, TRUNCATE ON {} FROM {}", qualified(table), identifier(role))
}

/// What makes a role that may only read.
pub fn reader(tables: &[(String, String)]) -> Vec<String> {
    let create = format!("CREATE ROLE {READER} LOGIN PASSWORD '...'");
    std::iter::once(create).chain(needed(tables, READER)).collect()
}

/// What makes an index. A partitioned table takes it only in the common way, which locks out writers meanwhile.
pub fn index(table: &(String, String), columns: &[&str], is_partitioned: bool) -> String {
    let columns: Vec<_> = columns.iter().map(|column| identifier(column)).collect();
    let way = if is_partitioned { "" } else { " CONCURRENTLY" };
    format!("CREATE INDEX{way} ON {} ({})", qualified(table), columns.join(", "))
}

fn qualified((schema, table): &(String, String)) -> String {
    format!("{}.{}", identifier(schema), identifier(table))
}

/// A name as a person writes it in SQL: in quotes only where it needs them.
fn identifier(name: &str) -> String {
    let is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    let begins = name.starts_with(|c: char| c.is_ascii_lowercase() || c == '_');
    if begins && name.chars().all(is_plain) && !RESERVED.contains(&format!(" {name} ")) {
        name.to_owned()
    } else {
        quoted(name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stand_in_quotes_only_where_they_must() {
        let names = ["email_log", "to", "using", "Mail Box", "2026", "a\"b", "", "_x"];
        assert_eq!(
            names.map(identifier),
            ["email_log", "\"to\"", "\"using\"", "\"Mail Box\"", "\"2026\"", "\"a\"\"b\"", "\"\"", "_x"]
        );
    }
}
