import assert from 'node:assert/strict';
import { test } from 'node:test';
import { timeout } from '../../src/experiments/timeout.ts';
import type { Exchange } from '../../src/model/exchange.ts';
import type { TimeoutSpec } from '../../src/model/profile.ts';
import { answered, fakeContext } from './fake-context.ts';

const SPEC: TimeoutSpec = { kind: 'timeout', upToUs: 4_000_000 };

/** Time from the direct request to the first confirming one, where the failure at 1.4 s asks for a pause. */
async function pauseBeforeConfirming(retryAfter: string | undefined): Promise<number> {
  const fake = fakeContext({
    reply: ({ route, delayMs = 0 }) => {
      if (route !== 'gateway' || delayMs < 1_400) return answered(200, delayMs * 1_000);
      const headers: Readonly<Record<string, string>> = retryAfter === undefined ? {} : { 'retry-after': retryAfter };
      const facts: Pick<Exchange, 'answer' | 'answeredBy'> = { answer: { status: 503, headers } };
      return { ...answered(503, 1_400_000), facts };
    },
  });
  const running = timeout.run(timeout.plan(SPEC, fake.context.profile, 'timeout-1'), SPEC, fake.context);
  await fake.clock.runAll();
  await running;
  const times = fake.events.flatMap((event) => (event.type === 'fire' ? [event.atUs] : []));
  assert.equal(times.length, 4);
  return (times[2] as number) - (times[1] as number);
}

test('a pause that the gateway asks for is waited out before the confirming requests, unless it is too long', async () => {
  const plain = await pauseBeforeConfirming(undefined);
  assert.ok((await pauseBeforeConfirming('5')) >= plain + 5_000_000);
  assert.equal(await pauseBeforeConfirming('60'), plain);
  assert.equal(await pauseBeforeConfirming('Wed, 21 Oct 2026 07:28:00 GMT'), plain);
});
