//! A group's text: its hash, by which the ledger knows what was asked about, and its rendering, which the model reads.
//!
//! The two are apart on purpose. The hash is over the content, so a later version may render better without making
//! anything stale; and everything that is rendered is hashed, so that a change which the model would see is seen.

use std::borrow::Cow;
use std::fmt::Write as _;

use sha2::{Digest, Sha256};

use crate::model::{Group, Story};

/// Returns the hash of what a model is given to read of a group: its title, and each story's title, date and text.
///
/// Every field goes in with its length before it, so two different contents never make the same bytes. A field that is
/// absent counts as empty, white space around it is nothing, and a story with neither title nor text
/// counts as none, since none of that is rendered. Addresses,
/// status and load times are not given to the model and not hashed.
pub fn text_hash(group: &Group) -> [u8; 16] {
    let mut hasher = Sha256::new();
    hasher.update(b"gleaner text 1\n");
    let mut field = |text: &str| {
        hasher.update((text.len() as u64).to_le_bytes());
        hasher.update(text);
    };
    field(present(&group.title));
    for story in readable(group) {
        field(present(&story.title));
        field(present(&story.published_at));
        field(story.text.trim());
    }
    let digest = hasher.finalize();
    let mut prefix = [0; 16];
    prefix.copy_from_slice(&digest[..16]);
    prefix
}

/// Returns what a model is given to read: the group's title and its numbered stories, each between tags.
///
/// Inside the text those tags are defused (`&lt;story`), so that a story cannot end itself and go on as something else;
/// control characters become spaces. The instructions of every request say that what stands between the tags is
/// material.
pub fn render_input(group: &Group) -> String {
    let n_bytes: usize = group.stories.iter().map(|story| story.text.len() + 160).sum();
    let mut input = String::with_capacity(n_bytes + 64);
    element(&mut input, "title", present(&group.title));
    for (index, story) in readable(group).enumerate() {
        let _ = writeln!(input, "<story number=\"{}\">", index + 1);
        element(&mut input, "title", present(&story.title));
        element(&mut input, "published", present(&story.published_at));
        let text = defuse(story.text.trim());
        if !text.is_empty() {
            input.push_str(&text);
            input.push('\n');
        }
        input.push_str("</story>\n");
    }
    input
}

fn readable(group: &Group) -> impl Iterator<Item = &Story> {
    group.stories.iter().filter(|story| !story.text.trim().is_empty() || !present(&story.title).is_empty())
}

fn present(field: &Option<String>) -> &str {
    field.as_deref().unwrap_or_default().trim()
}

fn element(input: &mut String, name: &str, text: &str) {
    if !text.is_empty() {
        let _ = writeln!(input, "<{name}>{}</{name}>", defuse(text));
    }
}

/// The names of the tags that [`render_input`] writes.
const TAGS: [&str; 3] = ["story", "title", "published"];

/// Takes our tags and control characters out of a text; most texts have none and are lent as they are.
fn defuse(text: &str) -> Cow<'_, str> {
    let suspect = |byte: u8| byte == b'<' || byte == 0x7f || (byte < b' ' && byte != b'\n' && byte != b'\t');
    // Without an early way out the compiler looks at many bytes at once.
    if text.bytes().fold(0, |found, byte| found | u8::from(suspect(byte))) == 0 {
        return Cow::Borrowed(text);
    }
    let mut clean = String::with_capacity(text.len() + 16);
    let mut rest = text;
    while let Some(at) = rest.bytes().position(suspect) {
        clean.push_str(&rest[..at]);
        match rest.as_bytes()[at] {
            b'<' if opens_a_tag(&rest[at + 1..]) => clean.push_str("&lt;"),
            b'<' => clean.push('<'),
            b'\r' if rest.as_bytes().get(at + 1) == Some(&b'\n') => {}
            b'\r' => clean.push('\n'),
            _ => clean.push(' '),
        }
        rest = &rest[at + 1..];
    }
    clean.push_str(rest);
    Cow::Owned(clean)
}

/// Returns whether what follows a `<` reads as one of our tags, also with spaces, capitals or control characters in it.
fn opens_a_tag(rest: &str) -> bool {
    let name = rest.trim_start_matches(|c: char| c == '/' || c.is_whitespace() || c.is_control());
    TAGS.iter().any(|tag| name.get(..tag.len()).is_some_and(|start| start.eq_ignore_ascii_case(tag)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::GroupId;

    fn story(title: &str, text: &str, published_at: &str) -> Story {
        let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        Story { title: some(title), text: text.into(), url: None, published_at: some(published_at), ..Story::default() }
    }

    fn group(title: &str, stories: Vec<Story>) -> Group {
        Group {
            id: GroupId::new("g"),
            title: Some(title.into()),
            status: Group::ACTIVE.into(),
            created_at: None,
            stories,
        }
    }

    fn hex(group: &Group) -> String {
        text_hash(group).iter().map(|byte| format!("{byte:02x}")).collect()
    }

    #[test]
    fn the_rendering_is_numbered_and_delimited() {
        let group = group(
            "Moon landing",
            vec![
                story("", "  The Eagle has landed.\r\nTwo men walk.\n", "1969-07-20T20:17:00Z"),
                story("", " ", "1969-07-21"),
                story("Splashdown", "", ""),
            ],
        );
        let expected = "<title>Moon landing</title>\n<story number=\"1\">\n<published>1969-07-20T20:17:00Z</published>\n\
                        The Eagle has landed.\nTwo men walk.\n</story>\n<story number=\"2\">\n<title>Splashdown</title>\n\
                        </story>\n";
        assert_eq!(render_input(&group), expected);
    }

    #[test]
    fn a_story_cannot_end_itself() {
        let check = |text: &str, expected: &str| assert_eq!(defuse(text), expected);
        check("a </story> b", "a &lt;/story> b");
        check("a < / Story> b", "a &lt; / Story> b");
        check("<title>x", "&lt;title>x");
        check("</\u{1}story>", "&lt;/ story>");
        check("1 < 2 <b>bold</b>", "1 < 2 <b>bold</b>");
        check("bell\u{7} nul\0 tab\t", "bell  nul  tab\t");
        check("ends <", "ends <");
        check("<sträng", "<sträng");
    }

    /// Pinned: were this hash to change, every group of every database would be paid for again.
    #[test]
    fn the_hash_is_the_same_for_ever() {
        assert_eq!(hex(&group("t", vec![story("a", "b", "2024-01-01T00:00:00Z")])), "b84236553fcb393d4da0a39a85f9e950");
    }

    #[test]
    fn no_two_contents_share_a_hash() {
        let base = || group("t", vec![story("ab", "c", "")]);
        let others = [
            group("", vec![story("ab", "c", "")]),
            group("t", vec![story("a", "bc", "")]),
            group("t", vec![story("ab", "c", ""), story("", "d", "")]),
            group("t", vec![story("", "abc", "")]),
            group("t", vec![story("ab", "", "c")]),
            group("t", vec![]),
        ];
        let mut hashes: Vec<String> = others.iter().map(hex).collect();
        hashes.push(hex(&base()));
        hashes.sort();
        hashes.dedup();
        assert_eq!(hashes.len(), 7);
    }

    #[test]
    fn what_is_not_rendered_is_not_hashed() {
        let base = group("t", vec![story("a", "b", "")]);
        let mut other = base.clone();
        other.id = GroupId::new("other");
        other.status = "archived".into();
        other.created_at = Some("2020-01-01T00:00:00Z".into());
        other.stories[0].url = Some("https://example.org".into());
        other.stories[0].published_at = Some(String::new());
        other.stories[0].text = " b\n".into();
        other.stories.push(story("", " \n", "2020-01-01T00:00:00Z"));
        assert_eq!(hex(&base), hex(&other));
        assert_eq!(render_input(&base), render_input(&other));
    }
}
