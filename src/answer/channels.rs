//! The model's last word in a text that holds more than it: thoughts, channels, JSON written as a string.

use std::borrow::Cow;

use memchr::memmem;

use super::lenient::{self, Repair};

/// Number of times that a text may be JSON written into a string of JSON.
const ENCODINGS_MAX: usize = 3;

/// The tokens around the channels of the `harmony` format, in which gpt-oss models answer. A server that does not take
/// them apart leaves them in the text.
const CHANNEL: &str = "<|channel|>";
const MESSAGE: &str = "<|message|>";

/// Tags around what a model thought. The first is often missing: it ends the prompt.
const THOUGHTS: &str = "<think>";
const THOUGHTS_END: &str = "</think>";

/// Ends of thoughts that are looked at one by one; a text with more has them all before its answer.
const THOUGHTS_MAX: usize = 64;

/// Leaves out what a model wrote before its answer; it may hold drafts of it. Nothing is left where it never came to
/// one.
pub(super) fn last_word(text: &str) -> &str {
    let answer = after_thoughts(text);
    // A token inside the JSON, where a story about such models is quoted, begins no channel.
    if memmem::find(text.as_bytes(), CHANNEL.as_bytes()).is_some() && answer_around(answer, CHANNEL).is_none() {
        return final_channel(text);
    }
    // The same with its special tokens left out, as most servers' decoders do.
    if text.trim_start().starts_with("analysis")
        && let Some((_, answer)) = text.rsplit_once("assistantfinal")
    {
        return answer;
    }
    answer
}

/// Returns what follows the last thought.
fn after_thoughts(text: &str) -> &str {
    let mut rest = text;
    for _ in 0..THOUGHTS_MAX {
        let Some(end) = memmem::find(rest.as_bytes(), THOUGHTS_END.as_bytes()) else {
            return if rest.trim_start().starts_with(THOUGHTS) { "" } else { rest };
        };
        let answer_end = answer_around(rest, THOUGHTS_END);
        if answer_end.is_some_and(|end| !rest[end..].contains(THOUGHTS_END)) {
            return rest;
        }
        rest = &rest[answer_end.unwrap_or(end + THOUGHTS_END.len())..];
    }
    rest.rsplit_once(THOUGHTS_END).map_or(rest, |(_, answer)| answer)
}

/// Returns the end of the JSON that a text begins with, where the first place of a token is inside of it.
fn answer_around(text: &str, token: &str) -> Option<usize> {
    let at = memmem::find(text.as_bytes(), token.as_bytes())?;
    let begin = text.trim_start();
    let begin = match begin.strip_prefix("```") {
        Some(fenced) => fenced.split_once('\n')?.1.trim_start(),
        None => begin,
    };
    let start = text.len() - begin.len();
    let is_begun = begin.starts_with(['{', '[', '"']) && start < at;
    // A draft whose quotes or brackets don't close would be mended with what follows it, the answer among it.
    let is_sound = |reading: &lenient::Reading<'_>| reading.repairs.iter().all(|repair| *repair == Repair::Truncated);
    let end = start + is_begun.then(|| lenient::read(begin))?.filter(is_sound)?.end;
    // A draft that was never closed reads on into what follows it.
    let goes_on = || text[at + token.len()..].trim_start().starts_with(['{', '[', '`']);
    (at < end && !goes_on()).then_some(end)
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
        check("<think>a</think><think>b {}</think>{1}", "{1}");
        check("{draft</think>{1}", "{1}");
        check("{\"a\": [draft </think>\n```json\n{1}\n```", "\n```json\n{1}\n```");
        let quoting = [
            r#"{"a":"the </think> tag"}"#,
            r#"{"a":"<think> and </think>","b":"</think>"}"#,
            r#" [{"a":"the </think> tag"},{"b":"cut "#,
            r#""{\"a\":\"</think>\"}""#,
            "```json\n{\"a\":\"</think>\"}\n```",
            r#"{"a":"<|channel|>final<|message|>"}"#,
        ];
        for json in quoting {
            check(json, json);
            check(&format!("<think>hm {{}}</think>{json}"), json);
            check(&format!("hm</think>hm </think>{json}"), json);
        }
        check("{\"a\":\"</think>\"} no </think>{1}", "{1}");
        let unclosed = r#"{"a":["b, c</think> So: ["d", "e"]"#;
        check(unclosed, r#" So: ["d", "e"]"#);
        let many = format!("{}{{1}}", "{</think>".repeat(1000));
        check(&many, "{1}");
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
