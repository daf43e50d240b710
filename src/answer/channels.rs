//! The model's last word in a text that holds more than it: thoughts, channels, JSON written as a string.

use std::borrow::Cow;

use memchr::memmem;

/// Number of times that a text may be JSON written into a string of JSON.
const ENCODINGS_MAX: usize = 3;

/// The tokens around the channels of the `harmony` format, in which gpt-oss models answer. A server that does not take
/// them apart leaves them in the text.
const CHANNEL: &str = "<|channel|>";
const MESSAGE: &str = "<|message|>";

/// Leaves out what a model wrote before its answer; it may hold drafts of it. Nothing is left where it never came to
/// one.
pub(super) fn last_word(text: &str) -> &str {
    if memmem::find(text.as_bytes(), CHANNEL.as_bytes()).is_some() {
        return final_channel(text);
    }
    // The same with its special tokens left out, as most servers' decoders do.
    if text.trim_start().starts_with("analysis")
        && let Some((_, answer)) = text.rsplit_once("assistantfinal")
    {
        return answer;
    }
    match (memmem::rfind(text.as_bytes(), b"</think>"), text.trim_start().starts_with("<think>")) {
        (Some(end), _) => &text[end + "</think>".len()..],
        (None, true) => "",
        (None, false) => text,
    }
}

/// Returns the message of the last channel that is the final one, up to the token that ends it. Its name may be
/// followed by what it is to hold: `final <|constrain|>json`.
fn final_channel(text: &str) -> &str {
    let channels = text.match_indices(CHANNEL).map(|(at, token)| &text[at + token.len()..]);
    let last = channels.filter(|channel| channel.trim_start().starts_with("final")).last();
    let Some((_, message)) = last.and_then(|channel| channel.split_once(MESSAGE)) else { return "" };
    message.split("<|").next().unwrap_or_default()
}

/// Takes JSON out of the string of JSON that a model or a gateway put it in, and says whether it did.
pub(super) fn decoded(text: &str) -> (Cow<'_, str>, bool) {
    let mut decoded: Cow<'_, str> = text.into();
    for _ in 0..ENCODINGS_MAX {
        let trimmed = decoded.trim();
        // The quotes around it may have gone on the way.
        let inner = match trimmed.as_bytes() {
            [b'"', .., b'"'] => serde_json::from_str::<String>(trimmed).ok(),
            [b'{' | b'[', ..] if trimmed[1..].trim_start().starts_with("\\\"") || trimmed.starts_with("[{\\\"") => {
                serde_json::from_str::<String>(&format!("\"{trimmed}\"")).ok()
            }
            _ => None,
        };
        // A text between quotes may be just that.
        match inner.filter(|inner| inner.trim_start().starts_with(['{', '[', '"'])) {
            Some(inner) => decoded = inner.into(),
            None => break,
        }
    }
    let was_encoded = matches!(decoded, Cow::Owned(_));
    (decoded, was_encoded)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_word_is_what_follows_the_thoughts() {
        let check = |text: &str, expected: &str| assert_eq!(last_word(text), expected, "{text}");
        check("{}", "{}");
        check("<think>draft {}</think>{1}", "{1}");
        check("draft {}</think>{1}", "{1}");
        check("<think>never ends {}", "");
        check(
            "<|channel|>analysis<|message|>{}<|end|><|start|>assistant<|channel|>final<|message|>{1}<|return|>",
            "{1}",
        );
        check("<|channel|>final <|constrain|>json<|message|>{1}", "{1}");
        check("<|channel|>analysis<|message|>only thoughts {}<|end|>", "");
        check("<|channel|>commentary to=f<|message|>{}<|call|><|channel|>final<|message|>{1}\n", "{1}\n");
        check("analysisMaybe {}assistantfinal{1}", "{1}");
        check("analysis of the {budget}", "analysis of the {budget}");
    }

    #[test]
    fn json_in_a_string_is_taken_out() {
        let check = |text: &str, expected: &str, was_encoded| {
            assert_eq!(decoded(text), (Cow::from(expected), was_encoded), "{text}");
        };
        check(r#"{"a":1}"#, r#"{"a":1}"#, false);
        check(r#""{\"a\":1}""#, r#"{"a":1}"#, true);
        check(r#" "\"{\\\"a\\\":1}\"" "#, r#"{"a":1}"#, true);
        check(r#"{\"a\":\"b\"}"#, r#"{"a":"b"}"#, true);
        check(r#"[{\"a\":1}]"#, r#"[{"a":1}]"#, true);
        check(r#""just words""#, r#""just words""#, false);
        check(r#"{\"a\":"#, r#"{"a":"#, true);
        check("\"", "\"", false);
        check("", "", false);
    }
}
