//! Weighing of a comparison: what the context adds to it, which rule tells the two apart, and of an entity's names the best.

use std::ops::Deref;

use anyhow::Result;

use crate::model::EntityKey;
use crate::resolve::index::{Blocks, EntityCard, Index, TypeStats};
use crate::resolve::matching::contradiction::Contradiction;
use crate::resolve::matching::features::{Feature, Vector};
use crate::resolve::matching::generations::{ONLY_IN_MENTION, ONLY_IN_NAME};
use crate::resolve::matching::heard::HeardValues;
use crate::resolve::matching::hints::Evidence;
use crate::resolve::matching::probe::Probe;
use crate::resolve::matching::score;
use crate::resolve::matching::trail::{Comparison, Place};
use crate::resolve::names::token::spaced;
use crate::resolve::resolution::Method;

/// Candidates whose plain score is this far behind the best are not scored by the forest.
pub(crate) const HOPELESS: f32 = 5.0;
/// Log-odds of a candidate that was not scored.
pub(crate) const FLOOR: f32 = -9.0;

/// In longer names a word more or a letter tells little.
const SHORT_NAME: f32 = 4.0;

/// Words of a person's name: of one word alone, as places have, more is misspelt.
const PERSON: f32 = 2.0;

/// Probabilities from which guesses are linked. Of such links of the labelled tasks that are less probable a third to a half
/// are wrong, and more where the catalog lacks what is meant.
const WITH_A_WORD_MORE: f64 = 0.57;
const WRITTEN_OTHERWISE: f64 = 0.6;
/// The same for strict links, of which one in seven is wrong below that.
pub(super) const HARDLY_STRICT: f64 = 0.9;

/// Rarity of a word that tells names apart.
const TELLING: f32 = 2.0;
/// Words of a mention from which on it names most of what a name has.
const SEVERAL: f32 = 3.0;
/// Letters of a mention of common nouns in which one that differs is seldom a slip.
const LONG_NOUNS: f32 = 12.0;

/// A candidate name with its features.
#[derive(Clone)]
pub(crate) struct Scored {
    pub(crate) entity: EntityKey,
    /// Which of the entity's names was compared.
    pub(super) name: u32,
    /// Words of the mention that are surely in the name, a bit a word.
    pub(super) certain: u32,
    pub(crate) place: Place,
    /// Of two that are as good the lesser comes first.
    pub(crate) order: u32,
    pub(crate) vector: Vector,
    pub(crate) plain: f32,
    pub(crate) log_odds: f32,
    pub(crate) words: Vec<String>,
    /// The rule that tells it from what is meant.
    pub(crate) rule: Option<&'static str>,
    /// Bits by which what stands around the mention agrees; they are among those of the hints.
    pub(crate) context: f32,
}

impl Scored {
    /// Weighs a comparison with what the context adds to it. A candidate that will not go on need not be looked at closer, nor
    /// told apart by rules: a contradiction never speaks for it.
    pub(super) fn of<G: Deref<Target = [u8]>>(
        comparison: &mut Comparison,
        entity: &EntityCard<G>,
        context: f32,
        goes_on: impl FnOnce(f32) -> bool,
        look_closer: impl FnOnce(&Evidence, &mut Vector) -> Result<Option<Contradiction>>,
    ) -> Result<Scored> {
        let mut evidence = comparison.evidence;
        evidence.agree += context;
        let mut vector = comparison.vector;
        vector[Feature::hint_agree as usize] = evidence.agree;
        let mut plain = score::plain(&vector);
        let mut rule = None;
        if goes_on(plain) {
            let found = look_closer(&evidence, &mut vector)?;
            if context == 0.0 {
                comparison.vector = vector;
                comparison.contradiction = Some(found);
            }
            if let Some(found) = found {
                let feature = if found.is_of_hint { Feature::hint_contradiction } else { Feature::contradiction };
                vector[feature as usize] = found.penalty;
                plain = score::plain(&vector);
                rule = Some(found.rule);
            }
        }
        Ok(Scored {
            entity: entity.key,
            name: comparison.name,
            certain: comparison.certain,
            order: entity.order,
            place: comparison.place,
            vector,
            plain,
            log_odds: FLOOR,
            words: Vec::new(),
            rule,
            context,
        })
    }

    /// Returns what makes two names of a mention and a name in many cases, where no hint and no context supports that they are
    /// one: a strict link is none of a guess.
    pub(super) fn doubt(&self) -> Option<&'static str> {
        let at = |feature: Feature| self.vector[feature as usize];
        let is_short = at(Feature::name_words) <= SHORT_NAME;
        if at(Feature::lacks) > 1.0 {
            Some("no more than the place")
        } else if at(Feature::hint_agree) > 0.0 {
            None
        } else if (ONLY_IN_NAME..=ONLY_IN_MENTION).contains(&at(Feature::generation)) {
            Some("only one has a generation")
        } else if at(Feature::edited) >= 5.0 {
            Some("another form of the first name")
        } else if is_short && at(Feature::more) >= 2.0 {
            Some("a word more")
        } else if is_short && at(Feature::edited) >= 3.0 {
            Some("a word written otherwise")
        } else if at(Feature::lacks) > 0.0 {
            Some("a word that the mention lacks")
        } else {
            None
        }
    }

    /// Returns the probability from which a guess is linked by default, where it takes more than elsewhere: a short name has a
    /// word more, or a word of several is written otherwise, and no hint or context agrees.
    pub(super) fn threshold_of_guess(&self) -> Option<f64> {
        let at = |feature: Feature| self.vector[feature as usize];
        let is_short = at(Feature::name_words) <= SHORT_NAME && at(Feature::mention_words) <= SHORT_NAME;
        if at(Feature::hint_agree) > 0.0 || !is_short || at(Feature::foreign) > 0.0 {
            return None;
        }
        if at(Feature::more) >= 3.0 {
            Some(WITH_A_WORD_MORE)
        } else if at(Feature::edited) >= 3.0 {
            (at(Feature::name_words).min(at(Feature::mention_words)) >= PERSON).then_some(WRITTEN_OTHERWISE)
        } else {
            None
        }
    }

    /// Returns whether a strict link takes more than elsewhere: no hint or context agrees, and only one side has a number, a
    /// mention of several words lacks a telling one, or a long common noun is written otherwise.
    pub(super) fn is_hardly_strict(&self) -> bool {
        let at = |feature: Feature| self.vector[feature as usize];
        let has_number = at(Feature::mention_numbers) + at(Feature::name_numbers) + at(Feature::numbers_differ) > 0.0;
        let lacks_word = at(Feature::name_rest_max) > TELLING && at(Feature::mention_words) >= SEVERAL;
        let is_other_noun = at(Feature::edited) == 2.0 && at(Feature::mention_letters) >= LONG_NOUNS;
        at(Feature::hint_agree) == 0.0 && (has_number && at(Feature::same_model) == 0.0 || lacks_word || is_other_noun)
    }

    /// Returns whether all hints speak for it.
    pub(super) fn agrees_with_all_hints(&self) -> bool {
        let at = |feature: Feature| self.vector[feature as usize];
        at(Feature::hint_agree) > 0.0
            && at(Feature::hint_near) == 0.0
            && at(Feature::hint_against) == 0.0
            && at(Feature::hint_unknown) == 0.0
    }

    /// Returns the method of a link to it, from what it agrees in.
    pub(super) fn method(&self) -> Method {
        let at = |feature: Feature| self.vector[feature as usize];
        let alias = at(Feature::alias) > 0.0;
        let is_of_one_generation = !(ONLY_IN_NAME..=ONLY_IN_MENTION).contains(&at(Feature::generation));
        if at(Feature::form) >= 3.0 && is_of_one_generation {
            return if alias { Method::Alias } else { Method::Exact };
        }
        if at(Feature::initialism) > 0.0 || at(Feature::initials) > 0.0 {
            return Method::Initials;
        }
        if at(Feature::name_rest_max) > 1.0 && at(Feature::mention_rest) < 0.5 && at(Feature::hint_agree) > 0.0 {
            return Method::Hint;
        }
        Method::Fuzzy
    }
}

/// The candidates so far, one an entity.
pub(super) struct Found {
    pub(super) all: Vec<Scored>,
    /// Their plain scores, and their places: what is asked of all of them for each that comes.
    plains: Vec<f32>,
    places: Vec<Place>,
}

/// Candidates for which there is room from the first on; few mentions have more.
const ROOM: usize = 16;

impl Found {
    pub(super) fn new() -> Found {
        Found { all: Vec::with_capacity(ROOM), plains: Vec::with_capacity(ROOM), places: Vec::with_capacity(ROOM) }
    }

    /// Puts a candidate among the others; of an entity its best name stays.
    pub(super) fn put(&mut self, scored: Scored) {
        let Some(at) = self.places.iter().position(|place| *place == scored.place) else {
            self.plains.push(scored.plain);
            self.places.push(scored.place);
            self.all.push(scored);
            return;
        };
        let known = &mut self.all[at];
        let support = known.vector[Feature::support as usize] + 1.0;
        if scored.plain > known.plain {
            self.plains[at] = scored.plain;
            *known = scored;
        }
        known.vector[Feature::support as usize] = support;
    }

    /// Returns whether a candidate of no more than a plain score may be among the best, and is not hopeless beside them.
    pub(super) fn may_take(&self, plain: f32, most: usize) -> bool {
        let best = self.plains.iter().copied().fold(f32::MIN, f32::max);
        plain >= hopeless_below(best)
            && (self.plains.len() < most || self.plains.iter().filter(|other| **other > plain).count() < most)
    }
}

/// Surroundings of a mention, as they are asked about each of its candidates.
pub(super) struct AroundMention {
    /// The mention's own words, lower case.
    own: String,
    has_longer: bool,
}

impl AroundMention {
    pub(super) fn of(probe: &Probe) -> AroundMention {
        let mut own = String::new();
        if !probe.context.is_empty() {
            spaced(&probe.name, &mut own);
        }
        let has_longer = !probe.context.is_empty() && probe.context.has_longer(&own);
        AroundMention { own, has_longer }
    }

    /// Returns the bits by which an entity agrees with it.
    pub(super) fn agree<P: Blocks>(
        &self,
        probe: &Probe,
        (place, index): (Place, &Index<P>),
        entity: (&EntityCard<P::Block<'_>>, &TypeStats),
        heard: &mut HeardValues,
    ) -> Result<f32> {
        if probe.context.is_empty() {
            return Ok(0.0);
        }
        let own = (&*self.own, self.has_longer);
        probe.context.agree(own, &probe.hints, (place.0, index, place.1), entity, heard)
    }
}

/// Returns the plain score below which a candidate is hopeless beside the best, even if it sounds the same.
pub(super) fn hopeless_below(best: f32) -> f32 {
    best - HOPELESS - score::SOUND_WORTH
}
