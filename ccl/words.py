"""Values in words: numbers, amounts, parts, dates, moments and spans of time as a language writes them.

Deterministic and without the machine's locale: everything comes from `ccl.locales`. Moments are said in a time zone
that the caller names. It must not know what a value means, only its type.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

from ccl.locales import Forms, Locale

MOST_PLACES = 6
"""Places after the point beyond which an exact number is rounded for display, and marked as such."""
ROUNDED_PLACES = 4
"""To how many it is rounded then."""


def plural(locale: Locale, count: int, forms: Forms) -> str:
    """The form for a count, `#` replaced by the number; a form that is missing falls back to `other`, or the last."""
    form = forms.get(locale.plural(abs(count)))
    if form is None:
        form = forms.get("other") or next(reversed(list(forms.values())), "#")
    return form.replace("#", number(locale, count))


def number(locale: Locale, value: int, places: int = 0) -> str:
    """A whole number, or with `places` a number of so many hundredths, thousandths and so on: (620, 2) is 6.20."""
    digits = str(abs(value)).rjust(places + 1, "0")
    whole, part = (digits[:-places], digits[-places:]) if places else (digits, "")
    if len(whole) >= 3 + locale.least_grouped:
        head = len(whole) % 3
        groups = [whole[:head]] if head else []
        groups += [whole[i : i + 3] for i in range(head, len(whole), 3)]
        whole = locale.group.join(groups)
    shown = f"{whole}{locale.decimal}{part}" if part else whole
    return f"{locale.minus}{shown}" if value < 0 else shown


def fraction(locale: Locale, value: Fraction | int, least_places: int = 0) -> str:
    """An exact number: as a decimal where it ends within a few places, else rounded with `≈` before it."""
    value = Fraction(value)
    exact = (value * 10**MOST_PLACES).denominator == 1
    places = MOST_PLACES if exact else max(ROUNDED_PLACES, least_places)
    scaled = value * 10**places
    whole = (2 * scaled.numerator + scaled.denominator) // (2 * scaled.denominator)
    while places > least_places and whole % 10 == 0:
        whole //= 10
        places -= 1
    return number(locale, whole, places) if exact else f"≈{number(locale, whole, places)}"


def money(locale: Locale, minor: int | Fraction, decimals: int, unit: str = "") -> str:
    """An amount of minor units: "6.20 CREDIT"; without the unit "6.20"."""
    if isinstance(minor, int):
        amount = number(locale, minor, decimals)
    else:
        amount = fraction(locale, minor / 10**decimals, decimals)
    return f"{amount} {unit}" if unit else amount


def percent(locale: Locale, part: Fraction | int) -> str:
    """A part of one as a percentage: 1/2 is "50%"."""
    return locale.percent.format(fraction(locale, Fraction(part) * 100))


def civil(day: int) -> tuple[int, int, int]:
    """Year, month and day of the proleptic Gregorian calendar, of days since 1970-01-01; for every whole number.

    By eras of 400 years that begin in March, as in H. Hinnant, "chrono-Compatible Low-Level Date Algorithms".
    """
    era, of_era = divmod(day + 719468, 146097)
    years = (of_era - of_era // 1460 + of_era // 36524 - of_era // 146096) // 365
    of_year = of_era - (365 * years + years // 4 - years // 100)
    from_march = (5 * of_year + 2) // 153
    month = from_march + 3 if from_march < 10 else from_march - 9
    return era * 400 + years + (month <= 2), month, of_year - (153 * from_march + 2) // 5 + 1


def date(locale: Locale, day: int) -> str:
    """A local day, of days since 1970-01-01."""
    year, month, of_month = civil(day)
    return locale.date.format(d=of_month, month=locale.months[month - 1], y=year)


def moment(locale: Locale, day: int, minute: int) -> str:
    """A local day and minute of it."""
    return locale.moment.format(date=date(locale, day), time=f"{minute // 60:02}:{minute % 60:02}")


def span(locale: Locale, unit: str, count: int) -> str:
    """So many of a unit of time: days, months, years, hours, minutes, seconds, "clear days", "working days"."""
    return plural(locale, count, locale.spans[unit])


def months(locale: Locale, count: int) -> str:
    """Months, as years where they are whole years."""
    return span(locale, "years", count // 12) if count and count % 12 == 0 else span(locale, "months", count)


def duration(locale: Locale, ms: int) -> str:
    """Hours, minutes and seconds of a duration in milliseconds; parts of a second as a decimal."""
    sign = -1 if ms < 0 else 1
    hours, rest = divmod(abs(ms), 3_600_000)
    minutes, rest = divmod(rest, 60_000)
    said = [span(locale, unit, sign * n) for unit, n in (("hours", hours), ("minutes", minutes)) if n]
    seconds, thousandths = divmod(rest, 1000)
    if thousandths:
        form = locale.spans["seconds"].get("other") or locale.spans["seconds"]["few"]
        said.append(form.replace("#", fraction(locale, sign * Fraction(rest, 1000))))
    elif seconds or not said:
        said.append(span(locale, "seconds", sign * seconds))
    return joined(locale, said)


def joined(locale: Locale, parts: Sequence[str]) -> str:
    """A list in one sentence: "a, b, and c"; of two, without the comma before the last word that English has."""
    if len(parts) < 2:
        return "".join(parts)
    last = locale.last.removeprefix(",") if len(parts) == 2 else locale.last
    return locale.comma.join(parts[:-1]) + last + parts[-1]


def shortened(text: str, most: int = 60) -> str:
    """A text cut to so many characters, the cut marked; of a DID both ends are kept, which tell it from others."""
    if len(text) <= most:
        return text
    if text.startswith("did:"):
        return f"{text[: most - 9]}…{text[-8:]}"
    return text[: most - 1] + "…"


def plain(value: Any) -> str:
    """A value of no type that has words of its own, as its author would write it."""
    if value is None:
        return "—"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, tuple):
        return f"[{', '.join(map(plain, value))}]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{plain(k)}: {plain(v)}" for k, v in value.items()) + "}"
    return shortened(str(value))
