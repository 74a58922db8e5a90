"""What a chat model may cost: limits on tokens, time and money, prices, and what was spent so far.

Time is the time spent asking (retries and their waits included), not the time that gates take. What a cache answers
costs nothing.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass

from tpugen.errors import RequestError

__all__ = ["FREE", "NO_BUDGET", "PRICES_VARIABLE", "Budget", "Prices", "Spending"]

PRICES_VARIABLE = "TPUGEN_PRICES"

_TOKENS_PER_MTOK = 1_000_000
_SCALES = {"": 1, "k": 1_000, "m": 1_000_000}
_SECONDS = {
    "s": 1, "sec": 1, "secs": 1, "second": 1, "seconds": 1,
    "m": 60, "min": 60, "mins": 60, "minute": 60, "minutes": 60,
    "h": 3600, "hr": 3600, "hrs": 3600, "hour": 3600, "hours": 3600,
}  # fmt: skip
_LARGEST = 1e12
_MONEY = ("usd", "$", "dollar", "dollars")
_NUMBER = r"\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?|\.\d+"
_AMOUNT = re.compile(
    rf"""(?P<sign>\$)?\s*(?P<number>{_NUMBER})(?![\d.])\s*
         (?:(?P<scale>[km]?)\s*(?P<tokens>tokens?|toks?)\b
           |(?P<unit>[a-z]+|\$))?""",
    re.IGNORECASE | re.VERBOSE,
)
_SEPARATOR = re.compile(r"(?:\s|,|;|\+|and\b)*", re.IGNORECASE)
_EXAMPLE = (
    'write it as "20000 tokens, 10 min, 0.50 usd": each limit at most once, in any order; 0 lets nothing be asked'
)


@dataclass(frozen=True)
class Budget:
    """Limits on what a chat model may cost; None is no limit, 0 lets nothing be asked.

    Attributes:
        tokens: Of prompts and replies together.
        seconds: Spent asking.
        usd: US dollars.
    """

    tokens: int | None = None
    seconds: float | None = None
    usd: float | None = None

    def __post_init__(self) -> None:
        for name in ("tokens", "seconds", "usd"):
            value = getattr(self, name)
            if value is not None and not 0 <= value < float("inf"):
                raise RequestError(f"a budget of {value} {name} makes no sense: at least 0 is expected", hint=_EXAMPLE)

    @classmethod
    def parse(cls, text: str) -> Budget:
        """A budget from words such as `20k tokens, 10 min, 0.50 usd`, `90s`, `$0.5`; `0` is all zero.

        Raises:
            RequestError: no amount, an amount without a known unit, or one kind of limit twice.
        """
        if re.fullmatch(r"\s*0+(?:\.0+)?\s*", text):
            return cls(0, 0.0, 0.0)
        found: dict[str, float] = {}
        position = _past_separators(text, 0)
        while position < len(text):
            match = _AMOUNT.match(text, position)
            if match is None:
                raise _refused(text, f"{_excerpt(text, position)!r} is no amount")
            kind, value = _amount(text, match)
            if kind in found:
                raise _refused(text, f"it limits {kind} twice")
            found[kind] = value
            position = _past_separators(text, match.end())
        if not found:
            raise _refused(text, "it names no limit")
        return cls(int(found["tokens"]) if "tokens" in found else None, found.get("seconds"), found.get("usd"))

    @property
    def limited(self) -> bool:
        """Whether there is any limit."""
        return not (self.tokens is None and self.seconds is None and self.usd is None)

    def __str__(self) -> str:
        parts = []
        if self.tokens is not None:
            parts.append(f"{self.tokens} tokens")
        if self.seconds is not None:
            parts.append(f"{self.seconds:g} s")
        if self.usd is not None:
            parts.append(f"{self.usd:g} usd")
        return ", ".join(parts) or "no limit"


NO_BUDGET = Budget()


@dataclass(frozen=True)
class Prices:
    """What a model costs, in US dollars for a million tokens. There is no table of real models: it would rot."""

    input_usd_per_mtok: float
    output_usd_per_mtok: float

    @classmethod
    def parse(cls, text: str) -> Prices:
        """Prices from `INPUT,OUTPUT`, e.g. `0.4,1.6`.

        Raises:
            RequestError: not two numbers that are at least 0.
        """
        parts = [part.strip() for part in text.split(",")]
        if len(parts) != 2 or not all(re.fullmatch(r"\d+(?:\.\d*)?|\.\d+", part) for part in parts):
            raise RequestError(
                f"prices {text!r} cannot be read",
                hint="give two numbers, US dollars for a million tokens of input and of output, e.g. 0.4,1.6",
            )
        return cls(float(parts[0]), float(parts[1]))

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] | None = None) -> Prices | None:
        """Prices from the variable `TPUGEN_PRICES`; None where it is not set or empty.

        Raises:
            RequestError: it is set to something else.
        """
        text = (os.environ if environment is None else environment).get(PRICES_VARIABLE, "").strip()
        if not text:
            return None
        try:
            return cls.parse(text)
        except RequestError as error:
            raise RequestError(f"{PRICES_VARIABLE}: {error.message}", hint=error.hint) from None

    def cost_usd(self, prompt_tokens: int, reply_tokens: int) -> float:
        """US dollars for so many tokens."""
        return (prompt_tokens * self.input_usd_per_mtok + reply_tokens * self.output_usd_per_mtok) / _TOKENS_PER_MTOK


FREE = Prices(0.0, 0.0)
"""Models that run in this process."""


@dataclass
class Spending:
    """What was spent so far.

    Attributes:
        prompt_tokens: Tokens of prompts; estimated where a server gives no counts.
        reply_tokens: Tokens of replies; likewise.
        seconds: Time spent asking, with retries and their waits.
        usd: US dollars; None where prices are not known.
        exchanges: Replies that a model gave.
        cached: Replies that a cache gave, at no cost.
        estimated: Whether any count of tokens was estimated.
    """

    prompt_tokens: int = 0
    reply_tokens: int = 0
    seconds: float = 0.0
    usd: float | None = 0.0
    exchanges: int = 0
    cached: int = 0
    estimated: bool = False

    @property
    def tokens(self) -> int:
        """Tokens of prompts and replies together."""
        return self.prompt_tokens + self.reply_tokens

    def exhausted(self, budget: Budget) -> str | None:
        """Which limit of the budget is reached, in words; None while there is something left."""
        if budget.tokens is not None and self.tokens >= budget.tokens:
            return f"{self.tokens} of {budget.tokens} tokens are used"
        if budget.seconds is not None and self.seconds >= budget.seconds:
            return f"{self.seconds:.1f} of {budget.seconds:g} s are used"
        if budget.usd is not None and (self.usd or 0.0) >= budget.usd:
            return f"{self.usd or 0.0:.4f} of {budget.usd:g} usd are used"
        return None

    def __str__(self) -> str:
        about = "about " if self.estimated else ""
        cost = "" if self.usd is None else f", {self.usd:.4f} usd"
        cached = f" and {self.cached} cached" if self.cached else ""
        plural = "" if self.exchanges == 1 else "s"
        return f"{self.exchanges} exchange{plural}{cached}: {about}{self.tokens} tokens, {self.seconds:.1f} s{cost}"


def _amount(text: str, match: re.Match[str]) -> tuple[str, float]:
    number = float(match["number"].replace(",", ""))
    if number > _LARGEST:
        raise _refused(text, f"{_excerpt(match[0], 0)!r} is beyond any use; leave the limit out")
    unit = (match["unit"] or "").lower()
    if match["tokens"]:
        if match["sign"]:
            raise _refused(text, f"{match[0].strip()!r} is neither money nor tokens")
        tokens = number * _SCALES[(match["scale"] or "").lower()]
        if tokens != int(tokens):
            raise _refused(text, f"{match[0].strip()!r} is no whole number of tokens")
        return "tokens", tokens
    if match["sign"] and not unit:
        return "usd", number
    if unit in _MONEY:
        return "usd", number
    if unit in _SECONDS and not match["sign"]:
        return "seconds", number * _SECONDS[unit]
    raise _refused(text, f"{match[0].strip()!r} has no unit that is known (tokens, s, min, h, usd)")


def _past_separators(text: str, position: int) -> int:
    match = _SEPARATOR.match(text, position)
    return position if match is None else match.end()


def _excerpt(text: str, position: int) -> str:
    return text[position:].strip()[:40]


def _refused(text: str, why: str) -> RequestError:
    return RequestError(f"budget {text[:80]!r} cannot be read: {why}", hint=_EXAMPLE)
