//! Any bytes, read as an application would have stored them, get a reading without a panic, and twice the same.
//!
//! `cargo fuzz run classify`; on a stable compiler with `RUSTC_BOOTSTRAP=1` and `--sanitizer none` (there is no unsafe code).
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use mailthrottle::reply::{Classifier, fingerprint};

static CLASSIFIER: LazyLock<Classifier> = LazyLock::new(Classifier::built_in);

fuzz_target!(|bytes: &[u8]| {
    let text = String::from_utf8_lossy(bytes);
    let reading = CLASSIFIER.read(&text);
    assert!(reading.reply.is_none_or(|reply| (200..600).contains(&reply)));
    assert!(reading.enhanced.is_none_or(|code| matches!(code.class, 2 | 4 | 5)));
    let again = CLASSIFIER.read(&text);
    assert_eq!((reading.class, &reading.rule.name), (again.class, &again.rule.name));
    let print = fingerprint(&text);
    assert!(print.text.len() <= 160 && print.hash.len() == 8);
});
