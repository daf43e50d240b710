//! Words of a command line that can be copied from a message.

/// Returns a text as one word of a shell, in quotes where a shell would take it apart or for something else.
pub(crate) fn shell_word(text: &str) -> String {
    let is_plain = |c: char| c.is_alphanumeric() || "=,./_-:@%+".contains(c);
    if !text.is_empty() && text.chars().all(is_plain) {
        text.to_owned()
    } else {
        format!("'{}'", text.replace('\'', "'\\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::shell_word;

    #[test]
    fn only_plain_words_stand_without_quotes() {
        for plain in ["news.db", "/tmp/a_b-c,d", "text=Körper", "50%", "a@b:c+d"] {
            assert_eq!(shell_word(plain), plain);
        }
        let table = [
            ("", "''"),
            ("two words", "'two words'"),
            ("it's", "'it'\\''s'"),
            ("C:\\news.db", "'C:\\news.db'"),
            ("~/news.db", "'~/news.db'"),
            ("$(rm)", "'$(rm)'"),
        ];
        for (text, expected) in table {
            assert_eq!(shell_word(text), expected);
        }
    }
}
