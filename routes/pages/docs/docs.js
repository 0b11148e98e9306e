// The API reference: Swagger UI over this gateway's OpenAPI document. What is tried in it carries the credentials of the box.
import { $ } from "../dom.js";
import { ask, endSession, token } from "../session.js";
import { language, t } from "../text.js";
import { held, whenHeld } from "./credential.js";

const here = new URL(".", location.href); // where the gateway is, also below a path of a proxy
let ui;

// carry has Swagger UI send what is held, and nothing else.
function carry() {
  const carried = ui.authSelectors.authorized();
  if (carried?.size) ui.authActions.logout(carried.keySeq().toArray());
  const { token, secret, publishable } = held();
  if (token) ui.preauthorizeApiKey("token", token);
  if (secret) ui.preauthorizeBasic("secretKey", secret, "");
  if (publishable) ui.preauthorizeApiKey("publishableKey", publishable);
}

// ---- the document, as it is shown ----

const schemes = { token: t("aToken"), secretKey: t("aSecretKey"), publishableKey: t("aPublishableKey") };

// own marks what the page says in its own language in the midst of the document, which is in English.
const own = (text) => `<span lang="${language}">${text}</span>`;

// shown is the document with what Swagger UI does not show by itself. Examples of what need not be sent are told in words:
// it would fill them in, and so send one Idempotency-Key with everything, or ask for nobody's batch.
function shown(document) {
  const tell = (parameter) => {
    if (parameter.required || parameter.example === undefined) return;
    parameter.description = `${parameter.description ?? ""} (${own(t("example"))}: \`${[parameter.example].flat().join(", ")}\`)`;
    delete parameter.example;
  };
  Object.values(document.components.parameters).forEach(tell);
  for (const path of Object.values(document.paths)) {
    for (const [method, operation] of Object.entries(path)) {
      if (method === "parameters") {
        operation.forEach(tell);
        continue;
      }
      operation.parameters?.forEach(tell);
      const names = (operation.security ?? document.security)
        .flatMap(Object.keys)
        .map((name) => schemes[name])
        .filter(Boolean);
      operation.description = `${operation.description ?? ""}\n\n${own(`**${t("needs")}:** ${names.join(", ") || t("nothing")}`)}`;
    }
  }
  return { ...document, servers: [{ url: here.href.replace(/\/$/, "") }] };
}

// ---- what is changed about Swagger UI ----

const stream = "/api/inventory/stream";
const streamTime = 5000; // ms

// send is the fetch of what is tried. It notices when the token that it carries is no good any more.
async function send(address, options) {
  const isStream = new URL(address, here).pathname === new URL(`.${stream}`, here).pathname;
  const answer = await (isStream ? listen : fetch)(address, options);
  if (answer.status === 401 && options.headers.Authorization === `Bearer ${token()}`) endSession();
  return answer;
}

// listen is a fetch of the stream for a moment: it has no end that Swagger UI could wait for.
async function listen(address, options) {
  const answer = await fetch(address, options);
  if (!answer.ok) return answer;
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  const timer = setTimeout(() => reader.cancel(), streamTime);
  let heard = "";
  for (let part = await reader.read(); !part.done; part = await reader.read()) heard += part.value;
  clearTimeout(timer);
  return new Response(heard, { status: answer.status, statusText: answer.statusText, headers: answer.headers });
}

function plugin({ React }) {
  const make = React.createElement;

  // The long introduction of the document, a part at a time.
  const Guide = ({ specSelectors, getComponent }) => {
    const Markdown = getComponent("Markdown", true);
    const info = specSelectors.info();
    const parts = info
      .get("description")
      .split(/^## /m)
      .filter((part) => part.trim());
    return make(
      "section",
      { className: "guide", lang: language, "aria-label": t("guide") },
      make("p", { lang: "en" }, make("strong", null, `${info.get("title")} ${info.get("version")}`), ` ${info.get("summary") ?? ""}`),
      make(
        "details",
        null,
        make("summary", null, make("span", null, t("guide")), make("small", null, t("guideIs"))),
        make(
          "div",
          { className: "parts", lang: "en" },
          parts.map((part) => {
            const [title, ...lines] = part.split("\n");
            return make("details", { key: title }, make("summary", null, title), make(Markdown, { source: lines.join("\n") }));
          }),
        ),
      ),
    );
  };

  const Filter = ({ layoutSelectors, layoutActions }) => {
    const phrase = layoutSelectors.currentFilter();
    return make(
      "label",
      { className: "field filter", lang: language },
      make("span", null, t("filter")),
      make("input", {
        type: "search",
        value: typeof phrase === "string" ? phrase : "",
        onChange: (event) => layoutActions.updateFilter(event.target.value),
      }),
    );
  };

  // What is wanted first is what comes of it when all goes well.
  const Responses = (Original) =>
    function Responses(props) {
      const [all, showAll] = React.useState(false);
      const isRefusal = (_, status) => !/^[12]/.test(status);
      const refusals = props.responses.filter(isRefusal);
      return make(
        React.Fragment,
        null,
        make(Original, { ...props, responses: all ? props.responses : props.responses.filterNot(isRefusal) }),
        refusals.size > 0 &&
          make(
            "p",
            { className: "refusals", lang: language },
            make(
              "button",
              { type: "button", className: "button small", "aria-expanded": all, onClick: () => showAll(!all) },
              `${all ? t("hideRefusals") : t("showRefusals")} (${refusals.keySeq().join(", ")})`,
            ),
          ),
      );
    };

  const Headers = (Original) => (props) =>
    make("details", { className: "headers" }, make("summary", { lang: language }, t("headers")), make(Original, props));

  const nothing = () => () => null;
  return {
    // By everything that is seen of an operation, not by its tag alone.
    fn: {
      opsFilter: (tags, phrase) => {
        const words = phrase.toLowerCase().split(/\s+/);
        const fits = (tag) => (entry) => {
          const text = [
            tag,
            entry.get("method"),
            entry.get("path"),
            entry.getIn(["operation", "summary"]),
            entry.getIn(["operation", "operationId"]),
          ]
            .join(" ")
            .toLowerCase();
          return words.every((word) => text.includes(word));
        };
        return tags
          .map((tag, name) => tag.update("operations", (all) => all.filter(fits(name))))
          .filter((tag) => tag.get("operations").size > 0);
      },
    },
    wrapComponents: {
      InfoContainer: () => Guide,
      FilterContainer: () => Filter,
      // A link must not be in the button that opens an operation, which keeps the address itself.
      DeepLink:
        () =>
        ({ text }) =>
          make("span", null, text),
      responses: Responses,
      headers: Headers,
      // There is one server, and the credential has its box above.
      ServersContainer: nothing,
      SchemesContainer: nothing,
      AuthorizeBtnContainer: nothing,
      authorizeOperationBtn: nothing,
    },
    statePlugins: {
      // A WebSocket is opened by no fetch.
      spec: { wrapSelectors: { allowTryItOutFor: () => (state, path) => path !== "/ws" } },
    },
  };
}

// mend gives names to what Swagger UI leaves without, and lets the keyboard scroll what scrolls.
function mend() {
  const set = (selector, attribute, value) => {
    for (const element of $("reference").querySelectorAll(`${selector}:not([${attribute}])`)) element.setAttribute(attribute, value);
  };
  set(":is(pre, .renderedMarkdown table)", "tabindex", "0");
  for (const [selector, label] of [
    [".copy-to-clipboard button", t("copy")],
    ["select.examples-select-element", t("examples")],
    ["textarea.body-param__text", t("body")],
  ]) {
    set(selector, "aria-label", label);
    set(selector, "lang", language);
  }
  set("select.examples-select-element option", "lang", "en");
  for (const row of $("reference").querySelectorAll("tr[data-param-name]")) {
    // of lists, each input
    for (const field of row.querySelectorAll(":is(input, select, textarea):not([aria-label])"))
      field.setAttribute("aria-label", row.dataset.paramName);
  }
  // It is a table, and no landmark; there would be many.
  for (const table of $("reference").querySelectorAll('table[role="region"]')) table.removeAttribute("role");
}

async function showReference() {
  let document;
  try {
    document = await ask("openapi.json", { credentials: {} });
  } catch (refusal) {
    $("reference").lang = language;
    $("reference").textContent = refusal.message;
    return;
  }
  $("reference").replaceChildren();
  new MutationObserver(mend).observe($("reference"), { childList: true, subtree: true });
  ui = window.SwaggerUIBundle({
    domNode: $("reference"),
    spec: shown(document),
    plugins: [plugin],
    deepLinking: true,
    docExpansion: "list",
    filter: true,
    defaultModelsExpandDepth: 0,
    displayRequestDuration: true,
    persistAuthorization: false,
    requestSnippetsEnabled: true,
    tryItOutEnabled: false,
    validatorUrl: null,
    withCredentials: false,
    requestSnippets: { generators: { curl_bash: { title: "curl", syntax: "bash" } }, defaultExpanded: true, languages: ["curl_bash"] },
    requestInterceptor: (request) => {
      request.userFetch = send;
      return request;
    },
    onComplete: () => whenHeld(carry),
  });
}

showReference();
