// What JavaScript is looked through for: names that are not there, and what does nothing.
const names =
  "AbortController CSS Event FormData MutationObserver Response TextDecoderStream URL atob btoa clearTimeout confirm crypto document " +
  "fetch location sessionStorage setInterval setTimeout window";
const ofNode = "console process";

const globals = (list) => Object.fromEntries(list.split(" ").map((name) => [name, "readonly"]));

const rules = {
  eqeqeq: ["error", "always", { null: "ignore" }],
  "no-const-assign": "error",
  "no-dupe-keys": "error",
  "no-fallthrough": "error",
  "no-redeclare": "error",
  "no-self-assign": "error",
  "no-undef": "error",
  "no-unreachable": "error",
  "no-unused-vars": "error",
  "no-useless-escape": "error",
  "no-var": "error",
  "prefer-const": "error",
};

export default [
  { files: ["routes/pages/**/*.js"], languageOptions: { globals: globals(names) }, rules },
  { files: ["testdata/clients/*.{js,mjs}"], languageOptions: { globals: globals(`${names} ${ofNode}`) }, rules },
];
