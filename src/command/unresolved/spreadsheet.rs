//! `gleaner unresolved export` and `import`: the queue for those who decide in a spreadsheet.

use std::io::Write;
use std::path::Path;

use anyhow::Context as _;
use serde::Deserialize;
use serde_json::json;

use crate::cli::unresolved::QueueArgs;
use crate::command::Context;
use crate::command::excerpt::{excerpt, first_place};
use crate::command::garbled::{damage, refuse};
use crate::command::input;
use crate::command::output::{is_stdout, whole_file};
use crate::command::unresolved::list::{case_facts, cases, hints_in_words, other_hints};
use crate::command::unresolved::report::{hint_if_moved, report};
use crate::curation::mentions::{self, About, Case, Cases};
use crate::error::{Exit, Explain as _, usage};
use crate::model::{EntityId, EntityKey};
use crate::report::csv::{Cell, Rows, plain};
use crate::resolve::mention_key;
use crate::store::{Change, Store, Unresolved};
use crate::terminal::words;
use crate::text::garbled::before_garbling;
use crate::text::separator::separator;

/// Columns for candidates.
const CANDIDATES: usize = 3;
/// Bytes of a story shown on each side of the mention.
const AROUND: usize = 100;
/// A file larger than this was not made from a queue.
const FILE_BYTES_MAX: u64 = 64 * 1024 * 1024;

/// Writes the queue.
pub(super) fn export(store: &Store, queue: &QueueArgs, path: Option<&Path>, context: &Context) -> anyhow::Result<Exit> {
    let queue = QueueArgs { candidates: CANDIDATES, ..queue.clone() };
    let (mut cases, ..) = cases(store, &queue)?;
    store.read().add_stories(cases.iter_mut().flat_map(|case| &mut case.groups))?;
    let is_json = context.terminal.is_json() || path.and_then(Path::extension).is_some_and(|end| end == "json");
    let write =
        |out: &mut dyn Write| if is_json { write_json(store, &cases, out) } else { write_csv(store, &cases, out) };
    match path.filter(|path| !is_stdout(path)) {
        Some(path) => {
            keep_filled(path)?;
            whole_file(path, write)?;
            if context.terminal.is_json() {
                context.terminal.json(&json!({"file": path, "rows": cases.len()}))?;
            }
            context.terminal.done(format!(
                "wrote {} to `{}`; fill the column `decision`, then `gleaner unresolved import` it",
                words::count(cases.len() as u64, "mention"),
                path.display()
            ))?;
        }
        None => context.terminal.raw(write)?,
    }
    Ok(Exit::Done)
}

/// Refuses to write over a table in which somebody has filled decisions.
fn keep_filled(path: &Path) -> anyhow::Result<()> {
    if !path.is_file() {
        return Ok(());
    }
    let is_filled = |row: &Row| row.decision.as_deref().is_some_and(|text| !text.trim().is_empty());
    let n = read_rows(path).map_or(0, |rows| rows.iter().filter(|row| is_filled(row)).count());
    match n {
        0 => Ok(()),
        n => Err(usage(format!("`{}` has {} filled in", path.display(), words::count(n as u64, "decision"))))
            .hint(format!("`gleaner unresolved import {}` reads them; name another file", path.display())),
    }
}

fn write_csv(store: &Store, cases: &[Case], out: &mut dyn Write) -> anyhow::Result<()> {
    let heads = [
        "mention",
        "entity_type",
        "mentions",
        "decision",
        "candidate_1",
        "candidate_2",
        "candidate_3",
        "hints",
        "group_id",
        "group_title",
        "text",
    ];
    let mut rows = Rows::for_spreadsheets(out, &heads)?;
    for case in cases {
        let facts = case_facts(case);
        let candidate = |n: usize| {
            case.candidates.get(n).map_or(String::new(), |c| {
                let how = c.note.clone().unwrap_or_else(|| format!("{:.2}", c.score));
                // The last bracket ends the id, by which it is read back.
                let cell = format!("{how} {}", facts[n].replace(']', ")"));
                format!("{} [{}:{}] {}", c.entity.name, c.entity.entity_type, c.entity.id, cell.trim_end())
            })
        };
        let group = case.groups.first();
        let mut hints = hints_in_words(&case.hints);
        if !case.other_hints.is_empty() {
            hints = format!("{hints}; elsewhere {}", other_hints(case)).trim_start_matches("; ").to_owned();
        }
        rows.row(&[
            Cell::Text(&case.mention.mention),
            Cell::Text(&case.mention.entity_type),
            Cell::Count(case.mention.mentions),
            Cell::Text(""),
            Cell::Owned(candidate(0)),
            Cell::Owned(candidate(1)),
            Cell::Owned(candidate(2)),
            Cell::Owned(hints),
            Cell::Opt(group.map(|group| group.id.as_str())),
            Cell::Opt(group.and_then(|group| group.title.as_deref())),
            Cell::Owned(snippet(store, case)?),
        ])?;
    }
    rows.finish()
}

fn write_json(store: &Store, cases: &[Case], out: &mut dyn Write) -> anyhow::Result<()> {
    let mut rows = vec![];
    for case in cases {
        let mut row = serde_json::to_value(case)?;
        row["text"] = snippet(store, case)?.into();
        row["decision"] = "".into();
        rows.push(row);
    }
    serde_json::to_writer_pretty(&mut *out, &json!(rows))?;
    Ok(out.write_all(b"\n")?)
}

fn snippet(store: &Store, case: &Case) -> anyhow::Result<String> {
    let Some(row) = case.groups.first().map(|group| store.read().group(group.key)).transpose()?.flatten() else {
        return Ok(String::new());
    };
    let all = store.read().mention_texts_of(row.key)?;
    let found = first_place(&row.group.stories, &case.mention.mention, &all);
    Ok(found.map(|(text, place)| excerpt(text, place, AROUND)).unwrap_or_default())
}

/// A row that came back.
#[derive(Debug, Deserialize)]
struct Row {
    mention: String,
    #[serde(default)]
    entity_type: String,
    #[serde(default)]
    decision: Option<String>,
    #[serde(default)]
    candidate_1: String,
    #[serde(default)]
    candidate_2: String,
    #[serde(default)]
    candidate_3: String,
    /// True where the table has columns for candidates.
    #[serde(skip)]
    has_columns: bool,
    /// Damage that came to the row in a spreadsheet; `None`: none is seen.
    #[serde(skip)]
    damage: Option<String>,
    /// Candidates, which only a file in JSON has.
    candidates: Option<Vec<Shown>>,
}

/// A candidate that was shown, in JSON.
#[derive(Debug, Deserialize)]
struct Shown {
    #[serde(rename = "type")]
    entity_type: String,
    entity_id: String,
}

impl Row {
    /// Returns who was shown under a number. It is not worked out anew: the catalog, or what was decided, may put
    /// another one there by now. Where nobody was shown, the table was made by hand, and the catalog says it.
    fn candidate(&self, number: usize, store: &Store) -> anyhow::Result<Option<EntityKey>> {
        let Some(at) = number.checked_sub(1) else { return Ok(None) };
        let gone = |shown: &str| {
            Err(usage(format!("candidate {number} was `{shown}`, which the catalog does not have any more")))
                .hint("name another as `TYPE:ID`")
        };
        if let Some(shown) = &self.candidates {
            let Some(Shown { entity_type, entity_id }) = shown.get(at) else { return Ok(None) };
            let found = store.read().entity_key(entity_type, &EntityId::new(entity_id.as_str()))?;
            return if found.is_some() { Ok(found) } else { gone(&format!("{entity_type}:{entity_id}")) };
        }
        if !self.has_columns {
            let mention =
                Unresolved { mention: self.mention.clone(), entity_type: self.entity_type.clone(), mentions: 0 };
            let snapshot = store.snapshot()?;
            let case = Cases::open(snapshot.read())?.case(mention, 1, CANDIDATES)?;
            return Ok(case.candidates.get(at).map(|candidate| candidate.entity.key));
        }
        let columns = [&self.candidate_1, &self.candidate_2, &self.candidate_3];
        let shown = columns.get(at).map_or("", |cell| plain(cell).trim());
        if shown.is_empty() {
            return Ok(None);
        }
        // `Name [TYPE:ID] 0.97`: all of them may have brackets and colons in them, so the catalog says which are meant.
        let end = shown.rfind("] ").unwrap_or(shown.len());
        for (start, _) in shown[..end].match_indices('[') {
            let target = &shown[start + 1..end];
            for (colon, _) in target.match_indices(':') {
                let found = store.read().entity_key(&target[..colon], &EntityId::new(&target[colon + 1..]))?;
                if found.is_some() {
                    return Ok(found);
                }
            }
        }
        gone(shown)
    }
}

/// Refuses a row that came back damaged.
fn check(row: &Row, store: &Store) -> anyhow::Result<()> {
    if let Some(damage) = &row.damage {
        return Err(usage(damage.clone()));
    }
    for cell in [&row.mention, &row.entity_type] {
        if let Some(before) = before_garbling(cell) {
            return Err(usage(format!("`{cell}` was `{before}` before another program took it for another encoding")))
                .hint("open the file as UTF-8 there, and save it as `CSV UTF-8`");
        }
    }
    if row.has_columns && store.read().groups_of_mention_key(&mention_key(&row.mention))?.is_empty() {
        return Err(usage(format!("no story names `{}`; its cell was changed", row.mention)));
    }
    Ok(())
}

/// Reads decisions; all of them hold, or none.
pub(super) fn import(store: &mut Store, path: &Path, only_unlinked: bool, context: &Context) -> anyhow::Result<Exit> {
    let rows = read_rows(path).with_context(|| format!("cannot read `{}`", path.display()))?;
    let (mut decided, mut refused) = (vec![], vec![]);
    for (n, row) in rows.iter().enumerate() {
        let Some(text) = row.decision.as_deref().map(str::trim).filter(|text| !text.is_empty()) else { continue };
        let read = |_| mentions::read_answer(store, &row.mention, text, |number| row.candidate(number, store));
        let answer = check(row, store)
            .and_then(read)
            .with_context(|| format!("row {} of `{}` (mention `{}`)", n + 1, path.display(), row.mention))
            .exit(Exit::Usage);
        let answer = match answer {
            Ok(answer) => answer,
            Err(error) => {
                refused.push(error);
                continue;
            }
        };
        let about = About {
            mention: row.mention.clone(),
            entity_type: row.entity_type.clone(),
            hints: Default::default(),
            only_unlinked,
        };
        decided.extend(answer.map(|answer| (about, answer)));
    }
    refuse(refused, context)?;
    let now = context.config.now_text();
    let change = Change::new("unresolved import", path.display().to_string(), &now);
    let tx = store.change(&change)?;
    let said = decided.iter().map(|(about, answer)| (about, answer));
    let done = mentions::decide_all(&tx, said, &now)?;
    tx.commit()?;
    let known = match done.n_known {
        0 => String::new(),
        n => format!("; {} there already", words::count_verb(n, "decision", "was")),
    };
    context.terminal.done(format!(
        "{} of {} decided{known}",
        words::number(decided.len() as u64),
        words::count(rows.len() as u64, "row")
    ))?;
    let exit = report(store, &done, context)?;
    hint_if_moved(&done, "`--only-unlinked` leaves links as they are", context);
    Ok(exit)
}

/// Columns without which a table decides nothing.
const COLUMNS: &str = "it needs the columns `mention` and `decision`";

fn read_rows(path: &Path) -> anyhow::Result<Vec<Row>> {
    let bytes = input::bytes(path, FILE_BYTES_MAX)?;
    let text = std::str::from_utf8(&bytes).map_err(|_| usage("it is not UTF-8")).hint("save it as `CSV UTF-8`")?;
    let text = text.trim_start_matches('\u{feff}');
    if text.trim_start().starts_with('[') {
        return serde_json::from_str(text).map_err(|error| usage(format!("it is not a list of decisions: {error}")));
    }
    let separator = separator(text.as_bytes());
    let mut reader = csv::ReaderBuilder::new().delimiter(separator).flexible(true).from_reader(text.as_bytes());
    let mut rows = vec![];
    let heads = reader.headers().cloned().unwrap_or_default();
    let has = |name: &str| heads.iter().any(|head| head == name);
    if !heads.is_empty() && !has("mention") {
        return Err(usage("no column is called `mention`")).hint(COLUMNS);
    }
    // Columns of our own tables, of which no one made by hand has all.
    let is_ours = ["mentions", "group_id", "text"].iter().any(|name| has(name)) || has("candidate_1");
    let lost = ["candidate_1", "candidate_2", "candidate_3"].into_iter().find(|name| is_ours && !has(name));
    for cells in reader.records() {
        let mut cells = cells.map_err(|error| usage(error.to_string()))?;
        let damage = damage(&cells, &heads);
        while cells.len() < heads.len() {
            cells.push_field("");
        }
        let mut row: Row = cells.deserialize(Some(&heads)).map_err(|error| usage(error.to_string())).hint(COLUMNS)?;
        row.damage = damage;
        let is_number = row.decision.as_deref().is_some_and(|text| text.trim().parse::<usize>().is_ok());
        if let Some(lost) = lost.filter(|_| is_number && row.damage.is_none()) {
            row.damage = Some(format!("the column `{lost}` is gone, so that a number names nobody"));
        }
        row.mention = plain(&row.mention).to_owned();
        row.entity_type = plain(&row.entity_type).to_owned();
        row.has_columns = has("candidate_1");
        rows.push(row);
    }
    Ok(rows)
}
