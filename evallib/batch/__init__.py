"""Notebooks x studies x years through papermill, on local threads or a Dask cluster."""

from evallib.batch.outcome import Outcome, RunError
from evallib.batch.plan import Run, declared_parameters, read_run
from evallib.batch.pool import open_executor
from evallib.batch.run import run, run_all

__all__ = [
    "Outcome",
    "Run",
    "RunError",
    "declared_parameters",
    "open_executor",
    "read_run",
    "run",
    "run_all",
]
