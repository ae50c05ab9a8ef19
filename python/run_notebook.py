"""Executes a notebook from beginning to end: python run_notebook.py NOTEBOOK.

The notebook's file is not changed. A cell that raises ends the program with that cell and its error. Every figure and text is
made, and counted, so that a notebook which silently drew nothing does not pass.
"""

import sys
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError


def main(path: Path) -> int:
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    stored = [cell.id for cell in notebook.cells if cell.cell_type == "code" and cell.outputs]
    if stored:
        print(f"{path}: cells {', '.join(stored)} are stored with outputs; clear them", file=sys.stderr)
        return 1
    try:
        NotebookClient(notebook, timeout=300, resources={"metadata": {"path": str(path.parent)}}).execute()
    except CellExecutionError as error:
        print(f"{path}: {error}", file=sys.stderr)
        return 1
    outputs = [output for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs]
    for output in outputs:
        if output.output_type == "stream":
            print(output.text, end="", file=sys.stderr if output.name == "stderr" else sys.stdout)
    figures = sum("image/png" in output.get("data", {}) for output in outputs)
    drawing = sum("plt.show()" in cell.source for cell in notebook.cells)
    print(f"{path}: {len(outputs)} outputs, {figures} figures")
    if figures < drawing:
        print(f"{path}: {drawing} cells draw, but there are {figures} figures", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
