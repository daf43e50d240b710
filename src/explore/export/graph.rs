//! Nodes and edges: groups, the topics and entities that they have, and what stands in the same groups.
//!
//! A graph has what was asked for and no node without an edge, except an entity that was asked for by `entities`.

use std::collections::BTreeSet;

use jiff::civil::Date;
use serde_json::{Value as Json, json};

use super::rows::{self, Sources};
use super::{ATTRIBUTE, Export, What, attribute_of};
use crate::explore::time;
use crate::model::Kind;
use crate::report::graph::{Column, Columns, Edge, EdgeKind, Graph, Node, NodeKind, Span, Type};
use crate::store::Read;
use crate::store::explore::{EntityHead, ExportGroup};

use Type::{Count, Flag, List, Number, Text};

const GROUP: [(&str, Type); 7] = [
    ("group_id", Text),
    ("title", Text),
    ("created_at", Text),
    ("status", Text),
    ("story_titles", List),
    ("story_urls", List),
    ("story_dates", List),
];

/// Columns of an entity, before its attributes.
const ENTITY: [(&str, Type); 7] = [
    ("entity_id", Text),
    ("type", Text),
    ("name", Text),
    ("aliases", List),
    ("groups", Count),
    ("first_at", Text),
    ("last_at", Text),
];

const TOPIC: [(&str, Type); 5] =
    [("topic", Text), ("label", Text), ("groups", Count), ("first_at", Text), ("last_at", Text)];

const ABOUT: [(&str, Type); 6] = [
    ("confidence", Number),
    ("rank", Count),
    ("model", Text),
    ("batch_id", Text),
    ("answered_at", Text),
    ("sandbox", Flag),
];

const NAMES: [(&str, Type); 15] = [
    ("mention", Text),
    ("entity_type", Text),
    ("method", Text),
    ("score", Number),
    ("confidence", Number),
    ("is_primary", Flag),
    ("rank", Count),
    ("story", Count),
    ("story_title", Text),
    ("story_url", Text),
    ("published_at", Text),
    ("model", Text),
    ("batch_id", Text),
    ("answered_at", Text),
    ("sandbox", Flag),
];

const WITH: [(&str, Type); 4] = [("groups", Count), ("first_at", Text), ("last_at", Text), ("newest_group_id", Text)];

/// Parts of a graph.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Parts {
    topics: bool,
    /// Groups with the entities that they name.
    links: bool,
    /// Entities joined with each other.
    pairs: bool,
    /// False where an entity alone is no part of it.
    alone: bool,
}

impl Parts {
    fn of(what: Option<What>) -> Self {
        let none = Parts { topics: false, links: false, pairs: false, alone: false };
        match what {
            None | Some(What::Groups | What::Stories | What::Catalog) => Parts { topics: true, links: true, ..none },
            Some(What::Topics) => Parts { topics: true, ..none },
            Some(What::Links) => Parts { links: true, ..none },
            Some(What::Entities) => Parts { pairs: true, alone: true, ..none },
            Some(What::Cooccurrence) => Parts { pairs: true, ..none },
        }
    }

    fn has_groups(self) -> bool {
        self.topics || self.links
    }

    fn has_entities(self) -> bool {
        self.links || self.pairs
    }
}

/// Returns the columns that the graph of an export will have, attributes of its entities included.
pub(super) fn columns(read: Read<'_>, export: &Export) -> anyhow::Result<Columns> {
    let parts = Parts::of(export.what);
    let of = |columns: &[(&str, Type)]| -> Vec<Column> {
        columns.iter().map(|(name, kind)| ((*name).to_owned(), *kind)).collect()
    };
    let mut columns = Columns::default();
    if parts.has_groups() {
        columns.nodes.push((NodeKind::Group, of(&GROUP)));
    }
    if parts.has_entities() {
        let mut names: BTreeSet<String> = BTreeSet::new();
        read.each_linked_entity(&export.period, |head, _| {
            names.extend(read.entity(head.key)?.into_iter().flat_map(|entity| entity.attributes.into_keys()));
            Ok(())
        })?;
        let attributes = names.into_iter().map(|name| (attribute_column(name), Text));
        columns.nodes.push((NodeKind::Entity, of(&ENTITY).into_iter().chain(attributes).collect()));
    }
    if parts.topics {
        columns.nodes.push((NodeKind::Topic, of(&TOPIC)));
        columns.edges.push((EdgeKind::About, of(&ABOUT)));
    }
    if parts.links {
        columns.edges.push((EdgeKind::Names, of(&NAMES)));
    }
    if parts.pairs {
        columns.edges.push((EdgeKind::With, of(&WITH)));
    }
    Ok(columns)
}

/// Gives a writer the nodes and edges; returns their number.
pub(super) fn write(read: Read<'_>, export: &Export, columns: &Columns, graph: &mut dyn Graph) -> anyhow::Result<u64> {
    let parts = Parts::of(export.what);
    let period = &export.period;
    let mut n = 0;
    let pairs = if parts.pairs { read.cooccurrence(period, export.min_groups)? } else { vec![] };
    if parts.has_entities() {
        let joined: BTreeSet<_> = pairs.iter().flat_map(|pair| [pair.a, pair.b]).collect();
        let attributes = columns.of_node(NodeKind::Entity).get(ENTITY.len()..).unwrap_or_default();
        read.each_linked_entity(period, |head, groups| {
            if parts.pairs && !parts.alone && !joined.contains(&head.key) {
                return Ok(());
            }
            let Some(entity) = read.entity(head.key)? else { return Ok(()) };
            let (first, last) = ends(&read.dates_of_entity(head.key, period, None)?);
            let span = span(first.as_deref(), last.as_deref());
            let mut values = vec![
                json!(head.id),
                json!(head.entity_type),
                json!(head.name),
                json!(entity.aliases),
                json!(groups),
                json!(first),
                json!(last),
            ];
            values.extend(attributes.iter().map(|(name, _)| json!(entity.attributes.get(attribute_of(name)))));
            n += 1;
            let id = entity_key(&head);
            Ok(graph.node(&Node { kind: NodeKind::Entity, id: &id, label: &head.name, values: &values, span })?)
        })?;
    }
    if parts.topics {
        for topic in read.top_topics(period, None, u64::MAX)?.0 {
            let (first, last) = ends(&read.dates_of_topic(&topic.topic, period, None)?);
            let span = span(first.as_deref(), last.as_deref());
            let values = [json!(topic.topic), json!(topic.label), json!(topic.groups), json!(first), json!(last)];
            n += 1;
            let node = Node { kind: NodeKind::Topic, id: &topic.topic, label: &topic.label, values: &values, span };
            graph.node(&node)?;
        }
    }
    if parts.has_groups() {
        read.each_known_group(period, |group| {
            let is_linked = group.mentions.iter().any(|mention| mention.entity.is_some());
            if !(parts.topics && !group.topics.is_empty() || parts.links && is_linked) {
                return Ok(());
            }
            let [titles, urls, dates] = rows::lists(&read.story_heads(group.head.key)?);
            let head = &group.head;
            let values = [json!(head.id), json!(head.title), json!(head.at), json!(group.status), titles, urls, dates];
            let (id, label) = (head.id.as_str(), head.title.as_deref().unwrap_or(head.id.as_str()));
            n += 1;
            let span = span(head.at.as_deref(), head.at.as_deref());
            Ok(graph.node(&Node { kind: NodeKind::Group, id, label, values: &values, span })?)
        })?;
        read.each_known_group(period, |group| {
            n += edges(read, parts, &group, graph)?;
            Ok(())
        })?;
    }
    for pair in pairs {
        let (Some(a), Some(b)) = (read.entity_head(pair.a)?, read.entity_head(pair.b)?) else { continue };
        let first = pair.first.map(|key| read.group_head(key)).transpose()?.flatten().and_then(|head| head.at);
        let newest = read.group_head(pair.newest)?;
        let last = newest.as_ref().and_then(|head| head.at.clone());
        let values = [json!(pair.groups), json!(first), json!(last), json!(newest.as_ref().map(|head| &head.id))];
        n += 1;
        graph.edge(&Edge {
            kind: EdgeKind::With,
            from: &entity_key(&a),
            to: &entity_key(&b),
            weight: pair.groups as f64,
            values: &values,
            span: span(first.as_deref(), last.as_deref()),
        })?;
    }
    graph.finish()?;
    Ok(n)
}

/// Edges of a group.
fn edges(read: Read<'_>, parts: Parts, group: &ExportGroup, graph: &mut dyn Graph) -> anyhow::Result<u64> {
    let sources = Sources::of(read, group.head.key)?;
    let span = span(group.head.at.as_deref(), group.head.at.as_deref());
    let from = group.head.id.as_str();
    let mut n = 0;
    for topic in group.topics.iter().filter(|_| parts.topics) {
        let mut values = vec![json!(topic.confidence), json!(topic.rank)];
        values.extend(sources.answer(Kind::Topic));
        let (kind, weight) = (EdgeKind::About, topic.confidence);
        graph.edge(&Edge { kind, from, to: &topic.topic, weight, values: &values, span: span.clone() })?;
        n += 1;
    }
    for mention in group.mentions.iter().filter(|_| parts.links) {
        let Some(entity) = &mention.entity else { continue };
        let mut values: Vec<Json> = vec![
            json!(mention.text),
            json!(mention.entity_type),
            json!(mention.method),
            json!(mention.score),
            json!(mention.confidence),
            json!(mention.is_primary),
            json!(mention.rank),
        ];
        values.extend(sources.story(mention));
        values.extend(sources.answer(Kind::Entity));
        let (kind, weight) = (EdgeKind::Names, mention.confidence);
        graph.edge(&Edge { kind, from, to: &entity_key(entity), weight, values: &values, span: span.clone() })?;
        n += 1;
    }
    Ok(n)
}

/// Name of an entity in the graph: an id is unique within its type only.
fn entity_key(entity: &EntityHead) -> String {
    format!("{}:{}", entity.entity_type, entity.id)
}

fn attribute_column(name: String) -> String {
    let is_own = ENTITY.iter().any(|(own, _)| *own == name) || ["label", "kind", "entity_key"].contains(&name.as_str());
    if is_own { format!("{ATTRIBUTE}{name}") } else { name }
}

fn ends(dates: &[(String, u64)]) -> (Option<String>, Option<String>) {
    (dates.first().map(|(date, _)| date.clone()), dates.last().map(|(date, _)| date.clone()))
}

/// Returns the first and the last day of what is dated from one time to another; a year or a month counts to its end.
fn span(first: Option<&str>, last: Option<&str>) -> Option<Span> {
    let end = |text: &str| -> Option<Date> {
        let day = time::day(text)?;
        Some(match text.len() {
            4 => day.last_of_year(),
            7 => day.last_of_month(),
            _ => day,
        })
    };
    Some((time::day(first?)?.to_string(), end(last?)?.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_is_of_whole_days() {
        let check = |first, last, expected: Option<(&str, &str)>| {
            assert_eq!(span(first, last), expected.map(|(a, b)| (a.to_owned(), b.to_owned())), "{first:?} {last:?}");
        };
        check(Some("2024"), Some("2024"), Some(("2024-01-01", "2024-12-31")));
        check(Some("2024-02"), Some("2024-02"), Some(("2024-02-01", "2024-02-29")));
        check(Some("2024-05-06T23:00:00Z"), Some("2024-05-07"), Some(("2024-05-06", "2024-05-07")));
        check(None, None, None);
    }

    #[test]
    fn an_attribute_never_takes_the_place_of_a_column() {
        for (name, column) in [("country", "country"), ("name", "attributes.name"), ("label", "attributes.label")] {
            assert_eq!(attribute_column(name.into()), column);
            assert_eq!(attribute_of(column), name);
        }
    }
}
