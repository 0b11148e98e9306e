// What the scripts of tests that drive a browser share. The environment tells where things are: CLIENTS the folder of the
// packages, BROWSER chromium, SCREENSHOTS where pictures go (none are taken without).
import { mkdirSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";

const require = createRequire(join(process.env.CLIENTS, "package.json"));
const { chromium } = require("playwright-core");
const axe = require("axe-core");

const patience = 20_000; // ms, on a busy machine

// launch starts the browser; close it, or finish() would wait for it.
export function launch() {
  return chromium.launch({
    executablePath: process.env.BROWSER,
    args: [
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
    ],
  });
}

// visit opens a window of a visitor of his own: nothing of another's is known there. `faults` gathers what went wrong in it
// (errors on the console and of scripts, requests that failed or that went anywhere but to the page's own origin and those in
// `others`), but for answers with one of the statuses in `ignore`, which can be changed later. A request that the page itself
// ended, such as a stream that it closed, is none.
export async function visit(browser, { locale = "en", width = 1440, height = 900, dark = false, ignore = [], others = [] } = {}) {
  const context = await browser.newContext({
    locale,
    viewport: { width, height },
    colorScheme: dark ? "dark" : "light",
    reducedMotion: "reduce",
  });
  context.setDefaultTimeout(patience);
  const page = await context.newPage();
  const faults = [];
  const ignored = new Set(ignore);
  page.on("console", (message) => {
    const status = Number(/status of (\d{3})/.exec(message.text())?.[1]);
    if (message.type() === "error" && !ignored.has(status)) faults.push(`console: ${message.text()} (${message.location().url})`);
  });
  page.on("pageerror", (error) => faults.push(`script: ${error.stack ?? error}`));
  let home; // where the first request went
  page.on("request", (request) => {
    const { protocol, origin } = new URL(request.url());
    if (!["http:", "https:", "ws:", "wss:"].includes(protocol)) return; // is in the page
    home ??= origin;
    if (origin !== home && !others.includes(origin)) faults.push(`goes elsewhere: ${request.url()}`);
  });
  page.on("response", (response) => {
    if (response.status() >= 400 && !ignored.has(response.status())) {
      faults.push(`answer: ${response.status()} to ${response.request().method()} ${response.url()}`);
    }
  });
  page.on("requestfailed", (request) => {
    const reason = request.failure()?.errorText;
    if (reason !== "net::ERR_ABORTED") faults.push(`request: ${request.method()} ${request.url()}: ${reason}`);
  });
  return { page, faults, ignored, context };
}

const shown = 5; // of the elements that break one rule

// accessible are the violations that axe finds in the page as it is now, a line each.
export async function accessible(page) {
  // By the browser's own door: the page's policy lets no such script in.
  await page.evaluate(axe.source);
  const { violations } = await page.evaluate(() => window.axe.run(document, { resultTypes: ["violations"] }));
  return violations.flatMap(({ id, help, nodes }) => [
    `${id}: ${help} (${nodes.length})`,
    ...nodes
      .slice(0, shown)
      .map(
        (node) => `  ${node.target.join(" ")}: ${node.failureSummary.split("\n").slice(1).join(";").trim()}: ${node.html.slice(0, 200)}`,
      ),
  ]);
}

// wide says by how many pixels the page scrolls sideways: 0 is right.
export function wide(page) {
  return page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
}

// screenshot keeps a picture of the whole page, or of the window alone.
export async function screenshot(page, name, { whole = false } = {}) {
  const folder = process.env.SCREENSHOTS;
  if (!folder) return;
  mkdirSync(folder, { recursive: true });
  await page.screenshot({ path: join(folder, `${name}.png`), fullPage: whole });
}

const failures = [];

// check notes what is not as it should be, and goes on.
export function check(name, condition, detail = "") {
  if (!condition) failures.push(`${name}${detail === "" ? "" : `: ${detail}`}`);
  return Boolean(condition);
}

// calm checks what every page must be at every moment: without faults (it forgets them), no wider than the window, and
// accessible.
export async function calm(name, page, faults) {
  const wrong = faults.splice(0);
  check(`${name}: faults`, wrong.length === 0, wrong.join("\n  "));
  const over = await wide(page);
  check(`${name}: scrolls sideways`, over <= 0, `by ${over} px`);
  const violations = await accessible(page);
  check(`${name}: accessibility`, violations.length === 0, violations.join("\n  "));
}

// says waits until a text is there, and notes what is there instead.
export async function says(name, locator, expected) {
  const is = (text) => (expected instanceof RegExp ? expected.test(text) : text.includes(expected));
  const end = Date.now() + 15_000;
  let text;
  do {
    text = (await locator.textContent({ timeout: 15_000 }).catch((error) => error.message)).trim();
    if (is(text)) return;
    await locator.page().waitForTimeout(20);
  } while (Date.now() < end);
  check(name, false, `"${text}", not ${expected}`);
}

// finish tells what failed and ends the script.
export function finish() {
  for (const failure of failures) console.error(`- ${failure}`);
  process.exit(failures.length === 0 ? 0 : 1);
}

// open runs a script's story in a browser, which it closes whatever happens, and ends with what failed.
export async function open(story) {
  const browser = await launch();
  try {
    await story(browser);
  } catch (error) {
    check("the script", false, error.stack);
  } finally {
    await browser.close();
  }
  finish();
}
