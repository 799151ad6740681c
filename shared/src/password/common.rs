//! Passwords that are tried first. Lists of leaked passwords are mostly few words with
//! digits and signs around them and letters replaced by lookalikes; so the words stand
//! here, and the dressing is taken off before one is looked up.

/// Words at the heart of the most common passwords, in lower case, Latin and Hebrew.
const STEMS: &str = "\
    password passwort passw pass secret admin administrator root user login guest test tester testing \
    welcome letmein changeme default master access enter hello iloveyou ilove loveyou love lovely lover \
    princess sunshine monkey dragon football baseball basketball soccer hockey superman batman spiderman \
    ironman starwars pokemon naruto minecraft fortnite shadow michael jordan jennifer jessica ashley daniel \
    charlie thomas robert andrew joshua matthew anthony william nicole michelle amanda samantha hannah \
    buster pepper ginger cookie cheese chocolate banana orange apple summer winter spring autumn january \
    february march april june july august september october november december monday friday sunday freedom \
    whatever trustno ninja killer hunter ranger tigger tiger panther eagle falcon mustang ferrari porsche \
    mercedes corvette harley yamaha honda toyota computer internet samsung google facebook twitter instagram \
    linkedin microsoft windows android iphone yankees lakers cowboys steelers eagles liverpool chelsea \
    arsenal barcelona madrid realmadrid juventus maccabi hapoel beitar israel jerusalem telaviv haifa shalom \
    chaim moshe david yossi avraham yaakov sarah rachel tikva abba imma motek neshama kapara flower \
    butterfly angel angels heaven jesus christ blessed family mother father friend friends forever always \
    nothing something anything asdf asdfgh asdfghjk asdfghjkl asdfasdf zxcv zxcvbn zxcvbnm qwer qwert qwerty \
    qwertz qwertyu qwertyui qwertyuiop azerty azertyuiop qazwsx qazwsxedc qweasd qweasdzxc wsx qaz zaq \
    zaqxsw qwe qweqwe asd asdasd zxc abc abcd abcde abcdef abcabc aaa xxx fuckyou fuckoff asshole bitch sexy \
    hottie babygirl baby babe sweet sweetie honey peanut snoopy mickey minnie donald garfield scooby matrix \
    phoenix thunder lightning midnight diamond silver golden purple yellow green black white rainbow music \
    guitar player gamer slayer warrior wizard merlin gandalf cowboy rockstar london paris america canada \
    texas dallas chicago boston newyork berlin business company office manager support service server system \
    prosaas crm temp temporary demo sample example secure security private public money dollar success \
    winner number numbers nopassword mypassword yourpassword newpassword oldpassword mypass mynoob killme \
    biteme dontknow idontknow remember forget donttouch openup opensesame סיסמה סיסמא ישראל שלום אהבה אמא \
    אבא משפחה ירושלים";

/// Walks over the keyboard that hold digits inside.
const WALKS: &str = "\
    1q2w3e4r 1q2w3e4r5t 1q2w3e4r5t6y q1w2e3r4 q1w2e3r4t5 1qaz2wsx 1qaz2wsx3edc zaq12wsx 1qazxsw2 !qaz2wsx \
    a1b2c3d4 1a2b3c4d 123qweasd qwe123asd 123qwe123 1qazzaq1 r2d2c3po trustno1 ncc1701d 18atcskd2w \
    3rjs1la7qe 1g2w3e4r zag12wsx gfhjkm123 4815162342";

/// Most digits and signs around a word that make it no better: `password` and
/// `password1!` are the same, `password 4711-0815` is another.
const MAX_DRESSING: usize = 6;

/// Whether it is among the passwords that are tried first.
pub(super) fn is_common(password: &str) -> bool {
    let lower = password.to_lowercase();
    is_monotonous(&lower)
        || WALKS.split_whitespace().any(|walk| is_little_more_than(&lower, walk))
        || STEMS.split_whitespace().any(|stem| is_little_more_than(&lower, stem) || is_repeated(&lower, stem))
}

/// Whether `password` is `word` with at most a few digits and signs around it, letters
/// and their lookalikes being the same, with or without the signs in between.
pub(super) fn is_little_more_than(password: &str, word: &str) -> bool {
    let lower = |text: &str| text.to_lowercase().chars().collect::<Vec<_>>();
    let bare = |text: &[char]| text.iter().copied().filter(|c| c.is_alphanumeric()).collect::<Vec<_>>();
    let (password, word) = (lower(password), bare(&lower(word)));
    word.len() >= 3 && (is_dressed(&password, &word) || is_dressed(&bare(&password), &word))
}

fn is_dressed(password: &[char], word: &[char]) -> bool {
    if password.len() < word.len() || password.len() > word.len() + MAX_DRESSING {
        return false;
    }
    password.windows(word.len()).enumerate().any(|(at, window)| {
        let same = window.iter().zip(word).all(|(a, b)| looks_like(*a) == looks_like(*b));
        let around = || password.iter().take(at).chain(password.iter().skip(at + word.len()));
        same && around().all(|c| !c.is_alphabetic())
    })
}

/// The letter that a digit or sign stands for.
fn looks_like(c: char) -> char {
    match c {
        '0' => 'o',
        '1' | '!' => 'i',
        '3' => 'e',
        '4' | '@' => 'a',
        '5' | '$' => 's',
        '7' => 't',
        '8' => 'b',
        other => other,
    }
}

/// `lovelove`, `abcabcabc`.
fn is_repeated(password: &str, stem: &str) -> bool {
    let count = password.matches(stem).count();
    count > 1 && count * stem.len() == password.len()
}

/// One or two characters over and over, or a row of neighbours: `aaaaaaaa`,
/// `12121212`, `12345678`, `hgfedcba`.
fn is_monotonous(password: &str) -> bool {
    let chars: Vec<char> = password.chars().collect();
    let mut distinct = chars.clone();
    distinct.sort_unstable();
    distinct.dedup();
    let steps = || {
        chars.windows(2).filter_map(|pair| match pair {
            [a, b] => Some(i64::from(u32::from(*b)) - i64::from(u32::from(*a))),
            _ => None,
        })
    };
    // 9 to 0 goes on, as on the keyboard.
    let row = |step: i64| steps().all(|s| s == step || s == -9 * step);
    distinct.len() <= 2 || row(1) || row(-1)
}
