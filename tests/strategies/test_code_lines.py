"""Files of strategies as pages show them: coloured line by line, and compared."""

from __future__ import annotations

import pytest

from strategies.code_lines import FileChange, coloured, difference


@pytest.mark.parametrize("suffix", ["sql", "py", "toml", "json", "md", "txt"])
@pytest.mark.parametrize(
    "text", ["", "a", "a\n", "\n", "\n\na\n\n", "a\r\nb\rc\x0bd\x0ce\u2028f\x85g\n", '"""a\n\nb"""\n', "/* a\n b */\n", "\ufeffa\nb"]
)  # fmt: skip
def test_each_line_stands_for_itself_and_none_is_lost(suffix: str, text: str) -> None:
    lines = coloured(f"x.{suffix}", text)
    expected = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    assert len(lines) == len(expected if expected[-1] else expected[:-1])
    assert all(line.count("<span") == line.count("</span>") for line in lines)


def test_what_stands_in_a_file_stays_text_whatever_its_kind() -> None:
    for suffix in ("sql", "py", "toml", "json", "md", "txt", "odd"):
        for text in ("<script>'&\"", "-- <script>", "'<script>", '"<script>"', "# <script>", "`<script>`"):
            assert "<script" not in coloured(f"x.{suffix}", text)[0], (suffix, text)
    assert coloured("x.sql", f"{'a' * 200_001}<b>\n")[0].endswith("a&lt;b&gt;"), (
        "also in one that is too long for colours"
    )


def shown(change: FileChange) -> list[tuple[str, int | None, int | None]]:
    return [(line.kind, line.before, line.after) for line in change.lines]


def test_what_differs_is_shown_with_three_lines_around_it() -> None:
    before = "".join(f"{number}\n" for number in range(1, 31))
    (change,) = difference({"a": before}, {"a": before.replace("\n15\n", "\nfifteen\n15.5\n")})
    assert (change.what, change.added, change.removed) == ("changed", 2, 1)
    assert shown(change) == [
        ("skipped", None, None), ("", 12, 12), ("", 13, 13), ("", 14, 14), ("removed", 15, None), ("added", None, 15),
        ("added", None, 16), ("", 16, 17), ("", 17, 18), ("", 18, 19), ("skipped", None, None),
    ]  # fmt: skip
    (change,) = difference({"a": before}, {"a": f"0\n{before}31\n"})
    assert [kind for kind, *_ in shown(change)] == ["added", "", "", "", "skipped", "", "", "", "added"]


def test_files_that_are_new_or_gone_are_named_and_those_that_are_alike_are_not() -> None:
    found = difference({"same": "a\n", "old": "a\nb\n", "empty": "x\n"}, {"new": "c\n", "same": "a\n", "empty": ""})
    assert [(change.path, change.what, change.added, change.removed) for change in found] == [
        ("empty", "changed", 0, 1),
        ("new", "new", 1, 0),
        ("old", "gone", 0, 2),
    ]
    assert difference({"same": "a\n"}, {"same": "a\n"}) == []
