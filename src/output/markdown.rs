//! A document as Markdown, for tickets.

use super::document::{Block, Document, FindingText, Table};

/// Writes a document as Markdown.
pub fn render(document: &Document) -> String {
    let mut text = String::new();
    for block in &document.blocks {
        match block {
            Block::Verdict(sentence, _) => text.push_str(&format!("**{}**\n\n", escaped(sentence))),
            Block::Heading(title) => text.push_str(&format!("## {}\n\n", escaped(title))),
            Block::Line(line) => text.push_str(&format!("{}\n\n", escaped(line))),
            Block::List(points) => {
                points.iter().for_each(|point| text.push_str(&format!("- {}\n", escaped(point))));
                text.push('\n');
            }
            Block::Facts(facts) => {
                let point =
                    |(head, fact): &(String, String)| format!("- {}: {}\n", escaped(head), escaped(fact));
                facts.iter().for_each(|fact| text.push_str(&point(fact)));
                text.push('\n');
            }
            Block::Findings(findings) => {
                findings.iter().for_each(|finding| text.push_str(&found(finding)));
                text.push('\n');
            }
            Block::Table(rows) => text.push_str(&table(rows)),
            Block::Chart(lines) => text.push_str(&format!("```\n{}\n```\n\n", lines.join("\n"))),
        }
    }
    text.truncate(text.trim_end().len());
    text + "\n"
}

fn found(finding: &FindingText) -> String {
    let FindingText { word, name, message, advice, details, .. } = finding;
    let mut text = format!("- **{word}** {}: {}\n", escaped(name), escaped(message));
    text.extend(advice.iter().map(|advice| format!("  - {}\n", escaped(advice))));
    text.extend(details.iter().map(|line| format!("  - `{}`\n", line.replace('`', "'"))));
    text
}

fn table(table: &Table) -> String {
    let line = |cells: Vec<String>| format!("| {} |\n", cells.join(" | "));
    let titles = table.columns.iter().map(|column| escaped(column.title)).collect();
    let rules =
        table.columns.iter().map(|column| if column.right { "---:" } else { "---" }.to_owned()).collect();
    let rows = table.rows.iter().map(|row| line(row.iter().map(|value| escaped(value)).collect()));
    let notes: String =
        table.notes.iter().map(|(column, note)| format!("{column}: {}\n\n", escaped(note))).collect();
    format!("{}{}{}\n{notes}", line(titles), line(rules), rows.collect::<String>())
}

/// Characters that would become markup, or end a cell, stand for themselves.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if matches!(c, '|' | '*' | '`' | '<' | '>' | '[' | ']' | '\\' | '_') {
            out.push('\\');
        }
        out.push(c);
    }
    out
}
