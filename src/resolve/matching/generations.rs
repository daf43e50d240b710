//! Generations: *Karl Brandner sen.* and *Karl Brandner jun.* are two, however alike the rest of their names is. An entity has the
//! generation that any of its names has.

use std::ops::Deref;

use anyhow::Result;

use crate::resolve::index::{Blocks, EntityCard, Index, NameCard};
use crate::resolve::matching::probe::Probe;
use crate::resolve::names::numerals;
use crate::resolve::names::words::Role;

/// Name of the rule.
pub(super) const RULE: &str = "another generation";
/// Penalty, in log-odds.
pub(super) const PENALTY: f32 = 7.0;

/// Values of the feature `generation`.
pub(super) const DIFFER: f32 = 0.0;
pub(super) const ONLY_IN_NAME: f32 = 1.0;
pub(super) const ONLY_IN_MENTION: f32 = 2.0;
pub(super) const AGREE: f32 = 4.0;

/// Father, and the son who is called after him.
pub(super) const FATHER: u32 = 1;
pub(super) const SON: u32 = 2;

/// Returns the number of a generation: the father is the first. Some use *II* for *Jr.*
pub(super) fn number(word: &str) -> Option<u32> {
    match word {
        "jr" | "junior" => Some(SON),
        "sr" | "senior" => Some(FATHER),
        other => numerals::value(other),
    }
}

/// Returns the generation that a mention has.
pub(super) fn of_mention(probe: &Probe) -> Option<u32> {
    let at = probe.words.iter().position(|word| word.token.role == Role::Generation)?;
    number(probe.text(at))
}

/// Returns the generation that a name has.
pub(super) fn of_name<G: Deref<Target = [u8]>>(card: &NameCard<G>) -> Option<u32> {
    let mut found = None;
    card.tokens(|token| {
        if token.role == Role::Generation && found.is_none() {
            found = std::str::from_utf8(token.text).ok().and_then(number);
        }
    });
    found
}

/// Returns whether other names of an entity say that it is of another generation than the mention, and none that it is of
/// the same.
pub(super) fn is_another<P: Blocks>(
    probe: &Probe,
    index: &Index<P>,
    entity: (u32, &EntityCard<P::Block<'_>>),
) -> Result<bool> {
    let Some(own) = of_mention(probe) else { return Ok(false) };
    let (mut is_same, mut is_other) = (false, false);
    index.each_name_of(entity, |name| {
        match of_name(&name) {
            Some(other) if other == own => is_same = true,
            Some(_) => is_other = true,
            None => {}
        }
        !is_same
    })?;
    Ok(is_other && !is_same)
}
