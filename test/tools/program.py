"""The program, and `envoi serve` on loopback for it."""
import atexit, os, pathlib, re, shutil, socket, subprocess, tempfile, threading

import peer

WORK = pathlib.Path(tempfile.mkdtemp())
atexit.register(shutil.rmtree, WORK)
CA = WORK / "ca.pem"
ENVIRONMENT = {**os.environ, "ENVOI_PASSWORD": "secret", "XDG_CONFIG_HOME": str(WORK)}


def run(*command, status=0, env=None, **given):
    """Run it to its end. @return standard output, standard error"""
    done = subprocess.run(command, capture_output=True, timeout=peer.TIME_LIMIT,
                          env={**ENVIRONMENT, **(env or {})}, **given)
    out, said = done.stdout.decode(), done.stderr.decode()
    assert done.returncode == status, f"{command[-6:]}: {done.returncode}, expected {status}: {out}{said}"
    return out, said


class Server:
    """example.org with the accounts alice and bob."""

    def __init__(self, program, *options):
        self.program = program
        self.process = subprocess.Popen(
            [program, "serve", "--domain", "example.org", "--listen", "127.0.0.1:0", "--ca-out", str(CA),
             "--server-scram-iterations", "4096", "--account", "alice:secret", "--account", "bob:secret",
             *options], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        atexit.register(self.end)
        self.port = re.fullmatch(r"listening on 127.0.0.1 port (\d+)\n", self.process.stdout.readline())[1]

    def end(self):
        self.process.kill()
        self.process.communicate()

    def command(self, who, *command):
        jid = who if "@" in who or "." in who else f"{who}@example.org"
        return [self.program, "--jid", jid, "--server", "127.0.0.1", "--port", self.port, "--ca-file", str(CA),
                "--no-tls-system-trust", *command]

    def run(self, who, *command, **more):
        return run(*self.command(who, *command), **more)

    def start(self, who, *command):
        """A program that runs until it is ended: end_of()."""
        process = subprocess.Popen(self.command(who, *command), env=ENVIRONMENT, stdin=subprocess.PIPE,
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        atexit.register(process.kill)
        return process


def end_of(process):
    out = process.communicate(timeout=peer.TIME_LIMIT)
    return process.returncode, *out


def with_peer(program, command, script, status=0, **given):
    """Run it as a@b.test against a scripted server, which is logged in to. @return as run()"""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve():
        with listener.accept()[0] as connection:
            server = peer.Peer(connection)
            server.log_in()
            script(server)
            server.expect("</stream:stream>")
            server.send("</stream:stream>")

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    result = run(program, "--jid", "a@b.test", "--server", "127.0.0.1", "--tls", "none", "--port",
                 str(listener.getsockname()[1]), *command, status=status, **given)
    thread.join(peer.TIME_LIMIT)
    listener.close()
    return result


def is_harmless(text):
    """Whether a terminal takes it as text, in lines of the program's own."""
    return not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]", text)
