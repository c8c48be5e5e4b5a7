"""What is known of a plan that was made for failures, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from patchopt.reports.pages.markdown import number, percent

if TYPE_CHECKING:
    from patchopt.model.expectation import Expectation, WaitAndSeeGap

_OF_WHAT: Final = {
    "mean": "mean total exposure",
    "cvar95": "mean total exposure of the worst twentieth",
}


def expectation_text(known: Expectation) -> str:
    """Say how a plan does on replications that it was not made for, in one paragraph."""
    what, fresh = _OF_WHAT[known.risk], known.fresh
    measured = (
        f"With failures: {what} {number(known.value, 1)} ± {number(known.value_within, 1)} "
        f"weight·s (95%) on {fresh.replications:,} fresh replications (seed {fresh.seed})."
    )
    sentences = [measured, _beside_nominal(known)]
    if known.wait_and_see is not None:
        sentences.append(_gap(known.wait_and_see))
    return " ".join(sentences)


def _beside_nominal(known: Expectation) -> str:
    searched = f"{known.plans:,} plans simulated"
    met = f"{known.choice.replications:,} others (seed {known.choice.seed})"
    within = number(known.difference_within, 1)
    if known.is_nominal:
        return (
            f"It is the nominal optimum: of {searched}, none was surely better; the best one "
            f"came to {_more_or_less(known.difference)} ± {within} on {met}."
        )
    share = f" ({percent(-known.difference / known.nominal)})" if known.nominal else ""
    return (
        f"The best of {searched} came to {_more_or_less(known.difference)} ± {within}{share} than "
        f"the nominal optimum on {met}."
    )


def _more_or_less(difference: float) -> str:
    return f"{number(abs(difference), 1)} weight·s {'less' if difference < 0 else 'more'}"


def _gap(found: WaitAndSeeGap) -> str:
    text = (
        f"On the first {found.sample.replications:,} of the fresh ones nobody, not even who sees "
        f"ahead, can have a mean below {number(found.bound, 1)}"
    )
    if found.gap is None:
        return f"{text}."
    text += f"; this plan's mean there is {percent(found.gap)} above that"
    return f"{text}." if found.upper is None else f"{text} (95%: at most {percent(found.upper)})."
