use std::fs;

use crate::harness::{World, catalog, group};

fn world() -> World {
    let world = World::new();
    world.load_groups(&(1..=2).map(group).collect::<Vec<_>>());
    world.load_entities(&catalog()[..2]);
    world
}

#[test]
fn a_question_is_answered_in_every_form() {
    let world = world();
    const SQL: &str = "SELECT group_id, title, NULL AS empty, n_stories * -1 AS n, x'00ff' AS bytes \
                       FROM group_overview WHERE group_id = :id";
    let run = |form: &[&str]| {
        let ran = world.run(&[&["sql", SQL, "-p", "id=g2"], form].concat()).exits(0);
        (ran.stdout, ran.stderr)
    };
    assert_eq!(
        run(&[]),
        ("group_id  title    empty   n  bytes\ng2        Title 2         -1  00ff\n".into(), "1 row\n".into())
    );
    assert_eq!(
        run(&["--format", "csv"]),
        ("group_id,title,empty,n,bytes\ng2,Title 2,,-1,00ff\n".into(), String::new())
    );
    let object = r#"{"group_id":"g2","title":"Title 2","empty":null,"n":-1,"bytes":"00ff"}"#;
    assert_eq!(run(&["--format", "jsonl"]), (format!("{object}\n"), String::new()));
    assert_eq!(run(&["--json"]), (format!("[\n  {object}\n]\n"), String::new()));
}

#[test]
fn nothing_is_written_whatever_is_typed() {
    let world = world();
    let before = fs::read(world.path("g.db")).unwrap();
    let refused = "error: `gleaner sql` only reads; this statement would do more\n\
                   hint: to change rows, use a program such as `sqlite3` or Datasette\n\
                   hint: `gleaner sql --schema` shows the tables and views\n";
    for sql in
        ["DELETE FROM stories", "PRAGMA journal_mode = WAL", "VACUUM INTO 'copy.db'", "ATTACH 'other.db' AS other"]
    {
        let ran = world.run(&["sql", sql]).exits(2);
        assert_eq!((ran.stdout.as_str(), ran.stderr.as_str()), ("", refused), "{sql}");
    }
    assert!(fs::read(world.path("g.db")).unwrap() == before, "the file is another one");
    let ran = world.run(&["sql", "SELECT absent FROM stories"]).exits(2);
    assert_eq!(
        ran.stderr,
        "error: no such column: absent in SELECT absent FROM stories at offset 7\n\
         hint: `gleaner sql --schema` shows the tables and views\n"
    );
}

#[test]
fn the_schema_is_shown_with_its_documentation() {
    let world = World::new();
    world.has_no_transcript("the file `schema.sql`");
    let whole = world.run(&["sql", "--schema"]).exits(0);
    assert_eq!(whole.stdout, include_str!("../schema.sql"));
    let one = world.run(&["sql", "--schema", "story_topics_named"]).exits(0).stdout;
    assert!(
        one.starts_with("--") && one.contains("CREATE VIEW story_topics_named") && one.lines().count() < 40,
        "{one}"
    );
    let ran = world.run(&["sql", "--schema", "nothing"]).exits(2);
    assert_eq!(
        ran.stderr,
        "error: no table or view is called `nothing`\nhint: `gleaner sql --schema` shows all of them\n"
    );
}

#[test]
fn pages_and_completions_are_made_from_the_same_commands() {
    let world = World::new();
    world.has_no_transcript("the help, whose words are compared whole, in other forms");
    for (shell, word) in [
        ("bash", "complete -F _gleaner"),
        ("zsh", "#compdef gleaner"),
        ("fish", "complete -c gleaner"),
        ("powershell", "Register-ArgumentCompleter"),
        ("elvish", "edit:completion"),
    ] {
        let ran = world.run(&["completions", shell]).exits(0);
        assert!(ran.stdout.contains(word) && ran.stderr.is_empty(), "{shell}");
    }
    assert!(world.run(&["man"]).exits(0).stdout.contains(".TH gleaner 1"));
    let folder = world.path("man");
    world.run(&["man", "--dir", folder.to_str().unwrap()]).exits(0);
    let page = fs::read_to_string(folder.join("gleaner-batch-create.1")).unwrap();
    assert!(page.contains(".TH gleaner-batch-create 1") && page.contains("\\-\\-dry\\-run"), "{page}");
}
