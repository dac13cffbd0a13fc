"use strict";
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const STEP = 200;
  const COLUMNS = [
    ["App", (row) => (row.slot ? row.name + "/" + row.slot : row.name)],
    ["Resource group", (row) => row.group],
    ["Subscription", (row) => row.subscriptionName],
    ["State", (row) => row.state || ""],
    ["Python", (row) => row.versionKey],
    ["Support", (row) => row.supportKey],
    ["Handler", (row) => row.handler || ""],
    ["Entry point", (row) => row.entry || ""],
    ["Packages", (row) => (row.packages ? row.packages.length : -1), "number"],
    ["Warnings", (row) => (row.error ? 1000 : row.warnings.length), "number"],
  ];
  const kinds = Object.keys(data.kinds);
  const handlers = { fastCgi: "FastCGI", httpPlatform: "HttpPlatform" };
  const compare = new Intl.Collator("en", { numeric: true, sensitivity: "base" }).compare;
  const byId = (id) => document.getElementById(id);

  const rows = data.rows.map((fields, number) => {
    const [id, name, slot, group, subscription, state, version, ends, kind, handler, entry, packages, warnings, error] = fields;
    const row = { number, id, name, slot, group, subscription, state, version, ends, kind, handler, entry, packages, warnings, error };
    row.subscriptionName = data.subscriptions[subscription] || subscription;
    row.feature = version ? version.split(".").slice(0, 2).join(".") : "";
    row.versionKey = version || "";
    row.supportKey = kinds.indexOf(kind) + " " + (ends || "9999");
    row.text = [id, name, slot, group, row.subscriptionName, state, version && "python " + version, data.kinds[kind], handlers[handler], entry, ...warnings, ...(error || [])]
      .filter(Boolean).join("\n").toLowerCase();
    return row;
  });
  const packageTexts = data.packages.map((text) => text.toLowerCase());

  const state = { column: 5, descending: false, found: rows, drawn: 0, open: new Set() };

  function node(name, options, ...children) {
    const made = document.createElement(name);
    for (const [key, value] of Object.entries(options || {})) {
      if (value === null || value === undefined) continue;
      if (key === "class") made.className = value;
      else made.setAttribute(key, value);
    }
    made.append(...children.filter((child) => child !== null && child !== undefined));
    return made;
  }

  function fill(select, values, words) {
    for (const value of values) select.append(node("option", { value }, words ? words(value) : value));
    select.closest("label").hidden = values.length < 2;
  }

  function distinct(key) {
    return [...new Set(rows.map(key).filter(Boolean))].sort(compare);
  }

  function find() {
    const words = byId("search").value.toLowerCase().split(/\s+/).filter(Boolean);
    const kind = byId("kind").value, version = byId("version").value;
    const subscription = byId("subscription").value, runs = byId("state").value;
    const phrase = words.join(" ");
    const numbers = new Set();
    if (phrase) packageTexts.forEach((text, number) => { if (text.includes(phrase)) numbers.add(number); });
    return rows.filter((row) =>
      (!kind || row.kind === kind) && (!version || row.feature === version) &&
      (!subscription || row.subscription === subscription) && (!runs || row.state === runs) &&
      (words.every((word) => row.text.includes(word)) || (row.packages !== null && row.packages.some((number) => numbers.has(number)))));
  }

  function sorted(found) {
    const key = COLUMNS[state.column][1];
    const sign = state.descending ? -1 : 1;
    const keyed = found.map((row) => [key(row), row]);
    keyed.sort(([one, a], [other, b]) => {
      const order = typeof one === "number" ? one - other : compare(one, other);
      // What has no value is last, whichever way the others go.
      if (one === "" || other === "") return (one === "") - (other === "") || a.number - b.number;
      return sign * order || a.number - b.number;
    });
    return keyed.map(([, row]) => row);
  }

  function cells(row) {
    const name = node("button", { type: "button", "aria-expanded": String(state.open.has(row.id)), "data-number": row.number }, row.name);
    const app = node("th", { scope: "row" }, name, row.slot ? node("span", { class: "slot" }, row.slot) : null);
    const support = node("td", { class: "support" }, node("span", { class: "chip " + row.kind }, data.kinds[row.kind]),
      row.ends ? node("span", { class: "date" }, row.ends) : null);
    const troubles = row.warnings.length;
    const warned = row.error ? node("span", { class: "failed" }, "not read")
      : troubles ? node("span", { class: "warned" }, String(troubles)) : node("span", { class: "quiet" }, "–");
    return node("tr", { class: "app" }, app,
      node("td", { class: "break" }, row.group),
      node("td", { class: "break quiet" }, row.subscriptionName),
      node("td", { class: row.state === "Running" ? null : "quiet" }, row.state || "–"),
      node("td", {}, row.version || node("span", { class: "quiet" }, "–")),
      support,
      node("td", {}, handlers[row.handler] || node("span", { class: "quiet" }, "–")),
      node("td", { class: "entry" }, row.entry || node("span", { class: "quiet" }, "–")),
      node("td", { class: "number" }, row.packages === null ? node("span", { class: "quiet" }, "–") : String(row.packages.length)),
      node("td", { class: "number" }, warned));
  }

  function details(row) {
    const inside = node("td", { colspan: COLUMNS.length });
    const portal = data.portal ? node("a", { href: data.portal.replace(/\/$/, "") + "/#resource" + encodeURI(row.id), rel: "noreferrer noopener", target: "_blank" }, "Open in the portal") : null;
    inside.append(node("h3", {}, "Resource id"), node("div", { class: "break" }, node("code", {}, row.id), portal ? " " : null, portal));
    if (row.error) inside.append(node("h3", {}, "Why it was not read"), node("div", { class: "break" }, row.error.filter(Boolean).join(" ")));
    if (row.warnings.length) inside.append(node("h3", {}, "Warnings"), node("ul", {}, ...row.warnings.map((text) => node("li", { class: "break" }, text))));
    if (row.packages && row.packages.length) {
      inside.append(node("h3", {}, "Packages"), node("ul", { class: "packages" }, ...row.packages.map((number) => node("li", {}, data.packages[number]))));
    }
    return node("tr", { class: "details" }, inside);
  }

  function draw(until) {
    const part = document.createDocumentFragment();
    for (const row of state.found.slice(state.drawn, until)) {
      part.append(cells(row));
      if (state.open.has(row.id)) part.append(details(row));
    }
    byId("rows").append(part);
    state.drawn = Math.min(until, state.found.length);
    const more = byId("more");
    more.hidden = state.drawn >= state.found.length;
    more.textContent = "Show all " + state.found.length.toLocaleString("en") + " rows";
  }

  function refresh() {
    state.found = sorted(find());
    state.drawn = 0;
    byId("rows").replaceChildren();
    if (!state.found.length) {
      byId("rows").append(node("tr", { class: "nothing" }, node("td", { colspan: COLUMNS.length }, rows.length ? "No app fits these filters." : "There are no Windows apps.")));
    }
    draw(STEP);
    const [found, all] = [state.found.length, rows.length].map((count) => count.toLocaleString("en"));
    byId("shown").textContent = found === all ? all + " apps and slots" : found + " of " + all + " apps and slots";
    byId("headings").querySelectorAll("th").forEach((heading, number) => {
      if (number === state.column) heading.setAttribute("aria-sort", state.descending ? "descending" : "ascending");
      else heading.removeAttribute("aria-sort");
    });
  }

  function choose(id, value) {
    const select = byId(id);
    select.value = select.value === value ? "" : value;
    refresh();
  }

  COLUMNS.forEach(([title, , kind], number) => {
    const button = node("button", { type: "button" }, title);
    button.addEventListener("click", () => {
      state.descending = state.column === number ? !state.descending : kind === "number";
      state.column = number;
      refresh();
    });
    byId("headings").append(node("th", { scope: "col", class: kind }, button));
  });
  fill(byId("kind"), kinds.filter((kind) => rows.some((row) => row.kind === kind)), (kind) => data.kinds[kind]);
  fill(byId("version"), distinct((row) => row.feature).reverse());
  fill(byId("subscription"), distinct((row) => row.subscription), (id) => data.subscriptions[id] || id);
  fill(byId("state"), distinct((row) => row.state));

  let waiting = 0;
  byId("search").addEventListener("input", () => { clearTimeout(waiting); waiting = setTimeout(refresh, 120); });
  for (const id of ["kind", "version", "subscription", "state"]) byId(id).addEventListener("change", refresh);
  document.querySelector(".filters").addEventListener("submit", (event) => event.preventDefault());
  document.querySelector(".filters").addEventListener("reset", () => setTimeout(refresh));
  document.querySelectorAll("[data-kind]").forEach((key) => key.addEventListener("click", () => choose("kind", key.dataset.kind)));
  document.querySelectorAll("[data-version]").forEach((release) => release.addEventListener("click", () => choose("version", release.dataset.version)));

  byId("rows").addEventListener("click", (event) => {
    const button = event.target.closest("button[aria-expanded]");
    if (!button) return;
    const row = rows[Number(button.dataset.number)], line = button.closest("tr");
    const open = button.getAttribute("aria-expanded") === "true";
    button.setAttribute("aria-expanded", String(!open));
    if (open) { state.open.delete(row.id); line.nextElementSibling.remove(); }
    else { state.open.add(row.id); line.after(details(row)); }
  });

  byId("more").addEventListener("click", () => draw(state.found.length));
  if ("IntersectionObserver" in window) {
    new IntersectionObserver((seen) => {
      if (seen.some((each) => each.isIntersecting) && state.drawn < state.found.length) draw(state.drawn + STEP);
    }, { rootMargin: "600px" }).observe(document.querySelector(".more"));
  }
  addEventListener("beforeprint", () => draw(state.found.length));

  byId("copy").addEventListener("click", async () => {
    const text = state.found.map((row) => row.id).join("\n") + "\n";
    let copied = true;
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      const area = node("textarea", { class: "unseen" });
      area.value = text;
      document.body.append(area);
      area.select();
      copied = document.execCommand("copy");
      area.remove();
    }
    byId("copy").textContent = copied ? "Copied " + state.found.length.toLocaleString("en") : "Not copied";
    setTimeout(() => { byId("copy").textContent = "Copy ids"; }, 2000);
  });

  refresh();
})();
