"""Writes manual pages in mdoc(7)."""
import re
import textwrap

RELEASE_LINE = re.compile(r"^## [\d.]+ - (\d+)-(\d+)-(\d+)$", re.M)
NO_BREAK = "\0"
MONTHS = ("January February March April May June July August September October November "
          "December").split()


def date_of(root):
    """The date of the last release: pages of equal sources are equal."""
    found = RELEASE_LINE.search((root / "CHANGELOG.md").read_text())
    year, month, day = map(int, found.groups()) if found else (2026, 11, 30)
    return f"{MONTHS[month - 1]} {day}, {year}"


def escape(text):
    """Text that is no macro, not even at the beginning of a line."""
    text = text.replace("\\", "\\e").replace("…", "...")
    return re.sub(r"^(['.])", r"\\&\1", text, flags=re.M)


def inline(text):
    """Escaped text of a comment, its parameters, code and functions in their fonts."""
    text = escape(text)
    text = re.sub(r"@p (\w+)", r"\\fI\1\\fR", text)
    text = re.sub(r"`([^`]+)`", r"\\fB\1\\fR", text)
    return re.sub(r"\b(envoi_\w+)\(\)", r"\\fB\1\\fR()", text)


def sentences(text):
    """A new line for each sentence, as mdoc wants it, of 78 columns at most."""
    text = re.sub(r"@p |`[^`]+`", lambda match: match[0].replace(" ", NO_BREAK), text)
    found = re.split(r"(?<=[\w\)\"'`][.?!]) +(?=[A-Z`\"])", text)
    lines = [line for sentence in found
             for line in textwrap.wrap(sentence, 70, break_long_words=False, break_on_hyphens=False)]
    return "\n".join(inline(line.replace(NO_BREAK, " ")) for line in lines)


def head(title, section, root):
    return [f".Dd {date_of(root)}", f".Dt {title.upper()} {section}", ".Os"]


def tagged(entries):
    """A list of (macro with its arguments, text)."""
    lines = [".Bl -tag -width Ds"]
    for macro, text in entries:
        lines += [f".It {macro}"] + ([sentences(text)] if text else [])
    return lines + [".El"]


def names(text):
    """Parameters that have one description, "text, len", as arguments of a macro."""
    return " , ".join(f"Fa {name}" for name in text.split(", "))


def quoted(text):
    """One argument of a macro."""
    return '"' + escape(text).replace('"', "\\(dq") + '"'
