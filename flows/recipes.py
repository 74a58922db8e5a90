"""How logic is mapped to cells: the recipes that synthesis tries, and the Yosys scripts. Pure.

A 4x4 output-stationary array of signed 8-bit elements with 32-bit accumulators, each element synthesised once, after
fan-out buffering (area in um2 at the delay of the worst path in ns):

| recipe     | nangate45      | osu018          |
|------------|----------------|-----------------|
| `compact`  | 17,209 at 2.08 | 463,793 at 6.40 |
| `lean`     | 18,077 at 1.59 | 487,745 at 4.59 |
| `balanced` | 18,631 at 1.90 | 523,814 at 5.56 |
| `speed`    | 22,266 at 1.01 | 626,559 at 3.56 |

`balanced` is Yosys's own script; it also serves libraries in which ABC's area mapper gives up.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from tpugen.flows.variants import Variant, variant_commands
from tpugen.flows.yosys import quoted, read_commands

__all__ = [
    "RECIPES",
    "Recipe",
    "abc_script",
    "dissolve_script",
    "elaborate_script",
    "map_script",
    "part_script",
    "premap_script",
    "split_script",
]


@dataclass(frozen=True)
class Recipe:
    """One way to map.

    Attributes:
        name: Short name, in logs.
        commands: ABC commands; `{period}` is the delay target in ps. None leaves it to Yosys.
        target: Delay target as a fraction of the clock period; the rest is for registers and buffers.
    """

    name: str
    commands: str | None
    target: float


_SIZE = "topo; upsize -D {period}; dnsize -D {period}"
_REWRITE = "refactor -z; resub; rewrite -z"

RECIPES: tuple[Recipe, ...] = (
    Recipe(
        "compact",
        f"strash; ifraig; scorr; dc2; strash; {_REWRITE}; {_REWRITE}; dch -f; amap -m; buffer -c; {_SIZE}",
        0.7,
    ),
    Recipe("lean", f"strash; dch; amap -m; buffer -c; {_SIZE}", 0.7),
    Recipe("balanced", None, 0.7),
    Recipe("speed", f"strash; dch; map -B 0.9; topo; buffer -c; {_SIZE}", 0.4),
)
"""In the order in which they are tried: smallest first. The first that meets the clock is kept, else the fastest."""


def elaborate_script(files: Sequence[Path], top: str) -> str:
    """Read and elaborate; leaves `elaborated.il` and `elaborated.json`."""
    return "\n".join(
        [
            *read_commands(files),
            f"hierarchy -check -top {top}",
            "proc",
            "write_rtlil elaborated.il",
            "write_json elaborated.json",
            "",
        ]
    )


def dissolve_script(top: str, keep: Iterable[str]) -> str:
    """Dissolve all but the modules in `keep`; leaves `dissolved.il` and `dissolved.json`."""
    return "\n".join(
        [
            "read_rtlil elaborated.il",
            *(f"setattr -mod -set keep_hierarchy 1 {name}" for name in keep),
            f"hierarchy -top {top}",
            "flatten",
            "opt_expr",
            "opt_clean -purge",
            "write_rtlil dissolved.il",
            "write_json dissolved.json",
            "",
        ]
    )


def premap_script(
    top: str, liberty: Path, source: str, variants: Sequence[Variant] = (), *, dissolve: bool = False
) -> str:
    """Everything up to the mapping of logic: optimise, map flip-flops; leaves `premap.il`.

    Args:
        top: Name of the top module.
        liberty: The library.
        source: RTLIL file to begin with; modules with the attribute `keep_hierarchy` are not dissolved.
        variants: Copies to make of repeated modules.
        dissolve: Flatten these modules too, after they were optimised and before logic is mapped. Earlier, Yosys would
            merge equal registers of different instances, and with them undo what makes an array systolic: short wires.
    """
    flatten = ["setattr -mod -unset keep_hierarchy *", "flatten", "opt_clean -purge"] if dissolve else []
    return "\n".join(
        [
            f"read_rtlil {source}",
            *variant_commands(variants),
            *_logic_commands(top, liberty),
            *flatten,
            "write_rtlil premap.il",
            "",
        ]
    )


def split_script(top: str, source: str, variants: Sequence[Variant]) -> str:
    """Make the copies of modules and keep what is used; leaves `parts.il` and `parts.json`."""
    return "\n".join(
        [
            f"read_rtlil {source}",
            *variant_commands(variants),
            f"hierarchy -top {top}",
            "write_rtlil parts.il",
            "write_json parts.json",
            "",
        ]
    )


def part_script(part: str, others: Iterable[str], liberty: Path, source: Path) -> str:
    """The same as `premap_script` for one module alone: the `others` are black boxes; leaves `premap.json` as well."""
    return "\n".join(
        [
            f"read_rtlil {quoted(source)}",
            *(f"setattr -mod -set blackbox 1 {name}" for name in others),
            *_logic_commands(part, liberty),
            "write_rtlil premap.il",
            "write_json premap.json",
            "",
        ]
    )


def _logic_commands(top: str, liberty: Path) -> list[str]:
    return [
        f"synth -flatten -top {top}",
        f"dfflibmap -liberty {quoted(liberty)}",
        "setundef -zero",
        "opt -full",
        "simplemap",  # `opt -full` may leave a coarse multiplexer behind
        "opt_clean -purge",
    ]


def abc_script(recipe: Recipe, period_ns: float) -> str | None:
    """The text of the recipe's ABC script, if it has one."""
    if recipe.commands is None:
        return None
    return recipe.commands.format(period=_target_ps(recipe, period_ns)) + "\n"


def map_script(recipe: Recipe, liberty: Path, period_ns: float, folder: Path = Path()) -> str:
    """Map logic with one recipe, whose ABC script is in `folder`; leaves `mapped_<recipe>.json`."""
    script = folder / f"{recipe.name}.abc"
    how = f"-D {_target_ps(recipe, period_ns)}" if recipe.commands is None else f"-script {script}"
    return "\n".join(
        [
            "read_rtlil premap.il",
            f"abc -liberty {quoted(liberty)} {how}",
            "opt_clean -purge",
            f"write_json mapped_{recipe.name}.json",
            "",
        ]
    )


def _target_ps(recipe: Recipe, period_ns: float) -> int:
    return max(1, round(1000 * period_ns * recipe.target))
