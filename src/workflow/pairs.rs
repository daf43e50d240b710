//! Entities that are two others and a date: a game is found through its two teams, its season and its week, where its name
//! was not enough.
//!
//! A profile declares such a type with `pair`. The two are compared by all the names the catalog has for them, so `KC at
//! LAC, Week 3` meets the attributes `away: KC`, `home: LAC`, `week: 3` whichever way the story writes the teams. What the
//! catalog has of such a type is read once, by its members; nothing is searched for a single mention.

use std::collections::HashMap;

use anyhow::Result;

use crate::model::{Attributes, EntityKey, LinkOutcome};
use crate::profile::Pair;
use crate::resolve::{Candidate, Decision, Method, Strictness, mention_key};
use crate::store::Read;

/// How likely the only entity of two members is meant, by how many of the hints that tell theirs apart agree: none, some,
/// all. Two teams meet every year, so the members alone say little.
const LIKELY: [f64; 3] = [0.6, 0.85, 0.97];

/// What is made of two members.
#[derive(Clone, Debug)]
struct Made {
    entity: EntityKey,
    /// Its values for the hints that tell apart what the same two make more than once.
    with: Vec<Option<String>>,
}

/// All of one type, by the words of its two members.
type ByMembers = HashMap<(String, String), Vec<Made>>;

/// The pairs of a catalog, by the profile's type; read when the first of a type is looked for.
#[derive(Debug, Default)]
pub(super) struct Pairs(HashMap<String, ByMembers>);

impl Pairs {
    /// Decides which entity is made of the members that the hints name; `None` where they name none or none is there.
    pub(super) fn find(
        &mut self,
        read: Read<'_>,
        (entity_type, pair): (&str, &Pair),
        types: &[String],
        hints: &Attributes,
        strictness: Strictness,
    ) -> Result<Option<Decision>> {
        let (Some(home), Some(away)) = (hints.get(&pair.home), hints.get(&pair.away)) else { return Ok(None) };
        let (homes, aways) = (names(read, home)?, names(read, away)?);
        if !self.0.contains_key(entity_type) {
            self.0.insert(entity_type.to_owned(), by_members(read, pair, types)?);
        }
        let all = &self.0[entity_type];
        // Which of the two is at home is often told wrong, or not at all.
        let mut found = made_of(all, &homes, &aways);
        if found.is_empty() {
            found = made_of(all, &aways, &homes);
        }
        let wanted: Vec<Option<String>> = pair.with.iter().map(|hint| hints.get(hint).map(|v| word(v))).collect();
        let agreeing = |made: &Made| {
            let mut n = 0;
            for (wanted, has) in wanted.iter().zip(&made.with) {
                if let (Some(wanted), Some(has)) = (wanted, has) {
                    if wanted != has {
                        return None;
                    }
                    n += 1;
                }
            }
            Some(n)
        };
        let fitting: Vec<(EntityKey, usize)> =
            found.into_iter().filter_map(|made| Some((made.entity, agreeing(made)?))).collect();
        Ok(match fitting[..] {
            [] => None,
            [(entity, n)] => {
                let likely = LIKELY[if n == 0 { 0 } else { 1 + usize::from(n == pair.with.len()) }];
                Some(decided(&[entity], likely, likely >= strictness.threshold()))
            }
            _ => {
                let entities: Vec<EntityKey> = fitting.iter().map(|(entity, _)| *entity).collect();
                Some(decided(&entities, 1.0 / entities.len() as f64, false))
            }
        })
    }
}

fn decided(entities: &[EntityKey], score: f64, is_linked: bool) -> Decision {
    let candidate = |entity: &EntityKey| Candidate { score, ..Candidate::decided(*entity) };
    Decision {
        outcome: if is_linked { LinkOutcome::Linked } else { LinkOutcome::Ambiguous },
        entity: entities.first().copied().filter(|_| is_linked),
        score,
        method: if is_linked { Method::Pair } else { Method::None },
        candidates: entities.iter().take(5).map(candidate).collect(),
    }
}

/// Returns the words of everything that the catalog calls what is called so.
fn names(read: Read<'_>, value: &str) -> Result<Vec<String>> {
    let mut names: Vec<String> = read.names_of_what_is_called(value)?.iter().map(|name| mention_key(name)).collect();
    names.push(mention_key(value));
    names.sort();
    names.dedup();
    Ok(names)
}

/// Returns a season or a week as it is compared: `Week 5` is `5`.
fn word(value: &str) -> String {
    let words = mention_key(value);
    match words.rsplit(' ').next() {
        Some(last) if last.bytes().all(|byte| byte.is_ascii_digit()) && !last.is_empty() => last.to_owned(),
        _ => words,
    }
}

fn by_members(read: Read<'_>, pair: &Pair, types: &[String]) -> Result<ByMembers> {
    let mut all = ByMembers::new();
    for catalog_type in types {
        read.each_of_type(catalog_type, |entity, attributes| {
            if let (Some(home), Some(away)) = (attributes.get(&pair.home), attributes.get(&pair.away)) {
                let with = pair.with.iter().map(|hint| attributes.get(hint).map(|value| word(value))).collect();
                all.entry((mention_key(home), mention_key(away))).or_default().push(Made { entity, with });
            }
        })?;
    }
    Ok(all)
}

fn made_of<'m>(all: &'m ByMembers, homes: &[String], aways: &[String]) -> Vec<&'m Made> {
    let mut found: Vec<&Made> = vec![];
    for home in homes {
        for away in aways {
            found.extend(all.get(&(home.clone(), away.clone())).into_iter().flatten());
        }
    }
    found.sort_by_key(|made| made.entity);
    found.dedup_by_key(|made| made.entity);
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Entity, EntityId};
    use crate::store::Store;

    fn entity(id: &str, entity_type: &str, name: &str, aliases: &[&str], attributes: &[(&str, &str)]) -> Entity {
        Entity {
            id: EntityId::new(id),
            entity_type: entity_type.into(),
            name: name.into(),
            aliases: aliases.iter().map(|&alias| alias.to_owned()).collect(),
            attributes: attributes.iter().map(|&(k, v)| (k.to_owned(), v.to_owned())).collect(),
        }
    }

    fn store() -> Store {
        let mut store = Store::open_in_memory("now").unwrap();
        let tx = store.write().unwrap();
        let game = |id: &str, home: &str, away: &str, season: &str, week: &str| {
            entity(id, "game", id, &[], &[("home", home), ("away", away), ("season", season), ("week", week)])
        };
        for entity in [
            entity("reds", "team", "Ruby Reds", &["RED", "Reds"], &[]),
            entity("blues", "team", "Sea Blues", &["BLU", "Blues"], &[]),
            entity("greens", "team", "Hill Greens", &["GRN"], &[]),
            game("g1", "RED", "BLU", "2020", "3"),
            game("g2", "RED", "BLU", "2021", "Final"),
            game("g3", "BLU", "RED", "2020", "9"),
            game("g4", "GRN", "BLU", "2020", "1"),
        ] {
            tx.load_entity(&entity, "now").unwrap();
        }
        tx.commit().unwrap();
        store
    }

    #[test]
    fn a_game_is_found_through_its_teams() {
        let store = store();
        let pair = Pair {
            members: "team".into(),
            home: "home".into(),
            away: "away".into(),
            with: vec!["season".into(), "week".into()],
        };
        let mut pairs = Pairs::default();
        let mut check = |hints: &[(&str, &str)], expected: &str| {
            let hints: Attributes = hints.iter().map(|&(k, v)| (k.to_owned(), v.to_owned())).collect();
            let types = ["game".to_owned()];
            let found = pairs.find(store.read(), ("game", &pair), &types, &hints, Strictness::Default).unwrap();
            let shown = match found {
                None => "none".to_owned(),
                Some(Decision { entity: None, outcome, candidates, .. }) => {
                    format!("{} {}", outcome.as_str(), candidates.len())
                }
                Some(Decision { entity: Some(entity), score, .. }) => {
                    format!("{} {score}", store.read().entity(entity).unwrap().unwrap().id)
                }
            };
            assert_eq!(shown, expected, "{hints:?}");
        };
        let (reds, blues) = (("home", "Reds"), ("away", "Sea Blues"));
        check(&[reds, blues, ("season", "2020"), ("week", "Week 3")], "g1 0.97");
        check(&[reds, blues, ("season", "2021")], "g2 0.85");
        check(&[reds, blues, ("week", "final")], "g2 0.85");
        check(&[reds, blues], "ambiguous 2");
        check(&[reds, blues, ("season", "1999")], "none");
        // At home or away: the order that is there counts.
        check(&[("home", "BLU"), ("away", "RED"), ("season", "2020")], "g3 0.85");
        check(&[("home", "Blues"), ("away", "GRN")], "g4 0.6");
        check(&[reds, ("away", "Greens"), ("season", "2020")], "none");
        check(&[reds, ("season", "2020"), ("week", "3")], "none");
    }
}
