//! Gathers what the report shows and hands it to `report::html`, group by group.
//!
//! The data are short: topics, entities, types and methods are named by number. `report/page/data.js` reads exactly this.

use std::collections::HashMap;
use std::io::Write;

use serde::Serialize;
use serde_json::{Value, json};

use crate::answer::grounding::Grounding;
use crate::answer::inside::Longer;
use crate::explore::findings::findings;
use crate::model::EntityKey;
use crate::report::html::{self, Front, Row};
use crate::report::timeline;
use crate::store::explore::{ExportGroup, MentionRow, Period};
use crate::store::{AuditWhat, Read};
use crate::terminal::words;

/// Rows of the lists on the front.
const TOP: usize = 20;
/// Entities in the graph: more are a hairball.
const GRAPH_NODES: usize = 60;
/// Lines in the graph.
const GRAPH_EDGES: usize = 240;
/// Unlinked mentions shown.
const UNRESOLVED: usize = 1000;
/// Groups named as examples of an unlinked mention.
const EXAMPLES: usize = 3;
/// Bytes of text on each side of a mention.
const AROUND: usize = 70;
/// Types with a color of their own; the others share the last.
const COLORS: usize = 7;

/// Options of the page.
#[derive(Clone, Debug)]
pub struct PageOptions {
    /// Headline.
    pub title: String,
    /// When it is made.
    pub now: String,
    /// True where the stories stand in it, whole.
    pub with_text: bool,
    /// Mentions of a group shown in their sentence; `None`: as many as the size allows.
    pub snippets: Option<usize>,
    /// Which groups.
    pub period: Period,
    /// The same in words, where it is not all of them.
    pub selection: Option<String>,
}

/// Writes the page; `on_group` counts. Returns the number of groups in it.
pub fn write(
    read: Read<'_>,
    options: &PageOptions,
    out: &mut dyn Write,
    mut on_group: impl FnMut(),
) -> anyhow::Result<u64> {
    let mut page = Page::gather(read, options)?;
    let front = page.front(read, options)?;
    html::write(out, &front, |out| {
        write!(out, "{{\"made_by\":\"gleaner\"")?;
        for (name, value) in [("topics", &page.topics), ("entities", &page.entities), ("pairs", &page.pairs)] {
            write!(out, ",\"{name}\":")?;
            serde_json::to_writer(&mut *out, value)?;
        }
        write!(out, ",\"groups\":[")?;
        let mut n = 0;
        read.each_known_group(&options.period, |group| {
            if n > 0 {
                out.write_all(b",\n")?;
            }
            let row = page.group(read, options, &group, n)?;
            serde_json::to_writer(&mut *out, &row)?;
            n += 1;
            on_group();
            Ok(())
        })?;
        write!(out, "],\"unresolved\":")?;
        serde_json::to_writer(&mut *out, &page.unresolved())?;
        write!(out, ",\"methods\":")?;
        serde_json::to_writer(&mut *out, &page.methods)?;
        // Last: unlinked mentions may be of types that the catalog lacks.
        write!(out, ",\"types\":")?;
        serde_json::to_writer(&mut *out, &page.types)?;
        write!(out, "}}")?;
        Ok(())
    })?;
    Ok(page.n_groups)
}

/// State before the first group is written, and what is gathered while they are.
struct Page {
    n_groups: u64,
    n_snippets: usize,
    types: Vec<String>,
    methods: Vec<String>,
    topics: Value,
    entities: Value,
    pairs: Value,
    topic_numbers: HashMap<String, usize>,
    entity_numbers: HashMap<EntityKey, usize>,
    top_topics: Vec<Row>,
    top_entities: Vec<Row>,
    n_topics: usize,
    n_entities: usize,
    /// Unlinked: type and text, with how often and where.
    waiting: HashMap<(usize, String), (u64, Vec<u64>)>,
}

impl Page {
    fn gather(read: Read<'_>, options: &PageOptions) -> anyhow::Result<Self> {
        let (topics, _) = read.top_topics(&options.period, None, u64::MAX)?;
        let mut types: Vec<(String, u64)> = vec![];
        let mut entities = vec![];
        read.each_linked_entity(&options.period, |entity, groups| {
            match types.iter_mut().find(|(name, _)| *name == entity.entity_type) {
                Some((_, n)) => *n += groups,
                None => types.push((entity.entity_type.clone(), groups)),
            }
            entities.push((entity, groups));
            Ok(())
        })?;
        // The most frequent types get the colors.
        types.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
        let types: Vec<String> = types.into_iter().map(|(name, _)| name).collect();
        let type_number = |name: &str| types.iter().position(|known| known == name).unwrap_or(0);
        let percent = |n: u64, most: Option<u64>| n as f64 * 100.0 / most.unwrap_or(1).max(1) as f64;
        let (most_topics, most_entities) = (topics.first().map(|t| t.groups), entities.first().map(|e| e.1));
        let top_topics = topics.iter().take(TOP).enumerate().map(|(i, topic)| Row {
            name: topic.label.clone(),
            kind: String::new(),
            color: 0,
            n: topic.groups,
            percent: percent(topic.groups, most_topics),
            index: i,
        });
        let top_names: Vec<&str> = entities.iter().take(TOP).map(|(entity, _)| entity.name.as_str()).collect();
        let top_entities = entities.iter().take(TOP).enumerate().map(|(i, (entity, n))| Row {
            name: match top_names.iter().filter(|name| **name == entity.name).count() {
                1 => entity.name.clone(),
                _ => format!("{} ({})", entity.name, entity.id),
            },
            kind: entity.entity_type.clone(),
            color: type_number(&entity.entity_type).min(COLORS),
            n: *n,
            percent: percent(*n, most_entities),
            index: i,
        });
        let n_groups = read.groups_in(&options.period)?.len() as u64;
        let entity_numbers: HashMap<EntityKey, usize> =
            entities.iter().enumerate().map(|(i, (entity, _))| (entity.key, i)).collect();
        let pairs: Vec<(usize, usize, u64)> = read
            .cooccurrence(&options.period, 2)?
            .into_iter()
            .filter_map(|pair| Some((*entity_numbers.get(&pair.a)?, *entity_numbers.get(&pair.b)?, pair.groups)))
            .filter(|(a, b, _)| *a < GRAPH_NODES && *b < GRAPH_NODES)
            .take(GRAPH_EDGES)
            .collect();
        let rows = entities
            .iter()
            .map(|(head, n)| {
                let (aliases, attributes) =
                    read.entity(head.key)?.map(|entity| (entity.aliases, entity.attributes)).unwrap_or_default();
                Ok(json!([type_number(&head.entity_type), head.id, head.name, n, aliases, attributes]))
            })
            .collect::<anyhow::Result<Vec<Value>>>()?;
        Ok(Self {
            n_groups,
            n_snippets: options.snippets.unwrap_or(match n_groups {
                ..=2_000 => 20,
                2_001..=10_000 => 6,
                _ => 2,
            }),
            top_topics: top_topics.collect(),
            top_entities: top_entities.collect(),
            topics: topics
                .iter()
                .map(|topic| match topic.topic == topic.label {
                    true => json!([topic.label, topic.groups]),
                    false => json!([topic.label, topic.groups, topic.topic]),
                })
                .collect(),
            entities: Value::Array(rows),
            pairs: json!(pairs),
            n_topics: topics.len(),
            n_entities: entities.len(),
            topic_numbers: topics.into_iter().enumerate().map(|(i, topic)| (topic.topic, i)).collect(),
            entity_numbers,
            types,
            methods: vec![],
            waiting: HashMap::new(),
        })
    }

    fn front(&self, read: Read<'_>, options: &PageOptions) -> anyhow::Result<Front> {
        let o = read.overview(&options.period)?;
        let share = |part: u64, whole: u64| match whole {
            0 => "-".to_owned(),
            _ => format!("{:.0} %", part as f64 * 100.0 / whole as f64),
        };
        let tile = |label: &str, number: String, note: String| [label.to_owned(), number, note];
        let cost = match (o.answers, o.sandbox_answers) {
            (0, 0) => tile("Cost", "-".into(), "nothing was asked yet".into()),
            (0, n) => tile("Cost", "$0".into(), format!("a rehearsal: {} of a sandbox", words::count(n, "answer"))),
            (n, _) => {
                let saved = match o.sync_cost_usd - o.cost_usd {
                    saved if saved > 0.005 => format!("; {} saved by batches", words::dollars(saved)),
                    _ => String::new(),
                };
                tile("Cost", words::dollars(o.cost_usd), format!("{}{saved}", words::count(n, "answer")))
            }
        };
        let tiles = vec![
            tile("Groups", words::number(self.n_groups), words::count(o.stories, "story")),
            tile(
                "Covered",
                share(o.with_topics.min(o.with_entities), o.groups),
                format!(
                    "topics of {}, entities of {} groups",
                    words::number(o.with_topics),
                    words::number(o.with_entities)
                ),
            ),
            tile("Topics", words::number(self.n_topics as u64), "different ones".into()),
            tile(
                "Entities",
                words::number(self.n_entities as u64),
                format!("of {} in the catalog", words::number(o.catalog)),
            ),
            tile(
                "Mentions linked",
                share(o.linked, o.mentions),
                format!("{} of {}", words::number(o.linked), words::count(o.mentions, "mention")),
            ),
            cost,
        ];
        let methods = read.link_methods(&options.period)?.into_iter().map(|row| {
            let what = method_in_words(&row.method).to_owned();
            [row.method, words::number(row.links), format!("{:.1} %", row.score * 100.0), what]
        });
        let mut sources = vec![];
        let mut source = |label: &str, value: String| sources.push([label.to_owned(), value]);
        if !o.models.is_empty() {
            source("Model", o.models.join(", "));
        }
        if let (Some(first), Some(last)) = &o.answered {
            let day = |time: &str| time.get(..10).unwrap_or(time).to_owned();
            let (first, last) = (day(first), day(last));
            source("Answered", if first == last { first } else { format!("{first} to {last}") });
        }
        if o.answers > 0 {
            source("Tokens", format!("{} in, {} out", words::number(o.tokens.0), words::number(o.tokens.1)));
        }
        source("Ambiguous", words::count(o.ambiguous, "mention"));
        source("Not in the catalog", words::count(o.unknown, "mention"));
        Ok(Front {
            title: options.title.clone(),
            made_at: options.now.clone(),
            selection: options.selection.clone(),
            tiles,
            topics: self.top_topics.clone(),
            entities: self.top_entities.clone(),
            timeline: timeline::bars(&read.groups_by_day(&options.period)?),
            methods: methods.collect(),
            sources,
            audits: audits(read)?,
        })
    }

    fn group(
        &mut self,
        read: Read<'_>,
        options: &PageOptions,
        group: &ExportGroup,
        number: u64,
    ) -> anyhow::Result<GroupData> {
        let topics: Vec<usize> =
            group.topics.iter().filter_map(|topic| self.topic_numbers.get(&topic.topic).copied()).collect();
        let stories = read.group(group.head.key)?.map(|row| row.group.stories).unwrap_or_default();
        // Looked up in all stories at once: a mention is found in the first that has it.
        let text = stories.iter().map(|story| story.text.as_str()).collect::<Vec<_>>().join("\n");
        let ends: Vec<usize> = stories
            .iter()
            .scan(0, |end, story| {
                *end += story.text.len() + 1;
                Some(*end)
            })
            .collect();
        let grounding = (self.n_snippets > 0).then(|| Grounding::new(&text));
        let mut mentions = vec![];
        for (i, mention) in group.mentions.iter().enumerate() {
            let place = grounding.as_ref().filter(|_| i < self.n_snippets).and_then(|grounding| {
                let longer = Longer::of(&mention.text, group.mentions.iter().map(|other| other.text.as_str()));
                grounding.find_all(&mention.text).into_iter().find(|place| !longer.hold(&text, place))
            });
            let snippet = place.map(|place| {
                let (before, after) = around(&text, &place);
                let story = ends.partition_point(|end| *end <= place.start);
                json!([before, text[place], after, story])
            });
            mentions.push(self.mention(mention, snippet, number));
        }
        let stories = stories.into_iter().map(|story| match options.with_text {
            true => json!([story.title, story.url, story.published_at, story.text]),
            false => json!([story.title, story.url, story.published_at]),
        });
        Ok(GroupData(
            group.head.id.as_str().to_owned(),
            group.head.title.clone(),
            group.head.at.as_deref().map(|at| at.get(..10).unwrap_or(at).to_owned()),
            topics,
            mentions,
            stories.collect(),
        ))
    }

    fn mention(&mut self, mention: &MentionRow, snippet: Option<Value>, group: u64) -> Value {
        let method = match self.methods.iter().position(|known| *known == mention.method) {
            Some(at) => at,
            None => {
                self.methods.push(mention.method.clone());
                self.methods.len() - 1
            }
        };
        let entity = mention.entity.as_ref().and_then(|entity| self.entity_numbers.get(&entity.key).copied());
        let rounded = |p: f64| (p * 1000.0).round() / 1000.0;
        let (score, confidence) = (rounded(mention.score), rounded(mention.confidence));
        let mut row = match entity {
            Some(entity) => {
                let same = mention.entity.as_ref().is_some_and(|known| known.name == mention.text);
                let text = if same { json!(0) } else { json!(mention.text) };
                vec![
                    json!(entity),
                    text,
                    json!(method),
                    json!(score),
                    json!(u8::from(mention.is_primary)),
                    json!(confidence),
                ]
            }
            None => {
                let kind = self.type_number(&mention.entity_type);
                if mention.method != "decision" {
                    let waiting = self.waiting.entry((kind, mention.text.clone())).or_default();
                    waiting.0 += 1;
                    if waiting.1.len() < EXAMPLES && !waiting.1.contains(&group) {
                        waiting.1.push(group);
                    }
                }
                // A negative number is an unlinked mention of a type.
                let number = -1 - kind as i64;
                vec![
                    json!(number),
                    json!(mention.text),
                    json!(method),
                    json!(score),
                    json!(u8::from(mention.is_primary)),
                    json!(confidence),
                ]
            }
        };
        row.extend(snippet);
        Value::Array(row)
    }

    fn type_number(&mut self, name: &str) -> usize {
        match self.types.iter().position(|known| known == name) {
            Some(at) => at,
            None => {
                self.types.push(name.to_owned());
                self.types.len() - 1
            }
        }
    }

    fn unresolved(&self) -> Vec<Value> {
        let mut rows: Vec<_> = self.waiting.iter().collect();
        rows.sort_by(|a, b| b.1.0.cmp(&a.1.0).then_with(|| a.0.1.cmp(&b.0.1)));
        rows.truncate(UNRESOLVED);
        rows.into_iter().map(|((kind, text), (n, groups))| json!([kind, text, n, groups])).collect()
    }
}

/// A group as the page's script reads it: id, title, day, topics, mentions, stories.
#[derive(Serialize)]
struct GroupData(String, Option<String>, Option<String>, Vec<usize>, Vec<Value>, Vec<Value>);

/// Judgment of people about the result, in words.
fn audits(read: Read<'_>) -> anyhow::Result<Vec<String>> {
    let mut found = vec![];
    for what in [AuditWhat::Links, AuditWhat::Topics] {
        let Some(audit) = read.latest_audit(what)? else { continue };
        let findings = findings(&read.audit_items(audit.id)?);
        found.extend(findings.overall.map(|overall| {
            format!(
                "A person judged {} drawn at random: {} are right.",
                words::count(overall.judged, what.as_str().trim_end_matches('s')),
                overall.in_words()
            )
        }));
    }
    Ok(found)
}

/// Returns some text before and behind a place, cut at blanks, in one line each.
fn around(text: &str, place: &std::ops::Range<usize>) -> (String, String) {
    let mut begin = place.start.saturating_sub(AROUND);
    while !text.is_char_boundary(begin) {
        begin += 1;
    }
    let mut end = (place.end + AROUND).min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    let mut before = &text[begin..place.start];
    if let (true, Some(at)) = (begin > 0, before.find(char::is_whitespace)) {
        before = &before[at..];
    }
    let mut after = &text[place.end..end];
    if let (true, Some(at)) = (end < text.len(), after.rfind(char::is_whitespace)) {
        after = &after[..at];
    }
    // Another story is another sentence.
    let before = before.rsplit('\n').next().unwrap_or(before);
    let after = after.split('\n').next().unwrap_or(after);
    (before.to_owned(), after.to_owned())
}

/// Meaning of a method of linking, for readers who never saw the program.
fn method_in_words(method: &str) -> &'static str {
    match method {
        "exact" => "the name as the catalog has it",
        "alias" => "another name the catalog gives",
        "fuzzy" => "a similar name",
        "initials" => "initials of the name",
        "hint" => "part of the name, and facts that agree",
        "context" => "what else the group names",
        "decision" => "decided by a person",
        "pair" => "both members of a pair",
        _ => "",
    }
}
