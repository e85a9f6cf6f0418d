/** One recording of a fault through the whole judgement: what came of it. */
import assert from 'node:assert/strict';
import { createMeasures } from '../../../src/analysis/create-measures.ts';
import { DETECTORS, gatewayOf } from '../../../src/catalog.ts';
import type { Detection } from '../../../src/detectors/detector.ts';
import type { CauseId } from '../../../src/model/causes.ts';
import type { Finding } from '../../../src/model/finding.ts';
import type { Recording } from '../../../src/model/recording.ts';
import { isAtLeast } from '../../../src/model/severity.ts';
import { alarmsOf, judged, placeOf } from '../../helpers/judged.ts';
import type { Noise, Row, Truth } from './row.ts';

export type Trial = {
  /** The cause is told, at the severity that it is worth. */
  readonly isFound: boolean;
  /** And at the right place: the member, or the gateway. */
  readonly isPlaced: boolean;
  /** Each value that is not as near to its truth as it has to be, or outside its own interval. */
  readonly wrongValues: readonly string[];
  /** Of the values that are printed with an interval, how many hold the truth: of intervals of 95 % one in twenty may not. */
  readonly intervals: { readonly held: number; readonly of: number };
  /** What else calls somebody: rightly, it must be in `beside` of the row. */
  readonly alsoTold: readonly string[];
  /** In one line, for a failing test. */
  readonly told: string;
};

export function tryFault(row: Row, seed: number, noise: Noise): Trial {
  const { make, scope, severity, measured = {}, beside = [] } = row.good;
  const judgement = judged(make(seed, noise));
  const own = judgement.findings.filter(({ cause }) => cause === row.cause);
  const placed = own.find((one) => one.scope.route === scope.route && one.scope.member === scope.member);
  const expected = [placeOf({ cause: row.cause, scope }), ...beside];
  return {
    isFound: own.some((one) => isAtLeast(one.severity, severity)),
    isPlaced: placed !== undefined && isAtLeast(placed.severity, severity) && own.length === 1,
    wrongValues: Object.entries(measured).flatMap(([name, truth]) => wrongValue(name, truth, placed)),
    intervals: intervalsOf(measured, placed),
    alsoTold: alarmsOf(judgement).filter((one) => !expected.includes(one)),
    told: judgement.findings.map((one) => `${one.severity} ${placeOf(one)}: ${one.title}`).join('\n') || 'nothing',
  };
}

function wrongValue(name: string, { value, within }: Truth, finding: Finding | undefined): readonly string[] {
  const estimate = finding?.measured[name];
  if (estimate === undefined) return [`${name} is missing`];
  const { low = estimate.value, high = estimate.value } = estimate;
  const isOwn = low <= estimate.value && estimate.value <= high;
  return isOwn && Math.abs(estimate.value - value) <= within * Math.abs(value)
    ? []
    : [`${name} ${low} … ${estimate.value} … ${high}, truth ${value}`];
}

function intervalsOf(measured: Readonly<Record<string, Truth>>, finding: Finding | undefined): Trial['intervals'] {
  const printed = Object.entries(measured).flatMap(([name, { value }]) => {
    const { low, high } = finding?.measured[name] ?? {};
    return low === undefined || high === undefined ? [] : [low <= value && value <= high];
  });
  return { held: printed.filter(Boolean).length, of: printed.length };
}

/** Whether the cause is told at that severity, whatever else is. */
export function isTold(cause: CauseId, recording: Recording, severity: Row['good']['severity']): boolean {
  return judged(recording).findings.some((one) => one.cause === cause && isAtLeast(one.severity, severity));
}

/** What the detector of a row, as the catalog has it, makes of a recording. */
export function detectionOf({ cause }: Row, recording: Recording): Detection {
  const detector = DETECTORS.find((one) => one.cause === cause);
  assert.ok(detector !== undefined, cause);
  return detector.detect({ measures: createMeasures(recording), gateway: gatewayOf(recording.gateway.kind) });
}

export function wordsOf(detection: Detection): string {
  return detection.state === 'candidates'
    ? detection.candidates.map(({ severity, p, title }) => `${severity} p ${p}: ${title}`).join('\n')
    : JSON.stringify(detection);
}
