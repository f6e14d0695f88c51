// The page: who is there, what was said. The protocol is in xmpp.js.
import { Connection } from "./xmpp.js";

const $ = (id) => document.getElementById(id);
const url = `${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/xmpp-websocket`;
const MOST_MESSAGES = 500; // of a contact; older ones are dropped

let connection, current;
let contacts = new Map(); // by address: { jid, name, isAvailable, unread, messages }

function contactOf(jid) {
  const key = jid.toLowerCase();
  if (!contacts.has(key)) {
    contacts.set(key, { jid: key, name: null, isAvailable: false, unread: 0, messages: [] });
  }
  return contacts.get(key);
}

// --- what is shown ---

function make(name, properties, ...children) {
  const element = Object.assign(document.createElement(name), properties);
  element.append(...children);
  return element;
}

function showContacts() {
  const sorted = [...contacts.values()].sort((a, b) => (a.name ?? a.jid).localeCompare(b.name ?? b.jid));
  $("contacts").replaceChildren(
    ...sorted.map((contact) => {
      const button = make("button", { type: "button", onclick: () => choose(contact) });
      button.append(make("span", { className: "dot" }), make("span", { className: "name" }, contact.name ?? contact.jid));
      if (contact.unread > 0) {
        button.append(make("span", { className: "count" }, String(contact.unread)));
      }
      button.setAttribute("aria-current", String(contact === current));
      const className = `${contact.isAvailable ? "available" : ""} ${contact.unread > 0 ? "unread" : ""}`;
      return make("li", { className }, button);
    }),
  );
}

function showMessages() {
  $("messages").replaceChildren(
    ...current.messages.map(({ body, time, isOwn, hasFailed }) => {
      const item = make("li", { className: `${isOwn ? "own" : ""} ${hasFailed ? "failed" : ""}` }, body);
      if (hasFailed) {
        item.append(make("span", { className: "note" }, "not delivered"));
      }
      item.append(make("time", {}, time.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" })));
      return item;
    }),
  );
  $("messages").lastElementChild?.scrollIntoView();
}

function showState() {
  $("state").textContent = current.isAvailable ? "available" : "";
}

// Nothing of another account is left.
function clear() {
  contacts = new Map();
  current = undefined;
  $("peer").textContent = "Choose a contact";
  $("state").textContent = "";
  $("messages").replaceChildren();
  $("send-form").hidden = true;
  $("send-form").reset();
  $("new-form").reset();
  $("chat").classList.remove("talking");
}

function choose(contact) {
  current = contact;
  contact.unread = 0;
  $("peer").textContent = contact.name ?? contact.jid;
  showState();
  $("send-form").hidden = false;
  $("chat").classList.add("talking");
  showContacts();
  showMessages();
  $("send-form").body.focus();
}

function keep(contact, message) {
  contact.messages.push(message);
  contact.messages.splice(0, contact.messages.length - MOST_MESSAGES);
  if (contact === current) {
    showMessages();
  }
}

// --- what happens ---

const events = {
  message({ from, id, body, time, isError }) {
    const contact = contactOf(from);
    const refused = isError && contact.messages.find((message) => message.id === id);
    if (refused) {
      refused.hasFailed = true;
      if (contact === current) {
        showMessages();
      }
    } else if (!isError) {
      contact.unread += contact === current ? 0 : 1;
      keep(contact, { body, time });
      showContacts();
    }
  },
  presence({ from, isAvailable }) {
    if (from !== connection.jid?.split("/")[0]) {
      contactOf(from).isAvailable = isAvailable;
      showContacts();
      if (contactOf(from) === current) {
        showState();
      }
    }
  },
  roster(items) {
    items.forEach(({ jid, name }) => (contactOf(jid).name = name));
    showContacts();
  },
  closed(reason) {
    connection = undefined;
    $("chat").hidden = true;
    $("login").hidden = false;
    complain(reason);
  },
};

function complain(reason) {
  const error = document.querySelector(".error");
  error.textContent = reason;
  error.hidden = reason === "";
}

$("login-form").onsubmit = async (event) => {
  const form = event.target;
  const button = form.querySelector("button");
  event.preventDefault();
  button.disabled = true;
  complain("");
  clear();
  try {
    connection = new Connection(url, events);
    const jid = await connection.login(form.jid.value.trim(), form.password.value);
    form.password.value = "";
    $("own").textContent = jid.split("/")[0];
    $("login").hidden = true;
    $("chat").hidden = false;
    showContacts();
  } catch (error) {
    connection?.close();
    complain(error.message);
  }
  button.disabled = false;
};

$("new-form").onsubmit = (event) => {
  event.preventDefault();
  choose(contactOf(event.target.jid.value.trim()));
  event.target.reset();
};

$("send-form").onsubmit = (event) => {
  event.preventDefault();
  const body = event.target.body.value;
  const id = connection.sendMessage(current.jid, body);
  keep(current, { id, body, time: new Date(), isOwn: true });
  event.target.reset();
};

$("back").onclick = () => $("chat").classList.remove("talking");
$("leave").onclick = () => connection.close();
