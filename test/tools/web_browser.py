"""usage: web_browser.py ENVOI FOLDER: two users of the page doc/examples/web, served by `envoi serve`, talk
in chromium, one of them on a phone. Ends with 77 where there is no chromium."""
import atexit, pathlib, re, shutil, subprocess, sys, tempfile

import browser

ENVOI, FOLDER = sys.argv[1], pathlib.Path(sys.argv[2])
if browser.PROGRAM is None:
    print("there is no chromium")
    sys.exit(77)
WORK = pathlib.Path(tempfile.mkdtemp())
atexit.register(shutil.rmtree, WORK)
server = subprocess.Popen(
    [ENVOI, "serve", "--domain", "example.org", "--web", "127.0.0.1:0", "--web-clear", "--web-root", str(FOLDER),
     "--account", "alice:secret", "--account", "bob:secret", "--ca-out", str(WORK / "ca.pem"),
     "--server-scram-iterations", "4096"],
    stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
atexit.register(server.kill)
port = re.fullmatch(r"listening on 127.0.0.1 port (\d+)\n", server.stdout.readline())[1]


def visitor(width):
    page = browser.Browser(width, 800)
    atexit.register(page.close)
    page.open(f"http://127.0.0.1:{port}/")
    return page


def fill_in(page, form, **fields):
    for name, value in fields.items():
        page.run(f"document.querySelector('{form}').{name}.value = {value!r}")
    page.run(f"document.querySelector('{form} button').click()")


def log_in(page, name, password="secret"):
    fill_in(page, "#login-form", jid=f"{name}@example.org", password=password)


def wait_for_chat(page):
    page.until("!document.querySelector('#chat').hidden")


def fits(page):
    """Nothing is beside the window, and it does not scroll as a whole."""
    return page.run("document.documentElement.scrollWidth <= innerWidth && "
                    "document.documentElement.scrollHeight <= innerHeight")


def shown(page, selector):
    return page.run(f"[...document.querySelectorAll('{selector}')].filter(e => e.offsetParent).map(e => e.textContent)")


alice, bob = visitor(1200), visitor(390)
assert fits(alice) and fits(bob)
log_in(alice, "alice", "wrong")
alice.until("!document.querySelector('.error').hidden")
assert shown(alice, ".error") == ["the address or the password is wrong"]
log_in(alice, "alice")
wait_for_chat(alice)
log_in(bob, "bob")
wait_for_chat(bob)

# A message with what would be markup is text. The phone shows the contacts, then the conversation.
SAID = "<b>hello</b> & \u00fc \U0001f600 " + "long" * 100
fill_in(alice, "#new-form", jid="bob@example.org")
fill_in(alice, "#send-form", body=SAID)
bob.until("document.querySelector('#contacts .count')")
assert shown(bob, "#contacts .name") == ["alice@example.org"] and shown(bob, "section") == []
bob.run("document.querySelector('#contacts button').click()")
assert bob.run("document.querySelector('#messages li').firstChild.data") == SAID
assert shown(bob, "nav") == [] and fits(bob)
fill_in(bob, "#send-form", body="hello alice")
alice.until("document.querySelectorAll('#messages li:not(.own)').length === 1")
assert fits(alice)
bob.run("document.querySelector('#back').click()")
assert shown(bob, "section") == []

# A message that is refused, after another conversation was chosen.
fill_in(alice, "#new-form", jid="nobody@example.org")
fill_in(alice, "#send-form", body="are you there?")
alice.until("document.querySelector('#messages li.failed .note')")
alice.run("[...document.querySelectorAll('#contacts button')].find(b => b.textContent.startsWith('bob')).click()")
assert shown(alice, "#messages .note") == [] and len(shown(alice, "#messages li")) == 2

# Who logs in next sees nothing of it.
alice.run("document.querySelector('#leave').click()")
log_in(alice, "bob")
wait_for_chat(alice)
assert shown(alice, "#contacts li") == [] and shown(alice, "#messages li") == [] and shown(alice, "#send-form") == []
assert shown(alice, "#peer") == ["Choose a contact"]
assert [page.complaints() for page in (alice, bob)] == [[], []]
