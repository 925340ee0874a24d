//! A document on a screen, or in a file without any width of its own.

use comfy_table::{Cell, CellAlignment, ColumnConstraint, ContentArrangement, LineStyle, TableStyle, Width};
use unicode_width::UnicodeWidthStr;

use super::document::{Block, Document, FindingText, Shown, Table, Tone};

/// How wide text may be, and whether it may be coloured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TextStyle {
    /// In columns.
    pub width: u16,
    /// Whether to use colour.
    pub color: bool,
}

/// From this width on, a table shows all its columns that fit.
const WIDE: u16 = 110;

const STYLE: TableStyle = TableStyle::new().header_separator(LineStyle::none().fill('─').junction('─'));

/// Writes a document as text.
pub fn render(document: &Document, look: TextStyle) -> String {
    let mut text = String::new();
    for block in &document.blocks {
        match block {
            Block::Verdict(sentence, tone) => text.push_str(&verdict(sentence, *tone, look)),
            Block::Heading(title) => text.push_str(&format!("\n{}\n", bold(title, look))),
            Block::Line(line) => text.push_str(&wrap(line, "", look)),
            Block::List(points) => points.iter().for_each(|point| text.push_str(&wrap(point, "- ", look))),
            Block::Facts(facts) => text.push_str(&facts_in_columns(facts, look)),
            Block::Findings(findings) => {
                findings.iter().for_each(|finding| text.push_str(&found(finding, look)));
            }
            Block::Table(rows) => text.push_str(&table(rows, look)),
            Block::Chart(lines) => lines.iter().for_each(|line| text.push_str(&format!("{line}\n"))),
        }
    }
    text
}

fn verdict(sentence: &str, tone: Tone, look: TextStyle) -> String {
    format!("{}\n", colored(wrap(sentence, "", look).trim_end(), tone, look))
}

fn colored(text: &str, tone: Tone, look: TextStyle) -> String {
    let code = match tone {
        Tone::Good => 32,
        Tone::Warning => 33,
        Tone::Bad => 31,
    };
    if look.color { format!("\u{1b}[1;{code}m{text}\u{1b}[0m") } else { text.to_owned() }
}

/// The longest word of a finding, and two blanks.
const FINDING: usize = 9;

/// The word, the name and the message; below them what to do, and the details.
fn found(finding: &FindingText, look: TextStyle) -> String {
    let FindingText { tone, word, name, message, advice, details } = finding;
    let first = wrap(&format!("{name}: {message}"), &format!("{word:FINDING$}"), look);
    let first = first.replacen(&format!("{name}:"), &format!("{}:", bold(name, look)), 1);
    let mut text = first.replacen(word, &colored(word, *tone, look), 1);
    text.extend(advice.iter().map(|advice| wrap(advice, &format!("{:>FINDING$}", "→ "), look)));
    text.extend(details.iter().map(|line| wrap(line, &format!("{:FINDING$}", ""), look)));
    text
}

fn bold(title: &str, look: TextStyle) -> String {
    if look.color { format!("\u{1b}[1m{title}\u{1b}[0m") } else { title.to_owned() }
}

/// A longer head stands out; the others keep their column.
const LONGEST_HEAD: usize = 12;

fn facts_in_columns(facts: &[(String, String)], look: TextStyle) -> String {
    let width = facts.iter().map(|(head, _)| head.chars().count()).max().unwrap_or(0).min(LONGEST_HEAD);
    facts.iter().map(|(head, fact)| wrap(fact, &format!("{head:width$}  "), look)).collect()
}

/// A paragraph within the width, its first line after `mark` and the others below it. Words are not divided.
fn wrap(line: &str, mark: &str, look: TextStyle) -> String {
    let (width, indent) = (usize::from(look.width), mark.chars().count());
    let (mut text, mut column) = (mark.to_owned(), indent);
    for (index, word) in line.split(' ').enumerate() {
        let length = word.width();
        if index > 0 && column + 1 + length > width {
            text.push_str(&format!("\n{:indent$}", ""));
            column = indent;
        } else if index > 0 {
            text.push(' ');
            column += 1;
        }
        text.push_str(word);
        column += length;
    }
    text + "\n"
}

/// A flexible column keeps as many columns of text, or its title.
const FLEXIBLE: usize = 12;

/// The columns that fit into the width, in their order. No title is ever cut.
fn fitting(table: &Table, width: u16) -> Vec<usize> {
    let needs = |index: usize| {
        let column = &table.columns[index];
        let content = || table.rows.iter().filter_map(|row| row.get(index)).map(|value| value.width()).max();
        let content = content().unwrap_or(0);
        // a blank after it
        1 + column.title.width().max(if column.flexible { content.min(FLEXIBLE) } else { content })
    };
    let is_wide = width >= WIDE;
    let mut shown: Vec<usize> = (0..table.columns.len())
        .filter(|index| is_wide || table.columns[*index].shown != Shown::IfWide)
        .collect();
    while shown.iter().map(|index| needs(*index)).sum::<usize>() > usize::from(width) {
        let last = (0..shown.len()).max_by_key(|place| (table.columns[shown[*place]].shown, *place));
        match last.filter(|place| table.columns[shown[*place]].shown != Shown::Always) {
            Some(place) => drop(shown.remove(place)),
            None => break,
        }
    }
    shown
}

/// A table within the width; what is left out of it is named below, and what needs a word gets it there.
fn table(table: &Table, look: TextStyle) -> String {
    let shown = fitting(table, look.width);
    let cell = |index: usize, value: &str| {
        let right = table.columns[index].right;
        Cell::new(value).set_alignment(if right { CellAlignment::Right } else { CellAlignment::Left })
    };
    let mut drawn = comfy_table::Table::new();
    drawn.load_style(STYLE).set_content_arrangement(ContentArrangement::Dynamic).set_width(look.width);
    drawn.set_header(shown.iter().map(|index| cell(*index, table.columns[*index].title)));
    for row in &table.rows {
        let cells = shown.iter().map(|index| cell(*index, row.get(*index).map_or("", String::as_str)));
        let mut row = comfy_table::Row::from(cells.collect::<Vec<_>>());
        row.max_height(1);
        drawn.add_row(row);
    }
    for (column, index) in drawn.column_iter_mut().zip(&shown) {
        column.set_padding((0, 1));
        let head = &table.columns[*index];
        column.set_constraint(match head.flexible {
            true => ColumnConstraint::LowerBoundary(Width::Fixed(
                u16::try_from(head.title.width() + 1).unwrap_or(1),
            )),
            false => ColumnConstraint::ContentWidth,
        });
    }
    let lines: String = drawn.lines().map(|line| format!("{}\n", line.trim_end())).collect();
    lines + &below(table, &shown, look)
}

/// The notes of the columns that are shown, and the names of those that are not.
fn below(table: &Table, shown: &[usize], look: TextStyle) -> String {
    let title = |index: &usize| table.columns[*index].title;
    let is_empty = |index: &usize| table.rows.iter().all(|row| row.get(*index).is_none_or(String::is_empty));
    let has = |column: &str| shown.iter().any(|index| title(index) == column && !is_empty(index));
    let notes = table.notes.iter().filter(|(column, _)| has(column));
    let notes: String = notes.map(|(column, note)| wrap(&format!("{column}: {note}"), "", look)).collect();
    let hidden: Vec<&str> = (0..table.columns.len())
        .filter(|index| !shown.contains(index) && !is_empty(index))
        .map(|index| title(&index))
        .collect();
    match hidden.is_empty() {
        true => notes,
        false => notes + &wrap(&format!("Not shown at this width: {}.", hidden.join(", ")), "", look),
    }
}
