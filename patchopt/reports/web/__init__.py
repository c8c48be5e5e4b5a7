"""The page ``index.html``: all of a study in one file, to sort, to compare and to replay."""
