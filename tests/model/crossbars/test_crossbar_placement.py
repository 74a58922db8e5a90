from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from tpugen.model.crossbars.placement import curve_nodes, mesh_side_for, place_layer


def walk(count: int) -> list[tuple[int, int]]:
    """The curve step by step: out of a shell, along it, round its corner, back."""
    row = column = 0
    nodes = [(0, 0)]
    shell = 1
    while len(nodes) < count:
        turns = [(0, 1)] + [(1, 0)] * shell + [(0, -1)] * shell
        if shell % 2 == 0:
            turns = [(b, a) for a, b in turns]
        for down, right in turns:
            row, column = row + down, column + right
            nodes.append((row, column))
        shell += 1
    return nodes[:count]


def test_the_curve_fills_the_mesh_in_steps_of_one_hop():
    rows, columns = curve_nodes(np.arange(64 * 64))
    nodes = list(zip(rows.tolist(), columns.tolist(), strict=True))
    assert nodes == walk(64 * 64)
    assert set(nodes) == {(row, column) for row in range(64) for column in range(64)}
    assert (np.abs(np.diff(rows)) + np.abs(np.diff(columns)) == 1).all()


def brute_force(nodes, targets, merge_s, send_s, side):
    places = walk(sum(nodes))
    starts = np.cumsum((0, *nodes))
    blocks = [places[starts[index] : starts[index + 1]] for index in range(len(nodes))]

    def hops(a, b):
        return abs(a[0] - b[0]) + abs(a[1] - b[1])

    costs = []
    for index, block in enumerate(blocks):
        if not block:
            costs.append(0.0)
            continue
        takers = [node for target in targets[index] for node in blocks[target]] or [(side // 2, 0)]
        costs.append(
            min(
                merge_s[index] * max(hops(meeting, node) for node in block)
                + send_s[index] * max(hops(meeting, node) for node in takers)
                for meeting in block
            )
        )
    return costs


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.integers(0, 30), min_size=3, max_size=3).filter(lambda nodes: sum(nodes) > 0),
    st.lists(st.integers(1, 9), min_size=3, max_size=3),
    st.lists(st.integers(1, 9), min_size=3, max_size=3),
)
def test_meeting_nodes_cost_what_the_best_of_all_nodes_costs(nodes, merge_s, send_s):
    targets = ((), (2,), ())
    merging, sending = place_layer(tuple(nodes), targets, tuple(map(float, merge_s)), tuple(map(float, send_s)), 16)
    costs = [a * m + b * s for a, m, b, s in zip(merging, merge_s, sending, send_s, strict=True)]
    assert costs == brute_force(nodes, targets, merge_s, send_s, 16)


def test_one_node_has_nothing_to_merge_and_the_port_is_half_way_down_the_left_edge():
    assert place_layer((1,), ((),), (1.0,), (1.0,), 64) == ((0,), (32,))


def test_a_full_mesh_doubles():
    assert mesh_side_for(4096, 64) == 64
    assert mesh_side_for(4097, 64) == 128
    assert place_layer((5000, 1), ((1,), ()), (1.0, 1.0), (1.0, 1.0), 64)[1][1] > 0
