//! How many error texts a second one core reads, beside a plain regular expression that only finds the codes,
//! and beside `rg -c` and `grep -c` over the same lines.
//!
//! Run with `cargo bench --bench replies`. The texts are the labelled set, each one made different from the others by a
//! number, repeated; the figure is for texts of their average length and, scaled by bytes, for texts of 150 bytes.

use std::hint::black_box;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use mailthrottle::reply::Classifier;
use regex::bytes::Regex;

/// The texts of the labelled set, over and over, with hosts and numbers that differ from row to row.
fn texts() -> Vec<String> {
    let rows: Vec<String> = include_str!("../fixtures/replies.jsonl")
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).expect("a line of the labelled set"))
        .map(|row| row["text"].as_str().expect("every row has a text").to_owned())
        .collect();
    (0..20_000)
        .map(|i| rows[i % rows.len()].replace("192.0.2.", &format!("10.{}.{}.", i % 251, i % 241)))
        .collect()
}

/// The fastest of five rounds: what the machine's other work leaves.
fn fastest(mut round: impl FnMut() -> usize) -> Duration {
    (0..5)
        .map(|_| {
            let start = Instant::now();
            black_box(round());
            start.elapsed()
        })
        .min()
        .expect("five rounds")
}

/// The time that a search program takes to count the lines with a code in `file`; none if the program is not there.
fn searching(program: &str, arguments: &[&str], file: &Path) -> Option<Duration> {
    let run = || Command::new(program).args(arguments).arg(PATTERN).arg(file).output();
    run().ok()?;
    Some(fastest(|| run().map_or(0, |output| output.stdout.len())))
}

/// What a search program can be asked for: a line with a reply code or an enhanced code.
const PATTERN: &str = r"\b[245][0-9][0-9]\b|\b[245]\.[0-9]{1,3}\.[0-9]{1,3}\b";

fn main() {
    let texts = texts();
    let bytes: usize = texts.iter().map(String::len).sum();
    let classifier = Classifier::built_in();
    let codes = Regex::new(
        r"(?-u:\b([245]\d\d)\b(?:[ -]#?([245]\.\d{1,3}\.\d{1,3}))?|\b([245]\.\d{1,3}\.\d{1,3})\b)",
    )
    .expect("a constant pattern");
    let start = Instant::now();
    black_box(Classifier::built_in());
    let building = start.elapsed();

    let reading = fastest(|| texts.iter().filter(|text| classifier.read(text).reply.is_some()).count());
    let scanning =
        fastest(|| texts.iter().filter(|text| mailthrottle::reply::scan(text).reply.is_some()).count());
    let finding = fastest(|| texts.iter().filter(|text| codes.captures(text.as_bytes()).is_some()).count());

    let average = bytes as f64 / texts.len() as f64;
    println!("{} texts, {average:.0} bytes on average; rules made ready in {building:.1?}", texts.len());
    for (what, time) in [("read", reading), ("codes only", scanning), ("regex for codes only", finding)] {
        let per_second = texts.len() as f64 / time.as_secs_f64();
        let of_150 = bytes as f64 / 150.0 / time.as_secs_f64();
        println!("{what:>22}: {per_second:>10.0} texts/s, {of_150:>10.0} of 150 bytes/s");
    }
    let file = std::env::temp_dir().join(format!("mailthrottle-replies-{}.txt", std::process::id()));
    std::fs::write(&file, texts.join("\n")).expect("the temporary folder takes a file");
    for (program, arguments) in [("rg", &["-c"][..]), ("grep", &["-cE"][..])] {
        match searching(program, arguments, &file) {
            Some(time) => {
                let per_second = texts.len() as f64 / time.as_secs_f64();
                println!("{program:>22}: {per_second:>10.0} lines/s, the program's start included");
            }
            None => println!("{program:>22}: not installed; apt-get install ripgrep grep"),
        }
    }
    let _ = std::fs::remove_file(&file);
    println!("reading takes {:.2} times as long as the regex", reading.as_secs_f64() / finding.as_secs_f64());
}
