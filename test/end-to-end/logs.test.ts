/** A run with the logs of real gateways and of the member: the same cause as without, now proved by both sides. */
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { startMember } from '../../src/lab/member.ts';
import { runCli } from '../helpers/cli.ts';
import { startApache } from '../helpers/gateways/apache.ts';
import { startCaddy } from '../helpers/gateways/caddy.ts';
import type { GatewayOptions, RunningGateway } from '../helpers/gateways/gateway-process.ts';
import { startHaproxy } from '../helpers/gateways/haproxy.ts';
import { startNginx } from '../helpers/gateways/nginx.ts';
import { missingProgram } from '../helpers/requires.ts';

type PublicReport = {
  readonly validity: { readonly ok: boolean; readonly reasons: readonly string[] };
  readonly warnings: readonly string[];
  readonly logs?: {
    readonly sources: readonly { readonly role: string; readonly format: string; readonly bad: unknown }[];
  };
  readonly findings: readonly {
    readonly cause: string;
    readonly severity: string;
    readonly confidence: string;
    readonly measured: Record<string, { readonly value: number }>;
    readonly exhibits: readonly {
      readonly kind: string;
      readonly rows?: readonly { readonly row?: string; readonly lines?: readonly { readonly text: string }[] }[];
    }[];
    readonly declared?: readonly { readonly directive: string; readonly agrees?: boolean }[];
  }[];
};

const TIMEOUT_MS = 2_000;
const GATEWAYS: readonly {
  readonly name: string;
  readonly program: string;
  readonly start: (options: GatewayOptions) => Promise<RunningGateway>;
}[] = [
  { name: 'nginx', program: 'nginx', start: startNginx },
  { name: 'HAProxy', program: 'haproxy', start: startHaproxy },
  { name: 'Apache httpd', program: 'apache2', start: startApache },
  { name: 'Caddy', program: 'caddy', start: startCaddy },
];

// Mostly waiting: two at a time disturb each other less than the 2 % that is asked for.
describe('real gateways with their logs', { concurrency: 2 }, () => {
  for (const { name, program, start } of GATEWAYS) {
    test(`a response timeout of ${name} is proved by its log and the member's`, {
      skip: missingProgram(program),
    }, async () => {
      const folder = await mkdtemp(join(tmpdir(), 'gateprobe-logs-'));
      const logFolder = join(folder, 'web1');
      const member = await startMember({
        name: 'web1',
        port: 0,
        seed: 1,
        service: { kind: 'lognormal', medianMs: 20, sigma: 0.1 },
        paths: {},
        memberHeader: true,
        logFolder,
      });
      const gateway = await start({ members: [`127.0.0.1:${member.port}`], readTimeoutMs: TIMEOUT_MS });
      try {
        const file = join(folder, 'profile.yaml');
        const logs = [gateway.accessLog, gateway.errorLog].filter((path) => path !== undefined);
        await writeFile(
          file,
          `name: logs
gateway: { url: "${gateway.url}" }
members:
  - { name: web1, url: "http://127.0.0.1:${member.port}" }
requests:
  - { name: home, path: / }
  - { name: slow, path: "/slow?ms={delayMs}" }
experiments:
  - compare: { rate: 10/s, for: 3s }
  - timeout: { request: slow, upTo: 4s }
limits: { maxRate: 200/s, maxRequests: 5000, maxInFlight: 100, maxNewConnections: 100/s }
logs:
${logs.map((path) => `  - { from: gateway, files: ${JSON.stringify(path)} }`).join('\n')}
  - { from: web1, files: ${JSON.stringify(join(logFolder, '*.log'))} }
`,
        );
        const out = join(folder, 'out');
        const { code, stdout, stderr } = await runCli(['run', file, '--seed', '5', '--json', '--out', out]);
        const report = JSON.parse(stdout) as PublicReport;
        assert.ok(report.validity.ok, report.validity.reasons.join(', '));
        const found = report.findings.filter(({ severity }) => severity !== 'info');
        assert.deepEqual(
          found.map(({ cause, confidence }) => [cause, confidence]),
          [['timeout/gateway-response', 'confirmed']],
          stderr + JSON.stringify(report.warnings),
        );
        const [finding] = found;
        const measured = finding?.measured['timeoutMs']?.value ?? 0;
        // Caddy asks once more where its read timer ends on a used connection: what the client feels is twice the timer.
        const expected = name === 'Caddy' && measured > 1.5 * TIMEOUT_MS ? 2 * TIMEOUT_MS : TIMEOUT_MS;
        assert.ok(Math.abs(measured - expected) <= 0.02 * expected, `${measured}`);
        const lines = finding?.exhibits.find(({ kind }) => kind === 'lines');
        assert.ok(
          (lines?.rows ?? []).some((row) => row.row === '7' && (row.lines ?? []).length >= 2),
          JSON.stringify(lines),
        );
        assert.equal(code, 1);
      } finally {
        await gateway.stop();
        await member.stop();
        await rm(folder, { recursive: true, force: true });
      }
    });
  }
});
