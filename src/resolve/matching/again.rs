//! The second look at a mention, with what stands around it: made only where that says something of what the mention was
//! compared with.

use std::rc::Rc;

use anyhow::Result;

use crate::model::{EntityKey, LinkOutcome};
use crate::resolve::decision::{Decision, Method, Query};
use crate::resolve::index::{Blocks, Index};
use crate::resolve::matching::context::Context;
use crate::resolve::matching::hints::Hint;
use crate::resolve::matching::resolver::{ALIKE, Resolver};
use crate::resolve::matching::search::{Compared, Place};
use crate::resolve::names::token::spaced;

fn agreement<P: Blocks>(
    context: &Context,
    own: &str,
    hints: &[Rc<Hint>],
    index: &Index<P>,
    number: u32,
) -> Result<f32> {
    let entity = index.entity(number)?;
    match index.meta.types.get(usize::from(entity.kind)) {
        Some(facts) => context.agree(own, hints, (index, number), &entity, facts),
        None => Ok(0.0),
    }
}

impl<P: Blocks> Resolver<P> {
    /// Decides once more about a mention of which `plain` was decided by itself, with what stands around it. It takes
    /// nothing away: what the context does not link stays as it was.
    ///
    /// `compared` keeps, from one look to the next, what the mention is compared with. Where the context says nothing of
    /// any of these, another search would find and decide the same, so none is made.
    pub fn look_again(
        &mut self,
        query: &Query<'_>,
        refused: &[EntityKey],
        plain: Decision,
        compared: &mut Option<Compared>,
    ) -> Result<Decision> {
        if !self.context.is_of(query.context) {
            self.context = Context::new(query.context);
        }
        let context = self.context.clone();
        self.begin(query);
        if context.is_empty() || self.probe.name.tokens.is_empty() {
            return Ok(plain);
        }
        let hints = self.prepared.all(query.hints, &self.names);
        let known = match compared {
            Some(known) => known,
            none => {
                self.candidates(&hints, &Context::default(), refused)?;
                none.insert(Compared(self.compared.as_slice().into()))
            }
        };
        if !self.is_spoken_of(&context, &hints, &known.0)? {
            return Ok(plain);
        }
        let scored = self.candidates(&hints, &context, refused)?;
        // What stands around a mention can tell who is meant; where it says nothing of the best, nothing changes.
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

    /// Returns whether a context may agree with one of the entities. The mention itself must have been begun.
    fn is_spoken_of(&self, context: &Context, hints: &[Rc<Hint>], places: &[Place]) -> Result<bool> {
        let mut own = String::new();
        spaced(&self.probe.name, &mut own);
        for &(layer, number) in places {
            let agrees = match &self.overlay {
                Some(overlay) if layer == 1 => agreement(context, &own, hints, &overlay.index, number)?,
                _ => agreement(context, &own, hints, &self.base.index, number)?,
            };
            if agrees > 0.0 {
                return Ok(true);
            }
        }
        Ok(false)
    }
}
