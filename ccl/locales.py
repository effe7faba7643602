"""What languages differ in when a member is told a number, an amount, a date or a span of time.

Data only, from the Unicode CLDR 48 (https://cldr.unicode.org): cardinal plural rules for whole numbers, separators,
percent and date patterns, month names and names of units of time. Departures: clock times are of 24 hours everywhere,
and clear days and working days, which CLDR has not, are our own words. It must not know what the words are said for.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

Forms = Mapping[str, str]
"""A text for each plural category ("one", "few", ..., "other"); `#` stands for the number."""


@dataclass(frozen=True, slots=True)
class Locale:
    """A language as written somewhere.

    plural: the category of a whole number of zero or more. categories: those that a text must have a form for; `many`
    of the Romance languages, which is for whole millions only, falls back to `other` and may be left out (`rare`).
    group: between thousands, from numbers with `least_grouped` digits before the first one on. percent: around {0}.
    date: of {d}, {month}, {y}; moment: of {date}, {time}. last: between the last two of a list.
    spans: by unit of time, and "clear days", "working days".
    """

    tag: str
    plural: Callable[[int], str]
    categories: tuple[str, ...]
    decimal: str
    group: str
    percent: str
    date: str
    moment: str
    months: tuple[str, ...]
    last: str
    spans: Mapping[str, Forms]
    least_grouped: int = 1
    minus: str = "-"
    rare: tuple[str, ...] = ()
    comma: str = ", "
    right_to_left: bool = False


def _one(n: int) -> str:
    return "one" if n == 1 else "other"


def _one_many(n: int) -> str:
    return "one" if n == 1 else "many" if n and n % 1_000_000 == 0 else "other"


def _zero_one_many(n: int) -> str:
    return "one" if n < 2 else "many" if n % 1_000_000 == 0 else "other"


def _russian(n: int) -> str:
    tens, units = n % 100, n % 10
    if units == 1 and tens != 11:
        return "one"
    return "few" if 2 <= units <= 4 and not 12 <= tens <= 14 else "many"


def _arabic(n: int) -> str:
    if n < 3:
        return ("zero", "one", "two")[n]
    tens = n % 100
    return "few" if 3 <= tens <= 10 else "many" if tens >= 11 else "other"


def _spans(**named: tuple[str, ...]) -> Mapping[str, Forms]:
    """Forms by unit; two are (one, other), one stands for both."""
    keys = {"clear_days": "clear days", "working_days": "working days"}
    return {keys.get(k, k): {"one": f"# {v[0]}", "other": f"# {v[-1]}"} for k, v in named.items()}


def _slavic(**named: tuple[str, str, str]) -> Mapping[str, Forms]:
    keys = {"clear_days": "clear days", "working_days": "working days"}
    return {
        keys.get(k, k): {"one": f"# {one}", "few": f"# {few}", "many": f"# {many}", "other": f"# {few}"}
        for k, (one, few, many) in named.items()
    }


def _semitic(**named: tuple[str, str, str, str]) -> Mapping[str, Forms]:
    keys = {"clear_days": "clear days", "working_days": "working days"}
    return {
        keys.get(k, k): {"zero": f"# {many}", "one": one, "two": two, "few": f"# {few}", "many": f"# {many}",
                         "other": f"# {many}"}
        for k, (one, two, few, many) in named.items()
    }  # fmt: skip


_PORTUGUESE_MONTHS = (
    "janeiro", "fevereiro", "março", "abril", "maio", "junho", "julho", "agosto", "setembro", "outubro", "novembro",
    "dezembro",
)  # fmt: skip
_PORTUGUESE_SPANS = _spans(
    days=("dia", "dias"), months=("mês", "meses"), years=("ano", "anos"), hours=("hora", "horas"),
    minutes=("minuto", "minutos"), seconds=("segundo", "segundos"), clear_days=("dia completo", "dias completos"),
    working_days=("dia útil", "dias úteis"),
)  # fmt: skip

_ENGLISH = Locale(
    "en", _one, ("one", "other"), ".", ",", "{0}%", "{month} {d}, {y}", "{date} at {time}",
    ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
     "December"), ", and ",
    _spans(
        days=("day", "days"), months=("month", "months"), years=("year", "years"), hours=("hour", "hours"),
        minutes=("minute", "minutes"), seconds=("second", "seconds"), clear_days=("clear day", "clear days"),
        working_days=("working day", "working days"),
    ),
)  # fmt: skip

_SPANISH = Locale(
    "es", _one_many, ("one", "other"), ",", ".", "{0}\xa0%", "{d} de {month} de {y}", "{date} a las {time}",
    ("enero", "febrero", "marzo", "abril", "mayo", "junio", "julio", "agosto", "septiembre", "octubre", "noviembre",
     "diciembre"), " y ",
    _spans(
        days=("día", "días"), months=("mes", "meses"), years=("año", "años"), hours=("hora", "horas"),
        minutes=("minuto", "minutos"), seconds=("segundo", "segundos"), clear_days=("día completo", "días completos"),
        working_days=("día hábil", "días hábiles"),
    ), least_grouped=2, rare=("many",),
)  # fmt: skip

_FRENCH = Locale(
    "fr", _zero_one_many, ("one", "other"), ",", "\u202f", "{0}\xa0%", "{d} {month} {y}", "{date} à {time}",
    ("janvier", "février", "mars", "avril", "mai", "juin", "juillet", "août", "septembre", "octobre", "novembre",
     "décembre"), " et ",
    _spans(
        days=("jour", "jours"), months=("mois",), years=("an", "ans"), hours=("heure", "heures"),
        minutes=("minute", "minutes"), seconds=("seconde", "secondes"), clear_days=("jour franc", "jours francs"),
        working_days=("jour ouvré", "jours ouvrés"),
    ), rare=("many",),
)  # fmt: skip

_GERMAN = Locale(
    "de", _one, ("one", "other"), ",", ".", "{0}\xa0%", "{d}. {month} {y}", "{date} um {time}",
    ("Januar", "Februar", "März", "April", "Mai", "Juni", "Juli", "August", "September", "Oktober", "November",
     "Dezember"), " und ",
    _spans(
        days=("Tag", "Tage"), months=("Monat", "Monate"), years=("Jahr", "Jahre"), hours=("Stunde", "Stunden"),
        minutes=("Minute", "Minuten"), seconds=("Sekunde", "Sekunden"), clear_days=("voller Tag", "volle Tage"),
        working_days=("Arbeitstag", "Arbeitstage"),
    ),
)  # fmt: skip

_PORTUGUESE = Locale(
    "pt", _zero_one_many, ("one", "other"), ",", ".", "{0}%", "{d} de {month} de {y}", "{date} às {time}",
    _PORTUGUESE_MONTHS, " e ", _PORTUGUESE_SPANS, rare=("many",),
)  # fmt: skip

_CATALAN = Locale(
    "ca", _one_many, ("one", "other"), ",", ".", "{0}\xa0%", "{d} {month} del {y}", "{date}, a les {time}",
    ("de gener", "de febrer", "de març", "d’abril", "de maig", "de juny", "de juliol", "d’agost", "de setembre",
     "d’octubre", "de novembre", "de desembre"), " i ",
    _spans(
        days=("dia", "dies"), months=("mes", "mesos"), years=("any", "anys"), hours=("hora", "hores"),
        minutes=("minut", "minuts"), seconds=("segon", "segons"), clear_days=("dia complet", "dies complets"),
        working_days=("dia hàbil", "dies hàbils"),
    ), rare=("many",),
)  # fmt: skip

_ITALIAN = Locale(
    "it", _one_many, ("one", "other"), ",", ".", "{0}%", "{d} {month} {y}", "{date} alle ore {time}",
    ("gennaio", "febbraio", "marzo", "aprile", "maggio", "giugno", "luglio", "agosto", "settembre", "ottobre",
     "novembre", "dicembre"), " e ",
    _spans(
        days=("giorno", "giorni"), months=("mese", "mesi"), years=("anno", "anni"), hours=("ora", "ore"),
        minutes=("minuto", "minuti"), seconds=("secondo", "secondi"), clear_days=("giorno libero", "giorni liberi"),
        working_days=("giorno lavorativo", "giorni lavorativi"),
    ), least_grouped=2, rare=("many",),
)  # fmt: skip

_BASQUE = Locale(
    "eu", _one, ("one", "other"), ",", ".", "%\xa0{0}", "{y}(e)ko {month}ren {d}(a)", "{date} ({time})",
    ("urtarrila", "otsaila", "martxoa", "apirila", "maiatza", "ekaina", "uztaila", "abuztua", "iraila", "urria",
     "azaroa", "abendua"), " eta ",
    _spans(
        days=("egun",), months=("hilabete",), years=("urte",), hours=("ordu",), minutes=("minutu",),
        seconds=("segundo",), clear_days=("egun oso",), working_days=("lanegun",),
    ), minus="−",
)  # fmt: skip

_GALICIAN = Locale(
    "gl", _one, ("one", "other"), ",", ".", "{0}\xa0%", "{d} de {month} de {y}", "{date}, {time}",
    ("xaneiro", "febreiro", "marzo", "abril", "maio", "xuño", "xullo", "agosto", "setembro", "outubro", "novembro",
     "decembro"), " e ",
    _spans(
        days=("día", "días"), months=("mes", "meses"), years=("ano", "anos"), hours=("hora", "horas"),
        minutes=("minuto", "minutos"), seconds=("segundo", "segundos"), clear_days=("día completo", "días completos"),
        working_days=("día hábil", "días hábiles"),
    ),
)  # fmt: skip

_RUSSIAN = Locale(
    "ru", _russian, ("one", "few", "many"), ",", "\xa0", "{0}\xa0%", "{d} {month} {y} г.", "{date} в {time}",
    ("января", "февраля", "марта", "апреля", "мая", "июня", "июля", "августа", "сентября", "октября", "ноября",
     "декабря"), " и ",
    _slavic(
        days=("день", "дня", "дней"), months=("месяц", "месяца", "месяцев"), years=("год", "года", "лет"),
        hours=("час", "часа", "часов"), minutes=("минута", "минуты", "минут"),
        seconds=("секунда", "секунды", "секунд"), clear_days=("полный день", "полных дня", "полных дней"),
        working_days=("рабочий день", "рабочих дня", "рабочих дней"),
    ), rare=("other",),
)  # fmt: skip

_ARABIC = Locale(
    "ar", _arabic, ("zero", "one", "two", "few", "many", "other"), ".", ",", "{0}\u200e%\u200e", "{d} {month} {y}",
    "{date} في {time}",
    ("يناير", "فبراير", "مارس", "أبريل", "مايو", "يونيو", "يوليو", "أغسطس", "سبتمبر", "أكتوبر", "نوفمبر", "ديسمبر"),
    " و",
    _semitic(
        days=("يوم", "يومان", "أيام", "يومًا"), months=("شهر", "شهران", "أشهر", "شهرًا"),
        years=("سنة", "سنتان", "سنوات", "سنة"), hours=("ساعة", "ساعتان", "ساعات", "ساعة"),
        minutes=("دقيقة", "دقيقتان", "دقائق", "دقيقة"), seconds=("ثانية", "ثانيتان", "ثوان", "ثانية"),
        clear_days=("يوم كامل", "يومان كاملان", "أيام كاملة", "يومًا كاملاً"),
        working_days=("يوم عمل", "يوما عمل", "أيام عمل", "يوم عمل"),
    ), minus="\u200e-", comma=" و", right_to_left=True,
)  # fmt: skip

LOCALES: Mapping[str, Locale] = {
    found.tag: found
    for found in (
        _ENGLISH,
        replace(_ENGLISH, tag="en-GB", date="{d} {month} {y}", last=" and "),
        _SPANISH, replace(_SPANISH, tag="es-419", least_grouped=1),
        _FRENCH, _GERMAN, _PORTUGUESE,
        replace(_PORTUGUESE, tag="pt-PT", plural=_one_many, group="\xa0", least_grouped=2),
        _CATALAN, _ITALIAN, _BASQUE, _GALICIAN, _RUSSIAN, _ARABIC,
    )
}  # fmt: skip
"""Locales by BCP 47 tag."""

_SPANISH_AMERICA = frozenset((
    "AR", "BO", "CL", "CO", "CR", "CU", "DO", "EC", "GT", "HN", "MX", "NI", "PA", "PE", "PR", "PY", "SV", "US", "UY",
    "VE",
))  # fmt: skip


def known(tag: str) -> bool:
    """Whether the language of that tag has an entry of its own here."""
    return tag.replace("_", "-").partition("-")[0].lower() in LOCALES


def locale(tag: str) -> Locale:
    """The locale of a BCP 47 tag ("es", "pt-PT", "de_AT"), else its language's, else English."""
    language, _, region = tag.replace("_", "-").partition("-")
    language, region = language.lower(), region.upper()
    if language == "es" and region in _SPANISH_AMERICA:
        region = "419"
    if language == "en" and region not in ("", "US"):
        region = "GB"
    return LOCALES.get(f"{language}-{region}") or LOCALES.get(language) or LOCALES["en"]
