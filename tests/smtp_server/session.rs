//! One client's dialogue.

mod login;

use std::sync::Arc;
use std::time::{Duration, Instant};

use mailthrottle::model::Stage;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::sleep;
use tokio_rustls::TlsAcceptor;

use super::certificates::Certificate;
use super::content;
use super::fault::{Fault, Then};
use super::settings::{RefuseAt, Tls, WhenFull, text};
use super::shared::{Mail, Shared};

trait Stream: AsyncRead + AsyncWrite + Send + Sync + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Sync + Unpin> Stream for S {}

/// Room for what a client sends in one go.
const READ: usize = 64 * 1024;

/// The dialogue is over.
struct End;

type Step = Result<(), End>;

struct Session {
    stream: Box<dyn Stream>,
    inbox: Vec<u8>,
    outbox: Vec<u8>,
    shared: Arc<Shared>,
    /// Which connection of the server this is.
    number: u64,
    /// Which message of the server is under way.
    message: u64,
    encrypted: bool,
    logged_in: bool,
    sender: Option<(String, String)>,
    recipients: Vec<String>,
}

pub async fn serve(stream: TcpStream, shared: Arc<Shared>) {
    let number = shared.arrives();
    let mut session = Session {
        stream: Box::new(stream),
        inbox: Vec::new(),
        outbox: Vec::new(),
        shared: shared.clone(),
        number,
        message: 0,
        encrypted: false,
        logged_in: false,
        sender: None,
        recipients: Vec::new(),
    };
    let _ = session.run().await;
    let _ = session.flush().await;
    drop(session);
    shared.leaves(number);
}

impl Session {
    async fn run(&mut self) -> Step {
        if let Tls::Implicit(certificate) = self.shared.settings.tls.clone() {
            self.encrypt(&certificate).await?;
        }
        if self.shared.settings.refuse_at == RefuseAt::Banner && !self.shared.may_send(self.number) {
            return self.refuse_and_end(text::BANNER);
        }
        self.answer(Stage::Connect, "220 loopback.example ready").await?;
        loop {
            let line = self.line().await?;
            self.obey(&line).await?;
        }
    }

    async fn obey(&mut self, line: &str) -> Step {
        let command = line.split([' ', ':']).next().unwrap_or_default().to_ascii_uppercase();
        if command != "AUTH" {
            self.shared.seen().commands.push(line.to_owned());
        }
        if !self.inbox.is_empty() && (!self.shared.settings.pipelining || command == "DATA") {
            self.shared.violates(&format!("sent more before the answer to {command}"));
        }
        match command.as_str() {
            "EHLO" | "HELO" => self.hello().await,
            "STARTTLS" => self.start_tls().await,
            "AUTH" => self.log_in(line).await,
            "MAIL" => self.mail(line).await,
            "RCPT" => self.rcpt(line).await,
            "DATA" => self.data().await,
            "RSET" => {
                self.forget();
                self.say("250 2.0.0 reset")
            }
            "NOOP" => self.say("250 2.0.0 ok"),
            "QUIT" => {
                self.say("221 2.0.0 bye")?;
                Err(End)
            }
            _ => self.say("500 5.5.1 unknown command"),
        }
    }

    async fn hello(&mut self) -> Step {
        let settings = self.shared.settings.clone();
        let mut lines = vec!["loopback.example".to_owned()];
        let flags = [
            (settings.pipelining, "PIPELINING"),
            (settings.eight_bit_mime, "8BITMIME"),
            (settings.smtputf8, "SMTPUTF8"),
            (matches!(settings.tls, Tls::Upgrade(_)) && !self.encrypted, "STARTTLS"),
        ];
        lines.extend(flags.iter().filter(|(on, _)| *on).map(|(_, word)| (*word).to_owned()));
        lines.extend(settings.size.map(|size| format!("SIZE {size}")));
        lines.extend(settings.account.map(|account| format!("AUTH {}", account.mechanisms)));
        let last = lines.pop().unwrap();
        let mut reply: String = lines.iter().map(|line| format!("250-{line}\r\n")).collect();
        reply += &format!("250 {last}");
        self.answer(Stage::Ehlo, &reply).await.map(drop)
    }

    async fn start_tls(&mut self) -> Step {
        let Tls::Upgrade(certificate) = self.shared.settings.tls.clone() else {
            return self.say("502 5.5.1 not offered");
        };
        self.answer(Stage::Tls, "220 2.0.0 go ahead").await?;
        self.outbox.extend_from_slice(self.shared.settings.injected.clone().as_bytes());
        self.flush().await?;
        self.encrypt(&certificate).await
    }

    async fn encrypt(&mut self, certificate: &Certificate) -> Step {
        let acceptor = TlsAcceptor::from(Arc::new(certificate.server_config()));
        let plain = std::mem::replace(&mut self.stream, Box::new(tokio::io::empty()));
        self.stream = Box::new(acceptor.accept(plain).await.map_err(|_| End)?);
        self.encrypted = true;
        self.inbox.clear();
        Ok(())
    }

    async fn mail(&mut self, line: &str) -> Step {
        self.message = self.shared.begins();
        self.forget();
        let settings = &self.shared.settings;
        if settings.account.is_some() && !self.logged_in {
            return self.refuse(text::ANONYMOUS);
        }
        if settings.refuse_at == RefuseAt::Mail && !self.shared.may_send(self.number) {
            return self.refuse(text::CONCURRENT);
        }
        if !self.shared.wait_for_rate(WhenFull::Refuse).is_zero() {
            return self.refuse_and_end(text::RATE);
        }
        let (address, parameters) = address(line);
        if self.answer(Stage::Mail, "250 2.1.0 sender ok").await? {
            self.sender = Some((address, parameters));
        }
        Ok(())
    }

    async fn rcpt(&mut self, line: &str) -> Step {
        if self.sender.is_none() && !self.shared.settings.ignores_order {
            return self.say("503 5.5.1 MAIL first");
        }
        let (address, _) = address(line);
        if self.shared.settings.unknown.contains(&address) {
            return self.refuse(text::UNKNOWN);
        }
        if self.answer(Stage::Rcpt, "250 2.1.5 recipient ok").await? {
            self.recipients.push(address);
        }
        Ok(())
    }

    async fn data(&mut self) -> Step {
        if self.recipients.is_empty() && !self.shared.settings.data_for_nobody {
            return self.say("503 5.5.1 RCPT first");
        }
        if !self.answer(Stage::Data, "354 go ahead").await? {
            return Ok(());
        }
        let content = self.content().await?;
        self.end_of_data(content).await
    }

    async fn content(&mut self) -> Result<Vec<u8>, End> {
        loop {
            if let Some(fault) = self.shared.fault(Stage::Data, self.message, Some(self.inbox.len())) {
                self.act(&fault).await?;
            }
            if let Some(end) = content::end(&self.inbox) {
                return Ok(self.inbox.drain(..end).collect());
            }
            self.read().await?;
        }
    }

    async fn end_of_data(&mut self, content: Vec<u8>) -> Step {
        self.shared.receives();
        let bytes = content::unstuffed(&content);
        let recipients = std::mem::take(&mut self.recipients);
        let (sender, parameters) = self.sender.take().unwrap_or_default();
        let message_id = content::message_id(&bytes);
        let at = Instant::now();
        let count = recipients.len();
        let mail = Mail { message_id, sender, parameters, recipients, bytes, connection: self.number, at };
        if let Some(fault) = self.shared.fault(Stage::Dot, self.message, None) {
            if fault.accepts {
                self.shared.accepts(mail);
            }
            return self.act(&fault).await;
        }
        if let Some(refusal) = self.refusal_at_dot(count, mail.bytes.len()) {
            self.wait(Stage::Dot).await;
            return self.refuse(refusal);
        }
        pause(self.shared.wait_for_rate(WhenFull::Delay)).await;
        self.wait(Stage::Dot).await;
        self.shared.accepts(mail);
        self.say("250 2.0.0 accepted")
    }

    fn refusal_at_dot(&self, recipients: usize, size: usize) -> Option<&'static str> {
        let settings = &self.shared.settings;
        match () {
            () if recipients == 0 => Some("554 5.5.1 no valid recipients"),
            () if settings.size.is_some_and(|most| size > most) => Some(text::TOO_LARGE),
            () if settings.mailbox_full => Some(text::FULL),
            () if settings.refuse_at == RefuseAt::Dot && !self.shared.may_send(self.number) => {
                Some(text::CONCURRENT)
            }
            () if !self.shared.has_quota(recipients) => Some(text::QUOTA),
            () => None,
        }
    }

    fn forget(&mut self) {
        self.sender = None;
        self.recipients.clear();
    }

    /// The answer of a stage, or what goes wrong there; says whether it was a yes.
    async fn answer(&mut self, stage: Stage, reply: &str) -> Result<bool, End> {
        self.wait(stage).await;
        let of_message = matches!(stage, Stage::Mail | Stage::Rcpt | Stage::Data | Stage::Dot);
        let number = if of_message { self.message } else { self.number };
        let Some(fault) = self.shared.fault(stage, number, None) else {
            self.say(reply)?;
            return Ok(matches!(reply.as_bytes()[0], b'2' | b'3'));
        };
        self.act(&fault).await?;
        Ok(matches!(fault.words.first(), Some(b'2' | b'3')))
    }

    async fn act(&mut self, fault: &Fault) -> Step {
        self.outbox.extend_from_slice(&fault.words);
        self.flush().await?;
        match fault.then {
            Then::GoOn => Ok(()),
            Then::HangUp => Err(End),
            Then::Stall => {
                self.shared.stalls();
                loop {
                    self.inbox.clear();
                    self.read().await?;
                }
            }
            Then::Endless => loop {
                self.stream.write_all(&fault.words).await.map_err(|_| End)?;
            },
        }
    }

    fn say(&mut self, reply: &str) -> Step {
        self.outbox.extend_from_slice(reply.as_bytes());
        self.outbox.extend_from_slice(b"\r\n");
        Ok(())
    }

    fn refuse(&mut self, reply: &str) -> Step {
        self.shared.refuses(reply);
        self.say(reply)
    }

    fn refuse_and_end(&mut self, reply: &str) -> Step {
        self.refuse(reply)?;
        Err(End)
    }

    async fn wait(&self, stage: Stage) {
        let latency = self.shared.settings.latency.iter().find(|(of, _)| *of == stage);
        pause(latency.map_or(Duration::ZERO, |(_, latency)| *latency)).await;
    }

    async fn line(&mut self) -> Result<String, End> {
        loop {
            if let Some(end) = memchr::memchr(b'\n', &self.inbox) {
                let line: Vec<u8> = self.inbox.drain(..=end).collect();
                return Ok(String::from_utf8_lossy(&line).trim_end().to_owned());
            }
            self.read().await?;
        }
    }

    /// Answers what was asked, then waits for more.
    async fn read(&mut self) -> Step {
        self.flush().await?;
        self.inbox.reserve(READ);
        let read = self.stream.read_buf(&mut self.inbox).await;
        if !read.is_ok_and(|read| read > 0) {
            return Err(End);
        }
        self.shared.turns();
        pause(self.shared.settings.round_trip).await;
        Ok(())
    }

    async fn flush(&mut self) -> Step {
        let words = std::mem::take(&mut self.outbox);
        self.stream.write_all(&words).await.map_err(|_| End)?;
        self.stream.flush().await.map_err(|_| End)
    }
}

/// A short pause is exact: the runtime's own clock would round it up to the next millisecond.
async fn pause(length: Duration) {
    if length.is_zero() {
        return;
    }
    if length > Duration::from_secs(1) {
        return sleep(length).await;
    }
    let _ = tokio::task::spawn_blocking(move || std::thread::sleep(length)).await;
}

/// The address of MAIL or RCPT, and what follows it.
fn address(line: &str) -> (String, String) {
    let inner = line.split_once('<').map(|(_, rest)| rest).unwrap_or_default();
    let (address, parameters) = inner.rsplit_once('>').unwrap_or_default();
    (address.to_owned(), parameters.trim().to_owned())
}
