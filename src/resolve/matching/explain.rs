//! A candidate's score in words: what was paired with what, what was left, and how much each part counted.

use crate::resolve::matching::comparer::Comparer;
use crate::resolve::matching::features::{Feature, NAMES, Vector};
use crate::resolve::matching::likeness::How;
use crate::resolve::matching::probe::Probe;
use crate::resolve::matching::score;
use crate::resolve::matching::scored::Scored;
use crate::resolve::resolution::{Candidate, Resolution, ScorePart};

/// Describes the pairing of the words, and what found no partner.
pub(crate) fn words(probe: &Probe, comparer: &Comparer<'_>) -> Vec<String> {
    let names = comparer.name_words();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let mut lines = Vec::new();
    for pair in comparer.pairs() {
        let (a, b) = (probe.text(usize::from(pair.mention)), text(names[usize::from(pair.name)].text));
        let how = match pair.how {
            How::Equal => "equal",
            How::SameMeaning => "same meaning",
            How::Number => "same number",
            How::Initial => "initial",
            How::Nickname => "short form",
            How::Abbreviation => "abbreviation",
            How::Similar => "similar",
            How::Joined => "joined",
        };
        lines.push(format!("`{a}` ~ `{b}` ({how} {:.2})", pair.similarity));
    }
    let paired = |at: usize| comparer.pairs().iter().any(|pair| usize::from(pair.mention) == at);
    let (told, only) =
        (0..probe.words.len()).filter(|at| !paired(*at)).partition::<Vec<_>, _>(|at| comparer.is_told(*at));
    for at in told {
        lines.push(format!("`{}` told by an attribute", probe.text(at)));
    }
    for at in only {
        lines.push(format!("`{}` only in the mention (rarity {:.1})", probe.text(at), probe.words[at].rarity));
    }
    let paired = |at: usize| comparer.pairs().iter().any(|pair| usize::from(pair.name) == at);
    for (_, token) in names.iter().enumerate().filter(|(at, _)| !paired(*at)) {
        lines.push(format!("`{}` only in the name (rarity {:.1})", text(token.text), token.rarity));
    }
    lines
}

/// Sums the contributions of the features into a few parts with a name each, largest first; then what the context counted
/// and how the words pair; and what keeps a strict link from being made.
pub(super) fn parts(scored: &Scored, doubt: Option<&str>) -> Vec<ScorePart> {
    let Scored { vector, context, rule, words, .. } = scored;
    let contributions = score::pair_parts(vector);
    let mut parts: Vec<ScorePart> = Vec::new();
    for (at, value) in contributions.iter().enumerate() {
        let group = match rule {
            Some(rule) if NAMES[at].ends_with("contradiction") => (*rule).to_owned(),
            _ => group(NAMES[at], vector),
        };
        match parts.iter_mut().find(|part| part.what == group) {
            Some(part) => part.value += f64::from(*value),
            None => parts.push(ScorePart { what: group, value: f64::from(*value) }),
        }
    }
    parts.retain(|part| part.value.abs() >= 0.05);
    parts.sort_by(|a, b| b.value.abs().total_cmp(&a.value.abs()).then(a.what.cmp(&b.what)));
    if *context > 0.0 {
        let what = format!("what stands around it agrees with {context:.1} bits, counted among the hints");
        parts.push(ScorePart { what, value: 0.0 });
    }
    if let Some(doubt) = doubt {
        parts
            .push(ScorePart { what: format!("too little for a strict link: {doubt}, and no hint agrees"), value: 0.0 });
    }
    parts.extend(words.iter().map(|line| ScorePart { what: line.clone(), value: 0.0 }));
    parts
}

/// Returns the candidates of a resolution by the exact name with the reasons of the comparison, and behind them the others
/// that were compared. They keep the probability that the exact name has.
pub(super) fn exact(resolution: &Resolution, compared: Vec<Candidate>) -> Vec<Candidate> {
    let (mut named, mut others) = (resolution.candidates.clone(), Vec::new());
    for candidate in compared {
        match named.iter_mut().find(|one| one.place == candidate.place) {
            Some(one) => one.parts = candidate.parts,
            None => others.push(Candidate { score: candidate.score.min(resolution.score), ..candidate }),
        }
    }
    named.extend(others);
    named
}

fn group(name: &str, vector: &Vector) -> String {
    let at = |feature: Feature| vector[feature as usize];
    match name {
        "mention_explained" | "known_rest" | "mention_rest" | "mention_rest_max" | "mention_telling"
        | "part_explained" | "part_rest_max" | "told" => format!(
            "{:.0} % of the mention explained, rarest word left {:.1}",
            100.0 * at(Feature::mention_explained),
            at(Feature::part_rest_max)
        ),
        "name_explained" | "name_rest" | "name_rest_max" | "name_telling" | "clash" => format!(
            "{:.0} % of the name explained, rarest word left {:.1}",
            100.0 * at(Feature::name_explained),
            at(Feature::name_rest_max)
        ),
        "shared" | "shared_max" => format!("rarest shared word {:.1}", at(Feature::shared_max)),
        "numbers_agree" | "numbers_differ" | "mention_numbers" | "name_numbers" => {
            format!("numbers: {:.0} agree, {:.0} differ", at(Feature::numbers_agree), at(Feature::numbers_differ))
        }
        "letters" | "overlap" | "start" => format!("letters {:.2} alike", at(Feature::letters)),
        "sound" | "coarse_sound" => format!("sound {:.2} alike", at(Feature::sound)),
        "form" => ["forms differ", "same sound", "same words", "same core", "same letters"]
            [at(Feature::form) as usize % 5]
            .to_owned(),
        "hint_agree" | "hint_near" | "hint_against" | "hint_unknown" => hints(vector),
        "rival" | "namesakes" | "place" => match at(Feature::namesakes) as usize {
            0 => "no other entity fits as well".to_owned(),
            1 => "1 other entity fits as well or nearly so".to_owned(),
            n => format!("{n} other entities fit as well or nearly so"),
        },
        "last_word" | "first_word" | "worst_pair" | "in_order" | "initials" | "nicknames" | "abbreviated"
        | "misspelt" | "known_similar" | "more" | "edited" | "lacks" => "how the words pair".to_owned(),
        "mention_words" | "name_words" | "mention_letters" | "name_letters" => format!(
            "letters: {:.0} of the mention, {:.0} of the name",
            at(Feature::mention_letters),
            at(Feature::name_letters)
        ),
        "same_model" => "the same model number".to_owned(),
        "foreign" | "capitals" => "how the mention is written".to_owned(),
        "alias" => {
            ["compared with its name", "compared with an alias"][usize::from(at(Feature::alias) > 0.0)].to_owned()
        }
        "support" => format!("more of its names found: {:.0}", at(Feature::support)),
        "initialism" => format!("letters of an initialism: {:.0}", at(Feature::initialism)),
        "generation" => [
            "generations differ",
            "only the name has a generation",
            "only the mention has a generation",
            "no generation",
            "same generation",
        ][at(Feature::generation) as usize % 5]
            .to_owned(),
        "legal" => ["legal forms differ", "only one side has a legal form", "no legal form", "same legal form"]
            [at(Feature::legal) as usize % 4]
            .to_owned(),
        other => other.replace('_', " "),
    }
}

/// Says which hints agree and which contradict, by the bits that they tell.
fn hints(vector: &Vector) -> String {
    let bits = |feature: Feature| vector[feature as usize];
    let (agree, near, against) = (bits(Feature::hint_agree), bits(Feature::hint_near), bits(Feature::hint_against));
    if agree + near + against < 0.05 {
        return "no hint agrees or contradicts".to_owned();
    }
    let said = [(agree, "agree"), (near, "nearly agree"), (against, "contradict")];
    let said = said.iter().filter(|(bits, _)| *bits >= 0.05);
    format!("hints: {}", said.map(|(bits, what)| format!("{bits:.1} bits {what}")).collect::<Vec<_>>().join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_part_is_said_in_words() {
        let mut vector: Vector = [0.0; NAMES.len()];
        let none: Vec<String> = NAMES.iter().map(|name| group(name, &vector)).collect();
        vector[Feature::namesakes as usize] = 1.0;
        vector[Feature::hint_agree as usize] = 4.25;
        vector[Feature::hint_against as usize] = 2.0;
        vector[Feature::alias as usize] = 1.0;
        vector[Feature::generation as usize] = 4.0;
        let check = |name: &str, without: &str, with: &str| {
            assert_eq!(none[NAMES.iter().position(|known| *known == name).expect("is one")], without);
            assert_eq!(group(name, &vector), with);
        };
        check("rival", "no other entity fits as well", "1 other entity fits as well or nearly so");
        check("hint_unknown", "no hint agrees or contradicts", "hints: 4.2 bits agree, 2.0 bits contradict");
        check("alias", "compared with its name", "compared with an alias");
        check("generation", "generations differ", "same generation");
        check("support", "more of its names found: 0", "more of its names found: 0");
    }
}
