//! Synonyms told from their neighbours: topics that no group has both of, and that stand beside the same entities.
//!
//! Words that mean the same are used in the same places, and rarely together. That is a hint and no proof: opposites stand
//! in the same places too (`win`, `defeat`). So what is found here is less certain than two spellings of one word, and
//! only a person can say which of the two it is.
//!
//! How alike the places are is the cosine of vectors of positive pointwise mutual information, the best of the measures
//! compared by J. Bullinaria and J. Levy (*Extracting semantic representations from word co-occurrence statistics*, 2007):
//! a topic `t` has for each entity `e` the weight `max(0, ln(n(t,e) · N / (n(t) · n(e))))`, of `N` groups. Other topics as
//! further dimensions told synonyms from others no better, in collections made for it, and are left out.
//!
//! Never together says something only where the two ought to have met. A group's topics are taken to be chosen for one of
//! its entities, each independently: with `m(t,e)` the groups of `t` that name `e`, each counted as one part of its number
//! of entities, and `m(e)` the same of all groups, two topics are expected together in `Σ m(a,e) · m(b,e) / m(e)` groups.
//! None is seen with a probability of `exp(-expected)`, below 5 % from three groups on (the rule of three: J. Hanley and A.
//! Lippman-Hand, *If nothing goes wrong, is everything all right?*, 1983).

use std::collections::HashMap;

use crate::interrupt;
use crate::model::EntityKey;

/// Groups in which two topics must be expected together, for it to say something that they never are.
const EXPECTED_MIN: f64 = 3.0;
/// Entities that both must stand beside more than by chance; topics of one entity alone are its aspects.
const SHARED_MIN: usize = 3;
/// Groups that a topic must have; of fewer nothing is known.
const GROUPS_MIN: usize = 5;
/// Shared entities that are named as the reason.
const NAMED_MAX: usize = 3;

/// Topics and entities of groups, topics by their place in a list.
///
/// It holds numbers alone, some 100 bytes a group.
#[derive(Clone, Debug, Default)]
pub(super) struct Groups {
    groups: Vec<(Vec<u32>, Vec<u32>)>,
    entities: Vec<EntityKey>,
    places: HashMap<EntityKey, u32>,
}

impl Groups {
    /// Adds a group.
    pub(super) fn add(&mut self, mut topics: Vec<u32>, entities: &[EntityKey]) {
        let mut entities: Vec<u32> = entities
            .iter()
            .map(|&key| {
                *self.places.entry(key).or_insert_with(|| {
                    self.entities.push(key);
                    (self.entities.len() - 1) as u32
                })
            })
            .collect();
        for list in [&mut topics, &mut entities] {
            list.sort_unstable();
            list.dedup();
        }
        // Without an entity a group has no place to compare.
        if !topics.is_empty() && !entities.is_empty() {
            self.groups.push((topics, entities));
        }
    }
}

/// Two topics that may be synonyms.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Pair {
    /// Places of the topics, the smaller first.
    pub(super) topics: (u32, u32),
    /// Cosine of their vectors, 0 to 1.
    pub(super) score: f64,
    /// Groups in which they would be together, were they independent.
    pub(super) expected: f64,
    /// Number of entities that both stand beside.
    pub(super) n_shared: usize,
    /// Those of them that tell most.
    pub(super) shared: Vec<EntityKey>,
}

/// Relation of a topic to an entity, in the topic's row or the entity's column.
#[derive(Clone, Copy, Debug)]
struct Cell {
    /// Place of the other.
    at: u32,
    /// Groups with both, each counted as one part of its number of entities.
    mass: f32,
    /// Positive pointwise mutual information.
    weight: f32,
}

/// Returns the pairs of topics that are never together and alike to `least`. `on_topic` is told how many topics of how
/// many were compared.
pub(super) fn pairs(
    groups: Groups,
    n_topics: usize,
    least: f64,
    mut on_topic: impl FnMut(usize, usize),
) -> anyhow::Result<Vec<Pair>> {
    let Groups { groups, entities, .. } = groups;
    let of_topic = groups_of_topics(&groups, n_topics);
    let (rows, columns, masses) = cells(&groups, &of_topic, entities.len());
    let norms: Vec<f64> =
        rows.iter().map(|row| row.iter().map(|cell| f64::from(cell.weight).powi(2)).sum::<f64>().sqrt()).collect();
    let mut together = vec![u32::MAX; n_topics];
    let mut sums: Vec<Sum> = vec![Sum::default(); n_topics];
    let mut found = vec![];
    for (a, row) in rows.iter().enumerate() {
        interrupt::check()?;
        on_topic(a, n_topics);
        let own = a as u32;
        for &group in &of_topic[a] {
            for &other in &groups[group as usize].0 {
                together[other as usize] = own;
            }
        }
        let mut touched: Vec<u32> = vec![];
        for cell in row {
            let column = &columns[cell.at as usize];
            let share = f64::from(cell.mass) / masses[cell.at as usize];
            // A column is in the order of topics, so that each pair is looked at once.
            for other in &column[column.partition_point(|other| other.at <= own)..] {
                let sum = &mut sums[other.at as usize];
                if sum.expected == 0.0 {
                    touched.push(other.at);
                }
                sum.expected += share * f64::from(other.mass);
                sum.product += f64::from(cell.weight) * f64::from(other.weight);
                sum.n_shared += usize::from(cell.weight > 0.0 && other.weight > 0.0);
            }
        }
        for b in touched {
            let Sum { expected, product, n_shared } = std::mem::take(&mut sums[b as usize]);
            if together[b as usize] == own || expected < EXPECTED_MIN || n_shared < SHARED_MIN {
                continue;
            }
            let score = product / (norms[a] * norms[b as usize]);
            if score >= least {
                let shared = shared(row, &rows[b as usize]).into_iter().map(|at| entities[at as usize]).collect();
                found.push(Pair { topics: (own, b), score, expected, n_shared, shared });
            }
        }
    }
    Ok(found)
}

/// Sums over the entities of two topics, as far as they are added up.
#[derive(Clone, Copy, Debug, Default)]
struct Sum {
    expected: f64,
    product: f64,
    n_shared: usize,
}

/// Returns the groups of each topic, by their places; none of a topic that has too few.
fn groups_of_topics(groups: &[(Vec<u32>, Vec<u32>)], n_topics: usize) -> Vec<Vec<u32>> {
    let mut of_topic: Vec<Vec<u32>> = vec![vec![]; n_topics];
    for (at, (topics, _)) in (0u32..).zip(groups) {
        for &topic in topics {
            of_topic[topic as usize].push(at);
        }
    }
    for of in of_topic.iter_mut().filter(|of| of.len() < GROUPS_MIN) {
        of.clear();
    }
    of_topic
}

/// Returns the cells of each topic, those of each entity in the order of topics, and the mass of each entity.
fn cells(
    groups: &[(Vec<u32>, Vec<u32>)],
    of_topic: &[Vec<u32>],
    n_entities: usize,
) -> (Vec<Vec<Cell>>, Vec<Vec<Cell>>, Vec<f64>) {
    let mut masses = vec![0.0; n_entities];
    let mut counts = vec![0u32; n_entities];
    for (_, entities) in groups {
        for &entity in entities {
            masses[entity as usize] += 1.0 / entities.len() as f64;
            counts[entity as usize] += 1;
        }
    }
    let mut columns: Vec<Vec<Cell>> = vec![vec![]; n_entities];
    let mut rows = vec![];
    let (mut both, mut mass) = (vec![0u32; n_entities], vec![0f32; n_entities]);
    for (topic, of) in (0u32..).zip(of_topic) {
        let mut touched = vec![];
        for &group in of {
            let entities = &groups[group as usize].1;
            for &entity in entities {
                let at = entity as usize;
                if both[at] == 0 {
                    touched.push(entity);
                }
                both[at] += 1;
                mass[at] += 1.0 / entities.len() as f32;
            }
        }
        touched.sort_unstable();
        let mut row = vec![];
        for entity in touched {
            let at = entity as usize;
            let (n_both, mass) = (std::mem::take(&mut both[at]), std::mem::take(&mut mass[at]));
            // An entity of one group only is shared by no topics that are never together.
            if counts[at] < 2 {
                continue;
            }
            let ratio = f64::from(n_both) * groups.len() as f64 / (of.len() as f64 * f64::from(counts[at]));
            let weight = ratio.ln().max(0.0) as f32;
            row.push(Cell { at: entity, mass, weight });
            columns[at].push(Cell { at: topic, mass, weight });
        }
        rows.push(row);
    }
    (rows, columns, masses)
}

/// Returns the entities that add most to the likeness of two rows.
fn shared(a: &[Cell], b: &[Cell]) -> Vec<u32> {
    let mut found: Vec<(f32, u32)> = vec![];
    let mut others = b.iter().peekable();
    for cell in a {
        while others.next_if(|other| other.at < cell.at).is_some() {}
        if let Some(other) = others.next_if(|other| other.at == cell.at) {
            found.push((cell.weight * other.weight, cell.at));
        }
    }
    found.retain(|(product, _)| *product > 0.0);
    found.sort_by(|x, y| y.0.total_cmp(&x.0).then(x.1.cmp(&y.1)));
    found.truncate(NAMED_MAX);
    found.into_iter().map(|(_, at)| at).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Groups as `topic topic: entity entity, n times`; finds `a/b` with the shared entities.
    fn found(lines: &[(&str, &str, usize)]) -> (Vec<String>, Vec<Pair>) {
        let mut names: Vec<&str> = lines.iter().flat_map(|line| line.0.split(' ')).collect();
        names.sort_unstable();
        names.dedup();
        let mut groups = Groups::default();
        for (topics, entities, times) in lines {
            for _ in 0..*times {
                let topics = topics.split(' ').map(|topic| names.binary_search(&topic).unwrap() as u32).collect();
                let entities: Vec<EntityKey> =
                    entities.split(' ').map(|entity| EntityKey(entity.parse().unwrap())).collect();
                groups.add(topics, &entities);
            }
        }
        let found = pairs(groups, names.len(), 0.5, |_, _| ()).unwrap();
        let shown =
            found.iter().map(|pair| format!("{}/{}", names[pair.topics.0 as usize], names[pair.topics.1 as usize]));
        (shown.collect(), found)
    }

    #[test]
    fn topics_of_the_same_entities_that_never_meet_are_found() {
        let cars = [("cars", "1 2", 10), ("cars", "2 3", 10), ("autos", "1 2", 8), ("autos", "2 3", 8)];
        let rest = [("war", "8 9", 40), ("war peace", "7 9", 40), ("food", "5 6", 60)];
        let (names, pairs) = found(&[&cars[..], &rest].concat());
        assert_eq!(names, ["autos/cars"]);
        let pair = &pairs[0];
        assert_eq!((pair.n_shared, pair.shared.len()), (3, 3), "{pair:?}");
        assert!(pair.score > 0.9 && pair.expected > 5.0, "{pair:?}");
        // Once together is enough to be two.
        assert_eq!(found(&[&cars[..], &rest, &[("cars autos", "1 2", 1)]].concat()).0, [""; 0]);
        // Two entities are too few to tell, and so are a few groups.
        assert_eq!(found(&[&[("cars", "1 2", 20), ("autos", "1 2", 20)][..], &rest].concat()).0, [""; 0]);
        assert_eq!(found(&[&[("cars", "1 2 3", 4), ("autos", "1 2 3", 40)][..], &rest].concat()).0, [""; 0]);
    }

    #[test]
    fn what_every_topic_stands_beside_tells_nothing() {
        let beside = |own: &'static str| [(own, "1 2 3", 60)];
        let lines = [beside("a"), beside("b"), beside("c")].concat();
        assert_eq!(found(&lines).0, [""; 0]);
    }

    #[test]
    fn groups_without_entities_do_not_count() {
        let mut groups = Groups::default();
        groups.add(vec![1, 0, 1], &[EntityKey(7), EntityKey(3), EntityKey(7)]);
        groups.add(vec![0], &[]);
        groups.add(vec![], &[EntityKey(7)]);
        assert_eq!(groups.groups, [(vec![0, 1], vec![0, 1])]);
        assert_eq!(pairs(groups, 2, 0.0, |_, _| ()).unwrap(), []);
        assert_eq!(pairs(Groups::default(), 0, 0.0, |_, _| ()).unwrap(), []);
    }
}
