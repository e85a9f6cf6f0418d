/** The logs of the laboratory as `explain` reads and decides them: one gateway at a time, all its files together. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { createMeasures } from '../../src/analysis/create-measures.ts';
import { gatewayOf } from '../../src/catalog.ts';
import type { DetectorContext } from '../../src/detectors/detector.ts';
import { countedRequests, type Decided, decidedJourneys } from '../../src/detectors/log-decisions.ts';
import { concernOf } from '../../src/detectors/log-members.ts';
import type { LogSpec } from '../../src/logs/read-logs.ts';
import type { CauseId } from '../../src/model/causes.ts';
import type { LogSourceSummary } from '../../src/model/journey.ts';
import type { GatewayKind } from '../../src/model/profile.ts';
import { explainLogs } from '../../src/pipeline/explain.ts';
import { logsProfile } from '../../src/profile/logs-profile.ts';

const LAB = new URL('../fixtures/gateway-lab/', import.meta.url);

export const LAB_GATEWAYS = ['nginx', 'haproxy', 'apache', 'caddy', 'varnish'] as const;
export type LabGateway = (typeof LAB_GATEWAYS)[number] & GatewayKind;

type RawCase = {
  readonly gateway: LabGateway;
  readonly case: string;
  readonly url: string;
  readonly client: { readonly status: number };
  readonly log: { readonly access?: readonly string[] };
};

/** A request of the laboratory: its name, with `#2` where a case comes again, and its own line of the access log, cut off or whole. */
export type LabRequest = { readonly key: string; readonly gateway: LabGateway; readonly line: string | undefined };

export type Explained = {
  /** As a report would name it: the member's errors told apart from the application's. */
  readonly cause: CauseId | undefined;
  readonly decided: Decided;
  /** Its lines of access logs, as they stand there. */
  readonly lines: readonly string[];
};

export type ExplainedSet = {
  readonly sources: readonly LogSourceSummary[];
  readonly journeys: readonly Explained[];
  /** As a report counts them. */
  readonly requests: number;
};

export function textOf(file: string): string {
  return readFileSync(new URL(file, LAB), 'utf8');
}

function pattern(file: string, words: RegExp): string {
  const found = words.exec(textOf(file))?.[1];
  if (found === undefined) throw new Error(`${file} has no format of the access log`);
  return found.replaceAll('\\"', '"');
}

export function spec(file: string, more: Omit<LogSpec, 'files' | 'from'> = {}): LogSpec {
  return { from: 'gateway', files: [fileURLToPath(new URL(`raw/${file}`, LAB))], ...more };
}

function specsOf(gateway: LabGateway): readonly LogSpec[] {
  switch (gateway) {
    case 'nginx':
      return [
        spec('nginx-access.log', {
          format: 'nginx',
          pattern: pattern('conf/nginx.conf', /log_format probe '([^']*)'/),
        }),
        spec('nginx-error.log'),
      ];
    case 'haproxy':
      return [spec('haproxy.log')];
    case 'apache':
      return [
        spec('apache-access.log', { pattern: pattern('conf/apache.conf', /^LogFormat "(.*)" probe$/m) }),
        spec('apache-error.log'),
      ];
    case 'caddy':
      return [spec('caddy-access.jsonl'), spec('caddy-error.jsonl')];
    case 'varnish':
      return [spec('varnishncsa.log'), spec('varnishlog.txt')];
  }
}

/** All of it, as the command `explain` would: read, joined, decided. */
export async function explainSet(
  gateway: LabGateway,
  specs: readonly LogSpec[] = specsOf(gateway),
): Promise<ExplainedSet> {
  const { recording } = await explainLogs({
    specs,
    baseFolder: fileURLToPath(LAB),
    profile: logsProfile('logs'),
    seed: 1,
    version: '0.0.0',
    wallMs: () => Date.parse('2026-11-21T00:00:00Z'),
  });
  const context: DetectorContext = {
    measures: createMeasures(recording),
    gateway: gatewayOf(recording.gateway.kind),
  };
  const all = decidedJourneys(context);
  return {
    sources: recording.logs?.sources ?? [],
    requests: recording.logs === undefined ? 0 : countedRequests(recording.logs),
    journeys: all.map((decided) => ({
      cause: decided.decision.cause === undefined ? undefined : concernOf(decided, all, context).cause,
      decided,
      lines: decided.journey.gateway.access.map(({ raw }) => raw),
    })),
  };
}

/** All 324, in the order in which they were sent. */
export function labRequests(): readonly LabRequest[] {
  const seen = new Map<string, number>();
  return textOf('lab-cases.jsonl')
    .trimEnd()
    .split('\n')
    .map((text) => {
      const raw = JSON.parse(text) as RawCase;
      const name = `${raw.gateway} ${raw.case}`;
      const count = (seen.get(name) ?? 0) + 1;
      seen.set(name, count);
      return { key: count === 1 ? name : `${name} #${count}`, gateway: raw.gateway, line: ownLine(raw) };
    });
}

/** Some cases have lines of other requests beside their own, which has their path and the status that the client saw. */
function ownLine({ url, client, log }: RawCase): string | undefined {
  const lines = log.access ?? [];
  const { pathname } = new URL(url);
  return lines.find((line) => line.includes(pathname) && line.includes(String(client.status))) ?? lines[0];
}
