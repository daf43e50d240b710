//! Exact names: a mention all whose letters are a name's, and one entity's only, is that entity, unless hints contradict;
//! most mentions of real stories, decided from one list of the index.

use std::collections::HashSet;
use std::rc::Rc;

use anyhow::Result;

use crate::model::{Attributes, EntityKey, LinkOutcome};
use crate::resolve::index::{Blocks, Index, KeyKind, NameCard, key};
use crate::resolve::matching::hint_match::HintMatch;
use crate::resolve::matching::hints::Hint;
use crate::resolve::matching::probe::Probe;
use crate::resolve::matching::resolver::{LISTED, Resolver};
use crate::resolve::matching::search::Layer;
use crate::resolve::matching::tallies::Scope;
use crate::resolve::resolution::{Candidate, Method, Query, Resolution};

/// Probability of an exact, unambiguous name; measured on labelled mentions, where 1 to 3 % of the labels are wrong.
const EXACT: f64 = 0.985;

/// Entities with exactly this name that are looked at; a name of more goes the long way.
const NAMESAKES: u32 = 128;

/// An entity that bears exactly the mention's name.
struct Bearer {
    entity: EntityKey,
    place: (u8, u32),
    order: u32,
    alias: bool,
    /// Evidence for it: the bits of hints that agree, and one for each.
    agree: f32,
    /// A hint contradicts.
    against: bool,
}

/// Returns the names in some types that have all letters of a text, and no others; none where too many may have them: those go
/// the long way.
pub(super) fn names_with_letters<'i, P: Blocks>(
    index: &'i Index<P>,
    scope: Option<&Scope>,
    letters: &'i str,
) -> Result<impl Iterator<Item = Result<NameCard<P::Block<'i>>>> + use<'i, P>> {
    let mut names = Vec::new();
    if let Some(scope) = scope {
        let list = index.list(key(KeyKind::Form, letters.as_bytes(), &[]))?;
        if list.len() <= NAMESAKES {
            list.each(|name| names.extend(scope.has(name).then_some(name)));
        }
    }
    let has_them = |card: &NameCard<P::Block<'i>>| {
        let mut rest = Some(letters.as_bytes());
        card.tokens(|token| rest = rest.and_then(|rest| rest.strip_prefix(token.text)));
        rest.is_some_and(<[u8]>::is_empty)
    };
    Ok(names.into_iter().map(|name| index.name(name)).filter(move |card| card.as_ref().map_or(true, has_them)))
}

fn exact_bearers<P: Blocks>(
    layer: &mut Layer<P>,
    number: u8,
    probe: &Probe,
    hidden: &HashSet<EntityKey>,
    hints: &[Rc<Hint>],
    out: &mut Vec<Bearer>,
) -> Result<()> {
    for card in names_with_letters(&layer.index, layer.scope(), &probe.full)? {
        let card = card?;
        if let Some(known) = out.iter_mut().find(|bearer| bearer.place == (number, card.entity)) {
            known.alias &= card.alias;
            continue;
        }
        let entity = layer.index.entity(card.entity)?;
        if hidden.contains(&entity.key) {
            continue;
        }
        let stats = layer.index.meta.types.get(usize::from(entity.kind));
        let (mut against, mut agree) = (false, 0.0);
        if let Some(stats) = stats {
            for hint in hints {
                match hint.judge(&layer.index, &entity, stats, &mut layer.room.meanings)? {
                    HintMatch::Against(_) | HintMatch::Firmly(..) => against = true,
                    // Even what tells nothing by itself, since all who have a value have this one, is more than none.
                    HintMatch::Agree(bits) => agree += bits + 1.0,
                    // Nearly the same position, or the year after: for it, if less than the very same.
                    HintMatch::Near(bits) => agree += 0.25 * (bits + 1.0),
                    HintMatch::Unknown => {}
                }
            }
        }
        out.push(Bearer {
            entity: entity.key,
            order: entity.order,
            place: (number, card.entity),
            alias: card.alias,
            agree,
            against,
        });
    }
    Ok(())
}

impl<P: Blocks> Resolver<P> {
    /// Returns entities of any type one of whose names has all letters of a text, without deciding anything.
    pub fn bearers(&mut self, text: &str) -> Result<Vec<Candidate>> {
        self.begin(&Query { text, types: &[], hints: &Attributes::new(), context: "" })?;
        if self.probe.full.is_empty() {
            return Ok(Vec::new());
        }
        let mut bearers = Vec::new();
        exact_bearers(&mut self.base, 0, &self.probe, &self.hidden, &[], &mut bearers)?;
        if let Some(overlay) = &mut self.overlay {
            exact_bearers(overlay, 1, &self.probe, &HashSet::new(), &[], &mut bearers)?;
        }
        bearers.sort_by_key(|bearer| bearer.order);
        let listed = bearers.iter().take(LISTED);
        Ok(listed.map(|one| Candidate { entity: one.entity, score: 0.0, parts: vec![], place: one.place }).collect())
    }

    /// Decides by all letters of the name: one entity is meant, of several the one that hints leave, or several are and
    /// nothing tells them apart.
    pub(super) fn exact(&mut self, hints: &[Rc<Hint>]) -> Result<Option<Resolution>> {
        let mut bearers = Vec::new();
        exact_bearers(&mut self.base, 0, &self.probe, &self.hidden, hints, &mut bearers)?;
        if let Some(overlay) = &mut self.overlay {
            exact_bearers(overlay, 1, &self.probe, &HashSet::new(), hints, &mut bearers)?;
        }
        let candidate = |bearer: &Bearer, score: f64| Candidate {
            entity: bearer.entity,
            score,
            parts: Vec::new(),
            place: bearer.place,
        };
        let linked = |one: &Bearer| Resolution {
            outcome: LinkOutcome::Linked,
            entity: Some(one.entity),
            score: EXACT,
            method: if one.alias { Method::Alias } else { Method::Exact },
            candidates: vec![candidate(one, EXACT)],
        };
        match bearers.as_slice() {
            [one] if !one.against => Ok(Some(linked(one))),
            [_, _, ..] => {
                // Those that no hint contradicts; where one alone is left, and a hint speaks for it, it is meant.
                let mut left: Vec<&Bearer> = bearers.iter().filter(|bearer| !bearer.against).collect();
                left.sort_by(|a, b| b.agree.total_cmp(&a.agree).then(a.order.cmp(&b.order)));
                match left[..] {
                    [one] if one.agree > 0.0 => Ok(Some(linked(one))),
                    [one, other, ..] if one.agree == other.agree => {
                        let alike = left.iter().take_while(|bearer| bearer.agree == one.agree).count();
                        let score = EXACT / alike as f64;
                        Ok(Some(Resolution {
                            outcome: LinkOutcome::Ambiguous,
                            entity: None,
                            score,
                            method: Method::None,
                            candidates: left.iter().take(LISTED.min(alike)).map(|one| candidate(one, score)).collect(),
                        }))
                    }
                    _ => Ok(None),
                }
            }
            _ => Ok(None),
        }
    }
}
