use crate::harness::World;

#[test]
fn the_default_profile_is_active_until_another_is_chosen() {
    let world = World::new();
    let list = world.run(&["profile", "list"]).exits(0);
    assert!(list.stdout.starts_with("* news ") && list.stdout.contains("\n  football "), "{}", list.report());
    assert!(!world.db.exists(), "looking makes no database");
    world.run(&["profile", "use", "football"]).exits(0).says("`football` is now active");
    world.run(&["profile", "use", "football"]).exits(0).says("`football` was active already");
    let list = world.json(&["profile", "list"], 0);
    assert_eq!((&list["profiles"][1]["name"], &list["profiles"][1]["active"]), (&"football".into(), &true.into()));
    world.run(&["profile", "show"]).exits(0).says("American football").says("pair: two of type team");
}

#[test]
fn the_text_in_the_database_is_the_one_that_counts() {
    let world = World::new();
    let path = world.path("my.toml").display().to_string();
    world.run(&["profile", "export", "news", "-o", &path]).exits(0);
    world.run(&["profile", "export", "news", "-o", &path]).exits(1).says("cannot write");
    let own = std::fs::read_to_string(&path).unwrap().replacen("name = \"news\"", "name = \"mine\"", 1);
    let namesake = std::fs::read_to_string(&path).unwrap().replacen("max_topics = 10", "max_topics = 9", 1);
    std::fs::write(&path, &namesake).unwrap();
    world.run(&["profile", "use", &path]).exits(0).says("by the name `news` the built-in profile is meant");
    std::fs::write(&path, &own).unwrap();
    world.run(&["profile", "use", &path]).exits(0).says("`mine` is now active");
    std::fs::remove_file(&path).unwrap();
    assert_eq!(world.run(&["profile", "export"]).exits(0).stdout, own);
    assert_eq!(world.run(&["profile", "export", "mine"]).exits(0).stdout, own);
    world.run(&["profile", "list"]).exits(0).says("* mine").says("kept in this database");
    world.run(&["profile", "use", "nws"]).exits(2).says("did you mean `news`?");
    world.run(&["profile", "show", "his"]).exits(2).says("there are `news`, `football` and `mine`");
}

#[test]
fn a_profile_with_a_problem_is_never_used() {
    let world = World::new();
    world.run(&["profile", "check", "news", "football"]).exits(0).says("football: nothing is wrong with it");
    let text = world.run(&["profile", "export"]).exits(0).stdout;
    let path = world.write("my.toml", &text.replacen("max_topics", "max_topcs", 1)).display().to_string();
    let ran = world.run(&["profile", "check", &path]).exits(1).says("hint: did you mean `max_topics`?");
    assert!(ran.stderr.starts_with(&format!("{path}: line ")), "{}", ran.report());
    world.run(&["profile", "use", &path]).exits(1).says("unknown field `max_topcs`");
    let path =
        world.write("two.toml", &text.replacen("max_topics = ", "max_topics = 9", 1).replacen("\"low\"", "\"lw\"", 1));
    let problems = world.json(&["profile", "check", &path.display().to_string()], 1);
    assert_eq!(problems["profiles"][0]["problems"].as_array().map(Vec::len), Some(2), "{problems}");
    assert!(!world.db.exists());
}

#[test]
fn the_prompts_are_shown_as_they_are_sent() {
    let mut world = World::new();
    world.set_var("MAX_TOPICS_PER_GROUP", "3");
    world
        .run(&["profile", "show", "--prompt", "topic"])
        .exits(0)
        .says("- At most 3.")
        .says("\"additionalProperties\": false");
    let ask = world.json(&["profile", "show", "football", "--prompt", "entity"], 0);
    assert_eq!((&ask["kind"], &ask["schema_name"]), (&"entity".into(), &"entities".into()));
    assert!(ask["instructions"].as_str().unwrap().contains("<story>"), "{ask}");
}

#[test]
fn a_price_of_ones_own_goes_before_the_table() {
    let mut world = World::with_groups(2);
    let estimate = |world: &World, more: &[&str]| {
        let plan = world.json(&[&["batch", "create", "--dry-run", "--model", "llama-9"], more].concat(), 0);
        plan["estimate"]["sync_usd"].as_f64()
    };
    assert_eq!(estimate(&world, &[]), None, "an unknown price is not guessed");
    let table = world.write("prices.toml", "[model]\n\"llama-9\" = { input = 0, cached_input = 0, output = 0 }\n");
    world.set_var("GLEANER_PRICES", &table.display().to_string());
    assert_eq!(estimate(&world, &[]), Some(0.0));
    assert!(estimate(&world, &["--price", "1,1,1"]) > Some(0.0), "what is typed goes before both");
    world.write("prices.toml", "[modle]\n");
    let ran = world.run(&["batch", "create", "--dry-run"]).exits(1);
    ran.says("prices.toml").says("unknown field `modle`");
}
