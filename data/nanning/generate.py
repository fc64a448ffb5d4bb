"""Makes the reconstructed panel of this study, or another one by seed.

    python data/nanning/generate.py                        rewrites the committed files
    python data/nanning/generate.py --seed 7 --out FOLDER  writes another panel with tidy marks

Nothing here is a fact about an office: the marks are made to fit the printed letter of 2020.
The evidence (letters, probes, ...) gives exactly the marks of the measured leaves.
Hand-written files (scheme, units, rules, measures, layout, the two supplementary sheets, the tables
`generator/hand_*.csv`) are read and never written.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from generator.facts import FOLDER, SEED
from generator.output import committed, measured, tidy, write
from generator.panel import panel


def main(arguments=None):
    """Write the committed files, or the panel of another seed to a folder."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seed", type=int, default=SEED, help="seed of the panel")
    parser.add_argument("--out", type=Path, help="folder for a panel with tidy marks")
    parser.add_argument("--into", type=Path, default=FOLDER, help="where the committed files go")
    chosen = parser.parse_args(arguments)
    if chosen.out:
        panels = panel(chosen.seed)
        write(tidy(panels) | measured(panels, chosen.seed), chosen.out)
    elif chosen.seed != SEED:
        parser.error("another seed needs --out: the committed files belong to one seed")
    else:
        write(committed(panel(SEED)), chosen.into)


if __name__ == "__main__":
    main()
