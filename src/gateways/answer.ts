import type { AnswerFacts } from '../model/exchange.ts';

/** All values of a header in the order they came; the name is compared without case. */
export function headerValues(answer: AnswerFacts, name: string): readonly string[] {
  const wanted = name.toLowerCase();
  const values: string[] = [];
  for (const [key, value] of Object.entries(answer.headers)) {
    if (key.toLowerCase() !== wanted) continue;
    if (typeof value === 'string') values.push(value);
    else values.push(...value);
  }
  return values;
}

/** The header as one line, values joined as HTTP allows; undefined when it is absent. */
export function headerLine(answer: AnswerFacts, name: string): string | undefined {
  const values = headerValues(answer, name);
  return values.length === 0 ? undefined : values.join(', ');
}

/** Start of the body, empty when nothing was kept. */
export function bodyStart(answer: AnswerFacts): string {
  return answer.bodyStart ?? '';
}

/** Length that the answer declares; undefined when it declares none. */
export function declaredLength(answer: AnswerFacts): number | undefined {
  const line = headerLine(answer, 'content-length');
  return line !== undefined && /^\d+$/.test(line) ? Number(line) : undefined;
}

/** Whether the answer has no body at all, as far as it shows. */
export function isBodyless(answer: AnswerFacts): boolean {
  return declaredLength(answer) === 0 && bodyStart(answer) === '';
}

/**
 * Last entry of `Via`: the proxy nearest to us among those that add themselves (RFC 9110 §7.6.3), without the protocol version.
 * Earlier entries belong to proxies behind it.
 */
export function lastVia(answer: AnswerFacts): string | undefined {
  const line = headerLine(answer, 'via');
  if (line === undefined) return undefined;
  const entry =
    line
      .split(/,(?![^(]*\))/)
      .at(-1)
      ?.trim() ?? '';
  return entry.replace(/^(?:[\w.-]+\/)?[\d.]+\s+/, '');
}

/** First value of `Server`, the one that names the product nearest to us where a proxy adds its own line before the member's. */
export function serverProduct(answer: AnswerFacts): string | undefined {
  return headerValues(answer, 'server')[0];
}
