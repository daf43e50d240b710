//! Namesakes of other generations: where the catalog has two of one name, and one of them a generation, the plain name is the
//! other's.

use std::ops::Deref;

use anyhow::Result;

use crate::resolve::index::{Blocks, Index, KeyKind, NameCard, Resident, key};
use crate::resolve::matching::features::Feature;
use crate::resolve::matching::generations;
use crate::resolve::matching::probe::Probe;
use crate::resolve::matching::score;
use crate::resolve::matching::scored::Scored;
use crate::resolve::matching::tallies::Scope;
use crate::resolve::matching::trail::Place;

/// Share of a mention that a name explains of which those with a generation are looked for.
const NAMED: f32 = 0.6;
/// Names of one core that are looked at.
const NAMESAKES: u32 = 64;

/// Index of the catalog, and of what was changed since.
pub(super) type Layers<'l, P> = (&'l Index<P>, Option<&'l Index<Resident>>);

/// Returns the cores of all names of the candidates that lack the generation of a mention.
pub(super) fn plain_names<P: Blocks>(
    (base, changes): Layers<'_, P>,
    probe: &Probe,
    scored: &[Scored],
) -> Result<Vec<String>> {
    let mut names = Vec::new();
    if generations::of_mention(probe).is_some() {
        for one in scored.iter().filter(|one| is_plain(one) && one.vector[Feature::mention_explained as usize] >= NAMED)
        {
            names.extend(cores_of_names((base, changes), one.place)?);
        }
    }
    names.sort_unstable();
    names.dedup();
    Ok(names)
}

/// Returns the names of an index with a core and a generation.
pub(super) fn bearers<P: Blocks>(index: &Index<P>, scope: &Scope, core: &str) -> Result<Vec<u32>> {
    let mut found = Vec::new();
    let list = index.list(key(KeyKind::Form, core.as_bytes(), &[]))?;
    if list.len() > NAMESAKES {
        return Ok(found);
    }
    list.each(|name| found.extend(scope.has(name).then_some(name)));
    let mut kept = Vec::new();
    for name in found {
        let card = index.name(name)?;
        if generations::of_name(&card).is_some() && core_of(&card) == core {
            kept.push(name);
        }
    }
    Ok(kept)
}

/// Tells the candidates without a generation from a mention that has one, where another candidate of the same name has a
/// generation: beside *Karl Brandner jun.* the plain *Karl Brandner* is the father, no grandson and not the son either.
pub(super) fn tell_apart<P: Blocks>(
    (base, changes): Layers<'_, P>,
    probe: &Probe,
    scored: &mut [Scored],
) -> Result<()> {
    let has_one = |one: &Scored| {
        let generation = one.vector[Feature::generation as usize];
        (generation == generations::AGREE || generation == generations::DIFFER)
            && one.vector[Feature::hint_against as usize] == 0.0
    };
    let Some(own) = generations::of_mention(probe) else { return Ok(()) };
    if !scored.iter().any(is_plain) {
        return Ok(());
    }
    let mut others: Vec<(String, u32)> = Vec::new();
    for one in scored.iter().filter(|one| has_one(one)) {
        let other = match changes {
            Some(changes) if one.place.0 == 1 => core_and_generation(&changes.name(one.name)?),
            _ => core_and_generation(&base.name(one.name)?),
        };
        others.extend(other);
    }
    if others.is_empty() {
        return Ok(());
    }
    let is_meant = |other: u32| {
        matches!((other, own), (generations::SON, generations::FATHER) | (generations::FATHER, generations::SON))
    };
    for one in scored.iter_mut().filter(|one| is_plain(one)) {
        let cores = cores_of_names((base, changes), one.place)?;
        if others.iter().any(|(core, other)| cores.contains(core) && !is_meant(*other)) {
            one.vector[Feature::contradiction as usize] = generations::PENALTY;
            one.plain = score::plain(&one.vector);
            one.rule = Some(generations::RULE);
        }
    }
    Ok(())
}

/// Returns whether a candidate lacks the generation of the mention, and nothing else tells the two apart.
fn is_plain(one: &Scored) -> bool {
    one.vector[Feature::generation as usize] == generations::ONLY_IN_MENTION && one.rule.is_none()
}

fn cores_of_names<P: Blocks>((base, changes): Layers<'_, P>, place: Place) -> Result<Vec<String>> {
    match changes {
        Some(changes) if place.0 == 1 => cores_of_entity(changes, place.1),
        _ => cores_of_entity(base, place.1),
    }
}

fn cores_of_entity<P: Blocks>(index: &Index<P>, number: u32) -> Result<Vec<String>> {
    let mut cores = Vec::new();
    index.each_name_of((number, &index.entity(number)?), |name| {
        cores.push(core_of(&name));
        true
    })?;
    Ok(cores)
}

fn core_and_generation<G: Deref<Target = [u8]>>(card: &NameCard<G>) -> Option<(String, u32)> {
    generations::of_name(card).map(|generation| (core_of(card), generation))
}

/// Returns the letters of a name that its generation is not of.
fn core_of<G: Deref<Target = [u8]>>(card: &NameCard<G>) -> String {
    let mut core = String::new();
    card.tokens(|token| {
        if token.role.is_core() && !token.aside {
            core.push_str(std::str::from_utf8(token.text).unwrap_or_default());
        }
    });
    core
}

#[cfg(test)]
mod tests {
    use crate::model::{Attributes, Entity, EntityId, EntityKey, LinkOutcome};
    use crate::resolve::{Builder, Method, Query, Resolver};

    /// Checks what a mention is linked to in a catalog of names with their aliases.
    #[track_caller]
    fn check(catalog: &[(&str, &[&str])], mention: &str, expected: Option<&str>) {
        let mut builder = Builder::new();
        let others: [(&str, &[&str]); 2] = [("Edda Falkenrath", &[]), ("Ottilie Quist", &[])];
        for (key, (name, aliases)) in (0i64..).zip(catalog.iter().chain(&others)) {
            let entity = Entity {
                id: EntityId::new(*name),
                entity_type: "person".into(),
                name: (*name).into(),
                aliases: aliases.iter().map(|alias| (*alias).to_owned()).collect(),
                attributes: Attributes::new(),
            };
            builder.add(EntityKey(key), &entity);
        }
        let mut resolver = Resolver::new(builder.resident().expect("packs")).expect("opens");
        let query = Query { text: mention, types: &[], hints: &Attributes::new(), context: "" };
        let found = resolver.resolve(&query).expect("resolves");
        let linked = found.entity.map(|key| catalog[usize::try_from(key.0).expect("small")].0);
        assert_eq!(linked, expected, "{mention}: {found:?}");
    }

    #[test]
    fn an_entity_has_the_generation_of_any_of_its_names() {
        let named: &[(&str, &[&str])] = &[("Karl Brandner sen.", &["Karl Brandner", "Carl Brandner"])];
        let alias: &[(&str, &[&str])] = &[("Karl Brandner", &["Karl Brandner sen."])];
        for catalog in [named, alias] {
            check(catalog, "Karl Brandner jun.", None);
            check(catalog, "Karl Brandner III", None);
            check(catalog, "Carl Brandner jun.", None);
            check(catalog, "Karl Brandner Sr.", Some(catalog[0].0));
            check(catalog, "Karl Brandner", Some(catalog[0].0));
        }
    }

    #[test]
    fn beside_a_generation_the_plain_name_is_the_other() {
        let with_son: &[(&str, &[&str])] = &[("Jürgen Müller", &["Juergen Mueller"]), ("Jürgen Müller jun.", &[])];
        check(with_son, "Juergen Mueller jun.", Some("Jürgen Müller jun."));
        check(with_son, "Jürgen Müller", Some("Jürgen Müller"));
        check(with_son, "Jürgen Müller sen.", Some("Jürgen Müller"));
        check(with_son, "Jürgen Müller III", None);
        let with_father: &[(&str, &[&str])] = &[("Karl Brandner", &[]), ("Karl Brandner sen.", &[])];
        check(with_father, "Karl Brandner jun.", Some("Karl Brandner"));
        check(with_father, "Karl Brandner III", None);
        let with_grandson: &[(&str, &[&str])] = &[("Karl Brandner", &[]), ("Karl Brandner III", &[])];
        check(with_grandson, "Karl Brandner jun.", None);
        check(&[("Karl Brandner", &[])], "Karl Brandner jun.", Some("Karl Brandner"));
    }

    #[test]
    fn a_plain_name_is_neither_father_nor_son() {
        for aliases in [&[][..], &["Karl M. Brandner"], &["K. Brandner sen.", "Karl Brandner senior"]] {
            check(&[("Karl Brandner sen.", aliases), ("Karl Brandner jun.", &[])], "Karl Brandner", None);
            check(&[("Karl Brandner jun.", aliases), ("Karl Brandner sen.", &[])], "Dr. Karl Brandner", None);
        }
    }

    #[test]
    fn a_name_but_for_the_generation_is_not_exact() {
        let mut builder = Builder::new();
        let entity = Entity {
            id: EntityId::new("a"),
            entity_type: "person".into(),
            name: "Karl Brandner".into(),
            aliases: vec![],
            attributes: Attributes::new(),
        };
        builder.add(EntityKey(1), &entity);
        let mut resolver = Resolver::new(builder.resident().expect("packs")).expect("opens");
        let mut method = |text: &str| {
            let found = resolver.resolve(&Query { text, types: &[], hints: &Attributes::new(), context: "" });
            let found = found.expect("resolves");
            assert_eq!(found.outcome, LinkOutcome::Linked, "{text}");
            found.method
        };
        assert_eq!(method("Karl Brandner"), Method::Exact);
        assert_eq!(method("Karl Brandner jun."), Method::Fuzzy);
    }
}
