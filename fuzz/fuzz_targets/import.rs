//! No bytes make a parser of logs panic.
#![no_main]

use libfuzzer_sys::fuzz_target;
use mailthrottle::import::columns::Names;
use mailthrottle::import::intake::Intake;
use mailthrottle::import::{Format, Line, Settings, detect};

fuzz_target!(|text: &[u8]| {
    let settings = Settings {
        zone: chrono_tz::UTC,
        file_time: 1_795_037_406_000,
        day_first: false,
        columns: Names::default(),
        patterns: Vec::new(),
    };
    let lines = || text.split(|byte| *byte == b'\n').map(|text| Line { text, start: 0, number: 0 });
    detect::detect(lines(), &settings);
    for format in Format::ALL {
        let mut intake = Intake::new(format, &settings, 0, 0);
        lines().for_each(|line| intake.line(line));
        intake.finish();
    }
});
