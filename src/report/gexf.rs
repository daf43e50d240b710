//! GEXF 1.3 with time, for Gephi's timeline: nodes and edges have the days of their first and their last group.

use std::collections::BTreeMap;
use std::io::{Result, Write};

use super::graph::{Column, Columns, Edge, Graph, Node, Span, Type, as_text};
use super::xml::{escape, type_word};

/// Writes a graph.
pub struct Gexf<W: Write> {
    out: W,
    columns: Columns,
    /// Numbers of the attributes, by `n` or `e` and their names.
    numbers: BTreeMap<(char, String), usize>,
    n_edges: u64,
    is_at_edges: bool,
}

/// Attributes that every node or edge has beside the columns of its kind.
const OWN: [(char, &str); 2] = [('n', "kind"), ('e', "relation")];

impl<W: Write> Gexf<W> {
    /// Begins the file: all attributes are declared at its top, as the format wants it.
    pub fn new(mut out: W, columns: Columns) -> Result<Self> {
        let default = if columns.is_undirected() { "undirected" } else { "directed" };
        writeln!(
            out,
            r#"<?xml version="1.0" encoding="UTF-8"?>
<gexf xmlns="http://gexf.net/1.3" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:schemaLocation="http://gexf.net/1.3 http://gexf.net/1.3/gexf.xsd" version="1.3">
  <meta><creator>gleaner</creator></meta>
  <graph mode="dynamic" defaultedgetype="{default}" timeformat="date" timerepresentation="interval">"#
        )?;
        let mut numbers: BTreeMap<(char, String), usize> = BTreeMap::new();
        let of_nodes: Vec<&Column> = columns.nodes.iter().flat_map(|(_, columns)| columns).collect();
        let of_edges: Vec<&Column> = columns.edges.iter().flat_map(|(_, columns)| columns).collect();
        for (of, class, all) in [('n', "node", of_nodes), ('e', "edge", of_edges)] {
            writeln!(out, r#"    <attributes class="{class}" mode="static">"#)?;
            let own = OWN.iter().filter(|(own, _)| *own == of).map(|(_, name)| (*name, Type::Text));
            for (name, kind) in own.chain(all.iter().map(|(name, kind)| (name.as_str(), *kind))) {
                let number = numbers.len();
                // A node has a label anyway.
                if numbers.contains_key(&(of, name.to_owned())) || (of, name) == ('n', "label") {
                    continue;
                }
                numbers.insert((of, name.to_owned()), number);
                let (name, word) = (escape(name), type_word(kind));
                writeln!(out, r#"      <attribute id="{number}" title="{name}" type="{word}"/>"#)?;
            }
            writeln!(out, "    </attributes>")?;
        }
        writeln!(out, "    <nodes>")?;
        Ok(Self { out, columns, numbers, n_edges: 0, is_at_edges: false })
    }

    fn values(&mut self, of: char, own: (&str, &str), columns: &[Column], values: &[serde_json::Value]) -> Result<()> {
        write!(self.out, "<attvalues>")?;
        let texts = columns.iter().zip(values).filter_map(|((name, _), value)| Some((name.as_str(), as_text(value)?)));
        for (name, text) in [(own.0, own.1.to_owned())].into_iter().chain(texts) {
            if let Some(number) = self.numbers.get(&(of, name.to_owned())) {
                write!(self.out, r#"<attvalue for="{number}" value="{}"/>"#, escape(&text))?;
            }
        }
        write!(self.out, "</attvalues>")
    }
}

impl<W: Write> Graph for Gexf<W> {
    fn node(&mut self, node: &Node<'_>) -> Result<()> {
        let (word, id, label) = (node.kind.word(), escape(node.id), escape(node.label));
        write!(self.out, r#"      <node id="{word}:{id}" label="{label}"{}>"#, days(node.span.as_ref()))?;
        let columns = self.columns.of_node(node.kind).to_vec();
        self.values('n', ("kind", word), &columns, node.values)?;
        writeln!(self.out, "</node>")
    }

    fn edge(&mut self, edge: &Edge<'_>) -> Result<()> {
        if !std::mem::replace(&mut self.is_at_edges, true) {
            writeln!(self.out, "    </nodes>\n    <edges>")?;
        }
        let (from, to) = edge.kind.ends();
        let kind = if from == to && !self.columns.is_undirected() { r#" type="undirected""# } else { "" };
        write!(
            self.out,
            r#"      <edge id="{}" source="{}:{}" target="{}:{}" weight="{}"{kind}{}>"#,
            self.n_edges,
            from.word(),
            escape(edge.from),
            to.word(),
            escape(edge.to),
            edge.weight,
            days(edge.span.as_ref())
        )?;
        self.n_edges += 1;
        let columns = self.columns.of_edge(edge.kind).to_vec();
        self.values('e', ("relation", edge.kind.word()), &columns, edge.values)?;
        writeln!(self.out, "</edge>")
    }

    fn finish(&mut self) -> Result<()> {
        if !self.is_at_edges {
            writeln!(self.out, "    </nodes>\n    <edges>")?;
        }
        writeln!(self.out, "    </edges>\n  </graph>\n</gexf>")?;
        self.out.flush()
    }
}

fn days(span: Option<&Span>) -> String {
    span.map(|(first, last)| format!(r#" start="{}" end="{}""#, escape(first), escape(last))).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::graph::{EdgeKind, NodeKind};
    use super::*;

    #[test]
    fn nodes_and_edges_have_their_days() {
        let columns = Columns {
            nodes: vec![
                (NodeKind::Group, vec![("title".into(), Type::Text)]),
                (NodeKind::Topic, vec![("groups".into(), Type::Count)]),
            ],
            edges: vec![(EdgeKind::About, vec![("rank".into(), Type::Count)])],
        };
        let mut out = vec![];
        let mut graph = Gexf::new(&mut out, columns).unwrap();
        let span = Some(("2024-05-01".to_owned(), "2024-05-31".to_owned()));
        let (title, groups, rank) = ([json!("A & B")], [json!(1)], [json!(2)]);
        graph
            .node(&Node { kind: NodeKind::Group, id: "g", label: "A & B", values: &title, span: span.clone() })
            .unwrap();
        graph.node(&Node { kind: NodeKind::Topic, id: "t", label: "T", values: &groups, span: None }).unwrap();
        graph.edge(&Edge { kind: EdgeKind::About, from: "g", to: "t", weight: 0.5, values: &rank, span }).unwrap();
        graph.finish().unwrap();
        let text = String::from_utf8(out).unwrap();
        let end = text.find("    <attributes class=\"node\"").unwrap();
        assert_eq!(
            &text[end..],
            r#"    <attributes class="node" mode="static">
      <attribute id="0" title="kind" type="string"/>
      <attribute id="1" title="title" type="string"/>
      <attribute id="2" title="groups" type="long"/>
    </attributes>
    <attributes class="edge" mode="static">
      <attribute id="3" title="relation" type="string"/>
      <attribute id="4" title="rank" type="long"/>
    </attributes>
    <nodes>
      <node id="group:g" label="A &amp; B" start="2024-05-01" end="2024-05-31"><attvalues><attvalue for="0" value="group"/><attvalue for="1" value="A &amp; B"/></attvalues></node>
      <node id="topic:t" label="T"><attvalues><attvalue for="0" value="topic"/><attvalue for="2" value="1"/></attvalues></node>
    </nodes>
    <edges>
      <edge id="0" source="group:g" target="topic:t" weight="0.5" start="2024-05-01" end="2024-05-31"><attvalues><attvalue for="3" value="about"/><attvalue for="4" value="2"/></attvalues></edge>
    </edges>
  </graph>
</gexf>
"#
        );
    }
}
