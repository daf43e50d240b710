//! Roles that fields have, and the names by which they are known.

use super::Subject;
use crate::text::fold;

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
const OF_GROUPS: [(Role, &[&str]); 9] = [
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
const OF_ENTITIES: [(Role, &[&str]); 5] = [
    (Id, &["id", "entityid", "qid", "wikidataid", "uuid", "identifier"]),
    (Type, &["type", "entitytype", "class"]),
    (Name, &["name", "label", "preferredname", "canonicalname", "title"]),
    (
        Aliases,
        &["aliases", "alias", "altlabel", "altlabels", "alternativenames", "alternatenames", "synonyms", "othernames"],
    ),
    (Attributes, &["attributes"]),
];

/// Names of fields in the languages of most newspapers, folded and without separators. They are proposed and not taken by
/// themselves: what is an attribute today would be sent tomorrow.
const FOREIGN_OF_GROUPS: [(Role, &[&str]); 5] = [
    (
        Text,
        &[
            "volltext",
            "artikeltext",
            "inhalt",
            "haupttext",
            "texte",
            "contenu",
            "corps",
            "texto",
            "contenido",
            "cuerpo",
            "conteudo",
            "corpo",
            "testo",
            "contenuto",
            "tekst",
            "inhoud",
        ],
    ),
    (
        Title,
        &[
            "titel",
            "uberschrift",
            "ueberschrift",
            "schlagzeile",
            "titre",
            "titulo",
            "titular",
            "titolo",
            "manchete",
            "kop",
            "rubrik",
            "tytul",
        ],
    ),
    (
        Published,
        &[
            "datum",
            "erscheinungsdatum",
            "publikationsdatum",
            "veroffentlicht",
            "veroffentlichtam",
            "veroffentlichungsdatum",
            "datedepublication",
            "datepublication",
            "fecha",
            "fechadepublicacion",
            "fechapublicacion",
            "data",
            "datadepublicacao",
            "datadipubblicazione",
            "publicatiedatum",
        ],
    ),
    (Url, &["lien", "enlace", "adresse", "webadresse", "internetadresse"]),
    (
        Id,
        &[
            "kennung",
            "artikelid",
            "artikelnr",
            "artikelnummer",
            "nr",
            "no",
            "number",
            "nummer",
            "numero",
            "identifiant",
            "identificador",
            "identificatore",
        ],
    ),
];

/// Names of an entity's fields likewise.
const FOREIGN_OF_ENTITIES: [(Role, &[&str]); 3] = [
    (Name, &["bezeichnung", "nom", "nombre", "nome", "naam", "nazwa"]),
    (Type, &["typ", "art", "tipo", "soort"]),
    (Aliases, &["synonyme", "anderername", "autresnoms", "otrosnombres", "sinonimos", "sinonimi"]),
];

/// Returns what a column is called in another language, if it is.
pub(super) fn foreign_role(column: &str, subject: Subject) -> Option<Role> {
    let table: &[(Role, &[&str])] = match subject {
        Subject::Groups => &FOREIGN_OF_GROUPS,
        Subject::Entities => &FOREIGN_OF_ENTITIES,
    };
    let name = plain(&fold(column));
    table.iter().find(|(_, names)| names.contains(&name.as_str())).map(|(role, _)| *role)
}

/// A name without case, separators and spaces: `publishedat`.
pub(super) fn plain(name: &str) -> String {
    name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// The roles of a subject with the names they are known by.
pub(super) fn table(subject: Subject) -> &'static [(Role, &'static [&'static str])] {
    match subject {
        Subject::Groups => &OF_GROUPS,
        Subject::Entities => &OF_ENTITIES,
    }
}

/// Returns what an option of `--map` calls a field, by any of the names it is known by; `None`: an attribute.
pub(super) fn role_of(target: &str, subject: Subject) -> Option<Role> {
    let target = plain(target);
    let has = |(_, names): &&(Role, &[&str])| names.contains(&target.as_str());
    table(subject).iter().find(has).map(|(role, _)| *role).filter(|role| *role != Attributes)
}

/// Stands before the name of an attribute that is called almost as a field is.
pub(super) const ATTRIBUTE: &str = "attributes.";

/// Returns the field that `--map` names: our word for it, or the name of an attribute. A near miss of a known name is an
/// error with the word that was probably meant: taken for an attribute, it would be lost in silence.
pub fn field(typed: &str, subject: Subject) -> Result<String, &'static str> {
    if typed.starts_with(ATTRIBUTE) {
        return Ok(typed.to_owned());
    }
    if let Some(role) = role_of(typed, subject) {
        return Ok(role.word().to_owned());
    }
    let typed_plain = plain(typed);
    // One letter, or two of a long name; of names as short as `id` anything is a near miss.
    let most = match typed_plain.chars().count() {
        0..3 => return Ok(typed.to_owned()),
        3..6 => 1,
        _ => 2,
    };
    let names = table(subject).iter().flat_map(|(role, names)| names.iter().map(move |name| (*role, *name)));
    let distance = |name: &str| strsim::damerau_levenshtein(&typed_plain, name);
    let near = names.filter(|(_, name)| name.len() > 2).map(|(role, name)| (distance(name), role));
    match near.min_by_key(|(distance, _)| *distance) {
        Some((distance, role)) if distance <= most => Err(role.word()),
        _ => Ok(typed.to_owned()),
    }
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
            Id => ["id", "group_id"].contains(&name),
            Published => ["published_at", "stories.published_at"].contains(&name),
            _ => name.eq_ignore_ascii_case(self.word()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_near_miss_of_a_known_name_is_no_attribute() {
        for (typed, expected) in [
            ("text", Ok("text")),
            ("Body", Ok("text")),
            ("published_at", Ok("date")),
            ("guid", Ok("id")),
            ("section", Ok("section")),
            ("state", Ok("state")),
            ("no", Ok("no")),
            ("attributes.titel", Ok("attributes.titel")),
            ("titel", Err("title")),
            ("txt", Err("text")),
            ("ulr", Err("url")),
            ("stauts", Err("status")),
            ("Pubished At", Err("date")),
            ("haedlien", Err("title")),
        ] {
            assert_eq!(field(typed, Subject::Groups), expected.map(str::to_owned), "{typed}");
        }
        assert_eq!(field("nmae", Subject::Entities), Err("name"));
        assert_eq!(field("alises", Subject::Entities), Err("aliases"));
        assert_eq!(field("text", Subject::Entities), Ok("text".into()));
    }
}
