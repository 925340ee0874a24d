//! `mailthrottle explain`: what one error text means, which rule says so, and what to do.

use std::io::Read;

use anyhow::{Context, Result, bail};

use super::{print_view, test_rules};
use crate::cli::{Explain as Args, Global};
use crate::config::Config;
use crate::exit::Exit;
use crate::output::explain::Explanation;

/// More than any server or log would say about one mail, in bytes.
const LONGEST: u64 = 16 << 20;

/// Runs the command.
///
/// # Errors
/// Config, an unreadable stdin, an empty text.
pub async fn run(flags: &Global, args: &Args) -> Result<Exit> {
    let config = Config::load(flags)?;
    if let Some(file) = &args.test_rules {
        return test_rules::run(flags, config, file.as_deref()).await;
    }
    let text = match args.text.as_deref() {
        Some("-") if args.more.is_empty() => tokio::task::spawn_blocking(stdin).await??,
        text => text.into_iter().chain(args.more.iter().map(String::as_str)).collect::<Vec<_>>().join(" "),
    };
    if text.trim().is_empty() {
        bail!("explain: the text is empty; give an error text, or - to read one from stdin");
    }
    let explanation = Explanation::new(text.trim(), &config.rules.compile()?);
    print_view(flags, &explanation)?;
    Ok(Exit::Fine)
}

fn stdin() -> Result<String> {
    let mut text = Vec::new();
    std::io::stdin().take(LONGEST).read_to_end(&mut text).context("explain: stdin cannot be read")?;
    if text.len() as u64 == LONGEST {
        bail!("explain: stdin holds more than one error text would; give only the text");
    }
    Ok(String::from_utf8_lossy(&text).into_owned())
}
