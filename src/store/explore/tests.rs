use super::testing;
use super::*;
use crate::store::Store;
use crate::store::search::{CalledNames, SearchQuery};

/// Tables that grow with the collection. Whoever looks something up in them goes through an index.
const BIG: [&str; 7] =
    ["story_entities", "story_topics", "story_groups", "stories", "entities", "entity_aliases", "requests"];

/// Statements that look at everything because that is the question, by a piece of their text.
const WHOLE: [&str; 13] = [
    "SELECT id, sort_at IS NULL FROM story_groups ORDER BY sort_at, id",
    "WHERE fold(name) = ?1",
    "SELECT topic, count(*) FROM story_topics GROUP BY topic",
    "SELECT entity_id, story_group_id FROM story_entities WHERE entity_id IS NOT NULL",
    "SELECT entity_id, count(*) FROM story_entities WHERE entity_id IS NOT NULL",
    "SELECT story_group_id, entity_id FROM story_entities WHERE entity_id IS NOT NULL",
    "SELECT topic, story_group_id FROM story_topics ORDER BY topic",
    "SELECT id FROM story_groups WHERE (?1 IS NULL OR sort_at >= ?1)",
    "SELECT id, external_id, title, date, status FROM story_groups",
    "FROM (SELECT entity_id, count(DISTINCT story_group_id) AS n FROM story_entities",
    "SELECT g.id, t.topic FROM story_groups g JOIN story_topics t",
    "SELECT count(*) FROM story_groups",
    "SELECT id FROM main.story_groups g",
];

/// Returns the statements that stand in a source file.
fn statements(source: &str) -> Vec<String> {
    let source = source.split("#[cfg(test)]").next().unwrap_or(source);
    let mut found = vec![];
    for start in ["\"SELECT", "\"WITH"] {
        for (at, _) in source.match_indices(start) {
            let rest = &source[at + 1..];
            found.push(rest[..rest.find('"').expect("a literal ends")].to_owned());
        }
    }
    found
}

#[test]
fn no_lookup_scans_a_big_table() {
    let mut store = testing::store();
    let tx = store.write().unwrap();
    tx.make_search_index().unwrap();
    tx.commit().unwrap();
    let mut n = 0;
    for source in [
        include_str!("entities.rs"),
        include_str!("export.rs"),
        include_str!("group.rs"),
        include_str!("related.rs"),
        include_str!("topics.rs"),
        include_str!("../topics.rs"),
        include_str!("../search/mod.rs"),
        include_str!("../search/facets.rs"),
        include_str!("../search/words.rs"),
    ] {
        for sql in statements(source) {
            if sql.contains('{') || sql.contains("temp.search_") || WHOLE.iter().any(|whole| sql.contains(whole)) {
                continue;
            }
            n += 1;
            for step in plan(&store, &sql) {
                let is_scan = BIG.iter().any(|table| {
                    let mut words = step.split(' ');
                    words.next() == Some("SCAN") && words.next().is_some_and(|name| name == *table || name.len() == 1)
                });
                assert!(!is_scan, "{sql}\n  {step}");
            }
        }
    }
    assert!(n > 20, "only {n} statements were found");
}

/// Returns how SQLite would answer.
fn plan(store: &Store, sql: &str) -> Vec<String> {
    let mut statement = store.read().0.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).expect(sql);
    let steps = statement.raw_query().mapped(|row| row.get::<_, String>(3)).collect::<Result<_, _>>();
    steps.unwrap()
}

#[test]
fn a_group_is_shown_with_its_links() {
    let store = testing::store();
    let read = store.read();
    let key = read.group_key(&GroupId::new("g1")).unwrap().unwrap();
    let mentions = read.mentions_of(key).unwrap();
    assert_eq!(mentions[0].entity.as_ref().map(|e| e.name.as_str()), Some("Neil Armstrong"));
    assert_eq!(read.topics_of(key).unwrap().len(), 2);
    assert_eq!(read.group_ids_like("G1", 1).unwrap(), ["g1"]);
    assert_eq!(read.group_ids_like("x1", 3).unwrap(), Vec::<String>::new());
    assert_eq!(read.group_ids_like("g9", 3).unwrap(), ["g1", "g2", "g3"]);
}

#[test]
fn entities_are_counted_by_group_and_found_by_any_of_their_names() {
    let store = testing::store();
    let read = store.read();
    let (top, total) = read.top_entities(&Period::default(), None, &[], 10).unwrap();
    let top: Vec<_> = top.into_iter().map(|row| (row.entity.name, row.groups)).collect();
    assert_eq!(total, 3);
    assert_eq!(top[0], ("NASA".to_owned(), 2));
    let period = Period { since: Some("1969-07-03".into()), before: None, ..Period::default() };
    assert_eq!(read.top_entities(&period, None, &["Person".into()], 10).unwrap().1, 1);
    assert_eq!(read.namesakes("armstrong", 10).unwrap().len(), 2);
    assert_eq!(read.namesakes("Nasà", 10).unwrap()[0].entity.name, "NASA");
    assert_eq!(read.namesakes("ÁRMSTRONG", 10).unwrap().len(), 2);
    assert_eq!(read.namesakes("person:neil", 10).unwrap()[0].entity.name, "Neil Armstrong");
    assert_eq!(read.catalog_types().unwrap(), ["organization", "person"]);
    let nasa = read.namesakes("nasa", 10).unwrap()[0].entity.key;
    let groups = read.groups_of_entity(nasa, &Period::default(), 10).unwrap();
    assert_eq!(groups.iter().map(|g| g.group.id.as_str()).collect::<Vec<_>>(), ["g2", "g1"]);
    assert_eq!(read.companions_of(nasa, 5).unwrap()[0].entity.name, "Neil Armstrong");
}

/// Groups may name an entity twice, so those with the most mentions are not those that most groups name.
#[test]
fn the_first_entities_are_those_of_all() {
    let mut store = testing::store();
    let tx = store.write().unwrap();
    let sql = "INSERT INTO story_entities (story_group_id, ordinal, entity_type, mention_text, mention_key, entity_id, outcome,
                                           method, score, confidence, is_primary, rank, prompt_id)
               SELECT ?1, 10 + value, 'person', 'x', 'x', ?2, 'linked', 'exact', 1, 1, value % 2, 1, 2 FROM generate";
    let sql = sql.replace("generate", "json_each('[0,1,2,3,4,5,6,7,8,9]') WHERE value >= ?3 AND value < ?4");
    for (group, entity, from, to) in [(1, 2, 0, 6), (2, 1, 0, 2), (3, 1, 0, 1), (2, 2, 2, 3)] {
        tx.execute(&sql, (group, entity, from, to)).unwrap();
    }
    tx.commit().unwrap();
    let read = store.read();
    let all: Vec<(u64, i64)> = read.entity_counts(None).unwrap().into_iter().map(|(n, key)| (n, key.0)).collect();
    assert_eq!(all, [(3, 1), (3, 2), (2, 3)]);
    for limit in 0..5 {
        let (top, total) = read.top_entities(&Period::default(), None, &[], limit).unwrap();
        let top: Vec<(u64, i64)> = top.into_iter().map(|row| (row.groups, row.entity.key.0)).collect();
        assert_eq!((top.as_slice(), total), (&all[..all.len().min(limit as usize)], 3), "{limit}");
    }
}

#[test]
fn related_groups_say_what_they_share() {
    let store = testing::store();
    let key = store.read().group_key(&GroupId::new("g2")).unwrap().unwrap();
    let (related, total) = store.read().related(key, 5).unwrap();
    assert_eq!(total, related.len() as u64);
    let shared: Vec<_> = related.iter().map(|r| (r.group.id.as_str(), r.shared.len())).collect();
    assert_eq!(shared, [("g1", 1), ("g3", 1)]);
    assert!(related.iter().all(|r| r.score > 0.0 && r.score <= 1.0));
}

#[test]
fn pairs_are_those_of_the_view() {
    let store = testing::store();
    let pairs = store.read().cooccurrence(&Period::default(), 1).unwrap();
    let mut statement = store
        .read()
        .0
        .prepare(
            "SELECT entity_a, entity_b, n_groups FROM entity_cooccurrence ORDER BY n_groups DESC, entity_a, entity_b",
        )
        .unwrap();
    let view: Vec<(EntityKey, EntityKey, u64)> = statement
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get::<_, i64>(2)? as u64)))
        .unwrap()
        .collect::<Result<_, _>>()
        .unwrap();
    assert_eq!(pairs.iter().map(|pair| (pair.a, pair.b, pair.groups)).collect::<Vec<_>>(), view);
}

#[test]
fn what_changed_is_found_by_the_next_search() {
    let mut store = testing::store();
    let search = |store: &Store, words: &str| -> Vec<String> {
        let query = SearchQuery { words: words.into(), limit: 10, ..Default::default() };
        store.read().search(&query).unwrap().hits.into_iter().map(|found| found.group.id.to_string()).collect()
    };
    let refresh = |store: &mut Store| {
        let tx = store.write().unwrap();
        if !tx.read().has_search_index().unwrap() {
            tx.make_search_index().unwrap();
        }
        let keys = tx.read().unsearched_groups().unwrap();
        for key in &keys {
            tx.index_group(*key, true, &mut CalledNames::default()).unwrap();
        }
        tx.commit().unwrap();
        keys.len()
    };
    assert_eq!(refresh(&mut store), 3);
    assert_eq!(refresh(&mut store), 0);
    assert_eq!(search(&store, "trumpets"), ["g3"]);
    // By a name of the catalog that no story has, and by an alias.
    assert_eq!(search(&store, "\"National\""), ["g2", "g1"]);
    assert_eq!(search(&store, "\"neil\""), ["g1"]);
    let tx = store.write().unwrap();
    testing::answer_topics(&tx, 2, &["Trumpet"]);
    tx.commit().unwrap();
    assert_eq!(refresh(&mut store), 1);
    assert_eq!(search(&store, "trumpet").len(), 2);
    let key = GroupKey(3);
    let found = store
        .read()
        .search(&SearchQuery { words: "trumpet".into(), topics: vec!["jazz".into()], limit: 1, ..Default::default() })
        .unwrap()
        .hits;
    assert_eq!((found[0].group.key, found[0].snippet.contains("\u{FDEA}trumpet\u{FDEB}")), (key, true));
}
