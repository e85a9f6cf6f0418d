/** What the cases with nothing to find have in common. */
import type { Random } from '../../../src/model/time.ts';
import { compare, HOME, lab, type MemberPlan, pageTime, type Setting, type Stage } from './scenario.ts';
import { THREE } from './scenarios-members.ts';

export const ALL_KINDS = [
  compare(8, 3),
  '{ volley: { sizes: [8], request: home } }',
  '{ burst: { rate: 60/s, for: 2s, request: home } }',
];

export function nothing(
  parameters: Setting['parameters'],
  members: readonly MemberPlan[],
  stage: Partial<Stage> = {},
): Setting {
  return {
    parameters,
    stage: { members, gateway: {}, requests: [HOME], experiments: ALL_KINDS, ...stage },
    truth: [],
  };
}

export function same(random: Random): readonly MemberPlan[] {
  const service = pageTime(random);
  return THREE.map((name) => lab(name, service));
}
