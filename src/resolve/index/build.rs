//! Makes the blocks of an index from entities, in one pass over them and one over what it packed.

use anyhow::Result;

use crate::model::{Entity, EntityKey};
use crate::resolve::fast_map::Map;
use crate::resolve::index::background::{Background, Nothing};
use crate::resolve::index::blocks::Resident;
use crate::resolve::index::changes;
use crate::resolve::index::key::{KeyKind, key};
use crate::resolve::index::keys::{self, Keys};
use crate::resolve::index::layout::{
    COUNTED_FROM, ENTITIES_PER_BLOCK, FORMAT, LABELS_PER_BLOCK, Meta, NAMES_PER_BLOCK, RARITY_UNIT, Table,
    VALUES_PER_BLOCK, VOCABULARY_MAX, WEIGHTS_PER_BLOCK, WORDS_PER_BLOCK, put_varint, rarity,
};
use crate::resolve::index::pack::{Packed, put_blocked};
use crate::resolve::index::pair_keys::PairKeys;
use crate::resolve::index::postings::Postings;
use crate::resolve::index::types::TypeBuild;
use crate::resolve::names::countries;
use crate::resolve::names::token::{Name, spaced};
use crate::resolve::names::words::Role;

/// Of a longer value of an attribute the start is kept; no name of a team or country is longer.
const VALUE_BYTES: usize = 96;
/// A bucket of keys is about this large: one block of the database and its header.
const BUCKET_BYTES: usize = 3000;

/// Collects entities; entities of one type should come together.
#[derive(Default)]
pub struct Builder {
    types: Vec<TypeBuild>,
    names: Packed,
    entities: Packed,
    labels: Packed,
    values: Packed,
    /// Place of each distinct value among them.
    value_numbers: Map<Box<str>, u32>,
    postings: Postings,
    /// Key of each entity's preferred name, and its number.
    preferred: Vec<(u64, u32)>,
    /// Frequency with which each word or class stands in a name of a type.
    frequency: Map<u64, u32>,
    words: Map<Box<str>, ()>,
    name: Name,
    keys: Keys,
}

impl Builder {
    /// Returns an empty builder.
    pub fn new() -> Builder {
        Builder::default()
    }

    /// Adds one entity with all its names.
    pub fn add(&mut self, entity_key: EntityKey, entity: &Entity) {
        let kind = self.type_number(&entity.entity_type);
        let number = self.entities.begin();
        self.put_entity(entity_key, kind, entity);
        let first = self.names.len();
        self.add_name(number, kind, &entity.name, false);
        for alias in &entity.aliases {
            if *alias != entity.name {
                self.add_name(number, kind, alias, true);
            }
        }
        let last = self.names.len();
        let stats = &mut self.types[usize::from(kind)].stats;
        stats.entities += 1;
        stats.names += last - first;
        match stats.ranges.last_mut() {
            Some(range) if range.end == first => range.end = last,
            _ => stats.ranges.push(first..last),
        }
    }

    fn type_number(&mut self, name: &str) -> u16 {
        let at = self.types.iter().rposition(|t| t.stats.name == name).unwrap_or_else(|| {
            self.types.push(TypeBuild::new(name));
            self.types.len() - 1
        });
        u16::try_from(at).unwrap_or(u16::MAX)
    }

    fn put_entity(&mut self, entity_key: EntityKey, kind: u16, entity: &Entity) {
        let out = &mut self.entities.bytes;
        out.extend_from_slice(&entity_key.0.to_le_bytes());
        out.extend_from_slice(&kind.to_le_bytes());
        let order = key(KeyKind::Form, entity.entity_type.as_bytes(), entity.id.as_str().as_bytes());
        out.extend_from_slice(&((order >> 32) as u32).to_le_bytes());
        out.extend_from_slice(&self.names.len().to_le_bytes());
        let count_at = out.len();
        out.extend_from_slice(&[0; 2]);
        let mut count = 0u16;
        let mut words = String::new();
        for (attribute, value) in &entity.attributes {
            self.name.parse_into(value);
            spaced(&self.name, &mut words);
            let known = &mut self.types[usize::from(kind)];
            let next = known.values.len();
            let at = known.numbers.get(attribute).copied().unwrap_or(next);
            let (false, Ok(number), Some(counted)) = (words.is_empty(), u16::try_from(at), count.checked_add(1)) else {
                continue;
            };
            if at == next {
                known.numbers.insert(attribute.clone(), next);
                known.values.push((attribute.clone(), Map::default()));
            }
            let kept = cut(&words, VALUE_BYTES);
            let value = match self.value_numbers.get(kept) {
                Some(&value) => value,
                None => {
                    let value = self.values.begin();
                    self.values.bytes.extend_from_slice(&countries::country(&words).unwrap_or(0).to_le_bytes());
                    self.values.bytes.extend_from_slice(kept.as_bytes());
                    self.value_numbers.insert(kept.into(), value);
                    value
                }
            };
            *known.values[at].1.entry(value).or_insert(0) += 1;
            let out = &mut self.entities.bytes;
            out.extend_from_slice(&number.to_le_bytes());
            out.extend_from_slice(&value.to_le_bytes());
            count = counted;
        }
        self.entities.bytes[count_at..count_at + 2].copy_from_slice(&count.to_le_bytes());
        self.labels.begin();
        put_varint(&mut self.labels.bytes, entity.id.as_str().len() as u64);
        self.labels.bytes.extend_from_slice(entity.id.as_str().as_bytes());
        self.labels.bytes.extend_from_slice(entity.name.as_bytes());
    }

    fn add_name(&mut self, entity: u32, kind: u16, text: &str, alias: bool) {
        let mut name = std::mem::take(&mut self.name);
        name.parse_into(text);
        if !name.tokens.is_empty() {
            let number = self.names.begin();
            self.put_name(entity, &name, alias);
            self.keys.of(&name);
            if !alias {
                self.preferred.extend(self.keys.forms.first().map(|key| (*key, entity)));
            }
            for &key in self.keys.forms.iter().chain(&self.keys.sounds).chain(&self.keys.initialisms) {
                self.postings.push(key, number);
            }
            for token in &name.tokens {
                let text = name.text(token);
                let word_key = keys::word_key(text, token.class);
                self.postings.push(word_key, number);
                *self.frequency.entry(keys::count_key(word_key, kind)).or_insert(0) += 1;
                if token.role == Role::Word && text.len() >= 3 && !self.words.contains_key(text) {
                    self.words.insert(text.into(), ());
                }
            }
        }
        self.name = name;
    }

    fn put_name(&mut self, entity: u32, name: &Name, alias: bool) {
        let out = &mut self.names.bytes;
        out.extend_from_slice(&entity.to_le_bytes());
        out.push(u8::from(alias) | u8::from(name.inverted) << 1);
        out.push(u8::try_from(name.tokens.len()).unwrap_or(u8::MAX));
        for token in &name.tokens {
            let text = name.text(token).as_bytes();
            out.push(u8::try_from(text.len()).unwrap_or(u8::MAX));
            out.push(0);
            out.push(token.role as u8 | u8::from(token.aside) << 7);
            out.extend_from_slice(&token.class.to_le_bytes());
            out.push(token.segment);
            out.extend_from_slice(text);
        }
    }

    /// Packs everything and hands the blocks out, those of one table in order.
    pub fn finish(self, sink: &mut dyn FnMut(Table, u32, &[u8]) -> Result<()>) -> Result<()> {
        self.finish_before(&Nothing, sink)
    }

    fn finish_before(
        mut self,
        background: &dyn Background,
        sink: &mut dyn FnMut(Table, u32, &[u8]) -> Result<()>,
    ) -> Result<()> {
        self.value_numbers = Map::default();
        self.weigh_and_pair(background, sink)?;
        self.keep_counts();
        self.keep_values();
        let bits: Vec<Vec<f32>> = self.types.iter().map(TypeBuild::bits).collect();
        let learned = changes::learn(std::mem::take(&mut self.preferred), &self.entities, &bits);
        let words = self.add_words(sink)?;
        let bucket_bits = self.put_keys(sink)?;
        put_blocked(Table::Names, &self.names, NAMES_PER_BLOCK, sink)?;
        put_blocked(Table::Entities, &self.entities, ENTITIES_PER_BLOCK, sink)?;
        put_blocked(Table::Values, &self.values, VALUES_PER_BLOCK, sink)?;
        put_blocked(Table::Labels, &self.labels, LABELS_PER_BLOCK, sink)?;
        let meta = Meta {
            format: FORMAT,
            bucket_bits,
            names: self.names.len(),
            entities: self.entities.len(),
            words: words.1,
            values: self.values.len(),
            types: (self.types.into_iter().zip(bits.iter().zip(&learned)))
                .map(|(kind, (bits, learned))| kind.stats(background, bits, learned))
                .collect(),
            word_starts: words.0,
        };
        sink(Table::Meta, 0, &serde_json::to_vec(&meta)?)
    }

    /// Packs everything in memory.
    pub fn resident(self) -> Result<Resident> {
        self.resident_before(&Nothing)
    }

    /// Packs everything in memory; what is rare, and what tells, is weighed by a larger catalog.
    pub(crate) fn resident_before(self, background: &dyn Background) -> Result<Resident> {
        let mut resident = Resident::default();
        self.finish_before(background, &mut |table, _, block| {
            resident.push(table, block);
            Ok(())
        })?;
        Ok(resident)
    }

    /// Second pass over the packed names: now that frequencies are known, rarities are written into the tokens, and
    /// keys of two parts are made where one part alone would find too many.
    fn weigh_and_pair(
        &mut self,
        background: &dyn Background,
        sink: &mut dyn FnMut(Table, u32, &[u8]) -> Result<()>,
    ) -> Result<()> {
        let mut weights = Vec::with_capacity(WEIGHTS_PER_BLOCK as usize);
        let mut block = 0;
        let mut pair = PairKeys::default();
        for number in 0..self.names.starts.len() {
            let start = self.names.starts[number] as usize;
            let entity = u32::from_le_bytes(read4(&self.names.bytes, start)) as usize;
            let card = self.entities.record(entity);
            let kind = u16::from_le_bytes([card[8], card[9]]);
            let of_type = &self.types[usize::from(kind)].stats;
            let total = of_type.names.max(background.names(&of_type.name));
            let inverted = self.names.bytes[start + 4] & 2 != 0;
            let count = self.names.bytes[start + 5];
            let mut at = start + 6;
            let mut weight = 0.0;
            pair.clear();
            for _ in 0..count {
                let len = usize::from(self.names.bytes[at]);
                let flags = self.names.bytes[at + 2];
                let class = u16::from_le_bytes([self.names.bytes[at + 3], self.names.bytes[at + 4]]);
                let segment = self.names.bytes[at + 5];
                let text = std::str::from_utf8(&self.names.bytes[at + 6..at + 6 + len])?;
                let word_key = keys::word_key(text, class);
                let own = self.frequency.get(&keys::count_key(word_key, kind)).copied().unwrap_or(1);
                let frequency = own.max(background.frequency(&of_type.name, word_key)?);
                let rarity = rarity(frequency, total);
                let role = Role::from_u8(flags & 0x7f);
                weight += rarity * keys::role_weight(role) * if flags & 0x80 == 0 { 1.0 } else { 0.4 };
                if role.is_core() && flags & 0x80 == 0 {
                    pair.push(text, class, segment, frequency);
                }
                self.names.bytes[at + 1] = quantize(rarity * RARITY_UNIT);
                at += 6 + len;
            }
            let name_number = u32::try_from(number).unwrap_or(u32::MAX);
            pair.emit(inverted, card, &self.values, &mut |key| self.postings.push(key, name_number));
            weights.push(quantize(weight * 4.0));
            if weights.len() == WEIGHTS_PER_BLOCK as usize {
                sink(Table::Weights, block, &weights)?;
                weights.clear();
                block += 1;
            }
        }
        if !weights.is_empty() {
            sink(Table::Weights, block, &weights)?;
        }
        Ok(())
    }

    /// Keeps how often frequent words stand in the names of a type, for types that share the catalog with others.
    fn keep_counts(&mut self) {
        let frequency = std::mem::take(&mut self.frequency);
        self.postings.extend(frequency.into_iter().filter(|(_, count)| *count >= COUNTED_FROM));
    }

    /// Keeps which values an attribute has, where they are few enough to be a vocabulary.
    fn keep_values(&mut self) {
        for kind in &self.types {
            for (attribute, values) in kind.values.iter().filter(|(_, values)| values.len() <= VOCABULARY_MAX) {
                for (&value, &count) in values {
                    let record = &self.values.record(value as usize)[2..];
                    let text = std::str::from_utf8(record).unwrap_or_default();
                    self.postings.push(keys::known_value_key(&kind.stats.name, attribute, text), count);
                }
            }
        }
    }

    /// Orders the vocabulary by length, writes it, and adds the keys that find a word by letters and by sound.
    fn add_words(&mut self, sink: &mut dyn FnMut(Table, u32, &[u8]) -> Result<()>) -> Result<(Vec<u32>, u32)> {
        let mut words: Vec<Box<str>> = std::mem::take(&mut self.words).into_keys().collect();
        words.sort_unstable_by(|a, b| a.len().cmp(&b.len()).then_with(|| a.cmp(b)));
        let mut starts = Vec::new();
        let mut packed = Packed::default();
        for (number, word) in (0u32..).zip(&words) {
            while starts.len() <= word.len() {
                starts.push(number);
            }
            packed.begin();
            packed.bytes.extend_from_slice(word.as_bytes());
            keys::grams(word.as_bytes(), &mut |key| self.postings.push(key, number));
            keys::less_one(word.as_bytes(), &mut |key| self.postings.push(key, number));
            if let Some(key) = keys::word_sound(word.as_bytes()) {
                self.postings.push(key, number);
            }
        }
        let count = u32::try_from(words.len()).unwrap_or(u32::MAX);
        starts.push(count);
        drop(words);
        put_blocked(Table::Words, &packed, WORDS_PER_BLOCK, sink)?;
        Ok((starts, count))
    }

    /// Sorts all keys into buckets. Returns the number of bits that choose a bucket.
    fn put_keys(&mut self, sink: &mut dyn FnMut(Table, u32, &[u8]) -> Result<()>) -> Result<u32> {
        let mut postings = std::mem::take(&mut self.postings);
        let n_keys = postings.sort();
        let bytes = n_keys * 8 + (postings.len() - n_keys) * 2;
        let bits = (bytes / BUCKET_BYTES).max(1).next_power_of_two().trailing_zeros();
        postings.pack(bits, &mut |bucket, block| sink(Table::Keys, bucket, block))?;
        Ok(bits)
    }
}

/// Returns the whole words at the start of a text that fit; of a first word that does not, what fits.
fn cut(words: &str, bytes_max: usize) -> &str {
    if words.len() <= bytes_max {
        return words;
    }
    let mut end = bytes_max;
    while !words.is_char_boundary(end) {
        end -= 1;
    }
    if words[end..].starts_with(' ') {
        return &words[..end];
    }
    words[..end].rsplit_once(' ').map_or(&words[..end], |(kept, _)| kept)
}

fn read4(bytes: &[u8], at: usize) -> [u8; 4] {
    [bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]]
}

fn quantize(value: f32) -> u8 {
    value.round().clamp(1.0, 255.0) as u8
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::EntityId;
    use crate::resolve::index::pack::without_ids;
    use crate::resolve::index::read::Index;

    #[test]
    fn an_entity_keeps_all_its_attributes_and_of_a_long_value_whole_words() {
        let long = "wörter ".repeat(2000);
        let attributes = (0..1000).map(|n| (format!("a{n:03}"), format!("value {n}")));
        let entity = Entity {
            id: EntityId::new("\u{202e}id"),
            entity_type: "t".into(),
            name: "🙂 Name".into(),
            aliases: vec!["!!!".into(), String::new()],
            attributes: attributes.chain([("z".to_owned(), long), ("zz".to_owned(), "!".to_owned())]).collect(),
        };
        let mut builder = Builder::new();
        builder.add(EntityKey(7), &entity);
        let index = Index::open(builder.resident().expect("packs")).expect("opens");
        let card = index.entity(0).expect("is there");
        let values: Vec<_> = card.values().collect();
        let text = |number: u32| index.value(number, |value| value.text.to_owned()).expect("is there");
        assert_eq!((values.len(), text(values[999].1), values[999].0), (1001, "value 999".to_owned(), 999));
        assert_eq!(text(values[1000].1), "worter ".repeat(13).trim_end());
        let is_same = |id: &str, name: &str| id == "\u{202e}id" && name == "🙂 Name";
        assert!(index.label(0, is_same).expect("is there"));
        assert_eq!(index.meta.names, 1, "what no words are left of is no name");
    }

    #[test]
    fn labels_without_ids_have_the_names_still() {
        for n_entities in [1, 2, 63, 64] {
            let mut builder = Builder::new();
            for key in 0..n_entities {
                let entity = Entity {
                    id: EntityId::new("i".repeat(key * 7 % 300 + 1)),
                    entity_type: "t".into(),
                    name: "ü ".repeat(key % 5) + "Name",
                    aliases: vec![],
                    attributes: Default::default(),
                };
                builder.add(EntityKey(key as i64), &entity);
            }
            let mut bare = Resident::default();
            let add = &mut |table: Table, _, block: &[u8]| {
                match table {
                    Table::Labels => bare.push(table, &without_ids(block)),
                    _ => bare.push(table, block),
                }
                Ok(())
            };
            builder.finish(add).expect("packs");
            let index = Index::open(bare).expect("opens");
            for key in 0..n_entities {
                let label = index.label(key as u32, |id, name| (id.to_owned(), name.to_owned())).expect("is there");
                assert_eq!(label, (String::new(), "ü ".repeat(key % 5) + "Name"), "{key} of {n_entities}");
            }
        }
        for broken in [&[][..], &[7], &[9; 10], &[0; 8], &[255; 40]] {
            without_ids(broken);
        }
    }

    #[test]
    fn a_text_is_cut_between_words_and_letters() {
        for (words, bytes_max, expected) in
            [("ab cd", 9, "ab cd"), ("ab cd", 4, "ab"), ("ab cd", 2, "ab"), ("abcd", 3, "abc"), ("äöü", 3, "ä")]
        {
            assert_eq!(cut(words, bytes_max), expected, "{words} {bytes_max}");
        }
    }
}
