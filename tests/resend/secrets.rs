//! A server that repeats what it was told: no secret is in any output, in the ledger, in a core file or in the process table.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, Sender, channel};

use crate::support::TestLog;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

const USER: &str = "reports@contoso.example";
const SECRET: &str = "marker-5f2e91c7";

/// What the server repeats the login in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Repeats {
    Refusal,
    NoSuchUser,
    Acceptance,
    /// Nothing is answered to the content, but it is told that it came.
    Never,
}

/// Starts a server that repeats the login, as it was sent and as it was meant; it says when a content has come.
fn start(repeats: Repeats) -> (u16, Receiver<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let (tell, told) = channel();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let tell = tell.clone();
            std::thread::spawn(move || serve(&stream.unwrap(), repeats, &tell));
        }
    });
    (port, told)
}

fn serve(stream: &TcpStream, repeats: Repeats, tell: &Sender<()>) {
    let say = |text: String| drop((&mut &*stream).write_all(format!("{text}\r\n").as_bytes()));
    let (mut login, mut is_content) = (String::new(), false);
    say("220 repeats what it hears".to_owned());
    for line in BufReader::new(stream).lines().map_while(Result::ok) {
        let word = line.split(' ').next().unwrap().to_ascii_uppercase();
        let repeated = format!("{login} {} {}", login.to_uppercase(), &login[..login.len().min(40)]);
        match (word.as_str(), repeats) {
            _ if is_content && line != "." => {}
            (".", Repeats::NoSuchUser) => say(format!("550 5.1.1 no such user {SECRET} ({repeated})")),
            (".", Repeats::Never) => drop(tell.send(())),
            (".", _) => say(format!("250 2.0.0 accepted from {SECRET} ({repeated})")),
            ("EHLO", _) => say("250-here\r\n250 AUTH PLAIN".to_owned()),
            ("AUTH", _) => {
                login = line.split(' ').nth(2).unwrap().to_owned();
                match repeats {
                    Repeats::Refusal => say(format!("535-5.7.8 no '{line}'\r\n535 5.7.8 nor {SECRET}")),
                    _ => say(format!("235 2.7.0 welcome {SECRET}")),
                }
            }
            ("DATA", _) => say("354 go on".to_owned()),
            _ => say(format!("250 ok ({repeated})")),
        }
        is_content = (is_content || word == "DATA") && line != ".";
    }
}

fn log() -> TestLog {
    let log = TestLog::empty();
    log.make_throttled(2);
    log.write("password", SECRET);
    log
}

fn configure(log: &TestLog, port: u16) {
    let password = log.path("password").display().to_string();
    let user = USER.replace('@', "%40");
    log.write(
        "mailthrottle.toml",
        format!(
            "[smtp]\nurl = 'smtp://{user}@127.0.0.1:{port}'\nauth = 'plain'\npassword_file = '{password}'\n"
        ),
    );
}

/// Refuses whatever shows the secret, as it is or in Base64.
fn check(place: &str, bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes).to_lowercase();
    let login = STANDARD.encode(format!("\0{USER}\0{SECRET}"));
    for secret in [SECRET, &STANDARD.encode(SECRET), &login, &login[..40]] {
        assert!(!text.contains(&secret.to_lowercase()), "{secret} in {place}: {text}");
    }
}

#[test]
fn no_output_and_no_ledger_has_a_secret_that_a_server_repeats() {
    for repeats in [Repeats::Refusal, Repeats::NoSuchUser, Repeats::Acceptance] {
        for more in [&["-v"][..], &["-vv"], &["-vvv"], &["-q", "--format", "json"], &["--format", "csv"]] {
            let log = log();
            configure(&log, start(repeats).0);
            let ran = log.run(&[more, &["resend", "--yes", "--rate", "60000/1m"]].concat());
            assert!(
                ran.stdout.contains("***") || ran.stderr.contains("***"),
                "nothing was repeated: {ran:?}"
            );
            for (place, text) in [("stdout", &ran.stdout), ("stderr", &ran.stderr)] {
                check(&format!("{place} of {more:?} at {repeats:?}"), text.as_bytes());
            }
            check("the ledger", &std::fs::read(log.path("log.db")).unwrap());
            for args in [["resend", "--history"], ["resend", "--doubt"], ["report", "--since=all"]] {
                check("what is told later", log.run(&args).stdout.as_bytes());
            }
        }
    }
}

/// Kills a process in a way that makes the system keep a core file of it; gives whether it did.
fn leaves_core(mut child: Child) -> bool {
    let abort = Command::new("kill").args(["-ABRT", &child.id().to_string()]).status().unwrap();
    assert!(abort.success());
    child.wait().unwrap().core_dumped()
}

#[test]
fn neither_the_process_table_nor_a_core_file_has_the_secret() {
    let log = log();
    let (port, told) = start(Repeats::Never);
    configure(&log, port);
    let unlimited = |program: &str, args: &[&str]| {
        let mut command = Command::new("sh");
        command.args(["-c", "ulimit -c unlimited && exec \"$@\"", "sh", program]).args(args);
        command.current_dir(log.path("")).stdout(Stdio::null()).stderr(Stdio::null());
        command
    };
    let (program, db) = (env!("CARGO_BIN_EXE_mailthrottle"), log.url());
    let child = unlimited(program, &["--db", &db, "resend", "--yes"]).spawn().unwrap();
    told.recv().unwrap();
    for file in ["cmdline", "environ"] {
        check(file, &std::fs::read(format!("/proc/{}/{file}", child.id())).unwrap());
    }
    assert!(!leaves_core(child), "a core file was kept");
    // a machine that keeps none shows nothing by that
    if !leaves_core(unlimited("sleep", &["60"]).spawn().unwrap()) {
        println!("this machine keeps no core files at all");
    }
    for file in std::fs::read_dir(log.path("")).unwrap().map(|entry| entry.unwrap().path()) {
        if file.file_name().is_some_and(|name| name.to_string_lossy().starts_with("core")) {
            check("a core file", &std::fs::read(&file).unwrap());
        }
    }
}
