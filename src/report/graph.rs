//! A graph before it takes a form: kinds of nodes and edges, and the columns of each.
//!
//! A writer of a form is given the columns first, then all nodes, then all edges. Values come in the order of the columns of
//! their kind, null where there is none.

use std::io;

use serde_json::Value as Json;

/// Kind of a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum NodeKind {
    Group,
    Entity,
    Topic,
}

/// Kind of an edge.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum EdgeKind {
    /// A group is about a topic.
    About,
    /// A group names an entity.
    Names,
    /// Two entities stand in the same groups; it has no direction.
    With,
}

/// Type of a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Type {
    Text,
    /// Texts, some of which may be null.
    List,
    /// A measure.
    Number,
    /// A number of things.
    Count,
    Flag,
}

/// Name of a column and its type.
pub type Column = (String, Type);

/// Columns of all kinds that a graph has.
#[derive(Clone, Debug, Default)]
pub struct Columns {
    pub nodes: Vec<(NodeKind, Vec<Column>)>,
    pub edges: Vec<(EdgeKind, Vec<Column>)>,
}

/// First and last day of something, as ISO dates.
pub type Span = (String, String);

/// A node.
#[derive(Clone, Debug)]
pub struct Node<'a> {
    pub kind: NodeKind,
    /// Name in the graph: the user's own id, unique within its kind.
    pub id: &'a str,
    pub label: &'a str,
    pub values: &'a [Json],
    pub span: Option<Span>,
}

/// An edge.
#[derive(Clone, Debug)]
pub struct Edge<'a> {
    pub kind: EdgeKind,
    pub from: &'a str,
    pub to: &'a str,
    pub weight: f64,
    pub values: &'a [Json],
    pub span: Option<Span>,
}

/// Writer of a form.
pub trait Graph {
    /// Writes a node; every edge comes later.
    fn node(&mut self, node: &Node<'_>) -> io::Result<()>;
    /// Writes an edge between two nodes that were written.
    fn edge(&mut self, edge: &Edge<'_>) -> io::Result<()>;
    /// Ends the file.
    fn finish(&mut self) -> io::Result<()>;
}

impl NodeKind {
    /// Returns its word, which also begins the names of its nodes where kinds share one space.
    pub fn word(self) -> &'static str {
        match self {
            NodeKind::Group => "group",
            NodeKind::Entity => "entity",
            NodeKind::Topic => "topic",
        }
    }
}

impl EdgeKind {
    /// Returns its word.
    pub fn word(self) -> &'static str {
        match self {
            EdgeKind::About => "about",
            EdgeKind::Names => "names",
            EdgeKind::With => "appears with",
        }
    }

    /// Returns the kinds that it joins.
    pub fn ends(self) -> (NodeKind, NodeKind) {
        match self {
            EdgeKind::About => (NodeKind::Group, NodeKind::Topic),
            EdgeKind::Names => (NodeKind::Group, NodeKind::Entity),
            EdgeKind::With => (NodeKind::Entity, NodeKind::Entity),
        }
    }
}

impl Columns {
    /// Returns the columns of a kind of node.
    pub fn of_node(&self, kind: NodeKind) -> &[Column] {
        self.nodes.iter().find(|(own, _)| *own == kind).map_or(&[], |(_, columns)| columns)
    }

    /// Returns the columns of a kind of edge.
    pub fn of_edge(&self, kind: EdgeKind) -> &[Column] {
        self.edges.iter().find(|(own, _)| *own == kind).map_or(&[], |(_, columns)| columns)
    }

    /// Returns whether every edge is without a direction.
    pub fn is_undirected(&self) -> bool {
        self.edges.iter().all(|(kind, _)| *kind == EdgeKind::With)
    }
}

/// Returns a value as a text, for forms that know no lists; nothing for null.
pub fn as_text(value: &Json) -> Option<String> {
    match value {
        Json::Null => None,
        Json::String(text) => Some(text.clone()),
        Json::Array(items) => {
            let texts: Vec<&str> = items.iter().map(|item| item.as_str().unwrap_or_default()).collect();
            texts.iter().any(|text| !text.is_empty()).then(|| texts.join(" | "))
        }
        other => Some(other.to_string()),
    }
}
