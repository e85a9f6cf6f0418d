/** One directive of a configuration that is made of words and blocks. */
export type Directive = {
  readonly name: string;
  readonly args: readonly string[];
  readonly file: string;
  readonly line: number;
  readonly block?: Directive[];
};

/** Bounds against hostile or generated files. */
export const MAX_DIRECTIVES = 500_000;
/** No real configuration nests deeper than about ten levels. */
export const MAX_NESTING = 64;

/** The last of several directives with the same name wins. */
export function lastOf(block: readonly Directive[] | undefined, name: string): Directive | undefined {
  return block?.findLast((one) => one.name === name);
}
