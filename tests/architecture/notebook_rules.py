"""What a notebook of the project may be, each rule a function that gives its violations."""

import ast
import re

from nbformat import NotebookNode

from sessionwise import show

MOST_LINES_IN_A_CELL = 10
MOST_LINES_OF_CODE = 80
PARAMETERS = {"study": "", "alliance": "", "outcome": "", "cohort": ""}
FORBIDDEN = (
    ast.FunctionDef,
    ast.AsyncFunctionDef,
    ast.ClassDef,
    ast.For,
    ast.While,
    ast.Lambda,
    ast.ListComp,
    ast.SetComp,
    ast.DictComp,
    ast.GeneratorExp,
)


def code_cells(notebook: NotebookNode) -> list[NotebookNode]:
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def violations(notebook: NotebookNode) -> list[str]:
    rules = [
        title_is_a_question,
        prose_before_every_code_cell,
        short_cells,
        one_import,
        nothing_a_function_should_hold,
        four_parameters,
        ends_with_its_result,
        health_before_estimates,
        what_has_no_answer_says_why,
    ]
    return [said for rule in rules for said in rule(notebook)]


def title_is_a_question(notebook):
    first = notebook.cells[0]
    heading = first.source.splitlines()[0]
    headings = [
        c
        for c in notebook.cells
        if re.search(r"^# ", c.source, re.MULTILINE) and c.cell_type == "markdown"
    ]
    if first.cell_type != "markdown" or not re.fullmatch(r"# .+\?", heading):
        yield "the first line is not a question as title"
    if len(headings) != 1:
        yield "there is not exactly one title"


def prose_before_every_code_cell(notebook):
    for before, cell in zip(notebook.cells, notebook.cells[1:]):
        if cell.cell_type == "code" and before.cell_type != "markdown":
            yield f"no prose before: {cell.source.splitlines()[0]}"


def short_cells(notebook):
    lengths = [len(cell.source.splitlines()) for cell in code_cells(notebook)]
    if max(lengths) > MOST_LINES_IN_A_CELL:
        yield f"a cell has {max(lengths)} lines"
    if sum(lengths) > MOST_LINES_OF_CODE:
        yield f"{sum(lengths)} lines of code"


def one_import(notebook):
    for cell in code_cells(notebook):
        for node in ast.walk(ast.parse(cell.source)):
            said = ast.unparse(node) if isinstance(node, ast.Import | ast.ImportFrom) else ""
            if said and said != "import sessionwise as sw":
                yield f"imports something else: {said}"


def nothing_a_function_should_hold(notebook):
    for cell in code_cells(notebook):
        for node in ast.walk(ast.parse(cell.source)):
            if isinstance(node, FORBIDDEN):
                yield f"{type(node).__name__} in: {cell.source.splitlines()[0]}"
            if isinstance(node, ast.Name) and node.id in ("pd", "np", "plt"):
                yield f"{node.id} in: {cell.source.splitlines()[0]}"


def four_parameters(notebook):
    tagged = [c for c in code_cells(notebook) if "parameters" in c.metadata.get("tags", [])]
    if len(tagged) != 1:
        yield f"{len(tagged)} cells are tagged parameters"
        return
    given = {
        node.targets[0].id: ast.literal_eval(node.value)
        for node in ast.parse(tagged[0].source).body
    }
    if given != PARAMETERS:
        yield f"the parameters are {given}"


def ends_with_its_result(notebook):
    last = ast.parse(code_cells(notebook)[-1].source).body[-1]
    if not (isinstance(last, ast.Expr) and ast.unparse(last).startswith("sw.results(")):
        yield "the last cell does not end with sw.results(...)"


def health_before_estimates(notebook):
    shown_health = set()
    for cell in code_cells(notebook):
        for verb, name in re.findall(r"sw\.show\.(health|estimates)\((\w+)", cell.source):
            if verb == "health":
                shown_health.add(name)
            elif name not in shown_health:
                yield f"estimates of {name} before its health"


def what_has_no_answer_says_why(notebook):
    """The first display of every answer is one that gives the reason where there is none."""
    source = "\n".join(cell.source for cell in code_cells(notebook))
    for name in re.findall(r"^(\w+) = sw\.answer\(", source, re.MULTILINE):
        shown = re.search(rf"sw\.show\.(\w+)\({name}\b", source)
        if shown and not hasattr(getattr(show, shown[1]), "explains"):
            yield f"{name} is first shown by {shown[1]}, which is silent where there is no answer"
