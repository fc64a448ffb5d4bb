"""Scores, ranks and firmness for yearly evaluations of government websites.

>>> import evallib as ev
"""

from evallib.errors import DataError, Fault, StudyError
from evallib.scoring import Evaluation, evaluate, rank, score_index
from evallib.study.load import Study, Year, inspect_study, read_study
from evallib.study.rules import Rules
from evallib.study.scheme import Node, Scheme
from evallib.study.units import members

__version__ = "0.1.0"

__all__ = [
    "DataError",
    "Evaluation",
    "Fault",
    "Node",
    "Rules",
    "Scheme",
    "Study",
    "StudyError",
    "Year",
    "evaluate",
    "inspect_study",
    "members",
    "rank",
    "read_study",
    "score_index",
]
