"use strict";
// Fills the page from the public REST API with the reader's key. Whatever comes from the API is set as text.

const REFRESH_MILLISECONDS = 3000;
const PAUSE_MILLISECONDS = 300;
const EVENTS_SHOWN = 60;
const PAGE_LIMIT = 1000;
const NAMES = JSON.parse(document.getElementById("event-names").textContent);
const NEGOTIATING = new Set(["draft", "proposed", "countered", "agreed"]);
const SIGNED = new Set(["finalized", "in_force"]);

const byId = (id) => document.getElementById(id);
let stream = null;
let reading = false;
let changed = false;
const titles = new Map();

function make(tag, given = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(given)) {
    if (name === "text") node.textContent = value ?? "";
    else if (value != null) node.setAttribute(name, value);
  }
  node.append(...children.filter((child) => child != null));
  return node;
}

function keyOf() {
  const address = new URL(location.href);
  const given = address.searchParams.get("key");
  if (given) {
    sessionStorage.setItem("slm-key", given);
    // A key in the address bar ends up in screenshots and bookmarks.
    address.searchParams.delete("key");
    history.replaceState(null, "", address);
  }
  return sessionStorage.getItem("slm-key");
}

async function read(path, parameters = {}) {
  const query = new URLSearchParams(parameters).toString();
  const answer = await fetch(`/api/v1/${path}${query ? "?" + query : ""}`, {
    headers: { Authorization: `Bearer ${keyOf()}` },
  });
  if (answer.ok) return answer.json();
  const problem = await answer.json().catch(() => ({}));
  const error = new Error(problem.detail || problem.title || `${path} answered ${answer.status}`);
  error.status = answer.status;
  throw error;
}

const countOf = (page) => `${page.items.length}${page.next ? "+" : ""}`;
const moment = (text) => (text ? text.slice(0, 19).replace("T", " ") + " UTC" : "–");
const words = (text) => (text ?? "").replaceAll("_", " ");

function lasting(seconds) {
  if (seconds == null) return "";
  const parts = [["d", 86400], ["h", 3600], ["min", 60], ["s", 1]];
  const found = [];
  let rest = seconds;
  for (const [unit, size] of parts) {
    const whole = Math.floor(rest / size);
    rest -= whole * size;
    if (whole || (unit === "s" && !found.length)) found.push(`${whole} ${unit}`);
  }
  return found.slice(0, 2).join(" ");
}

const counted = (count, thing, things) => `${count} ${String(count) === "1" ? thing : things ?? thing + "s"}`;

const DATE_PARTS = "(?:(\\d+)Y)?(?:(\\d+)M)?(?:(\\d+)W)?(?:(\\d+)D)?";
const TIME_PARTS = "(?:T(?=\\d)(?:(\\d+)H)?(?:(\\d+)M)?(?:(\\d+(?:\\.\\d+)?)S)?)?";
const DURATION = new RegExp(`^([+-]?)P(?=[\\dT])${DATE_PARTS}${TIME_PARTS}$`);

function duration(text) {
  const match = text.match(DURATION);
  if (!match) return text;
  const [, sign, years, months, weeks, days, hours, minutes, seconds] = match;
  const long = [[years, "year"], [months, "month"], [weeks, "week"]];
  const short = [[days, "d"], [hours, "h"], [minutes, "min"], [seconds, "s"]];
  const parts = [...long.filter(([count]) => count).map(([count, unit]) => counted(Number(count), unit)),
    ...short.filter(([count]) => count).map(([count, unit]) => `${count} ${unit}`)];
  return sign.replace("+", "") + parts.join(" ");
}

function windowName(id) {
  if (!id) return "–";
  if (DURATION.test(id)) return `rolling ${duration(id)}`;
  const [start, length] = id.split("/");
  return length && DURATION.test(length) ? `${duration(length)} from ${start}` : id;
}

function promised(objective) {
  if (!objective) return "–";
  const unit = objective.unit === "percent" ? " %" : objective.unit ? ` ${objective.unit}` : "";
  if (objective.at_least != null) return `≥ ${objective.at_least}${unit}`;
  if (objective.at_most != null) return `≤ ${objective.at_most}${unit}`;
  return deadline(objective.within ?? {});
}

function deadline(within) {
  const [measure] = Object.keys(within);
  if (!measure) return "–";
  const amount = within[measure];
  if (measure === "due_at") return `by the instant in its field ${amount}`;
  if (measure === "business_days_end") return `by close of business, ${counted(amount, "business day")} later`;
  if (measure === "business_days") return `within ${counted(amount, "business day")}`;
  return `within ${duration(String(amount))} ${words(measure)}`;
}

function attained(figure, objective) {
  if (!figure) return "–";
  return objective?.unit === "percent" && !figure.includes("%") ? `${figure} %` : figure;
}

function number(exact) {
  // Figures are exact texts, also fractions like 1999/20; this is for a bar and a rounded label only.
  if (exact == null || exact === "") return null;
  const [above, below = "1"] = String(exact).split("/");
  const value = Number(above) / Number(below);
  return Number.isFinite(value) ? value : null;
}

const badge = (state) => make("span", { class: `badge ${state ?? ""}`, text: words(state) || "–" });

function budget(window) {
  const used = number(window?.detail?.consumed_percent);
  if (used == null) return make("span", { class: "fine", text: "–" });
  const label = `${used.toFixed(used < 10 ? 1 : 0)} %`;
  const bar = make("meter", { min: 0, max: 100, low: 50, high: 90, optimum: 0, value: Math.min(100, Math.max(0, used)),
    "aria-label": "budget used" });
  return make("span", {}, bar, ` ${label}`);
}

function ofTickets(tickets) {
  const running = (tickets.states.running ?? 0) + (tickets.states.paused ?? 0);
  return { window_id: "per ticket", verdict: running ? `${running} running` : "no ticket open",
    figure_display: tickets.judged ? `${tickets.met} of ${tickets.judged} met` : "" };
}

function targetRow(target) {
  const window = target.tickets ? ofTickets(target.tickets) : target.window;
  return make("tr", {},
    make("th", { scope: "row" }, target.title,
      make("div", { class: "fine", text: titles.get(target.agreement_id) ?? "" })),
    make("td", { class: "number", text: windowName(window?.window_id) }),
    make("td", { class: "number", text: promised(target.terms.objective) }),
    make("td", { class: "number", text: attained(window?.figure_display, target.tickets ? null : target.terms.objective) }),
    make("td", { class: "number" }, budget(window)),
    make("td", {}, state(target, window)));
}

// A target that gets no data is loud: amber, with since when, whatever its figure was.
function state(target, window) {
  if (!target.no_data) return badge(window?.verdict);
  return make("span", {}, badge("no_data"), make("div", { class: "fine", text: silence(target.no_data) }));
}

function silence({ since_at: since, never_measured: never }) {
  if (never) return since ? `never measured, expected since ${moment(since)}` : "never measured";
  return `since ${moment(since)}`;
}

// As slm_events/wording.py says it; a test compares the two.
function because({ cause, threshold }) {
  if (cause === "budget_consumed") return `${threshold} % of the budget used`;
  if (cause === "elapsed") return `${threshold} % of the time used`;
  const pair = cause === "burn_rate" && threshold.match(/^([^/@]+)\/([^/@]+)@(.+)$/);
  if (pair) {
    return `budget burning more than ${pair[3]} times too fast over ${duration(pair[1])} and ${duration(pair[2])}`;
  }
  if (cause === "budget_drop" && threshold.includes("/")) {
    const [share, within] = threshold.split("/");
    return `${share} % of the budget used within ${duration(within)}`;
  }
  if (cause === "time_to_exhaustion") return `budget used up in less than ${duration(threshold)}`;
  if (cause === "below_objective") return "figure to date misses the objective";
  if (cause === "projection") return "breach expected before the window ends";
  return `${words(cause)} ${duration(threshold ?? "")}`.trim();
}

function planCard(plan) {
  const left = plan.time_left_seconds == null ? null :
    make("span", { class: "left", text: `${lasting(plan.time_left_seconds)} left` });
  return make("li", {}, left,
    make("strong", { text: plan.target_title || plan.target_key }),
    make("div", { class: "fine",
      text: `${plan.owner} · due ${moment(plan.due_at)} · ${because(plan)}` }),
    make("ol", {}, ...plan.steps.map((step) => make("li", { text: `${step.step} (${step.owner})` }))));
}

function breachCard(breach) {
  return make("li", {},
    make("strong", { text: breach.target_title || breach.target_key }),
    breach.standing ? null : make("span", {}, " ", badge("withdrawn")),
    make("div", { text: `${breach.figure_display ? attained(breach.figure_display, breach.objective) : "Late"} where ${promised(breach.objective)} was promised` }),
    make("div", { class: "fine", text: `${windowName(breach.window_id)} · certain at ${moment(breach.certain_at)}` }));
}

function fill(id, nodes, nothing, tag = "li") {
  const empty = tag === "tr" ? make("tr", {}, make("td", { colspan: 6, class: "fine", text: nothing }))
    : make("li", { class: "empty", text: nothing });
  byId(id).replaceChildren(...(nodes.length ? nodes : [empty]));
}

function stage(id, count, note) {
  const named = byId(`stage-${id}`).querySelector("[data-many]");
  named.textContent = String(count) === "1" ? named.dataset.one : named.dataset.many;
  byId(`stage-${id}`).querySelector("[data-count]").textContent = count;
  byId(`stage-${id}`).querySelector("[data-note]").textContent = note;
}

function showAgreements(page) {
  for (const agreement of page.items) titles.set(agreement.agreement_id, agreement.title);
  const states = page.items.map((agreement) => agreement.state);
  const more = page.next ? "+" : "";
  const forced = states.filter((state) => state === "in_force").length;
  stage("negotiate", states.filter((state) => NEGOTIATING.has(state)).length + more, `of ${more ? page.items.length + more + " agreements" : counted(page.items.length, "agreement")}`);
  stage("finalize", states.filter((state) => SIGNED.has(state)).length + more, `in force: ${forced}`);
}

function showTargets(page) {
  const states = page.items.map((target) => (target.no_data ? "no_data" : target.window?.verdict));
  const count = (wanted) => states.filter((state) => state === wanted).length;
  stage("monitor", countOf(page),
    `at risk: ${count("at_risk")}, breached: ${count("breached")}, without data: ${count("no_data")}`);
  fill("targets", page.items.map(targetRow), "No target is watched yet.", "tr");
}

function showReports(page) {
  const [latest] = page.items;
  stage("report", countOf(page), latest ? `latest ${latest.period}: ${words(latest.verdict)}` : "none yet");
  const link = byId("latest-report");
  link.hidden = !latest;
  if (latest) {
    // The report is a page of its own: a link cannot carry a header, so the key goes along.
    const address = new URL(latest.page_url, location.href);
    address.searchParams.set("key", keyOf());
    link.href = address;
  }
}

function showReviews([open, actions, proposals]) {
  stage("review", countOf(open), `open actions: ${countOf(actions)}, proposals: ${countOf(proposals)}`);
}

// One reading at a time: under a flood of events the page is as fresh as the API is fast, and never starves.
async function refresh() {
  changed = true;
  if (reading) return;
  reading = true;
  while (changed) {
    changed = false;
    await readAll();
    await new Promise((resume) => setTimeout(resume, PAUSE_MILLISECONDS));
  }
  reading = false;
}

async function readAll() {
  const limit = { limit: PAGE_LIMIT };
  const parts = [
    [read("agreements", limit), showAgreements],
    [read("targets", limit), showTargets],
    [read("reports", limit), showReports],
    [Promise.all([read("reviews", { state: "open", ...limit }), read("actions", { state: "open", ...limit }),
      read("target-revision-proposals", limit)]), showReviews],
    [read("action-plans", { state: "open", limit: 20 }),
      (page) => fill("plans", page.items.map(planCard), "No target is at risk.")],
    [read("breaches", { limit: 10 }), (page) => fill("breaches", page.items.map(breachCard), "No target was breached.")],
  ];
  const results = await Promise.allSettled(parts.map(([promise]) => promise));
  results.forEach((result, index) => result.status === "fulfilled" && parts[index][1](result.value));
  const failed = results.map((result) => result.reason).filter(Boolean);
  if (failed.some((error) => error.status === 401)) return ask(failed.find((error) => error.status === 401).message);
  trouble(failed.length ? failed[0].message : "");
  byId("read-at").textContent = `read at ${new Date().toLocaleTimeString()}`;
}

function told(message) {
  const { time, data } = JSON.parse(message.data);
  const name = message.type;
  const weight = /Breached/.test(name) ? "bad" : /Risk/.test(name) ? "warn" : "";
  const about = [data.target_title || data.target_key || data.title, data.window_id ? windowName(data.window_id) : data.ticket || data.period,
    data.cause && data.threshold && because(data),
    data.figure_display && attained(data.figure_display, data.objective), data.outcome || data.verdict].filter(Boolean).join(" · ");
  const list = byId("events");
  list.querySelector(".empty")?.remove();
  list.prepend(make("li", { class: "new" },
    make("time", { class: "number fine", text: moment(time) }),
    make("span", { class: weight, text: NAMES[name] }),
    make("span", { text: about })));
  while (list.children.length > EVENTS_SHOWN) list.lastChild.remove();
  refresh();
}

function listen() {
  stream?.close();
  stream = new EventSource(`/api/v1/stream?key=${encodeURIComponent(keyOf())}`);
  const live = byId("live");
  const say = (text, kind) => {
    live.textContent = text;
    live.className = `badge ${kind}`;
  };
  stream.onopen = () => say("live", "live");
  stream.onerror = () => say("reconnecting", "at_risk");
  for (const name of Object.keys(NAMES)) stream.addEventListener(name, told);
  stream.addEventListener("reset", () => refresh());
}

function trouble(text) {
  byId("trouble").hidden = !text;
  byId("trouble").textContent = text;
}

function ask(why) {
  sessionStorage.removeItem("slm-key");
  stream?.close();
  byId("ask").hidden = false;
  byId("main").hidden = byId("forget").hidden = true;
  byId("latest-report").hidden = true;
  trouble(why);
  byId("key").focus();
}

function show() {
  byId("ask").hidden = true;
  byId("main").hidden = byId("forget").hidden = false;
  fill("events", [], "Nothing has happened since this page was opened.");
  trouble("");
  refresh();
  listen();
}

byId("ask").addEventListener("submit", (event) => {
  event.preventDefault();
  sessionStorage.setItem("slm-key", byId("key").value.trim());
  byId("key").value = "";
  show();
});
byId("forget").addEventListener("click", () => ask(""));
setInterval(() => !byId("main").hidden && !document.hidden && refresh(), REFRESH_MILLISECONDS);
if (keyOf()) show();
else ask("");
