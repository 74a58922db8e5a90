"""Rules for families of approximate adders and multipliers and for their parameters."""

# ruff: noqa: E501 - a pattern is read best on one line

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache

from tpugen.arithmetic.registry import ADDERS, MULTIPLIERS, Family
from tpugen.spec.language.chart import Action, Found, Node, Rule, Statement, rules

__all__ = ["PARAMETER_RULES", "alias_words", "family_rules"]

_PAPER_SPELLINGS: Mapping[str, tuple[str, ...]] = {
    "loa": ("lower part or", "lower or"),
    "loawa": ("loa wa", "loa without and", "lower part or without and"),
    "approx5": ("approximate 5", "approximate mirror adder 5", "approximate mirror 5", "ama 5", "approximate mirror"),
    "heaa": ("hardware efficient approximate",),
    "oloca": ("optimised lower part constant or", "optimized lower part constant or"),
    "m_heaa": ("modified heaa",),
    "hoeraa": ("hardware optimised and error reduced approximate", "hardware optimized and error reduced approximate"),
    "hoaaned": ("hardware optimised near normal error distribution",),
    "herloa": ("hybrid error reduction lower part or",),
    "m_herloa": ("modified herloa",),
    "seta": ("simple and efficient truncation based", "simple efficient truncation based"),
    "lzta": ("lower part zero truncation", "lower zero truncation", "zero truncation"),
    "ldca": ("low delay constant",),
    "mitchell": ("mitchell log", "mitchell's", "mitchell's log", "mitchell logarithmic", "mitchell based log"),
    "drum": ("dynamic range unbiased",),
    "dsm": ("dynamic segment method", "dynamic segment"),
    "roba": ("rounding based approximate", "rounding based"),
    "ilm": ("improved log", "improved logarithmic"),
    "udm": ("underdesigned", "under designed", "kulkarni's"),
    "bam": ("broken array",),
    "asm": ("alphabet set",),
    "eim": ("error tolerant inexact",),
    "dr_alm": ("dynamic range approximate log",),
    "ssm": ("static segment method", "static segment"),
    "tosam": ("truncation and rounding based scalable approximate", "truncation and rounding based"),
    "letam": ("low energy truncation based approximate", "low energy truncation based"),
    "rad": ("hybrid high radix encoded", "high radix"),
}
"""How papers spell the families, besides the registry's names, titles and synonyms."""

_STRUCTURE_SPELLINGS: Mapping[str, tuple[str, ...]] = {
    "ripple_carry": ("ripple carry", "ripple", "carry ripple", "rca"),
    "carry_lookahead": ("carry lookahead", "carry look ahead", "lookahead", "look ahead", "cla"),
    "carry_select": ("carry select", "csla"),
    "kogge_stone": ("kogge stone", "kogge and stone", "kogge", "ks prefix"),
    "brent_kung": ("brent kung", "brent and kung", "brent", "bk prefix"),
    "array": ("array", "carry save array", "ripple array", "braun", "braun array"),
    "booth_radix4": ("booth", "radix 4 booth", "booth radix 4", "modified booth", "booth encoded", "booth recoded"),
    "wallace": ("wallace", "wallace tree"),
    "dadda": ("dadda", "dadda tree"),
}
"""How users spell the structures of exact units."""

# Words of everyday English or of many meanings: a family only beside "adder" or "multiplier".
_NEEDS_NOUN = frozenset(
    ("exact", "accurate", "precise", "log", "zero truncation", "high radix", "lower or", "dynamic segment",
     "static segment", "rounding based", "approximate mirror", "rad", "asm", "underdesigned", "array", "ripple",
     "lookahead", "look ahead", "rca", "cla", "csla", "ripple array")
)  # fmt: skip


def _canonical(alias: str) -> str:
    """An alias as patterns see it: letters and digits apart, hyphens and underscores as gaps."""
    return " ".join(re.findall(r"[a-z']+|\d+", alias.lower()))


@cache
def _aliases(role: str) -> Mapping[str, tuple[str, str | None]]:
    """Alias to family and, for exact units, structure, for one role."""
    from tpugen.spec.language.vocabulary import LEMMAS

    def lemmas(spelling: str) -> str:
        return " ".join(LEMMAS.get(word, word) for word in _canonical(spelling).split())

    table: Mapping[str, Family] = ADDERS if role == "adder" else MULTIPLIERS
    aliases: dict[str, tuple[str, str | None]] = {}
    for family in table.values():
        spellings = (family.name, family.title, *family.synonyms, *_PAPER_SPELLINGS.get(family.name, ()))
        for spelling in spellings:
            aliases.setdefault(lemmas(spelling), (family.name, None))
        for structure in family.structures:
            for spelling in _STRUCTURE_SPELLINGS[structure]:
                aliases.setdefault(lemmas(spelling), (family.name, structure))
                aliases.setdefault(lemmas(f"exact {spelling}"), (family.name, structure))
    for digits in ("64", "256", "1024"):  # RAD<radix> is matched with its number
        aliases.pop(f"rad {digits}", None)
    return aliases


@cache
def alias_words() -> frozenset[str]:
    """Every word in an alias: right as it is, never a typo."""
    return frozenset(word for role in ("adder", "multiplier") for alias in _aliases(role) for word in alias.split())


@cache
def family_rules() -> list[Rule]:
    """One rule per role for names with their noun, one for names that need none."""
    level: list[Rule] = [Rule(r"rad(?: |_)(?P<radix>{N})(?P<noun>(?: approximate)? multiplier)?", _radix)]
    for role in ("multiplier", "adder"):
        noun = "(?:multiplier)" if role == "multiplier" else "(?:adder|accumulator adder)"
        other = "adder" if role == "multiplier" else "multiplier"
        alternatives = sorted(_aliases(role), key=len, reverse=True)
        every = "|".join(map(re.escape, alternatives)).replace("\\ ", " ")
        alone = "|".join(re.escape(alias) for alias in alternatives if alias not in _NEEDS_NOUN).replace("\\ ", " ")
        middle = "(?: (?:approximate|log|type|based|style|family|low power|low precision|array|unsigned|signed)){0,3}"
        early = "(?:approximate |low power |log ){0,2}"
        number = r"(?P<numbers>(?: |_)(?P<n1>{N})(?: , (?P<n2>{N}))?(?! (?:{X}|bit|row|col|pe|mac|mhz|ghz|ns|lsb|(?:approximate|accurate|exact|lower|low|inexact)(?: lower| low)? (?:bit|lsb))))?"
        level.append(Rule(f"{early}(?P<alias>{every}){number}{middle} {noun}(?: unit)?", _family(role, noun=True)))
        level.append(
            Rule(
                f"{early}(?P<alias>{alone}){number}(?: approximate)?(?! (?:approximate )?{other})",
                _family(role, noun=False),
            )
        )
        apart = "(?: {SIGN}| approximate){0,1} (?:{N} bit|{N} {X} {N}(?: bit)?|int {N}|uint {N})(?: {SIGN}| approximate){0,2}"
        level.append(Rule(f"{early}(?P<alias>{every})(?={apart} {noun})", _family(role, noun=True)))
        stated = "(?: (?:[khtm]|vbl|hbl) (?:= )?{N}(?: ,)?){1,2}(?: approximate)?"  # "RAD (k=6) approximate multiplier"
        level.append(Rule(f"{early}(?P<alias>{every})(?={stated} {noun})", _family(role, noun=True)))
        level.append(
            Rule(
                rf"{role} (?:(?:=|:|is) )?(?:(?:family|type|unit|design|architecture|kind|scheme) )?(?:(?:{{EQ}}|type|based on|using|from) ){{0,2}}{early}"
                rf"(?P<alias>{every}){number}(?: (?:family|type|design|architecture|approximate))?(?! (?:adder|multiplier|unit))",
                _family(role, noun=True),
            )
        )
    level.append(Rule(r"(?:exact|accurate|precise) (?:arithmetic|unit)", _exact_both))
    level.append(Rule(r"(?:exact|accurate|precise) multiplier (?:and|,|/|&) (?:exact )?adder", _exact_both))
    level.append(Rule(r"(?:exact|accurate|precise) adder (?:and|,|/|&) (?:exact )?multiplier", _exact_both))
    return level


def _family(role: str, *, noun: bool) -> Action:
    def action(found: Found) -> Node | None:
        alias = " ".join(re.split("[ _|]-?[ _|]?", found.text("alias")))
        name, structure = _aliases(role).get(" ".join(alias.replace("-", " ").split()), (None, None))
        if name is None or (structure == "array" and found.word_before() == "systolic"):
            return None
        table: Mapping[str, Family] = ADDERS if role == "adder" else MULTIPLIERS
        parameters = table[name].parameters
        numbers = [found.value(group) for group in ("n1", "n2") if found.text(group)]
        if len(numbers) > len(parameters):
            return None
        found.also(found.say(role, name))
        if structure is not None:
            found.also(found.say(f"{role}.structure", structure))
        for parameter, number in zip(parameters, numbers, strict=False):
            found.also(found.say("name_number", (role, parameter.name, number)))
        component = "MULT" if role == "multiplier" else "ADDER"
        found.also(found.say("kind", component if noun else f"{component}FAMILY"))
        return found.node("FAMILY", (role, name))

    return action


def _radix(found: Found) -> Node | None:
    radix = found.value("radix")
    if not isinstance(radix, int) or radix < 2 or radix & (radix - 1):
        return None
    bits = radix.bit_length() - 1
    found.also(found.say("multiplier", "rad"))
    found.also(found.say("multiplier.k", bits, f"RAD{radix} encodes {bits} bits in its digit of radix 2^{bits}"))
    found.also(found.say("kind", "MULT" if found.text("noun") else "MULTFAMILY"))
    return found.node("FAMILY", ("multiplier", "rad"))


def _exact_both(found: Found) -> Node:
    found.also(found.say("multiplier", "exact"))
    found.also(found.say("adder", "exact"))
    return found.node("FAMILY", ("both", "exact"))


def _parameter(found: Found) -> list[Statement]:
    return [found.say("parameter", (found.text("p"), found.value("n")))]


def _named_parameter(name: str) -> Action:
    def action(found: Found) -> list[Statement]:
        return [found.say("parameter", (name, found.value("n")))]

    return action


def _described(found: Found) -> list[Statement]:
    """`6 accurate bits`: the first parameter of the family before it, if its meaning fits the words."""
    words = frozenset(node.symbol for node in found.nodes)
    return [found.say("described_parameter", (found.value("n"), words))]


def _low(found: Found) -> list[Statement]:
    """`ORs the lowest 4 bits`: whatever is done to them, they are not accurate."""
    return [found.say("described_parameter", (found.value("n"), frozenset(("lower", "inexact"))))]


def _described_kept(found: Found) -> list[Statement]:
    """`4 bits kept`."""
    return [found.say("described_parameter", (found.value("n"), frozenset(("accurate",))))]


def _coefficient(found: Found) -> list[Statement]:
    role = "adder" if found.text("role") == "adder" else "multiplier"
    return [found.say("coefficient", (role, found.value("n")))]


_LOST = (
    r"(?:approximate|ored|or ed|truncated|inexact|zero|zeros|zeroes|zeroed|constant|ones|dropped|cut|ignored|omitted)"
)
_INEXACT = r"(?:log|accurate|exact|approximate|lower|low|least|significant|truncated|or|ored|segment|fraction|precise|imprecise|last|lower part|leading|order|most|k)"
_IS = r"(?:=|:|of|is|being|equals|equal|equal to|set to|set at|to|as)"

PARAMETER_RULES = rules(
    (r"(?P<p>[khtm])_(?P<n>{N})(?![_a-z])", _parameter),
    (r"(?P<n>{N}) bit (?:are |is |being )?(?:kept|retained)", _described_kept),
    (r"(?:(?:that|which) )?(?:keeping|keeps|retaining|retains|truncating to) (?:(?:leading|top|most significant|upper) )?(?P<n>{N}) bit(?! (?:total|running|sum|accumulator|partial|result|output|product|weight|activation|input))", _described),
    (rf"(?:lower|approximate|inexact|low|or) part (?:{_IS} )?(?P<n>{{N}}) bit", _described),
    (rf"(?:parameter )?(?P<p>vbl|hbl) (?:{_IS} )?(?P<n>{{N}})", _parameter),
    (r"(?P<p>vbl|hbl)_(?P<n>{N})", _parameter),
    (rf"(?:with |parameter |and |using )?(?P<p>[khtm]) {_IS} (?P<n>{{N}})(?! (?:row|col))", _parameter),
    (r"(?:with|parameter|and|using|,) (?P<p>[khtm]) (?P<n>{N})(?! (?:{X}|bit|row|col))", _parameter),
    (rf"(?:vertical )?break(?:ing)?(?: level| line)? (?:\(? ?vbl )?(?:(?:{_IS}|at) )?(?P<n>{{N}})", _named_parameter("vbl")),
    (rf"horizontal break(?:ing)?(?: level| line)? (?:\(? ?hbl )?(?:(?:{_IS}|at) )?(?P<n>{{N}})", _named_parameter("hbl")),
    (rf"(?:with |of |having )?(?P<n>{{N}})(?: {_INEXACT}){{1,4}}(?: part)? bit(?: position)?(?: kept)?", _described),
    (r"(?:with )?(?P<n>{N}) (?:approximate |lower )?(?:lsb|lsbs)(?: approximate)?", _described),
    (r"(?:with )?(?P<n>{N}) bit (?:segment|fragment|lower part|approximate part|approximate lower part|accurate part)", _described),
    (rf"segment (?:size|width|length|bit) (?:{_IS} )?(?P<n>{{N}})(?: bit)?", _described),
    (r"(?:segment|fragment) (?:of|with|=|:|is) (?P<n>{N}) bit", _described),
    (rf"(?:approximate|approximation|lower part|lower) (?:level|degree|factor|parameter|width|bit|length|size) (?:{_IS} )?(?P<n>{{N}})(?: bit)?", _described),
    (r"(?:approximate|truncate|truncates|truncating|or|ors|oring|zero|zeroes|zeroing|drop|drops|ignore|ignores|cut|cuts) (?:(?:in|on|over|off) )?(?:lower|low|last|least significant|lowest|bottom) (?P<n>{N}) bit", _low),
    (rf"(?:lower|lowest|low|bottom|last|least significant) (?P<n>{{N}}) bit (?:are |is |being |become |get )?(?:(?:simply|always|set to|replaced by|merely) ){{0,2}}{_LOST}", _low),
    (rf"(?P<n>{{N}}) of (?:them|which) (?:(?:are|is|being) )?{_LOST}", _low),
    (r"(?P<n>{N}) [a-z]{3,12} bit at (?:bottom|low end|lower end|lsb end)", _low),
    (rf"(?:lower|lowest|low|bottom|last|least significant) (?P<n>{{N}})(?: of (?:which|them))? (?:are|is|being) {_LOST}", _low),
    (rf"(?:low precision |precision |approximate |approximation |error ){{0,2}}(?:(?P<role>multiplier|adder)(?: approximate| precision)? )?coefficient (?:(?:{_IS}|as) )?(?P<n>{{N}})", _coefficient),
)  # fmt: skip
