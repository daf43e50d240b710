use super::*;
use crate::model::{Attributes, Entity, EntityId, EntityKey};
use crate::resolve::{Builder, Query, Resolver};

fn catalog(names: &[&str]) -> Resolver<Resident> {
    let mut builder = Builder::new();
    for (number, name) in (0i64..).zip(names) {
        let entity = Entity {
            id: EntityId::new(*name),
            entity_type: "thing".into(),
            name: (*name).into(),
            aliases: vec![],
            attributes: Attributes::new(),
        };
        builder.add(EntityKey(number), &entity);
    }
    Resolver::new(builder.resident().expect("packs")).expect("opens")
}

#[test]
fn what_differs_in_nothing_but_a_number_is_another_thing() {
    let names = ["Photo Studio 7.0", "Turbo Printer XJ900", "Grand Final LVII", "Acme 9 Travel Guide", "Harbour 12"];
    let mut resolver = catalog(&names);
    for (text, expected) in [
        ("Photo Studio v7", Some(0)),
        ("Photo Studio", Some(0)),
        ("Photo Studio v8", None),
        ("Turbo Printer XJ-900", Some(1)),
        ("Turbo Printer XJ-901", None),
        ("Turbo Printer XJ901", None),
        ("Grand Final 57", Some(2)),
        ("Grand Final LVI", None),
        ("Grand Final L", None),
        ("Acme 8 Travel Guide", None),
        ("Harbor 12", Some(4)),
        ("Harbour 13", None),
    ] {
        let query = Query { text, types: &[], hints: &Attributes::new(), context: "" };
        let decision = resolver.resolve(&query).expect("resolves");
        assert_eq!(decision.entity.map(|entity| entity.0), expected, "{text}: {decision:?}");
    }
}

#[test]
fn of_two_layers_the_best_go_on_as_of_one() {
    let found = |tallies: &[f32]| -> Vec<Hit> {
        (0u32..).zip(tallies).map(|(name, tally)| Hit { name, tally: *tally, is_rarest: false }).collect()
    };
    for (a, b, expected) in [
        (&[1.0, 0.9][..], &[][..], (2, 0)),
        (&[], &[1.0], (0, 1)),
        (&[1.0, 0.2], &[0.9], (1, 1)),
        (&[0.4, 0.31], &[1.0], (2, 1)),
        (&[1.0; 8], &[0.6, 0.45], (8, 1)),
        (&[1.0; 40], &[1.0; 4], (32, 0)),
    ] {
        let (mut a, mut b) = (found(a), found(b));
        cut(&mut a, &mut b, 0.0);
        assert_eq!((a.len(), b.len()), expected, "{a:?} {b:?}");
    }
    let mut many = found(&[1.0; 40]);
    (many[35].is_rarest, many[39].is_rarest) = (true, true);
    cut(&mut many, &mut vec![], 0.0);
    assert_eq!(many.iter().skip(32).map(|hit| hit.name).collect::<Vec<_>>(), [35, 39]);
}

#[test]
fn a_plural_is_its_singular_where_nobody_can_be_called_so() {
    let mut resolver =
        catalog(&["Heat-Shock Proteins", "Antibodies, Bispecific", "Roberts Field", "Tissue Kallikreins"]);
    for (text, expected) in
        [("heat-shock protein", Some(0)), ("bispecific antibody", Some(1)), ("kallikrein, tissue", Some(3))]
    {
        let query = Query { text, types: &[], hints: &Attributes::new(), context: "" };
        let decision = resolver.resolve(&query).expect("resolves");
        assert_eq!(decision.entity.map(|entity| entity.0), expected, "{text}: {decision:?}");
    }
}

#[test]
fn a_title_is_found_by_the_beginnings_of_its_words() {
    let mut resolver = catalog(&[
        "International Journal of Milling Engineering",
        "Harbour Milling Review",
        "Mill",
        "Lantern historian",
        "The Ashby journal",
        "Annals of Harbour History : a quarterly of the Harbour Society",
        "Advanced Lantern Theory",
        "Lantern, Mill and Harbour",
    ]);
    for (text, expected) in [
        ("Int J Mill Eng", Some(0)),
        ("Int. J. Mill. Eng.", Some(0)),
        ("Lantern Hist", Some(3)),
        ("Ashb J", Some(4)),
        ("Ann Harb Hist", Some(5)),
        ("Adv. Lantern Theor.", Some(6)),
        ("Int J Mill Ecol", None),
        ("J Mill Eng", None),
    ] {
        let query = Query { text, types: &[], hints: &Attributes::new(), context: "" };
        let decision = resolver.resolve(&query).expect("resolves");
        assert_eq!(decision.entity.map(|entity| entity.0), expected, "{text}: {decision:?}");
    }
}

#[test]
fn a_model_number_is_one_whole_and_in_parts() {
    let mut resolver = catalog(&[
        "Acme Lantern with a black handle - DXR300B",
        "Acme DX-R310B Lantern with a white handle - DXR310B",
        "Acme Lantern Stand - DXS300",
    ]);
    for (text, expected) in [
        ("Acme DX-R300B Camping Lantern", Some(0)),
        ("Acme DX-R300B Camping Lantern - DXR300B", Some(0)),
        ("Acme Lantern - DXR310B", Some(1)),
        ("Acme DX-R320B Lantern - DXR320B", None),
    ] {
        let query = Query { text, types: &[], hints: &Attributes::new(), context: "" };
        let decision = resolver.resolve(&query).expect("resolves");
        assert_eq!(decision.entity.map(|entity| entity.0), expected, "{text}: {decision:?}");
    }
}
