// A small XMPP client over WebSocket (RFC 7395): login by SCRAM-SHA-256, contacts, presence, messages.
// It has no dependency. crypto.subtle exists on pages of https: and of this host only.

const NS = {
  framing: "urn:ietf:params:xml:ns:xmpp-framing",
  sasl: "urn:ietf:params:xml:ns:xmpp-sasl",
  bind: "urn:ietf:params:xml:ns:xmpp-bind",
  client: "jabber:client",
  roster: "jabber:iq:roster",
};
const MECHANISM = "SCRAM-SHA-256";
const TIME_LIMIT_MS = 20000;

const encoder = new TextEncoder();
const toBase64 = (bytes) => btoa(String.fromCharCode(...new Uint8Array(bytes)));
const fromBase64 = (text) => Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
const randomText = (bytes) => toBase64(crypto.getRandomValues(new Uint8Array(bytes)));

const ENTITIES = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&apos;" };
const escapeXml = (text) =>
  String(text)
    .replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, "")
    .replace(/[&<>"']/g, (c) => ENTITIES[c]);

/** Write an element. Children are texts of elements; text() makes one of characters. */
export const text = escapeXml;
export function xml(name, attributes, ...children) {
  const written = Object.entries(attributes)
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => ` ${key}="${escapeXml(value)}"`)
    .join("");
  return `<${name}${written}>${children.join("")}</${name}>`;
}

const bareOf = (jid) => jid.split("/")[0].toLowerCase();

/** RFC 5802, section 3. */
class Scram {
  constructor(user, password) {
    this.password = password.normalize("NFKC");
    this.nonce = randomText(18);
    const name = user.replace(/=/g, "=3D").replace(/,/g, "=2C");
    this.first = `n=${name},r=${this.nonce}`;
  }

  begin() {
    return btoa(String.fromCharCode(...encoder.encode(`n,,${this.first}`)));
  }

  async respond(challenge) {
    const server = new TextDecoder().decode(fromBase64(challenge));
    const { r, s, i } = Object.fromEntries(server.split(",").map((part) => [part[0], part.slice(2)]));
    const rounds = Number(i);
    if (!r?.startsWith(this.nonce) || !s || !(rounds >= 4096 && rounds <= 1000000)) {
      throw new Error("the server's answer is malformed");
    }
    const salted = await this.salt(fromBase64(s), rounds);
    const last = `c=biws,r=${r}`;
    const message = `${this.first},${server},${last}`;
    const clientKey = await hmac(salted, "Client Key");
    const storedKey = await crypto.subtle.digest("SHA-256", clientKey);
    const signature = new Uint8Array(await hmac(storedKey, message));
    const proof = new Uint8Array(clientKey).map((byte, at) => byte ^ signature[at]);
    this.expected = toBase64(await hmac(await hmac(salted, "Server Key"), message));
    return btoa(`${last},p=${toBase64(proof)}`);
  }

  async salt(salt, iterations) {
    const key = await crypto.subtle.importKey("raw", encoder.encode(this.password), "PBKDF2", false, ["deriveBits"]);
    return crypto.subtle.deriveBits({ name: "PBKDF2", hash: "SHA-256", salt, iterations }, key, 256);
  }

  verifies(success) {
    return this.expected !== undefined && atob(success) === `v=${this.expected}`;
  }
}

async function hmac(key, data) {
  const imported = await crypto.subtle.importKey("raw", key, { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
  return crypto.subtle.sign("HMAC", imported, encoder.encode(data));
}

/**
 * A connection. `events` has functions, each of them optional: message({from, body, time, isError}),
 * presence({from, isAvailable}), roster([{jid, name}]), closed(reason), "" after close().
 */
export class Connection {
  constructor(url, events) {
    this.events = events;
    this.requests = new Map();
    this.received = [];
    this.over = new Promise((_, reject) => (this.fail = reject));
    this.over.catch(() => {});
    this.socket = new WebSocket(url, "xmpp");
    this.socket.onmessage = (event) => this.take(event.data);
    this.socket.onclose = () => this.end("the connection is closed");
    this.ready = new Promise((resolve) => (this.socket.onopen = resolve));
  }

  /** Log in. @return the full address */
  async login(jid, password) {
    const [user, domain] = jid.split("@");
    this.domain = domain;
    await this.within(this.ready, "the server does not answer");
    await this.open();
    await this.authenticate(user, password);
    await this.open();
    const bound = await this.request("set", xml("bind", { xmlns: NS.bind }));
    this.jid = bound.getElementsByTagNameNS(NS.bind, "jid")[0].textContent;
    await this.fetchRoster();
    this.send(xml("presence", { xmlns: NS.client }));
    return this.jid;
  }

  sendMessage(to, body) {
    const id = randomText(9);
    this.send(xml("message", { xmlns: NS.client, to, id, type: "chat" }, xml("body", {}, text(body))));
    return id;
  }

  close() {
    if (this.socket.readyState === 1) {
      this.send(xml("close", { xmlns: NS.framing }));
    }
    this.end("");
  }

  // --- the stream ---

  async open() {
    this.send(xml("open", { xmlns: NS.framing, to: this.domain, version: "1.0" }));
    await this.next("open");
    this.features = await this.next("features");
  }

  async authenticate(user, password) {
    const offered = [...this.features.getElementsByTagNameNS(NS.sasl, "mechanism")];
    if (!offered.some((element) => element.textContent === MECHANISM)) {
      throw new Error(`the server does not offer ${MECHANISM}`);
    }
    const scram = new Scram(user, password);
    this.send(xml("auth", { xmlns: NS.sasl, mechanism: MECHANISM }, scram.begin()));
    const challenge = await this.next("challenge", "failure");
    if (challenge.localName === "failure") {
      throw new Error("the address or the password is wrong");
    }
    this.send(xml("response", { xmlns: NS.sasl }, await scram.respond(challenge.textContent)));
    const outcome = await this.next("success", "failure");
    if (outcome.localName === "failure") {
      throw new Error("the address or the password is wrong");
    }
    if (!scram.verifies(outcome.textContent)) {
      throw new Error("the server does not know the password");
    }
  }

  async fetchRoster() {
    const result = await this.request("get", xml("query", { xmlns: NS.roster }));
    this.takeRoster(result);
  }

  request(type, payload) {
    const id = randomText(9);
    const answer = new Promise((resolve, reject) => this.requests.set(id, { resolve, reject }));
    this.send(xml("iq", { xmlns: NS.client, type, id }, payload));
    return this.within(answer, "the server does not answer");
  }

  send(element) {
    this.socket.send(element);
  }

  // --- what arrives ---

  take(data) {
    const element = new DOMParser().parseFromString(data, "text/xml").documentElement;
    if (element.localName === "error") {
      this.end(`the server ended the stream: ${element.firstElementChild?.localName}`);
    } else if (element.localName === "close") {
      this.end("the server ended the stream");
    } else if (element.namespaceURI === NS.client) {
      this.takeStanza(element);
    } else {
      this.received.push(element);
      this.arrived?.();
    }
  }

  takeStanza(element) {
    const from = element.getAttribute("from") ?? "";
    const type = element.getAttribute("type");
    if (element.localName === "iq") {
      this.takeIq(element, type, from);
    } else if (element.localName === "presence" && (type === null || type === "unavailable")) {
      this.events.presence?.({ from: bareOf(from), isAvailable: type === null });
    } else if (element.localName === "message") {
      this.takeMessage(element, type, from);
    }
  }

  takeIq(element, type, from) {
    const id = element.getAttribute("id");
    const request = this.requests.get(id);
    if (type === "get" || type === "set") {
      if (type === "set" && (from === "" || bareOf(from) === bareOf(this.jid))) {
        this.takeRoster(element);
      }
      this.send(xml("iq", { xmlns: NS.client, type: "result", id, to: from || undefined }));
    } else if (request !== undefined) {
      this.requests.delete(id);
      type === "result" ? request.resolve(element) : request.reject(new Error("the server refuses a request"));
    }
  }

  takeMessage(element, type, from) {
    const body = [...element.children].find((child) => child.localName === "body");
    const delay = [...element.children].find((child) => child.namespaceURI === "urn:xmpp:delay");
    const time = new Date(delay?.getAttribute("stamp") ?? Date.now());
    const isError = type === "error";
    if (body !== undefined || isError) {
      const id = element.getAttribute("id");
      this.events.message?.({ from: bareOf(from), id, body: body?.textContent ?? "", time, isError });
    }
  }

  takeRoster(element) {
    const items = [...element.getElementsByTagNameNS(NS.roster, "item")];
    const present = items.filter((item) => item.getAttribute("subscription") !== "remove");
    this.events.roster?.(
      present.map((item) => ({ jid: item.getAttribute("jid"), name: item.getAttribute("name") })),
    );
  }

  /** @return the next element of the stream, which has one of these names */
  async next(...names) {
    if (this.received.length === 0) {
      const arrival = new Promise((resolve) => (this.arrived = resolve));
      await this.within(arrival, "the server does not answer");
    }
    const element = this.received.shift();
    if (!names.includes(element.localName)) {
      throw new Error(`the server sent <${element.localName}/>`);
    }
    return element;
  }

  /** @return what comes of a promise, unless the connection ends, or it takes too long */
  within(promise, reason) {
    let timer;
    const limit = new Promise((_, reject) => {
      timer = setTimeout(() => reject(new Error(reason)), TIME_LIMIT_MS);
    });
    return Promise.race([promise, limit, this.over]).finally(() => clearTimeout(timer));
  }

  end(reason) {
    if (!this.isOver) {
      this.isOver = true;
      this.fail(new Error(reason));
      this.socket.close();
      this.events.closed?.(reason);
    }
  }
}
