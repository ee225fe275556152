import { expect, test } from 'vitest';
import { brandColours, contrast, GROUND, parseHex, type Rgb } from '../src/theme';

const NONE = { primary_color: null, secondary_color: null, accent_color: null };

function rgb(colour: string | undefined): Rgb {
  const [red = 0, green = 0, blue = 0] = colour?.match(/\d+/g)?.map(Number) ?? [];
  return [red, green, blue];
}

test('nothing that a brand colours becomes unreadable, whatever the colour', () => {
  for (let red = 0; red <= 255; red += 51) {
    for (let green = 0; green <= 255; green += 51) {
      for (let blue = 0; blue <= 255; blue += 51) {
        const hex = `#${[red, green, blue].map((part) => part.toString(16).padStart(2, '0')).join('')}`;
        const brand = { primary_color: hex, secondary_color: hex, accent_color: hex };
        for (const theme of ['light', 'dark'] as const) {
          const colours = brandColours(brand, theme);
          const { page, panel, inkSoft } = GROUND[theme];
          const button = rgb(colours['--button']);
          const accent = rgb(colours['--accent']);
          const edge = rgb(colours['--button-edge']);
          expect(contrast(button, rgb(colours['--on-button']))).toBeGreaterThanOrEqual(4.5);
          expect(contrast(accent, rgb(colours['--on-accent']))).toBeGreaterThanOrEqual(4.5);
          for (const ground of [page, panel]) {
            expect(contrast(accent, ground)).toBeGreaterThanOrEqual(3);
            expect(contrast(edge, ground)).toBeGreaterThanOrEqual(3);
          }
          expect(contrast(inkSoft, rgb(colours['--side']))).toBeGreaterThanOrEqual(4.5);
        }
      }
    }
  }
});

test('a colour that can be told from the page stays what it is', () => {
  const colours = brandColours({ ...NONE, primary_color: '#3355ff' }, 'light');
  expect(colours['--button']).toBe('rgb(51 85 255)');
  expect(colours['--accent']).toBe('rgb(51 85 255)');
  expect(colours['--side']).toBeUndefined();
});

test('the accent colour is for marks, the primary one for buttons', () => {
  const colours = brandColours(
    { ...NONE, primary_color: '#111111', accent_color: '#aa0000' },
    'light',
  );
  expect(colours['--button']).toBe('rgb(17 17 17)');
  expect(colours['--accent']).toBe('rgb(170 0 0)');
});

test('what is no colour is not used', () => {
  expect(brandColours({ ...NONE, primary_color: 'red; background: url(x)' }, 'light')).toEqual({});
  expect(brandColours(NONE, 'dark')).toEqual({});
  expect(parseHex('#35f')).toEqual([51, 85, 255]);
});
