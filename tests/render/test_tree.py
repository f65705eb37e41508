from __future__ import annotations

from nnc.render import Arrow, Box, Branches, Cluster, Diagram, Line, Table, layers_diagram, to_text
from tests.render import samples


def box(number: int, *texts: str, group: str = "", **options: object) -> Box:
    return Box(f"op{number}", tuple(map(Line, texts)), "plain", group, **options)  # type: ignore[arg-type]


def test_a_chain_says_only_what_boxes_make() -> None:
    arrows = (Arrow("op1", "op2", "batch×2"), Arrow("op2", "op3", "batch×1"))
    assert to_text(Diagram("d", (box(1, "a"), box(2, "b", "more"), box(3, "c")), arrows)) == (
        "d\n├─ a  → batch×2\n├─ b  more  → batch×1\n└─ c\n"
    )


def test_what_is_not_read_from_the_line_before_is_said() -> None:
    arrows = (
        Arrow("op1", "op2", "2"),
        Arrow("op1", "op3", "2"),
        Arrow("op2", "op3", "3"),
        Arrow("op1", "op4", "2, twice"),
    )
    boxes = box(1, "a"), box(2, "b"), box(3, "c"), box(4, "d")
    assert to_text(Diagram("d", boxes, arrows)).splitlines()[1:] == [
        "├─ a  → 2",
        "├─ b  → 3",
        "├─ c  ← a, b",
        "└─ d  ← a",
    ]


def test_frames_stand_where_their_first_box_does() -> None:
    groups = (Cluster("group1", "outer", "forward"), Cluster("group2", "inner", "forward", "group1", "note"))
    boxes = box(1, "a"), box(2, "b", group="group2"), box(3, "c"), box(4, "d", group="group1")
    assert to_text(Diagram("d", boxes, (), groups)) == (
        "d\n├─ a\n├─ outer\n│  ├─ inner  (note)\n│  │  └─ b\n│  └─ d\n└─ c\n"
    )


def test_content_stands_below() -> None:
    content = (Branches((("x", "y"), ())), Line("join"), Table((("1", "long"), ("22", "s"))))
    assert to_text(Diagram("d", (box(1, "a", content=content), box(2, "b")))) == (
        "d\n├─ a\n│  ├─ ║ x\n│  ├─   y\n│  ├─ ║ identity\n│  ├─ join\n│  ├─ 1   long\n│  └─ 22  s\n└─ b\n"
    )


def test_names_stand_before_titles_and_are_what_others_say() -> None:
    boxes = box(1, "add", name="%0"), box(2, "mul", name="%1"), box(3, "neg", name="%2")
    arrows = (Arrow("op1", "op3", "2"),)
    assert to_text(Diagram("d", boxes, arrows)) == "d\n├─ %0 = add  → 2\n├─ %1 = mul\n└─ %2 = neg  ← %0\n"


def test_what_does_not_print_is_escaped() -> None:
    lines = to_text(Diagram("a\nb", (box(1, "nul\x00", "x\r\ny\x1b[31m"),))).splitlines()
    assert lines == ["a\\nb", "└─ nul\\x00  x\\r\\ny\\x1b[31m"]


def test_a_line_per_box() -> None:
    for model in (samples.branching_model(), samples.hostile_model()):
        diagram = layers_diagram(model)
        assert len(to_text(diagram).splitlines()) == 1 + len(diagram.nodes)
