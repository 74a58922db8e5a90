"""Budgets, prices and what was spent."""

from __future__ import annotations

import pytest

from tpugen.errors import BudgetExhaustedError, ChatModelError, RequestError
from tpugen.writers.budget import FREE, NO_BUDGET, Budget, Prices, Spending


@pytest.mark.parametrize(
    ("text", "budget"),
    [
        ("20000 tokens, 10 min, 0.50 usd", Budget(20000, 600.0, 0.5)),
        ("$0.5; 90s; 20k tokens", Budget(20000, 90.0, 0.5)),
        ("1.5k tok and 2h", Budget(1500, 7200.0)),
        ("20,000 tokens", Budget(20000)),
        ("1M tokens 10m $2", Budget(1_000_000, 600.0, 2.0)),
        ("0.5$", Budget(usd=0.5)),
        ("1 token + 1 second + 1 dollar", Budget(1, 1.0, 1.0)),
        (".25 USD", Budget(usd=0.25)),
        ("0 tokens", Budget(0)),
        ("0", Budget(0, 0.0, 0.0)),
        (" 0.0 ", Budget(0, 0.0, 0.0)),
    ],
)
def test_budgets_in_words(text: str, budget: Budget):
    assert Budget.parse(text) == budget


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "it names no limit"),
        (" , ", "it names no limit"),
        ("5", "'5' has no unit that is known (tokens, s, min, h, usd)"),
        ("20k", "'20k' has no unit that is known (tokens, s, min, h, usd)"),
        ("10 parsecs", "'10 parsecs' has no unit that is known (tokens, s, min, h, usd)"),
        ("2h 30 min", "it limits seconds twice"),
        ("1 usd, $2", "it limits usd twice"),
        ("-3 s", "'-3 s' is no amount"),
        ("nan s", "'nan s' is no amount"),
        ("20k tokens please", "'please' is no amount"),
        ("1.5 tokens", "'1.5 tokens' is no whole number of tokens"),
        ("$5 tokens", "'$5 tokens' is neither money nor tokens"),
        ("9" * 30 + " tokens", f"'{'9' * 30} tokens' is beyond any use; leave the limit out"),
        ("1e9 tokens", "'1e' has no unit that is known (tokens, s, min, h, usd)"),
    ],
)
def test_budgets_that_cannot_be_read(text: str, why: str):
    with pytest.raises(RequestError) as caught:
        Budget.parse(text)
    assert caught.value.message == f"budget {text!r} cannot be read: {why}"
    assert '"20000 tokens, 10 min, 0.50 usd"' in str(caught.value.hint)
    assert caught.value.exit_code == 2


@pytest.mark.parametrize("amount", [{"tokens": -1}, {"seconds": float("inf")}, {"usd": float("nan")}])
def test_amounts_that_make_no_sense(amount: dict[str, float]):
    with pytest.raises(RequestError, match="makes no sense: at least 0 is expected"):
        Budget(**amount)  # type: ignore[arg-type]


def test_a_budget_reads_what_it_writes():
    budget = Budget(20000, 90.5, 0.25)
    assert str(budget) == "20000 tokens, 90.5 s, 0.25 usd"
    assert Budget.parse(str(budget)) == budget
    assert str(NO_BUDGET) == "no limit"
    assert budget.limited and Budget(tokens=0).limited and not NO_BUDGET.limited


def test_prices():
    prices = Prices.parse(" 0.4, 1.6 ")
    assert prices == Prices(0.4, 1.6)
    assert prices.cost_usd(500_000, 250_000) == pytest.approx(0.6)
    assert FREE.cost_usd(10**9, 10**9) == 0
    assert Prices.from_environment({}) is None
    assert Prices.from_environment({"TPUGEN_PRICES": "1,2"}) == Prices(1, 2)


@pytest.mark.parametrize("text", ["", "1", "1,2,3", "-1,2", "a,b", "1,inf", "1,nan"])
def test_prices_that_cannot_be_read(text: str):
    with pytest.raises(RequestError, match="cannot be read") as caught:
        Prices.parse(text)
    assert "US dollars for a million tokens" in str(caught.value.hint)


def test_prices_of_the_environment_that_cannot_be_read_name_the_variable():
    with pytest.raises(RequestError) as caught:
        Prices.from_environment({"TPUGEN_PRICES": "cheap"})
    assert caught.value.message == "TPUGEN_PRICES: prices 'cheap' cannot be read"


@pytest.mark.parametrize(
    ("budget", "words"),
    [
        (NO_BUDGET, None),
        (Budget(301, 11, 0.6), None),
        (Budget(tokens=300), "300 of 300 tokens are used"),
        (Budget(seconds=10), "10.0 of 10 s are used"),
        (Budget(usd=0.5), "0.5000 of 0.5 usd are used"),
        (Budget(tokens=0), "300 of 0 tokens are used"),
    ],
)
def test_what_is_used_up(budget: Budget, words: str | None):
    assert Spending(prompt_tokens=200, reply_tokens=100, seconds=10.0, usd=0.5).exhausted(budget) == words


@pytest.mark.parametrize("budget", [Budget(tokens=0), Budget(seconds=0), Budget(usd=0), Budget.parse("0")])
def test_a_budget_of_zero_is_used_up_before_anything(budget: Budget):
    assert Spending().exhausted(budget) is not None


def test_spending_in_words():
    assert str(Spending()) == "0 exchanges: 0 tokens, 0.0 s, 0.0000 usd"
    spending = Spending(90, 10, 2.5, None, exchanges=1, cached=2, estimated=True)
    assert str(spending) == "1 exchange and 2 cached: about 100 tokens, 2.5 s"


def test_a_used_up_budget_ends_like_a_failed_chat_model():
    assert issubclass(BudgetExhaustedError, ChatModelError) and BudgetExhaustedError("x").exit_code == 4
