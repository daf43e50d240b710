//! The second look at a mention, with what stands around it: made only where that says something of what the mention was
//! compared with.

use std::rc::Rc;
use std::sync::Arc;

use anyhow::Result;

use crate::model::{EntityKey, LinkOutcome};
use crate::resolve::index::{Blocks, Index, get_varint, put_varint, read_u32};
use crate::resolve::matching::context::Context;
use crate::resolve::matching::heard::{Heard, HeardValues};
use crate::resolve::matching::hints::Hint;
use crate::resolve::matching::resolver::{ALIKE, Resolver};
use crate::resolve::matching::search::Layer;
use crate::resolve::matching::trail::{NamesOfTrail, Trail};
use crate::resolve::names::token::spaced;
use crate::resolve::resolution::{Method, Query, Resolution};

/// Comparisons of a mention, whatever came of them.
#[derive(Clone, Debug)]
pub struct Compared {
    /// Values of the entities, each once.
    values: Arc<[Value]>,
    names: NamesOfTrail,
    trail: Option<Box<Trail>>,
}

/// Value of an entity that was compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Value {
    /// Its number, and as the highest bit its layer.
    place: u32,
    heard: Heard,
}

impl Value {
    const LAYER: u32 = 1 << 31;

    fn new(layer: u8, number: u32, heard: Heard) -> Value {
        Value { place: number | if layer == 0 { 0 } else { Value::LAYER }, heard }
    }

    fn layer(self) -> u8 {
        u8::from(self.place & Value::LAYER != 0)
    }

    fn number(self) -> u32 {
        self.place & !Value::LAYER
    }
}

impl Compared {
    /// Appends it as bytes, without the comparisons.
    pub fn pack(&self, out: &mut Vec<u8>) {
        self.names.pack(out);
        put_varint(out, self.values.len() as u64);
        let mut before = 0;
        for value in &*self.values {
            // They are in the order of their places.
            put_varint(out, u64::from(value.place - before));
            out.extend(value.heard.bits().to_le_bytes());
            before = value.place;
        }
    }

    /// Reads back what was packed.
    pub fn unpack(bytes: &[u8]) -> Compared {
        let mut at = 0;
        let names = NamesOfTrail::unpack(bytes, &mut at);
        let n_values = get_varint(bytes, &mut at);
        let mut before = 0;
        let values = (0..n_values).map(|_| {
            let place = before + get_varint(bytes, &mut at) as u32;
            let heard = Heard::of_bits(read_u32(bytes, at));
            (before, at) = (place, at + 4);
            Value { place, heard }
        });
        Compared { values: values.collect(), names, trail: None }
    }

    /// Returns a copy without the comparisons, which are ten times as large as the rest.
    pub fn without_comparisons(&self) -> Compared {
        Compared { values: Arc::clone(&self.values), names: self.names.clone(), trail: None }
    }
}

impl<P: Blocks> Resolver<P> {
    /// Decides once more about a mention of which `plain` was decided by itself, with what stands around it; the query's
    /// own context does not count. It takes nothing away: what the context does not link stays as it was.
    ///
    /// `compared` keeps, from one look to the next, what the mention is compared with. Where the context says nothing of
    /// any of these, another search would find and decide the same, so none is made; where it has the trail of the
    /// first search, only what the context adds is weighed, and where it has the names alone, none is looked for.
    pub fn look_again(
        &mut self,
        query: &Query<'_>,
        context: &Context,
        refused: &[EntityKey],
        plain: Resolution,
        compared: &mut Option<Compared>,
    ) -> Result<Resolution> {
        self.begin(query)?;
        if context.is_empty() || self.probe.name.tokens.is_empty() {
            return Ok(plain);
        }
        let hints = self.prepared_hints(query)?;
        let known = match compared {
            Some(known) => known,
            none => {
                self.candidates(&hints, &Context::default(), refused)?;
                none.insert(self.take_compared()?)
            }
        };
        if !self.is_spoken_of(context, &hints, known)? {
            return Ok(plain);
        }
        let along = match known.trail.as_deref() {
            _ if self.explain => None,
            Some(trail) => self.candidates_along(trail, &hints, context, refused)?,
            None => self.candidates_named(&known.names, &hints, context, refused)?,
        };
        let scored = match along {
            Some(scored) => scored,
            None => self.candidates(&hints, context, refused)?,
        };
        if known.trail.is_none() {
            known.trail = Some(Box::new(std::mem::take(&mut self.trail)));
        }
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

    /// Returns what the mention resolved last was compared with, once; `None` where it was decided without a search.
    pub fn take_last_compared(&mut self) -> Result<Option<Compared>> {
        if std::mem::take(&mut self.is_compared) { self.take_compared().map(Some) } else { Ok(None) }
    }

    fn take_compared(&mut self) -> Result<Compared> {
        let mut values = Vec::with_capacity(2 * self.trail.comparisons.len());
        let mut before = None;
        for (layer, number) in self.trail.comparisons.iter().map(|comparison| comparison.place) {
            if before.replace((layer, number)) == Some((layer, number)) {
                continue;
            }
            match &mut self.overlay {
                Some(Layer { index, heard, .. }) if layer == 1 => {
                    values_of((layer, &*index), number, heard, &mut values)?;
                }
                _ => values_of((layer, &self.base.index), number, &mut self.base.heard, &mut values)?,
            }
        }
        values.sort_unstable();
        values.dedup();
        let trail = std::mem::take(&mut self.trail);
        Ok(Compared { values: values.into(), names: NamesOfTrail::of(&trail), trail: Some(Box::new(trail)) })
    }

    /// Returns whether a context may agree with one of the entities that were compared. The mention itself must have been
    /// begun.
    fn is_spoken_of(&self, context: &Context, hints: &[Rc<Hint>], compared: &Compared) -> Result<bool> {
        let mut own = String::new();
        spaced(&self.probe.name, &mut own);
        if context.has_longer(&own) {
            return Ok(true);
        }
        for value in compared.values.iter().filter(|value| context.may_say(value.heard)) {
            let (layer, number) = (value.layer(), value.number());
            let weight = match &self.overlay {
                Some(overlay) if layer == 1 => context.weight(&own, hints, (layer, &overlay.index), number)?,
                _ => context.weight(&own, hints, (layer, &self.base.index), number)?,
            };
            if weight > 0.0 {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

/// Adds the values of an entity that can tell anything.
fn values_of<P: Blocks>(
    (layer, index): (u8, &Index<P>),
    number: u32,
    heard: &mut HeardValues,
    values: &mut Vec<Value>,
) -> Result<()> {
    let entity = index.entity(number)?;
    if let Some(stats) = index.meta.types.get(usize::from(entity.kind)) {
        let tells = |attribute: u16| stats.attributes.get(usize::from(attribute)).is_some_and(|a| a.bits > 0.0);
        for (_, value) in entity.values().filter(|(attribute, _)| tells(*attribute)) {
            values.push(Value::new(layer, value, heard.of(index, value)?));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Attributes, Entity, EntityId};
    use crate::resolve::Builder;

    /// Catalog of namesakes with teams and countries.
    fn resolver() -> Resolver<crate::resolve::Resident> {
        let mut builder = Builder::new();
        let mut key = 0;
        for (first, team, country) in [
            ("Dana", "Harbor City Herons", "Peru"),
            ("Dana", "Elmwood Rovers", "Chile"),
            ("Mona", "Elmwood Rovers", "Peru"),
            ("Ines", "Northport Gulls", "Norway"),
            ("Danielle", "Northport Gulls", "Chile"),
        ] {
            for last in ["Quist", "Quisten", "Hallworth", "Hollworth", "Marin"] {
                key += 1;
                let entity = Entity {
                    id: EntityId::new(format!("e{key}")),
                    entity_type: "person".into(),
                    name: format!("{first} {last}"),
                    aliases: vec![],
                    attributes: [("team", team), ("country", country)].map(|(a, b)| (a.to_owned(), b.into())).into(),
                };
                builder.add(EntityKey(key), &entity);
            }
        }
        Resolver::new(builder.resident().expect("packs")).expect("opens")
    }

    #[test]
    fn along_the_trail_a_second_look_decides_as_by_a_search_of_its_own() {
        let (mut along, mut named, mut anew) = (resolver(), resolver(), resolver());
        let contexts =
            ["Herons | Lima", "Elmwood Rovers | Gulls", "Peru | Dana Quist", "Mona Hallworth", "Norway", "x y"];
        let mut n_changed = 0;
        for text in
            ["Quist", "D. Quist", "Dana Qiust", "Hallwort", "M Hollworth", "Danielle Marin Quisten", "I. Mahrin"]
        {
            for hints in [Attributes::new(), [("country".to_owned(), "Chile".to_owned())].into()] {
                let query = Query { text, types: &[], hints: &hints, context: "" };
                let plain = along.resolve(&query).unwrap();
                let mut compared = along.take_last_compared().unwrap();
                assert!(compared.is_some(), "no name is written so");
                for context in contexts {
                    let context = Context::new(context);
                    let expected = anew.look_again(&query, &context, &[], plain.clone(), &mut None).unwrap();
                    let mut bare = compared.as_ref().map(|compared| {
                        let mut bytes = Vec::new();
                        compared.pack(&mut bytes);
                        Compared::unpack(&bytes)
                    });
                    let by_names = named.look_again(&query, &context, &[], plain.clone(), &mut bare).unwrap();
                    assert_eq!(by_names, expected, "by names: {text} {hints:?} {context:?}");
                    let found = along.look_again(&query, &context, &[], plain.clone(), &mut compared).unwrap();
                    assert_eq!(found, expected, "{text} {hints:?} {context:?}");
                    n_changed += usize::from(found != plain);
                }
            }
        }
        assert!(n_changed > 5, "the contexts tell something: {n_changed}");
    }
}
