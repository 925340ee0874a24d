//! Questions to a person, asked on stderr and answered on stdin; only where both are a terminal.

use std::io::{self, IsTerminal, Write};

use anyhow::{Context, Result, bail};

/// Whether there is a person to ask.
pub fn can_ask() -> bool {
    io::stdin().is_terminal() && io::stderr().is_terminal()
}

/// Says something to the person.
pub fn say(text: &str) -> Result<()> {
    writeln!(io::stderr(), "{text}").context("cannot write to stderr")
}

/// Whether the person agrees; an empty answer does.
pub async fn agrees(question: &str) -> Result<bool> {
    yes_or_no_to(question, "[Y/n]", true).await
}

/// Whether the person agrees to what cannot be taken back; an empty answer does not.
pub async fn agrees_expressly(question: &str) -> Result<bool> {
    yes_or_no_to(question, "[y/N]", false).await
}

async fn yes_or_no_to(question: &str, choice: &str, usual: bool) -> Result<bool> {
    loop {
        if let Some(yes) = yes_or_no(&ask(&format!("{question} {choice} ")).await?, usual) {
            return Ok(yes);
        }
    }
}

/// Which of so many things the person chooses, from 0; an empty answer takes the first.
pub async fn choose(question: &str, things: usize) -> Result<usize> {
    loop {
        if let Some(place) = place(&ask(&format!("{question} [1] ")).await?, things) {
            return Ok(place);
        }
    }
}

async fn ask(question: &str) -> Result<String> {
    let question = question.to_owned();
    tokio::task::spawn_blocking(move || {
        let mut answer = String::new();
        write!(io::stderr(), "{question}").and_then(|()| io::stderr().flush()).context("cannot ask")?;
        if io::stdin().read_line(&mut answer).context("stdin cannot be read")? == 0 {
            bail!("no answer; nothing was done");
        }
        Ok(answer)
    })
    .await?
}

fn yes_or_no(answer: &str, usual: bool) -> Option<bool> {
    match answer.trim().to_lowercase().as_str() {
        "" => Some(usual),
        "y" | "yes" => Some(true),
        "n" | "no" => Some(false),
        _ => None,
    }
}

fn place(answer: &str, things: usize) -> Option<usize> {
    match answer.trim() {
        "" => Some(0),
        number => number.parse::<usize>().ok()?.checked_sub(1).filter(|place| *place < things),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_read_or_asked_for_again() {
        assert_eq!(
            ["\n", "Y\n", "no\n", "maybe\n"].map(|answer| yes_or_no(answer, true)),
            [Some(true), Some(true), Some(false), None]
        );
        assert_eq!(["\n", "yes\n"].map(|answer| yes_or_no(answer, false)), [Some(false), Some(true)]);
        assert_eq!(
            ["\n", "2\n", "0\n", "3\n", "x\n"].map(|answer| place(answer, 2)),
            [Some(0), Some(1), None, None, None]
        );
    }
}
