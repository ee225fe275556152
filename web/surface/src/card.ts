// Shaping of what is typed into the card form. The server decides whether a card is good.

/** Digits in the groups that are printed on the card. */
export function groupCardNumber(text: string): string {
  const digits = onlyDigits(text).slice(0, 19);
  if (/^3[47]/.test(digits)) {
    return [digits.slice(0, 4), digits.slice(4, 10), digits.slice(10, 15)]
      .filter(Boolean)
      .join(' ');
  }
  return digits.replace(/(\d{4})(?=\d)/g, '$1 ');
}

/** The digits of a sort code, in pairs. */
export function groupSortCode(text: string): string {
  return onlyDigits(text).replace(/(\d{2})(?=\d)/g, '$1-');
}

/**
 * Keystrokes as MM/YY. The slash comes by itself after the month and goes by itself when the
 * year is deleted, so `before` is needed to tell typing from deleting.
 */
export function shapeExpiry(text: string, before = ''): string {
  const deleting = text.length < before.length;
  let digits = onlyDigits(text);
  // Filled in by a browser or a password manager as MM/YYYY.
  if (/^\d{2}\s*\/\s*20\d{2}$/.test(text.trim())) digits = digits.slice(0, 2) + digits.slice(4);
  if (/^[2-9]/.test(digits) || /^\d\//.test(text.trim())) digits = `0${digits}`;
  digits = digits.slice(0, 4);
  if (digits.length < 2) return digits;
  if (digits.length === 2 && deleting) return before.endsWith('/') ? digits.slice(0, 1) : digits;
  return `${digits.slice(0, 2)}/${digits.slice(2)}`;
}

export function onlyDigits(text: string): string {
  return text.replace(/\D/g, '');
}

/** Where the caret belongs after reshaping: behind as many digits as it was behind before. */
export function caretAfter(shaped: string, digitsBefore: number): number {
  let seen = 0;
  for (let index = 0; index < shaped.length; index += 1) {
    if (seen === digitsBefore) return index;
    if (/\d/.test(shaped.charAt(index))) seen += 1;
  }
  return shaped.length;
}

/** The number of digits that the API wants, or what to say next to the field. */
export function missingInCard(card: { number: string; expiry: string; cvc: string }) {
  const missing: { number?: string; expiry?: string; cvc?: string } = {};
  if (onlyDigits(card.number).length < 12) missing.number = 'Enter the full card number.';
  if (onlyDigits(card.expiry).length < 4) missing.expiry = 'Enter the expiry as MM/YY.';
  if (onlyDigits(card.cvc).length < 3) missing.cvc = 'Enter the security code.';
  return missing;
}
