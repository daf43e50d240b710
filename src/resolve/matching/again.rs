//! The second look at a mention, with what stands around it: made only where that says something of what the mention was
//! compared with.

use std::rc::Rc;

use anyhow::Result;

use crate::model::{EntityKey, LinkOutcome};
use crate::resolve::index::{Blocks, Index};
use crate::resolve::matching::context::Context;
use crate::resolve::matching::hints::Hint;
use crate::resolve::matching::resolver::{ALIKE, Resolver};
use crate::resolve::matching::search::Compared;
use crate::resolve::names::token::spaced;
use crate::resolve::resolution::{Method, Query, Resolution};

impl<P: Blocks> Resolver<P> {
    /// Decides once more about a mention of which `plain` was decided by itself, with what stands around it; the query's
    /// own context does not count. It takes nothing away: what the context does not link stays as it was.
    ///
    /// `compared` keeps, from one look to the next, what the mention is compared with. Where the context says nothing of
    /// any of these, another search would find and decide the same, so none is made.
    pub fn look_again(
        &mut self,
        query: &Query<'_>,
        context: &Context,
        refused: &[EntityKey],
        plain: Resolution,
        compared: &mut Option<Compared>,
    ) -> Result<Resolution> {
        self.begin(query);
        if context.is_empty() || self.probe.name.tokens.is_empty() {
            return Ok(plain);
        }
        let hints = self.prepared_hints(query)?;
        let known = match compared {
            Some(known) => known,
            none => {
                self.candidates(&hints, &Context::default(), refused)?;
                none.insert(self.values_compared()?)
            }
        };
        if !self.is_spoken_of(context, &hints, known)? {
            return Ok(plain);
        }
        let scored = self.candidates(&hints, context, refused)?;
        // The names around a mention can tell who is meant; where they say nothing of the best, nothing changes.
        if scored.first().is_none_or(|best| best.context == 0.0) {
            return Ok(plain);
        }
        // Both teams of a game are named, and both have one of the name: that tells nothing either.
        if let [best, second, ..] = &scored[..]
            && second.context >= best.context
            && (best.plain - second.plain).abs() < ALIKE
        {
            return Ok(plain);
        }
        let mut informed = self.decide(&scored);
        if informed.outcome != LinkOutcome::Linked {
            return Ok(plain);
        }
        if informed.entity != plain.entity {
            informed.method = Method::Context;
        }
        Ok(informed)
    }

    /// Returns the values of what the mention resolved last was compared with; `None` where it was decided without a search.
    pub fn compared(&self) -> Result<Option<Compared>> {
        if self.is_compared { self.values_compared().map(Some) } else { Ok(None) }
    }

    fn values_compared(&self) -> Result<Compared> {
        let mut values = Vec::with_capacity(2 * self.compared.len());
        for &(layer, number) in &self.compared {
            match &self.overlay {
                Some(overlay) if layer == 1 => values_of(layer, &overlay.index, number, &mut values)?,
                _ => values_of(layer, &self.base.index, number, &mut values)?,
            }
        }
        values.sort_unstable();
        values.dedup();
        Ok(Compared(values.into()))
    }

    /// Returns whether a context may agree with one of the entities that were compared. The mention itself must have been
    /// begun.
    fn is_spoken_of(&self, context: &Context, hints: &[Rc<Hint>], compared: &Compared) -> Result<bool> {
        let mut own = String::new();
        spaced(&self.probe.name, &mut own);
        if context.has_longer(&own) {
            return Ok(true);
        }
        for &(layer, value) in &compared.0 {
            let weight = match &self.overlay {
                Some(overlay) if layer == 1 => context.weight(&own, hints, (layer, &overlay.index), value)?,
                _ => context.weight(&own, hints, (layer, &self.base.index), value)?,
            };
            if weight > 0.0 {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

/// Adds the values of an entity that can tell anything.
fn values_of<P: Blocks>(layer: u8, index: &Index<P>, number: u32, values: &mut Vec<(u8, u32)>) -> Result<()> {
    let entity = index.entity(number)?;
    if let Some(stats) = index.meta.types.get(usize::from(entity.kind)) {
        let tells = |attribute: u16| stats.attributes.get(usize::from(attribute)).is_some_and(|a| a.bits > 0.0);
        let told = entity.values().filter(|(attribute, _)| tells(*attribute));
        values.extend(told.map(|(_, value)| (layer, value)));
    }
    Ok(())
}
