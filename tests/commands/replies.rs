//! What texts mean: the labelled texts of public test sets, hand-written cases of every hazard, and any text at all.

use mailthrottle::model::{Class, Disposition};
use mailthrottle::reply::{Classifier, bench, fingerprint};
use proptest::prelude::*;
use serde::Deserialize;

#[derive(Deserialize)]
struct Labelled {
    text: String,
    classes: Vec<String>,
}

/// A text of the second set: its codes are given where they are part of what is tested.
#[derive(Deserialize)]
struct Collected {
    #[serde(flatten)]
    labelled: Labelled,
    #[serde(default, deserialize_with = "given")]
    reply: Option<Option<u16>>,
    #[serde(default, deserialize_with = "given")]
    enhanced: Option<Option<String>>,
}

/// A key that is there, were it null, apart from a key that is not.
fn given<'de, T: Deserialize<'de>, D: serde::Deserializer<'de>>(value: D) -> Result<Option<T>, D::Error> {
    T::deserialize(value).map(Some)
}

/// Texts of the second set that get another class than their label, and why.
const DISPUTED_MORE: &[(&str, &str)] = &[(
    "421 4.3.2 Your server sent us too much, we are under heavy load",
    "the sender is asked to send less, whatever the server's load: throttle-rate, retry",
)];

/// The beginnings of labelled texts whose label is held to be wrong, and why.
const DISPUTED: &[(&str, &str)] = &[
    (
        "SMTP error from remote mail server after initial connection: host email-22",
        "'daily relay quota' is a counted allowance: quota",
    ),
    (
        "procmail: Couldn't create \"/var/spool/mail/neko\"",
        "'No such user' says why it could not be created: recipient",
    ),
    (
        "host mfsmax.docomo.ne.jp[198.51.100.202] said: 552 Too many recipients",
        "the recipients of one message: message",
    ),
    (
        "host mta6.am0.yahoodns.net[67.195.204.72] said: 421 4.7.0 [TSS04]",
        "put off for its volume: throttle-rate, retry",
    ),
    ("542 kijitora@example.com Rejected", "nothing in it speaks of the recipient's address"),
    ("452 Insufficient disk space; try again later", "the server's disk, not a mailbox: server-busy"),
    ("There is no sample email", "a remark of the test set's authors, not a reply"),
    ("452 This message contains too many recipients", "the recipients of one message: message"),
    ("454 4.7.0 Too many login attempts", "too much in too short a time: throttle-rate, retry"),
    ("452 Too many recipients", "RFC 5321 has this very reply for the recipients of one message: message"),
];

fn labelled() -> Vec<Labelled> {
    let lines = include_str!("../../fixtures/replies.jsonl").lines();
    lines.map(|line| serde_json::from_str(line).expect("a line of the labelled set")).collect()
}

fn collected() -> Vec<Collected> {
    let lines = include_str!("../../fixtures/replies-more.jsonl").lines();
    lines.map(|line| serde_json::from_str(line).expect("a line of the second set")).collect()
}

fn is_right(classifier: &Classifier, row: &Labelled) -> bool {
    let class = classifier.read(&row.text).class;
    row.classes.is_empty() || row.classes.iter().any(|right| right == class.as_str())
}

fn is_disputed(row: &Labelled) -> bool {
    DISPUTED.iter().any(|(start, _)| row.text.starts_with(start))
}

#[test]
fn labelled_texts_get_a_class_that_may_count_as_right() {
    let classifier = Classifier::built_in();
    let rows = labelled();
    let wrong: Vec<_> = rows.iter().filter(|row| !is_right(&classifier, row)).collect();
    let share = 1.0 - wrong.len() as f64 / rows.len() as f64;
    assert!(share >= 0.97, "only {share:.3} are right");
    let undisputed: Vec<_> = wrong.iter().filter(|row| !is_disputed(row)).map(|row| &row.text).collect();
    assert!(undisputed.is_empty(), "{undisputed:#?}");
}

#[test]
fn a_disputed_label_is_still_disputed() {
    let classifier = Classifier::built_in();
    for (start, reason) in DISPUTED {
        let rows: Vec<_> = labelled().into_iter().filter(|row| row.text.starts_with(start)).collect();
        assert!(!rows.is_empty(), "no row begins with '{start}'");
        assert!(
            rows.iter().all(|row| !is_right(&classifier, row)),
            "agreed by now, take it out: {start} ({reason})"
        );
    }
}

#[test]
fn every_throttle_and_quota_is_known() {
    let classifier = Classifier::built_in();
    let limits = ["throttle-concurrency", "throttle-rate", "quota"];
    let only_limits =
        |row: &Labelled| !row.classes.is_empty() && row.classes.iter().all(|c| limits.contains(&c.as_str()));
    let rows: Vec<_> = labelled().into_iter().filter(|row| only_limits(row) && !is_disputed(row)).collect();
    assert!(rows.len() >= 9);
    let wrong: Vec<_> = rows.iter().filter(|row| !is_right(&classifier, row)).map(|row| &row.text).collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn texts_of_every_kind_and_language_get_a_class_that_may_count_as_right() {
    let classifier = Classifier::built_in();
    let rows = collected();
    let wrong: Vec<_> = rows
        .iter()
        .map(|row| &row.labelled)
        .filter(|row| !is_right(&classifier, row))
        .map(|row| row.text.as_str())
        .collect();
    let share = 1.0 - wrong.len() as f64 / rows.len() as f64;
    assert!(share >= 0.99, "only {share:.3} are right: {wrong:#?}");
    let disputed: Vec<_> = DISPUTED_MORE.iter().map(|(text, _)| *text).collect();
    assert_eq!(wrong, disputed);
}

#[test]
fn the_codes_of_texts_of_every_kind_are_read() {
    let classifier = Classifier::built_in();
    for row in collected() {
        let text = &row.labelled.text;
        let got = classifier.read(text);
        if let Some(reply) = row.reply {
            assert_eq!(got.reply, reply, "{text}");
        }
        if let Some(enhanced) = row.enhanced {
            assert_eq!(got.enhanced.map(|code| code.to_string()), enhanced, "{text}");
        }
    }
}

/// Whatever the first digit says: a limit passes.
#[test]
fn a_message_refused_by_a_limit_may_be_sent_later() {
    let classifier = Classifier::built_in();
    for row in collected() {
        let got = classifier.read(&row.labelled.text);
        let expected = match got.class {
            Class::ThrottleConcurrency | Class::ThrottleRate | Class::Greylisted => Disposition::Retry,
            Class::Quota => Disposition::Wait,
            _ => continue,
        };
        assert_eq!(got.disposition, expected, "{}", row.labelled.text);
    }
}

/// Time-outs and lost connections that may have come after the final dot: nobody sends these again unasked.
const MAY_HAVE_ARRIVED: &[&str] = &[
    "The operation has timed out",
    "System.Net.Mail.SmtpException: The operation has timed out.",
    "MailKit.Net.Smtp.SmtpClient: The operation has timed out",
    "System.Net.Mail.SmtpException: Failure sending mail. ---> System.IO.IOException: Unable to read data from the transport connection: net_io_connectionclosed.",
    "Unable to write data to the transport connection: An existing connection was forcibly closed by the remote host",
    "A connection attempt failed because the connected party did not properly respond after a period of time, or established connection failed because connected host has failed to respond.",
    "at System.Net.Mail.DataStopCommand.Send(SmtpConnection conn)\nSystem.Net.Mail.SmtpException: The operation has timed out",
    "The request was canceled due to the configured HttpClient.Timeout of 100 seconds elapsing.",
    "Read timed out",
    "java.net.SocketTimeoutException: Read timed out",
    "javax.mail.MessagingException: Exception reading response;\n  nested exception is:\n\tjava.net.SocketTimeoutException: Read timed out",
    "jakarta.mail.MessagingException: Can't send command to SMTP host;\n  nested exception is:\n\tjava.net.SocketException: Broken pipe (Write failed)",
    "connectTimeout=5000, readTimeout=10000: java.net.SocketTimeoutException: Read timed out",
    "com.sun.mail.smtp.SMTPSendFailedException: [EOF]",
    "Connection unexpectedly closed",
    "SMTPServerDisconnected: Connection unexpectedly closed",
    "File \"/usr/lib/python3.11/smtplib.py\", line 571, in data\n    (code, msg) = self.getreply()\nsmtplib.SMTPServerDisconnected: Connection unexpectedly closed",
    "BrokenPipeError: [Errno 32] Broken pipe",
    "socket.timeout: The read operation timed out",
    "aiosmtplib.errors.SMTPReadTimeoutError: Timed out waiting for server response",
    "read ECONNRESET",
    "Error: read ECONNRESET {\n  errno: -104,\n  code: 'ECONNRESET',\n  syscall: 'read',\n  command: 'CONN'\n}",
    "Error: Timeout {\n  code: 'ETIMEDOUT',\n  command: 'CONN'\n}",
    "Error: Connection closed unexpectedly { code: 'ECONNECTION', command: 'CONN' }",
    "read EHOSTUNREACH",
    "ETIMEDOUT",
    "write: broken pipe",
    "Broken pipe",
    "Connection reset by peer",
    "read tcp 10.0.0.4:51234->192.0.2.5:587: i/o timeout",
    "read tcp 10.0.0.4:51234->192.0.2.5:587: read: no route to host",
    "Post \"https://graph.example/v1.0/sendMail\": context deadline exceeded",
    "gomail: could not send email 1: EOF",
    "execution expired (Timeout::Error)",
    "Net::ReadTimeout: Net::ReadTimeout with #<TCPSocket:(closed)>",
    "EOFError: end of file reached",
    "Connection timed out",
    "[Errno 110] Connection timed out",
    "Connection to \"smtp.example.com:587\" timed out.",
    "Could not read from smtp.example.com",
    "Expected response code 250 but got code \"\", with message \"\"",
    "fwrite(): SSL: Broken pipe",
    "curl: (28) Operation timed out after 30001 milliseconds with 0 bytes received",
    "network error: Connection reset by peer (os error 104)",
    "lost connection",
    "lost connection with mx.example.com[192.0.2.1] while sending message body",
    "dsn=4.4.2, status=deferred (lost connection with mx.example.com[192.0.2.1])",
    "4.4.2 Connection dropped",
    "Remote host closed connection in response to end of data",
    "SMTP timeout after end of data (2513 bytes written)",
    "Deferred: Connection reset by mx.example.com.",
    "Connected to 192.0.2.1 but connection died. (#4.4.2)",
    "Error sending mail from noreply@example.com: Read timed out",
    "Error sending mail from: a@example.com to: b@example.net - connection reset by peer",
    "Mail for domain example.com: read timed out, please try again later",
    "timed out while sending data",
    "Connection lost after the data was sent",
    "connection to mx lost; delivery failed",
    "Transport endpoint is not connected",
    "ORA-29278: SMTP transient error: 421 Service not available\nORA-06512: at \"SYS.UTL_SMTP\", line 57",
    "ORA-29260: network error: TNS:connection closed",
    "Die Verbindung zum Server wurde unterbrochen, Versand fehlgeschlagen",
    "Eine vorhandene Verbindung wurde vom Remotehost geschlossen",
    "Connexion perdue avec le serveur",
    "Le délai d'attente de l'opération a expiré",
    "Se agotó el tiempo de espera de la operación",
    "Connessione interrotta dal server",
    "A conexão foi encerrada pelo servidor",
    "Połączenie zostało przerwane",
    "De verbinding werd verbroken",
    "Соединение разорвано удалённым хостом",
    "接続がタイムアウトしました",
    "连接超时",
];

/// The same troubles where the text, or the stage in it, says that they came before the final dot; and servers' replies.
const CANNOT_HAVE_ARRIVED: &[&str] = &[
    "connect to mx.example.com[192.0.2.1]:25: Connection timed out",
    "connect to mx.example.com[192.0.2.1]:25: Connection refused",
    "[Errno 111] Connection refused",
    "No connection could be made because the target machine actively refused it 192.0.2.3:25",
    "connect ECONNREFUSED 192.0.2.25:587",
    "getaddrinfo ENOTFOUND smtp.example.com",
    "queryA ETIMEOUT smtp.example.com",
    "java.net.UnknownHostException: smtp.example.com",
    "dial tcp: lookup smtp.example.com on 10.0.0.2:53: read udp 10.0.0.4:5353->10.0.0.2:53: i/o timeout",
    "dial tcp 192.0.2.5:587: connect: connection timed out",
    "socket.gaierror: [Errno -3] Temporary failure in name resolution",
    "DNS lookup timed out for example.com",
    "[Errno 113] No route to host",
    "[Errno 101] Network is unreachable",
    "Cannot assign requested address",
    "connect ETIMEDOUT 192.0.2.7:587",
    "Connect timed out",
    "java.net.ConnectException: Connection timed out (Connection timed out)",
    "com.sun.mail.util.MailConnectException: Couldn't connect to host, port: smtp.example.com, 587; timeout 5000;\n  nested exception is:\n\tjava.net.SocketTimeoutException: connect timed out",
    "Mail server connection failed; nested exception is javax.mail.MessagingException: Exception reading response: Read timed out",
    "Could not open connection to the host, on port 25: Connect failed",
    "Error: Connection timeout {\n  code: 'ETIMEDOUT',\n  command: 'CONN'\n}",
    "Error: Greeting never received { code: 'ETIMEDOUT', command: 'CONN' }",
    "lost connection with mx.example.com[192.0.2.1] while receiving the initial server greeting",
    "conversation with mx.example.com[192.0.2.1] timed out while performing the EHLO handshake",
    "lost connection with mx.example.com[192.0.2.1] while sending MAIL FROM",
    "lost connection with mx.example.com[192.0.2.1] while sending RCPT TO",
    "lost connection with mx.example.com[192.0.2.1] while sending DATA command",
    "Remote host closed connection in response to initial connection",
    "Remote host closed connection in response to pipelined MAIL FROM:<a@example.com>",
    "SMTP timeout after RCPT TO:<b@example.net>",
    "timeout waiting for input from mx.example.com during client greeting",
    "connection lost within the content: broken pipe",
    "socket.timeout: _ssl.c:1112: The handshake operation timed out",
    "Login timed out",
    "Expected response code 220 but got code \"\", with message \"\"",
    "Expected response code 354 but got code \"\", with message \"\"",
    "Net::OpenTimeout: execution expired",
    "Connection timed out - connect(2) for \"smtp.example.com\" port 587",
    "aiosmtplib.errors.SMTPConnectTimeoutError: Timed out connecting to smtp.example.com on port 587",
    "File \"/usr/lib/python3.11/smtplib.py\", line 341, in connect\nTimeoutError: [Errno 110] Connection timed out",
    "smtplib.SMTPServerDisconnected: please run connect() first",
    "System.Net.WebException: Unable to connect to the remote server ---> System.Net.Sockets.SocketException: A connection attempt failed because the connected party did not properly respond after a period of time, or established connection failed because connected host has failed to respond 192.0.2.3:587",
    "System.TimeoutException: The operation has timed out.\n at MailKit.Net.Smtp.SmtpClient.ConnectAsync(String host, Int32 port)",
    "421 4.4.2 Connection timed out",
    "421 4.4.1 Connection timed out. Total session duration: 00:20:55.1234567",
    "4.4.1 Connection timed out. Total session duration: 00:20:55.1234567",
    "System.Net.Mail.SmtpException: Service not available, closing transmission channel. The server response was: 4.4.2 Timeout waiting for data from client",
    "host mx.example.com[192.0.2.1] said: 421 4.4.2 mx Error: timeout exceeded (in reply to end of DATA command)",
    "MailKit.Net.Smtp.SmtpCommandException: 4.4.2 Timeout",
    "dsn=4.4.1, status=deferred (no answer from host)",
    "ORA-24247: network access denied by access control list (ACL)",
    "ORA-29260: network error: Connect failed because target host or object does not exist",
    "retry timeout exceeded",
    "Zeitüberschreitung beim Verbindungsaufbau",
    "Verbindung vom Zielcomputer verweigert",
    "Délai d'attente dépassé lors de la connexion au serveur",
    "Tiempo de espera agotado al conectar con el servidor",
    "Timeout durante la connessione al server",
    "Tempo limite esgotado ao conectar ao servidor",
    "Не удалось подключиться к серверу: истекло время ожидания",
    "サーバーへの接続が拒否されました",
    "连接服务器超时",
    "Time-out bij het verbinden met de server",
    "Nie można połączyć się z serwerem",
];

#[test]
fn a_broken_connection_is_a_doubt_unless_the_text_says_that_it_was_before_the_final_dot() {
    let classifier = Classifier::built_in();
    for (texts, expected) in
        [(MAY_HAVE_ARRIVED, Disposition::Doubt), (CANNOT_HAVE_ARRIVED, Disposition::Retry)]
    {
        for text in texts {
            let got = classifier.read(text);
            assert_eq!(
                (got.class, got.disposition),
                (Class::Network, expected),
                "'{text}' by the rule '{}', stage {:?}",
                got.rule.name,
                got.stage
            );
        }
    }
}

#[test]
fn a_refusal_for_good_is_no_doubt_whatever_its_words() {
    let classifier = Classifier::built_in();
    for text in [
        "550 5.4.316 Message expired, connection refused(Socket error code 10061)",
        "554 5.4.7 [internal] message timeout (exceeded max time)",
        "550 Connection timed out",
        "550 4.4.7 QUEUE.Expired; message expired",
        "550 host unreachable",
    ] {
        assert_eq!(classifier.read(text).disposition, Disposition::Never, "{text}");
    }
}

/// Encryption and login fail before the first message; these keep the disposition of their own class.
#[test]
fn a_failed_handshake_or_login_is_no_doubt() {
    let classifier = Classifier::built_in();
    for (text, expected) in [
        ("SSL_connect: Connection reset by peer", (Class::Tls, Disposition::Retry)),
        (
            "Client network socket disconnected before secure TLS connection was established",
            (Class::Tls, Disposition::Retry),
        ),
        ("net/http: TLS handshake timeout", (Class::Network, Disposition::Retry)),
        ("SMTP Error: Could not authenticate.", (Class::Auth, Disposition::Stop)),
    ] {
        let got = classifier.read(text);
        assert_eq!((got.class, got.disposition), expected, "'{text}' by the rule '{}'", got.rule.name);
    }
}

#[test]
fn the_words_of_a_doubt_promise_nothing() {
    let classifier = Classifier::built_in();
    for text in MAY_HAVE_ARRIVED {
        let got = classifier.read(text);
        let advice = got.rule.advice_for(got.disposition);
        assert!(advice.contains("before sending it again"), "{text}: {advice}");
        let advice = &got.rule.advice;
        assert!(!advice.to_lowercase().starts_with("send again"), "{text}: {advice}");
    }
}

#[test]
fn codes_stage_and_class_are_read_out_of_every_form() {
    let classifier = Classifier::built_in();
    let mut cases = 0;
    for line in include_str!("../../fixtures/extraction.jsonl").lines() {
        let case: serde_json::Value = serde_json::from_str(line).expect("a line of the hand-written cases");
        let expected = case.as_object().expect("a case is an object");
        let text = expected["text"].as_str().expect("a case has a text");
        let got = classifier.read(text);
        for (key, value) in expected {
            let actual = match key.as_str() {
                "text" => continue,
                "reply" => serde_json::json!(got.reply),
                "enhanced" => serde_json::json!(got.enhanced),
                "stage" => serde_json::json!(got.stage),
                "class" => serde_json::json!(got.class),
                "disposition" => serde_json::json!(got.disposition),
                "retry_after_s" => serde_json::json!(got.retry_after.map(|wait| wait.as_secs())),
                _ => panic!("unknown key '{key}'"),
            };
            assert_eq!(&actual, value, "{key} of '{text}' by the rule '{}'", got.rule.name);
        }
        cases += 1;
    }
    assert!(cases >= 120, "{cases} cases");
}

#[test]
fn every_rule_takes_its_own_examples_and_none_is_in_the_shadow() {
    let bench = bench::run(&Classifier::built_in());
    assert!(bench.problems.is_empty(), "{:#?}", bench.problems);
    assert!(bench.examples >= bench.rules);
}

#[test]
fn every_rule_says_what_it_means_and_what_to_do() {
    for rule in Classifier::built_in().rules() {
        assert!(rule.meaning.ends_with('.') && rule.advice.ends_with('.'), "{}", rule.name);
        let (meaning, advice) = (rule.meaning_for(Disposition::Doubt), rule.advice_for(Disposition::Doubt));
        assert!(meaning.ends_with('.') && advice.ends_with('.'), "{}", rule.name);
        assert!(rule.links.iter().all(|link| link.starts_with("https://")), "{}", rule.name);
    }
}

#[test]
fn without_text_and_codes_the_meaning_is_unknown() {
    let classifier = Classifier::built_in();
    for text in ["", " ", "\n", "null", "error", "-"] {
        assert_eq!(classifier.read(text).class, Class::Unknown, "'{text}'");
    }
}

#[test]
fn one_classifier_serves_all_threads() {
    fn shared<T: Send + Sync>(_: &T) {}
    shared(&Classifier::built_in());
}

/// These hashes are written into people's notes and alerts; a release that changes one breaks them.
#[test]
fn fingerprints_stay_the_same_between_releases() {
    let held = [
        ("", "4fd0bfc1"),
        (
            "432 4.3.2 Concurrent connections limit exceeded. Visit https://aka.ms/concurrent_sending for more information. [Hostname=DM4PR18MB4126.namprd18.prod.outlook.com]",
            "b97f850a",
        ),
        ("4.3.2 Concurrent connections limit exceeded.", "c77f987d"),
        (
            "554 5.2.0 STOREDRV.Submission.Exception:SubmissionQuotaExceededException; Failed to process message",
            "6c26ba0f",
        ),
        (
            "421 4.7.0 [TSS04] Messages from 192.0.2.1 temporarily deferred due to unexpected volume or user complaints - 4.16.55.1",
            "7a5c753a",
        ),
        (
            "550 5.1.1 <ann@example.com>: Recipient address rejected: User unknown in virtual mailbox table",
            "2b07e4b7",
        ),
        ("ORA-29278: SMTP transient error: 421 Service not available", "1a57bbe9"),
        ("(432, b'4.3.2 Concurrent connections limit exceeded.')", "7813c867"),
        (
            "Sep 30 08:30:12 mx postfix/smtp[2550]: 4XyzAB12CD: to=<ann@example.com>, relay=none, delay=760, status=deferred (connect to mx.example.com[192.0.2.1]:25: Connection timed out)",
            "9461077f",
        ),
        ("450 4.2.0 <ann@example.com>: Recipient address rejected: Greylisted for 300 seconds", "b53144c5"),
        ("Postfach überfüllt", "061b7b00"),
    ];
    for (text, hash) in held {
        assert_eq!(fingerprint(text).hash, hash, "{text}");
    }
}

#[test]
fn a_fingerprint_joins_the_rows_of_one_cause() {
    let row = |host: &str, id: &str, minute: u32| {
        format!(
            "host {host}[192.0.2.{minute}] said: 432 4.3.2 Concurrent connections limit exceeded at 2026-11-20T08:{minute}:12Z ({id})"
        )
    };
    let one = fingerprint(&row("am0.prod.outlook.com", "4XyzAB12CD", 10));
    assert_eq!(one, fingerprint(&row("dm4.prod.outlook.com", "9QrsTU77EF", 59)));
    assert_ne!(one, fingerprint("432 4.3.2 STOREDRV.ClientSubmit; sender thread limit exceeded"));
}

/// By construction: each byte is walked over a fixed number of times, and what is looked at around a number or a word is
/// bounded. These texts would show it if it were not so: the test would not come to its end.
#[test]
fn a_text_of_a_megabyte_is_no_matter() {
    for piece in [
        "1:",
        "550 ",
        "550-5.1.1 ",
        "5.",
        "a.b@",
        "user ",
        "too many ",
        "{",
        "12-",
        "((",
        "http://",
        "mon, ",
        "\n",
        "ü ",
    ] {
        let text = piece.repeat(1_000_000 / piece.len());
        let reading = classifier().read(&text);
        assert!(!reading.rule.name.is_empty() && fingerprint(&text).text.len() <= 160, "{piece}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn any_text_gets_a_reading(text in "\\PC{0,300}") {
        let classifier = classifier();
        let reading = classifier.read(&text);
        prop_assert!(reading.reply.is_none_or(|reply| (200..600).contains(&reply)));
    }

    #[test]
    fn any_mixture_of_codes_and_marks_gets_a_reading(text in "([245][0-9]{0,3}[-. :#]?|[<>()\\[\\]'\"=;,|\r\n]| said: | code |b'|[a-zü]{1,4}){0,60}") {
        let reading = classifier().read(&text);
        prop_assert!(reading.enhanced.is_none_or(|code| matches!(code.class, 2 | 4 | 5)));
    }

    #[test]
    fn a_reply_with_its_enhanced_code_in_front_is_always_found(first in 4_u16..6, rest in 0_u16..60, subject in 0_u16..8, detail in 0_u16..1000, tail in "[a-z ]{0,40}") {
        let reply = first * 100 + rest;
        let text = format!("{reply} {first}.{subject}.{detail} {tail}");
        let reading = classifier().read(&text);
        prop_assert_eq!(reading.reply, Some(reply));
        prop_assert_eq!(reading.enhanced.map(|code| code.to_string()), Some(format!("{first}.{subject}.{detail}")));
    }

    #[test]
    fn any_text_has_a_short_fingerprint_that_is_its_own(text in "\\PC{0,400}") {
        let print = fingerprint(&text);
        prop_assert!(print.text.len() <= 160);
        prop_assert_eq!(print.hash.len(), 8);
        prop_assert_eq!(fingerprint(&text), print);
    }
}

fn classifier() -> &'static Classifier {
    static CLASSIFIER: std::sync::LazyLock<Classifier> = std::sync::LazyLock::new(Classifier::built_in);
    &CLASSIFIER
}
