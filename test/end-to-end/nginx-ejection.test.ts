/** What the ejection guard says about nginx, asked of nginx itself: which requests take a member out, and which do not. */
import assert from 'node:assert/strict';
import { type ClientRequest, get } from 'node:http';
import { describe, test } from 'node:test';
import { nginx as guarded } from '../../src/gateways/nginx.ts';
import { startMember } from '../../src/lab/member.ts';
import { startNginx } from '../helpers/gateways/nginx.ts';
import { missingProgram } from '../helpers/requires.ts';

/** Half of it is the room for a late timer of this process. */
const TIMER_MS = 1_000;
/** Longer than a test: a member that is out stays out until its end. */
const OUT = 'max_fails=1 fail_timeout=60s';
/** Enough that a member in turn would be among them. */
const LATER = 8;

type Answer = { readonly status: number; readonly by: string | undefined };
type Farm = {
  /** `limitMs`: the client hangs up after that. */
  ask(path: string, limitMs?: number): Promise<Answer>;
  stop(): Promise<void>;
};

/** Members say their name, except in what nginx writes itself. */
async function farm(count: number, nextUpstream: string | undefined, serverParameters: string): Promise<Farm> {
  const members = await Promise.all(
    Array.from({ length: count }, (_, i) =>
      startMember({
        name: `web${i + 1}`,
        port: 0,
        seed: i,
        service: { kind: 'constant', ms: 2 },
        paths: {},
        memberHeader: true,
      }),
    ),
  );
  const nginx = await startNginx({
    members: members.map(({ port }) => `127.0.0.1:${port}`),
    readTimeoutMs: TIMER_MS,
    serverParameters,
    ...(nextUpstream === undefined ? {} : { nextUpstream }),
  });
  return {
    ask: (path, limitMs) => asked(`${nginx.url}${path}`, limitMs),
    async stop() {
      await nginx.stop();
      for (const member of members) await member.stop();
    },
  };
}

/** Status 0: the client hung up. */
function asked(url: string, limitMs?: number): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const request: ClientRequest = get(url, { agent: false }, (response) => {
      response.resume();
      response.once('error', reject);
      response.once('end', () => {
        const by = response.headers['x-member'];
        resolve({ status: response.statusCode ?? 0, by: typeof by === 'string' ? by : undefined });
      });
    });
    if (limitMs !== undefined)
      setTimeout(() => {
        request.destroy();
        resolve({ status: 0, by: undefined });
      }, limitMs);
    request.once('error', limitMs === undefined ? reject : () => undefined);
  });
}

async function who({ ask }: Farm): Promise<{ readonly members: number; readonly statuses: readonly number[] }> {
  const answers: Answer[] = [];
  for (let i = 0; i < LATER; i++) answers.push(await ask('/'));
  return {
    members: new Set(answers.flatMap(({ by }) => by ?? [])).size,
    statuses: [...new Set(answers.map(({ status }) => status))],
  };
}

type Case = {
  readonly name: string;
  readonly members: number;
  readonly nextUpstream?: string;
  readonly serverParameters?: string;
  readonly slow: number;
  readonly limitMs?: number;
  readonly left: number;
  readonly statuses: readonly number[];
};

const CASES: readonly Case[] = [
  { name: 'by default a slow GET takes all members out', members: 2, slow: 1, left: 0, statuses: [502] },
  {
    name: 'with proxy_next_upstream off it takes out the one that it was sent to',
    members: 2,
    nextUpstream: 'off',
    slow: 1,
    left: 1,
    statuses: [200],
  },
  {
    name: 'and so does the next one, until nobody is left',
    members: 2,
    nextUpstream: 'off',
    slow: 2,
    left: 0,
    statuses: [502],
  },
  {
    name: 'without timeout in proxy_next_upstream likewise',
    members: 2,
    nextUpstream: 'error',
    slow: 1,
    left: 1,
    statuses: [200],
  },
  {
    name: 'with max_fails=0 nobody is taken out',
    members: 2,
    nextUpstream: 'off',
    serverParameters: 'max_fails=0',
    slow: 2,
    left: 2,
    statuses: [200],
  },
  { name: 'a single server is never taken out', members: 1, slow: 2, left: 1, statuses: [200] },
  {
    name: 'by default, with a client that hangs up before the second timer (the gentle steps): the first one only',
    members: 2,
    slow: 1,
    limitMs: 1.5 * TIMER_MS,
    left: 1,
    statuses: [200],
  },
];

// Mostly waiting.
describe('nginx and slow requests', { skip: missingProgram('nginx'), concurrency: true }, () => {
  for (const { name, members, nextUpstream, serverParameters = OUT, slow, limitMs, left, statuses } of CASES) {
    test(name, async () => {
      const nginx = await farm(members, nextUpstream, serverParameters);
      try {
        for (let i = 0; i < slow; i++)
          assert.equal((await nginx.ask('/slow?ms=5000', limitMs)).status, limitMs === undefined ? 504 : 0);
        assert.deepEqual(await who(nginx), { members: left, statuses });
      } finally {
        await nginx.stop();
      }
    });
  }

  test('the guard expects the worst of these, and says what does not help', () => {
    assert.equal(guarded.ejection.slowRequest, 'all-members');
    assert.match(guarded.ejection.because, /proxy_next_upstream off/);
    assert.match(guarded.ejection.because, /max_fails=0/);
  });
});
