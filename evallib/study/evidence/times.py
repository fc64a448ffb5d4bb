"""Dates and moments in any form that officials and programs write, as datetime64[s]."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import numpy as np

from evallib.study.evidence.said import Said, compatible

if TYPE_CHECKING:
    import polars as pl

NAT = np.datetime64("NaT", "s")
YEARS = (1900, 2199)
EPOCH = datetime(1899, 12, 30)  # day 0 of a spreadsheet, whose year 1900 has a leap day too many
SERIALS = (32874, 73051)  # 1990 to 2099, so that a year or a clock time is not taken for a day
SERIAL = re.compile(r"[0-9]{5}(?:\.[0-9]+)?")
DAY = (
    r"([0-9]{4})(?:(?P<mark>[-/.])([0-9]{1,2})(?P=mark)([0-9]{1,2})|年([0-9]{1,2})月([0-9]{1,2})日)"
)
CLOCK = r"([0-9]{1,2}):([0-9]{2})(?::([0-9]{2})(\.[0-9]+)?)?"
STAMP = re.compile(rf"{DAY}(?:[ T]*{CLOCK})? ?(?P<offset>Z|[+-][0-9]{{2}}:?[0-9]{{2}})?")
YEARLESS = re.compile(r"[0-9]{1,2}月[0-9]{1,2}日.*|[0-9]{1,2}[-/][0-9]{1,2}")
ISO = r"^(19|20|21)\d\d-\d\d-\d\d{}$"  # digits where chrono would also read spaces
FORMS = {
    ISO.format(""): "%Y-%m-%d",
    ISO.format(r"[ T]\d\d:\d\d"): "%Y-%m-%d %H:%M",
    ISO.format(r"[ T]\d\d:\d\d:[0-5]\d"): "%Y-%m-%d %H:%M:%S",
}


def iso_times(texts: pl.Series) -> np.ndarray:
    """Moments of all texts in the plain ISO forms at once; NaT where a text is in none of them.

    Parameters
    ----------
    texts : polars Series of text
        ``2020-11-03``, ``2020-11-03 10:05`` or ``2020-11-03 10:05:00``, also with a T between.

    Returns
    -------
    array of datetime64[s]
    """
    import polars as pl

    found = [pl.repeat(None, len(texts), dtype=pl.Datetime("ms"), eager=True)]
    plain = texts.str.replace("T", " ", literal=True)
    for digits, form in FORMS.items():
        fits = texts.str.contains(digits).fill_null(False)
        if fits.any():
            whole = plain if fits.all() else pl.select(pl.when(fits).then(plain)).to_series()
            found.append(whole.str.to_datetime(form, strict=False, time_unit="ms"))
    return pl.select(pl.coalesce(found)).to_series().to_numpy().astype("datetime64[s]")


def read_time(text: str, *, timezone: str) -> Said:
    """One moment in any of its forms, on the clock of the time zone.

    Parameters
    ----------
    text : str
    timezone : str
        ``Asia/Shanghai``, ...; a text with an offset or Z is converted to it.

    Returns
    -------
    Said
        With the form that was repaired, or the problem.

    Examples
    --------
    >>> forms = "2020年11月3日", "2020/11/3 9:05", "2020-11-03T02:05:00Z", "44138.5", "2021-02-29"
    >>> for said in (read_time(text, timezone="Asia/Shanghai") for text in forms):
    ...     print(said.value, said.form or said.problem)
    2020-11-03T00:00:00 年月日
    2020-11-03T09:05:00 slashes
    2020-11-03T10:05:00 offset
    2020-11-03T12:00:00 serial
    NaT '2021-02-29' does not exist
    """
    plain = compatible(text)
    if SERIAL.fullmatch(plain) and SERIALS[0] <= float(plain) < SERIALS[1]:
        seconds = round(float(plain) * 86400)
        return _said(EPOCH + timedelta(seconds=seconds), "serial")
    found = STAMP.fullmatch(plain)
    if not found:
        problem = "has no year" if YEARLESS.fullmatch(plain) else "is no date"
        return Said(NAT, problem=f"{text!r} {problem}")
    try:
        moment = _moment(found)
    except ValueError:
        return Said(NAT, problem=f"{text!r} does not exist")
    if not YEARS[0] <= moment.year <= YEARS[1]:
        return Said(NAT, problem=f"{text!r} lies outside {YEARS[0]} to {YEARS[1]}")
    if found["offset"]:
        moment = moment.astimezone(ZoneInfo(timezone)).replace(tzinfo=None)
        return _said(moment, "offset")
    plain_iso = plain == text and iso_form(text)
    forms = {"-": "digits", "/": "slashes", ".": "dots", None: "年月日"}
    return _said(moment, "" if plain_iso else forms[found["mark"]])


def _said(moment: datetime, form: str) -> Said:
    return Said(np.datetime64(moment, "s"), rule="time_form" if form else "", form=form)


def iso_form(text: str) -> bool:
    """Whether a stamp is written with two digits everywhere and without parts of a second."""
    return re.fullmatch(r".{4}-.{2}-.{2}(?:[ T].{2}(?::.{2}){1,2})?", text) is not None


def _moment(found: re.Match[str]) -> datetime:
    """The moment of a stamp; parts of a second are cut."""
    year, _, *numbers = found.groups()[:11]
    month, day = (part for part in numbers[:4] if part)
    hour, minute, second = (int(part or 0) for part in numbers[4:7])
    offset = found["offset"]
    if not offset:
        return datetime(int(year), int(month), int(day), hour, minute, second)
    sign = -1 if offset[0] == "-" else 1
    hours, minutes = (int(offset[1:3]), int(offset[-2:])) if offset != "Z" else (0, 0)
    if minutes > 59:
        raise ValueError(offset)
    moment = datetime(int(year), int(month), int(day), hour, minute, second, tzinfo=UTC)
    return moment - sign * timedelta(hours=hours, minutes=minutes)


def typed_times(series: pl.Series, *, timezone: str) -> np.ndarray:
    """Moments of a column that holds dates or moments already, on the clock of the time zone.

    Parameters
    ----------
    series : polars Series of Date or Datetime; one with a time zone is converted
    timezone : str

    Returns
    -------
    array of datetime64[s]
    """
    import polars as pl

    if isinstance(series.dtype, pl.Datetime) and series.dtype.time_zone:
        series = series.dt.convert_time_zone(timezone).dt.replace_time_zone(None)
    values = series.cast(pl.Datetime("ms")).to_numpy()
    return values.astype("datetime64[s]")
