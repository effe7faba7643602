"""Numbers, amounts, dates and spans of time, against what ICU 78 (CLDR 48) writes."""

from __future__ import annotations

import datetime
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccl import locales, types, words
from ccl.locales import LOCALES, locale
from ccl.readings import Voice, said

NBSP, NARROW = "\u00a0", "\u202f"
DAY = (datetime.date(2026, 11, 5) - datetime.date(1970, 1, 1)).days

# Language, -1234567.5, 1234, 12345, 12.5 %, 5 November 2026, (1, 2, 5) days, months, years, hours; a list of three.
# The output of Intl.NumberFormat, DateTimeFormat (dateStyle long) and ListFormat of node 22 with ICU 78.
ICU = f"""
en    | -1,234,567.5 | 1,234 | 12,345 | 12.5% | November 5, 2026 | 1 day, 2 days, 5 days | 1 month, 2 months, 5 months | 1 year, 2 years, 5 years | 1 hour, 2 hours, 5 hours | a, b, and c
en-GB | -1,234,567.5 | 1,234 | 12,345 | 12.5% | 5 November 2026 | 1 day, 2 days, 5 days | 1 month, 2 months, 5 months | 1 year, 2 years, 5 years | 1 hour, 2 hours, 5 hours | a, b and c
es    | -1.234.567,5 | 1234 | 12.345 | 12,5{NBSP}% | 5 de noviembre de 2026 | 1 día, 2 días, 5 días | 1 mes, 2 meses, 5 meses | 1 año, 2 años, 5 años | 1 hora, 2 horas, 5 horas | a, b y c
fr    | -1{NARROW}234{NARROW}567,5 | 1{NARROW}234 | 12{NARROW}345 | 12,5{NBSP}% | 5 novembre 2026 | 1 jour, 2 jours, 5 jours | 1 mois, 2 mois, 5 mois | 1 an, 2 ans, 5 ans | 1 heure, 2 heures, 5 heures | a, b et c
de    | -1.234.567,5 | 1.234 | 12.345 | 12,5{NBSP}% | 5. November 2026 | 1 Tag, 2 Tage, 5 Tage | 1 Monat, 2 Monate, 5 Monate | 1 Jahr, 2 Jahre, 5 Jahre | 1 Stunde, 2 Stunden, 5 Stunden | a, b und c
pt    | -1.234.567,5 | 1.234 | 12.345 | 12,5% | 5 de novembro de 2026 | 1 dia, 2 dias, 5 dias | 1 mês, 2 meses, 5 meses | 1 ano, 2 anos, 5 anos | 1 hora, 2 horas, 5 horas | a, b e c
pt-PT | -1{NBSP}234{NBSP}567,5 | 1234 | 12{NBSP}345 | 12,5% | 5 de novembro de 2026 | 1 dia, 2 dias, 5 dias | 1 mês, 2 meses, 5 meses | 1 ano, 2 anos, 5 anos | 1 hora, 2 horas, 5 horas | a, b e c
ca    | -1.234.567,5 | 1.234 | 12.345 | 12,5{NBSP}% | 5 de novembre del 2026 | 1 dia, 2 dies, 5 dies | 1 mes, 2 mesos, 5 mesos | 1 any, 2 anys, 5 anys | 1 hora, 2 hores, 5 hores | a, b i c
it    | -1.234.567,5 | 1234 | 12.345 | 12,5% | 5 novembre 2026 | 1 giorno, 2 giorni, 5 giorni | 1 mese, 2 mesi, 5 mesi | 1 anno, 2 anni, 5 anni | 1 ora, 2 ore, 5 ore | a, b e c
eu    | −1.234.567,5 | 1.234 | 12.345 | %{NBSP}12,5 | 2026(e)ko azaroaren 5(a) | 1 egun, 2 egun, 5 egun | 1 hilabete, 2 hilabete, 5 hilabete | 1 urte, 2 urte, 5 urte | 1 ordu, 2 ordu, 5 ordu | a, b eta c
gl    | -1.234.567,5 | 1.234 | 12.345 | 12,5{NBSP}% | 5 de novembro de 2026 | 1 día, 2 días, 5 días | 1 mes, 2 meses, 5 meses | 1 ano, 2 anos, 5 anos | 1 hora, 2 horas, 5 horas | a, b e c
ru    | -1{NBSP}234{NBSP}567,5 | 1{NBSP}234 | 12{NBSP}345 | 12,5{NBSP}% | 5 ноября 2026{NBSP}г. | 1 день, 2 дня, 5 дней | 1 месяц, 2 месяца, 5 месяцев | 1 год, 2 года, 5 лет | 1 час, 2 часа, 5 часов | a, b и c
ar    | \u200e-1,234,567.5 | 1,234 | 12,345 | 12.5\u200e%\u200e | 5 نوفمبر 2026 | يوم, يومان, 5 أيام | شهر, شهران, 5 أشهر | سنة, سنتان, 5 سنوات | ساعة, ساعتان, 5 ساعات | a وb وc
"""  # noqa: E501 - a table, one language a line


@pytest.mark.parametrize("row", [line for line in ICU.splitlines() if line], ids=lambda row: row.split()[0])
def test_as_icu_writes_it(row: str) -> None:
    tag, minus, thousand, ten, part, day, days, months, years, hours, listed = (
        cell.strip(" ") for cell in row.split("|")
    )
    found = locale(tag)
    assert found.tag == tag
    assert words.number(found, -12_345_675, 1) == minus
    assert words.number(found, 1234) == thousand
    assert words.number(found, 12_345) == ten
    assert words.percent(found, Fraction(1, 8)) == part
    assert words.date(found, DAY) == day.replace(NBSP, " ")
    for unit, expected in (("days", days), ("months", months), ("years", years), ("hours", hours)):
        assert ", ".join(words.span(found, unit, n) for n in (1, 2, 5)) == expected.replace(NBSP, " ")
    assert words.joined(found, ["a", "b", "c"]) == listed


# Which of 0 to 300 take each form, as Intl.PluralRules of ICU 78 has them: their number, and their sum.
PLURALS = """
en one 1 1, other 300 45149
es one 1 1, other 300 45149
fr one 2 1, other 299 45149
de one 1 1, other 300 45149
pt one 2 1, other 299 45149
pt-PT one 1 1, other 300 45149
ca one 1 1, other 300 45149
it one 1 1, other 300 45149
eu one 1 1, other 300 45149
gl one 1 1, other 300 45149
ru few 81 12303, many 193 28800, one 27 4047
ar few 24 2556, many 267 41385, one 1 1, other 7 1206, two 1 2, zero 1 0
"""


@pytest.mark.parametrize("row", [line for line in PLURALS.splitlines() if line], ids=lambda row: row.split()[0])
def test_plural_forms_as_icu_has_them(row: str) -> None:
    tag, _, expected = row.partition(" ")
    taken: dict[str, list[int]] = {}
    for n in range(301):
        taken.setdefault(locale(tag).plural(n), []).append(n)
    assert ", ".join(f"{form} {len(n)} {sum(n)}" for form, n in sorted(taken.items())) == expected
    assert set(taken) <= set(locale(tag).categories)


@pytest.mark.parametrize("tag", ["es", "fr", "pt", "pt-PT", "ca", "it"])
def test_whole_millions_have_a_form_that_may_be_left_out(tag: str) -> None:
    found = locale(tag)
    assert found.plural(2_000_000) == "many"
    assert found.plural(2_000_001) == "other"
    assert found.rare == ("many",)
    assert words.plural(found, 2_000_000, {"one": "# x", "other": "# xs"}).endswith(" xs")


@pytest.mark.parametrize("tag", sorted(LOCALES))
def test_every_language_has_all_that_is_said(tag: str) -> None:
    found = LOCALES[tag]
    assert len(found.months) == 12
    units = {"days", "months", "years", "hours", "minutes", "seconds", "clear days", "working days"}
    assert set(found.spans) == units
    for forms in found.spans.values():
        assert set(found.categories) <= set(forms)
        assert set(forms) <= {*found.categories, *found.rare}
    for n in range(3):
        assert str(n) in words.span(found, "days", n) or tag == "ar"


@pytest.mark.parametrize(
    ("tag", "meant"),
    [
        ("es", "es"), ("es_ES", "es"), ("es-MX", "es-419"), ("ES-mx", "es-419"), ("pt-BR", "pt"), ("pt_pt", "pt-PT"),
        ("en-US", "en"), ("en-IE", "en-GB"), ("de-AT", "de"), ("", "en"), ("xx", "en"), ("zh-Hant", "en"),
    ],
)  # fmt: skip
def test_tags(tag: str, meant: str) -> None:
    assert locale(tag).tag == meant


def test_which_languages_are_known() -> None:
    assert [tag for tag in ("es", "es-MX", "EU", "xx", "") if locales.known(tag)] == ["es", "es-MX", "EU"]


def test_money() -> None:
    en, fr = locale("en"), locale("fr")
    assert words.money(en, 620, 2, "CREDIT") == "6.20 CREDIT"
    assert words.money(en, -5, 2) == "-0.05"
    assert words.money(en, 1_234_567, 0, "HOURS") == "1,234,567 HOURS"
    assert words.money(fr, 123_456_789, 3, "EUR") == f"123{NARROW}456,789 EUR"
    assert words.money(en, Fraction(1000, 3), 2, "CREDIT") == "≈3.3333 CREDIT"
    assert words.money(en, Fraction(62_050, 100), 2) == "6.205"
    assert words.money(en, Fraction(600), 2) == "6.00"


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (Fraction(1, 3), "≈0.3333"), (Fraction(2, 3), "≈0.6667"), (Fraction(-2, 3), "≈-0.6667"),
        (Fraction(5, 2), "2.5"),
        (Fraction(1, 10**6), "0.000001"), (Fraction(1, 10**7), "≈0"), (Fraction(100), "100"), (0, "0"),
        (Fraction(-1, 8), "-0.125"),
    ],
)  # fmt: skip
def test_fractions(value: Fraction, shown: str) -> None:
    assert words.fraction(locale("en"), value) == shown


@given(value=st.fractions(min_value=-1000, max_value=1000))
def test_an_exact_number_is_marked_exactly_where_it_is_rounded(value: Fraction) -> None:
    shown = words.fraction(locale("en"), value)
    again = Fraction(shown.lstrip("≈").replace(",", ""))
    assert (again == value) is (not shown.startswith("≈"))
    assert abs(again - value) <= Fraction(1, 20_000)


@given(number=st.integers(-(2**63), 2**63), places=st.integers(0, 9))
def test_no_digit_is_lost(number: int, places: int) -> None:
    for found in LOCALES.values():
        shown = words.number(found, number, places)
        digits = "".join(c for c in shown if c.isdigit())
        assert int(digits) == abs(number)
        assert shown.startswith(found.minus) is (number < 0)
        if places:
            assert shown[-places - 1] == found.decimal


@given(day=st.dates())
def test_dates_by_the_calendar(day: datetime.date) -> None:
    number = (day - datetime.date(1970, 1, 1)).days
    assert words.civil(number) == (day.year, day.month, day.day)


def test_days_beyond_the_calendar_have_a_date_too() -> None:
    assert words.civil(2_932_897) == (10_000, 1, 1)
    assert words.civil(-719_528) == (0, 1, 1)
    assert words.civil(-719_529) == (-1, 12, 31)


def test_spans_of_time() -> None:
    en = locale("en")
    assert words.months(en, 24) == "2 years"
    assert words.months(en, 14) == "14 months"
    assert words.months(en, 0) == "0 months"
    assert words.duration(en, 0) == "0 seconds"
    assert words.duration(en, 36 * 3_600_000 + 60_000) == "36 hours and 1 minute"
    assert words.duration(en, 3_600_000 + 120_000 + 1_500) == "1 hour, 2 minutes, and 1.5 seconds"
    assert words.duration(en, -90_000) == "-1 minute and -30 seconds"
    assert words.duration(locale("ru"), 2_500) == "2,5 секунды"
    assert words.span(en, "clear days", 14) == "14 clear days"
    assert words.span(locale("fr"), "clear days", 14) == "14 jours francs"
    assert words.span(locale("ru"), "working days", 10) == "10 рабочих дней"


def test_lists() -> None:
    en = locale("en")
    assert [words.joined(en, ["a", "b", "c"][:n]) for n in range(4)] == ["", "a", "a and b", "a, b, and c"]


def test_shortened() -> None:
    did = "did:key:z6Mkabcdefghijklmnopqrstuvwxyz0123456789ABCDEFGHIJ9876"
    assert words.shortened("short") == "short"
    assert words.shortened("x" * 70) == "x" * 59 + "…"
    assert words.shortened(did, 30) == did[:21] + "…" + did[-8:]


def test_values_by_their_types() -> None:
    voice = Voice(locale("es"), {"CREDIT": 2}, "Europe/Madrid", lambda did: "Ana", "sí", "no")
    cases = [
        (types.Money("CREDIT"), 123_456, "", "1234,56 CREDIT"),
        (types.Money(types.OWN_UNIT), 5, "", "5"),
        (types.Option(types.Money("CREDIT")), (5,), "", "0,05 CREDIT"),
        (types.Option(types.BOOL), None, "", "—"),
        (types.BOOL, True, "", "sí"),
        (types.INTEGER, 12_345, "", "12.345"),
        (types.RATIO, Fraction(1, 2), "", "0,5"),
        (types.RATIO, Fraction(1, 2), "percent", f"50{NBSP}%"),
        (types.DATE, DAY, "", "5 de noviembre de 2026"),
        (types.TIMESTAMP, 1_763_650_000_000, "", "20 de noviembre de 2025 a las 15:46"),
        (types.TIMESTAMP, 1_763_650_000_000, "date", "20 de noviembre de 2025"),
        (types.TIMESTAMP, 1_763_679_599_999, "date", "20 de noviembre de 2025"),
        (types.TIMESTAMP, 1_763_679_600_000, "date", "21 de noviembre de 2025"),
        (types.TIMESTAMP, 2**62, "", str(2**62)),
        (types.DURATION, 3_600_000, "", "1 hora"),
        (types.DAYS, 2, "", "2 días"),
        (types.CLEAR_DAYS, 2, "", "2 días completos"),
        (types.WORKING_DAYS, 1, "", "1 día hábil"),
        (types.MONTHS, 12, "", "1 año"),
        (types.DID, "did:key:ann", "", "Ana"),
        (types.STRING, "x", "", "x"),
        (types.UnitCode("CREDIT"), "CREDIT", "", "CREDIT"),
        (types.Tuple((types.INTEGER, types.BOOL)), (1, True), "", "[1, true]"),
        (types.Map(types.STRING, types.INTEGER), {"a": 1, "b": None}, "", "{a: 1, b: —}"),
    ]
    for type_, value, kind, expected in cases:
        assert said(voice, type_, value, kind) == expected
    assert said(voice, types.Money("CREDIT"), 5, unit=False) == "0,05"
