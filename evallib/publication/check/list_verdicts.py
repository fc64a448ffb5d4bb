"""What to say of names in lists, and of numerals and words that are about a whole list."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from evallib.publication.bound import Claim
from evallib.publication.check.catalogue import scalar
from evallib.publication.claims import CONTRADICTED, ROUNDING, SUPPORTED
from evallib.publication.hedges import in_order

if TYPE_CHECKING:
    from evallib.publication.check.hedging import Binding

UNBOUND = "unbound"


def _strict(
    binding: Binding, claim: Claim, claims: Mapping[str, Claim], text: str
) -> tuple[str, str]:
    return SUPPORTED if in_order(claim.value[: len(binding.names)]) else CONTRADICTED, ""


def _length(
    binding: Binding, claim: Claim, claims: Mapping[str, Claim], text: str
) -> tuple[str, str]:
    """A numeral that says how many names are listed."""
    if not binding.names:
        return UNBOUND, "no list follows"
    true = binding.value == len(binding.names)
    return SUPPORTED if true else CONTRADICTED, f"{len(binding.names)} names are listed"


def _place(
    binding: Binding, claim: Claim, claims: Mapping[str, Claim], text: str
) -> tuple[str, str]:
    held = [unit for tied in claim.value for unit in [tied] * len(tied)]
    position, unit = int(binding.value), binding.names[int(binding.value) - 1]
    if position <= len(held) and unit in held[position - 1]:
        return SUPPORTED, ""
    place = next((n for n, tied in enumerate(held, start=1) if unit in tied), None)
    return CONTRADICTED, f"place {position} is not its own" + (f", {place} is" if place else "")


def _member(
    binding: Binding, claim: Claim, claims: Mapping[str, Claim], text: str
) -> tuple[str, str]:
    listed = [unit for tied in claim.value for unit in tied]
    unit = binding.names[int(binding.value) - 1]
    if unit not in listed:
        return CONTRADICTED, "not of this list"
    order = sorted((u for u in binding.names if u in listed), key=listed.index)
    mine = [u for u in binding.names if u in listed].index(unit)
    return (SUPPORTED, "") if order[mine] == unit else (ROUNDING, "not in this year's rank order")


def _one(binding: Binding, claim: Claim, claims: Mapping[str, Claim], text: str) -> tuple[str, str]:
    unit = binding.names[int(binding.value) - 1]
    true = any(unit in tied for tied in claim.value)
    return (SUPPORTED, "") if true else (CONTRADICTED, "not of this list")


def _complete(
    binding: Binding, claim: Claim, claims: Mapping[str, Claim], text: str
) -> tuple[str, str]:
    units = [unit for tied in claim.value for unit in tied]
    pairs = zip(units, claim.computed.split("、"), strict=False)
    missing = [name for unit, name in pairs if unit not in binding.names]
    note = f"also to be named: {', '.join(missing)}" if missing else ""
    return CONTRADICTED if missing else SUPPORTED, note


def _tied(
    binding: Binding, claim: Claim, claims: Mapping[str, Claim], text: str
) -> tuple[str, str]:
    ranks = {scalar(claims[f"rank:{unit}:{claim.year}"]) for unit in binding.names if unit}
    return SUPPORTED if len(ranks) == 1 else CONTRADICTED, ""


def _extreme(
    binding: Binding, claim: Claim, claims: Mapping[str, Claim], text: str
) -> tuple[str, str]:
    """The nodes named are the lowest, or the highest, of their siblings."""
    order = [node for node, _ in claim.value]
    wanted = order[: int(binding.value)] if binding.role == "low" else order[-int(binding.value) :]
    named = [next((code for code in codes if code in order), None) for codes in binding.names]
    true = len(named) == binding.value and set(named) == set(wanted)
    return SUPPORTED if true else CONTRADICTED, ""


OF_LISTS = {
    "strict": _strict,
    "complete": _complete,
    "top": _length,
    "listed": _length,
    "place": _place,
    "member": _member,
    "one": _one,
    "tied": _tied,
    "low": _extreme,
    "high": _extreme,
}
