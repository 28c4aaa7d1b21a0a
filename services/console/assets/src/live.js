// Life: events and figures say that something changed, and the page is read again as of one instant. Its cells change
// in place; rows that came or went are announced above and wait until the reader asks for them.
import { prefix, read, replaceMain, takeOver } from "./page.js";

const QUIET_MILLISECONDS = 900;
const FIGURE_MILLISECONDS = 150;
const AT_MOST_EVERY_MILLISECONDS = 1_000;
const EVERY_MILLISECONDS = 30_000;
const AGAIN_MILLISECONDS = 5_000;
const LATE_MILLISECONDS = 1_000;

let line;
let stream;
let timer = 0;
let due = Infinity;
let refreshedAt = 0;
/** Target → what was last sent of it: the first time a figure comes it is the one that is shown. */
const sent = new Map();

export function startLive() {
  if (document.querySelector("[data-again]")) return openWhenBack();
  line = document.getElementById("as-of");
  if (!line || !document.querySelector("[data-live]")) return;
  open();
  addEventListener("pagehide", () => stream.close());
  // Minutes that pass change what is left without any event.
  setInterval(() => document.hidden || refresh(), EVERY_MILLISECONDS);
}

/** Open one stream: with the figures of what is on the screen, if there are any. The API takes the session's cookie there,
 * which the browser sends only below the prefix. */
function open(watch = document.querySelector("[data-watch]")?.dataset.watch) {
  stream = new EventSource(prefix() + (watch ? `/api/v1/figures/stream?events=true&${watch}` : "/api/v1/stream"));
  stream.addEventListener("open", () => {
    // What happened while the stream was broken was not sent: the page is read again.
    if (line.dataset.state === "broken") soon(QUIET_MILLISECONDS);
    say("live");
  });
  stream.addEventListener("error", (event) => void lost(event.target));
  stream.addEventListener("figure", (event) => take(JSON.parse(event.data)));
  for (const name of line.dataset.events.split(" ")) stream.addEventListener(name, () => soon(QUIET_MILLISECONDS));
}

function take(figure) {
  const shown = JSON.stringify({ ...figure, as_of: null, figure: null });
  const before = sent.get(figure.target_id);
  sent.set(figure.target_id, shown);
  if (before === undefined ? isLate() : before !== shown) soon(FIGURE_MILLISECONDS);
}

/** Whether figures may have changed between the answer that is shown and the first of the stream. */
function isLate() {
  const shownAt = refreshedAt || performance.getEntriesByType("navigation")[0]?.responseStart || 0;
  return performance.now() > shownAt + LATE_MILLISECONDS;
}

/** Read the page again in so many milliseconds, or sooner if that is planned, and at most once a second. */
function soon(milliseconds) {
  const at = Math.max(performance.now() + milliseconds, refreshedAt + AT_MOST_EVERY_MILLISECONDS);
  if (at >= due) return;
  clearTimeout(timer);
  due = at;
  timer = setTimeout(() => ((due = Infinity), refresh()), at - performance.now());
}

function say(state) {
  line.dataset.state = state;
  const word = line.querySelector(".live-word");
  word.textContent = ` · ${word.dataset[`${state}Word`]}`;
}

/** A stream that ends may mean that the session has ended: the page says so at once. */
async function lost(ended) {
  say("broken");
  // Of several services one may hear of the end of a session a moment after another, so the question is asked again.
  for (let times = 0; times < 8 && ended === stream && stream.readyState !== EventSource.OPEN; times++) {
    if (await isSignedOut()) return leave();
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
  // The page says which of its parts are away, and how old their figures are.
  if (ended === stream && stream.readyState !== EventSource.OPEN) soon(QUIET_MILLISECONDS);
  // The browser tries again by itself unless the stream was refused.
  if (ended === stream && stream.readyState === EventSource.CLOSED) setTimeout(() => void again(ended), AGAIN_MILLISECONDS);
}

/** Open a refused stream again: as it was once its service is back, without figures if one of the targets is gone. */
async function again(ended) {
  if (ended !== stream) return;
  const status = await statusOf(ended.url);
  if (ended !== stream) return;
  if (status >= 500 || status === 0) setTimeout(() => void again(ended), AGAIN_MILLISECONDS);
  else open(status < 400 ? undefined : "");
}

/** The status of an answer that may never end; 0 if there is none. */
async function statusOf(address) {
  const reading = new AbortController();
  const options = { credentials: "same-origin", headers: { Accept: "text/event-stream" }, signal: reading.signal };
  const answer = await fetch(address, options).catch(() => null);
  reading.abort();
  return answer?.status ?? 0;
}

/** A page that could not be shown is opened as soon as its part answers. */
function openWhenBack() {
  setInterval(async () => {
    const answer = await fetch(location.href, { credentials: "same-origin" }).catch(() => null);
    if (answer && answer.status < 500) location.reload();
  }, AGAIN_MILLISECONDS);
}

async function isSignedOut() {
  const answer = await fetch(`${prefix()}/sessions`, { credentials: "same-origin" }).catch(() => null);
  return Boolean(answer?.redirected) && new URL(answer.url).pathname.endsWith("/sign-in");
}

function leave() {
  stream.close();
  say("out");
  const here = location.pathname.slice(prefix().length) + location.search;
  const address = `${prefix()}/sign-in?next=${encodeURIComponent(here)}`;
  if (!isBeingUsed()) return location.assign(address);
  const place = document.getElementById("changes");
  const link = document.createElement("a");
  link.href = address;
  link.target = "_blank";
  link.textContent = place.dataset.out;
  place.replaceChildren(link);
  place.hidden = false;
}

async function refresh() {
  refreshedAt = performance.now();
  if (isBeingUsed()) return;
  const answer = await read().catch(() => null);
  if (!answer || isBeingUsed()) return;
  if (absences(document) !== absences(answer.document) && !isTyped()) return replaceMain(answer.document);
  const count = takeOver(answer.document);
  if (count) announce(count, answer.document);
}

/** What a page says about the parts that do not answer. */
const absences = (of) => [...of.querySelectorAll("#main :is([data-away], [data-absent])")].map((each) => each.textContent).join();

/** What is being typed or chosen survives. */
function isBeingUsed() {
  const focused = document.activeElement;
  return Boolean(focused?.matches?.("#main input, #main textarea, #main select")) || Boolean(document.querySelector("#main input:checked"));
}

/** Whether the page holds text that nobody sent yet, also where nobody is typing just now. */
const isTyped = () => [...document.querySelectorAll("#main :is(input, textarea)")].some((each) => each.value !== each.defaultValue);

function announce(count, next) {
  const place = document.getElementById("changes");
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = (count === 1 ? place.dataset.one : place.dataset.many).replace("{count}", count);
  button.addEventListener("click", () => {
    place.hidden = true;
    replaceMain(next);
  });
  place.replaceChildren(button);
  place.hidden = false;
}
