"""Checks plans and their certificates: no solver, no search, nothing of those who made them."""

from patchopt.verify.believing import with_verdict
from patchopt.verify.checking import Prover, verify
from patchopt.verify.verdict import Finding, Verdict

__all__ = ["Finding", "Prover", "Verdict", "verify", "with_verdict"]
