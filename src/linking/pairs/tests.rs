use super::*;
use crate::model::{Entity, EntityId};
use crate::store::Store;

fn entity(id: &str, entity_type: &str, name: &str, aliases: &[&str], attributes: &[(&str, &str)]) -> Entity {
    Entity {
        id: EntityId::new(id),
        entity_type: entity_type.into(),
        name: name.into(),
        aliases: aliases.iter().map(|&alias| alias.to_owned()).collect(),
        attributes: attributes.iter().map(|&(k, v)| (k.to_owned(), v.to_owned())).collect(),
    }
}

fn store() -> Store {
    let mut store = Store::open_in_memory("2026-01-01T00:00:00Z").unwrap();
    let tx = store.write().unwrap();
    let game = |id: &str, home: &str, away: &str, season: &str, week: &str| {
        entity(id, "game", id, &[], &[("home", home), ("away", away), ("season", season), ("week", week)])
    };
    for entity in [
        entity("reds", "team", "Ruby Reds", &["RED", "Reds"], &[]),
        entity("blues", "team", "Sea Blues", &["BLU", "Blues"], &[]),
        entity("greens", "team", "Hill Greens", &["GRN"], &[]),
        game("g1", "RED", "BLU", "2020", "3"),
        game("g2", "RED", "BLU", "2021", "Final"),
        game("g3", "BLU", "RED", "2020", "9"),
        game("g4", "GRN", "BLU", "2020", "1"),
        entity("stars", "team", "Stars-at-Law", &[], &[]),
        game("g5", "Stars-at-Law", "Arrow-Smiths", "2020", "1"),
    ] {
        tx.load_entity(&entity, "2026-01-01T00:00:00Z").unwrap();
    }
    tx.commit().unwrap();
    store
}

#[test]
fn a_game_is_found_through_its_teams() {
    let store = store();
    let pair = Pair {
        members: "team".into(),
        home: "home".into(),
        away: "away".into(),
        with: vec!["season".into(), "week".into()],
    };
    let of =
        PairType { name: "game", pair: &pair, types: vec!["game".to_owned()], member_types: vec!["team".to_owned()] };
    let mut pairs = Pairs::default();
    let mut find = |text: &str, hints: &[(&str, &str)]| {
        let hints: Attributes = hints.iter().map(|&(k, v)| (k.to_owned(), v.to_owned())).collect();
        let read = resolve::read_pair(text);
        let query = PairQuery { read, hints: &hints, strictness: Strictness::Default, explain: true };
        match pairs.find(store.read(), &of, &query, &mut |_| Ok(None)).unwrap() {
            Err(remarks) => format!("none: {}", remarks.join("; ")),
            Ok(PairResolution { resolution: Resolution { entity: None, outcome, .. }, fitting, .. }) => {
                format!("{} {}", outcome.as_str(), fitting.len())
            }
            Ok(PairResolution { resolution: Resolution { entity: Some(entity), score, .. }, .. }) => {
                format!("{} {score:.2}", store.read().entity(entity).unwrap().unwrap().id)
            }
        }
    };
    let mut check = |hints: &[(&str, &str)], expected: &str| {
        assert_eq!(find("", hints), expected, "{hints:?}");
    };
    let (reds, blues) = (("home", "Reds"), ("away", "Sea Blues"));
    check(&[reds, blues, ("season", "2020"), ("week", "Week 3")], "g1 0.97");
    check(&[reds, blues, ("season", "2021")], "g2 0.85");
    check(&[reds, blues, ("week", "final")], "g2 0.85");
    check(&[reds, blues], "ambiguous 2");
    check(&[reds, blues, ("season", "1999")], "unknown 0");
    // At home or away: the order that is there counts, and where it is not there, the other is likely.
    check(&[("home", "BLU"), ("away", "RED"), ("season", "2020")], "g3 0.85");
    check(&[("home", "BLU"), ("away", "RED"), ("season", "2020"), ("week", "3")], "g1 0.87");
    check(&[("home", "Blues"), ("away", "GRN")], "g4 0.54");
    check(&[reds, ("away", "GRN"), ("season", "2020")], "unknown 0");
    check(&[reds, ("season", "2020"), ("week", "3")], "none: the mention does not name two");

    for (text, expected) in [
        ("Reds vs Blues", "ambiguous 3"),
        ("Reds-Blues, 2021", "g2 0.85"),
        ("Week 3: BLU @ RED", "g1 0.85"),
        ("the Sea Blues–Reds game (2020)", "ambiguous 2"),
        ("BLU/RED 2020, week 9", "g3 0.97"),
        ("Blues at Reds, final", "g2 0.85"),
        ("the Blues at Reds final", "g2 0.85"),
        ("Reds at Blues, week 3", "g1 0.77"),
        ("Reds at Blues, week 5", "unknown 0"),
        ("Hill Greens v. Blues", "g4 0.60"),
        ("Greens v. Blues", "none: `Greens` names no member that the catalog knows"),
        ("Reds vs Zebras", "none: `Zebras` names no member that the catalog knows"),
        ("Stars-at-Law vs. Arrow-Smiths", "g5 0.60"),
        ("Arrow-Smiths-Stars-at-Law", "g5 0.60"),
        ("GRN-RED", "unknown 0"),
        ("Reds", "none: the mention does not name two"),
    ] {
        assert_eq!(find(text, &[]), expected, "{text}");
    }
}
