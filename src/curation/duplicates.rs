//! Likely duplicates within a type of the catalog, by the resolver's own score.
//!
//! An entity asked for in an index that has itself finds itself, and hardly anything else: what is exactly explained is
//! not looked for any further. So the entities are dealt into hands, and each is asked of all hands but its own; how
//! they are dealt changes from round to round, so that two that sat together are apart in the next. One round more asks
//! the whole, which is where names of the same words always meet.

use std::collections::BTreeMap;

use anyhow::Result;
use serde::Serialize;

use crate::curation::cluster::beside;
use crate::interrupt;
use crate::model::{Attributes, Entity, EntityKey};
use crate::resolve::{Builder, Method, Query, Resident, Resolver, WordRole, is_numbering, mention_key, name_words};
use crate::store::Read;
use crate::text::fold;

/// Hands that entities are dealt into: the more, the fewer others are out of sight with the one that is asked for.
const HANDS: usize = 16;
/// Rounds. All pairs of 4,096 entities are apart in one of three, and of more entities all but one pair in 4,096.
const ROUNDS: u32 = 3;

/// Probability at most that two are one of which only one has a generation: father and son as well as one person.
const MAY_BE_SON: f64 = 0.5;

/// Two entities that may be one.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Duplicate {
    /// Probability that they are one.
    pub score: f64,
    /// The one loaded first.
    pub a: Named,
    /// The other.
    pub b: Named,
}

/// An entity in a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Named {
    /// The user's id.
    pub id: String,
    /// The catalog's type.
    #[serde(rename = "type")]
    pub entity_type: String,
    /// The preferred name.
    pub name: String,
    /// Attributes that the catalog has of it.
    pub attributes: Attributes,
}

/// Finds likely duplicates within each type of the catalog, or one of them, best first. `on_part` is told of each part
/// of the work, of which there are as many as entities.
pub fn duplicates(
    read: Read<'_>,
    entity_type: Option<&str>,
    least: f64,
    mut on_part: impl FnMut(u64),
) -> Result<Vec<Duplicate>> {
    let mut found = vec![];
    for kind in read.catalog_types()? {
        if entity_type.is_some_and(|wanted| fold(wanted) != fold(&kind)) {
            continue;
        }
        let mut entities = vec![];
        read.each_entity_of(&kind, |key, entity| entities.push((key, entity)))?;
        for ((a, b), score) in within(&entities, least)? {
            if score >= least {
                let named = |at: usize| {
                    let entity = &entities[at].1;
                    Named {
                        id: entity.id.to_string(),
                        entity_type: kind.clone(),
                        name: entity.name.clone(),
                        attributes: entity.attributes.clone(),
                    }
                };
                found.push(Duplicate { score, a: named(a), b: named(b) });
            }
        }
        on_part(entities.len() as u64);
    }
    found.sort_by(|x, y| {
        y.score.total_cmp(&x.score).then_with(|| (&x.a.name, &x.a.id, &x.b.id).cmp(&(&y.a.name, &y.a.id, &y.b.id)))
    });
    Ok(found)
}

/// Returns the pairs of entities of one type that resemble each other, by their places.
fn within(entities: &[(EntityKey, Entity)], least: f64) -> Result<BTreeMap<(usize, usize), f64>> {
    let n = entities.len();
    let hands = n.clamp(2, HANDS);
    let mut towards = Towards { least, scores: BTreeMap::new() };
    let mut round = 0;
    let mut unit = 1;
    // Digits of an entity's place: two different places differ in one of them.
    while unit < n && round < ROUNDS {
        ask_others(entities, hands, &|at| at / unit % hands, &mut towards)?;
        unit *= hands;
        round += 1;
    }
    ask_all(entities, &mut towards)?;
    let mut pairs = BTreeMap::new();
    for &(from, to) in towards.scores.keys() {
        let (a, b) = (from.min(to), from.max(to));
        if let Some(score) = towards.both_ways(a, b)
            && !is_numbered_otherwise(&entities[a].1.name, &entities[b].1.name)
        {
            let is_told_apart = has_one_a_generation(&entities[a].1.name, &entities[b].1.name);
            pairs.insert((a, b), if is_told_apart { score.min(MAY_BE_SON) } else { score });
        }
    }
    Ok(pairs)
}

/// Asks for every entity among the hands it is not in: were it not in the catalog, would its name mean another one?
fn ask_others(
    entities: &[(EntityKey, Entity)],
    hands: usize,
    hand: &dyn Fn(usize) -> usize,
    towards: &mut Towards,
) -> Result<()> {
    let mut resolver = Resolver::new(index(entities, hands, hand)?)?;
    for own in 0..hands {
        let others: Vec<String> = (0..hands).filter(|&other| other != own).map(word).collect();
        for at in (0..entities.len()).filter(|&at| hand(at) == own) {
            interrupt::check()?;
            let (_, entity) = &entities[at];
            let bare = Query { text: &entity.name, types: &others, hints: &Attributes::new(), context: "" };
            let by_name = resolver.resolve(&bare)?;
            let Some(best) = by_name.candidates.first().filter(|_| by_name.score >= towards.least) else { continue };
            // What is of one kind shares attributes; they may speak against two being one, not for it.
            let informed = resolver.resolve(&Query { hints: &entity.attributes, ..bare })?;
            if informed.candidates.first().is_some_and(|other| other.entity == best.entity) {
                let is_exact = matches!(by_name.method, Method::Exact | Method::Alias);
                towards.note(at, best.entity, by_name.score.min(informed.score), is_exact)?;
            }
        }
    }
    Ok(())
}

/// Asks for every entity in the whole, where those of the same words are found however many they are.
fn ask_all(entities: &[(EntityKey, Entity)], towards: &mut Towards) -> Result<()> {
    let mut resolver = Resolver::new(index(entities, 1, &|_| 0)?)?;
    for (at, (_, entity)) in entities.iter().enumerate() {
        interrupt::check()?;
        let itself = [EntityKey(i64::try_from(at)?)];
        let bare = Query { text: &entity.name, types: &[], hints: &Attributes::new(), context: "" };
        let by_name = resolver.alike(&bare, &itself)?;
        if by_name.iter().all(|candidate| candidate.score < towards.least) {
            continue;
        }
        let informed = resolver.alike(&Query { hints: &entity.attributes, ..bare }, &itself)?;
        for candidate in by_name {
            if let Some(other) = informed.iter().find(|other| other.entity == candidate.entity) {
                towards.note(at, candidate.entity, candidate.score.min(other.score), false)?;
            }
        }
    }
    Ok(())
}

/// Similarity of an entity with another, by their places; what is less than `least` is not noted.
struct Towards {
    least: f64,
    /// Pairs, each with whether the name of the one is one of the other's.
    scores: BTreeMap<(usize, usize), (f64, bool)>,
}

impl Towards {
    fn note(&mut self, from: usize, to: EntityKey, score: f64, is_exact: bool) -> Result<()> {
        if score >= self.least {
            let known = self.scores.entry((from, usize::try_from(to.0)?)).or_insert((0.0, false));
            *known = (known.0.max(score), known.1 || is_exact);
        }
        Ok(())
    }

    /// Returns how likely two are one. Resemblance goes both ways: that a part of a name may mean the whole does not
    /// make the two one. But a name that the other has as an alias says enough, whatever the way back.
    fn both_ways(&self, a: usize, b: usize) -> Option<f64> {
        let ways = [self.scores.get(&(a, b)), self.scores.get(&(b, a))];
        let exact = ways.iter().flatten().filter(|(_, is_exact)| *is_exact).map(|(score, _)| *score);
        exact.reduce(f64::max).or_else(|| Some(ways[0]?.0.min(ways[1]?.0)))
    }
}

/// Returns whether two names are numbered, and otherwise: `STS-41-C` and `STS-41-G`, `Super Bowl LV` and `Super Bowl
/// LVI`.
fn is_numbered_otherwise(a: &str, b: &str) -> bool {
    let (a, b) = (mention_key(a), mention_key(b));
    let is_numbered = |words: Vec<&str>| words.into_iter().any(is_numbering);
    is_numbered(beside(&a, &b)) && is_numbered(beside(&b, &a))
}

/// Returns whether only one of two names has a generation: *Ada Lovelace Jr.* may be her daughter.
fn has_one_a_generation(a: &str, b: &str) -> bool {
    let is_generation = |(_, role): &(String, WordRole)| *role == WordRole::Generation;
    let has = |name: &str| name_words(name).iter().any(is_generation);
    has(a) != has(b)
}

/// Packs the entities with their hands as their types, which a query can choose from.
fn index(entities: &[(EntityKey, Entity)], hands: usize, hand: &dyn Fn(usize) -> usize) -> Result<Resident> {
    let mut builder = Builder::new();
    for own in 0..hands {
        for (at, (_, entity)) in entities.iter().enumerate().filter(|(at, _)| hand(*at) == own) {
            builder.add(EntityKey(i64::try_from(at)?), &Entity { entity_type: word(own), ..entity.clone() });
        }
    }
    builder.resident()
}

fn word(hand: usize) -> String {
    format!("hand {hand}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::EntityId;

    /// Names with ` | ` before each alias and ` @ ` before the country; finds these pairs from 0.7 on.
    fn check(names: &[&str], expected: &[&str]) {
        let entity = |text: &&str| {
            let (text, country) = text.split_once(" @ ").unwrap_or((text, ""));
            let mut names = text.split(" | ").map(str::to_owned);
            let mut attributes = Attributes::new();
            if !country.is_empty() {
                attributes.insert("country".into(), country.into());
            }
            let name = names.next().unwrap();
            Entity { id: EntityId::new(text), entity_type: "x".into(), name, aliases: names.collect(), attributes }
        };
        let entities: Vec<_> = names.iter().map(|name| (EntityKey(0), entity(name))).collect();
        let pairs: Vec<_> = within(&entities, 0.5).unwrap().into_iter().filter(|(_, score)| *score >= 0.7).collect();
        let name = |at: usize| entities[at].1.name.as_str();
        let found: Vec<String> = pairs.iter().map(|((a, b), _)| format!("{} = {}", name(*a), name(*b))).collect();
        assert_eq!(found, expected, "{pairs:?}");
    }

    #[test]
    fn the_same_in_other_words_is_found_and_what_only_looks_alike_is_not() {
        check(
            &["Acme Corporation", "ACME Inc.", "Acme Robotics", "Umbrella Robotics", "Acme GmbH"],
            &["Acme Corporation = ACME Inc.", "Acme Corporation = Acme GmbH", "ACME Inc. = Acme GmbH"],
        );
        check(&["Robert Jones", "Bob Jones", "Jimmy Jones"], &["Robert Jones = Bob Jones"]);
        check(
            &["Margarethe Vandenberg", "Margarethe Vandenburg", "Otto Pereira"],
            &["Margarethe Vandenberg = Margarethe Vandenburg"],
        );
        check(
            &["International Business Machines | IBM", "IBM", "Big Blue"],
            &["International Business Machines = IBM"],
        );
        check(&["STS-41-B", "STS-41-C", "STS-41-G", "Apollo 11", "Apollo 12", "Super Bowl LV", "Super Bowl LVI"], &[]);
        check(&["Josh Allen @ US", "Josh Allen @ US", "John Allen @ US"], &["Josh Allen = Josh Allen"]);
        check(&["Space Shuttle Columbia", "Space Shuttle Atlantis", "Space Shuttle Challenger"], &[]);
        check(&["Ada Lovelace", "Ada Lovelace Jr.", "Rex Baldwin III", "Rex Baldwin"], &[]);
        check(&["Ada Lovelace Jr.", "Ada Lovelace, Jr"], &["Ada Lovelace Jr. = Ada Lovelace, Jr"]);
        check(&["!!!", "😀", "Acme"], &[]);
        check(&["Acme"], &[]);
        check(&[], &[]);
    }

    #[test]
    fn pairs_are_found_however_far_apart_they_stand() {
        let word = |n: usize| {
            ["Bra", "Mio", "Lu", "Ther", "Vin", "Gor", "Pe"].map(|part| part.repeat(1 + n % 2))[n % 7].clone()
        };
        let names: Vec<String> =
            (0..300).map(|n| format!("{}{} {}{}", word(n), word(n / 7), word(n / 49), n)).collect();
        let mut names: Vec<&str> = names.iter().map(String::as_str).collect();
        // Together in every round but the last.
        names[1] = "Robert Q. Halloran";
        names[257] = "Bob Halloran";
        check(&names, &["Robert Q. Halloran = Bob Halloran"]);
    }
}
