//! One HTML page with everything in it: no network, no file beside it.
//!
//! The page is a template with the numbers, a style sheet, a script, and the groups as a block of JSON that the script
//! reads. A Content-Security-Policy names the style and the script by their hashes and allows nothing else. The JSON is
//! written group by group, so that the page of a large collection needs no more memory than that of a small one.

use std::io::{self, Write};

use anyhow::Context as _;
use minijinja::Environment;
use serde::Serialize;
use sha2::{Digest as _, Sha256};

use super::timeline::Bar;

const TEMPLATE: &str = include_str!("page/page.html");
const STYLE: &str = include_str!("page/page.css");
/// The parts of the script; each uses what stands before it.
const SCRIPT: &str = concat!(
    include_str!("page/data.js"),
    include_str!("page/stem.js"),
    include_str!("page/parts.js"),
    include_str!("page/time.js"),
    include_str!("page/views.js"),
    include_str!("page/graph.js"),
    include_str!("page/filter.js"),
    include_str!("page/main.js"),
);
/// Stands in the template where the JSON comes. No text from outside can write it: its `<` would be escaped.
const DATA_GOES_HERE: &str = "<!--data-->";

/// Parts of the page that work without its script.
#[derive(Clone, Debug, Serialize)]
pub struct Front {
    /// Headline.
    pub title: String,
    /// When it was made.
    pub made_at: String,
    /// Selection of its groups in words; `None`: all.
    pub selection: Option<String>,
    /// The numbers at the top: a label, a number, and what is to be said about it.
    pub tiles: Vec<[String; 3]>,
    /// The most frequent topics.
    pub topics: Vec<Row>,
    /// The most frequent entities.
    pub entities: Vec<Row>,
    /// Groups over time.
    pub timeline: Vec<Bar>,
    /// Methods of links: method, links, mean score, what the method is.
    pub methods: Vec<[String; 4]>,
    /// Sources of all this: label and value.
    pub sources: Vec<[String; 2]>,
    /// Precision as `audit` found it, in words.
    pub audits: Vec<String>,
}

/// A row of a list with bars.
#[derive(Clone, Debug, Serialize)]
pub struct Row {
    pub name: String,
    /// Type of an entity; empty for a topic.
    pub kind: String,
    /// Number of its type, for its color.
    pub color: usize,
    /// Groups.
    pub n: u64,
    /// Length in percent of the longest bar.
    pub percent: f64,
    /// Number among its kind in the data: the script makes a link of it.
    pub index: usize,
}

/// Writes the page; `data` writes the JSON.
pub fn write(
    out: &mut dyn Write,
    front: &Front,
    data: impl FnOnce(&mut dyn Write) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let mut environment = Environment::new();
    // The name ends in `.html`, which is what turns escaping on.
    environment.add_template("page.html", TEMPLATE).context("the page's template is broken")?;
    let most = front.timeline.iter().map(|bar| bar.n).max().unwrap_or(0).max(1);
    let page = environment
        .get_template("page.html")?
        .render(minijinja::context! {
            style => STYLE,
            script => SCRIPT,
            style_hash => hash(STYLE),
            script_hash => hash(SCRIPT),
            most,
            ..minijinja::Value::from_serialize(front),
        })
        .context("cannot make the page")?;
    let (before, after) = page.split_once(DATA_GOES_HERE).context("the page's template has no place for the data")?;
    out.write_all(before.as_bytes())?;
    data(&mut Inert(out))?;
    out.write_all(after.as_bytes())?;
    Ok(())
}

/// Lets JSON through so that nothing in it can end the element it stands in: `<`, `>` and `&` become escapes. They
/// stand in strings only, where an escape means the same.
struct Inert<'a>(&'a mut dyn Write);

impl Write for Inert<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut rest = bytes;
        while let Some(at) = rest.iter().position(|byte| matches!(byte, b'<' | b'>' | b'&')) {
            self.0.write_all(&rest[..at])?;
            self.0.write_all(match rest[at] {
                b'<' => b"\\u003c",
                b'>' => b"\\u003e",
                _ => b"\\u0026",
            })?;
            rest = &rest[at + 1..];
        }
        self.0.write_all(rest)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

/// Returns the hash by which a Content-Security-Policy names an inline element: SHA-256 in base64.
fn hash(text: &str) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::from("sha256-");
    for chunk in Sha256::digest(text.as_bytes()).chunks(3) {
        let bits = chunk.iter().fold(0u32, |bits, byte| bits << 8 | u32::from(*byte)) << (8 * (3 - chunk.len()));
        for i in 0..4 {
            let digit = DIGITS[(bits >> (18 - 6 * i) & 63) as usize] as char;
            out.push(if i <= chunk.len() { digit } else { '=' });
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_is_the_one_browsers_compute() {
        // SHA-256 of the empty text, in base64.
        assert_eq!(hash(""), "sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=");
    }

    #[test]
    fn hostile_text_stays_text() {
        let evil = "</script><script>alert(1)</script><!--data-->";
        let front = Front {
            title: evil.into(),
            made_at: evil.into(),
            selection: Some(evil.into()),
            tiles: vec![[evil.into(), evil.into(), evil.into()]],
            topics: vec![Row { name: evil.into(), kind: evil.into(), color: 0, n: 1, percent: 100.0, index: 0 }],
            entities: vec![],
            timeline: vec![Bar { label: evil.into(), n: 1 }],
            methods: vec![[evil.into(), evil.into(), evil.into(), evil.into()]],
            sources: vec![[evil.into(), evil.into()]],
            audits: vec![evil.into()],
        };
        let mut out = vec![];
        write(&mut out, &front, |out| Ok(serde_json::to_writer(out, &[evil])?)).unwrap();
        let page = String::from_utf8(out).unwrap();
        assert_eq!(page.matches("alert(1)").count(), page.matches("script&gt;alert(1)").count() + 1);
        assert!(page.contains(r#"["\u003c/script\u003e"#));
        assert_eq!(page.matches("<script").count(), 2);
        assert!(!page.contains("http://") || page.contains("http://www.w3.org/2000/svg"));
    }
}
