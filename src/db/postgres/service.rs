//! Connection services: named parameters in `pg_service.conf`, as psql users have them.
//! Source: <https://www.postgresql.org/docs/current/libpq-pgservice.html>

use std::path::PathBuf;

use anyhow::{Context, Result, anyhow, bail};

/// Where Debian and the server's own build keep the file for all users.
const FOR_ALL: [&str; 2] = ["/etc/postgresql-common", "/etc"];

const FILE: &str = "pg_service.conf";

/// The parameters of a service: those of the user's file, else of the file for all users.
///
/// # Errors
/// No file has it, or the one that has it cannot be read.
pub fn parameters(name: &str) -> Result<Vec<(String, String)>> {
    let files = files();
    for file in files.iter().filter(|file| file.is_file()) {
        let text =
            std::fs::read_to_string(file).with_context(|| format!("{} cannot be read", file.display()))?;
        if let Some(found) = section(&text, name).map_err(|error| anyhow!("{}, {error}", file.display()))? {
            return Ok(found);
        }
    }
    let looked: Vec<_> = files.iter().map(|file| file.display().to_string()).collect();
    bail!("--db: no service '{}' in {}; name one that is there", name.escape_debug(), looked.join(", "))
}

fn files() -> Vec<PathBuf> {
    let variable = |name| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let own =
        variable("PGSERVICEFILE").or_else(|| std::env::home_dir().map(|home| home.join(".pg_service.conf")));
    let folders = match variable("PGSYSCONFDIR") {
        Some(folder) => vec![folder],
        None => FOR_ALL.map(PathBuf::from).to_vec(),
    };
    own.into_iter().chain(folders.into_iter().map(|folder| folder.join(FILE))).collect()
}

/// The parameters below `[name]`.
fn section(text: &str, name: &str) -> Result<Option<Vec<(String, String)>>, String> {
    let mut found: Option<Vec<(String, String)>> = None;
    for (number, line) in (1..).zip(text.lines()) {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        if let Some(title) = line.strip_prefix('[').and_then(|line| line.strip_suffix(']')) {
            if found.is_some() {
                break;
            }
            found = (title == name).then(Vec::new);
        } else if let Some(parameters) = &mut found {
            let pair = line.split_once('=').ok_or_else(|| format!("line {number}: expected name=value"))?;
            parameters.push((pair.0.trim().to_owned(), pair.1.trim().to_owned()));
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_service_is_the_section_of_its_name() {
        let text = "# all\n[erp]\nhost=db.example\n port = 5433\n\n[mail]\nhost=other\nnonsense\n";
        let erp = section(text, "erp").unwrap().unwrap();
        assert_eq!(erp, [("host".into(), "db.example".into()), ("port".into(), "5433".into())]);
        assert_eq!(section(text, "none").unwrap(), None);
        assert_eq!(section(text, "mail").unwrap_err(), "line 8: expected name=value");
    }
}
