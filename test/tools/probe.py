"""usage: probe.py ENVOI: `envoi probe` of a domain of `envoi serve`, which a name server leads to."""
import atexit, json, os, pathlib, re, shutil, signal, socket, struct, subprocess, sys, tempfile, threading

import peer
from name_server import serve_names

ENVOI = sys.argv[1]
WORK = pathlib.Path(tempfile.mkdtemp())
atexit.register(shutil.rmtree, WORK)
CA = WORK / "ca.pem"
A, SRV = 1, 33


def labels(name):
    return b"".join(bytes([len(label)]) + label.encode() for label in name.split(".")) + b"\0"


def record(port, host):
    return struct.pack(">HHH", 10, 5, int(port)) + labels(host)


def probe(*options, **environment):
    run = subprocess.run([ENVOI, "probe", "--no-tls-system-trust", *options], text=True, capture_output=True,
                         env={**os.environ, **environment}, timeout=peer.TIME_LIMIT)
    return run.returncode, run.stdout, run.stderr


def row(printed, name):
    """The cells of a route in the table."""
    return re.search(rf"^  {name} +(.*)$", printed, re.M)[1].split()


server = subprocess.Popen(
    [ENVOI, "serve", "--domain", "example.org", "--account", "alice:secret", "--ca-out", str(CA),
     "--listen", "127.0.0.1:0", "--listen-tls", "127.0.0.1:0", "--web", "127.0.0.1:0",
     "--server-scram-iterations", "4096"],
    stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
atexit.register(server.kill)
ports = [re.fullmatch(r"listening on 127.0.0.1 port (\d+)\n", server.stdout.readline())[1] for _ in range(3)]
names = serve_names({
    ("_xmpp-client._tcp.example.org", SRV): [record(ports[0], "xmpp.example.org")],
    ("_xmpps-client._tcp.example.org", SRV): [record(ports[1], "xmpp.example.org")],
    ("xmpp.example.org", A): [bytes([127, 0, 0, 1])],
})
reached = ("--resolve-servers", names, "--ca-file", str(CA), "example.org")

# Names, both routes over TCP, and what host-meta does not lead to.
status, printed, complaints = probe(*reached)
assert (status, complaints) == (0, ""), printed + complaints
assert f"  _xmpps-client._tcp: \n    10 5 xmpp.example.org port {ports[1]}: 127.0.0.1\n" in printed, printed
for name, round_trips in (("direct TLS", "3"), ("STARTTLS", "5")):
    cells = row(printed, name)
    assert cells[0] == "yes" and cells[2] == "TLS1.3" and cells[5] == round_trips, printed
    assert cells[6:8] == ["-", "-"] and cells[8] == "trusted", printed
    assert 3000 < int(cells[1]) < 4000, printed
for name in ("WebSocket", "BOSH"):
    assert row(printed, name)[0] == "no", printed
for line in ("  certificate for: example.org\n", "  issued by: CN=envoi serve\n",
             "  mechanisms: SCRAM-SHA-512-PLUS SCRAM-SHA-256-PLUS ",
             "  channel bindings: tls-exporter tls-server-end-point\n", "    stream limits (XEP-0478)\n",
             "  max-bytes: 10000\n", "no host has an IPv6 address", "neither WebSocket nor BOSH is found"):
    assert line in printed, line + "\nis not in\n" + printed
assert "login by" not in printed and "features after" not in printed, printed

# With an account each route logs in.
status, printed, complaints = probe(*reached, "--jid", "alice@example.org", ENVOI_PASSWORD="secret")
assert (status, complaints) == (0, ""), printed + complaints
for name, round_trips in (("direct TLS", "7"), ("STARTTLS", "9")):
    assert row(printed, name)[8] == round_trips, printed
assert printed.count("  login by: SCRAM-SHA-512-PLUS\n") == 2, printed
assert "    stream management (XEP-0198)\n" in printed, printed
status, printed, _ = probe(*reached, "--jid", "alice@example.org", ENVOI_PASSWORD="wrong")
assert status == 5 and row(printed, "STARTTLS")[6] == "failed", printed

# The same for programs.
status, printed, complaints = probe(*reached, "--json", "--jid", "alice@example.org", ENVOI_PASSWORD="secret")
assert (status, complaints) == (0, ""), printed + complaints
found = json.loads(printed)
assert found["domain"] == "example.org" and found["names"]["domain"] is None, found
assert found["names"]["direct"] == [{"priority": 10, "weight": 5, "port": int(ports[1]), "host": "xmpp.example.org",
                                     "addresses": ["127.0.0.1"], "problem": None}], found
direct, _, websocket, _ = found["routes"]
assert direct["route"] == "direct TLS" and direct["reached"] and direct["tls"] == "TLS1.3", found
assert direct["certificate"]["trusted"] and direct["certificate"]["names"] == "example.org", found
assert direct["certificate"]["doubts"] is None and 3000 < direct["certificate"]["days"] < 4000, found
assert direct["mechanisms"][0] == "SCRAM-SHA-512-PLUS", found
assert direct["channel_bindings"] == ["tls-exporter", "tls-server-end-point"], found
assert {"name": "sm", "namespace": "urn:xmpp:sm:3"} in direct["features_after_login"], found
assert direct["look"]["round_trips"] == 3 and direct["login"]["round_trips"] == 7, found
assert direct["login"]["mechanism"] == "SCRAM-SHA-512-PLUS" and direct["login"]["error"] is None, found
assert not websocket["reached"] and websocket["look"]["error"] and websocket["login"] is None, found
assert "no host has an IPv6 address" in found["advice"], found

# The certificate that is not trusted is shown; nothing is sent to its server but the stream's header.
status, printed, _ = probe("--resolve-servers", names, "--ca-file", str(pathlib.Path(__file__).parents[1] /
                           "data/tls/ca.pem"), "example.org")
assert status == 0 and " ".join(row(printed, "STARTTLS")[8:]) == "issuer not trusted", printed
assert "direct TLS: clients refuse the certificate: issuer not trusted" in printed, printed

# One host that the user names; its port has one route.
status, printed, _ = probe("--server", "127.0.0.1", "--port", ports[0], "--ca-file", str(CA), "example.org")
assert status == 0 and "Names" not in printed and "BOSH" not in printed, printed
assert row(printed, "direct TLS")[0] == "no" and row(printed, "STARTTLS")[0] == "yes", printed

# A URL that the user names.
status, printed, _ = probe("--server", "127.0.0.1", "--url", f"wss://example.org:{ports[2]}/xmpp-websocket",
                           "--ca-file", str(CA), "example.org")
assert status == 0 and row(printed, "WebSocket")[:6] == ["yes", row(printed, "WebSocket")[1], "TLS1.3",
                                                        row(printed, "WebSocket")[3], "ms", "4"], printed

# No domain; no server.
assert probe("alice@example.org")[::2] == (
    2, 'envoi: DOMAIN: "alice@example.org" is no domain, such as example.org\n')
assert probe("a b")[0] == 2
status, printed, _ = probe("--resolve-servers", names, "--ca-file", str(CA), "nowhere.example.org")
assert status == 3 and "no route leads to a server" in printed, printed

server.send_signal(signal.SIGTERM)
assert server.wait(timeout=peer.TIME_LIMIT) == 0
