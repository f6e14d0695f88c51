"""Pages of the Markdown files, of the program's help, and of sources that they link to."""
import html
import pathlib
import posixpath
import re

import markdown

from layout import Entry, Page, relative
from reference import highlight

ROOT = pathlib.Path(__file__).resolve().parents[2]
TAGS = re.compile(r"<[^>]+>")
SECTION = re.compile(r'<h([1-3]) id="([^"]+)">(.*?)</h\1>')
LANGUAGES = {".c": "c", ".h": "c", ".in": "c", ".cpp": "cpp", ".hpp": "cpp", ".py": "python", ".js": "javascript",
             ".html": "html", ".css": "css", ".build": "python", ".sh": "bash"}


def path_of(file):
    """The page of a Markdown file of the repository."""
    return "index.html" if file == "README.md" else file.removesuffix(".md") + ".html"


def markdown_files():
    return [str(file.relative_to(ROOT)) for file in [*ROOT.glob("*.md"), *ROOT.glob("doc/**/*.md")]]


def slug(text, separator):
    """The anchor of a heading, as sites of repositories make it."""
    return re.sub(r"[^\w\- ]", "", TAGS.sub("", text).strip().lower()).replace(" ", separator)


class Site:
    """What pages need of each other."""

    def __init__(self, names, kept):
        self.names = names
        self.markdown = set(kept)
        self.sources = {}  # path in the repository to its page
        self.faults = []  # lines

    def target_of(self, file, link):
        """The page for a link in a file of the repository, or None."""
        path, _, fragment = link.partition("#")
        inside = posixpath.normpath(posixpath.join(posixpath.dirname(file), path)) if path else file
        fragment = f"#{fragment}" if fragment else ""
        if inside in self.markdown:
            return path_of(inside) + fragment
        readme = posixpath.join(inside, "README.md")
        if readme in self.markdown:
            return path_of(readme) + fragment
        header = inside.removeprefix("include/")
        if header in self.names.headers:
            return self.names.headers[header] + fragment
        if inside.startswith("include/envoi") and (ROOT / inside).is_dir():
            folder = header.removeprefix("envoi").strip("/")
            return "reference/index.html" + (f"#{folder}" if folder else "")
        if (ROOT / inside).is_file():
            self.sources[inside] = f"source/{inside}.html"
            return self.sources[inside]
        if (ROOT / inside).is_dir():
            self.sources[inside] = f"source/{inside}/index.html"
            return self.sources[inside]
        return None

    def rewrite(self, file, page, body):
        """Links to files become links to pages, and names in code links to the reference."""
        def link(match):
            target = match[1]
            if re.match(r"[a-z]+:", target):
                return match[0]
            found = self.target_of(file, html.unescape(target)) or target
            return f'href="{relative(page, found)}"'

        def code(match):
            return self.names.of_text(page, html.unescape(match[1])) if NAMED.fullmatch(match[1]) else match[0]

        body = re.sub(r'href="([^"]+)"', link, body)
        parts = re.split(r"(<pre>.*?</pre>|<a .*?</a>|<h\d.*?</h\d>)", body, flags=re.S)
        return "".join(part if i % 2 else SPECIFICATION.sub(specification, re.sub(r"<code>([^<]*)</code>", code, part))
                       for i, part in enumerate(parts))


SPECIFICATION = re.compile(r"\b(?:XEP-(\d{4})|RFC (\d{4}))\b(?![^<]*</(?:code|a)>)")


def specification(match):
    if match[1]:
        return f'<a href="https://xmpp.org/extensions/xep-{match[1]}.html">{match[0]}</a>'
    return f'<a href="https://www.rfc-editor.org/info/rfc{match[2]}">{match[0]}</a>'


NAMED = re.compile(r"(?:envoi|ENVOI)_\w+(?:\(\))?|&lt;envoi/[\w/]+\.hp*&gt;")


def plain(body):
    return " ".join(html.unescape(TAGS.sub(" ", body)).split())


def sections(page, body):
    """Fill in what is searched, and the contents of the page."""
    matches = list(SECTION.finditer(body))
    for match, following in zip(matches, matches[1:] + [None]):
        text = plain(body[match.end():following.start() if following else None])
        title = plain(match[3])
        page.entries.append(Entry(title, "" if match[1] == "1" else match[2], "page", text))
        if match[1] == "2":
            page.contents.append((match[2], html.escape(title)))


def table(text):
    """A table that scrolls, or whose rows stand below each other in narrow windows if it has many columns."""
    heads = re.findall(r"<th[^>]*>(.*?)</th>", text)
    if len(heads) > 3:
        heads = [html.escape(plain(head)) for head in heads]
        rows = iter(range(text.count("<td")))
        text = re.sub(r"<td", lambda _: f'<td data-head="{heads[next(rows) % len(heads)]}"', text)
        text = text.replace(' data-head=""', "")
        text = text.replace("<table>", '<table class="wide">')
    return f'<div class="table">{text}</div>'


def markdown_page(site, file):
    text = (ROOT / file).read_text()
    body = markdown.markdown(text, output_format="html", extensions=["tables", "fenced_code", "toc", "sane_lists"],
                             extension_configs={"toc": {"slugify": slug}, "fenced_code": {"lang_prefix": "language-"}})
    body = re.sub(r'<pre><code class="language-(\w+)">(.*?)</code></pre>',
                  lambda match: f"<pre>{highlight(html.unescape(match[2]), match[1])}</pre>", body, flags=re.S)
    body = re.sub(r"<table>.*?</table>", lambda match: table(match[0]), body, flags=re.S)
    outside = re.sub(r"<pre>.*?</pre>", "", body, flags=re.S)
    site.faults += [f"{file}: a row outside of a table: {row}" for row in re.findall(r"^\|.*\|", outside, re.M)]
    page = Page(path_of(file), plain(re.search(r"<h1[^>]*>(.*?)</h1>", body)[1]), "")
    sections(page, body)
    page.body = site.rewrite(file, page.path, body)
    return page


# --- sources ---

def source_page(site, file):
    path = site.sources[file]
    if (ROOT / file).is_dir():
        names = sorted(child.name for child in (ROOT / file).iterdir() if child.is_file())
        items = "".join(f'<li><a href="{relative(path, site.target_of(f"{file}/", name))}">{html.escape(name)}</a></li>'
                        for name in names)
        return Page(path, file, f"<h1><code>{file}/</code></h1><ul>{items}</ul>")
    text = (ROOT / file).read_text(errors="replace")
    suffix = pathlib.Path(file).suffix
    shown = highlight(text.rstrip("\n"), LANGUAGES[suffix]) if suffix in LANGUAGES else html.escape(text, quote=False)
    page = Page(path, file, f'<h1><code>{file}</code></h1><pre class="source">{shown}</pre>')
    if file.startswith("doc/examples/"):
        about = re.match(r"/\*\n \* (.*?)\n", text)
        page.entries.append(Entry(pathlib.Path(file).name, "", "example", about[1] if about else ""))
    return page


# --- the program ---

def options(entries):
    return "<dl class=\"members\">" + "".join(
        f"<dt><code>{html.escape(option.usage)}</code></dt><dd>{html.escape(option.doc, quote=False)}</dd>"
        for option in entries) + "</dl>" if entries else ""


def program_page(text):
    """The help of `envoi` as a page."""
    page = Page("man/envoi.1.html", "envoi: commands and options", "")
    parts = ["<h1>envoi</h1>", '<p class="lead">The commands and options of the program, as <code>envoi --help</code> '
             "prints them. The manual page <code>envoi(1)</code> has the same text.</p>",
             '<h2 id="commands">Commands</h2>']
    page.entries.append(Entry("envoi", "", "program", "commands and options of the program"))
    for command in text.commands:
        name = re.match(r"[a-z]+(?: [a-z]+)?(?= |$)", command.usage)[0]
        anchor = "command-" + name.replace(" ", "-")
        parts += [f'<section class="item" id="{anchor}"><h3><code class="decl">envoi <b>{name}</b>'
                  f"{html.escape(command.usage[len(name):])}</code></h3>",
                  f"<p>{html.escape(command.summary, quote=False)}</p>", options(command.options), "</section>"]
        page.entries.append(Entry(f"envoi {name}", anchor, "command", command.summary))
    parts += ['<h2 id="options">Options</h2>', options(text.options), '<h2 id="status">Exit status</h2><dl class="values">']
    parts += [f"<dt>{number}</dt><dd>{html.escape(meaning, quote=False)}</dd>" for number, meaning in text.statuses]
    parts.append('</dl><h2 id="settings">Settings</h2><p>Each setting is an option, and a line of the configuration '
                 "file by the name in parentheses. A setting that is true is turned off by <code>--no-NAME</code>.</p>")
    for group, entries in text.groups.items():
        parts += [f'<h3 id="settings-{group}">{group}</h3>', options(entries)]
        page.entries += [Entry(" ".join(re.findall(r"\((\S+)\)$|^(\S+)", entry.usage)[-1]).strip(), f"settings-{group}",
                               "setting", f"{entry.usage}: {entry.doc}") for entry in entries]
    page.contents = [("commands", "Commands"), ("options", "Options"), ("status", "Exit status"), ("settings", "Settings")]
    page.body = "\n".join(parts)
    return page
