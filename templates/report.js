// Optional: sort, filter, copy, theme. The report is complete without it.
'use strict';
(() => {
const all = (s, f, r = document) => r.querySelectorAll(s).forEach(f);
const make = (tag, text, label) => {
  const e = document.createElement(tag);
  if (tag === 'button') e.type = 'button';
  e.textContent = text;
  if (label) e.setAttribute('aria-label', label);
  return e;
};

// Copy: the text of a command, whose button lies over it.
all('pre.cmd', pre => {
  const b = make('button', 'copy');
  pre.append(b);
  b.addEventListener('click', async () => {
    const text = pre.firstChild.textContent;
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      // A page opened from a file may have no clipboard: select the text instead.
      getSelection().selectAllChildren(pre.firstChild);
      b.textContent = 'press Ctrl+C';
      return;
    }
    b.textContent = 'copied';
    setTimeout(() => { b.textContent = 'copy'; }, 1500);
  });
});

// Theme: a choice for this visit.
const theme = document.getElementById('theme');
theme.hidden = false;
theme.addEventListener('click', () => {
  const root = document.documentElement;
  const dark = root.dataset.theme
    ? root.dataset.theme === 'dark'
    : matchMedia('(prefers-color-scheme: dark)').matches;
  root.dataset.theme = dark ? 'light' : 'dark';
});

// A number with its unit as a number: "1 min 13 s", "1.5 GiB", "12 %". Unknown sorts last.
const units = { KiB: 2 ** 10, MiB: 2 ** 20, GiB: 2 ** 30, TiB: 2 ** 40, PiB: 2 ** 50,
  'µs': 1e-6, ms: 1e-3, min: 60, h: 3600, d: 86400 };
const value = td => {
  const text = (td.firstChild || td).textContent;
  if (text === '?' || text === '' || text === '–') return null;
  const sign = text.startsWith('-') ? -1 : 1;
  let sum = 0;
  let found = false;
  for (const [, n, unit] of text.matchAll(/([\d.,]+)\s*([a-zµ]*)/gi)) {
    sum += parseFloat(n.replace(/,/g, '')) * (units[unit] || 1);
    found = true;
  }
  return found ? sign * sum : null;
};

// Sort and filter.
all('table[data-sort]', table => {
  const body = table.tBodies[0];
  const heads = [...table.tHead.rows[0].cells];
  // The rest of a long table stands in details behind it: rows are sorted and filtered together.
  const gather = () => {
    const more = table.parentElement.nextElementSibling;
    if (!more?.matches('.more')) return;
    body.append(...more.querySelectorAll('tbody > tr'));
    more.remove();
  };
  heads.forEach((th, column) => {
    const button = make('button', th.textContent);
    th.replaceChildren(button);
    button.addEventListener('click', () => {
      gather();
      const up = th.getAttribute('aria-sort') === 'descending';
      heads.forEach(h => h.removeAttribute('aria-sort'));
      th.setAttribute('aria-sort', up ? 'ascending' : 'descending');
      const number = th.classList.contains('n');
      const key = row => number ? value(row.cells[column]) : row.cells[column].textContent;
      const rows = [...body.rows].map(row => [key(row), row]);
      rows.sort(([a], [b]) => {
        if (a === null || b === null) return (a === null) - (b === null);
        const order = number ? a - b : a.localeCompare(b);
        return up ? order : -order;
      });
      body.append(...rows.map(([, row]) => row));
    });
  });
  if (body.rows.length < 12) return;
  const input = make('input', '', 'filter: ' + table.caption.textContent);
  input.type = 'search';
  input.placeholder = 'filter';
  input.addEventListener('input', () => {
    gather();
    const wanted = input.value.toLowerCase();
    for (const row of body.rows) row.hidden = !row.textContent.toLowerCase().includes(wanted);
  });
  table.parentElement.before(input);
});

// Print: everything is open, for browsers that do not know ::details-content.
addEventListener('beforeprint', () => all('.card details, .cause details', d => { d.open = true; }));

// A link to something inside closed details opens them.
const open = () => {
  let e = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  for (; e; e = e.parentElement) if (e.tagName === 'DETAILS') e.open = true;
};
addEventListener('hashchange', open);
open();
})();
