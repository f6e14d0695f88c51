"""usage: serve_kills.py ENVOI TLS_DATA KILLS [SEED]

`envoi serve --store` is killed while a client sends it messages for an account that is not connected, and
changes its roster. What the server has acknowledged is there after each kill, once: the accounts that it was
started with, the contacts, the messages. What it has not acknowledged is there once or not at all.
"""
import atexit, base64, pathlib, random, re, shutil, signal, socket, sqlite3, ssl, subprocess, sys, tempfile

ENVOI, DATA, KILLS = sys.argv[1], pathlib.Path(sys.argv[2]), int(sys.argv[3])
SEED = int(sys.argv[4]) if len(sys.argv) > 4 else 1
WORK = pathlib.Path(tempfile.mkdtemp())
atexit.register(shutil.rmtree, WORK)
TIME_LIMIT = 60  # seconds
OPEN = 40  # stanzas that are not acknowledged, at most
MOST_READ = 300  # acknowledgements, before a kill
SM = "urn:xmpp:sm:3"
HEADER = ("<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'"
          " to='example.org' version='1.0'>")


class Server:
    def __init__(self, *options):
        self.log = WORK / "log"
        self.process = subprocess.Popen(
            [ENVOI, "serve", "--domain", "example.org", "--listen-tls", "127.0.0.1:0",
             "--certificate", str(DATA / "right.pem"), "--key", str(DATA / "server-key.pem"),
             "--store", str(WORK / "chat.db"), "--server-scram-iterations", "4096",
             "--server-offline-messages", "1000000", "--server-contacts", "1000000", *options],
            stdout=subprocess.PIPE, stderr=self.log.open("w"), text=True)
        atexit.register(self.process.kill)
        line = self.process.stdout.readline()
        match = re.fullmatch(r"listening on 127.0.0.1 port (\d+)\n", line)
        assert match, f"{line}{self.log.read_text()}"
        self.port = int(match[1])

    def kill(self):
        self.process.kill()
        assert self.process.wait(TIME_LIMIT) == -signal.SIGKILL, "it has ended by itself"

    def end(self):
        self.process.terminate()
        assert self.process.wait(TIME_LIMIT) == 0, self.log.read_text()


class Client:
    def __init__(self, server, name):
        context = ssl.create_default_context(cafile=DATA / "ca.pem")
        connection = socket.create_connection(("127.0.0.1", server.port), TIME_LIMIT)
        self.socket = context.wrap_socket(connection, server_hostname="example.org")
        self.read, self.handled = "", 0
        plain = base64.b64encode(f"\0{name}\0secret".encode()).decode()
        self.send(HEADER)
        self.expect("</stream:features>")
        self.send(f"<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>{plain}</auth>")
        self.expect("<success [^>]*>")
        self.send(HEADER)
        self.expect("</stream:features>")
        self.send("<iq type='set' id='b'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq>")
        self.expect("</jid></bind></iq>")
        self.send(f"<enable xmlns='{SM}'/>")
        self.expect("<enabled [^>]*>")

    def send(self, xml):
        self.socket.sendall(xml.encode())

    def receive(self):
        """Return whether there was anything."""
        try:
            data = self.socket.recv(65536)
        except (ConnectionError, ssl.SSLError):
            data = b""
        self.read += data.decode()
        return len(data) > 0

    def expect(self, pattern):
        while not (match := re.search(pattern, self.read, re.S)):
            assert self.receive(), f"closed before {pattern}: {self.read}"
        found = self.read[:match.end()]
        self.read = self.read[match.end():]
        return found

    def close(self):
        self.send("</stream:stream>")
        self.expect("</stream:stream>")
        self.socket.close()


class Sender:
    """By turns a message and a contact, by numbers that go on over all kills."""

    def __init__(self):
        self.next, self.acknowledged = 0, set()

    def stanza(self):
        number, self.next = self.next, self.next + 1
        if number % 2 == 0:
            return f"<message to='bob@example.org' id='n{number}'><body>n{number}</body></message>"
        return (f"<iq type='set' id='n{number}'><query xmlns='jabber:iq:roster'>"
                f"<item jid='n{number}@example.org'/></query></iq>")

    def take(self, client, first):
        """Return how many acknowledgements have come."""
        count = 0
        while match := re.search(r"<a [^>]*h='(\d+)'/>|<iq [^>]*type='result'[^>]* id='n(\d+)'/>", client.read):
            client.read = client.read[match.end():]
            assert match[1] is None or int(match[1]) <= self.next - first, "more than was sent"
            self.acknowledged |= set(range(first, first + int(match[1]))) if match[1] else {int(match[2])}
            count += 1
        return count

    def run(self, server, most):
        client, first, count = Client(server, "alice"), self.next, 0
        while count < most:
            while self.next - first - len([n for n in self.acknowledged if n >= first]) < OPEN:
                client.send(f"{self.stanza()}<r xmlns='{SM}'/>")
            assert client.receive(), server.log.read_text()
            count += self.take(client, first)
        server.kill()
        while client.receive():
            pass
        self.take(client, first)


def in_file(question):
    database = sqlite3.connect(WORK / "chat.db")
    (number,) = database.execute(question).fetchone()
    database.close()
    return number


def fetch_messages(server, count):
    """Return the numbers of the messages that wait, and acknowledge them."""
    client, numbers, handled = Client(server, "bob"), [], 0
    client.send("<presence/>")
    while len(numbers) < count:
        found = client.expect("</message>|<presence [^>]*/>|<r [^>]*/>")
        if found.endswith("</message>"):
            numbers.append(int(re.search("<body>n(.*?)</body>", found)[1]))
        if "<r " in found:
            client.send(f"<a xmlns='{SM}' h='{handled}'/>")
        else:
            handled += 1
    client.send(f"<a xmlns='{SM}' h='{handled}'/>")
    client.close()
    return numbers


def fetch_contacts(server):
    client = Client(server, "alice")
    client.send("<iq type='get' id='r'><query xmlns='jabber:iq:roster'/></iq>")
    found = client.expect("<iq [^>]* id='r'.*?</query></iq>")
    client.close()
    return [int(number) for number in re.findall("jid='n(.*?)@", found)]


def check(what, numbers, begun, acknowledged):
    assert len(numbers) == len(set(numbers)), f"{what}: some are there twice"
    assert not acknowledged - set(numbers), f"{what} are lost: {sorted(acknowledged - set(numbers))}"
    assert not set(numbers) - begun, f"{what}: some were never sent"


def main():
    choice, sender, delivered = random.Random(SEED), Sender(), []
    for kill in range(KILLS):
        accounts = ["--account", f"u{kill}:secret"]
        if kill == 0:
            accounts += ["--account", "alice:secret", "--account", "bob:secret"]
        sender.run(Server(*accounts), choice.randrange(1, MOST_READ))
        server = Server()
        Client(server, f"u{kill}").close()
        delivered += fetch_messages(server, in_file("SELECT count(*) FROM messages"))
        contacts = fetch_contacts(server)
        server.end()
        assert in_file("SELECT count(*) FROM messages") == 0, "a message that was received stays"
        begun = set(range(sender.next))
        check("messages", delivered, {n for n in begun if n % 2 == 0},
              {n for n in sender.acknowledged if n % 2 == 0})
        check("contacts", contacts, {n for n in begun if n % 2}, {n for n in sender.acknowledged if n % 2})
    print(f"{KILLS} kills, {len(sender.acknowledged)} acknowledged, none lost or doubled")


main()
