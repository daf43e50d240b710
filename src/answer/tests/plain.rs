//! Answers that are written exactly as the schema asks: their own reader finds in them what the other one finds.

use super::{Numbers, entities, topics};
use crate::answer::content::{find_and_read, read_plain};
use crate::answer::{Expect, Outcome};

/// Reads a text both ways; true where the plain reader reads it.
fn both(text: &str, expect: &Expect) -> bool {
    let Some(plain) = read_plain(text, expect) else { return false };
    assert_eq!(plain, find_and_read(text, expect), "{text}");
    true
}

/// Items of entities: what stands in the braces of each.
fn list(items: &[String]) -> String {
    format!("{{\"entities\":[{}]}}", items.iter().map(|item| format!("{{{item}}}")).collect::<Vec<_>>().join(","))
}

#[test]
fn what_is_plain_means_what_it_means_to_the_other_reader() {
    let item = |kind: &str, name: &str, more: &str| {
        format!(r#""type":"{kind}","mention":"{name}",{more}"is_primary":true,"confidence":0.92,"rank":1"#)
    };
    for names in [
        vec![("person", "Sally Ride")],
        vec![("Player", "Zoë"), ("company", "AT&amp;T"), ("ship", "Apollo  11")],
        vec![("person", "Jo"), ("person", "Jo"), ("player", "Jo")],
        vec![("person", "a"), ("person", "b"), ("person", "c"), ("person", "d")],
        vec![("person", "N/A"), ("person", "")],
        vec![("", "None")],
        vec![],
    ] {
        for more in [
            "",
            r#""role":"pilot","country":null,"#,
            r#""country":"unknown","#,
            r#""role":" a  b ","#,
            r#""team":"Herons","role":"pilot","born":1951,"#,
            r#""name":"another","category":null,"score":0.1,"primary":false,"hints":"x","#,
        ] {
            let items: Vec<String> = names.iter().map(|(kind, name)| item(kind, name, more)).collect();
            assert!(both(&list(&items), &entities()), "{items:?}");
        }
    }
    for text in [
        r#"{"topics":[{"topic":"NASA","confidence":0.9,"rank":1},{"topic":"nasa","confidence":1.5,"rank":0}]}"#,
        r#"{"topics":[{"topic":"a","confidence":0,"rank":2000},{"topic":"","confidence":0.123456,"rank":2.5}]}"#,
        r#" { "topics" : [ ] } "#,
        r#"{"topics":[{"topic":"-","confidence":1,"rank":1}]}"#,
    ] {
        assert!(both(text, &topics()), "{text}");
    }
}

#[test]
fn what_is_nearly_plain_is_read_by_the_other_reader_or_means_the_same() {
    let seeds = [
        r#"{"topics":[{"topic":"NASA","confidence":0.9,"rank":1},{"topic":"Budget","confidence":0.75,"rank":2}]}"#,
        r#"{"entities":[{"type":"person","mention":"Ride","role":"pilot","country":null,"is_primary":true,"confidence":1,"rank":1}]}"#,
    ];
    let pieces =
        ["\"", ",", ":", "{", "}", "[", "]", "0", ".", "e1", "-", "null", "\"rank\":1,", "role", " ", "\\", "<", "é"];
    let mut numbers = Numbers(11);
    let mut n_plain = 0;
    for round in 0..20_000 {
        let mut text = seeds[round % 2].to_owned();
        for _ in 0..1 + numbers.below(3) {
            let at = (0..=numbers.below(text.len() + 1)).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
            match numbers.below(3) {
                0 if at < text.len() => _ = text.remove(at),
                _ => text.insert_str(at, pieces[numbers.below(pieces.len())]),
            }
        }
        let expect = [topics(), entities()][round % 2].clone();
        n_plain += usize::from(both(&text, &expect));
    }
    assert!(n_plain > 500, "{n_plain}");
    let named = Expect { hint_names: vec!["rank".into()], ..entities() };
    assert!(matches!(find_and_read(seeds[1], &named), Outcome::Usable(_)));
    assert!(!both(seeds[1], &named), "a hint that is called as something else");
}
