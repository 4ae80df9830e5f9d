// What pages do beside htmx: theme, menu on phones, dialogs, copying, and honesty when the portal does not answer.
(function () {
  "use strict";
  const root = document.documentElement;

  // Theme
  document.getElementById("theme")?.addEventListener("click", () => {
    const theme = root.getAttribute("data-bs-theme") === "dark" ? "light" : "dark";
    root.setAttribute("data-bs-theme", theme);
    try { localStorage.setItem("theme", theme); } catch { /* lasts for this page */ }
  });

  // Menu on phones
  const side = document.getElementById("side");
  const openers = document.querySelectorAll("[data-menu]");
  function menu(open) {
    side.classList.toggle("open", open);
    openers.forEach((button) => button.setAttribute("aria-expanded", String(open)));
    if (open) side.querySelector("a").focus(); else openers[0]?.focus();
  }
  openers.forEach((button) => button.addEventListener("click", () => menu(!side.classList.contains("open"))));
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && side?.classList.contains("open")) menu(false);
  });
  document.addEventListener("click", (event) => {
    if (side?.classList.contains("open") && !side.contains(event.target) && !event.target.closest("[data-menu]")) menu(false);
  });

  // Dialogs and copying, for buttons that live fragments bring along as well
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-dialog], [data-close], [data-copy]");
    if (!button) return;
    if (button.dataset.dialog) document.getElementById(button.dataset.dialog)?.showModal();
    if ("close" in button.dataset) button.closest("dialog").close();
    if (button.dataset.copy) {
      navigator.clipboard?.writeText(document.getElementById(button.dataset.copy).textContent).then(() => say("Copied."));
    }
  });

  // A form that was sent is not sent twice
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (form.method !== "post") return;
    if (form.dataset.sent) { event.preventDefault(); return; }
    form.dataset.sent = "1";
    form.querySelectorAll("button[type=submit], button:not([type])").forEach((button) => button.setAttribute("aria-disabled", "true"));
  });
  addEventListener("pageshow", () => document.querySelectorAll("form[data-sent]").forEach((form) => delete form.dataset.sent));

  // Fields that belong to one choice of another field
  function follow() {
    document.querySelectorAll("[data-shown-for]").forEach((part) => {
      const [name, value] = part.dataset.shownFor.split("=");
      part.hidden = document.querySelector(`[name="${name}"]:checked`)?.value !== value;
    });
  }
  document.addEventListener("change", follow);
  follow();

  // A select that decides what else the form asks for loads its page anew
  document.addEventListener("change", (event) => {
    if (event.target.closest("[data-submits]")) event.target.form.requestSubmit();
  });

  // Live fragments: details stay as the reader left them, changes are said once, and silence is shown
  const announcer = document.getElementById("announcer");
  const lost = document.getElementById("lost");
  function say(text) { if (announcer && announcer.textContent !== text) announcer.textContent = text; }
  let parts = new Map();
  document.addEventListener("htmx:beforeRequest", (event) => {
    if (document.hidden && event.detail.requestConfig.verb === "get") event.preventDefault();
  });
  document.addEventListener("htmx:beforeSwap", (event) => {
    parts = new Map([...event.detail.target.querySelectorAll("details[id]")].map((part) => [part.id, part.open]));
  });
  document.addEventListener("htmx:afterSwap", (event) => {
    event.detail.target.querySelectorAll("details[id]").forEach((part) => { if (parts.has(part.id)) part.open = parts.get(part.id); });
    const text = event.detail.target.querySelector("[data-say]")?.dataset.say;
    if (text) say(text);
  });
  document.addEventListener("htmx:afterRequest", (event) => {
    if (!lost || !event.detail.pathInfo) return;
    const failed = !event.detail.successful && event.detail.xhr.status !== 286;
    lost.hidden = !failed;
    if (!failed) root.dataset.seen = new Date().toLocaleTimeString();
    else lost.querySelector("b").textContent = root.dataset.seen || "when it was opened";
  });
})();
