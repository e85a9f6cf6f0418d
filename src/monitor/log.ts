/** The daemon's log: one JSON object a line for machines, a readable line for a terminal. */
import { type Logger, pino } from 'pino';

export type MonitorLog = Pick<Logger, 'info' | 'warn' | 'error'>;

const LEVELS: Readonly<Record<number, string>> = { 30: '', 40: 'WARNING ', 50: 'ERROR ' };

/** `write` gets whole lines. Nothing that comes from the network is logged unmasked: callers log names, counts and titles. */
export function createLog(write: (line: string) => void, format: 'json' | 'text'): MonitorLog {
  return pino(
    { base: null, timestamp: pino.stdTimeFunctions.isoTime },
    { write: (line) => write(format === 'json' ? line : readableLine(line)) },
  );
}

/** `2026-03-01 22:00:05 shop: WARNING …` */
export function readableLine(line: string): string {
  const { time, level, profile, msg, err } = JSON.parse(line) as {
    time: string;
    level: number;
    profile?: string;
    msg?: string;
    err?: { message?: string };
  };
  const whose = profile === undefined ? '' : `${profile}: `;
  const why = err?.message === undefined || err.message === msg ? '' : ` (${err.message})`;
  return `${time.slice(0, 19).replace('T', ' ')} ${whose}${LEVELS[level] ?? ''}${visible(msg ?? '')}${visible(why)}\n`;
}

/** A control character in a title must not move the cursor of who reads it. */
function visible(text: string): string {
  return text.replace(/[\u0000-\u001f\u007f-\u009f]/g, '·');
}
