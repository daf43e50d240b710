//! The groups or entities of a file, one after the other: from its source through the makers, each id once.

use std::collections::BTreeSet;
use std::io::BufRead;
use std::rc::Rc;

use anyhow::{Context as _, Result};
use serde_json::Value;

use super::columns::Columns;
use super::date::{self, Order};
use super::grouping::Grouped;
use super::input::{Input, OnBytes, silent};
use super::merge::{self, Continued};
use super::readers::line_records::LineRecords;
use super::readers::{Record, Source};
use super::record::Ignored;
use super::record::dates::{Dates, Undated};
use super::record::entity::EntityMaker;
use super::record::exported;
use super::record::group::{GroupMaker, Made, Raw, finish};
use super::record::ids::{self, IdRule};
use super::roles::Role;
use super::seen::SeenIds;
use super::survey::Survey;
use super::{CatalogRecord, IdFrom, LineError, Mapping, Options, Subject};
use crate::model::{Entity, GroupId};
use crate::text::words;

/// Report on a file that was read.
#[derive(Clone, Debug, Default)]
pub struct ReadReport {
    /// Mapping of its columns, in one line; `None` where they are called as in our own files.
    pub columns: Option<String>,
    /// Choices and guesses.
    pub notes: Vec<String>,
    /// Names of fields that were there and mean nothing to us.
    pub ignored: BTreeSet<String>,
    /// Dates that could be two days.
    pub two_ways: Undated,
    /// Texts that are no date.
    pub unreadable: Undated,
    /// A column by which rows could be grouped.
    pub grouping: Option<String>,
    /// Fields and the columns that are called so in another language, and are none by themselves.
    pub foreign: Vec<(String, String)>,
}

/// A record, or the copy of one that was there before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Got<T> {
    /// A record.
    One(T),
    /// The same content again, under an id that was made from it.
    Copy,
}

/// A stream of records that tells at its end what was found out.
pub(super) trait Records<T>: Iterator<Item = Result<(u64, Got<T>), LineError>> {
    /// Returns what was found out so far.
    fn report(&self) -> ReadReport;
}

/// Begins to read story groups; the error says why the file cannot be read at all.
pub(super) fn groups(input: &Rc<Input>, options: &Options, on_bytes: &OnBytes) -> Result<Box<dyn Records<Made>>> {
    let mut options = options.clone();
    let is_grouped_by_id = options.mapping.group_by.as_deref() == Some("group_id");
    if let Some(column) = options.mapping.group_by.clone() {
        options.mapping.columns.retain(|(target, _)| target != "id");
        options.mapping.columns.push(("id".into(), column));
    }
    let survey = Survey::of(input, &options).with_context(|| format!("cannot load `{}`", input.name))?;
    survey.check(&options).with_context(|| format!("cannot load `{}`", input.name))?;
    let source = input.records(&options, on_bytes)?;
    let is_ours = is_grouped_by_id && survey.exported == Some(exported::Table::Stories);
    let ids = id_rule(&survey, &options, input);
    let mut columns = Columns::new(Subject::Groups, options.mapping.clone());
    columns.fix(&source.columns);
    let (again, mapping) = (Rc::clone(input), options.clone());
    let find_order = Box::new(move || find_order(&again, &mapping));
    let maker = GroupMaker {
        columns,
        ids,
        dates: Dates::new(options.mapping.date_order, find_order),
        // The stories of ours have titles beside the group's.
        group_by: options.mapping.group_by.clone().filter(|_| !is_ours),
        ignored: Ignored::default(),
    };
    let notes = input.notes.iter().cloned().chain(source.note).collect();
    let records = if is_ours { exported::story_rows(source.records, input.is_table()) } else { source.records };
    let rows = GroupRows { records, maker, is_over: false };
    let foreign = survey.foreign(&options);
    if options.mapping.group_by.is_some() {
        let grouped = Grouped::new(rows).context("cannot make a temporary file")?;
        let seen = SeenIds::default();
        return Ok(Box::new(Groups {
            rows: grouped,
            seen,
            may_take_text: false,
            n_by_text: 0,
            notes,
            grouping: None,
            foreign,
        }));
    }
    let may_take_text = rows.maker.ids == IdRule::Url && options.mapping.id_from.is_none();
    let (seen, grouping) = (SeenIds::default(), survey.grouping);
    Ok(Box::new(Groups { rows, seen, may_take_text, n_by_text: 0, notes, grouping, foreign }))
}

fn id_rule(survey: &Survey, options: &Options, input: &Input) -> IdRule {
    match options.mapping.id_from {
        Some(IdFrom::Url) => IdRule::Url,
        Some(IdFrom::Text) => IdRule::Text,
        Some(IdFrom::Row) => {
            let path = std::path::Path::new(&input.name);
            let stem = path.file_stem().map_or_else(|| "row".into(), |stem| stem.to_string_lossy());
            let stem: String = stem.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
            IdRule::Row(stem.trim_matches('-').to_owned(), 0)
        }
        None if survey.has(Role::Id) => IdRule::Column,
        None if options.mapping.columns.iter().any(|(target, column)| target == "id" && !column.is_empty()) => {
            IdRule::Column
        }
        None if survey.has(Role::Url) => IdRule::Url,
        None => IdRule::Text,
    }
}

/// Reads a file for the order of day and month that its dates show; `None` where they show none, or both.
fn find_order(input: &Input, options: &Options) -> Option<Order> {
    let mut columns = Columns::new(Subject::Groups, options.mapping.clone());
    let source = input.records(options, &silent()).ok()?;
    columns.fix(&source.columns);
    let mut shown: Option<Order> = None;
    for record in source.records {
        let Ok((_, fields)) = record else { continue };
        let mut sorted = columns.sort(fields);
        let mut dates = vec![sorted.take(Role::Published), sorted.take(Role::Created)];
        if let Some(Value::Array(stories)) = sorted.take(Role::Stories) {
            let of_story = |story| match story {
                Value::Object(fields) => columns.sort(fields).take(Role::Published),
                _ => None,
            };
            dates.extend(stories.into_iter().map(of_story));
        }
        for order in dates.iter().flatten().filter_map(Value::as_str).filter_map(date::shown_order) {
            if shown.is_some_and(|shown| shown != order) {
                return None;
            }
            shown = Some(order);
        }
    }
    shown
}

/// Groups as the records come.
struct GroupRows {
    records: Box<dyn Iterator<Item = Record>>,
    maker: GroupMaker,
    is_over: bool,
}

impl Iterator for GroupRows {
    type Item = Result<(u64, Raw), LineError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.is_over {
            return None;
        }
        let record = self.records.next()?.and_then(|(line, fields)| {
            let raw = self.maker.make(line, fields).map_err(|reason| LineError::new(line, reason))?;
            Ok((line, raw))
        });
        self.is_over = matches!(&record, Err(error) if error.is_fatal);
        Some(record)
    }
}

/// Knowledge of a reader of rows about them.
trait Maker {
    fn maker(&self) -> &GroupMaker;
}

impl Maker for GroupRows {
    fn maker(&self) -> &GroupMaker {
        &self.maker
    }
}

impl Maker for Grouped<GroupRows> {
    fn maker(&self) -> &GroupMaker {
        &self.inner().maker
    }
}

struct Groups<I> {
    rows: I,
    seen: SeenIds,
    /// True where an id may be made from the text where the address has another text already.
    may_take_text: bool,
    n_by_text: u64,
    notes: Vec<String>,
    grouping: Option<String>,
    foreign: Vec<(String, String)>,
}

impl<I: Iterator<Item = Result<(u64, Raw), LineError>>> Iterator for Groups<I> {
    type Item = Result<(u64, Got<Made>), LineError>;

    fn next(&mut self) -> Option<Self::Item> {
        Some(self.rows.next()?.and_then(|(line, raw)| {
            let is_id_made = raw.is_id_made;
            let content = is_id_made.then(|| ids::text_key(&raw.group));
            let mut made = finish(raw);
            let mut before = self.seen.see("", made.group.id.as_str(), content, line);
            // Several articles may stand at one address, such as that of a live blog. None of them is thrown away.
            if self.may_take_text
                && before.is_some_and(|before| !before.is_same)
                && let Some(id) = ids::of_text(&made.group)
            {
                made.group.id = GroupId::new(id);
                before = self.seen.see("", made.group.id.as_str(), content, line);
                self.n_by_text += u64::from(before.is_none());
            }
            match before {
                None => Ok((line, Got::One(made))),
                Some(before) if is_id_made && before.is_same => Ok((line, Got::Copy)),
                Some(before) if is_id_made => Err(LineError::new(
                    line,
                    format!("its id is made from what line {} has, too, with another text; `--id-from text` tells them apart", before.line),
                )),
                Some(before) => {
                    Err(LineError::new(line, format!("id `{}` is already on line {}", made.group.id, before.line)))
                }
            }
        }))
    }
}

impl<I: Iterator<Item = Result<(u64, Raw), LineError>> + Maker> Records<Made> for Groups<I> {
    fn report(&self) -> ReadReport {
        let mut report = ReadReport {
            notes: self.notes.clone(),
            grouping: self.grouping.clone(),
            foreign: self.foreign.clone(),
            ..ReadReport::default()
        };
        if self.n_by_text > 0 {
            report.notes.push(format!(
                "{} their url with another that has another text; their ids are made from the text",
                words::count_verb(self.n_by_text, "record", "shares")
            ));
        }
        let maker = self.rows.maker();
        let rule = match &maker.ids {
            IdRule::Column => None,
            IdRule::Url => Some("the url"),
            IdRule::Text => Some("the text"),
            IdRule::Row(..) => Some("the row"),
        };
        report.columns = maker.columns.mapping_used(rule);
        report.ignored = maker.ignored.names.clone();
        report.notes.extend(maker.dates.found_order().map(|(order, text)| {
            let first = if order == Order::DayFirst { "day" } else { "month" };
            format!("dates such as `{text}` are read with the {first} first, as others in the file show")
        }));
        report.two_ways = maker.dates.two_ways.clone();
        report.unreadable = maker.dates.unreadable.clone();
        report
    }
}

/// Begins to read a catalog: entities, and the decisions that go with them; the error says why the file cannot be read
/// at all.
pub(super) fn catalog(
    input: &Rc<Input>,
    options: &Options,
    on_bytes: &OnBytes,
) -> Result<Box<dyn Records<CatalogRecord>>> {
    let survey = Survey::of(input, options).with_context(|| format!("cannot load `{}`", input.name))?;
    survey.check(options).with_context(|| format!("cannot load `{}`", input.name))?;
    let source = input.records(options, on_bytes)?;
    let mut columns = Columns::new(Subject::Entities, options.mapping.clone());
    columns.fix(&source.columns);
    let has_ids = survey.has(Role::Id)
        || survey.is_wikidata
        || survey.columns.iter().any(|column| column == "id" || column == "decision");
    let mut notes: Vec<String> = input.notes.iter().cloned().chain(source.note).collect();
    let records: Box<dyn Iterator<Item = Record>> = if survey.is_wikidata {
        notes.push("read as the result of a Wikidata query, the rows of an item put together".into());
        Box::new(merge::by_item(source.records).into_iter())
    } else if survey.is_table {
        let roles = [Role::Id, Role::Name, Role::Type].into_iter();
        let mut keys: Vec<String> = roles.filter_map(|role| survey.column_of(role)).map(str::to_owned).collect();
        keys.extend(["decision", "mention"].map(str::to_owned));
        Box::new(Continued::new(source.records, keys))
    } else {
        source.records
    };
    let maker =
        EntityMaker { columns, entity_type: options.mapping.entity_type.clone(), has_ids, ignored: Ignored::default() };
    Ok(Box::new(Catalog { records, maker, seen: SeenIds::default(), notes, is_over: false }))
}

struct Catalog {
    records: Box<dyn Iterator<Item = Record>>,
    maker: EntityMaker,
    seen: SeenIds,
    notes: Vec<String>,
    is_over: bool,
}

impl Iterator for Catalog {
    type Item = Result<(u64, Got<CatalogRecord>), LineError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.is_over {
            return None;
        }
        let record = self.records.next()?.and_then(|(line, fields)| {
            let record = self.maker.make(fields).map_err(|reason| LineError::new(line, reason))?;
            let CatalogRecord::Entity(entity) = &record else { return Ok((line, Got::One(record))) };
            match self.seen.see(&entity.entity_type, entity.id.as_str(), None, line) {
                None => Ok((line, Got::One(record))),
                Some(_) if !self.maker.has_ids => Ok((line, Got::Copy)),
                Some(before) => {
                    Err(LineError::new(line, format!("id `{}` is already on line {}", entity.id, before.line)))
                }
            }
        });
        self.is_over = matches!(&record, Err(error) if error.is_fatal);
        Some(record)
    }
}

impl Records<CatalogRecord> for Catalog {
    fn report(&self) -> ReadReport {
        let rule = (!self.maker.has_ids).then_some("the name");
        ReadReport {
            columns: self.maker.columns.mapping_used(rule),
            notes: self.notes.clone(),
            ignored: self.maker.ignored.names.clone(),
            ..ReadReport::default()
        }
    }
}

/// Reads groups of JSON Lines that come with the program.
pub fn bundled_groups(text: &'static str) -> impl Iterator<Item = Result<(u64, Made), LineError>> {
    let no_order = Box::new(|| None);
    let mut maker = GroupMaker {
        columns: Columns::new(Subject::Groups, Mapping::default()),
        ids: IdRule::Column,
        dates: Dates::new(None, no_order),
        group_by: None,
        ignored: Ignored::default(),
    };
    bundled(text).records.map(move |record| {
        let (line, fields) = record?;
        let raw = maker.make(line, fields).map_err(|reason| LineError::new(line, reason))?;
        Ok((line, finish(raw)))
    })
}

/// Reads entities of JSON Lines that come with the program.
pub fn bundled_entities(text: &'static str) -> impl Iterator<Item = Result<(u64, Entity), LineError>> {
    let mut maker = EntityMaker::plain();
    bundled(text).records.map(move |record| {
        let (line, fields) = record?;
        let entity = maker.entity(fields).map_err(|reason| LineError::new(line, reason))?;
        Ok((line, entity))
    })
}

fn bundled(text: &'static str) -> Source {
    let reader: Box<dyn BufRead> = Box::new(text.as_bytes());
    Source::of(LineRecords::json(reader))
}

/// Makes an entity of what was typed, by the rules for a line of a file.
pub fn typed_entity(entity: &Entity) -> Result<Entity, String> {
    match serde_json::to_value(entity) {
        Ok(Value::Object(fields)) => EntityMaker::plain().entity(fields),
        _ => Err("not an entity".into()),
    }
}
