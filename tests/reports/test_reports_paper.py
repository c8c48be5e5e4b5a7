"""Tables of a paper: rounding, LaTeX, Markdown, macros, by hand."""

from __future__ import annotations

import ast
import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from patchopt.reports import paper
from patchopt.reports.paper.latex import escaped, latex
from patchopt.reports.paper.macros import macro_name, macros
from patchopt.reports.paper.plain import frame, markdown
from patchopt.reports.paper.printed import Column, Number, Printed, Row
from patchopt.reports.paper.rounding import decimals_of, fixed

COST = Column(key="cost", title="cost", unit="weight·s", decimals=0, interval=True)
SHARE = Column(key="late", title="late", unit="%", decimals=1, scale=100.0)
TABLE = Printed(
    name="T9_small",
    caption="A small table.",
    notes=("Bold: best.",),
    columns=(Column(key="plan", title="plan"), COST, SHARE),
    rows=(
        Row(
            group="shop_1",
            cells=["a&b", Number(value=12345.6, low=12000.4, high=12700.0, mark="best"), "none"],
        ),
        Row(
            group="shop_1",
            cells=["big_bang", Number(value=99.0), Number(value=0.123456)],
            apart=True,
        ),
        Row(
            group="shop_1",
            cells=["c", Number(value=math.nan), Number(value=-0.5, mark="level")],
        ),
    ),
)


@pytest.mark.parametrize(
    ("low", "high", "decimals"),
    [
        (0.0, 2.0, 1),  # half width 1.0
        (0.0, 1.992, 1),  # .996 is 1.0 to two digits
        (0.0, 1.98, 2),  # .99
        (0.0, 2500.0, -2),  # 1,250
        (5.0, 5.0, None),
        (math.nan, 1.0, None),
        (0.0, math.inf, None),
    ],
)
def test_the_second_digit_of_a_half_width(low: float, high: float, decimals: int | None) -> None:
    assert decimals_of(low, high) == decimals


@given(st.floats(1e-5, 1e9), st.floats(-1e9, 1e9))
def test_two_digits_of_the_half_width_are_left(half: float, value: float) -> None:
    places = decimals_of(value - half, value + half)
    width = (value + half - (value - half)) / 2
    if places is None or places == 6:
        return
    digits = round(width, places) * 10.0**places
    assert 10 - 1e-6 <= digits < 100


def test_rounding() -> None:
    assert fixed(1250.0, -2) == "1200"  # to even, as everywhere in Python
    assert fixed(-0.4, 0) == "0"
    assert fixed(-12.34, 1) == "-12.3"


def test_latex() -> None:
    assert latex(TABLE).splitlines() == [
        r"\caption{A small table.}",
        r"\label{tab:T9-small}",
        r"\begin{tabular}{@{}lS[table-format=5.0]@{\enspace}rS[table-format=-2.1]@{}}",
        r"\toprule",
        r"plan & \multicolumn{2}{c}{cost} & \multicolumn{1}{c}{late} \\",
        r" & \multicolumn{2}{c}{[weight\,s]} & \multicolumn{1}{c}{[\%]} \\",
        r"\midrule",
        r"\multicolumn{4}{@{}l}{\itshape shop\_1} \\",
        (
            r"a\&b & {\hphantom{\num{88888}}\llap{\textbf{12\,350}}} & "
            r"[\num{12000}, \num{12700}] & {none} \\"
        ),
        r"c & {--} &  & {\hphantom{\num{-88.8}}\llap{\underline{$-$50.0}}} \\",
        r"\cmidrule{1-4}",
        r"big\_bang & 99 &  & 12.3 \\",
        r"\bottomrule",
        r"\end{tabular}",
        r"\par\smallskip",
        r"{\raggedright Bold: best.\par}",
    ]


def test_markdown() -> None:
    assert markdown(TABLE).splitlines() == [
        "**A small table.**",
        "",
        r"| scenario | plan | cost \[weight·s\] | late \[%\] |",
        "| --- | --- | ---: | ---: |",
        r"| shop\_1 | a&b | **12,350 [12,000, 12,700]** | none |".replace("a&b", r"a\&b"),
        r"| shop\_1 | c | – | <u>-50.0</u> |",
        r"| shop\_1 | big\_bang | 99 | 12.3 |",
        "",
        "Bold: best.",
    ]


def test_files_have_all_digits() -> None:
    table = frame(TABLE)
    assert list(table.columns) == [
        "scenario",
        "plan",
        "cost",
        "cost_low",
        "cost_high",
        "late",
        "keeps_constraints",
    ]
    assert table["cost"].tolist()[:2] == [12345.6, 99.0]
    assert table["late"].tolist()[1:] == [0.123456, -0.5]
    assert table["keeps_constraints"].tolist() == [True, False, True]


def test_macros() -> None:
    text = macros([TABLE])
    assert r"\newcommand{\patchShopOneABSmallCost}{\num{12350}}" in text
    assert r"\newcommand{\patchShopOneABSmallCostLow}{\num{12000}}" in text
    assert r"\newcommand{\patchShopOneBigBangSmallLate}{\num{12.3}}" in text
    names = [line.split("}")[0] for line in text.splitlines() if line.startswith(r"\new")]
    assert len(names) == len(set(names)) == 6
    twice = macros([TABLE, TABLE])
    assert r"\newcommand{\patchShopOneABSmallCostAgain}{\num{12350}}" in twice


@given(st.text(max_size=20))
def test_macro_names_are_letters(text: str) -> None:
    name = macro_name("shop", text, "cost")
    assert name.isascii()
    assert name.isalpha()


def test_latex_knows_every_letter_that_papers_are_written_with() -> None:
    folder = Path(paper.__file__).parent
    texts = [
        node.value
        for path in folder.glob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    ]
    assert any("≈" in text for text in texts)
    # What is left is of Latin-1, which LaTeX knows by itself.
    unknown = {letter for text in texts for letter in escaped(text) if ord(letter) > 0xFF}
    assert unknown == set()


@given(st.text(max_size=20))
def test_nothing_that_latex_reads_is_left(text: str) -> None:
    rest = escaped(text)
    for known in ("textbackslash{}", "textasciicircum{}", "textasciitilde{}", "textless{}"):
        rest = rest.replace("\\" + known, "")
    for known in ("textgreater{}", "textbar{}", "textquotedbl{}"):
        rest = rest.replace("\\" + known, "")
    for known in ("\\leq", "\\pm", "\\tau", "^3", "^6"):
        rest = rest.replace(f"${known}$", "")
    for known in "{}$&#%_,":
        rest = rest.replace("\\" + known, "")
    assert not set(rest) & set("\\{}$&#%_^~")
