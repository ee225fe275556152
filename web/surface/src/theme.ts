// Light or dark, and the partner's colour. Text on that colour is picked by contrast, and a colour
// that cannot be told from the page is not used: a brand must not make a button unreadable.
import type { Theme } from './entry';

export class ThemeControl {
  readonly #root: HTMLElement;
  #chosen: Theme | null = null;
  #primary: string | null = null;

  constructor(root: HTMLElement) {
    this.#root = root;
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => this.#apply());
  }

  choose(theme: Theme | null): void {
    this.#chosen = theme;
    this.#apply();
  }

  brand(primary_color: string | null): void {
    this.#primary = primary_color;
    this.#apply();
  }

  #apply(): void {
    const system = matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light';
    const theme = this.#chosen ?? system;
    this.#root.dataset.theme = theme;
    const colours = brandColours(this.#primary, theme);
    for (const name of ['--accent', '--on-accent'] as const) {
      if (colours) this.#root.style.setProperty(name, colours[name]);
      else this.#root.style.removeProperty(name);
    }
  }
}

type Rgb = readonly [number, number, number];

const PAGE: Record<Theme, Rgb> = { light: [255, 255, 255], dark: [20, 24, 23] };
const BLACK: Rgb = [0, 0, 0];
const WHITE: Rgb = [255, 255, 255];
/** WCAG 1.4.11: what a control needs against what is around it. */
const CONTRAST_MIN = 3;

export function brandColours(colour: string | null, theme: Theme) {
  const accent = colour === null ? null : parseHex(colour);
  if (accent === null || contrast(accent, PAGE[theme]) < CONTRAST_MIN) return null;
  // One of the two always has at least 4.5 to 1.
  const text = contrast(accent, WHITE) >= 4.5 ? WHITE : BLACK;
  return { '--accent': css(accent), '--on-accent': css(text) };
}

export function parseHex(colour: string): Rgb | null {
  const short = /^#([0-9a-f])([0-9a-f])([0-9a-f])$/i.exec(colour);
  const digits = short
    ? short.slice(1).map((digit) => digit + digit)
    : /^#([0-9a-f]{2})([0-9a-f]{2})([0-9a-f]{2})$/i.exec(colour)?.slice(1);
  if (!digits) return null;
  const [red = 0, green = 0, blue = 0] = digits.map((pair) => Number.parseInt(pair, 16));
  return [red, green, blue];
}

export function contrast(one: Rgb, other: Rgb): number {
  const [dark, light] = [luminance(one), luminance(other)].sort((a, b) => a - b) as [
    number,
    number,
  ];
  return (light + 0.05) / (dark + 0.05);
}

function luminance(colour: Rgb): number {
  const [red, green, blue] = colour.map((channel) => {
    const part = channel / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  }) as [number, number, number];
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

const css = ([red, green, blue]: Rgb) => `rgb(${red} ${green} ${blue})`;
