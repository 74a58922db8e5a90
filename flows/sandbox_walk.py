"""One module of a source, walked once with its parameters' values: what it declares, repeats and instantiates."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from tpugen.flows.sandbox_constants import HUGE, evaluate, passes
from tpugen.flows.sandbox_place import Place
from tpugen.flows.verilog_tokens import CLOSING, OPENING, Token, closing, split

__all__ = [
    "LARGEST_DECLARATION_BITS", "LARGEST_LOOP", "LARGEST_VECTOR_BITS", "Contents", "Module", "ModuleWalker",
    "modules_in",
]  # fmt: skip

LARGEST_VECTOR_BITS = 1_000_000
"""Bits of one vector, elements of one memory, copies of one repetition."""

LARGEST_DECLARATION_BITS = 1 << 27
"""Bits of all elements of one memory together."""

LARGEST_LOOP = 1_000_000
"""Passes of loops within loops, in a block or in a generate."""

_DEEPEST_NESTING = 100
_DECLARING = frozenset(
    "wire reg integer input output genvar logic bit byte int shortint longint".split()  # noqa: SIM905
)
_QUALIFIERS = _DECLARING | {"signed", "unsigned", "parameter", "localparam", "automatic", "var"}
_STRUCTURE = frozenset(
    "begin end for if else case casex casez endcase generate endgenerate function endfunction task endtask".split()  # noqa: SIM905
)


@dataclass(frozen=True)
class Module:
    """A module as it is written: name, file, line, and the tokens of its parameters, ports and body."""

    name: str
    file: str
    line: int
    header: Sequence[Token]
    ports: Sequence[Token]
    body: Sequence[Token]


@dataclass
class Contents:
    """What one module holds under given parameters: what is refused in it, and its instances."""

    places: list[Place] = field(default_factory=list)
    instances: list[tuple[str, dict[str, int | None], int, int]] = field(default_factory=list)
    """Module, parameters, copies, line."""


def modules_in(file: str, tokens: Sequence[Token]) -> Iterator[Module]:
    """The modules of a file, in order."""
    index = 0
    while index < len(tokens):
        if tokens[index].text not in ("module", "macromodule") or tokens[index].kind != "identifier":
            index += 1
            continue
        start = index
        index += 1
        if index >= len(tokens):
            return
        name = tokens[index].text
        index += 1
        header: Sequence[Token] = ()
        ports: Sequence[Token] = ()
        if index + 1 < len(tokens) and tokens[index].text == "#" and tokens[index + 1].text == "(":
            end = closing(tokens, index + 1)
            header, index = tokens[index + 2 : end], end + 1
        if index < len(tokens) and tokens[index].text == "(":
            end = closing(tokens, index)
            ports, index = tokens[index + 1 : end], end + 1
        end = index
        while end < len(tokens) and tokens[end].text != "endmodule":
            end += 1
        yield Module(name, file, tokens[start].line, header, ports, tokens[index:end])
        index = end + 1


class ModuleWalker:
    """Walks a module's tokens once, with its parameters' values."""

    def __init__(self, module: Module, parameters: Mapping[str, int | None], modules: frozenset[str]) -> None:
        self.contents = Contents()
        self.modules = modules
        self.tokens = module.body
        self.names: dict[str, int] = {}
        self._position = 0
        self._dead = 0
        self._depth = 0
        self._loops = 1
        self._given = parameters
        self._parameters(module.header, overridable=True)
        self._ranges(module.ports)
        index = 0
        while index < len(self.tokens):
            index = max(index + 1, self._item(index))

    def _tell(self, rule: str, message: str, line: int, hint: str) -> None:
        if not self._dead:
            self.contents.places.append(Place(rule, message, line, hint))

    def _value(self, tokens: Sequence[Token]) -> int | None:
        try:
            return evaluate(tokens, self.names)
        except ZeroDivisionError:
            self._tell("division-by-zero", "a constant is divided by zero", tokens[0].line, "guard the division")
            return None

    # Declarations

    def _parameters(self, tokens: Sequence[Token], *, overridable: bool) -> None:
        for piece in split(tokens, ","):
            equal = next((i for i, token in enumerate(piece) if token.text == "="), None)
            if equal is None or equal == 0:
                continue
            self._ranges(piece[:equal])
            name = piece[equal - 1].text
            key = name if name in self._given else f"#{self._position}"
            self._position += overridable
            value = self._given[key] if overridable and key in self._given else self._value(piece[equal + 1 :])
            if value is None:
                self.names.pop(name, None)
            else:
                self.names[name] = value

    def _ranges(self, tokens: Sequence[Token]) -> None:
        """Checks `[a:b]` and repetitions `{n{...}}`, and the product of the ranges around one name."""
        product = 1
        index = 0
        while index < len(tokens):
            token = tokens[index]
            if token.text == "[":
                end = closing(tokens, index)
                size = self._range(tokens[index + 1 : end], token.line)
                before, product = product, min(HUGE, product * (size or 1))
                if before <= LARGEST_DECLARATION_BITS < product and before > 1:
                    message = f"a memory of {_short(product)} bits, more than {LARGEST_DECLARATION_BITS}, is refused"
                    self._tell("size", message, token.line, "use a smaller memory")
                index = end
            elif token.text == "{":
                self._repetition(tokens, index)
            elif token.text in (",", ";", "="):
                product = 1
            index += 1

    def _range(self, tokens: Sequence[Token], line: int) -> int | None:
        halves = split(tokens, ":")
        if len(halves) != 2 or not halves[0] or not halves[1] or any(t.text == "?" for t in tokens):
            return None
        high, low = self._value(halves[0]), self._value(halves[1])
        if high is None or low is None:
            return None
        size = abs(high - low) + 1
        if size > LARGEST_VECTOR_BITS:
            message = f"a range of {_short(size)}, more than {LARGEST_VECTOR_BITS}, is refused"
            self._tell("size", message, line, "use a smaller vector or memory")
        return size

    def _repetition(self, tokens: Sequence[Token], index: int) -> None:
        inner = index + 1
        depth = 0
        while inner < len(tokens) and inner < index + 200:
            text = tokens[inner].text
            if text == "{" and depth == 0:
                break
            if text in (",", ";", "}") and depth == 0:
                return
            depth += (text in ("(", "[")) - (text in (")", "]"))
            inner += 1
        else:
            return
        count = self._value(tokens[index + 1 : inner]) if inner > index + 1 else None
        if count is not None and count > LARGEST_VECTOR_BITS:
            message = f"{_short(count)} copies in a repetition, more than {LARGEST_VECTOR_BITS}, are refused"
            self._tell("size", message, tokens[index].line, "use a narrower vector")

    # Items

    def _item(self, index: int) -> int:
        """Takes one item or statement; returns the index after it."""
        token = self.tokens[index]
        text = token.text
        if token.kind != "identifier":
            return self._other(index)
        if text in ("parameter", "localparam"):
            end = self._end_of_statement(index)
            self._parameters(self.tokens[index + 1 : end], overridable=text == "parameter")
            return end + 1
        if text == "begin":
            return self._block(index)
        if text == "for":
            return self._for(index)
        if text == "if":
            return self._if(index)
        if text in self.modules or self._is_instance(index):
            return self._instance(index)
        if text in _STRUCTURE:
            return index + 1
        return self._other(index)

    def _block(self, index: int) -> int:
        index += 1
        saved = dict(self.names)
        if index + 1 < len(self.tokens) and self.tokens[index].text == ":":
            index += 2
        while index < len(self.tokens) and self.tokens[index].text != "end":
            index = max(index + 1, self._item(index))
        self.names = saved
        return index + 1

    def _other(self, index: int) -> int:
        """A declaration, assignment or label: up to its semicolon, or to the next word of structure."""
        end = index
        depth = 0
        while end < len(self.tokens):
            text = self.tokens[end].text
            depth += (text in OPENING) - (text in CLOSING)
            if depth <= 0 and (text == ";" or (end > index and text in _STRUCTURE)):
                break
            end += 1
        self._ranges(self.tokens[index:end])
        at_semicolon = end < len(self.tokens) and self.tokens[end].text == ";"
        return end + 1 if at_semicolon else max(end, index + 1)

    def _end_of_statement(self, index: int) -> int:
        while index < len(self.tokens) and self.tokens[index].text != ";":
            index += 1
        return index

    def _if(self, index: int) -> int:
        """`if (...) item`, with every `else if` that follows: in a loop, for chains may be long."""
        decided = False
        while index + 1 < len(self.tokens) and self.tokens[index + 1].text == "(":
            end = closing(self.tokens, index + 1)
            condition = self._value(self.tokens[index + 2 : end])
            index = self._branch(end + 1, dead=decided or condition == 0)
            decided = decided or condition not in (None, 0)
            if index >= len(self.tokens) or self.tokens[index].text != "else":
                return index
            index += 1
            if index >= len(self.tokens) or self.tokens[index].text != "if":
                return self._branch(index, dead=decided)
        return index + 1

    def _branch(self, index: int, *, dead: bool) -> int:
        if index >= len(self.tokens):
            return index
        if self._depth > _DEEPEST_NESTING:
            self._tell("nesting", f"statements are nested more than {_DEEPEST_NESTING} deep", self.tokens[index].line,
                       "use case, or modules of their own")  # fmt: skip
            return len(self.tokens)
        self._dead += dead
        self._depth += 1
        index = self._item(index)
        self._depth -= 1
        self._dead -= dead
        return index

    def _for(self, index: int) -> int:
        if index + 1 >= len(self.tokens) or self.tokens[index + 1].text != "(":
            return index + 1
        end = closing(self.tokens, index + 1)
        parts = split(self.tokens[index + 2 : end], ";")
        count, variable = self._passes(parts, self.tokens[index].line)
        shadowed = self.names.pop(variable, None) if variable else None
        outside = self._loops
        self._loops = min(HUGE, outside * (1 if count is None else count))
        if self._loops > LARGEST_LOOP >= outside:
            message = f"loops with {_short(self._loops)} passes together, more than {LARGEST_LOOP}, are refused"
            self._tell("size", message, self.tokens[index].line, "use fewer passes")
        index = self._branch(end + 1, dead=count == 0)
        self._loops = outside
        if variable and shadowed is not None:
            self.names[variable] = shadowed
        return index

    def _passes(self, parts: Sequence[Sequence[Token]], line: int) -> tuple[int | None, str | None]:
        """How often a loop runs, and its variable; None where that is not known."""
        if len(parts) != 3:
            return None, None
        first, condition, step = parts
        start = [token for token in first if token.text not in _QUALIFIERS]
        variable = start[0].text if len(start) > 2 and start[1].text == "=" else None
        increment = self._step(step, variable)
        if not condition or not step or increment == 0:
            self._tell("endless-loop", "this for loop never comes to its end", line, "count up to a constant bound")
            return None, variable
        if variable is None:
            return None, None
        begin = self._value(start[2:])
        known = {name: value for name, value in self.names.items() if name != variable}
        if not any(token.text == variable for token in condition):
            return None, variable
        operator = condition[1].text if len(condition) > 2 and condition[0].text == variable else ""
        try:
            bound = evaluate(condition[2:], known) if operator else None
        except ZeroDivisionError:
            bound = None
        if begin is None or bound is None or increment is None:
            return None, variable
        count = passes(begin, operator, bound, increment)
        if count is not None and count >= HUGE:
            self._tell("endless-loop", "this for loop counts away from its bound", line, "count towards the bound")
        return count, variable

    def _step(self, tokens: Sequence[Token], variable: str | None) -> int | None:
        texts = [token.text for token in tokens]
        if variable is None or not texts or texts[0] != variable:
            return None
        if texts[1:] in (["+", "+"], ["-", "-"]):
            return 1 if texts[1] == "+" else -1
        if texts[1:] == ["=", variable]:
            return 0
        if len(texts) > 4 and texts[1:3] == ["=", variable] and texts[3] in ("+", "-"):
            amount = self._value(tokens[4:])
        elif len(texts) > 3 and texts[1] in ("+", "-") and texts[2] == "=":
            amount = self._value(tokens[3:])
            return None if amount is None else amount if texts[1] == "+" else -amount
        else:
            return None
        return None if amount is None else amount if texts[3] == "+" else -amount

    # Instances

    def _is_instance(self, index: int) -> bool:
        """`name #(` or `name instance (`: of a module that is not among the files."""
        following = self.tokens[index + 1 : index + 3]
        if len(following) < 2 or self.tokens[index].text in _STRUCTURE | _QUALIFIERS:
            return False
        named = following[0].kind == "identifier" and following[1].text == "("
        return (following[0].text == "#" and following[1].text == "(") or named

    def _instance(self, index: int) -> int:
        name, line = self.tokens[index].text, self.tokens[index].line
        module_index = index
        index += 1
        given: list[tuple[str | None, Sequence[Token]]] = []
        if index + 1 < len(self.tokens) and self.tokens[index].text == "#" and self.tokens[index + 1].text == "(":
            end = closing(self.tokens, index + 1)
            for piece in split(self.tokens[index + 2 : end], ","):
                dotted = len(piece) > 3 and piece[0].text == "."
                given.append((piece[1].text, piece[3:-1]) if dotted else (None, piece))
            index = end + 1
        end = self._end_of_statement(index)
        copies = self._loops
        if index + 1 < end and self.tokens[index + 1].text == "[":
            close = closing(self.tokens, index + 1)
            copies *= self._range(self.tokens[index + 2 : close], line) or 1
        self._ranges(self.tokens[index:end])
        if not self._dead and name in self.modules and module_index + 1 < end:
            values: dict[str, int | None] = {}
            for position, (parameter, tokens) in enumerate(given):
                values[parameter if parameter is not None else f"#{position}"] = self._value(tokens)
            self.contents.instances.append((name, values, copies, line))
        return end + 1


def _short(value: int) -> str:
    return str(value) if value < 10**15 else f"more than 10^{len(str(value)) - 1}"
