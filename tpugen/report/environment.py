"""How pages are rendered: escaped, strict about names, from the templates of this package."""

from __future__ import annotations

from importlib import resources
from typing import TYPE_CHECKING

from markupsafe import Markup

from tpugen.text import clean

if TYPE_CHECKING:
    from jinja2 import Environment

__all__ = ["PAGE_POLICY", "page_environment", "template_text"]

PAGE_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
"""Content security policy of every page: no script, and nothing from outside."""


def template_text(name: str) -> str:
    """A file of the templates' folder."""
    return (resources.files("tpugen.report.templates") / name).read_text(encoding="utf-8")


def _shown(value: object) -> object:
    """Every text that a template prints goes through `clean`; markup made by tpugen itself does not."""
    return clean(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def page_environment() -> Environment:
    """A new environment, to which a page adds its filters."""
    import jinja2  # only pages need it

    return jinja2.Environment(
        loader=jinja2.FunctionLoader(template_text),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_shown,
    )
