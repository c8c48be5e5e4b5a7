"""What others have written, made fit for a line, and for a cell of a CSV file."""

from __future__ import annotations

from typing import Final

#: What a spreadsheet takes for the beginning of a formula, in full width too.
_FORMULA: Final = tuple("=+-@\uff1d\uff0b\uff0d\uff20")


def one_line(text: str) -> str:
    r"""Return text on one line, without what is not seen: it could hide or turn what is.

    Examples
    --------
    >>> one_line("two\nlines, \u202eturned")
    'two lines, �turned'
    """
    return "".join(c if c.isprintable() else "\ufffd" for c in " ".join(text.split()))


def csv_cell(text: str) -> str:
    r"""Return text as one line that no spreadsheet evaluates.

    Parameters
    ----------
    text : str
        What somebody has written: a name, a reason, an error. Numbers do not need it.

    Returns
    -------
    str
        The line, behind an apostrophe if it begins like a formula.

    References
    ----------
    OWASP, CSV Injection.

    Examples
    --------
    >>> csv_cell("rolling"), csv_cell("=1+1"), csv_cell("two\nlines")
    ('rolling', "'=1+1", 'two lines')
    """
    line = one_line(text)
    return f"'{line}" if line.startswith(_FORMULA) else line
