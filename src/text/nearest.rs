//! The name that was probably meant.

/// Finds the name nearest to a typed one, whatever the case, if it is as near as a slip of the hand: one edit, and one
/// more for every four letters (edits as Damerau counts them, with neighbours swapped). Of two as near the first counts.
pub(crate) fn nearest<N: AsRef<str>>(typed: &str, names: impl IntoIterator<Item = N>) -> Option<N> {
    let most = 1 + typed.chars().count() / 4;
    let folded = typed.to_lowercase();
    let distance = |name: &N| strsim::damerau_levenshtein(&folded, &name.as_ref().to_lowercase());
    let near = names.into_iter().map(|name| (distance(&name), name));
    near.filter(|(distance, _)| *distance <= most).min_by_key(|(distance, _)| *distance).map(|(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_is_near_and_another_word_is_not() {
        let names = ["max_cost", "max_input", "Überschrift"];
        for (typed, expected) in [
            ("max_csot", Some("max_cost")),
            ("MAX_COST", Some("max_cost")),
            ("überschrft", Some("Überschrift")),
            ("poll", None),
            ("", None),
        ] {
            assert_eq!(nearest(typed, names), expected, "{typed}");
        }
    }
}
