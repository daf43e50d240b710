//! Entities that are two others and a date: a game is found through its two teams, its season and its week.
//!
//! A profile declares such a type with `pair`. The two are known by all the names the catalog has for them, so `KC at
//! LAC, Week 3` meets the attributes `away: KC`, `home: LAC`, `week: 3` whichever way the story writes the teams. What
//! a text may say of two is read by `resolve::read_pair`; here is what the catalog makes of it: the members by name,
//! and what is made of them, read once for a type; nothing is searched for a single mention.

use std::collections::{HashMap, HashSet};

use anyhow::Result;

use crate::model::{Attributes, EntityKey, LinkOutcome};
use crate::profile::Pair;
use crate::resolve::{self, Candidate, Method, PairMention, Resolution, ScorePart, Strictness, mention_key};
use crate::store::Read;

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
    /// Its values for the hints that tell apart what the same two make more than once.
    with: Vec<Option<String>>,
}

/// All of one type.
#[derive(Debug, Default)]
struct TypeMembers {
    /// The members by the words of their names.
    members: HashMap<String, Vec<EntityKey>>,
    /// Entities made of home and away.
    made: HashMap<(Side, Side), Vec<Made>>,
    /// Whatever is home or away of something.
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
    /// All that fit.
    pub(super) fitting: Vec<EntityKey>,
    /// In words.
    pub(super) remarks: Vec<String>,
}

/// The two that a mention names.
struct Two {
    home: Vec<Side>,
    away: Vec<Side>,
    /// As they are written, home first.
    written: [String; 2],
    /// True where it was said who is at home.
    is_ordered: bool,
    /// Words that are no part of their names.
    rest: Vec<String>,
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

    /// Reads the two from the hints.
    fn by_hints(
        &self,
        pair: &Pair,
        hints: &Attributes,
        ask: &mut dyn FnMut(&str) -> Result<Option<EntityKey>>,
    ) -> Result<Option<Two>> {
        let (Some(home), Some(away)) = (hints.get(&pair.home), hints.get(&pair.away)) else { return Ok(None) };
        let mut sides = vec![];
        for name in [home, away] {
            sides.push(match self.named(name) {
                Some(named) => named,
                None => ask(name)?.iter().map(side).collect(),
            });
        }
        let (Some(b), Some(a)) = (sides.pop(), sides.pop()) else { return Ok(None) };
        let two = Two { home: a, away: b, written: [home.clone(), away.clone()], is_ordered: true, rest: vec![] };
        Ok((!two.home.is_empty() && !two.away.is_empty()).then_some(two))
    }

    /// Reads the two from the text: of the ways it falls into two names of the catalog, the one that leaves least over.
    fn by_text(
        &self,
        text: Option<&PairMention>,
        ask: &mut dyn FnMut(&str) -> Result<Option<EntityKey>>,
    ) -> Result<Result<Two, Vec<String>>> {
        let Some(text) = text else { return Ok(Err(vec!["the mention does not name two".to_owned()])) };
        let mut best: Option<Two> = None;
        for split in &text.splits {
            let [first, second] = &split.members;
            if let (Some(first), Some(second)) = (self.name_at_end(first), self.name_at_start(second)) {
                let two = two(first, second, split.is_at);
                if best.as_ref().is_none_or(|best| two.rest.len() < best.rest.len()) {
                    best = Some(two);
                }
            }
        }
        if let Some(best) = best {
            return Ok(Ok(best));
        }
        let mut remarks = vec![];
        for (at, split) in text.splits.iter().enumerate() {
            let [first, second] = &split.members;
            let known = [self.name_at_end(first), self.name_at_start(second)];
            if at > 0 && known.iter().all(Option::is_none) {
                continue;
            }
            let mut found = vec![];
            for (known, words) in known.into_iter().zip([first, second]) {
                let name = without_article(words).join(" ");
                found.push(match known {
                    Some(known) => Some(known),
                    None => ask(&name)?.map(|entity| NamedMember { sides: vec![side(&entity)], name, rest: vec![] }),
                });
            }
            for (found, words) in found.iter().zip([first, second]) {
                if found.is_none() && remarks.len() < 2 {
                    remarks
                        .push(format!("`{}` names no member that the catalog knows", without_article(words).join(" ")));
                }
            }
            if let [Some(first), Some(second)] = &mut found[..] {
                return Ok(Ok(two(std::mem::take(first), std::mem::take(second), split.is_at)));
            }
        }
        Ok(Err(remarks))
    }

    fn name_at_end(&self, words: &[String]) -> Option<NamedMember> {
        (0..words.len()).find_map(|from| self.run(&words[from..], &words[..from]))
    }

    fn name_at_start(&self, words: &[String]) -> Option<NamedMember> {
        let words = without_article(words);
        (1..=words.len()).rev().find_map(|until| self.run(&words[..until], &words[until..]))
    }

    fn run(&self, words: &[String], rest: &[String]) -> Option<NamedMember> {
        let name = words.join(" ");
        let rest = rest.iter().filter(|word| !is_article(word)).cloned().collect();
        self.named(&name).map(|sides| NamedMember { sides, name, rest })
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

/// A name of the catalog among the words of a mention.
#[derive(Default)]
struct NamedMember {
    sides: Vec<Side>,
    name: String,
    rest: Vec<String>,
}

/// `A at B` means that B is at home; where nothing is said, the first may be either.
fn two(first: NamedMember, second: NamedMember, is_at: bool) -> Two {
    let rest = [first.rest, second.rest].concat();
    Two { home: second.sides, away: first.sides, written: [second.name, first.name], is_ordered: is_at, rest }
}

fn side(entity: &EntityKey) -> Side {
    // No words of a name hold the sign.
    format!("#{}", entity.0)
}

fn is_article(word: &str) -> bool {
    ["the", "a", "an"].iter().any(|article| word.eq_ignore_ascii_case(article))
}

fn without_article(words: &[String]) -> &[String] {
    match words {
        [article, rest @ ..] if is_article(article) && !rest.is_empty() => rest,
        _ => words,
    }
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
        let mut store = Store::open_in_memory("2026-01-01T00:00:00Z").unwrap();
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
            entity("stars", "team", "Stars-at-Law", &[], &[]),
            game("g5", "Stars-at-Law", "Arrow-Smiths", "2020", "1"),
        ] {
            tx.load_entity(&entity, "2026-01-01T00:00:00Z").unwrap();
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
        let of = PairType {
            name: "game",
            pair: &pair,
            types: vec!["game".to_owned()],
            member_types: vec!["team".to_owned()],
        };
        let mut pairs = Pairs::default();
        let mut find = |text: &str, hints: &[(&str, &str)]| {
            let hints: Attributes = hints.iter().map(|&(k, v)| (k.to_owned(), v.to_owned())).collect();
            let read = resolve::read_pair(text);
            let query = PairQuery { read, hints: &hints, strictness: Strictness::Default, explain: true };
            match pairs.find(store.read(), &of, &query, &mut |_| Ok(None)).unwrap() {
                Err(remarks) => format!("none: {}", remarks.join("; ")),
                Ok(PairResolution { resolution: Resolution { entity: None, outcome, .. }, fitting, .. }) => {
                    format!("{} {}", outcome.as_str(), fitting.len())
                }
                Ok(PairResolution { resolution: Resolution { entity: Some(entity), score, .. }, .. }) => {
                    format!("{} {score:.2}", store.read().entity(entity).unwrap().unwrap().id)
                }
            }
        };
        let mut check = |hints: &[(&str, &str)], expected: &str| {
            assert_eq!(find("", hints), expected, "{hints:?}");
        };
        let (reds, blues) = (("home", "Reds"), ("away", "Sea Blues"));
        check(&[reds, blues, ("season", "2020"), ("week", "Week 3")], "g1 0.97");
        check(&[reds, blues, ("season", "2021")], "g2 0.85");
        check(&[reds, blues, ("week", "final")], "g2 0.85");
        check(&[reds, blues], "ambiguous 2");
        check(&[reds, blues, ("season", "1999")], "unknown 0");
        // At home or away: the order that is there counts, and where it is not there, the other is likely.
        check(&[("home", "BLU"), ("away", "RED"), ("season", "2020")], "g3 0.85");
        check(&[("home", "BLU"), ("away", "RED"), ("season", "2020"), ("week", "3")], "g1 0.87");
        check(&[("home", "Blues"), ("away", "GRN")], "g4 0.54");
        check(&[reds, ("away", "GRN"), ("season", "2020")], "unknown 0");
        check(&[reds, ("season", "2020"), ("week", "3")], "none: the mention does not name two");

        for (text, expected) in [
            ("Reds vs Blues", "ambiguous 3"),
            ("Reds-Blues, 2021", "g2 0.85"),
            ("Week 3: BLU @ RED", "g1 0.85"),
            ("the Sea Blues–Reds game (2020)", "ambiguous 2"),
            ("BLU/RED 2020, week 9", "g3 0.97"),
            ("Blues at Reds, final", "g2 0.85"),
            ("the Blues at Reds final", "g2 0.85"),
            ("Reds at Blues, week 3", "g1 0.77"),
            ("Reds at Blues, week 5", "unknown 0"),
            ("Hill Greens v. Blues", "g4 0.60"),
            ("Greens v. Blues", "none: `Greens` names no member that the catalog knows"),
            ("Reds vs Zebras", "none: `Zebras` names no member that the catalog knows"),
            ("Stars-at-Law vs. Arrow-Smiths", "g5 0.60"),
            ("Arrow-Smiths-Stars-at-Law", "g5 0.60"),
            ("GRN-RED", "unknown 0"),
            ("Reds", "none: the mention does not name two"),
        ] {
            assert_eq!(find(text, &[]), expected, "{text}");
        }
    }
}
