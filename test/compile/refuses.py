#!/usr/bin/env python3
# envoi - checks that a source compiles with CASE=0 and with no other case, and that the errors of
# the other cases name the row or its member
# SPDX-License-Identifier: MIT
#
# usage: refuses.py c|c++ SOURCE INCLUDE COMPILER...
import re
import subprocess
import sys


# What is right compiles without a warning, for the strictest of users.
STRICT = ['-Wall', '-Wextra', '-Wpedantic', '-Wno-missing-field-initializers', '-Werror']
# What is wrong is an error, for the most careless.
CARELESS = ['-w']


LANGUAGE = {'c': ['-xc', '-std=c11'], 'c++': ['-xc++', '-std=c++17']}


def compiles(language, compiler, include, source, case):
    flags = LANGUAGE[language] + ['-fsyntax-only', '-I', include, '-DCASE=%d' % case]
    flags += STRICT if case == 0 else CARELESS
    return subprocess.run(compiler + flags + [source], stdout=subprocess.DEVNULL,
                          stderr=subprocess.PIPE, text=True)


def row_of(text, case):
    """The number of the first line of a case, and the member in its row."""
    before, after = re.split(r'#(?:el)?if CASE == %d\n' % case, text)
    row = re.search(r'\(struct sample, ([\w.]+)|ENVOI_CHOICE_IS\(\w+, struct sample, ([\w.]+)', after)
    return before.count('\n') + 2, row.group(1) or row.group(2)


def names_row(errors, text, case):
    line, member = row_of(text, case)
    return re.search(r'\.c:(%d|%d)[:,]' % (line, line + 1), errors) or member in errors


def main():
    language, source, include, compiler = sys.argv[1], sys.argv[2], sys.argv[3], sys.argv[4:]
    with open(source, encoding='utf-8') as file:
        text = file.read()
    last = int(re.search(r'#define LAST_CASE (\d+)', text).group(1))
    good = compiles(language, compiler, include, source, 0)
    if good.returncode != 0:
        sys.exit('case 0 does not compile:\n' + good.stderr)
    tried = {case: compiles(language, compiler, include, source, case)
             for case in range(1, last + 1)}
    wrong = [case for case, one in tried.items() if one.returncode == 0]
    if wrong:
        sys.exit('these cases compile: %s' % wrong)
    nameless = [case for case, one in tried.items() if not names_row(one.stderr, text, case)]
    if nameless:
        sys.exit('the errors of these cases do not name the row: %s' % nameless)
    print('%d cases refused' % last)


main()
