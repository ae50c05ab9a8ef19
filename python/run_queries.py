"""Runs every Python block of a Markdown file against a sweep's folder: python run_queries.py MARKDOWN DIR.

The blocks read runs/delay-comparison, as a reader's would; here that name is a link to DIR in a temporary folder. A block that
raises, prints nothing, or prints an empty table ends the program with its line.
"""

import contextlib
import io
import os
import re
import sys
import tempfile
import traceback
from pathlib import Path


def main(markdown: Path, folder: Path) -> int:
    text = markdown.read_text()
    blocks = [(text.count("\n", 0, m.start(1)), m.group(1)) for m in re.finditer(r"^```python\n(.*?)^```", text, re.M | re.S)]
    if not blocks:
        print(f"{markdown}: it has no block of Python", file=sys.stderr)
        return 1
    folder = folder.resolve()
    with tempfile.TemporaryDirectory() as scratch:
        os.makedirs(f"{scratch}/runs")
        os.symlink(folder, f"{scratch}/runs/delay-comparison")
        os.chdir(scratch)
        for line, block in blocks:
            printed = io.StringIO()
            try:
                with contextlib.redirect_stdout(printed):
                    # The empty lines make the line numbers of a traceback those of the file.
                    exec(compile("\n" * line + block, str(markdown), "exec"), {})
            except Exception:
                traceback.print_exc()
                return 1
            if not printed.getvalue().strip() or re.search(r"Empty DataFrame|shape: \(0,|0 rows", printed.getvalue()):
                print(f"{markdown}:{line + 1}: this block found nothing:\n{printed.getvalue()}", file=sys.stderr)
                return 1
        os.chdir(folder)
    print(f"{markdown}: {len(blocks)} blocks of Python ran")
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), Path(sys.argv[2])))
