use std::fs;
use std::io;
use std::process::Stdio;

use serde_json::json;

use super::{one, short_answers};
use crate::harness::World;

/// A key that stands nowhere else.
const KEY: &str = "sk-proj-Tg7NeverToBeSeen0815";

#[test]
fn quiet_leaves_the_result_and_nothing_else() {
    let [loud, quiet] = [&[][..], &["-q"]].map(|more| {
        let world = World::with_groups(2);
        world.script(&short_answers());
        let commands: [&[&str]; 8] = [
            &["batch", "create", "--dry-run"],
            &["batch", "create", "--limit", "1"],
            &["batch", "status"],
            &["batch", "list"],
            &["batch", "wait"],
            &["batch", "create", "--wait"],
            &["progress"],
            &["rebuild"],
        ];
        commands.map(|args| {
            let ran = world.run(&[args, more].concat()).exits(0);
            (super::masked(&world, &ran.stdout), ran.stderr)
        })
    });
    for ((out, said), (out_quiet, said_quiet)) in loud.iter().zip(&quiet) {
        assert_eq!(out, out_quiet);
        assert_eq!(said_quiet, "");
        assert!(!out.contains("hint:") && !out.contains("warning:"), "{out}");
        assert!(!said.contains('\u{1b}') && !out.contains('\u{1b}'), "no color where there is no terminal");
    }
    assert!(loud.iter().any(|(_, said)| said.contains("hint:")));
}

/// `gleaner … | head`: nobody listens any more, which is no error; the work is done all the same.
#[test]
fn a_closed_pipe_is_no_error() {
    let world = World::with_groups(2);
    world.script(&short_answers());
    let closed = |args: &[&str], which: &str| {
        let (reader, writer) = io::pipe().expect("a pipe can be made");
        drop(reader);
        let mut command = world.command(args);
        command.stdin(Stdio::null());
        let output = if which == "stdout" {
            command.stdout(writer).stderr(Stdio::piped()).output()
        } else {
            command.stderr(writer).stdout(Stdio::piped()).output()
        };
        let output = output.expect("the program runs");
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let (out, err) = (text(&output.stdout), text(&output.stderr));
        assert_eq!(output.status.code(), Some(0), "{args:?} {which}: {out}{err}");
        assert!(!err.contains("error") && !err.contains("panicked"), "{args:?}: {err}");
        out
    };
    for args in [
        &["--help"][..],
        &["progress"],
        &["progress", "--json"],
        &["batch", "list"],
        &["batch", "create", "--dry-run"],
        &["profile", "export", "news"],
    ] {
        closed(args, "stdout");
    }
    closed(&["batch", "create", "--limit", "1"], "stdout");
    assert_eq!(one(&world, "SELECT state FROM batches"), "open");
    closed(&["batch", "wait"], "stdout");
    assert_eq!(one(&world, "SELECT state FROM batches"), "imported");
    let out = closed(&["batch", "create", "--wait"], "stderr");
    assert!(out.contains("completed: 1 group, 2 topics, 3 entities"), "{out}");
}

#[test]
fn the_key_is_never_stored_or_printed() {
    let mut world = World::with_groups(2);
    world.set_var("OPENAI_API_KEY", KEY);
    world.run(&["batch", "create", "-v"]).exits(0);
    for args in [&["batch", "status"][..], &["batch", "list", "--json"], &["batch", "wait", "-v"], &["progress", "-v"]]
    {
        world.run(args).exits(0);
    }
    assert!(world.journal().calls.iter().all(|call| call.authorized));
    // A server that repeats the key in its complaint, and one that gives it back in an answer.
    let envelope =
        json!({"error": {"message": format!("Incorrect API key provided: {KEY}. Bearer {KEY}"), "code": KEY}});
    world.script(&json!({"faults": [{"on": "*", "times": 0, "status": 401, "json": envelope}]}));
    world.load_groups(&[crate::harness::group(5)]);
    world.run(&["batch", "create", "-v"]).exits(1).says_not(KEY);
    let refused =
        json!({"error": {"message": format!("no access with {KEY}"), "type": "x", "param": null, "code": "x"}});
    world.script(&json!({"faults": [{"on": "batches.create", "times": 0, "status": 403, "json": refused}]}));
    world.run(&["batch", "create", "-v", "--json"]).exits(1).says_not(KEY);
    world.run(&["batch", "status", "--json"]).says_not(KEY);
    let mut n_files = 0;
    each_file(&world.path(""), &mut |path, content| {
        n_files += 1;
        let holds_it = content.windows(KEY.len()).any(|window| window == KEY.as_bytes());
        assert!(!holds_it, "the key is in {}", path.display());
    });
    assert!(n_files > 20, "outputs, database, request files: {n_files}");
}

fn each_file(folder: &std::path::Path, look: &mut impl FnMut(&std::path::Path, &[u8])) {
    for entry in fs::read_dir(folder).expect("the folder is read") {
        let path = entry.expect("the folder is read").path();
        if path.is_dir() {
            each_file(&path, look);
        } else {
            look(&path, &fs::read(&path).expect("the file is read"));
        }
    }
}

#[test]
fn a_proxy_is_not_asked_for_loopback() {
    let mut world = World::with_groups(1);
    world.script(&short_answers());
    for name in ["HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"] {
        // Port 9 discards; a call that went there would never come back.
        world.set_var(name, "http://127.0.0.1:9");
    }
    world.run(&["batch", "create", "--wait"]).exits(0).says("completed: 1 group").says_not("retry");
}

#[test]
fn organization_and_project_travel_where_they_are_set() {
    let mut world = World::with_groups(1);
    world.run(&["batch", "list"]).exits(0);
    world.set_var("OPENAI_ORG_ID", "org-1");
    world.set_var("OPENAI_PROJECT_ID", "proj_2");
    world.run(&["batch", "list"]).exits(0);
    let journal = world.journal();
    let headers: Vec<_> =
        journal.calls.iter().map(|call| (call.organization.as_deref(), call.project.as_deref())).collect();
    assert_eq!(headers, [(None, None), (Some("org-1"), Some("proj_2"))]);
}

#[test]
fn a_base_url_may_be_typed() {
    let mut world = World::with_groups(1);
    let url = world.sandbox.base_url();
    world.set_var("OPENAI_BASE_URL", "http://127.0.0.1:9/v1");
    world.run(&["batch", "create", "--wait", "--base-url", &format!("{url}/")]).exits(0);
    assert_eq!(one(&world, "SELECT base_url FROM origins"), url);
}

/// Ctrl-C during `--wait`: the batch goes on at the provider, and the next command returns to it.
#[cfg(unix)]
#[test]
fn an_interrupt_leaves_the_batch_running_and_says_how_to_return() {
    for (signal, args) in [
        (crate::harness::interrupt(), &["batch", "create", "--wait"][..]),
        ("-TERM", &["batch", "create", "--wait"]),
        (crate::harness::interrupt(), &["--batch", "--wait"]),
    ] {
        let world = World::with_groups(2);
        let mut script = short_answers();
        let (here, go) = (world.path("here"), world.path("go"));
        // The second look at the batch is held until the test says so; by then the program is waiting.
        script["faults"] = json!([{"on": "batches.get", "nth": 2, "at": "received", "announce": here, "hold": go}]);
        script["pace"] = json!({"polls": 9});
        world.script(&script);
        let mut running = world.start(args);
        running.until(&here);
        let killed = std::process::Command::new("kill").args([signal, &running.id().to_string()]).status();
        assert!(killed.is_ok_and(|status| status.success()));
        let ran = running.end().exits(130);
        fs::write(&go, "").expect("the folder is writable");

        let run = one(&world, "SELECT id FROM runs");
        let hint = format!("hint: the batches go on at the provider; `gleaner batch wait {run}` returns to them\n");
        assert!(ran.stderr.ends_with(&hint), "{}", ran.report());
        assert_eq!(world.rows("SELECT state FROM batches"), ["open"]);
        assert_eq!(world.rows("SELECT state, count(*) FROM requests GROUP BY state"), ["sent|4"]);
        assert_eq!(world.journal().n_calls("batches.cancel"), 0);
        world.run(&["batch", "wait", &run]).exits(0).says("completed: 2 groups");
        assert!(world.journal().asked_again().is_empty());
    }
}
