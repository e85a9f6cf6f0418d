import { readFileSync } from 'node:fs';
import type { AnswerFacts } from '../../src/model/exchange.ts';
import type { GatewayKind } from '../../src/model/profile.ts';

type LabLine = {
  readonly gateway: GatewayKind;
  readonly case: string;
  readonly client: { readonly status: number };
  readonly responseHeaders: readonly string[];
  readonly bodyPrefix: string;
  readonly log: { readonly access?: readonly string[]; readonly error?: readonly string[] };
};

/** One request of the laboratory that was answered, as the probe would have kept it. */
export type LabCase = {
  readonly gateway: GatewayKind;
  readonly name: string;
  readonly answer: AnswerFacts;
  readonly log: LabLine['log'];
};

const ESCAPES: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t' };

/** Text of a Python string literal, as `repr` writes it. */
function pythonText(literal: string): string {
  return literal
    .slice(1, -1)
    .replaceAll(/\\(x[0-9a-f]{2}|.)/g, (_, text: string) =>
      text.length === 3 ? String.fromCharCode(Number.parseInt(text.slice(1), 16)) : (ESCAPES[text] ?? text),
    );
}

/** Headers of the first final answer; interim ones (100 Continue) are skipped. */
function headersOf(lines: readonly string[], status: number): Record<string, string | string[]> {
  const start = lines.findIndex((line) => line.startsWith('HTTP/') && Number(line.split(' ')[1]) === status);
  const end = lines.findIndex((line, index) => index > start && line.startsWith('HTTP/'));
  const headers: Record<string, string | string[]> = {};
  for (const line of lines.slice(start + 1, end === -1 ? undefined : end)) {
    const name = line.slice(0, line.indexOf(':')).toLowerCase();
    const value = line.slice(line.indexOf(':') + 1).trim();
    const known = headers[name];
    headers[name] = known === undefined ? value : [known, value].flat();
  }
  return headers;
}

/** All answered requests of the laboratory; those that got no status line are left out. */
export function labCases(): readonly LabCase[] {
  const file = new URL('../fixtures/gateway-lab/lab-cases.jsonl', import.meta.url);
  return readFileSync(file, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as LabLine)
    .filter((line) => line.client.status >= 200)
    .map((line) => ({
      gateway: line.gateway,
      name: line.case,
      answer: {
        status: line.client.status,
        headers: headersOf(line.responseHeaders, line.client.status),
        bodyStart: pythonText(line.bodyPrefix),
      },
      log: line.log,
    }));
}
