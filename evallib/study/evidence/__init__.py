"""What was observed, letter by letter and probe by probe, and the marks that rules make of it."""
