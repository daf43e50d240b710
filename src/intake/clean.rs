//! Cleaning of every title and text before it is stored: markup becomes text, and characters nobody sees go.
//!
//! A text without any of that stays as it is, byte for byte. The hash of a group's text is taken before
//! (`record`), so that better cleaning in a later version makes no paid answer stale.

use std::borrow::Cow;

use super::html;

/// Returns the text as a reader would see it.
pub(super) fn text(raw: &str) -> Cow<'_, str> {
    if html::is_html(raw) {
        return Cow::Owned(visible(&html::to_text(raw)).into_owned());
    }
    match html::decode_entities(raw) {
        Cow::Borrowed(text) => visible(text),
        // Feeds escape their markup: `&lt;p&gt;`.
        Cow::Owned(text) if html::is_html(&text) => Cow::Owned(visible(&html::to_text(&text)).into_owned()),
        Cow::Owned(text) => Cow::Owned(visible(&text).into_owned()),
    }
}

/// Takes out characters that show nothing and split words for whoever searches: soft hyphens, zero-width spaces, word
/// joiners and stray byte order marks. Joiners stay, since scripts and emoji need them.
fn visible(text: &str) -> Cow<'_, str> {
    let bytes = text.as_bytes();
    // Every one of them begins with one of three bytes, which are found many bytes at a time.
    let shows_nothing = |at: usize| {
        matches!(
            bytes[at..],
            [0xc2, 0xad, ..] | [0xe2, 0x80, 0x8b, ..] | [0xe2, 0x81, 0xa0, ..] | [0xef, 0xbb, 0xbf, ..]
        )
    };
    if !memchr::memchr3_iter(0xc2, 0xe2, 0xef, bytes).any(shows_nothing) {
        return Cow::Borrowed(text);
    }
    Cow::Owned(text.replace(['\u{ad}', '\u{200b}', '\u{2060}', '\u{feff}'], ""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_cleaned_and_plain_ones_left_alone() {
        for (raw, expected) in [
            ("<p>AT&amp;T</p>", "AT&T"),
            ("&lt;p&gt;Feed &amp;amp; Co&lt;/p&gt;", "Feed & Co"),
            ("Jo\u{ad}han\u{200b}nes \u{feff}x", "Johannes x"),
            ("&shy;a&#8203;b", "ab"),
            ("می\u{200c}خواهم 👩\u{200d}🚀", "می\u{200c}خواهم 👩\u{200d}🚀"),
        ] {
            assert_eq!(text(raw), expected);
        }
        for plain in ["", "  two\r\nlines ", "a < b", "R&D", "été"] {
            assert!(matches!(text(plain), Cow::Borrowed(same) if same == plain), "{plain}");
        }
    }
}
