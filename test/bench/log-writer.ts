/** Writes logs as servers do, for measuring: seeded, of any size. */
import type { Random } from '../../src/model/time.ts';

const AGENTS = [
  'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36',
  'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.6 Safari/605.1.15',
  'Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148',
  'Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0',
  'Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)',
  'curl/8.11.0',
  'kube-probe/1.31',
];
const PATHS = [
  '/',
  '/api/orders',
  '/api/cart/items',
  '/static/app.8f2c1d.js',
  '/images/logo.png',
  '/search',
  '/account/login',
  '/health',
];
const METHODS = ['GET', 'GET', 'GET', 'GET', 'GET', 'POST', 'HEAD', 'PUT'];
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
/** Status, substatus, win32 of the 5 % that fail. */
const FAULTS = [
  [502, 3, 12_002],
  [502, 3, 12_030],
  [500, 0, 0],
  [503, 0, 0],
  [404, 0, 2],
] as const;
const START_MS = Date.UTC(2026, 10, 21);

type Request = {
  readonly atMs: number;
  readonly method: string;
  readonly path: string;
  readonly query: string;
  readonly ip: string;
  readonly agent: string;
  readonly status: readonly [status: number, substatus: number, win32: number];
  readonly sent: number;
  readonly tookMs: number;
};

function createRequests(random: Random): () => Request {
  let atMs = START_MS;
  const below = (limit: number): number => Math.floor(random.next() * limit);
  const pick = <T>(from: readonly T[]): T => from[below(from.length)] as T;
  return () => {
    atMs += below(4);
    const path = pick(PATHS);
    const isFault = random.next() < 0.05;
    const status = isFault ? pick(FAULTS) : ([random.next() < 0.15 ? 304 : 200, 0, 0] as const);
    // One in ten thousand is a request of the probe.
    const isProbe = random.next() < 1e-4;
    return {
      atMs,
      method: pick(METHODS),
      path: random.next() < 0.3 ? `${path}/${below(2e4)}` : path,
      query: random.next() < 0.3 ? `page=${below(50)}&session=${below(2 ** 31).toString(36)}` : '',
      // 5,000 clients: as many as lines would only measure the tables of visitors that goaccess keeps.
      ip: `198.51.${100 + below(20)}.${1 + below(250)}`,
      agent: isProbe
        ? `gateprobe/0.1.0 (run=0123abcd; id=0123abcd${below(2 ** 31)
            .toString(16)
            .padStart(8, '0')})`
        : pick(AGENTS),
      status,
      sent: status[0] === 304 ? 0 : 200 + below(60_000),
      tookMs: status[2] === 12_002 ? 29_900 + below(120) : Math.floor(5 - 80 * Math.log(1 - random.next())),
    };
  };
}

/** What a writer gives: the lines before all others, and one line after the other. */
export type LogWriter = { readonly header: string; line(): string };

/** The fields of IIS 10 as installed, with ARR's keys in the query, as on a controller. */
export function iisLog(random: Random): LogWriter {
  const next = createRequests(random);
  return {
    header:
      '#Software: Microsoft Internet Information Services 10.0\r\n#Version: 1.0\r\n#Date: 2026-11-21 00:00:00\r\n' +
      '#Fields: date time s-ip cs-method cs-uri-stem cs-uri-query s-port cs-username c-ip cs(User-Agent) cs(Referer) sc-status sc-substatus sc-win32-status time-taken\r\n',
    line: () => {
      const { atMs, method, path, query, ip, agent, status, tookMs } = next();
      const guid = `${(atMs % 2 ** 32).toString(16).padStart(8, '0')}-8c0f-4a3e-9d55-0242ac120002`;
      const keys = `X-ARR-CACHE-HIT=0&X-ARR-LOG-ID=${guid}&SERVER-STATUS=${status[0]}`;
      const stamp = new Date(atMs).toISOString();
      return `${stamp.slice(0, 10)} ${stamp.slice(11, 19)} 10.0.0.4 ${method} ${path} ${query === '' ? keys : `${query}&${keys}`} 443 - ${ip} ${agent.replaceAll(' ', '+')} - ${status.join(' ')} ${tookMs}\r\n`;
    },
  };
}

/** The combined format of nginx and Apache. */
export function combinedLog(random: Random): LogWriter {
  const next = createRequests(random);
  return {
    header: '',
    line: () => {
      const { atMs, method, path, query, ip, agent, status, sent } = next();
      const time = new Date(atMs);
      const stamp = `${String(time.getUTCDate()).padStart(2, '0')}/${MONTHS[time.getUTCMonth()]}/${time.getUTCFullYear()}:${time.toISOString().slice(11, 19)} +0000`;
      return `${ip} - - [${stamp}] "${method} ${path}${query === '' ? '' : `?${query}`} HTTP/1.1" ${status[0]} ${sent} "https://shop.example.com/" "${agent}"\n`;
    },
  };
}

/** Blocks of whole lines until `bytes` are reached. */
export function* blocksOf({ header, line }: LogWriter, bytes: number): Generator<Buffer> {
  let written = 0;
  let block = header;
  while (written + block.length < bytes) {
    while (block.length < 1 << 20 && written + block.length < bytes) block += line();
    const made = Buffer.from(block);
    written += made.length;
    yield made;
    block = '';
  }
}
