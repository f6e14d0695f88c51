// usage: web_page.mjs XMPP_JS URL: the client of doc/examples/web under node, two accounts of a server.
const [, , module, url] = process.argv;

const ENTITIES = { lt: "<", gt: ">", quot: '"', apos: "'", amp: "&" };
const unescapeXml = (text) => text.replace(/&(\w+);/g, (_, name) => ENTITIES[name]);

/** As much of the DOM as the client uses. */
class Element {
  constructor(name, attributes, parent) {
    const prefix = name.includes(":") ? name.split(":")[0] : "";
    this.localName = name.split(":").pop();
    this.attributes = attributes;
    this.scope = { ...parent?.scope };
    for (const [key, value] of Object.entries(attributes)) {
      if (key === "xmlns" || key.startsWith("xmlns:")) {
        this.scope[key.slice(6)] = value;
      }
    }
    this.namespaceURI = this.scope[prefix];
    this.nodes = [];
    parent?.nodes.push(this);
  }

  get children() {
    return this.nodes.filter((node) => node instanceof Element);
  }

  get firstElementChild() {
    return this.children[0];
  }

  get textContent() {
    return this.nodes.map((node) => node.textContent ?? node).join("");
  }

  getAttribute(name) {
    return this.attributes[name] ?? null;
  }

  getElementsByTagNameNS(namespace, name) {
    return this.children.flatMap((child) => [
      ...(child.localName === name && child.namespaceURI === namespace ? [child] : []),
      ...child.getElementsByTagNameNS(namespace, name),
    ]);
  }
}

globalThis.DOMParser = class {
  parseFromString(xml) {
    let documentElement, at;
    const open = [];
    for (const [, end, name, attributes, empty, text] of xml.matchAll(/<(\/?)([\w:.-]+)((?:\s[^<>]*?)?)(\/?)>|([^<]+)/g)) {
      if (text !== undefined) {
        at.nodes.push(unescapeXml(text));
      } else if (end) {
        open.pop();
      } else {
        const pairs = [...attributes.matchAll(/([\w:.-]+)=(?:'([^']*)'|"([^"]*)")/g)];
        const read = Object.fromEntries(pairs.map(([, key, one, two]) => [key, unescapeXml(one ?? two)]));
        const element = new Element(name, read, open.at(-1));
        documentElement ??= element;
        if (!empty) {
          open.push(element);
        }
      }
      at = open.at(-1);
    }
    return { documentElement };
  }
};

const { Connection } = await import(module);

function assert(condition, text) {
  if (!condition) {
    throw new Error(text);
  }
}

/** @return a connection, whose messages are read one after the other */
async function logIn(jid, password) {
  const waiting = [];
  const messages = [];
  const connection = new Connection(url, {
    message(message) {
      messages.push(message);
      waiting.shift()?.();
    },
  });
  connection.nextMessage = async () => {
    if (messages.length === 0) {
      await new Promise((resolve) => waiting.push(resolve));
    }
    return messages.shift();
  };
  await connection.login(jid, password);
  return connection;
}

const alice = await logIn("alice@example.org", "secret");
const bob = await logIn("bob@example.org", "secret");
assert(alice.jid.startsWith("alice@example.org/"), `another address: ${alice.jid}`);
const said = "<b> & 'ü' \u{1f600}";
alice.sendMessage("bob@example.org", said);
let message = await bob.nextMessage();
assert(message.from === "alice@example.org" && message.body === said && !message.isError, JSON.stringify(message));
bob.sendMessage("alice@example.org", "and back");
message = await alice.nextMessage();
assert(message.body === "and back", JSON.stringify(message));
const id = alice.sendMessage("nobody@example.org", "lost");
message = await alice.nextMessage();
assert(message.isError && message.id === id, JSON.stringify(message));
alice.close();
bob.close();
let ended;
const leaving = new Connection(url, { closed: (reason) => (ended = reason) });
await leaving.login("alice@example.org", "secret");
leaving.close();
assert(ended === "", `another reason: ${ended}`);
const refused = await logIn("alice@example.org", "wrong").catch((error) => error.message);
assert(refused === "the address or the password is wrong", refused);
console.log("the page's client has chatted");
process.exit(0);
