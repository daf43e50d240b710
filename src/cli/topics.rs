//! Help on subjects that are more than one command: `gleaner help batches`.

/// The subjects, each with its text.
const TOPICS: [(&str, &str); 5] = [
    ("batches", include_str!("topics/batches.txt")),
    ("costs", include_str!("topics/costs.txt")),
    ("linking", include_str!("topics/linking.txt")),
    ("formats", include_str!("topics/formats.txt")),
    ("json", include_str!("topics/json.txt")),
];

/// Returns the text on a subject. A command of the same name has its own page, by `gleaner NAME --help`.
pub fn topic(name: &str) -> Option<&'static str> {
    TOPICS.iter().find(|(known, _)| *known == name).map(|(_, text)| *text)
}
