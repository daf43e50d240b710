//! All that can become of a request, explored to a depth: a ledger moved by the real moves of [`part`](super::part), beside
//! a provider of a few lines, under every interleaving of plans, uploads, purchases with every outcome, crashes, looks,
//! searches, ends and refusals. Whatever happens, no request is bought twice, and from everywhere a calm course leads to
//! its answer.
#![expect(clippy::disallowed_methods, reason = "an import is imitated by the moves it makes")]

use std::collections::HashSet;
use std::num::NonZeroU32;

use crate::batch::budget::{Budget, Cost, Terms};
use crate::batch::part::{self, Creating, Part, Planned, Seen, Uploaded, Uploading};
use crate::model::{BatchId, BatchKey, FileId, Group, GroupId, Kind, RunId, Story};
use crate::profile::{Endpoint, Prompt};
use crate::store::{
    BatchRow, BatchState, Claim, CurrentPrompt, CurrentPrompts, NewBatch, NewRequest, Observation, Origin,
    RequestState, RunRow, Selection, Store, Tx,
};

const NOW: &str = "2026-01-01T00:00:00Z";
const HASH: [u8; 16] = [7; 16];

/// Moves in a row; from a depth of nine on nothing new turns up with two parts.
const DEPTH: usize = 9;
/// Parts that may be planned, one after the other.
const PARTS: usize = 2;

/// Something that happens to the ledger.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Move {
    /// Requests that the ledger would send are planned.
    Plan,
    /// The intention to upload is written down, and the program dies.
    DieUploading,
    Upload,
    /// The batch is asked for, and this comes of it.
    Create(Outcome),
    /// The provider's list is searched for a batch that was asked for.
    Search,
    /// The provider's list is looked through, as before every purchase.
    Survey,
    /// The batch ends, with an answer or without.
    End {
        answered: bool,
    },
    Import,
    /// A page says that the batch is not there.
    Doubt,
    /// The provider forgets the batch, and that is proven.
    Vanish,
    /// A person drops a plan.
    Withdraw,
}

/// Outcome of asking for a batch.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Outcome {
    Made,
    /// Made, and the answer is lost, or the program dies.
    MadeUnheard,
    /// Not made, and the answer is lost.
    Unheard,
    Refused,
    /// Made, and what answered said that it was not.
    MadeRefused,
}

const MOVES: [Move; 15] = [
    Move::Plan,
    Move::DieUploading,
    Move::Upload,
    Move::Create(Outcome::Made),
    Move::Create(Outcome::MadeUnheard),
    Move::Create(Outcome::Unheard),
    Move::Create(Outcome::Refused),
    Move::Create(Outcome::MadeRefused),
    Move::Search,
    Move::Survey,
    Move::End { answered: true },
    Move::End { answered: false },
    Move::Import,
    Move::Doubt,
    Move::Vanish,
];

/// A batch at the provider.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Bought {
    gleaner_key: String,
    part: BatchKey,
    id: String,
    /// `None`: in progress; whether the request was answered.
    end: Option<bool>,
    is_forgotten: bool,
}

struct World<'a> {
    tx: &'a Tx<'a>,
    prompts: CurrentPrompts,
    origin: Origin,
    bought: Vec<Bought>,
}

fn observation(bought: &Bought) -> Observation {
    let status = if bought.end.is_some() { "completed" } else { "in_progress" };
    Observation { status: Some(status.into()), is_terminal: bought.end.is_some(), ..Observation::default() }
}

impl World<'_> {
    fn parts(&self) -> Vec<BatchRow> {
        self.tx.read().batches_of_run(&RunId::new("run-1")).unwrap()
    }

    fn part_in(&self, states: &[BatchState]) -> Option<BatchRow> {
        self.parts().into_iter().find(|row| states.contains(&row.state))
    }

    fn bought_as(&self, row: &BatchRow) -> Option<usize> {
        let id = row.batch_id.as_ref()?;
        self.bought.iter().position(|bought| bought.id == id.as_str() && !bought.is_forgotten)
    }

    fn selected(&self) -> Option<u32> {
        let selected = self.tx.read().select(&Selection::default(), &self.prompts, false).unwrap();
        selected.candidates.first().and_then(|candidate| candidate.topic).map(NonZeroU32::get)
    }

    /// Plays a move; `false`: it is not possible here.
    fn play(&mut self, step: Move) -> bool {
        match step {
            Move::Plan => return self.plan(),
            Move::DieUploading | Move::Upload => {
                let Some(row) = self.part_in(&[BatchState::Planned, BatchState::Uploading]) else { return false };
                if step == Move::DieUploading && row.state == BatchState::Uploading {
                    return false;
                }
                let file = ("f.jsonl", 1, "hash");
                let part = match row.state {
                    BatchState::Planned => {
                        Part::<Planned>::of(&row).unwrap().intend_upload(self.tx, &self.origin, file, NOW)
                    }
                    _ => Part::<Uploading>::of(&row).unwrap().intend_upload(self.tx, &self.origin, file, NOW),
                };
                if step == Move::Upload {
                    part.unwrap().uploaded(self.tx, &FileId::new(format!("file-{}", row.part))).unwrap();
                }
            }
            Move::Create(outcome) => return self.create(outcome),
            Move::Search => {
                let Some(row) = self.part_in(&[BatchState::Creating]) else { return false };
                if !self.adopt(&row) {
                    Part::<Creating>::of(&row).unwrap().not_made(self.tx).unwrap();
                }
            }
            Move::Survey => return self.survey(),
            Move::End { answered } => {
                let Some(row) = self.part_in(&[BatchState::Open]) else { return false };
                let Some(at) = self.bought_as(&row).filter(|at| self.bought[*at].end.is_none()) else { return false };
                self.bought[at].end = Some(answered);
                part::observe(self.tx, row.key, &observation(&self.bought[at]), NOW).unwrap();
            }
            Move::Import => {
                let Some(row) = self.part_in(&[BatchState::Ended]) else { return false };
                let Some(answered) = self.bought_as(&row).and_then(|at| self.bought[at].end) else { return false };
                let state = if answered { RequestState::Usable } else { RequestState::Failed };
                self.tx.part_moves().set_requests(row.key, RequestState::Sent, state, None).unwrap();
                part::imported(self.tx, row.key, None, 0, NOW).unwrap();
            }
            Move::Doubt => {
                let Some(row) = self.part_in(&[BatchState::Open, BatchState::Ended]) else { return false };
                part::doubt(self.tx, row.key, Claim::Gone, false, NOW).unwrap();
            }
            Move::Vanish => {
                let Some(row) = self.part_in(&[BatchState::Uncertain]) else { return false };
                let Some(at) = self.bought_as(&row) else { return false };
                self.bought[at].is_forgotten = true;
                part::gone(self.tx, row.key).unwrap();
            }
            Move::Withdraw => {
                let Some(row) = self.part_in(&[BatchState::Planned, BatchState::Uploading, BatchState::Uploaded])
                else {
                    return false;
                };
                part::withdraw(self.tx, row.key, "cancelled").unwrap();
            }
        }
        true
    }

    fn plan(&mut self) -> bool {
        let n = self.parts().len();
        if n >= PARTS {
            return false;
        }
        self.survey();
        let Some(attempt) = self.selected() else { return false };
        let run = RunId::new("run-1");
        let batch = Part::add(
            self.tx,
            &NewBatch {
                run: run.clone(),
                part: n as u32 + 1,
                model: "m".into(),
                n_groups: 1,
                n_requests: 1,
                estimated_input_tokens: 1,
                estimated_cost_usd: None,
            },
        );
        let new = NewRequest {
            group: self.tx.read().group_key(&GroupId::new("g")).unwrap().unwrap(),
            kind: Kind::Topic,
            prompt: self.prompts.topic.key.unwrap(),
            text_hash: HASH,
            run,
            batch: Some(batch.unwrap().key()),
            sandbox: false,
            is_comparison: false,
            attempt,
            state: RequestState::Planned,
        };
        self.tx.add_request(&new).unwrap();
        true
    }

    fn create(&mut self, outcome: Outcome) -> bool {
        // Whoever buys looks through the list before.
        self.survey();
        let Some(row) = self.part_in(&[BatchState::Uploaded]) else { return false };
        let budget = Budget::check(&Cost::default(), Terms { max: None, asking: None }).unwrap();
        let part = Part::<Uploaded>::of(&row).unwrap();
        let intent = part.intend_create(self.tx, &budget.approve(&row).unwrap(), "/v1/responses".into(), NOW).unwrap();
        if matches!(outcome, Outcome::Made | Outcome::MadeUnheard | Outcome::MadeRefused) {
            self.bought.push(Bought {
                gleaner_key: intent.create().metadata["gleaner_key"].clone(),
                part: row.key,
                id: format!("batch_{}", self.bought.len()),
                end: None,
                is_forgotten: false,
            });
        }
        match outcome {
            Outcome::Made => {
                let row = self.tx.read().batch(row.key).unwrap();
                assert!(self.adopt(&row));
            }
            Outcome::Refused | Outcome::MadeRefused => _ = intent.into_part().refused(self.tx, "[]").unwrap(),
            Outcome::MadeUnheard | Outcome::Unheard => {}
        }
        true
    }

    /// Writes down that the provider has what a part asked for, where it has.
    fn adopt(&mut self, row: &BatchRow) -> bool {
        let is_it = |bought: &&Bought| bought.part == row.key && !bought.is_forgotten;
        let Some(bought) = self.bought.iter().find(is_it) else { return false };
        let (id, observation) = (BatchId::new(bought.id.clone()), observation(bought));
        let seen = Seen { id: &id, status: "in_progress", observation: &observation, found_by: None };
        match Part::<Creating>::of(row) {
            Ok(part) => part.opened(self.tx, &seen, NOW).unwrap(),
            Err(_) => part::found(self.tx, row, &seen, NOW).unwrap(),
        }
        true
    }

    /// Looks through the list; returns whether something was put right.
    fn survey(&mut self) -> bool {
        let mut is_news = false;
        for bought in self.bought.clone().iter().filter(|bought| !bought.is_forgotten) {
            let row = self.tx.read().batch(bought.part).unwrap();
            if row.batch_id.is_none() {
                is_news |= self.adopt(&row);
            } else if row.state == BatchState::Gone || row.claim == Some(Claim::Gone) {
                part::observe(self.tx, row.key, &observation(bought), NOW).unwrap();
                is_news = true;
            }
        }
        is_news
    }

    /// Expects the invariants.
    fn check(&self, path: &[Move]) {
        // A batch that the provider has forgotten, provably, or answered with nothing is not paid for.
        let paid = self.bought.iter().filter(|bought| !bought.is_forgotten && bought.end != Some(false)).count();
        assert!(paid <= 1, "bought twice: {path:?}\n{:?}", self.bought);
        let pending = "SELECT count(*) FROM requests WHERE kind = 'topic' AND state IN ('planned', 'sent')";
        let pending: i64 = self.tx.query_row(pending, [], |row| row.get(0)).unwrap();
        assert!(pending <= 1, "in flight twice: {path:?}");
    }

    /// A course without faults: what every command does when the provider behaves.
    fn is_answered_calmly(&mut self) -> bool {
        let calm = [
            Move::Survey,
            Move::Search,
            Move::Upload,
            Move::Create(Outcome::Made),
            Move::End { answered: true },
            Move::Import,
            Move::Plan,
        ];
        for _ in 0..12 {
            for step in calm {
                self.play(step);
            }
        }
        self.selected().is_none() && self.parts().iter().all(|row| !row.state.is_pending())
    }

    fn snapshot(&self) -> String {
        let rows = "SELECT group_concat(state || coalesce(external_id, '') || coalesce(claim, ''), ';') FROM batches";
        let requests = "SELECT group_concat(state || coalesce(reason, ''), ';') FROM requests";
        let text = |sql| self.tx.query_row(sql, [], |row| row.get::<_, Option<String>>(0)).unwrap().unwrap_or_default();
        let bought: Vec<_> = self.bought.iter().map(|it| (it.part, it.end, it.is_forgotten)).collect();
        format!("{}|{}|{bought:?}", text(rows), text(requests))
    }

    /// Plays all moves from here, each from the same state.
    fn explore(&mut self, path: &mut Vec<Move>, seen: &mut HashSet<(String, usize)>) {
        self.check(path);
        if !seen.insert((self.snapshot(), path.len())) {
            return;
        }
        let bought = self.bought.clone();
        let depth = path.len();
        self.tx.execute_batch(&format!("SAVEPOINT calm{depth}")).unwrap();
        let has_room = self.parts().len() < PARTS;
        let is_answered = self.is_answered_calmly();
        assert!(is_answered || !has_room, "no calm course leads on: {path:?}\n{}", self.snapshot());
        self.check(path);
        self.tx.execute_batch(&format!("ROLLBACK TO calm{depth}; RELEASE calm{depth}")).unwrap();
        self.bought.clone_from(&bought);
        if depth == DEPTH {
            return;
        }
        for step in MOVES.into_iter().chain([Move::Withdraw]) {
            self.tx.execute_batch(&format!("SAVEPOINT move{depth}")).unwrap();
            path.push(step);
            if self.play(step) {
                self.explore(path, seen);
            }
            path.pop();
            self.tx.execute_batch(&format!("ROLLBACK TO move{depth}; RELEASE move{depth}")).unwrap();
            self.bought.clone_from(&bought);
        }
    }
}

fn prompt(kind: Kind) -> Prompt {
    Prompt {
        kind,
        model: "m".into(),
        endpoint: Endpoint::Responses,
        parameters: Default::default(),
        instructions: String::new(),
        limit: 10,
        schema_name: "s".into(),
        schema: serde_json::json!({}),
        fingerprint: kind.as_str().into(),
    }
}

#[test]
fn no_interleaving_buys_a_request_twice_or_loses_it() {
    let mut store = Store::open_in_memory(NOW).unwrap();
    let tx = store.write().unwrap();
    let group = Group {
        id: GroupId::new("g"),
        title: None,
        status: Group::ACTIVE.into(),
        created_at: Some(NOW.into()),
        stories: vec![Story { text: "x".into(), ..Story::default() }],
    };
    tx.load_group(&group, Some(HASH), None, NOW).unwrap();
    let [topic, entity] = [Kind::Topic, Kind::Entity].map(|kind| tx.keep_prompt(&prompt(kind), None, NOW).unwrap().key);
    tx.add_run(&RunRow {
        id: RunId::new("run-1"),
        mode: "batch".into(),
        origin: None,
        created_at: NOW.into(),
        file_stem: None,
        n_groups: 1,
        n_requests: 1,
        price: None,
    })
    .unwrap();
    // Only the topics are asked for.
    let answered = NewRequest {
        group: tx.read().group_key(&group.id).unwrap().unwrap(),
        kind: Kind::Entity,
        prompt: entity,
        text_hash: HASH,
        run: RunId::new("run-1"),
        batch: None,
        sandbox: false,
        is_comparison: false,
        attempt: 1,
        state: RequestState::Usable,
    };
    tx.add_request(&answered).unwrap();
    let current = |key| CurrentPrompt {
        key: Some(key),
        model: "m".into(),
        endpoint: "/v1/responses",
        ..CurrentPrompt::default()
    };
    let origin = tx.keep_origin("http://127.0.0.1/v1", "openai", false, NOW).unwrap();
    let prompts = CurrentPrompts { topic: current(topic), entity: current(entity) };
    let mut world = World { tx: &tx, prompts, origin, bought: vec![] };
    let mut seen = HashSet::new();
    world.explore(&mut vec![], &mut seen);
    let states: HashSet<&String> = seen.iter().map(|(state, _)| state).collect();
    assert!(states.len() > 80, "only {} states were found", states.len());
}
