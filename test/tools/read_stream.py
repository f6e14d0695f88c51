"""The example read_stream: the same output however the bytes are cut, and a stream that is bad.

usage: read_stream.py EXAMPLE
"""
import subprocess, sys

HEAD = ("<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'"
        " version='1.0'>")
STREAM = f"""{HEAD}
<message from='a@b/c' type='chat'><body>hello</body><body xmlns='urn:x'>not this</body></message>
<message from='a@b/c'><body>not of type chat</body></message>
<message type='chat'><x xmlns='urn:x'><body>too deep</body></x></message>
<iq type='result' id='1'><query xmlns='jabber:iq:roster'><item jid='r@s'/><item jid='t@u'/></query></iq>
<stream:error><conflict xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error></stream:stream>
"""
WANTED = "a@b/c: hello\ncontact r@s\ncontact t@u\nstream error: conflict\n4 taken\n"


def run(pieces):
    with subprocess.Popen([sys.argv[1]], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, bufsize=0) as program:
        try:
            for piece in pieces:
                program.stdin.write(piece)
            program.stdin.close()
        except BrokenPipeError:
            pass
        out, errors = program.stdout.read().decode(), program.stderr.read().decode()
    return program.returncode, out, errors


text, failed = STREAM.encode(), 0
for size in (1, 7, len(text)):
    got = run(text[at:at + size] for at in range(0, len(text), size))
    if got != (0, WANTED, ""):
        print(f"pieces of {size}: {got}")
        failed = 1
status, out, errors = run([f"{HEAD}<message type='chat'><body>x</body></message><b></c>".encode()])
if status != 1 or out != "?: x\n1 taken\n" or not errors.startswith("not-well-formed: "):
    print("a bad stream:", status, out, errors)
    failed = 1
sys.exit(failed)
