"""Fixtures of the flow tests: a small design, tools that pretend, and libraries that may be absent."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

DATA = Path(__file__).parent / "data"


@pytest.fixture
def element_files() -> list[Path]:
    """One multiply-accumulate element; top `mac_element`."""
    return [DATA / "mac_element.v"]


@pytest.fixture
def grid_files() -> list[Path]:
    """A 4x4 grid of them; top `mac_grid`."""
    return [DATA / "mac_element.v", DATA / "mac_grid.v"]


@pytest.fixture
def fake_tool(tmp_path: Path) -> Callable[[str, str], Path]:
    """Writes an executable shell script: `fake_tool(name, body)`."""

    def write(name: str, body: str) -> Path:
        folder = tmp_path / "fake"
        folder.mkdir(exist_ok=True)
        path = folder / name
        path.write_text(f"#!/bin/sh\n{body}\n")
        path.chmod(0o755)
        return path

    return write


@pytest.fixture
def small_liberty(tmp_path: Path) -> Path:
    """A tiny but legal Liberty file."""
    path = tmp_path / "small.lib"
    path.write_text(SMALL_LIBERTY)
    return path


SMALL_LIBERTY = """
/* a library { with a brace in a comment */
library (small) {
  time_unit : "1ns";
  capacitive_load_unit (1, ff);
  nom_voltage : 1.2;
  cell (INV) { area : 1.5;
    pin (A) { direction : input; capacitance : 2.0; }
    pin (Y) { direction : output; function : "!A"; max_capacitance : 50;
      timing () { related_pin : "A"; cell_rise (t) { values ("0.1, 0.2", "0.3, 0.4"); } }
    }
  }
  cell (BUF) { area : 2.0;
    pin (A) { direction : input; capacitance : 2.0; }
    pin (Y) { direction : output; function : "A"; max_capacitance : 400; }
  }
  cell (DLYBUF) { area : 1.0;
    pin (A) { direction : input; capacitance : 2.0; }
    pin (Y) { direction : output; function : "(A)"; max_capacitance : 90; }
  }
  cell (NAND2) { area : 2.5;
    pin (A) { direction : input; capacitance : 3.0; }
    pin (B) { direction : input; capacitance : 3.0; }
    pin (Y) { direction : output; function : "!(A&B)"; }
  }
  cell (TIE) { area : 1.0;
    pin (HI) { direction : output; function : "1"; }
    pin (LO) { direction : output; function : "0"; }
  }
  cell (DFF) { area : 9.0;
    ff (IQ, IQN) { clocked_on : "CK"; next_state : "D"; }
    pin (CK) { direction : input; capacitance : 1.0; clock : true; }
    pin (D) { direction : input; capacitance : 1.0; }
    pin (Q) { direction : output; function : "IQ"; }
  }
}
"""
