"""Small mutations of C functions, for tools/mutate. The tree is formatted by clang-format: a function's
body begins with a line `{` and ends with a line `}`."""
import re

# What notes in a file that a function ran, and its use at the start of a function.
REACHED = r"""
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
void mutant_reached(const char *name)
{
	int fd = open(getenv("MUTANT_REACHED"), O_WRONLY | O_CREAT | O_APPEND, 0600);
	if (fd >= 0) {
		(void)!write(fd, name, strlen(name));
		close(fd);
	}
}
"""
MARK = ("{{ extern void mutant_reached(const char *); static int mutant_; "
        "if (!mutant_++) {{ mutant_reached(\"{}\\n\"); }} }} ")

COMMENT_OR_TEXT = re.compile(r"/\*.*?\*/|//[^\n]*|\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])*'", re.S)
COMPARISON = re.compile(r"(?<![<>=!+\-*/&|^%])(==|!=|<=|>=|<|>)(?![<>=])")
TURNED = {"==": "!=", "!=": "==", "<": "<=", "<=": "<", ">": ">=", ">=": ">"}
NUMBER = re.compile(r"(?<![\w.])(0[xX][0-9a-fA-F]+|\d+)([uUlL]*)(?![\w.])")
TRUTH = re.compile(r"\b(true|false)\b")
NAMED = re.compile(r"(?:(?<=[<>] )|(?<=[<>]= ))([A-Z][A-Z0-9_]{2,})\b(?!\()")
CALL = re.compile(r"^\t+((?:\(void\))?[a-z][\w.\[\]]*(?:->[\w.\[\]]+)*\()", re.M)
IF = re.compile(r"\b(?:if|while) \(")
NOT = re.compile(r"(?<![\w)])!(?=[\w(])")
JUNCTION = re.compile(r"&&|\|\|")
NOT_MUTATED = re.compile(r"\b(?:static_assert|assert)\s*\(")
NO_CALLS = ("if(", "for(", "while(", "switch(", "return(", "sizeof(", "assert(", "static_assert(")


class Function:
    def __init__(self, name, start, end, first, last):
        self.name, self.start, self.end = name, start, end  # offsets of the body
        self.first, self.last = first, last  # lines


class Mutant:
    """One mutation: `original[start:end]` becomes `replacement`."""

    def __init__(self, path, original, function, kind, start, end, replacement):
        self.path, self.original, self.function, self.kind = path, original, function, kind
        self.start, self.end, self.replacement = start, end, replacement
        self.line = original.count("\n", 0, start) + 1
        self.number = 1  # of those of its function with the same lines

    def key(self):
        return f"{self.path} {self.function.name}", *self.lines()

    def text(self):
        return self.original[:self.start] + self.replacement + self.original[self.end:]

    def before(self):
        return self.lines()[0]

    def after(self):
        return self.lines()[1]

    def lines(self):
        """The lines of the mutation in one, before and after."""
        start = self.original.rfind("\n", 0, self.start) + 1
        end = self.original.find("\n", self.end)
        before = self.original[start:end]
        after = self.original[start:self.start] + self.replacement + self.original[self.end:end]
        return " ".join(before.split()), " ".join(after.split())


def blank(match):
    return re.sub(r"[^\n]", " ", match[0])


def text_blank(match):
    kept = match[0]
    return blank(match) if kept[0] == "/" else kept[0] + re.sub(r"[^\n]", "_", kept[1:-1]) + kept[-1]


def code_of(text):
    """The text with comments and the contents of strings blanked: offsets stay the same."""
    code = COMMENT_OR_TEXT.sub(text_blank, text)
    return re.sub(r"^[ \t]*#(?:[^\n\\]|\\.)*(?:\\\n(?:[^\n\\]|\\.)*)*", blank, code, flags=re.M)


def functions(code):
    for match in re.finditer(r"^\{\n(.*?)^\}", code, re.M | re.S):
        head = code[:match.start()].rstrip()
        names = re.findall(r"(\w+)\(", head[head.rfind("\n\n") + 1:])
        first = code.count("\n", 0, match.start()) + 1
        yield Function(names[0] if names else "?", match.start() + 2, match.end() - 1,
                       first, first + match[0].count("\n"))


def marked(original, path):
    """The text in which every function notes that it ran."""
    parts, at = [], 0
    for function in functions(code_of(original)):
        parts += [original[at:function.start], MARK.format(f"{path} {function.name}") + "\n"]
        at = function.start
    return "".join(parts) + original[at:]


def closing(code, at):
    """The offset of the bracket that closes the one at `at`."""
    depth = 0
    for i in range(at, len(code)):
        depth += (code[i] in "([{") - (code[i] in ")]}")
        if depth == 0:
            return i
    return len(code)


def operand_end(code, at):
    """Where the operand of && or || that begins at `at` ends."""
    while at < len(code):
        if code[at] in "([{":
            at = closing(code, at) + 1
        elif code[at] in ")]};,?:" or code.startswith(("&&", "||"), at):
            return at
        else:
            at += 1
    return at


def in_function(code, function):
    """(kind, start, end, replacement) of every mutation in a function."""
    body = code[:function.end]
    for m in COMPARISON.finditer(body, function.start):
        if body[m.start() - 1:m.start()] == " " and body[m.end():m.end() + 1] in (" ", "\n"):
            yield "comparison turned", m.start(), m.end(), TURNED[m[1]]
    for m in NOT.finditer(body, function.start):
        yield "comparison turned", m.start(), m.end(), ""
    for m in NUMBER.finditer(body, function.start):
        yield "constant moved", m.start(), m.end(), f"{int(m[1], 0) + 1}{m[2]}"
    for m in NAMED.finditer(body, function.start):
        yield "constant moved", m.start(), m.end(), f"({m[1]} + 1)"
    for m in TRUTH.finditer(body, function.start):
        yield "constant moved", m.start(), m.end(), "false" if m[1] == "true" else "true"
    for m in CALL.finditer(body, function.start):
        end = closing(body, m.end() - 1) + 1
        if body[end:end + 1] == ";" and not m[1].replace(" ", "").startswith(NO_CALLS):
            yield "call left out", m.start(1), end, ""
    for m in IF.finditer(body, function.start):
        if body.startswith("if", m.start()):
            end = closing(body, m.end() - 1)
            yield "condition left out", m.end(), end, "0 && (" + code[m.end():end] + ")"
    for m in JUNCTION.finditer(body, function.start):
        yield "condition left out", m.start(), operand_end(body, m.end()), ""


def mutants(root, path):
    """Every mutant of a file."""
    original = (root / path).read_text()
    code = code_of(original)
    found = []
    for function in functions(code):
        kept_out = [(m.start(), closing(code, m.end() - 1))
                    for m in NOT_MUTATED.finditer(code, function.start, function.end)]
        for kind, start, end, replacement in in_function(code, function):
            if kind == "condition left out" and replacement:
                replacement = "0 && (" + original[start:end] + ")"
            if not any(a <= start < b for a, b in kept_out):
                found.append(Mutant(path, original, function, kind, start, end, replacement))
    numbered(found)
    return found


def numbered(found):
    """Numbers those that have the same lines, in the order of the source."""
    counts = {}
    for mutant in sorted(found, key=lambda m: m.start):
        counts[mutant.key()] = mutant.number = counts.get(mutant.key(), 0) + 1


class Equivalents:
    """test/mutants.equivalent: blocks of `PATH FUNCTION [NUMBER]`, `- LINE`, `+ LINE` and the reason."""

    def __init__(self, path):
        self.reasons, self.errors = {}, []
        text = path.read_text() if path.exists() else ""
        for block in re.split(r"\n\s*\n", text):
            lines = [" ".join(line.split()) for line in block.strip().split("\n") if not line.startswith("#")]
            if lines and lines[0]:
                self.add(lines)

    def add(self, lines):
        words = lines[0].split(" ")
        if len(lines) < 4 or len(words) not in (2, 3) or lines[1][:2] != "- " or lines[2][:2] != "+ ":
            self.errors.append(f"not a block: {lines[0]}")
            return
        key = " ".join(words[:2]), lines[1][2:], lines[2][2:]
        number = int(words[2]) if len(words) == 3 else None
        if number in self.reasons.setdefault(key, {}):
            self.errors.append(f"listed twice: {lines[0]}: {key[2]}")
        self.reasons[key][number] = " ".join(lines[3:])

    def reason(self, mutant):
        reasons = self.reasons.get(mutant.key(), {})
        return reasons.get(mutant.number) or reasons.get(None)

    def complaints(self, root):
        """Blocks that fit no mutant of the sources, or several."""
        yield from self.errors
        counts = {}
        for path in sorted({where.split(" ")[0] for where, _, _ in self.reasons}):
            for mutant in mutants(root, path) if (root / path).is_file() else ():
                counts[mutant.key()] = counts.get(mutant.key(), 0) + 1
        for key, reasons in self.reasons.items():
            count = counts.get(key, 0)
            if count == 0 or any(number is not None and not 1 <= number <= count for number in reasons):
                yield f"no such mutant: {key[0]}: {key[2]}"
            elif count > 1 and None in reasons:
                yield f"one of {count}, say which: {key[0]}: {key[2]}"
