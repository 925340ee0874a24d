//! The modules of the source and what each of them uses, read from its syntax: imports, paths anywhere in the code, and those in
//! macros. What is there for tests alone is left out.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use proc_macro2::{TokenStream, TokenTree};
use syn::visit::Visit;

/// A module: the names that lead to it from the crate's root.
pub type Name = Vec<String>;

/// What a module uses.
#[derive(Default)]
pub struct Uses {
    /// Of this crate, from its root.
    pub inside: BTreeSet<Name>,
    /// Of others, as it is written.
    pub outside: BTreeSet<Name>,
}

/// Every module of the crate by its name, with what it uses; `main` is one of them.
pub fn all() -> BTreeMap<Name, Uses> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = BTreeMap::new();
    for (start, name) in [("lib.rs", Vec::new()), ("main.rs", vec!["main".to_owned()])] {
        read(&root.join(start), &root, name, &mut found);
    }
    let names: BTreeSet<Name> = found.keys().cloned().collect();
    found.into_iter().map(|(name, paths)| (name.clone(), uses(&name, paths, &names))).collect()
}

/// The module that a path leads to, or into.
pub fn target<'m>(path: &[String], modules: &'m BTreeMap<Name, Uses>) -> Option<&'m Name> {
    let known = (1..=path.len()).rev().find_map(|length| modules.get_key_value(&path[..length]));
    known.map(|(name, _)| name)
}

/// The paths in a text, as they are written, but for those in tests.
pub fn paths(text: &str) -> Result<BTreeSet<Name>, syn::Error> {
    let mut paths = Paths::default();
    syn::parse_file(text)?
        .items
        .iter()
        .filter(|item| !is_for_tests(item))
        .for_each(|item| paths.visit_item(item));
    Ok(paths.0)
}

fn read(file: &Path, folder: &Path, name: Name, found: &mut BTreeMap<Name, BTreeSet<Name>>) {
    let text = fs::read_to_string(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    let syntax = syn::parse_file(&text).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    found.insert(name.clone(), paths(&text).unwrap());
    for item in syntax.items.iter().filter(|item| !is_for_tests(item)) {
        if let syn::Item::Mod(inner) = item
            && inner.content.is_none()
        {
            let word = inner.ident.to_string();
            let flat = folder.join(format!("{word}.rs"));
            let nested = folder.join(&word);
            let file = if flat.exists() { flat } else { nested.join("mod.rs") };
            read(&file, &nested, [name.clone(), vec![word]].concat(), found);
        }
    }
}

fn uses(module: &Name, paths: BTreeSet<Name>, names: &BTreeSet<Name>) -> Uses {
    let mut uses = Uses::default();
    for path in paths {
        match from_root(&path, module, names) {
            Some(path) => uses.inside.insert(path),
            None => uses.outside.insert(path),
        };
    }
    uses
}

fn is_for_tests(item: &syn::Item) -> bool {
    let attributes = match item {
        syn::Item::Mod(item) => &item.attrs,
        syn::Item::Fn(item) => &item.attrs,
        syn::Item::Impl(item) => &item.attrs,
        syn::Item::Use(item) => &item.attrs,
        syn::Item::Const(item) => &item.attrs,
        _ => return false,
    };
    let is_test = |attribute: &syn::Attribute| {
        attribute.path().is_ident("cfg")
            && attribute.parse_args::<syn::Path>().is_ok_and(|what| what.is_ident("test"))
    };
    attributes.iter().any(is_test)
}

/// A path from the crate's root, if it leads into the crate.
fn from_root(path: &Name, module: &Name, names: &BTreeSet<Name>) -> Option<Name> {
    let child = [module.as_slice(), path.get(..1)?].concat();
    match path[0].as_str() {
        "crate" | "mailthrottle" => Some(path[1..].to_vec()),
        "self" => Some([module.as_slice(), &path[1..]].concat()),
        "super" => {
            let ups = path.iter().take_while(|word| *word == "super").count();
            Some([&module[..module.len().saturating_sub(ups)], &path[ups..]].concat())
        }
        _ => names.contains(&child).then(|| [module.as_slice(), path].concat()),
    }
}

/// The path of a macro, which is told from others by its mark.
fn called(mut path: Name) -> Name {
    if let Some(last) = path.last_mut() {
        last.push('!');
    }
    path
}

#[derive(Default)]
struct Paths(BTreeSet<Name>);

impl Paths {
    fn add_tree(&mut self, tree: &syn::UseTree, so_far: &Name) {
        let with = |word: &syn::Ident| [so_far.clone(), vec![word.to_string()]].concat();
        match tree {
            syn::UseTree::Path(path) => self.add_tree(&path.tree, &with(&path.ident)),
            syn::UseTree::Name(name) => drop(self.0.insert(with(&name.ident))),
            syn::UseTree::Rename(name) => drop(self.0.insert(with(&name.ident))),
            syn::UseTree::Glob(_) => drop(self.0.insert(so_far.clone())),
            syn::UseTree::Group(group) => group.items.iter().for_each(|tree| self.add_tree(tree, so_far)),
        }
    }

    /// The paths in what a macro is given, which is no syntax yet.
    fn add_tokens(&mut self, tokens: TokenStream) {
        let mut path: Name = Vec::new();
        let mut colons = 0;
        for token in tokens {
            match token {
                TokenTree::Ident(word) if path.is_empty() || colons == 2 => {
                    path.push(word.to_string());
                    colons = 0;
                }
                TokenTree::Punct(mark) if mark.as_char() == ':' && !path.is_empty() => colons += 1,
                TokenTree::Punct(mark) if mark.as_char() == '!' && !path.is_empty() => path = called(path),
                other => {
                    self.0.insert(std::mem::take(&mut path));
                    colons = 0;
                    match other {
                        TokenTree::Group(group) => self.add_tokens(group.stream()),
                        TokenTree::Ident(word) => path.push(word.to_string()),
                        _ => {}
                    }
                }
            }
        }
        self.0.insert(path);
    }
}

impl<'ast> Visit<'ast> for Paths {
    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        self.add_tree(&item.tree, &Vec::new());
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        self.0.insert(path.segments.iter().map(|segment| segment.ident.to_string()).collect());
        syn::visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, item: &'ast syn::Macro) {
        self.0.insert(called(item.path.segments.iter().map(|segment| segment.ident.to_string()).collect()));
        self.add_tokens(item.tokens.clone());
    }
}
