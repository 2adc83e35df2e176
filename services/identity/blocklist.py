"""Passwords that are long and still the first to be guessed: well-known words, names, walks over the keyboard, repetitions.

A list of leaked passwords would hold few of fifteen characters, and those few are made of such parts. So the parts are taken
away and what remains must still be worth guessing. Works offline and cannot fail open.
"""

import re
import unicodedata

WORTH_CHARACTERS = 8
WORTH_DISTINCT = 5
SHORTEST_WORD = 3
SHORTEST_WALK = 4

_WORDS = frozenset(
    word
    for line in """
    password passwort passord lösenord losenord salasana adgangskode adgangskoden kodeord kodord passwd passphrase tunnussana
    secret hemmelig hemmelighet hemlig hemlighet salainen salaisuus private privat admin administrator administrasjon root login logon
    innlogging inloggning kirjaudu user bruker användare anvandare käyttäjä kayttaja bruger guest gjest gäst vieras test testing tester
    welcome velkommen välkommen valkommen tervetuloa hello hallo hei hej moi letmein letme changeme change endre muuta open access
    iloveyou love elsker älskar alskar rakastan jeg jag mina min sinua deg dig forever always alltid ikuisesti aina
    qwerty azerty kontor kundeportal portal regnskap regnskab bokföring bokforing bokföringsbyrå kirjanpito tilitoimisto accounting
    accountant revisor lønn lönn loen lon palkka payroll firma yritys bedrift foretag företag virksomhed company faktura invoice
    sommer sommar kesä kesa summer vinter talvi winter vår vaar våren forår kevät kevat spring høst host höst syksy autumn efterår
    january february march april june july august september october november december januar februar mars mai juni juli oktober desember
    januari februari augusti tammikuu helmikuu maaliskuu huhtikuu toukokuu kesäkuu heinäkuu elokuu syyskuu lokakuu marraskuu joulukuu
    monday tuesday wednesday thursday friday saturday sunday mandag tirsdag onsdag torsdag fredag lørdag søndag måndag tisdag lördag
    söndag maanantai tiistai keskiviikko torstai perjantai lauantai sunnuntai
    norway norge norsk sweden sverige svensk finland suomi suomalainen denmark danmark dansk oslo bergen trondheim stockholm göteborg
    goteborg malmö malmo helsinki helsingfors tampere turku copenhagen københavn kobenhavn aarhus nordic norden
    football fotball fotboll jalkapallo fodbold soccer hockey baseball basketball liverpool arsenal chelsea manchester united barcelona
    real madrid superman batman spiderman pokemon starwars minecraft dragon monkey tiger eagle falcon shadow master hunter killer ninja
    princess prinsesse prinsessa sunshine solskinn flower blomst kukka angel engel enkeli baby babygirl freedom computer internet
    facebook google microsoft samsung apple iphone trustno this that your the and not abc xyz new old best good
    correcthorsebatterystaple correct horse battery staple thequickbrownfoxjumpsoverthelazydog quick brown fox jumps over lazy dog
    maytheforcebewithyou may force with you tobeornottobethatisthequestion loremipsumdolorsitamet lorem ipsum dolor sit amet
    """.splitlines()
    for word in line.split()
)
_WALKS = frozenset(
    walk[start:end]
    for line in (
        "01234567890123456789", "13579", "24680", "147258369", "159753", "abcdefghijklmnopqrstuvwxyzæøå",
        "qwertyuiopåqwertyuiop", "asdfghjkløæ", "asdfghjklöä", "zxcvbnm",
        "1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik9ol0p", "qazwsxedcrfvtgbyhnujmikolp", "zaq12wsxcde34rfvbgt56yhn",
        "1q2w3e4r5t6y7u8i9o0p", "qawsedrftgyhujikolp", "azsxdcfvgbhnjm",
    )
    for walk in (line, line[::-1])
    for start in range(len(walk))
    for end in range(start + SHORTEST_WALK, len(walk) + 1)
)  # fmt: skip
_LONGEST_WALK = max(map(len, _WALKS))
_LOOKALIKES = str.maketrans("013457@$!|", "oieastasil")
_YEAR = re.compile(r"(19|20)\d\d")
_REPEATED_CHARACTER = re.compile(r"(.)\1+")
_REPEATED_UNIT = re.compile(r"(.{1,64}?)\1+")
_SEPARATORS = re.compile(r"[\s\-_.]+")


def is_guessable(password: str, known_words: list[str]) -> bool:
    """Whether too little remains of it beside what a guesser tries first."""
    return any(map(_worthless, _readings(password, known_words)))


def worth(password: str, known_words: list[str]) -> int:
    """How many of its characters nobody foresees."""
    return min(map(len, _readings(password, known_words)))


def _readings(password: str, known_words: list[str]) -> list[str]:
    """What is left of it as it is written, and with digits read as the letters they look like."""
    text = unicodedata.normalize("NFKC", password).casefold()
    words = _WORDS | {part for word in known_words for part in _parts(word)}
    return [_remains(reading, words) for reading in (text, text.translate(_LOOKALIKES))]


def _worthless(remains: str) -> bool:
    return len(remains) < WORTH_CHARACTERS or len(set(remains)) < WORTH_DISTINCT


def _remains(text: str, words: set[str] | frozenset[str]) -> str:
    """What is left when everything predictable is taken away."""
    for word in sorted(words, key=len, reverse=True):
        text = text.replace(word, " ") if word in text else text
    text = _YEAR.sub(" ", text)
    text = _SEPARATORS.sub("", _without_walks(_REPEATED_CHARACTER.sub(r"\1", text)))
    return _REPEATED_UNIT.sub(r"\1", text)


def _without_walks(text: str) -> str:
    kept, at = [], 0
    while at < len(text):
        length = next((size for size in range(_LONGEST_WALK, SHORTEST_WALK - 1, -1) if text[at : at + size] in _WALKS), 0)
        kept.append("" if length else text[at])
        at += length or 1
    return "".join(kept)


def _parts(words: str) -> list[str]:
    """An address or name, whole and in its parts."""
    text = unicodedata.normalize("NFKC", words).casefold()
    return [part for part in {text, *re.split(r"[\s@._+\-]+", text)} if len(part) >= SHORTEST_WORD]
