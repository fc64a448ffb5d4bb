// Every column head becomes a button that sorts its table: up, down, and as it was.
(() => {
  const value = text => {
    const plain = text.replace(/\u2212/g, "-").replace(/[,%+]/g, "").trim();
    return plain === "" || isNaN(plain) ? null : Number(plain);
  };
  const compare = new Intl.Collator(document.documentElement.lang, { numeric: true }).compare;
  for (const table of document.querySelectorAll("table")) {
    const heads = table.tHead && table.tHead.rows.length === 1 ? [...table.tHead.rows[0].cells] : [];
    const body = table.tBodies[0];
    if (!body || body.rows.length < 2 || table.querySelector("[rowspan], [colspan]")) continue;
    const rows = [...body.rows];
    if (heads.length !== rows[0].cells.length) continue;
    heads.forEach((head, column) => {
      if (!head.textContent.trim()) return;
      const button = document.createElement("button");
      button.type = "button";
      button.append(...head.childNodes);
      head.append(button);
      button.addEventListener("click", () => {
        const now = head.getAttribute("aria-sort");
        const next = now === "ascending" ? "descending" : now === "descending" ? null : "ascending";
        heads.forEach(other => other.removeAttribute("aria-sort"));
        if (next) head.setAttribute("aria-sort", next);
        const sign = next === "descending" ? -1 : 1;
        const keys = new Map(rows.map(row => [row, row.cells[column].textContent.trim()]));
        const order = !next ? rows : [...rows].sort((a, b) => {
          const [x, y] = [keys.get(a), keys.get(b)];
          const [p, q] = [value(x), value(y)];
          if (p !== null && q !== null) return sign * (p - q);
          if (p !== null || q !== null) return p !== null ? -1 : 1;
          if (x === "" || y === "") return (x === "") - (y === "");
          return sign * compare(x, y);
        });
        body.append(...order);
      });
    });
  }
})();
