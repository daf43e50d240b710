//! Grounding of a mention: whether it stands in the stories of its group, and where.

use serde::Serialize;

/// Closeness of a mention to the words of the stories.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Grounding {
    /// To the letter.
    Exact,
    /// But for case, diacritics, quotes, dashes, white space, HTML entities and characters that show nothing.
    Normalized,
    /// In words that are nearly the same: another ending, a slip, an initial.
    Fuzzy,
    /// Nowhere, or only inside a longer mention of the same answer: the model named what no story names.
    Ungrounded,
}

impl Grounding {
    /// All, the closest first.
    pub const ALL: [Grounding; 4] = [Grounding::Exact, Grounding::Normalized, Grounding::Fuzzy, Grounding::Ungrounded];

    /// Returns the word used in the database and in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Grounding::Exact => "exact",
            Grounding::Normalized => "normalized",
            Grounding::Fuzzy => "fuzzy",
            Grounding::Ungrounded => "ungrounded",
        }
    }
}

/// Place of a mention in the stories of its group, counted in characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
pub struct Place {
    /// The story, from 1; `None`: the title of the group.
    pub story: Option<u32>,
    /// True where it stands in a title and not in a text.
    pub in_title: bool,
    /// Characters before it.
    pub at: u32,
    /// Its characters.
    pub length: u32,
}

/// Result of looking for a mention.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
pub struct Grounded {
    /// Closeness to what stands there.
    pub grounding: Grounding,
    /// Its place; `None`: nowhere.
    pub place: Option<Place>,
}
