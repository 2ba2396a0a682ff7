// Writes the first screen of a report as a picture. Usage: node shot.mjs CHROMIUM REPORT.html OUT.png
import { resolve } from 'node:path';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';

const require = createRequire(import.meta.url);
const { chromium } = require('playwright-core');

const [executablePath, report, out] = process.argv.slice(2);
const browser = await chromium.launch({
  executablePath,
  args: ['--no-sandbox', '--host-resolver-rules=MAP * ~NOTFOUND', '--disable-gpu'],
});
const page = await browser.newPage({ viewport: { width: 1180, height: 900 } });
await page.goto(pathToFileURL(resolve(report)).href);
await page.screenshot({ path: out });
await browser.close();
