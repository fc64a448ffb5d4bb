"""What to say of a binding: true, true but printed otherwise, false, or known to nobody."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from evallib.publication.bound import Claim
from evallib.publication.check.catalogue import scalar
from evallib.publication.check.list_verdicts import OF_LISTS, UNBOUND
from evallib.publication.claim_kinds import print_form
from evallib.publication.claims import CONTRADICTED, OF_TWO, ROUNDING, SUPPORTED, number_verdict
from evallib.publication.hedges import bounds, degree_holds, holds, overall_holds
from evallib.publication.sums import decimals_said
from evallib.rounding import round_number

if TYPE_CHECKING:
    from evallib.publication.check.hedging import Binding

CITATION = "citation"


def judge(binding: Binding, claims: Mapping[str, Claim], text: str) -> tuple[str, str, str]:
    """Verdict, expected print and note.

    Parameters
    ----------
    binding : Binding
    claims : dict of id to Claim
    text : str, the token
    """
    if binding.role in ("citation", "definition"):
        return _fixed(binding)
    claim = claims.get(binding.claim)
    if claim is None:
        missing = f"this study computes no {binding.claim}" if binding.claim else ""
        if "between" in binding.claim:
            missing = "sites lie on an end of the range: say whether it belongs to it"
        if binding.role == "bar":
            missing = "no number rests on this bar"
        return UNBOUND, "", binding.note or missing or "nothing says what it is about"
    verdict, note = _READ[binding.role](binding, claim, claims, text)
    if verdict == CONTRADICTED and binding.role in ("number", "share", "every"):
        others = _fitting(binding, claim, claims, text)
        note = "; ".join(filter(None, [note, *others]))
    return verdict, _expected(binding, claim, verdict), note


def _fixed(binding: Binding) -> tuple[str, str, str]:
    if binding.role == "citation":
        return CITATION, "", ""
    (said,) = binding.names
    found = SUPPORTED if binding.value == Decimal(said) else CONTRADICTED
    bar = binding.claim.startswith("bar.")
    return found, said, "a bar, as it is counted" if bar else "by the words that define the finding"


def _expected(binding: Binding, claim: Claim, verdict: str) -> str:
    if binding.role in ("place", "member", "one", "tied"):
        names = claim.computed.split("、")
        if binding.role == "place":
            return names[int(binding.value) - 1] if binding.value <= len(names) else "nobody"
        return "" if verdict != CONTRADICTED else claim.computed
    if binding.role == "number" and isinstance(claim.value, dict) and claim.kind != "delta":
        return claim.computed.split(" (")[0]
    return claim.computed


def _number(
    binding: Binding, claim: Claim, claims: Mapping[str, Claim], text: str
) -> tuple[str, str]:
    value = scalar(claim)
    if binding.trend and _moved(claim, claims) * binding.trend < 0:
        return CONTRADICTED, "it moved the other way"
    if binding.word:
        return _hedged(binding, claim, value)
    share = claim.kind in ("share", "percentage_change") or claim.id.startswith("delta.share")
    decimals = min(_decimals(binding.value), 1) if share else claim.decimals
    how: dict[str, Any] = {"rounding": claim.rounding, "of_two": claim.kind in OF_TWO}
    found = exact_verdict(binding.value, value, decimals=decimals, **how)
    if found == CONTRADICTED and "share.finding." in claim.id:
        part = claims.get(claim.id.replace("share.finding.", "share.applicable."))
        if part and _number(binding, part, claims, text)[0] == SUPPORTED:
            return SUPPORTED, f"of the {part.denominator} to which it applies"
    said = text.rstrip("%")
    if found == SUPPORTED and said[:1].isdigit() and print_form(binding.value) != said.lstrip("-"):
        return ROUNDING, f"officials print {print_form(binding.value)}"
    return found, f"unrounded {value:.{claim.decimals + 3}f}" if found == ROUNDING else ""


def _moved(claim: Claim, claims: Mapping[str, Claim]) -> float:
    """Change of a figure since the year before, 0 where it is not known."""
    what, population, _ = claim.id.split(":")
    start, end = f"delta.{what}:{population}:", f"-{claim.year}"
    return next(
        (scalar(c) for n, c in claims.items() if n.startswith(start) and n.endswith(end)), 0
    )


def exact_verdict(
    printed: Decimal,
    value: float,
    *,
    decimals: int,
    rounding: str = "half_up",
    of_two: bool = False,
) -> str:
    """As ``number_verdict``; with one decimal less a number is true but printed otherwise.

    Examples
    --------
    >>> [exact_verdict(Decimal(x), 0.9547, decimals=2) for x in ("0.95", "1.0", "1", "0.94")]
    ['supported', 'rounding', 'contradicted', 'contradicted']
    """
    places = max(decimals, _decimals(printed))
    found = number_verdict(printed, value, decimals=places, rounding=rounding, of_two=of_two)
    shorter = decimals - 1
    if found == CONTRADICTED and shorter >= 1 and _decimals(printed) == shorter:
        same = printed.scaleb(shorter) == round(float(round_number(value, shorter)) * 10**shorter)
        return ROUNDING if same else CONTRADICTED
    return found


def _decimals(number: Decimal) -> int:
    return decimals_said(number)


def _hedged(binding: Binding, claim: Claim, value: float) -> tuple[str, str]:
    try:
        allowed = bounds(binding.word)
    except ValueError as error:
        return UNBOUND, str(error)
    if isinstance(claim.value, tuple):
        k, n = claim.value
        return SUPPORTED if n and holds(binding.word, k, n) else CONTRADICTED, ""
    signed = binding.value < 0 or claim.kind in ("delta", "percentage_change")
    said = Fraction(str(round(-value if signed and binding.value < 0 else value, 10)))
    said = said / 100 if allowed.share else said
    return SUPPORTED if allowed.contain(said) else CONTRADICTED, ""


def _rate(
    binding: Binding, claim: Claim, claims: Mapping[str, Claim], text: str
) -> tuple[str, str]:
    decimals = min(_decimals(binding.value), 2)
    value = 100 * scalar(claim)
    return number_verdict(binding.value, value, decimals=decimals, rounding=claim.rounding), ""


def _every(
    binding: Binding, claim: Claim, claims: Mapping[str, Claim], text: str
) -> tuple[str, str]:
    ends = [exact_verdict(binding.value, end, decimals=claim.decimals) for end in claim.value]
    if set(ends) != {SUPPORTED}:
        return CONTRADICTED, ""
    same = all(round(end, 10) == float(binding.value) for end in claim.value)
    return (SUPPORTED, "") if same else (ROUNDING, "of some sites in print only")


def _share(
    binding: Binding, claim: Claim, claims: Mapping[str, Claim], text: str
) -> tuple[str, str]:
    k, n = claim.value
    try:
        true = n > 0 and holds(binding.word, k, n)
    except ValueError as error:
        return UNBOUND, str(error)
    return SUPPORTED if true else CONTRADICTED, ""


def _zero(
    binding: Binding, claim: Claim, claims: Mapping[str, Claim], text: str
) -> tuple[str, str]:
    return SUPPORTED if scalar(claim) == 0 else CONTRADICTED, ""


def _whole(
    binding: Binding, claim: Claim, claims: Mapping[str, Claim], text: str
) -> tuple[str, str]:
    return SUPPORTED if scalar(claim) == 100 else CONTRADICTED, ""


def _degree(
    binding: Binding, claim: Claim, claims: Mapping[str, Claim], text: str
) -> tuple[str, str]:
    change = scalar(claim)
    if change * binding.trend < 0:
        return CONTRADICTED, "it moved the other way"
    if binding.word == "持平":
        change = float(round_number(change, claim.decimals, claim.rounding))
    try:
        true = degree_holds(binding.word, change)
    except ValueError as error:
        return UNBOUND, str(error)
    return SUPPORTED if true else CONTRADICTED, ""


def _overall(
    binding: Binding, claim: Claim, claims: Mapping[str, Claim], text: str
) -> tuple[str, str]:
    true = overall_holds(*claim.value, sign=int(binding.value))
    return SUPPORTED if true else CONTRADICTED, ""


def _fitting(
    binding: Binding, claim: Claim, claims: Mapping[str, Claim], text: str
) -> Iterator[str]:
    """Other populations of which the claim would be true, and what it is of them."""
    what, population, when = claim.id.split(":")
    for other in claims.values():
        its, of, at = other.id.split(":")
        if its != what or at != when or of == population or len(other.units) < 2:
            continue
        if _READ[binding.role](binding, other, claims, text)[0] == SUPPORTED:
            yield f"holds of {other.population}: {other.computed}"


_READ = {
    "number": _number,
    "rate": _rate,
    "every": _every,
    "share": _share,
    "zero": _zero,
    "whole": _whole,
    "degree": _degree,
    "overall": _overall,
} | OF_LISTS
