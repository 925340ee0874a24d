//! Arrows point one way: which layer may use which, read from the imports.
#![allow(missing_docs, clippy::unwrap_used)]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// A layer and the layers it may use. What is not listed may be used by nobody.
const MAY_USE: &[(&str, &[&str])] = &[
    ("model", &[]),
    ("address", &[]),
    ("digest", &[]),
    ("exit", &[]),
    ("zone", &["model"]),
    ("window", &["model", "zone"]),
    ("reply", &["model"]),
    ("provider", &[]),
    ("mapping", &["model", "window", "zone"]),
    ("analysis", &["address", "digest", "mapping", "model", "provider", "reply", "window", "zone"]),
    ("secret", &[]),
    ("import", &["mapping", "model", "reply", "zone"]),
    ("db", &["import", "mapping", "model", "secret", "window"]),
    (
        "resend",
        &[
            "address", "analysis", "db", "digest", "mapping", "model", "output", "reply", "secret", "window",
            "zone",
        ],
    ),
    ("output", &["analysis", "import", "mapping", "model", "reply", "window", "zone"]),
    ("cli", &["analysis", "import", "model", "output", "resend", "window", "zone"]),
    (
        "config",
        &["analysis", "cli", "db", "import", "mapping", "model", "provider", "reply", "resend", "secret"],
    ),
    (
        "cmd",
        &[
            "address", "analysis", "cli", "config", "db", "digest", "exit", "import", "mapping", "model",
            "output", "provider", "reply", "resend", "window", "zone",
        ],
    ),
    ("main", &["cli", "cmd", "exit"]),
];

/// Layers that think without touching the world.
const PURE: &[&str] = &[
    "model", "address", "digest", "secret", "zone", "window", "reply", "provider", "mapping", "analysis",
    "import", "output", "resend",
];

/// The parts of those layers that are there to touch it.
const HANDS: &[&str] = &[
    "resend/attachments.rs",
    "resend/transport",
    "resend/driver",
    "resend/ledger",
    "resend/points.rs",
    "import/lines.rs",
    "import/packed.rs",
    "import/reading.rs",
    "import/source.rs",
];

/// Signs of a clock, a network, a database, a file, the environment or a print.
const WORLD: &[&str] = &[
    "sqlx",
    "tokio",
    "TcpStream",
    "UdpSocket",
    "ToSocketAddrs",
    "std::fs",
    "std::env",
    "std::process",
    "std::io",
    "Utc::now",
    "Local::now",
    "SystemTime",
    "Instant::now",
    "println!",
    "print!(",
    "eprint",
];

/// Every source file with the layer it belongs to and its text without comments and tests.
fn sources() -> Vec<(String, PathBuf, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut folders = vec![root.clone()];
    let mut files = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            if entry.is_dir() && !entry.ends_with("tests") {
                folders.push(entry);
            } else if entry.extension().is_some_and(|ending| ending == "rs") {
                files.push(entry);
            }
        }
    }
    files.sort();
    let layer = |file: &Path| {
        let first = file.strip_prefix(&root).unwrap().components().next().unwrap();
        first.as_os_str().to_str().unwrap().trim_end_matches(".rs").to_owned()
    };
    let code = |text: String| {
        let program = text.split("#[cfg(test)]").next().unwrap_or_default().to_owned();
        program.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n")
    };
    files
        .into_iter()
        .map(|file| (layer(&file), file.clone(), code(fs::read_to_string(&file).unwrap())))
        .collect()
}

/// The layers named after `crate::` or `mailthrottle::`, those in braces included.
fn used(code: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for start in ["crate::", "mailthrottle::"] {
        for (place, _) in code.match_indices(start) {
            let rest = &code[place + start.len()..];
            let names = match rest.strip_prefix('{') {
                Some(list) => list.split('}').next().unwrap_or_default().split(',').collect(),
                None => vec![rest],
            };
            for name in names {
                let word: String =
                    name.trim().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
                found.insert(word);
            }
        }
    }
    found
}

#[test]
fn every_layer_uses_only_those_it_may() {
    for (layer, file, code) in sources().iter().filter(|(layer, ..)| layer != "lib") {
        let Some((_, allowed)) = MAY_USE.iter().find(|(known, _)| known == layer) else {
            panic!("{} is a new layer: say in this test what it may use", file.display());
        };
        for name in used(code).iter().filter(|name| *name != layer) {
            assert!(allowed.contains(&name.as_str()), "{}: {layer} must not use {name}", file.display());
        }
    }
}

#[test]
fn pure_layers_do_not_touch_the_world() {
    let is_hand = |file: &Path| {
        let file = file.strip_prefix(Path::new(env!("CARGO_MANIFEST_DIR")).join("src")).unwrap();
        HANDS.iter().any(|hand| file.starts_with(hand))
    };
    let is_pure = |layer: &str, file: &Path| PURE.contains(&layer) && !is_hand(file);
    for (_, file, code) in sources().iter().filter(|(layer, file, _)| is_pure(layer, file)) {
        for sign in WORLD {
            assert!(!code.contains(sign), "{} must not use {sign}", file.display());
        }
    }
}

#[test]
fn unchecked_sql_is_asserted_in_one_place() {
    let places: usize = sources().iter().map(|(.., code)| code.matches("AssertSqlSafe(").count()).sum();
    assert_eq!(places, 1);
}

#[test]
fn imports_are_found_in_every_form() {
    let code = "use crate::{model, db::Db};\nlet x = crate::zone::utc(0);\nuse mailthrottle::cli::Cli;";
    assert_eq!(used(code).into_iter().collect::<Vec<_>>(), ["cli", "db", "model", "zone"]);
}
