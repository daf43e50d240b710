//! The configuration file, its variables and options; keys that are kept.

use std::fs;

use serde_json::{Value, json};

use crate::harness::{World, start_sandbox};

/// Returns the value and the source of a setting.
fn setting(shown: &Value, key: &str) -> (Value, String) {
    let settings = shown["settings"].as_array().expect("a list");
    let found = settings.iter().find(|setting| setting["key"] == key).expect("the setting is listed");
    (found["value"].clone(), found["source"].as_str().expect("a word").to_owned())
}

#[test]
fn each_value_is_shown_with_where_it_comes_from() {
    let mut world = World::with_groups(1);
    let at = |world: &World, key: &str, args: &[&str]| setting(&world.json(&[&["config"], args].concat(), 0), key);
    assert_eq!(at(&world, "poll_interval", &[]), (json!("60"), "default".into()));
    assert_eq!(at(&world, "max_cost", &[]), (Value::Null, "default".into()));
    world.run(&["config", "set", "poll_interval", "30"]).exits(0);
    let file = world.run(&["config", "path"]).exits(0).stdout.trim().to_owned();
    assert!(file.starts_with(&world.path("home").display().to_string()), "{file}");
    assert_eq!(fs::read_to_string(&file).unwrap(), "poll_interval = 30\n");
    assert_eq!(at(&world, "poll_interval", &[]), (json!("30"), "file".into()));
    world.set_var("GLEANER_POLL_INTERVAL", "20");
    assert_eq!(at(&world, "poll_interval", &[]), (json!("20"), "environment".into()));
    assert_eq!(at(&world, "database", &[]).1, "environment");
    assert_eq!(at(&world, "database", &["--db", "x.db"]), (json!("x.db"), "option".into()));
    assert_eq!(at(&world, "color", &["--color", "never"]), (json!("never"), "option".into()));
    world.unset_var("GLEANER_POLL_INTERVAL");
    world.run(&["config", "unset", "poll_interval"]).exits(0);
    world.run(&["config", "unset", "poll_interval"]).exits(2).says("does not stand in");
    assert_eq!(at(&world, "poll_interval", &[]), (json!("60"), "default".into()));
}

#[test]
fn a_mistake_in_the_file_stops_every_command_but_those_that_mend_it() {
    let world = World::with_groups(1);
    let path = world.write("home/gleaner/config.toml", "max_csot = 1\n");
    let ran = world.run(&["progress"]).exits(2);
    assert_eq!(ran.stdout, "");
    let expected = format!("error: `max_csot` in `{}` is no setting\nhint: did you mean `max_cost`?\n", path.display());
    assert_eq!(ran.stderr, expected);
    world.run(&["config", "set", "max_csot", "2"]).exits(2).says("did you mean `max_cost`?");
    world.run(&["config", "set", "max_cost", "much"]).exits(2).says("a sum in USD");
    world.run(&["config", "unset", "max_csot"]).exits(0);
    world.run(&["progress"]).exits(0);
    world.run(&["--config", "nowhere.toml", "progress"]).exits(2).says("is not there");
}

#[test]
fn the_file_names_the_database_the_profile_and_the_limits() {
    let mut world = World::with_groups(2);
    let db = world.db.display().to_string();
    world.write("c/config.toml", "database = \"new.db\"\nprofile = \"football\"\nmax_cost = 0.0001\n");
    let file = world.path("c/config.toml").display().to_string();
    // A variable wins over the file; without one the file counts.
    world.run(&["--config", &file, "progress"]).exits(0).says("2 groups");
    let groups = world.path("groups.jsonl").display().to_string();
    world.set_var("GLEANER_CONFIG", &file);
    world.set_var("GLEANER_DB", "");
    let new = world.path("c/new.db").display().to_string();
    let mut load = world.command(&["load", "groups", &groups]);
    assert!(load.env_remove("GLEANER_DB").output().unwrap().status.success());
    assert!(world.path("c/new.db").exists());
    let active = world.json(&["--db", &new, "profile", "list"], 0);
    let active = active["profiles"].as_array().unwrap().iter().find(|row| row["active"] == true).unwrap().clone();
    assert_eq!(active["name"], "football");
    world.run(&["--db", &db, "batch", "create"]).exits(1).says("above `max_cost` = 0.0001");
    world.run(&["--db", &db, "extract"]).exits(1).says("above `max_cost` = 0.0001");
    world.run(&["--db", &db, "batch", "create", "--max-cost", "1"]).exits(0);
    assert_eq!(world.journal().batches.len(), 1);
}

#[test]
fn a_month_has_a_limit_too() {
    let mut world = World::with_groups(4);
    world.set_var("GLEANER_MAX_COST_MONTH", "0.0000001");
    let ran = world.run(&["batch", "create", "--max-cost", "5"]).exits(1);
    assert!(
        ran.stderr.contains("above what `GLEANER_MAX_COST_MONTH` = 0.0000001 leaves of this month"),
        "{}",
        ran.report()
    );
    world.set_var("GLEANER_MAX_COST_MONTH", "100");
    world.run(&["batch", "create"]).exits(0);
}

#[test]
fn a_file_of_variables_says_what_the_environment_does_not() {
    let mut world = World::with_groups(1);
    let path = world.write("a.env", "# keys\nexport OPENAI_API_KEY='sk-file'\nGLEANER_POLL_INTERVAL=7\n");
    let path = path.display().to_string();
    world.run(&["progress"]).exits(0);
    assert_eq!(setting(&world.json(&["config"], 0), "poll_interval").0, "60", "it is read only where it is named");
    assert_eq!(setting(&world.json(&["--env-file", &path, "config"], 0), "poll_interval").0, "7");
    world.set_var("GLEANER_POLL_INTERVAL", "8");
    assert_eq!(setting(&world.json(&["--env-file", &path, "config"], 0), "poll_interval").0, "8");
    world.write("b.env", "sk-secret\n");
    let ran = world.run(&["--env-file", "b.env", "progress"]).exits(2);
    assert_eq!(ran.stderr, "error: b.env:1: a line is `NAME=value`\n");
    world.run(&["--env-file", "nowhere.env", "progress"]).exits(2);
}

#[test]
fn a_key_is_kept_for_one_host_when_asked_and_never_shown() {
    let mut world = World::with_groups(1);
    let key = "sk-proj-abcdefghijkl-WXYZ";
    let ran = world.run_with_stdin(&["key", "set"], format!("{key}\n")).exits(0);
    assert!(ran.stdout.contains("…WXYZ") && ran.stderr.contains("`OPENAI_API_KEY` is set and wins over it"));
    world.unset_var("OPENAI_API_KEY");
    for args in [&["key", "list"][..], &["key", "list", "--json"], &["config", "--json"]] {
        world.run(args).exits(0).says_not("abcdefgh");
    }
    let kept = world.path("home/gleaner/keys.toml");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        assert_eq!(fs::metadata(&kept).unwrap().permissions().mode() & 0o777, 0o600);
    }
    // The sandbox wants a key: that of its host is sent.
    world.run(&["batch", "create"]).exits(0);
    assert!(fs::read_to_string(&kept).unwrap().contains(key));
    // Another host has none.
    let ran = world.run(&["--base-url", "https://gleaner.invalid/v1", "models", "--check"]).exits(1);
    assert!(ran.stderr.contains("no API key is set"), "{}", ran.report());
    world.run_with_stdin(&["key", "set"], "\n").exits(2).says("no key was given");
    world.run(&["key", "remove"]).exits(0);
    world.run(&["key", "remove"]).exits(2).says("no key is kept");
    world.run(&["key", "list"]).exits(0).says("no key is kept");
    world.run_with_stdin(&["--base-url", "http://example.com/v1", "key", "set"], "sk-1").exits(2).says("clear text");
}

#[cfg(unix)]
#[test]
fn an_editor_opens_the_file_and_mistakes_are_said_afterwards() {
    let mut world = World::with_groups(1);
    world.run(&["config", "edit"]).exits(2).says("no editor is named");
    let script = world.write("edit.sh", "echo 'colour = 1' > \"$2\"\n");
    world.set_var("PATH", "/usr/bin:/bin");
    world.set_var("EDITOR", &format!("sh {} --wait", script.display()));
    world.run(&["config", "set", "max_cost", "1"]).exits(0);
    world.run(&["config", "edit"]).exits(2).says("did you mean `color`?").says("opens it again");
    // The first time there is no folder yet.
    world.set_var("EDITOR", "touch");
    let file = world.path("new/folder/config.toml").display().to_string();
    world.run(&["--config", &file, "config", "edit"]).exits(0);
}

#[cfg(unix)]
#[test]
fn a_path_is_what_was_typed_and_a_link_stays_one() {
    let world = World::with_groups(1);
    let (real, link) = (world.write("real.toml", "max_cost = 1\n"), world.path("link.toml"));
    std::os::unix::fs::symlink(&real, &link).unwrap();
    let link = link.display().to_string();
    world.run(&["--config", &link, "config", "set", "database", "sub/news.db"]).exits(0);
    let text = fs::read_to_string(&real).unwrap();
    let typed = world.path("sub/news.db");
    assert!(text.contains("max_cost = 1") && text.contains(&format!("database = \"{}\"", typed.display())), "{text}");
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
}

#[test]
fn costs_are_summed_by_month_model_and_run() {
    let world = World::with_groups(3);
    world.run(&["costs"]).exits(0).says("nothing was billed yet");
    world.run(&["batch", "create", "--limit", "1", "--wait"]).exits(0);
    world.run(&["costs"]).exits(0).says("nothing was billed yet");
    // A provider that does not say it is a sandbox.
    let real = start_sandbox(&json!({"faults": [{"on": "*", "times": 0, "headers": {"x-gleaner-sandbox": null}}]}));
    let url = real.base_url();
    world.run(&["--base-url", &url, "batch", "create", "--limit", "1", "--wait"]).exits(0);
    world.run(&["--base-url", &url, "extract", "--limit", "1"]).exits(0);
    world.run(&["--base-url", &url, "batch", "create"]).exits(0);
    let answered: f64 = world
        .sql()
        .query_row(
            "SELECT sum(cost_usd) FROM answers JOIN requests ON requests.id = request_id WHERE sandbox = 0",
            [],
            |row| row.get(0),
        )
        .unwrap();
    for (by, n_rows) in [("month", 1), ("model", 1), ("run", 3)] {
        let costs = world.json(&["costs", "--by", by], 0);
        assert_eq!(costs["costs"].as_array().unwrap().len(), n_rows, "{costs}");
        let billed = costs["total"]["cost_usd"].as_f64().unwrap();
        assert!((billed - answered).abs() < 1e-12 && billed > 0.0, "{costs}");
        assert!(costs["total"]["in_flight_usd"].as_f64().unwrap() > 0.0, "{costs}");
        assert_eq!(costs["total"]["n_answers"], 4);
        let provider = &costs["provider"];
        assert_eq!(provider["n_batches"], 1);
        assert_eq!(provider["input_tokens"], provider["answered_input_tokens"]);
        assert_eq!(provider["output_tokens"], provider["answered_output_tokens"]);
    }
    world.run(&["costs", "--by", "run"]).exits(0).says("the provider counted ");
}
