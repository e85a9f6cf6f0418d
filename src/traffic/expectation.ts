import type { Exchange, Outcome } from '../model/exchange.ts';
import type { Expectation } from '../model/profile.ts';

/** What a request expects, with the body text collected so far (latin1) where it is needed. */
export type Expected = { readonly spec: Expectation; text: string | undefined };

/** Undefined when nothing is expected, so that "expected and met" (an empty list) can allow a status that counts as failure otherwise. */
export function unmetExpectations(expected: Expected, outcome: Outcome, serviceUs: number): Exchange['unmet'] {
  const { status, bodyIncludes, maxUs } = expected.spec;
  if (outcome.kind !== 'response' || (status === undefined && bodyIncludes === undefined && maxUs === undefined))
    return undefined;
  const unmet: ('status' | 'body' | 'maxMs')[] = [];
  if (status !== undefined ? !status.includes(outcome.status) : outcome.status >= 500) unmet.push('status');
  // The body was collected byte by byte; the wanted text is compared in the same form.
  if (
    bodyIncludes !== undefined &&
    !(expected.text ?? '').includes(Buffer.from(bodyIncludes, 'utf8').toString('latin1'))
  )
    unmet.push('body');
  if (maxUs !== undefined && serviceUs > maxUs) unmet.push('maxMs');
  return unmet;
}
