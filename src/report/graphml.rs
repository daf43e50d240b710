//! GraphML: opens in networkx, Gephi and yEd.

use std::collections::BTreeSet;
use std::io::{Result, Write};

use super::graph::{Column, Columns, Edge, Graph, Node, as_text};
use super::xml::{escape, type_word};

/// Attributes that every node or edge has beside the columns of its kind.
const OWN: [(&str, &str, &str); 4] = [
    ("label", "node", "string"),
    ("kind", "node", "string"),
    ("relation", "edge", "string"),
    ("weight", "edge", "double"),
];

/// Writes a graph.
pub struct Graphml<W: Write> {
    out: W,
    columns: Columns,
}

impl<W: Write> Graphml<W> {
    /// Begins the file: all attributes are declared at its top, as the format wants it.
    pub fn new(mut out: W, columns: Columns) -> Result<Self> {
        writeln!(out, r#"<?xml version="1.0" encoding="UTF-8"?>"#)?;
        writeln!(out, r#"<graphml xmlns="http://graphml.graphdrawing.org/xmlns">"#)?;
        let mut declare = |name: &str, of: &str, kind: &str| {
            writeln!(
                out,
                r#"  <key id="{}_{name}" for="{of}" attr.name="{name}" attr.type="{kind}"/>"#,
                &of[..1],
                name = escape(name)
            )
        };
        for (name, of, kind) in OWN {
            declare(name, of, kind)?;
        }
        let mut declared = BTreeSet::new();
        let of_nodes = columns.nodes.iter().flat_map(|(_, columns)| columns).map(|column| (column, "node"));
        let of_edges = columns.edges.iter().flat_map(|(_, columns)| columns).map(|column| (column, "edge"));
        for ((name, kind), of) in of_nodes.chain(of_edges) {
            if !is_own(name, of) && declared.insert((of, name.as_str())) {
                declare(name, of, type_word(*kind))?;
            }
        }
        let default = if columns.is_undirected() { "undirected" } else { "directed" };
        writeln!(out, r#"  <graph id="gleaner" edgedefault="{default}">"#)?;
        Ok(Self { out, columns })
    }
}

impl<W: Write> Graph for Graphml<W> {
    fn node(&mut self, node: &Node<'_>) -> Result<()> {
        write!(self.out, r#"    <node id="{}:{}">"#, node.kind.word(), escape(node.id))?;
        data(&mut self.out, "n_label", node.label)?;
        data(&mut self.out, "n_kind", node.kind.word())?;
        values(&mut self.out, "node", self.columns.of_node(node.kind), node.values)?;
        writeln!(self.out, "</node>")
    }

    fn edge(&mut self, edge: &Edge<'_>) -> Result<()> {
        let (from, to) = edge.kind.ends();
        let ends = [(from, edge.from), (to, edge.to)].map(|(kind, id)| format!("{}:{}", kind.word(), escape(id)));
        let directed = if from == to && !self.columns.is_undirected() { r#" directed="false""# } else { "" };
        write!(self.out, r#"    <edge source="{}" target="{}"{directed}>"#, ends[0], ends[1])?;
        data(&mut self.out, "e_relation", edge.kind.word())?;
        data(&mut self.out, "e_weight", &edge.weight.to_string())?;
        values(&mut self.out, "edge", self.columns.of_edge(edge.kind), edge.values)?;
        writeln!(self.out, "</edge>")
    }

    fn finish(&mut self) -> Result<()> {
        writeln!(self.out, "  </graph>\n</graphml>")?;
        self.out.flush()
    }
}

fn is_own(name: &str, of: &str) -> bool {
    OWN.iter().any(|(own, kind, _)| *own == name && *kind == of)
}

fn values(out: &mut impl Write, of: &str, columns: &[Column], values: &[serde_json::Value]) -> Result<()> {
    for ((name, _), value) in columns.iter().zip(values).filter(|((name, _), _)| !is_own(name, of)) {
        if let Some(text) = as_text(value) {
            data(out, &format!("{}_{name}", &of[..1]), &text)?;
        }
    }
    Ok(())
}

fn data(out: &mut impl Write, key: &str, text: &str) -> Result<()> {
    write!(out, r#"<data key="{}">{}</data>"#, escape(key), escape(text))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::graph::{EdgeKind, NodeKind, Type};
    use super::*;

    #[test]
    fn a_graph_is_nodes_then_edges() {
        let columns = Columns {
            nodes: vec![(NodeKind::Entity, vec![("aliases".into(), Type::List), ("a\"b".into(), Type::Text)])],
            edges: vec![(EdgeKind::With, vec![("groups".into(), Type::Count)])],
        };
        let mut out = vec![];
        let mut graph = Graphml::new(&mut out, columns).unwrap();
        fn node<'a>(id: &'a str, values: &'a [serde_json::Value]) -> Node<'a> {
            Node { kind: NodeKind::Entity, id, label: "A&B", values, span: None }
        }
        graph.node(&node("x:1", &[json!(["a", "b"]), json!("<")])).unwrap();
        graph.node(&node("x:2", &[json!(null), json!(null)])).unwrap();
        let values = [json!(3)];
        let edge = Edge { kind: EdgeKind::With, from: "x:1", to: "x:2", weight: 3.0, values: &values, span: None };
        graph.edge(&edge).unwrap();
        graph.finish().unwrap();
        let text = String::from_utf8(out).unwrap();
        let end = text.find("  <key id=\"n_aliases\"").unwrap();
        assert_eq!(
            &text[end..],
            r#"  <key id="n_aliases" for="node" attr.name="aliases" attr.type="string"/>
  <key id="n_a&quot;b" for="node" attr.name="a&quot;b" attr.type="string"/>
  <key id="e_groups" for="edge" attr.name="groups" attr.type="long"/>
  <graph id="gleaner" edgedefault="undirected">
    <node id="entity:x:1"><data key="n_label">A&amp;B</data><data key="n_kind">entity</data><data key="n_aliases">a | b</data><data key="n_a&quot;b">&lt;</data></node>
    <node id="entity:x:2"><data key="n_label">A&amp;B</data><data key="n_kind">entity</data></node>
    <edge source="entity:x:1" target="entity:x:2"><data key="e_relation">appears with</data><data key="e_weight">3</data><data key="e_groups">3</data></edge>
  </graph>
</graphml>
"#
        );
    }
}
