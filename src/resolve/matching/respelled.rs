//! Mentions in an older romanization, or with what a place is behind its name: *Hsin-yang-hsien* where the catalog has *Xinyang*. They are
//! read as the catalog has them, if it has one of their spellings to the letter and not their own.

use anyhow::Result;

use crate::resolve::index::Blocks;
use crate::resolve::matching::exact::names_with_letters;
use crate::resolve::matching::kind::Kind;
use crate::resolve::matching::probe::Probe;
use crate::resolve::matching::resolver::Resolver;
use crate::resolve::matching::search::Layer;
use crate::resolve::names::romanized;

impl<P: Blocks> Resolver<P> {
    /// Reads the mention that was begun in the first of its other spellings that a name has.
    pub(super) fn respell(&mut self, text: &str) -> Result<()> {
        let tokens = &self.probe.name.tokens;
        let spellings = romanized::spellings(text, tokens.iter().map(|token| self.probe.name.text(token)));
        if spellings.is_empty() || self.is_borne(false)? {
            return Ok(());
        }
        for spelling in spellings {
            self.probe.begin(&spelling.text);
            if self.is_borne(spelling.is_place)? {
                return Ok(());
            }
        }
        self.probe.begin(text);
        Ok(())
    }

    /// Returns whether a name has all letters of the mention; of a place, where only one is meant.
    fn is_borne(&self, is_place: bool) -> Result<bool> {
        let in_base = is_borne(&self.base, &self.probe, is_place)?;
        match &self.overlay {
            Some(overlay) if !in_base => is_borne(overlay, &self.probe, is_place),
            _ => Ok(in_base),
        }
    }
}

fn is_borne<P: Blocks>(layer: &Layer<P>, probe: &Probe, is_place: bool) -> Result<bool> {
    for card in names_with_letters(&layer.index, layer.scope(), &probe.full)? {
        let card = card?;
        let kind = usize::from(layer.index.entity(card.entity)?.kind);
        let is_one =
            !is_place || layer.index.meta.types.get(kind).is_some_and(|stats| Kind::of(&stats.name) == Kind::Place);
        if is_one {
            return Ok(true);
        }
    }
    Ok(false)
}

#[cfg(test)]
mod tests {
    use crate::model::{Attributes, Entity, EntityId, EntityKey};
    use crate::resolve::{Builder, Query, Resolver};

    #[test]
    fn names_of_china_are_found_in_each_spelling() {
        let catalog = [
            ("person", "Deng Xiaoping"),
            ("person", "Mao Tse-tung"),
            ("person", "Li Xiang"),
            ("place", "Xinyang"),
            ("place", "Han-tan"),
            ("person", "Edda Falkenrath"),
        ];
        let mut builder = Builder::new();
        for (key, (entity_type, name)) in (0i64..).zip(catalog) {
            let entity = Entity {
                id: EntityId::new(name),
                entity_type: entity_type.into(),
                name: name.into(),
                aliases: vec![],
                attributes: Attributes::new(),
            };
            builder.add(EntityKey(key), &entity);
        }
        let mut resolver = Resolver::new(builder.resident().expect("packs")).expect("opens");
        let mut check = |mention: &str, expected: Option<&str>| {
            let query = Query { text: mention, types: &[], hints: &Attributes::new(), context: "" };
            let found = resolver.resolve(&query).expect("resolves");
            let linked = found.entity.map(|key| catalog[usize::try_from(key.0).expect("small")].1);
            assert_eq!(linked, expected, "{mention}: {found:?}");
        };
        for (mention, name) in [
            ("Teng Hsiao-p'ing", "Deng Xiaoping"),
            ("TENG HSIAO-P’ING", "Deng Xiaoping"),
            ("Дэн Сяопин", "Deng Xiaoping"),
            ("Mao Zedong", "Mao Tse-tung"),
            ("Мао Цзэдун", "Mao Tse-tung"),
            ("Hsin-yang-hsien", "Xinyang"),
            ("Xinyang Shi", "Xinyang"),
            ("Синьян", "Xinyang"),
            ("Handan", "Han-tan"),
        ] {
            check(mention, Some(name));
        }
        // A given name is no kind of place.
        for mention in ["Li Xiang Xian", "Lin Xiang", "Дэн Ин"] {
            check(mention, None);
        }
    }
}
