"""Data types of SCORM 2004 (RTE 4.1.1) by example."""

from __future__ import annotations

from tests.vectors.describe import Type, one_of

MARKUP = "<p class=\"a\">&amp; &#32; 'x' \\ / % +</p>"
SCRIPTS = ("Selamat datang", "欢迎使用  Unicode", "Добро пожаловать", "Unicodeへようこそ", "مرحبا", "🙂 smile")


def text(spm: int) -> Type:
    return Type(
        good=("", " ", "z", "x" * (spm - 1), "y" * spm, MARKUP, "a\nb\r\tc", "a[,]b[.]c[:]d", "{}{[]}", *SCRIPTS)
    )


LANGUAGES = (
    "en",
    "EN",
    "id",
    "id-ID",
    "en-US",
    "eng",
    "ger",
    "deu",
    "zh-Hans-CN",
    "zh-xiang",
    "de-CH-1996",
    "x-private",
    "i-klingon",
    "jv",
    "ban",
    "qaa",
    "iw",
)
NO_LANGUAGES = (
    "e",
    "engl",
    "frl",
    "exg",
    "sp",
    "ruq-JM",
    "en_US",
    "en-",
    "-en",
    "en--US",
    "x",
    "i",
    "12",
    "en us",
    "en-toolongsubtag",
)


def localized(spm: int) -> Type:
    plain = text(spm)
    return Type(
        good=(
            *plain.good,
            *(f"{{lang={tag}}}text" for tag in LANGUAGES),
            "{lang=en}",
            "{lang=en}" + "x" * spm,
            "{lang=en",
            "x{lang=frl}",
        ),
        wrong=("{lang=}", "{lang=}text", *(f"{{lang={tag}}}text" for tag in NO_LANGUAGES)),
    )


def identifier(spm: int) -> Type:
    return Type(
        good=(
            "a",
            "1",
            "INT-1_a.b",
            "urn:adl:lms:OBJ01",
            "URN:a:b",
            "http://example.org/a/b?c=d&e=f#g",
            "a%20b",
            "a'b(c)!*~;:@=+$,",
            "objé",
            "x" * spm,
        ),
        wrong=(
            "",
            " ",
            "a b",
            " a",
            "a ",
            "urn:",
            "urn:adl",
            "urn:adl:",
            "urn:adl:a b",
            "a\tb",
            "a\nb",
            "{}",
            "{}{[]}{}",
            "<a>",
            'a"b',
            "a%2",
            "a%zz",
            "a|b",
            "a^b",
            "a`b",
            "a\\b",
        ),
    )


NUMBERS = ("0", "1", "-1", "0.5", "-0.5", "+0.25", "1.0", "0.0000001", "-0.9999999", "00.50")
NO_NUMBERS = (
    "",
    " ",
    "invalid",
    "1,0",
    "1 ",
    " 1",
    "0x1",
    "1.2.3",
    "--1",
    "+-1",
    "1-",
    "NaN",
    "Infinity",
    "-Infinity",
    "1/2",
    "one",
    "1%",
    ".",
    "-",
    "+",
)
FAR_NUMBERS = ("7", "-7", "100", "34000.25", "-3500.043", "7.000099999887765544")
REAL = Type(good=NUMBERS + FAR_NUMBERS, wrong=NO_NUMBERS)
ZERO_TO_ONE = Type(
    good=("0", "0.0", "0.5", "1", "1.0", "0.9999999"),
    wrong=NO_NUMBERS,
    outside=("-0.1", "-1", "-100.0", "1.0000999", "1.000099999887765544", "2", "50"),
)
MINUS_ONE_TO_ONE = Type(
    good=("-1", "-1.0", "-0.5", "0", "0.25", "1", "1.0"),
    wrong=NO_NUMBERS,
    outside=("-1.01", "-2.0", "-101.0", "1.00009999", "1.9", "100"),
)
ZERO_UP = Type(
    good=("0", "0.0", "0.5", "1", "50", "100.0", "50.000099999887765544"),
    wrong=NO_NUMBERS,
    outside=("-0.1", "-1.0", "-100.0"),
)

INTERVAL = Type(
    good=(
        "P1Y",
        "P6M",
        "P14D",
        "PT4H",
        "PT15M",
        "PT6S",
        "PT6.3S",
        "PT6.34S",
        "P1Y6M14DT4H15M6.34S",
        "P6M14DT4H6.34S",
        "P1YT15M6S",
        "P1Y6M14D",
        "P01Y06M014DT04H015M06.34S",
        "PT0S",
        "PT0H0M0S",
        "P0Y029DT0H",
        "PT100H",
        "PT3600S",
    ),
    wrong=(
        "",
        " ",
        "P",
        "PT",
        "P1YT",
        "1Y6M14DT4H15M6.34S",
        "P1Y6M14D4H15M6.34S",
        "P1Y6M14DT",
        "P1M1Y",
        "PT1S1M",
        "PT1M1H",
        "P1W",
        "P-1Y",
        "-P1Y",
        "P1.5Y",
        "PT1.5H",
        "PT.5S",
        "PT1.S",
        "pt1s",
        "PT1s",
        "PT 1S",
        "00:01:00",
        "60",
        "PT1,5S",
        "invalid",
    ),
)
MOMENT = Type(
    good=(
        "2004",
        "2004-04",
        "2004-04-01",
        "2004-04-01T15",
        "2004-04-01T09:45",
        "2004-04-01T09:45:58",
        "2004-04-01T09:45:58.2",
        "2004-04-01T09:45:58.55",
        "2004-04-01T09:45:58.55Z",
        "2004-04-01T09:45:58.55+02",
        "2004-04-01T09:45:58.55-03:30",
        "2004-04-01T09:45:58.5+23:59",
        "1970",
        "2038",
        "2004-02-29",
        "2004-12-31T23:59:59",
        "2004-06-30T00:00:00.0",
    ),
    wrong=(
        "",
        "4",
        "04",
        "004",
        "22004",
        "2004-",
        "2004-4",
        "2004-004",
        "2004-04-",
        "2004-04-1",
        "2004-04-01T",
        "2004-04-01T9",
        "2004-04-01T015",
        "2004-04-01T15Z",
        "2004-04-01T15+03",
        "2004-04-01T09:4",
        "2004-04-01T09:45Z",
        "2004-04-01T09:45:8",
        "2004-04-01T09:45:58.",
        "2004-04-01T09:45:58.025",
        "2004-04-01T09:45:58Z",
        "2004-04-01T09:45:58+02:30",
        "2004-04-01T09:45:58.55+2",
        "2004-04-01T09:45:58.55+02:3",
        "2004-04-01T09:45:58.55+02:",
        "2004-04-01T09:45:58.55Z+02:30",
        "1969",
        "2039",
        "2004-00",
        "2004-13",
        "2004-03-00",
        "2004-03-32",
        "2004-02-30",
        "2003-02-29",
        "2004-04-31",
        "2004-06-30T24",
        "2004-06-30T14:60",
        "2004-06-30T14:00:60",
        "2004-06-30T14:00:00.10+24",
        "2004-06-30T14:00:00.10-05:60",
        "2004-04-01 09:45:58",
        "2004/04/01",
        "20040401",
        "now",
    ),
)


LANGUAGE = Type(good=("", *LANGUAGES), wrong=NO_LANGUAGES)
COMPLETION = one_of("completed", "incomplete", "not attempted", "unknown", also_wrong=("passed", "browsed"))
SUCCESS = one_of("passed", "failed", "unknown", also_wrong=("completed",))
RESULT_WORDS = one_of("correct", "incorrect", "unanticipated", "neutral", also_wrong=("wrong",))
RESULT = Type(good=RESULT_WORDS.good + NUMBERS + FAR_NUMBERS, wrong=(*RESULT_WORDS.wrong, "34,000.00"))
NAVIGATION_WORDS = one_of("continue", "previous", "exit", "exitAll", "abandon", "abandonAll", "suspendAll", "_none_")
NAVIGATION = Type(
    good=(*NAVIGATION_WORDS.good, "{target=item-1}choice", "{target=item_1.2}jump", "{target=a b}choice"),
    wrong=(
        *NAVIGATION_WORDS.wrong,
        "choice",
        "jump",
        "{target=}choice",
        "{target=x}continue",
        "target=xchoice",
        "{target=x}",
        "{target=x}choice ",
        "{x}jump",
        "start",
    ),
)
TRISTATE = one_of("true", "false", "unknown")
