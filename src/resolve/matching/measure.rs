//! Measuring: the features of candidates, for fitting, and all that was compared before anything was decided.

use anyhow::Result;

use crate::model::EntityKey;
use crate::resolve::index::Blocks;
use crate::resolve::matching::context::Context;
use crate::resolve::matching::resolver::Resolver;
use crate::resolve::matching::scored::HOPELESS;
use crate::resolve::matching::search::Search;
use crate::resolve::matching::{features, score};
use crate::resolve::resolution::Query;

impl<P: Blocks> Resolver<P> {
    /// Returns, for fitting and measuring, the features of every candidate that the forest scores, best first, in the
    /// order of [`feature_names`]. An entity to `hide` is taken for absent from the catalog.
    pub fn features(&mut self, query: &Query<'_>, hide: Option<EntityKey>) -> Result<Vec<(EntityKey, Vec<f32>)>> {
        self.begin(query)?;
        if self.probe.name.tokens.is_empty() {
            return Ok(Vec::new());
        }
        let hints = self.prepared_hints(query)?;
        let mut scored = self.candidates(&hints, &Context::default(), hide.as_slice())?;
        let best = scored.iter().map(|s| s.plain).fold(f32::MIN, f32::max);
        scored.retain(|s| s.plain >= best - HOPELESS);
        Ok(scored.into_iter().map(|s| (s.entity, s.vector.to_vec())).collect())
    }
}

impl<P: Blocks> Resolver<P> {
    /// Returns, for measuring, the entities that were compared with a mention, most alike first: what the index found
    /// before anything was decided.
    pub fn retrieved(&mut self, query: &Query<'_>) -> Result<Vec<EntityKey>> {
        self.begin(query)?;
        if self.probe.name.tokens.is_empty() {
            return Ok(Vec::new());
        }
        let hints = self.prepared_hints(query)?;
        self.probe.prepare(&hints, &Context::default());
        let search = Search { hidden: &self.hidden, except: &[], explain: false, most: usize::MAX };
        let scored = search.find(&mut self.base, self.overlay.as_mut(), &mut self.probe, &mut self.trail)?;
        Ok(scored.into_iter().map(|candidate| candidate.entity).collect())
    }
}

/// Returns the names of the features of a pair and of a decision.
pub fn feature_names() -> (&'static [&'static str], &'static [&'static str]) {
    (features::NAMES, &score::DECISION_NAMES)
}
