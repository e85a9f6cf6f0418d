/** What logs told, as lines: the first holds all but the journeys, each further one a journey. */
import { basename } from 'node:path';
import { UserError } from '../errors.ts';
import type { Journey, LogEvidence } from '../model/journey.ts';
import { DAMAGED_HINT, readJsonLines } from './json-lines.ts';

export function* evidenceLines({ journeys, ...rest }: LogEvidence): Generator<unknown> {
  yield rest;
  yield* journeys;
}

/** `onTorn`: the last journey was not written completely and is left out. Throws UserError where the file is damaged. */
export function readEvidence(file: string, onTorn: () => void): LogEvidence {
  const [rest, ...journeys] = readJsonLines(file, onTorn);
  if (!isRest(rest)) throw damaged(file, 'the first line does not describe logs');
  const wrong = journeys.findIndex((value) => !isJourney(value));
  if (wrong >= 0) throw damaged(file, `entry ${wrong + 2} is not a journey`);
  return { ...rest, journeys: journeys as Journey[] };
}

function isRest(value: unknown): value is Omit<LogEvidence, 'journeys'> {
  const lists = ['sources', 'clocks', 'afterGaps', 'events', 'idleCloses', 'preflight', 'problems'];
  return (
    typeof value === 'object' &&
    value !== null &&
    lists.every((key) => Array.isArray((value as Record<string, unknown>)[key]))
  );
}

function isJourney(value: unknown): boolean {
  return typeof value === 'object' && value !== null && 'id' in value && 'gateway' in value && 'members' in value;
}

function damaged(file: string, what: string): UserError {
  return new UserError(`${basename(file)}: ${what}`, { hint: DAMAGED_HINT });
}
