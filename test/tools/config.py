"""usage: config.py ENVOI SOURCE_ROOT: the configuration file of `envoi`, its help for commands and groups of settings,
and doc/program.md, which names all commands."""
import pathlib, re, sys

from program import CA, WORK, Server, run

ENVOI = sys.argv[1]
server = Server(ENVOI)
folder = WORK / "envoi"
folder.mkdir()
file = folder / "config"
SETTINGS = f"""# the account
  jid = alice@example.org
tls.ca-file={CA}
server = 127.0.0.1
tls-system-trust = false
"""


def configure(text, mode=0o600, at=file):
    at.unlink(missing_ok=True)
    at.write_text(text)
    at.chmod(mode)


def ping(*options, password=None, status=0):
    env = {"XDG_CONFIG_HOME": str(WORK), **({"ENVOI_PASSWORD": password} if password else {})}
    return run("env", *([] if password else ["-u", "ENVOI_PASSWORD"]), ENVOI, *options, "ping", status=status, env=env)


# Account, password and settings.
configure(f"{SETTINGS}port = {server.port}\npassword = secret\n")
assert ping()[0].startswith("example.org: answers")
# What the command line and the environment say replaces it.
assert "wrong name or password" in ping(password="wrong", status=5)[1]
ping("--port", "1", status=3)
assert "no account: give --jid" in ping("--no-config", status=2)[1]
assert "wrong name or password" in ping("--jid", "bob@example.org", password="wrong", status=5)[1]
# The password is for its account alone.
(WORK / "password").write_text("secret\n")
ping("--jid", "bob@example.org", "--password-file", str(WORK / "password"))
configure(f"{SETTINGS}port = {server.port}\npassword-file = {WORK}/password\n")
ping()
# Another file.
configure(f"{SETTINGS}port = {server.port}\npassword = secret", at=WORK / "other")
configure("nothing")
ping("--config", str(WORK / "other"))
assert "No such file" in ping("--config", str(WORK / "none"), status=2)[1]
assert "is no file" in ping("--config", str(WORK), status=2)[1]

# Refused in words.
for text, words in (("nothing", "line 1: it is not NAME = VALUE"), ("#\n\nhost = x", "line 3: there is no such setting: host"),
                    ("port = x", "line 1: port: "), ("x" * 5000, "line 1: it is too long"),
                    (f"password = {'x' * 1024}", "line 1: the value is too long")):
    configure(text)
    said = ping(status=2)[1]
    assert said.startswith(f"envoi: {file}, ") and words in said, said
for mode in (0o640, 0o604, 0o620):
    configure("password = secret", mode)
    said = ping(status=2)[1]
    assert f"{file} is not read, because other users may read or change it: chmod 600 {file}" in said, said
    assert "secret" not in said
# A command without account does not read it.
assert run(ENVOI, "jid", "a@b")[0] == "a\tb\t\n"

# Help for commands, groups and all; each is what the tables have.
overview = run(ENVOI, "-h")[0]
assert run(ENVOI, "help")[0] == overview
everything = run(ENVOI, "--help")[0]
names = re.findall(r"^  ([a-z]+(?: [a-z]+)?)(?: [A-Z\[].*| {2,}.*)$", overview, re.M)
assert {"send", "roster add", "rooms talk", "disco", "ping", "completion"} <= set(names), names
page = (pathlib.Path(sys.argv[2]) / "doc/program.md").read_text()
for name in names:
    assert re.search(rf"^\|.*`{name}[ `].*\|", page, re.M), f"doc/program.md: {name} is missing"
    text = run(ENVOI, "help", *name.split())[0]
    assert text.startswith(f"usage: envoi [OPTION...]\n  {name}"), text
    assert run(ENVOI, *name.split(), "--help")[0] == text == run(ENVOI, "-h", *name.split())[0]
    for option in re.findall(r"^ {8}--\S+", text, re.M):
        assert option in everything
assert run(ENVOI, "help", "roster")[0].count("\n  roster ") == 3
groups = re.search(r"Groups of settings.*:\n((?:  .*\n)+)", overview)[1].replace("\n", " ").replace(",", " ").split()
assert "tls" in groups and "limits" in groups, groups
listed = [run(ENVOI, "help", "settings", group)[0] for group in groups]
setting = re.compile(r"^  --\S+(?: \S+)? \([a-z.-]+\)$", re.M)
assert sorted(found for text in listed for found in setting.findall(text)) == sorted(setting.findall(everything))
assert "there is no such group of settings: none" in run(ENVOI, "help", "settings", "none", status=2)[1]
assert "no such command: none" in run(ENVOI, "help", "none", status=2)[1]
assert "Exit status, of every command:\n  0  success\n" in overview
# Options of one name take a value in all commands or in none.
takes = {}
for name, value in re.findall(r"^ {8}--(\S+)( \S+)?$", everything, re.M):
    assert takes.setdefault(name, bool(value)) == bool(value), name
