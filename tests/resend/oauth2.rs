//! `[smtp.oauth2]`: the access token for the login is fetched from a token server, and neither it nor the secret is shown.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, channel};
use std::thread;

use crate::smtp_server::{Account, Fault, Settings, SmtpServer};
use crate::support::{Ran, TestLog};

const SECRET: &str = "s3cret-of-the-app";
const TOKEN: &str = "t0ken-1";

/// A token server on loopback that gives these answers in turn, the last one again and again; gives its address and the
/// forms it was sent.
fn serve(answers: &[(u16, &str)]) -> (String, Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/tenant/token", listener.local_addr().unwrap());
    let answers: Vec<_> = answers.iter().map(|(status, body)| (*status, (*body).to_owned())).collect();
    let (asked, forms) = channel();
    thread::spawn(move || {
        for (number, stream) in listener.incoming().map(Result::unwrap).enumerate() {
            let (status, body) = &answers[number.min(answers.len() - 1)];
            let _ = asked.send(answer(stream, *status, body));
        }
    });
    (url, forms)
}

/// Reads a request and answers it; gives its form.
fn answer(mut stream: TcpStream, status: u16, body: &str) -> String {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let head: Vec<String> =
        reader.by_ref().lines().map(Result::unwrap).take_while(|line| !line.is_empty()).collect();
    let length =
        head.iter().find_map(|line| line.to_lowercase().strip_prefix("content-length: ")?.parse().ok());
    let mut form = vec![0; length.unwrap_or(0)];
    reader.read_exact(&mut form).unwrap();
    let length = body.len();
    write!(
        stream,
        "HTTP/1.1 {status} Said\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}"
    )
    .unwrap();
    String::from_utf8(form).unwrap()
}

fn token(token: &str, life: u64) -> String {
    format!(r#"{{"token_type":"Bearer","expires_in":{life},"access_token":"{token}"}}"#)
}

/// A server that takes this token.
fn taking(token: &str) -> SmtpServer {
    let account = Account {
        user: "reports@contoso.example".to_owned(),
        secret: token.to_owned(),
        mechanisms: "XOAUTH2".to_owned(),
        ignores_initial: false,
    };
    SmtpServer::start(Settings { account: Some(account), ..Settings::default() })
}

/// A log of so many mails whose config names the servers.
fn log(rows: usize, smtp_port: u16, token_url: &str) -> TestLog {
    let log = TestLog::empty();
    log.make_throttled(rows);
    log.write("secret", format!("{SECRET}\n"));
    log.write(
        "mailthrottle.toml",
        format!(
            "[smtp]\nurl = 'smtp://reports%40contoso.example@127.0.0.1:{smtp_port}'\nauth = 'xoauth2'\n\
             [smtp.oauth2]\ntoken_url = '{token_url}'\nclient_id = 'app'\nclient_secret_file = 'secret'\nscope = 'mail/.default'\n\
             [resend]\nrate = '60000/1m'\n"
        ),
    );
    log
}

fn send(log: &TestLog) -> Ran {
    let ran = log.run(&["-vv", "--format", "json", "resend", "--yes"]);
    let said = format!("{}{}", ran.stdout, ran.stderr);
    assert!(!said.contains(SECRET) && !said.contains("t0ken"), "{said}");
    ran
}

/// The last line of what was said on stderr.
fn last(ran: &Ran) -> &str {
    ran.stderr.lines().last().unwrap_or_default()
}

#[test]
fn a_token_is_fetched_once_for_all_connections() {
    let (url, forms) = serve(&[(200, &token(TOKEN, 3600))]);
    let server = taking(TOKEN);
    let log = log(30, server.port, &url);
    let ran = send(&log);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert_eq!(server.accepted().len(), 30);
    assert!(server.seen().connections > 1);
    let form = forms.recv().unwrap();
    assert_eq!(
        form,
        format!("grant_type=client_credentials&client_id=app&client_secret={SECRET}&scope=mail%2F.default")
    );
    assert!(forms.try_recv().is_err());
}

#[test]
fn a_token_that_is_not_taken_is_fetched_again_once() {
    let (url, forms) = serve(&[(200, &token("t0ken-old", 3600)), (200, &token(TOKEN, 3600))]);
    let server = taking(TOKEN);
    let ran = send(&log(3, server.port, &url));
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert_eq!((server.accepted().len(), forms.iter().take(2).count()), (3, 2));
    // a server that takes none: nothing is sent, and it is not asked again and again
    let (url, forms) = serve(&[(200, &token("t0ken-old", 3600)), (200, &token("t0ken-other", 3600))]);
    let log = log(3, server.port, &url);
    assert_eq!(send(&log).code, 3);
    assert_eq!((server.accepted().len(), forms.try_iter().count()), (3, 2));
}

#[test]
fn a_token_that_has_expired_is_fetched_again() {
    let (url, forms) = serve(&[(200, &token(TOKEN, 0))]);
    let hang_up = Fault::hang_up(mailthrottle::model::Stage::Mail).nth(2);
    let server = taking(TOKEN);
    server.add_fault(hang_up);
    let ran = log(3, server.port, &url).run(&["-q", "resend", "--yes", "--cap", "1"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    // before the run, for the first connection and for the one after it
    assert_eq!((server.accepted().len(), forms.try_iter().count()), (3, 3));
}

#[test]
fn without_a_token_nothing_is_sent_and_the_reason_is_one_line() {
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let nowhere = format!("http://{closed}/token");
    let refused = format!(r#"{{"error":"invalid_client","error_description":"bad {SECRET}"}}"#);
    for (answer, reason) in [
        (None, "io: Connection refused (os error 111); check token_url and the network"),
        (Some((401, refused.as_str())), "invalid_client: bad ***; check client_id, client_secret and scope"),
        (Some((200, "<html>")), "it answered 200 and no JSON; check token_url"),
        (Some((200, "{}")), "it answered 200 without an access_token; check token_url"),
        (Some((302, "")), "it answered 302 Found, and the secret goes nowhere else; check token_url"),
    ] {
        let url = answer.map_or_else(|| nowhere.clone(), |answer| serve(&[answer]).0);
        let server = taking(TOKEN);
        let log = log(3, server.port, &url);
        let before = log.files();
        let ran = send(&log);
        assert_eq!((ran.code, ran.stdout.as_str()), (3, ""), "{}", ran.stderr);
        assert_eq!(
            last(&ran),
            format!("mailthrottle: [smtp.oauth2]: no access token from 127.0.0.1: {reason}")
        );
        assert_eq!((server.seen().connections, log.files()), (0, before));
    }
}

#[test]
fn a_dry_run_fetches_nothing() {
    let (url, forms) = serve(&[(200, &token(TOKEN, 3600))]);
    let ran = log(3, 1, &url).run(&["resend", "--dry-run"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert!(forms.try_recv().is_err());
}

const CONFIG: &str = "[smtp]
url = 'smtp://u@h.example'
auth = 'xoauth2'
[smtp.oauth2]
token_url = 'https://login.example/t'
client_id = 'app'
client_secret_env = 'APP_SECRET'
scope = 'mail'
";

#[test]
fn a_section_that_cannot_work_is_refused_with_what_to_write() {
    let log = TestLog::empty();
    log.make_throttled(1);
    for (key, written, error) in [
        (
            "token_url = 'https://login.example/t'",
            "",
            "[smtp.oauth2] token_url is missing; give https://HOST/PATH",
        ),
        (
            "client_id = 'app'",
            "client_id = ' '",
            "[smtp.oauth2] client_id is missing; give the application's id",
        ),
        (
            "client_secret_env = 'APP_SECRET'",
            "",
            "[smtp.oauth2] client_secret_file is missing; give a file that holds the secret",
        ),
        (
            "scope = 'mail'",
            "",
            "[smtp.oauth2] scope is missing; give https://outlook.office365.com/.default for Microsoft 365",
        ),
        (
            "https://login.example",
            "http://login.example",
            "[smtp.oauth2] token_url: the secret may only go over https; write https://HOST/PATH",
        ),
        (
            "https://login.example",
            "https://app:s3cret@login.example",
            "[smtp.oauth2] token_url: take the user out of the address; client_id and client_secret_file are for that",
        ),
        (
            "auth = 'xoauth2'",
            "auth = 'login'",
            "[smtp.oauth2] is for logging in by access token; set auth = \"xoauth2\" in [smtp], or take the section out",
        ),
        (
            "auth = 'xoauth2'",
            "auth = 'xoauth2'\npassword_env = 'X'",
            "[smtp] has both a password and [smtp.oauth2], which fetches the token; keep one",
        ),
        (
            "scope = 'mail'",
            "scope = 'mail'\nclient_secret_file = 'f'",
            "[smtp.oauth2] names more than one of client_secret_file, client_secret_command and client_secret_env; keep one",
        ),
        ("", "", "[smtp.oauth2] client_secret_env: APP_SECRET is not set"),
    ] {
        log.write("mailthrottle.toml", CONFIG.replace(key, written));
        assert_eq!(log.error(&["resend", "--yes"]), format!("mailthrottle: {error}"));
    }
}
