use super::{check, one, short_answers};
use crate::harness::World;

#[test]
fn the_original_flags_do_the_whole_job() {
    let world = World::with_groups(3);
    world.script(&short_answers());
    world.run(&["--batch", "--limit", "2"]).exits(0).says("4 requests for 2 groups");
    let id = one(&world, "SELECT external_id FROM batches");
    world.run(&["--batch-status", &id]).exits(0).says("at the provider:").says(&id);
    world.run(&["--batch-list"]).exits(0).says(&id);
    world.run(&["--batch-process", &id, "--dry-run"]).exits(0).says("completed: 2 groups, 4 topics, 6 entities");
    assert_eq!(world.count("SELECT count(*) FROM story_topics"), 0);
    world.run(&["--batch-process", &id]).exits(0).says("completed: 2 groups, 4 topics, 6 entities");
    world.run(&["--progress"]).exits(0).says("2 of 3 groups answered");
    world.run(&["--batch", "--wait", "--poll-interval", "1"]).exits(0).says("completed: 1 group");
    world.run(&["--batch", "--retry-failed", "--max-errors", "2"]).exits(0).says("nothing to send");
    assert_eq!(world.count("SELECT count(*) FROM current_answers"), 6);
    assert!(world.journal().asked_again().is_empty());
}

#[test]
fn a_batch_is_cancelled_by_its_original_flag() {
    let world = World::with_groups(1);
    world.run(&["--batch"]).exits(0);
    let id = one(&world, "SELECT external_id FROM batches");
    world.run(&["--batch-cancel", &id]).exits(0).says("cancel");
    assert_eq!(world.journal().n_calls("batches.cancel"), 1);
}

/// Both spellings print the same.
#[test]
fn a_flag_is_another_spelling_of_its_command() {
    let world = World::with_groups(2);
    for (flags, command) in [
        (&["--progress"][..], &["progress"][..]),
        (&["--batch", "--dry-run", "--limit", "1"], &["batch", "create", "--dry-run", "--limit", "1"]),
        (&["--dry-run", "--limit", "1"], &["extract", "--dry-run", "--limit", "1"]),
        (&["--batch-list"], &["batch", "list"]),
        (&["--progress", "--json"], &["progress", "--json"]),
    ] {
        let [flags, command] = [flags, command].map(|args| world.run(args).exits(0));
        assert_eq!((&flags.stdout, &flags.stderr), (&command.stdout, &command.stderr), "{}", flags.report());
    }
}

#[test]
fn without_batch_the_original_flags_extract() {
    let world = World::with_groups(3);
    world.run(&["--limit", "2"]).exits(0);
    assert_eq!(world.count("SELECT count(*) FROM current_answers"), 4);
    let journal = world.journal();
    assert_eq!((journal.n_calls("responses.create"), journal.batches.len()), (4, 0));
    world.run(&["--retry-failed"]).exits(0);
    assert_eq!(world.count("SELECT count(*) FROM current_answers"), 6);
}

#[test]
fn flags_that_do_not_fit_together_are_wrong_usage() {
    let world = World::with_groups(1);
    for (args, message, hint) in [
        (
            &["--limit", "10", "batch", "create"][..],
            "`--limit` stands before the command, where it would have no effect",
            "put it behind the command, as in `gleaner batch create --limit 10`",
        ),
        (
            &["--dry-run", "progress"],
            "`--dry-run` stands before the command, where it would have no effect",
            "put it behind the command, as in `gleaner batch create --limit 10`",
        ),
        (&["--batch", "--progress"], "`--batch` and `--progress` are two different things to do; use one of them", ""),
        (
            &["--batch-list", "--batch-status", "x"],
            "`--batch-status` and `--batch-list` are two different things to do; use one of them",
            "",
        ),
        (&["--progress", "--wait"], "`--wait` has no effect with `--progress`", ""),
        (&["--batch-process", "x", "--limit", "3"], "`--limit` has no effect with `--batch-process`", ""),
        (&["--batch-cancel", "x", "--dry-run"], "`--dry-run` has no effect with `--batch-cancel`", ""),
        (&["--max-errors", "3"], "`--max-errors` needs `--retry-failed`", ""),
        (&["--wait"], "`--wait` needs `--batch`", "`gleaner --batch --wait` waits for a batch"),
        (
            &["--limit", "1", "--poll-interval", "3"],
            "`--poll-interval` needs `--batch`",
            "`gleaner --batch --wait` waits for a batch",
        ),
    ] {
        let (message, hint) = (format!("error: {message}"), format!("hint: {hint}"));
        let lines: Vec<&str> = [message.as_str(), &hint].into_iter().filter(|line| *line != "hint: ").collect();
        check(&world, args, 2, &[], &lines);
    }
    assert!(world.journal().calls.is_empty());
}

/// Once they bought the whole collection.
#[test]
fn global_options_without_a_command_print_help_and_spend_nothing() {
    let world = World::with_groups(1);
    world.has_no_transcript("the help has a file of its own");
    let db = world.db.display().to_string();
    let help = world.run(&["--help"]).exits(0).stdout;
    for args in
        [&["--db", &db][..], &["--json"], &["-q"], &["-v"], &["--color", "never"], &["--base-url", "http://h/v1"]]
    {
        let ran = world.run(args).exits(0);
        assert_eq!((ran.stdout.as_str(), ran.stderr.as_str()), (help.as_str(), ""), "{}", ran.report());
    }
    assert!(world.journal().calls.is_empty());
}
