#!/usr/bin/env python3
# envoi - checks that a source compiles with CASE=0 and with no other case
# SPDX-License-Identifier: MIT
#
# usage: refuses.py SOURCE INCLUDE COMPILER...
import re
import subprocess
import sys


# What is right compiles without a warning, for the strictest of users.
STRICT = ['-Wall', '-Wextra', '-Wpedantic', '-Wno-missing-field-initializers', '-Werror']
# What is wrong is an error, for the most careless.
CARELESS = ['-w']


def compiles(compiler, include, source, case):
    flags = ['-std=c11', '-fsyntax-only', '-I', include, '-DCASE=%d' % case]
    flags += STRICT if case == 0 else CARELESS
    return subprocess.run(compiler + flags + [source], stdout=subprocess.DEVNULL,
                          stderr=subprocess.PIPE, text=True)


def main():
    source, include, compiler = sys.argv[1], sys.argv[2], sys.argv[3:]
    with open(source, encoding='utf-8') as file:
        last = int(re.search(r'#define LAST_CASE (\d+)', file.read()).group(1))
    good = compiles(compiler, include, source, 0)
    if good.returncode != 0:
        sys.exit('case 0 does not compile:\n' + good.stderr)
    wrong = [case for case in range(1, last + 1)
             if compiles(compiler, include, source, case).returncode == 0]
    if wrong:
        sys.exit('these cases compile: %s' % wrong)
    print('%d cases refused' % last)


main()
