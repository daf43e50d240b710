use crate::harness::World;

#[test]
fn a_run_goes_from_stories_to_knowledge_once() {
    let world = World::with_groups(4);
    let created = world.json(&["batch", "create"], 0);
    assert_eq!((&created["total_groups"], &created["total_requests"]), (&4.into(), &8.into()));
    let run = created["run_id"].as_str().expect("a run").to_owned();
    let ran = world.json(&["batch", "wait"], 0);
    assert_eq!(ran["batches"][0]["account"]["usable"], 8, "{ran:#}");
    assert_eq!(world.count("SELECT count(*) FROM current_answers"), 8);
    assert!(world.count("SELECT count(*) FROM story_topics") >= 4);
    assert!(world.count("SELECT count(*) FROM story_entities WHERE entity_id IS NOT NULL") >= 8);
    assert_eq!(world.rows("SELECT DISTINCT run_id FROM requests"), [run]);

    // Asked once is asked: the next command sends nothing.
    world.run(&["batch", "create", "--wait"]).exits(0).says("nothing to send");
    let journal = world.journal();
    assert_eq!((journal.batches.len(), journal.asked.len(), journal.billed.len()), (1, 8, 8));
    assert!(journal.asked_again().is_empty());
}
