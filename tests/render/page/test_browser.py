"""The page as its reader has it: opened, searched, clicked, typed at, small, dark, and with thousands of ops."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from itertools import combinations
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from benchmarks.page_graphs import flat_subject
from nnc import __version__
from nnc.render.page import page
from nnc.render.theme import DARK, LIGHT
from tests.render.page import subjects
from tests.render.page.browser import Open, Opened, opener, started

pytestmark = pytest.mark.unsanitized

MOST_ELEMENTS = 700
"""Elements of a page, however large the graph: what is out of sight has none."""


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with started() as found:
        yield found


@pytest.fixture
def open_page(browser: Any, tmp_path: Path) -> Iterator[Open]:
    with opener(browser, tmp_path) as found:
        yield found


@cache
def recurrent_page() -> str:
    return page(subjects.recurrent_subject(), __version__)


def pixel(opened: Opened, canvas: str, x: int, y: int) -> str:
    """Return the colour of a pixel of a canvas."""
    code = f"document.getElementById('{canvas}').getContext('2d').getImageData({x}, {y}, 1, 1).data"
    red, green, blue, _ = opened.tab.evaluate(f"[...{code}]")
    return f"#{red:02X}{green:02X}{blue:02X}"


def colours(opened: Opened, canvas: str) -> int:
    """Return how many colours there are in a canvas."""
    return int(
        opened.tab.evaluate(
            """(id) => {
              const canvas = document.getElementById(id);
              const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
              return new Set(new Uint32Array(data.buffer)).size;
            }""",
            canvas,
        )
    )


# ---------------------------------------------------------------------- it opens


@pytest.mark.parametrize("make", [subjects.base_subject, subjects.recurrent_subject, subjects.residual_subject])
@pytest.mark.sampled(1)
def test_opens_without_a_word_and_without_the_network(make: Any, open_page: Open) -> None:
    subject = make()
    opened = open_page(page(subject, __version__))
    assert opened.tab.title() == f"{subject.title} · nnc"
    assert opened.text("h1") == subject.title
    assert opened.count("boxes") > 3
    assert opened.count("curves") > 2
    assert colours(opened, "graph") > 10
    for compiled in subject.compiled[1:]:
        opened.tab.click(f"#graphs >> text={compiled.name}")
        assert opened.text("#details h2") == f"{subject.title}: {compiled.name}"
    opened.tab.click("#open-all")
    opened.settle()
    assert opened.problems == []


@pytest.mark.slow
def test_names_of_any_kind_are_shown_as_they_are(open_page: Open) -> None:
    opened = open_page(page(subjects.hostile_subject(), __version__))
    assert opened.text("h1") == subjects.HOSTILE.replace("\u2028", "\n").replace("\n", "\u2028")
    opened.search(subjects.HOSTILE_LAYER)
    assert opened.text("#details h2") == subjects.HOSTILE_LAYER
    opened.press("Escape")
    opened.tab.hover("#panel-outline .line >> nth=2")
    assert opened.tab.locator("script").count() == 2
    assert opened.problems == []


def test_nothing_is_left_in_the_window(open_page: Open) -> None:
    opened = open_page(subjects.base_page())
    left = opened.tab.evaluate(
        """() => {
          const frame = document.body.appendChild(document.createElement("iframe"));
          const known = new Set(Object.getOwnPropertyNames(frame.contentWindow));
          return Object.getOwnPropertyNames(window).filter((name) => !known.has(name) && !/^\\d+$/.test(name));
        }"""
    )
    ours = [name for name in left if not name.startswith("__pw") and not name.startswith("__playwright")]
    assert ours == []


# ---------------------------------------------------------------------- layers, ops, steps, source


@pytest.mark.slow
def test_search_finds_a_node_and_goes_there(open_page: Open) -> None:
    opened = open_page(subjects.base_page())
    opened.tab.fill("#search", "logaddexp")
    assert re.match(r"[1-9]\d* found", opened.text("#found"))
    hits = opened.tab.locator("#hits li")
    assert hits.count() >= 2
    assert "logaddexp" in hits.first.inner_text()
    before = opened.count("total")
    opened.press("Enter")
    assert opened.count("total") > before  # its layer is open now
    assert "logaddexp" in opened.text("#details h2")
    x, y, w, h = opened.selected_box()
    assert 0 < x < x + w < 1280
    assert 0 < y < y + h < 800
    opened.search("nothing is called so")
    assert opened.text("#found") == "0 found"


def test_a_click_expands_a_layer_and_another_collapses_it(open_page: Open) -> None:
    opened = open_page(subjects.base_page())
    opened.search("dense_1")
    before = opened.count("total")
    opened.click_selected()
    opened_total = opened.count("total")
    assert opened_total > before + 5
    opened.click_selected()
    assert opened.count("total") == before


def test_a_layer_says_where_it_is_defined_and_what_it_costs(open_page: Open) -> None:
    opened = open_page(subjects.base_page())
    opened.search("dense_1")
    details = opened.text("#details")
    assert "Dense(1) · sigmoid" in details
    assert re.search(r"base\.yaml, line \d+\n- Dense: \{units: 1, activation: sigmoid\}", details)
    assert re.search(r"Forward\n1 op, \d+ FLOPs\nBackward\n\d ops, \d+ FLOPs", details)


@pytest.mark.slow
@pytest.mark.numpy_backend
def test_pointing_at_an_op_shows_all_there_is_to_know(open_page: Open) -> None:
    opened = open_page(subjects.base_page())
    opened.search("fusion.dense_sigmoid %x")
    opened.press("Escape")
    opened.tab.focus("#graph")
    x, y, w, h = opened.selected_box()
    opened.tab.mouse.move(x + w / 2, y + h / 2)
    opened.settle()
    shown = opened.text("#tooltip")
    for expected in ("Layer\ndense", "Shape\nbatch×2", "Type\nf32", "FLOPs\n384", "Bytes\n256 bytes"):
        assert expected in shown
    assert "%dense = fusion.dense_sigmoid(%x, %dense/kernel, %dense/bias) : f32[batch,2]" in shown
    assert "base.yaml, line 8\n- Dense: {units: 2, activation: sigmoid}" in shown
    assert "x.dot(dense_kernel, dense)" in shown


@pytest.mark.numpy_backend
@pytest.mark.slow
def test_an_op_opens_into_its_steps_and_their_source(open_page: Open) -> None:
    opened = open_page(subjects.base_page())
    opened.search("fusion.dense_sigmoid %x")
    closed = opened.selected_box()
    opened.tab.focus("#graph")
    opened.press("Enter")
    x, y, w, h = opened.selected_box()
    assert h > closed[3] + 60  # seven steps, and a statement for each
    opened.tab.mouse.click(x + w / 3, y + h - 20)
    opened.settle()
    assert opened.text("#details h2").startswith("Line ")


@pytest.mark.slow
def test_the_outline_goes_from_layers_to_source(open_page: Open) -> None:
    opened = open_page(subjects.base_page())
    tree = "#panel-outline [role=tree]"
    item = opened.tab.locator("#panel-outline [role=treeitem]")
    opened.tab.focus(tree)
    before = item.count()
    assert opened.tab.get_attribute(tree, "aria-activedescendant") is None
    opened.press("ArrowDown", "ArrowDown", "ArrowDown")
    current = opened.tab.locator(f"#{opened.tab.get_attribute(tree, 'aria-activedescendant')}")
    assert current.get_attribute("aria-expanded") == "false"
    opened.press("ArrowRight")
    assert item.count() > before
    opened.press("ArrowRight", "ArrowRight")
    levels = {int(found.get_attribute("aria-level") or 0) for found in item.all()}
    assert levels == {1, 2, 3}
    assert opened.lines("#panel-outline .source") > 1
    assert opened.lines("#panel-outline [data-id^=s]") > 1
    opened.press("ArrowLeft", "ArrowLeft", "ArrowLeft")
    assert item.count() == before


@pytest.mark.slow
def test_loops_show_the_steps_of_a_round(open_page: Open) -> None:
    opened = open_page(recurrent_page())
    opened.search("scan(")
    assert opened.text("#details h2") == "scan"
    opened.tab.click("#tab-steps")
    assert opened.lines("#panel-steps .lit") > 5
    assert "20 rounds" in opened.text("#panel-steps")
    assert opened.problems == []


# ---------------------------------------------------------------------- passes


@pytest.mark.slow
def test_the_slider_changes_the_graph(open_page: Open) -> None:
    opened = open_page(subjects.base_page())
    opened.tab.click("#open-all")
    last = opened.count("total")
    assert "after schedule" in opened.text(".pass-caption")
    opened.tab.fill("#stage", "0")
    assert "1/13 after loss" in opened.text(".pass-caption")
    first = opened.count("total")
    assert first != last
    opened.tab.focus("#stage")
    opened.press("ArrowRight")
    assert "2/13 after differentiate" in opened.text(".pass-caption")
    assert re.search(r"(\d+) → (\d+) ops \(\+\d+ −0\)", opened.text(".pass-caption"))
    assert opened.count("total") > first  # the backward pass has come
    opened.press("End")
    assert "13/13 after inline" in opened.text(".pass-caption")
    assert opened.count("total") > last  # fusions are open
    opened.press("ArrowLeft")
    assert opened.count("total") == last
    assert opened.problems == []


@pytest.mark.slow
def test_before_and_after_a_pass_as_text(open_page: Open) -> None:
    opened = open_page(subjects.base_page())
    opened.tab.click("#tab-text")
    opened.tab.click(".pass-names li >> text=fuse")
    assert opened.lines("#panel-text .added") > 2
    assert opened.lines("#panel-text .removed") > 2
    assert "fusion.dense_sigmoid" in opened.text("#panel-text .added >> nth=0")
    opened.tab.click(".pass-names li >> text=schedule")
    assert opened.lines("#panel-text .added, #panel-text .removed") == 0


# ---------------------------------------------------------------------- memory


@pytest.mark.slow
def test_the_memory_picture_is_not_empty_and_is_linked_both_ways(open_page: Open) -> None:
    opened = open_page(subjects.base_page())
    plan = subjects.base_subject().compiled[0].plan
    assert opened.count("buffers", "memory") == sum(buffer.nbytes > 0 for buffer in plan.storage.buffers)
    assert colours(opened, "memory") > 10
    assert opened.count("lit", "memory") == 0
    opened.tab.focus("#memory")
    opened.press("ArrowRight", "ArrowRight", "ArrowRight")  # two inputs begin first
    details = opened.text("#details")
    assert re.search(r"Bytes\n[\d,]+ bytes at [\d,]+", details)
    assert "Alive\nfrom step" in details
    assert opened.drawn("selected") or opened.count("total") > 10  # the op that writes it has been opened
    opened.tab.click("#tab-steps")
    assert opened.lines("#panel-steps .lit") >= 1
    opened.tab.click("#details .link >> nth=0")  # the step that writes it
    assert opened.count("lit", "memory") >= 1
    opened.search("fusion.dense_sigmoid %x")
    assert opened.count("lit", "memory") >= 1


def test_pointing_at_a_buffer_tells_what_it_is(open_page: Open) -> None:
    opened = open_page(subjects.base_page())
    canvas = opened.tab.locator("#memory").bounding_box()
    opened.tab.mouse.move(canvas["x"] + 120, canvas["y"] + canvas["height"] - 40)
    opened.settle()
    assert opened.text("#tooltip").startswith("%x\n")
    assert "256 bytes at 0" in opened.text("#tooltip")


@pytest.mark.slow
def test_pointing_at_a_step_lights_its_buffers(open_page: Open) -> None:
    opened = open_page(subjects.base_page())
    opened.tab.click("#tab-steps")
    opened.tab.hover("#panel-steps .line:not(.idle) >> nth=3")
    assert opened.count("lit", "memory") >= 1


# ---------------------------------------------------------------------- keys, wheel, sizes, colours


def test_the_keyboard_alone_is_enough(open_page: Open) -> None:
    opened = open_page(subjects.base_page())
    opened.press("/")
    assert opened.tab.evaluate("document.activeElement.id") == "search"
    opened.tab.keyboard.type("dense")
    opened.press("ArrowDown", "Enter")
    assert opened.text("#details h2") == "dense_1"
    opened.tab.focus("#graph")
    opened.press("ArrowUp")
    assert opened.text("#details h2") == "dense"
    assert "Dense(2) · sigmoid, 6 parameters" in opened.text("#announcements")
    before = opened.count("total")
    opened.press("Enter")
    assert opened.count("total") > before
    assert opened.text("#announcements") == "" or "forward" in opened.text("#announcements")
    opened.press("Enter", "ArrowRight")
    assert opened.count("total") == before
    assert "backward" in opened.text("#announcements")
    opened.press("Escape")
    assert opened.text("#details h2") == "base: train"
    opened.press("[", "[")
    assert "10/13 after dce" in opened.text(".pass-caption")
    opened.press("?")
    assert opened.tab.locator("#keys").is_visible()
    opened.press("Escape")
    assert not opened.tab.locator("#keys").is_visible()


@pytest.mark.slow
def test_everything_can_be_reached_by_tab_and_has_a_name(open_page: Open) -> None:
    opened = open_page(subjects.base_page())
    nameless = opened.tab.evaluate(
        """() => [...document.querySelectorAll("button, input, canvas, [tabindex], [role=listbox], [role=tree]")]
          .filter((item) => item.checkVisibility() && !item.getAttribute("aria-label")
            && !item.getAttribute("aria-labelledby") && !item.textContent.trim())
          .map((item) => item.outerHTML)"""
    )
    assert nameless == []
    reached = set()
    for _ in range(40):
        opened.press("Tab")
        reached.add(opened.tab.evaluate("document.activeElement.id || document.activeElement.getAttribute('role')"))
    assert {"search", "stage", "graph", "memory", "zoom-in", "tab-outline", "tree"} <= reached


@pytest.mark.slow
def test_wheel_and_drag_move_and_zoom(open_page: Open) -> None:
    opened = open_page(subjects.base_page())
    opened.search("dense_1")
    x, y, w, h = opened.selected_box()
    opened.tab.mouse.move(x + w / 2, y + h / 2)
    opened.tab.mouse.wheel(0, 60)
    assert opened.selected_box() == pytest.approx((x, y - 60, w, h), abs=2)
    opened.tab.keyboard.down("Control")
    opened.tab.mouse.wheel(0, -100)
    opened.tab.keyboard.up("Control")
    assert opened.selected_box()[2] > 1.3 * w
    opened.tab.click("#fit")
    x, y, w, h = opened.selected_box()
    opened.tab.mouse.move(30, 500)
    opened.tab.mouse.down()
    opened.tab.mouse.move(60, 480)
    opened.tab.mouse.move(90, 450)
    opened.tab.mouse.up()
    assert opened.selected_box() == pytest.approx((x + 60, y - 50, w, h), abs=2)
    opened.tab.click("#zoom-out")
    assert opened.selected_box()[2] < w


@pytest.mark.slow
@pytest.mark.parametrize(("scheme", "theme", "ground"), [("light", LIGHT, "#F6F7F9"), ("dark", DARK, "#0E1114")])
def test_colours_follow_the_reader(scheme: str, theme: Any, ground: str, open_page: Open) -> None:
    opened = open_page(subjects.base_page(), color_scheme=scheme)
    opened.settle()
    assert pixel(opened, "graph", 3, 3) == ground
    assert opened.tab.evaluate("getComputedStyle(document.querySelector('header')).backgroundColor") == rgb(theme.paper)
    opened.search("dense_1")
    opened.press("Escape")
    x, y, *_ = opened.selected_box()
    canvas = opened.tab.locator("#graph").bounding_box()
    inside = int(x - canvas["x"]) + 8, int(y - canvas["y"]) + 8
    assert pixel(opened, "graph", *inside) == theme.styles["layer"].fill.upper()
    opened.tab.click("#theme")
    opened.settle()
    assert pixel(opened, "graph", 3, 3) != ground


def rgb(colour: str) -> str:
    return f"rgb({', '.join(str(int(colour[start : start + 2], 16)) for start in (1, 3, 5))})"


@pytest.mark.parametrize(("width", "height"), [(1280, 800), (820, 700), (420, 800)])
@pytest.mark.slow
def test_nothing_sticks_out_of_the_window(width: int, height: int, open_page: Open) -> None:
    opened = open_page(recurrent_page(), width=width, height=height)
    opened.settle()
    assert opened.tab.evaluate("document.documentElement.scrollWidth") <= width
    assert opened.count("boxes") >= 5  # in a narrow window letters of 10 pixels leave room for no more
    for canvas in ("graph", "memory"):
        box = opened.tab.locator(f"#{canvas}").bounding_box()
        assert box["width"] >= min(400, width)
        assert box["height"] >= 140


# ---------------------------------------------------------------------- large graphs


@pytest.mark.slow
def test_five_thousand_ops_are_drawn_as_far_as_they_are_in_sight(open_page: Open) -> None:
    opened = open_page(page(flat_subject(5000), __version__))
    assert opened.count("total") == 3
    assert opened.tab.locator("*").count() < MOST_ELEMENTS
    opened.tab.click("#open-all")
    assert opened.count("total") > 5000
    assert opened.count("boxes") < 400
    for tab in ("text", "steps", "source", "outline"):
        opened.tab.click(f"#tab-{tab}")
        assert opened.lines(f"#panel-{tab} .line") < 80
    assert opened.tab.locator("*").count() < MOST_ELEMENTS
    opened.tab.focus("#graph")
    opened.press("0")
    assert opened.count("boxes") > 4000
    opened.search("%4321 =")
    assert opened.text("#details").count("%4321 = ") >= 1
    assert opened.problems == []


# ---------------------------------------------------------------------- first view, properties, export


@pytest.mark.sampled(1)
@pytest.mark.parametrize(("width", "height"), [(1440, 900), (800, 600)])
def test_the_first_view_can_be_read(width: int, height: int, open_page: Open) -> None:
    opened = open_page(subjects.base_page(), width=width, height=height)
    left, _, scene_width, _ = map(int, opened.drawn("scene").split(","))
    canvas, tools, legend = (opened.tab.locator(name).bounding_box() for name in ("#graph", ".tools", "#legend"))
    assert 0 <= left < left + scene_width <= canvas["width"]  # both lanes
    assert min(tools["y"], legend["y"]) >= canvas["y"] + canvas["height"]  # nothing lies on the graph
    assert legend["x"] + legend["width"] <= tools["x"]
    opened.search("dense")
    opened.press("Escape", "Escape")
    assert opened.tab.locator("#details").bounding_box()["y"] < height / 2
    sizes = """() => [...document.querySelectorAll("body *")]
      .filter((item) => item.offsetParent && [...item.childNodes].some((node) => node.nodeType === 3))
      .map((item) => parseFloat(getComputedStyle(item).fontSize))"""
    assert min(opened.tab.evaluate(sizes)) >= 10
    assert "FLOPs/row" in opened.text("#panel-outline")


@pytest.mark.slow
def test_a_layer_shows_its_arguments_and_weights(open_page: Open) -> None:
    opened = open_page(page(replace(subjects.base_subject(), definition=None), __version__))
    opened.search("dense_1")
    said = opened.text("#details")
    assert "Arguments" in said and "glorot_uniform" in said.lower().replace("glorotuniform", "glorot_uniform")
    assert "FLOPs per row" in said
    assert "kernel 2×1: mean " in said
    assert opened.tab.locator("#details .histogram").count() == 2
    assert opened.tab.locator("#details .histogram rect").count() == 48
    assert opened.problems == []


@pytest.mark.slow
def test_the_graph_is_saved_as_it_is_open(open_page: Open, tmp_path: Path) -> None:
    opened = open_page(subjects.base_page())
    for kind, start in (("svg", b"<svg "), ("png", b"\x89PNG")):
        with opened.tab.expect_download() as found:
            opened.tab.click(f"#export-{kind}")
        assert found.value.suggested_filename == f"base-train.{kind}"
        found.value.save_as(tmp_path / f"graph.{kind}")
        assert (tmp_path / f"graph.{kind}").read_bytes().startswith(start)
    elements = list(ElementTree.parse(tmp_path / "graph.svg").iter())
    words = {element.text for element in elements if element.text}
    boxes = [
        [float(item.attrib[key]) for key in ("x", "y", "width", "height")] for item in elements if "rx" in item.attrib
    ]
    assert not any(
        x < u + p and u < x + w and y < v + q and v < y + h for (x, y, w, h), (u, v, p, q) in combinations(boxes, 2)
    )
    assert {"dense", "Dense(2) · sigmoid", "batch×2", "update"} <= words
