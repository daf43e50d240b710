//! Countries by code and name, and the states whose short forms stand in addresses: a hint's `GBR` is a row's `GB`.
//!
//! Codes are ISO 3166-1; names are English with common short, native and former ones. A line: alpha-2, alpha-3, names
//! separated by `|`, as `clean` and lower case leave them.

use std::sync::LazyLock;

use crate::resolve::fast_map::Map;

const COUNTRIES: &str = "
ad and andorra
ae are united arab emirates|uae|emirates|emirati
af afg afghanistan|afghan
ag atg antigua and barbuda|antigua
ai aia anguilla
al alb albania|shqiperia|albanian
am arm armenia|armenian
ao ago angola|angolan
aq ata antarctica
ar arg argentina|argentinian|argentine
as asm american samoa
at aut austria|osterreich|oesterreich|austrian
au aus australia|australian
aw abw aruba
ax ala aland islands|aland
az aze azerbaijan|azerbaijani
ba bih bosnia and herzegovina|bosnia|bosna i hercegovina|bosnia herzegovina|bosnian
bb brb barbados
bd bgd bangladesh|bangladeshi
be bel belgium|belgie|belgique|belgien|belgian
bf bfa burkina faso
bg bgr bulgaria|bulgarian
bh bhr bahrain|bahraini
bi bdi burundi
bj ben benin
bl blm saint barthelemy
bm bmu bermuda
bn brn brunei|brunei darussalam
bo bol bolivia|plurinational state of bolivia|bolivian
bq bes bonaire
br bra brazil|brasil|brazilian
bs bhs bahamas|the bahamas
bt btn bhutan
bw bwa botswana
by blr belarus|belarusian|byelorussia
bz blz belize
ca can canada|canadian
cc cck cocos islands
cd cod democratic republic of the congo|congo kinshasa|dr congo|drc|zaire
cf caf central african republic
cg cog congo|republic of the congo|congo brazzaville
ch che switzerland|schweiz|suisse|svizzera|swiss
ci civ ivory coast|cote divoire|ivorian
ck cok cook islands
cl chl chile|chilean
cm cmr cameroon|cameroun|cameroonian
cn chn china|peoples republic of china|pr china|p r china|prc|chinese|zhongguo
co col colombia|colombian
cr cri costa rica|costa rican
cu cub cuba|cuban
cv cpv cape verde|cabo verde
cw cuw curacao
cx cxr christmas island
cy cyp cyprus|cypriot
cz cze czech republic|czechia|czech|ceska republika
de deu germany|deutschland|federal republic of germany|german|ger|frg|gdr
dj dji djibouti
dk dnk denmark|danmark|danish
dm dma dominica
do dom dominican republic
dz dza algeria|algerie|algerian
ec ecu ecuador|ecuadorian
ee est estonia|eesti|estonian
eg egy egypt|misr|egyptian
eh esh western sahara
er eri eritrea
es esp spain|espana|spanish
et eth ethiopia|ethiopian
fi fin finland|suomi|finnish
fj fji fiji
fk flk falkland islands|malvinas
fm fsm micronesia
fo fro faroe islands
fr fra france|french
ga gab gabon
gb gbr united kingdom|uk|u k|great britain|britain|england|scotland|wales|northern ireland|british|english|scottish|welsh
gd grd grenada
ge geo georgia|sakartvelo|georgian
gf guf french guiana
gg ggy guernsey
gh gha ghana|ghanaian
gi gib gibraltar
gl grl greenland
gm gmb gambia|the gambia
gn gin guinea|guinee
gp glp guadeloupe
gq gnq equatorial guinea
gr grc greece|hellas|greek
gt gtm guatemala|guatemalan
gu gum guam
gw gnb guinea bissau
gy guy guyana
hk hkg hong kong|hong kong sar
hn hnd honduras|honduran
hr hrv croatia|hrvatska|croatian
ht hti haiti|haitian
hu hun hungary|magyarorszag|hungarian
id idn indonesia|indonesian
ie irl ireland|eire|republic of ireland|irish
il isr israel|israeli
im imn isle of man
in ind india|bharat|indian
iq irq iraq|iraqi
ir irn iran|islamic republic of iran|persia|iranian
is isl iceland|island|icelandic
it ita italy|italia|italian|italien
je jey jersey
jm jam jamaica|jamaican
jo jor jordan|jordanian
jp jpn japan|nippon|nihon|japanese
ke ken kenya|kenyan
kg kgz kyrgyzstan|kyrgyz republic|kirghizia
kh khm cambodia|kampuchea|cambodian
ki kir kiribati
km com comoros
kn kna saint kitts and nevis|st kitts and nevis
kp prk north korea|democratic peoples republic of korea|dprk
kr kor south korea|korea|republic of korea|korea republic of|korea south|korean
kw kwt kuwait|kuwaiti
ky cym cayman islands
kz kaz kazakhstan|kazakh
la lao laos|lao peoples democratic republic
lb lbn lebanon|liban|lebanese
lc lca saint lucia|st lucia
li lie liechtenstein
lk lka sri lanka|ceylon
lr lbr liberia
ls lso lesotho
lt ltu lithuania|lietuva|lithuanian
lu lux luxembourg|luxemburg
lv lva latvia|latvija|latvian
ly lby libya|libyan
ma mar morocco|maroc|moroccan
mc mco monaco
md mda moldova|republic of moldova
me mne montenegro|crna gora
mf maf saint martin
mg mdg madagascar
mh mhl marshall islands
mk mkd north macedonia|macedonia|macedonian|fyrom
ml mli mali
mm mmr myanmar|burma|burmese
mn mng mongolia|mongolian
mo mac macau|macao
mp mnp northern mariana islands
mq mtq martinique
mr mrt mauritania
ms msr montserrat
mt mlt malta|maltese
mu mus mauritius
mv mdv maldives
mw mwi malawi
mx mex mexico|mexican
my mys malaysia|malaysian
mz moz mozambique|mocambique
na nam namibia
nc ncl new caledonia
ne ner niger
nf nfk norfolk island
ng nga nigeria|nigerian
ni nic nicaragua
nl nld netherlands|holland|the netherlands|nederland|dutch|ned
no nor norway|norge|norwegian
np npl nepal|nepali
nr nru nauru
nu niu niue
nz nzl new zealand|aotearoa
om omn oman|omani
pa pan panama|panamanian
pe per peru|peruvian
pf pyf french polynesia
pg png papua new guinea
ph phl philippines|the philippines|pilipinas|filipino|philippine
pk pak pakistan|pakistani
pl pol poland|polska|polish
pm spm saint pierre and miquelon
pr pri puerto rico
ps pse palestine|palestinian territory|state of palestine|palestinian territories
pt prt portugal|portuguese|por
pw plw palau
py pry paraguay
qa qat qatar|qatari
re reu reunion
ro rou romania|rom|romanian
rs srb serbia|srbija|serbian
ru rus russia|russian federation|rossiya|russian|ussr
rw rwa rwanda
sa sau saudi arabia|kingdom of saudi arabia|ksa|saudi
sb slb solomon islands
sc syc seychelles
sd sdn sudan
se swe sweden|sverige|swedish
sg sgp singapore|singaporean
sh shn saint helena
si svn slovenia|slovenija|slovenian
sk svk slovakia|slovak republic|slovensko|slovak
sl sle sierra leone
sm smr san marino
sn sen senegal|senegalese
so som somalia|somali
sr sur suriname
ss ssd south sudan
st stp sao tome and principe
sv slv el salvador|salvadoran
sx sxm sint maarten
sy syr syria|syrian arab republic|syrian
sz swz eswatini|swaziland
tc tca turks and caicos islands
td tcd chad|tchad
tg tgo togo
th tha thailand|thai|siam
tj tjk tajikistan
tl tls east timor|timor leste
tm tkm turkmenistan
tn tun tunisia|tunisie|tunisian
to ton tonga
tr tur turkey|turkiye|turkish|turquie
tt tto trinidad and tobago|trinidad
tv tuv tuvalu
tw twn taiwan|taiwan roc|republic of china|taiwanese|chinese taipei
tz tza tanzania|united republic of tanzania
ua ukr ukraine|ukrainian|ukraina
ug uga uganda|ugandan
us usa united states|united states of america|u s a|u s|america|american|estados unidos
uy ury uruguay|uruguayan
uz uzb uzbekistan|uzbek
va vat vatican|holy see|vatican city
vc vct saint vincent and the grenadines|st vincent and the grenadines
ve ven venezuela|venezuelan
vg vgb british virgin islands
vi vir us virgin islands|virgin islands
vn vnm vietnam|viet nam|vietnamese
vu vut vanuatu
ws wsm samoa
xk xkx kosovo|unk
ye yem yemen|yemeni
yt myt mayotte
za zaf south africa|republic of south africa|south african|rsa
zm zmb zambia
zw zwe zimbabwe
";

/// States and provinces by postal code: name, and the country they tell.
const STATES: &str = "
us al alabama|ala
us ak alaska
us az arizona|ariz
us ar arkansas|ark
us ca california|calif|cal
us co colorado|colo
us ct connecticut|conn
us de delaware|del
us dc district of columbia|d c
us fl florida|fla
us ga georgia
us hi hawaii
us id idaho
us il illinois|ill
us in indiana|ind
us ia iowa
us ks kansas|kans
us ky kentucky
us la louisiana
us me maine
us md maryland
us ma massachusetts|mass
us mi michigan|mich
us mn minnesota|minn
us ms mississippi|miss
us mo missouri
us mt montana|mont
us ne nebraska|nebr
us nv nevada|nev
us nh new hampshire|n h
us nj new jersey|n j
us nm new mexico|n mex
us ny new york|n y
us nc north carolina|n c
us nd north dakota|n dak
us oh ohio
us ok oklahoma|okla
us or oregon|ore
us pa pennsylvania|penna
us ri rhode island|r i
us sc south carolina|s c
us sd south dakota|s dak
us tn tennessee|tenn
us tx texas|tex
us ut utah
us vt vermont
us va virginia
us wa washington|wash
us wv west virginia|w va
us wi wisconsin|wis|wisc
us wy wyoming|wyo
ca on ontario|ont
ca qc quebec|que
ca bc british columbia|b c
ca ab alberta
ca mb manitoba|man
ca sk saskatchewan|sask
ca ns nova scotia|n s
ca nb new brunswick|n b
ca nl newfoundland and labrador|newfoundland
au nsw new south wales
au vic victoria
au qld queensland
au tas tasmania
in up uttar pradesh
in mp madhya pradesh
in tn tamil nadu
in ap andhra pradesh
in mh maharashtra
in ka karnataka
in kl kerala
in wb west bengal
in gj gujarat
in rj rajasthan
";

struct Table {
    /// Codes and names to the number of a country.
    countries: Map<&'static str, u16>,
    /// Names and short forms of states to the number of their country.
    states: Map<&'static str, u16>,
}

static TABLE: LazyLock<Table> = LazyLock::new(|| {
    let mut table = Table { countries: Map::default(), states: Map::default() };
    for (number, line) in (0u16..).zip(COUNTRIES.lines()) {
        let mut parts = line.splitn(3, ' ');
        for code in parts.by_ref().take(2) {
            table.countries.entry(code).or_insert(number);
        }
        for name in parts.flat_map(|names| names.split('|')) {
            table.countries.entry(name).or_insert(number);
        }
    }
    for line in STATES.lines() {
        let mut parts = line.splitn(3, ' ');
        let Some(&country) = parts.next().and_then(|code| table.countries.get(code)) else {
            continue;
        };
        for name in parts.flat_map(|names| names.split('|')) {
            table.states.entry(name).or_insert(country);
        }
    }
    table
});

/// Returns the country a code or name means; `words` is lower case with single spaces.
pub(crate) fn country(words: &str) -> Option<u16> {
    TABLE.countries.get(words).copied().filter(|_| !words.is_empty())
}

/// Returns the country of a state or province.
pub(crate) fn country_of_state(words: &str) -> Option<u16> {
    TABLE.states.get(words).copied().filter(|_| !words.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_and_names_are_one_country() {
        for (a, b) in [("gb", "gbr"), ("us", "united states"), ("de", "deutschland"), ("cn", "pr china")] {
            assert_eq!(country(a), country(b), "{a} {b}");
            assert!(country(a).is_some());
        }
        assert_ne!(country("gb"), country("us"));
        assert_eq!(country(""), None);
        assert_eq!(country_of_state("calif"), country("us"));
    }
}
