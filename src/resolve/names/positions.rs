//! Positions of players: the ways of writing one, and the groups in which a listing may put him.
//!
//! A depth chart says `LCB` where a roster says `CB` and a summary `DB`. Equal is agreement, the same group is half an
//! agreement, another group is a contradiction. American football, association football, basketball, baseball and
//! hockey, from general knowledge.

use std::sync::LazyLock;

use crate::resolve::fast_map::Map;

/// `group: position spellings | position spellings | …`
const GROUPS: &str = "
qb: qb quarterback
back: rb runningback halfback hb tailback tb | fb fullback
catch: wr widereceiver receiver wideout lwr rwr swr slot split flanker fl | te tightend
line: t tackle offensivetackle ot lt rt lefttackle righttackle | g guard offensiveguard og lg rg leftguard rightguard | c center centre | ol offensiveline offensivelineman il
front: de defensiveend lde rde end | dt defensivetackle ldt rdt nt nosetackle ng nose noseguard | dl defensiveline defensivelineman edge edgerusher | olb lolb rolb slb wlb sam will jack rush outsidelinebacker
second: lb linebacker | ilb mlb mike lilb rilb insidelinebacker middlelinebacker | olb lolb rolb slb wlb outsidelinebacker sam will
secondary: cb cornerback corner lcb rcb nb ncb nickel nickelback | s safety fs ss freesafety strongsafety saf | db defensiveback
kick: k pk kicker placekicker | p pt punter
snap: ls longsnapper
goal: gk goalkeeper goalie keeper goaltender
defend: df defender centreback centerback leftback rightback fullbacksoccer wingback lb rb cb
midfield: mf midfielder midfield cm dm am attackingmidfielder defensivemidfielder winger lw rw
forward: fw forward striker attacker st cf centreforward centerforward
guardbb: pg pointguard sg shootingguard
forwardbb: sf smallforward pf powerforward
pitch: pitcher sp rp startingpitcher reliefpitcher closer
catcher: catcher
infield: firstbase secondbase thirdbase shortstop 1b 2b 3b ssbaseball infielder if
outfield: outfielder of lf rf leftfield rightfield centerfield
";

/// How two positions compare.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Positions {
    /// The same position in two spellings.
    Same,
    /// Neighbours that listings mix up.
    Near,
    /// Both are positions, and they differ.
    Apart,
}

/// Group and position numbers of every spelling.
static TABLE: LazyLock<Map<&'static str, Vec<(u8, u8)>>> = LazyLock::new(|| {
    let mut table: Map<&'static str, Vec<(u8, u8)>> = Map::default();
    for (group, line) in (0u8..).zip(GROUPS.lines()) {
        let Some((_, positions)) = line.split_once(':') else {
            continue;
        };
        for (position, spellings) in (0u8..).zip(positions.split('|')) {
            for spelling in spellings.split_whitespace() {
                table.entry(spelling).or_default().push((group, position));
            }
        }
    }
    table
});

/// Returns what positions a squashed value may mean; empty for anything else.
pub(crate) fn places(word: &str) -> &'static [(u8, u8)] {
    TABLE.get(word).map_or(&[], Vec::as_slice)
}

/// Compares the positions of two values; `None` unless both are positions.
pub(crate) fn compare(a: &[(u8, u8)], b: &[(u8, u8)]) -> Option<Positions> {
    if a.is_empty() || b.is_empty() {
        return None;
    }
    if a.iter().any(|place| b.contains(place)) {
        return Some(Positions::Same);
    }
    if a.iter().any(|(group, _)| b.iter().any(|(other, _)| group == other)) {
        return Some(Positions::Near);
    }
    Some(Positions::Apart)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn listings_agree_in_groups() {
        for (a, b, expected) in [
            ("lcb", "cb", Some(Positions::Same)),
            ("pk", "kicker", Some(Positions::Same)),
            ("cb", "db", Some(Positions::Near)),
            ("wlb", "lb", Some(Positions::Near)),
            ("qb", "cb", Some(Positions::Apart)),
            ("qb", "left", None),
        ] {
            assert_eq!(compare(places(a), places(b)), expected, "{a} {b}");
        }
    }
}
