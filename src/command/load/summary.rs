//! Messages while files are loaded, and at the end.

use std::path::PathBuf;
use std::rc::Rc;

use serde_json::json;

use super::complaints::Complaints;
use super::texts::Texts;
use crate::command::Context;
use crate::error::Exit;
use crate::intake::date;
use crate::intake::load::{Listener, Loaded};
use crate::intake::{Input, Options, Undated};
use crate::model::{Entity, Group, StoryValue};
use crate::store::Store;
use crate::terminal::bar::Unit;
use crate::text::shell_word;
use crate::text::words::{self, count, count_verb, number, shorten};

/// Groups or entities that a dry run shows.
const SHOWN_MAX: usize = 3;

/// Summary at the end.
pub(super) struct Summary {
    noun: &'static str,
    is_dry_run: bool,
    options: Options,
    database: PathBuf,
    pub(super) total: Loaded,
    pub(super) removed: Option<u64>,
    /// Groups of the database with the text of another one.
    pub(super) same_text: u64,
    pub(super) unmapped_types: Vec<String>,
    files: Vec<(String, Loaded)>,
    complaints: Complaints,
    shown: Vec<Group>,
    shown_entities: Vec<Entity>,
    /// Texts of a dry run.
    pub(super) texts: Texts,
}

impl Summary {
    pub(super) fn new(noun: &'static str, is_dry_run: bool, options: &Options, database: PathBuf) -> Self {
        Self {
            noun,
            is_dry_run,
            options: options.clone(),
            database,
            total: Loaded::default(),
            removed: None,
            same_text: 0,
            unmapped_types: vec![],
            files: vec![],
            complaints: Complaints::default(),
            shown: vec![],
            shown_entities: vec![],
            texts: Texts::default(),
        }
    }

    /// Loads one file; each bad line is shown as it is met.
    pub(super) fn file(
        &mut self,
        context: &Context,
        input: &Rc<Input>,
        load: impl FnOnce(&Rc<Input>, &mut Listener<'_>) -> anyhow::Result<Loaded>,
    ) -> anyhow::Result<()> {
        let terminal = &context.terminal;
        let name = &input.name;
        let (complaints, shown, texts) = (&mut self.complaints, &mut self.shown, &mut self.texts);
        let (is_dry_run, shown_entities) = (self.is_dry_run, &mut self.shown_entities);
        let bar = terminal.bar(input.length, Unit::Bytes, name);
        let on_bytes = {
            let bar = bar.clone();
            Rc::new(move |n_bytes| bar.inc(n_bytes))
        };
        let mut listener = Listener {
            on_bad: &mut |error| complaints.add(terminal, name, error),
            on_group: &mut |group, text_hash| {
                if is_dry_run {
                    texts.add(group, text_hash);
                    if shown.len() < SHOWN_MAX {
                        shown.push(group.clone());
                    }
                }
            },
            on_entity: &mut |entity| {
                if is_dry_run && shown_entities.len() < SHOWN_MAX {
                    shown_entities.push(entity.clone());
                }
            },
            on_bytes,
        };
        let loaded = load(input, &mut listener)?;
        drop(bar);
        let report = &loaded.report;
        for said in report.columns.iter().chain(&report.notes) {
            terminal.status(format!("{name}: {said}"));
        }
        self.undated(
            context,
            name,
            &report.two_ways,
            "could be two days and is left out",
            "could be two days and are left out",
        );
        self.undated(
            context,
            name,
            &report.unreadable,
            "cannot be read and is left out",
            "cannot be read and are left out",
        );
        if report.two_ways.n > 0 || report.unreadable.first.iter().any(|(_, text)| date::wants_order(text)) {
            let command = self.options.command_with(|_| true, &[], &["--date-order dmy".into()]);
            terminal.hint(format!("`{command}`, or `mdy`, says which"));
        }
        // By another id everything that was just loaded would come a second time.
        let mut foreign = report.foreign.clone();
        foreign.retain(|(field, _)| is_dry_run || field != "id");
        if !foreign.is_empty() {
            let columns: Vec<&str> = foreign.iter().map(|(_, column)| column.as_str()).collect();
            let command = self.options.command_with(|_| true, &foreign, &[]);
            terminal.hint(format!("{} may be more than an attribute: `{command}`", words::list(&columns, "and")));
        }
        self.total.add(loaded.clone());
        self.files.push((name.clone(), loaded));
        Ok(())
    }

    fn undated(&self, context: &Context, name: &str, undated: &Undated, one: &str, many: &str) {
        if undated.n == 0 {
            return;
        }
        let first: Vec<String> = undated.first.iter().map(|(line, text)| format!("line {line}: `{text}`")).collect();
        let more = if undated.n > first.len() as u64 { ", …" } else { "" };
        let verb = if undated.n == 1 { one } else { many };
        let text = format!("{name}: {} {verb} ({}{more})", count(undated.n, "date"), first.join(", "));
        context.terminal.warn(text);
    }

    pub(super) fn show(self, context: &Context, store: Option<&Store>) -> anyhow::Result<Exit> {
        let terminal = &context.terminal;
        let total = &self.total;
        let n_undated = total.report.two_ways.n + total.report.unreadable.n;
        self.complaints.end(terminal);
        let exit = match total.bad > 0 || n_undated > 0 {
            // Nothing good at all is no success with flaws.
            true if total.n_records() + total.decisions + total.copies == 0 => Exit::Failed,
            true => Exit::Incomplete,
            false => Exit::Done,
        };
        if !total.report.ignored.is_empty() {
            let names: Vec<&String> = total.report.ignored.iter().collect();
            terminal.warn(format!("ignored what is no field of a {}: {}", self.noun, words::list(&names, "and")));
        }
        if terminal.is_json() {
            terminal.json(&self.json())?;
            return Ok(exit);
        }
        self.show_first(context)?;
        terminal.line(self.sentence())?;
        if !self.is_dry_run && total.n_records() + total.decisions > 0 {
            terminal.status(format!("written to `{}`", self.database.display()));
        }
        self.not_sent(context);
        if let Some(store) = store.filter(|_| !self.is_dry_run && total.new + total.changed + total.decisions_new > 0) {
            self.hint(context, store)?;
        }
        Ok(exit)
    }

    /// The first groups or entities of a dry run, as they would be.
    fn show_first(&self, context: &Context) -> anyhow::Result<()> {
        let terminal = &context.terminal;
        for entity in &self.shown_entities {
            terminal.line(format!("{}:{}  {}", entity.entity_type, entity.id, shorten(&entity.name, 90)))?;
            if !entity.aliases.is_empty() {
                terminal.line(format!("    also called {}", shorten(&entity.aliases.join(", "), 90)))?;
            }
            let attributes: Vec<String> =
                entity.attributes.iter().take(8).map(|(name, own)| format!("{name}={}", shorten(own, 40))).collect();
            if !attributes.is_empty() {
                terminal.line(format!("    {}", attributes.join("  ")))?;
            }
        }
        for group in &self.shown {
            terminal.line(format!("{}  {}", group.id, group.title.as_deref().unwrap_or("(no title)")))?;
            if group.status != Group::ACTIVE {
                terminal.line(format!("    status: {}", group.status))?;
            }
            if let Some(created_at) = &group.created_at {
                terminal.line(format!("    created {created_at}"))?;
            }
            for story in &group.stories {
                let title = story.title.as_deref().filter(|_| group.stories.len() > 1);
                let place = [title, story.published_at.as_deref(), story.url.as_deref()];
                let place: Vec<&str> = place.into_iter().flatten().collect();
                if !place.is_empty() {
                    terminal.line(format!("    {}", place.join("  ")))?;
                }
                terminal.line(format!("    {}", shorten(&crate::text::single_spaced(&story.text), 90)))?;
                let value = |value: &StoryValue| match value {
                    StoryValue::One(text) => shorten(text, 40),
                    StoryValue::Many(all) => shorten(&all.join(", "), 40),
                };
                let attributes: Vec<String> =
                    story.attributes.iter().take(8).map(|(name, own)| format!("{name}={}", value(own))).collect();
                if !attributes.is_empty() {
                    terminal.line(format!("    {}", attributes.join("  ")))?;
                }
            }
        }
        Ok(())
    }

    /// Says which groups will not be sent, and why.
    fn not_sent(&self, context: &Context) {
        let total = &self.total;
        if self.same_text > 0 {
            context.terminal.status(format!(
                "{} the same text as another: asked once, and the answers are shared",
                count_verb(self.same_text, "group", "has")
            ));
        }
        if total.inactive.is_empty() {
            return;
        }
        let statuses: Vec<String> = total
            .inactive
            .iter()
            .map(|(status, n)| format!("{} with status `{}`", number(*n), shorten(status, 40)))
            .collect();
        let n: u64 = total.inactive.values().sum();
        context.terminal.warn(format!("{} will not be sent: {}", count(n, "group"), statuses.join(", ")));
        let command = self.options.command_with(|_| true, &[("status".into(), String::new())], &[]);
        context.terminal.hint(format!("`{command}` takes no status from the files; all are active then"));
    }

    fn json(&self) -> serde_json::Value {
        let undated = |undated: &Undated| {
            let first: Vec<_> = undated.first.iter().map(|(line, text)| json!({"line": line, "text": text})).collect();
            json!({"n": undated.n, "first": first})
        };
        let files: Vec<serde_json::Value> = self
            .files
            .iter()
            .map(|(file, loaded)| {
                json!({"file": file, "new": loaded.new, "changed": loaded.changed, "unchanged": loaded.unchanged,
                       "bad": loaded.bad, "columns": loaded.report.columns, "notes": loaded.report.notes})
            })
            .collect();
        let total = &self.total;
        let mut summary = json!({
            "kind": self.noun, "dry_run": self.is_dry_run, "database": self.database, "new": total.new,
            "changed": total.changed, "unchanged": total.unchanged, "bad": total.bad, "copies": total.copies,
            "ignored_fields": total.report.ignored, "files": files, "errors": self.complaints.lines,
            "errors_by_reason": self.complaints.kinds,
        });
        if self.noun == "group" {
            summary["without_text"] = total.without_text.into();
            summary["same_text"] = self.same_text.into();
            summary["inactive"] = json!(total.inactive);
            summary["dates_of_two_days"] = undated(&total.report.two_ways);
            summary["dates_unreadable"] = undated(&total.report.unreadable);
            if self.is_dry_run {
                summary["first"] = json!(self.shown);
            }
        } else {
            summary["removed"] = self.removed.unwrap_or(0).into();
            summary["decisions"] = json!({"total": total.decisions, "new": total.decisions_new});
            summary["unmapped_types"] = json!(self.unmapped_types);
            if self.is_dry_run {
                summary["first"] = json!(self.shown_entities);
            }
        }
        summary
    }

    /// `4,000 groups: 3,990 new, 4 changed, 6 unchanged; 2 bad lines`.
    fn sentence(&self) -> String {
        let total = &self.total;
        let mut sentence = format!(
            "{}: {} new, {} changed, {} unchanged",
            count(total.n_records(), self.noun),
            number(total.new),
            number(total.changed),
            number(total.unchanged)
        );
        if let Some(removed) = self.removed {
            sentence.push_str(&format!(", {} removed", number(removed)));
        }
        sentence.push_str(&format!("; {}", count(total.bad, "bad line")));
        match total.copies {
            0 => {}
            1 => sentence.push_str("; 1 copy left out"),
            n => sentence.push_str(&format!("; {} copies left out", number(n))),
        }
        if total.without_text > 0 {
            sentence.push_str(&format!("; {} without text, kept but never sent", number(total.without_text)));
        }
        if total.decisions > 0 {
            sentence.push_str(&format!(
                "; {}, {} new",
                count(total.decisions, "decision"),
                number(total.decisions_new)
            ));
        }
        if self.is_dry_run {
            sentence.push_str(" (dry run: nothing was written)");
        }
        sentence
    }

    fn hint(&self, context: &Context, store: &Store) -> anyhow::Result<()> {
        let terminal = &context.terminal;
        if let [first, ..] = self.unmapped_types.as_slice() {
            let shown: Vec<&str> = self.unmapped_types.iter().map(String::as_str).take(5).collect();
            let more = if self.unmapped_types.len() > shown.len() { ", …" } else { "" };
            terminal.hint(format!(
                "the active profile maps {}{more} to none of its types, so mentions of every type are compared with them; \
                 `maps = [\"{first}\", …]` in a profile changes that",
                words::list(&shown, "and")
            ));
        }
        if let Some(column) = &self.total.report.grouping {
            let column = shell_word(column);
            terminal.hint(format!("rows share values in `{column}`; `--group-by {column}` makes groups of them"));
        }
        if self.noun == "group" {
            if !store.read().has_entities()? {
                terminal.hint("`gleaner load entities FILE` gives mentions a catalog to be linked to");
            }
            terminal.hint("`gleaner batch create --dry-run` shows what would be asked and what it would cost");
        } else if store.read().group_counts()?.total == 0 {
            terminal.hint("`gleaner load groups FILE` loads the stories");
        } else if store.read().knowledge_counts()?.1 > 0 {
            terminal.hint("`gleaner resolve --all` links what was extracted before to the catalog as it is now");
        } else {
            terminal.hint("`gleaner batch create --dry-run` shows what would be asked and what it would cost");
        }
        Ok(())
    }
}
