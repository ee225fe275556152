import { expect, test } from 'vitest';
import { EventParser } from '../src/sse';

const TEXT =
  ': hello\n\nevent: journey\nid: 3\ndata: {"a":\ndata: 1}\n\nevent: journey\r\ndata:x\r\n\r\n';
const EVENTS = [
  { event: 'journey', id: '3', data: '{"a":\n1}' },
  { event: 'journey', id: '3', data: 'x' },
];

test('comments are skipped and lines of data joined', () => {
  expect(new EventParser().push(TEXT)).toEqual(EVENTS);
});

test('chunks may end anywhere', () => {
  for (const size of [1, 2, 3, 7]) {
    const parser = new EventParser();
    const chunks = TEXT.match(new RegExp(`[^]{1,${size}}`, 'g')) ?? [];
    expect(chunks.flatMap((chunk) => parser.push(chunk))).toEqual(EVENTS);
  }
});
