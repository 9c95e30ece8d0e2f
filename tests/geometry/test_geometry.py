from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gikocr.geometry import Affine, BBox, Point, Quad, Warp

numbers = st.floats(-1e4, 1e4)
points = st.tuples(numbers, numbers)
boxes = st.builds(lambda p, q: BBox.around([p, q]), points, points)
maps = st.builds(Affine, *[st.floats(-10, 10)] * 6).filter(lambda m: abs(m.determinant) > 1e-2)


def near(p: Point, q: Point, tolerance: float = 1e-3) -> bool:
    return math.dist(p, q) <= tolerance * (1 + math.hypot(*p))


def test_a_box_inside_out_or_not_finite_cannot_be_built() -> None:
    for wrong in ((2, 0, 1, 1), (0, 2, 1, 1), (0, 0, math.nan, 1), (0, 0, math.inf, 1)):
        with pytest.raises(ValueError, match="box"):
            BBox(*wrong)
    with pytest.raises(ValueError, match="empty"):
        BBox.around([])


def test_boxes_by_hand() -> None:
    a, b = BBox(0, 0, 10, 10), BBox(5, 0, 15, 10)
    assert (a.width, a.height, a.area, a.center) == (10, 10, 100, (5, 5))
    assert a.intersection(b) == BBox(5, 0, 10, 10)
    assert a.iou(b) == pytest.approx(50 / 150)
    assert BBox(2, 2, 4, 4).share_inside(a) == 1
    assert a.share_inside(BBox(0, 0, 5, 5)) == 0.25
    assert a.intersection(BBox(10, 0, 20, 10)) is None
    assert BBox(1, 1, 1, 5).share_inside(a) == 0
    assert BBox.covering([a, b]) == BBox(0, 0, 15, 10)
    assert a.moved(1, -1) == BBox(1, -1, 11, 9)
    assert a.grown(1, 2) == BBox(-1, -2, 11, 12)
    assert a.grown(-100) == BBox(5, 5, 5, 5)
    assert Quad(a.corners()).flat() == (0, 0, 10, 0, 10, 10, 0, 10)


@given(boxes, boxes)
def test_overlap_is_symmetric_and_at_most_all(a: BBox, b: BBox) -> None:
    assert a.iou(b) == b.iou(a)
    assert 0 <= a.iou(b) <= 1 + 1e-9
    both = BBox.covering([a, b])
    common = a.intersection(b)
    assert common is None or BBox.covering([both, common]) == both


@given(boxes)
def test_a_box_is_the_box_of_its_corners(a: BBox) -> None:
    assert Quad(a.corners()).bbox == a
    if a.area > 0:
        assert a.iou(a) == pytest.approx(1)


def test_maps_by_hand() -> None:
    assert Affine.translation(2, 3).apply(1, 1) == (3, 4)
    assert Affine.scaling(2).apply(1, 1) == (2, 2)
    assert Affine.scaling(2, 3).apply(1, 1) == (2, 3)
    assert Affine.scaling(2).then(Affine.translation(1, 0)).apply(1, 1) == (3, 2)
    assert Affine.scaling(2, 3).determinant == 6
    assert Affine.translation(2, 3).rows() == ((1, 0, 2), (0, 1, 3))
    with pytest.raises(ValueError, match="inverse"):
        Affine.scaling(0).inverse()


@given(maps, points)
def test_a_map_and_its_inverse(m: Affine, p: Point) -> None:
    assert near(p, m.inverse().apply(*m.apply(*p)))


@given(maps, maps, points)
def test_one_map_after_the_other(first: Affine, second: Affine, p: Point) -> None:
    assert near(second.apply(*first.apply(*p)), first.then(second).apply(*p))


@given(st.floats(-180, 180), points, points)
def test_a_rotation_keeps_its_center_and_all_distances(degrees: float, center: Point, p: Point) -> None:
    turn = Affine.rotation(degrees, center)
    assert near(center, turn.apply(*center))
    assert math.dist(center, turn.apply(*p)) == pytest.approx(math.dist(center, p), abs=1e-6)
    assert turn.determinant == pytest.approx(1)


@given(maps, boxes)
def test_a_mapped_box_has_the_mapped_corners(m: Affine, box: BBox) -> None:
    assert m.apply_bbox(box).points == tuple(m.apply(*c) for c in box.corners())


lattices = st.tuples(st.integers(2, 6), st.integers(2, 6), st.floats(1, 50))


@given(maps, lattices, points, maps)
def test_a_warp_of_an_affine_maps_nodes_is_that_map(
    m: Affine, lattice: tuple[int, int, float], p: Point, after: Affine
) -> None:
    rows, columns, step = lattice
    nodes = np.array([[m.apply(c * step, r * step) for c in range(columns)] for r in range(rows)])
    warp = Warp(nodes, step)
    assert warp.size == (int((columns - 1) * step), int((rows - 1) * step))
    assert near(warp.apply(*p), m.apply(*p), 1e-2)
    assert near(warp.then(after).apply(*p), after.apply(*warp.apply(*p)), 1e-2)


@given(lattices, st.integers(0, 2**32 - 1))
def test_a_warp_leads_its_nodes_where_they_go(lattice: tuple[int, int, float], seed: int) -> None:
    rows, columns, step = lattice
    nodes = np.random.default_rng(seed).normal(0, 100, (rows, columns, 2))
    warp = Warp(nodes, step)
    for r in range(rows):
        for c in range(columns):
            assert near(warp.apply(c * step, r * step), tuple(nodes[r, c]), 1e-6)
    box = BBox(0, 0, (columns - 1) * step, (rows - 1) * step)
    assert near(warp.apply_bbox(box).points[2], tuple(nodes[-1, -1]), 1e-6)
