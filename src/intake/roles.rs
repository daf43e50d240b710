//! Roles that fields have, and the names by which they are known.

use super::Subject;

/// Roles of a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Role {
    Id,
    Title,
    Text,
    Published,
    Created,
    Url,
    Status,
    Stories,
    Type,
    Name,
    Aliases,
    Attributes,
}

use Role::*;

/// Names of a group's and a story's fields, without separators, the best first.
pub(super) const OF_GROUPS: [(Role, &[&str]); 9] = [
    (Id, &["id", "guid", "uuid", "groupid", "articleid", "docid"]),
    (Title, &["title", "headline", "name", "heading", "webtitle"]),
    (
        Text,
        &[
            "text",
            "body",
            "content",
            "article",
            "fulltext",
            "articlebody",
            "articletext",
            "bodytext",
            "maintext",
            "plaintext",
            "contenttext",
            "storytext",
        ],
    ),
    (
        Published,
        &[
            "publishedat",
            "date",
            "pubdate",
            "published",
            "publicationdate",
            "publishdate",
            "datepublished",
            "publishedon",
            "datetime",
            "timestamp",
            "webpublicationdate",
        ],
    ),
    (Created, &["createdat", "created"]),
    (Url, &["url", "link", "weburl", "permalink", "articleurl", "canonicalurl"]),
    (Status, &["status"]),
    (Stories, &["stories"]),
    (Attributes, &["attributes"]),
];

/// Names of an entity's fields, without separators, the best first.
pub(super) const OF_ENTITIES: [(Role, &[&str]); 5] = [
    (Id, &["id", "entityid", "qid", "wikidataid", "uuid", "identifier"]),
    (Type, &["type", "entitytype", "class"]),
    (Name, &["name", "label", "preferredname", "canonicalname", "title"]),
    (
        Aliases,
        &["aliases", "alias", "altlabel", "altlabels", "alternativenames", "alternatenames", "synonyms", "othernames"],
    ),
    (Attributes, &["attributes"]),
];

/// A name without case, separators and spaces: `publishedat`.
pub(super) fn plain(name: &str) -> String {
    name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// Returns what an option of `--map` calls a field.
pub(super) fn role_of(target: &str, subject: Subject) -> Option<Role> {
    let role = match (subject, plain(target).as_str()) {
        (_, "id") => Id,
        (_, "attributes") => return None,
        (Subject::Groups, "text") => Text,
        (Subject::Groups, "title") => Title,
        (Subject::Groups, "date" | "publishedat") => Published,
        (Subject::Groups, "createdat") => Created,
        (Subject::Groups, "url") => Url,
        (Subject::Groups, "status") => Status,
        (Subject::Groups, "stories") => Stories,
        (Subject::Entities, "type") => Type,
        (Subject::Entities, "name") => Name,
        (Subject::Entities, "aliases") => Aliases,
        _ => return None,
    };
    Some(role)
}

impl Role {
    /// Returns what messages call it.
    pub(super) fn word(self) -> &'static str {
        match self {
            Id => "id",
            Title => "title",
            Text => "text",
            Published => "date",
            Created => "created_at",
            Url => "url",
            Status => "status",
            Stories => "stories",
            Type => "type",
            Name => "name",
            Aliases => "aliases",
            Attributes => "attributes",
        }
    }

    /// The names that need no word, since they are those of our own files.
    pub(super) fn is_own_name(self, name: &str) -> bool {
        match self {
            Published => ["published_at", "stories.published_at"].contains(&name),
            _ => name.eq_ignore_ascii_case(self.word()),
        }
    }
}
