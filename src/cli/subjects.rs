//! Help on subjects that are more than one command: `gleaner help batches`.

/// The subjects, each with its text.
const SUBJECTS: [(&str, &str); 5] = [
    ("batches", include_str!("subjects/batches.txt")),
    ("costs", include_str!("subjects/costs.txt")),
    ("linking", include_str!("subjects/linking.txt")),
    ("formats", include_str!("subjects/formats.txt")),
    ("json", include_str!("subjects/json.txt")),
];

/// Returns the text on a subject. A command of the same name has its own page, by `gleaner NAME --help`.
pub fn text_on(name: &str) -> Option<&'static str> {
    SUBJECTS.iter().find(|(known, _)| *known == name).map(|(_, text)| *text)
}
