//! HTML into the text a reader would see: paragraphs kept, entities decoded, scripts and navigation gone.
//!
//! It works on tags, not on a tree, so that nesting of any depth and the broken markup of exports cost nothing. One text
//! comes out, and it is what is stored, searched, shown and sent.

use std::borrow::Cow;

use html5gum::emitters::default::DefaultEmitter;
use html5gum::{Token, Tokenizer};

/// Elements that begin and end a paragraph.
const BLOCKS: [&str; 34] = [
    "address",
    "article",
    "blockquote",
    "body",
    "caption",
    "center",
    "dd",
    "details",
    "div",
    "dl",
    "dt",
    "figcaption",
    "figure",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "header",
    "hr",
    "html",
    "main",
    "ol",
    "p",
    "pre",
    "section",
    "summary",
    "table",
    "tbody",
    "tfoot",
    "thead",
    "title",
    "ul",
];

/// Elements that begin a line.
const LINES: [&str; 3] = ["br", "li", "tr"];

/// Elements whose content no reader sees, whatever becomes of their end.
const HIDDEN: [&str; 9] = ["script", "style", "noscript", "template", "svg", "iframe", "object", "select", "textarea"];

/// Elements that lead elsewhere. One that is never closed is taken for a mistake, and the text stays.
const NAVIGATION: [&str; 8] = ["nav", "aside", "footer", "form", "menu", "button", "dialog", "head"];

/// Elements that occur within a line; where one is closed, a text is HTML.
const INLINE: [&str; 18] = [
    "a", "abbr", "b", "cite", "code", "em", "font", "i", "label", "mark", "q", "s", "small", "span", "strong", "sub",
    "sup", "u",
];

/// Returns whether a text is HTML: an element that breaks lines is opened in it, or any known one is closed.
pub(super) fn is_html(text: &str) -> bool {
    let mut rest = text;
    let Some(last_end) = text.rfind('>') else { return false };
    while let Some(at) = rest.find('<') {
        rest = &rest[at + 1..];
        if rest.starts_with("!--") || rest.get(..8).is_some_and(|start| start.eq_ignore_ascii_case("!doctype")) {
            return true;
        }
        let is_end = rest.starts_with('/');
        let tag = rest.strip_prefix('/').unwrap_or(rest);
        let length = tag.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(tag.len());
        let name = tag[..length.min(12)].to_ascii_lowercase();
        let name = name.as_str();
        // `<p>`, `<br/>` and `<div class=…>`, but not `<p@example.org>`.
        let is_tag = tag[length..].starts_with(['>', '/', ' ', '\n', '\r', '\t']);
        let is_tag = is_tag && text.len() - tag.len() <= last_end;
        let breaks = BLOCKS.contains(&name) || LINES.contains(&name) || HIDDEN.contains(&name);
        let breaks = breaks || matches!(name, "img" | "nav" | "aside" | "footer");
        if is_tag && (breaks || (is_end && INLINE.contains(&name)) || tag[..length].len() > 12 && is_end) {
            return true;
        }
    }
    false
}

/// Returns the text of HTML.
pub(super) fn to_text(html: &str) -> String {
    let page = read(html, true);
    // A `<nav>` that nobody closed would hide all that follows.
    if page.is_cut_off { read(html, false).text } else { page.text }
}

/// Returns what a page's `<title>` says.
pub(super) fn title(html: &str) -> Option<String> {
    read(html, true).title.filter(|title| !title.is_empty())
}

struct Page {
    text: String,
    title: Option<String>,
    is_cut_off: bool,
}

fn read(html: &str, leave_out_navigation: bool) -> Page {
    let mut emitter = DefaultEmitter::default();
    // Without it the content of a script would be read as tags.
    emitter.naively_switch_states(true);
    let mut writer = Writer::default();
    let mut title: Option<String> = None;
    let mut in_title = false;
    // The element that is being left out, and how many of its kind are open within it.
    let mut left_out: Option<(Vec<u8>, u32)> = None;
    for Ok(token) in Tokenizer::new_with_emitter(html, emitter) {
        match token {
            Token::StartTag(tag) => {
                let name = String::from_utf8_lossy(&tag.name).into_owned();
                let name = name.as_str();
                if let Some((open, depth)) = &mut left_out {
                    *depth += u32::from(open.as_slice() == name.as_bytes());
                    in_title |= name == "title" && open.as_slice() == b"head";
                    continue;
                }
                in_title |= name == "title";
                let is_hidden = tag.attributes.keys().any(|name| name.as_slice() == b"hidden");
                let is_left_out = HIDDEN.contains(&name)
                    || (leave_out_navigation && (NAVIGATION.contains(&name) || (is_hidden && BLOCKS.contains(&name))));
                if is_left_out && !tag.self_closing {
                    left_out = Some((name.as_bytes().to_vec(), 1));
                }
                writer.tag(name, false);
            }
            Token::EndTag(tag) => {
                let name = String::from_utf8_lossy(&tag.name).into_owned();
                in_title &= name != "title";
                match &mut left_out {
                    Some((open, depth)) if open.as_slice() == name.as_bytes() => {
                        *depth -= 1;
                        if *depth == 0 {
                            left_out = None;
                        }
                    }
                    Some(_) => {}
                    None => writer.tag(&name, true),
                }
            }
            Token::String(text) => {
                let text = String::from_utf8_lossy(&text);
                if in_title {
                    title.get_or_insert_default().push_str(&text);
                } else if left_out.is_none() {
                    writer.text(&text);
                }
            }
            Token::Comment(_) | Token::Doctype(_) | Token::Error(_) => {}
        }
    }
    let is_cut_off = left_out.is_some_and(|(name, _)| !HIDDEN.iter().any(|hidden| hidden.as_bytes() == name));
    let title = title.map(|title| crate::text::single_spaced(&title));
    Page { text: writer.text.trim().to_owned(), title, is_cut_off }
}

/// Text with the white space that a browser would show.
#[derive(Default)]
struct Writer {
    text: String,
    /// Line ends that stand before the next word: 2 between paragraphs.
    n_breaks: usize,
    has_space: bool,
    /// Open `<pre>` elements, in which white space counts.
    n_pre: u32,
}

impl Writer {
    fn tag(&mut self, name: &str, is_end: bool) {
        match name {
            "pre" if is_end => self.n_pre = self.n_pre.saturating_sub(1),
            "pre" => self.n_pre += 1,
            _ => {}
        }
        if BLOCKS.contains(&name) {
            self.n_breaks = 2;
        } else if name == "br" || (LINES.contains(&name) && !is_end) {
            // Two `<br>` are how old editors make a paragraph.
            self.n_breaks = if name == "br" { (self.n_breaks + 1).min(2) } else { self.n_breaks.max(1) };
        } else if matches!(name, "td" | "th" | "img") {
            self.has_space = true;
        }
    }

    fn text(&mut self, text: &str) {
        for c in text.chars() {
            let is_space = c.is_whitespace() || c == '\0';
            if is_space && self.n_pre > 0 && c == '\n' {
                self.n_breaks = (self.n_breaks + 1).min(2);
            } else if is_space {
                self.has_space = true;
            } else {
                self.push(c);
            }
        }
    }

    fn push(&mut self, c: char) {
        if self.text.is_empty() {
            self.n_breaks = 0;
        } else if self.n_breaks > 0 {
            self.text.push_str(&"\n\n"[..self.n_breaks]);
        } else if self.has_space {
            self.text.push(' ');
        }
        (self.n_breaks, self.has_space) = (0, false);
        self.text.push(c);
    }
}

/// Decodes `&amp;`, `&#8217;` and their like in a text without tags. Only those with a semicolon: in the address
/// `?a=1&copy=2` nothing is meant.
pub(super) fn decode_entities(text: &str) -> Cow<'_, str> {
    let mut out = String::new();
    let (mut copied, mut from) = (0, 0);
    while let Some(at) = text[from..].find('&').map(|at| at + from) {
        from = at + 1;
        let name = &text[at + 1..];
        let Some(length) = name.bytes().take(33).position(|byte| byte == b';') else { continue };
        let is_name =
            name[..length].bytes().enumerate().all(|(i, byte)| byte.is_ascii_alphanumeric() || i == 0 && byte == b'#');
        if length < 2 || !is_name {
            continue;
        }
        let entity = &text[at..at + length + 2];
        let mut decoded = String::new();
        for Ok(token) in Tokenizer::new(entity) {
            if let Token::String(text) = token {
                decoded.push_str(&String::from_utf8_lossy(&text));
            }
        }
        if decoded != entity {
            out.push_str(&text[copied..at]);
            // A space that may not break is a space to whoever searches.
            out.push_str(&decoded.replace('\u{a0}', " "));
            from = at + entity.len();
            copied = from;
        }
    }
    if copied == 0 {
        return Cow::Borrowed(text);
    }
    out.push_str(&text[copied..]);
    Cow::Owned(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_reader_would_see() {
        for (html, expected) in [
            ("<p>One &amp; two.</p>\n<p>Three<br/>four</p>", "One & two.\n\nThree\nfour"),
            ("a<br><br>b", "a\n\nb"),
            ("<div><div><p>a</p></div></div><p></p>b", "a\n\nb"),
            ("<b>bo</b>ld <i> it </i>al", "bold it al"),
            ("<ul><li>one</li><li>two</li></ul>after", "one\ntwo\n\nafter"),
            ("<table><tr><td>a</td><td>b</td></tr><tr><td>c</td></tr></table>", "a b\nc"),
            ("x<script>if (a < b) { '</p>' }</script>y<style>p{}</style>z", "xyz"),
            ("<nav><a href=/>Home</a><nav>x</nav></nav><p>Text</p><footer>©</footer>", "Text"),
            ("<p>First</p><nav>Home<p>Rest", "First\n\nHome\n\nRest"),
            ("<html><head><title>T</title><meta x></head><body>B</body></html>", "B"),
            ("<!-- c -->a&nbsp;b&#8217;s", "a b’s"),
            ("<pre>a\n  b</pre>", "a\nb"),
            ("<div hidden>no</div>yes", "yes"),
            ("<p>a < b and 5 > 3</p>", "a < b and 5 > 3"),
            ("<p", ""),
            ("", ""),
        ] {
            assert_eq!(to_text(html), expected, "{html}");
        }
        assert_eq!(title("<head><title> A \n page</title></head>x").as_deref(), Some("A page"));
        assert_eq!(title("<p>x</p>"), None);
        let deep = "<div>".repeat(100_000) + "x";
        assert_eq!(to_text(&deep), "x");
    }

    #[test]
    fn html_is_told_from_text() {
        for text in
            ["<p>x</p>", "a<br/>b", "a<BR>b", "<b>x</b>", "x</a>", "<div class=\"x\">", "<!-- x -->", "<!DOCTYPE html>"]
        {
            assert!(is_html(text), "{text}");
        }
        for text in [
            "1 < 2 and 3 > 2",
            "a <b> c",
            "<p@example.org> wrote",
            "<story>x</story>",
            "if a<b then",
            "<",
            "</",
            "x <br",
            "&amp;",
            "<Person> said",
            "Vec<p>x",
        ] {
            assert_eq!(is_html(text), text.contains("<p>"), "{text}");
        }
    }

    #[test]
    fn entities_are_decoded_once_and_addresses_left_alone() {
        for (text, expected) in [
            ("AT&amp;T &#8217;s &hellip; &nbsp;x", "AT&T ’s …  x"),
            ("?a=1&copy=2&amp=3", "?a=1&copy=2&amp=3"),
            ("&amp;amp; &nosuch; & ; &;", "&amp; &nosuch; & ; &;"),
            ("R&D; a&b;", "R&D; a&b;"),
            ("&#x1F680;", "🚀"),
        ] {
            assert_eq!(decode_entities(text), expected, "{text}");
        }
    }
}
