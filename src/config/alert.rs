//! `[alert]` of the config, and with the flags of a run: which checks to make, and whom to notify.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail};
use serde::Deserialize;

use super::password::check_owner;
use super::variable;
use crate::analysis::alert::check::{blocked, usual};
use crate::analysis::alert::{CheckScope, Metric, MetricCheck, Range};
use crate::cli::{Alert as Args, Shape};
use crate::model::Millis;

/// How long the same state is not reported again by default.
const REPEAT: Duration = Duration::from_secs(4 * 3600);

/// The section as written.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawAlert {
    webhook: Option<String>,
    webhook_env: Option<String>,
    webhook_shape: Option<Shape>,
    exec: Option<String>,
    repeat: Option<String>,
    state: Option<PathBuf>,
    #[serde(default)]
    checks: BTreeMap<String, RawCheck>,
}

/// A named check as written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawCheck {
    metric: String,
    window: Option<String>,
    warning: Option<String>,
    critical: Option<String>,
    class: Option<String>,
    code: Option<String>,
    sender: Option<String>,
    min_sample: Option<u64>,
    pending_age: Option<String>,
    baseline: Option<String>,
    count_healed: Option<bool>,
}

/// The section, checked.
#[derive(Debug, Default)]
pub struct AlertConfig {
    webhook: Option<Webhook>,
    exec: Option<String>,
    repeat: Option<Duration>,
    state: Option<PathBuf>,
    checks: Vec<MetricCheck>,
}

/// An address that gets notifications.
#[derive(Clone)]
pub struct Webhook {
    /// The address; who knows it may post there, so it is not shown.
    pub url: String,
    /// What it takes.
    pub shape: Shape,
}

impl std::fmt::Debug for Webhook {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "webhook at {}", self.host())
    }
}

impl Webhook {
    fn new(url: String, shape: Option<Shape>) -> Result<Self> {
        let host = url::Url::parse(&url).ok().and_then(|url| url.host_str().map(str::to_owned));
        let is_http = url.starts_with("http://") || url.starts_with("https://");
        let Some(host) = host.filter(|_| is_http) else {
            bail!("webhook: it is no address; write https://HOST/PATH");
        };
        let is_teams = host.ends_with("webhook.office.com") || host.ends_with("logic.azure.com");
        let by_host = match host.as_str() {
            "hooks.slack.com" => Shape::Slack,
            _ if is_teams || host.ends_with("powerplatform.com") => Shape::Teams,
            _ => Shape::Generic,
        };
        Ok(Self { url, shape: shape.unwrap_or(by_host) })
    }

    /// The host, which may be shown.
    pub fn host(&self) -> String {
        let host = url::Url::parse(&self.url).ok().and_then(|url| url.host_str().map(str::to_owned));
        host.unwrap_or_default()
    }
}

/// What a run of `alert` does.
#[derive(Debug)]
pub struct AlertPlan {
    /// The checks, at least one.
    pub checks: Vec<MetricCheck>,
    /// Whom to post to.
    pub webhook: Option<Webhook>,
    /// What to run.
    pub exec: Option<String>,
    /// How long the same state is not reported again.
    pub repeat: Duration,
    /// The file that remembers the state, where one was named.
    pub state: Option<PathBuf>,
}

impl AlertPlan {
    /// Whether anything depends on what the run before found.
    pub fn has_listener(&self) -> bool {
        self.webhook.is_some() || self.exec.is_some()
    }
}

impl RawAlert {
    /// Checks the section.
    ///
    /// # Errors
    /// One line that names the key.
    pub fn check(self, file: Option<&Path>) -> Result<AlertConfig> {
        if let (Some(_), Some(file)) = (&self.exec, file) {
            check_owner(file).context("[alert] exec")?;
        }
        if self.webhook.is_some() && self.webhook_env.is_some() {
            bail!("[alert] names both webhook and webhook_env; keep one");
        }
        let named = self.webhook_env.map(|name| {
            variable(&name)
                .with_context(|| format!("[alert] webhook_env: {} is not set", name.escape_debug()))
        });
        let url = match named {
            // only notifications need it
            Some(Err(error)) => {
                tracing::warn!("{error:#}, so nothing is posted");
                None
            }
            Some(Ok(url)) => Some(url),
            None => self.webhook,
        };
        let checks = self.checks.into_iter().map(|(name, raw)| {
            raw.check(&name).with_context(|| format!("[alert.checks.{}]", name.escape_debug()))
        });
        Ok(AlertConfig {
            webhook: url.map(|url| Webhook::new(url, self.webhook_shape)).transpose().context("[alert]")?,
            exec: self.exec,
            repeat: self.repeat.map(|text| duration("[alert] repeat", &text)).transpose()?,
            state: self.state,
            checks: checks.collect::<Result<_>>()?,
        })
    }
}

impl RawCheck {
    fn check(self, name: &str) -> Result<MetricCheck> {
        let metric: Metric = self.metric.parse().map_err(|error| anyhow!("metric: {error}"))?;
        let range = |key: &str, text: Option<String>| {
            let read = |text: String| match metric {
                Metric::BacklogAge => Range::of_age(&text),
                _ => text.parse(),
            };
            text.map(|text| read(text).map_err(|error| anyhow!("{key}: {error}"))).transpose()
        };
        let millis = |key: &str, text: Option<String>, usual: Millis| {
            text.map_or(Ok(usual), |text| duration(key, &text).map(as_millis))
        };
        let usual = CheckScope::default();
        let (warning, critical) = (range("warning", self.warning)?, range("critical", self.critical)?);
        if warning.is_none() && critical.is_none() {
            bail!("neither warning nor critical is given; give a range such as \"0\"");
        }
        let scope = CheckScope {
            window: millis("window", self.window, usual.window)?,
            code: self.code.map(|code| code.parse().map_err(|error| anyhow!("code: {error}"))).transpose()?,
            class: self
                .class
                .map(|class| class.parse().map_err(|error| anyhow!("class: {error}")))
                .transpose()?,
            sender: self.sender,
            count_healed: self.count_healed.unwrap_or(usual.count_healed),
            pending_age: millis("pending_age", self.pending_age, usual.pending_age)?,
            baseline: millis("baseline", self.baseline, usual.baseline)?,
            min_sample: self.min_sample.unwrap_or(usual.min_sample),
        };
        Ok(MetricCheck { name: name.to_owned(), metric, warning, critical, scope })
    }
}

impl AlertConfig {
    /// What the flags of a run make of it.
    ///
    /// # Errors
    /// An unknown check, flags that contradict each other.
    pub fn plan(self, args: &Args) -> Result<AlertPlan> {
        let flag = args.webhook.clone().filter(|url| !url.is_empty());
        let flag = flag.map(|url| Webhook::new(url, None).context("--webhook")).transpose()?;
        let mut webhook = flag.or(self.webhook.clone());
        if let (Some(webhook), Some(shape)) = (&mut webhook, args.webhook_shape) {
            webhook.shape = shape;
        }
        let plan = AlertPlan {
            checks: self.checks(args)?,
            webhook,
            exec: args.exec.clone().or(self.exec),
            repeat: args.repeat.map(Into::into).or(self.repeat).unwrap_or(REPEAT),
            state: args.state.clone().or(self.state),
        };
        if !args.cron && !plan.has_listener() && (args.repeat.is_some() || args.state.is_some()) {
            bail!(
                "--repeat and --state: nothing is told by change; add --cron, --webhook or --exec, or drop them"
            );
        }
        Ok(plan)
    }

    /// The named checks and those of the flags; without any, those of the config, else the usual ones.
    fn checks(&self, args: &Args) -> Result<Vec<MetricCheck>> {
        let scope = scope(args)?;
        let mut checks: Vec<MetricCheck> =
            args.checks.iter().map(|name| self.named(name).cloned()).collect::<Result<_>>()?;
        checks.extend(by_flags(args, &scope)?);
        if checks.is_empty() && self.checks.is_empty() {
            return Ok(usual(&scope));
        }
        if checks.len() == args.checks.len() && scope != CheckScope::default() {
            bail!(
                "alert: --window, filters and the like are for checks by flags; those of the config have their own, \
                 write it in [alert.checks]"
            );
        }
        if checks.is_empty() {
            checks.clone_from(&self.checks);
        }
        if checks.iter().all(|check| check.metric != Metric::AccountBlocked) {
            let scope = checks.first().map_or(&scope, |check| &check.scope);
            checks.push(blocked(scope));
        }
        Ok(checks)
    }

    fn named(&self, name: &str) -> Result<&MetricCheck> {
        self.checks.iter().find(|check| check.name == name).ok_or_else(|| {
            let known: Vec<&str> = self.checks.iter().map(|check| check.name.as_str()).collect();
            let known = if known.is_empty() { "the config has none".to_owned() } else { known.join(", ") };
            anyhow!("alert: no check '{}' in [alert.checks]: {known}", name.escape_debug())
        })
    }
}

/// The checks that threshold flags ask for.
fn by_flags(args: &Args, scope: &CheckScope) -> Result<Vec<MetricCheck>> {
    let mut pairs = vec![("failures", args.warning.as_ref(), args.critical.as_ref())];
    pairs.extend(args.thresholds.pairs());
    let given = pairs.into_iter().filter(|(_, warning, critical)| warning.is_some() || critical.is_some());
    given
        .map(|(word, warning, critical)| {
            let metric: Metric = word.parse().map_err(|error: String| anyhow!(error))?;
            let (warning, critical) = (warning.cloned(), critical.cloned());
            Ok(MetricCheck { name: word.to_owned(), metric, warning, critical, scope: scope.clone() })
        })
        .collect()
}

fn scope(args: &Args) -> Result<CheckScope> {
    let usual = CheckScope::default();
    let millis = |given: Option<humantime::Duration>, usual| given.map_or(usual, |given| as_millis(*given));
    let scope = CheckScope {
        window: millis(args.window, usual.window),
        code: args.code,
        class: args.class,
        sender: args.sender.clone(),
        count_healed: args.count_healed,
        pending_age: millis(args.pending_age, usual.pending_age),
        baseline: millis(args.baseline, usual.baseline),
        min_sample: args.min_sample.unwrap_or(usual.min_sample),
    };
    if scope.window == 0 {
        bail!("--window: it has no length; write 1h");
    }
    Ok(scope)
}

fn duration(key: &str, text: &str) -> Result<Duration> {
    let read = humantime::parse_duration(text).ok().filter(|length| !length.is_zero());
    read.ok_or_else(|| anyhow!("{key}: '{}' is no length of time; write 15m", text.escape_debug()))
}

/// Lengths beyond a century are one.
fn as_millis(length: Duration) -> Millis {
    const CENTURY: Millis = 100 * 365 * 86_400_000;
    Millis::try_from(length.as_millis()).unwrap_or(CENTURY).min(CENTURY)
}
