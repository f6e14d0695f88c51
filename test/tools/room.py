"""The example room, with a scripted room: it greets, answers, and leaves; what it says itself and what is old
is not answered.

usage: room.py ROOM
"""
import os, socket, subprocess, sys

from peer import TIME_LIMIT, Peer

NS = "http://jabber.org/protocol/"
listener = socket.create_server(("127.0.0.1", 0))
listener.settimeout(TIME_LIMIT)


def start(*arguments):
    return subprocess.Popen(
        [sys.argv[1], *arguments, "tls.mode=none", "server=127.0.0.1", f"port={listener.getsockname()[1]}",
         "roster.fetch=no"],
        env={**os.environ, "ENVOI_PASSWORD": "secret"}, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def presence(nick, *codes, kind=""):
    codes = "".join(f"<status code='{code}'/>" for code in codes)
    return (f"<presence from='r@b.test/{nick}'{kind}><x xmlns='{NS}muc#user'>"
            f"<item affiliation='none' role='participant'/>{codes}</x></presence>")


def message(nick, body, kind="groupchat", more=""):
    return f"<message type='{kind}' from='r@b.test/{nick}'><body>{body}</body>{more}</message>"


def said(server, body):
    """The bot says that to all, and the room sends it to the bot, too."""
    stanza = server.expect("(<message(?=[^>]* to='r@b.test')(?=[^>]* type='groupchat').*?</message>)")
    assert f"<body>{body}</body>" in stanza, stanza
    server.send(message("bot", body))


def enter(server):
    request = server.expect(f"<iq(?=[^>]* to='r@b.test')[^>]* id='([^']*)'[^>]*><query xmlns='{NS}disco#info'")
    server.send(f"<iq type='result' id='{request}' from='r@b.test'><query xmlns='{NS}disco#info'/></iq>")
    server.expect("<presence[^>]* to='r@b.test/bot'.*?</presence>")


with start("a@b.test/r", "r@b.test", "bot") as bot:
    try:
        server = Peer(listener.accept()[0])
        server.log_in()
        enter(server)
        old = "<delay xmlns='urn:xmpp:delay' from='r@b.test' stamp='2026-01-01T00:00:00Z'/>"
        server.send(presence("early") + presence("bot", 110) + message("early", "!who", more=old)
                    + "<message type='groupchat' from='r@b.test'><subject/></message>")
        assert bot.stdout.readline() == "here as bot: 2 occupants\n"
        server.send(presence("late"))
        said(server, "Welcome, late!")
        server.send(message("late", "!who"))
        said(server, "here: bot early late")
        server.send(message("late", "psst", kind="chat", more=f"<x xmlns='{NS}muc#user'/>"))
        stanza = server.expect("(<message(?=[^>]* to='r@b.test/late').*?</message>)")
        assert "<body>say it in the room</body>" in stanza, stanza
        server.send(presence("late", kind=" type='unavailable'") + message("early", "!leave"))
        server.expect("<presence(?=[^>]* to='r@b.test/bot')[^>]* type='unavailable'.*?</presence>")
        server.send(presence("bot", 110, kind=" type='unavailable'"))
        server.expect("</stream:stream>")
        server.send("</stream:stream>")
        server.connection.close()
        out, errors = bot.communicate(timeout=TIME_LIMIT)
        assert out == "late: !who\nlate: psst\nlate has left\nearly: !leave\n", out
        assert bot.returncode == 0 and errors.count("\n") == 1, (bot.returncode, errors)
    finally:
        bot.kill()

with start("a@b.test/r", "@", "bot") as bot:
    errors = bot.communicate(timeout=TIME_LIMIT)[1]
    assert (bot.returncode, errors) == (1, "@: invalid argument\n"), errors
