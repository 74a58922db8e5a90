"""Convolutional networks as matrix products: im2col itself, published sizes, topology files as SCALE-Sim reads them."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tpugen.errors import RequestError, UnknownNameError
from tpugen.model.workloads import (
    Convolution,
    Dense,
    Network,
    OperatorWidths,
    Widths,
    find_network,
    network_names,
    network_table,
    read_topology,
)

CONVOLUTIONS = "Layer name, IFMAP Height, IFMAP Width, Filter Height, Filter Width, Channels, Num Filter, Strides,\n"
PRODUCTS = "Layer, M, N, K,\n"

# Weights without biases and norms, and multiply-accumulates of one image. Parameters of the released weights (biases
# and norms taken off): 61,706, 60,965,224, 138,357,544, 11,689,512, 25,557,032, 4,231,976; MACs as the papers round.
PUBLISHED = {
    "lenet-5": (61_706 - 236, 416_520),
    "alexnet": (60_965_224 - 10_568, 724_406_816),
    "vgg-16": (138_357_544 - 13_416, 15_470_264_320),
    "resnet-18": (11_689_512 - 9_600 - 1_000, 1_814_073_344),
    "resnet-50": (25_557_032 - 53_120 - 1_000, 3_857_973_248),
    "resnet-50-v1.5": (25_557_032 - 53_120 - 1_000, 4_089_184_256),
    "mobilenet-v1": (4_231_976 - 21_888 - 1_000, 568_740_352),
}


@st.composite
def convolutions(draw: st.DrawFn) -> Convolution:
    groups, kernels, padding = draw(st.integers(1, 3)), (draw(st.integers(1, 3)), draw(st.integers(1, 3))), 1
    return Convolution(
        "layer",
        in_height=draw(st.integers(kernels[0], 7)),
        in_width=draw(st.integers(kernels[1], 7)),
        in_channels=groups * draw(st.integers(1, 3)),
        out_channels=groups * draw(st.integers(1, 3)),
        kernel_height=kernels[0],
        kernel_width=kernels[1],
        stride_height=draw(st.integers(1, 3)),
        stride_width=draw(st.integers(1, 3)),
        padding=draw(st.integers(0, padding)),
        groups=groups,
    )


def convolve(layer: Convolution, image: np.ndarray, filters: np.ndarray) -> np.ndarray:
    """The convolution by its definition: (out_channels, rows, columns)."""
    edge = layer.padding
    padded = np.pad(image, ((0, 0), (edge, edge), (edge, edge)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, filters.shape[2:], axis=(1, 2))
    windows = windows[:, :: layer.stride_height, :: layer.stride_width]
    per_group = filters.shape[1]
    results = []
    for number, weights in enumerate(filters):
        first = number // (layer.out_channels // layer.groups) * per_group
        results.append(np.einsum("cyxij,cij->yx", windows[first : first + per_group], weights))
    return np.array(results)


def unfold(layer: Convolution, image: np.ndarray) -> np.ndarray:
    """The columns that im2col makes, pixel by pixel: (groups, window, pixels)."""
    edge = layer.padding
    padded = np.pad(image, ((0, 0), (edge, edge), (edge, edge)))
    columns = [
        padded[:, top : top + layer.kernel_height, left : left + layer.kernel_width].reshape(layer.groups, -1)
        for top in range(0, padded.shape[1] - layer.kernel_height + 1, layer.stride_height)
        for left in range(0, padded.shape[2] - layer.kernel_width + 1, layer.stride_width)
    ]
    return np.stack(columns, axis=2)


@given(convolutions(), st.integers(0, 2**32 - 1))
@settings(deadline=None)
def test_the_matrix_products_are_the_convolution(layer: Convolution, seed: int) -> None:
    random = np.random.default_rng(seed)
    image = random.integers(-9, 10, (layer.in_channels, layer.in_height, layer.in_width))
    filters = random.integers(
        -9, 10, (layer.out_channels, layer.in_channels // layer.groups, layer.kernel_height, layer.kernel_width)
    )
    columns, (m, k, n) = unfold(layer, image), layer.product
    assert columns.shape == (layer.groups, k, n)
    product = filters.reshape(layer.groups, m, k) @ columns
    expected = convolve(layer, image, filters)
    assert expected.shape == (layer.out_channels, layer.out_height, layer.out_width)
    assert np.array_equal(product.reshape(expected.shape), expected)


@pytest.mark.parametrize("name", PUBLISHED)
def test_published_sizes(name: str) -> None:
    network = find_network(name)
    assert (network.weights, network.macs) == PUBLISHED[name]


def test_every_network_is_held_against_its_publication() -> None:
    assert set(PUBLISHED) == set(network_names())


@pytest.mark.parametrize("name", PUBLISHED)
def test_the_table_adds_up(name: str) -> None:
    network = find_network(name)
    table = network_table(network, batch=[1, 3])
    assert table.macs.sum(axis=0).tolist() == [network.macs, 3 * network.macs]
    assert table.matrix_bytes.sum(axis=0).tolist() == [network.weights, network.weights]
    assert table.tokens.tolist() == [1, 3]
    assert {"convolution", "projection"} == set(table.roles)


def test_shapes_of_resnet() -> None:
    items = {item.name: item for item in network_table(find_network("resnet-18"), batch=2).operators()}
    assert (items["conv1"].m, items["conv1"].k, items["conv1"].n) == (64, 147, 2 * 112 * 112)
    assert (items["conv5_1s"].m, items["conv5_1s"].k, items["conv5_1s"].n) == (512, 256, 2 * 49)
    assert (items["fc"].m, items["fc"].k, items["fc"].n, items["fc"].role) == (1000, 512, 2, "projection")


def test_depthwise_is_a_product_per_channel() -> None:
    item = {item.name: item for item in network_table(find_network("mobilenet-v1")).operators()}["depthwise2"]
    assert (item.m, item.k, item.n, item.count, item.matrix_copies) == (1, 9, 56 * 56, 64, 64)


def test_widths_of_a_layer() -> None:
    widths = Widths(weight_bits=4, operators={"c1": OperatorWidths(matrix_bits=8)})
    bits = {item.name: item.matrix_bits for item in network_table(find_network("lenet-5"), widths=widths).operators()}
    assert bits == {"c1": 8, "c3": 4, "c5": 4, "f6": 4, "output": 4}
    with pytest.raises(RequestError, match="widths of 'conv1': no such operator; accepted: c1, c3, c5, f6, output"):
        network_table(find_network("lenet-5"), widths=Widths(operators={"conv1": OperatorWidths(matrix_bits=8)}))


@pytest.mark.parametrize("spelling", ["ResNet50", "resnet_50", "RESNET 50"])
def test_network_spellings(spelling: str) -> None:
    assert find_network(spelling).name == "resnet-50"


def test_unknown_network() -> None:
    with pytest.raises(UnknownNameError) as caught:
        find_network("resnet-51")
    assert str(caught.value) == (
        "no network 'resnet-51' is known\n"
        "  closest: resnet-50, resnet-18, resnet-50-v1.5; or give the path of a SCALE-Sim topology .csv"
    )
    with pytest.raises(UnknownNameError, match="known: lenet-5"):
        find_network("q" * 3000)


@pytest.mark.parametrize(
    ("sizes", "message"),
    [
        ({"in_height": 0, "stride_width": -1}, "layer 'x': in_height=0: accepted: a whole number in 1..16777216; "
         "stride_width=-1: accepted: a whole number in 1..16777216"),
        ({"padding": -1}, "layer 'x': padding=-1: accepted: a whole number in 0..16777216"),
        ({"groups": 3}, "layer 'x': groups=3: does not divide in_channels=4; groups=3: does not divide out_channels=8"),
        ({"kernel_height": 9}, "layer 'x': kernel_height=9: accepted: 1..7, the input with its padding"),
    ],
)  # fmt: skip
def test_convolutions_that_are_none(sizes: dict[str, int], message: str) -> None:
    legal = {"in_height": 5, "in_width": 5, "in_channels": 4, "out_channels": 8, "kernel_height": 3, "kernel_width": 3}
    assert Convolution("x", **legal, padding=1).product == (8, 36, 25)
    with pytest.raises(RequestError) as caught:
        Convolution("x", **(legal | {"padding": 1} | sizes))
    assert caught.value.message == message


def test_networks_that_are_none() -> None:
    with pytest.raises(RequestError, match="network 'n': it has no layers"):
        Network("n", (), "mine")
    with pytest.raises(RequestError, match="network 'n': layer names repeat: a"):
        Network("n", (Dense("a", 1, 1), Dense("a", 1, 1)), "mine")
    with pytest.raises(RequestError, match=r"batch: \[0\]; accepted: whole numbers in 1\.\.1048576"):
        network_table(find_network("lenet-5"), batch=0)


rows_of_convolutions = st.lists(
    st.tuples(
        st.integers(5, 40), st.integers(5, 40), st.integers(1, 5), st.integers(1, 5), st.integers(1, 9),
        st.integers(1, 9), st.integers(1, 4),
    ),
    min_size=1, max_size=5,
)  # fmt: skip


@given(rows_of_convolutions)
@settings(deadline=None, max_examples=30)
def test_convolutions_are_read_as_scalesim_reads_them(rows: list[tuple[int, ...]]) -> None:
    topology = pytest.importorskip("scalesim.topology_utils")
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "net.csv"
        lines = [f"layer{number}, {', '.join(map(str, row))},\n" for number, row in enumerate(rows)]
        file.write_text(CONVOLUTIONS + "".join(lines))
        witness = topology.topologies()
        witness.load_arrays(str(file))
        network = read_topology(file)
        assert network.name == "net"
        for number, layer in enumerate(network.layers):
            # SCALE-Sim: pixels, filters and window; the filters are our matrix.
            pixels, filters, window = witness.calc_spatio_temporal_params("os", number) if number else (
                witness.topo_calc_hyperparams(), witness.calc_spatio_temporal_params("os", 0))[1]  # fmt: skip
            assert layer.product == (filters, window, pixels)


def test_products_are_read_as_scalesim_reads_them(tmp_path: Path) -> None:
    topology = pytest.importorskip("scalesim.topology_utils")
    file = tmp_path / "gemms.csv"
    file.write_text(PRODUCTS + "first, 64, 32, 128,\n\nsecond, 1, 4096, 1000,\n")
    witness = topology.topologies()
    witness.load_arrays(str(file), mnk_inputs=True)
    witness.topo_calc_hyperparams()
    network = read_topology(file)
    assert [layer.name for layer in network.layers] == ["first", "second"]
    for number, layer in enumerate(network.layers):
        pixels, filters, window = witness.calc_spatio_temporal_params("os", number)
        assert layer.product == (filters, window, pixels)
    assert network.macs == 64 * 32 * 128 + 4096 * 1000
    assert find_network(str(file)) == find_network(file) == network


def test_topology_details(tmp_path: Path) -> None:
    file = tmp_path / "net.csv"
    file.write_text(
        CONVOLUTIONS.upper() + "conv, 8, 8, 3, 3, 4, 16, 2,\nconv, 8, 8, 3, 3, 4, 16, 2, 1:1,\n"
        "DP1, 8, 8, 3, 3, 4, 2, 1\n, 1, 1, 1, 1, 10, 5, 1,\n",
        encoding="utf-8-sig",
    )
    layers = read_topology(file).layers
    assert [layer.name for layer in layers] == ["conv", "conv#2", "DP1", "layer4"]
    # ceil((8 - 3) / 2) + 1: the last window sticks out, and SCALE-Sim counts it.
    assert layers[0].product == layers[1].product == (16, 36, 16)
    assert (layers[2].product, layers[2].groups) == ((2, 9, 36), 4)
    assert layers[3].product == (5, 10, 1)
    two = tmp_path / "two.csv"
    two.write_text(CONVOLUTIONS.replace("Strides", "Stride height, Stride width") + "conv, 8, 8, 3, 3, 4, 16, 2, 1,\n")
    assert read_topology(two).layers[0].product == (16, 36, 4 * 6)
    swapped = tmp_path / "swapped.csv"
    swapped.write_text("Layer, M, K, N,\na, 2, 3, 5\n")
    assert read_topology(swapped).layers[0].product == (5, 3, 2)
    assert read_topology(swapped, kind="products").layers[0].product == (5, 3, 2)


def test_topologies_with_errors_list_every_line(tmp_path: Path) -> None:
    file = tmp_path / "bad.csv"
    file.write_text(
        CONVOLUTIONS + "a, 8, 8, 3, 3, 4, 16,\nb, 8, 8, 0, x, 4, 16, 2,\nc, 8, 8, 9, 3, 4, 16, 2,\n"
        "d, 8, 8, 3, 3, 4, 16, 2, 2:4,\n"
    )
    with pytest.raises(RequestError) as caught:
        read_topology(file)
    assert caught.value.message == (
        f"topology {file}:\n"
        "  line 2: strides is ''; expected a positive whole number\n"
        "  line 3: filter height is '0'; expected a positive whole number; "
        "filter width is 'x'; expected a positive whole number\n"
        "  line 4: layer 'c': kernel_height=9: accepted: 1..8, the input with its padding\n"
        "  line 5: '2:4' after the last column; expected nothing, or the sparsity 1:1"
    )
    assert caught.value.hint is not None
    assert "Layer, M, N, K," in caught.value.hint


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "the first line names no columns that are known: []"),
        ("a, b, c\n1, 2, 3\n", "the first line names no columns that are known: ['a', 'b', 'c']"),
        (PRODUCTS, "\n  it holds no layer"),
        (PRODUCTS + "a, 1\n", "\n  line 2: N is missing; K is missing"),
        (PRODUCTS + "a, 1, 99999999999, 3\n", "\n  line 2: N is '99999999999'; expected a positive whole number"),
        (PRODUCTS + "a, 1, 999999999, 3\n",
         "\n  line 2: layer 'a': outputs=999999999: accepted: a whole number in 1..16777216"),
    ],
)  # fmt: skip
def test_files_that_are_no_topology(tmp_path: Path, text: str, reason: str) -> None:
    file = tmp_path / "net.csv"
    file.write_text(text)
    with pytest.raises(RequestError) as caught:
        read_topology(file)
    assert caught.value.message.removeprefix(f"topology {file}:").strip() == reason.strip()


def test_topologies_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(RequestError, match="cannot be read: No such file or directory"):
        find_network(str(tmp_path / "none.csv"))
    (tmp_path / "binary.csv").write_bytes(b"\xff\xfe\x00\x81")
    with pytest.raises(RequestError, match="cannot be read: it is not text in UTF-8"):
        read_topology(tmp_path / "binary.csv")


def test_partial_windows_only_where_asked() -> None:
    sizes = {"in_height": 8, "in_width": 8, "in_channels": 1, "out_channels": 1, "kernel_height": 3, "kernel_width": 3}
    for stride in range(1, 5):
        plain = Convolution("a", **sizes, stride_height=stride, stride_width=stride)
        partial = Convolution("a", **sizes, stride_height=stride, stride_width=stride, partial_windows=True)
        assert plain.out_height == math.floor(5 / stride) + 1
        assert partial.out_height == math.ceil(5 / stride) + 1
