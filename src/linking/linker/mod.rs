//! Links mentions to entities: the resolver over the database, remembered decisions first.
//!
//! A [`Linker`] reads the name index (`name_index` keeps it true, `blocks` fetches it), lays the few entities changed
//! since over it, and, where there is no index that can be used, packs one in memory. So linking is right whoever
//! changed the catalog, and fast where `load entities` did. A group is decided as a whole (`group`); `pairs` finds what
//! two members make.

mod group;

#[cfg(test)]
mod tests;

use std::collections::{HashMap, HashSet};
use std::rc::Rc;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Result;

use self::group::{Around, SaidNames};
use crate::linking::blocks::{IndexBlocks, Load};
use crate::linking::known_mentions::KnownMentions;
use crate::linking::name_index::{is_current, is_usable, whole_catalog};
use crate::linking::pairs::{PairQuery, PairType, Pairs};
use crate::linking::precedence::{self, Ruling};
use crate::model::{Attributes, EntityKey, LinkOutcome, Mention};
use crate::profile::{EntityType, Pair, Profile};
use crate::resolve::{
    self, Builder, Candidate, Compared, Described, Method, Query, Resident, Resolution, Resolver, Strictness,
};
use crate::store::{LinkedMention, Read, StoredDecision};
use crate::text::is_same;

/// Links mentions; one for a whole import, so that its blocks and prepared hints are used again.
pub struct Linker<'a> {
    read: Read<'a>,
    resolver: Resolver<IndexBlocks<'a>>,
    decisions: HashMap<String, Vec<StoredDecision>>,
    /// Catalog types for each of the profile's, worked out once.
    scopes: HashMap<String, Rc<[String]>>,
    /// Catalog types for each word that was typed, likewise.
    named_scopes: HashMap<String, Rc<[String]>>,
    pairs: Pairs,
    /// True where the catalog knows the two that the last mention names.
    has_members: bool,
    /// Remarks on the two, or on why the catalog does not know them.
    remarks: Vec<String>,
    said: SaidNames,
    shared: SharedParts,
    /// True where the resolver was told what the profile says of hints.
    is_told: bool,
}

/// Values of hints whose other names linkers tell each other.
const CALLED_MAX: usize = 4096;

/// Parts of a linker that linkers in other threads share with it: the index, where it lies in memory, and what is
/// remembered.
#[derive(Clone)]
pub struct SharedParts {
    index: Option<Arc<Resident>>,
    remembered: Arc<Remembered>,
}

/// Knowledge that is remembered from group to group.
#[derive(Default)]
struct Remembered {
    /// Resolutions of mentions by themselves.
    known: Mutex<KnownMentions>,
    /// By a hint's value: the names of what the catalog calls so.
    called: Mutex<HashMap<String, Arc<[String]>>>,
    around: Mutex<Around>,
}

impl SharedParts {
    /// Returns whether the index is shared; one that does not lie in memory each linker reads for itself.
    pub fn has_index(&self) -> bool {
        self.index.is_some()
    }
}

impl<'a> Linker<'a> {
    /// Opens the linker over a database.
    pub fn open(read: Read<'a>, strictness: Strictness, load: Load) -> Result<Linker<'a>> {
        let blocks = match is_usable(read)? {
            true => IndexBlocks::open(read, load)?,
            false => IndexBlocks::Memory(Arc::new(whole_catalog(read)?.resident()?)),
        };
        Self::over(blocks, Arc::default(), read, strictness)
    }

    /// Opens a linker like the one whose parts are given: over the same catalog, with the same strictness and for the
    /// same profile.
    pub fn open_beside(read: Read<'a>, shared: &SharedParts, strictness: Strictness, load: Load) -> Result<Linker<'a>> {
        let blocks = match &shared.index {
            Some(index) => IndexBlocks::Memory(Arc::clone(index)),
            None => IndexBlocks::open(read, load)?,
        };
        Self::over(blocks, Arc::clone(&shared.remembered), read, strictness)
    }

    /// Returns the parts that linkers in other threads may share.
    pub fn shared_parts(&self) -> &SharedParts {
        &self.shared
    }

    fn over(
        blocks: IndexBlocks<'a>,
        remembered: Arc<Remembered>,
        read: Read<'a>,
        strictness: Strictness,
    ) -> Result<Linker<'a>> {
        let index = match &blocks {
            IndexBlocks::Memory(index) => Some(Arc::clone(index)),
            IndexBlocks::Database(_) => None,
        };
        let mut resolver = Resolver::new(blocks)?;
        if is_usable(read)? {
            Self::lay_over(read, &mut resolver)?;
        }
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
            named_scopes: HashMap::new(),
            pairs: Pairs::default(),
            has_members: false,
            remarks: Vec::new(),
            said: SaidNames::default(),
            shared: SharedParts { index, remembered },
            is_told: false,
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

    /// Decides about one mention: by its name, else, where the profile says that its type is a pair, by its members.
    /// Without a type, the profile's pairs are tried one after the other.
    pub fn decide(&mut self, profile: &Profile, entity_type: &str, query: &Query<'_>) -> Result<Resolution> {
        self.tell_changes(profile);
        let mut resolution = self.decide_once(profile, entity_type, query, None)?;
        self.fall_back((entity_type, query.text, query.hints), &mut resolution);
        Ok(resolution)
    }

    /// Tells the resolver which hints the profile says change with time, once: a linker serves one profile.
    fn tell_changes(&mut self, profile: &Profile) {
        if std::mem::replace(&mut self.is_told, true) {
            return;
        }
        for known in profile.types.iter().filter(|known| !known.changes.is_empty()) {
            let mut types = self.types_for(profile, &known.name).to_vec();
            if types.is_empty() {
                types = self.resolver.types();
            }
            for entity_type in types {
                for (hint, changes) in &known.changes {
                    self.resolver.tell_changes(&entity_type, hint, *changes);
                }
            }
        }
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

    /// Decides about one mention. Where `compared` is asked for, it is set to what the mention was compared with as a whole.
    fn decide_once(
        &mut self,
        profile: &Profile,
        entity_type: &str,
        query: &Query<'_>,
        compared: Option<&mut Option<Compared>>,
    ) -> Result<Resolution> {
        self.remarks.clear();
        self.has_members = false;
        let mut found = self.resolve(entity_type, query)?;
        if let Some(compared) = compared {
            *compared = self.resolver.take_last_compared()?;
        }
        let pairs = profile.types.iter().filter_map(|known| Some((known, known.pair.as_ref()?)));
        for (known, pair) in pairs {
            // An exact name means that, whatever stands in it; and a decision of people is left to it.
            let is_open = !is_settled(&found) && !self.is_decided(query.text);
            if is_open && (entity_type.is_empty() || profile.profile_type_of(entity_type) == Some(&known.name)) {
                found = self.by_members(profile, (known, pair), query, found)?;
            }
        }
        Ok(found)
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
        let (resolutions, keys) = self.link_with_keys(profile, &mentions)?;
        let all = mentions.into_iter().zip(keys).zip(resolutions);
        Ok(all.map(|((mention, key), resolution)| linked(mention, key, &resolution)).collect())
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
        if let Some(types) = self.named_scopes.get(name) {
            return Rc::clone(types);
        }
        let mut types = self.resolver.types();
        types.retain(|known| is_same(known, name));
        let types = if types.is_empty() { self.types_for(profile, name) } else { types.into() };
        self.named_scopes.insert(name.to_owned(), Rc::clone(&types));
        types
    }

    /// Returns the attributes that a hint could have meant, where it is none of them: neither the profile asks for such a
    /// hint nor a decision is about one, and no entity of the types has an attribute that means the same.
    pub fn unknown_hint(&self, profile: &Profile, types: &[String], hint: &str) -> Option<Vec<&str>> {
        let is_asked_for = profile.types.iter().flat_map(|known| &known.hints).any(|known| is_same(known, hint));
        let attributes = self.resolver.attributes(types);
        let means_one = attributes.iter().any(|attribute| resolve::same_meaning(attribute, hint));
        let mut decided = self.decisions.values().flatten();
        let is_decided = decided.any(|stored| stored.decision.hints.contains_key(hint));
        (!is_asked_for && !means_one && !is_decided).then(|| attributes.into_iter().collect())
    }

    /// Returns id, type and name of a candidate.
    pub fn describe(&self, candidate: &Candidate) -> Result<Described> {
        self.resolver.describe(candidate)
    }

    /// Returns entities of any type that bear this very name, whatever people decided.
    pub fn bearers(&mut self, name: &str) -> Result<Vec<Candidate>> {
        self.resolver.bearers(name)
    }

    /// Returns what resembles a name beside certain entities, whatever people decided: for finding duplicates.
    pub fn alike(&mut self, query: &Query<'_>, except: &[EntityKey]) -> Result<Vec<Candidate>> {
        self.resolver.alike(query, except)
    }

    /// Decides about one mention; what people decided comes first.
    pub fn resolve(&mut self, entity_type: &str, query: &Query<'_>) -> Result<Resolution> {
        for value in query.hints.values() {
            if !self.resolver.knows(value) {
                let names = self.names_of_what_is_called(value)?;
                self.resolver.learn(value, &names);
            }
        }
        match self.ruling(entity_type, query) {
            Ruling::Is(entity) => Ok(decided(entity)),
            Ruling::Nothing => Ok(decided_as_nothing()),
            Ruling::Not(refused) => self.resolver.resolve_except(query, &refused),
        }
    }

    fn names_of_what_is_called(&self, value: &str) -> Result<Arc<[String]>> {
        let called = || self.shared.remembered.called.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(names) = called().get(value) {
            return Ok(Arc::clone(names));
        }
        let names: Arc<[String]> = self.read.names_of_what_is_called(value)?.into();
        let mut called = called();
        if called.len() >= CALLED_MAX {
            called.clear();
        }
        called.insert(value.to_owned(), Arc::clone(&names));
        Ok(names)
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

fn linked(mention: Mention, key: String, resolution: &Resolution) -> LinkedMention {
    LinkedMention {
        mention,
        key,
        entity: resolution.entity,
        outcome: resolution.outcome,
        method: resolution.method.as_str().to_owned(),
        score: resolution.score,
        grounded: None,
    }
}

/// Returns whether the group has no say in a resolution: people's, and links by a name that only one entity bears.
fn is_settled(resolution: &Resolution) -> bool {
    let linked = resolution.outcome == LinkOutcome::Linked;
    resolution.method == Method::Decision
        || linked && matches!(resolution.method, Method::Exact | Method::Alias | Method::Pair)
}
