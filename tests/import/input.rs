//! What `import` is given: compressed files, other encodings, and input of which some or nothing can be used.

use std::io::Write;
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::support::{Ran, TestLog, delivered, fixture};
use mailthrottle::import::intake::Intake;
use mailthrottle::import::reading::{self, ReadEnd};
use mailthrottle::import::source::LogSource;
use mailthrottle::import::{LogFormat, ParserSettings};
use serde_json::{Value, json};

/// What a program makes of bytes.
fn through(program: &str, bytes: &[u8]) -> Vec<u8> {
    let mut child = Command::new(program)
        .arg("-c")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap_or_else(|_| panic!("install the package {program}"));
    let mut input = child.stdin.take().unwrap();
    let bytes = bytes.to_owned();
    let writer = std::thread::spawn(move || input.write_all(&bytes).unwrap());
    let compressed = child.wait_with_output().unwrap().stdout;
    writer.join().unwrap();
    compressed
}

fn gzip(text: &[u8]) -> Vec<u8> {
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packer.write_all(text).unwrap();
    packer.finish().unwrap()
}

fn bzip2(text: &[u8]) -> Vec<u8> {
    through("bzip2", text)
}

fn zstd(text: &[u8]) -> Vec<u8> {
    ruzstd::encoding::compress_to_vec(text, ruzstd::encoding::CompressionLevel::Fastest)
}

/// A way to pack, and the end of the names of its files.
type Packer = (&'static str, fn(&[u8]) -> Vec<u8>);

const PACKERS: [Packer; 3] = [("gz", gzip), ("bz2", bzip2), ("zst", zstd)];

fn lines(from: u32, to: u32) -> String {
    (from..to).map(delivered).collect()
}

#[test]
fn packed_files_are_read_also_where_several_are_put_together() {
    let (one, two) = (lines(0, 3_000), lines(3_000, 4_000));
    for (name, pack) in PACKERS {
        let log = TestLog::empty();
        log.write(&format!("log.{name}"), [pack(one.as_bytes()), pack(two.as_bytes())].concat());
        let read = log.import(&format!("log.{name}"));
        assert_eq!((&read["rows"], &read["lines"]), (&json!(4_000), &json!(4_000)), "{name}");
        log.write("log", [one.as_str(), &two].concat());
        assert_eq!(log.import("log")["rows"], 0, "{name}");
    }
}

#[test]
fn half_of_a_packed_file_keeps_what_was_read_and_says_so() {
    let text = lines(0, 40_000);
    for (name, pack) in PACKERS {
        let log = TestLog::empty();
        let (compressed, file) = (pack(text.as_bytes()), format!("log.{name}"));
        log.write(&file, &compressed[..compressed.len() / 2]);
        let half = log.run(&["--format", "json", "import", &file]);
        assert_eq!((half.code, half.stderr.lines().count()), (3, 1), "{}", half.stderr);
        let expected =
            ": the file ends in the middle of its compressed data; get the whole file and import it again";
        assert!(half.stderr.starts_with(&format!("mailthrottle: {file}, after ")), "{}", half.stderr);
        assert!(half.stderr.trim_end().ends_with(expected), "{}", half.stderr);
        log.write(&file, &compressed);
        let rows = log.import(&file)["rows"].as_u64().unwrap();
        assert!(rows > 0 && rows < 40_000, "{name}: {rows}");
    }
}

#[test]
fn a_damaged_packed_file_is_not_taken_for_a_whole_one() {
    let text = lines(0, 40_000);
    for (name, pack) in PACKERS {
        let log = TestLog::empty();
        let mut compressed = pack(text.as_bytes());
        let middle = compressed.len() / 2;
        compressed[middle..middle + 8].fill(0x55);
        log.write("log", &compressed);
        let ran = log.run(&["import", "log"]);
        assert_eq!((ran.code, ran.stderr.lines().count()), (3, 1), "{name}: {}", ran.stderr);
    }
}

#[test]
fn a_packed_file_that_was_read_whole_is_not_unpacked_again() {
    for (name, pack) in PACKERS {
        let (log, file) = (TestLog::empty(), format!("log.{name}"));
        log.write(&file, pack(lines(0, 500).as_bytes()));
        log.import(&file);
        let again = log.import(&file);
        assert_eq!((&again["lines"], &again["rows"]), (&json!(0), &json!(0)), "{name}");
        log.write(&file, pack(lines(0, 501).as_bytes()));
        let grown = log.import(&file);
        assert_eq!((&grown["lines"], &grown["rows"]), (&json!(501), &json!(1)), "{name}");
    }
}

#[test]
fn utf_16_is_read_as_powershell_writes_it() {
    let text = std::fs::read_to_string(fixture("azure-functions.log")).unwrap().replace('\n', "\r\n");
    for to_bytes in [u16::to_le_bytes, u16::to_be_bytes] {
        let log = TestLog::empty();
        let bytes: Vec<u8> = format!("\u{feff}{text}").encode_utf16().flat_map(to_bytes).collect();
        log.write("app.log", &bytes);
        log.write("app.log.gz", gzip(&bytes));
        assert_eq!(log.import("app.log")["rows"], 3);
        assert_eq!(log.import("app.log.gz")["rows"], 0);
        assert_eq!(log.import(&fixture("azure-functions.log"))["rows"], 0);
    }
}

#[test]
fn what_is_no_log_is_refused_in_one_line() {
    let log = TestLog::empty();
    log.write("noise.txt", "dear diary\nnothing today\n");
    log.write("picture.png", [0u8, 1, 2, 3, 4, 5, 6, 7, 8].repeat(500));
    log.write("empty.log", "");
    log.write("empty.gz", gzip(b""));
    log.write("log.xz", b"\xfd7zXZ\0 and more");
    log.write("short.bz2", b"BZh");
    std::fs::create_dir(log.path("logs")).unwrap();
    let cases = [
        ("gone.log", "gone.log: no such file"),
        ("logs", "logs is a directory; give the files in it, as logs/*.log"),
        ("empty.log", "empty.log is empty"),
        ("empty.gz", "empty.gz is empty"),
        (
            "log.xz",
            "log.xz: it is compressed by xz; unpack it on the way, as xz -dc FILE | mailthrottle import -",
        ),
        (
            "short.bz2",
            "short.bz2: the file ends in the middle of its compressed data; get the whole file and import it again",
        ),
        (
            "picture.png",
            "picture.png is a binary file and no log; give a text file, or one compressed by gzip, zstd or bzip2",
        ),
        (
            "noise.txt",
            "noise.txt: none of its 2 lines is of a known format; expected postfix, postqueue, exim, sendmail, app, csv, \
             json, patterns; import --list shows how their lines begin, and [[import.patterns]] in the config can describe \
             others",
        ),
    ];
    for (file, message) in cases {
        assert_eq!(log.error(&["import", file]), format!("mailthrottle: {message}"));
    }
}

#[test]
fn a_file_without_the_right_to_read_it() {
    let log = TestLog::empty();
    let path = log.write("mail.log", lines(0, 3));
    std::fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(0o000)).unwrap();
    let ran = log.run_as_nobody(&["import", "--dry-run", "mail.log"]);
    assert_eq!(ran.error(), "mailthrottle: mail.log: no right to read it; run this as a user who may");
}

#[test]
fn one_bad_file_keeps_none_of_the_others_out() {
    let log = TestLog::empty();
    log.write("one.log", lines(0, 3));
    log.write("two.log", lines(3, 5));
    let ran = log.run(&["import", "one.log", "gone.log", "two.log"]);
    assert_eq!((ran.code, ran.stderr.as_str()), (3, "mailthrottle: gone.log: no such file\n"));
    assert!(ran.stdout.starts_with("5 rows added"), "{}", ran.stdout);
}

/// Takes in what is written to its stdin, and says how much memory it held at most, in MB, before its last line.
fn import_and_peak(log: &TestLog, write: impl Fn(&mut dyn Write)) -> (Value, u64) {
    let mut child = log.command(&["--format", "json", "--db", "log.db", "import", "-"]);
    let child = child.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
    let mut child = child.unwrap();
    let mut input = child.stdin.take().unwrap();
    input.write_all(lines(0, 1).as_bytes()).unwrap();
    write(&mut input);
    let status = std::fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap();
    input.write_all(format!("\n{}", lines(1, 2)).as_bytes()).unwrap();
    drop(input);
    let ran: Ran = child.wait_with_output().unwrap().into();
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""));
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap().trim();
    let kilobytes: u64 = peak.trim_end_matches(" kB").parse().unwrap();
    (serde_json::from_str(&ran.stdout).unwrap(), kilobytes >> 10)
}

#[test]
fn a_line_of_100_mb_is_cut_in_bounded_memory() {
    let (imported, peak) = import_and_peak(&TestLog::empty(), |input| {
        for _ in 0..100 {
            input.write_all(&[b'x'; 1 << 20]).unwrap();
        }
    });
    assert_eq!((&imported["rows"], &imported["files"][0]["cut_lines"]), (&json!(2), &json!(1)));
    assert!(peak < 128, "{peak} MB");
}

#[test]
fn many_long_lines_that_look_like_failures_do_not_pile_up() {
    let line = ["error ".as_bytes(), &[b'x'; 900_000], b"\n"].concat();
    let (imported, peak) = import_and_peak(&TestLog::empty(), |input| {
        for _ in 0..250 {
            input.write_all(&line).unwrap();
        }
    });
    assert_eq!((&imported["rows"], &imported["unparsed_failures"]), (&json!(2), &json!(250)));
    assert!(peak < 128, "{peak} MB");
}

#[test]
fn nuls_and_bytes_that_are_no_utf_8_keep_no_row_out() {
    let log = TestLog::empty();
    let text = [
        vec![0; 4096],
        lines(0, 1).into_bytes(),
        lines(1, 2).replace("ok 7919", "gr\u{fc}\u{df}e").into_bytes(),
        b"2026-11-18T21:30:05Z mx1 postfix/smtp[1]: A00000002: to=<u\xff\xfe@b.example>, relay=none, delay=1, dsn=4.0.0, status=deferred (no \x00 \xc3)\n".to_vec(),
    ];
    log.write("mail.log", text.concat());
    assert_eq!(log.import("mail.log")["rows"], 3);
    let row = &log.json(&["failures"])["rows"][0];
    assert_eq!(
        (&row["recipient"], &row["error_message"]),
        (&json!("u\u{fffd}\u{fffd}@b.example"), &json!("no  \u{fffd}"))
    );
}

#[test]
fn stamps_out_of_order_and_in_the_future_are_taken_as_they_are() {
    let log = TestLog::empty();
    let at = |stamp: &str, n: u32| delivered(n).replace("2026-11-18T21:30:04Z", stamp);
    let text = [at("2031-01-01T00:00:00Z", 1), at("2026-11-18T21:30:04Z", 2), at("1999-12-31T23:59:59Z", 3)];
    log.write("mail.log", text.concat());
    let file = &log.import("mail.log")["files"][0];
    assert_eq!(file["first_at"], "1999-12-31T23:59:59.000Z");
    assert_eq!(file["last_at"], "2031-01-01T00:00:00.000Z");
    assert_eq!(log.report()["totals"]["rows"], 3);
}

#[test]
fn months_in_three_languages_and_years_across_new_year() {
    let log = TestLog::empty();
    let stamps =
        ["Dec 30 10:00:00", "déc. 31 10:00:00", "Dez 31 23:59:59", "Jan  1 00:00:01", "janv.  1 00:00:02"];
    let line = |(n, stamp): (usize, &&str)| {
        delivered(u32::try_from(n).unwrap()).replace("2026-11-18T21:30:04Z", stamp)
    };
    let path = log.write("mail.log", stamps.iter().enumerate().map(line).collect::<String>());
    let new_year = std::time::UNIX_EPOCH + Duration::from_secs(1_767_312_000);
    std::fs::File::options().append(true).open(path).unwrap().set_modified(new_year).unwrap();
    let file = &log.import("mail.log")["files"][0];
    assert_eq!((&file["first_at"], &file["rows"]), (&json!("2025-12-30T10:00:00.000Z"), &json!(5)));
    assert_eq!(file["last_at"], "2026-01-01T00:00:02.000Z");
}

#[test]
fn of_two_stamps_the_one_with_a_zone_counts() {
    let log = TestLog::empty();
    log.write(
        "app.log",
        "2026-11-18 22:30:05 2026-11-18T21:30:05+00:00 ERROR Failed to send email: 432 4.3.2 Concurrent connections limit exceeded\n",
    );
    assert_eq!(log.import("app.log")["files"][0]["first_at"], "2026-11-18T21:30:05.000Z");
}

#[test]
fn a_file_that_shrinks_while_it_is_read_says_so() {
    let log = TestLog::empty();
    let path = log.write("mail.log", lines(0, 20_000));
    let settings = ParserSettings {
        zone: chrono_tz::UTC,
        file_time: 0,
        day_first: false,
        columns: mailthrottle::import::columns::UserColumns::default(),
        patterns: Vec::new(),
    };
    let mut source = LogSource::open(path.to_str().unwrap(), 0).unwrap();
    let intake = Intake::new(LogFormat::Postfix, &settings, 0, 0);
    let mut rows = 0;
    let mut cut_off = |batch: reading::Batch| {
        rows += batch.rows.len();
        std::fs::File::options().write(true).open(&path).unwrap().set_len(100).is_ok()
    };
    let ended: anyhow::Result<ReadEnd> = reading::read(&mut source, intake, false, &mut cut_off);
    let message = format!(
        "{} shrank while it was read; what was read stays, import it again for the rest",
        path.display()
    );
    assert_eq!(ended.unwrap_err().to_string(), message);
    assert!(rows >= 1000, "{rows}");
}
