"""Pages that need no other file and no network: the characters they use come as a font."""

from __future__ import annotations

import base64
from functools import cache
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from evallib.publication.fonts import woff2_subset
from evallib.publication.wording import TEMPLATES


@cache
def _environment() -> Environment:
    return Environment(
        loader=FileSystemLoader(TEMPLATES),
        undefined=StrictUndefined,
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def render_pages(template: str, contexts: list[dict[str, Any]]) -> list[str]:
    """Pages of one template, with one WOFF2 font of all characters that they use in each of them.

    Parameters
    ----------
    template : str
        File name in ``templates``; it puts ``font``, in base64, into its style.
    contexts : list of dict
        What each page shows.

    Examples
    --------
    >>> page = render_pages("index.html.j2", [{"lang": "zh", "title": "总览", "intro": "",
    ...     "heads": [], "rows": []}])[0]
    >>> page.startswith("<!doctype html>"), "http:" in page
    (True, False)
    """
    source = _environment().get_template(template)
    used = set("".join(source.render(context, font="") for context in contexts))
    font = base64.b64encode(woff2_subset(used)).decode()
    return [source.render(context, font=font) for context in contexts]
