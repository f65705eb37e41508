"""Which lines of emitted source belong to which ops."""

from __future__ import annotations

from nnc.backends.c.text import comment
from nnc.render.page.op_records import Op
from nnc.render.page.statements import source_blocks


def op(text: str, node: int | None = 0) -> Op:
    return Op(node, "forward", "forward", ("layer", "l"), text, (), "", 0, 0, (), "")


OPS = [
    op("%0 = add(%x, %y) : f32[2]"),
    op("%1 = scan(%0) : f32[2]"),
    op("update @w = %1", None),
    op("%2 = exp(%0) : f32[2]"),
]

PYTHON = """\
def train():
    # %0 = add(%x, %y) : f32[2]  # dense forward
    add(x, y, v0)
    # %1 = scan(%0) : f32[2]  # - forward
    for step in steps:
        # %2 = exp(%0) : f32[2]
        exp(step, step)
    # %9 = copy(%0) : f32[2]
    v9[...] = v0
    # update @w
    w[...] = v1
""".splitlines()

C = """\
/* A function. */
void train(void) {
    /* %0 = add(%x, %y) : f32[2]  # dense forward */
    /* %2 = exp(%0) : f32[2]  # dense forward */
    for (;;) {}
    /* %1 = scan(%0) : f32[2] */
    {
        /* %0 = add(%x, %y) : f32[2] */
    }
}
""".splitlines()


def test_statements_stand_under_their_op_and_loops_have_their_own_comments() -> None:
    assert source_blocks(PYTHON, OPS) == [(1, [0]), (3, [1]), (7, []), (9, [2])]


def test_ops_that_share_a_loop_share_its_statements() -> None:
    assert source_blocks(C, OPS) == [(2, [0, 3]), (5, [1])]


def test_names_that_comments_take_apart() -> None:
    texts = ['%0 = relu(%"a\\"*/") : f32[2]', 'update @"??/\\u00e9" = %0']
    lines = [comment(texts[0]), "{}", comment(texts[1].partition(" = ")[0]), "{}"]
    assert lines[0] == '/* %0 = relu(%"a\\"* /") : f32[2] */'
    assert source_blocks(lines, [op(texts[0]), op(texts[1], None)]) == [(0, [0]), (2, [1])]


def test_source_without_comments_belongs_to_nothing() -> None:
    assert source_blocks(["def f():", "    pass"], OPS) == []
    assert source_blocks([], OPS) == []
