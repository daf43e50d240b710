//! Given names and their short forms: `Bill` and `William` may be one person.
//!
//! Written from general knowledge of English, Spanish, German, French, Italian, Portuguese, Slavic and Nordic naming
//! customs. A line is a family of forms; a form may stand on several lines (`Alex`, `Chris`, `Jo`), so the relation is
//! not transitive.

use std::sync::LazyLock;

use crate::resolve::fast_map::Map;

const FAMILIES: &str = "
aaron ron ronnie
abigail abby abbie gail
abraham abe bram avraham ibrahim
adam ad
adelaide addie heidi
adrian ade
agnes aggie nessa
albert al bert bertie alberto
alejandro alex ale jandro
alexander alex al alec sandy xander zander lex sasha alexandre aleksandr alexandr alejandro alessandro sandro alistair
alexandra alex sandra sandy lexi sasha alexa
alfred al alf fred alfie alfredo
alice ali allie alicia
allan alan allen al
alonzo lonnie al lon
amanda mandy
andrew andy drew andre andrei andrey andreas andres anders andrea
angela angie
ann anne anna annie nan nancy ana hannah
anthony tony ant antonio anton antoine antony antwan
archibald archie
arnold arnie
arthur art artie arturo
augustus gus augie august augustin agustin
barbara barb babs barbie
bartholomew bart
beatrice bea trixie
benedict ben benny
benjamin ben benny benji benjie
bernard bernie barney bernd bernardo
bethany beth
bradford brad
bradley brad
brandon bran
brenda bren
calvin cal
cameron cam
camille cami
carlos carl charlie karl
caroline carol carrie caro carolyn
carol carole
casey case
cassandra cass cassie sandra
catherine cathy kate katie kathy cate kitty kat katherine kathryn catharine katharine caterina catalina kathleen
cecilia cece celia
charles charlie chuck chas chip carlos carl karl carlo
charlotte lottie char charlie
chauncey chance
chester chet
christian chris cris
christina chris chrissy tina christine kristina
christopher chris topher kit kris cristopher christoph christophe cristobal
clarence clare
clayton clay
clifford cliff
clifton cliff
clinton clint
constance connie
cornelius neil corey con
curtis curt kurt
cynthia cindy
cyrus cy
daniel dan danny dani daniele
danielle dani
darnell darn
darrell darryl daryl
david dave davey davy davi davide davis
deborah deb debbie debra
dennis denny denis
desmond des dez
dewayne dwayne duane dewayne
diana di
dominic dom nick dominique domenic domenico domingo
donald don donnie donny
donovan don van
dorothy dot dottie dolly
douglas doug
duncan dunc
dustin dusty
dwight ike
earl earle
ebenezer eb
edgar ed eddie
edmund ed eddie ned ted edmond
edward ed eddie ned ted teddy eduardo edouard eduard
edwin ed eddie win
eleanor ellie nell nora ella
elijah eli lige
elizabeth liz beth betty eliza lizzie betsy libby lisa elsie elisabeth liza isabel bess
ellen nell ellie
elliott eli
emanuel manny manuel emmanuel
emily em emmy
emma em
enrique henry kike
eric rick erik erich
ernest ernie ernesto ernst
eugene gene eugen
evan van
ezekiel zeke
ezra ez
felix fe
fernando nando fern
florence flo flossie
frances fran fannie francie francesca
francis frank fran francisco francois franz francesco paco pancho
francisco paco pancho cisco frank kiko
franklin frank
frederick fred freddie freddy rick frederic fritz friedrich federico fredrick
gabriel gabe gabriele
gabriella gabby gabi
garrett gary
geoffrey jeff geoff
george georgie jorge georg giorgio georges georgi yuri
gerald gerry jerry gerard
gerard gerry jerry
gilbert gil bert
giovanni gio vanni gianni
giuseppe beppe peppe
gordon gordie
grace gracie
graham gray
gregory greg gregg grigory
guillermo memo william
gwendolyn gwen
hans johannes
harold harry hal
harrison harry
harvey harv
heather heath
helen nell lena helena elena
henry hank harry hal henri heinrich enrique henrik
herbert herb bert
herman herm
horace harry
howard howie
hubert hugh bert
hugh hughie
ian iain
ignacio nacho
immanuel manny
irving irv
isaac ike izzy zac
isabella bella izzy isabel
isaiah zay ike izzy
israel izzy
ivan vanya john
jacob jake jacoby jakob coby jacques
jacqueline jackie
jamal mal
james jim jimmy jamie jem jaime jay diego santiago
janet jan
jared jerry
jason jay jase
jasper jas
javier javi
jean jeannie
jeffrey jeff jeffery geoff geoffrey
jennifer jen jenny
jeremiah jerry jeremy jem
jeremy jerry jem
jerome jerry rome
jessica jess jessie
jesse jess
jesus chuy
joan joanie
joanna jo joanne
joaquin quin
joel joey
johannes hans jan johann
john johnny jack jon johnnie juan jean johann giovanni ivan jan ian sean
jonathan jon jonny nathan john johnathan jonathon johnathon
jordan jordy
jose pepe joe joseph
joseph joe joey jo jose josef giuseppe yusuf jozef
josephine jo josie
joshua josh
josiah jo joe si
juan johnny
judith judy jude
julian jules
julia julie jules
julius jules
justin jus
karen kari
katherine kate katie kathy kat kitty kay kit katya
keith keeth
kelvin kel
kenneth ken kenny
kevin kev
kimberly kim
konstantin kostya
kristopher kris
kristin kris
lamar mar
larry lawrence laurence
laura laurie
lauren laurie
lavon von
lawrence larry laurie lawrie laurence lars lorenzo
leonard leo len lenny leon leonardo
leonardo leo
leopold leo
leroy roy lee
leslie les lee
lester les
levi lee
lillian lily lil
lincoln linc
linda lindy
louis lou louie luis lewis luigi ludwig
louise lou
lucas luke luc lukas
lucille lucy
luther lu
madeline maddie
malachi mal
malcolm mal
manuel manny manolo
marcus marc mark marco marques
margaret maggie meg peggy marge margie greta rita margarita
maria mary mia
marion mary
mark marc marcus marco
marshall marsh
martha marty
martin marty martino
marvin marv
mary molly polly mamie marie maria
matthew matt matty mat mathew matthias mateo matteo mathieu matias
maurice mo maury moritz
maximilian max
maxwell max
melanie mel
melissa mel missy
melvin mel
meredith mer
michael mike mick mickey mikey mitch micheal miguel michel michele mikhail mikael misha
michelle shelly mickey
mikhail misha michael
miguel mike
miles myles
mildred millie
mitchell mitch
mohammed mo mohamed muhammad mohammad muhammed mohamad mehmet
mordecai mordy
morris mo morrie
moses mo moe
nancy nan
natalie nat
natasha tasha natalia
nathan nate nat
nathaniel nate nat nathan nathanael
nehemiah nemo
nelson nels
nicholas nick nicky nico nicolas nikolai nikolas nicola klaus claus nikolay
nicole nikki nicky
nikolai kolya
norman norm
octavius tavius
oliver ollie
oscar ozzie
oswald oz ozzie
otis ote
pamela pam
patricia pat patty tricia trish
patrick pat paddy rick patrik
paul pauly pablo paolo pavel
pedro peter
penelope penny
percival percy
perry pere
peter pete petr piotr pedro pietro pierre pyotr petros
philip phil phillip pip felipe philippe filip
phillip phil
phyllis phyl
preston pres
quentin quint
quincy quin
rachel rae
ralph rafe
ramon ray
randall randy
randolph randy
raphael rafe rafael rafa
raymond ray raymundo
rebecca becky becca
reginald reggie reg rex
reuben rube ruben
rhonda ronnie
ricardo rick ricky richard rico
richard rick dick rich richie ricky ritchie ricardo riccardo
robert bob bobby rob robbie bert robby roberto rupert
roberta bobbie
roberto beto
roderick rod rick roddy rodrick
rodney rod
roger rog rodge
roland rollie rolly
ronald ron ronnie ronny
rosemary rose rosie
roy leroy
rudolph rudy rudolf
russell russ rusty
ruth ruthie
salvador sal chava
salvatore sal sam
samantha sam
samson sam
samuel sam sammy sami
sandra sandy
sarah sally sadie sara
scott scotty
sebastian seb bastian
sergei serge sergio sergey serhiy
seth set
seymour sy
shannon shan
shawn sean shaun
sheldon shel
sidney sid sydney
simon si
solomon sol
spencer spence
stanley stan
stephanie steph
stephen steve stevie steph steven stefan esteban stefano etienne stephan stephon
steven steve stevie stephen
stewart stu
stuart stu
susan sue susie suzy susanna suzanne
sylvester sly
tamara tammy
terence terry terrence terrance
terrell terry
teresa terry tess theresa
thaddeus thad ted tad
theodore ted teddy theo
theresa terry tess tessa
thomas tom tommy tomas thom tomasso
tiffany tiff
timothy tim timmy timo
tobias toby
tracy trace
travis trav
trevor trev
tristan tris
tyler ty
tyrone ty
tyrell ty
tyree ty
ulysses uly
valentin val
valerie val
vanessa nessa
vernon vern
veronica ronnie roni
victor vic vik viktor vittorio
victoria vicky tori vicki
vincent vince vinny vincenzo vicente
virginia ginny
vladimir vlad volodymyr vova
wallace wally
walter walt wally walther
warren ren
wendell dell
wesley wes
wilbur will
wilfred will fred
willard will
william bill billy will willie liam willy wilhelm guillermo guillaume guglielmo
willis will
wilson will
winifred winnie
winston win
woodrow woody
xavier xavi zay
yevgeny eugene evgeny zhenya
zachariah zach zack
zachary zach zack zac zak zachery zackary
zebulon zeb
zechariah zach
";

static TABLE: LazyLock<Map<&'static str, Vec<u16>>> = LazyLock::new(|| {
    let mut table: Map<&'static str, Vec<u16>> = Map::default();
    for (number, line) in (0u16..).zip(FAMILIES.lines()) {
        for form in line.split_whitespace() {
            table.entry(form).or_default().push(number);
        }
    }
    table
});

/// Returns the families a given name belongs to; empty for a name of none.
pub(crate) fn families(name: &str) -> &'static [u16] {
    if name.len() > 14 { &[] } else { TABLE.get(name).map_or(&[], Vec::as_slice) }
}

/// Returns whether two given names may be forms of one.
pub(crate) fn related(a: &str, b: &str) -> bool {
    let (a, b) = (families(a), families(b));
    a.iter().any(|family| b.contains(family))
}

#[cfg(test)]
mod tests {
    use super::related;

    #[test]
    fn short_forms_meet_their_names() {
        for (a, b) in [("bill", "william"), ("bobby", "robert"), ("mike", "michael"), ("chuck", "charles")] {
            assert!(related(a, b), "{a} {b}");
        }
        assert!(!related("bill", "robert"));
        assert!(!related("mahomes", "kelce"));
    }
}
