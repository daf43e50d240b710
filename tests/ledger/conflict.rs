use serde_json::json;

use super::{account, bought_once};
use crate::harness::World;

/// A world with a plan that the provider refused, and the plan's run.
fn refused() -> (World, String) {
    let world = World::with_groups(2);
    let message = "Invalid value: '/v1/responses'. Supported values are: '/v1/chat/completions'.";
    let error =
        json!({"message": message, "type": "invalid_request_error", "param": "endpoint", "code": "invalid_value"});
    world.script(
        &json!({"faults": [{"on": "batches.create", "at": "received", "status": 400, "json": {"error": error}}]}),
    );
    let ran = world.run(&["batch", "create"]).exits(1);
    let run = world.rows("SELECT id FROM runs").remove(0);
    let hint = format!(
        "hint: of this part nothing was bought; `gleaner batch submit {run}` tries again, `gleaner batch cancel {run}` drops the plan\n"
    );
    assert!(ran.stderr.contains(&hint), "{}", ran.report());
    (world, run)
}

#[test]
fn a_refused_plan_says_how_a_corrected_command_gets_by() {
    let (world, run) = refused();
    let expected = format!(
        "error: part 1 of {run} was refused and stands in the way: 4 requests in it are planned with endpoint \
         /v1/responses, and not /v1/chat/completions (`--endpoint`)\n  caused by: Invalid value: '/v1/responses'. Supported \
         values are: '/v1/chat/completions'.\n\
         hint: `gleaner batch cancel {run}` drops the plan; then the same command asks anew\n\
         hint: `gleaner batch submit {run}` tries the plan once more as it is\n"
    );
    let n_uploads = world.journal().n_calls("files.create");
    for dry in [&[][..], &["--dry-run"], &["--no-submit"]] {
        let ran = world.run(&[&["batch", "create", "--endpoint", "chat"], dry].concat()).exits(1);
        assert_eq!((ran.stdout.as_str(), ran.stderr.as_str()), ("", expected.as_str()), "{}", ran.report());
    }
    assert_eq!(world.journal().n_calls("files.create"), n_uploads);
    // A way without a batch is not blocked; the groups of the plan are the plan's.
    world.run(&["extract", "--endpoint", "chat"]).exits(0).says("nothing to ask").says("(`--endpoint`)");
    // The command of the hint, as it stands.
    world.run(&["batch", "cancel", &run]).exits(0);
    world.run(&["batch", "create", "--endpoint", "chat", "--wait"]).exits(0).says("sent 4 = usable 4");
    bought_once(&world, 1, 4);
}

#[test]
fn the_same_command_tries_a_refused_plan_again() {
    let (world, _) = refused();
    world.run(&["batch", "create", "--wait"]).exits(0).says_not("stands in the way");
    bought_once(&world, 1, 4);
    account(&world, [4, 0, 0, 0]);
}

#[test]
fn a_profile_that_was_corrected_is_a_correction_too() {
    let (world, run) = refused();
    let profile = world.run(&["profile", "export", "news"]).exits(0).stdout.replace("gpt-6-luna", "gpt-6.1-terra");
    let profile = world.write("own.toml", &profile);
    world.run(&["profile", "use", &profile.display().to_string()]).exits(0);
    world
        .run(&["batch", "create"])
        .exits(1)
        .says("planned with model gpt-6-luna, and not gpt-6.1-terra (`--model`)")
        .says(&format!("`gleaner batch cancel {run}` drops the plan"));
}

#[test]
fn each_option_that_a_waiting_plan_does_not_follow_is_named() {
    let world = World::with_groups(3);
    // Begun to be sent, and its upload refused.
    let error = json!({"message": "Not now.", "type": "invalid_request_error", "param": null, "code": null});
    world.script(&json!({"faults": [{"on": "files.create", "times": 0, "status": 400, "json": {"error": error}}]}));
    world.run(&["batch", "create", "--price", "1,1,1"]).exits(1);
    let run = world.rows("SELECT id FROM runs").remove(0);
    let typed = [
        "--model",
        "gpt-6.1-terra",
        "--effort",
        "high",
        "--verbosity",
        "high",
        "--max-output-tokens",
        "900",
        "--temperature",
        "0.5",
        "--endpoint",
        "chat",
        "--price",
        "2,2,2",
        "--max-requests",
        "2",
        "--max-bytes",
        "1000",
    ];
    let ran = world.run(&[&["batch", "create"][..], &typed].concat()).exits(1);
    let bytes = world.rows("SELECT input_bytes FROM batches").remove(0);
    let expected = format!(
        "warning: part 1 of {run} waits and is sent as it was planned: with model gpt-6-luna, and not gpt-6.1-terra \
         (`--model`); with endpoint /v1/responses, and not /v1/chat/completions (`--endpoint`); with effort low, and not \
         high (`--effort`); with verbosity none, and not high (`--verbosity`); with limit of output tokens 6000, and not 900 \
         (`--max-output-tokens`); with temperature none, and not 0.5 (`--temperature`); with requests: 6, and not at most 2 \
         (`--max-requests`); with bytes: {bytes}, and not at most 1000 (`--max-bytes`); with price 1,1,1, and not 2,2,2 \
         (`--price`)\n\
         hint: `gleaner batch cancel {run}` drops what of it is not sent; then the same command asks those groups too\n"
    );
    assert!(ran.stderr.starts_with(&expected), "{}", ran.report());
    // The same settings, typed or not, are no difference.
    for same in
        [&[][..], &["--model", "gpt-6-luna", "--endpoint", "responses", "--price", "1,1,1", "--max-requests", "6"]]
    {
        world.run(&[&["batch", "create"], same].concat()).exits(1).says_not("as it was planned");
    }
}
