import { expect, test } from 'vitest';
import { brandColours, contrast, parseHex } from '../src/theme';

test('text on a brand colour can be read, whatever the colour', () => {
  for (let red = 0; red <= 255; red += 17) {
    for (let green = 0; green <= 255; green += 17) {
      for (let blue = 0; blue <= 255; blue += 17) {
        const hex = `#${[red, green, blue].map((part) => part.toString(16).padStart(2, '0')).join('')}`;
        for (const theme of ['light', 'dark'] as const) {
          const colours = brandColours(hex, theme);
          if (colours === null) continue;
          const text = colours['--on-accent'] === 'rgb(255 255 255)' ? '#ffffff' : '#000000';
          const pair = [parseHex(hex), parseHex(text)] as const;
          if (pair[0] && pair[1]) expect(contrast(pair[0], pair[1])).toBeGreaterThanOrEqual(4.5);
        }
      }
    }
  }
});

test('a colour that is lost on the page, or is none, is not used', () => {
  expect(brandColours('#ffffff', 'light')).toBeNull();
  expect(brandColours('#101010', 'dark')).toBeNull();
  expect(brandColours('red; background: url(x)', 'light')).toBeNull();
  expect(brandColours(null, 'light')).toBeNull();
  expect(brandColours('#35f', 'light')).not.toBeNull();
});
