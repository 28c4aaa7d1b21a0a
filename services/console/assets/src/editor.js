// The editor of an agreement: the check follows what is typed, buttons keep the page, and what was typed survives a
// reload and a session that ended. Without this script every button sends the form.
import { read, replaceMain, token } from "./page.js";

const QUIET_MILLISECONDS = 700;
const KEY = "slm-editor:";

class AgreementEditor extends HTMLElement {
  connectedCallback() {
    this.form = this.querySelector("form");
    this.key = `${KEY}${this.dataset.place}`;
    this.waiting = 0;
    this.checking = null;
    this.form.addEventListener("input", () => this.typed());
    this.form.addEventListener("submit", (event) => this.submitted(event));
    this.back();
  }

  disconnectedCallback() {
    this.stopChecking();
  }

  /** No check may reach the server after what it is about was kept: it would be refused there. */
  stopChecking() {
    clearTimeout(this.waiting);
    this.checking?.abort();
  }

  typed() {
    this.remember();
    clearTimeout(this.waiting);
    this.waiting = setTimeout(() => void this.check(), QUIET_MILLISECONDS);
  }

  fields(submitter) {
    const body = new URLSearchParams(new FormData(this.form, submitter));
    body.delete("csrf_token");
    return body;
  }

  remember() {
    const kept = { base: this.dataset.base, at: Date.now(), body: this.fields().toString() };
    try {
      localStorage.setItem(this.key, JSON.stringify(kept));
    } catch {
      // The browser keeps nothing, as in a private window: the page works without it.
    }
  }

  post(body, signal) {
    return read(this.form.action, { method: "POST", body, signal, headers: { Accept: "text/html", "X-CSRF-Token": token() } });
  }

  /** Ask for the check of what is written now. Only the check and the errors beside fields change. */
  async check() {
    this.stopChecking();
    this.checking = new AbortController();
    const { signal } = this.checking;
    const body = this.fields();
    body.set("do", "check");
    const answer = await this.post(body, signal).catch(() => null);
    const next = answer?.document.querySelector("agreement-editor");
    if (!next || signal.aborted || !this.isConnected) return;
    this.querySelector("#check").replaceWith(document.adoptNode(next.querySelector("#check")));
    for (const place of this.querySelectorAll("[data-says]")) {
      const newer = next.querySelector(`[data-says="${CSS.escape(place.dataset.says)}"]`);
      if (newer) place.replaceChildren(...[...newer.childNodes].map((each) => document.adoptNode(each)));
    }
    for (const input of this.form.querySelectorAll("[name]")) {
      const newer = next.querySelector(`[name="${CSS.escape(input.name)}"]`);
      if (newer?.hasAttribute("aria-invalid")) input.setAttribute("aria-invalid", "true");
      else if (newer) input.removeAttribute("aria-invalid");
    }
  }

  /** A button that only rearranges the form is answered in place; one that keeps it goes to the server as it is. */
  submitted(event) {
    const act = event.submitter?.value ?? "check";
    this.remember();
    if (["save", "keep", "propose"].includes(act)) return this.stopChecking();
    event.preventDefault();
    void this.show(this.fields(event.submitter), event.submitter);
  }

  async show(body, submitter) {
    const answer = await this.post(body).catch(() => null);
    if (!answer) return;
    const name = submitter?.getAttribute("aria-label");
    replaceMain(answer.document);
    const editor = document.querySelector("agreement-editor");
    editor?.remember();
    const again = [...(editor?.querySelectorAll("button") ?? [])].find((each) => name && each.getAttribute("aria-label") === name);
    (again ?? document.getElementById("main")).focus({ preventScroll: true });
  }

  /** Bring back what was typed before a reload or before the session ended, unless it was kept meanwhile. */
  back() {
    const kept = this.kept();
    const address = new URL(location.href);
    const done = address.searchParams.get("kept");
    if (done) {
      address.searchParams.delete("kept");
      history.replaceState(history.state, "", address);
    }
    if (!kept || kept.base === done) return localStorage.removeItem(this.key);
    // Only a page that was opened anew lacks what was typed: the answer to a button has it.
    if ("fresh" in this.dataset && kept.body !== this.fields().toString()) void this.restore(kept);
  }

  kept() {
    try {
      return JSON.parse(localStorage.getItem(this.key));
    } catch {
      return null;
    }
  }

  async restore(kept) {
    const body = new URLSearchParams(kept.body);
    body.set("do", "show");
    const answer = await this.post(body).catch(() => null);
    if (!answer?.document.querySelector("agreement-editor")) return;
    const { back, drop } = this.dataset;
    replaceMain(answer.document);
    const notice = document.createElement("p");
    notice.className = "notice";
    notice.setAttribute("role", "status");
    notice.dataset.restored = "";
    const button = document.createElement("button");
    button.type = "button";
    button.className = "button";
    button.textContent = drop;
    button.addEventListener("click", () => (localStorage.removeItem(this.key), location.reload()));
    notice.append(`${back} `, button);
    document.querySelector("agreement-editor").before(notice);
  }
}

customElements.define("agreement-editor", AgreementEditor);
