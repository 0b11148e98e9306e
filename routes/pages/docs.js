// The API reference: Swagger UI over this gateway's OpenAPI document, with a box for the credential that every request carries
// which is tried here.

const texts = JSON.parse(document.getElementById('texts').textContent)
const here = new URL('.', location.href) // where the gateway is, also below a path of a proxy
const $ = (selector) => document.querySelector(selector)

// ---- the credential ----

// What is held is forgotten with the tab.
const drawer = 'cannahub.docs.credential'
const held = JSON.parse(sessionStorage.getItem(drawer) ?? '{}')
let ui

function hold(kind, credential) {
  if (credential) held[kind] = credential
  else delete held[kind]
  sessionStorage.setItem(drawer, JSON.stringify(held))
  carry()
  showHeld()
}

// carry has Swagger UI send what is held, and nothing else.
function carry() {
  if (!ui) return
  const carried = ui.authSelectors.authorized()
  if (carried?.size) ui.authActions.logout(carried.keySeq().toArray())
  if (held.user?.token) ui.preauthorizeApiKey('token', held.user.token)
  if (held.user?.secret) ui.preauthorizeBasic('secretKey', held.user.secret, '')
  if (held.publishable) ui.preauthorizeApiKey('publishableKey', held.publishable.key)
}

function showHeld() {
  const entry = (kind, label, name, action) => {
    if (!held[kind]) return []
    const button = Object.assign(document.createElement('button'), { type: 'button', className: 'button small', textContent: action })
    button.addEventListener('click', () => {
      hold(kind, null)
      say('')
      $('#credential input:checked').focus()
    })
    const line = document.createElement('li')
    line.append(`${label} `, Object.assign(document.createElement('strong'), { textContent: name }), button)
    return [line]
  }
  $('#held').replaceChildren(
    ...entry('user', texts.signedIn, held.user?.name, texts.signOut),
    ...entry('publishable', texts.publishable, held.publishable?.name, texts.remove),
  )
  $('#held').hidden = !held.user && !held.publishable
}

function say(text, kind = '') {
  $('#said').className = text && `notice ${kind}`
  $('#said').textContent = text
}

// refusal is why an answer is none, in words; '' where it is one.
async function refusal(answer, unauthorized) {
  if (answer.ok) return ''
  if (answer.status === 401 && unauthorized) return unauthorized
  const said = await answer.json().catch(() => ({}))
  return said.detail ?? said.message ?? texts.failed
}

const ask = (path, options) => fetch(new URL(path, here), options)
const json = (body, headers = {}) => ({ method: 'POST', headers: { 'Content-Type': 'application/json', ...headers }, body: JSON.stringify(body) })
const brief = (key) => (key.length > 12 ? `${key.slice(0, 6)}…${key.slice(-4)}` : key)

// actorOf is whose a token is, as far as can be read from it.
function actorOf(token) {
  try {
    return JSON.parse(atob(token.split('.')[1].replaceAll('-', '+').replaceAll('_', '/'))).actor_id ?? brief(token)
  } catch {
    return brief(token)
  }
}

// ways are how each kind of credential is taken: they ask the gateway whether it is good, and say why not.
const ways = {
  async user({ email, password }) {
    const answer = await ask('auth/user/emailpass', json({ email, password }))
    const why = await refusal(answer, texts.passwordRefused)
    if (why) return why
    const { token } = await answer.json()
    if (!token) return texts.noToken
    hold('user', { name: email, token })
    return ''
  },
  async token({ token }) {
    const secret = token.startsWith('sk_')
    const answer = await ask('api/locations?limit=1', { headers: { Authorization: secret ? `Basic ${btoa(`${token}:`)}` : `Bearer ${token}` } })
    const why = answer.status === 403 ? '' : await refusal(answer) // known, and allowed other things perhaps
    if (!why) hold('user', secret ? { name: brief(token), secret: token } : { name: actorOf(token), token })
    return why
  },
  async publishable({ publishable }) {
    const question = { items: [{ inventory_item_id: '-', required_quantity: 1 }] }
    const why = await refusal(await ask('store/inventory-items/availability', json(question, { 'x-publishable-api-key': publishable })))
    if (!why) hold('publishable', { name: brief(publishable), key: publishable })
    return why
  },
}

function chooseWay() {
  const chosen = $('#credential input:checked').value
  for (const fields of document.querySelectorAll('#credential [data-way]')) fields.hidden = fields.dataset.way !== chosen
  say('')
}

async function takeCredential(event) {
  event.preventDefault()
  const form = event.target
  const way = new FormData(form).get('way')
  const fields = [...form.querySelectorAll(`[data-way="${way}"] input`)]
  for (const field of fields) field.toggleAttribute('aria-invalid', false)
  const given = Object.fromEntries(fields.map((field) => [field.name, field.type === 'password' && field.name === 'password' ? field.value : field.value.trim()]))
  const empty = fields.find((field) => !given[field.name])
  let why = empty ? texts.missing : ''
  if (!empty) {
    form.inert = true
    try {
      why = await ways[way](given)
    } catch {
      why = texts.unreachable
    }
    form.inert = false
  }
  if (!why) {
    for (const field of fields) field.value = ''
    say(texts.taken, 'good')
    return
  }
  say(why, 'bad')
  for (const field of empty ? [empty] : fields) field.setAttribute('aria-invalid', 'true')
  ;(empty ?? fields.at(-1)).focus()
}

$('#credential').addEventListener('submit', takeCredential)
$('#credential').addEventListener('change', (event) => event.target.name === 'way' && chooseWay())
chooseWay()
showHeld()

// ---- the document, as it is shown ----

const schemes = { token: texts.aToken, secretKey: texts.aSecretKey, publishableKey: texts.aPublishableKey }

// shown is the document with what Swagger UI does not show by itself. Examples of what need not be sent are told in words:
// it would fill them in, and so send one Idempotency-Key with everything, or ask for nobody's batch.
function shown(document) {
  const tell = (parameter) => {
    if (parameter.required || parameter.example === undefined) return
    parameter.description = `${parameter.description ?? ''} (${texts.example}: \`${[parameter.example].flat().join(', ')}\`)`
    delete parameter.example
  }
  Object.values(document.components.parameters).forEach(tell)
  for (const path of Object.values(document.paths)) {
    for (const [method, operation] of Object.entries(path)) {
      if (method === 'parameters') {
        operation.forEach(tell)
        continue
      }
      operation.parameters?.forEach(tell)
      const names = (operation.security ?? document.security).flatMap(Object.keys).map((name) => schemes[name]).filter(Boolean)
      operation.description = `${operation.description ?? ''}\n\n**${texts.needs}:** ${names.join(', ') || texts.nothing}`
    }
  }
  return { ...document, servers: [{ url: here.href.replace(/\/$/, '') }] }
}

// ---- what is changed about Swagger UI ----

const stream = '/api/inventory/stream'
const streamTime = 5000 // ms

// listen is a fetch of the stream for a moment: it has no end that Swagger UI could wait for.
async function listen(address, options) {
  const answer = await fetch(address, options)
  if (!answer.ok) return answer
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader()
  const timer = setTimeout(() => reader.cancel(), streamTime)
  let heard = ''
  for (let part = await reader.read(); !part.done; part = await reader.read()) heard += part.value
  clearTimeout(timer)
  return new Response(heard, { status: answer.status, statusText: answer.statusText, headers: answer.headers })
}

function plugin({ React }) {
  const make = React.createElement

  // The long introduction of the document, a part at a time.
  const Guide = ({ specSelectors, getComponent }) => {
    const Markdown = getComponent('Markdown', true)
    const info = specSelectors.info()
    const parts = info.get('description').split(/^## /m).filter((part) => part.trim())
    return make('section', { className: 'guide', 'aria-label': texts.guide },
      make('p', null, make('strong', null, `${info.get('title')} ${info.get('version')}`), ` ${info.get('summary') ?? ''}`),
      make('details', null,
        make('summary', null, make('span', null, texts.guide), make('small', null, texts.guideIs)),
        make('div', { className: 'parts' }, parts.map((part) => {
          const [title, ...lines] = part.split('\n')
          return make('details', { key: title }, make('summary', null, title), make(Markdown, { source: lines.join('\n') }))
        }))))
  }

  const Filter = ({ layoutSelectors, layoutActions }) => {
    const phrase = layoutSelectors.currentFilter()
    return make('label', { className: 'field filter' }, make('span', null, texts.filter), make('input', {
      type: 'search', value: typeof phrase === 'string' ? phrase : '', onChange: (event) => layoutActions.updateFilter(event.target.value),
    }))
  }

  // What is wanted first is what comes of it when all goes well.
  const Responses = (Original) => function Responses(props) {
    const [all, showAll] = React.useState(false)
    const isRefusal = (_, status) => !/^[12]/.test(status)
    const refusals = props.responses.filter(isRefusal)
    return make(React.Fragment, null,
      make(Original, { ...props, responses: all ? props.responses : props.responses.filterNot(isRefusal) }),
      refusals.size > 0 && make('p', { className: 'refusals' },
        make('button', { type: 'button', className: 'button small', 'aria-expanded': all, onClick: () => showAll(!all) },
          `${all ? texts.hideRefusals : texts.showRefusals} (${refusals.keySeq().join(', ')})`)))
  }

  const Headers = (Original) => (props) => make('details', { className: 'headers' }, make('summary', null, texts.headers), make(Original, props))

  const nothing = () => () => null
  return {
    // By everything that is seen of an operation, not by its tag alone.
    fn: {
      opsFilter: (tags, phrase) => {
        const words = phrase.toLowerCase().split(/\s+/)
        const fits = (tag) => (entry) => {
          const text = [tag, entry.get('method'), entry.get('path'), entry.getIn(['operation', 'summary']), entry.getIn(['operation', 'operationId'])].join(' ').toLowerCase()
          return words.every((word) => text.includes(word))
        }
        return tags.map((tag, name) => tag.update('operations', (all) => all.filter(fits(name)))).filter((tag) => tag.get('operations').size > 0)
      },
    },
    wrapComponents: {
      InfoContainer: () => Guide,
      FilterContainer: () => Filter,
      // A link must not be in the button that opens an operation, which keeps the address itself.
      DeepLink: () => ({ text }) => make('span', null, text),
      responses: Responses, headers: Headers,
      // There is one server, and the credential has its box above.
      ServersContainer: nothing, SchemesContainer: nothing, AuthorizeBtnContainer: nothing, authorizeOperationBtn: nothing,
    },
    statePlugins: {
      // A WebSocket is opened by no fetch.
      spec: { wrapSelectors: { allowTryItOutFor: () => (state, path) => path !== '/ws' } },
    },
  }
}

// mend gives names to what Swagger UI leaves without, and lets the keyboard scroll what scrolls.
function mend() {
  const set = (selector, attribute, value) => {
    for (const element of $('#reference').querySelectorAll(`${selector}:not([${attribute}])`)) element.setAttribute(attribute, value)
  }
  set(':is(pre, .renderedMarkdown table)', 'tabindex', '0')
  set('.copy-to-clipboard button', 'aria-label', texts.copy)
  set('select.examples-select-element', 'aria-label', texts.examples)
  set('textarea.body-param__text', 'aria-label', texts.body)
  for (const row of $('#reference').querySelectorAll('tr[data-param-name]')) { // of lists, each input
    for (const field of row.querySelectorAll(':is(input, select, textarea):not([aria-label])')) field.setAttribute('aria-label', row.dataset.paramName)
  }
  // It is a table, and no landmark; there would be many.
  for (const table of $('#reference').querySelectorAll('table[role="region"]')) table.removeAttribute('role')
}

async function showReference() {
  let document
  try {
    const answer = await ask('openapi.json')
    if (!answer.ok) throw new Error(String(answer.status))
    document = await answer.json()
  } catch {
    $('#reference').textContent = texts.unreachable
    return
  }
  $('#reference').replaceChildren()
  new MutationObserver(mend).observe($('#reference'), { childList: true, subtree: true })
  ui = window.SwaggerUIBundle({
    domNode: $('#reference'), spec: shown(document), plugins: [plugin],
    deepLinking: true, docExpansion: 'list', filter: true, defaultModelsExpandDepth: 0, displayRequestDuration: true,
    persistAuthorization: false, requestSnippetsEnabled: true, tryItOutEnabled: false, validatorUrl: null, withCredentials: false,
    requestSnippets: { generators: { curl_bash: { title: 'curl', syntax: 'bash' } }, defaultExpanded: true, languages: ['curl_bash'] },
    requestInterceptor: (request) => {
      if (new URL(request.url, here).pathname === new URL(`.${stream}`, here).pathname) request.userFetch = listen
      return request
    },
    onComplete: () => carry(),
  })
}

showReference()
