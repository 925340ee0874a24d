//! What a command has to say to a person: headings, sentences, lists, tables and charts, not yet in any format.

/// A whole answer.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Document {
    /// Its parts, from the top.
    pub blocks: Vec<Block>,
}

/// A part of an answer.
#[derive(Debug, Clone, PartialEq)]
pub enum Block {
    /// The sentence that matters, first.
    Verdict(String, Tone),
    /// The title of what follows.
    Heading(String),
    /// A sentence.
    Line(String),
    /// Sentences, a point each.
    List(Vec<String>),
    /// Sentences, each after a word or a key; on a screen all begin at the same column.
    Facts(Vec<(String, String)>),
    /// What was found to be good or bad, a point each.
    Findings(Vec<FindingText>),
    /// Rows and columns, a line a row.
    Table(Table),
    /// Lines drawn with characters, kept as they are.
    Chart(Vec<String>),
}

/// Something found to be good or bad.
#[derive(Debug, Clone, PartialEq)]
pub struct FindingText {
    /// How serious it is.
    pub tone: Tone,
    /// The same in a word.
    pub word: &'static str,
    /// What was looked at.
    pub name: String,
    /// What is so.
    pub message: String,
    /// What to do.
    pub advice: Option<String>,
    /// Further lines, such as a statement to run.
    pub details: Vec<String>,
}

/// How serious a verdict or a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    /// Nothing to do.
    Good,
    /// Something to look at.
    Warning,
    /// Something to do now.
    Bad,
}

/// Rows and columns, every value already text.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Table {
    /// The columns.
    pub columns: Vec<ColumnHead>,
    /// A value for each column in each row.
    pub rows: Vec<Vec<String>>,
    /// What a column means, where its title does not say it: shown below, with the column.
    pub notes: Vec<(&'static str, &'static str)>,
}

/// A column's head and manners.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ColumnHead {
    /// The text above it.
    pub title: &'static str,
    /// Numbers are right-aligned.
    pub right: bool,
    /// When it is shown.
    pub shown: Shown,
    /// Gives way where the width does not suffice; the others are never cut off.
    pub flexible: bool,
}

/// When a column is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Shown {
    /// Always.
    Always,
    /// Where there is room; of several, the last one is left out first.
    IfRoom,
    /// On wide screens where there is room.
    IfWide,
}

impl ColumnHead {
    /// A column of words.
    pub const fn words(title: &'static str) -> Self {
        Self { title, right: false, shown: Shown::Always, flexible: false }
    }

    /// A column of numbers.
    pub const fn numbers(title: &'static str) -> Self {
        Self { right: true, ..Self::words(title) }
    }

    /// The same, left out where the screen is narrow.
    pub const fn if_wide(self) -> Self {
        Self { shown: Shown::IfWide, ..self }
    }

    /// The same, left out where there is no room.
    pub const fn if_room(self) -> Self {
        Self { shown: Shown::IfRoom, ..self }
    }

    /// The same, giving way where the width does not suffice.
    pub const fn flexible(self) -> Self {
        Self { flexible: true, ..self }
    }
}
