//! The driver and the writer of the ledger without a socket: a ledger in a file, and a server that answers from a script.

use std::collections::{HashMap, VecDeque};
use std::future::pending;
use std::sync::{Arc, Mutex};

use mailthrottle::db::row::Row;
use mailthrottle::db::{Db, Target};
use mailthrottle::mapping::raw::RawMapping;
use mailthrottle::mapping::sql::Selection;
use mailthrottle::mapping::wanted::Flags;
use mailthrottle::model::{Millis, Stage};
use mailthrottle::reply::Classifier;
use mailthrottle::resend::attachments::Attachments;
use mailthrottle::resend::driver::{Driver, RunResult, WatchedRows};
use mailthrottle::resend::engine::{EndReason, Engine, SendLimits};
use mailthrottle::resend::kept::{Kept, MESSAGE};
use mailthrottle::resend::ledger::{
    ClaimAnswer, ClaimRequest, Ledger, LedgerHandle, LedgerWriter, MailKey, Outgoing, Settlement,
};
use mailthrottle::resend::message::Message;
use mailthrottle::resend::pace::{Earlier, Rate};
use mailthrottle::resend::state::{RowEnd, RowState};
use mailthrottle::resend::transport::{Accepted, FailureKind, Mailer, Reply, SendFailure};
use tokio::sync::watch;

use crate::support::{TestLog, blocking};

const TABLE: &str = "CREATE TABLE email_log (id INTEGER PRIMARY KEY, status TEXT, sent_date TEXT, sender TEXT, \
                     recipient TEXT, subject TEXT, body TEXT, error_message TEXT)";
const NOW: Millis = 1_795_939_200_000;

/// What the server does with a message.
#[derive(Debug, Clone, Copy)]
enum Answer {
    Accepts,
    /// It says no after the message.
    Refuses(u16, &'static str),
    /// It takes the message and never answers.
    Hangs,
}

/// A connection that answers from a script, by recipient; who is not in it is accepted.
#[derive(Clone, Default)]
struct Scripted {
    script: Arc<Mutex<HashMap<String, VecDeque<Answer>>>>,
    taken: Arc<Mutex<Vec<String>>>,
}

impl Scripted {
    fn with(script: &[(&str, &[Answer])]) -> Self {
        let script = script.iter().map(|(to, answers)| ((*to).to_owned(), answers.iter().copied().collect()));
        Self { script: Arc::new(Mutex::new(script.collect())), ..Self::default() }
    }
}

impl Mailer for Scripted {
    async fn send(
        &mut self,
        message: &Message,
        commit: impl Future<Output = Result<(), String>> + Send,
        _: impl Future<Output = Result<(), String>> + Send,
    ) -> Result<Accepted, SendFailure> {
        let to = message.envelope.recipients.join(",");
        if let Err(reason) = commit.await {
            let taken_back = SendFailure::new(Stage::Data, FailureKind::TakenBack, &reason);
            return Err(SendFailure { connection_is_usable: true, ..taken_back });
        }
        let answer = self.script.lock().unwrap().get_mut(&to).and_then(VecDeque::pop_front);
        match answer.unwrap_or(Answer::Accepts) {
            Answer::Accepts => {
                self.taken.lock().unwrap().push(to);
                Ok(Accepted { reply: Reply { code: 250, text: "2.0.0 queued".to_owned() } })
            }
            Answer::Refuses(code, text) => {
                let reply = Reply { code, text: text.to_owned() };
                let refused = SendFailure::new(Stage::Dot, FailureKind::Refused, &reply.to_string());
                Err(SendFailure { reply: Some(reply), connection_is_usable: true, ..refused })
            }
            Answer::Hangs => {
                let lost = SendFailure::new(Stage::Dot, FailureKind::TimedOut, "no reply after the message");
                Err(SendFailure { may_have_been_accepted: true, ..lost })
            }
        }
    }

    async fn close(self) {}
}

/// A log of failed mails to `1@x.example` and so on.
fn log(mails: usize) -> TestLog {
    let log = TestLog::of(TABLE);
    for id in 1..=mails {
        log.sql(&format!(
            "INSERT INTO email_log VALUES ({id}, 'F', '2026-11-29 08:00:{id:02}', 'me@x.example', '{id}@x.example', \
             'Bill {id}', 'Text {id}', '432 4.3.2 Concurrent connections limit exceeded')"
        ));
    }
    log
}

/// A ledger whose run has begun, and the mails of the log as a plan gives them.
async fn begun(log: &TestLog) -> (Ledger, Vec<Arc<Outgoing>>) {
    let target = Target { url: format!("sqlite:{}", log.db().display()), ..Target::default() };
    let wanted = RawMapping::default().check(Flags::default()).unwrap();
    let mut db = Db::open(&target).await.unwrap();
    let mapping = db.mapping(&wanted).await.unwrap();
    let rows = db.rows(mapping.statement(&Selection::default(), MESSAGE)).await.unwrap();
    db.close().await;
    let mails = rows.iter().map(|row| Arc::new(outgoing(row))).collect();
    let mut store = Db::open_to_write(&target, false).await.unwrap();
    Ledger::make(&mut store, NOW).await.unwrap();
    let mut ledger = Ledger::new(store, None, mapping, None, Some("S".to_owned()));
    ledger.begin_run("r1", "me@x.example at test", "test", NOW).await.unwrap();
    (ledger, mails)
}

fn outgoing(row: &Row) -> Outgoing {
    let kept = Kept(row);
    Outgoing {
        key: MailKey { id: kept.id(), sent_date: None },
        status: "F".into(),
        recipients: 1,
        version: kept.version(),
        content: kept.fingerprint(),
        ties: [None, None],
        message_id: None,
        further: Vec::new(),
        is_named: false,
        refused_before: None,
    }
}

/// Sends every mail of a log through a scripted server.
fn sent(log: &TestLog, server: &Scripted) -> RunResult {
    blocking(async {
        let (ledger, mails) = begun(log).await;
        let (writer, handle) = LedgerWriter::new(ledger);
        let writer = tokio::spawn(writer.work());
        let limits = SendLimits { rate: Rate::per_minute(60_000), ..SendLimits::default() };
        let mut engine = Engine::new(limits, Earlier::default(), 7, NOW);
        for place in 0..mails.len() {
            engine.add(place, 1, 0);
        }
        engine.all_added();
        let (_sender, seen) = watch::channel(WatchedRows::default());
        let driver = Driver {
            engine,
            mails: &mails,
            ledger: handle,
            opener: || async { Ok(server.clone()) },
            classifier: &Classifier::built_in(),
            attachments: &Arc::new(Attachments::default()),
            run: "r1",
            account: None,
            seen,
            started_at: NOW,
        };
        let result = driver.run(pending(), &mut |_, _| {}).await;
        writer.await.unwrap().close().await;
        result
    })
}

/// The state of each mail in the ledger, and its status in the log.
fn kept(log: &TestLog) -> Vec<(String, String)> {
    let ids: Vec<String> =
        log.value("SELECT group_concat(id) FROM email_log").split(',').map(str::to_owned).collect();
    let of = |id: &String| {
        let state = log.value(&format!("SELECT stage FROM mailthrottle_mail WHERE row_id = '{id}'"));
        (state, log.value(&format!("SELECT status FROM email_log WHERE id = {id}")))
    };
    ids.iter().map(of).collect()
}

fn pairs(expected: &[(&str, &str)]) -> Vec<(String, String)> {
    expected.iter().map(|(state, status)| ((*state).to_owned(), (*status).to_owned())).collect()
}

#[test]
fn what_the_server_answers_is_the_state_of_the_row_in_the_result_the_ledger_and_the_log() {
    let log = log(5);
    let server = Scripted::with(&[
        ("2@x.example", &[Answer::Refuses(550, "5.1.1 User unknown")]),
        ("3@x.example", &[Answer::Hangs]),
        ("4@x.example", &[Answer::Refuses(550, "5.7.1 Message rejected as spam by content scanning")]),
    ]);
    let result = sent(&log, &server);
    let states: Vec<_> = result.rows.iter().map(|row| row.state).collect();
    assert_eq!(states[..3], [RowState::Sent, RowState::Refused, RowState::Doubt]);
    assert_eq!(states[4], RowState::Sent);
    assert_eq!(result.reason, Some(EndReason::NoRowsLeft));
    assert!(result.broken.is_none() && result.unrecorded.is_empty());
    let kept = kept(&log);
    assert_eq!(kept[..3], pairs(&[("sent", "S"), ("refused", "F"), ("doubt", "F")])[..]);
    assert_eq!(kept[4], ("sent".to_owned(), "S".to_owned()));
    assert_eq!(*server.taken.lock().unwrap(), ["1@x.example", "5@x.example"]);
}

#[test]
fn an_account_that_is_refused_ends_the_run_and_leaves_the_others_untouched() {
    let log = log(30);
    let no = Answer::Refuses(535, "5.7.3 Authentication unsuccessful");
    let script: Vec<_> = (1..=30).map(|id| (format!("{id}@x.example"), [no])).collect();
    let script: Vec<_> = script.iter().map(|(to, answers)| (to.as_str(), &answers[..])).collect();
    let server = Scripted::with(&script);
    let result = sent(&log, &server);
    assert_eq!(result.reason, Some(EndReason::AccountRefused));
    assert!(result.rows.iter().all(|row| row.state == RowState::Untouched));
    assert!(server.taken.lock().unwrap().is_empty());
    assert_eq!(
        log.value("SELECT count(*) FROM mailthrottle_mail WHERE stage IN ('sent', 'data', 'doubt')"),
        "0"
    );
    assert_eq!(log.value("SELECT count(*) FROM email_log WHERE status = 'F'"), "30");
}

fn claimed(mail: &Arc<Outgoing>, ledger: &LedgerHandle) -> impl Future<Output = bool> + use<> {
    let answer = ledger.claim(ClaimRequest { mail: mail.clone(), attempts: 0, now: NOW });
    async move { matches!(answer.answer().await.unwrap(), ClaimAnswer::Yes(_)) }
}

#[test]
fn the_writer_commits_together_what_waits_and_answers_each_by_itself() {
    let log = log(100);
    blocking(async {
        let (ledger, mails) = begun(&log).await;
        let (writer, handle) = LedgerWriter::new(ledger);
        // all of it waits before the writer looks; the second claim of a mail is refused, the others are granted
        let twice = mails.iter().chain(&mails[..3]);
        let claims: Vec<_> = twice.map(|mail| claimed(mail, &handle)).collect();
        let writer = tokio::spawn(writer.work());
        let mut granted = Vec::new();
        for claim in claims {
            granted.push(claim.await);
        }
        assert_eq!(granted.iter().filter(|granted| **granted).count(), 100);
        assert_eq!(granted[100..], [false; 3]);
        let answer = handle.hand_over(mails[0].clone(), "<1@x>".to_owned(), NOW).answer().await.unwrap();
        assert!(matches!(answer, ClaimAnswer::Yes(())));
        let end = RowEnd::without_answer(RowState::Sent, 1, Some("250 ok".to_owned()));
        let settled = Settlement { mail: mails[0].clone(), end, is_correction: false, now: NOW };
        assert_eq!(handle.settle(settled.clone()).answer().await.unwrap(), None);
        // it is settled, so nobody holds the claim; what else waits is not harmed by the error
        let again = handle.settle(Settlement {
            end: RowEnd { state: RowState::Deferred, ..settled.end.clone() },
            ..settled
        });
        let other = handle.hand_over(mails[1].clone(), "<2@x>".to_owned(), NOW);
        assert!(again.answer().await.is_err());
        assert!(matches!(other.answer().await.unwrap(), ClaimAnswer::Yes(())));
        drop(handle);
        writer.await.unwrap().close().await;
    });
    let states = "SELECT group_concat(stage || n) FROM (SELECT stage, count(*) AS n FROM mailthrottle_mail GROUP BY stage)";
    assert_eq!(log.value(states), "claimed98,data1,sent1");
    assert_eq!(log.value("SELECT group_concat(id) FROM email_log WHERE status = 'S'"), "1");
}

#[test]
fn a_table_that_cannot_be_written_ends_the_run_before_anything_is_handed_over() {
    let log = log(3);
    log.sql("CREATE TRIGGER full BEFORE UPDATE ON email_log BEGIN SELECT RAISE(ABORT, 'no space'); END");
    let server = Scripted::default();
    let result = sent(&log, &server);
    // the log alone refuses: what went is known to the ledger, and the rest stays
    assert!(format!("{:#}", result.broken.unwrap()).contains("no space"));
    let sent = server.taken.lock().unwrap().len();
    assert!(sent <= 3);
    assert_eq!(log.value("SELECT count(*) FROM mailthrottle_mail WHERE stage = 'sent'"), sent.to_string());
    assert_eq!(log.value("SELECT count(*) FROM email_log WHERE status = 'S'"), "0");
}
