/** A threshold on change that is given on the command line. */
import { UserError } from '../errors.ts';
import type { Threshold } from '../model/profile.ts';
import type { MaskedProfile } from '../model/recording.ts';
import { nearestWord } from '../profile/spelling.ts';
import { parseThreshold } from '../profile/threshold.ts';

/** Throws UserError with the rule and a caret, or for a name that the profile does not have: a slip must not pass as undecided. */
export function parseRule(text: string, profile: Pick<MaskedProfile, 'members' | 'requests'>): Threshold {
  const parsed = parseThreshold(text);
  if (!parsed.ok) {
    const caret = `    ${text}\n    ${' '.repeat(parsed.offset ?? 0)}^`;
    throw new UserError(
      `--threshold: expected ${parsed.expected}, found ${parsed.found ?? JSON.stringify(text)}\n${caret}`,
      {
        hint: parsed.hint ?? 'For example: "change p95 < 10%".',
      },
    );
  }
  const { subject, request } = parsed.value;
  if (subject.kind !== 'change') {
    throw new UserError(`--threshold: ${JSON.stringify(text)} is about one run`, {
      hint: 'diff judges rules on change, such as "change p95 < 10%"; others belong into the profile.',
    });
  }
  known('request', request, profile.requests);
  known('member', subject.member, profile.members);
  return parsed.value;
}

function known(what: string, name: string | undefined, all: readonly { readonly name: string }[]): void {
  if (name === undefined || all.some((one) => one.name === name)) return;
  const names = all.map((one) => one.name);
  const meant = nearestWord(name, names);
  throw new UserError(`--threshold: unknown ${what} ${JSON.stringify(name)}`, {
    hint: meant === undefined ? `Known: ${names.join(', ')}.` : `Did you mean ${meant}?`,
  });
}
