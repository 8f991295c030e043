//! `cargo xtask tidy`: the house rules that no compiler and no lint checks. Also a test.
//!
//! - Dependencies point one way (`arrows`).
//! - Every file opens by saying what lives there (`sources`).
//! - A file is one idea: 500 lines, or the number that `tidy/large.txt` grants it, which only falls.
//! - No word that leaves work undone.

mod arrows;
mod sources;

use anyhow::{Result, bail};

/// Check the house rules.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Rewrite the list of large files to what is there.
    #[arg(long)]
    bless: bool,
}

pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    if arguments.bless {
        return sources::bless();
    }
    check()
}

/// Checks every rule; the error lists all that is wrong.
pub(crate) fn check() -> Result<()> {
    let mut complaints = arrows::check()?;
    complaints.extend(sources::check()?);
    if !complaints.is_empty() {
        bail!("the house is not tidy:\n  {}", complaints.join("\n  "));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_house_is_tidy() {
        if let Err(error) = super::check() {
            panic!("{error:#}");
        }
    }
}
