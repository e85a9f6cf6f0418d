import { resolve } from 'node:path';
import { Command } from 'commander';
import { UserError } from '../errors.ts';
import { type Running, startMember } from '../lab/member.ts';
import type { MemberOptions } from '../lab/options.ts';
import { parseSeed } from './live-run.ts';
import { print } from './output.ts';
import { untilStopped } from './until-stopped.ts';

type Options = {
  readonly port: number;
  readonly name: string;
  readonly seed: number;
  readonly serviceMs: number;
  readonly concurrency?: number;
  readonly queueLimit?: number;
  readonly coldIdleMs?: number;
  readonly coldStartMs?: number;
  readonly dropRatio?: number;
  readonly errorRatio?: number;
  readonly keepAliveMs?: number;
  readonly logs?: string;
};

/** A day: longer than any timer that is tried, and a number that every timer of Node takes. */
const MOST_MS = 86_400_000;
/** HTTP.sys queues at most this many requests for an application pool (65 535 is the largest `queueLength`). */
const MOST_REQUESTS = 65_535;

/** One programmable member in the foreground, to put behind a gateway of the user's own. */
export function memberCommand(): Command {
  return new Command('member')
    .description('start one programmable member on 127.0.0.1, to put behind a gateway of yours; runs until Ctrl-C')
    .option('--port <number>', 'port; 0 takes any free one', whole('port', 0, 65_535), 0)
    .option('--name <name>', 'told in the header X-Member', headerName, 'member1')
    .option('--seed <number>', 'seed of the faults', parseSeed, 1)
    .option(
      '--service-ms <ms>',
      'how long a request is worked on; ?ms= of a request overrides it',
      whole('service-ms', 0, MOST_MS),
      20,
    )
    .option(
      '--concurrency <count>',
      'how many are worked on at once (default: any number)',
      whole('concurrency', 1, MOST_REQUESTS),
    )
    .option(
      '--queue-limit <count>',
      'how many may wait; beyond it 503 (default: any number)',
      whole('queue-limit', 0, MOST_REQUESTS),
    )
    .option(
      '--cold-idle-ms <ms>',
      'idle time after which the application is gone; needs --cold-start-ms',
      whole('cold-idle-ms', 1, MOST_MS),
    )
    .option(
      '--cold-start-ms <ms>',
      'how long it then takes to start; needs --cold-idle-ms',
      whole('cold-start-ms', 1, MOST_MS),
    )
    .option(
      '--drop-ratio <ratio>',
      'share of requests whose connection is closed without an answer, 0 to 1',
      ratio('drop-ratio'),
    )
    .option('--error-ratio <ratio>', 'share of requests answered with 500, 0 to 1', ratio('error-ratio'))
    .option(
      '--keep-alive-ms <ms>',
      'idle time after which connections are closed (default: 120000)',
      whole('keep-alive-ms', 1, MOST_MS),
    )
    .option('--logs <folder>', 'write IIS logs into this folder')
    .action(async (options: Options) => {
      const settings = memberOptions(options);
      const end = untilStopped();
      let member: Running | undefined;
      try {
        member = await start(settings);
        print(
          `${settings.name} answers at http://127.0.0.1:${member.port}\nA request may ask for ?ms=<delay>, status=, bytes= and close=before|mid. Ctrl-C ends it.`,
        );
        await end.stopped;
      } finally {
        end.release();
        await member?.stop();
      }
    });
}

function memberOptions(options: Options): MemberOptions {
  const { coldIdleMs, coldStartMs, concurrency, queueLimit, dropRatio, errorRatio, keepAliveMs, logs } = options;
  if ((coldIdleMs === undefined) !== (coldStartMs === undefined)) {
    throw new UserError('--cold-idle-ms and --cold-start-ms belong together', { hint: 'Give both or neither.' });
  }
  if (queueLimit !== undefined && concurrency === undefined) {
    throw new UserError('--queue-limit needs --concurrency', { hint: 'Without it nothing ever waits.' });
  }
  return {
    name: options.name,
    port: options.port,
    seed: options.seed,
    service: { kind: 'constant', ms: options.serviceMs },
    paths: {},
    memberHeader: true,
    ...(concurrency === undefined ? {} : { concurrency }),
    ...(queueLimit === undefined ? {} : { queueLimit }),
    ...(coldIdleMs === undefined || coldStartMs === undefined
      ? {}
      : { coldStart: { idleMs: coldIdleMs, startMs: coldStartMs } }),
    ...(dropRatio === undefined ? {} : { drop: { ratio: dropRatio, by: 'fin' } }),
    ...(errorRatio === undefined ? {} : { error: { ratio: errorRatio, status: 500 } }),
    ...(keepAliveMs === undefined ? {} : { keepAliveMs }),
    ...(logs === undefined ? {} : { logFolder: resolve(logs) }),
  };
}

async function start(settings: MemberOptions): Promise<Running> {
  try {
    return await startMember(settings);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'EADDRINUSE')
      throw new UserError(`port ${settings.port} is taken`, {
        hint: 'Choose another one with --port, or leave it out.',
        cause: error,
      });
    if (code === 'EACCES')
      throw new UserError(`port ${settings.port} may not be used: ${message}`, {
        hint: 'Choose one above 1023 with --port.',
        cause: error,
      });
    throw error;
  }
}

function whole(name: string, low: number, high: number): (text: string) => number {
  return (text) => {
    const value = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
    if (value >= low && value <= high) return value;
    throw new UserError(`--${name}: expected a whole number from ${low} to ${high}, found ${text}`);
  };
}

function ratio(name: string): (text: string) => number {
  return (text) => {
    const value = /^\d*\.?\d+$/.test(text) ? Number(text) : Number.NaN;
    if (value >= 0 && value <= 1) return value;
    throw new UserError(`--${name}: expected a number from 0 to 1, found ${text}`);
  };
}

/** The name goes into a header. */
function headerName(text: string): string {
  if (/^[\w.-]{1,64}$/.test(text)) return text;
  throw new UserError(`--name: expected letters, digits, dots, dashes and underscores, found ${JSON.stringify(text)}`);
}
