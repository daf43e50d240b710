//! Typed names of types: one that nothing has is an error, and no empty result.

use crate::error::{Explain as _, usage};
use crate::store::{Read, active_profile};
use crate::terminal::words;
use crate::text::{is_same, nearest};

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
                known => error.hint(one_of(wanted, known, "it has")),
            }
        }
    }
}

/// Says which of the known types was probably meant, else which there are.
fn one_of<T: AsRef<str> + std::fmt::Display>(wanted: &str, known: &[T], they_are: &str) -> String {
    match nearest(wanted, known) {
        Some(meant) => format!("did you mean `{meant}`?"),
        None => format!("{they_are} {}", words::list(known, "and")),
    }
}

/// Says of a type that neither the catalog nor the active profile knows that it is new, where there are others: a slip of
/// the hand would make a type of its own. Nothing is said of the first.
pub(super) fn new_type(read: Read<'_>, wanted: &str) -> anyhow::Result<Option<(String, String)>> {
    let profile = active_profile::active(read)?;
    let known = read.catalog_types()?;
    let is_known = profile.entity_type(wanted).is_some()
        || profile.profile_type_of(wanted).is_some()
        || known.iter().any(|own| is_same(own, wanted));
    if is_known || known.is_empty() {
        return Ok(None);
    }
    let own = profile.types.iter().map(|known| known.name.clone());
    let all: Vec<String> = known.into_iter().chain(own).collect();
    let hint = match nearest(wanted, &all) {
        Some(meant) => format!("did you mean `{meant}`? `gleaner undo` takes the change back"),
        None => "a type that the profile does not know fits mentions of every type".to_owned(),
    };
    Ok(Some((format!("no other entity is of the type `{wanted}`"), hint)))
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
            return Err(usage(format!("no unlinked mention is of the type `{wanted}`"))).hint(one_of(
                wanted,
                &known,
                "the active profile has",
            ));
        }
    }
    Ok(())
}
