//! Groups, entities and topics by what a person typed; where nothing bears that name, what may have been meant.

use super::Context;
use crate::curation::topics::similar;
use crate::error::{Explain as _, not_found};
use crate::linking::typed_name;
use crate::model::{GroupId, GroupKey};
use crate::store::Store;
use crate::store::explore::Namesake;
use crate::terminal::{style, words};
use crate::text::{fold, shell_word, topic_key};

/// Returns the group with this id, or an error that says which one may have been meant.
pub(crate) fn group_named(store: &Store, id: &str) -> anyhow::Result<GroupKey> {
    if let Some(key) = store.read().group_key(&GroupId::new(id))? {
        return Ok(key);
    }
    let error = Err(not_found(format!("there is no group `{id}`")));
    let similar = store.read().group_ids_like(id, 3)?;
    if similar.is_empty() {
        return error.hint("`gleaner search WORDS` finds groups by what stands in them");
    }
    error.hint(format!("did you mean {}?", words::list(&similar, "or")))
}

/// Returns the entities that a typed name means: those that bear it, else those that bear the name it almost is.
pub(crate) fn entity_named(
    store: &Store,
    name: &str,
    types: &[String],
    context: &Context,
) -> anyhow::Result<Vec<Namesake>> {
    let is_wanted = |row: &Namesake| types.is_empty() || types.iter().any(|t| fold(t) == fold(&row.entity.entity_type));
    let mut found = store.read().namesakes(name, 50)?;
    found.retain(is_wanted);
    if !found.is_empty() {
        return Ok(found);
    }
    let mut similar = typed_name::similar(store, name, 5)?;
    similar.retain(|row| is_wanted(&row.namesake));
    match similar.as_slice() {
        [best, ..] if best.is_sure => {
            let meant = &best.namesake.entity;
            // Others of that name are meant no less.
            let mut found = store.read().namesakes(&meant.name, 50)?;
            found.retain(|row| is_wanted(row) && row.alias.is_none() && row.entity.key != meant.key);
            found.insert(0, best.namesake.clone());
            let this = if found.len() > 1 { "these are" } else { "this is" };
            context.terminal.status(format!(
                "nothing is called `{}`; {this} `{}`",
                style::single_line(name),
                style::single_line(&meant.name)
            ));
            Ok(found)
        }
        [] => Err(not_found(format!("no entity of the catalog is called `{name}`")))
            .hint("`gleaner entities` lists the most frequent, `gleaner unresolved` what is not linked"),
        _ => {
            let names: Vec<&String> = similar.iter().map(|row| &row.namesake.entity.name).collect();
            Err(not_found(format!("no entity of the catalog is called `{name}`")))
                .hint(format!("did you mean {}?", words::list(&names, "or")))
        }
    }
}

/// Returns the key of a topic that was typed: as it is, as people decided, or one that is written almost so.
pub(crate) fn topic_named(store: &Store, typed: &str, context: &Context) -> anyhow::Result<String> {
    let key = topic_key(typed);
    let read = store.read();
    if read.topic_count(&key)? > 0 {
        return Ok(key);
    }
    if let Some((target, label)) = read.topic_decision(&key)?.filter(|(target, _)| *target != key) {
        if target.is_empty() {
            return Err(not_found(format!("the topic `{typed}` was dropped")))
                .hint(format!("`gleaner topics alias remove {}` takes it back", shell_word(&key)));
        }
        context.terminal.status(format!("`{key}` was made `{}`", style::single_line(&label)));
        return Ok(target);
    }
    let found = similar(store, &key, 5)?;
    match found.as_slice() {
        // One that is clearly the same, and no second one near it: a typo.
        [(score, best), rest @ ..] if *score >= 0.9 && rest.first().is_none_or(|(next, _)| *next < score - 0.05) => {
            context.terminal.status(format!(
                "no topic `{}`; this is `{}`",
                style::single_line(typed),
                style::single_line(best)
            ));
            Ok(best.clone())
        }
        [] => Err(not_found(format!("no group has the topic `{typed}`"))).hint("`gleaner topics` lists them"),
        _ => {
            let names: Vec<&String> = found.iter().map(|(_, topic)| topic).collect();
            Err(not_found(format!("no group has the topic `{typed}`")))
                .hint(format!("did you mean {}?", words::list(&names, "or")))
        }
    }
}
