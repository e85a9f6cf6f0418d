/** A real browser for tests: finds it, drives it over a pipe (no port), sees everything it loads and complains about. */
import { type ChildProcess, spawn } from 'node:child_process';
import { accessSync, constants, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import type { TestContext } from 'node:test';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome'];
const SUFFIXES = process.platform === 'win32' ? ['.exe', ''] : [''];
const STEP_LIMIT_MS = 30_000;

/** Path of the browser on PATH; undefined when there is none. */
export function findChromium(): string | undefined {
  const folders = (process.env['PATH'] ?? '').split(delimiter);
  const candidates = NAMES.flatMap((name) =>
    folders.flatMap((folder) => SUFFIXES.map((end) => join(folder, name + end))),
  );
  return candidates.find(isExecutable);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    // Not there, or not ours to run: the next candidate.
    return false;
  }
}

/** The browser, or a skipped test that names what is missing. On CI a missing browser is a failure. */
export function requireChromium(test: TestContext): string | undefined {
  const path = findChromium();
  if (path !== undefined) return path;
  const missing = `no browser on PATH: looked for ${NAMES.join(', ')}`;
  if (process.env['CI'] === 'true') throw new Error(missing);
  test.skip(missing);
  return undefined;
}

export type PageOptions = {
  readonly widthPx: number;
  readonly heightPx?: number;
  readonly dark?: boolean;
  readonly media?: 'screen' | 'print';
  readonly scripts?: boolean;
};
export type PageView = {
  /** Every address that was asked for, the page itself first. */
  readonly requests: readonly string[];
  /** Console messages, policy violations and failed loads. */
  readonly complaints: readonly string[];
  /** The page as the browser understood it. */
  readonly dom: string;
  readonly contentWidthPx: number;
  readonly contentHeightPx: number;
};

export interface Chromium {
  /** Opens an address in a fresh tab, waits until it has loaded, and looks at it. */
  view(url: string, options: PageOptions): Promise<PageView>;
  /** The same as a PNG of the whole page, for eyes. */
  screenshot(url: string, options: PageOptions): Promise<Buffer>;
  pdf(url: string): Promise<Buffer>;
  close(): Promise<void>;
}

type Message = {
  readonly id?: number;
  readonly method?: string;
  readonly params?: unknown;
  readonly result?: unknown;
  readonly error?: { readonly message: string };
  readonly sessionId?: string;
};
type Send = (method: string, params?: object) => Promise<Record<string, unknown>>;

export async function launchChromium(path: string): Promise<Chromium> {
  const profile = mkdtempSync(join(tmpdir(), 'gateprobe-chromium-'));
  const child = spawn(path, [...FLAGS, `--user-data-dir=${profile}`, 'about:blank'], {
    stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'],
  });
  const link = connect(child);
  const withPage = async <T>(
    url: string,
    options: PageOptions,
    look: (send: Send, seen: Seen) => Promise<T>,
  ): Promise<T> => {
    const { targetId } = await link.send('Target.createTarget', { url: 'about:blank' });
    const { sessionId } = await link.send('Target.attachToTarget', { targetId, flatten: true });
    const send: Send = (method, params) => link.send(method, params, String(sessionId));
    try {
      const seen = await open(send, (listener) => link.listen(String(sessionId), listener), url, options);
      return await look(send, seen);
    } finally {
      await link.send('Target.closeTarget', { targetId });
    }
  };
  return {
    view: (url, options) => withPage(url, options, lookAt),
    screenshot: (url, options) => withPage(url, options, takePicture),
    pdf: (url) =>
      withPage(url, { widthPx: 800, media: 'print' }, async (send) =>
        data(await send('Page.printToPDF', { printBackground: false, preferCSSPageSize: true })),
      ),
    close: async () => {
      const ended = new Promise((resolve) => child.once('exit', resolve));
      await link.send('Browser.close').catch(() => child.kill());
      await ended;
      rmSync(profile, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
    },
  };
}

const FLAGS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--remote-debugging-pipe',
];

type Seen = { readonly requests: string[]; readonly complaints: string[] };
type Listen = (listener: (method: string, params: Record<string, unknown>) => void) => void;

async function open(send: Send, listen: Listen, url: string, options: PageOptions): Promise<Seen> {
  const seen: Seen = { requests: [], complaints: [] };
  const loaded = new Promise<void>((resolve) => {
    listen((method, params) => {
      if (method === 'Page.loadEventFired') resolve();
      else note(seen, method, params);
    });
  });
  for (const domain of ['Page', 'Network', 'Log', 'Runtime', 'DOM', 'Audits']) await send(`${domain}.enable`);
  await send('Emulation.setScriptExecutionDisabled', { value: options.scripts !== true });
  await send('Emulation.setDeviceMetricsOverride', {
    width: options.widthPx,
    height: options.heightPx ?? 900,
    deviceScaleFactor: 1,
    mobile: options.widthPx < 600,
  });
  const scheme = { name: 'prefers-color-scheme', value: options.dark === true ? 'dark' : 'light' };
  await send('Emulation.setEmulatedMedia', { media: options.media ?? 'screen', features: [scheme] });
  await send('Page.navigate', { url });
  await within(loaded, `loading ${url}`);
  return seen;
}

function note(seen: Seen, method: string, params: Record<string, unknown>): void {
  if (method === 'Network.requestWillBeSent') seen.requests.push(String((params['request'] as { url: string }).url));
  if (method === 'Network.loadingFailed') seen.complaints.push(`load failed: ${String(params['errorText'])}`);
  if (method === 'Log.entryAdded') seen.complaints.push(String((params['entry'] as { text: string }).text));
  if (method === 'Runtime.consoleAPICalled') seen.complaints.push(`console.${String(params['type'])}`);
  if (method === 'Audits.issueAdded') seen.complaints.push(JSON.stringify(params['issue']));
}

async function lookAt(send: Send, seen: Seen): Promise<PageView> {
  const { root } = (await send('DOM.getDocument', { depth: 0 })) as { root: { nodeId: number } };
  const { outerHTML } = await send('DOM.getOuterHTML', { nodeId: root.nodeId });
  const size = await contentSize(send);
  return { ...seen, dom: String(outerHTML), contentWidthPx: size.width, contentHeightPx: size.height };
}

async function takePicture(send: Send): Promise<Buffer> {
  const { width, height } = await contentSize(send);
  const clip = { x: 0, y: 0, width, height, scale: 1 };
  return data(await send('Page.captureScreenshot', { format: 'png', captureBeyondViewport: true, clip }));
}

async function contentSize(send: Send): Promise<{ width: number; height: number }> {
  const { cssContentSize } = (await send('Page.getLayoutMetrics')) as {
    cssContentSize: { width: number; height: number };
  };
  return cssContentSize;
}

function data(result: Record<string, unknown>): Buffer {
  return Buffer.from(String(result['data']), 'base64');
}

/** The DevTools protocol over the pipe: JSON messages, each ended by a zero byte. */
function connect(child: ChildProcess) {
  const [, , , input, output] = child.stdio as [null, null, null, Writable, Readable];
  const waiting = new Map<number, (message: Message) => void>();
  const listeners = new Map<string, (method: string, params: Record<string, unknown>) => void>();
  let lastId = 0;
  child.setMaxListeners(0);
  let rest = '';
  output.setEncoding('utf8');
  output.on('data', (chunk: string) => {
    const messages = (rest + chunk).split('\0');
    rest = messages.pop() ?? '';
    for (const text of messages) {
      const message = JSON.parse(text) as Message;
      if (message.id !== undefined) waiting.get(message.id)?.(message);
      else if (message.method !== undefined)
        listeners.get(message.sessionId ?? '')?.(message.method, (message.params ?? {}) as Record<string, unknown>);
    }
  });
  // The browser may be gone before the last answer is read; the step that waits for it then reports it.
  input.on('error', () => {});
  const send = (method: string, params: object = {}, sessionId?: string): Promise<Record<string, unknown>> => {
    const id = ++lastId;
    const answered = new Promise<Record<string, unknown>>((resolve, reject) => {
      waiting.set(id, ({ error, result }) => {
        waiting.delete(id);
        if (error === undefined) resolve((result ?? {}) as Record<string, unknown>);
        else reject(new Error(`${method}: ${error.message}`));
      });
      child.once('exit', () => reject(new Error(`${method}: the browser ended`)));
    });
    input.write(`${JSON.stringify({ id, method, params, ...(sessionId !== undefined && { sessionId }) })}\0`);
    return within(answered, method);
  };
  const listen = (sessionId: string, listener: (method: string, params: Record<string, unknown>) => void) => {
    listeners.set(sessionId, listener);
  };
  return { send, listen };
}

function within<T>(step: Promise<T>, name: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${name} took more than ${STEP_LIMIT_MS / 1000} s`)), STEP_LIMIT_MS);
  });
  return Promise.race([step, limit]).finally(() => clearTimeout(timer));
}
