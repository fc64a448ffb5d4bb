"""Between two evaluations: what a mark came from, what is at risk, what another limit would do."""
