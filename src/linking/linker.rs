//! Links mentions to entities: the resolver over the database, remembered decisions first.
//!
//! A [`Linker`] reads the name index (`name_index` keeps it true, `blocks` fetches it), lays the few entities changed
//! since over it, and, where there is no index that can be used, packs one in memory. So linking is right whoever
//! changed the catalog, and fast where `load entities` did. A group is decided as a whole; `pairs` finds what two
//! members make.

use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use anyhow::Result;

use super::blocks::{IndexBlocks, Load};
use super::known_mentions::{KnownMention, KnownMentions};
use super::name_index::{is_current, is_usable, whole_catalog};
use super::pairs::{PairQuery, PairType, Pairs};
use super::precedence::{self, Ruling};
use crate::model::{Attributes, EntityKey, LinkOutcome, Mention};
use crate::profile::{EntityType, Pair, Profile};
use crate::resolve::{self, Builder, Candidate, Compared, Described, Method, Query, Resolution, Resolver, Strictness};
use crate::store::{LinkedMention, Read, StoredDecision};
use crate::text::is_same;

/// Links mentions; one for a whole import, so that its blocks and prepared hints are used again.
pub struct Linker<'a> {
    read: Read<'a>,
    resolver: Resolver<IndexBlocks<'a>>,
    decisions: HashMap<String, Vec<StoredDecision>>,
    /// Catalog types for each of the profile's, worked out once.
    scopes: HashMap<String, Rc<[String]>>,
    pairs: Pairs,
    /// True where the catalog knows the two that the last mention names.
    has_members: bool,
    /// Remarks on the two, or on why the catalog does not know them.
    remarks: Vec<String>,
    /// By entity: what it says of those named beside it.
    around: HashMap<EntityKey, (String, String)>,
    /// Resolutions of mentions by themselves.
    known: KnownMentions,
}

impl<'a> Linker<'a> {
    /// Opens the linker over a database.
    pub fn open(read: Read<'a>, strictness: Strictness, load: Load) -> Result<Linker<'a>> {
        let mut resolver = if is_usable(read)? {
            let mut resolver = Resolver::new(IndexBlocks::open(read, load)?)?;
            Self::lay_over(read, &mut resolver)?;
            resolver
        } else {
            Resolver::new(IndexBlocks::Memory(whole_catalog(read)?.resident()?))?
        };
        resolver.strictness = strictness;
        // The index is also what tells whether this program has made the keys.
        let are_keys_current = is_current(read)?;
        let mut decisions: HashMap<String, Vec<StoredDecision>> = HashMap::new();
        for stored in read.stored_decisions()? {
            let key = match are_keys_current {
                true => stored.mention_key.clone(),
                false => resolve::mention_key(&stored.decision.mention),
            };
            decisions.entry(key).or_default().push(stored);
        }
        decisions.values_mut().for_each(|about_one| precedence::sort(about_one));
        Ok(Linker {
            read,
            resolver,
            decisions,
            scopes: HashMap::new(),
            pairs: Pairs::default(),
            has_members: false,
            remarks: Vec::new(),
            around: HashMap::new(),
            known: KnownMentions::default(),
        })
    }

    fn lay_over(read: Read<'a>, resolver: &mut Resolver<IndexBlocks<'a>>) -> Result<()> {
        let stale = read.stale_entities()?;
        if stale.is_empty() {
            return Ok(());
        }
        let mut changed = Vec::new();
        for &key in &stale {
            changed.extend(read.entity(key)?.map(|entity| (key, entity)));
        }
        changed
            .sort_by(|a, b| a.1.entity_type.cmp(&b.1.entity_type).then_with(|| a.1.id.as_str().cmp(b.1.id.as_str())));
        let mut builder = Builder::new();
        for (key, entity) in &changed {
            builder.add(*key, entity);
        }
        resolver.overlay(builder, stale.into_iter().collect::<HashSet<_>>())
    }

    /// Asks for the parts of every score.
    pub fn explain(&mut self, explain: bool) {
        self.resolver.explain = explain;
    }

    /// Decides about the mentions of one group, in their order: each by itself, and what that leaves open, or only
    /// likely, once more with its group. Of the candidates a decision keeps the best.
    ///
    /// One profile a linker: what is decided about a mention by itself is remembered without it.
    pub fn link(&mut self, profile: &Profile, mentions: &[Mention]) -> Result<Vec<Resolution>> {
        let mut resolutions = Vec::with_capacity(mentions.len());
        let mut open = vec![];
        for (at, mention) in mentions.iter().enumerate() {
            let known = self.alone(profile, mention)?;
            resolutions.push(known.resolution.clone());
            if known.is_open {
                open.push(at);
            }
        }
        if mentions.len() > 1 && !open.is_empty() {
            // What the story itself says comes first; what is only known of what it names, where that does not suffice.
            let (mut context, known) = self.context_of(mentions, &resolutions)?;
            self.look_again(profile, mentions, &open, &context, &mut resolutions)?;
            if !known.is_empty() {
                context.push_str(&known);
                let is_open = |at: &usize| resolutions[*at].outcome != LinkOutcome::Linked;
                let open: Vec<usize> = open.iter().copied().filter(is_open).collect();
                self.look_again(profile, mentions, &open, &context, &mut resolutions)?;
            }
            self.by_full_name(mentions, &open, &mut resolutions)?;
        }
        for (mention, resolution) in mentions.iter().zip(&mut resolutions) {
            self.fall_back((&mention.entity_type, &mention.text, &mention.hints), resolution);
        }
        Ok(resolutions)
    }

    /// Decides about a mention by itself, once for all groups that have it.
    fn alone(&mut self, profile: &Profile, mention: &Mention) -> Result<&KnownMention> {
        if !self.known.has(mention) {
            let types = self.types_for(profile, &mention.entity_type);
            let query = Query { text: &mention.text, types: &types, hints: &mention.hints, context: "" };
            let (mut resolution, compared) = self.decide_once(profile, &mention.entity_type, &query)?;
            resolution.candidates.truncate(1);
            let is_open = !is_settled(&resolution) && !self.has_members;
            let compared = compared.filter(|_| is_open);
            self.known.put(mention, KnownMention { resolution, is_open, compared });
        }
        Ok(self.known.get(mention))
    }

    /// Decides once more about some mentions of a group, with what stands around them; people's decisions stay.
    fn look_again(
        &mut self,
        profile: &Profile,
        mentions: &[Mention],
        open: &[usize],
        context: &str,
        resolutions: &mut [Resolution],
    ) -> Result<()> {
        for &at in open {
            let mention = &mentions[at];
            let types = self.types_for(profile, &mention.entity_type);
            let query = Query { text: &mention.text, types: &types, hints: &mention.hints, context };
            if let Ruling::Not(refused) = self.ruling(&mention.entity_type, &query) {
                let plain = std::mem::replace(&mut resolutions[at], Resolution::unknown());
                let mut compared = self.known.take_compared(mention);
                resolutions[at] = self.resolver.look_again(&query, &refused, plain, &mut compared)?;
                resolutions[at].candidates.truncate(1);
                self.known.put_compared(mention, compared);
            }
        }
        Ok(())
    }

    /// The names a group mentions, with the other names of what was linked surely, as context for each other; and the
    /// telling values of that.
    fn context_of(&mut self, mentions: &[Mention], resolutions: &[Resolution]) -> Result<(String, String)> {
        let (mut named, mut known) = (String::new(), String::new());
        for mention in mentions {
            add_name(&mut named, None, &mention.text);
            for value in mention.hints.values().filter(|value| is_name(value)) {
                add_name(&mut named, None, value);
            }
        }
        for resolution in resolutions.iter().filter(|d| d.outcome == LinkOutcome::Linked && d.score >= SURE) {
            let Some(entity) = resolution.entity else { continue };
            if !self.around.contains_key(&entity) {
                let around = self.around_of(entity, resolution.candidates.first())?;
                if self.around.len() >= AROUND_MAX {
                    self.around.clear();
                }
                self.around.insert(entity, around);
            }
            let (names, values) = &self.around[&entity];
            named.push_str(names);
            known.push_str(values);
        }
        Ok((named, known))
    }

    /// Evidence of an entity for those named beside it: its names, and its telling values.
    fn around_of(&self, entity: EntityKey, candidate: Option<&Candidate>) -> Result<(String, String)> {
        let (mut named, mut known) = (String::new(), String::new());
        if let Some(candidate) = candidate.filter(|candidate| candidate.is_indexed()) {
            for (at, value) in self.resolver.surroundings(candidate)?.iter().take(VALUES_MAX).enumerate() {
                match at {
                    0 => add_name(&mut named, None, value),
                    _ => add_name(&mut known, Some(resolve::KNOWN_VALUE), value),
                }
            }
        }
        for name in self.read.some_names(entity, OTHER_NAMES)? {
            add_name(&mut named, Some(resolve::OTHER_NAME), &name);
        }
        Ok((named, known))
    }

    /// Link of a full name, which its surname shares, its surname means too; and where the full name is nobody's in the
    /// catalog, the surname is none of the namesakes there.
    fn by_full_name(&mut self, mentions: &[Mention], open: &[usize], resolutions: &mut [Resolution]) -> Result<()> {
        let mut by_last: HashMap<String, Vec<usize>> = HashMap::new();
        for (at, mention) in mentions.iter().enumerate() {
            by_last.entry(resolve::last_name(&mention.text)).or_default().push(at);
        }
        let mut again = vec![];
        for &at in open {
            let mention = &mentions[at];
            // What its own hints link is not the full name's to change: two of one name may stand in one story.
            if resolutions[at].outcome == LinkOutcome::Linked && !mention.hints.is_empty() {
                continue;
            }
            let mut seen = HashSet::new();
            let mut is_full = |&other: &usize| {
                let full = &mentions[other];
                full.entity_type == mention.entity_type
                    && resolve::is_name_again(&mention.text, &full.text)
                    && !contradict(&mention.hints, &full.hints)
                    && seen.insert(resolve::mention_key(&full.text))
            };
            let bearers = &by_last[&resolve::last_name(&mention.text)];
            if let [full] = bearers.iter().copied().filter(|other| is_full(other)).collect::<Vec<_>>()[..] {
                again.push((at, full));
            }
        }
        for (at, full) in again {
            let mention = &mentions[at];
            match (resolutions[full].outcome, resolutions[full].entity) {
                (LinkOutcome::Linked, Some(entity))
                    if resolutions[at].entity != Some(entity) && !self.is_refused(mention, entity) =>
                {
                    resolutions[at] = Resolution { method: Method::Context, ..resolutions[full].clone() };
                }
                (LinkOutcome::Unknown, _) if resolutions[at].outcome == LinkOutcome::Linked => {
                    let Some(best) = resolutions[at].candidates.first().filter(|c| c.is_indexed()) else { continue };
                    if resolve::are_namesakes(&mentions[full].text, &self.resolver.describe(best)?.name) {
                        let candidates = std::mem::take(&mut resolutions[at].candidates);
                        resolutions[at] = Resolution { candidates, ..Resolution::unknown() };
                    }
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Returns whether people decided that a mention is not an entity.
    fn is_refused(&self, mention: &Mention, entity: EntityKey) -> bool {
        let query = Query { text: &mention.text, types: &[], hints: &mention.hints, context: "" };
        match self.ruling(&mention.entity_type, &query) {
            Ruling::Not(refused) => refused.contains(&entity),
            Ruling::Is(_) | Ruling::Nothing => true,
        }
    }

    /// Decides about one mention: by its name, else, where the profile says that its type is a pair, by its members.
    /// Without a type, the profile's pairs are tried one after the other.
    pub fn decide(&mut self, profile: &Profile, entity_type: &str, query: &Query<'_>) -> Result<Resolution> {
        let mut resolution = self.decide_once(profile, entity_type, query)?.0;
        self.fall_back((entity_type, query.text, query.hints), &mut resolution);
        Ok(resolution)
    }

    /// Puts in place of no link what people decided for where nothing else links a mention.
    fn fall_back(&self, (entity_type, text, hints): (&str, &str, &Attributes), resolution: &mut Resolution) {
        let is_open = resolution.outcome != LinkOutcome::Linked && resolution.method != Method::Decision;
        if !is_open || self.decisions.is_empty() {
            return;
        }
        let Some(about_it) = self.decisions.get(&resolve::mention_key(text)) else { return };
        match precedence::fallback(about_it, entity_type, hints) {
            Some(Ruling::Is(entity)) => *resolution = decided(entity),
            Some(Ruling::Nothing) => *resolution = decided_as_nothing(),
            _ => {}
        }
    }

    /// Decides about one mention, and returns what it was compared with as a whole.
    fn decide_once(
        &mut self,
        profile: &Profile,
        entity_type: &str,
        query: &Query<'_>,
    ) -> Result<(Resolution, Option<Compared>)> {
        self.remarks.clear();
        self.has_members = false;
        let mut found = self.resolve(entity_type, query)?;
        let compared = self.resolver.compared()?;
        let pairs = profile.types.iter().filter_map(|known| Some((known, known.pair.as_ref()?)));
        for (known, pair) in pairs {
            // What is exactly a name means that, whatever stands in it; and what people decided is left to it.
            let is_open = !is_settled(&found) && !self.is_decided(query.text);
            if is_open && (entity_type.is_empty() || profile.profile_type_of(entity_type) == Some(&known.name)) {
                found = self.by_members(profile, (known, pair), query, found)?;
            }
        }
        Ok((found, compared))
    }

    /// Decides by the two that a mention names; `by_name` is what its words as a whole come to.
    fn by_members(
        &mut self,
        profile: &Profile,
        (known, pair): (&EntityType, &Pair),
        query: &Query<'_>,
        by_name: Resolution,
    ) -> Result<Resolution> {
        let all = |linker: &Self, types: Vec<String>| if types.is_empty() { linker.resolver.types() } else { types };
        let mut types = query.types.to_vec();
        if types.is_empty() {
            types = self.types_for(profile, &known.name).to_vec();
        }
        let members = self.types_for(profile, &pair.members);
        let of =
            PairType { name: &known.name, pair, types: all(self, types), member_types: all(self, members.to_vec()) };
        let pair_query = PairQuery {
            read: resolve::read_pair(query.text),
            hints: query.hints,
            strictness: self.resolver.strictness,
            explain: self.resolver.explain,
        };
        let mut pairs = std::mem::take(&mut self.pairs);
        let found = pairs.find(self.read, &of, &pair_query, &mut |name| {
            let member = Query { text: name, types: &members, hints: &Attributes::new(), context: "" };
            let resolution = self.resolve(&pair.members, &member)?;
            Ok(resolution.entity.filter(|_| resolution.score >= SURE))
        });
        self.pairs = pairs;
        let by_pair = match found? {
            Ok(by_pair) => by_pair,
            Err(remarks) => {
                self.remarks = remarks;
                return Ok(by_name);
            }
        };
        self.remarks = by_pair.remarks;
        self.has_members = true;
        let whole = by_name.entity.filter(|_| by_name.outcome == LinkOutcome::Linked);
        let agree = |entity: EntityKey| by_pair.fitting.contains(&entity) || !self.pairs.is_made(&known.name, entity);
        Ok(match whole {
            // The words as a whole may tell more than the members, but nothing that contradicts them.
            Some(entity) if by_pair.resolution.outcome != LinkOutcome::Linked && agree(entity) => by_name,
            Some(entity) if by_pair.resolution.entity == Some(entity) && by_name.score >= by_pair.resolution.score => {
                by_name
            }
            None if by_pair.resolution.candidates.is_empty() => {
                Resolution { candidates: by_name.candidates, ..by_pair.resolution }
            }
            _ => by_pair.resolution,
        })
    }

    /// Returns what the last mention's members came to, in words, where it was asked to explain and looked for them.
    pub fn remarks(&self) -> &[String] {
        if self.resolver.explain { &self.remarks } else { &[] }
    }

    /// Decides and joins mention and resolution, as they are stored.
    pub fn link_all(&mut self, profile: &Profile, mentions: Vec<Mention>) -> Result<Vec<LinkedMention>> {
        let resolutions = self.link(profile, &mentions)?;
        Ok(mentions.into_iter().zip(resolutions).map(|(mention, resolution)| linked(mention, &resolution)).collect())
    }

    /// Returns the catalog types a mention of a profile's type may be: those mapped to it, and the neutral ones, which
    /// the profile does not know. Empty means all.
    pub fn types_for(&mut self, profile: &Profile, entity_type: &str) -> Rc<[String]> {
        if let Some(types) = self.scopes.get(entity_type) {
            return Rc::clone(types);
        }
        let all = self.resolver.types();
        let fits = |name: &&String| {
            is_same(name, entity_type)
                || match profile.profile_type_of(name) {
                    Some(mapped) => is_same(mapped, entity_type),
                    None => profile.entity_type(entity_type).is_some(),
                }
        };
        let mut types: Vec<String> = all.iter().filter(fits).cloned().collect();
        if types.len() == all.len() || profile.entity_type(entity_type).is_none() && types.is_empty() {
            types.clear();
        } else if types.is_empty() {
            types.push(entity_type.to_owned());
        }
        let types: Rc<[String]> = types.into();
        self.scopes.insert(entity_type.to_owned(), Rc::clone(&types));
        types
    }

    /// Returns the catalog types that a typed word means: itself where the catalog has it, else what the profile maps.
    pub fn types_named(&mut self, profile: &Profile, name: &str) -> Rc<[String]> {
        if name.is_empty() {
            return Rc::default();
        }
        let key = format!("\u{0}{name}");
        if let Some(types) = self.scopes.get(&key) {
            return Rc::clone(types);
        }
        let mut types = self.resolver.types();
        types.retain(|known| is_same(known, name));
        let types = if types.is_empty() { self.types_for(profile, name) } else { types.into() };
        self.scopes.insert(key, Rc::clone(&types));
        types
    }

    /// Returns id, type and name of a candidate.
    pub fn describe(&self, candidate: &Candidate) -> Result<Described> {
        self.resolver.describe(candidate)
    }

    /// Returns what resembles a name beside certain entities, whatever people decided: for finding duplicates.
    pub fn alike(&mut self, query: &Query<'_>, except: &[EntityKey]) -> Result<Vec<Candidate>> {
        self.resolver.alike(query, except)
    }

    /// Decides about one mention; what people decided comes first.
    pub fn resolve(&mut self, entity_type: &str, query: &Query<'_>) -> Result<Resolution> {
        for value in query.hints.values() {
            if !self.resolver.knows(value) {
                self.resolver.learn(value, &self.read.names_of_what_is_called(value)?);
            }
        }
        match self.ruling(entity_type, query) {
            Ruling::Is(entity) => Ok(decided(entity)),
            Ruling::Nothing => Ok(decided_as_nothing()),
            Ruling::Not(refused) => self.resolver.resolve_except(query, &refused),
        }
    }

    /// Returns whether people decided about a mention before anything else is asked.
    fn is_decided(&self, text: &str) -> bool {
        let about_it = self.decisions.get(&resolve::mention_key(text));
        about_it.is_some_and(|all| all.iter().any(|stored| !stored.decision.only_unlinked))
    }

    /// Returns what people's decisions come to for such a mention.
    fn ruling(&self, entity_type: &str, query: &Query<'_>) -> Ruling {
        if self.decisions.is_empty() {
            return Ruling::Not(vec![]);
        }
        let about_it = self.decisions.get(&resolve::mention_key(query.text));
        precedence::ruling(about_it.map_or(&[][..], Vec::as_slice), entity_type, query.hints)
    }
}

/// A link this sure makes its entity context for the others.
const SURE: f64 = 0.8;
/// Other names of an entity that are context for the others.
const OTHER_NAMES: u32 = 12;
/// Values of an entity that are; who has a thousand attributes is not what the story is about.
const VALUES_MAX: usize = 40;
/// Entities of which it is remembered what they say of those beside them.
const AROUND_MAX: usize = 16_384;

/// A link by decision.
fn decided(entity: EntityKey) -> Resolution {
    Resolution {
        outcome: LinkOutcome::Linked,
        entity: Some(entity),
        score: 1.0,
        method: Method::Decision,
        candidates: vec![Candidate::decided(entity)],
    }
}

/// No link, by decision.
fn decided_as_nothing() -> Resolution {
    Resolution { method: Method::Decision, score: 1.0, ..Resolution::unknown() }
}

fn linked(mention: Mention, resolution: &Resolution) -> LinkedMention {
    LinkedMention {
        mention,
        entity: resolution.entity,
        outcome: resolution.outcome,
        method: resolution.method.as_str().to_owned(),
        score: resolution.score,
    }
}

/// Adds a name to a context. What separates names there is no more than a gap inside one of them.
fn add_name(context: &mut String, mark: Option<char>, name: &str) {
    context.extend(mark);
    context.extend(name.chars().map(|c| if matches!(c, '|' | '\n' | ';' | '.' | ',') { ' ' } else { c }));
    context.push_str(" | ");
}

/// Returns whether the value of a hint names something: a team, a country; not `quarterback` or `1999`, which others of
/// the group have without having anything to do with each other.
fn is_name(value: &str) -> bool {
    !value.chars().next().is_some_and(|first| first.is_lowercase() || first.is_numeric())
        && !resolve::is_position(value)
}

/// Returns whether two mentions say different things of what they mean.
fn contradict(a: &Attributes, b: &Attributes) -> bool {
    a.iter().any(|(name, value)| {
        b.get(name).is_some_and(|other| resolve::mention_key(other) != resolve::mention_key(value))
    })
}

/// Returns whether the group has no say in a resolution: people's, and links by a name that only one entity bears.
fn is_settled(resolution: &Resolution) -> bool {
    let linked = resolution.outcome == LinkOutcome::Linked;
    resolution.method == Method::Decision
        || linked && matches!(resolution.method, Method::Exact | Method::Alias | Method::Pair)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::linking::{rebuild, refresh};
    use crate::model::{Decision, Entity, EntityId, Target, Verdict};
    use crate::store::{Store, Tx};

    fn entity(id: &str, kind: &str, name: &str, attributes: &[(&str, &str)]) -> Entity {
        Entity {
            id: EntityId::new(id),
            entity_type: kind.to_owned(),
            name: name.to_owned(),
            aliases: Vec::new(),
            attributes: attributes.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect(),
        }
    }

    fn linked_name(tx: &Tx<'_>, text: &str) -> Option<String> {
        let mut linker = Linker::open(tx.read(), Strictness::Default, Load::One).expect("opens");
        let query = Query { text, types: &[], hints: &Attributes::new(), context: "" };
        let resolution = linker.resolve("person", &query).expect("resolves");
        resolution.entity.map(|key| tx.read().entity_name(key).expect("reads").expect("is there").2)
    }

    #[test]
    fn the_index_follows_the_catalog() {
        let mut store = Store::open_in_memory("2026-01-01T00:00:00Z").expect("opens");
        let tx = store.write().expect("begins");
        let names = ["Maryam Okonkwo", "Tobias Lindqvist", "Henrietta Vance", "Paolo Bertolucci"];
        for (at, name) in names.iter().enumerate() {
            tx.load_entity(&entity(&at.to_string(), "person", name, &[]), "2026-01-01T00:00:00Z").expect("loads");
        }
        for packed in [false, true] {
            if packed {
                rebuild(&tx).expect("packs");
            }
            assert_eq!(linked_name(&tx, "Tobias Lindqvist").as_deref(), Some("Tobias Lindqvist"));
            assert_eq!(linked_name(&tx, "Zebulon Quist"), None);
        }
        // Changed, added and removed after the index was packed.
        tx.load_entity(&entity("1", "person", "Tobias Norgren", &[]), "2026-01-01T00:00:00Z").expect("loads");
        tx.load_entity(&entity("9", "person", "Zebulon Quist", &[]), "2026-01-01T00:00:00Z").expect("loads");
        let key = tx.read().entity_key("person", &EntityId::new("2")).expect("reads").expect("is there");
        tx.remove_entity(key).expect("removes");
        assert_eq!(linked_name(&tx, "Tobias Lindqvist"), None);
        assert_eq!(linked_name(&tx, "Tobias Norgren").as_deref(), Some("Tobias Norgren"));
        assert_eq!(linked_name(&tx, "Zebulon Quist").as_deref(), Some("Zebulon Quist"));
        assert_eq!(linked_name(&tx, "Henrietta Vance"), None);
        assert_eq!(linked_name(&tx, "Maryam Okonkwo").as_deref(), Some("Maryam Okonkwo"));
    }

    #[test]
    fn an_index_of_another_format_is_packed_anew_and_until_then_links_right() {
        let mut store = Store::open_in_memory("2026-01-01T00:00:00Z").expect("opens");
        let tx = store.write().expect("begins");
        tx.load_entity(&entity("1", "person", "Tobias Lindqvist", &[]), "2026-01-01T00:00:00Z").expect("loads");
        rebuild(&tx).expect("packs");
        assert!(is_usable(tx.read()).expect("reads"));
        tx.execute(
            "UPDATE _name_index SET page = CAST(replace(page, '\"format\":', '\"format\":1') AS BLOB) WHERE id = 0",
            [],
        )
        .expect("writes");
        assert!(!is_usable(tx.read()).expect("reads"));
        assert_eq!(linked_name(&tx, "Tobias Lindqvist").as_deref(), Some("Tobias Lindqvist"));
        refresh(&tx).expect("packs");
        assert!(is_usable(tx.read()).expect("reads"));
        assert_eq!(linked_name(&tx, "Tobias Lindqvist").as_deref(), Some("Tobias Lindqvist"));
    }

    #[test]
    fn decisions_under_keys_of_an_earlier_program_still_hold() {
        let mut store = Store::open_in_memory("2026-01-01T00:00:00Z").expect("opens");
        let tx = store.write().expect("begins");
        tx.load_entity(&entity("sb57", "event", "The game in Glendale", &[]), "2026-01-01T00:00:00Z").expect("loads");
        let target = Target { entity_type: "event".into(), id: EntityId::new("sb57") };
        let taught = Decision {
            mention: "Super Bowl LVII".into(),
            mention_type: String::new(),
            hints: Attributes::new(),
            only_unlinked: false,
            verdict: Verdict::Is(target),
            decided_at: None,
        };
        // As it was before numerals were numbers, and the same once more as it is now.
        tx.decide("super bowl lvii", &taught, "2026-01-01T00:00:00Z").expect("writes");
        assert_eq!(linked_name(&tx, "Super Bowl 57").as_deref(), Some("The game in Glendale"));
        tx.decide("super bowl 57", &taught, "2026-01-01T00:00:00Z").expect("writes");
        refresh(&tx).expect("packs");
        let keys: Vec<_> =
            tx.read().stored_decisions().expect("reads").into_iter().map(|known| known.mention_key).collect();
        assert_eq!(keys, ["super bowl 57"]);
        assert_eq!(linked_name(&tx, "Super Bowl LVII").as_deref(), Some("The game in Glendale"));
    }
}
