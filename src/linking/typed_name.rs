//! A typed name: which entity bears it; and where none does exactly, which may be meant. The resolver that links
//! mentions answers that.

use crate::error::{Explain as _, not_found, usage};
use crate::linking::precedence::{self, Ruling};
use crate::linking::{Linker, Load};
use crate::model::{Attributes, EntityKey, facts, typed_id};
use crate::resolve::{Candidate, Query, Strictness, mention_key};
use crate::store::explore::{EntityHead, Namesake};
use crate::store::{Read, Store};
use crate::terminal::words;
use crate::text::is_same;

/// Characters shown of a name; a longer one is no name.
pub const SHOWN: usize = 120;

/// Entities named where a name does not tell which is meant.
const NAMESAKES: usize = 5;

/// Returns the one entity that bears this name or id, or an error that tells which may be meant. Nothing is guessed:
/// what follows changes something.
pub fn one_entity(store: &Store, name: &str) -> anyhow::Result<EntityKey> {
    let mut found = store.read().namesakes(name, 50)?;
    // `TYPE:ID` means that entity, also where it is the id of another one.
    let is_meant = |row: &Namesake| format!("{}:{}", row.entity.entity_type, row.entity.id) == name;
    if found.iter().any(is_meant) {
        found.retain(is_meant);
    }
    match found.as_slice() {
        [one] => Ok(one.entity.key),
        [] => {
            let none = Err(not_found(format!("no entity of the catalog is called `{}`", words::shorten(name, SHOWN))));
            let similar = similar(store, name, 3)?;
            if similar.is_empty() {
                return none.hint("`gleaner catalog list TEXT` finds names with a text in them");
            }
            let meant = |row: &Similar| {
                let EntityHead { entity_type, id, name, .. } = &row.namesake.entity;
                format!("`{}` ({})", typed_id(entity_type, id), words::shorten(name, SHOWN))
            };
            let meant: Vec<String> = similar.iter().map(meant).collect();
            none.hint(format!("did you mean {}?", meant.join(" or ")))
        }
        _ => Err(usage(format!("`{}` names {} entities", words::shorten(name, SHOWN), found.len())))
            .hint(format!("name it as {}", told_apart(store, &found)?)),
    }
}

/// Names entities by their ids, each with what tells it from the others.
fn told_apart(store: &Store, found: &[Namesake]) -> anyhow::Result<String> {
    let shown = &found[..found.len().min(NAMESAKES)];
    let attributes = shown
        .iter()
        .map(|row| Ok(store.read().entity(row.entity.key)?.map(|entity| entity.attributes).unwrap_or_default()));
    let attributes = attributes.collect::<anyhow::Result<Vec<Attributes>>>()?;
    let named = shown.iter().zip(facts(&attributes.iter().collect::<Vec<_>>())).map(|(row, facts)| {
        let id = format!("`{}:{}`", row.entity.entity_type, row.entity.id);
        if facts.is_empty() { id } else { format!("{id} ({facts})") }
    });
    Ok(named.collect::<Vec<_>>().join(" or "))
}

/// An entity that may be meant.
#[derive(Clone, Debug)]
pub struct Similar {
    /// The entity.
    pub namesake: Namesake,
    /// True where it can be taken without asking, with others of the same name.
    pub is_sure: bool,
}

/// Less likely ones are no help.
const LEAST: f64 = 0.08;
/// Namesakes that are meant with this probability taken together are meant.
const TOGETHER: f64 = 0.8;

/// Returns the entities most like a typed name, best first.
pub fn similar(store: &Store, name: &str, limit: usize) -> anyhow::Result<Vec<Similar>> {
    let snapshot = store.snapshot()?;
    let read = snapshot.read();
    let mut linker = Linker::open(read, Strictness::Default, Load::One)?;
    let query = Query { text: name, types: &[], hints: &Attributes::new(), context: "" };
    let decision = linker.resolve("", &query)?;
    let best = decision.candidates.first().map_or(0.0, |best| best.score);
    let n_as_good = decision.candidates.iter().filter(|candidate| candidate.score == best).count();
    let mut found: Vec<Similar> = vec![];
    for candidate in decision.candidates.into_iter().filter(|candidate| candidate.score >= LEAST).take(limit) {
        let is_sure = decision.entity == Some(candidate.entity);
        if let Some(entity) = read.entity_head(candidate.entity)? {
            found.push(Similar { namesake: Namesake { entity, alias: None }, is_sure });
        }
    }
    // None of several namesakes is linked; what they are called is sure all the same.
    let as_good = &found[..n_as_good.min(found.len())];
    let name_of = |row: &Similar| row.namesake.entity.name.clone();
    let is_one_name = as_good.len() > 1 && as_good.windows(2).all(|two| name_of(&two[0]) == name_of(&two[1]));
    if is_one_name && n_as_good as f64 * best >= TOGETHER {
        found[0].is_sure = true;
    }
    Ok(found)
}

/// Returns entities that bear this very name, or have it as an alias, though nothing of the mention's type does: they are
/// shown to who decides, and linked by nobody else. Those of `known` are shown anyway.
pub fn of_other_types(
    linker: &mut Linker<'_>,
    read: Read<'_>,
    mention: &str,
    known: &[EntityKey],
) -> anyhow::Result<Vec<Candidate>> {
    let key = mention_key(mention);
    let mut found = vec![];
    for candidate in linker.bearers(mention)? {
        if known.contains(&candidate.entity) {
            continue;
        }
        let Some(entity) = read.entity(candidate.entity)? else { continue };
        let is_same_name = |name: &String| mention_key(name) == key || is_same(name, mention);
        if std::iter::once(&entity.name).chain(&entity.aliases).any(is_same_name) {
            found.push(candidate);
        }
    }
    Ok(found)
}

/// Reasons for which entities that bear the very name of a mention are none of its candidates.
pub struct WhyShown<'t> {
    /// Entities that people said it is not.
    refused: Vec<EntityKey>,
    /// Catalog types that it may be; empty: all.
    types: &'t [String],
}

impl<'t> WhyShown<'t> {
    /// Reads what people decided about a mention of a type, with hints.
    pub fn of(
        read: Read<'_>,
        mention: &str,
        (entity_type, hints): (&str, &Attributes),
        types: &'t [String],
    ) -> anyhow::Result<WhyShown<'t>> {
        let mut decisions = read.decisions_about_mention(&mention_key(mention))?;
        precedence::sort(&mut decisions);
        let refused = match precedence::ruling(&decisions, entity_type, hints) {
            Ruling::Not(refused) => refused,
            _ => vec![],
        };
        Ok(WhyShown { refused, types })
    }

    /// Says why an entity is shown all the same, and not taken.
    pub fn words(&self, entity: EntityKey, entity_type: &str) -> String {
        let is_of_type = self.types.is_empty() || self.types.iter().any(|known| is_same(known, entity_type));
        match (self.refused.contains(&entity), is_of_type) {
            (true, _) => "exact name, but decided not to be meant".to_owned(),
            (false, false) => format!("exact name, but type {entity_type}"),
            (false, true) => "exact name".to_owned(),
        }
    }
}
