"""Language models by name: GPT-2, OPT, LLaMA, BitNet b1.58, or the path of a Hugging Face config.json."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Mapping
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

from tpugen.errors import UnknownNameError
from tpugen.model.workloads.config_json import language_model_from_config
from tpugen.model.workloads.language_model import LanguageModel

__all__ = ["find_language_model", "language_model_names"]

# What releases append to a model's name without changing its sizes.
_RELEASE = re.compile(r"-(?:hf|bf16|gguf|instruct|chat|it|base)(?=-|$)")


def language_model_names() -> tuple[str, ...]:
    """Names of the built-in models, in the order of their families and sizes."""
    return tuple(_models())


def find_language_model(name: str | Path) -> LanguageModel:
    """The model of that name, or of that config.json.

    Args:
        name: A built-in name (`opt-6.7b`; case, spaces, `-` and `_` do not matter), a Hugging Face identifier of one
            (`facebook/opt-6.7b`), or the path of a config.json or of the folder that holds one. Built-in names win.

    Raises:
        UnknownNameError: if it is none of them; the hint holds the nearest names.
        RequestError: if the config.json is wrong.
    """
    text = str(name).strip()
    if isinstance(name, str) and (known := _spellings().get(_normal(text))):
        return _models()[known]
    path = Path(text)
    # os.path.exists, since Path.exists raises for names too long for a file.
    if isinstance(name, Path) or path.suffix.lower() == ".json" or os.path.exists(text):  # noqa: PTH110
        return language_model_from_config(path)
    raise UnknownNameError(f"no language model {_short(text)} is known", hint=_suggestion(text))


def _suggestion(text: str) -> str:
    from difflib import get_close_matches

    spellings = _spellings()
    close = get_close_matches(_normal(text), spellings, n=6, cutoff=0.6)
    names = list(dict.fromkeys(spellings[match] for match in close))[:3]
    known = f"closest: {', '.join(names)}" if names else f"known: {', '.join(_models())}"
    return f"{known}; or give the path of a Hugging Face config.json"


def _normal(name: str) -> str:
    """Without owner, case, separators and the release's suffixes."""
    last = re.sub(r"[\s_]+", "-", name.rsplit("/", 1)[-1].lower()).replace("b1-58", "b1.58")
    return _RELEASE.sub("", last).replace("-", "")


@cache
def _models() -> Mapping[str, LanguageModel]:
    data = _data()
    return {name: _model(name, data["families"][own["family"]] | own) for name, own in data["models"].items()}


@cache
def _spellings() -> Mapping[str, str]:
    return {
        _normal(spelling): name
        for name, own in _data()["models"].items()
        for spelling in (name, *own.get("aliases", ()))
    }


@cache
def _data() -> dict[str, Any]:
    file = resources.files("tpugen.model") / "data" / "language_models.toml"
    return tomllib.loads(file.read_text(encoding="utf-8"))


def _model(name: str, values: Mapping[str, Any]) -> LanguageModel:
    derived = {"name": name, "kv_heads": values["heads"], "head_dim": values["d_model"] // values["heads"]}
    return LanguageModel(**{key: value for key, value in (derived | dict(values)).items() if key != "aliases"})


def _short(text: str) -> str:
    shown = repr(text)
    return shown if len(shown) <= 80 else shown[:77] + "..."
