"""Reads a user's contract: the header of one Verilog module with comments, strictly, into plain data.

    // Adds samples; the sum stays at the ends of its range.      (sentences: what the module does)
    // clock: clk_i, 100 MHz
    // reset: rst_ni, asynchronous, active low
    // latency: 1 cycle
    module saturating_accumulator (
      input  wire              clk_i,     // clock                (what the port carries)
      input  wire              rst_ni,    // reset
      input  wire signed [7:0] sample_i,  // sample to add
      output wire signed [9:0] sum_o      // sum of all samples since reset
    );

Nothing but this is taken: no parameters, no body, no macros. All that a contract can say wrongly is said with its line.
"""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass

from tpugen.errors import RequestError
from tpugen.spec.custom_remarks import Draft, Header, Remarks

__all__ = ["HEADER_LIMIT_BYTES", "read_header"]

HEADER_LIMIT_BYTES = 64 * 1024
"""Size of a contract."""

_PORTS_MAX = 256
_WIDTH_MAX_BITS = 4096
_RESERVED_PREFIX = "tpugen_"
_KEYWORDS = frozenset(
    """always and assign automatic begin buf case casex casez cell config deassign default defparam design disable edge
    else end endcase endconfig endfunction endgenerate endmodule endprimitive endspecify endtable endtask event for
    force forever fork function generate genvar if ifnone incdir include initial inout input instance integer join
    large liblist library localparam macromodule medium module nand negedge nmos nor noshowcancelled not notif0 notif1
    or output parameter pmos posedge primitive pull0 pull1 real realtime reg release repeat scalared showcancelled
    signed small specify specparam strong0 strong1 supply0 supply1 table task time tri tri0 tri1 triand trior trireg
    unsigned use vectored wait wand weak0 weak1 while wire wor xnor xor logic bit byte int""".split()  # noqa: SIM905
)
_HINT = "a contract is the header of one module, `module NAME (input wire ..., output wire ...);`, with comments"

_TOKEN = re.compile(
    r"""(?P<space>[ \t\r\f]+) | (?P<newline>\n) | (?P<comment>//[^\n]*) | (?P<block>/\*.*?\*/)
      | (?P<directive>`[^\n]*) | (?P<word>[A-Za-z_][A-Za-z0-9_$]*) | (?P<number>[0-9][0-9_]*)
      | (?P<symbol>[-+*()\[\]:;,\#=]) | (?P<other>.)""",
    re.VERBOSE | re.DOTALL,
)


@dataclass(frozen=True)
class _Token:
    kind: str
    text: str
    line: int


def read_header(text: str, name: str = "the contract") -> Header:
    """Read a contract.

    Args:
        text: The header.
        name: The file's name, for messages.

    Raises:
        RequestError: it is not the header of exactly one module, or says something that cannot be.
    """
    return _Reader(text, name).read()


class _Reader:
    """Tokens of one contract, and what was made of them."""

    def __init__(self, text: str, name: str) -> None:
        self.name = name
        size = len(text.encode("utf-8", errors="replace"))
        if size > HEADER_LIMIT_BYTES:
            raise RequestError(f"{name} holds {size:,} bytes; a contract may hold {HEADER_LIMIT_BYTES:,}", hint=_HINT)
        self.tokens = self._tokens(text)
        self.at = 0
        self.remarks: list[tuple[int, str]] = []  # comments since they were last asked for
        self.last_line = 0

    def error(self, line: int, message: str, hint: str = _HINT) -> RequestError:
        return RequestError(f"{self.name}:{line}: {message}", hint=hint)

    def _tokens(self, text: str) -> list[_Token]:
        tokens, line = [], 1
        for match in _TOKEN.finditer(text.removeprefix("\ufeff")):
            kind = str(match.lastgroup)
            if kind == "other":
                raise self.error(line, f"{match[0]!r} has no place in a contract")
            if kind not in ("space", "newline"):
                tokens.append(_Token(kind, match[0], line))
            line += match[0].count("\n")
        tokens.append(_Token("end", "the end of the file", line))
        return tokens

    # tokens, with comments put aside

    def peek(self) -> _Token:
        while self.tokens[self.at].kind in ("comment", "block", "directive"):
            token = self.tokens[self.at]
            self.at += 1
            if token.kind == "directive":
                if not re.match(r"`(default_nettype|timescale|resetall)\b", token.text):
                    raise self.error(token.line, f"{token.text.split()[0]} is refused: a contract has no macros")
                continue
            for number, words in enumerate(_words(token.text)):
                self.remarks.append((token.line + number, words))
        return self.tokens[self.at]

    def take(self) -> _Token:
        token = self.peek()
        self.at += token.kind != "end"
        self.last_line = token.line
        return token

    def expect(self, text: str, what: str) -> _Token:
        token = self.take()
        if token.text != text:
            raise self.error(token.line, f"found {token.text!r} where {what} is expected")
        return token

    def identifier(self, what: str) -> _Token:
        token = self.take()
        if token.kind != "word" or token.text in _KEYWORDS:
            raise self.error(token.line, f"found {token.text!r} where {what} is expected")
        if token.text.startswith(_RESERVED_PREFIX):
            raise self.error(token.line, f"names that begin with {_RESERVED_PREFIX} belong to the test bench")
        return token

    # the header

    def read(self) -> Header:
        first = self.peek()
        if first.kind == "end" and not self.remarks:
            raise RequestError(f"{self.name} is empty", hint=_HINT)
        self.expect("module", "`module`")
        said = Remarks(self.name, self.error, self.remarks)
        self.remarks = []
        module = self.identifier("the module's name")
        if self.peek().text == "#":
            raise self.error(
                self.peek().line, "parameters are refused", "write each width as a number: one contract, one design"
            )
        self.expect("(", "`(` and the ports")
        drafts = self._ports()
        self.expect(";", "`;` behind the ports")
        if self.peek().text == "endmodule":
            self.take()
        rest = self.peek()
        if rest.text == "module":
            raise self.error(rest.line, "a second module begins here; a contract is the header of one")
        if rest.kind != "end":
            raise self.error(rest.line, f"found {rest.text!r} behind the header: a contract has no body")
        return said.header(module.text, drafts)

    def _ports(self) -> list[Draft]:
        drafts: list[Draft] = []
        current: tuple[str, int, bool] | None = None
        if self.peek().text == ")":
            raise self.error(self.peek().line, "the module has no ports")
        while True:
            token = self.peek()
            if token.text == "inout":
                raise self.error(token.line, "inout ports are refused", "use an input and an output")
            if token.text in ("input", "output"):
                current = self._kind()
            elif current is None:
                raise self.error(
                    token.line,
                    f"port {token.text} has no direction",
                    "declare ports in the header: `input wire [7:0] a_i`",
                )
            self._comments_go_to(drafts)
            above = [words for _, words in self.remarks]
            self.remarks = []
            named = self.identifier("a port's name")
            if self.peek().text == "[":
                raise self.error(named.line, f"port {named.text} is an array", "use one packed vector")
            if any(draft.name == named.text for draft in drafts):
                raise self.error(named.line, f"port {named.text} is declared twice")
            drafts.append(Draft(named.line, current[0], named.text, current[1], current[2], above))
            after = self.take()
            if after.text == ")":
                self.peek()
                self._comments_go_to(drafts)
                break
            if after.text != ",":
                raise self.error(after.line, f"found {after.text!r} behind port {named.text}; `,` or `)` is expected")
            if len(drafts) >= _PORTS_MAX:
                raise self.error(after.line, f"more than {_PORTS_MAX} ports")
        return drafts

    def _comments_go_to(self, drafts: list[Draft]) -> None:
        """Comments on the line of the port before them are that port's; others belong to the one that follows."""
        self.peek()
        if drafts:
            same = [words for line, words in self.remarks if line == drafts[-1].line]
            if same:
                drafts[-1].comments = same
            self.remarks = [remark for remark in self.remarks if remark[0] != drafts[-1].line]

    def _kind(self) -> tuple[str, int, bool]:
        direction = self.take().text
        width, signed = 1, False
        while self.peek().text in ("wire", "reg", "logic", "signed", "unsigned"):
            signed |= self.take().text == "signed"
        if self.peek().text == "[":
            width = self._width()
            if self.peek().text == "[":
                raise self.error(self.peek().line, "a port of two dimensions is refused", "use one packed vector")
        return direction, width, signed

    def _width(self) -> int:
        line = self.take().line
        msb, lsb = self._number(":"), self._number("]")
        if lsb != 0 or msb < 0:
            raise self.error(line, f"the range [{msb}:{lsb}] is refused", "count bits down to 0, as in [7:0]")
        if msb >= _WIDTH_MAX_BITS:
            raise self.error(line, f"{msb + 1:,} bits are more than a port may have ({_WIDTH_MAX_BITS:,})")
        return msb + 1

    def _number(self, end: str) -> int:
        """A constant: digits, `+`, `-`, `*` and parentheses, up to `end`."""
        parts: list[str] = []
        line = self.peek().line
        while (token := self.take()).text != end:
            if token.kind == "word":
                raise self.error(token.line, f"the width names {token.text}", "write it as a number: [7:0]")
            if token.kind not in ("number", "symbol") or token.text in "[]:;,#=" or len(parts) > 30:
                raise self.error(token.line, f"found {token.text!r} in a range", "write it as a number: [7:0]")
            parts.append(token.text.replace("_", "").lstrip("0") or "0" if token.kind == "number" else token.text)
        try:
            return _evaluate(ast.parse(" ".join(parts), mode="eval").body)
        except (SyntaxError, ValueError, RecursionError):
            raise self.error(line, f"{' '.join(parts)!r} is not a number", "write it as a number: [7:0]") from None


def _words(comment: str) -> list[str]:
    """Lines of a comment, without its marks."""
    if comment.startswith("//"):
        return [comment.lstrip("/!").strip()]
    return [line.strip().strip("*").strip() for line in comment[2:-2].split("\n")]


def _evaluate(node: ast.expr) -> int:
    match node:
        case ast.Constant(value=int() as value) if abs(value) < 2**40:
            return value
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            return _evaluate(left) + _evaluate(right)
        case ast.BinOp(left=left, op=ast.Sub(), right=right):
            return _evaluate(left) - _evaluate(right)
        case ast.BinOp(left=left, op=ast.Mult(), right=right):
            return _evaluate(left) * _evaluate(right)
    raise ValueError
