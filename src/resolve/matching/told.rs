//! Words of a mention that an entity's attributes tell, and not its name: the town of a club, the branch of a shop, the year
//! of a film, or what its type is called. They are no words that the name lacks.

use anyhow::Result;

use crate::resolve::index::{Blocks, EntityCard, Index, TokenView, TypeStats};
use crate::resolve::matching::features::{Feature, Vector};
use crate::resolve::matching::probe::{Probe, Word};
use crate::resolve::names::words::{self, Role};

/// A mention that has less left than this, in the unit of rarity, is explained by the name.
const LEFT: f32 = 1.0;
/// Shorter words are told by chance.
const SHORTEST: u8 = 3;
/// Digits of a year.
const YEAR: u8 = 4;

/// Gain of the plain score by words that are told, at most.
pub(super) const MOST: f32 = 3.0;

/// A name of which the mention explains less is another one, whatever the attributes tell.
const EXPLAINED: f32 = 0.5;

/// Returns whether a name is explained and leaves so much of a mention that its attributes are worth asking.
pub(super) fn may_tell(probe: &Probe, vector: &Vector) -> bool {
    probe.core_at.len() > 1
        && vector[Feature::mention_rest_max as usize] >= LEFT
        && vector[Feature::name_explained as usize] >= EXPLAINED
}

/// Returns whether a name is explained whole and leaves so much of a mention that the name may be no more than the place.
pub(super) fn may_be_of_place(probe: &Probe, vector: &Vector) -> bool {
    const WHOLE: f32 = 0.8;
    probe.segments < 2
        && probe.core_at.len() > 1
        && vector[Feature::mention_rest_max as usize] >= LEFT
        && vector[Feature::name_explained as usize] >= WHOLE
}

/// Returns whether an attribute is the city: *city*, *home_city*.
fn is_city(attribute: &str) -> bool {
    attribute.split(|c: char| !c.is_alphanumeric()).any(|word| word.eq_ignore_ascii_case("city"))
}

/// Finds the words of a name that the city of an entity has, a bit a word.
pub(super) fn places<P: Blocks>(
    name: &[TokenView<'_>],
    (index, entity, stats): (&Index<P>, &EntityCard<P::Block<'_>>, &TypeStats),
) -> Result<u32> {
    let mut places = 0u32;
    for (attribute, value) in entity.values() {
        if stats.attributes.get(usize::from(attribute)).is_some_and(|known| is_city(&known.name)) {
            index.value(value, |value| {
                for (j, token) in name.iter().enumerate().filter(|(_, token)| token.role == Role::Word) {
                    let is_of_value = value.text.split(' ').any(|word| word.as_bytes() == token.text);
                    places |= u32::from(is_of_value) << j;
                }
            })?;
        }
    }
    Ok(places)
}

/// Finds the words of a mention that the attributes of an entity tell, a bit a word. `open` says which words found no
/// partner in the name.
pub(super) fn by_attributes<P: Blocks>(
    probe: &Probe,
    open: impl Fn(usize) -> bool,
    (index, entity, stats): (&Index<P>, &EntityCard<P::Block<'_>>, &TypeStats),
) -> Result<u32> {
    let may_be_told = |i: &usize| {
        let token = &probe.words[*i].token;
        open(*i)
            && match token.role {
                Role::Word => token.len() >= SHORTEST,
                Role::Number => token.len() == YEAR,
                _ => false,
            }
    };
    let mut told = 0u32;
    for i in probe.core_at.iter().copied().filter(may_be_told) {
        let (word, text) = (&probe.words[i], probe.text(i));
        let mut is_told = is_of_type(text, &stats.name);
        for (_, value) in entity.values() {
            if is_told {
                break;
            }
            is_told = index.value(value, |value| tells(word, text, value.text, value.country))?;
        }
        told |= u32::from(is_told) << i;
    }
    Ok(told)
}

/// Returns whether a value has a word, or one of its meaning, or is the country that the word is.
fn tells(word: &Word, text: &str, value: &str, country: u16) -> bool {
    let class = word.token.class;
    country != 0 && word.country == Some(country)
        || value.split(' ').any(|other| other == text || class != 0 && words::class(other) == class)
}

/// Returns whether a word is what the type is called.
fn is_of_type(word: &str, entity_type: &str) -> bool {
    entity_type.len() >= usize::from(SHORTEST) && word.eq_ignore_ascii_case(entity_type)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resolve::matching::context::Context;
    use crate::resolve::names::countries;

    #[test]
    fn a_value_tells_its_words_in_every_language_and_its_country() {
        let tells_last = |mention: &str, value: &str, country: u16| {
            let mut probe = Probe::default();
            probe.begin(mention);
            probe.prepare(&[], &Context::default());
            let last = probe.words.len() - 1;
            tells(&probe.words[last], probe.text(last), value, country)
        };
        let norway = countries::country("no").expect("a country");
        assert!(tells_last("Lantern Ashby", "ashby", 0));
        assert!(tells_last("Lantern Ashby", "new ashby", 0));
        assert!(tells_last("Lantern Klinikum", "hospital", 0));
        assert!(tells_last("Lantern Norway", "no", norway));
        assert!(!tells_last("Lantern Peru", "no", norway));
        assert!(!tells_last("Lantern Ashby", "ashbyford", 0));
    }
}
