"""envoi send and echo: how they end when the server does not do its part.

usage: end_status.py ENVOI
"""
import os, socket, subprocess, sys, threading

from peer import BIND, HEAD, SASL, TIME_LIMIT, Peer

def take_message(peer):
    peer.expect("<message.*</message>")
    return peer.expect("<iq[^>]* id='([^']*)'.*?</iq>")


def confirm(peer):
    peer.send(f"<iq type='result' id='{take_message(peer)}'/>")
    peer.expect("</stream:stream>")
    peer.send("</stream:stream>")


def refuse(peer):
    identifier = peer.expect("<message[^>]* id='([^']*)'.*</message>")
    ping = peer.expect("<iq[^>]* id='([^']*)'.*?</iq>")
    peer.send(f"<iq type='result' id='{ping}'/><message type='error' id='{identifier}' from='b.test'>"
              "<error type='cancel'><item-not-found xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/>"
              "</error></message>")
    peer.expect("</stream:stream>")
    peer.send("</stream:stream>")


def close_the_stream(peer):
    take_message(peer)
    peer.send("</stream:stream>")
    peer.expect("</stream:stream>")


def sees_nothing(peer):
    peer.expect("^</stream:stream>")
    peer.send("</stream:stream>")


def cut(peer):
    take_message(peer)


def be_silent(peer):
    take_message(peer)
    peer.expect("</stream:stream>")
    peer.send("</stream:stream>")


def close_on_the_bot(peer):
    peer.expect("<iq.*jabber:iq:roster.*</iq>")
    peer.send("</stream:stream>")
    peer.expect("</stream:stream>")


STREAMS = "xmlns='urn:ietf:params:xml:ns:xmpp-streams'"


def stream_error(children):
    def end(peer):
        take_message(peer)
        peer.send(f"<stream:error>{children}</stream:error></stream:stream>")
        peer.expect("</stream:stream>")
    return end


def before_login(features):
    def end(peer):
        peer.expect("<stream:stream[^>]*>")
        peer.send(HEAD + features)
        peer.expect("</stream:stream>")
    end.logs_in = False
    return end


def sasl_failure(children):
    def end(peer):
        peer.expect("<stream:stream[^>]*>")
        peer.send(f"{HEAD}<stream:features><mechanisms {SASL}><mechanism>SCRAM-SHA-1</mechanism>"
                  "</mechanisms></stream:features>")
        peer.expect("<auth")
        peer.send(f"<failure {SASL}>{children}</failure>")
        peer.expect("</stream:stream>")
    end.logs_in = False
    return end


def refuse_binding(error):
    def end(peer):
        peer.expect("<stream:stream[^>]*>")
        peer.send(f"{HEAD}<stream:features><mechanisms {SASL}><mechanism>SCRAM-SHA-1</mechanism>"
                  "</mechanisms></stream:features>")
        peer.authenticate()
        peer.expect("<stream:stream[^>]*>")
        peer.send(f"{HEAD}<stream:features><bind {BIND}/></stream:features>")
        request = peer.expect("<iq[^>]* id='([^']*)'.*?</iq>")
        peer.send(f"<iq type='error' id='{request}'>{error}</iq>")
        peer.expect("</stream:stream>")
    end.logs_in = False
    return end


def run(program, command, end, tls="none", given=None):
    listener = socket.create_server(("127.0.0.1", 0))

    def serve():
        with listener.accept()[0] as connection:
            peer = Peer(connection)
            if getattr(end, "logs_in", True):
                peer.log_in()
            end(peer)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    done = subprocess.run(
        [program, "--jid", "a@b.test", "--server", "127.0.0.1", "--tls", tls, "--port",
         str(listener.getsockname()[1]), *command],
        env={**os.environ, "ENVOI_PASSWORD": "secret"}, stderr=subprocess.PIPE, text=True,
        input=given, timeout=TIME_LIMIT)
    thread.join(TIME_LIMIT)
    port = listener.getsockname()[1]
    listener.close()
    return done.returncode, done.stderr.replace(f"port {port}", "port PORT")


SEND = ("send", "c@b.test", "hi")
NOW = ("--wait", "0")
UNKNOWN = "envoi: the connection ended before the server confirmed the message\n"
failed = 0
for command, end, status, words in (
        ((*SEND, *NOW), confirm, 0, ""),
        ((*SEND, "--wait", "200ms"), confirm, 0, ""),
        (SEND, refuse, 1, "c@b.test refused the message: item-not-found"),
        (SEND, close_the_stream, 7, "the connection ended before the server confirmed the message"),
        (("send", "c@b.test", "a\x01"), sees_nothing, 1,
         "the message to c@b.test cannot be sent: message/body: U+0001 at byte 1 is not allowed in XML"),
        (SEND, cut, 7, "disconnected (online)"),
        ((*SEND, "--request-timeout", "500ms"), be_silent, 7, "did not confirm the message in time"),
        (("--no-reconnect-enabled", "echo"), close_on_the_bot, 6, "closed the stream")):
    got, said = run(sys.argv[1], command, end)
    if got != status or words not in said or (status == 0) != (said == ""):
        print(f"{end.__name__}: exit status {got}, expected {status}; it said {said!r}")
        failed = 1

# A message that is refused at once does not hide that another one is not confirmed.
LINES = ("send", "--lines", *NOW, "c@b.test")
for end, status, words in ((confirm, 1, ""), (close_the_stream, 7, UNKNOWN)):
    got, said = run(sys.argv[1], LINES, end, given="hi\na\x01\n")
    if got != status or "the message to c@b.test cannot be sent" not in said or words not in said:
        print(f"{end.__name__}, lines: exit status {got}, expected {status}; it said {said!r}")
        failed = 1

# What the server says when it refuses a login, and what to do about it: all lines. explained.py has
# the failures before that.
STANZAS = "xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'"
for end, tls, status, lines in (
        (sasl_failure("<not-authorized/><text xml:lang='de'>Ganz\nfalsch</text>"), "none", 5,
         "envoi: a@b.test: wrong name or password (sasl): SCRAM-SHA-1\n"
         "  condition: not-authorized (wrong name or password)\n"
         "  the server says (de): \"Ganz falsch\"\n"
         "  what to do: check the address given with --jid, and the password with --password-file"
         " FILE or ENVOI_PASSWORD\n"),
        (sasl_failure("<brand-new/>"), "none", 5,
         "envoi: a@b.test: authentication failed (sasl): SCRAM-SHA-1 refused by the server\n"
         "  condition: brand-new\n"
         "  what to do: trying again will not help until something is changed\n"),
        (sasl_failure("<temporary-auth-failure/>"), "none", 5,
         "envoi: a@b.test: authentication failed (sasl): SCRAM-SHA-1 refused by the server\n"
         "  condition: temporary-auth-failure (the server cannot check passwords at the moment)\n"
         "  what to do: the password may be right: try again later\n"),
        (before_login(f"<stream:error><host-unknown {STREAMS}/></stream:error></stream:stream>"),
         "starttls", 6,
         "envoi: a@b.test: the peer ended the stream with an error (stream)\n"
         "  condition: host-unknown (the domain is not served by this server)\n"
         "  tried 127.0.0.1 port PORT: the peer ended the stream with an error\n"
         "  what to do: check the domain of --jid, or name the server that serves it with --server"
         " and --port\n"),
        (before_login(f"<stream:error><see-other-host {STREAMS}>evil.test:1</see-other-host>"
                      "</stream:error></stream:stream>"), "none", 6,
         "envoi: a@b.test: the peer ended the stream with an error (stream): not followed: before"
         " TLS and the login are complete, an attacker may have sent it\n"
         "  condition: see-other-host (the server redirects to another host)\n"
         "  it names the host evil.test port 1\n"
         "  what to do: if you trust the server that sent it, name that host with --server and --port\n"),
        (stream_error(f"<undefined-condition {STREAMS}/><odd xmlns='urn:odd'/>"), "none", 7,
         "envoi: a@b.test: the peer ended the stream with an error (online)\n"
         "  condition: undefined-condition {urn:odd}odd (the server ended the stream for a reason of"
         " its own)\n"
         "  what to do: try again later\n" + UNKNOWN),
        (refuse_binding(f"<error type='cancel'><conflict {STANZAS}/></error>"), "none", 6,
         "envoi: a@b.test: resource refused by the server (bind)\n"
         "  condition: conflict (the name is in use)\n"
         "  what to do: the resource is in use: give another with --resource, or none\n")):
    got, said = run(sys.argv[1], SEND, end, tls)
    if got != status or said != lines:
        print(f"exit status {got}, expected {status}; it said\n{said}in place of\n{lines}")
        failed = 1
sys.exit(failed)
