//! `mailthrottle doctor --oracle-selfcheck`: what a person with a real server can prove about it, as a text for whoever wrote this.

use anyhow::{Result, bail};

use super::{ask, print_view};
use crate::cli::{DoctorArgs, Global};
use crate::config::Config;
use crate::exit::Exit;
use crate::log::open;
use crate::mapping::resolve::MappingError;
use crate::output::selfcheck::Selfcheck;

/// Runs the check.
///
/// # Errors
/// Config, connection; what the server refuses is in the text.
pub async fn run(flags: &Global, args: &DoctorArgs) -> Result<Exit> {
    if flags.print_sql {
        bail!("--print-sql: the self-check has to run what it asks; leave out one of the two");
    }
    let mut config = Config::load(flags)?;
    let (mut db, _) = open(config.database, &mut config.wanted).await?;
    // a log is not needed
    let mapping = match db.mapping(&config.wanted).await {
        Ok(mapping) => Ok(mapping),
        Err(error) => Err(error.downcast::<MappingError>()?.0),
    };
    // of this run alone, in as many bytes as Oracle's names have room for
    let prefix = format!("mt_check_{:04x}_", std::process::id() & 0xffff);
    let named = format!("tables named {}... in your schema", prefix.to_uppercase());
    let question = format!(
        "May it make {named}, and drop them at the end? Without them it proves nothing about plans, the ledger, claims and locks."
    );
    let may_make = args.yes || ask::can_ask() && ask::agrees_expressly(&question).await?;
    if may_make {
        ask::say(&format!(
            "It makes {named} and drops them at the end; if it is interrupted, drop them yourself."
        ))?;
    }
    let proofs =
        db.oracle_selfcheck(mapping.as_ref().map_err(String::as_str), may_make.then_some(&*prefix)).await?;
    let check = Selfcheck { proofs: &proofs };
    print_view(flags, &check)?;
    Ok(if check.fails() { Exit::Critical } else { Exit::Fine })
}
