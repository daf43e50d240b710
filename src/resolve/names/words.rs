//! What is known about words in names, as tables: legal forms, titles, small words, and generic words that other
//! languages, spellings and abbreviations write differently.
//!
//! All of it is general knowledge of how names are written (company law, address forms, dictionaries); none of it comes
//! from a catalog. A word stands here as `clean` and lower case leave it.

use std::sync::LazyLock;

use crate::resolve::fast_map::Map;
use crate::resolve::names::exonyms::EXONYMS;

/// What a word does in a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Role {
    /// Tells this name from others.
    Word = 0,
    /// Digits.
    Number = 1,
    /// Initials, one letter or several merged (`cj`).
    Initials = 2,
    /// `jr`, `iii`: tells father from son.
    Generation = 3,
    /// `inc`, `gmbh`.
    Legal = 4,
    /// What an exchange adds to a company's name: share class, nominal value.
    Tail = 5,
    /// `dr`, `president`.
    Title = 6,
    /// `the`, `of`, `de`.
    Small = 7,
}

impl Role {
    /// Reads back what a card stores.
    pub(crate) fn from_u8(value: u8) -> Role {
        match value {
            1 => Role::Number,
            2 => Role::Initials,
            3 => Role::Generation,
            4 => Role::Legal,
            5 => Role::Tail,
            6 => Role::Title,
            7 => Role::Small,
            _ => Role::Word,
        }
    }

    /// Returns whether words of this role make up the core of a name.
    pub(crate) fn is_core(self) -> bool {
        matches!(self, Role::Word | Role::Number | Role::Initials)
    }
}

/// What the tables say of a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    /// Its role; `Word` for a generic word.
    pub(crate) role: Role,
    /// Words of one class mean the same; 0 is none. Only generic words and legal forms have one.
    pub(crate) class: u16,
}

/// Legal forms; forms on one line are the same form.
const LEGAL: &str = "
inc incorporated
corp corporation
co company compania compagnie cia cie companhia
ltd limited ltda limitada limitee
llc
llp lp
plc
ag aktiengesellschaft
sa
nv
bv
gmbh mbh
kg kgaa
oy oyj ab publ
asa aps
spa srl sarl sas sasu sapa
kk kabushiki kaisha gk
pte pty proprietary
bhd berhad sdn
tbk pt
jsc pjsc ojsc cjsc oao ooo zao pao ao
kft zrt nyrt rt
sp zoo spzoo
doo dd ad ead eood ood
se
sro
eg ev gag
sab cv
hf ehf
saog saoc ksc kscp psc qsc qpsc sae
pcl pjs
";

/// Words of one meaning, a line a class. Abbreviations stand here only where prefix and dropped vowels do not show them.
const GENERIC: &str = "
university prifysgol universitat universitaet universidad universidade universita universite universitet universitetet universiteit uniwersytet univerzita univerzitet univerza universiti universitas universitatea universiteti universitesi universitate universitetas universitats yliopisto egyetem egyetemi daigaku daxue daehakgyo univ uni ulikool haskoli sveuciliste universitato jamia universytet unversity
institute institut instituto istituto instituut instytut institutul intezet institutet instytutu inst intitut institutt institusi enstitusu yanjiusuo kenkyujo
hospital hospitals ospedale krankenhaus klinikum hopital hopitaux szpital nemocnice sairaala ziekenhuis hospitalar sykehus sjukhus sygehus korhaz bolnica hastanesi byoin spital hosp yiyuan
clinic klinik clinica clinique kliniken kliniki
college colegio collegio colegiul collegium coll kolej kolegium faculdade
school schools escuela ecole scuola schule hochschule escola szkola skola skole skolan okulu koulu hogeschool
center centre centro centrum zentrum zentr tsentr keskus kozpont centr ctr merkezi senter
national nacional nationale nazionale nationaal nationales narodowy narodni nationalen natl naz natsionalnyy nasjonal
international internacional internationale internazionale internationaal intl internat internationales miedzynarodowy mezinarodni
research recherche recherches investigacion investigaciones forschung ricerca ricerche pesquisa pesquisas onderzoek forskning cercetare badan badawczy kutato vyzkumny arastirma investigacao forschungszentrum
science sciences wissenschaft wissenschaften ciencia ciencias scienze nauk stiinte vede tudomanyos tudomany videnskab vetenskap wetenschappen sci bilim naukowy
academy academia akademie accademia academie akademia akademiya akademi acad akad akademisi
laboratory laboratories laboratorio laboratoire laboratoires labor laboratoria labs lab laboratorium
technology technologies technologie technologia tecnologia tecnologico tecnologica tecnologias tecnologie teknologi technologiczny technologii teknoloji tech
technical technische technischen technique techniques tecnica tecnico tekniska teknisk technicka technicki techniczna teknik technischer muszaki technological techn
polytechnic politecnico politecnica politechnika polytechnique politeknik politehnica polytechnique polytechnical politehnik
engineering ingenieria ingegneria ingenierie engenharia eng ingenieurwissenschaften inzynierii muhendislik
medical medica medico medicale medicas medizinische medycznych medyczny medyczna med medicinska medisch medizinischen medicinal
medicine medicina medizin medecine medycyny geneeskunde
health salud sante gesundheit salute saude zdrowia hlth helse saglik
agriculture agricultural agricola agraria agrarias agronomique agricole landwirtschaft rolniczy agrar agric agri
department departamento departement dipartimento dept abteilung katedra dep
faculty facultad faculte fakultat facolta fakultet fac tiedekunta
division divisao
ministry ministerio ministere ministerium ministero ministerstvo ministerstwo
museum museo musee muzeum museu muzej muse muzeul
library biblioteca bibliotheque bibliothek biblioteka knihovna
foundation fundacion fondation stiftung fundacao fondazione fundacja nadace saatio fdn stichting
association asociacion asociacao associacao associazione verein vereinigung stowarzyszenie assn assoc vereniging forening
society sociedad societe gesellschaft societa sociedade towarzystwo soc selskab
federation federacion federacao federazione foderation
council consejo conseil consiglio conselho rada
committee comite comitato komitee comissao
federal federale bundes
state estatal staatliche staat statale gosudarstvennyy gosudarstvennyi panstwowy devlet etat
public publico publique pubblico publica
private privada privado prive
general generale geral
government gobierno gouvernement govt govern
management gestion gestao mgmt mgt manag
development desarrollo developpement entwicklung desenvolvimento sviluppo dev devel developement rozwoju
environment environmental ambiental ambiente environnement umwelt env environ
system systems sistema sistemas systeme systemes sys syst
service services servicio servicios servizi servicos dienst svc svcs svs serv
group groupe gruppe grupo gruppo grp grupa gruppen gp
holding holdings hldg hldgs hldng hdg hlds hld hgs
bank banco banque banca bankasi banka bk bnk bankshares bancorp bancorporation bancshares
insurance assurance assurances versicherung versicherungs seguros assicurazioni ins sigorta
finance financial financiera finanz finanziaria fin finl fincl financ
investment investments inversiones invest inv invts investm
trust tr tst
energy energia energie enrgy energi enr
electric electrical electrica electrique elektrik elec
power pwr
petroleum petrol petr pet petroleo
resources resource recursos res resour
mining minera mineracao miniere mng
minerals mineral minls
industry industries industrial industria industrias industriel industrie ind inds indl
international_business
manufacturing mfg manuf manufacturer
pharmaceutical pharmaceuticals pharma pharm pharmaceutica farma farmaceutica pharmac pharmazeutische
biotechnology biotech biotec biotechnologies biotechnologia
therapeutics thera therap
chemical chemicals chemie chimica quimica chimie chem
chemistry
physics physik fisica physique phys
biology biologia biologie biol
mathematics mathematical mathematik matematica mathematiques math matematicas
education educacion educacao bildung educ istruzione egitim
social sociales sociais sozial sociale
economics economic economicas economia ecole_eco econ wirtschaft
communications communication comunicaciones comm comms
telecommunications telecom telecommunication telekom telecomunicaciones tele
transportation transport transportes transporte trans transp
logistics logistica logistik
construction construccion construcciones constr const bau
realty estate immobilien immobiliare inmobiliaria
property properties prop props
entertainment entmt entert
products product productos produkte prods prod
materials material matls
solutions solution soluciones solns sol
enterprises enterprise entreprise entreprises ent enterp empresa empresas
motors motor
airlines airline airways
machines machine machinery mach machs
foods food alimentos
hotel hotels
partners partner ptnrs
brothers bros
american america americas americana amer
european europe europa europeo european europeenne europaische
african africa afrique
asian asia
north northern norte nord noord norra nordre nor
south southern sud sul sur zuid sodra sor
east eastern este ost oriental est
west western oeste ouest westlich
central centrale zentral
new nueva nuevo neu neue nouveau nouvelle nova novo nuovo nuova nieuw nowy nowa novy novi ny nye
great grand gran grande gross grosse big greater
saint san santa santo st sankt sao ste sainte sint sveti svaty swiety
city ciudad stadt citta shi ville cidade gorod miasto mesto varos kaupunki kota shahr
town
village villa dorf aldea pueblo villaggio
municipality kommune gemeente municipio municipal mairie comune kommun obec gmina opstina
county condado xian hsien hsian comte grafschaft megye zupanija judetul
district distrito bezirk arrondissement rayon raion kreis distretto qu okres powiat
province provincia provinz
region regione regional regionale oblast
island islands isla isle insel ile ilha isola jima
mount mountain monte mont berg
river rio fluss fleuve rivier
lake lago lac
port puerto porto hafen
bay bahia baie
beach playa praia
park parque parc
valley valle vallee tal
fort fuerte forte
upper alto haut ober oberer
lower bajo bas unter
old viejo alt vieux stary
garden gardens jardin garten
street str strasse calle rua
road rd
avenue ave av
boulevard blvd
restaurant restaurante ristorante
cafe caffe kaffee
association_football
football futbol fussball futebol calcio
club klub clube
sports sport deportivo sporting
united utd
team equipo equipe
championship championships campeonato
cup copa coupe pokal
league liga ligue
world mundial welt monde
conference conf
department_of
office oficina bureau
agency agencia agence agentur agenzia
authority autoridad autorite
commission comision kommission commissione comissao
board
union unio unione uniao
party partido partei parti partito
army armee ejercito
royal real royale koninklijk koninklijke kgl regia
king rey roi konig
queen reina reine
professional professionnel profesional pro
standard std
edition ed edn
version ver vers
volume vol
number no nr num
upgrade upg
license licence lic
academic edu
windows win
macintosh mac
deluxe dlx
premium prem
black blk
white wht
silver slv
blue blu
red
";

/// Words that say little wherever they stand.
const SMALL: &str = "
the of and for in at on to by with from a an or
de la le les el los las der die das den dem des du di da do dos del della dello delle degli dei das et und y e i en
fur fuer van von zu zur zum im am an auf aux au ao na no em pour per para con con sur och og ja es az dla w z
al ul ye vs
";

/// Forms of address, ranks and offices that stand before a person's name.
const TITLE: &str = "
dr doctor prof professor mr mrs ms miss mister sir dame lord lady rev reverend hon sen senator rep representative
gov governor president vice chancellor minister secretary ambassador judge justice capt captain maj major col colonel
lt lieutenant sgt sergeant cpl gen adm admiral coach quarterback herr frau monsieur madame signor senor senora
";

/// What tells a son from his father.
const GENERATION: &str = "
jr junior
sr senior
ii 2nd
iii 3rd
iv 4th
";

/// What exchanges and data vendors add to a company's name: share classes, registered, bearer, depositary receipts.
const TAIL: &str = "
adr ads adrs gdr gdrs spadr spads spons sponsored unsp unspon inh nam namen inhaber vz vzo vorz stamm sto ord ords reg
cl class ser registered shs sh sp repr npv on cva ctf dep rcpt rcpts
";

static TABLE: LazyLock<Map<&'static str, Entry>> = LazyLock::new(build);

fn build() -> Map<&'static str, Entry> {
    let mut table = Map::default();
    let mut class = 0u16;
    let mut lines = |text: &'static str, role: Role, classed: bool| {
        for line in text.lines() {
            class += 1;
            for word in line.split_whitespace() {
                table.entry(word).or_insert(Entry { role, class: if classed { class } else { 0 } });
            }
        }
    };
    lines(LEGAL, Role::Legal, true);
    lines(GENERATION, Role::Generation, true);
    lines(TITLE, Role::Title, false);
    lines(TAIL, Role::Tail, false);
    lines(SMALL, Role::Small, false);
    lines(GENERIC, Role::Word, true);
    lines(EXONYMS, Role::Word, true);
    table
}

/// Returns whether a class is one of generic words: the names of a place are none.
pub(crate) fn is_generic(class: u16) -> bool {
    static CLASSES: LazyLock<std::ops::Range<usize>> = LazyLock::new(|| {
        let before: usize = [LEGAL, GENERATION, TITLE, TAIL, SMALL].iter().map(|text| text.lines().count()).sum();
        before + 1..before + 1 + GENERIC.lines().count()
    });
    CLASSES.contains(&usize::from(class))
}

/// Returns whether a word tells one name from others: not a title, a legal form, a small or a generic word. A city may be a
/// surname.
pub(crate) fn is_telling(word: &str) -> bool {
    entry(word).is_none_or(|entry| entry.role == Role::Word && !is_generic(entry.class))
}

/// Returns what the tables say of a lower-case ASCII word.
pub(crate) fn entry(word: &str) -> Option<Entry> {
    if word.len() > 24 {
        return None;
    }
    TABLE.get(word).copied()
}

/// Returns the value of a Roman numeral as it is properly written, up to 3999; it numbers films, kings and games. `did`,
/// `mild` and `civil` have its letters and are none. A lone letter is one only as `v` and `x`.
pub(crate) fn roman(word: &str) -> Option<u32> {
    const PLACES: [(u32, &[&str]); 4] = [
        (1000, &["m", "mm", "mmm"]),
        (100, &["c", "cc", "ccc", "cd", "d", "dc", "dcc", "dccc", "cm"]),
        (10, &["x", "xx", "xxx", "xl", "l", "lx", "lxx", "lxxx", "xc"]),
        (1, &["i", "ii", "iii", "iv", "v", "vi", "vii", "viii", "ix"]),
    ];
    // No proper one is longer than mmmdccclxxxviii; most words are told by their first letter.
    let first = *word.as_bytes().first()?;
    if !b"mdclxvi".contains(&first) || word.len() > 15 || word.len() == 1 && !matches!(first, b'v' | b'x') {
        return None;
    }
    let (mut value, mut rest) = (0, word);
    for (place, digits) in PLACES {
        let longest = (1u32..).zip(digits).filter(|(_, digit)| rest.starts_with(**digit)).max_by_key(|(_, d)| d.len());
        if let Some((digit, letters)) = longest {
            value += digit * place;
            rest = &rest[letters.len()..];
        }
    }
    rest.is_empty().then_some(value)
}

/// Returns the value of a Roman numeral that means a number wherever it stands behind a name: over twenty, where the
/// table of names knew none before, and long enough to be no word (`li`, `dc`, `mix`, `clix`).
pub(crate) fn numeral(word: &str) -> Option<u32> {
    let value = roman(word)?;
    let is_long = word.len() >= if value < 100 { 3 } else { 4 };
    (value > 20 && is_long && !matches!(word, "clix" | "mdii")).then_some(value)
}

/// Returns the value of a number written as a word.
pub(crate) fn number_word(word: &str) -> Option<u32> {
    const WORDS: [&str; 13] =
        ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"];
    const ORDINALS: [&str; 11] =
        ["zeroth", "first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth"];
    WORDS
        .iter()
        .position(|w| *w == word)
        .or_else(|| ORDINALS.iter().position(|w| *w == word))
        .and_then(|at| u32::try_from(at).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_one_meaning_share_a_class() {
        for (a, b) in [("universitat", "daigaku"), ("hldgs", "holding"), ("corp", "corporation"), ("san", "sankt")] {
            assert_eq!(entry(a).map(|e| e.class), entry(b).map(|e| e.class), "{a} {b}");
        }
        assert_ne!(entry("inc").map(|e| e.class), entry("gmbh").map(|e| e.class));
        assert_eq!(entry("mahomes"), None);
    }

    #[test]
    fn a_place_has_many_names_and_is_not_generic() {
        for (a, b) in [("koln", "cologne"), ("munchen", "munich"), ("warszawa", "varsovie")] {
            assert_eq!(entry(a).map(|e| e.class), entry(b).map(|e| e.class), "{a} {b}");
            assert!(!is_generic(entry(a).expect("is there").class), "{a}");
        }
        for word in ["university", "red"] {
            assert!(is_generic(entry(word).expect("is there").class), "{word}");
        }
        assert!(!is_generic(entry("inc").expect("is there").class) && !is_generic(0));
    }

    #[test]
    fn numerals_and_number_words_have_values() {
        assert_eq!(number_word("third"), Some(3));
        for (word, expected) in [
            ("ii", Some(2)),
            ("iv", Some(4)),
            ("x", Some(10)),
            ("xiv", Some(14)),
            ("xx", Some(20)),
            ("xxi", Some(21)),
            ("xlix", Some(49)),
            ("li", Some(51)),
            ("lvii", Some(57)),
            ("xcix", Some(99)),
            ("cxvii", Some(117)),
            ("mcmxcix", Some(1999)),
            ("mmxxiv", Some(2024)),
            ("mmmcmxcix", Some(3999)),
            ("mmmdccclxxxviii", Some(3888)),
            ("mix", Some(1009)),
            ("", None),
            ("i", None),
            ("m", None),
            ("mmmm", None),
            ("iiii", None),
            ("iix", None),
            ("vx", None),
            ("ixi", None),
            ("xcx", None),
            ("cmc", None),
            ("lil", None),
            ("dim", None),
            ("did", None),
            ("vid", None),
            ("mild", None),
            ("civil", None),
            ("vivid", None),
            ("ivx", None),
            ("xvi\u{130}", None),
        ] {
            assert_eq!(roman(word), expected, "{word}");
        }
        let all: Vec<u32> = (0..=4000).filter(|n| numeral(&written(*n)).is_some()).collect();
        assert!(!all.contains(&20) && all.contains(&21) && all.contains(&57) && all.contains(&2024));
        for word in ["xx", "vii", "li", "dc", "mix", "dix", "mdi", "clix", "liv"] {
            assert_eq!(numeral(word).is_some(), word == "liv", "{word}");
        }
        for n in 1..4000 {
            let word = written(n);
            assert_eq!(roman(&word), Some(n).filter(|_| word.len() > 1 || matches!(n, 5 | 10)), "{word}");
        }
    }

    fn written(mut n: u32) -> String {
        let mut word = String::new();
        for (value, letters) in [
            (1000, "m"),
            (900, "cm"),
            (500, "d"),
            (400, "cd"),
            (100, "c"),
            (90, "xc"),
            (50, "l"),
            (40, "xl"),
            (10, "x"),
            (9, "ix"),
            (5, "v"),
            (4, "iv"),
            (1, "i"),
        ] {
            while n >= value {
                word.push_str(letters);
                n -= value;
            }
        }
        word
    }
}
