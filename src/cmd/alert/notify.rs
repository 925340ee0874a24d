//! Notifies others of a change: posts to a webhook, runs a command.
//!
//! What was found never depends on it. Each has a time limit; a post is tried a second time where the first got no answer,
//! or one that says to come again.

use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail};
use tokio::io::AsyncWriteExt;
use tokio::process::{Child, Command};

use crate::analysis::alert::AlertOutcome;
use crate::cli::Shape;
use crate::config::alert::{AlertPlan, Webhook};
use crate::http;
use crate::output;

/// The pause before the second try.
const PAUSE: Duration = Duration::from_millis(300);

/// Sends all notifications that are due, and gives what went wrong.
pub async fn all(plan: &AlertPlan, outcome: &AlertOutcome, limit: Duration) -> Vec<anyhow::Error> {
    let mut errors = Vec::new();
    if let Some(webhook) = &plan.webhook {
        let told = post(webhook.clone(), outcome, limit).await;
        errors.extend(told.with_context(|| format!("webhook at {}", webhook.host())).err());
    }
    if let Some(command) = &plan.exec {
        errors.extend(run(command, outcome, limit).await.context("exec").err());
    }
    errors
}

async fn post(webhook: Webhook, outcome: &AlertOutcome, limit: Duration) -> Result<()> {
    let body = match webhook.shape {
        Shape::Generic => serde_json::to_string(outcome)?,
        Shape::Slack => output::alert::slack(outcome).to_string(),
        Shape::Teams => output::alert::teams(outcome).to_string(),
    };
    let posted = tokio::task::spawn_blocking(move || {
        let agent = http::agent(limit);
        match post_once(&agent, &webhook.url, &body) {
            Err(PostRefusal { again: true, .. }) => {
                std::thread::sleep(PAUSE);
                post_once(&agent, &webhook.url, &body)
            }
            told => told,
        }
    });
    // a name server may answer later than any limit
    let posted = tokio::time::timeout(limit * 2 + PAUSE * 2, posted).await;
    posted.map_err(|_| anyhow!("no answer in time"))??.map_err(|refusal| anyhow!(refusal.why))
}

/// Why a post was not taken, and whether the next may be.
struct PostRefusal {
    why: String,
    again: bool,
}

fn post_once(agent: &ureq::Agent, url: &str, body: &str) -> Result<(), PostRefusal> {
    let posted = agent.post(url).header("Content-Type", "application/json").send(body);
    match posted {
        Ok(response) if response.status().is_success() => Ok(()),
        Ok(response) => {
            let status = response.status();
            let again = status.is_server_error() || status.as_u16() == 429;
            Err(PostRefusal { why: format!("it answered {status}"), again })
        }
        Err(ureq::Error::Timeout(_)) => Err(PostRefusal { why: "no answer in time".to_owned(), again: true }),
        // the library's words name neither path nor query of the address
        Err(error) => Err(PostRefusal { why: error.to_string(), again: true }),
    }
}

async fn run(command: &str, outcome: &AlertOutcome, limit: Duration) -> Result<()> {
    let body = serde_json::to_string(outcome)? + "\n";
    let mut shell = Command::new("sh");
    shell.args(["-c", command]).stdin(Stdio::piped()).stdout(std::io::stderr()).kill_on_drop(true);
    #[cfg(unix)]
    shell.process_group(0);
    let mut child = shell.spawn().context("cannot start sh")?;
    match tokio::time::timeout(limit, feed(&mut child, body.as_bytes())).await {
        Ok(ended) => ended,
        Err(_) => {
            end(&child);
            bail!("it did not end within {}", humantime::format_duration(limit))
        }
    }
}

async fn feed(child: &mut Child, body: &[u8]) -> Result<()> {
    if let Some(mut stdin) = child.stdin.take() {
        // a command need not read it
        let _ = stdin.write_all(body).await;
    }
    let status = child.wait().await?;
    if status.success() { Ok(()) } else { bail!("it failed ({status}); run it by hand to see why") }
}

/// Ends the command and all that it started.
#[cfg(unix)]
fn end(child: &Child) {
    let group = child.id().and_then(|id| i32::try_from(id).ok()).and_then(rustix::process::Pid::from_raw);
    if let Some(group) = group {
        let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
    }
}

#[cfg(not(unix))]
fn end(_child: &Child) {}
