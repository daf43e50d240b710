//! An answer that is written exactly as its schema asks, read straight into its items: one object with one list of
//! objects, of which no string holds an escape. Nearly all are written so; whatever differs in anything is read by
//! `lenient`, and means the same where both can read it.

/// A value of an item.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Value<'t> {
    Null,
    Bool(bool),
    Number(f64),
    Text(&'t str),
}

/// Calls `take` with the pairs of each item of the list, in their order; `None` where the text is written otherwise, or
/// `take` gives none.
pub(super) fn each_item<'t>(
    text: &'t str,
    list: &str,
    mut take: impl FnMut(&[(&'t str, Value<'t>)]) -> Option<()>,
) -> Option<()> {
    // A tag may begin what the model thought before its answer.
    if memchr::memchr(b'<', text.as_bytes()).is_some() {
        return None;
    }
    let mut reader = Reader { text, at: 0 };
    reader.take(b'{')?;
    (reader.string()? == list).then_some(())?;
    reader.take(b':')?;
    reader.take(b'[')?;
    let mut pairs = Vec::with_capacity(12);
    if reader.take(b']').is_none() {
        loop {
            reader.item(&mut pairs)?;
            take(&pairs)?;
            if reader.take(b',').is_none() {
                break;
            }
        }
        reader.take(b']')?;
    }
    reader.take(b'}')?;
    reader.space();
    (reader.at == text.len()).then_some(())
}

struct Reader<'t> {
    text: &'t str,
    at: usize,
}

impl<'t> Reader<'t> {
    fn byte(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn space(&mut self) {
        while matches!(self.byte(), Some(b' ' | b'\n' | b'\r' | b'\t')) {
            self.at += 1;
        }
    }

    /// Moves behind a byte that comes next; `None`, and no further than the space before it, where another does.
    fn take(&mut self, byte: u8) -> Option<()> {
        self.space();
        (self.byte() == Some(byte)).then(|| self.at += 1)
    }

    fn item(&mut self, pairs: &mut Vec<(&'t str, Value<'t>)>) -> Option<()> {
        pairs.clear();
        self.take(b'{')?;
        loop {
            let key = self.string()?;
            self.take(b':')?;
            pairs.push((key, self.value()?));
            if self.take(b',').is_none() {
                return self.take(b'}');
            }
        }
    }

    fn value(&mut self) -> Option<Value<'t>> {
        self.space();
        match self.byte()? {
            b'"' => self.string().map(Value::Text),
            b'0'..=b'9' => self.number().map(Value::Number),
            b'n' => self.word("null", Value::Null),
            b't' => self.word("true", Value::Bool(true)),
            b'f' => self.word("false", Value::Bool(false)),
            _ => None,
        }
    }

    fn word(&mut self, word: &str, value: Value<'t>) -> Option<Value<'t>> {
        self.text.as_bytes()[self.at..].starts_with(word.as_bytes()).then(|| {
            self.at += word.len();
            value
        })
    }

    fn string(&mut self) -> Option<&'t str> {
        self.take(b'"')?;
        let rest = &self.text[self.at..];
        let end = rest.bytes().position(|byte| matches!(byte, b'"' | b'\\' | 0..0x20))?;
        self.at += end + 1;
        (rest.as_bytes()[end] == b'"').then(|| &rest[..end])
    }

    /// Reads a number of few digits without a sign or an exponent: as the quotient of two whole numbers that a float holds
    /// exactly it is the nearest float.
    fn number(&mut self) -> Option<f64> {
        const DIGITS_MAX: usize = 15;
        let bytes = &self.text.as_bytes()[self.at..];
        let n_digits = |bytes: &[u8]| bytes.iter().take_while(|byte| byte.is_ascii_digit()).count();
        let n_whole = n_digits(bytes);
        let n_fraction = match bytes.get(n_whole) {
            Some(b'.') => Some(n_digits(&bytes[n_whole + 1..])),
            _ => None,
        };
        if n_whole > 1 && bytes[0] == b'0' || n_fraction == Some(0) || n_whole + n_fraction.unwrap_or(0) > DIGITS_MAX {
            return None;
        }
        let end = n_whole + n_fraction.map_or(0, |n| n + 1);
        let digits = bytes[..end].iter().filter(|byte| **byte != b'.');
        let number = digits.fold(0u64, |number, digit| 10 * number + u64::from(digit - b'0'));
        let scale = 10u64.pow(n_fraction.unwrap_or(0) as u32);
        self.at += end;
        Some(number as f64 / scale as f64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn items(text: &str) -> Option<String> {
        let mut items = Vec::new();
        each_item(text, "topics", |pairs| {
            items.push(format!("{pairs:?}"));
            Some(())
        })?;
        Some(items.join("\n"))
    }

    #[test]
    fn what_the_schema_asks_is_read() {
        let read = items(r#" { "topics" : [ {"topic":"Zoë","n":0.92,"b":true} , {"x":null,"f":false} ] } "#);
        let expected = "[(\"topic\", Text(\"Zoë\")), (\"n\", Number(0.92)), (\"b\", Bool(true))]\n\
                        [(\"x\", Null), (\"f\", Bool(false))]";
        assert_eq!(read.as_deref(), Some(expected));
        assert_eq!(items(r#"{"topics":[]}"#).as_deref(), Some(""));
    }

    #[test]
    fn what_differs_in_anything_is_left() {
        for text in [
            "",
            "{}",
            r#"{"topic":[]}"#,
            r#"{"topics":{}}"#,
            r#"{"topics":[1]}"#,
            r#"{"topics":[{}]}"#,
            r#"{"topics":[{"a":1}],"b":2}"#,
            r#"{"topics":[{"a":1},]}"#,
            r#"{"topics":[{"a":1}]} and so on"#,
            r#"{"topics":[{"a":1}"#,
            r#"{"topics":[{"a":"x\n"}]}"#,
            "{\"topics\":[{\"a\":\"x\n\"}]}",
            r#"{"topics":[{"a":[1]}]}"#,
            r#"{"topics":[{"a":-1}]}"#,
            r#"{"topics":[{"a":01}]}"#,
            r#"{"topics":[{"a":1.}]}"#,
            r#"{"topics":[{"a":1e2}]}"#,
            r#"{"topics":[{"a":1234567890123456}]}"#,
            r#"{"topics":[{"a":nul}]}"#,
            r#"{"topics":[{"a":"</think>"}]}"#,
            r#"{"topics":[{'a':1}]}"#,
        ] {
            assert_eq!(items(text), None, "{text}");
        }
    }

    #[test]
    fn numbers_are_those_of_other_readers() {
        for number in ["0", "1", "0.1", "0.92", "0.123456789", "12.000", "999999999999999", "0.00000000000001", "3.25"]
        {
            let mut reader = Reader { text: number, at: 0 };
            assert_eq!(reader.number(), Some(number.parse().unwrap()), "{number}");
            assert_eq!(reader.at, number.len(), "{number}");
        }
    }
}
