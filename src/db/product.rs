//! What is particular to each database: the questions in its own words, and what it can do.

use crate::mapping::Dialect;

/// The ledger's tables as most databases take them.
pub const MIGRATIONS: [&str; 3] = [
    include_str!("../../queries/ledger/migration_1.sql"),
    include_str!("../../queries/ledger/migration_2.sql"),
    include_str!("../../queries/ledger/migration_3.sql"),
];
/// A claim, likewise.
pub const CLAIM: &str = include_str!("../../queries/ledger/claim.sql");
/// A pause, likewise.
pub const PAUSE: &str = include_str!("../../queries/ledger/pause.sql");

/// A database product.
pub struct Product {
    /// Whose SQL it understands.
    pub dialect: Dialect,
    /// What it says of itself and of the connection; the columns of `queries/postgres/server.sql`.
    pub server: &'static str,
    /// How a connection without TLS gets it.
    pub tls_by: &'static str,
    /// Which database it is, by whatever name it was reached; none where its place says it.
    pub identity: Option<&'static str>,
    /// The offset of its host's clock, where applications write that clock's naive times.
    pub zone: Option<&'static str>,
    /// A sample of a column of times.
    pub time_sample: &'static str,
    /// The status words there are, found through an index; none where no plan says whether one serves.
    pub status_words: Option<&'static str>,
    /// Whether a table is there: a row if it is, `closed` where it may not be read.
    pub is_there: &'static str,
    /// The tables and views that a view reads.
    pub reads: &'static str,
    /// The ledger's tables, a file a step.
    pub migrations: [&'static str; 3],
    /// Claims a row of the ledger.
    pub claim: &'static str,
    /// Notes a pause in the ledger.
    pub pause: &'static str,
    /// Whether a refusal ends the transaction for what follows.
    pub refusal_ends_transaction: bool,
}
