"""Pages of the public headers."""
import html
import re

import headers
from layout import Entry, Page, relative

KINDS = {"envoi.h": "What <envoi/envoi.h> includes", "": "Other headers of the library", "ext": "Extensions",
         "interfaces": "Interfaces to implement", "loops": "Other loops"}


# What error codes mean, for functions that add nothing to it.
CODES = {value.name: value.doc for item in headers.read(headers.INCLUDE / "envoi/error.h") for value in item.members}


def path_of(header):
    return f"reference/{header.removeprefix('envoi/')}.html"


def anchor_of(item, index):
    return item.name or f"constants-{index}"


def register(names):
    """Read all headers. @return header to items"""
    found = {}
    for header in headers.headers():
        items = headers.read(headers.INCLUDE / header)
        page = names.headers[header] = path_of(header)
        found[header] = items
        for i, item in enumerate(items):
            if item.kind in ("heading", "note"):
                continue
            # A function may have the name of a struct: the function is what texts mean by name().
            if item.name and (item.kind != "struct" or item.name not in names.places):
                names.places[item.name] = (page, anchor_of(item, i))
            for member in item.members if item.kind == "enum" else []:
                names.places[member.name] = (page, member.name)
    return found


def inline(names, page, text):
    """A text of a comment."""
    pieces = re.split(r"`([^`]+)`|@p (\w+)", text)
    out = []
    for i in range(0, len(pieces), 3):
        out.append(names.of_text(page, pieces[i]))
        if i + 1 < len(pieces) and pieces[i + 1] is not None:
            out.append(f"<code>{html.escape(pieces[i + 1], quote=False)}</code>")
        elif i + 2 < len(pieces):
            out.append(f"<var>{pieces[i + 2]}</var>")
    return "".join(out)


def description(names, page, text):
    """The blocks of a comment as HTML."""
    out, open_list = [], None
    for block in headers.blocks_of(text):
        kind = {"param": "params", "retval": "values", "return": "values"}.get(block.kind)
        if open_list and kind != open_list:
            out.append("</dl>")
            open_list = None
        if kind and kind != open_list:
            out.append(f'<dl class="{kind}">')
            open_list = kind
        shown = inline(names, page, block.text)
        if block.kind == "text":
            out.append(f"<p>{shown}</p>")
        elif block.kind == "title":
            out.append(f"<h3>{shown}</h3>")
        elif block.kind == "code":
            out.append(f"<pre>{highlight(block.text)}</pre>")
        elif block.kind == "list":
            out.append("<ul>" + "".join(f"<li>{inline(names, page, item)}</li>" for item in block.items) + "</ul>")
        elif block.kind == "return":
            out.append(f"<dt>returns</dt><dd>{shown}</dd>")
        else:
            name = html.escape(block.name)
            term = f"<var>{name}</var>" if kind == "params" else names.link(page, block.name, f"<code>{name}</code>")
            out.append(f"<dt>{term}</dt><dd>{shown or names.of_text(page, CODES.get(block.name, ''))}</dd>")
    return "".join(out) + ("</dl>" if open_list else "")


try:
    from pygments import highlight as colour
    from pygments.formatters import HtmlFormatter
    from pygments.lexers import get_lexer_by_name

    def highlight(text, language="c"):
        return colour(text, get_lexer_by_name(language), HtmlFormatter(nowrap=True)).rstrip("\n")
except ImportError:
    def highlight(text, language="c"):
        return html.escape(text, quote=False)


def declaration(names, page, item):
    """The code of an item, each parameter of a function in a piece that is not broken."""
    def linked(text):
        return re.sub(r"\b(?:envoi|ENVOI)_\w+\b", lambda m: m[0] if m[0] == item.name else names.link(page, m[0], m[0]),
                      html.escape(text, quote=False))

    match = re.match(r"(.*?)\b(\w+)\((.*)\)(.*)$", item.code, re.S)
    if item.kind in ("function", "typedef") and match:
        arguments = match[3].split(", ")
        ends = [","] * (len(arguments) - 1) + [f"){match[4]}"]
        pieces = [f"<span>{linked(argument)}{end}</span>" for argument, end in zip(arguments, ends)]
        shown = f"{linked(match[1])}<b>{match[2]}</b>({' '.join(pieces)}"
    else:
        shown = linked(item.code if item.name else "enum {…}")
        if item.name:
            shown = re.sub(rf"\b{item.name}\b", f"<b>{item.name}</b>", shown, count=1)
    return f'<code class="decl">{shown}</code>'


def member_rows(names, page, members, is_enum):
    rows = []
    for member in members:
        code = re.sub(r"\b(?:envoi|ENVOI)_\w+\b",
                      lambda m: m[0] if is_enum else names.link(page, m[0], m[0]), html.escape(member.code, quote=False))
        anchor = f' id="{member.name}"' if is_enum else ""
        inner = f'<dl class="members">{member_rows(names, page, member.members, False)}</dl>' if member.members else ""
        rows.append(f"<dt{anchor}><code>{code}</code></dt><dd>{description(names, page, member.doc)}{inner}</dd>")
    return "".join(rows)


def item_html(names, page, item, index):
    parts = [f'<section class="item" id="{anchor_of(item, index)}">',
             f"<h3>{declaration(names, page, item)}</h3>", description(names, page, item.doc)]
    if item.must_check:
        parts.append('<p class="aside">The compiler warns if the result is not used.</p>')
    if item.members:
        parts.append(f'<dl class="members">{member_rows(names, page, item.members, item.kind == "enum")}</dl>')
    return "".join(parts) + "</section>"


def first_sentence(text):
    return re.split(r"(?<=[\w)])\. |\.$", " ".join(text.replace("@return", "Returns").replace("@p ", "").split()))[0]


def header_page(names, header, items):
    path, title = path_of(header), headers.title_of((headers.INCLUDE / header).read_text())
    page = Page(path, f"{header}: {title}", "")
    parts = [f'<h1><code>&lt;{header}&gt;</code></h1><p class="lead">{names.of_text(path, title)}</p>']
    for i, item in enumerate(items):
        if item.kind == "heading":
            anchor = "section-" + re.sub(r"\W+", "-", item.name)
            parts.append(f'<h2 id="{anchor}">{names.of_text(path, item.name)}</h2>')
            page.contents.append((anchor, html.escape(item.name)))
        elif item.kind == "note":
            parts.append(f'<div class="note">{description(names, path, item.doc)}</div>')
        else:
            parts.append(item_html(names, path, item, i))
            if item.name:
                page.contents.append((anchor_of(item, i), f"<code>{item.name}</code>"))
                page.entries.append(Entry(item.name, anchor_of(item, i), item.kind, first_sentence(item.doc)))
            page.entries += [Entry(member.name, member.name, "constant", first_sentence(member.doc))
                             for member in item.members if item.kind == "enum"]
    page.body = "\n".join(parts)
    page.entries.insert(0, Entry(header, "", "header", title))
    return page


def index_page(names, found):
    path = "reference/index.html"
    parts = ["<h1>Reference</h1>", '<p class="lead">What the public headers declare, with their comments.</p>']
    included = re.findall(r"#include <(.*?)>", (headers.INCLUDE / "envoi/envoi.h").read_text())
    for kind, title in KINDS.items():
        anchor = f' id="{kind}"' if kind else ""
        parts.append(f"<h2{anchor}>{html.escape(title)}</h2><dl class=\"members\">")
        for header in found:
            folder = header.removeprefix("envoi/").rpartition("/")[0]
            if kind == ("envoi.h" if header in included else folder):
                about = headers.title_of((headers.INCLUDE / header).read_text())
                parts.append(f'<dt><a href="{relative(path, path_of(header))}"><code>{header}</code></a></dt>'
                             f"<dd>{names.of_text(path, about)}</dd>")
        parts.append("</dl>")
    for header in sorted((headers.INCLUDE / "envoi").glob("*.hpp")):
        parts.append("<h2>C++17</h2><dl class=\"members\">" if header.name == "envoi.hpp" else "")
        target = f"source/include/envoi/{header.name}.html"
        parts.append(f'<dt><a href="{relative(path, target)}"><code>envoi/{header.name}</code></a></dt>'
                     f"<dd>{html.escape(headers.title_of(header.read_text()))}</dd>")
    return Page(path, "Reference", "\n".join(parts) + "</dl>")
