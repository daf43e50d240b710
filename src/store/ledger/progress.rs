//! Progress by the ledger: one pass over its rows, group by group and question by question.

use std::collections::HashMap;

use rusqlite::types::ValueRef;

use super::RequestState;
use super::account::{LedgerProgress, Progress};
use crate::answer::Reason;
use crate::model::{GroupKey, Kind, PromptKey};
use crate::store::Read;
use crate::store::counts::Counts;

/// The request that stands for a question in one world: the last one, an answer before later tries that brought none.
#[derive(Clone, Copy)]
struct Last {
    state: RequestState,
    stands: bool,
}

/// One question about a group, in one world.
#[derive(Clone, Copy, Default)]
struct Question {
    last: Option<Last>,
    /// True where there is an answer, which stands while the question is asked again.
    is_answered: bool,
    /// True where any answer is to the text and one of the prompts of today: an earlier one stands where somebody went back
    /// to an earlier prompt, and is not asked for again.
    is_answered_today: bool,
}

/// Rows of one group in one world.
#[derive(Clone, Copy, Default)]
struct OfGroup {
    questions: [Question; 2],
    shared: Kinds,
}

impl Read<'_> {
    /// Counts the requests about groups with these ids, and what they cost.
    pub(in crate::store) fn ledger_of(
        self,
        (first, last): (i64, i64),
        current: &[PromptKey],
        has_shared: bool,
        counts: &mut Counts,
    ) -> anyhow::Result<()> {
        let mut shared = if has_shared { self.shared_kinds(first, last)? } else { HashMap::new() };
        let mut statement = self.0.prepare_cached(
            "SELECT r.story_group_id, r.kind, r.state, r.prompt_id, r.text_hash IS g.text_hash, r.sandbox,
                    r.is_comparison, r.reason
             FROM main.requests r CROSS JOIN main.story_groups g ON g.id = r.story_group_id
             WHERE r.story_group_id BETWEEN ?1 AND ?2
             ORDER BY r.story_group_id, r.kind, r.id",
        )?;
        let mut rows = statement.query([first, last])?;
        let (mut group, mut worlds) = (None, [OfGroup::default(); 2]);
        let mut too_large = [false; 2];
        let mut has_rehearsed = false;
        while let Some(row) = rows.next()? {
            let this: GroupKey = row.get(0)?;
            if group != Some(this) {
                if group.is_some() {
                    settle(&worlds, too_large, counts);
                }
                let kinds = shared.remove(&this).unwrap_or_default();
                worlds = kinds.map(|shared| OfGroup { questions: Default::default(), shared });
                (group, too_large) = (Some(this), [false; 2]);
            }
            let (kind, state): (Kind, RequestState) = (row.get(1)?, row.get(2)?);
            let (sandbox, is_comparison): (bool, bool) = (row.get(5)?, row.get(6)?);
            has_rehearsed |= sandbox;
            if is_comparison {
                continue;
            }
            let reason = match row.get_ref(7)? {
                ValueRef::Text(reason) => reason,
                _ => b"",
            };
            too_large[kind as usize] = state == RequestState::Withdrawn && reason == b"too_large";
            counts.n_model_gone += u64::from(state == RequestState::Failed && reason == Reason::MODEL_GONE.as_bytes());
            if state == RequestState::Withdrawn {
                continue;
            }
            let question = &mut worlds[usize::from(sandbox)].questions[kind as usize];
            let stands = matches!(state, RequestState::Usable | RequestState::Planned | RequestState::Sent);
            if stands || question.last.is_none_or(|last| !last.stands) {
                question.last = Some(Last { state, stands });
            }
            question.is_answered |= state == RequestState::Usable;
            question.is_answered_today |=
                state == RequestState::Usable && row.get(4)? && current.contains(&row.get(3)?);
        }
        if group.is_some() {
            settle(&worlds, too_large, counts);
        }
        for worlds in shared.into_values() {
            settle(&worlds.map(|shared| OfGroup { shared, ..OfGroup::default() }), [false; 2], counts);
        }
        counts.progress.real.spend = self.spend_about((first, last), false)?;
        if has_rehearsed {
            counts.progress.sandbox.spend = self.spend_about((first, last), true)?;
        }
        Ok(())
    }

    /// Returns which answers groups share with others, in both worlds.
    fn shared_kinds(self, first: i64, last: i64) -> anyhow::Result<HashMap<GroupKey, [Kinds; 2]>> {
        let mut statement = self.0.prepare_cached(
            "SELECT c.story_group_id, r.kind, r.sandbox FROM main.current_answers c JOIN main.requests r ON r.id = c.request_id
             WHERE c.is_shared = 1 AND c.story_group_id BETWEEN ?1 AND ?2",
        )?;
        let mut shared: HashMap<GroupKey, [Kinds; 2]> = HashMap::new();
        let mut rows = statement.query([first, last])?;
        while let Some(row) = rows.next()? {
            let sandbox: bool = row.get(2)?;
            shared.entry(row.get(0)?).or_default()[usize::from(sandbox)].add(row.get(1)?);
        }
        Ok(shared)
    }
}

/// Counts a group.
fn settle(worlds: &[OfGroup; 2], too_large: [bool; 2], counts: &mut Counts) {
    counts.n_too_large += u64::from(too_large.contains(&true));
    let Progress { real, sandbox } = &mut counts.progress;
    for (of, progress) in worlds.iter().zip([real, sandbox]) {
        progress.groups_asked += u64::from(of.questions.iter().any(|question| question.last.is_some()));
        progress.groups_sharing += u64::from(of.shared != Kinds::default());
        let mut kinds = of.shared;
        for (kind, question) in of.questions.iter().enumerate() {
            let Some(last) = question.last else { continue };
            progress.count(last.state);
            if last.state == RequestState::Usable {
                // A shared answer to the text of today stands for an old one.
                progress.stale += u64::from(!of.shared.0[kind] && !question.is_answered_today);
                kinds.0[kind] = true;
            } else if question.is_answered {
                progress.usable += 1;
                progress.asked_again += 1;
                kinds.0[kind] = true;
            }
        }
        progress.groups_done += u64::from(kinds.are_all());
    }
}

/// Kinds of questions that are answered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Kinds([bool; 2]);

impl Kinds {
    fn add(&mut self, kind: Kind) {
        self.0[kind as usize] = true;
    }

    fn are_all(self) -> bool {
        self.0 == [true; 2]
    }
}

impl LedgerProgress {
    /// Counts the request that stands for a question.
    fn count(&mut self, state: RequestState) {
        let n = match state {
            RequestState::Usable => &mut self.usable,
            RequestState::Planned => &mut self.planned,
            RequestState::Sent => &mut self.in_flight,
            RequestState::Unusable => &mut self.unusable,
            RequestState::Refused => &mut self.refused,
            RequestState::Failed => &mut self.failed,
            RequestState::Missing => &mut self.missing,
            RequestState::Withdrawn => return,
        };
        *n += 1;
    }

    /// Adds the progress of other groups.
    pub fn add(&mut self, other: &LedgerProgress) {
        self.groups_done += other.groups_done;
        self.groups_sharing += other.groups_sharing;
        self.groups_asked += other.groups_asked;
        self.usable += other.usable;
        self.stale += other.stale;
        self.asked_again += other.asked_again;
        self.planned += other.planned;
        self.in_flight += other.in_flight;
        self.unusable += other.unusable;
        self.refused += other.refused;
        self.failed += other.failed;
        self.missing += other.missing;
        self.spend.add(other.spend);
    }
}
