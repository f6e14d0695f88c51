"""usage: web_page.py ENVOI FOLDER: the page doc/examples/web, served by `envoi serve`, and its client
under node, whose WebSocket is not ours. Skipped where there is no node with WebSocket."""
import atexit, os, pathlib, re, shutil, subprocess, sys, tempfile, urllib.request

import peer

ENVOI, FOLDER = sys.argv[1], pathlib.Path(sys.argv[2])
HERE = pathlib.Path(__file__).resolve().parent
SKIPPED = 77  # of Meson
WORK = pathlib.Path(tempfile.mkdtemp())
atexit.register(shutil.rmtree, WORK)

server = subprocess.Popen(
    [ENVOI, "serve", "--domain", "example.org", "--web", "127.0.0.1:0", "--web-clear", "--web-root", str(FOLDER),
     "--account", "alice:secret", "--account", "bob:secret", "--ca-out", str(WORK / "ca.pem"),
     "--server-scram-iterations", "4096"],
    stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
atexit.register(server.kill)
port = re.fullmatch(r"listening on 127.0.0.1 port (\d+)\n", server.stdout.readline())[1]


def get(path):
    with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=peer.TIME_LIMIT) as answer:
        assert answer.headers["Content-Security-Policy"].startswith("default-src 'self'; ")
        return answer.read()


# What the page names is there, and nothing of it is inline.
page = get("/").decode()
assert page == (FOLDER / "index.html").read_text()
names = re.findall(r'(?:src|href)="([^"]+)"', page)
assert names and all(get("/" + name) == (FOLDER / name).read_bytes() for name in names)
assert get("/xmpp.js") == (FOLDER / "xmpp.js").read_bytes()
assert not re.search(r"<script(?![^>]* src=)|<style| style=| on\w+=", page)

node = shutil.which("node")
has_websocket = node is not None and subprocess.run(
    [node, "--experimental-websocket", "-e", "process.exit(typeof WebSocket === 'function' ? 0 : 1)"],
    capture_output=True).returncode == 0
if not has_websocket:
    print("there is no node with WebSocket")
    sys.exit(SKIPPED)
module = WORK / "xmpp.mjs"
shutil.copy(FOLDER / "xmpp.js", module)
run = subprocess.run(
    [node, "--experimental-websocket", str(HERE / "web_page.mjs"), str(module), f"ws://127.0.0.1:{port}/xmpp-websocket"],
    capture_output=True, text=True, timeout=peer.TIME_LIMIT, env={**os.environ, "NODE_NO_WARNINGS": "1"})
assert run.returncode == 0 and run.stdout == "the page's client has chatted\n", run.stdout + run.stderr
