//! Cypher statements that build the graph. Loading the file twice changes nothing.
//!
//! Kuzu, Neo4j and Memgraph understand the same statements, but for those that come first: Kuzu wants its tables declared,
//! the others constraints. Kuzu is strict about types, and takes no null and no empty list in a list of rows: rows that have
//! the same columns filled share a statement, and each names only those.

use std::collections::BTreeMap;
use std::io::{Result, Write};

use serde_json::Value as Json;

use super::graph::{Column, Columns, Edge, EdgeKind, Graph, Node, NodeKind, Type};

/// Rows in one statement: few statements, each still small enough for one transaction.
const ROWS: usize = 500;

/// Programs that differ in what comes before the statements.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    Kuzu,
    /// Neo4j and Memgraph.
    Neo4j,
}

/// Kind of rows that share a statement, with the columns that they fill.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Statement {
    Node(NodeKind, Vec<usize>),
    Edge(EdgeKind, Vec<usize>),
}

/// Writes statements.
pub struct Script<W: Write> {
    out: W,
    columns: Columns,
    open: BTreeMap<Statement, Vec<String>>,
    is_at_edges: bool,
}

impl<W: Write> Script<W> {
    /// Begins the file with the tables, or with the constraints that make merging fast.
    pub fn new(mut out: W, columns: Columns, dialect: Dialect) -> Result<Self> {
        match dialect {
            Dialect::Kuzu => {
                writeln!(out, "// For Kuzu. `gleaner export --format neo4j` writes for Neo4j and Memgraph.")?;
                for (kind, columns) in &columns.nodes {
                    let (label, key) = label(*kind);
                    let columns = declared(columns.iter().filter(|(name, _)| name != key));
                    writeln!(out, "CREATE NODE TABLE IF NOT EXISTS {label} ({key} STRING PRIMARY KEY{columns});")?;
                }
                for (kind, columns) in &columns.edges {
                    let (from, to) = kind.ends();
                    let (name, from, to) = (relation(*kind), label(from).0, label(to).0);
                    let columns = declared(columns.iter());
                    writeln!(out, "CREATE REL TABLE IF NOT EXISTS {name} (FROM {from} TO {to}{columns});")?;
                }
            }
            Dialect::Neo4j => {
                writeln!(out, "// For Neo4j and Memgraph. `gleaner export --format cypher` writes for Kuzu.")?;
                for (kind, _) in &columns.nodes {
                    let (label, key) = label(*kind);
                    let name = kind.word();
                    writeln!(
                        out,
                        "CREATE CONSTRAINT gleaner_{name} IF NOT EXISTS FOR (n:{label}) REQUIRE n.{key} IS UNIQUE;"
                    )?;
                }
            }
        }
        Ok(Self { out, columns, open: BTreeMap::new(), is_at_edges: false })
    }

    /// Adds a row to the statement of its like.
    fn row(
        &mut self,
        statement: &Statement,
        mut fields: Vec<String>,
        columns: &[Column],
        values: &[Json],
    ) -> Result<()> {
        let (Statement::Node(_, filled) | Statement::Edge(_, filled)) = statement;
        fields.extend(filled.iter().map(|at| {
            let (name, kind) = &columns[*at];
            format!("{}: {}", quoted(name), literal(&values[*at], *kind))
        }));
        let rows = self.open.entry(statement.clone()).or_default();
        rows.push(format!("  {{{}}}", fields.join(", ")));
        if rows.len() >= ROWS {
            let rows = self.open.remove(statement).unwrap_or_default();
            self.statement(statement, &rows)?;
        }
        Ok(())
    }

    fn end(&mut self) -> Result<()> {
        for (statement, rows) in std::mem::take(&mut self.open) {
            self.statement(&statement, &rows)?;
        }
        Ok(())
    }

    fn statement(&mut self, statement: &Statement, rows: &[String]) -> Result<()> {
        let set = |of: &str, columns: &[Column], filled: &[usize]| {
            let names = filled.iter().map(|at| quoted(&columns[*at].0));
            let set: Vec<String> = names.map(|name| format!("{of}.{name} = row.{name}")).collect();
            if set.is_empty() { String::new() } else { format!(" SET {}", set.join(", ")) }
        };
        let text = match statement {
            Statement::Node(kind, filled) => {
                let (label, key) = label(*kind);
                format!("MERGE (n:{label} {{{key}: row.{key}}}){}", set("n", self.columns.of_node(*kind), filled))
            }
            Statement::Edge(kind, filled) => {
                let ((from, from_key), (to, to_key)) = (label(kind.ends().0), label(kind.ends().1));
                let columns = self.columns.of_edge(*kind);
                // An entity may be named in a group by more than one mention.
                let own = if *kind == EdgeKind::Names { " {mention: row.mention}" } else { "" };
                let filled: Vec<usize> =
                    filled.iter().copied().filter(|at| own.is_empty() || columns[*at].0 != "mention").collect();
                format!(
                    "MATCH (a:{from} {{{from_key}: row.from_key}}), (b:{to} {{{to_key}: row.to_key}}) MERGE (a)-[r:{}{own}]->(b){}",
                    relation(*kind),
                    set("r", columns, &filled)
                )
            }
        };
        writeln!(self.out, "UNWIND [\n{}\n] AS row\n{text};", rows.join(",\n"))
    }
}

impl<W: Write> Graph for Script<W> {
    fn node(&mut self, node: &Node<'_>) -> Result<()> {
        let columns = self.columns.of_node(node.kind).to_vec();
        let key = label(node.kind).1;
        let filled = filled(&columns, node.values).filter(|at| columns[*at].0 != key).collect();
        let id = format!("{key}: {}", text(node.id));
        self.row(&Statement::Node(node.kind, filled), vec![id], &columns, node.values)
    }

    fn edge(&mut self, edge: &Edge<'_>) -> Result<()> {
        if !std::mem::replace(&mut self.is_at_edges, true) {
            self.end()?;
        }
        let columns = self.columns.of_edge(edge.kind).to_vec();
        let ends = vec![format!("from_key: {}", text(edge.from)), format!("to_key: {}", text(edge.to))];
        let filled = filled(&columns, edge.values).collect();
        self.row(&Statement::Edge(edge.kind, filled), ends, &columns, edge.values)
    }

    fn finish(&mut self) -> Result<()> {
        self.end()?;
        self.out.flush()
    }
}

/// Label of a kind of nodes, and the property that names one. None of them is a word of the language.
fn label(kind: NodeKind) -> (&'static str, &'static str) {
    match kind {
        NodeKind::Group => ("StoryGroup", "group_id"),
        // An id is unique within its type only.
        NodeKind::Entity => ("Entity", "entity_key"),
        NodeKind::Topic => ("Topic", "topic"),
    }
}

fn relation(kind: EdgeKind) -> &'static str {
    match kind {
        EdgeKind::About => "ABOUT",
        EdgeKind::Names => "NAMES",
        EdgeKind::With => "APPEARS_WITH",
    }
}

fn declared<'a>(columns: impl Iterator<Item = &'a Column>) -> String {
    let word = |kind: Type| match kind {
        Type::Text => "STRING",
        Type::List => "STRING[]",
        Type::Number => "DOUBLE",
        Type::Count => "INT64",
        Type::Flag => "BOOL",
    };
    columns.map(|(name, kind)| format!(", {} {}", quoted(name), word(*kind))).collect()
}

/// Columns in which something stands.
fn filled<'a>(columns: &'a [Column], values: &'a [Json]) -> impl Iterator<Item = usize> + 'a {
    let is_something = |value: &Json| match value {
        Json::Null => false,
        Json::Array(items) => items.iter().any(|item| item.as_str().is_some_and(|text| !text.is_empty())),
        _ => true,
    };
    (0..columns.len().min(values.len())).filter(move |at| is_something(&values[*at]))
}

/// A name of a property: as it is where it can be no word of the language, else in backticks.
fn quoted(name: &str) -> String {
    // Ours have an underscore or were tried out; attributes may be called anything.
    const PLAIN: [&str; 16] = [
        "title",
        "status",
        "type",
        "name",
        "aliases",
        "groups",
        "topic",
        "label",
        "confidence",
        "rank",
        "model",
        "mention",
        "method",
        "score",
        "story",
        "sandbox",
    ];
    let is_plain = PLAIN.contains(&name)
        || name.contains('_') && !name.starts_with(|c: char| c.is_ascii_digit()) && name.chars().all(is_letter);
    if is_plain { name.to_owned() } else { format!("`{}`", clean(name).replace('`', "'")) }
}

fn is_letter(c: char) -> bool {
    c == '_' || c.is_ascii_alphanumeric()
}

fn literal(value: &Json, kind: Type) -> String {
    match value {
        Json::String(value) => text(value),
        Json::Array(items) => {
            let texts: Vec<String> = items.iter().map(|item| text(item.as_str().unwrap_or_default())).collect();
            format!("[{}]", texts.join(", "))
        }
        // In a list of rows a whole number makes the column one of whole numbers.
        Json::Number(number) if kind == Type::Number => {
            let digits = number.to_string();
            if digits.contains(['.', 'e', 'E']) { digits } else { format!("{digits}.0") }
        }
        other => other.to_string(),
    }
}

/// A text between quotes. Quotes and backslashes in it are escaped, which is all that every dialect understands; other
/// escapes are not the same in all.
fn text(value: &str) -> String {
    let escaped = clean(value).replace('\\', "\\\\").replace('\'', "\\'");
    format!("'{escaped}'")
}

/// A text without characters that show nothing and that some shell may act on.
fn clean(text: &str) -> String {
    let is_control = |c: char| c.is_control() && !matches!(c, '\n' | '\t');
    text.chars().map(|c| if is_control(c) { '\u{FFFD}' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn no_text_ends_its_literal() {
        assert_eq!(text("O'Neil\\'); MATCH (n) DELETE n;\0"), "'O\\'Neil\\\\\\'); MATCH (n) DELETE n;\u{FFFD}'");
        assert_eq!(quoted("a` ; DROP"), "`a' ; DROP`");
        let check = |value: Json, kind, expected: &str| assert_eq!(literal(&value, kind), expected);
        check(json!(1.5), Type::Number, "1.5");
        check(json!(1), Type::Number, "1.0");
        check(json!(1), Type::Count, "1");
        check(json!(true), Type::Flag, "true");
        check(json!(["a", null]), Type::List, "['a', '']");
    }

    #[test]
    fn rows_with_the_same_columns_share_a_statement() {
        let columns = Columns {
            nodes: vec![
                (NodeKind::Topic, vec![("topic".into(), Type::Text), ("groups".into(), Type::Count)]),
                (NodeKind::Entity, vec![("order".into(), Type::Text), ("aliases".into(), Type::List)]),
            ],
            edges: vec![(EdgeKind::With, vec![("groups".into(), Type::Count)])],
        };
        let mut out = vec![];
        let mut script = Script::new(&mut out, columns, Dialect::Kuzu).unwrap();
        fn node<'a>(kind: NodeKind, id: &'a str, values: &'a [Json]) -> Node<'a> {
            Node { kind, id, label: "", values, span: None }
        }
        script.node(&node(NodeKind::Topic, "a", &[json!("a"), json!(1)])).unwrap();
        script.node(&node(NodeKind::Entity, "x:1", &[json!("z"), json!([])])).unwrap();
        script.node(&node(NodeKind::Topic, "b", &[json!("b"), json!(2)])).unwrap();
        script.node(&node(NodeKind::Topic, "c", &[json!("c"), json!(null)])).unwrap();
        let values = [json!(1)];
        let edge = Edge { kind: EdgeKind::With, from: "x:1", to: "x:1", weight: 1.0, values: &values, span: None };
        script.edge(&edge).unwrap();
        script.finish().unwrap();
        assert_eq!(
            String::from_utf8(out).unwrap(),
            "// For Kuzu. `gleaner export --format neo4j` writes for Neo4j and Memgraph.
CREATE NODE TABLE IF NOT EXISTS Topic (topic STRING PRIMARY KEY, groups INT64);
CREATE NODE TABLE IF NOT EXISTS Entity (entity_key STRING PRIMARY KEY, `order` STRING, aliases STRING[]);
CREATE REL TABLE IF NOT EXISTS APPEARS_WITH (FROM Entity TO Entity, groups INT64);
UNWIND [
  {entity_key: 'x:1', `order`: 'z'}
] AS row
MERGE (n:Entity {entity_key: row.entity_key}) SET n.`order` = row.`order`;
UNWIND [
  {topic: 'c'}
] AS row
MERGE (n:Topic {topic: row.topic});
UNWIND [
  {topic: 'a', groups: 1},
  {topic: 'b', groups: 2}
] AS row
MERGE (n:Topic {topic: row.topic}) SET n.groups = row.groups;
UNWIND [
  {from_key: 'x:1', to_key: 'x:1', groups: 1}
] AS row
MATCH (a:Entity {entity_key: row.from_key}), (b:Entity {entity_key: row.to_key}) MERGE (a)-[r:APPEARS_WITH]->(b) SET r.groups = row.groups;
"
        );
    }
}
