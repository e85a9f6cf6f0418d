import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CauseId } from '../../src/model/causes.ts';
import { explainedBy } from '../../src/pipeline/explained-findings.ts';

const at = (cause: CauseId, member: string) => ({ cause, scope: { route: 'direct' as const, member } });
const errors = at('member/errors', 'web2');

for (const [name, others, expected] of [
  ['its member goes up and down', [at('member/flapping', 'web2')], 'member/flapping'],
  ['another member goes up and down', [at('member/flapping', 'web1')], undefined],
  ['nothing that explains it', [at('change/latency', 'web2')], undefined],
  ['nothing', [], undefined],
] as const)
  test(`errors of a member beside ${name}`, () => assert.equal(explainedBy(errors, others)?.by.cause, expected));

test('a rule that asks for what was measured says nothing here', () =>
  assert.equal(explainedBy(at('change/errors', 'web2'), [at('member/flapping', 'web2')]), undefined));
