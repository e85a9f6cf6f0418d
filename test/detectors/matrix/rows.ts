import { CONNECTION_ROWS } from './connection-rows.ts';
import { FARM_ROWS } from './farm-rows.ts';
import { HISTORY_ROWS } from './history-rows.ts';
import { LOAD_ROWS } from './load-rows.ts';
import { LOG_ROWS } from './log-rows.ts';
import { NAME_ROWS } from './name-rows.ts';
import { PATH_ROWS } from './path-rows.ts';
import type { Row } from './row.ts';
import { TIMEOUT_ROWS } from './timeout-rows.ts';

/** One row for each detector of the catalog. */
export const ROWS: readonly Row[] = [
  ...TIMEOUT_ROWS,
  ...CONNECTION_ROWS,
  ...LOAD_ROWS,
  ...FARM_ROWS,
  ...PATH_ROWS,
  ...NAME_ROWS,
  ...HISTORY_ROWS,
  ...LOG_ROWS,
];
