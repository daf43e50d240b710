//! Character references of HTML, `&amp;` and the like, which stand in texts that were cut out of pages.

use std::borrow::Cow;

/// The longest reference that is read, `&` and `;` included: `&thetasym;` is none of ours, `&#x10FFFF;` is.
const REFERENCE_BYTES_MAX: usize = 10;

/// Returns a text with its references replaced; most texts have none and are lent as they are.
pub(crate) fn decode_entities(text: &str) -> Cow<'_, str> {
    let Some(first) = text.find('&') else { return Cow::Borrowed(text) };
    let mut out = String::with_capacity(text.len());
    out.push_str(&text[..first]);
    let mut rest = &text[first..];
    while let Some(at) = rest.find('&') {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let n_bytes = match entity_at(rest) {
            Some((c, n_bytes)) => {
                out.push(c);
                n_bytes
            }
            None => {
                out.push('&');
                1
            }
        };
        rest = &rest[n_bytes..];
    }
    out.push_str(rest);
    Cow::Owned(out)
}

/// Returns the character that a reference at the start of a text stands for, and the bytes it takes.
pub(crate) fn entity_at(text: &str) -> Option<(char, usize)> {
    let name = text.strip_prefix('&')?;
    let end = name.bytes().take(REFERENCE_BYTES_MAX - 1).position(|byte| byte == b';')?;
    let name = &name[..end];
    let c = match name.strip_prefix('#') {
        Some(number) => {
            let code = match number.strip_prefix(['x', 'X']) {
                Some(digits) => u32::from_str_radix(digits, 16),
                None => number.parse(),
            };
            char::from_u32(code.ok()?)?
        }
        None => match name {
            "amp" => '&',
            "lt" => '<',
            "gt" => '>',
            "quot" => '"',
            "apos" => '\'',
            "nbsp" => '\u{a0}',
            "shy" => '\u{ad}',
            "ndash" => '–',
            "mdash" => '—',
            "lsquo" => '‘',
            "rsquo" => '’',
            "ldquo" => '“',
            "rdquo" => '”',
            "hellip" => '…',
            _ => return None,
        },
    };
    // What is hidden in a reference is hidden still: a control character is no text.
    (!c.is_control() || c.is_whitespace()).then_some((c, end + 2))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_replaced_and_nothing_else() {
        for (text, expected) in [
            ("AT&amp;T", "AT&T"),
            ("AT&T and R&D;", "AT&T and R&D;"),
            ("&#8217;&#x2019;&rsquo;", "’’’"),
            ("Caf&eacute; &amp;amp; &", "Caf&eacute; &amp; &"),
            ("&#0; &#x1b; &#1114112; &#; &;", "&#0; &#x1b; &#1114112; &#; &;"),
            ("a&nbsp;b&shy;c", "a\u{a0}b\u{ad}c"),
            ("&é; &", "&é; &"),
        ] {
            assert_eq!(decode_entities(text), expected, "{text}");
        }
        assert!(matches!(decode_entities("plain"), Cow::Borrowed("plain")));
    }
}
