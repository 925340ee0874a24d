//! An SMTP server that does what it is told: it throttles like Exchange Online, or fails at any chosen point.
//!
//! It speaks over real TCP and TLS on a free port of the loopback, from a thread with a runtime of its own, so that both
//! asynchronous tests and whole programs can be run against it. It keeps what it was sent, and counts. All delays are
//! settings.
#![allow(
    dead_code,
    unused_imports,
    missing_docs,
    clippy::unwrap_used,
    reason = "each user takes its own part"
)]

pub mod certificates;
pub mod client;
mod content;
mod fault;
mod session;
mod settings;
mod shared;

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::thread::JoinHandle;

use tokio::net::TcpListener;
use tokio::sync::oneshot;

pub use fault::{Fault, Then};
pub use settings::{Account, Rate, RefuseAt, Settings, Tls, WhenFull, text};
pub use shared::{Mail, Seen};

use shared::Shared;

/// A running server; it ends when this is dropped, and closes its connections.
pub struct SmtpServer {
    pub port: u16,
    shared: Arc<Shared>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl SmtpServer {
    pub fn start(settings: Settings) -> SmtpServer {
        let address: SocketAddr = match settings.ipv6 {
            true => (Ipv6Addr::LOCALHOST, settings.port).into(),
            false => (Ipv4Addr::LOCALHOST, settings.port).into(),
        };
        let listener = std::net::TcpListener::bind(address).unwrap();
        listener.set_nonblocking(true).unwrap();
        let port = listener.local_addr().unwrap().port();
        let shared = Arc::new(Shared::new(settings));
        let (stop, stopped) = oneshot::channel();
        let for_thread = shared.clone();
        let thread = std::thread::spawn(move || run(listener, &for_thread, stopped));
        SmtpServer { port, shared, stop: Some(stop), thread: Some(thread) }
    }

    /// What has happened so far, as a copy.
    pub fn seen(&self) -> Seen {
        self.shared.seen().clone()
    }

    /// Waits until what was seen is as wished for; it is looked at when a message is accepted, a dialogue stalls or a
    /// connection ends.
    pub fn wait_until(&self, is_reached: impl Fn(&Seen) -> bool) {
        self.shared.wait_until(is_reached);
    }

    /// How often each Message-ID was accepted.
    pub fn accepted(&self) -> BTreeMap<String, usize> {
        let mut counts = BTreeMap::new();
        for mail in &self.shared.seen().accepted {
            *counts.entry(mail.message_id.clone()).or_default() += 1;
        }
        counts
    }

    /// From now on so many sessions may send at once.
    pub fn set_limit(&self, limit: usize) {
        self.shared.set_limit(limit);
    }

    /// Further faults, from now on.
    pub fn add_fault(&self, fault: Fault) {
        self.shared.add_fault(fault);
    }
}

fn run(listener: std::net::TcpListener, shared: &Arc<Shared>, stopped: oneshot::Receiver<()>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let listener = TcpListener::from_std(listener).unwrap();
        tokio::select! {
            () = accept(listener, shared) => {}
            _ = stopped => {}
        }
    });
}

async fn accept(listener: TcpListener, shared: &Arc<Shared>) {
    while let Ok((stream, _)) = listener.accept().await {
        stream.set_nodelay(true).unwrap();
        tokio::spawn(session::serve(stream, shared.clone()));
    }
}

impl Drop for SmtpServer {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
