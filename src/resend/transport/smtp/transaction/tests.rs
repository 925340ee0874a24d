use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
use tokio::time::Instant;

use super::*;
use crate::secret::Veil;

fn message(bytes: usize) -> Message {
    let envelope = Envelope {
        sender: "a@x.example".to_owned(),
        recipients: vec!["b@x.example".to_owned()],
        needs_smtputf8: false,
        has_8bit: false,
    };
    Message { envelope, bytes: vec![b'x'; bytes], message_id: "<1@x.example>".to_owned() }
}

/// A connection and the server's end of it, with the waiting times that users have.
fn connection() -> (SmtpConnection, DuplexStream) {
    let (near, far) = duplex(4096);
    let wire = SmtpWire::over(Box::new(near), Veil::default());
    (SmtpConnection::over(wire, Capabilities::default(), Timeouts::default()), far)
}

/// Answers the first commands, then falls silent; without `reads` it does not even listen any more.
async fn serve(mut far: DuplexStream, answers: &[&str], reads: bool) {
    let mut bytes = [0; 4096];
    for answer in answers {
        assert!(far.read(&mut bytes).await.unwrap() > 0);
        far.write_all(answer.as_bytes()).await.unwrap();
    }
    while reads && far.read(&mut bytes).await.is_ok_and(|read| read > 0) {}
    std::future::pending().await
}

/// The test's clock stops while something happens, and jumps while nothing does.
#[tokio::test(start_paused = true)]
async fn a_silent_server_is_waited_for_as_long_as_the_standard_asks() {
    for (answers, size, reads, stage, minutes, doubt) in [
        (&[][..], 10, true, Stage::Mail, 5, false),
        (&["250 ok\r\n"], 10, true, Stage::Rcpt, 5, false),
        (&["250 ok\r\n"; 2], 10, true, Stage::Data, 2, false),
        (&["250 ok\r\n", "250 ok\r\n", "354 go\r\n"], 100_000, false, Stage::Data, 3, false),
        (&["250 ok\r\n", "250 ok\r\n", "354 go\r\n"], 100_000, true, Stage::Dot, 10, true),
    ] {
        let (mut connection, far) = connection();
        let message = message(size);
        let start = Instant::now();
        let sending = async { connection.offer(&message).await?.deliver().await };
        let failure = tokio::select! {
            sent = sending => sent.unwrap_err(),
            () = serve(far, answers, reads) => unreachable!(),
        };
        assert_eq!((failure.stage, failure.kind), (stage, FailureKind::TimedOut), "{failure}");
        assert_eq!(failure.may_have_been_accepted, doubt, "{failure}");
        let late = start.elapsed() - Duration::from_secs(minutes * 60);
        assert!(late <= Duration::from_secs(2), "{failure}: {late:?} too late");
    }
}

#[tokio::test(start_paused = true)]
async fn a_server_that_speaks_now_and_then_does_not_prolong_the_wait() {
    let (mut connection, mut far) = connection();
    let message = message(10);
    let start = Instant::now();
    let drip = async {
        assert!(far.read(&mut [0; 100]).await.unwrap() > 0);
        loop {
            far.write_all(b"250-still there\r\n").await.unwrap();
            tokio::time::sleep(Duration::from_secs(30)).await;
        }
    };
    let failure = tokio::select! {
        offered = connection.offer(&message) => offered.err().unwrap(),
        () = drip => unreachable!(),
    };
    assert!(start.elapsed() <= Duration::from_secs(301), "{failure}: {:?}", start.elapsed());
    assert!(!connection.is_usable());
}
