"""A name server, for a test."""
import socket, struct, threading


def read_name(question):
    at, found = 12, []
    while question[at] != 0:
        found.append(question[at + 1:at + 1 + question[at]].decode().lower())
        at += 1 + question[at]
    return ".".join(found), question[12:at + 5], struct.unpack(">H", question[at + 1:at + 3])[0]


def serve_names(records):
    """A name server. records: {(name, type): [body]}; other names do not exist."""
    server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    server.bind(("127.0.0.1", 0))

    def serve():
        while True:
            question, asker = server.recvfrom(4096)
            name, asked, kind = read_name(question)
            bodies = records.get((name, kind), [])
            exists = any(known == name for known, _ in records)
            answers = b"".join(b"\xc0\x0c" + struct.pack(">HHIH", kind, 1, 60, len(body)) + body
                               for body in bodies)
            head = question[:2] + struct.pack(">HHHHH", 0x8180 | (0 if exists else 3), 1, len(bodies), 0, 0)
            server.sendto(head + asked + answers, asker)
    threading.Thread(target=serve, daemon=True).start()
    return f"127.0.0.1:{server.getsockname()[1]}"
