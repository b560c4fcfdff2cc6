"""Fails if a file is longer than 400 lines or a function longer than 60.

Reads file names from stdin, one a line; C++, Python and shell files are looked at. C++ functions
are found by their braces: comments, strings and preprocessor lines are blanked out first, and a
brace outside any function whose introduction has parentheses opens one.
"""
import ast
import pathlib
import re
import sys

FILE_LINES, FUNCTION_LINES = 400, 60
NO_FUNCTION = re.compile(r"\s*(namespace|class|struct|enum|union|extern|using|typedef)\b")


def blanked(text):
    """C++ `text` with comments, literals and preprocessor lines as spaces; same lines."""
    pattern = (r'R"([^(\s]*)\((?:.|\n)*?\)\1"|"(?:\\.|[^"\\\n])*"|(?<![0-9a-fA-F])\'(?:\\.|[^\'\\\n])+\''
               r"|//[^\n]*|/\*(?:.|\n)*?\*/|^[ \t]*#(?:\\\n|[^\n])*")
    return re.sub(pattern, lambda match: re.sub(r"[^\n]", " ", match.group()), text,
                  flags=re.MULTILINE)


def cpp_functions(text):
    """(first line, lines, name) of every function in C++ `text`."""
    stack, start, found = [], 0, []
    text = blanked(text)
    for i, character in enumerate(text):
        if character == "{":
            head = text[start:i]
            inside = any(kind == "function" for kind, _, _ in stack)
            opens = not inside and "(" in head and not NO_FUNCTION.match(head)
            first = start + len(head) - len(head.lstrip())
            stack.append(("function" if opens else "other", first, head))
        elif character == "}" and stack:
            kind, first, head = stack.pop()
            if kind == "function":
                name = re.search(r"([\w:~]+)\s*\(([^)]*)", head)
                label = name.group(1) if name else "?"
                if name and label.startswith(("TEST", "RC_GTEST")):
                    label = " ".join(name.group(0).split()) + ")"
                found.append((text.count("\n", 0, first) + 1, text.count("\n", first, i) + 1, label))
        if character in "{};":
            start = i + 1
    return found


def python_functions(text):
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
    return [(node.lineno, node.end_lineno - node.lineno + 1, node.name)
            for node in ast.walk(ast.parse(text)) if isinstance(node, kinds)]


def problems_of(path):
    text = path.read_text(errors="replace")
    is_cpp = path.suffix in {".h", ".cpp"}
    shebang = text.split("\n", 1)[0] if text.startswith("#!") else ""
    is_python = path.suffix == ".py" or "python" in shebang
    if not (is_cpp or is_python or "bash" in shebang):
        return
    lines = text.count("\n")
    if lines > FILE_LINES:
        yield f"{path}: {lines} lines; at most {FILE_LINES}; split it by its nouns"
    functions = cpp_functions(text) if is_cpp else python_functions(text) if is_python else []
    for first, length, name in functions:
        if length > FUNCTION_LINES:
            yield f"{path}:{first}: {name} has {length} lines; at most {FUNCTION_LINES}"


def main():
    problems = [problem for line in sys.stdin if line.strip()
                for problem in problems_of(pathlib.Path(line.strip()))]
    print("\n".join(problems), end="\n" if problems else "")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
