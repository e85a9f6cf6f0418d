/** How a run is cut into stretches of time: the units of resampling. */
import type { ExperimentRecord } from '../model/recording.ts';
import { US_PER_SEC } from '../model/time.ts';

/** About: more blocks add nothing to an interval and cost time in every resampling. */
export const MAX_BLOCKS = 60;
/** Windows are 1 s; shorter stretches do not exist in a recording. */
const MIN_CELL_US = US_PER_SEC;
/** What begins and ends within seconds reaches into two more of them: a minute is cut into seconds all the same. */
const EDGES_US = 2 * US_PER_SEC;

/** The cells of one experiment: stretches of equal length, `MAX_BLOCKS` and those at the edges at most, that begin with it. */
type Cells = { readonly originUs: number; readonly cellUs: number; readonly lengthUs: number };

export type Timeline = {
  /** Number of the cell of an experiment in which an offset of the run lies. */
  cellOf(experimentId: string, atUs: number): number;
  /** How cells are gathered into blocks when these experiments are looked at together. */
  blockPlan(experimentIds: Iterable<string>): BlockPlan;
};

export type BlockPlan = {
  /** Names the block of a cell; blocks of two experiments never have the same name. */
  blockOf(experimentId: string, cell: number): string;
  extentOf(block: string): { readonly startUs: number; readonly lengthUs: number };
};

/**
 * A block lies within one experiment. Several experiments share the `MAX_BLOCKS` by their length, each gets at least
 * one.
 */
export function createTimeline(experiments: readonly ExperimentRecord[], durationUs: number): Timeline {
  const byExperiment = new Map(experiments.map((record) => [record.id, cellsOf(record.startUs, record.endUs)]));
  const whole = cellsOf(0, durationUs);
  const cellsFor = (experimentId: string): Cells => byExperiment.get(experimentId) ?? whole;
  return {
    cellOf(experimentId, atUs) {
      const { originUs, cellUs } = cellsFor(experimentId);
      return Math.max(0, Math.floor((atUs - originUs) / cellUs));
    },
    blockPlan(experimentIds) {
      const lengthUs = [...experimentIds].reduce((sum, id) => sum + cellsFor(id).lengthUs - EDGES_US, 0);
      const cellsPerBlock = (id: string): number => Math.max(1, Math.ceil(lengthUs / MAX_BLOCKS / cellsFor(id).cellUs));
      return {
        blockOf: (experimentId, cell) => `${Math.floor(cell / cellsPerBlock(experimentId))}\n${experimentId}`,
        extentOf(block) {
          const separator = block.indexOf('\n');
          const experimentId = block.slice(separator + 1);
          const { originUs, cellUs } = cellsFor(experimentId);
          const blockUs = cellUs * cellsPerBlock(experimentId);
          return { startUs: originUs + Number(block.slice(0, separator)) * blockUs, lengthUs: blockUs };
        },
      };
    },
  };
}

/** Cells start at a whole second, as windows do, so that a window lies in one cell. */
function cellsOf(startUs: number, endUs: number): Cells {
  const originUs = Math.floor(startUs / US_PER_SEC) * US_PER_SEC;
  const lengthUs = Math.max(MIN_CELL_US, endUs - originUs);
  const cellUs = Math.max(MIN_CELL_US, Math.ceil((lengthUs - EDGES_US) / MAX_BLOCKS / US_PER_SEC) * US_PER_SEC);
  return { originUs, cellUs, lengthUs };
}
