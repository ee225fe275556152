// Starts the real binary with a folder of its own on free ports, and stops it by its process.
import { execFile, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { until } from './until.mjs';

const run = promisify(execFile);

/**
 * What `gate dev` writes once it serves.
 * @typedef {{ base_url: string, shop_url: string, partner_id: string, secret_key: string,
 *   publishable_key: string, webhook_secret: string, mode: string }} Ready
 *
 * @typedef {Ready & { log: () => string, stop: () => Promise<void>,
 *   command: (...args: string[]) => Promise<string> }} Gate
 */

/** @param {string[]} [more] further arguments of `gate dev` @returns {Promise<Gate>} */
export async function startGate(more = []) {
  const folder = await mkdtemp(join(tmpdir(), 'gate-e2e-'));
  const readyFile = join(folder, 'ready.json');
  const nowhere = '127.0.0.1:0';
  const child = spawn(
    findBinary(),
    ['dev', '--data-dir', join(folder, 'data'), '--listen', nowhere, '--shop-listen', nowhere]
      .concat(['--ready-file', readyFile, '--rate-limit', 'off'])
      .concat(more),
    { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, NO_COLOR: '1' } },
  );
  let log = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text) => {
      log += text;
    });
  }
  const ended = new Promise((resolve) => child.once('close', resolve));
  child.once('error', (error) => {
    log += String(error);
  });

  async function stop() {
    child.kill('SIGTERM');
    const patience = setTimeout(() => child.kill('SIGKILL'), 10_000);
    await ended;
    clearTimeout(patience);
    await rm(folder, { recursive: true, force: true });
  }

  try {
    await until('the gateway is ready', () => {
      if (child.exitCode !== null) throw new Error('the gateway ended before it was ready');
      return existsSync(readyFile);
    });
    /** @type {Ready} */
    const ready = JSON.parse(await readFile(readyFile, 'utf8'));
    /** What an operator types: `gate` with these arguments, on this gateway. */
    const command = async (/** @type {string[]} */ ...args) => {
      const place = ['--data-dir', join(folder, 'data')];
      const env = { ...process.env, USER: 'operator' };
      return (await run(findBinary(), [...args, ...place], { env })).stdout;
    };
    return { ...ready, log: () => log, stop, command };
  } catch (error) {
    await stop();
    throw new Error(`${error}\n${log}`);
  }
}

function findBinary() {
  const target = fileURLToPath(new URL('../../../target/', import.meta.url));
  const places = [join(target, 'release/gate'), join(target, 'debug/gate')];
  const found = process.env.GATE_BIN ?? places.find((place) => existsSync(place));
  if (!found) throw new Error('there is no gate binary yet: cargo build -p gate-cli');
  return found;
}
