"""Convolutional networks by name."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path

from tpugen.errors import UnknownNameError
from tpugen.model.workloads.network_layers import Convolution, Dense, Layer, Network
from tpugen.model.workloads.topology import read_topology
from tpugen.user_files import is_file

__all__ = ["find_network", "network_names"]


def network_names() -> tuple[str, ...]:
    """Names of the built-in networks, the smallest first."""
    return tuple(_BUILDERS)


def find_network(name: str | Path) -> Network:
    """The network of that name, or of that SCALE-Sim topology file.

    Args:
        name: `lenet-5`, `alexnet`, `vgg-16`, `resnet-18`, `resnet-50` (case, spaces, `-` and `_` do not matter), or the
            path of a `.csv` file. Built-in names win.

    Raises:
        UnknownNameError: if it is neither; the hint holds the nearest names.
        RequestError: if the file is wrong.
    """
    text = str(name).strip()
    if isinstance(name, str) and (known := _spellings().get(_normal(text))):
        return _network(known)
    path = Path(text)
    if isinstance(name, Path) or path.suffix.lower() == ".csv" or is_file(text):
        return read_topology(path)
    from difflib import get_close_matches

    close = [_spellings()[match] for match in get_close_matches(_normal(text), _spellings(), n=3, cutoff=0.6)]
    near = f"closest: {', '.join(close)}" if close else f"known: {', '.join(_BUILDERS)}"
    shown = repr(text) if len(text) <= 80 else repr(text[:77] + "...")
    raise UnknownNameError(
        f"no network {shown} is known", hint=f"{near}; or give the path of a SCALE-Sim topology .csv"
    )


def _normal(name: str) -> str:
    return re.sub(r"[\s_-]+", "", name.lower())


@cache
def _spellings() -> Mapping[str, str]:
    return {_normal(name): name for name in _BUILDERS}


@cache
def _network(name: str) -> Network:
    build, source = _BUILDERS[name]
    chain = _Chain()
    build(chain)
    return Network(name, tuple(chain.layers), source)


class _Chain:
    """Layers one after the other; keeps the size that the next one meets."""

    def __init__(self) -> None:
        self.layers: list[Layer] = []
        self.size = self.channels = 0

    def input(self, size: int, channels: int) -> None:
        self.size, self.channels = size, channels

    def conv(self, name: str, filters: int, kernel: int, *, stride: int = 1, padding: int = 0, groups: int = 1) -> None:
        layer = Convolution(
            name, self.size, self.size, self.channels, filters, kernel, kernel, stride, stride, padding, groups
        )
        self.layers.append(layer)
        self.input(layer.out_height, filters)

    def pool(self, kernel: int, stride: int, padding: int = 0) -> None:
        self.size = (self.size + 2 * padding - kernel) // stride + 1

    def dense(self, name: str, outputs: int) -> None:
        self.layers.append(Dense(name, self.channels * self.size * self.size, outputs))
        self.input(1, outputs)


def _lenet_5(net: _Chain) -> None:
    net.input(32, 1)
    net.conv("c1", 6, 5)
    net.pool(2, 2)
    net.conv("c3", 16, 5)
    net.pool(2, 2)
    net.conv("c5", 120, 5)
    net.dense("f6", 84)
    net.dense("output", 10)


def _alexnet(net: _Chain) -> None:
    net.input(227, 3)
    net.conv("conv1", 96, 11, stride=4)
    net.pool(3, 2)
    net.conv("conv2", 256, 5, padding=2, groups=2)
    net.pool(3, 2)
    net.conv("conv3", 384, 3, padding=1)
    net.conv("conv4", 384, 3, padding=1, groups=2)
    net.conv("conv5", 256, 3, padding=1, groups=2)
    net.pool(3, 2)
    for number, outputs in ((6, 4096), (7, 4096), (8, 1000)):
        net.dense(f"fc{number}", outputs)


def _vgg_16(net: _Chain) -> None:
    net.input(224, 3)
    for block, (filters, layers) in enumerate(((64, 2), (128, 2), (256, 3), (512, 3), (512, 3)), start=1):
        for layer in range(1, layers + 1):
            net.conv(f"conv{block}_{layer}", filters, 3, padding=1)
        net.pool(2, 2)
    for number, outputs in ((6, 4096), (7, 4096), (8, 1000)):
        net.dense(f"fc{number}", outputs)


def _residual(net: _Chain, blocks: tuple[int, ...], block: Callable[[_Chain, str, int, int], None]) -> None:
    """A residual network of four stages on ImageNet."""
    net.input(224, 3)
    net.conv("conv1", 64, 7, stride=2, padding=3)
    net.pool(3, 2, padding=1)
    for stage, count in enumerate(blocks):
        for number in range(1, count + 1):
            block(net, f"conv{stage + 2}_{number}", 64 * 2**stage, 2 if stage and number == 1 else 1)
    net.input(1, net.channels)  # the average over all pixels
    net.dense("fc", 1000)


def _basic_block(net: _Chain, name: str, filters: int, stride: int) -> None:
    size, channels = net.size, net.channels
    net.conv(f"{name}a", filters, 3, stride=stride, padding=1)
    net.conv(f"{name}b", filters, 3, padding=1)
    _shortcut(net, name, size, channels, stride)


def _bottleneck(net: _Chain, name: str, filters: int, stride: int, stride_3x3: int = 1) -> None:
    size, channels = net.size, net.channels
    net.conv(f"{name}a", filters, 1, stride=stride)
    net.conv(f"{name}b", filters, 3, stride=stride_3x3, padding=1)
    net.conv(f"{name}c", 4 * filters, 1)
    _shortcut(net, name, size, channels, stride * stride_3x3)


def _late_bottleneck(net: _Chain, name: str, filters: int, stride: int) -> None:
    """The variant that most frameworks ship: the 3x3 convolution takes the stride."""
    _bottleneck(net, name, filters, 1, stride)


def _shortcut(net: _Chain, name: str, size: int, channels: int, stride: int) -> None:
    """A 1x1 convolution beside the block where its input and output differ in size."""
    if channels != net.channels or stride != 1:
        filters = net.channels
        net.input(size, channels)
        net.conv(f"{name}s", filters, 1, stride=stride)


def _mobilenet_v1(net: _Chain) -> None:
    net.input(224, 3)
    net.conv("conv1", 32, 3, stride=2, padding=1)
    steps = ((64, 1), (128, 2), (128, 1), (256, 2), (256, 1), (512, 2), *[(512, 1)] * 5, (1024, 2), (1024, 1))
    for number, (filters, stride) in enumerate(steps, start=1):
        net.conv(f"depthwise{number}", net.channels, 3, stride=stride, padding=1, groups=net.channels)
        net.conv(f"pointwise{number}", filters, 1)
    net.input(1, net.channels)  # the average over all pixels
    net.dense("fc", 1000)


_RESNET = "He et al. 2016, Deep Residual Learning (arXiv 1512.03385), table 1"

_BUILDERS: Mapping[str, tuple[Callable[[_Chain], None], str]] = {
    "lenet-5": (_lenet_5, "LeCun et al. 1998, Gradient-based learning; c3 fully connected"),
    "mobilenet-v1": (_mobilenet_v1, "Howard et al. 2017, MobileNets (arXiv 1704.04861), table 1"),
    "alexnet": (_alexnet, "Krizhevsky et al. 2012, ImageNet Classification, two groups"),
    "resnet-18": (lambda net: _residual(net, (2, 2, 2, 2), _basic_block), _RESNET),
    "resnet-50": (lambda net: _residual(net, (3, 4, 6, 3), _bottleneck), _RESNET),
    "resnet-50-v1.5": (lambda net: _residual(net, (3, 4, 6, 3), _late_bottleneck), f"{_RESNET}; stride in the 3x3"),
    "vgg-16": (_vgg_16, "Simonyan and Zisserman 2015 (arXiv 1409.1556), table 1, D"),
}
