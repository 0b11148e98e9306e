// The API reference, as a developer meets it: in each language, on a phone and on a desk, in light and in dark; read, signed
// in and tried. GATEWAY is the gateway's address, EMAIL and PASSWORD are a Medusa user's, PRODUCT the id of a product of
// that Medusa, whose name is NAME.
import { calm, check, open, screenshot, visit } from './browser.mjs'

const { GATEWAY, EMAIL, PASSWORD, PRODUCT, NAME } = process.env

const languages = {
  en: { home: 'The stock of a Medusa shop', title: 'API reference', refused: 'Medusa does not accept this e-mail and password.', signedIn: 'Signed in as' },
  es: { home: 'El stock de una tienda Medusa', title: 'Referencia de la API', refused: 'Medusa no acepta este correo y esta contraseña.', signedIn: 'Sesión iniciada como' },
  de: { home: 'Der Bestand eines Medusa-Shops', title: 'API-Referenz', refused: 'Medusa nimmt diese E-Mail und dieses Passwort nicht an.', signedIn: 'Angemeldet als' },
}
const widths = [390, 1440]

// read opens the reference as somebody who comes by the front page.
async function read(page, faults, name, said) {
  await page.goto(GATEWAY)
  check(`${name}: the front page`, (await page.textContent('main')).includes(said.home))
  await calm(`${name}, front page`, page, faults)
  await page.getByRole('link', { name: said.title }).click()
  await page.locator('.opblock').first().waitFor()
  check(`${name}: the title`, (await page.textContent('h1')) === said.title, await page.textContent('h1'))
  check(`${name}: operations`, (await page.locator('.opblock').count()) > 30)
  await screenshot(page, `docs-${name}`)
  await calm(`${name}, reference`, page, faults)
}

// signIn signs in with a wrong password and then with the right one.
async function signIn(page, faults, ignored, name, said) {
  const form = page.locator('#credential')
  ignored.add(401)
  await form.locator('[name=email]').fill(EMAIL)
  await form.locator('[name=password]').fill('not the password')
  await form.locator('[data-way=user] button').click()
  await page.locator('#said.bad').waitFor()
  check(`${name}: the refusal`, (await page.textContent('#said')) === said.refused, await page.textContent('#said'))
  await screenshot(page, `docs-${name}-refused`)
  await calm(`${name}, refused`, page, faults)
  ignored.delete(401)
  await form.locator('[name=password]').fill(PASSWORD)
  await form.locator('[data-way=user] button').click()
  await page.locator('#held li').waitFor()
  check(`${name}: who is signed in`, (await page.textContent('#held')).includes(`${said.signedIn} ${EMAIL}`), await page.textContent('#held'))
}

// opened is an operation, opened.
async function opened(page, id) {
  const operation = page.locator(`[id="operations-${id}"]`)
  await operation.locator('.opblock-summary-control').click()
  await operation.locator('.try-out__btn').waitFor()
  return operation
}

// run sends an operation and returns the status and the body that came.
async function run(operation) {
  await operation.locator('.execute').click()
  const answer = operation.locator('.live-responses-table tbody tr.response')
  await answer.locator('.highlight-code').first().waitFor()
  return { status: (await answer.locator('.response-col_status').first().innerText()).trim(), body: await answer.locator('.highlight-code').first().innerText() }
}

// tryOut asks for a product with its stock.
async function tryOut(page, faults, name) {
  const operation = await opened(page, 'Products-getProductWithInventory')
  await calm(`${name}, operation`, page, faults)
  await operation.locator('.try-out__btn').click()
  await operation.locator('tr[data-param-name=id] input').fill(PRODUCT)
  const { status, body } = await run(operation)
  check(`${name}: the status of what is tried`, status.startsWith('200'), `${status} ${body}`)
  check(`${name}: the answer to what is tried`, body.includes(NAME) && body.includes('totalInventoryGrams'), body)
  check(`${name}: the command to repeat it`, (await operation.locator('.curl').innerText()).includes('Authorization: Bearer'))
  await operation.locator('.live-responses-table').scrollIntoViewIfNeeded()
  await screenshot(page, `docs-${name}-tried`)
  await calm(`${name}, tried`, page, faults)
}

// listen hears what the stream says at first.
async function listen(page, faults, name) {
  const operation = await opened(page, 'Live_stock-followInventory')
  await operation.locator('.try-out__btn').click()
  const { status, body } = await run(operation)
  check(`${name}: the stream`, status.startsWith('200') && body.includes('"type":"subscribed"'), `${status} ${body}`)
  await calm(`${name}, stream`, page, faults)
}

// leave signs out, after which what is tried is refused.
async function leave(page, faults, ignored, name) {
  await page.locator('#held button').click()
  check(`${name}: nobody is signed in`, await page.locator('#held').isHidden())
  const operation = page.locator('[id="operations-Products-getProductWithInventory"]')
  ignored.add(401)
  await operation.locator('.execute').click()
  await operation.locator('.live-responses-table .response-col_status', { hasText: '401' }).first().waitFor()
  await calm(`${name}, signed out`, page, faults)
}

await open(async (browser) => {
  for (const [locale, said] of Object.entries(languages)) {
    for (const width of widths) {
      const name = `${locale}-${width}`
      const { page, faults, ignored, context } = await visit(browser, { locale, width })
      await read(page, faults, name, said)
      if (width === widths[0]) await signIn(page, faults, ignored, name, said)
      if (name === 'es-390') {
        await tryOut(page, faults, name)
        await listen(page, faults, name)
        await leave(page, faults, ignored, name)
      }
      await context.close()
    }
  }
  const name = 'en-1440-dark'
  const { page, faults, ignored } = await visit(browser, { locale: 'en', dark: true })
  await read(page, faults, name, languages.en)
  await signIn(page, faults, ignored, name, languages.en)
  await tryOut(page, faults, name)
})
