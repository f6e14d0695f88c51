"""The texts of --help are wrapped: to 80 columns without a terminal, else to the terminal's width.
Lines that name an option or command are not.

usage: help_width.py ENVOI
"""
import fcntl
import os
import pty
import re
import struct
import subprocess
import sys
import termios

program = sys.argv[1]


def help_in_terminal(columns):
    control, terminal = pty.openpty()
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    child = subprocess.Popen([program, "--help"], stdout=terminal)
    os.close(terminal)
    text = b""
    try:
        while data := os.read(control, 65536):
            text += data
    except OSError:  # the other end was closed
        pass
    child.wait()
    return text.decode().replace("\r\n", "\n")


def check(text, columns):
    widest = max(len(line) for line in text.splitlines() if not re.match(r" +--|  \w", line))
    if widest > columns or widest < columns - 10:
        sys.exit(f"{widest} columns are used of {columns}")
    return text.split()


piped = subprocess.run([program, "--help"], capture_output=True, text=True, check=True).stdout
words = check(piped, 80)
for columns in (60, 100):
    if check(help_in_terminal(columns), columns) != words:
        sys.exit(f"with {columns} columns the words differ")
check(help_in_terminal(200), 100)

# The summary: texts beside names, in the columns of the terminal.
summary = subprocess.run([program, "-h"], capture_output=True, text=True, check=True).stdout
assert "\n  ping [JID]              Ping an entity" in summary, summary
assert max(len(line) for line in summary.splitlines()) <= 80, summary
