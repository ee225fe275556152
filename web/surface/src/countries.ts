// Countries by their names, without a list of our own: the browser knows them.

/** Regions that browsers name and ISO 3166-1 does not know. */
const NO_COUNTRIES = new Set('AC CP CQ DG EA EU EZ IC QO TA UN XA XB ZZ'.split(' '));
const LETTERS = [...'ABCDEFGHIJKLMNOPQRSTUVWXYZ'];

/** Code (ISO 3166-1) and name of every country, by name. */
export function countries(): [code: string, name: string][] {
  const names = new Intl.DisplayNames(['en'], { type: 'region', fallback: 'none' });
  const codes = LETTERS.flatMap((first) => LETTERS.map((second) => first + second));
  const found = codes.flatMap((code): [string, string][] => {
    const name = names.of(code);
    // A country that is no more is another one by its canonical name.
    const today = Intl.getCanonicalLocales(`und-${code}`)[0] === `und-${code}`;
    return name !== undefined && today && !NO_COUNTRIES.has(code) ? [[code, name]] : [];
  });
  return found.sort(([, one], [, other]) => one.localeCompare(other, 'en'));
}
