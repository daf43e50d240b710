//! Cities, countries and peoples under the names that other languages give them: `Cologne` is `Köln`.
//!
//! Written from general knowledge of European and world languages. A line is one place; the forms are those that edit
//! distance and sound do not bring together by themselves, as `clean` and lower case leave them. Only single words: of
//! names of several words the telling one stands here.

/// A line a place.
pub(super) const EXONYMS: &str = "
aachen aken akwizgran aquisgran aquisgrana
aleppo halab haleb
alexandria iskandariya alexandrie iskenderiye
algiers alger argel algeri algier jazair
antwerp antwerpen anvers amberes anversa
athens athina athenes atenas atene athen ateny afiny atina
augsburg augsbourg
baghdad bagdad bagdade
bangkok krungthep
barcelona barcelone barcellona
basel bale basilea basle bazylea
beijing peking pekin pechino beijin pequim
beirut beyrouth bayrut beyrut
belgrade beograd belgrad belgrado beogradu bialogrod
bern berne berna
bratislava pressburg pozsony presbourg
bruges brugge brujas
brussels bruxelles brussel bruselas bruessel bruksela brjussel
bucharest bucuresti bucarest bukarest bucareste bukareszt bukres
budapest budapeszt
cairo kairo qahira qahirah caire kahire
calcutta kolkata
cologne koln koeln keulen
copenhagen kobenhavn kopenhagen copenhague copenaghen koebenhavn kopenhaga
cracow krakow krakau cracovie cracovia krakov
damascus dimashq damas damasco damaskus
danzig gdansk
dresden dresde dresda drezno
dublin dublino
edinburgh edimbourg edimburgo
florence firenze florenz florencia florencja
frankfurt francfort francoforte
geneva geneve genf ginebra ginevra genewa zheneva
genoa genova genes genua
ghent gent gand gante
gothenburg goteborg goeteborg gotemburgo
graz gradec
hague haag haye
hamburg hambourg hamburgo amburgo
hanover hannover hanovre
havana habana avana havane habane
helsinki helsingfors
istanbul constantinople constantinopla estambul stambul konstantinopel costantinopoli stamboul
jakarta djakarta yakarta
jerusalem yerushalayim quds gerusalemme jeruzalem kudus
kaliningrad konigsberg koenigsberg krolewiec
kaunas kovno kowno
kiev kyiv kijow kyjiv kyyiv
klaipeda memel
krasnodar ekaterinodar
kyoto kioto
lausanne losanna lausana
leipzig lipsk lipsia
liege luttich luik luettich lieja
lille rijsel lilla
lisbon lisboa lissabon lisbonne lisbona lizbona lissabonin
ljubljana laibach lubiana lublana
london londres londra londyn lontoo londen
lucerne luzern lucerna
luxembourg luxemburg lussemburgo luksemburg luxemburgo letzebuerg
lviv lemberg lwow lvov leopoli leopolis
madras chennai
madrid madryt
mainz mayence magonza moguncja
marrakesh marrakech marruecos marraquexe
marseille marsiglia marsella marseilles marsylia
mecca makkah mekka meca mekke
medina madinah medine
mexico mexiko messico meksyk mexique
milan milano mailand
mombay mumbai bombay bombaim
moscow moskva moskau moscou moscu mosca moskwa moskou maskva moszkva
munich munchen muenchen mnichov monachium
mulhouse mulhausen muelhausen
naples napoli neapel napoles neapol
nice nizza nicea
nicosia lefkosia nikosia lefkosa levkosia
nuremberg nurnberg nuernberg norimberga norymberga
olomouc olmutz olmuetz
oslo christiania kristiania
padua padova padoue
paris parigi parijs parizh paryz pariz pariisi parys
pilsen plzen
plovdiv philippopolis filibe
poznan posen
prague praha prag praga
quebec kwebek
rangoon yangon rangun
regensburg ratisbon ratisbonne ratisbona
reims rheims
rhodes rodos rodi
rijeka fiume
rome roma rzym rim rooma
salzburg salisburgo salzbourg
salonica thessaloniki saloniki salonique selanik solun thessalonica salonicco
sarajevo serajewo
seville sevilla siviglia sewilla
shanghai schanghai szanghaj xangai
sibiu hermannstadt nagyszeben
singapore singapur singapour singapura
skopje uskub skoplje
smyrna izmir smyrne
sofia sofija sofya
stockholm estocolmo stoccolma sztokholm tukholma
strasbourg strassburg strasburgo strasburg estrasburgo estrasburg
stuttgart stoccarda
syracuse siracusa syrakus
szczecin stettin
tallinn reval
tangier tanger tanja tangeri
tartu dorpat
tbilisi tiflis
tehran teheran tahran
timisoara temesvar temeschwar
tirana tirane
tokyo tokio
trent trento trient
treviso trevise
trier treves treviri
trieste triest trst
tripoli tarabulus tripolis trablus
tunis tunez tunisi tunus
turin torino
venice venezia venedig venise venecia wenecja benatky velence
verona werona
vienna wien viena becs viden wieden wenen videnu
vilnius wilno vilna wilna vilne
warsaw warszawa warschau varsovie varsovia varsavia varshava varso
wroclaw breslau vratislavia breslavia vratislav
zagreb agram zagabria
zaragoza saragossa saragosse
zurich zuerich zurigo zuric zurych
germany deutschland allemagne alemania germania niemcy duitsland tyskland nemecko nemetorszag alemanha germaniya saksa almanya
france frankreich francia francja frankrijk frankrike frantsiya fransa
spain espana spanien espagne spagna hiszpania spanje espanha ispaniya ispanya
italy italia italien italie wlochy italija
austria osterreich oesterreich autriche oostenrijk rakousko ausztria avstriya avusturya
switzerland schweiz suisse svizzera suiza szwajcaria zwitserland svajc shveytsariya isvicre
netherlands nederland niederlande paysbas holland holanda hollande olanda holandia niderlandy
belgium belgie belgique belgien belgica belgio belgia
poland polska polen pologne polonia polsko lengyelorszag polsha polonya
czechia cesko tschechien tchequie chequia czechy czech
hungary magyarorszag ungarn hongrie hungria ungheria wegry hongarije vengriya macaristan
greece ellada hellas griechenland grece grecia griekenland gretsiya yunanistan
turkey turkiye turkei turquie turquia turchia turcja turkije turtsiya tuerkei
russia rossiya russland russie rusia rosja rusland rusya
ukraine ukraina ucrania ucraina
sweden sverige schweden suede suecia svezia szwecja zweden shvetsiya isvec
norway norge norwegen norvege noruega norvegia noorwegen norvegiya norvec
denmark danmark danemark dinamarca danimarca dania denemarken daniya danimarka
finland suomi finnland finlande finlandia finlyandiya finlandiya
ireland irland irlande irlanda eire ierland irlandiya
scotland schottland ecosse escocia scozia szkocja schotland
england angleterre inglaterra inghilterra angliya
wales cymru walia
egypt agypten egypte egipto egitto egipt egipet misir aegypten
morocco maroc marokko marocco maroko
algeria algerie algerien argelia algerije aljazair
tunisia tunisie tunesien
japan nihon nippon japon giappone japonia japonya yaponiya
china zhongguo cina chiny kitay cin
india bharat indien inde hindistan
brazil brasil brasilien bresil brasile brazylia braziliya
georgia sakartvelo georgien georgie gruziya gurcistan
armenia hayastan armenien armenie armeniya
croatia hrvatska kroatien croatie croacia croazia chorwacja
serbia srbija serbien serbie
slovenia slovenija slowenien slovenie eslovenia
slovakia slovensko slowakei slovaquie eslovaquia slowacja
romania rumanien roumanie rumania rumaenien
bulgaria bulgarien bulgarie balgariya
albania shqiperia albanien albanie
estonia eesti estland estonie
latvia latvija lettland lettonie letonia
lithuania lietuva litauen lituanie lituania litwa litva
bavaria bayern baviera baviere
saxony sachsen sajonia
tuscany toscana toskana toscane
lombardy lombardia lombardei
sicily sicilia sizilien sicile
sardinia sardegna sardinien sardaigne
brittany bretagne bretana
normandy normandie normandia
burgundy bourgogne burgund borgona
catalonia catalunya cataluna katalonien catalogne
andalusia andalucia andalusien
castile castilla kastilien
flanders vlaanderen flandern flandre flandes
silesia slask schlesien silesie
bohemia cechy bohmen boheme
moravia morava mahren
westphalia westfalen westfalia
rhineland rheinland rhenanie renania
tyrol tirol tirolo
carinthia karnten
styria steiermark
danube donau dunaj duna
rhine rhein rhin rijn
";

/// Names in Han characters whose Chinese reading, which transliteration gives, is not that of the language they belong to,
/// and common words of institutions in Chinese and Japanese, which are written without spaces. Of several that fit the longest counts.
pub(super) const HAN: &[(&str, &str)] = &[
    ("国家重点实验室", "state key laboratory"),
    ("一般社団法人", ""),
    ("公益社団法人", ""),
    ("一般財団法人", ""),
    ("公益財団法人", ""),
    ("独立行政法人", ""),
    ("国立大学法人", "national university"),
    ("学校法人", ""),
    ("医療法人", ""),
    ("株式会社", "kk"),
    ("有限公司", "co ltd"),
    ("股份", ""),
    ("附属病院", "university hospital"),
    ("附属医院", "affiliated hospital"),
    ("研究開発", "research and development"),
    ("研究センター", "research center"),
    ("研究所", "research institute"),
    ("研究院", "research institute"),
    ("研究会", "research society"),
    ("科学院", "academy of sciences"),
    ("科學院", "academy of sciences"),
    ("实验室", "laboratory"),
    ("實驗室", "laboratory"),
    ("大学院", "graduate school"),
    ("大学", "university"),
    ("大學", "university"),
    ("短期大学", "junior college"),
    ("专科学校", "college"),
    ("職業技術", "vocational and technical"),
    ("职业技术", "vocational and technical"),
    ("技术", "technology"),
    ("技術", "technology"),
    ("科技", "science and technology"),
    ("科学", "science"),
    ("科學", "science"),
    ("师范", "normal"),
    ("師範", "normal"),
    ("学院", "college"),
    ("學院", "college"),
    ("学校", "school"),
    ("学会", "society"),
    ("學會", "society"),
    ("协会", "association"),
    ("協会", "association"),
    ("協會", "association"),
    ("连合会", "federation"),
    ("連合会", "federation"),
    ("联合会", "federation"),
    ("医院", "hospital"),
    ("醫院", "hospital"),
    ("病院", "hospital"),
    ("医科", "medical"),
    ("医療", "medical"),
    ("医疗", "medical"),
    ("医学", "medicine"),
    ("工业", "industry"),
    ("工業", "industry"),
    ("产业", "industry"),
    ("産業", "industry"),
    ("农业", "agriculture"),
    ("農業", "agriculture"),
    ("財団", "foundation"),
    ("基金会", "foundation"),
    ("博物馆", "museum"),
    ("博物館", "museum"),
    ("美術館", "art museum"),
    ("图书馆", "library"),
    ("図書館", "library"),
    ("银行", "bank"),
    ("銀行", "bank"),
    ("公司", "company"),
    ("集团", "group"),
    ("集團", "group"),
    ("中心", "center"),
    ("センター", "center"),
    ("国际", "international"),
    ("国際", "international"),
    ("國際", "international"),
    ("国立", "national"),
    ("國立", "national"),
    ("国家", "national"),
    ("中央", "central"),
    ("中国", "china"),
    ("中國", "china"),
    ("日本", "japan"),
    ("北海道", "hokkaido"),
    ("東京", "tokyo"),
    ("京都", "kyoto"),
    ("大阪", "osaka"),
    ("名古屋", "nagoya"),
    ("横浜", "yokohama"),
    ("神戸", "kobe"),
    ("福岡", "fukuoka"),
    ("札幌", "sapporo"),
    ("広島", "hiroshima"),
    ("仙台", "sendai"),
    ("千葉", "chiba"),
    ("埼玉", "saitama"),
    ("新潟", "niigata"),
    ("静岡", "shizuoka"),
    ("岡山", "okayama"),
    ("熊本", "kumamoto"),
    ("鹿児島", "kagoshima"),
    ("長崎", "nagasaki"),
    ("長野", "nagano"),
    ("金沢", "kanazawa"),
    ("石川", "ishikawa"),
    ("富山", "toyama"),
    ("福井", "fukui"),
    ("岐阜", "gifu"),
    ("愛知", "aichi"),
    ("三重", "mie"),
    ("滋賀", "shiga"),
    ("奈良", "nara"),
    ("和歌山", "wakayama"),
    ("兵庫", "hyogo"),
    ("鳥取", "tottori"),
    ("島根", "shimane"),
    ("山口", "yamaguchi"),
    ("徳島", "tokushima"),
    ("香川", "kagawa"),
    ("愛媛", "ehime"),
    ("高知", "kochi"),
    ("佐賀", "saga"),
    ("大分", "oita"),
    ("宮崎", "miyazaki"),
    ("宮城", "miyagi"),
    ("沖縄", "okinawa"),
    ("青森", "aomori"),
    ("岩手", "iwate"),
    ("秋田", "akita"),
    ("山形", "yamagata"),
    ("福島", "fukushima"),
    ("茨城", "ibaraki"),
    ("栃木", "tochigi"),
    ("群馬", "gunma"),
    ("神奈川", "kanagawa"),
    ("山梨", "yamanashi"),
    ("筑波", "tsukuba"),
    ("早稲田", "waseda"),
    ("慶應義塾", "keio"),
    ("台湾", "taiwan"),
    ("臺灣", "taiwan"),
    ("香港", "hong kong"),
    ("澳门", "macau"),
    ("서울", "seoul"),
    ("대학교", "university"),
    ("대학", "college"),
    ("연구원", "research institute"),
    ("연구소", "research institute"),
    ("병원", "hospital"),
    ("한국", "korea"),
    ("협회", "association"),
    ("학회", "society"),
    ("주식회사", "co ltd"),
];
