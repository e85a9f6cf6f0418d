/** A configuration while it is read: collects, merges and bounds. */

import type {
  ConfigProblem,
  DeclaredConfig,
  DeclaredMember,
  DeclaredSetting,
  SettingMeaning,
} from '../../model/declared.ts';
import type { GatewayKind } from '../../model/profile.ts';
import { numbersOf, type TimeReader, type ValueKind } from './values.ts';

/** Bounds against hostile or generated files; the largest farms that are known have some thousand members. */
const MAX_SETTINGS = 50_000;
const MAX_MEMBERS = 10_000;
const MAX_PROBLEMS = 100;
const MAX_MEMBERS_OF_SETTING = 1_000;
const MAX_TEXT = 300;

/** A value as it stands in a file. */
export type Written = {
  readonly file: string;
  readonly line: number;
  readonly value: string;
  readonly scope: string;
  readonly depth: number;
};

/** One row of a table of settings that a gateway has. */
export type Known = {
  readonly directive: string;
  readonly meaning: SettingMeaning;
  readonly kind: ValueKind;
  /** What holds when nothing is written; left out: then there is nothing to tell. */
  readonly byDefault?: string;
  readonly readTime?: TimeReader;
};

export type Declaration = {
  readonly known: Known;
  readonly written: Written | undefined;
  /** Scope of the default. */
  readonly fallback: { readonly scope: string; readonly depth: number };
  readonly members?: readonly string[];
  readonly readTime: TimeReader;
  /** Keep one setting per scope even when they come from the same line. */
  readonly perScope?: string;
};

export type Draft = {
  readonly addFile: (file: string) => void;
  readonly addProblem: (problem: ConfigProblem) => void;
  readonly addMember: (member: DeclaredMember) => void;
  /** One effective value. The same line met again for other members is one setting with all of them. */
  readonly declare: (declaration: Declaration) => void;
  readonly finish: (kind: GatewayKind) => DeclaredConfig;
};

type Growing = { readonly setting: DeclaredSetting; readonly members: Set<string>; readonly scopes: Set<string> };

export function createDraft(): Draft {
  const files = new Set<string>();
  const problems: ConfigProblem[] = [];
  const members = new Map<string, DeclaredMember>();
  const settings = new Map<string, Growing>();
  const declare = (declaration: Declaration): void => {
    const setting = settingOf(declaration);
    if (setting === undefined) return;
    const { file, line, directive, value, scope, meaning } = setting;
    const key = JSON.stringify([
      file,
      line,
      directive,
      value,
      meaning,
      declaration.perScope ?? (line === 0 ? scope : ''),
    ]);
    let growing = settings.get(key);
    if (growing === undefined) {
      if (settings.size >= MAX_SETTINGS) return;
      growing = { setting, members: new Set(), scopes: new Set() };
      settings.set(key, growing);
    }
    if (growing.scopes.size < MAX_MEMBERS_OF_SETTING) growing.scopes.add(scope);
    for (const member of declaration.members ?? [])
      if (growing.members.size < MAX_MEMBERS_OF_SETTING) growing.members.add(member);
  };
  return {
    addFile: (file) => void files.add(file),
    addProblem: (problem) => {
      if (problems.length < MAX_PROBLEMS) problems.push({ ...problem, found: shortText(problem.found) });
    },
    addMember: (member) => {
      if (members.size < MAX_MEMBERS && !members.has(member.address)) members.set(member.address, member);
    },
    declare,
    finish: (kind) => ({
      kind,
      files: [...files],
      settings: [...settings.values()].map(({ setting, members: concerned, scopes }) => ({
        ...setting,
        // One line of a snippet may hold in several places.
        ...(scopes.size < 2 ? {} : { scope: `${setting.scope} and ${scopes.size - 1} more` }),
        ...(concerned.size === 0 ? {} : { members: [...concerned] }),
      })),
      problems,
      members: [...members.values()],
    }),
  };
}

function settingOf({ known, written, fallback, readTime, perScope }: Declaration): DeclaredSetting | undefined {
  const { directive, meaning, kind } = known;
  const numbers = (text: string) => numbersOf(text, kind, known.readTime ?? readTime);
  if (written !== undefined) {
    const { file, line, value, scope, depth } = written;
    return {
      file,
      line,
      directive,
      scope: shortText(perScope ?? scope),
      depth,
      value: shortText(value),
      isDefault: false,
      ...numbers(value),
      meaning,
    };
  }
  if (known.byDefault === undefined) return undefined;
  const { scope, depth } = fallback;
  const value = known.byDefault;
  return {
    file: '',
    line: 0,
    directive,
    scope: shortText(perScope ?? scope),
    depth,
    value,
    isDefault: true,
    ...numbers(value),
    meaning,
  };
}

/** Text of a file for people: bounded, without control characters. */
export function shortText(text: string): string {
  const start = text.slice(0, MAX_TEXT + 1).replace(/[\0-\x1f\x7f]/g, ' ');
  return start.length > MAX_TEXT ? `${start.slice(0, MAX_TEXT)}…` : start;
}
