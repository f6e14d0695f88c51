// The menu of narrow windows, and the search: its index is a script that is loaded when it is needed.
"use strict";

const root = document.currentScript.dataset.root;
const input = document.querySelector("#search input");
const results = document.querySelector("#results");
let index = null;

const navigation = document.querySelector("#navigation");
const here = navigation.querySelector("[aria-current]");
if (here) navigation.scrollTop = here.offsetTop - navigation.clientHeight / 2;

const menu = document.querySelector("#menu");
menu.addEventListener("click", () => {
	const isOpen = navigation.classList.toggle("open");
	menu.setAttribute("aria-expanded", isOpen);
});

function searchIndex(rows) {
	index = rows.map(([name, url, kind, page, text]) => ({
		name, url, kind, page, text, lowName: name.toLowerCase(), lowText: text.toLowerCase(),
	}));
	show();
}

function load() {
	if (index !== null) return;
	index = [];
	const script = document.createElement("script");
	script.src = root + "search.js";
	document.head.append(script);
}

// What is preferred among rows that have the words alike.
const PREFERRED = { header: 8, function: 6, struct: 5, command: 5, page: 4, program: 4, constant: -3 };

// How well a row has a word: in its name, best all of it, then from its beginning or that of a part; in its
// text, the more often the better.
function scoreOf(row, word, isAlone) {
	const at = row.lowName.indexOf(word);
	if (row.lowName === word && isAlone) return row.kind === "page" ? 62 : 100;
	if (at === 0 || row.lowName === "envoi_" + word) return 60;
	if (at > 0) return /\w/.test(row.lowName[at - 1]) && row.lowName[at - 1] !== "_" ? 25 : 45;
	const times = row.lowText.split(word).length - 1;
	if (times === 0) return -1;
	return row.page === "Changelog" ? 1 : Math.min(4 + times, 12);
}

function find(words) {
	const found = [];
	for (const row of index) {
		const scores = words.map(word => scoreOf(row, word, words.length === 1));
		if (scores.some(score => score < 0)) continue;
		const total = scores.reduce((sum, score) => sum + score, PREFERRED[row.kind] ?? 0);
		found.push([total - Math.min(row.name.length, 60) / 20, row]);
	}
	return found.sort((a, b) => b[0] - a[0]).slice(0, 30).map(pair => pair[1]);
}

// The text around the first word that it has.
function excerpt(row, words) {
	const places = words.map(word => row.lowText.indexOf(word)).filter(at => at >= 0);
	const begin = Math.max(0, (places.length ? Math.min(...places) : 0) - 60);
	return (begin > 0 ? "…" : "") + row.text.slice(begin, begin + 180) + (row.text.length > begin + 180 ? "…" : "");
}

function mark(element, text, words) {
	const pattern = new RegExp("(" + words.map(w => w.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")).join("|") + ")", "gi");
	text.split(pattern).forEach((piece, i) => {
		const node = i % 2 ? document.createElement("mark") : document.createTextNode("");
		node.textContent = piece;
		element.append(node);
	});
}

function row(found, words) {
	const link = document.createElement("a");
	link.href = root + found.url;
	const name = document.createElement("b");
	mark(name, found.name, words);
	const kind = document.createElement("small");
	kind.textContent = found.kind === "page" ? (found.page === found.name ? "" : found.page) : found.kind;
	const text = document.createElement("p");
	mark(text, excerpt(found, words), words);
	link.append(name, kind, text);
	return link;
}

function show() {
	const words = input.value.toLowerCase().replace(/\(\)/g, "").split(/\s+/).filter(Boolean);
	results.replaceChildren();
	results.hidden = words.length === 0 || index === null || index.length === 0;
	if (results.hidden) return;
	const found = find(words);
	if (found.length === 0) {
		const none = document.createElement("div");
		none.className = "none";
		none.textContent = "Nothing found.";
		results.append(none);
	}
	found.forEach(each => results.append(row(each, words)));
	choose(0);
}

function choose(at) {
	const all = [...results.querySelectorAll("a")];
	all.forEach((link, i) => link.classList.toggle("chosen", i === at));
	if (all[at]) all[at].scrollIntoView({ block: "nearest" });
}

function move(step) {
	const all = [...results.querySelectorAll("a")];
	const now = all.findIndex(link => link.classList.contains("chosen"));
	choose(Math.max(0, Math.min(all.length - 1, now + step)));
}

input.addEventListener("focus", load);
input.addEventListener("input", () => { load(); show(); });
input.addEventListener("keydown", event => {
	if (event.key === "ArrowDown") { move(1); event.preventDefault(); }
	if (event.key === "ArrowUp") { move(-1); event.preventDefault(); }
	if (event.key === "Escape") { input.value = ""; show(); input.blur(); }
});
document.querySelector("#search").addEventListener("submit", event => {
	event.preventDefault();
	const chosen = results.querySelector("a.chosen");
	if (chosen) { location.href = chosen.href; results.hidden = true; }
});
results.addEventListener("click", () => { results.hidden = true; });
document.addEventListener("click", event => {
	if (!results.contains(event.target) && event.target !== input) results.hidden = true;
});
document.addEventListener("keydown", event => {
	if (event.key === "/" && !/INPUT|TEXTAREA/.test(document.activeElement.tagName)) { input.focus(); event.preventDefault(); }
});
// A page that is opened with ?q=WORDS searches them.
const asked = new URLSearchParams(location.search).get("q");
if (asked) { input.value = asked; load(); }
