//! Mentions whose hints do not suffice, decided with fewer of them.

use std::rc::Rc;

use anyhow::Result;

use crate::model::{EntityKey, LinkOutcome};
use crate::resolve::index::Blocks;
use crate::resolve::matching::context::Context;
use crate::resolve::matching::features::Feature;
use crate::resolve::matching::hints::Hint;
use crate::resolve::matching::resolver::Resolver;
use crate::resolve::matching::rivals::rank;
use crate::resolve::matching::score;
use crate::resolve::matching::scored::Scored;
use crate::resolve::resolution::Resolution;

/// A link so probable needs no second look without the hints.
const SURE: f64 = 0.75;
/// Hints that are left out in turn; few mentions have more.
const HINTS_CHOSEN: usize = 5;

impl<P: Blocks> Resolver<P> {
    /// Returns whether a single word, as a surname, would be linked to none of its candidates without the hints: then there
    /// is no need to look for it anew.
    fn is_vague(&self, scored: &[Scored]) -> bool {
        if self.probe.core_at.len() != 1 {
            return false;
        }
        let mut bare: Vec<Scored> = scored.to_vec();
        for candidate in &mut bare {
            use Feature::{hint_against, hint_agree, hint_contradiction, hint_near, hint_unknown};
            for feature in [hint_agree, hint_near, hint_against, hint_unknown, hint_contradiction] {
                candidate.vector[feature as usize] = 0.0;
            }
            candidate.plain = score::plain(&candidate.vector);
        }
        rank(&mut bare);
        self.decide(&bare).outcome != LinkOutcome::Linked
    }

    /// Decides with fewer of the hints where with all of them nothing was linked, or nothing surely. What is linked so stays
    /// linked, unless a hint speaks against it, or more for another: to know more never takes a link away.
    ///
    /// Each hint speaks for others as well, and evidence counts up to some amount only: of games, the one that has both
    /// teams, the season and the day is hardly ahead of those that have all but the day, and the day alone had told it.
    pub(super) fn with_fewer_hints(
        &mut self,
        hints: &[Rc<Hint>],
        informed: &[Scored],
        refused: &[EntityKey],
        resolution: Resolution,
    ) -> Result<Resolution> {
        let agree = |one: &Scored| one.vector[Feature::hint_agree as usize];
        let most = informed.iter().map(agree).fold(0.0, f32::max);
        let is_linked = |one: &Scored| resolution.entity == Some(one.entity);
        let has_another =
            informed.iter().any(|one| one.agrees_with_all_hints() && agree(one) >= most && !is_linked(one));
        let is_unsure = resolution.outcome != LinkOutcome::Linked || resolution.score < SURE;
        let is_open = match has_another {
            true => is_unsure || informed.iter().any(|one| is_linked(one) && agree(one) < most),
            false => is_unsure && !self.is_vague(informed),
        };
        if !is_open {
            return Ok(resolution);
        }
        let mut best: Option<Resolution> = None;
        for some in choices(hints, if has_another { HINTS_CHOSEN } else { 0 }) {
            // A search of its own: hints settle which names go on, and so which words of the mention are looked into.
            let scored = self.candidates(&some, &Context::default(), refused)?;
            let found = self.decide(&scored);
            let Some(own) = scored.first().filter(|_| found.outcome == LinkOutcome::Linked) else { continue };
            let evidence = match &mut self.overlay {
                Some(overlay) if own.place.0 == 1 => overlay.evidence(own.place.1, hints)?,
                _ => self.base.evidence(own.place.1, hints)?,
            };
            // A value that all have in common tells nothing, and another one contradicts it all the same.
            let is_free = evidence.against == 0.0 && evidence.ground.is_none() && evidence.agree >= most;
            if is_free && best.as_ref().is_none_or(|best| found.score > best.score) {
                best = Some(found);
            }
        }
        Ok(best.unwrap_or(resolution))
    }
}

/// Returns all choices of some of the first hints, that of none first and never that of all hints.
fn choices(hints: &[Rc<Hint>], n_chosen: usize) -> impl Iterator<Item = Vec<Rc<Hint>>> + '_ {
    let chosen = &hints[..n_chosen.min(hints.len())];
    let of_choice = move |choice: u32| {
        let is_chosen = move |(at, _): &(u32, _)| choice & 1 << at != 0;
        (0..).zip(chosen).filter(is_chosen).map(|(_, hint)| Rc::clone(hint)).collect::<Vec<_>>()
    };
    (0..1 << chosen.len()).map(of_choice).filter(|some| some.len() < hints.len())
}
