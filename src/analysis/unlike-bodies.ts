/** Members whose good answers to one request are of different lengths: an error page that says 200 on one of them looks like this. */
import type { Exchange } from '../model/exchange.ts';
import { directTo } from '../model/route.ts';
import type { Measures } from './measures.ts';
import { memberDifferences } from './member-differences.ts';
import { sizeOf } from './odd-bodies.ts';

/** As for members that differ: all of so many answers of each are on one side of the gap. */
const LEAST_ANSWERS = 5;
/** A name, a number or a token in the page changes less than a tenth of its length. */
const GAP_RATIO = 0.9;

/** Of members whose answers are all about as long; `bytes`: the median. */
export type BodySide = { readonly members: readonly string[]; readonly bytes: number; readonly example: Exchange };
export type UnlikeBodies = { readonly requestName: string; readonly shorter: BodySide; readonly longer: BodySide };

type Own = { readonly member: string; readonly sorted: readonly Exchange[] };

/**
 * By request whose answers are all clearly shorter on some members than on the others. Two members are enough: that they differ is sure,
 * which of them is right is for those who run them to say. What is told as one member's difference from all its peers is left out.
 */
export function unlikeBodies(measures: Measures): readonly UnlikeBodies[] {
  const told = new Set(memberDifferences(measures).map(({ what }) => what));
  return measures.profile.requests.flatMap(({ name }) => {
    if (told.has(`body of ${name}`)) return [];
    const all = measures.members
      .map((member): Own => {
        const answers = measures.exchanges({ route: directTo(member), requestName: name, cohorts: ['ok'] });
        return { member, sorted: answers.filter(isGood).sort((a, b) => sizeOf(a) - sizeOf(b)) };
      })
      .filter(({ sorted }) => sorted.length >= LEAST_ANSWERS)
      .sort((a, b) => largest(a) - largest(b));
    const cut = all.findIndex((own, at) => at > 0 && isGap(all.slice(0, at), own));
    return cut < 1 ? [] : [{ requestName: name, shorter: sideOf(all.slice(0, cut)), longer: sideOf(all.slice(cut)) }];
  });
}

/** Redirects and refusals have pages of their own; that members differ in that is told by their statuses. */
function isGood({ outcome }: Exchange): boolean {
  return outcome.kind === 'response' && outcome.status >= 200 && outcome.status < 300;
}

function isGap(before: readonly Own[], { sorted: [smallest] }: Own): boolean {
  return smallest !== undefined && before.every((own) => largest(own) < GAP_RATIO * sizeOf(smallest));
}

function largest({ sorted }: Own): number {
  const last = sorted.at(-1);
  return last === undefined ? 0 : sizeOf(last);
}

function sideOf(side: readonly Own[]): BodySide {
  const all = side.flatMap(({ sorted }) => sorted).sort((a, b) => sizeOf(a) - sizeOf(b));
  const example = all[Math.floor(all.length / 2)] as Exchange;
  return { members: side.map(({ member }) => member), bytes: sizeOf(example), example };
}
