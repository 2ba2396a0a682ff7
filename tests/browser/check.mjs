// What only a browser can tell of a report. Usage: node check.mjs CHROMIUM REPORT.html...
import { readFileSync, statSync } from 'node:fs';
import { basename, resolve } from 'node:path';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';

const require = createRequire(import.meta.url);
const { chromium } = require('playwright-core');
const axe = readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');

const [executablePath, ...files] = process.argv.slice(2);
let passed = 0;
let failed = 0;
const check = (where, what, ok, detail = '') => {
  if (ok) { passed += 1; return; }
  failed += 1;
  console.log(`FAILED ${where}: ${what}${detail ? `: ${String(detail).slice(0, 2000)}` : ''}`);
};

const browser = await chromium.launch({
  executablePath,
  // Nothing can leave the machine, and nothing needs to.
  args: ['--no-sandbox', '--host-resolver-rules=MAP * ~NOTFOUND', '--disable-gpu'],
});

// A page with the report in it, and everything that it tried to do.
async function open(file, { before, argument, ...options } = {}) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options });
  if (before) await context.addInitScript(before, argument);
  const page = await context.newPage();
  const url = pathToFileURL(resolve(file)).href;
  const seen = { requests: [], violations: [], dialogs: 0, errors: [] };
  page.on('request', r => {
    if (r.url() !== url && !r.url().startsWith('data:')) seen.requests.push(r.url());
  });
  page.on('console', m => { if (/Content Security Policy/.test(m.text())) seen.violations.push(m.text()); });
  page.on('pageerror', e => seen.errors.push(String(e)));
  page.on('dialog', d => { seen.dialogs += 1; d.dismiss(); });
  const begin = performance.now();
  await page.goto(url, { waitUntil: 'load' });
  seen.ms = performance.now() - begin;
  return { page, context, seen };
}

function inert(where, seen) {
  check(where, 'no request', seen.requests.length === 0, seen.requests.join(' '));
  check(where, 'no violation of the policy', seen.violations.length === 0, seen.violations.join('\n'));
  check(where, 'no error of a script', seen.errors.length === 0, seen.errors.join('\n'));
  check(where, 'no dialog', seen.dialogs === 0);
}

async function accessible(where, page) {
  await page.evaluate(axe);
  const { violations } = await page.evaluate(() =>
    window.axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa'] }));
  const told = violations.map(v => `${v.id}: ${v.help}: ${v.nodes.slice(0, 3).map(n => n.html).join(' ')}`);
  check(where, 'no accessibility violation', violations.length === 0, told.join('\n'));
}

// Closed details hide the half of a report: everything is opened before it is judged.
const openAll = page => page.evaluate(() => document.querySelectorAll('details').forEach(d => { d.open = true; }));

for (const file of files) {
  const name = basename(file);
  const bytes = statSync(file).size;
  check(name, 'at most 2 MB', bytes <= 2e6, bytes);

  for (const colorScheme of ['light', 'dark']) {
    const where = `${name} ${colorScheme}`;
    const { page, context, seen } = await open(file, { colorScheme });
    if (colorScheme === 'light') console.log(`${name}: ${Math.round(bytes / 1000)} kB, loaded in ${Math.round(seen.ms)} ms`);
    inert(where, seen);
    await openAll(page);
    await accessible(where, page);
    const handlers = await page.evaluate(() =>
      [...document.querySelectorAll('*')].flatMap(e => e.getAttributeNames().filter(a => a.startsWith('on') || a === 'style')));
    check(where, 'no handler and no style attribute', handlers.length === 0, handlers);
    const links = await page.evaluate(() =>
      [...document.querySelectorAll('a[href]')].map(a => a.getAttribute('href')).filter(h => !/^(#|https:)/.test(h)));
    check(where, 'links are anchors or https', links.length === 0, links);
    const ids = await page.evaluate(() => {
      const all = [...document.querySelectorAll('[id]')].map(e => e.id);
      return all.filter((id, i) => all.indexOf(id) !== i);
    });
    check(where, 'ids are unique', ids.length === 0, ids);
    await context.close();
  }

  {
    const where = `${name} 320 px`;
    const { page, context } = await open(file, { viewport: { width: 320, height: 700 } });
    await openAll(page);
    const width = await page.evaluate(() => document.documentElement.scrollWidth);
    check(where, 'nothing is wider than the window', width <= 320, width);
    await context.close();
  }

  {
    const where = `${name} without script`;
    const { page, context, seen } = await open(file, { javaScriptEnabled: false });
    inert(where, seen);
    const lost = await page.evaluate(() => {
      const targets = [...document.querySelectorAll('a[href^="#"]')].map(a => decodeURIComponent(a.hash.slice(1)));
      return [...new Set(targets)].filter(id => !document.getElementById(id));
    });
    check(where, 'every anchor has its target', lost.length === 0, lost);
    // An anchor into closed details: the browser opens them.
    const inside = await page.evaluate(() => {
      const links = [...document.querySelectorAll('a[href^="#"]')];
      const hit = links.find(a => document.getElementById(decodeURIComponent(a.hash.slice(1)))?.closest('details:not([open])'));
      return hit?.getAttribute('href');
    });
    if (inside) {
      await page.goto(page.url().split('#')[0] + inside);
      const shown = await page.evaluate(h => {
        const e = document.getElementById(decodeURIComponent(h.slice(1)));
        return e.closest('details').open || e.checkVisibility();
      }, inside);
      check(where, `${inside} opens its section`, shown);
    }
    const controls = await page.evaluate(() =>
      [...document.querySelectorAll('button')].filter(b => b.checkVisibility()).length);
    check(where, 'no button that does nothing', controls === 0, controls);
    await context.close();
  }

  {
    const where = `${name} sort and filter`;
    const { page, context } = await open(file);
    await openAll(page);
    const head = page.locator('table[data-sort] th.n button').first();
    if (await head.count()) {
      await head.click();
      const order = await head.evaluate(b => {
        const th = b.closest('th');
        const column = [...th.parentElement.cells].indexOf(th);
        const text = [...th.closest('table').tBodies[0].rows].map(r => (r.cells[column].firstChild ?? r.cells[column]).textContent);
        return { sort: th.getAttribute('aria-sort'), text };
      });
      const numbers = order.text.filter(t => /^-?[\d.,]+$/.test(t)).map(t => parseFloat(t.replace(/,/g, '')));
      const falling = numbers.every((n, i) => i === 0 || numbers[i - 1] >= n);
      check(where, 'a click on a number sorts, largest first', order.sort === 'descending' && falling, JSON.stringify(order).slice(0, 500));
    }
    // The rest of a long table stands in details behind it: it is sorted together with the rest.
    const long = page.locator('.scroll:has(> table[data-sort]):has(+ details.more)').first();
    if (await long.count()) {
      const [before, after] = await long.evaluate(scroll => {
        const rows = () => scroll.querySelectorAll('tbody > tr').length;
        const all = rows() + scroll.nextElementSibling.querySelectorAll('tbody > tr').length;
        scroll.querySelector('th button').click();
        return [all, scroll.nextElementSibling?.matches('.more') ? 0 : rows()];
      });
      check(where, 'all rows of a long table are sorted together', before === after, `${after} of ${before}`);
    }
    const filter = page.locator('input[type=search]').first();
    if (await filter.count()) {
      await filter.fill('no such text anywhere');
      const left = await filter.evaluate(i => [...i.nextElementSibling.querySelectorAll('tbody tr')].filter(r => !r.hidden).length);
      check(where, 'a filter hides rows', left === 0, left);
    }
    await context.close();
  }

  // The clipboard works, refuses (a page of a file, a policy), or is not there at all: in the last
  // two the text is selected, so that Ctrl+C copies exactly it.
  for (const clipboard of ['works', 'refuses', 'is not there']) {
    const where = `${name} copy, the clipboard ${clipboard}`;
    const { page, context } = await open(file, {
      permissions: ['clipboard-read', 'clipboard-write'],
      before: kind => {
        window.kept = navigator.clipboard;
        const refusing = { writeText: () => Promise.reject(new DOMException('no', 'NotAllowedError')) };
        const value = { refuses: refusing, 'is not there': undefined };
        if (kind in value) Object.defineProperty(navigator, 'clipboard', { value: value[kind] });
      },
      argument: clipboard,
    });
    await openAll(page);
    const command = page.locator('pre.cmd').first();
    const button = command.locator('button');
    check(where, 'a command has a button', await button.count() === 1);
    if (await button.count()) {
      const text = await command.locator('code').textContent();
      const read = () => page.evaluate(() => window.kept.readText());
      await page.evaluate(() => window.kept.writeText('something else'));
      await button.click();
      const says = clipboard === 'works' ? 'copied' : 'press Ctrl+C';
      const said = await button.filter({ hasText: says }).waitFor({ timeout: 2000 }).then(() => true, () => false);
      check(where, `the button says "${says}"`, said, await button.textContent());
      if (clipboard !== 'works') {
        const selected = await page.evaluate(() => String(getSelection()));
        check(where, 'the command is selected, and nothing else', selected.trim() === text.trim(), selected);
        await page.keyboard.press('Control+C');
      }
      const got = await read();
      check(where, 'the clipboard then holds the command', got.trim() === text.trim(), got);
    }
    await context.close();
  }

  {
    const where = `${name} print`;
    const { page, context } = await open(file);
    await page.emulateMedia({ media: 'print' });
    const hidden = await page.evaluate(() => {
      dispatchEvent(new Event('beforeprint'));
      const bodies = [...document.querySelectorAll('article.card details > :not(summary)')];
      return bodies.filter(e => !e.checkVisibility() || e.getBoundingClientRect().height === 0).length;
    });
    check(where, 'the evidence of every finding is there', hidden === 0, hidden);
    await context.close();
  }
}
await browser.close();
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed ? 1 : 0);
