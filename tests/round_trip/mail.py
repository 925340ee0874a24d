"""Makes a log of random mails, and says whether what arrived is what the log has, by Python's own reading of mail.

    mail.py make FOLDER ROWS SEED     writes FOLDER/log.db, FOLDER/files and FOLDER/mailthrottle.toml
    mail.py check FOLDER              compares FOLDER/got/*.eml with the log
    mail.py serve FOLDER              an aiosmtpd that writes FOLDER/got/*.eml; prints its port, ends with its input
"""

import datetime
import email
import email.policy
import email.utils
import json
import os
import random
import re
import socket
import sqlite3
import string
import sys
from email.header import decode_header, make_header

COLUMNS = [
    "id", "status", "sent_date", "sender", "recipient", "cc", "bcc", "reply_to", "subject", "body_text", "body_html", "raw",
    "attachments", "message_id", "error_message",
]
SENDER = "reports@contoso.example"
LINE = re.compile(r"\r\n|\r|\n")
TYPES = {"pdf": "application/pdf", "csv": "text/csv", "png": "image/png", "bin": "application/octet-stream"}


class Maker:
    def __init__(self, folder, seed):
        self.folder = folder
        self.random = random.Random(seed)

    def letters(self, most, odd=""):
        """Characters of many scripts, of which some are odd."""
        ranges = [(0x21, 0x7E), (0xC0, 0x17F), (0x370, 0x3FF), (0x4E00, 0x4E80), (0x1F600, 0x1F64F), (0x41, 0x5A)]
        out = []
        for _ in range(self.random.randint(1, most)):
            kind = self.random.random()
            if kind < 0.15:
                out.append(" " * self.random.randint(1, 4))
            elif kind < 0.25 and odd:
                out.append(self.random.choice(odd))
            else:
                out.append(chr(self.random.randint(*self.random.choice(ranges))))
        return "".join(out)

    def subject(self):
        kind = self.random.randrange(6)
        words = ["".join(self.random.choices(string.ascii_letters, k=self.random.randint(1, 30))) for _ in range(12)]
        blanks = lambda: " " * self.random.choice([1, 1, 1, 2, 3, 9])
        return [
            lambda: self.letters(80),
            lambda: "".join(word + blanks() for word in words) + "end",
            lambda: blanks().join(self.random.choice([word, "Übersicht", "für", "日本語"]) for word in words),
            lambda: "=?utf-8?q?" + self.random.choice(words) + "?= and =?x",
            lambda: " " + self.letters(20, "\t") + " ",
            lambda: "x" * self.random.randint(1, 1500),
        ][kind]()

    def name(self):
        kind = self.random.randrange(4)
        return [
            lambda: "",
            lambda: "Anna Weiss",
            lambda: self.letters(40).strip(),
            lambda: self.random.choice(["Weiss, Karl", "=?utf-8?q?x?=", "A  B", "Dr. \"K\" \\ <k>", "x" * 120]),
        ][kind]()

    def people(self, addresses):
        people = [(self.name(), address) for address in addresses]
        if self.random.random() < 0.1:
            return people, json.dumps([{"name": name, "email": address} for name, address in people], ensure_ascii=False)
        quoted = lambda name: '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'
        written = [f"{quoted(name)} <{address}>" if name else address for name, address in people]
        return people, self.random.choice([", ", ";", " ; "]).join(written)

    def text(self):
        odd = ["\r", "\n", "\r\n", "\n.\n", "\n..x\n", "\nFrom x\n", "\t", " \n", "=", "=3D"]
        if self.random.random() < 0.2:
            odd += ["\0", "\x0b", "\x1b[31m", "\x7f"]
        text = self.letters(300, odd)
        if self.random.random() < 0.1:
            text += "y" * self.random.randint(900, 3000)
        return text

    def files(self, row):
        names, paths = [], []
        for number in range(self.random.randint(1, 3)):
            ending = self.random.choice(list(TYPES))
            forbidden = str.maketrans("", "", "/\\")
            name = self.letters(self.random.choice([8, 60])).strip().translate(forbidden)[:50] or "x"
            name = f"{name}{number}.{ending}"
            folder = os.path.join(self.folder, "files", str(row))
            os.makedirs(folder, exist_ok=True)
            with open(os.path.join(folder, name), "wb") as file:
                file.write(self.random.randbytes(self.random.randint(0, 3000)))
            names.append(name)
            paths.append(os.path.join(str(row), name))
        return json.dumps(paths, ensure_ascii=False)

    def raw(self, row):
        """A whole message, with whatever line ends; lines are as long as SMTP takes them."""
        end = self.random.choice(["\n", "\r\n"])
        head = [f"To: u{row}@example.com", f"From: {SENDER}", f"Subject: =?utf-8?q?raw_{row}?=", "X-Long: " + "z " * 300,
                f"Message-ID: <raw.{row}@contoso.example>", f"Bcc: hidden@example.com,{end} hidden2@example.com",
                "Resent-Bcc: hidden3@example.com", "Date: Fri, 20 Nov 2026 08:30:00 +0000"]
        body = "".join(self.letters(60).replace("\0", "") + end for _ in range(20)) + "." + end + ".." + end
        return (end.join(head) + end + end + body).encode()

    def row(self, number, at):
        sender = self.random.choice([SENDER, f"Reports <{SENDER}>"])
        _, recipient = self.people([f"u{number}@example.com"] + [f"v{number}.{n}@example.com" for n in
                                                                 range(self.random.choice([0, 0, 1, 2]))])
        optional = lambda chance, make: make() if self.random.random() < chance else None
        raw = optional(0.1, lambda: self.raw(number))
        return {
            "id": number, "status": "F", "sent_date": at, "sender": sender, "recipient": recipient,
            "cc": optional(0.2, lambda: self.people([f"c{number}@example.com"])[1]),
            "bcc": optional(0.2, lambda: f"hidden{number}@example.com"),
            "reply_to": optional(0.2, lambda: self.people([f"r{number}@example.com"])[1]),
            "subject": None if raw else self.subject(),
            "body_text": None if raw else self.text(),
            "body_html": None if raw else optional(0.4, lambda: f"<p>{self.text()}</p>"),
            "raw": raw,
            "attachments": None if raw else optional(0.2, lambda: self.files(number)),
            "message_id": optional(0.3, lambda: f"<row.{number}@contoso.example>"),
            "error_message": "432 4.3.2 Concurrent connections limit exceeded",
        }


def make(folder, rows, seed):
    os.makedirs(os.path.join(folder, "files"))
    log = sqlite3.connect(os.path.join(folder, "log.db"))
    log.execute(f"CREATE TABLE email_log (id INTEGER PRIMARY KEY, {', '.join(COLUMNS[1:])})")
    maker = Maker(folder, seed)
    at = (datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(minutes=10)).strftime("%Y-%m-%d %H:%M:%S")
    for number in range(1, rows + 1):
        row = maker.row(number, at)
        log.execute(f"INSERT INTO email_log VALUES ({', '.join('?' * len(COLUMNS))})", [row[name] for name in COLUMNS])
    log.commit()
    columns = ", ".join(f'{name} = "{name}"' for name in COLUMNS)
    with open(os.path.join(folder, "mailthrottle.toml"), "w") as file:
        file.write(f'[email_log]\nsent = ["S"]\nfailed = ["F"]\ncolumns = {{ {columns} }}\n'
                   f'[resend]\nattachments_under = "{folder}/files"\n')


def lines(text):
    return LINE.sub("\n", text)


def written(text):
    """The people of a list as this script wrote it."""
    if text.startswith("["):
        return [(entry["name"], entry["email"]) for entry in json.loads(text)]
    people = []
    for match in re.finditer(r'"((?:[^"\\]|\\.)*)" <([^>]*)>|([^ ,;"<>]+@[^ ,;"<>]+)', text):
        name = re.sub(r"\\(.)", r"\1", match[1] or "")
        people.append((name, match[2] or match[3]))
    return people


def arrived(data, header):
    """The people of a header, by the older of Python's readers: the newer one loses blanks within names."""
    value = email.message_from_bytes(data)[header]
    people = email.utils.getaddresses([re.sub(r"\r?\n", "", value)]) if value else []
    return [(str(make_header(decode_header(name))), address) for name, address in people]


def differences(row, data, message, folder):
    """What of a row did not arrive."""
    if row["raw"]:
        yield from raw_differences(row["raw"], data)
        return
    if str(message["Subject"]) != row["subject"]:
        yield f"subject {row['subject']!r} arrived as {str(message['Subject'])!r}"
    for header, column in [("To", "recipient"), ("Cc", "cc"), ("Reply-To", "reply_to")]:
        expected = written(row[column]) if row[column] else []
        if arrived(data, header) != expected:
            yield f"{column} {expected} arrived as {arrived(data, header)}"
    if b"hidden" in data:
        yield "a hidden recipient is shown"
    if row["message_id"] and message["Message-ID"] != row["message_id"]:
        yield f"Message-ID {row['message_id']} arrived as {message['Message-ID']}"
    for kind, column in [("plain", "body_text"), ("html", "body_html")]:
        # blanks alone are no text
        expected = row[column] if row[column] and row[column].strip() else None
        part = message.get_body((kind,))
        got = None if part is None else part.get_payload(decode=True).decode(part.get_content_charset())
        if expected is None:
            if got is not None:
                yield f"{column} arrived though there is none"
        # a text's last line is ended on the way
        elif got is None or lines(got) != lines(expected).removesuffix("\n") + "\n" and lines(got) != lines(expected):
            yield f"{column} {lines(expected)!r} arrived as {got and lines(got)!r}"
    yield from file_differences(row, message, folder)


def file_differences(row, message, folder):
    paths = json.loads(row["attachments"]) if row["attachments"] else []
    parts = list(message.iter_attachments())
    if len(parts) != len(paths):
        yield f"{len(paths)} files arrived as {len(parts)}"
    for path, part in zip(paths, parts):
        name = os.path.basename(path)
        if part.get_filename() != name:
            yield f"file {name!r} arrived as {part.get_filename()!r}"
        if part.get_content_type() != TYPES[name.rsplit(".", 1)[1]]:
            yield f"file {name!r} has the type {part.get_content_type()}"
        with open(os.path.join(folder, "files", path), "rb") as file:
            if file.read() != part.get_payload(decode=True):
                yield f"the content of file {name!r} differs"


def raw_differences(raw, data):
    wanted, got = email.message_from_bytes(raw), email.message_from_bytes(data)
    own = lambda mail: [(name, lines(value)) for name, value in mail.items() if name in
                        ("To", "From", "Subject", "X-Long", "Message-ID", "Date")]
    if own(wanted) != own(got):
        yield f"headers {own(wanted)} arrived as {own(got)}"
    if any(name.lower().endswith("bcc") for name in got.keys()):
        yield "a hidden recipient is shown"
    body = lambda mail: lines(mail.get_payload(decode=True).decode("utf-8", "surrogateescape"))
    if body(wanted) != body(got):
        yield f"body {body(wanted)!r} arrived as {body(got)!r}"


def check(folder):
    log = sqlite3.connect(os.path.join(folder, "log.db"))
    log.row_factory = sqlite3.Row
    rows = {row["id"]: row for row in log.execute("SELECT * FROM email_log")}
    seen, wrong = set(), 0
    for name in sorted(os.listdir(os.path.join(folder, "got"))):
        with open(os.path.join(folder, "got", name), "rb") as file:
            data = file.read()
        message = email.message_from_bytes(data, policy=email.policy.default)
        number = next(int(match[1]) for address in message["To"].addresses
                      if (match := re.match(r"u(\d+)@", address.addr_spec)))
        said = list(differences(rows[number], data, message, folder))
        if number in seen:
            said.append("arrived twice")
        seen.add(number)
        wrong += bool(said)
        for line in said[: 10 if wrong <= 10 else 0]:
            print(f"row {number}: {line[:1000]}")
    missing = len(rows) - len(seen)
    print(f"{len(rows)} rows, {len(seen)} arrived, {wrong} of them changed")
    sys.exit(1 if wrong or missing else 0)


def serve(folder):
    from aiosmtpd.controller import Controller

    class Keep:
        async def handle_DATA(self, server, session, envelope):
            self.number = getattr(self, "number", 0) + 1
            with open(os.path.join(folder, "got", f"{self.number}.eml"), "wb") as file:
                file.write(envelope.content)
            return "250 OK"

    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    controller = Controller(Keep(), hostname="127.0.0.1", port=port)
    controller.start()
    print(port, flush=True)
    sys.stdin.read()
    controller.stop()


if __name__ == "__main__":
    command, *rest = sys.argv[1:]
    {"make": lambda: make(rest[0], int(rest[1]), int(rest[2])), "check": lambda: check(rest[0]),
     "serve": lambda: serve(rest[0])}[command]()
