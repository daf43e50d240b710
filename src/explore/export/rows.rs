//! Rows of tables: their columns, which are the keys of JSON too, and what stands in them.

use std::collections::BTreeMap;

use serde_json::{Map, Value as Json, json};

use super::{ATTRIBUTE, Export, What, attribute_of};
use crate::model::{GroupKey, Kind};
use crate::store::Read;
use crate::store::explore::{AnswerHead, EntityHead, ExportGroup, MentionRow, StoryHead};

/// Shape of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// An object, whose values may be objects.
    Lines,
    /// Cells.
    Table,
}

/// Stands between the parts of a cell.
const BETWEEN: &str = " | ";

/// Column that is an object in JSON, and a column for each of its fields in a table.
const ATTRIBUTES: &str = "attributes";

const GROUPS: &[&str] = &[
    "group_id",
    "title",
    "created_at",
    "status",
    "stories",
    "story_titles",
    "story_urls",
    "story_dates",
    "topics",
    "entities",
    "topic_model",
    "topic_batch_id",
    "topic_answered_at",
    "entity_model",
    "entity_batch_id",
    "entity_answered_at",
    "sandbox",
];

const STORIES: &[&str] = &[
    "group_id",
    "group_title",
    "group_created_at",
    "status",
    "story",
    "title",
    "url",
    "published_at",
    "text",
    ATTRIBUTES,
];

const TOPICS: &[&str] = &[
    "group_id",
    "group_title",
    "group_created_at",
    "topic",
    "label",
    "merged_from",
    "confidence",
    "rank",
    "model",
    "batch_id",
    "answered_at",
    "sandbox",
    "story_titles",
    "story_urls",
    "story_dates",
];

const ENTITIES: &[&str] = &["entity_id", "type", "name", "aliases", ATTRIBUTES, "groups", "first_at", "last_at"];

const LINKS: &[&str] = &[
    "group_id",
    "group_title",
    "group_created_at",
    "entity_type",
    "mention",
    "hints",
    "outcome",
    "entity_id",
    "catalog_type",
    "entity_name",
    "method",
    "score",
    "confidence",
    "is_primary",
    "rank",
    "grounding",
    "story",
    "story_title",
    "story_url",
    "published_at",
    "model",
    "batch_id",
    "answered_at",
    "sandbox",
    "story_titles",
    "story_urls",
    "story_dates",
];

const COOCCURRENCE: &[&str] = &[
    "a_id",
    "a_type",
    "a_name",
    "b_id",
    "b_type",
    "b_name",
    "groups",
    "first_at",
    "last_at",
    "newest_group_id",
    "newest_group_title",
];

/// Returns the columns of a table, or the keys of an object.
pub(super) fn heads(read: Read<'_>, what: What, form: Form) -> anyhow::Result<Vec<String>> {
    let fixed = match what {
        What::Groups => GROUPS,
        What::Stories => STORIES,
        What::Topics => TOPICS,
        What::Entities => ENTITIES,
        What::Links => LINKS,
        What::Cooccurrence => COOCCURRENCE,
        What::Catalog => &super::catalog::CATALOG,
    };
    let mut heads: Vec<String> = fixed.iter().map(|head| (*head).to_owned()).collect();
    if what == What::Stories && form == Form::Table {
        heads.pop();
        let own =
            |name: &String| if fixed.contains(&name.as_str()) { format!("{ATTRIBUTE}{name}") } else { name.clone() };
        heads.extend(read.attribute_names(u32::MAX)?.iter().map(own));
    }
    Ok(heads)
}

/// Gives every row: its values in the order of `heads`.
pub(super) fn each(
    read: Read<'_>,
    what: What,
    export: &Export,
    heads: &[String],
    mut row: impl FnMut(Vec<Json>) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let period = &export.period;
    match what {
        What::Groups => read.each_known_group(period, |group| {
            let sources = Sources::of(read, group.head.key)?;
            row(group_row(&group, &sources))
        }),
        What::Stories => read.each_known_group(period, |group| {
            let Some(whole) = read.group(group.head.key)? else { return Ok(()) };
            whole.group.stories.iter().enumerate().try_for_each(|(i, story)| {
                let mut values = head_of(&group);
                values.extend([
                    json!(group.status),
                    json!(i + 1),
                    json!(whole.group.title_of(story)),
                    json!(story.url),
                    json!(story.published_at),
                    if export.with_text { json!(story.text) } else { Json::Null },
                ]);
                let attributes = json!(story.attributes);
                let columns = &heads[values.len()..];
                if columns.first().is_some_and(|head| head == ATTRIBUTES) {
                    values.push(attributes);
                } else {
                    values.extend(columns.iter().map(|head| attributes[attribute_of(head)].clone()));
                }
                row(values)
            })
        }),
        What::Topics => read.each_known_group(period, |group| {
            let sources = Sources::of(read, group.head.key)?;
            group.topics.iter().try_for_each(|t| {
                let mut values = head_of(&group);
                values.extend([
                    json!(t.topic),
                    json!(t.label),
                    json!(t.merged_from),
                    json!(t.confidence),
                    json!(t.rank),
                ]);
                values.extend(sources.answer(Kind::Topic));
                values.extend(sources.stories());
                row(values)
            })
        }),
        What::Links => read.each_known_group(period, |group| {
            let sources = Sources::of(read, group.head.key)?;
            group.mentions.iter().try_for_each(|mention| {
                let mut values = head_of(&group);
                values.extend(link(mention));
                values.extend(sources.story(mention));
                values.extend(sources.answer(Kind::Entity));
                values.extend(sources.stories());
                row(values)
            })
        }),
        What::Entities => read.each_linked_entity(period, |head, groups| {
            let Some(entity) = read.entity(head.key)? else { return Ok(()) };
            let dates = read.dates_of_entity(head.key, period, None)?;
            row(vec![
                json!(head.id),
                json!(head.entity_type),
                json!(head.name),
                json!(entity.aliases),
                json!(entity.attributes),
                json!(groups),
                json!(dates.first().map(|(day, _)| day)),
                json!(dates.last().map(|(day, _)| day)),
            ])
        }),
        What::Cooccurrence => {
            let mut heads: BTreeMap<GroupKey, [Json; 3]> = BTreeMap::new();
            for pair in read.cooccurrence(period, export.min_groups)? {
                let (Some(a), Some(b)) = (read.entity_head(pair.a)?, read.entity_head(pair.b)?) else { continue };
                let of = |e: EntityHead| [json!(e.id), json!(e.entity_type), json!(e.name)];
                let mut head = |key: GroupKey| -> anyhow::Result<[Json; 3]> {
                    if let Some(head) = heads.get(&key) {
                        return Ok(head.clone());
                    }
                    let head = read.group_head(key)?.map(|head| [json!(head.at), json!(head.id), json!(head.title)]);
                    let head = head.unwrap_or_default();
                    heads.insert(key, head.clone());
                    Ok(head)
                };
                let [first_at, ..] = pair.first.map(&mut head).transpose()?.unwrap_or_default();
                let [last_at, id, title] = head(pair.newest)?;
                row(of(a)
                    .into_iter()
                    .chain(of(b))
                    .chain([json!(pair.groups), first_at, last_at, id, title])
                    .collect())?;
            }
            Ok(())
        }
        What::Catalog => Ok(()),
    }
}

/// Sources of what is known of a group.
pub(super) struct Sources {
    stories: Vec<StoryHead>,
    answers: Vec<AnswerHead>,
}

impl Sources {
    pub(super) fn of(read: Read<'_>, group: GroupKey) -> anyhow::Result<Self> {
        Ok(Self { stories: read.story_heads(group)?, answers: read.answers_of(group)? })
    }

    fn stories(&self) -> [Json; 3] {
        lists(&self.stories)
    }

    /// Number, title, address and date of the story in which a mention stands; nothing where that is not known, unless
    /// the group has one story only.
    pub(super) fn story(&self, mention: &MentionRow) -> [Json; 4] {
        let number = mention.place.as_ref().and_then(|place| place.story);
        let story = match (number, self.stories.as_slice()) {
            (None, [only]) => Some(only),
            (None, _) => None,
            (Some(number), stories) => stories.iter().find(|story| story.story == number),
        };
        match story {
            Some(s) => [json!(s.story), json!(s.title), json!(s.url), json!(s.published_at)],
            None => Default::default(),
        }
    }

    /// Model, batch and time of the answer, and whether a sandbox gave it.
    pub(super) fn answer(&self, kind: Kind) -> [Json; 4] {
        match self.answers.iter().find(|answer| answer.kind == kind) {
            Some(a) => [json!(a.model), json!(a.batch_id), json!(a.answered_at), json!(a.sandbox)],
            None => Default::default(),
        }
    }
}

/// Titles, addresses and dates of stories, each in their order.
pub(super) fn lists(stories: &[StoryHead]) -> [Json; 3] {
    let of = |field: fn(&StoryHead) -> &Option<String>| stories.iter().map(field).collect::<Vec<_>>();
    [json!(of(|story| &story.title)), json!(of(|story| &story.url)), json!(of(|story| &story.published_at))]
}

/// Group of a row that is about something in it.
fn head_of(group: &ExportGroup) -> Vec<Json> {
    vec![json!(group.head.id), json!(group.head.title), json!(group.head.at)]
}

fn group_row(group: &ExportGroup, sources: &Sources) -> Vec<Json> {
    let ExportGroup { head, status, topics, mentions } = group;
    let mut values = vec![json!(head.id), json!(head.title), json!(head.at), json!(status)];
    values.push(json!(sources.stories.len()));
    values.extend(sources.stories());
    values.extend([json!(topics), json!(mentions)]);
    let [(topic, topic_is), (entity, entity_is)] = [Kind::Topic, Kind::Entity].map(|kind| {
        let [model, batch_id, answered_at, sandbox] = sources.answer(kind);
        ([model, batch_id, answered_at], sandbox)
    });
    values.extend(topic.into_iter().chain(entity));
    values.push(json!(topic_is == json!(true) || entity_is == json!(true)));
    values
}

fn link(mention: &MentionRow) -> [Json; 13] {
    let entity = mention.entity.as_ref();
    [
        json!(mention.entity_type),
        json!(mention.text),
        if mention.hints.is_empty() { Json::Null } else { json!(mention.hints) },
        json!(mention.outcome),
        json!(entity.map(|e| &e.id)),
        json!(entity.map(|e| &e.entity_type)),
        json!(entity.map(|e| &e.name)),
        json!(mention.method),
        json!(mention.score),
        json!(mention.confidence),
        json!(mention.is_primary),
        json!(mention.rank),
        json!(mention.grounding),
    ]
}

/// Returns a list or an object as the text of one cell.
pub(super) fn in_a_cell(value: &Json) -> String {
    match value {
        Json::Array(items) => items.iter().map(name_of).collect::<Vec<_>>().join(BETWEEN),
        Json::Object(fields) => in_words(fields),
        other => other.to_string(),
    }
}

/// Facts by their names: `country: India, year: 2025`.
fn in_words(fields: &Map<String, Json>) -> String {
    let facts = fields.iter().map(|(name, value)| format!("{name}: {}", name_of(value)));
    facts.collect::<Vec<_>>().join(", ")
}

fn name_of(item: &Json) -> String {
    match item {
        Json::Null => String::new(),
        Json::String(text) => text.clone(),
        item => ["/entity/name", "/mention", "/label"]
            .iter()
            .find_map(|at| item.pointer(at)?.as_str().map(str::to_owned))
            .unwrap_or_else(|| item.to_string()),
    }
}
