"""System calls of a client that echoes messages over TCP, counted by strace: in each turn of the loop at
most one read and one write, and for a message neither a change of the epoll set nor random bytes.

usage: system_calls.py ECHO_BOT
"""
import os, re, shutil, socket, subprocess, sys, tempfile

from peer import TIME_LIMIT, Peer

ECHO_BOT = sys.argv[1]
BURST = 50  # messages in one piece
CALLS = "recvfrom,recvmsg,read,sendto,sendmsg,write,epoll_ctl,epoll_wait,epoll_pwait,epoll_pwait2,getrandom"
SKIPPED = 77


def can_trace():
    if shutil.which("strace") is None:
        print("skipped: there is no strace")
        return False
    if subprocess.run(["strace", "-o", "/dev/null", "true"], capture_output=True).returncode != 0:
        print("skipped: strace may not trace here")
        return False
    return True


def echo(server, bursts):
    for _ in range(bursts):
        server.send("<message from='c@d/e' type='chat'><body>x</body></message>" * BURST)
        for _ in range(BURST):
            server.expect("<message.*?</message>")


def count(bursts):
    """The numbers of calls of a whole run, by name."""
    listener = socket.create_server(("127.0.0.1", 0))
    listener.settimeout(TIME_LIMIT)
    with tempfile.NamedTemporaryFile("r") as trace, subprocess.Popen(
            ["strace", "-f", "-o", trace.name, "-e", f"trace={CALLS}", ECHO_BOT, "a@b.test/r",
             "tls.mode=none", "server=127.0.0.1", f"port={listener.getsockname()[1]}", "roster.fetch=no",
             "presence.initial=no", "reconnect.enabled=no"],
            env={**os.environ, "ENVOI_PASSWORD": "secret"}, stderr=subprocess.DEVNULL) as run:
        server = Peer(listener.accept()[0])
        server.log_in()
        echo(server, bursts)
        server.send("</stream:stream>")
        server.expect("</stream:stream>")
        server.connection.close()
        run.wait(TIME_LIMIT)
        names = re.findall(r"^\d+ +(\w+)\(", trace.read(), re.M)
        return {name: names.count(name) for name in CALLS.split(",")}


if not can_trace():
    sys.exit(SKIPPED)
few, many = count(1), count(41)
more = {name: many[name] - few[name] for name in few}
turns = more["epoll_wait"] + more["epoll_pwait"] + more["epoll_pwait2"]
reads = more["recvfrom"] + more["recvmsg"] + more["read"]
writes = more["sendto"] + more["sendmsg"] + more["write"]
print(f"{40 * BURST} messages more: {turns} turns, {reads} reads, {writes} writes, {more}")
assert reads <= turns, more
assert writes <= turns, more
assert more["epoll_ctl"] <= 0, more
assert more["getrandom"] <= 0, more
