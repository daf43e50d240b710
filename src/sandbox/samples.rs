//! The bundled collections: story groups, a catalog, and a few names the reader knows beyond the catalog, as a real
//! model would (surnames alone, people who are in no catalog). All of it is data.

/// A bundled collection.
#[derive(Clone, Copy, Debug)]
pub struct Collection {
    /// Name on the command line.
    pub name: &'static str,
    /// The profile it is made for.
    pub profile: &'static str,
    /// Story groups, JSON Lines.
    pub groups: &'static str,
    /// Catalog, JSON Lines.
    pub entities: &'static str,
    /// Names only the reader knows, JSON Lines in the form of a catalog.
    pub names: &'static str,
    /// A word that stands in many of the stories.
    pub word: &'static str,
    /// Topics and the words that give them away, JSON Lines; empty where the reader shall find topics by itself.
    pub topics: &'static str,
}

/// The bundled collections; the first is the default.
pub const COLLECTIONS: [Collection; 2] = [
    Collection {
        name: "spaceflight",
        profile: "news",
        groups: include_str!("samples/spaceflight/groups.jsonl"),
        entities: include_str!("samples/spaceflight/entities.jsonl"),
        names: include_str!("samples/spaceflight/names.jsonl"),
        word: "launch",
        topics: include_str!("samples/spaceflight/topics.jsonl"),
    },
    Collection {
        name: "football",
        profile: "football",
        groups: include_str!("samples/football/groups.jsonl"),
        entities: include_str!("samples/football/entities.jsonl"),
        names: include_str!("samples/football/names.jsonl"),
        word: "touchdown",
        // Its profile has them.
        topics: "",
    },
];
