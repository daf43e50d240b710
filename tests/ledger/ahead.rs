use std::fs;
#[cfg(unix)]
use std::process::Command;

use serde_json::json;

use super::account;
use crate::harness::World;
#[cfg(unix)]
use crate::harness::interrupt;

/// Groups whose requests are more than a batch goes without a request ahead of it.
const N_GROUPS: usize = 251;

/// Returns what became of the requests that were sent ahead, the first one first.
fn ahead(world: &World) -> Vec<String> {
    world.rows(
        "SELECT g.external_id, r.kind, r.state, r.reason FROM requests r JOIN story_groups g ON g.id = r.story_group_id
         WHERE r.batch_id IS NULL ORDER BY r.id",
    )
}

/// Expects that nothing was asked twice: what went ahead is in no batch, and each question has one request.
fn asked_once(world: &World) {
    let journal = world.journal();
    assert_eq!(journal.asked_again(), Vec::<&str>::new());
    assert_eq!(journal.n_calls("responses.create"), ahead(world).len());
    assert_eq!(journal.asked.len() + ahead(world).len(), 2 * N_GROUPS);
    assert_eq!(world.count("SELECT count(*) FROM requests"), 2 * N_GROUPS as i64);
}

#[test]
fn killed_at_any_moment_it_is_never_bought_twice() {
    for stage in ["received", "done"] {
        let world = World::with_groups(N_GROUPS);
        let here = world.path("here");
        let fault = json!({"on": "responses.create", "at": stage, "announce": here, "hang": true});
        world.script(&json!({"faults": [fault]}));
        let mut running = world.start(&["batch", "create"]);
        running.until(&here);
        running.kill();
        world.script(&json!({}));
        assert_eq!(ahead(&world), ["g251|entity|sent|"], "{stage}: written down before the call");
        world.run(&["batch", "create", "--wait"]).exits(0).says(
            "warning: 1 request was sent ahead by a command that was killed; whether it was bought is not known, so it \
             counts as paid\nhint: `gleaner batch create --retry-failed` asks it again\n",
        );
        assert_eq!(ahead(&world), ["g251|entity|unusable|unanswered", "g251|topic|usable|"]);
        asked_once(&world);
        account(&world, [501, 1, 0, 0]);
        // A person decides.
        world.run(&["batch", "create", "--wait"]).exits(0).says("not sent again: 1 request that failed before");
        world.run(&["batch", "create", "--wait", "--retry-failed"]).exits(0).says("sent 1 = usable 1");
    }
}

#[test]
fn what_may_have_been_answered_is_not_sent_again() {
    let page = |status: u16| json!({"at": "done", "status": status, "text": "<html>busy</html>"});
    for mut fault in
        [json!({"at": "done", "close": true}), json!({"at": "received", "close": true}), page(502), page(200)]
    {
        fault["on"] = json!("responses.create");
        let world = World::with_groups(N_GROUPS);
        world.script(&json!({"faults": [fault]}));
        let ran = world.run(&["batch", "create", "--wait"]).exits(3);
        ran.says("whether the request sent ahead was bought is not known: it counts as paid");
        assert_eq!(ahead(&world), ["g251|entity|unusable|unanswered", "g250|entity|usable|"]);
        asked_once(&world);
    }
    // As often as it goes wrong it is another one, and after three the command ends before anything is uploaded.
    let world = World::with_groups(N_GROUPS);
    world.script(&json!({"faults": [{"on": "responses.create", "times": 0, "at": "done", "close": true}]}));
    world.run(&["batch", "create"]).exits(1).says("hint: nothing was uploaded; `--no-probe` skips");
    assert_eq!((ahead(&world).len(), world.journal().n_calls("files.create")), (3, 0));
}

#[test]
fn what_the_api_itself_refuses_is_asked_again() {
    let world = World::with_groups(N_GROUPS);
    let error = json!({"error": {"message": "Overloaded.", "type": "server_error", "param": null, "code": null}});
    world.script(&json!({"faults": [{"on": "responses.create", "times": 2, "status": 503, "json": error}]}));
    world.run(&["batch", "create", "--wait"]).exits(0).says_not("not known");
    assert_eq!(ahead(&world), ["g251|entity|usable|"]);
    assert_eq!(world.journal().n_calls("responses.create"), 3);
    account(&world, [502, 0, 0, 0]);
}

#[cfg(unix)]
#[test]
fn a_signal_lets_it_through_to_its_answer() {
    let world = World::with_groups(N_GROUPS);
    let (here, go) = (world.path("here"), world.path("go"));
    let fault = json!({"on": "responses.create", "at": "received", "announce": here, "hold": go});
    world.script(&json!({"faults": [fault]}));
    let mut running = world.start(&["batch", "create"]);
    running.until(&here);
    let status = Command::new("kill").args([interrupt(), &running.id().to_string()]).status();
    assert!(status.is_ok_and(|status| status.success()));
    running.until_it_says(
        "warning: waiting for the answer to the call that buys; Ctrl-C once more leaves at once, and the next command looks \
         what came of it\n",
    );
    fs::write(&go, "").unwrap();
    running.end().exits(130);
    assert_eq!(ahead(&world), ["g251|entity|usable|"]);
    assert_eq!(world.journal().n_calls("files.create"), 0);
    world.run(&["batch", "create", "--wait"]).exits(0);
    assert_eq!(ahead(&world), ["g251|entity|usable|", "g251|topic|usable|"]);
    asked_once(&world);
}
