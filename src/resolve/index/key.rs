//! Keys of the index: hashes of what a name is found by.

/// Kinds of keys; the first byte of what is hashed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum KeyKind {
    /// All letters of a name, its core, or its sorted words.
    Form = b'F',
    Word = b'T',
    /// A class of generic words.
    Class = b'C',
    /// First letter of the first word, and the last word.
    InitialLast = b'P',
    /// A last word, and a value of an attribute.
    LastValue = b'H',
    /// Two words that follow each other.
    Pair = b'B',
    /// Sound of the whole name.
    Sound = b'K',
    /// Coarse sound of the whole name.
    CoarseSound = b'Q',
    /// Initial letters of the words.
    Initialism = b'I',
    /// Sound of a word; lists words.
    WordSound = b'k',
    /// Three letters of a word; lists words.
    Gram = b'g',
    /// A word, whole or less one letter; lists words.
    Less = b'l',
    /// A word or class and a type: in how many names of the type it stands, where these are many.
    Count = b'#',
    /// A type with an attribute, and a value that some of its entities have; counts them.
    Value = b'V',
}

impl KeyKind {
    /// Meaning of the numbers under such a key: 0 names, 1 words, 2 counts.
    fn lists(self) -> u64 {
        match self {
            KeyKind::WordSound | KeyKind::Gram | KeyKind::Less => 1,
            KeyKind::Count | KeyKind::Value => 2,
            _ => 0,
        }
    }
}

/// Hashes a key of one or two parts. Ours, so that an index reads the same on every machine and release. The kind is
/// spread over all bits, else it would meet the first letter: the word `mar` would be the trigram `^ar`. What lists
/// names, what lists words and what counts never meet, whatever the hash: the number of a word is not one of a name.
pub(crate) fn key(kind: KeyKind, a: &[u8], b: &[u8]) -> u64 {
    let mut state = 0x9e37_79b9_7f4a_7c15 ^ u64::from(kind as u8).wrapping_mul(0xff51_afd7_ed55_8ccd);
    state = absorb(state, a);
    if !b.is_empty() {
        state = absorb(state.wrapping_add(0x1234_5677), b);
    }
    let folded = u128::from(state ^ 0xe703_7ed1_a0b4_28db).wrapping_mul(0x8ebc_6af0_9c88_c6e3_u128);
    let hash = (folded >> 64) as u64 ^ folded as u64;
    hash & !3 | kind.lists()
}

fn absorb(mut state: u64, bytes: &[u8]) -> u64 {
    for chunk in bytes.chunks(8) {
        let mut word = [0u8; 8];
        word[..chunk.len()].copy_from_slice(chunk);
        let mixed = u128::from(state ^ u64::from_le_bytes(word)).wrapping_mul(0xa076_1d64_78bd_642f_u128);
        state = (mixed >> 64) as u64 ^ mixed as u64;
    }
    state ^ bytes.len() as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_of_different_kinds_never_meet() {
        const KINDS: [KeyKind; 14] = [
            KeyKind::Form,
            KeyKind::Word,
            KeyKind::Class,
            KeyKind::InitialLast,
            KeyKind::LastValue,
            KeyKind::Pair,
            KeyKind::Sound,
            KeyKind::CoarseSound,
            KeyKind::Initialism,
            KeyKind::WordSound,
            KeyKind::Gram,
            KeyKind::Less,
            KeyKind::Count,
            KeyKind::Value,
        ];
        let mut keys = std::collections::HashMap::new();
        for kind in KINDS {
            for first in 0x20..0x7f {
                for rest in ["", "ar", "mith", "cdefghijk"] {
                    let text = [&[first], rest.as_bytes()].concat();
                    let key = key(kind, &text, &[]);
                    assert_eq!(keys.insert(key, (kind, text.clone())), None, "{kind:?} {text:?}");
                    assert_eq!(key & 3, kind.lists());
                }
            }
        }
    }
}
