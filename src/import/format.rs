//! The formats of logs, by the names that people give them.

/// A log format by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum LogFormat {
    /// Postfix in syslog, or from journalctl
    Postfix,
    /// Postfix queue listing: postqueue -j
    Postqueue,
    /// Exim main log
    Exim,
    /// Sendmail in syslog
    Sendmail,
    /// Application log: .NET, Java, Python, PHP, Node and others with a time stamp on each entry
    #[value(aliases = ["dotnet", "azure", "log4j", "java", "python", "php", "laravel", "symfony", "node"])]
    App,
    /// Rows with a head: Exchange Online message trace, OutSystems Service Center, own exports
    #[value(alias = "outsystems")]
    Csv,
    /// A JSON object a line
    #[value(aliases = ["jsonl", "ndjson"])]
    Json,
    /// Lines that the patterns of the config know
    Patterns,
}

impl LogFormat {
    /// Every format, in the order they are listed.
    pub const ALL: [LogFormat; 8] = [
        LogFormat::Postfix,
        LogFormat::Postqueue,
        LogFormat::Exim,
        LogFormat::Sendmail,
        LogFormat::App,
        LogFormat::Csv,
        LogFormat::Json,
        LogFormat::Patterns,
    ];

    /// The word for `--as`.
    pub const fn name(self) -> &'static str {
        match self {
            LogFormat::Postfix => "postfix",
            LogFormat::Postqueue => "postqueue",
            LogFormat::Exim => "exim",
            LogFormat::Sendmail => "sendmail",
            LogFormat::App => "app",
            LogFormat::Csv => "csv",
            LogFormat::Json => "json",
            LogFormat::Patterns => "patterns",
        }
    }

    /// What it is, and how one of its lines begins.
    pub const fn about(self) -> (&'static str, &'static str) {
        match self {
            LogFormat::Postfix => (
                "Postfix in syslog or from journalctl -o short-iso",
                "Nov 20 08:30:12 mx1 postfix/smtp[4711]: 4XyZ12: to=<a@example.com>, relay=...",
            ),
            LogFormat::Postqueue => {
                ("Postfix queue, from postqueue -j", "{\"queue_name\": \"deferred\", \"queue_id\": ...")
            }
            LogFormat::Exim => {
                ("Exim main log", "2026-11-20 08:30:12 1vLxyz-000000001Ab-2CdE == a@example.com ...")
            }
            LogFormat::Sendmail => (
                "Sendmail in syslog",
                "Nov 20 08:30:12 mx1 sm-mta[4711]: 5AK7UCab012345: to=<a@example.com>, ...",
            ),
            LogFormat::App => (
                "application log: .NET, Java, Python, PHP, Node",
                "2026-11-20T08:30:12Z [Error] Failed to send email: 432 4.3.2 ...",
            ),
            LogFormat::Csv => (
                "rows with a head: message trace, Service Center",
                "Received,Sender address,Recipient address,Status,...",
            ),
            LogFormat::Json => {
                ("a JSON object a line", "{\"time\": \"2026-11-20T08:30:12Z\", \"level\": \"error\", ...")
            }
            LogFormat::Patterns => {
                ("lines that [[import.patterns]] of the config know", "as the patterns say")
            }
        }
    }
}
