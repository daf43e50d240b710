//! Entities that are two others and a date: a game is found through its two teams, its season and its week.
//!
//! A profile declares such a type with `pair`. The two are known by all the names the catalog has for them, so `KC at
//! LAC, Week 3` meets the attributes `away: KC`, `home: LAC`, `week: 3` whichever way the story writes the teams. What
//! a text may say of two is read by `resolve::read_pair`; here is what the catalog makes of it: the members by name,
//! and what is made of them, read once for a type; nothing is searched for a single mention.

mod two;

#[cfg(test)]
mod tests;

use std::collections::{HashMap, HashSet};

use anyhow::Result;

use crate::model::{Attributes, EntityKey, LinkOutcome};
use crate::profile::Pair;
use crate::resolve::{self, Candidate, Method, PairMention, Resolution, ScorePart, Strictness, mention_key};
use crate::store::Read;
use two::Two;

/// Probability that the only entity of two members is meant, by how many of the hints that tell theirs apart agree:
/// none, some, all. Two teams meet every year, so the members alone say little.
const LIKELY: [f64; 3] = [0.6, 0.85, 0.97];
/// Remainder of that where home and away are stated the other way round.
const SWAPPED: f64 = 0.9;
/// Candidates that a resolution lists.
const LISTED: usize = 5;

/// A member as it is compared: an entity by its key, or, where the catalog has none of that name, the words themselves.
type Side = String;

/// Entity made of two members.
#[derive(Clone, Debug)]
struct Made {
    entity: EntityKey,
    /// Values for the hints that tell apart what the same two make more than once.
    with: Vec<Option<String>>,
}

/// Entities of one type, and their members.
#[derive(Debug, Default)]
struct TypeMembers {
    /// The members by the words of their names.
    members: HashMap<String, Vec<EntityKey>>,
    /// Entities made of home and away.
    made: HashMap<(Side, Side), Vec<Made>>,
    /// Members that are home or away of something.
    sides: HashSet<Side>,
    entities: HashSet<EntityKey>,
}

/// The pairs of a catalog, by the profile's type; read when the first of a type is looked for.
#[derive(Debug, Default)]
pub(super) struct Pairs(HashMap<String, TypeMembers>);

/// A type that is a pair, as the profile and the catalog have it.
pub(super) struct PairType<'a> {
    /// The profile's word.
    pub(super) name: &'a str,
    /// Pair that the type is declared as.
    pub(super) pair: &'a Pair,
    /// The catalog's types of it.
    pub(super) types: Vec<String>,
    /// The catalog's types of its members.
    pub(super) member_types: Vec<String>,
}

/// Mention as it is prepared before the catalog is asked.
pub(super) struct PairQuery<'a> {
    /// The mention, taken apart where it can be.
    pub(super) read: Option<PairMention>,
    pub(super) hints: &'a Attributes,
    /// Strictness of links.
    pub(super) strictness: Strictness,
    /// True where candidates carry reasons.
    pub(super) explain: bool,
}

/// Result of resolving a mention through its members.
pub(super) struct PairResolution {
    /// Linked, ambiguous, or unknown where the two never meet so.
    pub(super) resolution: Resolution,
    /// Entities that fit.
    pub(super) fitting: Vec<EntityKey>,
    /// Remarks in words.
    pub(super) remarks: Vec<String>,
}

impl Pairs {
    /// Decides which entity is made of the members that a mention or its hints name. `Err` in words where they name
    /// none that the catalog knows. `ask` finds a member by a name that is not exactly in the catalog.
    pub(super) fn find(
        &mut self,
        read: Read<'_>,
        of: &PairType<'_>,
        query: &PairQuery<'_>,
        ask: &mut dyn FnMut(&str) -> Result<Option<EntityKey>>,
    ) -> Result<Result<PairResolution, Vec<String>>> {
        if !self.0.contains_key(of.name) {
            self.0.insert(of.name.to_owned(), TypeMembers::read(read, of)?);
        }
        let known = &self.0[of.name];
        let two = match known.by_hints(of.pair, query.hints, ask)? {
            Some(two) => Ok(two),
            None => known.by_text(query.read.as_ref(), ask)?,
        };
        Ok(match two {
            Ok(two) => Ok(known.pair_decision(read, of.pair, query, &two)?),
            Err(remarks) => Err(remarks),
        })
    }

    /// Returns whether the catalog says of which members an entity is made.
    pub(super) fn is_made(&self, entity_type: &str, entity: EntityKey) -> bool {
        self.0.get(entity_type).is_some_and(|known| known.entities.contains(&entity))
    }
}

impl TypeMembers {
    fn read(read: Read<'_>, of: &PairType<'_>) -> Result<TypeMembers> {
        let mut known = TypeMembers::default();
        for catalog_type in &of.member_types {
            read.each_name_of_type(catalog_type, |entity, name| {
                let bearers = known.members.entry(mention_key(name)).or_default();
                if !bearers.contains(&entity) {
                    bearers.push(entity);
                }
            })?;
        }
        known.members.remove("");
        let pair = of.pair;
        for catalog_type in &of.types {
            read.each_of_type(catalog_type, |entity, attributes| {
                let (Some(home), Some(away)) = (attributes.get(&pair.home), attributes.get(&pair.away)) else { return };
                let with: Vec<_> = pair.with.iter().map(|hint| attributes.get(hint).map(|value| word(value))).collect();
                for home in known.sides_of(home) {
                    for away in known.sides_of(away) {
                        known.sides.extend([home.clone(), away.clone()]);
                        let made = Made { entity, with: with.clone() };
                        known.made.entry((home.clone(), away)).or_default().push(made);
                    }
                }
                known.entities.insert(entity);
            })?;
        }
        Ok(known)
    }

    /// Returns what a name may be: the entities called so, else the words themselves.
    fn sides_of(&self, name: &str) -> Vec<Side> {
        let words = mention_key(name);
        match self.members.get(&words) {
            Some(entities) => entities.iter().map(side).collect(),
            None => vec![words],
        }
    }

    /// Returns what a name is, where it is exactly one of the catalog's.
    fn named(&self, name: &str) -> Option<Vec<Side>> {
        let mut sides = self.sides_of(name);
        sides.retain(|side| side.starts_with('#') || self.sides.contains(side));
        (!sides.is_empty()).then_some(sides)
    }

    /// Entities made of two, home and away as stated, else the other way round.
    fn pair_decision(&self, read: Read<'_>, pair: &Pair, query: &PairQuery<'_>, two: &Two) -> Result<PairResolution> {
        let stated = self.made_of(&two.home, &two.away);
        let swapped = self.made_of(&two.away, &two.home);
        let wanted = wanted(pair, query);
        let mut also: Vec<String> = query.read.iter().flat_map(|read| &read.also).map(|words| word(words)).collect();
        also.push(mention_key(&two.rest.join(" ")));
        let fits = |made: &[&Made], factor: f64| -> Vec<(EntityKey, f64)> {
            let agreeing: Vec<(EntityKey, usize)> =
                made.iter().filter_map(|made| Some((made.entity, made.agrees(&wanted, &also)?))).collect();
            // `wild card` beside the names chooses among what fits; what else stands there chooses nothing.
            let most = agreeing.iter().map(|(_, n)| *n).max().unwrap_or(0);
            let likely = LIKELY[if most == 0 { 0 } else { 1 + usize::from(most >= pair.with.len()) }];
            agreeing.into_iter().filter(|(_, n)| *n == most).map(|(entity, _)| (entity, likely * factor)).collect()
        };
        let mut fitting = fits(&stated, 1.0);
        if !two.is_ordered {
            fitting.extend(fits(&swapped, 1.0));
        } else if fitting.is_empty() {
            fitting = fits(&swapped, SWAPPED);
        }
        fitting.sort_by_key(|(entity, _)| *entity);
        fitting.dedup_by_key(|(entity, _)| *entity);
        let mut meetings: Vec<&Made> = stated.iter().chain(&swapped).copied().collect();
        meetings.sort_by_key(|made| made.entity);
        meetings.dedup_by_key(|made| made.entity);

        let reasons = |made: &Made| -> Vec<ScorePart> {
            if !query.explain {
                return vec![];
            }
            let swap = stated.iter().all(|other| other.entity != made.entity);
            let [home, away] =
                if swap { [&two.written[1], &two.written[0]] } else { [&two.written[0], &two.written[1]] };
            let order = if swap && two.is_ordered { ", the other way round than told" } else { "" };
            let mut reasons = vec![format!("{}: {home}, {}: {away}{order}", pair.home, pair.away)];
            for ((hint, wanted), has) in pair.with.iter().zip(&wanted).zip(&made.with) {
                reasons.push(match (wanted, has) {
                    (Some(wanted), Some(has)) if wanted == has => format!("{hint} {has} agrees"),
                    (Some(wanted), Some(has)) => format!("{hint} is {has}, not {wanted}"),
                    (Some(wanted), None) => format!("no {hint} to compare with {wanted}"),
                    (None, Some(has)) if is_said(has, &also) => format!("{hint} {has} agrees"),
                    (None, Some(has)) => format!("{hint} is {has}, the mention says none"),
                    (None, None) => continue,
                });
            }
            reasons.into_iter().map(|what| ScorePart { what, value: 0.0 }).collect()
        };
        let candidate =
            |made: &&Made, score: f64| Candidate { score, parts: reasons(made), ..Candidate::decided(made.entity) };
        let mut remarks = vec![];
        if query.explain {
            for (name, sides) in two.written.iter().zip([&two.home, &two.away]) {
                remarks.extend(called(read, name, sides)?);
            }
        }
        let score = fitting.first().map_or(0.0, |(_, likely)| likely / fitting.len() as f64);
        let is_linked = fitting.len() == 1 && score >= query.strictness.threshold();
        let shown: Vec<Candidate> = if fitting.is_empty() {
            meetings.iter().take(LISTED).map(|made| candidate(made, 0.0)).collect()
        } else {
            let fits = |made: &&&Made| fitting.iter().any(|(entity, _)| *entity == made.entity);
            meetings.iter().filter(fits).take(LISTED).map(|made| candidate(made, score)).collect()
        };
        if query.explain {
            let all: Vec<String> = pair
                .with
                .iter()
                .zip(&wanted)
                .filter_map(|(hint, wanted)| wanted.as_ref().map(|wanted| format!("{hint} {wanted}")))
                .collect();
            let of =
                if all.is_empty() { String::new() } else { format!(", {} with {}", fitting.len(), all.join(" and ")) };
            remarks.push(format!("the catalog has {} of the two{of}", meetings.len()));
        }
        Ok(PairResolution {
            resolution: Resolution {
                outcome: match fitting.len() {
                    _ if is_linked => LinkOutcome::Linked,
                    0 => LinkOutcome::Unknown,
                    1 => LinkOutcome::Unknown,
                    _ => LinkOutcome::Ambiguous,
                },
                entity: fitting.first().map(|(entity, _)| *entity).filter(|_| is_linked),
                score,
                method: if is_linked { Method::Pair } else { Method::None },
                candidates: shown,
            },
            fitting: fitting.into_iter().map(|(entity, _)| entity).collect(),
            remarks,
        })
    }

    fn made_of(&self, homes: &[Side], aways: &[Side]) -> Vec<&Made> {
        let mut found: Vec<&Made> = vec![];
        for home in homes {
            for away in aways {
                found.extend(self.made.get(&(home.clone(), away.clone())).into_iter().flatten());
            }
        }
        found.sort_by_key(|made| made.entity);
        found.dedup_by_key(|made| made.entity);
        found
    }
}

impl Made {
    /// Returns how many of the wanted values it has; `None` if one differs.
    fn agrees(&self, wanted: &[Option<String>], also: &[String]) -> Option<usize> {
        let mut n = 0;
        for (wanted, has) in wanted.iter().zip(&self.with) {
            match (wanted, has) {
                (Some(wanted), Some(has)) if wanted != has => return None,
                (Some(_), Some(_)) => n += 1,
                (None, Some(has)) => n += usize::from(is_said(has, also)),
                _ => {}
            }
        }
        Some(n)
    }
}

/// Returns whether a value in words (`wild card`, not `5`) stands in what else a mention says.
fn is_said(value: &str, also: &[String]) -> bool {
    value.bytes().any(|byte| byte.is_ascii_alphabetic())
        && also.iter().any(|words| format!(" {words} ").contains(&format!(" {value} ")))
}

fn side(entity: &EntityKey) -> Side {
    // No words of a name hold the sign.
    format!("#{}", entity.0)
}

/// Wishes of the mention for the hints that tell apart: its own hints, else what its text says.
fn wanted(pair: &Pair, query: &PairQuery<'_>) -> Vec<Option<String>> {
    let said = |hint: &String| {
        let stated = query.read.iter().flat_map(|read| &read.stated);
        stated.clone().find(|(label, _)| resolve::mean_the_same(label, hint)).map(|(_, value)| value.clone())
    };
    pair.with.iter().map(|hint| query.hints.get(hint).map(|value| word(value)).or_else(|| said(hint))).collect()
}

/// Says what a name is in the catalog: `KC` is Kansas City Chiefs.
fn called(read: Read<'_>, name: &str, sides: &[Side]) -> Result<Option<String>> {
    let mut names = vec![];
    for side in sides.iter().take(LISTED) {
        if let Some(key) = side.strip_prefix('#').and_then(|key| key.parse().ok()) {
            names.extend(read.entity_name(EntityKey(key))?.map(|(_, _, name)| name));
        }
    }
    Ok((!names.is_empty()).then(|| format!("`{name}` is {}", names.join(" or "))))
}

/// Returns a season or a week as it is compared: `Week 5` is `5`.
fn word(value: &str) -> String {
    let words = mention_key(value);
    match words.rsplit(' ').next() {
        Some(last) if last.bytes().all(|byte| byte.is_ascii_digit()) && !last.is_empty() => last.to_owned(),
        _ => words,
    }
}
