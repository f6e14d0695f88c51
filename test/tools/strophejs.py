"""usage: strophejs.py ENVOI [STROPHE_JS XMLDOM]: strophe.js under node at `envoi serve`, over BOSH and
WebSocket. Skipped where it is not installed; over WebSocket where node has none."""
import atexit, os, pathlib, re, shutil, subprocess, sys, tempfile

import peer

ENVOI, STROPHE, XMLDOM = (sys.argv[1:] + ["/usr/share/javascript/strophe/strophe.js",
                                          "/usr/share/nodejs/@xmldom/xmldom"])[:3]
TALK = pathlib.Path(__file__).resolve().parents[1] / "interop" / "foreign" / "strophejs_talk.mjs"
SKIPPED = 77  # of Meson

node = shutil.which("node")
if node is None or not os.path.exists(STROPHE) or not os.path.exists(XMLDOM):
    print("node, libjs-strophe or node-xmldom is not installed")
    sys.exit(SKIPPED)
work = pathlib.Path(tempfile.mkdtemp())
atexit.register(shutil.rmtree, work)
server = subprocess.Popen(
    [ENVOI, "serve", "--domain", "example.org", "--web", "127.0.0.1:0", "--web-clear", "--account", "alice:secret",
     "--account", "bob:secret", "--ca-out", str(work / "ca.pem"), "--server-scram-iterations", "4096"],
    stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
atexit.register(server.kill)
port = re.fullmatch(r"listening on 127.0.0.1 port (\d+)\n", server.stdout.readline())[1]


def talk(url, *options):
    run = subprocess.run([node, *options, str(TALK), STROPHE, XMLDOM, url], capture_output=True, text=True,
                         timeout=peer.TIME_LIMIT, env={**os.environ, "NODE_NO_WARNINGS": "1"})
    assert run.returncode == 0 and run.stdout == "strophe has chatted\n", f"{url}: {run.stdout}{run.stderr}"


talk(f"http://127.0.0.1:{port}/http-bind")
option = "--experimental-websocket"
if subprocess.run([node, option, "-e", "process.exit(typeof WebSocket === 'function' ? 0 : 1)"],
                  capture_output=True).returncode == 0:
    talk(f"ws://127.0.0.1:{port}/xmpp-websocket", option)
