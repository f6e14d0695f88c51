"""The frame of every page of the site."""
import html
import os
import pathlib
from dataclasses import dataclass, field

HERE = pathlib.Path(__file__).resolve().parent
ASSETS = ["style.css", "site.js"]


# Members of the navigation's groups that pages of headers have in addition: (page, name).
GROUP_OF_HEADERS = {}


@dataclass
class Entry:
    """What the search finds: a section of a page, or a name of the reference."""
    name: str
    anchor: str
    kind: str  # "page", "function", "struct", ...
    text: str


@dataclass
class Page:
    path: str  # in the site: "doc/routes.html"
    title: str
    body: str
    entries: list = field(default_factory=list)
    contents: list = field(default_factory=list)  # of (anchor, text): "on this page"


def relative(source, target):
    """A link from one page to another, both as paths in the site."""
    return os.path.relpath(target, os.path.dirname(source) or ".")


def navigation(page, groups):
    parts = []
    for title, members in groups:
        if page.path.startswith("reference/"):
            members = members + GROUP_OF_HEADERS.get(title, [])
        is_open = any(path == page.path for path, _ in members)
        items = "".join(
            f'<li><a href="{relative(page.path, path)}"{" aria-current=page" if path == page.path else ""}>'
            f"{html.escape(name)}</a></li>" for path, name in members)
        parts.append(f"<details{' open' if is_open else ''}><summary>{html.escape(title)}</summary>"
                     f"<ul>{items}</ul></details>")
    return "".join(parts)


def contents(page):
    if len(page.contents) < 3:
        return ""
    items = "".join(f'<li><a href="#{anchor}">{text}</a></li>' for anchor, text in page.contents)
    return f'<details class="contents"><summary>On this page</summary><ul>{items}</ul></details>'


def frame(page, groups, version):
    root = relative(page.path, ".")
    root = "" if root == "." else root + "/"
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{html.escape(page.title)} - Envoi</title>
<link rel="stylesheet" href="{root}style.css">
<script defer src="{root}site.js" data-root="{root}"></script>
</head>
<body>
<a class="skip" href="#content">To the text</a>
<header>
<a class="name" href="{root}index.html">Envoi <small>{html.escape(version)}</small></a>
<form role="search" id="search"><input type="search" placeholder="Search" aria-label="Search"
 autocomplete="off" spellcheck="false"></form>
<button id="menu" aria-expanded="false" aria-controls="navigation">Menu</button>
</header>
<div id="results" hidden></div>
<div class="columns">
<nav id="navigation">{navigation(page, groups)}</nav>
<main id="content">
{contents(page)}
{page.body}
</main>
</div>
</body>
</html>
"""
