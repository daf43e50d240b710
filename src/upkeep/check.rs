//! Findings about a database: the file, the ledger, the indexes, and what lies beside it.
//!
//! Every finding says what it is and which command mends it. Nothing is changed here.

use std::path::{Path, PathBuf};

use serde::Serialize;

use super::left_over;
use crate::interrupt;
use crate::linking;
use crate::store::{Damage, Loss, Read, Store};
use crate::text::single_line;
use crate::text::words::{count, count_verb};

/// The area that a finding belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Area {
    /// The schema: its version, and what of it is missing.
    Schema,
    /// The file's pages and values.
    Damage,
    /// Rows that refer to nothing.
    References,
    /// The ledger does not add up.
    Ledger,
    /// An index is missing or outdated.
    Index,
    /// Files beside the database.
    Files,
    /// The clock of this machine.
    Clock,
}

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// Part of the file that it is about.
    pub area: Area,
    /// The table that is meant, where it is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub table: Option<String>,
    /// Finding, in words.
    pub what: String,
    /// Remedy, in words.
    pub mend: String,
    /// True where `check --repair` mends it.
    pub is_repairable: bool,
}

/// Remedy of last resort.
const FROM_BACKUP: &str = "put a backup in its place, made with `gleaner backup`";
const REPAIR: &str = "`gleaner check --repair`";

impl Finding {
    fn new(area: Area, what: impl Into<String>, mend: impl Into<String>) -> Finding {
        Finding { area, table: None, what: what.into(), mend: mend.into(), is_repairable: false }
    }

    fn repairable(area: Area, what: impl Into<String>) -> Finding {
        Finding { is_repairable: true, ..Finding::new(area, what, REPAIR) }
    }
}

/// Looks at everything. A file so damaged that a question fails answers it with a finding; what is dated later than
/// `future` was written under a wrong clock.
pub fn check(store: &Store, future: &str) -> anyhow::Result<Vec<Finding>> {
    let mut findings = of_file(store.read());
    interrupt::check()?;
    if findings.iter().any(|finding| finding.area == Area::Schema && !finding.is_repairable) {
        // The rest asks for tables and columns that may be others.
        return Ok(findings);
    }
    let questions: [fn(Read<'_>, &str) -> anyhow::Result<Vec<Finding>>; 3] = [ledger, indexes, clock];
    for question in questions {
        interrupt::check()?;
        match question(store.read(), future) {
            Ok(found) => findings.extend(found),
            // What is damaged was told above; a question may well stumble over it.
            Err(_) if findings.iter().any(|finding| finding.area == Area::Damage) => {}
            Err(error) => return Err(error),
        }
    }
    findings.extend(files(store));
    Ok(findings)
}

/// Looks at the file alone: its schema, pages, values and references. For backups as well.
pub fn of_file(read: Read<'_>) -> Vec<Finding> {
    let mut findings = vec![];
    let (mut damage, misfits) = (read.structural_damage(false), read.misfits());
    let is_whole = damage.is_empty();
    // SQLite names the table of a value that a CHECK refuses, we name its column too.
    damage.retain(|it| !it.what.starts_with("CHECK ") || misfits.iter().all(|misfit| misfit.table != it.table));
    findings.extend(damage.into_iter().map(damaged));
    match read.schema_version() {
        Ok((found, newest)) if found > newest => {
            let what = format!("the schema is of version {found}, this program knows up to {newest}");
            findings.push(Finding::new(Area::Schema, what, "install the newer gleaner"));
            return findings;
        }
        Ok((found, newest)) if found < newest => {
            let what = format!("the schema is of version {found}, this program's is {newest}");
            findings.push(Finding::new(Area::Schema, what, "any command that writes brings it forward"));
            return findings;
        }
        Ok(_) => {}
        Err(error) => findings.push(unanswered("the schema", &error)),
    }
    match read.missing_objects() {
        Ok(missing) => findings.extend(missing.into_iter().map(|object| {
            let what = format!("the {} `{}` is missing", object.kind, object.name);
            if object.is_derived() {
                Finding::repairable(Area::Schema, what)
            } else {
                Finding::new(Area::Schema, what, FROM_BACKUP)
            }
        })),
        Err(error) => findings.push(unanswered("the schema", &error)),
    }
    for misfit in misfits {
        // A table that cannot be read was told of already.
        if is_whole || !findings.iter().any(|finding| finding.table.as_deref() == Some(&misfit.table)) {
            findings.push(damaged(misfit));
        }
    }
    match read.dangling() {
        Ok(dangling) => findings.extend(dangling.into_iter().map(|rows| {
            let (refer, n) = (if rows.n == 1 { "refers" } else { "refer" }, count(rows.n, "row"));
            let what = format!("{n} of `{}` {refer} to rows of `{}` that are not there", rows.table, rows.parent);
            let mend = match (rows.table.as_str(), rows.parent.as_str()) {
                ("story_entities", "entities") => "`gleaner resolve --all`",
                ("story_topics" | "story_entities", _) => "`gleaner rebuild`",
                _ => FROM_BACKUP,
            };
            Finding { table: Some(rows.table), ..Finding::new(Area::References, what, mend) }
        })),
        Err(error) if is_whole => findings.push(unanswered("references", &error)),
        Err(_) => {}
    }
    findings
}

fn damaged(damage: Damage) -> Finding {
    let what = format!("`{}` is damaged: {}", single_line(&damage.table), single_line(&damage.what));
    let finding = match damage.loss {
        Loss::Data => Finding::new(Area::Damage, what, FROM_BACKUP),
        Loss::Index | Loss::Search => Finding::repairable(Area::Damage, what),
    };
    Finding { table: Some(damage.table), ..finding }
}

fn unanswered(what: &str, error: &anyhow::Error) -> Finding {
    Finding::new(Area::Damage, format!("{what} cannot be read: {}", single_line(&format!("{error:#}"))), FROM_BACKUP)
}

fn ledger(read: Read<'_>, _: &str) -> anyhow::Result<Vec<Finding>> {
    let mut findings = vec![];
    for batch in read.unbalanced_batches()? {
        let what = format!(
            "batch `{}` was sent {} and accounts for {}",
            batch.batch,
            count(batch.n_sent, "request"),
            batch.n_settled
        );
        findings.push(Finding::new(Area::Ledger, what, format!("`gleaner batch process {}`", batch.batch)));
    }
    let create = "`gleaner batch create` asks again, and pays again";
    for (n, noun, verb, rest, mend) in [
        (read.n_stuck_requests()?, "request", "waits", "for an answer that no batch will bring", create),
        (read.n_answers_lost()?, "request", "is", "said to be answered, and the answer is not kept", FROM_BACKUP),
        (read.n_current_unusable()?, "answer", "counts", "and is not usable", "`gleaner rebuild`"),
        (read.n_groups_untaught()?, "group", "has", "topics or mentions that no answer taught", "`gleaner rebuild`"),
    ] {
        if n > 0 {
            findings.push(Finding::new(Area::Ledger, format!("{} {rest}", count_verb(n, noun, verb)), mend));
        }
    }
    Ok(findings)
}

fn indexes(read: Read<'_>, _: &str) -> anyhow::Result<Vec<Finding>> {
    let mut findings = vec![];
    let is_usable = linking::is_usable(read)?;
    if is_usable && !linking::is_sound(read)? {
        findings.push(Finding::repairable(Area::Index, "the name index of the catalog is damaged"));
    }
    if !is_usable && read.has_entities()? && !linking::is_earlier(read)? {
        findings.push(Finding::repairable(Area::Index, "the name index of the catalog is missing or outdated"));
    }
    let n = read.n_wrong_counts()?;
    if n > 0 {
        let are = if n == 1 { "is" } else { "are" };
        let what = format!("{} that `progress` adds up {are} wrong", count(n, "count"));
        findings.push(Finding::repairable(Area::Index, what));
    }
    Ok(findings)
}

fn clock(read: Read<'_>, future: &str) -> anyhow::Result<Vec<Finding>> {
    let (n, latest) = read.times_after(future)?;
    Ok(latest.map_or(vec![], |latest| {
        let what = format!(
            "{} from the future, up to {}: the clock is or was wrong",
            count_verb(n, "time", "comes"),
            single_line(&latest)
        );
        vec![Finding::new(Area::Clock, what, "set the clock of this machine; what is written stays")]
    }))
}

fn files(store: &Store) -> Vec<Finding> {
    let mut findings: Vec<Finding> = left_over::temporary(&folders(store))
        .into_iter()
        .map(|path| Finding::repairable(Area::Files, format!("{} was left behind by a crash", name(&path))))
        .collect();
    // A ledger that cannot be asked was told of already.
    for path in left_over::orphans(store.read(), &batch_files(store)).unwrap_or_default() {
        let what = format!("{} is of a run that this database made and does not know", name(&path));
        let mend = "`gleaner batch wait` finds what was sent; nothing sent is lost at the provider";
        findings.push(Finding::new(Area::Files, what, mend));
    }
    findings
}

/// Returns the folders where gleaner writes by itself.
pub(super) fn folders(store: &Store) -> [PathBuf; 2] {
    [store.folder().to_owned(), batch_files(store)]
}

fn batch_files(store: &Store) -> PathBuf {
    store.folder().join("batch_files")
}

fn name(path: &Path) -> String {
    format!("`{}`", single_line(&path.display().to_string()))
}
