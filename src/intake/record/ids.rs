//! Ids of groups: a column's, or made from what a group is.

use sha2::{Digest as _, Sha256};

use crate::model::Group;
use crate::text::hex;

/// Source of the ids of a file's groups.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::intake) enum IdRule {
    Column,
    /// The address of the first story.
    Url,
    Text,
    /// The place in the file: a name for the file, and how many records were there before.
    Row(String, u64),
}

impl IdRule {
    pub(in crate::intake) fn is_column(&self) -> bool {
        *self == IdRule::Column
    }

    /// Returns whether equal content makes equal ids.
    pub(in crate::intake) fn is_of_content(&self) -> bool {
        matches!(self, IdRule::Url | IdRule::Text)
    }

    /// Makes the id of a group.
    pub(in crate::intake) fn of(&mut self, group: &Group) -> Result<String, String> {
        match self {
            IdRule::Row(name, n) => {
                *n += 1;
                Ok(format!("{name}:{n}"))
            }
            IdRule::Url => match group.stories.iter().find_map(|story| story.url.as_deref()) {
                Some(url) => Ok(format!("u-{}", digits(url.trim()))),
                None => of_text(group).ok_or_else(|| "no id, no url and no text to make one from".into()),
            },
            IdRule::Text | IdRule::Column => of_text(group).ok_or_else(|| "no id, and no text to make one from".into()),
        }
    }
}

/// Makes an id from a group's texts; `None` where it has none.
pub(in crate::intake) fn of_text(group: &Group) -> Option<String> {
    let texts: Vec<&str> =
        group.stories.iter().map(|story| story.text.trim()).filter(|text| !text.is_empty()).collect();
    (!texts.is_empty()).then(|| format!("t-{}", digits(&texts.join("\n\n"))))
}

/// A hash of a group's texts alone: what makes a copy, whatever its title and date are.
pub(in crate::intake) fn text_key(group: &Group) -> [u8; 16] {
    let mut hash = Sha256::new();
    group.stories.iter().for_each(|story| hash.update(story.text.trim()));
    let mut key = [0; 16];
    key.copy_from_slice(&hash.finalize()[..16]);
    key
}

/// The first 16 hex digits of a value's SHA-256.
fn digits(value: &str) -> String {
    hex(&Sha256::digest(value)[..8])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{GroupId, Story};

    #[test]
    fn ids_are_made_from_what_stays_the_same() {
        let group = |url: Option<&str>, text: &str| Group {
            id: GroupId::new(""),
            title: None,
            status: Group::ACTIVE.into(),
            created_at: None,
            stories: vec![Story { text: text.into(), url: url.map(str::to_owned), ..Story::default() }],
        };
        // `printf %s abc | sha256sum`
        assert_eq!(IdRule::Text.of(&group(None, " abc\n")).unwrap(), "t-ba7816bf8f01cfea");
        assert_eq!(IdRule::Url.of(&group(Some("abc"), "x")).unwrap(), "u-ba7816bf8f01cfea");
        assert_eq!(IdRule::Url.of(&group(None, "abc")).unwrap(), "t-ba7816bf8f01cfea");
        assert!(IdRule::Text.of(&group(None, " ")).is_err());
        let mut rows = IdRule::Row("f".into(), 0);
        assert_eq!((rows.of(&group(None, "")), rows.of(&group(None, ""))), (Ok("f:1".into()), Ok("f:2".into())));
    }
}
