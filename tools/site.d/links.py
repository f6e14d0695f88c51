"""Links: from the repository's paths and names to pages of the site, and whether all of them lead
somewhere."""
import html
import os
import posixpath
import re
import urllib.parse
from html.parser import HTMLParser

from layout import relative

WORD = re.compile(r"""(?P<call>\benvoi_\w+\(\)) | (?P<name>\b(?:envoi|ENVOI)_\w+\b) |
    (?P<header><envoi/[\w/]+\.hp*>) | (?P<xep>\bXEP-(?P<xn>\d{4})\b) | (?P<rfc>\bRFC\ (?P<rn>\d{4})\b)""", re.X)


class Names:
    """Where the reference describes a name or a header."""

    def __init__(self):
        self.places = {}  # name to (page, anchor)
        self.headers = {}  # "envoi/client.h" to page

    def link(self, page, name, text):
        """TEXT, which is HTML, as a link, if the name is known."""
        if name not in self.places:
            return text
        target, anchor = self.places[name]
        return f'<a class="n" href="{relative(page, target) if target != page else ""}#{anchor}">{text}</a>'

    def of_text(self, page, text):
        """Plain text as HTML with links to what it names."""
        out, position = [], 0
        for match in WORD.finditer(text):
            out.append(html.escape(text[position:match.start()], quote=False))
            out.append(self.of_word(page, match))
            position = match.end()
        return "".join(out) + html.escape(text[position:], quote=False)

    def of_word(self, page, match):
        shown = html.escape(match[0], quote=False)
        if match["call"] or match["name"]:
            return self.link(page, match[0].removesuffix("()"), f"<code>{shown}</code>")
        if match["header"]:
            target = self.headers.get(match[0][1:-1])
            code = f"<code>{shown}</code>"
            return f'<a class="n" href="{relative(page, target)}">{code}</a>' if target else code
        if match["xep"]:
            return f'<a href="https://xmpp.org/extensions/xep-{match["xn"]}.html">{shown}</a>'
        return f'<a href="https://www.rfc-editor.org/info/rfc{match["rn"]}">{shown}</a>'


class Targets(HTMLParser):
    """The links and anchors of a page."""

    def __init__(self, text):
        super().__init__()
        self.links, self.anchors = [], {""}
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        values = dict(attributes)
        if "id" in values:
            self.anchors.add(values["id"])
        for name in ("href", "src"):
            if name in values and tag in ("a", "img", "link", "script"):
                self.links.append(values[name])


def broken(folder):
    """A line for each link in the pages of FOLDER that leads nowhere."""
    pages = {}
    for base, _, names in os.walk(folder):
        for name in names:
            path = posixpath.relpath(posixpath.join(base, name), folder)
            text = open(os.path.join(base, name), encoding="utf-8").read() if name.endswith(".html") else None
            pages[path] = Targets(text) if text else None
    for path, targets in sorted(pages.items()):
        for link in targets.links if targets else []:
            parts = urllib.parse.urlsplit(link)
            if parts.scheme or parts.netloc:
                continue
            target = path if not parts.path else posixpath.normpath(
                posixpath.join(posixpath.dirname(path), urllib.parse.unquote(parts.path)))
            if target not in pages:
                yield f"{path}: {link}: there is no {target}"
            elif parts.fragment and pages[target] and urllib.parse.unquote(parts.fragment) not in pages[target].anchors:
                yield f"{path}: {link}: {target} has no such place"
