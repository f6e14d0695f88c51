#!/usr/bin/env python3
"""Writes the C file with the list of every payload table of the library.

usage: library_payloads.py OUTPUT SOURCE...

A table is what a source makes with ENVOI_PAYLOAD_TYPE or ENVOI_PAYLOAD_EMPTY. One that is private to
its file is left out, and must be either empty or a part of another table there, whose tests reach
it. Tables of the fields of forms, whose element is named "form", are left out, too: their names are
none of XML. Exit status 1, and a line for each table that no test would reach.
"""
import pathlib
import re
import sys

DEFINITION = re.compile(
    r"(static\s+)?const\s+struct\s+envoi_payload_type\s+(\w+)\s*=\s*ENVOI_PAYLOAD_(TYPE|EMPTY)\b")
USE = re.compile(r"ENVOI_PAYLOAD_(?:TYPE|EMPTY)\b")
# Fields of forms, one of which has a name that is none of XML.
FORMS = {"envoi_mam_filter_type": "test_mam"}
FORM = re.compile(r'(\w+)\s*=\s*ENVOI_PAYLOAD_TYPE\(\s*[^,]+,\s*[^,]+,\s*"form"')
PART = r"struct\s+\w+,\s*&{0}\b|ENVOI_CHOICE_EMPTY\([^)]*&{0}\b"


def tables(path):
    """The public tables of a source. Raises ValueError for one that cannot be tested."""
    text = path.read_text()
    found = DEFINITION.findall(text)
    if len(found) != len(USE.findall(text)):
        raise ValueError(f"{path}: a table is defined in an unusual way")
    for is_static, name, kind in found:
        if name in FORMS:
            continue
        if not is_static:
            yield name
        elif kind == "TYPE" and not re.search(PART.format(name), text):
            raise ValueError(f"{path}: {name} is private and no part of another table")


def elements(path):
    """The tables of a source that describe elements."""
    forms = set(FORM.findall(path.read_text()))
    return [name for name in tables(path) if name not in forms]


def main():
    output, *sources = sys.argv[1:]
    try:
        names = [name for source in sources for name in elements(pathlib.Path(source))]
    except ValueError as error:
        sys.exit(str(error))
    declarations = "\n".join(f"extern const struct envoi_payload_type {name};" for name in names)
    items = "\n".join(f"\t&{name}," for name in names)
    pathlib.Path(output).write_text(f"""\
/* Made by library_payloads.py. */
#include "library_payloads.h"

#include <stddef.h>

{declarations}

const struct envoi_payload_type *const library_payloads[] = {{
{items}
\tNULL,
}};
""")


main()
