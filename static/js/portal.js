// What pages do beside htmx: theme, search, menu on phones, dialogs, copying, and honesty when the portal does not answer.
(function () {
  "use strict";
  const root = document.documentElement;

  // What one browser keeps; where its storage is forbidden, it lasts for this page
  function kept(name) { try { return localStorage.getItem(name); } catch { return null; } }
  function keep(name, value) {
    try { if (value === null) localStorage.removeItem(name); else localStorage.setItem(name, value); } catch { /* see above */ }
  }

  // Theme
  document.getElementById("theme")?.addEventListener("click", () => {
    const theme = root.getAttribute("data-bs-theme") === "dark" ? "light" : "dark";
    root.setAttribute("data-bs-theme", theme);
    keep("theme", theme);
  });
  document.querySelector("[data-resets-theme]")?.addEventListener("submit", () => keep("theme", null));

  // The key / leads to the search, unless somebody types or has switched it off (WCAG 2.1.4)
  const field = document.querySelector("main [data-find]") || document.querySelector("[data-find]");
  const hints = document.querySelectorAll("[data-key-hint], .find kbd");
  const choice = document.getElementById("find-key");
  function mindKey() {
    const is_on = kept("find-key") !== "off";
    hints.forEach((hint) => { hint.hidden = !is_on; });
    if (choice) choice.checked = is_on;
    return is_on;
  }
  if (choice) choice.closest("section").hidden = false;
  choice?.addEventListener("change", () => { keep("find-key", choice.checked ? null : "off"); mindKey(); });
  mindKey();
  document.addEventListener("keydown", (event) => {
    if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey || event.isComposing || !mindKey()) return;
    if (event.target.closest("input:not([type=checkbox], [type=radio]), textarea, select, [contenteditable], dialog")) return;
    event.preventDefault();
    if (field?.offsetParent) { field.focus(); field.select(); } else document.querySelector(".find-page")?.click();
  });

  // Menu on phones; it closes when the focus leaves it, since what lies beneath cannot be seen
  const side = document.getElementById("side");
  const openers = document.querySelectorAll("[data-menu]");
  let opener = null;
  function menu(open, focus = true) {
    side.classList.toggle("open", open);
    openers.forEach((button) => button.setAttribute("aria-expanded", String(open)));
    if (open) side.querySelector("a").focus(); else if (focus) opener?.focus();
  }
  openers.forEach((button) => button.addEventListener("click", () => { opener = button; menu(!side.classList.contains("open")); }));
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && side?.classList.contains("open")) menu(false);
  });
  document.addEventListener("click", (event) => {
    if (side?.classList.contains("open") && !side.contains(event.target) && !event.target.closest("[data-menu]")) menu(false);
  });
  document.addEventListener("focusin", ({ target }) => {
    if (side?.classList.contains("open") && !side.contains(target) && !target.closest(".botnav [data-menu]")) menu(false, false);
  });

  // Dialogs and copying, for buttons that live fragments bring along as well
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-dialog], [data-close], [data-copy]");
    if (!button) return;
    if (button.dataset.dialog) document.getElementById(button.dataset.dialog)?.showModal();
    if ("close" in button.dataset) button.closest("dialog").close();
    if (button.dataset.copy) {
      const source = document.getElementById(button.dataset.copy);
      navigator.clipboard?.writeText(source.value ?? source.textContent).then(() => say("Copied."));
    }
  });
  document.addEventListener("close", (event) => { // the button that opened it may have been put in anew meanwhile
    const at = document.activeElement;
    if (at === document.body || event.target.contains(at)) stand(document.querySelector(`main [data-dialog="${event.target.id}"]`));
  }, true);

  // A form that was sent is not sent twice
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (form.method !== "post" || event.submitter?.hasAttribute("data-download")) return; // after a file the page stays
    if (form.dataset.sent) { event.preventDefault(); return; }
    form.dataset.sent = "1";
    form.querySelectorAll("button[type=submit], button:not([type])").forEach((button) => button.setAttribute("aria-disabled", "true"));
  });
  addEventListener("pageshow", () => document.querySelectorAll("form[data-sent]").forEach((form) => {
    delete form.dataset.sent;
    form.querySelectorAll("button[aria-disabled]").forEach((button) => button.removeAttribute("aria-disabled"));
  }));

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

  // Live fragments: details, focus and marked text stay as the reader left them, changes are said once, and silence is shown
  const announcer = document.getElementById("announcer");
  const lost = document.getElementById("lost");
  function say(text) { if (announcer && announcer.textContent !== text) announcer.textContent = text; }
  function stand(part) { (part || document.getElementById("main"))?.focus({ preventScroll: true }); }

  // A control is found again by what it is for, and as the how-manieth of its kind
  function purpose(part) {
    return part.id || (part.matches("summary") && part.parentElement.id) || part.getAttribute("href") || part.dataset.dialog || part.textContent;
  }
  function alike(within, what) {
    return [...within.querySelectorAll("a[href], button, summary, input, select")].filter((part) => purpose(part) === what);
  }
  function focused(within) {
    const part = document.activeElement;
    if (part === within || !within.contains(part)) return null;
    const what = purpose(part);
    return { what, number: alike(within, what).indexOf(part) };
  }
  function focusAgain(within, place) {
    if (!place || within.contains(document.activeElement)) return;
    const found = alike(within, place.what);
    stand(found[place.number] || found[0]);
  }

  // Marked text, as in copying a statement: within one block, as long as there is one that says the same
  function blocks(within, text) { return [...within.querySelectorAll("pre")].filter((block) => block.textContent === text); }
  function marked(within) {
    const range = getSelection().isCollapsed ? null : getSelection().getRangeAt(0);
    const block = range && [...within.querySelectorAll("pre")].find((part) => range.intersectsNode(part));
    if (!block) return null;
    const text = block.textContent;
    const offset = (node, number, otherwise) => (node === block.firstChild ? number : otherwise);
    const from = offset(range.startContainer, range.startOffset, 0);
    return { text, number: blocks(within, text).indexOf(block), from, to: offset(range.endContainer, range.endOffset, text.length) };
  }
  function markAgain(within, place) {
    const words = place && blocks(within, place.text)[place.number]?.firstChild;
    if (words) getSelection().setBaseAndExtent(words, place.from, words, place.to);
  }

  // No click without press and release on the same control: while one is pressed, live parts stand still. An answer that is
  // left out comes again, the last one too, since only one that was put in ends the asking.
  let is_pressed = false;
  function press(event) { if (event.button === 0 || event.key === " ") is_pressed = true; }
  function release() { setTimeout(() => { is_pressed = false; }, 100); } // a tap's click comes a little later
  ["pointerdown", "keydown"].forEach((name) => document.addEventListener(name, press, true));
  ["pointerup", "pointercancel", "contextmenu", "keyup"].forEach((name) => document.addEventListener(name, release, true));
  addEventListener("blur", release);

  let parts = new Map();
  let focus = null;
  let text = null;
  document.addEventListener("htmx:beforeRequest", (event) => {
    if (document.hidden && event.detail.requestConfig.verb === "get") event.preventDefault();
  });
  document.addEventListener("htmx:beforeSwap", (event) => {
    const live = event.detail.target;
    if (is_pressed && live.matches("[hx-trigger^=every]")) { event.preventDefault(); return; }
    parts = new Map([...live.querySelectorAll("details[id]")].map((part) => [part.id, part.open]));
    [focus, text] = [focused(live), marked(live)];
  });
  document.addEventListener("htmx:afterSwap", (event) => {
    const live = event.detail.target;
    live.querySelectorAll("details[id]").forEach((part) => { if (parts.has(part.id)) part.open = parts.get(part.id); });
    focusAgain(live, focus);
    markAgain(live, text);
    const news = live.querySelector("[data-say]")?.dataset.say;
    if (news) say(news);
  });
  document.addEventListener("htmx:afterRequest", (event) => {
    if (!lost || !event.detail.pathInfo) return;
    const { status } = event.detail.xhr; // 0 where nothing came
    const failed = status < 200 || status >= 400;
    lost.hidden = !failed;
    if (!failed) root.dataset.seen = new Date().toLocaleTimeString();
    else lost.querySelector("b").textContent = root.dataset.seen || "when it was opened";
  });
})();
