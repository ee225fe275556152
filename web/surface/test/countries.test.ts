import { expect, test } from 'vitest';
import { countries } from '../src/countries';

test('every country of today, once, by name', () => {
  const all = countries();
  const codes = all.map(([code]) => code);
  expect(new Set(codes).size).toBe(codes.length);
  expect(codes.length).toBeGreaterThan(244);
  expect(codes.length).toBeLessThan(253);
  expect(codes).toEqual(expect.arrayContaining(['DE', 'GB', 'US', 'KP', 'AX', 'SS']));
  for (const code of ['DD', 'SU', 'UK', 'EU', 'ZZ', 'YU']) expect(codes).not.toContain(code);
  const names = all.map(([, name]) => name);
  expect(names).toEqual([...names].sort((one, other) => one.localeCompare(other, 'en')));
});
