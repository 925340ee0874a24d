//! Arrows point one way: which layer may use which, and which of them touch the world.

use std::collections::BTreeMap;

use crate::modules::{self, Name, Uses};

/// A part of the source.
struct Layer {
    /// The module that it is, with all within it but for layers of their own.
    name: &'static str,
    /// Whether it thinks without a clock, a network, a database, a file, the environment or a print.
    is_pure: bool,
    /// The layers it may use, each with all within it.
    uses: &'static [&'static str],
}

const fn pure(name: &'static str, uses: &'static [&'static str]) -> Layer {
    Layer { name, is_pure: true, uses }
}

const fn acting(name: &'static str, uses: &'static [&'static str]) -> Layer {
    Layer { name, is_pure: false, uses }
}

/// What a wire to a database may use: none of the others, and nothing of what is asked by it.
const WIRE: &[&str] = &[
    "db::catalogue",
    "db::names",
    "db::product",
    "db::read",
    "db::dry_run",
    "db::row",
    "db::statement",
    "db::target",
    "mapping",
    "model",
    "secret",
];

/// Every layer. What is not listed may be used by nobody.
const LAYERS: &[Layer] = &[
    pure("", &[]),
    pure("model", &[]),
    pure("address", &[]),
    pure("digest", &[]),
    acting("exit", &[]),
    acting("http", &[]),
    pure("provider", &[]),
    pure("secret", &[]),
    pure("zone", &["model"]),
    pure("window", &["model", "zone"]),
    pure("reply", &["model"]),
    pure("mapping", &["model", "window", "zone"]),
    // what is found in a log
    pure("analysis", &[]),
    pure("analysis::names", &[]),
    pure("analysis::verdict", &[]),
    pure("analysis::newest", &["model"]),
    pure("analysis::order", &["model"]),
    pure("analysis::running", &["model"]),
    pure("analysis::mails", &["address", "digest", "model"]),
    pure("analysis::failures", &["analysis::names", "model", "reply"]),
    pure("analysis::clusters", &["analysis::failures", "analysis::names", "model"]),
    pure("analysis::around", &["analysis::clusters", "model"]),
    pure(
        "analysis::scan",
        &[
            "analysis::around",
            "analysis::clusters",
            "analysis::failures",
            "analysis::names",
            "analysis::order",
            "analysis::running",
            "mapping",
            "model",
            "zone",
        ],
    ),
    pure(
        "analysis::report",
        &["analysis::running", "analysis::verdict", "model", "provider", "window", "zone"],
    ),
    pure(
        "analysis::input",
        &[
            "analysis::clusters",
            "analysis::failures",
            "analysis::report",
            "analysis::scan",
            "mapping",
            "model",
            "provider",
            "window",
            "zone",
        ],
    ),
    pure(
        "analysis::phrases",
        &[
            "analysis::failures",
            "analysis::input",
            "analysis::report",
            "analysis::verdict",
            "model",
            "window",
        ],
    ),
    pure(
        "analysis::judge",
        &[
            "analysis::failures",
            "analysis::input",
            "analysis::names",
            "analysis::report",
            "analysis::scan",
            "analysis::verdict",
            "analysis::phrases",
            "model",
        ],
    ),
    pure(
        "analysis::build",
        &[
            "analysis::around",
            "analysis::clusters",
            "analysis::failures",
            "analysis::input",
            "analysis::judge",
            "analysis::report",
            "analysis::running",
            "analysis::scan",
            "analysis::verdict",
            "model",
        ],
    ),
    pure(
        "analysis::alert",
        &[
            "analysis::failures",
            "analysis::judge",
            "analysis::phrases",
            "analysis::report",
            "analysis::verdict",
            "model",
            "reply",
            "window",
            "zone",
        ],
    ),
    pure(
        "analysis::doctor",
        &[
            "analysis::names",
            "analysis::newest",
            "analysis::report",
            "analysis::phrases",
            "analysis::scan",
            "mapping",
            "model",
            "reply",
            "window",
        ],
    ),
    // logs that become a table
    pure("import", &["mapping", "model", "reply", "zone"]),
    acting("import::lines", &["import"]),
    acting("import::compressed", &[]),
    acting("import::source", &["import", "import::lines", "import::compressed", "model"]),
    acting("import::reading", &["import", "import::source"]),
    // the database
    acting("db", &["mapping", "model", "window", "zone"]),
    pure("db::target", &["secret"]),
    pure("db::product", &["mapping"]),
    pure("db::row", &["mapping", "model"]),
    pure("db::dry_run", &["mapping"]),
    pure("db::names", &["mapping"]),
    pure("db::catalogue", &["db::row", "mapping"]),
    pure("db::read", &["db::row", "mapping", "model", "window"]),
    acting("db::statement", &["mapping"]),
    acting("db::sqlite", WIRE),
    acting("db::sqlite::import", &["db::sqlite", "db::statement", "import", "mapping", "model"]),
    acting("db::postgres", WIRE),
    acting("db::oracle", WIRE),
    acting("db::lock", &["db::oracle", "db::sqlite"]),
    acting("db::wire", &["db", "mapping", "model"]),
    // sending again
    pure("resend", &[]),
    pure("resend::fingerprint", &["digest"]),
    pure("resend::message", &["address", "model"]),
    pure("resend::backoff", &["model"]),
    pure("resend::pace", &["model", "resend::backoff"]),
    pure("resend::state", &["model"]),
    pure("resend::engine", &["model", "resend::backoff", "resend::pace", "resend::state"]),
    pure("resend::kept", &["analysis::mails", "db::row", "digest", "resend::fingerprint", "resend::message"]),
    pure(
        "resend::selection",
        &["analysis::mails", "model", "resend::ledger", "resend::message", "resend::state", "zone"],
    ),
    acting("resend::failpoints", &[]),
    acting("resend::attachments", &["resend::message"]),
    acting("resend::transport", &["http", "model", "output", "resend::message", "secret"]),
    acting(
        "resend::ledger",
        &[
            "analysis::mails",
            "db",
            "digest",
            "mapping",
            "model",
            "resend::fingerprint",
            "resend::kept",
            "resend::message",
            "resend::failpoints",
            "resend::state",
            "window",
            "zone",
        ],
    ),
    acting(
        "resend::driver",
        &[
            "model",
            "reply",
            "resend::attachments",
            "resend::engine",
            "resend::ledger",
            "resend::message",
            "resend::failpoints",
            "resend::selection",
            "resend::state",
            "resend::transport",
        ],
    ),
    // what a person sees and says
    pure("output", &["analysis", "import", "mapping", "model", "reply", "window", "zone"]),
    acting("cli", &["analysis", "import", "model", "output", "resend::pace", "window", "zone"]),
    acting(
        "config",
        &["analysis", "cli", "db", "import", "mapping", "model", "provider", "reply", "resend", "secret"],
    ),
    acting(
        "log",
        &[
            "address", "analysis", "cli", "config", "db", "digest", "mapping", "model", "provider", "reply",
            "resend", "window", "zone",
        ],
    ),
    acting(
        "cmd",
        &[
            "address", "analysis", "cli", "config", "db", "digest", "exit", "http", "import", "log",
            "mapping", "model", "output", "provider", "reply", "resend", "window", "zone",
        ],
    ),
    acting("main", &["cli", "cmd", "exit"]),
];

/// What a pure layer does not use: the beginnings of paths, and paths that end so.
const WORLD: [&[&str]; 10] = [
    &["sqlx"],
    &["tokio"],
    &["std", "env"],
    &["std", "fs"],
    &["std", "io"],
    &["std", "process"],
    &["print!"],
    &["println!"],
    &["eprint!"],
    &["eprintln!"],
];
const ENDS: [&[&str]; 7] = [
    &["Utc", "now"],
    &["Local", "now"],
    &["Instant", "now"],
    &["SystemTime", "now"],
    &["TcpStream"],
    &["UdpSocket"],
    &["ToSocketAddrs"],
];

/// The layer of a module: the longest of the names that lead to it.
fn layer_of(module: &Name) -> &'static Layer {
    let module = module.join("::");
    let is_in = |layer: &&Layer| module == layer.name || module.starts_with(&format!("{}::", layer.name));
    let layer = LAYERS.iter().filter(is_in).max_by_key(|layer| layer.name.len());
    layer.unwrap_or_else(|| panic!("{module} is a new layer: say in this test what it may use"))
}

fn is_within(name: &str, layer: &str) -> bool {
    name == layer || name.starts_with(&format!("{layer}::"))
}

/// The modules that a module uses, without itself.
fn used<'m>(module: &Name, uses: &Uses, all: &'m BTreeMap<Name, Uses>) -> Vec<&'m Name> {
    let targets = uses.inside.iter().filter_map(|path| modules::target(path, all));
    targets.filter(|target| *target != module && !target.is_empty()).collect()
}

#[test]
fn every_layer_uses_only_those_it_may() {
    let all = modules::all();
    for (module, uses) in &all {
        let layer = layer_of(module);
        for target in used(module, uses, &all) {
            let other = layer_of(target).name;
            // a module that only holds others is opened by them, and opens them
            let is_family = is_within(other, layer.name) || is_within(layer.name, other);
            let may = is_family || layer.uses.iter().any(|allowed| is_within(other, allowed));
            assert!(may, "{}: {} must not use {}", module.join("::"), layer.name, target.join("::"));
        }
    }
}

#[test]
fn pure_layers_do_not_touch_the_world() {
    for (module, uses) in modules::all().iter().filter(|(module, _)| layer_of(module).is_pure) {
        for path in &uses.outside {
            let starts = |sign: &[&str]| {
                path.iter().zip(sign).all(|(word, sign)| word == sign) && path.len() >= sign.len()
            };
            let ends = |sign: &[&str]| path.len() >= sign.len() && path[path.len() - sign.len()..] == *sign;
            let is_worldly = WORLD.into_iter().any(starts) || ENDS.into_iter().any(ends);
            assert!(!is_worldly, "{} must not use {}", module.join("::"), path.join("::"));
        }
    }
}

/// What lies in one folder uses each other one way. A module and those within it are one thing.
#[test]
fn no_modules_use_each_other_in_a_circle() {
    let all = modules::all();
    let is_family = |one: &Name, other: &Name| one.starts_with(other) || other.starts_with(one);
    let next = |module: &Name| -> Vec<&Name> {
        let used = used(module, &all[module], &all);
        used.into_iter().filter(|target| !is_family(module, target)).collect()
    };
    for module in all.keys() {
        let (mut reached, mut open) = (Vec::new(), next(module));
        while let Some(target) = open.pop() {
            assert!(target != module, "{} uses what uses it: {reached:?}", module.join("::"));
            if !reached.contains(&target) {
                reached.push(target);
                open.extend(next(target));
            }
        }
    }
}

#[test]
fn unchecked_sql_is_asserted_in_one_place() {
    let asserts =
        |uses: &&Uses| uses.outside.iter().any(|path| path.ends_with(&["AssertSqlSafe".to_owned()]));
    assert_eq!(modules::all().values().filter(asserts).count(), 1);
}

#[test]
fn paths_are_found_in_every_form_and_not_in_tests() {
    let text = "use crate::{model, db::{Db, self as base}};\n\
        fn f() { let x: crate::zone::Zone = super::y::<crate::a::B>(); println!(\"{}\", crate::digest::of(&[crate::exit::X])) }\n\
        #[cfg(test)] mod tests { use crate::cli::Cli; }\n\
        use crate::window::Window;";
    let found: Vec<String> = modules::paths(text).unwrap().iter().map(|path| path.join("::")).collect();
    for expected in [
        "crate::model",
        "crate::db::Db",
        "crate::zone::Zone",
        "super::y",
        "crate::a::B",
        "crate::digest::of",
        "crate::exit::X",
        "crate::window::Window",
        "println!",
    ] {
        assert!(found.iter().any(|path| path == expected), "{expected} in {found:?}");
    }
    assert!(!found.iter().any(|path| path.contains("cli")), "{found:?}");
}
