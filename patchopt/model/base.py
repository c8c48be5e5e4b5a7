"""What models and arrays are made of: one frozen base, one strict configuration."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Bits = NDArray[np.uint64]
Flags = NDArray[np.bool_]

#: Stands for "unlimited", "none" and "never" in arrays and limits.
NONE: Final = -1

#: How every model and every dataclass of parameters is checked: no unknown keys, no conversions.
STRICT: Final = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)


class Frozen(BaseModel):
    """Base of everything that is read from a file or a configuration."""

    model_config = ConfigDict(**STRICT, frozen=True, use_attribute_docstrings=True)
