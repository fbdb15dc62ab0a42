// Drives a report in headless Chromium: `node check.mjs REPORT.html SCREENSHOTS-DIR [large]`. `large` spares the slow half of
// the checks, which a page of thousands of lines has in common with a small one. Prints JSON: what was found wrong (`faults`),
// and what was seen (`seen`), which the Rust test holds against the run. Exits 0 whenever the page could be driven.
import { mkdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { chromium } from 'playwright-core';

const [report, pictures, size] = process.argv.slice(2);
const large = size === 'large';
const url = pathToFileURL(report).href;
const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const faults = [];
const seen = {};
mkdirSync(pictures, { recursive: true });

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu'],
});

// Every page is watched: nothing may be logged, thrown, asked or fetched.
async function open(options, name) {
  const context = await browser.newContext(options);
  const page = await context.newPage();
  page.on('console', (message) => faults.push(`${name}: console: ${message.text()}`));
  page.on('pageerror', (error) => faults.push(`${name}: error: ${error.message}`));
  page.on('dialog', (dialog) => { faults.push(`${name}: dialog: ${dialog.message()}`); dialog.dismiss(); });
  page.on('request', (request) => { if (request.url() !== url) faults.push(`${name}: request: ${request.url()}`); });
  await page.goto(url);
  return page;
}

const sideways = (page) => page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
const texts = (page, selector) => page.$$eval(selector, (all) => all.map((one) => one.textContent.trim().replace(/\s+/g, ' ')));

for (const [name, options] of Object.entries({
  light: { viewport: { width: 1280, height: 900 }, colorScheme: 'light' },
  dark: { viewport: { width: 1280, height: 900 }, colorScheme: 'dark' },
  phone: { viewport: { width: 400, height: 800 }, colorScheme: 'light' },
})) {
  const page = await open(options, name);
  if (await sideways(page) > 0) faults.push(`${name}: the page scrolls sideways`);
  seen[`background ${name}`] = await page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  await page.screenshot({ path: join(pictures, `${name}.png`) });
  if (large) { await page.context().close(); continue; }
  // The policy of the page forbids scripts from outside; the debugger's are not bound by it.
  await page.evaluate('(() => { document.querySelectorAll("details").forEach((one) => { one.open = true; }); })()');
  await page.evaluate(axe);
  const { violations } = await page.evaluate(() => globalThis.axe.run(document, { resultTypes: ['violations'] }));
  for (const { id, nodes } of violations) {
    faults.push(`${name}: axe: ${id}: ${nodes.length} times, such as ${nodes[0].html.slice(0, 200)} (${nodes[0].failureSummary})`);
  }
  await page.context().close();
}

const page = await open({ viewport: { width: 1280, height: 900 } }, 'use');
seen.h1 = await page.textContent('h1');
seen.inTheFirstView = await page.evaluate(() =>
  Array.from(document.querySelectorAll('h1, .between, .figures')).every((one) => one.getBoundingClientRect().bottom < innerHeight));
seen.foreign = await page.evaluate(() => document.querySelectorAll('img, iframe, object, embed, link, script[src]').length);
seen.scripts = await page.evaluate(() => document.scripts.length);
seen.codes = large ? [] : await texts(page, '.lines code');
seen.columnNames = large ? [] : await texts(page, '.lines td:nth-child(3)');
seen.lanes = await page.$$eval('.map svg', (all) => all.map((one) => one.getAttribute('aria-label')));
seen.mapCells = await page.$$eval('.map rect', (all) => all.map((one) => one.getAttribute('class')));
seen.trendBars = await page.$$eval('.trend rect', (all) => all.length);

if (!large) {
// Filters: of each kind every choice, then all again.
const box = page.locator('.differences').first();
const visible = () => box.locator('tbody tr:visible');
const lines = await visible().count();
seen.lines = lines;
seen.filtered = {};
for (const kind of ['class', 'column', 'cause']) {
  const select = box.locator(`select[data-filter=${kind}]`);
  if (await select.count() === 0) continue;
  let sum = 0;
  for (const value of (await select.locator('option').evaluateAll((all) => all.map((one) => one.value))).slice(1)) {
    await select.selectOption(value);
    const count = await visible().count();
    const said = await box.locator('output').textContent();
    const wrong = await visible().evaluateAll((rows, [kind, value]) => rows.filter((row) => row.dataset[kind] !== value).length, [kind, value]);
    if (wrong > 0) faults.push(`filter ${kind}=${value}: ${wrong} lines do not belong there`);
    if (count === 0 || !said.startsWith(`${count} of ${lines}`) && count !== lines) faults.push(`filter ${kind}=${value}: ${count} lines, said: ${said}`);
    sum += count;
  }
  seen.filtered[kind] = sum;
  await select.selectOption('');
}
const search = box.locator('input[type=search]');
await search.fill('no line holds this');
if (await visible().count() !== 0) faults.push('search: lines are left');
await search.fill('');
if (await visible().count() !== lines) faults.push('search: lines are lost');

// Sorting, by the keyboard alone: up, down, and back to the order of keys.
const keys = () => box.locator('tbody th').evaluateAll((all) => all.map((one) => one.textContent.trim()));
const asWritten = await keys();
const order = new Intl.Collator('en', { numeric: true });
const button = box.locator('thead button').first();
await button.focus();
const sort = () => box.locator('thead th').first().getAttribute('aria-sort');
await page.keyboard.press('Enter');
const up = await keys();
if (await sort() !== 'ascending' || up.some((key, at) => at > 0 && order.compare(up[at - 1], key) > 0)) faults.push('sort: not ascending');
await page.keyboard.press('Enter');
const down = await keys();
if (await sort() !== 'descending' || down.some((key, at) => at > 0 && order.compare(down[at - 1], key) < 0)) faults.push('sort: not descending');
await page.keyboard.press('Space');
if (await sort() !== null || (await keys()).join() !== asWritten.join()) faults.push('sort: the first order does not come back');
if (await button.evaluate((one) => getComputedStyle(one).outlineStyle) === 'none') faults.push('the focus is not seen');

}

// The list of tables: the other kind of box with the same tools.
const tables = page.locator('[data-lines]', { has: page.locator('table.tables') });
await tables.locator('select').selectOption('differ');
seen.tablesThatDiffer = await tables.locator('tbody tr:visible').count();
await tables.locator('select').selectOption('');
seen.tables = await tables.locator('tbody tr:visible').count();
await tables.locator('thead button', { hasText: 'missing' }).click();
await tables.locator('thead button', { hasText: 'missing' }).click();
seen.mostMissing = await tables.locator('tbody tr').first().locator('th').textContent();

if (!large) {
// Expand and collapse; a link to a folded table opens it.
const opened = () => page.$$eval('main details', (all) => [all.filter((one) => one.open).length, all.length]);
await page.getByRole('button', { name: 'Expand all' }).click();
let [some, all] = await opened();
if (some !== all || all === 0) faults.push(`expand: ${some} of ${all} are open`);
await page.getByRole('button', { name: 'Collapse all' }).click();
[some] = await opened();
if (some !== 0) faults.push(`collapse: ${some} are open`);
const folded = page.locator('section.table:has(> .folded)');
if (await folded.count() > 0) {
  await page.locator(`.tables a[href="#${await folded.first().getAttribute('id')}"]`).click();
  await page.waitForFunction(() => document.querySelector(':target > .folded[open]'));
  seen.opensByLink = true;
}

// Paper: no controls, no dark ground, folded parts unfolded, nothing cut off.
const paper = await open({ viewport: { width: 794, height: 1123 }, colorScheme: 'dark' }, 'print');
await paper.emulateMedia({ media: 'print', colorScheme: 'dark' });
if (await sideways(paper) > 0) faults.push('print: the page is too wide');
if (await paper.locator('.tools:visible').count() > 0) faults.push('print: controls are printed');
seen['background print'] = await paper.evaluate(() => getComputedStyle(document.body).backgroundColor);
seen.foldedOnPaper = await paper.evaluate(() =>
  Array.from(document.querySelectorAll('main details')).filter((one) => one.lastElementChild.getBoundingClientRect().height === 0).length);
seen.pdfBytes = (await paper.pdf({ path: join(pictures, 'print.pdf'), format: 'A4' })).length;

// Without its script the page shows everything, and no control that would do nothing.
const bare = await open({ javaScriptEnabled: false, viewport: { width: 1280, height: 900 } }, 'bare');
seen.linesWithoutScript = await bare.locator('.differences').first().locator('tbody tr:visible').count();
if (await bare.locator('.tools:visible').count() > 0) faults.push('without script: dead controls');
}

await browser.close();
console.log(JSON.stringify({ faults, seen }));
