//! Columns and fields by their names: which one is the text, the title, the date.
//!
//! Names are known by themselves, in any case and with any separators (`pub_date`, `Pub Date`, `pubDate`), or were
//! typed (`--map`). Where a record has several that could be one thing, the first of the table below wins that has
//! something in it; the others stay what they are, attributes.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde_json::Value;

use super::roles::Role::{self, *};
use super::roles::{ATTRIBUTE, plain, role_of, table};
use super::{Fields, Mapping, Subject};

/// Objects around the fields of a record: `{"_source":{"text":…}}`.
const WRAPPERS: [&str; 6] = ["source", "fields", "data", "article", "document", "doc"];

/// Depth to which objects in a record are taken apart; what lies deeper stays JSON.
const DEPTH_MAX: usize = 3;

/// Returns whether an object with these fields is a story group or an entity itself, and no envelope of some.
pub(super) fn is_record<'a>(names: impl Iterator<Item = &'a str>) -> bool {
    let plain: BTreeSet<String> = names.map(plain).collect();
    let has = |role: Role| {
        [Subject::Groups, Subject::Entities]
            .into_iter()
            .flat_map(table)
            .any(|(own, names)| *own == role && names.iter().any(|name| plain.contains(*name)))
    };
    let is_list = plain.contains("stories") || plain.contains("article");
    has(Id) && (is_list || has(Text) || has(Name) || has(Title)) || (has(Text) && !is_list)
}

/// A record's fields, by what they were taken for.
#[derive(Default)]
pub(super) struct Sorted {
    roles: Vec<(Role, Value)>,
    /// True where a name is known, also of an empty field.
    is_known: bool,
    /// Fields that are nothing in particular, by their names, or by those that `--map` gave them.
    pub(super) rest: Vec<(String, Value)>,
}

impl Sorted {
    pub(super) fn take(&mut self, role: Role) -> Option<Value> {
        let place = self.roles.iter().position(|(own, _)| *own == role)?;
        Some(self.roles.swap_remove(place).1)
    }

    pub(super) fn get(&self, role: Role) -> Option<&Value> {
        self.roles.iter().find(|(own, _)| *own == role).map(|(_, value)| value)
    }

    pub(super) fn is_unknown(&self) -> bool {
        !self.is_known
    }
}

/// Finding about one name.
#[derive(Clone)]
enum Known {
    /// A role, and its place among the names of the role; 0 was typed.
    Role(Role, usize),
    /// An attribute that `--map` names.
    Attribute(String),
    Nothing,
}

/// The names of one file's fields, as far as it was read.
pub(super) struct Columns {
    subject: Subject,
    mapping: Mapping,
    known: HashMap<String, Known, foldhash::fast::RandomState>,
    /// Of a table: the only column that may have a role, since it bears its name.
    fixed: BTreeMap<Role, String>,
    taken: BTreeMap<Role, BTreeMap<String, u64>>,
    passed_over: BTreeMap<Role, BTreeSet<String>>,
}

impl Columns {
    pub(super) fn new(subject: Subject, mapping: Mapping) -> Self {
        let (taken, passed_over) = (BTreeMap::new(), BTreeMap::new());
        Self { subject, mapping, known: HashMap::default(), fixed: BTreeMap::new(), taken, passed_over }
    }

    /// Takes note of all columns of a table. Where one bears the very name of a role, no other has it in any row: a row
    /// without `aliases` has none, whatever is in its `synonyms`.
    pub(super) fn fix(&mut self, columns: &[String]) {
        for column in columns {
            if let Known::Role(role, 0 | 1) = *self.known(column) {
                self.fixed.entry(role).or_insert_with(|| column.clone());
            }
        }
    }

    /// Returns the column of a table, or the field of the records so far, that a role is taken from.
    pub(super) fn column_of(&self, role: Role) -> Option<&str> {
        let most = self.taken.get(&role).and_then(|names| names.iter().max_by_key(|(_, n)| **n));
        most.map(|(name, _)| name.as_str())
    }

    /// Finds out what the fields of a record are.
    pub(super) fn sort(&mut self, fields: Fields) -> Sorted {
        let mut flat = vec![];
        self.flatten(None, fields, 0, &mut flat);
        let all_known: Vec<Known> = flat.iter().map(|(name, _)| self.known(name).clone()).collect();
        let is_known = all_known.iter().any(|known| matches!(known, Known::Role(..)));
        let mut best: Vec<(Role, usize, usize)> = vec![];
        for (index, ((name, value), known)) in flat.iter().zip(&all_known).enumerate() {
            let Known::Role(role, rank) = *known else { continue };
            let is_empty_id = role == Id && value.is_string();
            if (is_blank(value) && !is_empty_id) || self.fixed.get(&role).is_some_and(|fixed| fixed != name) {
                continue;
            }
            match best.iter_mut().find(|(own, ..)| *own == role) {
                Some(found) if found.1 > rank && !is_blank(value) => *found = (role, rank, index),
                Some(found) if is_blank(&flat[found.2].1) && !is_blank(value) => *found = (role, rank, index),
                Some(_) => {}
                None => best.push((role, rank, index)),
            }
        }
        let mut sorted = Sorted { is_known, ..Sorted::default() };
        for (index, ((name, value), known)) in flat.into_iter().zip(all_known).enumerate() {
            match known {
                Known::Role(role, _) if best.iter().any(|(own, _, at)| *own == role && *at == index) => {
                    *self.taken.entry(role).or_default().entry(name).or_default() += 1;
                    sorted.roles.push((role, value));
                }
                Known::Role(role, rank) => {
                    if rank > 0 && !is_blank(&value) {
                        self.passed_over.entry(role).or_default().insert(name.clone());
                    }
                    sorted.rest.push((name, value));
                }
                Known::Attribute(own) => sorted.rest.push((own, value)),
                Known::Nothing => sorted.rest.push((name, value)),
            }
        }
        sorted
    }

    /// Puts the fields of inner objects beside the outer ones, as `outer.inner`.
    fn flatten(&mut self, outer: Option<&str>, fields: Fields, depth: usize, into: &mut Vec<(String, Value)>) {
        for (name, value) in fields {
            let name = match outer {
                Some(outer) => format!("{outer}.{name}"),
                None => name,
            };
            match value {
                // A value of a Wikidata result.
                Value::Object(mut inner)
                    if inner.contains_key("value")
                        && inner.contains_key("type")
                        && !matches!(self.known(&name), Known::Role(Attributes, _)) =>
                {
                    into.push((name, inner.remove("value").unwrap_or_default()));
                }
                Value::Object(inner)
                    if depth < DEPTH_MAX
                        && matches!(self.known(&name), Known::Nothing | Known::Role(Text | Published | Title, _)) =>
                {
                    self.flatten(Some(&name), inner, depth + 1, into);
                }
                value => into.push((name, value)),
            }
        }
    }

    fn known(&mut self, name: &str) -> &Known {
        if !self.known.contains_key(name) {
            let known = self.find(name);
            // A file whose records all have other names must not fill the memory.
            if self.known.len() > super::readers::COLUMNS_MAX {
                self.known.clear();
            }
            self.known.insert(name.to_owned(), known);
        }
        &self.known[name]
    }

    fn find(&self, name: &str) -> Known {
        let named =
            |(_, column): &&(String, String)| column == name || plain(column) == plain(name) && !plain(name).is_empty();
        // An exact name before one that is alike.
        let typed = self.mapping.columns.iter().find(|(_, column)| column == name);
        if let Some((target, _)) = typed.or_else(|| self.mapping.columns.iter().find(named)) {
            return match role_of(target, self.subject) {
                Some(role) => Known::Role(role, 0),
                None => Known::Attribute(target.strip_prefix(ATTRIBUTE).unwrap_or(target).to_owned()),
            };
        }
        let name = plain_within(name);
        let mut names = table(self.subject).iter();
        let found = names.find_map(|(role, names)| Some((*role, names.iter().position(|own| *own == name)?)));
        match found {
            // A name typed for a role, or typed to be nothing, leaves the known names what they are.
            Some((role, _)) if self.is_typed(role) => Known::Nothing,
            Some((role, place)) => Known::Role(role, place + 1),
            None => Known::Nothing,
        }
    }

    fn is_typed(&self, role: Role) -> bool {
        self.mapping.columns.iter().any(|(target, _)| role_of(target, self.subject) == Some(role))
    }

    /// Says in one line what was taken for what, where that is not what our own files call it.
    pub(super) fn mapping_used(&self, id_rule: Option<&str>) -> Option<String> {
        let mut parts = vec![];
        for (role, names) in &self.taken {
            let Some((most, _)) = names.iter().max_by_key(|(_, n)| **n) else { continue };
            let others: Vec<&str> = names
                .keys()
                .chain(self.passed_over.get(role).into_iter().flatten())
                .filter(|name| *name != most)
                .map(String::as_str)
                .collect::<BTreeSet<_>>()
                .into_iter()
                .collect();
            if (role.is_own_name(most) && others.is_empty()) || (*role == Id && id_rule.is_some()) {
                continue;
            }
            let not = if others.is_empty() { String::new() } else { format!(" (not `{}`)", others.join("`, `")) };
            parts.push(format!("{} from `{most}`{not}", role.word()));
        }
        parts.extend(id_rule.map(|rule| format!("id from {rule}")));
        (!parts.is_empty()).then(|| parts.join(", "))
    }
}

/// A name without separators, and without the object around it that only wraps.
fn plain_within(name: &str) -> String {
    match name.rsplit_once('.') {
        Some((outer, inner))
            if outer.split('.').all(|part| WRAPPERS.contains(&plain(part).as_str())) && outer != "source" =>
        {
            plain(inner)
        }
        _ => plain(name),
    }
}

/// True where nothing stands in a field.
pub(super) fn is_blank(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.trim().is_empty(),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn check(map: &[(&str, &str)], record: Value, expected: &[(Role, &str)], rest: &[&str]) {
        let columns = map.iter().map(|(target, column)| ((*target).to_owned(), (*column).to_owned())).collect();
        let mut names = Columns::new(Subject::Groups, Mapping { columns, ..Mapping::default() });
        let Value::Object(fields) = record else { panic!("a record is an object") };
        let mut sorted = names.sort(fields);
        for (role, value) in expected {
            assert_eq!(sorted.take(*role), Some(json!(value)), "{role:?}");
        }
        assert!(sorted.roles.is_empty(), "more was taken");
        assert_eq!(sorted.rest.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(), rest);
    }

    #[test]
    fn names_are_known_in_any_spelling() {
        check(
            &[],
            json!({"Headline": "h", "BODY": "b", "Pub Date": "d", "pub-url": "u", "link": "l"}),
            &[(Title, "h"), (Text, "b"), (Published, "d"), (Url, "l")],
            &["pub-url"],
        );
        check(&[], json!({"content": "c", "body": "b", "text": " "}), &[(Text, "b")], &["content", "text"]);
        check(
            &[],
            json!({"publishedAt": "p", "date": "d", "created_at": "c"}),
            &[(Published, "p"), (Created, "c")],
            &["date"],
        );
        check(&[], json!({"guid": "g", "group_id": "i"}), &[(Id, "g")], &["group_id"]);
    }

    #[test]
    fn what_was_typed_wins() {
        check(&[("text", "Volltext")], json!({"Volltext": "v", "text": "t"}), &[(Text, "v")], &["text"]);
        check(&[("section", "Ressort")], json!({"Ressort": "r", "text": "t"}), &[(Text, "t")], &["section"]);
        check(&[("status", "")], json!({"status": "published", "text": "t"}), &[(Text, "t")], &["status"]);
    }

    #[test]
    fn objects_are_taken_apart() {
        check(
            &[],
            json!({"source": {"id": "bbc", "name": "BBC"}, "fields": {"bodyText": "b"}, "webTitle": "t"}),
            &[(Text, "b"), (Title, "t")],
            &["source.id", "source.name"],
        );
        check(
            &[],
            json!({"_source": {"text": "t", "x": {"y": 1}}, "_id": "i"}),
            &[(Text, "t"), (Id, "i")],
            &["_source.x.y"],
        );
        check(&[("text", "a.b")], json!({"a": {"b": "t"}}), &[(Text, "t")], &[]);
    }

    #[test]
    fn a_record_is_told_from_an_envelope() {
        for (names, expected) in [
            (&["id", "stories"][..], true),
            (&["id", "title", "text"], true),
            (&["text"], true),
            (&["id", "type", "name", "aliases"], true),
            (&["stories"], false),
            (&["status", "totalResults", "articles"], false),
            (&["head", "results"], false),
            (&["article"], false),
        ] {
            assert_eq!(is_record(names.iter().copied()), expected, "{names:?}");
        }
    }
}
