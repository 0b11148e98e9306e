// A shift at the stock board: signs in, edits a level and sees it change in a second window, sends a batch with a bad row,
// reads why an edit is refused and who changed what, in each language and width.
//
//   EMAIL=… PASSWORD=… node board.mjs URL
import { calm as fine, check, open, says, screenshot, visit } from "./browser.mjs";

const [url] = process.argv.slice(2);
const { EMAIL: email, PASSWORD: password } = process.env;

// What a person reads there, in each language.
const words = {
  en: {
    refused: "Medusa does not know this e-mail address with this password.",
    live: "Live",
    waiting: "Reconnecting",
    oneWaits: "1 edit waits",
    twoWait: "2 edits wait",
    short: /^Insufficient stock: 2 available, 1000 asked for/,
    badRow: /Insufficient stock/,
    partly: "1 of 2 made",
    nothing: "Nothing matches.",
    invalid: "Enter a number from 0 on",
    reason: "Choose a reason.",
    stale: /Stock has changed/,
    correction: "Correction",
    everywhere: /, All locations$/,
    number: "1,234.5",
  },
  es: {
    refused: "Medusa no conoce este correo con esta contraseña.",
    live: "En vivo",
    waiting: "Reconectando",
    oneWaits: "1 cambio en espera",
    twoWait: "2 cambios en espera",
    short: /^Stock insuficiente: 2 disponibles, 1000 solicitadas/,
    badRow: /Stock insuficiente/,
    partly: "1 de 2 hechos",
    nothing: "No hay coincidencias.",
    invalid: "Escriba un número desde 0",
    reason: "Elija un motivo.",
    stale: /El stock ha cambiado/,
    correction: "Corrección",
    everywhere: /, Todas las ubicaciones$/,
    number: "1234,5",
  },
  de: {
    refused: "Medusa kennt diese E-Mail-Adresse mit diesem Passwort nicht.",
    live: "Live",
    waiting: "Verbindet neu",
    oneWaits: "1 Änderung wartet",
    twoWait: "2 Änderungen warten",
    short: /^Zu wenig Bestand: 2 verfügbar, 1000 verlangt/,
    badRow: /Zu wenig Bestand/,
    partly: "1 von 2 ausgeführt",
    nothing: "Keine Treffer.",
    invalid: "Geben Sie eine Zahl ab 0 ein",
    reason: "Wählen Sie einen Grund.",
    stale: /Bestand hat sich geändert/,
    correction: "Berichtigung",
    everywhere: /, Alle Lagerorte$/,
    number: "1.234,5",
  },
};

// The levels that the shift is about: of a bong (2 at High Up), and of flower by the gram and in jars.
const scarce = "variant_alerta_tres sloc_high_up";
const flower = "variant_bd_1g sloc_high_up";
const jar = "variant_bd_7g sloc_high_up"; // of 7 g
const small = "variant_alerta_cinco sloc_high_up"; // a small case (5), a product of the bong's

await open(async (browser) => {
  for (const [language, locale] of [
    ["en", "en-US"],
    ["es", "es-ES"],
    ["de", "de-DE"],
  ]) {
    await refusedSignIn(browser, language, locale);
    await shift(browser, language, locale, { width: 1440, height: 900 });
    if (language === "en") {
      await looksAround(browser, locale);
      await byKeysAlone(browser, locale);
      await mishaps(browser, locale);
      await batchMishaps(browser, locale);
    }
    await phone(browser, language, locale);
  }
});

async function refusedSignIn(browser, language, locale) {
  const { page, faults } = await visit(browser, { locale, ignore: [401] });
  await page.goto(`${url}/board`);
  await calm(`${language} sign-in`, page, faults);
  await page.fill("#email", email);
  await page.fill("#password", "not the password");
  await page.keyboard.press("Enter");
  await says(`${language}: a wrong password`, page.locator("#sign-in [role=alert]"), words[language].refused);
  await calm(`${language} sign-in refused`, page, faults);
  await page.context().close();
}

async function enter(page) {
  await page.goto(`${url}/board`);
  await page.fill("#email", email);
  await page.fill("#password", password);
  await page.keyboard.press("Enter");
  await page.waitForSelector(".product");
}

async function shift(browser, language, locale, size) {
  const said = words[language];
  const one = await visit(browser, { locale, ...size, ignore: [422] }); // the answer to a batch of which no row is made
  const two = await visit(browser, { locale, ...size });
  for (const { page } of [one, two]) {
    await enter(page);
    await says(`${language}: follows`, page.locator("#live"), said.live);
  }
  const { page } = one;
  await screenshot(page, `board-${language}-${size.width}`);
  if (language === "en") await calm("en board, all of it", page, one.faults); // which takes long: the others look at a part

  // The scarcest product comes first, and one is found by a few letters of its name.
  await says(`${language}: low stock comes first`, page.locator(".product h2").first(), "Vaporizador");
  await page.selectOption("#order", "name");
  await says(`${language}: by name`, page.locator(".product h2").first(), "Accesorios");
  await page.selectOption("#order", "low");
  await page.fill("#search", "nothing like this");
  await says(`${language}: nothing found`, page.locator("#summary"), said.nothing);
  for (const window of [one, two]) {
    await window.page.fill("#search", "blue dream");
    await window.page.waitForSelector(`[data-level="${flower}"]`);
  }
  await calm(`${language} board`, page, one.faults);

  // An edit is seen in the other window without its doing anything.
  await edit(page, flower, { count: "abc" });
  await says(`${language}: no number`, page.locator("#edit [role=alert]"), said.invalid);
  await calm(`${language} edit`, page, one.faults);
  await screenshot(page, `edit-${language}-${size.width}`);
  await page.fill("#quantity", locale === "en-US" ? "1234.5" : "1234,5");
  await save(page);
  await says(`${language}: the edit where it was made`, cell(page, flower), said.number);
  await says(`${language}: the edit in the second window`, cell(two.page, flower), said.number);
  await page.waitForSelector(`[data-key="edit ${flower}"]:focus`); // the focus goes back

  // Who looked at an older quantity is told, and does not overwrite it.
  await edit(two.page, flower, { count: "7" });
  await edit(page, flower, { adjust: "-1134,5" });
  await page.click("#edit [value=save]");
  await says(`${language}: an adjustment wants a reason`, page.locator("#edit [role=alert]"), said.reason);
  await page.selectOption("#reason", "correction");
  await page.fill("#reference", "PO-118");
  await save(page);
  await says(`${language}: the adjustment in the second window`, cell(two.page, flower), "100");
  two.ignored.add(422);
  await two.page.click("#edit [value=save]");
  await says(`${language}: who looked at an older quantity`, two.page.locator("#edit [role=alert]"), said.stale);
  await two.page.click("#edit [data-close]");

  // A refusal in words.
  await page.fill("#search", "accesorios");
  await page.waitForSelector(`[data-level="${scarce}"]`);
  await edit(page, scarce, { adjust: "-1000", reason: "sale" });
  await page.click("#edit [value=save]");
  await says(`${language}: a refusal`, page.locator("#edit [role=alert]"), said.short);
  await calm(`${language} refusal`, page, one.faults);
  await screenshot(page, `refusal-${language}-${size.width}`);

  // The same in a batch, with a good row.
  await page.click("#edit [value=stage]");
  await says(`${language}: one waits`, page.locator("#waiting"), said.oneWaits);
  await edit(page, scarce, { count: "2" });
  await page.click("#edit [value=stage]");
  await says(`${language}: two wait`, page.locator("#waiting"), said.twoWait);
  await page.click("#review");
  await page.click("#send");
  await says(`${language}: the batch`, page.locator("#outcome"), said.partly);
  await says(`${language}: the bad row`, page.locator("#rows li.error .result"), said.badRow);
  await says(`${language}: the good row`, page.locator("#rows li.success .result"), "2 → 2");
  await calm(`${language} batch`, page, one.faults);
  await screenshot(page, `batch-${language}-${size.width}`);
  await page.locator("#rows li.error button").click();
  await page.waitForSelector("#batch:not([open])", { state: "attached" });
  check(`${language}: nothing waits any more`, await page.locator("#tray").isHidden());

  // Who did that.
  await page.fill("#search", "Blue Dreám 1g"); // accents do not matter
  await page.locator(`[data-key="history ${flower}"]`).click();
  await says(`${language}: the audit`, page.locator("#entries li").first(), "→ 100");
  await says(`${language}: why`, page.locator("#entries li").first(), `${said.correction} · PO-118`);
  await says(`${language}: who it was`, page.locator("#entries li").first(), email);
  await calm(`${language} history`, page, one.faults);
  await screenshot(page, `history-${language}-${size.width}`);
  await page.check("#everywhere");
  await says(`${language}: the audit of the item`, page.locator("#history-title"), said.everywhere);
  await says(`${language}: where it was`, page.locator("#entries li").first(), "High Up - Dispensario Palermo");
  await calm(`${language} history of the item`, page, one.faults);
  await screenshot(page, `history-everywhere-${language}-${size.width}`);
  await page.keyboard.press("Escape");

  check(`${language}: the second window`, two.faults.length === 0, two.faults.join("\n  "));
  for (const { context } of [one, two]) await context.close();
}

// What there is, by weight, by location and by how low it is; and a batch that is made as a whole or not at all.
async function looksAround(browser, locale) {
  const { page, faults, context } = await visit(browser, { locale, ignore: [422] });
  await enter(page);
  await page.fill("#search", "blue dream");
  const product = page.locator(".product").filter({ has: page.locator(`[data-level="${jar}"]`) });
  const total = product.locator(".total");
  const grams = async (locator) => Number((await locator.textContent()).replace(/ g$/, "").replaceAll(",", ""));
  const jars = cell(page, jar, "weight");
  const [before, beforeJars] = [await grams(total), await grams(jars)];
  check("a jar weighs 7 g", beforeJars === 7 * Number(await cell(page, jar).textContent()), beforeJars);
  await edit(page, jar, { adjust: "10", reason: "received" });
  await save(page);
  await says("ten jars more", jars, `${number(beforeJars + 70)} g`);
  await says("the grams of the product", total, `${number(before + 70)} g`);
  await edit(page, jar, { adjust: "-10", reason: "correction" });
  await save(page);
  await says("ten jars less", total, `${number(before)} g`);

  const places = async () =>
    new Set(await product.locator("[data-level]").evaluateAll((rows) => rows.map((row) => row.dataset.level.split(" ")[1])));
  const everywhere = await places();
  check("several locations", everywhere.size > 1, [...everywhere].join());
  await page.selectOption("#location", "sloc_high_up");
  await page.waitForFunction(() => !document.querySelector("[data-level]:not([data-level$=' sloc_high_up'])"));
  check("its levels are left", (await places()).has("sloc_high_up"));
  const here = await product.locator("[data-name=Weight]").allTextContents();
  await says("the grams at a location", total, `${number(here.reduce((sum, text) => sum + Number(text.replace(/[ g,]/g, "")), 0))} g`);
  await page.selectOption("#location", "");
  await page.waitForSelector("[data-level]:not([data-level$=' sloc_high_up'])");
  check("all locations again", [...(await places())].join() === [...everywhere].join());

  await page.fill("#threshold", "100000");
  await says("low up to a threshold", product.locator(".badge"), "Low");
  await calm("low", page, faults);
  await page.fill("#threshold", "1,000"); // can be read in two ways
  await page.waitForSelector("#threshold[aria-invalid=true]");
  await page.fill("#search", "nothing like this");
  await says("it is drawn anew", page.locator("#summary"), words.en.nothing);
  await page.fill("#search", "blue dream");
  await says("the threshold stays as it was", product.locator(".badge"), "Low");
  await page.fill("#threshold", "0");
  await product.locator(".badge").waitFor({ state: "detached" });

  await page.fill("#search", "accesorios");
  await page.waitForSelector(`[data-level="${scarce}"]`);
  await edit(page, scarce, { count: "3" });
  await page.click("#edit [value=stage]");
  await edit(page, scarce, { adjust: "-1000", reason: "sale" });
  await page.click("#edit [value=stage]");
  await page.click("#review");
  await page.check("#atomic");
  await page.click("#send");
  await says("all or nothing", page.locator("#outcome"), "0 of 2 made");
  await says("the good row", page.locator("#rows li").first(), "another row of the batch failed");
  await says("the bad row", page.locator("#rows li").last(), "Insufficient stock");
  await calm("all or nothing", page, faults);
  await page.click("#batch [data-close]");
  await page.reload();
  await page.fill("#search", "accesorios");
  await says("nothing is written", cell(page, scarce), "2");
  await context.close();
}

// From signing in to a saved edit without a mouse.
async function byKeysAlone(browser, locale) {
  const { page, faults, context } = await visit(browser, { locale });
  const press = (key) => page.keyboard.press(key);
  const isAt = (selector) => page.evaluate((selector) => document.activeElement.matches(selector), selector);
  const tabTo = async (selector) => {
    for (let presses = 0; presses < 30; presses++) {
      if (await isAt(selector)) return;
      await press("Tab");
    }
    check(`by keys: ${selector} is reached`, false);
  };
  await page.goto(`${url}/board`);
  await tabTo("#email");
  await page.keyboard.type(email);
  await tabTo("#password");
  await page.keyboard.type(password);
  await press("Enter");
  await page.waitForSelector(".product");
  await tabTo("#search");
  await page.keyboard.type("accesorios");
  await page.waitForFunction(() => document.querySelectorAll(".product").length === 1);
  await tabTo(`[data-key="edit ${scarce}"]`);
  await press("Enter");
  await page.waitForSelector("#edit[open]");
  check("by keys: the quantity is typed at once", await isAt("#quantity"));
  await page.keyboard.type("4");
  await tabTo("#edit [value=save]");
  await press("Enter");
  await says("by keys: it is saved", cell(page, scarce), "4");
  await closed(page);
  await says("by keys: it is read out", page.locator("body > #said"), "now 4 in stock");
  await page.waitForSelector(`[data-key="edit ${scarce}"]:focus`); // where one was
  await press("Enter");
  await page.keyboard.type("2");
  await press("Enter");
  await says("by keys: as it was", cell(page, scarce), "2");
  check("by keys: faults", faults.length === 0, faults.join("\n  "));
  await context.close();
}

// What goes wrong in a shift: an answer is lost, the session ends, a product was out of sight when it changed.
async function mishaps(browser, locale) {
  const { page, faults, ignored, context } = await visit(browser, { locale });
  await enter(page);
  await page.fill("#search", "accesorios");
  await page.waitForFunction(() => document.querySelectorAll(".product").length === 1);

  // The answer to a batch is lost: it is sent again as it was, and made once.
  await edit(page, scarce, { adjust: "3", reason: "received" });
  await page.click("#edit [value=stage]");
  await page.route("**/api/inventory/batch-update", async (route) => (await route.fetch(), await route.abort()), { times: 1 });
  await page.click("#review");
  await page.click("#send");
  await says("a lost answer", page.locator("#outcome"), "It may have been made. Send it again");
  faults.splice(0); // which is what was wanted
  check("what may have been made is not tried", await page.locator("#try").isDisabled());
  check("what may have been made is not taken out", (await page.locator("#rows button").count()) === 0);
  await page.reload();
  await says("a reload keeps the batch", page.locator("#waiting"), "1 edit waits");
  await page.click("#review");
  await page.click("#send");
  await says("the batch sent again", page.locator("#outcome"), "1 of 1 made");
  await page.click("#batch [data-close]");
  await page.fill("#search", "accesorios");
  await says("it was made once", cell(page, scarce), "5");

  // The same with a single edit.
  await edit(page, scarce, { adjust: "-3", reason: "correction" });
  await page.route("**/api/inventory/batch-update", async (route) => (await route.fetch(), await route.abort()), { times: 1 });
  await page.click("#edit [value=save]");
  await says("a lost answer to one edit", page.locator("#edit [role=alert]"), "It may have been made. Send it again");
  faults.splice(0);
  check("it stays as it is", await page.locator("#quantity").isDisabled());
  await save(page);
  await says("that was made once, too", cell(page, scarce), "2");

  // Who does not wait for the answer is not told that nobody knows: it comes.
  let answer;
  const answered = new Promise((resolve) => (answer = resolve));
  await page.route("**/api/inventory/batch-update", async (route) => (await answered, await route.continue()), { times: 1 });
  await edit(page, scarce, { count: "3" });
  await page.click("#edit [value=save]");
  await page.click("#edit [data-close]");
  await closed(page);
  check("nothing is said before the answer", await page.locator("#trouble").isHidden());
  answer();
  await says("the answer after the dialog was closed", cell(page, scarce), "3");
  await says("it is read out", page.locator("body > #said"), "now 3 in stock");
  check("nothing is left open", await page.locator("#trouble").isHidden(), await page.locator("#trouble").textContent());
  await edit(page, scarce, { count: "2" });
  await save(page);
  await says("two again", cell(page, scarce), "2");

  // A number that can be read in two ways is not guessed.
  await edit(page, scarce, { count: "1,234" });
  await page.keyboard.press("Enter");
  await says("an ambiguous number", page.locator("#edit [role=alert]"), "This can be read in two ways");
  await page.click("#edit [data-close]");

  // What changes out of sight is as it is when it is looked at.
  const other = await visit(browser, { locale });
  await enter(other.page);
  await other.page.fill("#search", "blue dream");
  await other.page.waitForSelector(`[data-level="${flower}"]`);
  await edit(other.page, flower, { count: "99" });
  await save(other.page);
  await says("the edit", cell(other.page, flower), "99");
  await page.fill("#search", "blue dream");
  await says("what changed out of sight", cell(page, flower), "99");

  // Who searches at once, while the locations are still on their way, edits at a location all the same.
  const slowly = async (route) => (await new Promise((resolve) => setTimeout(resolve, 1000)), await route.continue());
  await page.route("**/api/locations?*", slowly, { times: 1 });
  await page.reload();
  await page.fill("#search", "blue dream");
  await edit(page, flower, { count: "99" });
  check("where it is edited", (await page.locator("#edit [name=location]").inputValue()) === flower.split(" ")[1]);
  await page.click("#edit [data-close]");

  // The session ends.
  const locations = await page.locator("#location option").count();
  ignored.add(401);
  await page.evaluate(() => sessionStorage.setItem("cannahub-token", "over"));
  await page.locator(`[data-key="history ${flower}"]`).click();
  await says("a session that is over", page.locator("#sign-in [role=alert]"), "Your session is over");
  check("nobody is told that it is live", await page.locator("#live").isHidden());
  await page.fill("#email", email);
  await page.fill("#password", password);
  await page.keyboard.press("Enter");
  await page.waitForSelector(".product");
  await says("live again", page.locator("#live"), "Live");
  check("each location once", (await page.locator("#location option").count()) === locations);
  await edit(other.page, flower, { count: "100" });
  await save(other.page);
  await says("it follows again", cell(page, flower), "100");
  check("mishaps: faults", faults.length === 0, faults.join("\n  "));
  for (const window of [context, other.context]) await window.close();
}

// What goes wrong with a batch: its answer is lost and a product is gone when it is sent again, the tab is duplicated, the
// session ends.
async function batchMishaps(browser, locale) {
  const { page, faults, ignored, context } = await visit(browser, { locale });
  const sent = []; // { key, levels } of each batch
  context.on("request", (request) => {
    if (!request.url().endsWith("/batch-update")) return;
    const levels = request.postDataJSON().updates.map(({ variantId, locationId }) => `${variantId} ${locationId}`);
    sent.push({ key: request.headers()["idempotency-key"], levels });
  });
  const find = async (window, search, level) => {
    await window.fill("#search", search);
    await window.waitForSelector(`[data-level="${level}"]`);
  };
  const put = async (window, level, change) => {
    await edit(window, level, change);
    await window.click("#edit [value=stage]");
  };
  const results = page.locator("#rows li");
  await enter(page);

  // Each result stands at its own row, also of a product that is not there any more.
  await find(page, "blue dream", flower);
  await put(page, flower, { adjust: "5", reason: "received" });
  await find(page, "accesorios", scarce);
  await put(page, scarce, { adjust: "-1000", reason: "sale" });
  await put(page, small, { adjust: "1", reason: "received" });
  await page.route("**/api/inventory/batch-update", async (route) => (await route.fetch(), await route.abort()), { times: 1 });
  await page.click("#review");
  await page.click("#send");
  await says("a lost answer to three edits", page.locator("#outcome"), "It may have been made. Send it again");
  faults.splice(0);
  await page.route("**/api/products/with-inventory?*", async (route) => {
    const response = await route.fetch();
    const { products, ...rest } = await response.json();
    await route.fulfill({ response, json: { ...rest, products: products.filter(({ product }) => product.id !== "prod_blue_dream") } });
  });
  await page.reload();
  await says("all three wait after a reload", page.locator("#waiting"), "3 edits wait");
  await page.click("#review");
  await page.click("#send");
  await says("the three sent again", page.locator("#outcome"), "2 of 3 made");
  await says("what is gone has its name", results.nth(0), "Blue Dream");
  await says("the result of what is gone", results.nth(0).locator(".result"), "100 → 105");
  await says("the result of the refused one", results.nth(1).locator(".result"), "Insufficient stock");
  await says("the result of the last one", results.nth(2).locator(".result"), "5 → 6");
  ignored.add(422);
  await page.click("#send");
  await says("the refused one alone", page.locator("#outcome"), "0 of 1 made");
  check("what is sent again", sent[1].key === sent[0].key && String(sent[1].levels) === String(sent[0].levels), JSON.stringify(sent));
  check("what is sent anew", sent[2].key !== sent[0].key && String(sent[2].levels) === scarce, JSON.stringify(sent));
  await page.unrouteAll({ behavior: "wait" }); // for answers that are under way
  await page.click("#rows li.error button"); // the last one, which closes the dialog
  await page.reload();
  await find(page, "blue dream", flower);
  await says("the first was made once", cell(page, flower), "105");
  await edit(page, flower, { count: "100" });
  await save(page);
  await find(page, "accesorios", small);
  await says("the last was made once", cell(page, small), "6");
  await edit(page, small, { count: "5" });
  await save(page);
  await says("as it was", cell(page, small), "5");

  // A tab that is duplicated has the same edits, and they are made once.
  await find(page, "accesorios", small);
  await put(page, small, { adjust: "1", reason: "received" });
  const twin = await context.newPage();
  await twin.goto(`${url}/board`);
  const kept = await page.evaluate(() => ({ ...sessionStorage }));
  await twin.evaluate((kept) => Object.assign(sessionStorage, kept), kept);
  await twin.reload();
  await says("the edit in the duplicate", twin.locator("#waiting"), "1 edit waits");
  await find(twin, "accesorios", scarce);
  await put(twin, scarce, { adjust: "1", reason: "received" });
  for (const window of [page, twin]) {
    await window.click("#review");
    await window.click("#send");
    await says("sent", window.locator("#outcome"), window === page ? "1 of 1 made" : "have been sent from another tab already");
  }
  await says("made once in two tabs", cell(page, small), "6");
  await twin.locator("#rows button").first().click();
  await twin.click("#send");
  await says("the duplicate's own edit", twin.locator("#outcome"), "1 of 1 made");
  await says("it was made", cell(page, scarce), "3");
  await twin.close();
  await page.click("#batch [data-close]");

  // The session ends as a batch is sent: nothing of it is made, and it waits for its user.
  const sendInVain = async () => {
    await page.evaluate(() => {
      sessionStorage.setItem("cannahub-token", "over");
      document.querySelector("#send").click(); // at once: nothing else is to notice first
    });
    await says("a batch in a session that is over", page.locator("#sign-in [role=alert]"), "Your session is over");
    await page.waitForFunction(() => document.querySelector("#outcome").textContent.includes("Medusa")); // the send has come to its end
    check("nothing waits for nobody", await page.locator("#tray").isHidden());
    await page.fill("#email", email);
    await page.fill("#password", password);
    await page.keyboard.press("Enter");
    await says("it waits for its user", page.locator("#waiting"), "2 edits wait");
    await page.click("#review");
  };
  ignored.add(401);
  await put(page, small, { adjust: "-1", reason: "correction" });
  await put(page, scarce, { adjust: "-1", reason: "correction" });
  await page.click("#review");
  await sendInVain();
  check("its rows are free", (await results.locator("button").count()) === 2 && (await page.locator("#try").isEnabled()));

  // But what may have been made before stays as it is until that is known.
  await page.route("**/api/inventory/batch-update", async (route) => (await route.fetch(), await route.abort()), { times: 1 });
  await page.click("#send");
  await says("a lost answer to two edits", page.locator("#outcome"), "It may have been made. Send it again");
  faults.splice(0);
  await sendInVain();
  check("its rows are bound", (await results.locator("button").count()) === 0 && (await page.locator("#try").isDisabled()));
  await page.click("#send");
  await says("it is sent", page.locator("#outcome"), "2 of 2 made");
  await page.click("#batch [data-close]");
  await says("made once, of the small case", cell(page, small), "5");
  await says("made once, of the bong", cell(page, scarce), "2");

  // A count that was refused comes after what was made when it is sent anew. (It is refused for what it is made to expect.)
  await put(page, small, { adjust: "1", reason: "received" });
  await put(page, small, { count: "9" });
  const refuse = async (route) => {
    const batch = route.request().postDataJSON();
    batch.updates[1].expectedQuantity = 99;
    await route.fulfill({ response: await route.fetch({ postData: JSON.stringify(batch) }) });
  };
  await page.route("**/api/inventory/batch-update", refuse, { times: 1 });
  await page.click("#review");
  await page.click("#send");
  await says("an adjustment before a refused count", page.locator("#outcome"), "1 of 2 made");
  await page.click("#send");
  await says("the count anew", results.last().locator(".result"), "6 → 9");
  await page.click("#batch [data-close]");
  await edit(page, small, { count: "5" });
  await save(page);

  // What was only tried is not told as made, and the last count of a level is its last word.
  await put(page, small, { count: "7" });
  await put(page, small, { adjust: "1", reason: "received" });
  await put(page, small, { count: "9" });
  await page.click("#review");
  await page.click("#try");
  await says("a trial", results.nth(0).locator(".result"), "5 → 6");
  await says("a count after an adjustment", results.nth(1).locator(".result"), "6 → 9");
  await page.click("#batch [data-close]");
  await page.click("#review");
  check("a trial was nothing", (await page.locator("#rows .result").allTextContents()).join("") === "");
  await results.nth(1).locator("button").click();

  // Of what can never be known nobody is told to send it again, and it binds nothing.
  const lost = { code: "OUTCOME_UNKNOWN", detail: "Count this level." };
  const answer = { status: 502, contentType: "application/problem+json", body: JSON.stringify(lost) };
  await page.route("**/api/inventory/batch-update", (route) => route.fulfill(answer), { times: 1 });
  ignored.add(502);
  await page.click("#send");
  await says("what is never known", results.first().locator(".result"), "? Count this level.");
  check("it is told as that alone", (await page.locator("#outcome").textContent()) === "Count this level.");
  check("its row is free", (await results.locator("button").count()) === 1 && (await page.locator("#try").isEnabled()));

  // Nor is what was sent before the gateway forgot its key.
  await page.route("**/api/inventory/batch-update", async (route) => (await route.fetch(), await route.abort()), { times: 1 });
  await page.click("#send");
  await says("a lost answer to one edit", page.locator("#outcome"), "It may have been made. Send it again");
  faults.splice(0);
  await page.evaluate(() => {
    const place = Object.keys(sessionStorage).find((key) => key.startsWith("cannahub-batch:"));
    const batch = JSON.parse(sessionStorage.getItem(place));
    batch.sent.since -= 24 * 3600_000;
    sessionStorage.setItem(place, JSON.stringify(batch));
  });
  await page.reload();
  await page.click("#review");
  await says("why its row has no button", page.locator("#outcome"), "It may have been made. Send it again");
  await page.click("#send");
  await says("a batch of yesterday", results.first().locator(".result"), "it is not known whether your edit was made");
  await results.first().locator("button").click();
  await find(page, "accesorios", small);
  await says("it was made once", cell(page, small), "6");
  await edit(page, small, { count: "5" });
  await save(page);
  await says("as it was again", cell(page, small), "5");

  // A refusal is told also when what it is about is gone.
  await edit(page, scarce, { adjust: "-1000", reason: "sale" });
  await page.route("**/api/products/with-inventory?*id=*", (route) => route.fulfill({ json: { products: [], count: 0 } }));
  await page.click("#edit [value=save]");
  await says("the refusal of what is gone", page.locator("#edit [role=alert]"), "Insufficient stock");
  check("batch mishaps: faults", faults.length === 0, faults.join("\n  "));
  await context.close();
}

// The same board in the hand: nothing is cut off, by keys alone one gets everywhere.
async function phone(browser, language, locale) {
  for (const dark of language === "es" ? [false, true] : [false]) {
    const { page, faults, context } = await visit(browser, { locale, width: 390, height: 844, dark });
    await enter(page);
    await says(`${language} phone: follows`, page.locator("#live"), words[language].live);
    await screenshot(page, `board-${language}-390${dark ? "-dark" : ""}`);
    if (language === "en") await calm("en phone, all of it", page, faults);
    await page.route("**/api/inventory/stream?*", () => {}); // has no answer from now on
    await page.reload(); // which stays signed in
    await page.waitForSelector(".product");
    await says(`${language} phone: does not follow`, page.locator("#live"), words[language].waiting);
    await page.keyboard.press("Tab");
    const skip = await page.evaluate(() => document.activeElement.className);
    check(`${language} phone: the first key leads past the filters`, skip === "skip", skip);
    await page.fill("#search", "accesorios");
    await page.waitForFunction(() => document.querySelectorAll(".product").length === 1);
    await calm(`${language} phone`, page, faults);
    await edit(page, scarce, { count: "2" });
    await calm(`${language} phone edit`, page, faults);
    await screenshot(page, `edit-${language}-390${dark ? "-dark" : ""}`);
    await page.click("#edit [value=stage]");
    await page.click("#review");
    await page.click("#try");
    await says(`${language} phone: tried`, page.locator("#rows .result"), "2 → 2");
    await calm(`${language} phone batch`, page, faults);
    await screenshot(page, `batch-${language}-390${dark ? "-dark" : ""}`);
    await context.close();
  }
}

// edit opens the dialog of a level and fills it in. It presses the button in one go, since between two steps the focus may come
// back from the dialog before, or the product be drawn anew; byKeysAlone does it as a person does.
async function edit(page, level, { count, adjust, reason }) {
  await closed(page);
  await page.locator(`[data-key="edit ${level}"]`).evaluate((button) => (button.focus(), button.click()));
  await page.waitForSelector("#edit[open]");
  if (adjust) await page.check("#edit [value=adjust]");
  await page.fill("#quantity", count ?? adjust);
  if (reason) await page.selectOption("#reason", reason);
  if (count === "abc") await page.keyboard.press("Enter");
}

// save saves the edit of the dialog. That closes with the answer, which may come after the change itself is seen.
async function save(page) {
  await page.click("#edit [value=save]");
  await closed(page);
}

async function closed(page) {
  await page.waitForSelector("#edit:not([open])", { state: "attached" });
}

// cell is what is in stock of a level, or its weight.
function cell(page, level, kind = "inStock") {
  return page.locator(`[data-level="${level}"] td`).nth(kind === "weight" ? 3 : 0);
}

function number(quantity) {
  return new Intl.NumberFormat("en").format(quantity);
}

// calm checks what every page must be at every moment, and that every text of the page is one.
async function calm(name, page, faults) {
  await fine(name, page, faults);
  const odd = (await page.locator("body").innerText()).match(/undefined|false|null|NaN|\{\w+\}/);
  check(`${name}: every text is one`, !odd, odd?.[0]);
}
