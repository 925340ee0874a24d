//! Where a password or a client's secret comes from: a file, a command or a variable, looked at only when it is needed.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail};

use crate::secret::Secret;

/// How long a command may take: a person may have to type something.
const PATIENCE: Duration = Duration::from_secs(60);

/// How much of a command's output is read, in bytes: a token may have some thousands.
const LONGEST: u64 = 256 * 1024;

/// One way to get a password.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Password {
    /// The first line of a file.
    File(PathBuf),
    /// The first line that a command prints.
    Command(String),
    /// A variable of the environment.
    Variable(String),
}

/// The keys of a section that name a password, as written.
#[derive(Debug, Default)]
pub struct RawPassword {
    /// `password_file`.
    pub file: Option<PathBuf>,
    /// `password_command`.
    pub command: Option<String>,
    /// `password_env`.
    pub variable: Option<String>,
}

impl RawPassword {
    /// The one way that is given, if any.
    ///
    /// # Errors
    /// Two ways, or a command in a config file that others can change.
    pub fn check(self, section: &str, config: Option<&Path>) -> Result<Option<Password>> {
        self.check_named(section, "password", config)
    }

    /// The same where the keys begin with another word than `password`.
    pub fn check_named(self, section: &str, key: &str, config: Option<&Path>) -> Result<Option<Password>> {
        let file = self.file.map(Password::File);
        let command = self.command.map(Password::Command);
        let variable = self.variable.map(Password::Variable);
        let mut ways = [file, command, variable].into_iter().flatten();
        let way = ways.next();
        if ways.next().is_some() {
            bail!("[{section}] names more than one of {key}_file, {key}_command and {key}_env; keep one");
        }
        if let (Some(Password::Command(_)), Some(config)) = (&way, config) {
            check_owner(config).with_context(|| format!("[{section}] {key}_command"))?;
        }
        Ok(way)
    }
}

impl Password {
    /// Fetches it.
    ///
    /// # Errors
    /// One line that names the key and what went wrong, never what was read.
    pub fn fetch(&self, section: &str) -> Result<Secret> {
        self.fetch_named(section, "password")
    }

    /// The same where the keys begin with another word than `password`.
    pub fn fetch_named(&self, section: &str, key: &str) -> Result<Secret> {
        match self {
            Password::File(file) => of_file(file).with_context(|| format!("[{section}] {key}_file")),
            Password::Command(command) => {
                of_command(command).with_context(|| format!("[{section}] {key}_command"))
            }
            Password::Variable(name) => match std::env::var(name) {
                Ok(value) if !value.is_empty() => Ok(Secret::new(value)),
                _ => bail!("[{section}] {key}_env: {name} is not set"),
            },
        }
    }
}

/// A name without a folder is first looked for among the credentials that systemd hands over.
fn of_file(file: &Path) -> Result<Secret> {
    let handed_over = std::env::var_os("CREDENTIALS_DIRECTORY").map(|folder| Path::new(&folder).join(file));
    let file = handed_over.filter(|file| file.is_file()).unwrap_or_else(|| file.to_owned());
    let text = std::fs::read_to_string(&file).map_err(|error| anyhow!("{}: {error}", file.display()))?;
    first_line(&text).with_context(|| format!("{} is empty", file.display()))
}

fn of_command(command: &str) -> Result<Secret> {
    // what it says on stderr may hold the password, and is not shown
    let mut command = Command::new("sh")
        .args(["-c", command])
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .context("cannot start sh")?;
    let stdout = command.stdout.take().context("it has no output")?;
    let (tell, told) = mpsc::channel();
    thread::spawn(move || {
        let mut text = Vec::new();
        let read = stdout.take(LONGEST).read_to_end(&mut text);
        let _ = tell.send(read.map(|_| text));
    });
    let text = told.recv_timeout(PATIENCE);
    let is_done = matches!(&text, Ok(Ok(text)) if (text.len() as u64) < LONGEST);
    if !is_done {
        let _ = command.kill();
    }
    let status = command.wait().context("it was lost")?;
    match text {
        Err(_) => bail!("it gave no answer within {} s; run it by hand to see why", PATIENCE.as_secs()),
        Ok(_) if !is_done => bail!("it prints more than a password; its first line is to be the password"),
        Ok(_) if !status.success() => bail!("it failed ({status}); run it by hand to see why"),
        Ok(text) => first_line(&String::from_utf8_lossy(&text?)).context("it printed nothing"),
    }
}

fn first_line(text: &str) -> Option<Secret> {
    text.lines().next().filter(|line| !line.is_empty()).map(Secret::new)
}

/// A file that names commands must be in nobody else's hands.
#[cfg(unix)]
pub(super) fn check_owner(file: &Path) -> Result<()> {
    use std::os::unix::fs::MetadataExt;
    let data = std::fs::metadata(file).map_err(|error| anyhow!("{}: {error}", file.display()))?;
    let is_ours = data.uid() == 0 || data.uid() == rustix::process::geteuid().as_raw();
    if !is_ours || data.mode() & 0o022 != 0 {
        bail!(
            "{} names a command and is in the hands of others; make it belong to you or root, and chmod go-w",
            file.display()
        );
    }
    Ok(())
}

#[cfg(not(unix))]
pub(super) fn check_owner(_file: &Path) -> Result<()> {
    Ok(())
}
