"""A terminal with a program on it: what is typed, and what a person sees."""
import fcntl, os, pty, re, select, struct, subprocess, termios, unicodedata

import peer

TOKEN = re.compile(r"\x1b\[([0-9;?]*)([A-Za-z])|\x1b[()].|\x1b.|.", re.S)


def columns_of(character):
    return 0 if unicodedata.combining(character) else 2 if unicodedata.east_asian_width(character) in "WF" else 1


class Screen:
    """The part of xterm that programs which edit a line use."""

    def __init__(self, columns=80, rows=24):
        self.columns, self.rows = columns, rows
        self.lines, self.row, self.column, self.wraps, self.inserts, self.rest = [{}], 0, 0, False, False, ""

    def feed(self, text):
        text = self.rest + text
        self.rest = ""
        cut = re.search("\x1b(\\[[0-9;?]*)?$", text)
        if cut:
            text, self.rest = text[:cut.start()], cut[0]
        for match in TOKEN.finditer(text):
            if match[2]:
                self.command(match[2], [int(number or 0) for number in match[1].strip("?").split(";")])
            elif not match[0].startswith("\x1b"):
                self.put(match[0])

    def top(self):
        return max(0, len(self.lines) - self.rows)

    def down(self):
        self.row += 1
        if self.row == len(self.lines):
            self.lines.append({})

    def put(self, character):
        if character == "\r":
            self.column, self.wraps = 0, False
        elif character == "\n":
            self.down()
            self.wraps = False
        elif character == "\b":
            self.column, self.wraps = max(0, self.column - 1), False
        elif character == "\t":
            self.column = min(self.columns - 1, self.column // 8 * 8 + 8)
        elif character >= " ":
            width, line = columns_of(character), self.lines[self.row]
            if not width:  # it belongs to the one before it
                at = max((column for column in line if column < self.column + self.wraps), default=None)
                if at is not None:
                    line[at] += character
                return
            if (self.wraps or self.column + width > self.columns):
                self.down()
                self.column = 0
            if self.inserts:
                self.command("@", [width])
            self.lines[self.row][self.column] = character
            self.wraps = self.column + width >= self.columns
            self.column = min(self.column + width, self.columns - 1)

    def command(self, letter, numbers):
        count = max(1, numbers[0])
        line = self.lines[self.row]
        if letter not in "mhl":
            self.wraps = False
        if letter == "A":
            self.row = max(self.top(), self.row - count)
        elif letter == "B":
            for _ in range(count):
                self.down()
        elif letter == "C":
            self.column = min(self.columns - 1, self.column + count)
        elif letter == "D":
            self.column = max(0, self.column - count)
        elif letter == "G":
            self.column = count - 1
        elif letter in "KJ":
            for column in list(line):
                if column >= self.column:
                    del line[column]
            if letter == "J":
                del self.lines[self.row + 1:]
        elif letter == "P":
            self.lines[self.row] = {column - count * (column >= self.column): character
                                    for column, character in line.items()
                                    if not self.column <= column < self.column + count}
        elif letter == "@":
            self.lines[self.row] = {column + count * (column >= self.column): character
                                    for column, character in line.items()}
        elif letter == "H":
            self.row, self.column = self.top() + count - 1, max(1, numbers[-1]) - 1
            while self.row >= len(self.lines):
                self.lines.append({})
        elif letter in "hl" and numbers == [4]:
            self.inserts = letter == "h"
        else:
            assert letter in "mhl", f"unknown: {letter}"

    def text(self, last=0):
        """@return the lines as a person sees them: the last ones, or all"""
        return "\n".join("".join(line.get(column, "" if columns_of(line.get(column - 1, "a")[0]) == 2 else " ")
                                 for column in range(max(line, default=-1) + 1)).rstrip()
                         for line in self.lines[-last:])


class Terminal:
    """A program on a terminal."""

    def __init__(self, command, columns=80, rows=24, environment=None):
        self.control, end = pty.openpty()
        self.screen, self.raw = Screen(columns, rows), ""
        fcntl.ioctl(end, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        self.settings = termios.tcgetattr(end)

        def own_terminal():
            os.setsid()
            fcntl.ioctl(0, termios.TIOCSCTTY, 0)

        self.process = subprocess.Popen(command, stdin=end, stdout=end, stderr=end, preexec_fn=own_terminal,
                                        env={**os.environ, "TERM": "xterm", **(environment or {})})
        self.end, self.before = end, b""

    def type(self, text):
        os.write(self.control, text.encode())

    def read(self):
        ready = select.select([self.control], [], [], peer.TIME_LIMIT)[0]
        assert ready, f"nothing comes any more: {self.screen.text()}"
        data = self.before + os.read(self.control, 65536)
        cut = len(data)
        while cut > 0 and cut > len(data) - 4:  # a character may be cut
            try:
                text = data[:cut].decode()
                break
            except UnicodeDecodeError:
                cut -= 1
        else:
            text, cut = data.decode(errors="replace"), len(data)
        self.before = data[cut:]
        self.raw += text
        self.screen.feed(text)

    def expect(self, wanted):
        """Wait until a person sees it in the last lines: a text, or a condition of them."""
        while not (wanted(shown := self.screen.text(100)) if callable(wanted) else wanted in (
                shown := self.screen.text(100))):
            self.read()
        return shown

    def resize(self, columns, rows=24):
        fcntl.ioctl(self.end, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        self.screen.columns, self.screen.rows = columns, rows

    def wait(self):
        """@return the exit status, after all output was read"""
        while self.process.poll() is None or select.select([self.control], [], [], 0)[0]:
            if select.select([self.control], [], [], 0.05)[0]:
                self.read()
        return self.process.returncode
