//! Text in XML 1.0.

use std::borrow::Cow;

use super::graph::Type;

/// Returns the name of a type of columns, which GraphML and GEXF have from XML Schema.
pub(super) fn type_word(kind: Type) -> &'static str {
    match kind {
        Type::Text | Type::List => "string",
        Type::Number => "double",
        Type::Count => "long",
        Type::Flag => "boolean",
    }
}

/// Escapes a text; characters that XML 1.0 has no way to write become U+FFFD.
pub(super) fn escape(text: &str) -> Cow<'_, str> {
    let is_plain = |c: char| !matches!(c, '<' | '>' | '&' | '"' | '\'' | '\0'..='\x1f' | '\u{fffe}' | '\u{ffff}');
    if text.chars().all(is_plain) {
        return text.into();
    }
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match c {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&apos;"),
            '\t' | '\n' | '\r' => out.push_str(&format!("&#{};", c as u32)),
            '\0'..='\x1f' | '\u{fffe}' | '\u{ffff}' => out.push('\u{FFFD}'),
            c => out.push(c),
        }
    }
    out.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_xml_cannot_hold_is_replaced() {
        assert_eq!(escape("a<b & \"c\" \u{1}\n"), "a&lt;b &amp; &quot;c&quot; \u{FFFD}&#10;");
    }
}
