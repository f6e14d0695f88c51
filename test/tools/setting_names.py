"""Every setting that the project's own code names is one that the library knows, and doc/limits.md has
every setting of a limit.

usage: setting_names.py ENVOI SOURCE_ROOT
"""
import json
import pathlib
import re
import subprocess
import sys

CALL = re.compile(r"envoi_(?:settings_(?:set|set_int|int|text|word)|client_set)\("
                  r"\s*[^,()]+(?:\([^()]*\))?[^,()]*,\s*\"([^\"]+)\"")
FOLDERS = ("lib", "transports", "ext", "tools", "doc/examples")

program, root = sys.argv[1], pathlib.Path(sys.argv[2])
manual = subprocess.run([program, "--help"], capture_output=True, text=True, check=True).stdout
known = set(re.findall(r"^  --\S+(?: \S+)? \(([a-z.-]+)\)$", manual, re.M))
named = [(name, path) for folder in FOLDERS for path in sorted((root / folder).rglob("*.c"))
         for name in CALL.findall(path.read_text())]
if not known or not named:
    sys.exit(f"{len(known)} settings are known and {len(named)} are named: nothing was compared")
wrong = [f"{path}: no such setting: {name}" for name, path in named if name not in known]
page = (root / "doc/limits.md").read_text()
limits = {name: re.sub(r"^limits\.(before-login\.)?", "", name) for name in known
          if name.startswith(("limits.", "listener."))}
wrong += [f"doc/limits.md: {name} is missing" for name, short in sorted(limits.items())
          if not re.search(rf"(?<![\w-]){re.escape(short)}(?![\w-])", page)]
# The same as JSON, all of them or those of a group; of one that does not exist nothing is written.
for group in ((), ("tls",), ("nothing",)):
    written = subprocess.run([program, "help", "settings", *group, "--json"], capture_output=True, text=True)
    expected = {name for name in known if not group or name.startswith(f"{group[0]}.")}
    names = {setting["name"] for setting in json.loads(written.stdout or "[]")}
    if names != expected or written.returncode != (0 if expected else 2) or (written.stdout and not expected):
        wrong.append(f"help settings {group} --json: {written.returncode}: {sorted(names ^ expected)}")
sys.exit("\n".join(wrong) or 0)
