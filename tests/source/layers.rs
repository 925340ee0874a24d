#[test]
fn explore() {
    let modules = crate::modules::all();
    let mut edges: std::collections::BTreeMap<String, std::collections::BTreeSet<String>> = Default::default();
    for module in modules.values() {
        for path in &module.paths {
            if let Some(to) = crate::modules::target(path, &modules) {
                if *to != module.name {
                    edges.entry(module.name.join("::")).or_default().insert(to.join("::"));
                }
            }
        }
    }
    for (from, to) in &edges { println!("E {from} -> {}", to.iter().cloned().collect::<Vec<_>>().join(" ")); }
}
