//! A look at a file before anything of it is loaded: which columns it has, and whether there is what must be there.
//!
//! It ends with the first records where they show everything; only a file that seems to lack something is read whole,
//! so that all that is missing can be said at once.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use anyhow::{Result, anyhow};
use serde_json::Value;

use super::columns::{Columns, is_blank};
use super::input::{Input, silent};
use super::message::kind_of;
use super::record::exported;
use super::roles::{self, Role, foreign_role, plain};
use super::{Options, Subject, wikidata};
use crate::error::{Exit, Explain as _};
use crate::interrupt;
use crate::text::{nearest, words};

/// Records that are looked at in any case.
const SAMPLE: u64 = 200;

/// Columns that name what several stories are about; such a one is offered for `--group-by`.
const GROUPING: [&str; 8] = ["cluster", "cluster_id", "event", "event_id", "story_id", "group_id", "group", "topic_id"];

/// Result of a look at a file.
pub(super) struct Survey {
    pub(super) n_records: u64,
    pub(super) n_bad: u64,
    /// The columns, in the order in which they stand or appear.
    pub(super) columns: Vec<String>,
    /// True where the file names its columns apart from its records.
    pub(super) is_table: bool,
    pub(super) is_wikidata: bool,
    /// A column by which rows could be grouped.
    pub(super) grouping: Option<String>,
    /// Table of `export` that it is.
    pub(super) exported: Option<exported::Table>,
    roles: BTreeMap<Role, String>,
    has_text: bool,
    stats: HashMap<String, Stats>,
}

#[derive(Default)]
struct Stats {
    n: u64,
    n_chars: u64,
    values: HashSet<String>,
}

impl Survey {
    /// Looks at a file, at all of it where something seems to be missing.
    pub(super) fn of(input: &Input, options: &Options) -> Result<Survey> {
        let source = input.records(options, &silent())?;
        let mut survey = Survey {
            n_records: 0,
            n_bad: 0,
            is_table: !source.columns.is_empty(),
            columns: source.columns,
            is_wikidata: false,
            grouping: None,
            exported: None,
            roles: BTreeMap::new(),
            has_text: false,
            stats: HashMap::new(),
        };
        let mut columns = Columns::new(options.subject, options.mapping.clone());
        columns.fix(&survey.columns);
        let mut known: HashSet<String> = survey.columns.iter().cloned().collect();
        for record in source.records {
            interrupt::check()?;
            let Ok((_, mut fields)) = record else {
                survey.n_bad += 1;
                continue;
            };
            // A record that is refused is said later, with its line.
            if exported::without_learned(&mut fields).is_err() {
                survey.n_bad += 1;
                continue;
            }
            survey.n_records += 1;
            survey.is_wikidata |= options.subject == Subject::Entities && wikidata::is_row(&fields);
            for (name, value) in &fields {
                if known.len() < super::readers::COLUMNS_MAX && known.insert(name.clone()) {
                    survey.columns.push(name.clone());
                }
                survey.count(name, value);
            }
            let mut sorted = columns.sort(fields);
            for role in [Role::Id, Role::Url, Role::Text, Role::Name, Role::Type, Role::Stories] {
                if sorted.get(role).is_some_and(|value| !is_blank(value)) {
                    let name = columns.column_of(role).unwrap_or_default();
                    survey.roles.entry(role).or_insert_with(|| name.to_owned());
                }
            }
            if options.subject == Subject::Groups && !survey.has_text {
                survey.has_text =
                    sorted.get(Role::Text).is_some() || stories_have_text(sorted.take(Role::Stories), &mut columns);
            }
            if survey.n_records >= SAMPLE && survey.missing(options).is_empty() {
                break;
            }
        }
        survey.grouping = survey.find_grouping();
        survey.exported = exported::Table::of(&survey.columns).filter(|_| options.subject == Subject::Groups);
        Ok(survey)
    }

    fn count(&mut self, name: &str, value: &Value) {
        let n_chars = match value {
            Value::String(text) => text.chars().count() as u64,
            _ => 0,
        };
        if let Value::Object(fields) = value {
            // One level deep, as far as a column can be named on the command line.
            for (inner, value) in fields.iter().take(100) {
                self.count(&format!("{name}.{inner}"), value);
            }
        }
        let stats = self.stats.entry(name.to_owned()).or_default();
        if !is_blank(value) {
            stats.n += 1;
            stats.n_chars += n_chars;
            if stats.values.len() < SAMPLE as usize && n_chars < 200 {
                stats.values.insert(value.to_string());
            }
        }
    }

    pub(super) fn has(&self, role: Role) -> bool {
        self.roles.contains_key(&role)
    }

    pub(super) fn column_of(&self, role: Role) -> Option<&str> {
        self.roles.get(&role).map(String::as_str)
    }

    /// A column that says of several records that they belong together.
    fn find_grouping(&self) -> Option<String> {
        let taken: BTreeSet<&str> = self.roles.values().map(String::as_str).collect();
        let fits = |column: &&String| {
            let stats = self.stats.get(*column);
            GROUPING.contains(&column.to_lowercase().replace([' ', '-'], "_").as_str())
                && !taken.contains(column.as_str())
                && stats.is_some_and(|stats| stats.n > stats.values.len() as u64 && stats.values.len() > 1)
        };
        self.columns.iter().find(fits).cloned()
    }

    /// Returns everything that a file lacks.
    fn missing(&self, options: &Options) -> Vec<Missing> {
        let mut missing = vec![];
        let mut is_text_named = false;
        for (field, column) in options.mapping.columns.iter().filter(|(_, column)| !column.is_empty()) {
            if self.has_column(column) {
                continue;
            }
            let meant = self.column_like(column);
            let said = match &meant {
                Some(meant) => format!("no column is called `{column}`; did you mean `{meant}`?"),
                None => format!("no column is called `{column}`"),
            };
            is_text_named |= field == "text";
            missing.push(Missing { said, is_wrong_usage: true, remedy: meant.map(|meant| map(field, meant)) });
        }
        match options.subject {
            Subject::Groups if self.has_text => {}
            Subject::Groups => {
                let longest = self.longest();
                let named =
                    self.foreign(options).into_iter().find(|(field, _)| field == "text").map(|(_, column)| column);
                let longest = named.or(longest);
                let said = match (self.column_of(Role::Stories), &longest) {
                    (Some(_), _) => "none of the stories has any text".to_owned(),
                    (None, Some(column)) if is_text_named => format!("the longest texts stand in `{column}`"),
                    (None, Some(column)) if foreign_role(column, options.subject) == Some(Role::Text) => {
                        format!("no column is called text; `{column}` may be it")
                    }
                    (None, Some(column)) => format!("no column is called text; the longest texts stand in `{column}`"),
                    (None, None) => "no record has any text".to_owned(),
                };
                missing.push(lacking(said, longest.map(|column| map("text", column))));
            }
            Subject::Entities if self.is_wikidata => {
                if options.mapping.entity_type.is_none() && !self.has(Role::Type) {
                    missing.push(without_type());
                }
            }
            Subject::Entities => {
                if !self.has(Role::Name) {
                    let column = self.most_like_a_name();
                    let said = match &column {
                        Some(column) => format!("no column is called name; `{column}` may be it"),
                        None => "no column is called name".to_owned(),
                    };
                    missing.push(lacking(said, column.map(|column| map("name", column))));
                }
                if !self.has(Role::Type) && options.mapping.entity_type.is_none() {
                    let named = self.foreign(options).into_iter().find(|(field, _)| field == "type");
                    missing.push(match named {
                        Some((field, column)) => lacking(
                            format!("no column is called type; `{column}` may be it"),
                            Some(map(&field, column)),
                        ),
                        None => without_type(),
                    });
                }
            }
        }
        missing
    }

    /// Returns the fields that no column is called by, each with one that is called so in another language.
    pub(super) fn foreign(&self, options: &Options) -> Vec<(String, String)> {
        let mut found: Vec<(Role, &String)> = vec![];
        let is_typed = |word: &str, column: &str| {
            let all = &options.mapping.columns;
            all.iter().any(|(field, own)| field == word || plain(own) == plain(column))
        };
        for column in &self.columns {
            let Some(role) = foreign_role(column, options.subject) else { continue };
            let has_own = |own: &String| roles::role_of(own, options.subject) == Some(role);
            let is_taken = found.iter().any(|(other, _)| *other == role)
                || is_typed(role.word(), column)
                || self.columns.iter().any(has_own)
                || !self.can_be(role, column)
                || role == Role::Id && options.mapping.id_from.is_some()
                || options.mapping.group_by.as_deref() == Some(column);
            if !is_taken {
                found.push((role, column));
            }
        }
        found.sort_by_key(|(role, _)| *role != Role::Text);
        found.into_iter().map(|(role, column)| (role.word().to_owned(), column.clone())).collect()
    }

    /// Returns whether the values of a column fit what its name says: an id is there in each record and another in each,
    /// and where a word may also be a street, a URL is one.
    fn can_be(&self, role: Role, column: &str) -> bool {
        let Some(stats) = self.stats.get(column) else { return false };
        let is_url = |value: &String| value.contains("://") || value.trim_start_matches('"').starts_with("www.");
        match role {
            Role::Id => stats.n == self.n_records && stats.values.len() as u64 == stats.n.min(SAMPLE),
            Role::Url => stats.values.iter().any(is_url),
            _ => true,
        }
    }

    fn has_column(&self, column: &str) -> bool {
        let plain_name = plain(column);
        let is_same = |own: &str| own == column || !plain_name.is_empty() && plain(own) == plain_name;
        self.columns.iter().chain(self.stats.keys()).any(|own| is_same(own))
            || (column.contains('.') && self.columns.iter().any(|own| column.starts_with(own.as_str())))
    }

    /// The column that was probably meant.
    fn column_like(&self, typed: &str) -> Option<String> {
        nearest(typed, &self.columns).cloned()
    }

    /// The column with the longest texts.
    fn longest(&self) -> Option<String> {
        let is_other = |name: &str| [Role::Id, Role::Url].iter().any(|role| self.column_of(*role) == Some(name));
        let texts = self.stats.iter().filter(|(name, stats)| stats.n_chars > 0 && !is_other(name));
        texts
            .max_by_key(|(name, stats)| (stats.n_chars, std::cmp::Reverse((*name).clone())))
            .map(|(name, _)| name.clone())
    }

    /// The column with the most different short texts.
    fn most_like_a_name(&self) -> Option<String> {
        let is_name = |stats: &Stats| {
            let has_letters = |value: &&String| value.contains(char::is_alphabetic) && !value.contains("://");
            stats.n > 0
                && (2..60).contains(&(stats.n_chars / stats.n))
                && stats.values.iter().any(|value| has_letters(&value))
        };
        let texts = self.columns.iter().filter_map(|name| Some((name, self.stats.get(name)?)));
        let names = texts.filter(|(_, stats)| is_name(stats));
        // Of equals the one that stands first.
        names.rev().max_by_key(|(_, stats)| stats.values.len()).map(|(name, _)| name.clone())
    }

    /// Says everything that a file lacks, with the command line that would do.
    pub(super) fn check(&self, options: &Options) -> Result<()> {
        if self.n_records == 0 {
            return match self.n_bad {
                0 => Err(anyhow!("there is no record in it")),
                // The lines tell why, one by one.
                _ => Ok(()),
            };
        }
        self.check_exported(options)?;
        let missing = self.missing(options);
        // A catalog of an export may have decisions alone.
        let is_decisions =
            options.subject == Subject::Entities && self.columns.iter().any(|column| column == "decision");
        if missing.is_empty() || is_decisions {
            return Ok(());
        }
        let said: Vec<&str> = missing.iter().map(|one| one.said.as_str()).collect();
        let error = anyhow!("{}; {}", words::count(self.n_records, "record"), said.join("; "));
        let columns: Vec<&str> = self.columns.iter().map(String::as_str).take(12).collect();
        let more = if self.columns.len() > columns.len() { ", …" } else { "" };
        let error = Err(error).hint(format!("its columns are {}{more}", words::list(&columns, "and")));
        let error = if missing.iter().any(|one| one.is_wrong_usage) { error.exit(Exit::Usage) } else { error };
        let (mut typed, mut more) = (vec![], vec![]);
        for remedy in missing.into_iter().filter_map(|one| one.remedy) {
            match remedy {
                // A column that was probably meant comes before a guess.
                Remedy::Map(field, column) if typed.iter().all(|(other, _)| *other != field) => {
                    typed.push((field, column));
                }
                Remedy::Map(..) => {}
                Remedy::Option(option) => more.push(option),
            }
        }
        // Whoever types one column is told of the others, which would be attributes without a word.
        if !typed.is_empty() {
            for (field, column) in self.foreign(options) {
                if typed.iter().all(|(other, own)| *other != field && *own != column) {
                    typed.push((field, column));
                }
            }
        }
        match typed.is_empty() && more.is_empty() {
            true => error,
            false => {
                let is_right = |column: &str| column.is_empty() || self.has_column(column);
                error.hint(format!("`{}`", options.command_with(is_right, &typed, &more)))
            }
        }
    }
}

impl Survey {
    /// Refuses tables of `export` that would take something away from the groups that they come from: rows of stories are
    /// no groups by themselves, and the other tables have no texts.
    fn check_exported(&self, options: &Options) -> Result<()> {
        let is_typed = |field: &str| options.mapping.columns.iter().any(|(own, _)| own == field);
        let refused = match self.exported {
            Some(_) if !self.has_text && !is_typed("text") => {
                "it is a table of `gleaner export`, which has no texts of stories"
            }
            Some(exported::Table::Stories) if !is_typed("id") && options.mapping.id_from.is_none() => {
                "it is a table of `gleaner export`: a row a story, not a row a group"
            }
            _ => return Ok(()),
        };
        let error = Err(anyhow!("{refused}"))
            .hint("`gleaner export groups -o groups.jsonl` writes groups that are loaded back as they are");
        match self.exported {
            Some(exported::Table::Stories) if self.has_text => {
                let command = options.command_with(|_| true, &[], &["--group-by group_id".to_owned()]);
                error.hint(format!(
                    "`{command}` makes groups of the rows; a group whose rows are not all there becomes smaller"
                ))
            }
            _ => error,
        }
    }
}

/// Something that a file lacks, or that was typed and is not in it.
struct Missing {
    said: String,
    is_wrong_usage: bool,
    remedy: Option<Remedy>,
}

/// Part of the command line that would do.
enum Remedy {
    /// A field and its column.
    Map(String, String),
    Option(String),
}

fn lacking(said: String, remedy: Option<Remedy>) -> Missing {
    Missing { said, is_wrong_usage: false, remedy }
}

fn without_type() -> Missing {
    lacking("no column is called type".into(), Some(Remedy::Option("--type person".into())))
}

fn map(field: &str, column: String) -> Remedy {
    Remedy::Map(field.to_owned(), column)
}

/// True where one of a group's stories has a text.
fn stories_have_text(stories: Option<Value>, columns: &mut Columns) -> bool {
    let Some(Value::Array(stories)) = stories else { return false };
    stories.into_iter().any(|story| match story {
        Value::Object(fields) => columns.sort(fields).get(Role::Text).is_some(),
        other => kind_of(&other) == "a text",
    })
}
