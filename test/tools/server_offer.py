"""The example server_offer: what a scripted server offers before and after TLS.

usage: server_offer.py EXAMPLE DATA
"""
import socket, ssl, subprocess, sys, threading

from peer import HEAD, SASL, TIME_LIMIT, Peer

PROGRAM, DATA = sys.argv[1:]
TLS = "xmlns='urn:ietf:params:xml:ns:xmpp-tls'"


def serve(listener, certificate):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(f"{DATA}/tls/{certificate}.pem", f"{DATA}/tls/server-key.pem")
    with listener, listener.accept()[0] as connection:
        peer = Peer(connection)
        peer.expect("<stream:stream[^>]*>")
        peer.send(f"{HEAD}<stream:features><starttls {TLS}/></stream:features>")
        peer.expect("<starttls[^>]*/>")
        peer.send(f"<proceed {TLS}/>")
        try:
            secured = Peer(context.wrap_socket(connection, server_side=True))
            secured.expect("<stream:stream[^>]*>")
        except (AssertionError, OSError):
            return  # the certificate is refused
        secured.send(f"{HEAD}<stream:features><mechanisms {SASL}><mechanism>PLAIN</mechanism>"
                     "</mechanisms><ver xmlns='urn:ver'/></stream:features>")
        secured.expect("</stream:stream>")
        secured.send("</stream:stream>")


failed = 0
for certificate, status, words in (
        ("right", 0, ["before TLS: starttls (urn:ietf:params:xml:ns:xmpp-tls)",
                       "over TLS: mechanisms (urn:ietf:params:xml:ns:xmpp-sasl) PLAIN",
                       "over TLS: ver (urn:ver)"]),
        ("self-signed", 1, ["certificate"])):
    listener = socket.create_server(("127.0.0.1", 0))
    port = listener.getsockname()[1]
    thread = threading.Thread(target=serve, args=(listener, certificate), daemon=True)
    thread.start()
    done = subprocess.run(
        [PROGRAM, "example.org", "server=127.0.0.1", f"port={port}", "tls.system-trust=no",
         f"tls.ca-file={DATA}/tls/ca.pem"], stdout=subprocess.PIPE, text=True, timeout=TIME_LIMIT)
    if done.returncode != status or not all(word in done.stdout for word in words):
        print(f"{certificate}: exit status {done.returncode}, {status} expected\n{done.stdout}")
        failed = 1
    thread.join(TIME_LIMIT)
sys.exit(failed)
