"""Faults put into a valid study on purpose: how each run ends, judged without a look at the case."""
