// The types must refuse what they are there to refuse: the compiler's errors in refuses.ts have to
// be exactly the lines that are marked so.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const folder = fileURLToPath(new URL('.', import.meta.url));
const { stdout } = spawnSync(
  'tsc',
  ['--noEmit', '--pretty', 'false', '-p', 'tsconfig.refuses.json'],
  {
    cwd: folder,
    encoding: 'utf8',
  },
);
const found = new Set(
  [...stdout.matchAll(/^(\S+)\((\d+),\d+\): error/gm)].map(([, file, line]) => `${file}:${line}`),
);
const wanted = new Set(
  readFileSync(`${folder}refuses.ts`, 'utf8')
    .split('\n')
    .flatMap((line, index) => (line.endsWith('// refused') ? [`refuses.ts:${index + 1}`] : [])),
);
const wrong = [
  ...[...wanted]
    .filter((place) => !found.has(place))
    .map((place) => `${place} compiles, and must not`),
  ...[...found].filter((place) => !wanted.has(place)).map((place) => `${place} does not compile`),
];
if (wanted.size === 0) wrong.push('refuses.ts marks no line');
for (const problem of wrong) console.error(problem);
process.exitCode = wrong.length > 0 ? 1 : 0;
