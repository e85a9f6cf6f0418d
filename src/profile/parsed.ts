/** What a value of a profile turned into, or what was expected in its place. Nothing in this stage throws for bad input. */
export type Parsed<T> = { readonly ok: true; readonly value: T } | Fault;

/** Why a value is refused. Completes the sentence "expected …, found …". */
export type Fault = {
  readonly ok: false;
  readonly expected: string;
  /** Left out: the value itself is shown. */
  readonly found?: string;
  /** A full sentence that says how to fix it. */
  readonly hint?: string;
  /** Where in the text the fault is; default: its start. */
  readonly offset?: number;
};

export function accept<T>(value: T): Parsed<T> {
  return { ok: true, value };
}

export function refuse(expected: string, details: Omit<Fault, 'ok' | 'expected'> = {}): Fault {
  return { ok: false, expected, ...details };
}

export type PathPart = string | number;
export type Path = readonly PathPart[];

/** `experiments[1].burst.rate`, as a user would say it; empty for the profile itself. */
export function formatPath(path: Path): string {
  let text = '';
  for (const part of path) {
    if (typeof part === 'number') text += `[${part}]`;
    else if (/^[\p{L}\p{N}_-]+$/u.test(part)) text += text === '' ? part : `.${part}`;
    else text += `[${JSON.stringify(part)}]`;
  }
  return text;
}

/** Object of optional values without those that are undefined, so that "left out" and "undefined" stay one thing. */
export function present<T extends object>(values: T): Present<T> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as Present<T>;
}

type OptionalKey<T> = { [K in keyof T]-?: undefined extends T[K] ? K : never }[keyof T];
export type Present<T> = { [K in Exclude<keyof T, OptionalKey<T>>]: T[K] } & {
  [K in OptionalKey<T>]?: Exclude<T[K], undefined>;
};
