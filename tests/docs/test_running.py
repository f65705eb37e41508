"""How pages are read, run and compared: mistakes on a page are found, each with its line."""

from __future__ import annotations

import doctest
from pathlib import Path

import pytest

from documentation import outputs
from documentation.blocks import Role, blocks_of
from documentation.outputs import matches, pairs, refreshed
from documentation.pictures import is_current, pictures_of
from documentation.running import PageError, run_blocks

PAGE = """# Title

<!-- file: words.txt -->
```yaml
first
```

```python
from pathlib import Path
words = Path("words.txt").read_text()
print(words, end="")
```

```text
first
```

```sh
cat words.txt | tr a-z A-Z
```

<!-- output -->
```yaml
LAST
```

<!-- not run: takes years -->
```python
while True: pass
```

<!-- output of: echo here -->
```sh
here
```
"""


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_blocks_have_roles() -> None:
    blocks = blocks_of(PAGE)
    assert [(block.role, block.language, block.note) for block in blocks] == [
        (Role.file, "yaml", "words.txt"),
        (Role.run, "python", ""),
        (Role.output, "text", ""),
        (Role.run, "sh", ""),
        (Role.output, "yaml", ""),
        (Role.shown, "python", "takes years"),
        (Role.output, "sh", "echo here"),
    ]
    assert PAGE.splitlines()[blocks[0].line - 1] == "first"
    assert PAGE[blocks[4].start : blocks[4].end] == "LAST\n"


def test_a_page_is_run_and_what_it_shows_is_compared() -> None:
    blocks = blocks_of(PAGE)
    printed = run_blocks(blocks, "page.md")
    assert [(block.text, text) for block, text in pairs(blocks, printed)] == [
        ("first\n", "first\n"),
        ("LAST\n", "FIRST\n"),
        ("here\n", "here\n"),
    ]
    assert refreshed(PAGE, blocks, printed) == PAGE.replace("LAST", "FIRST")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("```yaml\na: 1\n```\n", r"line 2: a block of 'yaml' needs a comment in front of it: <!-- file: NAME -->"),
        ("Text.\n\n```\nls\n```\n", r"line 4: a block of 'no language' needs a comment"),
        ("<!-- not run -->\n```sh\nls\n```\n", r"line 3: say why the block is not run"),
    ],
)
def test_blocks_of_which_nothing_is_said(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        blocks_of(text)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "One.\n\n```python\nx = 1\nx / 0\n```\n",
            r'(?s)the block in line 4 failed.*"page.md", line 5.*ZeroDivisionError',
        ),
        ("```sh\necho said; false\n```\n", r"(?s)the block in line 2 failed.*said\n.*exit code 1"),
        ("```sh\nnnc compile missing.yaml\n```\n", r"(?s)no such model file: 'missing.yaml'.*exit code 1"),
        ("<!-- output of: false -->\n```text\n```\n", r"the block in line 3 failed"),
    ],
)
def test_a_block_that_fails_is_named(text: str, message: str) -> None:
    with pytest.raises(PageError, match=message):
        run_blocks(blocks_of(text), "page.md")


@pytest.mark.parametrize(
    ("shown", "printed", "expected"),
    [
        ("a\nb\n", "a\nb\n", True),
        ("a\nb\n", "a\nc\n", False),
        ("a\n", "a\nb\n", False),
        ("a\n...\n", "a\nb\nc\n", True),
        ("a\n...\n", "b\na\n", False),
        ("a  b\n", "a      b   \n", True),
        ("Time  ms\n────────\n", "Time   ms\n─────────\n", True),
        ("    a\n", "a\n", False),
        ("took ... s\n", "took 0.25 s\n", True),
        ("x[...] = 1\n", "x[...] = 1\n", True),
        ("a.b\n", "aXb\n", False),
    ],
)
def test_comparison(shown: str, printed: str, expected: bool) -> None:
    assert matches(shown, printed) is expected


def test_examples_in_docstrings() -> None:
    assert doctest.testmod(outputs).failed == 0


def test_a_picture_is_compared_by_its_words(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(
        "![a picture](images/page/net.svg) ![another](images/other.svg) ![far](https://example.org/net.svg)\n"
    )
    shown = tmp_path / "images" / "page" / "net.svg"
    shown.parent.mkdir(parents=True)
    work = tmp_path / "work"
    work.mkdir()
    drawing = '<svg xmlns="http://www.w3.org/2000/svg"><text x="{}">dense</text><text>{}</text></svg>'
    (work / "net.svg").write_text(drawing.format(1, "2 units"))
    assert pictures_of(page, work) == [(work / "net.svg", shown)]
    assert not is_current(work / "net.svg", shown)
    shown.write_text(drawing.format(7, "2 units"))
    assert is_current(work / "net.svg", shown)
    shown.write_text(drawing.format(1, "3 units"))
    assert not is_current(work / "net.svg", shown)


def test_a_block_that_needs_a_program_is_run_where_that_is(monkeypatch: pytest.MonkeyPatch) -> None:
    page = "<!-- needs: echo, numpy -->\n```sh\necho here\n```\n\n```text\nhere\n```\n"
    blocks = blocks_of(page)
    assert [block.role for block in blocks] == [Role.run, Role.output]
    printed = run_blocks(blocks, "page")
    assert pairs(blocks, printed) == [(blocks[1], "here\n")]
    elsewhere = blocks_of(page.replace("numpy -->", "no-such-program -->"))
    assert [(block.role, block.note) for block in elsewhere] == [
        (Role.shown, "needs to be installed: echo, no-such-program"),
        (Role.output, ""),
    ]
    assert pairs(elsewhere, run_blocks(elsewhere, "page")) == []
