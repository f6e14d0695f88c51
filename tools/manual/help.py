"""Reads what `envoi --help` prints: commands, options, settings, exit statuses."""
import re
from dataclasses import dataclass, field


@dataclass
class Option:
    usage: str  # "--wait TIME"; of a setting also its name: "--lang TAG (lang)"
    doc: str = ""


@dataclass
class Command:
    usage: str  # "send TO... BODY"
    summary: str = ""
    options: list = field(default_factory=list)


@dataclass
class Help:
    commands: list = field(default_factory=list)
    statuses: list = field(default_factory=list)  # of (number, meaning)
    options: list = field(default_factory=list)
    groups: dict = field(default_factory=dict)  # of settings: lists of Option


def indent_of(line):
    return len(line) - len(line.lstrip(" "))


def add(text, line):
    return f"{text} {line.strip()}".strip()


def read_commands(lines):
    commands = []
    for line, following in zip(lines, lines[1:] + [""]):
        indent = indent_of(line)
        if indent == 2:
            commands.append(Command(line.strip()))
        elif indent == 16:
            commands[-1].options[-1].doc = add(commands[-1].options[-1].doc, line)
        elif indent_of(following) == 16:
            commands[-1].options.append(Option(line.strip()))
        elif indent == 8:
            commands[-1].summary = add(commands[-1].summary, line)
        else:
            raise SystemExit(f"envoi --help has a line of an unknown form: {line}")
    return commands


def read_options(lines):
    options = []
    for line in lines:
        if indent_of(line) == 2 and line.startswith("  --"):
            options.append(Option(line.strip()))
        elif indent_of(line) == 8 and options:
            options[-1].doc = add(options[-1].doc, line)
        else:
            raise SystemExit(f"envoi --help has a line of an unknown form: {line}")
    return options


def read(text):
    """What the program has printed. Ends with an error for what is of another form."""
    result, sections = Help(), {}
    for line in text.splitlines():
        title = re.match(r"[\w-]+", line)
        if title:
            section = sections.setdefault(title[0], [])
        elif line:
            section.append(line)
    result.commands = read_commands(sections.pop("Commands"))
    result.statuses = [line.split(None, 1) for line in sections.pop("Exit")]
    result.options = read_options(sections.pop("Options"))
    for name in ("usage", "Settings", "use"):
        sections.pop(name)
    result.groups = {name: read_options(lines) for name, lines in sections.items()}
    if not result.groups or not all(command.summary for command in result.commands):
        raise SystemExit("envoi --help has another form than tools/manual/help.py reads")
    return result
