"""Title and column heads of the letter, broken where they are too long."""

from __future__ import annotations

from typing import Any

from evallib.publication.wording import sentence
from evallib.study.scheme import Scheme

LINE, LONG_WORD = 20, 8  # characters of a title line, and of a word that a column cannot hold


def title(year: int, name: str, lang: str) -> str:
    """The generated title, broken where its sense allows when it is longer than a line."""
    lines = [sentence(key, lang, year=year, study=name) for key in ("title", "title_rest")]
    glue = {"zh": "", "en": " "}[lang]
    return ("\n" if lang == "zh" and len("".join(lines)) > LINE else glue).join(lines)


def dimension_heads(scheme: Scheme, lang: str) -> tuple[list[str], list[Any]]:
    """Narrow column heads: halved Chinese names, or codes where an English word is too long."""
    names = {code: scheme.names(lang)[code] for code in scheme.dimensions}
    if lang == "zh":
        return [_halved(name) for name in names.values()], []
    if any(len(word) > LONG_WORD for name in names.values() for word in name.split()):
        return list(names), [f"{code}: {name}" for code, name in names.items()]
    return list(names.values()), []


def _halved(name: str) -> str:
    half = -(-len(name) // 2)
    return f"{name[:half]}\n{name[half:]}" if 4 <= len(name) <= 6 else name
