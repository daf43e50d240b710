//! State of the whole collection, in numbers that are counted once for each state of the file.
//!
//! Counting looks at every request and answer: a third of a second for 50,000 groups. What was counted is kept with the
//! file's change counter, which every program that writes to the file moves on (the file format, section 1.3.7): while
//! it is the same, so are the numbers. Nobody who writes has to know of it.

use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::time::Duration;

use rusqlite::{MAIN_DB, OptionalExtension as _, params};

use super::grounding::GroundingCounts;
use super::groups::GroupCounts;
use super::ledger::{LedgerProgress, Progress, Spend};
use super::{Read, Store, Tx};
use crate::model::PromptKey;

/// Offset of the change counter in the file: four bytes, the largest first.
const CHANGE_COUNTER_AT: u64 = 24;

/// A smaller collection is counted in no time, and nothing is written for it.
const GROUPS_MIN: u64 = 5_000;

/// State of the whole collection.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Totals {
    /// Groups by whether they can be asked about.
    pub groups: GroupCounts,
    /// Requests by what became of them, and what they cost.
    pub progress: Progress,
    /// Topics that were learned.
    pub topics: u64,
    /// Mentions that were learned.
    pub mentions: u64,
    /// Of these, linked.
    pub linked: u64,
    /// Rows of the catalog.
    pub n_entities: u64,
    /// Active groups with the text of another one.
    pub n_copies: u64,
    /// Groups left out as too large for a queue.
    pub n_too_large: u64,
    /// Mentions by how they stand in the stories.
    pub grounding: GroundingCounts,
}

impl Store {
    /// Returns where the collection stands; `current` are the prompts that would be sent today.
    pub fn totals(&mut self, current: &[PromptKey]) -> anyhow::Result<Totals> {
        self.totals_from(current, GROUPS_MIN)
    }

    fn totals_from(&mut self, current: &[PromptKey], groups_min: u64) -> anyhow::Result<Totals> {
        let question = current.iter().map(|prompt| prompt.0.to_string()).collect::<Vec<_>>().join(",");
        // Nobody commits while this is held, so the counter is that of what is read.
        let snapshot = self.snapshot()?;
        let kept = snapshot.read().kept_totals(&question)?;
        let header = self.header();
        let counter = header.and_then(change_counter);
        if let (Some((at, numbers)), Some(counter)) = (kept, counter)
            && at == i64::from(counter)
            && let Some(totals) = from_numbers(&numbers)
        {
            return Ok(totals);
        }
        let totals = snapshot.read().count_totals(current)?;
        drop(snapshot);
        if let (Some(header), Some(counter)) = (header, counter)
            && totals.groups.total >= groups_min
        {
            self.keep_totals(&question, header, counter, &totals);
        }
        Ok(totals)
    }

    /// Returns the database's file for reading its header. It stays open as long as the process: on POSIX systems, closing
    /// any descriptor of a file drops all locks that the process holds on it, SQLite's included, and two could write at
    /// once ("How To Corrupt An SQLite Database File", section 2.2).
    fn header(&self) -> Option<&'static File> {
        *self.header.get_or_init(|| File::open(self.path()).ok().map(|file| &*Box::leak(Box::new(file))))
    }

    /// Keeps the numbers of a state, if it is still the state of the file. Where it cannot be written now they are
    /// counted again the next time.
    fn keep_totals(&mut self, question: &str, header: &File, counter: u32, totals: &Totals) {
        if self.connection.is_readonly(MAIN_DB).unwrap_or(true) {
            return;
        }
        let _ = self.connection.busy_timeout(Duration::ZERO);
        let kept = self.write().and_then(|tx| {
            if change_counter(header) == Some(counter) {
                // The commit itself moves the counter on by one.
                tx.put_totals(question, counter.wrapping_add(1), &numbers(totals))?;
                tx.commit()?;
            }
            Ok(())
        });
        drop(kept);
        let _ = self.connection.busy_timeout(self.busy_timeout);
    }
}

impl Read<'_> {
    fn count_totals(self, current: &[PromptKey]) -> anyhow::Result<Totals> {
        let (topics, mentions, linked) = self.knowledge_counts()?;
        Ok(Totals {
            groups: self.group_counts()?,
            progress: self.progress(current)?,
            topics,
            mentions,
            linked,
            n_entities: self.n_entities()?,
            n_copies: self.n_copies()?,
            n_too_large: self.n_too_large()?,
            grounding: self.grounding_counts()?,
        })
    }

    fn kept_totals(self, question: &str) -> anyhow::Result<Option<(i64, String)>> {
        let mut statement = self.0.prepare("SELECT change_counter, numbers FROM _totals WHERE prompts = ?1")?;
        Ok(statement.query_row([question], |row| Ok((row.get(0)?, row.get(1)?))).optional()?)
    }
}

impl Tx<'_> {
    fn put_totals(&self, question: &str, counter: u32, numbers: &str) -> anyhow::Result<()> {
        self.execute("DELETE FROM _totals", [])?;
        self.execute(
            "INSERT INTO _totals (prompts, change_counter, numbers) VALUES (?1, ?2, ?3)",
            params![question, counter, numbers],
        )?;
        Ok(())
    }
}

fn change_counter(mut file: &File) -> Option<u32> {
    let mut bytes = [0; 4];
    file.seek(SeekFrom::Start(CHANGE_COUNTER_AT)).ok()?;
    file.read_exact(&mut bytes).ok()?;
    Some(u32::from_be_bytes(bytes))
}

/// The numbers as a list of integers in JSON: sums of money by their bits, so that they come back as they were.
fn numbers(totals: &Totals) -> String {
    let groups = totals.groups;
    let mut all = vec![groups.total, groups.inactive, groups.without_text, groups.stories];
    for part in [&totals.progress.real, &totals.progress.sandbox] {
        let spend = part.spend;
        all.extend([part.groups_done, part.groups_sharing, part.groups_asked]);
        all.extend([part.usable, part.stale, part.planned, part.in_flight]);
        all.extend([part.unusable, part.refused, part.failed, part.missing]);
        all.extend([spend.n_answers, spend.input_tokens, spend.cached_tokens, spend.cache_write_tokens]);
        all.extend([spend.output_tokens, spend.reasoning_tokens, spend.n_unpriced]);
        all.push(spend.n_without_usage);
        all.extend([spend.cost_usd, spend.unusable_cost_usd, spend.saved_usd].map(f64::to_bits));
    }
    all.extend([totals.topics, totals.mentions, totals.linked, totals.n_entities, totals.n_copies, totals.n_too_large]);
    let grounding = totals.grounding;
    all.extend([grounding.exact, grounding.normalized, grounding.fuzzy, grounding.ungrounded, grounding.unknown]);
    serde_json::json!(all).to_string()
}

/// Reads the numbers back; `None` where another program kept others.
fn from_numbers(text: &str) -> Option<Totals> {
    let all: [u64; 59] = serde_json::from_str::<Vec<u64>>(text).ok()?.try_into().ok()?;
    let mut all = all.into_iter();
    let mut n = || all.next().unwrap_or(0);
    let groups = GroupCounts { total: n(), inactive: n(), without_text: n(), stories: n() };
    let mut part = || LedgerProgress {
        groups_done: n(),
        groups_sharing: n(),
        groups_asked: n(),
        usable: n(),
        stale: n(),
        planned: n(),
        in_flight: n(),
        unusable: n(),
        refused: n(),
        failed: n(),
        missing: n(),
        spend: Spend {
            n_answers: n(),
            input_tokens: n(),
            cached_tokens: n(),
            cache_write_tokens: n(),
            output_tokens: n(),
            reasoning_tokens: n(),
            n_unpriced: n(),
            n_without_usage: n(),
            cost_usd: f64::from_bits(n()),
            unusable_cost_usd: f64::from_bits(n()),
            saved_usd: f64::from_bits(n()),
        },
    };
    let progress = Progress { real: part(), sandbox: part() };
    Some(Totals {
        groups,
        progress,
        topics: n(),
        mentions: n(),
        linked: n(),
        n_entities: n(),
        n_copies: n(),
        n_too_large: n(),
        grounding: GroundingCounts { exact: n(), normalized: n(), fuzzy: n(), ungrounded: n(), unknown: n() },
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::explore::testing;
    use rusqlite::Connection;

    #[test]
    fn numbers_come_back_as_they_were() {
        let mut n = 0;
        let mut next = || {
            n += 1;
            n
        };
        let mut part = || LedgerProgress {
            groups_done: next(),
            stale: next(),
            missing: u64::MAX,
            spend: Spend { cost_usd: 0.1 + 0.2, saved_usd: 1e-300, n_unpriced: next(), ..Spend::default() },
            ..LedgerProgress::default()
        };
        let progress = Progress { real: part(), sandbox: part() };
        let totals = Totals { progress, topics: 7, n_too_large: 9, ..Totals::default() };
        assert_eq!(from_numbers(&numbers(&totals)), Some(totals));
        for wrong in ["", "[]", "[1,2]", "{}", "[-1]"] {
            assert_eq!(from_numbers(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn what_was_counted_holds_until_anybody_writes() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("t.db");
        testing::store().connection.execute("VACUUM INTO ?1", [path.to_str().unwrap()]).unwrap();
        let mut store = Store::open(&path).unwrap();
        let kept = |store: &Store| -> i64 {
            store.connection.query_row("SELECT count(*) FROM _totals", [], |row| row.get(0)).unwrap()
        };
        let counted = store.totals_from(&[], u64::MAX).unwrap();
        assert_eq!(kept(&store), 0, "a small collection is not kept");
        assert_eq!(store.totals_from(&[], 0).unwrap(), counted);
        assert_eq!(kept(&store), 1);
        // A number that only what is kept can tell.
        let other = Connection::open(&path).unwrap();
        let counter = change_counter(store.header().unwrap()).unwrap();
        other
            .execute(
                "UPDATE _totals SET numbers = json_set(numbers, '$[53]', 77), change_counter = ?1",
                [counter.wrapping_add(1)],
            )
            .unwrap();
        assert_eq!(store.totals_from(&[], 0).unwrap().n_too_large, 77);
        assert_eq!(store.totals_from(&[PromptKey(1)], 0).unwrap().n_too_large, 0, "of other prompts nothing is kept");
        for edit in ["DELETE FROM story_topics", "UPDATE story_groups SET status = 'x' WHERE id = 1"] {
            let before = store.totals_from(&[], 0).unwrap();
            other.execute_batch(edit).unwrap();
            let after = store.totals_from(&[], 0).unwrap();
            assert_ne!(before, after, "{edit}");
            assert_eq!(after, store.read().count_totals(&[]).unwrap(), "{edit}");
        }
    }

    #[test]
    fn reading_the_counter_leaves_the_locks_of_a_writer() {
        const OTHER: &str = "GLEANER_TEST_OTHER_WRITER";
        // Locks of one process are one, so who tries to write is another process: this test once more.
        if let Some(path) = std::env::var_os(OTHER) {
            let other = Connection::open(path).unwrap();
            other.busy_timeout(Duration::ZERO).unwrap();
            let error = other.execute_batch("BEGIN IMMEDIATE").unwrap_err();
            assert_eq!(error.sqlite_error_code(), Some(rusqlite::ErrorCode::DatabaseBusy));
            return;
        }
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("t.db");
        testing::store().connection.execute("VACUUM INTO ?1", [path.to_str().unwrap()]).unwrap();
        let mut store = Store::open(&path).unwrap();
        let header = store.header().unwrap();
        let tx = store.write().unwrap();
        assert!(change_counter(header).is_some());
        let name = std::thread::current().name().unwrap().to_owned();
        let program = std::env::current_exe().unwrap();
        let other = std::process::Command::new(program).args(["--exact", &name]).env(OTHER, &path).output().unwrap();
        let said = String::from_utf8_lossy(&other.stdout);
        assert!(other.status.success() && said.contains("1 passed"), "{said}");
        tx.commit().unwrap();
    }
}
