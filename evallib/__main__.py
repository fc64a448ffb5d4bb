"""``python -m evallib``: the same as the command ``evallib``."""

from evallib.cli import main

main()
