"""Outside tools and technology libraries: lint drivers, synthesis, timing and power, the sandbox.

One driver per tool, all of one shape: the tool is required in an accepted version (`tools`), the command or script is a
pure function, one bounded process runs it (`process`), and its text is parsed into typed results.
"""

from __future__ import annotations

__all__: list[str] = []
