//! Knowledge into files: rows of the store through the writers of `report`, one at a time.

mod catalog;

pub use catalog::decision;

use std::io::Write;

use serde_json::{Value as Json, json};

use crate::error::usage;
use crate::report::csv::{Cell, Rows};
use crate::report::cypher::{Script, Statement};
use crate::report::graphml::{Graph, Value};
use crate::store::Read;
use crate::store::explore::{EntityHead, ExportGroup, MentionRow, Period};

/// Which rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// One a group.
    Groups,
    /// One for each topic of each group.
    Topics,
    /// One for each entity that is named.
    Entities,
    /// One for each mention.
    Links,
    /// One for each two entities that stand in the same groups.
    Cooccurrence,
    /// One for each entity of the catalog, named or not, and one for each decision: what `load entities` reads.
    Catalog,
}

/// In which form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// JSON Lines.
    Jsonl,
    Csv,
    Graphml,
    /// Cypher statements.
    Cypher,
}

/// Subject of an export.
#[derive(Clone, Debug)]
pub struct Export {
    /// Which rows; `None`: everything, as a graph.
    pub what: Option<What>,
    /// In which form.
    pub format: Format,
    /// Of which time.
    pub period: Period,
    /// Pairs of entities must share so many groups.
    pub min_groups: u64,
}

/// Writes the export; returns the number of rows (of a graph: nodes and edges).
pub fn write(read: Read<'_>, export: &Export, mut out: &mut dyn Write) -> anyhow::Result<u64> {
    let (period, least) = (&export.period, export.min_groups);
    match (export.format, export.what) {
        (Format::Graphml, Some(What::Cooccurrence)) => pairs_graphml(read, period, least, out),
        (Format::Graphml | Format::Cypher, Some(What::Catalog)) => {
            Err(usage("a catalog is written as `jsonl` or `csv`"))
        }
        (Format::Jsonl, Some(What::Catalog)) => catalog::catalog_lines(read, out),
        (Format::Csv, Some(What::Catalog)) => catalog::catalog_table(read, out),
        (Format::Graphml, _) => graphml(read, period, out),
        (Format::Cypher, what) => cypher(read, period, least, what, out),
        (format, what) => {
            let what = what.unwrap_or(if format == Format::Csv { What::Links } else { What::Groups });
            let mut n = 0;
            if format == Format::Csv {
                let mut rows = Rows::new(&mut out, heads(what))?;
                each_row(read, what, period, least, |row| {
                    n += 1;
                    rows.row(&row.iter().map(|(_, value)| cell(value)).collect::<Vec<_>>())
                })?;
                rows.finish()?;
            } else {
                each_row(read, what, period, least, |row| {
                    n += 1;
                    let object: serde_json::Map<String, Json> =
                        row.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
                    serde_json::to_writer(&mut out, &object)?;
                    Ok(out.write_all(b"\n")?)
                })?;
            }
            Ok(n)
        }
    }
}

type Row = Vec<(&'static str, Json)>;

/// The columns of a table, which are also the names in JSON.
fn heads(what: What) -> &'static [&'static str] {
    match what {
        What::Groups => &["group_id", "title", "time", "status", "topics", "entities"],
        What::Topics => &["group_id", "title", "time", "topic", "label", "confidence", "rank"],
        What::Entities => &["type", "entity_id", "name", "groups"],
        What::Links => &[
            "group_id",
            "title",
            "time",
            "entity_type",
            "mention",
            "hints",
            "outcome",
            "type",
            "entity_id",
            "name",
            "method",
            "score",
            "confidence",
            "is_primary",
            "rank",
        ],
        What::Cooccurrence => &["a_type", "a_id", "a_name", "b_type", "b_id", "b_name", "groups"],
        What::Catalog => &catalog::CATALOG,
    }
}

/// Gives every row, with the names of `heads` in that order.
fn each_row(
    read: Read<'_>,
    what: What,
    period: &Period,
    least: u64,
    mut visit: impl FnMut(Row) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let names = heads(what);
    let mut row = |values: Vec<Json>| visit(names.iter().copied().zip(values).collect());
    match what {
        What::Groups => read.each_known_group(period, |group| {
            let ExportGroup { head, status, topics, mentions } = group;
            row(vec![json!(head.id), json!(head.title), json!(head.at), json!(status), json!(topics), json!(mentions)])
        }),
        What::Topics => read.each_known_group(period, |group| {
            let head = &group.head;
            group.topics.iter().try_for_each(|t| {
                let topic = [json!(t.topic), json!(t.label), json!(t.confidence), json!(t.rank)];
                row([json!(head.id), json!(head.title), json!(head.at)].into_iter().chain(topic).collect())
            })
        }),
        What::Links => read.each_known_group(period, |group| {
            let head = &group.head;
            group.mentions.iter().try_for_each(|m| {
                let entity = m.entity.as_ref();
                row(vec![
                    json!(head.id),
                    json!(head.title),
                    json!(head.at),
                    json!(m.entity_type),
                    json!(m.text),
                    if m.hints.is_empty() { Json::Null } else { json!(m.hints) },
                    json!(m.outcome),
                    json!(entity.map(|e| &e.entity_type)),
                    json!(entity.map(|e| &e.id)),
                    json!(entity.map(|e| &e.name)),
                    json!(m.method),
                    json!(m.score),
                    json!(m.confidence),
                    json!(m.is_primary),
                    json!(m.rank),
                ])
            })
        }),
        What::Entities => read.each_linked_entity(period, |entity, groups| {
            row(vec![json!(entity.entity_type), json!(entity.id), json!(entity.name), json!(groups)])
        }),
        What::Cooccurrence => {
            for pair in read.cooccurrence(period, least)? {
                let (Some(a), Some(b)) = (read.entity_head(pair.a)?, read.entity_head(pair.b)?) else { continue };
                let of = |e: EntityHead| [json!(e.entity_type), json!(e.id), json!(e.name)];
                row(of(a).into_iter().chain(of(b)).chain([json!(pair.groups)]).collect())?;
            }
            Ok(())
        }
        What::Catalog => Ok(()),
    }
}

/// A value as a cell: lists of topics and entities as their names with ` | ` between.
fn cell(value: &Json) -> Cell<'_> {
    match value {
        Json::Null => Cell::Opt(None),
        Json::String(text) => Cell::Text(text),
        Json::Number(n) => n.as_u64().map_or(Cell::Number(n.as_f64().unwrap_or_default()), Cell::Count),
        Json::Bool(is) => Cell::Count(u64::from(*is)),
        other => Cell::Owned(names(other)),
    }
}

fn names(value: &Json) -> String {
    let Json::Array(items) = value else { return value.to_string() };
    let name = |item: &Json| {
        ["/entity/name", "/mention", "/label"]
            .iter()
            .find_map(|at| item.pointer(at)?.as_str().map(str::to_owned))
            .unwrap_or_else(|| item.to_string())
    };
    items.iter().map(name).collect::<Vec<_>>().join(" | ")
}

fn entity_node(graph: &mut Graph<impl Write>, entity: &EntityHead, groups: u64) -> std::io::Result<()> {
    graph.node(
        &format!("e{}", entity.key.0),
        &[
            ("label", Value::Text(&entity.name)),
            ("kind", Value::Text("entity")),
            ("type", Value::Text(&entity.entity_type)),
            ("external_id", Value::Text(entity.id.as_str())),
            ("groups", Value::Count(groups)),
        ],
    )
}

fn graphml(read: Read<'_>, period: &Period, out: &mut dyn Write) -> anyhow::Result<u64> {
    let mut graph = Graph::new(out, true)?;
    let mut n = 0;
    read.each_linked_entity(period, |entity, groups| {
        n += 1;
        Ok(entity_node(&mut graph, &entity, groups)?)
    })?;
    let mut topics = read.top_topics(period, u64::MAX)?.0;
    topics.sort_by(|a, b| a.topic.cmp(&b.topic));
    for (i, topic) in topics.iter().enumerate() {
        n += 1;
        let attributes = [
            ("label", Value::Text(topic.label.as_str())),
            ("kind", Value::Text("topic")),
            ("groups", Value::Count(topic.groups)),
        ];
        graph.node(&format!("t{i}"), &attributes)?;
    }
    read.each_group_head(period, |head| {
        n += 1;
        let mut attributes = vec![
            ("label", Value::Text(head.title.as_deref().unwrap_or(head.id.as_str()))),
            ("kind", Value::Text("group")),
            ("external_id", Value::Text(head.id.as_str())),
        ];
        attributes.extend(head.at.as_deref().map(|at| ("time", Value::Text(at))));
        Ok(graph.node(&format!("g{}", head.key.0), &attributes)?)
    })?;
    read.each_known_group(period, |group| {
        let from = format!("g{}", group.head.key.0);
        for topic in &group.topics {
            if let Ok(i) = topics.binary_search_by(|known| known.topic.as_str().cmp(&topic.topic)) {
                n += 1;
                let attributes = [
                    ("relation", Value::Text("about")),
                    ("weight", Value::Number(topic.confidence)),
                    ("rank", Value::Count(topic.rank.into())),
                ];
                graph.edge(&from, &format!("t{i}"), &attributes)?;
            }
        }
        for mention in &group.mentions {
            let Some(entity) = &mention.entity else { continue };
            n += 1;
            let attributes = [
                ("relation", Value::Text("names")),
                ("weight", Value::Number(mention.confidence)),
                ("mention", Value::Text(&mention.text)),
                ("method", Value::Text(&mention.method)),
                ("score", Value::Number(mention.score)),
                ("rank", Value::Count(mention.rank.into())),
            ];
            graph.edge(&from, &format!("e{}", entity.key.0), &attributes)?;
        }
        Ok(())
    })?;
    graph.finish()?;
    Ok(n)
}

fn pairs_graphml(read: Read<'_>, period: &Period, least: u64, out: &mut dyn Write) -> anyhow::Result<u64> {
    let mut graph = Graph::new(out, false)?;
    let mut n = 0;
    read.each_linked_entity(period, |entity, groups| {
        n += 1;
        Ok(entity_node(&mut graph, &entity, groups)?)
    })?;
    for pair in read.cooccurrence(period, least)? {
        n += 1;
        let attributes = [("relation", Value::Text("stands with")), ("weight", Value::Number(pair.groups as f64))];
        graph.edge(&format!("e{}", pair.a.0), &format!("e{}", pair.b.0), &attributes)?;
    }
    graph.finish()?;
    Ok(n)
}

fn cypher(read: Read<'_>, period: &Period, least: u64, what: Option<What>, out: &mut dyn Write) -> anyhow::Result<u64> {
    let mut script = Script::new(out)?;
    let mut n = 0;
    let key = |entity: &EntityHead| json!(format!("{}:{}", entity.entity_type, entity.id));
    read.each_linked_entity(period, |entity, groups| {
        n += 1;
        let row = [
            ("key", key(&entity)),
            ("id", json!(entity.id)),
            ("type", json!(entity.entity_type)),
            ("name", json!(entity.name)),
            ("groups", json!(groups)),
        ];
        Ok(script.row(Statement::Entity, &row)?)
    })?;
    if what != Some(What::Cooccurrence) {
        for topic in read.top_topics(period, u64::MAX)?.0 {
            n += 1;
            let row = [("name", json!(topic.topic)), ("label", json!(topic.label)), ("groups", json!(topic.groups))];
            script.row(Statement::Topic, &row)?;
        }
        read.each_group_head(period, |head| {
            n += 1;
            let row = [("id", json!(head.id)), ("title", json!(head.title)), ("time", json!(head.at))];
            Ok(script.row(Statement::Group, &row)?)
        })?;
        // Once for each kind of edge, so that the rows of a statement stand together.
        read.each_known_group(period, |group| {
            group.topics.iter().try_for_each(|topic| {
                n += 1;
                let row = [
                    ("group", json!(group.head.id)),
                    ("topic", json!(topic.topic)),
                    ("rank", json!(topic.rank)),
                    ("confidence", json!(topic.confidence)),
                ];
                Ok(script.row(Statement::About, &row)?)
            })
        })?;
        let names = |mention: &MentionRow, entity: &EntityHead, group: &ExportGroup| {
            [
                ("group", json!(group.head.id)),
                ("entity", key(entity)),
                ("mention", json!(mention.text)),
                ("method", json!(mention.method)),
                ("score", json!(mention.score)),
                ("rank", json!(mention.rank)),
                ("is_primary", json!(mention.is_primary)),
            ]
        };
        read.each_known_group(period, |group| {
            group.mentions.iter().try_for_each(|mention| {
                let Some(entity) = &mention.entity else { return Ok(()) };
                n += 1;
                Ok(script.row(Statement::Names, &names(mention, entity, &group))?)
            })
        })?;
    }
    if matches!(what, None | Some(What::Cooccurrence)) {
        for pair in read.cooccurrence(period, least)? {
            let (Some(a), Some(b)) = (read.entity_head(pair.a)?, read.entity_head(pair.b)?) else { continue };
            n += 1;
            script.row(Statement::With, &[("a", key(&a)), ("b", key(&b)), ("groups", json!(pair.groups))])?;
        }
    }
    script.finish()?;
    Ok(n)
}
