// usage: strophejs_talk.mjs STROPHE XMLDOM URL: two accounts log in with strophe.js under node, and write
// to each other.
import { createRequire } from "node:module";
const [, , strophe, xmldom, url] = process.argv;
const require = createRequire(import.meta.url);
const { DOMParser, DOMImplementation, XMLSerializer } = require(xmldom);

// As much of a browser as it uses.
const document = new DOMImplementation().createDocument(null, "html", null);
class XMLHttpRequest {
  readyState = 0;
  status = 0;

  open(method, target) {
    Object.assign(this, { method, target, headers: {}, readyState: 1, aborting: new AbortController() });
  }

  setRequestHeader(name, value) {
    this.headers[name] = value;
  }

  async send(body) {
    const { method, headers } = this;
    try {
      const answer = await fetch(this.target, { method, headers, body, signal: this.aborting.signal });
      this.responseText = await answer.text();
      this.responseXML = new DOMParser().parseFromString(this.responseText, "text/xml");
      this.status = answer.status;
    } catch {
      this.status = 0;
    }
    this.readyState = 4;
    this.onreadystatechange?.();
  }

  abort() {
    this.aborting.abort();
  }

  getAllResponseHeaders() {
    return "";
  }
}
Object.assign(globalThis, { window: globalThis, document, DOMParser, XMLSerializer, XMLHttpRequest });
const loaded = require(strophe);
const { Strophe, $msg, $pres } = loaded.Strophe ? loaded : globalThis;

function logIn(jid) {
  return new Promise((resolve, reject) => {
    const connection = new Strophe.Connection(url);
    connection.connect(jid, "secret", (status, reason) => {
      if (status === Strophe.Status.CONNECTED) {
        connection.send($pres());
        resolve(connection);
      } else if ([Strophe.Status.AUTHFAIL, Strophe.Status.CONNFAIL, Strophe.Status.ERROR].includes(status)) {
        reject(new Error(`status ${status}: ${reason}`));
      }
    });
  });
}

function message(connection) {
  return new Promise((resolve) =>
    connection.addHandler((element) => resolve(Strophe.getText(element.getElementsByTagName("body")[0])), null, "message"),
  );
}

const alice = await logIn("alice@example.org");
const bob = await logIn("bob@example.org");
const ways = [
  [alice, bob],
  [bob, alice],
];
for (const [from, to] of ways) {
  const heard = message(to);
  from.send($msg({ to: to.jid, type: "chat" }).c("body").t("hello & welcome"));
  const text = await heard;
  if (text !== "hello &amp; welcome") {
    throw new Error(text); // strophe.js returns text as it is written in XML
  }
}
alice.disconnect();
bob.disconnect();
console.log("strophe has chatted");
process.exit(0);
