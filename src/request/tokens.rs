//! An estimate of tokens without a tokenizer.
//!
//! The provider's tokenizers are tables of hundreds of thousands of entries that change with the model; what is needed
//! here is a number to plan with, before anything is spent: how many requests fit under the queue limit, and about what
//! a run will cost. So this counts by kinds of characters, and rather a little too much than too little: a part that is
//! too large is refused, one that is a little too small costs nothing.

/// What a request costs beside its texts: roles, separators, the wrapping of the schema.
pub const PER_REQUEST: u64 = 16;

/// Returns about how many tokens a text is, rather too many than too few.
///
/// | characters | tokens |
/// | --- | --- |
/// | a word of ASCII letters | 1 up to 6 letters, then 1 for each 4 more begun |
/// | digits | 1 for each 3 in a row begun |
/// | letters of other alphabets (é, я, λ, ع) | 1 for each 2 |
/// | Chinese, Japanese, Korean, and scripts without spaces | 1 each, and 1 more for each 4 |
/// | punctuation | 1 each; a run of the same one, 1 for each 4 |
/// | one space before a word | 0 |
/// | other runs of white space | 1 for each 8 begun |
/// | all else (emoji, symbols, private use) | 2 each |
pub fn estimate(text: &str) -> u64 {
    let mut quarters = 0;
    let mut run = Run { class: Class::Space, last: ' ', n_chars: 0 };
    for c in text.chars() {
        let class = classify(c);
        let goes_on = class == run.class && (class != Class::Punctuation || c == run.last);
        if goes_on {
            run.n_chars += 1;
        } else {
            quarters += run.quarters();
            run = Run { class, last: c, n_chars: 1 };
        }
    }
    quarters += run.quarters();
    quarters.div_ceil(4)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Class {
    Word,
    Digits,
    Letters,
    Dense,
    Punctuation,
    Space,
    Other,
}

fn classify(c: char) -> Class {
    match c {
        'a'..='z' | 'A'..='Z' => Class::Word,
        '0'..='9' => Class::Digits,
        ' ' | '\n' | '\t' | '\r' => Class::Space,
        '!'..='~' => Class::Punctuation,
        // Thai to Myanmar, Khmer, kana, ideographs, Hangul, full width.
        '\u{0e00}'..='\u{109f}' | '\u{1100}'..='\u{11ff}' | '\u{1780}'..='\u{17ff}' => Class::Dense,
        '\u{2e80}'..='\u{a4cf}' | '\u{ac00}'..='\u{d7ff}' | '\u{f900}'..='\u{faff}' => Class::Dense,
        '\u{ff00}'..='\u{ffef}' | '\u{20000}'..='\u{3ffff}' => Class::Dense,
        '\u{2010}'..='\u{2027}' | '\u{a0}'..='\u{bf}' => Class::Punctuation,
        c if c.is_alphabetic() => Class::Letters,
        c if c.is_whitespace() => Class::Space,
        _ => Class::Other,
    }
}

/// Characters of one class in a row.
struct Run {
    class: Class,
    last: char,
    n_chars: u64,
}

impl Run {
    /// Quarters of a token, so that short runs do not each round up.
    fn quarters(&self) -> u64 {
        let n = self.n_chars;
        match self.class {
            Class::Word => 4 * (1 + n.saturating_sub(6).div_ceil(4)),
            Class::Digits => 4 * n.div_ceil(3),
            Class::Letters => 2 * n,
            Class::Dense => 5 * n,
            Class::Punctuation => 4 * n.div_ceil(4),
            Class::Space if n == 1 && self.last == ' ' => 0,
            Class::Space => 4 * n.div_ceil(8),
            Class::Other => 8 * n,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: u64) {
        assert_eq!(estimate(text), expected, "{text}");
    }

    #[test]
    fn each_kind_of_character_has_its_price() {
        check("", 0);
        check("the cat sat", 3);
        check("organization", 3);
        check("12345", 2);
        check("a, b.", 4);
        check("--------", 2);
        check("\n\n", 1);
        check("東京", 3);
        check("Москва", 3);
        check("😀", 2);
        check("\u{0}", 2);
    }
}
