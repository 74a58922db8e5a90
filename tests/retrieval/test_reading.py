"""Words for BM25, and reading Verilog without a parser."""

from __future__ import annotations

import pytest

from tpugen.retrieval.text import words
from tpugen.retrieval.verilog import blank_comments, instantiated_modules, module_header_of, module_spans
from tpugen.rtl_templates import load_library


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("16×8 array", ["16x8", "16", "8", "array"]),
        ("INT8, W4A8", ["int8", "int", "8", "w4a8", "w", "4", "a", "8"]),
        ("array_output_stationary", ["array_output_stationary", "array", "output", "stationary"]),
        ("please give me a thing", ["thing"]),
        ("", []),
        ("???", []),
    ],
)
def test_words(text: str, expected: list[str]):
    kept = [word for word in expected if not (len(word) == 1 and word.isalpha())]
    assert words(text) == kept


def test_comments_and_strings_are_blanked_in_place():
    text = 'a // module x;\n/* module\ny; */ b "module z;" c'
    blanked = blank_comments(text)
    assert len(blanked) == len(text) and blanked.count("\n") == text.count("\n")
    assert "module" not in blanked
    assert blanked.split() == ["a", "b", "c"]


def test_spans_of_modules_whole_and_cut_off():
    text = "module a; endmodule\nmodule b (input x);\n// endmodule\nmodule c; endmodule"
    assert [(span.name, span.complete) for span in module_spans(text)] == [("a", True), ("b", False), ("c", True)]


def test_the_header_of_every_library_module_is_found():
    for module in load_library().values():
        header = module_header_of(module.source, module.name)
        assert header.startswith(f"module {module.name}") and header.endswith(");")
        for port in module.card.ports:
            assert port.name in header


def test_a_missing_header_is_an_error():
    with pytest.raises(ValueError, match="no complete header of module 'b'"):
        module_header_of("module a; endmodule", "b")


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("  adder u_x (.a(a));", ["adder"]),
        ("  adder #(.W(3)) u_x (.a(a));", ["adder"]),
        ("  adder#(3) u (a);", ["adder"]),
        ("  adder u_x [3:0] (.a(a));", ["adder"]),
        ("  // adder u_x (a);", []),
        ('  initial x = "adder u (";', []),
        ("  assign adder = 1;", []),
        ("  x.adder u (", []),
        ("  my_adder u_x (.a(a));", []),
        ("module adder (input a); endmodule", []),
        ("  skew #(.W(2)) u (.adder(1)); adder v (a);", ["adder", "skew"]),
    ],
)
def test_instances(source: str, found: list[str]):
    assert instantiated_modules(source, ["adder", "skew"]) == found
