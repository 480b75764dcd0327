// What HTML cannot do: tell an open page what happened meanwhile. All pages work without it.
"use strict";

const light = document.getElementById("abgleich");
const notice = document.getElementById("hinweis");
const channel = new BroadcastChannel("kreisnetz");

// A form that somebody has begun to fill in must not be touched.
let isDirty = false;
document.addEventListener("input", (event) => {
  if (event.target.closest("form[method=post]")) isDirty = true;
});

// A form goes once: a second click would enter a second record.
const sent = new Set();
function free(one) {
  sent.delete(one);
  for (const button of one.querySelectorAll("button")) button.removeAttribute("aria-disabled");
}
document.addEventListener("submit", (event) => {
  const one = event.target;
  if (!one.matches("form[method=post]")) return;
  if (sent.has(one)) return event.preventDefault();
  if (!form || one === form) isDirty = false;
  sent.add(one);
  for (const button of one.querySelectorAll("button")) button.setAttribute("aria-disabled", "true");
  // After a download, or where loading was stopped, the page stays.
  setTimeout(free, "download" in one.dataset ? 3000 : 30000, one);
});
addEventListener("pageshow", () => sent.forEach(free));

// Where a form was refused, one reads first why.
document.getElementById("fehler")?.focus();

// While somebody types, the server says what is wrong so far: by the rules by which it saves.
const form = document.querySelector("form[data-edit]");
const touched = new Set();
let isWaiting;

// Whoever leaves what was typed is asked, unless the link says so itself.
document.addEventListener("click", (event) => {
  if (event.target.closest("a[data-discard]")) isDirty = false;
});
addEventListener("beforeunload", (event) => {
  if (form && isDirty) event.preventDefault();
});

async function ask(extra) {
  const body = new URLSearchParams(new FormData(form));
  for (const [name, value] of Object.entries(extra)) body.set(name, value);
  const response = await fetch(form.action, { method: "POST", body });
  return response.ok ? response : null;
}

// A sentence at a field, which is read with it.
function tell(field, kind, style, text) {
  const place = form.querySelector(`[data-field="${field}"]`);
  const input = place?.querySelector(`#feld-${field}`);
  if (!input) return null;
  const id = `feld-${field}-${kind}`;
  let said = document.getElementById(id);
  if (!text && !said) return null;
  if (!said) {
    said = document.createElement("p");
    said.id = id;
    said.className = style;
    said.setAttribute("aria-live", "polite");
    place.append(said);
  }
  if (said.textContent !== text) said.textContent = text;
  const others = (input.getAttribute("aria-describedby") ?? "").split(" ").filter((one) => one && one !== id);
  if (text) others.push(id);
  if (others.length) input.setAttribute("aria-describedby", others.join(" "));
  else input.removeAttribute("aria-describedby");
  return input;
}

function mark(field, text) {
  const input = tell(field, "fehler", "error", text);
  if (!input) return;
  input.closest("[data-field]").classList.toggle("wrong", text !== "");
  if (input.matches("input, select, textarea")) {
    if (text) input.setAttribute("aria-invalid", "true");
    else input.removeAttribute("aria-invalid");
  }
}

// Returns what others wrote since the form was made.
async function check() {
  const answer = await (await ask({ pruefen: "1" }))?.json();
  if (!answer) return null;
  for (const field of touched) mark(field, answer.errors[field] ?? "");
  for (const [field, text] of Object.entries(answer.others)) tell(field, "andere", "theirs", text);
  const preview = document.getElementById("vorschau");
  const text = preview?.querySelector("strong");
  if (text && text.textContent !== answer.hours) text.textContent = answer.hours;
  return JSON.stringify(answer.others);
}

// What a field refers to is looked for on the server; the rest of the form stays as it is.
async function seek(field) {
  const page = new DOMParser().parseFromString(await (await ask({ suchen: field }))?.text() ?? "", "text/html");
  const fresh = page.querySelector(`[data-field="${field}"]`);
  const old = form.querySelector(`[data-field="${field}"]`);
  if (!fresh) return;
  old.querySelector(".found").replaceChildren(...fresh.querySelector(".found").childNodes);
  old.querySelector(`[name="g.${field}"]`).value = fresh.querySelector(`[name="g.${field}"]`).value;
}

function later(act) {
  clearTimeout(isWaiting);
  // Without an answer the form is checked when it is saved.
  isWaiting = setTimeout(() => act().catch(() => {}), 350);
}

form?.addEventListener("input", (event) => {
  const field = event.target.closest("[data-field]")?.dataset.field;
  if (!field) return;
  if (event.target.dataset.search) {
    later(() => seek(field));
  } else {
    touched.add(field);
    later(check);
  }
});
form?.addEventListener("click", (event) => {
  const field = event.target.closest("button[name=suchen]")?.value;
  if (!field) return;
  event.preventDefault();
  clearTimeout(isWaiting);
  seek(field).catch(() => {});
});

function say(text, address) {
  notice.textContent = text;
  if (!address) return;
  const anchor = document.createElement("a");
  // What was typed stays in this tab.
  Object.assign(anchor, { href: address, target: "_blank", rel: "noopener", textContent: "Änderung ansehen (neuer Tab)" });
  notice.append(" ", anchor);
}

// What a control does, by which it is found again in the page made anew.
function deed(control) {
  const { tagName, id, name, form } = control;
  const hidden = [...(form?.elements ?? [])].filter((one) => one.type === "hidden").map((one) => [one.name, one.value]);
  const text = tagName === "SUMMARY" ? control.textContent : "";
  return JSON.stringify([tagName, id, name, control.getAttribute("href"), control.getAttribute("value"), form?.getAttribute("action"), hidden, text]);
}

let shown = document.getElementById("inhalt").innerHTML;
async function renew() {
  const response = await fetch(location.href, { headers: { Accept: "text/html" } });
  if (response.status >= 500) return false;
  const page = new DOMParser().parseFromString(await response.text(), "text/html");
  const fresh = page.getElementById("inhalt");
  if (isDirty || !fresh || fresh.innerHTML === shown) return false;
  shown = fresh.innerHTML;
  const old = document.getElementById("inhalt");
  const focused = document.activeElement;
  const wanted = focused !== old && old.contains(focused) ? deed(focused) : null;
  old.replaceChildren(...fresh.childNodes);
  // Whoever is on a link or button stays on the same one, and where it is gone never comes to another.
  if (wanted) {
    const same = [...old.querySelectorAll("a, button, summary, input, select, textarea")].find((one) => deed(one) === wanted);
    const heading = old.querySelector("h1");
    if (!same) heading?.setAttribute("tabindex", "-1");
    (same ?? heading)?.focus({ preventScroll: true });
  }
  document.title = page.title;
  return true;
}

// What others wrote is shown beside what is being typed.
let told = "{}";
async function compare(isNamed) {
  const others = (form && await check().catch(() => null)) ?? told;
  // Where it is not known what was changed, the form's record may be as it was.
  if (isNamed || others !== told) {
    say("Dieser Eintrag wurde soeben geändert. Ihre Eingaben bleiben stehen.", `/eintrag/${document.body.dataset.record}`);
  }
  told = others;
}

let isRenewing = false;
let isStale = false;
async function changed(ids, isTold = true) {
  const subject = document.body.dataset.record;
  if (!subject && !document.querySelector("[data-live]")) return;
  if (isDirty || form) {
    const isNamed = ids.split(" ").includes(subject);
    if (subject && (isNamed || ids === "*")) compare(isNamed);
    return;
  }
  // What belongs to the record has changed perhaps: the page knows when it is made anew.
  isStale = true;
  if (isRenewing) return;
  isRenewing = true;
  try {
    while (isStale) {
      isStale = false;
      const isNew = await renew();
      if (isNew && isTold) say("Die Seite wurde soeben aktualisiert.");
      if (document.querySelector("[data-wait]") && !isAwaiting) wait();
      await new Promise((resolve) => setTimeout(resolve, 500));
    }
  } catch {
    // The stream connects anew, and with it comes the next look.
  } finally {
    isRenewing = false;
  }
}

let isCut = false;
function take(kind, data) {
  if (kind === "kreis") {
    if (document.querySelector("[data-live=kreis]")) changed("*", false);
  } else if (kind === "sync" || kind === "cut") {
    const gap = data.indexOf(" ");
    light.dataset.state = data.slice(0, gap);
    light.textContent = data.slice(gap + 1);
    // What happened meanwhile is not told again; a stream begins with the light.
    if (isCut && kind === "sync") changed("*");
    isCut = kind === "cut";
  } else {
    changed(data);
  }
}

// What the server is still making is asked for until it is there.
let isAwaiting = false;
async function wait() {
  isAwaiting = true;
  while (document.querySelector("[data-wait]")) {
    await new Promise((resolve) => setTimeout(resolve, 1000));
    const isTyping = [...document.querySelectorAll("main input")].some((input) => input.type !== "hidden" && input.value !== input.defaultValue);
    if (!isDirty && !isTyping) await renew().catch(() => false);
  }
  isAwaiting = false;
}
wait();

channel.addEventListener("message", (event) => take(event.data.kind, event.data.text));

async function isSignedOut() {
  const answer = await fetch("/", { method: "HEAD", redirect: "manual", signal: AbortSignal.timeout(5000) });
  // 0: signing in is elsewhere.
  return [0, 401, 403].includes(answer.status);
}

function listen() {
  const source = new EventSource("/ereignisse");
  const pass = (kind, text) => {
    take(kind, text);
    channel.postMessage({ kind, text });
  };
  for (const kind of ["sync", "changed", "kreis"]) source.addEventListener(kind, (event) => pass(kind, event.data));
  return new Promise((release) => {
    source.addEventListener("error", async () => {
      // A browser gives up for good where a proxy answers in the daemon's place, and where one is signed out.
      const isOver = source.readyState === EventSource.CLOSED;
      const isOut = isOver && await isSignedOut().catch(() => false);
      pass("cut", isOut ? "trouble Nicht mehr verbunden – bitte die Seite neu laden" : "trouble Konsole nicht erreichbar – es wird weiter versucht");
      if (!isOver) return;
      release();
      setTimeout(attend, isOut ? 60000 : 5000);
    });
  });
}

// A browser opens few connections to one place: of all its pages one listens for the others.
function attend() {
  if (navigator.locks) navigator.locks.request("kreisnetz-ereignisse", listen);
  else listen();
}
attend();
