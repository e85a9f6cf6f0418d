import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { startMember } from '../../src/lab/member.ts';
import { runCli } from '../helpers/cli.ts';
import { startNginx } from '../helpers/gateways/nginx.ts';
import { missingProgram } from '../helpers/requires.ts';

type PublicReport = {
  readonly validity: { readonly ok: boolean };
  readonly gateway: { readonly kind: string };
  readonly findings: readonly {
    readonly cause: string;
    readonly severity: string;
    readonly measured: Record<string, { readonly value: number }>;
  }[];
  readonly untested: readonly { readonly what: string; readonly why: string }[];
};

const CASES = [
  { name: 'one member, 2 s', members: 1, readTimeoutMs: 2_000, safe: false, finds: true },
  {
    name: 'three members with proxy_next_upstream off, 2 s',
    members: 3,
    readTimeoutMs: 2_000,
    nextUpstream: 'off',
    safe: true,
    finds: true,
  },
  { name: 'one member, 60 s', members: 1, readTimeoutMs: 60_000, safe: false, finds: false },
  // nginx may take members out for a slow answer: without the operator's word nothing slow is sent.
  {
    name: 'three members, not marked safe',
    members: 3,
    readTimeoutMs: 2_000,
    safe: false,
    finds: false,
    refused: true,
  },
] as const;

// Mostly waiting: two at a time disturb each other less than the 2 % that is asked for.
describe('a real nginx', { concurrency: 2 }, () => {
  for (const one of CASES) {
    test(`nginx in front of ${one.name}`, { skip: missingProgram('nginx') }, async () => {
      const folder = await mkdtemp(join(tmpdir(), 'gateprobe-nginx-'));
      const members = await Promise.all(
        Array.from({ length: one.members }, (_, i) =>
          startMember({
            name: `web${i + 1}`,
            port: 0,
            seed: i,
            service: { kind: 'lognormal', medianMs: 20, sigma: 0.1 },
            paths: {},
            memberHeader: true,
          }),
        ),
      );
      const nginx = await startNginx({
        members: members.map(({ port }) => `127.0.0.1:${port}`),
        readTimeoutMs: one.readTimeoutMs,
        ...('nextUpstream' in one ? { nextUpstream: one.nextUpstream } : {}),
      });
      try {
        const file = join(folder, 'profile.yaml');
        await writeFile(
          file,
          `name: nginx
gateway: { url: "${nginx.url}" }
members:
${members.map(({ port }, i) => `  - { name: web${i + 1}, url: "http://127.0.0.1:${port}" }`).join('\n')}
requests:
  - { name: home, path: / }
  - { name: slow, path: "/slow?ms={delayMs}", safe: ${one.safe} }
experiments:
  - compare: { rate: 10/s, for: 4s }
  - timeout: { request: slow, upTo: 4s }
limits: { maxRate: 200/s, maxRequests: 5000, maxInFlight: 100, maxNewConnections: 100/s }
`,
        );
        const result = await runCli(['run', file, '--out', join(folder, 'out'), '--seed', '5', '--json'], {
          timeoutMs: 120_000,
        });
        const report = JSON.parse(result.stdout) as PublicReport;
        assert.ok(report.validity.ok, result.stderr);
        assert.equal(report.gateway.kind, 'nginx');
        const serious = report.findings.filter(({ severity }) => severity !== 'info');
        assert.deepEqual(
          serious.map(({ cause }) => cause),
          one.finds ? ['timeout/gateway-response'] : [],
        );
        assert.equal(result.code, one.finds ? 1 : 0, result.stderr);
        if (one.finds)
          assert.ok(
            Math.abs((serious[0]?.measured['timeoutMs']?.value ?? 0) / 2_000 - 1) <= 0.02,
            JSON.stringify(serious[0]?.measured),
          );
        if ('refused' in one)
          assert.ok(report.untested.some(({ what, why }) => what.includes('timeout-1') && why.includes('safe: true')));
      } finally {
        await nginx.stop();
        for (const member of members) await member.stop();
        await rm(folder, { recursive: true, force: true });
      }
    });
  }

  test('limit_req answers 503, and is told with its rate and burst', { skip: missingProgram('nginx') }, async () => {
    const folder = await mkdtemp(join(tmpdir(), 'gateprobe-nginx-limit-'));
    const member = await startMember({
      name: 'web1',
      port: 0,
      seed: 1,
      service: { kind: 'lognormal', medianMs: 10, sigma: 0.1 },
      paths: {},
      memberHeader: true,
    });
    const nginx = await startNginx({
      members: [`127.0.0.1:${member.port}`],
      http: 'limit_req_zone $binary_remote_addr zone=probe:1m rate=5r/s;',
      extra: 'limit_req zone=probe burst=2 nodelay;',
    });
    try {
      const args = ['compare', '--no-auto', '--for', '7s', '--rate', '9/s', '--seed', '4', '--json'];
      const result = await runCli(
        [...args, '--out', join(folder, 'out'), nginx.url, `http://127.0.0.1:${member.port}`],
        {
          timeoutMs: 60_000,
        },
      );
      const report = JSON.parse(result.stdout) as PublicReport;
      assert.ok(report.validity.ok, result.stderr);
      assert.deepEqual(
        report.findings.map(({ cause }) => cause),
        ['probe/rate-limited'],
      );
      const { limitPerSec, burstLimit } = report.findings[0]?.measured ?? {};
      assert.ok(Math.abs((limitPerSec?.value ?? 0) / 5 - 1) < 0.1, JSON.stringify(limitPerSec));
      // Two may come early, and one in its time.
      assert.ok(Math.abs((burstLimit?.value ?? 0) - 3) <= 1, JSON.stringify(burstLimit));
    } finally {
      await nginx.stop();
      await member.stop();
      await rm(folder, { recursive: true, force: true });
    }
  });
});
