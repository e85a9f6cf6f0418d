import { Option } from 'commander';
import { UserError } from '../errors.ts';
import { MOST_THREADS } from '../model/profile.ts';
import { SEVERITIES } from '../model/severity.ts';
import type { Parsed } from '../profile/parsed.ts';
import { parseDuration } from '../profile/units.ts';

export function failOnOption(what = 'exit 1 from this severity on (default: failOn of the profile)'): Option {
  return new Option('--fail-on <severity>', what).choices([...SEVERITIES, 'never']);
}

/** Where the monitor keeps history, unless it is told otherwise: below the folder it is started in. */
const DATA_FOLDER = 'gateprobe-data';

export function dataOption(what: string): Option {
  return new Option('--data <folder>', what).default(DATA_FOLDER);
}

export function spinOption(): Option {
  return new Option('--spin', 'requests leave exact to some µs, at the price of a processor of this machine');
}

export function threadsOption(): Option {
  return new Option('--threads <number>', 'threads that send, 1 to 8, for rates above what one keeps').argParser(
    parseThreads,
  );
}

function parseThreads(text: string): number {
  const threads = Number(text);
  if (/^\d+$/.test(text) && threads >= 1 && threads <= MOST_THREADS) return threads;
  throw new UserError(`--threads: expected a whole number from 1 to ${MOST_THREADS}, found ${text}`);
}

/** Reads the value of an option that carries a unit. Throws UserError for a value that does not. */
export function unitOption(parse: (text: string) => Parsed<number>, name: string): (text: string) => number {
  return (text) => {
    const parsed = parse(text);
    if (parsed.ok) return parsed.value;
    throw new UserError(`--${name}: expected ${parsed.expected}, found ${text}`);
  };
}

export function budgetOption(): Option {
  return new Option('--budget <duration>', 'how long choosing experiments may take (default: 5m)').argParser(
    unitOption(parseDuration, 'budget'),
  );
}
