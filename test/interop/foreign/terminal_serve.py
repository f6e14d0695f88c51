"""A client for the terminal, run by tmux, at `envoi serve`: roster, subscriptions, presence and messages both
ways, with slixmpp as its contact.

usage: terminal_serve.py (profanity|mcabber|poezio) PORT CA_FILE

Ends with 0 when all has come that should. None of the three resumes sessions that its user could see.
"""
import asyncio, atexit, os, pathlib, shlex, shutil, subprocess, sys, tempfile

import slixmpp

NAME, PORT, CA_FILE = sys.argv[1:]
TIME_LIMIT = 20
HOME = pathlib.Path(tempfile.mkdtemp())
atexit.register(shutil.rmtree, HOME, True)
TMUX = ["tmux", "-L", f"envoi-{os.getpid()}"]


class Profanity:
    command = ["profanity", "-a", "alice@example.org"]
    ready = "[TLS] [online]"
    look = []
    dnd = "[dnd]"
    subscribe = ["/roster add bob@example.org Bob", "/sub request bob@example.org"]
    approve = ["/sub allow bob@example.org"]
    say = ["/msg bob@example.org hello from alice"]
    away = ["/status set away"]
    quit = ["/quit"]

    @staticmethod
    def configure():
        data = HOME / ".local/share/profanity"
        data.mkdir(parents=True)
        (data / "accounts").write_text(
            "[alice@example.org]\nenabled=true\njid=alice@example.org\npassword=secret-alice\n"
            f"server=127.0.0.1\nport={PORT}\ntls.policy=force\nresource=x\n")


class Mcabber:
    command = ["mcabber", "-f", str(HOME / "mcabberrc")]
    ready = "Your status has been set"
    look = ["/roster search Bob", ""]
    dnd = "busy reading"
    subscribe = ["/add bob@example.org Bob"]
    approve = ["/event * accept"]
    say = ["/say_to bob@example.org hello from alice"]
    away = ["/status away"]
    quit = ["/quit"]

    @staticmethod
    def configure():
        (HOME / "mcabberrc").write_text(
            "set jid = alice@example.org\nset password = secret-alice\nset server = 127.0.0.1\n"
            f"set port = {PORT}\nset tls = 1\nset ssl_ca = {CA_FILE}\nset ssl_ignore_checks = 1\n"
            "set log_win_height = 12\n")
        (HOME / "mcabberrc").chmod(0o600)


class Poezio:
    command = ["poezio", "-f", str(HOME / "poezio.cfg")]
    ready = "Your JID is alice@example.org"
    look = []
    dnd = "busy reading"
    subscribe = ["/add bob@example.org"]
    approve = ["/accept bob@example.org"]
    say = ["/message bob@example.org hello from alice"]
    away = ["/status away"]
    quit = ["/quit"]

    @staticmethod
    def configure():
        (HOME / "poezio.cfg").write_text(
            "[Poezio]\njid = alice@example.org/x\npassword = secret-alice\ncustom_host = 127.0.0.1\n"
            f"custom_port = {PORT}\nca_cert_path = {HOME}/ca.pem\nforce_encryption = true\n"
            "enable_user_activity = false\nuse_bookmarks_method = local\n")


def unprivileged(words):
    """poezio does not run as root."""
    shutil.copy(CA_FILE, HOME / "ca.pem")
    if os.geteuid() != 0:
        return words
    for path in [HOME, *HOME.rglob("*")]:
        os.chown(path, 65534, 65534)
    return ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", *words]


PROGRAM = {"profanity": Profanity, "mcabber": Mcabber, "poezio": Poezio}[NAME]


def tmux(*words):
    return subprocess.run([*TMUX, *words], check=True, stdout=subprocess.PIPE, text=True).stdout


def start():
    PROGRAM.configure()
    environment = {"HOME": str(HOME), "XDG_CONFIG_HOME": str(HOME / ".config"), "XDG_DATA_HOME": str(HOME / ".local/share"),
                   "XDG_CACHE_HOME": str(HOME / ".cache"), "SSL_CERT_FILE": CA_FILE, "LC_ALL": "C.UTF-8"}
    words = ["env", *(f"{name}={value}" for name, value in environment.items()), *unprivileged(PROGRAM.command)]
    tmux("-f", "/dev/null", "new-session", "-d", "-x", "160", "-y", "48", shlex.join(words) + "; sleep 60")
    atexit.register(subprocess.run, [*TMUX, "kill-server"], stderr=subprocess.DEVNULL)


def screen():
    return tmux("capture-pane", "-p")


async def enter(lines):
    """As a person types: poezio takes characters that come together for a paste."""
    for line in lines:
        for character in line:
            tmux("send-keys", "-l", character)
            await asyncio.sleep(0.01)
        tmux("send-keys", "Enter")
        await asyncio.sleep(0.1)


class Contact(slixmpp.ClientXMPP):
    def __init__(self):
        super().__init__("bob@example.org/bob", "secret-bob")
        self.ca_certs = CA_FILE
        self.auto_authorize = self.auto_subscribe = None
        self.seen = []
        self.note("session_start", lambda _: "start")
        self.note("message", lambda message: ("message", message["from"].bare, message["body"]))
        self.note("presence_subscribe", lambda presence: ("subscribe", presence["from"].bare))
        self.note("changed_status", lambda presence: ("presence", presence["from"].bare, presence["type"]))

    def note(self, event, describe):
        self.add_event_handler(event, lambda data: self.seen.append(describe(data)))


async def until(what, is_there):
    for _ in range(TIME_LIMIT * 10):
        if is_there():
            return
        await asyncio.sleep(0.1)
    sys.exit(f"{NAME}: {what} has not come\n{bob.seen}\n{screen()}")


async def expect(*wanted):
    await until(wanted, lambda: (wanted if len(wanted) > 1 else wanted[0]) in bob.seen)


async def main():
    bob.connect(("127.0.0.1", int(PORT)), force_starttls=True)
    await expect("start")
    bob.send_presence()
    start()
    await until("the login", lambda: PROGRAM.ready in screen())
    await enter(PROGRAM.subscribe)
    await expect("subscribe", "alice@example.org")
    bob.send_presence(pto="alice@example.org", ptype="subscribed")
    bob.send_presence(pto="alice@example.org", ptype="subscribe")
    await asyncio.sleep(0.5)
    await enter(PROGRAM.approve)
    await expect("presence", "alice@example.org", "available")
    await enter(PROGRAM.say)
    await expect("message", "alice@example.org", "hello from alice")
    bob.send_message(mto="alice@example.org", mbody="hello from bob", mtype="chat")
    await enter(PROGRAM.look)
    await until("the message", lambda: "hello from bob" in screen())
    await enter(PROGRAM.away)
    await expect("presence", "alice@example.org", "away")
    bob.send_presence(pshow="dnd", pstatus="busy reading")
    await until("the presence", lambda: PROGRAM.dnd in screen())
    await enter(PROGRAM.quit)
    await expect("presence", "alice@example.org", "unavailable")
    await bob.disconnect()


bob = Contact()
asyncio.get_event_loop().run_until_complete(main())
