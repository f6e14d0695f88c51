"""usage: progress.py ENVOI: progress is shown on a terminal, and erased before anything is printed.

The server answers when what it waits for is on the terminal."""
import fcntl, os, pty, re, socket, struct, subprocess, sys, termios

import peer

ENVOI = sys.argv[1]


class Terminal:
    def __init__(self, columns):
        self.control, self.end = pty.openpty()
        fcntl.ioctl(self.end, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
        self.text = ""

    def expect(self, text):
        while text not in self.text:
            self.text += os.read(self.control, 65536).decode()

    def rest(self):
        try:
            while data := os.read(self.control, 65536):
                self.text += data.decode()
        except OSError:  # the other end was closed
            pass
        return self.text


def run(columns, shown, *options):
    terminal = Terminal(columns)
    listener = socket.create_server(("127.0.0.1", 0))
    listener.settimeout(peer.TIME_LIMIT)
    process = subprocess.Popen(
        [ENVOI, "--jid", "a@b.test", "--tls", "none", "--server", "127.0.0.1", "--port",
         str(listener.getsockname()[1]), *options], env={**os.environ, "ENVOI_PASSWORD": "secret"},
        stdout=subprocess.PIPE, stderr=terminal.end)
    os.close(terminal.end)
    server = peer.Peer(listener.accept()[0])
    server.log_in()
    identifier = server.expect("<iq(?=[^>]* to='x\\.[^']*')[^>]* id='([^']*)'.*?</iq>")
    sender = "x." + "y" * 50 + ".test"
    terminal.expect(shown)
    server.send(f"<iq type='result' id='{identifier}' from='{sender}'><query xmlns='jabber:iq:version'><name>n</name>"
                "<version>1</version></query></iq>")
    server.expect("</stream:stream>")
    server.send("</stream:stream>")
    server.connection.close()
    out = process.communicate(timeout=peer.TIME_LIMIT)[0].decode()
    assert process.returncode == 0 and out == f"{sender}: n 1\n", (process.returncode, out)
    text = terminal.rest()
    assert text.endswith("\r\x1b[K"), repr(text)
    for line in re.split("\r\x1b\\[K", text):
        assert len(line) < columns and "\n" not in line, repr(line)


LONG = "x." + "y" * 50 + ".test"
run(80, f"\r\x1b[Kwaiting for {LONG} ...", "version", LONG)
run(40, "\r\x1b[Kwaiting for x.yyyyyyyyyyyyyyyyyyyyy ...", "version", LONG)
