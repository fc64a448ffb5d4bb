"""Notebooks x studies x years through papermill, on local threads or a Dask cluster."""

from evallib.batch.outcome import Outcome, RunError
from evallib.batch.plan import Run, declared_parameters, read_run
from evallib.batch.run import run, run_all

__all__ = ["Outcome", "Run", "RunError", "declared_parameters", "read_run", "run", "run_all"]
