"""The example https_get: a whole response, one without close_notify, a certificate for another name.

usage: https_get.py EXAMPLE DATA
"""
import socket
import ssl
import subprocess
import sys
import threading

PROGRAM, DATA = sys.argv[1:]
TIME_LIMIT = 60
BODY = "0123456789" * 20000


def serve(listener, closes_tls):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.set_alpn_protocols(["http/1.1"])
    context.load_cert_chain(f"{DATA}/tls/right.pem", f"{DATA}/tls/server-key.pem")
    with listener, listener.accept()[0] as connection:
        connection.settimeout(TIME_LIMIT)
        try:
            secured = context.wrap_socket(connection, server_side=True)
            request = b""
            while b"\r\n\r\n" not in request:
                request += secured.recv(65536)
            assert request.startswith(b"GET /page HTTP/1.1\r\nHost: "), request
            secured.sendall(f"HTTP/1.1 200 OK\r\n\r\n{BODY}".encode())
            if closes_tls:
                secured.unwrap()
            else:
                secured.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass  # the certificate is refused


failed = 0
for host, closes_tls, status, error in (
        ("example.org", True, 0, ""),
        ("example.org", False, 1, "without closing TLS"),
        ("other.example", True, 1, "certificate")):
    listener = socket.create_server(("127.0.0.1", 0))
    port = str(listener.getsockname()[1])
    thread = threading.Thread(target=serve, args=(listener, closes_tls), daemon=True)
    thread.start()
    result = subprocess.run([PROGRAM, "127.0.0.1", port, host, "/page", f"{DATA}/tls/ca.pem"],
                            capture_output=True, text=True, timeout=TIME_LIMIT)
    thread.join(TIME_LIMIT)
    is_whole = result.stdout.endswith(BODY)
    if result.returncode != status or error not in result.stderr or (status == 0) > is_whole:
        print(f"{host}, {closes_tls}: {result.returncode}, {result.stderr!r}, {is_whole}")
        failed = 1
sys.exit(failed)
