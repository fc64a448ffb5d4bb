"""Any letter in Chinese read back: every number bound to a claim that the study computes."""

from evallib.publication.check.catalogue import claims
from evallib.publication.check.letter import check_letter, failures
from evallib.publication.check.trace import trace

__all__ = ["check_letter", "claims", "failures", "trace"]
