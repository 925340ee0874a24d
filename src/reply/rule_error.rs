//! Why a rule cannot be used: one line that names the rule and says what to change.
//!
//! The same mistakes are found in the user's rules when the program starts and in all rules by the bench.

/// Why a rule cannot be used.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum RuleError {
    /// The regular expression is none.
    #[error(
        "rule '{rule}': text is not a regular expression: {reason}; put a backslash before ( ) [ ] {{ }} . * + ? | that stand for themselves"
    )]
    BadRegex {
        /// The rule.
        rule: String,
        /// The regex engine's reason, in one line.
        reason: String,
    },
    /// The regular expression takes every text.
    #[error(
        "rule '{rule}': text matches the empty text and so everything; name at least one word that must be there"
    )]
    MatchesEverything {
        /// The rule.
        rule: String,
    },
    /// The regular expression takes no text.
    #[error(
        "rule '{rule}': text can match nothing; a text is read with one blank for any white space, so write one blank"
    )]
    MatchesNothing {
        /// The rule.
        rule: String,
    },
    /// A word is unknown.
    #[error("rule '{rule}': {key}: {reason}")]
    BadValue {
        /// The rule.
        rule: String,
        /// The key in the file.
        key: &'static str,
        /// What is known.
        reason: String,
    },
    /// Nothing to decide by.
    #[error("rule '{rule}': no condition; give at least one of text, reply, enhanced, stage or kind")]
    NoCondition {
        /// The rule.
        rule: String,
    },
    /// Nothing to check it with.
    #[error("rule '{rule}': no example; add example = \"...\" with a text that the rule must take")]
    NoExample {
        /// The rule.
        rule: String,
    },
    /// The example does not fit the conditions.
    #[error(
        "rule '{rule}': its example '{example}' does not fit it; change text or the codes, or the example"
    )]
    ExampleMisses {
        /// The rule.
        rule: String,
        /// The example.
        example: String,
    },
    /// An earlier rule takes the example.
    #[error(
        "rule '{rule}': its example '{example}' is taken by the earlier rule '{by}'; put '{rule}' before it or narrow '{by}'"
    )]
    Shadowed {
        /// The rule.
        rule: String,
        /// The example.
        example: String,
        /// The earlier rule.
        by: String,
    },
    /// Two rules of one name or of the same conditions.
    #[error("rule '{rule}': there is another rule with the same {what}; remove one of them")]
    Duplicate {
        /// The rule.
        rule: String,
        /// Name or conditions.
        what: &'static str,
    },
    /// All rules together are too large.
    #[error("the rules' regular expressions are too large together; shorten the text of the last ones")]
    TooLarge,
}
