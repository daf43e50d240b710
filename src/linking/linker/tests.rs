use super::*;
use crate::linking::{rebuild, refresh};
use crate::model::{Decision, Entity, EntityId, Target, Verdict};
use crate::store::{Store, Tx};

fn entity(id: &str, kind: &str, name: &str, attributes: &[(&str, &str)]) -> Entity {
    Entity {
        id: EntityId::new(id),
        entity_type: kind.to_owned(),
        name: name.to_owned(),
        aliases: Vec::new(),
        attributes: attributes.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect(),
    }
}

fn linked_name(tx: &Tx<'_>, text: &str) -> Option<String> {
    let mut linker = Linker::open(tx.read(), Strictness::Default, Load::One).expect("opens");
    let query = Query { text, types: &[], hints: &Attributes::new(), context: "" };
    let resolution = linker.resolve("person", &query).expect("resolves");
    resolution.entity.map(|key| tx.read().entity_name(key).expect("reads").expect("is there").2)
}

#[test]
fn the_index_follows_the_catalog() {
    let mut store = Store::open_in_memory("2026-01-01T00:00:00Z").expect("opens");
    let tx = store.write().expect("begins");
    let names = ["Maryam Okonkwo", "Tobias Lindqvist", "Henrietta Vance", "Paolo Bertolucci"];
    for (at, name) in names.iter().enumerate() {
        tx.load_entity(&entity(&at.to_string(), "person", name, &[]), "2026-01-01T00:00:00Z").expect("loads");
    }
    for packed in [false, true] {
        if packed {
            rebuild(&tx).expect("packs");
        }
        assert_eq!(linked_name(&tx, "Tobias Lindqvist").as_deref(), Some("Tobias Lindqvist"));
        assert_eq!(linked_name(&tx, "Zebulon Quist"), None);
    }
    // Changed, added and removed after the index was packed.
    tx.load_entity(&entity("1", "person", "Tobias Norgren", &[]), "2026-01-01T00:00:00Z").expect("loads");
    tx.load_entity(&entity("9", "person", "Zebulon Quist", &[]), "2026-01-01T00:00:00Z").expect("loads");
    let key = tx.read().entity_key("person", &EntityId::new("2")).expect("reads").expect("is there");
    tx.remove_entity(key).expect("removes");
    assert_eq!(linked_name(&tx, "Tobias Lindqvist"), None);
    assert_eq!(linked_name(&tx, "Tobias Norgren").as_deref(), Some("Tobias Norgren"));
    assert_eq!(linked_name(&tx, "Zebulon Quist").as_deref(), Some("Zebulon Quist"));
    assert_eq!(linked_name(&tx, "Henrietta Vance"), None);
    assert_eq!(linked_name(&tx, "Maryam Okonkwo").as_deref(), Some("Maryam Okonkwo"));
}

#[test]
fn an_index_of_another_format_is_packed_anew_and_until_then_links_right() {
    let mut store = Store::open_in_memory("2026-01-01T00:00:00Z").expect("opens");
    let tx = store.write().expect("begins");
    tx.load_entity(&entity("1", "person", "Tobias Lindqvist", &[]), "2026-01-01T00:00:00Z").expect("loads");
    rebuild(&tx).expect("packs");
    assert!(is_usable(tx.read()).expect("reads"));
    tx.execute(
        "UPDATE _name_index SET page = CAST(replace(page, '\"format\":', '\"format\":1') AS BLOB) WHERE id = 0",
        [],
    )
    .expect("writes");
    assert!(!is_usable(tx.read()).expect("reads"));
    assert_eq!(linked_name(&tx, "Tobias Lindqvist").as_deref(), Some("Tobias Lindqvist"));
    refresh(&tx).expect("packs");
    assert!(is_usable(tx.read()).expect("reads"));
    assert_eq!(linked_name(&tx, "Tobias Lindqvist").as_deref(), Some("Tobias Lindqvist"));
}

#[test]
fn decisions_under_keys_of_an_earlier_program_still_hold() {
    let mut store = Store::open_in_memory("2026-01-01T00:00:00Z").expect("opens");
    let tx = store.write().expect("begins");
    tx.load_entity(&entity("sb57", "event", "The game in Glendale", &[]), "2026-01-01T00:00:00Z").expect("loads");
    let target = Target { entity_type: "event".into(), id: EntityId::new("sb57") };
    let taught = Decision {
        mention: "Super Bowl LVII".into(),
        mention_type: String::new(),
        hints: Attributes::new(),
        only_unlinked: false,
        verdict: Verdict::Is(target),
        decided_at: None,
    };
    // As it was before numerals were numbers, and the same once more as it is now.
    tx.decide("super bowl lvii", &taught, "2026-01-01T00:00:00Z").expect("writes");
    assert_eq!(linked_name(&tx, "Super Bowl 57").as_deref(), Some("The game in Glendale"));
    tx.decide("super bowl 57", &taught, "2026-01-01T00:00:00Z").expect("writes");
    refresh(&tx).expect("packs");
    let keys: Vec<_> =
        tx.read().stored_decisions().expect("reads").into_iter().map(|known| known.mention_key).collect();
    assert_eq!(keys, ["super bowl 57"]);
    assert_eq!(linked_name(&tx, "Super Bowl LVII").as_deref(), Some("The game in Glendale"));
}

#[test]
fn a_profile_says_whether_a_hint_changes() {
    let mut store = Store::open_in_memory("2026-01-01T00:00:00Z").expect("opens");
    let tx = store.write().expect("begins");
    let rows = [
        entity("1", "person", "Ines Quist", &[("city", "Turin"), ("voice", "alto")]),
        entity("2", "person", "Ruth Abara", &[("city", "Graz"), ("voice", "bass")]),
    ];
    for row in &rows {
        tx.load_entity(row, "2026-01-01T00:00:00Z").expect("loads");
    }
    rebuild(&tx).expect("packs");
    let news = Profile::parse(Profile::builtin("news").expect("is built in")).expect("is sound");
    let is_linked = |hint: &str, value: &str, changes: Option<bool>| {
        let mut profile = news.clone();
        let person = profile.types.iter_mut().find(|known| known.name == "person").expect("is there");
        person.changes.extend(changes.map(|changes| (hint.to_owned(), changes)));
        let mut linker = Linker::open(tx.read(), Strictness::Default, Load::One).expect("opens");
        let hints = [(hint.to_owned(), value.to_owned())].into();
        let query = Query { text: "Ines Quist", types: &[], hints: &hints, context: "" };
        linker.decide(&profile, "person", &query).expect("resolves").entity.is_some()
    };
    assert!(!is_linked("city", "Graz", None), "a city does not change by itself");
    assert!(is_linked("city", "Graz", Some(true)));
    assert!(is_linked("voice", "soprano", None), "the catalog has no soprano");
    assert!(!is_linked("voice", "soprano", Some(false)));
}

#[test]
fn what_stands_around_a_mention_does_not_depend_on_the_groups_before() {
    let mut store = Store::open_in_memory("2026-01-01T00:00:00Z").expect("opens");
    let tx = store.write().expect("begins");
    let mut rows = vec![
        entity("1", "person", "Ragnhild Mossberg", &[("team", "Harbor Herons")]),
        entity("2", "person", "Tomas Okoro", &[("team", "Northport Gulls")]),
        entity("3", "person", "Tomas Okoro", &[("team", "Harbor Herons")]),
    ];
    for (at, first) in ["Ruth", "Ines", "Paolo", "Henrietta", "Maryam", "Dana"].into_iter().enumerate() {
        for last in ["Abara", "Quist", "Vance", "Lindqvist"] {
            let id = format!("{first} {last}");
            rows.push(entity(&id, "person", &id, &[("team", &format!("Elmwood {last} {at}"))]));
        }
    }
    for row in &rows {
        tx.load_entity(row, "2026-01-01T00:00:00Z").expect("loads");
    }
    let decided = Decision {
        mention: "Old Skipper".into(),
        mention_type: String::new(),
        hints: Attributes::new(),
        only_unlinked: false,
        verdict: Verdict::Is(Target { entity_type: "person".into(), id: EntityId::new("1") }),
        decided_at: None,
    };
    tx.decide(&resolve::mention_key("Old Skipper"), &decided, "2026-01-01T00:00:00Z").expect("writes");
    rebuild(&tx).expect("packs");
    let news = Profile::parse(Profile::builtin("news").expect("is built in")).expect("is sound");
    let group = |names: &[&str]| -> Vec<Mention> {
        let mention = |name: &&str| Mention {
            entity_type: "person".into(),
            text: (*name).into(),
            hints: Attributes::new(),
            is_primary: false,
            confidence: 1.0,
            rank: 1,
        };
        names.iter().map(mention).collect()
    };
    let groups = [group(&["Old Skipper", "Una Nobody"]), group(&["Ragnhild Mossberg", "Tomas Okoro"])];
    let link = |order: [usize; 2]| {
        let mut linker = Linker::open(tx.read(), Strictness::Default, Load::One).expect("opens");
        let mut found = order.map(|at| (at, linker.link(&news, &groups[at]).expect("links")));
        found.sort_by_key(|(at, _)| *at);
        found.map(|(_, resolutions)| resolutions)
    };
    let found = link([0, 1]);
    assert_eq!(found, link([1, 0]));
    assert!(found[0][0].entity.is_some() && found[0][0].entity == found[1][0].entity, "{found:?}");
    assert_eq!(found[1][1].method, Method::Context, "{found:?}");
    // A sure link is context for the others, and not for itself.
    let mut linker = Linker::open(tx.read(), Strictness::Default, Load::One).expect("opens");
    let mut first = |names: &[&str]| linker.link(&news, &group(names)).expect("links").remove(0);
    let (alone, in_company) = (first(&["Mossberg"]), first(&["Mossberg", "Tom Nobody"]));
    assert!(alone.entity.is_some() && alone.method == Method::Fuzzy, "{alone:?}");
    assert_eq!(in_company, alone);
}
