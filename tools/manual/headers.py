"""Reads public headers: what they declare, in their order, with the comments.

A header is a list of Item. The form of comments is that of CONTRIBUTING.md, which doxygen checks
(tools/check.d/reference): text, lists, code behind a tab, @param, @retval, @return and @p.
"""
import pathlib
import re
from dataclasses import dataclass, field

ROOT = pathlib.Path(__file__).resolve().parents[2]
INCLUDE = ROOT / "include"

COMMENT = re.compile(r"/\*.*?\*/", re.S)
DIRECTIVE = re.compile(r"#(?:[^\n]*\\\n)*[^\n]*")
HEADING = re.compile(r"/\* --- (.*?) --- \*/")
NAME = re.compile(r"\w+")
TAG = re.compile(r"(?:(?<=\s)|^)@(param(?:\[[\w,]+\])?|retval|return)\s+")


# What follows it is said of the function, not of the tag before it.
ERRORS = re.compile(r"(?<=[.\n])\s*(?:Other e|E)rrors\s+as\s")


@dataclass
class Block:
    """A piece of a comment: kind "text", "code", "list" (of texts), "param", "retval", "return"."""
    kind: str
    text: str = ""
    name: str = ""
    items: list = field(default_factory=list)


@dataclass
class Member:
    """Of a struct or an enumeration; `members` of one that is a struct itself."""
    code: str
    name: str
    doc: str = ""
    members: list = field(default_factory=list)


@dataclass
class Item:
    """kind: "heading", "note", "function", "typedef", "struct", "enum", "variable" or "macro"."""
    kind: str
    name: str = ""
    code: str = ""
    doc: str = ""
    members: list = field(default_factory=list)
    must_check: bool = False


# --- comments ---

def strip(comment):
    """The text of a comment, without the asterisks."""
    inner = re.sub(r"^/\*+<?|\*/$", "", comment.strip())
    lines = [re.sub(r"^\s*\* ?", "", line) if i > 0 else line.strip()
             for i, line in enumerate(inner.split("\n"))]
    return "\n".join(line.rstrip() for line in lines).strip("\n")


def split_tags(paragraph):
    """A paragraph as blocks: its text, then its tags. A line that is not indented ends a tag that
    begins a line."""
    blocks, position = [], 0
    matches = list(TAG.finditer(paragraph))
    first = matches[0].start() if matches else len(paragraph)
    if paragraph[:first].strip():
        blocks.append(Block("text", join(paragraph[:first])))
    for i, match in enumerate(matches):
        end = matches[i + 1].start() if i + 1 < len(matches) else len(paragraph)
        body, rest = paragraph[match.end():end], ""
        own_line = paragraph[:match.start()].endswith("\n")
        lines = body.split("\n")
        for n, line in enumerate(lines[1:], 1):
            if own_line and line and not line.startswith((" ", "\t")):
                body, rest = "\n".join(lines[:n]), "\n".join(lines[n:])
                break
        errors = ERRORS.search(body)
        if errors:
            body, rest = body[:errors.start()], body[errors.start():] + "\n" + rest
        blocks.append(tag_block(match[1], join(body)))
        if rest.strip():
            blocks.append(Block("text", join(rest)))
    return blocks


def tag_block(tag, body):
    if tag == "return":
        return Block("return", body)
    kind = "retval" if tag == "retval" else "param"
    # Several parameters may have one description: "text, len  borrowed".
    match = re.match(r"([<>]?[\w.]+(?:, [\w.]+(?=  |, ))*)\s*(.*)", body, re.S)
    return Block(kind, match[2], match[1])


def join(text):
    return re.sub(r"\s*\n\s*", " ", text).strip()


def blocks_of(text):
    """The blocks of a comment's text."""
    blocks, lines, paragraph = [], text.split("\n"), []

    def end_paragraph():
        if paragraph:
            blocks.extend(split_tags("\n".join(line.lstrip("\t") for line in paragraph)))
            paragraph.clear()

    i = 0
    while i < len(lines):
        line = lines[i]
        if not line.strip():
            end_paragraph()
        elif not paragraph and re.match(r"\t|    ", line):
            code = []
            while i < len(lines) and (not lines[i].strip() or re.match(r"\t|    ", lines[i])):
                code.append(re.sub(r"^(\t|    )", "", lines[i]))
                i += 1
            blocks.append(Block("code", "\n".join(code).strip("\n").expandtabs(8)))
            continue
        elif re.match(r"- ", line):
            end_paragraph()
            items = []
            while i < len(lines) and lines[i].strip():
                if lines[i].startswith("- "):
                    items.append(lines[i][2:])
                elif lines[i].startswith("  "):
                    items[-1] += " " + lines[i].strip()
                else:
                    break
                i += 1
            blocks.append(Block("list", items=items))
            continue
        elif i + 1 < len(lines) and re.fullmatch(r"[=-]{3,}", lines[i + 1]):
            end_paragraph()
            blocks.append(Block("title", line.strip()))
            i += 1
        else:
            paragraph.append(line)
        i += 1
    end_paragraph()
    return blocks


# --- declarations ---

def scan(text):
    """Pieces of C: ("comment" | "directive" | "code", text), code up to the semicolon."""
    position, start, depth = 0, None, 0
    while position < len(text):
        rest = text[position:]
        match = COMMENT.match(text, position)
        if match is None and text[position] == "#" and depth == 0 and start is None:
            match = DIRECTIVE.match(text, position)
            yield "directive", match[0]
            position = match.end()
        elif match is not None and start is None:
            yield "comment", match[0]
            position = match.end()
        elif match is not None:
            position = match.end()
        elif rest[0] == '"':
            position += re.match(r'"(?:\\.|[^"\\])*"', rest).end()
        else:
            if start is None and not rest[0].isspace():
                start = position
            depth += {"{": 1, "}": -1}.get(rest[0], 0)
            position += 1
            if rest[0] == ";" and depth == 0 and start is not None:
                yield "code", text[start:position]
                start = None


def members_of(body, is_enum):
    """The members between braces."""
    members, pending = [], ""
    for piece in member_pieces(body, "," if is_enum else ";"):
        if piece.startswith("/*"):
            text = strip(piece)
            if piece.startswith("/**<") and members:
                members[-1].doc = (members[-1].doc + "\n\n" + text).strip()
            elif piece.startswith("/**"):
                pending = text
            elif members:
                members[-1].doc = members[-1].doc or text
        else:
            members.append(member(piece, pending, is_enum))
            pending = ""
    return members


def member_pieces(body, end):
    """Comments and declarations, of which a nested struct or union is one."""
    depth, start = 0, None
    position = 0
    while position < len(body):
        comment = COMMENT.match(body, position)
        if comment and depth == 0 and start is None:
            yield comment[0]
            position = comment.end()
            continue
        if comment:
            position = comment.end()
            continue
        c = body[position]
        if start is None and not c.isspace():
            start = position
        depth += {"{": 1, "(": 1, "}": -1, ")": -1}.get(c, 0)
        position += 1
        if c == end and depth == 0:
            yield body[start:position - 1]
            start = None
    if start is not None:
        yield body[start:]


def member(code, doc, is_enum):
    nested = re.match(r"(struct|union)\s*\w*\s*\{(.*)\}\s*(\w*)", code, re.S)
    if nested:
        return Member(f"{nested[1]} {{…}} {nested[3]}".strip(), nested[3], doc, members_of(nested[2], False))
    code = join(COMMENT.sub("", code))
    if is_enum:
        return Member(code, NAME.match(code)[0], doc)
    pointer = re.search(r"\(\*(?:const )?(\w+)\)\(", code)
    names = pointer or re.search(r"(\w+)(?:\[[^\]]*\])?(?: : \d+)?$", code)
    return Member(code, names[1] if names else code, doc)


def declaration(code, doc):
    """What a declaration declares, or None: only that a struct exists."""
    must_check = "ENVOI_MUST_CHECK" in code
    plain = re.sub(r"\b(ENVOI_API|ENVOI_MUST_CHECK)\b\s*", "", code)
    plain = re.sub(r"\s*\bENVOI_PRINTF\([^)]*\)", "", plain)
    body = re.match(r"(struct|union|enum)\s*(\w*)\s*\{(.*)\}\s*;", plain, re.S)
    if body:
        kind = "enum" if body[1] == "enum" else "struct"
        members = members_of(body[3], kind == "enum")
        return Item(kind, body[2], f"{body[1]} {body[2]}".strip(), doc, members)
    opaque = re.match(r"(struct|union|enum)\s+(\w+)\s*;", plain)
    if opaque:
        return Item("struct", opaque[2], f"{opaque[1]} {opaque[2]}", doc) if doc else None
    code = join(COMMENT.sub("", plain))
    if code.startswith("typedef"):
        pointer = re.search(r"\(\*(\w+)\)", code) or re.search(r"(\w+)\s*\(", code) or re.search(r"(\w+);", code)
        return Item("typedef", pointer[1], code, doc)
    function = re.search(r"(\w+)\(", code)
    if function:
        return Item("function", function[1], code.replace("( ", "("), doc, must_check=must_check)
    return Item("variable", re.search(r"(\w+)(?:\[[^\]]*\])?;", code)[1], code, doc)


def macro(directive, doc):
    match = re.match(r"#define (\w+)(\([^)]*\))?\s*(.*)", directive, re.S)
    value = match[3].strip()
    simple = value and "\n" not in value and len(value) < 60 and match[2] is None
    code = f"#define {match[1]}{match[2] or ''}" + (f" {value}" if simple else "")
    return Item("macro", match[1], code, doc)


def title_of(text):
    return re.match(r"/\*\n \* envoi - (.*)\n", text)[1]


def read(file):
    """The items of a header. Names of the library's own are left out."""
    text = file.read_text()
    text = COMMENT.sub("", text, count=1)
    text = re.sub(r'#ifdef __cplusplus\n(extern "C" \{|\})\n#endif\n', "", text)
    text = re.sub(r"/\* clang-format o\w+ \*/\n|^ENVOI_SHADOW_\w+\n", "", text, flags=re.M)
    items, doc = [], ""
    for kind, piece in scan(text):
        if kind == "comment":
            heading = HEADING.fullmatch(piece)
            if heading:
                items.append(Item("heading", heading[1]))
            elif piece.startswith("/**"):
                doc = strip(piece)
            elif piece.count("\n") > 1:
                items.append(Item("note", doc=strip(piece)))
            continue
        made = None
        if kind == "code":
            made = declaration(piece, doc)
        elif doc and re.match(r"#define \w", piece):
            made = macro(piece, doc)
        if made is not None and not made.name.startswith(("envoi__", "ENVOI__")):
            if not (items and items[-1].name == made.name and made.kind == "macro"):
                items.append(made)
        if kind == "code" or re.match(r"#define", piece):
            doc = ""
    return items


def headers():
    """The public C headers by their names for #include, in the order of the reference."""
    def order(name):
        folder = name.count("/") > 1 and name.split("/")[1]
        return (["interfaces", "ext", "loops"].index(folder) + 1 if folder else 0, name)

    names = [str(file.relative_to(INCLUDE)) for file in (INCLUDE / "envoi").rglob("*.h")]
    return sorted(names, key=order)
