use super::*;
use crate::answer::Reason;
use crate::model::{Group, RequestKey, RunId, Story};
use crate::profile::{Endpoint, Prompt};
use crate::store::{NewRequest, RequestState, RunRow, Store};

const HASH: [u8; 16] = [7; 16];

fn prompt(kind: Kind, fingerprint: &str) -> Prompt {
    Prompt {
        kind,
        model: "m".into(),
        endpoint: Endpoint::Responses,
        parameters: Default::default(),
        instructions: String::new(),
        limit: 10,
        schema_name: "s".into(),
        schema: serde_json::json!({}),
        fingerprint: fingerprint.into(),
    }
}

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
        // `g` and `gN` have one text, each of the others has its own.
        let text_hash = if id.starts_with('g') { HASH } else { [id.as_bytes()[0]; 16] };
        tx.load_group(&group, Some(text_hash), None, "2026-01-01T00:00:00Z").unwrap();
    }
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
        price: None,
    })
    .unwrap();
    tx.commit().unwrap();
    let current = |key| CurrentPrompt {
        key: Some(key),
        model: "m".into(),
        endpoint: "/v1/responses",
        ..CurrentPrompt::default()
    };
    (store, CurrentPrompts { topic: current(topic), entity: current(entity) })
}

fn ask_once(store: &mut Store, prompt: PromptKey, state: RequestState, sandbox: bool) -> RequestKey {
    ask(("g", Kind::Topic), store, prompt, state, sandbox)
}

fn ask(
    (id, kind): (&str, Kind),
    store: &mut Store,
    prompt: PromptKey,
    state: RequestState,
    sandbox: bool,
) -> RequestKey {
    let tx = store.write().unwrap();
    let group = tx.read().group_key(&GroupId::new(id)).unwrap().unwrap();
    let new = NewRequest {
        group,
        kind,
        prompt,
        text_hash: HASH,
        run: RunId::new("run-1"),
        batch: None,
        sandbox,
        is_comparison: false,
        attempt: 1,
        state,
    };
    let key = tx.add_request(&new).unwrap();
    tx.commit().unwrap();
    key
}

/// One earlier request for the topics of group `g`.
#[derive(Clone, Copy, Debug)]
enum Asked {
    /// Current prompts.
    Today(RequestState),
    /// The same of another model.
    Other(RequestState),
    /// With parameters that are not today's.
    Old(RequestState),
    /// The other model was not there.
    OtherGone,
    /// Today's model was not there.
    Gone,
}

/// Result of `batch create` about the topics of group `g` after a history, oldest first.
fn after(history: &[Asked], resend: Resend) -> Option<u32> {
    let (mut store, mut prompts) = store_with_groups(&["g"]);
    let tx = store.write().unwrap();
    let of = |model: &str, fingerprint: &str| {
        tx.keep_prompt(
            &Prompt { model: model.into(), ..prompt(Kind::Topic, fingerprint) },
            None,
            "2026-01-01T00:00:00Z",
        )
        .unwrap()
        .key
    };
    let (other, old) = (of("other", "o"), of("m", "p"));
    tx.commit().unwrap();
    prompts.topic.of_other_models = vec![other];
    let today = prompts.topic.key.unwrap();
    for &asked in history {
        let (key, state, reason) = match asked {
            Asked::Today(state) => (today, state, None),
            Asked::Other(state) => (other, state, None),
            Asked::Old(state) => (old, state, None),
            Asked::OtherGone => (other, RequestState::Failed, Some(Reason::MODEL_GONE)),
            Asked::Gone => (today, RequestState::Failed, Some(Reason::MODEL_GONE)),
        };
        let request = ask_once(&mut store, key, state, false);
        let tx = store.write().unwrap();
        tx.set_request_state(request, state, reason).unwrap();
        tx.commit().unwrap();
    }
    let selected = store.read().select(&Selection { resend, ..Selection::default() }, &prompts, false).unwrap();
    selected.candidates[0].topic.map(NonZeroU32::get)
}

#[test]
fn the_table_of_what_is_sent_again() {
    use Asked::*;
    use RequestState::*;
    let plain = Resend::default();
    let retry = Resend { failed_up_to: Some(3), ..plain };
    let stale = Resend { stale: true, ..plain };
    let model = Resend { other_model: true, ..stale };
    for (history, resend, expected) in [
        (&[][..], plain, Some(1)),
        (&[Today(Usable)], plain, None),
        (&[Today(Usable)], model, None),
        (&[Today(Usable)], retry, None),
        (&[Today(Sent)], retry, None),
        (&[Today(Planned)], retry, None),
        (&[Today(Failed)], plain, Some(1)),
        (&[Today(Missing)], plain, Some(1)),
        (&[Today(Withdrawn)], plain, Some(1)),
        (&[Today(Refused)], plain, None),
        (&[Today(Unusable)], plain, None),
        (&[Today(Unusable)], stale, None),
        (&[Today(Refused)], retry, Some(2)),
        (&[Today(Unusable), Today(Unusable)], retry, Some(3)),
        (&[Today(Unusable), Today(Unusable), Today(Unusable)], retry, None),
        (&[Today(Unusable), Today(Failed)], plain, Some(2)),
        (&[Today(Usable), Today(Withdrawn)], plain, None),
        (&[Today(Sent), Today(Failed)], plain, None),
        // An answer to what would be asked today stands, whatever came of a later try.
        (&[Today(Unusable), Today(Usable), Today(Unusable)], retry, None),
        (&[Today(Usable), Old(Failed)], model, None),
        (&[Today(Usable), Other(Unusable)], retry, None),
        // A change of model alone makes nothing stale; a typed model with `--stale` asks again.
        (&[Other(Usable)], plain, None),
        (&[Other(Usable)], stale, None),
        (&[Other(Usable)], model, Some(1)),
        (&[Other(Usable), Today(Failed)], plain, None),
        (&[Other(Usable), Today(Failed)], model, Some(1)),
        (&[Other(Usable), Today(Unusable)], model, None),
        // Parameters are not a model.
        (&[Old(Usable)], plain, None),
        (&[Old(Usable)], stale, Some(1)),
        (&[Old(Usable), Today(Failed)], plain, Some(1)),
        (&[Old(Usable), Old(Failed)], plain, None),
        (&[Old(Usable), Old(Failed)], stale, Some(1)),
        (&[Old(Usable), Today(Unusable)], plain, None),
        (&[Old(Usable), Today(Unusable)], retry, Some(2)),
        // A model that was not there is not asked again; another one is, and no attempt is used up.
        (&[OtherGone], plain, Some(1)),
        (&[Gone], plain, None),
        (&[Gone], retry, None),
        (&[Gone], Resend { model_gone: true, ..plain }, Some(1)),
        (&[Today(Unusable), OtherGone], plain, Some(2)),
        (&[Old(Usable), OtherGone], plain, Some(1)),
    ] {
        assert_eq!(after(history, resend), expected, "{history:?} {resend:?}");
    }
}

#[test]
fn a_rehearsal_never_blocks_the_real_run() {
    let (mut store, prompts) = store_with_groups(&["g"]);
    ask_once(&mut store, prompts.topic.key.unwrap(), RequestState::Usable, true);
    let at = |sandbox| {
        store.read().select(&Selection::default(), &prompts, sandbox).unwrap().candidates[0].topic.map(NonZeroU32::get)
    };
    assert_eq!((at(false), at(true)), (Some(1), None));
}

#[test]
fn a_changed_text_is_stale() {
    let (mut store, prompts) = store_with_groups(&["g"]);
    ask_once(&mut store, prompts.topic.key.unwrap(), RequestState::Usable, false);
    let resend = Resend { stale: true, ..Resend::default() };
    let select = |store: &Store| {
        let selection = Selection { resend, ..Selection::default() };
        store.read().select(&selection, &prompts, false).unwrap().candidates[0].topic.map(NonZeroU32::get)
    };
    assert_eq!(select(&store), None);
    let tx = store.write().unwrap();
    let key = tx.read().group_key(&GroupId::new("g")).unwrap().unwrap();
    let mut group = tx.read().group(key).unwrap().unwrap().group;
    group.title = Some("Another title".into());
    tx.load_group(&group, Some([8; 16]), None, "2026-01-02T00:00:00Z").unwrap();
    tx.commit().unwrap();
    assert_eq!(select(&store), Some(1));
}

#[test]
fn newest_first_and_a_sample_is_the_same_each_time() {
    let (store, prompts) = store_with_groups(&["a", "b", "c", "d", "e"]);
    let ids = |selection: Selection| -> Vec<String> {
        let selected = store.read().select(&selection, &prompts, false).unwrap();
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

/// Groups that a selection would ask out of `g1`, `g2` and `g3` (the newest first), which have one text, each with its
/// attempt; and how many copies there are.
fn of_copies(history: &[(&str, RequestState)], selection: &Selection) -> (String, u64) {
    let (mut store, prompts) = store_with_groups(&["g1", "g2", "g3"]);
    for (id, state) in history {
        ask((id, Kind::Topic), &mut store, prompts.topic.key.unwrap(), *state, false);
        ask((id, Kind::Entity), &mut store, prompts.entity.key.unwrap(), *state, false);
    }
    let selected = store.read().select(selection, &prompts, false).unwrap();
    let name = |group| store.read().group(group).unwrap().unwrap().group.id.as_str().to_owned();
    let sent: Vec<String> = selected
        .candidates
        .iter()
        .map(|c| format!("{} {}", name(c.group), c.topic.map_or(0, NonZeroU32::get)))
        .collect();
    (sent.join(", "), selected.n_copies)
}

#[test]
fn the_table_of_what_is_sent_of_one_text() {
    use RequestState::*;
    let plain = Selection::default;
    let all = || Selection { no_dedupe: true, ..plain() };
    let retry = || Selection { resend: Resend { failed_up_to: Some(3), ..Resend::default() }, ..plain() };
    for (history, selection, expected) in [
        (&[][..], plain(), ("g3 1", 2)),
        (&[], Selection { limit: Some(1), ..plain() }, ("g3 1", 2)),
        (&[], Selection { sample: Some((3, 1)), ..plain() }, ("g3 1", 0)),
        (&[], Selection { before: Some("2024-01-03".into()), ..plain() }, ("g2 1", 1)),
        (&[], all(), ("g3 1, g2 1, g1 1", 0)),
        // Whoever of them was asked, and whatever became of it, speaks for all.
        (&[("g1", Planned)], plain(), ("", 2)),
        (&[("g1", Sent)], plain(), ("", 2)),
        (&[("g1", Sent)], all(), ("g3 1, g2 1", 0)),
        (&[("g1", Usable)], plain(), ("", 0)),
        (&[("g1", Usable)], all(), ("g3 1, g2 1", 0)),
        (&[("g1", Withdrawn)], plain(), ("g3 1", 2)),
        (&[("g1", Failed)], plain(), ("g3 1", 2)),
        (&[("g1", Missing)], plain(), ("g3 1", 2)),
        (&[("g1", Unusable)], plain(), ("", 2)),
        (&[("g1", Unusable)], retry(), ("g3 2", 2)),
        (&[("g1", Unusable), ("g2", Unusable)], retry(), ("g3 3", 2)),
        (&[("g1", Unusable), ("g2", Refused), ("g3", Unusable)], retry(), ("", 2)),
        (&[("g1", Unusable), ("g2", Usable)], retry(), ("", 0)),
        (&[("g1", Usable), ("g2", Sent)], plain(), ("", 2)),
    ] {
        let (sent, n_copies) = of_copies(history, &selection);
        assert_eq!((sent.as_str(), n_copies), expected, "{history:?} {selection:?}");
    }
}
