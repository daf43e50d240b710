//! The mentions of one group together: what stands around a mention decides what it leaves open by itself.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, MutexGuard, PoisonError};

use anyhow::Result;

use super::{Linker, SURE, is_settled};
use crate::linking::kept_mention::KnownMention;
use crate::linking::known_mentions::KnownMentions;
use crate::linking::precedence::Ruling;
use crate::model::{Attributes, EntityKey, LinkOutcome, Mention};
use crate::profile::Profile;
use crate::resolve::{self, Candidate, Compared, Context, ContextName, Method, NameKind, Query, Resolution};

/// Other names of an entity that are context for the others.
const OTHER_NAMES: u32 = 12;
/// Values of an entity that are; who has a thousand attributes is not what the story is about.
const VALUES_MAX: usize = 40;
/// Entities of which it is remembered what they say of those beside them.
const AROUND_MAX: usize = 16_384;
/// Names of contexts that are remembered, each some hundred bytes.
const SAID_MAX: usize = 4096;

impl Linker<'_> {
    /// Decides about the mentions of one group, in their order: each by itself, and what that leaves open, or only
    /// likely, once more with its group. Of the candidates a decision keeps the best.
    ///
    /// One profile a linker: what is decided about a mention by itself is remembered without it.
    pub fn link(&mut self, profile: &Profile, mentions: &[Mention]) -> Result<Vec<Resolution>> {
        Ok(self.link_with_keys(profile, mentions)?.0)
    }

    /// Does the same, and returns the keys of the mentions' texts besides.
    pub(super) fn link_with_keys(
        &mut self,
        profile: &Profile,
        mentions: &[Mention],
    ) -> Result<(Vec<Resolution>, Vec<String>)> {
        self.tell_changes(profile);
        let mut keys = Vec::with_capacity(mentions.len());
        let mut resolutions = Vec::with_capacity(mentions.len());
        let (mut open, mut last_names) = (vec![], Vec::with_capacity(mentions.len()));
        for (at, mention) in mentions.iter().enumerate() {
            let known = self.alone(profile, mention)?;
            last_names.push(known.last_name);
            keys.push(known.key.into_string());
            if known.is_open {
                open.push(OpenMention { at, is_kept: known.compared.is_some(), compared: known.compared });
            }
            resolutions.push(known.resolution);
        }
        if mentions.len() > 1 && !open.is_empty() {
            // The story's own words come first; facts about the things it names, where those do not suffice.
            let (named, known) = self.context_of(mentions, &keys, &resolutions)?;
            let context = Context::of(&named);
            self.look_again(profile, mentions, &mut open, &context, &mut resolutions)?;
            if !known.is_empty() {
                let context = context.with(&known);
                let is_open = |open: &&mut OpenMention| resolutions[open.at].outcome != LinkOutcome::Linked;
                let still_open: Vec<&mut OpenMention> = open.iter_mut().filter(is_open).collect();
                self.look_again(profile, mentions, still_open, &context, &mut resolutions)?;
            }
            self.by_full_name(mentions, &last_names, &open, &mut resolutions)?;
        }
        for OpenMention { at, compared, .. } in open.into_iter().filter(|open| !open.is_kept) {
            if let Some(compared) = compared {
                self.known().put_compared(&mentions[at], &compared);
            }
        }
        for (mention, resolution) in mentions.iter().zip(&mut resolutions) {
            self.fall_back((&mention.entity_type, &mention.text, &mention.hints), resolution);
        }
        Ok((resolutions, keys))
    }

    /// Decides about a mention by itself, once for all groups that have it.
    fn alone(&mut self, profile: &Profile, mention: &Mention) -> Result<KnownMention> {
        if let Some(known) = self.known().get(mention) {
            return Ok(known);
        }
        let types = self.types_for(profile, &mention.entity_type);
        let query = Query { text: &mention.text, types: &types, hints: &mention.hints, context: "" };
        let mut compared = None;
        let mut resolution = self.decide_once(profile, &mention.entity_type, &query, Some(&mut compared))?;
        resolution.candidates.truncate(1);
        resolution.candidates.shrink_to_fit();
        let is_open = !is_settled(&resolution) && !self.has_members;
        let (key, last_name) = resolve::key_and_last_name(&mention.text);
        let compared = compared.filter(|_| is_open);
        let known = KnownMention { resolution, is_open, compared, key: key.into(), last_name };
        self.known().put(mention, &known);
        Ok(known)
    }

    fn known(&self) -> MutexGuard<'_, KnownMentions> {
        self.shared.remembered.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Decides once more about some mentions of a group, with what stands around them; people's decisions stay.
    fn look_again<'o>(
        &mut self,
        profile: &Profile,
        mentions: &[Mention],
        open: impl IntoIterator<Item = &'o mut OpenMention>,
        context: &Context,
        resolutions: &mut [Resolution],
    ) -> Result<()> {
        for OpenMention { at, compared, .. } in open {
            let at = *at;
            let mention = &mentions[at];
            let types = self.types_for(profile, &mention.entity_type);
            let query = Query { text: &mention.text, types: &types, hints: &mention.hints, context: "" };
            if let Ruling::Not(refused) = self.ruling(&mention.entity_type, &query) {
                let plain = resolutions[at].clone();
                let informed = self.resolver.look_again(&query, context, &refused, plain, compared)?;
                // A sure link is context itself, and would only be confirmed by its own evidence.
                if !(is_sure(&resolutions[at]) && informed.entity == resolutions[at].entity) {
                    resolutions[at] = informed;
                    resolutions[at].candidates.truncate(1);
                }
            }
        }
        Ok(())
    }

    /// The names a group mentions, with the other names of what was linked surely, as context for each other; and the
    /// telling values of that.
    fn context_of(
        &mut self,
        mentions: &[Mention],
        keys: &[String],
        resolutions: &[Resolution],
    ) -> Result<(Said, Said)> {
        let (mut named, mut known) = (Said::new(), Said::new());
        for (mention, key) in mentions.iter().zip(keys) {
            named.extend(ContextName::of_words(NameKind::Named, key.clone()).map(Arc::new));
            for value in mention.hints.values().filter(|value| is_name(value)) {
                named.extend(self.said.name(NameKind::Named, value));
            }
        }
        for resolution in resolutions.iter().filter(|resolution| is_sure(resolution)) {
            let Some(entity) = resolution.entity else { continue };
            let add = |(names, values): &(Said, Said)| {
                named.extend_from_slice(names);
                known.extend_from_slice(values);
            };
            let candidate = resolution.candidates.first().filter(|candidate| candidate.is_indexed());
            // Of an entity that people decided on only the names are known here: it is remembered apart.
            let place = (entity, candidate.is_some());
            if self.around().get(&place).map(add).is_none() {
                let around = self.around_of(entity, candidate)?;
                named.extend_from_slice(&around.0);
                known.extend_from_slice(&around.1);
                let mut all = self.around();
                if all.len() >= AROUND_MAX {
                    all.clear();
                }
                all.insert(place, around);
            }
        }
        Ok((named, known))
    }

    fn around(&self) -> MutexGuard<'_, Around> {
        self.shared.remembered.around.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Evidence of an entity for those named beside it: its names, and its telling values.
    fn around_of(&mut self, entity: EntityKey, candidate: Option<&Candidate>) -> Result<(Said, Said)> {
        let (mut named, mut known) = (Said::new(), Said::new());
        match candidate {
            Some(candidate) => {
                let around = self.resolver.surroundings(candidate, OTHER_NAMES)?;
                named.extend(around.names.into_iter().map(Arc::new));
                let values = around.values.iter().take(VALUES_MAX);
                known.extend(values.filter_map(|value| self.said.name(NameKind::Known, value)));
            }
            None => {
                for name in self.read.some_names(entity, OTHER_NAMES)? {
                    named.extend(ContextName::read(NameKind::Other, &name).map(Arc::new));
                }
            }
        }
        named.shrink_to_fit();
        known.shrink_to_fit();
        Ok((named, known))
    }

    /// Link of a full name, which its surname shares, its surname means too; and where the full name is nobody's in the
    /// catalog, the surname is none of the namesakes there.
    fn by_full_name(
        &mut self,
        mentions: &[Mention],
        last_names: &[u64],
        open: &[OpenMention],
        resolutions: &mut [Resolution],
    ) -> Result<()> {
        let mut again = vec![];
        for &OpenMention { at, .. } in open {
            let mention = &mentions[at];
            // A link by its own hints is not the full name's to change: two of one name may stand in one story.
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
            let bearers = (0..mentions.len()).filter(|other| *other != at && last_names[*other] == last_names[at]);
            if let [full] = bearers.filter(|other| is_full(other)).collect::<Vec<_>>()[..] {
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
                    if resolve::are_namesakes(&mentions[full].text, &self.resolver.name(best)?) {
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
}

/// Returns whether a link is so sure that its entity is context for the others.
fn is_sure(resolution: &Resolution) -> bool {
    resolution.outcome == LinkOutcome::Linked && resolution.score >= SURE
}

/// Mention that its group has a say in.
struct OpenMention {
    /// Place in the group.
    at: usize,
    /// True where what it was compared with is kept for other groups.
    is_kept: bool,
    compared: Option<Compared>,
}

/// Names of a context.
pub(super) type Said = Vec<Arc<ContextName>>;

/// Evidence of entities for those named beside them: their names, and their telling values. True: the index found the
/// entity.
pub(super) type Around = HashMap<(EntityKey, bool), (Said, Said)>;

/// Values in contexts that were read of late: a team stands in the context of all its players.
#[derive(Default)]
pub(super) struct SaidNames {
    named: ReadNames,
    known: ReadNames,
}

type ReadNames = HashMap<Box<str>, Option<Arc<ContextName>>, foldhash::fast::RandomState>;

impl SaidNames {
    /// Returns a value as a context takes it.
    fn name(&mut self, kind: NameKind, value: &str) -> Option<Arc<ContextName>> {
        let names = if kind == NameKind::Known { &mut self.known } else { &mut self.named };
        if let Some(known) = names.get(value) {
            return known.clone();
        }
        let read = ContextName::read(kind, value).map(Arc::new);
        if names.len() >= SAID_MAX {
            names.clear();
        }
        names.insert(value.into(), read.clone());
        read
    }
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
