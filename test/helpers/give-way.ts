/** Imported first by test files that may run beside those that measure time: this process takes what they leave of the processors. */
import { spawnSync } from 'node:child_process';
import { constants, setPriority } from 'node:os';

setPriority(constants.priority.PRIORITY_LOW);
// On Linux a process of low priority gives way within some ms, one of the idle class at once. Where the program is missing, the former is all.
if (process.platform === 'linux') spawnSync('chrt', ['--all-tasks', '--idle', '--pid', '0', String(process.pid)]);
