//! Text that came through the wrong encoding: UTF-8 read as Windows-1252, as spreadsheets do with a CSV file that does not
//! begin with a byte order mark (`MÃ¼ller`).

use encoding_rs::WINDOWS_1252;

/// Returns what a garbled text was before; `None`: it is not garbled in this way.
pub(crate) fn before_garbling(text: &str) -> Option<String> {
    if text.is_ascii() {
        return None;
    }
    let (bytes, _, had_others) = WINDOWS_1252.encode(text);
    let before = (!had_others).then(|| std::str::from_utf8(&bytes).ok()).flatten()?;
    (before != text).then(|| before.to_owned())
}

#[cfg(test)]
mod tests {
    use super::before_garbling;

    #[test]
    fn a_name_is_told_from_what_became_of_it() {
        for (text, expected) in [
            ("MÃ¼ller", Some("Müller")),
            ("Åukasz", None),
            ("â€“", Some("–")),
            ("Müller", None),
            ("São Tomé", None),
            ("Łódź", None),
            ("plain", None),
            ("東京", None),
        ] {
            assert_eq!(before_garbling(text).as_deref(), expected, "{text}");
        }
    }
}
