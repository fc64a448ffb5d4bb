"""Start a study, start a year of it with score sheets for assessors, and see what is missing."""

from evallib.start.folders import new_params, new_study, new_year
from evallib.start.progress import Progress, what_is_missing, year_progress

__all__ = ["Progress", "new_params", "new_study", "new_year", "what_is_missing", "year_progress"]
