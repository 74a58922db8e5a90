"""Layers of convolutional networks, and the matrix products that im2col makes of them.

im2col writes the window under each output pixel as a column: a convolution is then the product of the filters (rows:
output channels, columns: window) with those columns (one per output pixel), as in Chellapilla, Puri and Simard, High
Performance Convolutional Neural Networks for Document Processing, 2006. A grouped convolution is one such product per
group; a depthwise one has as many groups as channels.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tpugen.errors import RequestError
from tpugen.model.workloads.operators import COLUMNS, MatrixKind, OperatorTable, Role
from tpugen.model.workloads.widths import Widths

if TYPE_CHECKING:
    import numpy.typing as npt

__all__ = ["LAYER_SIZE_MAX", "Convolution", "Dense", "Layer", "Network", "network_table"]

LAYER_SIZE_MAX = 2**24
"""Largest size of a layer; beyond it a size is taken for a typing error."""

_BATCH_MAX = 2**20


@dataclass(frozen=True, slots=True)
class Convolution:
    """A two-dimensional convolution.

    Attributes:
        name: Of the layer.
        in_height: Rows of the input.
        in_width: Columns of the input.
        in_channels: Channels of the input.
        out_channels: Filters.
        kernel_height: Rows of a filter.
        kernel_width: Columns of a filter.
        stride_height: Rows from one window to the next.
        stride_width: Columns from one window to the next.
        padding: Zeros on each side.
        groups: Groups of channels that do not mix.
        partial_windows: Whether a last window that sticks out of the input counts, as SCALE-Sim has it.

    Raises:
        RequestError: lists every size that is not legal.
    """

    name: str
    in_height: int
    in_width: int
    in_channels: int
    out_channels: int
    kernel_height: int
    kernel_width: int
    stride_height: int = 1
    stride_width: int = 1
    padding: int = 0
    groups: int = 1
    partial_windows: bool = False

    def __post_init__(self) -> None:
        sizes = {name: getattr(self, name) for name in self.__slots__ if name not in ("name", "partial_windows")}
        _check_sizes(self.name, sizes, zero=("padding",))
        found = [
            f"groups={self.groups}: does not divide {name}={getattr(self, name)}"
            for name in ("in_channels", "out_channels")
            if getattr(self, name) % self.groups
        ]
        for side in ("height", "width"):
            kernel, room = getattr(self, f"kernel_{side}"), getattr(self, f"in_{side}") + 2 * self.padding
            if kernel > room:
                found.append(f"kernel_{side}={kernel}: accepted: 1..{room}, the input with its padding")
        if found:
            raise RequestError(f"layer {self.name!r}: {'; '.join(found)}")

    @property
    def out_height(self) -> int:
        """Rows of the output."""
        return self._windows(self.in_height, self.kernel_height, self.stride_height)

    @property
    def out_width(self) -> int:
        """Columns of the output."""
        return self._windows(self.in_width, self.kernel_width, self.stride_width)

    @property
    def product(self) -> tuple[int, int, int]:
        """M, K, N of a group's matrix product: filters, window, output pixels."""
        window = self.kernel_height * self.kernel_width * (self.in_channels // self.groups)
        return self.out_channels // self.groups, window, self.out_height * self.out_width

    def _windows(self, size: int, kernel: int, stride: int) -> int:
        steps = size + 2 * self.padding - kernel
        return (-(-steps // stride) if self.partial_windows else steps // stride) + 1


@dataclass(frozen=True, slots=True)
class Dense:
    """A fully connected layer, or any product of learnt weights with vectors.

    Attributes:
        name: Of the layer.
        inputs: Elements of a vector.
        outputs: Elements of a result.
        vectors: Vectors per image.

    Raises:
        RequestError: lists every size that is not legal.
    """

    name: str
    inputs: int
    outputs: int
    vectors: int = 1

    def __post_init__(self) -> None:
        _check_sizes(self.name, {name: getattr(self, name) for name in ("inputs", "outputs", "vectors")})

    @property
    def product(self) -> tuple[int, int, int]:
        """M, K, N: outputs, inputs, vectors."""
        return self.outputs, self.inputs, self.vectors

    @property
    def groups(self) -> int:
        """Always one."""
        return 1


Layer = Convolution | Dense


@dataclass(frozen=True, slots=True)
class Network:
    """A network as the list of its layers that multiply.

    Attributes:
        name: What users call it.
        layers: In the order in which they run; names are unique.
        source: Where the sizes come from.
    """

    name: str
    layers: tuple[Layer, ...] = field(repr=False)
    source: str

    def __post_init__(self) -> None:
        names = [layer.name for layer in self.layers]
        if not names or len(set(names)) != len(names):
            again = ", ".join(sorted({name for name in names if names.count(name) > 1}))
            problem = f"layer names repeat: {again}" if names else "it has no layers"
            raise RequestError(f"network {self.name!r}: {problem}")

    @property
    def macs(self) -> int:
        """Multiply-accumulates of one image."""
        return sum(m * k * n * layer.groups for layer in self.layers for m, k, n in (layer.product,))

    @property
    def weights(self) -> int:
        """Weights, biases not counted."""
        return sum(m * k * layer.groups for layer in self.layers for m, k, _ in (layer.product,))


def network_table(network: Network, *, batch: npt.ArrayLike = 1, widths: Widths | None = None) -> OperatorTable:
    """The matrix products of a network's inference: an operator per layer, a column per batch size.

    The filters are the matrix A. SCALE-Sim has them the other way round, pixels by window times window by filters: its
    M is `n` here and its N is `m`. Bytes of the vectors are those of the unfolded columns, which hold a pixel once for
    each window that covers it.

    Args:
        network: The network.
        batch: Images that share the weights: a number, or one per design point.
        widths: Bits of operands and results; all 8 by default.

    Raises:
        RequestError: if a batch is not a positive whole number.
    """
    import numpy as np

    images = np.atleast_1d(np.asarray(batch))
    if images.ndim != 1 or images.dtype.kind not in "iu" or not ((images >= 1) & (images <= _BATCH_MAX)).all():
        raise RequestError(f"batch: {images.tolist()}; accepted: whole numbers in 1..{_BATCH_MAX}")
    images = images.astype(np.int64)
    bits = widths or Widths(weight_bits=8)
    bits.require_operators(layer.name for layer in network.layers)
    rows: list[tuple[str, Role, MatrixKind]] = []
    columns: dict[str, list[npt.ArrayLike]] = {name: [] for name in COLUMNS}
    for layer in network.layers:
        m, k, n = layer.product
        rows.append((layer.name, "convolution" if isinstance(layer, Convolution) else "projection", "weights"))
        own = bits.of(layer.name, bits.weight_bits, bits.activation_bits, bits.result_bits)
        numbers: tuple[npt.ArrayLike, ...] = (m, k, n * images, layer.groups, 1, *own, layer.groups)
        for column, value in zip(COLUMNS, numbers, strict=True):
            columns[column].append(value)
    return OperatorTable.build(rows, columns, images)


def _check_sizes(name: str, sizes: dict[str, object], zero: tuple[str, ...] = ()) -> None:
    wrong = [
        f"{key}={value!r}: accepted: a whole number in {int(key not in zero)}..{LAYER_SIZE_MAX}"
        for key, value in sizes.items()
        if isinstance(value, bool) or not isinstance(value, int) or not int(key not in zero) <= value <= LAYER_SIZE_MAX
    ]
    if wrong:
        raise RequestError(f"layer {name!r}: {'; '.join(wrong)}")
