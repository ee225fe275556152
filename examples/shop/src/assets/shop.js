// The shop's script. It shows what the shop's backend knows and opens the hosted flow.
// Nothing here decides anything: a success in the browser only leads to the order's page.
"use strict";

const POLL_MS = 1500;

const byId = (id) => document.getElementById(id);

function showProblem(message) {
  const problem = byId("problem");
  problem.textContent = message;
  problem.hidden = false;
  const fallback = byId("fallback");
  if (fallback) fallback.hidden = false;
}

// The browser says that it went well. That is a reason to be polite, and no proof: the order's own
// page says when the shop knows.
function showThanks() {
  const thanks = byId("thanks");
  thanks.textContent = "Thank you. Your order is being confirmed; its page shows when it is complete.";
  thanks.hidden = false;
}

// Read the credentials once and take them out of the page.
function takeCredentials(element) {
  const { publishableKey, clientSecret, orderUrl } = element.dataset;
  delete element.dataset.clientSecret;
  return { publishableKey, clientSecret, orderUrl };
}

function darkMode() {
  return window.matchMedia("(prefers-color-scheme: dark)");
}

const themeOf = (query) => (query.matches ? "dark" : "light");

async function mountCheckout(container) {
  const { publishableKey, clientSecret, orderUrl } = takeCredentials(container);
  const toOrder = () => window.location.assign(orderUrl);
  const dark = darkMode();
  let ready = false;
  try {
    const ramp = new window.GateRamp({ publishableKey, clientSecret, theme: themeOf(dark) });
    dark.addEventListener("change", () => ramp.setTheme(themeOf(dark)));
    await ramp.mount(container, {
      onReady: () => {
        ready = true;
      },
      onSuccess: showThanks,
      onClose: toOrder,
      onError: () => {
        // Once it is up, the window shows its own problems, with what to do about them.
        if (!ready) showProblem("The payment window reported a problem. You can pay on the hosted page instead.");
      },
      onUnavailable: () => showProblem("Paying in this page is not possible right now. Try the hosted page, or go back to your order."),
    });
  } catch (error) {
    console.warn("the checkout did not mount", error?.code ?? error?.name);
    showProblem("The payment window could not be opened. You can pay on the hosted page instead.");
  }
}

async function redirect(element) {
  const { publishableKey, clientSecret, orderUrl } = takeCredentials(element);
  const [navigation] = performance.getEntriesByType("navigation");
  if (navigation?.type === "back_forward") {
    // Going back from the hosted page should not throw the user forward again.
    window.location.replace(orderUrl);
    return;
  }
  try {
    await window.GateRamp.redirectToCheckout({
      publishableKey,
      clientSecret,
      theme: themeOf(darkMode()),
    });
  } catch (error) {
    console.warn("the redirect failed", error?.code ?? error?.name);
    showProblem("The payment page could not be opened. Go back to your order and try again.");
  }
}

function showOrder(view) {
  const status = byId("status");
  if (status.textContent !== view.label) {
    status.textContent = view.label; // only on change: it is read aloud
    status.dataset.status = view.status;
    document.title = `${view.label} · Pebble`;
  }
  byId("detail").textContent = view.detail;
  byId("pay-choices").hidden = !view.can_pay;
  byId("retry").hidden = !view.can_retry;
  const rows = view.evidence.map(({ name, value }) => {
    const row = document.createElement("div");
    const term = document.createElement("dt");
    const fact = document.createElement("dd");
    term.textContent = name;
    fact.textContent = value;
    row.append(term, fact);
    return row;
  });
  byId("evidence").replaceChildren(...rows);
}

async function pollOrder(order) {
  let done = order.dataset.final === "true";
  while (!done) {
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    try {
      const response = await fetch(order.dataset.statusUrl, { cache: "no-store" });
      if (!response.ok) continue;
      const view = await response.json();
      showOrder(view);
      done = view.final;
    } catch {
      // The shop is away for a moment; what is shown stays true until it is back.
    }
  }
}

// One click, one request. The server would see a repeat anyway.
function sendOnce(form) {
  form.addEventListener("submit", (event) => {
    if (form.dataset.sent) event.preventDefault();
    form.dataset.sent = "true";
  });
}

document.querySelectorAll("form[data-once]").forEach(sendOnce);
// A page from the back-forward cache is fresh again.
window.addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("form[data-once]")) delete form.dataset.sent;
});
const checkout = byId("checkout");
if (checkout) mountCheckout(checkout);
const leaving = byId("redirect");
if (leaving) redirect(leaving);
const order = byId("order");
if (order) pollOrder(order);
