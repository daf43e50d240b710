//! Full text over titles, stories, topics and names.
//!
//! The index is the FTS5 table `story_search`, whose rowid is the group's id; the first search makes it. It has a
//! tokenizer that every SQLite has, and what is indexed is folded and cut into words beforehand, so Datasette and
//! sqlite-utils can search it too. `_searched_groups` says which groups it holds as they are now: triggers take a group
//! out when anything of it changes, and the next search reads it again. So load and import pay one look at a key,
//! nothing more. It holds what counts: once there is a real answer, the topics and names of a rehearsal are not in it,
//! unless they were asked for last; the groups that have some are read anew when that changes.

mod facets;
mod snippet;
mod words;

use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use foldhash::fast::RandomState;
use rusqlite::types::Value;
use rusqlite::{OptionalExtension as _, params_from_iter};
use serde::Serialize;

pub use facets::{Facets, ValueCount};

use snippet::Indexed;

use super::explore::{GroupHead, KeySet, Period};
use super::{Read, Tx};
use crate::model::{EntityKey, GroupKey};
use crate::text::{cut_words, fold, indexed};

/// Letters of all scripts without diacritics, English endings taken off. What is no English is hardly touched by it.
const TOKENIZER: &str = "porter unicode61 remove_diacritics 2";

/// The index. Datasette and sqlite-utils look for `content="TABLE"` in this text to find the index of a table; it
/// stands in a comment, since the texts that are indexed are not columns of that table and must be kept here. (An index
/// without contents could not be brought up to date: SQLite before 3.43 removes a row from it only if told what stood
/// there.) The number counts what is indexed: one of an older gleaner is made anew.
const INDEX: &str = "CREATE VIRTUAL TABLE story_search USING fts5 (title, stories, topics, names, \
                     tokenize = 'porter unicode61 remove_diacritics 2' /* content=\"story_groups\" 2 */)";

/// Query of a search.
#[derive(Clone, Debug, Default)]
pub struct SearchQuery {
    /// Query in the language of FTS5; see `query` of the command for how words become it.
    pub words: String,
    /// Only groups that have all these topics.
    pub topics: Vec<String>,
    /// Only groups that name one entity of each of these sets (namesakes).
    pub entities: Vec<Vec<EntityKey>>,
    /// Only groups of this time.
    pub period: Period,
    /// At most so many.
    pub limit: u64,
}

/// A group that was found.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SearchHit {
    /// The group.
    #[serde(flatten)]
    pub group: GroupHead,
    /// Higher is better: BM25, where a word in the title or in a name counts more than one in a text.
    pub score: f64,
    /// Snippet: the words, with each between two marks.
    #[serde(skip)]
    pub snippet: String,
    /// Column of the index that the snippet is from; `None` where there is none.
    pub snippet_of: Option<&'static str>,
}

impl SearchHit {
    fn new(group: GroupHead, score: f64) -> SearchHit {
        SearchHit { group, score, snippet: String::new(), snippet_of: None }
    }
}

/// Stands before a found word in a snippet, and [`MARK_END`] behind it: characters that no text has.
pub const MARK: char = '\u{FDEA}';
/// See [`MARK`].
pub const MARK_END: char = '\u{FDEB}';

/// Groups that a search found.
#[derive(Clone, Debug, Default)]
pub struct SearchResult {
    /// The best of them.
    pub hits: Vec<SearchHit>,
    /// All of them.
    pub groups: KeySet,
}

/// Other names of an entity that are searched; who has more is called by one of these, or as the catalog writes it.
const ALIASES_MAX: u32 = 100;

/// Memory in which SQLite sorts words before it writes a part of the index, while many groups are read: 1 MiB by default,
/// so that a large index is merged over and over.
const HASH_BYTES: i64 = 32 << 20;
const HASH_BYTES_DEFAULT: i64 = 1 << 20;

/// Row of `meta` that says whether the index has the topics and names of rehearsals.
const REHEARSALS: &str = "search_rehearsals";
const LEFT_OUT: &str = "left out";

/// Columns of the index, in their order.
const COLUMNS: [&str; 4] = ["title", "stories", "topics", "names"];
/// Column of the index that holds the stories.
const STORIES: usize = 1;

impl Read<'_> {
    /// Returns whether the full-text index is there, as this program makes it.
    pub fn has_search_index(self) -> anyhow::Result<bool> {
        Ok(self.0.query_row(
            "SELECT EXISTS (SELECT 1 FROM sqlite_schema WHERE name = 'story_search' AND sql = ?1)",
            [INDEX],
            |row| row.get(0),
        )?)
    }

    /// Returns whether the index holds a group that is not there any more.
    pub fn has_removed_groups_in_search(self) -> anyhow::Result<bool> {
        Ok(self.0.query_row(
            "SELECT EXISTS (SELECT 1 FROM story_search_docsize WHERE id NOT IN (SELECT id FROM main.story_groups))",
            [],
            |row| row.get(0),
        )?)
    }

    /// Returns whether the index holds just the groups that there are, as they are now, by their number and the sum of their
    /// ids: some milliseconds, where a look at each of them takes ten times as long.
    pub fn is_searched_whole(self) -> anyhow::Result<bool> {
        let of = |table: &str, id: &str| format!("(SELECT count(*), total({id}) FROM {table})");
        let groups = of("main.story_groups", "id");
        let sql = format!(
            "SELECT {groups} = {} AND {groups} = {}",
            of("_searched_groups", "story_group_id"),
            of("story_search_docsize", "id")
        );
        Ok(self.0.query_row(&sql, [], |row| row.get(0))?)
    }

    /// Returns whether the index has, or lacks, the topics and names of rehearsals as `is_shown` says.
    pub fn has_rehearsals_in_search_as(self, is_shown: bool) -> anyhow::Result<bool> {
        let is_same = (self.meta(REHEARSALS)?.as_deref() != Some(LEFT_OUT)) == is_shown;
        Ok(is_same || self.rehearsed()?.groups == 0)
    }

    /// Returns the groups that the index does not hold as they are now.
    pub fn unsearched_groups(self) -> anyhow::Result<Vec<GroupKey>> {
        let mut statement = self.0.prepare(
            "SELECT id FROM main.story_groups g
             WHERE NOT EXISTS (SELECT 1 FROM _searched_groups s WHERE s.story_group_id = g.id)",
        )?;
        let keys = statement.query_map([], |row| row.get(0))?;
        Ok(keys.collect::<Result<_, _>>()?)
    }

    /// Returns the groups that fit, best first. Without words the newest come first.
    pub fn search(self, query: &SearchQuery) -> anyhow::Result<SearchResult> {
        // Conditions are put together from literals; every value is bound.
        let mut conditions = vec!["1".to_owned()];
        let mut values: Vec<Value> = vec![];
        let has_words = !query.words.is_empty();
        if has_words {
            conditions.push("story_search MATCH ?".to_owned());
            values.push(query.words.clone().into());
        }
        if let Some(since) = &query.period.since {
            conditions.push("g.sort_at >= ?".to_owned());
            values.push(since.clone().into());
        }
        if let Some(before) = &query.period.before {
            conditions.push("g.sort_at < ?".to_owned());
            values.push(before.clone().into());
        }
        if let Some(attributes) = &query.period.attributes {
            conditions.push(
                "EXISTS (SELECT 1 FROM stories s WHERE s.story_group_id = g.id AND attributes_fit(s.attributes, ?))"
                    .to_owned(),
            );
            values.push(attributes.as_json().into());
        }
        let needs_group = !query.period.is_always() || self.has_view_of_groups()?;
        // The plus keeps the full-text index from being asked anew for each of them.
        let id = if has_words { "+story_search.rowid" } else { "g.id" };
        for topic in &query.topics {
            conditions.push(format!("{id} IN (SELECT t.story_group_id FROM story_topics t WHERE t.topic = ?)"));
            values.push(topic.clone().into());
        }
        for namesakes in &query.entities {
            let places = vec!["?"; namesakes.len()].join(", ");
            conditions.push(format!(
                "{id} IN (SELECT m.story_group_id FROM story_entities m WHERE m.entity_id IN ({places}))"
            ));
            values.extend(namesakes.iter().map(|entity| Value::from(entity.0)));
        }
        let conditions = conditions.join(" AND ");
        if !has_words {
            return self.newest(&conditions, values, query.limit);
        }
        // bm25: title, stories, topics, names. A headline and a name say more than a word in passing.
        let groups = if needs_group { "CROSS JOIN story_groups g ON g.id = d.story_group_id" } else { "" };
        let mut statement = self.0.prepare(&format!(
            "SELECT d.story_group_id, -bm25(story_search, 4.0, 1.0, 3.0, 2.0)
             FROM story_search CROSS JOIN _searched_groups d ON d.story_group_id = story_search.rowid {groups}
             WHERE {conditions}"
        ))?;
        let mut rows = statement.query(params_from_iter(values))?;
        let (mut found, mut scored) = (SearchResult::default(), vec![]);
        while let Some(row) = rows.next()? {
            let key: GroupKey = row.get(0)?;
            found.groups.add(key.0);
            scored.push((row.get::<_, f64>(1)?, key));
        }
        found.hits = self.best(scored, usize::try_from(query.limit).unwrap_or(usize::MAX))?;
        self.add_snippets(query, &mut found.hits)?;
        Ok(found)
    }

    /// Returns the newest groups that fulfil conditions, and all of them.
    fn newest(self, conditions: &str, values: Vec<Value>, limit: u64) -> anyhow::Result<SearchResult> {
        let mut statement = self.0.prepare(&format!(
            "SELECT g.id, g.external_id, g.title, g.date FROM story_groups g
             WHERE {conditions} ORDER BY g.sort_at DESC, g.id"
        ))?;
        let mut rows = statement.query(params_from_iter(values))?;
        let mut found = SearchResult::default();
        while let Some(row) = rows.next()? {
            found.groups.add(row.get(0)?);
            if found.groups.len() as u64 <= limit {
                found.hits.push(SearchHit::new(GroupHead::read(row, 0)?, 0.0));
            }
        }
        Ok(found)
    }

    /// Returns the best of groups with their scores, and of equally good ones the newest. Only these are read: a word may
    /// stand in most groups.
    fn best(self, mut scored: Vec<(f64, GroupKey)>, limit: usize) -> anyhow::Result<Vec<SearchHit>> {
        if limit == 0 {
            return Ok(vec![]);
        }
        if scored.len() > limit {
            let (_, &mut (least, _), _) = scored.select_nth_unstable_by(limit - 1, |a, b| b.0.total_cmp(&a.0));
            scored.retain(|(score, _)| *score >= least);
        }
        let mut statement =
            self.0.prepare("SELECT id, external_id, title, date, sort_at FROM story_groups WHERE id = ?1")?;
        let mut hits: Vec<(Option<String>, SearchHit)> = vec![];
        for (score, key) in scored {
            let hit = statement
                .query_row([key], |row| Ok((row.get(4)?, SearchHit::new(GroupHead::read(row, 0)?, score))))
                .optional()?;
            hits.extend(hit);
        }
        hits.sort_by(|(a_at, a), (b_at, b)| {
            b.score.total_cmp(&a.score).then_with(|| b_at.cmp(a_at)).then(a.group.key.cmp(&b.group.key))
        });
        hits.truncate(limit);
        Ok(hits.into_iter().map(|(_, hit)| hit).collect())
    }

    /// Returns whether some groups are left out of all questions.
    fn has_view_of_groups(self) -> anyhow::Result<bool> {
        Ok(self.0.query_row(
            "SELECT EXISTS (SELECT 1 FROM temp.sqlite_schema WHERE type = 'view' AND name = 'story_groups')",
            [],
            |row| row.get(0),
        )?)
    }

    /// Makes the snippets with a small index of the found groups' texts, so that they agree with the search in what is
    /// a word.
    fn add_snippets(self, query: &SearchQuery, found: &mut [SearchHit]) -> anyhow::Result<()> {
        self.0.execute_batch(&format!(
            "DROP TABLE IF EXISTS temp.search_snippets;
             CREATE VIRTUAL TABLE temp.search_snippets USING fts5 (title, stories, topics, names, tokenize = '{TOKENIZER}');"
        ))?;
        {
            let mut insert = self.0.prepare(
                "INSERT INTO temp.search_snippets (rowid, title, stories, topics, names) VALUES (?1, ?2, ?3, ?4, ?5)",
            )?;
            let mut highlighted = self.0.prepare(
                "SELECT highlight(search_snippets, 0, ?3, ?4), highlight(search_snippets, 1, ?3, ?4),
                        highlight(search_snippets, 2, ?3, ?4), highlight(search_snippets, 3, ?3, ?4)
                 FROM temp.search_snippets WHERE search_snippets MATCH ?1 AND rowid = ?2",
            )?;
            for group in found.iter_mut() {
                // Rows that are left out of all questions are left out here.
                let texts = self.searchable(group.group.key, true, &mut CalledNames::default())?;
                let indexed = texts.each_ref().map(|text| Indexed::new(text));
                let [title, stories, topics, names] = indexed.each_ref().map(|text| text.text.as_str());
                insert.execute((group.group.key, title, stories, topics, names))?;
                let mut rows =
                    highlighted.query((&query.words, group.group.key, MARK.to_string(), MARK_END.to_string()))?;
                let Some(row) = rows.next()? else { continue };
                // The stories come first; if they have none of the words, the first other column that has some.
                for column in [STORIES, 0, 2, 3] {
                    let marked: String = row.get(column)?;
                    if let Some(snippet) = indexed[column].snippet(&marked, &texts[column]) {
                        (group.snippet, group.snippet_of) = (snippet, Some(COLUMNS[column]));
                        break;
                    }
                }
            }
        }
        self.0.execute_batch("DROP TABLE temp.search_snippets")?;
        Ok(())
    }

    /// Returns what is searched of a group: title, stories with their titles, topics, names.
    fn searchable(self, key: GroupKey, with_rehearsals: bool, called: &mut CalledNames) -> anyhow::Result<[String; 4]> {
        let text = |sql: &str| -> anyhow::Result<String> {
            let mut all = String::new();
            self.each_text(sql, key, |part| add_line(&mut all, part))?;
            Ok(all)
        };
        // A name that stands there several times is no more of a name.
        let (mut names, mut known) = (String::new(), HashSet::<String, RandomState>::default());
        let mut add = |name: &str| {
            if !known.contains(name) {
                known.insert(name.to_owned());
                add_line(&mut names, name);
            }
        };
        let mut statement = self.0.prepare_cached(match with_rehearsals {
            true => "SELECT mention_text, entity_id FROM story_entities WHERE story_group_id = ?1 ORDER BY ordinal",
            false => {
                "SELECT mention_text, entity_id FROM story_entities WHERE story_group_id = ?1 AND sandbox = 0 ORDER BY ordinal"
            }
        })?;
        let mut rows = statement.query([key])?;
        let mut aliases = vec![];
        while let Some(row) = rows.next()? {
            if let Ok(mention) = row.get_ref(0)?.as_str() {
                add(mention);
            }
            if let Some(entity) = row.get(1)? {
                let all = called.names_of(self, entity)?;
                all.name.iter().for_each(|name| add(name));
                aliases.push(all);
            }
        }
        aliases.iter().flat_map(|all| &all.aliases).for_each(|alias| add(alias));
        Ok([
            text("SELECT title FROM story_groups WHERE id = ?1")?,
            text("SELECT title, text FROM stories WHERE story_group_id = ?1 ORDER BY ordinal")?,
            text(match with_rehearsals {
                true => "SELECT label, merged_from FROM story_topics WHERE story_group_id = ?1 ORDER BY rank",
                false => {
                    "SELECT label, merged_from FROM story_topics WHERE story_group_id = ?1 AND sandbox = 0 ORDER BY rank"
                }
            })?,
            names,
        ])
    }

    /// Gives the texts of a query's rows. What other programs wrote there instead of text is none.
    fn each_text(self, sql: &str, key: impl rusqlite::ToSql, mut visit: impl FnMut(&str)) -> anyhow::Result<()> {
        let mut statement = self.0.prepare_cached(sql)?;
        let mut rows = statement.query([key])?;
        while let Some(row) = rows.next()? {
            for i in 0..row.as_ref().column_count() {
                if let Ok(Some(part)) = row.get_ref(i)?.as_str_or_null() {
                    visit(part);
                }
            }
        }
        Ok(())
    }
}

/// Names of entities that were looked up in a transaction: the same are named in many groups.
#[derive(Debug, Default)]
pub struct CalledNames {
    known: HashMap<EntityKey, Rc<Called>, RandomState>,
    n_bytes: usize,
}

#[derive(Debug)]
struct Called {
    /// `None`: the entity is not there any more.
    name: Option<String>,
    aliases: Vec<String>,
}

impl CalledNames {
    /// Of a large catalog those that were looked up last.
    const BYTES_MAX: usize = 8 << 20;

    fn names_of(&mut self, read: Read<'_>, entity: EntityKey) -> anyhow::Result<Rc<Called>> {
        if let Some(known) = self.known.get(&entity) {
            return Ok(Rc::clone(known));
        }
        let mut name = read.0.prepare_cached("SELECT name FROM entities WHERE id = ?1")?;
        let name: Option<String> = name.query_row([entity], |row| row.get(0)).optional()?;
        let called = Rc::new(Called { name, aliases: read.some_names(entity, ALIASES_MAX)? });
        if self.n_bytes > Self::BYTES_MAX {
            *self = Self::default();
        }
        let n_bytes_of = |name: &String| name.len() + size_of::<String>();
        self.n_bytes += 100 + called.name.iter().chain(&called.aliases).map(n_bytes_of).sum::<usize>();
        self.known.insert(entity, Rc::clone(&called));
        Ok(called)
    }
}

fn add_line(all: &mut String, part: &str) {
    if !all.is_empty() {
        all.push('\n');
    }
    all.push_str(part);
}

impl Tx<'_> {
    /// Makes the full-text index, empty. What was there is dropped.
    pub fn make_search_index(&self) -> anyhow::Result<()> {
        self.execute_batch(&format!("DROP TABLE IF EXISTS story_search; {INDEX}; DELETE FROM _searched_groups;"))?;
        Ok(())
    }

    /// Has the groups that a sandbox was asked about read anew, with what it answered or without it.
    pub fn set_rehearsals_in_search(&self, is_shown: bool) -> anyhow::Result<()> {
        self.execute(
            "DELETE FROM _searched_groups WHERE story_group_id IN
                 (SELECT c.story_group_id FROM current_answers c JOIN requests r ON r.id = c.request_id WHERE r.sandbox = 1)",
            [],
        )?;
        self.set_meta(REHEARSALS, if is_shown { "shown" } else { LEFT_OUT })
    }

    /// Takes groups that are not there any more out of the full-text index.
    pub fn unindex_removed_groups(&self) -> anyhow::Result<()> {
        self.execute(
            "DELETE FROM story_search WHERE rowid IN
                 (SELECT id FROM story_search_docsize WHERE id NOT IN (SELECT id FROM story_groups))",
            [],
        )?;
        Ok(())
    }

    /// Lets SQLite sort many words in memory before it writes them, or as many as by default.
    pub fn read_many_groups(&self, many: bool) -> anyhow::Result<()> {
        let bytes = if many { HASH_BYTES } else { HASH_BYTES_DEFAULT };
        self.execute("INSERT INTO story_search (story_search, rank) VALUES ('hashsize', ?1)", [bytes])?;
        Ok(())
    }

    /// Reads a group into the full-text index, in place of what it held of it.
    pub fn index_group(&self, key: GroupKey, with_rehearsals: bool, called: &mut CalledNames) -> anyhow::Result<()> {
        let [title, stories, topics, names] = self.read().searchable(key, with_rehearsals, called)?;
        self.prepare_cached("DELETE FROM story_search WHERE rowid = ?1")?.execute([key])?;
        self.prepare_cached(
            "INSERT INTO story_search (rowid, title, stories, topics, names) VALUES (?1, ?2, ?3, ?4, ?5)",
        )?
        .execute((key, indexed(&title), indexed(&stories), indexed(&topics), indexed(&names)))?;
        // A table of its own order takes the same group twice as one.
        self.prepare_cached(
            "INSERT INTO _searched_groups (story_group_id) VALUES (?1) ON CONFLICT (story_group_id) DO NOTHING",
        )?
        .execute([key])?;
        Ok(())
    }
}

/// Returns words as the index holds them; what is searched for goes through this too.
pub fn search_words(text: &str) -> String {
    cut_words(&fold(text), ' ')
}
