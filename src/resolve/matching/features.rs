//! Features that a mention and a catalog name share, as numbers.

use crate::resolve::matching::hints::Evidence;

macro_rules! features {
    ($($(#[doc = $doc:literal])* $name:ident),* $(,)?) => {
        /// The features by name.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[allow(non_camel_case_types, missing_docs)]
        #[repr(usize)]
        pub(crate) enum Feature { $($(#[doc = $doc])* $name),* }

        /// Names of all features, in their order; the table of weights speaks of them.
        pub(crate) const NAMES: &[&str] = &[$(stringify!($name)),*];
    };
}

features! {
    /// Share of the mention's weight that is explained.
    mention_explained,
    /// Share of the name's weight that is explained.
    name_explained,
    /// Rarest word of the mention that is not explained.
    mention_rest_max,
    /// Rarest word of the name that is not explained.
    name_rest_max,
    /// All that is not explained of the mention.
    mention_rest,
    /// All that is not explained of the name.
    name_rest,
    /// As `mention_explained`, over the parts between commas that have anything to do with the name.
    part_explained,
    /// As `mention_rest_max`, over those parts.
    part_rest_max,
    /// Weight of what is paired.
    shared,
    /// Rarest pair of equal words.
    shared_max,
    /// Numbers that agree.
    numbers_agree,
    /// Numbers on both sides that find no partner.
    numbers_differ,
    /// Numbers only in the mention.
    mention_numbers,
    /// Numbers only in the name.
    name_numbers,
    /// Edit similarity of all core letters.
    letters,
    /// Longest common subsequence of all core letters.
    overlap,
    /// Common start of the core letters.
    start,
    /// Edit similarity of the sounds.
    sound,
    /// Edit similarity of the coarse sounds.
    coarse_sound,
    /// 4 all letters equal, 3 core equal, 2 same words, 1 same sound, 0 none.
    form,
    /// Letters of an initialism that match the other side's words.
    initialism,
    /// 4 agree, 3 none, 2 only in the mention, 1 only in the name, 0 differ.
    generation,
    /// 3 agree, 2 none, 1 only on one side, 0 differ.
    legal,
    /// Similarity that the name's last word found.
    last_word,
    /// Similarity that the name's first word found.
    first_word,
    /// Least similarity of a pair.
    worst_pair,
    /// Words paired as abbreviation.
    abbreviated,
    /// Words paired as initial.
    initials,
    /// Words paired as short form of a given name.
    nicknames,
    /// Words paired by similarity only.
    misspelt,
    /// Core words of the mention.
    mention_words,
    /// Core words of the name.
    name_words,
    /// Letters of the mention's core.
    mention_letters,
    /// Letters of the name's core.
    name_letters,
    /// Bits of hints that agree.
    hint_agree,
    /// Bits of hints that nearly agree.
    hint_near,
    /// Bits of hints that contradict.
    hint_against,
    /// Hints the entity knows nothing of.
    hint_unknown,
    /// True where the words stand in the same order.
    in_order,
    /// The name is an alias.
    alias,
    /// Best plain score of another entity less this one's.
    rival,
    /// Other entities whose plain score is as good or nearly so.
    namesakes,
    /// Place in the order of plain scores.
    place,
    /// Other names of the entity among the candidates.
    support,
    /// The lesser of what is left on both sides: one rare word against another.
    clash,
    /// Rarest word of the mention that other names have and this one does not explain.
    known_rest,
    /// Rarest word of the mention that other names have and that is only similar to one of this: no misspelling.
    known_similar,
    /// Rarest telling word of the mention that is not explained: no generic one.
    mention_telling,
    /// The same of the name.
    name_telling,
    /// True where the mention is written in another script than the Latin.
    foreign,
    /// True where the mention is written in capitals throughout.
    capitals,
    /// Words that an attribute tells.
    told,
    /// Degree in which the mention has words more than the name.
    more,
    /// Degree in which a word is written otherwise.
    edited,
    /// Degree in which a short mention lacks words of the name.
    lacks,
    /// Log-odds that a contradiction takes off.
    contradiction,
    /// Log-odds that a hint takes off which no name can have.
    hint_contradiction,
    /// Log-odds that a model number which both have adds.
    same_model,
}

/// Number of features.
pub(crate) const COUNT: usize = NAMES.len();

/// The features of one pair.
pub(crate) type Vector = [f32; COUNT];

/// Sets the features that say what the hints say.
pub(crate) fn put_evidence(evidence: &Evidence, v: &mut Vector) {
    v[Feature::hint_agree as usize] = evidence.agree;
    v[Feature::hint_near as usize] = evidence.near;
    v[Feature::hint_against as usize] = evidence.against;
    v[Feature::hint_unknown as usize] = evidence.unknown;
}
