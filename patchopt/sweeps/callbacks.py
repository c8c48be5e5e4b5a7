"""What Hydra calls when a multirun begins."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

from hydra.experimental.callback import Callback

from patchopt.sweeps.jobs import REPORTS


class ReportFolder(Callback):
    """Has jobs tell what came of them where a multirun writes: other machines see it too."""

    def on_multirun_start(self, config: Any, **_: Any) -> None:
        """Say where, before the first job starts."""
        folder = Path(config.hydra.sweep.dir).resolve() / ".reports"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        os.environ[REPORTS] = str(folder)
