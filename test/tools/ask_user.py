"""The example ask_user: the user decides whether a self-signed server is trusted.

usage: ask_user.py EXAMPLE DATA
"""
import os, socket, ssl, subprocess, sys, threading

from peer import HEAD, TIME_LIMIT, Peer

PROGRAM, DATA = sys.argv[1:]
TLS = "xmlns='urn:ietf:params:xml:ns:xmpp-tls'"


def serve(listener):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(f"{DATA}/tls/self-signed.pem", f"{DATA}/tls/server-key.pem")
    with listener, listener.accept()[0] as connection:
        peer = Peer(connection)
        peer.expect("<stream:stream[^>]*>")
        peer.send(f"{HEAD}<stream:features><starttls {TLS}/></stream:features>")
        peer.expect("<starttls[^>]*/>")
        peer.send(f"<proceed {TLS}/>")
        try:
            secured = Peer(context.wrap_socket(connection, server_side=True))
            secured.log_in()
        except (AssertionError, OSError):
            return  # the user refuses the certificate
        request = secured.expect("<iq[^>]* id='([^']*)'.*?</iq>")
        secured.send(f"<iq type='result' id='{request}'><query xmlns='jabber:iq:roster'/></iq>")
        secured.expect("</stream:stream>")
        secured.send("</stream:stream>")


def read_until(program, words):
    for line in program.stdout:
        if words in line:
            return line
    sys.exit(f"it ended without {words!r}")


failed = 0
for letter, after_answer, last_words, status in (
        ("a", "tls.pins=sha256:", "Available as a@b.test/r.", 0),
        ("y", "It is trusted.", "Available as a@b.test/r.", 0),
        ("n", "It is not trusted.", "Something has to be changed", 1)):
    listener = socket.create_server(("127.0.0.1", 0))
    port = listener.getsockname()[1]
    thread = threading.Thread(target=serve, args=(listener,), daemon=True)
    thread.start()
    with subprocess.Popen(
            [PROGRAM, "a@b.test", "server=127.0.0.1", f"port={port}", "tls.system-trust=no",
             f"tls.ca-file={DATA}/tls/ca.pem"], env={**os.environ, "ENVOI_PASSWORD": "secret"},
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as program:
        read_until(program, "Trust it?")
        program.stdin.write(letter + "\n")
        program.stdin.flush()
        read_until(program, after_answer)
        read_until(program, last_words)
        program.stdin.close()
        if program.wait(TIME_LIMIT) != status:
            print(f"{letter}: exit status {program.returncode}, {status} expected")
            failed = 1
    thread.join(TIME_LIMIT)
sys.exit(failed)
