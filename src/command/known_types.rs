//! Typed names of types: one that nothing has is an error, and no empty result.

use crate::error::{Explain as _, usage};
use crate::store::{Read, active_profile};
use crate::terminal::words;
use crate::text::is_same;

/// Refuses a type that no entity of the catalog has.
pub(super) fn check_catalog_types(read: Read<'_>, typed: &[String]) -> anyhow::Result<()> {
    if typed.is_empty() {
        return Ok(());
    }
    let known = read.catalog_types()?;
    match typed.iter().find(|wanted| !known.iter().any(|own| is_same(own, wanted))) {
        None => Ok(()),
        Some(wanted) => {
            let error = Err(usage(format!("the catalog has no entity of the type `{wanted}`")));
            match known.as_slice() {
                [] => error.hint("it is empty: `gleaner load entities FILE` fills it"),
                known => error.hint(format!("it has {}", words::list(known, "and"))),
            }
        }
    }
}

/// Refuses a type that neither the catalog nor the active profile has.
pub(super) fn check_any_type(read: Read<'_>, typed: Option<&str>) -> anyhow::Result<()> {
    let Some(wanted) = typed else { return Ok(()) };
    let profile = active_profile::active(read)?;
    if profile.entity_type(wanted).is_some() {
        return Ok(());
    }
    check_catalog_types(read, &[wanted.to_owned()])
}

/// Refuses a type that is none of the active profile and that no mention has.
pub(super) fn check_mention_types(read: Read<'_>, typed: &[String]) -> anyhow::Result<()> {
    let profile = active_profile::active(read)?;
    for wanted in typed {
        if profile.entity_type(wanted).is_none() && !read.has_unlinked_type(wanted)? {
            let known: Vec<&str> = profile.types.iter().map(|known| known.name.as_str()).collect();
            return Err(usage(format!("no unlinked mention is of the type `{wanted}`")))
                .hint(format!("the active profile has {}", words::list(&known, "and")));
        }
    }
    Ok(())
}
