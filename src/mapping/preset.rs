//! Tables found in the wild, by name: `presets.toml`.
//!
//! A preset is a mapping as a user would write it, and nothing more; `--preset NAME` or the config chooses one.

use std::sync::LazyLock;

use serde::Deserialize;

use crate::mapping::raw::RawMapping;

/// A table known by name.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Preset {
    /// What `--preset` and the config call it.
    pub name: String,
    /// The software whose table it is.
    pub title: String,
    /// What a user has to know: where the system runs, what the table cannot say.
    pub note: Option<String>,
    /// How the system itself sends a mail again, where it can.
    pub again: Option<String>,
    /// The mapping.
    pub mapping: RawMapping,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PresetFile {
    presets: Vec<Preset>,
}

static PRESETS: LazyLock<Vec<Preset>> = LazyLock::new(|| {
    let file: PresetFile =
        toml::from_str(include_str!("presets.toml")).expect("presets.toml is tested to be valid");
    file.presets
});

/// Every preset, the generic one first.
pub fn all() -> &'static [Preset] {
    &PRESETS
}

/// A preset by its name.
pub fn by_name(name: &str) -> Option<&'static Preset> {
    all().iter().find(|preset| preset.name == name)
}

/// The mapping of a preset.
///
/// # Errors
/// Names the presets there are.
pub fn mapping(name: &str) -> Result<&'static RawMapping, String> {
    by_name(name).map(|preset| &preset.mapping).ok_or_else(|| {
        let known: Vec<_> = all().iter().map(|preset| preset.name.as_str()).collect();
        format!("'{}' is not one of {}", name.escape_debug(), known.join(", "))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mapping::wanted::Flags;

    #[test]
    fn every_preset_is_a_mapping_without_a_preset_of_its_own() {
        for preset in all() {
            assert!(preset.mapping.preset.is_none() && preset.mapping.table.is_some(), "{}", preset.name);
            let checked = preset.mapping.check(Flags::default());
            assert!(checked.is_ok(), "{}: {checked:?}", preset.name);
        }
    }

    #[test]
    fn a_note_is_one_sentence() {
        for preset in all() {
            let note = preset.note.as_deref().unwrap_or("None.");
            assert!(note.ends_with('.') && !note.contains(". "), "{}: {note}", preset.name);
            assert!(!preset.title.ends_with('.'), "{}", preset.name);
            let again = preset.again.as_deref().unwrap_or_default();
            assert!(!again.ends_with('.') && !again.contains(". "), "{}: {again}", preset.name);
        }
    }

    #[test]
    fn a_table_that_nothing_is_taken_from_need_not_be_there() {
        let own: RawMapping = toml::from_str(
            "preset = 'django-post-office'\ncolumns = { error_message = 'reason', sent_date = 'last_updated' }",
        )
        .unwrap();
        assert_eq!(own.check(Flags::default()).unwrap().joins, []);
        let own: RawMapping =
            toml::from_str("preset = 'django-post-office'\ncolumns = { error_message = 'reason' }").unwrap();
        assert_eq!(own.check(Flags::default()).unwrap().joins[0].name, "log");
    }
}
