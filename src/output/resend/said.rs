//! The same in words and tables, for a person.

use super::{ResendOutput, ResendRow};
use crate::analysis::phrases::count;
use crate::model::{DAY, Millis};
use crate::output::document::{Block, ColumnHead, Document, Table, Tone};
use crate::output::escape;
use crate::zone;

/// Rows shown of a longer list, and ids named of a reason.
const SHOWN: usize = 20;

/// What will be done, or was done.
pub fn document(answer: &ResendOutput<'_>) -> Document {
    let is_plan = answer.run_id.is_none();
    let mut blocks = vec![verdict(answer)];
    if is_plan && answer.selected > 0 && answer.hides_claims {
        let note = "The application's own job must not send these rows meanwhile, unless claim_status keeps it from them.";
        blocks.push(Block::Line(note.to_owned()));
    }
    if let (Some(server), Some(caps)) = (&answer.server, &answer.caps) {
        blocks.push(Block::Line(format!("Server: {server}. Caps: {caps}.")));
    }
    if !is_plan {
        let per_connection = answer.sent as f64 / answer.connections_opened.max(1) as f64;
        blocks.push(Block::Line(format!(
            "{} opened, {} at once at most, {per_connection:.1} messages per connection, {} met, {}.",
            count(answer.connections_opened, "connection"),
            answer.peak_connections,
            count(answer.throttled, "throttle reply"),
            length(answer.duration_ms)
        )));
    }
    blocks.extend(too_old(answer).map(Block::Line));
    blocks.extend(further(answer).map(Block::Line));
    if answer.beyond_limit > 0 {
        blocks.push(Block::Facts(vec![(answer.beyond_limit.to_string(), "beyond --limit".to_owned())]));
    }
    blocks.extend(reasons(answer));
    blocks.extend(rows(answer.rows.iter()));
    blocks.extend(next(answer));
    Document { blocks }
}

fn verdict(answer: &ResendOutput<'_>) -> Block {
    if answer.run_id.is_none() {
        return Block::Verdict(planned(answer), Tone::Good);
    }
    let held = match answer.held {
        0 => String::new(),
        held => format!(", {held} held"),
    };
    let sentence = format!(
        "{} sent, {} deferred, {} refused, {} in doubt, {} skipped{held}.",
        answer.sent, answer.deferred, answer.refused, answer.doubt, answer.skipped
    );
    let tone = match (answer.refused + answer.doubt + answer.doubts, answer.deferred + answer.held) {
        (0, 0) => Tone::Good,
        (0, _) => Tone::Warning,
        _ => Tone::Bad,
    };
    Block::Verdict(sentence, tone)
}

/// What goes and what does not, in a sentence.
fn planned(answer: &ResendOutput<'_>) -> String {
    let are = |number: u64| if number == 1 { "is" } else { "are" };
    let more = [
        (answer.held, "held"),
        (answer.deferred, "not due yet"),
        (answer.too_old, "too old"),
        (answer.beyond_limit, "left beyond --limit"),
    ];
    let more: String = more
        .iter()
        .filter(|(number, _)| *number > 0)
        .map(|(number, what)| format!(", {number} {} {what}", are(*number)))
        .collect();
    let rest = format!("{} {} skipped{more}", answer.skipped, are(answer.skipped));
    match answer.selected {
        0 => format!("Nothing to send: no row goes, {rest}."),
        1 => format!("1 row goes again, {rest}; that takes about {}.", length(answer.duration_ms)),
        rows => format!("{rows} rows go again, {rest}; that takes about {}.", length(answer.duration_ms)),
    }
}

/// How many rows are too old, and which flag takes them.
fn too_old(answer: &ResendOutput<'_>) -> Option<String> {
    let days = (answer.oldest_age_ms? + DAY) / DAY;
    Some(format!(
        "{} {} older than {}; --max-age {days}d takes {}.",
        count(answer.too_old, "failed row"),
        if answer.too_old == 1 { "is" } else { "are" },
        length(answer.max_age_ms),
        if answer.too_old == 1 { "it" } else { "them" }
    ))
}

/// The further attempts of the mails, which go or stay with them.
fn further(answer: &ResendOutput<'_>) -> Option<String> {
    let mut rows = answer.rows.iter().filter(|row| row.same_as.is_some());
    let ids: Vec<String> = rows.by_ref().take(SHOWN).map(|row| escape::line(&row.id)).collect();
    let all = (ids.len() + rows.count()) as u64;
    let more = if all > ids.len() as u64 { ", ..." } else { "" };
    let rows = if all == 1 { "1 row more is an attempt" } else { "rows more are attempts" };
    let number = if all == 1 { String::new() } else { format!("{all} ") };
    (all > 0).then(|| format!("{number}{rows} of the same mails: {}{more}.", ids.join(", ")))
}

/// The rows of a reason: how many, the first of them, and what is said of the very first.
struct ReasonRows {
    group: &'static str,
    rows: u64,
    ids: Vec<String>,
    said: String,
}

/// How many rows do not go for which reason, with their ids.
fn reasons(answer: &ResendOutput<'_>) -> Vec<Block> {
    let mut blocks = Vec::new();
    for (title, outcome) in [("Held", "held"), ("Not due yet", "deferred"), ("Skipped", "skipped")] {
        let mut reasons = by_group(answer, outcome);
        if reasons.is_empty() {
            continue;
        }
        reasons.sort_by(|a, b| b.rows.cmp(&a.rows).then_with(|| a.group.cmp(b.group)));
        blocks.push(Block::Heading(title.to_owned()));
        blocks.push(Block::Facts(reasons.iter().flat_map(told).collect()));
    }
    blocks
}

fn by_group(answer: &ResendOutput<'_>, outcome: &str) -> Vec<ReasonRows> {
    let mut reasons: Vec<ReasonRows> = Vec::new();
    let of_outcome =
        |row: &ResendRow| row.outcome == outcome && row.same_as.is_none() && !row.group.is_empty();
    for row in answer.rows.iter().filter(of_outcome) {
        let place = reasons.iter().position(|known| known.group == row.group).unwrap_or_else(|| {
            let said = escape::short(&escape::line(row.reason.as_deref().unwrap_or_default()), 160);
            reasons.push(ReasonRows { group: row.group, rows: 0, ids: Vec::new(), said });
            reasons.len() - 1
        });
        reasons[place].rows += 1;
        if reasons[place].ids.len() < SHOWN {
            reasons[place].ids.push(escape::line(&row.id));
        }
    }
    reasons
}

fn told(reason: &ReasonRows) -> Vec<(String, String)> {
    let mut told = vec![(reason.rows.to_string(), reason.group.to_owned())];
    if !reason.ids.is_empty() {
        let more = match reason.rows - reason.ids.len() as u64 {
            0 => String::new(),
            more => format!(" and {more} more; --format json lists all"),
        };
        let noun = if reason.rows == 1 { "row" } else { "rows" };
        told.push((String::new(), format!("{noun} {}{more}", reason.ids.join(", "))));
        told.push((String::new(), format!("row {}: {}", reason.ids[0], reason.said)));
    }
    told
}

/// The outcomes that need a look, before those that are fine.
const WEIGHTY: [&str; 5] = ["doubt", "refused", "held", "deferred", "untouched"];

/// The first rows of those that go or went, weighty ones first, how many there are in all, and whether none has a reason.
fn first_rows(rows: impl Iterator<Item = ResendRow>) -> (Vec<ResendRow>, usize, bool) {
    let mut by_weight: [Vec<ResendRow>; WEIGHTY.len() + 1] = Default::default();
    let (mut all, mut is_plan) = (0, true);
    // the grouped part is above
    for row in rows.filter(|row| row.group.is_empty() && row.outcome != "skipped") {
        all += 1;
        is_plan &= row.reason.is_none();
        let weight = WEIGHTY.iter().position(|outcome| *outcome == row.outcome).unwrap_or(WEIGHTY.len());
        if by_weight[weight].len() < SHOWN {
            by_weight[weight].push(row);
        }
    }
    (by_weight.into_iter().flatten().take(SHOWN).collect(), all, is_plan)
}

/// The rows that go or went, the first of them.
fn rows(rows: impl Iterator<Item = ResendRow>) -> Vec<Block> {
    let (shown, all, is_plan) = first_rows(rows);
    if shown.is_empty() {
        return Vec::new();
    }
    let table = Table {
        columns: vec![
            ColumnHead::words("row"),
            ColumnHead::words("outcome"),
            ColumnHead::words("next at").if_wide(),
            ColumnHead::words(if is_plan { "mail" } else { "answer" }).flexible(),
        ],
        rows: shown
            .iter()
            .map(|row| {
                vec![
                    escape::line(&row.id),
                    row.outcome.to_owned(),
                    row.next_at.map(zone::rfc3339).unwrap_or_default(),
                    escape::short(&escape::line(row.reason.as_deref().unwrap_or(&row.about)), 200),
                ]
            })
            .collect(),
        ..Table::default()
    };
    let mut blocks = vec![Block::Heading("Rows".to_owned()), Block::Table(table)];
    if all > SHOWN {
        blocks.push(Block::Line(format!("and {} more; --format json lists all", all - SHOWN)));
    }
    blocks
}

/// What to do about what did not go.
fn next(answer: &ResendOutput<'_>) -> Vec<Block> {
    let mut steps = Vec::new();
    if answer.is_interrupted {
        steps.push("Interrupted: run the same command again to go on.".to_owned());
    }
    if answer.doubt + answer.doubts > 0 {
        steps.push(format!(
            "{} may have been delivered: look for {} at the provider or in the Sent Items (resend --doubt lists their \
             Message-IDs), then resend --doubt delivered|again|drop ID...",
            count(answer.doubt + answer.doubts, "mail"),
            if answer.doubt + answer.doubts == 1 { "it" } else { "them" },
        ));
    }
    if answer.refused > 0 {
        steps.push(
            "Refused: mend what the answer says, then resend --free ID... and resend again.".to_owned(),
        );
    }
    let was_asked_to_send = answer.run_id.is_some() || !answer.dry_run;
    if was_asked_to_send && answer.deferred > 0 && !answer.is_interrupted {
        let next_at =
            answer.rows.iter().filter(|row| row.outcome == "deferred").filter_map(|row| row.next_at).max();
        let when =
            next_at.map_or_else(|| "again".to_owned(), |at| format!("again after {}", zone::rfc3339(at)));
        steps.push(format!("Deferred: run resend {when}; what is due then goes."));
    }
    if answer.held > 0 {
        steps.push(
            "Held: nothing was written about these rows; each goes once what its reason says is done."
                .to_owned(),
        );
        steps.extend(answer.own_way.map(|way| format!("The system's own way: {way}.")));
    }
    if steps.is_empty() {
        return Vec::new();
    }
    vec![Block::Heading("Next".to_owned()), Block::List(steps)]
}

/// The mails in doubt, with what is needed to look for them.
pub fn doubts(answer: &ResendOutput<'_>) -> Document {
    if answer.doubt == 0 {
        return Document { blocks: vec![Block::Verdict("No row is in doubt.".to_owned(), Tone::Good)] };
    }
    let (rows, go) = match answer.doubt {
        1 => ("1 row".to_owned(), "it does not go again by itself"),
        rows => (format!("{rows} rows"), "none goes again by itself"),
    };
    let mut blocks = vec![
        Block::Verdict(format!("{rows} may have been delivered; {go}."), Tone::Bad),
        Block::Line(
            "Look for their Message-IDs, or recipient and time, at the provider or in the Sent Items, then: resend --doubt \
             delivered|again|drop ID..., or a filter such as --class network in place of the ids."
                .to_owned(),
        ),
    ];
    let mut facts = Vec::new();
    for row in answer.rows.iter().take(SHOWN) {
        let message_id = row.message_id.as_deref().unwrap_or("no Message-ID");
        let about = format!("{}  {message_id}", row.about);
        let whose = match row.origin {
            Some("log") => "by the error in the log",
            _ => "handed over by resend",
        };
        let said = row.reason.as_deref().unwrap_or_default();
        facts.push((escape::line(&row.id), escape::line(&about)));
        facts.push((String::new(), escape::short(&escape::line(&format!("{whose}: {said}")), 300)));
    }
    blocks.push(Block::Facts(facts));
    if answer.doubt > SHOWN as u64 {
        blocks
            .push(Block::Line(format!("and {} more; --format json lists all", answer.doubt - SHOWN as u64)));
    }
    Document { blocks }
}

/// A time span as people say it: its two largest units.
///
/// ```
/// # use mailthrottle::output::resend::length;
/// assert_eq!(length(30 * 86_400_000), "30 days");
/// assert_eq!(length(90_000), "1 minute 30 seconds");
/// assert_eq!(length(0), "1 second");
/// ```
pub fn length(millis: Millis) -> String {
    const UNITS: [(u64, &str); 4] = [(86_400, "day"), (3_600, "hour"), (60, "minute"), (1, "second")];
    let mut rest = u64::try_from((millis + 999) / 1000).unwrap_or(0).max(1);
    let parts = UNITS.iter().filter_map(|(seconds, unit)| {
        let number = rest / seconds;
        rest %= seconds;
        (number > 0).then(|| count(number, unit))
    });
    parts.take(2).collect::<Vec<_>>().join(" ")
}
