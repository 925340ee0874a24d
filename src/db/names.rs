//! Names of tables: those that are there, and the words for one that is not.

use crate::mapping::resolve::MappingError;
use crate::mapping::{name_parts, nearest};

/// How many tables a message lists at most.
const LISTED: usize = 20;

/// A table or view of a database.
pub struct Name {
    /// Its schema.
    pub schema: String,
    /// Its own name.
    pub name: String,
    /// Whether it is found without its schema.
    pub is_visible: bool,
}

impl Name {
    fn shown(&self) -> String {
        if self.is_visible { self.name.clone() } else { format!("{}.{}", self.schema, self.name) }
    }
}

/// Not one of some tables is the wanted one; `key`: where the user names it.
pub fn no_table(wanted: &str, key: &str, place: &str, there: &[Name]) -> MappingError {
    let names: Vec<String> = there.iter().map(Name::shown).collect();
    let bare = name_parts(wanted).pop().unwrap_or_default();
    let elsewhere = there.iter().find(|table| table.name.eq_ignore_ascii_case(&bare)).map(Name::shown);
    let near = elsewhere.or_else(|| nearest(&bare, &names).map(str::to_owned));
    let near = near.map_or_else(String::new, |near| format!(" (did you mean '{near}'?)"));
    let more =
        if names.len() > LISTED { format!(" and {} more", names.len() - LISTED) } else { String::new() };
    MappingError(format!(
        "no table '{}' in {place}, which has {}{more}{near}; name it by {key}",
        wanted.escape_debug(),
        names.iter().take(LISTED).cloned().collect::<Vec<_>>().join(", ")
    ))
}
