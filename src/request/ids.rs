//! The name of a request on the wire.
//!
//! The provider promises nothing about the length of a `custom_id`, other tools report a limit of 64 characters; with
//! `entity_` before it, 57 bytes are left for the group's id.

use sha2::{Digest, Sha256};

use crate::model::{CustomId, GroupId, Kind};
use crate::text::hex;

/// The longest group id that travels as it is: 64 less the seven bytes of `entity_`.
const WIRE_ID_BYTES_MAX: usize = 57;

/// Returns the name of a group's request: `topic_<id>` or `entity_<id>`, with the id replaced where it cannot travel
/// (see [`wire_id`]).
pub fn custom_id(kind: Kind, group: &GroupId) -> CustomId {
    match wire_id(group) {
        Some(replacement) => custom_id_from_wire(kind, &replacement),
        None => custom_id_from_wire(kind, group.as_str()),
    }
}

/// Returns the name of a request whose group is already known by what travels: the id itself or its replacement.
pub fn custom_id_from_wire(kind: Kind, wire: &str) -> CustomId {
    CustomId::new(format!("{kind}_{wire}"))
}

/// Returns the replacement of an id that cannot travel as it is, or `None` where it can: `~` and 32 hex digits of its
/// SHA-256, for an id that is empty, over 57 bytes, outside `[A-Za-z0-9_.:-]`, or starts with `~`.
///
/// The replacement can be computed but not turned back; the ledger keeps it beside the group.
pub fn wire_id(group: &GroupId) -> Option<String> {
    let id = group.as_str().as_bytes();
    let travels = |byte: &u8| byte.is_ascii_alphanumeric() || b"_.:-".contains(byte);
    if !id.is_empty() && id.len() <= WIRE_ID_BYTES_MAX && id.iter().all(travels) {
        return None;
    }
    let digest = Sha256::digest(id);
    Some(format!("~{}", hex(&digest[..16])))
}

/// Takes a name apart again: the kind and what travelled of the group's id.
pub fn parse_custom_id(custom_id: &str) -> Option<(Kind, &str)> {
    let (kind, wire) = custom_id.split_once('_')?;
    (!wire.is_empty()).then_some((Kind::parse(kind)?, wire))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(id: &str, expected: &str) {
        let id = GroupId::new(id);
        let name = custom_id(Kind::Entity, &id);
        assert_eq!(name.as_str(), expected);
        assert!(name.as_str().len() <= 64);
        let wire = wire_id(&id).unwrap_or_else(|| id.as_str().to_owned());
        assert_eq!(parse_custom_id(name.as_str()), Some((Kind::Entity, wire.as_str())));
    }

    #[test]
    fn an_id_travels_as_it_is_where_it_can() {
        check("3f2c9a", "entity_3f2c9a");
        check("a_b.c:d-E9", "entity_a_b.c:d-E9");
        check("_", "entity__");
        let longest = "x".repeat(57);
        check(&longest, &format!("entity_{longest}"));
    }

    /// The hashes are pinned: a request that was sent under a name is found under no other.
    #[test]
    fn an_id_that_cannot_travel_is_replaced() {
        check("~", "entity_~7ace431cb61584cb9b8dc7ec08cf38ac");
        check("zwölf", "entity_~70f5f8852578418e8af276a8806ffdb1");
        check("a b", "entity_~c8687a08aa5d6ed2044328fa6a697ab8");
        check(&"x".repeat(58), "entity_~5ef8b2e5e7a040f31df9cf316b81c923");
        check("", "entity_~e3b0c44298fc1c149afbf4c8996fb924");
    }

    #[test]
    fn a_foreign_name_is_not_ours() {
        for name in ["", "topic", "topic_", "_a", "summary_a", "Topic_a"] {
            assert_eq!(parse_custom_id(name), None, "{name}");
        }
        assert_eq!(parse_custom_id("topic_entity_a"), Some((Kind::Topic, "entity_a")));
    }
}
