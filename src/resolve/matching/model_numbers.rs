//! Model numbers: *DX-300B* and *DX300B* are one product, whatever else two shops write of it.

use crate::resolve::index::TokenView;
use crate::resolve::matching::pairing::CODE;
use crate::resolve::matching::probe::Probe;

/// Digits of a part number without letters, at least.
const DIGITS: usize = 7;
/// Letters of a word before a number, which is its version or year: *Lantern7*, *Office2007*.
const WORD: usize = 4;

/// Parts of a model number, at most.
const PARTS: usize = 4;

/// Returns whether mention and name share a model number, be it in parts on one side.
pub(super) fn is_shared(probe: &Probe, name: &[TokenView<'_>]) -> bool {
    let own = || (0..probe.words.len()).map(|i| probe.text(i).as_bytes());
    let other = || name.iter().map(|token| token.text);
    probe.has_digit
        && (own().any(|word| is_model_number(word) && has(other(), word))
            || other().any(|word| is_model_number(word) && has(own(), word)))
}

/// Returns whether words have one that is `whole`, or some one after the other that together are it.
fn has<'t>(words: impl Iterator<Item = &'t [u8]> + Clone, whole: &[u8]) -> bool {
    let mut from = words;
    loop {
        let mut rest = whole;
        for word in from.clone().take(PARTS) {
            match rest.strip_prefix(word) {
                Some([]) => return true,
                Some(left) => rest = left,
                None => break,
            }
        }
        if from.next().is_none() {
            return false;
        }
    }
}

/// Returns whether a word is a model number: letters and digits, but no amount with its unit (*500gb*, *5-user*) and no word
/// with a number (*lantern7*); or many digits.
fn is_model_number(word: &[u8]) -> bool {
    let n_digits = word.iter().filter(|byte| byte.is_ascii_digit()).count();
    let starts = |is: fn(&u8) -> bool| word.iter().take_while(|byte| is(byte)).count();
    let (digits_before, letters_before) = (starts(u8::is_ascii_digit), starts(u8::is_ascii_lowercase));
    let is_amount = digits_before == n_digits && word[digits_before..].iter().all(u8::is_ascii_lowercase);
    let is_word = letters_before >= WORD && word.len() - letters_before == n_digits;
    match n_digits {
        0 => false,
        // A version, or the places in a substance: `1.2.3`.
        _ if !word.iter().all(u8::is_ascii_alphanumeric) => false,
        n if n == word.len() => n >= DIGITS,
        _ => word.len() >= CODE && !is_amount && !is_word,
    }
}

#[cfg(test)]
mod tests {
    use super::is_model_number;

    #[test]
    fn a_model_number_is_no_amount_and_no_word_with_a_number() {
        for word in ["dx300b", "xj900", "kxt62w", "mb226lla", "0100057600"] {
            assert!(is_model_number(word.as_bytes()), "{word}");
        }
        for word in ["500gb", "5user", "3inone", "lantern7", "office2007", "lantern", "2007", "mp3", "x9", "1.2.3", ""]
        {
            assert!(!is_model_number(word.as_bytes()), "{word}");
        }
    }
}
