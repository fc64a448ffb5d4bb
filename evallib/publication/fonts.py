"""The one font that ships with the project: for figures, and a few characters of it for a page."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache, wraps
from importlib.util import find_spec
from pathlib import Path
from typing import ParamSpec, TypeVar

import matplotlib as mpl
from matplotlib import RcParams, font_manager
from matplotlib import pyplot as plt
from matplotlib.axes import Axes as Axes
from matplotlib.figure import Figure as Figure

P = ParamSpec("P")
R = TypeVar("R")
WIDTH = 6.14  # inches: the text width of the letter, 156 mm
FAMILY = "Noto Sans SC"
LOOK = Path(__file__).parent / "templates" / "figures.mplstyle"


def font_path() -> Path:
    """Path of Noto Sans SC (OFL), found without importing its package.

    Importing zhplot would change matplotlib's settings for everybody.

    Examples
    --------
    >>> font_path().name
    'NotoSansSC-Regular.ttf'
    """
    found = find_spec("zhplot")
    folders = found.submodule_search_locations if found else None
    if not folders:
        raise ModuleNotFoundError("zhplot, which ships the font, is not installed")
    return Path(folders[0]) / "fonts" / "NotoSansSC-Regular.ttf"


def woff2_subset(text: str | set[str]) -> bytes:
    """The characters of a text as a WOFF2 font, the same bytes for the same characters.

    Examples
    --------
    >>> woff2_subset("部门")[:4]
    b'wOF2'
    """
    from fontTools import subset  # here, since only pages need it
    from fontTools.ttLib import TTFont

    options = subset.Options()
    options.flavor = "woff2"
    options.layout_features = []
    font = TTFont(font_path(), recalcTimestamp=False)
    worker = subset.Subsetter(options)
    worker.populate(text="".join(sorted(set(text))))
    worker.subset(font)
    font.flavor = "woff2"
    buffer = io.BytesIO()
    font.save(buffer)
    return buffer.getvalue()


@cache
def _look() -> RcParams:
    font_manager.fontManager.addfont(font_path())
    return mpl.rc_params_from_file(LOOK, use_default_template=False)


@contextmanager
def style(**more: object) -> Iterator[None]:
    """Context in which figures have the project's font and look; nothing stays behind.

    Only the settings of the look are put back: ``rc_context`` would also undo what a notebook's
    backend sets when the first figure wakes it, and every later figure would stay invisible.
    """
    look = {**_look(), **more}
    before = {name: mpl.rcParams[name] for name in look}
    mpl.rcParams.update(look)
    try:
        yield
    finally:
        mpl.rcParams.update(before)


def use_style() -> None:
    """Set the project's font and look for the rest of a notebook; changes matplotlib's settings.

    Figures are laid out to the last label, so a notebook need not draw each once more to crop it.
    """
    mpl.rcParams.update(_look())
    if "IPython" in sys.modules and sys.modules["IPython"].get_ipython() is not None:
        from matplotlib_inline.backend_inline import set_matplotlib_formats

        set_matplotlib_formats("png", bbox_inches=None)


def styled(plot: Callable[P, R]) -> Callable[P, R]:
    """The plotting function with the project's look inside the call."""

    @wraps(plot)
    def inside(*args: P.args, **choices: P.kwargs) -> R:
        with style():
            return plot(*args, **choices)

    return inside


def new_axes(ax: Axes | None, height: float) -> Axes:
    """The Axes given, or those of a new figure of the text width."""
    return plt.subplots(figsize=(WIDTH, height))[1] if ax is None else ax
