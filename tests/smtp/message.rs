//! From the fields of a log to a message: what is sent, and what is refused.

use mailthrottle::resend::message::{Attachment, Message, SendingOrigin, Stored, Unbuildable, build};

/// 2026-11-20 08:30:00 UTC.
const AT: i64 = 1_795_163_400_000;

fn stored() -> Stored {
    Stored {
        table: "email_log".to_owned(),
        id: "42".to_owned(),
        identity: "sqlite:/var/lib/app/mail.db".to_owned(),
        sender: "reports@contoso.example".to_owned(),
        to: "k.weiss@fabrikam.example".to_owned(),
        subject: "Report".to_owned(),
        body_text: Some("Hello\n".to_owned()),
        ..Stored::default()
    }
}

fn sending() -> SendingOrigin {
    SendingOrigin { run: "r1".to_owned(), attempt: 2, at: AT }
}

fn built(stored: &Stored) -> Message {
    build(stored, &sending()).unwrap()
}

fn text(stored: &Stored) -> String {
    String::from_utf8(built(stored).bytes).unwrap()
}

fn refusal(stored: &Stored) -> String {
    build(stored, &sending()).unwrap_err().to_string()
}

#[test]
fn a_plain_message_is_the_same_every_time() {
    insta::assert_snapshot!(text(&stored()).replace('\r', ""), @r"
    X-Mailthrottle-Resend: r1/2
    Date: Fri, 20 Nov 2026 08:30:00 +0000
    Message-ID: <mailthrottle.6e748c8daed0d0cc06998730fef88ffa@contoso.example>
    From: reports@contoso.example
    To: k.weiss@fabrikam.example
    Subject: Report
    MIME-Version: 1.0
    Content-Type: text/plain; charset=utf-8
    Content-Transfer-Encoding: 7bit

    Hello
    ");
    assert_eq!(text(&stored()), text(&stored()));
}

#[test]
fn text_and_html_are_alternatives_and_files_come_after_them() {
    let stored = Stored {
        sender: "Bücher & Co <reports@contoso.example>".to_owned(),
        to: "\"Müller, Anna\" <a@x.example>; b@y.example".to_owned(),
        cc: "c@z.example".to_owned(),
        reply_to: "answers@contoso.example".to_owned(),
        subject: "Übersicht für heute".to_owned(),
        body_html: Some("<p>Grüße</p>".to_owned()),
        attachments: vec![Attachment {
            name: "März.csv".to_owned(),
            media_type: "text/csv".to_owned(),
            bytes: b"a;b\n1;2\n".to_vec(),
        }],
        ..stored()
    };
    insta::assert_snapshot!(text(&stored).replace('\r', ""), @r#"
    X-Mailthrottle-Resend: r1/2
    Date: Fri, 20 Nov 2026 08:30:00 +0000
    Message-ID: <mailthrottle.6e748c8daed0d0cc06998730fef88ffa@contoso.example>
    From: =?utf-8?b?QsO8Y2hlciAmIENv?= <reports@contoso.example>
    To: =?utf-8?b?TcO8bGxlciwgQW5uYQ==?= <a@x.example>, b@y.example
    Cc: c@z.example
    Reply-To: answers@contoso.example
    Subject: =?utf-8?b?w5xiZXJzaWNodCBmw7xyIGhldXRl?=
    MIME-Version: 1.0
    Content-Type: multipart/mixed; boundary="m.8fcd18d40e49f701db0207007d705a2a"

    --m.8fcd18d40e49f701db0207007d705a2a
    Content-Type: multipart/alternative;
     boundary="a.8fcd18d40e49f701db0207007d705a2a"

    --a.8fcd18d40e49f701db0207007d705a2a
    Content-Type: text/plain; charset=utf-8
    Content-Transfer-Encoding: 7bit

    Hello

    --a.8fcd18d40e49f701db0207007d705a2a
    Content-Type: text/html; charset=utf-8
    Content-Transfer-Encoding: quoted-printable

    <p>Gr=C3=BC=C3=9Fe</p>
    --a.8fcd18d40e49f701db0207007d705a2a--
    --m.8fcd18d40e49f701db0207007d705a2a
    Content-Disposition: attachment;
     filename*0*=utf-8''M%C3%A4rz.csv
    Content-Type: text/csv
    Content-Transfer-Encoding: base64

    YTtiCjE7Mgo=
    --m.8fcd18d40e49f701db0207007d705a2a--
    "#);
    assert!(built(&stored).bytes.is_ascii());
}

#[test]
fn all_recipients_are_in_the_envelope_once_and_bcc_is_nowhere_else() {
    let stored = Stored {
        to: "Weiss, Karl <k@x.example>; \"Müller; Anna\" <a@x.example>, <a@x.example>".to_owned(),
        cc: "k@x.example, c@x.example;".to_owned(),
        bcc: "secret@x.example".to_owned(),
        ..stored()
    };
    let message = built(&stored);
    let recipients = ["k@x.example", "a@x.example", "c@x.example", "secret@x.example"];
    assert_eq!(message.envelope.recipients, recipients);
    assert_eq!(message.envelope.sender, "reports@contoso.example");
    assert!(!text(&stored).to_lowercase().contains("secret") && !text(&stored).contains("Bcc"));
}

#[test]
fn a_message_for_bcc_alone_has_no_recipient_in_its_headers() {
    let stored = Stored { to: String::new(), bcc: "secret@x.example".to_owned(), ..stored() };
    assert_eq!(built(&stored).envelope.recipients, ["secret@x.example"]);
    assert!(!text(&stored).contains("To:") && !text(&stored).contains("secret"));
}

#[test]
fn address_lists_are_read_as_applications_write_them() {
    for (list, expected) in [
        ("a@x.example", vec!["a@x.example"]),
        (" a@x.example ; b@x.example,", vec!["a@x.example", "b@x.example"]),
        ("A <a@x.example>, B <b@x.example>", vec!["a@x.example", "b@x.example"]),
        ("Weiss, Karl <a@x.example>, Berg, Eva <b@x.example>", vec!["a@x.example", "b@x.example"]),
        ("\"Weiss, Karl\" <a@x.example>", vec!["a@x.example"]),
        ("\"say \\\"a, b\\\"; c\" <a@x.example>", vec!["a@x.example"]),
        ("'Weiss, Karl' <a@x.example>", vec!["a@x.example"]),
        ("<a@x.example>", vec!["a@x.example"]),
        ("a@x.example <a@x.example>", vec!["a@x.example"]),
        ("a@bücher.example", vec!["a@xn--bcher-kva.example"]),
        ("jürgen@x.example", vec!["jürgen@x.example"]),
    ] {
        let message = built(&Stored { to: list.to_owned(), ..stored() });
        assert_eq!(message.envelope.recipients, expected, "{list}");
        assert_eq!(message.envelope.needs_smtputf8, list.starts_with("jürgen"), "{list}");
    }
}

#[test]
fn what_is_no_address_refuses_the_whole_message() {
    for (list, named) in [
        ("N/A", "N/A"),
        ("a@x.example, N/A", "N/A"),
        ("Weiss, Karl; a@x.example", "Weiss, Karl, a@x.example"),
        ("a@", "a@"),
        ("@x.example", "@x.example"),
        ("a b@x.example", "a b@x.example"),
        ("a@x.example b@x.example", "a@x.example b@x.example"),
        ("undisclosed-recipients:", "undisclosed-recipients:"),
        ("\"a@x.example", "\"a@x.example"),
    ] {
        let expected = format!("the recipient holds {named:?}, which is no mail address");
        assert_eq!(refusal(&Stored { to: list.to_owned(), ..stored() }), expected);
    }
}

#[test]
fn a_message_needs_one_sender_a_recipient_and_content() {
    let several = Stored { sender: "a@x.example, b@x.example".to_owned(), ..stored() };
    let nobody = Stored { sender: " ".to_owned(), ..stored() };
    let for_nobody = Stored { to: " ; ".to_owned(), ..stored() };
    let empty = Stored { subject: String::new(), body_text: Some(String::new()), ..stored() };
    for (stored, expected) in [
        (several, "the sender has to be one mail address and is \"a@x.example, b@x.example\""),
        (nobody, "the sender has to be one mail address and is \" \""),
        (for_nobody, "there is no recipient: to, cc and bcc are empty"),
        (empty, "the message is empty: the log has no subject, no text, no HTML and no attachment"),
    ] {
        assert_eq!(refusal(&stored), expected);
    }
    let only_subject = Stored { body_text: None, ..stored() };
    assert!(text(&only_subject).contains("Subject: Report\r\n"));
}

#[test]
fn no_field_can_add_a_header() {
    type Put = fn(&mut Stored, String);
    let file = |name: String, media_type: String| vec![Attachment { name, media_type, bytes: Vec::new() }];
    let puts: [(&str, Put); 7] = [
        ("sender", |stored, value| stored.sender = value),
        ("recipient", |stored, value| stored.to = value),
        ("cc", |stored, value| stored.cc = value),
        ("bcc", |stored, value| stored.bcc = value),
        ("reply_to", |stored, value| stored.reply_to = value),
        ("subject", |stored, value| stored.subject = value),
        ("message_id", |stored, value| stored.message_id = Some(value)),
    ];
    for bad in
        ["\r\nBcc: x@evil.example", "\nBcc: x@evil.example", "\rX: y", "\0", "\u{85}X: y", "\u{1b}[31m"]
    {
        for (field, put) in puts {
            let mut stored = stored();
            let value = format!("a@x.example{bad}");
            put(&mut stored, value.clone());
            let expected = Unbuildable::ControlCharacter { field, value };
            assert_eq!(build(&stored, &sending()).unwrap_err(), expected);
        }
        for attachments in [file(format!("a{bad}"), String::new()), file("a".to_owned(), format!("a/b{bad}"))]
        {
            let error = refusal(&Stored { attachments, ..stored() });
            assert!(error.starts_with("the attachment's "), "{error}");
        }
        let sending = SendingOrigin { run: format!("r{bad}"), ..sending() };
        assert!(build(&stored(), &sending).is_err(), "{bad:?}");
    }
}

#[test]
fn a_name_cannot_break_out_of_its_quotes() {
    let to = "\"a\\\" <x@evil.example>, \\\"b\" <k@x.example>";
    let message = built(&Stored { to: to.to_owned(), ..stored() });
    assert_eq!(message.envelope.recipients, ["k@x.example"]);
    let text = String::from_utf8(message.bytes).unwrap();
    assert!(text.contains("To: =?utf-8?b?YSIgPHhAZXZpbC5leGFtcGxlPiwgImI=?= <k@x.example>\r\n"), "{text}");
}

#[test]
fn the_message_id_is_the_logs_or_always_the_same_for_a_row() {
    for (kept, expected) in [
        ("<a.1@x.example>", "<a.1@x.example>"),
        (" a.1@x.example ", "<a.1@x.example>"),
        ("0f8fad5b-d9cb", "<0f8fad5b-d9cb>"),
    ] {
        let message = built(&Stored { message_id: Some(kept.to_owned()), ..stored() });
        assert_eq!(message.message_id, expected);
        assert!(String::from_utf8(message.bytes).unwrap().contains(&format!("Message-ID: {expected}\r\n")));
    }
    for odd in ["<>", "a b@x.example", "<a@x.example><b@x.example>", "é@x.example"] {
        let expected = format!("the Message-ID {odd:?} cannot be written in a header");
        assert_eq!(refusal(&Stored { message_id: Some(odd.to_owned()), ..stored() }), expected);
    }
    let own = built(&stored()).message_id;
    assert_eq!(own, "<mailthrottle.6e748c8daed0d0cc06998730fef88ffa@contoso.example>");
    let later = build(&stored(), &SendingOrigin { run: "r2".to_owned(), attempt: 3, at: AT + 1 }).unwrap();
    assert_eq!(later.message_id, own);
    for other in [
        Stored { id: "43".to_owned(), ..stored() },
        Stored { table: "email_log4".to_owned(), id: "2".to_owned(), ..stored() },
        Stored { identity: "sqlite:/var/lib/app/other.db".to_owned(), ..stored() },
    ] {
        assert_ne!(built(&other).message_id, own);
    }
}

#[test]
fn bodies_have_crlf_whatever_the_log_has() {
    for body in ["a\nb\n", "a\r\nb\r\n", "a\rb\r", "a\r\nb\n"] {
        let text = text(&Stored { body_text: Some(body.to_owned()), ..stored() });
        assert!(text.contains("\r\n\r\na\r\nb\r\n"), "{body:?}: {text:?}");
        assert!(!text.replace("\r\n", "").contains(['\r', '\n']), "{body:?}");
    }
    let binary = Attachment {
        name: "a.unknown".to_owned(),
        media_type: String::new(),
        bytes: b"a\nb\r.\r\n".to_vec(),
    };
    let text = text(&Stored { attachments: vec![binary], ..stored() });
    assert!(text.contains("Content-Type: application/octet-stream\r\n") && text.contains("YQpiDS4NCg=="));
}

#[test]
fn a_media_type_that_is_none_is_refused() {
    let file = Attachment { name: "a.pdf".to_owned(), media_type: "pdf".to_owned(), bytes: Vec::new() };
    let error = refusal(&Stored { attachments: vec![file], ..stored() });
    assert_eq!(error, "the attachment \"a.pdf\" has the media type \"pdf\", which is none");
}

#[test]
fn a_raw_message_goes_as_it_is() {
    for (raw, expected) in [
        (
            "From: a@x.example\nMessage-ID: <1@x.example>\nBcc: s@x.example,\n t@x.example\nSubject: =?x\n\n.\nbody",
            "X-Mailthrottle-Resend: r1/2\r\nFrom: a@x.example\r\nMessage-ID: <1@x.example>\r\nSubject: =?x\r\n\r\n.\r\nbody",
        ),
        (
            "Subject: x\r\n folded\r\n\r\nBcc: in the body\r\n",
            "X-Mailthrottle-Resend: r1/2\r\nMessage-ID: <7@x.example>\r\nSubject: x\r\n folded\r\n\r\nBcc: in the body\r\n",
        ),
        ("Subject: no body", "X-Mailthrottle-Resend: r1/2\r\nMessage-ID: <7@x.example>\r\nSubject: no body"),
        ("bcc: a@x.example\n\nx", "X-Mailthrottle-Resend: r1/2\r\nMessage-ID: <7@x.example>\r\n\r\nx"),
    ] {
        let stored =
            Stored { raw: Some(raw.into()), message_id: Some("<7@x.example>".to_owned()), ..stored() };
        let message = built(&stored);
        assert_eq!(String::from_utf8(message.bytes).unwrap(), expected);
        assert_eq!(message.message_id, if raw.contains("<1@") { "<1@x.example>" } else { "<7@x.example>" });
        assert_eq!(message.envelope.recipients, ["k.weiss@fabrikam.example"]);
    }
}

#[test]
fn a_raw_message_may_have_any_bytes() {
    let raw = b"Subject: caf\xe9\n\n\xff\xfe\n".to_vec();
    let message = built(&Stored { raw: Some(raw), ..stored() });
    assert!(message.bytes.ends_with(b"Subject: caf\xe9\r\n\r\n\xff\xfe\r\n") && message.envelope.has_8bit);
    assert!(!built(&stored()).envelope.has_8bit);
}

#[test]
fn what_is_no_message_is_not_sent_as_one() {
    for (raw, first) in [("Hello Karl\nhow are you", "Hello Karl"), ("\u{feff}Hello\n", "\u{feff}Hello")] {
        let expected = format!("the raw message does not begin with a header but with {first:?}");
        assert_eq!(refusal(&Stored { raw: Some(raw.into()), ..stored() }), expected);
    }
    let blank = Stored { raw: Some(b" \r\n".to_vec()), ..stored() };
    assert!(text(&blank).contains("Subject: Report"));
}

/// Files get the type that their name says; a message in a message may not be encoded, so that it goes as a file.
#[test]
fn the_type_of_a_file_is_that_of_its_name() {
    for (name, media_type) in [
        ("a.PDF", "application/pdf"),
        ("b.xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
        ("c.csv", "text/csv"),
        ("d.eml", "application/octet-stream"),
        ("no ending", "application/octet-stream"),
    ] {
        let file = Attachment { name: name.to_owned(), media_type: String::new(), bytes: b"x".to_vec() };
        let text = text(&Stored { attachments: vec![file], ..stored() });
        assert!(text.contains(&format!("Content-Type: {media_type}\r\n")), "{name}: {text}");
    }
}

#[test]
fn nul_is_encoded_in_a_text_and_refused_in_a_raw_message() {
    let bytes = built(&Stored { body_text: Some("a\0b".to_owned()), ..stored() }).bytes;
    assert!(!bytes.contains(&0) && bytes.ends_with(b"YQBi\r\n"), "{bytes:?}");
    let raw = Stored { raw: Some(b"Subject: x\n\na\0b".to_vec()), ..stored() };
    assert_eq!(refusal(&raw), "the raw message holds a NUL character, which mail cannot carry");
}

#[test]
fn hidden_recipients_of_a_raw_message_stay_hidden() {
    let raw = b"Resent-Bcc: s@x.example\nResent-To: t@x.example\nBCC: u@x.example\n\nx".to_vec();
    let text = text(&Stored { raw: Some(raw), ..stored() });
    assert!(text.contains("Resent-To: t@x.example") && !text.to_lowercase().contains("bcc"), "{text}");
}

/// Senders whose header has to be folded or encoded, or that only SMTP knows.
#[test]
fn every_sender_that_is_an_address_can_send() {
    let long = "a".repeat(70);
    for sender in [
        "Müller & Söhne Gesellschaft mit beschränkter Haftung <s@x.example>".to_owned(),
        format!("{long} <s@x.example>"),
        format!("Contoso Versand <{}@subdomain.contoso.example>", "a-very-long-name".repeat(3)),
        "Contoso Gesellschaft mit beschraenkter Haftung, Abteilung Versand und Logistik <s@x.example>"
            .to_owned(),
        format!("{} <s@x.example>", "x".repeat(1500)),
        "s@[192.0.2.1]".to_owned(),
        "s@[IPv6:2001:db8::1]".to_owned(),
    ] {
        let text = text(&Stored { sender: sender.clone(), ..stored() });
        assert_eq!(text.matches("From: ").count(), 1, "{sender}: {text}");
        assert!(
            text.lines().all(|line| line.len() <= 998) && !text.contains("a@example.org"),
            "{sender}: {text}"
        );
    }
}

/// No address is swallowed by the name of another one.
#[test]
fn a_list_that_lost_a_separator_or_a_quote_is_refused() {
    for list in [
        "X <a@x.example> Y <b@x.example>",
        "\"A\" <a@x.example> \"B\" <b@x.example>",
        "5\" pipe <a@x.example>, 6\" pipe <b@x.example>",
        "John \"Jack <a@x.example>, Bob <b@x.example>",
        "\"Unclosed <a@x.example>, \"B\" <b@x.example>",
        "\"a\\\" <a@x.example>, \"b\" <b@x.example>",
        "[{\"email\": \"a@x.example\", \"type\": \"bcc\"}]",
        "[{\"email\": \"a@x.example\", \"name\": \"Q\\r\\nX: y\"}]",
    ] {
        let error = refusal(&Stored { to: list.to_owned(), ..stored() });
        assert!(
            error.contains("which is no mail address") || error.contains("line break"),
            "{list}: {error}"
        );
    }
    let quoted = Stored { to: "\"a <b@x.example>, \\\"c\\\"\" <d@x.example>".to_owned(), ..stored() };
    assert_eq!(built(&quoted).envelope.recipients, ["d@x.example"]);
}

#[test]
fn an_address_in_a_header_needs_what_one_in_the_envelope_does() {
    let message = built(&Stored { reply_to: "jürgen@x.example".to_owned(), ..stored() });
    assert!(message.envelope.needs_smtputf8);
    let twice = Stored { to: "a@X.example, a@x.EXAMPLE, A@x.example".to_owned(), ..stored() };
    assert_eq!(built(&twice).envelope.recipients, ["a@X.example", "A@x.example"]);
}

#[test]
fn a_text_that_ends_with_a_line_end_has_one() {
    for (body, end) in [
        ("x\n", "\r\n\r\nx\r\n"),
        ("x", "\r\n\r\nx\r\n"),
        ("x\n\n", "\r\n\r\nx\r\n\r\n"),
        ("ü\n", "w7wNCg==\r\n"),
    ] {
        let text = text(&Stored { body_text: Some(body.to_owned()), ..stored() });
        assert!(text.ends_with(end), "{body:?}: {text:?}");
    }
}
