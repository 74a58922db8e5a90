"""Renders the library's templates: a processing element names the arithmetic units of its design."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, Literal

from tpugen.rtl_templates.instances import instance, unit_parameters
from tpugen.rtl_templates.library import ROOMS, library_folder
from tpugen.rtl_templates.operand_codes import EXAMPLE_CODE, SharedOperands, shared_operands
from tpugen.spec import AdderUnit, DesignSpec, MultiplierUnit

if TYPE_CHECKING:
    import jinja2

__all__ = ["Units", "exact_units", "render_module", "render_top", "units_for"]


@dataclass(frozen=True)
class Units:
    """The arithmetic of one design.

    Attributes:
        multiplier: Family and parameters.
        adder: Family and parameters of accumulation.
        stationary: The operand that rests in operand-stationary arrays.
        shared: Operand codes and the core that multiplies them, where the array's edge recodes the operands.
    """

    multiplier: MultiplierUnit
    adder: AdderUnit
    stationary: Literal["weight", "activation"] = "weight"
    shared: SharedOperands | None = None

    @property
    def fused(self) -> bool:
        """Whether product and accumulation are exact, of open structure, and share one carry-propagate adder."""
        return self.multiplier == MultiplierUnit() and self.adder == AdderUnit()


def exact_units() -> Units:
    """Exact multiplier, exact adder, weights resting."""
    return Units(MultiplierUnit(), AdderUnit())


def units_for(spec: DesignSpec) -> Units:
    """The units that a spec asks for."""
    return Units(
        multiplier=getattr(spec, "multiplier", MultiplierUnit()),
        adder=getattr(spec, "adder", AdderUnit()),
        stationary="activation" if getattr(spec, "dataflow", None) == "input_stationary" else "weight",
        shared=shared_operands(spec),
    )


@cache
def _environment() -> jinja2.Environment:
    import jinja2

    return jinja2.Environment(  # noqa: S701 - Verilog is not HTML
        loader=jinja2.FileSystemLoader(library_folder()),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )


def render_module(name: str, units: Units | None = None) -> str:
    """A template of the library as Verilog.

    Args:
        name: Module name.
        units: The design's arithmetic; exact when left out.
    """
    units = units or exact_units()
    context: dict[str, Any]
    match name:
        case "pe_output_stationary" | "mac_unit":
            context = {
                "travels": "code" if units.shared else "operand",
                "multiply_accumulate": _multiply_accumulate(
                    units,
                    operands={"activation": "activation_q", "weight": "weight_q"},
                    widths={"activation": "ActivationWidth", "weight": "WeightWidth"},
                    addend="addend",
                ),
            }
        case "pe_operand_stationary":
            stationary, stream = units.stationary, "activation" if units.stationary == "weight" else "weight"
            context = {
                "travels": "code" if units.shared else "operand",
                "stationary": stationary,
                "stream": stream,
                "multiply_accumulate": _multiply_accumulate(
                    units,
                    operands={stationary: "stationary_q", stream: "stream_q"},
                    widths={stationary: "StationaryWidth", stream: "StreamWidth"},
                    addend="partial_i",
                ),
            }
        case "partial_sum_join":
            context = {"add": _join_adder(units)}
        case "operand_encoders":
            encoder = units.shared.activation if units.shared else EXAMPLE_CODE
            context = {"encode": encoder.encoder_instance()}
        case _:
            raise KeyError(name)
    for room in ROOMS:
        if (library_folder() / room / f"{name}.v.j2").exists():
            return _environment().get_template(f"{room}/{name}.v.j2").render(context)
    raise KeyError(name)


def render_top(**context: Any) -> str:
    """The top module of a design from `tops/design_top.v.j2`."""
    return _environment().get_template("tops/design_top.v.j2").render(context)


def _multiply_accumulate(units: Units, operands: dict[str, str], widths: dict[str, str], addend: str) -> str:
    """Instances that drive `accumulated` from the operands and the addend."""
    multiplicands = {"activation_i": operands["activation"], "weight_i": operands["weight"]}
    multiplicand_widths = {"ActivationWidth": widths["activation"], "WeightWidth": widths["weight"]}
    if units.fused:
        return instance(
            "multiply_add_exact",
            "u_multiply_add",
            {**multiplicands, "addend_i": addend, "sum_o": "accumulated"},
            {**multiplicand_widths, "AddendWidth": "AccumulatorWidth", "Signed": "Signed"},
        )
    product_width = f"{widths['activation']} + {widths['weight']}"
    multiplier = instance(
        units.multiplier.module,
        "u_multiplier",
        {**multiplicands, "product_o": "product"},
        {**multiplicand_widths, "Signed": "Signed", **unit_parameters(units.multiplier)},
    )
    if units.shared is not None:
        product_width = str(units.shared.activation.width_bits + units.shared.weight.width_bits)
        multiplier = units.shared.core_instance(operands["activation"], operands["weight"])
    adder = instance(
        units.adder.module,
        "u_adder",
        {"a_i": addend, "b_i": "extended_product", "sum_o": "{unused_carry, accumulated}"},
        {"Width": "AccumulatorWidth", "Signed": "Signed", **unit_parameters(units.adder)},
    )
    extend = instance(
        "sign_extend",
        "u_product_extension",
        {"data_i": "product", "data_o": "extended_product"},
        {"InputWidth": "ProductWidth", "OutputWidth": "AccumulatorWidth", "Signed": "Signed"},
    )
    return (
        f"  localparam integer ProductWidth = {product_width};\n\n"
        "  wire [ProductWidth-1:0]     product;\n"
        "  wire [AccumulatorWidth-1:0] extended_product;\n"
        "  wire                        unused_carry;\n\n"
        f"{multiplier}\n\n{extend}\n\n{adder}"
    )


def _join_adder(units: Units) -> str:
    adder = instance(
        units.adder.module,
        "u_adder",
        {
            "a_i": "row_i[c*AccumulatorWidth +: AccumulatorWidth]",
            "b_i": "partial_i[c*AccumulatorWidth +: AccumulatorWidth]",
            "sum_o": "{unused_carry, joined[c*AccumulatorWidth +: AccumulatorWidth]}",
        },
        {"Width": "AccumulatorWidth", "Signed": "Signed", **unit_parameters(units.adder)},
        indent=6,
    )
    return f"      wire unused_carry;\n\n{adder}"
