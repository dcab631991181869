"""Runs the code cells of a notebook in order, and prints the notebook with what they show.

    SURROGATE_URL=http://127.0.0.1:3000 python scripts/run-notebook.py examples/tutorial.ipynb

Like Jupyter, it keeps what a cell prints and the value of its last line, as text or as SVG; it needs nothing but the standard library.
"""

import ast
import contextlib
import io
import json
import sys


def lines(text):
    return text.splitlines(keepends=True)


def run(source, names):
    """The outputs of a cell."""
    tree = ast.parse(source)
    last = ast.Expression(tree.body.pop().value) if tree.body and isinstance(tree.body[-1], ast.Expr) else None
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(compile(tree, 'cell', 'exec'), names)
        value = None if last is None else eval(compile(last, 'cell', 'eval'), names)
    outputs = []
    if printed.getvalue():
        outputs.append({'name': 'stdout', 'output_type': 'stream', 'text': lines(printed.getvalue())})
    if value is not None:
        data = {'text/plain': lines(repr(value))}
        if hasattr(value, '_repr_svg_'):
            data = {'image/svg+xml': lines(value._repr_svg_()), **data}
        outputs.append({'data': data, 'metadata': {}, 'output_type': 'display_data'})
    return outputs


def main(path):
    with open(path, encoding='utf-8') as file:
        notebook = json.load(file)
    names = {'__name__': '__main__'}
    count = 0
    for cell in notebook['cells']:
        if cell['cell_type'] == 'code':
            count += 1
            cell['execution_count'] = count
            cell['outputs'] = run(''.join(cell['source']), names)
    print(json.dumps(notebook, indent=1, ensure_ascii=False))


if __name__ == '__main__':
    main(sys.argv[1])
