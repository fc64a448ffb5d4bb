"""nbformat, loaded in a third of its time.

On import jsonschema compiles a grammar of international web addresses where the package
``rfc3987_syntax`` can be had: a second, for a check that no notebook asks for.
"""

import sys

known = "rfc3987_syntax" in sys.modules
sys.modules.setdefault("rfc3987_syntax", None)
import nbformat  # noqa: E402

if not known:
    del sys.modules["rfc3987_syntax"]

__all__ = ["nbformat"]
