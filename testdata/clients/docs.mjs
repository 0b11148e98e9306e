// The API reference, as a developer meets it: in each language, on a phone and on a desk, in light and in dark; read, signed
// in by every kind of credential, and tried. GATEWAY is the gateway's address, EMAIL and PASSWORD are a Medusa user's, SECRET
// and KEY a secret and a publishable key of that Medusa.
import { calm, check, open, says, screenshot, visit } from "./browser.mjs";

const { GATEWAY, EMAIL, PASSWORD, SECRET, KEY } = process.env;

const languages = {
  en: {
    home: "The stock of a Medusa shop",
    board: "Stock board",
    title: "API reference",
    refused: "Medusa does not know this e-mail address with this password.",
    signedIn: "Signed in as",
    odd: "This is no token or key",
    unreachable: "The gateway cannot be reached.",
  },
  es: {
    home: "El stock de una tienda Medusa",
    board: "Tablero de stock",
    title: "Referencia de la API",
    refused: "Medusa no conoce este correo con esta contraseña.",
    signedIn: "Sesión iniciada como",
    odd: "Esto no es un token ni una clave",
    unreachable: "No se puede llegar al gateway.",
  },
  de: {
    home: "Der Bestand eines Medusa-Shops",
    board: "Bestandstafel",
    title: "API-Referenz",
    refused: "Medusa kennt diese E-Mail-Adresse mit diesem Passwort nicht.",
    signedIn: "Angemeldet als",
    odd: "Das ist kein Token und kein Schlüssel",
    unreachable: "Das Gateway ist nicht zu erreichen.",
  },
};
const phone = { width: 390, height: 844 };
const desk = { width: 1440, height: 900 };

// The level that is tried, of what the document's examples are about.
const item = "iitem_bd_7g";
const place = "sloc_high_up";

await open(async (browser) => {
  for (const locale of Object.keys(languages)) {
    const window = await visit(browser, { locale, ...phone });
    await read(window, locale);
    await refusedSignIn(window, locale);
    if (locale === "en") await everyCredential(window, locale);
    if (locale === "es") await listen(window, locale);
    await onADesk(window, locale);
    if (locale === "en") await oneSession(window, locale);
    await window.context.close();
  }
});

// read opens the reference as somebody who comes by the front page.
async function read({ page, faults }, locale) {
  const said = languages[locale];
  await page.goto(GATEWAY);
  await says(`${locale}: the front page`, page.locator("main"), said.home);
  await calm(`${locale}: front page`, page, faults);
  await page.getByRole("link", { name: said.board }).click();
  await page.locator("#sign-in").waitFor();
  await page.goBack();
  await page.getByRole("link", { name: said.title }).click();
  await page.locator(".opblock").first().waitFor();
  await says(`${locale}: the title`, page.locator("h1"), said.title);
  const spoken = (selector) =>
    page
      .locator(selector)
      .first()
      .evaluate((element) => element.closest("[lang]").lang);
  check(`${locale}: the language of the document`, (await spoken(".opblock-summary-description")) === "en");
  check(`${locale}: the language of the page's own words in it`, (await spoken(".filter")) === locale);
  const operations = await page.locator(".opblock").count();
  check(`${locale}: operations`, operations > 30, operations);
  check(`${locale}: nobody is signed in at first`, await page.locator("#held").isHidden());
  await screenshot(page, `docs-${locale}-390`);
  await calm(`${locale}: reference`, page, faults);
}

// give fills in a kind of credential and hands it in.
async function give(page, way, fields) {
  await page.check(`#credential [value=${way}]`);
  const form = page.locator(`#credential [data-way=${way}]`);
  for (const [name, value] of Object.entries(fields)) await form.locator(`[name=${name}]`).fill(value);
  await form.locator("button").click();
}

async function refusedSignIn({ page, faults, ignored }, locale) {
  ignored.add(401);
  await give(page, "user", { email: EMAIL, password: "not the password" });
  await says(`${locale}: a wrong password`, page.locator("#said.bad"), languages[locale].refused);
  await screenshot(page, `docs-${locale}-refused`);
  await calm(`${locale}: refused`, page, faults);
  await give(page, "token", { token: "eyJ…abc" }); // as an editor abbreviates it
  await says(`${locale}: what is no key`, page.locator("#said.bad"), languages[locale].odd);
  ignored.delete(401);

  // What the network does is no fault of what was given, and what was is not marked while it is mended.
  const marked = page.locator("#credential [aria-invalid]");
  check(`${locale}: what is no key is marked`, (await marked.count()) === 1);
  await page.locator("#credential [name=token]").fill("eyJ");
  check(`${locale}: what is being mended is not marked`, (await marked.count()) === 0);
  await page.route("**/api/locations?*", (route) => route.abort(), { times: 1 });
  await give(page, "token", { token: "eyJabc" });
  await says(`${locale}: no network`, page.locator("#said.bad"), languages[locale].unreachable);
  check(`${locale}: the network is not the field's fault`, (await marked.count()) === 0);
  faults.splice(0); // which is what was wanted
}

// signIn signs in as the user, and asserts that the page says so.
async function signIn(page, locale) {
  await give(page, "user", { email: EMAIL, password: PASSWORD });
  await says(`${locale}: who is signed in`, page.locator("#held"), `${languages[locale].signedIn} ${EMAIL}`);
}

// drop takes a credential back.
async function drop(page) {
  await page.locator("#held button").click();
  await page.locator("#held").waitFor({ state: "hidden" });
}

// everyCredential tries the API with each kind of credential, and with none.
async function everyCredential({ page, faults, ignored }, locale) {
  await signIn(page, locale);
  const read = await opened(page, "Inventory-getInventoryItem");
  await calm(`${locale}: operation`, page, faults);
  await read.locator(".try-out__btn").click();
  const before = await answered("as the user", read, "Authorization: Bearer");
  await screenshot(page, `docs-${locale}-tried`);
  await calm(`${locale}: tried`, page, faults);

  // What is written is there.
  const counted = quantityOf(before) + 3;
  const write = await opened(page, "Stock_changes-updateInventoryLevel");
  await write.locator(".try-out__btn").click();
  const body = { inventoryItemId: item, locationId: place, stockedQuantity: counted, reason: "cycleCount" };
  await write.locator("textarea.body-param__text").fill(JSON.stringify(body));
  await answered("a count", write, "Authorization: Bearer");
  const after = quantityOf(await answered("after the count", read, "Authorization: Bearer"));
  check("the count is read back", after === counted, `${after}, not ${counted}`);

  await drop(page);
  ignored.add(401);
  const refused = await run(read);
  check("without a credential it is refused", refused.status.startsWith("401"), refused.status);
  await give(page, "token", { token: "sk_nobody" });
  await says("a key that nobody knows", page.locator("#said.bad"), /^Send a Medusa user's token .* that Medusa accepts\.$/);
  await calm(`${locale}: signed out`, page, faults);
  ignored.delete(401);

  await give(page, "token", { token: await newToken() });
  await says("a pasted token", page.locator("#held"), `Signed in as ${EMAIL}`);
  await answered("with a pasted token", read, "Authorization: Bearer");
  await drop(page);

  await give(page, "token", { token: SECRET });
  await says("a secret key", page.locator("#held"), `Signed in as ${SECRET.slice(0, 6)}…`);
  await answered("with a secret key", read, "Authorization: Basic");
  const kept = await page.evaluate(() => JSON.stringify([{ ...sessionStorage }, { ...window.localStorage }]));
  check("a secret key is not kept", !kept.includes(SECRET), kept);
  await drop(page);

  await give(page, "publishable", { publishable: KEY });
  await says("a publishable key", page.locator("#held"), `Publishable key ${KEY.slice(0, 6)}…`);
  const available = await opened(page, "Availability-getStoreAvailability");
  await available.locator(".try-out__btn").click();
  await answered("with a publishable key", available, "x-publishable-api-key");
  await calm(`${locale}: with a publishable key`, page, faults);
  await drop(page);
}

async function newToken() {
  const answer = await fetch(`${GATEWAY}auth/user/emailpass`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ email: EMAIL, password: PASSWORD }),
  });
  return (await answer.json()).token;
}

// opened is an operation, opened.
async function opened(page, id) {
  const operation = page.locator(`[id="operations-${id}"]`);
  await operation.locator(".opblock-summary-control").click();
  await operation.locator(".try-out__btn").waitFor();
  return operation;
}

// run sends an operation and returns the status and the body that came.
async function run(operation) {
  const clear = operation.locator(".btn-clear");
  if (await clear.isVisible()) await clear.click(); // so that no older answer is read
  await operation.locator(".execute").click();
  const answer = operation.locator(".live-responses-table tbody tr.response");
  const body = answer.locator(".highlight-code code").first();
  await body.waitFor();
  return { status: (await answer.locator(".response-col_status").first().innerText()).trim(), body: await body.innerText() };
}

// answered is what an operation answers that is sent and goes well; the command to repeat it carries a credential.
async function answered(name, operation, credential) {
  const { status, body } = await run(operation);
  check(`${name}: the status`, status.startsWith("200"), `${status} ${body}`);
  await says(`${name}: the command to repeat it`, operation.locator(".curl"), credential);
  return body;
}

// quantityOf is what a body says is at the place.
function quantityOf(body) {
  return JSON.parse(body).item.locationLevels.find(({ locationId }) => locationId === place).stockedQuantity;
}

// listen hears what the stream says at first.
async function listen({ page, faults }, locale) {
  await signIn(page, locale);
  const operation = await opened(page, "Live_stock-followInventory");
  await operation.locator(".try-out__btn").click();
  const { status, body } = await run(operation);
  check(`${locale}: the stream`, status.startsWith("200") && body.includes('"type":"subscribed"'), `${status} ${body}`);
  await calm(`${locale}: stream`, page, faults);
}

async function onADesk({ page, faults }, locale) {
  await page.setViewportSize(desk);
  await page.evaluate(() => window.scrollTo(0, 0));
  await screenshot(page, `docs-${locale}-1440`);
  await calm(`${locale}: on a desk`, page, faults);
  if (locale !== "en") return;
  await page.emulateMedia({ colorScheme: "dark" });
  await screenshot(page, `docs-${locale}-1440-dark`);
  await calm(`${locale}: in the dark`, page, faults);
}

// Who is signed in at the reference is signed in at the board, and the reverse, until the session is over.
async function oneSession({ page, faults, ignored }, locale) {
  await signIn(page, locale);
  await page.getByRole("link", { name: languages[locale].board }).click();
  await page.locator(".product").first().waitFor();
  await says("the same at the board", page.locator("#who"), EMAIL);
  await page.click("#sign-out");
  await page.fill("#email", EMAIL);
  await page.fill("#password", PASSWORD);
  await page.keyboard.press("Enter");
  await page.locator(".product").first().waitFor();
  await page.goto(`${GATEWAY}docs`);
  await says("the same at the reference", page.locator("#held"), `Signed in as ${EMAIL}`);

  // The session ends while something is tried.
  ignored.add(401);
  const read = await opened(page, "Inventory-getInventoryItem");
  await read.locator(".try-out__btn").click();
  await page.route(`**/api/inventory/${item}*`, (route) => route.fulfill({ status: 401, json: { status: 401 } }), { times: 1 });
  await run(read);
  await says("a session that ends", page.locator("#said"), "Your session is over");
  check("who was signed in is not any more", await page.locator("#held").isHidden());
  await signIn(page, locale);
  await answered("signed in again", read, "Authorization: Bearer");

  await page.evaluate(() => sessionStorage.setItem("cannahub-token", "over"));
  await page.reload();
  await says("a session that is over", page.locator("#said"), "Your session is over");
  check("nobody is signed in any more", await page.locator("#held").isHidden());
  check("one session: faults", faults.length === 0, faults.join("\n  "));
}
