// The table of a report in which a reader filters, sorts and decides. It asks nobody for anything: rows, pictures and the
// table library are in the page. Without this script the page reads as it does without the table.
(async () => {
  "use strict";
  const read = (id) => JSON.parse(document.getElementById(id).textContent);
  const unpack = async (text) => {
    const bytes = Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
    return new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"))).text();
  };
  const escapes = {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;"};
  const escaped = (text) => String(text).replace(/[&<>"']/g, (character) => escapes[character]);
  const element = (id) => document.getElementById(id);

  const library = read("table-library");
  const {rows, words, offers, pictures, across} = read("choices-data");
  const style = document.createElement("style");
  style.textContent = await unpack(library.style);
  document.head.prepend(style);
  const address = URL.createObjectURL(new Blob([await unpack(library.script)], {type: "text/javascript"}));
  const DataTable = (await import(address)).default;
  URL.revokeObjectURL(address);

  const dark = matchMedia("(prefers-color-scheme: dark)");
  const follow = () => document.documentElement.classList.toggle("dark", dark.matches);
  dark.addEventListener("change", follow);
  follow();

  rows.forEach((row, place) => { row.place = place; row.chosen = row.action; row.choices = offers[row.choices]; });
  const isOverruled = (row) => row.chosen !== row.action;

  // Of a picture on the sheet: where it lies, in units of its own side.
  const picture = (place) =>
    `<span class="thumb" style="background-position:calc(var(--shown) * -${place % across}) ` +
    `calc(var(--shown) * -${Math.floor(place / across)})"></span>`;
  const number = (value, kind) => (kind === "display" ? (value === null ? "" : value.toFixed(2)) : value ?? -1);
  const text = (value, kind) => (kind === "display" ? escaped(value) : value);
  const choice = (row) => {
    const options = row.choices.map((name) => {
      const proposed = name === row.action ? " (proposed)" : "";
      const selected = name === row.chosen ? " selected" : "";
      return `<option value="${escaped(name)}"${selected}>${escaped(words[name])}${proposed}</option>`;
    });
    return `<select data-place="${row.place}" aria-label="Decision on ${escaped(row.name)}">${options.join("")}</select>`;
  };
  const columns = [
    {
      title: "image", data: null, orderable: false, searchable: false, visible: pictures, className: "seen",
      render: (value, kind, row) =>
        picture(row.place) + (row.after < 0 ? "" : `<span class="then" aria-label="and repaired">→</span>${picture(row.after)}`),
    },
    {title: "decision", data: null, className: "decision",
     render: (value, kind, row) => (kind === "display" ? choice(row) : words[row.chosen])},
    {title: "name", data: "name", className: "name", render: text},
    {title: "kinds", data: "kinds", render: (value, kind) => (kind === "display" ? escaped(value.join(", ")) : value.join(", "))},
    {title: "confidence", data: "confidence", className: "number", render: number},
    {title: "anomaly", data: "anomaly", className: "number", render: number, visible: rows.some((row) => row.anomaly !== null)},
    {title: "outcome", data: "outcome", render: text},
    {title: "why", data: "note", className: "why", render: text},
  ];

  document.querySelectorAll("[data-interactive]").forEach((part) => { part.hidden = false; });
  const table = new DataTable(element("choices"), {
    data: rows, columns, order: [], pageLength: 25, lengthMenu: [10, 25, 100, 500], autoWidth: false, deferRender: true,
    layout: {topStart: "pageLength", topEnd: null, bottomStart: "info", bottomEnd: "paging"},
    language: {entriesPerPage: undefined, emptyTable: "nothing was flagged", zeroRecords: "no row is like that"},
    createdRow: (node, row) => node.classList.toggle("overruled", isOverruled(row)),
  });

  const filters = {name: element("by-name"), kind: element("by-kind"), outcome: element("by-outcome"),
                   least: element("by-confidence"), mine: element("by-overruled")};
  const offer = (select, values, all) => {
    const counts = new Map();
    values.forEach((value) => counts.set(value, (counts.get(value) ?? 0) + 1));
    select.append(new Option(`${all} (${rows.length})`, ""));
    [...counts].sort((one, other) => other[1] - one[1])
      .forEach(([value, count]) => select.append(new Option(`${value} (${count})`, value)));
  };
  offer(filters.kind, rows.flatMap((row) => row.kinds), "all kinds");
  offer(filters.outcome, rows.map((row) => row.outcome), "all outcomes");
  table.search.fixed("filters", (seen, row) => {
    const least = parseFloat(filters.least.value);
    return row.name.toLowerCase().includes(filters.name.value.trim().toLowerCase())
      && (filters.kind.value === "" || row.kinds.includes(filters.kind.value))
      && (filters.outcome.value === "" || row.outcome === filters.outcome.value)
      && (!(least > 0) || (row.confidence !== null && row.confidence >= least))
      && (!filters.mine.checked || isOverruled(row));
  });
  Object.values(filters).forEach((field) => field.addEventListener("input", () => { table.draw(); say(); }));

  const all = element("for-all");
  const actions = new Set(rows.flatMap((row) => row.choices));
  all.append(new Option("as proposed", ""));
  Object.keys(words).filter((name) => actions.has(name)).forEach((name) => all.append(new Option(words[name], name)));

  let saved = true;
  const overruled = () => rows.filter(isOverruled);
  const say = () => {
    const shown = table.rows({search: "applied"}).count();
    element("all-shown").textContent = `Decide on all ${shown.toLocaleString("en")} shown`;
    const count = overruled().length;
    element("count").textContent = `${count.toLocaleString("en")} overruled${count && !saved ? ", not exported yet" : ""}`;
  };
  element("choices").addEventListener("change", (event) => {
    const place = event.target.dataset?.place;
    if (place === undefined) return;
    const row = rows[Number(place)];
    row.chosen = event.target.value;
    event.target.closest("tr").classList.toggle("overruled", isOverruled(row));
    saved = false;
    say();
  });
  element("all-shown").addEventListener("click", () => {
    const wanted = all.value;
    let left = 0;
    table.rows({search: "applied"}).every(function () {
      const row = this.data();
      if (wanted === "") row.chosen = row.action;
      else if (row.choices.includes(wanted)) row.chosen = wanted;
      else left += 1;
      this.invalidate("data");
      this.node()?.classList.toggle("overruled", isOverruled(row));
    });
    table.draw(false);
    saved = false;
    say();
    if (left) element("count").textContent += `; ${left} shown have no such choice and stay`;
  });

  const decisions = () => overruled().map((row) => ({
    ...row.key, ...("box" in row.key ? {box: row.chosen === "crop" ? row.key.box : ""} : {}),
    action: row.chosen, was: row.action, kinds: row.kinds.join(", "),
  }));
  // What a spreadsheet would run stands behind an apostrophe; `toolkit apply` takes it away again.
  const cell = (value) => {
    let written = String(value);
    if (/^'*[=+\-@\t\r\n＝＋－＠][^]/.test(written) && Number.isNaN(Number(written))) written = `'${written}`;
    return /[",;\r\n\t]/.test(written) ? `"${written.replaceAll('"', '""')}"` : written;
  };
  const download = (name, content, type) => {
    const link = document.createElement("a");
    const blob = URL.createObjectURL(new Blob([content], {type}));
    link.setAttribute("href", blob);
    link.download = name;
    link.click();
    setTimeout(() => URL.revokeObjectURL(blob), 10000);
    saved = true;
    say();
  };
  element("export-json").addEventListener("click", () => download(
    "decisions.json",
    JSON.stringify({format: "toolkit decisions", version: 1, decisions: decisions()}, null, 1) + "\n", "application/json"));
  element("export-csv").addEventListener("click", () => {
    const made = decisions();
    const names = Object.keys(made[0] ?? {...rows[0]?.key, action: "", was: "", kinds: ""});
    const lines = [names, ...made.map((row) => names.map((name) => row[name]))];
    download("decisions.csv", lines.map((line) => line.map(cell).join(",")).join("\r\n") + "\r\n", "text/csv");
  });
  addEventListener("beforeunload", (event) => { if (!saved && overruled().length) event.preventDefault(); });
  say();
})();
