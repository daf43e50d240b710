//! GraphML: groups, topics and entities as nodes, what joins them as edges. Opens in networkx and Gephi.

use std::borrow::Cow;
use std::io::Write;

/// Attributes of nodes and edges: name, for which, type. Declared once at the top, as the format wants it.
const KEYS: [(&str, &str, &str); 12] = [
    ("label", "node", "string"),
    ("kind", "node", "string"),
    ("type", "node", "string"),
    ("external_id", "node", "string"),
    ("time", "node", "string"),
    ("groups", "node", "long"),
    ("relation", "edge", "string"),
    ("weight", "edge", "double"),
    ("mention", "edge", "string"),
    ("method", "edge", "string"),
    ("score", "edge", "double"),
    ("rank", "edge", "long"),
];

/// A value of an attribute.
#[derive(Clone, Copy, Debug)]
pub enum Value<'a> {
    /// Text from outside.
    Text(&'a str),
    /// A measure.
    Number(f64),
    /// A number of things.
    Count(u64),
}

/// Writes a graph: all nodes first, then the edges.
pub struct Graph<W: Write>(W);

impl<W: Write> Graph<W> {
    /// Begins the file.
    pub fn new(mut out: W, is_directed: bool) -> std::io::Result<Self> {
        writeln!(out, r#"<?xml version="1.0" encoding="UTF-8"?>"#)?;
        writeln!(out, r#"<graphml xmlns="http://graphml.graphdrawing.org/xmlns">"#)?;
        for (name, of, kind) in KEYS {
            writeln!(out, r#"  <key id="{}_{name}" for="{of}" attr.name="{name}" attr.type="{kind}"/>"#, &of[..1])?;
        }
        let default = if is_directed { "directed" } else { "undirected" };
        writeln!(out, r#"  <graph id="gleaner" edgedefault="{default}">"#)?;
        Ok(Self(out))
    }

    /// Writes a node. Attributes without a value are left out by the caller.
    pub fn node(&mut self, id: &str, attributes: &[(&str, Value<'_>)]) -> std::io::Result<()> {
        write!(self.0, r#"    <node id="{}">"#, escape(id))?;
        self.data('n', attributes)?;
        writeln!(self.0, "</node>")
    }

    /// Writes an edge.
    pub fn edge(&mut self, from: &str, to: &str, attributes: &[(&str, Value<'_>)]) -> std::io::Result<()> {
        write!(self.0, r#"    <edge source="{}" target="{}">"#, escape(from), escape(to))?;
        self.data('e', attributes)?;
        writeln!(self.0, "</edge>")
    }

    /// Ends the file.
    pub fn finish(mut self) -> std::io::Result<()> {
        writeln!(self.0, "  </graph>\n</graphml>")?;
        self.0.flush()
    }

    fn data(&mut self, of: char, attributes: &[(&str, Value<'_>)]) -> std::io::Result<()> {
        for (name, value) in attributes {
            match value {
                Value::Text(text) => write!(self.0, r#"<data key="{of}_{name}">{}</data>"#, escape(text))?,
                Value::Number(n) => write!(self.0, r#"<data key="{of}_{name}">{n}</data>"#)?,
                Value::Count(n) => write!(self.0, r#"<data key="{of}_{name}">{n}</data>"#)?,
            }
        }
        Ok(())
    }
}

/// Escapes a text for XML; characters that XML 1.0 has no way to write become U+FFFD.
fn escape(text: &str) -> Cow<'_, str> {
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

    #[test]
    fn a_graph_is_nodes_then_edges() {
        let mut out = vec![];
        let mut graph = Graph::new(&mut out, false).unwrap();
        graph.node("e1", &[("label", Value::Text("A&B")), ("groups", Value::Count(2))]).unwrap();
        graph.edge("e1", "e1", &[("weight", Value::Number(0.5))]).unwrap();
        graph.finish().unwrap();
        let text = String::from_utf8(out).unwrap();
        assert!(text.contains(
            r#"    <node id="e1"><data key="n_label">A&amp;B</data><data key="n_groups">2</data></node>
    <edge source="e1" target="e1"><data key="e_weight">0.5</data></edge>
  </graph>
</graphml>"#
        ));
    }
}
