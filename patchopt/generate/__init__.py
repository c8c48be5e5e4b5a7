"""Instances made up from a seed and stated factors, for benchmarks and studies."""

from patchopt.generate.factors import FAMILIES, Factors, factors_of
from patchopt.generate.instances import instance

__all__ = ["FAMILIES", "Factors", "factors_of", "instance"]
