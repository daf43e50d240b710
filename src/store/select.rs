//! Which groups are asked about next: the table "what is sent again".

use std::collections::HashSet;

use anyhow::Context as _;
use rusqlite::params;
use sha2::{Digest as _, Sha256};

use super::attributes::Conditions;
use super::{Read, RequestState};
use crate::model::{GroupId, GroupKey, Kind, PromptKey};

/// Which groups are meant.
#[derive(Clone, Debug, Default)]
pub struct Selection {
    /// At most this many groups.
    pub limit: Option<u64>,
    /// Only these.
    pub ids: Option<Vec<GroupId>>,
    /// Only groups from this time on.
    pub since: Option<String>,
    /// Only groups before this time.
    pub before: Option<String>,
    /// Only groups with a story whose attributes are so.
    pub attributes: Option<Conditions>,
    /// So many groups drawn at random with a seed. They are drawn from all that have text, answered or not, so that the
    /// same seed means the same groups tomorrow.
    pub sample: Option<(u64, u64)>,
    /// What is sent again.
    pub resend: Resend,
}

/// What is sent again beside what was never billed.
#[derive(Clone, Copy, Debug, Default)]
pub struct Resend {
    /// Refused by the endpoint, or paid but unusable, up to this many attempts.
    pub failed_up_to: Option<u32>,
    /// Usable, but the fingerprint has changed.
    pub stale: bool,
}

/// The asks that would be sent today; `None` where this prompt was never sent before.
#[derive(Clone, Copy, Debug, Default)]
pub struct CurrentPrompts {
    /// For topics.
    pub topic: Option<PromptKey>,
    /// For entities.
    pub entity: Option<PromptKey>,
}

impl CurrentPrompts {
    fn of(&self, kind: Kind) -> Option<PromptKey> {
        match kind {
            Kind::Topic => self.topic,
            Kind::Entity => self.entity,
        }
    }
}

/// A group to ask about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// The group.
    pub group: GroupKey,
    /// The attempt this would be for its topics; `None`: not asked.
    pub topic: Option<u32>,
    /// The attempt this would be for its entities; `None`: not asked.
    pub entity: Option<u32>,
}

impl Candidate {
    /// Returns what is asked, with the number of the attempt.
    pub fn kinds(&self) -> impl Iterator<Item = (Kind, u32)> {
        [(Kind::Topic, self.topic), (Kind::Entity, self.entity)].into_iter().filter_map(|(kind, n)| Some((kind, n?)))
    }
}

/// What was selected, and why the rest was not.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Selected {
    /// In the order they are sent.
    pub candidates: Vec<Candidate>,
    /// Ids that were asked for and are not in the database.
    pub unknown_ids: Vec<GroupId>,
    /// Requests that are answered.
    pub n_answered: u64,
    /// Of these, stale ones that `--stale` would send again.
    pub n_stale: u64,
    /// Requests in flight or waiting in a part.
    pub n_pending: u64,
    /// Requests that `--retry-failed` would send again.
    pub n_held_back: u64,
    /// Requests that have had all their attempts.
    pub n_exhausted: u64,
    /// What the unusable answers of the requests now sent again, or held back, have cost so far.
    pub unusable_cost_usd: f64,
}

/// What is to be done about one request.
enum Verdict {
    Send { attempt: u32 },
    Answered { stale: bool },
    Pending,
    HeldBack,
    Exhausted,
}

impl Read<'_> {
    /// Returns the groups that can be asked about, in the order they are sent, asked before or not.
    pub fn active_groups(self, selection: &Selection) -> anyhow::Result<Vec<GroupKey>> {
        let mut unknown = vec![];
        let wanted = selection.ids.as_ref().map(|ids| self.keys_of(ids, &mut unknown)).transpose()?;
        Ok(self.meant(selection, wanted.as_ref())?.into_iter().map(|(key, _)| key).collect())
    }

    /// Selects groups to ask about, newest first (created_at, else latest published_at, else load order).
    pub fn select(self, selection: &Selection, prompts: CurrentPrompts, sandbox: bool) -> anyhow::Result<Selected> {
        let mut selected = Selected::default();
        let wanted = match &selection.ids {
            Some(ids) => Some(self.keys_of(ids, &mut selected.unknown_ids)?),
            None => None,
        };
        let groups = self.meant(selection, wanted.as_ref())?;
        for (group, text_hash) in groups {
            if selection.limit.is_some_and(|limit| selected.candidates.len() as u64 >= limit) {
                break;
            }
            let topic =
                self.judge_into(&mut selected, group, Kind::Topic, text_hash, selection.resend, prompts, sandbox)?;
            let entity =
                self.judge_into(&mut selected, group, Kind::Entity, text_hash, selection.resend, prompts, sandbox)?;
            if topic.is_some() || entity.is_some() {
                selected.candidates.push(Candidate { group, topic, entity });
            }
        }
        Ok(selected)
    }

    fn meant(
        self,
        selection: &Selection,
        wanted: Option<&HashSet<GroupKey>>,
    ) -> anyhow::Result<Vec<(GroupKey, [u8; 16])>> {
        let mut statement = self.0.prepare_cached(
            "SELECT id, external_id, text_hash FROM story_groups
             WHERE status = 'active' AND text_hash IS NOT NULL
               AND (?1 IS NULL OR sort_at >= ?1) AND (?2 IS NULL OR sort_at < ?2)
               AND (?3 IS NULL OR EXISTS (SELECT 1 FROM stories s WHERE s.story_group_id = story_groups.id AND attributes_fit(s.attributes, ?3)))
             ORDER BY sort_at DESC, id",
        )?;
        let mut rows = statement.query(params![selection.since, selection.before, selection.attributes])?;
        let mut groups = vec![];
        let mut draws = vec![];
        while let Some(row) = rows.next()? {
            let key: GroupKey = row.get(0)?;
            if wanted.is_some_and(|wanted| !wanted.contains(&key)) {
                continue;
            }
            if let Some((_, seed)) = selection.sample {
                draws.push((draw(seed, row.get_ref(1)?.as_bytes()?), groups.len()));
            }
            groups.push((key, row.get(2)?));
        }
        if let Some((n, _)) = selection.sample {
            draws.sort_unstable();
            draws.truncate(n as usize);
            let mut places: Vec<usize> = draws.into_iter().map(|(_, place)| place).collect();
            places.sort_unstable();
            groups = places.into_iter().map(|place| groups[place]).collect();
        }
        Ok(groups)
    }

    fn keys_of(self, ids: &[GroupId], unknown: &mut Vec<GroupId>) -> anyhow::Result<HashSet<GroupKey>> {
        let mut keys = HashSet::new();
        for id in ids {
            match self.group_key(id)? {
                Some(key) => {
                    keys.insert(key);
                }
                None => unknown.push(id.clone()),
            }
        }
        Ok(keys)
    }

    #[expect(clippy::too_many_arguments, reason = "one question about one request, asked from one place")]
    fn judge_into(
        self,
        selected: &mut Selected,
        group: GroupKey,
        kind: Kind,
        text_hash: [u8; 16],
        resend: Resend,
        prompts: CurrentPrompts,
        sandbox: bool,
    ) -> anyhow::Result<Option<u32>> {
        match self.judge(group, kind, text_hash, resend, prompts.of(kind), sandbox).context("cannot read the ledger")? {
            Verdict::Send { attempt } => {
                if attempt > 1 {
                    selected.unusable_cost_usd += self.cost_of_unusable(group, kind, sandbox)?;
                }
                return Ok(Some(attempt));
            }
            Verdict::Answered { stale } => {
                selected.n_answered += 1;
                selected.n_stale += u64::from(stale);
            }
            Verdict::Pending => selected.n_pending += 1,
            Verdict::HeldBack => {
                selected.n_held_back += 1;
                selected.unusable_cost_usd += self.cost_of_unusable(group, kind, sandbox)?;
            }
            Verdict::Exhausted => selected.n_exhausted += 1,
        }
        Ok(None)
    }

    fn judge(
        self,
        group: GroupKey,
        kind: Kind,
        text_hash: [u8; 16],
        resend: Resend,
        prompt: Option<PromptKey>,
        sandbox: bool,
    ) -> anyhow::Result<Verdict> {
        let history = self.requests_for(group, kind, sandbox)?;
        let Some(last) = history.first() else {
            return Ok(Verdict::Send { attempt: 1 });
        };
        if history.iter().any(|request| request.state.is_pending()) {
            return Ok(Verdict::Pending);
        }
        // Attempts count from the last usable answer on; what was never billed took none.
        let n_failed = history
            .iter()
            .take_while(|request| request.state != RequestState::Usable)
            .filter(|request| matches!(request.state, RequestState::Unusable | RequestState::Refused))
            .count() as u32;
        Ok(match last.state {
            RequestState::Usable => {
                let stale = prompt != Some(last.prompt) || text_hash != last.text_hash;
                if stale && resend.stale { Verdict::Send { attempt: 1 } } else { Verdict::Answered { stale } }
            }
            RequestState::Unusable | RequestState::Refused => match resend.failed_up_to {
                Some(most) if n_failed < most => Verdict::Send { attempt: n_failed + 1 },
                Some(_) => Verdict::Exhausted,
                None => Verdict::HeldBack,
            },
            _ => Verdict::Send { attempt: n_failed + 1 },
        })
    }
}

/// Returns a number that depends on nothing but the seed and the id: the lowest ones are the sample.
pub(super) fn draw(seed: u64, id: &[u8]) -> [u8; 16] {
    let mut hash = Sha256::new();
    hash.update(seed.to_be_bytes());
    hash.update(id);
    let mut draw = [0; 16];
    draw.copy_from_slice(&hash.finalize()[..16]);
    draw
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Group, RequestKey, RunId, Story};
    use crate::profile::{Endpoint, Prompt};
    use crate::store::{NewRequest, RunRow, Store};

    const HASH: [u8; 16] = [7; 16];

    fn store_with_groups(ids: &[&str]) -> (Store, CurrentPrompts) {
        let mut store = Store::open_in_memory("2026-01-01T00:00:00Z").unwrap();
        let tx = store.write().unwrap();
        for (i, id) in ids.iter().enumerate() {
            let group = Group {
                id: GroupId::new(*id),
                title: None,
                status: Group::ACTIVE.into(),
                created_at: Some(format!("2024-01-0{}T00:00:00Z", i + 1)),
                stories: vec![Story { text: "x".into(), ..Story::default() }],
            };
            tx.load_group(&group, Some(HASH), None, "2026-01-01T00:00:00Z").unwrap();
        }
        let prompt = |kind, fingerprint: &str| Prompt {
            kind,
            model: "m".into(),
            endpoint: Endpoint::Responses,
            parameters: Default::default(),
            instructions: String::new(),
            limit: 10,
            schema_name: "s".into(),
            schema: serde_json::json!({}),
            fingerprint: fingerprint.into(),
        };
        let topic = tx.keep_prompt(&prompt(Kind::Topic, "t"), None, "2026-01-01T00:00:00Z").unwrap().key;
        let entity = tx.keep_prompt(&prompt(Kind::Entity, "e"), None, "2026-01-01T00:00:00Z").unwrap().key;
        tx.add_run(&RunRow {
            id: RunId::new("run-1"),
            mode: "batch".into(),
            origin: None,
            created_at: "2026-01-01T00:00:00Z".into(),
            file_stem: None,
            n_groups: 0,
            n_requests: 0,
        })
        .unwrap();
        tx.commit().unwrap();
        (store, CurrentPrompts { topic: Some(topic), entity: Some(entity) })
    }

    fn ask_once(store: &mut Store, prompts: CurrentPrompts, state: RequestState, sandbox: bool) -> RequestKey {
        let tx = store.write().unwrap();
        let group = tx.read().group_key(&GroupId::new("g")).unwrap().unwrap();
        let new = NewRequest {
            group,
            kind: Kind::Topic,
            prompt: prompts.topic.unwrap(),
            text_hash: HASH,
            run: RunId::new("run-1"),
            batch: None,
            sandbox,
            trial: false,
            attempt: 1,
            state,
        };
        let key = tx.add_request(&new).unwrap();
        tx.commit().unwrap();
        key
    }

    /// What `batch create` would do about the topics of group `g` after a history of states, oldest first.
    fn after(history: &[RequestState], resend: Resend) -> Option<u32> {
        let (mut store, prompts) = store_with_groups(&["g"]);
        for &state in history {
            ask_once(&mut store, prompts, state, false);
        }
        let selected = store.read().select(&Selection { resend, ..Selection::default() }, prompts, false).unwrap();
        selected.candidates[0].topic
    }

    #[test]
    fn the_table_of_what_is_sent_again() {
        use RequestState::*;
        let plain = Resend::default();
        let retry = Resend { failed_up_to: Some(3), stale: false };
        let stale = Resend { failed_up_to: None, stale: true };
        for (history, resend, expected) in [
            (&[][..], plain, Some(1)),
            (&[Usable], plain, None),
            (&[Usable], stale, None),
            (&[Usable], retry, None),
            (&[Sent], retry, None),
            (&[Planned], retry, None),
            (&[Failed], plain, Some(1)),
            (&[Missing], plain, Some(1)),
            (&[Withdrawn], plain, Some(1)),
            (&[Refused], plain, None),
            (&[Unusable], plain, None),
            (&[Unusable], stale, None),
            (&[Refused], retry, Some(2)),
            (&[Unusable, Unusable], retry, Some(3)),
            (&[Unusable, Unusable, Unusable], retry, None),
            (&[Unusable, Failed], plain, Some(2)),
            (&[Unusable, Usable, Unusable], retry, Some(2)),
            (&[Usable, Withdrawn], plain, None),
            (&[Sent, Failed], plain, None),
        ] {
            assert_eq!(after(history, resend), expected, "{history:?} {resend:?}");
        }
    }

    #[test]
    fn a_rehearsal_never_blocks_the_real_run() {
        let (mut store, prompts) = store_with_groups(&["g"]);
        ask_once(&mut store, prompts, RequestState::Usable, true);
        let at = |sandbox| store.read().select(&Selection::default(), prompts, sandbox).unwrap().candidates[0].topic;
        assert_eq!((at(false), at(true)), (Some(1), None));
    }

    #[test]
    fn a_changed_text_or_ask_is_stale() {
        let (mut store, prompts) = store_with_groups(&["g"]);
        ask_once(&mut store, prompts, RequestState::Usable, false);
        let resend = Resend { stale: true, ..Resend::default() };
        let select = |store: &Store, prompts| {
            let selection = Selection { resend, ..Selection::default() };
            store.read().select(&selection, prompts, false).unwrap().candidates[0].topic
        };
        assert_eq!(select(&store, prompts), None);
        assert_eq!(select(&store, CurrentPrompts { topic: None, ..prompts }), Some(1));
        let tx = store.write().unwrap();
        let key = tx.read().group_key(&GroupId::new("g")).unwrap().unwrap();
        let group = tx.read().group(key).unwrap().unwrap().group;
        tx.load_group(&group, Some([8; 16]), None, "2026-01-02T00:00:00Z").unwrap();
        tx.commit().unwrap();
        assert_eq!(select(&store, prompts), Some(1));
    }

    #[test]
    fn newest_first_and_a_sample_is_the_same_each_time() {
        let (store, prompts) = store_with_groups(&["a", "b", "c", "d", "e"]);
        let ids = |selection: Selection| -> Vec<String> {
            let selected = store.read().select(&selection, prompts, false).unwrap();
            selected
                .candidates
                .iter()
                .map(|c| store.read().group(c.group).unwrap().unwrap().group.id.as_str().to_owned())
                .collect()
        };
        assert_eq!(ids(Selection { limit: Some(2), ..Selection::default() }), ["e", "d"]);
        assert_eq!(ids(Selection { since: Some("2024-01-04".into()), ..Selection::default() }), ["e", "d"]);
        assert_eq!(ids(Selection { before: Some("2024-01-02".into()), ..Selection::default() }), ["a"]);
        let some = Some(vec![GroupId::new("b"), GroupId::new("x")]);
        assert_eq!(ids(Selection { ids: some, ..Selection::default() }), ["b"]);
        let sample = |seed| ids(Selection { sample: Some((3, seed)), ..Selection::default() });
        assert_eq!(sample(1), sample(1));
        assert_eq!(sample(1).len(), 3);
        assert_ne!((sample(1), sample(2)), (sample(2), sample(3)));
    }
}
