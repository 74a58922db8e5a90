"""Faults of the memories' RTL."""

from __future__ import annotations

from tpugen.verif.mutants import mutants_of

__all__ = ["MEMORY_MUTANTS"]

_STORAGE = (
    ("if (write_i[l]) begin", "if (|write_i) begin", "every lane written"),
    ("words_q[write_address_i] <= data_i[l*LaneWidth +: LaneWidth];",
     "words_q[write_address_i] <= data_i[0 +: LaneWidth];", "first lane's data written everywhere"),
    ("words_q[write_address_i] <= data_i", "words_q[read_address_i] <= data_i", "written where it reads"),
    ("if (read_i) begin", "if (1'b1) begin", "what was read last does not stay"),
    ("<= words_q[read_address_i];", "<= words_q[write_address_i];", "read where it writes"),
)  # fmt: skip

MEMORY_MUTANTS = (
    *mutants_of(
        "registers",
        "memory",
        *_STORAGE,
        ("assign data_o[l*LaneWidth +: LaneWidth] = data_q;", "assign data_o[l*LaneWidth +: LaneWidth] = ~data_q;",
         "words inverted"),
        ("data_q <= words_q[read_address_i];",
         "data_q <= (write_i[l] && write_address_i == read_address_i) ? data_i[l*LaneWidth +: LaneWidth]"
         " : words_q[read_address_i];", "the new word read while it is written"),
    ),
    *mutants_of(
        "macro",
        "sram",
        *_STORAGE,
        ("data_q[l*LaneWidth +: LaneWidth] <= words_q[read_address_i];",
         "data_q[l*LaneWidth +: LaneWidth] <= (write_i[l] && write_address_i == read_address_i)"
         " ? data_i[l*LaneWidth +: LaneWidth] : words_q[read_address_i];", "the new word read while it is written"),
    ),
    *mutants_of(
        "macro",
        "memory",
        (".read_i          (read_i),\n", ".read_i          (1'b1),\n", "the macro reads in every cycle"),
        (".write_i         (write_i),\n", ".write_i         ({Lanes{|write_i}}),\n", "lane enables lost"),
        (".read_address_i  (read_address_i)", ".read_address_i  (write_address_i)", "addresses of the ports mixed up"),
    ),
)  # fmt: skip
"""All faults; `design` says whether the memory is made of registers or is a macro."""
