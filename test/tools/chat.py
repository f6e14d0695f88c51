"""The example chat: what the contact is sent and what is shown of its messages; what others forge is not
shown.

usage: chat.py EXAMPLE
"""
import os, re, socket, subprocess, sys

from peer import TIME_LIMIT, Peer

RECEIPTS, MARKERS = "urn:xmpp:receipts", "urn:xmpp:chat-markers:0"
CORRECTION, REPLY, REACTIONS = "urn:xmpp:message-correct:0", "urn:xmpp:reply:0", "urn:xmpp:reactions:0"

listener = socket.create_server(("127.0.0.1", 0))
listener.settimeout(TIME_LIMIT)
program = subprocess.Popen(
    [sys.argv[1], "a@b.test/r", "bob@b.test", "tls.mode=none", "server=127.0.0.1",
     f"port={listener.getsockname()[1]}", "acknowledgement.ping=no"],
    env={**os.environ, "ENVOI_PASSWORD": "secret"}, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def write(line):
    program.stdin.write(line + "\n")
    program.stdin.flush()


def shown(*lines):
    for line in lines:
        read = program.stdout.readline().rstrip("\n")
        assert read == line, (read, line)


def message(content, number="m", sender="bob@b.test/x", kind="chat"):
    return f"<message from='{sender}' type='{kind}' id='{number}'>{content}</message>"


def sent(server, *contents):
    """@return the id of the next message, which contains all that"""
    stanza = server.expect("(<message .*?</message>)")
    for content in contents:
        assert content in stanza, (stanza, content)
    assert "to='bob@b.test" in stanza, stanza
    return re.search(" id='([^']*)'", stanza).group(1)


try:
    server = Peer(listener.accept()[0])
    server.log_in()
    roster = server.expect("<iq [^>]*id='([^']*)'[^>]*><query xmlns='jabber:iq:roster'.*?</iq>")
    server.send(f"<iq type='result' id='{roster}'><query xmlns='jabber:iq:roster'>"
                "<item jid='bob@b.test' subscription='both'/></query></iq>")
    server.expect("<presence[^>]*>")
    shown("ready")
    write("/fix nothing")
    write("/read")
    shown("(there is no message yet)", "(there is no message yet)")

    # A message, its receipt and its marker; what another contact says about it is nothing.
    write("Helo")
    first = sent(server, "<body>Helo</body>", f"<request xmlns='{RECEIPTS}'/>", f"<markable xmlns='{MARKERS}'/>")
    receipt = f"<received xmlns='{RECEIPTS}' id='{first}'/>"
    server.send(message(receipt, sender="eve@b.test/x") + message(receipt, kind="error") +
                message(f"<received xmlns='{RECEIPTS}' id='unknown'/>") + message(receipt) +
                message(f"<displayed xmlns='{MARKERS}' id='{first}'/>"))
    shown("(delivered: Helo)", "(read: Helo)")
    write("/fix Hello")
    assert sent(server, "<body>Hello</body>", f"<replace xmlns='{CORRECTION}' id='{first}'/>") != first
    write("/fix Hello!")
    second = sent(server, "<body>Hello!</body>", f"<replace xmlns='{CORRECTION}' id='{first}'/>")
    server.send(message(f"<received xmlns='{RECEIPTS}' id='{second}'/>"))
    shown("(delivered: Hello!)")

    # A message of the contact: receipt, correction, reply, reaction, marker.
    server.send(message(f"<body>I am wel</body><request xmlns='{RECEIPTS}'/><markable xmlns='{MARKERS}'/>", "b1"))
    shown("< I am wel")
    sent(server, f"<received xmlns='{RECEIPTS}' id='b1'/>")
    correction = f"<body>I am well</body><replace xmlns='{CORRECTION}' id='b1'/>"
    server.send(message(correction, "e1", "eve@b.test/x") + message(correction, "b2"))
    shown("< I am well (in place of: I am wel)")
    server.send(message(f"<body>mine</body><replace xmlns='{CORRECTION}' id='{first}'/>", "b3"))
    shown("< mine")  # not a message of the contact, hence a message of its own
    server.send(message(f"<body>&gt; Hello!\nGood</body><reply xmlns='{REPLY}' id='{first}'/>"
                        f"<fallback xmlns='urn:xmpp:fallback:0' for='{REPLY}'><body start='0' end='9'/></fallback>",
                        "b4"))
    shown("< Good (to: Hello!)")
    server.send(message(f"<reactions xmlns='{REACTIONS}' id='{first}'><reaction>+</reaction><reaction>+</reaction>"
                        "<reaction>-</reaction></reactions>") +
                message(f"<reactions xmlns='{REACTIONS}' id='{first}'/>"))
    shown("(reactions to Hello!: + -)", "(reactions to Hello!:)")
    write("/re Very good")
    sent(server, "<body>Very good</body>", f"<reply xmlns='{REPLY}'", "id='b4'")
    write("/react *")
    sent(server, f"<reactions xmlns='{REACTIONS}' id='b4'><reaction>*</reaction></reactions>")
    write("/react ")
    sent(server, f"<reactions xmlns='{REACTIONS}' id='b4'/>")
    write("/read")
    shown("(the contact has not asked for that)")
    server.send(message(f"<body>Last</body><markable xmlns='{MARKERS}'/>", "b5"))
    shown("< Last")
    write("/read")
    sent(server, f"<displayed xmlns='{MARKERS}' id='b5'/>")
    write("\x01")
    shown("(not sent: message/body: U+0001 at byte 0 is not allowed in XML)")

    program.stdin.write("Bye")  # the end of the input ends a line
    program.stdin.close()
    sent(server, "<body>Bye</body>")
    server.expect("</stream:stream>")
    server.send("</stream:stream>")
    assert program.wait(TIME_LIMIT) == 0, program.returncode
    assert program.stdout.read() == ""
finally:
    program.kill()
    program.wait()
