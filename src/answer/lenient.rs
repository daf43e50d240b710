//! Reads JSON as small models write it: fenced by nothing, cut off, with single quotes and stray commas.
//!
//! Punctuation is mended, content is never guessed: what is cut off in the middle of an item is dropped with its item.
//! Valid JSON is read as it is, with nothing mended. A value that makes no sense at all gives none.

use std::borrow::Cow;
use std::collections::BTreeSet;

use serde_json::Number;

use super::json::{Json, Object};

/// Repair that was needed before an answer could be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Repair {
    /// Words around the JSON, or a code fence.
    Prose,
    /// A comma before a closing bracket, or two in a row.
    StrayComma,
    /// No comma between two items.
    MissingComma,
    /// `'…'` or typographic quotes in place of `"…"`.
    Quotes,
    /// A key or word without quotes, `True`, `None`.
    BareWord,
    /// A line end or another control character inside a string, or an escape that JSON does not know.
    Escape,
    /// A number such as `.5` or `+1`.
    Number,
    Comment,
    /// The end is missing; what was complete is kept.
    Truncated,
    /// A key twice in one object.
    DuplicateKey,
    /// A list in place of the object that should hold it.
    BareArray,
    /// The list lies under another name, deeper, or as items without a list.
    Shape,
    /// JSON written into a string of JSON.
    Encoded,
    /// The answer stands in another place than a message: the arguments of a tool, the reasoning.
    Elsewhere,
}

/// Depth to which values are read; an honest answer needs four. Deeper ones are skipped.
const DEPTH_MAX: usize = 40;

/// Keys that an item has, about.
const ITEM_KEYS: usize = 8;

/// A value read from the front of a text.
#[derive(Debug)]
pub(super) struct Reading<'t> {
    pub(super) value: Json<'t>,
    pub(super) repairs: BTreeSet<Repair>,
    /// Length of the value that was read, in bytes.
    pub(super) end: usize,
}

/// Reads one value at the start of `text`.
pub(super) fn read(text: &str) -> Option<Reading<'_>> {
    let mut reader = Reader { text, at: 0, repairs: BTreeSet::new() };
    let (value, whole) = reader.value(0)?;
    if !whole {
        reader.repairs.insert(Repair::Truncated);
    }
    Some(Reading { value, repairs: reader.repairs, end: reader.at })
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
    repairs: BTreeSet<Repair>,
}

/// A value, and whether it was closed before the text ended.
type Whole<T> = (T, bool);

impl<'a> Reader<'a> {
    fn peek(&self) -> Option<char> {
        match self.text.as_bytes().get(self.at) {
            Some(byte) if byte.is_ascii() => Some(char::from(*byte)),
            _ => self.text[self.at..].chars().next(),
        }
    }

    fn take(&mut self) -> Option<char> {
        let c = self.peek()?;
        self.at += c.len_utf8();
        Some(c)
    }

    /// Skips white space and comments.
    fn space(&mut self) {
        loop {
            // Mostly there is nothing to skip.
            if self.text.as_bytes().get(self.at).is_some_and(|b| (b'!'..0x7f).contains(b) && *b != b'/') {
                return;
            }
            let rest = &self.text[self.at..];
            let trimmed = rest.trim_start_matches(|c: char| c.is_whitespace() || c == '\u{feff}');
            self.at += rest.len() - trimmed.len();
            let comment = if trimmed.starts_with("//") {
                trimmed.find('\n').unwrap_or(trimmed.len())
            } else if trimmed.starts_with("/*") {
                trimmed.find("*/").map_or(trimmed.len(), |end| end + 2)
            } else {
                return;
            };
            self.at += comment;
            self.repairs.insert(Repair::Comment);
        }
    }

    fn value(&mut self, depth: usize) -> Option<Whole<Json<'a>>> {
        self.space();
        match self.peek()? {
            '{' | '[' if depth > DEPTH_MAX => Some((Json::Null, self.skip())),
            '{' => self.object(depth),
            '[' => self.array(depth),
            c if closing_quote(c).is_some() => {
                let (text, whole) = self.string();
                Some((Json::Text(text), whole))
            }
            _ => self.word(),
        }
    }

    /// Moves over a value in brackets, and says whether it was closed.
    fn skip(&mut self) -> bool {
        let mut n_open = 0usize;
        while let Some(c) = self.peek() {
            if c == '"' {
                self.string();
                continue;
            }
            self.take();
            match c {
                '{' | '[' => n_open += 1,
                '}' | ']' if n_open == 1 => return true,
                '}' | ']' => n_open -= 1,
                _ => {}
            }
        }
        false
    }

    fn array(&mut self, depth: usize) -> Option<Whole<Json<'a>>> {
        self.take();
        let mut items = Vec::new();
        loop {
            if !self.separator(items.is_empty(), ']') {
                return Some((Json::List(items), false));
            }
            match self.peek() {
                None => return Some((Json::List(items), false)),
                Some(']') => {
                    self.take();
                    return Some((Json::List(items), true));
                }
                // A list cut off by the object around it.
                Some('}') => {
                    self.repairs.insert(Repair::Truncated);
                    return Some((Json::List(items), true));
                }
                Some(_) => {}
            }
            match self.value(depth + 1)? {
                (item, true) => items.push(item),
                // An item cut off in the middle is not that item.
                (_, false) => return Some((Json::List(items), false)),
            }
        }
    }

    fn object(&mut self, depth: usize) -> Option<Whole<Json<'a>>> {
        self.take();
        let mut map = Object::with_capacity(ITEM_KEYS);
        loop {
            if !self.separator(map.is_empty(), '}') {
                return Some((Json::Object(map), false));
            }
            match self.peek() {
                None => return Some((Json::Object(map), false)),
                Some('}') => {
                    self.take();
                    return Some((Json::Object(map), true));
                }
                Some(_) => {}
            }
            let key = match self.peek()? {
                c if closing_quote(c).is_some() => match self.string() {
                    (key, true) => key,
                    (_, false) => return Some((Json::Object(map), false)),
                },
                _ => {
                    self.repairs.insert(Repair::BareWord);
                    self.bare(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | '$'))?.into()
                }
            };
            self.space();
            match self.peek() {
                Some(':') => self.take(),
                None => return Some((Json::Object(map), false)),
                Some(_) => return None,
            };
            self.space();
            if self.peek().is_none() {
                return Some((Json::Object(map), false));
            }
            let (value, whole) = self.value(depth + 1)?;
            // Half a list is worth keeping, half a word is not.
            if whole || matches!(value, Json::List(_) | Json::Object(_)) {
                self.put(&mut map, key, value);
            }
            if !whole {
                return Some((Json::Object(map), false));
            }
        }
    }

    /// Puts a pair into an object. Of a key that comes twice the lists are joined; else the last counts, as with every
    /// other reader.
    fn put(&mut self, map: &mut Object<'a>, key: Cow<'a, str>, value: Json<'a>) {
        match map.get_mut(&key) {
            None => map.put(key, value),
            Some(there) => {
                self.repairs.insert(Repair::DuplicateKey);
                match (there, value) {
                    (Json::List(there), Json::List(more)) => there.extend(more),
                    (there, value) => *there = value,
                }
            }
        }
    }

    /// Moves over commas and space between items. False where the text ends.
    fn separator(&mut self, first: bool, close: char) -> bool {
        self.space();
        let mut n_commas = 0;
        while self.peek() == Some(',') {
            self.take();
            self.space();
            n_commas += 1;
        }
        match self.peek() {
            None => return false,
            Some(c) if c == close && n_commas > 0 => _ = self.repairs.insert(Repair::StrayComma),
            Some(']' | '}') => {}
            _ if n_commas > usize::from(!first) => _ = self.repairs.insert(Repair::StrayComma),
            _ if n_commas == 0 && !first => _ = self.repairs.insert(Repair::MissingComma),
            _ => {}
        }
        true
    }

    fn string(&mut self) -> Whole<Cow<'a, str>> {
        let open = self.take().unwrap_or('"');
        let close = closing_quote(open).unwrap_or('"');
        if open != '"' {
            self.repairs.insert(Repair::Quotes);
        }
        let mut out = Cow::Borrowed("");
        loop {
            // Up to the next character that means something, all at once.
            let rest: &'a str = &self.text[self.at..];
            let plain = match u8::try_from(close) {
                Ok(close) => rest.bytes().position(|b| b == close || b == b'\\' || b < b' '),
                Err(_) => rest.find(|c: char| c == close || c == '\\' || c < ' '),
            };
            let plain = plain.unwrap_or(rest.len());
            match out.is_empty() {
                true => out = Cow::Borrowed(&rest[..plain]),
                false => out.to_mut().push_str(&rest[..plain]),
            }
            self.at += plain;
            let Some(c) = self.take() else { return (out, false) };
            match c {
                c if c == close && self.is_inner_quote(c) => {
                    self.repairs.insert(Repair::Quotes);
                    out.to_mut().push(c);
                }
                c if c == close => return (out, true),
                '\\' => match self.escape() {
                    Some(c) => out.to_mut().push(c),
                    None => return (out, false),
                },
                c if (c as u32) < 0x20 => {
                    self.repairs.insert(Repair::Escape);
                    out.to_mut().push(c);
                }
                c => out.to_mut().push(c),
            }
        }
    }

    /// Returns whether the quote just read stands inside the text, like those of `the "Eagle" lander` or `O'Neill`:
    /// after one that closes there is punctuation. A quote may also be followed by the next item's, its comma missing.
    fn is_inner_quote(&self, quote: char) -> bool {
        if matches!(self.text.as_bytes().get(self.at), Some(b',' | b':' | b'}' | b']')) {
            return false;
        }
        match self.text[self.at..].trim_start().chars().next() {
            None | Some(',' | ':' | '}' | ']' | '"' | '{' | '[' | '/') => false,
            Some(next) => quote == '\'' || next.is_alphanumeric(),
        }
    }

    fn escape(&mut self) -> Option<char> {
        Some(match self.take()? {
            'n' => '\n',
            't' => '\t',
            'r' => '\r',
            'b' => '\u{8}',
            'f' => '\u{c}',
            c @ ('"' | '\\' | '/') => c,
            'u' => {
                let Some(high) = self.hex4() else {
                    self.repairs.insert(Repair::Escape);
                    return Some('\u{fffd}');
                };
                if !(0xd800..0xdc00).contains(&high) {
                    return Some(char::from_u32(high).unwrap_or_else(|| {
                        self.repairs.insert(Repair::Escape);
                        '\u{fffd}'
                    }));
                }
                let back = self.at;
                if self.text[self.at..].starts_with("\\u") {
                    self.at += 2;
                    if let Some(low @ 0xdc00..=0xdfff) = self.hex4() {
                        return char::from_u32(0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00));
                    }
                    self.at = back;
                }
                self.repairs.insert(Repair::Escape);
                '\u{fffd}'
            }
            other => {
                self.repairs.insert(Repair::Escape);
                other
            }
        })
    }

    fn hex4(&mut self) -> Option<u32> {
        let digits = self.text.get(self.at..self.at + 4)?;
        if !digits.bytes().all(|b| b.is_ascii_hexdigit()) {
            return None;
        }
        self.at += 4;
        u32::from_str_radix(digits, 16).ok()
    }

    fn bare(&mut self, is_part: impl Fn(char) -> bool) -> Option<&'a str> {
        let rest: &'a str = &self.text[self.at..];
        let end = rest.find(|c| !is_part(c)).unwrap_or(rest.len());
        if end == 0 || end > 200 {
            return None;
        }
        self.at += end;
        Some(&rest[..end])
    }

    /// A number, `true`, `false`, `null`, or a word that lacks its quotes.
    fn word(&mut self) -> Option<Whole<Json<'a>>> {
        let word = self.bare(|c| c.is_alphanumeric() || matches!(c, '+' | '-' | '.' | '_' | '%' | '…'))?;
        // At the very end it may go on: `0.9` may have been `0.95`.
        let whole = self.at < self.text.len();
        let (value, repair) = match word {
            "true" => (Json::Bool(true), None),
            "false" => (Json::Bool(false), None),
            "null" => (Json::Null, None),
            "True" => (Json::Bool(true), Some(Repair::BareWord)),
            "False" => (Json::Bool(false), Some(Repair::BareWord)),
            "None" | "NaN" | "nan" | "undefined" => (Json::Null, Some(Repair::BareWord)),
            _ => match serde_json::from_str::<Number>(word) {
                Ok(number) => (Json::Number(number), None),
                Err(_) => match word.trim_start_matches('+').parse::<f64>().ok().and_then(Number::from_f64) {
                    Some(number) => (Json::Number(number), Some(Repair::Number)),
                    None => (Json::Text(word.into()), Some(Repair::BareWord)),
                },
            },
        };
        self.repairs.extend(repair);
        Some((value, whole))
    }
}

fn closing_quote(open: char) -> Option<char> {
    match open {
        '"' => Some('"'),
        '\'' => Some('\''),
        '“' | '”' | '„' => Some('”'),
        '‘' => Some('’'),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    #[expect(clippy::needless_pass_by_value, reason = "tables read better with `json!` alone")]
    fn check(text: &str, expected: Value, repairs: &[Repair]) {
        let reading = read(text).unwrap_or_else(|| panic!("not read: {text}"));
        assert_eq!(serde_json::to_value(&reading.value).unwrap(), expected, "{text}");
        assert_eq!(reading.repairs.into_iter().collect::<Vec<_>>(), repairs, "{text}");
    }

    #[test]
    fn valid_json_is_read_as_it_is() {
        for text in [
            r#"{"a":[1,-2.5e3,true,false,null,"x\"\\\/\b\f\n\r\t\u00e9\ud83d\ude80"],"b":{},"c":[]}"#,
            " [ 1 , 2 ] ",
            "\"text\" ",
            "{\"a\" : { \"b\" : [ { } ] } }",
        ] {
            let reading = read(text).unwrap();
            assert_eq!(reading.value, serde_json::from_str::<Json<'_>>(text).unwrap());
            assert!(reading.repairs.is_empty(), "{text}: {:?}", reading.repairs);
        }
    }

    #[test]
    fn broken_punctuation_is_mended() {
        check(r#"{"a":[1,2,],}"#, json!({"a": [1, 2]}), &[Repair::StrayComma]);
        check(r#"[1,,2]"#, json!([1, 2]), &[Repair::StrayComma]);
        check(r#"[{"a":1} {"a":2}]"#, json!([{"a": 1}, {"a": 2}]), &[Repair::MissingComma]);
        check(r#"{"a":1 "b":2}"#, json!({"a": 1, "b": 2}), &[Repair::MissingComma]);
        let names = json!({"n": "O'Neill", "p": "the players' union"});
        check(r#"{'n':'O'Neill' , 'p':'the players' union'}"#, names, &[Repair::Quotes]);
        let eagle = json!({"m": "the \"Eagle\" lander", "n": 1});
        check(r#"{"m":"the "Eagle" lander","n":1}"#, eagle, &[Repair::Quotes]);
        check(r#"{“a”:“x”}"#, json!({"a": "x"}), &[Repair::Quotes]);
        check(r#"{a:True,b:None}"#, json!({"a": true, "b": null}), &[Repair::BareWord]);
        check(r#"[.5,+1,1.]"#, json!([0.5, 1.0, 1.0]), &[Repair::Number]);
        check("[\"a\nb\"]", json!(["a\nb"]), &[Repair::Escape]);
        check(r#"["\q \ud800 \u12"]"#, json!(["q \u{fffd} \u{fffd}12"]), &[Repair::Escape]);
        check("[1, // one\n 2 /* two */]", json!([1, 2]), &[Repair::Comment]);
        check(r#"{"a":[1],"a":[2]}"#, json!({"a": [1, 2]}), &[Repair::DuplicateKey]);
        check(r#"{"a":1,"a":2}"#, json!({"a": 2}), &[Repair::DuplicateKey]);
        check(r#"{"a":[{"b":1}}"#, json!({"a": [{"b": 1}]}), &[Repair::Truncated]);
    }

    #[test]
    fn of_what_is_cut_off_the_complete_items_remain() {
        let truncated = &[Repair::Truncated];
        check(r#"{"t":[{"a":1},{"a":2},{"a":"#, json!({"t": [{"a": 1}, {"a": 2}]}), truncated);
        check(r#"{"t":[{"a":1},{"a":2"#, json!({"t": [{"a": 1}]}), truncated);
        check(r#"{"t":[{"a":1},"#, json!({"t": [{"a": 1}]}), truncated);
        check(r#"{"t":["one","tw"#, json!({"t": ["one"]}), truncated);
        check(r#"{"t":[1,2"#, json!({"t": [1]}), truncated);
        check(r#"{"r":{"t":[{"a":1}"#, json!({"r": {"t": [{"a": 1}]}}), truncated);
        check(r#"{"t":"#, json!({}), truncated);
        check("{", json!({}), truncated);
    }

    #[test]
    fn values_too_deep_to_be_read_are_skipped() {
        let nested = |n: usize, inner: &str| format!("{}{inner}{}", "[".repeat(n), "]".repeat(n));
        for (inner, n) in [("", 500), ("1, \"]]\" , {\"b\": 2}", 45), ("{\"b\":[3]}", 100_000)] {
            let text = format!("{{\"a\":{},\"c\":4}}", nested(n, inner));
            let reading = read(&text).unwrap_or_else(|| panic!("not read: {text:.60}"));
            assert_eq!(reading.value.get("c").and_then(Json::as_u64), Some(4), "{text:.60}");
            assert_eq!((reading.end, reading.repairs.len()), (text.len(), 0), "{text:.60}");
        }
        let cut_off = format!("{{\"c\":4,\"a\":{}", "[{\"b\":".repeat(200));
        let reading = read(&cut_off).unwrap();
        assert_eq!(reading.value.get("c").and_then(Json::as_u64), Some(4));
        assert_eq!(reading.repairs.into_iter().collect::<Vec<_>>(), [Repair::Truncated]);
    }

    #[test]
    fn what_makes_no_sense_gives_nothing() {
        for text in ["", "   ", "{topics}", "[}", "{]", "]", "!", &"[".repeat(100_000)] {
            let got = read(text).map(|r| r.value);
            assert!(got.is_none() || got == Some(Json::List(vec![])), "{:.20}: {got:?}", text);
        }
    }
}
