//! No bytes make a parser of logs panic, nor what unpacks them.
//!
//! `cargo fuzz run import`; on a stable compiler with `RUSTC_BOOTSTRAP=1` and `--sanitizer none` (there is no unsafe code).
#![no_main]

use std::io::{self, Cursor, Read};

use libfuzzer_sys::fuzz_target;
use mailthrottle::import::columns::UserColumns;
use mailthrottle::import::intake::Intake;
use mailthrottle::import::{LogFormat, Line, ParserSettings, compressed, detect};

/// Of what a packed text may grow to.
const MOST: u64 = 1 << 20;

fuzz_target!(|text: &[u8]| {
    let settings = ParserSettings {
        zone: chrono_tz::UTC,
        file_time: 1_795_037_406_000,
        day_first: false,
        columns: UserColumns::default(),
        patterns: Vec::new(),
    };
    if let Ok((unpacked, _)) = compressed::text_of(Cursor::new(text.to_vec())) {
        let _ = io::copy(&mut unpacked.take(MOST), &mut io::sink());
    }
    let lines = || text.split(|byte| *byte == b'\n').map(|text| Line { text, start: 0, number: 0 });
    detect::detect(lines(), &settings);
    for format in LogFormat::ALL {
        let mut intake = Intake::new(format, &settings, 0, 0);
        lines().for_each(|line| intake.line(line));
        intake.finish();
    }
});
