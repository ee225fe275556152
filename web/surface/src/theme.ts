// Light or dark, and the partner's colours. Text on a colour is picked by contrast, and a colour
// that would be lost on the page is moved until it is not: a brand must not make anything
// unreadable.
import type { Theme } from './entry';

/** What the partner chose, `#RRGGBB` each. */
export interface BrandColours {
  primary_color: string | null;
  secondary_color: string | null;
  accent_color: string | null;
}

const NAMES = [
  '--button',
  '--on-button',
  '--button-edge',
  '--accent',
  '--on-accent',
  '--side',
] as const;

type Name = (typeof NAMES)[number];

export class ThemeControl {
  readonly #root: HTMLElement;
  #chosen: Theme | null = null;
  #brand: BrandColours = { primary_color: null, secondary_color: null, accent_color: null };

  constructor(root: HTMLElement) {
    this.#root = root;
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => this.#apply());
  }

  choose(theme: Theme | null): void {
    this.#chosen = theme;
    this.#apply();
  }

  brand(colours: BrandColours): void {
    this.#brand = colours;
    this.#apply();
  }

  #apply(): void {
    const system = matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light';
    const theme = this.#chosen ?? system;
    this.#root.dataset.theme = theme;
    const colours = brandColours(this.#brand, theme);
    for (const name of NAMES) {
      const colour = colours[name];
      if (colour) this.#root.style.setProperty(name, colour);
      else this.#root.style.removeProperty(name);
    }
  }
}

export type Rgb = readonly [number, number, number];

/** The colours of tokens.css that brand colours stand beside. */
export const GROUND: Record<Theme, { page: Rgb; panel: Rgb; inkSoft: Rgb; far: Rgb }> = {
  light: { page: [255, 255, 255], panel: [245, 246, 243], inkSoft: [85, 96, 91], far: [0, 0, 0] },
  dark: { page: [20, 24, 23], panel: [27, 32, 30], inkSoft: [163, 174, 168], far: [255, 255, 255] },
};
const BLACK: Rgb = [0, 0, 0];
const WHITE: Rgb = [255, 255, 255];
/** WCAG 1.4.3: text. */
const TEXT_CONTRAST_MIN = 4.5;
/** WCAG 1.4.11: what a control or a mark needs against what is around it. */
const MARK_CONTRAST_MIN = 3;
/** How much of the secondary colour is in the order's side at most, in hundredths. */
const WASH_MAX = 10;

/** What each colour of the page becomes; what is left out keeps its default. */
export function brandColours(brand: BrandColours, theme: Theme): Partial<Record<Name, string>> {
  const ground = GROUND[theme];
  const [primary, secondary, accent] = [
    brand.primary_color,
    brand.secondary_color,
    brand.accent_color,
  ].map((colour) => (colour === null ? null : parseHex(colour)));
  const colours: Partial<Record<Name, string>> = {};
  if (primary) {
    colours['--button'] = css(primary);
    colours['--on-button'] = css(readableOn(primary));
    // A button that is nearly the colour of the page still shows where it ends.
    colours['--button-edge'] = css(distinct(primary, ground));
  }
  const mark = accent ?? primary;
  if (mark) {
    const shown = distinct(mark, ground);
    colours['--accent'] = css(shown);
    colours['--on-accent'] = css(readableOn(shown));
  }
  if (secondary) colours['--side'] = css(wash(secondary, ground));
  return colours;
}

/** Black or white: one of the two always has at least 4.5 to 1. */
function readableOn(colour: Rgb): Rgb {
  return contrast(colour, WHITE) >= TEXT_CONTRAST_MIN ? WHITE : BLACK;
}

/** The colour, or the nearest shade of it that can be told from the page. */
function distinct(colour: Rgb, { page, panel, far }: (typeof GROUND)[Theme]): Rgb {
  for (let share = 0; share <= 100; share += 4) {
    const shade = mix(far, colour, share);
    const good = [page, panel].every((ground) => contrast(shade, ground) >= MARK_CONTRAST_MIN);
    if (good) return shade;
  }
  return far;
}

/** A hint of the colour on the page, as much as the quietest text on it allows. */
function wash(colour: Rgb, { page, inkSoft }: (typeof GROUND)[Theme]): Rgb {
  for (let share = WASH_MAX; share > 0; share -= 1) {
    const ground = mix(colour, page, share);
    if (contrast(inkSoft, ground) >= TEXT_CONTRAST_MIN) return ground;
  }
  return page;
}

/** `share` hundredths of the one, the rest of the other. */
function mix(one: Rgb, other: Rgb, share: number): Rgb {
  const part = (index: 0 | 1 | 2) =>
    Math.round((one[index] * share + other[index] * (100 - share)) / 100);
  return [part(0), part(1), part(2)];
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
