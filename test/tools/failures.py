"""The failures that doc/guide/failures.md shows are those that the first program prints, and the program's own
explanation there is what it prints.

usage: failures.py ENVOI FIRST ROOT
"""
import pathlib, re, sys

from program import CA, Server, run

ENVOI, FIRST, ROOT = sys.argv[1:]
page = (pathlib.Path(ROOT) / "doc/guide/failures.md").read_text()
rows = re.findall(r"^\| (.*? \(\w+\): .*?|invalid argument: .*?) \| .* \|$", page, re.M)
server = Server(ENVOI)
here, trusted = ["server=127.0.0.1", f"port={server.port}"], [f"tls.ca-file={CA}", "tls.system-trust=no"]
mistakes = [
    ("bob@example.org", ["server=127.0.0.1", "port=1", *trusted], {}),
    ("bob@example.org", ["server=127.0.0.1:5222"], {}),
    ("bob@example.org", [*here, f"tls.ca-file={ROOT}/test/data/tls/ca.pem", "tls.system-trust=no"], {}),
    ("bob@example.org", [*here, "tls.ca-file=none.pem"], {}),
    ("bob@example.org", [*here, *trusted, "tls.mode=direct"], {}),
    ("bob@example.net", [*here, *trusted], {}),
    ("bob@example.org", [*here, *trusted], {"ENVOI_PASSWORD": "wrong"}),
    ("@", here, {}),
]
printed = [run(FIRST, jid, *settings, env=env, status=1)[1] for jid, settings, env in mistakes]
for line in printed:
    assert any(row in line for row in rows), (line, rows)
for row in rows:
    assert any(row in line for line in printed) or "(resolve)" in row, f"nothing prints this: {row}"
said = run(ENVOI, "--jid", "bob@example.org", "--server", "127.0.0.1", "--port", "1", "ping", status=3)[1]
assert said in page, said
